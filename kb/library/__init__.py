"""The library: everything the product does, as one class. The only place that knows all the stages.

The command line, the app and other programs call ``Library`` and nothing below it.
"""

from __future__ import annotations

import builtins
import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, Unpack

from kb.errors import CatalogDamaged, KbError, UsageError
from kb.home import Home
from kb.library.parts import Choice, Models, Store, limits, several
from kb.records import (
    DAILY_FORMS,
    AddReport,
    Answer,
    Comparison,
    Digest,
    Effort,
    Failure,
    Found,
    Grouping,
    Hits,
    Language,
    ManuscriptCheck,
    Mode,
    Note,
    Paper,
    PaperDetails,
    Problem,
    Recovery,
    Reindexed,
    RemoveReport,
    Review,
    Status,
    UpdateReport,
)
from kb.settings import Settings
from kb.text import checked_label

if TYPE_CHECKING:
    from kb.library.curating import Collections, Conversations, Papers
    from kb.library.indexing import Progress
    from kb.library.jobs import Jobs
    from kb.library.pages import Pages
    from kb.library.questions import Questions
    from kb.library.topics import Topics
    from kb.library.viewing import View

__all__ = ["Library"]


class Library:
    """One home, open for use. Close it, or use it as a context manager.

    >>> with Library.open(Settings(home="~/papers")) as library:
    ...     library.add(["paper.pdf"])
    ...     library.search("dense retrieval", k=3)

    Nothing heavy is loaded before it is needed: a search by words alone loads no encoder, a listing no index.
    """

    def __init__(self, settings: Settings, *, on_wait: Callable[[str], None] | None = None) -> None:
        self.settings = settings
        home = Home(settings.home)
        self._models = Models(settings, home, notice=lambda text: self._store.notice(text))
        self._store = Store(home, self._models, on_wait=on_wait)

    @classmethod
    def open(cls, settings: Settings | None = None, *, on_wait: Callable[[str], None] | None = None) -> Self:
        """A library over the home that the settings name; without settings, those of the environment.

        ``on_wait`` is told what is waited for, and other things that change nothing.
        """
        return cls(settings or Settings.load(), on_wait=on_wait)

    def speaking(self, language: Language) -> Self:
        """This library, writing answers and notes in another language; the open files and models are shared."""
        other = copy.copy(self)
        other.settings = self.settings.model_copy(update={"language": language})
        return other

    def close(self) -> None:
        """Let go of all files."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        damage = ""
        try:
            if isinstance(error, Exception) and not isinstance(error, KbError):
                damage = next(iter(self._store.faults()), "")
        finally:
            self.close()
        if damage:  # what a value that was never written led to
            raise CatalogDamaged(
                f"{self._store.home.catalog_path} is damaged ({damage}): kb doctor names what is,"
                " kb recover TO saves the rest into a new home"
            ) from error

    # --------------------------------------------------------------------------------------- adding

    def add(
        self,
        what: Sequence[str | Path] | str | Path = (),
        *,
        items: Iterable[Found] | None = None,
        query: str | None = None,
        since: date | None = None,
        until: date | None = None,
        limit: int | None = None,
        fulltext: bool = True,
        private: bool | None = None,
        collection: str | None = None,
        progress: Progress | None = None,
    ) -> AddReport:
        """Add papers: arXiv ids and addresses, files, folders, bibliographies; or what an arXiv query finds.

        Doing it again changes nothing; a bad item never stops the rest; a stopped run goes on when repeated.

        Args:
            what: what to add.
            items: instead, what a source of your own found; each says itself whether it is private.
            query: arXiv query; ``since``/``until`` (announcement days) and ``limit`` (100) belong to it.
            fulltext: fetch and parse the PDFs of arXiv papers.
            private: mark the papers private, or not; None: local files are, the rest is not.
            collection: put the papers into this collection, too.
            progress: told how far it is.

        Raises:
            UsageError: for ``items`` beside what says what to add, or how; for a period or a limit without a query; for
                what is no name of a collection.
        """
        from kb.index.catalog.views import collection_name
        from kb.library.adding import add_items
        from kb.library.intake import Intake

        if collection is not None:
            collection_name(collection)  # told before anything is added
        if query is None and not (since is None and until is None and limit is None):
            raise UsageError("since, until and limit are of a query: give query besides, or leave them out")
        store = self._store
        names = [str(one) for one in ([what] if isinstance(what, str | Path) else what)]
        if items is not None:
            if names or query is not None or private is not None or not fulltext:
                raise UsageError("items say themselves what they are: give no what, query, fulltext or private besides")
            report = add_items(store, self._models, self.settings, items, progress=progress)
            self._collect(collection, report)
            return report
        store.home.create()  # what cannot be written is told before anything is read
        intake = Intake(
            self.settings,
            store.home,
            limits=limits(self.settings),
            fulltext=fulltext,
            private=private,
            notice=store.notice,
        )
        report = add_items(
            store,
            self._models,
            self.settings,
            intake.items(names, query=query, since=since, until=until, limit=100 if limit is None else limit),
            fetch=intake.fetch,
            expected=intake.expected(names, query=query) if progress is not None else None,
            progress=progress,
        )
        self._forget_mended(names, report)
        self._collect(collection, report)
        return report

    def _collect(self, collection: str | None, report: AddReport) -> None:
        """Put what went in into a collection, if one is named; none is made for nothing."""
        went_in = [*report.added, *report.updated, *report.unchanged]
        if collection is not None and went_in:
            self.collections.add(collection, went_in)

    def _forget_mended(self, names: Sequence[str], report: AddReport) -> None:
        """A line of a file of records that failed once and is well or gone now fails no longer."""
        failing, failures = {failure.what for failure in report.failed}, self._store.catalog().failures
        files = {Path(name).name for name in names if name not in failing}
        if any(failure.what.rpartition(":")[0] in files for failure in failures.list()):
            with self._store.changing():
                for file in sorted(files):
                    failures.forget_lines(file, but=failing)

    def remove(self, papers: Sequence[str] | str) -> RemoveReport:
        """Take papers out with all that hangs on them: text, vectors, words, files, figures, notes, answers.

        Stopped on its way, it is finished by whatever writes to the home next, or when it is said again.

        Raises:
            UnknownPaper: when no paper has any of the names; where only some are missing, the report lists these.
            HomeUnwritable: on a disk so full that nothing could be freed.
        """
        from kb.library.removing import remove

        return remove(self._store, self._models, [papers] if isinstance(papers, str) else list(papers))

    # ------------------------------------------------------------------------------------ questions

    def search(
        self,
        query: str,
        *,
        k: int = 10,
        mode: Mode = "hybrid",
        by: Grouping = "chunk",
        sources: bool = False,
        **choice: Unpack[Choice],
    ) -> Hits:
        """Passages (or the best passage of each paper) for a query, best first; with what may be missing (``notices``),
        a likelier spelling (``suggestion``), and whether anything has its words (``matched``).

        Args:
            query: words, as they are typed: a name finds the author's papers first; "quoted phrases" must stand in a
                passage, ``-words`` must not; ``author:``, ``title:`` and ``year:`` (2024, 2020-2023) are fields.
                Whatever is none of these is a plain word.
            k: how many, 1 to 10,000.
            mode: by words ("lexical"), by meaning ("dense") or both ("hybrid").
            by: one hit a passage ("chunk") or a paper ("paper").
            sources: the papers of the hits with what their sources said.
            choice: which papers may be found.
        """
        self._tell_outdated()
        filters = self._store.filters(**choice)
        return self._store.corpus().find(query, k=k, mode=mode, filters=filters, by=by, sources=sources)

    def ask(
        self,
        question: str,
        *,
        session: str | None = None,
        effort: Effort = "normal",
        on_draft: Callable[[str], None] | None = None,
        on_answer: Callable[[Answer], None] | None = None,
        **choice: Unpack[Choice],
    ) -> Answer:
        """Answer a question from the papers: with a model in checked prose, without one by the best passages.

        Args:
            question: the question.
            session: name of a conversation; a follow-up is read in its context, and the answer is kept in it.
            effort: how often a model may look again for what is missing: "quick" 0, "normal" 1, "deep" 4 times.
            on_draft: told the model's draft so far, again and again (it is checked afterwards).
            on_answer: told the answer as soon as it is made: before pictures of its equations are cut, and before it is
                kept in the conversation.
            choice: which papers may be used.
        """
        self._tell_outdated()
        filters = self._store.filters(**choice)
        return self._questions().ask(
            question, session=session, effort=effort, filters=filters, on_draft=on_draft, on_answer=on_answer
        )

    def compare(
        self,
        papers: Sequence[str],
        questions: Sequence[str],
        *,
        collection: str | None = None,
        progress: Progress | None = None,
    ) -> Comparison:
        """Papers (and those of a collection) × questions: in each cell what the paper says, with its page, or "not
        stated"."""
        found = [self.papers.get(name) for name in papers]
        found += self.collections.get(collection) if collection is not None else []
        return self._questions().compare(found, questions, progress=progress)

    def check(
        self,
        path: Path | str,
        *,
        bibliographies: Sequence[Path | str] = (),
        effort: Effort = "normal",
        progress: Progress | None = None,
    ) -> ManuscriptCheck:
        """A manuscript of yours (.md, .tex, .txt) against the library: each sentence that cites, with a verdict, its
        passages, and the numbers and names that the cited papers do not have.

        Args:
            path: the manuscript. Nothing of it is kept; with a model its citing sentences are shown to that.
            bibliographies: files that say what its keys mean, besides those that it names itself.
            effort: whether a model looks again for what the first passages do not bear out ("quick": it does not).
            progress: told how far it is.
        """
        self._tell_outdated()
        return self._questions().check(
            Path(path), bibliographies=[Path(one) for one in bibliographies], effort=effort, progress=progress
        )

    def review(
        self, question: str, *, papers: int = 12, progress: Progress | None = None, **choice: Unpack[Choice]
    ) -> Review:
        """A longer text over many papers, each statement cited and checked, with a table of them; by a model only.

        Args:
            question: what it is about: a question, or the matter of a section on related work.
            papers: how many papers are looked at, 1 to 30: those it names first, then the nearest.
            progress: told how far it is.
            choice: which papers may be used.

        Raises:
            ModelError: without a model, or when it fails; what it replied is kept for the next time.
        """
        self._tell_outdated()
        filters = self._store.filters(**choice)
        return self._questions().review(question, papers=papers, filters=filters, progress=progress)

    def note(self, paper: str, *, progress: Progress | None = None) -> Note:
        """The structured reading note of one paper, from its full text where there is one."""
        return self._questions().note(self._store.catalog().papers.resolve(paper), progress=progress)

    def _tell_outdated(self) -> None:
        """A search cuts its words as they are cut now: those indexed by an earlier version are found as they were."""
        from kb.library.indexing import index_state

        if index_state(self._store.home, self._store.catalog()).words_are_outdated:
            old = "letters such as ø are found under their old spelling"
            self._store.notice(f"{old} until the next kb add or kb reindex")

    def _questions(self) -> Questions:
        """What answers with a budget of its own."""
        from kb.library.questions import Questions

        return Questions(self._store, self._models.renewed(), self.settings)

    # --------------------------------------------------------------------------------------- digests

    def digest(
        self,
        topic: str | None = None,
        *,
        day: date | None = None,
        since: date | None = None,
        until: date | None = None,
        audience: str = "self",
        language: Language | None = None,
        progress: Progress | None = None,
    ) -> Digest:
        """The notes of the papers (of a topic, or all) announced on a day or in a period, as data.

        ``language``: that of the topic when None, without a topic that of the settings.
        """
        from kb.library.digesting import Digests

        return Digests(self._store, self._models.renewed(), self.settings).digest(
            topic, day=day, since=since, until=until, audience=audience, language=language, progress=progress
        )

    def update(
        self,
        *,
        out: Path | str | None = None,
        forms: Sequence[str] = DAILY_FORMS,
        day: date | None = None,
        fulltext: bool = True,
        audience: str = "self",
        language: Language | None = None,
        progress: Progress | None = None,
    ) -> UpdateReport:
        """The daily job: what arXiv announced for every topic goes in and onto its pages; missed days are caught up.

        Args:
            out: where pages go, ``<topic>/<day>/`` below it; ``digests/`` in the home when None.
            forms: of the pages, from ``kb.records.FORMS``.
            day: as if it were this day.
            fulltext: fetch the full texts of the papers that go in.
            audience: whom the pages are for, "self" or "public".
            language: of the pages; that of each topic when None.
        """
        from kb.library.updating import update

        return update(
            self._store, self._models.renewed(), self.settings, out=Path(out) if out else None, forms=forms,
            day=day, fulltext=fulltext, audience=audience, language=language, progress=progress,
        )  # fmt: skip

    # -------------------------------------------------------------------------------------- catalog

    def list(
        self, *, limit: int | None = None, sources: bool = False, **choice: Unpack[Choice]
    ) -> builtins.list[Paper]:
        """The papers that pass, newest first, those of one collection in its order; with what their sources said
        (``sources``) where that is asked for."""
        from kb.library.curating import listed

        return listed(self._store, limit=limit, sources=sources, **choice)

    def show(self, paper: str, *, table: str | None = None, equation: str | None = None) -> PaperDetails:
        """All that is known of a paper: record, versions, sections, counts of its text; with the table of a label
        ("Table 2"), or the display equation of a number ("3", "all"), where one is asked for."""
        from kb.library.curating import show
        from kb.library.questions import printed_equations

        details = show(self._store.catalog(), self.papers.get(paper, sources=True), table=table)
        if equation is None:
            return details
        return replace(details, equations=printed_equations(self._store, self.settings, details.paper, equation))

    def set(self, paper: str, **values: str | None) -> Paper:
        """Decide fields yourself; they survive every later ``add``. None takes a decision back.

        Raises:
            UsageError: for a field that is not one a user may set, or a value that it cannot have.
        """
        from kb.library.curating import set_fields

        return set_fields(self._store, self._models, paper, values)

    def tag(self, paper: str, *, add: Iterable[str] | str = (), drop: Iterable[str] | str = ()) -> Paper:
        """Add and drop tags.

        Raises:
            UsageError: for a tag to add that is not one printable line.
        """
        wanted = [checked_label(one, "tag") for one in several(add)]
        papers = self._store.catalog().papers
        with self._store.changing():
            return papers.tag(papers.resolve(paper), add=wanted, drop=several(drop))

    def like(self, paper: str, liking: int = 1, *, topic: str = "") -> Paper:
        """Like (1), dislike (-1) or neither (0), for one topic or for all: papers like it come first, or last."""
        if topic:
            checked_label(topic, "name of a topic")
        papers = self._store.catalog().papers
        paper_id = papers.resolve(paper)
        with self._store.changing():
            papers.opine(paper_id, liking, topic=topic)
        return papers.get(paper_id)

    # -------------------------------------------------------------------------------------- the rest, by what it is of

    @property
    def papers(self) -> Papers:
        """Single papers: their text, what they are like, their citations; merging and splitting; counts of them all."""
        from kb.library.curating import Papers

        return Papers(self._store, self._models)

    @property
    def collections(self) -> Collections:
        """Named sets of papers."""
        from kb.library.curating import Collections

        return Collections(self._store)

    @property
    def conversations(self) -> Conversations:
        """What was asked in sessions."""
        from kb.library.curating import Conversations

        return Conversations(self._store)

    @property
    def topics(self) -> Topics:
        """Standing queries, and the ledger of what each has shown."""
        from kb.library.topics import Topics

        return Topics(self._store)

    @property
    def pages(self) -> Pages:
        """Digests and results as files: written, written again, verified, compared."""
        from kb.library.pages import Pages

        return Pages(self._store, self.settings)

    @property
    def view(self) -> View:
        """Pages of PDFs as pictures, figures, notes that are there, the map."""
        from kb.library.viewing import View

        return View(self._store, self.settings)

    @property
    def jobs(self) -> Jobs[Self]:
        """Long work in processes of its own."""
        from kb.library.jobs import Jobs

        return Jobs(self._store, self.settings, open_library=type(self))

    # ------------------------------------------------------------------------------------------ care

    def status(self) -> Status:
        """Counts of the home."""
        home, catalog = self._store.home, self._store.catalog()
        papers = catalog.papers.state_counts()
        return Status(
            home=str(home.path),
            papers=sum(papers.values()),
            fulltext=papers,
            chunks=catalog.passages.count(),
            waiting=catalog.passages.waiting_count(),
            topics=len(catalog.ledger.topics()),
            failures=tuple(catalog.failures.list()),
            encoder=catalog.fact("encoder"),
            model=self.settings.model_name,
            bytes=home.size_bytes(),
        )

    def doctor(
        self, *, fix: bool = False, model: bool = False, progress: Progress | None = None
    ) -> builtins.list[Problem]:
        """Check catalog, indexes, files and settings; ``fix`` cures what can be cured without losing anything."""
        from kb.library.health import examine

        return examine(self._store, self._models, fix=fix, model=model, progress=progress)

    def recover(self, to: Path | str) -> Recovery:
        """Copy what is whole of a damaged home into a new one; its indexes are made by ``doctor(fix=True)`` there."""
        from kb.library.health import recover

        return recover(self._store.home, Path(to), on_wait=self._store.on_wait)

    def reindex(self, *, encode: bool = False, parse: bool = False, progress: Progress | None = None) -> Reindexed:
        """Make every index again from the catalog.

        Args:
            encode: also make all vectors again.
            parse: read the stored files again that another version of the parser read, and index what is new of them;
                the indexes stay as they are otherwise. What quotes these files is anchored anew. Stopped on its way,
                it goes on when it is said again.
            progress: told how far it is.
        """
        from kb.library.health import rebuild

        read, failed = 0, list[Failure]()
        if parse:
            from kb.library.rereading import read_again

            read, failed = read_again(self._store, self._models, self.settings, progress=progress)
        rebuilt = encode or not parse
        if rebuilt:
            rebuild(self._store, self._models, encode=encode, progress=progress)
        chunks = self._store.catalog().passages.count()
        return Reindexed(chunks=chunks, read=read, failed=tuple(failed), rebuilt=rebuilt)
