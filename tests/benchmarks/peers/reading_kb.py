"""What kb reads of a PDF, in the words of ``readings.py``: what the parser comes to give more is taken up here."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from kb.index.chunking import chunk_document
from kb.parsing.document import read_pdf
from kb.parsing.figures import cut_pictures
from kb.records import Block, Document, Paper, ReferenceEntry

_MOST_PAGES = 400
_CHUNK_TOKENS = 256
_AROUND = 120  # characters of a mark's context


def read(path: Path) -> dict[str, Any]:
    """Our parser, our pictures, our chunks (a word counts as 1.3 tokens, so that no encoder is loaded)."""
    data = path.read_bytes()
    started = time.process_time()
    document = read_pdf(data, max_pages=_MOST_PAGES)
    cpu_s = time.process_time() - started
    started = time.process_time()
    pictures = document.figures or ()
    cut_pictures(data, [place.picture for place in pictures])
    pictures_cpu_s = time.process_time() - started
    front = document.front
    chunks = chunk_document(
        Paper(id="bench:1", title=front.title or ""),
        document,
        count_tokens=lambda texts: [round(1.3 * len(text.split())) + 1 for text in texts],
        max_tokens=_CHUNK_TOKENS,
    )
    blocks = []
    for block in document.blocks:
        for page in dict.fromkeys(line.page for line in block.lines):
            lines = [line for line in block.lines if line.page == page]
            blocks.append({"page": page, "text": block.text[lines[0].start : lines[-1].end]})
        if not block.lines:  # a file that only the second reader could open
            blocks.append({"page": block.page or 1, "text": block.text})
    return {
        "pages": document.pages,
        "cpu_s": cpu_s,
        "pictures_cpu_s": pictures_cpu_s,
        "blocks": blocks,
        "title": front.title or "",
        "authors": list(front.authors or ()),
        "affiliations": [[author, one.text] for one in front.affiliations or () for author in one.authors],
        "abstract": front.abstract or "",
        "keywords": list(front.keywords or ()),
        "venue": front.venue or "",
        "page_labels": dict(enumerate(document.page_labels, 1)),
        "headings": [[block.text, len(block.section)] for block in document.blocks if block.kind == "heading"],
        "floats": [
            {"page": p.page, "kind": p.kind, "label": p.label, "box": [p.box.x0, p.box.y0, p.box.x1, p.box.y1]}
            for p in pictures
        ],
        "tables": [
            {"page": block.page, "label": block.label or "", "header_rows": block.grid.header_rows if block.grid else 0,
             "rows": [row.split(" | ") for row in block.text.split("\n")], "spans": _spans(block)}
            for block in document.blocks if block.kind == "table"
        ],
        "equations": _equations(document),
        "entries": [{"text": entry.text, "fields": _fields(entry)} for entry in document.references],
        "links": _links(document),
        "evidence": [{"first_page": c.page, "last_page": c.last_page, "text": c.text} for c in chunks],
    }  # fmt: skip


def _spans(block: Block) -> list[list[int]]:
    """Row, column, rows and columns of the cells that span several."""
    cells = block.grid.cells if block.grid else ()
    return [[c.row, c.column, c.rows, c.columns] for c in cells if c.rows > 1 or c.columns > 1]


def equations_of(path: Path) -> list[dict[str, Any]]:
    """The display equations of a file alone."""
    return _equations(read_pdf(path.read_bytes(), max_pages=_MOST_PAGES))


def _equations(document: Document) -> list[dict[str, Any]]:
    """Page, number and box of each, the number's own place left out."""
    found = []
    for block in document.blocks:
        lines = [line for line in block.lines if line.start < line.end]
        if block.kind == "equation" and lines:
            box = [min(line.x0 for line in lines), min(line.y0 for line in lines),
                   max(line.x1 for line in lines), max(line.y1 for line in lines)]  # fmt: skip
            found.append({"page": lines[0].page, "label": block.label or "", "box": box, "text": block.text})
    return found


def _fields(entry: ReferenceEntry) -> dict[str, Any]:
    """What was read out of an entry; of people the family names."""
    names = [name.family or name.literal for name in entry.authors]
    said = {name: getattr(entry, name) for name in ("title", "venue", "year", "pages", "doi", "arxiv")}
    return {"authors": names, **said}


def _links(document: Document) -> list[dict[str, Any]]:
    """Marks with the words around them and the places of their entries, from 1."""
    return [
        {"page": mark.page, "mark": mark.text, "places": [place + 1 for place in mark.entries],
         "context": document.text[max(0, mark.start - _AROUND) : mark.end + _AROUND]}
        for mark in document.citations
    ]  # fmt: skip
