"""What a check asks of the library, and how it keeps what it finds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

from kb.records import Box, Chunk, Fault, Figure, Paper, Verdict, Version
from kb.rendering.comparing_texts import differences

Exists = Callable[[str], bool]
"""Whether a file is there, by its path from the folder of the page."""


class Unstated(Protocol):
    """What a text states that its source does not."""

    @property
    def numbers(self) -> tuple[str, ...]:
        """Numbers, as the text writes them."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names, as the text writes them."""
        ...


class Sources(Protocol):
    """What a check may ask of the library."""

    def candidates(self, ids: Sequence[str], title: str) -> list[Paper]:
        """The stored papers that these ids and this title may mean."""
        ...

    def versions(self, paper_id: str) -> list[Version]:
        """The versions of a paper that were seen."""
        ...

    def chunks(self, paper_id: str) -> list[Chunk]:
        """The stored text of a paper."""
        ...

    def place_of(self, chunk: Chunk, start: int, end: int) -> tuple[int | None, tuple[Box, ...]]:
        """The page on which a part of a chunk begins, and its boxes."""
        ...

    def figures(self, paper_id: str) -> Mapping[str, Figure] | None:
        """The figures of the stored PDF by their file; None where none were cut."""
        ...

    def judge(self, text: str, evidence: Sequence[str]) -> tuple[Verdict, str]:
        """The verdict on a sentence against what it cites, and the reason."""
        ...

    def faults_of_reason(self, reason: str, paper: Paper) -> Sequence[tuple[str, str, str]]:
        """(field, found, expected) for what a reason to show a paper says and the record does not."""
        ...

    def changes(self, paper: Paper) -> Sequence[str]:
        """All that can be said of what a version of a paper changed since earlier ones."""
        ...

    def periods(self) -> Collection[tuple[date, date]]:
        """First and last day of every period that a digest was made of; empty where none is remembered."""
        ...

    def missing(self, text: str, source: str) -> Unstated:
        """Numbers and names of a text that its source does not state."""
        ...


class Found(NamedTuple):
    """Something wrong, before it is told."""

    field: str
    found: str
    expected: str
    where: str


@dataclass(slots=True)
class CheckTally:
    """What was looked up and what was wrong with it."""

    checked: int = 0
    wrong: list[Found] | None = None

    def look(self, field: str, found: str, expected: str, *, where: str) -> None:
        """Compare two texts and keep the pieces that differ; numbers and links are called so."""
        self.checked += 1
        for piece in differences(found, expected):
            kind = piece.kind if piece.kind != "text" else field
            self.add(kind, piece.found, piece.expected, where=where)

    def add(self, field: str, found: str, expected: str, *, where: str) -> None:
        """Keep one wrong value."""
        if self.wrong is None:
            self.wrong = []
        self.wrong.append(Found(field, found, expected, where))

    def faults(self, entry: str) -> list[Fault]:
        """Each wrong value once, with all its places."""
        places: dict[tuple[str, str, str], list[str]] = {}
        for one in self.wrong or []:
            places.setdefault((one.field, one.found, one.expected), []).append(one.where)
        return [
            Fault(entry=entry, field=field, found=found, expected=expected, where="; ".join(dict.fromkeys(where)))
            for (field, found, expected), where in places.items()
        ]
