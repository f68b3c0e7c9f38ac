"""What the measures of the parsing benchmark count: known readings have known scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import parsing
from tests.benchmarks.parsing_measures import MEASURES, align, label_number, overlap, pair_rows

EMPTY: dict[str, Any] = {"pages": 1, "cpu_s": 1.0, "page_texts": {}, "blocks": [], "evidence": []}


def score(measure: str, truth: dict[str, Any], **reading: Any) -> dict[str, tuple[float, float]]:
    """Reached and out of how much, by figure."""
    return parsing.summed(MEASURES[measure](truth, {**EMPTY, **reading}))


@pytest.mark.parametrize("measure", [name for name in MEASURES if name not in ("words", "speed")])
def test_nothing_is_scored_that_was_not_typed(measure: str) -> None:
    assert score(measure, {}, title="A", authors=["B"], floats=[], tables=[], entries=[], links=[], headings=[]) == {}


def test_what_an_engine_does_not_offer_is_not_scored_and_what_it_does_not_find_is_zero() -> None:
    truth = {"title": "On Frogs", "authors": ["A. Frog"]}
    assert score("title", truth) == {}
    assert score("title", truth, title="") == {"title": (0, 1)}
    assert score("authors", truth, authors=[]) == {"authors": (0, 1)}


def test_case_dashes_and_quotation_marks_do_not_make_another_title_and_a_lost_word_does() -> None:
    truth = {"title": "Frogs’ Calls—A “Survey”"}
    assert score("title", truth, title='FROGS\' CALLS-A "SURVEY"') == {"title": (1, 1)}
    assert score("title", truth, title="Frogs’ Calls") == {"title": (0, 1)}


def test_a_list_of_authors_is_right_as_a_whole_and_in_order() -> None:
    truth = {"authors": ["P. N. J. Lane", "Alice Best"]}
    assert score("authors", truth, authors=["P.N.J. Lane", "Alice Best"]) == {"authors": (1, 1)}
    assert score("authors", truth, authors=["Alice Best", "P.N.J. Lane"]) == {"authors": (0, 1)}


def test_affiliations_count_pairs_of_typed_authors() -> None:
    truth = {"affiliations": [{"author": "A. Best", "affiliations": ["CSIRO, Canberra", "University of Melbourne"]}]}
    found = [["A. Best", "CSIRO, Canberra, Australia"], ["B. Worst", "Elsewhere"]]
    assert score("affiliations", truth, affiliations=found) == {"affiliations, F1 of pairs": (2, 3)}


def test_an_abstract_is_judged_at_both_ends_and_must_be_empty_where_none_is_printed() -> None:
    truth = {"abstract_start": "We find frogs", "abstract_end": "in trees."}
    assert score("abstract", truth, abstract="We find frogs that live in trees. 1 Intro") == {
        "abstract, start": (1, 1),
        "abstract, end": (0, 1),
    }
    assert score("abstract", {"abstract_start": ""}, abstract="The running text") == {"abstract, start": (0, 1)}


def test_headings_are_found_with_their_numbers_and_levels_may_be_shifted_as_a_whole() -> None:
    typed = [("Methods", 1, False), ("Data sets", 2, False), ("Noise", 3, True), ("Results", 1, False)]
    truth = {"title": "On Frogs", "headings": [{"text": t, "level": n, "run_in": r} for t, n, r in typed]}
    found = [
        ["On Frogs", 1],
        ["Abstract", 2],
        ["2. Methods", 2],
        ["2.1 Data sets", 3],
        ["IV. RESULTS", 3],
        ["Frogs", 2],
    ]
    assert score("headings", truth, headings=found) == {
        "headings, precision": (3, 4),
        "headings, recall": (3, 3),
        "headings, level": (2, 3),
    }


def test_labels_are_the_same_in_other_languages_and_not_with_other_numbers() -> None:
    assert label_number("Tabelle A.1") == label_number("Table A.1.") == "a.1"
    assert label_number("TABLE IV") == "iv"
    assert label_number("Figure 3") != label_number("Figure 13")


def test_a_crop_is_the_one_with_the_label_and_without_labels_the_best_of_the_kind() -> None:
    truth = {"boxes": [{"page": 1, "kind": "figure", "label": "Figure 1", "box": [0, 0, 10, 10]}]}
    near, same = [0, 0, 10, 5], [0, 0, 10, 10]
    labelled = [{"page": 1, "kind": "figure", "label": "Figure 1", "box": near},
                {"page": 1, "kind": "figure", "label": "Figure 2", "box": same}]  # fmt: skip
    assert score("crops", truth, floats=labelled) == {"crops, IoU ≥ 0.9": (0, 1), "crops, mean IoU": (0.5, 1)}
    bare = [{**one, "label": None} for one in labelled]
    assert score("crops", truth, floats=bare) == {"crops, IoU ≥ 0.9": (1, 1), "crops, mean IoU": (1, 1)}
    assert overlap([0, 0, 1, 1], [2, 2, 3, 3]) == 0


TABLE = {"page": 3, "label": "Table 2", "header_rows": 1,
         "rows": [["", "F1", "EM"], ["ours", "66.6", "−40.4"], ["theirs", "", "73.6"]]}  # fmt: skip


def test_numbers_that_share_a_cell_are_not_alone_and_cells_that_slip_a_column_are_not_in_place() -> None:
    rows = [["F1", "EM"], ["ours", "66.6 -40.4"], ["theirs", "73.6"]]
    found = {"page": 3, "label": "Tab. 2", "header_rows": 0, "rows": rows}
    assert score("tables", {"tables": [TABLE]}, tables=[found]) == {
        "tables, numeric cells alone and right": (1, 3),
        "tables, cells in place": (2, 7),
        "tables, header rows": (0, 1),
    }


def test_a_table_read_as_printed_has_all_cells_and_one_that_is_not_found_has_none() -> None:
    right = {**TABLE, "rows": [["", "F1", "EM"], ["ours", "66.6", "-40.4"], ["theirs", "", "73.6"]]}
    assert [a == b for a, b in score("tables", {"tables": [TABLE]}, tables=[right]).values()] == [True] * 3
    other = {**right, "label": "Table 3"}
    assert [a for a, _ in score("tables", {"tables": [TABLE]}, tables=[other]).values()] == [0, 0, 0]


@pytest.mark.parametrize(("typed", "placed"), [("10^19", 0), ("1019", 1)])
def test_a_power_that_was_typed_as_one_must_be_read_as_one(typed: str, placed: int) -> None:
    def right(read: str) -> float:
        table = {"page": 3, "label": "Table 2", "header_rows": 0, "rows": [[typed]]}
        return score("tables", {"tables": [table]}, tables=[{**table, "rows": [[read]]}])["tables, cells in place"][0]

    assert (right("1019"), right("10^19")) == (placed, 1)


def test_rows_are_paired_in_order_past_a_row_too_many() -> None:
    assert pair_rows([["a", "1"], ["b", "2"]], [["head"], ["a", "1"], ["b", "2"]]) == [(0, 1), (1, 2)]


ENTRY = {
    "label": "[1]",
    "place": 1,
    "starts": "Bosch, J.M., 1979.",
    "ends": "Journal 108, 29–37.",
    "authors": ["Bosch"],
    "title": "Treatment effects on streamflow",
    "venue": "Forestry Journal",
    "year": "1979",
    "pages": "29–37",
    "doi": "",
    "arxiv": "",
}
WHOLE = "Bosch, J.M., 1979. Treatment effects on streamflow. Forestry Journal 108, 29-37."


def test_an_entry_is_exact_when_it_begins_and_ends_as_typed_with_or_without_its_label() -> None:
    truth = {"references": {"count": 2, "entries": [ENTRY]}}
    for text, right in ((WHOLE, 1), (f"[1] {WHOLE}", 1), (f"{WHOLE} Next, A., 1980.", 0), (f"Last. {WHOLE}", 0)):
        scores = score("references", truth, entries=[{"text": text, "fields": {}}])
        assert scores["references, entries exact"] == (right, 1)
        assert scores["references, as many entries"] == (0, 1)


def test_fields_count_typed_and_found_ones() -> None:
    truth = {"references": {"count": 1, "entries": [ENTRY]}}
    fields = {"authors": ["Bosch"], "year": "1979", "pages": "29-37", "title": "Treatment effects", "doi": "10.1/x"}
    scores = score("references", truth, entries=[{"text": WHOLE, "fields": fields}])
    assert scores["references, F1 of fields"] == (6, 10)  # three right; five typed and five found


def test_a_mark_is_linked_when_it_points_to_the_typed_entries() -> None:
    mark = {"page": 2, "mark": "[3–5]", "context": "frogs sing at night [3–5] and toads", "places": [3, 4, 5]}
    links = [
        {"page": 2, "mark": "[3-5]", "context": "toads swim in ponds", "places": [9]},
        {"page": 2, "mark": "[3-5]", "context": "frogs sing at night", "places": [3, 4]},
    ]
    assert score("citations", {"citations": [mark]}, links=links) == {
        "citations, precision": (2, 2),
        "citations, recall": (2, 3),
    }
    assert score("citations", {"citations": [mark]}, links=[])["citations, recall"] == (0, 3)


def test_order_counts_adjacent_starts_and_a_start_that_is_not_found_is_in_no_order() -> None:
    truth = {"order": [{"page": 1, "starts": ["1 Intro", "Frogs sing", "2 Data", "• Toads swim"], "furniture": []}]}
    texts = ["1 Intro", "2 Data", "Frogs sing at night in 2 data sets", "Toads swim"]
    blocks = [{"page": 1, "text": text} for text in texts]
    assert score("order", truth, blocks=blocks) == {"reading order, pairs": (2, 3)}
    assert score("order", truth, blocks=blocks[:3]) == {"reading order, pairs": (1, 3)}
    truth["order"][0]["footnotes"] = ["2 Data"]
    assert score("order", truth, blocks=blocks) == {"reading order, pairs": (2, 2)}


def test_signs_are_right_wrong_unknown_or_missing() -> None:
    truth = {"signs": [{"page": 4, "phrase": "when M′ ≠ 0 and ⟨R⟩ = ∂α", "signs": ["′", "≠", "⟨", "⟩", "∂", "α"]}]}
    page = {"4": "Before, when M- \ufffd 0 and 〈R = ∂𝛼 holds. After."}
    assert score("signs", truth, page_texts=page) == {
        "signs, right": (3, 6),
        "signs, wrong": (1, 6),
        "signs, unknown": (1, 6),
        "signs, missing": (1, 6),
        "signs, invented": (0, 6),
    }


def test_a_sign_that_the_page_does_not_print_is_invented() -> None:
    truth = {"signs": [{"page": 1, "phrase": "where M ≠ 0 holds", "signs": ["≠"]}]}
    found = score("signs", truth, page_texts={"1": "where M ⊕≠ 0 h÷lds"})
    assert found["signs, right"] == (1, 1)
    assert found["signs, invented"] == (2, 1)


def test_what_tells_a_power_is_no_invented_sign() -> None:
    truth = {"signs": [{"page": 1, "phrase": "1.4 · 10²⁰ of all", "signs": ["·", "²", "⁰"]}]}
    found = score("signs", truth, page_texts={"1": "here 1.4 · 10^20 of all"})
    assert (found["signs, right"], found["signs, invented"]) == ((3, 3), (0, 3))


def test_a_phrase_is_not_found_where_more_than_half_would_be_edited() -> None:
    assert align("frogs≠toads", "something else entirely") == (None, [])
    assert align("ab≠cd", "xxabcdxx")[0] == ["a", "b", "", "c", "d"]


def test_words_are_lost_glued_and_split_against_what_two_engines_read() -> None:
    said = "the frogs sing in the dark embed-\ndings and the dark frogs embeddings"
    own = "the thefrogs sing in the dark embed- dings and the dark embeddings frogs"
    scores = score("words", {"witnesses": [said, said]}, blocks=[{"page": 1, "text": own}])
    assert scores == {"words lost": (1, 11), "words glued": (1, 11), "words split": (1, 11)}


def test_words_inside_a_boxed_figure_are_not_lost() -> None:
    truth = {"witnesses": ["frogs sing axis legend"] * 2, "figure_text": "axis legend"}
    assert score("words", truth, blocks=[{"page": 1, "text": "frogs sing"}])["words lost"] == (0, 2)


def test_running_heads_and_references_are_seen_in_what_can_be_cited() -> None:
    truth = {"order": [{"page": 2, "starts": [], "furniture": ["Journal of Frogs 12", "258", "259"]}],
             "references": {"count": 1, "entries": [ENTRY]}}  # fmt: skip
    evidence = [
        {"first_page": 1, "last_page": 2, "text": "Frogs sing. Journal of Frogs 12 (2005)\n\n258 Frogs swim 2590 m."},
        {"first_page": 9, "last_page": 9, "text": WHOLE},
    ]
    assert score("evidence", truth, evidence=evidence) == {
        "running heads in evidence": (2, 3),
        "references in evidence": (1, 1),
    }


def test_each_file_is_in_one_set() -> None:
    files = ["parsing-dev/ALCE.pdf", "parsing-dev/pf2_2.pdf", "other-fields/a.pdf", "local-only/b.pdf"]
    assert [parsing.set_of(file) for file in files] == ["dev", "sealed", "other", "rest"]


def test_truth_is_merged_by_file_and_files_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    folder, typed = tmp_path / "pdfs" / "parsing-dev", tmp_path / "typed"
    folder.mkdir(parents=True)
    typed.mkdir()
    (folder / "a.pdf").touch()
    said = {"title": "Old", "authors": ["A. B"], "first_affiliation": "MIT", "note": "x"}
    (folder / "truth.json").write_text(json.dumps({"a.pdf": said, "gone.pdf": said}))
    front = {"file": "parsing-dev/a.pdf", "title": "New", "abstract_starts": "We", "abstract_ends": "end."}
    (typed / "front.json").write_text(json.dumps([front]))
    (typed / "signs.json").write_text(json.dumps([{"file": "parsing-dev/a.pdf", "page": 1}] * 2))
    truth = parsing.read_truth(tmp_path / "pdfs", typed=typed)
    assert list(truth) == ["parsing-dev/a.pdf"]
    record = truth["parsing-dev/a.pdf"]
    assert record["title"] == "New"
    assert record["abstract_start"] == "We"
    assert record["affiliations"] == [{"author": "A. B", "affiliations": ["MIT"]}]
    assert len(record["signs"]) == 2
