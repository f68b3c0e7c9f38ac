"""Numbered headings that run into their paragraph: "3.1. Data sets. We use …" becomes a heading and its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from kb.parsing.layout import BodyStyle, PageLayout, Placed
from kb.parsing.lines import TextLine, only_first, without_first

_NUMBER = re.compile(r"^(?:(?:\d{1,2}|[A-Z])(?:\.\d{1,2}){1,3}\.?|\d{1,2}\))\s+(?=[A-Z])")
_MAX_WORDS = 14
_STATEMENT = re.compile(
    r"(?:theorem|lemma|definition|proposition|corollary|remark|example|proof|conjecture|claim|notation|question)\b",
    re.IGNORECASE,
)


def split_run_in_headings(pages: Sequence[PageLayout], *, body: BodyStyle) -> None:
    """Part each such line in two: the title (``is_run_in``) and, right after it, what follows on the same line."""
    for page in pages:
        placed: list[Placed] = []
        for one in page.placed:
            end = _title_end(one.line, body=body) if one.role == "body" else 0
            if end:
                title = only_first(one.line, end)
                bare = title.text.rstrip(" .:—–-")
                placed.append(replace(one, line=only_first(title, len(bare)), is_run_in=True))
                placed.append(replace(one, line=without_first(one.line, end)))
            else:
                placed.append(one)
        page.placed = placed


def _title_end(line: TextLine, *, body: BodyStyle) -> int:
    """Where the title of a run-in heading ends in the line: its type ends there, and it ends with a stop; else 0."""
    number = _NUMBER.match(line.text)
    if number is None or not line.upright:
        return 0
    inside = [run for run in line.runs if run.end > number.end() and not run.raised]
    title = inside[0].style
    if len(inside) < 2 or not (title.bold or title.italic or title.font not in body.fonts) or title.is_math:
        return 0
    after = next((run for run in inside if run.style[:2] != title[:2]), None)
    if after is None or after.style.bold or after.style.italic or after.style.font not in body.fonts:
        return 0
    if number[0].rstrip().endswith(")") and (title.bold or not title.italic):
        return 0  # an item of a list
    text = line.text[number.end() : after.start].rstrip()
    ends = re.search(r"[.:?!—–]$", text) is not None
    if not ends or not 1 <= len(text.split()) <= _MAX_WORDS or _STATEMENT.match(text):
        return 0
    return after.start
