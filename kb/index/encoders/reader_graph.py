"""A reader: question, sentence and what stands before it in one BERT; how surely the sentence answers the question.

The default encoder's own weights with a low-rank update of every dense layer (LoRA, Hu et al. 2022), other layer norms
and segment embeddings, and a linear head over the first and the mean vector. The update (``data/reader.npz``) was
trained as answer sentence selection with an "it is not there" (``tests/benchmarks/reader_train.py`` has the data and
the figures); without the base weights it is nothing, so the package stays small.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from importlib import resources
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.index.encoders.bert_graph import BertGraph
from kb.index.encoders.graph_encoder import BATCH, Tokens, padded
from kb.index.encoders.model_files import BertModel, read_weights
from kb.index.encoders.tokenizer import ModelTokenizer
from kb.protocols import Vectors

_QUESTION, _SENTENCE, _BEFORE = 40, 72, 32  # tokens that are read of each part
_CLS, _SEP = 101, 102  # in the vocabulary of the default encoder, which is BERT's
_HEAD = "head"

Run = Callable[[Tokens, Tokens, Tokens], Vectors]


class ReaderGraph(BertGraph):
    """The graph: int32 ``input_ids``, ``token_type_ids``, ``attention_mask`` (n, tokens) -> float32 (n, 1) log-odds."""

    def build(self) -> tuple[Any, list[Any]]:
        """(output, parameters)."""
        ops = self._ops
        ids, types, mask = (self._tokens(name) for name in ("input_ids", "token_type_ids", "attention_mask"))
        kept = ops.convert(mask, "f32")
        hidden = self._encoded(self._embeddings(ids, types), kept)
        pooled = ops.concat([self._first(hidden), self._mean(hidden, kept)], 1)
        bias = ops.constant(self._weights[f"{_HEAD}.bias"][None])
        return ops.add(ops.matmul(pooled, self._weight(f"{_HEAD}.weight"), False, True), bias), [ids, types, mask]


def _update() -> bytes:
    return resources.files("kb.index.encoders").joinpath("data/reader.npz").read_bytes()


def update_digest() -> str:
    """A short digest of the trained update, by which a graph made with it is known."""
    return hashlib.sha256(_update()).hexdigest()[:8]


def updated_weights(bert: BertModel) -> dict[str, NDArray[np.float32]]:
    """The base weights with the update: ``W + B A`` where it has ``W.a`` (r, in) and ``W.b`` (out, r), else its own."""
    weights = read_weights(bert)
    with np.load(BytesIO(_update())) as arrays:
        update = {name: arrays[name].astype(np.float32) for name in arrays.files}
    for name, values in update.items():
        layer, _, part = name.rpartition(".")
        if part == "a":
            weights[f"{layer}.weight"] = weights[f"{layer}.weight"] + update[f"{layer}.b"] @ values
        elif part != "b":
            weights[name] = values
    return weights


class GraphReader:
    """Runs the graph through ``run(token numbers, segments, mask) -> (n, 1)``; satisfies ``kb.protocols.Reader``."""

    def __init__(self, bert: BertModel, run: Run) -> None:
        self._run = run
        self._pad = bert.pad_token
        self._tokenizer = ModelTokenizer(bert.folder, max_tokens=bert.max_tokens)

    def answers(self, question: str, sentences: Sequence[tuple[str, str]]) -> Vectors:
        """(n,) float32 log-odds that each of (sentence, what stands before it) answers the question."""
        if not sentences:
            return np.empty(0, dtype=np.float32)
        asked = self._tokenizer.pieces([question])[0]
        told = self._tokenizer.pieces([sentence for sentence, _ in sentences])
        before = self._tokenizer.pieces([context for _, context in sentences])
        rows = [self.row(asked, sentence, context) for sentence, context in zip(told, before, strict=True)]
        found = np.empty(len(rows), dtype=np.float32)
        order = sorted(range(len(rows)), key=lambda i: -len(rows[i][0]))  # rows of like length share a batch
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            ids, mask = padded([rows[i][0] for i in batch], pad=self._pad)
            types, _ = padded([rows[i][1] for i in batch], pad=0)
            found[batch] = self._run(ids, types, mask).reshape(-1)
        return found

    @staticmethod
    def row(question: Sequence[int], sentence: Sequence[int], before: Sequence[int]) -> tuple[list[int], list[int]]:
        """Token numbers and segments: the question (0), the sentence (1), what stands before it (0); each cut."""
        first = [_CLS, *question[:_QUESTION], _SEP]
        second = [*sentence[:_SENTENCE], _SEP]
        third = [*before[:_BEFORE], _SEP] if before else []
        return first + second + third, [0] * len(first) + [1] * len(second) + [0] * len(third)
