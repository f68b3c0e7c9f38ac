"""Raised signs: the marks of notes and citations, which are no part of the text, and exponents and ordinals, which are.

Both are set alike, so that the page decides: a mark has its note at the foot of the page, or the paper cites by raised
numbers throughout, or it stands behind a word or a sentence's end, where no exponent can stand. What stands on a
variable, a number or a unit is an exponent as long as no note claims it alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from kb.parsing.glyphs import SOFT_HYPHEN
from kb.parsing.layout import PageLayout, Placed
from kb.parsing.page import Run, TextLine, without_first

_SIGNS = "∗*†‡§¶"
_NUMBER = re.compile(r"\d{1,3}(?:\s?[,–-]\s?\d{1,3})*,?")
_SIGN = re.compile(rf"[{_SIGNS}]+|[a-z]")
_NOTE = re.compile(rf"(?:\d{{1,3}}|[{_SIGNS}]+)\s*(?=\S)")
_RAISED_NOTE = re.compile(r"(?P<mark>\d{1,3}|[a-z])\s*(?=\S)")
_WORD_END = re.compile(r"[^\W\d_]{4,}$")
_SHORT_WORD_END = re.compile(r"[^\W\d_]{2,3}$")
_STOP = re.compile(r"[.,;:?!”\"’»]$")
_WORDY = re.compile(r"[^\W\d_]{3,}")
_FIGURE_END = re.compile(r"\d[.,)\]]?$")
_QUANTITY = re.compile(
    r"\d\s?(?:[^\W\d_]{1,3}[/·×])*[^\W\d_]{1,3}$"
)  # "5 cm", "3.2 W/m": what is raised there is a power
_AFTER_WORD = frozenset(".,;:?!)]")  # what no blank stands before
_LEAST_CITING = 8  # numbers raised behind words without a note on their page, from which on a paper cites so


class _Raised(NamedTuple):
    """Raised runs of a line that are one: the first and the last, and how likely a mark: "sure", "likely" (where there
    are notes or citations), "claimed" (if a note has no other), "letter" (if a note has it)."""

    placed: Placed
    first: int
    last: int
    sign: str
    kind: str


def find_marks(pages: Sequence[PageLayout]) -> None:
    """Say of each raised run of the lines whether it is a mark (``Run.is_mark``). Footnotes have their role."""
    raised = {page.number: [one for placed in page.placed for one in _raised_in(placed)] for page in pages}
    notes = {page.number: _note_signs(page) for page in pages}
    citing = {
        one.sign
        for number, own in raised.items()
        for one in own
        if one.kind == "sure" and one.sign[0].isdigit() and one.sign not in notes[number]
    }
    cites_so = len(citing) >= _LEAST_CITING
    for page in pages:
        sure = {one.sign for one in raised[page.number] if one.kind == "sure"}
        claims: dict[str, int] = defaultdict(int)
        for one in raised[page.number]:
            claims[one.sign] += one.kind == "claimed"
        found: dict[int, set[int]] = defaultdict(set)
        for one in raised[page.number]:
            is_noted = one.sign in notes[page.number]
            alone = is_noted and one.sign not in sure and claims[one.sign] == 1
            by_kind = {"sure": True, "letter": is_noted, "likely": is_noted or cites_so, "claimed": alone}
            if by_kind[one.kind]:
                found[id(one.placed)].update(range(one.first, one.last + 1))
        for placed in page.placed:
            if id(placed) in found:
                runs = [run._replace(is_mark=at in found[id(placed)]) for at, run in enumerate(placed.line.runs)]
                placed.line = replace(placed.line, runs=tuple(runs))


def _raised_in(placed: Placed) -> Iterable[_Raised]:
    """The raised numbers and signs of a line that may be marks: not those at its head, which begin notes."""
    line = placed.line
    for is_raised, group in groupby(enumerate(line.runs), key=lambda pair: pair[1].raised):
        runs = list(group)
        (first, start), (last, end) = (runs[0][0], runs[0][1].start), (runs[-1][0], runs[-1][1].end)
        before = line.text[:start]
        if not is_raised or not before.strip():
            continue
        sign = unicodedata.normalize("NFKC", line.text[start:end].strip(f" {SOFT_HYPHEN}"))
        if not _NUMBER.fullmatch(sign) and not _SIGN.fullmatch(sign):
            continue
        kind = _kind(before, line.runs[first - 1], sign)
        if line.text[end - 1 : end].isalnum() and line.text[end : end + 1].isalpha():
            kind = kind if before[-1:] == " " else ""  # what begins a word is of an address: "USA. ²Department"
        if kind:
            yield _Raised(placed, first, last, sign, kind)


def _kind(before: str, base: Run, sign: str) -> str:
    """How likely a raised sign behind this text is a mark; "" for never."""
    bare = before.rstrip()
    is_maths = base.style.is_math
    if sign.isalpha():
        return "letter" if _WORD_END.search(bare) and not is_maths else ""
    if _FIGURE_END.search(bare):
        return "claimed" if len(before) == len(bare) and sign[0].isdigit() and not is_maths else ""
    if is_maths:
        return ""
    token = re.split(r"[\s/·×]", bare)[-1]
    letters = sum(map(str.isalpha, token))
    if bare[-1] in ")]":
        inside = re.split(r"[(\[]", bare[:-1])[-1]
        return "sure" if _WORDY.search(inside) else "claimed"  # "f(x)" has no word inside
    if _STOP.search(bare):
        return "sure"
    if _WORD_END.search(bare) or letters >= 4:
        return "sure"
    if sign[0].isdigit() and _SHORT_WORD_END.search(bare):
        return "claimed" if _QUANTITY.search(bare) else "likely"
    return "sure" if sign[0] in "†‡§¶" and letters > 1 else ""


def _note_signs(page: PageLayout) -> set[str]:
    """The marks with which the notes of a page begin."""
    signs = {note_mark(placed.line)[0] for placed in page.placed if placed.role == "footnote"}
    return {sign for sign in signs if sign}


def note_mark(line: TextLine) -> tuple[str | None, TextLine]:
    """A note's mark, and its first line without it; a number counts where it is raised."""
    is_raised = line.runs[0].raised
    match = (_RAISED_NOTE if is_raised else _NOTE).match(unicodedata.normalize("NFKC", line.text)) or _NOTE.match(
        line.text
    )
    if match is None or not (is_raised or not match[0][0].isdigit()):
        return None, line
    return match[0].strip(), without_first(line, match.end())


def begins_note(line: TextLine) -> bool:
    """Whether a line of the notes at a page's foot begins one."""
    return line.runs[0].raised or line.text[:1] in _SIGNS


# ------------------------------------------------------------------------------------------- out of the text


def without_marks(line: TextLine) -> tuple[str, list[tuple[int, float, float]]]:
    """A line's text without its marks, and its words' new places."""
    text = line.text
    cut = [False] * len(text)
    for run in line.runs:
        if run.is_mark:
            start, end = run.start, run.start + len(text[run.start : run.end].rstrip())
            if text[start - 1 : start] == " " and text[end : end + 1] in _AFTER_WORD:
                start -= 1
            cut[start:end] = [True] * (end - start)
    if not any(cut):
        return with_plain_hyphens(text), list(line.words)
    moved: list[int] = []
    kept = 0
    for flag in cut:
        moved.append(kept)
        kept += not flag
    moved.append(kept)
    spelt = "".join(char for char, flag in zip(text, cut, strict=True) if not flag)
    words: dict[int, tuple[int, float, float]] = {}
    for start, x0, x1 in line.words:
        if not cut[start]:
            words[moved[start]] = (moved[start], x0, x1)
    # A mark with blanks on both sides leaves two of them.
    return _squeezed(with_plain_hyphens(spelt), list(words.values()))


def raised_numbers(line: TextLine) -> list[tuple[int, str]]:
    """The numbers among a line's marks: how much of what ``without_marks`` leaves stood behind each, and it."""
    found: list[tuple[int, str]] = []
    if not any(run.is_mark for run in line.runs):
        return found
    gone, whole = 0, len(without_marks(line)[0])
    for run in line.runs:
        if run.is_mark:
            mark, before = line.text[run.start : run.end].strip(), line.text[: run.start]
            sign = unicodedata.normalize("NFKC", mark)
            begins_word = line.text[run.end - 1 : run.end + 1].isalnum() and line.text[run.end : run.end + 1].isalpha()
            if sign[:1].isdigit() and not begins_word:
                found.append((max(0, whole - len(before.rstrip()) + gone), sign))
            gone += len(mark)
    return found


def with_plain_hyphens(text: str) -> str:
    """The text with hyphens that the reader took for a broken word's; the one at the line's end stays what it is."""
    head, last = text[:-1], text[-1:]
    return head.replace(SOFT_HYPHEN, "-") + last


def _squeezed(text: str, words: list[tuple[int, float, float]]) -> tuple[str, list[tuple[int, float, float]]]:
    for match in reversed(list(re.finditer(r"^ +| +$| (?= )", text))):
        gone = match.end() - match.start()
        text = text[: match.start()] + text[match.end() :]
        words = [(start - gone if start >= match.end() else start, x0, x1) for start, x0, x1 in words]
    return text, words
