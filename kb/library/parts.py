"""What the library is made of: the store (home, catalog, indexes) and the models, each opened when first needed."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from typing import TYPE_CHECKING, TypedDict, Unpack

from kb.errors import EncoderError, HomeBusy, HomeUnwritable, UsageError
from kb.home import Home
from kb.records import Filters
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.answering.screening import Screen, Screened
    from kb.chat import Budget
    from kb.guard import Limits
    from kb.index.catalog import Catalog
    from kb.library.corpus import LibraryCorpus
    from kb.library.indexing import Indexer
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


def limits(settings: Settings) -> Limits:
    """What one file may cost."""
    from kb.guard import Limits

    return Limits(
        seconds=settings.parse_timeout_seconds,
        memory_bytes=settings.parse_memory_bytes,
        max_file_bytes=settings.max_file_bytes,
        max_pages=settings.max_pages,
        max_characters=settings.max_characters,
        ocr_seconds=settings.ocr_timeout_seconds if settings.ocr else 0.0,
    )


class Models:
    """The models of the settings: those that encode and judge text, and the language models with their budget."""

    def __init__(self, settings: Settings, home: Home, *, notice: Callable[[str], None] | None = None) -> None:
        self.settings, self._home, self._listener = settings, home, notice
        self._told: set[str] = set()
        self._encoder: Encoder | None = None
        self._reader: Reader | None = None
        self._entailment: Entailment | None = None
        self._chat: ChatModel | None = None
        self._verifier: ChatModel | None = None
        self._screened: dict[str, Screened] = {}
        self._budget: Budget | None = None  # for both language models
        self._shared = self  # what has loaded the models that renewed ones use, too
        self._lock = threading.RLock()
        self._judging = threading.Lock()  # while the entailment model loads, the others are there

    def encoder(self) -> Encoder:
        """The encoder, loaded once."""
        with self._lock:
            shared = self._shared
            if shared._encoder is None:
                from kb.encoders import load_encoder

                shared._encoder = load_encoder(self.settings, notice=shared._notice)
            return shared._encoder

    def reranker(self) -> Reranker:
        """The cross-encoder that is set.

        Raises:
            EncoderError: when none is.
        """
        from kb.encoders import load_reranker

        reranker = load_reranker(self.settings)
        if reranker is None:
            raise EncoderError("no reranker is set: name a cross-encoder in KB_RERANKER")
        return reranker

    def reader(self) -> Reader | None:
        """The model that judges whether a sentence answers a question, loaded once; None where it cannot run."""
        with self._lock:
            shared = self._shared
            if shared._reader is None:
                from kb.encoders import load_reader

                shared._reader = load_reader(self.settings, notice=shared._notice)
            return shared._reader

    def _notice(self, text: str) -> None:
        """Tell whoever listens, once: encoder and reader share a cache."""
        if self._listener is not None and text not in self._told:
            self._told.add(text)
            self._listener(text)

    def entailment(self) -> Entailment | None:
        """The natural-language-inference model, loaded once; None where none is set."""
        with self._judging:
            shared = self._shared
            if shared._entailment is None and self.settings.entailment:
                from kb.encoders import load_entailment

                shared._entailment = load_entailment(self.settings)
            return shared._entailment

    def chat(self) -> ChatModel | None:
        """The language model; None in the extractive mode."""
        if self._chat is None and self.settings.model_name is not None:
            self.entailment()  # what it writes is checked: a wrong name must not cost calls first
        with self._lock:
            if self._chat is None and self._shared is not self:
                self._chat = _within(self._budget, self._shared.chat())
            if self._chat is None and self.settings.model_name is not None:
                self._chat = self._load(self.settings)
            return self._chat

    def verifier(self) -> ChatModel | None:
        """The language model that checks what the other wrote; None where it is the same."""
        with self._lock:
            if self._verifier is None and self._shared is not self:
                self._verifier = _within(self._budget, self._shared.verifier())
            if self._verifier is None and (name := self.settings.verifier_name) is not None:
                self._verifier = self._load(self.settings.model_copy(update={"model": name}))
            return self._verifier

    def _load(self, settings: Settings) -> ChatModel | None:
        from kb.chat import load_chat_model

        return load_chat_model(settings, cache_folder=self._home.cache_path / "model")

    def screen(self) -> Screen:
        """What a model may be shown of papers; what the judging model has screened is remembered in the home."""
        from kb.answering.screening import Screen, Screened

        judge = self.verifier() or self.chat()
        if judge is None:
            return Screen()
        with self._lock:
            if judge.name not in self._screened:
                self._screened[judge.name] = Screened(self._home.screens_path, model=judge.name)
            return Screen(judge, screened=self._screened[judge.name])

    def renewed(self) -> Models:
        """These models, their calls and tokens counted from nothing: what is asked of the library is capped each by
        itself, also where several things are asked at once. What is loaded is shared."""
        if self.settings.model_name is None and self.settings.verifier_name is None:
            return self
        from kb.chat import new_budget

        other = copy.copy(self)
        other._chat = other._verifier = None
        other._budget = new_budget(self.settings)
        return other


def _within(budget: Budget | None, model: ChatModel | None) -> ChatModel | None:
    """The model, counting in this budget if it counts at all."""
    renewed = getattr(model, "renewed", None)
    return renewed(budget) if renewed is not None else model


def several(names: Iterable[str] | str) -> Iterable[str]:
    """The names; a text is one name."""
    return (names,) if isinstance(names, str) else names


class Store:
    """An open home: its files, its catalog and its indexes, and the two ways of writing to them."""

    def __init__(self, home: Home, models: Models, *, on_wait: Callable[[str], None] | None = None) -> None:
        self.home, self.on_wait = home, on_wait
        self._models = models
        self._catalog: Catalog | None = None
        self._corpus: LibraryCorpus | None = None
        self._indexer: Indexer | None = None
        self._lock = threading.RLock()

    def close(self) -> None:
        """Let go of all files."""
        with self._lock:
            for part in (self._corpus, self._indexer, self._catalog):
                if part is not None:
                    part.close()
            self._corpus = self._indexer = self._catalog = None

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
        """The papers as search and the answering stages see them."""
        with self._lock:
            if self._corpus is None:
                from kb.library.corpus import LibraryCorpus

                models = self._models
                self._corpus = LibraryCorpus(
                    self.home,
                    self.catalog(),
                    encoder=models.encoder,
                    reranker=models.reranker if models.settings.reranker else None,
                    reader=models.reader,
                    entailment=models.entailment,
                )
            return self._corpus

    def indexer(self) -> Indexer:
        """The writer of the indexes."""
        with self._lock:
            if self._indexer is None:
                from kb.library.indexing import Indexer

                self._indexer = Indexer(self.home, self.catalog(), encoder=self._models.encoder)
            return self._indexer

    def faults(self) -> list[str]:
        """What is damaged in the catalog, if it is open."""
        return list(self._catalog.faults()) if self._catalog is not None else []

    def damaged(self) -> list[str]:
        """What was left out of results so far because it is not as it was written."""
        return self._catalog.damaged() if self._catalog is not None else []

    @contextmanager
    def writing(self, purpose: str) -> Iterator[None]:
        """The writer lock of the home; whoever gets it finishes first what a stopped removal has left."""
        catalog = self.catalog()
        with self.home.writing(purpose, on_wait=self.on_wait):
            if catalog.removals.pending():
                from kb.library.removing import finish_or_tell

                finish_or_tell(self)
            yield

    @contextmanager
    def changing(self, *, cuts: bool = False) -> Iterator[None]:
        """A transaction of the catalog: nobody's parsing or encoding is waited for.

        What a stopped removal has left is finished first, unless somebody else is at it. With ``cuts`` chunks may be
        made in it: see ``kb.library.indexing.cutting``.
        """
        catalog = self.catalog()
        if catalog.removals.pending():
            from kb.library.removing import finish_or_tell

            with suppress(HomeBusy), self.home.writing("remove", wait_seconds=0.0):
                finish_or_tell(self)
        transaction = catalog.transaction()
        if cuts:
            from kb.library.indexing import cutting  # a tag needs nothing of it

            transaction = cutting(self.home, catalog, on_wait=self.on_wait)
        with transaction:
            yield

    def notice(self, text: str) -> None:
        """Tell whoever watches this library."""
        if self.on_wait is not None:
            self.on_wait(text)

    def filters(self, **choice: Unpack[Choice]) -> Filters:
        """The choice as a filter over papers that are here.

        Raises:
            UnknownPaper: for a name that no paper here has.
            UsageError: for a period that ends before it begins, and for a choice that there is not.
        """
        if unknown := sorted(set(choice) - set(Choice.__annotations__)):
            known = ", ".join(Choice.__annotations__)
            raise UsageError(f"{unknown[0]!r} is nothing that papers can be chosen by: give one of {known}")
        since, until = choice.get("since"), choice.get("until")
        if since is not None and until is not None and until < since:
            raise UsageError(f"the period ends ({until}) before it begins ({since}): exchange the two days")
        resolve = self.catalog().papers.resolve
        return Filters(
            papers=tuple(resolve(name) for name in several(choice.get("paper", ()))),
            authors=tuple(several(choice.get("author", ()))),
            categories=tuple(several(choice.get("category", ()))),
            tags=tuple(several(choice.get("tag", ()))),
            collections=tuple(self.catalog().collections.name(name) for name in several(choice.get("collection", ()))),
            since=since,
            until=until,
            has_fulltext=choice.get("fulltext"),
        )
