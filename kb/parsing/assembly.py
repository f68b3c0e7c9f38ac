"""Lines with roles to blocks: prose in reading order, floats after the prose of their section."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from kb.parsing.equations import in_order, signs_of
from kb.parsing.frontmatter import is_front_matter, is_notice_of_rights, run_in_length
from kb.parsing.glyphs import SOFT_HYPHEN
from kb.parsing.headings import Heading
from kb.parsing.layout import BodyStyle, PageLayout, Placed
from kb.parsing.page import TextLine, only_first, stands_in, without_first
from kb.parsing.paragraphs import (
    Vocabulary,
    begins_note,
    is_list_item,
    join_lines,
    note_mark,
    starts_paragraph,
    without_item_mark,
)
from kb.parsing.references import split_references
from kb.parsing.tables import ReadTable, read_table
from kb.records import Block, BlockKind, Grid, Line
from kb.structure import is_references

if TYPE_CHECKING:
    pass

_SEPARATOR = "\n\n"
_RUN_IN_END = re.compile(r"[\s.:—–-]+$")
_LONG_WORD = re.compile(r"[^\W\d_]{3,}")
_WIDE = 0.85  # share of its column that a line of running text fills
_PART_POINTS = 12.0  # that the parts of a table differ at their sides
_LEAST_LONG_WORDS = 3  # in a line that is prose though it stands apart
_LEAST_NUMBERED = 3  # rows of a program, for what stands before them to be their numbers
_ROWS_BETWEEN = 3.5  # of a program, in units of its size: one may be blank


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """Text and blocks of a document (see ``kb.records.Document``), and the lines left out, by reason."""

    text: str
    blocks: tuple[Block, ...]
    dropped: Counter[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    kind: BlockKind
    text: str
    lines: tuple[Line, ...]
    section: tuple[str, ...]
    label: str | None = None
    grid: Grid | None = None


@dataclass(slots=True)
class _Desk:
    """Where drafts lie until the section ends."""

    vocabulary: Vocabulary
    drafts: list[_Draft] = field(default_factory=list)
    later: list[_Draft] = field(default_factory=list)
    section: list[tuple[int, str]] = field(default_factory=list)
    paragraph: list[Placed] = field(default_factory=list)
    references: list[Placed] = field(default_factory=list)
    code: list[TextLine] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def path(self) -> tuple[str, ...]:
        """The headings above what is put next."""
        return tuple(title for _, title in self.section)

    def put(self, kind: BlockKind, lines: Sequence[TextLine], *, later: bool = False, label: str | None = None) -> None:
        """Add a block of these lines; ``later``: after the prose of the section."""
        text, spans = join_lines(lines, self.vocabulary, keep_marks=kind == "front")
        if not later:
            self.close_code()
        if text.strip():
            draft = _Draft(kind=kind, text=text, lines=spans, section=self.path, label=label)
            (self.later if later else self.drafts).append(draft)

    def add_code(self, lines: Sequence[TextLine]) -> None:
        """Gather rows of a program: what goes on a few rows below is of it, too."""
        self.close_paragraph()
        last, first = self.code[-1] if self.code else None, lines[0]
        down = first.baseline - last.baseline if last and last.page == first.page else -1.0
        if (
            not 0 <= down <= _ROWS_BETWEEN * first.size
            or not last
            or min(last.x1, first.x1) < max(last.x0, first.x0) - 60
        ):
            self.close_code()
        self.code += lines

    def close_code(self) -> None:
        """Put the rows gathered so far as one program."""
        if self.code:
            text, spans = _program(self.code)
            self.drafts.append(_Draft(kind="code", text=text, lines=spans, section=self.path))
            self.code = []

    def close_paragraph(self) -> None:
        """Put the lines gathered so far as one block of prose."""
        if self.paragraph:
            lines = self._below_run_in([placed.line for placed in self.paragraph])
            kind: BlockKind = (
                "front" if self._is_front(lines) else "list" if is_list_item(lines[0].text) else "paragraph"
            )
            mark, lines[0] = without_item_mark(lines[0])
            self.put(kind, lines, label=mark)
            self.paragraph = []

    def _is_front(self, lines: Sequence[TextLine]) -> bool:
        """Keywords, categories, how to cite, who holds the copyright: on the first pages, and no prose."""
        before = self.drafts[-1] if self.drafts else None
        names = before is not None and len(before.text) < 30 and is_front_matter(lines[0], below=before.text)
        return names or is_front_matter(lines[0]) or any(is_notice_of_rights(line) for line in lines[:3])

    def _below_run_in(self, lines: list[TextLine]) -> list[TextLine]:
        """The lines of a paragraph without the word "Abstract" before them, which opens a section."""
        count = run_in_length(lines[0])
        if not count or (self.section and any(draft.kind == "heading" for draft in self.drafts)):
            return lines
        text, spans = join_lines([only_first(lines[0], count)], self.vocabulary)
        self.section = [(0, _RUN_IN_END.sub("", text))]
        spans = tuple(replace(span, end=min(span.end, len(self.path[0]))) for span in spans)
        self.drafts.append(_Draft(kind="heading", text=self.path[0], lines=spans, section=self.path))
        return [without_first(lines[0], count), *lines[1:]]

    def close_references(self) -> None:
        """Put the lines gathered so far as entries of the list of references."""
        if self.references:
            for marker, entry in split_references(self.references):
                self.put("reference", [placed.line for placed in entry], label=marker)
            self.references = []

    def close_section(self) -> None:
        """Put what is open, then the floats of the section."""
        self.close_paragraph()
        self.close_code()
        self.close_references()
        self.drafts += self.later
        self.later = []


def assemble(
    pages: Sequence[PageLayout], headings: Sequence[Heading], *, body: BodyStyle, vocabulary: Vocabulary
) -> Assembled:
    """Blocks of the whole document from lines whose roles are known."""
    desk = _Desk(vocabulary=vocabulary)
    _put_front_first(desk, pages)
    at = {(heading.page, heading.lines[0]): heading for heading in headings}
    for page in pages:
        index = 0
        while index < len(page.placed):
            placed = page.placed[index]
            heading = at.get((page.number, index)) if placed.role == "heading" else None
            if heading is not None:
                _open_section(desk, heading, page)
                index = heading.lines[-1] + 1
            elif placed.role == "front":
                index += 1  # has been put already
            elif placed.role == "contents":
                desk.dropped["table of contents"] += 1
                index += 1
            elif placed.role in ("body", "reference", "furniture", "heading"):
                _take_line(desk, placed, page=page, body=body)
                index += 1
            else:
                index = _take_group(desk, index, page=page, body=body)
    desk.close_section()
    return _numbered(desk)


def _put_front_first(desk: _Desk, pages: Sequence[PageLayout]) -> None:
    """The front matter from top to bottom, whatever columns it touches; one block for each change of type."""
    front = [placed for page in pages[:1] for placed in page.placed if placed.role == "front"]
    front.sort(key=lambda placed: (round(placed.line.baseline), placed.line.x0))
    group: list[Placed] = []
    for placed in front:
        if group and not _belongs(group[-1], placed):
            desk.put("front", [member.line for member in group])
            group = []
        group.append(placed)
    desk.put("front", [member.line for member in group])


def _open_section(desk: _Desk, heading: Heading, page: PageLayout) -> None:
    desk.close_section()
    while desk.section and desk.section[-1][0] >= heading.level:
        desk.section.pop()
    text, spans = join_lines([page.placed[line].line for line in heading.lines], desk.vocabulary)
    desk.section.append((heading.level, text))
    if is_references(text):
        desk.section = desk.section[-1:]
    desk.drafts.append(_Draft(kind="heading", text=text, lines=spans, section=desk.path))


def _take_line(desk: _Desk, placed: Placed, *, page: PageLayout, body: BodyStyle) -> None:
    if placed.role == "furniture":
        desk.dropped["running head or page number" if placed.line.upright else "rotated"] += 1
    elif placed.role == "reference":
        desk.close_paragraph()
        desk.references.append(placed)
    else:
        desk.close_references()
        desk.close_code()
        if desk.paragraph and starts_paragraph(desk.paragraph, placed, page=page, body=body):
            desk.close_paragraph()
        desk.paragraph.append(placed)


def _take_group(desk: _Desk, index: int, *, page: PageLayout, body: BodyStyle) -> int:
    """Lines from ``index`` on that have one role and one float; returns the place after them."""
    first = page.placed[index]
    end = index + 1
    while end < len(page.placed) and _belongs(page.placed[end - 1], page.placed[end]):
        end += 1
    group = page.placed[index:end]
    lines = [placed.line for placed in group]
    if first.role == "float" and first.float_label is None:
        _take_unlabelled(desk, group, page=page, body=body)
    elif first.role == "float":
        if not any(_is_same_float(first, placed) for placed in page.placed[:index]):
            whole = [placed for placed in page.placed[index:] if _is_same_float(first, placed)]
            inside, around = _without_prose_around(whole, page=page, body=body)
            _take_float(desk, inside, page=page)
            for placed in around:
                _take_line(desk, placed, page=page, body=body)
    elif first.role == "caption":
        # Text beside a wrapped caption stands between its lines in the reading order.
        if not any(_is_same_caption(first, placed) for placed in page.placed[:index]):
            lines = [placed.line for placed in page.placed[index:] if _is_same_caption(first, placed)]
            desk.put("caption", lines, later=True, label=first.float_label)
    elif first.role == "footnote":
        for note in _footnotes(lines):
            mark, first_line = note_mark(note[0])
            desk.put("footnote", [first_line, *note[1:]], later=True, label=mark)
    elif first.role == "equation":
        if not any(_is_same_display(first, placed) for placed in page.placed[:index]):
            _put_equation(desk, [placed.line for placed in page.placed[index:] if _is_same_display(first, placed)])
    else:
        desk.add_code(lines)
    return end


def _is_same_float(first: Placed, placed: Placed) -> bool:
    return placed.role == "float" and placed.float_label == first.float_label


def _is_same_caption(first: Placed, placed: Placed) -> bool:
    return placed.role == "caption" and placed.float_label == first.float_label


def _is_same_display(first: Placed, placed: Placed) -> bool:
    return placed.role == "equation" and placed.display == first.display


def _belongs(before: Placed, placed: Placed) -> bool:
    if placed.role != before.role or placed.float_label != before.float_label or placed.display != before.display:
        return False
    if placed.role == "front":
        return abs(placed.line.size - before.line.size) < 0.6 and placed.line.bold == before.line.bold
    return True


def _without_prose_around(
    group: Sequence[Placed], *, page: PageLayout, body: BodyStyle
) -> tuple[list[Placed], list[Placed]]:
    """A float's own lines, and those of running text at its head and foot: beyond its rules, wide, set as that is."""
    top, low = min(placed.line.y0 for placed in group), max(placed.line.y1 for placed in group)
    ruled = []
    for x0, y0, x1, y1 in page.ruled:  # one may hold several tables, with text between them
        if any(stands_in(placed.line, [(x0, y0, x1, y1)]) for placed in group):
            rules = [
                rule.y0 for rule in page.long_rules() if max(y0, top - body.leading) <= rule.y0 <= min(y1, low) + 1
            ]
            ruled.append((x0, min(rules, default=y0), x1, max(rules, default=y1)))

    def is_set_so(placed: Placed) -> bool:
        line = placed.line
        is_so = abs(line.size - body.size) <= 0.06 * body.size and line.font in body.fonts
        return is_so and not stands_in(line, ruled)

    def is_prose(placed: Placed) -> bool:
        start, end = page.span_of(placed.column)
        return is_set_so(placed) and placed.line.width >= _WIDE * (end - start)

    def ends_prose(placed: Placed, before: Placed) -> bool:
        down = placed.line.baseline - before.line.baseline
        is_below = 0.5 * body.leading < down < 1.4 * body.leading and abs(placed.line.x0 - before.line.x0) < 2
        return is_below and is_set_so(placed) and is_prose(before)

    inside = sorted(group, key=lambda placed: placed.line.baseline)
    around: list[Placed] = []
    for place in (0, -1):
        if place and len(inside) > 2 and ends_prose(inside[-1], inside[-2]):
            around.append(inside.pop())
        while inside and is_prose(inside[place]):
            around.append(inside.pop(place))
    if not inside:
        return list(group), []
    return inside, sorted(around, key=lambda placed: placed.line.baseline)


def _take_float(desk: _Desk, group: Sequence[Placed], *, page: PageLayout) -> None:
    label = group[0].float_label or ""
    name = label.rsplit(" ", 1)[0].rsplit(" ", 1)[-1]
    if name in ("Figure", "Scheme", "Chart"):
        desk.dropped["text in figures"] += len(group)
        return
    if name in ("Algorithm", "Listing"):
        text, spans = _program([placed.line for placed in group])
        if text:
            desk.later.append(_Draft(kind="code", text=text, lines=spans, section=desk.path, label=label))
    else:
        _put_table(desk, read_table([placed.line for placed in group], page.graphics), label=label)


def _put_table(desk: _Desk, table: ReadTable, *, label: str | None) -> None:
    if not table.text:
        return
    draft = _Draft(kind="table", text=table.text, lines=table.spans, section=desk.path, label=label, grid=table.grid)
    desk.later.append(draft)


def _label_of_part(desk: _Desk, table: ReadTable, *, page: PageLayout) -> str | None:
    """The label of the table that goes on at the head of a page: it stood last on the page before, as wide and with as
    many columns."""
    before = next((draft for draft in reversed([*desk.drafts, *desk.later]) if draft.kind == "table"), None)
    if before is None or before.grid is None or before.grid.columns != table.grid.columns:
        return None
    edges = [(min(line.x0 for line in lines), max(line.x1 for line in lines)) for lines in (before.lines, table.spans)]
    is_as_wide = max(abs(one - other) for one, other in zip(*edges, strict=True)) < _PART_POINTS
    return before.label if is_as_wide and before.lines[0].page == page.number - 1 else None


def _take_unlabelled(desk: _Desk, group: Sequence[Placed], *, page: PageLayout, body: BodyStyle) -> None:
    """Lines set apart without a caption: a table if their cells stand in a grid, else prose, if they have words."""
    area = [area for area in page.ruled if stands_in(group[0].line, [area])][:1]
    rows = {round(placed.line.baseline) for placed in group}
    # Columns of the page may part a table: what stands within its rules, or in its rows, is of it.
    loose = [placed for placed in page.placed if _is_same_float(group[0], placed)]
    whole = [placed for placed in loose if stands_in(placed.line, area) or round(placed.line.baseline) in rows]
    if whole[0] is not group[0]:
        return  # taken with the first of them
    table = read_table([placed.line for placed in whole], page.graphics)
    if table.is_grid:
        above = min(placed.line.y0 for placed in whole)
        is_first = not any(p.line.y1 < above and p.role != "furniture" for p in page.placed)
        _put_table(desk, table, label=_label_of_part(desk, table, page=page) if is_first else None)
        return
    for placed in whole:
        if signs_of(placed.line, body=body).is_maths:
            desk.add_code([placed.line])  # of a program in signs, within a frame
        elif len(_LONG_WORD.findall(placed.line.text)) >= _LEAST_LONG_WORDS:
            _take_line(desk, placed, page=page, body=body)
        else:
            desk.dropped["loose signs"] += 1


def _put_equation(desk: _Desk, lines: Sequence[TextLine]) -> None:
    """A display equation: its label is its number, whose place is its last line, without width in the text."""
    label, own, number = in_order(lines)
    desk.close_paragraph()
    desk.close_code()
    text, spans = join_lines(own, desk.vocabulary)
    if number is not None:
        end = len(text)
        spans += (Line(start=end, end=end, page=number.page, x0=number.x0, y0=number.y0, x1=number.x1, y1=number.y1),)
    if text.strip():
        desk.drafts.append(_Draft(kind="equation", text=text, lines=spans, section=desk.path, label=label))


def _program(lines: Sequence[TextLine]) -> tuple[str, tuple[Line, ...]]:
    """A program as it is set: a row a line, as far in as on the page, without the numbers of its rows."""
    lines = _without_numbers_of_rows(sorted(lines, key=lambda line: (round(line.baseline / 3), line.x0)))
    em = median(line.width / len(line.text) for line in lines)  # one glyph's, where all are as wide
    left = min(line.x0 for line in lines)
    text, spans = "", list[Line]()
    before: TextLine | None = None
    for line in lines:
        if before is not None and abs(line.baseline - before.baseline) < 0.3 * line.size:
            text += " " * max(1, round((line.x0 - before.x1) / em))
        else:
            text += ("\n" if text else "") + " " * round((line.x0 - left) / em)
        start, before = len(text), line
        spelt, places = _with_wide_blanks(line, em)
        text += spelt
        words = tuple((start + at, x0, x1) for at, x0, x1 in places)
        spans.append(Line(start=start, end=len(text), page=line.page, x0=line.x0, y0=line.y0, x1=line.x1, y1=line.y1,
                          words=words))  # fmt: skip
    return text, tuple(spans)


def _with_wide_blanks(line: TextLine, em: float) -> tuple[str, list[tuple[int, float, float]]]:
    """A row of a program with as many blanks between its words as are as wide, and its words' new places."""
    text, places = "", list[tuple[int, float, float]]()
    ends = [start for start, _, _ in line.words[1:]]
    for (start, x0, x1), end in zip(line.words, [*ends, len(line.text)], strict=True):
        is_apart = places and line.text[start - 1] == " "
        if is_apart:
            text += " " * max(1, round((x0 - places[-1][2]) / em))
        places.append((len(text), x0, x1))
        text += line.text[start:end].rstrip().replace(SOFT_HYPHEN, "-")
    return text, places


def _without_numbers_of_rows(lines: Sequence[TextLine]) -> list[TextLine]:
    """The lines of a program without the numbers before them: set in other type, or counting on from row to row."""
    firsts = [re.match(r"(\d{1,4})(?=\s|$)", line.text) for line in lines]
    types: Counter[tuple[str, float]] = Counter()
    for line in lines:
        for run in line.runs:
            types[run.style[:2]] += run.end - run.start
    usual = max(types, key=lambda kind: (types[kind], kind))
    apart = [first and line.runs[0].style[:2] != usual for first, line in zip(firsts, lines, strict=True)]
    lines = [without_first(line, first.end()) if first and is_apart else line
             for line, first, is_apart in zip(lines, firsts, apart, strict=True)]  # fmt: skip
    firsts = [None if is_apart else first for first, is_apart in zip(firsts, apart, strict=True)]
    numbers = [int(first[1]) for first in firsts if first]
    steps = [after - one for one, after in pairwise(numbers)]
    if len(numbers) < max(_LEAST_NUMBERED, len(lines) / 2) or min(steps) < 1 or sum(steps) > 2 * len(steps):
        return [line for line in lines if line.text]
    bare = [without_first(line, first.end()) if first else line for line, first in zip(lines, firsts, strict=True)]
    return [line for line in bare if line.text]


def _footnotes(lines: Sequence[TextLine]) -> list[list[TextLine]]:
    notes: list[list[TextLine]] = []
    for line in lines:
        if begins_note(line) or not notes:
            notes.append([])
        notes[-1].append(line)
    return notes


def _numbered(desk: _Desk) -> Assembled:
    blocks: list[Block] = []
    start = 0
    for draft in desk.drafts:
        page = draft.lines[0].page if draft.lines else None
        blocks.append(
            Block(kind=draft.kind, text=draft.text, start=start, section=draft.section, page=page, lines=draft.lines,
                  label=draft.label, grid=draft.grid)
        )  # fmt: skip
        start += len(draft.text) + len(_SEPARATOR)
    text = _SEPARATOR.join(draft.text for draft in desk.drafts)
    return Assembled(text=text, blocks=tuple(blocks), dropped=desk.dropped)
