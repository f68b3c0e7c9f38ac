"""How captions begin: "Figure 3:", "TABLE II", "Abb. 4.", "图 5", and what shows that a sentence goes on instead."""

from __future__ import annotations

import re

_KINDS = {
    "Figure": r"Figure|FIGURE|Fig\.?|FIG\.?|Abbildung|Abb\.|Figura|Рис(?:унок|\.)|图|圖|図|그림|شكل|الشكل",
    "Table": r"Table|TABLE|Tab\.|Tabelle|Tableau|Tabla|Tabela|Tabella|Таблица|表|표|جدول|الجدول",
    "Algorithm": r"Algorithm|ALGORITHM|Algorithmus|Algorithme|算法",
    "Listing": r"Listing|LISTING",
    "Scheme": r"Scheme|SCHEME",
    "Chart": r"Chart|CHART",
}
_PREFIX = r"(?P<prefix>(?:Supplementary|Supplemental|Supporting|Extended Data|Appendix)\s+)?"
_NUMBER = (
    r"(?P<number>[A-Z]{0,2}[.\-]?\d{1,3}(?:[.\-]\d{1,3}){0,2}[a-z]?(?![^\W_])|[IVXLC]{1,7}(?![^\W_])|[A-Z](?=[:.]))"
)
LABELS = [
    (name, re.compile(rf"^{_PREFIX}(?:{words})\s*{_NUMBER}(?P<mark>\s*[:.|：．｜—–\-]|)(?P<rest>.*)$"))
    for name, words in _KINDS.items()
]
KIND_ALONE = re.compile(rf"^(?:{'|'.join(_KINDS.values())})$")
# "Figure 3 shows …" is a sentence about a figure, not its caption.
IN_TEXT = re.compile(
    r"^\s*(?:\(?[a-z]\)?\s*)?(?:shows?|showed|presents?|illustrates?|depicts?|in|and|we|lists?|is|are|was|were|gives?"
    r"|summari[sz]es?|reports?|compares?|demonstrates?|provides?|contains?|also|that|which|for|with|of|to|can|below|above"
    r"|plots?|displays?|indicates?|reveals?|describes?|explains?|outlines?|visuali[sz]es?|has|have|on|as|by|from|where"
    r"|the left|the right)\b|^\s*[,;)\]]"
)
LEADERS = re.compile(r"(?:\.\s?){5,}\s*\d*\s*$|…{2,}")
COLONS = (":", "：", "|", "｜")


def starts_caption(text: str) -> bool:
    """Whether a line begins with the label of a float."""
    return any(pattern.match(text) for _, pattern in LABELS)
