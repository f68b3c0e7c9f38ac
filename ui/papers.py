"""The papers as a table: found, filtered and ordered over the whole library, a page of rows at a time."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import streamlit as st

from kb.records import Paper
from ui import work
from ui.address import Field
from ui.cards import day_of
from ui.greeting import greet
from ui.session import Revision, facets, is_empty, library, state, t

ORDERS = ("new", "old", "title", "added")
FIELDS = {
    "find": Field(),
    "order": Field(default="new", choices=ORDERS),
    "category": Field(),
    "tag": Field(),
    "collection": Field(),
    "fulltext": Field(default=False),
    "page": Field(default=1),
}
_ROWS = 100
_ROW_PIXELS, _MOST_PIXELS = 35, 563
_TITLE_PIXELS = 390
_WIDTHS = {"authors": 190, "which_day": 92, "venue": 130, "categories": 110, "fulltext": 78, "tags": 90}
_MOST_FOUND = 500
_UNDO_SECONDS = 10


def show_papers() -> None:
    """Find, filter, order; select rows and do something with them."""
    if is_empty():
        greet()
        return
    show_removal()
    ids = _chosen_ids()
    removed = set(st.session_state.get("removal", {}).get("ids", ()))
    ids = [key for key in ids if key not in removed]
    if not ids:
        st.warning(t("no_hits"), icon=":material/search_off:")
        return
    pages = -(-len(ids) // _ROWS)
    page = min(max(st.session_state["library-page"], 1), pages)
    papers = library().papers.many(ids[(page - 1) * _ROWS : page * _ROWS])
    first = (page - 1) * _ROWS + 1
    shown = t("rows_shown", first=first, last=first + len(papers) - 1, total=len(ids), count=library().papers.count())
    st.caption(f"{shown} · {t('select_rows')}")
    _table(papers, key=f"library-table-{hash(tuple(paper.id for paper in papers))}")
    if pages > 1:
        # A key for each page of the address: after Back the pager stands where the address says.
        st.session_state["library-page"] = st.pagination(pages, default=page, key=f"library-pager-{pages}-{page}")
        if st.session_state["library-page"] != page:
            st.rerun()


def _chosen_ids() -> list[str]:
    """Ids of the papers that pass what the widgets say."""
    known = facets()
    find = st.text_input(
        t("find_in_table"), key="library-find", type="search", placeholder=t("find_in_table"),
        label_visibility="collapsed", on_change=_to_first_page,
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        order = st.selectbox(
            t("sort"), ORDERS, format_func=lambda name: t(f"order_{name}"), key="library-order", width=190,
            on_change=_to_first_page,
        )  # fmt: skip
        category = _choice("category", known["categories"])
        tag = _choice("tag", known["tags"])
        collection = _choice("collection", known["collections"])
        fulltext = st.checkbox(t("fulltext_only"), key="library-fulltext", on_change=_to_first_page)
    choice: dict[str, Any] = {
        "category": (category,) if category else (), "tag": (tag,) if tag else (),
        "collection": (collection,) if collection else (), "fulltext": fulltext or None,
    }  # fmt: skip
    if find.strip():
        return _found(*state(), find.strip(), choice, order or "new")
    return _listed(*state(), choice, order or "new")


def _choice(name: str, options: list[str]) -> str:
    given = st.session_state[f"library-{name}"]
    all_options = ["", *options, *([given] if given and given not in options else [])]
    if len(all_options) == 1:
        return ""
    return st.selectbox(
        t(name), all_options, format_func=lambda one: one or t("any"), key=f"library-{name}", width=190,
        on_change=_to_first_page,
    ) or ""  # fmt: skip


def _to_first_page() -> None:
    st.session_state["library-page"] = 1


@st.cache_data(max_entries=8, show_spinner=False)
def _listed(home: str, revision: Revision, choice: dict[str, Any], order: str) -> list[str]:
    return library().papers.ids(order=order, **choice)  # type: ignore[arg-type]


@st.cache_data(max_entries=8, show_spinner=False)
def _found(home: str, revision: Revision, text: str, choice: dict[str, Any], order: str) -> list[str]:
    """Papers with these words or by this author, in the order asked for."""
    found = {paper.id for paper in library().papers.having(text, limit=_MOST_FOUND, **choice)}
    return [key for key in library().papers.ids(order=order, **choice) if key in found]  # type: ignore[arg-type]


def _table(papers: list[Paper], *, key: str) -> None:
    """The rows: a click on a title opens the paper, ticks select."""
    columns = {
        t("title"): [paper.title for paper in papers],
        t("authors"): [", ".join(paper.authors) for paper in papers],
        t("which_day"): [day_of(paper) for paper in papers],
        t("venue"): [paper.venue or "" for paper in papers],
        t("categories"): [", ".join(paper.categories) for paper in papers],
        t("fulltext"): [t(f"fulltext_{paper.fulltext.state}") for paper in papers],
        t("tags"): [", ".join(paper.tags) for paper in papers],
    }
    # A title is a button, and not a cell to select: the arrow keys select each cell that they pass.
    titles = st.column_config.ButtonColumn(type="tertiary", alignment="left", width=_TITLE_PIXELS, key=f"{key}-open")
    others = {t(name): st.column_config.TextColumn(width=width) for name, width in _WIDTHS.items()}
    event: Any = st.dataframe(
        columns, hide_index=True, on_select="rerun", selection_mode="multi-row", key=key, alt=t("papers"),
        height=min(_MOST_PIXELS, _ROW_PIXELS * (len(papers) + 1) + 3), column_config={t("title"): titles, **others},
    )  # fmt: skip
    opened: Any = st.session_state.get(f"{key}-open")
    if opened is not None and opened.row < len(papers):
        st.switch_page("paper.py", query_params={"id": papers[opened.row].id})
    _actions([papers[row] for row in event.selection.rows if row < len(papers)])


def _actions(chosen: list[Paper]) -> None:
    """What can be done with the selected rows."""
    if not chosen:
        return
    ids = [paper.id for paper in chosen]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="library-actions"):
        st.markdown(t("selected", count=len(ids)), width="content")
        if len(ids) == 1 and st.button(t("open_paper"), icon=":material/article:"):
            st.switch_page("paper.py", query_params={"id": ids[0]})
        if st.button(t("compare"), icon=":material/table_chart:"):
            st.switch_page("compare.py", query_params={"paper": "\n".join(ids)})
        for form, name, kind in (("bibtex", "BibTeX", "bib"), ("csl", "CSL-JSON", "json")):
            text = partial(library().papers.export, form, paper=ids)
            st.download_button(
                name, text, file_name=f"kb.{kind}", on_click="ignore", icon=":material/download:", key=f"export-{form}"
            )
        if st.button(t("remove"), icon=":material/delete:"):
            st.session_state["removal"] = {"ids": ids, "at": time.time() + _UNDO_SECONDS}
            st.rerun()


def show_removal() -> None:
    """Papers that are about to go, with the way back while there is time."""
    if "removal" in st.session_state:
        _count_down()
    work.show_work("remove")


@st.fragment(run_every=1.0)
def _count_down() -> None:
    removal = st.session_state.get("removal")
    if removal is None:
        return
    left = round(removal["at"] - time.time())
    if left <= 0:
        del st.session_state["removal"]
        work.start("remove", *removal["ids"])
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(t("removing", count=len(removal["ids"]), seconds=left), width="content")
        if st.button(t("undo"), icon=":material/undo:", key="undo-removal"):
            del st.session_state["removal"]
            st.rerun()
