"""``kb verify``: any form of a digest or note, or a page of the old kind, against catalog and evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from kb import wire
from kb.errors import BadRecord, UsageError
from kb.records import Digest, Fault, Note, Paper
from kb.rendering.address_check import arxiv_number
from kb.rendering.bibliography import to_bibtex
from kb.rendering.digest_check import digest_as_read, note_as_read
from kb.rendering.feed_reading import read_feed
from kb.rendering.html_reading import read_html, read_mail
from kb.rendering.markdown_reading import page_language, read_markdown
from kb.rendering.old_reading import read_old_page
from kb.rendering.page_check import at_version, check_page, identify
from kb.rendering.page_records import ReadPage
from kb.rendering.tally import CheckTally, Exists, Sources, differing_names

_CHECKED = (".json", ".md", ".markdown", ".html", ".htm", ".xml", ".bib", ".eml")

_HEAD = re.compile(r"@(?P<kind>\w+)\{(?P<key>[^,\s]*),$")
_FIELD = re.compile(r"  (?P<name>\w+) = (?P<value>.*),$")
_CALLED = {
    "eprint": "id", "year": "date", "month": "date", "day": "date", "primaryClass": "categories", "note": "comment",
    "booktitle": "venue", "journal": "venue", "doi": "link", "url": "link",
}  # fmt: skip


def check_file(
    name: PurePath, data: bytes, sources: Sources, *, exists: Exists | None = None
) -> tuple[list[Fault], int]:
    """The faults of a page, and how many things were looked up.

    Args:
        name: its file name; the suffix says what it is.
        data: its content.
        sources: the library.
        exists: whether a file is there, by its path from the page's folder: pictures, pages of a feed; None: not
            looked up.

    Raises:
        BadRecord: when it is nothing that kb writes.
        UsageError: for a kind of file that cannot be checked.
    """
    suffix = name.suffix.lower()
    if suffix not in _CHECKED:
        raise UsageError(f"{name.name} cannot be checked: give a file of one of these kinds: {' '.join(_CHECKED)}")
    if suffix == ".json":
        try:
            return _check_data(data, sources)
        except BadRecord as err:
            raise BadRecord(f"{name.name} is {err}") from err
    if suffix == ".bib":
        faults, checked = _check_bibliography(data.decode("utf-8", "replace"), sources)
        if not checked and data.strip():  # the bibliography of an empty page is empty
            raise BadRecord(f"{name.name} has no entry as kb writes them: give a bibliography that kb wrote")
        return faults, checked
    if suffix == ".xml":
        page = read_feed(data)
    elif suffix == ".eml":
        page = read_mail(data)
    else:
        page = read_page(name, data.decode("utf-8", "replace"))
    if page is None or (not page.entries and not page.days):
        raise BadRecord(f"{name.name} is no daily page: give a digest.json or a page that kb digest wrote")
    return check_page(page, sources, exists=exists)


def _check_data(data: bytes, sources: Sources) -> tuple[list[Fault], int]:
    """A digest or the note of one paper, as data."""
    try:
        names = json.loads(data)
    except (ValueError, RecursionError):
        names = {}  # the reading of a digest says what is wrong
    if isinstance(names, dict) and "paper" in names and "entries" not in names:
        note = wire.from_json(data, Note)
        page = ReadPage(own=True, language=note.language, extractive=False, entries=[note_as_read(note, note.language)])
        return check_page(page, sources, notes=[note])
    digest = wire.from_json(data, Digest)
    return check_page(digest_as_read(digest), sources, notes=digest.entries)


def read_page(name: PurePath, text: str) -> ReadPage:
    """What a page states, whatever its form."""
    if name.suffix.lower() in (".html", ".htm"):
        return read_html(text) or read_old_page(text)
    language = page_language(text)
    return read_markdown(text, language) if language else read_old_page(text)


# ------------------------------------------------------------------------------------- bibliographies


@dataclass(slots=True, kw_only=True)
class _BibEntry:
    """An entry as the file has it, values without their outer braces."""

    kind: str
    key: str
    fields: dict[str, str] = field(default_factory=dict)


def _check_bibliography(text: str, sources: Sources) -> tuple[list[Fault], int]:
    """Faults of a bibliography, and how many fields were looked up; no entries, nothing checked."""
    faults: list[Fault] = []
    checked = 0
    for entry in _read(text):
        tally = CheckTally()
        paper = _identify(entry, sources)
        if paper is None:
            tally.checked += 1
            title = entry.fields.get("title", entry.key)
            tally.add("paper", title, "a paper of the library: kb add puts it in", where=entry.key)
        else:
            true = max(
                (next(iter(_read(to_bibtex([one])))) for one in _versions(paper, sources)),
                key=lambda one: sum(entry.fields.get(name) == value for name, value in one.fields.items()),
            )
            _compare(entry, true, tally)
        faults += tally.faults(paper.id if paper else entry.key)
        checked += tally.checked
    return faults, checked


def _read(text: str) -> list[_BibEntry]:
    """The entries as ``to_bibtex`` lays them out: a line a field."""
    entries: list[_BibEntry] = []
    for line in text.splitlines():
        if match := _HEAD.match(line):
            entries.append(_BibEntry(kind=match["kind"], key=match["key"]))
        elif (match := _FIELD.match(line)) and entries:
            value = match["value"]
            bare = value[1:-1] if value.startswith("{") and value.endswith("}") else value
            entries[-1].fields[match["name"]] = bare
    return entries


def _identify(entry: _BibEntry, sources: Sources) -> Paper | None:
    told = entry.fields
    ids = [f"arxiv:{told['eprint']}"] if "eprint" in told else []
    ids += [f"doi:{told['doi']}"] if "doi" in told else []
    ids += [told["url"]] if "url" in told else []
    names = re.sub(r"[{},]", " ", told.get("author", ""))
    return identify(ids, told.get("title", "").strip("{}"), [names], told.get("abstract", ""), sources)


def _versions(paper: Paper, sources: Sources) -> list[Paper]:
    """The record as it is, and as it was in each version that was seen."""
    numbers = [version.version for version in sources.versions(paper.id)]
    return [paper, *(at_version(paper, claimed=number, abstract="", sources=sources) for number in numbers)]


def _compare(entry: _BibEntry, true: _BibEntry, tally: CheckTally) -> None:
    where = entry.key
    tally.look("kind", entry.kind, true.kind, where=where)
    if re.sub(r"[a-z]{0,2}$", "", entry.key) != re.sub(r"[a-z]{0,2}$", "", true.key) and not _extends(entry, true):
        tally.add("key", entry.key, true.key, where=where)
    for name in dict.fromkeys([*true.fields, *entry.fields]):
        _compare_field(name, entry.fields, true.fields, tally, where=f"{where}, {name}")


def _extends(entry: _BibEntry, true: _BibEntry) -> bool:
    """Whether the key is that of the paper with the letters that tell it from another's."""
    return re.fullmatch(rf"{re.escape(true.key)}[a-z]*", entry.key) is not None


def _compare_field(
    name: str, told: Mapping[str, str], known: Mapping[str, str], tally: CheckTally, *, where: str
) -> None:
    found, expected = told.get(name, ""), known.get(name, "")
    kind = _CALLED.get(name, name)
    if name == "author":
        tally.checked += 1
        for one, other in differing_names(_names(found), _names(expected)):
            tally.add("author", one, other, where=where)
    elif kind in ("id", "date", "link", "categories"):
        tally.checked += 1
        if found != expected:
            tally.add(*_differing_value(kind, found, expected), where=where)
    else:
        tally.look(kind, found, expected, where=where)


def _differing_value(kind: str, found: str, expected: str) -> tuple[str, str, str]:
    """(field, found, expected): of an address on arXiv the id or the version, as far as only that differs."""
    numbers = arxiv_number(found), arxiv_number(expected)
    if kind == "link" and numbers[0] and numbers[1]:
        if numbers[0][0] != numbers[1][0]:
            return "id", numbers[0][0], numbers[1][0]
        if numbers[0] != numbers[1]:
            return "version", f"v{numbers[0][1]}", f"v{numbers[1][1]}"
    return kind, found, expected


def _names(text: str) -> Sequence[str]:
    return [name for name in text.split(" and ") if name]
