"""Markdown that our pages consist of, read back: text as a reader sees it, links, and marks in their places."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from kb.formulas import DOLLARS

_TOKEN = re.compile(
    r'<sup><a href="#(?P<target>[^"]*)">\[(?P<mark>[^\]]*)\]</a></sup>'
    r'|<a id="(?P<anchor>[^"]*)"></a>'
    r"|<span class=\"tex2jax_ignore mathjax_ignore\">(?P<stray>&#(?:36|92);)</span>"
    r"|(?P<escaped>\\[!-/:-@\[-`{-~])"
    rf"|(?P<maths>{DOLLARS})"
    r"|\[(?P<words>(?:\\.|[^\]\\\n])*)\]\((?P<address>[^)\s]*)\)"
    r"|<(?P<plain>https?://[^<>\s]*)>"
    r"|\*\((?P<remark>[^*\n]*)\)\*"
    r"|\*\*|</?[A-Za-z][^<>]*>",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InlinePiece:
    """A run of text, or what stands between runs: ``kind`` is text, link, mark, anchor or remark."""

    kind: str
    text: str
    target: str = ""


def read_inline(source: str) -> list[InlinePiece]:
    """The pieces of a line of Markdown in order; adjacent text is one piece."""
    pieces: list[InlinePiece] = []
    end = 0
    for token in _TOKEN.finditer(source):
        _text(pieces, html.unescape(source[end : token.start()]))
        end = token.end()
        if token["mark"] is not None:
            pieces.append(InlinePiece(kind="mark", text=html.unescape(token["mark"]), target=token["target"]))
        elif token["anchor"] is not None:
            pieces.append(InlinePiece(kind="anchor", text="", target=token["anchor"]))
        elif token["stray"]:
            _text(pieces, html.unescape(token["stray"]))
        elif token["escaped"]:
            _text(pieces, token["escaped"][1:])
        elif token["maths"]:
            _text(pieces, html.unescape(token["maths"]))
        elif token["address"] is not None:
            words = "".join(piece.text for piece in read_inline(token["words"]))
            pieces.append(InlinePiece(kind="link", text=words, target=html.unescape(token["address"])))
        elif token["plain"]:
            address = html.unescape(token["plain"])
            pieces.append(InlinePiece(kind="link", text=address, target=address))
        elif token["remark"] is not None:
            pieces.append(InlinePiece(kind="remark", text=plain_text(token["remark"])))
    _text(pieces, html.unescape(source[end:]))
    return pieces


def plain_text(source: str) -> str:
    """A line of Markdown as a reader sees it, with marks left out."""
    seen = [piece.text for piece in read_inline(source) if piece.kind in ("text", "link")]
    return " ".join("".join(seen).split())


def _text(pieces: list[InlinePiece], text: str) -> None:
    if not text:
        return
    if pieces and pieces[-1].kind == "text":
        pieces[-1] = InlinePiece(kind="text", text=pieces[-1].text + text)
    else:
        pieces.append(InlinePiece(kind="text", text=text))
