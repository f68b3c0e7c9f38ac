"""What each line of a first page is: title, authors, where they work, addresses, abstract, imprint, or anything else.

Two trained judges. The first looks at a text alone: a linear model over pieces of words (``data/front.json``,
``tests/benchmarks/front_train.py``) says whether it rather names a person, a place of work or neither. The second sees
the page: a chain (``kb.parsing.chains``, ``data/front_lines.npz``, ``tests/benchmarks/front_lines_train.py``) over the
lines in the order of painting, whose features are of form and place: size and weight against the text, what stands
above and below, marks, signs, case, and what the first judge says. It was trained on pages set by document classes and
in styles drawn at random, and is judged by classes that it was not trained on.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from kb.bibliographic import MONTHS
from kb.parsing.chains import chain_of
from kb.parsing.layout import BodyStyle, PageLayout, Placed
from kb.parsing.page import TextLine
from kb.text import is_set_solid

# ------------------------------------------------------------------------------------------- texts alone

Kind = Literal["name", "place", "other"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TABLE = 1 << 13
"""How many features the model of texts tells apart."""


def features(text: str) -> list[int]:
    """What the model sees of a text: pieces of its words, their case, signs, how many there are."""
    words = re.findall(r"[^\W\d_]+|\d+|[^\w\s]", text)
    shape = re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", text))
    grams = {f"#{min(len(words), 12)}", f"~{shape[:12]}"}
    for word in words:
        if not word[0].isalpha():
            grams.add("0" * len(word) if word.isdigit() else word)
            continue
        grams.add("A" if word.isupper() else "a" if word.islower() else "Aa")
        padded = f"<{word.casefold()}>"
        grams |= {padded[at : at + n] for n in (2, 3, 4, 5) for at in range(len(padded) - n + 1)} | {padded}
    return sorted({zlib.crc32(gram.encode()) % TABLE for gram in grams})


@lru_cache(maxsize=1)
def _weights() -> tuple[float, list[float], tuple[int, ...]]:
    said = json.loads((Path(__file__).parent / "data" / "front.json").read_text("utf-8"))
    table = memoryview(base64.b64decode(said["table"])).cast("b")
    return said["scale"], said["intercept"], tuple(table)


@lru_cache(maxsize=4096)
def scores(text: str) -> tuple[float, float, float]:
    """How much speaks for each of ``KINDS``."""
    scale, intercept, table = _weights()
    places = features(text)
    share = scale / max(1.0, len(places) ** 0.5)
    name, place, other = (
        intercept[kind] + share * sum(table[3 * at + kind] for at in places) for kind in range(len(KINDS))
    )
    return name, place, other


def kind_of(text: str) -> Kind:
    """What a line or a piece of a byline most likely is."""
    said = scores(text)
    return KINDS[said.index(max(said))]


def is_place(text: str) -> bool:
    """Whether a text rather names a place of work than anything else."""
    return kind_of(text) == "place"


# ------------------------------------------------------------------------------------------ lines of a page

LineKind = Literal["title", "author", "place", "both", "mail", "abstract", "imprint", "other"]
LINE_KINDS: tuple[LineKind, ...] = get_args(LineKind)
"""What a line can be; ``both``: a name and where it works; ``imprint``: where and when the paper was published."""
_MOST_LINES = 240
_LONG = 88  # characters: a longer line is prose, and its words are not looked at
_MONTH = re.compile("|".join(MONTHS), re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_PIECES = re.compile(r"\s*[,;·•|&]\s*|\s+and\s+")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff\ufb00-\ufb06]")
_INITIAL = re.compile(r"(?<![^\W_])[^\W\d_]\.")
_MARKED = re.compile(r"[(\[]?(?:\d{1,2}|[a-z]|[*†‡§¶∗])[)\].]?\s?(?=[^\W\d_a-z])")


def line_kinds(page: PageLayout, *, body: BodyStyle) -> list[tuple[Placed, LineKind]]:
    """What the upright lines of a first page are, in the order of painting.

    Nothing is said of a page in another script than the Latin one: the chain has seen none, and rules read it.
    """
    letters = [char for placed in page.placed for char in placed.line.text if char.isalpha()]
    if 4 * sum(not _LATIN.match(char) for char in letters) > len(letters):
        return []
    lines, rows = line_features(page, body=body)
    chain = chain_of("front_lines.npz", labels=LINE_KINDS)
    return list(zip(lines, chain.labelled(rows), strict=True))  # type: ignore[arg-type]


def line_features(page: PageLayout, *, body: BodyStyle) -> tuple[list[Placed], list[list[str]]]:
    """The upright lines in the order of painting, at most some hundreds, and what the chain sees of each."""
    lines = sorted((p for p in page.placed if p.line.upright and p.line.text.strip()), key=lambda p: p.order)
    lines = lines[:_MOST_LINES]
    largest = max((p.line.size for p in lines), default=1.0)
    forms = [_form(p.line) for p in lines]
    places = [_place(p, page=page, body=body, largest=largest) for p in lines]
    above, below = _neighbours([p.line for p in lines])
    found = []
    for at, placed in enumerate(lines):
        line = placed.line
        row = ["1", *forms[at], *places[at][1:]]
        for name, other, step in (("^", above[at], -1), ("v", below[at], 1)):
            row += _beside(name, line, None if other is None else lines[other].line, step)
            if other is not None:
                row += [f"{name}{one}" for one in forms[other][:3]]
        for name, other in (("-", at - 1), ("+", at + 1)):
            if 0 <= other < len(lines):
                row += [f"{name}{one}" for one in forms[other][:3]]
                row.append(f"{name}same{_same(line, lines[other].line)}")
            else:
                row.append(f"{name}none")
        row += [f"{forms[at][0]}&{places[at][0]}", f"{forms[at][0]}&{places[at][1]}", f"{forms[at][1]}&{forms[at][0]}"]
        found.append(row)
    return lines, found


def _form(line: TextLine) -> list[str]:
    """What the text looks like; the first three say most."""
    text = line.without_raised().strip() or line.text
    letters = [char for char in text if char.isalpha()]
    words = text.split()
    long = len(text) > _LONG
    said = (0.0, 0.0, 0.0) if long else scores(text)
    kind = "long" if long else KINDS[said.index(max(said))]
    margin = sorted(said)[-1] - sorted(said)[-2]
    pieces = [piece for piece in _PIECES.split(text) if piece]
    named = sum(len(p.split()) in (2, 3, 4) and all(w[:1].isupper() for w in p.split()) for p in pieces)
    share = 2 * named // max(1, len(pieces))
    raised = sum(run.raised for run in line.runs)
    row = [
        f"k{kind}{min(2, int(margin))}", f"n{share}{min(3, len(pieces))}", f"w{min(len(words), 9)}",
        f"K{kind}", f"u{bool(letters) and text.isupper()}", f"c{min(4, text.count(','))}",
        f"C{4 * sum(w[:1].isupper() for w in words) // max(1, len(words))}", f"i{bool(_INITIAL.search(text))}",
        f"r{min(3, raised)}{line.runs[0].raised}{line.runs[-1].raised}", f"m{bool(_MARKED.match(text))}",
        f"@{'@' in text}", f"h{'http' in text or 'www.' in text or 'doi' in text.lower()}",
        f"d{min(3, len(re.findall(r'[0-9]+', text)))}", f"y{bool(_YEAR.search(text))}{bool(_MONTH.search(text))}",
        f"©{'©' in text or '(c)' in text}", f"a{bool(re.search(r'[ ](?:and|&)[ ]', text))}",
        f"e{text[-1] if not text[-1].isalnum() else 'x'}", f"b{_first_sign(text)}", f"s{any(map(is_set_solid, text))}",
        f"t{':' in text}{';' in text}{'(' in text}",
    ]  # fmt: skip
    if not long:
        row += [f"W{word}" for word in {w.strip(".,:;()").casefold() for w in words} if word.isalpha()]
        row.append(f"F{words[0].strip('.,:;()').casefold()}")
    return row


def _first_sign(text: str) -> str:
    first = text[0]
    return "0" if first.isdigit() else "A" if first.isupper() else "a" if first.isalpha() else first


def _place(placed: Placed, *, page: PageLayout, body: BodyStyle, largest: float) -> list[str]:
    """How and where a line is set; the first says something only of lines of one form."""
    line = placed.line
    ratio = line.size / max(1.0, body.size)
    size = "--" if ratio < 0.82 else "-" if ratio < 0.95 else "=" if ratio < 1.05 else "+" if ratio < 1.3 else "++"
    start, end = page.span_of(placed.column)
    left, right = page.span_of(-1)
    middle = (line.x0 + line.x1) / 2
    centered = abs(middle - (start + end) / 2) < 4 or abs(middle - (left + right) / 2) < 4
    edge = "l" if abs(line.x0 - start) < 3 else ""
    edge += "r" if abs(line.x1 - end) < 3 else ""
    high = int(10 * line.baseline / page.height)
    return [
        f"z{size}{line.bold}{line.italic}", f"Y{high}{size}", f"y{high}", f"L{line.size > 0.97 * largest}",
        f"g{edge}{centered}", f"o{placed.role}", f"O{placed.column if placed.column < 3 else 3}",
        f"x{int(4 * line.width / max(1.0, end - start))}", f"f{line.font in body.fonts}",
    ]  # fmt: skip


def _neighbours(lines: Sequence[TextLine]) -> tuple[list[int | None], list[int | None]]:
    """The nearest line above and below each, in its measure, by number."""
    order = sorted(range(len(lines)), key=lambda at: lines[at].baseline)
    above: list[int | None] = [None] * len(lines)
    below: list[int | None] = [None] * len(lines)
    for place, at in enumerate(order):
        line = lines[at]
        for other in reversed(order[max(0, place - 12) : place]):
            up = lines[other]
            if up.baseline < line.baseline - 0.3 * line.size and up.x0 < line.x1 and line.x0 < up.x1:
                above[at] = other
                break
        for other in order[place + 1 : place + 13]:
            down = lines[other]
            if down.baseline > line.baseline + 0.3 * line.size and down.x0 < line.x1 and line.x0 < down.x1:
                below[at] = other
                break
    return above, below


def _same(line: TextLine, other: TextLine) -> str:
    """How two lines agree in type."""
    return f"{abs(line.size - other.size) < 0.04 * line.size}{line.font == other.font}{line.bold == other.bold}"


def _beside(name: str, line: TextLine, other: TextLine | None, step: int) -> list[str]:
    """Type and distance of the line above or below."""
    if other is None:
        return [f"{name}none"]
    gap = step * (other.baseline - line.baseline) / max(1.0, line.size)
    far = "0" if gap < 1.35 else "1" if gap < 1.7 else "2" if gap < 2.4 else "3" if gap < 4 else "4"
    larger = "<" if other.size > 1.05 * line.size else ">" if other.size < 0.95 * line.size else "="
    return [f"{name}g{far}", f"{name}s{_same(line, other)}", f"{name}{far}{larger}{_same(line, other)}"]
