"""arXiv's query syntax: what is read, what it means, and what is said of what cannot be read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import UsageError
from kb.ids import plain_words
from kb.records import Paper
from kb.writing.topic_query import (
    FIELDS,
    Both,
    Submitted,
    TopicTerm,
    fields_asked,
    implied_categories,
    parse_query,
    phrase_matches,
    spelled_out,
)

PAPER = Paper(
    id="arxiv:2402.19481",
    aliases=("doi:10.1/x",),
    title="DistriFusion: Distributed Parallel Inference for High-Resolution Diffusion Models",
    authors=("Muyang Li", "Jürgen Müller"),
    abstract="We split the model's input into patches. State-of-the-art latency on 8 GPUs.",
    categories=("cs.CV", "cs.LG"),
    comment="CVPR 2024 Highlight",
    venue="CVPR 2024",
    published=datetime(2024, 2, 29, 18, 59, tzinfo=UTC),
)

WORDS = st.sampled_from(
    [
        "diffusion",
        "model",
        "models",
        "patches",
        "gpu*",
        "resol?tion",
        "Müller",
        "high-resolution",
        "nothing",
        "8",
        "état",
    ]
)
TERMS = st.one_of(
    st.builds(TopicTerm, st.sampled_from(["ti", "abs", "au", "all", "co", "jr", "rn"]), WORDS),
    st.builds(
        lambda field, words: TopicTerm(field, " ".join(words)),
        st.sampled_from(["ti", "abs", "all"]),
        st.lists(WORDS, min_size=2, max_size=3),
    ),
    st.builds(TopicTerm, st.just("cat"), st.sampled_from(["cs.CV", "cs", "cs.*", "math.AG", "hep-th"])),
    st.builds(TopicTerm, st.just("id"), st.sampled_from(["2402.19481", "2402.19481v1", "hep-th/9901001"])),
    st.builds(
        lambda days: Submitted(min(days), max(days)),
        st.lists(st.dates(date(1991, 8, 1), date(2030, 1, 1)), min_size=2, max_size=2),
    ),
)
QUERIES = st.recursive(
    TERMS, lambda inner: st.builds(Both, st.sampled_from(["AND", "OR", "ANDNOT"]), inner, inner), max_leaves=8
)


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("", True),
        ("diffusion", True),
        ("ti:diffusion", True),
        ("abs:diffusion", False),
        ("TI:Diffusion", True),
        ('ti:"diffusion models"', True),
        ('ti:"models diffusion"', False),
        ('"high resolution"', True),
        ("ti:high-resolution", True),
        ("abs:state-of-the-art", True),
        ("ti:diff*", True),
        ("ti:*fusion", True),
        ("ti:diffusio?", True),
        ("ti:diffusion?", True),
        ("ti:fusion", False),
        ("au:muller", True),
        ("au:Müller AND au:li", True),
        ('au:"muyang li"', True),
        ("cat:cs.CV", True),
        ("cat:cs.lg", True),
        ("cat:cs", True),
        ("cat:cs.*", True),
        ("cat:cs.C*", True),
        ("cat:cs.CL", False),
        ("co:highlight", True),
        ("jr:cvpr", True),
        ("id:2402.19481", True),
        ("id:arXiv:2402.19481v3", True),
        ("id:2402.1948", False),
        ("ti:diffusion AND abs:patches", True),
        ("ti:diffusion AND abs:nothing", False),
        ("ti:nothing OR abs:patches", True),
        ("ti:diffusion ANDNOT abs:patches", False),
        ("ti:diffusion AND NOT abs:nothing", True),
        ("ti:diffusion abs:patches", True),
        ("(ti:nothing OR ti:diffusion) AND (abs:patches OR abs:nothing)", True),
        ("ti:nothing AND ti:nothing OR ti:diffusion", True),
        ("ti:diffusion OR ti:nothing AND ti:nothing", False),  # to the left first, as on arXiv
        ("submittedDate:[20240229 TO 20240229]", True),
        ("submittedDate:[202402290000 TO 202403010000]", True),
        ("submittedDate:[20240301 TO 20240331]", False),
        ("and", False),
    ],
)
def test_a_query_holds_as_on_arxiv(query: str, holds: bool) -> None:
    condition = parse_query(query)
    assert (condition is None or condition.matches(PAPER)) is holds


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("ti:a AND", "something must follow"),
        ("AND ti:a", "ANDNOT"),
        ("ti:a OR OR ti:b", "OR needs a word on each side"),
        ("(ti:a", "not closed"),
        ("ti:a)", "without an opening"),
        ("()", "nothing stands before"),
        ("title:a", "there is no field 'title'; the fields are ti, au"),
        ("ti:", "must follow without a space"),
        ("ti: diffusion", "must follow without a space"),
        ('ti:"--"', "there is no word"),
        ('cat:""', "there is no word"),
        ("submittedDate:[2024 TO 2025]", "write a period like"),
        ("submittedDate:[20241399 TO 20250101]", "write a period like"),
        ("(" * 60 + "a" + ")" * 60, "too many parentheses"),
        (" ".join(["a"] * 300), "split it"),
    ],
)
def test_what_cannot_be_read_is_pointed_at(query: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)) as caught:
        parse_query(query)
    assert caught.value.exit_status == 2


@given(QUERIES)
def test_a_query_that_is_spelled_out_reads_the_same(query: Both) -> None:
    again = parse_query(spelled_out(query))
    assert again is not None
    assert again == query
    assert again.matches(PAPER) is query.matches(PAPER)


@given(QUERIES, QUERIES)
def test_operators_follow_logic(left: Both, right: Both) -> None:
    a, b = left.matches(PAPER), right.matches(PAPER)
    assert Both("AND", left, right).matches(PAPER) is (a and b)
    assert Both("OR", left, right).matches(PAPER) is (a or b)
    everything = Both("OR", TopicTerm("ti", "diffusion"), TopicTerm("ti", "diffusion"))
    neither = Both("ANDNOT", everything, Both("OR", left, right))
    both_not = Both("AND", Both("ANDNOT", everything, left), Both("ANDNOT", everything, right))
    assert neither.matches(PAPER) is both_not.matches(PAPER)


@given(st.text(max_size=60) | st.text(alphabet='tiabscuo:"()*? ANDORT[]12', max_size=60))
def test_any_text_is_a_query_or_a_usage_error(text: str) -> None:
    try:
        query = parse_query(text)
    except UsageError:
        return
    if query is not None:
        query.matches(PAPER)
        assert parse_query(spelled_out(query)) == query


@given(st.sampled_from(["abs", "ti", "all", "au"]), st.text(min_size=1, max_size=20))
def test_a_word_is_found_in_the_text_that_it_stands_in(field: str, text: str) -> None:
    if not plain_words(text):
        return
    paper = Paper(id="arxiv:1", title=f"a {text} b", abstract=f"a {text} b", authors=(f"a {text} b",))
    assert TopicTerm(field, " ".join(plain_words(text).split())).matches(paper)


@given(QUERIES)
def test_a_paper_without_the_implied_categories_never_matches(query: Both) -> None:
    implied = implied_categories(query)
    stranger = Paper(
        id=PAPER.id, title=PAPER.title, abstract=PAPER.abstract, authors=PAPER.authors, comment=PAPER.comment,
        categories=("q-bio.NC",), published=PAPER.published,
    )  # fmt: skip
    if implied is not None and query.matches(stranger):
        raise AssertionError((implied, spelled_out(query)))
    assert fields_asked(query) <= set(FIELDS)


def test_implied_categories_are_those_that_no_match_can_do_without() -> None:
    def implied(text: str) -> frozenset[str] | None:
        query = parse_query(text)
        assert query is not None
        return implied_categories(query)

    assert implied("cat:cs.CV AND ti:a") == {"cs.CV"}
    assert implied("cat:cs.CV OR cat:cs.CL") == {"cs.CV", "cs.CL"}
    assert implied("cat:cs.CV OR ti:a") is None
    assert implied("ti:a ANDNOT cat:cs.CV") is None
    assert implied("(cat:cs.CV OR cat:cs.CL) AND cat:cs.LG") == {"cs.LG"}


def test_a_phrase_with_wildcards_stands_for_words_in_a_row() -> None:
    assert phrase_matches("diffus* model?", ("Diffusion models are",))
    assert not phrase_matches("diffus* model", ("Diffusion big model",))
    assert not phrase_matches("*", ("anything",))
