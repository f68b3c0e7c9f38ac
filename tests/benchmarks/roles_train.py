"""Makes ``kb/writing/data/roles.json`` from CSAbstruct and reports how good the classifier is.

    python -m tests.benchmarks.roles_train DATA [--test test.jsonl] [--out kb/writing/data/roles.json]

DATA is a folder with ``train.jsonl`` and ``dev.jsonl`` of CSAbstruct (Cohan et al. 2019, "Pretrained Language Models
for Sequential Sentence Classification", Apache-2.0, github.com/allenai/sequential_sentence_classification). Abstracts
that the published splits share are taken out of train. Regularisation, number of features and the two offsets are
chosen by five-fold cross-validation on train; dev and test are only reported. Each abstract counts by the square of
its annotators' mean agreement (``confs``): labels that they disagreed on teach less. Needs numpy, scipy and
scikit-learn; the classifier itself needs none of them. Same data and versions, same bytes.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from sklearn.metrics import accuracy_score, f1_score

from kb.writing.rhetoric import ROLES, classify, features

COUNT = len(ROLES)
FOLDS = 5
OFFSETS = [(o, q) for o in (0.0, 0.2, 0.4, 0.6, 0.8) for q in (0.0, 0.3, 0.6)]  # added to objective and other
VARIANCES = (0.04, 0.08)  # of the Gaussian prior on the weights
KEPT_FEATURES = (1500, 2500)


@dataclass(frozen=True)
class Split:
    """Abstracts as features: ``rows`` of all sentences, ``labels`` (n,), ``lengths`` and ``agreement`` an abstract."""

    rows: list[dict[str, float]]
    labels: np.ndarray
    lengths: np.ndarray
    agreement: np.ndarray


@dataclass(frozen=True)
class Chain:
    """Weights of a conditional random field: (features, roles), (roles, roles) from row to column, (roles,)."""

    weights: np.ndarray
    transitions: np.ndarray
    initial: np.ndarray


def read(path: Path, *, without: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
    """Abstracts of a split, less those whose first sentence is in ``without``."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [record for line in lines if (record := json.loads(line))["sentences"][0] not in without]


def split(records: Sequence[dict[str, Any]]) -> Split:
    """Features and labels of abstracts."""
    return Split(
        rows=[row for record in records for row in features(record["sentences"])],
        labels=np.array([ROLES.index(label) for record in records for label in record["labels"]]),
        lengths=np.array([len(record["labels"]) for record in records]),
        agreement=np.array([float(np.mean(record["confs"])) ** 2 for record in records]),
    )


def vocabulary(rows: Sequence[dict[str, float]], *, least: int = 4, least_beside: int = 12) -> list[str]:
    """Names of features seen often enough; those of neighbouring sentences must be seen more often."""
    counts = Counter(name for row in rows for name in row)
    return sorted(name for name, n in counts.items() if n >= (least_beside if name[0] in "<>" else least))


def matrix(rows: Sequence[dict[str, float]], names: Sequence[str]) -> csr_matrix:
    """(rows, names) values."""
    column = {name: index for index, name in enumerate(names)}
    cells = [(i, column[k], v) for i, row in enumerate(rows) for k, v in row.items() if k in column]
    at, columns, values = zip(*cells, strict=True)
    return csr_matrix((values, (at, columns)), shape=(len(rows), len(names)))


def log_sum(values: np.ndarray, axis: int) -> np.ndarray:
    """Log of the sum of exponentials along ``axis``."""
    top = values.max(axis, keepdims=True)
    return np.squeeze(top + np.log(np.exp(values - top).sum(axis, keepdims=True)), axis)


class Likelihood:
    """Penalised negative log-likelihood of a linear-chain field and its gradient, all abstracts at once."""

    def __init__(self, inputs: csr_matrix, data: Split, *, variance: float) -> None:
        self.inputs, self.transposed, self.variance = inputs, inputs.T.tocsr(), variance
        self.share = data.agreement / data.agreement.mean()
        count, longest = len(data.lengths), int(data.lengths.max())
        starts = np.concatenate([[0], np.cumsum(data.lengths)[:-1]])
        self.index = np.where(np.arange(longest) < data.lengths[:, None], starts[:, None] + np.arange(longest), -1)
        self.mask = self.index >= 0
        self.row_share = np.repeat(self.share, data.lengths)
        gold = np.eye(COUNT)[data.labels] * self.row_share[:, None]
        self.seen = self.transposed @ gold
        self.seen_first = np.zeros(COUNT)
        self.seen_pairs = np.zeros((COUNT, COUNT))
        for abstract in range(count):
            roles = data.labels[self.index[abstract][self.mask[abstract]]]
            self.seen_first[roles[0]] += self.share[abstract]
            np.add.at(self.seen_pairs, (roles[:-1], roles[1:]), self.share[abstract])

    def unpack(self, flat: np.ndarray) -> Chain:
        """The flat vector of the optimiser as a chain."""
        size = self.inputs.shape[1] * COUNT
        return Chain(flat[:size].reshape(-1, COUNT), flat[size:-COUNT].reshape(COUNT, COUNT), flat[-COUNT:])

    def __call__(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        chain = self.unpack(flat)
        emissions = np.zeros((*self.mask.shape, COUNT))
        emissions[self.mask] = (self.inputs @ chain.weights)[self.index[self.mask]]
        ahead, behind, total = self._passes(emissions, chain)
        marginals = np.exp(ahead + behind - total[:, None, None])
        expected = np.zeros((self.inputs.shape[0], COUNT))
        expected[self.index[self.mask]] = marginals[self.mask]
        pairs = self._expected_pairs(emissions, chain, ahead=ahead, behind=behind, total=total)
        gain = (self.seen * chain.weights).sum() + (self.seen_pairs * chain.transitions).sum()
        gain += (self.seen_first * chain.initial).sum() - (total * self.share).sum()
        slope = np.concatenate(
            [
                (self.seen - self.transposed @ (expected * self.row_share[:, None])).ravel(),
                (self.seen_pairs - pairs).ravel(),
                self.seen_first - (marginals[:, 0] * self.share[:, None]).sum(0),
            ]
        )
        return float(flat @ flat / (2 * self.variance) - gain), flat / self.variance - slope

    def _passes(self, emissions: np.ndarray, chain: Chain) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        ahead, behind = np.zeros_like(emissions), np.zeros_like(emissions)
        ahead[:, 0] = emissions[:, 0] + chain.initial
        for step in range(1, emissions.shape[1]):
            new = log_sum(ahead[:, step - 1][:, :, None] + chain.transitions, 1) + emissions[:, step]
            ahead[:, step] = np.where(self.mask[:, step, None], new, ahead[:, step - 1])
        for step in range(emissions.shape[1] - 2, -1, -1):
            new = log_sum(chain.transitions + (emissions[:, step + 1] + behind[:, step + 1])[:, None, :], 2)
            behind[:, step] = np.where(self.mask[:, step + 1, None], new, 0.0)
        return ahead, behind, log_sum(ahead[:, -1], 1)

    def _expected_pairs(
        self, emissions: np.ndarray, chain: Chain, *, ahead: np.ndarray, behind: np.ndarray, total: np.ndarray
    ) -> np.ndarray:
        pairs = np.zeros((COUNT, COUNT))
        for step in range(emissions.shape[1] - 1):
            on = self.mask[:, step + 1]
            after = (emissions[on, step + 1] + behind[on, step + 1])[:, None, :]
            joint = ahead[on, step][:, :, None] + chain.transitions + after - total[on][:, None, None]
            pairs += (np.exp(joint) * self.share[on][:, None, None]).sum(0)
        return pairs


def fit(inputs: csr_matrix, data: Split, *, variance: float) -> Chain:
    """The chain of greatest penalised likelihood (L-BFGS, 120 steps)."""
    likelihood = Likelihood(inputs, data, variance=variance)
    start = np.zeros(inputs.shape[1] * COUNT + COUNT * COUNT + COUNT)
    found = minimize(likelihood, start, jac=True, method="L-BFGS-B", options={"maxiter": 120, "maxcor": 10})
    return likelihood.unpack(found.x)


def strongest(inputs: csr_matrix, chain: Chain, *, kept: int) -> np.ndarray:
    """Columns of the ``kept`` features that move the scores most: largest weight times root mean square value."""
    size = np.sqrt(np.asarray(inputs.multiply(inputs).mean(0)).ravel())
    return np.sort(np.argsort(-np.abs(chain.weights).max(1) * size, kind="stable")[:kept])


def marginals(inputs: csr_matrix, chain: Chain, lengths: Sequence[int]) -> np.ndarray:
    """(sentences, roles) log marginals."""
    scores, rows = inputs @ chain.weights, []
    for own in np.split(scores, np.cumsum(lengths)[:-1]):
        ahead, behind = np.zeros_like(own), np.zeros_like(own)
        ahead[0] = own[0] + chain.initial
        for step in range(1, len(own)):
            ahead[step] = own[step] + np.logaddexp.reduce(ahead[step - 1][:, None] + chain.transitions, 0)
        for step in range(len(own) - 2, -1, -1):
            behind[step] = np.logaddexp.reduce(chain.transitions + (own[step + 1] + behind[step + 1]), 1)
        both = ahead + behind
        rows.append(both - np.logaddexp.reduce(both, 1)[:, None])
    return np.concatenate(rows)


def shifted(log_marginals: np.ndarray, offsets: tuple[float, float]) -> np.ndarray:
    """Likeliest roles after adding the offsets of "objective" and "other"."""
    bonus = np.zeros(COUNT)
    bonus[ROLES.index("objective")], bonus[ROLES.index("other")] = offsets
    return np.asarray((log_marginals + bonus).argmax(1))


def macro_f1(gold: np.ndarray, found: np.ndarray) -> float:
    """Unweighted mean of the roles' F1."""
    return float(f1_score(gold, found, average="macro"))


def choose(records: Sequence[dict[str, Any]]) -> tuple[int, float, tuple[float, float]]:
    """Features kept, variance and offsets with the best cross-validated macro-F1."""
    fold = np.random.RandomState(0).permutation(len(records)) % FOLDS
    outcomes: dict[tuple[int, float], list[np.ndarray]] = {}
    gold: list[np.ndarray] = []
    for held in range(FOLDS):
        data = split([r for r, f in zip(records, fold, strict=True) if f != held])
        test = split([r for r, f in zip(records, fold, strict=True) if f == held])
        names = vocabulary(data.rows)
        inputs, unseen = matrix(data.rows, names), matrix(test.rows, names)
        full = fit(inputs, data, variance=VARIANCES[0])
        gold.append(test.labels)
        for kept in KEPT_FEATURES:
            columns = strongest(inputs, full, kept=kept)
            for variance in VARIANCES:
                chain = fit(inputs[:, columns], data, variance=variance)
                outcomes.setdefault((kept, variance), []).append(marginals(unseen[:, columns], chain, test.lengths))
    labels = np.concatenate(gold)
    ranked = [
        (macro_f1(labels, shifted(np.concatenate(found), offsets)), kept, variance, offsets)
        for (kept, variance), found in outcomes.items()
        for offsets in OFFSETS
    ]
    score, kept, variance, offsets = max(ranked)
    print(f"cross-validation on train: macro-F1 {score:.4f} with {kept} features, variance {variance}, {offsets}")
    return kept, variance, offsets


def train(
    records: Sequence[dict[str, Any]], *, kept: int, variance: float, offsets: tuple[float, float]
) -> dict[str, Any]:
    """The weights as they are shipped: 8-bit integers times one scale."""
    data = split(records)
    names = vocabulary(data.rows)
    inputs = matrix(data.rows, names)
    columns = strongest(inputs, fit(inputs, data, variance=variance), kept=kept)
    chain = fit(inputs[:, columns], data, variance=variance)
    scale = float(np.abs(chain.weights).max() / 127)
    whole = np.rint(chain.weights / scale).astype(int)
    bonus = dict(zip(("objective", "other"), offsets, strict=True))
    return {
        "source": "CSAbstruct train (Cohan et al. 2019, Apache-2.0), tests/benchmarks/roles_train.py",
        "roles": list(ROLES),
        "scale": round(scale, 8),
        "features": {names[c]: row.tolist() for c, row in zip(columns, whole, strict=True) if row.any()},
        "transitions": np.round(chain.transitions, 4).tolist(),
        "initial": np.round(chain.initial, 4).tolist(),
        "offsets": [bonus.get(role, 0.0) for role in ROLES],
    }


def report(name: str, records: Sequence[dict[str, Any]]) -> float:
    """Prints and returns macro-F1 of the shipped classifier on labelled abstracts."""
    gold = [label for record in records for label in record["labels"]]
    found = [score.role for record in records for score in classify(record["sentences"])]
    each = f1_score(gold, found, average=None, labels=list(ROLES))
    macro = float(f1_score(gold, found, average="macro"))
    parts = ", ".join(f"{role} {value:.3f}" for role, value in zip(ROLES, each, strict=True))
    print(f"{name}: macro-F1 {macro:.4f}, accuracy {accuracy_score(gold, found):.4f} ({parts}; n={len(gold)})")
    return macro


def main() -> None:
    """Train, write, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--test", type=Path)
    parser.add_argument("--out", type=Path, default=Path("kb/writing/data/roles.json"))
    given = parser.parse_args()
    dev = read(given.data / "dev.jsonl")
    held = frozenset(record["sentences"][0] for record in dev)
    records = read(given.data / "train.jsonl", without=held)
    kept, variance, offsets = choose(records)
    weights = train(records, kept=kept, variance=variance, offsets=offsets)
    given.out.write_text(json.dumps(weights, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{given.out}: {given.out.stat().st_size / 1024:.0f} KB")
    report("dev", dev)
    if given.test:
        test = read(given.test)
        seen = frozenset(record["sentences"][0] for record in records)
        report("test", test)
        report("test without the abstracts that are in train too", read(given.test, without=seen))


if __name__ == "__main__":
    main()
