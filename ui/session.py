"""The library and the language of a browser session."""

from __future__ import annotations

import hashlib
import importlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import cast

import streamlit as st

from kb import Library, Settings
from kb.errors import KbError
from ui import markup
from ui.words import LANGUAGES, Language, word

_MOST_DAYS = 4_000  # ten years and more
Revision = tuple[int, ...]


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    """The settings as they were when the app was started: reading them costs more than drawing a page."""
    return Settings.load()


@st.cache_resource(show_spinner=False)
def _open(home: str) -> Library:
    """One library for all sessions and tabs: indexes and models are loaded once."""
    library = Library.open(settings())
    threading.Thread(target=_warm, args=(library,), daemon=True).start()
    return library


def _warm(library: Library) -> None:
    """Load what later pages need while the first one is being read: indexes, encoder, what draws tables."""
    try:
        library.search("warm", k=1)
        importlib.import_module("pandas")
    except KbError:
        return  # an empty or broken home: the pages say so
    except RuntimeError as err:
        if "shutdown" not in str(err):  # what an interpreter that ends says to who starts a thread
            raise


@st.cache_resource(show_spinner=False)
def _speaking(home: str, language: Language) -> Library:
    return _open(home).speaking(language)


def library() -> Library:
    """The library of this app, writing in the session's language; for a visited file, that file's."""
    home = str(settings().home)
    if visit := st.query_params.get("visit"):
        return _visited(home, visit)
    return _speaking(home, language())


@st.cache_resource(show_spinner=False, max_entries=8)
def _visited(home: str, key: str) -> Library:
    return _open(home).jobs.visited(key)


def person() -> str:
    """A name for who signed in, made of what the provider says; empty where nobody is asked to."""
    if not st.user.get("is_logged_in"):
        return ""
    said = "\n".join(str(st.user.get(claim)) for claim in ("iss", "sub", "email"))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def new_conversation() -> str:
    """A name for a conversation of this person."""
    return f"{_own_beginning()}{time.time_ns():x}"


def is_own(conversation: str) -> bool:
    """Whether the person who signed in had this conversation; without sign-in all are of who sits at the machine."""
    return not person() or conversation.startswith(_own_beginning())


def _own_beginning() -> str:
    return f"app-{one}-" if (one := person()) else "app-"


def is_empty() -> bool:
    """Whether there is no paper yet."""
    return library().papers.count() == 0


@st.cache_data(max_entries=4, show_spinner=False)
def _days(home: str, revision: Revision) -> list[tuple[date, int]]:
    return library().papers.days(limit=_MOST_DAYS)


def days() -> list[tuple[date, int]]:
    """The days that papers are of, with how many, the newest first."""
    return _days(*state())


@st.cache_data(max_entries=4, show_spinner=False)
def _facets(home: str, revision: Revision) -> dict[str, list[str]]:
    return library().papers.facets()


def facets() -> dict[str, list[str]]:
    """The categories and tags that papers have, the most frequent first."""
    return _facets(*state())


def state() -> tuple[str, Revision]:
    """Home and revision: what is read from the catalog is kept as long as these are the same."""
    here = library()
    return str(here.settings.home), here.papers.revision()


def indexed() -> tuple[str, int]:
    """Home and generation: what is made of the papers' texts, and takes long, is kept as long as these are the same."""
    here = library()
    return str(here.settings.home), here.papers.generation()


def language() -> Language:
    """The language of the interface: the person's choice, else the browser's, else the settings'."""
    chosen = st.session_state.get("language")
    if chosen in LANGUAGES:
        return cast("Language", chosen)
    if (st.context.locale or "").lower().startswith("zh"):
        return "zh"
    return settings().language


def t(key: str, **values: object) -> str:
    """A text of the interface in the session's language."""
    return word(key, language(), **values)


def header(title: str) -> None:
    """The page's heading (Markdown), with the choice of language beside it."""
    with st.container(horizontal=True, vertical_alignment="center", key="header"):
        st.title(title, anchor=False)
        if st.user.get("is_logged_in"):
            st.button(t("sign_out"), key="sign-out", on_click=st.logout, type="tertiary", icon=":material/logout:")
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
