"""What people type into a search, and what it means to a library: its parts, the authors it names, a likelier spelling.

Words, "phrases", -words and the fields author:, title: and year:. Nobody has to know this: what is no well-formed sign
of it is a plain word, so every text is a query. Of names and words nothing is known but what the library holds: a name
is one because an author bears it, and a word is taken for misspelled because no text has it and one has a word that is
one edit away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from string import ascii_lowercase
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kb.errors import UsageError
from kb.index.fusion import FusedCandidate
from kb.names import answers_to, asked_forms, bears, fold, full_words, whole_forms
from kb.protocols import Keys
from kb.records import Filters, Grouping
from kb.words import has_words, is_unspaced, tokenize, without_raising

if TYPE_CHECKING:
    from kb.index.catalog import Catalog
    from kb.index.lexical import TantivyIndex

_QUOTES = str.maketrans("“”„‟«»「」『』＂", '"' * 11)
# A field or a minus begins a word; a minus before a digit is a number's, one inside a word its hyphen.
_TERM = re.compile(
    r'(?:(?:^|(?<=\s))(?P<minus>-(?=["\w])(?!-?\d))?(?:(?P<field>author|title|year)s?[:：][ \t]*(?=["\w–-]))?)?'
    r'(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))',
    re.IGNORECASE,
)
_YEARS = re.compile(r"(?P<since>\d{4})?(?P<range>-|–|—|\.\.\.?|…)?(?P<until>\d{4})?")
_MOST_WORDS = 32  # of a query in which names are looked for: a longer one is a text
_LONGEST_NAME = 4  # words (or characters, where a script parts no words) of a name inside a longer query
_AS_A_NAME = 10  # a name is meant as one unless so many passages have its words for each paper by its bearers
_AS_A_FAMILY = 3  # the same for a family name alone, where passages that cite it do not count
_MOST_READ = 50  # passages that are looked at for how they use a word
_SHORTEST_MISSPELLED = 4  # letters: a shorter word is one edit away from too many
_MOST_MISSPELLED = 8
_BY = re.compile(r"(?:^|\s)by\s+(?P<name>.+)$|^(?P<chinese>[^的]+?)\s*的\s*(?:论文|文章|論文)$", re.IGNORECASE)
_PRINTED = re.compile(r"[^\s,;:()\[\]{}?!？！，。；：、（）]+")
_INITIAL = re.compile(r"[^\W\d_](?:\.-?[^\W\d_])*\.")
_LONGEST_MISSPELLED = 40  # letters: a longer run is no word, and its neighbours are too many
_MISSPELLED = re.compile(rf"(?<!\w)[^\W\d_]{{{_SHORTEST_MISSPELLED},{_LONGEST_MISSPELLED}}}(?!\w)")


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


def is_known(query: Query, *, named: tuple[str, ...], words: TantivyIndex) -> bool:
    """Whether any text or author has words of a query whose plain words hold these names (``people_in``)."""
    return bool(not query.words or named or any(words.frequencies(_PRINTED.findall(query.words)[:_MOST_WORDS])))


# ------------------------------------------------------------------------------------------------- names


class _Window(NamedTuple):
    """Words next to each other in a query, ``start`` to ``end``; ``alone``: they are the query, or all behind "by"."""

    text: str
    start: int
    end: int
    alone: bool = False


def people_in(text: str, *, catalog: Catalog, words: TantivyIndex) -> tuple[str, ...]:
    """The names of stored authors that plain words hold, as ``kb.names.asked_forms`` takes them.

    Where the words are a name, or "papers by" one, any part and any spelling of it will do. Inside other words a
    name must stand whole; among a few words it may be one that no text has. What texts say far more often than
    authors bear it is no name ("Monte Carlo").
    """
    people, windows = catalog.authors, list(_windows(text, words))
    one_word = {window for window in windows if len(fold(window.text).split()) == 1}
    forms = {window: _forms(window, is_one_word=window in one_word) for window in windows}
    counts = people.paper_counts({form for window in one_word for form in forms[window]})
    bearers: dict[str, list[str]] = {}
    for form, name in people.names({form for window in windows if window not in one_word for form in forms[window]}):
        bearers.setdefault(form, []).append(name)
    found: list[_Window] = []
    for window in windows:
        if any(window.start < other.end and other.start < window.end for other in found):
            continue
        if window in one_word:
            papers = max((counts.get(form, 0) for form in forms[window]), default=0)
            meant = papers and _is_family(window.text, papers, catalog, words)
        else:
            names = {name for form in forms[window] for name in bearers.get(form, ())}
            papers = people.papers_by(window.text) if any(_is_meant(name, window) for name in names) else 0
            meant = papers and words.holding(window.text) <= _AS_A_NAME * papers
        if meant:
            found.append(window)
    return tuple(dict.fromkeys(window.text for window in sorted(found, key=lambda window: window.start)))


def _windows(text: str, words: TantivyIndex) -> Iterator[_Window]:
    """Where a name may stand, the longest first."""
    printed = [match for match in _PRINTED.finditer(text) if fold(match[0])][:_MOST_WORDS]
    if not printed or len(text) > 64 * _MOST_WORDS:
        return
    for start, end in [(0, len(text)), *(match.span(match.lastgroup or 0) for match in _BY.finditer(text))]:
        inside = [match for match in printed if start <= match.start() and match.end() <= end]
        if len(inside) == 1 and not is_unspaced(inside[0][0]):
            yield _Window(f"{inside[0][0]},", *inside[0].span(), alone=True)  # a family name
        elif 0 < len(inside) <= _LONGEST_NAME:
            yield _Window(text[start:end].strip(" \t?!.,;"), inside[0].start(), inside[-1].end(), alone=True)
    for length in range(_LONGEST_NAME, 1, -1):
        for first in range(len(printed) - length + 1):
            these = [match[0] for match in printed[first : first + length]]
            if any(map(_INITIAL.fullmatch, these)) or not any(len(word) == 1 and word.isascii() for word in these):
                yield _Window(" ".join(these), printed[first].start(), printed[first + length - 1].end())
    for match in printed:
        if is_unspaced(match[0]):
            yield from _unspaced_windows(match)
    if len(printed) <= _LONGEST_NAME:
        for match, frequency in zip(printed, words.frequencies([match[0] for match in printed]), strict=True):
            if not frequency and tokenize(match[0]):
                yield _Window(match[0].rstrip("."), *match.span())


def _unspaced_windows(match: re.Match[str]) -> Iterator[_Window]:
    for length in range(_LONGEST_NAME, 1, -1):
        for place in range(min(len(match[0]), _MOST_WORDS) - length + 1):
            start = match.start() + place
            yield _Window(match[0][place : place + length], start, start + length)


def _forms(window: _Window, *, is_one_word: bool) -> set[str]:
    if window.alone or is_one_word or "." in window.text:
        return asked_forms(window.text)
    return whole_forms(window.text)


def _is_meant(name: str, window: _Window) -> bool:
    """Whether a name of several words stands in the window: all words there are the name's, or nothing else is."""
    asked, full = window.text, full_words(window.text)
    if bears(name, " ".join(full)):
        return answers_to(name, asked)
    if not answers_to(name, asked):
        return False
    if sorted(fold(asked).replace(" ", "")) == sorted(fold(name).replace(" ", "")):  # "Zhang Jian Guo"
        return True
    ordered = "," in asked or (full and answers_to(name, f"{full[-1]},"))
    shortened = len(full) < len(fold(asked).split())
    return window.alone and len(full) <= len(fold(name).split()) and bool(ordered or shortened)


def _is_family(word: str, papers: int, catalog: Catalog, words: TantivyIndex) -> bool:
    """Whether texts use a word no more often than it suits a family name; "Müller et al. (2020)" is such a use."""
    holding = words.holding(word)
    if holding <= _AS_A_FAMILY * papers:
        return True
    if holding > _MOST_READ * papers:
        return False
    keys = words.containing(word)
    some = [] if keys is None else keys[:: len(keys) // _MOST_READ + 1].tolist()
    folded = [fold(chunk.text) for chunk in catalog.passages.chunks_by_key(some).values()]
    cited = re.compile(rf"\b{fold(word)}(?: (?:and )?[^\W\d_]+)? (?:et al|(?:19|20)\d\d)\b")
    share = sum(cited.search(text) is not None for text in folded) / max(1, len(folded))
    return holding * (1 - share) <= _AS_A_FAMILY * papers


# ---------------------------------------------------------------------------------------------- spelling


def respelled(text: str, *, catalog: Catalog, words: TantivyIndex) -> str | None:
    """The query with its unknown words replaced by the most frequent known ones that are one edit away."""
    places = [
        (match[0], folded, term.start + match.start(), term.start + match.end(), term.field)
        for term in terms(text)
        if term.field != "year"
        for match in _MISSPELLED.finditer(term.text)
        if (folded := fold(match[0])).isascii() and folded.isalpha()
    ][:_MOST_WORDS]
    known = catalog.authors.paper_counts({folded for _, folded, *_ in places})
    unknown = [
        place
        for place, frequency in zip(places, words.frequencies([word for word, *_ in places]), strict=True)
        if place[1] not in known and (not frequency or place[4] == "author")
    ]
    likelier = text
    for word, folded, start, end, field in reversed(unknown[:_MOST_MISSPELLED]):
        if (known_word := _likelier(word, folded, field, catalog, words)) is not None:
            likelier = likelier[:start] + known_word + likelier[end:]
    return likelier if likelier != text else None


def _likelier(word: str, folded: str, field: str, catalog: Catalog, words: TantivyIndex) -> str | None:
    """The known word one edit away that most passages and papers have; None when there is none."""
    people = catalog.authors
    near = sorted(_one_edit_away(folded))
    borne = people.paper_counts(near) if field != "title" else {}
    said = dict(zip(near, words.frequencies(near), strict=True)) if field != "author" else {}
    # Words of one stem are said equally often: of them the one that ends as it was typed.
    best = max(near, key=lambda one: (borne.get(one, 0) + said.get(one, 0), one[-1] == folded[-1], one))
    if said.get(best, 0) >= borne.get(best, 0):
        return (best.capitalize() if word[0].isupper() else best) if said.get(best, 0) else None
    printed = (part for _, name in sorted(people.names([best])) for part in name.split())
    return next((part for part in printed if fold(part) == best), best)


def _one_edit_away(word: str) -> set[str]:
    """Words that differ by one letter that is missing, too many, another, or changed places with the next."""
    parts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    missing = {f"{before}{letter}{behind}" for before, behind in parts for letter in ascii_lowercase}
    others = {f"{before}{letter}{behind[1:]}" for before, behind in parts if behind for letter in ascii_lowercase}
    fewer = {before + behind[1:] for before, behind in parts if behind}
    swapped = {before + behind[1] + behind[0] + behind[2:] for before, behind in parts if len(behind) > 1}
    return (missing | others | fewer | swapped) - {word}


# ------------------------------------------------------------------------------------- what it demands


class Constraints:
    """The passages that a query allows: ``within`` (sorted keys; None for all), less what ``kept`` takes away.

    Args:
        query: the query; of its words nothing is demanded.
        filters: hold of the paper, too.
        by: with "paper" an excluded word excludes every paper that has it anywhere, else the passages that do.
    """

    def __init__(self, query: Query, *, filters: Filters, by: Grouping, catalog: Catalog, words: TantivyIndex) -> None:
        self._catalog, self._words, self._by = catalog, words, by
        self._phrases = query.phrases
        self._verified: dict[int, bool] = {}
        self.filters = [each for each in (filters, *query.filters) if each]
        allowed = [catalog.keys_within(each) for each in self.filters]
        allowed += [words.containing(phrase) for phrase in query.phrases]
        self.within = reduce(intersected, allowed, None)
        self._banned = self._keys_of(query)
        if by == "paper" and len(self._banned):
            self._banned = np.unique(catalog.passages.paper_numbers(self._banned))

    def __bool__(self) -> bool:
        return self.within is not None or bool(self._phrases) or len(self._banned) > 0

    def kept(self, places: list[FusedCandidate]) -> list[FusedCandidate]:
        """The candidates that meet the demands, in their order."""
        if len(self._banned) and places:
            owners = np.array([place.key for place in places], np.int64)
            if self._by == "paper":
                owners = self._catalog.passages.paper_numbers(owners)
            inside = np.isin(owners, self._banned)
            places = [place for place, banned in zip(places, inside.tolist(), strict=True) if not banned]
        if not self._phrases:
            return places
        unknown = [place.key for place in places if place.key not in self._verified]
        self._verified |= dict.fromkeys(unknown, False) | self._verify(unknown, self._phrases)
        return [place for place in places if self._verified[place.key]]

    def _keys_of(self, query: Query) -> Keys:
        """Keys of the passages that are excluded, by their words or by their papers, sorted."""
        found: list[Keys] = []
        for text in query.excluded:
            holding = self._words.containing(text)
            if holding is not None and len(fold(text).split()) > 1:
                holding = np.array(
                    [key for key, has in self._verify(holding.tolist(), [text]).items() if has], np.int64
                )
            found += [holding] if holding is not None else []
        for filters in query.without:
            excluded = self._catalog.keys_within(filters)
            found += [excluded] if excluded is not None else []
        return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)

    def _verify(self, keys: Sequence[int], phrases: Sequence[str]) -> dict[int, bool]:
        """Of each passage, whether all phrases stand in it or in its paper's title, word for word."""
        chunks = self._catalog.passages.chunks_by_key(keys)
        papers = self._catalog.papers.many(sorted({chunk.paper_id for chunk in chunks.values()}))
        folded = {
            key: f" {fold(without_raising(chunk.text))} \n {fold(papers[chunk.paper_id].title)} "
            for key, chunk in chunks.items()
            if chunk.paper_id in papers  # not one that is damaged, or gone since
        }
        asked = [(fold(without_raising(phrase)), is_unspaced(phrase)) for phrase in phrases]
        wanted = [phrase if unspaced else f" {phrase} " for phrase, unspaced in asked]
        return {key: all(phrase in text for phrase in wanted) for key, text in folded.items()}


def intersected(one: Keys | None, other: Keys | None) -> Keys | None:
    """Keys that are in both; None stands for all."""
    if one is None or other is None:
        return other if one is None else one
    return np.intersect1d(one, other, assume_unique=True)
