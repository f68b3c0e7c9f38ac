"""An encoder over a compiled graph: tokens in batches of similar length in, unit vectors out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kb.index.encoders.model_files import BertModel
from kb.index.encoders.tokenizer import ModelTokenizer, clean_text
from kb.protocols import Vectors

Tokens = NDArray[np.int32]
Run = Callable[[Tokens, Tokens], Vectors]
SHORT = 32  # tokens of a short query: a graph of this one shape spares it two fifths of its time
BATCH = 16  # whole chunks: 8 to 32 are equally fast; sentences: 16 is fastest, 128 a third slower (cache)


def fingerprint_of(bert: BertModel, *, precision: str) -> str:
    """Names everything that decides a vector: weights, pooling, token limit, prompts, class of arithmetic.

    float32, bfloat16 and mixed are one class, "faithful": to float32 their vectors have a mean cosine of 0.9999 and
    0.999 or better and they rank alike, so a home copied from a laptop with bfloat16 to one without keeps working.
    int8 is a class of its own.
    Neither the model's name nor its path is part: the same weights under another name are the same encoder.
    """
    kind = "int8" if precision == "int8" else "faithful"
    prompts = [f"{bert.query_prompt!r}+{bert.passage_prompt!r}"] if bert.query_prompt or bert.passage_prompt else []
    return ":".join([bert.weights_sha256[:16], bert.pooling, str(bert.max_tokens), kind, *prompts])


class GraphEncoder:
    """Runs a BERT through ``run(token numbers, mask) -> (n, d)``; satisfies ``kb.protocols.Encoder``.

    ``run_short`` is the same for one query of up to ``SHORT`` tokens, padded to (1, ``SHORT``); None where there is
    nothing to gain by it. ``runtime`` says how vectors are computed, for ``kb status`` and benchmarks, e.g. "openvino
    bfloat16".
    """

    def __init__(
        self, bert: BertModel, run: Run, *, runtime: str, precision: str, run_short: Run | None = None
    ) -> None:
        self._bert = bert
        self._run, self._run_short = run, run_short
        self._tokenizer = ModelTokenizer(bert.folder, max_tokens=bert.max_tokens)
        self._prompt_tokens = sum(self._tokenizer.count([bert.passage_prompt])) if bert.passage_prompt else 0
        self._fingerprint = fingerprint_of(bert, precision=precision)
        self.runtime = runtime

    @property
    def fingerprint(self) -> str:
        """See ``fingerprint_of``."""
        return self._fingerprint

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._bert.hidden

    @property
    def max_tokens(self) -> int:
        """Tokens that the model reads of a text, special tokens included, the model's own prompt not."""
        return self._bert.max_tokens - self._prompt_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text without special tokens and without truncation."""
        return self._tokenizer.count(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dimension) float32, L2-normalised, in the order of ``texts``."""
        return self._encode(
            [self._bert.passage_prompt + text for text in texts] if self._bert.passage_prompt else texts
        )

    def encode_query(self, text: str) -> Vectors:
        """(dimension,) float32, L2-normalised."""
        tokens = self._tokenizer.encode([clean_text(self._bert.query_prompt + clean_text(text))])
        pad = self._bert.pad_token
        if self._run_short is not None and len(tokens[0]) <= SHORT:
            return self._run_short(*padded(tokens, pad=pad, length=SHORT)).reshape(-1)
        return self._run(*padded(tokens, pad=pad)).reshape(-1)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        # Repeated texts (a paper's title heads each of its chunks) are computed once.
        places = {text: place for place, text in enumerate(dict.fromkeys(map(clean_text, texts)))}
        vectors = self._encode_distinct(list(places))
        return vectors if len(places) == len(texts) else vectors[[places[clean_text(text)] for text in texts]]

    def _encode_distinct(self, texts: list[str]) -> Vectors:
        tokens = self._tokenizer.encode(texts)
        vectors = np.empty((len(texts), self._bert.hidden), dtype=np.float32)
        # Texts of like length share a batch, so little padding is computed; ties keep the order of the input.
        longest_first = sorted(range(len(tokens)), key=lambda i: -len(tokens[i]))
        start = 0
        for ids, mask in batches([tokens[i] for i in longest_first], self._bert):
            vectors[longest_first[start : start + len(ids)]] = self._run(ids, mask)
            start += len(ids)
        return vectors


def batches(tokens: list[list[int]], bert: BertModel) -> Iterator[tuple[Tokens, Tokens]]:
    """Token numbers and masks, (up to ``BATCH``, longest of the batch) each."""
    for start in range(0, len(tokens), BATCH):
        yield padded(tokens[start : start + BATCH], pad=bert.pad_token)


def padded(tokens: list[list[int]], *, pad: int, length: int = 0) -> tuple[Tokens, Tokens]:
    """Rows of numbers as one array, filled up with ``pad`` to the longest or to ``length``, and the mask of them."""
    numbers = np.full((len(tokens), length or max(map(len, tokens))), pad, dtype=np.int32)
    mask = np.zeros_like(numbers)
    for row, ids in enumerate(tokens):
        numbers[row, : len(ids)] = ids
        mask[row, : len(ids)] = 1
    return numbers, mask
