"""How well the verifier tells supported from not, and the training of its weights.

    python -m tests.benchmarks.verification            # measure the weights that ship
    python -m tests.benchmarks.verification --write    # train on the training fold, write kb/writing/data/verifier.json

Data: SciFact's training claims (CC BY 4.0) with their rationale sentences and labels. A claim's source is the union
of its rationale sentences in one abstract; where no sentence bears on the claim, the three of the cited abstract
that share most words with it. Claims whose id's hash falls into the last quarter are held back.
"""

from __future__ import annotations

import argparse
import gzip
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from kb.writing import verification
from kb.writing.words import contained, content_stems

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "scifact"
WEIGHTS = ROOT / "kb" / "writing" / "data" / "verifier.json"
WORD_SIGNALS = ("containment", "best_sentence", "bigrams", "numbers", "names", "negation", "direction")
VECTOR_SIGNALS = (*WORD_SIGNALS, "similarity")


@dataclass(frozen=True)
class Pair:
    """A claim, its source sentences, and SUPPORT, CONTRADICT or NONE."""

    claim: str
    source: tuple[str, ...]
    label: str
    held_back: bool


def is_held_back(claim_id: int) -> bool:
    """Whether a claim is in the fold that no training sees."""
    return zlib.crc32(str(claim_id).encode()) % 4 == 3


def read_pairs(folder: Path = DATA) -> list[Pair]:
    """All claim-abstract pairs, in the order of the file."""
    with gzip.open(folder / "corpus_sentences.jsonl.gz", "rt", encoding="utf-8") as lines:
        sentences = {(doc := json.loads(line))["doc_id"]: doc["abstract"] for line in lines}
    pairs = []
    for line in (folder / "claims_train.jsonl").read_text("utf-8").splitlines():
        claim = json.loads(line)
        held_back = is_held_back(claim["id"])
        for doc_id in claim["cited_doc_ids"]:
            abstract = sentences[doc_id]
            rationales = claim["evidence"].get(str(doc_id), [])
            if rationales:
                chosen = sorted({index for rationale in rationales for index in rationale["sentences"]})
                label = rationales[0]["label"]
            else:
                stems = content_stems(claim["claim"])
                by_words = sorted(range(len(abstract)), key=lambda i: -contained(stems, content_stems(abstract[i])))
                chosen, label = sorted(by_words[:3]), "NONE"
            pairs.append(Pair(claim["claim"], tuple(abstract[i] for i in chosen), label, held_back))
    return pairs


def signals_of(pairs: Sequence[Pair], encode: Callable[[Sequence[str]], Any]) -> list[dict[str, float]]:
    """The verifier's signals of each pair."""
    return [verification.measure(pair.claim, pair.source, encode=encode) for pair in pairs]


def train(rows: Sequence[dict[str, float]], labels: np.ndarray) -> dict[str, Any]:
    """Logistic weights with and without vectors, and the two thresholds."""
    model: dict[str, Any] = {}
    for name, signals in (("words", WORD_SIGNALS), ("words and vectors", VECTOR_SIGNALS)):
        features = np.array([[row[signal] for signal in signals] for row in rows])
        fitted = LogisticRegression(C=1.0, max_iter=1000, class_weight="balanced").fit(features, labels)
        weights = dict(zip(signals, (round(float(w), 4) for w in fitted.coef_[0]), strict=True))
        model[name] = {"intercept": round(float(fitted.intercept_[0]), 4), "weights": weights}
        scores = fitted.predict_proba(features)[:, 1]
    steps = np.arange(0.05, 0.96, 0.01)
    best = max(steps, key=lambda step: balanced_accuracy_score(labels, scores >= step))
    low = max(step for step in steps if (scores[labels == 1] >= step).mean() >= 0.95)
    model["supported"], model["partly"] = round(float(best), 2), round(float(min(low, best)), 2)
    return model


def report(pairs: Sequence[Pair], rows: Sequence[dict[str, float]]) -> list[str]:
    """Lines of the table: AUC of each signal and of the whole on the held-back fold."""
    lines = ["| signal, AUC | support vs none | support vs contradict | support vs both |", "|---|---|---|---|"]
    labels = np.array([pair.label for pair in pairs])
    scored: dict[str, np.ndarray] = {name: np.array([row[name] for row in rows]) for name in VECTOR_SIGNALS}
    for name in ("numbers", "names", "negation", "direction"):
        scored[name] = -scored[name]
    without = [{**row, "similarity": float("nan")} for row in rows]
    scored["all, words only"] = np.array([verification.probability(row) for row in without])
    scored["**all**"] = np.array([verification.probability(row) for row in rows])
    for name, values in scored.items():
        cells = []
        for against in (("NONE",), ("CONTRADICT",), ("NONE", "CONTRADICT")):
            keep = np.isin(labels, ("SUPPORT", *against))
            cells.append(f"{roc_auc_score(labels[keep] == 'SUPPORT', values[keep]):.3f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def verdict_lines(pairs: Sequence[Pair], encode: Callable[[Sequence[str]], Any] | None) -> list[str]:
    """Verdicts by label, and the balanced accuracy of "supported" against everything else."""
    given = [verification.verify(pair.claim, pair.source, encode=encode)[0] for pair in pairs]
    lines = []
    for label in ("SUPPORT", "NONE", "CONTRADICT"):
        of = [verdict for verdict, pair in zip(given, pairs, strict=True) if pair.label == label]
        counts = {verdict: of.count(verdict) for verdict in ("supported", "partly", "unsupported", "contradicted")}
        lines.append(f"{label:10} n={len(of):3}  " + "  ".join(f"{name} {count}" for name, count in counts.items()))
    truth = [pair.label == "SUPPORT" for pair in pairs]
    for name, passing in (("supported", {"supported", "verbatim"}), ("kept", {"supported", "verbatim", "partly"})):
        accuracy = balanced_accuracy_score(truth, [verdict in passing for verdict in given])
        lines.append(f"balanced accuracy of {name!r}: {accuracy:.3f}")
    return lines


def main(argv: Sequence[str] | None = None, *, encode: Callable[[Sequence[str]], Any] | None = None) -> None:
    """Train when asked to, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="train and write the weights")
    arguments = parser.parse_args(argv)
    if encode is None:
        from tests.benchmarks.encoding import load_encode

        encode = load_encode()
    pairs = read_pairs()
    rows = signals_of(pairs, encode)
    held = np.array([pair.held_back for pair in pairs])
    if arguments.write:
        labels = np.array([int(pair.label == "SUPPORT") for pair in pairs])
        model = train([row for row, out in zip(rows, held, strict=True) if not out], labels[~held])
        WEIGHTS.write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")
        verification._weights.cache_clear()
    tested = [pair for pair, out in zip(pairs, held, strict=True) if out]
    print(f"{len(pairs) - len(tested)} pairs to train on, {len(tested)} held back")
    print("\n".join(report(tested, [row for row, out in zip(rows, held, strict=True) if out])))
    for name, encoder in (("with vectors", encode), ("words alone", None)):
        print(f"\nverdicts, {name}:")
        print("\n".join(verdict_lines(tested, encoder)))


if __name__ == "__main__":
    main()
