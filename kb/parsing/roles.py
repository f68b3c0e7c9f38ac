"""What each line of a page is: running text, equation, text of a float, code, footnote, caption, table of contents.

Captions and the lines of their floats come first: what rules or a frame enclose, what stands beside. A paper sets its
captions on one side; where a float could be above or below its caption, the clear cases of the document decide. The
rest is sorted in blocks (same column, same size, even steps), because one line alone says little. Headings are found
before (``kb.parsing.headings``). Tables of contents and lists of figures say what stands where, and are no text of the
paper.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from kb.parsing.captions import FloatCaption
from kb.parsing.equations import find_displays
from kb.parsing.layout import BodyStyle, PageLayout, Placed
from kb.parsing.page import (
    Graphic,
    Rectangle,
    TextLine,
    area_of,
    rules_of,
    stands_in,
)
from kb.text import CLOSERS, FULL_STOPS, is_set_solid

if TYPE_CHECKING:
    pass


class Caption(NamedTuple):
    """A caption's lines (places in the page's reading order) and what it names: "Figure", "Figure 3"."""

    name: str
    label: str
    lines: list[int]


def mark_captions(pages: Sequence[PageLayout], captions: Sequence[FloatCaption]) -> list[list[Caption]]:
    """The captions of each page in reading order; their lines get the role "caption" and the float's label."""
    found: dict[int, list[Caption]] = {page.number: [] for page in pages}
    for caption in captions:
        places = {id(item): at for at, item in enumerate(caption.page.items)}
        lines = sorted(places[id(item)] for item in caption.items)
        found[caption.page.number].append(Caption(caption.family, caption.label, lines))
    for page in pages:
        found[page.number].sort(key=lambda caption: caption.lines)
        for own in found[page.number]:
            for at in own.lines:
                page.placed[at].role = "caption"
                page.placed[at].float_label = own.label
    return [found[page.number] for page in pages]


Verdict = Literal["prose", "weak", "equation", "code", "junk"]
_NEAR_POINTS = 28.0
_TALLEST_POINTS = 640.0
_APART_POINTS = 420.0  # rules that stand farther apart are not of one table
_HEAD_POINTS = 80.0
_CODE_NAMES = ("Algorithm", "Listing")
_ROWS_APART = 3.5  # of a program, in units of its size: rows between them may be of something else
_LEAST_PITCHED = 3  # letters of a word whose width tells
_LEAST_PITCHED_WORDS = 3
_LEAST_PITCHED_LETTERS = 12
_PITCH_SLACK = 0.01  # share of a letter's width


@dataclass(slots=True)
class _PageFloats:
    """A page with its captions, and its undecided blocks of lines with a verdict each."""

    page: PageLayout
    captions: Sequence[Caption]
    blocks: list[list[Placed]] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)


# ------------------------------------------------------------------------------------- rules and frames


def _mark_boxed_floats(floats: Sequence[_PageFloats]) -> None:
    """Lines between equal rules, or in a frame, that touch a caption are the float's text."""
    touching: list[tuple[_PageFloats, Rectangle, list[tuple[Caption, bool]]]] = []
    for of_page in floats:
        for box in [*_ruled_boxes(of_page), *_frames(of_page.page)]:
            owners = [(caption, above) for caption in of_page.captions for above in _sides(of_page.page, caption, box)]
            if owners:
                touching.append((of_page, box, owners))
    is_above = _vote((owners[0][0].name, owners[0][1]) for _, _, owners in touching if len(owners) == 1)
    sides = {(id(caption), above) for _, _, owners in touching for caption, above in owners}
    for of_page, box, owners in touching:
        on_side = [caption for caption, above in owners if above == is_above[caption.name]]
        if not on_side and all((id(caption), is_above[caption.name]) in sides for caption, _ in owners):
            continue  # a float stands on one side of its caption
        caption = on_side[0] if on_side else owners[0][0]
        for placed in of_page.page.placed:
            if placed.role == "body" and placed.float_label is None and _is_inside(placed.line, box):
                placed.role, placed.float_label = "float", caption.label


def _vote(sides: Iterable[tuple[str, bool]]) -> dict[str, bool]:
    """For each name of float whether it stands above its caption; figures and tables do where nothing tells."""
    votes: dict[str, Counter[bool]] = defaultdict(Counter)
    for name, above in sides:
        votes[name][above] += 1
    found: dict[str, bool] = defaultdict(lambda: True)
    found.update({name: counts[True] >= counts[False] for name, counts in votes.items()})
    for name in _CODE_NAMES:
        found.setdefault(name, False)
    return found


def _sides(page: PageLayout, caption: Caption, box: Rectangle) -> list[bool]:
    """[True] when the box touches the caption and lies above it, [False] when it lies below or around, else []."""
    area = area_of(page.placed[index].line for index in caption.lines)
    overlap = min(area[2], box[2]) - max(area[0], box[0])
    if overlap < 0.5 * min(area[2] - area[0], box[2] - box[0]) or box[3] - box[1] > _TALLEST_POINTS:
        return []
    if max(area[1] - box[3], box[1] - area[3]) > _NEAR_POINTS:
        return []
    return [box[3] < (area[1] + area[3]) / 2]


def _ruled_boxes(of_page: _PageFloats) -> list[Rectangle]:
    """From the first to the last of equal rules that no caption or heading parts."""
    areas = [area_of(of_page.page.placed[index].line for index in caption.lines) for caption in of_page.captions]
    areas += [area_of([placed.line]) for placed in of_page.page.placed if placed.role == "heading"]
    families: list[list[Graphic]] = []
    for rule in of_page.page.long_rules():
        for family in families:
            last = family[-1]
            is_equal = abs(last.x0 - rule.x0) < 2.5 and abs(last.x1 - rule.x1) < 2.5
            # Two rules with a table's head between them: the third may end the page.
            has_head = len(family) > 1 and last.y0 - family[-2].y1 < _HEAD_POINTS
            least = _TALLEST_POINTS if has_head else _APART_POINTS
            if is_equal and rule.y0 - last.y1 <= least and not _parted(last, rule, areas):
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


def _parted(rule: Graphic, other: Graphic, captions: Sequence[Rectangle]) -> bool:
    return any(
        rule.y1 - 1 < area[1] and area[3] < other.y0 + 1 and min(area[2], rule.x1) - max(area[0], rule.x0) > 20
        for area in captions
    )


def _frames(page: PageLayout) -> list[Rectangle]:
    return [
        (g.x0, g.y0, g.x1, g.y1)
        for g in page.graphics
        if g.kind in ("path", "image")
        and g.x1 - g.x0 > 60
        and g.y1 - g.y0 > 25
        and (g.x1 - g.x0) * (g.y1 - g.y0) < 0.65 * page.width * page.height
    ]


def _is_inside(line: TextLine, box: Rectangle) -> bool:
    return stands_in(line, [(box[0] - 3, box[1] - 1, box[2] + 3, box[3] + 1)])


# ---------------------------------------------------------------------------------------------- floats


def _attach_to_captions(floats: Sequence[_PageFloats]) -> None:
    """Junk beside a caption, and what lies between, belongs to its float."""
    choices: list[tuple[_PageFloats, Caption, list[int], list[int]]] = []
    for of_page in floats:
        places = {id(placed): at for at, placed in enumerate(of_page.page.placed)}
        of_block = {places[id(block[0])]: number for number, block in enumerate(of_page.blocks)}
        for caption in of_page.captions:
            above = [of_block[at] for at in sorted(of_block, reverse=True) if at < caption.lines[0]]
            below = [of_block[at] for at in sorted(of_block) if at > caption.lines[-1]]
            up = _top_float(of_page, above, below, caption=caption)
            up = up or _group(of_page, above, caption=caption, going_up=True)
            down = _group(of_page, below, caption=caption, going_up=False)
            choices.append((of_page, caption, up, down))
    is_above = _vote((caption.name, bool(up)) for _, caption, up, down in choices if bool(up) != bool(down))
    for of_page, caption, up, down in choices:
        first, second = (up, down) if is_above[caption.name] else (down, up)
        own = [placed.line for placed in of_page.page.placed if _is_of(placed, caption)]
        if own:  # a float stands on one side of its caption
            edge = area_of(of_page.page.placed[index].line for index in caption.lines)
            lies_above, lies_below = area_of(own)[3] < edge[1] + 2, area_of(own)[1] > edge[3] - 2
            first, second = (up, []) if lies_above else (down, []) if lies_below else (first, second)
        free = [number for number in first if of_page.blocks[number][0].role == "body"]
        for number in free or second:
            for placed in of_page.blocks[number]:
                if placed.role == "body":
                    placed.role, placed.float_label = "float", caption.label


def _is_of(placed: Placed, caption: Caption) -> bool:
    return placed.role == "float" and placed.float_label == caption.label


def _top_float(of_page: _PageFloats, above: list[int], below: list[int], *, caption: Caption) -> list[int]:
    """All blocks above the caption when the running text clearly resumes only below it.

    A sentence that was left unfinished goes on in lower case: if the text below the caption does and what stands
    at the head of the column does not, the head of the column is the float, even where it reads like prose.
    """
    column = of_page.page.placed[caption.lines[0]].column
    heads = [number for number in above if of_page.blocks[number][0].column == column]
    after = next((number for number in below if of_page.blocks[number][0].column == column), None)
    if not heads or after is None or of_page.verdicts[after] != "prose":
        return []
    edge = area_of(of_page.page.placed[index].line for index in caption.lines)
    if _barrier(of_page.page, edge, column=column, going_up=True) > 0:
        return []  # a heading or another caption stands above
    resumes = of_page.blocks[after][0].line.text[:1].islower()
    begins_anew = not of_page.blocks[heads[-1]][0].line.text[:1].islower()
    return heads if resumes and begins_anew and "junk" in {of_page.verdicts[number] for number in heads} else []


def _group(of_page: _PageFloats, order: list[int], *, caption: Caption, going_up: bool) -> list[int]:
    """Blocks from the caption on, up to running text, a heading or another caption."""
    group: list[int] = []
    page = of_page.page
    column = page.placed[caption.lines[0]].column
    edge = area_of(page.placed[index].line for index in caption.lines)
    limit = _barrier(page, edge, column=column, going_up=going_up)
    is_code = caption.name in _CODE_NAMES
    for number in order:
        block = of_page.blocks[number]
        area = area_of(placed.line for placed in block)
        beyond = area[3] < limit - 1 if going_up else area[1] > limit + 1
        if beyond or (column >= 0 and block[0].column not in (column, -1)):
            break
        if of_page.verdicts[number] == "prose" or (is_code and going_up):
            break
        group.append(number)
    while not is_code and group and of_page.verdicts[group[-1]] in ("weak", "equation"):
        if _is_table_note(of_page.blocks[group[-1]][0].line):
            break
        group.pop()  # at the outer end it is running text after all
    return group


def _is_table_note(line: TextLine) -> bool:
    """Whether the line begins with a sign that a table explains below itself."""
    return line.text[:1] in "*∗†‡§¶"


def _barrier(page: PageLayout, edge: Rectangle, *, column: int, going_up: bool) -> float:
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


_MONO = re.compile(r"mono|courier|cmtt|consol|sftt|inconsol|typewriter|menlo|lmtt|ectt|txtt|dejavusansm", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://|www\.|@|\.(?:com|org|io)\b")
_FOOTNOTE_SIGN = re.compile(r"^[∗*†‡§¶♠♣♦♥⋆]|^\d{1,2}\s?(?=[A-Za-z“\"(])")
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
        floats.append(_PageFloats(page, its_captions))
    _mark_boxed_floats(floats)
    for of_page in floats:
        displays = find_displays(of_page.page, body=body)
        of_page.blocks = _blocks(of_page.page, displays, body=body)
        of_page.verdicts = [
            "equation" if any(block is display for display in displays) else _judge(block, page=of_page.page, body=body)
            for block in of_page.blocks
        ]
        _close_programs(of_page)
    _attach_to_captions(floats)
    for of_page in floats:
        for number, (block, verdict) in enumerate(zip(of_page.blocks, of_page.verdicts, strict=True), start=1):
            if block[0].role == "body" and verdict == "junk":
                _settle(block)
            elif block[0].role == "body" and verdict in ("equation", "code"):
                for placed in block:
                    placed.role = "equation" if verdict == "equation" else "code"
                    placed.display = number


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
            if stands_in(placed.line, page.ruled):
                break  # of a table at the foot of the page
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


def _blocks(page: PageLayout, displays: Sequence[list[Placed]], *, body: BodyStyle) -> list[list[Placed]]:
    """The display equations, and runs of the other undecided lines that stand evenly below each other in one column."""
    blocks: list[list[Placed]] = []
    before: Placed | None = None
    of_line = {id(placed): display for display in displays for placed in display}
    for placed in page.placed:
        if (display := of_line.get(id(placed))) is not None:
            if not any(display is block for block in blocks):
                blocks.append(display)
            before = None
            continue
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


def _judge(block: list[Placed], *, page: PageLayout, body: BodyStyle) -> Verdict:
    """ "prose", "weak" (prose unless it lies in a float), "code" or "junk"."""
    lines = [placed.line for placed in block]
    if sum(_is_code(line, body=body) for line in lines) > 0.6 * len(lines) and not _body_is_mono(body):
        return "code"
    start, end = page.span_of(block[0].column)
    wide = [line for line in lines if line.width >= 0.8 * (end - start)]
    letters = _letters(lines)
    rows = _rows_with_several(block)
    size = lines[0].size / body.size
    long = len(lines[0].text.split()) >= 6 or sum(map(is_set_solid, lines[0].text)) >= 12
    if size < 0.93 and _is_table_note(lines[0]):
        return "weak"
    if 0.72 <= size <= 1.25 and letters > 0.55 and rows < 0.3 and wide:
        if len(lines) > 1 and len(wide) >= 0.35 * len(lines):
            return "prose"
        if len(lines) == 1 and long and letters > 0.6:
            # One line that neither goes on a sentence nor ends one may be a label.
            text = lines[0].text
            return "prose" if text[:1].islower() or _ENDS_SENTENCE.search(text) or abs(size - 1) > 0.06 else "weak"
    if abs(size - 1) <= 0.06 and rows <= 0.34 and letters > 0.5 and any(line.font in body.fonts for line in lines):
        return "weak"
    return "junk"


def _close_programs(of_page: _PageFloats) -> None:
    """Call code what stands between rows of a program: a comment in other type, a bracket alone, numbers of rows."""
    programs = [at for at, verdict in enumerate(of_page.verdicts) if verdict == "code"]
    for before, after in pairwise(programs):
        last, first = of_page.blocks[before][-1], of_page.blocks[after][0]
        down = first.line.baseline - last.line.baseline
        between = range(before + 1, after)
        is_near = last.column == first.column and 0 < down <= _ROWS_APART * first.line.size
        if is_near and not any(of_page.verdicts[at] == "prose" for at in between):
            for at in between:
                of_page.verdicts[at] = "code"


def _is_code(line: TextLine, *, body: BodyStyle) -> bool:
    """Whether a line is set like a program; one that only ends in an address is not."""
    starts_mono = bool(_MONO.search(line.runs[0].style.font)) and " " in line.text
    if _MONO.search(line.font):
        return starts_mono or not _ADDRESS.search(line.text)
    return line.font not in body.fonts and _is_of_one_pitch(line)


def _is_of_one_pitch(line: TextLine) -> bool:
    """Whether all letters of a line are equally wide, as those of a typewriter are, whatever its font is called."""
    pitches: list[float] = []
    letters = 0
    ends = [start for start, _, _ in line.words[1:]]
    for (start, x0, x1), end in zip(line.words, [*ends, len(line.text) + 1], strict=True):
        count = end - 1 - start
        if count >= _LEAST_PITCHED:
            pitches.append((x1 - x0) / count)
            letters += sum(map(str.isalpha, line.text[start : start + count]))
            if abs(pitches[-1] - pitches[0]) > _PITCH_SLACK * pitches[0]:
                return False
    return len(pitches) >= _LEAST_PITCHED_WORDS and letters >= _LEAST_PITCHED_LETTERS


def _body_is_mono(body: BodyStyle) -> bool:
    """Whether the running text itself is set like code (drafts, RFCs)."""
    return any(_MONO.search(font) for font in body.fonts)


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


# ------------------------------------------------------------------------------------------------- tables of contents

_CONTENTS_TITLE = re.compile(
    r"^(?:(?:table of )?contents|list of (?:figures|tables|algorithms|symbols|abbreviations|listings|publications))$",
    re.IGNORECASE,
)
_LEADERS = re.compile(r"(?:\.\s?){4,}\s*(?:\d{1,4}|[ivxlc]{1,7})?\s*$|…{2,}")
_CONTENTS_ENTRY = re.compile(r"\D(?:\s|\.)(?:\d{1,4}|[ivxlc]{1,7})$")
_LEAST_ENTRIES = 3
_MAX_BETWEEN = 3  # rows of an entry that is set in several, or a title between two parts


def mark_contents(pages: Sequence[PageLayout]) -> None:
    """Give the role "contents" to titles like "Contents", the entries below them, and those on the next pages."""
    goes_on = False
    for page in pages:
        rows = _printed_rows(page)
        first = (
            0 if goes_on else next((at for at, row in enumerate(rows) if _CONTENTS_TITLE.match(_row_text(row))), None)
        )
        if first is None:
            continue
        last, entries = _last_entry(rows, first, is_open=goes_on)
        goes_on = entries >= _LEAST_ENTRIES and len(rows) - 1 - last <= _MAX_BETWEEN
        if entries < _LEAST_ENTRIES and not (_only_titles(rows[first:]) and entries):
            goes_on = False
            continue
        for row in rows[first : (last + 1) if not goes_on else len(rows)]:
            for placed in row:
                placed.role = "contents"


def _printed_rows(page: PageLayout) -> list[list[Placed]]:
    """The lines of running text by printed row, from top to bottom, in reading order."""
    rows: list[list[Placed]] = []
    for placed in page.placed:
        if placed.role != "body":
            continue
        same = rows and placed.column == rows[-1][0].column
        if same and abs(placed.line.baseline - rows[-1][0].line.baseline) < 0.3 * placed.line.size:
            rows[-1].append(placed)
        else:
            rows.append([placed])
    return rows


def _row_text(row: Sequence[Placed]) -> str:
    return " ".join(placed.line.text for placed in row).strip()


def _is_entry(row: Sequence[Placed]) -> bool:
    text = _row_text(row)
    wide_gap = len(row) > 1 and row[-1].line.x0 - row[-2].line.x1 > 2 * row[-1].line.size
    return bool(_LEADERS.search(text)) or (bool(_CONTENTS_ENTRY.search(text)) and (wide_gap or len(text.split()) <= 12))


def _last_entry(rows: Sequence[Sequence[Placed]], first: int, *, is_open: bool) -> tuple[int, int]:
    """Place of the last row that belongs to the list that begins at ``first``, and how many entries it has."""
    last, entries = first, 0
    for at in range(first if is_open else first + 1, len(rows)):
        if _is_entry(rows[at]):
            last, entries = at, entries + 1
        elif _CONTENTS_TITLE.match(_row_text(rows[at])):
            last = at
        elif at - last > _MAX_BETWEEN:
            break
    return last, entries


def _only_titles(rows: Sequence[Sequence[Placed]]) -> bool:
    """A list with one or two entries fills the rest of its page."""
    return len(rows) <= _MAX_BETWEEN * 3
