"""A manuscript of the user's against the library: read, its citations resolved, checked. Nothing is ever added."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import BadIdentifier, ParseError, UnknownPaper
from kb.ids import doi_key, find_arxiv_ids
from kb.names import answers_to, fold, same_person
from kb.records import Citation, Failure, Filters, Item, ManuscriptCheck, Metadata, Paper, SourceRecord
from kb.sources.formats import reader_for
from kb.sources.manuscripts import Manuscript, read_manuscript

if TYPE_CHECKING:
    from kb.library import Library
    from kb.library.indexing import Progress

_AUTHOR_AND_YEAR = re.compile(r"(?P<people>.+), (?P<year>\d{4})[a-z]?")
_YEARS_APART = 1  # a preprint and its publication


def check(
    library: Library, path: Path, *, bibliographies: Sequence[Path] = (), progress: Progress | None = None
) -> ManuscriptCheck:
    """The citing sentences of a manuscript, checked against the papers that they cite.

    Raises:
        ParseError: when the manuscript or a bibliography cannot be read.
    """
    from kb.answering.checking import check as check_sentences
    from kb.library.questions import asking_of

    manuscript = read_manuscript(path, max_bytes=library.settings.max_file_bytes)
    named = [*bibliographies, *(one for one in manuscript.bibliographies if one not in bibliographies)]
    meanings = _Meanings(library, manuscript, named)
    sentences = []
    for sentence in manuscript.sentences:
        keys = tuple(key for key in sentence.keys if not meanings.is_no_citation(key))
        if keys:
            sentences.append(replace(sentence, keys=keys))
    citations = {key: meanings.of(key) for sentence in sentences for key in sentence.keys}
    notices = [*manuscript.notices, *meanings.notices]
    if not named and any(cite.paper is None and not cite.title for cite in citations.values()):
        notices.append("no bibliography says what some keys mean: name one with --bib")
    return check_sentences(
        str(path), sentences, citations, asking_of(library), notices=notices, progress=progress
    )  # fmt: skip


class _Meanings:
    """What the keys of a manuscript stand for: entries of its bibliographies or its own list, keys of the library."""

    def __init__(self, library: Library, manuscript: Manuscript, bibliographies: Sequence[Path]) -> None:
        self._library, self._manuscript = library, manuscript
        self._papers = library.catalog().papers
        self.notices: list[str] = []
        self._entries: dict[str, SourceRecord] = {}
        for path in bibliographies:
            self._read(path)
        self.of = cache(self._of)

    def is_no_citation(self, key: str) -> bool:
        """Whether what may be none ("Vancouver, 2010") is none: neither here nor in any list is there such a work."""
        return key in self._manuscript.unsure and self.of(key) == Citation(key=key, paper=None)

    def _read(self, path: Path) -> None:
        form = reader_for(path, named=True) if path.is_file() else None
        if form is None:
            raise ParseError(f"{path} is no bibliography that can be read: name a .bib, .ris or CSL-JSON file")
        failed = 0
        for thing in form.read(path, max_bytes=self._library.settings.max_file_bytes):
            if isinstance(thing, Item) and thing.record is not None and thing.record.key:
                self._entries.setdefault(thing.record.key, thing.record)
            failed += isinstance(thing, Failure)
        if failed:
            self.notices.append(f"{failed} entries of {path.name} could not be read: kb add {path.name} says which")

    def _of(self, key: str) -> Citation:
        record = self._entries.get(key) or self._entries.get(key.casefold())
        if record is not None:
            paper = self._paper(self._papers.matching(record)) or self._of_title(record.metadata)
            return Citation(key=key, paper=paper, title=record.metadata.title or "")
        if entry := self._manuscript.references.get(key):
            return Citation(key=key, paper=self._of_entry(entry), title=entry)
        if match := _AUTHOR_AND_YEAR.fullmatch(key):
            sure = key not in self._manuscript.unsure
            return Citation(key=key, paper=self._of_author(match["people"], int(match["year"]), dated=not sure))
        with suppress(BadIdentifier, UnknownPaper):
            if not key.isdigit():
                return Citation(key=key, paper=self._paper(self._papers.resolve(key)))
        return Citation(key=key, paper=None)

    def _paper(self, paper_id: str | None) -> Paper | None:
        return self._papers.get(paper_id) if paper_id is not None else None

    def _of_entry(self, entry: str) -> Paper | None:
        """The paper of an entry of a printed list of references: by an id in it, else by title and first author."""
        ids = {f"arxiv:{found}" for found, _ in find_arxiv_ids(entry)}
        ids |= {key for word in entry.split() if (key := doi_key(word.strip("()[]<>,;{}"))) is not None}
        printed = f" {fold(entry)} "
        likely = []
        for paper in self._library.corpus().mentioned(entry):
            if ids.intersection((paper.id, *paper.aliases)):
                return paper
            family = fold(paper.authors[0]).split()[-1:] if paper.authors else []
            if all(f" {words} " in printed for words in (fold(paper.title), *family)):
                likely.append(paper)
        return max(likely, key=lambda paper: len(paper.title), default=None)

    def _of_title(self, said: Metadata) -> Paper | None:
        """The paper with an entry's title and first author; "and others" leaves the authors open, a join needs more."""
        title, authors = fold(said.title or ""), said.authors or ()
        for paper in self._library.corpus().mentioned(said.title or "") if said.et_al and authors else ():
            if fold(paper.title) == title and paper.authors and same_person(paper.authors[0], authors[0]):
                return paper
        return None

    def _of_author(self, people: str, year: int, *, dated: bool) -> Paper | None:
        """The one paper by these authors of about that year; ``dated``: its year must be known."""
        named = re.split(r",\s*(?:(?:and|&)\s+)?|\s+(?:and|&)\s+", re.sub(r"\s+et\s+al\b.*", "", people))
        found = []
        for paper_id in self._papers.ids(Filters(authors=(named[0],))):
            paper = self._papers.get(paper_id)
            day = paper.published or (paper.announced[0] if paper.announced else None)
            near = abs(day.year - year) <= _YEARS_APART if day is not None else not dated
            several = "et al" in people
            fits = len(paper.authors) == len(named) if not several else len(paper.authors) > 1
            pairs = zip(paper.authors, named, strict=False)
            if near and (fits or paper.et_al) and all(answers_to(name, asked) for name, asked in pairs):
                found.append(paper)
        return found[0] if len(found) == 1 else None
