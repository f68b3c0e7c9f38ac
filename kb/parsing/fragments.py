"""Pieces of printed lines, as they are painted, put together again: scripts, marks, changes of font, accents."""

from __future__ import annotations

import unicodedata
from collections import Counter

from kb.parsing.glyphs import SPACE_EM, Glyph, is_accent, is_extension_font

_JOIN_EM = 0.75  # gap between two pieces of one line, in units of the font size


class Fragment:
    """Glyphs that stand together, with what merging needs."""

    __slots__ = ("baseline", "glyphs", "is_operator", "size", "upright", "x0", "x1", "y0", "y1")

    def __init__(self, glyphs: list[Glyph]) -> None:
        self.glyphs = glyphs
        inked = [glyph for glyph in glyphs if not glyph.text.isspace()] or glyphs
        self.x0 = min(glyph.x0 for glyph in inked)
        self.x1 = max(glyph.x1 for glyph in inked)
        # Large operators and growing brackets set neither size nor baseline of a line.
        operators = {font for font in {glyph.style.font for glyph in inked} if is_extension_font(font)}
        self.is_operator = bool(operators) and all(glyph.style.font in operators for glyph in inked)
        if operators and not self.is_operator:
            inked = [glyph for glyph in inked if glyph.style.font not in operators]
        # The largest size that a fifth of the glyphs have: subscripts may be many, but they do not set the line.
        sizes = Counter(glyph.style.size for glyph in inked)
        self.size = max(
            size for size, count in sizes.items() if 5 * count >= len(inked) or count == max(sizes.values())
        )
        main = [glyph for glyph in inked if glyph.style.size == self.size]
        # Boxes of mathematical signs (roots, sums) reach into the lines above and below.
        main = [glyph for glyph in main if not glyph.style.is_math] or main
        self.y0 = min(glyph.y0 for glyph in main)
        self.y1 = max(glyph.y1 for glyph in main)
        self.baseline = Counter(round(glyph.baseline, 1) for glyph in main).most_common(1)[0][0]
        self.upright = inked[0].style.upright

    def is_script(self, other: Fragment) -> bool:
        """Whether one of the two is set smaller than the other, as limits and exponents are."""
        return min(self.size, other.size) < 0.9 * max(self.size, other.size)


def merge_fragments(fragments: list[list[Glyph]]) -> list[Fragment]:
    """Put fragments of one printed line together; looks back a little, for marks that are painted late."""
    kept: list[Fragment] = []
    for glyphs in fragments:
        if all(glyph.text.isspace() for glyph in glyphs):
            continue
        fragment = Fragment(glyphs)
        for earlier in reversed(kept[-4:]):
            if is_accent(fragment.glyphs) and _stands_over(fragment, earlier):
                kept[kept.index(earlier)] = Fragment([*earlier.glyphs, *fragment.glyphs])
                break
            if _same_line(earlier, fragment):
                kept[kept.index(earlier)] = Fragment(_weave(earlier, fragment))
                break
        else:
            kept.append(fragment)
    return kept


def _stands_over(accent: Fragment, line: Fragment) -> bool:
    """Whether an accent that the reader moved away belongs to a letter of the line."""
    middle, low = (accent.x0 + accent.x1) / 2, line.y0 - 0.4 * line.size
    return line.upright and line.x0 <= middle <= line.x1 and low <= accent.y0 and accent.y1 <= line.y1


def _same_line(a: Fragment, b: Fragment) -> bool:
    if not (a.upright and b.upright):
        return False
    em = max(a.size, b.size)
    gap = max(a.x0, b.x0) - min(a.x1, b.x1)
    if gap > max(6.0, _JOIN_EM * em) or gap < -1.2 * em:
        return False
    if abs(a.baseline - b.baseline) < 0.12 * em:
        return True
    if a.is_operator != b.is_operator and not a.is_script(b):
        # A sum or an integral in a line of text: its baseline is where its top is.
        return min(a.y1, b.y1) - max(a.y0, b.y0) > 0.6 * min(a.y1 - a.y0, b.y1 - b.y0)
    # A superscript or subscript: smaller, and overlapping the other's height.
    small, big = (a, b) if a.size < b.size else (b, a)
    overlap = min(a.y1, b.y1) - max(a.y0, b.y0)
    return small.size < 0.9 * big.size and overlap > 0.45 * (small.y1 - small.y0)


def _weave(a: Fragment, b: Fragment) -> list[Glyph]:
    left, right = (a, b) if a.x0 <= b.x0 else (b, a)
    first, second = left.glyphs, right.glyphs
    if _runs_leftwards([*first, *second]):
        first, second = second, first
    gap = right.x0 - left.x1
    if gap > SPACE_EM * max(a.size, b.size) and not first[-1].text.isspace() and not second[0].text.isspace():
        edge = first[-1]
        return [*first, edge._replace(text=" ", x0=left.x1, x1=right.x0), *second]
    return [*first, *second]


def _runs_leftwards(glyphs: list[Glyph]) -> bool:
    """Whether most letters are of a script that is written from right to left."""
    letters = [glyph.text for glyph in glyphs if glyph.text.isalpha()]
    return 2 * sum(unicodedata.bidirectional(text[0]) in ("R", "AL") for text in letters) > len(letters)
