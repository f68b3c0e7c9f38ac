"""What each line of a page is: running text, equation, text of a float, code, footnote.

Headings and captions are found before (``kb.parsing.headings``, ``kb.parsing.captions``); this module sorts the
rest. Lines are judged in blocks (same column, same size, even steps), because one line alone says little.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.parsing.captions import Caption
from kb.parsing.float_lines import PageFloats, Verdict, attach_to_captions, is_table_note, mark_boxed_floats
from kb.parsing.layout import BodyStyle, PageLayout, Placed
from kb.parsing.lines import TextLine
from kb.parsing.page import rules_of
from kb.text import CLOSERS, FULL_STOPS, is_set_solid

_MONO = re.compile(r"mono|courier|cmtt|consol|sftt|inconsol|typewriter|menlo|lmtt|ectt|txtt|dejavusansm", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://|www\.|@|\.(?:com|org|io)\b")
_FOOTNOTE_SIGN = re.compile(r"^[∗*†‡§¶♠♣♦♥⋆]|^\d{1,2}\s?(?=[A-Za-z“\"(])")
_EQUATION_NUMBER = re.compile(r"\(\s*(?:[A-Z]\.?)?\d{1,3}(?:\.\d+)?[a-z]?\s*\)$")
_ENDS_SENTENCE = re.compile(rf"[:;{FULL_STOPS}][{CLOSERS}]*$")


def assign_roles(pages: Sequence[PageLayout], captions: Sequence[Sequence[Caption]], *, body: BodyStyle) -> None:
    """Give a role to every line that still has the role "body" by default.

    Args:
        pages: the whole document, headings and references marked.
        captions: the captions of each page.
        body: how running text is set.
    """
    floats = []
    for page, its_captions in zip(pages, captions, strict=True):
        _mark_footnotes(page, body=body)
        floats.append(PageFloats(page, its_captions))
    mark_boxed_floats(floats)
    for of_page in floats:
        of_page.blocks = _blocks(of_page.page, body=body)
        of_page.verdicts = [_judge(block, page=of_page.page, body=body) for block in of_page.blocks]
    attach_to_captions(floats)
    for of_page in floats:
        for block, verdict in zip(of_page.blocks, of_page.verdicts, strict=True):
            if block[0].role == "body" and verdict == "junk":
                _settle(block)
            elif block[0].role == "body" and verdict in ("equation", "code"):
                for placed in block:
                    placed.role = "equation" if verdict == "equation" else "code"


# ------------------------------------------------------------------------------------------- footnotes


def _mark_footnotes(page: PageLayout, *, body: BodyStyle) -> None:
    """Small lines at the foot of a column: from the first that begins with a mark, or below the footnotes' rule.

    On the first page notes need no mark: addresses, dates, permissions.
    """
    for column in {placed.column for placed in page.placed}:
        lines = [placed for placed in page.placed if placed.column == column and placed.role != "furniture"]
        lines.sort(key=lambda placed: placed.line.baseline)
        small: list[Placed] = []
        for placed in reversed(lines):
            if placed.role != "body" or placed.line.size > 0.93 * body.size or placed.line.y0 < 0.3 * page.height:
                break
            small.append(placed)
        if (
            column == -1
            and small
            and any(p.role == "body" and p.line.y0 > small[0].line.y1 for p in page.placed if p.column != -1)
        ):
            continue  # small print across the head of the page: an abstract
        small.reverse()
        above = lines[-len(small) - 1] if small and len(small) < len(lines) else None
        if small and above and _begin_notes(above, small, page=page, body=body):
            start: int | None = 0
        else:
            start = next((at for at, placed in enumerate(small) if _is_footnote_start(placed.line)), None)
        for placed in small[start:] if start is not None else []:
            placed.role = "footnote"


def _begin_notes(above: Placed, small: Sequence[Placed], *, page: PageLayout, body: BodyStyle) -> bool:
    """Whether notes begin with the first small line: a short rule above it, or on the first page a gap."""
    first = small[0].line
    if above.role not in ("body", "heading", "front") or _letters([placed.line for placed in small]) < 0.6:
        return False
    start, end = page.span_of(small[0].column)
    rules = rules_of(page.graphics, longer_than=20)
    rules = [g for g in rules if above.line.baseline - 1 < g.y0 < small[-1].line.y1 and start - 5 < g.x0 < end]
    short = [g for g in rules if abs(g.x0 - start) < 3 and g.x1 - g.x0 < 0.6 * (end - start) and g.y0 < first.baseline]
    if len(rules) == len(short) == 1:
        return True
    gap = first.baseline - above.line.baseline
    return page.number == 1 and not rules and gap > 1.4 * body.leading and first.y0 > 0.5 * page.height


def _is_footnote_start(line: TextLine) -> bool:
    return line.runs[0].raised or bool(_FOOTNOTE_SIGN.match(line.text))


# ---------------------------------------------------------------------------------------------- blocks


def _blocks(page: PageLayout, *, body: BodyStyle) -> list[list[Placed]]:
    """Runs of undecided lines that stand evenly below each other in one column."""
    blocks: list[list[Placed]] = []
    before: Placed | None = None
    for placed in page.placed:
        if placed.role != "body":
            if placed.role != "furniture":
                before = None
            continue
        if before is not None and _goes_on(before, placed, body=body):
            blocks[-1].append(placed)
        else:
            blocks.append([placed])
        before = placed
    return blocks


def _goes_on(before: Placed, placed: Placed, *, body: BodyStyle) -> bool:
    if before.column != placed.column or abs(before.line.size - placed.line.size) > 0.7:
        return False
    down = placed.line.baseline - before.line.baseline
    return -1 <= down <= 1.32 * max(body.leading * placed.line.size / body.size, 1.05 * placed.line.size)


def _letters(lines: Sequence[TextLine]) -> float:
    text = "".join(line.text for line in lines)
    return sum(char.isalpha() for char in text) / max(1, len(text.replace(" ", "")))


def math_share(lines: Sequence[TextLine]) -> float:
    """Share of characters set in mathematical fonts, 0 to 1."""
    total = maths = 0
    for line in lines:
        for run in line.runs:
            total += run.end - run.start
            maths += (run.end - run.start) * (run.style.is_math or run.raised)
    return maths / max(1, total)


def _judge(block: list[Placed], *, page: PageLayout, body: BodyStyle) -> Verdict:
    """ "prose", "weak" (prose unless it lies in a float), "equation", "code" or "junk"."""
    lines = [placed.line for placed in block]
    if sum(_is_code(line) for line in lines) > 0.6 * len(lines) and not body_is_mono(body):
        return "code"
    start, end = page.span_of(block[0].column)
    wide = [line for line in lines if line.width >= 0.8 * (end - start)]
    letters = _letters(lines)
    rows = _rows_with_several(block)
    size = lines[0].size / body.size
    long = len(lines[0].text.split()) >= 6 or sum(map(is_set_solid, lines[0].text)) >= 12
    if size < 0.93 and is_table_note(lines[0]):
        return "weak"
    if _is_numbered_equation(lines):
        return "equation"
    if 0.72 <= size <= 1.25 and letters > 0.55 and rows < 0.3 and wide:
        if len(lines) > 1 and len(wide) >= 0.35 * len(lines):
            return "prose"
        if len(lines) == 1 and long and letters > 0.6:
            # One line that neither goes on a sentence nor ends one may be a label.
            text = lines[0].text
            return "prose" if text[:1].islower() or _ENDS_SENTENCE.search(text) or abs(size - 1) > 0.06 else "weak"
    if _is_equation(lines, letters):
        return "equation"
    if abs(size - 1) <= 0.06 and rows <= 0.34 and letters > 0.5 and any(line.font in body.fonts for line in lines):
        return "weak"
    return "junk"


def _is_code(line: TextLine) -> bool:
    """Whether a line is set like a program; one that only ends in an address is not."""
    starts_mono = bool(_MONO.search(line.runs[0].style.font)) and " " in line.text
    return bool(_MONO.search(line.font)) and (starts_mono or not _ADDRESS.search(line.text))


def body_is_mono(body: BodyStyle) -> bool:
    """Whether the running text itself is set like code (drafts, RFCs)."""
    return any(_MONO.search(font) for font in body.fonts)


def _is_numbered_equation(lines: Sequence[TextLine]) -> bool:
    text = " ".join(line.text for line in lines)
    numbered = any(_EQUATION_NUMBER.search(line.text) for line in lines)
    words = len(re.findall(r"[A-Za-z]{4,}", text))
    return numbered and "=" in text and words <= 6 and math_share(lines) >= 0.2


def _is_equation(lines: Sequence[TextLine], letters: float) -> bool:
    text = " ".join(line.text for line in lines)
    maths = math_share(lines)
    words = len(re.findall(r"[A-Za-z]{4,}", text))
    if maths >= 0.3 and words <= 3 + 0.04 * len(text):
        return True
    has_sign = bool(re.search(r"[=≤≥<>∈≈∼←→:]|\\sum|[∑∏∫]", text))
    numbered = any(_EQUATION_NUMBER.search(line.text) for line in lines)
    return has_sign and (maths >= 0.15 or numbered) and words <= 8 and letters < 0.85


def _rows_with_several(block: list[Placed]) -> float:
    """Share of printed rows that hold several pieces with wide gaps: tables have them, prose has not."""
    rows: list[int] = []
    last: float | None = None
    for placed in block:
        if last is not None and abs(placed.line.baseline - last) < 0.3 * placed.line.size:
            rows[-1] += 1
        else:
            rows.append(1)
        last = placed.line.baseline
    return sum(count > 1 for count in rows) / max(1, len(rows))


def _settle(block: list[Placed]) -> None:
    """Junk that no caption owns: keep what reads as words, call the rest a table without a name."""
    lines = [placed.line for placed in block]
    if _letters(lines) >= 0.5 and _rows_with_several(block) < 0.5:
        return
    for placed in block:
        placed.role = "float"
