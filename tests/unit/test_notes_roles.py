"""Roles of sentences: the shipped weights are as good as the benchmark page says, and behave on odd input."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.writing.rhetoric import ROLES, classify, heading_kind, section_kind

ABSTRACT = [
    "Tide tables are essential for coastal shipping.",
    "However, existing models fail on estuaries with complex geometry.",
    "In this paper, we propose TideNet, a graph network for water levels.",
    "The network passes messages between gauges and is trained with a masked loss.",
    "Experiments show that TideNet reduces the error by 23% on four estuaries.",
]


def test_an_abstract_of_textbook_order_gets_textbook_roles() -> None:
    roles = [score.role for score in classify(ABSTRACT)]
    assert roles[0] == roles[1] == "background"
    assert roles[2] in ("objective", "method")
    assert roles[3:] == ["method", "result"]


def test_the_order_of_an_abstract_counts() -> None:
    sentence = "The network passes messages between gauges."
    alone = classify([sentence])[0]
    after_proposal = classify([*ABSTRACT[:3], sentence])[3]
    assert after_proposal.method > alone.method


def test_a_heading_moves_the_odds_of_its_sentences() -> None:
    sentence = ["The error is computed over all gauges."]
    assert classify(sentence, section=("5 Results",))[0].result > classify(sentence, section=("3 Method",))[0].result
    assert classify(sentence, section=("Acknowledgements",))[0].role == "other"


@given(st.lists(st.text(max_size=80), max_size=12), st.sampled_from([(), ("Method",), ("2 Related Work",), ("Foo",)]))
def test_every_sentence_gets_probabilities_whatever_it_is(sentences: list[str], section: tuple[str, ...]) -> None:
    scores = classify(sentences, section=section)
    assert len(scores) == len(sentences)
    for score in scores:
        assert sum(score.of(role) for role in ROLES) == pytest.approx(1.0)
        assert all(0.0 <= score.of(role) <= 1.0 for role in ROLES)
    assert scores == classify(sentences, section=section)


def test_the_weights_are_small_and_name_their_source() -> None:
    file = resources.files("kb.writing").joinpath("data/roles.json")
    text = file.read_text(encoding="utf-8")
    assert len(text.encode()) < 100_000
    data = json.loads(text)
    assert "Apache-2.0" in data["source"]
    assert data["roles"] == list(ROLES)
    assert all(len(row) == len(ROLES) for row in data["features"].values())


@pytest.mark.shared
def test_macro_f1_on_the_development_set_is_what_the_benchmark_page_says(shared: Path) -> None:
    counts = {role: [0, 0, 0] for role in ROLES}  # right, found, there
    for line in (shared / "csabstruct" / "dev.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        for label, score in zip(record["labels"], classify(record["sentences"]), strict=True):
            counts[label][2] += 1
            counts[score.role][1] += 1
            counts[label][0] += label == score.role
    macro = sum(2 * right / (found + there) for right, found, there in counts.values()) / len(ROLES)
    assert macro >= 0.64


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("1 Introduction", "introduction"),
        ("2. Related Work", "related"),
        ("III. METHODOLOGY", "method"),
        ("3.2.1 Scaled Dot-Product Attention", "method"),
        ("4 Experimental Setup", "experiment"),
        ("5.3 Ablation study", "result"),
        ("Results and Discussion", "result"),
        ("6 Conclusion and Future Work", "conclusion"),
        ("Limitations", "limitation"),
        ("Acknowledgments", "aside"),
        ("DistriFusion", None),
        ("", None),
    ],
)
def test_headings_tell_what_their_section_is_for(heading: str, kind: str | None) -> None:
    assert heading_kind(heading) == kind


def test_the_outer_heading_decides_where_the_inner_one_misleads() -> None:
    assert section_kind(("2 Related Work", "Attention models")) == "related"
    assert section_kind(("6 Results", "6.2 Model variations")) == "result"
    assert section_kind(("3 Method", "3.4 Implementation details")) == "experiment"
    assert section_kind(()) is None
