"""Records of Semantic Scholar: its Graph API, its data sets of papers and S2ORC, the Open Research Corpus before them.

https://api.semanticscholar.org/api-docs
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kb.ids import arxiv_key
from kb.records import Link, Metadata, Name
from kb.sources.exported import metadata_of, tidy
from kb.sources.jsonl_fields import (
    RecordReading,
    arxiv_of,
    doi_of,
    line_of,
    lines_of,
    list_of,
    object_of,
    person_in,
    prose_of,
    site_of,
    when_of,
)  # fmt: skip

OWN_IDS = ("paperId", "corpusid", "corpusId", "paper_id", "id")
_ONLY_HERE = frozenset(
    {"paperId", "corpusid", "corpusId", "externalIds", "externalids", "paperAbstract", "s2Url", "mag_id"}
)


def is_one(record: Mapping[str, Any]) -> bool:
    """Whether it is a record of Semantic Scholar's API or of one of its data sets."""
    return not _ONLY_HERE.isdisjoint(record)


def read_one(reading: RecordReading) -> Metadata:
    """A record of the Graph API, of the papers or S2ORC data set, or of the Open Research Corpus before them."""
    content = reading(object_of, "content")
    if content is not None and not reading.record.get("title"):
        reading.record = {**reading.record, **_annotated(content)}
    title = reading.title("title")
    people = reading(_people, "authors") or ()
    names = tuple(person for person in people if isinstance(person, Name))
    external = reading(object_of, "externalIds", "externalids") or {}
    stated = {name.lower(): value for name, value in external.items() if value}
    ids = RecordReading(
        {
            "arxiv": stated.get("arxiv") or reading.record.get("arxiv_id"),
            "doi": stated.get("doi") or reading.record.get("doi"),
        }
    )
    arxiv, doi = ids(arxiv_of, "arxiv"), ids(doi_of, "doi")
    reading.odd |= {f"externalIds.{name}": why for name, why in ids.odd.items()}
    keys = [arxiv_key(arxiv[0])] if arxiv else []
    keys += [doi] if doi and doi not in keys else []
    journal = reading(_journal, "journal", "journalName")
    venue = reading(line_of, "venue") or reading(_journal, "publicationVenue") or journal
    pdfs = reading(_open_access, "openAccessPdf", "openaccesspdf") or reading(_addresses, "pdfUrls") or ()
    page = reading(site_of, "url", "s2Url")
    return metadata_of(
        "jsonl",
        title=title,
        ids=keys,
        version=arxiv[1] if arxiv else None,
        names=names if len(names) == len(people) else (),
        authors=tuple(map(str, people)),
        date=reading(when_of, "publicationDate", "publicationdate", "year"),
        url=None if keys else page,
        links=[Link(kind="pdf", url=pdf, source="jsonl") for pdf in pdfs],
        abstract=reading(prose_of, "abstract", "paperAbstract") or "",
        venue=venue or "",
    )


def _annotated(content: Mapping[str, Any]) -> dict[str, str]:
    """Title and abstract of an S2ORC record: pieces of its text, told by their places (a JSON text in JSON)."""
    text, annotations = content.get("text"), content.get("annotations")
    found: dict[str, str] = {}
    for name in ("title", "abstract"):
        try:
            places = json.loads(annotations[name])  # type: ignore[index]
            pieces = [text[int(place["start"]) : int(place["end"])] for place in places]  # type: ignore[index]
        except (TypeError, ValueError, KeyError, RecursionError):
            continue
        if pieces:
            found[name] = " ".join(pieces)
    return found


def _people(record: Mapping[str, Any], name: str) -> tuple[str | Name, ...] | None:
    """``{"name": …}``, or the parts ``first, middle, last, suffix``."""
    people: list[str | Name] = []
    for entry in list_of(record, name):
        if isinstance(entry, dict) and isinstance(entry.get("last"), str) and entry["last"].strip():
            middle = entry.get("middle") or []
            given = [entry.get("first") or "", *(middle if isinstance(middle, list) else [middle])]
            suffix = tidy(str(entry.get("suffix") or ""))
            people.append(Name(given=tidy(" ".join(map(str, given))), family=tidy(entry["last"]), suffix=suffix))
        else:
            people.append(person_in(entry, name))
    return tuple(people) or None


def _journal(record: Mapping[str, Any], name: str) -> str | None:
    value = record[name]
    return line_of(value, "name") if isinstance(value, dict) else line_of(record, name)


def _open_access(record: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    value = record[name]
    stated = value.get("url") if isinstance(value, dict) else value
    return (address,) if stated and (address := site_of({name: stated}, name)) else None


def _addresses(record: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    return tuple(text for text in lines_of(record, name) or () if site_of({name: text}, name)) or None
