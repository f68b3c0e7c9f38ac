"""Packing stretches of text into parts that fit an encoder, with exact character offsets.

A sentence longer than a chunk is cut behind a clause, else between words. langchain_text_splitters could do that
too, but costs 0.4 s to import and finds its offsets by searching for the text, which repeated text defeats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

CountTokens = Callable[[Sequence[str]], list[int]]
_CLAUSE_END = tuple(",;:)]}，；：、）")
# What may stand between two cuts of an over-long sentence: a word, or a stretch of CJK text up to its punctuation.
_ATOM = re.compile(r"[^\s，；：、。]*[，；：、。]+|[^\s，；：、。]+")


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch ``[start, end)`` of text that is not cut any further, and its tokens.

    Tokens add up: WordPiece never joins what white space parts, so the sum over units is the count of the whole
    (other tokenizers can only do better, by joining).
    """

    start: int
    end: int
    tokens: int


def joined(units: Sequence[Unit], glued: Collection[int], *, budget: int) -> list[Unit]:
    """Units of the indices in ``glued`` made one with the unit before, unless that is more than ``budget``."""
    result: list[Unit] = []
    for index, unit in enumerate(units):
        if index in glued and result and result[-1].tokens + unit.tokens <= budget:
            result[-1] = Unit(result[-1].start, unit.end, result[-1].tokens + unit.tokens)
        else:
            result.append(unit)
    return result


def pack(units: Sequence[Unit], *, budget: int) -> list[list[Unit]]:
    """Neighbouring units in as few parts as ``budget`` tokens allow, and these as even as they can be.

    Evenness is the least room that still needs no more parts, found by bisection (the linear partition problem):
    plain greedy packing would leave a tiny last part, which reads badly and finds badly.
    """
    if not units:
        return []
    tokens = [unit.tokens for unit in units]
    fewest = len(_greedy(tokens, room=budget))
    low, high = min(max(tokens), budget), budget
    while low < high:
        middle = (low + high) // 2
        if len(_greedy(tokens, room=middle)) > fewest:
            low = middle + 1
        else:
            high = middle
    ends = [0, *accumulate(_greedy(tokens, room=high))]
    return [list(units[start:end]) for start, end in pairwise(ends)]


def overlapped(parts: list[list[Unit]], count: int, *, budget: int) -> list[list[Unit]]:
    """Parts that begin with up to ``count`` units of the part before, as far as ``budget`` has room."""
    if not count:
        return parts
    result = parts[:1]
    for before, part in pairwise(parts):
        room = budget - sum(unit.tokens for unit in part)
        taken = before[-count:]
        while taken and sum(unit.tokens for unit in taken) > room:
            taken = taken[1:]
        result.append([*taken, *part])
    return result


def fit(text: str, units: Sequence[Unit], count_tokens: CountTokens, *, budget: int) -> list[Unit]:
    """The units, those of more than ``budget`` tokens cut behind a clause, else between words."""
    return [part for unit in units for part in _cut(text, unit, count_tokens, budget=budget)]


def _cut(text: str, unit: Unit, count_tokens: CountTokens, *, budget: int) -> list[Unit]:
    if unit.tokens <= budget:
        return [unit]
    atoms = _atoms(text, unit, count_tokens, budget=budget)
    parts: list[Unit] = []
    begin = 0
    while begin < len(atoms):
        end, tokens = begin, 0
        while end < len(atoms) and (end == begin or tokens + atoms[end].tokens <= budget):
            tokens += atoms[end].tokens
            end += 1
        if end < len(atoms):
            end = _clause_end(text, atoms, begin=begin, end=end)
        part = atoms[begin:end]
        parts.append(Unit(part[0].start, part[-1].end, sum(atom.tokens for atom in part)))
        begin = end
    return parts


def _clause_end(text: str, atoms: Sequence[Unit], *, begin: int, end: int) -> int:
    """The last place behind a clause in the second half of ``atoms[begin:end]``, else ``end``."""
    for index in range(end, begin + (end - begin) // 2, -1):
        if text[atoms[index - 1].end - 1] in _CLAUSE_END:
            return index
    return end


def _atoms(text: str, unit: Unit, count_tokens: CountTokens, *, budget: int) -> list[Unit]:
    """Words of the unit; a word of more tokens than a chunk holds is cut into stretches of characters."""
    spans = [match.span() for match in _ATOM.finditer(text, unit.start, unit.end)]
    counts = count_tokens([text[start:end] for start, end in spans])
    stretches: list[tuple[int, int]] = []
    for (start, end), tokens in zip(spans, counts, strict=True):
        width = end - start if tokens <= budget else max(1, (end - start) * budget // (2 * tokens))
        stretches.extend((at, min(at + width, end)) for at in range(start, end, width))
    if len(stretches) > len(spans):
        counts = count_tokens([text[start:end] for start, end in stretches])
    return [Unit(start, end, tokens) for (start, end), tokens in zip(stretches, counts, strict=True)]


def _greedy(tokens: Sequence[int], *, room: int) -> list[int]:
    """How many units each part takes when each takes what fits."""
    sizes: list[int] = []
    left = -1
    for count in tokens:
        if sizes and count <= left:
            sizes[-1] += 1
            left -= count
        else:
            sizes.append(1)
            left = room - count
    return sizes
