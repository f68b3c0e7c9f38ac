"""The characters of a page to lines: what is visible, what is hidden from the reader's eye, and how it is set.

Text that nobody sees must not speak: it is dropped and counted. Hidden are text painted with neither fill nor
stroke, text outside the page or of what clip paths leave, text too small to read, and text that makes no difference to
the picture of the page (white on white, or painted over by an image or a box): the page is rendered with and without it
and compared. The numbers that versions for review print beside their lines (in the margin or the gutter, in a strip
of their own, counting on from line to line) are taken out before anything reads the lines.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from kb.parsing.glyphs import OVERLAYS, Glyph, Style, is_private, spelling_of, style_of
from kb.parsing.page import TURNS, Frame, PageText, TextLine, Turn, build_lines, image_cover
from kb.parsing.pdfium import OpenText, TextObject
from kb.parsing.second_reader import Seen, symbol_sign
from kb.text import UNREAD

if TYPE_CHECKING:
    from kb.parsing.pdf import PdfPage

_MAX_DIGITS = 4
_DIGITS = frozenset("0123456789")
_ALIGNED_POINTS = 1.5
_MIN_NUMBERS = 8
_APART_EM = 0.6
_COUNTING_SHARE = 0.9  # of neighbours that count on by the usual step
_STEPS = (1, 2, 5, 10)
_ALONG_SHARE = 0.4  # of the height of the page's text
_BESIDE_POINTS = 150.0
_CELL_GAP_EM = 1.5  # between cells of a row
_DENSE_SHARE = 0.55  # numbers for each line beside them
_MAX_STRANGERS = 0.02  # share of the page's other signs that may stand in the strip


class _Number(NamedTuple):
    value: int
    places: tuple[int, ...]  # indexes of its glyphs
    x0: float
    x1: float
    baseline: float


def without_line_numbers(glyphs: Sequence[Glyph | None]) -> tuple[list[Glyph | None], int]:
    """The glyphs without line numbers, and how many numbers were taken out. Where one stood, a line ends."""
    numbers = _numbers(glyphs)
    if len(numbers) < _MIN_NUMBERS:
        return list(glyphs), 0
    signs = [(at, (glyph.x0 + glyph.x1) / 2) for at, glyph in enumerate(glyphs) if glyph and not glyph.text.isspace()]
    gone: set[int] = set()
    taken = 0
    strips = _strips(numbers, by_left_edge=True) + _strips(numbers, by_left_edge=False)
    for strip in sorted(strips, key=len, reverse=True):
        own = {place for number in strip for place in number.places}
        if own & gone:
            continue
        x0, x1 = min(n.x0 for n in strip), max(n.x1 for n in strip)
        strangers = sum(x0 - 1 <= x <= x1 + 1 for at, x in signs if at not in own and at not in gone)
        alone = strangers <= _MAX_STRANGERS * len(signs)
        counts = alone and _counts_on(strip) and _goes_along(strip, glyphs) and _is_dense(strip, glyphs)
        if counts and not _is_column(strip, glyphs):
            gone |= own
            taken += len(strip)
    if not gone:
        return list(glyphs), 0
    return [None if at in gone else glyph for at, glyph in enumerate(glyphs)], taken


def _numbers(glyphs: Sequence[Glyph | None]) -> list[_Number]:
    """Numbers of up to four digits that stand free on both sides."""
    runs: list[list[int]] = []
    for at, glyph in enumerate(glyphs):
        if glyph is None or glyph.text not in _DIGITS or not glyph.style.upright:
            continue
        before = glyphs[at - 1] if runs and runs[-1][-1] == at - 1 else None
        if before is not None and _touches(before, glyph):
            runs[-1].append(at)
        else:
            runs.append([at])
    return [number for run in runs if (number := _number(glyphs, run)) and _stands_free(glyphs, run)]


def _stands_free(glyphs: Sequence[Glyph | None], run: Sequence[int]) -> bool:
    first, last = glyphs[run[0]], glyphs[run[-1]]
    before = glyphs[run[0] - 1] if run[0] else None
    after = glyphs[run[-1] + 1] if run[-1] + 1 < len(glyphs) else None
    if first is None or last is None or (before is not None and _touches(before, first)):
        return False
    free = after is None or after.text.isspace() or not _touches(last, after)
    return free and _stands_apart(glyphs, run)


def _is_dense(strip: Sequence[_Number], glyphs: Sequence[Glyph | None]) -> bool:
    """Whether the numbers count the lines beside them: those of a list of references count entries of several lines."""
    x0, x1 = min(number.x0 for number in strip), max(number.x1 for number in strip)
    top, low = strip[0].baseline - 1, strip[-1].baseline + 1
    inked = [glyph for glyph in glyphs if glyph and not glyph.text.isspace() and top <= glyph.baseline <= low]
    right = {round(glyph.baseline / 3) for glyph in inked if x1 < glyph.x0 < x1 + _BESIDE_POINTS}
    left = {round(glyph.baseline / 3) for glyph in inked if x0 - _BESIDE_POINTS < glyph.x0 < x0 - 1}
    beside = len(right or left)
    return strip[-1].value - strip[0].value + 1 >= _DENSE_SHARE * beside


def _is_column(strip: Sequence[_Number], glyphs: Sequence[Glyph | None]) -> bool:
    """Whether the numbers are the first column of a table: most of the rows beside them have wide gaps, too."""
    x1, low, high = max(number.x1 for number in strip), strip[0].baseline - 1, strip[-1].baseline + 1
    rows: dict[int, list[Glyph]] = defaultdict(list)
    for glyph in glyphs:
        near = glyph and x1 < glyph.x0 < x1 + _BESIDE_POINTS and low <= glyph.baseline <= high
        if glyph and near and not glyph.text.isspace():
            rows[round(glyph.baseline / 3)].append(glyph)
    gapped = 0
    for row in rows.values():
        row.sort(key=lambda glyph: glyph.x0)
        gapped += any(after.x0 - one.x1 > _CELL_GAP_EM * one.style.size for one, after in pairwise(row))
    return 2 * gapped > len(rows) > 0


def _touches(left: Glyph, right: Glyph) -> bool:
    if left.text.isspace():
        return False
    gap = right.x0 - left.x1
    return abs(left.baseline - right.baseline) < 0.5 and -0.3 * right.style.size < gap < 0.3 * right.style.size


def _stands_apart(glyphs: Sequence[Glyph | None], places: Sequence[int]) -> bool:
    """Whether what is painted before and after on the same baseline is more than a blank away."""
    first, last = glyphs[places[0]], glyphs[places[-1]]
    for neighbour in (_inked(glyphs, range(places[0] - 1, -1, -1)), _inked(glyphs, range(places[-1] + 1, len(glyphs)))):
        if neighbour is None or first is None or last is None or abs(neighbour.baseline - first.baseline) > 0.5:
            continue
        gap = max(first.x0 - neighbour.x1, neighbour.x0 - last.x1)
        if gap < _APART_EM * first.style.size:
            return False
    return True


def _inked(glyphs: Sequence[Glyph | None], places: range) -> Glyph | None:
    for at in places:
        glyph = glyphs[at]
        if glyph is None or not glyph.text.isspace():
            return glyph
    return None


def _number(glyphs: Sequence[Glyph | None], places: Sequence[int]) -> _Number | None:
    digits = [glyph for at in places if (glyph := glyphs[at]) is not None]
    if not digits or len(digits) > _MAX_DIGITS:
        return None
    x0, x1 = min(glyph.x0 for glyph in digits), max(glyph.x1 for glyph in digits)
    return _Number(int("".join(glyph.text for glyph in digits)), tuple(places), x0, x1, digits[0].baseline)


def _strips(numbers: Sequence[_Number], *, by_left_edge: bool) -> list[list[_Number]]:
    """Numbers that are aligned below each other at their left or right edge."""
    edged = sorted(((n.x0 if by_left_edge else n.x1, n) for n in numbers), key=lambda pair: pair[0])
    strips: list[list[tuple[float, _Number]]] = []
    for edge, number in edged:
        if strips and edge - strips[-1][0][0] <= _ALIGNED_POINTS:
            strips[-1].append((edge, number))
        else:
            strips.append([(edge, number)])
    enough = [[number for _, number in strip] for strip in strips if len(strip) >= _MIN_NUMBERS]
    return [sorted(strip, key=lambda number: number.baseline) for strip in enough]


def _counts_on(strip: Sequence[_Number]) -> bool:
    steps = [after.value - before.value for before, after in pairwise(strip)]
    return any(steps.count(step) >= _COUNTING_SHARE * len(steps) for step in _STEPS)


def _goes_along(strip: Sequence[_Number], glyphs: Sequence[Glyph | None]) -> bool:
    """Whether the numbers accompany the page's text or go on from another page: those of a short list do neither."""
    if strip[0].value > _STEPS[-1]:
        return True
    baselines = [glyph.baseline for glyph in glyphs if glyph is not None]
    along = strip[-1].baseline - strip[0].baseline
    return along >= _ALONG_SHARE * (max(baselines) - min(baselines))


MAX_CHARS_PER_PAGE = 200_000
_TINY_POINTS = 1.0
_ONE_LETTER = re.compile(r"([^\W\d_])\1{7,}")
_BLANK = -1 - 0x20  # a glyph without a character at the place of the blank
_PALE = 245  # a fill whose every channel is at least this light may be white on white
_SEEN_STEPS = 14  # of 255: a difference in grey that an eye may notice
_SLANTED = 15  # degrees off a quarter turn from which on text is no line to be read
_ANY_GLYPH = (-1, 0xFFFD)  # codes that several glyphs of a font have
_IDEOGRAPHS = (0x3400, 0x9FFF)
_NARROW_EM = 0.65  # half of the glyphs of no font of ideographs are so narrow
# TeX's own fonts say what their glyphs are.
_TEX_FONT = re.compile(
    r"(?:cm|lm|sf|ec)[a-z]*\d|msam|msbm|eu[fsr][mb]|rsfs|stmary|wasy|esint|LM(?:Math|Roman|Sans|Mono)", re.IGNORECASE
)
_LETTERS_OF_WORD = 3
_MAX_LOOKS = 200  # at glyphs of one page
_OCR_COVER = 0.5  # share of the page that pictures cover where text lies under a scan


class Cover(NamedTuple):
    """Something filled, its place in the order of painting, and its box."""

    order: int
    x0: float
    y0: float
    x1: float
    y1: float


class Clip(NamedTuple):
    """What clipping leaves of an object at most; ``is_box``: exactly that is left."""

    x0: float
    y0: float
    x1: float
    y1: float
    is_box: bool

    def within(self, other: Clip | None) -> Clip:
        """What both leave."""
        if other is None:
            return self
        return Clip(
            max(self.x0, other.x0), max(self.y0, other.y0), min(self.x1, other.x1), min(self.y1, other.y1),
            self.is_box and other.is_box,
        )  # fmt: skip

    def hides(self, glyph: Glyph) -> bool:
        """Whether nothing of a glyph but its edge is left."""
        x, y = (glyph.x0 + glyph.x1) / 2, (glyph.y0 + glyph.y1) / 2
        return not (self.x0 - 0.5 <= x <= self.x1 + 0.5 and self.y0 - 0.5 <= y <= self.y1 + 0.5)


class _Piece(NamedTuple):
    """A text object: its style and baseline, and its state: "visible", "invisible" or "pale"."""

    style: Style
    origin: tuple[float, float]  # of its first character
    state: str
    font: int  # the address of its font


class TextScan:
    """One pass over the characters of a page. Style and visibility are asked once per text object."""

    def __init__(self, page: PdfPage, characters: OpenText) -> None:
        self._page = page
        self._characters = characters
        self._glyphs: list[Glyph | None] = []
        self._owners: list[int] = []  # of each glyph, the address of its text object
        self._turned: dict[int, tuple[Turn, tuple[float, float]]] = {}  # text objects that run up, down or backwards
        self._places: list[tuple[int, int, int]] = []  # of each glyph, its index, its code and the address of its font
        self._spelt: dict[int, str] = {}  # the characters of the page, each as it is written here
        self._pale: set[int] = set()
        self._unpainted: set[int] = set()
        self._dropped: Counter[str] = Counter()

    def read(self) -> PageText:
        """The visible lines and the count of what is not visible."""
        self._scan()
        self._doubt_ideographs()
        self._read_shapes()
        self._mark_one_for_all()
        unseen, clips = self._unseen()
        hidden = self._unpainted | unseen
        self._drop_clipped(clips)
        inked = Counter(
            owner in hidden
            for owner, glyph in zip(self._owners, self._glyphs, strict=True)
            if glyph is not None and not glyph.text.isspace()
        )
        is_ocr = inked[True] > 40 and inked[True] > 9 * inked[False] and self._is_scan()
        if not is_ocr:
            self._dropped["invisible"] += inked[True]
        kept = [
            (owner, glyph)
            for owner, glyph in zip(self._owners, self._glyphs, strict=True)
            if glyph is None or (owner in hidden) == is_ocr
        ]
        upright = [None if owner in self._turned else glyph for owner, glyph in kept]
        upright, self._dropped["line number"] = without_line_numbers(upright)
        lines = tuple(build_lines(upright, page=self._page.number))
        dropped = {k: n for k, n in self._dropped.items() if n}
        return PageText(lines=lines, turned=self._turned_lines(kept), dropped=dropped, is_ocr_layer=is_ocr)

    def _turned_lines(self, kept: Sequence[tuple[int, Glyph | None]]) -> dict[Turn, tuple[TextLine, ...]]:
        """The lines of text that does not run from left to right, as they stand when the page is turned upright."""
        page = self._page
        found: dict[Turn, tuple[TextLine, ...]] = {}
        for turn in sorted({turn for turn, _ in self._turned.values()}):
            frame = Frame.of_page(page.width, page.height, turn)
            glyphs: list[Glyph | None] = []
            for owner, glyph in kept:
                own = self._turned.get(owner)
                if glyph is None or own is None or own[0] != turn:
                    glyphs.append(None)
                    continue
                x0, y0, x1, y1 = frame.inside((glyph.x0, glyph.y0, glyph.x1, glyph.y1))
                baseline = frame.inside((*own[1], *own[1]))[1]
                glyphs.append(Glyph(glyph.text, x0, y0, x1, y1, baseline, glyph.style._replace(upright=True)))
            if lines := build_lines(glyphs, page=page.number):
                found[turn] = tuple(lines)
        return found

    def _drop_clipped(self, clips: Mapping[int, Clip]) -> None:
        """Leave out the characters that lie outside of what clipping leaves of their text object."""
        for place, (owner, glyph) in enumerate(zip(self._owners, self._glyphs, strict=True)):
            if glyph is not None and (clip := clips.get(owner)) is not None and clip.hides(glyph):
                self._dropped["invisible"] += not glyph.text.isspace()
                self._glyphs[place] = None

    def _is_scan(self) -> bool:
        page = self._page
        return image_cover(page.graphics(), width=page.width, height=page.height) > _OCR_COVER

    def _scan(self) -> None:
        self._dropped["beyond limit"] += max(0, self._characters.count - MAX_CHARS_PER_PAGE)
        shown, width, height = self._page.shown, self._page.width, self._page.height
        glyphs, owners, places = self._glyphs, self._owners, self._places
        spelt = self._spelt
        asked: dict[tuple[int, int], str] = {}
        owner, piece = 0, None
        for index, code, address, left, bottom, right, top in self._characters.each(MAX_CHARS_PER_PAGE):
            if code in (10, 13):
                glyphs.append(None)
                owners.append(0)
                places.append((index, code, 0))
                continue
            if address > 0 and address != owner:
                owner = address
                piece = self._piece(self._characters.text_object(index), index)
            if (text := spelt.get(code)) is None:
                if code < 0 or is_private(code):
                    text = UNREAD
                    if piece is not None and address > 0:
                        if (piece.font, code) not in asked:
                            advance = (right - left) / (piece.style.size or 1.0)
                            asked[piece.font, code] = self._by_its_font(code, index, piece.style.font, advance)
                        text = asked[piece.font, code]
                else:
                    text = spelt[code] = spelling_of(code)
            if not text or piece is None or address < 0:
                continue
            if UNREAD in text:
                if address == 0:
                    continue
                if code == _BLANK or not self._characters.has_ink(index):
                    text = " "
            ax, ay = shown(left, bottom)
            bx, by = shown(right, top)
            x0, x1 = (ax, bx) if ax <= bx else (bx, ax)
            y0, y1 = (ay, by) if ay <= by else (by, ay)
            if piece.state != "invisible":  # what is off the page or too small to be read
                if not (0 <= x0 + x1 <= 2 * width and 0 <= y0 + y1 <= 2 * height):
                    self._dropped["off-page"] += text != " "
                    continue
                if piece.style.size < _TINY_POINTS:
                    self._dropped["tiny"] += text != " "
                    continue
            glyphs.append(Glyph(text, x0, y0, x1, y1, piece.origin[1], piece.style))
            owners.append(owner)
            places.append((index, code, piece.font if address > 0 else 0))

    def _doubt_ideographs(self) -> None:
        """Ask the font's names where it calls narrow glyphs ideographs, whose signs are as wide as they are high."""
        if not any(_IDEOGRAPHS[0] <= code <= _IDEOGRAPHS[1] for code in self._spelt):
            return
        widths: dict[int, list[float]] = {}
        for glyph, (_, code, font) in zip(self._glyphs, self._places, strict=True):
            if glyph is not None and _IDEOGRAPHS[0] <= code <= _IDEOGRAPHS[1] and glyph.style.upright:
                widths.setdefault(font, []).append((glyph.x1 - glyph.x0) / (glyph.style.size or 1.0))
        doubted = {font for font, own in widths.items() if median(own) < _NARROW_EM}
        if not doubted:
            return
        asked: dict[tuple[int, int], str] = {}
        for at, (glyph, (index, code, font)) in enumerate(zip(self._glyphs, self._places, strict=True)):
            if glyph is not None and font in doubted and code > 0:
                if (font, code) not in asked:
                    seen = self._seen(index, glyph.style.font, 0.0)
                    nothing = UNREAD if self._characters.has_ink(index) else " "
                    asked[font, code] = self._page.reader.fonts.private_sign(chr(code), seen) or nothing
                self._glyphs[at] = glyph._replace(text=asked[font, code])

    def _read_shapes(self) -> None:
        """Look at the glyphs that have no sign, and at those of fonts that set no words: such call a plus "C"."""
        words = _fonts_of_words(self._glyphs, [font for *_, font in self._places])
        looked: dict[tuple[int, int, int], str] = {}
        for at, (glyph, (index, code, font)) in enumerate(zip(self._glyphs, self._places, strict=True)):
            if glyph is None or not font or (font in words and glyph.text != UNREAD) or glyph.text.isspace():
                continue
            if glyph.text != UNREAD and _TEX_FONT.match(glyph.style.font):
                continue
            one = (font, code, index if code in _ANY_GLYPH else 0)
            if one not in looked and len(looked) < _MAX_LOOKS and glyph.style.upright:
                looked[one] = self._page.reader.shapes.sign(self._characters, one, index, glyph)
            if sign := looked.get(one):
                self._glyphs[at] = glyph._replace(text=sign)

    def _mark_one_for_all(self) -> None:
        """Mark runs of one letter whose glyphs are of several widths: a table of the font makes one letter of all."""
        line = "".join("\n" if glyph is None else glyph.text[0] for glyph in self._glyphs)
        for run in _ONE_LETTER.finditer(line):
            glyphs = [glyph for glyph in self._glyphs[run.start() : run.end()] if glyph is not None]
            widths = {round((glyph.x1 - glyph.x0) / (glyph.style.size or 1.0), 1) for glyph in glyphs}
            if len(widths) > 2 and len({glyph.style for glyph in glyphs}) == 1:
                self._glyphs[run.start() : run.end()] = [glyph._replace(text=UNREAD) for glyph in glyphs]

    def _seen(self, index: int, font: str, advance: float) -> Seen:
        return Seen(self._page.number, font, advance, lambda: self._characters.font_program(index).data)

    def _by_its_font(self, code: int, index: int, font: str, advance: float) -> str:
        """The text of a glyph without a character (see ``OpenText.each``) or with a private one."""
        seen = self._seen(index, font, advance)
        if code < 0:
            sign = self._page.reader.fonts.sign(-1 - code, seen)
        else:
            sign = symbol_sign(code, font=font) or self._page.reader.fonts.private_sign(chr(code), seen) or chr(code)
        return "".join(char if char in OVERLAYS else spelling_of(ord(char)) for char in sign) or UNREAD

    def _piece(self, owner: TextObject, index: int) -> _Piece:
        a, b, c, d = owner.matrix[:4]
        size = owner.size * (math.hypot(c, d) or 1.0)
        angle = (math.degrees(math.atan2(b, a)) - self._page.rotation + 180) % 360 - 180
        state = "visible"
        if not owner.is_painted:
            state = "invisible"
            self._unpainted.add(owner.address)
        elif self._characters.is_pale(index, _PALE):
            state = "pale"
            self._pale.add(owner.address)
        style = style_of(owner.font, size=size, flags=owner.flags, upright=abs(angle) < _SLANTED)
        origin = self._page.shown(owner.x, owner.y)
        for turn in TURNS:
            if abs((angle - turn + 180) % 360 - 180) < _SLANTED:
                self._turned[owner.address] = (turn, origin)
        return _Piece(style, origin, state, owner.font_address)

    def _unseen(self) -> tuple[set[int], Mapping[int, Clip]]:
        """Text objects that may be hidden, by colour, a clip of odd shape or what is painted over them, and make no
        difference; and what clipping leaves of each."""
        painted, covers, clips = self._page.covers()
        odd = {owner for owner, clip in clips.items() if not clip.is_box}
        if not covers and not self._pale and not odd:
            return set(), clips
        boxes = self._boxes()
        suspects = {owner for owner in self._pale | odd if owner in boxes and owner not in self._unpainted}
        for owner, order in painted.items():
            if owner in boxes and owner not in self._unpainted and _is_covered(boxes[owner], order, covers):
                suspects.add(owner)
        if not suspects:
            return set(), clips
        with_it = self._page.render(scale=1.5, grayscale=True)
        without = self._page.render_without(suspects, scale=1.5)
        unseen: set[int] = set()
        for owner in suspects:
            x0, y0, x1, y1 = (edge * with_it.scale for edge in boxes[owner])
            part = (slice(int(y0), math.ceil(y1) + 1), slice(int(x0), math.ceil(x1) + 1))
            before, after = without.pixels[part].astype("int16"), with_it.pixels[part].astype("int16")
            if not before.size or int(abs(after - before).max()) < _SEEN_STEPS:
                unseen.add(owner)
        return unseen, clips

    def _boxes(self) -> dict[int, tuple[float, float, float, float]]:
        boxes: dict[int, tuple[float, float, float, float]] = {}
        for owner, glyph in zip(self._owners, self._glyphs, strict=True):
            if glyph is None or glyph.text.isspace():
                continue
            b = boxes.get(owner)
            boxes[owner] = (
                (glyph.x0, glyph.y0, glyph.x1, glyph.y1)
                if b is None
                else (min(b[0], glyph.x0), min(b[1], glyph.y0), max(b[2], glyph.x1), max(b[3], glyph.y1))
            )
        return boxes


def _fonts_of_words(glyphs: Sequence[Glyph | None], fonts: Sequence[int]) -> set[int]:
    """The fonts in which three letters follow each other."""
    found: set[int] = set()
    run = before = 0
    for glyph, font in zip(glyphs, fonts, strict=True):
        is_letter = glyph is not None and font > 0 and glyph.text.isalpha()
        run = (run + 1 if font == before else 1) if is_letter else 0
        before = font
        if run == _LETTERS_OF_WORD:
            found.add(font)
    return found


def _is_covered(box: tuple[float, float, float, float], order: int, covers: Iterable[Cover]) -> bool:
    """Whether something painted later lies over the middle of the box and most of its width."""
    x0, y0, x1, y1 = box
    middle = (y0 + y1) / 2
    return any(
        cover.order > order
        and cover.y0 <= middle <= cover.y1
        and min(x1, cover.x1) - max(x0, cover.x0) > 0.5 * (x1 - x0)
        for cover in covers
    )
