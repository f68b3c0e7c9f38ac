"""The stored papers as they are asked: retrieval over the indexes, reopened when another process changed them, quotes
located, and what the records state by themselves: who, when, where, which, how many, which papers name X."""

from __future__ import annotations

import re
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal, TypeVar

import numpy as np

from kb.errors import BadIdentifier, IndexDamaged, UnknownPaper, UsageError
from kb.home import Home
from kb.index.catalog import Catalog
from kb.index.catalog.papers import Order
from kb.index.dense import ChromaIndex
from kb.index.lexical import TantivyIndex
from kb.index.retrieval import Indexes, Retriever
from kb.library.indexing import PARTS, IndexPart, IndexState, encoder_changed, examined, open_vectors
from kb.names import fold
from kb.protocols import DenseIndex, Encoder, Entailment, Reader, Reranker, Vectors
from kb.records import (
    NO_FILTERS,
    Box,
    Chunk,
    Evidence,
    Filters,
    Grouping,
    Hit,
    Hits,
    Mention,
    Mode,
    Paper,
    PrintedRow,
    Reason,
)
from kb.text import sentence_spans
from kb.words import has_words

_KEY = re.compile(r"[^\s,;()\[\]{}?!\"']*\d[^\s,;()\[\]{}?!\"']*")  # an id or a citation key has a digit
_MOST_KEYS = 16
_TITLED = 24  # papers whose titles are looked at for one that a text names
_LOOKED_UP = 100  # papers of the authors whom a text names
_REMEMBERED = 8_192  # vectors of sentences: 12 MB
_TRIES = 10  # of a search, while indexes are swapped or turn out to be broken
# Which indexes are done without, one after the other, when one turns out to be broken; none at first, for a writer
# may just have taken a file away.
_DO_WITHOUT: tuple[frozenset[IndexPart], ...] = (
    frozenset(), frozenset({"dense"}), frozenset({"dense", "lexical"}), frozenset({"dense", "vectors"}),
    frozenset(PARTS),
)  # fmt: skip

_MOST_PASSAGES = 10_000  # that may name something
_BATCH = 2_000  # papers that are counted at once

Facet = Literal["year", "venue", "author", "category", "tag", "collection"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _OpenIndexes:
    """A retriever over the indexes in a state; ``behind`` are not those of the catalog, ``lost`` are not read:
    those of ``behind`` that others can stand for, and what is done without after ``tried`` ways of it."""

    state: IndexState
    behind: frozenset[IndexPart]
    lost: frozenset[IndexPart]
    tried: int
    retriever: Retriever


def _not_needed(behind: frozenset[IndexPart]) -> frozenset[IndexPart]:
    """The indexes that are not read where others can stand for them; where neither words nor vectors are the
    catalog's, what there is of them is better than nothing."""
    return frozenset() if behind >= {"lexical", "vectors"} else behind


class LibraryCorpus:
    """The stored papers as the writing stages see them (``kb.protocols.Corpus``). Safe to use from many threads."""

    def __init__(
        self,
        home: Home,
        catalog: Catalog,
        *,
        encoder: Callable[[], Encoder],
        reranker: Callable[[], Reranker] | None,
        reader: Callable[[], Reader | None],
        entailment: Callable[[], Entailment | None],
    ) -> None:
        self._home, self._catalog = home, catalog
        self._load_encoder, self._load_reranker = encoder, cache(reranker) if reranker is not None else None
        self.reader, self.entailment = reader, entailment
        self._open: _OpenIndexes | None = None
        self._lock = threading.RLock()
        self._vectors: OrderedDict[tuple[str, str], Vectors] = OrderedDict()
        self._remembering = threading.Lock()  # of ``_vectors``

    def search(
        self,
        query: str,
        *,
        k: int = 10,
        mode: Mode = "hybrid",
        filters: Filters = NO_FILTERS,
        by: Grouping = "chunk",
    ) -> list[Hit]:
        """Chunks (or the best chunk of each paper) for a question or any other plain text, best first."""
        return self._asked(
            lambda retriever, how: retriever.search(query, k=k, mode=how, by=by, filters=filters), mode=mode, nothing=[]
        )

    def find(
        self,
        query: str,
        *,
        k: int = 10,
        mode: Mode = "hybrid",
        filters: Filters = NO_FILTERS,
        by: Grouping = "chunk",
        sources: bool = False,
    ) -> Hits:
        """``search`` for what people type: authors first, fields, "phrases" and -words (see ``kb.index.query``).

        With how the query is read here (a likelier spelling, whether its words are known) and what may be missing;
        with ``sources`` the papers of the hits have what their sources said.
        """
        found = self._asked(
            lambda retriever, how: retriever.find(query, k=k, mode=how, by=by, filters=filters),
            mode=mode,
            nothing=Hits(matched="meaning only"),
        )
        if sources:
            papers = self._catalog.papers.many({hit.paper.id for hit in found}, sources=True)
            found[:] = [replace(hit, paper=papers.get(hit.paper.id, hit.paper)) for hit in found]
        found.notices = self.notices()
        return found

    def notices(self) -> tuple[Reason, ...]:
        """Why a search may miss something now: passages wait to be indexed, or an index is not the catalog's."""
        waiting, behind = self._catalog.passages.waiting_count(), self.incomplete()
        found = [Reason(kind="passages-waiting", values={"count": str(waiting)})] if waiting else []
        if behind:
            found.append(Reason(kind="index-incomplete", values={"indexes": ", ".join(behind)}))
        return tuple(found)

    def mentioned(self, text: str) -> list[Paper]:
        """Papers that a text may name: by an id or key in it, by an author whom it names, by words of their titles."""
        papers = self._catalog.papers
        keys: list[str] = []
        for token in dict.fromkeys(_KEY.findall(text)[:_MOST_KEYS]):
            with suppress(BadIdentifier, UnknownPaper):
                keys.append(papers.resolve(token))
        found = papers.many(keys, sources=True)
        if not has_words(text):
            return list(found.values())
        hits = self.search(text, k=_TITLED, by="paper", mode="lexical")
        nobody: tuple[str, ...] = ()
        if people := self._asked(lambda retriever, _: retriever.people(text), nothing=nobody):
            hits += self.search(text, k=_LOOKED_UP, by="paper", mode="lexical", filters=Filters(authors=people))
        return list({**{hit.paper.id: hit.paper for hit in hits}, **found}.values())

    def similar(self, paper_id: str, *, k: int = 10, filters: Filters = NO_FILTERS) -> list[Hit]:
        """Other papers that are most like this one."""
        return self._asked(lambda retriever, _: retriever.similar(paper_id, k=k, filters=filters), nothing=[])

    def chunks(self, paper_id: str) -> list[Chunk]:
        """All chunks of a paper in reading order."""
        return self._catalog.passages.chunks(paper_id)

    def locate(self, chunk_id: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int | None, tuple[Box, ...]]]:
        """Page and boxes of each span of a chunk's text."""
        return self._catalog.passages.locate(chunk_id, spans)

    def rows(self, chunk_id: str) -> tuple[PrintedRow, ...]:
        """The rows of printed tables in a chunk's text."""
        return self._catalog.passages.rows(chunk_id)

    def page_label(self, paper_id: str, page: int) -> str | None:
        """The number that a page prints."""
        return self._catalog.passages.page_label(paper_id, page)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n, d) L2-normalised vectors; those of the latest texts are remembered, for questions come back to them."""
        encoder = self._load_encoder()
        keys = [(encoder.fingerprint, text) for text in texts]
        with self._remembering:
            known = {key: self._vectors[key] for key in keys if key in self._vectors}
        if fresh := [key for key in dict.fromkeys(keys) if key not in known]:  # no search waits for this
            known.update(zip(fresh, encoder.encode_passages([text for _, text in fresh]), strict=True))
        with self._remembering:
            for key in keys:
                self._vectors[key] = known[key]
                self._vectors.move_to_end(key)
            while len(self._vectors) > _REMEMBERED:
                self._vectors.popitem(last=False)
        return np.array([known[key] for key in keys], np.float32).reshape(len(keys), encoder.dimension)

    def close(self) -> None:
        """Let go of the indexes' files."""
        with self._lock:
            if self._open is not None:
                self._open.retriever.close()
            self._open = None

    def incomplete(self) -> tuple[IndexPart, ...]:
        """The indexes that are not those of the catalog (see ``parts_behind``) or turned out to be broken."""
        found = self._indexes()
        return tuple(part for part in PARTS if part in found.behind | found.lost) if found is not None else ()

    def _asked(self, ask: Callable[[Retriever, Mode], T], *, nothing: T, mode: Mode = "lexical") -> T:
        """What the open indexes answer, in this mode if they can; ``nothing`` while nothing was indexed.

        Asked again where they were swapped meanwhile: the answer may be of files that were gone. Where one of them is
        broken, the others answer.

        Raises:
            IndexDamaged: when there is no index without which it can be answered.
        """
        for attempt in range(_TRIES):
            if (open_ := self._indexes()) is None:
                return nothing
            try:
                found = ask(open_.retriever, self._mode(open_, mode))
            except IndexDamaged:
                is_same = self._catalog.generation() == open_.state.generation
                if attempt + 1 == _TRIES or (is_same and not self._do_without_more(open_)):
                    raise
                continue
            if self._catalog.generation() == open_.state.generation:
                break
        return found

    def _mode(self, open_: _OpenIndexes, wanted: Mode) -> Mode:
        """The mode in which something is found: by the other index where the one that is wanted is lost."""
        if "vectors" in open_.lost:
            if wanted != "lexical":
                self._encoder()  # of another encoder's vectors one cannot tell that they are lost: that is said first
            return "lexical"
        return "dense" if wanted == "lexical" and "lexical" in open_.lost else wanted

    def _do_without_more(self, broken: _OpenIndexes) -> bool:
        """Open the indexes again, without others of them; False when all was tried."""
        if broken.tried == len(_DO_WITHOUT):
            return False
        with self._lock:
            if self._open is None or self._open.retriever is not broken.retriever:
                return True  # another thread has opened them again
            lost = _not_needed(broken.behind) | _DO_WITHOUT[broken.tried]
            self._open = self._opened(broken.state, behind=broken.behind, lost=lost, tried=broken.tried + 1)
        return True

    def _indexes(self) -> _OpenIndexes | None:
        """The open indexes; None while nothing was indexed. What a mode does not need is not loaded."""
        with self._lock:
            now = self._open
            if now is not None and now.state.generation == self._catalog.generation():
                return now
            state, found = examined(self._home, self._catalog)
            if state.encoder is None:
                return None
            behind = frozenset(found)
            lost = _not_needed(behind)
            if now is not None and (now.state.folders, now.behind, now.lost) == (state.folders, behind, lost):
                self._open = replace(now, state=state)  # the retriever looks at what changed in its files
            else:
                self._open = self._opened(state, behind=behind, lost=lost, tried=0)
            return self._open

    def _opened(
        self, state: IndexState, *, behind: frozenset[IndexPart], lost: frozenset[IndexPart], tried: int
    ) -> _OpenIndexes:
        if self._open is not None:
            self._open.retriever.close()  # a search in it ends first; one that comes to it now asks again
        nowhere = self._home.index_path / "none"  # an index that is not there finds nothing
        folders = {part: nowhere if part in lost else state.folders[part] for part in PARTS}
        made_with = state.encoder or ""
        rows, sentences = open_vectors(folders["vectors"], fingerprint=made_with, dimension=state.dimension)
        dense: DenseIndex = rows if "dense" in lost else ChromaIndex(folders["dense"], rows=rows)
        indexes = Indexes(lexical=TantivyIndex(folders["lexical"]), dense=dense, rows=rows, sentences=sentences)
        retriever = Retriever(self._catalog, indexes, encoder=self._encoder, reranker=self._load_reranker)
        return _OpenIndexes(state=state, behind=behind, lost=lost, tried=tried, retriever=retriever)

    def _encoder(self) -> Encoder:
        """The encoder, if it is the one that made the stored vectors."""
        encoder = self._load_encoder()
        made_with = self._catalog.fact("encoder")
        if made_with not in (None, encoder.fingerprint):
            raise encoder_changed(made_with or "", encoder.fingerprint)
        return encoder


# ------------------------------------------------------------------------------ what the records state


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedField:
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
        return [found[key] for key in ids if key in found]

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

    def stated(self, paper_id: str, field: str) -> StatedField:
        """A field of a paper, and who says so.

        Raises:
            UnknownPaper: when there is no such paper.
            UsageError: when a paper has no such field.
        """
        paper = self._catalog.papers.get(self._catalog.papers.resolve(paper_id))
        if field not in Paper.__dataclass_fields__:
            raise UsageError(f"{field!r} is no field of a paper: choose of {', '.join(Paper.__dataclass_fields__)}")
        return StatedField(
            paper_id=paper.id, field=field, value=getattr(paper, field), source=paper.provenance.get(field)
        )

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
        ((page, boxes),) = self._corpus.locate(hit.chunk_id, [(start, end)])
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
            recognised=hit.page is not None and hit.paper.fulltext.is_recognised,
        )


def _names(text: str, wanted: str) -> bool:
    return f" {wanted} " in f" {fold(text)} "


def _place(hit: Hit) -> tuple[int, int, str]:
    return (hit.page or 0, len(hit.section), hit.chunk_id)


def _values(paper: Paper, by: Facet) -> Sequence[str]:
    if by == "year":
        days = paper.announced or ((paper.published,) if paper.published else ())  # as ``since`` and ``until`` mean it
        return tuple(dict.fromkeys(str(day.year) for day in days))
    if by == "venue":
        return [paper.venue] if paper.venue else []
    found = {"author": paper.authors, "category": paper.categories, "tag": paper.tags, "collection": paper.collections}
    return tuple(dict.fromkeys(found[by]))
