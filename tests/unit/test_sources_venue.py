"""Venues out of comments and journal references, measured on hand-read comments of real records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.sources.stated import is_of_preprints, venue_of

SAMPLE = Path(__file__).parents[1] / "data" / "venue_comments.jsonl"


@pytest.mark.parametrize(
    ("comment", "venue"),
    [
        ("CVPR2025", "CVPR 2025"),
        ("Accepted by ICLR 26, code is public", "ICLR 2026"),
        ("Accepted by ICONIP'24", "ICONIP 2024"),
        ("CVPR 2024 Code: https://github.com/a/b Website:   https://a.b/c", "CVPR 2024"),
        ("13 pages,7 figures", None),
        ("Submitted to NeurIPS 2025", None),
        ("Under review at ICLR 2026. 10 pages", None),
        ("ACL 2025 Feb ARR Submission", None),
        ("Will be released upon acceptance at CVPR 2025", None),
        ("Published at ICLR 2025 Workshop on Reasoning", "ICLR 2025 Workshop"),
        ("Accepted to Insights @ NAACL 2025", "NAACL 2025 Workshop"),
        ("Accepted to ACL 2025 Findings", "Findings of ACL 2025"),
        ("Published in IEEE Transactions on Multimedia. Code at x", "IEEE TMM"),
        ("Journal extension of our CVPR 2024 paper", None),
        ("conference-style (ACL format)", None),
        ("1st place solution of the CVPR 2024 challenge", None),
        ("Accepted at IEEE/CVF Winter Conference on Applications of Computer Vision 2025 (WACV) 10 pages", "WACV 2025"),
        ("We study DATE and CHI", None),
        (None, None),
        ("", None),
    ],
)
def test_only_what_was_accepted_is_a_venue(comment: str | None, venue: str | None) -> None:
    assert venue_of(comment) == venue


@pytest.mark.parametrize(
    ("reference", "venue"),
    [
        ("Phys. Rev. D 76, 013009 (2007)", "Phys. Rev. D 2007"),
        ("Proceedings of the IEEE/CVF Conference on Computer Vision and Pattern Recognition (CVPR), 2024", "CVPR 2024"),
        ("2019", None),
    ],
)
def test_a_journal_reference_is_believed_first(reference: str, venue: str | None) -> None:
    assert venue_of("Accepted to ICML 2020" if venue else None, reference) == venue


def test_precision_and_recall_on_a_hundred_hand_read_comments() -> None:
    """A random sample of comments of arXiv records (CC0), labelled by reading; "stated" counts unlisted venues too."""
    rows = [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines()]
    said = [(venue_of(row["comment"]), row) for row in rows]
    right = sum(venue is not None and venue == row["venue"] for venue, row in said)
    precision = right / sum(venue is not None for venue, _ in said)
    recall = right / sum(row["stated"] for row in rows)
    assert len(rows) == 100
    assert precision >= 0.95, f"precision {precision:.2f}"
    assert recall >= 0.75, f"recall {recall:.2f}"


@given(st.text())
def test_no_comment_breaks_it(text: str) -> None:
    venue = venue_of(text, text)
    assert venue is None or venue.strip()


@pytest.mark.parametrize(
    ("venue", "preprint"),
    [
        ("arXiv", True), ("arXiv preprint arXiv:2402.19481", True), ("ArXiv e-prints", True), ("arXiv.org", True),
        ("arXiv (Cornell University)", True), ("CoRR", True), ("CoRR, abs/1706.03762", True), ("corr", True),
        ("CoRR vol. abs/1706.03762", True), ("abs/2402.19481", True), ("Preprint at arXiv", True),
        ("eprint arXiv:2402.19481", True), ("Computing Research Repository (CoRR)", True),
        ("Corr. Sci.", False), ("Correlation Letters", False), ("NeurIPS", False), ("Abstracts of the ACS", False),
        ("Preprints of the IFAC Congress", False), ("", False),
    ],
)  # fmt: skip
def test_where_preprints_lie_is_no_venue(venue: str, preprint: bool) -> None:
    assert is_of_preprints(venue) is preprint
