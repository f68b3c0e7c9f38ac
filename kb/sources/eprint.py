"""What arXiv's feed and API say alike of a paper: whether it is withdrawn, and where its links lead."""

from __future__ import annotations

import re

from kb.records import Link
from kb.sources.links import links_of

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
_NOTICE_CHARACTERS = 120  # a withdrawal stands at the head of an abstract; further on it is somebody else's


def says_withdrawn(*, comment: str | None = None, abstract: str | None = None) -> bool:
    """Whether the comment, or the first sentences of the abstract, say that arXiv's paper is withdrawn."""
    if comment and any(pattern.search(" ".join(comment.split())) for pattern in _WITHDRAWN):
        return True
    head = " ".join((abstract or "").split())[:400]
    return any(_opens(pattern, head) for pattern in _WITHDRAWN)


def links_to(
    identifier: str, version: int | None, *, has_pdf: bool, doi: str | None, abstract: str | None, comment: str | None
) -> tuple[Link, ...]:
    """PDF, publisher's page by DOI, and the code and project pages that abstract and comment name.

    arXiv's HTML is not among them: neither feed nor API says whether a paper has it, and not every paper does.
    """
    name = identifier if version is None else f"{identifier}v{version}"
    links = [Link(kind="pdf", url=f"https://arxiv.org/pdf/{name}", source="arxiv")] if has_pdf else []
    if doi is not None:
        links.append(Link(kind="doi", url=f"https://doi.org/{doi.removeprefix('doi:')}", source="arxiv"))
    return (*links, *links_of((abstract, comment), source="arxiv"))


def _opens(pattern: re.Pattern[str], head: str) -> bool:
    """Whether the pattern stands in the first sentence, near its beginning."""
    found = pattern.search(head)
    return (
        found is not None
        and found.start() < _NOTICE_CHARACTERS
        and not re.search(r"[.!?]\s+[A-Z]", head[: found.start()])
    )
