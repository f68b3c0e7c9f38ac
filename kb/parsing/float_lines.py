"""Which lines belong to a figure, a table or an algorithm: what its rules or frame enclose, what stands beside it.

A paper sets its captions on one side: where a float could be above or below its caption, the clear cases of the
document decide.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kb.parsing.captions import Caption
from kb.parsing.layout import PageLayout, Placed
from kb.parsing.lines import TextLine
from kb.parsing.page import LONG_RULE_POINTS, Graphic, Rectangle, rules_of, stands_in

Verdict = Literal["prose", "weak", "equation", "code", "junk"]
_NEAR_POINTS = 28.0
_TALLEST_POINTS = 620.0
_CODE_NAMES = ("Algorithm", "Listing")


@dataclass(slots=True)
class PageFloats:
    """A page with its captions, and its undecided blocks of lines with a verdict each."""

    page: PageLayout
    captions: Sequence[Caption]
    blocks: list[list[Placed]] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)


# ------------------------------------------------------------------------------------- rules and frames


def mark_boxed_floats(floats: Sequence[PageFloats]) -> None:
    """Lines between equal rules, or in a frame, that touch a caption are the float's text."""
    touching: list[tuple[PageFloats, Rectangle, list[tuple[Caption, bool]]]] = []
    for of_page in floats:
        for box in [*_ruled_boxes(of_page), *_frames(of_page.page)]:
            owners = [(caption, above) for caption in of_page.captions for above in _sides(of_page.page, caption, box)]
            if owners:
                touching.append((of_page, box, owners))
    is_above = _vote((owners[0][0].name, owners[0][1]) for _, _, owners in touching if len(owners) == 1)
    for of_page, box, owners in touching:
        caption = next((caption for caption, above in owners if above == is_above[caption.name]), owners[0][0])
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


def _ruled_boxes(of_page: PageFloats) -> list[Rectangle]:
    """From the first to the last of equal rules that no caption parts."""
    areas = [area_of(of_page.page.placed[index].line for index in caption.lines) for caption in of_page.captions]
    families: list[list[Graphic]] = []
    for rule in rules_of(of_page.page.graphics, longer_than=LONG_RULE_POINTS):
        for family in families:
            last = family[-1]
            if abs(last.x0 - rule.x0) < 2.5 and abs(last.x1 - rule.x1) < 2.5 and not _parted(last, rule, areas):
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
    between = any(
        rule.y1 - 1 < area[1] and area[3] < other.y0 + 1 and min(area[2], rule.x1) - max(area[0], rule.x0) > 20
        for area in captions
    )
    return between or other.y0 - rule.y1 > 420


def _frames(page: PageLayout) -> list[Rectangle]:
    return [
        (g.x0, g.y0, g.x1, g.y1)
        for g in page.graphics
        if g.kind in ("path", "image")
        and g.x1 - g.x0 > 60
        and g.y1 - g.y0 > 25
        and (g.x1 - g.x0) * (g.y1 - g.y0) < 0.65 * page.width * page.height
    ]


def area_of(lines: Iterable[TextLine]) -> Rectangle:
    """The smallest box (x0, y0, x1, y1) around all lines (at least one)."""
    every = list(lines)
    return (
        min(line.x0 for line in every), min(line.y0 for line in every),
        max(line.x1 for line in every), max(line.y1 for line in every),
    )  # fmt: skip


def _is_inside(line: TextLine, box: Rectangle) -> bool:
    return stands_in(line, [(box[0] - 3, box[1] - 1, box[2] + 3, box[3] + 1)])


# ---------------------------------------------------------------------------------------------- floats


def attach_to_captions(floats: Sequence[PageFloats]) -> None:
    """Junk beside a caption, and what lies between, belongs to its float."""
    choices: list[tuple[PageFloats, Caption, list[int], list[int]]] = []
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
        free = [number for number in first if of_page.blocks[number][0].role == "body"]
        for number in free or second:
            for placed in of_page.blocks[number]:
                if placed.role == "body":
                    placed.role, placed.float_label = "float", caption.label


def _top_float(of_page: PageFloats, above: list[int], below: list[int], *, caption: Caption) -> list[int]:
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


def _group(of_page: PageFloats, order: list[int], *, caption: Caption, going_up: bool) -> list[int]:
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
    beyond_group = order[len(group)] if len(group) < len(order) else None
    opens_column = going_up and (beyond_group is None or of_page.blocks[beyond_group][0].column != column)
    while not is_code and group and of_page.verdicts[group[-1]] in ("weak", "equation"):
        if opens_column and column >= 0 and _is_label(of_page.blocks[group[-1]]):
            break  # nothing stands above it, and floats stand at the top
        if is_table_note(of_page.blocks[group[-1]][0].line):
            break
        group.pop()  # at the outer end it is running text after all
    return group


def _is_label(block: Sequence[Placed]) -> bool:
    """Whether the lines may be words in a picture: few, and no sentence going on from elsewhere."""
    return len(block) <= 2 and not block[0].line.text[:1].islower()


def is_table_note(line: TextLine) -> bool:
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
