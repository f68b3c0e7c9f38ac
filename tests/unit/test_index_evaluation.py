"""Measures against the formula written out by hand, BEIR folders in their variants, runs that others can read."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import BadRecord, UsageError
from kb.index.evaluation import evaluate, ndcg, read_beir, run_lines

RUN = {
    "q1": [("d3", 9.0), ("d1", 8.0), ("d9", 7.0), ("d2", 6.0)],
    "q2": [("d5", 1.0)],
}
QRELS = {"q1": {"d1": 2, "d2": 1, "d7": 1, "d9": 0}, "q2": {"d6": 1}, "q3": {"d1": 1}, "q4": {"d1": 0}}


def test_measures_are_those_of_the_definitions() -> None:
    """By hand: q1 has gains 0 2 0 1 against the ideal 2 1 1; q2 finds nothing; q3 has no results; q4 is unjudged."""
    gained = 2 / math.log2(3) + 1 / math.log2(5)
    ideal = 2 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    measured = evaluate(RUN, QRELS)
    assert measured["ndcg@10"] == pytest.approx(gained / ideal / 3)
    assert measured["recall@100"] == pytest.approx((2 / 3) / 3)
    assert measured["mrr@10"] == pytest.approx((1 / 2) / 3)


def test_a_repeated_document_counts_once() -> None:
    run = {"q": [("a", 3.0), ("a", 2.0), ("b", 1.0)]}
    assert evaluate(run, {"q": {"a": 1, "b": 1}})["ndcg@10"] == pytest.approx(1)


def test_nothing_judged_is_zero() -> None:
    assert evaluate({}, {}) == {"ndcg@10": 0.0, "recall@100": 0.0, "mrr@10": 0.0}


@given(st.permutations(list("abcdefghijkl")), st.dictionaries(st.sampled_from("abcdefghijklmn"), st.integers(0, 3)))
def test_ndcg_is_a_share_and_one_for_the_ideal_order(order: list[str], grades: dict[str, int]) -> None:
    value = ndcg(order, grades, depth=10)
    assert 0 <= value <= 1 + 1e-12
    ideal = sorted(grades, key=lambda document: -grades[document])
    assert ndcg(ideal, grades, depth=10) == pytest.approx(1.0 if any(grades.values()) else 0.0)


def test_a_run_is_read_by_others_in_our_order() -> None:
    run = run_lines({"q1": [("b", 0.5), ("a", 0.5), ("c", 0.5)], "q2": []}, "hybrid")
    lines = [line.split() for line in run.splitlines()]
    assert [(line[0], line[1], line[2], line[3], line[5]) for line in lines] == [
        ("q1", "Q0", "b", "1", "kb-hybrid"),
        ("q1", "Q0", "a", "2", "kb-hybrid"),
        ("q1", "Q0", "c", "3", "kb-hybrid"),
    ]
    # trec_eval ignores the rank: it sorts by score, and ties by document id backwards.
    by_trec = sorted(lines, key=lambda line: (float(line[4]), line[2]), reverse=True)
    assert [line[2] for line in by_trec] == ["b", "a", "c"]


def beir(folder: Path, *, qrels: dict[str, str], queries: str = "queries.jsonl") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    documents = [{"_id": f"d{i}", "title": f"Title {i}", "text": "Text.", "metadata": {}} for i in range(3)]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(document) + "\n" for document in documents))
    (folder / queries).write_text("".join(json.dumps({"_id": f"q{i}", "text": f"query {i}"}) + "\n" for i in range(4)))
    for name, text in qrels.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


HEADER = "query-id\tcorpus-id\tscore\n"


def test_the_layout_of_beir_is_read(tmp_path: Path) -> None:
    folder = beir(
        tmp_path / "tiny",
        qrels={
            "qrels/train.tsv": HEADER + "q0\td0\t1\n",
            "qrels/test.tsv": HEADER + "q1\td1\t2\nq1\td0\t0\nq2\td0\t0\n",
        },
    )
    dataset = read_beir(folder)
    assert (dataset.name, dataset.split) == ("tiny", "test")
    assert dataset.queries == {"q1": "query 1"}
    assert dataset.qrels == {"q1": {"d1": 2, "d0": 0}}
    assert [(document.id, document.title) for document in dataset.corpus()] == [
        ("d0", "Title 0"),
        ("d1", "Title 1"),
        ("d2", "Title 2"),
    ]
    assert read_beir(folder, split="train").queries == {"q0": "query 0"}
    with pytest.raises(UsageError, match="test, train"):
        read_beir(folder, split="dev")


def test_a_split_whose_queries_are_missing_is_passed_over(tmp_path: Path) -> None:
    folder = beir(
        tmp_path / "flat",
        queries="queries.train.jsonl",
        qrels={"qrels.test.tsv": HEADER + "q77\td0\t1\n", "qrels.train.tsv": "q3 0 d2 1\n"},
    )
    dataset = read_beir(folder)
    assert (dataset.split, dataset.queries, dataset.qrels) == ("train", {"q3": "query 3"}, {"q3": {"d2": 1}})


def test_packed_files_are_read(tmp_path: Path) -> None:
    folder = beir(tmp_path / "packed", qrels={"qrels/test.tsv": HEADER + "q0\td0\t1\n"})
    for name in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv"):
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
        (folder / name).unlink()
    dataset = read_beir(folder)
    assert (len(dataset.queries), len(list(dataset.corpus()))) == (1, 3)


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    folder = beir(tmp_path / "broken", qrels={"qrels/test.tsv": HEADER + "q0\td0\t1\nq1\td1\tmany\n"})
    with pytest.raises(BadRecord, match=r"test\.tsv, line 3"):
        read_beir(folder)
    (folder / "qrels/test.tsv").write_text(HEADER + "q0\td0\t1\n")
    (folder / "corpus.jsonl").write_text('{"_id": "d0"}\n{"_id": \n')
    with pytest.raises(BadRecord, match=r"corpus\.jsonl, line 2"):
        list(read_beir(folder).corpus())
    (folder / "queries.jsonl").write_text('["q0"]\n')
    with pytest.raises(BadRecord, match=r"queries\.jsonl, line 1"):
        read_beir(folder)


def test_a_folder_without_its_parts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"corpus\.jsonl"):
        read_beir(tmp_path)
    (tmp_path / "corpus.jsonl").write_text("")
    with pytest.raises(UsageError, match=r"queries\.jsonl"):
        read_beir(tmp_path)


def test_the_claims_that_are_here_are_read(shared: Path) -> None:
    dataset = read_beir(shared / "scifact")
    assert (dataset.split, len(dataset.queries)) == ("train", 809)
    assert sum(1 for _ in dataset.corpus()) == 5183
