"""Documents: a parsed file, its blocks and printed lines, its references and where it cites them, the figures cut from
it, the chunks that are indexed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from kb.records.papers import Box, Fulltext, Metadata, Name

BlockKind = Literal[
    "heading", "paragraph", "list", "equation", "caption", "table", "code", "footnote", "reference", "front"
]
ChunkKind = Literal["abstract", "text", "caption", "table"]
FileKind = Literal["pdf", "html", "markdown", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A printed line of a block: ``[start, end)`` in the block's text, and where it stands.

    ``words`` holds ``(start, x0, x1)`` for each word of the line (start in the block's text, x in points), so
    that a quote's box can begin and end in mid-line. ``confidence``: how sure a text recogniser is of the line, 0 to 1;
    None where the file itself has its text.
    """

    start: int
    end: int
    page: int
    x0: float
    y0: float
    x1: float
    y1: float
    words: tuple[tuple[int, float, float], ...] = ()
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCell:
    """A cell of a printed table: ``[start, end)`` in its block's text, and where it stands in the grid (from 0).

    ``rows`` and ``columns`` are how many it spans, downwards and to the right. Empty places have no cell.
    """

    row: int
    column: int
    start: int
    end: int
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Rows and columns of a printed table. ``header_rows`` is how many rows, from the top, name the columns."""

    columns: int
    header_rows: int
    cells: tuple[GridCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph, heading, caption … of a document. ``start`` is its place in ``Document.text``.

    ``section`` is the path of headings above it. ``label`` is "Figure 3" or "Table 1" for captions and tables,
    the reference's marker for references, and the printed number, "3", of an equation, which its text leaves out; the
    number's place is the last of its lines, without width in the text. A
    program keeps its rows and how far in they are set. Text read from HTML or plain files has no lines. ``grid`` says
    of a table what its rows and columns are; its text has a row on each line, with " | " between the cells.
    """

    kind: BlockKind
    text: str
    start: int
    section: tuple[str, ...] = ()
    page: int | None = None
    lines: tuple[Line, ...] = ()
    label: str | None = None
    grid: Grid | None = None

    @property
    def end(self) -> int:
        """End of the block in ``Document.text``."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceEntry:
    """An entry of the list of references: as it is printed, and the fields that were read out of it.

    ``start`` is its place in ``Document.text``, ``label`` what marks point to it with ("12", "Kar20"), None where the
    list has none. ``year``, ``pages``, ``title`` and ``venue`` are as printed; ``doi`` and ``arxiv`` are bare ids. What
    an entry does not say, or what was not understood, is empty.
    """

    text: str
    start: int
    label: str | None = None
    page: int | None = None
    authors: tuple[Name, ...] = ()
    title: str = ""
    venue: str = ""
    year: str = ""
    pages: str = ""
    doi: str = ""
    arxiv: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationMark:
    """A mark that cites: "[3, 5–7]", "(Lo et al., 2020)", a raised number.

    ``[start, end)`` is its place in ``Document.text``, without width where a raised mark is no part of the text;
    ``sentence`` the half-open span of the sentence that it stands in. ``entries`` are places in
    ``Document.references``, from 0, in the order in which the mark names them; never none.
    """

    text: str
    start: int
    end: int
    sentence: tuple[int, int]
    entries: tuple[int, ...]
    page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturePlace:
    """A part of a page that a picture is to show, turned by ``turn`` degrees to stand upright.

    ``is_grown``: up and down to the next blank row, where ink stands over its edge, as brackets do over a line.
    """

    box: Box
    turn: Literal[0, 90, 180, 270] = 0
    is_grown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FigurePlace:
    """A figure or table with a caption that a PDF prints; algorithms and listings are of kind "figure".

    ``box`` is where it stands on ``page``, without the caption; ``picture`` is what a picture of it shows.
    """

    label: str
    kind: Literal["figure", "table"]
    caption: str
    page: int
    box: Box
    picture: PicturePlace
    caption_boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed file. ``text`` holds the blocks' texts in reading order, joined by ``"\\n\\n"``.

    Invariant: ``text[block.start:block.end] == block.text`` for every block. Captions and tables stand after the
    prose of the section in which they float, so a paragraph that runs on past a figure is one run of prose.
    ``front`` is what the front matter says (source "pdf" or "html"); ``dropped`` counts text that is no evidence
    (``{"invisible": 12, "off-page": 3, "running head": 20}``, in characters or lines as the key says);
    ``fulltext`` is "partial" with a code and reason when only a part could be read. ``page_labels`` are the numbers
    that the pages print, in order from page 1; empty where they print none that count on. ``references`` are the
    entries of its lists of references in order, ``citations`` the marks that were linked to them; a document that an
    earlier parser read has none. ``figures`` are where its figures and tables stand, in reading order; None where
    nobody looked: there are no pages, an earlier parser read it, or time was short.
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
    references: tuple[ReferenceEntry, ...] = ()
    citations: tuple[CitationMark, ...] = ()
    figures: tuple[FigurePlace, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedCell:
    """A cell of a table that a paper prints, with what names it.

    ``row`` and ``column`` count from 0, ``rows`` and ``columns`` are how many it spans. ``is_named`` says that the cell
    is named: ``labels`` by what stands at the left of its row, ``headings`` by what stands above its column, each from
    the outermost inwards; headings and labels themselves are not. ``unit`` is the one that cell or heading states.
    ``boxes`` are where the cell stands on ``page``.
    """

    row: int
    column: int
    rows: int
    columns: int
    text: str
    is_named: bool
    labels: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    unit: str | None = None
    page: int | None = None
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedRow:
    """A row of a printed table in a text: characters ``[start, end)`` of it, and the named cells that stand there."""

    start: int
    end: int
    cells: tuple[PrintedCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedTable:
    """A table that a paper prints: its label and caption where it has them, and its cells, row by row.

    The first ``header_rows`` rows name the columns; places without a cell are empty or part of a cell that spans them.
    """

    label: str | None
    caption: str
    page: int | None
    rows: int
    columns: int
    header_rows: int
    cells: tuple[PrintedCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedEquation:
    """A display equation that a paper prints: its number (None where it has none), its text, and where it stands.

    ``text`` is TeX where ``is_tex``, else the signs of the page in one line. ``file`` is the key of its picture.
    """

    label: str | None
    text: str
    is_tex: bool
    page: int | None = None
    box: Box | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """A display equation in a text: ``[start, end)`` there, and the number that is printed beside it.

    ``page`` and ``box`` (with the number) are where it stands, None where the file has no pages: then its text is TeX,
    else the signs of the page in one line, which is no formula any more. ``file`` is the key of its picture in the
    home's file store, where it was cut.
    """

    start: int
    end: int
    label: str | None = None
    page: int | None = None
    box: Box | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What is stored, indexed and embedded: ``text == Document.text[start:end]`` of one section.

    ``ordinal`` counts chunks of the paper in reading order from 0. A chunk of kind "abstract" made from the record
    (no document) has ``page=None`` and spans in the record's abstract. ``equations`` are the display equations in its
    text. ``told`` is what the indexes read in place of ``text`` where that says too little by itself: rows of a table,
    under its caption, every cell with its headings; an equation by its number and words.
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
    equations: tuple[Equation, ...] = ()
    told: str = ""

    @property
    def searched(self) -> str:
        """What the indexes read of it."""
        return self.told or self.text
