"""What people type: fields, phrases and exclusions are read, and whatever is none of them stays a plain word."""

from __future__ import annotations

import contextlib
import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import UsageError
from kb.index.query import Query, parse
from kb.records import Filters


@pytest.mark.parametrize(
    "text",
    [
        "Müller",
        "papers by Jürgen Müller",
        "non-autoregressive decoding",
        "12-15 years, -20 °C and 1-3",
        "C++ -",
        "- a dash - between words",
        "--mode lexical",
        "write to jane-doe@example.org",
        "see https://example.org/author:x",
        "a subtitle:x is no title",
        "author:",
        "title: ",
        "author:-",
        'an "unbalanced phrase',
        'five" and no more',
        'nothing "" here',
        "what? (really!) don't",
        "扩散模型",
        "- ",
        "x:-y",
    ],
)
def test_what_is_no_sign_stays_as_it_was_typed(text: str) -> None:
    if any(character.isalnum() for character in text):
        assert parse(text) == Query(words=text.strip())


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("author:Müller", Query(words="", filters=(Filters(authors=("Müller",)),))),
        ("Author: Müller waves", Query(words="waves", filters=(Filters(authors=("Müller",)),))),
        ("authors：Müller", Query(words="", filters=(Filters(authors=("Müller",)),))),
        ('author:"Jürgen Müller" waves', Query(words="waves", filters=(Filters(authors=("Jürgen Müller",)),))),
        ("author:A author:B", Query(words="", filters=(Filters(authors=("A",)), Filters(authors=("B",))))),
        ('title:"exact words" x', Query(words="x", filters=(Filters(titles=('"exact words"',)),))),
        ("title:waves", Query(words="", filters=(Filters(titles=("waves",)),))),
        ("waves -author:Müller", Query(words="waves", without=(Filters(authors=("Müller",)),))),
        ('say "elastic waves" now', Query(words="say elastic waves now", phrases=("elastic waves",))),
        ("“elastic waves” «in solids»", Query(words="elastic waves in solids", phrases=("elastic waves", "in solids"))),
        ('"C++"x', Query(words="C++ x", phrases=("C++",))),
        ("waves -water", Query(words="waves", excluded=("water",))),
        ('waves -"deep water" C++', Query(words="waves C++", excluded=("deep water",))),
        ("waves -non-linear", Query(words="waves", excluded=("non-linear",))),
        ('author:"Müller waves', Query(words="waves", filters=(Filters(authors=("Müller",)),))),
    ],
)
def test_signs_are_read(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("year:2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("year: 2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("year:2020-2023", date(2020, 1, 1), date(2023, 12, 31)),
        ("year:2020–2023", date(2020, 1, 1), date(2023, 12, 31)),
        ("year:2020..2023,", date(2020, 1, 1), date(2023, 12, 31)),
        ("year:2023-2020", date(2020, 1, 1), date(2023, 12, 31)),
        ("year:2020-", date(2020, 1, 1), None),
        ("year:-2020", None, date(2020, 12, 31)),
    ],
)
def test_years_are_read_in_all_their_forms(text: str, since: date | None, until: date | None) -> None:
    assert parse(text).filters == (Filters(since=since, until=until),)


@pytest.mark.parametrize("text", ["year:last", "year:20", "year:20240", "year:2020-2021-2022", "year:0000", "year:-"])
def test_a_year_that_is_none_is_said_with_the_cure(text: str) -> None:
    if text == "year:-":
        assert parse(text) == Query(words=text)
        return
    with pytest.raises(UsageError, match="write year:2024"):
        parse(text)


@pytest.mark.parametrize("text", ["", " ", "-", '""', "…", "\0", "-word", "-author:Müller", '-"two words" -one'])
def test_a_query_that_asks_for_nothing_is_an_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


@given(st.one_of(st.text(), st.text(st.sampled_from('ab -":：“”yeartitle2020\u3000'), max_size=40)))
def test_every_text_asks_for_something_or_is_an_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        query = parse(text)
        assert query.words or query.filters


@pytest.mark.parametrize("text", ['"' * 200_000 + "a", "-a " * 100_000 + "b", "author:" * 100_000, '"a' * 100_001])
def test_a_long_query_costs_linear_time(text: str) -> None:
    start = time.perf_counter()
    parse(text)
    assert time.perf_counter() - start < 5
