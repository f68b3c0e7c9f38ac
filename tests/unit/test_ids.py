"""Ids: what carries one arXiv id is read as it, whatever stands around it; what only looks like one is not."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import BadIdentifier
from kb.ids import (
    doi_key,
    find_arxiv_ids,
    is_address,
    is_arxiv_id,
    other_identifier,
    paper_key,
    parse_arxiv_id,
    plain_words,
    record_key,
)

CARRIERS = [
    "{id}", "arXiv:{id}", "arxiv: {id}", "arXiv:{id} [cs.CV] 29 Feb 2024", "({id}).", "“{id}”,", "<{id}>", "[{id}]",
    "[{id}] A title with words: and a colon", "https://arxiv.org/abs/{id}", "http://www.arxiv.org/pdf/{id}.pdf",
    "arxiv.org/html/{id}", "https://export.arxiv.org/abs/{id}", "https://browse.arxiv.org/pdf/{id}",
    "https://ar5iv.labs.arxiv.org/html/{id}", "https://www.alphaxiv.org/abs/{id}?chatId=7#page=3",
    "https://huggingface.co/papers/{id}", "https://papers.cool/arxiv/{id}", "https://www.semanticscholar.org/arxiv/{id}",
    "https://api.semanticscholar.org/arXiv:{id}", "https://scirate.com/arxiv/{id}", "https://a.example/x?paper={id}&l=en",
    "https://web.archive.org/web/20240301000000/https://arxiv.org/abs/{id}", "oai:arXiv.org:{id}",
    "doi:10.48550/arXiv.{id}",
    "https://doi.org/10.48550/arXiv.{id}", "http://dx.doi.org/10.48550/ARXIV.{id}", "10.48550/arxiv.{id}",
    "eprint = {{{id}}},", "@misc{{x, eprint={{{id}}}, archivePrefix={{arXiv}}}}", "{id}.pdf", "{id}.html",
    "A. Bee, C. Dee. A title. arXiv preprint arXiv:{id}, 2024.", "<a href='https://arxiv.org/abs/{id}'>{id}</a>",
    "https://arxiv.org/abs/{id} https://arxiv.org/pdf/{id}",
]  # fmt: skip
IDS = ["2402.19481", "0704.0001", "1412.6980", "1501.00001", "hep-th/9901001", "math/0309136", "cs/0112017"]


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("identifier", IDS)
@pytest.mark.parametrize("version", [None, 2, 13])
def test_whatever_carries_one_arxiv_id_is_read_as_it(carrier: str, identifier: str, version: int | None) -> None:
    text = carrier.format(id=identifier + (f"v{version}" if version else ""))
    assert parse_arxiv_id(text) == (identifier, version)


@pytest.mark.parametrize("carrier", [one for one in CARRIERS if "://" in one])
def test_an_address_inside_another_one_is_looked_into(carrier: str) -> None:
    inner = carrier.format(id="math.GT/0309136v2")
    once, twice = quote(inner, safe=""), quote(quote(inner, safe=""), safe="")
    assert parse_arxiv_id(f"https://a.example/redirect?url={once}&x=1") == ("math/0309136", 2)
    assert parse_arxiv_id(f"https://a.example/redirect?url={twice}") == ("math/0309136", 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://ui.adsabs.harvard.edu/abs/2024arXiv240219481L/abstract", ("2402.19481", None)),
        ("2013arXiv1301.1234M", ("1301.1234", None)),
        ("https://dblp.org/rec/journals/corr/abs-2402-19481.html?view=bibtex", ("2402.19481", None)),
        ("https://arxiv.org/abs/cond-mat.mtrl-sci/0309136v2", ("cond-mat/0309136", 2)),
        ("arXiv：２４０２．１９４８１", ("2402.19481", None)),
        ("2402.\u200b19481\ufeff", ("2402.19481", None)),
        ("2402.19481 v2", ("2402.19481", 2)),
        ("HEP-TH/9901001", ("hep-th/9901001", None)),
        ("10.1000/182, also arXiv:2402.19481", ("2402.19481", None)),
        ("https://a.example/?doi=10.1000/2401.00001&arxiv=2402.19481", ("2402.19481", None)),
    ],
)
def test_other_spellings_of_an_id(text: str, expected: tuple[str, int | None]) -> None:
    assert parse_arxiv_id(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "words", "10.1000/2402.19481", "https://doi.org/10.1000/2402.19481", "https://doi.org/10.1000%2F2402.19481",
        "https://www.example.org/article/10.1007/hep-th/9901001", "2402.19481234", "12402.19481", "1234.56789",
        "2400.19481", "2402.1948", "0704.10001", "0703.0001", "9912.12345", "12.2402.19481", "2402.19481.7",
        "$2402.19481",
        "2402.19481 €", "£ 1204.5000", "2402.19481%", "x2402.19481", "2402.19481x", "2402.19481v0", "2402.19481v1234",
        "papers/9901001", "https://a.example/lecture/0102003", "xcs/0112017", "math/0313136", "math/2001001",
        "29.02.2024",
        "978-0-262-03384-8", "28865123", "192.168.2402.19481",
    ],
)  # fmt: skip
def test_what_only_looks_like_an_id_is_none(text: str) -> None:
    assert find_arxiv_ids(text) == []
    with pytest.raises(BadIdentifier):
        parse_arxiv_id(text)


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ("2402.19481 1706.03762", ("2402.19481", "1706.03762")),
        ("https://arxiv.org/abs/2402.19481?from=hep-th/9901001", ("2402.19481", "hep-th/9901001")),
        ("2402.19481v1, 2402.19481v2", ("2402.19481v1", "2402.19481v2")),
    ],
)
def test_two_ids_are_an_error_that_names_both(text: str, both: tuple[str, str]) -> None:
    with pytest.raises(BadIdentifier) as error:
        parse_arxiv_id(text)
    assert all(one in str(error.value) for one in both)
    assert "one by one" in str(error.value)
    assert not is_arxiv_id(text)


def test_an_id_is_listed_once_with_the_version_that_is_stated() -> None:
    assert find_arxiv_ids("2402.19481 and 2402.19481v2, then math.GT/0309136") == [
        ("2402.19481", 2), ("math/0309136", None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("10.1145/3366423.3380175", "a DOI that is no arXiv id"),
        ("https://dl.acm.org/doi/10.1145/3366423.3380175", "a DOI that is no arXiv id"),
        ("ISBN 978-0-262-03384-8", "the ISBN of a book"),
        ("0262033844", "the ISBN of a book"),
        ("PMID: 28865123", "an id of PubMed"),
        ("https://pubmed.ncbi.nlm.nih.gov/28865123/", "an id of PubMed"),
        ("PMC1234567", "an id of PubMed"),
        ("2020.acl-main.207", "an id of the ACL Anthology"),
        ("W2626778328", "an id of OpenAlex"),
        ("CorpusID:13756489", "an id of Semantic Scholar"),
        ("https://openreview.net/forum?id=abc", "an address of openreview.net without an arXiv id"),
        ("www.example.org/papers/1", "an address of example.org without an arXiv id"),
    ],
)
def test_a_refusal_says_what_kind_of_thing_it_is_and_what_can_be_done(text: str, kind: str) -> None:
    assert other_identifier(text) == kind
    with pytest.raises(BadIdentifier) as error:
        parse_arxiv_id(text)
    assert kind in str(error.value)
    assert ".bib" in str(error.value)
    assert "no such file" not in str(error.value)


@pytest.mark.parametrize(("text", "said"), [("1234.56789", "no year and month"), ("2402.1948", "5 digits")])
def test_a_mistyped_number_is_told_what_is_wrong_with_it(text: str, said: str) -> None:
    with pytest.raises(BadIdentifier, match=said):
        parse_arxiv_id(text)


@pytest.mark.parametrize("text", ["words", "28865124", "9780262033840", "12345678901234", "paper.pdf", "a/b.pdf"])
def test_what_is_no_identifier_at_all_has_no_kind(text: str) -> None:
    assert other_identifier(text) is None


def test_an_address_is_told_from_a_path() -> None:
    assert is_address("https://a.example/x")
    assert is_address("arxiv.org/abs/2402.19481")
    assert not is_address("papers/2402.19481.pdf")
    assert not is_address("paper.pdf")


def test_keys_of_papers() -> None:
    assert paper_key(" record:0123abcd ") == "record:0123abcd"
    assert paper_key("https://doi.org/10.1000/ABC.") == "doi:10.1000/abc"
    assert paper_key("https://huggingface.co/papers/2402.19481") == "arxiv:2402.19481"
    assert paper_key("https://doi.org/10.48550/arXiv.2402.19481v3") == "arxiv:2402.19481"
    assert doi_key("doi.org/10.1000/ABC") == doi_key("DOI 10.1000/abc") == "doi:10.1000/abc"
    assert doi_key("10.48550/arXiv.math.GT/0309136") == "arxiv:math/0309136"
    assert doi_key("2402.19481") is None


def test_ids_made_of_content_stay_what_homes_have_stored() -> None:
    assert record_key("A Title: of  Two", ["Ann Bée"]) == record_key("a title of two", ["ann bee"])
    assert record_key("Ein Titel", ["Jürgen Müller", "B. C"]) == "record:62adec568d4d6ff0"


def refusal(text: str) -> str:
    """Why a text is not read; empty when it is."""
    try:
        parse_arxiv_id(text)
    except BadIdentifier as err:
        return str(err)
    return ""


@given(st.text(alphabet=st.sampled_from("0123456789.v/: -_%arXiv[]cshepth10.48550ß€\u200b")), st.sampled_from(IDS))
def test_a_text_of_signs_gives_ids_or_a_refusal_of_one_line(text: str, identifier: str) -> None:
    for found, version in find_arxiv_ids(text):
        assert parse_arxiv_id(found) == (found, None)
        assert version is None or 0 < version < 1000
    assert "\n" not in refusal(text)
    assert (identifier, None) in find_arxiv_ids(f"{text}\n{identifier}\n")


@pytest.mark.parametrize(
    "unit",
    ["2402.19481 ", "%2525", "10.1000/ ", "hep-th.", "1", "1234.", "x://", "a@", "a.", "978 ", "pubmed/", "arXiv:"],
)
def test_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    started = time.perf_counter()
    with contextlib.suppress(BadIdentifier):
        paper_key(unit * (400_000 // len(unit)) + "!")
    assert time.perf_counter() - started < 4


def test_the_case_of_pasted_addresses(shared: Path) -> None:
    path = shared.parent / "cases" / "ids" / "ids.txt"
    if not path.is_file():
        pytest.skip("the cases are not beside this checkout")
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    for pasted, right, *_ in rows:
        identifier, version = parse_arxiv_id(pasted)
        assert right == f"arxiv:{identifier}" + (f" version {version}" if version else "")


@given(st.text(max_size=60))
def test_folding_what_is_folded_changes_nothing(text: str) -> None:
    assert plain_words(plain_words(text)) == plain_words(text)


@pytest.mark.parametrize(("text", "folded"), [("ℂ", "c"), ("Ⅷ ＡＢ", "viii ab"), ("Éª ﬁn", "ea fin"), ("№ 5", "no 5")])
def test_letters_that_stand_for_others_fold_to_them(text: str, folded: str) -> None:
    assert plain_words(text) == folded
