"""What feeds, mails and pages of topics say of a paper besides record and note: item, days, reasons, changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from kb.records import Paper
from kb.rendering.comparing_texts import flat, nearest
from kb.rendering.entries import item_name, paper_anchor
from kb.rendering.page_records import ReadEntry, ReadPage
from kb.rendering.tally import CheckTally, Exists, Found, Sources
from kb.text import one_line


def check_item(
    entry: ReadEntry, page: ReadPage, paper: Paper, sources: Sources, tally: CheckTally, *, exists: Exists | None
) -> None:
    """Look all of it up; ``paper`` is the record in the version that the entry shows."""
    for faults in (_item(entry, page, paper), _topical(entry, paper, sources), _own_pages(entry, page, paper, exists)):
        for fault in faults:
            tally.add(fault.field, fault.found, fault.expected, where=fault.where)
    tally.checked += len(entry.days) + len(entry.moments) + len(entry.categories) + len(entry.pages)
    tally.checked += len(entry.why) + len(entry.changes) + bool(entry.item)


def _item(entry: ReadEntry, page: ReadPage, paper: Paper) -> Iterator[Found]:
    """The name of a feed's item, its days, its categories."""
    if entry.item and entry.item != item_name(paper):
        yield _differing_name(entry.item, item_name(paper))
    known = {day.isoformat() for day in paper.announced} | {last for _, _, last in page.days}
    for where, day in entry.days:
        if day not in known:
            yield Found("date", day, min(known, default="no date"), where)
    published = paper.published.isoformat() if paper.published else "no date"
    for where, moment in entry.moments:
        if moment != published:
            yield Found("date", moment, published, where)
    for category in entry.categories:
        if category not in paper.categories:
            yield Found("categories", category, ", ".join(paper.categories), "categories")


def _topical(entry: ReadEntry, paper: Paper, sources: Sources) -> Iterator[Found]:
    """Why the topic has it, and what is new in its version."""
    for reason in entry.why:
        yield from (Found(*fault, "why") for fault in sources.faults_of_reason(reason, paper))
    changes = sources.changes(paper) if entry.changes else ()
    known = {one_line(change) for change in changes}
    for change in entry.changes:
        if flat(change) not in known:
            yield Found("changes", change, nearest(change, changes) or "no change", "changes")


def _own_pages(entry: ReadEntry, page: ReadPage, paper: Paper, exists: Exists | None) -> Iterator[Found]:
    """An address of our own site must lead to the paper's place on a page that is there."""
    for address in entry.pages:
        path, _, anchor = unquote(address.removeprefix(page.site).lstrip("/")).partition("#")
        if anchor != paper_anchor(paper):
            yield Found("link", address, f"#{paper_anchor(paper)}", "item")
        elif exists is not None and not exists("../" * page.up + path):
            yield Found("link", address, "a page that is there", "item")


def _differing_name(told: str, expected: str) -> Found:
    """The fault of an item's name: its id, else its version."""
    pattern = r"urn:kb:(?:arxiv:)?(?P<id>.*?)(?P<version>v\d+)?"
    found, true = re.fullmatch(pattern, told), re.fullmatch(pattern, expected)
    if found is None or true is None:
        return Found("id", told, expected, "item")
    if found["id"] != true["id"]:
        return Found("id", found["id"], true["id"], "item")
    return Found("version", found["version"] or "no version", true["version"] or "no version", "item")
