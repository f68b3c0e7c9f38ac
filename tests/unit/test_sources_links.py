"""Code and project links out of abstracts and comments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.sources.stated import links_of


def found(*texts: str | None) -> list[tuple[str, str]]:
    return [(link.kind, link.url) for link in links_of(texts)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Code is available at https://github.com/a/b.", [("code", "https://github.com/a/b")]),
        ("Code:https://github.com/a/b; see also (https://a.github.io/b/).", [
            ("code", "https://github.com/a/b"), ("project", "https://a.github.io/b/")]),
        ("at github.com/a/b, and www.gitlab.com/c/d", [("code", "https://github.com/a/b"), ("code", "https://www.gitlab.com/c/d")]),
        (r"\href{https://github.com/a/b\_c}{here}", [("code", "https://github.com/a/b_c")]),
        (r"\url{https://b.github.io/x}.", [("project", "https://b.github.io/x")]),
        ("available at\nhttps: //github.com/a/b_c.", [("code", "https://github.com/a/b_c")]),
        ("found in https://github.\ncom/a/b-c.", [("code", "https://github.com/a/b-c")]),
        ("at https://huggingface.co/datasets/x/y !", [("project", "https://huggingface.co/datasets/x/y")]),
        ("Project page: https://lab.example.org/p", [("project", "https://lab.example.org/p")]),
        ("Our source code is at https://git.example.org/p", [("code", "https://git.example.org/p")]),
        ("We compare with https://example.org/leaderboard", []),
        ("see https://arxiv.org/abs/2402.19481 and https://doi.org/10.1/x and code on github.com", []),
        ("https://github.com/a/b.git and https://github.com/A/B", [("code", "https://github.com/a/b.git")]),
        ("https://github.com/owner/ for details", [("code", "https://github.com/owner/")]),
    ],
)  # fmt: skip
def test_links_are_found_healed_and_classified(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_each_link_is_named_once_and_carries_its_source() -> None:
    links = links_of(["https://github.com/a/b", None, "", "https://github.com/a/b/"], source="jsonl")
    assert [(link.url, link.source) for link in links] == [("https://github.com/a/b", "jsonl")]


@given(st.text(), st.from_regex(r"[a-z][a-z0-9-]{0,10}/[A-Za-z][A-Za-z0-9_-]{0,10}", fullmatch=True))
def test_no_text_breaks_it_and_a_plain_repository_is_always_found(noise: str, path: str) -> None:
    links_of([noise])
    assert links_of([f"code: https://github.com/{path} ."])[0].url == f"https://github.com/{path}"
