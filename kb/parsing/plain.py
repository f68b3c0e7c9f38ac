"""Markdown and plain text to a ``Document``: headings, paragraphs, lists, tables, code, formulas, references.

Markdown is CommonMark's headings, lists, code and quotes with GitHub's tables, footnotes and formulas.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from kb.errors import ParseError, foreign_errors
from kb.ids import file_key
from kb.parsing.html import (
    MARKED_KEYWORDS,
    MAX_HTML_BYTES,
    Sheet,
    decode_page,
    ids_of,
    links_in,
    names_of,
    refuse_binary,
    split_keywords,
)
from kb.parsing.paragraphs import Vocabulary, glued
from kb.records import Block, Document, Fulltext, Link, Metadata
from kb.structure import ARABIC, KNOWN, ROMAN, float_label, is_abstract, is_references
from kb.text import CONTROL

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.ruler import RuleOptionsType
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token


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


def front_matter(text: str) -> tuple[dict[str, list[str]], str]:
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
    stated, text = front_matter(text)
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
    if len(data) > MAX_HTML_BYTES:
        raise ParseError(f"the file has {len(data):,} bytes, more than {MAX_HTML_BYTES:,}: split it", code="too-large")
    text = decode_page(data).replace("\r\n", "\n").replace("\r", "\n")
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
    authors = names_of(names) if names else names_of([below.text]) if below is not None else None
    abstract = next(
        (b.text for b in blocks if b.kind == "paragraph" and b.section and is_abstract(b.section[-1])), None
    )
    addresses = [f"/abs/{value}" for name in ("arxiv", "eprint") for value in stated.get(name, [])]
    meta = [("citation_doi", value) for value in stated.get("doi", [])]
    ids, version = ids_of(addresses, meta, [block.text for block in head])
    words = stated.get("keywords") or stated.get("tags")
    said = next((split_keywords(block.text) for block in head if MARKED_KEYWORDS.match(block.text)), None)
    return Metadata(
        source="text", ids=ids, version=version, title=title, authors=authors, abstract=abstract,
        links=_own_links(head), keywords=tuple(words) if words else said,
    )  # fmt: skip


def _own_links(head: list[Block]) -> tuple[Link, ...] | None:
    """Repositories and project pages that the first blocks name beside words like "our code"."""
    return links_in([block.text for block in head], source="text") or None


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
