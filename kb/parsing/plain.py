"""Markdown and plain text to a ``Document``: headings, paragraphs, lists, tables, code, formulas, references.

Markdown is CommonMark's headings, lists, code and quotes with GitHub's tables, footnotes and formulas.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from kb.errors import ParseError
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
from kb.parsing.line_ends import Vocabulary, glued
from kb.records import Block, Document, Fulltext, Link, Metadata
from kb.structure import ARABIC, KNOWN, ROMAN, float_label, is_abstract, is_references
from kb.text import CONTROL


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

    from kb.parsing.markdown import read_markdown

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
