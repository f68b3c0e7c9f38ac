"""An entry of a list of references falls into its fields, in whatever style it is set."""

from __future__ import annotations

import pytest

from kb.parsing.citations import names_of, read_fields
from kb.parsing.references import tagged, words_of


@pytest.mark.parametrize(
    ("entry", "families", "title", "venue", "year", "pages"),
    [
        (
            "[7] A. Byron, K. Lee, and J. van der Berg. On counting. In Proc. 12th Conf. Learning, pages 1–10, 2019.",
            ["Byron", "Lee", "van der Berg"], "On counting",
            "Proc. 12th Conf. Learning", "2019", "1–10",
        ),
        (
            "Bosch, J.M., Von Gadow, K., 1990. Regulating forests for water. Journal of Forestry 153, 41–54.",
            ["Bosch", "Von Gadow"], "Regulating forests for water", "Journal of Forestry", "1990",
            "41–54",
        ),
        (
            "12. Haider, B. & McCormick, D.A. Rapid dynamics of cells and networks. Neuron 62, 171–189 (2009).",
            ["Haider", "McCormick"], "Rapid dynamics of cells and networks", "Neuron", "2009", "171–189",
        ),
        (
            "Lasi H, Fettke P, Kemper HG. Challenges in the engineering of systems. Syst Eng. 2014;6(4):239-242.",
            ["Lasi", "Fettke", "Kemper"], "Challenges in the engineering of systems", "Syst Eng", "2014", "239-242",
        ),
    ],
)  # fmt: skip
def test_fields_are_read_in_the_styles_of_many_journals(
    entry: str, families: list[str], title: str, venue: str, year: str, pages: str
) -> None:
    said = read_fields(entry)
    assert [name.family for name in said.authors] == families
    assert (said.title, said.venue, said.year, said.pages) == (title, venue, year, pages)


def test_ids_are_known_by_their_form() -> None:
    said = read_fields("J. L. Ba and G. E. Hinton. Layer normalization. arXiv preprint arXiv:1607.06450, 2016.")
    assert (said.arxiv, said.doi) == ("1607.06450", "")
    said = read_fields("Broy M, Schmidt A. Systems. Computer. 2014;47(2):70-72. doi: 10.1109/ MC.2014.30.")
    assert (said.arxiv, said.doi) == ("", "10.1109/MC.2014.30")
    said = read_fields(
        "Snoeks, J., 2000. Fishes. Adv. Res. 31, 17–38. http://dx.doi.org/10.1016/S0065-2504(00)31005-4."
    )
    assert (said.doi, said.pages) == ("10.1016/S0065-2504(00)31005-4", "17–38")


def test_digits_that_look_like_an_arxiv_id_are_none_where_arxiv_is_not_named() -> None:
    assert read_fields("Doe, J., 2012. On numbers. Journal 1204.5678, 3–4.").arxiv == ""


@pytest.mark.parametrize(
    ("printed", "families"),
    [
        ("Albertson, R.C., Streelman, J.T., Kocher, T.D.", ["Albertson", "Streelman", "Kocher"]),
        ("Bauböck, Rainer/ Heller, Agnes/ Zolberg, Aristide", ["Bauböck", "Heller", "Zolberg"]),
        ("Hirsch M W, Smale S and Devaney R L", ["Hirsch", "Smale", "Devaney"]),
        ("C.B.Hanna, J.C.Dias-Vélez, and A.H.MacDonald", ["Hanna", "Dias-Vélez", "MacDonald"]),
        ("Smith, John, and Kim Lee", ["Smith", "Lee"]),
        ("Laurens van der Maaten and Geoffrey Hinton", ["van der Maaten", "Hinton"]),
        ("Vinh Q. Tran, Bernd Bohnet, et al.", ["Tran", "Bohnet"]),
        ("OpenAI", ["OpenAI"]),
        ("", []),
    ],
)
def test_lists_of_names_are_parted_and_turned_as_they_are_printed(printed: str, families: list[str]) -> None:
    assert [name.family for name in names_of(printed)] == families


def test_every_word_has_one_field_and_odd_entries_are_no_fault() -> None:
    for entry in ("", "…", "1999", "(((", "[12]", "A" * 5000, "漢字 2019", "x " * 900):
        words = words_of(entry)
        assert len(tagged(entry, words)) == len(words)
        read_fields(entry)
