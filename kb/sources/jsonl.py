"""Papers from JSON lines: one record a line, plain or gzipped, read as a stream; or one list of records.

What is broken is a ``Failure`` that names its line; the rest goes in. A value that is not understood costs its field
and no more: the record goes in, and what was not understood is said beside it. Every field is kept as it came.
"""

from __future__ import annotations

import gzip
import itertools
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from kb.errors import BadRecord, FileUnreadable
from kb.input_files import open_file
from kb.records import Failure, Found, PassedOver
from kb.sources.json_forms import form_of, read_record
from kb.sources.jsonl_fields import RecordReading, clean, shown

MAX_LINE_BYTES = 8_000_000
_MOST_COUNTED_MIB = 5_000
_MOST_NAMES = 1000  # of fields that are counted
_LIST = re.compile(r'\A\s*\[|"(?:results|data|papers|works)"\s*:\s*\[')
_LIST_WITHIN = 65_536  # characters
_BETWEEN = re.compile(r"[\s,]*")


def read(path: Path, *, max_bytes: int = 60_000_000, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[Found]:
    """Yield the records of a file: lines in constant memory, whatever its size; one list up to ``max_bytes``.

    The same paper may come twice: the catalog takes the newer one.
    """
    number, seen = 0, False
    unknown: Counter[str] = Counter()
    try:
        for number, line in _pieces(path, max_bytes=max_bytes, max_line_bytes=max_line_bytes):
            if isinstance(line, bytes) and not line.strip():
                continue
            seen = True
            yield from _read(line, where=f"{path.name}:{number}", unknown=unknown)
    except FileUnreadable as err:
        yield Failure(what=str(path), code=err.code, reason=err.reason)
    except (OSError, EOFError, zlib.error) as err:
        reason = f"it cannot be read after line {number} ({_short(err)}): check the file, or fetch it again"
        yield Failure(what=str(path), code="file-unreadable", reason=reason)
    else:
        if not seen:
            reason = "it has no records: expected one JSON object a line"
            yield Failure(what=str(path), code="bad-record", reason=reason)
    if unknown:
        names = ", ".join(f"{clean(field)} ({count:,})" for field, count in unknown.most_common(20))
        reason = f"fields that are kept as they came and not understood (records): {names}: rename them to be read"
        yield PassedOver(what=str(path), reason=reason)


def holds_records(path: Path) -> bool:
    """Whether a file with another ending holds such records: line by line, or the list that an API answers with.

    Raises:
        FileUnreadable, OSError: when the file cannot be read.
    """
    try:
        return _has_lines(path) or _list_in(path, max_bytes=MAX_LINE_BYTES) is not None
    except (EOFError, zlib.error):
        return False


def _has_lines(path: Path) -> bool:
    """Whether the first line is a record by itself, or the first two are."""
    with _open(path) as stream:
        while (line := stream.readline(MAX_LINE_BYTES)) and not line.strip():
            pass
        try:
            record = _load(line)
            return _is_known(record) or ("title" in record and "title" in _load(stream.readline(MAX_LINE_BYTES)))
        except BadRecord:
            return False


def count_lines(path: str) -> int:
    """How many lines a ``.jsonl`` or ``.jsonl.gz`` file has: what a progress bar needs; 0 when it cannot be read, or
    unpacks to more than is worth counting."""
    try:
        with _open(Path(path)) as stream:
            lines = 0
            for number, block in enumerate(iter(lambda: stream.read(1 << 20), b"")):
                lines += block.count(b"\n")
                if number > _MOST_COUNTED_MIB:
                    return 0
            return lines
    except (FileUnreadable, OSError, EOFError, zlib.error):
        return 0


# ------------------------------------------------------------------------------------------ records


def _read(line: Any, *, where: str, unknown: Counter[str]) -> Iterator[Found]:
    """The record of a line, or one that is decoded already; None stands for what is none."""
    try:
        if line is None:
            raise BadRecord("no record, or one that is cut or too long: split or shorten it")
        reading = RecordReading(_load(line) if isinstance(line, bytes) else line)
        item = read_record(reading)
    except BadRecord as err:
        yield Failure(what=where, code=err.code, reason=str(err))
        return
    yield item
    if reading.odd:
        reason = f"{', '.join(map(clean, reading.odd))} not understood: {'; '.join(reading.odd.values())}"
        yield PassedOver(what=where, reason=reason)
    if item.record is not None and item.record.type == "kb" and len(unknown) < _MOST_NAMES:
        unknown.update(reading.unknown)


# -------------------------------------------------------------------------------------------- lines


def _pieces(path: Path, *, max_bytes: int, max_line_bytes: int) -> Iterator[tuple[int, Any]]:
    """(number, line), or (number, record) for those of one list; None for a line that is too long."""
    if path.suffix.lower() == ".json" and not _has_lines(path):
        listed = _list_in(path, max_bytes=max_bytes)
        if listed is not None:
            yield from enumerate(listed, 1)
            return
    with _open(path) as stream:
        number = 0
        while line := stream.readline(max_line_bytes + 1):
            number += 1
            too_long = len(line) > max_line_bytes and not line.endswith(b"\n")
            while too_long and (rest := stream.readline(max_line_bytes)) and not rest.endswith(b"\n"):
                pass
            yield number, None if too_long else line


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes]]:
    with open_file(path) as file:
        zipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        yield cast(IO[bytes], gzip.GzipFile(fileobj=file)) if zipped else file


def _list_in(path: Path, *, max_bytes: int) -> Iterator[Any] | None:
    """The records of a file that is one list of them, or the answer of an API that holds one; None for other files.

    Of a file that is longer than ``max_bytes`` the rest is not looked at.
    """
    with open_file(path) as stream:
        text = stream.read(max_bytes).decode("utf-8-sig", "replace")
    opened = _LIST.search(text, 0, _LIST_WITHIN)
    if opened is None:
        return None
    records = _listed(text, opened.end())
    first = next(records, None)
    return itertools.chain([first], records) if isinstance(first, dict) and _is_known(first) else None


def _is_known(record: Mapping[str, Any]) -> bool:
    """Whether it has the shape of a record that is read here, and of no item of CSL (which has ``author``)."""
    return form_of(record) != "kb" or {"title", "authors"} <= record.keys()


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
