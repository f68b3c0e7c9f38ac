"""Makes ``kb/notes/data/roles.npz`` and reports how good the scorer of sentences is.

    python -m tests.benchmarks.roles_train [--compare] [--out kb/notes/data/roles.npz]

Learns from ``role_labels/sentences.jsonl`` (its README says where the sentences come from). Features, regularisation
and what to use at all were chosen by five-fold cross-validation by paper over the papers that are not held out;
``--compare`` shows that table, ``--held-out`` reports the papers that are held out. Needs scikit-learn and the default
encoder; the scorer itself needs numpy. Same data and versions, same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (
    average_precision_score,
    cohen_kappa_score,
    f1_score,
    precision_score,
    recall_score,
)

from kb.encoders import load_encoder
from kb.notes.roles import (
    HEADS,
    PARTS,
    PROBE,
    SURE_OPENER,
    features,
    opener_candidates,
    opener_features,
    seen_meaning,
)
from kb.settings import Settings

LETTERS = "bpomsrgiwaflx"  # of the labels, in the order of PARTS
LABELS = Path(__file__).with_name("role_labels") / "sentences.jsonl"
FOLDS = 5
FEWEST_PAPERS = 3  # in which an n-gram must stand
C = 1.0  # inverse strength of the penalty
RIGHT = (0.8, 0.6)  # share of the sentences said to have a part that must have it: abstracts, full texts
FEWEST = 5  # sentences that must be said to have it
LEAN, WORTH, SUMMARY = len(PARTS), len(PARTS) + 1, len(PARTS) + 2


@dataclass(frozen=True)
class Sentence:
    """A labelled sentence, with what the scorer sees of its words."""

    paper: str
    field: str
    text: str
    parts: str
    leans: bool
    opener: str
    worth: int
    summary: float  # 2 the best of its abstract or as good, 1 acceptable, 0 not; NaN where nobody said
    seen: dict[str, float]


@dataclass(frozen=True)
class Labelled:
    """Sentences with targets (n, heads), meanings (n, d + 1) and folds (n,)."""

    sentences: list[Sentence]
    targets: np.ndarray
    meaning: np.ndarray
    folds: np.ndarray

    def only(self, chosen: Sequence[int] | np.ndarray) -> Labelled:
        """Some of them."""
        at = np.asarray(chosen)
        return Labelled([self.sentences[i] for i in at], self.targets[at], self.meaning[at], self.folds[at])


def papers() -> list[dict[str, Any]]:
    """All labelled papers."""
    return [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]


def runs(sentences: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Sentences that stand right behind each other in one section, together."""
    found: list[list[dict[str, Any]]] = []
    for one in sentences:
        last = found[-1][-1] if found else None
        if last and last["place"] == one["place"] - 1 and last.get("section") == one.get("section"):
            found[-1].append(one)
        else:
            found.append([one])
    return found


def read(encode: Any, *, held_out: bool) -> Labelled:
    """The labelled sentences of one side."""
    sentences, meanings, folds = [], [], []
    for paper in papers():
        if paper["held_out"] != held_out:
            continue
        whole = None if paper["field"] != "full text" else max(one["place"] for one in paper["sentences"]) + 1
        own: list[Sentence] = []
        for run in runs(paper["sentences"]):
            in_abstract = whole is None or run[0].get("share", 0) is None
            shares = None if in_abstract else [one.get("share", one["place"] / whole) for one in run]
            field = "abstracts of full texts" if in_abstract and whole is not None else paper["field"]
            openers = [len(one["first"][2]) for one in run]
            seen_of_run = features([one["text"] for one in run], openers=openers, shares=shares)
            for one, seen in zip(run, seen_of_run, strict=True):
                parts, leans, opener, worth, summary = (*one["first"], np.nan)[:5]
                own.append(
                    Sentence(paper["paper"], field, one["text"], parts, bool(leans), opener, worth, summary, seen)
                )
        vectors = encode([paper["title"], *(one.text for one in own)])
        meanings.append(seen_meaning(vectors[1:], vectors[0]))
        sentences += own
        folds += [int(hashlib.sha256(paper["paper"].encode()).hexdigest(), 16) // 7 % FOLDS] * len(own)
    targets = np.array(
        [[*(letter in s.parts for letter in LETTERS), s.leans, s.worth, s.summary / 2] for s in sentences], float
    )
    return Labelled(sentences, targets, np.concatenate(meanings), np.array(folds))


def vocabulary(sentences: Sequence[Sentence]) -> list[str]:
    """Features that stand in enough papers."""
    seen: dict[str, set[str]] = defaultdict(set)
    for sentence in sentences:
        for name in sentence.seen:
            seen[name].add(sentence.paper)
    return sorted(name for name, where in seen.items() if len(where) >= FEWEST_PAPERS)


def matrix(sentences: Sequence[Sentence], names: Sequence[str]) -> csr_matrix:
    """(sentences, names)."""
    column = {name: at for at, name in enumerate(names)}
    cells = [
        (row, column[name], value)
        for row, sentence in enumerate(sentences)
        for name, value in sentence.seen.items()
        if name in column
    ]
    rows, columns, values = zip(*cells, strict=True)
    return csr_matrix((values, (rows, columns)), shape=(len(sentences), len(names)))


@dataclass(frozen=True)
class Fitted:
    """Names, weights (names, heads), weights of the meaning (d + 1, heads), bias (heads,)."""

    names: list[str]
    words: np.ndarray
    meaning: np.ndarray
    bias: np.ndarray

    def raw(self, data: Labelled) -> np.ndarray:
        """(n, heads)."""
        return np.asarray(matrix(data.sentences, self.names) @ self.words + data.meaning @ self.meaning + self.bias)


def fit(data: Labelled, *, words: bool = True, meaning: bool = True) -> Fitted:
    """One linear model a head; a rare part weighs as much in its model as all that is not of it."""
    names = vocabulary(data.sentences)
    own = matrix(data.sentences, names) * float(words)
    table = hstack([own, csr_matrix(data.meaning * float(meaning))]).tocsr()
    weights, bias = [], []
    for head in range(len(HEADS)):
        if head in (WORTH, SUMMARY):
            told = np.flatnonzero(~np.isnan(data.targets[:, head]))
            model = Ridge(alpha=2.0 / C, solver="sparse_cg", tol=1e-6).fit(table[told], data.targets[told, head])
            weights.append(model.coef_)
            bias.append(float(model.intercept_))
        else:
            gold = data.targets[:, head] > 0
            model = LogisticRegression(C=C, solver="liblinear", max_iter=500, random_state=0, class_weight="balanced")
            model.fit(table, gold)
            weights.append(model.coef_[0])
            bias.append(float(model.intercept_[0]))
    both = np.array(weights).T
    return Fitted(names, both[: len(names)], both[len(names) :], np.array(bias))


def cross_validated(data: Labelled, **use: bool) -> np.ndarray:
    """(n, heads) raw scores of each sentence by a model that saw no sentence of its paper."""
    raw = np.zeros_like(data.targets)
    for fold in range(FOLDS):
        there, left = np.flatnonzero(data.folds == fold), np.flatnonzero(data.folds != fold)
        raw[there] = fit(data.only(left), **use).raw(data.only(there))
    return raw


def report(name: str, data: Labelled, raw: np.ndarray) -> None:
    """Main role, parts, leaning, worth: over all, by field."""
    main = np.array([LETTERS.index(s.parts[0]) for s in data.sentences])
    top = raw[:, : len(PARTS)].argmax(axis=1)
    right = data.targets[np.arange(len(top)), top] > 0
    for field in ("", *sorted({s.field for s in data.sentences})):
        at = np.array([not field or s.field == field for s in data.sentences])
        macro = f1_score(main[at], top[at], average="macro", labels=sorted(set(main[at])))
        lean = raw[at, LEAN] > 0
        leaning = data.targets[at, LEAN] > 0
        print(
            f"{name}, {field or 'all'}: n {at.sum()}, accuracy {(top == main)[at].mean():.3f}, one of its parts"
            f" {right[at].mean():.3f}, macro-F1 {macro:.3f}; leans P {precision_score(leaning, lean):.2f}"
            f" R {recall_score(leaning, lean):.2f};"
            f" worth r {np.corrcoef(raw[at, WORTH], data.targets[at, WORTH])[0, 1]:.3f}"
        )
    each = [
        f"{part} {f1_score(data.targets[:, at] > 0, raw[:, at] > 0):.2f}"
        for at, part in enumerate(PARTS)
        if data.targets[:, at].any()
    ]
    print(f"{name}, F1 of each part: {', '.join(each)}")
    report_summaries(name, data, raw)


def report_summaries(name: str, data: Labelled, raw: np.ndarray) -> None:
    """How often the sentence ranked first of an abstract, among those not told to lean, is the best or as good."""
    by_paper: dict[str, list[int]] = defaultdict(list)
    for at, sentence in enumerate(data.sentences):
        if not np.isnan(sentence.summary):
            by_paper[sentence.paper].append(at)
    for head, ranked_by in ((WORTH, "worth"), (SUMMARY, "summary")):
        first = [max(own, key=lambda i: raw[i, head] - 9 * (raw[i, LEAN] > 0)) for own in by_paper.values()]
        label = np.array([data.sentences[at].summary for at in first])
        alone = np.mean([not data.sentences[at].leans for at in first])
        print(
            f"{name}, {len(first)} summaries by {ranked_by}: best or as good {(label == 2).mean():.3f}, acceptable"
            f" {(label >= 1).mean():.3f}, stands alone {alone:.3f}"
        )


def compare(data: Labelled) -> None:
    """What words and meaning give."""
    for name, use in (
        ("words alone", {"meaning": False}),
        ("meaning alone", {"words": False}),
        ("words and meaning", {}),
    ):
        raw = cross_validated(data, **use)
        precision = [average_precision_score(data.targets[:, at], raw[:, at]) for at in range(len(PARTS))]
        print(
            f"\n{name}: mean average precision {np.mean(precision):.3f},"
            f" of leaning {average_precision_score(data.targets[:, LEAN], raw[:, LEAN]):.3f}"
        )
        report(name, data, raw)


# ------------------------------------------------------------------------------------------------------- openers


def opener_table(sentences: Sequence[Sentence]) -> tuple[list[list[str]], np.ndarray, list[tuple[int, int]]]:
    """Seen features, labels and (sentence, length) of every leading phrase."""
    seen, labels, where = [], [], []
    for row, sentence in enumerate(sentences):
        for at in opener_candidates(sentence.text):
            seen.append(opener_features(sentence.text, at))
            labels.append(bool(sentence.opener) and sentence.text[:at].strip() == sentence.opener.strip())
            where.append((row, at))
    return seen, np.array(labels), where


def fit_openers(sentences: Sequence[Sentence]) -> dict[str, float]:
    """Weights of the features of leading phrases."""
    seen, labels, where = opener_table(sentences)
    count: dict[str, set[str]] = defaultdict(set)
    for names, (row, _) in zip(seen, where, strict=True):
        for name in names:
            count[name].add(sentences[row].paper)
    kept = sorted(name for name, places in count.items() if len(places) > 1)
    table = np.array([[float(name in names) for name in kept] for names in map(set, seen)])
    model = LogisticRegression(C=2.0, solver="liblinear", fit_intercept=False, max_iter=500, random_state=0)
    model.fit(table, labels)
    return {name: float(weight) for name, weight in zip(kept, model.coef_[0], strict=True) if abs(weight) > 0.01}


def found_openers(sentences: Sequence[Sentence], weights: dict[str, float]) -> np.ndarray:
    """The length that would be cut of each sentence."""
    seen, _, where = opener_table(sentences)
    best = np.full(len(sentences), SURE_OPENER)
    length = np.zeros(len(sentences), int)
    for names, (row, at) in zip(seen, where, strict=True):
        value = sum(weights.get(name, 0.0) for name in names)
        if value > best[row]:
            best[row], length[row] = value, at
    return length


def report_openers(name: str, sentences: Sequence[Sentence], found: np.ndarray) -> None:
    """Precision and recall of what is cut."""
    right = sum(
        s.opener != "" and s.text[:n].strip() == s.opener.strip() for s, n in zip(sentences, found, strict=True)
    )
    cut, there = int((found > 0).sum()), sum(s.opener != "" for s in sentences)
    print(
        f"{name}, openers: {there} labelled, {cut} cut, precision {right / max(1, cut):.3f}, recall {right / there:.3f}"
    )


def cross_validated_openers(data: Labelled) -> np.ndarray:
    """As ``cross_validated``."""
    found = np.zeros(len(data.sentences), int)
    for fold in range(FOLDS):
        there, left = np.flatnonzero(data.folds == fold), np.flatnonzero(data.folds != fold)
        weights = fit_openers(data.only(left).sentences)
        found[there] = found_openers(data.only(there).sentences, weights)
    return found


# ----------------------------------------------------------------------------------------------------- agreement


def report_agreement() -> None:
    """Cohen's kappa of the second, blind reading."""
    both = [(one["first"], one["second"]) for paper in papers() for one in paper["sentences"] if "second" in one]
    each = {
        part: cohen_kappa_score([letter in a[0] for a, _ in both], [letter in b[0] for _, b in both])
        for letter, part in zip(LETTERS, PARTS, strict=True)
    }
    each["main part"] = cohen_kappa_score([a[0][0] for a, _ in both], [b[0][0] for _, b in both])
    each["leans"] = cohen_kappa_score([a[1] for a, _ in both], [b[1] for _, b in both])
    each["opener"] = cohen_kappa_score([a[2] != "" for a, _ in both], [b[2] != "" for _, b in both])
    each["worth"] = cohen_kappa_score([a[3] for a, _ in both], [b[3] for _, b in both], weights="linear")
    print(f"agreement over {len(both)} sentences, kappa: " + ", ".join(f"{k} {v:.2f}" for k, v in each.items()))


def best_cuts(data: Labelled, raw: np.ndarray) -> np.ndarray:
    """(2, heads - 2) scores from which a part is believed, of abstracts and of full texts: the lowest from which on
    ``RIGHT`` of those told have it, as a wrong sentence is worse than none; leaning by F1."""
    odds = 1 / (1 + np.exp(-raw))
    whole = np.array([s.field == "full text" for s in data.sentences])
    cuts = np.full((2, WORTH), 1.1)  # never
    grid = np.arange(0.2, 0.96, 0.05)
    for row, (kind, at) in enumerate((("abstracts", ~whole), ("full texts", whole))):
        for head in range(WORTH):
            gold, told = data.targets[at, head] > 0, odds[at, head]
            if head == LEAN:
                cuts[row, head] = max(grid, key=lambda cut: f1_score(gold, told >= cut))
            else:
                sure = [cut for cut in grid if (told >= cut).sum() >= FEWEST and gold[told >= cut].mean() >= RIGHT[row]]
                cuts[row, head] = min(sure, default=1.1)
            found = told >= cuts[row, head]
            print(
                f"cut of {HEADS[head]}, {kind}: {cuts[row, head]:.2f}, of {gold.sum()} precision"
                f" {precision_score(gold, found, zero_division=0):.2f}, recall {recall_score(gold, found):.2f}"
            )
    return cuts


def save(
    path: Path, fitted: Fitted, openers: dict[str, float], *, typical: np.ndarray, probe: np.ndarray, cuts: np.ndarray
) -> None:
    """Words in one byte a weight, meanings in two; arrays alone, no pickles."""
    scale = np.abs(fitted.words).max(axis=0) / 127
    words = np.round(fitted.words / scale).astype(np.int8)
    kept = np.flatnonzero(np.abs(words).max(axis=1) >= 2)
    names = "\n".join(fitted.names[at] for at in kept).encode()
    path.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        path,
        names=np.frombuffer(names, np.uint8),
        words=words[kept],
        scale=scale.astype(np.float32),
        meaning=fitted.meaning.astype(np.float16),
        bias=fitted.bias.astype(np.float32),
        typical=typical.astype(np.float32),
        probe=probe.astype(np.float16),
        cuts=cuts.astype(np.float32),
        opener_names=np.frombuffer("\n".join(openers).encode(), np.uint8),
        openers=np.array(list(openers.values()), np.float16),
    )
    print(f"{path}: {path.stat().st_size} bytes, {len(kept)} words and phrases, {len(openers)} of openers")


def main() -> None:
    """Report, train, report what was held out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("kb/notes/data/roles.npz"))
    given = parser.parse_args()
    encode = load_encoder(Settings()).encode_passages
    data = read(encode, held_out=False)
    report_agreement()
    if given.compare:
        compare(data)
    raw = cross_validated(data)
    report("cross-validated", data, raw)
    cuts = best_cuts(data, raw)
    report_openers("cross-validated", data.sentences, cross_validated_openers(data))
    fitted, openers = fit(data), fit_openers(data.sentences)
    typical = data.meaning.mean(axis=0) @ fitted.meaning
    save(given.out, fitted, openers, typical=typical, probe=encode([PROBE])[0], cuts=cuts)
    if given.held_out:
        unseen = read(encode, held_out=True)
        report("held out", unseen, fitted.raw(unseen))
        report_openers("held out", unseen.sentences, found_openers(unseen.sentences, openers))


if __name__ == "__main__":
    main()
