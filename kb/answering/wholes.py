"""Requests that another verb answers whole: the summary of a paper is its note, "compare A and B" is a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kb.answering.asking import Asking, language_of
from kb.answering.comparing import compare
from kb.answering.drafting import remarked
from kb.answering.passages import evidence as evidence_of
from kb.answering.passages import quoted, renumbered
from kb.answering.understanding import Understood
from kb.protocols import Corpus
from kb.records import (
    Answer,
    Cell,
    Claim,
    Evidence,
    Note,
    Paper,
    Passage,
    Reference,
    Table,
    TableCell,
    TableRow,
    references,
)

# What every reader of two papers asks, and how it is headed in Chinese; a cell is what one of them says to it.
QUESTIONS = {
    "What problem does the paper address?": "研究什么问题？",
    "What is the proposed method or approach?": "提出了什么方法？",
    "What data is used?": "使用了哪些数据？",
    "What are the main results?": "主要结果是什么？",
}


def from_note(question: str, understood: Understood, note: Note) -> Answer | None:
    """Summary and takeaways of a note as an answer; None where it has neither."""
    claims = [*([note.summary] if note.summary else []), *note.takeaways]
    if not claims:
        return None
    passages: dict[tuple[str, int], Passage] = {}
    told = [_numbered(claim, note, passages) for claim in claims]
    marked = [f"{claim.text} [{', '.join(e.marker for e in claim.evidence)}]" for claim in told]
    lead = [marked[0], ""] if note.summary else []
    shown = tuple(passages.values())
    return Answer(
        question=question,
        understood=understood.text,
        kind="summary",
        source="note",
        answered=True,
        language=note.language,
        model=note.model,
        text="\n".join([*lead, *(f"- {line}" for line in marked[len(lead) // 2 :])]),
        claims=tuple(told),
        passages=shown,
        references=references(shown),
    )


def _numbered(claim: Claim, note: Note, passages: dict[tuple[str, int], Passage]) -> Claim:
    """The claim with its quotations as passages of one sentence, each once."""
    evidence = []
    for proof in claim.evidence:
        place = (proof.chunk_id, proof.start)
        if place not in passages:
            passages[place] = quoted(proof, note.paper, str(len(passages) + 1))
        evidence.append(replace(proof, marker=passages[place].sentences[0].n))
    verdict = None if claim.verdict == "verbatim" else claim.verdict
    return replace(claim, verdict=verdict, evidence=tuple(evidence))


def from_comparison(question: str, understood: Understood, asking: Asking) -> Answer | None:
    """The named papers side by side, in the questions that every reader asks; None where one of them is not here."""
    papers = [paper for key in understood.papers for paper in asking.records.papers(asking.within(key))]
    if len(papers) < 2:
        return None
    language = language_of(understood, asking)
    read = [Understood(text=one, queries=(one,), language=language, kind="explanation") for one in QUESTIONS]
    made = compare(papers, tuple(QUESTIONS), asking, understood=read)
    columns = ("论文", *QUESTIONS.values()) if language == "zh" else ("Paper", *QUESTIONS)
    passages: list[Passage] = []
    claims: list[Claim] = []
    rows = []
    for paper, cells in zip(made.papers, made.cells, strict=True):
        told = [_cell(cell, passages, claims, corpus=asking.corpus) for cell in cells]
        rows.append(TableRow(paper_id=paper.id, cells=(TableCell(text=paper.title), *told)))
    differences = [f"- {said}" for said in made.differences if said]
    return Answer(
        question=question,
        understood=understood.text,
        kind="comparison",
        source="compare",
        answered=any(cell.state == "found" for row in made.cells for cell in row),
        language=language,
        model=asking.chat.name if asking.chat is not None else None,
        text="\n".join([*_lines(columns, rows), *(["", *differences] if differences else [])]),
        claims=tuple(claims),
        table=Table(columns=columns, rows=tuple(rows)),
        passages=tuple(passages),
        references=_references(made.papers, passages),
        notices=made.notices,
        not_searched=made.not_searched,
    )


def _references(papers: tuple[Paper, ...], passages: list[Passage]) -> tuple[Reference, ...]:
    """Each paper once: under the marker of its first passage, those without one behind the others."""
    cited = references(passages)
    known = {reference.paper.id for reference in cited}
    rest = [paper for paper in papers if paper.id not in known]
    return (*cited, *(Reference(marker=str(len(passages) + nth), paper=paper) for nth, paper in enumerate(rest, 1)))


def _cell(cell: Cell, passages: list[Passage], claims: list[Claim], *, corpus: Corpus) -> TableCell:
    """A cell of the table; its passages and claims go on numbering where the cells before it ended."""
    if cell.state not in ("found", "nearest"):
        return TableCell(text=cell.state)
    shown = cell.passages if cell.claims else cell.passages[:1]
    markers = {passage.marker: str(len(passages) + nth) for nth, passage in enumerate(shown, 1)}
    own = [renumbered(passage, markers[passage.marker]) for passage in shown]
    passages += own
    told = [replace(claim, evidence=tuple(_again(claim.evidence, markers))) for claim in cell.claims]
    claims += told
    if told:
        evidence = tuple({proof.marker: proof for claim in told for proof in claim.evidence}.values())
        return TableCell(text=remarked(cell.short, markers), evidence=evidence)
    (passage,) = own
    evidence = tuple(evidence_of(passage, sentence, corpus=corpus) for sentence in passage.answers[:1])
    return TableCell(text=cell.short, evidence=evidence)


def _again(evidence: tuple[Evidence, ...], markers: dict[str, str]) -> Iterator[Evidence]:
    for proof in evidence:
        passage, _, sentence = proof.marker.partition(".")
        yield replace(proof, marker=f"{markers[passage]}.{sentence}")


def _lines(columns: Sequence[str], rows: Sequence[TableRow]) -> list[str]:
    """The table as Markdown; a cell without a mark of its own is followed by those of its quotation."""
    lines = [f"| {' | '.join(columns)} |", "|" + " --- |" * len(columns)]
    for row in rows:
        cells = []
        for cell in row.cells:
            text = " ".join(cell.text.replace("|", "¦").split())
            marks = ", ".join(proof.marker for proof in cell.evidence)
            cells.append(f"{text} [{marks}]" if marks and f"[{cell.evidence[0].marker}" not in text else text)
        lines.append(f"| {' | '.join(cells)} |")
    return lines
