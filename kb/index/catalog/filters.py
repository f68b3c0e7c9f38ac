"""Which papers pass: filters as SQL, and authors to be found under any spelling of their names (``kb.names``).

What a user wrote goes in as values only, never as SQL.

Each restriction is a query of its own over a table or index that holds no records, and the papers that pass are
their intersection: the wide rows of the papers themselves are not read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from kb.index.catalog.database import Database
from kb.names import asked_forms, fold, name_forms
from kb.records import Filters
from kb.words import is_unspaced

_ONE_WORD = "SELECT DISTINCT paper FROM authors WHERE name IN (SELECT name FROM name_forms WHERE form IN ({forms}))"
# Of several words the keys find whoever may be meant, and some more; ``answers_to`` (see Database) says who is.
_AUTHOR = """SELECT DISTINCT paper FROM authors WHERE name IN (
    SELECT number FROM names WHERE number IN (SELECT name FROM name_forms WHERE form IN ({forms}))
    AND answers_to(name, ?))"""
_TITLE = "SELECT paper FROM titles WHERE {words}"
_WORD = "' ' || folded || ' ' LIKE ?"
_CATEGORY = "SELECT DISTINCT paper FROM categories WHERE category = ? OR (category > ? AND category < ?)"
_MOST_WORDS = 64  # of a title that is asked for
# A moment of publication is text that begins with its day and "T": "U" is behind every moment of a day. Of some papers
# a year or a month alone is known: they pass where the period has a part of it.
_PERIOD = """SELECT paper FROM days WHERE day BETWEEN ? AND ?
    UNION SELECT number FROM papers WHERE published >= SUBSTR(?, 1, LENGTH(published)) AND published < ? || 'U'
    AND number NOT IN (SELECT paper FROM days)"""


def passing(filters: Filters) -> tuple[str, list[Any]]:
    """A query for the numbers of the papers that pass, and its values.

    All fields must hold; the values of one field are alternatives.
    """
    queries: list[str] = []
    values: list[Any] = []
    if filters.papers:
        queries.append(f"SELECT paper FROM aliases WHERE alias IN ({_marks(filters.papers)})")
        values += list(filters.papers)
    if filters.authors:
        named: list[str] = []
        for author in filters.authors:
            forms, one_word = sorted(asked_forms(author)), len(fold(author).split()) == 1
            named.append((_ONE_WORD if one_word else _AUTHOR).format(forms=_marks(forms)))
            values += forms if one_word else [*forms, author]
        queries.append(" UNION ".join(named))
    if filters.titles:
        patterns = [_title_patterns(title) for title in filters.titles]
        queries.append(" UNION ".join(_TITLE.format(words=" AND ".join([_WORD] * len(those))) for those in patterns))
        values += [pattern for those in patterns for pattern in those]
    if filters.venues:
        queries.append(" UNION ".join([f"SELECT paper FROM venues WHERE {_WORD}"] * len(filters.venues)))
        values += [f"% {fold(venue)} %" for venue in filters.venues]
    if filters.categories:
        # A category without a subject class ("cs") takes in its classes ("cs.CV"): "/" follows "." in ASCII.
        queries.append(" UNION ".join([_CATEGORY] * len(filters.categories)))
        values += [part for category in filters.categories for part in (category, f"{category}.", f"{category}/")]
    if filters.tags:
        queries.append(f"SELECT paper FROM tags WHERE tag IN ({_marks(filters.tags)})")
        values += list(filters.tags)
    if filters.collections:
        queries.append(f"SELECT paper FROM collections WHERE name IN ({_marks(filters.collections)})")
        values += list(filters.collections)
    if filters.since is not None or filters.until is not None:
        period = [(filters.since or date.min).isoformat(), (filters.until or date.max).isoformat()]
        queries.append(_PERIOD)
        values += [*period, *period]
    if filters.has_fulltext is not None:
        queries.append(f"SELECT number FROM papers WHERE fulltext {'!=' if filters.has_fulltext else '='} 'none'")
    if not queries:
        return "SELECT number FROM papers", []
    return " INTERSECT ".join(f"SELECT * FROM ({query})" for query in queries), values


def _title_patterns(title: str) -> list[str]:
    """What a folded title is like that has all words of this one; in double quotes, all next to each other."""
    words = fold(title)
    together = len(title) > 1 and title[0] == title[-1] == '"'
    parts = [words] if together and words else words.split()
    # Where a script parts no words, one may stand anywhere.
    return [f"%{part}%" if is_unspaced(part) else f"% {part} %" for part in parts[:_MOST_WORDS]] or [""]


def _marks(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))


class AuthorTable:
    """Names, the keys under which they are looked up, and titles by their words.

    Every write is part of the caller's transaction. What is here follows from the papers' records; a name goes with
    its last paper.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, paper: int, *, title: str, authors: Sequence[str]) -> None:
        """These are the title and the authors of a paper (its catalog number) from now on."""
        self._db.run("INSERT OR REPLACE INTO titles VALUES (?, ?)", (paper, fold(title)))
        self._db.run("DELETE FROM authors WHERE paper = ?", (paper,))
        names = list(dict.fromkeys(authors))
        numbers: dict[str, int] = dict(self._db.rows_for("SELECT name, number FROM names WHERE name IN (?)", names))
        new = [name for name in names if name not in numbers]
        numbers |= {name: self._db.run("INSERT INTO names (name) VALUES (?)", (name,)) for name in new}
        forms = [(form, numbers[name]) for name in new for form in sorted(name_forms(name))]
        self._db.run_many("INSERT INTO name_forms VALUES (?, ?)", forms)
        self._db.run_many("INSERT INTO authors VALUES (?, ?)", [(paper, numbers[name]) for name in names])

    def names(self, forms: Collection[str]) -> list[tuple[str, str]]:
        """(key, name as printed) of all who are to be found under one of these keys (``kb.names.asked_forms``)."""
        statement = "SELECT form, names.name FROM name_forms JOIN names ON number = name_forms.name WHERE form IN (?)"
        return [(form, name) for form, name in self._db.rows_for(statement, sorted(forms))]

    def paper_counts(self, forms: Collection[str]) -> dict[str, int]:
        """To each of these keys that is one, how many papers it leads to."""
        statement = """SELECT form, COUNT(DISTINCT paper) FROM name_forms JOIN authors ON authors.name = name_forms.name
            WHERE form IN (?) GROUP BY form"""
        return dict(self._db.rows_for(statement, sorted(forms)))

    def papers_by(self, asked: str) -> int:
        """How many papers have an author whom a typed name may mean."""
        statement, values = passing(Filters(authors=(asked,)))
        return int(self._db.one(f"SELECT COUNT(*) FROM ({statement})", values)[0])
