"""Does a paper belong to a topic: every condition, and the reason that is given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.errors import UsageError
from kb.records import Paper, Topic
from kb.rendering.reasons import told
from kb.writing.topic_query import parse_query
from kb.writing.topics import arxiv_query, concerns, feed_categories, judge

PAPER = Paper(
    id="arxiv:2402.19481",
    title="Distributed Parallel Inference for Diffusion Models",
    authors=("Muyang Li", "Song Han"),
    abstract="We split images into patches, one for each GPU.",
    categories=("cs.CV", "cs.LG"),
    comment="CVPR 2024 Highlight",
    keywords=("parallelism",),
    provenance={"keywords": "jsonl"},
)
TOPIC = Topic(name="fast", query="ti:diffusion")


@pytest.mark.parametrize(
    ("fields", "inside", "reason"),
    [
        ({}, True, "it says diffusion"),
        ({"query": ""}, True, "asks for nothing"),
        ({"query": "ti:gan OR abs:gan"}, False, "not found: ti:gan, abs:gan"),
        ({"query": "ti:diffusion ANDNOT ti:inference"}, False, "the query excludes it"),
        ({"must": ("one for each gpu",)}, True, "it says diffusion, one for each gpu"),
        ({"must": ("highlight", "patch*")}, True, "it says diffusion, highlight, patch*"),
        ({"must": ("parallelism",)}, True, "parallelism"),
        ({"must": ("gpus",)}, False, "“gpus” must occur and does not"),
        ({"must_not": ("split images",)}, False, "“split images” must not occur and does"),
        ({"must_not": ("survey",)}, True, "it says diffusion"),
        ({"authors": ("song han",)}, True, "it is by song han"),
        ({"authors": ("Han", "Nobody")}, True, "it is by Han"),
        ({"authors": ("Ha",)}, False, "none of its authors is Ha"),
        ({"categories": ("cs.CV",)}, True, "it is in cs.CV"),
        ({"categories": ("cs.LG",)}, True, "it is cross-listed in cs.LG"),
        ({"categories": ("cs",)}, True, "it is in cs"),
        ({"categories": ("cs.CL",)}, False, "it is in cs.CV, cs.LG, not in cs.CL"),
        ({"examples": ("arxiv:2402.19481",), "query": "ti:gan"}, True, "an example of the topic"),
    ],
)
def test_every_condition_counts_and_says_so(fields: dict[str, object], inside: bool, reason: str) -> None:
    judgement = judge(replace(TOPIC, **fields), PAPER)  # type: ignore[arg-type]
    assert judgement.inside is inside
    assert reason in told(judgement.reasons)


def test_every_condition_that_fails_is_named() -> None:
    topic = Topic(name="x", query="ti:gan", must=("gan",), authors=("Nobody",), categories=("cs.CL",))
    assert len(judge(topic, PAPER).reasons) == 4


def test_keywords_read_off_a_pdf_do_not_decide() -> None:
    topic = Topic(name="x", must=("parallelism",))
    assert judge(topic, PAPER).inside
    assert not judge(topic, replace(PAPER, provenance={"keywords": "pdf"})).inside


def test_what_arxiv_is_asked_is_what_is_found_here() -> None:
    topics = [
        Topic(name="query", query='cat:cs.CV (ti:"diffusion models" OR ti:gan) ANDNOT ti:survey', must=("gan",)),
        Topic(name="category", categories=("cs.LG", "cs.CL"), authors=("Nobody",)),
        Topic(name="author", authors=("Song Han", "Nobody"), must=("gan",)),
        Topic(name="words", must=("patches", "each gpu")),
    ]
    for topic in topics:
        condition = parse_query(arxiv_query(topic))
        assert condition is not None
        for paper in (PAPER, replace(PAPER, title="A survey of GANs", authors=("A B",), categories=("hep-th",))):
            assert concerns(topic, paper) is condition.matches(paper), (topic.name, paper.title)
    with pytest.raises(UsageError, match="asks for nothing that arXiv"):
        arxiv_query(Topic(name="empty", examples=("arxiv:2402.19481",)))


@pytest.mark.parametrize(
    ("topic", "categories"),
    [
        (Topic(name="a", categories=("cs.CV", "cs.LG")), ("cs.CV", "cs.LG")),
        (Topic(name="b", query="cat:cs.CV AND ti:diffusion"), ("cs.CV",)),
        (Topic(name="c", query="cat:cs.* AND ti:diffusion"), ("cs",)),
        (Topic(name="d", query="ti:diffusion"), None),
        (Topic(name="e", query="cat:cs.CV AND co:CVPR"), None),
        (Topic(name="f", query="cat:cs.CV ANDNOT co:workshop"), None),
        (Topic(name="g", query="cat:cs.?V"), None),
    ],
)
def test_feeds_are_read_where_they_tell_all(topic: Topic, categories: tuple[str, ...] | None) -> None:
    assert feed_categories(topic) == categories
