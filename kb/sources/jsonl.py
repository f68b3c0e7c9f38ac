"""Papers from JSON lines: our own records, BEIR corpora, and the public dumps that ``kb.sources.dumps`` knows.

One record a line, plain or gzipped, read as a stream. What is broken is a ``Failure`` that names its line; the rest
goes in. A value that is not understood costs its field and no more: the record goes in, and what was not understood
is said beside it. Every field is kept as it came, whatever is made of it.

A BEIR text states no authors, so its key is a hash of title, ``_id`` and text, and its second id is
``beir:<_id>#<hash>``: readable, and two corpora that both have a document "4983" never become one paper. The
item's ``what`` is the ``_id`` itself.
"""

from __future__ import annotations

import gzip
import itertools
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from kb.errors import BadIdentifier, BadRecord
from kb.ids import is_arxiv_id, paper_key, parse_arxiv_id, record_key
from kb.records import Affiliation, Failure, Item, Link, Metadata, Name, PassedOver, SourceRecord
from kb.sources import dumps
from kb.sources.eprint import says_withdrawn
from kb.sources.jsonl_fields import (
    Reading,
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
from kb.sources.links import address_of_id, links_of, links_of_ids
from kb.sources.venue import venue_of

MAX_LINE_BYTES = 8_000_000
_MOST_NAMES = 1000  # of fields that are counted
_LIST = re.compile(r'\A\s*\[|"(?:results|data|papers|works)"\s*:\s*\[')
_LIST_WITHIN = 65_536  # characters
_BETWEEN = re.compile(r"[\s,]*")
_LINK_KINDS = ("code", "project", "pdf", "html", "doi", "abstract")
_OWN_IDS = ("arxiv:", "doi:", "record:", "file:", "beir:")  # strongest first


class Shape(NamedTuple):
    """A shape of records: what it is called, the fields that only it has, and what reads it.

    ``names`` are the fields that hold the record's own id. A shape that is ``own`` has no fields but those that are
    read here: another one in it is told to the user.
    """

    type: str
    names: tuple[str, ...]
    has: Callable[[Mapping[str, Any]], bool]
    read: Callable[[Reading], Metadata]
    own: bool = False


def read(path: Path, *, max_bytes: int = 60_000_000) -> Iterator[Item | Failure | PassedOver]:
    """Yield the records of a file: lines in constant memory, whatever its size; one list up to ``max_bytes``."""
    return JsonlSource(max_list_bytes=max_bytes).find(str(path))


def holds_records(path: Path) -> bool:
    """Whether a file with another ending holds such records: line by line, or the list that an API answers with.

    Raises:
        OSError: when the file cannot be read.
    """
    try:
        return _has_lines(path) or _list_in(path, max_bytes=MAX_LINE_BYTES) is not None
    except (EOFError, zlib.error):
        return False


def _has_lines(path: Path) -> bool:
    """Whether the first line is a record by itself, or the first two are."""
    with _open(str(path)) as stream:
        while (line := stream.readline(MAX_LINE_BYTES)) and not line.strip():
            pass
        try:
            record = _load(line)
            return _is_known(record) or ("title" in record and "title" in _load(stream.readline(MAX_LINE_BYTES)))
        except BadRecord:
            return False


class JsonlSource:
    """Reads ``.jsonl`` and ``.jsonl.gz`` files; ``find`` yields one item or failure a line, in constant memory."""

    def __init__(self, *, max_line_bytes: int = MAX_LINE_BYTES, max_list_bytes: int = 60_000_000) -> None:
        self._max_line_bytes, self._max_list_bytes = max_line_bytes, max_list_bytes

    def find(self, what: str) -> Iterator[Item | Failure | PassedOver]:
        """Yield the records of the file ``what``. The same paper may come twice: the catalog takes the newer one."""
        name = Path(what).name
        number, seen = 0, False
        unknown: Counter[str] = Counter()
        try:
            for number, line in self._pieces(Path(what)):
                if isinstance(line, bytes) and not line.strip():
                    continue
                seen = True
                yield from self._read(line, where=f"{name}:{number}", origin=name, unknown=unknown)
        except (OSError, EOFError, zlib.error) as err:
            reason = f"it cannot be read after line {number} ({_short(err)}): check the file, or fetch it again"
            yield Failure(what=what, code="file-unreadable", reason=reason)
        else:
            if not seen:
                reason = "it has no records: expected one JSON object a line"
                yield Failure(what=what, code="bad-record", reason=reason)
        if unknown:
            names = ", ".join(f"{clean(field)} ({count:,})" for field, count in unknown.most_common(20))
            reason = f"fields that are kept as they came and not understood (records): {names}: rename them to be read"
            yield PassedOver(what=what, reason=reason)

    def _pieces(self, path: Path) -> Iterator[tuple[int, Any]]:
        """(number, line), or (number, record) for those of one list."""
        if path.suffix.lower() == ".json" and not _has_lines(path):
            listed = _list_in(path, max_bytes=self._max_list_bytes)
            if listed is not None:
                yield from enumerate(listed, 1)
                return
        with _open(str(path)) as stream:
            yield from self._lines(stream)

    def _lines(self, stream: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
        """(line number, line); None for a line that is too long, whose rest is skipped unread."""
        number = 0
        while line := stream.readline(self._max_line_bytes + 1):
            number += 1
            too_long = len(line) > self._max_line_bytes and not line.endswith(b"\n")
            while too_long and (rest := stream.readline(self._max_line_bytes)) and not rest.endswith(b"\n"):
                pass
            yield number, None if too_long else line

    def _read(
        self, line: Any, *, where: str, origin: str, unknown: Counter[str]
    ) -> Iterator[Item | Failure | PassedOver]:
        try:
            if line is None:
                most = f"{self._max_line_bytes:,}"
                raise BadRecord(f"no record, or one that is cut or longer than {most} bytes: split or shorten it")
            item, reading = _item(_load(line) if isinstance(line, bytes) else line, origin=origin)
        except BadRecord as err:
            yield Failure(what=where, code=err.code, reason=str(err))
            return
        yield item
        if reading.odd:
            reason = f"{', '.join(map(clean, reading.odd))} not understood: {'; '.join(reading.odd.values())}"
            yield PassedOver(what=where, reason=reason)
        if item.record is not None and item.record.type == "kb" and len(unknown) < _MOST_NAMES:
            unknown.update(reading.unknown)


def read_record(record: Mapping[str, Any]) -> Item:
    """One record as an item; null is the same as absent. What is not understood of it is left out.

    Raises:
        BadRecord: when it is no record of a paper: without a title.
    """
    return _item(record, origin="")[0]


def shape_of(record: Mapping[str, Any]) -> Shape:
    """The first shape whose fields the record has; ours where it has none of the others'."""
    return next(shape for shape in SHAPES if shape.has(record))


def _item(record: Mapping[str, Any], *, origin: str) -> tuple[Item, Reading]:
    shape, reading = shape_of(record), Reading(record)
    try:
        metadata = shape.read(reading)
        fields = tuple((clean(name), _as_it_came(value)) for name, value in record.items())
    except RecursionError as err:
        raise BadRecord("its lists and objects lie too deep within each other: flatten the line") from err
    own = next((str(record[name]) for name in shape.names if _is_id(record.get(name))), "")
    what = clean(own).strip() or metadata.ids[0]
    private = shape.type == "kb" and bool(reading(flag_of, "private"))
    said = SourceRecord(source="jsonl", type=shape.type, key=what, fields=fields, origin=origin, metadata=metadata)
    return Item(what=what, record=said, private=private), reading


def _as_it_came(value: Any) -> str:
    if isinstance(value, str):
        return clean(value)
    try:
        return clean(json.dumps(value, ensure_ascii=False, allow_nan=False))
    except ValueError as err:
        raise BadRecord("it has a number that is too large for one: write it as text") from err


def _is_id(value: Any) -> bool:
    return (isinstance(value, str) and value.strip() != "") or (isinstance(value, int) and not isinstance(value, bool))


# ------------------------------------------------------------------------------------- our own records


def _read_own(reading: Reading) -> Metadata:
    """arXiv-like records: ``id, title, authors, abstract, …``, as ``kb export --format jsonl`` writes them."""
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
        links=_each_once(
            [
                *links,
                *links_of_ids(ids, version=version, source="jsonl"),
                *links_of((abstract, comment), source="jsonl"),
            ]
        ),
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


def _ids(reading: Reading, *, title: str, authors: tuple[str, ...]) -> tuple[tuple[str, ...], int | None]:
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
    keys = sorted(dict.fromkeys(keys), key=lambda key: _OWN_IDS.index(key.partition(":")[0] + ":"))
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


def _each_once(links: list[Link]) -> tuple[Link, ...] | None:
    """The links, of equal ones the last."""
    unique = {(link.kind, link.url.rstrip("/")): link for link in reversed(links)}
    return tuple(reversed(unique.values())) or None


def _links(record: Mapping[str, Any], name: str) -> list[Link]:
    return [_link(entry) for entry in list_of(record, name)]


def _link(entry: Any) -> Link:
    entry = {"url": entry, "kind": "project"} if isinstance(entry, str) else entry
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        raise BadRecord(f"a link needs a url, not {shown(entry)}: correct links")
    kind = entry.get("kind")
    if kind not in _LINK_KINDS:
        raise BadRecord(f"the kind of a link is one of {', '.join(_LINK_KINDS)}, not {shown(kind)}: correct links")
    if not re.match(r"https?://\S+$", url := clean(entry["url"]).strip()):
        raise BadRecord(f"a link must be an http address, not {shown(url)}: correct links")
    return Link(kind=kind, url=url, page=page_of(entry), source=line_of(entry, "source") or "jsonl")


def _affiliation(record: Mapping[str, Any], name: str) -> Affiliation | None:
    value = record.get(name)
    stated = {"text": value} if isinstance(value, str) else value
    text = line_of(stated, "text") if isinstance(stated, dict) else None
    if not text or not isinstance(stated, dict):
        raise BadRecord(f"{name} must have a text, not {shown(value)}: correct it")
    return Affiliation(text=text, page=page_of(stated), source=line_of(stated, "source") or "jsonl")


# ---------------------------------------------------------------------------------------- BEIR corpora


def _read_beir(reading: Reading) -> Metadata:
    record = reading.record
    name = clean(str(record["_id"])).strip() if _is_id(record["_id"]) else ""
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


SHAPES: tuple[Shape, ...] = (
    Shape("beir", ("_id",), lambda record: "_id" in record and "id" not in record, _read_beir),
    Shape("openalex", ("id",), dumps.is_openalex, dumps.read_openalex),
    Shape("semantic-scholar", dumps.S2_NAMES, dumps.is_semantic_scholar, dumps.read_semantic_scholar),
    Shape("kaggle", ("id",), dumps.is_kaggle, dumps.read_kaggle),
    Shape("kb", ("id", "arxiv_id"), lambda record: True, _read_own),
)


# -------------------------------------------------------------------------------------------- lines


def _open(what: str) -> IO[bytes]:
    path = Path(what)
    with path.open("rb") as probe:
        zipped = probe.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path, "rb") if zipped else path.open("rb"))


def _list_in(path: Path, *, max_bytes: int) -> Iterator[Any] | None:
    """The records of a file that is one list of them, or the answer of an API that holds one; None for other files.

    Of a file that is longer than ``max_bytes`` the rest is not looked at.
    """
    with path.open("rb") as stream:
        text = stream.read(max_bytes).decode("utf-8-sig", "replace")
    opened = _LIST.search(text, 0, _LIST_WITHIN)
    if opened is None:
        return None
    records = _listed(text, opened.end())
    first = next(records, None)
    return itertools.chain([first], records) if isinstance(first, dict) and _is_known(first) else None


def _is_known(record: Mapping[str, Any]) -> bool:
    """Whether it has the shape of a record that is read here, and of no item of CSL (which has ``author``)."""
    return shape_of(record).type != "kb" or {"title", "authors"} <= record.keys()


def _listed(text: str, at: int) -> Iterator[Any]:
    """The values of the list that goes on at ``at``; None, which is no record, where it is broken and ends."""
    decoder = json.JSONDecoder(parse_constant=_no_number, object_pairs_hook=_once)
    while (at := _BETWEEN.match(text, at).end()) < len(text) and text[at] != "]":  # type: ignore[union-attr]
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError, BadRecord):
            yield None
            return
        yield value if isinstance(value, dict) else None


def _load(line: bytes) -> dict[str, Any]:
    try:
        text = line.removeprefix(b"\xef\xbb\xbf").decode()
        record = json.loads(text, parse_constant=_no_number, object_pairs_hook=_once)
    except UnicodeDecodeError as err:
        raise BadRecord(f"not UTF-8 (byte {err.start}): save the file as UTF-8") from err
    except (ValueError, RecursionError) as err:
        raise BadRecord(f"not JSON ({_short(err)}): correct the line") from err
    if not isinstance(record, dict):
        raise BadRecord(f"not a JSON object but {shown(record)}: write one record a line")
    return record


def _no_number(name: str) -> None:
    raise BadRecord(f"{name} is no number of JSON: write null where there is none")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise BadRecord(f"{shown(twice)} is stated twice: keep one")
    return record


def _short(err: BaseException) -> str:
    return " ".join(str(err).split())[:120] or type(err).__name__


def count_lines(path: str) -> int:
    """How many lines a ``.jsonl`` or ``.jsonl.gz`` file has: what a progress bar needs; 0 when it cannot be read."""
    try:
        if not Path(path).is_file():  # to open a pipe would be to wait for its other end
            return 0
        with _open(path) as stream:
            return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
    except (OSError, EOFError, zlib.error):
        return 0
