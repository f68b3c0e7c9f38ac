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


def test_a_number_in_parentheses_before_pages_is_no_entry() -> None:
    texts = [
        "Bosch, J.M., 1979. Treatment effects. Journal",
        "108, 29-37.",
        "Scott, D.F., 2000. A re-analysis. Water SA 26",
        "(1):167-190. See also",
        "(2):201-210 and",
        "(3):301-310.",
        "Vogel, R.M., 1994. Flow curves. Planning 120.",
    ]
    found = entries(placed(*texts, indents=[0, 12, 0, 12, 12, 12, 0]))
    assert [text.split(",")[0] for _, text in found] == ["Bosch", "Scott", "Vogel"]


def test_space_parts_entries_that_do_not_hang_and_labels_of_links_are_none_of_them() -> None:
    texts = [
        "Bishop SDH, Francis MP: Age and growth of the",
        "mako shark. Mar Res. 2006; 57: 143-154.",
        "Publisher Full Text",
        "Bonham K, Sanford FB: Vitamin A of dogfish in",
        "Washington. Report. 1949; 49: 83-114.",
        "Publisher Full Text",
        "Fabens AJ: Fitting of the growth curve. Growth. 1965; 29: 265.",
        "Publisher Full Text",
    ]
    lines = placed(*texts)
    below = 0.0
    for row, one in enumerate(lines):
        below += 6.0 if row in (3, 6) else 0.0
        object.__setattr__(one.line, "baseline", one.line.baseline + below)
    found = entries(lines)
    assert [text.split()[0] for _, text in found] == ["Bishop", "Bonham", "Fabens"]
    assert not any("Publisher" in text for _, text in found)


def test_two_columns_read_as_one_are_put_in_order() -> None:
    texts = [
        ("Adams, Ann (1990) The City", "Dumas, Dan (1993) On Rivers"),
        ("and its people. Oxford.", "and their mouths. Paris."),
        ("Baker, Bea (1991) The Sea", "Evans, Eve (1994) On Hills"),
        ("and its fishes. Berlin.", "and what is on them. Rome."),
    ]
    lines = []
    for left, right in texts:
        lines += placed(left, right, indents=[0 if ")" in left else 10, 300 if ")" in right else 310])
    for row, one in enumerate(lines):
        object.__setattr__(one.line, "baseline", 100.0 + 12 * (row // 2))
        object.__setattr__(one.line, "x1", one.line.x0 + 150)
    found = entries(lines)
    assert [text.split(",")[0] for _, text in found] == ["Adams", "Baker", "Dumas", "Evans"]
    assert found[0][1].endswith("people. Oxford.")
