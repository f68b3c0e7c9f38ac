"""Where a text differs from what it should be, in the smallest pieces that mean something: numbers, links, words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

_TOKEN = re.compile(
    r"https?://[^\s<>\"'，。；、（）()\[\]]*[^\s<>\"'，。；、（）()\[\].,;:!?]|\d+(?:[.,]\d+)*|[^\W\d_]+|\S", re.I
)
_MOST_ALIKE = 0.5


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
