"""The seams of the house: what a stage may ask of another, without knowing it.

Each protocol has at least two real users (the product's implementation, and a second one or a meaningful fake),
and one contract suite in ``tests/contracts`` that runs over all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kb.records import NO_FILTERS, Box, Chunk, Filters, Grouping, Hit, Mention, Mode, Paper, PrintedRow

Vectors = NDArray[np.float32]
Keys = NDArray[np.int64]  # chunk keys: the catalog's integers for chunks, never used twice


class Encoder(Protocol):
    """Text to vectors. All vectors are float32 and L2-normalised; the same text gives the same vector."""

    @property
    def fingerprint(self) -> str:
        """Names weights, precision class, token limit and pooling: vectors of two fingerprints never mix."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text the encoder really reads, special tokens included."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text without special tokens and without truncation."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dimension); order of the input is kept."""
        ...

    def encode_query(self, text: str) -> Vectors:
        """(dimension,)."""
        ...


class DenseIndex(Protocol):
    """Nearest neighbours by cosine similarity. Over-fetching or an exact scan is the index's own affair."""

    def put(self, keys: Sequence[int], vectors: Vectors) -> None:
        """Store (n, dimension) vectors; a key that is there is replaced."""
        ...

    def drop(self, keys: Collection[int]) -> None:
        """Remove; unknown keys are no error."""
        ...

    def nearest(self, vector: Vectors, *, k: int, within: Keys | None = None) -> list[tuple[int, float]]:
        """Up to k (key, cosine similarity in [-1, 1]), best first; k of them whenever ``within`` (sorted) has k."""
        ...

    def reopen(self) -> None:
        """See what was stored since, by this or another process; the next use opens the index again."""
        ...


class Reranker(Protocol):
    """An optional second stage that reads query and passage together."""

    def score(self, query: str, passages: Sequence[str]) -> Vectors:
        """(n,) scores, higher is better."""
        ...


class Reader(Protocol):
    """Reads a question and a sentence together, as a reader does who was handed both."""

    def answers(self, question: str, sentences: Sequence[tuple[str, str]]) -> Vectors:
        """(n,) log-odds that each (sentence, what stands before it) answers the question."""
        ...


class Entailment(Protocol):
    """An optional natural-language-inference model: a further check of what a language model wrote."""

    def entails(self, text: str, evidence: Sequence[str]) -> float:
        """The probability (0 to 1) that one of the passages entails the text."""
        ...


class ChatModel(Protocol):
    """A language model as the writing stages see it. Calls are cached by content, counted and capped.

    Every method raises ``kb.errors.ModelError`` when the model fails, times out or the cap is reached.
    """

    @property
    def name(self) -> str:
        """What ``KB_MODEL`` says, e.g. ``ollama:qwen3``."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether text sent to it stays on this machine."""
        ...

    def complete(self, system: str, user: str) -> str:
        """The model's whole reply."""
        ...

    def stream(self, system: str, user: str) -> Iterator[str]:
        """The reply in pieces as they come."""
        ...

    def structured(self, system: str, user: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """A reply that satisfies the JSON schema; falls back to reading JSON out of plain text."""
        ...


class Corpus(Protocol):
    """What the writing stages may ask of the stored papers: find, read, and locate quotes."""

    def search(
        self,
        query: str,
        *,
        k: int = 10,
        mode: Mode = "hybrid",
        filters: Filters = NO_FILTERS,
        by: Grouping = "chunk",
    ) -> list[Hit]:
        """Chunks (or the best chunk of each paper) for a query, best first."""
        ...

    def mentioned(self, text: str) -> list[Paper]:
        """Papers that a text may name, by id, key, title or author: likely ones, to be looked at."""
        ...

    def chunks(self, paper_id: str) -> list[Chunk]:
        """All chunks of a paper in reading order (references are never among them)."""
        ...

    def locate(self, chunk_id: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int | None, tuple[Box, ...]]]:
        """Of each span of the chunk's text the page of its first character and its boxes; (None, ()) without a PDF."""
        ...

    def rows(self, chunk_id: str) -> tuple[PrintedRow, ...]:
        """The rows of printed tables in a chunk's text, every cell with what names it; none in prose."""
        ...

    def page_label(self, paper_id: str, page: int) -> str | None:
        """The number that a page (from 1) of the paper's file prints; None where it is not known."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n, d) L2-normalised vectors of sentences or questions, by the library's encoder."""
        ...

    def reader(self) -> Reader | None:
        """The model that judges whether a sentence answers a question; None where it cannot run."""
        ...

    def entailment(self) -> Entailment | None:
        """The model that checks whether evidence entails a sentence; None where the owner set none."""
        ...


class PaperRecords(Protocol):
    """What the records of the stored papers say by themselves, without a search by meaning."""

    def papers(self, filters: Filters = NO_FILTERS, *, limit: int | None = None) -> list[Paper]:
        """The papers that pass (at most ``limit``), the newest first."""
        ...

    def count(self, filters: Filters = NO_FILTERS) -> int:
        """How many papers pass."""
        ...

    def naming(self, name: str, filters: Filters = NO_FILTERS) -> list[Mention]:
        """Every paper whose text or record has a name as whole words, each with the first sentence that does.

        Raises ``kb.errors.UsageError`` when the name has no letter or digit.
        """
        ...
