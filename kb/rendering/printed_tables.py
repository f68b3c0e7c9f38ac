"""The tables that papers print, as rows of text, Markdown and CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

from kb.errors import UsageError
from kb.records import Document, PrintedTable
from kb.rendering.display import spreadsheet_cell, table_cell
from kb.tables import printed_tables, spoken_rows

_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*%?")


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
