"""A list of references falls into its entries, whatever its style."""

from __future__ import annotations

from kb.parsing.layout import Placed
from kb.parsing.references import split_references
from tests.unit.test_parsing_paragraphs import line_of


def placed(*texts: str, indents: list[float] | None = None) -> list[Placed]:
    found = []
    for row, text in enumerate(texts):
        line = line_of(text, row=row)
        shift = indents[row] if indents else 0.0
        object.__setattr__(line, "x0", line.x0 + shift)
        found.append(Placed(line, role="reference"))
    return found


def entries(lines: list[Placed]) -> list[tuple[str | None, str]]:
    return [(marker, " ".join(p.line.text for p in entry)) for marker, entry in split_references(lines)]


def test_numbered_entries_carry_their_numbers() -> None:
    found = entries(placed("[1] A. Author. One.", "Journal, 2001.", "[2] B. Author. Two.", "[3] C. Author. Three."))
    assert [marker for marker, _ in found] == ["1", "2", "3"]
    assert found[0][1] == "[1] A. Author. One. Journal, 2001."


def test_a_volume_at_the_start_of_a_line_is_no_entry() -> None:
    found = entries(placed("1. A. Author. One. Journal", "27. Pages 3-4, 1999.", "2. B. Author. Two.", "3. C. Author."))
    assert [marker for marker, _ in found] == ["1", "2", "3"]


def test_a_hanging_indent_parts_entries() -> None:
    texts = [
        "Ada Lovelace. 1843. Notes on",
        "the engine. Taylor.",
        "Alan Turing. 1936. On",
        "numbers. LMS.",
        "Zuse, K. 1936.",
    ]
    found = entries(placed(*texts, indents=[0, 11, 0, 11, 0]))
    assert [text.split(".")[0] for _, text in found] == ["Ada Lovelace", "Alan Turing", "Zuse, K"]


def test_entries_without_indent_part_where_one_ends_and_a_name_begins() -> None:
    texts = [
        "Lovelace, A. 1843. Notes on",
        "the engine. Taylor.",
        "Turing, A. 1936. On numbers.",
        "Zuse, K. 1936. Patent.",
    ]
    found = entries(placed(*texts))
    assert [text.split(",")[0] for _, text in found] == ["Lovelace", "Turing", "Zuse"]
