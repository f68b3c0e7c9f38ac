"""arXiv's announcement days: when a submission is listed, and why a day brings nothing.

arXiv announces at 20:00 US Eastern, Sunday to Thursday; the feed and the listing of an announcement carry the next
day's date, Monday to Friday. The queue closes at 14:00 Eastern of the same day, for Sunday on the Friday before
(https://info.arxiv.org/help/availability.html). Until the end of 2016 it closed at 16:00.

What is computed here is the earliest day: moderation can hold a paper back, so a day from arXiv's own feed or from
a record is better knowledge, and every stored day says where it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kb.records import Reason

EASTERN = ZoneInfo("America/New_York")
_DAY = timedelta(days=1)
_SATURDAY, _SUNDAY = 5, 6

# Evenings without an announcement, as arXiv published them year by year on the page above (its history is in the
# public repository arXiv/arxiv-docs). A year that is not here is not known: arXiv adds them during the year before.
_DEFERRED_EVENINGS: dict[date, str] = {
    date.fromisoformat(day): name
    for day, name in (
        line.split(" ", 1)
        for line in """
2023-01-16 Martin Luther King Jr. Day
2023-06-14 an arXiv staff day
2023-06-19 Juneteenth
2023-07-04 Independence Day
2023-08-17 an arXiv staff day
2023-09-04 Labor Day
2023-11-23 Thanksgiving
2023-12-25 Christmas
2023-12-27 the end-of-year holidays
2024-01-15 Martin Luther King Jr. Day
2024-05-22 an arXiv staff day
2024-06-19 Juneteenth
2024-07-04 Independence Day
2024-09-02 Labor Day
2024-10-08 an arXiv staff day
2024-11-28 Thanksgiving
2024-12-25 Christmas
2024-12-26 the end-of-year holidays
2024-12-31 New Year's Eve
2025-01-01 New Year's Day
2025-01-20 Martin Luther King Jr. Day
2025-06-19 Juneteenth
2025-07-06 Independence Day
2025-09-01 Labor Day
2025-11-27 Thanksgiving
2025-12-25 Christmas
2025-12-30 the end-of-year holidays
2026-01-01 New Year's Day
2026-01-19 Martin Luther King Jr. Day
2026-09-07 Labor Day
2026-11-26 Thanksgiving
2026-12-29 the end-of-year holidays
2026-12-31 New Year's Eve
""".strip().splitlines()
    )
}
# arXiv lists these Fridays as holidays too. Friday has no announcement anyway, and the page does not say whether
# the Sunday after it is deferred, so they explain an empty Monday but do not make one.
_FRIDAY_HOLIDAYS: dict[date, str] = {
    date(2026, 6, 19): "Juneteenth",
    date(2026, 7, 3): "Independence Day",
    date(2026, 12, 25): "Christmas",
}
HOLIDAY_YEARS = frozenset(evening.year for evening in _DEFERRED_EVENINGS)
"""Years whose holidays are known; in other years only weekends are."""

_NEVER = date(1991, 8, 14)  # arXiv's first day


def is_announcement_day(day: date) -> bool:
    """Whether arXiv lists new papers under this date: Monday to Friday, but not after a holiday's evening.

    In a year that is not in ``HOLIDAY_YEARS`` holidays are not known and count as ordinary days.
    """
    return day.weekday() < _SATURDAY and (day - _DAY) not in _DEFERRED_EVENINGS


def next_announcement_day(day: date) -> date:
    """``day`` itself when it is one, else the first after it."""
    while not is_announcement_day(day):
        day += _DAY
    return day


def previous_announcement_day(day: date) -> date:
    """``day`` itself when it is one, else the last before it."""
    while not is_announcement_day(day):
        day -= _DAY
    return day


def announcement_days(since: date, until: date) -> Iterator[date]:
    """The announcement days from ``since`` to ``until``, both included."""
    day = since
    while day <= until:
        if is_announcement_day(day):
            yield day
        day += _DAY


def announcement_day(submitted: datetime) -> date:
    """The first day under which arXiv can list what was submitted then (an aware time).

    Raises:
        ValueError: when ``submitted`` has no time zone.
    """
    if submitted.tzinfo is None:
        raise ValueError("the time of a submission needs a time zone")
    day = next_announcement_day(submitted.astimezone(EASTERN).date())
    while submitted >= _queue_closes(day):
        day = next_announcement_day(day + _DAY)
    return day


def submission_window(since: date, until: date) -> tuple[datetime, datetime]:
    """The half-open UTC period of submission whose papers are listed from ``since`` to ``until``, both included.

    The inverse of ``announcement_day``: a time lies in it exactly if its announcement day lies in ``since … until``.
    """
    before = previous_announcement_day(since - _DAY) if since > _NEVER else _NEVER
    last = previous_announcement_day(until)
    start = _queue_closes(before).astimezone(UTC)
    return start, max(start, _queue_closes(last).astimezone(UTC))


def why_nothing(day: date) -> Reason | None:
    """Why arXiv announces nothing under this date; None when it should (or nothing is known against it)."""
    if day.weekday() >= _SATURDAY:
        return _nothing("saturday" if day.weekday() == _SATURDAY else "sunday", day=day)
    evening = day - _DAY
    if name := _DEFERRED_EVENINGS.get(evening):
        return _nothing("no-announcement", evening=evening, name=name)
    friday = day - 3 * _DAY
    if name := _FRIDAY_HOLIDAYS.get(friday):
        return _nothing("perhaps-deferred", day=day, friday=friday, name=name)
    if day.year not in HOLIDAY_YEARS and (name := _usual_holiday(evening)):
        return _nothing("holidays-unknown", year=day.year, name=name)
    return None


def _nothing(kind: str, **values: object) -> Reason:
    return Reason(kind=kind, values={name: str(value) for name, value in values.items()})


def _queue_closes(day: date) -> datetime:
    """When the queue for the listing of announcement day ``day`` closes."""
    evening = day - _DAY
    closing_day = evening - 2 * _DAY if evening.weekday() == _SUNDAY else evening
    return datetime.combine(closing_day, time(14 if closing_day.year >= 2017 else 16), tzinfo=EASTERN)


def _usual_holiday(evening: date) -> str | None:
    fixed = {(1, 1): "New Year's Day", (6, 19): "Juneteenth", (7, 4): "Independence Day", (12, 25): "Christmas"}
    if name := fixed.get((evening.month, evening.day)):
        return name
    week = (evening.day - 1) // 7 + 1
    moving = {
        (1, 3, 0): "Martin Luther King Jr. Day",
        (9, 1, 0): "Labor Day",
        (11, 4, 3): "Thanksgiving",
    }
    return moving.get((evening.month, week, evening.weekday()))
