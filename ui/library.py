"""Library: the papers as a table, adding, topics, health and settings."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st

from kb.errors import KbError
from kb.records import Paper
from ui import address, markup, topics, work
from ui.address import Field
from ui.cards import year_of
from ui.greeting import drop_files, greet
from ui.session import errors_shown, header, is_empty, library, t

_ROOMS = ("papers", "add_papers", "topics", "health", "settings", "jobs")
_FIELDS = {"room": Field(default="papers", choices=_ROOMS), "find": Field()}
_MOST_ROWS = 1000
_UNDO_SECONDS = 10
_SECRET = ("api_key", "password")


def show() -> None:
    """The page."""
    header(t("library"))
    address.restore("library", _FIELDS)
    room = st.segmented_control(
        t("library"), _ROOMS, format_func=t, key="library-room", label_visibility="collapsed", required=True
    )
    with errors_shown():
        _ROOM_OF[room or "papers"]()
    address.keep("library", _FIELDS)


# ---------------------------------------------------------------------------------------------- papers


def _papers() -> None:
    if is_empty():
        greet()
        return
    show_removal()
    find = st.text_input(t("find_in_table"), key="library-find", type="search", placeholder=t("find_in_table"),
                         label_visibility="collapsed")  # fmt: skip
    removed = set(st.session_state.get("removal", {}).get("ids", ()))
    papers = [paper for paper in _found(find.strip()) if paper.id not in removed]
    if not papers:
        st.warning(t("no_hits"))
        return
    st.caption(f"{t('papers')}: {library().count()} · {t('select_rows')}")
    event = st.dataframe(
        _table(papers), hide_index=True, on_select="rerun", selection_mode="multi-row", key="library-table",
        alt=t("papers"), height=420,
        column_config={t("year"): st.column_config.NumberColumn(format="%d", width="small"),
                       t("title"): st.column_config.TextColumn(width="large")},
    )  # fmt: skip
    _actions([papers[row] for row in event.selection.rows if row < len(papers)])


def _found(text: str) -> list[Paper]:
    if not text:
        return library().list(limit=_MOST_ROWS)
    found = {hit.paper.id: hit.paper for hit in library().search(text, k=100, mode="lexical", by="paper")}
    found |= {paper.id: paper for paper in library().list(limit=_MOST_ROWS, author=[text])}
    return list(found.values())


def _table(papers: list[Paper]) -> dict[str, list[object]]:
    return {
        t("title"): [paper.title for paper in papers],
        t("authors"): [", ".join(paper.authors) for paper in papers],
        t("year"): [year_of(paper) for paper in papers],
        t("venue"): [paper.venue or "" for paper in papers],
        t("categories"): [", ".join(paper.categories) for paper in papers],
        t("fulltext"): [t(f"fulltext_{paper.fulltext.state}") for paper in papers],
        t("tags"): [", ".join(paper.tags) for paper in papers],
    }


def _actions(chosen: list[Paper]) -> None:
    """What can be done with the selected rows."""
    if not chosen:
        return
    ids = [paper.id for paper in chosen]
    with st.container(horizontal=True, gap="small", key="library-actions"):
        st.markdown(t("selected", count=len(ids)), width="content")
        if len(ids) == 1 and st.button(t("open_paper"), icon=":material/article:"):
            st.switch_page("paper.py", query_params={"id": ids[0]})
        if st.button(t("compare"), icon=":material/table_chart:"):
            st.switch_page("compare.py", query_params={"paper": "\n".join(ids)})
        text = library().export("bibtex", paper=ids)
        st.download_button(t("export"), text, file_name="kb.bib", on_click="ignore", icon=":material/download:")
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


# ---------------------------------------------------------------------------------------------- adding


def _add() -> None:
    left, right = st.columns(2, gap="large")
    with left, st.form("add-ids", clear_on_submit=True):
        text = st.text_area(t("add_ids"), placeholder=t("add_ids_hint"), height=110)
        fulltext = st.toggle(t("with_fulltext"), value=True)
        if st.form_submit_button(t("add"), icon=":material/add:", type="primary"):
            names = [line.strip() for line in text.splitlines() if line.strip()]
            if names:
                # Behind "--" nothing that a person types is read as an option.
                work.start("add", *([] if fulltext else ["--no-fulltext"]), "--", *names)
                st.rerun()
    with right:
        st.markdown(t("drop_files"))
        drop_files(key="library-drop")
    work.show_work("add", "demo")


# ------------------------------------------------------------------------------------- health, settings


def _health() -> None:
    if st.button(t("check"), type="primary", icon=":material/health_and_safety:"):
        try:
            st.session_state["problems"] = library().doctor()
        except KbError as err:
            st.error(markup.plain(str(err)))
    work.show_work("doctor", "reindex")
    problems = st.session_state.get("problems")
    if problems is None:
        return
    if not problems:
        st.success(t("all_well"), icon=":material/check:")
    for problem in problems:
        show_one: Callable[..., object] = {"error": st.error, "warning": st.warning}.get(problem.severity, st.info)
        show_one(f"{markup.plain(problem.what)}  \n→ {markup.plain(problem.cure)}")
    if any(problem.severity != "notice" for problem in problems) and st.button(t("cure"), icon=":material/healing:"):
        del st.session_state["problems"]
        work.start("doctor", "--fix")
        st.rerun()


def _settings() -> None:
    settings = library().settings
    st.markdown(t("settings_where", path=markup.plain(str(settings.home / "kb.toml"))))
    names = {"default": "from_default", "kb.toml": "from_file", "environment": "from_environment", "flag": "from_flag"}
    origins = settings.origins()
    fields = type(settings).model_fields
    values = {name: getattr(settings, name) for name in fields}
    st.dataframe(
        {
            t("setting"): list(fields),
            t("value"): [_setting(name, value) for name, value in values.items()],
            t("from"): [t(names[origins[name]]) for name in fields],
            t("meaning"): [field.description or "" for field in fields.values()],
        },
        hide_index=True, height=560, alt=t("settings"),
    )  # fmt: skip


def _setting(name: str, value: object) -> str:
    """A value as text; secrets say only whether they are set."""
    return str(value) if not name.endswith(_SECRET) else ("•••" if str(value) else "")


def _jobs() -> None:
    if not library().jobs():
        st.info(t("nothing_here"))
    work.show_work()


_ROOM_OF = {
    "papers": _papers, "add_papers": _add, "topics": topics.show_topics, "health": _health, "settings": _settings,
    "jobs": _jobs,
}  # fmt: skip
show()
