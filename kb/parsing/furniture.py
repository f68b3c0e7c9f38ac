"""What stands on a page without being the paper's text: stamps up the margin, page numbers, running heads and feet."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from kb.bibliographic import MONTHS
from kb.ids import plain_words
from kb.parsing.lines import TextLine
from kb.parsing.page import Rectangle, stands_in
from kb.structure import FLOAT_TITLE

_HEAD_BAND = 0.10  # running heads stand in this share of the page's height, running feet in the next
_FOOT_BAND = 0.09
_WIDE_BAND = 0.18  # so far in, only the outermost row of a page, and only what most pages repeat, is furniture
_SAME_PLACE_POINTS = 4.0
_ROW_POINTS = 2
_MOST_ROWS = 3  # of a running head
_LEAST_WORDS = 3  # of a running head that is known by the first page alone
_LEAST_COUNTING = 3  # pages whose numbers count on
_APART_SIZES = 1.6  # of the type's size: running text is set tighter
_PAGE_NUMBER = re.compile(
    r"^[\s\-–—|]*(?:page\s*)?(?:\d{1,4}|[ivxl]{1,6}|\d{1,4}\s*(?:/|of)\s*\d{1,4})[\s\-–—|]*$", re.IGNORECASE
)
_FIRST_PAGE_FOOT = re.compile(
    r"^(?:Proceedings of|Preprint|Under review|Published as|Accepted|.*\bConference on\b|.*©|Copyright|arXiv:"
    rf"|(?:{'|'.join(MONTHS)})\b.*\d{{4}})",
    re.IGNORECASE,
)


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
            else:
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


def printed_labels(lines: Sequence[Sequence[TextLine]], *, heights: Sequence[float]) -> tuple[str, ...]:
    """The number that each page prints at its head or foot, as far as it counts on with the pages; else nothing.

    Three pages at least must agree, and most of those that print a number there. A page between them that prints none
    (a first page, a plate) is counted too.
    """
    offsets: Counter[int] = Counter()
    for at, (of_page, height) in enumerate(zip(lines, heights, strict=True)):
        offsets.update({number - at for number in edge_numbers(of_page, height)})
    offset, agreeing = offsets.most_common(1)[0] if offsets else (0, 0)
    if agreeing < max(_LEAST_COUNTING, len(lines) / 2) or offset < 0:
        return ()
    return tuple(str(offset + at) for at in range(len(lines)))


def edge_numbers(lines: Sequence[TextLine], height: float) -> set[int]:
    """The numbers at the head and foot of a page: at the end of a running head, alone, or alone between dashes."""
    upright = [line for line in lines if line.upright]
    words = [line.text.split() for _, line in [*_band_lines(upright, height), *_outer_rows(upright, height)]]
    ends = {word.strip("-–—|.") for row in words for word in (row[:1] + row[-1:] + row[1:2] * (len(row) == 3))}
    return {int(word) for word in ends if word.isascii() and word.isdigit() and len(word) <= 5}


def _heads_of_title(lines: Sequence[Sequence[TextLine]], heights: Sequence[float]) -> set[int]:
    """Rows at the head of later pages that say again what stands at the top of the first: title or authors."""
    if not lines:
        return set()
    opening = plain_words(" ".join(line.text.rstrip("\xad") for line in lines[0] if line.y1 < 0.5 * heights[0]))
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
