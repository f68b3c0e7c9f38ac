"""Texts without pages to a ``Document``: Markdown and plain text; and what HTML shares with them.

Shared are how bytes are decoded, the ``Sheet`` that takes blocks (floats wait on it until the prose of their section is
written), and what such a text states of itself: ids, names, keywords. Markdown is CommonMark's headings, lists, code
and quotes with GitHub's tables, footnotes and formulas, read by markdown-it, which only this module imports. What
stands in angle brackets is the paper's text unless it has the form of an HTML tag that is closed, empty or has
attributes; formulas and code stay as they are.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from kb.errors import BadIdentifier, ParseError, foreign_errors
from kb.ids import arxiv_key, doi_key, file_key, parse_arxiv_id
from kb.parsing.authors import is_name, read_as_names
from kb.parsing.own_links import announced_links
from kb.parsing.paragraphs import Vocabulary, glued
from kb.records import Block, BlockKind, Document, Fulltext, Metadata
from kb.structure import ARABIC, KEYWORDS, KNOWN, ROMAN, float_label, is_abstract, is_references
from kb.text import CONTROL, NO_TEXT

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.ruler import RuleOptionsType
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

# ------------------------------------------------------------------------------------------------------ bytes to text

MAX_TEXT_BYTES = 20_000_000
_SAMPLE, _RARE = 50_000, 50
_NO_TEXT = re.compile(rf"[{CONTROL}{NO_TEXT}\ufffd]")  # the last stands for bytes that could not be decoded
_CHARSET = re.compile(rb"""<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,60}?encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.I)


def refuse_binary(text: str) -> None:
    """Refuse what was decoded and is no text: a picture, an archive or noise under the name of a page.

    Raises:
        ParseError: ``no-text``, when of the first characters more than one in fifty is one that no text has.
    """
    sample = text[:_SAMPLE]
    if len(_NO_TEXT.findall(sample)) > len(sample) // _RARE:
        raise ParseError("the file is binary data, not text: get it again, or give it its own ending", code="no-text")


def decoded_text(data: bytes) -> str:
    """The page as text: byte order mark, else UTF-8, else what the page declares, else Windows Latin 1. No NULs."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace").replace("\x00", "")
    sample = data[:2000]
    if sample.count(b"\x00") > len(sample) // 4:
        name = "utf-16-le" if sample[1:2] == b"\x00" else "utf-16-be"
        return data.decode(name, "replace").replace("\x00", "")
    declared = _CHARSET.search(data[:8192])
    for encoding in ("utf-8", declared[1].decode("ascii", "replace") if declared else "", "cp1252"):
        try:
            text = data.decode(encoding) if encoding else ""
        except (UnicodeError, LookupError):
            continue
        if isinstance(text, str) and text:
            return text.replace("\x00", "")
    return data.decode("latin-1").replace("\x00", "")


# ------------------------------------------------------------------------------------------------------------- blocks

_SEPARATOR = "\n\n"


@dataclass(slots=True)
class Sheet:
    """Takes blocks as a reader meets them; ``finish`` gives the text and blocks of ``kb.records.Document``."""

    _done: list[tuple[BlockKind, str, tuple[str, ...], str | None]] = field(default_factory=list)
    _later: list[tuple[BlockKind, str, tuple[str, ...], str | None]] = field(default_factory=list)
    _path: list[tuple[int, str]] = field(default_factory=list)

    @property
    def section(self) -> tuple[str, ...]:
        """The path of headings above the next block."""
        return tuple(title for _, title in self._path)

    def open_section(self, title: str, *, level: int) -> None:
        """Write a heading; headings of this level or deeper are closed."""
        self._flush()
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        title = _tidy(title).replace("\n", " ")
        if title:
            self._path.append((level, title))
            self._done.append(("heading", title, self.section, None))

    def ends_in(self, wanted: Callable[[str], bool]) -> bool:
        """Whether the last that was written is a heading that is wanted."""
        return bool(self._done) and not self._later and self._done[-1][0] == "heading" and wanted(self._done[-1][1])

    def close_section(self, *, level: int) -> None:
        """What follows stands above sections of this level."""
        self._flush()
        while self._path and self._path[-1][0] >= level:
            self._path.pop()

    def put(self, kind: BlockKind, text: str, *, label: str | None = None, later: bool = False) -> None:
        """Write a block, or with ``later`` after the prose of the section; blanks and bare signs are no block."""
        text = _tidy(text)
        if text and (kind == "equation" or any(sign.isalnum() for sign in text)):
            (self._later if later else self._done).append((kind, text, self.section, label))

    def finish(self) -> tuple[str, tuple[Block, ...]]:
        """Text and blocks; ``text[block.start:block.end] == block.text``."""
        self._flush()
        blocks, start = [], 0
        for kind, text, section, label in self._done:
            blocks.append(Block(kind=kind, text=text, start=start, section=section, label=label))
            start += len(text) + len(_SEPARATOR)
        return _SEPARATOR.join(text for _, text, _, _ in self._done), tuple(blocks)

    def _flush(self) -> None:
        self._done += self._later
        self._later = []


def _tidy(text: str) -> str:
    """Lines without blanks at their ends and without blank lines, which would look like the end of a block."""
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()).strip()


# ------------------------------------------------------------------------------------------------- what a text states

_SITE_ARXIV = re.compile(
    r"^(?:https?://(?:www\.|export\.)?(?:arxiv\.org|ar5iv\.(?:org|labs\.arxiv\.org)))?/(?:abs|html|pdf)/(.+)$", re.I
)
_WATERMARK = re.compile(r"^\s*arXiv:(\S+?)\s+\[[\w.-]+\]\s+\d{1,2} \w{3} \d{4}")
MARKED_KEYWORDS = re.compile(rf"^[*_\s]*{KEYWORDS}[*_\s]*[:.—–-]+[*_\s]*", re.I)


def ids_of(
    addresses: Iterable[str], meta: Sequence[tuple[str, str]], texts: Iterable[str]
) -> tuple[tuple[str, ...], int | None]:
    """Canonical ids and arXiv version that the page states of itself: its own address, its head, arXiv's stamp."""
    arxiv: str | None = None
    version: int | None = None
    candidates = [match[1].strip("/") for address in addresses if (match := _SITE_ARXIV.match(address))]
    candidates += [content for name, content in meta if name == "citation_arxiv_id"]
    candidates += [match[1] for text in texts if (match := _WATERMARK.match(text))]
    for candidate in candidates:
        try:
            found, stated = parse_arxiv_id(candidate.removesuffix(".pdf"))
        except BadIdentifier:
            continue
        arxiv = arxiv or arxiv_key(found)
        if arxiv == arxiv_key(found):
            version = version or stated
    stated_dois = (content for name, content in meta if name in ("citation_doi", "dc.identifier", "prism.doi"))
    dois = [key for doi in stated_dois if (key := doi_key(doi))]
    return tuple(dict.fromkeys([*([arxiv] if arxiv else []), *dois])), version


def stated_names(texts: Iterable[str]) -> tuple[str, ...] | None:
    """Names out of author fields, in order; None as soon as one field is not clearly a name or a list of names."""
    names: list[str] = []
    for text in texts:
        parts = (part.strip(" *†‡§¶∗·") for part in re.split(r"\s*(?:[,;&]|\band\b)\s*", text))
        own = [part for part in parts if part]
        if not all(is_name(part) and read_as_names([part]) for part in own):
            return None
        names += own
    return tuple(names) or None


def split_keywords(text: str) -> tuple[str, ...] | None:
    """``"Keywords: a; b, c."`` -> ``("a", "b, c")``: split at the strongest sign there is."""
    bare = MARKED_KEYWORDS.sub("", text)
    sign = next((sign for sign in (";", "·", "•", "|", ",") if sign in bare), ",")
    parts = [part.strip(" .") for part in bare.split(sign)]
    words = tuple(dict.fromkeys(part for part in parts if part))
    return words if words and all(len(word) <= 80 for word in words) else None


# -------------------------------------------------------------------------------------------- Markdown and plain text


@dataclass(slots=True)
class WebReading:
    """What is written so far, what was dropped, and whether the references have begun."""

    sheet: Sheet = field(default_factory=Sheet)
    dropped: Counter[str] = field(default_factory=Counter)
    references: bool = False

    def heading(self, title: str, *, level: int) -> None:
        """Open a section; under "References" everything is a reference."""
        self.sheet.open_section(title, level=level)
        self.references = is_references(title)

    def put_prose(self, text: str) -> None:
        """Write a run of text as what it is: reference, list item, caption or paragraph."""
        if self.references:
            marker = re.match(r"\[?(\w{1,12})[\].]\s", text)
            self.sheet.put("reference", text, label=marker[1] if marker else None)
        elif re.match(r"(?:[-*•]|\d{1,2}[.)])\s", text):
            self.sheet.put("list", text)
        else:
            label = float_label(text)
            if label is not None and label.mark in (":", ".") and label.rest[:1].isspace():
                self.sheet.put("caption", text, label=label.text, later=True)
            else:
                self.sheet.put("paragraph", text)


def _yaml_front(text: str) -> tuple[dict[str, list[str]], str]:
    """The simple part of a YAML front matter: ``name: value`` and lists, as texts."""
    match = re.match(r"\s*---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|$)", text[:20_000], re.DOTALL)
    if match is None:
        return {}, text
    found: dict[str, list[str]] = {}
    name = ""
    for line in match[1].split("\n"):
        if pair := re.match(r"([A-Za-z_-]+):\s*(.*)$", line):
            name = pair[1].lower()
            value = pair[2].strip()
            values = value[1:-1].split(",") if value.startswith("[") and value.endswith("]") else [value]
            found[name] = [v for v in (part.strip().strip("\"'") for part in values) if v]
        elif name and (item := re.match(r"\s*-\s+(?:name:\s*)?(.+)$", line)):
            found[name].append(item[1].strip().strip("\"'"))
    return found, text[match.end() :]


MARKDOWN_PARSER = "markdown/1"
TEXT_PARSER = "plain-text/1"


# Plain text
_REFERENCE_MARK = re.compile(r"(?:\[\w{1,12}\]|\d{1,3}\.)\s")
_ITEM_MARK = re.compile(r"(?:[-*•]|\d{1,2}[.)]|\([a-z\d]{1,2}\))\s")
# A letter alone is an article of prose more often than a number, so it needs one behind it.
_NUMBERED_HEADING = re.compile(rf"(?P<number>{ARABIC}|{ROMAN}|[A-H](?:\.\d{{1,2}}){{1,2}})\.?[ \t]+(?P<rest>[A-Z].*)$")
_MOST_WORDS = 4  # of a heading that is known by its name: some names go on ("Ethical …"), and so does prose


def parse_markdown(data: bytes) -> Document:
    """Read Markdown (CommonMark's headings, lists, code, quotes; tables, footnotes and ``$$`` formulas as GitHub's).

    A front matter block (``---``) gives title, authors, date-free ids and keywords. Comments are dropped and counted
    as invisible; images leave their alternative text.

    Raises:
        ParseError: ``too-large``, or ``no-text`` when nothing is left to read.
    """
    text = _decoded(data)
    stated, text = _yaml_front(text)
    reading = WebReading()

    def drop(match: re.Match[str]) -> str:
        reading.dropped["invisible"] += len(" ".join(match[0][4:-3].split()))
        return ""

    read_markdown(re.sub(r"<!--.*?(?:-->|\Z)", drop, text, flags=re.DOTALL), reading)
    return _document(reading, data, parser=MARKDOWN_PARSER, stated=stated)


def parse_text(data: bytes) -> Document:
    """Read plain text: blank lines part paragraphs, lines of a paragraph are joined, words cut at line ends healed.

    Headings are known names ("Abstract", "References"), numbered titles, or short lines in capitals that stand alone.

    Raises:
        ParseError: ``too-large``, or ``no-text`` when it is empty or no text at all.
    """
    text = _decoded(data).replace("\f", "\n\n")
    reading = WebReading()
    vocabulary = Vocabulary(line.strip() for line in text.split("\n"))
    for number, paragraph in enumerate(re.split(r"\n[ \t]*\n", text)):
        lines = [line.strip() for line in paragraph.split("\n") if line.strip()]
        if lines:
            _read_text_paragraph(lines, reading, vocabulary=vocabulary, first=number == 0)
    return _document(reading, data, parser=TEXT_PARSER, stated={})


# ---------------------------------------------------------------------------------------- plain text


def _read_text_paragraph(lines: list[str], reading: WebReading, *, vocabulary: Vocabulary, first: bool) -> None:
    if len(lines) == 2 and re.fullmatch(r"[=\-~^*]{3,}", lines[1]):
        reading.heading(lines[0], level=1 if lines[1][0] == "=" else 2)
        return
    title = lines[0]
    level = _heading_level(title) if not first else None
    if level is not None and (len(lines) == 1 or _is_known(title)):
        reading.heading(title, level=level)
        lines = lines[1:]
    for entry in _entries(lines, reading):
        reading.put_prose(_joined(entry, vocabulary))


def _is_known(line: str) -> bool:
    return len(line.split()) <= _MOST_WORDS and KNOWN.match(re.sub(r"\W+$", "", line)) is not None


def _heading_level(line: str) -> int | None:
    if len(line) > 90 or line.endswith((",", ";")):
        return None
    if _is_known(line):
        return 1
    if (match := _NUMBERED_HEADING.match(line)) and not line.endswith("."):
        return 1 + match["number"].count(".")
    letters = [sign for sign in line if sign.isalpha()]
    return (
        1 if len(letters) > 3 and line == line.upper() and len(line.split()) < 12 and not line.endswith(".") else None
    )


def _entries(lines: list[str], reading: WebReading) -> Iterator[list[str]]:
    """The lines parted at list items, or at the markers of references."""
    marker = _REFERENCE_MARK if reading.references else _ITEM_MARK
    entry: list[str] = []
    for line in lines:
        if entry and marker.match(line):
            yield entry
            entry = []
        entry.append(line)
    if entry:
        yield entry


def _joined(lines: list[str], vocabulary: Vocabulary) -> str:
    """Lines as one text, words cut at line ends healed."""
    pieces = lines[:1]
    for line in lines[1:]:
        pieces[-1] = glued(pieces[-1], line, vocabulary)
        pieces.append(line)
    return " ".join("".join(pieces).split())


# -------------------------------------------------------------------------------------------- shared


def _decoded(data: bytes) -> str:
    if len(data) > MAX_TEXT_BYTES:
        raise ParseError(f"the file has {len(data):,} bytes, more than {MAX_TEXT_BYTES:,}: split it", code="too-large")
    text = decoded_text(data).replace("\r\n", "\n").replace("\r", "\n")
    refuse_binary(text)
    return re.sub(f"[{CONTROL}]", "", text)


def _document(reading: WebReading, data: bytes, *, parser: str, stated: dict[str, list[str]]) -> Document:
    written, blocks = reading.sheet.finish()
    if not any(block.kind != "heading" for block in blocks):
        raise ParseError("the file has no text: check that it is the right one", code="no-text")
    front = _read_front(blocks, stated)
    front = replace(front, ids=(*front.ids, file_key(hashlib.sha256(data).hexdigest())))
    return Document(
        text=written, blocks=blocks, front=front, pages=None, fulltext=Fulltext(state="full"), parser=parser,
        dropped=dict(reading.dropped),
    )  # fmt: skip


def _read_front(blocks: tuple[Block, ...], stated: dict[str, list[str]]) -> Metadata:
    """What the front matter or the first lines say; authors only when they are clearly names."""
    head = [block for block in blocks[:12] if block.kind != "code"]
    first = head[0] if head else None
    title = next(iter(stated.get("title", [])), None)
    if title is None and first is not None and len(first.text) < 250 and not _is_known(first.text):
        title = first.text if first.kind == "heading" or not first.text.endswith((".", ":", "?!")) else None
    names = stated.get("authors") or stated.get("author") or []
    below = head[1] if len(head) > 1 and title is not None and head[1].kind == "paragraph" else None
    authors = stated_names(names) if names else stated_names([below.text]) if below is not None else None
    abstract = next(
        (b.text for b in blocks if b.kind == "paragraph" and b.section and is_abstract(b.section[-1])), None
    )
    addresses = [f"/abs/{value}" for name in ("arxiv", "eprint") for value in stated.get(name, [])]
    meta = [("citation_doi", value) for value in stated.get("doi", [])]
    ids, version = ids_of(addresses, meta, [block.text for block in head])
    linking = [(block.text, re.findall(r"https?://[^\s<>\"{}|\\^`\[\]]+", block.text)) for block in head]
    words = stated.get("keywords") or stated.get("tags")
    said = next((split_keywords(block.text) for block in head if MARKED_KEYWORDS.match(block.text)), None)
    return Metadata(
        source="text", ids=ids, version=version, title=title, authors=authors, abstract=abstract,
        links=announced_links(linking, source="text") or None, keywords=tuple(words) if words else said,
    )  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- Markdown

_DEEPEST = 200  # marks within each other: what stands deeper, markdown-it leaves out
_WIDEST_OPENING = 60  # characters: from there on, marks of quotes and lists at a line's beginning make no more levels
_OPENING = re.compile(r"^(?:[ \t>]|[-*+][ \t]|\d{1,9}[.)][ \t])+", re.MULTILINE)
_NOTE = re.compile(r"\[\^([^\]\s]+)\]:[ \t]*")
_NOTE_MARK = re.compile(r"\[\^[^\]\s]+\]")
_MATHS = re.compile(r"\$([^$\s](?:[^$]*[^$\s])?)\$(?!\d)|\\\((?=\S)(.+?)(?<=\S)\\\)", re.DOTALL)
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*)((?:\"[^\"]{0,300}\"|'[^']{0,300}'|[^<>\"']){0,300})>")
_ENDLESS = frozenset({"br", "hr", "wbr"})  # HTML's elements that have neither an end nor attributes


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": False, "maxNesting": _DEEPEST}).enable(["table", "strikethrough"])
    breaking: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    made.block.ruler.before("fence", "display", _display, breaking)
    made.block.ruler.before("reference", "note", _note, breaking)
    made.inline.ruler.before("escape", "maths", _maths)
    made.inline.ruler.before("emphasis", "product", _product)
    made.inline.ruler.before("link", "note_mark", _note_mark)
    made.inline.ruler.after("autolink", "tag", _tag)
    return made


def read_markdown(text: str, reading: WebReading) -> None:
    """Write the blocks of a Markdown text.

    Raises:
        ParseError: when markdown-it cannot read it.
    """
    marks: list[str] = []  # of the items that are open, "" where an item's first paragraph is written
    rows: list[str] = []
    text = _OPENING.sub(lambda opening: opening[0][:_WIDEST_OPENING], text)
    with foreign_errors(
        lambda said: ParseError(
            f"it cannot be read as Markdown ({said}): give it the ending .txt", code="parse-crashed"
        )
    ):
        tokens = iter(_parser().parse(text))
    for token in tokens:
        kind = token.type
        if kind == "list_item_open":
            marks.append(f"{token.info}{token.markup}" if token.info else "•")
        elif kind == "list_item_close":
            marks.pop()
        elif kind == "heading_open":
            reading.heading(_text(next(tokens)), level=int(token.tag[1]))
        elif kind == "note_open":
            reading.sheet.put("footnote", _text(next(tokens)), later=True)
        elif kind == "display":
            reading.sheet.put("equation", " ".join(token.content.split()))
        elif kind in ("fence", "code_block"):
            reading.sheet.put("code", token.content.rstrip("\n"))
        elif kind == "tr_open":
            rows.append(" | ".join(_cells(tokens)))
        elif kind == "table_close":
            reading.sheet.put("table", "\n".join(rows), later=True)
            rows = []
        elif kind == "inline":
            _put(_text(token), marks, reading)


def _put(text: str, marks: list[str], reading: WebReading) -> None:
    """A paragraph, or the first of an item of a list, with the item's mark."""
    mark = marks[-1] if marks else ""
    if not text or not mark:
        reading.put_prose(text)
        return
    marks[-1] = ""
    if reading.references:
        label = mark.rstrip(".)•") or None
        reading.sheet.put("reference", f"{mark} {text}" if label else text, label=label)
    else:
        reading.sheet.put("list", f"{mark} {text}")


def _cells(tokens: Iterator[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "tr_close":
            return
        if token.type == "inline":
            yield _text(token)


def _text(token: Token) -> str:
    """The text of a run of inline marks on one line: emphasis and addresses of links gone, images as what they say."""
    parts: list[str] = []
    pending: list[Token] = list(reversed(token.children or ()))
    while pending:
        here = pending.pop()
        if here.type == "image":
            pending += reversed(here.children or ())
        elif here.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        else:
            parts.append(here.content)
    return " ".join("".join(parts).split())


# ------------------------------------------------------------------------------------------- our marks


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _display(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A display between ``$$`` or ``\\[`` and ``\\]`` up to a blank line; what stands behind it is a paragraph."""
    first = _line(state, start)
    closing = {"$$": "$$", "\\[": "\\]"}.get(first[:2])
    if closing is None or state.is_code_block(start):
        return False
    if silent:
        return True
    lines, number = [first[2:]], start + 1
    while closing not in lines[-1] and number < end and not state.isEmpty(number):
        lines.append(_line(state, number))
        number += 1
    tex, _, rest = "\n".join(lines).partition(closing)
    token = state.push("display", "", 0)
    token.content, token.map = tex, [start, number]
    if rest.strip():
        _push_text(state, "paragraph", rest.strip(), [start, number])
    state.line = number
    return True


def _note(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A footnote's text: its line, and those below that go on or are set in."""
    match = _NOTE.match(_line(state, start))
    if match is None or state.is_code_block(start):
        return False
    if silent:
        return True
    lines, number = [_line(state, start)[match.end() :]], start + 1
    while number < end and not state.isEmpty(number) and not _NOTE.match(_line(state, number)):
        lines.append(_line(state, number))
        number += 1
    _push_text(state, "note", "\n".join(lines), [start, number])
    state.line = number
    return True


def _push_text(state: StateBlock, name: str, text: str, lines: Sequence[int]) -> None:
    state.push(f"{name}_open", "p", 1).map = list(lines)
    inline = state.push("inline", "", 0)
    inline.content, inline.map, inline.children = text, list(lines), []
    state.push(f"{name}_close", "p", -1)


def _maths(state: StateInline, silent: bool) -> bool:
    match = _MATHS.match(state.src, state.pos) if state.src[state.pos] in "$\\" else None
    if match is None:
        return False
    if not silent:
        state.push("maths", "", 0).content = f"${match[1] or match[2]}$"
    state.pos = match.end()
    return True


def _product(state: StateInline, silent: bool) -> bool:
    """A star between letters or figures, as in 2*3*4, is a sign of the text: emphasis of a part of a word is rare."""
    around = state.src[max(0, state.pos - 1) : state.pos + 2]
    if len(around) < 3 or around[1] != "*" or not around.isascii() or not (around[0] + around[2]).isalnum():
        return False
    if not silent:
        state.push("text", "", 0).content = "*"
    state.pos += 1
    return True


def _note_mark(state: StateInline, silent: bool) -> bool:
    match = _NOTE_MARK.match(state.src, state.pos)
    if match is None:
        return False
    state.pos = match.end()
    return True


def _tag(state: StateInline, silent: bool) -> bool:
    """HTML leaves what stands in it; a tag that is neither closed nor empty and has no attributes is the paper's."""
    match = _TAG.match(state.src, state.pos) if state.src[state.pos] == "<" else None
    if match is None:
        return False
    is_end, name, rest = match.groups()
    closed = {found.lower() for end, found, _ in _TAG.findall(_CODE.sub("", state.src)) if end}
    is_markup = is_end or "=" in rest or rest.endswith("/") or name.lower() in closed | _ENDLESS
    if not is_markup and match[0] != state.src.strip():
        return False
    if not silent and name.lower() in ("br", "hr"):
        state.push("softbreak", "br", 0)
    state.pos = match.end()
    return True
