"""Which of the candidate sentences make an answer: few, apart from each other, spread over papers, in reading order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kb.protocols import Corpus
from kb.text import sentence_spans
from kb.writing.evidence import Candidate, is_statement
from kb.writing.questions import Kind, Question
from kb.writing.words import content_stems

_READ = 60  # candidates that are looked at
_NEW_WORDS = 0.15  # what a sentence gains by covering words of the question that no chosen one has
_ANNOUNCED = 2  # sentences that are quoted after a colon
_SAME_PAPER = 0.04  # what it loses for each sentence that its paper already gives
# A sentence that opens like this leans on the one before it, which is then quoted with it.
_LEANING = re.compile(
    r"^(?:it|they|this|these|that|those|he|she|such|its|their|both|the (?:former|latter|two)|in (?:this|these) case"
    r"|for this|then|therefore|thus|hence|as a result|consequently|specifically)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Shape:
    """How long an answer may be: sentences in all and per paper, and how far below the best one may score."""

    sentences: int
    per_paper: int
    slack: float


SHAPES: dict[Kind, Shape] = {
    "list": Shape(4, 2, 0.20),
    "comparison": Shape(5, 2, 0.25),
    "open": Shape(4, 2, 0.20),
    "reason": Shape(3, 2, 0.20),
    "definition": Shape(3, 2, 0.20),
    "number": Shape(3, 2, 0.20),
    "yes-no": Shape(3, 2, 0.20),
}


def select(
    question: Question, candidates: Sequence[Candidate], *, corpus: Corpus, sentences: int | None = None
) -> list[Candidate]:
    """Sentences for an extractive answer, grouped by paper (best paper first) and in reading order within it.

    Greedy: each step takes the candidate with the highest score, plus what it adds of the question's words, less a
    little for each sentence its paper already has. ``sentences`` overrides how many; leaning sentences bring theirs.
    """
    shape = SHAPES[question.kind]
    if sentences is not None:
        shape = replace(shape, sentences=sentences, per_paper=max(shape.per_paper, sentences // 2))
    pool = list(candidates[:_READ])
    if not pool:
        return []
    floor = pool[0].score - shape.slack
    if len({candidate.hit.paper.id for candidate in pool}) == 1:
        shape = replace(shape, per_paper=shape.sentences)
    chosen: list[Candidate] = []
    taken: Counter[str] = Counter()
    uncovered = set(question.stems)
    while pool and len(chosen) < shape.sentences:
        best = max(pool, key=lambda c: (_gain(c, uncovered=uncovered, taken=taken), -c.hit.rank, -c.start))
        pool.remove(best)
        if best.score < floor or taken[best.hit.paper.id] >= shape.per_paper:
            continue
        chosen.append(best)
        taken[best.hit.paper.id] += 1
        uncovered -= set(content_stems(best.text))
    return in_reading_order(lean(chosen), corpus=corpus)


def _gain(candidate: Candidate, *, uncovered: set[str], taken: Counter[str]) -> float:
    new = len(uncovered & set(content_stems(candidate.text))) / max(1, len(uncovered))
    return candidate.score + (_NEW_WORDS * new if uncovered else 0.0) - _SAME_PAPER * taken[candidate.hit.paper.id]


def lean(chosen: Sequence[Candidate]) -> list[Candidate]:
    """The chosen sentences with those they lean on.

    Before one that opens with "It …" or "These …" comes the sentence before it; after one that ends with a colon come
    the sentences that it announces.
    """
    there = {(c.hit.chunk_id, c.start) for c in chosen}
    found: list[Candidate] = []
    for candidate in chosen:
        wanted = [candidate.before] if candidate.before and _LEANING.search(candidate.text) else []
        if candidate.text.rstrip().endswith((":", "：")):
            wanted += _announced(candidate)
        for start, end in wanted:
            if (candidate.hit.chunk_id, start) not in there and is_statement(candidate.hit.text[start:end]):
                there.add((candidate.hit.chunk_id, start))
                found.append(replace(candidate, start=start, end=end, before=None))
        found.append(candidate)
    return found


def _announced(candidate: Candidate) -> list[tuple[int, int]]:
    spans = [span for span in sentence_spans(candidate.hit.text) if span[0] >= candidate.end]
    return spans[:_ANNOUNCED]


def in_reading_order(chosen: Sequence[Candidate], *, corpus: Corpus) -> list[Candidate]:
    """Grouped by paper, the paper with the best sentence first; within a paper as it is printed."""
    papers: dict[str, float] = {}
    for candidate in chosen:
        papers[candidate.hit.paper.id] = max(papers.get(candidate.hit.paper.id, -9.0), candidate.score)
    order = sorted(papers, key=lambda paper_id: (-papers[paper_id], paper_id))
    places = {chunk.id: chunk.ordinal for paper_id in order for chunk in corpus.chunks(paper_id)}
    rank = {paper_id: i for i, paper_id in enumerate(order)}
    return sorted(chosen, key=lambda c: (rank[c.hit.paper.id], places.get(c.hit.chunk_id, 0), c.start))
