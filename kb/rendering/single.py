"""What is no digest: the note of one paper, a table of papers and questions, a list of hits to take away."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence

from kb import wire
from kb.errors import UsageError
from kb.records import Cell, Comparison, Evidence, Hit, Language, Note, Paper, Passage
from kb.rendering.display import commonmark, link, markdown, spreadsheet_cell, table_cell
from kb.rendering.entries import PageSettings, note_entry, paper_address, picture_files
from kb.rendering.html import comparison_html, note_html
from kb.rendering.labels import label, page_of
from kb.rendering.markdown import note_markdown
from kb.rendering.naming import slug
from kb.text import UNREAD, one_line

_MARKS = re.compile(r"\s*\[\d+\.\d+(?:, \d+\.\d+)*\]")


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
        text = note_markdown(entry, folder=name).encode()
        return [(f"{name}.md", text), *((f"{name}/{file}", read_file(file)) for file in picture_files([entry]))]
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
    if not cell.short:
        return label(language, cell.state)
    quoted: list[Evidence | Passage] = [e for claim in cell.claims for e in claim.evidence] or [*cell.passages[:1]]
    pages = dict.fromkeys(page for one in quoted if (page := page_of(language, one)))
    said = one_line(_MARKS.sub("", cell.short))
    told = said if cell.claims else f"“{said}”"
    if cell.state == "nearest":
        told = label(language, "nearest_sentence", quote=told)
    if UNREAD in said:
        told = label(language, "unread", place=told)
    return told + (f" ({', '.join(pages)})" if pages else "")


def _comparison_markdown(comparison: Comparison, language: Language) -> str:
    lines = [
        "| " + " | ".join([label(language, "paper"), *(table_cell(q) for q in comparison.questions)]) + " |",
        "|" + " --- |" * (len(comparison.questions) + 1),
    ]
    for paper, cells in zip(comparison.papers, comparison.cells, strict=True):
        title = table_cell(paper.title)
        address = link(paper_address(paper) or "")
        first = f"[{title}]({address})" if address else title
        lines.append("| " + " | ".join([first, *(table_cell(_cell_text(cell, language)) for cell in cells)]) + " |")
    if found := _differences(comparison):
        lines += ["", f"**{label(language, 'differences')}**", "", *(f"- {commonmark(one)}" for one in found)]
    lines += [line for notice in comparison.notices for line in ("", f"*{commonmark(notice)}*")]
    return "\n".join(lines) + "\n"


def _comparison_csv(comparison: Comparison, language: Language) -> str:
    """RFC 4180; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([spreadsheet_cell(cell) for cell in ("id", label(language, "title"), *comparison.questions)])
    for paper, cells in zip(comparison.papers, comparison.cells, strict=True):
        writer.writerow(
            [spreadsheet_cell(cell) for cell in (paper.id, paper.title, *(_cell_text(c, language) for c in cells))]
        )
    return out.getvalue()


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
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["rank", "score", "id", "title", "authors", "published", "venue", "section", "page", "text"])
    for hit in hits:
        paper = hit.paper
        day = paper.published.date().isoformat() if paper.published else ""
        row = [
            hit.rank, f"{hit.score:.6f}", paper.id, paper.title, "; ".join(paper.authors), day, paper.venue or "",
            " › ".join(hit.section), hit.page or "", hit.text,
        ]  # fmt: skip
        writer.writerow([spreadsheet_cell(value) if isinstance(value, str) else value for value in row])
    return out.getvalue()
