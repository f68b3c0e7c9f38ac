"""The formats of files that hold records of papers, in one table: by ending, and by content where that is not enough.

A format is a function of text and path in ``kb.sources``, or of a path and ``max_bytes`` where it is read as a stream.
Its module is loaded when a file of it is read.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from kb.errors import BadRecord, FileUnreadable
from kb.input_files import open_file
from kb.records import Failure, Found, Item
from kb.sources.decoding import read_text

_HEAD_BYTES = 65_536  # of a file that are looked at to tell what it holds


@dataclass(frozen=True, slots=True)
class Format:
    """A format of records.

    Attributes:
        name: what people call it.
        endings: of the files that may be of it, in lower case; "" stands for names without any.
        reader: the function of ``kb.sources`` that reads it, behind its module.
        holds: whether a file's content is of it, where the ending alone does not tell.
        only: a file with one of these endings is of this format or none, so that its reader can say what is wrong.
        streamed: its reader opens the file itself; the others are given its text.
    """

    name: str
    endings: tuple[str, ...]
    reader: str
    holds: Callable[[Path], bool] | None = None
    only: bool = False
    streamed: bool = False

    def read(self, path: Path, *, max_bytes: int) -> Iterator[Found]:
        """The papers of a file in its order, and where they stand; what cannot be read of it is said by line.

        The whole path is the records' ``origin``: two folders may each have a ``refs.bib``.
        """
        try:
            for thing in self._read(path, max_bytes=max_bytes):
                if isinstance(thing, Item) and thing.record is not None:
                    yield replace(thing, record=replace(thing.record, origin=str(path)))
                else:
                    yield thing
        except BadRecord as err:  # of the file as a whole; a reader says by line what is wrong with a record
            yield Failure(what=str(path), code=err.code, reason=str(err))

    def _read(self, path: Path, *, max_bytes: int) -> Iterator[Found]:
        module, _, function = self.reader.partition(".")
        read = getattr(import_module(f"kb.sources.{module}"), function)
        if self.streamed:
            yield from read(path, max_bytes=max_bytes)
            return
        found = read_text(path, max_bytes=max_bytes)
        if isinstance(found, Failure):
            yield found
            return
        text, notice = found
        if notice is not None:
            yield notice
        yield from read(text, path=path)

    def is_named(self, path: Path) -> bool:
        """Whether the name ends as those of this format do."""
        name = path.name.lower()
        return any(name.endswith(ending) if ending else "." not in name.strip(".") for ending in self.endings)


def reader_for(path: Path, *, named: bool = False) -> Format | None:
    """The format that a file is of, by its name and, where needed, its beginning; None when it is of none.

    With ``named`` (by the user) also the one whose reader will say what is wrong with the file.
    """
    candidates = [one for one in FORMATS if one.is_named(path)]
    for one in candidates:
        try:
            if one.holds is None or one.holds(path):
                return one
        except (FileUnreadable, OSError):
            continue  # whoever opens it next says so
    return next((one for one in candidates if one.only), None) if named else None


def is_expected(path: Path) -> bool:
    """Whether the name alone says that a file holds records."""
    return any(one.holds is None and one.is_named(path) for one in FORMATS)


def record_endings() -> tuple[str, ...]:
    """All endings, with their dot, each once."""
    return tuple(dict.fromkeys(ending for one in FORMATS for ending in one.endings if ending))


def _head(path: Path) -> str:
    with open_file(path) as stream:
        data = stream.read(_HEAD_BYTES)
    code = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    return data.decode(code, "replace")


def _holds_records(path: Path) -> bool:
    from kb.sources.jsonl import holds_records

    return holds_records(path)


def _holds_csl(path: Path) -> bool:
    from kb.sources.csl import looks_like_csl

    return looks_like_csl(_head(path))


def _holds_zotero_table(path: Path) -> bool:
    from kb.sources.zotero_csv import COLUMNS

    header = next(csv.reader([_head(path).lstrip().split("\n", 1)[0]]), [])
    return set(COLUMNS) <= {name.strip() for name in header}


def _holds_ids(path: Path) -> bool:
    from kb.sources.id_list import holds_ids

    return holds_ids(path)


def _begins(form: str) -> Callable[[Path], bool]:
    pattern = re.compile(rf"\s*{form}")
    return lambda path: pattern.match(_head(path)) is not None


FORMATS = (
    Format("BibTeX", (".bib", ".bibtex"), "bibtex.read"),
    Format("RIS", (".ris",), "tagged.read_ris"),
    Format("PubMed", (".nbib",), "tagged.read_nbib"),
    Format("JSON lines", (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz"), "jsonl.read", streamed=True),
    Format("JSON lines", (".json", ".json.gz", ".gz"), "jsonl.read", _holds_records, streamed=True),
    Format("CSL-JSON", (".json",), "csl.read", _holds_csl, only=True),
    Format("ids", (".txt", ".text", ".md", ".markdown", ".csv", ".tsv", ""), "id_list.read", _holds_ids, streamed=True),
    Format("Zotero's CSV", (".csv",), "zotero_csv.read", _holds_zotero_table, only=True),
    Format("PubMed", (".txt", ".text"), "tagged.read_nbib", _begins(r"PMID- ?\d")),
    Format("RIS", (".txt", ".text"), "tagged.read_ris", _begins(r"TY {1,2}- ?[A-Z]{3,6}\b")),
)
