"""The columns of a printed table: the words of its lines to pieces, and the columns that each piece stands in.

Columns are found from the words' places over all rows at once, since one row alone cannot tell a blank from a gap
between columns: narrow pieces first, each joining the column that it stands over; a wide piece that stands over
columns which other rows keep apart spans them. Digits that are raised or lowered say so: a power is no digit more.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from kb.parsing.glyphs import SOFT_HYPHEN
from kb.parsing.page import Graphic, TextLine, rules_of

_ROW_EM = 0.4  # baselines that are nearer are of one row
_BLANK_EM = 0.55  # a wider gap parts two pieces
_THIN_EM = 0.2  # between two numbers already this one does
_TIGHT_EM = 0.38  # as does this one where each part then has a column of its own
_SPACED_EM = 1.2  # so wide at most is the blank of a line that fills its cell
_EQUAL_EM = 0.06  # blanks of such a line differ by less
_OVER_EM = 0.15  # pieces that share less of the line do not stand over each other
_MOST_COLUMNS = 100
_MOST_HEAD_LINES = 8
_NUMBER = re.compile(
    r"[(\[<>≤≥~≈±+−–-]*[$€£#]?\d[\d.,:/]*(?:[×x·⋅∙]10)?(?:[±+−–^_-]+\d[\d.,]*)*(?:[eE][+−-]?\d+)?[%‰°xX×KMBkms]*"
    r"[)\]*†‡↑↓,]*"
)
_NOTHING = re.compile(r"[-–—−]|[nN]/[aA]")


@dataclass(slots=True)
class Piece:
    """Words that stand together in one row: their text, place and the line that each is of."""

    words: list[tuple[str, float, float, TextLine]]
    x0: float
    x1: float
    first: int = 0  # the columns that it stands in
    last: int = 0
    heads: tuple[float, float] | None = None  # what it is the heading of, where a rule says so
    baseline: float = 0.0
    rows: int = 1  # that it stands for, downwards
    is_spaced: bool = False  # from the one before by a blank of its line, which is set to full width

    @property
    def text(self) -> str:
        return " ".join(word[0] for word in self.words).replace(SOFT_HYPHEN, "-")

    @property
    def is_number(self) -> bool:
        return is_number(self.text)

    def take(self, other: Piece) -> None:
        """Go on with the words of another piece."""
        self.words += other.words
        self.x1 = max(self.x1, other.x1)


@dataclass(slots=True)
class Row:
    baseline: float
    size: float
    pieces: list[Piece] = field(default_factory=list)


@dataclass(slots=True)
class Column:
    """``x0`` to ``x1`` is what stands below the head; ``left`` to ``right`` with the heading right above it."""

    x0: float
    x1: float
    rows: set[int] = field(default_factory=set)
    spaced: set[int] = field(default_factory=set)  # rows whose piece is_spaced
    left: float = math.inf
    right: float = -math.inf

    @property
    def middle(self) -> float:
        return (min(self.left, self.x0) + max(self.right, self.x1)) / 2


def rows_of(lines: Sequence[TextLine]) -> list[Row]:
    rows: list[Row] = []
    for line in sorted(lines, key=lambda line: (line.baseline, line.x0)):
        if not rows or line.baseline - rows[-1].baseline > _ROW_EM * max(line.size, rows[-1].size):
            rows.append(Row(line.baseline, line.size))
        words = [Piece([word], word[1], word[2], baseline=line.baseline) for word in _words(line)]
        rows[-1].pieces += words
    for row in rows:
        row.pieces = _pieces(row)
    return [row for row in rows if row.pieces]


def _words(line: TextLine) -> list[tuple[str, float, float, TextLine]]:
    """What blanks part; raised and lowered signs stay with their word."""
    starts = [start for start, _, _ in line.words] + [len(line.text)]
    chars = line.with_scripts()
    words: list[tuple[str, float, float, TextLine]] = []
    glued = False
    for (start, x0, x1), end in zip(line.words, starts[1:], strict=True):
        text = "".join(chars[start:end])
        if glued and words:
            before = words[-1]
            words[-1] = (before[0] + text.rstrip(), min(before[1], x0), max(before[2], x1), line)
        else:
            words.append((text.strip(), x0, x1, line))
        glued = not text[-1:].isspace()
    return words


def _pieces(row: Row) -> list[Piece]:
    """The words of a row, joined where no more than a blank is between them."""
    words = sorted(row.pieces, key=lambda word: word.x0)
    _find_spaced(words, size=row.size)
    return _merged(words, lambda last, word: _is_one(last, word, size=row.size))


def _find_spaced(words: Sequence[Piece], *, size: float) -> None:
    """Say which words stand as far from the one before as from the one behind, or it from its own: so stand words of a
    line that fills its cell."""
    gaps = [
        word.x0 - last.x1 if last.words[-1][3] is word.words[0][3] and not (last.is_number or word.is_number) else 0.0
        for last, word in pairwise(words)
    ]
    for at, gap in enumerate(gaps):
        beside = [gaps[other] for other in (at - 1, at + 1) if 0 <= other < len(gaps)]
        words[at + 1].is_spaced = _THIN_EM * size < gap < _SPACED_EM * size and any(
            abs(gap - one) < _EQUAL_EM * size for one in beside
        )


def _merged(pieces: Iterable[Piece], goes_on: Callable[[Piece, Piece], bool]) -> list[Piece]:
    """Each piece taken into the one before where that goes on with it."""
    merged: list[Piece] = []
    for piece in pieces:
        if merged and goes_on(merged[-1], piece):
            merged[-1].take(piece)
        else:
            merged.append(piece)
    return merged


def _is_one(piece: Piece, word: Piece, *, size: float) -> bool:
    gap = word.x0 - piece.x1
    both = is_number(piece.words[-1][0]) and word.is_number and word.text[0] not in "([±"
    return gap <= (_THIN_EM if both else _BLANK_EM) * size


def is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text.replace(" ", "")) is not None or _NOTHING.fullmatch(text) is not None


# --------------------------------------------------------------------------------------------- columns


def find_headings(rows: Sequence[Row], rules: Sequence[Graphic]) -> None:
    """A cell alone over a rule that has several below it heads all of these, wherever it stands over the rule."""
    every = [piece for row in rows for piece in row.pieces]
    left, right = min(piece.x0 for piece in every), max(piece.x1 for piece in every)
    full = [rule.y0 for rule in rules_of(rules, longer_than=0) if rule.x0 < left + 1 and right - 1 < rule.x1]
    for row, below in pairwise(rows):
        for rule in rules:
            is_full = rule.x0 < left + 1 and right - 1 < rule.x1
            if any(abs(y - rule.y0) < 1 for y in full) and (row is not rows[0] or not is_full):
                continue  # it ends the head, or parts groups of rows, whole or piece by piece
            if row.baseline - 1 < rule.y0 < below.baseline - _ROW_EM * below.size:
                over, under = (
                    [piece for piece in one.pieces if rule.x0 < (piece.x0 + piece.x1) / 2 < rule.x1]
                    for one in (row, below)
                )
                if len(over) == 1 < len(under):
                    over[0].heads = (rule.x0, rule.x1)


def find_columns(rows: Sequence[Row]) -> list[Column]:
    """The columns from left to right: first those of the rows below the head, which a heading may be wider than."""
    head = _lines_above_numbers(rows)
    pieces = [(number, row.size, one) for number, row in enumerate(rows) for one in row.pieces if one.heads is None]
    placed = [(number < head, one.x1 - one.x0, number, one, size) for number, size, one in pieces]
    placed.sort(key=lambda one: (one[:3], one[3].x0))
    columns: list[Column] = []
    wide: list[_Wide] = []
    for is_head, _, number, piece, size in placed:
        over = [column for column in columns if _overlap(column, piece) > _OVER_EM * size]
        if len(over) > 1:
            wide.append(_Wide(piece, number, _OVER_EM * size))
        elif over:
            if not is_head:
                over[0].x0, over[0].x1 = min(over[0].x0, piece.x0), max(over[0].x1, piece.x1)
            elif number == head - 1:
                over[0].left, over[0].right = piece.x0, piece.x1
            _count(over[0], piece, row=number)
        elif len(columns) < _MOST_COLUMNS and not number < head - 1:  # in a gap it heads what stands on both sides
            columns.append(Column(piece.x0, piece.x1))
            _count(columns[-1], piece, row=number)
    columns.sort(key=lambda column: column.x0)
    # A line across all columns is a heading or a note among rows, unless most rows are such lines.
    partly = [one for one in wide if not all(_overlap(column, one.piece) > 0 for column in columns)]
    return _joined(columns, wide if 2 * (len(wide) - len(partly)) > len(rows) else partly)


def _count(column: Column, piece: Piece, *, row: int) -> None:
    column.rows.add(row)
    if piece.is_spaced:
        column.spaced.add(row)


def _lines_above_numbers(rows: Sequence[Row]) -> int:
    """How many lines stand above the first of numbers; 0 where most lines are of words."""
    numeric = [_has_figures(row) for row in rows]
    first = numeric.index(True) if any(numeric) else 0
    return first if 2 * sum(numeric) > len(rows) - first and first <= _MOST_HEAD_LINES else 0


def _has_figures(row: Row) -> bool:
    """Whether most cells beside the first are figures rather than letters."""
    told = [sum(map(str.isdigit, piece.text)) > sum(map(str.isalpha, piece.text)) for piece in row.pieces[1:]]
    return bool(told) and 2 * sum(told) > len(told)


class _Wide(NamedTuple):
    """A piece that stands over several columns, its row, and how much of each it must cover to do so."""

    piece: Piece
    row: int
    least: float

    def stands_over(self, column: Column) -> bool:
        return _overlap(column, self.piece) > self.least


def _joined(columns: list[Column], wide: Sequence[_Wide]) -> list[Column]:
    """Neighbours over which more pieces run than rows keep apart are one column: a text's blanks met by chance.

    The blanks of a line that fills its cell keep nothing apart."""
    loose = list(wide)

    def excess(at: int) -> int:
        left, right = columns[at], columns[at + 1]
        return sum(one.stands_over(left) and one.stands_over(right) for one in loose) - len(
            (left.rows & right.rows) - right.spaced
        )

    while len(columns) > 1 and excess(at := max(range(len(columns) - 1), key=excess)) > 0:
        left, right = columns[at : at + 2]
        columns[at : at + 2] = [
            Column(
                left.x0,
                right.x1,
                left.rows | right.rows,
                left.spaced | (right.spaced - left.rows),
                left.left,
                right.right,
            )
        ]
        for one in loose[:]:
            over = [column for column in columns if one.stands_over(column)]
            if len(over) == 1:
                over[0].rows.add(one.row)
                loose.remove(one)
    return columns


def _overlap(column: Column, piece: Piece) -> float:
    return min(column.x1, piece.x1) - max(column.x0, piece.x0)


def place(rows: Sequence[Row], columns: Sequence[Column]) -> None:
    """Say of each piece which columns it stands in; one whose words stand in columns of their own is taken apart."""
    for row in rows:
        apart: list[Piece] = []
        for piece in row.pieces:
            _stand(piece, columns, size=row.size)
            is_wide = piece.first < piece.last and piece.heads is None
            apart += _taken_apart(piece, columns, size=row.size) if is_wide else [piece]
        row.pieces = _merged(apart, lambda last, piece: last.first == piece.first)


def _stand(piece: Piece, columns: Sequence[Column], *, size: float) -> None:
    if piece.heads is not None:
        x0, x1 = piece.heads
        over = [n for n, column in enumerate(columns) if x0 < (column.x0 + column.x1) / 2 < x1]
    else:
        over = [n for n, column in enumerate(columns) if _overlap(column, piece) > _OVER_EM * size]
    middle = (piece.x0 + piece.x1) / 2
    nearest = min(range(len(columns)), key=lambda n: abs((columns[n].x0 + columns[n].x1) / 2 - middle))
    piece.first, piece.last = (over[0], over[-1]) if over else (nearest, nearest)


def _taken_apart(piece: Piece, columns: Sequence[Column], *, size: float) -> list[Piece]:
    """The parts of a piece if each has columns of its own; with no more than blanks between, under their middles."""
    parts = _parts(piece, columns, gap=_TIGHT_EM * size, size=size)
    if _are_apart(parts):
        return parts
    words = _parts(piece, columns, gap=_THIN_EM * size, size=size)
    parts = _merged(words, lambda last, word: (last.first, last.last) == (word.first, word.last))
    if _are_apart(parts) and not any(_is_off(part, columns, size=size) for part in parts):
        return parts
    return [piece]


def _parts(piece: Piece, columns: Sequence[Column], *, gap: float, size: float) -> list[Piece]:
    """The piece parted at its wider gaps, and where each part stands."""
    words = (Piece([word], word[1], word[2], baseline=piece.baseline) for word in piece.words)
    parts = _merged(words, lambda last, word: word.x0 - last.x1 <= gap)
    for part in parts:
        _stand(part, columns, size=size)
    return parts


def _are_apart(parts: Sequence[Piece]) -> bool:
    return all(before.last < behind.first for before, behind in pairwise(parts))


def _is_off(part: Piece, columns: Sequence[Column], *, size: float) -> bool:
    column = columns[part.first]
    return part.first != part.last or off_middle(part, column, column) > _THIN_EM * size


def off_middle(piece: Piece, first: Column, last: Column) -> float:
    """How far the middle of a piece is from that of columns."""
    middle = first.middle if first is last else (min(first.left, first.x0) + max(last.right, last.x1)) / 2
    return abs((piece.x0 + piece.x1) / 2 - middle)
