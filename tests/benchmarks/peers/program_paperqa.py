"""paper-qa: its reader, chunks and retrieval with the same local encoder. No language model is called: citations are
given, and looking up metadata and describing pictures are off."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from meter import measure
from paperqa import Docs, Settings
from paperqa.types import Doc, Text


class PaperQa:
    packages = ("paper-qa", "sentence-transformers")

    def __init__(self, model: str, folder: str) -> None:
        parsing = {"use_doc_details": False, "multimodal": False}
        self._settings = Settings(embedding=f"st-{model}", parsing=parsing)
        self._encoder = self._settings.get_embedding_model()
        self._docs = Docs()
        self._loop = asyncio.new_event_loop()

    def add_pdfs(self, paths: Sequence[str]) -> None:
        for path in paths:
            name = Path(path).stem
            self._loop.run_until_complete(
                self._docs.aadd(
                    path, citation=name, docname=name, settings=self._settings, embedding_model=self._encoder
                )
            )

    def add_abstracts(self, abstracts: Sequence[tuple[str, str, str]]) -> None:
        bodies = [f"{title}. {text}" for _, title, text in abstracts]
        vectors = self._loop.run_until_complete(self._encoder.embed_documents(bodies))  # together: kinder than one each
        for (name, _, _), body, vector in zip(abstracts, bodies, vectors, strict=True):
            doc = Doc(docname=name, dockey=name, citation=name, content_hash=name)
            text = Text(text=body, name=name, doc=doc, embedding=list(vector))
            self._loop.run_until_complete(
                self._docs.aadd_texts([text], doc, settings=self._settings, embedding_model=self._encoder)
            )

    def chunks(self) -> int:
        return len(self._docs.texts)

    def search(self, query: str) -> list[str]:
        found = self._loop.run_until_complete(
            self._docs.retrieve_texts(query, 30, settings=self._settings, embedding_model=self._encoder)
        )
        return list(dict.fromkeys(str(text.doc.dockey) for text in found))[:10]


if __name__ == "__main__":
    measure(PaperQa)
