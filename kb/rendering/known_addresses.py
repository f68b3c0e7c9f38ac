"""The addresses that a record bears out, and what an address says of its paper."""

from __future__ import annotations

import re

from kb.errors import BadIdentifier
from kb.ids import parse_arxiv_id
from kb.links import IN_PROSE, web_address
from kb.records import Language, Paper
from kb.rendering.entries import note_links, source_address
from kb.text import one_line


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
    try:
        return parse_arxiv_id(address)
    except BadIdentifier:
        return None


def stated_version(address: str) -> int | None:
    number = arxiv_number(address)
    return number[1] if number else None
