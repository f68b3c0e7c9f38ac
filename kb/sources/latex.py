"""LaTeX of bibliographies as plain text: accents, escapes, quotes and dashes; mathematics stays TeX."""

from __future__ import annotations

import re

from kb.sources.accents import decode_accents

_NAMED = {
    "backslash": "\\", "asciitilde": "~", "asciicircum": "^", "braceleft": "{", "braceright": "}", "dollar": "$",
    "underscore": "_", "bar": "|", "less": "<", "greater": ">", "quotedbl": '"', "quotesingle": "'",
    "endash": "–", "emdash": "—", "ellipsis": "…", "trademark": "™", "registered": "®", "copyright": "©",
}  # fmt: skip
_LIGATURES = {"---": "—", "--": "–", "``": "“", "''": "”", "~": " "}
_LETTER = r"(?:[^\W\d_]|\\[ij](?![A-Za-z]))"
_TOKEN = re.compile(
    r"(?P<math>\$(?:\\.|[^$\\])+\$|\\\((?:.*?)\\\))"
    r"|\\text(?P<named>" + "|".join(_NAMED) + r")(?![A-Za-z])(?:\{\}|\s)?"
    r"|\\(?P<ldots>ldots|dots)(?![A-Za-z])(?:\{\})?"
    r"|\\(?:text(?:bf|it|sc|tt|rm|sf|up|sl|md|normal)|emph|mbox|hbox|url|path|uppercase|em|bf|it|sc|tt|rm|sf"
    r"|small|itshape|bfseries|scshape|relax|protect|newblock)(?![A-Za-z])\s*"
    r"|\\(?P<literal>[{}$&%#_])"
    r"|\\(?P<blank>[\s/,;:!-]|\\)"  # "\ " and "\\" part words; "\/", "\-" and thin spaces do not
    r"|(?P<accent>\\(?:[`'^~=.\"]\s*|[uvHcdbkrt](?:\s+|(?=\{)))(?:\{\s*" + _LETTER + r"\s*\}|" + _LETTER + r")"
    r"|\\(?:aa|AA|ae|AE|oe|OE|o|O|l|L|ss|dh|DH|th|TH|dj|DJ|ng|NG|i|j)(?:\{\}|(?![A-Za-z])\s*))"
    r"|(?P<ligature>---|--|``|''|~)"
    r"|(?P<brace>[{}])",
    re.DOTALL,
)


def decode_latex(text: str) -> str:
    r"""``{\"U}ber {GAN}s \& $k$-means`` -> ``Über GANs & $k$-means``; runs of white space become one blank.

    Braces that only group or protect go, commands that only change the font go, ``$…$`` stays as it is, and so
    does any other command.
    """
    return " ".join(_TOKEN.sub(_decoded, text).split())


def _decoded(match: re.Match[str]) -> str:
    if math := match["math"]:
        return math
    if named := match["named"]:
        return _NAMED[named]
    if accent := match["accent"]:
        return decode_accents(accent)
    if ligature := match["ligature"]:
        return _LIGATURES[ligature]
    if match["ldots"]:
        return "…"
    if blank := match["blank"]:
        return " " if blank.isspace() or blank in "\\" else ""
    return match["literal"] or ""


def split_at_top(text: str, separator: str) -> list[str]:
    """Split where ``separator`` (a regular expression) stands outside braces; parts come stripped."""
    parts, depth, start, position = [], 0, 0, 0
    mark = re.compile(rf"\\.|[{{}}]|(?P<split>{separator})", re.DOTALL)
    while found := mark.search(text, position):
        position = max(found.end(), found.start() + 1)
        if found[0] == "{":
            depth += 1
        elif found[0] == "}":
            depth -= 1
        elif found["split"] is not None and depth <= 0:
            parts.append(text[start : found.start()].strip())
            start = found.end()
    return [*parts, text[start:].strip()]
