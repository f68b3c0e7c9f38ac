"""Where a paper begins and ends in its file: after the cover that an archive put before it, before the next paper.

A cover says the title that the first page says again, has no abstract, and is set in type that the paper does not have.
Another paper begins after the references of the first, with a title and an abstract of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from kb.ids import plain_words
from kb.parsing.frontmatter import run_in_length
from kb.parsing.glyphs import SOFT_HYPHEN
from kb.parsing.lines import TextLine
from kb.structure import is_abstract, is_references

_MOST_COVERS = 2  # pages
_TITLE_WITHIN = 0.6  # of a page's height
_ABSTRACT_WITHIN = 0.75
_LARGER = 1.2  # a title's size, times that of most of the text
_LEAST_WORDS = 3
_LEAST_LETTERS = 12
_SHARED_TYPE = 0.2  # of a cover's letters at most are set in fonts of the paper
_SHARED_TYPE_OF_CITING = 0.5  # the same, where the title stands there more than once: alone, and cited
_NEXT_LINE_SIZES = 1.8


class Bounds(NamedTuple):
    """The paper's pages are ``first`` to before ``end``, from 0; ``other`` is the title that begins after it."""

    first: int
    end: int
    other: str = ""


def find_bounds(lines: Sequence[Sequence[TextLine]], heights: Sequence[float]) -> Bounds:
    """The bounds of the first paper among the pages of a file."""
    upright = [[line for line in of_page if line.upright] for of_page in lines]
    body = _usual_size(upright)
    titles = [_title(of_page, height, body=body) for of_page, height in zip(upright, heights, strict=True)]
    first = _covers(upright, titles)
    opening = plain_words(" ".join(line.text for line in upright[first])) if upright else ""
    ended = False
    for at in range(first, len(upright)):
        title = titles[at]
        if ended and title and plain_words(title) not in opening and _has_abstract(upright[at], heights[at]):
            return Bounds(first, at, title)
        ended = ended or any(is_references(line.text) for line in upright[at])
    return Bounds(first, len(upright))


def _usual_size(lines: Sequence[Sequence[TextLine]]) -> float:
    sizes: Counter[float] = Counter()
    for line in (line for of_page in lines for line in of_page):
        sizes[round(line.size * 2) / 2] += len(line.text)
    return max(sizes, key=lambda size: (sizes[size], size), default=10.0)


def _title(lines: Sequence[TextLine], height: float, *, body: float) -> str:
    """The lines of the largest type in the upper part of a page, if they are larger than the text; else ""."""
    upper = [line for line in lines if line.y1 < _TITLE_WITHIN * height and line.size > _LARGER * body]
    wordy = [line for line in upper if len(plain_words(line.text).split()) > 1 or len(line.text) >= _LEAST_LETTERS]
    if not wordy:
        return ""
    size = max(line.size for line in wordy)
    own = sorted((line for line in upper if abs(line.size - size) < 0.5), key=lambda line: line.baseline)
    group = own[:1]
    for line in own[1:]:
        if line.baseline - group[-1].baseline > _NEXT_LINE_SIZES * size:
            break
        group.append(line)
    text = " ".join(line.text.rstrip(SOFT_HYPHEN) for line in group)
    is_long = len(plain_words(text).split()) >= _LEAST_WORDS or sum(map(str.isalpha, text)) >= _LEAST_LETTERS
    return text if is_long and not is_abstract(text) else ""


def _covers(lines: Sequence[Sequence[TextLine]], titles: Sequence[str]) -> int:
    """How many pages stand before the paper's own first page."""
    for count in range(1, min(_MOST_COVERS, len(lines) - 1) + 1):
        title = plain_words(titles[count])
        if title and all(_is_cover(lines[at], title, paper=lines[count:]) for at in range(count)):
            return count
    return 0


def _is_cover(lines: Sequence[TextLine], title: str, *, paper: Sequence[Sequence[TextLine]]) -> bool:
    said = plain_words(" ".join(line.text.rstrip(SOFT_HYPHEN) for line in lines)).count(title)
    if not said or any(is_abstract(line.text) or run_in_length(line) for line in lines):
        return False
    fonts = {line.font for of_page in paper for line in of_page}
    letters = sum(len(line.text) for line in lines)
    shared = sum(len(line.text) for line in lines if line.font in fonts)
    return shared < (_SHARED_TYPE if said == 1 else _SHARED_TYPE_OF_CITING) * letters


def _has_abstract(lines: Sequence[TextLine], height: float) -> bool:
    upper = [replace(line, page=1) for line in lines if line.y0 < _ABSTRACT_WITHIN * height]
    return any(is_abstract(line.text) or run_in_length(line) for line in upper)
