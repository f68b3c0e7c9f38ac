"""Ask: a conversation with the library. Every sentence of an answer leads to the page that it stands on."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from kb import Library
from kb.records import Answer, Claim, Effort
from ui import address, markup
from ui.address import Field
from ui.cards import about, claim_line, paper_title, papers_found, passage_cards, source_cards
from ui.greeting import greet
from ui.picking import pick_papers
from ui.session import errors_shown, header, is_empty, is_own, library, new_conversation, t

_FIELDS = {"session": Field()}
_MOST_CONVERSATIONS = 30
_LATEST = 6
_OPEN = 3  # passages that stand open
_REPAINT_SECONDS = 0.25
_EFFORTS: tuple[Effort, ...] = ("quick", "normal", "deep")


def show() -> None:
    """The page."""
    header(t("ask"))
    if is_empty():
        greet()
        return
    address.restore("ask", _FIELDS)
    if not st.session_state["ask-session"] or not is_own(st.session_state["ask-session"]):
        st.session_state["ask-session"] = new_conversation()
    session = st.session_state["ask-session"]
    within, effort = _choices(session)
    asked: list[_Asked] = st.session_state.setdefault(f"asked-{session}", [])
    ended = [one for one in asked if one.ending.done()]  # before the turns are read: theirs are among them
    turns = library().conversations.get(session)
    if not turns:
        st.info(t("ask_start_model" if library().settings.model_name else "ask_start"), icon=":material/lightbulb:")
        _latest()
    for number, answer in enumerate(turns):
        _show_turn(answer, key=f"turn-{session}-{number}")
    for one in ended:
        asked.remove(one)
        if one.ending.exception():
            _show_question(one.question)
        with errors_shown():
            one.ending.result()  # what went wrong is raised here, whatever it is
    question = st.chat_input(t("ask_hint"), key="ask-question", max_chars=2000)
    if question:
        address.keep("ask", _FIELDS)
        asked.append(_Asked(question))
        asked[-1].begin(library(), session=session, within=within, effort=effort)
    if asked:
        _follow(asked[0], key=f"turn-{session}-{len(turns)}")
        st.rerun()


def _choices(session: str) -> tuple[list[str], Effort]:
    """Which conversation, which papers may be used, and how often a model looks again."""
    effort: Effort = "normal"
    known = _known(_MOST_CONVERSATIONS)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if st.button(t("new_conversation"), icon=":material/add_comment:"):
            st.query_params.clear()
            st.session_state["address-ask"] = None
            st.rerun()
        with st.popover(t("conversations"), icon=":material/history:"):
            for name in known:
                label = markup.plain(markup.shortened(_opening(str(library().settings.home), name), 70))
                if st.button(label, key=f"open-{name}", type="tertiary", disabled=name == session):
                    address.go("ask", {"session": name})
            if not known:
                st.caption(t("nothing_here"))
        with st.popover(t("ask_within"), icon=":material/filter_alt:"):
            chosen = pick_papers([], key="ask-papers")
        if library().settings.model_name:
            with st.popover(t("effort"), icon=":material/manage_search:"):
                effort = st.radio(t("effort_hint"), _EFFORTS, index=1, format_func=_named, key="ask-effort")
    if chosen:
        names = "; ".join(paper.title for paper in library().papers.many(chosen))
        st.caption(f"{t('ask_within')}: {markup.plain(names)}")
    return chosen, effort


def _named(effort: Effort) -> str:
    return t(f"effort_{effort}")


def _known(most: int) -> list[str]:
    """The person's latest conversations."""
    return [name for name in library().conversations.list() if is_own(name)][:most]


def _latest() -> None:
    """The way back into the latest conversations."""
    known = _known(_LATEST)
    if known:
        st.markdown(f"**{t('latest_conversations')}**")
    for name in known:
        label = markup.plain(markup.shortened(_opening(str(library().settings.home), name), 120))
        if st.button(label, key=f"latest-{name}", icon=":material/forum:", type="tertiary"):
            address.go("ask", {"session": name})


@st.cache_data(max_entries=200, show_spinner=False)
def _opening(home: str, session: str) -> str:
    """The first question of a conversation, which never changes."""
    return next((answer.question for answer in library().conversations.get(session)), session)


@dataclass
class _Asked:
    """A question that is being answered, in a thread of its own: turning to another page does not lose the answer."""

    question: str
    ending: Future[Answer] = field(default_factory=Future)
    said: str | Answer = ""  # the whole draft so far, and the answer as soon as it is there (then it is being kept)

    def _hear(self, said: str | Answer) -> None:
        self.said = said

    def begin(self, here: Library, *, session: str, within: list[str], effort: Effort) -> None:
        """Ask; what comes is heard, and what goes wrong is raised by who looks at the ending."""

        def work() -> None:
            try:
                made = here.ask(
                    self.question, session=session, paper=within, effort=effort,
                    on_draft=self._hear, on_answer=self._hear,
                )  # fmt: skip
                self.ending.set_result(made)
            except BaseException as err:  # noqa: BLE001  (not swallowed: the page raises it again)
                self.ending.set_exception(err)

        threading.Thread(target=work, daemon=True).start()


def _follow(asked: _Asked, *, key: str) -> None:
    """Show a question's draft, then its answer, until that is kept.

    The answer stands under the ``key`` that it has as a turn later: what was opened in it stays open."""
    _show_question(asked.question)
    with st.chat_message("assistant", avatar=":material/menu_book:"), st.spinner(t("asking")):
        draft, pulse = st.empty(), st.empty()
        while not isinstance(said := asked.said, Answer) and not asked.ending.done():
            with draft.container():
                if said:
                    st.badge(t("draft"), icon=":material/edit_note:", color="gray")
                    st.markdown(markup.prose(said))
            wait([asked.ending], timeout=_REPAINT_SECONDS)
        if isinstance(said, Answer):
            with draft.container():
                _show_answer(said, key=key)
        while not asked.ending.done():
            pulse.empty()  # where Streamlit may end the run, when the person clicks or turns to another page
            wait([asked.ending], timeout=_REPAINT_SECONDS)


def _show_question(question: str, *, understood: str = "") -> None:
    with st.chat_message("user", avatar=":material/person:"):
        st.markdown(markup.plain(question))
        if understood and understood != question:
            st.caption(t("understood", question=markup.plain(understood)))


def _show_turn(answer: Answer, *, key: str) -> None:
    _show_question(answer.question, understood=answer.understood)
    with st.chat_message("assistant", avatar=":material/menu_book:"):
        _show_answer(answer, key=key)


def _show_answer(answer: Answer, *, key: str) -> None:
    for notice in answer.notices:
        st.caption(markup.plain(notice))
    if answer.source == "passages":
        _show_passages(answer, key=key)
    else:
        _show_prose(answer, key=key)
    if answer.not_searched.private:
        st.caption(t("private_left_out", count=answer.not_searched.private))
    _copy(answer)


def _show_passages(answer: Answer, *, key: str) -> None:
    """The best passages: three stand open, the others a click away."""
    if not answer.passages:
        st.warning(t("not_found"), icon=":material/search_off:")
        return
    _head(t("best_passages" if answer.answered else "nearest"), t("quoted"))
    if answer.over_papers:
        papers_found(answer, key=key)
        return
    own = [one for one in answer.passages if not answer.named or one.paper.id in answer.named]
    passage_cards(own[:_OPEN], key=key)
    for name, rest in (("more_passages", own[_OPEN:]), ("other_papers", answer.passages[len(own) :])):
        if rest:
            more = st.expander(t(name, count=len(rest)), key=f"{name}-{key}", on_change="rerun")
            if more.open:
                with more:
                    passage_cards(rest, key=f"{name}-{key}")


def _head(title: str, caption: str) -> None:
    with st.container(gap="xxsmall"):
        st.markdown(f"**{title}**")
        st.caption(caption)


def _show_prose(answer: Answer, *, key: str) -> None:
    """The answer as prose, beside it what is missing and what is in doubt, below it what it rests on."""
    doubtful = [claim for claim in answer.claims if claim.verdict not in (None, "supported")]
    if answer.missing or doubtful:
        said, beside = st.columns([2.2, 1], gap="medium")
    else:
        said = beside = st.container()
    with said:
        if answer.answered:
            st.markdown(markup.prose(answer.text, doubtful=[claim.text for claim in doubtful]))
        else:
            st.warning(t("not_found"), icon=":material/search_off:")
    with beside:
        if answer.missing:
            st.info(t("missing", what=markup.with_maths(answer.missing)), icon=":material/help:")
        if doubtful:
            _show_doubts(t("in_doubt"), doubtful, key=f"{key}-doubt")
    if answer.dropped:
        with st.expander(f"{t('dropped')} ({len(answer.dropped)})", key=f"dropped-{key}", on_change="rerun"):
            _show_claims(answer.dropped, key=f"{key}-dropped")
    if answer.passages and not answer.answered:
        _head(t("nearest"), t("quoted"))
        passage_cards(answer.passages, key=key)
    elif answer.passages:
        _head(t("sources"), t("written_by", model=markup.plain(answer.model)) if answer.model else t("quoted"))
        source_cards(answer.passages, key=key)
    elif answer.references:
        _show_papers(answer, key=key)


def _show_doubts(title: str, claims: Sequence[Claim], *, key: str) -> None:
    with st.container(border=True):
        st.markdown(f"**:orange[:material/rule:] {title}**")
        _show_claims(claims, key=key)


def _show_claims(claims: Sequence[Claim], *, key: str) -> None:
    """Sentences that are not borne out, each with the reason."""
    for number, claim in enumerate(claims):
        claim_line(claim, key=f"{key}-{number}")
        if claim.verdict_reason:
            st.caption(markup.plain(library().view.told(claim.verdict_reason)))


def _show_papers(answer: Answer, *, key: str) -> None:
    """The papers that an answer of the records is about; several are a click away, for its text names them."""
    papers = [reference.paper for reference in answer.references]
    several = len(papers) > 1
    title = f"{t('papers')} ({len(papers)})"
    with st.expander(title, key=f"papers-{key}", on_change="rerun") if several else st.container():
        for number, paper in enumerate(papers):
            paper_title(paper, key=f"{key}-paper-{number}")
            st.caption(about(paper))


def _copy(answer: Answer) -> None:
    copy: Any = st.popover(t("copy_answer"), icon=":material/content_copy:")
    with copy:
        st.code(library().pages.render(answer, "text")[0][1].decode(), language=None, wrap_lines=True)


show()
