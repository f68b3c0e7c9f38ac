"""LaTeX in names, as arXiv's feed writes them: ``Andr\\'e`` is André."""

from __future__ import annotations

import re
import unicodedata

_COMBINING = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    "u": "\u0306",
    ".": "\u0307",
    '"': "\u0308",
    "r": "\u030a",
    "H": "\u030b",
    "v": "\u030c",
    "d": "\u0323",
    "c": "\u0327",
    "k": "\u0328",
    "b": "\u0331",
    "t": "\u0361",
}
_LETTERS = {
    "aa": "å", "AA": "Å", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł",
    "ss": "ß", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ", "ng": "ŋ", "NG": "Ŋ",
    "i": "ı", "j": "ȷ",
}  # fmt: skip
_DOTTED = {"ı": "i", "ȷ": "j"}  # an accent takes the place of the dot

_LETTER = re.compile(r"\{?\\(" + "|".join(sorted(_LETTERS, key=len, reverse=True)) + r")(?:\{\}|(?![A-Za-z])\s*)\}?")
# An accent made of letters (\v, \c …) needs a brace or a blank before its base; one made of a sign does not.
_BASE = r"\{\s*(?P<braced>[^\W\d_])\s*\}"
_ACCENT = re.compile(
    r"\{?\\(?:(?P<sign>[`'^~=.\"])\s*(?:" + _BASE + r"|(?P<bare>[^\W\d_]))"
    r"|(?P<word>[uvHcdbkrt])(?:\s*" + _BASE.replace("braced", "braced2") + r"|\s+(?P<bare2>[^\W\d_])))\}?"
)


_GROUP = re.compile(r"(?<![A-Za-z\\])\{([^{}\\]*)\}")  # braces that are no argument


def decode_accents(text: str) -> str:
    """LaTeX accents and letters as Unicode (NFC): ``\\'e``, ``{\\"o}``, ``\\v{s}``, ``\\c c``, ``{\\o}``, ``\\ss``.

    Anything else of LaTeX is left as it is; braces that only group are removed.
    """
    if "\\" not in text and "{" not in text:
        return text
    accented = _ACCENT.sub(_accented, _LETTER.sub(lambda match: _LETTERS[match[1]], text))
    while (bare := _GROUP.sub(r"\1", accented)) != accented:
        accented = bare
    return unicodedata.normalize("NFC", accented)


def _accented(match: re.Match[str]) -> str:
    mark = _COMBINING[match["sign"] or match["word"]]
    base = match["braced"] or match["bare"] or match["braced2"] or match["bare2"]
    return unicodedata.normalize("NFC", _DOTTED.get(base, base) + mark)
