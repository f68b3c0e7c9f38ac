"""Compare: papers and questions as a table; each cell says what the paper says, with the marks to its pages."""

from __future__ import annotations

import streamlit as st

from kb.records import Cell, Comparison
from ui import address, markup
from ui.address import Field
from ui.cards import claim_line, paper_title, quotation, show_passage
from ui.greeting import greet
from ui.picking import pick_papers
from ui.session import header, indexed, is_empty, language, library, t

_FIELDS = {"paper": Field(), "question": Field()}
_MOST_CHOSEN = 8
_MOST_QUESTIONS = 6


def show() -> None:
    """The page."""
    header(t("compare"))
    if is_empty():
        greet()
        return
    address.restore("compare", _FIELDS)
    given = [key for key in st.session_state["compare-paper"].split("\n") if key]
    with st.container(border=True):
        papers = pick_papers([library().papers.get(key).id for key in given], key="compare-papers", most=_MOST_CHOSEN)
        questions = st.text_area(
            t("questions"), value=st.session_state["compare-question"], placeholder=t("questions_hint"), height=90
        )
        sent = st.button(t("make_table"), type="primary", icon=":material/table_chart:", disabled=not papers)
    if sent:
        st.session_state["compare-paper"] = "\n".join(papers)
        st.session_state["compare-question"] = "\n".join(_lines(questions))
        address.keep("compare", _FIELDS)
    asked = _lines(st.session_state["compare-question"])
    chosen = [key for key in st.session_state["compare-paper"].split("\n") if key]
    if not (asked and chosen):
        st.info(t("compare_start"), icon=":material/lightbulb:")
        return
    _show_table(_compare(*indexed(), tuple(chosen), tuple(asked), language()))


@st.cache_data(max_entries=32, show_spinner=False)
def _compare(
    home: str, generation: int, papers: tuple[str, ...], questions: tuple[str, ...], spoken: str
) -> Comparison:
    """The table; kept as long as the library is the same."""
    with st.spinner(t("asking")):
        return library().compare(papers, questions)


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))[:_MOST_QUESTIONS]


def _show_table(table: Comparison) -> None:
    for notice in table.notices:
        st.caption(markup.plain(notice))
    if not any(cell.claims for row in table.cells for cell in row):
        st.caption(t("quoted"))
    for column, question in enumerate(table.questions):
        st.subheader(markup.plain(question), anchor=False)
        if column < len(table.differences) and (told := table.differences[column]):
            st.info(t("differences", what=markup.with_maths(told)), icon=":material/compare_arrows:")
        for row, paper in enumerate(table.papers):
            name, said = st.columns([1, 2.4], gap="medium", border=True)
            with name:
                paper_title(paper, key=f"compare-{row}-{column}")
            with said:
                _show_cell(table.cells[row][column], key=f"cell-{row}-{column}")
    if table.not_searched.private:
        st.caption(t("private_left_out", count=table.not_searched.private))
    _downloads(table)


def _show_cell(cell: Cell, *, key: str) -> None:
    """What a paper says: the model's statements, else the sentence that answers; the passages are a click away."""
    for number, claim in enumerate(cell.claims):
        claim_line(claim, key=f"{key}-{number}")
    if cell.state != "found":
        st.caption(t(cell.state.replace(" ", "_")))
    if not cell.claims and cell.short and cell.passages:
        quotation(cell.passages[0], key=key)
    if cell.passages and not cell.claims:
        label = t("whole_passages" if cell.short else "nearest")
        more = st.expander(label, key=f"more-{key}", on_change="rerun")
        if more.open:
            with more:
                for passage in cell.passages:
                    show_passage(passage, key=f"{key}-{passage.marker}")


def _downloads(table: Comparison) -> None:
    with st.container(horizontal=True, gap="small"):
        for form, name in (("md", "Markdown"), ("csv", "CSV")):
            text = library().pages.render(table, form)[0][1].decode()
            st.download_button(
                name, text, file_name=f"kb-comparison.{form}", on_click="ignore", icon=":material/download:"
            )


show()
