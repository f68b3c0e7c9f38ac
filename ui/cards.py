"""Papers, hits and claims as they look on every page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import streamlit as st

from kb.records import CELLS, Answer, Claim, Evidence, Hit, Paper, Passage, PassageSentence
from kb.tables import told
from kb.words import snippet, words_found
from ui import markup
from ui.evidence import (
    beside,
    evidence_in,
    evidence_of,
    open_evidence,
    remarks,
    show_equations,
    show_unread,
    source_link,
    words_of,
)
from ui.session import library, t

_VERDICTS = {
    "supported": ("green", ":material/check:"),
    "partly": ("orange", ":material/rule:"),
    "unsupported": ("red", ":material/close:"),
    "contradicted": ("red", ":material/block:"),
}
_SNIPPET_CHARACTERS = 420
_QUOTE_CHARACTERS = 320
_AUTHORS = 4
LATER = "later"
"""The tag of the reading list."""


def paper_title(paper: Paper, *, key: str) -> None:
    """The title as a link to the paper's page."""
    with st.container(key=f"title-{key}"):
        st.page_link("paper.py", label=markup.with_maths(paper.title), query_params={"id": paper.id})


def day_of(paper: Paper) -> str:
    """The day on which the paper was published, or the year or month where no more is known, else the day on which it
    was last announced; "" where nothing is."""
    if paper.published:
        return paper.stated_date[:10]
    return max(paper.announced).isoformat() if paper.announced else ""


def about(paper: Paper) -> str:
    """Authors, year and venue in one line of Markdown."""
    names = ", ".join(paper.authors[:_AUTHORS])
    if len(paper.authors) > _AUTHORS:
        names += " " + t("and_more", count=len(paper.authors) - _AUTHORS, total=len(paper.authors))
    parts = [names, day_of(paper)[:4], paper.venue or "", ", ".join(paper.categories[:3])]
    line = " · ".join(markup.plain(part) for part in parts if part)
    if paper.withdrawn:
        line += f" :red-badge[{t('withdrawn')}]"
    if paper.private:
        line += f" :gray-badge[{t('private')}]"
    return line


def paper_card(paper: Paper, *, key: str) -> None:
    """A paper on its own: title, line, and the beginning of its abstract."""
    with st.container(border=True):
        paper_title(paper, key=key)
        st.caption(about(paper))
        if paper.abstract:
            st.markdown(markup.with_maths(markup.shortened(paper.abstract, 300)))


def hit_card(hit: Hit, *, query: str, key: str, pick: bool = False) -> None:
    """A hit: title, line, the passage with the query's words marked, section and page."""
    with st.container(border=True):
        paper_title(hit.paper, key=key)
        st.caption(about(hit.paper))
        st.markdown(_passage(hit.text, query))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(_where(hit), width="content")
            if st.button(t("see_passage"), key=f"see-{key}", type="tertiary", icon=":material/menu_book:"):
                open_evidence(evidence_of(hit))
            if st.button(t("more_like"), key=f"like-{key}", type="tertiary", icon=":material/hub:"):
                st.switch_page("search.py", query_params={"like": hit.paper.id})
            if pick:
                st.checkbox(t("select"), key=f"pick-{hit.chunk_id}")


def _where(hit: Hit) -> str:
    found = "found_both" if len(hit.found_by) > 1 else f"found_{hit.found_by[0]}"
    by_machine = t("recognised") if hit.page and hit.paper.fulltext.is_recognised else ""
    place = [" › ".join(hit.section), t("page_short", page=hit.page) if hit.page else "", by_machine, t(found)]
    return " · ".join(markup.plain(part) for part in place if part)


@st.cache_data(max_entries=512, show_spinner=False)
def _passage(text: str, query: str) -> str:
    """The passage in Markdown, cut to size, with the query's words marked."""
    cut = snippet(text, query, most=_SNIPPET_CHARACTERS)
    return markup.marked(cut, words_found(query, cut))


def passage_cards(passages: Sequence[Passage], *, key: str) -> None:
    """Passages in their order; those of one paper that follow each other stand under one title."""
    for _, group in groupby(passages, key=lambda passage: passage.paper.id):
        several = list(group)
        with st.container(border=True):
            paper_title(several[0].paper, key=f"passages-{key}-{several[0].marker}")
            st.caption(about(several[0].paper))
            for passage in several:
                show_passage(passage, key=f"{key}-{passage.marker}")


def papers_found(answer: Answer, *, key: str) -> None:
    """The papers that a question asks for, each with the sentence that brought it there and the way to its page."""
    for passage in answer.passages:
        name, said = st.columns([1, 2], gap="medium", border=True)
        with name:
            paper_title(passage.paper, key=f"found-{key}-{passage.marker}")
            st.caption(about(passage.paper))
        with said:
            quotation(passage, key=f"found-{key}-{passage.marker}")


def show_passage(passage: Passage, *, key: str) -> None:
    """A passage with its place, what answers on a coloured ground; buttons lead to its page and to what is around."""
    around = f"around-{key}"
    before, after = beside(passage) if st.session_state.get(around) else ("", "")
    with st.container(key=f"passage-{key}", gap="xsmall"):
        st.caption(place_of(passage))
        for text in filter(None, (before, passage_text(passage), after)):
            st.markdown(text)
        _show_cells(passage)
        show_equations(passage)
        show_unread(passage)
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            if st.button(t("see_passage"), key=f"see-{key}", type="tertiary", icon=":material/menu_book:"):
                open_evidence(evidence_in(passage))
            st.toggle(t("around"), key=around)


def _show_cells(passage: Passage) -> None:
    """The cells of rows that answer, each after what names it."""
    for each in passage.answers:
        if each.cells:
            st.caption(markup.plain(told(each.cells)))


def place_of(passage: Passage) -> str:
    """Number, section and page of a passage, as Markdown."""
    page = t("page_short", page=passage.page) if passage.page else ""
    if page and passage.page_label not in (None, str(passage.page)):
        page += f" ({t('page_printed', label=passage.page_label)})"
    place = " · ".join(part for part in (" › ".join(passage.section), page, *remarks(passage)) if part)
    return markup.plain(f"[{passage.marker}] {place or t('record')}")


def passage_text(passage: Passage) -> str:
    """The text as Markdown, line by line: what answers is on a coloured ground, and a short span in it bold."""
    shown = ""
    was_row = False
    for line in passage.lines():
        told, spans, strong = "", [], None
        for answers, several in groupby(line, key=lambda sentence: sentence.n in passage.answering):
            start = len(told) + 1 if told else 0
            for sentence in several:
                text = words_of(passage, sentence) if answers else sentence.text
                told += f" {text}" if told else text
                if (span := passage.short_span) is not None and span.n == sentence.n and text == sentence.text:
                    at = len(told) - len(text)
                    strong = (at + span.start, at + span.end)
            spans += [(start, len(told))] if answers else []
        is_row = CELLS in line[0].text
        shown += ("  \n" if is_row and was_row else "\n\n") if shown else ""
        shown += markup.marked(told, spans, strong=strong)
        was_row = is_row
    return shown


def quotation(passage: Passage, *, key: str) -> None:
    """The sentences of a passage that answer, and the mark that opens their page."""
    evidence = evidence_in(passage)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"claim-{key}"):
        words = " ".join(words_of(passage, one) for one in passage.answers) or evidence.quote
        st.markdown(markup.plain(words), width="content")
        _mark_button(evidence, key=f"{key}-0")
    _show_cells(passage)
    show_equations(passage)
    show_unread(passage)


def source_cards(passages: Sequence[Passage], *, key: str) -> None:
    """What an answer rests on, paper by paper: each sentence under the number that the text shows opens its page."""
    by_paper: dict[str, list[Passage]] = {}
    for passage in passages:
        by_paper.setdefault(passage.paper.id, []).append(passage)
    for several in by_paper.values():
        with st.container(border=True, gap="xsmall"):
            paper_title(several[0].paper, key=f"source-{key}-{several[0].marker}")
            st.caption(about(several[0].paper))
            for passage in several:
                st.caption(place_of(passage))
                for sentence in passage.answers:
                    _source(passage, sentence, key=f"{key}-{sentence.n}")
                show_equations(passage)


def _source(passage: Passage, sentence: PassageSentence, *, key: str) -> None:
    words = markup.shortened(words_of(passage, sentence), _QUOTE_CHARACTERS)
    label = f"**{markup.plain(f'[{sentence.n}]')}** {markup.plain(words)}"
    with st.container(key=f"quote-{key}"):
        if st.button(label, key=f"cited-{key}", type="tertiary", help=t("see_passage")):
            open_evidence(evidence_in(passage, sentence.n))
        if sentence.cells:
            st.caption(markup.plain(told(sentence.cells)))


def claim_line(claim: Claim, *, key: str) -> None:
    """A sentence with its verdict and its marks; each mark opens the evidence. What is unsupported is struck."""
    text = markup.with_maths(claim.text)
    if claim.verdict in ("unsupported", "contradicted"):
        text = f"~~{text}~~"
    known = None if claim.verdict is None else _VERDICTS.get(claim.verdict)  # a quotation has no verdict word
    verdict = f":{known[0]}[{known[1]} {t(str(claim.verdict))}]" if known else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"claim-{key}"):
        st.markdown(text if claim.evidence else f"{text} {verdict}".strip(), width="content")
        for number, evidence in enumerate(claim.evidence):
            _mark_button(evidence, key=f"{key}-{number}", verdict=verdict if number == 0 else "", claim=claim)


def _mark_button(evidence: Evidence, *, key: str, verdict: str = "", claim: Claim | None = None) -> None:
    """The mark of a sentence with its page, behind the verdict on what cites it; it opens the evidence."""
    page = f" {t('page_short', page=evidence.page)}" if evidence.page else ""
    with st.container(key=f"mark-{key}", width="content"):
        label = f"{verdict} {markup.plain(f'[{evidence.marker or 1}]{page}')}".strip()
        if st.button(label, key=f"open-{key}", type="tertiary"):
            open_evidence(evidence, claim=claim)


def web_links(paper: Paper) -> None:
    """The paper at its source, and the links that its record or its pages state."""
    with st.container(horizontal=True, gap="small"):
        source_link(paper)
        for link in paper.links:
            if (address := markup.web_address(link.url)) is not None and link.kind in ("code", "project"):
                label = f"{link.kind}: {address.split('/')[2]}"
                st.link_button(
                    markup.plain(label), address.replace("&amp;", "&"), type="tertiary", icon=":material/link:"
                )


def opinion_buttons(paper: Paper, *, key: str, topic: str = "") -> None:
    """Like, not for me, read later; pressed again, it is taken back."""
    liking = library().papers.liking(paper.id, topic=topic)
    later = LATER in paper.tags
    with st.container(horizontal=True, gap="small"):
        for name, value, icon in (("like", 1, "thumb_up"), ("dislike", -1, "thumb_down")):
            on = liking == value
            st.button(
                t(f"{name}d") if on else t(name), key=f"{name}-{key}-{paper.id}", icon=f":material/{icon}:",
                type="primary" if on else "secondary", on_click=_opine, args=(paper.id, 0 if on else value, topic),
            )  # fmt: skip
        st.button(
            t("on_list") if later else t("later"), key=f"later-{key}-{paper.id}", icon=":material/bookmark:",
            type="primary" if later else "secondary", on_click=_put_by, args=(paper.id, later),
        )  # fmt: skip


def _opine(paper_id: str, liking: int, topic: str) -> None:
    library().like(paper_id, liking, topic=topic)


def _put_by(paper_id: str, there: bool) -> None:
    library().tag(paper_id, add=() if there else (LATER,), drop=(LATER,) if there else ())
