"""Printed lines to running text: which raised signs are marks, what the end of a line means, where a paragraph begins.

Marks of notes and citations are no part of the text; exponents and ordinals are. Both are set alike, so that the page
decides: a mark has its note at the foot of the page, or the paper cites by raised numbers throughout, or it stands
behind a word or a sentence's end, where no exponent can stand. What stands on a variable, a number or a unit is an
exponent as long as no note claims it alone.

A hyphen at a line's end belongs to the break ("repre-" / "sent"), to the word ("noisy-" / "or"), or to a word whose
second half is left out ("pre-" / "and postwar"). Which, is judged by a small linear model: by how the paper writes the
word elsewhere, how abstracts write it and its halves (``data/words.npz``: hashes with counts, made and measured by
``tests/benchmarks/hyphens_train.py``), how likely its letters follow each other, and how it is cut and capitalised. An
address keeps what it has: nobody puts a hyphen into one to break it.
"""

from __future__ import annotations

import math
import re
import unicodedata
import zlib
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from itertools import accumulate, groupby, islice
from operator import eq
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from kb.parsing.glyphs import SOFT_HYPHEN
from kb.parsing.layout import BodyStyle, PageLayout, Placed
from kb.parsing.legibility import folded, parted_bits
from kb.parsing.page import Run, TextLine, without_first
from kb.records import Line
from kb.text import CLOSERS, FULL_STOPS, is_set_solid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ITEM = re.compile(
    r"^(?:(?P<bullet>[•◦▪▸►‣∙●○■□–—]|[-*∗·](?=\s))\s*|\(?(?P<number>\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s+|\[\d+\]\s+)(?=\S)"
)
_SURE_BULLETS = "•◦▪▸►‣∙●○■□"
_ENDS_SENTENCE = re.compile(rf"[:{FULL_STOPS}][{CLOSERS}]*$")


def join_lines(
    lines: Sequence[TextLine], vocabulary: Vocabulary, *, keep_marks: bool = False
) -> tuple[str, tuple[Line, ...]]:
    """The text of a block and where each of its printed lines stands in it (see ``kb.records.Line``).

    ``keep_marks`` leaves the raised marks of authors and affiliations where they are.
    """
    text = ""
    spans: list[Line] = []
    for line in lines:
        piece, words = (with_plain_hyphens(line.text), list(line.words)) if keep_marks else without_marks(line)
        if not piece:
            continue
        if text:
            text = glued(text, piece, vocabulary)
            if spans and spans[-1].end > len(text):
                spans[-1] = _shortened(spans[-1], len(text.rstrip()))
        start = len(text)
        text += piece
        moved = tuple((start + at, x0, x1) for at, x0, x1 in words)
        spans.append(
            Line(
                start=start, end=len(text), page=line.page, x0=line.x0, y0=line.y0, x1=line.x1, y1=line.y1, words=moved
            )
        )
    if text.endswith(SOFT_HYPHEN):
        text = text[:-1] + "-"
    return text, tuple(spans)


def _shortened(line: Line, end: int) -> Line:
    return Line(start=line.start, end=end, page=line.page, x0=line.x0, y0=line.y0, x1=line.x1, y1=line.y1,
                words=tuple(word for word in line.words if word[0] < end))  # fmt: skip


# ------------------------------------------------------------------------------------------ paragraphs


def is_list_item(text: str) -> bool:
    """Whether the text begins with a bullet or an item's number."""
    return bool(_ITEM.match(text))


def without_item_mark(line: TextLine) -> tuple[str | None, TextLine]:
    """An item's number or letter (None for bullets), and its first line without bullet or number."""
    match = _ITEM.match(line.text)
    if match is None or not (match["bullet"] or match["number"]):
        return None, line  # a number in square brackets is a citation
    return match["number"], without_first(line, match.end())


def starts_paragraph(paragraph: Sequence[Placed], placed: Placed, *, page: PageLayout, body: BodyStyle) -> bool:
    """Whether ``placed``, the next line of running text, begins a new paragraph after ``paragraph``."""
    before = paragraph[-1]
    last, line = before.line, placed.line
    if last.text.endswith(("https:", "http:")) and line.text.startswith("//"):
        return False  # an address is no end of a sentence
    ended = bool(_ENDS_SENTENCE.search(last.text.rstrip(SOFT_HYPHEN)))
    if is_list_item(line.text) and (ended or is_list_item(paragraph[0].line.text) or line.text[0] in _SURE_BULLETS):
        return True
    if last.page != line.page or before.column != placed.column:
        # Over a column or page break a sentence goes on; after its end a new paragraph is as good.
        return ended and not line.text[:1].islower()
    down = line.baseline - last.baseline
    size = max(last.size, line.size)
    if abs(last.size - line.size) > 0.7 and down > 0.3 * size:
        return True
    if down > 1.4 * max(1.05 * size, body.leading * size / body.size) or down < -size:
        return ended or not line.text[:1].islower() or not _is_float_between(last, line, page=page)
    if down < 0.3 * size:
        return False  # the same printed line
    indent = line.x0 - last.x0
    if len(paragraph) > 1 and abs(indent) > 0.7 * size and (ended or indent > 0):
        return ended or not line.text[:1].islower()
    if len(paragraph) == 1 and indent > 0.7 * size and not is_list_item(last.text):
        return ended
    _, end = page.span_of(placed.column)
    short = last.x1 < end - 3 * size
    run_in = line.runs[0].style.bold and not last.bold and not line.bold
    return ended and ((short and line.text[:1].isupper()) or run_in)


def _is_float_between(last: TextLine, line: TextLine, *, page: PageLayout) -> bool:
    """Whether a figure or table stands between two lines of a column: over it a sentence goes on."""
    return any(
        placed.role in ("float", "caption") and last.y1 - 1 < (placed.line.y0 + placed.line.y1) / 2 < line.y0 + 1
        and placed.line.x0 < max(last.x1, line.x1) and min(last.x0, line.x0) < placed.line.x1
        for placed in page.placed
    )  # fmt: skip


# -------------------------------------------------------------------------------------------------------------- marks

_SIGNS = "∗*†‡§¶"
_NUMBER = re.compile(r"\d{1,3}(?:\s?[,–-]\s?\d{1,3})*,?")
_SIGN = re.compile(rf"[{_SIGNS}]+|[a-z]")
_NOTE = re.compile(rf"(?:\d{{1,3}}|[{_SIGNS}]+)\s*(?=\S)")
_RAISED_NOTE = re.compile(r"(?P<mark>\d{1,3}|[a-z])\s*(?=\S)")
_WORD_END = re.compile(r"[^\W\d_]{4,}$")
_SHORT_WORD_END = re.compile(r"[^\W\d_]{2,3}$")
_STOP = re.compile(r"[.,;:?!”\"’»]$")
_WORDY = re.compile(r"[^\W\d_]{3,}")
_FIGURE_END = re.compile(r"\d[.,)\]]?$")
_QUANTITY = re.compile(
    r"\d\s?(?:[^\W\d_]{1,3}[/·×])*[^\W\d_]{1,3}$"
)  # "5 cm", "3.2 W/m": what is raised there is a power
_AFTER_WORD = frozenset(".,;:?!)]")  # what no blank stands before
_LEAST_CITING = 8  # numbers raised behind words without a note on their page, from which on a paper cites so


class _Raised(NamedTuple):
    """Raised runs of a line that are one: the first and the last, and how likely a mark: "sure", "likely" (where there
    are notes or citations), "claimed" (if a note has no other), "letter" (if a note has it)."""

    placed: Placed
    first: int
    last: int
    sign: str
    kind: str


def find_marks(pages: Sequence[PageLayout]) -> None:
    """Say of each raised run of the lines whether it is a mark (``Run.is_mark``). Footnotes have their role."""
    raised = {page.number: [one for placed in page.placed for one in _raised_in(placed)] for page in pages}
    notes = {page.number: _note_signs(page) for page in pages}
    citing = {
        one.sign
        for number, own in raised.items()
        for one in own
        if one.kind == "sure" and one.sign[0].isdigit() and one.sign not in notes[number]
    }
    cites_so = len(citing) >= _LEAST_CITING
    for page in pages:
        sure = {one.sign for one in raised[page.number] if one.kind == "sure"}
        claims: dict[str, int] = defaultdict(int)
        for one in raised[page.number]:
            claims[one.sign] += one.kind == "claimed"
        found: dict[int, set[int]] = defaultdict(set)
        for one in raised[page.number]:
            is_noted = one.sign in notes[page.number]
            alone = is_noted and one.sign not in sure and claims[one.sign] == 1
            by_kind = {"sure": True, "letter": is_noted, "likely": is_noted or cites_so, "claimed": alone}
            if by_kind[one.kind]:
                found[id(one.placed)].update(range(one.first, one.last + 1))
        for placed in page.placed:
            if id(placed) in found:
                runs = [run._replace(is_mark=at in found[id(placed)]) for at, run in enumerate(placed.line.runs)]
                placed.line = replace(placed.line, runs=tuple(runs))


def _raised_in(placed: Placed) -> Iterable[_Raised]:
    """The raised numbers and signs of a line that may be marks: not those at its head, which begin notes."""
    line = placed.line
    for is_raised, group in groupby(enumerate(line.runs), key=lambda pair: pair[1].raised):
        runs = list(group)
        (first, start), (last, end) = (runs[0][0], runs[0][1].start), (runs[-1][0], runs[-1][1].end)
        before = line.text[:start]
        if not is_raised or not before.strip():
            continue
        sign = unicodedata.normalize("NFKC", line.text[start:end].strip(f" {SOFT_HYPHEN}"))
        if not _NUMBER.fullmatch(sign) and not _SIGN.fullmatch(sign):
            continue
        kind = _kind(before, line.runs[first - 1], sign)
        if line.text[end - 1 : end].isalnum() and line.text[end : end + 1].isalpha():
            kind = kind if before[-1:] == " " else ""  # what begins a word is of an address: "USA. ²Department"
        if kind:
            yield _Raised(placed, first, last, sign, kind)


def _kind(before: str, base: Run, sign: str) -> str:
    """How likely a raised sign behind this text is a mark; "" for never."""
    bare = before.rstrip()
    is_maths = base.style.is_math
    if sign.isalpha():
        return "letter" if _WORD_END.search(bare) and not is_maths else ""
    if _FIGURE_END.search(bare):
        return "claimed" if len(before) == len(bare) and sign[0].isdigit() and not is_maths else ""
    if is_maths:
        return ""
    token = re.split(r"[\s/·×]", bare)[-1]
    letters = sum(map(str.isalpha, token))
    if bare[-1] in ")]":
        inside = re.split(r"[(\[]", bare[:-1])[-1]
        return "sure" if _WORDY.search(inside) else "claimed"  # "f(x)" has no word inside
    if _STOP.search(bare):
        return "sure"
    if _WORD_END.search(bare) or letters >= 4:
        return "sure"
    if sign[0].isdigit() and _SHORT_WORD_END.search(bare):
        return "claimed" if _QUANTITY.search(bare) else "likely"
    return "sure" if sign[0] in "†‡§¶" and letters > 1 else ""


def _note_signs(page: PageLayout) -> set[str]:
    """The marks with which the notes of a page begin."""
    signs = {note_mark(placed.line)[0] for placed in page.placed if placed.role == "footnote"}
    return {sign for sign in signs if sign}


def note_mark(line: TextLine) -> tuple[str | None, TextLine]:
    """A note's mark, and its first line without it; a number counts where it is raised."""
    is_raised = line.runs[0].raised
    match = (_RAISED_NOTE if is_raised else _NOTE).match(unicodedata.normalize("NFKC", line.text)) or _NOTE.match(
        line.text
    )
    if match is None or not (is_raised or not match[0][0].isdigit()):
        return None, line
    return match[0].strip(), without_first(line, match.end())


def begins_note(line: TextLine) -> bool:
    """Whether a line of the notes at a page's foot begins one."""
    return line.runs[0].raised or line.text[:1] in _SIGNS


# ------------------------------------------------------------------------------------------- out of the text


def without_marks(line: TextLine) -> tuple[str, list[tuple[int, float, float]]]:
    """A line's text without its marks and with a sign before its exponents ("10^18"), and its words' new places."""
    chars = _told(line)
    if all(map(eq, chars, line.text)):
        return with_plain_hyphens(line.text), list(line.words)
    moved = [0, *accumulate(map(len, chars))]
    words: dict[int, tuple[int, float, float]] = {}
    for start, x0, x1 in line.words:
        if chars[start]:
            words[moved[start]] = (moved[start], x0, x1)
    # A mark with blanks on both sides leaves two of them.
    return _squeezed(with_plain_hyphens("".join(chars)), list(words.values()))


def _told(line: TextLine) -> list[str]:
    """What each character of a line says in running text: a mark nothing, an exponent that it is one."""
    text, chars = line.text, line.with_scripts(lowered=False)
    for run in line.runs:
        if run.is_mark:
            start, end = run.start, run.start + len(text[run.start : run.end].rstrip())
            if text[start - 1 : start] == " " and text[end : end + 1] in _AFTER_WORD:
                start -= 1
            chars[start:end] = [""] * (end - start)
    return chars


def raised_numbers(line: TextLine) -> list[tuple[int, str]]:
    """The numbers among a line's marks: how much of what ``without_marks`` leaves stood behind each, and it."""
    found: list[tuple[int, str]] = []
    if not any(run.is_mark for run in line.runs):
        return found
    chars, whole = _told(line), len(without_marks(line)[0])
    for run in line.runs:
        if run.is_mark:
            mark, before = line.text[run.start : run.end].strip(), line.text[: run.start]
            sign = unicodedata.normalize("NFKC", mark)
            begins_word = line.text[run.end - 1 : run.end + 1].isalnum() and line.text[run.end : run.end + 1].isalpha()
            if sign[:1].isdigit() and not begins_word:
                found.append((max(0, whole - sum(map(len, chars[: len(before.rstrip())]))), sign))
    return found


def with_plain_hyphens(text: str) -> str:
    """The text with hyphens that the reader took for a broken word's; the one at the line's end stays what it is."""
    head, last = text[:-1], text[-1:]
    return head.replace(SOFT_HYPHEN, "-") + last


def _squeezed(text: str, words: list[tuple[int, float, float]]) -> tuple[str, list[tuple[int, float, float]]]:
    for match in reversed(list(re.finditer(r"^ +| +$| (?= )", text))):
        gone = match.end() - match.start()
        text = text[: match.start()] + text[match.end() :]
        words = [(start - gone if start >= match.end() else start, x0, x1) for start, x0, x1 in words]
    return text, words


# ------------------------------------------------------------------------------------------------------ ends of lines

TABLE = Path(__file__).parent / "data" / "words.npz"
ENDS: tuple[LineEnd, ...] = ("joined", "hyphened", "suspended")
"""What a hyphen at a line's end may be: the break's; the word's own; of a word whose other half comes later."""
LineEnd = Literal["joined", "hyphened", "suspended"]
EIGHTHS = 8.0
"""Counts are stored as eighths of the binary logarithm of one more."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?(?:-[^\W_]+)*")
_SUSPENDED = re.compile(r"[^\W\d_]-\s+([^\W\d_]+)")
_HYPHENS = f"-{SOFT_HYPHEN}"
_LEFT = re.compile(rf"[^\W_]+(?:-[^\W_]+)*(?=[{_HYPHENS}]$)")
_RIGHT = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
# The forms of addresses: of the web with and without scheme, of mail, of an object (DOI).
_ADDRESS = re.compile(r"://|^\W?www\.|\S@\S|[\w-]\.[a-z]{2,}/|\b10\.\d{4,9}/", re.IGNORECASE)
_LONGEST_ADDRESS = 400  # characters before a line's end that are looked at
_LONGEST_WORD = 80
_MOST_ASKED = 300  # words of a paper, to learn whether it is written in the language of the counts
_LEAST_ASKED = 30
_SUSPENDING = 5.0  # the count, as ``Counts`` says, of a word that often follows such a half: "and", "or", "to"
_FOREIGN, _NATIVE = 0.6, 0.85  # shares of known words


class Counts(Protocol):
    """How often a form is written, as the logarithm (base 2) of one more."""

    def of(self, form: str) -> float:
        """0.0 for a form that is not known. "over-" and "-or" are what stands before and after hyphens."""
        ...


class HashedCounts:
    """Counts of forms by their hashes: no text can be read out of it.

    Args:
        keys: CRC-32 of the forms in UTF-8, in order.
        eighths: the count of each, as ``EIGHTHS`` says.
    """

    def __init__(self, keys: NDArray[np.uint32], eighths: NDArray[np.uint8]) -> None:
        self.keys = keys
        self.eighths = eighths
        self._ordered = keys.data  # which is asked a key at a time

    def of(self, form: str) -> float:
        """See ``Counts``."""
        key = zlib.crc32(form.encode())
        at = bisect_left(self._ordered, key)
        return float(self.eighths[at]) / EIGHTHS if at < len(self._ordered) and self._ordered[at] == key else 0.0


class _Judge(NamedTuple):
    counts: HashedCounts
    weights: list[list[float]]  # one row for each of ``ENDS``


@cache
def _judge() -> _Judge:
    import numpy as np

    with np.load(TABLE) as stored:
        return _Judge(HashedCounts(stored["keys"], stored["eighths"]), stored["weights"].tolist())


class Vocabulary:
    """The words of a paper that no line's end breaks, with their numbers, and the whole addresses that it links to.

    Args:
        lines: its printed lines in reading order; the piece before a hyphen at a line's end, and the one after, are no
            words.
        addresses: those of its link annotations, which show how an address goes on in the next line.
    """

    def __init__(self, lines: Iterable[str], *, addresses: Iterable[str] = ()) -> None:
        self.exact: Counter[str] = Counter()
        self.words: Counter[str] = Counter()
        self.suspending: Counter[str] = Counter()
        broken = False
        for line in lines:
            found = _WORD.findall(line)
            ends_broken = line.endswith((SOFT_HYPHEN, "-"))
            self.exact.update(found[1 if broken else 0 : len(found) - 1 if ends_broken else len(found)])
            if "- " in line:
                self.suspending.update(word.casefold() for word in _SUSPENDED.findall(line))
            broken = ends_broken
        for word, count in self.exact.items():
            small = word.casefold()
            self.words[small] += count
            if "-" in small:
                for part in small.split("-"):
                    self.words[part] += count
        self._addresses = tuple(dict.fromkeys(addresses))
        self._familiar: float | None = None

    def familiar(self, counts: Counts) -> float:
        """How far the paper is written in the language of the counts, 0 to 1: others share names and short words."""
        if self._familiar is None:
            words = [word for word in islice(self.words, _MOST_ASKED * 2) if len(word) > 3 and word.isalpha()]
            known = sum(counts.of(word) > 0 for word in words[:_MOST_ASKED])
            share = known / len(words[:_MOST_ASKED]) if len(words) >= _LEAST_ASKED else 1.0
            self._familiar = min(1.0, max(0.0, (share - _FOREIGN) / (_NATIVE - _FOREIGN)))
        return self._familiar

    def line_end(self, left: str, right: str) -> LineEnd:
        """What a hyphen between ``left`` and ``right``, broken at a line's end, is.

        Args:
            left: the piece before it, with the hyphens inside it.
            right: the piece at the head of the next line.
        """
        if not left[-1:].isalpha() or not right[:1].isalpha():
            return "hyphened"
        judge = _judge()
        values = features(left, right, paper=self, counts=judge.counts)
        scores = [sum(weight * value for weight, value in zip(row, values, strict=True)) for row in judge.weights]
        follows = right.split("-", 1)[0].casefold()
        may_suspend = len(follows) > 1 and judge.counts.of(f"- {follows}") >= _SUSPENDING
        may_suspend = may_suspend or self.suspending[follows] > 1
        return ENDS[max(range(len(ENDS) if may_suspend else 2), key=lambda at: scores[at])]

    def goes_on(self, tail: str, head: str) -> str | None:
        """The end of the address ``tail`` as it is before ``head``, the next line's beginning; None for no address.

        A link of the file that has both says whether the hyphen between them is the address's.
        """
        bare = tail.rstrip(SOFT_HYPHEN)
        bare += "-" if bare != tail else ""
        first = re.match(r"[\w/.?=&%#~+-]+", head)
        if first is not None and len(bare) > 6:
            begun = first[0].rstrip(".")
            for end in dict.fromkeys((bare, bare.removesuffix("-"))):
                known = re.sub(r"^\W*(?:https?://)?(?:www\.)?", "", end)
                if any(f"{known}{begun}" in address for address in self._addresses):
                    return end
        if re.search(r"https?:$", bare) and head.startswith("//"):
            return bare
        if not _ADDRESS.search(tail):
            return None
        if bare.endswith("-") and head[:1].isalnum():
            return bare
        return bare if re.search(r"[/._=?&]$", bare) and head[:1].isalnum() and not head[:1].isupper() else None


def glued(text: str, piece: str, vocabulary: Vocabulary) -> str:
    """``text`` as it must end before ``piece``, the next printed line, is put after it."""
    tail = text[-_LONGEST_ADDRESS:].rsplit(None, 1)[-1:]
    if tail and ("/" in tail[0] or "." in tail[0] or ":" in tail[0] or "@" in tail[0]):
        end = vocabulary.goes_on(tail[0], piece)
        if end is not None:
            return text[: len(text) - len(tail[0])] + end
    if text.endswith(tuple(_HYPHENS)):
        left, right = _LEFT.search(text[-_LONGEST_WORD:]), _RIGHT.match(piece[:_LONGEST_WORD])
        if left is None or right is None:
            return text[:-1] + ("-" if text[-2:-1].isalnum() and piece[:1].isalnum() else "- ")
        end_of_line = vocabulary.line_end(left[0], right[0])
        return text[:-1] + {"joined": "", "hyphened": "-", "suspended": "- "}[end_of_line]
    if is_set_solid(text[-1]) and is_set_solid(piece[0]):
        return text
    return text + " "


# ---------------------------------------------------------------------------------------------- evidence

_MOST = 6.0  # a count's logarithm above which more says nothing more


def features(left: str, right: str, *, paper: Vocabulary, counts: Counts) -> list[float]:
    """The evidence on a hyphen between two pieces of a word, in numbers."""
    last, first = left.rsplit("-", 1)[-1], right.split("-", 1)[0]
    small_left, small_right, a, b = left.casefold(), right.casefold(), last.casefold(), first.casefold()
    familiar = paper.familiar(counts)

    def known(form: str) -> float:
        return familiar * counts.of(form)

    one, two = f"{small_left}{small_right}", f"{small_left}-{small_right}"
    is_part = a != small_left or b != small_right
    in_paper_one = _log(paper.words[one] + (paper.words[a + b] if is_part else 0))
    in_paper_two = _log(paper.words[two] + (paper.words[f"{a}-{b}"] if is_part else 0))
    known_one, known_two = known(a + b), max(known(f"{a}-{b}"), known(two))
    near_one, near_two = (
        min(max(max(known(other), _log(paper.words[other])) for other in _near(form)), _MOST)
        for form in (a + b, f"{a}-{b}")
    )
    known_a, known_b, before, after = known(a), known(b), known(f"{a}-"), known(f"-{b}")
    unseen = not (in_paper_one or in_paper_two or known_one or known_two)
    plain_a, plain_b = folded(last), folded(first)
    seam = parted_bits(plain_a, plain_b) if plain_a.isalpha() and plain_b.isalpha() else 0.0
    halves = _log(min(paper.exact[last], paper.exact[first]))
    follows = known(f"- {b}")
    shouted = last.isupper() and len(last) > 1
    is_camel = last[-1].islower() and first[0].isupper()
    is_name = last[0].isupper() and not shouted and first[0].islower()
    return [
        1.0, in_paper_one, in_paper_two, (in_paper_one > 0) - float(in_paper_two > 0),
        min(known_one, _MOST), min(known_two, _MOST), known_one - known_two, (known_one > 0) - float(known_two > 0),
        near_one, near_two, float(unseen), min(known_a, known_b) * unseen, (min(known_a, known_b) > 0) * unseen * 1.0,
        before, after, known_a, known_b, before * unseen, after * unseen, halves, halves * unseen, seam, seam * unseen,
        float(len(last) == 1), float(len(first) == 1), float(len(last) == 2), float(len(first) == 2),
        float(is_camel), (1 - familiar) * is_camel, float(shouted and first[0].islower()),
        float(shouted and first[:2].isupper()), float(is_name), is_name * seam, float("-" in left), float("-" in right),
        follows, _log(paper.suspending[b]), follows * unseen, familiar, (1 - familiar) * seam, (1 - familiar) * halves,
    ]  # fmt: skip


def _near(form: str) -> tuple[str, ...]:
    """The form with another ending: one letter more, or up to two fewer."""
    return (form[:-1], form[:-2], f"{form}s") if len(form) > 6 else (f"{form}s",)


def _log(count: int) -> float:
    return math.log2(1 + count)
