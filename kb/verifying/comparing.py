"""How two texts differ in the smallest pieces that mean something."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from kb import wire

_TOKEN = re.compile(
    r"https?://[^\s<>\"'，。；、（）()\[\]]*[^\s<>\"'，。；、（）()\[\].,:;!?]|\d+(?:[.,]\d+)*|[^\W\d_]+|\S", re.I
)
_MOST_ALIKE = 0.5
_MOST_SIGNS = 4_000
"""Longer texts are compared as a whole between what they begin and end with: that takes time in step with length."""
_SHOWN = 300


def flat(text: str) -> str:
    """The text on one line with single blanks."""
    return " ".join(text.split())


def differences(found: str, expected: str) -> list[tuple[str, str]]:
    """(found, expected) of the differing pieces in order; texts that have little in common differ as one."""
    found, expected = flat(found), flat(expected)
    if found == expected:
        return []
    start, end = common_ends(found, expected)
    left, right = found[start : len(found) - end], expected[start : len(expected) - end]
    if max(len(left), len(right)) > _MOST_SIGNS:
        return [(shortened(left), shortened(right))]
    ours, theirs = list(_TOKEN.finditer(left)), list(_TOKEN.finditer(right))
    matcher = SequenceMatcher(None, [t[0] for t in ours], [t[0] for t in theirs], autojunk=False)
    if matcher.ratio() < _MOST_ALIKE:
        return [(shortened(left), shortened(right))]
    told = [
        (
            left[ours[a].start() : ours[b - 1].end()] if b > a else "",
            right[theirs[c].start() : theirs[d - 1].end()] if d > c else "",
        )
        for tag, a, b, c, d in matcher.get_opcodes()
        if tag != "equal"
    ]
    return told or [(shortened(left), shortened(right))]


def common_ends(found: str, expected: str) -> tuple[int, int]:
    """How many signs two texts begin and end with alike, each cut back to where a word begins or ends."""
    most = min(len(found), len(expected))
    start = next((at for at in range(most) if found[at] != expected[at]), most)
    while start and not found[start - 1].isspace():
        start -= 1
    most -= start
    end = next((at for at in range(most) if found[-1 - at] != expected[-1 - at]), most)
    while end and not found[len(found) - end].isspace():
        end -= 1
    return start, end


def shortened(text: str) -> str:
    """A text as a fault tells it."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def likeness(found: str, expected: str) -> float:
    """Share of words in common, in [0, 1]: 2·|A∩B| / (|A|+|B|) over distinct words."""
    ours, theirs = set(re.findall(r"\w+", found.casefold())), set(re.findall(r"\w+", expected.casefold()))
    return 2 * len(ours & theirs) / max(1, len(ours) + len(theirs))


def differing_items(found: Sequence[str], expected: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(found, expected) for each item that is wrong, missing ("" found) or too many ("" expected)."""
    matcher = SequenceMatcher(None, list(found), list(expected), autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        ours, theirs = list(found[a:b]), list(expected[c:d])
        size = max(len(ours), len(theirs))
        yield from zip(ours + [""] * (size - len(ours)), theirs + [""] * (size - len(theirs)), strict=True)


def pieces(found: Any, expected: Any) -> list[tuple[str, str]]:
    """(found, expected) of the differing pieces of two values, of texts as small as they can be."""
    if isinstance(found, str) and isinstance(expected, str):
        return differences(found, expected) or [(shortened(repr(found)), shortened(repr(expected)))]
    return [(shortened(told_as_text(found)), shortened(told_as_text(expected)))]


def told_as_text(value: Any) -> str:
    """A value as a fault tells it."""
    if isinstance(value, str):
        return value
    plain = wire.to_data(value)
    if isinstance(plain, list | tuple) and all(isinstance(one, str) for one in plain):
        return ", ".join(plain)
    return json.dumps(plain, ensure_ascii=False)
