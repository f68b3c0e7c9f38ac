"""What a page without print says of itself: ids, names, own links, keywords."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kb.errors import BadIdentifier
from kb.ids import arxiv_key, doi_key, parse_arxiv_id
from kb.links import host_kind, names_a_thing, same_address, without_punctuation
from kb.parsing.elements import Element, inline_text
from kb.records import Link, SourceName
from kb.structure import KEYWORDS

_SITE_ARXIV = re.compile(
    r"^(?:https?://(?:www\.|export\.)?(?:arxiv\.org|ar5iv\.(?:org|labs\.arxiv\.org)))?/(?:abs|html|pdf)/(.+)$", re.I
)
_WATERMARK = re.compile(r"^\s*arXiv:(\S+?)\s+\[[\w.-]+\]\s+\d{1,2} \w{3} \d{4}")
_OWN_WORDS = re.compile(
    r"\b(?:our|we)\b[^.]{0,120}\b(?:code|implementation|models?|datasets?|release[ds]?|available|page|repository)\b"
    r"|\b(?:code|implementation|models?|datasets?|demo|page|website|repository)\b[^.]{0,90}"
    r"(?:available|released|open[- ]sourced?|found|:|\bat\b)"
    r"|\b(?:publicly|freely|openly) (?:available|released)|open[- ]sourced?|project page",
    re.I,
)
_NOT_A_NAME = re.compile(
    r"\d|@|universit|institut|laborator|\blabs?\b|depart|college|school|academy|\binc\b|research|google|microsoft"
    r"|\bmeta\b|facebook|amazon|apple|nvidia|openai|deepmind|\bibm\b|cent(?:er|re)\b|hospital|faculty|\bteam\b|equal"
    r"|contribut",
    re.I,
)
MARKED_KEYWORDS = re.compile(rf"^[*_\s]*{KEYWORDS}[*_\s]*[:.—–-]+[*_\s]*", re.I)
_NAME_WORD = re.compile(r"[^\W\d_][\w'’.-]*$")


def ids_of(
    addresses: Iterable[str], meta: Sequence[tuple[str, str]], texts: Iterable[str]
) -> tuple[tuple[str, ...], int | None]:
    """Canonical ids and arXiv version that the page states of itself: its own address, its head, arXiv's stamp."""
    arxiv: str | None = None
    version: int | None = None
    candidates = [match[1].strip("/") for address in addresses if (match := _SITE_ARXIV.match(address))]
    candidates += [content for name, content in meta if name == "citation_arxiv_id"]
    candidates += [match[1] for text in texts if (match := _WATERMARK.match(text))]
    for candidate in candidates:
        try:
            found, stated = parse_arxiv_id(candidate.removesuffix(".pdf"))
        except BadIdentifier:
            continue
        arxiv = arxiv or arxiv_key(found)
        if arxiv == arxiv_key(found):
            version = version or stated
    stated_dois = (content for name, content in meta if name in ("citation_doi", "dc.identifier", "prism.doi"))
    dois = [key for doi in stated_dois if (key := doi_key(doi))]
    return tuple(dict.fromkeys([*([arxiv] if arxiv else []), *dois])), version


def names_of(texts: Iterable[str]) -> tuple[str, ...] | None:
    """Names out of author fields, in order; None as soon as one field is not clearly a name or a list of names."""
    names: list[str] = []
    for text in texts:
        for part in re.split(r"\s*(?:[,;&]|\band\b)\s*", text):
            name = part.strip(" *†‡§¶∗·")
            if not name:
                continue
            words = name.split()
            if not 2 <= len(words) <= 5 or _NOT_A_NAME.search(name) or not all(map(_NAME_WORD.match, words)):
                return None
            if not (words[0][0].isupper() and words[-1][0].isupper()) and name.isascii():
                return None
            names.append(name)
    return tuple(names) or None


def own_links(elements: Iterable[Element], *, everywhere: bool, source: SourceName) -> tuple[Link, ...]:
    """Links to code and project that stand in the elements: all of them, or only those beside words like "our code"."""
    found: dict[str, Link] = {}
    for element in elements:
        anchors = [a.attributes.get("href", "").strip() for a in element.walk() if a.tag == "a"]
        anchors = [address for address in anchors if _is_web(address) and names_a_thing(address)]
        if anchors and (everywhere or _OWN_WORDS.search(inline_text(element))):
            _add_links(found, anchors, source=source)
    return tuple(found.values())


def links_in(texts: Iterable[str], *, source: SourceName) -> tuple[Link, ...]:
    """The same for texts without anchors: addresses beside words like "our code", punctuation after them cut."""
    found: dict[str, Link] = {}
    for text in texts:
        if _OWN_WORDS.search(text):
            _add_links(found, re.findall(r"https?://[^\s<>\"{}|\\^`\[\]]+", text), source=source)
    return tuple(found.values())


def _add_links(found: dict[str, Link], addresses: Iterable[str], *, source: SourceName) -> None:
    for address in map(without_punctuation, addresses):
        kind = host_kind(address) if names_a_thing(address) else None
        if kind is not None:
            found.setdefault(same_address(address), Link(kind=kind, url=address, source=source))


def _is_web(address: str) -> bool:
    return address.lower().startswith(("https://", "http://"))


def split_keywords(text: str) -> tuple[str, ...] | None:
    """``"Keywords: a; b, c."`` -> ``("a", "b, c")``: split at the strongest sign there is."""
    bare = MARKED_KEYWORDS.sub("", text)
    sign = next((sign for sign in (";", "·", "•", "|", ",") if sign in bare), ",")
    parts = [part.strip(" .") for part in bare.split(sign)]
    words = tuple(dict.fromkeys(part for part in parts if part))
    return words if words and all(len(word) <= 80 for word in words) else None
