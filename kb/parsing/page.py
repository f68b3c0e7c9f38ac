"""A page as it was printed: plain records of lines, drawn things and links, and how glyphs make lines.

All boxes are in PDF points of the page as it is shown (rotation and crop box applied), origin at the top left. No
record holds a handle of any library.

A PDF paints glyphs; it knows no words, lines or columns. ``build_lines`` follows the order in which the page paints
them (which for typeset papers is the reading order within a column), starts a new line at a new baseline or a big
horizontal jump (the gutter between two columns), and afterwards puts pieces of one baseline together again: scripts,
marks, changes of font, accents.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple

from kb.parsing.glyphs import (
    SPACE_EM,
    Glyph,
    Style,
    compose_accents,
    in_spoken_order,
    is_accent,
    is_extension_font,
    is_math_font,
    with_double_quotes,
    with_missing_blanks,
)
from kb.text import is_set_solid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Rectangle = tuple[float, float, float, float]
GraphicKind = Literal["path", "image", "shading", "form"]

Turn = Literal[0, 90, 180, 270]
TURNS: tuple[Turn, ...] = (90, 180, 270)

LONG_RULE_POINTS = 60.0
"""From which on a rule may be a table's."""
_EQUAL_POINTS = 3.0  # ends of rules that are nearer are at one place
_PIECE_POINTS = 1.0  # between the pieces of a rule


class Run(NamedTuple):
    """``[start, end)`` of a line's text in one style; ``raised`` marks superscripts, ``is_mark`` those that point to a
    note or an entry (``kb.parsing.paragraphs``)."""

    start: int
    end: int
    style: Style
    raised: bool
    is_mark: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """A printed line of one column: text, box (points, origin top left) and style.

    ``size``, ``font``, ``bold`` and ``italic`` are those of most of its characters. ``words`` holds
    ``(start, x0, x1)`` for each word, ``start`` being its place in ``text``; each character of Chinese, Japanese
    and Korean text counts as a word, and so does a raised mark or exponent. ``text`` has single spaces, no blank at
    its ends, and ends in a soft hyphen (U+00AD) where the reader saw a word broken at the line's end. ``upright`` is
    False for rotated text, whose words then all have the line's x-range.
    """

    text: str
    page: int
    x0: float
    y0: float
    x1: float
    y1: float
    baseline: float
    size: float
    font: str
    bold: bool
    italic: bool
    upright: bool
    words: tuple[tuple[int, float, float], ...]
    runs: tuple[Run, ...]

    @property
    def width(self) -> float:
        """Width in points."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Height in points (ascender to descender of the fonts)."""
        return self.y1 - self.y0

    def with_scripts(self, *, lowered: bool = True) -> list[str]:
        """Its characters, a sign before digits that are raised or lowered: "10^19", "84.2_0.3", "T^{1+n}".

        What is raised tells itself behind letters, too; ``lowered`` digits behind others alone: "H2O" reads on. Signs
        that are raised by what they are ("²") stay what they are. "H^{2}0": what is lowered there is no digit of the 2.
        """
        chars = list(self.text)
        full = max(run.style.size for run in self.runs)
        small = 0.92 * full if lowered else 0.0
        for sign, group in groupby(self.runs, key=lambda run: "^" if run.raised else "_" * (run.style.size < small)):
            runs = list(group)
            start, before = runs[0].start, self.text[: runs[0].start][-1:]
            inner = self.text[start : runs[-1].end].rstrip()
            holds = before.isdigit() if sign == "_" else before.isalnum() or before in (")", "]", "%")
            if sign and holds and _POWER_BEGINS.match(inner):
                is_plain = bool(_POWER.fullmatch(inner)) and not self.text[start + len(inner) :][:1].isdigit()
                chars[start] = f"{sign}{chars[start]}" if is_plain else f"{sign}{{{chars[start]}"
                chars[start + len(inner) - 1] += "" if is_plain else "}"
        return chars

    def without_raised(self) -> str:
        """The text without its superscripts."""
        return "".join(self.text[run.start : run.end] for run in self.runs if not run.raised)


class Frame(NamedTuple):
    """How a part of a page is read: the part, as a box of the page as it is shown, and by how many degrees its text is
    turned against the reader (90: it runs up the page, 270: down). Inside, its text is upright, its top left is (0, 0).
    """

    area: Rectangle
    turn: Turn = 0

    @classmethod
    def of_page(cls, width: float, height: float, turn: Turn = 0) -> Frame:
        """The whole page."""
        return cls((0.0, 0.0, width, height), turn)

    @property
    def width(self) -> float:
        """Width of the upright part in points."""
        x0, y0, x1, y1 = self.area
        return y1 - y0 if self.turn in (90, 270) else x1 - x0

    @property
    def height(self) -> float:
        """Height of the upright part in points."""
        x0, y0, x1, y1 = self.area
        return x1 - x0 if self.turn in (90, 270) else y1 - y0

    def inside(self, box: Rectangle) -> Rectangle:
        """A box of the page as it is shown, as it lies on the upright part."""
        x0, y0, x1, y1 = self.area
        if self.turn == 90:
            return y1 - box[3], box[0] - x0, y1 - box[1], box[2] - x0
        if self.turn == 270:
            return box[1] - y0, x1 - box[2], box[3] - y0, x1 - box[0]
        if self.turn == 180:
            return x1 - box[2], y1 - box[3], x1 - box[0], y1 - box[1]
        return box[0] - x0, box[1] - y0, box[2] - x0, box[3] - y0

    def on_page(self, box: Rectangle) -> Rectangle:
        """A box of the upright part, as it lies on the page as it is shown."""
        x0, y0, x1, y1 = self.area
        if self.turn == 90:
            return x0 + box[1], y1 - box[2], x0 + box[3], y1 - box[0]
        if self.turn == 270:
            return x1 - box[3], y0 + box[0], x1 - box[1], y0 + box[2]
        if self.turn == 180:
            return x1 - box[2], y1 - box[3], x1 - box[0], y1 - box[1]
        return x0 + box[0], y0 + box[1], x0 + box[2], y0 + box[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graphic:
    """A drawn thing that is no text, clipped to the page.

    The box of a form (an embedded picture) is not clipped to what is visible of it: judge by rendered ink.
    """

    kind: GraphicKind
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkArea:
    """A link annotation: the whole address, however the text wraps, and where it can be clicked."""

    url: str
    page: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineEntry:
    """An entry of the table of contents: ``level`` from 0; ``page`` is 1-based; ``y`` from the top, if it says."""

    level: int
    title: str
    page: int | None
    y: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """The text of a page: ``lines`` in painting order, and how many characters were no visible text.

    ``turned`` are the lines that run up, down or backwards, as they stand when the whole page is turned upright
    (``Frame``); slanted ones are among ``lines``, not ``upright``.
    ``dropped`` has the keys "invisible", "tiny", "off-page", "beyond limit", and "line number" for the numbers that
    versions for review print beside their lines; ``is_ocr_layer`` says that the page is a picture whose text was
    laid under it, invisibly, by a recogniser.
    """

    lines: tuple[TextLine, ...]
    turned: Mapping[Turn, tuple[TextLine, ...]] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    is_ocr_layer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """A rendered part of a page.

    ``pixels`` is ``(height, width)`` grey or ``(height, width, 3)`` RGB, uint8; ``scale`` is pixels per point
    (less than asked for when the picture would be too large); pixel (0, 0) lies at point ``(x0, y0)``.
    """

    pixels: NDArray[np.uint8]
    scale: float
    x0: float
    y0: float


# ---------------------------------------------------------------------------------------------------- areas and parts


def rules_of(graphics: Iterable[Graphic], *, longer_than: float) -> list[Graphic]:
    """Thin horizontal lines, from the top; those that are drawn in pieces, one for each cell, are put together."""
    rules: list[Graphic] = []
    thin = [one for one in graphics if one.kind == "path" and one.y1 - one.y0 < 2]
    for piece in sorted(thin, key=lambda one: (round(one.y0), one.x0)):
        last = rules[-1] if rules else None
        if last and round(last.y0) == round(piece.y0) and piece.x0 <= last.x1 + _PIECE_POINTS:
            rules[-1] = replace(last, x1=max(last.x1, piece.x1))
        else:
            rules.append(piece)
    return sorted((rule for rule in rules if rule.x1 - rule.x0 > longer_than), key=lambda rule: rule.y0)


def ruled_areas(graphics: Iterable[Graphic]) -> list[Rectangle]:
    """Boxes from the first to the last of three equal rules or more, which make a table."""
    families: list[list[Graphic]] = []
    for rule in rules_of(graphics, longer_than=LONG_RULE_POINTS):
        equal = (f for f in families if max(abs(f[0].x0 - rule.x0), abs(f[0].x1 - rule.x1)) < _EQUAL_POINTS)
        if (family := next(equal, None)) is not None:
            family.append(rule)
        else:
            families.append([rule])
    return [(family[0].x0, family[0].y0, family[0].x1, family[-1].y1) for family in families if len(family) > 2]


def area_of(lines: Iterable[TextLine]) -> Rectangle:
    """The smallest box (x0, y0, x1, y1) around all lines (at least one)."""
    every = list(lines)
    return (
        min(line.x0 for line in every), min(line.y0 for line in every),
        max(line.x1 for line in every), max(line.y1 for line in every),
    )  # fmt: skip


def stands_in(line: TextLine, areas: Iterable[Rectangle]) -> bool:
    """Whether the middle of a line lies in one of the areas."""
    x, y = (line.x0 + line.x1) / 2, (line.y0 + line.y1) / 2
    return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in areas)


def image_cover(graphics: Iterable[Graphic], *, width: float, height: float) -> float:
    """Share of the page, 0 to 1, that images cover (overlaps counted twice, then capped)."""
    area = sum((g.x1 - g.x0) * (g.y1 - g.y0) for g in graphics if g.kind == "image")
    return min(1.0, area / max(width * height, 1.0))


def without_first(line: TextLine, count: int) -> TextLine:
    """The line without its first ``count`` characters (a mark or bullet) and the blanks after them."""
    cut = count + len(line.text[count:]) - len(line.text[count:].lstrip())
    places = [place for place in line.words if place[0] >= cut]
    if (not places or places[0][0] > cut) and len(places) < len(line.words):
        # The mark is glued to the first word: where that begins is not known better than in proportion.
        start, x0, x1 = line.words[len(line.words) - len(places) - 1]
        end = places[0][0] - 1 if places else len(line.text)
        places.insert(0, (cut, x0 + (x1 - x0) * (cut - start) / max(1, end - start), x1))
    runs = tuple(run._replace(start=max(0, run.start - cut), end=run.end - cut) for run in line.runs if run.end > cut)
    words = tuple((start - cut, x0, x1) for start, x0, x1 in places)
    x0 = min((x0 for _, x0, _ in words), default=line.x0)
    return replace(line, text=line.text[cut:], x0=max(x0, line.x0), words=words, runs=runs)


def only_first(line: TextLine, count: int) -> TextLine:
    """The line's first ``count`` characters."""
    text = line.text[:count].rstrip()
    words = tuple(place for place in line.words if place[0] < len(text))
    runs = tuple(run._replace(end=min(run.end, len(text))) for run in line.runs if run.start < len(text))
    return replace(
        line, text=text, x1=min(line.x1, max((x1 for _, _, x1 in words), default=line.x1)), words=words, runs=runs
    )


# ---------------------------------------------------------------------------------------------------- glyphs to lines

_TALLEST = 2.0  # height of a line's letters, in units of their size
_RAISED = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹")  # signs that are raised by what they are
_POWER_BEGINS = re.compile(r"[+−–-]?[0-9]")
_POWER = re.compile(r"[+−–-]?[0-9][0-9.,]*[+−–)*-]?")
_JOIN_EM = 0.75  # gap between two pieces of one line, in units of the font size


class _Fragment:
    """Glyphs that stand together, with what merging needs."""

    __slots__ = ("baseline", "glyphs", "is_operator", "size", "upright", "x0", "x1", "y0", "y1")

    def __init__(self, glyphs: list[Glyph]) -> None:
        self.glyphs = glyphs
        inked = [glyph for glyph in glyphs if not glyph.text.isspace()] or glyphs
        self.x0 = min([glyph.x0 for glyph in inked])
        self.x1 = max([glyph.x1 for glyph in inked])
        first = inked[0].style
        if all(glyph.style is first for glyph in inked):  # as nearly all are
            self.is_operator, self.size, main = is_extension_font(first.font), first.size, inked
        else:
            fonts = {glyph.style.font for glyph in inked}
            # Large operators and growing brackets set neither size nor baseline of a line.
            operators = {font for font in fonts if is_extension_font(font)}
            self.is_operator = bool(operators) and all(glyph.style.font in operators for glyph in inked)
            if operators and not self.is_operator:
                inked = [glyph for glyph in inked if glyph.style.font not in operators]
            # The largest size that a fifth of the glyphs have: subscripts may be many, but they do not set the line.
            sizes = Counter([glyph.style.size for glyph in inked])
            most = max(sizes.values())
            self.size = max(size for size, count in sizes.items() if 5 * count >= len(inked) or count == most)
            main = [glyph for glyph in inked if glyph.style.size == self.size] if len(sizes) > 1 else inked
            if any(map(is_math_font, fonts)):
                # Boxes of mathematical signs (roots, sums) reach into the lines above and below.
                main = [glyph for glyph in main if not glyph.style.is_math] or main
        self.y0 = min([glyph.y0 for glyph in main])
        self.y1 = max([glyph.y1 for glyph in main])
        baselines = Counter([glyph.baseline for glyph in main])
        if len(baselines) > 1:
            baselines = Counter([round(glyph.baseline, 1) for glyph in main])
        self.baseline = round(baselines.most_common(1)[0][0], 1)
        self.upright = inked[0].style.upright
        if self.upright and not self.is_operator and self.y1 - self.y0 > _TALLEST * self.size:
            # Fonts of mathematics have boxes for the tallest of their signs.
            self.y0, self.y1 = (
                max(self.y0, self.baseline - 0.8 * self.size),
                min(self.y1, self.baseline + 0.3 * self.size),
            )

    def is_script(self, other: _Fragment) -> bool:
        """Whether one of the two is set smaller than the other, as limits and exponents are."""
        return min(self.size, other.size) < 0.9 * max(self.size, other.size)


def _merge_fragments(fragments: list[list[Glyph]]) -> list[_Fragment]:
    """Put fragments of one printed line together; looks back a little, for marks that are painted late."""
    kept: list[_Fragment] = []
    for glyphs in fragments:
        if all(glyph.text.isspace() for glyph in glyphs):
            continue
        fragment = _Fragment(glyphs)
        accent = is_accent(glyphs)
        for earlier in reversed(kept[-4:]):
            if accent and _stands_over(fragment, earlier):
                kept[kept.index(earlier)] = _Fragment([*earlier.glyphs, *fragment.glyphs])
                break
            if _same_line(earlier, fragment):
                kept[kept.index(earlier)] = _Fragment(_weave(earlier, fragment))
                break
        else:
            kept.append(fragment)
    return kept


def _stands_over(accent: _Fragment, line: _Fragment) -> bool:
    """Whether an accent that the reader moved away belongs to a letter of the line."""
    middle, low = (accent.x0 + accent.x1) / 2, line.y0 - 0.4 * line.size
    return line.upright and line.x0 <= middle <= line.x1 and low <= accent.y0 and accent.y1 <= line.y1


def _same_line(a: _Fragment, b: _Fragment) -> bool:
    if not (a.upright and b.upright):
        return False
    em = max(a.size, b.size)
    gap = max(a.x0, b.x0) - min(a.x1, b.x1)
    if gap > max(6.0, _JOIN_EM * em) or gap < -1.2 * em:
        return False
    if abs(a.baseline - b.baseline) < 0.12 * em:
        return True
    if a.is_operator != b.is_operator and not a.is_script(b):
        # A sum or an integral in a line of text: its baseline is where its top is.
        return min(a.y1, b.y1) - max(a.y0, b.y0) > 0.6 * min(a.y1 - a.y0, b.y1 - b.y0)
    # A superscript or subscript: smaller, and overlapping the other's height.
    small, big = (a, b) if a.size < b.size else (b, a)
    overlap = min(a.y1, b.y1) - max(a.y0, b.y0)
    return small.size < 0.9 * big.size and overlap > 0.45 * (small.y1 - small.y0)


def _weave(a: _Fragment, b: _Fragment) -> list[Glyph]:
    left, right = (a, b) if a.x0 <= b.x0 else (b, a)
    first, second = left.glyphs, right.glyphs
    if _runs_leftwards([*first, *second]):
        first, second = second, first
    elif right.x1 < left.x1 and right.is_script(left) and right.size < left.size and not is_accent(second):
        # Painted late ("th" of "4th"), into a gap that was left for it.
        slack = 0.1 * left.size
        if not any(one.x0 < right.x1 - slack and right.x0 + slack < one.x1 and not one.text.isspace() for one in first):
            at = max(
                at for at, one in enumerate(first, 1) if at == 1 or (one.x1 <= right.x1 and not one.text.isspace())
            )
            if right.x0 - first[at - 1].x1 > SPACE_EM * left.size and first[at : at + 1] and first[at].text.isspace():
                at += 1
            return [*first[:at], *second, *first[at:]]
    gap = right.x0 - left.x1
    if gap > SPACE_EM * max(a.size, b.size) and not first[-1].text.isspace() and not second[0].text.isspace():
        edge = first[-1]
        return [*first, edge._replace(text=" ", x0=left.x1, x1=right.x0), *second]
    return [*first, *second]


def _runs_leftwards(glyphs: list[Glyph]) -> bool:
    """Whether most letters are of a script that is written from right to left."""
    letters = [glyph.text for glyph in glyphs if glyph.text.isalpha()]
    return 2 * sum(unicodedata.bidirectional(text[0]) in ("R", "AL") for text in letters) > len(letters)


# Gaps and overlaps are in units of the font size (em).
_GUTTER_EM = 1.15
_MARKER_EM = 2.6  # between the number of a heading or list item and its text
_MARKER = re.compile(r"(?:\(?(?:\d{1,2}(?:\.\d{1,2}){0,3}|[A-Za-z]|[ivxIVX]{1,4})[.)]?|\[\d{1,3}\]|[•◦▪∗–-])")


def build_lines(glyphs: Sequence[Glyph | None], *, page: int) -> list[TextLine]:
    """Lines of one page, in the order in which the page paints them.

    Args:
        glyphs: in painting order; ``None`` stands where the reader itself saw the end of a line.
        page: 1-based number of the page.
    """
    fragments: list[list[Glyph]] = []
    current: list[Glyph] = []
    last: Glyph | None = None
    for glyph in glyphs:
        if glyph is None or (last is not None and _starts_fragment(last, glyph) and not _is_marked(current, glyph)):
            if current:
                fragments.append(current)
            current, last = [], None
        if glyph is None:
            continue
        current.append(glyph)
        if not glyph.text.isspace():
            last = glyph
    if current:
        fragments.append(current)
    lines = [_line_of(part, page=page) for part in _merge_fragments(fragments)]
    return [line for line in lines if line is not None]


def _starts_fragment(last: Glyph, glyph: Glyph) -> bool:
    if glyph.text.isspace():
        return False
    if glyph.style.upright != last.style.upright:
        return True
    jump = glyph.x0 - last.x1
    if -3 <= jump <= 10 and glyph.y0 == last.y0 and glyph.style.upright:
        return False  # as nearly all do
    em = max(last.style.size, glyph.style.size, 1.0)
    if not glyph.style.upright:
        return abs(glyph.x0 - last.x0) > em
    overlap = min(glyph.y1, last.y1) - max(glyph.y0, last.y0)
    return jump > max(10.0, _GUTTER_EM * em) or jump < -3 * em or overlap < -0.3 * em


def _is_marked(current: list[Glyph], glyph: Glyph) -> bool:
    """Whether the fragment is only the number or bullet before ``glyph``'s text."""
    if len(current) > 12:
        return False
    last = next(before for before in reversed(current) if not before.text.isspace())
    if not 0 < glyph.x0 - last.x1 <= _MARKER_EM * glyph.style.size or glyph.baseline != last.baseline:
        return False
    return _MARKER.fullmatch("".join(before.text for before in current).strip()) is not None


def _line_of(fragment: _Fragment, *, page: int) -> TextLine | None:
    glyphs = in_spoken_order(compose_accents(with_double_quotes(with_missing_blanks(fragment.glyphs))))
    inked = [glyph for glyph in glyphs if not glyph.text.isspace()]
    if not inked:
        return None
    if glyphs is not fragment.glyphs:
        fragment = _Fragment(glyphs)
    styles = Counter([glyph.style for glyph in inked])
    main = max(styles, key=lambda style: (styles[style], style))
    text, words, runs = _spell(glyphs, fragment)
    if not text:
        return None
    x0, x1 = min(glyph.x0 for glyph in inked), max(glyph.x1 for glyph in inked)
    if not fragment.upright:
        words = [(start, x0, x1) for start, _, _ in words]
    total = len(inked)
    return TextLine(
        text=text, page=page, x0=x0, x1=x1, y0=fragment.y0, y1=fragment.y1, baseline=fragment.baseline,
        size=fragment.size, font=main.font, upright=fragment.upright, words=tuple(words), runs=tuple(runs),
        bold=2 * sum(count for style, count in styles.items() if style.bold) > total,
        italic=2 * sum(count for style, count in styles.items() if style.italic) > total,
    )  # fmt: skip


def _spell(glyphs: list[Glyph], line: _Fragment) -> tuple[str, list[tuple[int, float, float]], list[Run]]:
    """Text with single spaces, the words' places, and the runs of one style."""
    pieces: list[str] = []
    words: list[tuple[int, float, float]] = []
    starts: list[tuple[int, Style, bool]] = []  # of the runs: a space belongs to the run before it
    style, raised = None, False
    length = 0
    in_word = pending = False
    small, high = 0.92 * line.size, 0.15 * line.size
    for text, x0, _, x1, _, baseline, own in glyphs:
        if text.isspace():
            pending = length > 0
            in_word = False
            continue
        if pending:
            pieces.append(" ")
            length += 1
            pending = False
        wide = text > "\u2e7f" and is_set_solid(text[0])
        is_raised = (own.size < small and line.baseline - baseline > high) or text in _RAISED
        if in_word and not wide and raised == is_raised:
            start, left, right = words[-1]
            words[-1] = (start, x0 if x0 < left else left, x1 if x1 > right else right)
        else:
            words.append((length, x0, x1))
        in_word = not wide
        if raised != is_raised or (own is not style and own != style):
            starts.append((length, own, is_raised))
            style, raised = own, is_raised
        pieces.append(text)
        length += len(text)
    ends = [start for start, _, _ in starts[1:]]
    runs = [Run(start, end, own, up) for (start, own, up), end in zip(starts, [*ends, length], strict=False)]
    return "".join(pieces), words, runs
