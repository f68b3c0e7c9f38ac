"""A reader: question, sentence and what stands before it in one BERT; how surely the sentence answers the question.

The default encoder's own weights with a low-rank update of every dense layer (LoRA, Hu et al. 2022), other layer norms
and segment embeddings, and a linear head over the first and the mean vector. The update (``data/reader.npz``) was
trained as answer sentence selection with an "it is not there" (``tests/benchmarks/reader_train.py`` has the data and
the figures); without the base weights it is nothing, so the package stays small.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from kb.encoders.model_files import BertModel, ModelTokenizer, Tokens, padded
from kb.protocols import Vectors

_QUESTION, _SENTENCE, _BEFORE = 40, 72, 32  # tokens that are read of each part
_CLS, _SEP = 101, 102  # in the vocabulary of the default encoder, which is BERT's

Run = Callable[[Iterable[Sequence[Tokens]]], list[Vectors]]


def _update() -> bytes:
    return resources.files("kb.encoders").joinpath("data/reader.npz").read_bytes()


def update_digest() -> str:
    """A short digest of the trained update, by which a graph made with it is known."""
    return hashlib.sha256(_update()).hexdigest()[:8]


def trained_update() -> dict[str, NDArray[np.float32]]:
    """By layer: ``W.a`` (r, in) and ``W.b`` (out, r), ``b @ a`` of which is added to ``W.weight``; else a new value.

    ``head.weight`` (1, 2 hidden) and ``head.bias`` (1,) are the linear head.
    """
    with np.load(BytesIO(_update())) as arrays:
        return {name: arrays[name].astype(np.float32) for name in arrays.files}


class AnswerReader:
    """Reads by ``run``, batches of (numbers, segments, mask) -> (n, 1) each; satisfies ``kb.protocols.Reader``."""

    def __init__(self, bert: BertModel, run: Run, *, batch: int) -> None:
        self._run, self._batch = run, batch
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
        order = sorted(range(len(rows)), key=lambda i: -len(rows[i][0]))  # rows of like length share a batch
        batches = [order[start : start + self._batch] for start in range(0, len(order), self._batch)]
        found = np.empty(len(rows), dtype=np.float32)
        for batch, odds in zip(batches, self._run(self._inputs([rows[i] for i in b]) for b in batches), strict=True):
            found[batch] = odds.reshape(-1)
        return found

    def _inputs(self, rows: Sequence[tuple[list[int], list[int]]]) -> tuple[Tokens, Tokens, Tokens]:
        ids, mask = padded([ids for ids, _ in rows], pad=self._pad)
        types, _ = padded([types for _, types in rows], pad=0)
        return ids, types, mask

    @staticmethod
    def row(question: Sequence[int], sentence: Sequence[int], before: Sequence[int]) -> tuple[list[int], list[int]]:
        """Token numbers and segments: the question (0), the sentence (1), what stands before it (0); each cut."""
        first = [_CLS, *question[:_QUESTION], _SEP]
        second = [*sentence[:_SENTENCE], _SEP]
        third = [*before[:_BEFORE], _SEP] if before else []
        return first + second + third, [0] * len(first) + [1] * len(second) + [0] * len(third)
