"""A PDF to a ``Document``: reads the pages, finds what each line is, and puts the blocks in reading order.

Tables of contents and lists of figures are left out: they say what stands where, and are no text of the paper.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from kb.errors import ParseError
from kb.ids import file_key
from kb.parsing.assembly import assemble, join_lines
from kb.parsing.captions import find_captions, read_float_pages
from kb.parsing.citations import raised_marks, with_references
from kb.parsing.figures import find_figures
from kb.parsing.frontmatter import FileFacts, mark_front, read_front
from kb.parsing.headings import find_headings
from kb.parsing.layout import PageLayout, Placed, lay_out
from kb.parsing.legibility import Legibility, judge, shows_more_words
from kb.parsing.line_ends import Vocabulary
from kb.parsing.marks import find_marks
from kb.parsing.page import LinkArea, image_cover
from kb.parsing.pdf import PdfPage, PdfReader
from kb.parsing.references import mark_references
from kb.parsing.roles import assign_roles, mark_captions, split_run_in_headings
from kb.parsing.sheets import PaperPages, PrintedSheet, on_pages, on_sheets, read_pages, sheet_labels
from kb.records import RECOGNISED, Document, FigurePlace, Fulltext, Metadata
from kb.text import UNREAD

if TYPE_CHECKING:
    from kb.parsing.recognition import RecognisedPage, Recogniser

_TITLE = re.compile(
    r"^(?:(?:table of )?contents|list of (?:figures|tables|algorithms|symbols|abbreviations|listings|publications))$",
    re.IGNORECASE,
)
_LEADERS = re.compile(r"(?:\.\s?){4,}\s*(?:\d{1,4}|[ivxlc]{1,7})?\s*$|…{2,}")
_ENTRY = re.compile(r"\D(?:\s|\.)(?:\d{1,4}|[ivxlc]{1,7})$")
_MIN_ENTRIES = 3
_MAX_BETWEEN = 3  # rows of an entry that is set in several, or a title between two parts


def mark_contents(pages: Sequence[PageLayout]) -> None:
    """Give the role "contents" to titles like "Contents", the entries below them, and those on the next pages."""
    goes_on = False
    for page in pages:
        rows = _rows(page)
        first = 0 if goes_on else next((at for at, row in enumerate(rows) if _TITLE.match(_text(row))), None)
        if first is None:
            continue
        last, entries = _last_entry(rows, first, is_open=goes_on)
        goes_on = entries >= _MIN_ENTRIES and len(rows) - 1 - last <= _MAX_BETWEEN
        if entries < _MIN_ENTRIES and not (_only_titles(rows[first:]) and entries):
            goes_on = False
            continue
        for row in rows[first : (last + 1) if not goes_on else len(rows)]:
            for placed in row:
                placed.role = "contents"


def _rows(page: PageLayout) -> list[list[Placed]]:
    """The lines of running text by printed row, from top to bottom, in reading order."""
    rows: list[list[Placed]] = []
    for placed in page.placed:
        if placed.role != "body":
            continue
        same = rows and placed.column == rows[-1][0].column
        if same and abs(placed.line.baseline - rows[-1][0].line.baseline) < 0.3 * placed.line.size:
            rows[-1].append(placed)
        else:
            rows.append([placed])
    return rows


def _text(row: Sequence[Placed]) -> str:
    return " ".join(placed.line.text for placed in row).strip()


def _is_entry(row: Sequence[Placed]) -> bool:
    text = _text(row)
    wide_gap = len(row) > 1 and row[-1].line.x0 - row[-2].line.x1 > 2 * row[-1].line.size
    return bool(_LEADERS.search(text)) or (bool(_ENTRY.search(text)) and (wide_gap or len(text.split()) <= 12))


def _last_entry(rows: Sequence[Sequence[Placed]], first: int, *, is_open: bool) -> tuple[int, int]:
    """Place of the last row that belongs to the list that begins at ``first``, and how many entries it has."""
    last, entries = first, 0
    for at in range(first if is_open else first + 1, len(rows)):
        if _is_entry(rows[at]):
            last, entries = at, entries + 1
        elif _TITLE.match(_text(rows[at])):
            last = at
        elif at - last > _MAX_BETWEEN:
            break
    return last, entries


def _only_titles(rows: Sequence[Sequence[Placed]]) -> bool:
    """A list with one or two entries fills the rest of its page."""
    return len(rows) <= _MAX_BETWEEN * 3


PARSER = "pdfium/1"
Places = tuple[FigurePlace, ...] | None  # of figures; None where nobody found out
_SCANNED_CHARS_PER_PAGE = 50
_SCANNED_COVER = 0.5
_MAX_DOCUMENT_LINES = 200_000
_CHARACTERS_PER_BLOCK = 20  # at least, on the whole: a paper has hundreds


@dataclass(slots=True)
class _Reading:
    """What is gathered page by page."""

    sheets: list[PrintedSheet] = field(default_factory=list)
    links: list[LinkArea] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    pictured: list[int] = field(default_factory=list)  # pages whose words are pictures
    covered: float = 0.0
    recognised: dict[int, RecognisedPage] = field(default_factory=dict)
    fulltext: Fulltext = field(default_factory=lambda: Fulltext(state="full"))


def read_pdf(
    data: bytes,
    *,
    max_pages: int,
    deadline: float | None = None,
    recogniser: Recogniser | None = None,
    guarded: Callable[[Callable[[], Places]], Places] = lambda search: search(),
) -> Document:
    """Parse a PDF.

    Args:
        data: the whole file.
        max_pages: of a longer PDF only so many pages are read.
        deadline: ``time.monotonic()`` after which no further page is read.
        recogniser: reads pages that are pictures without a text layer.
        guarded: runs the search for figures, which paints pages, where it can do no harm.

    Raises:
        ParseError: ``pdf-encrypted``, ``pdf-broken``, ``pdf-scanned`` (pictures of text, no text layer) or
            ``pdf-empty`` (no text at all).
    """
    try:
        reader = PdfReader(data)
    except ParseError as err:
        if err.code != "pdf-broken":
            raise
        from kb.parsing.second_reader import read_text_only

        return read_text_only(data, max_pages=max_pages, first_error=err)
    with reader:
        reading = _read_pages(reader, max_pages=max_pages, deadline=deadline, recogniser=recogniser)
        _refuse_without_text(reading)
        outline = reader.outline()
        information = reader.information()
        count = reader.page_count
        legible = judge(reading.sheets)
        found = read_pages(legible.sheets)
        pages = found.layouts
        labels = () if reading.broken else sheet_labels(pages, found.lines)
        body = lay_out(pages, found.lines)
        split_run_in_headings(pages, body=body)
        mark_contents(pages)
        float_pages = read_float_pages(pages)
        float_captions = find_captions(float_pages, [page.graphics for page in pages], body=body)
        captions = mark_captions(pages, float_captions)
        search = partial(find_figures, reader, float_pages, float_captions, body=body, deadline=deadline)
        places = guarded(search) if float_captions else ()
    mark_front(pages, body=body)
    headings = find_headings(pages, outline=on_pages(outline, pages), body=body, supplement=found.supplement)
    assign_roles(pages, captions, body=body)
    mark_references(pages, headings)
    find_marks(pages)
    vocabulary = Vocabulary(
        (placed.line.text for page in pages for placed in page.placed if placed.role != "furniture"),
        addresses=(area.url for area in reading.links),
    )
    assembled = assemble(pages, headings, body=body, vocabulary=vocabulary)
    if not assembled.blocks:
        raise ParseError("the PDF has no text that can be read: add its abstract instead", code="pdf-empty")
    if unread := assembled.text.count(UNREAD):
        reading.warnings.append(f"{unread} signs on its pages could not be read: each is shown as {UNREAD}")
    blocks, fulltext = on_sheets(assembled.blocks, pages), reading.fulltext
    if fulltext.state == "full":
        fulltext = _state_of(reading.pictured, legible, found)
    if reading.recognised:
        from kb.parsing.recognition import as_shown

        blocks = as_shown(blocks, reading.recognised)
        fulltext = _by_machine(fulltext, reading.recognised.values(), count)
    raised = raised_marks(pages, assembled.blocks)
    said = FileFacts(links=reading.links, information=information, data=data, raised=raised)
    read = read_front(pages, said, body=body, blocks=blocks, join=lambda lines: join_lines(lines, vocabulary)[0])
    front = _with_file_id(_on_its_sheet(read, pages), data)
    dropped = reading.dropped + assembled.dropped + Counter({"cover page": found.cover_lines})
    document = Document(
        text=assembled.text,
        blocks=blocks,
        front=front,
        pages=count,
        fulltext=fulltext,
        parser=PARSER,
        dropped=dict(sorted(dropped.items())),
        warnings=tuple(reading.warnings),
        page_labels=labels,
        figures=places,
    )
    return with_references(document, raised=raised)


def first_characters(document: Document, *, most: int) -> Document:
    """The document, or the first ``most`` characters of one that is longer."""
    blocks = most // _CHARACTERS_PER_BLOCK
    if len(document.text) <= most and len(document.blocks) <= blocks:
        return document
    kept = [block for block in document.blocks[:blocks] if block.end <= most]
    if len(kept) < min(len(document.blocks), blocks) and (part := document.blocks[len(kept)]).start < most:
        room = most - part.start
        lines = tuple(line for line in part.lines if line.end <= room)
        kept.append(replace(part, text=part.text[:room], lines=lines))
    reason = (
        f"only the first {kept[-1].end:,} of its {len(document.text):,} characters are read: raise max_characters, or"
        " split the file"
    )
    fulltext = document.fulltext
    if fulltext.state == "full":
        fulltext = Fulltext(state="partial", code="too-long", reason=reason)
    end = kept[-1].end
    entries = tuple(entry for entry in document.references if entry.start + len(entry.text) <= end)
    cited = [
        replace(mark, entries=tuple(place for place in mark.entries if place < len(entries)))
        for mark in document.citations
        if mark.sentence[1] <= end
    ]
    return replace(
        document, text=document.text[:end], blocks=tuple(kept), fulltext=fulltext, references=entries,
        citations=tuple(mark for mark in cited if mark.entries),
    )  # fmt: skip


def _on_its_sheet(front: Metadata, pages: Sequence[PageLayout]) -> Metadata:
    """The front matter with the pages of the file."""
    first, each = front.affiliation, front.affiliations
    if first is not None and first.page:
        first = replace(first, page=pages[first.page - 1].sheet)
    if each is not None:
        each = tuple(replace(one, page=pages[one.page - 1].sheet) if one.page else one for one in each)
    return replace(front, affiliation=first, affiliations=each)


def _with_file_id(front: Metadata, data: bytes) -> Metadata:
    return replace(front, ids=(*front.ids, file_key(hashlib.sha256(data).hexdigest())))


def _read_pages(
    reader: PdfReader, *, max_pages: int, deadline: float | None, recogniser: Recogniser | None
) -> _Reading:
    reading = _Reading()
    count = min(reader.page_count, max_pages)
    lines = 0
    for number in range(1, count + 1):
        late = deadline is not None and number > 1 and time.monotonic() > deadline
        if late or lines > _MAX_DOCUMENT_LINES:
            reason = f"only pages 1 to {number - 1} of {reader.page_count} were read in the time allowed"
            reading.fulltext = Fulltext(state="partial", code="parse-timeout", reason=reason)
            break
        try:
            with reader.page(number) as page:
                lines += _read_page(page, reading, recogniser)
        except ParseError as err:
            reading.broken.append(number)
            reading.warnings.append(str(err))
    if reading.fulltext.state == "full" and reader.page_count > max_pages:
        reason = f"only the first {max_pages} of {reader.page_count} pages were read: raise max_pages to read more"
        reading.fulltext = Fulltext(state="partial", code="too-many-pages", reason=reason)
    if reading.fulltext.state == "full" and reading.broken:
        reason = f"{len(reading.broken)} of {count} pages are damaged: get the file again"
        reading.fulltext = Fulltext(state="partial", code="pdf-broken", reason=reason)
    return reading


def _read_page(page: PdfPage, reading: _Reading, recogniser: Recogniser | None) -> int:
    text = page.text()
    sheet = PrintedSheet.of(page, text)
    cover = image_cover(sheet.graphics, width=page.width, height=page.height)
    is_pictured = shows_more_words(sheet, lambda: page.render(scale=1.0, grayscale=True))
    if recogniser is not None and (
        is_pictured or (cover > _SCANNED_COVER and sheet.letters() < _SCANNED_CHARS_PER_PAGE)
    ):
        from kb.parsing.recognition import recognise

        found = recognise(page, recogniser)
        if found.lines:
            reading.recognised[page.number] = found
            is_pictured, cover = False, 0.0  # its text is read
            drawn = [one for one in sheet.graphics if one.kind != "image"]  # the picture is the page
            sheet = replace(sheet, lines=found.lines, turned={}, graphics=drawn)
    if is_pictured:
        reading.pictured.append(page.number)
    reading.sheets.append(sheet)
    reading.links += page.links()
    reading.dropped.update(text.dropped)
    reading.covered += cover
    if text.is_ocr_layer and not any("recognised" in warning for warning in reading.warnings):
        reading.warnings.append("the text was recognised from scanned pages and may have errors")
    return len(text.lines) + sum(map(len, text.turned.values()))


def _state_of(pictured: Sequence[int], legible: Legibility, found: PaperPages) -> Fulltext:
    """Which pages were not read, and why."""
    from kb.parsing.recognition import cure

    reasons = []
    if found.other is not None:
        title, page = found.other
        reasons.append(f"another paper begins on page {page} ({title!r}): split the file and add that one apart")
    if pictured:
        reasons.append(f"the words of {_pages(pictured)} are pictures: {cure()}")
    if legible.unmapped:
        reasons.append(f"fonts of {_pages(legible.unmapped)} do not say which letters their signs are: look at the PDF")
    if legible.garbled:
        reasons.append(f"many words of {_pages(legible.garbled)} are in no language: the text layer is poor")
    if not reasons:
        return Fulltext(state="full")
    return Fulltext(state="partial", code="pdf-scanned" if pictured else "partial", reason="; ".join(reasons))


def _pages(numbers: Sequence[int]) -> str:
    """ "page 3", "pages 3, 5–7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    said = ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)
    return f"page{'s' if len(numbers) > 1 else ''} {said}"


def _by_machine(state: Fulltext, recognised: Collection[RecognisedPage], count: int) -> Fulltext:
    """The state of a text of which a recogniser read pages; that it is a part goes first."""
    sure = sum(page.confidence for page in recognised) / len(recognised)
    pages = f"{len(recognised)} of {count} pages are pictures and were read by machine"
    said = f"{pages}, {sure:.1%} sure: letters may be wrong"
    if state.state != "full":
        return replace(state, code=RECOGNISED, reason=f"{state.reason}; {said}")
    return Fulltext(state="full", code=RECOGNISED, reason=said)


def _refuse_without_text(reading: _Reading) -> None:
    if not reading.sheets:
        raise ParseError("no page of the PDF can be read: get it again from its source", code="pdf-broken")
    chars = sum(len(line.text) for sheet in reading.sheets for line in sheet.every_line())
    count = len(reading.sheets)
    if chars < _SCANNED_CHARS_PER_PAGE * count and reading.covered > _SCANNED_COVER * count:
        from kb.parsing.recognition import cure

        raise ParseError(f"the pages are pictures without a text layer: {cure()}", code="pdf-scanned")
    if chars == 0:
        raise ParseError("the PDF has no text: add its abstract instead", code="pdf-empty")
