"""``--out`` names a page, or a folder that takes the page under its own name; what belongs beside it goes along."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import pytest

from kb import Library, Settings
from kb.cli import main

RECORDS = Path(str(resources.files("kb") / "demo")) / "records.jsonl"
PAGES = {
    ("compare", "--paper", "2402.19481", "--question", "What is shown?", "--format", "md"): "compare.md",
    ("compare", "--paper", "2402.19481", "--question", "What is shown?", "--format", "csv"): "compare.csv",
    ("check", "MANUSCRIPT"): "check.txt",
    ("check", "MANUSCRIPT", "--format", "html"): "check.html",
    ("export", "--format", "bibtex"): "papers.bib",
    ("export", "--format", "csl"): "papers.json",
    ("export", "--format", "jsonl"): "papers.jsonl",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    (folder / "own.md").write_text("DistriFusion is fast [@2402.19481].\n")
    with Library.open(Settings.load(home=folder / "home")) as library:
        library.add([str(RECORDS)])
    return folder / "home"


def kb(home: Path, words: Sequence[str], out: str) -> int:
    manuscript = str(home.parent / "own.md")
    named = [manuscript if word == "MANUSCRIPT" else word for word in words]
    return main([*named, "--home", str(home), "--quiet", "--out", out])


@pytest.mark.parametrize("words", PAGES, ids=lambda words: f"{words[0]}-{words[-1]}")
def test_a_folder_takes_the_page_under_its_own_name_whether_it_is_there_or_only_called_so(
    home: Path, tmp_path: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "there"
    there.mkdir()
    for out in (str(there), f"{there}{os.sep}", f"{tmp_path / 'new' / 'deep'}{os.sep}"):
        assert kb(home, words, out) == 0
        page = Path(out) / PAGES[words]
        assert capsys.readouterr().out == f"wrote {page}\n"
        assert page.read_text(encoding="utf-8")
        page.unlink()
    assert kb(home, words, str(tmp_path / "named.page")) == 0
    assert (tmp_path / "named.page").read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["named.page"]


def test_a_pipe_and_a_link_are_written_through_and_what_cannot_be_says_so(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, pipe, link = ("export", "--format", "bibtex"), tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    assert kb(home, words, str(pipe)) == 0
    reader.join(timeout=30)
    assert "@" in read[0]
    assert pipe.is_fifo()
    link.symlink_to(tmp_path / "papers.bib")
    assert kb(home, words, str(link)) == 0
    assert link.is_symlink()
    assert (tmp_path / "papers.bib").read_text(encoding="utf-8") == read[0]
    link.unlink()
    link.symlink_to(tmp_path / "papers.bib" / "below")
    capsys.readouterr()
    assert kb(home, words, str(link)) == 1
    assert capsys.readouterr().err.endswith("cannot be written (Not a directory): choose another --out\n")
