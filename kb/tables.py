"""The tables that papers print: what names each cell, and how a row reads in words.

A cell is named by the labels at the left of its row and by the headings above its column, from the outermost inwards;
labels and headings that span rows or columns are of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, zip_longest

from kb.records import CELLS, Block, Box, Document, Grid, GridCell, PrintedCell, PrintedRow, PrintedTable
from kb.text import one_line

_FIGURES = re.compile(r"\d")
_PREFIXES = "[yzafpnµμmcdhkMGTP]?"
_SYMBOLS = "m|g|s|A|K|mol|Hz|N|Pa|J|W|C|V|F|Ω|T|L|l|eV|bar|B|b|M|Da"
_ONE_UNIT = rf"(?:[%‰]|°[CF]?|{_PREFIXES}(?:{_SYMBOLS})|ha|min|h|d|yr|dB|px|ppm|ppb)(?:\^?[-−–]?\d)?"
_UNIT = re.compile(rf"[(\[]\s*({_ONE_UNIT}(?:\s?[/·⋅ ]\s?{_ONE_UNIT})*)\s*[)\]]")
"""A unit in brackets: symbols of the SI and those that are used with it, and per cent."""
_MOST_CHARACTERS = 480  # of a row as one text: more is parted between cells


def printed_tables(document: Document) -> tuple[PrintedTable, ...]:
    """The tables of a paper's text in reading order, each with its caption."""
    captions, heads = captions_of(document.blocks), heads_of(document.blocks)
    return tuple(
        _table(block, caption=captions.get(block.label or "", ""), head=heads[block.start])
        for block in document.blocks
        if block.kind == "table"
    )


def captions_of(blocks: Iterable[Block]) -> dict[str, str]:
    """Each float's caption by its label; of one that goes on over pages the first."""
    found: dict[str, str] = {}
    for block in blocks:
        if block.kind == "caption" and block.label:
            found.setdefault(block.label, block.text)
    return found


def heads_of(blocks: Iterable[Block]) -> dict[int, Block]:
    """For each table, by its place, the one whose head names its columns: an earlier part of it where it goes on over
    pages and has no head of its own."""
    found: dict[int, Block] = {}
    named: dict[tuple[str, int], Block] = {}
    for block in blocks:
        if block.kind == "table":
            key = (block.label or "", block.grid.columns if block.grid else 0)
            if block.grid is not None and block.grid.header_rows:
                named[key] = block
            found[block.start] = named.get(key, block) if block.label else block
    return found


def rows_within(blocks: Sequence[Block], start: int, end: int) -> tuple[PrintedRow, ...]:
    """The rows of tables in the document's text ``[start, end)``; their places count from ``start``."""
    found: list[PrintedRow] = []
    heads = heads_of(blocks)
    for block in blocks:
        if block.kind != "table" or block.grid is None or block.end <= start or end <= block.start:
            continue
        named = {
            (cell.row, cell.column): cell for cell in _table(block, head=heads[block.start]).cells if cell.is_named
        }
        for number, (begin, stop) in enumerate(_lines(block.text)):
            first, last = max(begin + block.start, start), min(stop + block.start, end)
            own = [cell for cell in block.grid.cells if cell.row == number]
            cells = tuple(
                named[number, cell.column]
                for cell in sorted(own, key=lambda cell: cell.column)
                if first <= block.start + cell.start < last and (number, cell.column) in named
            )
            if cells:
                found.append(PrintedRow(start=first - start, end=last - start, cells=cells))
    return tuple(found)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Where each line of a text stands."""
    start = 0
    for line in text.split("\n"):
        yield start, start + len(line)
        start += len(line) + 1


def spoken_rows(table: PrintedTable) -> Iterator[str]:
    """Each row below the head as one line: its labels, then each cell after the headings of its column."""
    for row in range(table.header_rows, table.rows):
        cells = [cell for cell in table.cells if cell.row == row]
        named = [cell for cell in cells if cell.is_named]
        if named:
            yield told(named)
        else:
            yield from (cell.text for cell in cells)


def told(cells: Sequence[PrintedCell]) -> str:
    """Named cells of one row in words: "North › Oak — Rain (mm) › dry: 12, wet: -3; Flow: 7"."""
    label = " › ".join(dict.fromkeys(name for cell in cells for name in cell.labels))
    groups = []
    for over, several in groupby(cells, key=lambda cell: cell.headings[:-1]):
        each = ", ".join(f"{cell.headings[-1]}: {cell.text}" if cell.headings else cell.text for cell in several)
        groups.append(" › ".join([*over, each]))
    text = "; ".join(groups)
    return f"{label} — {text}" if label else text


def told_rows(block: Block, *, head: Block) -> list[tuple[int, int, str]]:
    """The rows of a table as they are searched: where each stands in the block's text, and what it says in words.

    Rows of the head say nothing of their own, for every cell has its headings; "" stands for such a row, and for all
    rows of a table whose columns have no names. Of a row that is very long the parts have its labels, too. ``head`` is
    the table whose head names its columns (``heads_of``).
    """
    grid = block.grid
    lines = [(start, end) for start, end in _lines(block.text) if block.text[start:end].strip()]
    if grid is None or head.grid is None or not head.grid.header_rows:
        return [(start, end, "") for start, end in lines]
    named: dict[int, list[PrintedCell]] = {}
    for cell in _table(block, head=head).cells:
        if cell.is_named:
            named.setdefault(cell.row, []).append(cell)
    numbers = {start: number for number, (start, _) in enumerate(_lines(block.text))}
    places = {(cell.row, cell.column): cell for cell in grid.cells}
    found: list[tuple[int, int, str]] = []
    for start, end in lines:
        parts = _parts(named.get(numbers[start], ()))
        begin = start
        for part, after in zip_longest(parts, parts[1:]):
            stop = places[part[-1].row, part[-1].column].end if after else end
            found.append((begin, stop, told(part)))
            begin = places[after[0].row, after[0].column].start if after else end
        if not parts:
            found.append((start, end, ""))
    return found


def _parts(cells: Sequence[PrintedCell]) -> list[list[PrintedCell]]:
    """The cells of a row in as many parts as its text in words wants."""
    parts: list[list[PrintedCell]] = []
    for cell in cells:
        if parts and len(told([*parts[-1], cell])) <= _MOST_CHARACTERS:
            parts[-1].append(cell)
        else:
            parts.append([cell])
    return parts


def _table(block: Block, *, head: Block, caption: str = "") -> PrintedTable:
    grid = block.grid or _grid_of_text(block.text)
    count = 1 + max((cell.row for cell in grid.cells), default=-1)
    body = [cell for cell in grid.cells if cell.row >= grid.header_rows]
    stubs = _stub_columns(body, grid, block.text)
    groups = {row: _only_cell(row, body) for row in range(grid.header_rows, count)}

    def text_of(cell: GridCell, of: Block = block) -> str:
        return one_line(of.text[cell.start : cell.end])

    made = []
    labels: dict[int, GridCell] = {}
    group = ""
    for cell in sorted(grid.cells, key=lambda cell: (cell.row, cell.column)):
        is_head = cell.row < grid.header_rows
        if not is_head and (title := groups[cell.row]) is not None:
            group, labels = text_of(title), {}
        if not is_head and cell.column < stubs:
            labels = {at: one for at, one in labels.items() if at < cell.column} | {cell.column: cell}
        named = not is_head and cell.column >= stubs and groups[cell.row] is None
        headings = tuple(text_of(over, head) for over in _above(cell, head.grid or grid)) if named else ()
        made.append(
            PrintedCell(
                row=cell.row, column=cell.column, rows=cell.rows, columns=cell.columns, text=text_of(cell),
                is_named=named,
                labels=tuple(filter(None, [group, *(text_of(labels[at]) for at in sorted(labels))])) if named else (),
                headings=headings,
                unit=_unit([text_of(cell), *reversed(headings)]) if named else None,
                page=block.page, boxes=tuple(_boxes(block, cell)),
            )
        )  # fmt: skip
    return PrintedTable(
        label=block.label, caption=caption, page=block.page, rows=count, columns=grid.columns,
        header_rows=grid.header_rows, cells=tuple(made),
    )  # fmt: skip


def _grid_of_text(text: str) -> Grid:
    """Of a table that was read before rows and columns were kept, or from a file that says nothing of them."""
    cells: list[GridCell] = []
    most = 0
    for row, (at, end) in enumerate(_lines(text)):
        parts = text[at:end].split(CELLS)
        for column, part in enumerate(parts):
            if part.strip():
                cells.append(GridCell(row=row, column=column, start=at, end=at + len(part)))
            at += len(part) + len(CELLS)
        most = max(most, len(parts))
    return Grid(columns=most, header_rows=0, cells=tuple(cells))


def _stub_columns(body: Sequence[GridCell], grid: Grid, text: str) -> int:
    """How many columns from the left name the rows: those before the first with figures in most of its cells."""
    for column in range(1, grid.columns):
        own = [text[cell.start : cell.end] for cell in body if cell.column == column]
        if 2 * sum(bool(_FIGURES.search(cell)) for cell in own) > len(own) > 0:
            return column
    return min(1, grid.columns - 1)


def _only_cell(row: int, body: Iterable[GridCell]) -> GridCell | None:
    """The cell of a row that has no other: the title of the rows below it."""
    own = [cell for cell in body if cell.row == row]
    return own[0] if len(own) == 1 and own[0].column == 0 else None


def _above(cell: GridCell, grid: Grid) -> list[GridCell]:
    heads = [head for head in grid.cells if head.row < grid.header_rows]
    over = [head for head in heads if head.column <= cell.column < head.column + head.columns]
    return sorted(over, key=lambda head: head.row)


def _unit(texts: Iterable[str]) -> str | None:
    """The unit that a cell or the nearest of its headings states."""
    own, *headings = texts
    if own.endswith(("%", "‰")):
        return own[-1]
    return next((match[1] for heading in headings if (match := _UNIT.search(heading))), None)


def _boxes(block: Block, cell: GridCell) -> Iterator[Box]:
    for line in block.lines:
        if cell.start <= line.start and line.end <= cell.end:
            yield Box(page=line.page, x0=line.x0, y0=line.y0, x1=line.x1, y1=line.y1)
