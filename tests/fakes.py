"""Stand-ins at the edge of the world that keep its meaning, so that tests can assert more than lengths."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from kb.index.catalog import Catalog
from kb.index.catalog.papers import Arrival, PlacedRecord
from kb.protocols import Vectors
from kb.records import SourceRecord

_WORD = re.compile(r"\w+|[^\w\s]")


def take_in(catalog: Catalog, record: SourceRecord, *, run: str = "") -> PlacedRecord:
    """What one record that comes alone changes."""
    return catalog.papers.take_in([Arrival(record=record)], run=run).placed[0][0]


class WordEncoder:
    """An encoder that knows words only: texts that share words are nearer. A token is a word or a mark.

    Words are hashed into signed dimensions (feature hashing, Weinberger et al. 2009), so two texts without a common
    word are nearly at right angles. Reads ``max_tokens - 2`` tokens, as a real encoder would.
    """

    dimension = 384

    def __init__(self, *, max_tokens: int = 256) -> None:
        self.max_tokens = max_tokens
        self.fingerprint = f"words:{max_tokens}"

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Words and marks of each text."""
        return [len(_WORD.findall(text)) for text in texts]

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dimension) float32, L2-normalised."""
        return np.array([self.encode_query(text) for text in texts], dtype=np.float32).reshape(-1, self.dimension)

    def encode_query(self, text: str) -> Vectors:
        """(dimension,) float32, L2-normalised; a text without words has a direction of its own."""
        vector = np.zeros(self.dimension, dtype=np.float32)
        for word in _WORD.findall(text.lower())[: self.max_tokens - 2]:
            digest = hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()
            vector[1 + int.from_bytes(digest[:4], "big") % (self.dimension - 1)] += 1 if digest[4] % 2 else -1
        if not vector.any():
            vector[0] = 1
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


class WordReader:
    """A reader that knows words only: a sentence answers the surer the more of the question's words it has."""

    def answers(self, question: str, sentences: Sequence[tuple[str, str]]) -> Vectors:
        """(n,) float32 log-odds, from -4 for no shared word to 4 for all."""
        asked = set(_WORD.findall(question.lower())) - {"?"}
        shares = [len(asked & set(_WORD.findall(sentence.lower()))) / max(1, len(asked)) for sentence, _ in sentences]
        return np.array([8 * share - 4 for share in shares], dtype=np.float32)
