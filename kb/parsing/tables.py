"""Tables: the words of a float to rows and columns.

Columns are found from the words' places over all rows at once, since one row alone cannot tell a blank from a gap
between columns: narrow pieces first, each joining the column that it stands over; a wide piece that stands over
columns which other rows keep apart spans them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from statistics import median

from kb.parsing.lines import TextLine
from kb.parsing.page import Graphic
from kb.records import Line

BETWEEN = " | "
_ROW_EM = 0.4  # baselines that are nearer are of one row
_BLANK_EM = 0.55  # a wider gap parts two pieces
_THIN_EM = 0.2  # between two numbers already this one does
_TIGHT_EM = 0.38  # as does this one where each part then has a column of its own
_OVER_EM = 0.15  # pieces that share less of the line do not stand over each other
_SLACK_POINTS = 2.0  # that a column may reach beyond the rule above it
_CENTRED = 0.05  # share of the width
_HALF_STEP = 0.75  # of the usual distance of two rows: what is nearer is a cell that spans rows, set between them
_MOST_COLUMNS = 100
_LEAST_ROWS = 3  # of a table that has no caption
_NUMBER = re.compile(r"[(\[<>≤≥~≈±+−–-]*[$€£#]?\d[\d.,:/]*(?:[eE][+−-]?\d+)?[%‰°xX×KMBkms]*[)\]*†‡↑↓,]*")
_NOTHING = re.compile(r"[-–—−]|[nN]/[aA]")


@dataclass(slots=True)
class _Piece:
    """Words that stand together in one row: their text, place and the line that each is of."""

    words: list[tuple[str, float, float, TextLine]]
    x0: float
    x1: float
    first: int = 0  # the columns that it stands in
    last: int = 0
    heads: tuple[float, float] | None = None  # what it is the heading of, where a rule says so

    @property
    def text(self) -> str:
        return " ".join(word[0] for word in self.words)

    @property
    def is_number(self) -> bool:
        return _is_number(self.text)

    def take(self, other: _Piece) -> None:
        """Go on with the words of another piece."""
        self.words += other.words
        self.x1 = max(self.x1, other.x1)


@dataclass(slots=True)
class _Row:
    baseline: float
    size: float
    pieces: list[_Piece] = field(default_factory=list)


@dataclass(slots=True)
class _Column:
    x0: float
    x1: float
    rows: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTable:
    """``text``: a row on each line, " | " between cells, empty ones included; a cell that spans several columns stands
    in the first. ``spans``: the place of each cell on the page. ``header_rows``: rows that name the columns.
    ``is_grid``: whether the cells alone show that it is a table."""

    text: str
    spans: tuple[Line, ...]
    header_rows: int
    is_grid: bool


def read_table(lines: Sequence[TextLine], rules: Sequence[Graphic] = ()) -> ReadTable:
    """Rows and columns of a float's lines.

    Args:
        lines: upright lines of one float, in any order.
        rules: thin horizontal lines of the page; those within the table part its rows.
    """
    rules = [rule for rule in rules if rule.kind == "path" and rule.y1 - rule.y0 < 2]
    rows = _rows(lines)
    _find_headings(rows, rules)
    columns = _columns(rows)
    _place(rows, columns)
    heights = _heights(rules, rows)
    rows = _whole_rows(rows, heights)
    text, spans = _written(rows, len(columns))
    return ReadTable(
        text=text, spans=spans, header_rows=_header_rows(rows, heights), is_grid=_is_grid(rows, len(columns))
    )


def _rows(lines: Sequence[TextLine]) -> list[_Row]:
    rows: list[_Row] = []
    for line in sorted(lines, key=lambda line: (line.baseline, line.x0)):
        if not rows or line.baseline - rows[-1].baseline > _ROW_EM * max(line.size, rows[-1].size):
            rows.append(_Row(line.baseline, line.size))
        words = [_Piece([word], word[1], word[2]) for word in _words(line)]
        rows[-1].pieces += words
    for row in rows:
        row.pieces = _pieces(row)
    return [row for row in rows if row.pieces]


def _words(line: TextLine) -> list[tuple[str, float, float, TextLine]]:
    """What blanks part; raised marks stay with their word."""
    starts = [start for start, _, _ in line.words] + [len(line.text)]
    words: list[tuple[str, float, float, TextLine]] = []
    glued = False
    for (start, x0, x1), end in zip(line.words, starts[1:], strict=True):
        text = line.text[start:end].replace("\xad", "-")
        if glued and words:
            before = words[-1]
            words[-1] = (before[0] + text.rstrip(), min(before[1], x0), max(before[2], x1), line)
        else:
            words.append((text.strip(), x0, x1, line))
        glued = not text[-1:].isspace()
    return words


def _pieces(row: _Row) -> list[_Piece]:
    """The words of a row, joined where no more than a blank is between them."""
    return _merged(sorted(row.pieces, key=lambda word: word.x0), lambda last, word: _is_one(last, word, size=row.size))


def _merged(pieces: Iterable[_Piece], goes_on: Callable[[_Piece, _Piece], bool]) -> list[_Piece]:
    """Each piece taken into the one before where that goes on with it."""
    merged: list[_Piece] = []
    for piece in pieces:
        if merged and goes_on(merged[-1], piece):
            merged[-1].take(piece)
        else:
            merged.append(piece)
    return merged


def _is_one(piece: _Piece, word: _Piece, *, size: float) -> bool:
    gap = word.x0 - piece.x1
    both = _is_number(piece.words[-1][0]) and word.is_number and word.text[0] not in "([±"
    return gap <= (_THIN_EM if both else _BLANK_EM) * size


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text.replace(" ", "")) is not None or _NOTHING.fullmatch(text) is not None


# --------------------------------------------------------------------------------------------- columns


def _find_headings(rows: Sequence[_Row], rules: Sequence[Graphic]) -> None:
    """A cell alone over a rule that has several below it heads all of these, wherever it stands over the rule."""
    for row, below in pairwise(rows):
        for rule in rules:
            if row.baseline - 1 < rule.y0 < below.baseline - _ROW_EM * below.size:
                over, under = (
                    [piece for piece in one.pieces if rule.x0 < (piece.x0 + piece.x1) / 2 < rule.x1]
                    for one in (row, below)
                )
                if len(over) == 1 < len(under):
                    over[0].heads = (rule.x0 - _SLACK_POINTS, rule.x1 + _SLACK_POINTS)


def _columns(rows: Sequence[_Row]) -> list[_Column]:
    """The columns from left to right."""
    pieces = [(number, row.size, one) for number, row in enumerate(rows) for one in row.pieces if one.heads is None]
    placed = [(one.x1 - one.x0, number, one, size) for number, size, one in pieces]
    placed.sort(key=lambda one: (one[0], one[1], one[2].x0))
    columns: list[_Column] = []
    wide: list[tuple[_Piece, float]] = []
    for _, number, piece, size in placed:
        over = [column for column in columns if _overlap(column, piece) > _OVER_EM * size]
        if len(over) > 1:
            wide.append((piece, size))
        elif over:
            over[0].x0, over[0].x1 = min(over[0].x0, piece.x0), max(over[0].x1, piece.x1)
            over[0].rows.add(number)
        elif len(columns) < _MOST_COLUMNS:
            columns.append(_Column(piece.x0, piece.x1, {number}))
    columns.sort(key=lambda column: column.x0)
    # A line across all columns is a heading or a note among rows, unless most rows are such lines.
    partly = [one for one in wide if not all(_overlap(column, one[0]) > 0 for column in columns)]
    return _joined(columns, wide if 2 * (len(wide) - len(partly)) > len(rows) else partly)


def _joined(columns: list[_Column], wide: Sequence[tuple[_Piece, float]]) -> list[_Column]:
    """Neighbours over which more pieces run than rows keep apart are one column: a text's blanks met by chance."""
    joined: list[_Column] = []
    for column in columns:
        before = joined[-1] if joined else None
        if before is None:
            joined.append(column)
            continue
        across = sum(min(_overlap(before, piece), _overlap(column, piece)) > _OVER_EM * size for piece, size in wide)
        if across > len(before.rows & column.rows):
            before.x0, before.x1 = min(before.x0, column.x0), max(before.x1, column.x1)
            before.rows |= column.rows
        else:
            joined.append(column)
    return joined


def _overlap(column: _Column, piece: _Piece) -> float:
    return min(column.x1, piece.x1) - max(column.x0, piece.x0)


def _place(rows: Sequence[_Row], columns: Sequence[_Column]) -> None:
    """Say of each piece which columns it stands in; one whose words stand in columns of their own is taken apart."""
    for row in rows:
        apart: list[_Piece] = []
        for piece in row.pieces:
            _stand(piece, columns, size=row.size)
            is_wide = piece.first < piece.last and piece.heads is None
            apart += _taken_apart(piece, columns, size=row.size) if is_wide else [piece]
        row.pieces = apart
        if len(apart) == 1 and len(columns) > 1:
            left, right = columns[0].x0, columns[-1].x1
            if abs(apart[0].x0 + apart[0].x1 - left - right) < _CENTRED * (right - left):
                apart[0].first, apart[0].last = 0, len(columns) - 1


def _stand(piece: _Piece, columns: Sequence[_Column], *, size: float) -> None:
    if piece.heads is not None:
        x0, x1 = piece.heads
        over = [n for n, column in enumerate(columns) if x0 < (column.x0 + column.x1) / 2 < x1]
    else:
        over = [n for n, column in enumerate(columns) if _overlap(column, piece) > _OVER_EM * size]
    middle = (piece.x0 + piece.x1) / 2
    nearest = min(range(len(columns)), key=lambda n: abs((columns[n].x0 + columns[n].x1) / 2 - middle))
    piece.first, piece.last = (over[0], over[-1]) if over else (nearest, nearest)


def _taken_apart(piece: _Piece, columns: Sequence[_Column], *, size: float) -> list[_Piece]:
    """The parts of a piece if each has columns of its own; with no more than blanks between, under their middles."""
    parts = _parts(piece, columns, gap=_TIGHT_EM * size, size=size)
    if _are_apart(parts):
        return parts
    words = _parts(piece, columns, gap=_THIN_EM * size, size=size)
    parts = _merged(words, lambda last, word: (last.first, last.last) == (word.first, word.last))
    if _are_apart(parts) and not any(_is_off(part, columns, size=size) for part in parts):
        return parts
    return [piece]


def _parts(piece: _Piece, columns: Sequence[_Column], *, gap: float, size: float) -> list[_Piece]:
    """The piece parted at its wider gaps, and where each part stands."""
    words = (_Piece([word], word[1], word[2]) for word in piece.words)
    parts = _merged(words, lambda last, word: word.x0 - last.x1 <= gap)
    for part in parts:
        _stand(part, columns, size=size)
    return parts


def _are_apart(parts: Sequence[_Piece]) -> bool:
    return all(before.last < behind.first for before, behind in pairwise(parts))


def _is_off(part: _Piece, columns: Sequence[_Column], *, size: float) -> bool:
    column = columns[part.first]
    off = abs(part.x0 + part.x1 - column.x0 - column.x1) / 2
    return part.first != part.last or off > _THIN_EM * size


# ------------------------------------------------------------------------------------------------ rows


def _heights(rules: Sequence[Graphic], rows: Sequence[_Row]) -> list[float]:
    """Where rules part all columns or most of them, from the top."""
    if not rows:
        return []
    x0 = min(piece.x0 for row in rows for piece in row.pieces)
    x1 = max(piece.x1 for row in rows for piece in row.pieces)
    heights: list[float] = []
    for rule in sorted(rules, key=lambda rule: rule.y0):
        if min(rule.x1, x1) - max(rule.x0, x0) > 0.7 * (x1 - x0) and not (heights and rule.y0 - heights[-1] < 2):
            heights.append(rule.y0)
    return heights


def _whole_rows(rows: list[_Row], heights: Sequence[float]) -> list[_Row]:
    """Rows whose cells run over several lines are put together: a line that goes on has no first cell and no number."""
    if len(rows) < 2:
        return rows
    steps = [below.baseline - above.baseline for above, below in pairwise(rows)]
    least = min(steps)
    # Where all lines stand equally far apart, only a line that has one cell alone may go on.
    even = sum(step > 1.25 * least for step in steps) < 2
    usual = median(steps)
    columns = 1 + max(piece.last for row in rows for piece in row.pieces)
    whole = [rows[0]]
    for step, row in zip(steps, rows[1:], strict=True):
        above = whole[-1]
        parted = any(above.baseline < height < row.baseline for height in heights)
        between = step < _HALF_STEP * usual and _complete_each_other(above, row)
        goes_on = step <= 1.15 * least and _goes_on(above, row) and (not even or (len(row.pieces) == 1 and columns > 2))
        if parted or not (between or goes_on):
            whole.append(row)
            continue
        for piece in row.pieces:
            same = next((one for one in above.pieces if one.first == piece.first), None)
            if same is None:
                above.pieces.append(piece)
            else:
                same.take(piece)
                same.last = max(same.last, piece.last)
        above.baseline = row.baseline
    return whole


def _complete_each_other(above: _Row, row: _Row) -> bool:
    """Whether no two of their cells would be one, but for the words of the first, which go on."""
    taken = {column for piece in above.pieces for column in range(piece.first, piece.last + 1)}
    return all(piece.first not in taken or (piece.first == 0 and not piece.is_number) for piece in row.pieces)


def _goes_on(above: _Row, row: _Row) -> bool:
    texts = {column for piece in above.pieces if not piece.is_number for column in range(piece.first, piece.last + 1)}
    return all(piece.first > 0 and not piece.is_number and piece.first in texts for piece in row.pieces)


def _header_rows(rows: Sequence[_Row], heights: Sequence[float]) -> int:
    """How many rows stand above the second rule, or above the first row of numbers."""
    inner = [height for height in heights if rows and rows[0].baseline < height < rows[-1].baseline]
    if inner:
        return sum(row.baseline < inner[0] for row in rows)
    numeric = [
        sum(piece.is_number for piece in row.pieces if piece.first > 0) * 2 > len(row.pieces) - 1 for row in rows
    ]
    first = next((number for number, is_numeric in enumerate(numeric) if is_numeric), 1)
    return min(first, len(rows) - 1)


def _is_grid(rows: Sequence[_Row], count: int) -> bool:
    """Whether two columns or more go through three rows or more, and half of all cells are filled."""
    filled = [{piece.first for piece in row.pieces} for row in rows]
    through = [column for column in range(count) if sum(column in row for row in filled) >= _LEAST_ROWS]
    several = sum(len(row) > 1 for row in filled)
    return len(through) > 1 and several >= _LEAST_ROWS and 2 * sum(map(len, filled)) >= count * len(rows)


def _written(rows: Sequence[_Row], count: int) -> tuple[str, tuple[Line, ...]]:
    text = ""
    spans: list[Line] = []
    for row in rows:
        if text:
            text += "\n"
        cells: dict[int, list[_Piece]] = {}
        for piece in row.pieces:
            cells.setdefault(piece.first, []).append(piece)
        for column in range(count):
            text += BETWEEN if column else ""
            words = [word for piece in cells.get(column, ()) for word in piece.words]
            for line, of_line in groupby(words, key=lambda word: word[3]):
                places: list[tuple[int, float, float]] = []
                for word, x0, x1, _ in of_line:
                    text += " " if text and not text.endswith((" ", "\n")) else ""
                    places.append((len(text), x0, x1))
                    text += word
                spans.append(
                    Line(
                        start=places[0][0], end=len(text), page=line.page, x0=places[0][1], y0=line.y0,
                        x1=max(x1 for _, _, x1 in places), y1=line.y1, words=tuple(places),
                    )
                )  # fmt: skip
    return text, tuple(spans)
