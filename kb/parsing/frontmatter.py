"""What a paper says of itself: title, authors, abstract, ids, affiliation, links to code, keywords, venue.

Everything here is read, nothing is guessed: a field that is not clearly printed stays None, because a wrong author
is worse than none. The title is the most prominent lines above the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from kb.ids import plain_words
from kb.latex import decode_latex
from kb.parsing.affiliations import read_affiliations
from kb.parsing.authors import is_name, lead_of, read_authors, read_byline
from kb.parsing.first_page import Joiner, is_place, line_kinds, read_arxiv, read_doi, read_imprint, read_keywords
from kb.parsing.glyphs import SOFT_HYPHEN
from kb.parsing.layout import BodyStyle, PageLayout, Placed
from kb.parsing.own_links import read_links
from kb.parsing.page import LinkArea, Rectangle, TextLine, stands_in, without_first
from kb.parsing.paragraphs import Vocabulary, glued
from kb.records import Affiliation, AuthorAffiliation, Block, Metadata
from kb.structure import INTRODUCTION, KEYWORDS, NUMBERED, is_abstract, is_references
from kb.text import CLOSERS, FULL_STOPS, is_set_solid

_TOLD = 2.0  # times as prominent is what is judged to be a title
_MARKS = re.compile(r"\s*[∗*†‡§¶⋆]+\s*$")
_NO_WORDS = Vocabulary(())


def _read_title(
    front: Sequence[Placed], *, page: PageLayout, body: BodyStyle, stated: str, is_paper: bool
) -> tuple[str | None, list[Placed]]:
    """The title's text and lines. Where a page has no headings, what stands above names may be one."""
    title, lines = _prominent_title(front, page=page, body=body, stated=stated, is_paper=is_paper)
    if title is None and not is_paper:
        likely, above = _prominent_title(front, page=page, body=body, stated=stated, is_paper=True)
        if above and read_byline(front, title=above).names:
            return likely, above
    return title, lines


def _prominent_title(
    front: Sequence[Placed], *, page: PageLayout, body: BodyStyle, stated: str, is_paper: bool
) -> tuple[str | None, list[Placed]]:
    """The title's text and lines: what the document information also says, else the most prominent lines."""
    groups = _title_groups(front, body=body)
    wanted = plain_words(stated)
    for group in groups:
        if len(wanted) > 8 and plain_words(_title_text(group)) == wanted:
            return _title_text(group), group
    scored: list[tuple[float, list[Placed]]] = []
    for group in groups:
        text = _title_text(group)
        if not 4 <= len(text) <= 300 or "@" in text:
            continue
        if not _is_prominent(group, page=page, body=body, is_paper=is_paper):
            continue
        count = len(text.split()) + sum(map(is_set_solid, text)) // 2
        words = {1: 0.6, 2: 0.7}.get(count, 1.0)  # what a banner has, and few titles
        score = (
            group[0].line.size * words * (1 - 0.5 * group[0].line.y0 / page.height) * (1.1 if group[0].line.bold else 1)
        )
        told = sum(placed.line_kind == "title" for placed in group)
        scored.append((score * (_TOLD if told else 1.0), group))
    if not scored:
        told_lines = _told_title(front) if is_paper else []
        return (_title_text(told_lines) or None, told_lines)
    most, lines = max(scored, key=lambda one: one[0])
    names = [name.placed.line.baseline for name in read_byline(front, title=lines).names]
    for score, group in scored:  # a journal's name in large type stands above the title, and not in its axis
        one, other = lines[0].line, group[0].line
        apart = abs(one.x0 - other.x0) > 20 and abs(one.x0 + one.x1 - other.x0 - other.x1) > 40
        if apart and names and score > 0.8 * most and lines[-1].line.baseline < other.baseline < min(names):
            lines = group
    return _with_subtitle(_title_text(lines), lines, front)


def _told_title(front: Sequence[Placed]) -> list[Placed]:
    """The lines that are judged to be the title, of several groups those in the largest type."""
    groups: list[list[Placed]] = []
    for placed in front:
        if placed.line_kind != "title":
            continue
        last = groups[-1][-1].line if groups else None
        alike = last is not None and abs(placed.line.size - last.size) < 0.06 * last.size
        if alike and last is not None and 0 < placed.line.baseline - last.baseline < 2.2 * last.size:
            groups[-1].append(placed)
        else:
            groups.append([placed])
    return max(groups, key=lambda group: (group[0].line.size, -group[0].line.baseline), default=[])


def _is_prominent(group: Sequence[Placed], *, page: PageLayout, body: BodyStyle, is_paper: bool) -> bool:
    """Larger or bolder than the text; where the page shows no abstract or introduction, much larger and on top."""
    line = group[0].line
    if is_paper:
        return line.size > 1.05 * body.size or line.bold
    alike = sum(abs(placed.line.size - line.size) < 0.5 for placed in page.placed)
    return line.size > 1.35 * body.size and line.y0 < 0.35 * page.height and alike == len(group) <= 3


def _title_groups(front: Sequence[Placed], *, body: BodyStyle) -> list[list[Placed]]:
    """Lines of one type that stand below each other; in a large size, names of species and the like may be italic."""
    groups: list[list[Placed]] = []
    for placed in sorted(front, key=lambda placed: (placed.line.baseline, placed.line.x0)):
        line = placed.line
        for group in reversed(groups[-3:]):
            last = group[-1].line
            down = line.baseline - last.baseline
            large = min(line.size, last.size) > 1.4 * body.size
            tight = -0.2 * line.size <= down <= max(2.1 if large else 1.7, 1.15 * body.leading / body.size) * line.size
            tight = tight and line.x0 < last.x1 and last.x0 < line.x1
            alike = line.bold == last.bold and line.font == last.font
            if tight and abs(line.size - last.size) < (0.05 * last.size if large else 0.4) and (alike or large):
                group.append(placed)
                break
        else:
            groups.append([placed])
    return groups


def _with_subtitle(text: str, lines: list[Placed], front: Sequence[Placed]) -> tuple[str, list[Placed]]:
    """The title with the line right below it that is set in its type, smaller, and names nobody."""
    last = lines[-1].line
    for placed in front:
        line = placed.line
        near = placed not in lines and 0 < line.baseline - last.baseline < 1.6 * last.size
        alike = line.font == last.font and line.bold == last.bold and 0.6 * last.size < line.size < 0.95 * last.size
        words = line.text.split()
        if near and alike and len(words) > 1 and abs(line.x0 - lines[0].line.x0) < 2 and line.text.isprintable():
            no_name = not is_name(line.text) and not re.search(r"[\d@,()]", line.text)
            if no_name:
                return f"{text.rstrip(':')}: {_title_text([placed])}", [*lines, placed]
    return text, lines


def _title_text(lines: Sequence[Placed]) -> str:
    text = ""
    for placed in lines:
        piece = placed.line.without_raised().strip() or placed.line.text
        text = glued(text, piece, _NO_WORDS) + piece if text else piece
    text = re.sub(r"\s*\[[^\]]*https?:[^\]]*\]?$", "", re.sub(r"\s+", " ", text.replace(SOFT_HYPHEN, "-")))
    return _MARKS.sub("", text).strip()


_ABSTRACT_WORD = (
    r"(?:Abstract|ABSTRACT|A\s?B\s?S\s?T\s?R\s?A\s?C\s?T|a\s?b\s?s\s?t\s?r\s?a\s?c\s?t|Summary|SUMMARY|摘\s*要|초\s*록|要\s*旨|抄\s*録"
    r"|Zusammenfassung|ZUSAMMENFASSUNG|Kurzfassung|R[ée]sum[ée]|R[ÉE]SUM[ÉE]|Resumen|RESUMEN|Resumo|RESUMO|Riassunto"
    r"|RIASSUNTO|Samenvatting|Аннотация|АННОТАЦИЯ|Резюме)"
)
_ABSTRACT = re.compile(rf"^[\W_]{{0,2}}{_ABSTRACT_WORD}(?P<rest>(?![^\W_]).*|)$")
_RUN_IN = re.compile(rf"^[\W_]{{0,2}}{_ABSTRACT_WORD}(?![^\W_])[\s\]】]*[.:：—–-]*\s*")
_FRONT_PARAGRAPH = re.compile(
    rf"^(?:(?:{KEYWORDS}|CCS Concepts|CCS CONCEPTS)\s*[:.—–-]"
    r"|Categories and Subject Descriptors|General Terms|Additional Key Words|ACM Reference Format"
    r"|Author(?:s?[’']|[’']s) (?:Contact|addresse?s?)\b"
    r"|Permission to make digital|PACS numbers?:|MSC:|JEL)"
)
_FRONT_LABEL = re.compile(rf"(?:{KEYWORDS}|ccs concepts|acm reference format)[.:]?$", re.IGNORECASE)
_RIGHTS = re.compile(
    r"(?:©|\(c\)|Copyright)\s*(?:19|20)\d\d|Copyright held by|All rights reserved\.|Publication rights licensed"
)
_KEYWORDS_WORD = re.compile(r"^Key ?words\s")
_MOST_OTHERS = 4  # lines of something else in a row among the lines of a byline
_MIN_PAGES = 3  # and at most so many lines, where the first page is only a title
_TITLE_PAGE_LINES = 40
_LONGEST_ABSTRACT_PAGES = 2  # of a contribution that has no sections
_MAX_ABSTRACT_PAGE = 12  # behind a title page


def mark_front(pages: Sequence[PageLayout], *, body: BodyStyle) -> None:
    """Give the role "front" to what stands above the abstract (or the first running text) on the first page."""
    if not pages:
        return
    page = pages[0]
    for placed, kind in line_kinds(page, body=body):
        placed.line_kind = kind
    lines = [placed for placed in page.placed if placed.role == "body"]
    end, column = _front_end(lines, page=page, body=body)
    if not end and len(pages) > _MIN_PAGES and len(lines) < _TITLE_PAGE_LINES and _has_title(lines, body=body):
        end = page.height  # a title page: the text begins on the next one
    # Above the abstract, but in a column behind its own and well below the title block, stand text and floats.
    across = [placed.line.y1 for placed in lines if placed.column == -1 and placed.line.baseline <= end]
    block_end = max(across, default=0.0) + 3 * body.leading if across else end
    captions = [placed for placed in page.placed if placed.role == "caption"]
    tables = [area for area in page.ruled if any(_touches(caption.line, area) for caption in captions)]
    unfloated = [
        placed
        for placed in lines
        if not stands_in(placed.line, tables)
        and not any(placed.column == one.column and placed.line.y0 > one.line.y1 - 1 for one in captions)
    ]
    for placed in unfloated:
        if placed.line.baseline <= end and (placed.column <= column or placed.line.y0 < block_end):
            placed.role = "front"
    for placed in _told_front(unfloated, body=body):
        placed.role = "front"
    for before in range(column):  # beside the abstract: names, addresses, keywords, up to the first text
        beside = [p for p in page.placed if p.column == before and p.line.baseline > end]
        for at, placed in enumerate(beside):
            text = placed.line.text.strip()
            if placed.role == "caption" or INTRODUCTION.match(text) or NUMBERED.match(text):
                break
            if _begins_prose(beside[at : at + 3], page=page, body=body):
                break
            if placed.role == "body":
                placed.role = "front"


def _touches(caption: TextLine, area: Rectangle) -> bool:
    """Whether a caption stands right above or below an area."""
    near = max(area[1] - caption.y1, caption.y0 - area[3]) < 2 * caption.size
    return near and min(area[2], caption.x1) > max(area[0], caption.x0)


def _told_front(lines: Sequence[Placed], *, body: BodyStyle) -> list[Placed]:
    """Lines that are judged to be of title and byline, up to the first running text; small print below text is a note.
    None where no line is a title."""
    if not any(placed.line_kind == "title" for placed in lines):
        return []
    text = sorted(p.line.baseline for p in lines if p.role == "body" and p.line_kind in ("abstract", "other"))
    first_note = text[_MOST_OTHERS] if len(text) > _MOST_OTHERS else float("inf")
    found, others = [], 0
    for placed in sorted(lines, key=lambda placed: placed.order):
        others = others + 1 if placed.line_kind == "other" else 0
        if others > _MOST_OTHERS:
            break
        is_note = placed.line.size < 0.95 * body.size and placed.line.baseline > first_note
        is_heading = _ABSTRACT.match(placed.line.text.strip()) is not None
        if placed.line_kind in ("title", "author", "both", "place", "mail") and not is_note and not is_heading:
            found.append(placed)
    return found


def _front_end(lines: Sequence[Placed], *, page: PageLayout, body: BodyStyle) -> tuple[float, int]:
    """y above which the front matter stands, 0 when there is none, and the column of the abstract below it."""
    for placed in lines:
        match = _ABSTRACT.match(placed.line.text.strip())
        run_in = match is not None and run_in_length(placed.line) > 0
        if match and (len(match["rest"]) < 3 or run_in or placed.line.text.isupper()):
            return placed.line.y0 + 1, max(0, placed.column)
    introduction = next((p for p in lines if INTRODUCTION.match(p.line.text.strip())), None)
    prose = next((p for k, p in enumerate(lines) if _begins_prose(lines[k : k + 3], page=page, body=body)), None)
    ends = [placed.line.y0 + 1 for placed in (introduction, prose) if placed is not None]
    end = min(ends, default=0.0)
    return end if _has_title([p for p in lines if p.line.y1 <= end], body=body) else 0.0, 0


def _has_title(lines: Sequence[Placed], *, body: BodyStyle) -> bool:
    return any(placed.line.size > 1.15 * body.size for placed in lines)


def _begins_prose(three: Sequence[Placed], *, page: PageLayout, body: BodyStyle) -> bool:
    """Three even lines of running text below each other, nearly as wide as their column."""
    if len(three) < 3 or len({placed.column for placed in three}) > 1:
        return False
    start, end = page.span_of(three[0].column)
    one, two, three_lines = three[0].line, three[1].line, [placed.line for placed in three]
    if one.runs[0].raised or two.runs[0].raised or abs(three_lines[1].x0 - three_lines[2].x0) > 2:
        return False  # a list of addresses, or lines that are centred
    return all(
        placed.line.width > 0.75 * (end - start)
        and abs(placed.line.size - three[0].line.size) < 0.3
        and abs(placed.line.size - body.size) < 0.2 * body.size
        and (len(placed.line.text.split()) >= 5 or sum(map(is_set_solid, placed.line.text)) >= 15)
        for placed in three[:2]
    ) and not (lead_of(three[0].line) or all(is_place(placed.line.text) for placed in three[:2]))


def run_in_length(line: TextLine) -> int:
    """How many characters of a first page's line are the word "Abstract" that its text runs on from; 0 for none."""
    match = _RUN_IN.match(line.text) if line.page <= 2 else None
    if match is None or len(line.text) - match.end() < 10:
        return 0
    word, rest = line.runs[0].style, line.runs[-1].style
    sign = re.search(r"[.:：—–\]】-]\s*$", match[0])
    return match.end() if sign or (word.bold, word.italic, word.font) != (rest.bold, rest.italic, rest.font) else 0


def is_front_matter(line: TextLine, *, below: str = "") -> bool:
    """Whether a paragraph of the first pages is no prose: keywords, categories, how to cite the paper.

    Args:
        line: its first line.
        below: the heading or label right above it.
    """
    if line.page > 2:
        return False
    keywords = _KEYWORDS_WORD.match(line.text) is not None and line.runs[0].style != line.runs[-1].style
    return keywords or bool(_FRONT_PARAGRAPH.match(line.text)) or bool(_FRONT_LABEL.match(below))


def is_notice_of_rights(line: TextLine) -> bool:
    """Whether a line of the first pages says who holds the copyright."""
    return line.page <= 2 and bool(_RIGHTS.search(line.text))


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What a PDF says beside its pages: link annotations, document information, and the bytes (for XMP); and the raised
    marks of its text, each with its place."""

    links: Sequence[LinkArea]
    information: Mapping[str, str]
    data: bytes
    raised: Sequence[tuple[int, str]] = ()


def read_front(
    pages: Sequence[PageLayout], said: FileFacts, *, body: BodyStyle, blocks: Sequence[Block], join: Joiner
) -> Metadata:
    """The metadata that the PDF states. ``ids`` holds what is printed or embedded: arXiv id, then DOI.

    Args:
        pages: the pages, the roles of their lines known.
        said: what the file says beside its pages.
        body: how running text is set.
        blocks: the text.
        join: makes one text of printed lines.
    """
    if not pages:
        return Metadata(source="pdf", ids=())
    front = sorted((p for p in pages[0].placed if p.role == "front"), key=lambda placed: placed.order)
    is_title_page = all(placed.role != "body" for placed in pages[0].placed)
    latest = _MAX_ABSTRACT_PAGE if is_title_page else 2
    abstract = _read_abstract(blocks, pages, body=body, latest=latest, join=join)
    is_paper = abstract is not None or any(
        block.kind == "heading" and (block.page or 99) <= latest and INTRODUCTION.match(block.text) for block in blocks
    )
    stated = decode_latex(said.information.get("Title", ""))
    title, title_lines = _read_title(front, page=pages[0], body=body, stated=stated, is_paper=is_paper)
    authors: tuple[str, ...] | None = None
    affiliations: tuple[AuthorAffiliation, ...] = ()
    if title_lines:
        authors = read_authors(front, title=title_lines, stated=decode_latex(said.information.get("Author", "")))
    if authors:
        affiliations = read_affiliations(pages, front, title=title_lines, authors=authors, body_size=body.size)
    first = next((one for one in affiliations if authors and authors[0] in one.authors), None)
    imprint = read_imprint(pages[0], title=title)
    stamp = read_arxiv(pages[0], said.information, said.data)
    ids = [key for key in (stamp.key, read_doi(pages[0], said.information)) if key]
    printed = datetime(imprint.year, 1, 1, tzinfo=UTC) if imprint.year else None
    return Metadata(
        source="pdf", ids=tuple(dict.fromkeys(ids)), version=stamp.version, title=title, authors=authors,
        abstract=abstract, affiliation=Affiliation(text=first.text, page=first.page) if first else None,
        affiliations=affiliations or None,
        links=read_links(blocks, said.links, title=title, raised=said.raised) or None, venue=imprint.venue,
        keywords=read_keywords(blocks, pages, join=join), published=printed or stamp.published,
        precision="year" if printed else stamp.precision, categories=(stamp.category,) if stamp.category else None,
    )  # fmt: skip


# -------------------------------------------------------------------------------------------- abstract


def _read_abstract(
    blocks: Sequence[Block], pages: Sequence[PageLayout], *, body: BodyStyle, latest: int, join: Joiner
) -> str | None:
    """The text below or behind its label, else what stands set apart between the front matter and the text.

    Lines of one type that follow each other evenly are it as long as they end a sentence; one that goes on in the next
    column or on the next page is taken from the blocks.
    """
    labelled = _labelled_lines(pages[:latest])
    lines = _lines_set_apart(pages[0], blocks, body=body) if labelled is None else labelled
    text = _without_imprint(join(lines)) if lines else ""
    if _ENDS.search(text) and len(text) >= (_LEAST_LABELLED if labelled else _LEAST_APART):
        return text
    prose = [block for block in blocks if block.kind in ("paragraph", "list") and (block.page or 0) <= latest]
    under = [block.text for block in prose if block.section and _is_opening_section(block.section[-1])]
    if not under:
        first = next((k for k, block in enumerate(prose) if _RUN_IN.match(block.text) and len(block.text) > 150), None)
        under = _unmarked_abstract(blocks) if first is None else [_RUN_IN.sub("", prose[first].text)]
    told = _without_imprint(" ".join(_until_keywords(under)).strip())
    best = told or text
    return best if len(best) >= (40 if any(map(is_set_solid, best[:20])) else 100) else None


_ENDS = re.compile(rf"[{FULL_STOPS}][{CLOSERS}」』]*$")
_LEAST_LABELLED = 40  # characters
_LEAST_APART = 120
_IMPRINT = re.compile(
    rf"(?<=[{FULL_STOPS}])\s+(?:\S{{0,3}}\s?(?:19|20)\d\d\s[^.]*(?:Ltd|Inc|B\. ?V|Authors?|Elsevier)\b.*"
    r"|(?:©|\(c\)|Copyright).*|[A-Z][\w.& ]{2,60}\s\d+\s?[:(,].{3,25}(?:19|20)\d\d\)?\.?)$",
    re.DOTALL,
)


def _without_imprint(text: str) -> str:
    """Without the paper's own citation or the owner of its rights at the end."""
    while (shorter := _IMPRINT.sub("", text).strip()) != text:
        text = shorter
    return text


def _labelled_lines(pages: Sequence[PageLayout]) -> list[TextLine] | None:
    """The lines of the abstract behind, beside or below the first label of one; None where there is no label."""
    for page in pages:
        for placed in page.placed:
            line = placed.line
            match = _ABSTRACT.match(line.text.strip()) if line.upright and placed.role != "furniture" else None
            if match is None:
                continue
            if length := run_in_length(line):
                return _even_lines(without_first(line, length), page=page)
            if len(match["rest"].strip(" .:：—–-]】")) < 3:
                others = [
                    p.line for p in page.placed if p.line.upright and p.role != "furniture" and p.line is not line
                ]
                beside = [o for o in others if abs(o.baseline - line.baseline) < 0.3 * o.size and o.x0 > line.x1]
                beside = [o for o in beside if o.x0 - line.x1 < 6 * line.size]
                below = [o for o in others if 0.5 * line.size < o.baseline - line.baseline < 5 * line.size]
                below = [o for o in below if o.x0 < line.x1 + line.size and line.x0 < o.x1]
                if start := min(beside or below, key=lambda o: (round(o.baseline), o.x0), default=None):
                    return _even_lines(start, page=page)
                return []
    return None


def _lines_set_apart(page: PageLayout, blocks: Sequence[Block], *, body: BodyStyle) -> list[TextLine]:
    """The first text below the front matter, where its type or measure is another than the text's, or where the first
    of numbered headings comes next."""
    front = [placed.line.baseline for placed in page.placed if placed.role == "front"]
    after = [p for p in page.placed if p.role in ("body", "float", "footnote") and p.line.upright]
    after = [p for p in after if front and p.line.baseline > max(front)]
    if not after:
        return []
    first = min(after, key=lambda placed: (round(placed.line.baseline), placed.line.x0))
    line = first.line
    start, end = page.span_of(first.column)
    if line.width < 0.6 * (end - start) or line.text[:1].islower() or not line.text[:1].isalpha():
        return []
    lines = _even_lines(line, page=page)
    other = abs(line.size - body.size) > 0.05 * body.size or line.font not in body.fonts
    wider = first.column == -1 and len(page.columns) > 1
    heading = next((block for block in blocks if block.kind == "heading"), None)
    parts = [block.text for block in blocks if block.kind == "heading" and not is_references(block.text)]
    only_abstract = bool(blocks) and (blocks[-1].page or 9) <= _LONGEST_ABSTRACT_PAGES and not parts
    next_to = heading is not None and re.match(r"(?:1|I|一)[.、\s]|0\b", heading.text) is not None
    next_to = next_to or (heading is not None and INTRODUCTION.match(heading.text) is not None)
    below = min((b.lines[0].y0 for b in blocks if b is heading and b.page == page.number and b.lines), default=None)
    ends_there = lines and next_to and below is not None and below - lines[-1].y1 < 4 * body.leading
    last = lines[-1].baseline if lines else 0.0
    rest = [p.line for p in page.placed if 0 < p.line.baseline - last < 4 * body.leading and p.line.upright]
    keywords_follow = any(re.match(rf"[\W_]{{0,2}}{KEYWORDS}", line.text) for line in rest)
    return lines if other or wider or ends_there or keywords_follow or only_abstract else []


def _even_lines(start: TextLine, *, page: PageLayout) -> list[TextLine]:
    """The lines from ``start`` on that follow each other in one type, evenly, from one left edge."""
    others = [p for p in page.placed if p.line.upright and p.role not in ("furniture", "caption")]
    others.sort(key=lambda placed: (round(placed.line.baseline), placed.line.x0))
    rows = [[start]]
    left, right, lead = start.x0, start.x1, 2.6 * start.size
    for placed in others:
        line, last = placed.line, rows[-1][-1]
        down = line.baseline - last.baseline
        if (
            (line.baseline, line.x1) == (start.baseline, start.x1)
            or down < -0.5 * last.size
            or line.baseline < start.baseline - 1
        ):
            continue
        if abs(down) < 0.5 * last.size:
            gap = line.x0 - last.x1
            if -1 < gap < (2.5 if len(rows) > 1 else 1.2) * last.size and (line.x1 <= right + 3 or len(rows) == 1):
                rows[-1].append(line)
                right = max(right, line.x1) if len(rows) == 1 else right
            continue
        if line.x1 < left or line.x0 > right:
            continue  # another column
        if abs(line.size - start.size) > 0.06 * start.size:
            if down < 0.8 * last.size or line.width < 2 * start.size:
                continue  # raised and lowered signs
            break
        if down > lead or _ends_abstract(placed, start=start):
            break
        if line.x0 > max(left, rows[0][0].x0) + 2.6 * start.size or line.x0 < left - 2.6 * start.size:
            if len(rows) > 1:
                break
            if line.x0 > start.x0:
                continue
        if len(rows) == 1:
            lead = max(1.25 * down, 1.35 * start.size)
        left, right = min(left, line.x0), max(right, line.x1)
        rows.append([line])
    return [line for row in rows for line in row]


def _ends_abstract(placed: Placed, *, start: TextLine) -> bool:
    """Whether a line below an abstract is the first of something else: a label, a heading, another weight, rights."""
    line = placed.line
    labelled = re.match(rf"[\W_]{{0,2}}(?:{KEYWORDS}|CCS Concepts|ACM Reference)", line.text) is not None
    told = _RIGHTS.search(line.text) is not None or "All rights reserved" in line.text
    heading = placed.role == "heading" and (line.bold != start.bold or NUMBERED.match(line.text) is not None)
    bolder = start.bold != line.bold and len({run.style.bold for run in line.runs}) == 1
    return labelled or told or heading or bolder or placed.role == "front"


def _is_opening_section(title: str) -> bool:
    """Whether the abstract stands under this heading of the first pages, where a summary is one too."""
    return is_abstract(title) or re.sub(r"\W", "", title).casefold() == "summary"


def _unmarked_abstract(blocks: Sequence[Block]) -> list[str]:
    """Running text between the front matter and the first heading, when that heading is the introduction."""
    heading = next((k for k, block in enumerate(blocks) if block.kind == "heading"), None)
    if heading is None or not re.search("introduction", blocks[heading].text, re.IGNORECASE):
        return []
    if not any(block.kind == "front" for block in blocks[:heading]):
        return []
    found = [block.text for block in blocks[:heading] if block.kind == "paragraph"]
    return found if sum(map(len, found)) > 200 else []


def _until_keywords(texts: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for text in texts:
        if re.match(rf"(?:{KEYWORDS}|CCS Concepts|ACM Reference)", text):
            break
        kept.append(text)
    return kept
