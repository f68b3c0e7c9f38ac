"""What people type into a search: words, "phrases", -words and the fields author:, title: and year:.

Nobody has to know this: what is no well-formed sign of it is a plain word, so every text is a query.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from kb.errors import UsageError
from kb.index.tokens import has_words
from kb.records import Filters

_QUOTES = str.maketrans("“”„‟«»「」『』＂", '"' * 11)
# A field or a minus begins a word; a minus before a digit is a number's, one inside a word its hyphen.
_TERM = re.compile(
    r'(?:(?:^|(?<=\s))(?P<minus>-(?=["\w])(?!-?\d))?(?:(?P<field>author|title|year)s?[:：][ \t]*(?=["\w–-]))?)?'
    r'(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))',
    re.IGNORECASE,
)
_YEARS = re.compile(r"(?P<since>\d{4})?(?P<range>-|–|—|\.\.\.?|…)?(?P<until>\d{4})?")


class Term(NamedTuple):
    """A part of a query as it stands there: ``text[start:end]`` without its sign, field and quotes."""

    text: str
    start: int
    end: int
    field: str = ""
    negative: bool = False
    quoted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query in its parts.

    ``words`` is what is looked for by words and by meaning: the text as it was typed where nothing else is asked,
    and the words and phrases of it otherwise; empty when only fields are. ``phrases`` must stand verbatim in a
    passage that is found and ``excluded`` words or phrases must not. All ``filters`` hold of a paper that is
    found, and none of ``without``.
    """

    words: str
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    filters: tuple[Filters, ...] = ()
    without: tuple[Filters, ...] = ()


def parse(text: str) -> Query:
    """Read what somebody typed.

    Raises:
        UsageError: when it says nothing that is to be found, or a year is none.
    """
    plain = text.replace("\0", " ").strip()
    if not has_words(plain):
        raise UsageError("the query holds no word: say what to look for")
    found = terms(plain)
    asked = [term for term in found if not term.negative]
    if not found:
        return Query(words=plain)
    if not asked:
        raise UsageError(f"{plain[:80]!r} only says what not to find: add a word to look for")
    query = Query(
        words=" ".join(term.text for term in asked if not term.field),
        phrases=tuple(term.text for term in asked if term.quoted and not term.field),
        excluded=tuple(term.text for term in found if term.negative and not term.field),
        filters=tuple(_filter(term) for term in asked if term.field),
        without=tuple(_filter(term) for term in found if term.negative and term.field),
    )
    if query == Query(words=query.words):
        return Query(words=plain)
    return query


def terms(text: str) -> list[Term]:
    """The words, phrases and values of a query in their order, whatever is asked of them."""
    straight = text.translate(_QUOTES)
    if straight.count('"') % 2:  # which of the quotes is missing nobody knows
        straight = straight.replace('"', " ")
    found: list[Term] = []
    for match in _TERM.finditer(straight):
        group = "phrase" if match["phrase"] is not None else "word"
        if has_words(match[group]):
            field, minus = (match["field"] or "").lower(), bool(match["minus"])
            found.append(Term(match[group], *match.span(group), field, minus, group == "phrase"))
    return found


def _filter(term: Term) -> Filters:
    if term.field == "author":
        return Filters(authors=(term.text,))
    if term.field == "title":
        return Filters(titles=(f'"{term.text}"' if term.quoted else term.text,))
    match = _YEARS.fullmatch(term.text.strip(".,;)"))
    years = sorted(int(year) for year in (match["since"], match["until"]) if year) if match else []
    if match is None or not years or not all(date.min.year <= year <= date.max.year for year in years):
        raise UsageError(f"year:{term.text[:40]} names no year: write year:2024 or year:2020-2023")
    since = date(years[0], 1, 1) if match["since"] or len(years) == 2 else None
    until = date(years[-1], 12, 31) if match["until"] or not match["range"] else None
    return Filters(since=since, until=until)
