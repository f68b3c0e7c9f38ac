"""Records of the arXiv snapshot of Kaggle: https://www.kaggle.com/datasets/Cornell-University/arxiv."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kb.bibliographic import month_number
from kb.errors import BadRecord
from kb.ids import arxiv_key
from kb.records import Metadata, Name
from kb.sources.exported import Moment, metadata_of, tidy
from kb.sources.jsonl_fields import (
    RecordReading,
    arxiv_of,
    categories_of,
    doi_of,
    line_of,
    lines_of,
    list_of,
    prose_of,
    shown,
    text_of,
    when_of,
)  # fmt: skip
from kb.sources.stated import listed_authors, says_withdrawn, venue_of

OWN_IDS = ("id",)
_ONLY_HERE = frozenset({"authors_parsed", "versions", "update_date", "report-no", "journal-ref"})
_RFC_DATE = re.compile(
    r"(?:[A-Z][a-z]{2}, +)?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:GMT|UT|UTC|\+0000)", re.ASCII
)


def is_one(record: Mapping[str, Any]) -> bool:
    """Whether it is a record of arXiv's snapshot."""
    return not _ONLY_HERE.isdisjoint(record) and (
        "authors_parsed" in record
        or not isinstance(record.get("authors"), list)
        or isinstance(record.get("versions"), list)
    )


def read_one(reading: RecordReading) -> Metadata:
    """A record of the snapshot: the first version's day is when it was published, the last one's when updated."""
    title = reading.title("title")
    names = reading(_parsed_names, "authors_parsed")
    authors = tuple(map(str, names)) if names else reading(_listed, "authors")
    stated = reading(arxiv_of, "id")
    keys = [arxiv_key(stated[0])] if stated else []
    keys += [doi for doi in [reading(doi_of, "doi")] if doi and doi not in keys]
    versions = reading(_versions, "versions")
    first, last, version = versions or (None, None, None)
    updated = last or reading(when_of, "update_date")
    comment, abstract = reading(text_of, "comments", "comment"), reading(prose_of, "abstract")
    return metadata_of(
        "jsonl",
        title=title,
        ids=keys,
        version=version or (stated[1] if stated else None),
        names=names or (),
        authors=authors or (),
        date=first,
        abstract=abstract or "",
        comment=comment or "",
        categories=reading(categories_of, "categories"),
        updated=updated.at if updated else None,
        license=reading(line_of, "license"),
        venue=venue_of(comment, reading(text_of, "journal-ref", "journal_ref")) or "",
        withdrawn=says_withdrawn(comment=comment, abstract=abstract) or None,
    )


def _parsed_names(record: Mapping[str, Any], name: str) -> tuple[Name, ...] | None:
    """``["Smith", "John", "Jr."]``: family, given, suffix, and affiliations, which are left out."""
    names = []
    for entry in list_of(record, name):
        parts = [part for part in entry if isinstance(part, str)] if isinstance(entry, list) else []
        family, given, suffix = ([tidy(part) for part in parts] + ["", "", ""])[:3]
        if not parts or len(parts) != len(entry) or not (family or given):
            raise BadRecord(f"{name} must have lists like ['Smith', 'John', 'Jr.'], not {shown(entry)}: correct it")
        if given or " " not in family:
            names.append(Name(family=family, given=given.replace(" -", "-"), suffix=suffix))
        else:  # a collaboration
            names.append(Name(literal=f"{family} {suffix}".strip()))
    return tuple(names) or None


def _listed(record: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    """arXiv's own list of authors, a text."""
    if isinstance(record[name], list):
        return lines_of(record, name)
    return listed_authors(text_of(record, name) or "") or None


def _versions(record: Mapping[str, Any], name: str) -> tuple[Moment | None, Moment | None, int | None] | None:
    """(when the first version was made, when the last one, the last one's number)."""
    made: dict[int, Moment | None] = {}
    for entry in list_of(record, name):
        stated = entry if isinstance(entry, dict) else {"version": entry}
        number = re.fullmatch(r"v?([1-9]\d{0,2})", str(stated.get("version", "")))
        if number is None:
            raise BadRecord(f"{name} must be numbered like v1, not {shown(entry)}: correct it")
        made[int(number[1])] = _created(stated.get("created"), name)
    if not made:
        return None
    return made[min(made)] if min(made) == 1 else None, made[max(made)], max(made)


def _created(value: Any, name: str) -> Moment | None:
    """``Mon, 2 Apr 2007 19:18:42 GMT``, or a time in ISO form."""
    if isinstance(value, str) and (found := _RFC_DATE.fullmatch(value.strip())):
        day, month, year, hour, minute, second = found.groups()
        try:
            at = datetime(
                int(year), month_number(month) or 0, int(day), int(hour), int(minute), int(second), tzinfo=UTC
            )
        except ValueError as err:
            raise BadRecord(f"{name} has {shown(value)}: write it like Mon, 2 Apr 2007 19:18:42 GMT") from err
        return Moment(at=at, precision=None)
    return when_of({name: value}, name)
