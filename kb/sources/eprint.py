"""What arXiv says of a paper alike in its feed, API and dumps: its authors, withdrawal, and where links lead."""

from __future__ import annotations

import re

from kb.latex import decode_latex
from kb.names import is_suffix
from kb.records import Link
from kb.sources.links import links_of, links_of_ids

_SEPARATOR = re.compile(r"\s*(?:,\s*and|,|\band)\s+|\s*,\s*", re.IGNORECASE)

# "withdrawn from ICLR" speaks of a conference; these speak of the paper on arXiv.
_PAPER = r"(?:paper|article|submission|manuscript|work|preprint|document|version|draft|note)"
_NOT_FROM_A_VENUE = r"(?!\s+from\s+(?!(?:the\s+)?arxiv))"
_WITHDRAWN = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        (
            rf"\b{_PAPER}\s+(?:has\s+been|was|is|is\s+being|have\s+been)\s+(?:temporarily\s+)?"
            rf"(?:withdrawn|retracted)\b{_NOT_FROM_A_VENUE}"
        ),
        r"\bwithdrawn\s+(?:by|at)\s+(?:the\s+)?(?:request|arxiv|(?:\w+\s+)?authors?|submitter)\b",
        r"\bwithdrawn\s+(?:for|due|because|as|since|pending|until)\b",
        rf"^\W*(?:temporarily\s+)?withdrawn\b{_NOT_FROM_A_VENUE}",
        (
            rf"\b(?:authors?|we|i)\s+(?:have\s+|has\s+)?(?:decided\s+to\s+)?withdr(?:aw|ew|awn)\s+(?:this|the|our)\s+"
            rf"{_PAPER}\b{_NOT_FROM_A_VENUE}"
        ),
    )
)
# An abstract speaks of other papers' withdrawals too: it counts only as a notice at its very beginning.
_NOTICE = re.compile(
    rf"\W*(?:(?:this|the|our)\s+(?:\w+\s+)?{_PAPER}\s+(?:has\s+been|was|is)\s+(?:temporarily\s+)?)?withdrawn\b"
    rf"{_NOT_FROM_A_VENUE}",
    re.IGNORECASE,
)


def says_withdrawn(*, comment: str | None = None, abstract: str | None = None) -> bool:
    """Whether the comment, or a notice in place of the abstract, says that arXiv's paper is withdrawn."""
    if any(pattern.search(" ".join((comment or "").split())) for pattern in _WITHDRAWN):
        return True
    return _NOTICE.match(" ".join((abstract or "").split())) is not None


def links_to(
    identifier: str, version: int | None, *, has_pdf: bool, doi: str | None, abstract: str | None, comment: str | None
) -> tuple[Link, ...]:
    """PDF, publisher's page by DOI, and the code and project pages that abstract and comment name.

    arXiv's HTML is not among them: neither feed nor API says whether a paper has it, and not every paper does.
    """
    ids = [key for key in (f"arxiv:{identifier}" if has_pdf else "", doi or "") if key.startswith(("arxiv:", "doi:"))]
    return (*links_of_ids(ids, version=version, source="arxiv"), *links_of((abstract, comment), source="arxiv"))


def listed_authors(text: str) -> tuple[str, ...]:
    """Names out of "Ann Bee (Univ. of C), D. Eff, Jr. and Gee H." in order, LaTeX decoded; "Jr." stays with its name.

    Affiliations in parentheses are left out. Linear in the text.
    """
    names: list[str] = []
    for part in _SEPARATOR.split(_without_notes(decode_latex(text))):
        if names and is_suffix(part):
            names[-1] += f", {part}"
        elif part:
            names.append(part)
    return tuple(names)


def _without_notes(text: str) -> str:
    """The text without what stands in parentheses that are closed again."""
    opened: list[int] = []
    notes: list[tuple[int, int]] = []
    for sign in re.finditer(r"[()]", text):
        if sign[0] == "(":
            opened.append(sign.start())
        elif opened:
            start = opened.pop()
            while notes and notes[-1][0] > start:
                notes.pop()
            notes.append((start, sign.end()))
    position, kept = 0, []
    for start, end in notes:
        kept.append(text[position:start])
        position = end
    return " ".join("".join([*kept, text[position:]]).split()).replace(" ,", ",")
