"""What the formats of bibliographies share: kinds of papers, months.

The table has one row a kind, in the words of CSL, with its types in every other format.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from kb.records import SourceRecord

TypeOf = Literal["bibtex", "ris", "zotero"]

MONTHS = tuple("january february march april may june july august september october november december".split())
MONTH_MACROS = tuple(month[:3] for month in MONTHS)
"""The names that BibTeX itself knows, to be written without braces."""


def month_number(word: str) -> int | None:
    """1 to 12 for a month's English name or its first letters, three at least ("Sep", "sept"); None for any other."""
    begun = word.lower()
    if len(begun) < 3:
        return None
    return next((number for number, name in enumerate(MONTHS, 1) if name.startswith(begun)), None)


class _Kind(NamedTuple):
    """A kind of CSL; its types in other formats, the one that is written first."""

    csl: str
    bibtex: tuple[str, ...] = ()
    ris: tuple[str, ...] = ()
    zotero: tuple[str, ...] = ()


# A type that stands in two rows is read as the first of them. BibTeX has no types of its own for many kinds.
_KINDS = (
    _Kind("article-journal", ("article",), ("JOUR", "EJOUR", "INPR"), ("journalArticle",)),
    _Kind("paper-conference", ("inproceedings", "conference"), ("CPAPER", "CONF"), ("conferencePaper",)),
    _Kind("chapter", ("incollection", "inbook"), ("CHAP", "ECHAP"), ("bookSection",)),
    _Kind(
        "book",
        ("book", "collection", "mvbook", "proceedings", "manual"),
        ("BOOK", "EBOOK", "EDBOOK", "CTLG"),
        ("book",),
    ),
    _Kind("thesis", ("phdthesis", "mastersthesis", "thesis"), ("THES",), ("thesis",)),
    _Kind("report", ("techreport", "report"), ("RPRT", "GOVDOC"), ("report",)),
    _Kind("manuscript", ("unpublished",), ("UNPB", "MANSCPT"), ("manuscript",)),
    _Kind("article", (), ("UNPB",), ("preprint",)),
    _Kind("article-magazine", ("article",), ("MGZN",), ("magazineArticle",)),
    _Kind("article-newspaper", ("article",), ("NEWS",), ("newspaperArticle",)),
    _Kind("webpage", ("misc", "online", "electronic"), ("ELEC",), ("webpage",)),
    _Kind("post", ("misc",), ("ELEC",)),
    _Kind("post-weblog", ("misc",), ("BLOG",), ("blogPost",)),
    _Kind("patent", ("misc", "patent"), ("PAT",), ("patent",)),
    _Kind("dataset", ("misc", "dataset"), ("DATA",), ("dataset",)),
    _Kind("software", ("misc", "software"), ("COMP",), ("computerProgram",)),
    _Kind("entry-encyclopedia", ("incollection", "inreference"), ("ENCYC",), ("encyclopediaArticle",)),
    _Kind("entry-dictionary", ("incollection",), ("DICT",), ("dictionaryEntry",)),
    _Kind("standard", ("misc",), ("STAND",), ("standard",)),
    _Kind("pamphlet", ("booklet",), ("PAMP",)),
    _Kind("speech", ("misc",), ("SLIDE",), ("presentation",)),
    _Kind("periodical", ("book", "periodical"), ("JFULL", "SER")),
    _Kind("collection", ("book",)),
    _Kind("document", (), ("GEN",), ("document",)),
)
PARTS = frozenset({"paper-conference", "chapter", "entry-encyclopedia", "entry-dictionary"})
"""Kinds that stand in a book, which is their venue."""
WHOLES = frozenset({"book", "periodical", "collection"})
"""Kinds that stand in nothing; a series is no venue."""


def kind_of(type_: str, *, of: TypeOf) -> str | None:
    """What CSL calls a type of another format; None for one that is not known, and for BibTeX's misc."""
    name = type_.lower() if of == "bibtex" else type_.upper() if of == "ris" else type_
    return next((kind.csl for kind in _KINDS if name in getattr(kind, of) and name != "misc"), None)


def type_of(kind: str, *, of: TypeOf) -> str | None:
    """The type in which another format writes a kind of CSL; None where it has none."""
    return next((getattr(row, of)[0] for row in _KINDS if row.csl == kind and getattr(row, of)), None)


def stated_kind(records: Sequence[SourceRecord]) -> str | None:
    """What CSL calls a paper by the first of its records that says so."""
    for record in records:
        kind: str | None = None
        if record.source == "csl":
            kind = record.type
        elif record.source == "nbib":  # PubMed has journals, and the books of its bookshelf
            kind = "chapter" if any(name == "BTI" for name, _ in record.fields) else "article-journal"
        elif record.source in ("bibtex", "ris", "zotero"):
            kind = kind_of(record.type, of=record.source)
        if kind:
            return kind
    return None
