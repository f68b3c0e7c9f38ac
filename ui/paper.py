"""Paper: all that is known of one paper, its note, and its pages to read in place."""

from __future__ import annotations

import streamlit as st

from kb.records import Paper
from ui import markup
from ui.cards import about, paper_card, web_links
from ui.evidence import show_page
from ui.session import errors_shown, header, library, t

_TABS = ("record", "note", "pages", "figures", "text", "similar", "versions", "cited", "cite")


def show() -> None:
    """The page."""
    name = st.query_params.get("id")
    if not name:
        header(t("no_paper"))
        st.markdown(t("no_paper_text"))
        st.page_link("search.py", label=t("search"), icon=":material/search:")
        return
    paper = library().paper(name)
    header(t("paper"))
    st.header(markup.with_maths(paper.title), anchor=False)
    st.caption(about(paper))
    web_links(paper)
    _opinion(paper)
    start = "pages" if "page" in st.query_params else "record"
    tab = st.segmented_control(
        t("paper"),
        _TABS,
        default=start,
        format_func=t,
        key=f"tab-{paper.id}",
        label_visibility="collapsed",
        required=True,
    )
    with errors_shown():
        _SECTIONS[tab](paper)


def _opinion(paper: Paper) -> None:
    """Like, not for me, read later."""
    liking = library().show(paper.id)["liking"]
    later = "later" in paper.tags
    with st.container(horizontal=True, gap="small"):
        for name, value, icon in (("like", 1, "thumb_up"), ("dislike", -1, "thumb_down")):
            on = liking == value
            if st.button(t(f"{name}d") if on else t(name), key=f"{name}-{paper.id}", icon=f":material/{icon}:",
                         type="primary" if on else "secondary"):  # fmt: skip
                library().opine(paper.id, 0 if on else value)
                st.rerun()
        if st.button(t("on_list") if later else t("later"), key=f"later-{paper.id}", icon=":material/bookmark:",
                     type="primary" if later else "secondary"):  # fmt: skip
            library().tag(paper.id, add=() if later else ("later",), drop=("later",) if later else ())
            st.rerun()


def _record(paper: Paper) -> None:
    if paper.abstract:
        st.subheader(t("abstract"), anchor=False)
        st.markdown(markup.with_maths(paper.abstract))
    rows = {
        "authors": ", ".join(paper.authors),
        "affiliation": _affiliation(paper),
        "venue": paper.venue,
        "published": paper.published.date().isoformat() if paper.published else None,
        "announced": ", ".join(day.isoformat() for day in paper.announced),
        "categories": ", ".join(paper.categories),
        "keywords": ", ".join(paper.keywords),
        "comment": paper.comment,
        "license": paper.license,
        "ids": ", ".join([paper.id, *(alias for alias in paper.aliases if alias != paper.id)]),
        "tags": ", ".join(paper.tags),
        "fulltext": " · ".join(filter(None, [paper.fulltext.state, paper.fulltext.reason])),
    }
    lines = [f"| {t(name)} | {markup.with_maths(value or t('not_stated'))} |" for name, value in rows.items()]
    st.markdown("| | |\n|---|---|\n" + "\n".join(lines))
    with st.expander(t("provenance")):
        st.markdown(markup.bullets(f"{markup.plain(k)}: {markup.plain(v)}" for k, v in paper.provenance.items()))


def _affiliation(paper: Paper) -> str | None:
    if paper.affiliation is None:
        return None
    page = f" ({t('page_short', page=paper.affiliation.page)})" if paper.affiliation.page else ""
    return paper.affiliation.text + page


def _pages(paper: Paper) -> None:
    """The PDF, page by page; the page is in the address."""
    pages = library().show(paper.id)["pages"]
    if not pages:
        st.info(t("no_pdf"))
        return
    given = st.query_params.get("page", "1")
    start = min(max(int(given) if given.isdigit() else 1, 1), pages)
    page = st.pagination(pages, default=start, key=f"page-{paper.id}")
    if str(page) != given:
        st.query_params["page"] = str(page)
    st.caption(t("page_of", page=page, pages=pages))
    show_page(paper, page)


def _text(paper: Paper) -> None:
    chunks = [chunk for chunk in library().passages(paper.id) if chunk.kind != "abstract"]
    if not chunks:
        st.info(t("no_text"))
        return
    sections = list(dict.fromkeys(chunk.section for chunk in chunks))
    for number, section in enumerate(sections):
        name = " › ".join(section) or paper.title
        with st.expander(markup.plain(name), key=f"section-{number}", on_change="rerun") as opened:
            if opened.open:
                for chunk in chunks:
                    if chunk.section == section:
                        st.markdown(markup.plain(chunk.text))
                        if chunk.page:
                            st.caption(t("page_short", page=chunk.page))


def _similar(paper: Paper) -> None:
    for hit in library().similar(paper.id, k=8):
        paper_card(hit.paper, key=f"similar-{hit.paper.id}")


def _versions(paper: Paper) -> None:
    versions = library().show(paper.id)["versions"]
    if len(versions) < 2:
        st.info(t("no_versions"))
    for version in versions:
        st.markdown(f"**v{version['version']}** · {markup.with_maths(version['title'])}")
        st.caption(markup.plain(version["comment"] or ""))


def _cited(paper: Paper) -> None:
    answers = library().cited_in(paper.id)
    if not answers:
        st.info(t("not_cited"))
    for session, answer in answers:
        label = markup.plain(answer.question)
        st.page_link("ask.py", label=label, icon=":material/forum:", query_params={"session": session})


def _cite(paper: Paper) -> None:
    st.code(library().export("bibtex", paper=[paper.id]), language="bibtex", wrap_lines=True)


def _note(paper: Paper) -> None:
    st.info(t("note_needs"))


def _figures(paper: Paper) -> None:
    st.info(t("no_figures"))


_SECTIONS = {
    "record": _record, "note": _note, "pages": _pages, "figures": _figures, "text": _text, "similar": _similar,
    "versions": _versions, "cited": _cited, "cite": _cite,
}  # fmt: skip
show()
