"""Records to JSON and back. The only module that imports msgspec."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from kb.errors import BadRecord
from kb.records import Digest, Note
from kb.text import NO_TEXT

T = TypeVar("T")

# ``for`` is a word of Python, so the record's field has another name than the JSON's.
_FIELD, _NAME = "audience", "for"
# What JSON may hold as it is, and steers a terminal, ends a line for some readers or cannot be written as UTF-8.
_CONTROL = re.compile(rf"[\x7f{NO_TEXT}]")
_FOREIGN = (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RuntimeError)
_decoders: dict[Any, msgspec.msgpack.Decoder[Any]] = {}
_making = threading.Lock()
_TOO_DEEP = "its lists and objects lie too deep within each other"


def _decoder(kind: type[T]) -> msgspec.msgpack.Decoder[T]:
    """What decodes a kind of record, made once. msgspec notes what it knows of a class on the class before it knows it
    all, so that two threads which make decoders of one class at once take the process down: one is made at a time."""
    if kind not in _decoders:
        with _making:
            _decoders.setdefault(kind, msgspec.msgpack.Decoder(kind))
    return _decoders[kind]


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


_SENTENCES = {"why": True, "changes": False, "notices": False, "reason": False}
"""Fields of digests and notes that the first edition wrote as English sentences, and whether such a sentence may tell
of the user's taste: then no stranger sees it."""


def _with_reasons(data: Any, kind: Any) -> Any:
    """A digest or a note of the first edition (``kb.digest/1``) with its sentences as reasons; others as they are."""
    if kind not in (Digest, Note) or not isinstance(data, dict):
        return data

    def reason(said: Any, personal: bool) -> Any:
        if not isinstance(said, str):
            return said
        return {"kind": "as-stated", "values": {"text": said}, "personal": personal}

    def turned(part: Any) -> Any:
        if not isinstance(part, dict):
            return part
        made = dict(part)
        for name, personal in _SENTENCES.items():
            if isinstance(said := made.get(name), list):
                made[name] = [reason(one, personal) for one in said]
        if isinstance(states := made.get("status"), dict):
            made["status"] = {name: _status(state) for name, state in states.items()}
        return made

    def _status(state: Any) -> Any:
        if not isinstance(state, dict) or not isinstance(said := state.get("reason"), str):
            return state
        return {**state, "reason": [reason(said, False)] if said else []}

    whole = turned(data)
    if kind is Digest:
        whole["entries"] = [turned(note) for note in _listed(whole, "entries")]
        whole["skipped"] = [
            {"title": "", "url": None, **one, "reason": reason(one.get("reason"), False)}
            if isinstance(one, dict)
            else one
            for one in _listed(whole, "skipped")
        ]
    return whole


def _listed(data: Any, name: str) -> Any:
    return found if isinstance(found := data.get(name, []), list) else [found]


def to_json(record: Any, *, indent: int | None = 2) -> str:
    """A record as a JSON document: same record, same text (UTF-8, fields in the order of their definition)."""
    return escaped_json(json.dumps(to_data(record), ensure_ascii=False, indent=indent))


def escaped_json(text: str) -> str:
    """The same JSON without control characters: they stand in strings only, where each has its escape."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def from_data(data: Any, kind: type[T]) -> T:
    """Plain data as a record.

    Raises:
        BadRecord: naming the field that does not fit.
    """
    _decoder(kind)  # then msgspec knows its classes
    try:
        return msgspec.convert(_with_reasons(_inward(data), kind), kind, strict=False)
    except RecursionError as err:
        raise BadRecord(f"no {_name(kind)}: {_TOO_DEEP}: make it again with kb") from err
    except msgspec.ValidationError as err:
        raise BadRecord(f"no {_name(kind)}: {_in_words(err)}: make it again with kb") from err
    except _FOREIGN as err:
        raise BadRecord(f"no {_name(kind)} ({err}): make it again with kb") from err


def from_json(text: str | bytes, kind: type[T]) -> T:
    """A JSON document as a record.

    Raises:
        BadRecord: when it is not JSON or a field does not fit.
    """
    try:
        data = msgspec.json.decode(text)
    except RecursionError as err:
        raise BadRecord(f"no {_name(kind)}: {_TOO_DEEP}: make it again with kb") from err
    except _FOREIGN as err:
        raise BadRecord(f"no {_name(kind)}: it is no JSON, or a part of it: make it again with kb") from err
    return from_data(data, kind)


def outline(text: bytes, kind: type[T]) -> T:
    """The fields of a record that stand in a JSON document, what else stands there passed over unread.

    Raises:
        BadRecord: when it is not JSON or a field does not fit.
    """
    _decoder(kind)  # then msgspec knows its classes
    try:
        return msgspec.json.decode(text, type=kind, strict=False)
    except (RecursionError, *_FOREIGN) as err:
        raise BadRecord(f"no {_name(kind)} ({err}): make it again with kb") from err


def json_schema(
    kinds: Sequence[type[Any]], *, names: Mapping[type[Any], str]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """JSON Schemas of what ``to_data`` makes of records, and the parts that they refer to as ``#/$defs/<name>``.

    Every object is closed and has all its fields. ``names`` are those of parts that are to stand under another name
    than their class's, in the place of what has that name.
    """
    references, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    renamed = {kind.__name__: name for kind, name in names.items()}
    parts = {name: part for name, part in parts.items() if name not in renamed.values()}
    parts = {renamed.get(name, name): _closed(part, renamed) for name, part in parts.items()}
    roots = [parts[renamed.get(name, name)] for name in (one["$ref"].rpartition("/")[2] for one in references)]
    return roots, parts


def _closed(schema: Any, renamed: Mapping[str, str]) -> Any:
    """A part of a schema as this module writes such records: nothing but its fields, and all of them."""
    if isinstance(schema, list):
        return [_closed(one, renamed) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value, renamed) for key, value in schema.items() if key != "default"}
    if isinstance(title := closed.get("title"), str):
        closed["title"] = renamed.get(title, title)
    if isinstance(said := closed.get("description"), str):
        closed["description"] = " ".join(said.split())
    if "$ref" in closed:
        stem, slash, name = closed["$ref"].rpartition("/")
        closed["$ref"] = f"{stem}{slash}{renamed.get(name, name)}"
    if isinstance(properties := schema.get("properties"), dict):
        digest = "made_with" in properties
        fields = {(_NAME if digest and key == _FIELD else key): _closed(properties[key], renamed) for key in properties}
        closed |= {"properties": fields, "required": list(fields), "additionalProperties": False}
    return closed


def pack(record: Any) -> bytes:
    """A record as compact MessagePack bytes, for storage."""
    return msgspec.msgpack.encode(record)


def pack_all(records: Iterable[Any]) -> list[bytes]:
    """Each record as ``pack`` packs it."""
    return [msgspec.msgpack.encode(record) for record in records]


def unpack(data: bytes, kind: type[T]) -> T:
    """The record that ``pack`` packed.

    Raises:
        BadRecord: when the bytes are not as they were packed.
    """
    return unpack_all([data], kind)[0]


def unpack_all(packed: Iterable[bytes], kind: type[T]) -> list[T]:
    """The records that ``pack`` packed, all of one kind.

    Raises:
        BadRecord: when one is not as it was packed.
    """
    try:
        return list(map(_decoder(kind).decode, packed))
    except _FOREIGN as err:
        reason = f"a stored {_name(kind)} is damaged ({err}): kb doctor names it, kb recover TO saves the rest"
        raise BadRecord(reason) from err


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
