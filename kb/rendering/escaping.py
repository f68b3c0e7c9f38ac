"""What a paper says, made harmless for the form it is written in. Each form has its own function."""

from __future__ import annotations

import html
import json
import re

# Maths as papers' metadata write it: $...$ on one line, no space inside the delimiters, no digit after (so that two
# prices are no formula). Pandoc's rule, https://pandoc.org/MANUAL.html#extension-tex_math_dollars
_MATHS = re.compile(r"\$(?=\S)(?:\\.|[^$\\\n])+?(?<=\S)\$(?!\d)")
# Characters with a meaning for Markdown, HTML or Nunjucks. As entities they mean nothing to any of the three,
# and the browser (and MathJax, which reads the browser's text) sees the character itself.
_SPECIAL = re.compile(r"[&<>\"`*_{}\[\]!|~\\]")
# At the start of a text these would make a heading, a list or a quotation.
_LEADING = re.compile(r"^[-+=#:]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")
_STRAY_DOLLAR = '<span class="tex2jax_ignore mathjax_ignore">&#36;</span>'
_SCHEME = re.compile(r"^https?://[^\s<>\"']+$", re.IGNORECASE)


def one_line(text: str) -> str:
    """Control characters and line breaks as single spaces."""
    return " ".join("".join(ch if ch.isprintable() else " " for ch in text).split())


def markdown(text: str) -> str:
    """Text for a Markdown page that also goes through Nunjucks (Hexo) and whose raw HTML is kept."""
    parts = []
    end = 0
    flat = one_line(text)
    for formula in _MATHS.finditer(flat):
        parts += [_prose(flat[end : formula.start()]), f"${_entities(formula[0][1:-1])}$"]
        end = formula.end()
    return _LEADING.sub(_entity, "".join([*parts, _prose(flat[end:])]))


def _prose(text: str) -> str:
    return _entities(text).replace("$", _STRAY_DOLLAR)


def _entities(text: str) -> str:
    return _SPECIAL.sub(_entity, text)


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"


def attribute(text: str) -> str:
    """Text for an HTML attribute or element outside Markdown, safe for Nunjucks as well."""
    return html.escape(one_line(text), quote=True).replace("{", "&#123;").replace("}", "&#125;")


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


def slug(text: str) -> str:
    """A file or folder name: letters and digits of any script, joined by hyphens, never empty or hidden."""
    words = re.findall(r"\w+", text.casefold())
    return "-".join(words)[:80] or "digest"
