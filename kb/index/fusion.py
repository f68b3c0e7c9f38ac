"""One score out of words and vectors: pure functions over arrays of candidates.

The score of a passage is ``0.35 * S / S_max + 0.65 * cos``: ``S`` its BM25 score (0 when it is not among the best
lexical matches), ``S_max`` the best one for this query, ``cos`` the exact cosine to the query, in which the whole
passage counts half and its nearest sentence the other half. Chosen on SciFact's training claims (0.3 to 0.4 are
alike) and on questions to full papers (0.4 loses), checked on other sets; ranks are not fused, because that lost to
BM25 alone on three sets of six (see the benchmark page).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.protocols import Keys, Vectors

LEXICAL_WEIGHT = 0.35
SENTENCE_WEIGHT = 0.5  # of the cosine: the nearest sentence against the whole passage
NEIGHBOUR_WEIGHT = 0.2  # "more like this": what a candidate's nearest candidates add to its score
NEIGHBOURS = 3
SCORE_DIGITS = 6  # scores closer than this are ties, whatever the order of summation was

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Passages that either index found: arrays of one length, sorted by key.

    ``lexical`` is the BM25 score, 0 where the word index did not find the passage; ``cosines`` the exact cosine,
    0 where there is no vector (or the mode needs none).
    """

    keys: Keys
    lexical: Scores
    cosines: Scores
    in_lexical: NDArray[np.bool_]
    in_dense: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.keys)


class FusedCandidate(NamedTuple):
    """A candidate in its place: what is needed to make a hit of it."""

    key: int
    score: float
    in_lexical: bool
    in_dense: bool


def merge(lexical: Sequence[tuple[int, float]], dense: Sequence[tuple[int, float]]) -> Candidates:
    """The union of what the two indexes found; cosines only for what the dense one found."""
    found_by = [np.array(found, np.float64).reshape(-1, 2).T for found in (lexical, dense)]
    # Not numpy's ``unique``: its first call loads numpy.ma, which a command that asks once would wait for.
    keys = np.array(sorted({key for key, _ in (*lexical, *dense)}), np.int64)
    words, cosines = np.zeros(len(keys)), np.zeros(len(keys))
    in_lexical, in_dense = np.zeros(len(keys), bool), np.zeros(len(keys), bool)
    for (numbers, values), scores, inside in zip(found_by, (words, cosines), (in_lexical, in_dense), strict=True):
        places = np.searchsorted(keys, numbers)
        scores[places] = values
        inside[places] = True
    return Candidates(keys=keys, lexical=words, cosines=cosines, in_lexical=in_lexical, in_dense=in_dense)


def among(within: Keys, found: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """What was found (key, score) of these keys (sorted, at least one), in its order."""
    keys = np.array([key for key, _ in found], np.int64)
    places = np.minimum(np.searchsorted(within, keys), len(within) - 1)
    return [pair for pair, inside in zip(found, (within[places] == keys).tolist(), strict=True) if inside]


def fuse(lexical: Scores, cosines: Scores, *, weight: float = LEXICAL_WEIGHT) -> Scores:
    """``weight * S / S_max + (1 - weight) * cos``; the cosine alone when no word of the query was found.

    Convex combination of scores (Bruch, Gai & Ingber 2023) without corpus statistics: BM25 is scaled by its best
    value for the query, the cosine is left as it is, so small differences between cosines are not blown up.
    """
    best = float(lexical.max(initial=0.0))
    return weight * lexical / best + (1.0 - weight) * cosines if best > 0 else cosines


def refine(cosines: Scores, sentence_cosines: NDArray[np.float32]) -> Scores:
    """Half the passage's cosine, half that of its nearest sentence; the former alone where there is none (NaN).

    A nearest sentence is on average nearer than its passage; that mean gain over the candidates is taken off, so
    passages with sentence vectors have no advantage over those without (among themselves nothing changes).
    """
    has_sentences = ~np.isnan(sentence_cosines)
    if not has_sentences.any():
        return cosines
    gains = np.where(has_sentences, sentence_cosines - cosines, 0.0)
    return np.where(has_sentences, cosines + SENTENCE_WEIGHT * (gains - gains[has_sentences].mean()), cosines)


def smooth(scores: Scores, vectors: Vectors) -> Scores:
    """(n,) ``0.8 * score + 0.2 * mean score of the three nearest candidates`` by the cosine of (n, d) vectors.

    The cluster hypothesis at work (score regularisation, Diaz 2005).
    """
    if len(scores) <= NEIGHBOURS:
        return scores
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    nearest = np.argpartition(-similarity, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
    return np.asarray((1.0 - NEIGHBOUR_WEIGHT) * scores + NEIGHBOUR_WEIGHT * scores[nearest].mean(axis=1))


def ordered(candidates: Candidates, scores: Scores) -> list[FusedCandidate]:
    """Candidates by their scores, best first, ties by key."""
    rounded = np.round(scores, SCORE_DIGITS)
    order = np.lexsort((candidates.keys, -rounded))
    columns = (candidates.keys, rounded, candidates.in_lexical, candidates.in_dense)
    return list(map(FusedCandidate, *(column[order].tolist() for column in columns)))


def rescored(ranked: Sequence[FusedCandidate], scores: Scores) -> list[FusedCandidate]:
    """The same candidates by other scores, best first; ties stay as they stand."""
    rounded = np.round(scores, SCORE_DIGITS)
    order = np.argsort(-rounded, kind="stable")
    return [ranked[i]._replace(score=float(rounded[i])) for i in order]


def best_of_papers(ranked: Sequence[FusedCandidate], papers: Mapping[int, int]) -> list[FusedCandidate]:
    """The first candidate of each paper: its best passage stands for it."""
    first: dict[int, FusedCandidate] = {}
    for place in ranked:
        first.setdefault(papers[place.key], place)
    return list(first.values())
