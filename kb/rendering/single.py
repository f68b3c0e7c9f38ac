"""What is no digest: the note of one paper, a table of papers and questions, hits and printed tables to take away."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from kb import wire
from kb.errors import UsageError
from kb.records import Cell, Comparison, Document, Evidence, Hit, Language, Note, Paper, Passage, PrintedTable
from kb.rendering.display import commonmark, link, markdown, spreadsheet_cell, table_cell
from kb.rendering.entries import PageSettings, note_entry, paper_address
from kb.rendering.html import note_html, page_frame, render_template
from kb.rendering.labels import label, page_of, slug
from kb.rendering.markdown import note_markdown
from kb.rendering.quotations import Pictures, QuotedPart, equations_in, in_words, quoted
from kb.tables import printed_tables, spoken_rows
from kb.text import UNREAD, one_line

_MARKS = re.compile(r"\s*\[\d+\.\d+(?:, \d+\.\d+)*\]")
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*%?")


def note_name(paper: Paper) -> str:
    """The file name of a note without suffix."""
    return slug(f"{paper.id} {f'v{paper.version}' if paper.version else ''}")


def note_pages(
    note: Note, form: str, *, read_file: Callable[[str], bytes], settings: PageSettings | None = None
) -> list[tuple[str, bytes]]:
    """The note of one paper as (relative path, bytes), without stamps: the page first, then its pictures.

    Raises:
        UsageError: for a form other than md, html and json.
    """
    name = note_name(note.paper)
    if form == "json":
        return [(f"{name}.json", (wire.to_json(note) + "\n").encode())]
    entry = note_entry(note)
    if form == "html":
        return note_html(entry, name=name, read_file=read_file, settings=settings or PageSettings())
    if form == "md":
        return note_markdown(entry, name=name, read_file=read_file)
    raise UsageError(f"{form!r} is not a form of a note: choose from md, html, json")


def render_comparison(
    comparison: Comparison,
    form: str,
    *,
    name: str = "comparison",
    language: Language = "en",
    pictures: Mapping[str, bytes] | None = None,
) -> list[tuple[str, bytes]]:
    """A comparison in a form (md, csv, html, json) as (path, bytes): the page first, beside Markdown the pictures of
    equations, which ``pictures`` has by their keys.

    Raises:
        UsageError: for another form.
    """
    kept = Pictures(data=pictures or {}, folder=slug(name))
    if form == "md":
        page = _comparison_markdown(comparison, kept, language)
    elif form == "csv":
        rows = [("id", label(language, "title"), *comparison.questions)]
        for paper, cells in zip(comparison.papers, comparison.cells, strict=True):
            said = (_cell_text(cell, language, write=partial(in_words, language=language)) for cell in cells)
            rows.append((paper.id, paper.title, *said))
        page = _csv([[spreadsheet_cell(cell) for cell in row] for row in rows])
    elif form == "html":
        page = _comparison_html(comparison, kept, language)
    elif form == "json":
        page = wire.to_json(comparison) + "\n"
    else:
        raise UsageError(f"{form!r} is not a form of a comparison: choose from md, csv, html, json")
    return [(f"{name}.{form}", page.encode()), *kept.beside(page)]


def _cell_quotation(cell: Cell, language: Language) -> list[QuotedPart]:
    """The sentence that a cell without statements shows."""
    if not cell.passages:
        return [QuotedPart(text=one_line(cell.short))]
    return quoted(cell.passages[0], cell.passages[0].answers[:1], language=language)


def _cell_equations(cell: Cell, language: Language) -> list[QuotedPart]:
    """The equations that the statements of a cell rest on."""
    return list(dict.fromkeys(part for one in cell.passages for part in equations_in(one, language=language)))


def _cell_text(cell: Cell, language: Language, *, write: Callable[[Sequence[QuotedPart]], str]) -> str:
    """What a cell says, with pages, or that the paper does not state it; ``write`` makes a quotation of its parts."""
    if not cell.short:
        return write([QuotedPart(text=label(language, cell.state))])
    evidence: list[Evidence | Passage] = [e for claim in cell.claims for e in claim.evidence] or [*cell.passages[:1]]
    pages = dict.fromkeys(page for one in evidence if (page := page_of(language, one)))
    if cell.claims:
        told = write([QuotedPart(text=one_line(_MARKS.sub("", cell.short))), *_cell_equations(cell, language)])
    else:
        told = f"“{write(_cell_quotation(cell, language))}”"
    if cell.state == "nearest":
        told = label(language, "nearest_sentence", quote=told)
    if UNREAD in cell.short:
        told = label(language, "unread", place=told)
    return told + (f" ({', '.join(pages)})" if pages else "")


def _comparison_markdown(comparison: Comparison, pictures: Pictures, language: Language) -> str:
    def write(parts: Sequence[QuotedPart]) -> str:
        return pictures.in_markdown(parts, write=table_cell, language=language)

    lines = [
        "| " + " | ".join([label(language, "paper"), *(table_cell(q) for q in comparison.questions)]) + " |",
        "|" + " --- |" * (len(comparison.questions) + 1),
    ]
    for paper, cells in zip(comparison.papers, comparison.cells, strict=True):
        title = table_cell(paper.title)
        address = link(paper_address(paper) or "")
        first = f"[{title}]({address})" if address else title
        lines.append("| " + " | ".join([first, *(_cell_text(cell, language, write=write) for cell in cells)]) + " |")
    if found := _differences(comparison):
        lines += ["", f"**{label(language, 'differences')}**", "", *(f"- {commonmark(one)}" for one in found)]
    lines += [line for notice in comparison.notices for line in ("", f"*{commonmark(notice)}*")]
    return "\n".join(lines) + "\n"


def _comparison_html(comparison: Comparison, pictures: Pictures, language: Language) -> str:
    def shown(cell: Cell) -> dict[str, object]:
        parts = _cell_equations(cell, language) if cell.claims else _cell_quotation(cell, language)
        return {"said": cell, "parts": parts}

    return render_template(
        "comparison.html.j2",
        **page_frame(language, PageSettings(), files_beside=pictures.are_files),
        pictures=pictures,
        title=" · ".join(comparison.questions) or label(language, "question"),
        questions=comparison.questions,
        rows=[
            {"paper": paper, "address": paper_address(paper), "cells": [shown(cell) for cell in cells]}
            for paper, cells in zip(comparison.papers, comparison.cells, strict=True)
        ],
        differences=_differences(comparison),
        notices=comparison.notices,
    )


def _differences(comparison: Comparison) -> list[str]:
    told = zip(comparison.questions, comparison.differences, strict=False)
    return [f"{question}: {said}" for question, said in told if said]


def hits_to_markdown(hits: Sequence[Hit]) -> str:
    """A quotation for each hit with its paper, section and page."""
    parts = []
    for hit in hits:
        by = [label("en", "recognised")] if hit.page and hit.paper.fulltext.is_recognised else []
        place = ", ".join([*hit.section, *([f"p. {hit.page}"] if hit.page else []), *by])
        title = markdown(hit.paper.title)
        address = link(hit.paper.url or "")
        head = f"[{title}]({address})" if address else title
        authors = markdown(", ".join(hit.paper.authors))
        year = f" ({hit.paper.published.year})" if hit.paper.published else ""
        parts.append(f"**{head}**  \n{authors}{year}\n\n> {markdown(hit.text)}\n\n{markdown(place)}\n")
    return "\n".join(parts)


def hits_to_csv(hits: Sequence[Hit]) -> str:
    """One line a hit; a cell that a spreadsheet would read as a formula begins with an apostrophe."""
    rows: list[list[object]] = [
        ["rank", "score", "id", "title", "authors", "published", "venue", "section", "page", "text"]
    ]
    for hit in hits:
        paper = hit.paper
        day = paper.published.date().isoformat() if paper.published else ""
        row = [
            hit.rank, f"{hit.score:.6f}", paper.id, paper.title, "; ".join(paper.authors), day, paper.venue or "",
            " › ".join(hit.section), hit.page or "", hit.text,
        ]  # fmt: skip
        rows.append([spreadsheet_cell(value) if isinstance(value, str) else value for value in row])
    return _csv(rows, end="\n")


def _csv(rows: Sequence[Sequence[object]], *, end: str = "\r\n") -> str:
    """Cells as they are, quoted after RFC 4180."""
    out = io.StringIO()
    csv.writer(out, lineterminator=end).writerows(rows)
    return out.getvalue()


# ------------------------------------------------------------------------------------------ printed tables


def tables_named(document: Document | None, name: str) -> tuple[PrintedTable, ...]:
    """The tables of a label ("Table 2", or its number alone): one, or the parts of one that goes on over pages.

    Raises:
        UsageError: when the text has none.
    """

    def number(text: str) -> str:
        return (text.split() or [""])[-1].casefold()

    tables = printed_tables(document) if document else ()
    found = tuple(one for one in tables if one.label and number(one.label) == number(name))
    if not found:
        known = ", ".join(dict.fromkeys(one.label for one in tables if one.label)) or "it has none with a label"
        raise UsageError(f"no table {name!r} in its text: choose from {known}")
    return found


def render_table(table: PrintedTable, form: str) -> str:
    """A table as text: "md", "csv", or "text", a line for each row in which every cell stands with what names it.

    Plain numbers are what they are in every form, also where a spreadsheet would take one for a formula.

    Raises:
        UsageError: for another form.
    """
    if form == "md":
        return _pipe_table(table)
    if form == "csv":
        return _csv(_filled(table, spreadsheet_cell))
    if form == "text":
        return "".join(f"{line}\n" for line in spoken_rows(table))
    raise UsageError(f"{form!r} is not a form of a table: choose from md, csv, text")


def _filled(table: PrintedTable, shown: Callable[[str], str]) -> list[list[str]]:
    """All rows with all places, those without a cell empty."""
    rows = [[""] * table.columns for _ in range(table.rows)]
    for cell in table.cells:
        rows[cell.row][cell.column] = cell.text if _NUMBER.fullmatch(cell.text) else shown(cell.text)
    return rows


def _pipe_table(table: PrintedTable) -> str:
    """Markdown has one row of headings: those of a column stand in it one behind the other."""
    heads: list[list[str]] = [[] for _ in range(table.columns)]
    for cell in table.cells:
        if cell.row < table.header_rows:
            for column in range(cell.column, min(cell.column + cell.columns, table.columns)):
                heads[column].append(table_cell(cell.text))
    rows = _filled(table, table_cell)[table.header_rows :]
    lines = [[" › ".join(names) for names in heads], ["---"] * table.columns, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
