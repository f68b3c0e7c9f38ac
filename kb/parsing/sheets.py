"""Sheets of a file to the paper's pages: text that stands sideways is turned, two pages on one sheet are parted, and
what an archive put before the paper, or another paper behind it, is left out.

Every later step sees upright pages, numbered from 1 in the order in which they are read; ``on_sheets`` puts what was
read of them back to where it stands in the file.

A cover says the title that the first page says again, has no abstract, and is set in type that the paper does not have.
Another paper begins after the references of the first, with a title and an abstract of its own. A supplement begins
there with a title that is set like the paper's.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple

from kb.ids import plain_words
from kb.parsing.frontmatter import run_in_length
from kb.parsing.furniture import edge_numbers, printed_labels
from kb.parsing.glyphs import SOFT_HYPHEN
from kb.parsing.layout import PageLayout, body_style, find_columns
from kb.parsing.page import (
    Frame,
    Graphic,
    OutlineEntry,
    PageText,
    Rectangle,
    TextLine,
    Turn,
    ruled_areas,
    stands_in,
)
from kb.parsing.tables import read_table
from kb.records import Block, Line
from kb.structure import FLOAT_TITLE, float_label, is_abstract, is_references

if TYPE_CHECKING:
    from kb.parsing.pdf import PdfPage

_LONG_ROW = 25  # letters and digits from which on a row may be read
_LEAST_ROWS = 3
_LEAST_HEADS = 3  # that run upwards over the columns of a table
_ONE_HEIGHT = 1.5  # points; what ends nearer ends at one height
_MARGIN = 0.08  # share of a page's width at its sides where stamps stand
_STAMP_GAP = 1.5  # of their type's size: so far stamps stand from the text
_SPREAD = (1.2, 1.75)  # width by height of two pages side by side
_LEAST_LINES = 5  # of each page of a spread
_MIDDLE_GAP = 1.4  # times the gaps between columns: so wide is the gap between two pages


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedSheet:
    """What stands on one page of the file: its upright lines, and the others turned upright (``PageText``)."""

    number: int
    width: float
    height: float
    lines: Sequence[TextLine]
    turned: Mapping[Turn, tuple[TextLine, ...]] = field(default_factory=dict)
    graphics: Sequence[Graphic] = ()

    @classmethod
    def of(cls, page: PdfPage, text: PageText) -> PrintedSheet:
        """A page with its text."""
        return cls(
            number=page.number, width=page.width, height=page.height, lines=text.lines, turned=text.turned,
            graphics=page.graphics(),
        )  # fmt: skip

    def every_line(self) -> Iterator[TextLine]:
        """All lines, upright or not."""
        return chain(self.lines, *self.turned.values())

    def letters(self) -> int:
        """How many letters and digits stand on it."""
        return sum(char.isalnum() for line in self.every_line() for char in line.text)

    def boxes(self) -> Iterator[Rectangle]:
        """Where the lines stand on the page as it is shown."""
        yield from map(_box, self.lines)
        for turn, lines in self.turned.items():
            frame = Frame.of_page(self.width, self.height, turn)
            yield from (frame.on_page(_box(line)) for line in lines)


@dataclass(slots=True)
class _Part:
    """Lines of a sheet that are read as a page of their own; ``place`` counts printed pages from 0."""

    sheet: PrintedSheet
    frame: Frame
    lines: list[TextLine]
    place: int = 0


class PaperPages(NamedTuple):
    """The pages of the paper that are to be read, and the lines of each; how many lines a cover before it has; the
    title of another paper that follows in the file, and on which page; the lines that are the title of a supplement."""

    layouts: list[PageLayout]
    lines: list[list[TextLine]]
    cover_lines: int = 0
    other: tuple[str, int] | None = None
    supplement: frozenset[TextLine] = frozenset()


def read_pages(sheets: Sequence[PrintedSheet]) -> PaperPages:
    """The pages of the paper in a file. A table that stands sideways on a page is read after that page."""
    parts = [part for sheet in sheets for part in _upright_parts(sheet)]
    parts = _parted(parts)
    place = -1
    for at, part in enumerate(parts):
        before = parts[at - 1] if at else None
        beside = before is not None and before.sheet is part.sheet and before.frame.turn != part.frame.turn
        place += not beside
        part.place = place
    bounds = find_bounds([part.lines for part in parts], [part.frame.height for part in parts])
    found = PaperPages([], [], sum(len(part.lines) for part in parts[: bounds.first]))
    if bounds.other:
        found = found._replace(other=(bounds.other, parts[bounds.end].sheet.number))
    if bounds.supplement:
        at, title = bounds.supplement
        own = frozenset(replace(line, page=at - bounds.first + 1) for line in title)
        found = found._replace(supplement=own)
    for number, part in enumerate(parts[bounds.first : bounds.end], start=1):
        frame = part.frame
        found.layouts.append(
            PageLayout(
                number=number, width=frame.width, height=frame.height, graphics=graphics_in(part.sheet.graphics, frame),
                sheet=part.sheet.number, frame=frame, place=part.place, elsewhere=_elsewhere(part, parts),
            )
        )  # fmt: skip
        moved = number != part.sheet.number
        found.lines.append([replace(line, page=number) for line in part.lines] if moved else part.lines)
    return found


def _elsewhere(part: _Part, parts: Sequence[_Part]) -> tuple[Rectangle, ...]:
    """Where lines of the sheet stand that are turned otherwise."""
    others = [one for one in parts if one.sheet is part.sheet and one.frame.turn != part.frame.turn]
    return tuple(part.frame.inside(one.frame.on_page(_box(line))) for one in others for line in one.lines)


# ----------------------------------------------------------------------------------- where the paper begins and ends

_MOST_COVERS = 2  # pages
_TITLE_WITHIN = 0.6  # of a page's height
_ABSTRACT_WITHIN = 0.75
_LARGER = 1.2  # a title's size, times that of most of the text
_LEAST_WORDS = 3
_LEAST_LETTERS = 12
_SHARED_TYPE = 0.2  # of a cover's letters at most are set in fonts of the paper
_SHARED_TYPE_OF_CITING = 0.5  # the same, where the title stands there more than once: alone, and cited
_NEXT_LINE_SIZES = 1.8
_OF_PAPER = 0.85  # of the size of the paper's title, the title of a supplement has at least
_LARGER_THAN_HEADINGS = 1.08  # times the largest type between the two


class _Title(NamedTuple):
    """The lines of the largest type in the upper part of a page."""

    text: str
    lines: tuple[TextLine, ...]

    @property
    def size(self) -> float:
        """Of its type, in points; 0 where there is no title."""
        return self.lines[0].size if self.lines else 0.0


_NO_TITLE = _Title("", ())


class Bounds(NamedTuple):
    """The paper's pages are ``first`` to before ``end``, from 0; ``other`` is the title that begins after it. On page
    ``supplement`` a supplement begins with lines that are its title."""

    first: int
    end: int
    other: str = ""
    supplement: tuple[int, tuple[TextLine, ...]] | None = None


def find_bounds(lines: Sequence[Sequence[TextLine]], heights: Sequence[float]) -> Bounds:
    """The bounds of the first paper among the pages of a file."""
    upright = [[line for line in of_page if line.upright] for of_page in lines]
    body = _usual_size(upright)
    titles = [_title(of_page, height, body=body) for of_page, height in zip(upright, heights, strict=True)]
    first = _covers(upright, [title.text for title in titles])
    opening = plain_words(" ".join(line.text for line in upright[first])) if upright else ""
    ended, supplement = False, None
    for at in range(first, len(upright)):
        title = titles[at]
        if ended and title.text and plain_words(title.text) not in opening and _has_abstract(upright[at], heights[at]):
            return Bounds(first, at, title.text, supplement)
        if ended and supplement is None and _is_of_part(title, titles[first], upright[first + 1 : at]):
            supplement = (at, title.lines)
        ended = ended or any(is_references(line.text) for line in upright[at])
    return Bounds(first, len(upright), "", supplement)


def _is_of_part(title: _Title, of_paper: _Title, between: Sequence[Sequence[TextLine]]) -> bool:
    """Whether a title is set about as large as the paper's, and larger than the headings between the two."""
    headings = max((line.size for of_page in between for line in of_page if _is_wordy(line)), default=0.0)
    return title.size > max(_OF_PAPER * of_paper.size, _LARGER_THAN_HEADINGS * headings)


def _usual_size(lines: Sequence[Sequence[TextLine]]) -> float:
    sizes: Counter[float] = Counter()
    for line in (line for of_page in lines for line in of_page):
        sizes[round(line.size * 2) / 2] += len(line.text)
    return max(sizes, key=lambda size: (sizes[size], size), default=10.0)


def _is_wordy(line: TextLine) -> bool:
    return len(plain_words(line.text).split()) > 1 or len(line.text) >= _LEAST_LETTERS


def _title(lines: Sequence[TextLine], height: float, *, body: float) -> _Title:
    """What is set in the largest type in the upper part of a page, if it is larger than the text."""
    upper = [line for line in lines if line.y1 < _TITLE_WITHIN * height and line.size > _LARGER * body]
    wordy = [line for line in upper if _is_wordy(line)]
    if not wordy:
        return _NO_TITLE
    size = max(line.size for line in wordy)
    own = sorted((line for line in upper if abs(line.size - size) < 0.5), key=lambda line: line.baseline)
    group = own[:1]
    for line in own[1:]:
        if line.baseline - group[-1].baseline > _NEXT_LINE_SIZES * size:
            break
        group.append(line)
    text = " ".join(line.text.rstrip(SOFT_HYPHEN) for line in group)
    is_long = len(plain_words(text).split()) >= _LEAST_WORDS or sum(map(str.isalpha, text)) >= _LEAST_LETTERS
    return _Title(text, tuple(group)) if is_long and not is_abstract(text) else _NO_TITLE


def _covers(lines: Sequence[Sequence[TextLine]], titles: Sequence[str]) -> int:
    """How many pages stand before the paper's own first page."""
    for count in range(1, min(_MOST_COVERS, len(lines) - 1) + 1):
        title = plain_words(titles[count])
        if title and all(_is_cover(lines[at], title, paper=lines[count:]) for at in range(count)):
            return count
    return 0


def _is_cover(lines: Sequence[TextLine], title: str, *, paper: Sequence[Sequence[TextLine]]) -> bool:
    said = plain_words(" ".join(line.text.rstrip(SOFT_HYPHEN) for line in lines)).count(title)
    if not said or any(is_abstract(line.text) or run_in_length(line) for line in lines):
        return False
    fonts = {line.font for of_page in paper for line in of_page}
    letters = sum(len(line.text) for line in lines)
    shared = sum(len(line.text) for line in lines if line.font in fonts)
    return shared < (_SHARED_TYPE if said == 1 else _SHARED_TYPE_OF_CITING) * letters


def _has_abstract(lines: Sequence[TextLine], height: float) -> bool:
    upper = [replace(line, page=1) for line in lines if line.y0 < _ABSTRACT_WITHIN * height]
    return any(is_abstract(line.text) or run_in_length(line) for line in upper)


# ------------------------------------------------------------------------------------------- sideways text


def _upright_parts(sheet: PrintedSheet) -> list[_Part]:
    """The sheet as it lies, and each text on it that stands otherwise and is more than labels and stamps."""
    whole = _Part(sheet, Frame.of_page(sheet.width, sheet.height), list(sheet.lines))
    parts = [whole]
    upright = sum(map(_weight, sheet.lines))
    for turn, lines in sheet.turned.items():
        frame = Frame.of_page(sheet.width, sheet.height, turn)
        stamps = _stamps(lines, frame) if upright else set()
        own = [line for line in lines if id(line) not in stamps]
        if not _is_read(own, upright=upright) and not _is_captioned_table(own, sheet, frame=frame):
            own, stamps = [], {id(line) for line in lines}
        lying = [_lying(line, frame.on_page(_box(line))) for line in lines if id(line) in stamps]
        heads = _turned_heads(lying, sheet)
        whole.lines += [replace(line, upright=True) if id(line) in heads else line for line in lying]
        if own:
            parts.append(_Part(sheet, frame, own))
    if len(parts) > 1 and not upright:
        parts[1].lines += [_lying(line, parts[1].frame.inside(_box(line))) for line in whole.lines]
        del parts[0]
    return parts


def _box(line: TextLine) -> Rectangle:
    return line.x0, line.y0, line.x1, line.y1


def _weight(line: TextLine) -> int:
    return sum(char.isalnum() for char in line.text) if line.upright else 0


def _is_read(lines: Sequence[TextLine], *, upright: int) -> bool:
    """Whether turned lines are a table with its caption (long rows), or a text: long lines, more words than upright.

    Labels of a figure stand side by side, too, but no line of them is long.
    """
    titled = any(FLOAT_TITLE.match(line.text) and re.search(r"\d|\b[IVX]+\b", line.text) for line in lines)
    if not titled:
        weights = [_weight(line) for line in lines]
        return sum(weight >= _LONG_ROW for weight in weights) >= _LEAST_ROWS and sum(weights) > upright
    rows: dict[int, int] = defaultdict(int)
    for line in lines:
        rows[round(line.baseline / 3)] += _weight(line)
    return sum(weight >= _LONG_ROW // 2 for weight in rows.values()) >= _LEAST_ROWS


def _is_captioned_table(lines: Sequence[TextLine], sheet: PrintedSheet, *, frame: Frame) -> bool:
    """Whether turned lines stand in a grid, on a sheet with the upright caption of a table."""
    captions = [label for line in sheet.lines if line.upright and (label := float_label(line.text))]
    is_there = any(label.kind == "Table" and label.mark for label in captions)
    return is_there and read_table(lines, graphics_in(sheet.graphics, frame)).is_grid


def _turned_heads(lines: Sequence[TextLine], sheet: PrintedSheet) -> set[int]:
    """Of turned lines as they lie, the heads of columns: several that end at one height among the rules of a table."""
    areas = ruled_areas(sheet.graphics) if lines else []
    inside = [line for line in lines if stands_in(line, areas)]
    beside = [sum(abs(other.y1 - line.y1) < _ONE_HEIGHT for other in inside) for line in inside]
    return {id(line) for line, count in zip(inside, beside, strict=True) if count >= _LEAST_HEADS}


def _stamps(lines: Sequence[TextLine], frame: Frame) -> set[int]:
    """Turned lines along the sides of the sheet, apart from all others: of archives, of those who give copies away."""
    down = sorted(lines, key=lambda line: line.y0)
    up = sorted(lines, key=lambda line: -line.y1)
    stamps: set[int] = set()
    for ordered, outer in (
        (down, sum(line.y1 < _MARGIN * frame.height for line in down)),
        (up, sum(line.y0 > (1 - _MARGIN) * frame.height for line in up)),
    ):
        for count in range(1, outer + 1):
            last, inner = ordered[count - 1], ordered[count] if count < len(ordered) else None
            if inner is None or max(inner.y0 - last.y1, last.y0 - inner.y1) > _STAMP_GAP * inner.size:
                stamps |= {id(line) for line in ordered[:count]}
    return stamps


def _lying(line: TextLine, box: Rectangle) -> TextLine:
    """A line that nobody reads, as it lies in ``box``."""
    x0, y0, x1, y1 = box
    words = tuple((start, x0, x1) for start, _, _ in line.words)
    return replace(line, x0=x0, y0=y0, x1=x1, y1=y1, baseline=y1, words=words, upright=False)


# ----------------------------------------------------------------------------------------------- two-up sheets


def _parted(parts: list[_Part]) -> list[_Part]:
    """Sheets on which two printed pages stand side by side, each as its two pages.

    Their form alone does not tell: a page may be wider than high. What tells is that the two halves print numbers
    that follow each other, or that each half has columns of its own which stand closer than the halves.
    """
    halves = [_halves(part) for part in parts]
    spreads = [at for at, pair in enumerate(halves) if pair is not None]
    telling = sum(pair is not None and _are_two_pages(*pair) for pair in halves)
    if not telling or 2 * telling < len(spreads):
        return parts
    return [own for part, pair in zip(parts, halves, strict=True) for own in (pair or (part,))]


def _halves(part: _Part) -> tuple[_Part, _Part] | None:
    """The halves of a sheet that is as wide as two pages, if no line runs from one to the other."""
    width, height = part.frame.width, part.frame.height
    middle = width / 2
    upright = [line for line in part.lines if line.upright]
    if not _SPREAD[0] * height <= width <= _SPREAD[1] * height:
        return None
    if any(line.x0 < middle - line.size and line.x1 > middle + line.size for line in upright):
        return None
    sides = [[line for line in part.lines if (line.x0 + line.x1 < width) == is_left] for is_left in (True, False)]
    if min(sum(line.upright for line in side) for side in sides) < _LEAST_LINES:
        return None
    left = Frame(part.frame.on_page((0.0, 0.0, middle, height)), part.frame.turn)
    right = Frame(part.frame.on_page((middle, 0.0, width, height)), part.frame.turn)
    return _Part(part.sheet, left, sides[0]), _Part(part.sheet, right, [_moved(line, -middle) for line in sides[1]])


def _moved(line: TextLine, by: float) -> TextLine:
    words = tuple((start, x0 + by, x1 + by) for start, x0, x1 in line.words)
    return replace(line, x0=line.x0 + by, x1=line.x1 + by, words=words)


def _are_two_pages(left: _Part, right: _Part) -> bool:
    numbers = edge_numbers(left.lines, left.frame.height)
    if any(number + 1 in edge_numbers(right.lines, right.frame.height) for number in numbers):
        return True
    body = body_style([left.lines, right.lines])
    columns = []
    for side in (left, right):
        page = PageLayout(number=1, width=side.frame.width, height=side.frame.height)
        columns.append(find_columns([line for line in side.lines if line.upright], page=page, body=body))
    if min(map(len, columns)) < 2:
        return False
    inner = max(after[0] - before[1] for side in columns for before, after in pairwise(side))
    return left.frame.width + columns[1][0][0] - columns[0][-1][1] > _MIDDLE_GAP * inner


# ---------------------------------------------------------------------------------------------- there and back


def graphics_in(graphics: Sequence[Graphic], frame: Frame) -> list[Graphic]:
    """The drawn things that lie on a part, as they lie there."""
    found = []
    for graphic in graphics:
        x0, y0, x1, y1 = frame.inside((graphic.x0, graphic.y0, graphic.x1, graphic.y1))
        x0, y0, x1, y1 = max(x0, 0.0), max(y0, 0.0), min(x1, frame.width), min(y1, frame.height)
        if x0 <= x1 and y0 <= y1:
            found.append(replace(graphic, x0=x0, y0=y0, x1=x1, y1=y1))
    return found


def on_sheets(blocks: Iterable[Block], pages: Sequence[PageLayout]) -> tuple[Block, ...]:
    """The blocks with the pages and boxes of the file."""
    same = {page.number for page in pages if page.number == page.sheet and page.is_as_shown}
    moved = []
    for block in blocks:
        if all(line.page in same for line in block.lines):
            moved.append(block)
            continue
        lines = tuple(_on_sheet(line, pages[line.page - 1]) for line in block.lines)
        moved.append(replace(block, page=lines[0].page if lines else block.page, lines=lines))
    return tuple(moved)


def _on_sheet(line: Line, page: PageLayout) -> Line:
    if page.frame is None:
        return line
    frame = page.frame
    x0, y0, x1, y1 = frame.on_page((line.x0, line.y0, line.x1, line.y1))
    if frame.turn:
        words = tuple((start, x0, x1) for start, _, _ in line.words)
    else:
        left = frame.area[0]
        words = tuple((start, left + begin, left + end) for start, begin, end in line.words)
    return replace(line, page=page.sheet, x0=x0, y0=y0, x1=x1, y1=y1, words=words)


def on_pages(outline: Iterable[OutlineEntry], pages: Sequence[PageLayout]) -> list[OutlineEntry]:
    """The outline with the numbers of the pages that are read."""
    first: dict[int, PageLayout] = {}
    for page in pages:
        first.setdefault(page.sheet, page)
    found = []
    for entry in outline:
        own = first.get(entry.page or 0)
        found.append(replace(entry, page=own.number if own else None, y=entry.y if own and own.is_as_shown else None))
    return found


def sheet_labels(pages: Sequence[PageLayout], lines: Sequence[Sequence[TextLine]]) -> tuple[str, ...]:
    """The printed number of each page of the file: "12", or "12–13" where two pages stand on it (else nothing)."""
    printed: dict[int, tuple[Sequence[TextLine], float]] = dict.fromkeys(range(pages[0].place), ((), 1.0))
    for page, of_page in zip(pages, lines, strict=True):
        printed.setdefault(page.place, (of_page, page.height))
    labels = printed_labels([own for own, _ in printed.values()], heights=[height for _, height in printed.values()])
    if not labels:
        return ()
    own: dict[int, dict[str, None]] = defaultdict(dict)
    for page in pages:
        own[page.sheet][labels[page.place]] = None
    return tuple("–".join(own[number]) for number in range(1, max(own) + 1))
