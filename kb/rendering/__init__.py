"""Digests, notes and comparisons to pages: one module a form over one display conversion."""

from __future__ import annotations

from collections.abc import Callable

from kb import wire
from kb.errors import UsageError
from kb.records import FORMS, Digest, Note
from kb.rendering.bibliography import to_bibtex
from kb.rendering.entries import PageSettings
from kb.rendering.feed import render_feeds
from kb.rendering.html import render_html
from kb.rendering.index import IndexEntry, IndexPaper, render_index
from kb.rendering.labels import page_name
from kb.rendering.licences import publishable
from kb.rendering.mail import render_mail
from kb.rendering.markdown import render_hexo, render_markdown, render_obsidian
from kb.rendering.single import note_pages, render_comparison
from kb.rendering.stamps import PageStamp, hash_of, stamped

__all__ = [
    "IndexEntry",
    "IndexPaper",
    "PageSettings",
    "publishable",
    "render_comparison",
    "render_digest",
    "render_index",
    "render_note",
]

Pages = list[tuple[str, bytes]]


def _json(digest: Digest, *, read_file: Callable[[str], bytes], settings: PageSettings) -> Pages:
    return [("digest.json", (wire.to_json(digest) + "\n").encode())]


def _bibtex(digest: Digest, *, read_file: Callable[[str], bytes], settings: PageSettings) -> Pages:
    return [(f"{page_name(digest)}.bib", to_bibtex([note.paper for note in digest.entries]).encode())]


_RENDERERS = {
    "hexo": render_hexo,
    "html": render_html,
    "md": render_markdown,
    "rss": render_feeds,
    "bibtex": _bibtex,
    "json": _json,
    "mail": render_mail,
    "obsidian": render_obsidian,
}


def render_digest(
    digest: Digest, form: str, *, read_file: Callable[[str], bytes], settings: PageSettings | None = None
) -> Pages:
    """The pages of a digest in one form, as (relative path, bytes). Same digest and files: same bytes.

    A digest for the public is shown without what its papers' licences do not let go on, in every form.

    Args:
        digest: what to render; one read from its ``digest.json`` gives the same bytes.
        form: one of ``kb.records.FORMS``.
        read_file: the bytes of a figure by its key.
        settings: of the place where the pages go.

    Raises:
        UsageError: for a form that there is not.
    """
    if form not in FORMS:
        raise UsageError(f"{form!r} is not a form: choose from {', '.join(FORMS)}")
    shown, place = publishable(digest), settings or PageSettings()
    pages = _RENDERERS[form](shown, read_file=read_file, settings=place)
    stamp = PageStamp(made="digest", form=form, data=hash_of(shown), settings=place)
    return [(name, stamped(name, page, stamp)) for name, page in pages]


def render_note(
    note: Note, form: str, *, read_file: Callable[[str], bytes], settings: PageSettings | None = None
) -> Pages:
    """The note of one paper as (relative path, bytes): the page first, then its pictures.

    Raises:
        UsageError: for a form other than md, html and json.
    """
    place = settings or PageSettings()
    pages = note_pages(note, form, read_file=read_file, settings=place)
    stamp = PageStamp(made="note", form=form, data=hash_of(note), settings=place)
    return [(name, stamped(name, page, stamp)) for name, page in pages]
