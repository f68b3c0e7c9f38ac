"""Ask: a conversation with the library. Every sentence of an answer leads to the page that it stands on."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import Future
from typing import Any

import streamlit as st

from kb.library.desk import Desk
from kb.records import Answer
from ui import address, markup
from ui.address import Field
from ui.cards import about, claim_line, hit_card, paper_title
from ui.greeting import greet
from ui.picking import pick_papers
from ui.session import errors_shown, header, is_empty, library, t

_FIELDS = {"session": Field()}
_MOST_CONVERSATIONS = 30
_LATEST = 6
_REPAINT_SECONDS = 0.25


def show() -> None:
    """The page."""
    header(t("ask"))
    if is_empty():
        greet()
        return
    address.restore("ask", _FIELDS)
    if not st.session_state["ask-session"]:
        st.session_state["ask-session"] = f"app-{time.time_ns():x}"
    session = st.session_state["ask-session"]
    within = _choices(session)
    turns = library().conversation(session)
    if not turns:
        st.info(t("ask_start"), icon=":material/lightbulb:")
        _latest()
    for number, answer in enumerate(turns):
        _show_turn(answer, key=f"turn-{session}-{number}")
    question = st.chat_input(t("ask_hint"), key="ask-question", max_chars=2000)
    if question:
        address.keep("ask", _FIELDS)
        _answer(question, session=session, within=within)


def _choices(session: str) -> list[str]:
    """Which conversation, and which papers may be used."""
    known = library().conversations()[:_MOST_CONVERSATIONS]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if st.button(t("new_conversation"), icon=":material/add_comment:"):
            st.query_params.clear()
            st.session_state["address-ask"] = None
            st.rerun()
        with st.popover(t("conversations"), icon=":material/history:"):
            for name in known:
                label = markup.plain(markup.shortened(_opening(str(library().home.path), name), 70))
                if st.button(label, key=f"open-{name}", type="tertiary", disabled=name == session):
                    address.go("ask", {"session": name})
            if not known:
                st.caption(t("nothing_here"))
        with st.popover(t("ask_within"), icon=":material/filter_alt:"):
            chosen = pick_papers([], key="ask-papers")
    if chosen:
        names = "; ".join(paper.title for paper in library().records(chosen))
        st.caption(f"{t('ask_within')}: {markup.plain(names)}")
    return chosen


def _latest() -> None:
    """The way back into the latest conversations."""
    known = library().conversations()[:_LATEST]
    if known:
        st.markdown(f"**{t('latest_conversations')}**")
    for name in known:
        label = markup.plain(markup.shortened(_opening(str(library().home.path), name), 120))
        if st.button(label, key=f"latest-{name}", icon=":material/forum:", type="tertiary"):
            address.go("ask", {"session": name})


@st.cache_data(max_entries=200, show_spinner=False)
def _opening(home: str, session: str) -> str:
    """The first question of a conversation, which never changes."""
    return next((answer.question for answer in library().conversation(session)), session)


def _answer(question: str, *, session: str, within: list[str]) -> None:
    """Ask in a thread of its own, so that turning to another page does not lose the answer; show the draft."""
    told: queue.Queue[str] = queue.Queue()
    ending: Future[Answer] = Future()
    work = (library(), question, session, within, told, ending)
    threading.Thread(target=_work, args=work, daemon=True).start()
    with st.chat_message("user", avatar=":material/person:"):
        st.markdown(markup.plain(question))
    with st.chat_message("assistant", avatar=":material/menu_book:"), st.spinner(t("asking")):
        draft, text = st.empty(), ""
        while True:
            try:
                said = told.get(timeout=_REPAINT_SECONDS)
            except queue.Empty:
                said = ""
            if not said and ending.done():
                break
            text += said
            # Also without news: this is where Streamlit may end the run when the person turned to another page.
            draft.markdown(f":gray[{t('draft')}] {markup.plain(text)}" if text else "")
        draft.empty()
        with errors_shown():
            ending.result()  # what went wrong is raised here, whatever it is
            st.rerun()


def _work(
    here: Desk, question: str, session: str, within: list[str], told: queue.Queue[str], ending: Future[Answer]
) -> None:
    try:
        ending.set_result(here.ask(question, session=session, paper=within, on_text=told.put))
    except BaseException as err:  # noqa: BLE001  (not swallowed: the page raises it again)
        ending.set_exception(err)


def _show_turn(answer: Answer, *, key: str) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        st.markdown(markup.plain(answer.question))
    with st.chat_message("assistant", avatar=":material/menu_book:"):
        for notice in answer.notices:
            st.caption(markup.plain(notice))
        if answer.answered:
            _show_claims(answer, key=key)
        else:
            st.warning(markup.plain(answer.missing or ""), title=t("not_found"), icon=":material/search_off:")
            if answer.nearest:
                with st.expander(t("nearest"), expanded=True):
                    for number, hit in enumerate(answer.nearest[:5]):
                        hit_card(hit, query=answer.question, key=f"{key}-near-{number}")


def _show_table(answer: Answer) -> None:
    """A list or a comparison at a glance; each sentence below leads to its evidence."""
    if not answer.table:
        return
    titles = {reference.marker: reference.paper.title for reference in answer.references}
    rows = []
    for row in answer.table:
        claim = answer.claims[row.claim]
        first = claim.evidence[0]
        page = f" {t('page_short', page=first.page)}" if first.page else ""
        named = f"**{markup.plain(', '.join(row.names))}** · " if row.names else ""
        told = f"{markup.with_maths(claim.text)} {markup.plain(f'[{first.marker}]{page}')}"
        label = markup.plain(f"[{first.marker}] {markup.shortened(titles[first.marker], 40)}")
        rows.append({t("paper"): label, t("evidence"): f"{named}{told}"})
    st.table(rows, border="horizontal", hide_index=True)


def _show_claims(answer: Answer, *, key: str) -> None:
    _show_table(answer)
    for number, claim in enumerate(answer.claims):
        claim_line(claim, key=f"{key}-{number}")
    if answer.dropped:
        with st.expander(f"{t('dropped')} ({len(answer.dropped)})"):
            for number, claim in enumerate(answer.dropped):
                claim_line(claim, key=f"{key}-dropped-{number}")
    st.markdown(f"**{t('references')}**")
    for reference in answer.references:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(markup.plain(f"[{reference.marker}]"), width="content")
            paper_title(reference.paper, key=f"{key}-ref-{reference.marker}")
        st.caption(about(reference.paper))
    copy: Any = st.popover(t("copy_answer"), icon=":material/content_copy:")
    with copy:
        st.code(library().answer_text(answer), language=None, wrap_lines=True)


show()
