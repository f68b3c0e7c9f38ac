"""The numbers that versions for review print beside their lines: taken out before anything reads the lines.

They stand in the margin or the gutter, in a strip of their own, and count on from line to line.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from kb.parsing.glyphs import Glyph

_MAX_DIGITS = 4
_ALIGNED_POINTS = 1.5
_MIN_NUMBERS = 8
_APART_EM = 0.6
_COUNTING_SHARE = 0.9  # of neighbours that count on by the usual step
_STEPS = (1, 2, 5, 10)
_ALONG_SHARE = 0.4  # of the height of the page's text
_BESIDE_POINTS = 150.0
_DENSE_SHARE = 0.55  # numbers for each line beside them
_MAX_STRANGERS = 0.02  # share of the page's other signs that may stand in the strip


class _Number(NamedTuple):
    value: int
    places: tuple[int, ...]  # indexes of its glyphs
    x0: float
    x1: float
    baseline: float


def without_line_numbers(glyphs: Sequence[Glyph | None]) -> tuple[list[Glyph | None], int]:
    """The glyphs without line numbers, and how many numbers were taken out. Where one stood, a line ends."""
    numbers = _numbers(glyphs)
    if len(numbers) < _MIN_NUMBERS:
        return list(glyphs), 0
    signs = [(at, (glyph.x0 + glyph.x1) / 2) for at, glyph in enumerate(glyphs) if glyph and not glyph.text.isspace()]
    gone: set[int] = set()
    taken = 0
    strips = _strips(numbers, by_left_edge=True) + _strips(numbers, by_left_edge=False)
    for strip in sorted(strips, key=len, reverse=True):
        own = {place for number in strip for place in number.places}
        if own & gone:
            continue
        x0, x1 = min(n.x0 for n in strip), max(n.x1 for n in strip)
        strangers = sum(x0 - 1 <= x <= x1 + 1 for at, x in signs if at not in own and at not in gone)
        alone = strangers <= _MAX_STRANGERS * len(signs)
        if alone and _counts_on(strip) and _goes_along(strip, glyphs) and _is_dense(strip, glyphs):
            gone |= own
            taken += len(strip)
    if not gone:
        return list(glyphs), 0
    return [None if at in gone else glyph for at, glyph in enumerate(glyphs)], taken


def _numbers(glyphs: Sequence[Glyph | None]) -> list[_Number]:
    """Numbers of up to four digits that stand free on both sides."""
    found: list[_Number] = []
    current: list[int] = []
    for at, glyph in enumerate([*glyphs, None]):
        last = glyphs[current[-1]] if current else None
        digit = glyph is not None and glyph.text.isascii() and glyph.text.isdigit() and glyph.style.upright
        if digit and glyph and (last is None or _touches(last, glyph)):
            current.append(at)
            continue
        if current:
            number = _number(glyphs, current)
            after = glyph if glyph is not None and last is not None and _touches(last, glyph) else None
            before = glyphs[current[0] - 1] if current[0] else None
            first = glyphs[current[0]]
            free = before is None or first is None or not _touches(before, first)
            if number and free and (after is None or after.text.isspace()) and _stands_apart(glyphs, current):
                found.append(number)
        current = [at] if digit else []
    return found


def _is_dense(strip: Sequence[_Number], glyphs: Sequence[Glyph | None]) -> bool:
    """Whether the numbers count the lines beside them: those of a list of references count entries of several lines."""
    x0, x1 = min(number.x0 for number in strip), max(number.x1 for number in strip)
    top, low = strip[0].baseline - 1, strip[-1].baseline + 1
    inked = [glyph for glyph in glyphs if glyph and not glyph.text.isspace() and top <= glyph.baseline <= low]
    right = {round(glyph.baseline / 3) for glyph in inked if x1 < glyph.x0 < x1 + _BESIDE_POINTS}
    left = {round(glyph.baseline / 3) for glyph in inked if x0 - _BESIDE_POINTS < glyph.x0 < x0 - 1}
    beside = len(right or left)
    return strip[-1].value - strip[0].value + 1 >= _DENSE_SHARE * beside


def _touches(left: Glyph, right: Glyph) -> bool:
    if left.text.isspace():
        return False
    gap = right.x0 - left.x1
    return abs(left.baseline - right.baseline) < 0.5 and -0.3 * right.style.size < gap < 0.3 * right.style.size


def _stands_apart(glyphs: Sequence[Glyph | None], places: list[int]) -> bool:
    """Whether what is painted before and after on the same baseline is more than a blank away."""
    first, last = glyphs[places[0]], glyphs[places[-1]]
    for neighbour in (_inked(glyphs, range(places[0] - 1, -1, -1)), _inked(glyphs, range(places[-1] + 1, len(glyphs)))):
        if neighbour is None or first is None or last is None or abs(neighbour.baseline - first.baseline) > 0.5:
            continue
        gap = max(first.x0 - neighbour.x1, neighbour.x0 - last.x1)
        if gap < _APART_EM * first.style.size:
            return False
    return True


def _inked(glyphs: Sequence[Glyph | None], places: range) -> Glyph | None:
    for at in places:
        glyph = glyphs[at]
        if glyph is None or not glyph.text.isspace():
            return glyph
    return None


def _number(glyphs: Sequence[Glyph | None], places: list[int]) -> _Number | None:
    digits = [glyph for at in places if (glyph := glyphs[at]) is not None]
    if not digits or len(digits) > _MAX_DIGITS:
        return None
    x0, x1 = min(glyph.x0 for glyph in digits), max(glyph.x1 for glyph in digits)
    return _Number(int("".join(glyph.text for glyph in digits)), tuple(places), x0, x1, digits[0].baseline)


def _strips(numbers: Sequence[_Number], *, by_left_edge: bool) -> list[list[_Number]]:
    """Numbers that are aligned below each other at their left or right edge."""
    edged = sorted(((n.x0 if by_left_edge else n.x1, n) for n in numbers), key=lambda pair: pair[0])
    strips: list[list[tuple[float, _Number]]] = []
    for edge, number in edged:
        if strips and edge - strips[-1][0][0] <= _ALIGNED_POINTS:
            strips[-1].append((edge, number))
        else:
            strips.append([(edge, number)])
    enough = [[number for _, number in strip] for strip in strips if len(strip) >= _MIN_NUMBERS]
    return [sorted(strip, key=lambda number: number.baseline) for strip in enough]


def _counts_on(strip: Sequence[_Number]) -> bool:
    steps = [after.value - before.value for before, after in pairwise(strip)]
    return any(steps.count(step) >= _COUNTING_SHARE * len(steps) for step in _STEPS)


def _goes_along(strip: Sequence[_Number], glyphs: Sequence[Glyph | None]) -> bool:
    """Whether the numbers accompany the page's text or go on from another page: those of a short list do neither."""
    if strip[0].value > _STEPS[-1]:
        return True
    baselines = [glyph.baseline for glyph in glyphs if glyph is not None]
    along = strip[-1].baseline - strip[0].baseline
    return along >= _ALONG_SHARE * (max(baselines) - min(baselines))
