"""The evidence view: the page as a picture with the quote marked on it, what stands around it, and the source."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import streamlit as st

from kb.errors import KbError
from kb.records import Box, Chunk, Claim, Equation, Evidence, Hit, Paper, Passage, PassageSentence
from kb.text import UNREAD
from ui import markup
from ui.session import errors_shown, indexed, library, t

_AROUND = 0.16  # of the page's height shown above and below the quote
_CONTEXT_CHARACTERS = 420
_AS_TEXT = 0.64  # of a picture that was cut at 180 dots an inch, so that type of 10 points is as large as ours


def evidence_of(hit: Hit) -> Evidence:
    """A hit's whole passage as evidence."""
    return Evidence(
        marker=str(hit.rank), paper_id=hit.paper.id, version=hit.paper.version, chunk_id=hit.chunk_id,
        start=0, end=len(hit.text), quote=hit.text, page=hit.page, boxes=hit.boxes,
        recognised=hit.page is not None and hit.paper.fulltext.is_recognised,
    )  # fmt: skip


def evidence_in(passage: Passage, *numbers: str) -> Evidence:
    """These sentences of a passage as evidence; without any those that answer, else the whole of it."""
    wanted = numbers or passage.answering
    chosen = [s for s in passage.sentences if s.n in wanted] or list(passage.sentences)
    boxes = tuple(box for sentence in chosen for box in sentence.boxes)
    return Evidence(
        marker=chosen[0].n, paper_id=passage.paper.id, version=passage.paper.version, chunk_id=passage.chunk_id,
        start=chosen[0].start, end=chosen[-1].end, quote=" ".join(s.text for s in chosen),
        page=boxes[0].page if boxes else passage.page, boxes=boxes,
        earlier_reading=passage.earlier_reading, recognised=passage.recognised,
    )  # fmt: skip


def beside(passage: Passage) -> tuple[str, str]:
    """What stands in the paper before and after a passage, as Markdown; "" at its ends."""
    chunks = library().papers.text(passage.paper.id)
    place = next((i for i, chunk in enumerate(chunks) if chunk.id == passage.chunk_id), None)
    if place is None:
        return "", ""
    near = (_neighbour(chunks, place - 1), _neighbour(chunks, place + 1))
    before, after = (
        "\n\n".join(f":gray[{markup.plain(part)}]" for part in text.split("\n\n") if part.strip()) for text in near
    )
    return before, after


def open_evidence(evidence: Evidence, *, claim: Claim | None = None) -> None:
    """Show the evidence (of a claim) over the page; Escape leads back to where one was."""

    @st.dialog(t("evidence"), width="medium", icon=":material/menu_book:")
    def view() -> None:
        """Shows the claim, its verdict and the page in a dialog."""
        with errors_shown():
            if claim is not None and claim.text_verified:
                st.markdown(markup.with_maths(claim.text_verified))
            if claim is not None and claim.verdict not in (None, "verbatim") and claim.verdict_reason:
                st.caption(f"{t(str(claim.verdict))}: {markup.plain(library().view.told(claim.verdict_reason))}")
            show_evidence(evidence, key="dialog")

    view()


def show_evidence(evidence: Evidence, *, key: str) -> None:
    """Paper, page picture with the quote marked, quote, neighbours, links."""
    paper = library().papers.get(evidence.paper_id)
    st.markdown(f"**{markup.with_maths(paper.title)}**")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        where = {"id": paper.id} | ({"tab": "pages", "page": str(evidence.page)} if evidence.page else {})
        if visit := st.query_params.get("visit"):
            where["visit"] = visit
        st.page_link("paper.py", label=t("open_paper"), icon=":material/article:", query_params=where)
        source_link(paper, evidence.version)
    if evidence.page is None:
        st.caption(t("no_page"))
    else:
        pages = sorted({box.page for box in evidence.boxes} or {evidence.page})
        whole = st.toggle(t("whole_page"), key=f"whole-{key}-{evidence.chunk_id}", value=False)
        for page in pages:
            st.caption(t("page", page=page))
            boxes = [box for box in evidence.boxes if box.page == page]
            show_page(paper, page, boxes=boxes, quote=evidence.quote, whole=whole)
    for remark in remarks(evidence):
        st.caption(remark)
    _around(evidence)


def remarks(quoted: Evidence | Passage) -> list[str]:
    """What a reader must know of quoted words."""
    names = (("recognised", quoted.recognised), ("earlier_reading", quoted.earlier_reading))
    return [t(name) for name, holds in names if holds]


def equation_name(equation: Equation) -> str:
    """What an equation is called."""
    return t("equation", number=equation.label) if equation.label else t("equation_unnumbered")


def words_of(passage: Passage, sentence: PassageSentence) -> str:
    """A sentence that answers, with the name of each equation whose picture stands below it in the place of its signs,
    which say little in one line."""
    told, at = "", sentence.start
    for one in passage.equations_of(sentence):
        if one.box is not None:
            told += sentence.text[at - sentence.start : max(0, one.start - sentence.start)] + f"[{equation_name(one)}]"
            at = min(one.end, sentence.end)
    return told + sentence.text[at - sentence.start :]


def show_equations(passage: Passage) -> None:
    """The pictures of the display equations in the sentences that answer; the page around them where none is cut."""
    for one in passage.answering_equations:
        if one.box is None:
            st.markdown(markup.with_maths(f"${passage.text_of(one)}$"))
            continue
        name = equation_name(one)
        st.caption(f"{name} · {t('page_short', page=one.box.page)}")
        try:
            picture = library().view.file(one.file).read_bytes() if one.file else None
        except KbError:  # it is gone: the page is there
            picture = None
        if picture is not None:
            wide = int.from_bytes(picture[16:20], "big")  # the width in the head of a PNG
            alt = markup.shortened(f"{name}: {passage.text_of(one)}", 300)
            st.image(picture, alt=alt, width=max(1, round(wide * _AS_TEXT)))
        else:
            show_page(passage.paper, one.box.page, boxes=[one.box], quote=passage.text_of(one), whole=False)


def show_unread(passage: Passage) -> None:
    """Where a sign of the sentences that answer could not be read: that, and the page itself around them."""
    evidence = evidence_in(passage)
    if UNREAD in evidence.quote:
        st.caption(t("sign_unread"))
        if evidence.page is not None:
            boxes = [box for box in evidence.boxes if box.page == evidence.page]
            show_page(passage.paper, evidence.page, boxes=boxes, quote=evidence.quote, whole=False)


def source_link(paper: Paper, version: int | None = None) -> None:
    """A link to the paper on the web, at that version."""
    if (address := markup.web_address(library().papers.address(paper, version))) is not None:
        where = "arXiv" if "arxiv.org" in address else address.split("/")[2]
        number = version or paper.version
        label = t("at_version", where=where, version=number) if number else where
        st.link_button(
            markup.plain(label), address.replace("&amp;", "&"), icon=":material/open_in_new:", type="tertiary"
        )


@st.cache_data(max_entries=48, show_spinner=False)
def _picture(paper_id: str, page: int, home: str, generation: int) -> tuple[str, float, float]:
    """The page as a data address and its size in points; kept, so that going back to it costs nothing."""
    view = library().view.page(paper_id, page)
    data = base64.b64encode(view.png).decode()
    return f"data:image/png;base64,{data}", view.width_points, view.height_points


def show_page(paper: Paper, page: int, *, boxes: Sequence[Box] = (), quote: str = "", whole: bool = True) -> None:
    """The page with boxes marked; not ``whole``: the part around them."""
    try:
        address, width, height = _picture(paper.id, page, *indexed())
    except KbError as err:
        st.warning(markup.plain(str(err)))
        return
    if boxes and not whole:
        top = max(0.0, min(box.y0 for box in boxes) / height - _AROUND)
        bottom = min(1.0, max(box.y1 for box in boxes) / height + _AROUND)
    else:
        top, bottom = 0.0, 1.0
    title = markup.shortened(paper.title, 120)
    text = t("evidence_alt", page=page, title=title, quote=markup.shortened(quote, 300)) if quote else ""
    alt = markup.attribute(text or t("page_alt", page=page, title=title))
    share = bottom - top
    marks = "".join(_mark(box, width, height) for box in boxes)
    st.html(
        f'<figure class="kb-page" style="aspect-ratio:{width:.2f}/{height * share:.2f}" data-page="{page}">'
        f'<div class="kb-sheet" style="margin-top:-{100 * top * height / width:.4f}%">'
        f'<img src="{address}" alt="{alt}">{marks}</div></figure>'
    )


def _mark(box: Box, width: float, height: float) -> str:
    left, top = 100 * box.x0 / width, 100 * box.y0 / height
    wide, high = 100 * (box.x1 - box.x0) / width, 100 * (box.y1 - box.y0) / height
    return (
        f'<span class="kb-box" aria-hidden="true" '
        f'style="left:{left:.3f}%;top:{top:.3f}%;width:{wide:.3f}%;height:{high:.3f}%"></span>'
    )


def _around(evidence: Evidence) -> None:
    """The quote in what stands before and after it."""
    chunks = library().papers.text(evidence.paper_id)
    place = next((i for i, chunk in enumerate(chunks) if chunk.id == evidence.chunk_id), None)
    if place is None:
        st.markdown(markup.marked(evidence.quote, [(0, len(evidence.quote))]))
        return
    chunk = chunks[place]
    before = _neighbour(chunks, place - 1)[-_CONTEXT_CHARACTERS:] + chunk.text[: evidence.start]
    after = chunk.text[evidence.end :] + " " + _neighbour(chunks, place + 1)[:_CONTEXT_CHARACTERS]
    quote = chunk.text[evidence.start : evidence.end]
    with st.expander(t("around"), expanded=evidence.page is None):
        if chunk.section:
            st.caption(markup.plain(" › ".join(chunk.section)))
        text = f"{before[-_CONTEXT_CHARACTERS:]} {quote} {after[:_CONTEXT_CHARACTERS]}"
        start = len(before[-_CONTEXT_CHARACTERS:]) + 1
        st.markdown(markup.marked(text, [(start, start + len(quote))]))


def _neighbour(chunks: Sequence[Chunk], place: int) -> str:
    return chunks[place].text if 0 <= place < len(chunks) else ""
