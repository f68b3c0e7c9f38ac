"""How well the refusal tells questions that the papers answer from those that they do not, and its training.

    python -m tests.benchmarks.refusal --claims 250            # cross-validated figures and the curve
    python -m tests.benchmarks.refusal --claims 250 --write    # and weights into kb/writing/data/refusal.json

Answerable: SciFact's training claims with evidence, over all 5,183 abstracts; the questions of ten full papers
(QASPER) over all of these papers, and over their own paper alone. Unanswerable and on topic: the same claims and
questions with the gold paper taken out, and the questions asked of another paper. Questions and statements have a model
each. Every figure is from ten folds by claim or paper (there are ten papers); each data set and class weighs the same.
The baseline is the highest similarity alone.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from kb.records import NO_FILTERS, Chunk, Filters, Paper
from kb.writing import evidence, refusal
from kb.writing.questions import read_question
from tests.benchmarks.encoding import load_encode
from tests.benchmarks.questions import read_papers
from tests.memory_corpus import MemoryCorpus

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
WEIGHTS = ROOT / "kb" / "writing" / "data" / "refusal.json"
SIGNALS = {
    "questions": ("similarity", "margin", "overlap", "joint", "named", "one_paper", "length", "number", "list"),
    "statements": ("similarity", "margin", "joint", "names", "one_paper"),
}
FOLDS = 10


@dataclass(frozen=True)
class Case:
    """One question over one corpus: its signals, whether the gold paper was there, and what keeps folds apart.

    ``ruled``: the product refuses it by a rule (a name that nothing prints, an attribute that nothing states).
    """

    source: str
    signals: dict[str, float]
    answerable: bool
    group: str
    ruled: bool

    @property
    def kind(self) -> str:
        """Which of the two models decides."""
        return "statements" if self.source == "claims" else "questions"


def read_case(
    source: str,
    question: str,
    corpus: MemoryCorpus,
    *,
    answerable: bool,
    group: str,
    filters: Filters = NO_FILTERS,
) -> Case:
    """A question with the refusal's signals as the product measures them."""
    asked = read_question(question)
    candidates = evidence.gather(asked, corpus=corpus, filters=filters)
    ruled = refusal.is_ruled_out(asked, candidates)
    return Case(source, refusal.measure(asked, candidates), answerable, group, ruled)


def claim_cases(encode: Callable[[Sequence[str]], Any], *, claims: int) -> Iterator[Case]:
    """Claims with evidence, with and without their papers."""
    with gzip.open(DATA / "scifact" / "corpus_sentences.jsonl.gz", "rt", encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines]
    papers = [Paper(id=str(doc["doc_id"]), title=doc["title"]) for doc in documents]
    chunks = {str(doc["doc_id"]): [_abstract(str(doc["doc_id"]), " ".join(doc["abstract"]))] for doc in documents}
    corpus = MemoryCorpus(papers, chunks, encode=encode)
    read = [json.loads(line) for line in (DATA / "scifact" / "claims_train.jsonl").read_text("utf-8").splitlines()]
    read = [claim for claim in read if claim["evidence"]]
    random.Random(0).shuffle(read)
    for claim in read[:claims]:
        without = corpus.without(*(str(doc) for doc in claim["cited_doc_ids"]))
        yield read_case("claims", claim["claim"], corpus, answerable=True, group=str(claim["id"]))
        yield read_case("claims", claim["claim"], without, answerable=False, group=str(claim["id"]))


def _abstract(paper_id: str, text: str) -> Chunk:
    return Chunk(
        id=paper_id,
        paper_id=paper_id,
        version=None,
        kind="abstract",
        ordinal=0,
        section=("Abstract",),
        start=0,
        end=len(text),
        text=text,
        tokens=len(text.split()),
    )


def question_cases(encode: Callable[[Sequence[str]], Any]) -> Iterator[Case]:
    """Questions over all papers with and without theirs, and over their own and another paper alone."""
    papers, chunks, asked = read_papers(DATA / "paperqa" / "dev.jsonl")
    corpus = MemoryCorpus(papers, chunks, encode=encode)
    ids = [paper.id for paper in papers]
    for i, (own, question, _) in enumerate(asked):
        others = [paper_id for paper_id in ids if paper_id != own]
        everywhere, alone = "questions, all papers", "questions, one paper"
        yield read_case(everywhere, question, corpus, answerable=True, group=own)
        yield read_case(everywhere, question, corpus.without(own), answerable=False, group=own)
        mine, other = Filters(papers=(own,)), Filters(papers=(others[i % len(others)],))
        yield read_case(alone, question, corpus, answerable=True, group=own, filters=mine)
        yield read_case(alone, question, corpus, answerable=False, group=own, filters=other)


def weights_of(cases: Sequence[Case]) -> np.ndarray:
    """Each data set and class the same weight in all."""
    keys = [(case.source, case.answerable) for case in cases]
    return np.array([len(cases) / (len(set(keys)) * keys.count(key)) for key in keys])


def fit(cases: Sequence[Case], signals: Sequence[str]) -> Any:
    """A logistic model over the signals."""
    features = np.array([[case.signals[name] for name in signals] for case in cases])
    labels = np.array([case.answerable for case in cases])
    return LogisticRegression(C=1.0, max_iter=2000).fit(features, labels, sample_weight=weights_of(cases))


def cross_validated(cases: Sequence[Case], signals: Sequence[str]) -> np.ndarray:
    """Probabilities, each from a model that has seen neither the claim nor the paper."""
    groups = sorted({case.group for case in cases}, key=lambda group: zlib.crc32(group.encode()))
    folds = np.array([groups.index(case.group) % FOLDS for case in cases])
    scores = np.zeros(len(cases))
    for fold in range(FOLDS):
        model = fit([case for case, f in zip(cases, folds, strict=True) if f != fold], signals)
        out = [i for i, f in enumerate(folds) if f == fold]
        if out:
            scores[out] = model.predict_proba(np.array([[cases[i].signals[s] for s in signals] for i in out]))[:, 1]
    return scores


def curve(scores: np.ndarray, labels: np.ndarray) -> list[tuple[float, float, float, float]]:
    """(threshold, share answered, precision of answering, share of the answerable answered)."""
    points = []
    for threshold in np.arange(0.2, 0.96, 0.05):
        answered = scores >= threshold
        if answered.any():
            right = labels[answered]
            points.append((float(threshold), answered.mean(), right.mean(), right.sum() / labels.sum()))
    return points


def coverage_at(scores: np.ndarray, labels: np.ndarray, precision: float = 0.9) -> float:
    """Largest share of the answerable questions that can be answered at this precision of answering."""
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(labels[order])
    enough = np.flatnonzero(right / np.arange(1, len(order) + 1) >= precision)
    return float(right[enough.max()] / labels.sum()) if len(enough) else 0.0


def report(cases: Sequence[Case]) -> list[str]:
    """AUC and coverage at precision 0.9 beside the baseline, then the curve."""
    labels = np.array([case.answerable for case in cases])
    sources = np.array([case.source for case in cases])
    lines = [
        "| questions | n | AUC, similarity | AUC, model | with rules | coverage at .9, similarity | model | rules |",
        "|---|---|---|---|---|---|---|---|",
    ]
    plain, full = np.zeros(len(cases)), np.zeros(len(cases))
    for kind, signals in SIGNALS.items():
        if of := [i for i, case in enumerate(cases) if case.kind == kind]:
            plain[of] = cross_validated([cases[i] for i in of], ("similarity",))
            full[of] = cross_validated([cases[i] for i in of], signals)
    ruled = full * np.array([not case.ruled for case in cases])
    for source in dict.fromkeys(sources):
        k = sources == source
        cells = [f"{roc_auc_score(labels[k], s[k]):.3f}" for s in (plain, full, ruled)]
        cells += [f"{coverage_at(s[k], labels[k]):.2f}" for s in (plain, full, ruled)]
        lines.append(f"| {source} | {k.sum()} | {' | '.join(cells)} |")
    for source in dict.fromkeys(sources):
        k = sources == source
        lines += ["", f"{source}: threshold, share answered, precision of answering, share of the answerable answered"]
        lines += ["  ".join(f"{value:.2f}" for value in point) for point in curve(ruled[k], labels[k])]
    return lines


def save(cases: Sequence[Case]) -> None:
    """Weights from all cases, at the thresholds that the page names."""
    data = {}
    for kind, signals in SIGNALS.items():
        model = fit([case for case in cases if case.kind == kind], signals)
        data[kind] = {
            "intercept": round(float(model.intercept_[0]), 4),
            "weights": dict(zip(signals, (round(float(w), 4) for w in model.coef_[0]), strict=True)),
            "threshold": THRESHOLDS[kind],
            "least_similarity": 0.3,
            "least_overlap": 0.5,
        }
    WEIGHTS.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


# They lean to answering: what is shown is a quotation that the reader can judge.
THRESHOLDS = {"questions": 0.45, "statements": 0.45}


def main() -> None:
    """Measure; train when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=250, help="how many claims")
    parser.add_argument("--write", action="store_true", help="write the weights")
    arguments = parser.parse_args()
    encode = load_encode()
    cases = [*question_cases(encode), *claim_cases(encode, claims=arguments.claims)]
    print("\n".join(report(cases)))
    if arguments.write:
        save(cases)


if __name__ == "__main__":
    main()
