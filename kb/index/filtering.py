"""Filters as SQL over the catalog. What a user wrote goes in as values only, never as SQL."""

from __future__ import annotations

from datetime import date
from typing import Any

from kb.ids import fold
from kb.records import Filters

_AUTHOR = "p.number IN (SELECT paper FROM authors WHERE ' ' || folded || ' ' LIKE ?)"
_CATEGORY = "p.number IN (SELECT paper FROM categories WHERE category = ? OR (category > ? AND category < ?))"
_PERIOD = """(p.number IN (SELECT paper FROM days WHERE day BETWEEN ? AND ?)
    OR (NOT EXISTS (SELECT 1 FROM days WHERE paper = p.number) AND SUBSTR(p.published, 1, 10) BETWEEN ? AND ?))"""


def where_clause(filters: Filters) -> tuple[str, list[Any]]:
    """SQL for "paper p passes", and its values. All fields must hold; the values of one field are alternatives."""
    clauses: list[str] = ["1"]
    values: list[Any] = []
    if filters.papers:
        marks = ",".join("?" * len(filters.papers))
        clauses.append(f"p.number IN (SELECT paper FROM aliases WHERE alias IN ({marks}))")
        values += list(filters.papers)
    if filters.authors:
        clauses.append(f"({' OR '.join([_AUTHOR] * len(filters.authors))})")
        values += [f"% {fold(author)} %" for author in filters.authors]
    if filters.categories:
        # A category without a subject class ("cs") takes in its classes ("cs.CV"): "/" follows "." in ASCII.
        clauses.append(f"({' OR '.join([_CATEGORY] * len(filters.categories))})")
        values += [part for category in filters.categories for part in (category, f"{category}.", f"{category}/")]
    if filters.tags:
        marks = ",".join("?" * len(filters.tags))
        clauses.append(f"p.number IN (SELECT paper FROM tags WHERE tag IN ({marks}))")
        values += list(filters.tags)
    if filters.since is not None or filters.until is not None:
        since, until = (filters.since or date.min).isoformat(), (filters.until or date.max).isoformat()
        clauses.append(_PERIOD)
        values += [since, until, since, until]
    if filters.has_fulltext is not None:
        clauses.append("p.fulltext != 'none'" if filters.has_fulltext else "p.fulltext = 'none'")
    return " AND ".join(clauses), values
