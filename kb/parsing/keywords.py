"""Keywords that a paper prints: behind, beside or below their label."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from kb.parsing.layout import PageLayout, Placed
from kb.parsing.lines import TextLine, without_first
from kb.records import Block
from kb.structure import INTRODUCTION, KEYWORDS

_KEYWORDS = re.compile(
    rf"^{KEYWORDS}\s*[:.—–-]*\s*(?P<rest>.*)$",
    re.DOTALL,
)
_KEYWORDS_IN_NOTES = re.compile(r"(?<=[.\d] )Key words and phrases\.")

Joiner = Callable[[Sequence[TextLine]], str]


def read_keywords(blocks: Sequence[Block], pages: Sequence[PageLayout] = (), *, join: Joiner) -> tuple[str, ...] | None:
    """Keywords that the paper prints on its first two pages, in order; None when it prints none.

    Args:
        blocks: the text.
        pages: where its lines stand: keywords may have a line each, or stand beside their label.
        join: makes one text of printed lines.
    """
    told = [_keywords_in(blocks)]
    for page in pages[:2]:
        for placed in page.placed:
            match = _KEYWORDS.match(placed.line.text) if placed.line.upright else None
            told.append(_keywords_at(placed, match.start("rest"), page=page, join=join) if match else None)
    return max((words for words in told if words), key=lambda words: len(" ".join(words)), default=None)


def _keywords_in(blocks: Sequence[Block]) -> tuple[str, ...] | None:
    """Keywords behind their label in a block, or in the block below it."""
    early = [block for block in blocks if (block.page or 99) <= 2]
    for at, block in enumerate(early):
        inside = _KEYWORDS_IN_NOTES.search(block.text) if block.kind == "footnote" else None
        match = _KEYWORDS.match(block.text[inside.start() :] if inside else block.text)
        if match is None or block.kind not in ("paragraph", "heading", "front", "list", "footnote"):
            continue
        text = match["rest"].strip()
        after = early[at + 1] if at + 1 < len(early) else None
        if not text and after is not None and after.kind in ("paragraph", "front", "list"):
            text = after.text
        if words := _parted_keywords(text):
            return words
    return None


def _parted_keywords(text: str) -> tuple[str, ...] | None:
    parts = [part.strip(" .\n") for part in re.split(r"[;,·•⋅|，；、]| – ", text)]
    words = [part for part in parts if part]
    return tuple(words) if 1 < len(words) <= 25 and all(len(word) <= 70 for word in words) else None


def _keywords_at(label: Placed, begin: int, *, page: PageLayout, join: Joiner) -> tuple[str, ...] | None:
    """The keywords behind, beside or below their label, as far as lines of one size follow each other tightly."""
    own = label.line
    rest = without_first(own, begin) if own.text[begin:].strip() else None
    lines = [p.line for p in page.placed if p.line is not own and p.line.upright and p.role != "furniture"]
    beside = [line for line in lines if abs(line.baseline - own.baseline) < 0.4 * own.size and line.x0 > own.x1]
    last = min(beside, key=lambda line: line.x0) if beside and not rest else own
    found = [rest] if rest else [last] if last is not own else []
    left = last.x0 if last is not own else own.x0
    size = last.size if found else None
    for line in sorted(lines, key=lambda line: (line.baseline, line.x0)):
        down = line.baseline - last.baseline
        if not 0.3 * last.size < down < (2.6 if last is own and not rest else 1.6) * last.size:
            continue
        if min(abs(line.x0 - left), abs(line.x0 - own.x0)) > 1.5 * own.size or (
            size is not None and abs(line.size - size) > 0.3
        ):
            continue
        if _KEYWORDS.match(line.text) or (line.bold and not own.bold) or INTRODUCTION.match(line.text):
            break
        found.append(line)
        last, size = line, line.size
    alone = tuple(line.text.strip(" .,;") for line in found)
    return _parted_keywords(join(found)) or (
        alone if 1 < len(alone) <= 12 and all(len(t) < 50 for t in alone) else None
    )
