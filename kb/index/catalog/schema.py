"""The catalog's schema, as the list of steps that made it. A step that was released is never edited.

Every row that an index of its own does not repeat in full has a checksum, as an index over an expression: SQLite keeps
it with each change, its integrity check compares it with the row, and a query can ask whether a row is as it was
written (``intact``). A connection that writes such a table needs the function ``row_checksum`` of ``database``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kb import wire
from kb.index.catalog.matching import FACTS, FILES
from kb.names import fold
from kb.records import Metadata, Paper, Precision, SourceRecord

if TYPE_CHECKING:
    from kb.index.catalog.database import Database

_FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE papers (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    record BLOB NOT NULL,
    title TEXT NOT NULL,
    published TEXT,
    private INTEGER NOT NULL DEFAULT 0,
    fulltext TEXT NOT NULL DEFAULT 'none',
    added TEXT NOT NULL,
    changed TEXT NOT NULL
);
CREATE TABLE aliases (alias TEXT PRIMARY KEY, paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE) WITHOUT ROWID;
CREATE INDEX aliases_paper ON aliases (paper);
CREATE TABLE contributions (
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    source TEXT NOT NULL,
    metadata BLOB NOT NULL,
    PRIMARY KEY (paper, source)
);
CREATE TABLE authors (
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    folded TEXT NOT NULL
);
CREATE INDEX authors_folded ON authors (folded);
CREATE INDEX authors_paper ON authors (paper);
CREATE TABLE categories (
    category TEXT NOT NULL,
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    PRIMARY KEY (category, paper)
) WITHOUT ROWID;
CREATE INDEX categories_paper ON categories (paper);
CREATE TABLE days (
    day TEXT NOT NULL,
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    PRIMARY KEY (day, paper)
) WITHOUT ROWID;
CREATE INDEX days_paper ON days (paper);
CREATE TABLE tags (
    tag TEXT NOT NULL,
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    PRIMARY KEY (tag, paper)
) WITHOUT ROWID;
CREATE INDEX tags_paper ON tags (paper);
CREATE TABLE opinions (
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    topic TEXT NOT NULL,
    liking INTEGER NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (paper, topic)
) WITHOUT ROWID;
CREATE TABLE versions (
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    version INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (paper, version)
);

CREATE TABLE documents (
    paper INTEGER PRIMARY KEY REFERENCES papers ON DELETE CASCADE,
    version INTEGER,
    file TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    parser TEXT NOT NULL,
    state TEXT NOT NULL,
    code TEXT,
    reason TEXT,
    document BLOB
);
CREATE INDEX documents_sha256 ON documents (sha256);
CREATE TABLE chunks (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    kind TEXT NOT NULL,
    record BLOB NOT NULL,
    passage TEXT NOT NULL,
    indexed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX chunks_paper ON chunks (paper, ordinal);
CREATE INDEX chunks_waiting ON chunks (indexed) WHERE indexed = 0;
CREATE TABLE dropped (key INTEGER PRIMARY KEY);
CREATE TABLE failures (
    what TEXT PRIMARY KEY,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    retry INTEGER NOT NULL,
    at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE topics (name TEXT PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE shown (
    topic TEXT NOT NULL,
    paper_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    day TEXT NOT NULL,
    how TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (topic, paper_id, version)
) WITHOUT ROWID;
CREATE INDEX shown_day ON shown (topic, day);
CREATE TABLE visits (
    topic TEXT NOT NULL,
    day TEXT NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY (topic, day)
) WITHOUT ROWID;
CREATE TABLE notes (
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    recipe TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (paper, recipe)
);
CREATE TABLE figures (
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    position INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (paper, position)
);
CREATE TABLE turns (
    session TEXT NOT NULL,
    position INTEGER NOT NULL,
    record BLOB NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (session, position)
);
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    command TEXT NOT NULL,
    state TEXT NOT NULL,
    done INTEGER NOT NULL DEFAULT 0,
    total INTEGER,
    message TEXT NOT NULL DEFAULT '',
    pid INTEGER,
    started TEXT NOT NULL,
    beat TEXT NOT NULL,
    report TEXT
);
"""


# Filters, counts and lists read these instead of the wide rows.
_NARROW = """
CREATE INDEX papers_published ON papers (published);
CREATE INDEX papers_fulltext ON papers (fulltext);
"""


# A paper is a view over the records of its sources; texts belong to the records of their files.
_RECORDS = """
CREATE TABLE records (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    paper INTEGER REFERENCES papers ON DELETE CASCADE,
    source TEXT NOT NULL,
    key TEXT NOT NULL,
    origin TEXT NOT NULL,
    private INTEGER NOT NULL,
    run TEXT NOT NULL,
    superseded TEXT,
    record BLOB NOT NULL
);
CREATE INDEX records_paper ON records (paper);
CREATE INDEX records_key ON records (key);
CREATE INDEX records_superseded ON records (superseded) WHERE superseded IS NOT NULL;
CREATE TABLE record_keys (
    key TEXT NOT NULL,
    record INTEGER NOT NULL REFERENCES records ON DELETE CASCADE,
    PRIMARY KEY (key, record)
) WITHOUT ROWID;
CREATE INDEX record_keys_record ON record_keys (record);
CREATE TABLE decisions (
    kind TEXT NOT NULL,
    one TEXT NOT NULL,
    other TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (kind, one, other)
) WITHOUT ROWID;
CREATE INDEX decisions_other ON decisions (other);
CREATE TABLE joins (
    one TEXT NOT NULL,
    other TEXT NOT NULL,
    level INTEGER NOT NULL,
    why BLOB NOT NULL,
    PRIMARY KEY (one, other)
) WITHOUT ROWID;
CREATE INDEX joins_other ON joins (other);
CREATE TABLE doubts (number INTEGER PRIMARY KEY AUTOINCREMENT, records TEXT NOT NULL UNIQUE, why BLOB NOT NULL);
CREATE TABLE doubted (
    record TEXT NOT NULL,
    doubt INTEGER NOT NULL REFERENCES doubts ON DELETE CASCADE,
    PRIMARY KEY (record, doubt)
) WITHOUT ROWID;
CREATE INDEX doubted_doubt ON doubted (doubt);
CREATE TABLE decided (
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    field TEXT NOT NULL,
    anchor TEXT NOT NULL,
    value BLOB NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (paper, field, anchor)
) WITHOUT ROWID;
ALTER TABLE tags RENAME TO tags_before;
CREATE TABLE tags (
    tag TEXT NOT NULL,
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    anchor TEXT NOT NULL,
    PRIMARY KEY (tag, paper, anchor)
) WITHOUT ROWID;
INSERT INTO tags SELECT tag, paper, '' FROM tags_before;
DROP TABLE tags_before;
CREATE INDEX tags_paper ON tags (paper);
ALTER TABLE opinions RENAME TO opinions_before;
CREATE TABLE opinions (
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    topic TEXT NOT NULL,
    anchor TEXT NOT NULL,
    liking INTEGER NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (paper, topic, anchor)
) WITHOUT ROWID;
INSERT INTO opinions SELECT paper, topic, '', liking, at FROM opinions_before;
DROP TABLE opinions_before;
ALTER TABLE versions RENAME TO versions_before;
CREATE TABLE versions (
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    version INTEGER NOT NULL,
    record BLOB NOT NULL,
    anchor TEXT NOT NULL,
    PRIMARY KEY (paper, version, anchor)
);
INSERT INTO versions SELECT paper, version, record, '' FROM versions_before;
DROP TABLE versions_before;
CREATE TABLE collection_names (name TEXT PRIMARY KEY, made TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE collections (
    name TEXT NOT NULL,
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    anchor TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (name, paper, anchor)
) WITHOUT ROWID;
CREATE INDEX collections_paper ON collections (paper);
CREATE TABLE venues (
    paper INTEGER PRIMARY KEY REFERENCES papers ON DELETE CASCADE,
    folded TEXT NOT NULL
);
DROP TABLE authors;
CREATE TABLE names (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE name_forms (
    form TEXT NOT NULL,
    name INTEGER NOT NULL REFERENCES names ON DELETE CASCADE,
    PRIMARY KEY (form, name)
) WITHOUT ROWID;
CREATE INDEX name_forms_name ON name_forms (name);
CREATE TABLE authors (
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    name INTEGER NOT NULL REFERENCES names,
    PRIMARY KEY (paper, name)
) WITHOUT ROWID;
CREATE INDEX authors_name ON authors (name);
CREATE TRIGGER names_without_papers AFTER DELETE ON authors
    WHEN NOT EXISTS (SELECT 1 FROM authors WHERE name = OLD.name)
    BEGIN DELETE FROM names WHERE number = OLD.name; END;
CREATE TABLE titles (
    paper INTEGER PRIMARY KEY REFERENCES papers ON DELETE CASCADE,
    folded TEXT NOT NULL
);
ALTER TABLE documents RENAME TO documents_of_papers;
DROP INDEX documents_sha256;
CREATE TABLE documents (
    record INTEGER PRIMARY KEY REFERENCES records ON DELETE CASCADE,
    version INTEGER,
    file TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    parser TEXT NOT NULL,
    state TEXT NOT NULL,
    code TEXT,
    reason TEXT,
    document BLOB
);
CREATE INDEX documents_sha256 ON documents (sha256);
ALTER TABLE figures RENAME TO figures_of_papers;
CREATE TABLE figures (
    sha256 TEXT NOT NULL,
    position INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (sha256, position)
) WITHOUT ROWID;
INSERT OR IGNORE INTO figures SELECT sha256, position, record FROM figures_of_papers;
DROP TABLE figures_of_papers;
"""

_RECORDS_FILLED = """
DROP TABLE documents_of_papers;
DROP TABLE contributions;
DELETE FROM aliases WHERE alias LIKE 'title:%';
"""

# What a removal has still to take away outside the catalog; passages cut for another encoder until its index is made.
_FINISHING = """
CREATE TABLE removals (number INTEGER PRIMARY KEY AUTOINCREMENT, record BLOB);
CREATE TABLE recut (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    kind TEXT NOT NULL,
    record BLOB NOT NULL,
    passage TEXT NOT NULL
);
CREATE INDEX recut_paper ON recut (paper);
"""


# What the papers' texts cite, by the keys of what is cited. Who cites whom in the library is asked of these and of the
# records' keys each time, so that it is true whatever came or went. Made again from the documents, like other tables of
# keys.
_CITED = """
CREATE TABLE cited (
    record INTEGER NOT NULL REFERENCES records ON DELETE CASCADE,
    place INTEGER NOT NULL,
    entry BLOB NOT NULL,
    PRIMARY KEY (record, place)
) WITHOUT ROWID;
CREATE INDEX cited_entry ON cited (entry);
CREATE TABLE cited_keys (
    key TEXT NOT NULL,
    record INTEGER NOT NULL REFERENCES records ON DELETE CASCADE,
    place INTEGER NOT NULL,
    PRIMARY KEY (key, record, place)
) WITHOUT ROWID;
CREATE INDEX cited_keys_record ON cited_keys (record);
"""


# The pictures of a file: a row of each kind says first, at position -1, by which recipe they were cut. Earlier the
# equations stood among the figures, a million places further.
_PICTURES = """
CREATE TABLE pictures (
    sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (sha256, kind, position)
) WITHOUT ROWID;
"""
_BEHIND_FIGURES = 1_000_000
_FIRST_EQUATION = _BEHIND_FIGURES - 1
_FIGURES_BEFORE = "sha256 position record"
_PICTURES_TAKEN_OVER = """
DROP INDEX IF EXISTS checksum_figures;
DROP TABLE figures;
ALTER TABLE pictures RENAME TO figures;
"""


# Columns by table, without the integer key, which the index has anyway; ``chunks.indexed`` is no content.
CHECKED = {
    "meta": "key value",
    "papers": "id record title published private fulltext added changed",
    "records": "id paper source key origin private run superseded record",
    "documents": "version file sha256 parser state code reason document",
    "chunks": "id paper ordinal kind record passage",
    "failures": "what code reason retry at",
    "topics": "name record",
    "shown": "topic paper_id version day how reason",
    "visits": "topic day report",
    "notes": "paper recipe record",
    "figures": "sha256 kind position record",
    "turns": "session position record at",
    "jobs": "command state done total message pid started beat report",
    "decisions": "kind one other at",
    "joins": "one other level why",
    "doubts": "records why",
    "decided": "paper field anchor value at",
    "opinions": "paper topic anchor liking at",
    "versions": "paper version record anchor",
    "collection_names": "name made",
    "collections": "name paper anchor position",
    "venues": "folded",
    "titles": "folded",
    "removals": "record",
    "recut": "id paper ordinal kind record passage",
}


def _checksum(columns: Iterable[str], alias: str) -> str:
    return f"row_checksum({', '.join(f'CAST({alias}{name} AS BLOB)' for name in columns)})"


def intact(table: str, alias: str, *, key: tuple[str, ...] = ("rowid",), there: Collection[str] | None = None) -> str:
    """A condition on a row of a table (``key``: its primary key, where it has no number): it is as it was written.

    ``there`` are the columns of the table in a catalog of an earlier schema.
    """
    same = " AND ".join(f"kept.{name} = {alias}.{name}" for name in key)
    columns = [name for name in CHECKED[table].split() if there is None or name in there]
    return (
        f"EXISTS (SELECT 1 FROM {table} AS kept INDEXED BY checksum_{table}"
        f" WHERE {_checksum(columns, 'kept.')} = {_checksum(columns, f'{alias}.')} AND {same})"
    )


def keep_checksums(table: str, columns: str = "") -> str:
    """The statement that begins to keep the checksums of a table, over the columns that it has now or had then."""
    checksum = _checksum((columns or CHECKED[table]).split(), "")
    return f"CREATE INDEX IF NOT EXISTS checksum_{table} ON {table} ({checksum})"


def _statements(script: str) -> tuple[str, ...]:
    return tuple(statement.strip() for statement in script.split(";\n") if statement.strip())


# -------------------------------------------------------------------- homes of earlier schemas


def fill_records(database: Database) -> None:
    """From one merged contribution a source, as homes before schema 3 keep it, to source records.

    Papers stay as they were joined, and ``kb split`` can undo it. A document becomes
    that of the record of its file; where the file's page had no say of its own, one is made that says nothing.
    """
    from kb.index.catalog.filters import AuthorTable
    from kb.index.catalog.records import RecordTable

    database.run(keep_checksums("records"))  # without which the table of records is not read
    table, authors = RecordTable(database), AuthorTable(database)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for number, blob, private in database.rows("SELECT number, record, private FROM papers ORDER BY number"):
        paper = wire.unpack(blob, Paper)
        document = database.first("SELECT file, sha256 FROM documents_of_papers WHERE paper = ?", (number,))
        records: list[tuple[str, SourceRecord]] = []
        for source, metadata in _contributions(database, number):
            if source == "user":
                _keep_decisions(database, number, metadata, now)
                continue
            record = _record(source, metadata, document)
            stored, _ = table.store(record, private=bool(private), run=now)
            records.append((stored.id, record))
        if document is not None:
            records = _with_file(table, records, document, private=bool(private), run=now)
            key = next(key for key, record in records if record.key == document[1])
            database.run(
                "INSERT INTO documents SELECT (SELECT number FROM records WHERE id = ?), version, file, sha256, parser,"
                " state, code, reason, document FROM documents_of_papers WHERE paper = ?",
                (key, number),
            )
        table.place([key for key, _ in records], number)
        if len(records) > 1:
            table.tie([records[0][0]], [key for key, _ in records[1:]], kind="before")
        anchor = " ".join(sorted(key for key, _ in records))
        for owned in ("tags", "opinions", "versions", "decided"):
            database.run(f"UPDATE {owned} SET anchor = ? WHERE paper = ?", (anchor, number))
        paper = replace(paper, aliases=tuple(key for key in paper.aliases if not key.startswith("title:")))
        if paper.published is not None and paper.provenance.get("published") == "bibtex":
            paper = replace(paper, precision=_precision(paper.published))
        database.run("UPDATE papers SET record = ? WHERE number = ?", (wire.pack(paper), number))
        authors.put(number, title=paper.title, authors=paper.authors)
        if paper.venue:
            database.run("INSERT INTO venues VALUES (?, ?)", (number, fold(paper.venue)))


def _contributions(database: Database, number: int) -> Iterator[tuple[str, Metadata]]:
    """What an earlier home kept of each source: what was read out of its record, not the record."""
    for source, blob in database.rows(
        "SELECT source, metadata FROM contributions WHERE paper = ? ORDER BY source", (number,)
    ):
        yield source, wire.unpack(blob, Metadata)


def _record(source: str, metadata: Metadata, document: Any) -> SourceRecord:
    if source == "bibtex" and metadata.published is not None:
        metadata = replace(metadata, precision=_precision(metadata.published))
    key = document[1] if source in FILES and document is not None else metadata.ids[0] if metadata.ids else ""
    return SourceRecord(source=source, key=key, metadata=metadata)  # type: ignore[arg-type]


def _precision(moment: datetime) -> Precision:
    """How much of a date a bibliography had stated: earlier homes filled it up to the first day."""
    return "year" if (moment.month, moment.day) == (1, 1) else "month" if moment.day == 1 else "day"


def _with_file(
    table: Any, records: list[tuple[str, SourceRecord]], document: Any, *, private: bool, run: str
) -> list[tuple[str, SourceRecord]]:
    file, sha256 = document
    if any(record.key == sha256 for _, record in records):
        return records
    source = "pdf" if file.endswith(".pdf") else "html" if file.endswith(".html") else "text"
    metadata = Metadata(source=source, ids=(f"file:{sha256[:16]}",))  # type: ignore[arg-type]
    record = SourceRecord(source=source, key=sha256, metadata=metadata)  # type: ignore[arg-type]
    stored, _ = table.store(record, private=private, run=run)
    return [*records, (stored.id, record)]


def _keep_decisions(database: Database, number: int, decided: Metadata, now: str) -> None:
    for name in sorted(FACTS):
        value = getattr(decided, name)
        if value is not None and value != ():
            one = wire.pack(Metadata(source="user", ids=(), **{name: value}))
            database.run("INSERT INTO decided VALUES (?, ?, '', ?, ?)", (number, name, one, now))


def shorten_dates(database: Database) -> None:
    """Where a year or a month alone is known, that alone stands beside the record, and no first day."""
    rows = database.rows("SELECT number, record FROM papers WHERE published LIKE '____-__-01T00:00:00%'")
    for number, blob in rows:
        paper = wire.unpack(blob, Paper)
        if paper.precision in ("year", "month"):
            database.run("UPDATE papers SET published = ? WHERE number = ?", (paper.stated_date, number))


def part_pictures(database: Database) -> None:
    """Figures and equations of each file apart. Those of a file of which a row is not as it was written are left out:
    they are cut again when somebody asks for them, while a new checksum would vouch for the damage."""
    database.run(keep_checksums("figures", _FIGURES_BEFORE))  # one that was salvaged may lack it
    # The index has the keys as they were written, too, whatever became of the rows.
    written = set(database.rows("SELECT sha256, position FROM figures INDEXED BY checksum_figures"))
    is_whole = intact("figures", "f", key=("sha256", "position"), there=_FIGURES_BEFORE.split())
    whole = set(database.rows(f"SELECT sha256, position FROM figures AS f NOT INDEXED WHERE {is_whole}"))
    damaged = {(sha256, position >= _FIRST_EQUATION) for sha256, position in written - whole}
    database.run_many(
        "INSERT INTO pictures SELECT sha256, ?, ?, record FROM figures WHERE sha256 = ? AND position = ?",
        [
            (*(("equations", position - _BEHIND_FIGURES) if equation else ("figures", position)), sha256, position)
            for sha256, position in whole
            if (sha256, equation := position >= _FIRST_EQUATION) not in damaged
        ],
    )


# ------------------------------------------------------------------------------------- steps


MIGRATIONS: tuple[tuple[str | Callable[[Database], None], ...], ...] = (
    _statements(_FIRST),
    _statements(_NARROW),
    (*_statements(_RECORDS), fill_records, *_statements(_RECORDS_FILLED)),
    _statements(_FINISHING),
    tuple(keep_checksums(table, _FIGURES_BEFORE if table == "figures" else "") for table in CHECKED),
    _statements(_CITED),
    (
        *_statements(_PICTURES),
        part_pictures,
        *_statements(_PICTURES_TAKEN_OVER),
        keep_checksums("figures"),
        shorten_dates,
    ),
)
"""Step n brings a catalog from schema n to schema n + 1 (``PRAGMA user_version``): SQL, and what SQL cannot say."""
