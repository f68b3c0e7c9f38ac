"""The documents and chunks of the catalog, where their text stands on the page, and what waits to be indexed."""

from __future__ import annotations

import hashlib
import threading
import zlib
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kb import wire
from kb.errors import BadRecord
from kb.index.catalog.database import Database, Row
from kb.index.catalog.schema import intact
from kb.index.chunking import CUT, MOST_CHUNKS
from kb.protocols import Keys
from kb.records import Block, Box, Chunk, Document, Fulltext, PrintedRow
from kb.tables import rows_within

_CACHED_DOCUMENTS = 32
# The text of a paper: of its records' files one that was read, a PDF before HTML before the rest (pages and boxes
# exist only there), the newest version, and of several the one whose record's id comes first.
_BEST = """FROM documents d JOIN records r ON r.number = d.record
    WHERE r.paper = {paper} AND r.superseded IS NULL
    ORDER BY d.state = 'none', CASE r.source WHEN 'pdf' THEN 0 WHEN 'html' THEN 1 ELSE 2 END,
    COALESCE(d.version, 0) DESC, r.id LIMIT 1"""


def _chunks_in(table: str) -> str:
    """A query of chunks as ``PassageTable._chunks`` takes them."""
    return f"SELECT c.record, p.id, c.key, {intact(table, 'c')} FROM {table} c JOIN papers p ON p.number = c.paper"


_CHUNKS = _chunks_in("chunks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The file that a document was read from: its key in the file store, hash, and the parser that read it."""

    file: str
    sha256: str
    parser: str
    fulltext: Fulltext


class PassageTable:
    """Documents and chunks. Every write is part of the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._documents: OrderedDict[tuple[int, str], Document] = OrderedDict()
        self._remembering = threading.Lock()  # of ``_documents``, which all threads share
        self._table: tuple[tuple[int, ...], tuple[Keys, Keys]] | None = None

    # ------------------------------------------------------------------------------------- writing

    def put_document(self, record: str, source: Source, *, packed: bytes | None, version: int | None) -> None:
        """Store what was parsed from a file, as the text of the file's record (its id).

        ``packed`` is the document as ``packed`` makes it, None when the file could not be read (the reason is kept). A
        paper whose records have several files is read from the best of them; the others are kept.
        """
        self._db.run(
            "INSERT OR REPLACE INTO documents"
            " VALUES ((SELECT number FROM records WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                record,
                version,
                source.file,
                source.sha256,
                source.parser,
                source.fulltext.state,
                source.fulltext.code,
                source.fulltext.reason,
                packed,
            ),
        )

    def put_chunks(self, paper_id: str, chunks: Sequence[tuple[Chunk, str]]) -> int:
        """Make these the paper's chunks. Each comes with its passage, the text that the encoder reads.

        A chunk that is there keeps its key as long as its passage is the same; a changed passage gets a new key,
        so that a key always stands for one vector. Returns how many chunks now wait to be indexed.
        """
        number = self._db.paper_number(paper_id)
        known = {
            row[0]: row[1:]
            for row in self._db.rows("SELECT id, key, passage, record FROM chunks WHERE paper = ?", (number,))
        }
        given = {chunk.id: _digest(passage) for chunk, passage in chunks}
        gone = [(row[0],) for chunk_id, row in known.items() if given.get(chunk_id) != row[1]]
        self._db.run_many("INSERT OR IGNORE INTO dropped VALUES (?)", gone)
        self._db.run_many("DELETE FROM chunks WHERE key = ?", gone)
        new, moved = [], []
        for (chunk, _), record in zip(chunks, wire.pack_all([chunk for chunk, _ in chunks]), strict=True):
            old = known.get(chunk.id)
            if old is None or old[1] != given[chunk.id]:
                new.append((chunk.id, number, chunk.ordinal, chunk.kind, record, given[chunk.id]))
            elif old[2] != record:
                moved.append((chunk.ordinal, record, old[0]))
        insert = "INSERT INTO chunks (id, paper, ordinal, kind, record, passage) VALUES (?, ?, ?, ?, ?, ?)"
        self._db.run_many(insert, new)
        self._db.run_many("UPDATE chunks SET ordinal = ?, record = ? WHERE key = ?", moved)
        return len(new)

    def put_reading(self, record: str, source: Source, *, packed: bytes) -> None:
        """Store another reading of the file of a record (its id) that has one, as a text of the same version."""
        self._db.run(
            "UPDATE documents SET parser = ?, state = ?, code = ?, reason = ?, document = ?"
            " WHERE record = (SELECT number FROM records WHERE id = ?) AND sha256 = ?",
            (
                source.parser, source.fulltext.state, source.fulltext.code, source.fulltext.reason, packed, record,
                source.sha256,
            ),
        )  # fmt: skip

    def drop_chunks(self, paper_id: str) -> None:
        """Take all chunks of a paper out; their keys wait to be dropped from the indexes."""
        drop_chunks_of(self._db, self._db.paper_number(paper_id))

    def mark_indexed(self, keys: Iterable[int]) -> None:
        """These chunks are in every index now."""
        self._db.run_many("UPDATE chunks SET indexed = 1 WHERE key = ?", [(key,) for key in keys])

    def mark_waiting(self, keys: Iterable[int]) -> None:
        """These chunks are not in every index any more."""
        self._db.run_many("UPDATE chunks SET indexed = 0 WHERE key = ?", [(key,) for key in keys])

    def forget_dropped(self, keys: Iterable[int]) -> None:
        """These keys are out of every index now."""
        self._db.run_many("DELETE FROM dropped WHERE key = ?", [(key,) for key in keys])

    def put_recut(self, paper_id: str, chunks: Sequence[tuple[Chunk, str]]) -> None:
        """Keep chunks of a paper, with their passages, that take the place of those it has with ``take_recut``."""
        number = self._db.paper_number(paper_id)
        last = self._db.one(
            "SELECT MAX(COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'chunks'), 0),"
            " COALESCE((SELECT MAX(key) FROM recut), 0))"
        )[0]
        records = wire.pack_all([chunk for chunk, _ in chunks])
        self._db.run_many(
            "INSERT INTO recut VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (last + nth, chunk.id, number, chunk.ordinal, chunk.kind, record, _digest(passage))
                for nth, ((chunk, passage), record) in enumerate(zip(chunks, records, strict=True), 1)
            ],
        )

    def take_recut(self) -> None:
        """Let what was cut anew take the place of all chunks."""
        self._db.run("DELETE FROM chunks")
        self._db.run(
            "INSERT INTO chunks (key, id, paper, ordinal, kind, record, passage)"
            " SELECT key, id, paper, ordinal, kind, record, passage FROM recut ORDER BY key"
        )
        self.forget_recut()

    def forget_recut(self) -> None:
        """Forget what was cut anew and not taken."""
        self._db.run("DELETE FROM recut")

    # ------------------------------------------------------------------------------------- reading

    def source(self, paper_id: str) -> Source | None:
        """The file that the paper's text is read from."""
        row = self._best("d.file, d.sha256, d.parser, d.state, d.code, d.reason", paper_id)
        return _source(row) if row is not None else None

    def source_of_file(self, sha256: str) -> Source | None:
        """How a file with this content was read, whichever paper it is of."""
        row = self._db.first(
            "SELECT file, sha256, parser, state, code, reason FROM documents WHERE sha256 = ?", (sha256,)
        )
        return _source(row) if row is not None else None

    def read_otherwise(self, parser: str) -> dict[str, Source]:
        """The texts of papers that another parser than this one read, by the id of their file's record."""
        rows = self._db.rows(
            "SELECT d.file, d.sha256, d.parser, d.state, d.code, d.reason, r.id FROM documents d JOIN records r"
            " ON r.number = d.record WHERE d.parser != ? AND d.state != 'none' AND r.superseded IS NULL"
            " AND r.paper IS NOT NULL ORDER BY r.number",
            (parser,),
        )
        return {row[6]: _source(row) for row in rows}

    def stored_files(self, paper_id: str) -> list[tuple[str, str]]:
        """(key, SHA-256) of every file of the paper's records, whether or not it was read or its text is of use."""
        return self._db.rows(
            "SELECT d.file, d.sha256 FROM documents d JOIN records r ON r.number = d.record WHERE r.paper = ?",
            (self._db.paper_number(paper_id),),
        )

    def document_version(self, paper_id: str) -> int | None:
        """The paper's version that its text is of."""
        row = self._best("d.version", paper_id)
        return row[0] if row else None

    def files(self) -> set[str]:
        """Keys of all files that the catalog refers to."""
        return {row[0] for row in self._db.rows("SELECT file FROM documents WHERE file != ''")}

    def document(self, paper_id: str) -> Document | None:
        """The parsed document of a paper."""
        row = self._best("d.record, d.sha256 || d.parser", paper_id)
        if row is None:
            return None
        with self._remembering:
            if (cached := self._documents.get(row)) is not None:
                self._documents.move_to_end(row)
                return cached
        # Which file it is, once more: another may have taken its place meanwhile, or the paper may be gone.
        found = self._best("d.record, d.sha256 || d.parser, d.document", paper_id)
        if found is None or found[2] is None:
            return None
        row = found[:2]
        try:
            document = wire.unpack(zlib.decompress(found[2]), Document)
        except (zlib.error, BadRecord) as err:
            raise self._db.refused(f"the text of {paper_id}") from err
        with self._remembering:
            self._documents[row] = document
            while len(self._documents) > _CACHED_DOCUMENTS:
                self._documents.popitem(last=False)
        return document

    def chunks(self, paper_id: str) -> list[Chunk]:
        """The paper's chunks in reading order."""
        rows = self._db.rows(f"{_CHUNKS} WHERE c.paper = ? ORDER BY ordinal", (self._db.paper_number(paper_id),))
        return list(self._chunks(rows).values())

    def chunk(self, chunk_id: str) -> Chunk | None:
        """One chunk by its id."""
        return next(iter(self._chunks(self._db.rows(f"{_CHUNKS} WHERE c.id = ?", (chunk_id,))).values()), None)

    def chunks_by_key(self, keys: Sequence[int], *, recut: bool = False) -> dict[int, Chunk]:
        """Chunks by key, of those cut anew where these are asked for; keys that are not there are left out."""
        query = _chunks_in("recut") if recut else _CHUNKS
        return self._chunks(self._db.rows_for(f"{query} WHERE c.key IN (?)", [int(key) for key in keys]))

    def waiting(self, *, limit: int, papers: Sequence[str] = (), after: int = 0) -> dict[int, Chunk]:
        """Chunks that are in the catalog but not yet in the indexes, oldest first, of keys above ``after``; of some
        papers where these are named."""
        of_papers = f"AND c.paper IN ({','.join(['?'] * len(papers))})" if papers else ""
        rows = self._db.rows(
            f"{_CHUNKS} WHERE c.indexed = 0 AND c.key > ? {of_papers} ORDER BY c.key LIMIT ?",
            (after, *(self._db.paper_number(paper) for paper in papers), limit),
        )
        for row in rows:
            if not row[-1]:
                raise self._db.refused(f"a passage of {row[1]}")
        return self._chunks(rows)

    def waiting_count(self) -> int:
        """How many chunks wait to be indexed."""
        return int(self._db.one("SELECT COUNT(*) FROM chunks WHERE indexed = 0")[0])

    def dropped(self) -> list[int]:
        """Keys that wait to be dropped from the indexes."""
        return [row[0] for row in self._db.rows("SELECT key FROM dropped ORDER BY key")]

    def count(self) -> int:
        """How many chunks there are."""
        return int(self._db.one("SELECT COUNT(*) FROM chunks")[0])

    def papers_without(self) -> list[str]:
        """Ids of papers that have no chunk, which a paper with a title always has."""
        rows = self._db.rows(
            "SELECT id FROM papers p WHERE NOT EXISTS (SELECT 1 FROM chunks c WHERE c.paper = p.number) ORDER BY id"
        )
        return [row[0] for row in rows]

    def keys(self) -> Keys:
        """Keys of all chunks, sorted."""
        return self._chunk_table()[0]

    def recut_keys(self) -> Keys:
        """Keys of the chunks that were cut anew and not taken yet, sorted."""
        return np.array([row[0] for row in self._db.rows("SELECT key FROM recut ORDER BY key")], dtype=np.int64)

    def indexed_keys(self) -> Keys:
        """Keys of the chunks that are in every index, sorted."""
        waiting = [row[0] for row in self._db.rows("SELECT key FROM chunks WHERE indexed = 0")]
        return np.setdiff1d(self.keys(), np.array(waiting, dtype=np.int64), assume_unique=True)

    def keys_of_kind(self, kind: str) -> Keys:
        """Keys of all chunks of a kind, sorted."""
        rows = self._db.rows("SELECT key FROM chunks WHERE kind = ? ORDER BY key", (kind,))
        return np.array([row[0] for row in rows], dtype=np.int64)

    def first_keys(self, paper_ids: Sequence[str]) -> dict[str, int]:
        """Paper id to the key of its first indexed chunk (the abstract where there is one), in the given order."""
        rows = self._db.rows_for(
            """SELECT p.id, c.key FROM papers p JOIN chunks c ON c.paper = p.number
            WHERE c.ordinal = 0 AND c.indexed = 1 AND p.id IN (?)""",
            list(paper_ids),
        )
        found: dict[str, int] = dict(rows)
        return {key: found[key] for key in paper_ids if key in found}

    def keys_of(self, paper_numbers: Sequence[int]) -> Keys:
        """Keys of the chunks of these papers (catalog numbers), sorted."""
        keys, owners = self._chunk_table()
        if not len(keys):
            return keys
        wanted = np.zeros(int(owners.max()) + 1, dtype=bool)
        inside = np.asarray(paper_numbers, dtype=np.int64)
        wanted[inside[inside < len(wanted)]] = True
        return keys[wanted[owners]]

    def paper_numbers(self, keys: Keys) -> Keys:
        """(n,) the number of the paper of each key; -1 for a key that is not there."""
        known, owners = self._chunk_table()
        if not len(known):
            return np.full(len(keys), -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        return np.where(known[places] == keys, owners[places], -1)

    def _chunk_table(self) -> tuple[Keys, Keys]:
        state, kept = self._db.state(), self._table  # read once: another thread may replace it
        if state is not None and kept is not None and kept[0] == state:
            return kept[1]
        # In any order an index answers this; ordered by key, SQLite would read the wide rows.
        both = np.array(self._db.rows("SELECT key, paper FROM chunks"), dtype=np.int64).reshape(-1, 2)
        both = both[np.argsort(both[:, 0])]
        table = np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])
        if state is not None:
            self._table = (state, table)
        return table

    def locate(self, chunk_id: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int | None, tuple[Box, ...]]]:
        """Of each span of the chunk's text the page of its first character and its boxes; (None, ()) without a PDF."""
        chunk = self.chunk(chunk_id)
        document = self.document(chunk.paper_id) if chunk is not None and chunk.page is not None else None
        if chunk is None or document is None:
            return [(None, ())] * len(spans)
        boxes = boxes_of(document.blocks, [(chunk.start + start, chunk.start + end) for start, end in spans])
        return [(some[0].page if some else chunk.page, some) for some in boxes]

    def rows(self, chunk_id: str) -> tuple[PrintedRow, ...]:
        """The rows of printed tables in a chunk's text, every cell with what names it."""
        chunk = self.chunk(chunk_id)
        document = self.document(chunk.paper_id) if chunk is not None and chunk.kind == "table" else None
        if chunk is None or document is None:
            return ()
        return rows_within(document.blocks, chunk.start, chunk.end)

    def page_label(self, paper_id: str, page: int) -> str | None:
        """The number that a page (from 1) of the paper's file prints; None where nobody knows."""
        document = self.document(paper_id)
        labels = document.page_labels if document is not None else ()
        return (labels[page - 1] or None) if 0 < page <= len(labels) else None

    def _best(self, columns: str, paper_id: str) -> Row | None:
        """Columns of the file (d) that the paper's text is read from, and of its record (r); None without a file."""
        best = _BEST.format(paper="(SELECT paper FROM aliases WHERE alias = ?)")
        row = self._db.first(f"SELECT {columns} {best}", (paper_id,))
        if row is None:
            self._db.paper_number(paper_id)  # of a paper that there is not, an error says so
        return row

    def _chunks(self, rows: Sequence[Row]) -> dict[int, Chunk]:
        """The chunks of rows by key, in their order; without those that are damaged."""
        rows = self._db.whole(rows, called="a passage of {1}")
        chunks = wire.unpack_all([row[0] for row in rows], Chunk)
        return {
            # A paper's id may have become a stronger one since the chunk was cut.
            key: chunk if chunk.paper_id == paper_id else replace(chunk, paper_id=paper_id)
            for (_, paper_id, key, _), chunk in zip(rows, chunks, strict=True)
        }


def document_of(database: Database, number: int) -> Fulltext | None:
    """Whether the paper (its catalog number) has a text, and how much of it is in; None without a file."""
    row = database.first(f"SELECT d.state, d.code, d.reason {_BEST.format(paper='?')}", (number,))
    if row is None:
        return None
    text = Fulltext(state=row[0], code=row[1], reason=row[2])
    is_cut = database.one("SELECT COUNT(*) FROM chunks WHERE paper = ?", (number,))[0] >= MOST_CHUNKS
    return CUT if is_cut and text.state == "full" else text


def _source(row: Sequence[str]) -> Source:
    fulltext = Fulltext(state=row[3], code=row[4], reason=row[5])  # type: ignore[arg-type]
    return Source(file=row[0], sha256=row[1], parser=row[2], fulltext=fulltext)


def packed(document: Document) -> bytes:
    """A document as it is stored. That takes a while: it is for before a transaction, in which others wait."""
    return zlib.compress(wire.pack(document), 6)


def drop_chunks_of(database: Database, number: int) -> None:
    """Take the chunks of a paper (its catalog number) out; their keys wait to be dropped from the indexes."""
    database.run("INSERT OR IGNORE INTO dropped SELECT key FROM chunks WHERE paper = ?", (number,))
    database.run("DELETE FROM chunks WHERE paper = ?", (number,))


def boxes_of(blocks: Sequence[Block], spans: Iterable[tuple[int, int]]) -> list[tuple[Box, ...]]:
    """Of each span of the document's text one box for each printed line that it touches, cut to its words."""
    starts = [block.start for block in blocks]
    return [_boxes(blocks, starts, start, end) for start, end in spans]


def _boxes(blocks: Sequence[Block], starts: Sequence[int], start: int, end: int) -> tuple[Box, ...]:
    boxes: list[Box] = []
    for block in blocks[max(0, bisect_right(starts, start) - 1) :]:
        if block.start >= end:
            break
        for line in block.lines:
            first, last = max(start - block.start, line.start), min(end - block.start, line.end)
            if first >= last:
                continue
            if first == line.start and last == line.end:
                boxes.append(Box(page=line.page, x0=line.x0, y0=line.y0, x1=line.x1, y1=line.y1))
                continue
            words = [w for i, w in enumerate(line.words) if w[0] < last and _word_end(line.words, i, line.end) > first]
            # Not the first and the last word's: a line may run from right to left.
            x0, x1 = min((w[1] for w in words), default=line.x0), max((w[2] for w in words), default=line.x1)
            boxes.append(Box(page=line.page, x0=x0, y0=line.y0, x1=x1, y1=line.y1))
    return tuple(boxes)


def _word_end(words: Sequence[tuple[int, float, float]], index: int, line_end: int) -> int:
    return words[index + 1][0] if index + 1 < len(words) else line_end


def _digest(passage: str) -> str:
    return hashlib.sha256(passage.encode(errors="surrogatepass")).hexdigest()[:32]
