"""How well the verifier tells supported from not, and the training of its weights.

    python -m tests.benchmarks.verification            # measure the weights that ship
    python -m tests.benchmarks.verification --write    # train on the training fold, write kb/writing/data/verifier.json

Data: SciFact's training claims (CC BY 4.0) against the abstracts they cite, labelled SUPPORT, CONTRADICT or NONE. A
claim's source is a passage of that abstract, chosen without a look at the label: the three sentences that share most
words with it (kind "passage"), or all of them ("abstract"). The annotated rationale sentences alone are a third kind,
for testing only: there the sentences of NONE are chosen by another rule than those of SUPPORT. For training, each claim
also meets a passage of another claim's abstract ("other"). Claims whose id's hash falls into the last quarter are held
back from all training.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from kb.words import contained, content_stems
from kb.writing import verification

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "scifact"
WEIGHTS = ROOT / "kb" / "writing" / "data" / "verifier.json"
WORD_SIGNALS = ("containment", "best_sentence", "numbers", "names", "negation", "direction")
SHOWN = (*WORD_SIGNALS, "bigrams", "similarity")
VECTOR_SIGNALS = (*WORD_SIGNALS, "similarity")


@dataclass(frozen=True)
class Pair:
    """A claim, its source sentences, SUPPORT, CONTRADICT or NONE, and how the source was chosen."""

    claim: str
    source: tuple[str, ...]
    label: str
    kind: str
    held_back: bool


def is_held_back(claim_id: int) -> bool:
    """Whether a claim is in the fold that no training sees."""
    return zlib.crc32(str(claim_id).encode()) % 4 == 3


def passage(claim: str, abstract: Sequence[str]) -> tuple[str, ...]:
    """The three sentences that share most words with the claim, as they stand."""
    stems = content_stems(claim)
    by_words = sorted(range(len(abstract)), key=lambda i: -contained(stems, content_stems(abstract[i])))
    return tuple(abstract[i] for i in sorted(by_words[:3]))


def read_pairs(folder: Path = DATA) -> list[Pair]:
    """All claims with their sources of every kind, in the order of the file."""
    with gzip.open(folder / "corpus_sentences.jsonl.gz", "rt", encoding="utf-8") as lines:
        sentences = {(doc := json.loads(line))["doc_id"]: doc["abstract"] for line in lines}
    claims = [json.loads(line) for line in (folder / "claims_train.jsonl").read_text("utf-8").splitlines()]
    chance = random.Random(1)
    pairs = []
    for claim in claims:
        text, out = claim["claim"], is_held_back(claim["id"])
        for doc_id in claim["cited_doc_ids"]:
            abstract = sentences[doc_id]
            rationales = claim["evidence"].get(str(doc_id), [])
            label = rationales[0]["label"] if rationales else "NONE"
            near = passage(text, abstract)
            chosen = tuple(abstract[i] for i in sorted({i for rationale in rationales for i in rationale["sentences"]}))
            other = sentences[chance.choice(claims)["cited_doc_ids"][0]]
            pairs += [
                Pair(text, near, label, "passage", out),
                Pair(text, tuple(abstract), label, "abstract", out),
                Pair(text, chosen or near, label, "rationale", out),
            ]
            if other is not abstract:
                pairs.append(Pair(text, passage(text, other), "NONE", "other", out))
    return pairs


def signals_of(pairs: Sequence[Pair], encode: Callable[[Sequence[str]], Any]) -> list[dict[str, float]]:
    """The verifier's signals of each pair."""
    return [verification.measure(pair.claim, pair.source, encode=encode) for pair in pairs]


def train(pairs: Sequence[Pair], rows: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Logistic weights with and without vectors, each with its two thresholds.

    "supported": the highest balanced accuracy over passages; "partly": the highest that keeps 95 % of the supported.
    """
    used = [i for i, pair in enumerate(pairs) if pair.kind != "rationale" and not pair.held_back]
    labels = np.array([pairs[i].label == "SUPPORT" for i in used])
    passages = np.array([pairs[i].kind == "passage" for i in used])
    model: dict[str, Any] = {}
    for name, signals in (("words", WORD_SIGNALS), ("words and vectors", VECTOR_SIGNALS)):
        features = np.array([[rows[i][signal] for signal in signals] for i in used])
        fitted = LogisticRegression(C=1.0, max_iter=1000, class_weight="balanced").fit(features, labels)
        scores, steps = fitted.predict_proba(features)[:, 1], np.arange(0.05, 0.96, 0.01)
        best = max(steps, key=lambda step: balanced_accuracy_score(labels[passages], scores[passages] >= step))
        low = max(step for step in steps if (scores[labels & passages] >= step).mean() >= 0.95)
        model[name] = {
            "intercept": round(float(fitted.intercept_[0]), 4),
            "weights": dict(zip(signals, (round(float(w), 4) for w in fitted.coef_[0]), strict=True)),
            "supported": round(float(best), 2),
            "partly": round(float(min(low, best)), 2),
        }
    return model


def report(pairs: Sequence[Pair], rows: Sequence[dict[str, float]]) -> list[str]:
    """Lines of the table: AUC of each signal and of the whole on the held-back fold."""
    lines = ["| signal, AUC | support vs none | support vs contradict | support vs both |", "|---|---|---|---|"]
    labels = np.array([pair.label for pair in pairs])
    scored: dict[str, np.ndarray] = {name: np.array([row[name] for row in rows]) for name in SHOWN}
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
    judged = [(v in ("supported", "verbatim"), p.label) for v, p in zip(given, pairs, strict=True)]
    strict = [(passed, label == "SUPPORT") for passed, label in judged if label != "CONTRADICT"]
    accuracy = balanced_accuracy_score([t for _, t in strict], [v for v, _ in strict])
    lines.append(f"balanced accuracy of 'supported', contradictions left out: {accuracy:.3f}")
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
    if arguments.write:
        WEIGHTS.write_text(json.dumps(train(pairs, rows), indent=1) + "\n", encoding="utf-8")
        verification._weights.cache_clear()
    for kind in ("passage", "abstract", "rationale"):
        tested = [i for i, pair in enumerate(pairs) if pair.held_back and pair.kind == kind]
        print(f"\nheld back, source = {kind}: {len(tested)} pairs")
        print("\n".join(report([pairs[i] for i in tested], [rows[i] for i in tested])))
        for name, encoder in (("with vectors", encode), ("words alone", None)):
            print(f"\nverdicts, {name}:")
            print("\n".join(verdict_lines([pairs[i] for i in tested], encoder)))


if __name__ == "__main__":
    main()
