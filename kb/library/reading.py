"""Reading a library: retrieval over its indexes, reopened when another process changed them, and quotes located."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from kb.errors import BadIdentifier, UnknownPaper
from kb.home import Home
from kb.index.catalog import Catalog
from kb.index.dense import ChromaIndex
from kb.index.lexical import TantivyIndex
from kb.index.neighbours import ScanningIndex
from kb.index.retrieval import Findings, Indexes, Retriever
from kb.index.tokens import has_words
from kb.index.understanding import People
from kb.library.indexing import encoder_changed, open_vectors
from kb.protocols import Encoder, Entailment, Keys, Reader, Reranker, Vectors
from kb.records import NO_FILTERS, Box, Chunk, Filters, Grouping, Hit, Mode, Paper

_KEY = re.compile(r"[^\s,;()\[\]{}?!\"']*\d[^\s,;()\[\]{}?!\"']*")  # an id or a citation key has a digit
_MOST_KEYS = 16
_TITLED = 24  # papers whose titles are looked at for one that a text names
_LOOKED_UP = 100  # papers of which the first chunk is looked up at once, as far as somebody reads on


class _CatalogPassages:
    """The catalog as retrieval asks for it."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def chunks_by_key(self, keys: Sequence[int]) -> Mapping[int, Chunk]:
        return self._catalog.passages.chunks_by_key(keys)

    def paper_numbers(self, keys: Keys) -> Keys:
        return self._catalog.passages.paper_numbers(keys)

    def papers(self, ids: Sequence[str]) -> Mapping[str, Paper]:
        return self._catalog.papers.many(ids)

    def keys_within(self, filters: Filters) -> Keys | None:
        return self._catalog.keys_within(filters)

    @property
    def people(self) -> People:
        return self._catalog.authors

    def newest(self, filters: Sequence[Filters]) -> Iterator[int]:
        """The first passage of each paper that passes all filters, the newest paper first."""
        first, *others = [self._catalog.papers.ids(each) for each in filters]
        wanted = set(first).intersection(*others)
        ids = [key for key in first if key in wanted]
        for start in range(0, len(ids), _LOOKED_UP):
            yield from self._catalog.passages.first_keys(ids[start : start + _LOOKED_UP]).values()

    def generation(self) -> int:
        return self._catalog.generation()


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
        self._load_encoder, self._load_reranker = encoder, reranker
        self.reader, self.entailment = reader, entailment
        self._open: Retriever | None = None
        self._dense: ChromaIndex | None = None
        self._lock = threading.RLock()

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
        retriever = self._retriever()
        return retriever.search(query, k=k, mode=mode, by=by, filters=filters) if retriever else []

    def find(
        self,
        query: str,
        *,
        k: int = 10,
        mode: Mode = "hybrid",
        filters: Filters = NO_FILTERS,
        by: Grouping = "chunk",
    ) -> list[Hit]:
        """``search`` for what people type: authors first, fields, "phrases" and -words (see ``kb.index.query``)."""
        retriever = self._retriever()
        return retriever.find(query, k=k, mode=mode, by=by, filters=filters) if retriever else []

    def find_and_read(
        self, query: str, *, k: int, mode: Mode, filters: Filters, by: Grouping, sources: bool = False
    ) -> Findings:
        """``find``, and how the query is read here: whom it names, a likelier spelling, whether its words are known;
        with ``sources`` the papers of the hits have what their sources said."""
        retriever = self._retriever()
        if retriever is None:
            return Findings()
        found = retriever.find_and_read(query, k=k, mode=mode, by=by, filters=filters)
        if not sources:
            return found
        papers = self._catalog.papers.many({hit.paper.id for hit in found.hits}, sources=True)
        hits = tuple(replace(hit, paper=papers.get(hit.paper.id, hit.paper)) for hit in found.hits)
        return replace(found, hits=hits)

    def mentioned(self, text: str) -> list[Paper]:
        """Papers that a text may name: by an id or key in it, by an author whom it names, by words of their titles."""
        papers = self._catalog.papers
        keys: list[str] = []
        for token in dict.fromkeys(_KEY.findall(text)[:_MOST_KEYS]):
            with suppress(BadIdentifier, UnknownPaper):
                keys.append(papers.resolve(token))
        found = papers.many(keys, sources=True)
        retriever = self._retriever()
        if retriever is None or not has_words(text):
            return list(found.values())
        hits = retriever.search(text, k=_TITLED, by="paper", mode="lexical")
        if people := retriever.people(text):
            hits += retriever.search(text, k=_LOOKED_UP, by="paper", mode="lexical", filters=Filters(authors=people))
        return list({**{hit.paper.id: hit.paper for hit in hits}, **found}.values())

    def similar(self, paper_id: str, *, k: int = 10, filters: Filters = NO_FILTERS) -> list[Hit]:
        """Other papers that are most like this one."""
        retriever = self._retriever()
        return retriever.similar(paper_id, k=k, filters=filters) if retriever else []

    def chunks(self, paper_id: str) -> list[Chunk]:
        """All chunks of a paper in reading order."""
        return self._catalog.passages.chunks(paper_id)

    def locate(self, chunk_id: str, start: int, end: int) -> tuple[int | None, tuple[Box, ...]]:
        """Page and boxes of ``chunk.text[start:end]``."""
        return self._catalog.passages.locate(chunk_id, start, end)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n, d) L2-normalised vectors."""
        with self._lock:
            return self._load_encoder().encode_passages(texts)

    def close(self) -> None:
        """Let go of the indexes' files."""
        with self._lock:
            if self._dense is not None:
                self._dense.close()
            self._open = self._dense = None

    def _retriever(self) -> Retriever | None:
        """The open retriever; None while nothing was indexed. What a mode does not need is not loaded."""
        with self._lock:
            if self._open is None and (made_with := self._catalog.fact("encoder")) is not None:
                dimension = int(self._catalog.fact("dimension") or 0)
                rows, sentences = open_vectors(self._home.vectors_path, fingerprint=made_with, dimension=dimension)
                self._dense = ChromaIndex(self._home.dense_path, rows=rows)
                lexical = TantivyIndex(self._home.lexical_path)
                dense = ScanningIndex(self._dense, rows=rows)
                indexes = Indexes(lexical=lexical, dense=dense, rows=rows, sentences=sentences)
                passages = _CatalogPassages(self._catalog)
                self._open = Retriever(passages, indexes, encoder=self._encoder, reranker=self._load_reranker)
            return self._open

    def _encoder(self) -> Encoder:
        """The encoder, if it is the one that made the stored vectors."""
        encoder = self._load_encoder()
        made_with = self._catalog.fact("encoder")
        if made_with not in (None, encoder.fingerprint):
            raise encoder_changed(made_with or "", encoder.fingerprint)
        return encoder
