"""What first pages say of a paper as a whole: venue, year, arXiv id, DOI, keywords.

Which lines are an imprint is judged by ``kb.parsing.front_lines``, and what in them is a venue or a year by a tagger
like that of references, which was trained on ends of entries in the forms of imprints. Ids and keywords are known by
their form and their label.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from kb.bibliographic import MONTHS
from kb.errors import BadIdentifier
from kb.ids import arxiv_month, doi_key, parse_arxiv_id
from kb.parsing.glyphs import SOFT_HYPHEN
from kb.parsing.layout import PageLayout, Placed
from kb.parsing.page import TextLine, without_first
from kb.parsing.reference_fields import imprint_runs, trimmed
from kb.records import Block
from kb.structure import INTRODUCTION, KEYWORDS

_VENUE = re.compile(
    r"(?P<proceedings>(?:In )?Proceedings of [^,.;]{8,160})"
    r"|(?P<conference>\d{1,3}(?:st|nd|rd|th) (?:International |Annual |European )?(?:Conference|Workshop|Symposium) on "
    r"[^.;]{5,120}?\(.{2,14}\))"
    r"|Published as a (?:conference|workshop) paper at (?P<published>[A-Z]{2,10} ?\d{4})"
    r"|Published in (?P<journal>(?:Transactions|Journal) [^(.;]{5,90}\(\d{1,2}/\d{4}\))"
)
_MONTH = "|".join(MONTHS)
_YEAR = r"(?:19|20)\d\d"
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
_YEAR_ALONE = re.compile(rf"(?<!\d){_YEAR}(?!\d)")
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
    told = sorted((p for p in page.placed if p.front == "imprint"), key=lambda placed: placed.order)
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


class Stamp(NamedTuple):
    """What arXiv printed in the margin, or wrote into the file: key, version, category, and since when it is there (the
    day of a first version, else the month of the id)."""

    key: str | None = None
    version: int | None = None
    category: str | None = None
    published: datetime | None = None
    precision: Literal["day", "month"] | None = None


def read_arxiv(page: PageLayout, information: Mapping[str, str], data: bytes) -> Stamp:
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
        return Stamp(key, version, stamp["category"] if stamp else None, published, precision)
    return Stamp()


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
