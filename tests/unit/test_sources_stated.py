"""What arXiv says alike in its feed, its API and its dumps."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.sources.stated import listed_authors


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ann Bee", ("Ann Bee",)),
        ("Ann Bee, C. Dee and E.-F. Gee", ("Ann Bee", "C. Dee", "E.-F. Gee")),
        ("Ann Bee, C. Dee, and E. Gee", ("Ann Bee", "C. Dee", "E. Gee")),
        ("Ann Bee (Univ. of X, Y (Z)), C. Dee (1) and E. Gee ((1) X, (2) Y)", ("Ann Bee", "C. Dee", "E. Gee")),
        ("Ann Bee, Jr., C. Dee, III and E. Gee", ("Ann Bee, Jr.", "C. Dee, III", "E. Gee")),
        ("Andrew Anderson,\n  Brand Sandy", ("Andrew Anderson", "Brand Sandy")),
        ("Ren\\'e Descart\\`es and Paul Erd\\H{o}s", ("René Descartès", "Paul Erdős")),
        ("The A Collaboration", ("The A Collaboration",)),
        ("Ann Bee (Univ. of X", ("Ann Bee (Univ. of X",)),
        ("", ()),
    ],
)
def test_the_names_of_arxivs_list(text: str, names: tuple[str, ...]) -> None:
    assert listed_authors(text) == names


@given(st.text(alphabet="aB ,()and.\\{}", max_size=60))
def test_no_name_is_empty_or_has_blanks_around_it(text: str) -> None:
    assert all(name and name == name.strip() for name in listed_authors(text))


@pytest.mark.parametrize("unit", ["(", ")", "()", "(a, ", "a, ", " and "])
def test_time_grows_with_the_list_and_no_faster(unit: str) -> None:
    started = time.perf_counter()
    listed_authors(unit * (300_000 // len(unit)))
    assert time.perf_counter() - started < 4
