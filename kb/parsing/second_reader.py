"""Text of PDFs that pdfium refuses, page by page and without places. The only user of pypdf."""

from __future__ import annotations

import hashlib
import io
import logging
import re
import struct
import unicodedata
import zlib

from kb.errors import ParseError
from kb.ids import file_key
from kb.records import Block, Document, Fulltext, Metadata

PARSER = "pypdf/1"
_STUMBLES = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError, RuntimeError, TypeError,
    ValueError, struct.error, zlib.error,
)  # fmt: skip


def read_text_only(data: bytes, *, max_pages: int, first_error: ParseError) -> Document:
    """One paragraph per blank-line-separated piece of text, with its page; no headings, no boxes.

    Raises:
        ParseError: ``first_error`` (what pdfium said) when pypdf gets no text either; ``pdf-encrypted`` when the
            file wants a password.
    """
    pieces, count = _pieces(data, max_pages=max_pages, first_error=first_error)
    if sum(len(text) for _, text in pieces) < 40:
        raise first_error
    blocks: list[Block] = []
    start = 0
    for page, text in pieces:
        blocks.append(Block(kind="paragraph", text=text, start=start, page=page))
        start += len(text) + 2
    reason = "the PDF is damaged: its words could be read, not its layout; get it again from its source"
    return Document(
        text="\n\n".join(text for _, text in pieces),
        blocks=tuple(blocks),
        front=Metadata(source="pdf", ids=(file_key(hashlib.sha256(data).hexdigest()),)),
        pages=count,
        fulltext=Fulltext(state="partial", code="pdf-broken", reason=reason),
        parser=PARSER,
        warnings=(reason,),
    )


def _pieces(data: bytes, *, max_pages: int, first_error: ParseError) -> tuple[list[tuple[int, str]], int]:
    import pypdf
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    pieces: list[tuple[int, str]] = []
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            message = "the PDF is locked with a password: save an unlocked copy and add that"
            raise ParseError(message, code="pdf-encrypted")
        count = len(reader.pages)
        for number in range(1, min(count, max_pages) + 1):
            pieces += [(number, text) for text in _paragraphs(reader.pages[number - 1].extract_text())]
    except (PyPdfError, *_STUMBLES) as err:
        # pypdf meets damaged files with all of these; what was read before counts.
        if not pieces:
            raise first_error from err
        count = pieces[-1][0]
    return pieces, count


def _paragraphs(text: str) -> list[str]:
    clean = "".join(char for char in unicodedata.normalize("NFKC", text) if char.isprintable() or char == "\n")
    clean = re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", clean)
    parts = (re.sub(r"\s+", " ", part).strip() for part in re.split(r"\n\s*\n", clean))
    return [part for part in parts if part]
