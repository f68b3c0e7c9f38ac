"""Names and titles compared: all spellings of one name are one, and different people stay two."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kb.names import (
    answers_to,
    asked_forms,
    authors_agree,
    bears,
    fold,
    full_words,
    name_forms,
    same_person,
    whole_forms,
)
from kb.records import Name

ONE_PERSON = [
    ["Jürgen Müller", "Müller, Jürgen", "J. Müller", "Mueller, J.", "JÜRGEN MÜLLER", "MÜLLER Jürgen"],
    ["Jürgen Müller", "JURGEN MULLER", "Mu\u0308ller, Ju\u0308rgen", "Juergen Mueller", "Müller, Jürgen K."],
    ["Jian-Guo Zhang", "Jianguo Zhang", "Zhang Jianguo", "Zhang, Jian-Guo", "Zhang, J. G.", "Jian Guo Zhang"],
    ["Jian-Guo Zhang", "J.-G. Zhang", "J.G. Zhang", "Zhang JG", "JG Zhang", "Zhang, JG", "zhang jian-guo"],
    ["Zhang Jianguo", "J.-G. Zhang"],
    ["Laurens van der Maaten", "van der Maaten, Laurens", "Maaten, Laurens van der", "L. van der Maaten"],
    ["Laurens van der Maaten", "Laurens Van Der Maaten", "LAURENS VAN DER MAATEN", "L. Vandermaaten"],
    ["Juan de la Cruz Jr.", "de la Cruz, Juan", "Cruz, Juan de la, Jr.", "de la Cruz, Jr., J."],
    ["Søren Ørsted", "Soren Orsted", "Oersted, S.", "ØRSTED, Søren"],
    ["Tim O'Brien", "Tim O’Brien", "O'Brien, T.", "Tim OBrien", "Tim O Brien"],
    ["Gabriel García Márquez", "García Márquez, Gabriel", "G. García Márquez", "Garcia-Marquez, G."],
    ["Li Wei", "Wei Li", "Wei LI"],
    ["Łukasz Kaiser", "Lukasz Kaiser"],
    ["Đorđe Ðurić", "Djordje Duric"],
    ["Anna Böhm", "A. Boehm", "Bohm, Anna"],
    ["İbrahim Ethem Deveci", "Ibrahim E. Deveci", "Deveci, I."],
    ["张建国", "张建国"],
]  # fmt: skip
TWO_PEOPLE = [
    ("Anna Müller", "Jürgen Müller"),
    ("A. Müller", "Jürgen Müller"),
    ("Wei Xue", "Wei Xu"),
    ("Xuefeng Li", "Xufeng Li"),
    ("Jian Zhang", "Jian-Guo Zhang"),
    ("Jian Zhang", "Jianguo Zhang"),
    ("Anna K. Smith", "Anna L. Smith"),
    ("Smith, Wei", "Jones, Wei"),
    ("", ""),
    ("Anna", "..."),
]
WORDS = st.text(st.sampled_from("abeoühÅøzxIJØ-'.ß"), min_size=1, max_size=7)
NAMES = st.one_of(
    st.lists(WORDS, min_size=1, max_size=4).map(" ".join),
    st.tuples(WORDS, WORDS).map(", ".join),
    st.text(max_size=30),
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ørsted, Łódź & Đoković", "orsted lodz dokovic"),
        ("Ægir Œuvre Straße Þór Ðuro ıŋ", "aegir oeuvre strasse thor duro in"),
        ("ﬁsh and ﬂuid eﬃciency", "fish and fluid efficiency"),
        ("Jian-Guo O’Brien's", "jian guo obriens"),
        ("ＢＥＲＴ２ ½", "bert2 1 2"),
        ("ғ ҟ", "г к"),
        ("がくせい 張建國", "がくせい 張建國"),
        ("हिन्दी", "हिन्दी"),
        ("한국어", "한국어"),
        ("co\u00adoperate zero\u200bwidth", "cooperate zerowidth"),
        ("", ""),
    ],
)
def test_a_text_folds_to_its_plain_words(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_is_final_and_knows_no_normal_form(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text)) == fold(text)


@pytest.mark.parametrize("spellings", ONE_PERSON, ids=lambda spellings: spellings[0])
def test_all_spellings_of_a_name_are_one_person(spellings: list[str]) -> None:
    for one in spellings:
        assert same_person(spellings[0], one), one
        assert same_person(one, spellings[0]), one
        assert answers_to(spellings[0], one), one
        assert answers_to(one, spellings[0]), one
        assert authors_agree([spellings[0], "Noether, Ada"], [one, "Noether, A."]), one


@pytest.mark.parametrize(("one", "other"), TWO_PEOPLE)
def test_different_people_stay_two(one: str, other: str) -> None:
    assert not same_person(one, other)
    assert not same_person(other, one)
    assert not authors_agree([one], [other])


def test_parts_that_a_source_states_are_believed() -> None:
    assert same_person(Name(given="Wei", family="Li"), "Wei Li")
    assert same_person(Name(given="Wei", family="Li"), "Li, Wei")
    assert not same_person(Name(given="W.", family="Li"), Name(given="Li", family="Wang"))
    assert same_person(Name(literal="The ATLAS Collaboration"), "The ATLAS Collaboration")
    assert not same_person(Name(literal="The ATLAS Collaboration"), "The CMS Collaboration")


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("Müller", True), ("muller", True), ("Mueller", True), ("Jürgen", True), ("J.", False), ("", False)],
)  # fmt: skip
def test_one_word_of_a_name_is_enough_to_ask_for_her(asked: str, meant: bool) -> None:
    assert answers_to("Jürgen Müller", asked) is meant


@given(NAMES, NAMES)
@example("I III", "A IIII")
def test_whoever_is_meant_is_found_under_a_key(name: str, asked: str) -> None:
    if answers_to(name, asked):
        assert asked_forms(asked) & name_forms(name)


@given(NAMES)
def test_a_name_answers_to_itself_however_it_is_typed(name: str) -> None:
    if any(len(word) > 1 for word in fold(name).split()):
        assert answers_to(name, name)
        for typed in (name.upper(), unicodedata.normalize("NFD", name)):
            if fold(typed) == fold(name) and asked_forms(typed):
                assert same_person(name, typed)


@given(NAMES, NAMES)
def test_being_one_person_is_mutual(one: str, other: str) -> None:
    assert same_person(one, other) == same_person(other, one)


@given(NAMES)
def test_a_whole_name_is_found_under_one_key(name: str) -> None:
    assert whole_forms(name) & name_forms(name) or not full_words(name)


@pytest.mark.parametrize(
    "asked", ["Zhang Jian-Guo", "Jianguo Zhang", "zhang jian guo", "ZHANG, Jianguo", "Jian Guo Zhang"]
)
def test_the_key_of_a_whole_name_knows_no_order(asked: str) -> None:
    assert whole_forms(asked) & name_forms("Jian-Guo Zhang")
    assert not whole_forms(asked) & name_forms("Jian-Hua Zhang")


@pytest.mark.parametrize(
    ("name", "asked", "meant"),
    [
        ("Jürgen Müller", "Mueller,", True),
        ("Laurens van der Maaten", "Maaten,", True),
        ("Müller Klein", "Müller,", False),
        ("Jürgen Müller", "Jürgen,", False),
    ],
)
def test_a_word_with_a_comma_is_a_family_name(name: str, asked: str, meant: bool) -> None:
    assert answers_to(name, asked) is meant
    assert bool(asked_forms(asked) & name_forms(name)) is meant


def test_a_name_bears_its_whole_words_alone() -> None:
    assert bears("Jürgen K. Müller", "muller jurgen")
    assert not bears("J. Müller", "Jürgen Müller")
    assert not bears("Jürgen Müller", "")
    assert full_words("J.-G. Zhang") == full_words("Zhang JG") == ["Zhang"]


# ------------------------------------------------------------------------------------------------- lists

FOUR = ["Ada Noether", "Jürgen Müller", "Wei Zhang", "Laurens van der Maaten"]


@pytest.mark.parametrize(
    "other",
    [
        FOUR,
        FOUR[::-1],
        ["A. Noether", "J. Müller", "W. Zhang", "L. van der Maaten"],
        ["Noether, Ada", "Müller, Jürgen", "Zhang, Wei", "van der Maaten, Laurens"],
        ["Noether Ada", "Müller Jürgen", "Zhang Wei", "van der Maaten Laurens"],
        ["Ada Noether", "others"],
        ["Ada Noether", "Jürgen Müller", "et al."],
        ["Ada Noether", "Jürgen Müller"],
        ["Ada Noether", "Jürgen Müller", "Wei Zhang"],
        [*FOUR, "Somebody Else"],
        ["Ada Noether", "J. Muller", "Wei Zhang", "Somebody Else"],
    ],
)
def test_lists_of_one_paper_agree(other: list[str]) -> None:
    assert authors_agree(FOUR, other) is True
    assert authors_agree(other, FOUR) is True


@pytest.mark.parametrize(
    "other",
    [
        ["Ada Noether"],
        ["Somebody Else", *FOUR[1:]],
        ["Ada Noether", "Somebody Else", "Another One", "Wei Zhang"],
        ["Wei Zhang"],
        ["Wei Zhang", "Somebody Else"],
        ["B. Noether", "J. Müller", "W. Wang", "L. Maas"],
    ],
)
def test_lists_of_two_papers_do_not(other: list[str]) -> None:
    assert authors_agree(FOUR, other) is False
    assert authors_agree(other, FOUR) is False


@pytest.mark.parametrize("nobody", [[], [""], ["others"], ["..."]])
def test_a_list_of_nobody_says_nothing(nobody: list[str]) -> None:
    assert authors_agree(FOUR, nobody) is None
    assert authors_agree(nobody, FOUR) is None


def test_short_lists_of_common_names_agree_only_in_one_order() -> None:
    assert authors_agree(["Wei Li", "Jun Wang"], ["Li Wei", "Wang Jun"]) is True
    assert authors_agree(["W. Li", "J. Wang"], ["Li Wang", "Jie Wang"]) is False


@given(st.lists(NAMES, max_size=6), st.lists(NAMES, max_size=6))
def test_agreement_is_mutual_and_a_list_agrees_with_itself(ours: list[str], theirs: list[str]) -> None:
    assert authors_agree(ours, ours) is not False
    if len(ours) != len(theirs):
        assert authors_agree(ours, theirs) == authors_agree(theirs, ours)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (["A. Zhang"] * 5000, ["B. Zhang"] * 5000),
        ([f"A{n}b Zhang" for n in range(5000)], [f"A{n}b Zhang" for n in reversed(range(5000))]),
        (["a " * 1_000_000], ["-".join("ab" * 500_000)]),
        (["'" * 2_000_000], ["é" * 1_000_000]),
    ],
)
def test_hostile_lists_cost_linear_time(ours: list[str], theirs: list[str]) -> None:
    start = time.process_time()
    authors_agree(ours, theirs)
    assert time.process_time() - start < 60  # what grows with the square takes hours
