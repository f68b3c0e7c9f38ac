"""The list of references: which lines are in it, where one entry ends and the next begins, and of which field each word
of an entry is.

A list is known by its heading, or by its entries: they begin with names or count from 1, and most have a year. Borders
are found by every cue that a list may have (numbers, keys, a hanging indent, space, what looks like a beginning after
what looks like an end), and the cue is taken whose entries look most like references.

The field of each word is the one of the likeliest chain of a linear-chain conditional random field (Lafferty et al.
2001; for references Peng and McCallum 2004). Features are hashed (Weinberger et al. 2009), so that the weights of a
chain, a file in ``data``, stay small: ``reference_fields.npz`` was trained on records set in very many styles
(``tests/benchmarks/references_train.py`` has the data and the figures). Lines of first pages are labelled by such a
chain, too.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from io import BytesIO
from itertools import groupby, pairwise
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.names import PARTICLES
from kb.parsing.headings import Heading
from kb.parsing.layout import PageLayout, Placed
from kb.parsing.page import TextLine
from kb.structure import APPENDIX, bare_title, is_references

_NUMBER = re.compile(
    r"^\s*(?:\[\s?(?P<a>\d{1,3})\s?\]|\((?P<b>\d{1,3})\)(?=\s*[^\W\d])|(?P<c>\d{1,3})[.)](?=\s|[A-ZÀ-Þ]|$))\s*"
)
_KEY = re.compile(r"^\s*\[(?P<key>[^\]\s]{1,12}[^\]]{0,24})\]\s*\S")
_SMALL_WORDS = "|".join(sorted(PARTICLES))
_AUTHOR_START = re.compile(rf"^[A-ZÀ-ÞĀ-Ž][\w'’\-À-ž]+[,.\s]|^[A-Z]\.\s?(?:[A-Z]\.\s?)*[A-ZÀ-Þ]|^(?:{_SMALL_WORDS})\s")
_SURNAME = rf"(?:(?:{_SMALL_WORDS})\s)*[^\W\d_a-zà-ÿ][\w'’\-]+(?:\s(?:[Vv][ao]n\s)?[^\W\d_a-zà-ÿ][\w'’\-]+){{0,2}}"
_NAMED_START = re.compile(  # "Lo, K.", "Lo, Kyle", "K. Lo", "Lo K,", as entries begin and sentences do not
    rf"^(?:{_SURNAME},\s?[^\W\d_a-zà-ÿ]|(?:[^\W\d_a-zà-ÿ]\.[\s-]?){{1,4}}{_SURNAME}|{_SURNAME}\s[^\W\d_a-zà-ÿ]{{1,3}}[,.:;(\s])"
)
_MAX_ENTRY_LINES = 25
_MAY_BE_ENTRIES = ("body", "heading", "footnote", "equation", "code")
_YEAR = re.compile(r"\b(?:1[6-9]|20)\d\d[a-z]?\b")
_ALIKE = 0.08  # by how much the type of a list's lines may differ, as a share
_MISREAD_NUMBER = re.compile(r"^[\[(][\d\s]{1,5}[\])]\s*")
_NOTE_SIGNS = tuple("∗*†‡§¶")
_LATE = 3  # a list that no heading announces begins behind the first third
_BESIDE = 50  # added to the column of lines that were read as of the column beside theirs
_FEWEST = 4  # entries of a list that is known by them alone


def mark_references(pages: Sequence[PageLayout], headings: Sequence[Heading]) -> None:
    """Give the role "reference" to the lines of every list of references.

    Below a references heading these are all lines up to an appendix or later section, or up to larger type. Another
    list has entries that count from 1, or begin with names; most of them have a year.
    """
    for at, heading in enumerate(headings):
        if is_references(heading.title):
            later = next((h for h in headings[at + 1 :] if _ends_list(h, heading)), None)
            _mark_below(pages, heading, later)
    stretches = list(_stretches(pages))
    if not any(placed.role == "reference" for page in pages for placed in page.placed):
        _mark_counted(stretches)
    for stretch in stretches[len(stretches) // _LATE :]:
        lines = [placed for placed in stretch if placed.role != "reference"]
        if len(lines) >= _FEWEST and _is_list_of_names(lines):
            for placed in lines:
                placed.role = "reference"


def _mark_below(pages: Sequence[PageLayout], heading: Heading, later: Heading | None) -> None:
    taken: list[Placed] = []
    for page in pages[heading.page - 1 : later.page if later else len(pages)]:
        first = heading.lines[-1] + 1 if page.number == heading.page else 0
        end = later.lines[0] if later and page.number == later.page else len(page.placed)
        noted = False
        for placed in page.placed[first:end]:
            if placed.role == "footnote" and _is_true_footnote(page, placed):
                continue
            if noted or placed.line.text[:1] in _NOTE_SIGNS or not any(sign.isalnum() for sign in placed.line.text):
                noted = placed.line.text.strip() in _NOTE_SIGNS  # and what stands behind a sign alone
                continue
            if placed.role in _MAY_BE_ENTRIES or (placed.role == "float" and placed.float_label is None):
                taken.append(placed)
    usual = median(placed.line.size for placed in taken) if taken else 0.0
    for at, placed in enumerate(taken):
        is_other = abs(placed.line.size - usual) > _ALIKE * usual
        is_larger = placed.line.size > 1.6 * usual and len(placed.line.text) > 12
        if at > 2 * _FEWEST and is_other and (is_larger or _is_apart(taken[at - 1], placed, usual)):
            return  # how to cite the paper, the title of what follows in the same file
        if placed.line.size <= 1.25 * usual:
            placed.role = "reference"


def _is_true_footnote(page: PageLayout, placed: Placed) -> bool:
    """Whether the lines at the foot of the column begin with a raised mark, as entries do not."""
    column = [p for p in page.placed if p.role == "footnote" and p.column == placed.column]
    return column[0].line.runs[0].raised


def _ends_list(heading: Heading, references: Heading) -> bool:
    title = heading.title
    if is_references(title):
        return False
    return heading.level <= references.level or bool(APPENDIX.match(title)) or bare_title(title) != title


# ------------------------------------------------------------------------------- lists that no heading announces


def _stretches(pages: Sequence[PageLayout]) -> Iterator[list[Placed]]:
    """Lines of one size that follow each other, over pages, up to a heading or another type."""
    stretch: list[Placed] = []
    for page in pages:
        for placed in page.placed:
            if placed.role == "heading":
                if stretch:
                    yield stretch
                stretch = []
            elif placed.role in _MAY_BE_ENTRIES or (placed.role == "float" and placed.float_label is None):
                if stretch and abs(placed.line.size - stretch[-1].line.size) > _ALIKE * stretch[-1].line.size:
                    yield stretch
                    stretch = []
                stretch.append(placed)
    if stretch:
        yield stretch


def _mark_counted(stretches: Sequence[list[Placed]]) -> None:
    """Mark a list that counts from 1, and what goes on counting behind it."""
    lines = [placed for stretch in stretches for placed in stretch]
    for numbers in ([_printed(p.line) for p in lines], [_raised(p.line) for p in lines]):
        starts = [at for at, number in enumerate(numbers) if number == 1 and at > len(lines) // _LATE]
        if any(_mark_counted_from(lines, numbers, start) for start in reversed(starts)):
            return


def _mark_counted_from(lines: Sequence[Placed], numbers: Sequence[int | None], start: int) -> bool:
    """Mark the list that counts from 1 at ``start``, when its entries look like references."""
    size = lines[start].line.size
    alike = [at for at in range(start, len(lines)) if abs(lines[at].line.size - size) <= _ALIKE * size]
    rising = [alike[at] for at, marker in enumerate(_rising([numbers[at] for at in alike])) if marker]
    entries: list[list[int]] = []
    for at, end in pairwise([*rising, len(lines)]):
        entries.append([at])
        for after in range(at + 1, min(end, at + _MAX_ENTRY_LINES)):
            if after not in alike or _is_apart(lines[after - 1], lines[after], size):
                break
            entries[-1].append(after)
    dated = [entry for entry in entries if _YEAR.search(" ".join(lines[at].line.text for at in entry))]
    whole = [entry for entry in entries if len(entry) < _MAX_ENTRY_LINES]
    if len(entries) < 3 or len(dated) < 0.6 * len(entries) or len(whole) < 0.9 * len(entries):
        return False
    for entry in entries:
        for at in entry:
            lines[at].role = "reference"
    for placed in reversed(lines[:start]):  # notes to the authors stand before the first entry
        if abs(placed.line.size - size) > 0.3 or placed.line.text[:1] not in _NOTE_SIGNS:
            break
        placed.role = "footnote"
    return True


def _is_apart(before: Placed, placed: Placed, size: float) -> bool:
    return _column(before) == _column(placed) and placed.line.baseline - before.line.baseline > 2.2 * size


def _is_list_of_names(lines: Sequence[Placed]) -> bool:
    """Whether lines are entries that begin with names and have a year, and stand as entries do."""
    ordered = _columned(lines)
    for starts in (_hanging(ordered), _spaced(ordered)):
        entries = _split_where(ordered, starts) if starts else []
        texts = [" ".join(placed.line.text for placed in entry) for _, entry in entries]
        good = sum(bool(_NAMED_START.match(text) and _YEAR.search(text)) for text in texts)
        if len(texts) >= _FEWEST and good >= 0.75 * len(texts) and len(lines) <= 8 * len(texts):
            return True
    return False


# ------------------------------------------------------------------------------------------------------- borders

_Entry = tuple[str | None, list[Placed]]


def split_references(lines: Sequence[Placed]) -> list[_Entry]:
    """Entries in order, each with its marker ("12", "Kar20") where it has one.

    By numbers or keys in brackets, by the hanging indent, by the space between entries, or by what looks like the start
    of an entry after what looks like an end: the first of these whose entries look like references about as much as
    those of any other. What is no part of any entry (labels of links, page numbers) is left out.
    """
    lines = _columned(_without_labels(lines))
    found: list[list[_Entry]] = []
    for numbers in ([_printed(p.line) for p in lines], [_raised(p.line) for p in lines]):
        rising = _rising(numbers)
        if sum(marker is not None for marker in rising) >= 3 and _first(numbers) <= 2:
            found.append(_split_at(lines, rising))
    keys = [_KEY.match(placed.line.text) for placed in lines]
    if sum(match is not None for match in keys) >= 3:
        found.append(_split_at(lines, [match["key"] if match else None for match in keys]))
    found += [_split_where(lines, starts) for cue in _CUES if (starts := cue(lines))]
    best = max(map(_likeness, found), default=0.0)
    return next((entries for entries in found if _likeness(entries) >= best - 0.12), [])


def _likeness(entries: Sequence[_Entry]) -> float:
    """Which share of the entries look like one reference: a beginning, a year, a length, and no other beginning in
    it."""
    if not entries:
        return 0.0
    usual = median(len(lines) for _, lines in entries)
    good = 0.0
    for marker, lines in entries:
        texts = [placed.line.text for placed in lines]
        begins = marker is not None or bool(_AUTHOR_START.match(texts[0]))
        dated = bool(_YEAR.search(" ".join(texts)))
        others = sum(
            before.rstrip().endswith((".", ".”", "]"))
            and bool(_NAMED_START.match(text))
            and bool(_YEAR.search(" ".join(texts[:at])))
            for at, (before, text) in enumerate(pairwise(texts), 1)
        )
        good += (0.4 * begins + 0.6 * dated) / (1 + others) * (len(lines) <= max(8, 4 * usual))
    return good / len(entries)


def _columned(lines: Sequence[Placed]) -> list[Placed]:
    """The lines with those of two columns that were read as one put in order: first the left, then the right."""
    ordered: list[Placed] = []
    groups: dict[tuple[int, int], list[Placed]] = defaultdict(list)
    for placed in lines:
        groups[_column(placed)].append(placed)
    for group in groups.values():
        edges = sorted({round(placed.line.x0) for placed in group})
        for edge in edges:
            left = [placed for placed in group if placed.line.x1 <= edge]
            right = [placed for placed in group if placed.line.x0 >= edge - 0.5]
            if (
                min(len(left), len(right)) >= _FEWEST
                and len(left) + len(right) == len(group)
                and _stand_beside(left, right)
            ):
                group = [*left, *(replace(placed, column=placed.column + _BESIDE) for placed in right)]
                break
        ordered += group
    return ordered


def _stand_beside(left: Sequence[Placed], right: Sequence[Placed]) -> bool:
    """Whether lines stand beside each other as two columns do, and not as a number before its entry."""
    broad = median(placed.line.x1 - placed.line.x0 for placed in left) > 8 * left[0].line.size
    low, high = (max(p.line.baseline for p in side) for side in (left, right))
    return broad and min(low, high) > max(min(p.line.baseline for p in side) for side in (left, right))


def _without_labels(lines: Sequence[Placed]) -> list[Placed]:
    """The lines without what stands below every other entry in the same words, and without page numbers."""
    texts = [placed.line.text.strip() for placed in lines]
    again = {
        text for text, count in Counter(texts).items() if count >= 2 and text[-1:].isalpha() and len(text.split()) <= 6
    }
    for text in list(again):
        places = [at for at, one in enumerate(texts) if one == text]
        closed = all(at and (texts[at - 1] in again or texts[at - 1].endswith((".", ".”"))) for at in places)
        opened = all(_AUTHOR_START.match(after) or after in again for at in places for after in texts[at + 1 : at + 2])
        if not closed or not opened:
            again.remove(text)
    kept: list[Placed] = []
    for at, placed in enumerate(lines):
        ends_column = at + 1 == len(lines) or _column(lines[at + 1]) != _column(placed)
        begins_column = at > 0 and _column(lines[at - 1]) != _column(placed)
        is_number = (ends_column or begins_column) and re.fullmatch(r"\d{1,4}", texts[at])
        if texts[at] not in again and not (is_number and kept and kept[-1].line.text.rstrip().endswith(".")):
            kept.append(placed)
    return kept


def _column(placed: Placed) -> tuple[int, int]:
    return placed.line.page, placed.column


def _printed(line: TextLine) -> int | None:
    match = _NUMBER.match(line.text)
    return int(match[match.lastindex or 1]) if match else None


def _raised(line: TextLine) -> int | None:
    """The raised number that an entry begins with, as journals of physics print it."""
    first = line.runs[0]
    text = line.text[first.start : first.end].strip() if first.raised else ""
    return int(text) if text.isdigit() and len(text) <= 3 else None


def _first(numbers: Sequence[int | None]) -> int:
    return next((number for number in numbers if number is not None), 0)


def _rising(numbers: Sequence[int | None]) -> list[str | None]:
    """Numbers that go up by one (or a few, where one was lost); a year or page at a line's start is none."""
    last = 0
    found: list[str | None] = []
    for number in numbers:
        if number is not None and last < number <= last + 3:
            last = number
            found.append(str(number))
        else:
            found.append(None)
    return found


def _split_at(lines: Sequence[Placed], markers: Sequence[str | None]) -> list[_Entry]:
    return _split_where(lines, [marker is not None for marker in markers], markers)


def _split_where(
    lines: Sequence[Placed], starts: Sequence[bool], markers: Sequence[str | None] | None = None
) -> list[_Entry]:
    entries: list[_Entry] = []
    for placed, begins, marker in zip(lines, starts, markers or [None] * len(lines), strict=True):
        if begins or not entries:
            entries.append((marker, []))
        entries[-1][1].append(placed)
    return entries


def _hanging(lines: Sequence[Placed]) -> list[bool] | None:
    """Entry starts by hanging indent; None where the list does not hang."""
    lefts: dict[tuple[int, int], list[float]] = defaultdict(list)
    for placed in lines:
        lefts[_column(placed)].append(placed.line.x0)
    edge = {key: sorted(values)[min(len(values) - 1, len(values) // 20)] for key, values in lefts.items()}
    starts = [placed.line.x0 - edge[_column(placed)] < 2.5 for placed in lines]
    share = sum(starts) / max(1, len(starts))
    # A column of continuation lines only has no edge of its own; at most every second line or so starts an entry.
    if not 0.08 <= share <= 0.72 or len(lines) < 4:
        return None
    spaced = _wide_above(lines)
    for at, placed in enumerate(lines):
        text = placed.line.text
        no_name = not re.match(r"[\W\d]*[^\W\d_]", text)
        if no_name or (text[:1].islower() and not _AUTHOR_START.match(text) and not spaced[at]):
            starts[at] = False
    return starts


def _wide_above(lines: Sequence[Placed]) -> list[bool]:
    """Of each line whether more space stands above it than between most lines of a column."""
    down: list[float] = [0.0]
    for before, placed in pairwise(lines):
        gap = placed.line.baseline - before.line.baseline
        down.append(gap if _column(before) == _column(placed) and gap > 0.3 * placed.line.size else 0.0)
    gaps = sorted(gap for gap in down if gap)
    usual = gaps[len(gaps) // 4] if len(gaps) >= _FEWEST else float("inf")
    return [gap > 1.18 * usual for gap in down]


def _spaced(lines: Sequence[Placed]) -> list[bool] | None:
    """Entry starts by the space above them; None where lines stand evenly."""
    wide = _wide_above(lines)
    if not 0.08 <= sum(wide) / max(1, len(lines)) <= 0.72:
        return None
    begins = [at == 0 or _column(lines[at - 1]) != _column(placed) for at, placed in enumerate(lines)]
    return [
        wide[at]
        or (begins[at] and _AUTHOR_START.match(placed.line.text) is not None and (at == 0 or _ends(lines[at - 1])))
        for at, placed in enumerate(lines)
    ]


def _ends(placed: Placed) -> bool:
    return placed.line.text.rstrip().endswith((".", "]", ")", ".”")) or bool(_YEAR.search(placed.line.text[-8:]))


def _plain(lines: Sequence[Placed]) -> list[bool]:
    """Entry starts where the line before closes an entry and this one begins with a name."""
    starts: list[bool] = []
    has_year = False
    for at, placed in enumerate(lines):
        before = lines[at - 1] if at else None
        closed = before is None or before.line.text.rstrip().endswith(".")
        down = placed.line.baseline - before.line.baseline if before and _column(before) == _column(placed) else 0.0
        apart = down > 1.35 * placed.line.size
        bare = _MISREAD_NUMBER.sub("", placed.line.text)
        numbered = bare != placed.line.text
        begins = closed and (numbered or (bool(_AUTHOR_START.match(bare)) and (has_year or apart or before is None)))
        starts.append(begins)
        has_year = bool(_YEAR.search(placed.line.text)) or (has_year and not begins)
    return starts


_CUES: tuple[Callable[[Sequence[Placed]], list[bool] | None], ...] = (_hanging, _spaced, _plain)


# --------------------------------------------------------------------------------------------------- chains of labels


class Chain:
    """A trained chain.

    Args:
        weights: ``features`` (buckets, labels) in units of ``scale``; ``transitions`` (labels + 1, labels) from label
            to label, the last row to the first thing; ``final`` (labels,) behind the last.
        labels: what a thing can be, in the order of the columns.
    """

    def __init__(self, weights: Mapping[str, NDArray[Any]], *, labels: Sequence[str]) -> None:
        self._emissions: NDArray[np.float32] = weights["features"].astype(np.float32) * weights["scale"]
        self._transitions: NDArray[np.float32] = weights["transitions"].astype(np.float32)
        self._final: NDArray[np.float32] = weights["final"].astype(np.float32)
        self._labels = tuple(labels)

    def labelled(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """The label of each thing, from its features."""
        if not rows:
            return []
        emissions = self._emissions
        scores = np.stack([emissions[hashed(row, buckets=len(emissions))].sum(axis=0) for row in rows])
        reached = scores[0] + self._transitions[-1]
        came_from: list[NDArray[np.int64]] = []
        for row in scores[1:]:
            ways = reached[:, None] + self._transitions[:-1]
            came_from.append(ways.argmax(axis=0))
            reached = ways.max(axis=0) + row
        chain = [int((reached + self._final).argmax())]
        for back in reversed(came_from):
            chain.append(int(back[chain[-1]]))
        return [self._labels[label] for label in reversed(chain)]


@cache
def chain_of(file: str, *, labels: Sequence[str]) -> Chain:
    """The chain whose weights are a file of ``kb/parsing/data``, read once."""
    raw = resources.files("kb.parsing").joinpath(f"data/{file}").read_bytes()
    with np.load(BytesIO(raw)) as weights:
        return Chain(weights, labels=labels)


def hashed(features: Sequence[str], *, buckets: int) -> list[int]:
    """The buckets of a thing's features; there is a power of two of them."""
    return [zlib.crc32(feature.encode()) & (buckets - 1) for feature in features]


# --------------------------------------------------------------------------------------------- words and their fields

FIELDS = ("author", "title", "venue", "year", "number", "pages", "editor", "publisher", "other")
"""What a word of an entry can be of; ``number``: volume and issue."""
_MOST_WORDS = 400  # of an entry: a longer one is no entry
_WORD = re.compile(r"[^\W_]+|[^\w\s]|_")
PRINTED_YEAR = re.compile(r"(?<![\d.:/-])(?:1[5-9]|20)\d\d(?=[a-z]?(?![\d/]))(?:\s?[–-]\s?(?:1[5-9]|20)\d\d(?!\d))?")
PRINTED_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+(?:\s(?=\S*[/.?=]\S*)\S+)?|\bdoi\s?:?\s?10\.\S+|\b10\.\d{4,9}/\S+", re.IGNORECASE
)
_QUOTES = {"“": "”", "„": "“", "«": "»", "‘": "’", '"': '"', "「": "」"}
_BEGIN, _END = " \t.,;:“”\"„’‘'/&–-*", ' \t.,;:“”"„‘/&–-'

FieldRun = tuple[str, int, int]


def words_of(text: str) -> list[tuple[int, int]]:
    """Where the words and signs of a text stand, at most as many as an entry can have."""
    return [match.span() for match in _WORD.finditer(text)][:_MOST_WORDS]


def _shape(word: str) -> str:
    if word.isdigit():
        return f"9{min(len(word), 5)}"
    if not word[0].isalnum():
        return word if word in ".,:;()[]&/-–“”\"'" else "~"
    if any(sign.isdigit() for sign in word):
        return "x9"
    if word[0] >= "\u2e80":
        return "c"
    if len(word) == 1:
        return "A" if word.isupper() else "a"
    if word.isupper():
        return f"AA{min(len(word), 4)}"
    return "Aa" if word[0].isupper() else "aa"


def word_features(text: str, words: Sequence[tuple[int, int]]) -> list[list[str]]:
    """Of each word: itself and its neighbours, their shapes, and where it stands among the signs of the entry."""
    spelt = [text[start:end] for start, end in words]
    low = ["<", "<", *(f"9{len(word)}" if word.isdigit() else word.casefold() for word in spelt), ">", ">"]
    shapes = ["<", "<", "<", *map(_shape, spelt), ">", ">", ">"]
    addressed = {at for match in PRINTED_ADDRESS.finditer(text) for at in range(*match.span())}
    found: list[list[str]] = []
    closing, depth, years, stops, since, last = "", 0, 0, 0, 0, "<"
    for at, (start, _) in enumerate(words):
        word, w, s = spelt[at], low[at : at + 5], shapes[at : at + 7]
        if closing and word == closing:
            closing = ""
        elif not closing and word in _QUOTES and _QUOTES[word] in text[start + 1 :]:
            closing = _QUOTES[word]
        depth += (word in "([") - (at > 0 and spelt[at - 1] in ")]")
        spaced = start > 0 and text[start - 1].isspace()
        after = next((sign for sign in shapes[at + 4 :] if not sign[0].isalnum()), ">")
        place = f"{bool(closing)}{min(max(depth, 0), 1)}{min(years, 1)}"
        of_word = [
            "1", f"w{w[2]}", f"-{w[1]}", f"+{w[3]}", f"={w[0]}", f"#{w[4]}", f"b{w[1]} {w[2]}", f"n{w[2]} {w[3]}",
            f"s{s[3]}{spaced}", f"t{s[2]} {s[3]} {s[4]}", f"l{s[1]} {s[2]} {s[3]}", f"r{s[3]} {s[4]} {s[5]}",
            f"f{s[1]} {s[2]} {s[3]} {s[4]} {s[5]}", f"g{s[0]} {s[1]} {s[2]} {s[3]}", f"h{s[3]} {s[4]} {s[5]} {s[6]}",
            f"e{w[2][-3:]}", f"p{w[2][:3]}", f"d{10 * at // len(words)}", f"a{min(at, 3)}{s[3]}",
            f"q{place}{s[3]}", f"o{place}{last} {after}", f"k{min(stops, 4)}{min(years, 1)}{s[3]}",
            f"y{min(since, 12)}{last}{s[3]}", f"u{start in addressed}", f"m{last}{w[2]}", f"v{after}{s[3]} {last}",
            f"z{len(words) - at if len(words) - at < 6 else 9}{s[3]}", f"c{stops}{place}" if stops < 4 else "c",
        ]  # fmt: skip
        found.append(of_word)
        if _shape(word)[0].isalnum() or word in "'’":
            since += 1
        else:
            last, since = _shape(word), 0
        stops += word == "." and at > 0 and len(spelt[at - 1]) > 1 and not spelt[at - 1].isdigit()
        years += bool(PRINTED_YEAR.fullmatch(word))
    return found


def tagged(text: str, words: Sequence[tuple[int, int]]) -> list[str]:
    """The field of each word."""
    return chain_of("reference_fields.npz", labels=FIELDS).labelled(word_features(text, words))


def imprint_runs(text: str) -> list[FieldRun]:
    """Field, start and end of each run of words of what a first page says of its publication."""
    words = words_of(text)
    chain = chain_of("imprint.npz", labels=FIELDS)
    return field_runs(text, words, chain.labelled(word_features(text, words)))


def field_runs(text: str, words: Sequence[tuple[int, int]], chain: Sequence[str]) -> list[FieldRun]:
    """Field, start and end of each run of words of one field; one that a sign or two interrupt goes on."""
    places = [(name, list(group)) for name, group in groupby(range(len(words)), key=lambda at: chain[at])]
    runs: list[FieldRun] = []
    for name, group in places:
        start, end = words[group[0]][0], words[group[-1]][1]
        last = next((at for at in range(len(runs) - 1, -1, -1) if runs[at][0] == name), None)
        if last is not None and not any(sign.isalnum() for sign in text[runs[last][2] : start]):
            runs[last] = (name, runs[last][1], end)
        else:
            runs.append((name, start, end))
    return sorted(runs, key=lambda run: run[1])


def trimmed(value: str) -> str:
    """A field without the signs that part it from others; a bracket stays where both are there."""
    value = value.lstrip(_BEGIN).rstrip(_END)
    for opened, closed in ("()", "[]"):
        if value.count(opened) > value.count(closed):
            value = value.rstrip(opened).rstrip(_END) if value.endswith(opened) else value
            value = value.lstrip(opened) if value.startswith(opened) else value
        elif value.count(closed) > value.count(opened) and value.endswith(closed):
            value = value[:-1].rstrip(_END)
    return value
