"""Measuring retrieval on a BEIR folder, through the same code that people search with."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from kb.index.evaluation import BeirDocument, evaluate, read_beir, write_run
from kb.library import Library
from kb.library.indexing import Progress
from kb.records import Item, Metadata, Mode, SourceRecord
from kb.settings import Settings

_DEPTH = 100
_SCHEME = "beir:"


def evaluate_retrieval(
    folder: Path,
    *,
    settings: Settings,
    split: str | None = None,
    run_folder: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """nDCG@10, Recall@100 and MRR@10 of every mode over a BEIR folder; with ``run_folder`` also TREC runs.

    The corpus goes into a home of its own that is thrown away. Documents are ranked as papers; a query's missing
    results count as zero.
    """
    dataset = read_beir(folder, split=split)
    modes: dict[str, Mapping[str, float]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="kb-eval-") as home,
        Library.open(settings.model_copy(update={"home": Path(home)})) as library,
    ):
        library.add_items(_items(dataset.corpus()), progress=progress)
        for mode in get_args(Mode):
            ranking = {}
            for number, (query_id, text) in enumerate(dataset.queries.items(), start=1):
                hits = library.corpus().search(text, k=_DEPTH, mode=mode, by="paper")
                ranking[query_id] = [(hit.paper.id.removeprefix(_SCHEME), hit.score) for hit in hits]
                if progress is not None:
                    progress(f"searching ({mode})", number, len(dataset.queries))
            modes[mode] = evaluate(ranking, dataset.qrels)
            if run_folder is not None:
                write_run(run_folder / f"{mode}.run", mode, ranking=ranking)
    return {"dataset": dataset.name, "queries": len(dataset.queries), "modes": modes}


def _items(documents: Iterable[BeirDocument]) -> Iterator[Item]:
    for document in documents:
        key = f"{_SCHEME}{document.id}"
        # No authors: documents are told apart by their ids alone.
        metadata = Metadata(source="jsonl", ids=(key,), title=document.title or key, abstract=document.text)
        yield Item(what=key, record=SourceRecord(source="jsonl", type="beir", key=key, metadata=metadata))
