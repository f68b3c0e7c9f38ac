"""The addresses of an entry against the record and the stored text; the missing ones too."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kb.links import IN_PROSE
from kb.records import Language, Paper
from kb.rendering.comparing_texts import nearest
from kb.rendering.entries import source_address
from kb.rendering.known_addresses import arxiv_number, bare_address, known_addresses
from kb.rendering.labels import LABELS
from kb.rendering.page_records import ReadEntry, ReadPage
from kb.rendering.tally import CheckTally, Sources
from kb.text import one_line

_QUOTATIONS = ("sentence", "quote")


def check_addresses(entry: ReadEntry, page: ReadPage, paper: Paper, sources: Sources, tally: CheckTally) -> None:
    """Look all of them up; ``paper`` is the record in the version that the entry shows."""
    language: Language = "zh" if page.language == "zh" else "en"
    allowed = known_addresses(paper, language)
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
