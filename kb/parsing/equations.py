"""Display equations: lines of mathematics that stand apart from the text, each with the number printed at the margin.

They are told by form and place, never by what they say. Running text is told first: lines of words that fill their
column or begin where other lines of it begin. What stands between such lines, set in or centred, and is of signs more
than of words, is a display: its fractions, limits and further rows with it. A number in brackets at the margin makes
an equation of what stands in its row, and each number ends one, or begins one where numbers stand on the left.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from kb.parsing.layout import BodyStyle, PageLayout, Placed
from kb.parsing.lines import TextLine, only_first, without_first

_LABEL = r"((?:[A-Z]{1,2}[.-]?)?\d{1,3}(?:[.–-]\d+)*[a-z]?[′']?|[*∗†]{1,3}|[A-Z])"
_NUMBER = re.compile(rf"[(\[（](?:Eq\.?\s?)?\s*{_LABEL}\s*[)\]）]")
_NUMBER_LAST = re.compile(rf"{_NUMBER.pattern}$")
_NUMBER_FIRST = re.compile(rf"^{_NUMBER.pattern}")
_WORD = re.compile(r"[^\W\d_]{2,}")
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
# What TeX sets upright in a formula is none of its words.
_FUNCTIONS = frozenset(
    "arccos arcsin arctan arg argmax argmin cos cosh cot coth csc deg det diag dim exp gcd hom inf ker lg lim liminf"
    " limsup ln log max min mod pr rank sec sgn sign sin sinh sup tan tanh tr var cov".split()
)
_RELATION = re.compile(r"[=≤≥<>∈≈∼≃≅≡≠→←↦⇒⇔≪≫∝⊂⊆:]|[∑∏∫]")
_EDGE_POINTS = 1.6  # lines that begin nearer to each other begin at one place
_SET_IN_SIZES = 0.8  # of the body's size, from where its column's lines begin
_INDENT_SIZES = 2.6  # of a paragraph's first line, or of an item of a list
_MATHS = 0.25  # of a display's signs, those of mathematical fonts
_WIDE = 0.75  # of its column, for words to be running text wherever they begin
_APART_SIZES = 1.3  # between the ink of two displays, in units of the body's leading
_NEAR_SIZES = 3.2  # from a display to the text it belongs to
_MOST_WORDS = 3  # of an equation without a number
_MOST_NUMBERED_WORDS = 14
_OVERLAP = 0.5  # of its height, for a fragment to be of a line of text (a fraction, a limit in running text)


def math_share(lines: Iterable[TextLine]) -> float:
    """Share of characters set in mathematical fonts, or raised, 0 to 1."""
    total = maths = 0
    for line in lines:
        for run in line.runs:
            total += run.end - run.start
            maths += (run.end - run.start) * (run.style.is_math or run.raised)
    return maths / max(1, total)


def number_apart(line: TextLine) -> tuple[str | None, TextLine | None]:
    """The number of an equation that stands apart at an end of the line, and what is left of the line."""
    if whole := _NUMBER.fullmatch(line.text):
        return whole[1], None
    if (last := _NUMBER_LAST.search(line.text)) and _gap_at(line, last.start()) >= line.size:
        return last[1], only_first(line, last.start())
    if first := _NUMBER_FIRST.match(line.text):
        rest = without_first(line, first.end())
        if rest.text and _gap_at(line, len(line.text) - len(rest.text)) >= line.size:
            return first[1], rest
    return None, line


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
        self._body, self._span = body, page.span_of(column)
        own = [placed for placed in page.placed if placed.column == column and placed.role != "furniture"]
        own.sort(key=lambda placed: (placed.line.baseline, placed.line.x0))
        self._own = own
        self._numbers = {id(placed) for placed in own if self._is_number(placed.line)}
        starts = Counter(round(p.line.x0) for p in own if len(_words(p.line)) > 3 and p.line.size > 0.85 * body.size)
        self._edges = [edge for edge, count in starts.items() if count > 1]
        self._numbered = self._rows_with_numbers()
        self._is_text: dict[int, bool] = {}
        before: Placed | None = None
        for placed in own:
            is_text = placed.role != "body" or self._reads_as_text(placed, before)
            self._is_text[id(placed)] = is_text
            before = placed if is_text else before

    def displays(self) -> list[list[Placed]]:
        """The displays of the column, each as its lines from the top."""
        texts = [placed for placed in self._own if self._is_text[id(placed)]]
        found: list[list[Placed]] = []
        stretch: list[Placed] = []
        for placed in self._own:
            if self._is_text[id(placed)]:
                found += self._of_stretch(stretch, texts)
                stretch = []
            elif not any(_is_of(placed.line, text.line) for text in texts):
                stretch.append(placed)
        return found + self._of_stretch(stretch, texts)

    def _is_number(self, line: TextLine) -> bool:
        """Whether a number stands at a margin of the column, alone or apart."""
        number, rest = number_apart(line)
        if number is None:
            return False
        start, end = self._span
        slack = 0.04 * (end - start) + 2
        if rest is None:
            return line.x1 >= end - slack or line.x0 <= start + slack
        return (line.x1 >= end - slack and rest.x0 == line.x0) or (line.x0 <= start + slack and rest.x1 == line.x1)

    def _rows_with_numbers(self) -> set[int]:
        """The lines beside a number, and the numbers themselves, where there are such lines."""
        found: set[int] = set()
        for number in (placed for placed in self._own if id(placed) in self._numbers):
            beside = [placed for placed in self._own if placed is not number and _share_row(placed.line, number.line)]
            if number_apart(number.line)[1] is not None or beside:
                found |= {id(number), *(id(placed) for placed in beside)}
        return found

    def _reads_as_text(self, placed: Placed, before: Placed | None) -> bool:
        line, (start, end) = placed.line, self._span
        if id(placed) in self._numbers:
            return False
        words = _words(line)
        share = sum(map(len, words)) / max(1, len(line.text.replace(" ", "")))
        if id(placed) in self._numbered and len(words) <= _MOST_NUMBERED_WORDS / 2:
            return False
        if len(words) >= 3 and share >= 0.45 and line.width >= _WIDE * (end - start):
            return True
        set_in = line.x0 - start
        at_edge = set_in <= 0.4 * self._body.size or any(abs(line.x0 - edge) <= _EDGE_POINTS for edge in self._edges)
        if at_edge and words and (line.text.startswith(words[0]) or len(words) > 1 or share >= 0.5):
            return True
        if at_edge and before is not None and abs(line.size - self._body.size) < 0.12 * self._body.size:
            down = line.baseline - before.line.baseline
            if 0.3 * line.size < down <= 1.15 * self._body.leading and before.line.x1 >= end - 2 * line.size:
                return True  # a paragraph that ends in a formula
        if set_in <= _INDENT_SIZES * self._body.size and len(words) >= 3 and share >= 0.5:
            return True
        return len(words) >= 4 and share >= 0.6

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
        lines = [placed.line for placed in part if placed.line.upright]
        own = [rest for line in lines if (rest := number_apart(line)[1] if self._is_number(line) else line)]
        if not own or len(own) < len(part) / 2:
            return False
        text = " ".join(line.text for line in own)
        maths, words = math_share(own), sum(len(_LONG_WORD.findall(" ".join(_words(line)))) for line in own)
        numbered = any(id(placed) in self._numbers and id(placed) in self._numbered for placed in part)
        has_relation = bool(_RELATION.search(text))
        if not self._stands_apart(own) and not numbered:
            return False
        if numbered:
            return (has_relation or maths >= _MATHS) and words <= _MOST_NUMBERED_WORDS
        if words > _MOST_WORDS + 0.04 * len(text) or not self._is_near_text(own, texts):
            return False
        signs = sum(not sign.isalnum() and not sign.isspace() for sign in text) / max(1, len(text.replace(" ", "")))
        return maths >= _MATHS or (has_relation and (maths >= 0.12 or (not words and signs >= 0.1)))

    def _stands_apart(self, lines: Sequence[TextLine]) -> bool:
        """Whether lines are set in, or in the middle of their column."""
        start, end = self._span
        left, right = min(line.x0 for line in lines) - start, end - max(line.x1 for line in lines)
        return left >= _SET_IN_SIZES * self._body.size or abs(left - right) <= 0.08 * (end - start)

    def _is_near_text(self, lines: Sequence[TextLine], texts: Sequence[Placed]) -> bool:
        top, bottom = min(line.y0 for line in lines), max(line.y1 for line in lines)
        near = _NEAR_SIZES * self._body.size
        prose = [placed.line for placed in texts if placed.role == "body"]
        return any(-near <= top - line.y1 <= near or -near <= line.y0 - bottom <= near for line in prose)

    def _one_a_number(self, part: Sequence[Placed]) -> list[list[Placed]]:
        """A display as its equations: with several numbers, the rows up to each, or from each on where they stand on
        the left."""
        numbers = [placed for placed in part if id(placed) in self._numbers and id(placed) in self._numbered]
        if len(numbers) < 2:
            return [list(part)]
        bands = _bands(part)
        at_left = all(_has_number_first(placed.line, self._span) for placed in numbers)
        found: list[list[Placed]] = [[]]
        closed = False
        for band in bands:
            has_number = any(placed in numbers for placed in band)
            if found[-1] and (closed if not at_left else has_number):
                found.append([])
                closed = False
            found[-1] += band
            closed = closed or has_number
        return found


def _has_number_first(line: TextLine, span: tuple[float, float]) -> bool:
    return line.x0 - span[0] < span[1] - line.x1


def _bands(part: Sequence[Placed]) -> list[list[Placed]]:
    """Lines whose heights overlap, from the top: a row with its fractions and limits."""
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
    return [sorted(band, key=lambda placed: (placed.line.baseline, placed.line.x0)) for band in bands]


def _share_row(one: TextLine, other: TextLine) -> bool:
    shared = min(one.y1, other.y1) - max(one.y0, other.y0)
    return shared > 0.5 * min(one.height, other.height)


def _is_of(fragment: TextLine, text: TextLine) -> bool:
    """Whether a fragment stands in the height of a line of text: it is a part of it."""
    shared = min(fragment.y1, text.y1) - max(fragment.y0, text.y0)
    return shared > _OVERLAP * fragment.height


def _words(line: TextLine) -> list[str]:
    """The words of a line that no mathematical font sets, but for names of functions."""
    maths = [False] * len(line.text)
    for run in line.runs:
        if run.style.is_math or run.raised:
            maths[run.start : run.end] = [True] * (run.end - run.start)
    found = [match for match in _WORD.finditer(line.text) if not any(maths[match.start() : match.end()])]
    return [match[0] for match in found if match[0].casefold() not in _FUNCTIONS]


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
    return label, own, at


def _number_of(line: TextLine, rest: TextLine) -> TextLine:
    """The part of a line that is its number."""
    is_last = rest.x0 == line.x0
    return without_first(line, len(rest.text)) if is_last else only_first(line, len(line.text) - len(rest.text))
