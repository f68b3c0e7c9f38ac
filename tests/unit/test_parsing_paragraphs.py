"""Lines become running text: hyphens, footnote marks, and the place of every word."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from kb.parsing.document import read_pdf
from kb.parsing.glyphs import SOFT_HYPHEN, Style
from kb.parsing.page import Run, TextLine
from kb.parsing.paragraphs import Vocabulary, join_lines
from kb.parsing.roles import assign_roles
from tests.pdf_writer import Words, paragraph, pdf_of
from tests.printed_pages import BODY, Printed, laid_out, prose

STYLE = Style(font="Times", size=10.0, bold=False, italic=False, upright=True)


def line_of(text: str, *, row: int = 0, raised: tuple[int, int] | None = None) -> TextLine:
    """A line whose characters are five points wide; ``raised`` is the span of a superscript."""
    words, at = [], 0
    for word in text.split(" "):
        words.append((at, 72 + 5.0 * at, 72 + 5.0 * (at + len(word))))
        at += len(word) + 1
    runs = (Run(0, len(text), STYLE, False),)
    if raised:
        start, end = raised
        spans = [(0, start, False), (start, end, True), (end, len(text), False)]
        runs = tuple(Run(a, b, STYLE, up) for a, b, up in spans if b > a)
    y = 100.0 + 12 * row
    return TextLine(
        text=text, page=1, x0=72, x1=72 + 5.0 * len(text), y0=y, y1=y + 10, baseline=y + 8, size=10, font="Times",
        bold=False, italic=False, upright=True, words=tuple(words), runs=runs,
    )  # fmt: skip


def join(*texts: str, known: str = "") -> str:
    lines = [line_of(text, row=row) for row, text in enumerate(texts)]
    return join_lines(lines, Vocabulary([*texts, known]))[0]


def test_a_word_broken_at_the_line_end_is_joined_by_default() -> None:
    assert join(f"we repre{SOFT_HYPHEN}", "sent papers") == "we represent papers"


def test_the_papers_own_spelling_keeps_a_hyphen() -> None:
    assert join(f"a dual{SOFT_HYPHEN}", "encoder model", known="the dual-encoder") == "a dual-encoder model"


def test_the_papers_own_spelling_joins_a_word_whose_half_is_a_usual_prefix() -> None:
    assert join(f"we over{SOFT_HYPHEN}", "come this", known="to overcome it") == "we overcome this"


def test_state_of_the_art_keeps_its_hyphens() -> None:
    assert join(f"the state-of-the{SOFT_HYPHEN}", "art method") == "the state-of-the-art method"


def test_a_name_or_number_after_the_hyphen_keeps_it() -> None:
    assert join(f"with GPT{SOFT_HYPHEN}", "4 it works") == "with GPT-4 it works"


def test_chinese_lines_join_without_a_space() -> None:
    assert join("扩散模", "型很好") == "扩散模型很好"


PROSE = [
    "The first paragraph of this page says in whole sentences what is done, so that it is prose,",
    "and it goes on over several lines that are all as wide as the column of the page in which it",
    "stands, until it ends, as all good paragraphs do, with a full stop before the formula below.",
]


def test_a_formula_is_one_block_whose_label_is_its_number() -> None:
    formula = [Words(230, 172, "y = 3 + 12"), Words(520, 178, "(7)"), Words(245, 186, "+ 4 = 19")]
    other = [Words(230, 262, "z = f(2)"), Words(520, 262, "(8)")]
    page = [*paragraph(72, 100, PROSE), *formula, *paragraph(72, 214, PROSE), *other, *paragraph(72, 290, PROSE)]
    blocks = read_pdf(pdf_of([page]), max_pages=1).blocks
    found = [(block.label, block.text) for block in blocks if block.kind == "equation"]
    assert found == [("7", "y = 3 + 12 + 4 = 19"), ("8", "z = f(2)")]
    assert all(block.lines[0].page == 1 and block.lines[0].x0 > 200 for block in blocks if block.kind == "equation")


def test_a_program_keeps_its_indentation_and_not_the_numbers_of_its_rows() -> None:
    rows = ["def add(a, b):", "    return a + b", "", "print(add(1, 2))"]
    program = [Words(100, 170 + 12 * at, row, font="F4") for at, row in enumerate(rows) if row]
    numbers = [Words(84, 170 + 12 * at, str(at + 1), size=7) for at, row in enumerate(rows) if row]
    page = [*paragraph(72, 100, PROSE), *(one for pair in zip(numbers, program, strict=True) for one in pair),
            *paragraph(72, 260, PROSE)]  # fmt: skip
    document = read_pdf(pdf_of([page]), max_pages=1)
    assert [block.text for block in document.blocks if block.kind == "code"] == [
        "def add(a, b):\n    return a + b\nprint(add(1, 2))"
    ]


def test_blanks_within_a_row_and_what_stands_between_rows_are_of_the_program() -> None:
    rows = [("loss      0.53", "F4"), ("# a note in other type", "F3"), ("recall    0.87", "F4"), ("}", "F1")]
    program = [Words(100, 170 + 11 * at, row, size=9, font=font) for at, (row, font) in enumerate(rows)]
    page = [*paragraph(72, 100, PROSE), *program, Words(100, 214, "end()", size=9, font="F4"),
            *paragraph(72, 260, PROSE)]  # fmt: skip
    (code,) = (block for block in read_pdf(pdf_of([page]), max_pages=1).blocks if block.kind == "code")
    assert code.text == "loss      0.53\n# a note in other type\nrecall    0.87\n}\nend()"
    assert all(code.text[start] != " " for line in code.lines for start, _, _ in line.words)


def test_a_program_whose_font_says_nothing_is_known_by_its_one_pitch() -> None:
    odd = BODY._replace(font="Qwertzu")
    rows = ["def sum(first, second):", "    return first plus second", "print(sum(one, two))"]
    program = [Printed(100, 230 + 12 * at, row.strip(), odd) for at, row in enumerate(rows)]
    (page,), body = laid_out([*prose(72, 100, 10), *program, *prose(72, 290, 10)])
    assign_roles([page], [[]], body=body)
    assert [placed.line.text for placed in page.placed if placed.role == "code"] == [row.strip() for row in rows]
    for placed in page.placed:  # the same words in letters of several widths
        placed.role = "body"
        at, x0, x1 = placed.line.words[-1]
        placed.line = replace(placed.line, words=(*placed.line.words[:-1], (at, x0, x1 + 2)))
    assign_roles([page], [[]], body=body)
    assert not any(placed.role == "code" for placed in page.placed)


_WORDS = st.text(alphabet="abcdeAB-1.,", min_size=1, max_size=7)
_TEXTS = st.lists(_WORDS, min_size=1, max_size=5).map(" ".join)


@settings(deadline=None)
@given(st.lists(st.tuples(_TEXTS, st.booleans()), min_size=1, max_size=5))
def test_lines_and_words_point_at_their_own_text(parts: list[tuple[str, bool]]) -> None:
    lines = [line_of(text + (SOFT_HYPHEN if soft else ""), row=row) for row, (text, soft) in enumerate(parts)]
    text, spans = join_lines(lines, Vocabulary(line.text for line in lines))
    assert SOFT_HYPHEN not in text
    assert len(spans) == len(lines)
    ends = [0, *(span.end for span in spans)]
    for span, line, before in zip(spans, lines, ends, strict=False):
        assert before <= span.start <= span.end <= len(text)
        printed = line.text.rstrip(SOFT_HYPHEN).rstrip("-")
        assert text[span.start : span.end].rstrip("-") == printed.rstrip("-")
        assert all(span.start <= start < span.end and text[start] != " " for start, _, _ in span.words)
