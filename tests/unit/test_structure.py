"""How papers name their parts, whoever reads them: what one reader of files knew and another did not."""

from __future__ import annotations

import pytest

from kb.structure import bare_title, float_label, is_abstract, is_references


@pytest.mark.parametrize(
    "heading",
    ["References", "REFERENCES", "7 References", "7. Bibliography", "VII. REFERENCES", "VI References", "Works Cited:",
     "References and Notes", "Literature cited", "参考文献", "A.2 Bibliography", "**References**"],
)  # fmt: skip
def test_the_list_of_references_is_known_by_its_heading_in_every_form(heading: str) -> None:
    assert is_references(heading)


@pytest.mark.parametrize("heading", ["References to prior work", "Reference models", "2 Literature", "Preferences", ""])
def test_other_headings_begin_no_list_of_references(heading: str) -> None:
    assert not is_references(heading)


@pytest.mark.parametrize("heading", ["Abstract", "ABSTRACT.", "A B S T R A C T", "摘要", "초록", "Abstract:"])
def test_an_abstract_is_known_in_every_language_that_we_read(heading: str) -> None:
    assert is_abstract(heading)


def test_a_summary_is_no_abstract() -> None:
    assert not is_abstract("Summary")


@pytest.mark.parametrize(
    ("heading", "title"),
    [("3.1 Data", "Data"), ("IV. Results", "Results"), ("Appendix A: Proofs", "Proofs"), ("B.2 More", "More"),
     ("Data", "Data"), ("2024 in review", "2024 in review")],
)  # fmt: skip
def test_a_heading_is_parted_from_its_number(heading: str, title: str) -> None:
    assert bare_title(heading) == title


@pytest.mark.parametrize(
    ("caption", "kind", "label", "mark", "rest"),
    [
        ("Figure 3: A model.", "Figure", "Figure 3", ":", " A model."),
        ("Fig. 3a. A model", "Figure", "Figure 3a", ".", " A model"),
        ("TABLE II\nScores", "Table", "Table II", "", "\nScores"),
        ("Tabelle 4. Werte", "Table", "Table 4", ".", " Werte"),
        ("图 5：模型", "Figure", "Figure 5", "：", "模型"),
        ("Supplementary Figure S1 | Map", "Figure", "Supplementary Figure S1", "|", " Map"),
        ("Box 2. Terms", "Box", "Box 2", ".", " Terms"),
    ],
)
def test_captions_are_labelled_alike_whatever_word_they_print(
    caption: str, kind: str, label: str, mark: str, rest: str
) -> None:
    assert float_label(caption) == (kind, label, mark, rest)


@pytest.mark.parametrize("text", ["Figures differ", "Table of contents", "Figure", "A figure 3", "Tables 3 and 4"])
def test_what_names_no_figure_has_no_label(text: str) -> None:
    assert float_label(text) is None
