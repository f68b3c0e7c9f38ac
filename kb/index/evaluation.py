"""How good a ranking is: BEIR folders in, nDCG@10, Recall@100 and MRR@10 out, runs in TREC's format.

BEIR (Thakur et al. 2021): ``corpus.jsonl`` (``_id``, ``title``, ``text``), ``queries.jsonl`` (``_id``, ``text``),
``qrels/<split>.tsv`` (``query-id``, ``corpus-id``, ``score``). Files may be gzipped, and may lie flat with the split
in the name (``queries.train.jsonl``, ``qrels.train.tsv``).
"""

from __future__ import annotations

import gzip
import io
import json
import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from kb.errors import BadRecord, UsageError
from kb.input_files import open_file

Qrels = Mapping[str, Mapping[str, int]]  # query id -> document id -> graded relevance
Run = Mapping[str, Sequence[tuple[str, float]]]  # query id -> (document id, score), best first

_SPLITS = ("test", "dev", "validation", "val", "train")  # in order of preference
_QUERIES = re.compile(r"queries(?:[._-](?P<split>[\w-]+))?\.jsonl(?:\.gz)?")
_QRELS = re.compile(r"(?:qrels[._-])?(?P<split>[\w-]+)\.tsv(?:\.gz)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class BeirDocument:
    """One document of a BEIR corpus."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BeirDataset:
    """A BEIR folder with one split's judged queries. Every query has at least one relevant document."""

    name: str
    split: str
    corpus_file: Path
    queries: Mapping[str, str]
    qrels: Qrels

    def corpus(self) -> Iterator[BeirDocument]:
        """The documents, one at a time, in the order of the file.

        Raises:
            BadRecord: naming the line that cannot be read.
        """
        for record in _json_lines(self.corpus_file):
            yield BeirDocument(
                id=str(record["_id"]), title=str(record.get("title") or ""), text=str(record.get("text") or "")
            )


def read_beir(folder: Path, *, split: str | None = None) -> BeirDataset:
    """The queries and judgements of a BEIR folder.

    Without ``split``: of the splits whose queries are there, test before dev before train.

    Raises:
        UsageError: when a part is missing, naming it.
        BadRecord: naming the line that cannot be read.
    """
    corpus_file = _first_existing(folder, "corpus.jsonl", "corpus.jsonl.gz")
    if corpus_file is None:
        raise UsageError(f"{folder} holds no corpus.jsonl: give a folder in BEIR's layout")
    judged = _qrels_files(folder)
    if split is not None and split not in judged:
        raise UsageError(f"{folder} has no split {split!r}: choose one of {', '.join(sorted(judged)) or 'none'}")
    for name in [split] if split is not None else sorted(judged, key=_preference):
        qrels = _read_qrels(judged[name])
        queries = {query: text for query, text in _read_queries(folder, name).items() if query in qrels}
        if queries:
            kept = {query: qrels[query] for query in queries}
            return BeirDataset(
                name=folder.resolve().name, split=name, corpus_file=corpus_file, queries=queries, qrels=kept
            )
    raise UsageError(f"{folder} holds no queries.jsonl with judgements in qrels/: give a folder in BEIR's layout")


def evaluate(run: Run, qrels: Qrels) -> dict[str, float]:
    """Means over all judged queries: ``{"ndcg@10", "recall@100", "mrr@10"}``; a query without results counts as 0.

    nDCG with linear gains, ``sum rel / log2(rank + 1)`` over the ideal order's (Järvelin & Kekäläinen 2002), as
    trec_eval and BEIR compute it; documents without a judgement are not relevant. A document that is repeated
    counts once, where it stands first.
    """
    judged = {query: grades for query, grades in qrels.items() if any(grade > 0 for grade in grades.values())}
    totals = {"ndcg@10": 0.0, "recall@100": 0.0, "mrr@10": 0.0}
    for query, grades in judged.items():
        ranking = list(dict.fromkeys(document for document, _ in run.get(query, ())))
        totals["ndcg@10"] += ndcg(ranking, grades, depth=10)
        totals["recall@100"] += recall(ranking, grades, depth=100)
        totals["mrr@10"] += reciprocal_rank(ranking, grades, depth=10)
    return {measure: total / len(judged) if judged else 0.0 for measure, total in totals.items()}


def ndcg(ranking: Sequence[str], grades: Mapping[str, int], *, depth: int) -> float:
    """Discounted gain of the first ``depth`` documents as a share of the best order's, in [0, 1]."""
    ideal = sorted((grade for grade in grades.values() if grade > 0), reverse=True)
    best = _discounted(ideal[:depth])
    return _discounted([max(0, grades.get(document, 0)) for document in ranking[:depth]]) / best if best else 0.0


def recall(ranking: Sequence[str], grades: Mapping[str, int], *, depth: int) -> float:
    """Share of the relevant documents among the first ``depth``, in [0, 1]."""
    relevant = {document for document, grade in grades.items() if grade > 0}
    return len(relevant & set(ranking[:depth])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Sequence[str], grades: Mapping[str, int], *, depth: int) -> float:
    """One over the rank of the first relevant document, 0 when it is not among the first ``depth``."""
    for rank, document in enumerate(ranking[:depth], 1):
        if grades.get(document, 0) > 0:
            return 1 / rank
    return 0.0


def run_lines(ranking: Run, mode: str) -> str:
    """A run as TREC has it: ``query Q0 document rank score tag`` lines, tagged ``kb-<mode>``.

    TREC's tools order by score and break ties their own way, so a score that does not fall is written as the next
    smaller number: they see our order.
    """
    lines: list[str] = []
    for query, documents in ranking.items():
        above = math.inf
        for rank, (document, score) in enumerate(documents, 1):
            above = score if score < above else math.nextafter(above, -math.inf)
            lines.append(f"{query} Q0 {document} {rank} {above!r} kb-{mode}\n")
    return "".join(lines)


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))


def _preference(split: str) -> tuple[int, str]:
    return (_SPLITS.index(split) if split in _SPLITS else len(_SPLITS), split)


def _first_existing(folder: Path, *names: str) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _qrels_files(folder: Path) -> dict[str, Path]:
    flat = [path for path in sorted(folder.glob("qrels*.tsv*")) if path.is_file()]
    found: dict[str, Path] = {}
    for path in [*sorted((folder / "qrels").glob("*.tsv*")), *flat]:
        if match := _QRELS.fullmatch(path.name):
            found.setdefault("test" if match["split"] == "qrels" else match["split"], path)
    return found


def _read_queries(folder: Path, split: str) -> dict[str, str]:
    """The split's own file before the one of all splits."""
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("queries*.jsonl*")):
        if match := _QUERIES.fullmatch(path.name):
            found.setdefault(match["split"] or "", path)
    chosen = found.get(split) or found.get("")
    return {str(line["_id"]): str(line.get("text") or "") for line in _json_lines(chosen)} if chosen else {}


def _read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Judged queries that have a relevant document; BEIR's three columns or TREC's four, with or without a header."""
    qrels: dict[str, dict[str, int]] = {}
    for number, line in enumerate(_lines(path), 1):
        columns = line.split("\t") if "\t" in line else line.split()
        if not line.strip() or (number == 1 and not columns[-1].strip().lstrip("-").isdigit()):
            continue
        try:
            query, document, grade = columns[0], columns[-2], int(columns[-1])
        except (IndexError, ValueError) as err:
            raise BadRecord(f"{path.name}, line {number}: not query, document and grade: correct the line") from err
        qrels.setdefault(query, {})[document] = grade
    return {query: grades for query, grades in qrels.items() if any(grade > 0 for grade in grades.values())}


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as err:
            raise BadRecord(f"{path.name}, line {number}: not JSON ({err}): correct the line") from err
        if not isinstance(record, dict) or "_id" not in record:
            raise BadRecord(f"{path.name}, line {number}: no _id: correct the line")
        yield record


def _lines(path: Path) -> Iterator[str]:
    try:
        with open_file(path) as file:
            plain = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if path.suffix == ".gz" else file
            with io.TextIOWrapper(plain, encoding="utf-8") as lines:
                yield from lines
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as err:
        raise BadRecord(f"{path} cannot be read ({err}): check the file") from err
