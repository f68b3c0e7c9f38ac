"""From a query to hits: two indexes, one score (``kb.index.fusion``), passages collapsed to papers where asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from kb.errors import IndexDamaged, UnknownPaper, UsageError
from kb.index.fusion import (
    SCORE_DIGITS,
    Candidates,
    FusedCandidate,
    best_of_papers,
    fuse,
    merge,
    ordered,
    refine,
    rescored,
    smooth,
)
from kb.index.lexical import TantivyIndex
from kb.index.query import Constraints, Query, intersected, is_known, parse, people_in, respelled
from kb.index.vectors import SentenceFile, VectorFile
from kb.protocols import DenseIndex, Encoder, Keys, Reranker, Vectors
from kb.records import NO_FILTERS, Chunk, Filters, Grouping, Hit, Hits, Mode, Paper
from kb.text import sentence_spans
from kb.words import has_words

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from kb.index.catalog import Catalog

_DEPTH = 200  # candidates of the word index
_NEAR_DEPTH = 50  # of the vectors: one beyond it that no word of the query found has fifty ahead of it
_REFINED = 50  # best candidates whose sentences are looked at; 100 change no figure
_RERANKED = 50  # best candidates that a cross-encoder reads
_QUERY_SENTENCES = 32  # of a query that is itself a document
_MOST_HITS = 10_000
_MOST_TIES = 200  # candidates that tie with the last hit and are looked up to break the tie


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexes:
    """The derived indexes of one home. ``sentences`` may be absent: then whole passages count alone."""

    lexical: TantivyIndex
    dense: DenseIndex
    rows: VectorFile
    sentences: SentenceFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Query:
    """A query as the indexes see it. ``sentences`` is (m, d), ``dense`` what gives its neighbours; these and ``vector``
    are None when the mode needs no vectors."""

    text: str
    words: str
    vector: Vectors | None = None
    sentences: Vectors | None = None
    dense: DenseIndex | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """Among what to look: chunks or papers, keys (None for all), and what takes away candidates that do not do."""

    by: Grouping
    within: Keys | None
    kept: Callable[[list[FusedCandidate]], list[FusedCandidate]] | None = None


class Retriever:
    """Searches one home; kept open, it answers in milliseconds. Threads may share it.

    The first search by meaning scans the vectors, which takes less than opening Chroma; from the second on Chroma
    serves. So a command that asks once does not wait for it, nor does a question asked while somebody writes: whenever
    the indexes have changed, Chroma has to be opened again.

    Args:
        catalog: the truth that the indexes are of.
        indexes: the derived indexes; what a mode does not need is never opened.
        encoder: gives the encoder; called once, on the first query that needs a vector.
        reranker: gives a cross-encoder that reads the best passages again; None for none.
    """

    def __init__(
        self,
        catalog: Catalog,
        indexes: Indexes,
        *,
        encoder: Callable[[], Encoder],
        reranker: Callable[[], Reranker] | None = None,
    ) -> None:
        self._catalog = catalog
        self._indexes = indexes
        self._make_encoder = encoder
        self._make_reranker = reranker
        self._encoder: Encoder | None = None
        self._reranker: Reranker | None = None
        self._generation: int | None = None
        self._goes_on = False  # these indexes were searched by meaning before
        self._is_closed = False
        self._lock = threading.RLock()

    def close(self) -> None:
        """Let go of the indexes' files when nobody searches them; whoever asks later is told ``IndexDamaged``."""
        with self._lock:
            self._is_closed = True
            self._indexes.lexical.reopen()
            self._indexes.dense.reopen()

    def search(
        self,
        query: str,
        *,
        k: int = 10,
        mode: Mode = "hybrid",
        by: Grouping = "chunk",
        filters: Filters = NO_FILTERS,
    ) -> list[Hit]:
        """Up to k hits, best first; with ``by="paper"`` the best passage of each of up to k papers.

        The query is plain text of any length and language: a question, a sentence, a title. In mode "lexical" a
        query of stop words alone finds nothing. Ties are broken by content, so the order in which papers were added
        does not matter.

        Raises:
            UsageError: when the query holds no word, or k is not in 1..10,000.
            IndexDamaged: when an index cannot be read.
        """
        words = query.replace("\0", " ").strip()
        if not has_words(words):
            raise UsageError("the query holds no word: say what to look for")
        _check(k)
        with self._lock:
            self._refresh()
            within = self._catalog.keys_within(filters) if filters else None
            if within is not None and not len(within):
                return []
            asked = self._read(words, mode=mode)
            return self._hits(self._best(asked, _Scope(by=by, within=within), k=k), k=k)

    def find(
        self,
        query: str,
        *,
        k: int = 10,
        mode: Mode = "hybrid",
        by: Grouping = "chunk",
        filters: Filters = NO_FILTERS,
    ) -> Hits:
        """``search`` for what people type (see ``kb.index.query``): fields, "phrases", -words, names of authors.

        Papers of an author whom the words name come first. A query of fields alone finds the newest papers. Without
        any of these the hits are those of ``search``. With them comes what the query means to this library: whether
        its words are known, a likelier spelling.

        Raises:
            UsageError: as ``search``, and when the query says nothing that is to be found.
            IndexDamaged: when an index cannot be read.
        """
        parts = parse(query)
        _check(k)
        with self._lock:
            self._refresh()
            named = people_in(parts.words, catalog=self._catalog, words=self._indexes.lexical)
            hits = self._found(parts, named, k=k, mode=mode, by=by, filters=filters)
            lexical = self._indexes.lexical
            is_matched = bool(hits and "lexical" in hits[0].found_by) or is_known(parts, named=named, words=lexical)
            return Hits(
                hits,
                suggestion=respelled(query, catalog=self._catalog, words=lexical),
                matched="words" if is_matched else "meaning only",
            )

    def _found(
        self, query: Query, named: tuple[str, ...], *, k: int, mode: Mode, by: Grouping, filters: Filters
    ) -> list[Hit]:
        """What a query finds whose plain words hold these names of authors."""
        constraints = Constraints(query, filters=filters, by=by, catalog=self._catalog, words=self._indexes.lexical)
        if constraints.within is not None and not len(constraints.within):
            return []
        scope = _Scope(by=by, within=constraints.within, kept=constraints.kept if constraints else None)
        if not query.words:
            return self._hits(self._newest(constraints.filters, scope, k=k, best=1.0), k=k)
        asked = self._read(query.words, mode=mode)
        ranked = self._best(asked, scope, k=k)
        if named:
            ranked = self._people_first(named, ranked, asked, scope, constraints, k=k)
        return self._hits(ranked, k=k)

    def people(self, text: str) -> tuple[str, ...]:
        """The names of stored authors that plain words hold (see ``kb.index.query.people_in``)."""
        with self._lock:
            self._refresh()
            return people_in(text, catalog=self._catalog, words=self._indexes.lexical)

    def similar(self, paper_id: str, *, k: int = 10, filters: Filters = NO_FILTERS) -> list[Hit]:
        """Up to k other papers that are most like this one (by title and abstract), best first.

        Raises:
            UnknownPaper: when the catalog has no such paper.
        """
        paper = self._catalog.papers.many([paper_id]).get(paper_id)
        if paper is None:
            raise UnknownPaper(f"no paper {paper_id!r} in the catalog: kb list shows what is there")
        with self._lock:
            self._refresh()
            own = self._catalog.keys_within(Filters(papers=(paper.id,)))
            within = self._catalog.keys_within(filters) if filters else None
            if within is not None and not len(within):
                return []
            asked = self._read(f"{paper.title}. {paper.abstract}", mode="hybrid")
            ranked = self._rank(asked, _Scope(by="paper", within=within), k=max(k + 1, _REFINED))
            others = [place for place in ranked if own is None or place.key not in own]
            scores = np.array([place.score for place in others], np.float64)
            smoothed = smooth(scores, self._indexes.rows.get([place.key for place in others]))
            return self._hits(rescored(others, smoothed), k=k)

    # -------------------------------------------------------------------------------------- candidates

    @cached_property
    def _beside(self) -> ThreadPoolExecutor:
        """One thread for the word index, while this one asks the vectors."""
        from concurrent.futures import ThreadPoolExecutor  # drags in logging: a cold search by words does without

        return ThreadPoolExecutor(max_workers=1, thread_name_prefix="kb-words")

    def _refresh(self) -> None:
        if self._is_closed:
            raise IndexDamaged("the indexes were exchanged while they were asked: ask again")
        generation = self._catalog.generation()
        if self._generation is not None and generation != self._generation:
            self._indexes.lexical.reopen()
            self._indexes.dense.reopen()
            self._goes_on = False
        self._generation = generation

    def _read(self, words: str, *, mode: Mode) -> _Query:
        if mode == "lexical":
            return _Query(text=words, words=words)
        if self._encoder is None:
            self._encoder = self._make_encoder()
        vector = self._encoder.encode_query(words)
        sentences = vector[None, :]
        spans = sentence_spans(words)[:_QUERY_SENTENCES]
        if len(spans) > 1 and self._indexes.sentences is not None:
            sentences = self._encoder.encode_passages([words[start:end] for start, end in spans])
        dense = self._indexes.dense if self._goes_on else self._indexes.rows
        self._goes_on = True
        looked_for = "" if mode == "dense" else words
        return _Query(text=words, words=looked_for, vector=vector, sentences=sentences, dense=dense)

    def _best(self, asked: _Query, scope: _Scope, *, k: int) -> list[FusedCandidate]:
        """Candidates in order, read again by the reranker where there is one."""
        if self._make_reranker is None:
            return self._rank(asked, scope, k=k)
        return self._reranked(asked.text, self._rank(asked, scope, k=max(k, _RERANKED)))

    def _people_first(
        self,
        people: tuple[str, ...],
        ranked: list[FusedCandidate],
        asked: _Query,
        scope: _Scope,
        constraints: Constraints,
        *,
        k: int,
    ) -> list[FusedCandidate]:
        """The papers of these authors before all others, those of more of them first; behind what was found of
        them, the newest of those that no index found (the names of authors are in none)."""
        catalog, numbers_of = self._catalog, self._catalog.passages.paper_numbers
        filters = Filters(authors=people)
        hers = intersected(scope.within, catalog.keys_within(filters))
        if hers is None or not len(hers):
            return ranked
        found = self._best(asked, replace(scope, within=hers), k=k)
        have = set(numbers_of(_keys(found)).tolist())
        found += self._newest([filters, *constraints.filters], scope, k=k, best=0.0, without=have)
        by_each = [
            numbers_of(keys) for one in people if (keys := catalog.keys_within(Filters(authors=(one,)))) is not None
        ]
        borne = sum(np.isin(numbers_of(_keys(found)), each).astype(int) for each in by_each)
        bonus = max((place.score for place in (*ranked, *found)), default=0.0) + 1.0
        raised = [
            place._replace(score=place.score + bonus * count)
            for place, count in zip(found, np.asarray(borne).tolist(), strict=True)
        ]
        first = {place.key for place in raised}
        first_papers = set(numbers_of(_keys(raised)).tolist()) if scope.by == "paper" else set()
        behind = numbers_of(_keys(ranked)).tolist()
        rest = [
            p for p, number in zip(ranked, behind, strict=True) if p.key not in first and number not in first_papers
        ]
        return sorted(raised, key=lambda place: -place.score) + rest

    def _newest(
        self, filters: Sequence[Filters], scope: _Scope, *, k: int, best: float, without: Collection[int] = ()
    ) -> list[FusedCandidate]:
        """Up to k of the newest papers by their first chunks, scored down from ``best``; none of those (numbers)."""
        places: list[FusedCandidate] = []
        coming = self._catalog.newest(filters)
        while len(places) < k and (keys := list(islice(coming, max(k, _RERANKED)))):
            numbers = self._catalog.passages.paper_numbers(np.array(keys, np.int64)).tolist()
            some = [
                FusedCandidate(key, 0.0, True, False) for key, n in zip(keys, numbers, strict=True) if n not in without
            ]
            places += scope.kept(some) if scope.kept is not None else some
        step = 10.0**-SCORE_DIGITS  # hits of one score are ordered by content
        return [place._replace(score=best - nth * step) for nth, place in enumerate(places[:k])]

    def _rank(self, asked: _Query, scope: _Scope, *, k: int) -> list[FusedCandidate]:
        """Candidates in order, at least k of them (of as many papers) when there are k."""
        depth, near_depth = max(_DEPTH, k), max(_NEAR_DEPTH, k)
        while True:
            candidates, exhausted = self._collect(asked, depth=depth, near_depth=near_depth, within=scope.within)
            numbers = self._catalog.passages.paper_numbers(candidates.keys)
            papers = dict(zip(candidates.keys.tolist(), numbers.tolist(), strict=True))
            there = [place for place in self._ordered(asked, candidates, k=k) if papers[place.key] >= 0]
            if scope.kept is not None:
                there = scope.kept(there)
            if scope.by == "paper":
                there = best_of_papers(there, papers)
            elif scope.kept is None:
                return there
            if len(there) >= k or exhausted:
                return there
            depth, near_depth = 4 * depth, 4 * near_depth

    def _collect(self, asked: _Query, *, depth: int, near_depth: int, within: Keys | None) -> tuple[Candidates, bool]:
        """What the indexes find, with exact cosines, and whether deeper looks would find no more."""
        indexes = self._indexes
        if asked.vector is None or asked.dense is None:
            words = indexes.lexical.matching(asked.words, k=depth, within=within)
            return merge(words, []), len(words) < depth
        if not asked.words:
            words, near = [], asked.dense.nearest(asked.vector, k=near_depth, within=within)
        else:  # both are native code that lets go of the interpreter: side by side they take the slower one's time
            finding = self._beside.submit(indexes.lexical.matching, asked.words, k=depth, within=within)
            try:
                near = asked.dense.nearest(asked.vector, k=near_depth, within=within)
            finally:  # also when the vectors fail: no search may go on behind the back of the lock
                words = finding.result()
        merged = merge(words, near)
        cosines = indexes.rows.get(merged.keys) @ asked.vector
        exhausted = len(words) < depth and len(near) < near_depth
        return replace(merged, cosines=np.clip(cosines.astype(np.float64), -1.0, 1.0)), exhausted

    def _ordered(self, asked: _Query, candidates: Candidates, *, k: int) -> list[FusedCandidate]:
        if asked.vector is None:
            return ordered(candidates, candidates.lexical)
        scores = fuse(candidates.lexical, candidates.cosines)
        if self._indexes.sentences is None or asked.sentences is None or not len(candidates):
            return ordered(candidates, scores)
        # Only the best are refined, so they stay ahead of the others, whose scores are on another footing.
        order = np.lexsort((candidates.keys, -np.round(scores, SCORE_DIGITS)))
        best = order[: max(_REFINED, min(k, len(order)))]
        nearest = self._indexes.sentences.best(asked.sentences, candidates.keys[best])
        cosines = candidates.cosines.copy()
        cosines[best] = refine(candidates.cosines[best], nearest)
        refined = fuse(candidates.lexical, cosines)
        rest = order[len(best) :]
        refined[rest] = np.minimum(refined[rest], refined[best].min() - 10.0**-SCORE_DIGITS)
        return ordered(candidates, refined)

    def _reranked(self, query: str, ranked: list[FusedCandidate]) -> list[FusedCandidate]:
        """The best candidates in the order of the cross-encoder; the others are left out."""
        best = ranked[:_RERANKED]
        if self._reranker is None and self._make_reranker is not None:
            self._reranker = self._make_reranker()
        if self._reranker is None or not best:
            return ranked
        chunks = self._catalog.passages.chunks_by_key([place.key for place in best])
        papers = self._catalog.papers.many(sorted({chunk.paper_id for chunk in chunks.values()}))
        there = [place for place in best if place.key in chunks and chunks[place.key].paper_id in papers]
        texts = [f"{papers[chunks[p.key].paper_id].title}. {chunks[p.key].text}" for p in there]
        return rescored(there, self._reranker.score(query, texts).astype(np.float64)) + ranked[_RERANKED:]

    # --------------------------------------------------------------------------------------------- hits

    def _hits(self, ranked: list[FusedCandidate], *, k: int) -> list[Hit]:
        """The first k as hits; those that tie with the k-th compete by chunk id."""
        if len(ranked) > k:
            last = ranked[k - 1].score
            ties = [place for place in ranked[k : k + _MOST_TIES] if place.score == last]
            ranked = ranked[:k] + ties
        chunks = self._catalog.passages.chunks_by_key([place.key for place in ranked])
        there = sorted((p for p in ranked if p.key in chunks), key=lambda p: (-p.score, chunks[p.key].id))[:k]
        papers = self._catalog.papers.many(sorted({chunks[place.key].paper_id for place in there}))
        there = [place for place in there if chunks[place.key].paper_id in papers]  # not one that is damaged
        return [
            _hit(place, chunks[place.key], paper=papers[chunks[place.key].paper_id], rank=rank)
            for rank, place in enumerate(there, 1)
        ]


def _hit(place: FusedCandidate, chunk: Chunk, *, paper: Paper, rank: int) -> Hit:
    found = (("lexical", place.in_lexical), ("dense", place.in_dense))
    return Hit(
        rank=rank,
        score=place.score,
        found_by=tuple(name for name, inside in found if inside),  # type: ignore[misc]
        paper=paper,
        chunk_id=chunk.id,
        section=chunk.section,
        page=chunk.page,
        text=chunk.text,
        boxes=chunk.boxes,
        equations=chunk.equations,
    )


def _check(k: int) -> None:
    if not 1 <= k <= _MOST_HITS:
        raise UsageError(f"k is {k}: give a number from 1 to {_MOST_HITS}")


def _keys(places: Sequence[FusedCandidate]) -> Keys:
    return np.array([place.key for place in places], np.int64)
