"""A first page: what each of its lines is, and what it says of the paper as a whole: venue, year, ids, keywords.

Two trained judges say what lines are. The first looks at a text alone: a linear model over pieces of words
(``data/front.json``, ``tests/benchmarks/front_train.py``) says whether it rather names a person, a place of work or
neither. The second sees the page: a chain (``kb.parsing.references``, ``data/front_lines.npz``,
``tests/benchmarks/front_lines_train.py``) over the lines in the order of painting, whose features are of form and
place: size and weight against the text, what stands above and below, marks, signs, case, and what the first judge says.
It was trained on pages set by document classes and in styles drawn at random, and is judged by classes that it was not
trained on.

What in the lines of an imprint is a venue or a year is said by a tagger like that of references, which was trained on
ends of entries in the forms of imprints. Ids and keywords are known by their form and their label.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from kb.bibliographic import MONTHS
from kb.errors import BadIdentifier
from kb.ids import arxiv_month, doi_key, parse_arxiv_id
from kb.parsing.glyphs import SOFT_HYPHEN
from kb.parsing.layout import BodyStyle, LineKind, PageLayout, Placed
from kb.parsing.page import TextLine, without_first
from kb.parsing.references import chain_of, imprint_runs, trimmed
from kb.records import Block
from kb.structure import INTRODUCTION, KEYWORDS
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

LINE_KINDS: tuple[LineKind, ...] = get_args(LineKind)
_MOST_LINES = 240
_LONG = 88  # characters: a longer line is prose, and its words are not looked at
_MONTH = "|".join(MONTHS)
_MONTH_NAME = re.compile(_MONTH, re.IGNORECASE)
_YEAR = r"(?:19|20)\d\d"
_YEAR_ALONE = re.compile(rf"(?<!\d){_YEAR}(?!\d)")
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
        f"d{min(3, len(re.findall(r'[0-9]+', text)))}",
        f"y{bool(_YEAR_ALONE.search(text))}{bool(_MONTH_NAME.search(text))}",
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


# ----------------------------------------------------------------------------------------------------- venue and year

_VENUE = re.compile(
    r"(?P<proceedings>(?:In )?Proceedings of [^,.;]{8,160})"
    r"|(?P<conference>\d{1,3}(?:st|nd|rd|th) (?:International |Annual |European )?(?:Conference|Workshop|Symposium) on "
    r"[^.;]{5,120}?\(.{2,14}\))"
    r"|Published as a (?:conference|workshop) paper at (?P<published>[A-Z]{2,10} ?\d{4})"
    r"|Published in (?P<journal>(?:Transactions|Journal) [^(.;]{5,90}\(\d{1,2}/\d{4}\))"
)
_CITED = re.compile(
    rf"\b{_YEAR}\b.*\d+\s*[–‐-]\s*\d+|\d+\s*[:(]\s*\d+.*{_YEAR}|{_YEAR}[,;]\s*\d+\s*[:(]|\d+\s*\({_YEAR}\)"
    rf"|\b(?:vol(?:ume)?|no|nr|issue)\b\.?\s*\d+.*{_YEAR}|\|.*{_YEAR}|\b{_YEAR}\b[^,]*,\s*(?:{_MONTH})\b",
    re.IGNORECASE,
)
_EVENT = re.compile(rf"(?P<event>[A-Z][^,;|]*\b(?:{_YEAR}|[’']\d\d)\b[^,;|]*),\s*(?:{_MONTH})\b", re.IGNORECASE)
_BEFORE_NUMBERS = re.compile(r"[\s,]+\(?(?=\d)|,?\s+(?:vol|volume|no|nr|issue|Heft|Band)\b\.?", re.IGNORECASE)
_NO_VENUE = re.compile(
    r"©|\(c\)|copyright|https?://\S+$|\barxiv\b|received|accepted|\(Eds?\b|^\W*\d|e-?mail|@", re.IGNORECASE
)
_HOW_TO_CITE = re.compile(r"ACM Reference Format:?$", re.IGNORECASE)
_STAMP = re.compile(
    r"arXiv:\s?(?P<id>\S+?)\s+\[(?P<category>[\w.-]+)\](?:\s+(?P<day>\d{1,2}\s+[A-Z][a-z]{2}\s+\d{4}))?"
    r"|arXiv:\s?(?P<bare>\d{4}\.\d{4,5}v\d+)"
)
_XMP_ARXIV = re.compile(rb"arXiv:\s?(\d{4}\.\d{4,5}(?:v\d{1,2})?|[a-z-]+/\d{7}(?:v\d{1,2})?)")
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>{}|\\^]+")
_OWNED = re.compile(rf"(?:©|\(c\)|Copyright)\s*(?:©|\(c\))?\s*(?P<year>{_YEAR})", re.IGNORECASE)


class Imprint(NamedTuple):
    """Where and when a paper was published, as its first page prints it; None where it does not."""

    venue: str | None
    year: int | None


def read_imprint(page: PageLayout, *, title: str | None = None) -> Imprint:
    """Venue and year that head, foot or front matter of the first page print.

    Args:
        page: the first page, its lines judged.
        title: the paper's title, at which the venue ends where both stand in one line.
    """
    lines = [p for p in page.placed if p.role in ("furniture", "front", "footnote") and p.line.upright]
    label = next((at for at, p in enumerate(page.placed) if _HOW_TO_CITE.match(p.line.text)), None)
    lines += page.placed[label + 1 : label + 8] if label is not None else []
    text = " ".join(p.line.text for p in sorted(lines, key=lambda placed: placed.order)).replace(f"{SOFT_HYPHEN} ", "")
    if re.search(r"\b(?:under review|submitted to)\b", text, re.IGNORECASE):
        return Imprint(None, None)  # what stands there is where, and when, it may come out
    told = [(row, _fields(row)) for row in _told_rows(page)]
    venue = _named_venue(text, title=title) or next(
        (found for row in _outer_lines(page) if (found := _cited_venue(row))), None
    )
    venue = venue or max((venue for _, (venue, _) in told if venue), key=len, default=None)
    years = [year for _, (_, year) in sorted(told, key=lambda one: not one[1][0]) if year]
    if not years and venue and (match := _YEAR_ALONE.search(venue)):
        years = [match[0]]
    return Imprint(venue, int(years[0]) if years else _year_of_rights(text))


def _named_venue(text: str, *, title: str | None) -> str | None:
    match = _VENUE.search(text)
    if match is None:
        return None
    venue = next(group for group in match.groups() if group)
    if title and title[:30] in venue:
        venue = venue[: venue.index(title[:30])]
    return re.sub(r"^In ", "", venue).strip(" ,")


def _told_rows(page: PageLayout) -> list[str]:
    """The lines that are judged to be an imprint, those of one row and of one sentence together."""
    told = sorted((p for p in page.placed if p.line_kind == "imprint"), key=lambda placed: placed.order)
    rows: list[str] = []
    last: TextLine | None = None
    for placed in told:
        line = placed.line
        near = last is not None and abs(line.baseline - last.baseline) < 1.6 * last.size
        alike = last is not None and abs(line.size - last.size) < 0.1 * last.size
        if near and alike:
            joined = rows[-1].removesuffix(SOFT_HYPHEN) if rows[-1].endswith(SOFT_HYPHEN) else f"{rows[-1]} "
            rows[-1] = joined + line.text
        else:
            rows.append(line.text)
        last = line
    return rows


def _fields(row: str) -> tuple[str, str]:
    """Venue and year of an imprint, "" where it has none: it is what stands at the end of an entry of references."""
    runs = imprint_runs(row)
    venues = [row[start:end] for name, start, end in runs if name == "venue"]
    years = [match[0] for name, start, end in runs if name == "year" and (match := _YEAR_ALONE.search(row[start:end]))]
    venue = trimmed(venues[0]) if venues else ""
    # A name alone may be anything ("A PREPRINT"): an imprint says more.
    says_more = len(venue) < len(row.strip(" .,;")) or _YEAR_ALONE.search(venue) is not None
    is_note = re.match(r"\d{1,2}[A-Z]|\W|\w{1,2}$", venue) is not None  # its mark, or a "c" in a circle
    is_of_draft = re.search(rf"\b(?:arxiv|preprint)\b|\b(?:{_MONTH})$", venue, re.IGNORECASE) is not None
    says_more = says_more and not is_note and not is_of_draft and _OWNED.match(row.lstrip(" .,;")) is None
    return venue if says_more else "", years[0] if years else ""


def _year_of_rights(text: str) -> int | None:
    match = _OWNED.search(text)
    return int(match["year"]) if match else None


def _outer_lines(page: PageLayout) -> list[str]:
    """Printed rows of head and foot, and those that name an event or a journal with its year and pages anywhere."""
    lines = sorted((p.line for p in page.placed if p.line.upright), key=lambda line: (round(line.baseline), line.x0))
    rows: list[list[TextLine]] = []
    for line in lines:
        if rows and abs(line.baseline - rows[-1][0].baseline) < 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    outer = [row for row in rows if row[0].y0 < 0.2 * page.height or row[0].y1 > 0.85 * page.height]
    return [" ".join(line.text for line in row) for row in outer]


def _cited_venue(row: str) -> str | None:
    """The name in front of volume, year and pages ("GLIA 24:39–49 (1998)") or of an event's days; else None."""
    row = re.sub(r"^\d{1,5}\s+(?=[A-Z])", "", row)  # the page's number
    if not _CITED.search(row) or _NO_VENUE.search(row):
        return None
    event = _EVENT.match(row)
    name = event["event"] if event else _BEFORE_NUMBERS.split(row, maxsplit=1)[0]
    name = name.split("|")[0].strip(" ,.;:–—-(")
    words = re.findall(r"[^\W\d_]{2,}", name)
    return name if words and name[:1].isalpha() and len(name) <= 120 and len(words) <= 14 else None


# ------------------------------------------------------------------------------------------------- ids


class ArxivStamp(NamedTuple):
    """What arXiv printed in the margin, or wrote into the file: key, version, category, and since when it is there (the
    day of a first version, else the month of the id)."""

    key: str | None = None
    version: int | None = None
    category: str | None = None
    published: datetime | None = None
    precision: Literal["day", "month"] | None = None


def read_arxiv(page: PageLayout, information: Mapping[str, str], data: bytes) -> ArxivStamp:
    """The stamp in the margin, else what the document information or the XMP of ``data`` says; empty where no id is
    valid."""
    stamps = [found for p in page.placed if not p.line.upright and (found := _STAMP.search(p.line.text))]
    stated = [one["id"] or one["bare"] for one in stamps]
    stated += [information[key] for key in ("arXivID", "Identifier") if key in information]
    start = data.find(b"<x:xmpmeta")
    if start >= 0 and (match := _XMP_ARXIV.search(data, start, start + 20_000)):
        stated.append(match[1].decode("ascii"))
    for text in stated:
        try:
            identifier, version = parse_arxiv_id(text)
        except BadIdentifier:
            continue
        key, stamp = f"arxiv:{identifier}", stamps[0] if stamps and stated.index(text) == 0 else None
        published, precision = _first_day(key, version, stamp["day"] if stamp else None)
        return ArxivStamp(key, version, stamp["category"] if stamp else None, published, precision)
    return ArxivStamp()


def _first_day(
    key: str, version: int | None, day: str | None
) -> tuple[datetime | None, Literal["day", "month"] | None]:
    if day is not None and version == 1:
        with suppress(ValueError):
            return datetime.strptime(day, "%d %b %Y").replace(tzinfo=UTC), "day"
    month = arxiv_month(key)
    return (datetime(*month, 1, tzinfo=UTC), "month") if month else (None, None)


def read_doi(page: PageLayout, information: Mapping[str, str]) -> str | None:
    """The DOI that the first page prints of the paper itself: outside running text, and only one."""
    if key := doi_key(information.get("DOI", "")):
        return key
    found: list[str] = []
    for placed in page.placed:
        text = placed.line.text
        own = placed.role in ("furniture", "front", "footnote") or re.match(
            r"\W*(?:https?://(?:dx\.)?doi|doi)", text, re.I
        )
        if own and placed.line.upright:
            found += [key for match in _DOI.finditer(text) if (key := doi_key(match[0]))]
    distinct = list(dict.fromkeys(found))
    return distinct[0] if len(distinct) == 1 else None


# ------------------------------------------------------------------------------------------------ keywords

_KEYWORDS = re.compile(rf"^{KEYWORDS}\s*[:.—–-]*\s*(?P<rest>.*)$", re.DOTALL)
_KEYWORDS_IN_NOTES = re.compile(r"(?<=[.\d] )Key words and phrases\.")

Joiner = Callable[[Sequence[TextLine]], str]


def read_keywords(blocks: Sequence[Block], pages: Sequence[PageLayout] = (), *, join: Joiner) -> tuple[str, ...] | None:
    """Keywords that the paper prints on its first two pages, in order; None when it prints none.

    Args:
        blocks: the text.
        pages: where its lines stand: keywords may have a line each, or stand beside their label.
        join: makes one text of printed lines.
    """
    told = [_keywords_in(blocks)]
    for page in pages[:2]:
        for placed in page.placed:
            match = _KEYWORDS.match(placed.line.text) if placed.line.upright else None
            told.append(_keywords_at(placed, match.start("rest"), page=page, join=join) if match else None)
    return max((words for words in told if words), key=lambda words: len(" ".join(words)), default=None)


def _keywords_in(blocks: Sequence[Block]) -> tuple[str, ...] | None:
    """Keywords behind their label in a block, or in the block below it."""
    early = [block for block in blocks if (block.page or 99) <= 2]
    for at, block in enumerate(early):
        inside = _KEYWORDS_IN_NOTES.search(block.text) if block.kind == "footnote" else None
        match = _KEYWORDS.match(block.text[inside.start() :] if inside else block.text)
        if match is None or block.kind not in ("paragraph", "heading", "front", "list", "footnote"):
            continue
        text = match["rest"].strip()
        after = early[at + 1] if at + 1 < len(early) else None
        if not text and after is not None and after.kind in ("paragraph", "front", "list"):
            text = after.text
        if words := _parted_keywords(text):
            return words
    return None


def _parted_keywords(text: str) -> tuple[str, ...] | None:
    parts = [part.strip(" .\n") for part in re.split(r"[;,·•⋅|，；、]| – ", text)]
    words = [part for part in parts if part]
    return tuple(words) if 1 < len(words) <= 25 and all(len(word) <= 70 for word in words) else None


def _keywords_at(label: Placed, begin: int, *, page: PageLayout, join: Joiner) -> tuple[str, ...] | None:
    """The keywords behind, beside or below their label, as far as lines of one size follow each other tightly."""
    own = label.line
    rest = without_first(own, begin) if own.text[begin:].strip() else None
    lines = [p.line for p in page.placed if p.line is not own and p.line.upright and p.role != "furniture"]
    beside = [line for line in lines if abs(line.baseline - own.baseline) < 0.4 * own.size and line.x0 > own.x1]
    last = min(beside, key=lambda line: line.x0) if beside and not rest else own
    found = [rest] if rest else [last] if last is not own else []
    left = last.x0 if last is not own else own.x0
    size = last.size if found else None
    for line in sorted(lines, key=lambda line: (line.baseline, line.x0)):
        down = line.baseline - last.baseline
        if not 0.3 * last.size < down < (2.6 if last is own and not rest else 1.6) * last.size:
            continue
        if min(abs(line.x0 - left), abs(line.x0 - own.x0)) > 1.5 * own.size or (
            size is not None and abs(line.size - size) > 0.3
        ):
            continue
        if _KEYWORDS.match(line.text) or (line.bold and not own.bold) or INTRODUCTION.match(line.text):
            break
        found.append(line)
        last, size = line, line.size
    alone = tuple(line.text.strip(" .,;") for line in found)
    return _parted_keywords(join(found)) or (
        alone if 1 < len(alone) <= 12 and all(len(t) < 50 for t in alone) else None
    )
