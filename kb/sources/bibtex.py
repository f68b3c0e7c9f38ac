"""Papers from BibTeX and BibLaTeX files. The only module that imports bibtexparser (2.x).

bibtexparser splits the file into entries and says on which line one is broken; strings, concatenation,
``crossref``, names and LaTeX are read here. Each entry with a title is one item, ``what`` being its citation key;
two entries with one key are two items.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import BadRecord
from kb.records import Failure, Item
from kb.sources.bibtex_fields import MONTHS, Fields, read_entry
from kb.sources.latex import decode_latex

if TYPE_CHECKING:
    from bibtexparser.library import Library
    from bibtexparser.model import Entry

_NO_PAPERS = frozenset({"proceedings", "set", "xdata", "control", "ieeetranbstctl"})
_INHERITED = ("booktitle", "journal", "year", "month", "date", "publisher", "url", "doi")


class BibtexSource:
    """Reads ``.bib`` files."""

    def __init__(self, *, max_file_bytes: int = 60_000_000) -> None:
        self._max_file_bytes = max_file_bytes

    def find(self, what: str) -> Iterator[Item | Failure]:
        """Yield the papers of the file ``what`` in its order, and a Failure with its line for each broken entry."""
        name = Path(what).name
        try:
            if Path(what).stat().st_size > self._max_file_bytes:
                reason = f"it is larger than max_file_bytes ({self._max_file_bytes:,}): raise it, or split the file"
                yield Failure(what=what, code="too-large", reason=reason)
                return
            data = Path(what).read_bytes()
        except OSError as err:
            reason = f"it cannot be read ({err.strerror or err}): check that you may read it"
            yield Failure(what=what, code="file-unreadable", reason=reason)
            return
        found = False
        for thing in read_bibtex(_decode(data), name=name):
            found = True
            yield thing
        if not found:
            yield Failure(what=what, code="bad-record", reason="it has no entries: expected @article{…} and the like")


def read_bibtex(text: str, *, name: str = "bibliography") -> Iterator[Item | Failure]:
    """The entries of a BibTeX text as items; ``name`` is what failures call the file."""
    library = _split(text)
    strings = _strings(library)
    parents: dict[str, Fields] = {}
    entries: list[tuple[int, Entry | None, str]] = []
    for block in library.blocks:
        entry, fault = _entry_of(block)
        if entry is None and not fault:
            continue
        entries.append(((block.start_line or 0) + 1, entry, fault))
        if entry is not None:
            parents.setdefault(entry.key.lower(), _fields(entry, strings))
    for line, entry, fault in entries:
        where = f"{name}:{line}"
        if entry is None:
            yield Failure(what=where, code="bad-record", reason=f"{fault}: correct the entry")
        elif entry.entry_type.lower() not in _NO_PAPERS:
            try:
                metadata = read_entry(_inherit(_fields(entry, strings), parents))
                yield Item(what=entry.key or metadata.ids[0], metadata=metadata)
            except BadRecord as err:
                yield Failure(what=where, code=err.code, reason=f"{entry.key or 'an entry'} {err}")


# ------------------------------------------------------------------------------------- the file


def _decode(data: bytes) -> str:
    """UTF-8 with or without mark, else Latin-1 as Windows writes it (old bibliographies)."""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding).replace("\x00", "")
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1").replace("\x00", "")


def _split(text: str) -> Library:
    from bibtexparser.entrypoint import parse_string

    logger = logging.getLogger("bibtexparser")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # what it would warn of is reported as a Failure
    try:
        return parse_string(text.replace("\r\n", "\n").replace("\r", "\n"), parse_stack=[])
    finally:
        logger.setLevel(level)


def _entry_of(block: object) -> tuple[Entry | None, str]:
    """The entry of a block, or why there is none ("" for comments and strings)."""
    from bibtexparser import model

    if isinstance(block, model.Entry):
        return block, ""
    if isinstance(block, model.ParsingFailedBlock):
        # A key used twice, or a field given twice, is still a whole entry.
        if isinstance(block.ignore_error_block, model.Entry):
            return block.ignore_error_block, ""
        if isinstance(block.ignore_error_block, model.String):
            return None, ""
        fault = getattr(block.error, "abort_reason", None) or str(block.error)
        return None, " ".join(fault.split()).rstrip(".: ")
    return None, ""


def _strings(library: Library) -> dict[str, str]:
    values = {month: month for month in MONTHS}
    for block in library.strings:
        values[block.key.lower()] = _value(block.value, values)
    return values


def _value(raw: str, strings: Mapping[str, str]) -> str:
    """``"a" # name # {b}`` as one text, still LaTeX."""
    pieces, depth, quoted, start = [], 0, False, 0
    for match in re.finditer(r'\\.|[{}"#]', raw, re.DOTALL):
        sign = match[0]
        if sign == "{":
            depth += 1
        elif sign == "}":
            depth -= 1
        elif depth == 0 and sign == '"':
            quoted = not quoted
        elif depth == 0 and sign == "#" and not quoted:
            pieces.append(raw[start : match.start()])
            start = match.end()
    return "".join(_part(piece.strip(), strings) for piece in [*pieces, raw[start:]])


def _part(part: str, strings: Mapping[str, str]) -> str:
    if len(part) > 1 and part[0] + part[-1] in ("{}", '""'):
        return part[1:-1]
    return strings.get(part.lower(), part)


def _fields(entry: Entry, strings: Mapping[str, str]) -> Fields:
    fields: Fields = {}
    for field in entry.fields:
        value = _value(str(field.value), strings)
        if value.strip():
            fields.setdefault(field.key.lower(), value)
    return fields


def _inherit(fields: Fields, parents: Mapping[str, Fields]) -> Fields:
    """The fields with those of the entry that ``crossref`` names."""
    parent = parents.get(decode_latex(fields.get("crossref", "")).lower())
    if parent is None or parent is fields:
        return fields
    inherited = {name: parent[name] for name in _INHERITED if name in parent and name not in ("url", "doi")}
    if "booktitle" not in inherited and "title" in parent:
        inherited["booktitle"] = parent["title"]
    return {**inherited, **fields}
