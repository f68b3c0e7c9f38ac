"""The list of references: which lines are in it, and where one entry ends and the next begins."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from kb.names import PARTICLES
from kb.parsing.headings import Heading
from kb.parsing.layout import PageLayout, Placed
from kb.parsing.lines import TextLine
from kb.structure import APPENDIX, bare_title, is_references

_NUMBER = re.compile(r"^\s*(?:\[(?P<a>\d{1,3})\]|\((?P<b>\d{1,3})\)|(?P<c>\d{1,3})\.(?=\s|[A-Z]))\s*")
_BRACKETED = re.compile(r"^\s*[\[(](?P<number>\d{1,3})[\])]\s*")
_KEY = re.compile(r"^\s*\[(?P<key>[^\]\s]{1,12}[^\]]{0,24})\]\s*\S")
_AUTHOR_START = re.compile(
    rf"^[A-ZÀ-ÞĀ-Ž][\w'’\-À-ž]+[,.\s]|^[A-Z]\.\s?(?:[A-Z]\.\s?)*[A-ZÀ-Þ]|^(?:{'|'.join(sorted(PARTICLES))})\s"
)
_MAX_ENTRY_LINES = 25
_MAY_BE_ENTRIES = ("body", "heading", "footnote", "equation", "code")
_YEAR = re.compile(r"\b(?:1[6-9]|20)\d\d[a-z]?\b")


def mark_references(pages: Sequence[PageLayout], headings: Sequence[Heading]) -> None:
    """Give the role "reference" to every line below a references heading, up to an appendix or later section.

    A paper without such a heading (letters in physics) may end in a list that counts from [1].
    """
    if not any(is_references(heading.title) for heading in headings):
        _mark_unnamed_list(pages)
    for at, heading in enumerate(headings):
        if not is_references(heading.title):
            continue
        later = next((h for h in headings[at + 1 :] if _ends_list(h, heading)), None)
        for page in pages[heading.page - 1 : later.page if later else len(pages)]:
            first = heading.lines[-1] + 1 if page.number == heading.page else 0
            end = later.lines[0] if later and page.number == later.page else len(page.placed)
            for placed in page.placed[first:end]:
                if placed.role == "footnote" and _is_true_footnote(page, placed):
                    continue
                if placed.role in _MAY_BE_ENTRIES or (placed.role == "float" and placed.float_label is None):
                    placed.role = "reference"


def _mark_unnamed_list(pages: Sequence[PageLayout]) -> None:
    lines = [p for page in pages for p in page.placed if p.role in _MAY_BE_ENTRIES and p.role != "heading"]
    for numbers in ([_bracketed(p.line) for p in lines], [_raised(p.line) for p in lines]):
        if _mark_list_from_one(lines, numbers):
            return


def _bracketed(line: TextLine) -> int | None:
    match = _BRACKETED.match(line.text)
    return int(match["number"]) if match else None


def _raised(line: TextLine) -> int | None:
    """The raised number that an entry begins with, as journals of physics print it."""
    first = line.runs[0]
    text = line.text[first.start : first.end].strip() if first.raised else ""
    return int(text) if text.isdigit() and len(text) <= 3 else None


def _mark_list_from_one(lines: Sequence[Placed], numbers: Sequence[int | None]) -> bool:
    """Mark the last list that counts from 1 to the end of the paper, when its entries look like references."""
    starts = [at for at, number in enumerate(numbers) if number == 1 and at > len(lines) // 3]
    for start in reversed(starts):
        rising = [at for at, marker in enumerate(_rising(numbers[start:])) if marker]
        dated = sum(
            bool(_YEAR.search(" ".join(placed.line.text for placed in lines[start + a : start + b])))
            for a, b in pairwise([*rising, len(lines) - start])
        )
        longest = max((b - a for a, b in pairwise(rising)), default=0)
        if len(rising) < 3 or dated < 0.6 * len(rising) or longest > _MAX_ENTRY_LINES:
            continue
        for placed in lines[start:]:
            placed.role = "reference"
        for placed in reversed(lines[:start]):  # notes to the authors stand before the first entry
            if abs(placed.line.size - lines[start].line.size) > 0.3 or placed.line.text[:1] not in "∗*†‡§¶":
                break
            placed.role = "footnote"
        return True
    return False


def _is_true_footnote(page: PageLayout, placed: Placed) -> bool:
    """Whether the lines at the foot of the column begin with a raised mark, as entries do not."""
    column = [p for p in page.placed if p.role == "footnote" and p.column == placed.column]
    return column[0].line.runs[0].raised


def _ends_list(heading: Heading, references: Heading) -> bool:
    title = heading.title
    if is_references(title):
        return False
    return heading.level <= references.level or bool(APPENDIX.match(title)) or bare_title(title) != title


def split_references(lines: Sequence[Placed]) -> list[tuple[str | None, list[Placed]]]:
    """Entries in order, each with its marker ("12", "Kar20") where it has one.

    By numbers or keys in brackets where the list has them; else by the hanging indent; else by what looks like
    the start of an entry after what looks like an end.
    """
    for numbers in ([_printed(p.line) for p in lines], [_raised(p.line) for p in lines]):
        if _is_numbered([number for number in numbers if number is not None]):
            return _split_at(lines, _rising(numbers))
    keys = [_KEY.match(placed.line.text) for placed in lines]
    if sum(match is not None for match in keys) >= 3:
        return _split_at(lines, [match["key"] if match else None for match in keys])
    starts = _hanging(lines) or _plain(lines)
    entries: list[tuple[str | None, list[Placed]]] = []
    for placed, begins in zip(lines, starts, strict=True):
        if begins or not entries:
            entries.append((None, []))
        entries[-1][1].append(placed)
    return entries


def _printed(line: TextLine) -> int | None:
    match = _NUMBER.match(line.text)
    return int(match[match.lastindex or 1]) if match else None


def _is_numbered(numbers: list[int]) -> bool:
    return len(numbers) >= 3 and numbers[0] <= 2


def _rising(numbers: Sequence[int | None]) -> list[str | None]:
    """Numbers that go up by one (or a few, where one was lost); a year or page at a line's start is none."""
    last = 0
    found: list[str | None] = []
    for number in numbers:
        if number is not None and last < number <= last + 3:
            last = number
            found.append(str(number))
        else:
            found.append(None)
    return found


def _split_at(lines: Sequence[Placed], markers: Sequence[str | None]) -> list[tuple[str | None, list[Placed]]]:
    entries: list[tuple[str | None, list[Placed]]] = []
    for placed, marker in zip(lines, markers, strict=True):
        if marker is not None or not entries:
            entries.append((marker, []))
        entries[-1][1].append(placed)
    return entries


def _hanging(lines: Sequence[Placed]) -> list[bool] | None:
    """Entry starts by hanging indent; None where the list does not hang."""
    lefts: dict[tuple[int, int], list[float]] = defaultdict(list)
    for placed in lines:
        lefts[placed.line.page, placed.column].append(placed.line.x0)
    edge = {key: sorted(values)[min(len(values) - 1, len(values) // 20)] for key, values in lefts.items()}
    starts = [placed.line.x0 - edge[placed.line.page, placed.column] < 2.5 for placed in lines]
    share = sum(starts) / max(1, len(starts))
    # A column of continuation lines only has no edge of its own; at most every second line or so starts an entry.
    if not 0.08 <= share <= 0.72 or len(lines) < 4:
        return None
    for at, placed in enumerate(lines):
        text = placed.line.text
        no_name = not re.match(r"[\W\d]*[^\W\d_]", text)
        if no_name or (text[:1].islower() and not _AUTHOR_START.match(text)):
            starts[at] = False
    return starts


def _plain(lines: Sequence[Placed]) -> list[bool]:
    """Entry starts where the line before closes an entry and this one begins with a name."""
    starts: list[bool] = []
    has_year = False
    for at, placed in enumerate(lines):
        before = lines[at - 1].line if at else None
        closed = before is None or before.text.rstrip().endswith(".")
        gap = before is not None and before.page == placed.line.page and placed.column == lines[at - 1].column
        apart = bool(gap and before and placed.line.baseline - before.baseline > 1.35 * placed.line.size)
        begins = closed and bool(_AUTHOR_START.match(placed.line.text)) and (has_year or apart or before is None)
        starts.append(begins)
        has_year = bool(_YEAR.search(placed.line.text)) or (has_year and not begins)
    return starts
