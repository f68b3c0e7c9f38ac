"""The tables that papers print, as data: what names each cell, and the table as rows of text, Markdown and CSV.

A cell is named by the labels at the left of its row and by the headings above its column, from the outermost inwards;
labels and headings that span rows or columns are of all of them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from kb.errors import UsageError
from kb.records import CELLS, Block, Box, Document, Grid, GridCell, PrintedCell, PrintedTable
from kb.rendering.display import spreadsheet_cell, table_cell
from kb.text import one_line

_FIGURES = re.compile(r"\d")
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*%?")
_PREFIXES = "[yzafpnµμmcdhkMGTP]?"
_SYMBOLS = "m|g|s|A|K|mol|Hz|N|Pa|J|W|C|V|F|Ω|T|L|l|eV|bar|B|b|M|Da"
_ONE_UNIT = rf"(?:[%‰]|°[CF]?|{_PREFIXES}(?:{_SYMBOLS})|ha|min|h|d|yr|dB|px|ppm|ppb)(?:\^?[-−–]?\d)?"
_UNIT = re.compile(rf"[(\[]\s*({_ONE_UNIT}(?:\s?[/·⋅ ]\s?{_ONE_UNIT})*)\s*[)\]]")
"""A unit in brackets: symbols of the SI and those that are used with it, and per cent."""


def printed_tables(document: Document) -> tuple[PrintedTable, ...]:
    """The tables of a paper's text in reading order, each with its caption."""
    captions = {block.label: block.text for block in document.blocks if block.kind == "caption" and block.label}
    return tuple(
        _table(block, caption=captions.get(block.label, "") if block.label else "")
        for block in document.blocks
        if block.kind == "table"
    )


def tables_named(document: Document | None, label: str) -> tuple[PrintedTable, ...]:
    """The tables of a label ("Table 2", or its number alone): one, or the parts of one that goes on over pages.

    Raises:
        UsageError: when the text has none.
    """
    tables = printed_tables(document) if document else ()
    found = tuple(one for one in tables if one.label and _number(one.label) == _number(label))
    if not found:
        known = ", ".join(dict.fromkeys(one.label for one in tables if one.label)) or "it has none with a label"
        raise UsageError(f"no table {label!r} in its text: choose from {known}")
    return found


def _number(label: str) -> str:
    return (label.split() or [""])[-1].casefold()


def render_table(table: PrintedTable, form: str) -> str:
    """A table as text: "md", "csv", or "text", a line for each row in which every cell stands with what names it.

    Raises:
        UsageError: for another form.
    """
    if form == "md":
        return _markdown(table)
    if form == "csv":
        return _csv(table)
    if form == "text":
        return "".join(f"{line}\n" for line in spoken_rows(table))
    raise UsageError(f"{form!r} is not a form of a table: choose from md, csv, text")


def spoken_rows(table: PrintedTable) -> Iterator[str]:
    """Each row below the head as one line: its labels, then each cell after the headings of its column."""
    for row in range(table.header_rows, table.rows):
        cells = [cell for cell in table.cells if cell.row == row and cell.is_named]
        label = " › ".join(dict.fromkeys(name for cell in cells for name in cell.labels))
        told = "; ".join(f"{' › '.join(cell.headings)}: {cell.text}" if cell.headings else cell.text for cell in cells)
        if told:
            yield f"{label} — {told}" if label else told
        else:
            yield from (cell.text for cell in table.cells if cell.row == row)


def _table(block: Block, *, caption: str) -> PrintedTable:
    grid = block.grid or _grid_of_text(block.text)
    count = 1 + max((cell.row for cell in grid.cells), default=-1)
    body = [cell for cell in grid.cells if cell.row >= grid.header_rows]
    stubs = _stub_columns(body, grid, block.text)
    groups = {row: _only_cell(row, body) for row in range(grid.header_rows, count)}

    def told(cell: GridCell) -> str:
        return one_line(block.text[cell.start : cell.end])

    made = []
    labels: dict[int, GridCell] = {}
    group = ""
    for cell in sorted(grid.cells, key=lambda cell: (cell.row, cell.column)):
        is_head = cell.row < grid.header_rows
        if not is_head and (title := groups[cell.row]) is not None:
            group, labels = told(title), {}
        if not is_head and cell.column < stubs:
            labels = {at: one for at, one in labels.items() if at < cell.column} | {cell.column: cell}
        named = not is_head and cell.column >= stubs and groups[cell.row] is None
        headings = tuple(told(head) for head in _above(cell, grid)) if named else ()
        made.append(
            PrintedCell(
                row=cell.row, column=cell.column, rows=cell.rows, columns=cell.columns, text=told(cell), is_named=named,
                labels=tuple(filter(None, [group, *(told(labels[at]) for at in sorted(labels))])) if named else (),
                headings=headings,
                unit=_unit([told(cell), *reversed(headings)]) if named else None,
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
    most, start = 0, 0
    for row, line in enumerate(text.split("\n")):
        at = start
        parts = line.split(CELLS)
        for column, part in enumerate(parts):
            if part.strip():
                cells.append(GridCell(row=row, column=column, start=at, end=at + len(part)))
            at += len(part) + len(CELLS)
        most, start = max(most, len(parts)), start + len(line) + 1
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


def _filled(table: PrintedTable, shown: Callable[[str], str]) -> list[list[str]]:
    """All rows with all places, those without a cell empty; plain numbers are what they are in every form."""
    rows = [[""] * table.columns for _ in range(table.rows)]
    for cell in table.cells:
        rows[cell.row][cell.column] = cell.text if _NUMBER.fullmatch(cell.text) else shown(cell.text)
    return rows


def _markdown(table: PrintedTable) -> str:
    """A pipe table; Markdown has one row of headings: those of a column stand in it one behind the other."""
    rows = _filled(table, table_cell)
    heads = [["" for _ in range(table.columns)]]
    if table.header_rows:
        over: list[list[str]] = [[] for _ in range(table.columns)]
        for cell in table.cells:
            if cell.row < table.header_rows:
                for column in range(cell.column, min(cell.column + cell.columns, table.columns)):
                    over[column].append(table_cell(cell.text))
        heads = [[" › ".join(names) for names in over]]
    lines = [*heads, ["---"] * table.columns, *rows[table.header_rows :]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _csv(table: PrintedTable) -> str:
    """RFC 4180, rows as printed; a cell that a spreadsheet would take for a formula begins with an apostrophe,
    but for plain numbers."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(_filled(table, spreadsheet_cell))
    return out.getvalue()
