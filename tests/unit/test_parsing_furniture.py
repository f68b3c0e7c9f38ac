"""Running heads, page numbers and stamps are told from the text by what other pages have at the same place."""

from __future__ import annotations

from kb.parsing.furniture import find_furniture, printed_labels
from tests.printed_pages import HEIGHT, SMALL, Printed, line_of, prose


def dropped(*pages: list[Printed]) -> list[str]:
    lines = [[line_of(printed, page=number) for printed in page] for number, page in enumerate(pages, start=1)]
    found = find_furniture(lines, heights=[HEIGHT] * len(pages))
    return [line.text for page in lines for line in page if id(line) in found]


def test_a_head_below_the_usual_band_is_known_by_its_repetition() -> None:
    pages = [[Printed(72, 110, "Efficient Widgets"), *prose(72, 170, 20)] for _ in range(4)]
    assert dropped(*pages) == ["Efficient Widgets"] * 4


def test_a_first_line_in_the_text_area_that_differs_from_page_to_page_is_text() -> None:
    words = ["Once", "upon", "a", "time"]
    assert not dropped(*([Printed(72, 110, word), *prose(72, 170, 20)] for word in words))


def test_page_numbers_well_above_the_foot_count_on_with_the_pages() -> None:
    pages = [[*prose(72, 170, 20), Printed(300, 690, str(at + 7))] for at in range(3)]
    assert dropped(*pages) == ["7", "8", "9"]


def test_a_number_in_the_last_row_that_does_not_count_on_is_text() -> None:
    pages = [[*prose(72, 170, 20), Printed(300, 670, number)] for number in ("12", "99", "40")]
    assert not dropped(*pages)


def test_captions_of_a_float_that_goes_on_over_pages_are_no_running_heads() -> None:
    for y in (50, 110):
        pages = [[Printed(72, y, "Table 2: A long table over pages."), *prose(72, 170, 20)] for _ in range(4)]
        assert not dropped(*pages)


def test_pages_of_nothing_but_heads_keep_them() -> None:
    assert not dropped(*([Printed(72, 40, "Words that every page has")] for _ in range(3)))


def test_the_title_said_again_above_a_single_later_page_is_a_running_head() -> None:
    first = [Printed(72, 100, "Efficient Widgets for Everyone"), *prose(72, 300, 20)]
    second = [Printed(72, 60, "Efficient Widgets for Everyone"), Printed(400, 60, "2"), *prose(72, 120, 20)]
    assert dropped(first, second) == ["Efficient Widgets for Everyone", "2"]


def labels(*pages: list[Printed]) -> tuple[str, ...]:
    lines = [[line_of(printed, page=number) for printed in page] for number, page in enumerate(pages, start=1)]
    return printed_labels(lines, heights=[HEIGHT] * len(pages))


def test_printed_numbers_are_read_alone_and_at_the_ends_of_running_heads() -> None:
    alone = [[*prose(72, 170, 20), Printed(300, 760, f"– {at + 357} –")] for at in range(4)]
    assert labels(*alone) == ("357", "358", "359", "360")
    left, right = "{n} A. Author et al.", "Widgets in Estuaries {n}"
    heads = [[Printed(72, 40, (left if at % 2 else right).format(n=at + 21)), *prose(72, 170, 20)] for at in range(5)]
    assert labels(*heads) == ("21", "22", "23", "24", "25")


def test_a_page_without_a_number_is_counted_with_the_others() -> None:
    pages = [[*prose(72, 170, 20), *([Printed(300, 760, str(at + 101))] if at else [])] for at in range(5)]
    assert labels(*pages)[0] == "101"


def test_numbers_that_do_not_count_on_are_no_page_numbers() -> None:
    pages = [[*prose(72, 170, 20), Printed(300, 760, number)] for number in ("12", "99", "40", "41")]
    assert labels(*pages) == ()
    assert labels(*[[*prose(72, 170, 20)] for _ in range(4)]) == ()


def test_a_number_beside_a_running_head_goes_with_it_however_deep_the_row_stands() -> None:
    pages = [
        [Printed(72 if at % 2 else 480, 86, str(at + 258)), Printed(200, 86, "A. Author / Journal of Widgets 310"),
         *prose(72, 130, 20)]
        for at in range(4)
    ]  # fmt: skip
    assert len(dropped(*pages)) == 8


def test_a_row_where_other_pages_have_their_foot_is_a_foot() -> None:
    pages = [[*prose(72, 170, 20), Printed(72, 730, "WIDGETS VOLUME 14")] for _ in range(5)]
    last = [*prose(72, 170, 20), Printed(72, 730, "WIDGETS")]
    assert dropped(*pages, last) == ["WIDGETS VOLUME 14"] * 5 + ["WIDGETS"]


def test_small_print_of_rights_is_no_text_from_its_first_line_to_its_last() -> None:
    notice = [
        Printed(72, 700, "Content from this work may be used under the terms of the Creative Commons licence", SMALL),
        Printed(72, 710, "and any further distribution must name its authors.", SMALL),
        Printed(72, 720, "Published under licence by Widgets Publishing", SMALL),
    ]
    address = Printed(72, 740, "https://doi.org/10.1000/widgets.12", SMALL)
    note = Printed(72, 660, "The first author moved to another university since", SMALL)
    page = [*prose(72, 170, 20), note, *notice, address]
    assert dropped(page, prose(72, 170, 20)) == [line.text for line in [*notice, address]]


def test_a_sentence_about_licences_in_the_text_is_text() -> None:
    page = [*prose(72, 170, 10), Printed(72, 290, "The corpus is under a Creative Commons licence"), *prose(72, 302, 9)]
    assert not dropped(page, prose(72, 170, 20))


def test_pages_may_say_how_many_they_are() -> None:
    pages = [[*prose(72, 170, 20), Printed(480, 760, f"Page {at + 1} of 4")] for at in range(4)]
    assert labels(*pages) == ("1", "2", "3", "4")


def test_pages_may_be_counted_in_several_ways_one_after_another() -> None:
    def page(*said: str) -> list[Printed]:
        return [*prose(72, 170, 20), *(Printed(300, 760, text) for text in said)]

    thesis = [page(), *(page(numeral) for numeral in ("ii", "iii", "iv")), page(), *(page(str(n)) for n in range(2, 6))]
    assert labels(*thesis) == ("i", "ii", "iii", "iv", "1", "2", "3", "4", "5")
    supplement = [*(page(str(at + 1187)) for at in range(4)), page("S1"), page("S2")]
    assert labels(*supplement) == ("1187", "1188", "1189", "1190", "S1", "S2")
    cover = [page(), *(page(str(at)) for at in (12, 13, 14, 15))]
    assert labels(*cover) == ("11", "12", "13", "14", "15")
    anew = [*(page(str(at)) for at in (1, 2, 3)), *(page(str(at)) for at in (1, 2, 3))]
    assert labels(*anew) == ("1", "2", "3", "1", "2", "3")


def test_numbers_that_do_not_count_on_are_no_labels() -> None:
    years = [[*prose(72, 170, 20), Printed(72, 40, f"Widgets {year}")] for year in (1999, 2004, 1987, 2013)]
    assert labels(*years) == ()
    same = [[*prose(72, 170, 20), Printed(72, 40, "Widgets 2024")] for _ in range(4)]
    assert labels(*same) == ()
