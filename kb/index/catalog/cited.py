"""What the papers of the catalog cite: the entries of their texts, and which papers of the catalog they are.

Which paper an entry is of is asked anew each time, by the rules that join two records: an id that both state and a
title or authors that agree, or the same title and authors that agree. So nothing has to follow when papers come and go.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from kb import wire
from kb.errors import BadRecord
from kb.ids import arxiv_key, doi_key
from kb.index.catalog.database import Database
from kb.index.catalog.matching import Known, may_join
from kb.index.catalog.records import RecordTable, Stored
from kb.names import fold
from kb.records import Document, Metadata, ReferenceEntry, SourceRecord

_MOST_CITING = 10_000  # entries that are looked at for one paper


def known_of(entry: ReferenceEntry) -> Known:
    """An entry as identity sees it: a record that states its title, authors, year and ids."""
    ids = [arxiv_key(entry.arxiv)] if entry.arxiv else []
    ids += [key for key in [doi_key(entry.doi)] if key] if entry.doi else []
    year = int(entry.year[:4]) if entry.year[:4].isdigit() and int(entry.year[:4]) > 0 else None
    said = Metadata(
        source="bibtex",
        ids=tuple(ids),
        title=entry.title or None,
        authors=tuple(map(str, entry.authors)) or None,
        names=entry.authors or None,
        et_al=" et al" in f" {fold(entry.text)}" or None,
        published=datetime(year, 1, 1, tzinfo=UTC) if year else None,
        precision="year" if year else None,
    )
    return Known("", SourceRecord(source="bibtex", metadata=said))


class CitedTable:
    """The entries of all texts. Every write is part of the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._records = RecordTable(database)

    def put(self, record: str, entries: Sequence[ReferenceEntry]) -> None:
        """Make these the entries of the text of a file's record (its id)."""
        self._put(int(self._db.one("SELECT number FROM records WHERE id = ?", (record,))[0]), entries)

    def _put(self, number: int, entries: Sequence[ReferenceEntry]) -> None:
        self._db.run("DELETE FROM cited WHERE record = ?", (number,))
        self._db.run("DELETE FROM cited_keys WHERE record = ?", (number,))
        rows = [(number, place, packed) for place, packed in enumerate(wire.pack_all(entries))]
        self._db.run_many("INSERT INTO cited VALUES (?, ?, ?)", rows)
        keys = [(key, number, place) for place, entry in enumerate(entries) for key in sorted(known_of(entry).cited_by)]
        self._db.run_many("INSERT INTO cited_keys VALUES (?, ?, ?)", keys)

    def index_again(self) -> None:
        """Write all entries again from the documents; a damaged document has none."""
        for (number,) in self._db.rows("SELECT record FROM documents WHERE document IS NOT NULL ORDER BY record"):
            blob = self._db.one("SELECT document FROM documents WHERE record = ?", (number,))[0]
            with suppress(zlib.error, BadRecord):
                self._put(number, wire.unpack(zlib.decompress(blob), Document).references)

    def resolve(self, paper_id: str, entries: Sequence[ReferenceEntry]) -> list[str | None]:
        """The paper that each entry of a paper's text is of; None for one that the catalog lacks, or that may be of
        several. A paper does not cite itself."""
        own = self._db.paper_number(paper_id)
        wanted = [known_of(entry) for entry in entries]
        holders: dict[str, list[Stored]] = defaultdict(list)
        for stored in self._records.holding({key for known in wanted for key in known.cited_by}):
            for key in stored.known.cited_by:
                holders[key].append(stored)
        found: list[str | None] = []
        for known in wanted:
            papers = {
                stored.paper
                for key in known.cited_by
                for stored in holders[key]
                if stored.paper not in (None, own)
                and may_join(known, stored.known, known.cited_by & stored.known.cited_by)
            }
            found.append(self._db.paper_id(papers.pop()) if len(papers) == 1 else None)
        return found

    def citing(self, paper_id: str) -> list[str]:
        """The papers whose texts cite this one, by their ids."""
        own = self._db.paper_number(paper_id)
        citing: set[int] = set()
        for stored in self._records.of_paper(own):
            for key in sorted(stored.known.cited_by) if stored.superseded is None else ():
                rows = self._db.rows(
                    "SELECT r.paper, c.entry FROM cited_keys k"
                    " JOIN cited c ON c.record = k.record AND c.place = k.place"
                    " JOIN records r ON r.number = k.record WHERE k.key = ? AND r.superseded IS NULL LIMIT ?",
                    (key, _MOST_CITING),
                )
                for paper, blob in rows:
                    if paper in (None, own) or paper in citing:
                        continue
                    known = known_of(wire.unpack(blob, ReferenceEntry))
                    if may_join(known, stored.known, known.cited_by & stored.known.cited_by):
                        citing.add(paper)
        return [self._db.paper_id(number) for number in sorted(citing)]
