"""How relevant papers are to a topic or to the user's own papers, with the words and papers that decided.

Three parts, each in [-1, 1], are added: what a small model of the topic says (ridge regression over the encoder's
vectors of title and abstract: papers that the user stands for against those that he stands against, and against the
other papers of the day), words shared with his papers (TF-IDF), and the topic's own words in title and abstract. With
nothing liked only the last part is there. Scores are rounded so that the order does not hang on the last bits of a sum;
ties are broken by day, then by id.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kb.protocols import Vectors
from kb.records import Paper, Reason, Topic
from kb.words import content_stems, stem, words
from kb.writing.topic_query import TopicTerm, parse_query, phrase_matches

MEANING_SHARE, WORD_SHARE, QUERY_SHARE = 0.7, 0.2, 0.1
MOST_ENCODED = 400
_RIDGE = 0.05  # regularisation, on vectors of length 1 whose masses sum to about 2: see tests/benchmarks/interest.md
_AGAINST = 0.5  # what all that the user stands against weighs beside all that he stands for
_SHOWN_WORDS = 5
_TITLE_WEIGHT = 3  # a word of the title counts as often as three of the abstract

Encode = Callable[[Sequence[str]], Vectors]


Standing = Literal["example", "liked", "disliked", "tagged", "tagged-as", "collected", "library"]
"""What makes a paper one that the user stands for or against: the topic names it, the user likes or dislikes it, has
tagged it (with the topic's name), has it in a collection, or has its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A paper that the user stands for (weight > 0) or against (weight < 0), and what makes it one."""

    paper: Paper
    weight: float
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Relevance:
    """A score in [-1, 1] and what decided it.

    ``words`` holds (word, weight), the strongest first, those that speak against a paper with weights below 0;
    ``nearest`` holds (anchor, cosine similarity).
    """

    score: float
    words: tuple[tuple[str, float], ...] = ()
    nearest: tuple[tuple[Anchor, float], ...] = ()

    @property
    def likeness(self) -> tuple[Reason, ...]:
        """The papers that it is like, as a page gives them: without numbers, which hang on the other candidates of the
        day and which nobody could look up. All but examples of the topic tell of the user's taste."""
        return tuple(_like(anchor) for anchor, _ in self.nearest)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """All that decided, with its weight."""
        found = [_like(anchor, similarity=f"{similarity:.2f}") for anchor, similarity in self.nearest]
        for kind, sign in (("words-for", 1), ("words-against", -1)):
            if told := [f"{word} {weight:+.2f}" for word, weight in self.words if weight * sign > 0]:
                found.append(Reason(kind=kind, values={"words": ", ".join(told)}, personal=True))
        return tuple(found)


def _like(anchor: Anchor, **values: str) -> Reason:
    return Reason(
        kind=f"like-{anchor.standing}",
        values={"paper_id": anchor.paper.id, "title": anchor.paper.title, **values},
        personal=anchor.standing != "example",
    )


def rank(
    papers: Sequence[Paper], *, topic: Topic | None, anchors: Sequence[Anchor], encode: Encode
) -> list[tuple[Paper, Relevance]]:
    """Papers with their relevance, the most relevant first; the same whatever the order of papers and anchors.

    Of very many papers only the ``MOST_ENCODED`` that the words speak for are compared by meaning.
    """
    ordered = sorted(papers, key=lambda paper: paper.id)
    known = sorted(anchors, key=lambda anchor: anchor.paper.id)
    counts = [_word_counts(paper) for paper in ordered]
    shared = _shared_words(counts, known)
    asked = _asked_words(ordered, topic)
    by_words = [
        WORD_SHARE * sum(s.values()) + QUERY_SHARE * sum(a.values()) for s, a in zip(shared, asked, strict=True)
    ]
    promising = sorted(range(len(ordered)), key=lambda i: (-round(by_words[i], 6), i))[:MOST_ENCODED] if known else []
    meaning: list[tuple[float, tuple[tuple[Anchor, float], ...]]] = [(0.0, ())] * len(ordered)
    for i, found in zip(promising, _nearness([ordered[i] for i in promising], known, encode), strict=True):
        meaning[i] = found
    scored = []
    for paper, (near, nearest), ours, theirs, told in zip(ordered, meaning, shared, asked, by_words, strict=True):
        score = MEANING_SHARE * near + told
        weights = {word: WORD_SHARE * weight for word, weight in ours.items()}
        for word, weight in theirs.items():
            weights[word] = weights.get(word, 0.0) + QUERY_SHARE * weight
        strongest = _strongest(weights, _as_written(paper))
        scored.append((paper, Relevance(score=round(score, 6), words=strongest, nearest=nearest)))
    return sorted(scored, key=lambda pair: (-pair[1].score, -_day(pair[0]).toordinal(), pair[0].id))


def _day(paper: Paper) -> date:
    if paper.announced:
        return max(paper.announced)
    return paper.published.date() if paper.published else date.min


# --------------------------------------------------------------------------------------------- meaning


def _nearness(
    papers: Sequence[Paper], anchors: Sequence[Anchor], encode: Encode
) -> list[tuple[float, tuple[tuple[Anchor, float], ...]]]:
    """For each paper, in [-1, 1], what the model of the anchors says of it, and the anchors that carry this."""
    if not papers:
        return []
    texts = [text_of(paper) for paper in [*papers, *(anchor.paper for anchor in anchors)]]
    vectors = encode(texts).astype(np.float64)
    ours, theirs = vectors[: len(papers)], vectors[len(papers) :]
    itself = [[i for i, anchor in enumerate(anchors) if _is_same(paper, anchor.paper)] for paper in papers]
    background = ours[[place for place, own in enumerate(itself) if not own]]
    shares = _carried(ours, theirs, np.array([anchor.weight for anchor in anchors]), background)
    likeness = ours @ theirs.T
    found = []
    for place, own in enumerate(itself):
        carried = np.round(shares[place, : len(anchors)], 9)
        carried[own] = 0.0  # nothing is like itself
        total = float(np.clip(shares[place].sum(), -1.0, 1.0))
        # What the user says of the paper itself needs no model.
        near = anchors[own[0]].weight if own else total
        pull = [i for i in np.argsort(-carried, kind="stable")[:2] if carried[i] > 0]
        push = [i for i in np.argsort(carried, kind="stable")[:2] if carried[i] < 0]
        told = [*pull, *push[:1]] if near >= 0 else [*push, *pull[:1]]
        found.append((near, tuple((anchors[i], round(float(likeness[place, i]), 2)) for i in told)))
    return found


def text_of(paper: Paper) -> str:
    """What of a paper is compared by meaning."""
    return f"{paper.title}. {paper.abstract}"


def _is_same(one: Paper, other: Paper) -> bool:
    return not {one.id, *one.aliases}.isdisjoint({other.id, *other.aliases}) or (
        one.title.casefold() == other.title.casefold() and one.authors == other.authors
    )


def _carried(
    ours: NDArray[np.float64],
    theirs: NDArray[np.float64],
    weights: NDArray[np.float64],
    background: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(papers, anchors + 1): how much of the score of a paper each anchor carries, and in the last column all others.

    Ridge regression in closed form: papers the user stands for are 1, those against 0, and so are the other papers of
    the day, of which few are like his. Where he stands for nothing, those against are -1.
    Each of the three kinds weighs by what ``_masses`` says, however many it has; the mean of all is taken off.
    """
    known = np.vstack([theirs, background])
    against = 0.0 if (weights > 0).any() else -1.0
    target = np.concatenate([np.where(weights > 0, 1.0, against), np.zeros(len(background))])
    mass = np.concatenate([_masses(weights), np.full(len(background), 1.0 / max(1, len(background)))])
    middle, level = mass @ known / mass.sum(), float(mass @ target / mass.sum())
    centred = known - middle
    weighted = centred.T * mass
    inner = weighted @ centred + _RIDGE * np.eye(known.shape[1])
    slope = np.linalg.solve(inner, weighted @ (target - level))
    # In its dual form the slope is a sum over the papers that are known, so that each has its share of a score.
    pulls = mass * (target - level - centred @ slope) / _RIDGE
    shares = (ours - middle) @ centred.T * pulls
    others = level + shares[:, len(theirs) :].sum(axis=1)
    return np.column_stack([shares[:, : len(theirs)], others])


def _masses(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each anchor weighs: those for 1 together and those against a half, shared by their weights. What is for
    certain weighs at least as much as all that only tells of it (a tag, a file in the library)."""
    mass = np.abs(weights)
    sure, weak = weights >= 1.0, (weights > 0) & (weights < 1.0)
    if sure.any() and weak.any():
        mass[weak] *= min(1.0, mass[sure].sum() / mass[weak].sum())
    for some, whole in ((weights > 0, 1.0), (weights < 0, _AGAINST)):
        if some.any():
            mass[some] *= whole / mass[some].sum()
    return mass


# ----------------------------------------------------------------------------------------------- words


def _word_counts(paper: Paper) -> Counter[str]:
    counts = Counter(content_stems(paper.abstract))
    for word in content_stems(paper.title):
        counts[word] += _TITLE_WEIGHT
    return Counter({word: count for word, count in counts.items() if not word.isdigit()})


def _shared_words(counts: Sequence[Counter[str]], anchors: Sequence[Anchor]) -> list[dict[str, float]]:
    """For each paper the share of each word in its TF-IDF cosine with the profile of the anchors."""
    theirs = [_word_counts(anchor.paper) for anchor in anchors]
    frequency = Counter(word for some in [*counts, *theirs] for word in some)
    total = len(counts) + len(theirs)
    profile: dict[str, float] = {}
    for anchor, words_there in zip(anchors, theirs, strict=True):
        for word, weight in _tf_idf(words_there, frequency, total).items():
            profile[word] = profile.get(word, 0.0) + anchor.weight * weight
    length = math.sqrt(sum(weight * weight for _, weight in sorted(profile.items()))) or 1.0
    shared = []
    for some in counts:
        ours = _tf_idf(some, frequency, total)
        shared.append({word: ours[word] * profile[word] / length for word in sorted(ours) if profile.get(word)})
    return shared


def _tf_idf(counts: Mapping[str, int], frequency: Mapping[str, int], total: int) -> dict[str, float]:
    """Weights of length 1; a word that is everywhere weighs nothing."""
    weights = {
        word: (1 + math.log(count)) * math.log((total + 1) / frequency[word]) for word, count in sorted(counts.items())
    }
    length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {word: weight / length for word, weight in weights.items()}


def _asked_words(papers: Sequence[Paper], topic: Topic | None) -> list[dict[str, float]]:
    """For each paper the share of each word that the topic asks for: whole in the title, half in the abstract.

    Rare words weigh more: where every candidate says "model", that it does says little.
    """
    terms = list(dict.fromkeys(_asked(topic))) if topic is not None else []
    titles = [[phrase_matches(term, (paper.title,)) for term in terms] for paper in papers]
    texts = [[phrase_matches(term, (paper.title, paper.abstract)) for term in terms] for paper in papers]
    rarity = [1 + math.log((len(papers) + 1) / (1 + sum(row[i] for row in texts))) for i in range(len(terms))]
    total = sum(rarity) or 1.0
    return [
        {
            _as_word(term): rarity[i] / total * (1.0 if title[i] else 0.5)
            for i, term in enumerate(terms)
            if title[i] or text[i]
        }
        for title, text in zip(titles, texts, strict=True)
    ]


def _asked(topic: Topic) -> list[str]:
    query = parse_query(topic.query)
    wanted = (term for term in (query.terms() if query is not None else ()) if isinstance(term, TopicTerm))
    return [*(term.text for term in wanted if term.field in ("ti", "abs", "all")), *topic.must]


def _as_word(term: str) -> str:
    """A single word as the word counts have it, so that weights of one word are added; a phrase as it is."""
    parts = words(term)
    return stem(parts[0]) if len(parts) == 1 and "*" not in term and "?" not in term else term


def _as_written(paper: Paper) -> dict[str, str]:
    """Stems to the words of the paper that they stand for, so that people are shown words."""
    return {stem(word): word for word in reversed(words(f"{paper.title} {paper.abstract}"))}


def _strongest(weights: Mapping[str, float], written: Mapping[str, str]) -> tuple[tuple[str, float], ...]:
    told = [(written.get(word, word), round(weight, 2)) for word, weight in sorted(weights.items())]
    return tuple(sorted((t for t in told if t[1]), key=lambda pair: (-abs(pair[1]), pair[0]))[:_SHOWN_WORDS])
