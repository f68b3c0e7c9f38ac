"""The best candidates read by a model that has question and sentence before it together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from kb.protocols import Corpus
from kb.writing.evidence import Candidate
from kb.writing.questions import Question
from kb.writing.words import is_latin

_READ = 48  # candidates that are read
_ANSWERS = 0.5  # what certainty adds to a score (weight and source: ``tests/benchmarks/answers.md``)
_ASK_FOR_SEVERAL = ("list", "comparison")  # the sets that the reader learned from ask for one thing


def read(question: Question, candidates: Sequence[Candidate], *, corpus: Corpus) -> list[Candidate]:
    """The candidates with the reader's probability that each answers (signal "answers"), best first.

    Without a reader, or for a question in a script or of a kind that it never learned, they come back as they are. The
    reader tells which sentence answers; whether one does at all is told better without it (``refusal``, which comes
    first).
    """
    learned = is_latin(question.text) and question.kind not in _ASK_FOR_SEVERAL
    reader = corpus.reader() if candidates and learned else None
    if reader is None:
        return list(candidates)
    near = candidates[:_READ]
    odds = reader.answers(question.text, [(_printed(c.text), _context(c)) for c in near])
    found = []
    for candidate, value in zip(near, odds, strict=True):
        likely = 1.0 / (1.0 + math.exp(-float(value)))
        signals = candidate.signals | {"answers": likely}
        found.append(replace(candidate, score=candidate.score + _ANSWERS * likely, signals=signals))
    return sorted([*found, *candidates[_READ:]], key=lambda c: (-c.score, c.hit.chunk_id, c.start))


def _context(candidate: Candidate) -> str:
    """What a reader has seen when he comes to the sentence: the paper's title, and the sentence before it."""
    hit = candidate.hit
    before = [hit.text[a:b] for a, b in candidate.leads or ((candidate.before,) if candidate.before else ())]
    return ": ".join(part for part in (hit.paper.title, _printed(" ".join(before))) if part)


def _printed(text: str) -> str:
    return " ".join(text.split())
