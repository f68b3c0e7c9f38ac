"""An answer as plain text: whole passages under their papers, what answers between marks; reasons in both languages."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from kb.records import (
    AlsoMatched,
    Answer,
    Claim,
    DigestCounts,
    Failure,
    Hit,
    Link,
    Paper,
    Passage,
    PassageSentence,
    Reason,
    ShortSpan,
    Status,
    TopicReport,
    UpdateReport,
)
from kb.rendering import plain_text, reasons
from kb.rendering.labels import page_of
from tests.rendering_pages import digest_of, note_of, seed_papers

ZEBRA = Paper(id="arxiv:2401.00001", title="Zebra: A Corpus of Striped Animals", authors=("Ann Author", "Bea Beta"))
HERON = Paper(id="arxiv:2401.00002", title="Heron: Wading Birds", authors=("Carl Cee",))
TABLE = "Two counts stand below. They are exact.\n\nSentences | 48,210\nAnnotators | 3\n\nCounts are of May."


def passage(paper: Paper, marker: str, text: str, *sentences: str, answering: tuple[int, ...] = (1,)) -> Passage:
    """A passage whose sentences are given; those that answer by their places from 1."""
    spans = [(text.index(sentence), text.index(sentence) + len(sentence)) for sentence in sentences]
    return Passage(
        marker=marker,
        paper=paper,
        chunk_id=f"{paper.id}-{marker}",
        section=("3 Data",),
        page=4,
        page_label=None,
        sentences=tuple(
            PassageSentence(n=f"{marker}.{place}", text=text[start:end], start=start, end=end)
            for place, (start, end) in enumerate(spans, 1)
        ),
        answering=tuple(f"{marker}.{place}" for place in answering),
        short_span=ShortSpan(n=f"{marker}.{answering[0]}", start=0, end=3) if answering else None,
    )


def of(*shown: Passage, answered: bool = True, count: int = 3, **more: Any) -> str:
    asked = "How many?"
    made = Answer(
        question=asked,
        understood=asked,
        kind="number",
        source="passages",
        answered=answered,
        language="en",
        passages=shown,
        **more,
    )
    return plain_text.answer(made, shown=count)


def test_paragraphs_and_rows_stand_on_lines_of_their_own() -> None:
    rows = ("Sentences | 48,210", "Annotators | 3")
    found = passage(ZEBRA, "1", TABLE, "Two counts stand below.", "They are exact.", *rows, "Counts are of May.")
    assert [[sentence.n for sentence in line] for line in found.lines()] == [
        ["1.1", "1.2"], ["1.3"], ["1.4"], ["1.5"]
    ]  # fmt: skip


def test_neighbours_of_one_paper_stand_under_one_title_with_what_answers_between_marks() -> None:
    text = "Abc is 4. Def is 5. Ghi is 6."
    parts = ("Abc is 4.", "Def is 5.", "Ghi is 6.")
    several = [passage(paper, f"{n}", text, *parts) for n, paper in enumerate((ZEBRA, ZEBRA, HERON), 1)]
    said = of(*several)
    assert said.startswith(
        "Best passages\n\nZebra: A Corpus of Striped Animals\nAnn Author et al. · arxiv:2401.00001\n"
    )
    assert (said.count(ZEBRA.title), said.count(HERON.title)) == (1, 1)
    assert said.count("» *Abc* is 4. « Def is 5. Ghi is 6.") == 3
    assert of(*several, answered=False).startswith("Nearest passages: none seems to state it\n")


def test_sentences_that_answer_together_stand_between_one_pair_of_marks() -> None:
    found = passage(
        ZEBRA, "1", "Abc is 4. Def is 5. Ghi is 6.", "Abc is 4.", "Def is 5.", "Ghi is 6.", answering=(2, 3)
    )
    assert "Abc is 4. » *Def* is 5. Ghi is 6. «" in of(found)


def test_more_than_three_passages_are_counted() -> None:
    shown = [passage(ZEBRA, f"{n}", "Abc is 4.", "Abc is 4.") for n in range(1, 6)]
    assert of(*shown).endswith("2 more passages: -k 5 shows them")
    assert of(*shown[:4]).endswith("1 more passage: -k 4 shows them")
    assert "more" not in of(*shown[:3])
    assert "more" not in of(*shown, count=5)


def test_passages_of_papers_that_are_not_named_stand_apart() -> None:
    shown = [passage(ZEBRA, "1", "Abc is 4.", "Abc is 4."), passage(HERON, "2", "Abc is 4.", "Abc is 4.")]
    before, _, after = of(*shown, named=(ZEBRA.id,)).partition("\n\nIn other papers:\n")
    assert (ZEBRA.title in before, HERON.title in before) == (True, False)
    assert HERON.title in after
    assert "In other papers" not in of(*shown)


def test_papers_that_are_asked_for_are_all_listed_with_one_sentence_each() -> None:
    text = "Abc is 4. Def is 5."
    papers = [Paper(id=f"arxiv:2401.0000{n}", title=f"Paper {n}") for n in range(1, 6)]
    shown = [passage(paper, f"{n}", text, "Abc is 4.", "Def is 5.") for n, paper in enumerate(papers, 1)]
    said = of(*shown, over_papers=True)
    assert all(f"\n{n}. Paper {n}\n" in said for n in range(1, 6))
    assert said.count("“Abc is 4.” (3 Data, p. 4)") == 5
    assert "Def" not in said


def test_a_hit_shows_the_part_of_its_passage_that_has_the_words_of_the_query() -> None:
    text = f"{'Nothing of it stands here. ' * 30}The zebra has forty stripes.{' Nor here.' * 40}"
    hit = Hit(
        rank=1, score=1.0, found_by=("lexical",), paper=ZEBRA, chunk_id="c", section=("3 Data",), page=4, text=text
    )
    assert "forty stripes" in plain_text.hits([hit], query="how many stripes")
    assert "forty stripes" not in plain_text.hits([hit], query="heron")


def test_a_statement_in_doubt_is_told_with_the_reason() -> None:
    reason = Reason(kind="name-not-cited", values={"found": "Camel"})
    claim = Claim(text="Camel wins.", verdict="partly", verdict_reason=reason, evidence=())
    made = Answer(
        question="q", understood="q", kind="lookup", source="model", answered=True, language="en", model="m",
        text="Camel wins.", claims=(claim,),
    )  # fmt: skip
    assert "Borne out only in part:\n  - Camel wins. (the cited text does not name Camel)" in plain_text.answer(made)
    assert reasons.told(reason, "zh") == "所引原文没有提到 Camel"


def test_reasons_fill_the_same_gaps_in_chinese_as_in_english() -> None:
    def gaps(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert {kind: gaps(text) for kind, text in reasons._CHINESE.items()} == {
        kind: gaps(reasons._SENTENCES[kind]) for kind in reasons._CHINESE
    }


def test_each_link_is_shown_with_the_source_that_states_it() -> None:
    code = Link(kind="code", url="https://example.org/code", page=3, source="pdf")
    pdf = Link(kind="pdf", url="https://example.org/pdf", source="arxiv")
    record = Paper(id="arxiv:2401.00001", title="Zebra", links=(pdf, code), provenance={"links": "arxiv"})
    lines = [line for line in plain_text.paper(record).splitlines() if line.startswith("links")]
    assert [line.partition("  (")[2] for line in lines] == ["arxiv)", "pdf, p. 3)"]


def test_a_digest_is_a_line_for_each_paper_with_its_summary_and_where_the_pages_are() -> None:
    papers = [replace(paper, title=r"On $x^2$ and \emph{more}") for paper in seed_papers()[:1]] + seed_papers()[1:2]
    cut = AlsoMatched(paper_id="arxiv:2401.00001", title="Cut", url="https://arxiv.org/abs/2401.00001")
    made = digest_of([note_of(paper) for paper in papers], topic="T", also_matched=(cut,))
    told = plain_text.digest(made, [Path("out/page.md")])
    assert told.splitlines()[0] == "T, 2024-03-04: 2 new"
    assert "\n 1. On x² and more (" in told
    summaries = [note.summary.text for note in made.entries if note.summary]
    assert all(" ".join(text.split()) in " ".join(told.split()) for text in summaries)
    assert "Also matched:\n  * Cut  https://arxiv.org/abs/2401.00001" in told
    assert told.endswith("wrote out/page.md")
    assert "0 " not in told.splitlines()[0].removeprefix("T, 2024-03-04")


def test_the_daily_job_tells_what_it_found_and_no_zeros() -> None:
    why = Reason(kind="saturday", values={"day": "2024-03-02"})
    quiet = TopicReport(topic="T", day=date(2024, 3, 2), counts=DigestCounts(), why_nothing=why)
    busy = TopicReport(topic="T", day=date(2024, 3, 4), counts=DigestCounts(found=5, new=3, already_shown=2))
    lines = plain_text.update(UpdateReport(topics=(quiet, busy), status=0)).splitlines()
    assert lines[0] == "T, 2024-03-02: nothing found"
    assert "Saturday" in lines[1]
    assert lines[2] == "T, 2024-03-04: 3 new, 2 shown before"


def test_topics_that_failed_for_one_reason_stand_on_one_line() -> None:
    down = "arxiv.org cannot be found: check the network and try again"
    failures = [Failure(what=name, code="source-unavailable", reason=down) for name in ("Birds", "Stripes")]
    assert plain_text.update(UpdateReport(failures=tuple(failures), status=3)) == f"failed: Birds, Stripes: {down}"


def test_the_status_says_which_verb_lists_what_could_not_be_added() -> None:
    fulltext = {"full": 0, "partial": 0, "none": 0}
    now = Status(
        home="/h", papers=0, fulltext=fulltext, chunks=0, waiting=0, topics=0, encoder=None, model=None, bytes=0
    )
    assert "could not be added" not in plain_text.status(now)
    failed = replace(now, failures=(Failure(what="x.pdf", code="not-a-pdf", reason="no PDF: get it again"),))
    assert "1 could not be added: kb doctor lists them" in plain_text.status(failed)


def test_the_printed_page_stands_beside_the_position_wherever_a_passage_is_cited() -> None:
    printed = replace(passage(ZEBRA, "1", TABLE, "They are exact."), page_label="2273")
    assert "p. 4 (printed 2273)" in of(printed)
    assert page_of("en", printed) == "p. 4 (printed 2273)"
    assert page_of("zh", printed) == "第 4 页（印刷页码 2273）"
    assert page_of("en", replace(printed, page_label="4")) == "p. 4"
