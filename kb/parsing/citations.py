"""The references of a document as records with their fields, and the marks in its text that cite them, linked to their
entries.

What of an entry has a form (a DOI, an arXiv id, a year) is known by it; the rest by the field that each of its words is
of (``kb.parsing.references``). A mark is linked where it can mean one entry and no other: a number or key that one
entry bears, or names and a year that fit one entry alone. How a paper cites (numbers in brackets, in parentheses,
raised; names and years) is what links most of its entries.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from kb.ids import find_arxiv_ids
from kb.names import PARTICLES, fold, is_suffix, means_others
from kb.parsing.layout import PageLayout
from kb.parsing.paragraphs import raised_numbers
from kb.parsing.references import PRINTED_ADDRESS, PRINTED_YEAR, FieldRun, field_runs, tagged, trimmed, words_of
from kb.records import Block, CitationMark, Document, Name, ReferenceEntry
from kb.text import sentence_spans

_CITING = ("paragraph", "list", "caption", "footnote", "table", "equation")
_YEAR = r"(?:1[5-9]|20)\d\d"
_YEARS = rf"{_YEAR}(?:\s?[–-]\s?{_YEAR})?(?:[a-h](?:\s?[,–-]\s?[a-h](?![^\W_]))*)?"
_NUMBERS = r"\d{1,3}(?:\s*(?:[,;]|[–—−-]|,\s*and|and)\s*\d{1,3})*"
_BRACKETS = re.compile(rf"\[\s*(?P<numbers>{_NUMBERS})\s*(?:,\s*[^\W\d_][^\[\]]{{0,40}})?\]")
_PARENTHESES = re.compile(rf"\(\s*(?P<numbers>{_NUMBERS})\s*\)")
_TOLD = re.compile(rf"\b[Rr]efs?\.?\s(?P<numbers>{_NUMBERS})(?![\w.%])")
_RANGE_OF_MARKS = re.compile(r"\s*[–—-]\s*")
_KEYS = re.compile(r"\[(?P<keys>[^\[\]\n]{2,80})\]")
_GROUP = re.compile(r"\((?P<inside>(?:[^()\[\]]++|\([^()]*\))*+)\)|\[(?P<squared>[^()\[\]]*)\]")
_PERSON = r"[^\W\d_a-zà-ÿ][^\W\d_]*(?:[’'`-][^\W\d_]+)*"
_PARTICLE = r"(?:[Vv]an|[Vv]on|[Dd]e[rnl]?|[Dd][aiou]s?|[Ll][ae]|[Tt]e[rn]|[Dd]’|[Ee]l|[Aa]l)"
_FAMILY = rf"(?:{_PARTICLE}\s){{0,3}}{_PERSON}(?:\s{_PERSON}){{0,2}}"
_NARRATIVE = re.compile(
    rf"(?P<names>{_FAMILY}(?:(?:,\s{_FAMILY}){{0,4}},?\s(?:and|und|et|y|&)\s{_FAMILY}|,?\set\sal\.?|\sand\s(?:colleagues|others))?)"
    rf"(?:[’']s?)?,?\s*[(\[](?P<years>{_YEARS}(?:\s?[,;]\s?{_YEARS})*)[^()\[\]]{{0,30}}[)\]]"
)
_PIECE = re.compile(rf"(?P<names>[^;]*?)[,\s(]*\b(?P<years>{_YEARS}(?:\s?,\s?(?:{_YEARS}|[a-h](?![^\W_])))*)")
_ET_AL = re.compile(r"\bet\s*al\b|\bu\.\s?a\.|\band (?:colleagues|others)\b|等")
_AND = re.compile(r"\s*(?:,?\s(?:and|und|et|y|og|och|en)\s|\s?&\s?|,\s|/\s?)\s*")
_RAISED = re.compile(rf"{_NUMBERS}")
_SHARE_OF_STYLE = 0.25  # of the entries that numbers in parentheses must name before they are citations
_LONGEST_GROUP = 1500


def with_references(document: Document, *, raised: Iterable[tuple[int, str]] = ()) -> Document:
    """The document with its entries as records, and with the marks that cite them.

    Args:
        document: as it was parsed; entries are its blocks of kind "reference".
        raised: raised signs that are no part of the text: where each stood in it, and the sign.
    """
    entries = tuple(_entry(block) for block in document.blocks if block.kind == "reference")
    if not entries:
        return document
    marks = _Marks(document, entries, raised=sorted(raised))
    return replace(document, references=entries, citations=tuple(marks.linked()))


def raised_marks(pages: Sequence[PageLayout], blocks: Sequence[Block]) -> list[tuple[int, str]]:
    """The raised numbers of the pages, each with its place in the document's text, as ``with_references`` takes
    them."""
    places = {
        (line.page, line.y0, line.x1): (block.start + line.start, block.start + line.end)
        for block in blocks
        if block.kind in _CITING
        for line in block.lines
    }
    found: list[tuple[int, str]] = []
    for page in pages:
        for line in (placed.line for placed in page.placed):
            start, end = places.get((line.page, line.y0, line.x1), (0, 0))
            found += [(max(start, end - behind), mark) for behind, mark in raised_numbers(line)] if end else []
    return found


def _entry(block: Block) -> ReferenceEntry:
    said = read_fields(block.text, label=block.label)
    return ReferenceEntry(
        text=block.text, start=block.start, label=block.label, page=block.page, authors=said.authors, title=said.title,
        venue=said.venue, year=said.year, pages=said.pages, doi=said.doi, arxiv=said.arxiv,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Found:
    """A mark: its block, its place in the block's text, and the entries it names."""

    block: int
    start: int
    end: int
    text: str
    entries: tuple[int, ...]


class _Marks:
    """The marks of one document."""

    def __init__(
        self, document: Document, entries: Sequence[ReferenceEntry], *, raised: Sequence[tuple[int, str]]
    ) -> None:
        self._blocks = [block for block in document.blocks if block.kind in _CITING]
        self._entries, self._raised = entries, raised

    def linked(self) -> list[CitationMark]:
        """All marks that could be linked, in order of the text."""
        found = self._by_number() if len(self._by_label) >= 3 else []
        if len({entry for one in found for entry in one.entries}) < 0.5 * len(self._entries):
            named = self._by_name()
            if len({e for one in named for e in one.entries}) > len({e for one in found for e in one.entries}):
                found = named
        marks: list[CitationMark] = []
        sentences: dict[int, list[tuple[int, int]]] = {}
        for one in sorted(found, key=lambda one: (one.block, one.start, one.end)):
            block = self._blocks[one.block]
            spans = sentences.setdefault(one.block, sentence_spans(block.text))
            at = max(0, bisect_right(spans, (max(one.start, one.end - 1), len(block.text) + 1)) - 1)
            if one.start == one.end and at and spans[at][0] >= one.start:
                at -= 1  # a raised mark belongs to what stands before it
            start, end = spans[at] if spans else (0, len(block.text))
            marks.append(
                CitationMark(
                    text=one.text, start=block.start + one.start, end=block.start + one.end,
                    page=_page(block, one.start), sentence=(block.start + start, block.start + end),
                    entries=one.entries,
                )
            )  # fmt: skip
        return marks

    # ------------------------------------------------------------------------------------ by number or key

    @cached_property
    def _by_label(self) -> Mapping[str, list[int]]:
        places: dict[str, list[int]] = defaultdict(list)
        for place, entry in enumerate(self._entries):
            if entry.label:
                places[entry.label.strip("[](). ")].append(place)
        return places

    def _labelled(self, label: str, block: Block) -> int | None:
        """The entry with this label; of several lists, in the first that ends behind the block, else in the last."""
        places = self._by_label.get(label, [])
        return next(
            (place for place in places if self._entries[place].start > block.start), places[-1] if places else None
        )

    def _by_number(self) -> list[_Found]:
        """Marks in the style in which the paper names most of its entries."""
        if not all(label.isdigit() for label in self._by_label):
            return self._keyed()
        styles = [self._bracketed(_BRACKETS), self._raised_numbers(), self._bracketed(_PARENTHESES)]
        shares = [len({entry for one in style for entry in one.entries}) / len(self._entries) for style in styles]
        best = max(range(3), key=lambda at: shares[at])
        if shares[best] < (_SHARE_OF_STYLE if best == 2 else 0):
            return []
        return [*styles[best], *(self._told() if styles[best] and best == 1 else ())]

    def _told(self) -> list[_Found]:
        """Numbers behind the word, as papers with raised numbers have them where a number is none: "ref. 12"."""
        return [
            _Found(number, match.start(), match.end(), match[0], entries)
            for number, block in enumerate(self._blocks)
            for match in _TOLD.finditer(block.text)
            if (entries := self._all_of(_numbers(match["numbers"]), block))
        ]

    def _bracketed(self, pattern: re.Pattern[str]) -> list[_Found]:
        found: list[_Found] = []
        for number, block in enumerate(self._blocks):
            last: tuple[int, int, list[int]] | None = None
            for match in pattern.finditer(block.text):
                numbers = _numbers(match["numbers"])
                if last and numbers and _RANGE_OF_MARKS.fullmatch(block.text, last[1], match.start()):
                    numbers = [*last[2], *range(last[2][-1] + 1, numbers[0]), *numbers]  # "[3]–[5]"
                    start = last[0]
                    found.pop()
                else:
                    start = match.start()
                entries = self._all_of(numbers, block)
                last = (start, match.end(), numbers) if entries else None
                if entries:
                    found.append(_Found(number, start, match.end(), block.text[start : match.end()], entries))
        return found

    def _all_of(self, numbers: Sequence[int], block: Block) -> tuple[int, ...]:
        """The entries with these numbers; none if one of them is no entry's: the mark is something else."""
        places = [self._labelled(str(number), block) for number in numbers]
        return () if None in places else tuple(dict.fromkeys(place for place in places if place is not None))

    def _raised_numbers(self) -> list[_Found]:
        found: list[_Found] = []
        starts = [block.start for block in self._blocks]
        for place, text in self._raised:
            number = bisect_right(starts, place) - 1
            if number < 0 or not _RAISED.fullmatch(text.strip(" ,;.")):
                continue
            block = self._blocks[number]
            entries = self._all_of(_numbers(text), block)
            if entries and place <= block.end:
                found.append(_Found(number, place - block.start, place - block.start, text.strip(), entries))
        return found

    def _keyed(self) -> list[_Found]:
        found: list[_Found] = []
        for number, block in enumerate(self._blocks):
            for match in _KEYS.finditer(block.text):
                keys = [piece.strip() for piece in re.split(r"[,;]", match["keys"])]
                places = [place for key in keys if (place := self._labelled(key, block)) is not None]
                if places:
                    found.append(_Found(number, match.start(), match.end(), match[0], tuple(dict.fromkeys(places))))
        return found

    # --------------------------------------------------------------------------------- by names and year

    def _by_name(self) -> list[_Found]:
        found: list[_Found] = []
        for number, block in enumerate(self._blocks):
            taken: list[tuple[int, int]] = []
            for match in _GROUP.finditer(block.text):
                inside = match["inside"] or match["squared"] or ""
                if not 6 <= len(inside) <= _LONGEST_GROUP or not re.search(_YEAR, inside):
                    continue
                if places := list(dict.fromkeys(self._grouped(inside))):
                    found.append(_Found(number, match.start(), match.end(), match[0], tuple(places)))
                    taken.append(match.span())
            for match in _NARRATIVE.finditer(block.text):
                if any(start < match.end() and match.start() < end for start, end in taken):
                    continue
                names, places = self._shortest(match["names"], match["years"])
                if places:
                    start = match.start() + len(match["names"]) - len(names)
                    found.append(_Found(number, start, match.end(), block.text[start : match.end()], tuple(places)))
        return found

    def _shortest(self, names: str, years: str) -> tuple[str, list[int]]:
        """The people in front of a year without what stands before them ("As Lo", "von Zipf"), and their entries."""
        while names:
            first = re.match(r"\S+\s+", names)
            places = self._named(names, years)
            is_family = bool(places) and fold(names).startswith(" ".join(self._families[places[0]][:1]) or "\0")
            if first is None or is_family or _ET_AL.match(names[first.end() :]):
                return names, places
            if places and not self._named(names[first.end() :], years):
                return names, places
            names = names[first.end() :]
        return "", []

    def _grouped(self, inside: str) -> Iterator[int]:
        """The entries that stand between two parentheses: "see Lo et al., 2020a,b; Smith 2019"."""
        names = ""
        for piece in inside.split(";"):
            for match in _PIECE.finditer(piece):
                said = match["names"].strip(" ,(")
                names = said if any(sign.isalpha() for sign in said) else names
                while names and not (places := self._named(names, match["years"])):
                    cut = re.match(r"[^\s,]+(?:,\s*|\s+)", names)  # "see", "e.g.," and the like
                    if cut is None or _ET_AL.match(names[cut.end() :]):
                        break
                    names = names[cut.end() :]
                else:
                    yield from places if names else ()

    def _named(self, names: str, years: str) -> list[int]:
        """One entry for each year; none for a year that no entry of these people has, or several."""
        bare = _ET_AL.sub("", names)
        people = tuple(filter(None, (fold(name) for name in _AND.split(re.sub(r"[’']s?$", "", bare.strip(" ,."))))))
        if not people or not names.strip()[:1].isalpha() or len(people) > 8:
            return []
        others = len(bare) != len(names)
        found: list[int] = []
        year = ""
        for stated in re.finditer(
            rf"(?P<year>{_YEAR})(?:\s?[–-]\s?{_YEAR})?|(?<![^\W_])[a-h](?![^\W_])|(?<=\d)[a-h](?![^\W_])", years
        ):
            if stated["year"]:
                year = stated["year"]
                if re.match(r"[a-h](?![^\W_])", years[stated.end() :]):
                    continue
                letter = ""
            else:
                letter = stated[0]
            places = self._of_people(people, others=others, year=year, letter=letter)
            if len(places) == 1:
                found += places
        return found

    def _of_people(self, people: tuple[str, ...], *, others: bool, year: str, letter: str) -> list[int]:
        fitting: list[tuple[int, int]] = []
        for place in self._by_year.get(year, ()):
            if letter and letter not in self._letters[place]:
                continue
            rank = self._fit(place, people, others=others)
            if rank:
                fitting.append((rank, place))
        best = max((rank for rank, _ in fitting), default=0)
        return [place for rank, place in fitting if rank == best]

    def _fit(self, place: int, people: tuple[str, ...], *, others: bool) -> int:
        """0: it is not of these people; the higher the better their names and number fit."""
        families, head = self._families[place], self._heads[place]
        first = people[0]
        at_first = bool(families) and _is_family(families[0], first)
        begins = head[: len(first.split()) + 3]
        in_head = any(begins[at : at + len(first.split())] == first.split() for at in range(3))
        if not at_first and not in_head:
            return 0
        rest = people[1:]
        if rest and not all(
            any(_is_family(family, one) for family in families[1:]) or one.split()[-1] in head for one in rest
        ):
            return 0
        count = len(families)
        expected = count > 2 if others else count == len(people)
        if (others and count == 2) or (not others and len(people) == 2 and count > 2):
            return 1
        return 1 + 2 * at_first + expected

    @cached_property
    def _by_year(self) -> Mapping[str, list[int]]:
        places: dict[str, list[int]] = defaultdict(list)
        for place, entry in enumerate(self._entries):
            years = {entry.year[:4]} if entry.year else set(re.findall(rf"(?<!\d){_YEAR}(?!\d)", entry.text))
            for year in years:
                places[year].append(place)
        return places

    @cached_property
    def _letters(self) -> list[str]:
        """The letters behind the year of each entry, as "2020a" has one."""
        return ["".join(re.findall(rf"(?<!\d){_YEAR}\s?([a-h])(?![^\W_])", entry.text)) for entry in self._entries]

    @cached_property
    def _families(self) -> list[list[str]]:
        return [[fold(name.family or name.literal) for name in entry.authors] for entry in self._entries]

    @cached_property
    def _heads(self) -> list[list[str]]:
        """The first words of each entry, up to its title."""
        heads: list[list[str]] = []
        for entry in self._entries:
            end = entry.text.find(entry.title) if entry.title else -1
            heads.append(fold(entry.text[: end if end > 0 else 120]).split())
        return heads


def _is_family(family: str, named: str) -> bool:
    """Whether a folded family name may be meant by a folded name of a mark, which may leave out its first words."""
    return bool(family) and (family == named or family.endswith(f" {named}") or named.endswith(f" {family}"))


def _numbers(text: str) -> list[int]:
    """The numbers of a mark, with those between the ends of ranges: "3, 5–7" -> 3, 5, 6, 7."""
    found: list[int] = []
    for first, sign, last in re.findall(r"(\d+)(?:\s*([–—−-])\s*(\d+))?", text):
        low, high = int(first), int(last) if sign else int(first)
        if not low <= high <= low + 60:
            return []
        found += range(low, high + 1)
    return found


def _page(block: Block, start: int) -> int | None:
    """The page of a place in a block."""
    line = next((line for line in reversed(block.lines) if line.start <= start), None)
    return line.page if line else block.page


# --------------------------------------------------------------------------------------------------------- fields


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFields:
    """What an entry says; "" and () where it does not, or where it was not understood."""

    authors: tuple[Name, ...] = ()
    title: str = ""
    venue: str = ""
    year: str = ""
    pages: str = ""
    doi: str = ""
    arxiv: str = ""


_LABEL = re.compile(r"^\s*(?:\[[^\]]{1,40}\]|\(\d{1,3}\)|\d{1,3}\.(?=\s|[A-ZÀ-Þ]))\s*")
_DOI = re.compile(r"\b10\.\d{4,9}\s?/\s?[^\s\"<>“”]+", re.IGNORECASE)


def read_fields(text: str, *, label: str | None = None) -> ReferenceFields:
    """The fields of an entry as it is printed; ``label`` is the number or key before it, which is no part of them."""
    bare = without_label(text, label)
    words = words_of(bare)
    runs = field_runs(bare, words, tagged(bare, words))
    titles = [run for run in runs if run[0] == "title"]
    title = max(titles, key=lambda run: run[2] - run[1], default=None)
    if title is not None:
        title = _with_beginning(title, runs)
    venues = [run for run in runs if run[0] == "venue" and (title is None or run[1] >= title[2] or run[2] <= title[1])]
    first = min((start for _, start, _ in (*titles, *venues)), default=len(bare))
    people = next((bare[start:end] for name, start, end in runs if name == "author" and start <= first), "")
    said = {"title": trimmed(bare[title[1] : title[2]]) if title else "",
            "venue": trimmed(bare[venues[0][1] : venues[0][2]]) if venues else ""}  # fmt: skip
    pages = _pages(bare, runs)
    if not said["title"] and not pages and not any(name == "number" for name, *_ in runs):
        said = {"title": said["venue"], "venue": ""}  # a book, a page of the web: what is in no volume is no part
    arxiv = _arxiv(bare)
    if arxiv and not said["venue"] and (named := re.search(r"\barxiv\b", bare, re.IGNORECASE)):
        said["venue"] = named[0]
    return ReferenceFields(
        authors=names_of(people), year=_year(bare, runs), pages=pages, doi=_doi(bare), arxiv=arxiv, **said
    )


def without_label(text: str, label: str | None = None) -> str:
    """An entry without the number or key before it."""
    if marked := _LABEL.match(text):
        return text[marked.end() :]
    return text[len(label) :] if label is not None and text.startswith(label) else text


def _with_beginning(title: FieldRun, runs: Sequence[FieldRun]) -> FieldRun:
    """The title with what stands between it and the authors or the year before them, whatever it was taken for."""
    start = title[1]
    for name, first, _ in reversed([run for run in runs if run[2] <= title[1]]):
        if name not in ("venue", "pages", "number", "publisher", "title"):
            break
        start = first
    begins_behind = any(name in ("author", "year") and end <= start for name, _, end in runs)
    return ("title", start, title[2]) if begins_behind else title


def _pages(text: str, runs: Sequence[FieldRun]) -> str:
    """The pages that stand in no address and are no period of years."""
    closed = [match.span() for match in PRINTED_ADDRESS.finditer(text)]
    has_year = any(name == "year" for name, *_ in runs)
    for name, start, end in runs:
        value = trimmed(text[start:end])
        is_years = not has_year and PRINTED_YEAR.fullmatch(value) is not None
        if name == "pages" and value and not is_years and not any(low <= start < high for low, high in closed):
            return value
    return ""


def _year(text: str, runs: Sequence[FieldRun]) -> str:
    """The year that the tagger found, else the last that looks like one and is of no address, title or page."""
    for name, start, end in runs:
        if name == "year" and (match := PRINTED_YEAR.search(text, max(0, start - 1), min(len(text), end + 1))):
            return match[0].replace(" ", "")
    closed = [match.span() for match in PRINTED_ADDRESS.finditer(text)]
    closed += [(start, end) for name, start, end in runs if name in ("title", "number")]
    found = [m[0] for m in PRINTED_YEAR.finditer(text) if not any(start <= m.start() < end for start, end in closed)]
    return found[-1].replace(" ", "") if found else ""


def _doi(text: str) -> str:
    match = _DOI.search(text)
    if match is None:
        return ""
    bare = re.sub(r"\s", "", match[0]).rstrip(".,;:>”’\"'")
    while bare.endswith((")", "]", "}")) and bare.count(bare[-1]) > bare.count(
        {")": "(", "]": "[", "}": "{"}[bare[-1]]
    ):
        bare = bare[:-1].rstrip(".,;:")
    return bare


def _arxiv(text: str) -> str:
    """The arXiv id that an entry names: its archive, or arXiv, must be named besides a number of the new form."""
    found = find_arxiv_ids(re.sub(r"(?<=\d{4}\.)\s(?=\d{4,5}\b)", "", text))
    named = re.search(r"arxiv|corr\b|\babs/", text, re.IGNORECASE) is not None
    return next((identifier for identifier, _ in found if named or "/" in identifier), "")


# ---------------------------------------------------------------------------------------------------------- names

_INITIALS = re.compile(r"(?:[^\W\d_a-zà-ÿ]\.?(?:[\s-]+|(?=[^\W\d_a-zà-ÿ])|$)){1,5}")
_PARTED = re.compile(r"\s*;\s*|\s*/\s+|\s+(?:and|und|et|y|e|og|och|en|&)\s+|\s*,\s*(?:and|und|et|&)\s+|\s+&|&\s+")
_OTHERS = re.compile(r"[,;]?\s*(?:\b(?:et\s+al|u\.\s?a|and\s+others)\b\.?|\.\.\.|…|等)")


def names_of(text: str) -> tuple[Name, ...]:
    """The people of a list, as their names are parted and turned there: "Smith, J., Lee, K. and Doe, J."."""
    text = re.sub(r"\s+", " ", _OTHERS.sub("", text)).strip(" ,;:(/&")
    text = re.sub(r"\s*\((?:eds?|hrsg)\.?\)?$", "", text, flags=re.IGNORECASE).strip()
    groups = [[piece.strip() for piece in group.split(",")] for group in _PARTED.split(text)]
    groups = [[piece for piece in group if piece.strip(" .")] for group in groups]
    names: list[Name] = []
    for group in groups:
        pieces: list[str] = []
        for piece in group:
            if pieces and is_suffix(piece):
                pieces[-1] += f", {piece}"
            else:
                pieces.append(piece)
        names += _of_group(pieces, is_first=not names)
    return tuple(name for name in names if (name.family or name.literal) and not means_others(str(name)))


def _is_initials(piece: str) -> bool:
    return _INITIALS.fullmatch(piece.strip() + " ") is not None and len(re.findall(r"[^\W_]", piece)) <= 5


def _of_group(pieces: list[str], *, is_first: bool) -> list[Name]:
    """The names between two signs that part names: "Smith, J., Lee, K.", "J. Smith, K. Lee" or "Smith, John, Kim
    Lee"."""
    names: list[Name] = []
    at = 0
    given_after = [_is_initials(piece) for piece in pieces]
    turned = sum(given_after[1::2]) * 2 >= len(pieces) - 1 > 0 and not any(given_after[0::2])
    while at < len(pieces):
        piece = pieces[at]
        after = pieces[at + 1] if at + 1 < len(pieces) else ""
        alone = len(piece.split()) <= 3 and not re.search(r"\b[^\W\d_]\.", piece)
        if after and (turned or _is_initials(after)) and not _is_initials(piece):
            names.append(_name(after, piece))
            at += 2
        elif (
            after
            and is_first
            and at == 0
            and alone
            and (len(piece.split()) == 1 or _small(piece))
            and len(pieces) in (2, 3)
        ):
            names.append(_name(after, piece))  # "Smith, John, and Kim Lee": only the first is turned
            at += 2
        elif (
            after
            and alone
            and len(piece.split()) == 1
            and len(pieces) % 2 == 0
            and all(len(p.split()) == 1 for p in pieces[::2])
        ):
            names.append(_name(after, piece))
            at += 2
        else:
            names.append(_plain_name(piece))
            at += 1
    return names


def _small(piece: str) -> bool:
    return piece.split()[0].lower() in PARTICLES


def _name(given: str, family: str) -> Name:
    family, _, suffix = family.partition(", ")
    return Name(given=given.strip(), family=family.strip(), suffix=suffix)


def _plain_name(piece: str) -> Name:
    """A name in one piece: given names first, or "Smith JA", the initials behind and without stops."""
    piece, _, suffix = piece.partition(", ")
    spaced = re.sub(r"(?<=[^\W\d_]\.)(?=[^\W\d_]{2})", " ", piece)
    words = spaced.split()
    if words and is_suffix(words[-1]) and len(words) > 1:
        suffix = words.pop()
    behind = len(words)
    while behind > 1 and re.fullmatch(r"[^\W\d_a-zà-ÿ]{1,3}(?:-?[^\W\d_a-zà-ÿ])?\.?", words[behind - 1]):
        behind -= 1
    if behind < len(words) and not re.fullmatch(r"[^\W\d_]\.?", words[0]):
        return Name(given=" ".join(words[behind:]), family=" ".join(words[:behind]), suffix=suffix)
    at = len(words) - 1
    while at > 1 and words[at - 1].lower().rstrip(".") in PARTICLES:
        at -= 1
    if at == 1 and words[0].lower() in PARTICLES:
        at = 0
    return Name(given=" ".join(words[:at]), family=" ".join(words[at:]), suffix=suffix)
