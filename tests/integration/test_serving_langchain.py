"""LangChain's standard retriever tests over the library's retriever, and what its documents carry."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.prompts import PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import create_retriever_tool
from langchain_tests.integration_tests import RetrieversIntegrationTests

from kb.records import Paper
from kb.serving.langchain import LibraryRetriever
from tests.memory_corpus import MemoryCorpus, chunks_of


class SmallLibrary:
    """What the retriever asks of a library, over a corpus in memory."""

    def __init__(self) -> None:
        texts = {
            f"arxiv:2401.0000{i}": f"Paper number {i} says that diffusion models denoise images." for i in range(1, 6)
        }
        papers = [Paper(id=key, title=f"Title of {key}", authors=("A. Author",)) for key in texts]
        self._corpus = MemoryCorpus(papers, {key: chunks_of(key, text) for key, text in texts.items()})
        self.asked: list[dict[str, Any]] = []

    def search(self, query: str, *, k: int = 10, mode: Any = "hybrid", **filters: Any) -> Any:
        self.asked.append({"k": k, "mode": mode, **filters})
        return self._corpus.search(query, k=k, mode=mode)


class TestLibraryRetriever(RetrieversIntegrationTests):
    """LangChain's own tests."""

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return LibraryRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"library": SmallLibrary()}

    @property
    def retriever_query_example(self) -> str:
        return "diffusion models"


def test_a_document_says_which_paper_and_where() -> None:
    document = LibraryRetriever(library=SmallLibrary(), k=1).invoke("diffusion models")[0]
    assert document.id
    assert document.metadata["paper_id"].startswith("arxiv:")
    assert document.metadata["title"].startswith("Title of")
    assert document.metadata["page"] == 1
    assert document.metadata["rank"] == 1


def test_filters_and_mode_reach_the_library() -> None:
    library = SmallLibrary()
    LibraryRetriever(library=library, k=2, mode="lexical", filters={"category": ["cs.CL"]}).invoke("diffusion")
    assert library.asked == [{"k": 2, "mode": "lexical", "category": ["cs.CL"]}]


def test_no_passages_are_asked_for_is_an_error() -> None:
    with pytest.raises(ValueError, match="k"):
        LibraryRetriever(library=SmallLibrary(), k=0)


def test_an_agents_tool_shows_paper_and_page() -> None:
    tool = create_retriever_tool(
        LibraryRetriever(library=SmallLibrary(), k=1),
        "papers",
        "Passages of my papers.",
        document_prompt=PromptTemplate.from_template("[{paper_id}, p. {page}] {page_content}"),
    )
    said = tool.invoke({"query": "diffusion models"})
    assert said.startswith("[arxiv:2401.0000")
    assert ", p. 1] Paper number" in said
