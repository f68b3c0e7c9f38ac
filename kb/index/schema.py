"""The catalog's schema, as the list of steps that made it. A step that was released is never edited."""

from __future__ import annotations

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


def _statements(script: str) -> tuple[str, ...]:
    return tuple(statement.strip() for statement in script.split(";\n") if statement.strip())


FILL_RECORDS = "-- kb: fill records from contributions"
"""A step that is not SQL: ``kb.index.upgrading`` does it, in the transaction of its migration."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _statements(_FIRST),
    _statements(_NARROW),
    (*_statements(_RECORDS), FILL_RECORDS, *_statements(_RECORDS_FILLED)),
)
"""Step n brings a catalog from schema n to schema n + 1 (``PRAGMA user_version``)."""
