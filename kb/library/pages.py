"""Pages on disk: a digest's forms, the same pages again from its data, those that were kept; ``kb verify``."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kb import wire
from kb.errors import (
    BadIdentifier,
    BadRecord,
    FileUnreadable,
    HomeUnwritable,
    IndexDamaged,
    ParseError,
    UnknownPaper,
    UsageError,
)
from kb.home import below, sha256_of, writing_error
from kb.ids import plain_words
from kb.input_files import open_file, read_file
from kb.library.topics import known_periods
from kb.records import (
    PAGE_FORMS,
    Answer,
    Box,
    ChangedEntry,
    Chunk,
    Comparison,
    Digest,
    DigestChanges,
    Fault,
    Figure,
    Hits,
    Language,
    ManuscriptCheck,
    Note,
    Paper,
    Passage,
    Review,
    Verdict,
    Version,
)
from kb.rendering import IndexEntry, PageSettings, publishable, render_digest, render_index
from kb.rendering.labels import page_name
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.index.catalog import Catalog
    from kb.library.corpus import LibraryCorpus
    from kb.library.parts import Store


class LibrarySources:
    """The library as ``kb.rendering.tally.Sources``."""

    def __init__(self, catalog: Catalog, corpus: LibraryCorpus) -> None:
        self._catalog, self._corpus = catalog, corpus

    def candidates(self, ids: Sequence[str], title: str) -> list[Paper]:
        """The papers of these ids, and those whose titles are most like this one."""
        found: dict[str, Paper] = {}
        for name in ids:
            with suppress(UnknownPaper, BadIdentifier):
                paper = self._catalog.papers.get(self._catalog.papers.resolve(name))
                found.setdefault(paper.id, paper)
        if title.strip():
            # Without a usable index only the ids tell: the check says what it could not find.
            with suppress(IndexDamaged):
                for hit in self._corpus.find(title[:300], k=3, mode="lexical", by="paper"):
                    found.setdefault(hit.paper.id, hit.paper)
        return list(found.values())

    def versions(self, paper_id: str) -> list[Version]:
        """The versions that were seen."""
        return self._catalog.papers.versions(paper_id) if self._is_known(paper_id) else []

    def chunks(self, paper_id: str) -> list[Chunk]:
        """The stored text."""
        return self._catalog.passages.chunks(paper_id) if self._is_known(paper_id) else []

    def place_of(self, chunk: Chunk, start: int, end: int) -> tuple[int | None, tuple[Box, ...]]:
        """Page and boxes of a part of a chunk."""
        return self._catalog.passages.locate(chunk.id, [(start, end)])[0]

    def figures(self, paper_id: str) -> Mapping[str, Figure] | None:
        """The figures that were cut from the stored PDF; None where none were asked for yet."""
        source = self._catalog.passages.source(paper_id) if self._is_known(paper_id) else None
        known = self._catalog.ledger.figures(source.sha256) if source is not None else None
        return None if known is None else {figure.file: figure for figure in known}

    def judge(self, text: str, evidence: Sequence[str]) -> tuple[Verdict, str]:
        """The verdict as the notes' own check gives it; the encoder is loaded only where words do not settle it."""
        from kb.writing.verification import verify as judge

        verdict, reason = judge(text, evidence)
        if verdict in ("verbatim", "supported"):
            return verdict, reason
        return judge(text, evidence, encode=self._corpus.encode)

    def faults_of_reason(self, reason: str, paper: Paper) -> Sequence[tuple[str, str, str]]:
        """What a reason says and neither the record nor the catalog does."""
        from kb.writing.topics import faults_of_reason, likened_to

        found = list(faults_of_reason(reason, paper))
        other = likened_to(reason)
        if other is not None and not self._is_known(other):
            found.append(("id", other.removeprefix("arxiv:"), "a paper of the library"))
        return found

    def changes(self, paper: Paper) -> Sequence[str]:
        """What is new in this version against each earlier one that was seen."""
        from kb.writing.changes import describe_changes

        told: dict[str, None] = {}
        for old in self.versions(paper.id):
            if old.version < (paper.version or 0):
                told.update(dict.fromkeys(describe_changes(old, paper)))
        for number in range(paper.version or 0):
            told[f"version {paper.version} replaces version {number}"] = None
        return list(told)

    def periods(self) -> Collection[tuple[date, date]]:
        """The periods that digests were made of, and the days that the daily job looked at."""
        visited = {(day, day) for _, day, _ in self._catalog.ledger.all_visits()}
        return visited | {(period.since, period.until) for period in known_periods(self._catalog)}

    def _is_known(self, paper_id: str) -> bool:
        try:
            self._catalog.papers.get(paper_id)
        except (UnknownPaper, BadIdentifier):
            return False
        return True


Rendered = list[tuple[str, bytes]]
"""Files as (relative path, bytes), the page first."""
_KEPT = 16_384  # ten topics for some years
_HEAD_BYTES = 8_192
_ENTRIES = re.compile(r',\s*"entries"\s*:')  # inside a string its quotation marks would be escaped


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDigest:
    """A digest on disk: for which topic (None: all papers), period and language."""

    path: Path
    topic: str | None
    since: date
    until: date
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class _DigestHead:
    """What a ``digest.json`` says of itself before its entries."""

    topic: str | None
    since: date
    until: date
    language: Language


class Pages:
    """What a store's papers were made into: pages written, kept and written again, compared and verified."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings

    def write(
        self,
        digest: Digest,
        forms: Sequence[str] = PAGE_FORMS,
        *,
        out: Path | str | None = None,
        root: Path | str | None = None,
        papers_on: Mapping[str, str] | None = None,
    ) -> list[Path]:
        """Write a digest in several of ``kb.records.FORMS``; returns what a reader opens.

        Args:
            digest: the digest.
            forms: its forms.
            out: where to, ``digests/`` in the home when None.
            root: the folder that is published as ``site_url``; ``out`` when None.
            papers_on: the HTML page below ``root`` that has each paper, for feeds whose papers are on other pages.
        """
        kept = self._store.home.digests_path
        folder, top = Path(out or kept / digest.until.isoformat()), Path(root or out or kept)
        place = page_settings(self._settings, digest, forms, folder=folder, root=top)
        place = place if papers_on is None else replace(place, pages=papers_on)
        return write_pages(_pages(digest, forms, read_file=self._reader(), settings=place), folder, root=top)

    def rewrite(
        self, path: Path | str, forms: Sequence[str] = PAGE_FORMS, *, out: Path | str | None = None
    ) -> list[Path]:
        """The same pages again from a ``digest.json``, by default beside it; papers withdrawn since then are marked.

        Figures come from the home, else from the folder of the file.
        """
        path = Path(path)
        digest, folder = self._with_withdrawals(read_digest(path)), Path(out or path.parent)
        place = page_settings(self._settings, digest, forms, folder=folder, root=folder)
        return write_pages(_pages(digest, forms, read_file=self._reader(beside=path.parent), settings=place), folder)

    def write_index(self, folder: Path | str) -> Path:
        """``index.html`` in a folder, over topics and days of all the digests below it that were kept as data."""
        folder, found = Path(folder), []
        for path in sorted(folder.rglob("digest.json")):
            try:
                digest = read_digest(path)
            except (BadRecord, FileUnreadable):
                continue  # another's file of the same name
            files = tuple(sorted(str(file.relative_to(folder)) for file in path.parent.iterdir() if _is_page(file)))
            found.append(
                IndexEntry(
                    topic=digest.topic, since=digest.since, until=digest.until, counts=digest.counts, files=files
                )
            )  # fmt: skip
        pages = render_index(found, language=self._settings.language, settings=page_settings(self._settings))
        return write_pages(pages, folder)[0]

    def save(self, rendered: Iterable[tuple[str, bytes]], out: Path | str) -> list[Path]:
        """Write rendered files below a folder; returns those that a reader opens (pictures are beside them)."""
        return write_pages(rendered, Path(out))

    def render(
        self, made: Note | Comparison | ManuscriptCheck | Review | Answer | Hits, form: str, *, name: str = ""
    ) -> Rendered:
        """A result in a form, as (relative path, bytes), the page first.

        Args:
            made: a note (md, html, json), a comparison (md, csv, html, json), a checked manuscript (text, md, html,
                json), a review (md, html, tex, json; beside tex its .bib), an answer (text) or hits (md, csv, bibtex).
                Pictures that a page does not hold itself follow it.
            form: the form.
            name: of the files, without an ending.

        Raises:
            UsageError: for a form that there is not.
        """
        language = self._settings.language
        if isinstance(made, Note):
            from kb.rendering import render_note

            return render_note(made, form, read_file=self._reader(), settings=page_settings(self._settings))
        if isinstance(made, Review):
            from kb.rendering.review import render_review

            cited = [reference.paper.id for reference in made.references]
            found = self._store.catalog().papers.many(cited, sources=True) if form == "tex" else {}
            pictures = self._pictures_in(made.passages)
            return render_review(made, form, name=name or "review", papers=list(found.values()), pictures=pictures)
        if isinstance(made, Comparison):
            from kb.rendering import render_comparison

            pictures = self._pictures_in(passage for row in made.cells for cell in row for passage in cell.passages)
            return render_comparison(made, form, name=name or "comparison", language=language, pictures=pictures)
        if isinstance(made, ManuscriptCheck):
            from kb.rendering.manuscript import render_check

            pictures = self._pictures_in(passage for one in made.sentences for passage in one.passages)
            return render_check(made, form, name=name or "check", language=language, pictures=pictures)
        if isinstance(made, Answer):
            from kb.rendering.plain_text import answer

            return [(f"{name or 'answer'}.txt", answer(made).encode())]
        return [(f"{name or 'hits'}.{form}", _hits_as(made, form).encode())]

    def _pictures_in(self, passages: Iterable[Passage]) -> dict[str, bytes]:
        """The pictures of the equations that answer, by their keys, as far as they are there: without one a page says
        which equation it is, and where."""
        read, found = self._reader(), dict[str, bytes]()
        for key in dict.fromkeys(one.file for passage in passages for one in passage.answering_equations):
            with suppress(BadRecord):
                found |= {key: read(key)} if key else {}
        return found

    def verify(self, path: Path | str) -> tuple[list[Fault], int]:
        """The faults of a page or ``digest.json`` (ours or of the old kind), and how many things were looked up.

        Raises:
            BadRecord: when it is no page.
            FileUnreadable: when the file cannot be read.
        """
        from kb.rendering.verification import check_file  # it loads all that reads pages back

        path = Path(path)

        def is_beside(name: str) -> bool:
            try:
                return below(path.parent, path.parent / name).is_file()
            except (HomeUnwritable, OSError):
                return False

        sources = LibrarySources(self._store.catalog(), self._store.corpus())
        return check_file(path, read_file(path), sources, exists=is_beside)

    def diff(self, old: Path | str, new: Path | str) -> DigestChanges:
        """What is new, gone or changed between two ``digest.json``, in the order of the newer one."""
        before = {note.paper.id: note for note in publishable(read_digest(Path(old))).entries}
        after = {note.paper.id: note for note in publishable(read_digest(Path(new))).entries}
        changed = (
            ChangedEntry(id=key, fields=_changed_fields(before[key], note))
            for key, note in after.items()
            if key in before
        )
        return DigestChanges(
            new=tuple(key for key in after if key not in before),
            gone=tuple(key for key in before if key not in after),
            changed=tuple(one for one in changed if one.fields),
        )

    def kept(self) -> list[KeptDigest]:
        """The digests under ``digests/`` in the home, the newest day first; a file that is none is passed over."""
        found = []
        for path in sorted(self._store.home.digests_path.rglob("digest.json")):
            try:
                found.append(_kept(path, path.stat().st_mtime_ns))
            except (OSError, BadRecord, FileUnreadable):
                continue  # it went away, or is something else
        return sorted(found, key=lambda kept: (kept.until, kept.topic or "", str(kept.path)), reverse=True)

    def digest(self, topic: str | None, day: date) -> Digest | None:
        """The kept digest of a topic (None: of all papers) for a day, preferably in the library's language.

        A file that is damaged behind its head is passed over.
        """
        fitting = [kept for kept in self.kept() if kept.topic == topic and kept.since <= day <= kept.until]
        language = self._settings.language
        fitting.sort(key=lambda kept: (kept.language != language, kept.until.toordinal() - kept.since.toordinal()))
        for kept in fitting:
            with suppress(BadRecord, FileUnreadable):
                return read_digest(kept.path)
        return None

    def folder(self, topic: str | None, day: date) -> Path:
        """Where the app keeps the digest of a topic for a day."""
        name = slug(topic) if topic is not None else "all-papers"
        return self._store.home.digests_path / name / day.isoformat() / self._settings.language

    def _with_withdrawals(self, digest: Digest) -> Digest:
        """The digest with the withdrawals that the catalog knows of by now."""
        if not self._store.home.exists:
            return digest
        papers = self._store.catalog().papers
        entries = []
        for note in digest.entries:
            try:
                withdrawn = papers.get(papers.resolve(note.paper.id)).withdrawn
            except UnknownPaper:
                withdrawn = False
            paper = replace(note.paper, withdrawn=True) if withdrawn else note.paper
            entries.append(replace(note, paper=paper) if withdrawn else note)
        return replace(digest, entries=tuple(entries))

    def _reader(self, *, beside: Path | None = None) -> Callable[[str], bytes]:
        """Gives the bytes of the figure with a key, from the home; with ``beside``, else from below that folder, if
        they are what they say. A figure that is in neither is a BadRecord."""
        files = self._store.home.files

        def read(key: str) -> bytes:
            try:
                return files.get(key).read_bytes()
            except ParseError as err:
                for path in sorted(beside.glob(f"*/{key}")) if beside is not None else ():
                    if path.is_file() and key.startswith(sha256_of(path)):
                        return path.read_bytes()
                raise BadRecord(f"figure {key} is not in the home: make the digest again with kb digest") from err

        return read


def read_digest(path: Path) -> Digest:
    """The digest in a ``digest.json``.

    Raises:
        BadRecord: when it is none.
        FileUnreadable: when it cannot be read.
    """
    try:
        return wire.from_json(read_file(path), Digest)
    except BadRecord as err:
        raise BadRecord(f"{path} is {err}") from err


@lru_cache(maxsize=_KEPT)
def _kept(path: Path, changed_ns: int) -> KeptDigest:
    """What stands before the entries, so that a thousand digests cost no more than a few; else the whole file."""
    with open_file(path) as file:
        head = file.read(_HEAD_BYTES).decode("utf-8", "replace")
    said: _DigestHead | Digest | None = None
    if (entries := _ENTRIES.search(head)) is not None:
        with suppress(BadRecord):  # not as kb writes it: reading it whole says what it is
            said = wire.from_json(head[: entries.start()] + "}", _DigestHead)
    said = said or read_digest(path)
    return KeptDigest(path=path, topic=said.topic, since=said.since, until=said.until, language=said.language)


def slug(name: str) -> str:
    """A folder's name for a topic: its words, and a hash where words alone would not tell it from another."""
    words = plain_words(name)
    plain = "-".join(words.split())[:60] or "topic"
    if words == name.casefold() and len(plain) == len(words):
        return plain
    return f"{plain}-{hashlib.sha256(name.casefold().encode()).hexdigest()[:8]}"


def _pages(
    digest: Digest, forms: Sequence[str], *, read_file: Callable[[str], bytes], settings: PageSettings
) -> Rendered:
    # Forms share their pictures: the same path has the same bytes.
    pages = {
        path: data
        for form in _named(forms)
        for path, data in render_digest(digest, form, read_file=read_file, settings=settings)
    }
    return list(pages.items())


def _named(forms: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(form.strip() for form in forms if form.strip()))


def page_settings(
    settings: Settings,
    digest: Digest | None = None,
    forms: Sequence[str] = (),
    *,
    folder: Path = Path(),
    root: Path = Path(),
) -> PageSettings:
    """What the settings say of the place where pages are published, and where in it a digest's files go."""
    below = folder.relative_to(root) if folder.is_relative_to(root) else Path()
    name = f"{page_name(digest)}.html" if digest is not None else ""
    has_page = name and ("html" in _named(forms) or (folder / name).is_file())
    return PageSettings(
        author=settings.site_author,
        site_url=settings.site_url,
        mathjax=settings.site_mathjax,
        mail_from=settings.mail_from,
        mail_to=settings.mail_to,
        folder="" if below == Path() else below.as_posix(),
        pages={note.paper.id: (below / name).as_posix() for note in digest.entries} if digest and has_page else {},
    )


def _hits_as(hits: Hits, form: str) -> str:
    from kb.rendering.bibliography import to_bibtex
    from kb.rendering.single import hits_to_csv, hits_to_markdown

    if form == "bibtex":
        return to_bibtex(list({hit.paper.id: hit.paper for hit in hits}.values()))
    if form in ("md", "csv"):
        return hits_to_markdown(hits) if form == "md" else hits_to_csv(hits)
    raise UsageError(f"{form!r} is not a format: choose one of bibtex, md, csv")


def _is_page(path: Path) -> bool:
    return path.is_file() and path.suffix in (".html", ".md", ".xml", ".bib", ".json") and path.name != "index.html"


def _changed_fields(old: Note, new: Note) -> tuple[str, ...]:
    before, after = wire.to_data(old), wire.to_data(new)
    record = [f"paper.{name}" for name in after["paper"] if before["paper"].get(name) != after["paper"][name]]
    return (*record, *(name for name in after if name != "paper" and before.get(name) != after[name]))


def write_pages(pages: Iterable[tuple[str, bytes]], out: Path, *, root: Path | None = None) -> list[Path]:
    """Write pages below a folder, each whole or not at all; returns the paths that a reader opens first.

    ``root`` is the folder that nothing may leave, by its name or through a link (by default ``out``).

    Raises:
        HomeUnwritable: when a page would lie elsewhere, or the folder cannot be written.
    """
    written: list[Path] = []
    swept: set[Path] = set()
    for relative, data in pages:
        target = below(root or out, below(out, out / relative))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.parent not in swept:
                _sweep(target.parent)
                swept.add(target.parent)
            half = f".new-{os.getpid()}-"
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=half, delete=False) as handle:
                handle.write(data)
            Path(handle.name).chmod(0o644)
            Path(handle.name).replace(target)
        except OSError as err:
            raise writing_error(err, target) from err
        if target.suffix != ".png":
            written.append(target)
    return written


def _sweep(folder: Path) -> None:
    """Remove what processes that have ended left half-written."""
    for path in folder.glob(".new-*"):
        owner = path.name.split("-")[1]
        try:
            os.kill(int(owner), 0)
        except (ValueError, ProcessLookupError):
            path.unlink(missing_ok=True)
        except PermissionError:
            pass  # somebody else's, at work
