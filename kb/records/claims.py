"""Claims: sentences with their evidence and verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kb.records.intake import Reason
from kb.records.papers import Box, Paper

Verdict = Literal["verbatim", "supported", "partly", "unsupported", "contradicted"]
Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A verbatim quote: ``quote == chunk.text[start:end]``. ``marker`` is what the text shows, e.g. "1".

    ``earlier_reading``: the file was read again since, and the quotation is of what was read of it before; its chunk
    is no more, its page and boxes still show where it stands. ``recognised``: a text recogniser read it from a picture
    of the page, and it may be wrong in letters.
    """

    marker: str
    paper_id: str
    version: int | None
    chunk_id: str
    start: int
    end: int
    quote: str
    page: int | None = None
    boxes: tuple[Box, ...] = ()
    earlier_reading: bool = False
    recognised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence of an answer or a note with its evidence and verdict.

    ``text_verified`` is the sentence in the paper's language that was verified, when ``text`` is its translation.
    A verdict says "found in the source", never "true"; None is that of a quotation, which needs none. The reason is
    a record in answers, a sentence in notes.
    """

    text: str
    verdict: Verdict | None
    verdict_reason: Reason | str | None
    evidence: tuple[Evidence, ...]
    text_verified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the language model cost: calls made (cached ones are free), tokens as the provider counted them, and time.

    ``seconds`` is wall-clock time of the whole answer, 0 where nobody measured it.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A paper that an answer cites under ``marker``."""

    marker: str
    paper: Paper
