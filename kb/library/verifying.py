"""``kb verify`` over a library: the catalog and the stored text as a page's check asks for them."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import BadIdentifier, HomeUnwritable, IndexDamaged, UnknownPaper
from kb.home import below
from kb.input_files import read_file
from kb.library.topics import known_periods
from kb.records import Box, Chunk, Fault, Figure, Paper, Verdict, Version
from kb.rendering.tally import Unstated
from kb.rendering.verification import check_file

if TYPE_CHECKING:
    from kb.index.catalog import Catalog
    from kb.library.corpus import LibraryCorpus


def verify(path: Path, catalog: Catalog, corpus: LibraryCorpus) -> tuple[list[Fault], int]:
    """The faults of a page or a ``digest.json``, and how many things were looked up.

    Raises:
        BadRecord: when it is no page.
        FileUnreadable: when the file cannot be read.
    """

    def is_beside(name: str) -> bool:
        try:
            return below(path.parent, path.parent / name).is_file()
        except (HomeUnwritable, OSError):
            return False

    return check_file(path, read_file(path), LibrarySources(catalog, corpus), exists=is_beside)


class LibrarySources:
    """The library as ``kb.rendering.page_check.Sources``."""

    def __init__(self, catalog: Catalog, corpus: LibraryCorpus) -> None:
        self._catalog, self._corpus = catalog, corpus

    def candidates(self, ids: Sequence[str], title: str) -> list[Paper]:
        """The papers of these ids, and those whose titles are most like this one."""
        found: dict[str, Paper] = {}
        for name in ids:
            with contextlib.suppress(UnknownPaper, BadIdentifier):
                paper = self._catalog.papers.get(self._catalog.papers.resolve(name))
                found.setdefault(paper.id, paper)
        if title.strip():
            # Without a usable index only the ids tell: the check says what it could not find.
            with contextlib.suppress(IndexDamaged):
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
        return self._catalog.passages.locate(chunk.id, start, end)

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
        from kb.writing.reasons import faults_of_reason, likened_to

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

    def missing(self, text: str, source: str) -> Unstated:
        """Numbers and names of a text that its source does not state."""
        from kb.literals import missing

        return missing(text, source)

    def _is_known(self, paper_id: str) -> bool:
        try:
            self._catalog.papers.get(paper_id)
        except (UnknownPaper, BadIdentifier):
            return False
        return True
