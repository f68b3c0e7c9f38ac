"""Search results to take away: nothing of a paper becomes a formula or markup."""

from __future__ import annotations

import csv
import io

from kb.records import Hit, Paper
from kb.rendering.single import hits_to_csv, hits_to_markdown

PAPER = Paper(id="record:1", title="=HYPERLINK(1) <script> *x*", authors=("+1", "B"), url="javascript:alert(1)")
HIT = Hit(
    rank=1, score=0.5, found_by=("lexical",), paper=PAPER, chunk_id="c", section=("-1", "Method"), page=3,
    text="@SUM(1)\n<b>bold</b> [x](y)",
)  # fmt: skip


def test_no_cell_is_a_formula() -> None:
    head, row = csv.reader(io.StringIO(hits_to_csv([HIT])))
    cells = dict(zip(head, row, strict=True))
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
    assert cells["title"] == "'=HYPERLINK(1) <script> *x*"
    assert (cells["page"], cells["text"]) == ("3", "'@SUM(1) <b>bold</b> [x](y)")


def test_markdown_shows_text_and_no_link_of_another_scheme() -> None:
    text = hits_to_markdown([HIT])
    assert "<script>" not in text
    assert "<b>" not in text
    assert "javascript" not in text
    assert "p. 3" in text
