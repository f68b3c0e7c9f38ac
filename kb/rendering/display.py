"""The one display conversion: what records say (LaTeX, formulas, addresses), written for each form that shows it.

Every text is cut alike into formulas, addresses and prose, in which LaTeX's commands of text are carried out; a form
has one function for each of the three. Nothing of a
record means anything to Markdown, HTML, Nunjucks, YAML, LaTeX or a spreadsheet, except the formulas that
``kb.formulas`` lets through.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from itertools import accumulate

from kb.formulas import split_formulas
from kb.latex import ProseReader, unwrapped
from kb.links import IN_PROSE, web_address
from kb.text import CONTROL, NO_TEXT, one_line

# Control characters but tabs and line ends, the line ends of Unicode, and what is no character.
_CONTROL = re.compile(rf"[{CONTROL}\x0b\x0c{NO_TEXT}]|\r(?!\n)")
_FORMULA_STARTERS = ("=", "+", "-", "@", "\t", "\r")  # in spreadsheets


def _pieces(
    text: str,
    *,
    prose: Callable[[str], str],
    formula: Callable[[str], str],
    address: Callable[[str], str],
) -> str:
    """The text with each formula ``$…$``, each web address and all between them written by its own function."""
    parts = []
    reader = ProseReader(_sign_of)
    for piece, is_formula in split_formulas(unwrapped(text)):
        if is_formula:
            parts.append(formula(piece))
            continue
        end = 0
        for found in IN_PROSE.finditer(piece):
            parts += [prose(reader.read(piece[end : found.start()])), address(found[0])]
            end = found.end()
        parts.append(prose(reader.read(piece[end:])))
    return "".join(parts)


def readable(text: str) -> str:
    """The text on one line without LaTeX's commands of text; formulas and addresses as they stand."""
    return _pieces(one_line(text), prose=str, formula=str, address=str)


def plain(text: str) -> str:
    """The text for a terminal, a header or a file's name: formulas, too, in plain signs as far as these go."""
    return _pieces(one_line(text), prose=str, formula=_plain_signs, address=str)


def without_control(text: str) -> str:
    """Lines of text for a form that keeps what came as it stood: each control character is a blank."""
    return _CONTROL.sub(" ", text)


def link(url: str) -> str | None:
    """The address if it is one of the web, with what could end it or mean something escaped; else None."""
    if (cleaned := web_address(url)) is None:
        return None
    safe = {"{": "%7B", "}": "%7D", "(": "%28", ")": "%29", "[": "%5B", "]": "%5D", "\\": "%5C", "|": "%7C", "`": "%60"}
    return "".join(safe.get(ch, ch) for ch in cleaned).replace("&", "&amp;")


def yaml(text: str) -> str:
    """A YAML scalar that shows this text whatever is in it (a JSON string is a YAML scalar).

    A word joiner, which is not seen, keeps a MathJax of the theme from reading commands outside formulas.
    """
    pieces = split_formulas(one_line(text))
    told = "".join(p if is_formula else re.sub(r"\\(?=[A-Za-z(\[])", "\\\\\u2060", p) for p, is_formula in pieces)
    return json.dumps(told, ensure_ascii=False)


def spreadsheet_cell(text: str) -> str:
    """A cell of CSV; what a spreadsheet would take for a formula begins with an apostrophe."""
    flat = one_line(text)
    return f"'{flat}" if text.startswith(_FORMULA_STARTERS) or flat.startswith(_FORMULA_STARTERS) else flat


# ------------------------------------------------------------------------------------------------------------- Markdown

# Characters with a meaning for Markdown, HTML or Nunjucks. As entities they mean nothing to any of the three,
# and the browser (and MathJax, which reads the browser's text) sees the character itself.
# Two hyphens, three full stops and two commas too: Hexo's "smart" typography would make others of them.
_SPECIAL = re.compile(
    r"[&<>\"`*_{}\[\]!|~\\^]|(?<=:)/(?=/)|(?<=\w)@(?=\w)|(?<=[wW]{3})\.|(?<=-)-|-(?=-)|(?<=\.)\.|,(?=,)"
)
_COMMONMARK = re.compile(r"[\\`*_{}\[\]|~^]|(?<=:)/(?=/)|(?<=\w)@(?=\w)|(?<=[wW]{3})\.")
# At the start of a text these would make a heading, a list or a quotation; in the middle of a line ":x:" an emoji.
_LEADING = re.compile(r"^[-+=#:]|(?<=^\d)[.)]|(?<=^\d\d)[.)]|(?<=^\d{3})[.)]|(?<=^\d{4})[.)]")
# In text, a dollar or backslash that is no formula's, so that no MathJax or KaTeX of a site begins or goes on at it.
_UNREAD = '<span class="tex2jax_ignore mathjax_ignore">{}</span>'
_BEFORE_SIGN = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_VAULT_SPECIAL = re.compile(r"(?<!&)#|=(?==)|%(?=%)|(?<=%)%|:(?=:)")  # a tag, a highlight, a comment, a field
_NAME_LENGTH, _NAME_BYTES = 120, 200  # file systems take 255 bytes, a day and an ending among them
_BEGINS_TEX = re.compile(r"\\\\(?=[A-Za-z(]|\\\[)")  # escaped


def markdown(text: str) -> str:
    """Text for a Markdown page that also goes through Nunjucks (Hexo) and whose raw HTML is kept."""
    return _LEADING.sub(_entity, _pieces(one_line(text), prose=_prose, formula=_formula, address=_address))


def commonmark(text: str) -> str:
    """Text for a plain Markdown page: readable as it stands, with backslashes before what means something."""
    escaped = _pieces(one_line(text), prose=_plain_prose, formula=_plain_formula, address=_address)
    return _LEADING.sub(lambda match: f"\\{match[0]}", escaped)


def markdown_link_text(text: str) -> str:
    """Text for the words of a link in a Markdown page that goes through Nunjucks: addresses in it are words."""
    return _LEADING.sub(_entity, _pieces(one_line(text), prose=_prose, formula=_formula, address=_prose))


def commonmark_link_text(text: str) -> str:
    """The same for a plain Markdown page."""
    return _pieces(one_line(text), prose=_plain_prose, formula=_plain_formula, address=_plain_prose)


def obsidian(text: str) -> str:
    """Text for a note in Obsidian, which reads formulas before Markdown, and hashes and per cents as its own signs."""
    return _LEADING.sub(_entity, _pieces(one_line(text), prose=_vault_prose, formula=str, address=_address))


def obsidian_name(text: str) -> str:
    """The name of a note in Obsidian: what neither a link nor a file system takes is a blank; never empty."""
    words = re.sub(r"[\[\]#^|\\/:*\"<>?%{}$`]", " ", plain(text))
    short = " ".join(words.split())[:_NAME_LENGTH].encode()[:_NAME_BYTES].decode(errors="ignore")
    return short.strip(" .") or "paper"


def table_cell(text: str) -> str:
    """Markdown within a table: a bar in a formula would end the cell."""
    return re.sub(r"(?<!\\)\|", "&#124;", commonmark(text))


def _prose(text: str) -> str:
    return _unread(_SPECIAL.sub(_entity, text).replace("$", "&#36;"))


def _formula(text: str) -> str:
    return f"${_SPECIAL.sub(_entity, text[1:-1])}$"


def _address(text: str) -> str:
    # What an address has within is not read as Markdown; "&" begins an entity even there.
    return f"<{text.replace('&', '&amp;')}>"


def _plain_prose(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = _COMMONMARK.sub(lambda match: f"\\{match[0]}", escaped).replace("$", "\\$")
    return _BEGINS_TEX.sub(lambda match: _UNREAD.format(match[0]), escaped)


def _plain_formula(text: str) -> str:
    # What Markdown would read before the reader of formulas does: a star, and a backslash before a sign ("\\%").
    escaped = text[1:-1].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("*", "&#42;")
    return "$" + _BEFORE_SIGN.sub("&#92;", escaped) + "$"


def _vault_prose(text: str) -> str:
    return _VAULT_SPECIAL.sub(_entity, _SPECIAL.sub(_entity, text).replace("$", "&#36;"))


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"


def attribute(text: str) -> str:
    """Text for an HTML attribute outside Markdown, safe for Nunjucks as well."""
    return re.sub(r"[{}\\`$]", _entity, html.escape(one_line(text), quote=True))


def element(text: str) -> str:
    """The same for what stands in an HTML element: MathJax reads nothing of it."""
    return _unread(attribute(text))


def _unread(escaped: str) -> str:
    return re.sub("&#(?:36|92);", lambda match: _UNREAD.format(match[0]), escaped)


# ------------------------------------------------------------------------------------------------------------ web pages


def web_page(text: str) -> str:
    """Text of a page without a script: addresses are links, formulas and accents are written with plain signs."""
    return _pieces(one_line(text), prose=html.escape, formula=_page_formula, address=_page_address)


def scripted_page(text: str) -> str:
    """The same for a page that brings a MathJax, which sets the formulas."""
    return _pieces(one_line(text), prose=html.escape, formula=_scripted_formula, address=_page_address)


def title_in_link(text: str) -> str:
    """A text of a page that is itself a link: addresses in it lead nowhere."""
    return _pieces(one_line(text), prose=html.escape, formula=_page_formula, address=html.escape)


def _page_formula(text: str) -> str:
    told = _formula_html(text)
    if told is None:
        return f'<code class="tex">{html.escape(text)}</code>'
    return f'<span class="tex">{told}</span>'


def _scripted_formula(text: str) -> str:
    return f'<span class="tex2jax_process mathjax_process">{html.escape(text)}</span>'


def _page_address(text: str) -> str:
    return f'<a href="{html.escape(text)}" rel="noopener noreferrer">{html.escape(text)}</a>'


# ---------------------------------------------------------------------------------------------------------------- LaTeX

_LATEX_SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
}  # fmt: skip
_LATEX_SPECIAL = re.compile(r"[\\{}~^$&%#_]|(?<=-)-|(?<=[`!?])`|(?<=')'")
# What may be an argument without braces. pdfTeX reads bytes: a command would take the first one, and that the sign
# behind it, the dollar too.
_BARE_ARGUMENT = re.compile(r"((?:[\^_}\]]|\\[A-Za-z]+\s*[A-Za-z0-9]?)\s*)([^\x00-\x7f]+)")


def escape_latex(text: str) -> str:
    """Text of a record: signs escaped, ``--`` kept from becoming a dash, formulas in ``$…$`` are formulas."""
    pieces = split_formulas(" ".join(text.split()))
    return "".join(
        _BARE_ARGUMENT.sub(_braced, piece)
        if is_formula and _is_balanced(piece)
        else _LATEX_SPECIAL.sub(_escaped_sign, piece)
        for piece, is_formula in pieces
    )


def _braced(match: re.Match[str]) -> str:
    return match[1] + "".join(f"{{{sign}}}" for sign in match[2])


def _is_balanced(formula: str) -> bool:
    """Whether its braces close each other as BibTeX counts them, to whom a backslash before one means nothing."""
    depths = list(accumulate(1 if brace == "{" else -1 for brace in re.findall(r"[{}]", formula)))
    return not depths or (min(depths) >= 0 and depths[-1] == 0)


def escape_name(text: str) -> str:
    """Text without formulas: every sign that means something to LaTeX is escaped."""
    return _LATEX_SPECIAL.sub(_escaped_sign, " ".join(text.split()))


def escape_address(text: str) -> str:
    """A URL or DOI: styles print it verbatim, so only what would break the entry is percent-encoded."""
    encoded = {"{": "%7B", "}": "%7D", "\\": "%5C", '"': "%22"}
    return "".join(encoded.get(sign, sign) for sign in text if not sign.isspace())


def _escaped_sign(match: re.Match[str]) -> str:
    sign = match[0]
    return f"{{}}{sign}" if sign in "-`'" else _LATEX_SIGNS[sign]


def latex(text: str) -> str:
    """Text of a document: every sign escaped, formulas let through where they only set signs."""
    return _pieces(one_line(text), prose=_latex_prose, formula=_latex_formula, address=_latex_address)


def _latex_prose(text: str) -> str:
    ends = (" " if text[:1].isspace() else "", " " if text[1:] and text[-1].isspace() else "")
    return f"{ends[0]}{escape_name(text)}{ends[1]}"


def _latex_formula(text: str) -> str:
    return text if _is_plain_formula(text) else _latex_prose(text)


def _latex_address(text: str) -> str:
    return f"\\url{{{text}}}" if re.fullmatch(r"[\w:/.?=+,;@-]+", text, re.ASCII) else _latex_prose(text)


# ---------------------------------------------------------------------------------------------- formulas in plain signs

_MATHS = dict(
    pair.split(":", 1)
    for pair in (
        "alpha:α beta:β gamma:γ delta:δ epsilon:ϵ varepsilon:ε zeta:ζ eta:η theta:θ vartheta:ϑ iota:ι kappa:κ lambda:λ"
        " mu:μ nu:ν xi:ξ pi:π rho:ρ sigma:σ tau:τ upsilon:υ phi:ϕ varphi:φ chi:χ psi:ψ omega:ω Gamma:Γ Delta:Δ Theta:Θ"
        " Lambda:Λ Xi:Ξ Pi:Π Sigma:Σ Upsilon:Υ Phi:Φ Psi:Ψ Omega:Ω times:× pm:± mp:∓ div:÷ cdot:· ast:∗ star:⋆ leq:≤"
        " le:≤ geq:≥ ge:≥ neq:≠ ne:≠ approx:≈ sim:∼ simeq:≃ equiv:≡ propto:∝ ll:≪ gg:≫ infty:∞ partial:∂ nabla:∇"
        " to:→ rightarrow:→ leftarrow:← Rightarrow:⇒ leftrightarrow:↔ uparrow:↑ downarrow:↓ mapsto:↦ in:∈ notin:∉"
        " subset:⊂ subseteq:⊆ cup:∪ cap:∩ emptyset:∅ forall:∀ exists:∃ neg:¬ land:∧ lor:∨ oplus:⊕ otimes:⊗ circ:∘"
        " bullet:• dagger:† ldots:… dots:… cdots:⋯ ell:ℓ hbar:ℏ Re:ℜ Im:ℑ prime:′ degree:° sum:∑ prod:∏ int:∫ perp:⊥"
        " parallel:∥ mid:∣ langle:⟨ rangle:⟩ lceil:⌈ rceil:⌉ lfloor:⌊ rfloor:⌋ log:log exp:exp max:max min:min"
        " arg:arg sin:sin cos:cos tan:tan det:det dim:dim ln:ln lim:lim sup:sup inf:inf quad:\u2003 left: right:"
    ).split()
) | {",": "\u2009", ";": " ", ":": " ", " ": " ", "!": "", "%": "%", "&": "&", "#": "#", "_": "_", "{": "{", "}": "}",
     "$": "$", "|": "‖"}  # fmt: skip
_UPRIGHT = frozenset("mathrm text textrm textit textbf mathbf mathit mathsf texttt mathtt operatorname bm emph"
                     " boldsymbol mathcal textsc mbox textsf".split())  # fmt: skip
_BLACKBOARD = dict(zip("CHNPQRZE", "ℂℍℕℙℚℝℤ𝔼", strict=True))
_MATHS_TOKEN = re.compile(r"\\(?P<command>[A-Za-z]+|.)\s*|(?P<sign>[{}^_])|(?P<text>[^\\{}^_$]+)")

_COMMANDS = {
    sign: f"\\{name}"
    for name, sign in reversed(_MATHS.items())
    if len(name) > 1 and name != "degree" and len(sign) == 1 and not sign.isascii() and not sign.isspace()
} | {"−": "-", "✓": r"\checkmark"}
_NOT_EVERYWHERE = re.compile(r"\\(?:text\w*|mbox|emph|bm|degree|left|right)(?![A-Za-z])|[%#&~]|'.*\^|\^.*'")
_ARGUMENT = r"\s*(?:\{[^{}]*\}|\\[A-Za-z]+|[^\\{}\s])\s*"
_TWICE = re.compile(rf"\^{_ARGUMENT}(?:_{_ARGUMENT})?\^|_{_ARGUMENT}(?:\^{_ARGUMENT})?_")


def maths_command(sign: str) -> str | None:
    """What LaTeX's maths calls a sign: "≥" is ``\\geq``; None for one that has no name here."""
    return _COMMANDS.get(sign)


def _sign_of(name: str) -> str | None:
    """The sign of a command of maths that stands in prose, where it has one of its own."""
    sign = _MATHS.get(name, "")
    return sign if len(name) > 1 and len(sign) == 1 and not sign.isspace() else {"deg": "°"}.get(name)


_RAISED = str.maketrans("0123456789+−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")


def _plain_signs(formula: str) -> str:
    """A formula in one line of text: "6.1×", "O(n²)", "x_i"; as it stands where it needs more."""
    told = _formula_html(formula)
    if told is None:
        return formula
    told = re.sub(r"<sup>([^<>]*)</sup>", lambda found: _scripted(found[1], "^", _RAISED), told)
    told = re.sub(r"<sub>([^<>]*)</sub>", lambda found: _scripted(found[1], "_", _LOWERED), told)
    return formula if "</" in told else html.unescape(told)


def _scripted(text: str, sign: str, signs: Mapping[int, int | str]) -> str:
    small = text.translate(signs)
    if all(before != after for before, after in zip(text, small, strict=True)):
        return small
    return f"{sign}{text}" if len(text) == 1 else f"{sign}({text})"


def _is_plain_formula(formula: str) -> bool:
    """Whether LaTeX with amsmath sets ``$…$`` without a fault, and nothing in it does more than set signs."""
    return not (_NOT_EVERYWHERE.search(formula) or _TWICE.search(formula)) and _formula_html(formula) is not None


def _formula_html(formula: str) -> str | None:
    """``$6.1\\times$`` as HTML (``6.1×``, with ``<sup>`` and ``<sub>``), or None where it needs more than signs."""
    try:
        told = _Formula(formula[1:-1]).group(closed_by="")
    except ValueError:
        return None
    return told.strip() or None


class _Formula:
    """A reader of the small part of TeX's maths that plain signs can write; ValueError where it is more."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_MATHS_TOKEN.finditer(text))
        if sum(len(token[0]) for token in self._tokens) != len(text):
            _beyond_signs()
        self._position = 0

    def group(self, *, closed_by: str) -> str:
        """The text of the tokens up to the one that closes the group; raises what ``_beyond_signs`` does."""
        told: list[str] = []
        while self._position < len(self._tokens):
            token = self._tokens[self._position]
            self._position += 1
            if token["sign"] == "}":
                if closed_by:
                    return "".join(told)
                _beyond_signs()
            told.append(self._one(token))
        if closed_by:
            _beyond_signs()
        return "".join(told)

    def _one(self, token: re.Match[str]) -> str:
        if token["text"] is not None:
            return html.escape(token["text"].replace("-", "−").replace("'", "′").replace("~", " "), quote=False)
        if token["sign"] == "{":
            return self.group(closed_by="}")
        if token["sign"] in ("^", "_"):
            tag = "sup" if token["sign"] == "^" else "sub"
            return f"<{tag}>{self._argument()}</{tag}>"
        return self._command(token["command"])

    def _command(self, name: str) -> str:
        if name in _UPRIGHT:
            return self._argument()
        if name == "mathbb":
            letters = self._argument()
            return "".join(_BLACKBOARD.get(letter) or _beyond_signs() for letter in letters)
        if name == "sqrt":
            inside = self._argument()
            return f"√{inside}" if len(inside) == 1 else f"√({inside})"
        if name == "frac":
            upper, lower = self._argument(), self._argument()
            return f"{upper}/{lower}" if len(upper) == len(lower) == 1 else f"({upper})/({lower})"
        if name not in _MATHS:
            _beyond_signs()
        return html.escape(_MATHS[name], quote=False)

    def _argument(self) -> str:
        if self._position >= len(self._tokens):
            _beyond_signs()
        token = self._tokens[self._position]
        text = token["text"]
        if text is None:
            self._position += 1
            return self._one(token)
        # The argument is the first sign only; what follows it stands after.
        first, rest = text.lstrip()[:1], text.lstrip()[1:]
        if not first:
            _beyond_signs()
        self._position += 1
        if rest:
            self._tokens.insert(self._position, next(_MATHS_TOKEN.finditer(rest)))
        return html.escape(first.replace("'", "′"), quote=False)


def _beyond_signs() -> str:
    """End the reading of a formula that plain signs cannot write."""
    raise ValueError("more than plain signs can write")
