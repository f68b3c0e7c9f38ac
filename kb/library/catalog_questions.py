"""Questions that the catalog answers by itself: who, when, where, which, how many, and which papers name X.

Every value comes from a record or from the user, and says from which; every mention comes with its quotation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kb.errors import UsageError
from kb.names import fold
from kb.records import NO_FILTERS, Evidence, Filters, Hit, Mention, Paper
from kb.text import sentence_spans

if TYPE_CHECKING:
    from kb.index.catalog import Catalog
    from kb.index.papers import Order
    from kb.library.reading import LibraryCorpus

Facet = Literal["year", "venue", "author", "category", "tag", "collection"]
_MOST_PASSAGES = 10_000
_BATCH = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A field of a paper: its value as the record has it, and which source states it ("user" for the user)."""

    paper_id: str
    field: str
    value: Any
    source: str | None


class CatalogQuestions:
    """What a catalog can say without a search by meaning and without a model.

    Args:
        catalog: the stored papers.
        corpus: their passages; needed by ``naming`` alone.
    """

    def __init__(self, catalog: Catalog, corpus: LibraryCorpus) -> None:
        self._catalog, self._corpus = catalog, corpus

    def papers(self, filters: Filters = NO_FILTERS, *, order: Order = "new", limit: int | None = None) -> list[Paper]:
        """The papers that pass (by author, title, venue, day, id, category, tag, collection), in an order."""
        ids = self._catalog.papers.ids(filters, order=order, limit=limit)
        found = self._catalog.papers.many(ids)
        return [found[key] for key in ids]

    def count(self, filters: Filters = NO_FILTERS) -> int:
        """How many papers pass."""
        return len(self._catalog.papers.numbers(filters))

    def counts(self, by: Facet, filters: Filters = NO_FILTERS) -> list[tuple[str, int]]:
        """How many of the papers that pass have each value, the most frequent first; a paper counts once a value."""
        counter: Counter[str] = Counter()
        ids = self._catalog.papers.ids(filters)
        for start in range(0, len(ids), _BATCH):
            for paper in self._catalog.papers.many(ids[start : start + _BATCH]).values():
                counter.update(_values(paper, by))
        return sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))

    def stated(self, paper_id: str, field: str) -> Stated:
        """A field of a paper, and who says so.

        Raises:
            UnknownPaper: when there is no such paper.
            UsageError: when a paper has no such field.
        """
        paper = self._catalog.papers.get(self._catalog.papers.resolve(paper_id))
        if field not in Paper.__dataclass_fields__:
            raise UsageError(f"{field!r} is no field of a paper: choose of {', '.join(Paper.__dataclass_fields__)}")
        return Stated(paper_id=paper.id, field=field, value=getattr(paper, field), source=paper.provenance.get(field))

    def naming(self, name: str, filters: Filters = NO_FILTERS) -> list[Mention]:
        """Every paper whose text or record names something, each with one quotation, the newest first.

        The name is looked for as whole words, whatever the case, accents and hyphens. Titles and abstracts are
        text, too.

        Raises:
            UsageError: when the name has no letter or digit.
        """
        wanted = fold(name)
        if not wanted:
            raise UsageError("there is nothing to look for: give a name")
        hits = self._corpus.find(f'"{name.replace(chr(34), " ")}"', k=_MOST_PASSAGES, mode="lexical", filters=filters)
        first: dict[str, Hit] = {}
        for hit in hits:
            known = first.get(hit.paper.id)
            if _names(hit.text, wanted) and (known is None or _place(hit) < _place(known)):
                first[hit.paper.id] = hit
        order = {key: place for place, key in enumerate(self._catalog.papers.ids(filters))}
        found = sorted(first.values(), key=lambda hit: order.get(hit.paper.id, len(order)))
        return [Mention(paper=hit.paper, evidence=self._evidence(hit, wanted), section=hit.section) for hit in found]

    def _evidence(self, hit: Hit, wanted: str) -> Evidence:
        spans = sentence_spans(hit.text)
        start, end = next(
            (span for span in spans if _names(hit.text[slice(*span)], wanted)), (0, len(hit.text))
        )  # a name may stand across two sentences: then the passage is the quotation
        page, boxes = self._corpus.locate(hit.chunk_id, start, end)
        return Evidence(
            marker="1",
            paper_id=hit.paper.id,
            version=hit.paper.version,
            chunk_id=hit.chunk_id,
            start=start,
            end=end,
            quote=hit.text[start:end],
            page=page if page is not None else hit.page,
            boxes=boxes,
        )


def _names(text: str, wanted: str) -> bool:
    return f" {wanted} " in f" {fold(text)} "


def _place(hit: Hit) -> tuple[int, int, str]:
    return (hit.page or 0, len(hit.section), hit.chunk_id)


def _values(paper: Paper, by: Facet) -> Sequence[str]:
    if by == "year":
        return [str(paper.published.year)] if paper.published else []
    if by == "venue":
        return [paper.venue] if paper.venue else []
    found = {"author": paper.authors, "category": paper.categories, "tag": paper.tags, "collection": paper.collections}
    return tuple(dict.fromkeys(found[by]))
