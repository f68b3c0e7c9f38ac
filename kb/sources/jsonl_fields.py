"""The fields of a JSON record, one reader a type: a value that is not understood is named by its field."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from kb.errors import BadIdentifier, BadRecord
from kb.ids import doi_key, parse_arxiv_id
from kb.links import is_web_address
from kb.records import Precision
from kb.sources.exported import Moment, plain, storable

T = TypeVar("T")

_YEARS = range(1450, 2101)  # from the first printed books on
_DATE = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d\d))?", re.ASCII)


class RecordReading:
    """A record while it is read: what cannot be understood of it costs no more than the field it stands in.

    ``odd`` has the fields whose values were not understood, and why. ``read`` has the names of all that were asked
    for, so that the others can be told.
    """

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.record = record
        self.odd: dict[str, str] = {}
        self.read: set[str] = set()

    def __call__(self, reader: Callable[[Mapping[str, Any], str], T | None], *names: str) -> T | None:
        """What ``reader`` makes of the first of these fields that says something; what it cannot read is noted."""
        self.read.update(names)
        for name in names:
            if self.record.get(name) is None:
                continue
            try:
                if (value := reader(self.record, name)) is not None:
                    return value
            except BadRecord as err:
                self.odd[name] = str(err)
        return None

    def title(self, *names: str) -> str:
        """The title that the first of these fields has.

        Raises:
            BadRecord: when none has one: a record without a title is no paper.
        """
        title = self(prose_of, *names)
        if title is None or not any(sign.isalnum() for sign in title):
            raise BadRecord(self.odd.get(names[0], "it has no title: give it one"))
        return title

    @property
    def unknown(self) -> list[str]:
        """The fields that say something and that nobody asked for."""
        return [
            name for name, value in self.record.items() if name not in self.read and value not in (None, "", [], {})
        ]


def text_of(record: Mapping[str, Any], name: str) -> str | None:
    """A text as it is, without blanks around it; None when absent or empty."""
    value = record.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadRecord(f"{name} must be text, not {shown(value)}: correct it")
    return clean(value).strip() or None


def line_of(record: Mapping[str, Any], name: str) -> str | None:
    """A text whose line breaks are blanks."""
    value = text_of(record, name)
    return None if value is None else _unbroken(value)


def prose_of(record: Mapping[str, Any], name: str) -> str | None:
    """A title or an abstract: without line breaks, and without the markup that its source left in it."""
    value = text_of(record, name)
    if value is None:
        return None
    return (plain(value) if "&" in value or "<" in value else _unbroken(value)) or None


def list_of(record: Mapping[str, Any], name: str) -> list[Any]:
    """A list; empty when absent."""
    value = record.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRecord(f"{name} must be a list, not {shown(value)}: correct it")
    return value


def lines_of(record: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    """A list of texts without line breaks, or of objects with a ``name``; None when absent or empty."""
    values = [value.get("name") if isinstance(value, dict) else value for value in list_of(record, name)]
    texts = [value for value in values if isinstance(value, str)]
    if any(not text.strip() for text in texts):
        raise BadRecord(f"{name} has an empty text: leave it out")
    if len(texts) < len(values):
        odd = next(value for value in values if not isinstance(value, str))
        raise BadRecord(f"{name} must be a list of texts, but has {shown(odd)}: correct it")
    return tuple(text for value in texts if (text := _unbroken(clean(value).strip()))) or None


def categories_of(record: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    """arXiv's categories, as a list or as one text with blanks between them."""
    value = record.get(name)
    stated = (value,) if isinstance(value, str) else lines_of(record, name) or ()
    return tuple(dict.fromkeys(word for text in stated for word in clean(text).split())) or None


def flag_of(record: Mapping[str, Any], name: str) -> bool | None:
    """True, False, or None when absent."""
    value = record.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadRecord(f"{name} must be true or false, not {shown(value)}: correct it")
    return value


def days_of(record: Mapping[str, Any], name: str) -> tuple[date, ...] | None:
    """A list of days, or of times on them, sorted; None when absent or empty."""
    return tuple(sorted({_day(value, name) for value in list_of(record, name)})) or None


def _day(value: Any, name: str) -> date:
    try:
        day = date.fromisoformat(value[:10])
        datetime.fromisoformat(value)  # what follows the day is a time
    except (TypeError, ValueError) as err:
        raise BadRecord(f"{name} has {shown(value)}: write days like 2024-03-04") from err
    if day.year not in _YEARS:
        raise BadRecord(f"{name} has {shown(value)}, a year that no paper is of: correct it")
    return day


def when_of(record: Mapping[str, Any], name: str) -> Moment | None:
    """A time, a day, a month or a year: ``2024-03-04T12:00:00Z``, ``2024-03-04``, ``2024-03``, ``2024`` or 2024.

    A time without a zone is in UTC.
    """
    value = record.get(name)
    if value is None:
        return None
    text = value.strip() if isinstance(value, str) else str(value) if type(value) is int else ""
    try:
        if part := _DATE.fullmatch(text):
            at = datetime(int(part["year"]), int(part["month"] or 1), 1, tzinfo=UTC)
            precision: Precision | None = "month" if part["month"] else "year"
        else:
            at = datetime.fromisoformat(text)
            at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
            precision = "day" if len(text) <= 10 else None
    except (ValueError, OverflowError) as err:
        raise BadRecord(f"{name} is {shown(value)}: write 2024, 2024-03-04 or 2024-03-04T12:00:00Z") from err
    if at.year not in _YEARS:
        raise BadRecord(f"{name} is {shown(value)}, a year that no paper is of: correct it")
    return Moment(at=at, precision=precision)


def address_of(record: Mapping[str, Any], name: str) -> str | None:
    """An address of the web."""
    value = line_of(record, name)
    if value is not None and not is_web_address(value):
        raise BadRecord(f"{name} must be an http address, not {shown(value)}: correct it")
    return value


def site_of(record: Mapping[str, Any], name: str) -> str | None:
    """An address of the web, or nothing where something else stands there."""
    value = line_of(record, name)
    return value if value and is_web_address(value) else None


def arxiv_of(record: Mapping[str, Any], name: str) -> tuple[str, int | None]:
    """The arXiv id that stands there, and its version."""
    value = record[name]
    try:
        return parse_arxiv_id(value if isinstance(value, str) else "")
    except BadIdentifier as err:
        raise BadRecord(f"{name} must be an id like 2402.19481, not {shown(value)}: correct it") from err


def person_in(value: Any, field: str) -> str:
    """The name of a person, a text or an object that has one."""
    name = value.get("name") if isinstance(value, dict) else value
    if not isinstance(name, str) or not (text := plain(clean(name))):
        raise BadRecord(f"{field} has {shown(value)} where a name must be: correct it")
    return text


def is_id(value: Any) -> bool:
    """Whether it can be the id of a record: a text that says something, or a whole number."""
    return (isinstance(value, str) and value.strip() != "") or (isinstance(value, int) and not isinstance(value, bool))


def doi_of(record: Mapping[str, Any], name: str) -> str | None:
    """The key of the first of the DOIs that stand there; arXiv's own gives the arXiv key."""
    words = (text_of(record, name) or "").split()
    if words and (key := doi_key(words[0])):
        return key
    if words:
        raise BadRecord(f"{name} must be a DOI like 10.1000/182, not {shown(record[name])}: correct it")
    return None


def page_of(record: Mapping[str, Any]) -> int | None:
    """The number of a page, from 1 on."""
    value = record.get("page")
    if value is not None and (type(value) is not int or value < 1):
        raise BadRecord(f"page must be a number from 1 on, not {shown(value)}: correct it")
    return value


def object_of(record: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """An object; None when absent."""
    value = record.get(name)
    if value is not None and not isinstance(value, dict):
        raise BadRecord(f"{name} must be an object, not {shown(value)}: correct it")
    return value


def _unbroken(text: str) -> str:
    """Line breaks, with the blanks around them, as one blank; blanks within a line stay."""
    if len(lines := text.splitlines()) < 2:
        return text
    return " ".join(stripped for line in lines if (stripped := line.strip()))


def clean(text: str) -> str:
    """Without NUL (no index takes it) and with half surrogate pairs replaced (no file takes them)."""
    return storable(text.replace("\x00", ""))


def shown(value: Any) -> str:
    """A value as a message shows it: JSON of at most 60 characters."""
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 60 else f"{text[:57]}..."
