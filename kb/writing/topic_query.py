"""arXiv's query syntax, evaluated over stored records.

``ti au abs co jr cat rn id all`` as prefixes, ``AND OR ANDNOT``, parentheses, "phrases", ``*`` and ``?`` inside words,
``submittedDate:[FROM TO TO]`` (https://info.arxiv.org/help/api/user-manual.html#query_details). A word without a
prefix is looked for in all fields; words side by side are joined by AND. Unlike arXiv's index, which stems, words
are compared letter by letter after folding case and accents, so that what a topic catches can be foretold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Literal, Protocol

from kb.errors import UsageError
from kb.ids import plain_words
from kb.records import Paper

FIELDS = ("ti", "au", "abs", "co", "jr", "cat", "rn", "id", "all")

_TOKEN = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<range>submittedDate:\s*\[[^\]]*\]?)"
    r'|(?:(?P<field>[A-Za-z]+):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s()"]+)))',
    re.IGNORECASE,
)
_RANGE = re.compile(r"submittedDate:\s*\[\s*(?P<since>\d{8})\d{0,6}\s+TO\s+(?P<until>\d{8})\d{0,6}\s*\]", re.IGNORECASE)
_MOST_TERMS = 200
_DEEPEST = 50


class TopicCondition(Protocol):
    """A condition on a record."""

    def matches(self, paper: Paper) -> bool:
        """Whether the record meets it."""
        ...

    def terms(self) -> Iterator[TopicTerm]:
        """The terms in it that speak for a paper (none below a NOT)."""
        ...


@dataclass(frozen=True, slots=True)
class TopicTerm:
    """A word or phrase in a field. ``text`` is as written, so that reasons can show it."""

    field: str
    text: str

    def matches(self, paper: Paper) -> bool:
        """Whether the field holds the word (or the words of the phrase in a row)."""
        if self.field == "cat":
            return any(_matches_category(category, self.text) for category in paper.categories)
        if self.field == "id":
            wanted = re.sub(r"^arxiv:|v\d+$", "", self.text.casefold())
            return wanted in {key.partition(":")[2].casefold() for key in (paper.id, *paper.aliases)}
        pattern = _pattern(self.text)
        return pattern is not None and any(
            pattern.search(f" {plain_words(text)} ") for text in _texts(paper, self.field)
        )

    def terms(self) -> Iterator[TopicTerm]:
        """The term itself."""
        yield self


@dataclass(frozen=True, slots=True)
class Submitted:
    """A period of submission, inclusive days in UTC."""

    since: date
    until: date

    def matches(self, paper: Paper) -> bool:
        """Whether the first version was submitted in it."""
        moment: datetime | None = paper.published
        return moment is not None and self.since <= moment.astimezone(UTC).date() <= self.until

    def terms(self) -> Iterator[TopicTerm]:
        """None: a date says nothing of what a paper is about."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Both:
    """AND, OR or ANDNOT of two conditions."""

    operator: Literal["AND", "OR", "ANDNOT"]
    left: TopicCondition
    right: TopicCondition

    def matches(self, paper: Paper) -> bool:
        """Evaluate with Python's own logic."""
        if self.operator == "OR":
            return self.left.matches(paper) or self.right.matches(paper)
        return self.left.matches(paper) and self.right.matches(paper) is (self.operator == "AND")

    def terms(self) -> Iterator[TopicTerm]:
        """Terms of both sides; of ANDNOT those of the left."""
        yield from self.left.terms()
        if self.operator != "ANDNOT":
            yield from self.right.terms()


@lru_cache(maxsize=256)
def parse_query(text: str) -> TopicCondition | None:
    """The condition that a query states; None for an empty query, which holds for every paper.

    Raises:
        UsageError: pointing at the place that cannot be read.
    """
    return _Parser(text).parse()


def spelled_out(query: TopicCondition) -> str:
    """The query with every operator and parenthesis written, as arXiv's API needs it (there words side by side are
    alternatives). Parsing it gives the same query again."""
    if isinstance(query, TopicTerm):
        return f'{query.field}:"{query.text}"' if re.search(r"[\s()]", query.text) else f"{query.field}:{query.text}"
    if isinstance(query, Submitted):
        return f"submittedDate:[{query.since:%Y%m%d}0000 TO {query.until:%Y%m%d}2359]"
    if isinstance(query, Both):
        return f"({spelled_out(query.left)} {query.operator} {spelled_out(query.right)})"
    raise TypeError(type(query))


def implied_categories(query: TopicCondition) -> frozenset[str] | None:
    """Categories of which a paper must have one to meet the query; None when it can do without."""
    if isinstance(query, TopicTerm):
        return frozenset([query.text]) if query.field == "cat" else None
    if not isinstance(query, Both):
        return None
    left = implied_categories(query.left)
    if query.operator == "ANDNOT":
        return left
    right = implied_categories(query.right)
    if query.operator == "OR":
        return None if left is None or right is None else left | right
    return min(
        (side for side in (left, right) if side is not None), key=lambda side: (len(side), sorted(side)), default=None
    )


def fields_asked(query: TopicCondition) -> frozenset[str]:
    """The fields that the query looks at, on either side of every operator."""
    if isinstance(query, Both):
        return fields_asked(query.left) | fields_asked(query.right)
    return frozenset([query.field]) if isinstance(query, TopicTerm) else frozenset()


def phrase_matches(phrase: str, texts: Sequence[str]) -> bool:
    """Whether a word or phrase (with ``*`` and ``?``) stands in one of the texts."""
    pattern = _pattern(phrase)
    return pattern is not None and any(pattern.search(f" {plain_words(text)} ") for text in texts)


class _Parser:
    """Recursive descent; AND, OR and ANDNOT bind alike and to the left, as on arXiv."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0

    def parse(self) -> TopicCondition | None:
        """The whole text as a query; None when there is nothing in it."""
        if not self._tokens:
            return None
        if len(self._tokens) > _MOST_TERMS:
            raise UsageError(f"the query has more than {_MOST_TERMS} parts: split it into several topics")
        query = self._expression(depth=0)
        if self._at < len(self._tokens):
            self._fail("a closing parenthesis without an opening one")
        return query

    def _expression(self, *, depth: int) -> TopicCondition:
        if depth > _DEEPEST:
            self._fail("too many parentheses inside each other")
        query = self._operand(depth=depth)
        while self._at < len(self._tokens) and self._tokens[self._at]["close"] is None:
            operator = self._operator()
            query = Both(operator, query, self._operand(depth=depth))
        return query

    def _operator(self) -> Literal["AND", "OR", "ANDNOT"]:
        word = self._keyword()
        if word is None:
            return "AND"
        self._at += 1
        following = self._keyword()
        if word == "AND" and following == "NOT":
            self._at += 1
            return "ANDNOT"
        if word in ("NOT", "ANDNOT"):
            return "ANDNOT"
        return "OR" if word == "OR" else "AND"

    def _operand(self, *, depth: int) -> TopicCondition:
        if self._at >= len(self._tokens):
            self._fail("something must follow")
        token = self._tokens[self._at]
        if self._keyword() is not None:
            self._fail(f"{token['word']} needs a word on each side (for a word to be left out write A ANDNOT B)")
        self._at += 1
        if token["open"]:
            query = self._expression(depth=depth + 1)
            if self._at >= len(self._tokens):
                self._fail("a parenthesis is not closed")
            self._at += 1
            return query
        if token["close"]:
            self._at -= 1
            self._fail("nothing stands before this parenthesis")
        return self._submitted(token["range"]) if token["range"] else self._term(token)

    def _term(self, token: re.Match[str]) -> TopicTerm:
        field = (token["field"] or "all").casefold()
        if field not in FIELDS:
            self._at -= 1
            self._fail(f"there is no field {token['field']!r}; the fields are {', '.join(FIELDS)}")
        text = token["word"] if token["phrase"] is None else token["phrase"]
        if token["field"] is None and token["word"] and re.fullmatch(r"[A-Za-z]+:", token["word"]):
            self._at -= 1
            self._fail(f"after {token['word']} its word or phrase must follow without a space")
        if not (text.strip() if field in ("cat", "id") else plain_words(text)):
            self._at -= 1
            self._fail("there is no word here")
        return TopicTerm(field, text)

    def _submitted(self, text: str) -> Submitted:
        match = _RANGE.fullmatch(text.strip())
        try:
            if match is None:
                raise ValueError(text)
            since, until = (datetime.strptime(match[n], "%Y%m%d").replace(tzinfo=UTC) for n in ("since", "until"))
        except ValueError:
            self._at -= 1
            self._fail("write a period like submittedDate:[20240301 TO 20240331]")
        return Submitted(since.date(), until.date())

    def _keyword(self) -> str | None:
        if self._at >= len(self._tokens):
            return None
        token = self._tokens[self._at]
        if token["word"] is None or token["field"] is not None:
            return None
        # Upper case only, as people write it: "not" and "and" may be words of a title.
        return token["word"] if token["word"] in ("AND", "OR", "NOT", "ANDNOT") else None

    def _fail(self, reason: str) -> None:
        place = self._tokens[self._at].start() if self._at < len(self._tokens) else len(self._text)
        shown = self._text[max(0, place - 20) : place] + "▸" + self._text[place : place + 20]
        raise UsageError(f"the query cannot be read at {shown!r}: {reason}")


def _tokens(text: str) -> Iterator[re.Match[str]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.end() == at:  # a lone quotation mark at the end
            at += 1
            continue
        yield match
        at = match.end()


def _texts(paper: Paper, field: str) -> Sequence[str]:
    fields = {
        "ti": [paper.title],
        "au": paper.authors,
        "abs": [paper.abstract],
        "co": [paper.comment or ""],
        "jr": [paper.venue or ""],
        "rn": [paper.comment or ""],
    }
    if field != "all":
        return fields[field]
    return [paper.title, *paper.authors, paper.abstract, paper.comment or "", paper.venue or "", *paper.categories]


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str] | None:
    """The folded words in a row, each ``*`` and ``?`` standing for letters of one word; None without a word."""
    words = []
    for word in text.split():
        pieces = re.split(r"([*?]+)", word)
        parts = [
            r"\w*" if "*" in p else r"\w?" * len(p) if set(p) == {"?"} else re.escape(plain_words(p)) for p in pieces
        ]
        joined = "".join(parts).replace(r"\ ", " ")
        if re.sub(r"\\w[*?]", "", joined).strip():
            words.append(joined.strip())
    return re.compile(f" {' '.join(words)} ") if words else None


def _matches_category(category: str, wanted: str) -> bool:
    pattern = re.escape(wanted.casefold()).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(rf"{pattern}(?:\..+)?", category.casefold()) is not None
