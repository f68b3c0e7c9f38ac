"""What the verifier must and must not let through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import literals
from kb.writing.verification import Encode, verify
from tests.memory_corpus import bag_of_words

SOURCE = (
    "Our method achieves up to a 6.1× speedup on eight NVIDIA A100s compared to one, with 92.37% accuracy on CIFAR-10"
    " and no loss of quality. We train DistriFusion for 300K steps on 1,234 images."
    " The code is at https://github.com/mit-han-lab/distrifuser."
)


@pytest.mark.parametrize(
    "text",
    [
        "Our method achieves up to a 6.1× speedup on eight NVIDIA A100s",
        "our method  achieves up to a 6.1× speedup on eight\nNVIDIA A100s.",
    ],
)
def test_a_quotation_is_verbatim_whatever_its_white_space(text: str) -> None:
    assert verify(text, [SOURCE])[0] == "verbatim"


def test_quote_marks_and_hyphens_of_the_print_do_not_matter() -> None:
    assert verify('The model\'s "state-of-the-art" result holds', ["The model’s “state‐of‐the‐art” result holds."])[
        0
    ] == ("verbatim")


def test_a_quotation_with_a_sign_that_could_not_be_read_is_not_verbatim() -> None:
    text = "When M\ufffd 0 the shells of the model do not cross."
    assert verify(text, [text]) == ("partly", "a sign on the page could not be read")


def test_a_quotation_that_leaves_out_the_negation_before_it_is_not_verbatim() -> None:
    verdict, reason = verify(
        "the method improves the accuracy of parsing",
        ["We did not find that the method improves the accuracy of parsing."],
    )
    assert verdict == "partly"
    assert "negation" in reason


def test_half_a_word_is_no_quotation() -> None:
    assert verify("rank the documents by sim", ["We rerank the documents by similarity."])[0] != "verbatim"


@pytest.mark.parametrize(
    "text",
    [
        "DistriFusion achieves a 6.1x speedup on 8 A100s.",
        "It reaches 92.4% accuracy on CIFAR-10.",
        "It reaches 92 percent accuracy on CIFAR 10.",
        "DistriFusion is trained for 300,000 steps on 1234 images.",
    ],
)
def test_the_same_number_in_another_form_passes(text: str) -> None:
    assert verify(text, [SOURCE])[0] in ("supported", "partly")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("DistriFusion achieves a 7.1x speedup on eight A100s.", "7.1x"),
        ("It reaches 93% accuracy on CIFAR-10.", "93%"),
        ("It reaches 92.38% accuracy on CIFAR-10.", "92.38%"),
        ("DistriFusion is trained for 300 steps.", "300"),
        ("It achieves a speedup of 6.1% on eight A100s.", "6.1%"),
        ("The code is at https://github.com/mit-hanlab/distrifuser.", "mit-hanlab"),
        ("The paper is arXiv:2402.19482.", "2402.19482"),
        ('The authors call it "the best method ever made".', "best method"),
    ],
)
def test_a_number_address_or_quotation_that_is_not_printed_blocks(text: str, wrong: str) -> None:
    verdict, reason = verify(text, [SOURCE])
    assert verdict == "unsupported"
    assert wrong in reason


def test_a_name_that_is_not_printed_warns() -> None:
    verdict, reason = verify("Our method achieves up to a 6.1× speedup on eight NVIDIA H200s compared to one", [SOURCE])
    assert verdict == "partly"
    assert "H200" in reason


def test_names_are_found_without_regard_to_spaces_hyphens_and_plural() -> None:
    assert literals.has_name("We use MVTec AD and large language models.", "MVTecAD")
    assert literals.has_name("We use MVTec AD and large language models.", "LLMs")
    assert not literals.has_name("She said so.", "AI")


def test_turned_direction_and_negation_are_not_supported() -> None:
    source = ["Aspirin increases the risk of bleeding in older patients."]
    assert verify("Aspirin increases the risk of bleeding in older patients", source)[0] == "verbatim"
    assert verify("In older patients, aspirin decreases the risk of bleeding.", source)[0] in ("partly", "unsupported")
    assert verify("In older patients, aspirin does not increase the risk of bleeding.", source)[0] in (
        "partly",
        "unsupported",
    )


ZEBRA = (
    "The Zebra corpus was made to study how striped animals are described in news."
    " The Zebra corpus holds 48,210 sentences from nine newspapers of the region."
    " Each sentence of the corpus was labelled by three trained annotators."
)


@pytest.mark.parametrize(
    "text",
    [
        "The Zebra corpus is stolen and its makers are thieves.",
        "The Zebra corpus is stolen.",
        "The annotators of the Zebra corpus were never paid.",
        "The Zebra corpus is the best resource ever made.",
        "Sentences of the Zebra corpus can be bought for a fee.",
        "The Zebra corpus is worthless, and its authors should retract it.",
    ],
)
@pytest.mark.parametrize("encode", [None, bag_of_words])
def test_the_subject_alone_bears_out_nothing_that_is_said_of_it(text: str, encode: Encode | None) -> None:
    assert verify(text, [ZEBRA], encode=encode)[0] == "unsupported"


@pytest.mark.parametrize(
    "text",
    [
        "The Zebra corpus holds 48,210 sentences and is stolen.",
        "The sentences of the Zebra corpus were labelled by three annotators, but they are worthless.",
    ],
)
def test_a_clause_that_the_evidence_does_not_know_is_never_supported(text: str) -> None:
    verdict, reason = verify(text, [ZEBRA])
    assert verdict in ("partly", "unsupported")
    assert "nothing" in reason


def test_what_the_evidence_says_of_its_subject_passes() -> None:
    assert verify("The sentences of the Zebra corpus were labelled by trained annotators.", [ZEBRA])[0] == "supported"
    assert verify("Nine newspapers of the region are the source of the Zebra corpus.", [ZEBRA])[0] != "unsupported"


def test_unrelated_words_are_unsupported() -> None:
    assert verify("Cats sleep for most of the day.", [SOURCE])[0] == "unsupported"
    assert verify("Cats sleep for most of the day.", [SOURCE], encode=bag_of_words)[0] == "unsupported"


def test_no_evidence_supports_nothing() -> None:
    assert verify("Anything at all goes here.", [])[0] == "unsupported"
    assert verify("", [SOURCE])[0] == "unsupported"


def test_chinese_over_english_is_checked_for_numbers_and_names_only() -> None:
    assert verify("该方法在 8 块 A100 上加速 6.1 倍", [SOURCE])[0] == "partly"
    verdict, reason = verify("该方法在 8 块 A100 上加速 7 倍", [SOURCE])
    assert verdict == "unsupported"
    assert "7" in reason
    assert verify("使用 30 万步训练", [SOURCE])[0] == "partly"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("3-5 layers", [3, 5]),
        ("10 – 20%", [10, 20]),
        ("ResNet-50 with 3D convolutions", []),
        ("1e-4 and 10^-4", [1e-4, 1e-4]),
        ("2.3 × 10^5 pairs", [2.3e5]),
        ("20M parameters, 1.5 billion tokens", [20e6, 1.5e9]),
        ("-2.5 dB", [-2.5]),
    ],
)
def test_numbers_are_read_as_values(text: str, values: list[float]) -> None:
    assert [n.value for n in literals.numbers(text)] == pytest.approx(values)


@given(st.integers(0, 600), st.integers(1, 4))
def test_rounding_is_the_same_number_and_its_neighbour_is_not(whole: int, places: int) -> None:
    exact = whole + 10**-places * 0.3
    source = f"The score is {exact:.{places + 2}f} in the end."
    rounded = f"{exact:.{places}f}"
    other = f"{exact + 2 * 10**-places:.{places}f}"
    assert not literals.missing(f"It is {rounded} there.", source).numbers
    assert literals.missing(f"It is {other} there.", source).numbers


@given(st.text(max_size=200), st.lists(st.text(max_size=200), max_size=3))
def test_any_text_gets_a_verdict_and_a_reason(text: str, evidence: list[str]) -> None:
    verdict, reason = verify(text, evidence)
    assert verdict in ("verbatim", "supported", "partly", "unsupported")
    assert reason
    assert verify(text, evidence) == (verdict, reason)
