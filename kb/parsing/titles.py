"""The title of a paper: its most prominent lines above the text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.ids import plain_words
from kb.parsing.layout import BodyStyle, PageLayout, Placed

_BANNER = re.compile(
    r"^(?:(?:research |original |review )?(?:article|paper|letter|report)s?|review|open access|preprint"
    r"|technical report|journal of .*|proceedings .*|nature\b.*|science\b.*|arxiv.*|contents lists .*"
    r"|.*sciencedirect.*|.*elsevier.*)$",
    re.IGNORECASE,
)
_MARKS = re.compile(r"\s*[∗*†‡§¶⋆]+\s*$")


def read_title(
    front: Sequence[Placed], *, page: PageLayout, body: BodyStyle, stated: str, is_paper: bool
) -> tuple[str | None, list[Placed]]:
    """The title's text and lines: what the document information also says, else the most prominent lines."""
    groups = _title_groups(front, body=body)
    wanted = plain_words(stated)
    for group in groups:
        if len(wanted) > 8 and plain_words(_title_text(group)) == wanted:
            return _title_text(group), group
    best: tuple[float, list[Placed]] | None = None
    for group in groups:
        text = _title_text(group)
        if _BANNER.match(text) or not 4 <= len(text) <= 300 or "@" in text:
            continue
        if not _is_prominent(group, page=page, body=body, is_paper=is_paper):
            continue
        words = {1: 0.6, 2: 0.8}.get(len(text.split()), 1.0)
        score = (
            group[0].line.size * words * (1 - 0.5 * group[0].line.y0 / page.height) * (1.1 if group[0].line.bold else 1)
        )
        if best is None or score > best[0]:
            best = (score, group)
    if best is None:
        return None, []
    lines = best[1]
    return _title_text(lines), lines


def _is_prominent(group: Sequence[Placed], *, page: PageLayout, body: BodyStyle, is_paper: bool) -> bool:
    """Larger or bolder than the text; where the page shows no abstract or introduction, much larger and on top."""
    line = group[0].line
    if is_paper:
        return line.size > 1.05 * body.size or line.bold
    alike = sum(abs(placed.line.size - line.size) < 0.5 for placed in page.placed)
    return line.size > 1.35 * body.size and line.y0 < 0.35 * page.height and alike == len(group) <= 3


def _title_groups(front: Sequence[Placed], *, body: BodyStyle) -> list[list[Placed]]:
    """Lines of one type that stand below each other."""
    groups: list[list[Placed]] = []
    for placed in sorted(front, key=lambda placed: (placed.line.baseline, placed.line.x0)):
        line = placed.line
        for group in reversed(groups[-3:]):
            last = group[-1].line
            down = line.baseline - last.baseline
            tight = -0.2 * line.size <= down <= max(1.7, 1.15 * body.leading / body.size) * line.size
            tight = tight and line.x0 < last.x1 and last.x0 < line.x1
            if tight and abs(line.size - last.size) < 0.4 and line.bold == last.bold and line.font == last.font:
                group.append(placed)
                break
        else:
            groups.append([placed])
    return groups


def _title_text(lines: Sequence[Placed]) -> str:
    text = ""
    for placed in lines:
        piece = placed.line.without_raised().strip() or placed.line.text
        if text.endswith("\xad"):
            # In a title a hyphen at the line's end is nearly always the word's own.
            text = text[:-1] + "-" + piece
        else:
            text = f"{text} {piece}" if text and not text.endswith("-") else text + piece
    return _MARKS.sub("", re.sub(r"\s+", " ", text.replace("\xad", "-"))).strip()
