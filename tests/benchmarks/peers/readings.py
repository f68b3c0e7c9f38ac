"""What an engine reads of one PDF, as JSON on stdout: ``python readings.py ENGINE [FILE]``; its version without a file.

A program of one file, run in the environment where the engine is installed; kb is one engine of six. What an engine
does not give is not in its reading, and is not scored; what it gives for nothing is empty, and is.

    pages, cpu_s             how many, and the processor's seconds for text, blocks and tables
    page_texts               {page: all text in reading order}
    blocks                   [{page, text}] in reading order; a block on two pages is two
    title authors abstract keywords venue page_labels
    affiliations             [[author, affiliation]]
    headings                 [[text, level]]
    floats, pictures_cpu_s   [{page, kind, label, box}]: what is cut as a picture
    tables                   [{page, label, rows, header_rows}]: rows of cells; header_rows 0 where not told
    entries                  [{text, fields}]: the list of references; fields authors (family names), title, venue,
                             year, pages, doi, arxiv
    links                    [{page, mark, context, places}]: marks of citation, a bracket as one, with all places in
                             that list (from 1) it points to, and some ten words around it
    evidence                 [{first_page, last_page, text}]: what can be found and cited
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Reading = dict[str, Any]


def read_kb(path: Path) -> Reading:
    """Ours: in a module of its own, so that its changes leave the kept readings of the others as they are."""
    from tests.benchmarks.peers.reading_kb import read

    return read(path)


def read_pdfium(path: Path) -> Reading:
    """The text as pdfium gives it, in the order of the file: with pypdf's, what words are held against."""
    import pypdfium2

    def texts() -> list[str]:
        with pypdfium2.PdfDocument(path) as pdf:
            return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in pdf]

    return _of_texts(texts)


def read_pypdf(path: Path) -> Reading:
    """Text alone."""
    from pypdf import PdfReader

    return _of_texts(lambda: [page.extract_text() for page in PdfReader(path).pages])


def read_pdfplumber(path: Path) -> Reading:
    """Text, and tables where rules are drawn."""
    import pdfplumber

    tables = []

    def texts() -> list[str]:
        found = []
        with pdfplumber.open(path) as pdf:
            for number, page in enumerate(pdf.pages, 1):
                found.append(page.extract_text())
                for rows in page.extract_tables():
                    cells = [[(cell or "").replace("\n", " ") for cell in row] for row in rows]
                    tables.append({"page": number, "label": "", "header_rows": 0, "rows": cells})
                page.close()
        return found

    return {**_of_texts(texts), "tables": tables}


def read_docling(path: Path) -> Reading:
    """The lines of docling-parse, which needs no model."""
    from docling_core.types.doc.page import TextCellUnit
    from docling_parse.pdf_parser import DoclingPdfParser

    def texts() -> list[str]:
        pages = DoclingPdfParser(loglevel="fatal").load(str(path)).iterate_pages()
        return ["\n".join(c.text for c in page.iterate_cells(unit_type=TextCellUnit.LINE)) for _, page in pages]

    return _of_texts(texts)


def read_pymupdf4llm(path: Path) -> Reading:
    """Markdown of PyMuPDF with its layout model."""
    import pymupdf4llm

    started = time.process_time()
    pages = pymupdf4llm.to_markdown(str(path), page_chunks=True)
    cpu_s = time.process_time() - started
    blocks, headings, floats, tables = [], [], [], []
    for number, page in enumerate(pages, 1):
        for box in page["page_boxes"]:
            text = page["text"][slice(*box["pos"])]
            kind = {"table": "table", "picture": "figure"}.get(box["class"])
            if kind:
                floats.append({"page": number, "kind": kind, "label": None, "box": list(box["bbox"])})
            if box["class"] == "table":
                rows = [
                    [_plain(cell) for cell in row.strip().strip("|").split("|")] for row in text.strip().split("\n")
                ]
                rows = [row for row in rows if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
                tables.append({"page": number, "label": "", "header_rows": 1, "rows": rows})
                text = text.replace("|", " ")
            elif match := re.match(r"\s*(#+)\s+(.*)", text):
                headings.append([_plain(match[2]), len(match[1])])
            blocks.append({"page": number, "text": _plain(text)})
    evidence = [{"first_page": b["page"], "last_page": b["page"], "text": b["text"]} for b in blocks]
    return {"pages": len(pages), "cpu_s": cpu_s, "blocks": blocks, "headings": headings, "floats": floats,
            "tables": tables, "evidence": evidence}  # fmt: skip


ENGINES: dict[str, tuple[str, Callable[[Path], Reading]]] = {
    "kb": ("paper-kb", read_kb),
    "pdfium": ("pypdfium2", read_pdfium),
    "pypdf": ("pypdf", read_pypdf),
    "pdfplumber": ("pdfplumber", read_pdfplumber),
    "pymupdf4llm": ("pymupdf4llm", read_pymupdf4llm),
    "docling-parse": ("docling-parse", read_docling),
}


def _of_texts(read: Callable[[], list[str]]) -> Reading:
    """A reading of an engine that gives lines: each is a block, all is evidence."""
    started = time.process_time()
    texts = read()
    cpu_s = time.process_time() - started
    blocks = [{"page": n, "text": line} for n, text in enumerate(texts, 1) for line in text.split("\n") if line.strip()]
    evidence = [{"first_page": n, "last_page": n, "text": text} for n, text in enumerate(texts, 1)]
    return {"pages": len(texts), "cpu_s": cpu_s, "blocks": blocks, "evidence": evidence}


def _plain(markdown: str) -> str:
    """Markdown without its marks."""
    text = re.sub(r"</?(?:sup|sub|u|s|br)/?>|\*\*|`|^#+ |(?<!\w)_|_(?!\w)", "", markdown, flags=re.MULTILINE)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def main() -> None:
    """Write the engine's version, or its reading of the file."""
    package, read = ENGINES[sys.argv[1]]
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # nothing but the reading may reach stdout, whatever a library prints
    found: Any = importlib.metadata.version(package)
    if len(sys.argv) > 2:
        found = read(Path(sys.argv[2]))
        pages: dict[int, list[str]] = {}
        for block in found["blocks"]:
            pages.setdefault(block["page"], []).append(block["text"])
        found["page_texts"] = {page: "\n".join(texts) for page, texts in pages.items()}
        found["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    json.dump(found, answer)
    answer.close()


if __name__ == "__main__":
    main()
