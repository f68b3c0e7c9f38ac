"""The product's encoder for the benchmarks, with a memory: the same sentence is encoded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kb.index.encoders import load_encoder
from kb.protocols import Vectors
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
