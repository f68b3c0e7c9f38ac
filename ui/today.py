"""Today: the digests by topic and day, as cards with summary, takeaways and marks; a PDF dropped here gets its note."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from kb.records import Digest, Note
from ui import address, markup, work
from ui.address import Field
from ui.cards import about, opinion_buttons, paper_title
from ui.greeting import drop_files, greet
from ui.month import show_calendar
from ui.notes import note_body, note_head, show_figures
from ui.session import days, header, is_empty, language, library, t

_FIELDS = {"topic": Field(), "day": Field(default=None)}
_SHOWN_FIGURES = 2


def show() -> None:
    """The page: what to show on top, the day in the middle, calendar and the place for a PDF beside it."""
    header(t("today"))
    if is_empty():
        greet()
        return
    address.restore("today", _FIELDS)
    counts = dict(days())
    topic, chosen = _choose()
    address.keep("today", _FIELDS)
    day = chosen or next(iter(counts), None)
    middle, side = st.columns([2.6, 1], gap="large")
    with middle:
        work.show_work("digest", "update", "note", "add", "demo")
        if day is None:
            st.info(t("no_day"))
        elif (digest := library().pages.digest(topic or None, day)) is None:
            _offer(topic, day, counts.get(day, 0))
        else:
            _show_digest(digest, topic)
    with side:
        if day is not None:
            show_calendar(day, counts=counts, made=_made(str(library().settings.home), topic), key="today-day")
        with st.container(border=True):
            st.markdown(f"**{t('drop_note')}**")
            st.caption(t("drop_note_help"))
            drop_files(key="today-drop", verb="note")


def _choose() -> tuple[str, date | None]:
    """Topic and day as they are chosen, and the button that brings news."""
    names = ["", *(topic.name for topic in library().topics.list())]
    if st.session_state["today-topic"] not in names:
        names.append(st.session_state["today-topic"])
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        topic = st.selectbox(
            t("which_topic"), names, format_func=lambda name: name or t("all_papers"), key="today-topic", width=280
        )
        chosen = st.date_input(
            t("which_day"), value=None, key="today-day", format="YYYY-MM-DD", min_value=date(1990, 1, 1), width=180
        )
        if st.button(t("update_now"), icon=":material/sync:", help=t("update_help")):
            work.start("update", "--language", language())
            st.rerun()
    return topic or "", chosen


@st.cache_data(max_entries=8, ttl=10, show_spinner=False)
def _made(home: str, topic: str) -> set[date]:
    """The days whose digest of the topic is made."""
    kept = [one for one in library().pages.kept() if one.topic == (topic or None)]
    return {one.since + timedelta(days=n) for one in kept for n in range((one.until - one.since).days + 1)}


def _offer(topic: str, day: date, count: int) -> None:
    """A day without a digest: make it."""
    st.subheader(day.isoformat(), anchor=False)
    busy = any(job.is_open and job.command[0] == "digest" for job in library().jobs.list())
    st.markdown(f"{t('no_digest')} {t('day_has', count=count)}" if not busy else t("day_has", count=count))
    if st.button(t("make_digest"), type="primary", icon=":material/auto_stories:", disabled=busy):
        folder = str(library().pages.folder(topic or None, day))
        options = ["--date", day.isoformat(), "--format", "json", "--out", folder, "--language", language()]
        work.start("digest", *options, *(["--", topic] if topic else []))
        st.rerun()


def _show_digest(digest: Digest, topic: str) -> None:
    period = digest.until.isoformat() if digest.since == digest.until else f"{digest.since} – {digest.until}"
    st.subheader(f"{period} · {markup.plain(digest.topic or t('all_papers'))}", anchor=False)
    names = ("found", "new", "updated", "already_shown", "filtered", "withdrawn", "failed")
    st.caption(t("digest_counts", **{name: getattr(digest.counts, name) for name in names}))
    for notice in digest.notices:
        st.info(markup.plain(library().view.told(notice, language())))
    if not digest.entries:
        st.info(t("no_entries"))
    elif all(note.model is None for note in digest.entries):
        st.caption(t("quoted"))
    for number, note in enumerate(digest.entries):
        _card(note, key=f"entry-{number}", day=digest.until, topic=topic)
    if digest.also_matched:
        with st.expander(f"{t('also_matched')} ({len(digest.also_matched)})"):
            st.markdown(markup.bullets(markup.plain(one.title) for one in digest.also_matched))
    if digest.skipped:
        with st.expander(f"{t('skipped')} ({len(digest.skipped)})"):
            told = ((one.title, library().view.told(one.reason, language())) for one in digest.skipped)
            st.markdown(markup.bullets(markup.plain(f"{title}: {why}") for title, why in told))


def _card(note: Note, *, key: str, day: date, topic: str) -> None:
    with st.container(border=True):
        paper_title(note.paper, key=key)
        if note.title_translated:
            st.caption(markup.with_maths(note.title_translated))
        st.caption(about(note.paper))
        note_head(note, key=key)
        show_figures(note.figures, limit=_SHOWN_FIGURES)
        opened = st.expander(t("full_note"), key=f"full-{key}", on_change="rerun")
        if opened.open:
            with opened:
                note_body(note, key=key)
                show_figures(note.figures[_SHOWN_FIGURES:])
        with st.expander(t("why_here")):
            announced = ", ".join(one.isoformat() for one in note.paper.announced) or day.isoformat()
            reasons = [t("reason_day", day=announced), *(library().view.told(why, language()) for why in note.why)]
            st.markdown(markup.bullets(markup.plain(why) for why in reasons))
        opinion_buttons(note.paper, key=key, topic=topic)


show()
