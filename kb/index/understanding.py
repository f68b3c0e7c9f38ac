"""What a query means to a library: the authors that it names, whether its words are known, how it may be spelled.

Nothing is known of names or words but what the library holds: a name is one because an author bears it, and a word
is taken for misspelled because no text has it and one has a word that is one edit away.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Literal, NamedTuple, Protocol

from kb.index.query import parse, terms
from kb.index.tokens import is_unspaced, tokenize
from kb.names import answers_to, asked_forms, bears, fold, full_words, whole_forms
from kb.protocols import Keys
from kb.records import Chunk

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


class People(Protocol):
    """The stored authors."""

    def names(self, forms: Collection[str]) -> list[tuple[str, str]]:
        """(key, name as printed) of all who are to be found under one of these keys (``kb.names.asked_forms``)."""
        ...

    def paper_counts(self, forms: Collection[str]) -> Mapping[str, int]:
        """To each of these keys that is one, how many papers it leads to."""
        ...

    def papers_by(self, asked: str) -> int:
        """How many papers have an author whom a typed name may mean."""
        ...


class Words(Protocol):
    """The words of the stored texts."""

    def frequencies(self, words: Sequence[str]) -> list[int]:
        """In how many passages each word stands; 0 for one that is never looked for."""
        ...

    def holding(self, words: str) -> int:
        """How many passages hold all of the words."""
        ...

    def containing(self, words: str) -> Keys | None:
        """Sorted keys of the passages that hold all of the words; None where none of them is ever looked for."""
        ...


class Texts(Protocol):
    """The stored texts."""

    def chunks_by_key(self, keys: Sequence[int]) -> Mapping[int, Chunk]:
        """Chunks by key; keys that are not there are left out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryReading:
    """What a query means here.

    ``people`` are the names in it as they are typed; ``suggestion`` is the query in a likelier spelling; ``matched``
    says whether any text or author has words of it, or only neighbours by meaning can be shown.
    """

    people: tuple[str, ...] = ()
    suggestion: str | None = None
    matched: Literal["words", "meaning only"] = "meaning only"


def understand(text: str, *, named: tuple[str, ...], people: People, words: Words) -> QueryReading:
    """Read a query whose plain words hold these names (``people_in``).

    Raises:
        UsageError: see ``kb.index.query.parse``.
    """
    query = parse(text)
    known = not query.words or named or any(words.frequencies(_PRINTED.findall(query.words)[:_MOST_WORDS]))
    return QueryReading(
        people=named, suggestion=_respelled(text, people, words), matched="words" if known else "meaning only"
    )


# ------------------------------------------------------------------------------------------------- names


class _Window(NamedTuple):
    """Words next to each other in a query, ``start`` to ``end``; ``alone``: they are the query, or all behind "by"."""

    text: str
    start: int
    end: int
    alone: bool = False

    @property
    def one_word(self) -> bool:
        return len(fold(self.text).split()) == 1


def people_in(text: str, *, people: People, words: Words, texts: Texts) -> tuple[str, ...]:
    """The names of stored authors that plain words hold, as ``kb.names.asked_forms`` takes them.

    Where the words are a name, or "papers by" one, any part and any spelling of it will do. Inside other words a
    name must stand whole; among a few words it may be one that no text has. What texts say far more often than
    authors bear it is no name ("Monte Carlo").
    """
    windows = list(_windows(text, words))
    forms = {window: _forms(window) for window in windows}
    counts = people.paper_counts({form for window in windows if window.one_word for form in forms[window]})
    bearers: dict[str, list[str]] = {}
    for form, name in people.names({form for window in windows if not window.one_word for form in forms[window]}):
        bearers.setdefault(form, []).append(name)
    found: list[_Window] = []
    for window in windows:
        if any(window.start < other.end and other.start < window.end for other in found):
            continue
        if window.one_word:
            papers = max((counts.get(form, 0) for form in forms[window]), default=0)
            meant = papers and _is_family(window.text, papers, words, texts)
        else:
            names = {name for form in forms[window] for name in bearers.get(form, ())}
            papers = people.papers_by(window.text) if any(_is_meant(name, window) for name in names) else 0
            meant = papers and words.holding(window.text) <= _AS_A_NAME * papers
        if meant:
            found.append(window)
    return tuple(dict.fromkeys(window.text for window in sorted(found, key=lambda window: window.start)))


def _windows(text: str, words: Words) -> Iterator[_Window]:
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


def _forms(window: _Window) -> set[str]:
    if window.alone or window.one_word or "." in window.text:
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


def _is_family(word: str, papers: int, words: Words, texts: Texts) -> bool:
    """Whether texts use a word no more often than it suits a family name; "Müller et al. (2020)" is such a use."""
    holding = words.holding(word)
    if holding <= _AS_A_FAMILY * papers:
        return True
    if holding > _MOST_READ * papers:
        return False
    keys = words.containing(word)
    some = [] if keys is None else keys[:: len(keys) // _MOST_READ + 1].tolist()
    folded = [fold(chunk.text) for chunk in texts.chunks_by_key(some).values()]
    cited = re.compile(rf"\b{fold(word)}(?: (?:and )?[^\W\d_]+)? (?:et al|(?:19|20)\d\d)\b")
    share = sum(cited.search(text) is not None for text in folded) / max(1, len(folded))
    return holding * (1 - share) <= _AS_A_FAMILY * papers


# ---------------------------------------------------------------------------------------------- spelling


def _respelled(text: str, people: People, words: Words) -> str | None:
    """The query with its unknown words replaced by the most frequent known ones that are one edit away."""
    places = [
        (match[0], term.start + match.start(), term.start + match.end(), term.field)
        for term in terms(text)
        if term.field != "year"
        for match in _MISSPELLED.finditer(term.text)
        if fold(match[0]).isascii() and fold(match[0]).isalpha()
    ][:_MOST_WORDS]
    known = people.paper_counts({fold(word) for word, *_ in places})
    unknown = [
        place
        for place, frequency in zip(places, words.frequencies([word for word, *_ in places]), strict=True)
        if fold(place[0]) not in known and (not frequency or place[3] == "author")
    ]
    respelled = text
    for word, start, end, field in reversed(unknown[:_MOST_MISSPELLED]):
        if (likelier := _likelier(word, field, people, words)) is not None:
            respelled = respelled[:start] + likelier + respelled[end:]
    return respelled if respelled != text else None


def _likelier(word: str, field: str, people: People, words: Words) -> str | None:
    """The known word one edit away that most passages and papers have; None when there is none."""
    folded = fold(word)
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
