"""Pages that are no digest: the note of one paper, and a table of papers and questions."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

from kb import wire
from kb.errors import UsageError
from kb.records import Cell, Comparison, Language, Note, Paper
from kb.rendering.entries import PageSettings, note_entry, paper_address
from kb.rendering.escaping import commonmark, link, one_line
from kb.rendering.html import comparison_html, note_html
from kb.rendering.labels import label
from kb.rendering.markdown import note_markdown
from kb.rendering.naming import slug

_MARKS = re.compile(r"\s*\[\d+\.\d+(?:, \d+\.\d+)*\]")
_FORMULA_STARTERS = ("=", "+", "-", "@", "\t", "\r")


def note_name(paper: Paper) -> str:
    """The file name of a note without suffix."""
    return slug(f"{paper.id} {f'v{paper.version}' if paper.version else ''}")


def render_note(
    note: Note, form: str, *, read_file: Callable[[str], bytes], settings: PageSettings | None = None
) -> list[tuple[str, bytes]]:
    """The note of one paper as (relative path, bytes): the page first, then its pictures.

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
        pictures = dict.fromkeys(figure.file for figure in entry.figures)
        text = note_markdown(entry, folder=name).encode()
        return [(f"{name}.md", text), *((f"{name}/{file}", read_file(file)) for file in pictures)]
    raise UsageError(f"{form!r} is not a form of a note: choose from md, html, json")


def render_comparison(comparison: Comparison, form: str, *, language: Language = "en") -> str:
    """A comparison as text: md, csv, html or json.

    Raises:
        UsageError: for another form.
    """
    if form == "md":
        return _comparison_markdown(comparison, language)
    if form == "csv":
        return _comparison_csv(comparison, language)
    if form == "html":
        title = " · ".join(comparison.questions) or label(language, "question")
        return comparison_html(comparison, language=language, title=title, differences=_differences(comparison))
    if form == "json":
        return wire.to_json(comparison) + "\n"
    raise UsageError(f"{form!r} is not a form of a comparison: choose from md, csv, html, json")


def _cell_text(cell: Cell, language: Language) -> str:
    """What a cell says, with pages, or that the paper does not state it."""
    if cell.state != "found":
        return label(language, cell.state)
    pages = dict.fromkeys(
        label(language, "page", page=page)
        for page in [e.page for claim in cell.claims for e in claim.evidence] or [p.page for p in cell.passages[:1]]
        if page
    )
    said = one_line(_MARKS.sub("", cell.short))
    told = said if cell.claims else f"“{said}”"
    return told + (f" ({', '.join(pages)})" if pages else "")


def _comparison_markdown(comparison: Comparison, language: Language) -> str:
    lines = [
        "| " + " | ".join([label(language, "paper"), *(_table_cell(q) for q in comparison.questions)]) + " |",
        "|" + " --- |" * (len(comparison.questions) + 1),
    ]
    for paper, cells in zip(comparison.papers, comparison.cells, strict=True):
        title = _table_cell(paper.title)
        address = link(paper_address(paper) or "")
        first = f"[{title}]({address})" if address else title
        lines.append("| " + " | ".join([first, *(_table_cell(_cell_text(cell, language)) for cell in cells)]) + " |")
    if found := _differences(comparison):
        lines += ["", f"**{label(language, 'differences')}**", "", *(f"- {commonmark(one)}" for one in found)]
    lines += [line for notice in comparison.notices for line in ("", f"*{commonmark(notice)}*")]
    return "\n".join(lines) + "\n"


def _table_cell(text: str) -> str:
    """Markdown within a table: a bar in a formula would end the cell."""
    return re.sub(r"(?<!\\)\|", "&#124;", commonmark(text))


def _comparison_csv(comparison: Comparison, language: Language) -> str:
    """RFC 4180; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_csv(cell) for cell in ("id", label(language, "title"), *comparison.questions)])
    for paper, cells in zip(comparison.papers, comparison.cells, strict=True):
        writer.writerow([_csv(cell) for cell in (paper.id, paper.title, *(_cell_text(c, language) for c in cells))])
    return out.getvalue()


def _csv(text: str) -> str:
    flat = one_line(text)
    return f"'{flat}" if text.startswith(_FORMULA_STARTERS) or flat.startswith(_FORMULA_STARTERS) else flat


def _differences(comparison: Comparison) -> list[str]:
    told = zip(comparison.questions, comparison.differences, strict=False)
    return [f"{question}: {said}" for question, said in told if said]
