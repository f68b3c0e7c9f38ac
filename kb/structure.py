"""How papers name their parts: numbers and names of headings, labels of figures and tables, pointers to them.

For those who read files and for those who meet headings and captions later. Patterns stand as strings where others
build on them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kb.records import Equation

# ----------------------------------------------------------------------------------------------- headings

ARABIC = r"\d{1,2}(?:\.\d{1,2}){0,3}"
LETTERED = r"[A-Z](?:\.\d{1,2}){0,3}"
ROMAN = r"[IVX]{1,5}"
NUMBERED = re.compile(
    rf"^(?P<number>(?:{ARABIC}|{LETTERED})\.?|{ROMAN}\.|(?:Appendix|APPENDIX) [A-Z]\d?[.:]?"
    r"|(?:Chapter|Section) \d+[.:]?)\s+(?P<title>\S.*)$"
)
"""A heading with its number, as it is printed."""
KNOWN = re.compile(
    r"^(?:abstract|introduction|(?:prior and )?related works?|background|motivation|preliminaries|methods?|methodology"
    r"|materials and methods|experiments?|experimental (?:setup|results)|results?(?: and discussion)?|evaluation"
    r"|analysis|discussion|conclusions?(?: and .*)?|summary|acknowledge?ments?|references|bibliography|literature cited"
    r"|limitations?(?: and .*)?|ethic(?:s|al).*|appendix(?: [A-Z\d])?|appendices|supplementary materials?"
    r"|broader impacts?.*|reproducibility.*|ccs concepts|key ?words|categories and subject descriptors|general terms"
    r"|funding|author contributions|contributions|future work|(?:data|code) availability.*|competing interests"
    r"|conflicts? of interest.*|references and notes|impact statement)[.:]?$",
    re.IGNORECASE,
)
"""Headings that many papers have, without their numbers."""
REFERENCES = r"(?:references(?: and notes)?|bibliography|literature cited|works cited|参考文献|参考資料)"
APPENDIX = re.compile(r"^(?:appendi(?:x|ces)|supplement|supporting information|[A-Z](?:\.\d+)*[.:)]?\s)", re.IGNORECASE)
KEYWORDS = (
    r"(?:(?:Additional |Author )?Key ?[Ww]ords(?: and [Pp]hrases)?|KEY ?WORDS|Index Terms|INDEX TERMS"
    r"|关\s?键\s?词|关键字|關鍵詞|キーワード|키워드|Schl(?:ü|ue)sselw[öo]rter|Schlagw[öo]rter|Mots[ -]cl(?:é|e)s"
    r"|Palabras [Cc]lave|Palavras[ -][Cc]have|Parole [Cc]hiave|Trefwoorden|Ключевые слова)"
)
INTRODUCTION = re.compile(r"^(?:(?:1|I)\.?\s+)?(?:I\s?NTRODUCTION|Einleitung|Introducción|引\s*言)$", re.IGNORECASE)
"""The heading of the introduction, with or without its number."""
_ABSTRACTS = (
    "abstract", "摘要", "초록", "要旨", "抄録", "zusammenfassung", "kurzfassung", "résumé", "resumen", "resumo",
    "riassunto", "samenvatting", "аннотация", "резюме",
)  # fmt: skip


def bare_title(title: str) -> str:
    """A heading without its number: "3.1 Data" -> "Data"."""
    match = NUMBERED.match(title)
    return match["title"].strip() if match else title.strip()


def is_references(title: str) -> bool:
    """Whether the list of references stands under this heading, with or without a number: "VII. REFERENCES"."""
    number = rf"(?:(?:{ARABIC}|{ROMAN}|{LETTERED})[.:)]?\s+)?"
    return re.fullmatch(rf"{number}\W*{REFERENCES}\W*", title.strip(), re.IGNORECASE) is not None


def is_abstract(title: str) -> bool:
    """Whether the abstract stands under this heading, letter-spaced or not: "A B S T R A C T"."""
    return re.sub(r"\W", "", title).casefold() in _ABSTRACTS


# ------------------------------------------------------------------------------------- figures and tables

_FLOATS = {
    "Figure": r"(?:Figure|FIGURE|Fig|FIG)\.?|Abbildung|Abb\.|Figura|Рис(?:унок|\.)|图|圖|図|그림|شكل|الشكل",
    "Table": r"Table|TABLE|Tab\.|Tabelle|Tableau|Tabla|Tabela|Tabella|Таблица|表|표|جدول|الجدول",
    "Algorithm": r"Algorithm|ALGORITHM|Algorithmus|Algorithme|算法",
    "Listing": r"Listing|LISTING",
    "Scheme": r"Scheme|SCHEME",
    "Chart": r"Chart|CHART",
    "Box": r"Box|BOX",
    "Video": r"Video|VIDEO",
}
_PREFIX = r"(?P<prefix>(?:Supplementary|Supplemental|Supporting|Extended Data|Appendix)\s+)?"
_NUMBER = (
    r"(?P<number>[A-Z]{0,2}[.\-]?\d{1,3}(?:[.\-]\d{1,3}){0,2}[a-z]?(?![^\W_])|[IVXLC]{1,7}(?![^\W_])|[A-Z](?=[:.]))"
)
_LABELS = [
    (name, re.compile(rf"^{_PREFIX}(?:{words})\s*{_NUMBER}(?P<mark>\s*[:.|：．｜—–\-]|)(?P<rest>.*)$", re.DOTALL))
    for name, words in _FLOATS.items()
]
_SPACED = re.compile(r"^(?:[A-Z]{1,2} ){3,}(?=[\dIVX])")  # "TA B L E 2"
FLOAT_WORD = re.compile(rf"^(?:{'|'.join(_FLOATS.values())})$")
"""The word of a label, alone on its line."""
FLOAT_TITLE = re.compile(r"^\W?(?:Fig(?:ure|\.)?|Table|Scheme|Algorithm|Listing)(?=\W|$)", re.IGNORECASE)
"""A title that is a caption's."""


class FloatLabel(NamedTuple):
    """How a caption begins: ``kind`` is "Figure", "Table", "Algorithm" …; ``text`` the label in full, "Figure A.3"."""

    kind: str
    text: str
    mark: str
    rest: str


def float_label(text: str) -> FloatLabel | None:
    """The label with which a text begins, in whatever language it is printed: "TABLE II", "Abb. 4.", "图 5".

    The sign behind it (``mark``, "" for none) is what tells a caption from a sentence about the figure.
    """
    if spaced := _SPACED.match(text):
        text = spaced[0].replace(" ", "") + " " + text[spaced.end() :]
    for kind, pattern in _LABELS:
        if match := pattern.match(text):
            label = f"{match['prefix'] or ''}{kind} {match['number'].strip('.-')}"
            return FloatLabel(kind, label, match["mark"].strip(), match["rest"])
    return None


POINTER = (
    r"(?:Fig(?:ures?|s?\.?)|Tab(?:les?|s?\.)|Eqs?\.?|Equations?|Sec(?:tions?|s?\.|t\.)|Appendix|Appendices|Chapters?"
    r"|Alg(?:orithms?|\.)|Theorems?|Lemmas?|Listings?|Propositions?|Corollary|Definitions?|Footnotes?)"
)
"""What stands before the number of another part of the paper."""
_WORD_OF_EQUATION = re.compile(r"(?<![\\\w])[^\W\d_]{3,}(?!\w)")  # a command of TeX is none


def without_signs(text: str, equations: Sequence[Equation], *, start: int = 0, end: int | None = None) -> str:
    """``text[start:end]`` with the number of each display equation, and the words in it, in the place of its signs.

    The signs of an equation that were put in one line say nothing to an encoder and stand in no question.
    """
    end = len(text) if end is None else end
    parts, at = [], start
    for one in equations:
        first, last = max(one.start, start), min(one.end, end)
        if first < last:
            parts += [text[at:first], equation_in_words(one.label, text[first:last])]
            at = last
    return "".join([*parts, text[at:end]])


def equation_in_words(label: str | None, text: str) -> str:
    """The number of an equation as it is pointed to, and the words in it, each once; "Equation" where it has none."""
    name = [f"Equation {label} (Eq. {label})"] if label else []
    return " ".join([*name, *dict.fromkeys(_WORD_OF_EQUATION.findall(text))]) or "Equation"


CITATION = r"\[[\d,;\s–-]+\]|\([^()]*\b(?:19|20)\d\d[a-z]?\b[^()]*\)"
"""A citation in prose: "[3, 5–7]", "(Lo et al., 2020)"."""
