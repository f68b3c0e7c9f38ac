"""Paper: all that is known of one paper, its note, and its pages to read in place."""

from __future__ import annotations

import streamlit as st

from kb.records import Paper, PaperDetails
from ui import address, markup, work
from ui.address import Field
from ui.cards import about, opinion_buttons, paper_card, web_links
from ui.evidence import show_page
from ui.notes import note_body, note_head, show_figures
from ui.session import Revision, errors_shown, header, is_own, language, library, state, t

_TABS = ("record", "note", "pages", "figures", "text", "similar", "versions", "cited", "cite")
_FIELDS = {
    "id": Field(),
    "visit": Field(),
    "tab": Field(default="record", choices=_TABS),
    "page": Field(default=1),
}


def show() -> None:
    """The page."""
    address.restore("paper", _FIELDS)
    name = st.session_state["paper-id"]
    if not name:
        header(t("no_paper"))
        st.markdown(t("no_paper_text"))
        st.page_link("search.py", label=t("search"), icon=":material/search:")
        return
    paper = library().papers.get(name)
    header(markup.with_maths(paper.title))
    st.caption(about(paper))
    web_links(paper)
    if st.session_state["paper-visit"]:
        st.info(t("visiting"), icon=":material/visibility:")
    else:
        opinion_buttons(paper, key="paper")
    tab = st.segmented_control(
        t("paper"), _TABS, format_func=t, key="paper-tab", label_visibility="collapsed", required=True
    )
    with errors_shown():
        _SECTIONS[tab or "record"](paper)
    address.keep("paper", _FIELDS)


@st.cache_data(max_entries=16, show_spinner=False)
def _known(home: str, revision: Revision, paper_id: str) -> PaperDetails:
    """Versions, number of pages and the like: turning a page reads no text again."""
    return library().show(paper_id)


def _record(paper: Paper) -> None:
    if paper.abstract:
        st.subheader(t("abstract"), anchor=False)
        st.markdown(markup.with_maths(paper.abstract))
    rows = {
        "authors": ", ".join(paper.authors),
        "affiliation": _affiliation(paper),
        "venue": paper.venue,
        "published": paper.stated_date[:10] or None,
        "announced": ", ".join(day.isoformat() for day in paper.announced),
        "categories": ", ".join(paper.categories),
        "keywords": ", ".join(paper.keywords),
        "comment": paper.comment,
        "license": paper.license,
        "ids": ", ".join([paper.id, *(alias for alias in paper.aliases if alias != paper.id)]),
        "tags": ", ".join(paper.tags),
        "fulltext": " · ".join(filter(None, [paper.fulltext.state, paper.fulltext.reason])),
    }
    shown = {
        t(name): markup.with_maths(value) if value else f":gray[{t('not_stated')}]" for name, value in rows.items()
    }
    columns = {"name": list(shown), "value": list(shown.values())}
    st.table(columns, hide_header=True, hide_index=True, border="horizontal", alt=t("record"))
    with st.expander(t("provenance")):
        st.markdown(markup.bullets(f"{markup.plain(k)}: {markup.plain(v)}" for k, v in paper.provenance.items()))


def _affiliation(paper: Paper) -> str | None:
    if paper.affiliation is None:
        return None
    page = f" ({t('page_short', page=paper.affiliation.page)})" if paper.affiliation.page else ""
    return paper.affiliation.text + page


def _note(paper: Paper) -> None:
    note = library().view.note(paper.id)
    if note is not None:
        if note.model is None:
            st.caption(t("quoted"))
        note_head(note, key=paper.id)
        note_body(note, key=paper.id)
        show_figures(note.figures)
        return
    st.markdown(t("note_needs"))
    _write_note(paper, label=t("make_note"))


def _write_note(paper: Paper, *, label: str) -> None:
    if st.button(label, type="primary", key="write-note", icon=":material/edit_note:"):
        work.start("note", paper.id, "--language", language())
        st.rerun()
    work.show_work("note")


def _pages(paper: Paper) -> None:
    """The PDF, page by page; the page is in the address."""
    pages = _known(*state(), paper.id).pages
    if not pages:
        st.info(t("no_pdf"))
        return
    given = min(max(st.session_state["paper-page"], 1), pages)
    # A key for each page of the address: after Back the pager stands where the address says.
    page = st.pagination(pages, default=given, key=f"pager-{given}")
    st.session_state["paper-page"] = page
    st.caption(t("page_of", page=page, pages=pages))
    show_page(paper, page)


def _figures(paper: Paper) -> None:
    figures = library().view.figures(paper.id)
    if figures is None:
        _write_note(paper, label=t("find_figures"))
    elif figures:
        show_figures(figures)
    else:
        st.info(t("no_figures"))


def _text(paper: Paper) -> None:
    chunks = [chunk for chunk in library().papers.text(paper.id) if chunk.kind != "abstract"]
    if not chunks:
        st.info(t("no_text"))
        return
    for number, section in enumerate(dict.fromkeys(chunk.section for chunk in chunks)):
        name = markup.plain(" › ".join(section) or paper.title)
        opened = st.expander(name, key=f"section-{number}", on_change="rerun")
        if opened.open:
            with opened:
                for chunk in chunks:
                    if chunk.section == section:
                        st.markdown(markup.plain(chunk.text))
                        st.caption(t("page_short", page=chunk.page) if chunk.page else "")


def _similar(paper: Paper) -> None:
    for hit in library().papers.similar(paper.id, k=8):
        paper_card(hit.paper, key=f"similar-{hit.paper.id}")


def _versions(paper: Paper) -> None:
    versions = _known(*state(), paper.id).versions
    if len(versions) < 2:
        st.info(t("no_versions"))
    for version in versions:
        st.markdown(f"**v{version.version}** · {markup.with_maths(version.title)}")
        st.caption(markup.plain(version.comment or ""))


def _cited(paper: Paper) -> None:
    answers = [(session, answer) for session, answer in library().conversations.citing(paper.id) if is_own(session)]
    if not answers:
        st.info(t("not_cited"))
    for session, answer in answers:
        label = markup.plain(answer.question)
        st.page_link("ask.py", label=label, icon=":material/forum:", query_params={"session": session})


def _cite(paper: Paper) -> None:
    st.code(library().papers.export("bibtex", paper=[paper.id]), language="bibtex", wrap_lines=True)


_SECTIONS = {
    "record": _record, "note": _note, "pages": _pages, "figures": _figures, "text": _text, "similar": _similar,
    "versions": _versions, "cited": _cited, "cite": _cite,
}  # fmt: skip
show()
