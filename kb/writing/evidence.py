"""The sentences of the papers that bear on a question: found, scored, folded, spread over papers.

The score of a sentence is a weighted sum of a few signals (weights and where they come from:
``tests/benchmarks/answers.py``): cosine of question and sentence, share of the question's rare words in it and around
it, the score of its chunk, and whether it has the form of an answer to this kind of question.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kb.protocols import ChatModel, Corpus
from kb.records import NO_FILTERS, Filters, Hit
from kb.text import sentence_spans
from kb.writing import particulars
from kb.writing.answer_forms import enumerates, hopes, is_own, speaks_of_others, suits
from kb.writing.instructions import is_instruction
from kb.writing.questions import Question, definitions, read_question, variants
from kb.writing.words import content_stems

HITS_PER_QUERY = 24
MOST_CANDIDATES = 120
_WEIGHTS = {
    "similarity": 1.0, "overlap": 0.1, "around": 0.05, "chunk": 0.3, "form": 0.4, "prose": 0.05,
    "names": 0.15, "hopes": -0.05, "own": 0.03, "foreign": -0.2,
}  # fmt: skip
_NEAR_DUPLICATE = 0.8  # Jaccard of stems from which two sentences say the same
_MIN_WORDS, _MAX_WORDS = 4, 120
# Text that is printed in papers but is no statement of theirs.
_BOILERPLATE = re.compile(
    r"all rights reserved|permission to make digital|creative ?commons|licen[sc]ed under|corresponding author"
    r"|this work (?:is|was) (?:licen|supported)|©|copyright (?:held|20\d\d)|equal contribution|^acknowledg"
    r"|proceedings of the|supplementary material|isbn|issn|downloaded from|preprint\. under review"
    r"|we (?:would like to )?thank|^arxiv:"
    r"|^(?:for (?:more )?details,? )?see (?:also )?(?:section|appendix|table|figure|text|the)\b"
    r"|\b(?:rest|remainder) of (?:the|this) (?:paper|article|work|section)\b"
    r"|^(?:in )?(?:section|sec\.) \S+.{0,30}\b(?:discuss|present|describ|introduc|conclud|review|outlin|explain)",
    re.IGNORECASE,
)
_REFERENCE_ENTRY = re.compile(
    r"^\[?\d{0,3}\]?\s*[A-Z][\w'’-]+,? (?:[A-Z]\.[ ,]*)+(?:,|and|&|\()"
    r"|\bet al\.?,? (?:19|20)\d\d\.\s*[A-Z].*\b(?:In|arXiv|pages|pp)\b"
)
_ABSTRACT = re.compile(r"^abstract\b", re.IGNORECASE)
_REFERENCE_SECTION = re.compile(
    r"^(?:\d+\.?\s*)?(?:references|bibliography|acknowledge?ments?|funding)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be evidence: ``text == hit.text[start:end]``, its score (higher is better) and signals.

    ``before`` is the span of the sentence before it in the chunk, for a sentence that leans on it.
    """

    hit: Hit
    start: int
    end: int
    score: float
    signals: dict[str, float] = field(default_factory=dict)
    before: tuple[int, int] | None = None

    @property
    def text(self) -> str:
        """The sentence, verbatim."""
        return self.hit.text[self.start : self.end]


def gather(
    question: str | Question,
    *,
    corpus: Corpus,
    filters: Filters = NO_FILTERS,
    chat: ChatModel | None = None,
    k: int = HITS_PER_QUERY,
) -> list[Candidate]:
    """Sentences that may answer the question, best first, near-duplicates folded; [] when nothing is found.

    ``k`` chunks are read for the question and for each of its variants. Questions, headings, references and
    boilerplate are never evidence; captions and rows of tables are. With a model, its sub-questions are searched too.
    """
    asked = read_question(question) if isinstance(question, str) else question
    hits = find(asked, corpus=corpus, filters=filters, chat=chat, k=k)
    return fold(score(asked, hits, corpus=corpus))


def find(
    question: Question,
    *,
    corpus: Corpus,
    filters: Filters = NO_FILTERS,
    chat: ChatModel | None = None,
    k: int = HITS_PER_QUERY,
) -> list[Hit]:
    """Chunks for the question and its variants, each once with its best score, best first."""
    hits = corpus.search(question.text, k=k, filters=filters)
    ways = list(variants(question, acronyms=definitions(hit.text for hit in hits)))
    if chat is not None:
        ways += _sub_questions(question, chat)
    best = {hit.chunk_id: hit for hit in hits}
    for way in ways:
        for hit in corpus.search(way, k=k, filters=filters):
            known = best.get(hit.chunk_id)
            if known is None or hit.score > known.score:
                best[hit.chunk_id] = hit
    ordered = sorted(best.values(), key=lambda hit: (-hit.score, hit.chunk_id))
    return [replace(hit, rank=rank) for rank, hit in enumerate(ordered, 1)]


def _sub_questions(question: Question, chat: ChatModel) -> list[str]:
    schema = {
        "type": "object",
        "properties": {
            "queries": {"type": "array", "items": {"type": "string", "maxLength": 200}, "maxItems": 3},
        },
        "required": ["queries"],
        "additionalProperties": False,
    }
    system = (
        "You write search queries for a library of scientific papers. Split the question into at most three short"
        " queries in English. Reply with JSON only."
    )
    found = chat.structured(system, f"Question: {question.text}", schema).get("queries", [])
    return [str(query)[:200] for query in found[:3] if str(query).strip()]


def score(question: Question, hits: Sequence[Hit], *, corpus: Corpus) -> list[Candidate]:
    """All statements of the hits as candidates with their signals, best first (ties by place)."""
    spans = [(hit, sentence_spans(hit.text)) for hit in hits if not _is_reference_section(hit)]
    places = [(hit, i, found) for hit, found in spans for i in _statements([hit.text[a:b] for a, b in found])]
    if not places:
        return []
    vectors = corpus.encode(
        [question.text, _unnamed(question), *(_in_place(hit, found[i]) for hit, i, found in places)]
    )
    named, unnamed = vectors[2:] @ vectors[0], vectors[2:] @ vectors[1]
    about = {hit.paper.id: _is_about(hit, question) for hit in hits}
    # Its own paper may call the thing by its name or not.
    similar = [
        max(a, b) if about[hit.paper.id] else a for (hit, _, _), a, b in zip(places, named, unnamed, strict=True)
    ]
    texts = [hit.text for hit in hits]
    rarity, top = _rarity(question, texts), max(hit.score for hit in hits) or 1.0
    spelt = _spelt(question, definitions(texts))
    stems = {hit.chunk_id: [_stems(hit.text[slice(*span)], spelt) for span in found] for hit, found in spans}
    candidates = []
    for (hit, i, found), cosine in zip(places, similar, strict=True):
        own, sentence = stems[hit.chunk_id], hit.text[slice(*found[i])]
        heading = _stems(f"{' '.join(hit.section)} {hit.paper.title}", spelt)
        signals = {
            "similarity": float(cosine),
            "overlap": _covered(own[i], rarity),
            "around": _covered(heading.union(*own[max(0, i - 1) : i + 2]), rarity),
            "chunk": hit.score / top,
            "form": suits(sentence, question),
            "names": enumerates(sentence, question),
            "hopes": hopes(sentence),
            "own": is_own(sentence),
            "foreign": float(about[hit.paper.id] and speaks_of_others(sentence)),
            "prose": _prose(sentence),
        }
        total = sum(weight * signals[name] for name, weight in _WEIGHTS.items())
        before = found[i - 1] if i and is_statement(hit.text[slice(*found[i - 1])]) else None
        candidates.append(Candidate(hit, *found[i], total, signals, before))
    return sorted(candidates, key=lambda c: (-c.score, c.hit.chunk_id, c.start))


def _unnamed(question: Question) -> str:
    """The question as it is put to a paper whose title has its names: "What objective does it use?"."""
    text = question.text
    for name in question.names:
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "it", text)
    return text


def _is_about(hit: Hit, question: Question) -> bool:
    """Whether the paper's title prints all names of the question: its sentences need not repeat them."""
    return bool(question.names) and all(particulars.has_name(hit.paper.title, name) for name in question.names)


def _in_place(hit: Hit, span: tuple[int, int]) -> str:
    """The sentence after its section's heading, which says what "they" and "it" are about."""
    heading = hit.section[-1] if hit.section else ""
    sentence = hit.text[slice(*span)]
    return f"{heading}: {sentence}" if heading and not _ABSTRACT.match(heading) else sentence


def _is_reference_section(hit: Hit) -> bool:
    return bool(hit.section and _REFERENCE_SECTION.search(hit.section[-1]))


def _statements(sentences: Sequence[str]) -> list[int]:
    """Which of a chunk's sentences may be evidence; words addressed to a model are not, nor what follows them."""
    addressed = {j for i, sentence in enumerate(sentences) if is_instruction(sentence) for j in range(i, i + 3)}
    return [i for i, sentence in enumerate(sentences) if i not in addressed and is_statement(sentence)]


def is_statement(sentence: str) -> bool:
    """Whether a sentence may be evidence: no question, no heading, no reference entry, no boilerplate, no scrap."""
    size = len(sentence.split())
    if not _MIN_WORDS <= size <= _MAX_WORDS and not (size < _MIN_WORDS and re.search(r"[\u4e00-\u9fff]{6}", sentence)):
        return False
    if sentence.rstrip("\"'”’)").endswith(("?", "？")):
        return False
    return not is_boilerplate(sentence)


def is_boilerplate(sentence: str) -> bool:
    """Whether it is printed in papers without being a statement of theirs, or is an order to a model."""
    return bool(_BOILERPLATE.search(sentence) or _REFERENCE_ENTRY.search(sentence) or is_instruction(sentence))


def _prose(sentence: str) -> float:
    """1 for a finished sentence or one that announces a list, 0 for a fragment or for lines of symbols."""
    letters = sum(ch.isalpha() or ch.isspace() for ch in sentence) / len(sentence)
    return float(sentence.rstrip("\"'”’)").endswith((".", "!", ":", "。")) and letters > 0.75)


def _rarity(question: Question, texts: Sequence[str]) -> dict[str, float]:
    """How much each stem of the question tells, by how few of the found texts have it; sums to 1."""
    count = Counter(stem for text in texts for stem in set(content_stems(text)) & set(question.stems))
    weights = {stem: math.log(1 + (len(texts) + 1) / (count[stem] + 0.5)) for stem in question.stems}
    total = sum(weights.values()) or 1.0
    return {stem: weight / total for stem, weight in weights.items()}


def _spelt(question: Question, acronyms: Mapping[str, str]) -> list[tuple[str, frozenset[str]]]:
    """(stem, stems that say the same) for the question's acronyms, by the definitions of the papers found."""
    known = {short.casefold(): frozenset(content_stems(long)) for short, long in acronyms.items()}
    return [(stem, known[stem]) for stem in question.stems if known.get(stem)]


def _stems(text: str, spelt: Sequence[tuple[str, frozenset[str]]]) -> set[str]:
    found = set(content_stems(text))
    return found | {short for short, long in spelt if long <= found}


def _covered(stems: set[str], rarity: dict[str, float]) -> float:
    return sum(weight for stem, weight in rarity.items() if stem in stems)


def fold(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates without those that say what a better one of them says already."""
    kept: list[Candidate] = []
    seen: list[frozenset[str]] = []
    for candidate in candidates:
        if len(kept) == MOST_CANDIDATES:
            break
        stems = frozenset(content_stems(candidate.text))
        if all(len(stems & other) < _NEAR_DUPLICATE * max(1, len(stems | other)) for other in seen):
            kept.append(candidate)
            seen.append(stems)
    return kept
