"""Do the papers say it? A calibrated decision from what retrieval and verification saw, and words for a refusal.

A logistic model over few signals, one for questions and one for statements (weights in ``data/refusal.json``, made by
``tests/benchmarks/refusal.py`` from questions whose paper is in the library, and the same with it removed). The
published curve and the chosen point stand on the benchmark page.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from kb.writing import particulars
from kb.writing.attributes import asked_for, is_vague
from kb.writing.evidence import Candidate
from kb.writing.questions import Question
from kb.writing.words import cjk_share, content_stems, is_latin, stem, words

_READ = 40  # candidates that are looked at
_NEAR = 12  # of which one must state what is asked for


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether to answer, the probability in [0, 1] that the papers say it, and what is missing when they do not."""

    answerable: bool
    probability: float
    missing: str | None
    signals: dict[str, float]


def judge(question: Question, candidates: Sequence[Candidate], *, filtered: bool = False) -> Judgement:
    """Decide from the candidates (best first).

    No candidates, none near the question, a name in the question that none of them prints, or none that states what is
    asked for ("which optimizer": an optimizer) is always a refusal.
    """
    if not candidates:
        where = "no paper in the library matches the filters" if filtered else "the library has no text on this"
        return Judgement(False, 0.0, f"{where}: nothing was found that could answer the question", {})
    signals = measure(question, candidates)
    model = _model(question)
    likely = probability(question, signals)
    ruled = is_ruled_out(question, candidates)
    # A question far from everything is refused whatever the other signals say.
    far = signals["similarity"] < model["least_similarity"] and signals["overlap"] < model["least_overlap"]
    if ruled or far or likely < model["threshold"]:
        likely = 0.0 if ruled or far else likely
        return Judgement(False, likely, describe_missing(question, candidates), signals)
    return Judgement(True, likely, None, signals)


def measure(question: Question, candidates: Sequence[Candidate]) -> dict[str, float]:
    """The signals, each in [0, 1] or nearly so.

    ``similarity``: highest cosine of question and sentence; ``margin``: highest less the tenth; ``overlap``: most of
    the question's rare words in one sentence; ``joint``: highest product of cosine and overlap in one sentence;
    ``names``: share of the question's names and numbers that no good candidate prints; ``named``: share of its names
    that one of the best three sentences prints; ``one_paper``: share of the best eight that are of one paper;
    ``length``: content words of the question, of ten; ``number`` and ``list``: 1 for such a question (how near an
    answer comes depends on the kind).
    """
    best = candidates[:_READ]
    similar = sorted((c.signals["similarity"] for c in best), reverse=True)
    text = "\n".join(c.text for c in best[:10])
    asked = [*question.names, *(n.text for n in particulars.numbers(question.text) if not n.in_words)]
    absent = [name for name in question.names if not particulars.has_name(text, name)]
    absent += particulars.missing(question.text, text).numbers
    papers = Counter(c.hit.paper.id for c in best[:8])
    return {
        "similarity": similar[0],
        "margin": similar[0] - similar[min(9, len(similar) - 1)],
        "overlap": max(c.signals["overlap"] for c in best),
        "joint": max(max(0.0, c.signals["similarity"]) * c.signals["overlap"] for c in best),
        "names": len(absent) / max(1, len(asked)),
        "named": max(c.signals["names"] for c in best[:3]),
        "one_paper": max(papers.values()) / papers.total(),
        "length": min(1.0, len(question.stems) / 10),
        "number": float(question.kind == "number"),
        "list": float(question.kind == "list"),
    }


def unknown_names(question: Question, candidates: Sequence[Candidate]) -> list[str]:
    """Names in the question that no candidate, its heading or its paper's title prints, in any spelling."""
    printed = "\n".join(f"{c.hit.paper.title} {' '.join(c.hit.section)} {c.hit.text}" for c in candidates)
    return [name for name in question.names if not particulars.has_name(printed, name)]


def is_ruled_out(question: Question, candidates: Sequence[Candidate]) -> bool:
    """Whether a question is refused whatever the model says.

    It has a name that nothing prints, asks for an attribute that nothing near states, or for a number where none is.
    """
    if not question.asks:
        return False
    numbered = question.kind != "number" or any(c.signals.get("form", 0.0) >= 0 for c in candidates[:_NEAR])
    return bool(unknown_names(question, candidates)) or not (numbered and _is_given(candidates))


def _is_given(candidates: Sequence[Candidate]) -> bool:
    """Whether a near sentence, of the papers that the question names if it names any, states what is asked for.

    Of an open kind ("which dataset") a sentence that prints some name may state it: whether it does is the model's say.
    A candidate without that signal, or of a question that asks for nothing by name, counts as stating it.
    """
    about = [c for c in candidates if c.owned] or candidates
    return any(c.signals.get("given", 1.0) > 0 for c in about[:_NEAR])


def probability(question: Question, signals: dict[str, float]) -> float:
    """The logistic model's probability that the papers answer the question, or state the statement."""
    model = _model(question)
    total = model["intercept"] + sum(weight * signals[name] for name, weight in model["weights"].items())
    return 1.0 / (1.0 + math.exp(-total))


def _model(question: Question) -> dict[str, Any]:
    model: dict[str, Any] = _weights()["questions" if question.asks else "statements"]
    return model


def describe_missing(question: Question, candidates: Sequence[Candidate]) -> str:
    """What the papers do not say, in plain words: the question's own names and words that no near sentence has."""
    passages = "\n".join(c.text for c in candidates[:10])
    near = set(content_stems(passages))
    absent = unknown_names(question, candidates)
    if not absent and cjk_share(question.text) > 0 and is_latin(passages):  # none of its words can be there
        return "the papers are in English: ask in English"
    named = {part for name in absent for part in words(name)}
    telling = {found for found in question.stems if not is_vague(found) and found not in near}
    absent += [word for word in words(question.text) if stem(word) in telling and word not in named]
    if not absent and not _is_given(candidates) and (attribute := asked_for(question.text)):
        return f"passages speak of this, but none states {attribute.words}"
    if absent:
        listed = ", ".join(f"“{word}”" for word in dict.fromkeys(absent))
        return f"none of the nearest passages has {listed}"
    return "passages use the words of the question, but none states an answer"


@lru_cache(maxsize=1)
def _weights() -> dict[str, Any]:
    weights: dict[str, Any] = json.loads(files("kb.writing").joinpath("data/refusal.json").read_text("utf-8"))
    return weights
