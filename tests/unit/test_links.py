"""One table of hosts says what an address is; spellings of one address are the same address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.links import host_kind, link_kind, names_a_thing, same_address, without_punctuation


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("https://github.com/a/b", "code"),
        ("www.gitlab.com/a/b", "code"),
        ("huggingface.co/a/model", "code"),
        ("https://huggingface.co/datasets/a/b", "project"),
        ("https://a.github.io", "project"),
        ("https://sites.google.com/view/x", "project"),
        ("https://example.org/a/b", None),
        ("https://notgithub.com/a/b", None),
    ],
)
def test_hosts_say_what_an_address_is(address: str, kind: str | None) -> None:
    assert host_kind(address) == kind


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("https://github.com/owner/name", True),
        ("https://github.com/owner", False),
        ("https://github.com", False),
        ("https://name.github.io", True),
        ("https://sites.google.com", False),
        ("https://example.org/owner/name", False),
    ],
)
def test_an_owners_page_is_no_repository(address: str, names: bool) -> None:
    assert names_a_thing(address) is names


def test_words_before_an_address_of_any_host_say_what_it_is() -> None:
    assert link_kind("https://lab.example.org/p", "Project page: ") == "project"
    assert link_kind("https://lab.example.org/p", "Our demo runs at ") == "project"
    assert link_kind("https://git.example.org/p", "The source code is at ") == "code"
    assert link_kind("https://example.org/p", "Code follows. we compare with ") is None
    assert link_kind("https://arxiv.org/abs/2402.19481", "project: ") is None


def test_spellings_of_one_address_are_the_same() -> None:
    assert same_address("http://www.GitHub.com/a/B.git") == same_address("https://github.com/a/b/")


@given(st.text(max_size=60))
def test_no_text_breaks_it_and_what_is_cut_is_at_the_end(text: str) -> None:
    link_kind(text, text)
    assert text.startswith(without_punctuation(text))
