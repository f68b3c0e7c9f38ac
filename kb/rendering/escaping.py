"""What a paper says, made harmless for the form it is written in. Each form has its own function."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable

# Maths as papers' metadata write it: $...$ on one line, no space inside the delimiters, no digit after (so that two
# prices are no formula). Pandoc's rule, https://pandoc.org/MANUAL.html#extension-tex_math_dollars
MATHS = re.compile(r"(?<!\\)\$(?=[^\s$])(?:\\.|[^$\\\n])*?(?<=[^\s\\])\$(?!\d)")
# An address within running text (RFC 3986: ASCII only), without the punctuation after it; parentheses, braces and
# the like are left to the text.
ADDRESS = re.compile(r"https?://[\w!#%&+,./:;=?@~-]*[\w#%&+/=@~-]", re.IGNORECASE | re.ASCII)
# Characters with a meaning for Markdown, HTML or Nunjucks. As entities they mean nothing to any of the three,
# and the browser (and MathJax, which reads the browser's text) sees the character itself.
# Two hyphens, three full stops and two commas too: Hexo's "smart" typography would make others of them.
_SPECIAL = re.compile(
    r"[&<>\"`*_{}\[\]!|~\\^]|(?<=:)/(?=/)|(?<=\w)@(?=\w)|(?<=[wW]{3})\.|(?<=-)-|-(?=-)|(?<=\.)\.|,(?=,)"
)
_COMMONMARK = re.compile(r"[\\`*_{}\[\]|~^]|(?<=:)/(?=/)|(?<=\w)@(?=\w)|(?<=[wW]{3})\.")
# At the start of a text these would make a heading, a list or a quotation; in the middle of a line ":x:" an emoji.
_LEADING = re.compile(r"^[-+=#:]|^(?<=\d)[.)]|(?<=^\d)[.)]|(?<=^\d\d)[.)]|(?<=^\d{3})[.)]|(?<=^\d{4})[.)]")
_STRAY_DOLLAR = '<span class="tex2jax_ignore mathjax_ignore">&#36;</span>'
_SCHEME = re.compile(r"^https?://[^\s<>\"'\x00-\x1f]+$", re.IGNORECASE)


def one_line(text: str) -> str:
    """Control characters and line breaks as single spaces; surrogates without a partner are replaced."""
    flat = " ".join("".join(ch if ch.isprintable() or ch in "\u200d\u200c" else " " for ch in text).split())
    return flat.encode("utf-8", "replace").decode("utf-8")


def markdown(text: str) -> str:
    """Text for a Markdown page that also goes through Nunjucks (Hexo) and whose raw HTML is kept."""
    return _LEADING.sub(_entity, pieces(one_line(text), prose=_prose, formula=_formula, address=_address))


def commonmark(text: str) -> str:
    """Text for a plain Markdown page: readable as it stands, with backslashes before what means something."""
    escaped = pieces(one_line(text), prose=_plain_prose, formula=_plain_formula, address=_address)
    return _LEADING.sub(lambda match: f"\\{match[0]}", escaped)


def pieces(
    text: str,
    *,
    prose: Callable[[str], str],
    formula: Callable[[str], str],
    address: Callable[[str], str],
) -> str:
    """The text with each formula ``$…$``, each web address and all between them written by its own function."""
    parts = []
    end = 0
    for found in re.finditer(f"(?P<formula>{MATHS.pattern})|(?P<address>(?ai:{ADDRESS.pattern}))", text):
        parts.append(prose(text[end : found.start()]))
        parts.append(formula(found["formula"]) if found["formula"] else address(found["address"]))
        end = found.end()
    return "".join([*parts, prose(text[end:])])


def _prose(text: str) -> str:
    return _SPECIAL.sub(_entity, text).replace("$", _STRAY_DOLLAR)


def _formula(text: str) -> str:
    return f"${_SPECIAL.sub(_entity, text[1:-1])}$"


def _address(text: str) -> str:
    # What an address has within is not read as Markdown; "&" begins an entity even there.
    return f"<{text.replace('&', '&amp;')}>"


def _plain_prose(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _COMMONMARK.sub(lambda match: f"\\{match[0]}", escaped).replace("$", "\\$")


def _plain_formula(text: str) -> str:
    # GitHub reads formulas before Markdown, others after: an asterisk or underscore must mean nothing to either.
    return "$" + text[1:-1].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("*", "&#42;") + "$"


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"


def attribute(text: str) -> str:
    """Text for an HTML attribute or element outside Markdown, safe for Nunjucks and MathJax as well."""
    escaped = html.escape(one_line(text), quote=True)
    return re.sub(r"[{}\\`]", _entity, escaped).replace("$", _STRAY_IN_ATTRIBUTE)


# Attributes are no text to MathJax, and an element's text shows the same sign.
_STRAY_IN_ATTRIBUTE = "&#36;"


def yaml(text: str) -> str:
    """A YAML scalar that is this text whatever is in it (a JSON string is a YAML scalar)."""
    return json.dumps(one_line(text), ensure_ascii=False)


def link(url: str) -> str | None:
    """The address if it is one of the web, with what could end it or mean something escaped; else None."""
    cleaned = url.strip()
    if not _SCHEME.match(cleaned):
        return None
    safe = {"{": "%7B", "}": "%7D", "(": "%28", ")": "%29", "[": "%5B", "]": "%5D", "\\": "%5C", "|": "%7C", "`": "%60"}
    return "".join(safe.get(ch, ch) for ch in cleaned).replace("&", "&amp;")
