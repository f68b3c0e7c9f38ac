"""What the user made of papers (tags, opinions, collections, fields), and how it follows when papers join and part.

Each row carries its anchor: the records (ids, joined by blanks) that the paper had when it was made. A row goes
wherever these go, however papers are joined and parted, so that a split gives back what each part brought along. Two
rows of one thing (two papers in one collection that became one) both stay; whoever reads takes one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kb.index.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """A kind of rows: its table, the columns beside paper and anchor, and what a person calls it ("" for none)."""

    table: str
    columns: tuple[str, ...]
    named: str


OWNED = (
    Owned(table="tags", columns=("tag",), named="tag {tag}"),
    Owned(table="opinions", columns=("topic", "liking", "at"), named="your opinion"),
    Owned(table="versions", columns=("version", "record"), named=""),
    Owned(table="collections", columns=("name", "position"), named="collection {name}"),
    Owned(table="decided", columns=("field", "value", "at"), named="your {field}"),
)

OwnedRow = tuple[Owned, int, tuple[Any, ...]]
"""A kind, the number of the paper, and the values of the columns with the anchor last."""


def owned_rows(database: Database, papers: Iterable[int]) -> list[OwnedRow]:
    """All rows of these papers (catalog numbers)."""
    return [
        (owned, number, row)
        for owned in OWNED
        for number in sorted(papers)
        for row in database.rows(
            f"SELECT {', '.join(owned.columns)}, anchor FROM {owned.table} WHERE paper = ?", (number,)
        )
    ]


def hand_out(
    database: Database, rows: Iterable[OwnedRow], places: Mapping[str, int], *, passed: Collection[tuple[int, int]]
) -> None:
    """Give each row to the papers that its records are in now; if they are in none, to its paper or what became of it.

    Args:
        database: the catalog's.
        rows: what ``owned_rows`` gave before the papers were joined or parted.
        places: record id to the number of its paper now.
        passed: numbers of papers that records were of, each with one that such records are of now.
    """
    numbers = set(places.values())
    given: dict[tuple[Owned, int, tuple[Any, ...]], set[str]] = {}
    for owned, number, row in rows:
        database.run(f"DELETE FROM {owned.table} WHERE paper = ?", (number,))
        anchor = row[-1].split()
        homes = {places[key] for key in anchor if key in places}
        homes = homes or {number if number in numbers else min(heir for was, heir in passed if was == number)}
        for home in homes:
            given.setdefault((owned, home, row), set()).update(anchor)
    for (owned, home, row), anchor in given.items():
        names = ", ".join(("paper", *owned.columns, "anchor"))
        marks = ", ".join("?" * (len(owned.columns) + 2))
        database.run(
            f"INSERT OR IGNORE INTO {owned.table} ({names}) VALUES ({marks})",
            (home, *row[:-1], " ".join(sorted(anchor))),
        )
    # Notes are found by what they were made from, whichever paper has them.
    database.run_many(
        "INSERT OR IGNORE INTO notes SELECT ?, recipe, record FROM notes WHERE paper = ?",
        [(heir, was) for was, heir in sorted(passed)],
    )


def of_several(rows: Iterable[OwnedRow], parts: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """What cannot be told to be of one of these parts (lists of record ids), as a person calls it."""
    found = []
    for owned, _, row in rows:
        anchor = set(row[-1].split())
        if owned.named and sum(bool(anchor.intersection(part)) for part in parts) > 1:
            found.append(owned.named.format(**dict(zip(owned.columns, row, strict=False))))
    return tuple(dict.fromkeys(found))
