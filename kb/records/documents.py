"""Documents: a parsed file, its blocks and printed lines, the figures cut from it, the chunks that are indexed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from kb.records.papers import Box, Fulltext, Metadata

BlockKind = Literal[
    "heading", "paragraph", "list", "equation", "caption", "table", "code", "footnote", "reference", "front"
]
ChunkKind = Literal["abstract", "text", "caption", "table"]
FileKind = Literal["pdf", "html", "markdown", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A printed line of a block: ``[start, end)`` in the block's text, and where it stands.

    ``words`` holds ``(start, x0, x1)`` for each word of the line (start in the block's text, x in points), so
    that a quote's box can begin and end in mid-line.
    """

    start: int
    end: int
    page: int
    x0: float
    y0: float
    x1: float
    y1: float
    words: tuple[tuple[int, float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph, heading, caption … of a document. ``start`` is its place in ``Document.text``.

    ``section`` is the path of headings above it. ``label`` is "Figure 3" or "Table 1" for captions and tables,
    the reference's marker for references, and the printed number, "3", of an equation, which its text leaves out. A
    program keeps its rows and how far in they are set. Text read from HTML or plain files has no lines.
    """

    kind: BlockKind
    text: str
    start: int
    section: tuple[str, ...] = ()
    page: int | None = None
    lines: tuple[Line, ...] = ()
    label: str | None = None

    @property
    def end(self) -> int:
        """End of the block in ``Document.text``."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed file. ``text`` holds the blocks' texts in reading order, joined by ``"\\n\\n"``.

    Invariant: ``text[block.start:block.end] == block.text`` for every block. Captions and tables stand after the
    prose of the section in which they float, so a paragraph that runs on past a figure is one run of prose.
    ``front`` is what the front matter says (source "pdf" or "html"); ``dropped`` counts text that is no evidence
    (``{"invisible": 12, "off-page": 3, "running head": 20}``, in characters or lines as the key says);
    ``fulltext`` is "partial" with a code and reason when only a part could be read. ``page_labels`` are the numbers
    that the pages print, in order from page 1; empty where they print none that count on.
    """

    text: str
    blocks: tuple[Block, ...]
    front: Metadata
    pages: int | None
    fulltext: Fulltext
    parser: str
    dropped: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    page_labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureImage:
    """A figure or table cut from a PDF: ``png`` is the picture, ``box`` where it was cut (without the caption)."""

    label: str
    kind: Literal["figure", "table"]
    caption: str
    page: int
    box: Box
    png: bytes
    caption_boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What is stored, indexed and embedded: ``text == Document.text[start:end]`` of one section.

    ``ordinal`` counts chunks of the paper in reading order from 0. A chunk of kind "abstract" made from the record
    (no document) has ``page=None`` and spans in the record's abstract.
    """

    id: str
    paper_id: str
    version: int | None
    kind: ChunkKind
    ordinal: int
    section: tuple[str, ...]
    start: int
    end: int
    text: str
    tokens: int
    page: int | None = None
    last_page: int | None = None
    label: str | None = None
    boxes: tuple[Box, ...] = ()
