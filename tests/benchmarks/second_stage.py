"""The reader of answers as a second stage of search: does it order the first hits better than they came?

    python -m tests.benchmarks.second_stage scifact DATA [--cache DIR]      # claims to abstracts
    python -m tests.benchmarks.second_stage titles DATA [--cache DIR]       # arXiv: a title to its own abstract
    python -m tests.benchmarks.second_stage sentences DATA [--cache DIR]    # its first sentence to the rest
    python -m tests.benchmarks.second_stage chunks HOME [--fresh]           # questions to chunks with their quotations

The first hits of hybrid search are ordered anew by the parts of ``kb.answering.ranking.rank``; what comes behind them
stays. nDCG@10, and the mean difference to hybrid search with its standard error.

The reader has learned from SciFact's training claims: it is judged on claims held back with their documents
(``retrieval.claim_groups``); a weight may be chosen on the rest of the quarter.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from kb import Library, Settings
from kb.answering import ranking
from kb.answering.passages import DEPTH
from kb.answering.ranking import RankedChunk
from kb.index.evaluation import ndcg
from kb.protocols import Vectors
from kb.records import Filters, Hit
from kb.text import sentence_spans
from tests.benchmarks.answers import parts_found
from tests.benchmarks.encoding import RememberingReader
from tests.benchmarks.retrieval import CachedEncoder, Task, claim_groups, open_retriever, scifact
from tests.benchmarks.unseen import HERE, read_questions

FIRST = (10, DEPTH)  # hits that are ordered anew
VOICES = (0.0, 0.05, 0.1, 0.2, 0.4)  # of the reader beside the score of hybrid search; at 0 back matter goes behind
RECORDS, EVERY = 3000, 10  # of arXiv; every tenth is asked for

Way = Callable[[RankedChunk, float], float]
Asked = tuple[str, str, Sequence[Hit], Mapping[str, int]]  # group, question, hits, grades by name


class MemoryJudges:
    """The product's encoder and reader; a text that comes again is not encoded again."""

    def __init__(self, encode: Callable[[Sequence[str]], Vectors]) -> None:
        self._encode, self._reader = encode, RememberingReader()
        self._known: dict[str, Vectors] = {}

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n, d) vectors."""
        if new := sorted({text for text in texts if text not in self._known}, key=len):
            self._known.update(zip(new, self._encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])

    def reader(self) -> RememberingReader:
        """The trained one."""
        return self._reader


def ways() -> dict[str, Way]:
    """How a hit is scored, given the best score of hybrid search for the query."""
    found: dict[str, Way] = {
        "as `ask` orders": lambda each, top: each.score,
        "the same without the reader": lambda each, top: 0.5 * each.hit.score / top + each.cosine,
        "the reader alone": lambda each, top: each.probability + 1e-3 * each.hit.score,
    }
    for voice in VOICES:
        found[f"hybrid + {voice} reader"] = lambda each, top, voice=voice: each.hit.score + voice * each.probability
    return found


def reordered(hits: Sequence[Hit], ranked: Sequence[RankedChunk], way: Way) -> list[Hit]:
    """The hits that were ranked by the way's score, then the others as they came."""
    top = max((hit.score for hit in hits), default=1.0) or 1.0
    first = [each.hit for each in sorted(ranked, key=lambda each: (-way(each, top), each.hit.rank))]
    ids = {hit.chunk_id for hit in first}
    return [*first, *(hit for hit in hits if hit.chunk_id not in ids)]


def measure(asked: Iterable[Asked], judges: MemoryJudges, *, name_of: Callable[[Hit], str]) -> None:
    """Print a table for each group."""
    gained: dict[str, dict[str, list[float]]] = {}
    for group, question, hits, grades in asked:
        rows = gained.setdefault(group, {})
        rows.setdefault("hybrid", []).append(ndcg([name_of(hit) for hit in hits], grades, depth=10))
        for first in FIRST:
            ranked = ranking.rank(question, hits[:first], corpus=judges)
            for name, way in ways().items():
                order = [name_of(hit) for hit in reordered(hits[:first], ranked, way)]
                order += [name_of(hit) for hit in hits[first:]]
                rows.setdefault(f"{name}, first {first}", []).append(ndcg(order, grades, depth=10))
    for group, rows in gained.items():
        plain = np.array(rows["hybrid"])
        print(f"\n| {group} ({len(plain)}) | nDCG@10 | difference | standard error |\n|---|---|---|---|")
        for name, values in rows.items():
            more = np.array(values) - plain
            error = more.std(ddof=1) / np.sqrt(len(more))
            print(f"| {name} | {np.mean(values):.4f} | {more.mean():+.4f} | {error:.4f} |", flush=True)


# ------------------------------------------------------------------------------------------------ what is asked


def arxiv_task(data: Path, encoder: CachedEncoder, *, by_title: bool) -> Task:
    """Abstracts without titles, and titles; or titles with abstracts less their first sentences, and these."""
    with gzip.open(data / "arxiv" / "records.jsonl.gz", "rt", encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    chosen = sorted(np.random.default_rng(11).choice(len(records), RECORDS, replace=False))
    texts = [" ".join(records[i]["abstract"].split()) for i in chosen]
    spans = [sentence_spans(text) for text in texts]
    vectors = encoder.batch([text[a:b] for text, places in zip(texts, spans, strict=True) for a, b in places])
    ends = np.cumsum([0, *(len(places) for places in spans)])
    documents, queries, sentences = [], {}, []
    for place, (i, text) in enumerate(zip(chosen, texts, strict=True)):
        key, title = records[i]["id"], " ".join(records[i]["title"].split())
        first = 0 if by_title else 1
        if len(spans[place]) > first:
            documents.append((key, "" if by_title else title, text[spans[place][first][0] :]))
            sentences.append(vectors[ends[place] + first : ends[place + 1]])
            if place % EVERY == 0:
                queries[key] = title if by_title else text[slice(*spans[place][0])]
    return Task(
        documents=documents,
        queries=queries,
        qrels={query: {query: 1} for query in queries},
        vectors=encoder.batch([f"{title}. {text}" if title else text for _, title, text in documents]),
        query_vectors=encoder.learn(list(queries.values())),
        sentences=sentences,
    )


def over_task(task: Task, encoder: CachedEncoder, *, groups: Mapping[str, str]) -> None:
    """Documents as papers of one chunk."""
    with open_retriever(task, encoder) as retriever:
        asked = (
            (groups[query], text, retriever.search(text, k=50, by="paper"), task.qrels[query])
            for query, text in task.queries.items()
            if query in groups
        )
        measure(asked, MemoryJudges(encoder.encode_passages), name_of=lambda hit: hit.paper.id)


def over_chunks(home: Path, *, fresh: bool) -> None:
    """Chunks of full papers: those are right that have a quotation or pattern of the answer."""
    if fresh:
        files = [HERE / name for name in ("fresh_questions.jsonl", "thirty_questions.jsonl")]
        questions = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    else:
        questions = read_questions(sealed=False)
    with Library.open(Settings.load(home=home, model="none")) as library:
        corpus = library._store.corpus()
        chunks = [chunk for paper in library.list(limit=100) for chunk in corpus.chunks(paper.id)]

        def asked() -> Iterator[Asked]:
            for one in questions:
                if not one.get("prints") and not one.get("evidence"):
                    continue
                papers = (library.papers.get(one["paper"]).id,) if "paper" in one else ()
                own = [chunk for chunk in chunks if not papers or chunk.paper_id in papers]
                grades = {chunk.id: 1 for chunk in own if any(parts_found(one, chunk.text))}
                if grades:
                    hits = corpus.search(one["question"], k=50, filters=Filters(papers=papers))
                    yield "questions", one["question"], hits, grades

        measure(asked(), MemoryJudges(corpus.encode), name_of=lambda hit: hit.chunk_id)


def main() -> None:
    """Print the tables of one task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("scifact", "titles", "sentences", "chunks"))
    parser.add_argument("data", type=Path, help="the data folder, or the home whose chunks are searched")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "kb_benchmark_vectors")
    parser.add_argument("--fresh", action="store_true", help="the 84 and the forty questions instead of the open half")
    given = parser.parse_args()
    if given.task == "chunks":
        over_chunks(given.data, fresh=given.fresh)
        return
    given.cache.mkdir(parents=True, exist_ok=True)
    encoder = CachedEncoder(given.cache)
    if given.task == "scifact":
        over_task(scifact(given.data, encoder), encoder, groups=claim_groups(given.data))
        return
    task = arxiv_task(given.data, encoder, by_title=given.task == "titles")
    over_task(task, encoder, groups=dict.fromkeys(task.queries, given.task))


if __name__ == "__main__":
    main()
