"""A question that leans on the conversation before it, made whole: with a model by rewriting, else by carrying."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kb.errors import ModelError
from kb.protocols import ChatModel
from kb.records import NO_FILTERS, Answer, Filters
from kb.writing import particulars
from kb.writing.questions import Question, read_question
from kb.writing.words import stem, words

_TURNS = 4  # how far back a model looks
_FEW_WORDS = 4  # "And for CIFAR-100?" has no more; a longer one is a question of its own
_THING = r"(?:method|model|approach|paper|work|system|dataset|technique|algorithm|study|result|author)s?"
_PRONOUN = re.compile(
    rf"\b(?P<own>its|their)\b"
    rf"|\b(?P<whole>it|they|them|(?:this|these|that|those) {_THING}|the same|the (?:former|latter)"
    r"|(?:this|that)(?=\s*\?|$))\b",
    re.IGNORECASE,
)
_DEFINITE = re.compile(rf"\bthe {_THING}\b", re.IGNORECASE)  # refers back only where nothing is named
_PAPER = re.compile(
    r"\b(?:this|the|that|these|those|same) (?:papers?|study|studies|works?|articles?|authors?)\b", re.IGNORECASE
)
_OPENING = re.compile(
    r"^(?:and|but|so|also|ok(?:ay)?|what about|how about|what of|and what about)\b[\s,]*", re.IGNORECASE
)
_WHAT_ABOUT = re.compile(
    r"^(?:and |but |so )?(?:what|how) (?:about|of)\s+(?P<rest>.+?)\??$"
    r"|^and (?:for |on |in |with )?(?P<and>.{1,60}?)\??$",
    re.IGNORECASE,
)
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"question": {"type": "string", "maxLength": 400}},
    "required": ["question"],
    "additionalProperties": False,
}
_SYSTEM = (
    "You rewrite the last question of a conversation so that it can be understood alone. Put in what its pronouns and"
    " gaps refer to, taken from the earlier questions only. Add nothing else. Keep its language. If it is already"
    " complete, return it as it is."
)


def resolve(
    question: str, turns: Sequence[Answer], *, filters: Filters = NO_FILTERS, chat: ChatModel | None = None
) -> tuple[str, Filters]:
    """The question in a form that stands alone, and the filters with what the conversation narrows them to.

    ``turns`` are the answers so far, oldest first (their questions are in resolved form). A question that leans on
    nothing comes back as it is. "This paper" and "the authors" mean the paper of the last answer when it cited one.
    A model's rewriting is taken only when it names nothing that the conversation did not; it never sees answers, which
    may quote private papers.
    """
    if not turns or not is_follow_up(question):
        return question, filters
    narrowed = _narrow(question, turns[-1], filters)
    if chat is not None:
        try:
            return _rewritten(question, turns, chat), narrowed
        except ModelError:
            pass  # the rules below need no model, and the answer says itself that it failed
    return _carried(question, turns), narrowed


def is_follow_up(question: str) -> bool:
    """Whether a question leans on what was said before: by a pronoun, an opening like "and …", or by being a scrap."""
    if _OPENING.search(question) or _PRONOUN.search(question) or _PAPER.search(question):
        return True
    asked = read_question(question)
    return not asked.names and (len(asked.stems) <= 1 or bool(_DEFINITE.search(question)))


def _narrow(question: str, last: Answer, filters: Filters) -> Filters:
    cited = tuple(reference.paper.id for reference in last.references)
    if not cited or filters.papers or not _PAPER.search(question):
        return filters
    several = re.search(r"\b(?:these|those) ", question, re.IGNORECASE)
    return replace(filters, papers=cited) if several or len(cited) == 1 else filters


def _rewritten(question: str, turns: Sequence[Answer], chat: ChatModel) -> str:
    earlier = [turn.question for turn in turns[-_TURNS:]]
    listed = "\n".join(f"- {asked}" for asked in earlier)
    found = chat.structured(_SYSTEM, f"Earlier questions:\n{listed}\n\nLast question: {question}", _SCHEMA)
    whole = " ".join(str(found["question"]).split())
    absent = particulars.missing(whole, "\n".join([*earlier, question]))
    if not whole or absent.names or absent.numbers or absent.addresses:
        raise ModelError("the rewriting names what the conversation does not: ask the whole question")
    return whole


def _carried(question: str, turns: Sequence[Answer]) -> str:
    before = next(
        (read_question(turn.question) for turn in reversed(turns) if _subjects(read_question(turn.question))), None
    )
    if before is None:
        return question
    match = _WHAT_ABOUT.match(question.strip())
    if match and not _PRONOUN.search(question) and (match["rest"] or len(match["and"].split()) <= _FEW_WORDS):
        return _swapped((match["rest"] or match["and"]).strip(), before)
    subjects = _subjects(before)
    bare = _OPENING.sub("", question).strip()
    bare = bare[:1].upper() + bare[1:]
    known = {stem(word) for word in words(bare)}
    fresh = [subject for subject in subjects if not {stem(word) for word in words(subject)} <= known]
    if not fresh:
        return bare
    if len(fresh) == 1 and (pronoun := _PRONOUN.search(bare)):
        put = f"{fresh[0]}'s" if pronoun["own"] else fresh[0]
        return bare[: pronoun.start()] + put + bare[pronoun.end() :]
    return f"{bare.rstrip('?').rstrip()} ({', '.join(fresh)})?"


def _subjects(asked: Question) -> list[str]:
    """What a question is about: its names, else its longest key phrases."""
    if asked.names:
        return list(asked.names[:3])
    several = [phrase for phrase in asked.phrases if len(phrase.split()) > 1] or list(asked.phrases)
    return several[:2]


def _swapped(new: str, before: Question) -> str:
    """ "What about X?" after a question on Y: the same question on X, when X can take Y's place; else both."""
    shape = _shape(new)
    alike = [name for name in before.names if _shape(name) == shape] or (
        list(before.names) if len(before.names) == 1 and shape != "words" else []
    )
    if alike:
        return before.text.replace(alike[-1], new, 1)
    phrases = [phrase for phrase in before.phrases if set(words(phrase)) & set(words(new))]
    if phrases:
        return before.text.replace(phrases[0], new, 1)
    return f"{before.text.rstrip('?').rstrip()}, for {new}?"


def _shape(name: str) -> str:
    if re.fullmatch(r"[\w.]+-?\d+\w*", name):
        return "numbered"
    if name.isupper():
        return "acronym"
    return "name" if name[:1].isupper() and " " not in name else "words"
