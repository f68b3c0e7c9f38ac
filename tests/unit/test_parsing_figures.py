"""Floats are found wherever a paper may put them, cut at their ink, and come with label and whole caption."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kb.errors import ParseError
from kb.parsing.captions import MAX_CAPTIONS_PER_PAGE, find_captions, read_float_pages
from kb.parsing.figures import MAX_CROP_SIDE_PIXELS
from kb.parsing.float_page import Rect, hull
from kb.parsing.layout import lay_out
from kb.parsing.pdf import PdfReader
from kb.parsing.sheets import PrintedSheet, read_pages
from tests.benchmarks.figures import CutFigure, cut_figures
from tests.pdf_writer import Words, content_of, file_of, pdf_of, stream

WORDS = (
    "the model reads every passage of the paper once and keeps what it needs to answer a question later while the index"
    " grows with each new document that arrives during the day so that nothing has to be computed twice in the end"
).split()
LEFT, RIGHT = 72.0, 540.0


def prose(
    x: float, y: float, lines: int, *, width: float = RIGHT - LEFT, size: float = 10.0, start: int = 0
) -> list[Words]:
    """A paragraph of about the given width (Helvetica letters are about half an em wide)."""
    made, at = [], start
    for line in range(lines):
        text = WORDS[at % len(WORDS)].capitalize()
        at += 1
        while len(text) * 0.49 * size < width - 22:
            text += " " + WORDS[at % len(WORDS)]
            at += 1
        made.append(Words(x, y + 12 * line, text, size))
    return made


def drawn(*boxes: tuple[float, float, float, float], colour: str = "0.2 0.4 0.8") -> bytes:
    """Filled rectangles (x0, y0, x1, y1 from the top left)."""
    return b"".join(f"q {colour} rg {a} {792 - d} {c - a} {d - b} re f Q\n".encode() for a, b, c, d in boxes)


def ruled(x0: float, x1: float, *heights: float) -> bytes:
    """Horizontal rules, half a point thick."""
    return b"".join(f"q 0.5 w {x0} {792 - y} m {x1} {792 - y} l S Q\n".encode() for y in heights)


def page(words: Sequence[Words], *drawings: bytes) -> bytes:
    return b"".join(drawings) + content_of(words)


def found(*pages: bytes) -> dict[str, CutFigure]:
    return {image.label: image for image in cut_figures(pdf_of(pages))}


def assert_box(image: CutFigure, box: tuple[float, float, float, float], *, within: float = 3.0) -> None:
    got = (image.box.x0, image.box.y0, image.box.x1, image.box.y1)
    assert all(abs(a - b) <= within for a, b in zip(got, box, strict=True)), (got, box)


def test_a_figure_is_cut_between_the_text_above_and_its_caption() -> None:
    text = [*prose(72, 100, 6), Words(72, 352, "Figure 1: A blue box."), *prose(72, 390, 12)]
    image = found(page(text, drawn((150, 200, 450, 330))))["Figure 1"]
    assert_box(image, (150, 200, 450, 330))
    assert (image.kind, image.page, image.caption) == ("figure", 1, "Figure 1: A blue box.")
    assert len(image.caption_boxes) == 1


def test_a_table_is_found_under_its_caption_with_its_rules() -> None:
    cells = [Words(x, y, t) for y in (140, 153, 166) for x, t in ((160, "alpha"), (260, "0.71"), (360, "0.64"))]
    text = [Words(150, 110, "Table 1: Scores of two systems."), *cells, *prose(72, 220, 14)]
    image = found(page(text, ruled(150, 420, 126, 143.5, 172)))["Table 1"]
    assert image.kind == "table"
    assert_box(image, (150, 126, 420, 172))


def test_a_table_keeps_the_small_print_under_its_last_rule() -> None:
    cells = [Words(x, y, t) for y in (140, 153, 166) for x, t in ((80, "alpha"), (260, "0.71"), (440, "0.64"))]
    note = prose(72, 182, 2, size=7.5, width=456)
    text = [Words(72, 110, "Table 1: Scores."), *cells, *note, *prose(72, 240, 14)]
    image = found(page(text, ruled(72, 528, 126, 143.5, 172)))["Table 1"]
    assert_box(image, (72, 126, 528, 196), within=4)


def test_floats_side_by_side_each_get_their_own_part() -> None:
    text = [
        *prose(72, 100, 4),
        Words(90, 300, "Figure 1: The left one."),
        Words(330, 300, "Figure 2: The right one."),
        *prose(72, 340, 14),
    ]
    images = found(page(text, drawn((80, 170, 280, 280)), drawn((320, 170, 520, 280), colour="0.8 0.2 0.2")))
    assert_box(images["Figure 1"], (80, 170, 280, 280))
    assert_box(images["Figure 2"], (320, 170, 520, 280))


def test_a_figure_with_text_running_around_it_is_cut_at_the_text() -> None:
    text = [
        *prose(72, 100, 6),
        *prose(72, 172, 14, width=240),
        *prose(72, 340, 12),
        Words(340, 300, "Figure 1: Wrapped by text."),
    ]
    image = found(page(text, drawn((340, 175, 530, 285))))["Figure 1"]
    assert_box(image, (340, 175, 530, 285))


def test_a_caption_left_of_running_text_does_not_take_it_in() -> None:
    text = [
        *prose(72, 100, 6),
        *prose(310, 172, 14, width=230),
        *prose(72, 340, 12),
        Words(72, 280, "Figure 1: A picture with a caption of three lines"),
        Words(72, 292, "that ends well before the text beside it, which is"),
        Words(72, 304, "set in the same size."),
    ]
    image = found(page(text, drawn((80, 175, 280, 262))))["Figure 1"]
    assert_box(image, (80, 175, 280, 262))
    assert image.caption.endswith("which is set in the same size.")


def test_a_wrapped_figure_is_as_wide_as_the_text_beside_it_leaves_room_for() -> None:
    beside = prose(72, 172, 10, width=230)  # ends above the caption, which is narrower than the figure
    text = [*prose(72, 100, 6), *beside, Words(390, 310, "Figure 1: Wrapped."), *prose(72, 340, 12)]
    image = found(page(text, drawn((330, 172, 530, 292))))["Figure 1"]
    assert_box(image, (330, 172, 530, 292))


def test_justified_text_around_a_figure_is_none_of_it_though_its_paragraph_is_short_beside_it() -> None:
    even = "and keeps what it needs to answer a question later while the"  # lines of one text have one end
    beside = [Words(270, 172 + 12 * i, even) for i in range(12)]
    after = [line for y in range(316, 600, 12) for line in [Words(72, y, "It is asked again.")]]
    text = [*prose(72, 90, 5), *beside, Words(80, 300, "Figure 1: Wrapped."), *after]
    full = [Words(72, 60 + 12 * i, f"{even} passage of the paper that is") for i in range(50)]
    image = found(page(text, drawn((72, 172, 256, 282))), page(full))["Figure 1"]
    assert_box(image, (72, 172, 256, 282))


def test_a_list_of_names_beside_a_figure_is_not_cut_with_it() -> None:
    names = [Words(210, 180 + 12 * i, f"Somebody Else, Institute of Things {i}") for i in range(9)]
    text = [*prose(72, 100, 5), *names, Words(72, 310, "Figure 1: A phone."), *prose(72, 350, 14)]
    assert_box(found(page(text, drawn((72, 175, 198, 292))))["Figure 1"], (72, 175, 198, 292))


def test_shaded_boxes_below_each_other_are_one_figure_though_they_hold_prose() -> None:
    tops = (100.0, 180.0, 260.0)
    inside = [line for top in tops for line in prose(80, top + 16, 4, width=446)]
    boxes = [(74.0, top, 538.0, top + 60) for top in tops]
    text = [*inside, Words(200, 345, "Figure 1: Three prompts."), *prose(72, 380, 24)]
    assert_box(found(page(text, drawn(*boxes, colour="0.9 0.9 0.9")))["Figure 1"], (74, 100, 538, 320))


def test_a_box_that_running_text_parts_from_a_figure_is_no_part_of_it() -> None:
    text = [
        *prose(80, 116, 4, width=446),
        *prose(72, 185, 3),
        Words(200, 345, "Figure 1: One prompt."),
        *prose(80, 246, 4, width=446),
        *prose(72, 380, 24),
    ]
    boxes = drawn((74, 100, 538, 160), (74, 230, 538, 320), colour="0.9 0.9 0.9")
    assert_box(found(page(text, boxes))["Figure 1"], (74, 230, 538, 320))


@pytest.mark.parametrize("kind", ["frame", "shade", "rules"])
def test_a_figure_whose_frame_holds_its_caption_too_is_cut_without_frame_and_caption(kind: str) -> None:
    frames = {
        "frame": b"q 0.8 w 300 432 240 190 re S Q\n",
        "shade": drawn((300, 170, 540, 360), colour="0.92 0.92 0.85"),
        "rules": ruled(300, 540, 170, 360),
    }
    text = [
        *prose(72, 100, 5),
        *prose(72, 172, 16, width=215),
        Words(320, 340, "Figure 1: Framed with its caption."),
        *prose(72, 380, 16),
    ]
    image = found(page(text, frames[kind], drawn((320, 185, 520, 250), (320, 262, 520, 320))))["Figure 1"]
    assert_box(image, (320, 185, 520, 320))
    assert image.caption == "Figure 1: Framed with its caption."


def test_the_rule_below_running_heads_is_no_part_of_a_figure() -> None:
    pages = [
        page(
            [
                Words(72, 50, "A. Author and others"),
                Words(200, 262, f"Figure {number}: A box."),
                *prose(72, 300, 30, start=number),
            ],
            ruled(72, 540, 66),
            drawn((150, 90 + number, 450, 240)),
        )
        for number in range(1, 5)
    ]
    for number, image in enumerate(found(*pages).values(), start=1):
        assert_box(image, (150, 90 + number, 450, 240))


def test_a_short_caption_at_the_left_may_stand_under_a_figure_in_the_middle() -> None:
    text = [*prose(72, 100, 5), Words(72, 312, "Figure 1: A box."), *prose(72, 350, 14)]
    assert_box(found(page(text, drawn((220, 180, 420, 290))))["Figure 1"], (220, 180, 420, 290))


def test_words_below_panels_on_the_first_page_are_not_its_front() -> None:
    letters = [Words(80, 292, "(a) What it reads"), Words(190, 292, "(b) What it gives")]
    text = [
        Words(150, 100, "The Title of a Paper in Two Columns", 18),
        Words(265, 125, "A. Writer"),
        *letters,
        Words(54, 318, "Figure 1: Two panels."),
        *prose(54, 350, 30, width=240),
        *prose(318, 150, 46, width=240, start=7),
    ]
    panels = drawn((60, 180, 168, 280), (180, 180, 288, 280))
    assert_box(found(page(text, panels))["Figure 1"], (60, 180, 288, 295), within=5)


def test_a_caption_goes_on_in_lower_case_after_a_bracket_that_leaves_room() -> None:
    lines = ["Figure 1: Signals of neurons in a field that", "is weak, with controls and those without it", "(black)",
             "and in cyan those at the left, which were", "shown before."]  # fmt: skip
    text = [
        *prose(72, 100, 4),
        *[Words(72, 262 + 10 * i, line, 8) for i, line in enumerate(lines)],
        *prose(72, 340, 14),
    ]
    image = found(page(text, drawn((72, 160, 300, 244))))["Figure 1"]
    assert image.caption == " ".join(lines)


def test_the_work_for_a_page_full_of_captions_grows_in_step_with_their_number() -> None:
    def work(rows: int) -> int:
        words = [Words(20 + 75 * (n % 8), 20 + 14 * (n // 8), f"Fig. {n % 900}: a", 9) for n in range(8 * rows)]
        height = 60 + 14 * rows
        data = pdf_of([content_of(words)], page_entries=f"/MediaBox [0 {792 - height} 612 792]")
        with PdfReader(data) as reader, reader.page(1) as shown:
            sheet = PrintedSheet.of(shown, shown.text())
        pages = read_pages([sheet])
        body = lay_out(pages.layouts, pages.lines)
        layouts = read_float_pages(pages.layouts)
        calls = 0

        def count(*_: object) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(count)
        try:
            captions = find_captions(layouts, [one.graphics for one in pages.layouts], body=body)
        finally:
            sys.setprofile(None)
        assert 0 < len(captions) <= MAX_CAPTIONS_PER_PAGE
        return calls

    assert work(160) < 2.6 * work(80)


def test_three_floats_abreast_are_parted_at_the_gaps_between_them() -> None:
    captions = [Words(75 + 160 * at, 300, f"Figure {at + 1}: One of three.") for at in range(3)]
    boxes = [(72.0 + 160 * at, 180.0, 200.0 + 160 * at, 282.0) for at in range(3)]
    images = found(page([*prose(72, 100, 5), *captions, *prose(72, 340, 14)], drawn(*boxes)))
    for at, box in enumerate(boxes):
        assert_box(images[f"Figure {at + 1}"], box)


def test_a_caption_may_stand_beside_its_figure() -> None:
    side = ["Figure 1: The caption", "stands at the side", "of the picture and", "not under it."]
    text = [
        *prose(72, 100, 6),
        *[Words(400, 230 + 12 * i, line, 9) for i, line in enumerate(side)],
        *prose(72, 340, 14),
    ]
    image = found(page(text, drawn((80, 190, 380, 310))))["Figure 1"]
    assert_box(image, (80, 190, 380, 310))
    assert image.caption == " ".join(side)


def test_panels_and_their_letters_stay_together() -> None:
    letters = [Words(x, 262, f"({c})", 9) for x, c in ((150, "a"), (300, "b"), (450, "c"))]
    text = [*prose(72, 100, 5), *letters, Words(200, 290, "Figure 1: Three panels."), *prose(72, 330, 14)]
    panels = drawn((100, 180, 210, 250), (250, 180, 360, 250), (400, 180, 510, 250))
    assert_box(found(page(text, panels))["Figure 1"], (100, 180, 510, 264))


def test_a_letter_right_above_the_caption_is_part_of_the_figure() -> None:
    caption = [Words(72, 262 + 12 * i, line.text) for i, line in enumerate(prose(72, 0, 3))]
    caption[0] = caption[0]._replace(text="Figure 1: " + caption[0].text[:-9])
    text = [*prose(72, 100, 5), Words(296, 250, "(b)"), *caption, *prose(72, 330, 14)]
    assert_box(found(page(text, drawn((100, 180, 510, 238))))["Figure 1"], (100, 180, 510, 252), within=4)


def columns(y: float, lines: int) -> list[Words]:
    return [*prose(54, y, lines, width=240), *prose(318, y, lines, width=240, start=7)]


def test_a_figure_may_span_two_columns_or_stay_in_one() -> None:
    first = [Words(200, 262, "Figure 1: Across both columns."), *columns(300, 30)]
    second = [
        *columns(100, 10),
        *prose(54, 230, 30, width=240),
        Words(330, 362, "Figure 2: In one column."),
        *prose(318, 400, 16, width=240),
    ]
    images = found(page(first, drawn((60, 80, 540, 240))), page(second, drawn((330, 240, 540, 340))))
    assert_box(images["Figure 1"], (60, 80, 540, 240))
    assert_box(images["Figure 2"], (330, 240, 540, 340))


def test_a_table_and_a_figure_that_share_a_gap_are_parted() -> None:
    cells = [Words(x, y, t) for y in (140, 153, 166) for x, t in ((160, "alpha"), (260, "0.71"), (360, "0.64"))]
    text = [
        Words(150, 110, "Table 1: Scores."),
        *cells,
        Words(150, 345, "Figure 1: A box."),
        *prose(72, 390, 20),
    ]
    images = found(page(text, ruled(150, 420, 126, 143.5, 172), drawn((150, 200, 420, 325))))
    assert_box(images["Table 1"], (150, 126, 420, 172))
    assert_box(images["Figure 1"], (150, 200, 420, 325))


def test_a_table_set_sideways_is_found_and_its_picture_turned_upright() -> None:
    rows = [(100, "Table 1: A table that was turned to stand sideways on its page.")]
    rows += [(130 + 14 * i, f"row {i} of the table with several words in every line of it") for i in range(12)]
    sideways = b"".join(f"BT /F1 10 Tf 0 1 -1 0 {x} {792 - 600} Tm ({text}) Tj ET\n".encode() for x, text in rows)
    rules = b"".join(f"q 0.5 w {x} 192 m {x} 592 l S Q\n".encode() for x in (112, 292))
    image = found(sideways + rules, page(prose(72, 100, 40)))["Table 1"]
    assert_box(image, (112, 200, 292, 600), within=4)
    picture = Image.open(io.BytesIO(image.png))
    assert picture.width > 1.5 * picture.height  # on the page it is taller than wide


def test_a_table_that_goes_on_is_found_on_each_page() -> None:
    def part(caption: str, shift: int) -> bytes:
        cells = [Words(x, y + shift, t) for y in (140, 153) for x, t in ((160, "alpha"), (260, "0.71"))]
        return page([Words(150, 110, caption), *cells, *prose(72, 220, 20)], ruled(150, 420, 126, 143.5, 160))

    images = cut_figures(pdf_of([part("Table 1: Scores.", 0), part("Table 1: (continued)", 0)]))
    assert [(image.label, image.page) for image in images] == [("Table 1", 1), ("Table 1", 2)]


def test_a_form_that_reaches_out_of_what_is_seen_does_not_widen_the_crop() -> None:
    text = [*prose(72, 100, 6), Words(72, 352, "Figure 1: A blue box."), *prose(72, 390, 12)]
    content = b"q 150 462 300 130 re W n /X Do Q\n" + content_of(text)
    form = b"0.2 0.4 0.8 rg -500 -500 3000 3000 re f"  # clipped to 300 by 130 points by the page
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [10 0 R] /Count 1 >>",
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        10: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 11 0 R"
        b" /Resources << /Font << /F1 3 0 R >> /XObject << /X 12 0 R >> >> >>",
        11: stream(content),
        12: stream(form, entries="/Type /XObject /Subtype /Form /BBox [-500 -500 2500 2500]"),
    }
    (image,) = cut_figures(file_of(objects))
    assert_box(image, (150, 200, 450, 330))


def test_a_sentence_about_a_figure_is_no_caption() -> None:
    text = [*prose(72, 100, 5), Words(72, 160, "Figure 3 shows that the box is blue and that nothing else is there.")]
    assert found(page([*text, *prose(72, 172, 10)], drawn((150, 400, 450, 500)))) == {}


def test_running_heads_and_page_numbers_are_not_cut_along() -> None:
    pages = []
    for number in range(1, 5):
        text = [
            Words(72, 60, "A. Author and B. Author"),
            Words(520, 60, str(number)),
            Words(200, 222, f"Figure {number}: A box at the top of its page."),
            *prose(72, 260, 30, start=number),
        ]
        pages.append(page(text, drawn((150, 82, 450, 200))))
    images = found(*pages)
    assert sorted(images) == ["Figure 1", "Figure 2", "Figure 3", "Figure 4"]
    for image in images.values():
        assert_box(image, (150, 82, 450, 200))


def test_a_caption_comes_whole_and_its_broken_words_are_healed() -> None:
    lines = ["Figure 1: The caption goes on over several lines, and the last word of one line is bro-",
             "ken in two by the typesetter, which a reader of the text must not be able to notice in any"]  # fmt: skip
    text = [
        *prose(72, 100, 4),
        *[Words(72, 262 + 12 * i, line) for i, line in enumerate([*lines, "way."])],
        *prose(72, 330, 14),
    ]
    image = found(page(text, drawn((150, 160, 450, 240))))["Figure 1"]
    assert image.caption.startswith("Figure 1: The caption goes on")
    assert "is broken in two" in image.caption
    assert image.caption.endswith("in any way.")
    assert len(image.caption_boxes) == 3


def test_the_same_file_gives_the_same_bytes() -> None:
    data = pdf_of([page([Words(200, 222, "Figure 1: A box."), *prose(72, 260, 30)], drawn((150, 82, 450, 200)))])
    assert cut_figures(data) == cut_figures(data)


def test_a_picture_shows_the_float_and_stays_small() -> None:
    data = pdf_of([page([Words(200, 222, "Figure 1: A box."), *prose(72, 260, 30)], drawn((150, 82, 450, 200)))])
    (image,) = cut_figures(data)
    pixels = np.asarray(Image.open(io.BytesIO(image.png)).convert("RGB"))
    assert max(pixels.shape) <= MAX_CROP_SIDE_PIXELS
    middle = pixels[pixels.shape[0] // 2, pixels.shape[1] // 2]
    assert tuple(int(value) for value in middle) == (51, 102, 204)
    assert (pixels.mean(axis=2) < 200).mean() > 0.9  # hardly anything but the box


def test_a_huge_page_gives_a_picture_within_the_cap() -> None:
    entries = "/MediaBox [0 0 14000 14000]"
    content = (
        b"0.2 0.4 0.8 rg 1000 3000 9000 9000 re f\n" + b"BT /F1 300 Tf 1 0 0 1 1000 2000 Tm (Figure 1: Big.) Tj ET"
    )
    images = cut_figures(pdf_of([content], page_entries=entries))
    for image in images:
        assert max(Image.open(io.BytesIO(image.png)).size) <= MAX_CROP_SIDE_PIXELS


def test_what_is_no_pdf_is_refused_with_a_code() -> None:
    with pytest.raises(ParseError) as err:
        cut_figures(b"<html>captcha</html>")
    assert err.value.code == "pdf-broken"


@settings(max_examples=12, deadline=None)
@given(left=st.integers(80, 250), width=st.integers(60, 280), top=st.integers(190, 260), height=st.integers(40, 200))
def test_wherever_a_box_is_drawn_it_is_cut_out(left: int, width: int, top: int, height: int) -> None:
    caption = top + height + 22
    text = [*prose(72, 100, 6), Words(left, caption, "Figure 1: Somewhere."), *prose(72, caption + 40, 10)]
    box = (left, top, left + width, top + height)
    assert_box(found(page(text, drawn(box)))["Figure 1"], box)


boxes = st.tuples(*[st.floats(-100, 100, width=32)] * 4).map(
    lambda e: Rect(min(e[0], e[2]), min(e[1], e[3]), max(e[0], e[2]), max(e[1], e[3]))
)


@given(a=boxes, b=boxes)
def test_the_hull_holds_both_and_shared_ground_is_never_larger_than_either(a: Rect, b: Rect) -> None:
    assert hull([a, b]).holds(a)
    assert hull([a, b]).holds(b)
    assert 0 <= a.shared_area(b) <= min(a.area, b.area) + 1e-9
    assert a.shared_area(b) == b.shared_area(a)
