"""arXiv's calendar: what is listed when, and why a day is empty."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.calendar import (
    EASTERN,
    HOLIDAY_YEARS,
    announcement_day,
    announcement_days,
    is_announcement_day,
    next_announcement_day,
    previous_announcement_day,
    submission_window,
    why_nothing,
)
from kb.rendering.reasons import told

days = st.dates(date(2015, 1, 1), date(2030, 12, 31))
moments = st.datetimes(datetime(2015, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def eastern(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=EASTERN)


@pytest.mark.parametrize(
    ("submitted", "listed"),
    [
        ("2024-02-26 13:59", "2024-02-27"),  # Monday before the queue closes: announced that evening
        ("2024-02-26 14:00", "2024-02-28"),  # on the minute it is the next day's
        ("2024-02-27 12:00", "2024-02-28"),
        ("2024-02-28 12:00", "2024-02-29"),
        ("2024-02-29 13:59", "2024-03-01"),  # Thursday: announced Thursday evening, listed on Friday
        ("2024-02-29 14:00", "2024-03-04"),  # Thursday 14:00 to Friday 14:00: Sunday evening
        ("2024-03-01 13:59", "2024-03-04"),
        ("2024-03-01 14:00", "2024-03-05"),  # Friday 14:00 to Monday 14:00: Monday evening
        ("2024-03-03 23:00", "2024-03-05"),
    ],
)
def test_submissions_are_listed_as_arxivs_table_says(submitted: str, listed: str) -> None:
    assert announcement_day(eastern(submitted)) == date.fromisoformat(listed)


@pytest.mark.parametrize(
    ("submitted", "listed"),
    [
        ("2025-06-19 10:00", "2025-06-23"),  # Juneteenth, a Thursday: Sunday evening takes it
        ("2025-07-03 15:00", "2025-07-08"),  # no announcement on Sunday 6 July
        ("2025-09-01 10:00", "2025-09-03"),  # Labor Day, a Monday
        ("2025-11-27 10:00", "2025-12-01"),  # Thanksgiving
        ("2025-12-24 15:00", "2025-12-29"),
        ("2025-12-30 10:00", "2026-01-01"),
    ],
)
def test_a_deferred_announcement_moves_its_papers_to_the_next(submitted: str, listed: str) -> None:
    assert announcement_day(eastern(submitted)) == date.fromisoformat(listed)


def test_the_queue_closes_at_two_in_eastern_time_summer_and_winter() -> None:
    assert announcement_day(datetime(2025, 7, 15, 17, 59, tzinfo=UTC)) == date(2025, 7, 16)
    assert announcement_day(datetime(2025, 7, 15, 18, 0, tzinfo=UTC)) == date(2025, 7, 17)
    assert announcement_day(datetime(2025, 1, 14, 18, 59, tzinfo=UTC)) == date(2025, 1, 15)
    assert announcement_day(datetime(2025, 1, 14, 19, 0, tzinfo=UTC)) == date(2025, 1, 16)


def test_the_queue_closed_at_four_until_2017() -> None:
    assert announcement_day(eastern("2015-10-20 15:30")) == date(2015, 10, 21)
    assert announcement_day(eastern("2017-10-17 15:30")) == date(2017, 10, 19)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        announcement_day(datetime(2025, 1, 1))  # noqa: DTZ001


@given(moments)
def test_what_is_submitted_is_listed_on_an_announcement_day_after_it(submitted: datetime) -> None:
    listed = announcement_day(submitted)
    assert is_announcement_day(listed)
    assert submitted.astimezone(EASTERN).date() < listed


@given(moments, moments)
def test_what_is_submitted_earlier_is_never_listed_later(one: datetime, other: datetime) -> None:
    first, second = sorted([one, other])
    assert announcement_day(first) <= announcement_day(second)


@given(moments, days, st.integers(0, 12))
def test_the_submission_window_is_the_inverse_of_the_announcement_day(
    submitted: datetime, since: date, length: int
) -> None:
    until = since + timedelta(days=length)
    for moment in (submitted, *submission_window(since, until)):
        start, end = submission_window(since, until)
        assert (start <= moment < end) == (since <= announcement_day(moment) <= until)


@given(days)
def test_every_day_without_an_announcement_is_explained(day: date) -> None:
    if not is_announcement_day(day):
        assert why_nothing(day)
    elif day.year in HOLIDAY_YEARS and why_nothing(day):
        assert "may have" in told(why_nothing(day))


@given(days)
def test_neighbouring_announcement_days_enclose_a_day(day: date) -> None:
    before, after = previous_announcement_day(day), next_announcement_day(day)
    assert before <= day <= after
    assert list(announcement_days(before, after)) == sorted({before, after})


def test_reasons_name_the_weekend_and_the_holiday() -> None:
    assert "Saturday" in told(why_nothing(date(2025, 3, 22)))
    assert "Thanksgiving" in told(why_nothing(date(2025, 11, 28)))
    assert "Juneteenth" in told(why_nothing(date(2026, 6, 22)))
    assert why_nothing(date(2025, 3, 20)) is None


def test_unknown_years_are_said_to_be_unknown() -> None:
    assert is_announcement_day(date(2029, 12, 26))
    assert "not known" in told(why_nothing(date(2029, 12, 26)))
    assert "Thanksgiving" in told(why_nothing(date(2029, 11, 23)))
    assert why_nothing(date(2029, 11, 21)) is None


@pytest.mark.slow
@pytest.mark.shared
def test_no_real_paper_was_first_listed_after_a_deferred_announcement(shared: Path) -> None:
    """The records were collected day by day; a listing stays up until the next, so weekends repeat Friday's."""
    first: Counter[date] = Counter()
    with gzip.open(shared / "arxiv" / "records.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            first[date.fromisoformat(json.loads(line)["listed"][0])] += 1
    covered = [day for day in announcement_days(date(2025, 3, 18), date(2026, 3, 31)) if first[day]]
    deferred = [
        date(2025, 3, 18) + timedelta(days=n)
        for n in range(379)
        if not is_announcement_day(day := date(2025, 3, 18) + timedelta(days=n)) and day.weekday() < 5
    ]
    assert len(covered) > 200
    assert {date(2025, 6, 20), date(2025, 7, 7), date(2025, 9, 2), date(2025, 12, 26)} <= set(deferred)
    ordinary = sum(first[day] for day in covered) / len(covered)
    # A day's collection can run late: the remainder of the day before, never a whole listing.
    assert all(first[day] < ordinary / 4 for day in deferred)
