"""What stands on a page without being the paper's text: stamps up the margin, page numbers, running heads and feet, the
imprint of a first page (who holds the rights, under which numbers it is sold), and the numbers of lines.

Versions for review print numbers beside their lines: in the margin or the gutter, in a strip of their own, counting on
from line to line. They are taken out of the glyphs, before anything reads the lines.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from kb.bibliographic import MONTHS
from kb.ids import plain_words
from kb.parsing.glyphs import SOFT_HYPHEN, Glyph
from kb.parsing.page import Rectangle, TextLine, stands_in
from kb.structure import FLOAT_TITLE

if TYPE_CHECKING:
    pass

_HEAD_BAND = 0.10  # running heads stand in this share of the page's height, running feet in the next
_FOOT_BAND = 0.09
_WIDE_BAND = 0.18  # so far in, only the outermost row of a page, and only what most pages repeat, is furniture
_SAME_PLACE_POINTS = 4.0
_ROW_POINTS = 2
_MOST_ROWS = 3  # of a running head
_LEAST_WORDS = 3  # of a running head that is known by the first page alone
_LEAST_COUNTING = 3  # pages whose numbers count on
_LEAST_MARKED = 2  # the same, where no other number looks so: "S3", "iv"
_NUMBER_OF_PAGE = re.compile(r"(?P<prefix>(?:[A-Z]-?)?)(?P<number>\d{1,5})", re.ASCII)
_ROMAN_SIGNS = ((50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_ROMAN = frozenset("lxvi")
_APART_SIZES = 1.6  # of the type's size: running text is set tighter
_PAGE_NUMBER = re.compile(
    r"^[\s\-–—|]*(?:page\s*)?(?:\d{1,4}|[ivxl]{1,6}|\d{1,4}\s*(?:/|of)\s*\d{1,4})[\s\-–—|]*$", re.IGNORECASE
)
_FIRST_PAGE_FOOT = re.compile(
    r"^(?:Proceedings of|Preprint|Under review|Published as|Accepted|.*\bConference on\b|.*©|Copyright|arXiv:"
    rf"|(?:{'|'.join(MONTHS)})\b.*\d{{4}})",
    re.IGNORECASE,
)


_IMPRINT_PAGES = 2  # a cover, or a title page, may stand before
_SMALL_PRINT = 0.95  # of the size of most of the text
_CLOSE_SIZES = 1.45  # of the type's size between the baselines of one piece of small print
_LOOSE_SIZES = 1.75  # the same, where it is set loosely throughout
_MOST_SMALL_PRINT = 16  # lines
_RIGHTS = re.compile(
    r"©|\(c\)\s*(?:19|20)\d\d|^Copyright\b|\bCopyright (?:19|20)\d\d|All rights reserved|Creative Commons|\bCC[ -]BY\b"
    r"|creativecommons\.org|\b\d{4}-\d{3}[\dX]\s?/|\bISSN\b|\bISBN\b|\b97[89]-[\d-]{10,}",
    re.IGNORECASE,
)
_ADDRESS_LINE = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:?\s*)10\.\d{4,9}/\S+$", re.IGNORECASE)
_DATE = rf"(?:{'|'.join(MONTHS)})\w*\.? \d{{1,2}},? \d{{4}}|\d{{1,2}}\.? (?:{'|'.join(MONTHS)})\w* \d{{4}}"
_DATE_LINE = re.compile(rf"^[^\W\d_]+:\s*(?:{_DATE})$", re.IGNORECASE)


def find_furniture(
    lines: Sequence[Sequence[TextLine]], *, heights: Sequence[float], tables: Sequence[Sequence[Rectangle]] = ()
) -> set[int]:
    """``id`` of each line that is no text of the paper.

    Args:
        lines: of each page, in any order.
        heights: of the pages, in points.
        tables: areas of each page where rules make a table: its head is no running head.
    """
    found = {id(line) for of_page in lines for line in of_page if not line.upright}
    upright = [
        [line for line in of_page if line.upright and not stands_in(line, areas)]
        for of_page, areas in zip(lines, tables or [()] * len(lines), strict=True)
    ]
    found |= _in_the_bands(upright, heights)
    for _ in range(_MOST_ROWS):  # heads of several rows: the next one is outermost when the first is taken off
        left = [[line for line in of_page if id(line) not in found] for of_page in upright]
        if not (more := _repeated_rows(left, heights)):
            break
        found |= more
    found |= _counting_numbers(upright, heights)
    found |= _heads_of_title(upright, heights)
    found |= _rest_of_rows(upright, heights, found)
    found |= _imprint([[line for line in of_page if line.upright] for of_page in lines[:_IMPRINT_PAGES]])
    every = [line for of_page in upright for line in of_page]
    kept = sum(len(line.text) for line in every if id(line) not in found)
    if kept < 0.1 * sum(len(line.text) for line in every):
        found -= {id(line) for line in every}  # heads and feet of nothing are the text
    return found


def _in_the_bands(lines: Sequence[Sequence[TextLine]], heights: Sequence[float]) -> set[int]:
    """Page numbers in head and foot, feet of a first page, and what another page has at the same place."""
    found: set[int] = set()
    repeated: dict[tuple[str, str], list[tuple[int, float, int]]] = defaultdict(list)
    for at, (of_page, height) in enumerate(zip(lines, heights, strict=True)):
        for band, line in _band_lines(of_page, height):
            first_foot = at == 0 and band == "foot" and _FIRST_PAGE_FOOT.match(line.text)
            if _PAGE_NUMBER.match(line.text) or first_foot:
                found.add(id(line))
            elif not FLOAT_TITLE.match(line.text):  # of a float that goes on over pages
                repeated[band, _masked(line)].append((at, line.baseline, id(line)))
    for places in repeated.values():
        for at, baseline, identity in places:
            if any(other != at and abs(there - baseline) < _SAME_PLACE_POINTS for other, there, _ in places):
                found.add(identity)
    return found


def _band_lines(lines: Sequence[TextLine], height: float) -> list[tuple[str, TextLine]]:
    top = sorted((line for line in lines if line.y1 < _HEAD_BAND * height), key=lambda line: line.y0)
    bottom = sorted((line for line in lines if line.y0 > (1 - _FOOT_BAND) * height), key=lambda line: -line.y0)
    return [("head", line) for line in top[:4]] + [("foot", line) for line in bottom[:6]]


def _outer_rows(lines: Sequence[TextLine], height: float) -> Iterator[tuple[str, TextLine]]:
    """The lines of the highest and of the lowest row, where they are near the page's edge and apart from the text."""
    rows = {round(line.baseline) for line in lines}
    for line in lines:
        if _WIDE_BAND * height <= line.y1 and line.y0 <= (1 - _WIDE_BAND) * height:
            continue  # far from both edges
        apart, row = _APART_SIZES * line.size, round(line.baseline)
        above = [row - other for other in rows if other < row - _ROW_POINTS]
        below = [other - row for other in rows if other > row + _ROW_POINTS]
        if not above and line.y1 < _WIDE_BAND * height and min(below, default=apart) >= apart:
            yield "head", line
        elif not below and line.y0 > (1 - _WIDE_BAND) * height and min(above, default=apart) >= apart:
            yield "foot", line


def _repeated_rows(lines: Sequence[Sequence[TextLine]], heights: Sequence[float]) -> set[int]:
    """Outermost rows that at least two pages, and a quarter of them, have at the same place."""
    repeated: dict[tuple[str, str, int], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for at, (of_page, height) in enumerate(zip(lines, heights, strict=True)):
        for band, line in _outer_rows(of_page, height):
            words = sum(char.isalpha() for char in line.text) >= 3
            if words and not FLOAT_TITLE.match(line.text):  # of a float that goes on over pages
                repeated[band, _masked(line), round(line.baseline / _SAME_PLACE_POINTS)][at].append(id(line))
    least = max(2, len(lines) / 4)
    often = [places for places in repeated.values() if len(places) >= least]
    return {identity for places in often for of_page in places.values() for identity in of_page}


def _counting_numbers(lines: Sequence[Sequence[TextLine]], heights: Sequence[float]) -> set[int]:
    """Numbers alone in an outermost row that count on with the pages."""
    numbers: list[tuple[int, int]] = []
    for at, (of_page, height) in enumerate(zip(lines, heights, strict=True)):
        rows = list(_outer_rows(of_page, height))
        for band, line in rows:
            if line.text.isdigit() and sum(other == band for other, _ in rows) == 1:
                numbers.append((int(line.text) - at, id(line)))
    usual = Counter(offset for offset, _ in numbers)
    return {identity for offset, identity in numbers if usual[offset] >= 2 or offset == 1}


class _Counted(NamedTuple):
    """A way in which pages are counted: what stands before the number, its numerals, and the number less the page's
    place."""

    prefix: str
    is_roman: bool
    offset: int

    def label(self, at: int) -> str:
        """What the page at this place, from 0, prints; "" before the first."""
        number = self.offset + at
        return "" if number < 1 else self.prefix + (_roman(number) if self.is_roman else str(number))


def printed_labels(lines: Sequence[Sequence[TextLine]], *, heights: Sequence[float]) -> tuple[str, ...]:
    """The number that each page prints at its head or foot, as far as it counts on with the pages; else nothing.

    Three pages at least must count alike, and most of those of the file in one way or another: "iv", "12", "S3". A page
    between them that prints none (a first page, a plate) is counted too; "" stands for one that nothing tells of.
    """
    ways = [_ways_of(of_page, height, at) for at, (of_page, height) in enumerate(zip(lines, heights, strict=True))]
    agreeing = Counter(way for of_page in ways for way in of_page)
    told: list[_Counted | None] = []
    for of_page in ways:
        best = max(of_page, key=lambda way: (agreeing[way], way), default=None)
        least = _LEAST_MARKED if best is not None and (best.prefix or best.is_roman) else _LEAST_COUNTING
        told.append(best if best is not None and agreeing[best] >= least else None)
    if sum(way is not None for way in told) < max(_LEAST_COUNTING, len(lines) / 2):
        return ()
    for at in range(len(told)):  # a page without a number goes with those before it, or opens those behind it
        if told[at] is None:
            behind = next((way for way in told[at:] if way is not None), None)
            before = told[at - 1] if at else None
            opens = behind is not None and (before is None or behind.offset + at >= 1)
            told[at] = behind if opens and behind is not None and behind.label(at) else before
    return tuple(way.label(at) if way is not None else "" for at, way in enumerate(told))


def _ways_of(lines: Sequence[TextLine], height: float, at: int) -> set[_Counted]:
    """The ways of counting in which what stands at the edges of a page may be its number."""
    found: set[_Counted] = set()
    for word in _edge_words(lines, height):
        if match := _NUMBER_OF_PAGE.fullmatch(word):
            found.add(_Counted(match["prefix"], False, int(match["number"]) - at))
        elif (number := _roman_number(word)) is not None:
            found.add(_Counted("", True, number - at))
    return {way for way in found if way.is_roman or way.prefix or way.offset >= 0 or way.offset + at >= 1}


def _roman(number: int) -> str:
    text = ""
    for value, sign in _ROMAN_SIGNS:
        text += sign * (number // value)
        number %= value
    return text


def _roman_number(word: str) -> int | None:
    """The number that small Roman numerals stand for, up to 89; None for other words."""
    return next((number for number in range(1, 90) if _roman(number) == word), None) if set(word) <= _ROMAN else None


def _rest_of_rows(lines: Sequence[Sequence[TextLine]], heights: Sequence[float], found: set[int]) -> set[int]:
    """What stands in the row of a head or foot that is known, or alone where other pages have one."""
    strips: Counter[tuple[str, int]] = Counter()
    rows: list[list[tuple[str, list[TextLine]]]] = []
    for of_page, height in zip(lines, heights, strict=True):
        text = {round(line.baseline) for line in of_page if id(line) not in found}
        of_rows: dict[int, list[TextLine]] = defaultdict(list)
        for line in of_page:
            of_rows[round(line.baseline / _ROW_POINTS)].append(line)
        rows.append([])
        for row in of_rows.values():
            at, apart = round(row[0].baseline), _APART_SIZES * max(line.size for line in row)
            away = [other - at for other in text if abs(other - at) > _ROW_POINTS]
            band = "head" if min(away, default=1) > 0 else "foot" if max(away) < 0 else ""
            share = row[0].y1 / height if band == "head" else 1 - row[0].y0 / height
            if band and share < _WIDE_BAND and min(map(abs, away), default=apart) >= apart:
                rows[-1].append((band, row))
                if any(id(line) in found for line in row):
                    strips[band, round(at / _SAME_PLACE_POINTS)] += 1
    least = max(2, len(lines) / 3)
    more: set[int] = set()
    for of_rows_found in rows:
        for band, row in of_rows_found:
            place = round(row[0].baseline) / _SAME_PLACE_POINTS
            known = any(id(line) in found for line in row)
            usual = max(strips[band, math.floor(place)], strips[band, math.ceil(place)]) >= least
            if (known or usual) and not any(FLOAT_TITLE.match(line.text) for line in row):
                more |= {id(line) for line in row}
    return more


def _imprint(lines: Sequence[Sequence[TextLine]]) -> set[int]:
    """Small print that says who holds the rights: a line of it and what goes on below it; and the lines that are
    nothing but the paper's address or a date."""
    sizes: Counter[float] = Counter()
    for line in (line for of_page in lines for line in of_page):
        sizes[line.size] += len(line.text)
    body = max(sizes, key=lambda size: (sizes[size], size), default=10.0)
    found: set[int] = set()
    for of_page in lines:
        small = [line for line in of_page if line.size < _SMALL_PRINT * body]
        for line in small:
            if _ADDRESS_LINE.match(line.text) or _DATE_LINE.match(line.text):
                found.add(id(line))
            elif _RIGHTS.search(line.text) and not line.runs[0].raised:
                found |= {id(one) for one in _small_print(line, small)}
    return found


def _small_print(line: TextLine, small: Sequence[TextLine]) -> list[TextLine]:
    """A line of small print with those of its paragraph above it and all that stands close below it."""
    column = [one for one in small if abs(one.size - line.size) < 0.3 and min(one.x1, line.x1) > max(one.x0, line.x0)]
    column.sort(key=lambda one: one.baseline)
    right = max(one.x1 for one in column)
    own = [line]
    step = _CLOSE_SIZES * line.size
    for one in (one for one in column if one.baseline > line.baseline + 1):
        down = one.baseline - own[-1].baseline
        if len(own) == 1 and down < _LOOSE_SIZES * line.size:
            step = max(step, 1.1 * down)
        if down > step or one.runs[0].raised:
            break
        own.append(one)
    for one in (one for one in reversed(column) if one.baseline < line.baseline - 1):
        is_full = one.x1 > right - 3 * one.size and not one.text.endswith(".")
        if not is_full or own[0].baseline - one.baseline > _CLOSE_SIZES * line.size or len(own) >= _MOST_SMALL_PRINT:
            break
        own.insert(0, one)
    return own if own[0] is line or not own[0].runs[0].raised else [one for one in own if one.baseline >= line.baseline]


def edge_numbers(lines: Sequence[TextLine], height: float) -> set[int]:
    """The numbers at the head and foot of a page: at an end of a running head, or among few words ("Page 2 of 9")."""
    return {int(word) for word in _edge_words(lines, height) if word.isascii() and word.isdigit() and len(word) <= 5}


def _edge_words(lines: Sequence[TextLine], height: float) -> set[str]:
    upright = [line for line in lines if line.upright]
    words = [line.text.split() for _, line in [*_band_lines(upright, height), *_outer_rows(upright, height)]]
    return {word.strip("-–—|.") for row in words for word in (row if len(row) <= 4 else row[:1] + row[-1:])}


def _heads_of_title(lines: Sequence[Sequence[TextLine]], heights: Sequence[float]) -> set[int]:
    """Rows at the head of later pages that say again what stands at the top of the first: title or authors."""
    if not lines:
        return set()
    opening = plain_words(" ".join(line.text.rstrip(SOFT_HYPHEN) for line in lines[0] if line.y1 < 0.5 * heights[0]))
    found: set[int] = set()
    for of_page, height in zip(lines[1:], heights[1:], strict=True):
        row = [
            line for band, line in _outer_rows(of_page, height) if band == "head" and not FLOAT_TITLE.match(line.text)
        ]
        texts = [plain_words(line.text) for line in row]
        if any(len(text.split()) >= _LEAST_WORDS and text in opening for text in texts):
            found |= {id(line) for line in row}
    return found


def _masked(line: TextLine) -> str:
    return re.sub(r"\d+", "#", line.text.casefold())


# --------------------------------------------------------------------------------------------------- numbers of lines

_MAX_DIGITS = 4
_DIGITS = frozenset("0123456789")
_ALIGNED_POINTS = 1.5
_MIN_NUMBERS = 8
_APART_EM = 0.6
_COUNTING_SHARE = 0.9  # of neighbours that count on by the usual step
_STEPS = (1, 2, 5, 10)
_ALONG_SHARE = 0.4  # of the height of the page's text
_BESIDE_POINTS = 150.0
_CELL_GAP_EM = 1.5  # between cells of a row
_DENSE_SHARE = 0.55  # numbers for each line beside them
_MAX_STRANGERS = 0.02  # share of the page's other signs that may stand in the strip


class _Number(NamedTuple):
    value: int
    places: tuple[int, ...]  # indexes of its glyphs
    x0: float
    x1: float
    baseline: float


def without_line_numbers(glyphs: Sequence[Glyph | None]) -> tuple[list[Glyph | None], int]:
    """The glyphs without line numbers, and how many numbers were taken out. Where one stood, a line ends."""
    numbers = _numbers(glyphs)
    if len(numbers) < _MIN_NUMBERS:
        return list(glyphs), 0
    signs = [(at, (glyph.x0 + glyph.x1) / 2) for at, glyph in enumerate(glyphs) if glyph and not glyph.text.isspace()]
    gone: set[int] = set()
    taken = 0
    strips = _strips(numbers, by_left_edge=True) + _strips(numbers, by_left_edge=False)
    for strip in sorted(strips, key=len, reverse=True):
        own = {place for number in strip for place in number.places}
        if own & gone:
            continue
        x0, x1 = min(n.x0 for n in strip), max(n.x1 for n in strip)
        strangers = sum(x0 - 1 <= x <= x1 + 1 for at, x in signs if at not in own and at not in gone)
        alone = strangers <= _MAX_STRANGERS * len(signs)
        counts = alone and _counts_on(strip) and _goes_along(strip, glyphs) and _is_dense(strip, glyphs)
        if counts and not _is_column(strip, glyphs):
            gone |= own
            taken += len(strip)
    if not gone:
        return list(glyphs), 0
    return [None if at in gone else glyph for at, glyph in enumerate(glyphs)], taken


def _numbers(glyphs: Sequence[Glyph | None]) -> list[_Number]:
    """Numbers of up to four digits that stand free on both sides."""
    runs: list[list[int]] = []
    for at, glyph in enumerate(glyphs):
        if glyph is None or glyph.text not in _DIGITS or not glyph.style.upright:
            continue
        before = glyphs[at - 1] if runs and runs[-1][-1] == at - 1 else None
        if before is not None and _touches(before, glyph):
            runs[-1].append(at)
        else:
            runs.append([at])
    return [number for run in runs if (number := _number(glyphs, run)) and _stands_free(glyphs, run)]


def _stands_free(glyphs: Sequence[Glyph | None], run: Sequence[int]) -> bool:
    first, last = glyphs[run[0]], glyphs[run[-1]]
    before = glyphs[run[0] - 1] if run[0] else None
    after = glyphs[run[-1] + 1] if run[-1] + 1 < len(glyphs) else None
    if first is None or last is None or (before is not None and _touches(before, first)):
        return False
    free = after is None or after.text.isspace() or not _touches(last, after)
    return free and _stands_apart(glyphs, run)


def _is_dense(strip: Sequence[_Number], glyphs: Sequence[Glyph | None]) -> bool:
    """Whether the numbers count the lines beside them: those of a list of references count entries of several lines."""
    x0, x1 = min(number.x0 for number in strip), max(number.x1 for number in strip)
    top, low = strip[0].baseline - 1, strip[-1].baseline + 1
    inked = [glyph for glyph in glyphs if glyph and not glyph.text.isspace() and top <= glyph.baseline <= low]
    right = {round(glyph.baseline / 3) for glyph in inked if x1 < glyph.x0 < x1 + _BESIDE_POINTS}
    left = {round(glyph.baseline / 3) for glyph in inked if x0 - _BESIDE_POINTS < glyph.x0 < x0 - 1}
    beside = len(right or left)
    return strip[-1].value - strip[0].value + 1 >= _DENSE_SHARE * beside


def _is_column(strip: Sequence[_Number], glyphs: Sequence[Glyph | None]) -> bool:
    """Whether the numbers are the first column of a table: most of the rows beside them have wide gaps, too."""
    x1, low, high = max(number.x1 for number in strip), strip[0].baseline - 1, strip[-1].baseline + 1
    rows: dict[int, list[Glyph]] = defaultdict(list)
    for glyph in glyphs:
        near = glyph and x1 < glyph.x0 < x1 + _BESIDE_POINTS and low <= glyph.baseline <= high
        if glyph and near and not glyph.text.isspace():
            rows[round(glyph.baseline / 3)].append(glyph)
    gapped = 0
    for row in rows.values():
        row.sort(key=lambda glyph: glyph.x0)
        gapped += any(after.x0 - one.x1 > _CELL_GAP_EM * one.style.size for one, after in pairwise(row))
    return 2 * gapped > len(rows) > 0


def _touches(left: Glyph, right: Glyph) -> bool:
    if left.text.isspace():
        return False
    gap = right.x0 - left.x1
    return abs(left.baseline - right.baseline) < 0.5 and -0.3 * right.style.size < gap < 0.3 * right.style.size


def _stands_apart(glyphs: Sequence[Glyph | None], places: Sequence[int]) -> bool:
    """Whether what is painted before and after on the same baseline is more than a blank away."""
    first, last = glyphs[places[0]], glyphs[places[-1]]
    for neighbour in (_inked(glyphs, range(places[0] - 1, -1, -1)), _inked(glyphs, range(places[-1] + 1, len(glyphs)))):
        if neighbour is None or first is None or last is None or abs(neighbour.baseline - first.baseline) > 0.5:
            continue
        gap = max(first.x0 - neighbour.x1, neighbour.x0 - last.x1)
        if gap < _APART_EM * first.style.size:
            return False
    return True


def _inked(glyphs: Sequence[Glyph | None], places: range) -> Glyph | None:
    for at in places:
        glyph = glyphs[at]
        if glyph is None or not glyph.text.isspace():
            return glyph
    return None


def _number(glyphs: Sequence[Glyph | None], places: Sequence[int]) -> _Number | None:
    digits = [glyph for at in places if (glyph := glyphs[at]) is not None]
    if not digits or len(digits) > _MAX_DIGITS:
        return None
    x0, x1 = min(glyph.x0 for glyph in digits), max(glyph.x1 for glyph in digits)
    return _Number(int("".join(glyph.text for glyph in digits)), tuple(places), x0, x1, digits[0].baseline)


def _strips(numbers: Sequence[_Number], *, by_left_edge: bool) -> list[list[_Number]]:
    """Numbers that are aligned below each other at their left or right edge."""
    edged = sorted(((n.x0 if by_left_edge else n.x1, n) for n in numbers), key=lambda pair: pair[0])
    strips: list[list[tuple[float, _Number]]] = []
    for edge, number in edged:
        if strips and edge - strips[-1][0][0] <= _ALIGNED_POINTS:
            strips[-1].append((edge, number))
        else:
            strips.append([(edge, number)])
    enough = [[number for _, number in strip] for strip in strips if len(strip) >= _MIN_NUMBERS]
    return [sorted(strip, key=lambda number: number.baseline) for strip in enough]


def _counts_on(strip: Sequence[_Number]) -> bool:
    steps = [after.value - before.value for before, after in pairwise(strip)]
    return any(steps.count(step) >= _COUNTING_SHARE * len(steps) for step in _STEPS)


def _goes_along(strip: Sequence[_Number], glyphs: Sequence[Glyph | None]) -> bool:
    """Whether the numbers accompany the page's text or go on from another page: those of a short list do neither."""
    if strip[0].value > _STEPS[-1]:
        return True
    baselines = [glyph.baseline for glyph in glyphs if glyph is not None]
    along = strip[-1].baseline - strip[0].baseline
    return along >= _ALONG_SHARE * (max(baselines) - min(baselines))
