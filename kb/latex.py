r"""LaTeX of bibliographies, feeds and running text as plain text. The only module that imports pylatexenc.

TeX's rules are followed here (tokens, groups, what an accent takes as its letter), what a command prints is looked
up in pylatexenc's tables; its own reader is not used, since it takes ``%`` for a comment, drops commands that it does
not know and gives up on deeply nested braces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any

from kb.errors import BadRecord, foreign_errors

_TOKEN = re.compile(
    r"\\(?P<word>[A-Za-z]+)(?P<gap>\s*)|\\(?P<sign>[\s\S])|(?P<maths>\$(?:\\[\s\S]|[^$\\])+\$)"
    r"|(?P<brace>[{}])|(?P<ligature>-{2,3}|``|''|~|\?`|!`)|(?P<text>[^\\${}\-`'~?!]+|[\s\S])"
)
_LIGATURES = {"---": "—", "--": "–", "``": "“", "''": "”", "~": " ", "?`": "¿", "!`": "¡"}
# What a control sign prints: blanks that part words do, thin ones and hints for breaking do not.
_SIGNS = {**dict.fromkeys("/,;:!-@", ""), **dict.fromkeys(" \t\n\r\\", " "), **{sign: sign for sign in "{}$&%#_"}}
# Commands that pylatexenc's tables lack: accents and letters of Vietnamese, Romanian, Croatian and linguistics.
_MARKS = {"h": "\u0309", "G": "\u030f", "U": "\u030d", "f": "\u0311", "t": "\u0361", "horn": "\u031b",
          "textcommabelow": "\u0326", "b": "\u0331"}  # fmt: skip
_LETTERS = {
    "ohorn": "ơ", "OHORN": "Ơ", "uhorn": "ư", "UHORN": "Ư", "i": "ı", "j": "ȷ",
    "textbackslash": "\\", "textasciitilde": "~", "texttildelow": "~", "textasciicircum": "^", "textbraceleft": "{",
    "textbraceright": "}", "textdollar": "$", "textunderscore": "_", "textbar": "|", "bar": "|", "textless": "<",
    "textgreater": ">", "textquotedbl": '"', "textquotesingle": "'", "textendash": "–", "textemdash": "—",
    "textellipsis": "…", "texttrademark": "™", "textregistered": "®", "textcopyright": "©", "textnumero": "№",
    "lbrace": "{", "rbrace": "}", "textpercent": "%", "slash": "/", "copyright": "©", "pounds": "£", "euro": "€",
    "quad": " ", "qquad": " ", "newline": " ", "par": " ", "space": " ", "nobreakspace": " ", "thinspace": "",
    "TeX": "TeX", "LaTeX": "LaTeX", "BibTeX": "BibTeX",
}  # fmt: skip
_SILENT = frozenset(
    "relax protect newblock em bf it sc tt rm sf sl small large tiny itshape bfseries scshape upshape mdseries rmfamily"
    " sffamily ttfamily normalfont mbox hbox uppercase lowercase MakeUppercase MakeLowercase ignorespaces unskip"
    " textup textmd textnormal textsuperscript textsubscript boldmath cyr selectfont bgroup egroup leavevmode".split()
)
_VERBATIM = re.compile(r"\s*\{([^{}]*)\}")
_DOTLESS = {"ı": "i", "ȷ": "j"}  # an accent takes the place of the dot
_SPECIAL = re.compile(r"[\\{}$~]|--|``|''|\?`|!`")
_MOST_ACCENTS = 8  # on one letter
_MOST_ACCENTED_GROUPS = 40  # nested in each other; deeper ones lose their accents, never their letters


def decode_latex(text: str) -> str:
    r"""``{\"U}ber {GAN}s \& $k$-means`` -> ``Über GANs & $k$-means``: NFC, runs of white space become one blank.

    Accents are put on from the inside out, braces that only group or protect go, commands that only change the font
    go, ``$…$`` stays as it is, and so does any command that is not known, with its braces. Linear in the text.
    """
    if _SPECIAL.search(text):
        text = "".join(_Reader(text).read())
    return unicodedata.normalize("NFC", " ".join(text.split()))


def split_at_top(text: str, separator: str) -> list[str]:
    """Split where ``separator`` (a regular expression) stands outside braces; parts come stripped."""
    parts, depth, start, position = [], 0, 0, 0
    mark = re.compile(rf"\\.|[{{}}]|(?P<split>{separator})", re.DOTALL)
    while found := mark.search(text, position):
        position = max(found.end(), found.start() + 1)
        if found[0] == "{":
            depth += 1
        elif found[0] == "}":
            depth = max(depth - 1, 0)
        elif found["split"] is not None and depth == 0:
            parts.append(text[start : found.start()].strip())
            start = found.end()
    return [*parts, text[start:].strip()]


_BRACE = re.compile(r"\\[\s\S]|[{}]")


def group_end(text: str, start: int, *, signs: re.Pattern[str] = _BRACE, most: int | None = None) -> int:
    """Behind the brace that closes the one at ``start``; -1 where none does, within ``most`` characters if given.

    ``signs`` finds the braces that count, and what hides one.
    """
    depth = 0
    for sign in signs.finditer(text, start, len(text) if most is None else start + most):
        depth += {"{": 1, "}": -1}.get(sign[0], 0)
        if depth == 0:
            return sign.end()
    return -1


class _Reader:
    """One pass over the tokens. A group that an accent takes as its letter is gathered first, then marked."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._out: list[str] = []  # of the innermost group that an accent waits for, else of the whole
        self._waiting: list[str] = []  # accents that still have no letter, outermost first
        self._outer: list[tuple[list[str], list[str]]] = []  # (out, waiting) of the groups around
        self._braces: list[str] = []  # what each open brace is: "accented", "kept" or ""
        self._formula_ends = text.rfind("\\)")

    def read(self) -> list[str]:
        """The text decoded, in pieces."""
        position = 0
        after_unknown = False
        while position < len(self._text):
            token = _TOKEN.match(self._text, position)
            assert token is not None  # the last alternative takes any character
            position = token.end()
            unknown, after_unknown = after_unknown, False
            if token["word"]:
                position, after_unknown = self._command(token)
            elif token["sign"]:
                position = self._control_sign(token["sign"], position)
            elif token["brace"] == "{":
                self._open(kept=unknown)
            elif token["brace"]:
                after_unknown = self._close()
            else:
                self._put(_LIGATURES.get(token[0], token[0]) if token["ligature"] else token[0])
        while self._braces:
            self._close()
        self._put("", ends=True)
        return self._out

    def _command(self, token: re.Match[str]) -> tuple[int, bool]:
        """Where to read on, and whether the command is unknown, so that its braces stay."""
        word = token["word"]
        if word in ("url", "path", "nolinkurl") and (verbatim := _VERBATIM.match(self._text, token.start("gap"))):
            self._put(verbatim[1])
            return verbatim.end(), False
        kind, printed = _meaning(word)
        if kind == "accent":
            self._accent(printed)
        elif kind == "text":
            self._put(printed)
        elif kind == "unknown":
            self._put(f"\\{word}")
            return token.start("gap"), True
        return token.end(), False

    def _control_sign(self, sign: str, position: int) -> int:
        if sign in _SIGNS:
            self._put(_SIGNS[sign])
        elif sign == "(" and position <= self._formula_ends:
            end = self._text.index("\\)", position) + 2
            self._put(self._text[position - 2 : end])
            return end
        elif (meaning := _meaning(sign))[0] == "accent":
            self._accent(meaning[1])
        else:
            self._put(f"\\{sign}")
        return position

    def _accent(self, mark: str) -> None:
        if len(self._waiting) == _MOST_ACCENTS:
            self._put("", ends=True)
        self._waiting.append(mark)

    def _open(self, *, kept: bool) -> None:
        if kept:
            self._put("{")
            self._braces.append("kept")
        elif self._waiting and len(self._outer) < _MOST_ACCENTED_GROUPS:
            self._outer.append((self._out, self._waiting))
            self._out, self._waiting = [], []
            self._braces.append("accented")
        else:
            self._waiting.clear()
            self._braces.append("")

    def _close(self) -> bool:
        """End a group; whether another argument of an unknown command may follow."""
        kind = self._braces.pop() if self._braces else ""
        self._put("", ends=True)
        if kind == "accented":
            group = "".join(self._out)
            self._out, self._waiting = self._outer.pop()
            self._put(group, ends=True)
        elif kind == "kept":
            self._out.append("}")
        return kind == "kept"

    def _put(self, text: str, *, ends: bool = False) -> None:
        """Text into the innermost group, the accents that wait on its first letter; ``ends``: there is no other."""
        if self._waiting and (text.strip() or ends):
            text = text.lstrip()
            for mark in reversed(self._waiting):
                text = _accented(text, mark)
            self._waiting.clear()
        elif self._waiting:
            return  # TeX skips blanks between an accent and its letter
        self._out.append(text)


def _accented(text: str, mark: str) -> str:
    if not text or not text[0].isalnum():
        return _STANDING.get(mark, "") + text
    end = 1
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    base = _DOTLESS.get(text[0], text[0])
    return unicodedata.normalize("NFC", base + text[1:end] + mark) + text[end:]


_STANDING = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"'}  # an accent over nothing


@cache
def _tables() -> Any:
    with foreign_errors(_no_tables):
        from pylatexenc.latex2text import (  # type: ignore[import-untyped]
            LatexNodes2Text,
            get_default_latex_context_db,
        )

        tables = get_default_latex_context_db()
        return tables, LatexNodes2Text(latex_context=tables)


def _no_tables(said: str) -> BadRecord:
    return BadRecord(f"its LaTeX cannot be read ({said}): write its letters as Unicode")


@cache
def _known(name: str) -> tuple[str, str]:
    tables, writer = _tables()
    with foreign_errors(_no_tables):
        spec = tables.get_macro_spec(name)
        printed = getattr(spec, "simplify_repl", None)
        with_o = writer.latex_to_text(f"\\{name}{{o}}") if callable(printed) and len(name) == 1 else ""
    if spec is None or not spec.macroname:
        return "unknown", ""
    if with_o:
        marked = unicodedata.normalize("NFD", with_o)
        return ("accent", marked[1:]) if len(marked) == 2 and marked[0] == "o" else ("unknown", "")
    if isinstance(printed, str) and printed and not re.search(r"[<%\n]", printed):
        return "text", printed
    return "unknown", ""


def _meaning(name: str) -> tuple[str, str]:
    """``("accent", its combining mark)``, ``("text", what it prints)``, ``("silent", "")`` or ``("unknown", "")``."""
    if name in _MARKS:
        return "accent", _MARKS[name]
    if name in _LETTERS:
        return "text", _LETTERS[name]
    if name in _SILENT or re.fullmatch(r"text(?:bf|it|sc|tt|rm|sf|sl)|emph|ensuremath", name):
        return "silent", ""
    return _known(name) if len(name) <= 30 else ("unknown", "")


# --------------------------------------------------------------------------------------------------- running text

_ARGUMENT = r"\s*\{((?:[^{}]|\{[^{}]{0,300}\}){0,600})\}"
_HREF = re.compile(r"\\(?:href|hyperlink)\s*\{([^{}]{0,600})\}" + _ARGUMENT)
_URL = re.compile(r"\\(?:url|path|nolinkurl|textcolor\s*\{[^{}]{0,40}\})" + _ARGUMENT)
_FOOTNOTE = re.compile(r"\\footnote" + _ARGUMENT)
_PARENTHESES = re.compile(r"\\\(\s*((?:[^$\\]|\\[^()$]){1,400}?)\s*\\\)")
_IN_ADDRESS = re.compile(r"https?://[^\s{}$]{1,600}")
_STYLES = (
    "text(?:bf|it|sc|tt|rm|sf|sl|up|md|normal|superscript|subscript)|emph|underline|uline|mbox|hbox|text|ensuremath"
    "|math(?:rm|bf|it|sf|tt|cal)"
)
_DECLARED = "bf|it|em|tt|sc|rm|sf|sl|bfseries|itshape|ttfamily|scshape|small|footnotesize|large"
_TEMPLATES = {"ie": "i.e.", "eg": "e.g.", "etal": "et al."}  # commands of the conferences' templates
_LETTER = r"(?:\{\s*(?:\\[ij]|[A-Za-z])\s*\}|\\[ij](?![A-Za-z])|[A-Za-z])"
_IN_PROSE = re.compile(
    rf"(?P<styled>\\(?:{_STYLES})(?:\s*\{{|(?![A-Za-z])))"
    rf"|(?P<declared>\{{\s*\\(?:{_DECLARED})(?![A-Za-z])\s*)"
    r"|(?P<cite>[~ ]?\\cite[a-z]{0,12}\*?(?:\[[^\]]{0,80}\]){0,2}\s?\{[^{}]{0,300}\})"
    rf"|(?P<accent>\\(?:[`'^~=.\"]\s*{_LETTER}|[uvHckrbd]\s*\{{\s*(?:\\[ij]|[A-Za-z])\s*\}}))"
    r"|(?P<word>\{\s*\\[A-Za-z]+\s*\}|\\[A-Za-z]+(?:\{\})?)"
    r"|(?P<sign>\\[%&#_$ {},;/!:-])"
    r"|(?P<brace>[{}])|(?P<quotes>``|'')|(?P<dash>(?<=[^-\s])-{2,3}(?=[^-\s>])|(?<=\s)-{2,3}(?=\s))"
    r"|(?P<tie>(?<=[^\s~])~(?=[^\s~]))"
)


def unwrapped(text: str) -> str:
    r"""Running text in which addresses, notes and formulas stand as plain text has them: ``\href{U}{words}`` is
    "words (U)", ``\url{U}`` is U, ``\(x\)`` is ``$x$``."""
    if "\\" not in text:
        return text
    text = _IN_ADDRESS.sub(lambda found: re.sub(r"\\(?=[_#%&~])", "", found[0]), text)
    text = _URL.sub(r"\1", text)
    text = _HREF.sub(lambda found: found[2] if found[1] in found[2] else f"{found[2]} ({found[1]})", text)
    text = _FOOTNOTE.sub(r" (\1)", text)
    return _PARENTHESES.sub(r"$\1$", text)


class ProseReader:
    r"""Running text of a record as people read it, piece by piece between its formulas: ``\textbf{a} 5\%`` is "a 5%".

    What sets words in another face goes with its braces, also where they close in a later piece; accents, quotation
    marks, dashes, ties and signs are written as such. Braces of the text's own and unknown commands stay.
    """

    def __init__(self, signs: Callable[[str], str | None]) -> None:
        """``signs`` gives the sign of a command of maths that stands in prose, or None."""
        self._signs = signs
        self._braces: list[bool] = []  # of each that is open, whether it goes

    def read(self, piece: str) -> str:
        """The next piece of the text, decoded."""
        return unicodedata.normalize("NFC", _IN_PROSE.sub(self._one, piece))

    def _one(self, found: re.Match[str]) -> str:
        source = found[0]
        if found["styled"] or found["declared"]:
            if "{" in source:
                self._braces.append(True)
            return ""
        if found["brace"]:
            if source == "{":
                self._braces.append(False)
                return source
            return "" if self._braces and self._braces.pop() else source
        if found["word"]:
            name = source.strip("{} \\")
            sign = self._sign(name)
            return source if sign is None else sign
        if found["accent"]:
            return decode_latex(source)
        if found["sign"]:
            return _SIGNS[source[1]]
        return "" if found["cite"] else _LIGATURES[source]

    def _sign(self, name: str) -> str | None:
        if (sign := _TEMPLATES.get(name) or self._signs(name)) is not None:
            return sign
        kind, printed = _meaning(name)
        return printed if kind == "text" else None
