"""What a paper mentions of itself: code and project links, keywords, the venue on its first page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.links import HOSTS, host_kind, link_kind, names_a_thing, same_address, without_punctuation
from kb.parsing.layout import PageLayout
from kb.parsing.page import LinkArea
from kb.records import Block, Link
from kb.structure import KEYWORDS, is_abstract

_ADDRESS = re.compile(rf"(?:https?://)?(?:www\.)?(?P<host>{HOSTS})(?P<path>(?:/[\w.\-~%+@]+){{0,5}})/?", re.IGNORECASE)
_ANY_ADDRESS = re.compile(r"https?://[\w.-]+\.[a-z]{2,}(?:/[\w.\-~%+@]*)*", re.IGNORECASE)
_OWN = re.compile(
    r"(?<![A-Za-z])(?:our|we)\b[^.]{0,120}\b(?:code|implementation|models?|data|datasets?|release[ds]?|available|page|repository|website)"
    r"|(?<![A-Za-z])(?:code|implementation|models?|data|datasets?|demo|page|website|repository|access)\b[^.]{0,90}"
    r"(?:available|released|open[- ]sourced?|found|:|\bat\b|https?:)"
    r"|\b(?:publicly|freely|openly) (?:available|released)|open[- ]sourced?|project page",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"\b(?:by|from) (?:the|its|their) (?:original )?authors?"
    r"|(?<!code )(?<!that )\bwe (?:use|used|follow|followed|adopt|adopted|employ)\b"
    r"|\b(?:implementation|code|version) (?:of|from|by|provided)\b|provided by|\busing the\b",
    re.IGNORECASE,
)
_KEYWORDS = re.compile(
    rf"^{KEYWORDS}\s*[:.—–-]*\s*(?P<rest>.*)$",
    re.DOTALL,
)
_KEYWORDS_IN_NOTES = re.compile(r"(?<=[.\d] )Key words and phrases\.")
_VENUE = re.compile(
    r"(?P<proceedings>(?:In )?Proceedings of [^,.;]{8,160})"
    r"|(?P<conference>\d{1,3}(?:st|nd|rd|th) (?:International |Annual |European )?(?:Conference|Workshop|Symposium) on "
    r"[^.;]{5,120}?\(.{2,14}\))"
    r"|Published as a (?:conference|workshop) paper at (?P<published>[A-Z]{2,10} ?\d{4})"
    r"|Published in (?P<journal>(?:Transactions|Journal) [^(.;]{5,90}\(\d{1,2}/\d{4}\))"
)
_NEAR_CHARS = 240


def read_links(blocks: Sequence[Block], areas: Sequence[LinkArea]) -> tuple[Link, ...]:
    """Code and project links that the paper calls its own, with their page.

    Link annotations first (they hold the whole address), then addresses in the healed text. Counted as own: in the
    front matter or abstract, a footnote of the first page that is only an address, or beside words like "our code"
    or "available at".
    """
    found: dict[str, Link] = {}
    for block in blocks:
        if block.kind in ("reference", "table", "code") or block.page is None:
            continue
        for url, page, context in _mentioned(block, areas):
            address = _canonical(url)
            kind = host_kind(address) if address else None
            if address and kind and _is_own(block, page, context):
                found.setdefault(same_address(address), Link(kind=kind, url=address, page=page, source="pdf"))
        for link in _announced(block):
            found.setdefault(same_address(link.url), link)
    return tuple(found.values())


def _announced(block: Block) -> list[Link]:
    """Addresses on any host that the front matter or the abstract calls the project, the demo or the code."""
    if not _is_opening(block, block.page or 9):
        return []
    found = []
    for match in _ANY_ADDRESS.finditer(block.text):
        address = without_punctuation(match[0])
        kind = link_kind(address, block.text[: match.start()]) if host_kind(address) is None else None
        if kind is not None:
            found.append(Link(kind=kind, url=address, page=_page_at(block, match.start()), source="pdf"))
    return found


def _mentioned(block: Block, areas: Sequence[LinkArea]) -> list[tuple[str, int, str]]:
    """(address, page, text around it) of a block, from annotations over its lines, else from its text."""
    found: list[tuple[str, int, str]] = []
    for area in areas:
        if not _ADDRESS.match(area.url):
            continue
        for line in block.lines:
            over = line.page == area.page and area.x0 < line.x1 and area.x1 > line.x0
            if over and min(line.y1, area.y1) - max(line.y0, area.y0) > 0.5 * (line.y1 - line.y0):
                found.append((area.url, area.page, block.text[max(0, line.start - _NEAR_CHARS) : line.end + 60]))
                break
    if not found:
        for match in _ADDRESS.finditer(block.text):
            context = block.text[max(0, match.start() - _NEAR_CHARS) : match.end() + 60]
            found.append((match[0], _page_at(block, match.start()), context))
    return found


def _page_at(block: Block, at: int) -> int:
    pages = [line.page for line in block.lines if line.start <= at]
    return pages[-1] if pages else block.page or 1


def _canonical(url: str) -> str | None:
    match = _ADDRESS.match(url)
    if match is None or not names_a_thing(match[0]):
        return None  # a person or an organisation, not a thing
    path = match["path"].rstrip("./").removesuffix(".git")
    return f"https://{match['host'].lower()}{path}"


def _is_opening(block: Block, page: int) -> bool:
    """Whether the block stands in the front matter or in the abstract."""
    abstract = bool(block.section) and is_abstract(block.section[-1])
    return block.kind == "front" or (abstract and page <= 2)


def _is_own(block: Block, page: int, context: str) -> bool:
    if _is_opening(block, page):
        return True
    if page == 1 and block.kind == "footnote" and len(block.text) < 90:
        return True
    return bool(_OWN.search(context)) and not _OTHERS.search(context)


def read_keywords(blocks: Sequence[Block]) -> tuple[str, ...] | None:
    """Keywords that the paper prints on its first two pages, in order; None when it prints none."""
    early = [block for block in blocks if (block.page or 99) <= 2]
    for at, block in enumerate(early):
        inside = _KEYWORDS_IN_NOTES.search(block.text) if block.kind == "footnote" else None
        match = _KEYWORDS.match(block.text[inside.start() :] if inside else block.text)
        if match is None or block.kind not in ("paragraph", "heading", "front", "list", "footnote"):
            continue
        text = match["rest"].strip()
        after = early[at + 1] if at + 1 < len(early) else None
        if not text and after is not None and after.kind in ("paragraph", "front", "list"):
            text = after.text
        parts = [part.strip(" .\n") for part in re.split(r"[;,·•⋅|]| – ", text)]
        words = [part for part in parts if part]
        if 1 < len(words) <= 25 and all(len(word) <= 70 for word in words):
            return tuple(words)
    return None


def read_venue(page: PageLayout, *, title: str | None = None) -> str | None:
    """The venue that head, foot or front matter of the first page names; None when it names none.

    Args:
        page: the first page, front matter and furniture marked.
        title: the paper's title, at which the venue ends where both stand in one line.
    """
    lines = [p for p in page.placed if p.role in ("furniture", "front", "footnote") and p.line.upright]
    text = " ".join(p.line.text for p in sorted(lines, key=lambda placed: placed.order))
    if re.search(r"under review|submitted to", text, re.IGNORECASE):
        return None
    match = _VENUE.search(text)
    if match is None:
        return None
    venue = next(group for group in match.groups() if group)
    if title and title[:30] in venue:
        venue = venue[: venue.index(title[:30])]
    return re.sub(r"^In ", "", venue).strip(" ,")
