r"""Which ``$…$`` of a text is mathematics that may be typeset; all else is text, escaped by whoever writes it.

A formula is an island in escaped text: what stands in it goes to LaTeX, MathJax or KaTeX as it came from strangers. So
it is let through only when each of its commands is known here as one that sets signs, its braces and environments are
closed, and its size is within bounds. Commands that read, write, define, link, colour or shift are not known here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# Pandoc's rule, https://pandoc.org/MANUAL.html#extension-tex_math_dollars: no space inside the dollars, no digit
# after, so that two prices are no formula. With a command in it, it is none of prices whatever follows ("$\pm$0.1").
_BODY = r"(?:\\.|[^$\\\n])*?(?<=[^\s\\])\$"
DOLLARS = rf"(?<!\\)\$(?=[^\s$])(?:(?=[^$\n]*(?:\\|&\#92;)){_BODY}|{_BODY}(?!\d))"
"""Pattern of what is written as a formula, for reading pages too, where a backslash may stand as an entity."""
_DOLLARS = re.compile(DOLLARS)
_TOKEN = re.compile(r"\\(?P<word>[A-Za-z]+)(?P<star>\*?)\s*|\\(?P<sign>[^A-Za-z\n])|(?P<plain>[^\\])")

_LONGEST = 400  # characters
_DEEPEST = 12  # groups, arguments and environments within each other
_MOST_ROWS = 12
_MOST_COLUMNS = 12
_WIDEST_EM = 8.0  # of all blanks together; of a single one a quarter
_FARTHEST_BACK_EM = 3.0  # of all negative blanks together; what goes back lies over what stands before

_SIGNS = frozenset(
    # letters
    " alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa varkappa lambda mu nu xi omicron"
    " pi varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma"
    " Upsilon Phi Psi Omega varGamma varDelta varTheta varLambda varXi varPi varSigma varUpsilon varPhi varPsi"
    " varOmega digamma upmu aleph beth gimel daleth ell hbar hslash imath jmath wp Re Im eth mho complement Bbbk"
    " Finv Game partial nabla"
    # relations
    " leq le geq ge neq ne equiv approx approxeq sim simeq cong propto asymp doteq ll gg lll ggg prec succ preceq"
    " succeq preccurlyeq succcurlyeq precsim succsim lesssim gtrsim lessapprox gtrapprox lessgtr gtrless leqslant"
    " geqslant leqq geqq lneq gneq lneqq gneqq nleq ngeq nless ngtr nsim ncong subset supset subseteq supseteq"
    " subsetneq supsetneq nsubseteq nsupseteq sqsubset sqsupset sqsubseteq sqsupseteq subseteqq supseteqq Subset"
    " Supset in ni notin owns mid nmid parallel nparallel perp vdash dashv models vDash Vdash nvdash nvDash bowtie"
    " smile frown triangleq coloneqq eqqcolon circeq bumpeq backsim eqsim vartriangleleft vartriangleright"
    " trianglelefteq trianglerighteq therefore because between pitchfork not"
    # operations
    " times div pm mp cdot ast star circ bullet oplus ominus otimes oslash odot bigcirc dagger ddagger amalg cap cup"
    " Cap Cup uplus sqcap sqcup vee wedge lor land veebar barwedge setminus smallsetminus wr ltimes rtimes"
    " leftthreetimes rightthreetimes boxplus boxminus boxtimes boxdot divideontimes dotplus intercal centerdot"
    " diamond bigtriangleup bigtriangledown triangleleft triangleright sum prod coprod int iint iiint oint bigcap"
    " bigcup bigsqcup bigvee bigwedge bigodot bigoplus bigotimes biguplus"
    # arrows
    " to gets rightarrow leftarrow leftrightarrow Rightarrow Leftarrow Leftrightarrow longrightarrow longleftarrow"
    " longleftrightarrow Longrightarrow Longleftarrow Longleftrightarrow implies impliedby iff mapsto longmapsto"
    " uparrow downarrow updownarrow Uparrow Downarrow Updownarrow nearrow searrow swarrow nwarrow hookrightarrow"
    " hookleftarrow rightharpoonup rightharpoondown leftharpoonup leftharpoondown rightleftharpoons"
    " leftrightharpoons rightleftarrows leftrightarrows rightrightarrows leftleftarrows upuparrows downdownarrows"
    " twoheadrightarrow twoheadleftarrow rightarrowtail leftarrowtail rightsquigarrow leadsto leftrightsquigarrow"
    " curvearrowright curvearrowleft circlearrowright circlearrowleft nrightarrow nleftarrow nleftrightarrow"
    " nRightarrow nLeftarrow dashrightarrow dashleftarrow multimap Lsh Rsh"
    # other signs, points and delimiters
    " infty forall exists nexists neg lnot emptyset varnothing top bot angle measuredangle sphericalangle triangle"
    " square Box Diamond lozenge blacksquare blacktriangle blacktriangledown blacktriangleleft blacktriangleright"
    " blacklozenge bigstar clubsuit diamondsuit heartsuit spadesuit flat natural sharp surd prime backprime"
    " checkmark maltese degree circledR circledS ldots dots cdots vdots ddots dotsc dotsb dotsm dotsi dotso colon"
    " ldotp cdotp S P copyright pounds yen lbrace rbrace lbrack rbrack langle rangle lceil rceil lfloor rfloor lvert"
    " rvert lVert rVert vert Vert backslash ulcorner urcorner llcorner lrcorner lgroup rgroup lmoustache rmoustache"
    " lt gt"
    # functions
    " arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf injlim ker lg lim liminf limsup ln"
    " log max min Pr projlim sec sin sinh sup tan tanh varinjlim varliminf varlimsup varprojlim bmod"
    # what changes the look of what follows in its group, and never makes it larger
    " rm bf it tt sf cal sc displaystyle textstyle scriptstyle scriptscriptstyle"
    " limits nolimits small footnotesize scriptsize tiny mathstrut relax".split()
)
_ARGUMENTS = dict.fromkeys(
    " mathrm mathbf mathit mathsf mathtt mathcal mathscr mathfrak mathbb mathnormal bm boldsymbol pmb"
    " bold operatorname mathop mathbin mathrel mathord mathopen mathclose mathpunct mathinner hat widehat check"
    " widecheck tilde widetilde acute grave dot ddot dddot ddddot breve bar Bar Hat Tilde Dot vec overline underline"
    " overbrace underbrace overrightarrow overleftarrow overleftrightarrow underrightarrow underleftarrow"
    " underleftrightarrow mathring boxed sqrt phantom hphantom vphantom mod pmod pod substack xrightarrow"
    " xleftarrow".split(),
    1,
) | dict.fromkeys("frac dfrac tfrac cfrac binom dbinom tbinom overset underset stackrel".split(), 2)
_OPTIONAL = frozenset("sqrt xrightarrow xleftarrow".split())  # may have an argument in brackets first
_WORDS = frozenset(
    "text textrm textbf textit textsf texttt textsc textsl textup textmd textnormal emph mbox hbox".split()
)
_INFIX = frozenset("over choose atop".split())  # once in a group
_BLANKS_EM = {
    ",": 0.17, "thinspace": 0.17, ":": 0.23, ">": 0.23, "medspace": 0.23, ";": 0.28, "thickspace": 0.28, " ": 0.33,
    "~": 0.33, "space": 0.33, "nobreakspace": 0.33, "enspace": 0.5, "enskip": 0.5, "quad": 1.0, "qquad": 2.0,
    "!": -0.17, "negthinspace": -0.17, "negmedspace": -0.23, "negthickspace": -0.28, "/": 0.0,
}  # fmt: skip
_LENGTHS = frozenset("mkern mspace kern hspace".split())
_LENGTH = re.compile(
    r"(?P<brace>\{)?\s*(?P<number>[-+]?(?:\d{1,3}(?:\.\d{0,4})?|\.\d{1,4}))\s*(?P<unit>mu|em|ex|pt)(?(brace)\s*\})"
)
_UNITS_EM = {"mu": 1 / 18, "em": 1.0, "ex": 0.5, "pt": 0.1}
_SIZED = re.compile(r"left|[bB]igg?[lrm]?")
_DELIMITER = re.compile(
    r"[()\[\]/|.<>]|\\(?:[{}|]|(?:[lr]?(?:vert|Vert|brace|brack|angle|ceil|floor|group|moustache)"
    r"|[ul][lr]corner|backslash|[uU]parrow|[dD]ownarrow|[uU]pdownarrow|lt|gt)(?![A-Za-z]))\s?"
)
_ENVIRONMENTS = frozenset(
    "matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix cases aligned gathered array".split()
)
_NAME = re.compile(r"\{([A-Za-z]+)\}")
_COLUMNS = re.compile(rf"\s*\{{[lcr| ]{{1,{2 * _MOST_COLUMNS}}}\}}")
_PLAIN = re.compile(r"[A-Za-z0-9+\-*/=<>|()\[\].,;:!?'@ °′″†‡·•…–—]")
_QUOTES = re.compile(r"[\"`]")  # in words, where they are no more than that


def split_formulas(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces: (piece, whether it is a formula with its dollars); no two pieces of text in a row."""
    start = position = 0
    while found := _DOLLARS.search(text, position):
        if formula(found[0]) is None:
            position = found.start() + 1
            continue
        if start < found.start():
            yield text[start : found.start()], False
        yield found[0], True
        start = position = found.end()
    if start < len(text):
        yield text[start:], False


def formula(source: str) -> str | None:
    """``$…$`` as it stands where it may be typeset by any reader; None where it is to be shown as text."""
    if len(source) > _LONGEST or not _DOLLARS.fullmatch(source):
        return None
    try:
        _Formula(source[1:-1]).read()
    except _NotAllowed:
        return None
    return source


class _NotAllowed(ValueError):
    """The text is no formula that may be typeset."""


class _Formula:
    """One pass over a formula by recursive descent; raises ``_NotAllowed`` at the first thing that is not known."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._forward = self._back = 0.0

    def read(self) -> None:
        """Read to the end."""
        self._group(closed_by="", depth=0)

    def _group(self, *, closed_by: str, depth: int, tabular: bool = False, words: bool = False) -> None:
        """What stands up to ``closed_by`` ("}", "]", "right", "end", or "" for the end of the text), that included."""
        _check(depth <= _DEEPEST)
        infixes, rows, columns, scripts = 0, 1, 1, ""
        while self._at < len(self._text):
            token = self._expected(_TOKEN)
            word, sign, plain = token["word"], token["sign"], token["plain"]
            if (plain or word) == closed_by:
                return
            if plain in ("^", "_"):
                # A second one of a kind is an error of TeX; "^^" is how it writes any character by its number.
                _check(not words and plain not in scripts)
                scripts += plain
                self._argument(depth=depth, script=True)
                continue
            if plain == "'":
                _check("^" not in scripts)
            elif plain != " ":
                scripts = ""
            if tabular and plain == "&":
                columns += 1
                _check(columns <= _MOST_COLUMNS)
            elif tabular and sign == "\\":
                # "\\[…]" and "\\*" take what follows for a length or a star.
                rows, columns = rows + 1, 1
                _check(rows <= _MOST_ROWS and self._text[self._at :].lstrip()[:1] not in ("[", "*"))
            elif word == "middle":
                _check(closed_by == "right")
                self._expected(_DELIMITER)
            elif word in _INFIX:
                infixes += 1
                _check(infixes == 1 and not words)
            else:
                self._one(token, depth=depth, words=words)
        _check(not closed_by)

    def _one(self, token: re.Match[str], *, depth: int, words: bool) -> None:
        word, sign, plain = token["word"], token["sign"], token["plain"]
        if plain == "{":
            self._group(closed_by="}", depth=depth + 1, words=words)
        elif plain == "~" or sign in _BLANKS_EM or word in _BLANKS_EM:
            self._blank(_BLANKS_EM[plain or sign or word])
        elif plain:
            _check(bool(_PLAIN.match(plain)) or _is_sign(plain) or (words and bool(_QUOTES.match(plain))))
        elif sign:
            _check(sign in "%&#_{}" or (sign == "|" and not words))
        elif word in _WORDS:
            _check(not token["star"])
            self._argument(depth=depth, words=True)
        elif words:
            _check(word == "underline")
            self._argument(depth=depth, words=True)
        else:
            self._command(token, depth=depth)

    def _command(self, token: re.Match[str], *, depth: int) -> None:
        word = token["word"]
        if token["star"] and word != "operatorname":
            self._at = token.end() - len(token[0][len(word) + 1 :])  # the star is a sign of its own
        if word in _LENGTHS:
            self._length()
        elif _SIZED.fullmatch(word):
            self._expected(_DELIMITER)
            if word == "left":
                self._group(closed_by="right", depth=depth + 1)
                self._expected(_DELIMITER)
        elif word == "begin":
            name = self._expected(_NAME)[1]
            if name == "array":
                self._expected(_COLUMNS)
            _check(name in _ENVIRONMENTS and self._text[self._at :].lstrip()[:1] != "[")
            self._group(closed_by="end", depth=depth + 1, tabular=True)
            _check(self._expected(_NAME)[1] == name)
        elif word in _ARGUMENTS:
            if word in _OPTIONAL and self._text[self._at : self._at + 1] == "[":
                self._at += 1
                self._group(closed_by="]", depth=depth + 1)
            for _ in range(_ARGUMENTS[word]):
                self._argument(depth=depth, tabular=word == "substack")
        else:
            _check(word in _SIGNS)

    def _argument(self, *, depth: int, tabular: bool = False, words: bool = False, script: bool = False) -> None:
        """A group, or the one token that TeX takes where there are no braces; of words always a group.

        That token has no arguments of its own, except in a script, which readers begin before they look at it.
        """
        while self._text[self._at : self._at + 1] == " ":
            self._at += 1
        token = self._expected(_TOKEN)
        if token["plain"] == "{":
            self._group(closed_by="}", depth=depth + 1, tabular=tabular, words=words)
            return
        word = token["word"]
        _check(not words and not tabular and depth < _DEEPEST)
        _check(not word or word in _SIGNS or (script and word in _ARGUMENTS.keys() | _WORDS))
        self._one(token, depth=depth + 1, words=False)

    def _length(self) -> None:
        found = self._expected(_LENGTH)
        self._blank(float(found["number"]) * _UNITS_EM[found["unit"]])

    def _blank(self, em: float) -> None:
        self._forward += max(em, 0.0)
        self._back -= min(em, 0.0)
        _check(abs(em) <= _WIDEST_EM / 4 and self._forward <= _WIDEST_EM and self._back <= _FARTHEST_BACK_EM)

    def _expected(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise _NotAllowed
        self._at = found.end()
        return found


def _check(allowed: bool) -> None:
    if not allowed:
        raise _NotAllowed


def _is_sign(character: str) -> bool:
    """A letter, number or mathematical sign beyond ASCII; nothing that stacks, turns or hides what is around it."""
    category = unicodedata.category(character)
    return not character.isascii() and (category[0] in "LN" or category == "Sm")
