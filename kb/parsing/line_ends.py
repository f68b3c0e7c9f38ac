"""What the end of a printed line means for the text: a blank, nothing, or a hyphen that is the word's own.

A hyphen at a line's end belongs to the break ("repre-" / "sent"), to the word ("noisy-" / "or"), or to a word whose
second half is left out ("pre-" / "and postwar"). Which, is judged by a small linear model: by how the paper writes the
word elsewhere, how abstracts write it and its halves (``data/words.npz``: hashes with counts, made and measured by
``tests/benchmarks/hyphens_train.py``), how likely its letters follow each other, and how it is cut and capitalised. An
address keeps what it has: nobody puts a hyphen into one to break it.
"""

from __future__ import annotations

import math
import re
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from kb.parsing.glyphs import SOFT_HYPHEN
from kb.parsing.legibility import folded, parted_bits
from kb.text import is_set_solid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TABLE = Path(__file__).parent / "data" / "words.npz"
ENDS: tuple[LineEnd, ...] = ("joined", "hyphened", "suspended")
"""What a hyphen at a line's end may be: the break's; the word's own; of a word whose other half comes later."""
LineEnd = Literal["joined", "hyphened", "suspended"]
EIGHTHS = 8.0
"""Counts are stored as eighths of the binary logarithm of one more."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?(?:-[^\W_]+)*")
_SUSPENDED = re.compile(r"[^\W\d_]-\s+([^\W\d_]+)")
_HYPHENS = f"-{SOFT_HYPHEN}"
_LEFT = re.compile(rf"[^\W_]+(?:-[^\W_]+)*(?=[{_HYPHENS}]$)")
_RIGHT = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
# The forms of addresses: of the web with and without scheme, of mail, of an object (DOI).
_ADDRESS = re.compile(r"://|^\W?www\.|\S@\S|[\w-]\.[a-z]{2,}/|\b10\.\d{4,9}/", re.IGNORECASE)
_LONGEST_ADDRESS = 400  # characters before a line's end that are looked at
_LONGEST_WORD = 80
_MOST_ASKED = 300  # words of a paper, to learn whether it is written in the language of the counts
_LEAST_ASKED = 30
_SUSPENDING = 5.0  # the count, as ``Counts`` says, of a word that often follows such a half: "and", "or", "to"
_FOREIGN, _NATIVE = 0.6, 0.85  # shares of known words


class Counts(Protocol):
    """How often a form is written, as the logarithm (base 2) of one more."""

    def of(self, form: str) -> float:
        """0.0 for a form that is not known. "over-" and "-or" are what stands before and after hyphens."""
        ...


class HashedCounts:
    """Counts of forms by their hashes: no text can be read out of it.

    Args:
        keys: CRC-32 of the forms in UTF-8, in order.
        eighths: the count of each, as ``EIGHTHS`` says.
    """

    def __init__(self, keys: NDArray[np.uint32], eighths: NDArray[np.uint8]) -> None:
        self.keys = keys
        self.eighths = eighths
        self._ordered = keys.data  # which is asked a key at a time

    def of(self, form: str) -> float:
        """See ``Counts``."""
        key = zlib.crc32(form.encode())
        at = bisect_left(self._ordered, key)
        return float(self.eighths[at]) / EIGHTHS if at < len(self._ordered) and self._ordered[at] == key else 0.0


class _Judge(NamedTuple):
    counts: HashedCounts
    weights: list[list[float]]  # one row for each of ``ENDS``


@cache
def _judge() -> _Judge:
    import numpy as np

    with np.load(TABLE) as stored:
        return _Judge(HashedCounts(stored["keys"], stored["eighths"]), stored["weights"].tolist())


class Vocabulary:
    """The words of a paper that no line's end breaks, with their numbers, and the whole addresses that it links to.

    Args:
        lines: its printed lines in reading order; the piece before a hyphen at a line's end, and the one after, are no
            words.
        addresses: those of its link annotations, which show how an address goes on in the next line.
    """

    def __init__(self, lines: Iterable[str], *, addresses: Iterable[str] = ()) -> None:
        self.exact: Counter[str] = Counter()
        self.words: Counter[str] = Counter()
        self.suspending: Counter[str] = Counter()
        broken = False
        for line in lines:
            found = _WORD.findall(line)
            ends_broken = line.endswith((SOFT_HYPHEN, "-"))
            self.exact.update(found[1 if broken else 0 : len(found) - 1 if ends_broken else len(found)])
            if "- " in line:
                self.suspending.update(word.casefold() for word in _SUSPENDED.findall(line))
            broken = ends_broken
        for word, count in self.exact.items():
            small = word.casefold()
            self.words[small] += count
            if "-" in small:
                for part in small.split("-"):
                    self.words[part] += count
        self._addresses = tuple(dict.fromkeys(addresses))
        self._familiar: float | None = None

    def familiar(self, counts: Counts) -> float:
        """How far the paper is written in the language of the counts, 0 to 1: others share names and short words."""
        if self._familiar is None:
            words = [word for word in islice(self.words, _MOST_ASKED * 2) if len(word) > 3 and word.isalpha()]
            known = sum(counts.of(word) > 0 for word in words[:_MOST_ASKED])
            share = known / len(words[:_MOST_ASKED]) if len(words) >= _LEAST_ASKED else 1.0
            self._familiar = min(1.0, max(0.0, (share - _FOREIGN) / (_NATIVE - _FOREIGN)))
        return self._familiar

    def line_end(self, left: str, right: str) -> LineEnd:
        """What a hyphen between ``left`` and ``right``, broken at a line's end, is.

        Args:
            left: the piece before it, with the hyphens inside it.
            right: the piece at the head of the next line.
        """
        if not left[-1:].isalpha() or not right[:1].isalpha():
            return "hyphened"
        judge = _judge()
        values = features(left, right, paper=self, counts=judge.counts)
        scores = [sum(weight * value for weight, value in zip(row, values, strict=True)) for row in judge.weights]
        follows = right.split("-", 1)[0].casefold()
        may_suspend = len(follows) > 1 and judge.counts.of(f"- {follows}") >= _SUSPENDING
        may_suspend = may_suspend or self.suspending[follows] > 1
        return ENDS[max(range(len(ENDS) if may_suspend else 2), key=lambda at: scores[at])]

    def goes_on(self, tail: str, head: str) -> str | None:
        """The end of the address ``tail`` as it is before ``head``, the next line's beginning; None for no address.

        A link of the file that has both says whether the hyphen between them is the address's.
        """
        bare = tail.rstrip(SOFT_HYPHEN)
        bare += "-" if bare != tail else ""
        first = re.match(r"[\w/.?=&%#~+-]+", head)
        if first is not None and len(bare) > 6:
            begun = first[0].rstrip(".")
            for end in dict.fromkeys((bare, bare.removesuffix("-"))):
                known = re.sub(r"^\W*(?:https?://)?(?:www\.)?", "", end)
                if any(f"{known}{begun}" in address for address in self._addresses):
                    return end
        if re.search(r"https?:$", bare) and head.startswith("//"):
            return bare
        if not _ADDRESS.search(tail):
            return None
        if bare.endswith("-") and head[:1].isalnum():
            return bare
        return bare if re.search(r"[/._=?&]$", bare) and head[:1].isalnum() and not head[:1].isupper() else None


def glued(text: str, piece: str, vocabulary: Vocabulary) -> str:
    """``text`` as it must end before ``piece``, the next printed line, is put after it."""
    tail = text[-_LONGEST_ADDRESS:].rsplit(None, 1)[-1:]
    if tail and ("/" in tail[0] or "." in tail[0] or ":" in tail[0] or "@" in tail[0]):
        end = vocabulary.goes_on(tail[0], piece)
        if end is not None:
            return text[: len(text) - len(tail[0])] + end
    if text.endswith(tuple(_HYPHENS)):
        left, right = _LEFT.search(text[-_LONGEST_WORD:]), _RIGHT.match(piece[:_LONGEST_WORD])
        if left is None or right is None:
            return text[:-1] + ("-" if text[-2:-1].isalnum() and piece[:1].isalnum() else "- ")
        end_of_line = vocabulary.line_end(left[0], right[0])
        return text[:-1] + {"joined": "", "hyphened": "-", "suspended": "- "}[end_of_line]
    if is_set_solid(text[-1]) and is_set_solid(piece[0]):
        return text
    return text + " "


# ---------------------------------------------------------------------------------------------- evidence

_MOST = 6.0  # a count's logarithm above which more says nothing more


def features(left: str, right: str, *, paper: Vocabulary, counts: Counts) -> list[float]:
    """The evidence on a hyphen between two pieces of a word, in numbers."""
    last, first = left.rsplit("-", 1)[-1], right.split("-", 1)[0]
    small_left, small_right, a, b = left.casefold(), right.casefold(), last.casefold(), first.casefold()
    familiar = paper.familiar(counts)

    def known(form: str) -> float:
        return familiar * counts.of(form)

    one, two = f"{small_left}{small_right}", f"{small_left}-{small_right}"
    is_part = a != small_left or b != small_right
    in_paper_one = _log(paper.words[one] + (paper.words[a + b] if is_part else 0))
    in_paper_two = _log(paper.words[two] + (paper.words[f"{a}-{b}"] if is_part else 0))
    known_one, known_two = known(a + b), max(known(f"{a}-{b}"), known(two))
    near_one, near_two = (
        min(max(max(known(other), _log(paper.words[other])) for other in _near(form)), _MOST)
        for form in (a + b, f"{a}-{b}")
    )
    known_a, known_b, before, after = known(a), known(b), known(f"{a}-"), known(f"-{b}")
    unseen = not (in_paper_one or in_paper_two or known_one or known_two)
    plain_a, plain_b = folded(last), folded(first)
    seam = parted_bits(plain_a, plain_b) if plain_a.isalpha() and plain_b.isalpha() else 0.0
    halves = _log(min(paper.exact[last], paper.exact[first]))
    follows = known(f"- {b}")
    shouted = last.isupper() and len(last) > 1
    is_camel = last[-1].islower() and first[0].isupper()
    is_name = last[0].isupper() and not shouted and first[0].islower()
    return [
        1.0, in_paper_one, in_paper_two, (in_paper_one > 0) - float(in_paper_two > 0),
        min(known_one, _MOST), min(known_two, _MOST), known_one - known_two, (known_one > 0) - float(known_two > 0),
        near_one, near_two, float(unseen), min(known_a, known_b) * unseen, (min(known_a, known_b) > 0) * unseen * 1.0,
        before, after, known_a, known_b, before * unseen, after * unseen, halves, halves * unseen, seam, seam * unseen,
        float(len(last) == 1), float(len(first) == 1), float(len(last) == 2), float(len(first) == 2),
        float(is_camel), (1 - familiar) * is_camel, float(shouted and first[0].islower()),
        float(shouted and first[:2].isupper()), float(is_name), is_name * seam, float("-" in left), float("-" in right),
        follows, _log(paper.suspending[b]), follows * unseen, familiar, (1 - familiar) * seam, (1 - familiar) * halves,
    ]  # fmt: skip


def _near(form: str) -> tuple[str, ...]:
    """The form with another ending: one letter more, or up to two fewer."""
    return (form[:-1], form[:-2], f"{form}s") if len(form) > 6 else (f"{form}s",)


def _log(count: int) -> float:
    return math.log2(1 + count)
