"""LaTeX in titles and abstracts, written with plain signs where that says the same: for pages that run no script."""

from __future__ import annotations

import re
import unicodedata
from html import escape

_SIGNS = dict(
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
_TOKEN = re.compile(r"\\(?P<command>[A-Za-z]+|.)\s*|(?P<sign>[{}^_])|(?P<text>[^\\{}^_$]+)")
_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307",
    '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "c": "\u0327", "k": "\u0328",
}  # fmt: skip
_LETTERS = {"o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å",
            "AA": "Å", "i": "ı", "j": "ȷ"}  # fmt: skip
ACCENTED = re.compile(
    r"\\(?:(?P<mark>[`'^~=.\"])\s*(?:\{\s*\\?(?P<braced>[A-Za-z])\s*\}|\\?(?P<bare>[A-Za-z]))"
    r"|(?P<named>[uvHckr])\s*\{\s*\\?(?P<letter>[A-Za-z])\s*\}"
    r"|(?P<special>ss|ae|AE|oe|OE|aa|AA|o|O|l|L)(?:\{\}|(?![A-Za-z])\s?)|(?P<escaped>[%&#_]))"
)
"""An accent or a sign as LaTeX writes it in prose: ``\\"{\\i}``, ``\\'e``, ``\\v{s}``, ``\\o``, ``\\%``."""


_COMMANDS = {
    sign: f"\\{name}"
    for name, sign in reversed(_SIGNS.items())
    if len(name) > 1 and name != "degree" and len(sign) == 1 and not sign.isascii() and not sign.isspace()
} | {"−": "-", "✓": r"\checkmark"}
_NOT_EVERYWHERE = re.compile(r"\\(?:text\w*|mbox|emph|bm|degree|left|right)(?![A-Za-z])|[%#&~]|'.*\^|\^.*'")
_ARGUMENT = r"\s*(?:\{[^{}]*\}|\\[A-Za-z]+|[^\\{}\s])\s*"
_TWICE = re.compile(rf"\^{_ARGUMENT}(?:_{_ARGUMENT})?\^|_{_ARGUMENT}(?:\^{_ARGUMENT})?_")


def maths_command(sign: str) -> str | None:
    """What LaTeX's maths calls a sign: "≥" is ``\\geq``; None for one that has no name here."""
    return _COMMANDS.get(sign)


def is_plain_formula(formula: str) -> bool:
    """Whether LaTeX with amsmath sets ``$…$`` without a fault, and nothing in it does more than set signs."""
    return not (_NOT_EVERYWHERE.search(formula) or _TWICE.search(formula)) and formula_html(formula) is not None


def accented(match: re.Match[str]) -> str:
    """The sign that a match of ``ACCENTED`` stands for."""
    if match["special"]:
        return _LETTERS[match["special"]]
    if match["escaped"]:
        return match["escaped"]
    letter = match["braced"] or match["bare"] or match["letter"]
    return unicodedata.normalize("NFC", letter + _ACCENTS[match["mark"] or match["named"]])


def formula_html(formula: str) -> str | None:
    """``$6.1\\times$`` as HTML (``6.1×``, with ``<sup>`` and ``<sub>``), or None where it needs more than signs."""
    try:
        told = _Formula(formula[1:-1]).group(closed_by="")
    except ValueError:
        return None
    return told.strip() or None


class _Formula:
    """A reader of the small part of TeX's maths that plain signs can write; ValueError where it is more."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_TOKEN.finditer(text))
        if sum(len(token[0]) for token in self._tokens) != len(text):
            raise_unreadable()
        self._position = 0

    def group(self, *, closed_by: str) -> str:
        """The text of the tokens up to the one that closes the group; raises what ``raise_unreadable`` does."""
        told: list[str] = []
        while self._position < len(self._tokens):
            token = self._tokens[self._position]
            self._position += 1
            if token["sign"] == "}":
                if closed_by:
                    return "".join(told)
                raise_unreadable()
            told.append(self._one(token))
        if closed_by:
            raise_unreadable()
        return "".join(told)

    def _one(self, token: re.Match[str]) -> str:
        if token["text"] is not None:
            return escape(token["text"].replace("-", "−").replace("'", "′").replace("~", " "), quote=False)
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
            return "".join(_BLACKBOARD.get(letter) or raise_unreadable() for letter in letters)
        if name == "sqrt":
            inside = self._argument()
            return f"√{inside}" if len(inside) == 1 else f"√({inside})"
        if name == "frac":
            upper, lower = self._argument(), self._argument()
            return f"{upper}/{lower}" if len(upper) == len(lower) == 1 else f"({upper})/({lower})"
        if name not in _SIGNS:
            raise_unreadable()
        return escape(_SIGNS[name], quote=False)

    def _argument(self) -> str:
        if self._position >= len(self._tokens):
            raise_unreadable()
        token = self._tokens[self._position]
        text = token["text"]
        if text is None:
            self._position += 1
            return self._one(token)
        # The argument is the first sign only; what follows it stands after.
        first, rest = text.lstrip()[:1], text.lstrip()[1:]
        if not first:
            raise_unreadable()
        self._position += 1
        if rest:
            self._tokens.insert(self._position, next(_TOKEN.finditer(rest)))
        return escape(first.replace("'", "′"), quote=False)


def raise_unreadable() -> str:
    """End the reading of a formula that plain signs cannot write."""
    raise ValueError("more than plain signs can write")
