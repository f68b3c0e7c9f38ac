"""Works of OpenAlex: https://docs.openalex.org/api-entities/works/work-object."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kb.errors import BadRecord
from kb.ids import arxiv_key, find_arxiv_ids
from kb.records import Link, Metadata
from kb.sources.exported import metadata_of, tidy
from kb.sources.jsonl_fields import (
    RecordReading,
    clean,
    doi_of,
    flag_of,
    list_of,
    object_of,
    person_in,
    prose_of,
    shown,
    site_of,
    when_of,
)  # fmt: skip

OWN_IDS = ("id",)
_ONLY_HERE = frozenset({"authorships", "abstract_inverted_index", "primary_location", "host_venue"})
_WORK = re.compile(r"https?://(?:api\.)?openalex\.org/(?:works/)?W\d+", re.IGNORECASE)


def is_one(record: Mapping[str, Any]) -> bool:
    """Whether it is a work of OpenAlex."""
    own = record.get("id")
    return not _ONLY_HERE.isdisjoint(record) or (isinstance(own, str) and _WORK.match(own) is not None)


def read_one(reading: RecordReading) -> Metadata:
    """A work. Its arXiv id is the one that its DOI or an address of its locations carries."""
    title = reading.title("title", "display_name")
    authors = reading(_authorships, "authorships") or ()
    locations = [reading(object_of, name) for name in ("primary_location", "best_oa_location", "host_venue")]
    locations += [place for place in reading(list_of, "locations") or [] if isinstance(place, dict)]
    places = [place for place in locations if place]
    addresses = [
        text for place in places for name in ("landing_page_url", "pdf_url") if isinstance(text := place.get(name), str)
    ]
    doi = reading(doi_of, "doi")
    carried = {found for text in addresses for found, _ in find_arxiv_ids(text)}
    if doi and doi.startswith("arxiv:"):
        carried = {doi.removeprefix("arxiv:")}
    elif len(carried) > 1:
        reading.odd["locations"] = f"locations name {' and '.join(sorted(carried)[:2])}: keep those of one paper"
    keys = [arxiv_key(carried.pop())] if len(carried) == 1 else []
    keys += [doi] if doi and doi not in keys else []
    pdfs = [text for place in places if isinstance(place.get("pdf_url"), str) and (text := site_of(place, "pdf_url"))]
    page = reading(site_of, "id")
    return metadata_of(
        "jsonl",
        title=title,
        ids=keys,
        authors=authors,
        et_al=reading(flag_of, "is_authors_truncated") or False,
        date=reading(when_of, "publication_date", "publication_year"),
        url=None if keys else page,
        links=[Link(kind="pdf", url=pdf, source="jsonl") for pdf in pdfs[:1]],
        abstract=reading(_rebuilt, "abstract_inverted_index") or reading(prose_of, "abstract") or "",
        venue=next((name for place in places if (name := _published_in(place))), None) or "",
        keywords=reading(_keywords, "keywords") or (),
        withdrawn=reading(flag_of, "is_retracted") or None,
    )


def _authorships(record: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    people = []
    for entry in list_of(record, name):
        author = entry.get("author") if isinstance(entry, dict) else None
        shown_name = author.get("display_name") if isinstance(author, dict) else None
        people.append(
            person_in(shown_name or (entry.get("raw_author_name") if isinstance(entry, dict) else entry), name)
        )
    return tuple(people) or None


def _rebuilt(record: Mapping[str, Any], name: str) -> str | None:
    """The abstract out of its inverted index: each word with its places."""
    index = object_of(record, name) or {}
    placed: list[tuple[int, str]] = []
    for word, places in index.items():
        if not isinstance(places, list) or not all(type(place) is int and place >= 0 for place in places):
            raise BadRecord(f"{name} must have lists of places, not {shown(places)}: correct it")
        placed += [(place, word) for place in places]
    return tidy(clean(" ".join(word for _, word in sorted(placed)))) or None


def _published_in(place: Mapping[str, Any]) -> str | None:
    """The journal or conference of a location; a repository is none."""
    stated = place.get("source", place)
    if not isinstance(stated, dict) or stated.get("type") == "repository":
        return None
    name = stated.get("display_name")
    return tidy(name) if isinstance(name, str) else None


def _keywords(record: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    words = [entry.get("display_name") or entry.get("keyword") if isinstance(entry, dict) else entry
             for entry in list_of(record, name)]  # fmt: skip
    return tuple(dict.fromkeys(tidy(word) for word in words if isinstance(word, str) and word.strip())) or None
