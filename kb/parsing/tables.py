"""Tables: the words of a float to rows and columns, with the rows that name the columns and the cells that span.

Columns and what stands in them are found by ``kb.parsing.table_columns``. Lines become rows where rules, steps and the
breaks of running text say so: a line was broken where the next word did not fit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from statistics import median
from typing import NamedTuple

from kb.parsing.glyphs import SOFT_HYPHEN
from kb.parsing.page import Graphic, TextLine, rules_of
from kb.parsing.table_columns import Column, Piece, Row, find_columns, find_headings, off_middle, place, rows_of
from kb.records import CELLS, Grid, GridCell, Line

_CENTRED = 0.05  # share of the width
_HALF_STEP = 0.75  # of the usual distance of two rows: what is nearer is a cell that spans rows, set between them
_LEAST_ROWS = 3  # of a table that has no caption
_LONG_CELL = 9  # words; where most cells of what has no caption have so many, they are lines of text
_FULL_RULE = 0.7  # share of the width that a rule between rows takes
_MOST_LINES = 4  # of a row, on the average, where rules stand between all rows
_TIGHT_STEP = 1.15  # of the least step: lines of one cell
_LOOSE_STEP = 1.25  # of the least step: lines of two rows, where there are both
_LINE_EM = 1.5  # lines of one heading stand no farther apart
_CENTRE_EM = 0.8  # what is set over the middle of several columns may be off by so much


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTable:
    """``text``: a row on each line, " | " between cells, empty ones included; a cell that spans several columns or rows
    stands in the first. ``spans``: the place of each cell on the page. ``grid``: see ``kb.records.Grid``.
    ``is_grid``: whether the cells alone show that it is a table."""

    text: str
    spans: tuple[Line, ...]
    grid: Grid
    is_grid: bool


def read_table(lines: Sequence[TextLine], graphics: Sequence[Graphic] = ()) -> ReadTable:
    """Rows and columns of a float's lines.

    Args:
        lines: upright lines of one float, in any order.
        graphics: what is drawn on the page; horizontal rules and the edges of bands within the table part its rows.
    """
    rows = rows_of(lines)
    if not rows:
        return ReadTable(text="", spans=(), grid=Grid(columns=0, header_rows=0, cells=()), is_grid=False)
    rules = rules_of(graphics, longer_than=0)
    find_headings(rows, _thin(graphics))
    columns = find_columns(rows)
    place(rows, columns)
    heights = _heights([*rules, *_edges(graphics)], rows)
    count = _ruled_head(rows, heights)
    head = _header_rows(rows[:count], columns)
    rows = [*head, *_body_rows(rows[count:], heights, columns)]
    text, spans, cells = _written(rows, len(columns))
    grid = Grid(columns=len(columns), header_rows=len(head) or _plain_head(rows), cells=cells)
    return ReadTable(text=text, spans=spans, grid=grid, is_grid=_is_grid(rows, len(columns)))


def _thin(graphics: Sequence[Graphic]) -> list[Graphic]:
    return [one for one in graphics if one.kind == "path" and one.y1 - one.y0 < 2]


def _edges(graphics: Sequence[Graphic]) -> list[Graphic]:
    """Where bands of colour begin and end."""
    bands = [one for one in graphics if one.kind == "path" and one.y1 - one.y0 >= 2]
    return [replace(one, y0=y, y1=y) for one in bands for y in (one.y0, one.y1)]


# ------------------------------------------------------------------------------------------------ rows


def _heights(rules: Sequence[Graphic], rows: Sequence[Row]) -> list[float]:
    """Where rules part all columns or most of them, from the top."""
    if not rows:
        return []
    x0 = min(piece.x0 for row in rows for piece in row.pieces)
    x1 = max(piece.x1 for row in rows for piece in row.pieces)
    heights: list[float] = []
    for rule in sorted(rules, key=lambda rule: rule.y0):
        is_full = min(rule.x1, x1) - max(rule.x0, x0) > _FULL_RULE * (x1 - x0)
        if is_full and not (heights and rule.y0 - heights[-1] < 2):
            heights.append(rule.y0)
    return heights


def _is_numeric(row: Row) -> bool:
    """Whether most cells beside the first are numbers."""
    told = [piece.is_number for piece in row.pieces if piece.first > 0]
    return bool(told) and 2 * sum(told) > len(told)


def _spans(piece: Piece) -> bool:
    return piece.first < piece.last


def _ruled_head(rows: Sequence[Row], heights: Sequence[float]) -> int:
    """How many lines name the columns, where rules tell: those above the first rule within, and with them those below
    it over whose columns their cells span; above the first row of numbers where rules stand between all rows."""
    numeric = [_is_numeric(row) for row in rows]
    above = [sum(row.baseline < height for row in rows) for height in heights]
    inner = [count for count in dict.fromkeys(above) if 0 < count < len(rows)]
    if not inner:
        count = _plain_head(rows)
        return count if any(_spans(piece) for row in rows[:count] for piece in row.pieces) else 0
    if sum(numeric[: inner[0]]) > 1 or 2 * len(inner) > len(rows):
        return _plain_head(rows)
    count = inner[0]
    for after in inner[1:]:
        last = rows[count - 1].pieces
        is_title = len(last) == 1 and last[0].first == 0
        if is_title or not any(map(_spans, last)) or (after - count > 1 and any(numeric[count:after])):
            break
        count = after
    return count


def _plain_head(rows: Sequence[Row]) -> int:
    """How many rows stand above the first row of numbers; one where most of the rows are of words."""
    numeric = [_is_numeric(row) for row in rows]
    first = next((number for number, is_numeric in enumerate(numeric) if is_numeric), len(rows))
    return max(0, min(first if 2 * sum(numeric[first:]) > len(rows) - first > 0 else 1, len(rows) - 1))


def _header_rows(lines: Sequence[Row], columns: Sequence[Column]) -> list[Row]:
    """The rows that the lines of a head make: one, and one more below each row whose cells span columns."""
    if not lines:
        return []
    size = max(row.size for row in lines)
    for number, row in enumerate(lines[:-1]):
        _widen(row, lines[number + 1 :], columns=columns)
    pieces = [piece for row in lines for piece in row.pieces]
    ends: list[float] = []
    for piece in sorted(filter(_spans, pieces), key=lambda one: one.baseline):
        under = [one for one in pieces if one.baseline > piece.baseline + 1 and _is_under(one, piece)]
        goes_on = any(
            _is_under(piece, one) and one.baseline - piece.baseline < _LINE_EM * size for one in under if _spans(one)
        )
        if not under or goes_on:
            continue
        if ends and piece.baseline - ends[-1] < 0.9 * size:
            ends[-1] = piece.baseline  # set between two rows, for it is of both
        else:
            ends.append(piece.baseline)
    made = [Row(end, size) for end in [*ends, max(one.baseline for one in pieces)]]
    level = {id(one): next(n for n, row in enumerate(made) if one.baseline <= row.baseline + 1) for one in pieces}
    cells = Counter((level[id(one)], one.first) for one in pieces)
    has_lines = any(count > 1 for (row, _), count in cells.items() if row)
    for piece in pieces:
        own = [one for one in pieces if one.first == piece.first]
        is_spanned = any(_spans(one) and one.first <= piece.first <= one.last for one in pieces)
        is_of_level = len(own) == len({level[id(one)] for one in own}) and len(own) in (1, len(made))
        is_on_line = all(_is_on_line(one, pieces) for one in own)
        stays = is_spanned or (not has_lines and is_of_level and is_on_line)
        if not stays and not is_spanned and len(made) > 1:
            levels = {level[id(one)] for one in own}
            is_between = len(own) == 1 and not is_on_line and _is_between(piece, made)
            piece.rows = len(made) if is_between or levels == set(range(len(made))) else 1
        _add(made[level[id(piece)] if stays else 0], piece)
    return [row for row in made if row.pieces]


def _is_between(piece: Piece, rows: Sequence[Row]) -> bool:
    """Whether a piece stands at the middle of the rows of a head."""
    if len(rows) < 2:
        return False
    middle, step = (rows[0].baseline + rows[-1].baseline) / 2, (rows[-1].baseline - rows[0].baseline) / (len(rows) - 1)
    return abs(piece.baseline - middle) < 0.5 * step


def _is_on_line(piece: Piece, pieces: Sequence[Piece]) -> bool:
    """Whether a piece stands on one line with another: what is set between lines is of both."""
    return any(one is not piece and abs(one.baseline - piece.baseline) < 1 for one in pieces)


def _is_under(piece: Piece, other: Piece) -> bool:
    """Whether the columns of a piece are of those of another."""
    return other.first <= piece.first <= piece.last <= other.last


def _widen(row: Row, under: Sequence[Row], *, columns: Sequence[Column]) -> None:
    """Let headings that are set over the middle of several columns span them, as far as no other stands over them.

    What stands over the middle of an odd number of columns may be of the middle one alone: it spans them if then all
    columns that are named below are named here, too.
    """
    below = {piece.first for later in under for piece in later.pieces}
    taken = {column for piece in row.pieces for column in range(piece.first, piece.last + 1)}
    row.pieces.sort(key=lambda piece: piece.x0)
    offers: list[list[_Offer]] = []
    sure: list[bool] = []
    for piece in row.pieces:
        own = _Offer(piece.first, piece.last, off_middle(piece, columns[piece.first], columns[piece.last]))
        lefts, rights = [piece.first], [piece.last]
        while lefts[-1] - 1 not in taken and lefts[-1] - 1 in below:
            lefts.append(lefts[-1] - 1)
        while rights[-1] + 1 not in taken and rights[-1] + 1 in below:
            rights.append(rights[-1] + 1)
        spans = [_Offer(at, to, off_middle(piece, columns[at], columns[to])) for at in lefts for to in rights]
        near = [span for span in spans if span.off <= _CENTRE_EM * row.size] if piece.heads is None else []
        nearest = min((span.off for span in near), default=own.off)
        sure.append(nearest < own.off - 0.5 * row.size)
        offers.append([span for span in near if not sure[-1] or span.off < nearest + 0.5 * row.size] or [own])
    chosen = _side_by_side(offers) or [_Offer(piece.first, piece.last, 0.0) for piece in row.pieces]
    named = taken | {column for span in chosen for column in range(span.first, span.last + 1)}
    stub = min((column for column in below if column not in named), default=None)
    names_all = below - named <= {stub} if stub == min(below) else below <= named
    for piece, span, is_sure in zip(row.pieces, chosen, sure, strict=True):
        if is_sure or (names_all and len(row.pieces) > 1):
            piece.first, piece.last = span.first, span.last


class _Offer(NamedTuple):
    """Columns that a heading may span, and how far its middle is off theirs."""

    first: int
    last: int
    off: float


def _side_by_side(offers: Sequence[Sequence[_Offer]]) -> list[_Offer]:
    """One offer of each heading, from left to right, none over another's columns: together they span most columns, and
    of equal ones those are taken that are least off. Empty where none go together."""
    best: dict[int, tuple[float, float, list[_Offer]]] = {-1: (0, 0.0, [])}  # by the last column taken
    for of_piece in offers:
        after: dict[int, tuple[float, float, list[_Offer]]] = {}
        for last, (count, off, chosen) in best.items():
            for offer in of_piece:
                if offer.first > last:
                    made = (count - (offer.last - offer.first + 1), off + offer.off, [*chosen, offer])
                    after[offer.last] = min(after.get(offer.last, made), made, key=lambda one: one[:2])
        best = after
    return min(best.values(), key=lambda one: one[:2])[2] if best else []


def _add(row: Row, piece: Piece) -> None:
    """Put a piece in a row: in the cell of its column if there is one."""
    same = next((one for one in row.pieces if one.first == piece.first), None)
    if same is None:
        row.pieces.append(piece)
    else:
        same.take(piece)
        same.last = max(same.last, piece.last)


def _body_rows(lines: Sequence[Row], heights: Sequence[float], columns: Sequence[Column]) -> list[Row]:
    """The rows that the lines below the head make."""
    bands = [list(band) for _, band in groupby(lines, key=lambda row: sum(height < row.baseline for height in heights))]
    # Rules between all rows say what a row is.
    if len(bands) >= max(_LEAST_ROWS, len(lines) / _MOST_LINES) and not any(map(_has_rows, bands)):
        return [_put_together(band) for band in bands]
    steps = [below.baseline - above.baseline for above, below in pairwise(lines)]
    least = min(steps, default=0.0)
    _stretch_titles(lines, columns=columns, least=least)
    # Where all lines stand equally far apart, only a line that has one cell alone may go on.
    is_even = sum(step > _LOOSE_STEP * least for step in steps) < 2
    rows: list[Row] = []
    for band in bands:
        own: list[Row] = []
        for block in _blocks(band, least) if not is_even else [[row] for row in band]:
            whole = [_put_together(block)] if _is_one_row(block, columns) else block
            own += whole
        own = _whole_rows(own, steps, columns=columns, is_even=is_even)
        _lift_labels(own)
        rows += own
    return [row for row in rows if row.pieces]


def _stretch_titles(lines: Sequence[Row], *, columns: Sequence[Column], least: float) -> None:
    """A line alone in the middle of the table spans all columns, unless it goes on with the cell above."""
    left, right = columns[0].x0, columns[-1].x1
    for number, row in enumerate(lines):
        piece = row.pieces[0]
        is_middle = len(row.pieces) == 1 < len(columns) and abs(piece.x0 + piece.x1 - left - right) < _CENTRED * (
            right - left
        )
        above = (
            lines[number - 1] if number and row.baseline - lines[number - 1].baseline <= _TIGHT_STEP * least else None
        )
        goes_on = (
            above and any(one.first == piece.first for one in above.pieces) and _wraps([above], row, columns=columns)
        )
        if is_middle and not goes_on:
            piece.first, piece.last = 0, len(columns) - 1


def _has_rows(lines: Sequence[Row]) -> bool:
    """Whether a column beside the first has figures in several lines."""
    told = [{one.first for one in line.pieces if one.first and any(map(str.isdigit, one.text))} for line in lines]
    return any(one & other for number, one in enumerate(told) for other in told[:number])


def _put_together(lines: Sequence[Row]) -> Row:
    row = Row(lines[-1].baseline, lines[0].size)
    for piece in (piece for line in lines for piece in line.pieces):
        _add(row, piece)
    return row


def _blocks(lines: Sequence[Row], least: float) -> list[list[Row]]:
    """Lines that stand no farther apart than the lines of a cell do."""
    blocks: list[list[Row]] = []
    for row in lines:
        if blocks and row.baseline - blocks[-1][-1].baseline <= _TIGHT_STEP * least:
            blocks[-1].append(row)
        else:
            blocks.append([row])
    return blocks


def _is_one_row(block: Sequence[Row], columns: Sequence[Column]) -> bool:
    """Whether lines are one row: no column has two numbers, all lines of a cell are broken as running text is, and
    cells end at different lines."""
    if len(block) < 2 or sum(map(_is_numeric, block)) > 1:
        return False
    filled = [len({piece.first for piece in row.pieces}) for row in block]
    if len(set(filled)) == 1:
        return False
    return all(_wraps(block[:number], row, columns=columns) for number, row in enumerate(block) if number)


def _wraps(above: Sequence[Row], row: Row, *, columns: Sequence[Column]) -> bool:
    """Whether each cell of a line goes on with what stands above it: its first word did not fit there any more."""
    for piece in row.pieces:
        over = next((one for line in reversed(above) for one in line.pieces if one.first == piece.first), None)
        if over is None:
            continue
        column = columns[piece.first]
        _, x0, x1, _ = piece.words[0]
        is_indented = piece.x0 > over.x0 + 0.5 * row.size
        if over.is_number or _spans(over) or (over.x1 + (x1 - x0) < column.x1 - 0.5 * row.size and not is_indented):
            return False
    return True


def _whole_rows(rows: Sequence[Row], steps: Sequence[float], *, columns: Sequence[Column], is_even: bool) -> list[Row]:
    """Rows whose cells run over several lines are put together: a line that goes on has no first cell and no number."""
    if not rows:
        return []
    least, usual = min(steps, default=0.0), median(steps) if steps else 0.0
    whole = [rows[0]]
    for row in rows[1:]:
        above = whole[-1]
        step = row.baseline - above.baseline
        between = step < _HALF_STEP * usual and _complete_each_other(above, row)
        goes_on = step <= _TIGHT_STEP * least and _goes_on(above, row)
        if goes_on and is_even:
            alone = len({piece.first for piece in row.pieces}) == 1 and len(columns) > 2
            goes_on = alone or _wraps([above], row, columns=columns)
        if not (between or goes_on):
            whole.append(row)
            continue
        for piece in row.pieces:
            _add(above, piece)
        above.baseline = row.baseline
    return whole


def _lift_labels(rows: Sequence[Row]) -> None:
    """A label that stands alone in its column between two rules, and not at the top, is of all rows between them."""
    lifted: list[Piece] = []
    leading = Counter(piece.first for row in rows for piece in row.pieces)
    for column, count in leading.items():
        at = next(number for number, row in enumerate(rows) if any(piece.first == column for piece in row.pieces))
        if count != 1 or at == 0 or column > 1 or (column == 1 and leading[0] > 1):
            continue
        (piece,) = (piece for piece in rows[at].pieces if piece.first == column)
        middle = (rows[0].baseline + rows[-1].baseline) / 2
        step = (rows[-1].baseline - rows[0].baseline) / (len(rows) - 1)
        if not piece.is_number and not _spans(piece) and abs(piece.baseline - middle) <= 0.75 * step:
            rows[at].pieces.remove(piece)
            rows[0].pieces.append(piece)
            lifted.append(piece)
    for piece in lifted:
        piece.rows = sum(bool(row.pieces) for row in rows)


def _complete_each_other(above: Row, row: Row) -> bool:
    """Whether no two of their cells would be one, but for the words of the first, which go on."""
    taken = {column for piece in above.pieces for column in range(piece.first, piece.last + 1)}
    return all(piece.first not in taken or (piece.first == 0 and not piece.is_number) for piece in row.pieces)


def _goes_on(above: Row, row: Row) -> bool:
    texts = {column for piece in above.pieces if not piece.is_number for column in range(piece.first, piece.last + 1)}
    return all(piece.first > 0 and not piece.is_number and piece.first in texts for piece in row.pieces)


def _is_grid(rows: Sequence[Row], count: int) -> bool:
    """Whether two columns or more go through three rows or more, and half of all cells are filled."""
    filled = [{piece.first for piece in row.pieces} for row in rows]
    cells = [piece for row in rows for piece in row.pieces]
    if 2 * sum(len(piece.text.split()) >= _LONG_CELL for piece in cells) > len(cells):
        return False  # columns of running text
    through = [column for column in range(count) if sum(column in row for row in filled) >= _LEAST_ROWS]
    several = sum(len(row) > 1 for row in filled)
    return len(through) > 1 and several >= _LEAST_ROWS and 2 * sum(map(len, filled)) >= count * len(rows)


def _written(rows: Sequence[Row], count: int) -> tuple[str, tuple[Line, ...], tuple[GridCell, ...]]:
    text = ""
    spans: list[Line] = []
    made: list[GridCell] = []
    for number, row in enumerate(rows):
        if text or number:
            text += "\n"
        cells: dict[int, list[Piece]] = {}
        for piece in row.pieces:
            cells.setdefault(piece.first, []).append(piece)
        for column in range(count):
            text += CELLS if column else ""
            start = len(text)
            words = [word for piece in cells.get(column, ()) for word in piece.words]
            for line, of_line in groupby(words, key=lambda word: word[3]):
                places: list[tuple[int, float, float]] = []
                for word, x0, x1, _ in of_line:
                    if text.endswith(SOFT_HYPHEN) and len(text) > start:
                        text = text[:-1]
                        spans[-1] = replace(spans[-1], end=min(spans[-1].end, len(text)))
                    elif len(text) > start:
                        text += " "
                    places.append((len(text), x0, x1))
                    text += word
                spans.append(
                    Line(
                        start=places[0][0], end=len(text), page=line.page, x0=places[0][1], y0=line.y0,
                        x1=max(x1 for _, _, x1 in places), y1=line.y1, words=tuple(places),
                    )
                )  # fmt: skip
            if text.endswith(SOFT_HYPHEN):
                text = text[:-1] + "-"
            if column in cells:
                last = max(piece.last for piece in cells[column])
                down = max(piece.rows for piece in cells[column])
                made.append(
                    GridCell(
                        row=number, column=column, start=start, end=len(text), rows=down, columns=last - column + 1
                    )
                )
    return text, tuple(spans), tuple(made)
