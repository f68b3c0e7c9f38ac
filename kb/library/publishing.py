"""Pages on disk: a digest's forms, and the same pages again from its data."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kb import wire
from kb.errors import BadRecord, UnknownPaper
from kb.home import writing_error
from kb.records import Comparison, Digest, Note, Review
from kb.rendering import (
    IndexEntry,
    PageSettings,
    publishable,
    render_digest,
    render_index,
)
from kb.rendering import render_comparison as _render_comparison
from kb.rendering import render_note as _render_note
from kb.rendering.naming import page_name

if TYPE_CHECKING:
    from kb.library import Library

Pages = list[tuple[str, bytes]]


def write_digest(
    library: Library,
    digest: Digest,
    forms: Sequence[str],
    *,
    out: Path | None,
    root: Path | None = None,
    pages: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write a digest in several forms; by default under ``digests/`` in the home. Returns what a reader opens.

    ``root`` is the folder that is published as ``site_url`` (by default ``out``); ``pages`` names the HTML page below
    it that has a paper, for feeds whose papers are on other pages than this digest's own.
    """
    folder = out or library.home.digests_path / digest.until.isoformat()
    place = page_settings(library, digest, forms, folder=folder, root=root or out or library.home.digests_path)
    place = place if pages is None else replace(place, pages=pages)
    return write_pages(_pages(digest, forms, read_file=_reader(library), settings=place), folder)


def render_file(library: Library, path: Path, forms: Sequence[str], *, out: Path) -> list[Path]:
    """The pages of a digest that was kept as data; papers withdrawn since then are marked.

    Figures come from the home, else from the folder of the file.
    """
    digest = _with_withdrawals(library, read_digest(path))
    place = page_settings(library, digest, forms, folder=out, root=out)
    return write_pages(_pages(digest, forms, read_file=_reader(library, beside=path.parent), settings=place), out)


def _pages(digest: Digest, forms: Sequence[str], *, read_file: Callable[[str], bytes], settings: PageSettings) -> Pages:
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
    library: Library,
    digest: Digest | None = None,
    forms: Sequence[str] = (),
    *,
    folder: Path = Path(),
    root: Path = Path(),
) -> PageSettings:
    """What the settings say of the place where pages are published, and where in it a digest's files go."""
    settings = library.settings
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


def _with_withdrawals(library: Library, digest: Digest) -> Digest:
    """The digest with the withdrawals that the catalog knows of by now."""
    if not library.home.exists:
        return digest
    papers = library.catalog().papers
    entries = []
    for note in digest.entries:
        try:
            withdrawn = papers.get(papers.resolve(note.paper.id)).withdrawn
        except UnknownPaper:
            withdrawn = False
        paper = replace(note.paper, withdrawn=True) if withdrawn else note.paper
        entries.append(replace(note, paper=paper) if withdrawn else note)
    return replace(digest, entries=tuple(entries))


def render_note(library: Library, note: Note, form: str) -> Pages:
    """The note of one paper as (relative path, bytes), the page first."""
    return _render_note(note, form, read_file=_reader(library), settings=page_settings(library))


def render_comparison(library: Library, comparison: Comparison, form: str) -> str:
    """A comparison as text in the language of the settings."""
    return _render_comparison(comparison, form, language=library.settings.language)


def read_digest(path: Path) -> Digest:
    """The digest in a ``digest.json``.

    Raises:
        BadRecord: when it cannot be read or is none.
    """
    try:
        return wire.from_json(path.read_bytes(), Digest)
    except BadRecord as err:
        raise BadRecord(f"{path} is {err}") from err
    except OSError as err:
        raise BadRecord(f"{path} cannot be read ({err.strerror}): check the path") from err


def write_index(library: Library, folder: Path) -> Path:
    """``index.html`` over all digests below a folder that were kept as data."""
    found = []
    for path in sorted(folder.rglob("digest.json")):
        try:
            digest = read_digest(path)
        except BadRecord:
            continue  # another's file of the same name
        files = tuple(sorted(str(file.relative_to(folder)) for file in path.parent.iterdir() if _is_page(file)))
        found.append(
            IndexEntry(
                topic=digest.topic, since=digest.since, until=digest.until, counts=digest.counts, files=files
            )
        )  # fmt: skip
    pages = render_index(found, language=library.settings.language, settings=page_settings(library))
    return write_pages(pages, folder)[0]


def _is_page(path: Path) -> bool:
    return path.is_file() and path.suffix in (".html", ".md", ".xml", ".bib", ".json") and path.name != "index.html"


def diff(library: Library, old: Path, new: Path) -> dict[str, list[object]]:
    """What is new, gone or changed between two digests: ``{"new": [id], "gone": [id], "changed": [{"id","fields"}]}``.

    Fields are those of the note and, as ``paper.<field>``, of its record; ids in the order of the newer digest.
    """
    before = {note.paper.id: note for note in publishable(read_digest(old)).entries}
    after = {note.paper.id: note for note in publishable(read_digest(new)).entries}
    changed: list[object] = [
        {"id": key, "fields": fields}
        for key, note in after.items()
        if key in before and (fields := _changed_fields(before[key], note))
    ]
    return {
        "new": [key for key in after if key not in before],
        "gone": [key for key in before if key not in after],
        "changed": changed,
    }


def _changed_fields(old: Note, new: Note) -> list[str]:
    before, after = wire.to_data(old), wire.to_data(new)
    record = [f"paper.{name}" for name in after["paper"] if before["paper"].get(name) != after["paper"][name]]
    return record + [name for name in after if name != "paper" and before.get(name) != after[name]]


def render_review(library: Library, review: Review, form: str, *, name: str) -> Pages:
    """A review; its BibTeX is made of what the sources say of its papers."""
    from kb.rendering.review import render_review as render

    cited = [reference.paper.id for reference in review.references]
    found = library.catalog().papers.many(cited, sources=True) if form == "tex" else {}
    return render(review, form, name=name, papers=list(found.values()))


def write_pages(pages: Iterable[tuple[str, bytes]], out: Path) -> list[Path]:
    """Write pages below a folder, each whole or not at all; returns the paths that a reader opens first.

    Raises:
        HomeUnwritable: when the folder cannot be written.
    """
    written: list[Path] = []
    for relative, data in pages:
        target = out / relative
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".new-", delete=False) as handle:
                handle.write(data)
            Path(handle.name).chmod(0o644)
            Path(handle.name).replace(target)
        except OSError as err:
            raise writing_error(err, target) from err
        if target.suffix != ".png":
            written.append(target)
    return written


def _reader(library: Library, *, beside: Path | None = None) -> Callable[[str], bytes]:
    """Reads figures by key from the home; with ``beside``, else from below that folder, if they are what they say."""

    def read(key: str) -> bytes:
        """The bytes of the figure with this key, from the home or beside the page."""
        try:
            return library.home.files.get(key).read_bytes()
        except OSError as err:
            for path in sorted(beside.glob(f"*/{Path(key).name}")) if beside is not None else ():
                data = path.read_bytes()
                if hashlib.sha256(data).hexdigest() == path.stem:
                    return data
            raise BadRecord(f"figure {key} is not in the home: make the digest again with kb digest") from err

    return read
