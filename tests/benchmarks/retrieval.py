"""Retrieval quality: the ablation behind the fused score, over the product's own indexes and encoder.

    python -m tests.benchmarks.retrieval scifact DATA [--cache DIR]
    python -m tests.benchmarks.retrieval arxiv DATA [--cache DIR] [--sample 8000]
    python -m tests.benchmarks.retrieval chunks DATA [--cache DIR]

Vectors are encoded once and kept in the cache folder. "scifact": claims to abstracts (BEIR SciFact, training claims).
"arxiv": titles to abstracts without them. "chunks": share of a reference answer's words in the five best chunks of
the full paper asked about.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from kb.encoders import load_encoder
from kb.index import lexical
from kb.index.dense import ChromaIndex
from kb.index.evaluation import Qrels, evaluate, read_beir
from kb.index.fusion import Scores, fuse, refine
from kb.index.lexical import TantivyIndex
from kb.index.retrieval import Indexes, Retriever
from kb.index.vectors import SentenceFile, VectorFile
from kb.protocols import Encoder, Keys, Vectors
from kb.records import Chunk, Filters, Mode, Paper
from kb.settings import Settings
from kb.text import sentence_spans
from tests.benchmarks.verification import is_held_back

DEPTH = 200


class CachedEncoder:
    """The product's encoder, loaded when a text is new, with every batch of passages kept in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._encoder: Encoder | None = None
        self._queries: dict[str, Vectors] = {}

    def batch(self, texts: Sequence[str]) -> Vectors:
        """(n, d) vectors of passages."""
        name = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]
        kept = next(self._folder.glob(f"*{name}.npy"), None)
        if kept is not None:
            return np.load(kept)
        vectors = self.real().encode_passages(texts)
        np.save(self._folder / f"{name}.npy", vectors)
        return vectors

    def learn(self, texts: Sequence[str]) -> Vectors:
        """Vectors of queries, which ``encode_query`` then knows."""
        vectors = self.batch(texts)
        self._queries.update(zip((text.strip() for text in texts), vectors, strict=True))
        return vectors

    def encode_query(self, text: str) -> Vectors:
        known = self._queries.get(text)
        return self.real().encode_query(text) if known is None else known

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self.real().encode_passages(texts)

    def real(self) -> Encoder:
        self._encoder = self._encoder or load_encoder(Settings())
        return self._encoder


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Documents (id, title, text), queries and judgements, with their vectors."""

    documents: Sequence[tuple[str, str, str]]
    queries: Mapping[str, str]
    qrels: Qrels
    vectors: Vectors
    query_vectors: Vectors
    sentences: Sequence[Vectors] | None


# ------------------------------------------------------------------------------------------ ways to score


def bm25(task: Task, folder: Path) -> NDArray[np.float64]:
    """(queries, documents) BM25 scores of the 200 best, 0 elsewhere."""
    index = TantivyIndex(folder)
    index.put([(key, title, "", text) for key, (_, title, text) in enumerate(task.documents)])
    scores = np.zeros((len(task.queries), len(task.documents)))
    for row, query in zip(scores, task.queries.values(), strict=True):
        for key, score in index.matching(query, k=DEPTH):
            row[key] = score
    return scores


def plain_words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def reciprocal_ranks(words: Scores, cosines: Scores) -> Scores:
    """Reciprocal rank fusion, k = 60 (Cormack et al. 2009), over the 200 best of each."""
    total = np.zeros(len(words))
    for scores in (words, cosines):
        order = np.argsort(-scores, kind="stable")[:DEPTH]
        order = order[scores[order] > 0]
        total[order] += 1 / (60 + np.arange(1, len(order) + 1))
    return total


def min_max(words: Scores, cosines: Scores) -> Scores:
    """Equal halves after min-max scaling over the 200 best of each."""
    return 0.5 * _scaled(words) + 0.5 * _scaled(cosines)


def z_scores(words: Scores, cosines: Scores) -> Scores:
    """0.4 / 0.6 after standardising over the 200 best of each."""
    return 0.4 * _standard(words) + 0.6 * _standard(cosines)


def _scaled(scores: Scores) -> Scores:
    best = np.sort(scores)[-DEPTH:]
    return np.clip((scores - best[0]) / max(best[-1] - best[0], 1e-9), 0, 1)


def _standard(scores: Scores) -> Scores:
    best = np.sort(scores)[-DEPTH:]
    return (np.maximum(scores, best[0]) - best.mean()) / max(best.std(), 1e-9)


def nearest_sentences(task: Task) -> NDArray[np.float32]:
    """(queries, documents) cosine of each document's nearest sentence."""
    assert task.sentences is not None
    starts = np.cumsum([0, *(len(rows) for rows in task.sentences)])[:-1]
    joined = np.concatenate(task.sentences).astype(np.float16).astype(np.float32)
    return np.stack([np.maximum.reduceat(joined @ query, starts) for query in task.query_vectors])


def show(name: str, scores: NDArray[np.float64], task: Task) -> None:
    """One line of the table: whole set, and both halves of the queries (a gain should show in both)."""
    ids = [document for document, _, _ in task.documents]
    run = {}
    for query, row in zip(task.queries, scores, strict=True):
        order = np.argsort(-row, kind="stable")[:100]
        run[query] = [(ids[i], float(row[i])) for i in order if row[i] != 0]
    measured = evaluate(run, task.qrels)
    names = list(task.queries)
    halves = [evaluate(run, {q: task.qrels[q] for q in half})["ndcg@10"] for half in (names[::2], names[1::2])]
    figures = " | ".join(f"{measured[m]:.4f}" for m in ("ndcg@10", "recall@100", "mrr@10"))
    print(f"| {name} | {figures} | {halves[0]:.3f} / {halves[1]:.3f} |", flush=True)


def ablation(task: Task) -> None:
    """Every row of the table over one task."""
    print("| way | nDCG@10 | Recall@100 | MRR@10 | nDCG@10, halves |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        variants = {"BM25, plain tokens": mock.patch.object(lexical, "tokenize", plain_words)}
        variants |= {f"BM25, title × {n}": mock.patch.object(lexical, "_TITLE_WEIGHT", n) for n in (1, 3)}
        for number, (variant, patched) in enumerate(variants.items()):
            with patched:
                show(variant, bm25(task, folder / str(number)), task)
        words = bm25(task, folder / "words")
    cosines = (task.query_vectors @ task.vectors.T).astype(np.float64)
    show("BM25", words, task)
    show("dense", cosines, task)

    def fused(way: Callable[[Scores, Scores], Scores], near: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack([way(row, cosine) for row, cosine in zip(words, near, strict=True)])

    show("reciprocal rank fusion, k 60", fused(reciprocal_ranks, cosines), task)
    show("min-max, .5/.5", fused(min_max, cosines), task)
    show("z-score, .4/.6", fused(z_scores, cosines), task)
    for weight in (0.3, 0.35, 0.4, 0.5):
        show(
            f"{weight}·S/S_max + {round(1 - weight, 2)}·cos",
            fused(lambda w, c, weight=weight: fuse(w, c, weight=weight), cosines),
            task,
        )
    if task.sentences is not None:
        refined = np.stack([refine(c, s) for c, s in zip(cosines, nearest_sentences(task), strict=True)])
        show("dense + sentence maximum", refined, task)
        for weight in (0.3, 0.35, 0.4):
            name = f"{weight}·S/S_max + {round(1 - weight, 2)}·cos + sentence maximum"
            show(name, fused(lambda w, c, weight=weight: fuse(w, c, weight=weight), refined), task)


# ------------------------------------------------------------------------------------------ the product's path


class MemoryCatalog:
    """The documents of a task as the retriever asks for them: one chunk a paper, key = place + 1.

    It is its own table of passages, and of papers.
    """

    def __init__(self, task: Task) -> None:
        self.passages = self.papers = self
        self._documents = task.documents
        self._titles = {paper: title for paper, title, _ in task.documents}

    def chunks_by_key(self, keys: Sequence[int]) -> Mapping[int, Chunk]:
        return {key: self._chunk(key) for key in keys}

    def paper_numbers(self, keys: Keys) -> Keys:
        return keys

    def many(self, ids: Sequence[str]) -> Mapping[str, Paper]:
        return {paper: Paper(id=paper, title=self._titles[paper]) for paper in ids}

    def keys_within(self, filters: Filters) -> Keys | None:
        return None

    def generation(self) -> int:
        return 0

    def _chunk(self, key: int) -> Chunk:
        paper, _, text = self._documents[key - 1]
        return Chunk(
            id=paper, paper_id=paper, version=None, kind="abstract", ordinal=0, section=(), start=0, end=len(text),
            text=text, tokens=0,
        )  # fmt: skip


@contextmanager
def open_retriever(task: Task, encoder: CachedEncoder) -> Iterator[Retriever]:
    """The documents behind Retriever, TantivyIndex and ChromaIndex, as in a home."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, dimension = Path(name), task.vectors.shape[1]
        rows = VectorFile(folder / "rows", dimension)
        dense = ChromaIndex(folder / "chroma", rows=rows)
        sentences = SentenceFile(folder / "sentences", dimension) if task.sentences is not None else None
        indexes = Indexes(lexical=TantivyIndex(folder / "words"), dense=dense, rows=rows, sentences=sentences)
        keys = list(range(1, len(task.documents) + 1))
        indexes.lexical.put([(k, title, "", text) for k, (_, title, text) in zip(keys, task.documents, strict=True)])
        dense.put(keys, task.vectors)
        if sentences is not None and task.sentences is not None:
            sentences.put(keys, task.sentences)
        yield Retriever(MemoryCatalog(task), indexes, encoder=lambda: encoder)  # type: ignore[arg-type,return-value]
        dense.close()


def product(task: Task, encoder: CachedEncoder, *, groups: Mapping[str, str]) -> None:
    """The same by the product: approximate neighbours, 200 candidates by words; each group of queries (named by query)
    besides."""
    modes: tuple[Mode, ...] = ("lexical", "dense", "hybrid")
    with open_retriever(task, encoder) as retriever:
        for mode in modes:
            run = {
                query: [(hit.paper.id, hit.score) for hit in retriever.search(text, k=100, mode=mode, by="paper")]
                for query, text in task.queries.items()
            }
            for group in ("", *sorted(set(groups.values()))):
                judged = {q: grades for q, grades in task.qrels.items() if not group or groups.get(q) == group}
                figures = " | ".join(f"{value:.4f}" for value in evaluate(run, judged).values())
                name = f", {group} ({len(judged)})" if group else ""
                print(f"| product, {mode}{name} | {figures} | |", flush=True)


# ------------------------------------------------------------------------------------------ tasks


def scifact(data: Path, encoder: CachedEncoder) -> Task:
    dataset = read_beir(data / "scifact")
    documents = [(document.id, document.title, document.text) for document in dataset.corpus()]
    spans = [sentence_spans(text) for _, _, text in documents]
    titles = [title for _, title, _ in documents]
    bodies = [text[a:b] for (_, _, text), places in zip(documents, spans, strict=True) for a, b in places]
    joined = encoder.batch([*titles, *bodies])
    ends = len(titles) + np.cumsum([0, *(len(places) for places in spans)])
    return Task(
        documents=documents,
        queries=dataset.queries,
        qrels=dataset.qrels,
        vectors=encoder.batch([f"{title}. {text}" for _, title, text in documents]),
        query_vectors=encoder.learn(list(dataset.queries.values())),
        sentences=[
            np.concatenate([joined[i : i + 1], joined[ends[i] : ends[i + 1]]]) for i in range(len(documents))
        ],
    )  # fmt: skip


def claim_groups(data: Path) -> dict[str, str]:
    """To each claim of the quarter that ``verification.is_held_back`` keeps from all training how far it is held back.

    Two in three of the documents that these claims cite are cited by claims of the other quarters, too. Held back with
    its documents is a claim that cites none of those.
    """
    claims = [json.loads(line) for line in (data / "scifact" / "claims_train.jsonl").read_text("utf-8").splitlines()]
    seen = {document for claim in claims if not is_held_back(claim["id"]) for document in claim["cited_doc_ids"]}
    return {
        str(claim["id"]): "held back, documents seen"
        if seen.intersection(claim["cited_doc_ids"])
        else "held back with their documents"
        for claim in claims
        if is_held_back(claim["id"])
    }


def arxiv(data: Path, encoder: CachedEncoder, *, sample: int) -> Task:
    with gzip.open(data / "arxiv" / "records.jsonl.gz", "rt", encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    chosen = sorted(np.random.default_rng(7).choice(len(records), sample, replace=False))
    records = [records[i] for i in chosen]
    queries = {record["id"]: " ".join(record["title"].split()) for record in records[::4]}
    return Task(
        documents=[(record["id"], "", record["abstract"]) for record in records],
        queries=queries,
        qrels={query: {query: 1} for query in queries},
        vectors=encoder.batch([record["abstract"] for record in records]),
        query_vectors=encoder.learn(list(queries.values())),
        sentences=None,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("scifact", "arxiv", "chunks"))
    parser.add_argument("data", type=Path, help="the shared data folder")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "kb_benchmark_vectors")
    parser.add_argument("--sample", type=int, default=8000, help="abstracts of the arXiv task")
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    encoder = CachedEncoder(given.cache)
    if given.task == "chunks":
        from tests.benchmarks import retrieval_chunks

        retrieval_chunks.main(given.data, encoder)
        return
    task = scifact(given.data, encoder) if given.task == "scifact" else arxiv(given.data, encoder, sample=given.sample)
    ablation(task)
    product(task, encoder, groups=claim_groups(given.data) if given.task == "scifact" else {})


if __name__ == "__main__":
    main()
