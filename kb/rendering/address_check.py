"""The addresses of an entry against the record and the stored text; the missing ones; what an address says itself."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kb.errors import BadIdentifier
from kb.ids import parse_arxiv_id
from kb.links import IN_PROSE, web_address
from kb.records import Language, Paper
from kb.rendering.entries import note_links, source_address
from kb.rendering.labels import LABELS
from kb.rendering.page_records import ReadEntry, ReadPage
from kb.rendering.tally import CheckTally, Sources, nearest
from kb.text import one_line

_QUOTATIONS = ("sentence", "quote")


def check_addresses(entry: ReadEntry, page: ReadPage, paper: Paper, sources: Sources, tally: CheckTally) -> None:
    """Look all of them up; ``paper`` is the record in the version that the entry shows."""
    allowed = known_addresses(paper, page.language)
    quoted = _quoted_addresses(paper, sources) if any(where in _QUOTATIONS for where, _ in entry.links) else set()
    for where, address in entry.links:
        tally.checked += 1
        number = arxiv_number(address)
        if number is not None and paper.id.startswith("arxiv:") and where not in ("abstract",):
            _check_arxiv_address(paper, number, address, allowed, tally, where=where)
        elif bare_address(address) not in allowed and not (where in _QUOTATIONS and bare_address(address) in quoted):
            tally.add("link", address, nearest(address, sorted(allowed.values())), where=where)
    _check_missing(entry, paper, tally)


def _quoted_addresses(paper: Paper, sources: Sources) -> set[str]:
    """The bare forms of the addresses in the paper's stored text, each as a page would link it."""
    return {
        bare_address(address)
        for chunk in sources.chunks(paper.id)
        for address in IN_PROSE.findall(one_line(chunk.text))
    }


def _check_arxiv_address(
    paper: Paper,
    number: tuple[str, int | None],
    address: str,
    allowed: Mapping[str, str],
    tally: CheckTally,
    *,
    where: str,
) -> None:
    identifier, version = number
    if f"arxiv:{identifier}" != paper.id and f"arxiv:{identifier}" not in paper.aliases:
        if bare_address(address) not in allowed:
            tally.add("id", identifier, paper.id.removeprefix("arxiv:"), where=where)
    elif version is not None and paper.version is not None and version != paper.version:
        tally.add("version", f"v{version}", f"v{paper.version}", where=where)


def _check_missing(entry: ReadEntry, paper: Paper, tally: CheckTally) -> None:
    """Links that a page names without an address, and the link to the paper itself."""
    own = paper.id.removeprefix("arxiv:") if paper.id.startswith("arxiv:") else None
    for name, told in entry.missing_links:
        tally.checked += 1
        is_code = re.search(r"git|code|代码", name, re.IGNORECASE) is not None
        stated = [link.url for link in paper.links if link.kind == "code"]
        if not is_code and own:
            tally.add("link", told, f"https://arxiv.org/abs/{own}", where=f"note, {name}")
        elif stated and is_code:
            tally.add("link", told, stated[0], where=f"note, {name}")
        else:
            tally.add("placeholder", f"{name}: {told}", LABELS["en"]["not stated"], where="note")
    source = source_address(paper)
    if source and not entry.pages and not any(where == "source" for where, _ in entry.links):
        tally.add("link", "", source, where="source")


def known_addresses(paper: Paper, language: Language) -> dict[str, str]:
    """Bare form to address of every link that the record bears out."""
    told = [address for _, address in note_links(paper, language)]
    told += [link.url for link in paper.links if web_address(link.url)]
    told += [address for address in (source_address(paper), paper.url, paper.license) if address]
    for text in (paper.abstract, paper.comment or "", paper.title, paper.venue or "", *paper.authors):
        told += [match[0] for match in IN_PROSE.finditer(one_line(text))]
    if paper.id.startswith("arxiv:"):
        told.append(f"https://arxiv.org/abs/{paper.id.removeprefix('arxiv:')}")
    told += [f"https://doi.org/{alias.removeprefix('doi:')}" for alias in paper.aliases if alias.startswith("doi:")]
    return {bare_address(address): address for address in told}


def bare_address(address: str) -> str:
    """An address without what does not matter for where it leads."""
    plain = re.sub(r"%7B|%7D|%28|%29|%5B|%5D", lambda m: chr(int(m[0][1:], 16)), address.strip(), flags=re.IGNORECASE)
    return re.sub(r"^https?://(?:www\.)?|[/.,;]+$|\.git$", "", plain)


def arxiv_number(address: str) -> tuple[str, int | None] | None:
    """Id and version of an address on arXiv; None for another."""
    try:
        return parse_arxiv_id(address)
    except BadIdentifier:
        return None
