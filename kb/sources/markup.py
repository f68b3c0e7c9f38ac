"""Markup that sources leave in their texts (HTML, JATS, MathML, entities) taken off, and nothing else."""

from __future__ import annotations

import html
import re
from html.entities import html5

from kb.text import BREAK_HINTS, CONTROL, NO_TEXT

_ENTITY = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_MOST_ESCAPES = 8  # "&amp;amp;amp;…": as often as a text may be escaped
_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[A-Za-z][\w:.-]{0,40})"
    r"(?P<attributes>(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'))*)\s*(?P<empty>/?)>"
)
_CDATA = re.compile(r"<!\[CDATA\[([^\[\]]*)\]\]>")
_INLINE = frozenset(
    "i b u s em strong sub sup sc scp scriptsize tt span small big font a code ital italic bold inf sansserif monospace"
    " underline roman smallcaps overline inline-formula tex-math math mi mn mo mrow mtext mfrac msub msup msubsup mover"
    " munder munderover msqrt mroot mstyle mspace mtable mtr mtd mfenced mpadded semantics alternatives".split()
)
_BLOCKS = frozenset(
    "title p sec abstract list list-item def-list disp-quote disp-formula label break br div li ul ol caption".split()
)
_PREFIXES = ("jats:", "mml:", "m:")
_PREFIXED_ONLY = frozenset("title sec abstract label caption list".split())  # words that a text may have in brackets


def plain(text: str) -> str:
    """``H<sub>2</sub>O &amp;amp; p &lt; 0.05`` -> ``H2O & p < 0.05``; runs of white space become one blank.

    Entities are undone until nothing changes, known tags go and what they hold stays. A tag goes only with its
    partner (``<s>`` alone is somebody's average), and what is no known tag stays as it is: text in angle brackets is
    never lost. Control characters become blanks. Linear in the text.
    """
    for _ in range(_MOST_ESCAPES):
        if "&" not in text or (undone := _ENTITY.sub(_character, text)) == text:
            break
        text = undone
    if "<" in text:
        text = _without_tags(_CDATA.sub(r"\1", text))
    if not text.isprintable():
        text = re.sub(f"[{BREAK_HINTS}]", "", re.sub(f"[{CONTROL}{NO_TEXT}]", " ", text))
    return " ".join(text.split())


def _character(match: re.Match[str]) -> str:
    name = match[1]
    return html.unescape(match[0]) if name[0] == "#" or f"{name};" in html5 else match[0]


def _without_tags(text: str) -> str:
    """The text without the tags that are known and have their partner."""
    known = [tag for tag in _TAG.finditer(text) if _is_known(tag)]
    dropped: set[int] = set()
    opened: dict[str, list[int]] = {}
    for number, tag in enumerate(known):
        name = tag["name"].lower()
        if tag["empty"] or _bare(name) in ("br", "break"):
            dropped.add(number)
        elif not tag["close"]:
            opened.setdefault(name, []).append(number)
        elif opened.get(name):
            dropped.update((opened[name].pop(), number))
        elif name.startswith(_PREFIXES):
            dropped.add(number)  # an abstract that was cut: no text has these
    dropped.update(n for name, numbers in opened.items() if name.startswith(_PREFIXES) or name == "p" for n in numbers)
    parts, position = [], 0
    for number, tag in enumerate(known):
        if number in dropped:
            parts += [text[position : tag.start()], " " if _bare(tag["name"].lower()) in _BLOCKS else ""]
            position = tag.end()
    return "".join([*parts, text[position:]])


def _is_known(tag: re.Match[str]) -> bool:
    name = tag["name"].lower()
    if name.startswith(_PREFIXES):
        return True
    return name in _INLINE or (name in _BLOCKS and name not in _PREFIXED_ONLY)


def _bare(name: str) -> str:
    return name.partition(":")[2] or name
