"""Records of the public dumps of papers: the arXiv snapshot of Kaggle, Semantic Scholar, OpenAlex.

Each is known by fields that only it has, and read into the words of this house by one function.

https://www.kaggle.com/datasets/Cornell-University/arxiv, https://api.semanticscholar.org/api-docs (Graph API and
dataset, also S2ORC and the Open Research Corpus), https://docs.openalex.org/api-entities/works/work-object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from kb.errors import BadIdentifier, BadRecord
from kb.ids import arxiv_key, find_arxiv_ids, parse_arxiv_id, record_key
from kb.records import Link, Metadata, Name
from kb.sources.eprint import listed_authors, says_withdrawn
from kb.sources.jsonl_fields import (
    Reading,
    When,
    categories_of,
    clean,
    doi_of,
    flag_of,
    line_of,
    lines_of,
    list_of,
    object_of,
    prose_of,
    shown,
    text_of,
    when_of,
)  # fmt: skip
from kb.sources.links import address_of_id, links_of, links_of_ids
from kb.sources.markup import plain
from kb.sources.venue import venue_of

S2_NAMES = ("paperId", "corpusid", "corpusId", "paper_id", "id")
"""The fields in which Semantic Scholar's records have their own id, by their form."""

_KAGGLE = frozenset({"authors_parsed", "versions", "update_date", "report-no", "journal-ref"})
_S2 = frozenset({"paperId", "corpusid", "corpusId", "externalIds", "externalids", "paperAbstract", "s2Url", "mag_id"})
_OPENALEX = frozenset({"authorships", "abstract_inverted_index", "primary_location", "host_venue"})
_OPENALEX_ID = re.compile(r"https?://(?:api\.)?openalex\.org/(?:works/)?W\d+", re.IGNORECASE)
_RFC_DATE = re.compile(
    r"(?:[A-Z][a-z]{2}, +)?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:GMT|UT|UTC|\+0000)", re.ASCII
)
_MONTHS = {name: n for n, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_PREPRINT = re.compile(r"arxiv(?:\b.*)?|corr", re.IGNORECASE)  # where a preprint lies is no venue
_WEB = re.compile(r"https?://\S+")


# ------------------------------------------------------------------------------------------- Kaggle


def is_kaggle(record: Mapping[str, Any]) -> bool:
    """Whether it is a record of arXiv's snapshot."""
    return not _KAGGLE.isdisjoint(record) and (
        "authors_parsed" in record
        or not isinstance(record.get("authors"), list)
        or isinstance(record.get("versions"), list)
    )


def read_kaggle(reading: Reading) -> Metadata:
    """A record of the snapshot: the first version's day is when it was published, the last one's when updated."""
    title = reading.title("title")
    names = reading(_parsed_names, "authors_parsed")
    authors = tuple(map(str, names)) if names else reading(_listed, "authors")
    stated = reading(_arxiv_of, "id")
    keys = [arxiv_key(stated[0])] if stated else []
    keys += [doi for doi in [reading(doi_of, "doi")] if doi and doi not in keys]
    versions = reading(_versions, "versions")
    first, last, version = versions or (None, None, None)
    updated = last or reading(when_of, "update_date")
    comment, abstract = reading(text_of, "comments", "comment"), reading(prose_of, "abstract")
    return _metadata(
        keys,
        version=version or (stated[1] if stated else None),
        title=title,
        authors=authors or (),
        names=names,
        abstract=abstract,
        comment=comment,
        categories=reading(categories_of, "categories"),
        published=first,
        updated=updated.at if updated else None,
        license=reading(line_of, "license"),
        venue=venue_of(comment, reading(text_of, "journal-ref", "journal_ref")),
        withdrawn=says_withdrawn(comment=comment, abstract=abstract) or None,
    )


def _parsed_names(record: Mapping[str, Any], name: str) -> tuple[Name, ...] | None:
    """``["Smith", "John", "Jr."]``: family, given, suffix, and affiliations, which are left out."""
    names = []
    for entry in list_of(record, name):
        parts = [part for part in entry if isinstance(part, str)] if isinstance(entry, list) else []
        family, given, suffix = ([_tidy(part) for part in parts] + ["", "", ""])[:3]
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


def _versions(record: Mapping[str, Any], name: str) -> tuple[When | None, When | None, int | None] | None:
    """(when the first version was made, when the last one, the last one's number)."""
    made: dict[int, When | None] = {}
    for entry in list_of(record, name):
        stated = entry if isinstance(entry, dict) else {"version": entry}
        number = re.fullmatch(r"v?([1-9]\d{0,2})", str(stated.get("version", "")))
        if number is None:
            raise BadRecord(f"{name} must be numbered like v1, not {shown(entry)}: correct it")
        made[int(number[1])] = _created(stated.get("created"), name)
    if not made:
        return None
    return made[min(made)] if min(made) == 1 else None, made[max(made)], max(made)


def _created(value: Any, name: str) -> When | None:
    """``Mon, 2 Apr 2007 19:18:42 GMT``, or a time in ISO form."""
    if isinstance(value, str) and (found := _RFC_DATE.fullmatch(value.strip())):
        day, month, year, hour, minute, second = found.groups()
        try:
            at = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        except (KeyError, ValueError) as err:
            raise BadRecord(f"{name} has {shown(value)}: write it like Mon, 2 Apr 2007 19:18:42 GMT") from err
        return When(at, None)
    return when_of({name: value}, name)


# ---------------------------------------------------------------------------------- Semantic Scholar


def is_semantic_scholar(record: Mapping[str, Any]) -> bool:
    """Whether it is a record of Semantic Scholar's API or of one of its data sets."""
    return not _S2.isdisjoint(record)


def read_semantic_scholar(reading: Reading) -> Metadata:
    """A record of the Graph API, of the papers or S2ORC data set, or of the Open Research Corpus before them."""
    content = reading(object_of, "content")
    if content is not None and not reading.record.get("title"):
        reading.record = {**reading.record, **_annotated(content)}
    title = reading.title("title")
    people = reading(_people, "authors") or ()
    names = tuple(person for person in people if isinstance(person, Name))
    external = reading(object_of, "externalIds", "externalids") or {}
    stated = {name.lower(): value for name, value in external.items() if value}
    ids = Reading(
        {
            "arxiv": stated.get("arxiv") or reading.record.get("arxiv_id"),
            "doi": stated.get("doi") or reading.record.get("doi"),
        }
    )
    arxiv, doi = ids(_arxiv_of, "arxiv"), ids(doi_of, "doi")
    reading.odd |= {f"externalIds.{name}": why for name, why in ids.odd.items()}
    keys = [arxiv_key(arxiv[0])] if arxiv else []
    keys += [doi] if doi and doi not in keys else []
    journal = reading(_journal, "journal", "journalName")
    venue = reading(line_of, "venue") or reading(_journal, "publicationVenue") or journal
    return _metadata(
        keys,
        version=arxiv[1] if arxiv else None,
        title=title,
        authors=tuple(map(str, people)),
        names=names if len(names) == len(people) else None,
        abstract=reading(prose_of, "abstract", "paperAbstract"),
        published=reading(when_of, "publicationDate", "publicationdate", "year"),
        venue=venue,
        url=reading(_address, "url", "s2Url"),
        pdfs=reading(_open_access, "openAccessPdf", "openaccesspdf") or reading(_addresses, "pdfUrls") or (),
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
            suffix = _tidy(str(entry.get("suffix") or ""))
            people.append(Name(given=_tidy(" ".join(map(str, given))), family=_tidy(entry["last"]), suffix=suffix))
        else:
            people.append(_named(entry, name))
    return tuple(people) or None


def _journal(record: Mapping[str, Any], name: str) -> str | None:
    value = record[name]
    return line_of(value, "name") if isinstance(value, dict) else line_of(record, name)


def _open_access(record: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    value = record[name]
    stated = value.get("url") if isinstance(value, dict) else value
    return (address,) if stated and (address := _address({name: stated}, name)) else None


def _addresses(record: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    return tuple(text for text in lines_of(record, name) or () if _WEB.fullmatch(text)) or None


# ------------------------------------------------------------------------------------------ OpenAlex


def is_openalex(record: Mapping[str, Any]) -> bool:
    """Whether it is a work of OpenAlex."""
    own = record.get("id")
    return not _OPENALEX.isdisjoint(record) or (isinstance(own, str) and _OPENALEX_ID.match(own) is not None)


def read_openalex(reading: Reading) -> Metadata:
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
    pdfs = [text for place in places if isinstance(text := place.get("pdf_url"), str) and _WEB.fullmatch(text)]
    return _metadata(
        keys,
        title=title,
        authors=authors,
        et_al=reading(flag_of, "is_authors_truncated") or None,
        abstract=reading(_rebuilt, "abstract_inverted_index") or reading(prose_of, "abstract"),
        published=reading(when_of, "publication_date", "publication_year"),
        venue=next((name for place in places if (name := _published_in(place))), None),
        url=reading(_address, "id"),
        pdfs=pdfs[:1],
        keywords=reading(_keywords, "keywords"),
        withdrawn=reading(flag_of, "is_retracted") or None,
    )


def _authorships(record: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    people = []
    for entry in list_of(record, name):
        author = entry.get("author") if isinstance(entry, dict) else None
        shown_name = author.get("display_name") if isinstance(author, dict) else None
        people.append(_named(shown_name or (entry.get("raw_author_name") if isinstance(entry, dict) else entry), name))
    return tuple(people) or None


def _rebuilt(record: Mapping[str, Any], name: str) -> str | None:
    """The abstract out of its inverted index: each word with its places."""
    index = object_of(record, name) or {}
    placed: list[tuple[int, str]] = []
    for word, places in index.items():
        if not isinstance(places, list) or not all(type(place) is int and place >= 0 for place in places):
            raise BadRecord(f"{name} must have lists of places, not {shown(places)}: correct it")
        placed += [(place, word) for place in places]
    return plain(clean(" ".join(word for _, word in sorted(placed)))) or None


def _published_in(place: Mapping[str, Any]) -> str | None:
    """The journal or conference of a location; a repository is none."""
    stated = place.get("source", place)
    if not isinstance(stated, dict) or stated.get("type") == "repository":
        return None
    name = stated.get("display_name")
    return _tidy(name) if isinstance(name, str) else None


def _keywords(record: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    words = [entry.get("display_name") or entry.get("keyword") if isinstance(entry, dict) else entry
             for entry in list_of(record, name)]  # fmt: skip
    return tuple(dict.fromkeys(_tidy(word) for word in words if isinstance(word, str) and word.strip())) or None


# ------------------------------------------------------------------------------------- what all say


def _metadata(
    keys: Iterable[str],
    *,
    title: str,
    authors: tuple[str, ...],
    published: When | None,
    version: int | None = None,
    venue: str | None = None,
    url: str | None = None,
    pdfs: Iterable[str] = (),
    abstract: str | None = None,
    comment: str | None = None,
    **said: Any,
) -> Metadata:
    ids = tuple(keys) or (record_key(title, authors),)
    links = links_of_ids(ids, version=version, source="jsonl")
    links += [Link(kind="pdf", url=pdf, source="jsonl") for pdf in pdfs]
    links += links_of((abstract, comment), source="jsonl")
    return Metadata(
        source="jsonl",
        ids=ids,
        version=version,
        title=title,
        authors=authors or None,
        abstract=abstract,
        comment=comment,
        published=published.at if published else None,
        precision=published.precision if published else None,
        venue=None if venue and _PREPRINT.fullmatch(venue) else venue,
        url=address_of_id(ids[0], version=version) or url,
        links=tuple({(link.kind, link.url): link for link in links}.values()) or None,
        **said,
    )


def _named(value: Any, field: str) -> str:
    """The name of a person, a text or an object that has one."""
    name = value.get("name") if isinstance(value, dict) else value
    if not isinstance(name, str) or not (text := _tidy(name)):
        raise BadRecord(f"{field} has {shown(value)} where a name must be: correct it")
    return text


def _arxiv_of(record: Mapping[str, Any], name: str) -> tuple[str, int | None]:
    value = record[name]
    try:
        return parse_arxiv_id(value if isinstance(value, str) else "")
    except BadIdentifier as err:
        raise BadRecord(f"{name} must be an id like 2402.19481, not {shown(value)}: correct it") from err


def _address(record: Mapping[str, Any], name: str) -> str | None:
    text = line_of(record, name)
    return text if text and _WEB.fullmatch(text) else None


def _tidy(text: str) -> str:
    return plain(clean(text))
