"""A PDF to a ``Document``: reads the pages, finds what each line is, and puts the blocks in reading order."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from kb.errors import ParseError
from kb.ids import file_key
from kb.parsing.assembly import assemble
from kb.parsing.captions import FloatCaption, find_captions, read_float_pages
from kb.parsing.citations import raised_marks, with_references
from kb.parsing.figures import find_figures
from kb.parsing.float_page import FloatPage
from kb.parsing.frontmatter import FileFacts, mark_front, read_front
from kb.parsing.headings import Heading, find_headings, split_run_in_headings
from kb.parsing.layout import BodyStyle, PageLayout, lay_out
from kb.parsing.legibility import (
    Legibility,
    RecognisedPage,
    Recogniser,
    as_shown,
    cure,
    judge,
    recognise,
    shows_more_words,
)
from kb.parsing.page import LinkArea, OutlineEntry, TextLine, image_cover
from kb.parsing.paragraphs import Vocabulary, find_marks, join_lines
from kb.parsing.pdf import PdfPage, PdfReader
from kb.parsing.references import mark_references
from kb.parsing.roles import Caption, assign_roles, mark_captions, mark_contents
from kb.parsing.second_reader import read_text_only
from kb.parsing.sheets import PaperPages, PrintedSheet, on_pages, on_sheets, read_pages, sheet_labels
from kb.records import RECOGNISED, Document, FigurePlace, Fulltext, Metadata
from kb.text import UNREAD

PARSER = "pdfium/1"
Places = tuple[FigurePlace, ...] | None  # of figures; None where nobody found out
_SCANNED_CHARS_PER_PAGE = 50
_SCANNED_COVER = 0.5
_MAX_DOCUMENT_LINES = 200_000
_CHARACTERS_PER_BLOCK = 20  # at least, on the whole: a paper has hundreds


@dataclass(slots=True, kw_only=True)
class _Reading:
    """What is read of a file, page by page."""

    page_count: int
    information: dict[str, str]
    outline: Sequence[OutlineEntry]
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
        return read_text_only(data, max_pages=max_pages, first_error=err)
    with reader:
        reading = _read_file(reader, max_pages=max_pages, deadline=deadline, recogniser=recogniser)
        legible = judge(reading.sheets)
        paper = read_pages(legible.sheets)
        pages = paper.layouts
        body = lay_out(pages, paper.lines)
        split_run_in_headings(pages, body=body)
        mark_contents(pages)
        captions = _find_captions(pages, body=body)
        search = partial(find_figures, reader, captions.pages, captions.floats, body=body, deadline=deadline)
        figures = guarded(search) if captions.floats else ()
    headings = _mark_lines(pages, captions, outline=reading.outline, supplement=paper.supplement, body=body)
    vocabulary = _vocabulary_of(pages, reading.links)
    assembled = assemble(pages, headings, body=body, vocabulary=vocabulary)
    if not assembled.blocks:
        raise ParseError("the PDF has no text that can be read: add its abstract instead", code="pdf-empty")
    blocks = as_shown(on_sheets(assembled.blocks, pages), reading.recognised)
    raised = raised_marks(pages, assembled.blocks)
    said = FileFacts(links=reading.links, information=reading.information, data=data, raised=raised)
    front = read_front(pages, said, body=body, blocks=blocks, join=lambda lines: join_lines(lines, vocabulary)[0])
    document = Document(
        text=assembled.text, blocks=blocks, front=_with_file_id(_on_its_sheet(front, pages), data), parser=PARSER,
        pages=reading.page_count, page_labels=() if reading.broken else sheet_labels(pages, paper.lines),
        figures=figures, fulltext=_state_of(reading, legible, paper), warnings=_warnings(reading, assembled.text),
        dropped=_counted(reading.dropped, assembled.dropped, {"cover page": paper.cover_lines}),
    )  # fmt: skip
    return with_references(document, raised=raised)


class _Captions(NamedTuple):
    """The captions of a paper as the search for figures takes them, with its pages, and as lines have roles by them."""

    pages: Sequence[FloatPage]
    floats: Sequence[FloatCaption]
    of_pages: Sequence[Sequence[Caption]]


def _find_captions(pages: Sequence[PageLayout], *, body: BodyStyle) -> _Captions:
    """The captions of all pages; their lines get the role "caption"."""
    float_pages = read_float_pages(pages)
    floats = find_captions(float_pages, [page.graphics for page in pages], body=body)
    return _Captions(float_pages, floats, mark_captions(pages, floats))


def _mark_lines(
    pages: Sequence[PageLayout],
    captions: _Captions,
    *,
    outline: Sequence[OutlineEntry],
    supplement: Collection[TextLine],
    body: BodyStyle,
) -> list[Heading]:
    """Say of every line what it is, and of every raised sign whether it is a mark; gives the headings."""
    mark_front(pages, body=body)
    headings = find_headings(pages, outline=on_pages(outline, pages), body=body, supplement=supplement)
    assign_roles(pages, captions.of_pages, body=body)
    mark_references(pages, headings)
    find_marks(pages)
    return headings


def _vocabulary_of(pages: Sequence[PageLayout], links: Sequence[LinkArea]) -> Vocabulary:
    lines = (placed.line.text for page in pages for placed in page.placed if placed.role != "furniture")
    return Vocabulary(lines, addresses=(area.url for area in links))


def _warnings(reading: _Reading, text: str) -> tuple[str, ...]:
    unread = text.count(UNREAD)
    said = f"{unread} signs on its pages could not be read: each is shown as {UNREAD}"
    return (*reading.warnings, said) if unread else tuple(reading.warnings)


def _counted(*dropped: Mapping[str, int]) -> dict[str, int]:
    """What was left out, by reason, in order."""
    total = sum(map(Counter, dropped), Counter[str]())
    return dict(sorted(total.items()))


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


def _read_file(reader: PdfReader, *, max_pages: int, deadline: float | None, recogniser: Recogniser | None) -> _Reading:
    """The pages of a file, as many as may be read, and what it says beside them.

    Raises:
        ParseError: when none can be read, or there is no text on them.
    """
    reading = _Reading(page_count=reader.page_count, information=reader.information(), outline=reader.outline())
    count = min(reader.page_count, max_pages)
    lines = 0
    for number in range(1, count + 1):
        late = deadline is not None and number > 1 and time.monotonic() > deadline
        if late or lines > _MAX_DOCUMENT_LINES:
            read = f"only pages 1 to {number - 1} of {reader.page_count} were read"
            reading.fulltext = (
                Fulltext(
                    state="partial",
                    code="parse-timeout",
                    reason=f"{read} in the time allowed: add the file again when the machine is less busy, or raise"
                    " parse_timeout_seconds",
                )
                if late
                else Fulltext(state="partial", code="too-large", reason=f"{read}: their text is all that kb takes")
            )
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
    _refuse_without_text(reading)
    return reading


def _read_page(page: PdfPage, reading: _Reading, recogniser: Recogniser | None) -> int:
    text = page.text()
    sheet = PrintedSheet.of(page, text)
    cover = image_cover(sheet.graphics, width=page.width, height=page.height)
    is_pictured = shows_more_words(sheet, lambda: page.render(scale=1.0, grayscale=True))
    if recogniser is not None and (
        is_pictured or (cover > _SCANNED_COVER and sheet.letters() < _SCANNED_CHARS_PER_PAGE)
    ):
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


def _state_of(reading: _Reading, legible: Legibility, paper: PaperPages) -> Fulltext:
    """Whether all was read, else what was not and why; that pages were read by machine is said, too."""
    state = reading.fulltext
    if state.state == "full" and (reasons := _unread(reading, legible, paper)):
        code = "pdf-scanned" if reading.pictured else "partial"
        state = Fulltext(state="partial", code=code, reason="; ".join(reasons))
    return _by_machine(state, reading.recognised.values(), reading.page_count) if reading.recognised else state


def _unread(reading: _Reading, legible: Legibility, paper: PaperPages) -> list[str]:
    """Which pages were not read, and why."""
    reasons = []
    if paper.other is not None:
        title, page = paper.other
        reasons.append(f"another paper begins on page {page} ({title!r}): split the file and add that one apart")
    if reading.pictured:
        reasons.append(f"the words of {_pages(reading.pictured)} are pictures: {cure()}")
    if legible.unmapped:
        reasons.append(f"fonts of {_pages(legible.unmapped)} do not say which letters their signs are: look at the PDF")
    if legible.garbled:
        reasons.append(f"many words of {_pages(legible.garbled)} are in no language: the text layer is poor")
    return reasons


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
        raise ParseError(f"the pages are pictures without a text layer: {cure()}", code="pdf-scanned")
    if chars == 0:
        raise ParseError("the PDF has no text: add its abstract instead", code="pdf-empty")
