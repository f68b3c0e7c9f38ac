"""Trains the linear-chain conditional random fields of ``kb.parsing.references``. Needs numpy and scipy."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

from kb.parsing.references import hashed


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Things in a row: the features of each, and its label."""

    features: Sequence[Sequence[str]]
    labels: Sequence[str]


def train(
    entries: Sequence[Row], *, labels: Sequence[str], buckets: int, epochs: int, seed: int = 0, rate: float = 0.04,
    decay: float = 1e-7,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Weights over hashed features, by Adam on the log-likelihood; small ones are left out, the rest is of eight bits.

    Args:
        entries: what to learn from; those of about the same length are learnt from together.
        labels: what a thing can be.
        buckets: how many features are told apart.
        epochs: how often everything is seen.
        seed: of the order.
        rate: of the first step.
        decay: how strongly weights are drawn to zero.
    """
    rows = [[hashed(one, buckets=buckets) for one in entry.features] for entry in entries]
    gold = [np.array([labels.index(name) for name in entry.labels]) for entry in entries]
    order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
    batches = [
        _Batch(
            [rows[at] for at in order[start : start + 96]],
            [gold[at] for at in order[start : start + 96]],
            buckets=buckets,
            kinds=len(labels),
        )
        for start in range(0, len(order), 96)
    ]
    count = len(labels)
    weights = {
        "features": np.zeros((buckets, count), np.float32),
        "transitions": np.zeros((count + 1, count), np.float32),
        "final": np.zeros(count, np.float32),
    }
    means = {name: np.zeros_like(value) for name, value in weights.items()}
    squares = {name: np.zeros_like(value) for name, value in weights.items()}
    draw = random.Random(seed)
    steps, done = epochs * len(batches), 0
    for epoch in range(epochs):
        draw.shuffle(batches)
        total = 0.0
        for batch in batches:
            gradients, loss = batch.gradients(weights)
            total += loss
            done += 1
            now = rate * (1 - done / (steps + 1))
            for name, value in weights.items():
                gradient = gradients[name] + decay * value
                means[name] = 0.9 * means[name] + 0.1 * gradient
                squares[name] = 0.99 * squares[name] + 0.01 * gradient**2
                step = means[name] / (1 - 0.9**done) / (np.sqrt(squares[name] / (1 - 0.99**done)) + 1e-6)
                value -= now * step
        print(f"epoch {epoch + 1}: {total / len(batches):.4f} each", flush=True)
    kept = weights["features"]
    kept[np.abs(kept) < 0.04] = 0
    scale = float(np.abs(kept).max()) / 127
    return {
        "features": np.round(kept / scale).astype(np.int8),
        "scale": np.float32(scale),
        "transitions": weights["transitions"].astype(np.float16),
        "final": weights["final"].astype(np.float16),
    }


class _Batch:
    """Entries of about the same length, with what a step of learning needs of them."""

    def __init__(
        self, rows: Sequence[Sequence[Sequence[int]]], gold: Sequence[np.ndarray], *, buckets: int, kinds: int
    ) -> None:
        self.kinds = kinds
        self.lengths = np.array([len(words) for words in rows])
        self.count, self.longest = len(rows), int(self.lengths.max())
        flat = [word for words in rows for word in words]
        ends = np.cumsum([0, *map(len, flat)])
        places = np.fromiter((at for word in flat for at in word), dtype=np.int32, count=int(ends[-1]))
        self.rows = csr_matrix((np.ones(len(places), np.float32), places, ends), shape=(len(flat), buckets))
        self.mask = np.arange(self.longest)[None] < self.lengths[:, None]
        self.tags = np.zeros((self.count, self.longest), dtype=int)
        self.tags[self.mask] = np.concatenate(gold)

    def gradients(self, weights: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], float]:
        """Of the negative log-likelihood of each thing, by forward and backward sums, and that itself."""
        kinds = self.kinds
        scores = np.zeros((self.count, self.longest, kinds), np.float32)
        scores[self.mask] = self.rows @ weights["features"]
        top = scores.max(axis=2, keepdims=True)
        said = np.exp(scores - top)
        ways, first, final = (
            np.exp(weights["transitions"][:-1]),
            np.exp(weights["transitions"][-1]),
            np.exp(weights["final"]),
        )
        forward, norms = np.zeros_like(said), np.ones((self.count, self.longest), np.float32)
        state = first * said[:, 0]
        for at in range(self.longest):
            state = state if at == 0 else (forward[:, at - 1] @ ways) * said[:, at]
            norms[:, at] = state.sum(axis=1)
            forward[:, at] = state / norms[:, at, None]
        backward = np.zeros_like(said)
        last = self.lengths - 1
        pairs = np.zeros((kinds, kinds), np.float32)
        for at in range(self.longest - 1, -1, -1):
            after = backward[:, at + 1] * said[:, at + 1] if at + 1 < self.longest else np.zeros((self.count, kinds))
            here = after @ ways.T
            here[last == at] = final
            backward[:, at] = here / np.maximum(here.sum(axis=1, keepdims=True), 1e-30)
            inside = last > at
            if inside.any():
                weight = (forward[:, at] * (after @ ways.T)).sum(axis=1)[inside]
                pairs += ((forward[inside, at] / weight[:, None]).T @ after[inside]) * ways
        likely = forward * backward
        likely /= np.maximum(likely.sum(axis=2, keepdims=True), 1e-30)
        words = int(self.lengths.sum())
        people = np.arange(self.count)
        ends = (forward[people, last] * final).sum(axis=1)
        own = scores[self.mask][np.arange(words), self.tags[self.mask]].sum()
        own += weights["transitions"][-1][self.tags[:, 0]].sum() + weights["final"][self.tags[people, last]].sum()
        seen = np.zeros((kinds, kinds), np.float32)
        both = self.mask[:, 1:]
        np.add.at(seen, (self.tags[:, :-1][both], self.tags[:, 1:][both]), 1)
        own += (weights["transitions"][:-1] * seen).sum()
        whole = (np.log(norms) + top[:, :, 0])[self.mask].sum() + np.log(ends).sum()
        right = np.eye(kinds, dtype=np.float32)[self.tags]
        wrong = likely - right
        gradients = {
            "features": (self.rows.T @ wrong[self.mask]) / words,
            "transitions": np.vstack([pairs - seen, wrong[:, 0].sum(axis=0)[None]]) / words,
            "final": wrong[people, last].sum(axis=0) / words,
        }
        return gradients, float(whole - own) / words
