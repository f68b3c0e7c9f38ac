"""The fields of a JSON record, one reader a type: a value of the wrong type is refused by its field's name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from kb.errors import BadRecord

_YEARS = range(1450, 2101)  # from the first printed books on


def field_of(record: Mapping[str, Any], name: str, others: tuple[str, ...] = ()) -> Any:
    """The value of the first of these names that has one; None when none has."""
    return next((value for key in (name, *others) if (value := record.get(key)) is not None), None)


def text_of(record: Mapping[str, Any], name: str, others: tuple[str, ...] = ()) -> str | None:
    """A text as it is, without blanks around it; None when absent or empty."""
    value = field_of(record, name, others)
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadRecord(f"{name} must be text, not {shown(value)}: correct it")
    return clean(value).strip() or None


def line_of(record: Mapping[str, Any], name: str) -> str | None:
    """A text whose line breaks are blanks."""
    value = text_of(record, name)
    return None if value is None else _unbroken(value)


def list_of(record: Mapping[str, Any], name: str, others: tuple[str, ...] = ()) -> list[Any]:
    """A list; empty when absent."""
    value = field_of(record, name, others)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRecord(f"{name} must be a list, not {shown(value)}: correct it")
    return value


def lines_of(record: Mapping[str, Any], name: str, others: tuple[str, ...] = ()) -> tuple[str, ...] | None:
    """A list of texts without line breaks, or of objects with a ``name``; None when absent or empty."""
    values = [value.get("name") if isinstance(value, dict) else value for value in list_of(record, name, others)]
    texts = [value for value in values if isinstance(value, str)]
    if any(not text.strip() for text in texts):
        raise BadRecord(f"{name} has an empty text: leave it out")
    if len(texts) < len(values):
        odd = next(value for value in values if not isinstance(value, str))
        raise BadRecord(f"{name} must be a list of texts, but has {shown(odd)}: correct it")
    return tuple(text for value in texts if (text := _unbroken(clean(value).strip()))) or None


def flag_of(record: Mapping[str, Any], name: str) -> bool | None:
    """True, False, or None when absent."""
    value = record.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadRecord(f"{name} must be true or false, not {shown(value)}: correct it")
    return value


def day_of(value: Any, name: str) -> date:
    """The day of a date or a time in ISO form."""
    try:
        day = date.fromisoformat(value[:10])
        datetime.fromisoformat(value)  # what follows the day is a time
    except (TypeError, ValueError) as err:
        raise BadRecord(f"{name} has {shown(value)}: write days like 2024-03-04") from err
    if day.year not in _YEARS:
        raise BadRecord(f"{name} has {shown(value)}, a year that no paper is of: correct it")
    return day


def moment_of(record: Mapping[str, Any], name: str) -> datetime | None:
    """A time in UTC; a day without a time is its first moment, a time without a zone is UTC."""
    value = record.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as err:
        raise BadRecord(f"{name} is {shown(value)}: write times like 2024-03-04T12:00:00Z") from err
    if moment.year not in _YEARS:
        raise BadRecord(f"{name} is {shown(value)}, a year that no paper is of: correct it")
    return moment


def year_of(record: Mapping[str, Any], name: str) -> datetime | None:
    """The first moment of a year that stands alone, as a number or as text."""
    value = record.get(name)
    if value is None:
        return None
    digits = value if isinstance(value, str) else str(value) if type(value) is int else ""
    if not re.fullmatch(r"[0-9]{4}", digits.strip()) or int(digits) not in _YEARS:
        raise BadRecord(f"{name} is {shown(value)}: write years like 2024")
    return datetime(int(digits), 1, 1, tzinfo=UTC)


def address_of(record: Mapping[str, Any], name: str) -> str | None:
    """An address of the web."""
    value = line_of(record, name)
    if value is not None and not re.fullmatch(r"https?://\S+", value):
        raise BadRecord(f"{name} must be an http address, not {shown(value)}: correct it")
    return value


def page_of(record: Mapping[str, Any]) -> int | None:
    """The number of a page, from 1 on."""
    value = record.get("page")
    if value is not None and (type(value) is not int or value < 1):
        raise BadRecord(f"page must be a number from 1 on, not {shown(value)}: correct it")
    return value


def _unbroken(text: str) -> str:
    """Line breaks, with the blanks around them, as one blank; blanks within a line stay."""
    if len(lines := text.splitlines()) < 2:
        return text
    return " ".join(stripped for line in lines if (stripped := line.strip()))


def clean(text: str) -> str:
    """Without NUL (no index takes it) and with half surrogate pairs replaced (no file takes them)."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def shown(value: Any) -> str:
    """A value as a message shows it: JSON of at most 60 characters."""
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 60 else f"{text[:57]}..."
