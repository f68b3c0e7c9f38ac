"""The ledger as a file, for machines that forget: topics, what each has shown, and the days that were looked at."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from kb import wire
from kb.errors import BadRecord, HomeUnwritable
from kb.records import Topic

if TYPE_CHECKING:
    from kb.library import Library

_SCHEMA = "kb.ledger-file/1"
_PERIODS = "periods of digests"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What a topic made of a version of a paper, on which day."""

    topic: str
    paper_id: str
    version: int
    day: date
    how: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A day that the daily job looked at, with its report."""

    topic: str
    day: date
    report: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Inclusive days that a digest was made of."""

    since: date
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFile:
    """What the file holds, in a stable order."""

    schema: str
    topics: tuple[Topic, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()
    visits: tuple[Visit, ...] = ()
    periods: tuple[Period, ...] = ()


def known_periods(library: Library) -> list[Period]:
    """The periods that digests were made of, in order: a page's days are held against them."""
    kept = library.catalog().fact(_PERIODS)
    return wire.from_json(kept, list[Period]) if kept else []


def remember_periods(library: Library, periods: Iterable[Period]) -> None:
    """Remember that digests were made of these periods. Part of the caller's transaction."""
    known = known_periods(library)
    if new := set(periods) - set(known):
        every = sorted({*known, *new}, key=lambda period: (period.since, period.until))
        library.catalog().set_fact(_PERIODS, wire.to_json(every, indent=None))


def export_ledger(library: Library, path: Path) -> int:
    """Write the ledger; the same ledger gives the same bytes.

    Raises:
        HomeUnwritable: when the file cannot be written.
    """
    ledger = library.catalog().ledger
    data = LedgerFile(
        schema=_SCHEMA,
        topics=tuple(ledger.topics()),
        entries=tuple(wire.from_data(row, LedgerEntry) for row in ledger.all_entries()),
        visits=tuple(Visit(topic=topic, day=day, report=report) for topic, day, report in ledger.all_visits()),
        periods=tuple(known_periods(library)),
    )
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_text(wire.to_json(data) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as err:
        raise HomeUnwritable(f"{path} cannot be written ({err.strerror}): choose another file") from err
    return len(data.entries)


def import_ledger(library: Library, path: Path) -> int:
    """Take in a ledger beside what is there: nothing that was shown is forgotten, the earlier day of two stays.

    Topics that are there already stay as they are.

    Raises:
        BadRecord: when the file cannot be read or is no ledger; nothing is taken in then.
    """
    data = _read(path)
    catalog = library.catalog(create=True)
    with library.writing("ledger"), catalog.transaction():
        known = {topic.name.casefold() for topic in catalog.ledger.topics()}
        for topic in data.topics:
            if topic.name.casefold() not in known:
                catalog.ledger.put_topic(topic)
        for entry in data.entries:
            catalog.ledger.recall(
                entry.topic, entry.paper_id, version=entry.version, day=entry.day, how=entry.how, reason=entry.reason
            )
        visited = {(topic, day) for topic, day, _ in catalog.ledger.all_visits()}
        for visit in data.visits:
            if (visit.topic, visit.day) not in visited:
                catalog.ledger.visit(visit.topic, visit.day, visit.report)
        remember_periods(library, data.periods)
    return len(data.entries)


def _read(path: Path) -> LedgerFile:
    try:
        data = wire.from_json(path.read_bytes(), LedgerFile)
        for visit in data.visits:
            json.loads(visit.report)
    except BadRecord as err:
        raise BadRecord(f"{path} is {err}") from err
    except OSError as err:
        raise BadRecord(f"{path} cannot be read ({err.strerror}): check the path") from err
    except ValueError as err:
        raise BadRecord(f"{path} holds a visit whose report is no JSON ({err}): export the ledger again") from err
    hows = {"new", "updated", "skipped", "replacement"}
    wrong = next((entry.how for entry in data.entries if entry.how not in hows), None)
    if data.schema != _SCHEMA or wrong is not None:
        raise BadRecord(f"{path} is not a ledger of this version ({wrong or data.schema}): export it again with kb")
    return data
