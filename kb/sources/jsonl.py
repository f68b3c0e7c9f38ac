"""Papers from JSON lines: arXiv-like records (``id, title, authors, …``) and BEIR corpora (``_id, title, text``).

One record a line, plain or gzipped, read as a stream. What is broken is a ``Failure`` that names its line; the
rest goes in. Text is kept as the record has it; only line breaks in titles, names and abstracts become blanks.

A BEIR text states no authors, so its key is a hash of title, ``_id`` and text, and its second id is
``beir:<_id>#<hash>``: readable, and two corpora that both have a document "4983" never become one paper. The
item's ``what`` is the ``_id`` itself.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast

from kb.errors import BadIdentifier, BadRecord
from kb.ids import doi_key, is_arxiv_id, paper_key, parse_arxiv_id, record_key
from kb.records import Affiliation, Failure, Item, Link, Metadata
from kb.sources.eprint import says_withdrawn
from kb.sources.jsonl_fields import (
    address_of,
    clean,
    day_of,
    field_of,
    flag_of,
    line_of,
    lines_of,
    list_of,
    moment_of,
    page_of,
    shown,
    text_of,
    year_of,
)  # fmt: skip
from kb.sources.links import links_of
from kb.sources.venue import venue_of

MAX_LINE_BYTES = 8_000_000
_LINK_KINDS = ("code", "project", "pdf", "html", "doi", "abstract")


class JsonlSource:
    """Reads ``.jsonl`` and ``.jsonl.gz`` files; ``find`` yields one item or failure a line, in constant memory."""

    def __init__(self, *, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._max_line_bytes = max_line_bytes

    def find(self, what: str) -> Iterator[Item | Failure]:
        """Yield the records of the file ``what``. The same paper may come twice: the catalog takes the newer one."""
        name = Path(what).name
        number, seen = 0, False
        try:
            with _open(what) as stream:
                for number, line in self._lines(stream):
                    if line is not None and not line.strip():
                        continue
                    seen = True
                    yield self._read(line, where=f"{name}:{number}")
        except (OSError, EOFError, zlib.error) as err:
            reason = f"it cannot be read after line {number} ({_short(err)}): check the file, or fetch it again"
            yield Failure(what=what, code="file-unreadable", reason=reason)
            return
        if not seen:
            yield Failure(what=what, code="bad-record", reason="it has no records: expected one JSON object a line")

    def _lines(self, stream: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
        """(line number, line); None for a line that is too long, whose rest is skipped unread."""
        number = 0
        while line := stream.readline(self._max_line_bytes + 1):
            number += 1
            too_long = len(line) > self._max_line_bytes and not line.endswith(b"\n")
            while too_long and (rest := stream.readline(self._max_line_bytes)) and not rest.endswith(b"\n"):
                pass
            yield number, None if too_long else line

    def _read(self, line: bytes | None, *, where: str) -> Item | Failure:
        try:
            if line is None:
                raise BadRecord(f"the line is longer than {self._max_line_bytes:,} bytes: split or shorten it")
            return read_record(_load(line))
        except BadRecord as err:
            return Failure(what=where, code=err.code, reason=str(err))


def read_record(record: Mapping[str, Any]) -> Item:
    """One record as an item. Unknown fields are ignored; null is the same as absent.

    Raises:
        BadRecord: naming the field that is missing or of the wrong type.
    """
    if "_id" in record and "id" not in record:
        return _beir_item(record)
    title = line_of(record, "title")
    if title is None or not any(sign.isalnum() for sign in title):
        raise BadRecord("it has no title: give it one")
    authors = lines_of(record, "authors", ("author",)) or ()
    ids, version = _ids(record, title=title, authors=authors)
    comment = text_of(record, "comment", ("comments",))
    abstract = line_of(record, "abstract")
    days = tuple(sorted({day_of(day, "listed") for day in list_of(record, "listed", ("announced",))}))
    metadata = Metadata(
        source="jsonl",
        ids=ids,
        version=version,
        title=title,
        authors=authors or None,
        abstract=abstract,
        categories=lines_of(record, "categories"),
        comment=comment,
        published=moment_of(record, "published") or year_of(record, "year"),
        updated=moment_of(record, "updated"),
        announced=days or None,
        announced_from="record" if days else None,
        license=line_of(record, "license"),
        venue=line_of(record, "venue") or venue_of(comment, text_of(record, "journal_ref", ("journal-ref",))),
        url=address_of(record, "url"),
        withdrawn=_withdrawn(record, comment=comment, abstract=abstract),
        affiliation=_affiliation(record),
        keywords=lines_of(record, "keywords"),
    )
    what = str(field_of(record, "id", ("arxiv_id",)) or ids[0])
    return Item(what=what, metadata=_with_links(metadata, record), private=bool(flag_of(record, "private")))


def _beir_item(record: Mapping[str, Any]) -> Item:
    is_number = isinstance(record["_id"], int) and not isinstance(record["_id"], bool)
    name = text_of({"_id": str(record["_id"])} if is_number else record, "_id")
    if not name:
        raise BadRecord("its _id is empty: give it one")
    text = line_of(record, "text") or ""
    title = line_of(record, "title") or ""
    if not title and not text:
        raise BadRecord("it has neither title nor text: give it one")
    key = record_key(title, [name, text])
    metadata = Metadata(
        source="jsonl",
        ids=(key, f"beir:{name}#{key.removeprefix('record:')[:8]}"),
        title=title or f"[untitled: {name}]",
        abstract=text or None,
    )
    return Item(what=name, metadata=metadata)


def _ids(record: Mapping[str, Any], *, title: str, authors: tuple[str, ...]) -> tuple[tuple[str, ...], int | None]:
    """Canonical ids, strongest first, and the version: from ``id``, ``doi``, ``aliases``."""
    version = record.get("version")
    if isinstance(version, str) and re.fullmatch(r"v?[1-9]\d{0,2}", version):
        version = int(version.removeprefix("v"))
    if version is not None and (isinstance(version, bool) or not isinstance(version, int) or not 0 < version < 1000):
        raise BadRecord(f"version must be a number from 1 on, not {shown(record['version'])}: correct it")
    keys: list[str] = []
    stated, of_arxiv = text_of(record, "id"), text_of(record, "arxiv_id")
    if of_arxiv and not is_arxiv_id(of_arxiv):
        raise BadRecord(f"arxiv_id must be one like 2402.19481, not {shown(of_arxiv)}: correct it")
    for text in (stated or "", of_arxiv or "", line_of(record, "doi") or "", *(lines_of(record, "aliases") or ())):
        try:
            key = doi_key(text) or paper_key(text)
        except BadIdentifier:
            key = text if re.match(r"beir:\S", text) else ""  # an id of somebody else's registry says nothing to us
        if key:
            keys.append(key)
    if version is None and (named := next((t for t in (stated, of_arxiv) if t and is_arxiv_id(t)), None)):
        version = parse_arxiv_id(named)[1]
    order = ("arxiv:", "doi:", "record:", "file:", "beir:")
    keys = sorted(dict.fromkeys(keys), key=lambda key: order.index(key.partition(":")[0] + ":"))
    return tuple(keys or [record_key(title, authors)]), version


def _with_links(metadata: Metadata, record: Mapping[str, Any]) -> Metadata:
    """The metadata with its links: those the record lists, arXiv's and the DOI's, those its texts state."""
    links = [_link(entry) for entry in list_of(record, "links")]
    url = metadata.url
    for key in metadata.ids:
        scheme, _, rest = key.partition(":")
        if scheme == "arxiv":
            page = f"{rest}v{metadata.version}" if metadata.version else rest
            url = url or f"https://arxiv.org/abs/{page}"
            links.append(Link(kind="pdf", url=f"https://arxiv.org/pdf/{page}", source="jsonl"))
        elif scheme == "doi":
            url = url or f"https://doi.org/{rest}"
            links.append(Link(kind="doi", url=f"https://doi.org/{rest}", source="jsonl"))
    links.extend(links_of((metadata.abstract, metadata.comment), source="jsonl"))
    unique = {(link.kind, link.url.rstrip("/")): link for link in reversed(links)}
    return replace(metadata, url=url, links=tuple(reversed(unique.values())) or None)


def _link(entry: Any) -> Link:
    if isinstance(entry, str):
        entry = {"url": entry, "kind": "project"}
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        raise BadRecord(f"a link needs a url, not {shown(entry)}: correct links")
    kind = entry.get("kind")
    if kind not in _LINK_KINDS:
        raise BadRecord(f"the kind of a link is one of {', '.join(_LINK_KINDS)}, not {shown(kind)}: correct links")
    if not re.match(r"https?://\S+$", url := clean(entry["url"]).strip()):
        raise BadRecord(f"a link must be an http address, not {shown(url)}: correct links")
    return Link(kind=kind, url=url, page=page_of(entry), source=line_of(entry, "source") or "jsonl")


def _affiliation(record: Mapping[str, Any]) -> Affiliation | None:
    value = record.get("affiliation")
    if value is None:
        return None
    stated = {"text": value} if isinstance(value, str) else value
    text = line_of(stated, "text") if isinstance(stated, dict) else None
    if not text:
        raise BadRecord(f"affiliation must have a text, not {shown(value)}: correct it")
    return Affiliation(text=text, page=page_of(stated), source=line_of(stated, "source") or "jsonl")


def _withdrawn(record: Mapping[str, Any], *, comment: str | None, abstract: str | None) -> bool | None:
    """What the record says, else True when its text says so; silence is None."""
    stated = flag_of(record, "withdrawn")
    return stated if stated is not None else says_withdrawn(comment=comment, abstract=abstract) or None


# -------------------------------------------------------------------------------------------- lines


def _open(what: str) -> IO[bytes]:
    path = Path(what)
    with path.open("rb") as probe:
        zipped = probe.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path, "rb") if zipped else path.open("rb"))


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
    except (OSError, EOFError):
        return 0
