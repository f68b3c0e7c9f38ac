"""Which passages answer a question, by what retrieval, the encoder and the trained reader say of their sentences.

A passage's score is half of retrieval's score, and for its best sentence the cosine to the question and half of the
reader's probability that it answers. The three weights are the only ones; what they earn, and what other signals did
not, stands in ``tests/benchmarks/answers.md``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kb import literals
from kb.answering.passages import cells_at, numbered, spans
from kb.protocols import Corpus
from kb.records import CELLS, Hit, Passage, QuestionKind, ShortSpan
from kb.structure import CITATION, POINTER, is_references, without_signs
from kb.tables import told
from kb.words import content_stems, is_latin

_HYBRID, _COSINE, _READER = 0.5, 1.0, 0.5
_PER_CHUNK, _ENCODED, _READ = 3, 48, 16  # sentences that are encoded of a chunk and in all, and that are read
_MORE_COMES = (":", "：")


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedChunk:
    """A chunk with what was found of its sentences.

    ``spans`` are those of all its sentences; ``cosine`` in [-1, 1] and ``probability`` in [0, 1] are the highest of
    those that were looked at, 0 where none was; ``best`` is the place of the sentence that answers best.
    """

    hit: Hit
    spans: tuple[tuple[int, int], ...]
    cosine: float
    probability: float
    score: float
    best: int


@dataclass(frozen=True, slots=True)
class _Read:
    """A chunk as it is judged: its sentences, and what each says.

    A row of a table says its cells with their names, an equation its number and words.
    """

    hit: Hit
    spans: tuple[tuple[int, int], ...]
    texts: tuple[str, ...]
    rows: frozenset[int]  # places of rows of tables

    def under_heading(self, place: int) -> str:
        """A sentence after its section's heading: what "they" and "84.2" are about."""
        heading = self.hit.section[-1] if self.hit.section else ""
        return f"{heading}: {self.texts[place]}" if heading else self.texts[place]

    def in_context(self, place: int) -> tuple[str, str]:
        """A sentence, and what a reader has seen when he comes to it: the paper's title and the sentence before it, or
        above a row of a table its caption."""
        earlier = [at for at in range(place) if place not in self.rows or at not in self.rows]
        before = self.texts[earlier[-1]] if earlier else ""
        return self.texts[place], ": ".join(part for part in (self.hit.paper.title, before) if part)


def _read(hit: Hit, *, corpus: Corpus) -> _Read:
    found = tuple(spans(hit.text, hit.equations))
    cells = cells_at(found, corpus.rows(hit.chunk_id)) if CELLS in hit.text else {}
    rows = {start: told(several) for start, several in cells.items()}
    said = (without_signs(hit.text, hit.equations, start=start, end=end) for start, end in found)
    texts = tuple(rows.get(start) or " ".join(text.split()) for (start, _), text in zip(found, said, strict=True))
    return _Read(hit, found, texts, frozenset(at for at, (start, _) in enumerate(found) if start in rows))


@dataclass(slots=True)
class _Sentence:
    """A sentence of a chunk (``nth``) that may be looked at, with its signals so far."""

    nth: int
    place: int
    overlap: float
    cosine: float = 0.0
    probability: float = 0.0

    @property
    def score(self) -> float:
        return _COSINE * self.cosine + _READER * self.probability


def rank(question: str, hits: Sequence[Hit], *, corpus: Corpus) -> list[RankedChunk]:
    """The chunks in the order in which they are likely to answer, best first (ties by chunk id).

    Of each chunk the sentences that share the rarest words with the question are encoded, and those nearest to it are
    read. Without a reader, or for a question in a script that it never learned, its term is left out.
    """
    read = [_read(hit, corpus=corpus) for hit in hits if not (hit.section and is_references(hit.section[-1]))]
    read = [one for one in read if one.spans]
    if not read:
        return []
    top = max(one.hit.score for one in read) or 1.0
    looked_at = _looked_at(question, read, top=top)
    texts = [read[each.nth].under_heading(each.place) for each in looked_at]
    vectors = corpus.encode([question, *texts])
    for each, cosine in zip(looked_at, (vectors[1:] @ vectors[0]).tolist(), strict=True):
        each.cosine = cosine
    reader = corpus.reader() if is_latin(question) else None
    if reader is not None:
        nearest = sorted(looked_at, key=lambda each: (-each.cosine, each.nth, each.place))[:_READ]
        odds = reader.answers(question, [read[each.nth].in_context(each.place) for each in nearest])
        for each, value in zip(nearest, odds.tolist(), strict=True):
            each.probability = 1.0 / (1.0 + math.exp(-value))
    lowest = min(each.cosine for each in looked_at)
    ranked = []
    for nth, one in enumerate(read):
        own = [each for each in looked_at if each.nth == nth]
        best = max(own, key=lambda each: (each.score, -each.place), default=_Sentence(nth, 0, 0.0, cosine=lowest))
        ranked.append(
            RankedChunk(
                hit=one.hit,
                spans=one.spans,
                cosine=max((each.cosine for each in own), default=0.0),
                probability=max((each.probability for each in own), default=0.0),
                score=round(_HYBRID * one.hit.score / top + best.score, 6),
                best=best.place,
            )
        )
    return sorted(ranked, key=lambda each: (-each.score, each.hit.chunk_id))


def _looked_at(question: str, read: Sequence[_Read], *, top: float) -> list[_Sentence]:
    """The sentences that are encoded: some of each chunk, by the question's rare words in them and by their chunk."""
    stems = list(dict.fromkeys(content_stems(question)))
    there = [set(content_stems(one.hit.text)) for one in read]
    rarity = {stem: math.log(1 + (len(read) + 1) / (sum(stem in one for one in there) + 0.5)) for stem in stems}
    total = sum(rarity.values()) or 1.0
    found: list[_Sentence] = []
    for nth, one in enumerate(read):
        said = [set(content_stems(text)) for text in one.texts]
        overlaps = [sum(rarity[stem] for stem in stems if stem in words) / total for words in said]
        best = sorted(range(len(said)), key=lambda place: (-overlaps[place], place))[:_PER_CHUNK]
        found += [_Sentence(nth, place, overlaps[place]) for place in best]
    found.sort(key=lambda each: (-(each.overlap + read[each.nth].hit.score / top), each.nth, each.place))
    return found[:_ENCODED]


def passage(ranked: RankedChunk, marker: str, *, question: str, kind: QuestionKind) -> Passage:
    """The chunk as passage ``marker``, with the sentences that answer: the best one, and a list that it announces."""
    made = numbered(ranked.hit, marker)
    last = ranked.best
    if made.sentences[last].text.endswith(_MORE_COMES):
        last = len(made.sentences) - 1
    answering = tuple(each.n for each in made.sentences[ranked.best : last + 1])
    best = made.sentences[ranked.best]
    sure = ranked.probability >= _SURE_SPAN
    words = best.text
    for one in made.equations_of(best):  # its signs in one line are no names
        start, end = max(one.start - best.start, 0), min(one.end, best.end) - best.start
        words = words[:start] + " " * (end - start) + words[end:]
    span = short_span(words, question=question, kind=kind) if sure else None
    short = None if span is None else ShortSpan(n=best.n, start=span[0], end=span[1])
    return replace(made, answering=answering, short_span=short, score=ranked.score)


def unread(hit: Hit) -> RankedChunk:
    """A chunk that nothing was asked of: it is shown for the one before it, as a whole."""
    return RankedChunk(
        hit=hit, spans=tuple(spans(hit.text, hit.equations)), cosine=0.0, probability=0.0, score=0.0, best=0
    )


def goes_on(ranked: RankedChunk) -> bool:
    """Whether what the best sentence announces stands in the next chunk."""
    sentence = ranked.hit.text[slice(*ranked.spans[ranked.best])]
    return ranked.best == len(ranked.spans) - 1 and sentence.endswith(_MORE_COMES)


_NUMBER = re.compile(
    r"(?<![\w.,/-])[-−–]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?:\s?(?:%|percent\b|×))?|(?<![\w.,/-])[-−–]?\d+(?:\.\d+)?"
    r"(?:\s?(?:%|percent\b|×|[kKMB]\b|million\b|billion\b|thousand\b))?(?![\w/-]|[.,]\d)"
)
# Numbers of things that are no amounts: citations, items, sections.
_NO_AMOUNT = re.compile(
    rf"{CITATION}|\(?\b\d{{1,2}}\)|^\d{{1,2}}[.)]\s"
    rf"|\b{POINTER}\s*\d+(?:\.\d+)*",
    re.IGNORECASE,
)
_ASKS_A_NAME = re.compile(r"(?:who|whom|which|what)\b", re.IGNORECASE)
_NEAREST = 5  # chunks whose cosines count for the confidence
_SURE_SPAN = 0.3  # probability of its sentence from which a short span is shown


def short_span(sentence: str, *, question: str, kind: QuestionKind) -> tuple[int, int] | None:
    """Where in the sentence the number or name stands that is asked for: the only one that the question does not have.

    None where neither is asked for, or several stand there: which of them it is nobody can tell by form.
    """
    if kind == "lookup" and _ASKS_A_NAME.match(question.strip()):
        names = [name for name in literals.names(sentence) if not literals.has_name(question, name)]
        at = sentence.find(names[0]) if len(names) == 1 else -1
        return (at, at + len(names[0])) if at >= 0 else None
    if kind != "number":
        return None
    bare = _NO_AMOUNT.sub(lambda match: " " * len(match[0]), sentence)
    asked = {match[0] for match in _NUMBER.finditer(question)}
    found = [match.span() for match in _NUMBER.finditer(bare) if match[0] not in asked]
    return found[0] if len(found) == 1 else None


# A logistic regression of "the papers answer it" over questions that they answer and others; how it was fitted, and how
# far it carries: ``tests/benchmarks/answers.md``.
_CONFIDENCE = {"probability": 2.38, "cosine": 1.51, "unknown": -1.95}
_INTERCEPT = -1.39
THRESHOLD = 0.5


def confidence(question: str, ranked: Sequence[RankedChunk]) -> float:
    """The probability in [0, 1] that one of the chunks answers the question; 0 where there is none.

    From the reader's highest probability, the highest cosine, and whether the question has a name or number that none
    of the chunks prints.
    """
    if not ranked:
        return 0.0
    printed = "\n".join(f"{e.hit.paper.title} {' '.join(e.hit.section)} {e.hit.text}" for e in ranked)
    absent = literals.missing(question, printed)
    signals = {
        "probability": max(each.probability for each in ranked),
        "cosine": max(each.cosine for each in ranked[:_NEAREST]),
        "unknown": float(bool(absent.names or absent.numbers)),
    }
    total = _INTERCEPT + sum(_CONFIDENCE[name] * value for name, value in signals.items())
    return 1.0 / (1.0 + math.exp(-total))
