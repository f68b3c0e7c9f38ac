"""What the user decided and what was shown: topics, the ledger, visits, notes, figures, conversations."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Literal

from kb import wire
from kb.errors import KbError
from kb.index.catalog.database import Database, now
from kb.records import Answer, Figure, Note, Topic

_SHOWN = "FROM shown s LEFT JOIN aliases a ON a.alias = s.paper_id LEFT JOIN papers p ON p.number = a.paper"
_NOW = "COALESCE(p.id, s.paper_id)"
_DID_SHOW = ("new", "updated")


_NAMES_LOOKED_FOR = 100  # in stored bytes, before these are read: SQLite bounds the length of a condition
_FIRST_FIGURES = "figures-1 40"  # the recipe of those that were kept without one
_RECIPE = -1  # the position of the row that says by which recipe pictures were cut, also where the file has none
PictureKind = Literal["figures", "equations"]
PICTURE_KINDS: tuple[PictureKind, ...] = ("figures", "equations")


class Ledger:
    """Topics and what each has shown. Every write is part of the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # -------------------------------------------------------------------------------------- topics

    def put_topic(self, topic: Topic) -> None:
        """Store a topic under its name; one of that name is replaced."""
        self._db.run("INSERT OR REPLACE INTO topics VALUES (?, ?)", (topic.name, wire.pack(topic)))

    def topics(self) -> list[Topic]:
        """All topics by name."""
        rows = self._db.rows("SELECT record FROM topics ORDER BY name")
        return wire.unpack_all([row[0] for row in rows], Topic)

    def topic(self, name: str) -> Topic:
        """The topic of that name (upper and lower case are the same).

        Raises:
            KbError: when there is none; the message names those that there are.
        """
        for topic in self.topics():
            if topic.name.casefold() == name.casefold():
                return topic
        known = ", ".join(repr(topic.name) for topic in self.topics()) or "none yet"
        raise KbError(f"no topic {name!r} (there are: {known}): kb topic add makes one", code="unknown-topic")

    def remove_topic(self, name: str) -> None:
        """Forget a topic; what it has shown stays in the ledger."""
        self._db.run("DELETE FROM topics WHERE name = ?", (name,))

    # -------------------------------------------------------------------------------------- ledger

    def show(self, topic: str, paper_id: str, *, version: int, day: date, how: str, reason: str = "") -> None:
        """Enter that a version was shown ("new", "updated") or left out on a day, and why.

        ``how`` is "new", "updated", "skipped" (a later try may show it) or "replacement" (a new version of what the
        topic had not shown). The first entry of a version stays, except that being shown replaces being left out.
        """
        paper_id = self._known_as(topic, paper_id, version)
        self._db.run(
            "INSERT INTO shown VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (topic, paper_id, version) DO UPDATE"
            " SET day = excluded.day, how = excluded.how, reason = excluded.reason"
            " WHERE shown.how NOT IN ('new', 'updated') AND excluded.how IN ('new', 'updated')",
            (topic, paper_id, version, day.isoformat(), how, reason),
        )

    def recall(self, topic: str, paper_id: str, *, version: int, day: date, how: str, reason: str = "") -> None:
        """Enter what another ledger knows: as ``show``, but of two days of showing a version the earlier stays."""
        self.show(topic, paper_id, version=version, day=day, how=how, reason=reason)
        paper_id = self._known_as(topic, paper_id, version)
        if how in ("new", "updated"):
            self._db.run(
                "UPDATE shown SET day = ?, how = ? WHERE topic = ? AND paper_id = ? AND version = ? AND day > ?"
                " AND how IN ('new', 'updated')",
                (day.isoformat(), how, topic, paper_id, version, day.isoformat()),
            )

    def _known_as(self, topic: str, paper_id: str, version: int) -> str:
        """The id under which this version was entered before: an entry keeps the id that the paper had then, so that
        joining and parting papers need not touch the ledger."""
        row = self._db.first(
            "SELECT s.paper_id FROM aliases mine JOIN aliases a ON a.paper = mine.paper JOIN shown s"
            " ON s.paper_id = a.alias WHERE mine.alias = ? AND s.topic = ? AND s.version = ? ORDER BY s.day LIMIT 1",
            (paper_id, topic, version),
        )
        return row[0] if row else paper_id

    def papers(self) -> set[str]:
        """Ids of all papers that a digest has shown or left out, in any topic: as they were then, and as they are."""
        rows = self._db.rows(f"SELECT DISTINCT s.paper_id, {_NOW} {_SHOWN}")
        return {key for row in rows for key in row}

    def entries(self, topic: str) -> list[dict[str, Any]]:
        """All entries of a topic as plain rows: paper_id, version, day, how, reason; by day, paper and version.

        A paper is named by the id that it has now.
        """
        return [
            {name: value for name, value in row.items() if name != "topic"}
            for row in self._entries("WHERE s.topic = ? ORDER BY s.day, 2, s.version", (topic,))
        ]

    def all_entries(self) -> list[dict[str, Any]]:
        """The entries of all topics, for export."""
        return self._entries("ORDER BY 1, s.day, 2, s.version", ())

    def _entries(self, which: str, values: Sequence[str]) -> list[dict[str, Any]]:
        """Rows, each version of a paper once: of two papers that became one, the first showing counts."""
        found: dict[tuple[str, str, int], dict[str, Any]] = {}
        for row in self._db.rows(f"SELECT s.topic, {_NOW}, s.version, s.day, s.how, s.reason {_SHOWN} {which}", values):
            entry = dict(zip(("topic", "paper_id", "version", "day", "how", "reason"), row, strict=True))
            key = (entry["topic"], entry["paper_id"], entry["version"])
            known = found.get(key)
            if known is None or (known["how"] not in _DID_SHOW and entry["how"] in _DID_SHOW):
                found[key] = entry
        return list(found.values())

    def tagged(self) -> list[str]:
        """Ids of the papers that the user tagged, in order."""
        rows = self._db.rows("SELECT DISTINCT p.id FROM tags t JOIN papers p ON p.number = t.paper ORDER BY p.id")
        return [row[0] for row in rows]

    def visit(self, topic: str, day: date, report: str) -> None:
        """Enter that the daily job looked at a day, with its report as JSON."""
        self._db.run("INSERT OR REPLACE INTO visits VALUES (?, ?, ?)", (topic, day.isoformat(), report))

    def all_visits(self) -> list[tuple[str, date, str]]:
        """(topic, day, report) of all topics, for export."""
        rows = self._db.rows("SELECT topic, day, report FROM visits ORDER BY topic, day")
        return [(topic, date.fromisoformat(day), report) for topic, day, report in rows]

    def visits(self, topic: str) -> dict[date, str]:
        """The days that the daily job looked at, with their reports."""
        rows = self._db.rows("SELECT day, report FROM visits WHERE topic = ? ORDER BY day", (topic,))
        return {date.fromisoformat(day): report for day, report in rows}

    # ----------------------------------------------------------------------------- notes and figures

    def put_note(self, paper_id: str, recipe: str, note: Note) -> None:
        """Keep a note under its recipe (what it was made from and with)."""
        number = self._db.paper_number(paper_id)
        self._db.run("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", (number, recipe, wire.pack(note)))

    def note(self, paper_id: str, recipe: str) -> Note | None:
        """The note that was made by this recipe."""
        row = self._db.first(
            "SELECT record FROM notes WHERE paper = ? AND recipe = ?", (self._db.paper_number(paper_id), recipe)
        )
        return wire.unpack(row[0], Note) if row else None

    def drop_note(self, paper_id: str, recipe: str) -> None:
        """Forget the note that was made by this recipe."""
        self._db.run("DELETE FROM notes WHERE paper = ? AND recipe = ?", (self._db.paper_number(paper_id), recipe))

    def put_figures(
        self, sha256: str, figures: Sequence[Figure], *, recipe: str, kind: PictureKind = "figures"
    ) -> None:
        """Keep the figures, or the equations, that were cut from the file with this hash by this recipe."""
        self._db.run("DELETE FROM figures WHERE sha256 = ? AND kind = ?", (sha256, kind))
        rows = enumerate([recipe.encode(), *wire.pack_all(figures)], start=_RECIPE)
        self._db.run_many("INSERT INTO figures VALUES (?, ?, ?, ?)", [(sha256, kind, *row) for row in rows])

    def figures(
        self, sha256: str, *, recipes: Collection[str] = (), kind: PictureKind = "figures"
    ) -> list[Figure] | None:
        """The figures, or the equations, that were cut from the file with this hash, by one of these recipes where they
        are given; None when that was not done yet."""
        rows = self._db.rows(
            "SELECT record FROM figures WHERE sha256 = ? AND kind = ? ORDER BY position",
            (sha256, kind),
        )
        if not rows or (recipes and (rows[0][0].decode() or _FIRST_FIGURES) not in recipes):
            return None
        return wire.unpack_all([row[0] for row in rows[1:]], Figure)

    def forget_figures(self, sha256: str) -> None:
        """Forget the pictures of a file that is taken out."""
        self._db.run("DELETE FROM figures WHERE sha256 = ?", (sha256,))

    def figure_files(self) -> dict[str, set[str]]:
        """Paper id to the keys of the files of its pictures."""
        found: dict[str, set[str]] = {}
        for paper_id, record in self._db.rows(
            "SELECT p.id, f.record FROM figures f JOIN documents d ON d.sha256 = f.sha256 JOIN records r"
            " ON r.number = d.record JOIN papers p ON p.number = r.paper WHERE f.position != ?",
            (_RECIPE,),
        ):
            found.setdefault(paper_id, set()).add(wire.unpack(record, Figure).file)
        return found

    # --------------------------------------------------------------------------------- conversations

    def put_turn(self, session: str, answer: Answer) -> None:
        """Append an answer to a conversation."""
        position = self._db.one("SELECT COALESCE(MAX(position), -1) + 1 FROM turns WHERE session = ?", (session,))[0]
        self._db.run("INSERT INTO turns VALUES (?, ?, ?, ?)", (session, position, wire.pack(answer), now()))

    def turns(self, session: str) -> list[Answer]:
        """The answers of a conversation, oldest first."""
        rows = self._db.rows("SELECT record FROM turns WHERE session = ? ORDER BY position", (session,))
        return [_answer(row[0]) for row in rows]

    def sessions(self) -> list[str]:
        """Names of all conversations, the latest first."""
        return [
            r[0] for r in self._db.rows("SELECT session FROM turns GROUP BY session ORDER BY MAX(at) DESC, session")
        ]

    def turns_with(self, paper_ids: Collection[str]) -> list[tuple[str, int, Answer]]:
        """(conversation, position, answer) for the answers that quote one of these papers."""
        wanted, found = set(paper_ids), []
        statement, names = "SELECT session, position, record FROM turns", tuple(sorted(wanted))
        if len(names) <= _NAMES_LOOKED_FOR:  # most turns name none of them
            statement += f" WHERE {' OR '.join(['instr(record, CAST(? AS BLOB)) > 0'] * len(names)) or '0'}"
        else:
            names = ()
        for session, position, record in self._db.rows(statement, names):
            answer = _answer(record)
            if answer.paper_ids & wanted:
                found.append((session, position, answer))
        return found

    def replace_turn(self, session: str, position: int, answer: Answer) -> None:
        """Put an answer in the place of one in a conversation."""
        self._db.run(
            "UPDATE turns SET record = ? WHERE session = ? AND position = ?",
            (wire.pack(answer), session, position),
        )

    def forget_turns_with(self, paper_ids: Collection[str]) -> None:
        """Take out the answers that quote one of these papers."""
        for session, position, _ in self.turns_with(paper_ids):
            self._db.run("DELETE FROM turns WHERE session = ? AND position = ?", (session, position))


# ------------------------------------------------------------------------ answers of the first edition


def _answer(record: bytes) -> Answer:
    """The answer that was stored, by this edition or the first."""
    data: dict[str, Any] = wire.unpack(record, dict)
    return wire.from_data(data if "understood" in data else _of_the_first_edition(data), Answer)


def _of_the_first_edition(old: Mapping[str, Any]) -> dict[str, Any]:
    """Its loose quotations become passages of their own, numbered as they were cited; its table is in its claims."""
    papers = {reference["paper"]["id"]: reference["paper"] for reference in old.get("references", ())}
    passages: list[dict[str, Any]] = []
    places: dict[tuple[str, int], str] = {}
    claims = [_claim(claim, papers, passages, places) for claim in old.get("claims", ())]
    dropped = [_claim(claim, {}, [], {}) | {"evidence": []} for claim in old.get("dropped", ())]
    for hit in old.get("nearest", ()):
        passages.append(_passage(str(len(passages) + 1), hit["paper"], hit["chunk_id"], hit["section"], hit["page"]))
        passages[-1]["sentences"] = [_sentence(f"{passages[-1]['marker']}.1", hit["text"], 0, len(hit["text"]), ())]
    first: dict[str, dict[str, Any]] = {}
    for passage in passages:
        first.setdefault(passage["paper"]["id"], {"marker": passage["marker"], "paper": passage["paper"]})
    by_model = old.get("model") is not None
    return {
        "question": old["question"],
        "understood": old["question"],
        "kind": "lookup",
        "source": "model" if by_model else "passages",
        "answered": old["answered"],
        "language": old["language"],
        "model": old.get("model"),
        "text": " ".join(_said(claim) for claim in claims) if by_model else "",
        "claims": claims if by_model else [],
        "dropped": dropped,
        "missing": old.get("missing"),
        "passages": passages,
        "references": list(first.values()),
        "notices": list(old.get("notices", ())),
        "usage": old.get("usage", {}),
    }


def _claim(
    old: Mapping[str, Any],
    papers: Mapping[str, Any],
    passages: list[dict[str, Any]],
    places: dict[tuple[str, int], str],
) -> dict[str, Any]:
    evidence = []
    for proof in old["evidence"]:
        place = (proof["chunk_id"], proof["start"])
        if place not in places and proof["paper_id"] in papers:
            marker = str(len(passages) + 1)
            passage = _passage(marker, papers[proof["paper_id"]], proof["chunk_id"], (), proof["page"])
            sentence = _sentence(f"{marker}.1", proof["quote"], proof["start"], proof["end"], proof["boxes"])
            passages.append(passage | {"sentences": [sentence], "answering": [f"{marker}.1"]})
            places[place] = f"{marker}.1"
        evidence.append({**proof, "marker": places.get(place, proof["marker"])})
    verdict = None if old["verdict"] == "verbatim" else old["verdict"]
    return {**old, "verdict": verdict, "evidence": evidence}


def _said(claim: Mapping[str, Any]) -> str:
    marks = ", ".join(dict.fromkeys(proof["marker"] for proof in claim["evidence"]))
    return f"{claim['text']} [{marks}]" if marks else str(claim["text"])


def _passage(marker: str, paper: Any, chunk_id: str, section: Sequence[str], page: int | None) -> dict[str, Any]:
    return {
        "marker": marker, "paper": paper, "chunk_id": chunk_id, "section": list(section), "page": page,
        "page_label": None, "sentences": [],
    }  # fmt: skip


def _sentence(n: str, text: str, start: int, end: int, boxes: Any) -> dict[str, Any]:
    return {"n": n, "text": text, "start": start, "end": end, "boxes": list(boxes)}
