"""Reading notes of a library: written once for the same text, model and language, and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kb import __version__, wire
from kb.errors import ParseError
from kb.records import Figure, Language, Note, Paper

if TYPE_CHECKING:
    from kb.library import Library
    from kb.library.indexing import Progress

NOTE_RECIPE = "note-3"
"""Grows when the way in which notes are made changes, so that kept ones are made again."""


def note(
    library: Library, paper_id: str, *, language: Language | None = None, progress: Progress | None = None
) -> Note:
    """The note of a paper; made once for the same record, text, model and language (that of the settings if None)."""
    catalog = library.catalog()
    paper = catalog.papers.get(paper_id)
    spoken = language or library.settings.language
    recipe = _recipe(library, paper, language=spoken)
    if (kept := catalog.ledger.note(paper_id, recipe)) is not None:
        return kept
    made = _write(library, paper, language=spoken, figures=figures(library, paper))
    with library.writing("note"), catalog.transaction():
        catalog.ledger.put_note(paper_id, recipe, made)
    if progress is not None:
        progress("notes", 1, 1)
    return made


def kept_note(library: Library, paper_id: str, *, language: Language | None = None) -> Note | None:
    """The note of a paper if it was written; nothing is written here."""
    catalog = library.catalog()
    recipe = _recipe(library, catalog.papers.get(paper_id), language=language or library.settings.language)
    return catalog.ledger.note(paper_id, recipe)


def kept_figures(library: Library, paper_id: str) -> list[Figure] | None:
    """The figures of a paper if they were cut; None when nobody asked for them yet."""
    source = library.catalog().passages.source(paper_id)
    return library.catalog().ledger.figures(source.sha256) if source is not None else []


def figures(library: Library, paper: Paper) -> list[Figure]:
    """The figures of the paper's PDF, cut once and kept in the file store; none where there is no PDF."""
    from kb.parsing.worker import cut_figures

    catalog = library.catalog()
    source = catalog.passages.source(paper.id)
    if source is None or not source.file.endswith(".pdf"):
        return []
    if (kept := catalog.ledger.figures(source.sha256)) is not None:
        return kept
    try:
        images = cut_figures(
            library.home.files.get(source.file), limits=library.limits, max_figures=library.settings.max_figures
        )
    except ParseError:
        images = []  # the text was read, its pictures could not be: the note says that there are none
    found = [
        Figure(
            label=image.label, kind=image.kind, caption=image.caption, page=image.page, box=image.box,
            file=library.home.files.put(image.png, suffix=".png"),
        )
        for image in images
    ]  # fmt: skip
    with library.writing("figures"), catalog.transaction():
        catalog.ledger.put_figures(source.sha256, found)
    return found


def _write(library: Library, paper: Paper, *, language: Language, figures: Sequence[Figure]) -> Note:
    from kb.writing.notes import write_note
    from kb.writing.verification import verify

    return write_note(
        paper,
        corpus=library.corpus(),
        verify=verify,
        chat=library.chat(),
        language=language,
        figures=figures,
        allow_remote=library.settings.allow_remote,
    )


def _recipe(library: Library, paper: Paper, *, language: Language) -> str:
    """A hash of all that a note depends on."""
    source = library.catalog().passages.source(paper.id)
    basis = [
        NOTE_RECIPE, __version__, wire.to_json(paper, indent=None), source.sha256 if source else "",
        source.parser if source else "", library.settings.model_name or "", language,
        str(library.settings.allow_remote), library.catalog().fact("encoder") or "",
    ]  # fmt: skip
    return hashlib.sha256("\x1f".join(basis).encode(errors="surrogatepass")).hexdigest()
