"""Lines to running text: hyphens healed, footnote marks taken out, and every line's and word's place kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kb.parsing.glyphs import SOFT_HYPHEN
from kb.parsing.layout import BodyStyle, PageLayout, Placed
from kb.parsing.lines import TextLine, without_first
from kb.records import Line
from kb.text import CLOSERS, FULL_STOPS, is_set_solid

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?(?:-[^\W_]+)*")
# Prefixes that keep their hyphen when the paper itself gives no evidence.
_KEPT_PREFIXES = frozenset(
    "all anti co cross de eight ex few fine first five four full half high hyper ill inter large left long low meta mid"
    " multi nine non off one open out post pre quasi re real right second self semi seven short single six small state"
    " sub super ten third three top two ultra un well zero".split()
) - frozenset("re de un inter sub super multi pre hyper meta anti out off co".split())
# First halves of words that TeX breaks although both halves are words.
_FALSE_WORDS = frozenset("over under some every with work back fore super inter micro data base net".split())
_ITEM = re.compile(
    r"^(?:(?P<bullet>[•◦▪▸►‣∙●○■□–—]|[-*∗·](?=\s))\s*|\(?(?P<number>\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s+|\[\d+\]\s+)(?=\S)"
)
_SURE_BULLETS = "•◦▪▸►‣∙●○■□"
_ENDS_SENTENCE = re.compile(rf"[:{FULL_STOPS}][{CLOSERS}]*$")
_FOOTNOTE_MARK = re.compile(r"^(?:\d{1,3}(?:\s?[,–-]\s?\d{1,3})*|[∗*†‡§¶]+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words of the paper that no line end breaks, folded to lower case, with their number."""

    words: Counter[str]

    @classmethod
    def of(cls, lines: Iterable[TextLine]) -> Vocabulary:
        """Count the words of all lines; the piece before a hyphen at a line's end, and the one after, are none."""
        words: Counter[str] = Counter()
        broken = False
        for line in lines:
            found = _WORD.findall(line.text.casefold())
            ends_broken = line.text.endswith((SOFT_HYPHEN, "-"))
            whole = found[1 if broken else 0 : len(found) - 1 if ends_broken else len(found)]
            for word in whole:
                words[word] += 1
                if "-" in word:
                    words.update(word.split("-"))
            broken = ends_broken
        return cls(words=words)

    def keeps_hyphen(self, left: str, right: str) -> bool:
        """Whether the word broken into ``left`` and ``right`` at a line's end has a hyphen of its own.

        The paper's own spelling decides; else a joined word is the rule (measured: of 1,867 line-end hyphens 74%
        occur joined elsewhere in the paper, 4% with hyphen, and of the rest nearly all are joins).
        """
        left, right = left.casefold(), right.casefold()
        if not left or not right or not left[-1].isalpha() or not right[0].isalpha():
            return True
        joined, hyphened = self.words[left + right], self.words[f"{left}-{right}"]
        if joined or hyphened:
            return hyphened > joined
        last, first = left.rsplit("-", 1)[-1], right.split("-", 1)[0]
        if self.words[last + first] and last != left:
            return False
        if last in _KEPT_PREFIXES or "-" in left or "-" in right:
            return True
        both_words = min(len(last), len(first)) >= 4 and self.words[last] > 1 and self.words[first] > 1
        return both_words and last not in _FALSE_WORDS


def cleaned(line: TextLine) -> tuple[str, list[tuple[int, float, float]]]:
    """A line's text without footnote marks, and its words' new places.

    A raised number or sign right after a word of four letters or more, or after punctuation, is a mark; after a
    digit, a variable or a unit it is an exponent and stays.
    """
    text = line.text
    cut = [False] * len(text)
    for run in line.runs:
        mark = text[run.start : run.end].strip()
        if run.raised and _FOOTNOTE_MARK.match(mark) and _can_bear_mark(text[: run.start]):
            for at in range(run.start, run.start + len(text[run.start : run.end].rstrip())):
                cut[at] = True
    if not any(cut):
        return _plain(text), list(line.words)
    moved: list[int] = []
    kept = 0
    for flag in cut:
        moved.append(kept)
        kept += not flag
    moved.append(kept)
    spelt = "".join(char for char, flag in zip(text, cut, strict=True) if not flag)
    words: dict[int, tuple[int, float, float]] = {}
    for start, x0, x1 in line.words:
        if not cut[start]:
            words[moved[start]] = (moved[start], x0, x1)
    # A mark with blanks on both sides leaves two of them.
    return _squeezed(_plain(spelt), list(words.values()))


def _plain(text: str) -> str:
    head, last = text[:-1], text[-1:]
    return head.replace(SOFT_HYPHEN, "-") + last


def _squeezed(text: str, words: list[tuple[int, float, float]]) -> tuple[str, list[tuple[int, float, float]]]:
    for match in reversed(list(re.finditer(r"^ +| +$| (?= )", text))):
        gone = match.end() - match.start()
        text = text[: match.start()] + text[match.end() :]
        words = [(start - gone if start >= match.end() else start, x0, x1) for start, x0, x1 in words]
    return text, words


def _can_bear_mark(before: str) -> bool:
    bare = before.rstrip()
    if not bare or len(before) - len(bare) > 1:
        return False
    return bool(re.search(r"(?:[^\W\d_]{4,}|[.,;:?!”\"’»)\]])$", bare)) and not re.search(r"\d[.,)\]]?$", bare)


def join_lines(
    lines: Sequence[TextLine], vocabulary: Vocabulary, *, keep_marks: bool = False
) -> tuple[str, tuple[Line, ...]]:
    """The text of a block and where each of its printed lines stands in it (see ``kb.records.Line``).

    ``keep_marks`` leaves the raised marks of authors and affiliations where they are.
    """
    text = ""
    spans: list[Line] = []
    for line in lines:
        piece, words = (_plain(line.text), list(line.words)) if keep_marks else cleaned(line)
        if not piece:
            continue
        if text:
            text = _glued(text, piece, vocabulary)
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


def _glued(text: str, piece: str, vocabulary: Vocabulary) -> str:
    """``text`` as it must end before ``piece`` is put after it."""
    broken = text.endswith(SOFT_HYPHEN) or (text.endswith("-") and text[-2:-1].isalpha() and piece[:1].islower())
    if broken:
        left = re.search(r"[^\W_]+(?:-[^\W_]+)*$", text[:-1])
        right = re.match(r"[^\W_]+(?:-[^\W_]+)*", piece)
        keep = vocabulary.keeps_hyphen(left[0] if left else "", right[0] if right else "")
        return text[:-1] + ("-" if keep else "")
    if text.endswith("-") and text[-2:-1].isalnum() and piece[:1].isalnum():
        return text  # "BERT-" / "Large"
    if is_set_solid(text[-1]) and is_set_solid(piece[0]):
        return text
    if re.search(r"https?:$", text) and piece.startswith("//"):
        return text
    if re.search(r"(?:https?://|www\.)\S*[/._=?&-]$", text) and not piece[:1].isupper():
        return text  # an address that goes on in the next line
    return text + " "


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
        return True
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
