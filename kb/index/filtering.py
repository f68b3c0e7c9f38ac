"""Filters as SQL over the catalog. What a user wrote goes in as values only, never as SQL.

Each restriction is a query of its own over a table or index that holds no records, and the papers that pass are
their intersection: the wide rows of the papers themselves are not read.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from kb.ids import fold
from kb.records import Filters

_AUTHOR = "SELECT DISTINCT paper FROM authors WHERE ' ' || folded || ' ' LIKE ?"
_CATEGORY = "SELECT DISTINCT paper FROM categories WHERE category = ? OR (category > ? AND category < ?)"
# A moment of publication is text that begins with its day and "T": "U" is behind every moment of a day.
_PERIOD = """SELECT paper FROM days WHERE day BETWEEN ? AND ?
    UNION SELECT number FROM papers WHERE published >= ? AND published < ? || 'U'
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
        queries.append(" UNION ".join([_AUTHOR] * len(filters.authors)))
        values += [f"% {fold(author)} %" for author in filters.authors]
    if filters.categories:
        # A category without a subject class ("cs") takes in its classes ("cs.CV"): "/" follows "." in ASCII.
        queries.append(" UNION ".join([_CATEGORY] * len(filters.categories)))
        values += [part for category in filters.categories for part in (category, f"{category}.", f"{category}/")]
    if filters.tags:
        queries.append(f"SELECT paper FROM tags WHERE tag IN ({_marks(filters.tags)})")
        values += list(filters.tags)
    if filters.since is not None or filters.until is not None:
        period = [(filters.since or date.min).isoformat(), (filters.until or date.max).isoformat()]
        queries.append(_PERIOD)
        values += [*period, *period]
    if filters.has_fulltext is not None:
        queries.append(f"SELECT number FROM papers WHERE fulltext {'!=' if filters.has_fulltext else '='} 'none'")
    if not queries:
        return "SELECT number FROM papers", []
    return " INTERSECT ".join(f"SELECT * FROM ({query})" for query in queries), values


def _marks(values: tuple[str, ...]) -> str:
    return ",".join("?" * len(values))
