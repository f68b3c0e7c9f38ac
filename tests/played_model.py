"""A language model for tests of the answers: it understands as told, writes the drafts it was given, and judges.

Which part it plays is told by the system prompt, as a real model would tell it. Unless told otherwise it understands
a question as it is asked, finds every statement supported, and translates by putting a word before each sentence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from kb.answering import asking, comparing, drafting, noting, reviewing, screening, understanding, verifying
from kb.errors import ModelError
from kb.records import Usage

Judge = Callable[[str, str], Mapping[str, Any]]


def number_of(prompt: str, words: str) -> str:
    """The number under which a prompt shows a sentence with these words."""
    match = re.search(rf"\[(\d+\.\d+)\] [^\n]*{re.escape(words)}", prompt)
    assert match, prompt
    return match[1]


def supported(statement: str, cited: str) -> dict[str, Any]:
    """The judgement of one who believes everything."""
    return {"verdict": "supported", "why": "", "corrected": "", "leans": 0}


class PlayedModel:
    """ChatModel that plays the parts of an answer.

    Args:
        drafts: replies to the drafting prompt in order, the last one again and again; an exception is raised. {words}
            in them stand for the number of the sentence that has these words.
        understands: fields that replace those of the plain understanding; an exception is raised.
        judge: of a statement and its cited text, a verdict with what belongs to it; an exception is raised.
        looks: of the prompt about one paper, its relevance and sentences.
        difference: the line on how papers differ.
        sections, rows, outline: of a review: the draft of a section and the rows of its table by their prompts; the
            outline, by default one section over all papers.
        note: fields of a reading note by the prompt; those that are not asked for are left out.
        translate: what a sentence becomes in another language.
        terms: what it settles technical terms to, in every call.
        screens: whether a line is flagged as an order; an exception is raised.
    """

    def __init__(
        self,
        *drafts: str | Exception,
        understands: Mapping[str, Any] | Exception | None = None,
        judge: Judge | Exception = supported,
        looks: Callable[[str], Mapping[str, Any]] | None = None,
        difference: str = "nothing",
        sections: Callable[[str], str] = lambda prompt: "MISSING: all of it",
        rows: Callable[[str], Sequence[Mapping[str, Any]]] = lambda prompt: (),
        outline: Sequence[Mapping[str, Any]] | Exception | None = None,
        note: Callable[[str], Mapping[str, Any]] = lambda prompt: {},
        translate: Callable[[str], str] = lambda text: f"译：{text}",
        terms: Mapping[str, str] = MappingProxyType({}),
        screens: Callable[[str], bool] | Exception = lambda line: False,
        is_local: bool = True,
    ) -> None:
        self._drafts, self._understands, self._judge = list(drafts), understands or {}, judge
        self._looks, self._difference, self._is_local = looks, difference, is_local
        self._sections, self._rows, self._outline = sections, rows, outline
        self._note, self._translate, self._terms = note, translate, terms
        self._screens = screens
        self._drafted = 0
        self.asked: list[tuple[str, str]] = []

    name = "played:model"

    @property
    def is_local(self) -> bool:
        """As told."""
        return self._is_local

    @property
    def usage(self) -> Usage:
        """Calls so far, four characters a token."""
        return Usage(calls=len(self.asked), input_tokens=sum(len(s) + len(u) for s, u in self.asked) // 4)

    def prompts(self, system: str) -> list[str]:
        """What was asked in a part, in order."""
        return [user for told, user in self.asked if told.startswith(system[:60])]

    def complete(self, system: str, user: str) -> str:
        """A draft, or the line on differences."""
        self.asked.append((system, user))
        if system == comparing.DIFFERENCES:
            return self._difference
        if system == reviewing.SECTION:
            return self._sections(user)
        assert system == drafting.SYSTEM
        reply = self._drafts[min(self._drafted, len(self._drafts) - 1)]
        self._drafted += 1
        if isinstance(reply, Exception):
            raise reply
        return re.sub(r"\{(.+?)\}", lambda match: number_of(user, match[1]), reply)

    def stream(self, system: str, user: str) -> Iterator[str]:
        """The same in pieces of seven characters."""
        reply = self.complete(system, user)
        yield from (reply[start : start + 7] for start in range(0, len(reply), 7))

    def structured(self, system: str, user: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """By the part that the system prompt asks for."""
        self.asked.append((system, user))
        if system == screening.SYSTEM:
            if isinstance(self._screens, Exception):
                raise self._screens
            lines = re.findall(r"^\[(\d+)\] (.*)", user, flags=re.MULTILINE)
            return {"numbers": [int(number) for number, line in lines if self._screens(line)]}
        if system == understanding.SYSTEM:
            if isinstance(self._understands, Exception):
                raise self._understands
            question = user.rpartition("Last question: ")[2]
            plain = {
                "question": question, "language": "en", "kind": "lookup", "papers": [], "over_papers": False,
                "catalog": {"asks": "", "name": "", "since": 0, "until": 0}, "queries": [question],
            }  # fmt: skip
            return plain | dict(self._understands)
        if system == verifying.SYSTEM:
            return {"checks": self._checks(user)}
        if system == asking.ONE_PAPER:
            return self._looks(user) if self._looks else {"relevance": 5, "sentences": ["1.1"]}
        if system == reviewing.OUTLINE:
            if isinstance(self._outline, Exception):
                raise self._outline
            papers = [int(number) for number in re.findall(r"^(\d+)\. ", user, flags=re.MULTILINE)]
            return {"sections": self._outline or [{"title": "Findings", "aim": "what was found", "papers": papers}]}
        if system == reviewing.ROWS:
            return {"rows": self._rows(user)}
        if system.startswith("You translate"):
            sentences = re.findall(r"^\(\d+\) (.*)", user, flags=re.MULTILINE)
            terms = [{"term": term, "translation": new} for term, new in self._terms.items()]
            return {"terms": terms, "sentences": [self._translate(sentence) for sentence in sentences]}
        if system == noting.SYSTEM:
            written = self._note(user)
            return {name: written.get(name, []) for name in schema["properties"]}
        raise ModelError(f"no part for this prompt: {system[:60]}")

    def _checks(self, user: str) -> list[Mapping[str, Any]]:
        if isinstance(self._judge, Exception):
            raise self._judge
        found = []
        for block in re.split(r"^(?=Statement \d+: )", user, flags=re.MULTILINE)[1:]:
            first, _, cited = block.partition("\n")
            match = re.match(r"Statement (\d+): (.*)", first)
            assert match
            found.append({"n": int(match[1]), **supported("", ""), **self._judge(match[2], cited)})
        return found


def brokenly(reply: Mapping[str, Any]) -> str:
    """A reply as a model gives it that cannot keep to JSON."""
    return json.dumps(reply)[:-2] + ", oops"


def lying(*, about: Sequence[str], verdict: str = "contradicted", corrected: str = "") -> Judge:
    """A judge that finds fault with the statements that hold one of these words."""

    def judge(statement: str, cited: str) -> Mapping[str, Any]:
        wrong = any(word in statement for word in about)
        return {"verdict": verdict, "why": "not so", "corrected": corrected} if wrong else {"verdict": "supported"}

    return judge
