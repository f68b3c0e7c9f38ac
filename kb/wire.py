"""Records to JSON and back. The only module that imports msgspec."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import msgspec

from kb.errors import BadRecord

T = TypeVar("T")


def to_data(record: Any) -> Any:
    """A record (or a list of them) as plain dicts, lists, strings and numbers; dates in ISO 8601."""
    return msgspec.to_builtins(record, builtin_types=())


def to_json(record: Any, *, indent: int | None = 2) -> str:
    """A record as a JSON document: same record, same text (UTF-8, fields in the order of their definition)."""
    return json.dumps(to_data(record), ensure_ascii=False, indent=indent)


def from_data(data: Any, kind: type[T]) -> T:
    """Plain data as a record.

    Raises:
        BadRecord: naming the field that does not fit.
    """
    try:
        return msgspec.convert(data, kind, strict=False)
    except msgspec.ValidationError as err:
        raise BadRecord(f"not a {kind.__name__}: {err}: make it again with kb") from err


def from_json(text: str | bytes, kind: type[T]) -> T:
    """A JSON document as a record.

    Raises:
        BadRecord: when it is not JSON or a field does not fit.
    """
    try:
        return msgspec.json.decode(text, type=kind, strict=False)
    except msgspec.DecodeError as err:
        raise BadRecord(f"not a {kind.__name__}: {err}: make it again with kb") from err


def pack(record: Any) -> bytes:
    """A record as compact MessagePack bytes, for storage."""
    return msgspec.msgpack.encode(record)


def unpack(data: bytes, kind: type[T]) -> T:
    """The record that ``pack`` packed."""
    return msgspec.msgpack.decode(data, type=kind)
