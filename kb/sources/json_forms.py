"""The forms of JSON records: ours, BEIR's, OpenAlex's, Semantic Scholar's and that of Kaggle's snapshot of arXiv.

One row of ``_FORMS`` a form: its own ids, how it is told from the others, and what its fields say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kb.bibliographic import month_number
from kb.errors import BadIdentifier, BadRecord
from kb.ids import arxiv_key, find_arxiv_ids, is_arxiv_id, paper_key, parse_arxiv_id, record_key
from kb.links import is_web_address
from kb.records import Affiliation, Item, Link, Metadata, Name, SourceRecord
from kb.sources.exported import Moment, metadata_of, tidy
from kb.sources.jsonl_fields import (
    RecordReading,
    address_of,
    arxiv_of,
    categories_of,
    clean,
    days_of,
    doi_of,
    flag_of,
    is_id,
    line_of,
    lines_of,
    list_of,
    object_of,
    page_of,
    person_in,
    prose_of,
    shown,
    site_of,
    text_of,
    when_of,
)  # fmt: skip
from kb.sources.stated import address_of_id, every_link, listed_authors, says_withdrawn, venue_of


@dataclass(frozen=True, slots=True)
class _Form:
    """A form of records: the fields of its own ids, whether a record is of it, and the metadata of one that is."""

    own_ids: tuple[str, ...]
    is_one: Callable[[Mapping[str, Any]], bool]
    read: Callable[[RecordReading], Metadata]


def form_of(record: Mapping[str, Any]) -> str:
    """The first form whose fields the record has; ours, "kb", where it has none of the others'."""
    return next(type_ for type_, form in _FORMS.items() if form.is_one(record))


def read_record(reading: RecordReading) -> Item:
    """A record as an item, ``what`` being its own id; null is the same as absent. What is odd in it is noted there.

    Raises:
        BadRecord: when it is no record of a paper: without a title.
    """
    record = reading.record
    type_ = form_of(record)
    form = _FORMS[type_]
    try:
        metadata = form.read(reading)
        fields = tuple((clean(name), _as_it_came(value)) for name, value in record.items())
    except RecursionError as err:
        raise BadRecord("its lists and objects lie too deep within each other: flatten the line") from err
    own = next((str(record[name]) for name in form.own_ids if is_id(record.get(name))), "")
    what = clean(own).strip() or metadata.ids[0]
    private = type_ == "kb" and bool(reading(flag_of, "private"))
    said = SourceRecord(source="jsonl", type=type_, key=what, fields=fields, metadata=metadata)
    return Item(what=what, record=said, private=private)


def _as_it_came(value: Any) -> str:
    if isinstance(value, str):
        return clean(value)
    try:
        return clean(json.dumps(value, ensure_ascii=False, allow_nan=False))
    except ValueError as err:
        raise BadRecord("it has a number that is too large for one: write it as text") from err


# --------------------------------------------------------------------------------------------- BEIR


def _beir(reading: RecordReading) -> Metadata:
    """A text of a corpus, https://github.com/beir-cellar/beir.

    It states no authors, so its key is a hash of title, ``_id`` and text, and its second id is ``beir:<_id>#<hash>``:
    readable, and two corpora that both have a document "4983" never become one paper.

    Raises:
        BadRecord: without an id, or without title and text.
    """
    record = reading.record
    name = clean(str(record["_id"])).strip() if is_id(record["_id"]) else ""
    if not name:
        raise BadRecord(f"its _id must be text, not {shown(record['_id'])}: give it one")
    text, title = reading(line_of, "text") or "", reading(line_of, "title") or ""
    if not title and not text:
        raise BadRecord("it has neither title nor text: give it one")
    key = record_key(title, [name, text])
    return Metadata(
        source="jsonl",
        ids=(key, f"beir:{name}#{key.removeprefix('record:')[:8]}"),
        title=title or f"[untitled: {name}]",
        abstract=text or None,
    )


# ----------------------------------------------------------------------------------------- OpenAlex

_OF_OPENALEX = frozenset({"authorships", "abstract_inverted_index", "primary_location", "host_venue"})
_WORK = re.compile(r"https?://(?:api\.)?openalex\.org/(?:works/)?W\d+", re.IGNORECASE)


def _is_of_openalex(record: Mapping[str, Any]) -> bool:
    own = record.get("id")
    return not _OF_OPENALEX.isdisjoint(record) or (isinstance(own, str) and _WORK.match(own) is not None)


def _openalex(reading: RecordReading) -> Metadata:
    """A work, https://docs.openalex.org/api-entities/works/work-object.

    Its arXiv id is the one that its DOI or an address of its locations carries.
    """
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
    keys += [doi] if doi else []
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
        abstract=reading(_abstract_of_index, "abstract_inverted_index") or reading(prose_of, "abstract") or "",
        venue=next((name for place in places if (name := _published_in(place))), None) or "",
        keywords=reading(_words_of, "keywords") or (),
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


def _abstract_of_index(record: Mapping[str, Any], name: str) -> str | None:
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


def _words_of(record: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    words = [entry.get("display_name") or entry.get("keyword") if isinstance(entry, dict) else entry
             for entry in list_of(record, name)]  # fmt: skip
    return tuple(dict.fromkeys(tidy(word) for word in words if isinstance(word, str) and word.strip())) or None


# --------------------------------------------------------------------------------- Semantic Scholar

_OF_SEMANTIC_SCHOLAR = frozenset(
    {"paperId", "corpusid", "corpusId", "externalIds", "externalids", "paperAbstract", "s2Url", "mag_id"}
)


def _semantic_scholar(reading: RecordReading) -> Metadata:
    """A record of the Graph API (https://api.semanticscholar.org/api-docs), of the papers or S2ORC data set, or of the
    Open Research Corpus before them.
    """
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
    keys += [doi] if doi else []
    journal = reading(_journal, "journal", "journalName")
    venue = reading(line_of, "venue") or reading(_journal, "publicationVenue") or journal
    pdfs = reading(_open_access, "openAccessPdf", "openaccesspdf") or reading(_pdf_addresses, "pdfUrls") or ()
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


def _pdf_addresses(record: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    return tuple(text for text in lines_of(record, name) or () if site_of({name: text}, name)) or None


# --------------------------------------------------------------------------------- arXiv's snapshot

_OF_KAGGLE = frozenset({"authors_parsed", "versions", "update_date", "report-no", "journal-ref"})
_RFC_DATE = re.compile(
    r"(?:[A-Z][a-z]{2}, +)?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:GMT|UT|UTC|\+0000)", re.ASCII
)


def _is_of_kaggle(record: Mapping[str, Any]) -> bool:
    return not _OF_KAGGLE.isdisjoint(record) and (
        "authors_parsed" in record
        or not isinstance(record.get("authors"), list)
        or isinstance(record.get("versions"), list)
    )


def _kaggle(reading: RecordReading) -> Metadata:
    """A record of https://www.kaggle.com/datasets/Cornell-University/arxiv.

    The first version's day is when it was published, the last one's when it was updated.
    """
    title = reading.title("title")
    names = reading(_parsed_names, "authors_parsed")
    authors = tuple(map(str, names)) if names else reading(_listed, "authors")
    stated = reading(arxiv_of, "id")
    keys = [key for key in (arxiv_key(stated[0]) if stated else None, reading(doi_of, "doi")) if key]
    versions = reading(_version_dates, "versions")
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


def _version_dates(record: Mapping[str, Any], name: str) -> tuple[Moment | None, Moment | None, int | None] | None:
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


# --------------------------------------------------------------------------------------------- ours

_LINK_KINDS = ("code", "project", "pdf", "html", "doi", "abstract")
_STRONGEST_FIRST = ("arxiv:", "doi:", "record:", "file:", "beir:")


def _own(reading: RecordReading) -> Metadata:
    """One of our records, arXiv-like, as ``kb export --format jsonl`` writes them.

    All fields of it are known: others in it are told to the user.
    """
    title = reading.title("title")
    authors = reading(lines_of, "authors", "author") or ()
    names = reading(_names_in_parts, "names") or ()
    for kept in ("tags", "collections"):  # the user's, not the paper's: they stay in the record as it came
        reading(lines_of, kept)
    ids, version = _own_ids(reading, title=title, authors=authors)
    comment, abstract = reading(text_of, "comment", "comments"), reading(prose_of, "abstract")
    published, updated = reading(when_of, "published", "date", "year"), reading(when_of, "updated")
    announced = reading(days_of, "listed", "announced")
    links = reading(_stated_links, "links") or ()
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


def _names_in_parts(record: Mapping[str, Any], field: str) -> tuple[Name, ...] | None:
    """Names in their parts, as our own export writes them."""
    value = record[field]
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise BadRecord(f"names must be a list of objects, not {shown(value)}: correct it")
    parts = ("given", "family", "suffix", "literal")
    if not all(isinstance(one.get(part, ""), str) for one in value for part in parts):
        raise BadRecord(f"names must have texts as their parts, not {shown(value)}: correct it")
    return tuple(Name(**{part: clean(one.get(part, "")) for part in parts}) for one in value)


def _own_ids(reading: RecordReading, *, title: str, authors: tuple[str, ...]) -> tuple[tuple[str, ...], int | None]:
    """Canonical ids, strongest first, and the version: from ``id``, ``arxiv_id``, ``doi``, ``aliases``."""
    stated, of_arxiv = reading(text_of, "id"), reading(_arxiv_id, "arxiv_id")
    version = reading(_stated_version, "version")
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


def _stated_version(record: Mapping[str, Any], name: str) -> int | None:
    version = stated = record.get(name)
    if isinstance(version, str) and re.fullmatch(r"v?[1-9]\d{0,2}", version):
        version = int(version.removeprefix("v"))
    if version is not None and (isinstance(version, bool) or not isinstance(version, int) or not 0 < version < 1000):
        raise BadRecord(f"{name} must be a number from 1 on, not {shown(stated)}: correct it")
    return version


def _stated_links(record: Mapping[str, Any], name: str) -> list[Link]:
    return [_stated_link(entry) for entry in list_of(record, name)]


def _stated_link(entry: Any) -> Link:
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


_FORMS: Mapping[str, _Form] = {
    "beir": _Form(("_id",), lambda record: "_id" in record and "id" not in record, _beir),
    "openalex": _Form(("id",), _is_of_openalex, _openalex),
    "semantic-scholar": _Form(
        ("paperId", "corpusid", "corpusId", "paper_id", "id"),
        lambda record: not _OF_SEMANTIC_SCHOLAR.isdisjoint(record),
        _semantic_scholar,
    ),
    "kaggle": _Form(("id",), _is_of_kaggle, _kaggle),
    "kb": _Form(("id", "arxiv_id"), lambda record: True, _own),
}
"""By the type that is stored of a record, which is of the first that it may be of; any may be one of ours."""
