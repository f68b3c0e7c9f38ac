"""Measuring retrieval on a BEIR folder, through the same code that people search with."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import get_args

from kb.home import Home
from kb.index.evaluation import BeirDocument, evaluate, read_beir, run_lines
from kb.library.adding import add_items
from kb.library.indexing import Progress
from kb.library.pages import write_pages
from kb.library.parts import Models, Store
from kb.records import Item, Metadata, Mode, RetrievalFigures, SourceRecord
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
) -> RetrievalFigures:
    """nDCG@10, Recall@100 and MRR@10 of every mode over a BEIR folder; with ``run_folder`` also TREC runs.

    The corpus goes into a home of its own that is thrown away. Documents are ranked as papers; a query's missing
    results count as zero.
    """
    dataset = read_beir(folder, split=split)
    modes: dict[str, Mapping[str, float]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="kb-eval-") as home,
        closing(Store(Home(Path(home)), models := Models(settings, Home(Path(home))))) as store,
    ):
        add_items(store, models, settings, _items(dataset.corpus()), progress=progress)
        for mode in get_args(Mode):
            ranking = {}
            for number, (query_id, text) in enumerate(dataset.queries.items(), start=1):
                hits = store.corpus().search(text, k=_DEPTH, mode=mode, by="paper")
                ranking[query_id] = [(hit.paper.id.removeprefix(_SCHEME), hit.score) for hit in hits]
                if progress is not None:
                    progress(f"searching ({mode})", number, len(dataset.queries))
            modes[mode] = evaluate(ranking, dataset.qrels)
            if run_folder is not None:
                write_pages([(f"{mode}.run", run_lines(ranking, mode).encode())], run_folder)
    return RetrievalFigures(dataset=dataset.name, queries=len(dataset.queries), modes=modes)


def _items(documents: Iterable[BeirDocument]) -> Iterator[Item]:
    for document in documents:
        key = f"{_SCHEME}{document.id}"
        # No authors: documents are told apart by their ids alone.
        metadata = Metadata(source="jsonl", ids=(key,), title=document.title or key, abstract=document.text)
        yield Item(what=key, record=SourceRecord(source="jsonl", type="beir", key=key, metadata=metadata))
