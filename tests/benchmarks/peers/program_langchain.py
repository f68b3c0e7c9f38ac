"""LangChain as its tutorials write it: PyPDFLoader, characters 1000/200, HuggingFaceEmbeddings, langchain-chroma."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_chroma import Chroma
from langchain_community.document_loaders import PyPDFLoader
from langchain_core.documents import Document
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter
from meter import measure

_BATCH = 5_000  # Chroma takes no more at once


class LangChain:
    packages = ("langchain", "langchain-chroma", "langchain-huggingface", "sentence-transformers", "chromadb", "pypdf")

    def __init__(self, model: str, folder: str) -> None:
        self._store = Chroma(persist_directory=folder, embedding_function=HuggingFaceEmbeddings(model_name=model))
        self._splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)

    def add_pdfs(self, paths: Sequence[str]) -> None:
        for path in paths:
            self._store.add_documents(self._splitter.split_documents(PyPDFLoader(path).load()))

    def add_abstracts(self, abstracts: Sequence[tuple[str, str, str]]) -> None:
        documents = [
            Document(page_content=f"{title}. {text}", metadata={"id": name}) for name, title, text in abstracts
        ]
        pieces = self._splitter.split_documents(documents)
        for start in range(0, len(pieces), _BATCH):
            self._store.add_documents(pieces[start : start + _BATCH])

    def chunks(self) -> int:
        return int(self._store._collection.count())

    def search(self, query: str) -> list[str]:
        found = self._store.similarity_search(query, k=30)
        return list(dict.fromkeys(document.metadata["id"] for document in found))[:10]


if __name__ == "__main__":
    measure(LangChain)
