"""A month with the days that papers are of; a day is a button, filled where its digest is made."""

from __future__ import annotations

import calendar
from collections.abc import Collection, Mapping
from datetime import date, timedelta

import streamlit as st

from ui.session import t

_WIDTH = 38


def show_calendar(shown: date, *, counts: Mapping[date, int], made: Collection[date], key: str) -> None:
    """The month of the day that is shown. A click puts a day into the session state under ``key``."""
    first = shown.replace(day=1)
    after = (first + timedelta(days=31)).replace(day=1)
    with st.container(key="calendar", gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            _turn("chevron_left", t("older"), max((day for day in counts if day < first), default=None), key=key)
            st.markdown(f"**{first.strftime('%Y-%m')}**", width="content")
            _turn("chevron_right", t("newer"), _last_of_next(counts, after), key=key)
        with st.container(horizontal=True, gap=None, horizontal_alignment="distribute"):
            for name in t("weekdays").split():
                st.markdown(f":gray[{name}]", width=_WIDTH, text_alignment="center")
        for week in calendar.Calendar().monthdatescalendar(shown.year, shown.month):
            with st.container(horizontal=True, gap=None, horizontal_alignment="distribute"):
                for day in week:
                    _day(day, shown, counts.get(day, 0), day in made, key=key)
        st.caption(t("calendar_text"))


def _last_of_next(counts: Mapping[date, int], after: date) -> date | None:
    """The newest day of the next month that has one."""
    later = [day for day in counts if day >= after]
    if not later:
        return None
    month = min(later)
    return max(day for day in later if (day.year, day.month) == (month.year, month.month))


def _turn(icon: str, label: str, day: date | None, *, key: str) -> None:
    st.button(
        f":material/{icon}:", key=f"calendar-{icon}", help=label, type="tertiary", disabled=day is None,
        on_click=_choose, args=(key, day),
    )  # fmt: skip


def _day(day: date, shown: date, count: int, made: bool, *, key: str) -> None:
    if day.month != shown.month:
        st.container(width=_WIDTH, height=1, border=False)
        return
    named = t("digest_ready" if made else "day_label", day=day.isoformat(), count=count)
    with st.container(key=f"day-{'shown' if day == shown else 'other'}-{day.day}", width=_WIDTH):
        st.button(
            str(day.day), key=f"calendar-{day.day}", help=named if count else None, disabled=not count, width=_WIDTH,
            type="primary" if made else "secondary" if count else "tertiary", on_click=_choose, args=(key, day),
        )  # fmt: skip


def _choose(key: str, day: date | None) -> None:
    st.session_state[key] = day
