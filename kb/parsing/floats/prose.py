"""Which lines are paragraphs of running text: by size, family of fonts, and how they fill their column."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from kb.parsing.floats.page import FloatLine, FloatPage
from kb.parsing.layout import BodyStyle

_WIDE = 0.82  # share of the column that a line of a paragraph fills
_LETTERS = 0.55
_CODE_FONT = re.compile(r"cmtt|lmmono|ectt|sftt|courier|mono|consol|menlo|typewriter|inconsol|nimbusmon", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ProseStyle:
    """Font sizes (to half a point) and families of fonts that carry running text.

    Beside the body's these are those with a tenth (sizes) or a twentieth (families) of all long lines: reference
    lists and appendices are often set smaller; captions, footnotes and text in figures have too few lines for it.
    """

    sizes: frozenset[float]
    families: frozenset[str]


def prose_style(pages: Sequence[FloatPage], *, body: BodyStyle) -> ProseStyle:
    """See ``ProseStyle``."""
    sizes: Counter[float] = Counter()
    families: Counter[str] = Counter()
    for page in pages:
        for item in page.items:
            x0, x1 = page.span_of(item.column)
            if item.role == "free" and item.box.width >= _WIDE * (x1 - x0) and item.letters > _LETTERS:
                sizes[_half(item.line.size)] += len(item.text)
                families[font_family(item.line.font)] += len(item.text)
    total = sum(sizes.values())
    return ProseStyle(
        frozenset({_half(body.size)} | {size for size, count in sizes.items() if count >= 0.1 * total}),
        frozenset(map(font_family, body.fonts)) | {name for name, count in families.items() if count >= 0.05 * total},
    )


def font_family(font: str) -> str:
    """A font's name without its cut: "NimbusRomNo9L-Medi" is "nimbusr", TeX's own CMR10 and CMTI10 are "cm"."""
    name = re.sub(r"[^a-z0-9]", "", font.casefold())
    tex = re.match(r"(?:cm|sf|lm|ec)(?:r|b|ti|sl|csc|bx|mi|sy|tt|roman)", name)
    return "cm" if tex else name[:7]


def is_code_font(font: str) -> bool:
    """Whether a font has letters of one width, as program text is set in."""
    return bool(_CODE_FONT.search(font))


def _half(size: float) -> float:
    return round(size * 2) / 2


def find_blocks(page: FloatPage) -> None:
    """Give each upright line its block: lines of one size that stand below each other at one distance."""
    items = sorted((item for item in page.items if item.line.upright), key=lambda item: (item.box.y0, item.box.x0))
    blocks: list[list[FloatLine]] = []
    open_blocks: list[list[FloatLine]] = []
    for item in items:
        open_blocks = [block for block in open_blocks if item.box.y0 - block[-1].box.y1 < 2 * item.line.size + 6]
        fitting = [block for block in open_blocks if _continues(block, item)]
        if fitting:
            nearest = max(fitting, key=lambda block: (block[-1].line.baseline, block[-1].box.shared_x(item.box)))
            nearest.append(item)
            item.block = nearest
        else:
            item.block = [item]
            blocks.append(item.block)
            open_blocks.append(item.block)


def _continues(block: list[FloatLine], item: FloatLine) -> bool:
    last = block[-1]
    step = item.line.baseline - last.line.baseline
    size = max(last.line.size, item.line.size)
    if abs(last.line.size - item.line.size) > 0.6 or not 0.5 * size < step < 1.75 * size + 1:
        return False
    if item.box.shared_x(last.box) <= 0.4 * min(item.box.width, last.box.width):
        return False
    if len(block) >= 2:
        before = median(b.line.baseline - a.line.baseline for a, b in pairwise(block))
        return step <= 1.22 * before + 1
    return True


def mark_body(page: FloatPage, *, body: BodyStyle, prose: ProseStyle) -> None:
    """Mark paragraphs: blocks in a size of running text whose lines fill their column or end at its right edge."""
    seen: set[int] = set()
    for item in page.items:
        if item.role != "free" or not item.block or id(item.block) in seen:
            continue
        seen.add(id(item.block))
        block = item.block
        if not all(_is_prose_size(line, body=body, sizes=prose.sizes) for line in block):
            continue
        if 2 * sum(font_family(line.line.font) in prose.families for line in block) < len(block):
            continue
        if 2 * sum(is_code_font(line.line.font) for line in block) > len(block):
            continue
        full = [line for line in block if _fills_column(page, line)]
        letters = sum(line.letters * len(line.text) for line in block) / max(1, sum(len(line.text) for line in block))
        long_enough = len(block) >= 2 and len(full) >= max(1, 0.4 * len(block)) and letters > _LETTERS
        single = len(block) == 1 and full and letters > 0.6 and len(block[0].text.split()) >= 6
        if long_enough or single:
            for line in block:
                line.role = "body" if line.role == "free" else line.role


def _is_prose_size(item: FloatLine, *, body: BodyStyle, sizes: frozenset[float]) -> bool:
    return 0.93 * body.size <= item.line.size <= 1.1 * body.size or _half(item.line.size) in sizes


def _fills_column(page: FloatPage, item: FloatLine) -> bool:
    x0, x1 = page.span_of(item.column)
    width = max(1.0, x1 - x0)
    return item.box.width >= _WIDE * width or (abs(item.box.x1 - x1) <= 3 and item.box.width >= 0.55 * width)
