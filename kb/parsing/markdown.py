"""Markdown to blocks, by markdown-it: CommonMark with GitHub's tables, footnotes, and formulas between dollars.

Only this module imports markdown-it. What stands in angle brackets is the paper's text unless it has the form of an
HTML tag that is closed, empty or has attributes; formulas and code stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from kb.errors import ParseError, foreign_errors

if TYPE_CHECKING:
    from markdown_it.ruler import RuleOptionsType
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

    from kb.parsing.plain import WebReading

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
