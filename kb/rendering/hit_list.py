"""Search results as lists to take away: Markdown for notes, CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from kb.records import Hit
from kb.rendering.escaping import link, markdown, one_line

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_markdown(hits: Sequence[Hit]) -> str:
    """A quotation for each hit with its paper, section and page."""
    parts = []
    for hit in hits:
        place = ", ".join([*hit.section, *([f"p. {hit.page}"] if hit.page else [])])
        title = markdown(hit.paper.title)
        address = link(hit.paper.url or "")
        head = f"[{title}]({address})" if address else title
        authors = markdown(", ".join(hit.paper.authors))
        year = f" ({hit.paper.published.year})" if hit.paper.published else ""
        parts.append(f"**{head}**  \n{authors}{year}\n\n> {markdown(hit.text)}\n\n{markdown(place)}\n")
    return "\n".join(parts)


def to_csv(hits: Sequence[Hit]) -> str:
    """One line a hit; a cell that a spreadsheet would read as a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["rank", "score", "id", "title", "authors", "published", "venue", "section", "page", "text"])
    for hit in hits:
        paper = hit.paper
        day = paper.published.date().isoformat() if paper.published else ""
        row = [
            hit.rank, f"{hit.score:.6f}", paper.id, paper.title, "; ".join(paper.authors), day, paper.venue or "",
            " › ".join(hit.section), hit.page or "", hit.text,
        ]  # fmt: skip
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = one_line(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
