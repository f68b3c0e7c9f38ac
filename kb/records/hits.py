"""Hits: what a search may find, and what it found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from kb.records.documents import Equation
from kb.records.intake import Reason
from kb.records.papers import Box, Paper

Mode = Literal["hybrid", "lexical", "dense"]
Grouping = Literal["chunk", "paper"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which papers may be found. Empty means no restriction; several values of one field are alternatives.

    ``since`` and ``until`` are inclusive UTC days of the announcement, else of the publication.
    """

    papers: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    has_fulltext: bool | None = None

    def __bool__(self) -> bool:
        return self != NO_FILTERS


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A chunk found for a query. Ranks are 1-based and dense; ``found_by`` is never empty. ``equations`` are those in
    its text."""

    rank: int
    score: float
    found_by: tuple[Literal["lexical", "dense"], ...]
    paper: Paper
    chunk_id: str
    section: tuple[str, ...]
    page: int | None
    text: str
    boxes: tuple[Box, ...] = ()
    equations: tuple[Equation, ...] = ()


class Hits(list[Hit]):
    """Hits, best first, and what is to be said of them.

    ``notices`` say why there may be others (an index is incomplete, passages wait for it); ``suggestion`` is the
    query in a likelier spelling; ``matched`` says whether anything has its words.
    """

    def __init__(
        self,
        hits: Iterable[Hit] = (),
        *,
        notices: tuple[Reason, ...] = (),
        suggestion: str | None = None,
        matched: Literal["words", "meaning only"] = "words",
    ) -> None:
        super().__init__(hits)
        self.notices, self.suggestion, self.matched = notices, suggestion, matched

    @property
    def complete(self) -> bool:
        """Whether all that is stored was searched."""
        return not self.notices
