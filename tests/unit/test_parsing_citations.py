"""Marks in the text are linked to the entries that they mean, and to nothing where that is not sure."""

from __future__ import annotations

import pytest

from kb.parsing.citations import with_references
from kb.records import Block, Document, Fulltext, Metadata

NAMED = [
    "Ada Byron. 2019. Learning to count. In Proceedings of Counting.",
    "Ada Byron and Kim Lee. 2020a. Counting sheep. Journal of Sheep 3, 4–9.",
    "Ada Byron and Kim Lee. 2020b. Counting goats. Journal of Goats 5, 6–9.",
    "Ben Moe, Ann Poe, and Kim Lee. 2021. Counting cows. Journal of Cows 7, 8–9.",
    "Jan van der Berg. 2018. Counting hills. Journal of Hills 1, 2–3.",
    "Ann Roe. 2017. One thing. Journal 1.",
    "Ann Roe. 2017. Another thing. Journal 2.",
]


def document(prose: str, entries: list[str], labels: list[str] | None = None) -> Document:
    texts = [prose, *entries]
    blocks, start = [], 0
    for place, text in enumerate(texts):
        label = labels[place - 1] if labels and place else None
        blocks.append(Block(kind="reference" if place else "paragraph", text=text, start=start, page=1, label=label))
        start += len(text) + 2
    return Document(
        text="\n\n".join(texts), blocks=tuple(blocks), front=Metadata(source="pdf", ids=()), pages=1,
        fulltext=Fulltext(state="full"), parser="test",
    )  # fmt: skip


def numbered(prose: str, count: int = 12) -> Document:
    entries = [f"[{n}] A. Author{n}. Title {n}. Journal {n}, 20{n:02d}." for n in range(1, count + 1)]
    return document(prose, entries, [str(n) for n in range(1, count + 1)])


def linked(read: Document) -> list[tuple[str, tuple[int, ...]]]:
    return [(mark.text, mark.entries) for mark in with_references(read).citations]


@pytest.mark.parametrize(
    ("prose", "expected"),
    [
        ("It is known [3].", [("[3]", (2,))]),
        ("It is known [1, 5–7, 9].", [("[1, 5–7, 9]", (0, 4, 5, 6, 8))]),
        ("It is known [2]–[4].", [("[2]–[4]", (1, 2, 3))]),
        ("It is known [2, Theorem 4].", [("[2, Theorem 4]", (1,))]),
        ("Values in [0, 1] and in [11, 40] are no citations, [2] is one.", [("[2]", (1,))]),
    ],
)
def test_numbers_in_brackets_are_linked(prose: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert linked(numbered(prose)) == expected


@pytest.mark.parametrize(
    ("prose", "expected"),
    [
        ("It is known (Byron, 2019).", [("(Byron, 2019)", (0,))]),
        ("As Byron (2019) says, it is known.", [("Byron (2019)", (0,))]),
        (
            "It is known (see Byron and Lee, 2020a,b; Moe et al., 2021).",
            [("(see Byron and Lee, 2020a,b; Moe et al., 2021)", (1, 2, 3))],
        ),
        ("In van der Berg (2018) it is known.", [("van der Berg (2018)", (4,))]),
        ("So do Moe et al. (2021).", [("Moe et al. (2021)", (3,))]),
        ("It is known [Byron, 2019].", [("[Byron, 2019]", (0,))]),
        ("It is known (Byron, 2018; Smith, 2019) since 2019 (in May 2019).", []),
        ("Two entries fit (Roe, 2017), and two (Byron and Lee, 2020).", []),
        ("Of others (Lee, 2020a) and of Lee et al. (2021) it is not known.", []),
    ],
)  # fmt: skip
def test_names_and_years_are_linked_where_one_entry_fits(
    prose: str, expected: list[tuple[str, tuple[int, ...]]]
) -> None:
    assert linked(document(prose, NAMED)) == expected


def test_raised_numbers_are_linked_where_they_stood() -> None:
    prose = "Cells fire together. They are studied in mice and humans."
    read = with_references(numbered(prose), raised=[(19, "2,4–6"), (47, "7"), (30, "99")])
    assert [(mark.text, mark.entries) for mark in read.citations] == [("2,4–6", (1, 3, 4, 5)), ("7", (6,))]
    first, second = read.citations
    assert first.start == first.end == 19
    assert read.text[slice(*first.sentence)] == "Cells fire together."
    assert read.text[slice(*second.sentence)].startswith("They are studied")


def test_a_mark_knows_its_sentence_and_page() -> None:
    read = with_references(numbered("First it was not known. Then it was [4]. Now it is."))
    (mark,) = read.citations
    assert read.text[mark.start : mark.end] == "[4]"
    assert read.text[slice(*mark.sentence)] == "Then it was [4]."
    assert mark.page == 1


def test_keys_in_brackets_are_linked() -> None:
    labels = ["Kar20", "Lee19", "Moe+21"]
    read = document(
        "It is known [Kar20; Moe+21], not [Foo].",
        [f"[{one}] A. Author. Title. 20{one[-2:]}." for one in labels],
        labels,
    )
    assert linked(read) == [("[Kar20; Moe+21]", (0, 2))]


def test_a_text_without_references_has_no_citations() -> None:
    read = document("It is known [3] (Byron, 2019).", [])
    assert with_references(read) is read
