"""Canonical ids of papers: arXiv ids, DOIs, and ids that are functions of content."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import filterfalse

from kb.errors import BadIdentifier

# New scheme since April 2007 (4 digits, 5 since 2015); old scheme archive[.subject]/yymmnnn.
# https://info.arxiv.org/help/arxiv_identifier.html
_NEW = r"(?P<new>\d{2}(?:0[1-9]|1[0-2])\.\d{4,5})"
_OLD = r"(?P<old>[a-z][a-z-]*(?:\.[A-Za-z]{2})?/\d{2}(?:0[1-9]|1[0-2])\d{3})"
_ARXIV = re.compile(rf"(?:{_NEW}|{_OLD})(?:v(?P<version>[1-9]\d{{0,2}}))?", re.ASCII)
_ARXIV_URL = re.compile(
    r"^(?:https?://)?(?:www\.|export\.)?(?:arxiv\.org|ar5iv\.(?:org|labs\.arxiv\.org))/"
    r"(?:abs|pdf|html|format|e-print|src)/(?P<rest>[^?#]+?)(?:\.pdf)?/?(?:[?#].*)?$",
    re.IGNORECASE,
)
_DOI = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(?P<doi>10\.\d{4,9}/\S+)$", re.IGNORECASE)
_ARXIV_DOI = re.compile(r"^10\.48550/arxiv\.(?P<rest>.+)$", re.IGNORECASE)
_WORDS = re.compile(r"[^\W_]+")


def parse_arxiv_id(text: str) -> tuple[str, int | None]:
    """Read an arXiv id or address: ``"https://arxiv.org/abs/2402.19481v2"`` -> ``("2402.19481", 2)``.

    Accepts ``arXiv:`` prefixes, old ids (``hep-th/9901001``; the subject class of ``math.GT/0309136`` is kept
    as arXiv prints it without: ``math/0309136``) and addresses of abs, pdf and html pages.

    Raises:
        BadIdentifier: when it is none of these.
    """
    cleaned = text.strip()
    if match := _ARXIV_URL.match(cleaned):
        cleaned = match["rest"]
    cleaned = re.sub(r"^arxiv:\s*", "", cleaned, flags=re.IGNORECASE)
    match = _ARXIV.fullmatch(cleaned)
    if match is None:
        raise BadIdentifier(f"{text.strip()[:80]!r} is not an arXiv id: write it like 2402.19481 or hep-th/9901001")
    identifier = match["new"] or re.sub(r"\.[A-Za-z]{2}/", "/", match["old"])
    return identifier, int(match["version"]) if match["version"] else None


def is_arxiv_id(text: str) -> bool:
    """Whether ``parse_arxiv_id`` would read it."""
    try:
        parse_arxiv_id(text)
    except BadIdentifier:
        return False
    return True


def arxiv_key(identifier: str) -> str:
    """``"2402.19481v2"`` -> ``"arxiv:2402.19481"``."""
    return f"arxiv:{parse_arxiv_id(identifier)[0]}"


def doi_key(doi: str) -> str | None:
    """``"https://doi.org/10.1/ABC."`` -> ``"doi:10.1/abc"``; arXiv's own DOIs give the arXiv key; else None."""
    match = _DOI.match(doi.strip())
    if match is None:
        return None
    bare = match["doi"].rstrip(".,;)]}>\"'").lower()
    if (ours := _ARXIV_DOI.match(bare)) and is_arxiv_id(ours["rest"]):
        return arxiv_key(ours["rest"])
    return f"doi:{bare}"


OWN_SCHEMES = ("doi:", "record:", "file:", "title:", "beir:")  # ids that are given here, not by arXiv
_NAME_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv"))


@lru_cache(maxsize=1 << 12)
def fold(text: str) -> str:
    """Lower case, no accents, runs of letters and digits joined by one space: for comparing titles and names."""
    if text.isascii():  # most names and titles: nothing to decompose
        return " ".join(_WORDS.findall(text.lower()))
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(filterfalse(unicodedata.combining, decomposed))
    return " ".join(_WORDS.findall(bare))


def record_key(title: str, authors: Sequence[str]) -> str:
    """``record:<hash>`` of the normalised title and authors, for records without any other id."""
    basis = "\n".join([fold(title), *(fold(author) for author in authors)])
    return f"record:{hashlib.sha256(basis.encode()).hexdigest()[:16]}"


def title_key(title: str, first_author: str) -> str:
    """``title:<hash>`` of the normalised title and the first author's family name.

    Sources print given names each in their way ("Dan", "Daniel", "D.") and cut long lists of authors: this key is
    the same for all of them. It says less than an id, so it is only ever an alias.
    """
    names = [name for name in fold(first_author).split() if name not in _NAME_SUFFIXES]
    basis = f"{fold(title)}\n{names[-1] if names else ''}"
    return f"title:{hashlib.sha256(basis.encode()).hexdigest()[:16]}"


def file_key(sha256: str) -> str:
    """``file:<sha256 prefix>`` for a file that states no id."""
    return f"file:{sha256[:16]}"


def paper_key(text: str) -> str:
    """The canonical id that a user's text stands for: keys as they are, arXiv ids and addresses, DOIs.

    Raises:
        BadIdentifier: when it is none of these.
    """
    cleaned = text.strip()
    if re.match(r"^(record|file):[0-9a-f]{4,64}$", cleaned):
        return cleaned
    if key := doi_key(cleaned):
        return key
    return arxiv_key(cleaned)
