"""Canonical ids of papers: arXiv ids, DOIs, and ids that are functions of content.

An arXiv id is known by its form, wherever it stands: in an address of whatever site, a DOI, a printed stamp.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import filterfalse
from urllib.parse import unquote

from kb.errors import BadIdentifier
from kb.text import INVISIBLE

# https://info.arxiv.org/help/arxiv_identifier.html: since April 2007 the month and a number, of four digits until
# 2014 (people put a zero before them) and of five since; before that archive[.subject]/yymmnnn, the archives of that
# time being a closed list.
_MONTH = r"(?:0[1-9]|1[0-2])"
_ARCHIVES = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|cond-mat|cs|dg-ga"
    "|funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math-ph|math|mtrl-th|nlin|nucl-ex|nucl-th|patt-sol|physics|plasm-ph"
    "|q-alg|q-bio|quant-ph|solv-int|supr-con"
)
_FOUR = rf"(?:07(?:0[4-9]|1[0-2])|0[89]{_MONTH}|1[0-4]{_MONTH})\.0?\d{{4}}"
_FIVE = rf"(?:1[5-9]|[2-8]\d){_MONTH}\.\d{{5}}"
_NEW = rf"(?P<new>{_FOUR}|{_FIVE})"
_OLD = rf"(?P<archive>{_ARCHIVES})(?:\.[a-z]{{2,8}}(?:-[a-z]{{2,8}})?)?[/_](?P<number>(?:9[1-9]|0[0-7]){_MONTH}\d{{3}})"
_VERSION = r"(?:[ _]?v(?P<version>[1-9]\d{0,2})(?![a-z\d]))?"
_PLAIN = re.compile(rf"(?:arxiv:\s*)?(?:{_NEW}|{_OLD}){_VERSION}", re.ASCII | re.IGNORECASE)
# In running text neither digits nor letters touch an id (save "arXiv"), nor does the sign of a currency.
_ANYWHERE = re.compile(
    rf"(?:(?<![a-z\d])|(?<=arxiv))(?<!\d\.)(?<![$€£¥])(?<![$€£¥] )(?:{_NEW}|(?<!-){_OLD}){_VERSION}"
    r"(?!\.?\d|[a-z]|\s?[%€£¥])",
    re.ASCII | re.IGNORECASE,
)
# As catalogs write the number into their own keys: ADS (2024arXiv240219481L), DBLP (corr/abs-2402-19481).
_IN_KEYS = re.compile(
    r"(?<![a-z\d])\d{4}arxiv(?P<ads>\d{4}\.?\d{4,5})[a-z](?![a-z\d])"
    r"|\bcorr/abs-(?P<dblp>\d{4}-\d{4,5})(?![\d-])",
    re.ASCII | re.IGNORECASE,
)
# A DOI of somebody else, whose digits may look like an id. arXiv's own are those of 10.48550.
_OTHER_DOI = re.compile(r"(?<![\d.])10\.(?!48550/)\d{4,9}/(?:(?!arxiv:)[^\s&?#\"'<>|])+", re.IGNORECASE)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_LAYERS = 3  # an address in an address in an address
_DOI = re.compile(r"^(?:(?:https?://)?(?:dx\.|www\.)?doi\.org/|doi\s*:?\s*)?(?P<doi>10\.\d{4,9}/\S+)$", re.IGNORECASE)
_ARXIV_DOI = re.compile(r"^10\.48550/arxiv\.(?P<rest>.+)$", re.IGNORECASE)
_WORDS = re.compile(r"[^\W_]+")


def find_arxiv_ids(text: str) -> list[tuple[str, int | None]]:
    """The arXiv ids in a text, each once and in their order, with their versions where those are stated.

    What only looks like an id is none: a number that is part of a longer one, another month than the twelve, the
    DOI of another publisher, a price. Percent-encoded addresses are looked into. Linear in the text.
    """
    found: dict[tuple[str, int | None], None] = {}
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    for _ in range(_LAYERS):
        if "%" not in text or (decoded := unquote(text)) == text:
            break
        text = decoded
    without_others = _OTHER_DOI.sub(" ", text)
    stated = [(match.start(), _read(match)) for match in _ANYWHERE.finditer(without_others)]
    for match in _IN_KEYS.finditer(without_others):
        number = re.sub(r"\D", "", match["ads"] or match["dblp"])
        if plain := _PLAIN.fullmatch(f"{number[:4]}.{number[4:]}"):
            stated.append((match.start(), _read(plain)))
    for _, one in sorted(stated, key=lambda pair: pair[0]):
        found.setdefault(one)
    versioned = {identifier for identifier, version in found if version is not None}
    return [one for one in found if one[1] is not None or one[0] not in versioned]


def parse_arxiv_id(text: str) -> tuple[str, int | None]:
    """The one arXiv id that a text carries: ``"https://arxiv.org/abs/2402.19481v2"`` -> ``("2402.19481", 2)``.

    Any address, DOI, stamp or other text that holds exactly one id is read; the subject class of ``math.GT/0309136``
    is left out as arXiv prints it: ``math/0309136``.

    Raises:
        BadIdentifier: when it carries none, saying what it is instead, or more than one, naming both.
    """
    cleaned = text.strip()
    if plain := _PLAIN.fullmatch(cleaned):
        return _read(plain)
    found = find_arxiv_ids(cleaned)
    if not found:
        raise BadIdentifier(_refusal(cleaned))
    if len(found) > 1:
        first, second = (identifier + (f"v{version}" if version else "") for identifier, version in found[:2])
        more = f" and {len(found) - 2} more" if len(found) > 2 else ""
        raise BadIdentifier(f"{_shown(cleaned)} names {first} and {second}{more}: give them one by one")
    return found[0]


def _read(match: re.Match[str]) -> tuple[str, int | None]:
    identifier = match["new"] or f"{match['archive'].lower()}/{match['number']}"
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


OWN_SCHEMES = ("doi:", "record:", "file:", "beir:")  # ids that are given here, not by arXiv


@lru_cache(maxsize=1 << 12)
def plain_words(text: str) -> str:
    """Lower case, no accents, runs of letters and digits joined by one space.

    Ids are hashes of it, so it never changes. Whether two names or titles are the same, in spellings that languages
    and typesetting tell apart, is for ``kb.names.fold``: ø is no o here, and an apostrophe parts.
    """
    if text.isascii():  # most names and titles: nothing to decompose
        return " ".join(_WORDS.findall(text.lower()))
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())  # ℂ is a C, then a c
    bare = "".join(filterfalse(unicodedata.combining, decomposed))
    return " ".join(_WORDS.findall(bare))


def record_key(title: str, authors: Sequence[str]) -> str:
    """``record:<hash>`` of the normalised title and authors, for records without any other id."""
    basis = "\n".join([plain_words(title), *(plain_words(author) for author in authors)])
    return f"record:{hashlib.sha256(basis.encode()).hexdigest()[:16]}"


def file_key(sha256: str) -> str:
    """``file:<sha256 prefix>`` for a file that states no id."""
    return f"file:{sha256[:16]}"


_CONTENT_KEY = re.compile(r"[0-9a-f]{64}\.[a-z]{2,4}")


def is_content_key(text: str) -> bool:
    """Whether a text is a key of the file store: the 64 hex digits of a SHA-256 and an ending, and nothing else.

    >>> is_content_key("../" + "0" * 64 + ".png")
    False
    """
    return _CONTENT_KEY.fullmatch(text) is not None


def paper_key(text: str) -> str:
    """The canonical id that a user's text stands for: keys as they are, DOIs, whatever carries one arXiv id.

    Raises:
        BadIdentifier: when it is none of these, or names more than one paper.
    """
    cleaned = text.strip()
    if re.match(r"^(record|file):[0-9a-f]{4,64}$", cleaned):
        return cleaned
    if key := doi_key(cleaned):
        return key
    return arxiv_key(cleaned)


# ------------------------------------------------------------------------------- what is no arXiv id

_NUMBER = re.compile(r"(?<!\d)(?<!\d\.)(?P<month>\d{4})\.(?P<rest>\d+)(?!\.?\d)", re.ASCII)
_ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://(?:[^/\s?#@]*@)?(?P<host>[^/\s?#:]+)|(?P<bare>(?:[a-z0-9-]+\.)+[a-z]{2,24})(?::\d+)?/)",
    re.IGNORECASE,
)
_REGISTERED = {
    "an id of PubMed": r"\bpmid\s*:?\s*\d{1,9}\b|\bpmc\d{4,9}\b|\bpubmed(?:\.ncbi\.nlm\.nih\.gov)?/\d{1,9}\b",
    "an id of the ACL Anthology": r"^(?:[a-z]\d\d-\d{4}|\d{4}\.[a-z0-9]+-[a-z0-9]+\.\d+)$",
    "an id of Semantic Scholar": r"^(?:[0-9a-f]{40}|corpusid\s*:\s*\d+)$",
    "an id of OpenAlex": r"^w\d{5,}$",
}
_ISBN = re.compile(r"(?P<said>(?:urn:)?isbn(?:-1[03])?\s*:?\s*)?(?P<digits>(?:97[89][ -]?)?(?:\d[ -]?){9}[\dx])", re.I)


def other_identifier(text: str) -> str | None:
    """What a text is that names a paper or a book, but by no arXiv id; None when it is nothing of the kind.

    >>> other_identifier("https://dl.acm.org/doi/10.1145/3366423.3380175")
    'a DOI that is no arXiv id'
    """
    cleaned = text.strip().rstrip(".,;")
    if doi_key(cleaned) or _OTHER_DOI.search(unquote(cleaned)):
        return "a DOI that is no arXiv id"
    for kind, form in _REGISTERED.items():
        if re.search(form, cleaned, re.IGNORECASE):
            return kind
    if (isbn := _ISBN.fullmatch(cleaned)) and (isbn["said"] or _is_isbn(re.sub(r"[ -]", "", isbn["digits"]))):
        return "the ISBN of a book"
    if address := _ADDRESS.match(cleaned):
        return f"an address of {(address['host'] or address['bare']).lower().removeprefix('www.')} without an arXiv id"
    return None


def is_address(text: str) -> bool:
    """Whether a text begins like an address of the web: ``https://x.org``, ``arxiv.org/abs/2402.19481``."""
    return _ADDRESS.match(text.strip()) is not None


def _is_isbn(digits: str) -> bool:
    """Whether the check digit is right."""
    values = [10 if digit in "xX" else int(digit) for digit in digits]
    if len(values) == 13:
        return 10 not in values and sum(value * (1, 3)[place % 2] for place, value in enumerate(values)) % 10 == 0
    return 10 not in values[:-1] and sum(value * (10 - place) for place, value in enumerate(values)) % 11 == 0


def _refusal(text: str) -> str:
    """Why a text is no arXiv id, and what can be done."""
    if kind := other_identifier(text):
        return f"{_shown(text)} is {kind}: add its PDF, or a .bib, .ris or .json file with its record"
    if (number := _NUMBER.search(text)) and "/" not in text:
        month, rest = number["month"], number["rest"]
        if not 1 <= int(month[2:]) <= 12:
            return f"{_shown(text)} is no arXiv id, since {month} is no year and month: check its digits"
        wanted = 4 if int(month) < 1501 else 5
        if 3 <= len(rest) <= 6 and len(rest) != wanted:
            return f"{_shown(text)} is no arXiv id: those of {month} have {wanted} digits behind the point, check them"
    return f"{_shown(text)} is not an arXiv id: write it like 2402.19481 or hep-th/9901001"


def _shown(text: str) -> str:
    text = text.encode(errors="replace").decode()
    return repr(text if len(text) <= 80 else f"{text[:77]}...")


def arxiv_month(key: str) -> tuple[int, int] | None:
    """Year and month of an arXiv id (``arxiv:2402.19481``, ``arxiv:hep-th/9901001``): when it was given; else None."""
    found = re.search(r"(?:^|[:/])(\d\d)(0[1-9]|1[0-2])(?:\.\d{4,5}|\d{3})$", key)
    if found is None:
        return None
    year = int(found[1])
    return (1900 if year > 90 else 2000) + year, int(found[2])
