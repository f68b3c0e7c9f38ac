"""What a typed query demands of a passage: fields, phrases that must stand there, words that must not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kb.index.fusion import Ranked
from kb.index.query import Query
from kb.index.tokens import is_unspaced
from kb.names import fold
from kb.protocols import Keys
from kb.records import Chunk, Filters, Grouping, Paper


class Texts(Protocol):
    """The catalog's passages and papers."""

    def chunks_by_key(self, keys: Sequence[int]) -> Mapping[int, Chunk]:
        """Chunks by key; keys that are not there are left out."""
        ...

    def paper_numbers(self, keys: Keys) -> NDArray[np.int64]:
        """(n,) a number for the paper of each key, equal for the same paper; -1 for a key that is not there."""
        ...

    def papers(self, ids: Sequence[str]) -> Mapping[str, Paper]:
        """Papers by id; unknown ids are left out."""
        ...

    def keys_within(self, filters: Filters) -> Keys | None:
        """Sorted keys of the chunks that the filters leave; None when they restrict nothing."""
        ...


class Holders(Protocol):
    """The word index."""

    def containing(self, words: str) -> Keys | None:
        """Sorted keys of the entries that hold all of the words; None where none of them is ever looked for."""
        ...


class Demands:
    """The passages that a query allows: ``within`` (sorted keys; None for all), less what ``kept`` takes away.

    Args:
        query: the query; of its words nothing is demanded.
        filters: hold of the paper, too.
        by: with "paper" an excluded word excludes every paper that has it anywhere, else the passages that do.
    """

    def __init__(self, query: Query, *, filters: Filters, by: Grouping, texts: Texts, words: Holders) -> None:
        self._texts, self._words, self._by = texts, words, by
        self._phrases = query.phrases
        self._verified: dict[int, bool] = {}
        self.filters = [each for each in (filters, *query.filters) if each]
        allowed = [texts.keys_within(each) for each in self.filters]
        allowed += [words.containing(phrase) for phrase in query.phrases]
        self.within = reduce(intersected, allowed, None)
        self._banned = self._keys_of(query)
        if by == "paper" and len(self._banned):
            self._banned = np.unique(texts.paper_numbers(self._banned))

    def __bool__(self) -> bool:
        return self.within is not None or bool(self._phrases) or len(self._banned) > 0

    def kept(self, places: list[Ranked]) -> list[Ranked]:
        """The candidates that meet the demands, in their order."""
        if len(self._banned) and places:
            owners = np.array([place.key for place in places], np.int64)
            if self._by == "paper":
                owners = self._texts.paper_numbers(owners)
            inside = np.isin(owners, self._banned)
            places = [place for place, banned in zip(places, inside.tolist(), strict=True) if not banned]
        if not self._phrases:
            return places
        unknown = [place.key for place in places if place.key not in self._verified]
        self._verified |= dict.fromkeys(unknown, False) | self._verify(unknown, self._phrases)
        return [place for place in places if self._verified[place.key]]

    def _keys_of(self, query: Query) -> Keys:
        """Keys of the passages that are excluded, by their words or by their papers, sorted."""
        found = [np.zeros(0, np.int64)]
        for text in query.excluded:
            holding = self._words.containing(text)
            if holding is not None and len(fold(text).split()) > 1:
                holding = np.array(
                    [key for key, has in self._verify(holding.tolist(), [text]).items() if has], np.int64
                )
            found += [holding] if holding is not None else []
        for filters in query.without:
            excluded = self._texts.keys_within(filters)
            found += [excluded] if excluded is not None else []
        return np.unique(np.concatenate(found))

    def _verify(self, keys: Sequence[int], phrases: Sequence[str]) -> dict[int, bool]:
        """Of each passage, whether all phrases stand in it or in its paper's title, word for word."""
        chunks = self._texts.chunks_by_key(keys)
        papers = self._texts.papers(sorted({chunk.paper_id for chunk in chunks.values()}))
        folded = {key: f" {fold(chunk.text)} \n {fold(papers[chunk.paper_id].title)} " for key, chunk in chunks.items()}
        wanted = [fold(phrase) if is_unspaced(phrase) else f" {fold(phrase)} " for phrase in phrases]
        return {key: all(phrase in text for phrase in wanted) for key, text in folded.items()}


def intersected(one: Keys | None, other: Keys | None) -> Keys | None:
    """Keys that are in both; None stands for all."""
    if one is None or other is None:
        return other if one is None else one
    return np.intersect1d(one, other, assume_unique=True)
