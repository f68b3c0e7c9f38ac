"""Ours, asked like the others."""

from __future__ import annotations

from collections.abc import Sequence

from kb import Library, Settings
from kb.records import Item, Metadata, SourceRecord
from tests.benchmarks.peers.meter import measure


class Kb:
    """The product with its defaults; ``model`` is the same model's folder, which its default setting names."""

    packages = ("paper-kb", "openvino", "chromadb", "tantivy")

    def __init__(self, model: str, folder: str) -> None:
        self._library = Library.open(Settings(home=folder))
        self._names: dict[str, str] = {}

    def add_pdfs(self, paths: Sequence[str]) -> None:
        self._library.add(list(paths))

    def add_abstracts(self, abstracts: Sequence[tuple[str, str, str]]) -> None:
        items = []
        for name, title, text in abstracts:
            key = f"doi:10.9999/{name}"
            self._names[key] = name
            said = Metadata(source="jsonl", ids=(key,), title=title, abstract=text)
            items.append(Item(what=name, record=SourceRecord(source="jsonl", type="kb", key=name, metadata=said)))
        self._library.add(items=items)

    def chunks(self) -> int:
        return self._library._store.catalog().passages.count()

    def search(self, query: str) -> list[str]:
        return [self._names[hit.paper.id] for hit in self._library.search(query, k=10, by="paper")]


if __name__ == "__main__":
    measure(Kb)
