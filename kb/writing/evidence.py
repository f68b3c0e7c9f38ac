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
from kb.writing.answer_forms import enumerates, hopes, is_own, names, speaks_of_others, suits
from kb.writing.attributes import asked_for, asks_support
from kb.writing.ownership import owners
from kb.writing.places import Place, continue_from, find_places, find_rows, is_headed, states_attribute
from kb.writing.questions import Question, definitions, read_question, variants
from kb.writing.statements import announces, is_finished
from kb.writing.table_rows import prose_spans
from kb.writing.words import content_stems, root

HITS_PER_QUERY = 24
MOST_CANDIDATES = 120
_WEIGHTS = {
    "similarity": 1.0, "overlap": 0.1, "around": 0.05, "chunk": 0.3, "form": 0.4, "prose": 0.05,
    "items": 0.15, "names": 0.1, "hopes": -0.05, "own": 0.03, "foreign": -0.2, "head": 0.1, "announces": -0.25,
    "elsewhere": -0.3, "given": 0.15, "paid": 0.8,
}  # fmt: skip
_NEAR_DUPLICATE = 0.8  # Jaccard of stems from which two sentences say the same
_KIN = 0.8  # "retriever" for "retrieval"
_ABSTRACT = re.compile(r"^abstract\b", re.IGNORECASE)
_REFERENCES = re.compile(r"^(?:\d+\.?\s*)?(?:references|bibliography)\b", re.IGNORECASE)
_THANKS = re.compile(r"^(?:\d+\.?\s*)?(?:acknowledge?ments?|funding)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be evidence: ``text == hit.text[start:end]``, its score (higher is better) and signals.

    ``before`` is the span of what stands before it in the chunk; ``after`` are the spans of the sentences that go on
    with what it begins: the others below the heading that names what is asked for. ``owned`` is what of the question
    names its paper; ``leads`` are what is read before a row of a table.
    """

    hit: Hit
    start: int
    end: int
    score: float
    signals: dict[str, float] = field(default_factory=dict)
    before: tuple[int, int] | None = None
    after: tuple[tuple[int, int], ...] = ()
    owned: frozenset[str] = frozenset()
    leads: tuple[tuple[int, int], ...] = ()

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
    thanks = asks_support(question.text)
    spans = {hit.chunk_id: prose_spans(hit.text) for hit in hits if not _is_back_matter(hit, thanks=thanks)}
    read = [hit for hit in hits if hit.chunk_id in spans]
    places = [place for hit in read for place in find_places(hit, spans[hit.chunk_id], thanks=thanks)]
    places += [place for hit in read if _wants_rows(question) for place in find_rows(hit)]
    if not places:
        return []
    named = owners(question, hits)
    similar = _similarities(question, places, about=_abouts(question, named), corpus=corpus)
    texts = [hit.text for hit in hits]
    rarity, top = _rarity(question, texts), max(hit.score for hit in hits) or 1.0
    spelt = _spelt(question, definitions(texts))
    stems = {hit.chunk_id: [_stems(hit.text[slice(*s)], spelt) for s in spans.get(hit.chunk_id, ())] for hit in hits}
    attribute = asked_for(question.text) if question.asks else None
    candidates = []
    for place, cosine in zip(places, similar, strict=True):
        hit, i, sentence = place.hit, place.index, place.hit.text[slice(*place.span)]
        heading = _stems(f"{' '.join(hit.section)} {hit.paper.title}", spelt)
        if place.is_row:
            near = [_stems(" ".join(hit.text[a:b] for a, b in place.leads), spelt)]
            own = near[0] | _stems(sentence, spelt)
            if not _covered(_stems(sentence, spelt), rarity):
                continue  # nothing ties this row to the question rather than its neighbours
        else:
            near, own = stems[hit.chunk_id][max(0, i - 1) : i + 2], stems[hit.chunk_id][i]
        inner = _stems(f"{hit.section[-1] if hit.section else ''} {place.head}", spelt)
        about = hit.paper.id in _abouts(question, named)
        signals = {
            "similarity": float(cosine),
            "overlap": _covered(own, rarity),
            "around": _covered(heading.union(*near), rarity),
            "chunk": hit.score / top,
            "form": suits(sentence, question, headed=is_headed(place, question)),
            "items": enumerates(sentence, question),
            "names": names(sentence, question, named.get(hit.paper.id, frozenset())),
            "hopes": hopes(sentence),
            "own": is_own(sentence),
            "foreign": float(about and speaks_of_others(sentence)),
            "prose": is_finished(sentence),
            "head": _covered(inner, rarity),
            "announces": announces(sentence),
            "elsewhere": float(bool(named) and hit.paper.id not in named),
            "given": 0.5 if attribute is None else states_attribute(place, attribute, question),
        }
        # Who paid stands in one place, in words that no question has.
        signals["paid"] = float(thanks and attribute is not None and signals["given"] == 1.0)
        total = sum(weight * signals[name] for name, weight in _WEIGHTS.items())
        before = spans[hit.chunk_id][i - 1] if i > 0 else None
        after = continue_from(place, spans[hit.chunk_id], question)
        owned = named.get(hit.paper.id, frozenset())
        candidates.append(Candidate(hit, *place.span, total, signals, before, after, owned, place.leads))
    return sorted(candidates, key=lambda c: (-c.score, c.hit.chunk_id, c.start))


def _abouts(question: Question, named: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The papers that all the names of the question name: their sentences need not repeat them."""
    return frozenset(p for p, found in named.items() if found and set(question.names) <= found)


def _similarities(question: Question, places: Sequence[Place], *, about: frozenset[str], corpus: Corpus) -> list[float]:
    """Cosine of question and sentence; of a paper that the question names, also without the name."""
    vectors = corpus.encode([question.text, _unnamed(question), *(_in_place(p) for p in places)])
    with_name, without = vectors[2:] @ vectors[0], vectors[2:] @ vectors[1]
    # Its own paper may call the thing by its name or not.
    return [
        float(max(a, b) if p.hit.paper.id in about else a) for p, a, b in zip(places, with_name, without, strict=True)
    ]


def _unnamed(question: Question) -> str:
    """The question as it is put to a paper whose title has its names: "What objective does it use?"."""
    text = question.text
    for name in question.names:
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "it", text)
    return text


def _in_place(place: Place) -> str:
    """The sentence after its section's heading, a row after caption and columns: what "they" and "84.2" are about."""
    text = place.hit.text
    sentence = text[slice(*place.span)]
    if place.is_row:
        return " ".join([*(text[a:b] for a, b in place.leads), sentence]).replace(" | ", " ")
    heading = place.hit.section[-1] if place.hit.section else ""
    return f"{heading}: {sentence}" if heading and not _ABSTRACT.match(heading) else sentence


def _wants_rows(question: Question) -> bool:
    """Whether a row of a table may answer: a number, things of a kind, a comparison; a definition never is in one."""
    return question.kind in ("number", "list", "comparison") or bool(question.asks and asked_for(question.text))


def _is_back_matter(hit: Hit, *, thanks: bool) -> bool:
    heading = hit.section[-1] if hit.section else ""
    return bool(_REFERENCES.search(heading)) or (bool(_THANKS.search(heading)) and not thanks)


def _rarity(question: Question, texts: Sequence[str]) -> dict[str, float]:
    """How much each stem of the question tells, by how few of the found texts have it; sums to 1."""
    roots = {stem: root(stem) for stem in question.stems}
    count: Counter[str] = Counter()
    for text in texts:
        there = {root(stem) for stem in content_stems(text)}
        count.update(stem for stem, its_root in roots.items() if its_root in there)
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


def _covered(stems: set[str], rarity: Mapping[str, float]) -> float:
    """Share of the question's rare words that are there, those of another part of speech nearly whole."""
    roots = {root(stem) for stem in stems}
    return sum(
        weight * (1.0 if stem in stems else _KIN if root(stem) in roots else 0.0) for stem, weight in rarity.items()
    )


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
