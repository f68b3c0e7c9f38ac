"""What a screen needs besides the records: pictures of pages, words to mark, where a paper was cited."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from kb.errors import ParseError, UsageError
from kb.records import NO_FILTERS, Answer, Hit, Paper

if TYPE_CHECKING:
    from kb.library import Library
    from kb.library.parts import Choice

_WORD = re.compile(r"\w+")
_LARGEST_PIXELS = 12_000_000  # below what the renderer caps by itself, so that the scale asked for is the scale given
_SMALLEST_SCALE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """A page of a PDF as a picture; its size in points places boxes (points, origin top left) on it."""

    page: int
    png: bytes
    width_points: float
    height_points: float


def view_page(library: Library, paper_id: str, *, page: int, scale: float) -> PageView:
    """A page of the paper's stored PDF, rendered in the guarded child process.

    Raises:
        ParseError: ``no-text`` when the paper has no PDF, else as ``kb.parsing.worker.render_page``.
    """
    from kb.parsing.worker import render_page

    source = library.catalog().passages.source(paper_id)
    if source is None or not source.file.endswith(".pdf"):
        raise ParseError("there is no PDF of this paper: kb add FILE.pdf stores one", code="no-text")
    path = library.home.files.get(source.file)
    while True:
        png = render_page(path, page=page, scale=scale, limits=library.limits)
        width, height = struct.unpack(">II", png[16:24])  # the first chunk of a PNG is its header
        if width * height <= _LARGEST_PIXELS or scale <= _SMALLEST_SCALE:
            return PageView(page=page, png=png, width_points=width / scale, height_points=height / scale)
        scale /= 2


def words_found(query: str, text: str) -> list[tuple[int, int]]:
    """Spans of the words of ``text`` that are words of the query in some form, in order and apart."""
    from kb.words import content_stems

    wanted = set(content_stems(query))
    return [match.span() for match in _WORD.finditer(text) if wanted.intersection(content_stems(match[0]))]


def source_address(paper: Paper, version: int | None = None) -> str | None:
    """Where the paper can be read on the web: arXiv at that version, the DOI, or the record's address."""
    version = version or paper.version
    for key in (paper.id, *paper.aliases):
        kind, _, value = key.partition(":")
        if kind == "arxiv":
            return f"https://arxiv.org/abs/{value}" + (f"v{version}" if version else "")
        if kind == "doi":
            return f"https://doi.org/{value}"
    return paper.url


def papers_with(library: Library, words: str, *, limit: int, **choice: Unpack[Choice]) -> list[Paper]:
    """Papers by this author, then those in which all the words stand (in some form), best first.

    A search by words ranks whatever shares a word, or a part of one; to find means that nothing is missing.
    """
    from kb.words import content_stems

    by_them = choice.copy()
    by_them["author"] = [words]
    found = {paper.id: paper for paper in library.list(limit=limit, **by_them)}
    wanted = set(content_stems(words))
    for hit in library.search(words, k=limit, mode="lexical", by="paper", **choice):
        text = " ".join((hit.paper.title, *hit.paper.authors, hit.paper.abstract or "", hit.text))
        if wanted and wanted <= set(content_stems(text)):
            found.setdefault(hit.paper.id, hit.paper)
    return list(found.values())


def papers_of_topic(library: Library, name: str) -> list[str]:
    """Ids of the stored papers that belong to a topic."""
    from kb.writing.topics import judge

    catalog = library.catalog()
    topic = catalog.ledger.topic(name)
    papers = catalog.papers.many(catalog.papers.ids(NO_FILTERS))
    return [key for key, paper in papers.items() if judge(topic, paper).inside]


def cited_in(library: Library, paper_id: str) -> list[tuple[str, Answer]]:
    """(conversation, answer) for every kept answer that cites the paper, the latest conversation first."""
    ledger = library.catalog().ledger
    paper = library.catalog().papers.get(paper_id)
    ids = {paper.id, *paper.aliases}  # an answer names a paper by the id that it had then
    return [
        (session, answer)
        for session in ledger.sessions()
        for answer in ledger.turns(session)
        if any(reference.paper.id in ids for reference in answer.references)
    ]


def export_hits(hits: Sequence[Hit], form: str) -> str:
    """Search results as ``md`` or ``csv``, or their papers as ``bibtex``.

    Raises:
        UsageError: for another form.
    """
    from kb.rendering.bibliography import to_bibtex
    from kb.rendering.hit_list import to_csv, to_markdown

    if form == "bibtex":
        return to_bibtex(list({hit.paper.id: hit.paper for hit in hits}.values()))
    if form in ("md", "csv"):
        return to_markdown(hits) if form == "md" else to_csv(hits)
    raise UsageError(f"{form!r} is not a format: choose one of bibtex, md, csv")
