"""The records that flow through the house: what a paper, a chunk, a claim *is*.

Every record is a frozen, slotted, keyword-only dataclass. Records know no backend, call no model and are
never changed after they were made; ids are functions of content, so doing a thing twice is doing it once.

Conventions: pages are 1-based; boxes are in PDF points with the origin at the top left; character spans are
half-open ``[start, end)``; times are UTC and aware; scores of cosine type lie in [-1, 1], higher is nearer.
"""

from __future__ import annotations

from kb.records.claims import (
    Answer,
    Cell,
    Claim,
    Comparison,
    Disagreement,
    Evidence,
    Language,
    Reference,
    TableRow,
    Usage,
    Verdict,
)
from kb.records.digests import (
    ABSTRACT_PARTS,
    CONCLUSION_PARTS,
    DAILY_FORMS,
    FORMS,
    PAGE_FORMS,
    Audience,
    Conclusion,
    Digest,
    DigestCounts,
    Fault,
    FieldState,
    FieldStatus,
    Figure,
    MadeWith,
    Note,
    Problem,
    Skipped,
    Topic,
)
from kb.records.documents import Block, BlockKind, Chunk, ChunkKind, Document, FigureImage, FileKind, Line
from kb.records.hits import NO_FILTERS, Filters, Grouping, Hit, Mode
from kb.records.intake import AddReport, Failure, Item, Partial
from kb.records.papers import Affiliation, Box, Fulltext, Link, Metadata, Paper, SourceName, Version

__all__ = [
    "ABSTRACT_PARTS",
    "CONCLUSION_PARTS",
    "DAILY_FORMS",
    "FORMS",
    "NO_FILTERS",
    "PAGE_FORMS",
    "AddReport",
    "Affiliation",
    "Answer",
    "Audience",
    "Block",
    "BlockKind",
    "Box",
    "Cell",
    "Chunk",
    "ChunkKind",
    "Claim",
    "Comparison",
    "Conclusion",
    "Digest",
    "DigestCounts",
    "Disagreement",
    "Document",
    "Evidence",
    "Failure",
    "Fault",
    "FieldState",
    "FieldStatus",
    "Figure",
    "FigureImage",
    "FileKind",
    "Filters",
    "Fulltext",
    "Grouping",
    "Hit",
    "Item",
    "Language",
    "Line",
    "Link",
    "MadeWith",
    "Metadata",
    "Mode",
    "Note",
    "Paper",
    "Partial",
    "Problem",
    "Reference",
    "Skipped",
    "SourceName",
    "TableRow",
    "Topic",
    "Usage",
    "Verdict",
    "Version",
]
