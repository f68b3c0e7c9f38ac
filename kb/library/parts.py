"""One open home: the parts that every verb works with, each opened when it is first needed."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypedDict, Unpack

from kb.errors import EncoderError, HomeUnwritable, UsageError
from kb.home import Home
from kb.records import Filters, Language
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.index.catalog import Catalog
    from kb.library.indexing import Indexer
    from kb.library.reading import LibraryCorpus
    from kb.parsing.worker import Limits
    from kb.protocols import ChatModel, Encoder, Entailment, Reader, Reranker


class Choice(TypedDict, total=False):
    """Which papers a verb is about; what is left out does not restrict (see ``kb.records.Filters``).

    ``paper`` takes ids, aliases or addresses; ``since`` and ``until`` are days of announcement or publication.
    """

    paper: Iterable[str]
    author: Iterable[str]
    category: Iterable[str]
    tag: Iterable[str]
    collection: Iterable[str]
    since: date | None
    until: date | None
    fulltext: bool | None


class OpenHome:
    """Settings, catalog, corpus, indexer, encoder and model of one home; loads nothing before it is needed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = Home(settings.home)
        self.on_wait: Callable[[str], None] | None = None
        self._catalog: Catalog | None = None
        self._encoder: Encoder | None = None
        self._reader: Reader | None = None
        self._entailment: Entailment | None = None
        self._corpus: LibraryCorpus | None = None
        self._indexer: Indexer | None = None
        self._chat: ChatModel | None = None
        self._verifier: ChatModel | None = None
        self._lock = threading.RLock()

    @classmethod
    def open(cls, settings: Settings | None = None) -> Self:
        """A library over the home that the settings name; without settings, those of the environment."""
        return cls(settings or Settings.load())

    def speaking(self, language: Language) -> Self:
        """This library, writing answers and notes in another language; the open files and models are shared."""
        if language == self.settings.language or not self.home.exists:
            return self
        self.corpus(), self.indexer(), self.chat()
        other = copy.copy(self)
        other.settings = self.settings.model_copy(update={"language": language})
        return other

    def close(self) -> None:
        """Let go of all files."""
        with self._lock:
            for part in (self._corpus, self._indexer, self._catalog):
                if part is not None:
                    part.close()
            self._corpus = self._indexer = self._catalog = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def limits(self) -> Limits:
        """What one file may cost."""
        from kb.parsing.worker import Limits

        return Limits(
            seconds=self.settings.parse_timeout_seconds,
            memory_bytes=self.settings.parse_memory_bytes,
            max_file_bytes=self.settings.max_file_bytes,
            max_pages=self.settings.max_pages,
        )

    def catalog(self, *, create: bool = False) -> Catalog:
        """The catalog; ``create`` starts a home that is not there yet.

        Raises:
            HomeUnwritable: when there is no knowledge base and none is to be made.
        """
        with self._lock:
            if self._catalog is None:
                from kb.index.catalog import Catalog

                if create:
                    self.home.create()
                elif not self.home.exists:
                    raise HomeUnwritable(
                        f"there is no knowledge base in {self.home.path}: start one with kb add, or look with kb demo",
                        code="home-missing",
                    )
                self._catalog = Catalog(self.home.catalog_path, create=create)
            return self._catalog

    def corpus(self) -> LibraryCorpus:
        """The papers as the writing stages see them."""
        with self._lock:
            if self._corpus is None:
                from kb.library.reading import LibraryCorpus

                reranker = self._reranker if self.settings.reranker else None
                self._corpus = LibraryCorpus(
                    self.home,
                    self.catalog(),
                    encoder=self.encoder,
                    reranker=reranker,
                    reader=self.reader,
                    entailment=self.entailment,
                )
            return self._corpus

    def encoder(self) -> Encoder:
        """The encoder of the settings, loaded once."""
        with self._lock:
            if self._encoder is None:
                from kb.index.encoders import load_encoder

                self._encoder = load_encoder(self.settings)
            return self._encoder

    def _reranker(self) -> Reranker:
        from kb.index.rerankers import load_reranker

        reranker = load_reranker(self.settings)
        if reranker is None:
            raise EncoderError("no reranker is set: name a cross-encoder in KB_RERANKER")
        return reranker

    def reader(self) -> Reader | None:
        """The model that judges whether a sentence answers a question, loaded once; None where it cannot run."""
        with self._lock:
            if self._reader is None:
                from kb.index.rerankers import load_reader

                self._reader = load_reader(self.settings)
            return self._reader

    def entailment(self) -> Entailment | None:
        """The natural-language-inference model of the settings, loaded once; None where none is set."""
        with self._lock:
            if self._entailment is None and self.settings.entailment:
                from kb.index.rerankers import load_entailment

                self._entailment = load_entailment(self.settings)
            return self._entailment

    def indexer(self) -> Indexer:
        """The writer of the indexes."""
        with self._lock:
            if self._indexer is None:
                from kb.library.indexing import Indexer

                self._indexer = Indexer(self.home, self.catalog(), encoder=self.encoder)
            return self._indexer

    def chat(self) -> ChatModel | None:
        """The configured language model; None in the extractive mode."""
        with self._lock:
            if self._chat is None and self.settings.model_name is not None:
                from kb.writing.chat import load_chat_model

                self.entailment()  # what it writes is checked: a wrong name must not cost calls first
                self._chat = load_chat_model(self.settings, cache_folder=self.home.cache_path / "model")
            return self._chat

    def verifier(self) -> ChatModel | None:
        """The language model that checks what the other wrote; None where it is the same."""
        with self._lock:
            if self._verifier is None and (name := self.settings.verifier_name) is not None:
                from kb.writing.chat import load_chat_model

                settings = self.settings.model_copy(update={"model": name})
                self._verifier = load_chat_model(settings, cache_folder=self.home.cache_path / "model")
            return self._verifier

    def _renew_chat(self) -> None:
        """Calls and tokens are counted, and capped, for each thing that is asked of the library, not for its life."""
        with self._lock:
            self._chat, self._verifier = (
                renewed() if (renewed := getattr(model, "renewed", None)) is not None else model
                for model in (self._chat, self._verifier)
            )

    def writing(self, purpose: str) -> AbstractContextManager[None]:
        """The writer lock of the home, as a context manager."""
        self.catalog()
        return self.home.writing(purpose, on_wait=self.on_wait)

    def _notice(self, text: str) -> None:
        if self.on_wait is not None:
            self.on_wait(text)

    def filters(self, **choice: Unpack[Choice]) -> Filters:
        """The choice as a filter over papers that are here.

        Raises:
            UnknownPaper: for a name that no paper here has.
            UsageError: for a period that ends before it begins.
        """
        since, until = choice.get("since"), choice.get("until")
        if since is not None and until is not None and until < since:
            raise UsageError(f"the period ends ({until}) before it begins ({since}): exchange the two days")
        resolve = self.catalog().papers.resolve
        return Filters(
            papers=tuple(resolve(name) for name in choice.get("paper", ())),
            authors=tuple(choice.get("author", ())),
            categories=tuple(choice.get("category", ())),
            tags=tuple(choice.get("tag", ())),
            collections=tuple(self.catalog().collections.name(name) for name in choice.get("collection", ())),
            since=since,
            until=until,
            has_fulltext=choice.get("fulltext"),
        )
