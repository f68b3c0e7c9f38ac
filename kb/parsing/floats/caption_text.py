"""The text of a caption from its printed lines: words broken at a line's end are whole again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kb.parsing.floats.page import FloatPage

SOFT_HYPHEN = "\xad"  # what a line ends in where the reader saw a broken word
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LAST_PART = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*$")


def read_vocabulary(pages: Sequence[FloatPage]) -> set[str]:
    """The words of a paper in lower case; hyphenated ones are one word."""
    return {word.casefold() for page in pages for item in page.items for word in _WORD.findall(item.text)}


def join_rows(rows: Iterable[Sequence[str]], *, vocabulary: set[str]) -> str:
    """Rows of lines to one text: words broken at a line's end are whole again.

    A broken word loses its hyphen unless the paper writes only the hyphenated form elsewhere.
    """
    text = ""
    for row in rows:
        for piece in row:
            if text.endswith(SOFT_HYPHEN):
                text = _joined(text.rstrip(SOFT_HYPHEN), piece, vocabulary=vocabulary)
            elif text.endswith("-") and text[-2:-1].isalpha() and piece[:1].isalpha():
                text += piece
            else:
                text = f"{text} {piece}" if text else piece
    return re.sub(r"\s+", " ", text.replace(SOFT_HYPHEN, "-")).strip()


def _joined(text: str, piece: str, *, vocabulary: set[str]) -> str:
    left, right = _LAST_PART.search(text), _WORD.match(piece)
    if left and right:
        whole, parted = (left[0] + right[0]).casefold(), f"{left[0]}-{right[0]}".casefold()
        if parted in vocabulary and whole not in vocabulary:
            return f"{text}-{piece}"
    return text + piece
