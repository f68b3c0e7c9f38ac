"""Which paper is meant: keys to the catalog's numbers, and the papers that a source's metadata is about."""

from __future__ import annotations

from kb.index.database import Database
from kb.index.merging import conflicting, derived_keys, strength
from kb.records import Metadata


def find_number(database: Database, key: str) -> int | None:
    """The catalog number of the paper that has this id or alias."""
    row = database.first("SELECT paper FROM aliases WHERE alias = ?", (key,))
    return row[0] if row else None


def aliases_of(database: Database, number: int) -> list[str]:
    """All keys of a paper, the strongest first."""
    keys = [row[0] for row in database.rows("SELECT alias FROM aliases WHERE paper = ?", (number,))]
    return sorted(keys, key=lambda key: (strength(key), key))


def matching_numbers(database: Database, metadata: Metadata) -> list[int]:
    """Papers that the metadata is about, the one with the strongest id first.

    They are found by any id, and by title and authors unless that would join two ids of one registry. Papers with
    different arXiv ids are different papers whoever says otherwise: the weaker of them are left out.
    """
    by_key = {key: number for key in metadata.ids if (number := find_number(database, key)) is not None}
    found = set(by_key.values())
    for key in derived_keys(metadata):
        number = find_number(database, key)
        if number is not None and number not in found:
            ours = [*metadata.ids, *(alias for other in found for alias in aliases_of(database, other))]
            if not conflicting(ours, aliases_of(database, number)):
                found.add(number)
    named_first = next(iter(by_key.values()), None)
    ids = {number: aliases_of(database, number) for number in found}
    ranked = sorted(found, key=lambda number: (strength(ids[number][0]), number != named_first, number))
    return [n for n in ranked if n == ranked[0] or not conflicting(ids[ranked[0]], ids[n], ("arxiv:",))]
