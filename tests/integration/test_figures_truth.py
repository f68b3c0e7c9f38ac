"""Floats of real papers against boxes drawn by eye, and the scorer itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kb.records import Box, FigurePlace, PicturePlace
from tests.benchmarks.figures import TRUTH, cut_figures, locate, overlap, score_folder, score_paper

DATA = Path(__file__).parents[1] / "data"
PAPERS = {paper["file"]: paper for paper in json.loads(TRUTH.read_text())["papers"]}


def image(label: str, page: int, box: tuple[float, float, float, float]) -> FigurePlace:
    place = Box(page=page, x0=box[0], y0=box[1], x1=box[2], y1=box[3])
    return FigurePlace(label=label, kind="figure", caption=label, page=page, box=place, picture=PicturePlace(box=place))


def test_every_float_of_the_sample_paper_is_right() -> None:
    scores, _ = score_folder(DATA)
    assert scores["own-sample.pdf"].faults == []
    assert scores["own-sample.pdf"].right == 4


def test_captions_of_the_sample_paper_are_whole() -> None:
    captions = {found.label: found.caption for found in cut_figures((DATA / "own-sample.pdf").read_bytes())}
    assert captions["Figure 2"] == "Figure 2: Two panels spanning both columns."
    assert captions["Table 1"] == "Table 1: Main results on two data sets."
    assert captions["Algorithm 1"] == "Algorithm 1 Widget training"


@pytest.mark.parametrize("name", ["N18-3011.pdf", "2020.acl-main.207.pdf", "2004.04906v3.pdf", "1706.03762v7.pdf"])
def test_floats_of_latex_papers_are_right(shared: Path, name: str) -> None:
    path = locate(PAPERS[name], shared)
    assert path is not None
    score = score_paper(PAPERS[name], cut_figures(path.read_bytes()))
    assert score.faults == []


@pytest.mark.slow
def test_floats_of_a_journal_page_are_right_though_a_caption_stands_on_the_page_before(shared: Path) -> None:
    path = locate(PAPERS["journal-layout.pdf"], shared)
    assert path is not None
    found = cut_figures(path.read_bytes())
    assert score_paper(PAPERS["journal-layout.pdf"], found).faults == []
    (first,) = [image for image in found if image.label == "Figure 1"]
    assert len(first.caption) > 500


def test_captions_carry_the_words_that_the_truth_names(shared: Path) -> None:
    paper = PAPERS["2020.acl-main.207.pdf"]
    path = locate(paper, shared)
    assert path is not None
    captions = {found.label: found.caption for found in cut_figures(path.read_bytes())}
    for wanted in paper["floats"]:
        assert wanted["caption"].casefold() in captions[wanted["label"]].casefold()


def test_the_score_wants_label_page_and_eight_tenths_of_overlap() -> None:
    paper = {"file": "a.pdf", "pages": 2, "floats": [{"page": 1, "label": "Figure 1", "box": [0, 0, 100, 100]}]}
    assert score_paper(paper, [image("Figure 1", 1, (0, 0, 100, 81))]).right == 1
    assert score_paper(paper, [image("Figure 1", 1, (0, 0, 100, 79))]).right == 0
    assert score_paper(paper, [image("Figure 2", 1, (0, 0, 100, 100))]).right == 0
    assert score_paper(paper, [image("Figure 1", 2, (0, 0, 100, 100))]).right == 0
    twice = score_paper(paper, [image("Figure 1", 1, (0, 0, 100, 100))] * 2)
    assert (twice.right, twice.found, twice.precision, twice.recall) == (1, 2, 0.5, 1.0)
    assert score_paper(paper, []).recall == 0.0


def test_overlap_is_intersection_over_union() -> None:
    box = Box(page=1, x0=0, y0=0, x1=10, y1=10)
    assert overlap(box, [0, 0, 10, 10]) == 1.0
    assert overlap(box, [5, 0, 15, 10]) == pytest.approx(1 / 3)
    assert overlap(box, [20, 20, 30, 30]) == 0.0
