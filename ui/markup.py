"""What papers and models say, made harmless for Streamlit's Markdown, with its maths kept.

Streamlit's dialect knows HTML, Markdown, ``:colour[…]`` and ``:icon:`` directives, maths between dollars, bare
addresses and arrows. Everything that could mean something is escaped; only formulas keep their meaning, and bare
http(s) addresses.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from kb.formulas import split_formulas
from kb.text import one_line, printable

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
# Read after Markdown's escapes were taken away: a word joiner between the characters keeps them apart.
_EMOJI = re.compile(r":(?=[\w+-]+:)")
_ARROWS = re.compile(r"(?<!\S)(<->|<-|->|--|<=|>=|~=)(?!\S)")
_MAIL = re.compile(r"(?<=\w)@(?=\w)")
_WEB = re.compile(r"^https?://[^\s<>\"'`\\]+$", re.IGNORECASE)
_ENDING = re.compile(r"[()\[\]{}|$]")
_LIST_ITEM = re.compile(r"\s*(?:[-*]|\d{1,3}\.)\s+")
_TABLE_RULE = re.compile(r"\s*\|[\s:|-]+\|\s*")
_BOLD = re.compile(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*")
_STOPS = ".!?:。！？："
_MARKS = r"\\\[[\d.,\\ ]+\\\]"  # "[1.2, 3.4]", escaped
_STARS = r"(?:\*\*)?"  # bold may begin or end at any word
_JOINER = "\u2060"


def plain(text: str) -> str:
    """Text that shows as it is: no markup, no maths, no links."""
    return _PUNCTUATION.sub(lambda match: "\\" + match[0], _apart(one_line(text)))


def with_maths(text: str) -> str:
    """Text that shows as it is, except for ``$formulas$``, which are typeset."""
    pieces = split_formulas(one_line(text))
    shown = "".join(f"{piece}{_JOINER}" if is_formula else plain_part(piece) for piece, is_formula in pieces)
    # Two formulas in a row would be one with two dollars in it: the joiner stays there alone.
    return re.sub(rf"{_JOINER}(?!\$)", "", shown)


def prose(text: str, *, doubtful: Iterable[str] = ()) -> str:
    """An answer's Markdown with its paragraphs, lists, tables, bold words and formulas; all else shows as it is.

    Sentences of it that are ``doubtful`` stand on a coloured ground, with the marks behind them.
    """
    shown = "\n".join(_prose_line(line) for line in text.split("\n"))
    for sentence in doubtful:
        words = map(re.escape, with_maths(sentence.rstrip(_STOPS)).split(" "))
        said = rf"(?<!\w){_STARS}{f'{_STARS} {_STARS}'.join(words)}{_STARS}(?!\w)(?: {_MARKS})?"
        shown = re.sub(said, lambda match: f":orange-background[{match[0]}]", shown, count=1)
    return shown


def _prose_line(line: str) -> str:
    if _TABLE_RULE.fullmatch(line):
        return line
    if line.strip().startswith("|") and line.strip().endswith("|"):
        cells = line.strip().strip("|").split("|")
        return f"| {' | '.join(_emphasised(cell.strip()) for cell in cells)} |"
    item = _LIST_ITEM.match(line)
    start = item.end() if item else 0
    return line[:start] + _emphasised(line[start:])


def _emphasised(text: str) -> str:
    parts = _BOLD.split(text)  # bold parts are the odd ones
    return "".join(f"**{with_maths(part)}**" if nth % 2 else _spaced(part) for nth, part in enumerate(parts) if part)


def _spaced(text: str) -> str:
    """With formulas; spaces at its ends are kept."""
    bare = text.strip()
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{with_maths(bare)}{after}" if bare else text


def plain_part(text: str) -> str:
    """``plain`` for a piece of a line: spaces at its ends are kept."""
    return _PUNCTUATION.sub(lambda match: "\\" + match[0], _apart(text))


def marked(text: str, spans: Sequence[tuple[int, int]], *, strong: tuple[int, int] | None = None) -> str:
    """Text as it is, with the spans ``[start, end)`` (in order and apart) on a coloured ground; no maths.

    ``strong`` is a part of one of the spans that is bold besides.
    """
    parts: list[str] = []
    end = 0
    flat = printable(text)
    for start, stop in spans:
        inner = plain_part(flat[start:stop])
        if strong is not None and start <= strong[0] < strong[1] <= stop:
            first, last = strong
            inner = f"{plain_part(flat[start:first])}**{plain_part(flat[first:last])}**{plain_part(flat[last:stop])}"
        parts += [plain_part(flat[end:start]), f":orange-background[{inner}]"]
        end = stop
    return "".join([*parts, plain_part(flat[end:])])


def link(label: str, url: str | None) -> str:
    """A link on the web, or the label alone where the address is none of the web's."""
    address = web_address(url)
    return f"[{plain(label)}]({address})" if address else plain(label)


def web_address(url: str | None) -> str | None:
    """The address if it is http or https, with what would end it in Markdown encoded; else None."""
    if url is None or not _WEB.match(url.strip()):
        return None
    return _ENDING.sub(lambda match: f"%{ord(match[0]):02X}", url.strip()).replace("&", "&amp;")


def bullets(lines: Iterable[str]) -> str:
    """A Markdown list of lines that are Markdown already."""
    return "\n".join(f"- {line}" for line in lines)


def attribute(text: str) -> str:
    """Text for an attribute or element of the app's own HTML."""
    return html.escape(one_line(text), quote=True)


def shortened(text: str, length: int) -> str:
    """At most ``length`` characters, cut at a word."""
    flat = one_line(text)
    return flat if len(flat) <= length else flat[:length].rsplit(" ", 1)[0] + " …"


def _apart(text: str) -> str:
    text = _EMOJI.sub(f":{_JOINER}", text)
    text = _ARROWS.sub(lambda match: match[0][0] + _JOINER + match[0][1:], text)
    return _MAIL.sub(f"@{_JOINER}", text)
