"""A small library in memory: real words, real ranking, no disk. A Corpus for tests and benchmarks of the writing.

It ranks as the product does: ``.4·BM25/max + .6·cosine`` over chunks of whole paragraphs. Without an encoder,
vectors are hashed bags of words: texts that share words are near.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from kb.protocols import Reader, Vectors
from kb.records import NO_FILTERS, Box, Chunk, Evidence, Filters, Grouping, Hit, Mention, Mode, Paper, PrintedRow
from kb.text import sentence_spans
from kb.words import content_stems


def bag_of_words(texts: Sequence[str]) -> Vectors:
    """(n, 256) vectors in which shared words are nearness."""
    vectors = np.zeros((len(texts), 256), np.float32)
    for row, text in zip(vectors, texts, strict=True):
        for stem in content_stems(text) or [text]:
            row[zlib_of(stem) % 256] += 1.0
        row /= np.linalg.norm(row) or 1.0
    return vectors


def zlib_of(word: str) -> int:
    """A stable hash of a word."""
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")


def chunks_of(
    paper_id: str, text: str, *, section: tuple[str, ...] = (), words_per_chunk: int = 120, kind: str = "text"
) -> list[Chunk]:
    """Chunks of whole sentences of about so many words; spans are those of the text."""
    chunks: list[Chunk] = []
    start = end = size = 0
    for a, b in [*sentence_spans(text), (len(text), len(text))]:
        if size and (size + len(text[a:b].split()) > words_per_chunk or a == b):
            body = text[start:end]
            chunk_id = hashlib.sha256(f"{paper_id}\n{section}\n{start}\n{body}".encode()).hexdigest()[:16]
            chunks.append(
                Chunk(
                    id=chunk_id,
                    paper_id=paper_id,
                    version=1,
                    kind=kind,  # type: ignore[arg-type]
                    ordinal=len(chunks),
                    section=section,
                    start=start,
                    end=end,
                    text=body,
                    tokens=size,
                    page=1,
                )
            )
            size = 0
        if not size:
            start = a
        end, size = b, size + len(text[a:b].split())
    return chunks


class MemoryCorpus:
    """Corpus over papers and their chunks. ``without`` gives the same corpus less some papers, sharing vectors."""

    def __init__(
        self,
        papers: Iterable[Paper],
        chunks: Mapping[str, Sequence[Chunk]],
        *,
        encode: Callable[[Sequence[str]], Any] = bag_of_words,
        vectors: Vectors | None = None,
        reader: Reader | None = None,
    ) -> None:
        self.papers = {paper.id: paper for paper in papers}
        self._by_paper = {key: list(found) for key, found in chunks.items()}
        self._chunks = [chunk for found in self._by_paper.values() for chunk in found]
        self._by_id = {chunk.id: chunk for chunk in self._chunks}
        self._encode, self._reader = encode, reader
        self._removed: frozenset[str] = frozenset()
        titles = [self.papers[chunk.paper_id].title for chunk in self._chunks]
        self._terms = [
            Counter(content_stems(f"{title} {title} {chunk.text}"))
            for title, chunk in zip(titles, self._chunks, strict=True)
        ]
        self._postings: dict[str, list[int]] = {}
        for row, terms in enumerate(self._terms):
            for term in terms:
                self._postings.setdefault(term, []).append(row)
        self._lengths = np.array([sum(terms.values()) for terms in self._terms] or [1], np.float32)
        texts = [f"{title}. {chunk.text}" for title, chunk in zip(titles, self._chunks, strict=True)]
        self._vectors = vectors if vectors is not None else encode(texts) if texts else np.zeros((0, 256), np.float32)

    def without(self, *paper_ids: str) -> MemoryCorpus:
        """The corpus as if these papers had never been added."""
        other = object.__new__(MemoryCorpus)
        other.__dict__.update(self.__dict__)
        other._removed = self._removed | set(paper_ids)
        return other

    def search(
        self,
        query: str,
        *,
        k: int = 10,
        mode: Mode = "hybrid",
        filters: Filters = NO_FILTERS,
        by: Grouping = "chunk",
    ) -> list[Hit]:
        """Chunks, or the best one of each paper, best first."""
        if by == "paper":
            first: dict[str, Hit] = {}
            for hit in self.search(query, k=len(self._chunks) or 1, mode=mode, filters=filters):
                first.setdefault(hit.paper.id, hit)
            return [replace(hit, rank=rank) for rank, hit in enumerate(list(first.values())[:k], 1)]
        allowed = np.array([self._allows(chunk, filters) for chunk in self._chunks], bool)
        if not allowed.any():
            return []
        lexical = self._bm25(query) if mode != "dense" else np.zeros(len(self._chunks), np.float32)
        dense = self._vectors @ self.encode([query])[0] if mode != "lexical" else np.zeros_like(lexical)
        lexical = np.where(allowed, lexical, 0)
        top = float(lexical.max()) or 1.0
        weight = {"hybrid": 0.4, "lexical": 1.0, "dense": 0.0}[mode]
        score = weight * lexical / top + (1 - weight) * dense
        score[~allowed] = -np.inf
        by_words = set(
            np.argsort(-lexical, kind="stable")[:200][lexical[np.argsort(-lexical, kind="stable")[:200]] > 0]
        )
        order = [i for i in np.argsort(-score, kind="stable")[:k] if np.isfinite(score[i])]
        if mode == "lexical":
            order = [i for i in order if lexical[i] > 0]
        return [self._hit(i, rank, float(score[i]), i in by_words, mode) for rank, i in enumerate(order, 1)]

    def _hit(self, row: int, rank: int, score: float, lexical: bool, mode: Mode) -> Hit:
        chunk = self._chunks[row]
        found = ("lexical",) if mode == "lexical" else ("lexical", "dense") if lexical else ("dense",)
        return Hit(
            rank=rank,
            score=score,
            found_by=found,  # type: ignore[arg-type]
            paper=self.papers[chunk.paper_id],
            chunk_id=chunk.id,
            section=chunk.section,
            page=chunk.page,
            text=chunk.text,
        )

    def _allows(self, chunk: Chunk, filters: Filters) -> bool:
        return chunk.paper_id not in self._removed and (not filters.papers or chunk.paper_id in filters.papers)

    def _bm25(self, query: str) -> Any:
        scores = np.zeros(len(self._chunks), np.float32)
        mean = float(self._lengths.mean())
        for term, count in Counter(content_stems(query)).items():
            rows = self._postings.get(term, [])
            idf = math.log(1 + (len(self._chunks) - len(rows) + 0.5) / (len(rows) + 0.5))
            for row in rows:
                tf = self._terms[row][term]
                scores[row] += count * idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * self._lengths[row] / mean))
        return scores

    def mentioned(self, text: str) -> list[Paper]:
        """All papers: whether a text names one is told by their records."""
        return [paper for key, paper in self.papers.items() if key not in self._removed]

    def chunks(self, paper_id: str) -> list[Chunk]:
        """In reading order."""
        return [] if paper_id in self._removed else self._by_paper.get(paper_id, [])

    def locate(self, chunk_id: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int | None, tuple[Box, ...]]]:
        """One box that stands for each span."""
        page = self._by_id[chunk_id].page
        return [(page, (Box(page=page or 1, x0=0.0, y0=float(start), x1=1.0, y1=float(end)),)) for start, end in spans]

    def rows(self, chunk_id: str) -> tuple[PrintedRow, ...]:
        """None: its texts are prose."""
        return ()

    def page_label(self, paper_id: str, page: int) -> str | None:
        """Pages count from 101 in print."""
        return str(100 + page)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """By the encoder that was given."""
        return self._encode(texts)  # type: ignore[no-any-return]

    def reader(self) -> Reader | None:
        """The one that was given."""
        return self._reader

    def entailment(self) -> None:
        """None: nobody set one."""


class MemoryRecords:
    """What the records of a memory corpus say by themselves (``kb.protocols.PaperRecords``)."""

    def __init__(self, corpus: MemoryCorpus) -> None:
        self._corpus = corpus

    def papers(self, filters: Filters = NO_FILTERS, *, limit: int | None = None) -> list[Paper]:
        """Those that pass, by ids, by authors' names as printed and by the day of announcement."""
        first, last = filters.since or date.min, filters.until or date.max
        return [
            paper
            for paper in self._corpus.mentioned("")
            if (not filters.papers or paper.id in filters.papers)
            and (not filters.authors or any(name in paper.authors for name in filters.authors))
            and ((first, last) == (date.min, date.max) or any(first <= day <= last for day in paper.announced))
        ][:limit]

    def count(self, filters: Filters = NO_FILTERS) -> int:
        """How many."""
        return len(self.papers(filters))

    def naming(self, name: str, filters: Filters = NO_FILTERS) -> list[Mention]:
        """The first sentence of each paper that prints the name."""
        found = []
        for paper in self.papers(filters):
            for chunk in self._corpus.chunks(paper.id):
                span = next((s for s in sentence_spans(chunk.text) if name in chunk.text[slice(*s)]), None)
                if span is not None:
                    quote = chunk.text[slice(*span)]
                    evidence = Evidence(
                        marker="1", paper_id=paper.id, version=1, chunk_id=chunk.id, start=span[0], end=span[1],
                        quote=quote, page=chunk.page,
                    )  # fmt: skip
                    found.append(Mention(paper=paper, evidence=evidence, section=chunk.section))
                    break
        return found
