"""The library as a LangChain retriever: passages as documents that carry paper, page and boxes.

An agent that looks things up in the library (needs a model that calls tools)::

    from langchain.agents import create_agent
    from langchain_core.prompts import PromptTemplate
    from langchain_core.tools import create_retriever_tool

    retriever = LibraryRetriever(library=Library.open(), k=5)
    prompt = PromptTemplate.from_template("[{paper_id}, p. {page}] {page_content}")
    tool = create_retriever_tool(retriever, "papers", "Passages of my papers.", document_prompt=prompt)
    agent = create_agent("ollama:qwen3", tools=[tool])
    agent.invoke({"messages": [("user", "How do the methods keep views consistent?")]})

What an agent writes is not verified; ``Library.ask`` is.
"""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from kb.records import Hit, Mode
from kb.wire import to_data


class LibraryRetriever(BaseRetriever):
    """Finds passages in a library for chains and agents.

    >>> retriever = LibraryRetriever(library=Library.open(), k=5)
    >>> retriever.invoke("displaced patch parallelism")[0].metadata["page"]

    Args:
        library: anything with the library's ``search(query, *, k, mode, **filters)``.
        k: how many passages; ``invoke(query, k=3)`` overrides it once.
        mode: "hybrid", "lexical" or "dense".
        filters: the library's filters by name, e.g. ``{"category": ["cs.CL"]}``.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    library: Any
    k: int = Field(default=10, ge=1)
    mode: Mode = "hybrid"
    filters: dict[str, Any] = Field(default_factory=dict)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        hits = self.library.search(query, k=k or self.k, mode=self.mode, **self.filters)
        return [to_document(hit) for hit in hits]


def to_document(hit: Hit) -> Document:
    """A hit as a document: its text, its chunk's id, and where it stands."""
    paper = hit.paper
    return Document(
        id=hit.chunk_id,
        page_content=hit.text,
        metadata={
            "paper_id": paper.id,
            "version": paper.version,
            "title": paper.title,
            "authors": list(paper.authors),
            "url": paper.url,
            "section": list(hit.section),
            "page": hit.page,
            "boxes": to_data(list(hit.boxes)),
            "rank": hit.rank,
            "score": hit.score,
            "found_by": list(hit.found_by),
        },
    )
