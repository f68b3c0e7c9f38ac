"""Search: one box, filters beside it, and results that show where the words stand. The address keeps it all."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import streamlit as st

from kb.records import Hit, Hits
from ui import address, markup
from ui.address import Field
from ui.cards import day_of, hit_card, paper_card
from ui.greeting import greet
from ui.session import Revision, facets, header, is_empty, library, state, t

_MODES = ("hybrid", "lexical", "dense")
_GROUPINGS = ("chunk", "paper")
_ORDERS = ("best", "new", "old")
_COUNTS = (10, 20, 50, 100)
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2100, 12, 31)
_FIELDS = {
    "q": Field(),
    "mode": Field(default="hybrid", choices=_MODES),
    "by": Field(default="chunk", choices=_GROUPINGS),
    "order": Field(default="best", choices=_ORDERS),
    "since": Field(default=None),
    "until": Field(default=None),
    "author": Field(),
    "category": Field(),
    "tag": Field(),
    "collection": Field(),
    "topic": Field(),
    "fulltext": Field(default=False),
    "k": Field(default=10, choices=_COUNTS),
}


def show() -> None:
    """The page."""
    header(t("search"))
    if is_empty():
        greet()
        return
    if like := st.query_params.get("like"):
        _show_similar(like)
        return
    address.restore("search", _FIELDS)
    query = st.text_input(
        t("search_box"), key="search-q", type="search", placeholder=t("search_hint"),
        label_visibility="collapsed", max_chars=500,
    )  # fmt: skip
    left, right = st.columns([1.3, 3.2], gap="medium")
    with left, st.container(key="search-filters"):
        filters = _filters()
    address.keep("search", _FIELDS)
    with right:
        if query.strip():
            _show_hits(query, filters)
        else:
            st.info(t("search_start"), icon=":material/lightbulb:")


def _filters() -> dict[str, Any]:
    """The filters as arguments of a search."""
    known = facets()
    with st.expander(t("filters"), expanded=True, icon=":material/tune:"):
        mode = st.segmented_control(t("find_by"), _MODES, format_func=t, key="search-mode", required=True)
        by = st.segmented_control(
            t("show_each"), _GROUPINGS, format_func=lambda name: t(f"by_{name}"), key="search-by", required=True
        )
        st.selectbox(t("sort"), _ORDERS, format_func=lambda name: t(f"sort_{name}"), key="search-order")
        since, until = _day("since"), _day("until")
        author = st.text_input(t("author"), key="search-author")
        category = _choice("category", known["categories"])
        tag = _choice("tag", known["tags"])
        collection = _choice("collection", known["collections"])
        topic = _choice("topic", [one.name for one in library().topics.list()])
        fulltext = st.toggle(t("fulltext_only"), key="search-fulltext")
        k = st.select_slider(t("how_many"), _COUNTS, key="search-k")
    return {
        "mode": mode, "by": by, "since": since, "until": until, "author": [author] if author else [],
        "category": [category] if category else [], "tag": [tag] if tag else [],
        "collection": [collection] if collection else [], "fulltext": fulltext or None, "k": k,
        "paper": _papers_of(topic) if topic else [],
    }  # fmt: skip


def _papers_of(topic: str) -> list[str]:
    """Ids of the topic's papers; where it has none, the page ends here."""
    found = _belonging(*state(), repr(library().topics.get(topic)), topic)
    if not found:
        st.warning(t("no_entries"))
        st.stop()
    return found


@st.cache_data(max_entries=8, show_spinner=False)
def _belonging(home: str, revision: Revision, definition: str, topic: str) -> list[str]:
    return library().topics.papers(topic)


def _day(name: str) -> date | None:
    return st.date_input(
        t(name), value=None, min_value=_FIRST_DAY, max_value=_LAST_DAY, key=f"search-{name}", format="YYYY-MM-DD"
    )


def _choice(name: str, options: list[str]) -> str:
    """One of the values that papers have, or any; a value of the address that none has is offered as well."""
    given = st.session_state[f"search-{name}"]
    all_options = ["", *options, *([given] if given and given not in options else [])]
    if len(all_options) == 1:
        return ""
    return st.selectbox(t(name), all_options, format_func=lambda o: o or t("any"), key=f"search-{name}") or ""


@st.cache_resource(max_entries=32, show_spinner=False)
def _hits(home: str, revision: Revision, query: str, filters: dict[str, Any]) -> list[Hit]:
    """What a search found; to tick a result or to open its page asks for nothing again. Hits are never changed."""
    return library().search(query, **filters)


def _show_hits(query: str, filters: dict[str, Any]) -> None:
    hits = _hits(*state(), query, filters)
    for reason in library().papers.notices():
        st.warning(markup.plain(library().view.told(reason)), icon=":material/warning:")
    if not hits:
        st.warning(t("no_hits"), icon=":material/search_off:")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(t("hits", count=len(hits)), width="content")
        _export(hits)
    for hit in _ordered(hits, st.session_state["search-order"]):
        hit_card(hit, query=query, key=hit.chunk_id, pick=True)


def _ordered(hits: list[Hit], order: str) -> list[Hit]:
    if order == "best":
        return hits
    day = {hit.chunk_id: day_of(hit.paper) for hit in hits}
    return sorted(hits, key=lambda hit: day[hit.chunk_id], reverse=order == "new")


def _export(hits: list[Hit]) -> None:
    """The chosen hits (all, when none is chosen) as files."""
    chosen = [hit for hit in hits if st.session_state.get(f"pick-{hit.chunk_id}")]
    label = t("selected", count=len(chosen)) if chosen else t("export")
    with st.popover(label, icon=":material/download:"):
        st.caption(t("export_what"))
        for form, name, kind in (("bibtex", "BibTeX", "bib"), ("md", "Markdown", "md"), ("csv", "CSV", "csv")):
            # Written when it is asked for.
            text = partial(_exported, chosen or hits, form)
            st.download_button(name, text, file_name=f"kb-search.{kind}", on_click="ignore", key=f"export-{form}")


def _exported(hits: list[Hit], form: str) -> str:
    return library().pages.render(Hits(hits), form)[0][1].decode()


def _show_similar(paper_id: str) -> None:
    paper = library().papers.get(paper_id)
    st.subheader(t("more_like_title", title=markup.with_maths(markup.shortened(paper.title, 100))), anchor=False)
    if st.button(t("back_to_search"), icon=":material/arrow_back:", type="tertiary"):
        st.query_params.from_dict(st.session_state.get("address-search") or {})
        st.rerun()
    for hit in library().papers.similar(paper.id, k=10):
        paper_card(hit.paper, key=f"like-{hit.paper.id}")


show()
