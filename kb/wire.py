"""Records to JSON and back. The only module that imports msgspec."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from kb.errors import BadRecord
from kb.records import Digest

T = TypeVar("T")

# ``for`` is a word of Python, so the record's field has another name than the JSON's.
_FIELD, _NAME = "audience", "for"
_TOO_DEEP = "its lists and objects lie too deep within each other"


def to_data(record: Any) -> Any:
    """A record (or lists and dicts of them) as plain dicts, lists, strings and numbers; dates in ISO 8601.

    A digest's field ``audience`` is called ``for``.
    """
    if isinstance(record, Digest):
        plain = msgspec.to_builtins(record, builtin_types=())
        return {_NAME if name == _FIELD else name: value for name, value in plain.items()}
    if isinstance(record, Mapping):
        return {msgspec.to_builtins(name, builtin_types=()): to_data(value) for name, value in record.items()}
    if isinstance(record, list | tuple):
        return [to_data(value) for value in record]
    return msgspec.to_builtins(record, builtin_types=())


def _inward(data: Any) -> Any:
    """Plain data with the names of the records: what has a manifest is a digest."""
    if isinstance(data, Mapping):
        is_digest = _NAME in data and "made_with" in data
        return {_FIELD if is_digest and name == _NAME else name: _inward(value) for name, value in data.items()}
    return [_inward(value) for value in data] if isinstance(data, list | tuple) else data


def to_json(record: Any, *, indent: int | None = 2) -> str:
    """A record as a JSON document: same record, same text (UTF-8, fields in the order of their definition)."""
    return json.dumps(to_data(record), ensure_ascii=False, indent=indent)


def from_data(data: Any, kind: type[T]) -> T:
    """Plain data as a record.

    Raises:
        BadRecord: naming the field that does not fit.
    """
    try:
        return msgspec.convert(_inward(data), kind, strict=False)
    except RecursionError as err:
        raise BadRecord(f"no {_name(kind)}: {_TOO_DEEP}: make it again with kb") from err
    except msgspec.ValidationError as err:
        raise BadRecord(f"no {_name(kind)}: {_in_words(err)}: make it again with kb") from err


def from_json(text: str | bytes, kind: type[T]) -> T:
    """A JSON document as a record.

    Raises:
        BadRecord: when it is not JSON or a field does not fit.
    """
    try:
        data = msgspec.json.decode(text)
    except RecursionError as err:
        raise BadRecord(f"no {_name(kind)}: {_TOO_DEEP}: make it again with kb") from err
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise BadRecord(f"no {_name(kind)}: it is no JSON, or a part of it: make it again with kb") from err
    return from_data(data, kind)


def pack(record: Any) -> bytes:
    """A record as compact MessagePack bytes, for storage."""
    return msgspec.msgpack.encode(record)


def unpack(data: bytes, kind: type[T]) -> T:
    """The record that ``pack`` packed."""
    return msgspec.msgpack.decode(data, type=kind)


_WORDS = {
    "array": "a list", "object": "an object", "str": "text", "int": "a whole number", "float": "a number",
    "bool": "true or false", "null": "nothing",
}  # fmt: skip


def _name(kind: type) -> str:
    """A record's name in lower case: "digest", "ledger file"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()


def _in_words(err: msgspec.ValidationError) -> str:
    """Which field does not fit, and why."""
    fault, _, place = str(err).partition(" - at `$")
    field = place.strip("`.") or "it"
    if missing := re.match(r"Object missing required field `(.+)`", fault):
        return f"{field} has no {missing[1]}"
    if types := re.match(r"Expected `(.+)`, got `(.+)`", fault):
        wanted, got = (" or ".join(_WORDS.get(one, one) for one in name.split(" | ")) for name in types.groups())
        return f"{field} must be {wanted}, not {got}"
    if value := re.match(r"Invalid enum value (.+)", fault):
        return f"{field} cannot be {value[1]}"
    if kind := re.match(r"Invalid RFC3339 encoded (\w+)", fault):
        return f"{field} is no {kind[1]}"
    return f"{field}: {fault}"
