"""Papers from CSL-JSON, the form that citation processors read: Zotero, Pandoc, Crossref and others write it.

https://citeproc-js.readthedocs.io/en/latest/csl-json/markup.html. The items are decoded one by one, so that one
that is broken costs no other, and each is kept as it stood.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.bibliographic import WHOLES
from kb.errors import BadRecord
from kb.names import means_others
from kb.records import Failure, Found, Item, Name, SourceRecord
from kb.sources.exported import (
    LONGEST_RECORD,
    Moment,
    date_of,
    ids_of,
    is_stamp,
    metadata_of,
    moment_of,
    storable,
    tidy,
)

_LIST = re.compile(r'\s*(?:\{\s*"(?:items|references)"\s*:\s*)?\[')  # the list, or the object that holds it
_BRACES = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]', re.S)
_BETWEEN = re.compile(r"[\s,]*")
_NEXT = re.compile(r",\s*(?=\{)")
_KNOWN = frozenset({"id", "type", "title", "DOI", "author", "issued", "container-title"})
_BEGINNING = re.compile(rf"\{{\s*\"(?:{'|'.join(sorted(_KNOWN))})\"\s*:")
_WINDOW = 16_384  # characters that most items are shorter than
_LEAST = 100  # what it costs to decode nothing, in characters
_REREADINGS = 4  # times the file may be gone over again in search of the item behind a broken one


def read(text: str, *, path: Path) -> Iterator[Found]:
    """Yield the papers of a CSL-JSON file in its order, and a Failure with its line for each broken item.

    The file holds a list of items, an object whose ``items`` are one, or one item.
    """
    if not looks_like_csl(text):
        reason = 'it is no CSL-JSON: expected a list of items with title and type, [{"type": …, "title": …}, …]'
        yield Failure(what=str(path), code="bad-record", reason=reason)
        return
    line, counted = 1, 0
    for start, found in _items(text):
        line, counted = line + text.count("\n", counted, start), start
        where = f"{path.name}:{line}"
        try:
            if isinstance(found, str):
                raise BadRecord(found)
            item, end = found
            record = _record(item, text=text[start:end])
        except BadRecord as err:
            yield Failure(what=where, code=err.code, reason=str(err))
        else:
            yield Item(what=record.key or where, record=record)


def looks_like_csl(text: str) -> bool:
    """Whether a JSON text (its beginning is enough) is a list of items, or one item, as CSL has them."""
    found = _LIST.match(text)
    rest = text[found.end() :] if found else text
    start = len(rest) - len(rest.lstrip())
    if not rest.startswith("{", start):
        return False
    return any(re.search(rf'"{name}"\s*:', rest[start : start + 20_000]) for name in ("title", "type", "id"))


def _items(text: str) -> Iterator[tuple[int, tuple[dict[str, Any], int] | str]]:
    """(start, (item, end)) of the items in their order, or (start, what is wrong there)."""
    opened = _LIST.match(text)
    at = opened.end() if opened else 0
    budget = _REREADINGS * len(text) + 10 * _WINDOW
    while (at := _after(_BETWEEN, text, at)) < len(text) and text[at] != "]":
        found = _decode(text, at)
        if found.fault:
            yield at, f"it is no item of CSL-JSON ({found.fault}): correct it"
            at, cost = (found.end, 0) if found.end else _next_item(text, at, budget=budget)
            budget -= cost
            if budget < 0:
                yield at, "too much of the file is broken to read on from here: export it again"
                return
            continue
        is_item = isinstance(found.value, dict)
        yield at, (found.value, found.end) if is_item else "it is no item but a bare value: correct the list"
        at = found.end
        if opened is None:
            return
    if opened and at >= len(text):
        yield len(text), "the list has no end: the file was cut, export it again"


def _next_item(text: str, broken: int, *, budget: int) -> tuple[int, int]:
    """Where the item behind a broken one begins, and how many characters were looked at to find it.

    It is one when it has names of CSL's, or when it begins with one and is broken too: a person's name is neither.
    """
    cost, last = 0, broken
    for start in (found.end() for found in _NEXT.finditer(text, broken + 1)):
        found = _decode(text, start)
        cost += start - last + found.cost
        is_item = isinstance(found.value, dict) and len(_KNOWN & found.value.keys()) > 1
        if is_item or (found.fault and _BEGINNING.match(text, start)) or cost > budget:
            return start, cost
        last = start
    return len(text), cost + len(text) - last


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A JSON value and where it ends, or what is wrong with it (and its end, where it is only too long); how many
    characters were looked at."""

    value: Any = None
    end: int = 0
    fault: str = ""
    cost: int = 0


def _decode(text: str, at: int) -> _Decoded:
    """The value that begins there. Decoded out of a part of the text, since a fault costs as much as it is long."""
    size, cost = _WINDOW, 0
    while True:
        part = text[at : at + size]
        whole = at + size >= len(text)
        try:
            value, end = _DECODER.raw_decode(part)
        except json.JSONDecodeError as err:
            cost += err.pos + _LEAST
            cut = err.pos > len(part) - 16 or err.msg.startswith(("Unterminated", "Invalid \\"))
            if whole or not cut:
                near = " ".join(part[max(err.pos - 10, 0) : err.pos + 20].split())
                return _Decoded(fault=f"{err.msg} near {near!r}", cost=cost)
        except (ValueError, RecursionError, BadRecord) as err:
            return _Decoded(fault=" ".join(str(err).split())[:120], cost=cost + len(part))
        else:
            cost += end + _LEAST
            if whole or end < len(part):  # a number may go on behind the part
                return _Decoded(value, at + end, cost=cost)
        if size >= LONGEST_RECORD:
            return _Decoded(end=_end_of(text, at), fault=f"it is longer than {LONGEST_RECORD:,} characters", cost=cost)
        size = min(4 * size, LONGEST_RECORD)


def _end_of(text: str, at: int) -> int:
    """Where the object that begins there ends, without a look at what it says."""
    depth = 0
    for sign in _BRACES.finditer(text, at):
        depth += {"{": 1, "}": -1}.get(sign[0], 0)
        if depth == 0:
            return sign.end()
    return len(text)


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _no_number(name: str) -> None:
    raise BadRecord(f"{name} is no number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    item = dict(pairs)
    if len(item) < len(pairs):
        raise BadRecord("a name is stated twice in it")
    return item


_DECODER = json.JSONDecoder(parse_constant=_no_number, parse_float=str, object_pairs_hook=_once)


# -------------------------------------------------------------------------------------------- item


def _record(item: Mapping[str, Any], *, text: str) -> SourceRecord:
    """An item as a source record.

    Raises:
        BadRecord: when it has no title.
    """

    def said(*names: str) -> str:
        return next((value for name in names if (value := _text(item.get(name)))), "")

    kind = said("type")
    names, et_al = _names(item.get("author") or (item.get("editor") if kind in WHOLES else None))
    note = said("note")
    found = ids_of(
        dois=[said("DOI")],
        addresses=[said("URL")],
        traces=[
            said("number"),
            said("container-title"),
            said("volume"),
            f"{said('archive')}:{said('archive_location', 'archive-location')}",
            *filter(is_stamp, note.splitlines()),
        ],
    )
    stands_in = said("publisher") if kind == "thesis" else said("container-title", "event-title")
    metadata = metadata_of(
        "csl",
        title=said("title", "title-short"),
        ids=found.ids,
        version=found.version,
        names=names,
        et_al=et_al,
        date=_date(item.get("issued")),
        url=found.url,
        abstract=said("abstract"),
        comment=note,
        venue="" if kind in WHOLES else stands_in,
        keywords=re.split(r"[;,]", said("keyword")),
    )
    fields = tuple((storable(name), storable(_as_field(value))) for name, value in item.items())
    return SourceRecord(
        source="csl",
        key=storable(said("id")),
        type=kind,
        fields=fields,
        text=storable(text),
        metadata=metadata,
    )


def _text(value: Any) -> str:
    """A text, or what Crossref writes for one: a list with one."""
    if isinstance(value, list):
        value = value[0] if value else ""
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _as_field(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _names(value: Any) -> tuple[tuple[Name, ...], bool]:
    """The names, and whether one says "others"; what has no name in it is passed over."""
    names: list[Name] = []
    et_al = False
    for stated in value if isinstance(value, list) else []:
        parts = {key: tidy(_text(part)) for key, part in stated.items()} if isinstance(stated, dict) else {}
        literal = parts.get("literal") or (tidy(stated) if isinstance(stated, str) else "") or parts.get("name", "")
        family = " ".join(filter(None, (parts.get("non-dropping-particle"), parts.get("family"))))
        given = " ".join(filter(None, (parts.get("given"), parts.get("dropping-particle"))))
        if means_others(literal or family) and not given:
            et_al = True
        elif family:
            names.append(Name(family=family, given=given, suffix=parts.get("suffix", "")))
        elif literal or given:
            names.append(Name(literal=literal or given))
    return tuple(names), et_al


def _date(value: Any) -> Moment | None:
    """``date-parts``, else ``raw`` or ``literal``. Of a period what its ends have in common."""
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return date_of(str(value))
    if not isinstance(value, dict):
        return None
    parts = value.get("date-parts")
    ends = [_numbers(end) for end in parts if end] if isinstance(parts, list) else []
    if isinstance(parts, list) and parts and not isinstance(parts[0], list):
        ends = [_numbers(parts)]
    if ends and ends[0]:
        first, last = ends[0], ends[-1] or ends[0]
        common = next(
            (i for i, (one, other) in enumerate(zip(first, last, strict=False)) if one != other),
            min(len(first), len(last)),
        )
        return moment_of(*first[: max(common, 1)][:3])
    return next((date for name in ("raw", "literal", "iso") if (date := date_of(_text(value.get(name))))), None)


def _numbers(values: Any) -> list[int]:
    """The leading numbers of one end of a date, which may be written as texts."""
    numbers: list[int] = []
    for value in values if isinstance(values, list) else []:
        text = str(value).strip()
        if isinstance(value, bool) or not re.fullmatch(r"\d{1,4}", text):
            break
        numbers.append(int(text))
    return numbers
