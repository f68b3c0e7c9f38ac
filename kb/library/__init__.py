"""The library: everything the product does, as one class. The only place that knows all the stages.

The command line, the app and other programs call ``Library`` and nothing below it.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from kb.errors import ParseError
from kb.library import curating
from kb.library.parts import Choice, OpenHome
from kb.records import (
    DAILY_FORMS,
    PAGE_FORMS,
    AddReport,
    Answer,
    Chunk,
    Comparison,
    Digest,
    Effort,
    Fault,
    Found,
    Grouping,
    Hit,
    Language,
    ManuscriptCheck,
    Mode,
    Note,
    Paper,
    Problem,
    Review,
    Topic,
)

if TYPE_CHECKING:
    from kb.index.papers import Parted
    from kb.index.retrieval import Findings
    from kb.library.adding import FetchFulltext
    from kb.library.catalog_questions import CatalogQuestions
    from kb.library.indexing import Progress
    from kb.library.topics import Preview
    from kb.rendering.citations import CitationForm

__all__ = ["Library"]


class Library(OpenHome):
    """One home, open for use. Close it, or use it as a context manager.

    >>> with Library.open(Settings(home="~/papers")) as library:
    ...     library.add(["paper.pdf"])
    ...     library.search("dense retrieval", k=3)

    Nothing heavy is loaded before it is needed: a search by words alone loads no encoder, a listing no index.
    """

    # --------------------------------------------------------------------------------------- adding

    def add(
        self,
        what: Sequence[str] | str = (),
        *,
        query: str | None = None,
        since: date | None = None,
        until: date | None = None,
        limit: int = 100,
        fulltext: bool = True,
        private: bool | None = None,
        collection: str | None = None,
        progress: Progress | None = None,
    ) -> AddReport:
        """Add papers: arXiv ids and addresses, files, folders, bibliographies; or what an arXiv query finds.

        Doing it again changes nothing; a bad item never stops the rest; a stopped run goes on when repeated.

        Args:
            what: what to add.
            query: arXiv query; ``since``/``until`` (announcement days) and ``limit`` belong to it.
            fulltext: fetch and parse the PDFs of arXiv papers.
            private: mark the papers private, or not; None: local files are, the rest is not.
            collection: put the papers into this collection, too.
            progress: told how far it is.
        """
        from kb.library.intake import Intake

        names = [what] if isinstance(what, str) else list(what)
        intake = Intake(self.settings, self.home, fulltext=fulltext, private=private, notice=self._notice)
        items = intake.items(names, query=query, since=since, until=until, limit=limit)
        expected = intake.expected(names, query=query) if progress is not None else None
        report = self.add_items(items, fetch=intake.fetch, expected=expected, progress=progress)
        self._forget_mended(names, report)
        if collection is not None:
            self.collect(collection, [*report.added, *report.updated, *report.unchanged])
        return report

    def add_items(
        self,
        items: Iterable[Found],
        *,
        fetch: FetchFulltext | None = None,
        expected: int | None = None,
        progress: Progress | None = None,
    ) -> AddReport:
        """Add what a source of your own yields; ``fetch`` gets the file of an item that asks for it.

        ``expected`` is how many items there will be, as far as that is known: the progress is told.
        """
        from kb.library.adding import Adder

        catalog = self.catalog(create=True)
        adder = Adder(
            self.home,
            catalog,
            indexer=self.indexer(),
            encoder=self.encoder,
            limits=self.limits,
            workers=self.settings.threads,
            on_wait=self.on_wait,
        )
        return adder.add(items, fetch=fetch, expected=expected, progress=progress)

    def _forget_mended(self, names: Sequence[str], report: AddReport) -> None:
        """A line of a file of records that failed once and is well or gone now fails no longer."""
        failing = {failure.what for failure in report.failed}
        files = {Path(name).name for name in names if name not in failing}
        if any(failure.what.rpartition(":")[0] in files for failure in self.catalog().failures.list()):
            with self.writing("add"):
                for file in sorted(files):
                    self.catalog().failures.forget_lines(file, but=failing)

    def visit(self, file: Path, *, progress: Progress | None = None) -> Self:
        """A library of its own that holds this file only, inside the home but no part of it; kept for some days."""
        from kb.library.jobs import visit

        guest = visit(self, file)
        report = guest.add([str(file)], progress=progress)
        if report.failed:
            failure = report.failed[0]
            raise ParseError(f"{file.name}: {failure.reason}", code=failure.code)
        return guest

    def remove(self, papers: Sequence[str] | str) -> builtins.list[str]:
        """Take papers out with all that hangs on them: text, vectors, words, files, figures, notes, answers."""
        return curating.remove(self, [papers] if isinstance(papers, str) else list(papers))

    # ------------------------------------------------------------------------------------ questions

    def search(
        self,
        query: str,
        *,
        k: int = 10,
        mode: Mode = "hybrid",
        by: Grouping = "chunk",
        **choice: Unpack[Choice],
    ) -> builtins.list[Hit]:
        """Passages (or the best passage of each paper) for a query, best first.

        Args:
            query: words, as they are typed: a name finds the author's papers first; "quoted phrases" must stand in a
                passage, ``-words`` must not; ``author:``, ``title:`` and ``year:`` (2024, 2020-2023) are fields.
                Whatever is none of these is a plain word.
            k: how many, 1 to 10,000.
            mode: by words ("lexical"), by meaning ("dense") or both ("hybrid").
            by: one hit a passage ("chunk") or a paper ("paper").
            choice: which papers may be found.
        """
        return self.corpus().find(query, k=k, mode=mode, filters=self.filters(**choice), by=by)

    def find(
        self,
        query: str,
        *,
        k: int = 10,
        mode: Mode = "hybrid",
        by: Grouping = "chunk",
        sources: bool = False,
        **choice: Unpack[Choice],
    ) -> Findings:
        """``search``, and how the query was read: whom it names, a likelier spelling, whether anything has its words;
        the papers of the hits with what their sources said (``sources``) where that is asked for."""
        filters = self.filters(**choice)
        return self.corpus().find_and_read(query, k=k, mode=mode, filters=filters, by=by, sources=sources)

    def waiting(self) -> int:
        """How many passages are stored but not yet found by a search: an ``add`` is under way, or was stopped."""
        return self.catalog().passages.waiting_count()

    def words_are_outdated(self) -> bool:
        """Whether words were indexed by an earlier version, which cut some otherwise: ``add`` indexes them again."""
        from kb.library.indexing import words_are_outdated

        return words_are_outdated(self.catalog())

    def similar(self, paper: str, *, k: int = 10) -> builtins.list[Hit]:
        """The papers that are most like this one."""
        return self.corpus().similar(self.catalog().papers.resolve(paper), k=k)

    def ask(
        self,
        question: str,
        *,
        session: str | None = None,
        effort: Effort = "normal",
        on_draft: Callable[[str], None] | None = None,
        **choice: Unpack[Choice],
    ) -> Answer:
        """Answer a question from the papers: with a model in checked prose, without one by the best passages.

        Args:
            question: the question.
            session: name of a conversation; a follow-up is read in its context, and the answer is kept in it.
            effort: how often a model may look again for what is missing: "quick" 0, "normal" 1, "deep" 4 times.
            on_draft: told the model's draft so far, again and again (it is checked afterwards).
            choice: which papers may be used.
        """
        from kb.library.questions import ask

        self._renew_chat()
        return ask(self, question, session=session, effort=effort, filters=self.filters(**choice), on_draft=on_draft)

    def compare(
        self, papers: Sequence[str], questions: Sequence[str], *, progress: Progress | None = None
    ) -> Comparison:
        """Papers × questions: in each cell what the paper says, with its page, or "not stated"."""
        from kb.library.questions import compare

        self._renew_chat()
        return compare(self, papers, questions, progress=progress)

    def check(
        self, path: Path, *, bibliographies: Sequence[Path] = (), progress: Progress | None = None
    ) -> ManuscriptCheck:
        """A manuscript of yours (.md, .tex, .txt) against the library: each sentence that cites, with a verdict, its
        passages, and the numbers and names that the cited papers do not have.

        Args:
            path: the manuscript. Nothing of it is kept; with a model its citing sentences are shown to that.
            bibliographies: files that say what its keys mean, besides those that it names itself.
            progress: told how far it is.
        """
        from kb.library.checking import check

        self._renew_chat()
        return check(self, path, bibliographies=bibliographies, progress=progress)

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
        from kb.library.questions import review

        self._renew_chat()
        return review(self, question, papers=papers, filters=self.filters(**choice), progress=progress)

    # -------------------------------------------------------------------------------------- writing

    def note(self, paper: str, *, progress: Progress | None = None) -> Note:
        """The structured reading note of one paper, from its full text where there is one."""
        from kb.library.digesting import note

        self._renew_chat()
        return note(self, self.catalog().papers.resolve(paper), progress=progress)

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
        from kb.library.digesting import digest

        self._renew_chat()
        return digest(
            self, topic, day=day, since=since, until=until, audience=audience, language=language, progress=progress
        )

    def update(
        self,
        *,
        out: Path | None = None,
        forms: Sequence[str] = DAILY_FORMS,
        day: date | None = None,
        fulltext: bool = True,
        audience: str = "self",
        language: Language | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """The daily job: what arXiv announced for every topic goes in and onto its pages; missed days are caught up.

        Args:
            out: where pages go, ``<topic>/<day>/`` below it; ``digests/`` in the home when None.
            forms: of the pages, from ``kb.records.FORMS``.
            day: as if it were this day.
            fulltext: fetch the full texts of the papers that go in.
            audience: whom the pages are for, "self" or "public".
            language: of the pages; that of each topic when None.

        Returns:
            ``{"topics": [...], "files": [...], "failures": [...], "status": 0 | 1 | 3}``.
        """
        from kb.library.updating import update

        self._renew_chat()
        return update(
            self, out=out, forms=forms, day=day, fulltext=fulltext, audience=audience, language=language,
            progress=progress,
        )  # fmt: skip

    def export_ledger(self, path: Path) -> int:
        """Write topics and what they have shown to a file; returns the number of ledger entries."""
        from kb.library.remembering import export_ledger

        return export_ledger(self, path)

    def import_ledger(self, path: Path) -> int:
        """Take in an exported ledger beside what is there; returns the number of its entries."""
        from kb.library.remembering import import_ledger

        return import_ledger(self, path)

    def add_topic(self, topic: Topic) -> Topic:
        """Keep a standing query; one of the same name is replaced. Returns it as it is kept.

        Raises:
            UsageError: when its query cannot be read or it asks for nothing.
        """
        from kb.library.topics import keep

        return keep(self, topic)

    def topics(self) -> builtins.list[Topic]:
        """All standing queries by name."""
        return self.catalog().ledger.topics() if self.home.exists else []

    def topic(self, name: str) -> Topic:
        """The standing query of that name."""
        return self.catalog().ledger.topic(name)

    def remove_topic(self, name: str) -> str:
        """Forget a standing query; what it has shown stays known."""
        from kb.library.topics import forget

        return forget(self, name)

    def planned_topic(self, name: str, **fields: Any) -> Topic:
        """The standing query of that name with other fields, or a new one, without keeping it."""
        from kb.library.topics import planned

        return planned(self, name, **fields)

    def preview_topic(
        self, topic: Topic, *, since: date | None = None, until: date | None = None
    ) -> builtins.list[Preview]:
        """What a topic catches among the stored papers, and for each why or why not."""
        from kb.library.topics import preview

        return preview(self, topic, since=since, until=until)

    def write_digest(
        self, digest: Digest, forms: Sequence[str] = PAGE_FORMS, *, out: Path | None = None
    ) -> builtins.list[Path]:
        """Write a digest in several of ``kb.records.FORMS``, by default below ``digests/`` in the home; returns the
        files."""
        from kb.library.publishing import write_digest

        return write_digest(self, digest, forms, out=out)

    def render_file(
        self, path: Path, forms: Sequence[str] = PAGE_FORMS, *, out: Path | None = None
    ) -> builtins.list[Path]:
        """The same pages again from a ``digest.json``, by default beside it."""
        from kb.library.publishing import render_file

        return render_file(self, path, forms, out=out or path.parent)

    def render_note(self, note: Note, form: str) -> builtins.list[tuple[str, bytes]]:
        """The note of one paper in a form (md, html, json), as (relative path, bytes), the page first."""
        from kb.library.publishing import render_note

        return render_note(self, note, form)

    def render_comparison(self, comparison: Comparison, form: str) -> str:
        """A comparison as text: md, csv, html or json."""
        from kb.library.publishing import render_comparison

        return render_comparison(self, comparison, form)

    def render_check(self, check: ManuscriptCheck, form: str) -> str:
        """A checked manuscript as text: text (for a terminal), md, html or json."""
        from kb.rendering.manuscript import render_check

        return render_check(check, form, language=self.settings.language)

    def render_review(self, review: Review, form: str, *, name: str = "review") -> builtins.list[tuple[str, bytes]]:
        """A review in a form (md, html, tex, json), as (file name, bytes), the page first; beside tex its .bib."""
        from kb.library.publishing import render_review

        return render_review(self, review, form, name=name)

    def write_pages(self, pages: Iterable[tuple[str, bytes]], out: Path) -> builtins.list[Path]:
        """Write rendered pages below a folder; returns those that a reader opens (pictures are beside them)."""
        from kb.library.publishing import write_pages

        return write_pages(pages, out)

    def write_index(self, folder: Path) -> Path:
        """``index.html`` in a folder, over topics and days of all the digests below it that were kept as data."""
        from kb.library.publishing import write_index

        return write_index(self, folder)

    def verify(self, path: Path) -> tuple[builtins.list[Fault], int]:
        """The faults of a page or ``digest.json`` (ours or of the old kind), and how many things were looked up."""
        from kb.library.verifying import verify

        return verify(self, path)

    def diff(self, old: Path, new: Path) -> dict[str, builtins.list[Any]]:
        """What is new, gone or changed between two ``digest.json``: ids, and for changes the fields."""
        from kb.library.publishing import diff

        return diff(self, old, new)

    # -------------------------------------------------------------------------------------- catalog

    def list(
        self, *, limit: int | None = None, sources: bool = False, **choice: Unpack[Choice]
    ) -> builtins.list[Paper]:
        """The papers that pass, newest first, those of one collection in its order; with what their sources said
        (``sources``) where that is asked for."""
        ids = self.catalog().papers.ids(self.filters(**choice), limit=limit)
        found = self.catalog().papers.many(ids, sources=sources)
        return [found[key] for key in ids]

    def paper(self, paper: str, *, sources: bool = False) -> Paper:
        """One record, by id, alias, address or citation key; with what its sources said where that is asked for."""
        paper_id = self.catalog().papers.resolve(paper)
        return self.catalog().papers.many([paper_id], sources=sources)[paper_id]

    def show(self, paper: str) -> dict[str, Any]:
        """All that is known of a paper: record, versions, sections, counts of its text."""
        return curating.show(self, paper)

    def set(self, paper: str, **values: str | None) -> Paper:
        """Decide fields yourself; they survive every later ``add``. None takes a decision back.

        Raises:
            UsageError: for a field that is not one a user may set, or a value that it cannot have.
        """
        return curating.set_fields(self, paper, values)

    def tag(self, paper: str, *, add: Iterable[str] = (), drop: Iterable[str] = ()) -> Paper:
        """Add and drop tags."""
        with self.writing("tag"):
            return self.catalog().papers.tag(self.catalog().papers.resolve(paper), add=add, drop=drop)

    def opine(self, paper: str, liking: int, *, topic: str = "") -> Paper:
        """Like (1), dislike (-1) or neither (0); for one topic, or for all."""
        paper_id = self.catalog().papers.resolve(paper)
        with self.writing("like"):
            self.catalog().papers.opine(paper_id, liking, topic=topic)
        return self.catalog().papers.get(paper_id)

    def merge(self, one: str, other: str) -> Paper:
        """Make one paper of two by your own word; ``split`` undoes it. Nothing of either is lost.

        Raises:
            UsageError: when both have an arXiv id: these are never one paper.
        """
        return curating.merge(self, one, other)

    def split(self, paper: str, records: Sequence[str] = ()) -> Parted:
        """Part a paper whose records are not of one paper.

        Args:
            paper: the paper.
            records: keys or ids of the source records that are to leave it; without any, your own join of papers is
                undone, else what the weakest evidence joined. The id of another paper says that the two are two.

        Raises:
            UsageError: when there is nothing to part.
        """
        return curating.split(self, paper, records)

    def collections(self) -> dict[str, int]:
        """Names of the collections, with how many papers each holds."""
        return self.catalog().collections.all() if self.home.exists else {}

    def collection(self, name: str) -> builtins.list[Paper]:
        """The papers of a collection in your order."""
        return self.list(collection=[name])

    def collect(self, name: str, papers: Sequence[str] | str = (), *, drop: Sequence[str] = ()) -> str:
        """Put papers at the end of a collection (made where there is none), or take some out; returns its name."""
        return curating.collect(self, name, [papers] if isinstance(papers, str) else papers, drop=drop)

    def arrange_collection(self, name: str, papers: Sequence[str]) -> str:
        """Let these papers of a collection come first, in this order."""
        return curating.arrange(self, name, papers)

    def rename_collection(self, name: str, new: str) -> str:
        """Give a collection another name."""
        with self.writing("collection"), self.catalog().transaction():
            return self.catalog().collections.rename(name, new)

    def remove_collection(self, name: str) -> str:
        """Forget a collection; its papers stay."""
        with self.writing("collection"), self.catalog().transaction():
            return self.catalog().collections.remove(name)

    def cite(
        self,
        papers: Sequence[str] | str,
        *,
        style: str = "apa",
        format: CitationForm = "text",  # noqa: A002  (the verb's own word)
    ) -> builtins.list[str]:
        """Citations of papers: in a CSL style as text, markdown or html, or as bibtex, ris, csl with your own keys."""
        return curating.cite(self, [papers] if isinstance(papers, str) else papers, style=style, form=format)

    def questions_of_record(self) -> CatalogQuestions:
        """What the catalog answers by itself: by author, date, venue, tag, collection; counts; which papers name X."""
        from kb.library.catalog_questions import CatalogQuestions

        return CatalogQuestions(self.catalog(), self.corpus())

    def like(self, paper: str, *, topic: str = "") -> Paper:
        """Like a paper: papers like it come first."""
        return self.opine(paper, 1, topic=topic)

    def dislike(self, paper: str, *, topic: str = "") -> Paper:
        """Dislike a paper: papers like it come last."""
        return self.opine(paper, -1, topic=topic)

    def export(self, format: str = "bibtex", **choice: Unpack[Choice]) -> str:  # noqa: A002  (the verb's own word)
        """The records as BibTeX, RIS, CSL-JSON or JSONL: what came in that format goes out as it came."""
        return curating.export(self.list(sources=True, **choice), format)

    def passages(self, paper: str) -> builtins.list[Chunk]:
        """The stored text of a paper in reading order, in pieces with section, pages and boxes."""
        return self.catalog().passages.chunks(self.catalog().papers.resolve(paper))

    def stored_file(self, key: str) -> Path:
        """Where a file of the home (a figure, a PDF) is, by its key."""
        return self.home.files.get(key)

    def count(self) -> int:
        """How many papers there are; 0 where no home has been started."""
        return self.catalog().papers.count() if self.home.exists else 0

    # ------------------------------------------------------------------------------------------ care

    def status(self) -> dict[str, Any]:
        """Counts of the home."""
        return curating.status(self)

    def doctor(
        self, *, fix: bool = False, model: bool = False, progress: Progress | None = None
    ) -> builtins.list[Problem]:
        """Check catalog, indexes, files and settings; ``fix`` cures what can be cured without losing anything."""
        from kb.library.health import examine

        return examine(self, fix=fix, model=model, progress=progress)

    def reindex(self, *, encode: bool = False, progress: Progress | None = None) -> int:
        """Make every index again from the catalog; ``encode`` also makes all vectors again."""
        from kb.library.health import rebuild

        if self._corpus is not None:
            self._corpus.close()
        return rebuild(self, encode=encode, progress=progress)
