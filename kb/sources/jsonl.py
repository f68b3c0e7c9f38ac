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
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any, cast

from kb.errors import BadIdentifier, BadRecord
from kb.ids import doi_key, is_arxiv_id, paper_key, parse_arxiv_id, record_key
from kb.records import Affiliation, Failure, Item, Link, Metadata
from kb.sources.eprint import says_withdrawn
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
            reason = f"{name} cannot be read after line {number} ({_short(err)}): check the file, or fetch it again"
            yield Failure(what=what, code="file-unreadable", reason=reason)
            return
        if not seen:
            yield Failure(
                what=what, code="bad-record", reason=f"{name} has no records: expected one JSON object a line"
            )

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
            return Failure(what=where, code=err.code, reason=f"{where}: {err}")


def read_record(record: Mapping[str, Any]) -> Item:
    """One record as an item. Unknown fields are ignored; null is the same as absent.

    Raises:
        BadRecord: naming the field that is missing or of the wrong type.
    """
    if "_id" in record and "id" not in record:
        return _beir_item(record)
    title = _line(record, "title")
    if not title:
        raise BadRecord("it has no title: give it one")
    authors = _lines_of(record, "authors", ("author",)) or ()
    ids, version = _ids(record, title=title, authors=authors)
    comment = _text(record, "comment", ("comments",))
    abstract = _line(record, "abstract")
    days = tuple(sorted({_day(day, "listed") for day in _list(record, "listed", ("announced",))}))
    metadata = Metadata(
        source="jsonl",
        ids=ids,
        version=version,
        title=title,
        authors=authors or None,
        abstract=abstract,
        categories=_lines_of(record, "categories"),
        comment=comment,
        published=_moment(record, "published"),
        updated=_moment(record, "updated"),
        announced=days or None,
        announced_from="record" if days else None,
        license=_line(record, "license"),
        venue=_line(record, "venue") or venue_of(comment, _text(record, "journal_ref", ("journal-ref",))),
        url=_line(record, "url"),
        withdrawn=_withdrawn(record, comment=comment, abstract=abstract),
        affiliation=_affiliation(record),
        keywords=_lines_of(record, "keywords"),
    )
    what = str(record.get("id") or ids[0])
    return Item(what=what, metadata=_with_links(metadata, record), private=bool(_flag(record, "private")))


def _beir_item(record: Mapping[str, Any]) -> Item:
    name = _text({"_id": str(record["_id"])} if isinstance(record["_id"], int) else record, "_id")
    if not name:
        raise BadRecord("its _id is empty: give it one")
    text = _line(record, "text") or ""
    title = _line(record, "title") or ""
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
    if version is not None and (isinstance(version, bool) or not isinstance(version, int) or version < 1):
        raise BadRecord(f"version must be a number from 1 on, not {_shown(record['version'])}: correct it")
    keys: list[str] = []
    stated = record.get("id")
    if stated is not None and not isinstance(stated, str | int):
        raise BadRecord(f"id must be text, not {_shown(stated)}: correct it")
    for text in (str(stated or ""), _line(record, "doi") or "", *(_lines_of(record, "aliases") or ())):
        try:
            key = doi_key(text) or paper_key(text)
        except BadIdentifier:
            key = text if re.match(r"beir:\S", text) else ""  # an id of somebody else's registry says nothing to us
        if key:
            keys.append(key)
    if version is None and stated and is_arxiv_id(str(stated)):
        version = parse_arxiv_id(str(stated))[1]
    order = ("arxiv:", "doi:", "record:", "file:", "beir:")
    keys = sorted(dict.fromkeys(keys), key=lambda key: order.index(key.partition(":")[0] + ":"))
    return tuple(keys or [record_key(title, authors)]), version


def _with_links(metadata: Metadata, record: Mapping[str, Any]) -> Metadata:
    """The metadata with its links: those the record lists, arXiv's and the DOI's, those its texts state."""
    links = [_link(entry) for entry in _list(record, "links")]
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
        raise BadRecord(f"a link needs a url, not {_shown(entry)}: correct links")
    kind, page = entry.get("kind"), entry.get("page")
    if kind not in _LINK_KINDS:
        raise BadRecord(f"the kind of a link is one of {', '.join(_LINK_KINDS)}, not {_shown(kind)}: correct links")
    if not re.match(r"https?://\S+$", url := _clean(entry["url"]).strip()):
        raise BadRecord(f"a link must be an http address, not {_shown(url)}: correct links")
    source = entry.get("source")
    return Link(
        kind=kind,
        url=url,
        page=page if isinstance(page, int) and page > 0 else None,
        source=_clean(source) if isinstance(source, str) and source else "jsonl",
    )


def _affiliation(record: Mapping[str, Any]) -> Affiliation | None:
    value = record.get("affiliation")
    if value is None:
        return None
    if isinstance(value, str):
        return Affiliation(text=_clean(value).strip(), source="jsonl")
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise BadRecord(f"affiliation must have a text, not {_shown(value)}: correct it")
    page, source = value.get("page"), value.get("source")
    return Affiliation(
        text=_clean(value["text"]).strip(),
        page=page if isinstance(page, int) and page > 0 else None,
        source=source if isinstance(source, str) and source else "jsonl",
    )


# ------------------------------------------------------------------------------------ fields and lines


def _open(what: str) -> IO[bytes]:
    path = Path(what)
    with path.open("rb") as probe:
        zipped = probe.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path, "rb") if zipped else path.open("rb"))


def _load(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line.removeprefix(b"\xef\xbb\xbf").decode())
    except UnicodeDecodeError as err:
        raise BadRecord(f"not UTF-8 (byte {err.start}): save the file as UTF-8") from err
    except (ValueError, RecursionError) as err:
        raise BadRecord(f"not JSON ({_short(err)}): correct the line") from err
    if not isinstance(record, dict):
        raise BadRecord(f"not a JSON object but {_shown(record)}: write one record a line")
    return record


def _field(record: Mapping[str, Any], name: str, others: tuple[str, ...] = ()) -> Any:
    return next((value for key in (name, *others) if (value := record.get(key)) is not None), None)


def _text(record: Mapping[str, Any], name: str, others: tuple[str, ...] = ()) -> str | None:
    """A text as it is, without blanks around it; None when absent or empty."""
    value = _field(record, name, others)
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadRecord(f"{name} must be text, not {_shown(value)}: correct it")
    return _clean(value).strip() or None


def _line(record: Mapping[str, Any], name: str) -> str | None:
    """A text whose line breaks are blanks."""
    value = _text(record, name)
    return None if value is None else _unbroken(value)


def _list(record: Mapping[str, Any], name: str, others: tuple[str, ...] = ()) -> list[Any]:
    value = _field(record, name, others)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRecord(f"{name} must be a list, not {_shown(value)}: correct it")
    return value


def _lines_of(record: Mapping[str, Any], name: str, others: tuple[str, ...] = ()) -> tuple[str, ...] | None:
    values = [value.get("name") if isinstance(value, dict) else value for value in _list(record, name, others)]
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) < len(values):
        odd = next(value for value in values if not isinstance(value, str))
        raise BadRecord(f"{name} must be a list of texts, but has {_shown(odd)}: correct it")
    return tuple(text for value in texts if (text := _unbroken(_clean(value).strip()))) or None


def _flag(record: Mapping[str, Any], name: str) -> bool | None:
    value = record.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadRecord(f"{name} must be true or false, not {_shown(value)}: correct it")
    return value


def _withdrawn(record: Mapping[str, Any], *, comment: str | None, abstract: str | None) -> bool | None:
    """What the record says, else True when its text says so; silence is None."""
    stated = _flag(record, "withdrawn")
    return stated if stated is not None else says_withdrawn(comment=comment, abstract=abstract) or None


def _day(value: Any, name: str) -> date:
    try:
        return date.fromisoformat(value[:10])
    except (TypeError, ValueError) as err:
        raise BadRecord(f"{name} has {_shown(value)}: write days like 2024-03-04") from err


def _moment(record: Mapping[str, Any], name: str) -> datetime | None:
    """A time in UTC; a day without a time is its first moment, a time without a zone is UTC."""
    value = record.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as err:
        raise BadRecord(f"{name} is {_shown(value)}: write times like 2024-03-04T12:00:00Z") from err


def _unbroken(text: str) -> str:
    """Line breaks, with the blanks around them, as one blank; blanks within a line stay."""
    if len(lines := text.splitlines()) < 2:
        return text
    return " ".join(stripped for line in lines if (stripped := line.strip()))


def _clean(text: str) -> str:
    """Without NUL (no index takes it) and with half surrogate pairs replaced (no file takes them)."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _short(err: BaseException) -> str:
    return " ".join(str(err).split())[:120] or type(err).__name__


def count_lines(path: str) -> int:
    """How many lines a ``.jsonl`` or ``.jsonl.gz`` file has: what a progress bar needs; 0 when it cannot be read."""
    try:
        with _open(path) as stream:
            return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
    except (OSError, EOFError):
        return 0
