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


_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_ATX = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
_RULE = re.compile(r"^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_ITEM = re.compile(r"^(?P<indent>[ \t]*)(?P<mark>[-*+•]|\d{1,4}[.)])[ \t]+(?P<rest>\S.*)$")
_TABLE_RULE = re.compile(r"^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_NOTE = re.compile(r"^ {0,3}\[\^([^\]]+)\]:\s*(.*)$")
_LINK_DEFINITION = re.compile(r"^ {0,3}\[[^\]^]+\]:\s+\S+.*$")
_INLINE = (
    (re.compile(r"!\[([^\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"\[([^\]]+)\]\([^()\s]*(?:\([^()]*\))?[^()\s]*(?:\s+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"\[\^[^\]]+\]"), ""),
    (re.compile(r"<(https?://[^>\s]+)>"), r"\1"),
    (re.compile(r"(\*{1,3}|(?<!\w)_{1,3})(?=\S)(.+?)(?<=\S)\1(?!\w)"), r"\2"),
    (re.compile(r"~~(.+?)~~"), r"\1"),
)  # fmt: skip
_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*)([^<>]{0,300})>")
_ENDLESS = frozenset({"br", "hr", "wbr"})  # HTML's elements that have neither an end nor attributes
_CODE_OR_MATH = re.compile(r"(`+)(.+?)\1|(\$[^$\s](?:[^$]*[^$\s])?\$)", re.DOTALL)


def read_markdown(lines: list[str], reading: WebReading) -> None:
    """Write the blocks of Markdown lines."""
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip() or _RULE.match(line) or _LINK_DEFINITION.match(line):
            at += 1
        elif fence := _FENCE.match(line):
            at = _fenced(lines, at, reading, fence=fence[1])
        elif line.strip().startswith(("$$", "\\[")):
            at = _display(lines, at, reading)
        elif heading := _ATX.match(line):
            reading.heading(_inline(heading[2] or ""), level=len(heading[1]))
            at += 1
        elif note := _NOTE.match(line):
            end = _run_end(lines, at + 1)
            reading.sheet.put("footnote", _inline(" ".join([note[2], *lines[at + 1 : end]])), later=True)
            at = end
        elif "|" in line and at + 1 < len(lines) and _TABLE_RULE.match(lines[at + 1]):
            at = _table(lines, at, reading)
        elif _ITEM.match(line):
            at = _item(lines, at, reading)
        else:
            at = _paragraph(lines, at, reading)


def _fenced(lines: list[str], at: int, reading: WebReading, *, fence: str) -> int:
    end = at + 1
    while end < len(lines) and not re.match(rf"^ {{0,3}}{re.escape(fence)}{fence[0]}*\s*$", lines[end]):
        end += 1
    reading.sheet.put("code", "\n".join(lines[at + 1 : end]))
    return end + 1


def _display(lines: list[str], at: int, reading: WebReading) -> int:
    closing = "$$" if lines[at].strip().startswith("$$") else "\\]"
    body = [lines[at].strip()[2:]]
    end = at + 1
    while closing not in body[-1] and end < len(lines) and lines[end].strip():
        body.append(lines[end])
        end += 1
    tex, _, rest = "\n".join(body).partition(closing)
    reading.sheet.put("equation", " ".join(tex.split()))
    reading.sheet.put("paragraph", _inline(rest))
    return end


def _table(lines: list[str], at: int, reading: WebReading) -> int:
    end = at
    rows = []
    while end < len(lines) and "|" in lines[end]:
        if end != at + 1:
            cells = re.split(r"(?<!\\)\|", lines[end].strip().strip("|"))
            rows.append(" | ".join(_inline(cell.replace("\\|", "|")) for cell in cells))
        end += 1
    reading.sheet.put("table", "\n".join(rows), later=True)
    return end


def _item(lines: list[str], at: int, reading: WebReading) -> int:
    match = _ITEM.match(lines[at])
    assert match is not None
    end = _run_end(lines, at + 1)
    text = _inline(" ".join([match["rest"], *(line.strip() for line in lines[at + 1 : end])]))
    mark = match["mark"] if match["mark"][0].isdigit() else "•"
    if reading.references:
        reading.sheet.put("reference", f"{mark} {text}" if mark != "•" else text, label=mark.rstrip(".)•") or None)
    else:
        reading.sheet.put("list", f"{mark} {text}")
    return end


def _paragraph(lines: list[str], at: int, reading: WebReading) -> int:
    end = _run_end(lines, at + 1)
    setext = _SETEXT.match(lines[end]) if end < len(lines) and end == at + 1 else None
    text = _inline(" ".join(re.sub(r"^(?:>\s*)+", "", line.strip()) for line in lines[at:end]))
    if setext:
        reading.heading(text, level=1 if setext[1][0] == "=" else 2)
        return end + 1
    reading.put_prose(text)
    return end


def _run_end(lines: list[str], at: int) -> int:
    """Where the lines end that go on from the one before ``at``."""
    while at < len(lines) and lines[at].strip():
        line = lines[at]
        if _FENCE.match(line) or _ATX.match(line) or _ITEM.match(line) or _SETEXT.match(line) or _NOTE.match(line):
            break
        if line.strip().startswith("$$") or _RULE.match(line):
            break
        at += 1
    return at


def _inline(text: str) -> str:
    """Markdown's marks off, code and formulas as they are."""
    parts, position = [], 0
    for match in _CODE_OR_MATH.finditer(text):
        parts += [_unmarked(text[position : match.start()]), match[2] if match[1] else match[3]]
        position = match.end()
    return " ".join("".join([*parts, _unmarked(text[position:])]).split())


def _without_tags(text: str) -> str:
    """The text without HTML: what stands in angle brackets and is neither closed nor has attributes is the paper's."""
    closed = {name.lower() for end, name, _ in _TAG.findall(text) if end}

    def kept(tag: re.Match[str]) -> str:
        end, name, rest = tag.groups()
        is_markup = end or "=" in rest or rest.endswith("/") or name.lower() in closed | _ENDLESS
        return "" if is_markup or tag[0] == text.strip() else tag[0]

    return _TAG.sub(kept, text)


def _unmarked(text: str) -> str:
    text = _without_tags(text)
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


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

    read_markdown(re.sub(r"<!--.*?(?:-->|\Z)", drop, text, flags=re.DOTALL).split("\n"), reading)
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
