"""What each line of a page is: running text, equation, text of a float, code, footnote.

Headings and captions are found before (``kb.parsing.headings``, ``kb.parsing.captions``); this module sorts the
rest. Lines are judged in blocks (same column, same size, even steps), because one line alone says little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kb.parsing.captions import Caption
from kb.parsing.layout import BodyStyle, PageLayout, Placed
from kb.parsing.lines import TextLine, is_cjk
from kb.parsing.page import Graphic

_MONO = re.compile(r"mono|courier|cmtt|consol|sftt|inconsol|typewriter|menlo|lmtt|ectt|txtt|dejavusansm", re.IGNORECASE)
_FOOTNOTE_SIGN = re.compile(r"^[∗*†‡§¶♠♣♦♥⋆]|^\d{1,2}\s?(?=[A-Za-z“\"(])")
_EQUATION_NUMBER = re.compile(r"\(\s*(?:[A-Z]\.?)?\d{1,3}(?:\.\d+)?[a-z]?\s*\)$")
_ENDS_SENTENCE = re.compile(r"[.:;?!…][\"”’)\]]*$")
_BULLET = re.compile(r"^(?:[•◦▪‣·∙●○■□–—-]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]|\[\d+\])\s")

Box = tuple[float, float, float, float]


def assign_roles(page: PageLayout, captions: Sequence[Caption], *, body: BodyStyle) -> None:
    """Give a role to every line of the page that still has the role "body" by default."""
    _mark_footnotes(page, body=body)
    _mark_ruled_floats(page, captions)
    blocks = _blocks(page, body=body)
    verdicts = [_judge(block, page=page, body=body) for block in blocks]
    _attach_to_captions(page, captions, blocks, verdicts)
    for block, verdict in zip(blocks, verdicts, strict=True):
        if block[0].role == "body" and verdict == "junk":
            _settle(block)
        elif block[0].role == "body" and verdict in ("equation", "code"):
            for placed in block:
                placed.role = "equation" if verdict == "equation" else "code"


# ------------------------------------------------------------------------------------------- footnotes


def _mark_footnotes(page: PageLayout, *, body: BodyStyle) -> None:
    """Small lines at the foot of a column, from the first that begins with a mark."""
    for column in {placed.column for placed in page.placed}:
        lines = [placed for placed in page.placed if placed.column == column and placed.role != "furniture"]
        lines.sort(key=lambda placed: placed.line.baseline)
        small: list[Placed] = []
        for placed in reversed(lines):
            if placed.role != "body" or placed.line.size > 0.93 * body.size or placed.line.y0 < 0.3 * page.height:
                break
            small.append(placed)
        small.reverse()
        marked = [at for at, placed in enumerate(small) if _is_footnote_start(placed.line)]
        for placed in small[marked[0] :] if marked else []:
            placed.role = "footnote"


def _is_footnote_start(line: TextLine) -> bool:
    return line.runs[0].raised or bool(_FOOTNOTE_SIGN.match(line.text))


# ----------------------------------------------------------------------------------- floats with rules


def _mark_ruled_floats(page: PageLayout, captions: Sequence[Caption]) -> None:
    """Lines between equal rules, or in a frame, that touch a caption are the float's text."""
    boxes = [*_ruled_boxes(page.graphics), *_frames(page)]
    for caption in captions:
        area = _area(page.placed[index].line for index in caption.lines)
        for box in boxes:
            if not _touches(area, box):
                continue
            inside = [p for p in page.placed if p.role == "body" and _is_inside(p.line, box)]
            for placed in inside:
                placed.role, placed.float_label = "float", caption.label


def _ruled_boxes(graphics: Iterable[Graphic]) -> list[Box]:
    rules = sorted(
        (g for g in graphics if g.kind == "path" and g.y1 - g.y0 < 2 and g.x1 - g.x0 > 60), key=lambda g: g.y0
    )
    families: list[list[Graphic]] = []
    for rule in rules:
        for family in families:
            last = family[-1]
            if abs(last.x0 - rule.x0) < 2.5 and abs(last.x1 - rule.x1) < 2.5 and rule.y0 - last.y1 < 420:
                family.append(rule)
                break
        else:
            families.append([rule])
    boxes = []
    for family in families:
        if len(family) > 1:
            boxes.append((family[0].x0, family[0].y0, family[0].x1, family[-1].y1))
            if len(family) > 2:
                boxes.append((family[0].x0, family[0].y0, family[0].x1, family[2].y1))
    return boxes


def _frames(page: PageLayout) -> list[Box]:
    return [
        (g.x0, g.y0, g.x1, g.y1)
        for g in page.graphics
        if g.kind in ("path", "image")
        and g.x1 - g.x0 > 60
        and g.y1 - g.y0 > 25
        and (g.x1 - g.x0) * (g.y1 - g.y0) < 0.65 * page.width * page.height
    ]


def _area(lines: Iterable[TextLine]) -> Box:
    every = list(lines)
    return (
        min(line.x0 for line in every), min(line.y0 for line in every),
        max(line.x1 for line in every), max(line.y1 for line in every),
    )  # fmt: skip


def _touches(caption: Box, box: Box) -> bool:
    overlap = min(caption[2], box[2]) - max(caption[0], box[0])
    if overlap < 0.5 * min(caption[2] - caption[0], box[2] - box[0]):
        return False
    gap = max(caption[1] - box[3], box[1] - caption[3])
    return gap < 28 and box[3] - box[1] < 620


def _is_inside(line: TextLine, box: Box) -> bool:
    x, y = (line.x0 + line.x1) / 2, (line.y0 + line.y1) / 2
    return box[0] - 3 <= x <= box[2] + 3 and box[1] - 1 <= y <= box[3] + 1


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


def _judge(block: list[Placed], *, page: PageLayout, body: BodyStyle) -> str:
    """ "prose", "weak" (prose unless it lies in a float), "equation", "code" or "junk"."""
    lines = [placed.line for placed in block]
    if sum(bool(_MONO.search(line.font)) for line in lines) > 0.6 * len(lines) and not body_is_mono(body):
        return "code"
    start, end = page.span_of(block[0].column)
    wide = [line for line in lines if line.width >= 0.8 * (end - start)]
    letters = _letters(lines)
    rows = _rows_with_several(block)
    size = lines[0].size / body.size
    long = len(lines[0].text.split()) >= 6 or sum(map(is_cjk, lines[0].text)) >= 12
    if 0.72 <= size <= 1.25 and letters > 0.55 and rows < 0.3 and wide:
        if len(lines) > 1 and len(wide) >= 0.35 * len(lines):
            return "prose"
        if len(lines) == 1 and long and letters > 0.6:
            return "prose"
    if _is_equation(lines, letters):
        return "equation"
    if abs(size - 1) <= 0.06 and rows <= 0.34 and letters > 0.5 and any(line.font in body.fonts for line in lines):
        return "weak"
    return "junk"


def body_is_mono(body: BodyStyle) -> bool:
    """Whether the running text itself is set like code (drafts, RFCs)."""
    return any(_MONO.search(font) for font in body.fonts)


def _is_equation(lines: Sequence[TextLine], letters: float) -> bool:
    text = " ".join(line.text for line in lines)
    maths = math_share(lines)
    words = len(re.findall(r"[A-Za-z]{4,}", text))
    if maths >= 0.3 and words <= 3 + 0.04 * len(text):
        return True
    has_sign = bool(re.search(r"[=≤≥<>∈≈∼←→:]|\\sum|[∑∏∫]", text))
    numbered = bool(_EQUATION_NUMBER.search(lines[-1].text) or _EQUATION_NUMBER.search(lines[0].text))
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


# ---------------------------------------------------------------------------------------------- floats


def _attach_to_captions(
    page: PageLayout, captions: Sequence[Caption], blocks: list[list[Placed]], verdicts: list[str]
) -> None:
    """Junk beside a caption, and what lies between, belongs to its float."""
    places = {id(placed): at for at, placed in enumerate(page.placed)}
    of_block = {places[id(block[0])]: number for number, block in enumerate(blocks)}
    starts = sorted(of_block)
    for caption in captions:
        first, last = caption.lines[0], caption.lines[-1]
        above = [of_block[at] for at in reversed(starts) if at < first]
        below = [of_block[at] for at in starts if at > last]
        up = _group(page, blocks, verdicts, above, caption=caption, going_up=True)
        down = _group(page, blocks, verdicts, below, caption=caption, going_up=False)
        first_choice, second = (up, down) if prefers_above[caption.name] else (down, up)
        for number in first_choice or second:
            for placed in blocks[number]:
                placed.role, placed.float_label = "float", caption.label


def _group(
    page: PageLayout,
    blocks: list[list[Placed]],
    verdicts: list[str],
    order: list[int],
    *,
    caption: Caption,
    going_up: bool,
) -> list[int]:
    group: list[int] = []
    column = page.placed[caption.lines[0]].column
    edge = _area(page.placed[index].line for index in caption.lines)
    limit = _barrier(page, edge, column=column, going_up=going_up)
    is_code = caption.name in ("Algorithm", "Listing")
    for number in order:
        block = blocks[number]
        area = _area(placed.line for placed in block)
        beyond = area[3] < limit - 1 if going_up else area[1] > limit + 1
        if beyond or (column >= 0 and block[0].column not in (column, -1)):
            break
        if block[0].role == "float":
            continue
        if verdicts[number] == "prose" or (is_code and going_up):
            break
        group.append(number)
    return group


def _barrier(page: PageLayout, edge: Box, *, column: int, going_up: bool) -> float:
    """y of the next heading or other caption beyond which nothing belongs to this caption."""
    limit = 0.0 if going_up else page.height
    for placed in page.placed:
        if placed.role not in ("heading", "caption") or (column >= 0 and placed.column not in (column, -1)):
            continue
        line = placed.line
        if going_up and line.y1 <= edge[1] + 1:
            limit = max(limit, line.y1)
        elif not going_up and line.y0 >= edge[3] - 1:
            limit = min(limit, line.y0)
    return limit


def _settle(block: list[Placed]) -> None:
    """Junk that no caption owns: keep what reads as words, call the rest a table without a name."""
    lines = [placed.line for placed in block]
    if _letters(lines) >= 0.5 and _rows_with_several(block) < 0.5:
        return
    for placed in block:
        placed.role = "float"
