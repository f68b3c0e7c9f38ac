"""The product's encoder and reader for the benchmarks, with a memory: nothing is computed twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kb.encoders import load_encoder, load_reader
from kb.protocols import Reader, Vectors
from kb.settings import Settings


def load_encode() -> Callable[[Sequence[str]], Vectors]:
    """A function from texts to (n, d) vectors by the encoder of the settings."""
    encoder = load_encoder(Settings.load())
    known: dict[str, Vectors] = {}

    def encode(texts: Sequence[str]) -> Vectors:
        new = sorted({text for text in texts if text not in known}, key=len)
        if new:
            known.update(zip(new, encoder.encode_passages(new), strict=True))
        return np.stack([known[text] for text in texts])

    return encode


class RememberingReader:
    """The product's reader; what it said of a question and a sentence is kept."""

    def __init__(self) -> None:
        reader = load_reader(Settings.load())
        if reader is None:
            raise SystemExit("the reader cannot run here: pip install openvino")
        self._reader: Reader = reader
        self._known: dict[tuple[str, str, str], float] = {}

    def answers(self, question: str, sentences: Sequence[tuple[str, str]]) -> Vectors:
        """(n,) log-odds; see ``kb.protocols.Reader``."""
        new = [pair for pair in dict.fromkeys(sentences) if (question, *pair) not in self._known]
        if new:
            odds = self._reader.answers(question, new)
            self._known.update({(question, *pair): float(value) for pair, value in zip(new, odds, strict=True)})
        return np.array([self._known[question, *pair] for pair in sentences], dtype=np.float32)
