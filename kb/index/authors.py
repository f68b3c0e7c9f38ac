"""The authors of the catalog's papers, to be found under any spelling of their names (see ``kb.names``)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from kb.index.database import Database
from kb.index.filtering import passing
from kb.names import fold, name_forms
from kb.records import Filters


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
        for name in dict.fromkeys(authors):
            known = self._db.first("SELECT number FROM names WHERE name = ?", (name,))
            number = known[0] if known else self._db.run("INSERT INTO names (name) VALUES (?)", (name,))
            if not known:
                forms = [(form, number) for form in sorted(name_forms(name))]
                self._db.run_many("INSERT INTO name_forms VALUES (?, ?)", forms)
            self._db.run("INSERT INTO authors VALUES (?, ?)", (paper, number))

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
