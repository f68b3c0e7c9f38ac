"""Papers from PubMed's own format (``.nbib``, and the text that its "Save" gives): ``PMID- 28865123`` and so on.

https://www.nlm.nih.gov/bsd/mms/medlineelements.html. A record begins at ``PMID`` or behind a blank line; a line that
begins with blanks continues the one before it. Every line is kept as it stood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kb.errors import BadRecord
from kb.names import is_suffix, means_others
from kb.records import Failure, Found, Item, Name, SourceRecord
from kb.sources.exported import TaggedEntry, date_of, finer, ids_of, metadata_of, name_of, numbered_lines, tidy

_TAGGED = re.compile(r"([A-Z][A-Z0-9]{1,3}) {0,2}- ?(.*)", re.S)
_INITIALS = re.compile(r"[^\W\d_a-z]{1,4}")


def read(text: str, *, path: Path) -> Iterator[Found]:
    """Yield the papers of the file in its order, and a Failure with its line for each broken record."""
    found = False
    for entry in _entries(text):
        found = True
        where = f"{path.name}:{entry.line}"
        try:
            record = _record(entry)
        except BadRecord as err:
            yield Failure(what=where, code=err.code, reason=str(err))
        else:
            yield Item(what=record.key or where, record=record)
    if not found:
        yield Failure(
            what=str(path), code="bad-record", reason="it has no records: expected lines like 'PMID- 28865123'"
        )


def _entries(text: str) -> Iterator[TaggedEntry]:
    entry: TaggedEntry | None = None
    after_blank = False
    for number, line in numbered_lines(text):
        tagged = _TAGGED.match(line)
        if tagged and (tagged[1] == "PMID" or entry is None or after_blank):
            if entry is not None:
                yield entry
            entry = TaggedEntry(number)
        if entry is None:
            continue
        after_blank = not line.strip()
        entry.take(line, tag=tagged[1] if tagged else None, content=(tagged[2] if tagged else line).strip())
    if entry is not None:
        yield entry


def _record(entry: TaggedEntry) -> SourceRecord:
    """The entry as a source record.

    Raises:
        BadRecord: when it has no title.
    """
    fields = entry.stated
    said: dict[str, list[str]] = {}
    for tag, value in fields:
        said.setdefault(tag, []).append(value)

    def first(*tags: str) -> str:
        return next((value for tag in tags for value in said.get(tag, ()) if value), "")

    title = first("TI", "BTI", "TT")
    names, et_al = _names(fields)
    numbers = [*said.get("LID", ()), *said.get("AID", ())]
    found = ids_of(
        dois=[value.removesuffix("[doi]").strip() for value in numbers if "[doi]" in value],
        addresses=said.get("URL", []),
        traces=numbers,
    )
    metadata = metadata_of(
        "nbib",
        # PubMed sets a full stop after every title, and brackets around those that it translated.
        title=title[:-1] if title.endswith(".") and not title.endswith("..") else title,
        ids=found.ids,
        version=found.version,
        names=names,
        et_al=et_al,
        date=finer(date_of(first("DP")), date_of(first("DEP"))),
        url=found.url,
        abstract=first("AB", "OAB"),
        venue=first("JT", "TA") if first("TI") else "",
        keywords=said.get("OT", []),
    )
    return SourceRecord(
        source="nbib", key=first("PMID"), type=first("PT"), fields=fields, text=entry.text, metadata=metadata
    )


def _names(fields: tuple[tuple[str, str], ...]) -> tuple[tuple[Name, ...], bool]:
    """Authors in their order: full names before short ones, groups (``CN``) where they stand."""
    full = any(tag == "FAU" for tag, _ in fields)
    names: list[Name] = []
    et_al = False
    for tag, value in fields:
        if tag in ("AU", "FAU") and means_others(value):
            et_al = True
        elif tag == "CN" and (group := tidy(value)):
            names.append(Name(literal=group))
        elif tag == ("FAU" if full else "AU") and (name := _full(value) if full else _short(value)):
            names.append(name)
    return tuple(names), et_al


def _full(text: str) -> Name | None:
    """``"Dorn, Tobias X Jr"``: PubMed writes the suffix behind the given names."""
    name = name_of(text)
    if name is None or not name.given:
        return name
    *given, last = name.given.split()
    return Name(family=name.family, given=" ".join(given), suffix=last) if given and is_suffix(last) else name


def _short(text: str) -> Name | None:
    """``"van der Berg AX Jr"``: family name, initials, suffix."""
    words = tidy(text).split()
    suffix = words.pop() if len(words) > 2 and is_suffix(words[-1]) else ""
    if len(words) < 2 or not _INITIALS.fullmatch(words[-1]):
        return Name(literal=" ".join(words)) if words else None
    return Name(family=" ".join(words[:-1]), given=words[-1], suffix=suffix)
