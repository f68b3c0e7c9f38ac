"""Display equations: lines of mathematics that stand apart from the text, each with the number printed at the margin.

They are told by form and place, never by what they say. Running text is told first: lines of words that fill their
column or begin where other lines of it begin. What stands between such lines, set in or centred, and is of signs more
than of words, is a display: its fractions, limits and further rows with it. A number in brackets at the margin makes
an equation of what stands in its row, and each number ends one, or begins one where numbers stand on the left.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from kb.parsing.layout import BodyStyle, PageLayout, Placed
from kb.parsing.page import Graphic, Rectangle, Run, TextLine, area_of, only_first, stands_in, without_first
from kb.text import is_set_solid

_LABEL = r"((?:[A-Z]{1,2}[.-]?)?\d{1,3}(?:[.–-]\d+)*[a-z]?[′']?|[*∗†]{1,3}|[A-Z])"
_NUMBER = re.compile(rf"[(\[（](?:Eq\.?\s?)?\s*{_LABEL}\s*[)\]）]")
_NUMBER_LAST = re.compile(rf"{_NUMBER.pattern}$")
_NUMBER_FIRST = re.compile(rf"^{_NUMBER.pattern}")
_WORD = re.compile(r"[^\W\d_]+")
_LONG_WORD = 4  # letters
_SCRIPT = 0.85  # of its line's size, for what is set smaller to be an index
# What TeX sets upright in a formula is none of its words.
_FUNCTIONS = frozenset(
    "arccos arcsin arctan arg argmax argmin cos cosh cot coth csc deg det diag dim exp gcd hom inf ker lg lim liminf"
    " limsup ln log max min mod pr rank sec sgn sign sin sinh sup tan tanh tr var cov".split()
)
_RELATION = re.compile(r"[=≤≥<>∈≈∼≃≅≡≠→←↦⇒⇔≪≫∝⊂⊆:]|[∑∏∫]")
_OPERATOR = re.compile(r"[∑∏∐∫⋃⋂⨁]|lim|max|min|sup|inf")
_EDGE_POINTS = 1.6  # lines that begin nearer to each other begin at one place
_SET_IN_SIZES = 0.8  # of the body's size, from where its column's lines begin
_INDENT_SIZES = 2.6  # of a paragraph's first line, or of an item of a list
_MATHS = 0.35  # of a display's signs, those of mathematics
_SOME_MATHS = 0.15  # where a relation is among them
_WIDE = 0.75  # of its column, for words to be running text wherever they begin
_APART_SIZES = 1.6  # between the ink of two displays, in units of the body's leading
_LEAST_GAP = 0.02  # between signs and a number, in units of their size
_NUMBER_GAP = 0.75  # between an equation and its number, in units of their size
_MOST_LOOKED_AT = 60  # lines of a display, for such as stand close
_NEAR_SIZES = 4.2  # from a display to the text it belongs to
_MOST_WORDS = 3  # different ones, of an equation without a number
_MOST_OF_WORDS = 0.5  # of the characters of one
_LEAST_SIGNS = 3
_MOST_STROKES = 6  # that are no rules, of a formula
_ROOM = 1.7  # between the lines of text above and below a display, in units of the body's leading
_MOST_NUMBERED_WORDS = 14
_OVERLAP = 0.5  # of its height, for a fragment to be of a line of text (a fraction, a limit in running text)


def number_apart(line: TextLine) -> tuple[str | None, TextLine | None]:
    """The number of an equation that stands apart at an end of the line, and what is left of the line. It may stand
    nearer to signs than to words, which end in a number as sentences do."""
    if whole := _NUMBER.fullmatch(line.text):
        return whole[1], None
    if last := _NUMBER_LAST.search(line.text):
        signs = sum(run.end - run.start for run in line.runs if _is_of_signs(run, line))
        gap = _LEAST_GAP if signs >= _MATHS * last.start() else _NUMBER_GAP
        if _gap_at(line, last.start()) >= gap * line.size:
            return last[1], only_first(line, last.start())
    if first := _NUMBER_FIRST.match(line.text):
        rest = without_first(line, first.end())
        if rest.text and _gap_at(line, len(line.text) - len(rest.text)) >= _NUMBER_GAP * line.size:
            return first[1], rest
    return None, line


def _is_of_signs(run: Run, line: TextLine) -> bool:
    """Whether a run is in a font of mathematics, or raised or lowered."""
    return run.style.is_math or run.raised or run.style.size < _SCRIPT * line.size


def _gap_at(line: TextLine, start: int) -> float:
    """Points between the word at ``start`` and what stands before it; 0 where no word begins there."""
    before = [x1 for at, _, x1 in line.words if at < start]
    place = next((x0 for at, x0, _ in line.words if at == start), None)
    return place - max(before) if before and place is not None else 0.0


# ------------------------------------------------------------------------------------------- displays


def find_displays(page: PageLayout, *, body: BodyStyle) -> list[list[Placed]]:
    """The display equations among the undecided lines of a page, each as its lines in reading order."""
    found: list[list[Placed]] = []
    for column in dict.fromkeys(placed.column for placed in page.placed if placed.role == "body"):
        found += _Column(page, column, body=body).displays()
    places = {id(placed): at for at, placed in enumerate(page.placed)}
    return sorted(found, key=lambda display: min(places[id(placed)] for placed in display))


class _Column:
    """The undecided lines of a column from the top, and which of them are running text."""

    def __init__(self, page: PageLayout, column: int, *, body: BodyStyle) -> None:
        self._body, self._span, self._graphics = body, page.span_of(column), page.graphics
        own = [placed for placed in page.placed if placed.column == column and placed.role != "furniture"]
        own.sort(key=lambda placed: (placed.line.baseline, placed.line.x0))
        self._own = own
        self._baselines = [placed.line.baseline for placed in own]
        self._highest = max((placed.line.height for placed in own), default=0.0)
        self._numbers = {id(placed) for placed in own if self._is_number(placed.line)}
        self._signs = {id(placed): signs_of(placed.line, body=body) for placed in own}
        full = [p.line for p in own if len(self._signs[id(p)].words) > 3 and p.line.size > 0.85 * body.size]
        starts = Counter(round(line.x0) for line in full)
        self._edges = [edge for edge, count in starts.items() if count > 1]
        self._numbered = self._beside_numbers()
        self._is_text: dict[int, bool] = {}
        before: Placed | None = None
        for placed in own:
            is_text = placed.role != "body" or self._reads_as_text(placed, before) or stands_in(placed.line, page.ruled)
            self._is_text[id(placed)] = is_text
            before = placed if is_text else before
        for placed in [placed for placed in own if not self._is_text[id(placed)]]:
            if self._fills_a_line(placed):
                self._is_text[id(placed)] = True

    def displays(self) -> list[list[Placed]]:
        """The displays of the column, each as its lines from the top."""
        texts = [placed for placed in self._own if self._is_text[id(placed)]]
        found: list[list[Placed]] = []
        stretch: list[Placed] = []
        for placed in self._own:
            if self._is_text[id(placed)]:
                found += self._of_stretch(stretch, texts)
                stretch = []
            elif not any(self._is_text[id(near)] and _is_of(placed.line, near.line) for near in self._near(placed)):
                stretch.append(placed)
        return found + self._of_stretch(stretch, texts)

    def _is_number(self, line: TextLine) -> bool:
        """Whether a number stands at a margin of the column, alone or apart."""
        start, end = self._span
        number, rest = number_apart(line)
        if number is None:
            return False
        slack = 0.04 * (end - start) + 2
        if rest is None:
            return line.x1 >= end - slack or line.x0 <= start + slack
        return (line.x1 >= end - slack and rest.x0 == line.x0) or (line.x0 <= start + slack and rest.x1 == line.x1)

    def _beside_numbers(self) -> set[int]:
        """The lines that stand in the row of a number."""
        numbers = [placed for placed in self._own if id(placed) in self._numbers]
        return {id(placed) for number in numbers for placed in self._own if _share_row(placed.line, number.line)}

    def _reads_as_text(self, placed: Placed, before: Placed | None) -> bool:
        line, (start, end) = placed.line, self._span
        words, *_ = signs = self._signs[id(placed)]
        if id(placed) in self._numbers or (id(placed) in self._numbered and len(words) <= _MOST_NUMBERED_WORDS / 2):
            return False
        if len(words) >= 3 and signs.word_share >= 0.45 and line.width >= _WIDE * (end - start):
            return True
        set_in = line.x0 - start
        at_edge = set_in <= 0.4 * self._body.size or any(abs(line.x0 - edge) <= _EDGE_POINTS for edge in self._edges)
        if (
            at_edge
            and words
            and (line.text.startswith(words[0]) or signs.word_share >= (0.5 if len(words) == 1 else 0.3))
        ):
            return True
        near_edge = set_in <= _INDENT_SIZES * self._body.size and bool(words)
        reaches_end = line.x1 >= end - line.size and line.width >= _WIDE * (end - start)
        if near_edge and reaches_end and line.text.startswith(words[0]):
            return True
        if at_edge and before is not None and abs(line.size - self._body.size) < 0.12 * self._body.size:
            down = line.baseline - before.line.baseline
            is_close = 0.3 * line.size < down <= 1.15 * self._body.leading
            if is_close and (signs.word_share >= 0.3 or before.line.x1 >= end - 2 * line.size):
                return True  # a paragraph that ends in a formula
        least = 0.5 if len(words) >= 3 else 0.8
        if near_edge and signs.word_share >= least and signs.total >= 3:
            return True
        return len(words) >= 4 and signs.word_share >= 0.6

    def _near(self, placed: Placed) -> Sequence[Placed]:
        """The lines that can reach one: no line is higher than the highest."""
        reach = 2 * self._highest
        start = bisect_left(self._baselines, placed.line.baseline - reach)
        return self._own[start : bisect_right(self._baselines, placed.line.baseline + reach)]

    def _fills_a_line(self, placed: Placed) -> bool:
        """Whether signs are of a line of text that is of signs alone: as wide as the column, and no farther from the
        lines above and below than these are from each other."""
        line, (start, end), slack = placed.line, self._span, self._body.size
        if id(placed) in self._numbers or id(placed) in self._numbered:
            return False
        first = bisect_left(self._baselines, line.baseline - 0.5 * slack)
        behind = bisect_right(self._baselines, line.baseline + 0.5 * slack)
        row = [placed.line for placed in self._own[first:behind]]
        if min(one.x0 for one in row) > start + 0.4 * slack or max(one.x1 for one in row) < end - slack:
            return False
        baseline = max(row, key=lambda one: one.size).baseline
        near, apart = 1.15 * self._body.leading, 0.3 * slack
        nearest = [bisect_left(self._baselines, y) for y in (baseline - near, baseline - apart)]
        farthest = [bisect_right(self._baselines, y) for y in (baseline + apart, baseline + near)]
        above, below = slice(nearest[0], min(first, nearest[1])), slice(max(behind, farthest[0]), farthest[1])
        return self._has_text(above) and self._has_text(below)

    def _has_text(self, lines: slice) -> bool:
        return any(self._is_text[id(placed)] for placed in self._own[lines])

    def _of_stretch(self, stretch: Sequence[Placed], texts: Sequence[Placed]) -> list[list[Placed]]:
        """The displays in what stands between two lines of text."""
        found: list[list[Placed]] = []
        for part in self._parted(stretch):
            if self._is_display(part, texts):
                found += self._one_a_number(part)
        return found

    def _parted(self, stretch: Sequence[Placed]) -> list[list[Placed]]:
        """The lines by wide gaps between them."""
        parts: list[list[Placed]] = []
        low = 0.0
        for placed in stretch:
            line = placed.line
            if parts and line.y0 - low <= _APART_SIZES * self._body.leading:
                parts[-1].append(placed)
            else:
                parts.append([placed])
                low = 0.0
            low = max(low, line.y1)
        return parts

    def _is_display(self, part: Sequence[Placed], texts: Sequence[Placed]) -> bool:
        upright = [placed for placed in part if placed.line.upright]
        numbers = [placed for placed in upright if id(placed) in self._numbers]
        own = [
            rest for placed in upright if (rest := number_apart(placed.line)[1] if placed in numbers else placed.line)
        ]
        if not own or len(upright) < len(part):
            return False
        signs = [signs_of(line, body=self._body) for line in own]
        total = max(1, sum(one.total for one in signs))
        maths = sum(one.maths for one in signs) / total
        words = [word for one in signs for word in one.words if len(word) >= _LONG_WORD or is_set_solid(word[0])]
        has_relation = any(_RELATION.search(line.text) for line in own)
        if numbers:
            return (has_relation or maths >= _MATHS) and len(words) <= _MOST_NUMBERED_WORDS
        is_wordy = len(set(words)) > _MOST_WORDS + 0.04 * total or sum(map(len, words)) > _MOST_OF_WORDS * total
        if is_wordy or total < _LEAST_SIGNS or not self._stands_apart(own) or not self._is_near_text(own, texts):
            return False
        if self._is_drawn(own) or not self._has_room(own, texts):
            return False
        return maths >= _MATHS or (has_relation and (maths >= _SOME_MATHS or _is_stacked(own)))

    def _has_room(self, lines: Sequence[TextLine], texts: Sequence[Placed]) -> bool:
        """Whether the text makes room for the lines; between lines that are set on they are parts of text."""
        middle = sum((line.y0 + line.y1) / 2 for line in lines) / len(lines)
        above = max((p.line.baseline for p in texts if p.line.baseline <= middle), default=None)
        below = min((p.line.baseline for p in texts if p.line.baseline > middle), default=None)
        return above is None or below is None or below - above >= _ROOM * self._body.leading

    def _is_drawn(self, lines: Sequence[TextLine]) -> bool:
        """Whether the lines stand in a picture: an image, or more strokes than a formula has."""
        x0, y0, x1, y1 = area = area_of(lines)
        inside = [
            one for one in self._graphics
            if x0 - 3 <= (one.x0 + one.x1) / 2 <= x1 + 3 and y0 - 3 <= (one.y0 + one.y1) / 2 <= y1 + 3
        ]  # fmt: skip
        if sum(one.y1 - one.y0 > 2 for one in inside) > max(_MOST_STROKES, len(lines) / 2):
            return True
        return any(one.kind in ("image", "form") and _stands_in(area, one) for one in self._graphics)

    def _stands_apart(self, lines: Sequence[TextLine]) -> bool:
        """Whether lines are set in, or in the middle of their column."""
        start, end = self._span
        left, right = min(line.x0 for line in lines) - start, end - max(line.x1 for line in lines)
        return left >= _SET_IN_SIZES * self._body.size or abs(left - right) <= 0.08 * (end - start)

    def _is_near_text(self, lines: Sequence[TextLine], texts: Sequence[Placed]) -> bool:
        top, bottom = min(line.y0 for line in lines), max(line.y1 for line in lines)
        near = max(_NEAR_SIZES * self._body.size, 2 * self._body.leading)
        prose = [placed.line for placed in texts if placed.role == "body"]
        return any(-near <= top - line.y1 <= near or -near <= line.y0 - bottom <= near for line in prose)

    def _one_a_number(self, part: Sequence[Placed]) -> list[list[Placed]]:
        """A display as its equations: with several numbers, the rows up to each, or from each on where they stand on
        the left."""
        numbers = {id(placed) for placed in part if id(placed) in self._numbers}
        if len(numbers) < 2:
            return [list(part)]
        start, end = self._span
        at_left = all(p.line.x0 - start < end - p.line.x1 for p in part if id(p) in numbers)
        found: list[list[Placed]] = [[]]
        is_closed = False
        for band in _bands(part, size=self._body.size):
            has_number = any(id(placed) in numbers for placed in band)
            if found[-1] and (has_number if at_left else is_closed):
                found.append([])
                is_closed = False
            found[-1] += band
            is_closed = is_closed or has_number
        return found


def _is_stacked(lines: Sequence[TextLine]) -> bool:
    """Whether lines stand nearer below each other than lines of text do: a fraction, limits."""
    return any(
        0.25 * one.size < abs(one.baseline - other.baseline) < 0.95 * one.size
        and min(one.x1, other.x1) > max(one.x0, other.x0) - one.size
        for one, other in combinations(lines[:_MOST_LOOKED_AT], 2)
    )


def _bands(part: Sequence[Placed], *, size: float) -> list[list[Placed]]:
    """The rows of a display from the top, each with its fractions and limits: lines whose heights overlap, and small
    ones with the row that is nearest."""
    bands: list[list[Placed]] = []
    low = 0.0
    for placed in sorted(part, key=lambda placed: placed.line.y0):
        line = placed.line
        if bands and line.y0 < low - 0.08 * line.size:
            bands[-1].append(placed)
        else:
            bands.append([placed])
            low = 0.0
        low = max(low, line.y1)
    rows = [band for band in bands if any(placed.line.size >= _SCRIPT * size for placed in band)] or bands
    for band in bands:
        if not any(band is row for row in rows):
            over = [row for row in rows if _has_operator_over(row, band)]
            min(over or rows, key=lambda row: _gap(row, band)).extend(band)
    return [sorted(row, key=lambda placed: (placed.line.baseline, placed.line.x0)) for row in rows]


def _has_operator_over(row: Sequence[Placed], band: Sequence[Placed]) -> bool:
    """Whether a line of the row has a large operator, above what the band has."""
    left, right = min(placed.line.x0 for placed in band), max(placed.line.x1 for placed in band)
    return any(
        _OPERATOR.search(placed.line.text) and placed.line.x0 - 4 <= left and right <= placed.line.x1 + 4
        and placed.line.y0 < band[0].line.y0
        for placed in row
    )  # fmt: skip


def _gap(one: Sequence[Placed], other: Sequence[Placed]) -> float:
    """Points between two sets of lines, up and down."""
    above, below = sorted((one, other), key=lambda band: min(placed.line.y0 for placed in band))
    return min(placed.line.y0 for placed in below) - max(placed.line.y1 for placed in above)


def _stands_in(area: Rectangle, one: Graphic) -> bool:
    """Whether the middle of an area lies in a picture that is larger than a formula."""
    x, y = (area[0] + area[2]) / 2, (area[1] + area[3]) / 2
    return one.x0 <= x <= one.x1 and one.y0 <= y <= one.y1 and one.y1 - one.y0 > 1.5 * (area[3] - area[1])


def _share_row(one: TextLine, other: TextLine) -> bool:
    shared = min(one.y1, other.y1) - max(one.y0, other.y0)
    return shared > 0.5 * min(one.height, other.height)


def _is_of(fragment: TextLine, text: TextLine) -> bool:
    """Whether a fragment stands in the height of a line of text: it is a part of it."""
    shared = min(fragment.y1, text.y1) - max(fragment.y0, text.y0)
    return shared > _OVERLAP * fragment.height


class Signs(NamedTuple):
    """What a line is of: its words, and how many of its characters are of mathematics, and how many there are."""

    words: list[str]
    maths: int
    total: int

    @property
    def word_share(self) -> float:
        """Share of the characters that are of words, 0 to 1."""
        return sum(map(len, self.words)) / max(1, self.total)

    @property
    def is_maths(self) -> bool:
        """Whether a line is of mathematics more than of words."""
        least = _MATHS if self.words else _SOME_MATHS
        return self.total >= _LEAST_SIGNS and self.maths >= least * self.total


def signs_of(line: TextLine, *, body: BodyStyle) -> Signs:
    """A word is set in one style of running text; names of functions are none. Of mathematics is what its fonts set,
    what is raised or lowered, Greek letters, signs of mathematics, and single letters in italics."""
    maths = [False] * len(line.text)
    run_of = [0] * len(line.text)
    for number, run in enumerate(line.runs):
        is_of_signs = _is_of_signs(run, line)
        for at in range(run.start, min(run.end, len(line.text))):
            maths[at], run_of[at] = is_of_signs, number
    words = []
    for match in _WORD.finditer(line.text):
        start, end = match.span()
        style = line.runs[run_of[start]].style
        last = line.runs[run_of[end - 1]].style
        if style.italic and style.font not in body.fonts and end - start == 1:
            maths[start] = True
        elif is_set_solid(line.text[start]):
            words += [line.text[at : at + 2] for at in range(start, end, 2)]
        elif style.italic == last.italic and not any(maths[start:end]) and end - start > 1:
            words.append(match[0])
    for at, sign in enumerate(line.text):
        maths[at] = maths[at] or (sign > "\x7f" and (unicodedata.category(sign) == "Sm" or "\u0370" <= sign < "\u0400"))
    words = [word for word in words if word.casefold() not in _FUNCTIONS]
    inked = [flag for flag, sign in zip(maths, line.text, strict=True) if not sign.isspace()]
    return Signs(words, sum(inked), len(inked))


# ---------------------------------------------------------------------------------------------- text


def in_order(lines: Sequence[TextLine]) -> tuple[str | None, list[TextLine], TextLine | None]:
    """An equation's printed number (None where it has none), its lines without it, and the line of the number.

    The lines of a row stand from left to right, what is over a line of a fraction before what is under it.
    """
    label: str | None = None
    at: TextLine | None = None
    own: list[TextLine] = []
    for line in lines:
        number, rest = number_apart(line)
        if number is not None and label is None:
            label, at = number, line if rest is None else _number_of(line, rest)
            own += [rest] if rest is not None else []
        else:
            own.append(line)
    if len(own) > 1:
        rows = _bands([Placed(line) for line in own], size=max(line.size for line in own))
        own = [line for row in rows for line in _read_along([placed.line for placed in row])]
    return label, own, at


def _read_along(row: list[TextLine]) -> list[TextLine]:
    """The lines of a row from left to right, what stands over another before it; those of a matrix or of cases, which
    are rows of their own within tall brackets, from the top."""
    for one, other in combinations(row[:_MOST_LOOKED_AT], 2):
        apart = abs(one.baseline - other.baseline)
        smaller, larger = sorted((one.size, other.size))
        are_rows = apart > 0.95 * larger and smaller >= _SCRIPT * larger
        if are_rows and not _has_line_between(one, other, row):
            return row
    return sorted(row, key=lambda line: (line.x0, line.baseline))


def _has_line_between(one: TextLine, other: TextLine, row: Sequence[TextLine]) -> bool:
    """Whether a line stands between the heights of two: they are over and under the line of a fraction."""
    low, high = sorted((one.baseline, other.baseline))
    return any(low + 0.2 * line.size < line.baseline < high - 0.2 * line.size for line in row)


def _number_of(line: TextLine, rest: TextLine) -> TextLine:
    """The part of a line that is its number."""
    is_last = rest.x0 == line.x0
    return without_first(line, len(rest.text)) if is_last else only_first(line, len(line.text) - len(rest.text))
