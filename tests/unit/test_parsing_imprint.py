"""Where and when a paper was published is what its first page prints of it, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.parsing.first_page import read_arxiv, read_imprint
from tests.printed_pages import Printed, laid_out, prose


@pytest.mark.parametrize(
    ("foot", "venue"),
    [
        ("Published as a conference paper at ICLR 2024", "ICLR 2024"),
        (
            "Proceedings of the 58th Annual Meeting of Examples, pages 1–9",
            "Proceedings of the 58th Annual Meeting of Examples",
        ),
        ("Under review as a conference paper at ICLR 2024", None),
        ("Words that name no venue", None),
    ],
)
def test_the_venue_is_what_head_or_foot_of_the_first_page_names(foot: str, venue: str | None) -> None:
    (page,), _ = laid_out([*prose(72, 100, 20), Printed(72, 770, foot)])
    page.placed[-1].role = "furniture"
    assert read_imprint(page).venue == venue


@pytest.mark.parametrize(
    ("row", "venue", "year"),
    [
        ("Annals of Garden Physics 14 (2013) 221–230", "Annals of Garden Physics", 2013),
        ("Garden Letters, Vol. 12, No. 3, March 1998", "Garden Letters", 1998),
        ("© 2019 The Authors. Published by Elsevier.", None, 2019),
        ("Preprint", None, None),
        ("Under review as a conference paper at ICLR 2025", None, None),
        ("Submitted to Garden Transactions, 2020", None, None),
        ("A PREPRINT - JANUARY 5, 2024", None, 2024),
        ("arXiv preprint, 2021", None, 2021),
    ],
)
def test_venue_and_year_are_those_of_a_line_that_is_judged_an_imprint(row: str, venue: str | None, year: int) -> None:
    (page,), _ = laid_out([*prose(72, 100, 20), Printed(72, 770, row)])
    page.placed[-1].role, page.placed[-1].line_kind = "furniture", "imprint"
    assert read_imprint(page) == (venue, year)


def test_years_in_running_text_are_no_year_of_the_paper() -> None:
    (page,), _ = laid_out([*prose(72, 100, 20), Printed(72, 500, "as Lovelace said in 1843, engines weave")])
    assert read_imprint(page).year is None


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("arXiv:2501.10120v1 [cs.IR] 17 Jan 2025", ("arxiv:2501.10120", 1, "cs.IR", "2025-01-17", "day")),
        ("arXiv:2206.10883v3 [cs.CL] 22 Jul 2022", ("arxiv:2206.10883", 3, "cs.CL", "2022-06-01", "month")),
        ("arXiv:hep-th/9901001v2 [hep-th]", ("arxiv:hep-th/9901001", 2, "hep-th", "1999-01-01", "month")),
        ("arXiv:2501.10120v1 [cs.IR] 99 Jan 2025", ("arxiv:2501.10120", 1, "cs.IR", "2025-01-01", "month")),
        ("arXiv:2599.10120v1 [cs.IR] 17 Jan 2025", (None, None, None, None, None)),
    ],
)
def test_the_stamp_of_arxiv_says_category_and_since_when_the_paper_is_there(
    text: str, stamp: tuple[str | int | None, ...]
) -> None:
    (page,), _ = laid_out([*prose(72, 100, 20), Printed(20, 500, text)])
    page.placed[-1].line = replace(page.placed[-1].line, upright=False)
    found = read_arxiv(page, {}, b"")
    day = found.published.date().isoformat() if found.published else None
    assert (found.key, found.version, found.category, day, found.precision) == stamp
