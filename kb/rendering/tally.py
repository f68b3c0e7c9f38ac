"""What a check asks of the library, how it compares texts in the smallest pieces that mean something, what it finds."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher
from typing import NamedTuple, Protocol

from kb.records import Box, Chunk, Fault, Figure, Paper, Verdict, Version

_TOKEN = re.compile(
    r"https?://[^\s<>\"'，。；、（）()\[\]]*[^\s<>\"'，。；、（）()\[\].,;:!?]|\d+(?:[.,]\d+)*|[^\W\d_]+|\S", re.I
)
_MOST_ALIKE = 0.5

Exists = Callable[[str], bool]
"""Whether a file is there, by its path from the folder of the page."""


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


@dataclass(slots=True)
class CheckTally:
    """What was looked up and what was wrong with it."""

    checked: int = 0
    _places: dict[tuple[str, str, str], dict[str, None]] = field(default_factory=dict)

    def look(self, name: str, found: str, expected: str, *, where: str) -> None:
        """Look one text up: the pieces in which it differs are kept."""
        self.checked += 1
        self.compare(name, found, expected, where=where)

    def compare(self, name: str, found: str, expected: str, *, where: str) -> None:
        """Keep the pieces in which two texts differ; numbers and links are called so."""
        for kind, piece, other in differences(found, expected):
            self.add(name if kind == "text" else kind, piece, other, where=where)

    def add(self, name: str, found: str, expected: str, *, where: str) -> None:
        """Keep one wrong value of the field of this name."""
        self._places.setdefault((name, found, expected), {})[where] = None

    def faults(self, entry: str) -> list[Fault]:
        """Each wrong value once, with all its places."""
        return [
            Fault(entry=entry, field=name, found=found, expected=expected, where="; ".join(places))
            for (name, found, expected), places in self._places.items()
        ]


# --------------------------------------------------------------------------------------------- where texts differ


class Difference(NamedTuple):
    """A piece that differs: its kind (``number``, ``link`` or ``text``), as found and as expected."""

    kind: str
    found: str
    expected: str


def flat(text: str) -> str:
    """The text on one line with single blanks."""
    return " ".join(text.split())


def differences(found: str, expected: str) -> list[Difference]:
    """The differing pieces in order; texts that have little in common differ as one."""
    found, expected = flat(found), flat(expected)
    if found == expected:
        return []
    left, right = list(_TOKEN.finditer(found)), list(_TOKEN.finditer(expected))
    matcher = SequenceMatcher(None, [t[0] for t in left], [t[0] for t in right], autojunk=False)
    if matcher.ratio() < _MOST_ALIKE:
        return [Difference("text", found, expected)]
    told = list(_pieces(matcher.get_opcodes(), left, right, found, expected))
    return told or (
        [] if "".join(found.split()) == "".join(expected.split()) else [Difference("text", found, expected)]
    )


def _pieces(
    opcodes: Sequence[tuple[str, int, int, int, int]],
    left: Sequence[re.Match[str]],
    right: Sequence[re.Match[str]],
    found: str,
    expected: str,
) -> Iterator[Difference]:
    for tag, a, b, c, d in opcodes:
        if tag == "equal":
            continue
        if b - a == d - c:  # as many as there should be: each stands for one
            pairs = [(left[a + i][0], right[c + i][0]) for i in range(b - a)]
            if any(kind_of(one, other) != "text" for one, other in pairs):
                yield from (Difference(kind_of(one, other), one, other) for one, other in pairs if one != other)
                continue
        ours = found[left[a].start() : left[b - 1].end()] if b > a else ""
        theirs = expected[right[c].start() : right[d - 1].end()] if d > c else ""
        yield Difference(kind_of(ours, theirs), ours, theirs)


def kind_of(found: str, expected: str) -> str:
    """What kind of thing differs."""
    for text in (expected, found):
        if re.search(r"https?://", text, re.IGNORECASE):
            return "link"
        if any(ch.isdigit() for ch in text):
            return "number"
    return "text"


def likeness(found: str, expected: str) -> float:
    """Share of words in common, in [0, 1]: 2·|A∩B| / (|A|+|B|) over distinct words."""
    ours, theirs = set(re.findall(r"\w+", found.casefold())), set(re.findall(r"\w+", expected.casefold()))
    return 2 * len(ours & theirs) / max(1, len(ours) + len(theirs))


def nearest(found: str, choices: Sequence[str]) -> str:
    """The choice that is spelt most like it; empty when there is none."""
    return max(choices, key=lambda choice: SequenceMatcher(None, found, choice).ratio(), default="")


def differing_names(found: Sequence[str], expected: Sequence[str]) -> list[tuple[str, str]]:
    """(found, expected) for each name that is wrong, missing ("" found) or too many ("" expected)."""
    wrong: list[tuple[str, str]] = []
    matcher = SequenceMatcher(None, list(found), list(expected), autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        ours, theirs = list(found[a:b]), list(expected[c:d])
        size = max(len(ours), len(theirs))
        ours += [""] * (size - len(ours))
        theirs += [""] * (size - len(theirs))
        wrong += zip(ours, theirs, strict=True)
    return wrong
