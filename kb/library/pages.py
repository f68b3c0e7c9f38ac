"""Pages on disk: a digest's forms, the same pages again from its data, those that were kept; ``kb verify``."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from kb import wire
from kb.errors import (
    BadRecord,
    FileUnreadable,
    HomeUnwritable,
    ParseError,
    UnknownPaper,
    UsageError,
)
from kb.home import below, sha256_of, writing_error
from kb.input_files import read_file
from kb.library import site
from kb.library.made import MadeData
from kb.records import (
    PAGE_FORMS,
    Answer,
    Audience,
    ChangedEntry,
    Comparison,
    Digest,
    DigestChanges,
    Hits,
    Language,
    ManuscriptCheck,
    Note,
    Passage,
    Review,
    Verification,
)
from kb.rendering import PageSettings, publishable, render_digest, render_index
from kb.rendering.entries import item_name
from kb.rendering.labels import page_name
from kb.rendering.stamps import hash_of
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.library.parts import Store


Rendered = list[tuple[str, bytes]]
"""Files as (relative path, bytes), the page first."""
_WITHOUT_ENTRIES = ("json", "rss")
"""What is written of a digest without entries: a page that says nothing would only be in the way."""
_EMBEDDED = re.compile(rb'src="data:image/png;base64,([A-Za-z0-9+/=]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDigest:
    """A digest on disk: for which topic (None: all papers), period and language."""

    path: Path
    topic: str | None
    since: date
    until: date
    language: Language


class Pages:
    """What a store's papers were made into: pages written, kept and written again, compared and verified."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings

    def write(self, digest: Digest, forms: Sequence[str] = PAGE_FORMS, *, out: Path | str | None = None) -> list[Path]:
        """Write a digest in several of ``kb.records.FORMS``; returns what a reader opens. One without entries makes no
        page, its data say why. Where ``digest.json`` is another topic's or day's, the data have the page's name.

        Args:
            digest: the digest.
            forms: its forms.
            out: where to, ``digests/`` in the home when None.
        """
        kept = self._store.home.digests_path
        folder, top = Path(out or kept / digest.until.isoformat()), Path(out or kept)
        place = page_settings(self._settings, digest, forms, folder=folder, root=top)
        self._keep(publishable(digest), _wanted(digest, forms))
        return self._write(digest, forms, folder=folder, root=top, settings=dict.fromkeys(_named(forms), place))

    def write_day(self, digest: Digest, forms: Sequence[str], *, root: Path | str | None = None) -> list[Path]:
        """Write the page of a topic's day, or a roundup, into its place below ``root`` (``digests/`` in the home when
        None): ``<topic>/<day>/``. It leads to the pages beside it, and those that lie there get their link to it.

        Returns what a reader opens of the page itself.
        """
        top = Path(root or self._store.home.digests_path)
        folder = site.place_of(digest, top)
        settings = self._settings_beside(digest, forms, root=top, has_index={"html", "json"} <= set(forms))
        self._keep(publishable(digest), _wanted(digest, forms))
        written = self._write(digest, forms, folder=folder, root=top, settings=settings)
        for one in site.neighbours(digest, top).all if digest.entries else ():
            self._write_links(site.place_of(one, top), [form for form in forms if form in site.LINKED], root=top)
        return written

    def _write_links(self, folder: Path, forms: Sequence[str], *, root: Path) -> None:
        """Write the pages in a folder anew from its data, for the sake of their links. The data are not kept as ours:
        another machine may have made them."""
        try:
            digest = site.read_digest(folder / site.DATA)
            there = [form for form in forms if (folder / site.page_file(digest, form)).is_file()]
            settings = self._settings_beside(digest, there, root=root, has_index="html" in forms)
            self._write(digest, there, folder=folder, root=root, settings=settings)
        except (BadRecord, FileUnreadable):
            pass  # its data or a picture of it are gone: it stays as it is

    def _settings_beside(
        self, digest: Digest, forms: Sequence[str], *, root: Path, has_index: bool
    ) -> dict[str, PageSettings]:
        """The settings of each form of a page in its place below ``root``."""
        beside = site.neighbours(digest, root)
        place = page_settings(self._settings, digest, forms, folder=site.place_of(digest, root), root=root)
        return {form: site.linked(place, form, beside=beside, has_index=has_index) for form in _named(forms)}

    def _write(
        self, digest: Digest, forms: Sequence[str], *, folder: Path, root: Path, settings: Mapping[str, PageSettings]
    ) -> list[Path]:
        wanted = _wanted(digest, forms)
        pages = _pages(digest, wanted, read_file=self._reader(beside=folder), settings=settings)
        own = site.data_name(digest, folder) if "json" in wanted else site.DATA
        named = [(own if path == site.DATA else path, data) for path, data in pages]
        return write_pages(named, folder, root=root)

    def rewrite(
        self, path: Path | str, forms: Sequence[str] = PAGE_FORMS, *, out: Path | str | None = None
    ) -> list[Path]:
        """The same pages again from a ``digest.json``, by default beside it; papers withdrawn since then are marked.

        Figures come from the home, else from the folder of the file. A page in its place among others keeps its links.
        """
        path = Path(path)
        said, folder = site.read_digest(path), Path(out or path.parent)
        digest = self._with_withdrawals(said)
        if MadeData(self._store.home).get(hash_of(said)) is not None:  # of others nobody here knows that they are true
            self._keep(publishable(digest), forms)
        pages = _pages(
            digest,
            forms,
            read_file=self._reader(beside=path.parent),
            settings=self._settings_at(path, digest, forms, folder=folder),
        )
        own = path.name if folder == path.parent else site.data_name(digest, folder)
        return write_pages([(own if name == site.DATA else name, data) for name, data in pages], folder)

    def _settings_at(
        self, path: Path, digest: Digest, forms: Sequence[str], *, folder: Path | None = None
    ) -> dict[str, PageSettings]:
        """The settings with which the pages of a digest were written whose data lie at ``path``, by form: in its place
        among others it is linked. ``folder`` is where they are to be written, if elsewhere."""
        root = path.resolve().parent.parent.parent
        if (
            folder in (None, path.parent)
            and path.name == site.DATA
            and site.place_of(digest, root) == path.resolve().parent
        ):
            return self._settings_beside(digest, forms, root=root, has_index=(root / "index.html").is_file())
        where = folder or path.parent
        return dict.fromkeys(_named(forms), page_settings(self._settings, digest, forms, folder=where, root=where))

    def write_index(self, folder: Path | str) -> Path:
        """``index.html`` in a folder, over topics and days of all the digests below it that were kept as data."""
        folder = Path(folder)
        found = site.index_entries(folder)
        pages = render_index(found, language=self._settings.language, settings=page_settings(self._settings))
        return write_pages(pages, folder)[0]

    def write_feed(self, made: Digest, of_day: Mapping[str, date], *, root: Path) -> list[Path]:
        """The feeds of a topic beside its days: entries of several days (``site.together``), each leading to its day's
        page where that lies below ``root``."""
        folder = site.topic_folder(root, made.topic)
        days = {name: replace(made, since=day, until=day) for name, day in of_day.items()}
        places = {name: site.place_of(one, root) / site.page_file(one, "html") for name, one in days.items()}
        settings = replace(
            page_settings(self._settings, folder=folder, root=root),
            days=of_day,
            pages={name: page.relative_to(root).as_posix() for name, page in places.items() if page.is_file()},
        )
        self._keep(publishable(made), ["rss"])
        return self._write(made, ["rss"], folder=folder, root=root, settings={"rss": settings})

    def roundup(
        self,
        topic: str | None,
        *,
        since: date | None = None,
        until: date | None = None,
        out: Path | str | None = None,
        audience: str = "self",
        language: Language | None = None,
    ) -> Digest:
        """The days of a period that were made before, on one page: from the digests kept below ``out`` and in the home.
        The ledger is not touched. By default the seven days up to the newest kept one.

        Raises:
            KbError: when no day of the period is kept.
            UsageError: for a period that ends before it begins, or an audience that there is not.
        """
        if audience not in ("self", "public"):
            raise UsageError(f"for={audience!r}: a page is for 'self' or for 'public'")
        folders = [*([Path(out)] if out else []), self._store.home.digests_path]
        last = until or site.newest_day(folders, topic)
        first = since or last - timedelta(days=6)
        if first > last:
            raise UsageError(f"the period ends before it begins ({first} to {last}): swap --since and --until")
        days = site.kept_days(folders, topic, since=first, until=last, language=language or self._settings.language)
        visits = self._store.catalog().ledger.visits(topic) if topic and self._store.home.exists else {}
        return site.roundup(days, since=first, until=last, audience=cast("Audience", audience), visited=visits)

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

            self._keep(made)
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

    def verify(self, path: Path | str) -> Verification:
        """What is wrong with a page or its data (ours or of the old kind), what changed since, what nobody can check.

        A page of ours is made again from its data, which lie beside it or are kept in the home, and compared.

        Raises:
            BadRecord: when it is no page, or when the data that it was made of are not there.
            FileUnreadable: when the file cannot be read.
        """
        from kb.library.verifying import verify_file  # it loads all that reads pages of the old kind

        path = Path(path)

        def place_of(digest: Digest, form: str) -> PageSettings:
            return self._settings_at(path.parent / site.DATA, digest, [form])[form]

        return verify_file(path, self._store, read_figure=self._reader(beside=path.parent), place_of=place_of)

    def diff(self, old: Path | str, new: Path | str) -> DigestChanges:
        """What is new, gone or changed between two ``digest.json``, in the order of the newer one."""
        before = {note.paper.id: note for note in publishable(site.read_digest(Path(old))).entries}
        after = {note.paper.id: note for note in publishable(site.read_digest(Path(new))).entries}
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
        found = [
            KeptDigest(path=path, topic=one.topic, since=one.since, until=one.until, language=one.language)
            for path, one in site.outlines(site.data_files(self._store.home.digests_path))
        ]
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
                return site.read_digest(kept.path)
        return None

    def folder(self, topic: str | None, day: date) -> Path:
        """Where the app keeps the digest of a topic for a day."""
        return site.topic_folder(self._store.home.digests_path, topic) / day.isoformat() / self._settings.language

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

    def _keep(self, made: Digest | Note, forms: Sequence[str] = ()) -> None:
        """Keep the data of pages, so that these can be verified; a home that cannot be written keeps none."""
        if self._store.home.exists:
            with suppress(HomeUnwritable):
                MadeData(self._store.home).keep(made, _named(forms))

    def _reader(self, *, beside: Path | None = None) -> Callable[[str], bytes]:
        """Gives the bytes of the figure with a key, from the home; with ``beside``, else from below that folder, as a
        file or in a page that has it, if they are what they say. A figure that is in none is a BadRecord."""
        files = self._store.home.files

        def read(key: str) -> bytes:
            try:
                return files.get(key).read_bytes()
            except ParseError as err:
                for path in sorted(beside.glob(f"*/{key}")) if beside is not None else ():
                    if path.is_file() and key.startswith(sha256_of(path)):
                        return path.read_bytes()
                for page in sorted(beside.glob("*.html")) if beside is not None else ():
                    for encoded in _EMBEDDED.findall(read_file(page)):
                        data = base64.b64decode(encoded)
                        if key.startswith(hashlib.sha256(data).hexdigest()):
                            return data
                raise BadRecord(f"figure {key} is not in the home: make the digest again with kb digest") from err

        return read


def _pages(
    digest: Digest, forms: Sequence[str], *, read_file: Callable[[str], bytes], settings: Mapping[str, PageSettings]
) -> Rendered:
    # Forms share their pictures: the same path has the same bytes.
    pages = {
        path: data
        for form in _named(forms)
        for path, data in render_digest(digest, form, read_file=read_file, settings=settings[form])
    }
    return list(pages.items())


def _wanted(digest: Digest, forms: Sequence[str]) -> list[str]:
    """The forms in which a digest is written."""
    return [form for form in _named(forms) if digest.entries or form in _WITHOUT_ENTRIES]


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
        pages={item_name(note.paper): (below / name).as_posix() for note in digest.entries}
        if digest and has_page
        else {},
    )


def _hits_as(hits: Hits, form: str) -> str:
    from kb.rendering.bibliography import to_bibtex
    from kb.rendering.single import hits_to_csv, hits_to_markdown

    if form == "bibtex":
        return to_bibtex(list({hit.paper.id: hit.paper for hit in hits}.values()))
    if form in ("md", "csv"):
        return hits_to_markdown(hits) if form == "md" else hits_to_csv(hits)
    raise UsageError(f"{form!r} is not a format: choose one of bibtex, md, csv")


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
