"""Our own records: arXiv-like, ``id, title, authors, abstract, …``, as ``kb export --format jsonl`` writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kb.errors import BadIdentifier, BadRecord
from kb.ids import is_arxiv_id, paper_key, parse_arxiv_id, record_key
from kb.links import is_web_address
from kb.records import Affiliation, Link, Metadata, Name
from kb.sources.jsonl_fields import (
    RecordReading,
    address_of,
    categories_of,
    clean,
    days_of,
    doi_of,
    flag_of,
    line_of,
    lines_of,
    list_of,
    page_of,
    prose_of,
    shown,
    text_of,
    when_of,
)  # fmt: skip
from kb.sources.stated import address_of_id, every_link, says_withdrawn, venue_of

OWN_IDS = ("id", "arxiv_id")
_LINK_KINDS = ("code", "project", "pdf", "html", "doi", "abstract")
_STRONGEST_FIRST = ("arxiv:", "doi:", "record:", "file:", "beir:")


def is_one(record: Mapping[str, Any]) -> bool:
    """Whether it may be one of ours: every record may that is of no other form."""
    return True


def read_one(reading: RecordReading) -> Metadata:
    """One of our records, all fields of which are known: others in it are told to the user."""
    title = reading.title("title")
    authors = reading(lines_of, "authors", "author") or ()
    names = reading(_names, "names") or ()
    for kept in ("tags", "collections"):  # the user's, not the paper's: they stay in the record as it came
        reading(lines_of, kept)
    ids, version = _ids(reading, title=title, authors=authors)
    comment, abstract = reading(text_of, "comment", "comments"), reading(prose_of, "abstract")
    published, updated = reading(when_of, "published", "date", "year"), reading(when_of, "updated")
    announced = reading(days_of, "listed", "announced")
    links = reading(_links, "links") or ()
    stated = reading(address_of, "url")
    withdrawn = reading(flag_of, "withdrawn")
    if withdrawn is None:
        withdrawn = says_withdrawn(comment=comment, abstract=abstract) or None
    journal = reading(text_of, "journal_ref", "journal-ref")
    return Metadata(
        source="jsonl",
        ids=ids,
        version=version,
        title=title,
        authors=authors or None,
        names=names if len(names) == len(authors) and authors == tuple(map(str, names)) else None,
        et_al=reading(flag_of, "et_al"),
        abstract=abstract,
        categories=reading(categories_of, "categories"),
        comment=comment,
        published=published.at if published else None,
        precision=published.precision if published else None,
        updated=updated.at if updated else None,
        announced=announced,
        announced_from="record" if announced else None,
        license=reading(line_of, "license"),
        venue=reading(line_of, "venue") or venue_of(comment, journal),
        url=stated or address_of_id(ids[0], version=version),
        withdrawn=withdrawn,
        links=every_link(ids, stated=links, texts=(abstract, comment), version=version, source="jsonl"),
        affiliation=reading(_affiliation, "affiliation"),
        keywords=reading(lines_of, "keywords"),
    )


def _names(record: Mapping[str, Any], field: str) -> tuple[Name, ...] | None:
    """Names in their parts, as our own export writes them."""
    value = record[field]
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise BadRecord(f"names must be a list of objects, not {shown(value)}: correct it")
    parts = ("given", "family", "suffix", "literal")
    if not all(isinstance(one.get(part, ""), str) for one in value for part in parts):
        raise BadRecord(f"names must have texts as their parts, not {shown(value)}: correct it")
    return tuple(Name(**{part: clean(one.get(part, "")) for part in parts}) for one in value)


def _ids(reading: RecordReading, *, title: str, authors: tuple[str, ...]) -> tuple[tuple[str, ...], int | None]:
    """Canonical ids, strongest first, and the version: from ``id``, ``arxiv_id``, ``doi``, ``aliases``."""
    stated, of_arxiv = reading(text_of, "id"), reading(_arxiv_id, "arxiv_id")
    version = reading(_version, "version")
    keys = [doi] if (doi := reading(doi_of, "doi")) else []
    for text in (stated, of_arxiv, *(reading(lines_of, "aliases") or ())):
        try:
            key = paper_key(text) if text else ""
        except BadIdentifier:
            key = text if text and re.match(r"beir:\S", text) else ""  # an id of another registry says nothing to us
        if key:
            keys.append(key)
    if version is None and (named := next((t for t in (stated, of_arxiv) if t and is_arxiv_id(t)), None)):
        version = parse_arxiv_id(named)[1]
    keys = sorted(dict.fromkeys(keys), key=lambda key: _STRONGEST_FIRST.index(key.partition(":")[0] + ":"))
    return tuple(keys or [record_key(title, authors)]), version


def _arxiv_id(record: Mapping[str, Any], name: str) -> str | None:
    text = text_of(record, name)
    if text and not is_arxiv_id(text):
        raise BadRecord(f"{name} must be one like 2402.19481, not {shown(text)}: correct it")
    return text


def _version(record: Mapping[str, Any], name: str) -> int | None:
    version = stated = record.get(name)
    if isinstance(version, str) and re.fullmatch(r"v?[1-9]\d{0,2}", version):
        version = int(version.removeprefix("v"))
    if version is not None and (isinstance(version, bool) or not isinstance(version, int) or not 0 < version < 1000):
        raise BadRecord(f"{name} must be a number from 1 on, not {shown(stated)}: correct it")
    return version


def _links(record: Mapping[str, Any], name: str) -> list[Link]:
    return [_link(entry) for entry in list_of(record, name)]


def _link(entry: Any) -> Link:
    entry = {"url": entry, "kind": "project"} if isinstance(entry, str) else entry
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        raise BadRecord(f"a link needs a url, not {shown(entry)}: correct links")
    kind = entry.get("kind")
    if kind not in _LINK_KINDS:
        raise BadRecord(f"the kind of a link is one of {', '.join(_LINK_KINDS)}, not {shown(kind)}: correct links")
    if not is_web_address(url := clean(entry["url"]).strip()):
        raise BadRecord(f"a link must be an http address, not {shown(url)}: correct links")
    return Link(kind=kind, url=url, page=page_of(entry), source=line_of(entry, "source") or "jsonl")


def _affiliation(record: Mapping[str, Any], name: str) -> Affiliation | None:
    value = record.get(name)
    stated = {"text": value} if isinstance(value, str) else value
    text = line_of(stated, "text") if isinstance(stated, dict) else None
    if not text or not isinstance(stated, dict):
        raise BadRecord(f"{name} must have a text, not {shown(value)}: correct it")
    return Affiliation(text=text, page=page_of(stated), source=line_of(stated, "source") or "jsonl")
