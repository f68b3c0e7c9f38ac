"""The library and the language of a browser session."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import cast

import streamlit as st

from kb import Settings
from kb.errors import KbError
from kb.library.desk import Desk
from ui import markup
from ui.words import LANGUAGES, Language, word


@st.cache_resource(show_spinner=False)
def _open(home: str) -> Desk:
    """One library for all sessions and tabs: indexes and models are loaded once."""
    library = Desk.open(Settings.load(home=home))
    threading.Thread(target=_warm, args=(library,), daemon=True).start()
    return library


def _warm(library: Desk) -> None:
    """Load what later pages need while the first one is being read: indexes, encoder, what draws tables."""
    try:
        library.search("warm", k=1)
        importlib.import_module("pandas")
    except KbError:
        return  # an empty or broken home: the pages say so themselves


@st.cache_resource(show_spinner=False)
def _speaking(home: str, language: Language, started: bool) -> Desk:
    return _open(home).speaking(language)


def library() -> Desk:
    """The library of this app, writing in the session's language; for a visited file, that file's."""
    home = str(Settings.load().home)
    if visit := st.query_params.get("visit"):
        return _visited(home, visit)
    opened = _open(home)
    return _speaking(home, language(), started=opened.home.exists)


@st.cache_resource(show_spinner=False, max_entries=8)
def _visited(home: str, key: str) -> Desk:
    return _open(home).visited(key)


def is_empty() -> bool:
    """Whether there is no paper yet."""
    return library().count() == 0


def titles(*, limit: int = 1_000) -> dict[str, str]:
    """Titles of the newest papers by id, for choosing some."""
    here = library()
    return _titles(str(here.home.path), here.generation(), limit)


@st.cache_data(max_entries=4, ttl=300, show_spinner=False)
def _titles(home: str, generation: int, limit: int) -> dict[str, str]:
    return {paper.id: paper.title for paper in library().list(limit=limit)}


@st.cache_data(max_entries=4, ttl=60, show_spinner=False)
def _days(home: str, generation: int) -> list[tuple[date, int]]:
    return library().days()


def days() -> list[tuple[date, int]]:
    """The newest days that papers are of, with how many."""
    here = library()
    return _days(str(here.home.path), here.generation())


def language() -> Language:
    """The language of the interface: the person's choice, else the browser's, else the settings'."""
    chosen = st.session_state.get("language")
    if chosen in LANGUAGES:
        return cast("Language", chosen)
    if (st.context.locale or "").lower().startswith("zh"):
        return "zh"
    return Settings.load().language


def t(key: str, **values: object) -> str:
    """A text of the interface in the session's language."""
    return word(key, language(), **values)


def header(title: str) -> None:
    """The page's heading (Markdown), with the choice of language beside it."""
    with st.container(horizontal=True, vertical_alignment="center", key="header"):
        st.title(title, anchor=False)
        st.selectbox(
            t("language"),
            list(LANGUAGES),
            index=list(LANGUAGES).index(language()),
            format_func=LANGUAGES.__getitem__,
            key="language",
            label_visibility="collapsed",
            persist_state="session",
            width=120,
        )


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show what could not be done, and go on with the rest of the page."""
    try:
        yield
    except KbError as err:
        st.error(t("failed", reason=markup.plain(str(err))), icon=":material/error:")
