"""Captions of figures, tables, algorithms and listings, found over a whole paper.

A line that begins with "Figure 3" is a caption or a sentence about a figure. What decides: its mark ("Figure 3:"),
whether it is set apart (bold, smaller, another font), whether it begins a block, whether a verb follows, and what
most captions of the paper do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kb.parsing.float_page import (
    RULE_POINTS,
    FloatLine,
    FloatPage,
    Rect,
    find_blocks,
    hull,
    keep_table_heads,
    mark_body,
    mark_margins,
    mark_running_heads,
    mark_stamps,
    prose_style,
)
from kb.parsing.glyphs import SOFT_HYPHEN
from kb.parsing.layout import BodyStyle, PageLayout
from kb.parsing.page import Frame, Graphic
from kb.parsing.paragraphs import Vocabulary, glued
from kb.structure import FLOAT_WORD, FloatLabel, float_label

MAX_CAPTIONS_PER_PAGE = 100  # each is held against all lines of its page
_MIN_QUALITY = 1.0
_NOT_CUT = ("Box", "Video")  # kinds that are no floats of a printed page
# "Figure 3 shows …" is a sentence about a figure, not its caption.
_IN_TEXT = re.compile(
    r"^\s*(?:\(?[a-z]\)?\s*)?(?:shows?|showed|presents?|illustrates?|depicts?|in|and|we|lists?|is|are|was|were|gives?"
    r"|summari[sz]es?|reports?|compares?|demonstrates?|provides?|contains?|also|that|which|for|with|of|to|can|below|above"
    r"|plots?|displays?|indicates?|reveals?|describes?|explains?|outlines?|visuali[sz]es?|has|have|on|as|by|from|where"
    r"|the left|the right)\b|^\s*[,;)\]]"
)
_LEADERS = re.compile(r"(?:\.\s?){5,}\s*\d*\s*$|…{2,}")
_COLONS = (":", "：", "|", "｜")


@dataclass(slots=True)
class FloatCaption:
    """A caption: what it names, where it stands, its whole text, and how sure it is that it is one."""

    page: FloatPage
    family: str  # "Figure", "Table", "Algorithm" …
    label: str  # "Figure 3", "Supplementary Figure S1"
    items: list[FloatLine]
    rows: list[list[FloatLine]]
    quality: float
    text: str = ""

    @property
    def box(self) -> Rect:
        """The hull of its lines."""
        return hull(item.box for item in self.items)

    @property
    def is_bare(self) -> bool:
        """Whether it is only a label."""
        return len(self.rows) == 1 and len(self.text) <= len(self.label) + 8


def find_first_lines(pages: Sequence[FloatPage], *, body: BodyStyle) -> list[FloatCaption]:
    """First lines of the captions of a paper, in page order; they get the role "caption".

    Expects the paragraphs to be marked already: a caption may be taken out of one.
    """
    candidates = [one for page in pages for one in _candidates(page, body=body)]
    marks: dict[str, Counter[str]] = {}
    for caption, mark in candidates:
        marks.setdefault(caption.family, Counter())[mark] += 1
    kept: list[FloatCaption] = []
    for caption, mark in candidates:
        colons = sum(marks[caption.family][sign] for sign in _COLONS)
        if colons < 2 or mark in _COLONS or colons < 0.25 * sum(marks[caption.family].values()):
            kept.append(caption)
            caption.items[0].role = "caption"
    return kept


def complete_captions(captions: Sequence[FloatCaption], *, body: BodyStyle, vocabulary: Vocabulary) -> None:
    """Add the lines that go on below each first line (role "caption") and the whole text.

    Expects the rules of the pages to be known: a caption does not reach over one. ``vocabulary`` holds the words of
    the paper.
    """
    for caption in captions:
        _complete(caption, body=body)
        text = ""
        for item in (item for row in caption.rows for item in row):
            text = f"{glued(text, item.text, vocabulary)}{item.text}" if text else item.text
        caption.text = " ".join(text.replace(SOFT_HYPHEN, "-").split())
        for item in caption.items:
            item.role = "caption"
        _free_letters(caption)


def _free_letters(caption: FloatCaption) -> None:
    """A panel's letter right above a caption was taken for the first line of one paragraph with it."""
    block = caption.items[0].block
    before = block[: block.index(caption.items[0])] if caption.items[0] in block else []
    if before and max(item.box.width for item in before) < 0.5 * caption.box.width:
        for item in before:
            item.role = "free" if item.role == "body" else item.role


def _candidates(page: FloatPage, *, body: BodyStyle) -> list[tuple[FloatCaption, str]]:
    """What may be first lines of captions, each with the sign behind its label; of too many the likeliest."""
    found = [one for item in page.items if (one := _candidate(page, item, body=body))]
    if len(found) <= MAX_CAPTIONS_PER_PAGE:
        return found
    least = sorted((caption.quality for caption, _ in found), reverse=True)[MAX_CAPTIONS_PER_PAGE - 1]
    return [one for one in found if one[0].quality >= least][:MAX_CAPTIONS_PER_PAGE]


def _candidate(page: FloatPage, item: FloatLine, *, body: BodyStyle) -> tuple[FloatCaption, str] | None:
    if _LEADERS.search(item.text):
        return None
    text = _with_number(page, item)
    label = float_label(text)
    if item.role == "furniture" and (label is None or label.rest.strip() or not item.line.upright):
        return None  # a label alone at the head of several pages is of tables that stand there
    if label is None or label.kind in _NOT_CUT or (quality := _quality(item, label, body=body)) < _MIN_QUALITY:
        return None
    return FloatCaption(page, label.kind, label.text, [item], [[item]], quality), label.mark


def _starts_caption(text: str) -> bool:
    """Whether a line begins with the label of a float."""
    label = float_label(text)
    return label is not None and label.kind not in _NOT_CUT


def _with_number(page: FloatPage, item: FloatLine) -> str:
    """The line; when a wide space parts a lone "Figure" from its number, with what follows on its row."""
    if not FLOAT_WORD.match(item.text):
        return item.text
    row = [i for i in page.items if abs(i.line.baseline - item.line.baseline) < 1 and i.box.x0 > item.box.x0]
    row = [i for i in row if i.column == item.column]
    return " ".join([item.text, *(i.text for i in sorted(row, key=lambda i: i.box.x0))])


def _quality(item: FloatLine, label: FloatLabel, *, body: BodyStyle) -> float:
    line, mark, rest = item.line, label.mark, label.rest
    first = line.runs[0].style if line.runs else None
    quality = 1.5 if mark in _COLONS else 1.0 if mark else 0.0
    if not mark and _IN_TEXT.match(rest):
        quality -= 3.0
    if not mark and rest[:1] and not rest[0].isspace():
        quality -= 2.0
    if first is not None and (first.bold or (first.italic and not mark)):
        quality += 1.0
    if line.size < body.size - 0.4:
        quality += 1.0
    elif line.font not in body.fonts:
        quality += 0.6
    if not rest.strip():
        quality += 0.5
    if not item.block or item.block[0] is item:
        return quality + 1.0
    before = item.block[item.block.index(item) - 1]
    alike = before.role == "body" and before.line.font == line.font and abs(before.line.size - line.size) < 0.3
    if before.role == "caption":
        return quality + 0.5
    runs_on = alike and before.box.width > 0.8 * item.box.width and not (first is not None and first.bold)
    return quality - (2.0 if runs_on else 0.5)


# --------------------------------------------------------------------------------------- the whole caption


def _complete(caption: FloatCaption, *, body: BodyStyle) -> None:
    """Add the rows that go on below the first one, then a second column of the same caption beside it."""
    page, first = caption.page, caption.items[0]
    _add_row_mates(caption, page)
    step: float | None = None
    while True:
        last = caption.rows[-1]
        row = _row_below(page, caption, last, size=first.line.size)
        if not row:
            break
        down = row[0].line.baseline - last[0].line.baseline
        if not _goes_on(caption, row, down=down, usual=step, body=body):
            break
        step = down if step is None and not (len(caption.rows) == 1 and _is_label(caption)) else step
        caption.rows.append(row)
        caption.items.extend(row)
        for item in row:
            item.role = "caption"
    _add_second_column(caption, body=body)


def _is_label(caption: FloatCaption) -> bool:
    """Whether the first line is only a label."""
    return len(" ".join(item.text for item in caption.rows[0])) <= len(caption.label) + 3


def _add_row_mates(caption: FloatCaption, page: FloatPage) -> None:
    first = caption.items[0]
    x1 = page.span_of(first.column)[1]
    edge = first.box.x1
    for item in sorted(page.items, key=lambda item: item.box.x0):
        same_row = abs(item.line.baseline - first.line.baseline) < 0.25 * first.line.size
        if item is first or not same_row or not item.line.upright or item.role == "caption":
            continue
        reach = (6.0 if _is_label(caption) else 2.6) * first.line.size
        near = -2 < item.box.x0 - edge < reach and item.box.x0 < x1 and not _starts_caption(item.text)
        if near and abs(largest_size(item) - largest_size(first)) < 1.0 and not _begins_column(item):
            caption.rows[0].append(item)
            caption.items.append(item)
            edge = item.box.x1


def _begins_column(item: FloatLine) -> bool:
    """Whether lines above and below begin where this one does: text that runs beside the float."""
    size = item.line.size
    aligned = [o for o in item.block if o is not item and abs(o.box.x0 - item.box.x0) < 0.15 * size]
    return len(aligned) >= 2 and any(not _starts_caption(o.text) and o.box.width > 6 * size for o in aligned)


def largest_size(item: FloatLine) -> float:
    """The largest font size of a line: in small capitals most letters are smaller."""
    return max((run.style.size for run in item.line.runs), default=item.line.size)


def _row_below(page: FloatPage, caption: FloatCaption, last: list[FloatLine], *, size: float) -> list[FloatLine]:
    """The next row of lines under the caption's last row, within its x-range."""
    area = hull(item.box for item in caption.items)
    base = max(item.line.baseline for item in last)
    below = [
        item
        for item in page.items
        if item.line.upright
        and item.role in ("free", "body", "caption")
        and item not in caption.items
        and item.box.shared_x(area) > 0.3 * min(item.box.width, area.width)
        and 0.3 * size < item.line.baseline - base < 2.2 * size + 2
    ]
    if not below:
        return []
    nearest = min(item.line.baseline for item in below)
    return sorted((i for i in below if i.line.baseline - nearest < 0.3 * size), key=lambda item: item.box.x0)


def _goes_on(caption: FloatCaption, row: list[FloatLine], *, down: float, usual: float | None, body: BodyStyle) -> bool:
    first, last = caption.items[0], caption.rows[-1]
    if any(item.role == "caption" for item in row) or _starts_caption(row[0].text):
        return False
    box, above = hull(item.box for item in row), hull(item.box for item in last)
    if any(
        above.y1 - 3 <= rule.y0 <= box.y0 + 3 and rule.shared_x(box) > 0.3 * box.width for rule in caption.page.rules
    ):
        return False
    bare = len(caption.rows) == 1 and _is_label(caption)
    largest = abs(max(largest_size(item) for item in row) - max(largest_size(item) for item in last))
    usually = abs(max(item.line.size for item in row) - max(item.line.size for item in last))
    if min(largest, usually) > (1.6 if bare else 0.6):
        return False
    spaced = 1.1 * body.leading / body.size  # a manuscript may be set with double spacing throughout
    if down > (1.22 * usual + 0.6 if usual else max(1.75 if bare else 1.5, spaced) * first.line.size):
        return False
    gaps = [b.box.x0 - a.box.x1 for a, b in pairwise(row)]
    if any(gap > 2.2 * first.line.size for gap in gaps):
        return False
    if bare:
        return True
    if _style_ends(caption, row, body=body):
        return False
    text = last[-1].text
    if text.endswith((SOFT_HYPHEN, "-")):
        return True
    if len(caption.rows) > 1 and _runs_on(caption, row):
        return True
    # A line is broken where the next word does not fit any more: one that leaves room was the last.
    widest = max([box.width, *(hull(i.box for i in r).width for r in caption.rows)])
    words = row[0].line.words
    word = words[0][2] - words[0][1] if words else row[0].box.width
    filled = above.width + min(word, row[0].box.width) + 0.2 * first.line.size
    return filled > widest - 1 or (filled > 0.8 * widest and not text.endswith((".", "!", "?", ":", ")")))


def _runs_on(caption: FloatCaption, row: list[FloatLine]) -> bool:
    """Whether a sentence that is not at its end goes on in lower case, at the left edge of the lines before."""
    line, last = row[0], caption.rows[-1]
    alike = last[0].line.font == line.line.font and abs(last[0].line.size - line.line.size) < 0.3
    return (
        alike
        and abs(last[0].box.x0 - line.box.x0) < 1.5
        and line.text[:1].islower()
        and not last[-1].text.endswith((".", "!", "?", ":"))
    )


def _style_ends(caption: FloatCaption, row: list[FloatLine], *, body: BodyStyle) -> bool:
    """The caption is in a font of its own and this row is not."""
    fonts = {item.line.font for item in caption.items}
    bold = {item.line.bold for item in caption.items}
    fresh = row[0].line
    if fresh.runs and fresh.runs[0].style.font in fonts:
        return False  # a title that ends within this row
    # Below a bold title the text of a figure's caption may go on in another cut; below a table's stand its cells.
    may_change = caption.family == "Figure" and not (fresh.font in body.fonts and abs(fresh.size - body.size) < 0.3)
    if len(caption.rows) > 1 and fresh.font not in fonts and fresh.bold not in bold and not may_change:
        return True
    in_body = fresh.font in body.fonts and abs(fresh.size - body.size) < 0.3
    was_body = bool(fonts & body.fonts) and abs(caption.items[-1].line.size - body.size) < 0.3
    return in_body and not was_body and abs(fresh.size - caption.items[0].line.size) > 0.3


def _add_second_column(caption: FloatCaption, *, body: BodyStyle) -> None:
    """Journals set a long caption under a wide figure in two columns: same style, beginning on the same row."""
    page, first = caption.page, caption.items[0]
    if len(page.columns) < 2 or first.column != 0 or len(caption.rows) < 2:
        return
    if abs(first.line.size - body.size) < 0.4 or caption.rows[-1][-1].text.endswith("."):
        return
    own = [item for item in page.items if item.column == 1 and item.role in ("free", "body")]
    own = [item for item in own if abs(item.line.size - first.line.size) < 0.3 and item.line.upright]
    start = [item for item in own if abs(item.line.baseline - first.line.baseline) < 2]
    if len(start) != 1 or _starts_caption(start[0].text):
        return
    for item in start[0].block:
        if item in own and item.line.baseline >= first.line.baseline - 2:
            caption.rows.append([item])
            caption.items.append(item)


def read_float_pages(layouts: Sequence[PageLayout]) -> list[FloatPage]:
    """The pages as floats are looked for on them: item ``n`` of a page is line ``n`` of its reading order."""
    pages = [_float_page(layout) for layout in layouts]
    mark_running_heads(pages)
    return pages


def find_captions(
    pages: Sequence[FloatPage], graphics: Sequence[Sequence[Graphic]], *, body: BodyStyle
) -> list[FloatCaption]:
    """The captions of a paper with their whole text, in page order; their items get the role "caption".

    Args:
        pages: all pages, from ``read_float_pages``; paragraphs on them get the role "body".
        graphics: the drawn things of each page.
        body: how running text is set.
    """
    prose = prose_style(pages, body=body)
    for page in pages:
        find_blocks(page)
        mark_body(page, body=body, prose=prose)
    captions = find_first_lines(pages, body=body)
    with_captions = {caption.page.number for caption in captions}
    for page, drawn in zip(pages, graphics, strict=True):
        if page.number in with_captions:
            page.graphics, page.rules = _sorted_graphics(drawn)
    mark_stamps(pages)
    complete_captions(captions, body=body, vocabulary=Vocabulary(item.text for page in pages for item in page.items))
    return captions


def _sorted_graphics(graphics: Sequence[Graphic]) -> tuple[list[Rect], list[Rect]]:
    """(drawn things that are no rules, horizontal rules), in page coordinates."""
    boxes: list[Rect] = []
    rules: list[Rect] = []
    for graphic in graphics:
        box = Rect(graphic.x0, graphic.y0, graphic.x1, graphic.y1)
        if box.height <= RULE_POINTS and box.width > 20:
            rules.append(box)
        elif box.width > RULE_POINTS and box.height > RULE_POINTS:
            boxes.append(box)
    return boxes, rules


def _float_page(layout: PageLayout) -> FloatPage:
    frame = layout.frame or Frame.of_page(layout.width, layout.height)
    page = FloatPage(
        layout.number, layout.sheet or layout.number, frame, layout.width, layout.height, layout.columns, []
    )
    page.ruled = [Rect(*area) for area in layout.ruled]
    page.elsewhere = [Rect(*box) for box in layout.elsewhere]
    for placed in layout.placed:
        box = Rect(placed.line.x0, placed.line.y0, placed.line.x1, placed.line.y1)
        item = FloatLine(placed.line, box, page.column_of(box))
        if placed.role == "furniture" and placed.line.upright:
            item.role = "furniture"
        page.items.append(item)
    mark_margins(page)
    keep_table_heads(page)
    return page
