"""Which part of a page a caption belongs to.

For each caption the free ink above, below and (narrow captions) beside it is proposed, bounded by running text,
headings, other captions and the column, as in PDFFigures 2.0 (Clark and Divvala, JCDL 2016); but regions come from
rendered ink, proposals that share a gap between two captions are also offered in parts, and the captions of a page
choose together: the best sum of scores without overlap, with the paper's habits (tables' captions above, figures'
below) as a vote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kb.parsing.captions import FloatCaption
from kb.parsing.float_page import RULE_POINTS, FloatLine, FloatPage, Rect, hull
from kb.parsing.ink import Blob, Ink, find_blobs, read_ink
from kb.parsing.layout import BodyStyle
from kb.parsing.page import LONG_RULE_POINTS, Raster


@dataclass(slots=True)
class FloatScene:
    """A page with captions, its free ink and blobs, and the style of the running text; ``panels`` are the framed or
    shaded areas that hold a float and its caption."""

    page: FloatPage
    captions: list[FloatCaption]
    ink: Ink
    blobs: list[Blob]
    body: BodyStyle
    panels: list[Rect]

    def around(self, caption: FloatCaption) -> Rect:
        """The panel that a caption stands in, else the page."""
        inside = [panel for panel in self.panels if panel.holds(caption.box, slack=2)]
        return min(inside, key=lambda panel: panel.area, default=Rect(0.0, 0.0, self.page.width, self.page.height))


def read_scene(page: FloatPage, captions: list[FloatCaption], *, raster: Raster, body: BodyStyle) -> FloatScene:
    """Look at one page. ``raster`` is the whole page in grey, upright."""
    walls = [solid(item) for item in page.items if item.role != "free"]
    walls += _footnote_rules(page) + _title_rules(page, captions) + page.stamps + page.elsewhere
    panels = [panel for caption in captions if (panel := _panel(page, caption)) is not None]
    walls += [edge for panel in panels for edge in _edges(panel)]
    text = [item.box for item in page.items]
    ink = read_ink(raster, hidden=walls, text=text, grounds=panels)
    blobs = find_blobs(ink, walls=walls)
    for blob in (head_rules := [blob for blob in blobs if _is_head_rule(page, blob.box)]):
        ink.hide(blob.box)
    return FloatScene(page, captions, ink, [blob for blob in blobs if blob not in head_rules], body, panels)


def _panel(page: FloatPage, caption: FloatCaption) -> Rect | None:
    """The smallest frame or shade, or area between two equal rules, that holds a figure's caption near its head or foot
    and no running text."""
    if caption.family not in _PICTURES:
        return None
    own, found = caption.box, [box for box in page.graphics if box.area < 0.8 * page.width * page.height]
    above = [rule for rule in page.rules if rule.y1 < own.y0 and rule.x0 < own.x0 + 4 and rule.x1 > own.x1 - 4]
    below = [rule for rule in page.rules if rule.y0 > own.y1 and rule.x0 < own.x0 + 4 and rule.x1 > own.x1 - 4]
    found += [
        Rect(top.x0, top.y0, top.x1, low.y1)
        for top in sorted(above, key=lambda rule: -rule.y0)[:_MOST_EDGES]
        for low in sorted(below, key=lambda rule: rule.y0)[:_MOST_EDGES]
        if abs(top.x0 - low.x0) < 3 and abs(top.x1 - low.x1) < 3
    ]
    found = [
        box
        for box in found
        if box.holds(own, slack=1)
        and box.height > own.height + 40
        and min(own.y0 - box.y0, box.y1 - own.y1) < 24
        and not any(item.role in ("body", "heading", "furniture") and box.holds(item.box) for item in page.items)
    ]
    return min(found, key=lambda box: box.area, default=None)


def _edges(panel: Rect) -> list[Rect]:
    """The four sides of a frame."""
    x0, y0, x1, y1 = panel
    thick = 1.6
    return [
        Rect(x0 - thick, y0 - thick, x1 + thick, y0 + thick),
        Rect(x0 - thick, y1 - thick, x1 + thick, y1 + thick),
        Rect(x0 - thick, y0, x0 + thick, y1),
        Rect(x1 - thick, y0, x1 + thick, y1),
    ]


def _is_head_rule(page: FloatPage, box: Rect) -> bool:
    """Whether ink at the head or foot is a rule that nothing drawn on the page accounts for: those that come again on
    most pages are taken out of what is drawn (``layout``), but not out of the picture."""
    at_edge = box.y1 < 0.15 * page.height or box.y0 > 0.85 * page.height
    if not at_edge or box.height > RULE_POINTS or box.width < LONG_RULE_POINTS:
        return False
    return not any(one.shared_x(box) > 0 and one.shared_y(box) > -1 for one in (*page.rules, *page.graphics))


def solid(item: FloatLine) -> Rect:
    """What a line covers: from the top of its letters to a little below the baseline, so that rules stay."""
    box = item.box
    if not item.line.upright:
        return box
    low = item.line.baseline + 0.27 * item.line.size
    high = min(box.y0, item.line.baseline - 0.9 * item.line.size)
    return Rect(box.x0, high, box.x1, max(low, box.y0 + 0.5 * box.height))


def _title_rules(page: FloatPage, captions: Sequence[FloatCaption]) -> list[Rect]:
    """The rule above an algorithm's title."""
    return [
        Rect(rule.x0, rule.y0 - 1, rule.x1, rule.y1 + 1)
        for rule in page.rules
        for caption in captions
        if caption.family == "Algorithm"
        and -1 < caption.box.y0 - rule.y1 < 8
        and rule.x0 - 4 <= caption.box.x0 < rule.x0 + 12
    ]


def _footnote_rules(page: FloatPage) -> list[Rect]:
    notes = [item.box for item in page.items if item.role in ("note", "body", "furniture")]
    return [
        Rect(rule.x0, rule.y0 - 1, rule.x1, rule.y1 + 1)
        for rule in page.rules
        if rule.y0 > 0.5 * page.height
        and any(0 <= note.y1 - rule.y1 < 22 and abs(note.x0 - rule.x0) < 26 for note in notes)
        and any(abs(rule.x0 - x0) < 6 for x0, _ in page.columns)
        and not any(abs(f.y1 - rule.y1) < 2 or abs(f.y0 - rule.y0) < 2 for f in page.frames)
    ] + [
        Rect(rule.x0, rule.y0 - 1, rule.x1, rule.y1 + 1)
        for rule in page.rules
        if any(
            item.role == "furniture" and min(abs(item.box.y1 - rule.y0), abs(rule.y1 - item.box.y0)) < 12
            for item in page.items
        )
        and (rule.y0 < 0.13 * page.height or rule.y0 > 0.87 * page.height)
        and not any(abs(f.y1 - rule.y1) < 2 or abs(f.y0 - rule.y0) < 2 for f in page.frames)
    ]


Direction = Literal["up", "down", "left", "right"]
_OVER_OR_UNDER: tuple[Direction, ...] = ("up", "down")
_AT_A_SIDE: tuple[Direction, ...] = ("left", "right")

_PICTURES = ("Figure", "Scheme", "Chart")
_MOST_EDGES = 12  # rules above and below a caption that may frame it
_HABIT: dict[str, tuple[Direction, float]] = {
    "Figure": ("up", 1.2), "Table": ("down", 0.3), "Algorithm": ("down", 1.0), "Listing": ("down", 0.3),
    "Scheme": ("up", 1.2), "Chart": ("up", 1.2),
}  # fmt: skip


def score_region(scene: FloatScene, caption: FloatCaption, box: Rect, *, direction: Direction) -> float:
    """The worth of a region on one side of its caption, about -1 to 6: ink and size, rules and rows, distance."""
    page = scene.page
    ink, graphic = scene.ink.amounts(box)
    area = max(1.0, box.area)
    if direction in ("up", "down"):
        distance = caption.box.y0 - box.y1 if direction == "up" else box.y0 - caption.box.y1
    else:
        distance = max(box.x0 - caption.box.x1, caption.box.x0 - box.x1)
    usual, bonus = _HABIT[caption.family]
    score = (bonus if direction == usual else 0.0) - max(0.0, distance) / 40
    if caption.family in _PICTURES:
        score += 2.0 * min(1.0, graphic / max(1.0, 0.12 * ink))
        score += min(1.0, area / (0.05 * page.width * page.height))
        return score
    inside = [rule for rule in page.rules if box.holds(rule, slack=6) and rule.width > 0.4 * box.width]
    lines = sum(item.role == "free" and box.holds(item.box, slack=4) for item in page.items)
    score += 1.2 * min(2, len(inside)) + (0.7 if lines >= 4 else 0.0)
    score += min(0.8, area / (0.04 * page.width * page.height))
    if lines < 2 and graphic > 0.3 * ink:
        score += 0.5  # a table as a picture
    if caption.family != "Table" and any(_matches(box, frame) for frame in page.frames):
        score += 1.5
    if caption.family == "Table" and any(_is_framed(box, frame) for frame in page.frames):
        score += 0.3
    return score


def _is_framed(box: Rect, frame: Rect) -> bool:
    """Whether a region begins where a frame does, at both sides; below it notes may stand."""
    return max(abs(box.x0 - frame.x0), abs(box.x1 - frame.x1), abs(box.y0 - frame.y0)) < 6 and box.y1 > frame.y1 - 6


def _matches(box: Rect, frame: Rect) -> bool:
    return abs(box.x0 - frame.x0) < 8 and abs(box.x1 - frame.x1) < 8 and abs(box.y1 - frame.y1) < 6


_FIRST_GAP = 100.0  # points between caption and float
_NEXT_GAP = 60.0  # points of white within a float
_TEXT_GAP = 20.0  # points after which text without graphics is no part of a float any more
_MIN_SPLIT = 9.0
_MAX_PARTS = 6
_MAX_PROPOSALS = 10
_CUT_COST = 1.5
_NARROW = 0.6  # of what it stands in: a caption beside its float is narrower
_OWN_EDGE = 8.0  # points that a float may be wider than its narrow caption, on each side
_OWN_COST = 0.2
_BESIDE = 0.35  # share of a region's width that is a column of text, no legend
_BESIDE_COST = 0.8


@dataclass(frozen=True, slots=True)
class Proposal:
    """A region on one side of a caption; ``score`` without the paper's vote."""

    direction: Direction
    box: Rect
    score: float


def propose_regions(scene: FloatScene, caption: FloatCaption) -> list[Proposal]:
    """Up to ten regions that a caption might own, best first."""
    found: list[Proposal] = []
    around = scene.around(caption)
    spans: list[tuple[float, float, float]] = [(*_strip(scene, caption), 0.0)]
    if spans[0][0] > around.x0 or spans[0][1] < around.x1:
        spans.append((around.x0, around.x1, 0.7))  # a wide figure over a caption set in one column
    for x0, x1, cost in spans:
        for direction in _OVER_OR_UNDER:
            found += _vertical(scene, caption, direction, strip=(x0, x1), cost=cost)
    for direction in _OVER_OR_UNDER:
        if (flowed := _strip_beside(scene, caption, direction)) is not None:
            found += _vertical(scene, caption, direction, strip=flowed, cost=_OWN_COST)
    column = scene.page.span_of(scene.page.column_of(caption.box))
    if caption.box.width < _NARROW * (column[1] - column[0]):
        own = (caption.box.x0 - _OWN_EDGE, caption.box.x1 + _OWN_EDGE)  # what stands beside the float is not in it
        found += [p for side in _OVER_OR_UNDER for p in _vertical(scene, caption, side, strip=own, cost=_OWN_COST)]
    page = scene.page.span_of(-1)
    if caption.box.width < _NARROW * (page[1] - page[0]):
        for side in _AT_A_SIDE:
            found += _beside(scene, caption, side)
    unique: dict[tuple[int, ...], Proposal] = {}
    for proposal in sorted(found, key=lambda p: (-p.score, p.box)):
        unique.setdefault((*(round(edge) for edge in proposal.box),), proposal)
    return list(unique.values())[:_MAX_PROPOSALS]


def _strip(scene: FloatScene, caption: FloatCaption) -> tuple[float, float]:
    """The x-range that a caption's float may fill: its column, narrowed by what stands on the caption's rows."""
    page, box = scene.page, caption.box
    at = page.column_of(box)
    x0, _, x1, _ = scene.around(caption)
    if at >= 0 and len(page.columns) > 1:
        if at:
            x0 = max(x0, (page.columns[at - 1][1] + page.columns[at][0]) / 2)
        if at + 1 < len(page.columns):
            x1 = min(x1, (page.columns[at][1] + page.columns[at + 1][0]) / 2)
    for other in _walls(scene, caption):
        if other.shared_y(box) < 0.4 * min(other.height, box.height):
            continue
        if other.x0 >= box.x1 - 2:
            x1 = min(x1, max(box.x1, other.x0 - 3))
        elif other.x1 <= box.x0 + 2:
            x0 = max(x0, min(box.x0, other.x1 + 3))
    return min(x0, box.x0), max(x1, box.x1)


def _strip_beside(scene: FloatScene, caption: FloatCaption, direction: Direction) -> tuple[float, float] | None:
    """The part of a caption's strip between the running text beside its float, up or down to the next line that stands
    over or under the caption; None where none flows there."""
    box, around, walls = caption.box, scene.around(caption), _walls(scene, caption)
    if direction == "up":
        over = (wall.y1 for wall in walls if wall.shared_x(box) > 2 and wall.y1 <= box.y0 + 3)
        rows = Rect(around.x0, max(over, default=around.y0), around.x1, box.y0)
    else:
        under = (wall.y0 for wall in walls if wall.shared_x(box) > 2 and wall.y0 >= box.y1 - 3)
        rows = Rect(around.x0, box.y1, around.x1, min(under, default=around.y1))
    x0, x1 = left, right = _strip(scene, caption)
    for line in (item.box for item in scene.page.items if item.role == "body"):
        if line.shared_y(rows) <= 2:
            continue
        if line.x1 <= box.x0 + 2:
            x0 = max(x0, line.x1 + 3)
        elif line.x0 >= box.x1 - 2:
            x1 = min(x1, line.x0 - 3)
    x0, x1 = min(x0, box.x0), max(x1, box.x1)
    return (x0, x1) if x0 > left or x1 < right else None


def _neighbours(scene: FloatScene, caption: FloatCaption) -> list[Rect]:
    """Captions on the same rows: their floats stand beside this one."""
    box = caption.box
    return [
        other.box
        for other in scene.captions
        if other is not caption
        and other.box.shared_y(box) > 0.3 * min(other.box.height, box.height)
        and other.box.shared_x(box) < 2
    ]


def _walls(scene: FloatScene, caption: FloatCaption) -> list[Rect]:
    return [item.box for item in scene.page.items if item.role != "free" and item not in caption.items]


def _vertical(
    scene: FloatScene, caption: FloatCaption, direction: Direction, *, strip: tuple[float, float], cost: float
) -> list[Proposal]:
    box, around = caption.box, scene.around(caption)
    x0, x1 = strip
    up = direction == "up"
    limit = around.y0 if up else around.y1
    for wall in _walls(scene, caption):
        if min(wall.x1, x1 - 4) - max(wall.x0, x0 + 4) <= 0 or _is_label_in_drawing(scene, wall):
            continue
        if up and wall.y1 <= box.y0 + 3:
            limit = max(limit, wall.y1)
        elif not up and wall.y0 >= box.y1 - 3:
            limit = min(limit, wall.y0)
    lines = [solid(item) for item in caption.items]
    edge = min(line.y0 for line in lines) if up else max(line.y1 for line in lines)
    area = Rect(x0, limit, x1, edge) if up else Rect(x0, edge, x1, limit)
    if area.height < 6:
        return []
    area, clipped = _between_neighbours(scene, caption, area)
    pieces = _pieces(scene, area, clipped=clipped)
    group = _grow(scene, pieces, direction=direction, edge=edge, limit=limit)
    if group is None:
        return []
    free = _free_row(scene, caption)
    boxes = [part for part in [group, *_parts(scene, group, up=up)] if part.shared_x(free) > 0]
    total = scene.ink.amounts(group)[0] or 1.0
    alone = _without_text_beside(scene, caption, group)
    proposals = [] if alone is None else [
        Proposal(direction, alone, score_region(scene, caption, alone, direction=direction) + 1.0 - cost)
    ]  # fmt: skip
    cost += _BESIDE_COST if alone is not None else 0.0
    for part in boxes:
        share = scene.ink.amounts(part)[0] / total
        score = score_region(scene, caption, part, direction=direction) + 1.0 * share - cost
        score -= _CUT_COST if _cuts(scene, area, part) else 0.0
        proposals.append(Proposal(direction, part, score))
    return proposals


def _free_row(scene: FloatScene, caption: FloatCaption) -> Rect:
    """Under what a caption may stand: itself, or all of its column where it is a short one that begins with the column
    and nothing stands beside it: its float may be in the middle."""
    box = caption.box
    x0, x1 = scene.page.span_of(scene.page.column_of(box))
    beside = [blob.box for blob in scene.blobs] + _walls(scene, caption)
    if abs(box.x0 - x0) > 6 or any(one.shared_y(box) > 1 and x0 < one.x1 and one.x0 < x1 for one in beside):
        return box
    return box._replace(x1=max(box.x1, x1))


def _without_text_beside(scene: FloatScene, caption: FloatCaption, group: Rect) -> Rect | None:
    """A figure without the column of text beside it, under which its caption does not reach; None where none is."""
    if caption.family not in _PICTURES:
        return None
    lines = [item.box for item in scene.page.items if item.role == "free" and group.holds(item.box, slack=4)]
    core = scene.ink.drawn(group, lines=lines)
    if core is None:
        return None
    beside = [box for box in lines if box.shared_x(core) <= 0]
    x0 = max((box.x1 + 1 for box in beside if box.x1 < core.x0), default=group.x0)
    x1 = min((box.x0 - 1 for box in beside if box.x0 > core.x1), default=group.x1)
    reach = max((max(core.x0 - box.x0, box.x1 - core.x1) for box in beside), default=0.0)
    if reach < _BESIDE * group.width or any(box.shared_x(caption.box) > 0 for box in beside):
        return None
    return scene.ink.tight(group._replace(x0=x0, x1=x1))


def _cuts(scene: FloatScene, area: Rect, part: Rect) -> bool:
    """Whether something on the rows of a region reaches out of its column: then the float is wider."""
    for blob in scene.blobs:
        inside = blob.box.shared_area(area)
        crosses = blob.box.x0 < area.x0 - 6 or blob.box.x1 > area.x1 + 6
        if crosses and inside > 0.08 * blob.box.area and blob.box.shared_y(part) > 0.3 * part.height:
            return True
    return False


def _between_neighbours(scene: FloatScene, caption: FloatCaption, area: Rect) -> tuple[Rect, bool]:
    """Cut an area half-way to the captions beside this one, where the ink leaves a gap."""
    x0, x1, clipped = area.x0, area.x1, False
    beside = _neighbours(scene, caption)
    right = min((other for other in beside if other.x0 >= caption.box.x1 - 2), key=lambda o: o.x0, default=None)
    left = max((other for other in beside if other.x1 <= caption.box.x0 + 2), key=lambda o: o.x1, default=None)
    for other in (other for other in (right, left) if other is not None):
        if other is right:
            middle = (other.x0 + caption.box.x1) / 2
            reach = 0.3 * min(caption.box.width, other.width) + 6
            cut = scene.ink.gap_near(area._replace(x0=0.0, x1=scene.page.width), x=middle, within=reach)
            x1, clipped = cut, True
        else:
            middle = (other.x1 + caption.box.x0) / 2
            reach = 0.3 * min(caption.box.width, other.width) + 6
            cut = scene.ink.gap_near(area._replace(x0=0.0, x1=scene.page.width), x=middle, within=reach)
            x0, clipped = cut, True
    return area._replace(x0=x0, x1=max(x0 + 1, x1)), clipped


def _pieces(scene: FloatScene, area: Rect, *, clipped: bool) -> list[Blob]:
    """The blobs of an area; those that reach out of it only count when they are cut off beside another float."""
    pieces: list[Blob] = []
    for blob in scene.blobs:
        inside = blob.box.shared_area(area)
        if inside <= 0:
            continue
        if inside >= 0.8 * blob.box.area and not clipped:
            pieces.append(blob)
            continue
        if inside < 0.8 * blob.box.area and not clipped:
            continue
        cut = Rect(
            max(blob.box.x0, area.x0),
            max(blob.box.y0, area.y0),
            min(blob.box.x1, area.x1),
            min(blob.box.y1, area.y1),
        )
        tight = scene.ink.tight(cut)
        if tight is not None:
            pieces.append(Blob(tight, *scene.ink.amounts(tight)))
    return pieces


def _grow(scene: FloatScene, pieces: Sequence[Blob], *, direction: Direction, edge: float, limit: float) -> Rect | None:
    """Collect pieces from the caption outwards until white, or text that is no part of the float, comes between."""
    up = direction == "up"

    def away(blob: Blob, of: float) -> float:
        return of - blob.box.y1 if up else blob.box.y0 - of

    rest = sorted(pieces, key=lambda blob: (away(blob, edge), blob.box))
    group: Rect | None = None
    has_graphic = False
    while rest:
        blob = rest.pop(0)
        gap = away(blob, edge) if group is None else away(blob, group.y0 if up else group.y1)
        if gap > (_FIRST_GAP if group is None else _NEXT_GAP):
            break
        is_text = blob.graphic < 0.15 * blob.ink
        at_wall = 0 < limit < scene.page.height and away(blob, limit) > -2.2 * scene.body.leading - blob.box.height
        if (
            group is not None
            and gap > _TEXT_GAP
            and is_text
            and has_graphic
            and at_wall
            and _is_prose_blob(scene, blob)
        ):
            break
        group = blob.box if group is None else hull([group, blob.box])
        has_graphic = has_graphic or not is_text
    if group is None or group.width < 15 or group.height < 6:
        return None
    return group


def _is_label_in_drawing(scene: FloatScene, wall: Rect) -> bool:
    """Whether ink stands all around a line that was taken for running text."""
    return any(
        blob.box.holds(wall, slack=1)
        and blob.graphic > 0.3 * blob.ink
        and wall.width < 0.6 * blob.box.width
        and wall.height < 0.4 * blob.box.height
        for blob in scene.blobs
    )


def _is_prose_blob(scene: FloatScene, blob: Blob) -> bool:
    """Whether a blob holds a line that is set like the running text."""
    return any(
        item.role == "free"
        and blob.box.holds(item.box, slack=4)
        and item.letters > 0.5
        and len(item.text) > 12
        and abs(item.line.size - scene.body.size) < 0.3
        and item.line.font in scene.body.fonts
        for item in scene.page.items
    )


def _parts(scene: FloatScene, group: Rect, *, up: bool) -> list[Rect]:
    """The group cut short at each white gap, for captions that share a gap with another one."""
    parts: list[Rect] = []
    for top, bottom in scene.ink.row_gaps(group, least=_MIN_SPLIT):
        near = group._replace(y0=bottom) if up else group._replace(y1=top)
        tight = scene.ink.tight(near)
        if tight is not None and tight.height >= 8:
            parts.append(tight)
    parts.sort(key=lambda part: -part.height)
    return parts[:_MAX_PARTS]


def _beside(scene: FloatScene, caption: FloatCaption, side: Direction) -> list[Proposal]:
    """A float beside its caption: ink on the caption's rows, and above and below of it as far as no wall stands."""
    page, box = scene.page, caption.box
    right = side == "right"
    x0, x1 = (box.x1, page.width) if right else (0.0, box.x0)
    walls = _walls(scene, caption)
    for wall in walls:
        if wall.shared_y(box) <= 2:
            continue
        if right and wall.x0 >= box.x1 - 2:
            x1 = min(x1, wall.x0)
        elif not right and wall.x1 <= box.x0 + 2:
            x0 = max(x0, wall.x1)
    if x1 - x0 < 40:
        return []
    top, bottom = 0.0, page.height
    for wall in walls:
        if min(wall.x1, x1) - max(wall.x0, x0) <= 4:
            continue
        if wall.y1 <= box.y0 + 2:
            top = max(top, wall.y1)
        elif wall.y0 >= box.y1 - 2:
            bottom = min(bottom, wall.y0)
    area = Rect(x0, top, x1, bottom)
    pieces = _pieces(scene, area, clipped=False)
    group = box
    while near_by := [blob for blob in pieces if blob.box.shared_y(group) > -_TEXT_GAP]:
        pieces = [blob for blob in pieces if blob not in near_by]
        group = hull([*([] if group is box else [group]), *(blob.box for blob in near_by)])
    if group is box:
        return []
    level = group.shared_y(box) / max(1.0, min(box.height, group.height))
    near = group.x0 - box.x1 if right else box.x0 - group.x1
    if level < 0.5 or near > 60 or group.height < 20 or group.width < 40:
        return []
    score = score_region(scene, caption, group, direction=side)
    return [Proposal(side, group, score)]


Offer = tuple[FloatCaption, Sequence[Proposal]]  # a caption and what it might own
Votes = Mapping[str, Counter[Direction]]

_BEAM = 120
_OVERLAP_COST = 6.0
_VOTE = 1.5


def count_votes(offers: Sequence[Offer]) -> dict[str, Counter[Direction]]:
    """On which side the floats of each family stand, by the margin of each caption's best proposal."""
    votes: dict[str, Counter[Direction]] = {}
    for caption, proposals in offers:
        best: dict[Direction, float] = {}
        for proposal in proposals:
            best[proposal.direction] = max(best.get(proposal.direction, -9.0), proposal.score)
        if not best:
            continue
        ranked = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))
        margin = ranked[0][1] - ranked[1][1] if len(ranked) > 1 else 1.0
        weight = max(1, round(10 * min(1.0, margin)))
        votes.setdefault(caption.family, Counter())[ranked[0][0]] += weight
    return votes


def choose_regions(offers: Sequence[Offer], votes: Votes) -> list[Proposal | None]:
    """One proposal for each caption of a page, or None: the best sum without shared ground (beam search)."""
    states: list[tuple[float, tuple[Proposal | None, ...]]] = [(0.0, ())]
    for caption, proposals in offers:
        family = votes.get(caption.family, Counter())
        total = sum(family.values()) or 1
        options: list[Proposal | None] = [
            replace(p, score=p.score + _VOTE * family[p.direction] / total) for p in proposals
        ]
        grown: list[tuple[float, tuple[Proposal | None, ...]]] = []
        for value, taken in states:
            for option in [*options, None]:
                gain = 0.0 if option is None else option.score - _shared(option, taken)
                grown.append((value + gain, (*taken, option)))
        grown.sort(key=lambda state: -state[0])
        states = grown[:_BEAM]
    return list(states[0][1])


def _shared(option: Proposal, taken: Sequence[Proposal | None]) -> float:
    cost = 0.0
    for other in taken:
        if other is not None:
            part = option.box.shared_area(other.box) / max(1.0, min(option.box.area, other.box.area))
            cost += _OVERLAP_COST * part if part > 0.02 else 0.0
    return cost
