"""Papers from BibTeX and BibLaTeX files.

Each entry with a title is one item, ``what`` being its citation key; two entries with one key are two items. An entry
that ``crossref`` or ``xdata`` names lends the fields that are missing, and is kept beside the record. PDFs that an
entry's ``file`` field names are items of the same record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from kb.errors import BadRecord
from kb.records import Failure, Item, PassedOver, SourceRecord
from kb.sources.attachments import items_of
from kb.sources.bibtex_fields import Fields, read_entry
from kb.sources.bibtex_files import Attachments, attachments
from kb.sources.bibtex_syntax import Aside, Entry, read_entries
from kb.sources.exported import read_text
from kb.sources.latex import decode_latex

_NO_PAPERS = frozenset({"set", "xdata", "control", "ieeetranbstctl"})
_NOT_LENT = frozenset({"title", "subtitle", "author", "doi", "url", "eprint", "abstract", "note", "file", "crossref",
                       "xref", "xdata", "pages", "keywords", "ids", "arxivid", "archiveprefix", "eprinttype",
                       "primaryclass", "eprintclass", "howpublished", "editor", "volume", "number"})  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_LONGEST_FAMILY = 4  # an entry, its parent, and theirs


class BibtexSource:
    """Reads ``.bib`` files."""

    def __init__(self, *, max_file_bytes: int = 60_000_000) -> None:
        self._max_file_bytes = max_file_bytes

    def find(self, what: str) -> Iterator[Item | Failure | PassedOver]:
        """What the file ``what`` holds, in its order."""
        return read(Path(what), max_bytes=self._max_file_bytes)


def read(path: Path, *, max_bytes: int = 60_000_000) -> Iterator[Item | Failure | PassedOver]:
    """The papers of a file in its order, and a Failure with its line for each entry that cannot be read."""
    text = read_text(path, max_bytes=max_bytes)
    if isinstance(text, Failure):
        yield text
        return
    found = False
    for thing in read_bibtex(text, name=path.name, folder=path.parent):
        found |= not isinstance(thing, PassedOver)
        yield thing
    if not found:
        yield Failure(what=str(path), code="bad-record", reason="it has no entries: expected @article{…} and the like")


def read_bibtex(
    text: str, *, name: str = "bibliography", folder: Path | None = None
) -> Iterator[Item | Failure | PassedOver]:
    """The entries of a BibTeX text as items; ``name`` is what failures call the file.

    Files that entries name are looked for relative to ``folder``; without one they are not looked for.
    """
    text, control = _CONTROL.subn(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    if control:
        yield PassedOver(what=name, reason=f"{control:,} control characters in it are read as blanks: check the file")
    things = list(read_entries(text))
    parents: dict[str, Entry] = {}
    lending: set[str] = set()
    for thing in things:
        if isinstance(thing, Entry):
            if thing.key:
                parents.setdefault(thing.key.lower(), thing)
            lending.update(_lenders(thing))
    for thing in things:
        where = f"{name}:{thing.line}"
        if isinstance(thing, Aside):
            yield PassedOver(what=where, reason=thing.reason)
        elif not isinstance(thing, Entry):
            yield Failure(what=where, code="bad-record", reason=f"{thing.reason}: correct the entry")
        else:
            for mended in thing.mended:
                yield PassedOver(what=where, reason=f"{thing.key or 'an entry'}: {mended}: read as if it were right")
            if thing.type in _NO_PAPERS:
                yield PassedOver(what=where, reason=f"@{thing.type} {thing.key} is no paper: it serves the others")
            elif thing.type != "proceedings" or thing.key.lower() not in lending:
                yield from _items(thing, parents, where=where, name=name, folder=folder)


def _items(
    entry: Entry, parents: Mapping[str, Entry], *, where: str, name: str, folder: Path | None
) -> Iterator[Item | Failure | PassedOver]:
    fields, family = _inherited(entry, parents)
    try:
        metadata, untold = read_entry(fields)
    except BadRecord as err:
        yield Failure(what=where, code=err.code, reason=f"{entry.key or 'an entry'} {err}")
        return
    record = SourceRecord(
        source="bibtex",
        key=entry.key,
        type=entry.type,
        fields=entry.fields,
        text=entry.text,
        parent="\n\n".join(parent.text for parent in family),
        origin=name,
        metadata=metadata,
    )
    what = entry.key or metadata.ids[0]
    files = attachments(entry.fields, folder) if folder is not None else Attachments()
    yield from items_of(record, what=what, papers=files.found, missing=files.missing)
    for other, reason in files.other:
        yield PassedOver(what=other, reason=reason)
    if untold:
        reason = f"the authors of {what} could not be told apart: separate names with 'and'"
        yield PassedOver(what=where, reason=reason)


# ------------------------------------------------------------------------------------- inheritance


def _by_name(entry: Entry) -> Fields:
    """The fields by name in small letters; of one that is there twice the first that says something."""
    fields: Fields = {}
    for name, value in entry.fields:
        if value.strip():
            fields.setdefault(name.lower(), value)
    return fields


def _lenders(entry: Entry) -> list[str]:
    """The keys of the entries that this one inherits from; an empty one is none."""
    keys: list[str] = []
    for name, value in entry.fields:
        if name.lower() in ("crossref", "xdata"):
            keys += decode_latex(value).lower().split(",") if name.lower() == "xdata" else [decode_latex(value).lower()]
    return [key.strip() for key in keys[:_LONGEST_FAMILY] if key.strip()]


def _inherited(entry: Entry, parents: Mapping[str, Entry]) -> tuple[Fields, list[Entry]]:
    """The fields with those that parents lend, and these, nearest first; a circle ends where it closes."""
    fields = _by_name(entry)
    family: list[Entry] = []
    waiting = _lenders(entry)
    while waiting and len(family) < _LONGEST_FAMILY:
        parent = parents.get(waiting.pop(0))
        if parent is None or parent is entry or parent in family or parent.key.lower() == entry.key.lower():
            continue
        family.append(parent)
        lent = _by_name(parent)
        if parent.type == "xdata":
            fields = {**lent, **fields}
        else:
            if "booktitle" not in lent and "title" in lent:
                lent["booktitle"] = lent["title"]
            fields = {**{name: value for name, value in lent.items() if name not in _NOT_LENT}, **fields}
        waiting += _lenders(parent)
    return fields, family
