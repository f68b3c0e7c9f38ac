"""From candidates to claims: quotes with page and boxes, one marker a paper, references that equal the markers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kb.protocols import Corpus
from kb.records import Claim, Evidence, Paper, Reference, Verdict
from kb.writing.evidence import Candidate


@dataclass(frozen=True, slots=True)
class Draft:
    """A sentence of an answer before its evidence was located. ``text_verified``: see Claim."""

    text: str
    verdict: Verdict
    reason: str
    quotes: tuple[Candidate, ...]
    text_verified: str | None = None


def quote(candidate: Candidate) -> Draft:
    """The sentence itself as a claim; white space of the print is evened out in the text, never in the quote."""
    return Draft(" ".join(candidate.text.split()), "verbatim", "it is a quotation from the paper", (candidate,))


def cite(
    drafts: Sequence[Draft], *, corpus: Corpus, markers: dict[str, str] | None = None
) -> tuple[tuple[Claim, ...], tuple[Reference, ...]]:
    """Claims with their evidence located, and the references in the order of their first mention.

    ``markers`` (paper id to marker) goes on numbering from an earlier call and is added to.
    """
    known = markers if markers is not None else {}
    papers: dict[str, Paper] = {}
    claims = []
    for draft in drafts:
        for candidate in draft.quotes:
            paper = candidate.hit.paper
            papers.setdefault(paper.id, paper)
            known.setdefault(paper.id, str(len(known) + 1))
        found = tuple(
            locate(candidate, marker=known[candidate.hit.paper.id], corpus=corpus) for candidate in draft.quotes
        )
        claims.append(
            Claim(
                text=draft.text,
                verdict=draft.verdict,
                verdict_reason=draft.reason,
                evidence=found,
                text_verified=draft.text_verified,
            )
        )
    return tuple(claims), tuple(Reference(marker=known[key], paper=paper) for key, paper in papers.items())


def locate(candidate: Candidate, *, marker: str, corpus: Corpus) -> Evidence:
    """The candidate as evidence: the chunk's text at its span, with page and boxes where there is a PDF."""
    page, boxes = corpus.locate(candidate.hit.chunk_id, candidate.start, candidate.end)
    return Evidence(
        marker=marker,
        paper_id=candidate.hit.paper.id,
        version=candidate.hit.paper.version,
        chunk_id=candidate.hit.chunk_id,
        start=candidate.start,
        end=candidate.end,
        quote=candidate.text,
        page=page,
        boxes=boxes,
    )


def narrow(candidate: Candidate, *, start: int, end: int) -> Candidate:
    """A part of the candidate's chunk as a candidate of its own."""
    return replace(candidate, start=start, end=end, before=None)
