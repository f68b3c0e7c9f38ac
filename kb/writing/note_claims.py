"""Claims of a note before it is laid out: sentences with their evidence, fields with how they came about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kb.protocols import Corpus, Entailment
from kb.records import Claim, Evidence, FieldStatus, Verdict
from kb.writing.note_sentences import NoteSentence

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


class Verifier(Protocol):
    """What the notes ask of verification: a verdict on a sentence against the texts it cites, and its reason."""

    def __call__(
        self,
        text: str,
        evidence: Sequence[str],
        *,
        encode: Encode | None = None,
        entailment: Entailment | None = None,
    ) -> tuple[Verdict, str]:
        """Verdict and reason."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDraft:
    """A field of a note: what it says, and how it came about."""

    claims: tuple[Claim, ...] = ()
    status: FieldStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoting:
    """Makes evidence of sentences and claims of texts that cite them."""

    corpus: Corpus
    verify: Verifier

    def evidence(self, sentence: NoteSentence) -> Evidence:
        """The sentence as a quote; its marker is set when the note is laid out."""
        chunk = sentence.chunk
        page, boxes = self.corpus.locate(chunk.id, sentence.start, sentence.end)
        return Evidence(
            marker="",
            paper_id=chunk.paper_id,
            version=chunk.version,
            chunk_id=chunk.id,
            start=sentence.start,
            end=sentence.end,
            quote=chunk.text[sentence.start : sentence.end],
            page=page,
            boxes=boxes,
        )

    def claim(self, text: str, *, cited: Sequence[NoteSentence]) -> Claim:
        """A text as a claim with its verdict against the sentences that it cites."""
        evidence = tuple(self.evidence(sentence) for sentence in cited)
        quotes = [quote.quote for quote in evidence]
        verdict, reason = self.verify(text, quotes, encode=self.corpus.encode, entailment=self.corpus.entailment())
        return Claim(text=text, verdict=verdict, verdict_reason=reason, evidence=evidence)
