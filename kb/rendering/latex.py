"""Plain text as LaTeX for the fields of a bibliography."""

from __future__ import annotations

import re

_SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
}  # fmt: skip
_SPECIAL = re.compile(r"[\\{}~^$&%#_]|(?<=-)-|(?<=`)`|(?<=')'")
# A formula is let through only when LaTeX and every reader of BibTeX will take it for one.
_FORMULA = re.compile(r"\$(?:[^$\\%#&~\"@\n]|\\(?:[A-Za-z]+|[,;!:|{}]))+\$")
# What reads or writes files, defines commands or changes how the rest is read is no part of a formula.
_ACTS = re.compile(
    r"\\(?:input|include\w*|openin|openout|read\w*|write\w*|newread|newwrite|immediate|special|catcode|csname|[egx]?def"
    r"|let|futurelet|newcommand|renewcommand|providecommand|scantokens|jobname|begin|end|verbatiminput|lstinputlisting"
    r"|usepackage|href|url|pdf\w+|directlua|loop|repeat|every\w+|expandafter|makeatletter)(?![A-Za-z])"
)
_PRICES = re.compile(r"\$\s*\d[\d.,]*[^\\^_=<>+*]*\s\$$")  # "$5 and $" of "costs $5 and $10"


def escape_latex(text: str) -> str:
    """Text of a record: signs escaped, ``--`` kept from becoming a dash, formulas in ``$…$`` left alone."""
    text = " ".join(text.split())
    parts, position = [], 0
    for match in _FORMULA.finditer(text):
        if _is_formula(match[0]):
            parts += [_SPECIAL.sub(_escaped, text[position : match.start()]), match[0]]
            position = match.end()
    return "".join([*parts, _SPECIAL.sub(_escaped, text[position:])])


def escape_name(text: str) -> str:
    """Text without formulas: every sign that means something to LaTeX is escaped."""
    return _SPECIAL.sub(_escaped, " ".join(text.split()))


def escape_address(text: str) -> str:
    """A URL or DOI: styles print it verbatim, so only what would break the entry is percent-encoded."""
    encoded = {"{": "%7B", "}": "%7D", "\\": "%5C", '"': "%22"}
    return "".join(encoded.get(sign, sign) for sign in text if not sign.isspace())


def _escaped(match: re.Match[str]) -> str:
    sign = match[0]
    return f"{{}}{sign}" if sign in "-`'" else _SIGNS[sign]


def _is_formula(text: str) -> bool:
    depth = 0
    for brace in re.findall(r"[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    if _ACTS.search(text):
        return False
    return depth == 0 and len(re.findall(r"\\\{", text)) == len(re.findall(r"\\\}", text)) and not _PRICES.match(text)
