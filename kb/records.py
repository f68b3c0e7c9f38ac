"""The records that flow through the house: what a paper, a chunk, a claim *is*.

Every record is a frozen, slotted, keyword-only dataclass. Records know no backend, call no model and are
never changed after they were made; ids are functions of content, so doing a thing twice is doing it once.

Conventions: pages are 1-based; boxes are in PDF points with the origin at the top left; character spans are
half-open ``[start, end)``; times are UTC and aware; scores of cosine type lie in [-1, 1], higher is nearer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Mode = Literal["hybrid", "lexical", "dense"]
Grouping = Literal["chunk", "paper"]
SourceName = Literal["arxiv", "bibtex", "jsonl", "pdf", "html", "text", "user"]
Verdict = Literal["verbatim", "supported", "partly", "unsupported", "contradicted"]
Language = Literal["en", "zh"]
Audience = Literal["self", "public"]
FieldState = Literal["ok", "extractive", "not stated", "failed"]
BlockKind = Literal[
    "heading", "paragraph", "list", "equation", "caption", "table", "code", "footnote", "reference", "front"
]
ChunkKind = Literal["abstract", "text", "caption", "table"]
FileKind = Literal["pdf", "html", "markdown", "text"]


# --------------------------------------------------------------------------------------------- papers


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle on a page: PDF points, origin top left, ``x0 <= x1`` and ``y0 <= y1``."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that a source states: never one that a model wrote. ``page`` is set when the PDF prints it."""

    kind: Literal["code", "project", "pdf", "html", "doi", "abstract"]
    url: str
    page: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Affiliation:
    """Affiliation of the first author as the paper's own front matter prints it."""

    text: str
    page: int | None = None
    source: str = "pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulltext:
    """Whether the paper's full text is in the catalog; ``code`` is one of the stable codes in ``kb.errors``."""

    state: Literal["full", "partial", "none"] = "none"
    code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What one source says of one paper. ``None`` means that the source does not say.

    ``ids`` are canonical ids (``arxiv:2402.19481``, ``doi:10.1/x``, ``file:<sha256 prefix>``), strongest first;
    they never carry a version. A paper is the merge of all its metadata (``kb.index.merging``).
    """

    source: SourceName
    ids: tuple[str, ...]
    version: int | None = None
    title: str | None = None
    authors: tuple[str, ...] | None = None
    abstract: str | None = None
    categories: tuple[str, ...] | None = None
    comment: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    announced: tuple[date, ...] | None = None
    announced_from: Literal["feed", "record", "computed"] | None = None
    license: str | None = None
    venue: str | None = None
    url: str | None = None
    withdrawn: bool | None = None
    links: tuple[Link, ...] | None = None
    affiliation: Affiliation | None = None
    keywords: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The metadata record that people see: one paper, every field with its provenance, none from a model."""

    id: str
    title: str
    aliases: tuple[str, ...] = ()
    version: int | None = None
    authors: tuple[str, ...] = ()
    abstract: str = ""
    categories: tuple[str, ...] = ()
    comment: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    announced: tuple[date, ...] = ()
    announced_from: Literal["feed", "record", "computed"] | None = None
    license: str | None = None
    venue: str | None = None
    url: str | None = None
    private: bool = False
    withdrawn: bool = False
    links: tuple[Link, ...] = ()
    affiliation: Affiliation | None = None
    keywords: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    fulltext: Fulltext = field(default_factory=Fulltext)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a paper as it was seen, kept so that an update can say what changed."""

    paper_id: str
    version: int
    title: str
    authors: tuple[str, ...]
    abstract: str
    comment: str | None = None
    seen: datetime | None = None
    withdrawn: bool = False


# ------------------------------------------------------------------------------------------ documents


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
    and the reference's marker for references. Text read from HTML or plain files has no lines.
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
    ``fulltext`` is "partial" with a code and reason when only a part could be read.
    """

    text: str
    blocks: tuple[Block, ...]
    front: Metadata
    pages: int | None
    fulltext: Fulltext
    parser: str
    dropped: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


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


# ------------------------------------------------------------------------------------------ retrieval


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which papers may be found. Empty means no restriction; several values of one field are alternatives.

    ``since`` and ``until`` are inclusive UTC days of the announcement, else of the publication.
    """

    papers: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    has_fulltext: bool | None = None

    def __bool__(self) -> bool:
        return self != NO_FILTERS


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A chunk found for a query. Ranks are 1-based and dense; ``found_by`` is never empty."""

    rank: int
    score: float
    found_by: tuple[Literal["lexical", "dense"], ...]
    paper: Paper
    chunk_id: str
    section: tuple[str, ...]
    page: int | None
    text: str
    boxes: tuple[Box, ...] = ()


# ------------------------------------------------------------------------------------------ grounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A verbatim quote: ``quote == chunk.text[start:end]``. ``marker`` is what the text shows, e.g. "1"."""

    marker: str
    paper_id: str
    version: int | None
    chunk_id: str
    start: int
    end: int
    quote: str
    page: int | None = None
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence of an answer or a note with its evidence and verdict.

    ``text_verified`` is the sentence in the paper's language that was verified, when ``text`` is its translation.
    A verdict says "found in the source", never "true".
    """

    text: str
    verdict: Verdict
    verdict_reason: str
    evidence: tuple[Evidence, ...]
    text_verified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the language model cost: calls made (cached ones are free) and tokens as the provider counted them."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A paper that an answer cites under ``marker``."""

    marker: str
    paper: Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Claims in reading order, or an honest "not found in your papers" with the nearest evidence.

    Invariant: the markers in the claims' evidence are exactly those of ``references``; when ``answered`` is
    false there are no claims and ``missing`` says what the papers do not say.
    """

    question: str
    answered: bool
    language: Language
    model: str | None
    claims: tuple[Claim, ...] = ()
    dropped: tuple[Claim, ...] = ()
    missing: str | None = None
    references: tuple[Reference, ...] = ()
    nearest: tuple[Hit, ...] = ()
    notices: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a comparison: what one paper says to one question."""

    state: Literal["found", "not stated"]
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Two cells (row, column) that state different numbers for the same metric on the same dataset."""

    cells: tuple[tuple[int, int], ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Papers × questions: ``cells[i][j]`` is what paper i says to question j."""

    papers: tuple[Paper, ...]
    questions: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    disagreements: tuple[Disagreement, ...] = ()
    notices: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)


# ------------------------------------------------------------------------------------ notes and digests


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldStatus:
    """How a field of a note came about; "failed" and "not stated" say why."""

    state: FieldState
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure or table of a note; ``file`` is its key in the home's file store (``<sha256>.png``)."""

    label: str
    kind: Literal["figure", "table"]
    caption: str
    page: int
    box: Box
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """The four parts of a note's conclusion."""

    significance: tuple[Claim, ...] = ()
    innovation: tuple[Claim, ...] = ()
    performance: tuple[Claim, ...] = ()
    workload: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The structured reading note of one paper. ``status`` has an entry for each field of the note.

    ``changes`` says what is new in a version that updates one already shown (empty otherwise).
    """

    paper: Paper
    language: Language
    model: str | None
    summary: Claim | None
    takeaways: tuple[Claim, ...] = ()
    background: tuple[Claim, ...] = ()
    past_methods: tuple[Claim, ...] = ()
    method: tuple[Claim, ...] = ()
    results: tuple[Claim, ...] = ()
    conclusion: Conclusion = field(default_factory=Conclusion)
    figures: tuple[Figure, ...] = ()
    title_translated: str | None = None
    status: Mapping[str, FieldStatus] = field(default_factory=dict)
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A named standing query, evaluated locally over stored papers.

    ``query`` is arXiv syntax (fields ti au abs co cat id all; AND OR ANDNOT, phrases, parentheses). Words may
    be phrases and may end in ``*``. ``examples`` are ids of papers that belong to the topic.
    """

    name: str
    query: str = ""
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    language: Language = "en"
    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A paper that is not in the digest, and why."""

    paper_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeWith:
    """What is needed to make the same bytes again: versions of the product, encoder, model and prompts."""

    version: str
    encoder: str
    model: str | None = None
    prompts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestCounts:
    """``found`` is the sum of the other counts."""

    found: int = 0
    new: int = 0
    updated: int = 0
    already_shown: int = 0
    filtered: int = 0
    withdrawn: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """The notes of the papers of a topic announced in a period (inclusive days, UTC), as data."""

    topic: str | None
    query: str
    since: date
    until: date
    audience: Audience = "self"
    language: Language = "en"
    made_with: MadeWith
    counts: DigestCounts
    entries: tuple[Note, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something on a page that catalog and evidence do not bear out."""

    entry: str
    field: str
    found: str
    expected: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What ``doctor`` found, with its cure."""

    what: str
    severity: Literal["error", "warning", "notice"]
    cure: str


# -------------------------------------------------------------------------------------------- adding


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a source found and that is to be added.

    ``file`` is a local file to parse (then ``file_kind`` says how); ``what`` is how the user named it. A file
    from a source that owns it (a download) is not private; a user's local file is, unless told otherwise.
    ``fetch`` says that the source should be asked for the full text of an item that came without a file.
    """

    what: str
    metadata: Metadata | None = None
    file: str | None = None
    file_kind: FileKind | None = None
    private: bool = False
    fetch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One thing that could not be added. ``retry`` says whether trying again later may help."""

    what: str
    code: str
    reason: str
    retry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """A paper that is in, but without its (whole) full text."""

    id: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddReport:
    """What ``add`` did. Ids in the order in which they came; no id is in two of the first three lists."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    partial: tuple[Partial, ...] = ()
    failed: tuple[Failure, ...] = ()
