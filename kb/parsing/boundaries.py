"""Where a paper begins and ends in its file: after the cover that an archive put before it, before the next paper.

A cover says the title that the first page says again, has no abstract, and is set in type that the paper does not have.
Another paper begins after the references of the first, with a title and an abstract of its own. A supplement begins
there with a title that is set like the paper's.
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
_OF_PAPER = 0.85  # of the size of the paper's title, the title of a supplement has at least
_LARGER_THAN_HEADINGS = 1.08  # times the largest type between the two


class Title(NamedTuple):
    """The lines of the largest type in the upper part of a page."""

    text: str
    lines: tuple[TextLine, ...]

    @property
    def size(self) -> float:
        """Of its type, in points; 0 where there is no title."""
        return self.lines[0].size if self.lines else 0.0


_NONE = Title("", ())


class Bounds(NamedTuple):
    """The paper's pages are ``first`` to before ``end``, from 0; ``other`` is the title that begins after it. On page
    ``supplement`` a supplement begins with lines that are its title."""

    first: int
    end: int
    other: str = ""
    supplement: tuple[int, tuple[TextLine, ...]] | None = None


def find_bounds(lines: Sequence[Sequence[TextLine]], heights: Sequence[float]) -> Bounds:
    """The bounds of the first paper among the pages of a file."""
    upright = [[line for line in of_page if line.upright] for of_page in lines]
    body = _usual_size(upright)
    titles = [_title(of_page, height, body=body) for of_page, height in zip(upright, heights, strict=True)]
    first = _covers(upright, [title.text for title in titles])
    opening = plain_words(" ".join(line.text for line in upright[first])) if upright else ""
    ended, supplement = False, None
    for at in range(first, len(upright)):
        title = titles[at]
        if ended and title.text and plain_words(title.text) not in opening and _has_abstract(upright[at], heights[at]):
            return Bounds(first, at, title.text, supplement)
        if ended and supplement is None and _is_of_part(title, titles[first], upright[first + 1 : at]):
            supplement = (at, title.lines)
        ended = ended or any(is_references(line.text) for line in upright[at])
    return Bounds(first, len(upright), "", supplement)


def _is_of_part(title: Title, of_paper: Title, between: Sequence[Sequence[TextLine]]) -> bool:
    """Whether a title is set about as large as the paper's, and larger than the headings between the two."""
    headings = max((line.size for of_page in between for line in of_page if _is_wordy(line)), default=0.0)
    return title.size > max(_OF_PAPER * of_paper.size, _LARGER_THAN_HEADINGS * headings)


def _usual_size(lines: Sequence[Sequence[TextLine]]) -> float:
    sizes: Counter[float] = Counter()
    for line in (line for of_page in lines for line in of_page):
        sizes[round(line.size * 2) / 2] += len(line.text)
    return max(sizes, key=lambda size: (sizes[size], size), default=10.0)


def _is_wordy(line: TextLine) -> bool:
    return len(plain_words(line.text).split()) > 1 or len(line.text) >= _LEAST_LETTERS


def _title(lines: Sequence[TextLine], height: float, *, body: float) -> Title:
    """What is set in the largest type in the upper part of a page, if it is larger than the text."""
    upper = [line for line in lines if line.y1 < _TITLE_WITHIN * height and line.size > _LARGER * body]
    wordy = [line for line in upper if _is_wordy(line)]
    if not wordy:
        return _NONE
    size = max(line.size for line in wordy)
    own = sorted((line for line in upper if abs(line.size - size) < 0.5), key=lambda line: line.baseline)
    group = own[:1]
    for line in own[1:]:
        if line.baseline - group[-1].baseline > _NEXT_LINE_SIZES * size:
            break
        group.append(line)
    text = " ".join(line.text.rstrip(SOFT_HYPHEN) for line in group)
    is_long = len(plain_words(text).split()) >= _LEAST_WORDS or sum(map(str.isalpha, text)) >= _LEAST_LETTERS
    return Title(text, tuple(group)) if is_long and not is_abstract(text) else _NONE


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
