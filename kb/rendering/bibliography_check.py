"""A ``.bib`` file of ours against the catalog: every field of every entry, as the record would write it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kb.records import Fault, Paper
from kb.rendering.bibliography import to_bibtex
from kb.rendering.comparing_texts import differing_names
from kb.rendering.known_addresses import arxiv_number
from kb.rendering.page_check import at_version, identify
from kb.rendering.tally import CheckTally, Sources

_HEAD = re.compile(r"@(?P<kind>\w+)\{(?P<key>[^,\s]*),$")
_FIELD = re.compile(r"  (?P<name>\w+) = (?P<value>.*),$")
_CALLED = {
    "eprint": "id", "year": "date", "month": "date", "day": "date", "primaryClass": "categories", "note": "comment",
    "booktitle": "venue", "journal": "venue", "doi": "link", "url": "link",
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Entry:
    """An entry as the file has it, values without their outer braces."""

    kind: str
    key: str
    fields: dict[str, str] = field(default_factory=dict)


def check_bibliography(text: str, sources: Sources) -> tuple[list[Fault], int]:
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


def _read(text: str) -> list[_Entry]:
    """The entries as ``to_bibtex`` lays them out: a line a field."""
    entries: list[_Entry] = []
    for line in text.splitlines():
        if match := _HEAD.match(line):
            entries.append(_Entry(kind=match["kind"], key=match["key"]))
        elif (match := _FIELD.match(line)) and entries:
            value = match["value"]
            bare = value[1:-1] if value.startswith("{") and value.endswith("}") else value
            entries[-1].fields[match["name"]] = bare
    return entries


def _identify(entry: _Entry, sources: Sources) -> Paper | None:
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


def _compare(entry: _Entry, true: _Entry, tally: CheckTally) -> None:
    where = entry.key
    tally.look("kind", entry.kind, true.kind, where=where)
    if re.sub(r"[a-z]{0,2}$", "", entry.key) != re.sub(r"[a-z]{0,2}$", "", true.key) and not _extends(entry, true):
        tally.add("key", entry.key, true.key, where=where)
    for name in dict.fromkeys([*true.fields, *entry.fields]):
        _compare_field(name, entry.fields, true.fields, tally, where=f"{where}, {name}")


def _extends(entry: _Entry, true: _Entry) -> bool:
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
