"""Collections: named sets of papers in the user's order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from kb.errors import KbError, UsageError
from kb.index.database import Database
from kb.index.papers import PaperTable

_LONGEST_NAME = 200


class CollectionTable:
    """The collections of a home. Upper and lower case of a name are the same. Writes are part of the caller's
    transaction."""

    def __init__(self, database: Database, papers: PaperTable) -> None:
        self._db, self._papers = database, papers

    def all(self) -> dict[str, int]:
        """Names of all collections in order, with how many papers each holds."""
        return dict(
            self._db.rows(
                "SELECT n.name, COUNT(DISTINCT c.paper) FROM collection_names n"
                " LEFT JOIN collections c ON c.name = n.name GROUP BY n.name ORDER BY n.name COLLATE NOCASE"
            )
        )

    def name(self, text: str) -> str:
        """The name as it is kept.

        Raises:
            KbError: when there is no such collection; the message names those that there are.
        """
        if (kept := self._known(text)) is None:
            known = ", ".join(repr(name) for name in self.all()) or "none yet"
            raise KbError(
                f"no collection {text!r} (there are: {known}): kb collection add makes one", code="unknown-collection"
            )
        return kept

    def papers(self, name: str) -> list[str]:
        """Ids of the papers of a collection, in the user's order."""
        rows = self._db.rows(
            "SELECT p.id FROM collections c JOIN papers p ON p.number = c.paper WHERE c.name = ?"
            " GROUP BY p.id ORDER BY MIN(c.position), p.id",
            (self.name(name),),
        )
        return [row[0] for row in rows]

    def add(self, text: str, paper_ids: Iterable[str]) -> str:
        """Put papers at the end of a collection, which is made where there is none; returns its name.

        Raises:
            UsageError: for a name that is empty, too long or of more than one line.
        """
        name = self._known(text) or self._make(text)
        last = self._db.one("SELECT COALESCE(MAX(position), 0) FROM collections WHERE name = ?", (name,))[0]
        for paper_id in paper_ids:
            last += 1
            self._papers.collect(name, paper_id, position=last)
        return name

    def drop(self, text: str, paper_ids: Iterable[str]) -> str:
        """Take papers out of a collection; the papers stay in the library."""
        name = self.name(text)
        for paper_id in paper_ids:
            self._papers.collect(name, paper_id, position=None)
        return name

    def arrange(self, text: str, paper_ids: Iterable[str]) -> str:
        """Let these papers of the collection come first, in this order; the others follow as they were."""
        name = self.name(text)
        held = self.papers(name)
        first = [key for key in dict.fromkeys(paper_ids) if key in held]
        for position, paper_id in enumerate([*first, *(key for key in held if key not in first)], start=1):
            self._db.run(
                "UPDATE collections SET position = ? WHERE name = ? AND paper ="
                " (SELECT number FROM papers WHERE id = ?)",
                (position, name, paper_id),
            )
        return name

    def rename(self, text: str, new: str) -> str:
        """Give a collection another name.

        Raises:
            UsageError: when another collection has that name already.
        """
        name = self.name(text)
        taken = self._known(new)
        if taken is not None and taken != name:
            raise UsageError(f"there is a collection {taken!r} already: choose another name")
        kept = _checked(new)
        for table in ("collection_names", "collections"):
            self._db.run(f"UPDATE {table} SET name = ? WHERE name = ?", (kept, name))
        self._papers.refresh_all(self.papers(kept))
        return kept

    def remove(self, text: str) -> str:
        """Forget a collection; its papers stay in the library."""
        name = self.name(text)
        self.drop(name, self.papers(name))
        self._db.run("DELETE FROM collection_names WHERE name = ?", (name,))
        return name

    def _known(self, text: str) -> str | None:
        wanted = text.strip().casefold()
        names = (row[0] for row in self._db.rows("SELECT name FROM collection_names"))
        return next((name for name in names if name.casefold() == wanted), None)

    def _make(self, text: str) -> str:
        name = _checked(text)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._db.run("INSERT INTO collection_names VALUES (?, ?)", (name, now))
        return name


def _checked(text: str) -> str:
    name = text.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise UsageError(f"{text[:60]!r} is no name of a collection: give one line of up to {_LONGEST_NAME} letters")
    return name
