"""A home that the first edition made (schema 2) opens in this one with everything that was in it.

``tests/data/homes/schema-2.tar.gz`` was made by that release: a bibliography, two versions of a record, a note in
Markdown and a PDF; tags, opinions, a field of the user's, a topic with a digest, a conversation, a reading note.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from kb import Library, Settings
from kb.cli import main
from kb.encoders import load_encoder
from kb.index.catalog.schema import MIGRATIONS
from kb.index.chunking import passage_text
from kb.protocols import Vectors

ARCHIVE = Path(__file__).resolve().parents[1] / "data" / "homes" / "schema-2.tar.gz"
VIEWS = "arxiv:2402.18842"
IDS = {
    VIEWS, "arxiv:2004.07180", "doi:10.1145/1122445.1122456", "record:ac647f2f77695ce7", "doi:10.1093/comjnl/27.2.97",
    "record:affcc7fbb95c2f79", "record:dd436e8033b44484",
}  # fmt: skip


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "home"


def schema_of(home: Path) -> int:
    with sqlite3.connect(home / "catalog.sqlite") as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


@pytest.mark.slow
def test_all_papers_texts_and_decisions_are_there_after_the_upgrade(old: Path) -> None:
    assert schema_of(old) == 2
    with Library.open(Settings(home=str(old))) as library:
        papers = {paper.id: paper for paper in library.list(sources=True)}
        assert papers.keys() == IDS
        views = papers[VIEWS]
        assert (views.title, views.version) == ("A Record of arXiv about Views, Revised", 2)
        assert (views.venue, views.provenance["venue"]) == ("CVPR 2024", "user")
        assert views.tags == ("unread", "views")
        assert [one.source for one in views.sources] == ["jsonl"]
        show = library.show(VIEWS)
        assert (len(show.versions), show.liking) == (2, 1)
        assert library.show("10.1093/comjnl/27.2.97").liking == -1
        assert {key for key, paper in papers.items() if paper.fulltext.state == "full"} == {
            "record:affcc7fbb95c2f79",
            "record:dd436e8033b44484",
        }
        assert library.papers.text("record:dd436e8033b44484")
        cited = library.papers.references("record:dd436e8033b44484")
        assert (cited.references, cited.cited_by) == ((), ())  # until its file is read again
        assert library.search("latency falls", k=1, mode="lexical")[0].paper.id == "record:affcc7fbb95c2f79"
        turns = library._store.catalog().ledger.turns("reading")
        assert turns
        for turn in turns:
            numbers = {sentence.n for passage in turn.passages for sentence in passage.sentences}
            assert numbers
            assert {evidence.marker for claim in turn.claims for evidence in claim.evidence} <= numbers
            assert {ref.paper.id for ref in turn.references} == {passage.paper.id for passage in turn.passages}
        assert library.digest("Views", day=date(2024, 3, 5)).counts.found
        # Words are cut better now, and pages are read better.
        assert [problem.cure for problem in library.doctor()] == ["kb reindex", "kb reindex --parse"]
        library.reindex()
        library.reindex(parse=True)
        assert library.doctor() == []
        assert library.search("orsted", k=1)[0].paper.id == VIEWS
    assert schema_of(old) == len(MIGRATIONS)


@pytest.mark.slow
def test_the_next_add_indexes_words_as_they_are_cut_now_and_a_search_says_so_until_then(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "more.bib").write_text("@misc{x, title={On the Birds of Iceland}, author={Uno, Ono}}")
    with monkeypatch.context() as earlier, Library.open(Settings(home=str(old))) as library:
        earlier.setattr("kb.words.plain_letter", lambda letter: letter)
        earlier.setattr("kb.library.indexing.TOKENS", library._store.catalog().fact("tokens"))
        library.set(VIEWS, abstract="We serve smørrebrød.")
    command = ["search", "smorrebrod", "--mode", "lexical", "--json", "--home", str(old)]
    assert main(command) == 0
    before = capsys.readouterr()
    assert "kb add" in before.err
    assert VIEWS not in before.out
    told: list[tuple[str, int, int | None]] = []
    with Library.open(Settings(home=str(old))) as library:
        with monkeypatch.context() as stopped:
            stopped.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                library.add(str(tmp_path / "more.bib"))
        assert library.search("latency falls", k=1, mode="lexical")[0].paper.id == "record:affcc7fbb95c2f79"
        library.add(str(tmp_path / "more.bib"), progress=lambda *step: told.append(step))
        assert ("indexing words again", library.status().chunks, library.status().chunks) in told
        assert library.search("smørrebrød", k=1, mode="lexical")[0].paper.id == VIEWS
        assert library.search("birds iceland", k=1, mode="lexical")[0].paper.title == "On the Birds of Iceland"
        assert {problem.kind for problem in library.doctor()} == {"parser"}
        told.clear()
        library.add(str(tmp_path / "more.bib"), progress=lambda *step: told.append(step))
        assert not any("words" in what for what, *_ in told)
    assert main(command) == 0
    after = capsys.readouterr()
    assert after.err == ""
    assert VIEWS in after.out


def test_a_year_that_was_filled_up_to_a_day_is_a_year_again(old: Path) -> None:
    with Library.open(Settings(home=str(old))) as library:
        library.set("10.1093/comjnl/27.2.97", comment="read twice")
        exported = library.papers.export("bibtex", paper=["10.1093/comjnl/27.2.97"])
    assert "1984" in exported
    assert "month" not in exported
    assert "day" not in exported


def test_adding_the_bibliography_again_brings_its_fields_and_no_second_paper(old: Path, tmp_path: Path) -> None:
    entry = (
        "@phdthesis{kay2001, author={Kay, Ada and others}, title={My Thesis on Widgets}, school={TU Wien}, year={2001}}"
    )
    (tmp_path / "refs.bib").write_text(entry, encoding="utf-8")
    with Library.open(Settings(home=str(old))) as library:
        report = library.add(str(tmp_path / "refs.bib"))
        assert (report.added, len(report.updated)) == ((), 1)
        paper = library.papers.get("kay2001", sources=True)
        assert paper.id == "record:ac647f2f77695ce7"
        assert [one.type for one in paper.sources if one.fields] == ["phdthesis"]
        assert library.papers.export("bibtex", paper=["kay2001"]).strip() == entry.strip()


def test_the_upgraded_home_is_the_same_after_a_second_opening(old: Path) -> None:
    with Library.open(Settings(home=str(old))) as library:
        first = library.list(sources=True)
    with Library.open(Settings(home=str(old))) as library:
        assert library.list(sources=True) == first


@pytest.mark.slow
def test_a_killed_upgrade_changes_nothing_and_goes_through_the_next_time(old: Path, tmp_path: Path) -> None:
    """The upgrade is one transaction: wherever it is killed, the home is the old one or the new one."""
    program = (
        "import sys, os, signal\n"
        "from kb.index.catalog import schema\n"
        "steps = int(sys.argv[2])\n"
        "import kb.index.catalog.database as database\n"
        "run = database.Database.run\n"
        "def counted(self, *args):\n"
        "    global steps\n"
        "    steps -= 1\n"
        "    if steps == 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return run(self, *args)\n"
        "database.Database.run = counted\n"
        "from pathlib import Path\n"
        "from kb.index.catalog import Catalog\n"
        "Catalog(Path(sys.argv[1])).close()\n"
    )
    seen = set()
    for steps in (1, 5, 20, 40, 60, 80, 100, 130):
        home = tmp_path / f"killed{steps}"
        shutil.copytree(old, home)
        command = [sys.executable, "-c", program, str(home / "catalog.sqlite"), str(steps)]
        done = subprocess.run(command, check=False, capture_output=True, env={**os.environ, "PYTHONPATH": "."})
        seen.add(done.returncode)
        if done.returncode == -signal.SIGKILL:
            assert schema_of(home) == 2
        with Library.open(Settings(home=str(home))) as library:
            assert {paper.id for paper in library.list()} == IDS
        assert schema_of(home) == len(MIGRATIONS)
    assert -signal.SIGKILL in seen


def test_its_vectors_are_those_of_todays_encoder_and_none_is_made_anew(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder(Settings(home=old, encoder_device="cpu"))
    stored = np.fromfile(old / "index" / "vectors" / "passages.f32", dtype="<f4", offset=4096)
    with Library.open(Settings(home=str(old))) as library:
        assert not [problem for problem in library.doctor() if "encoder" in problem.what]
        hit = library.search("views", mode="dense", k=1)[0]
        vector = encoder.encode_passages([passage_text(hit.paper.title, hit.section, hit.text)])[0]
        # Both are rounded to 8 bits in places, each by its own converter, and lie within .999 of 32 bits.
        assert (stored.reshape(-1, encoder.dimension) @ vector).max() > 0.998

        def refuse(texts: Sequence[str]) -> Vectors:
            raise AssertionError(f"{len(texts)} passages of a home of the same encoder were encoded anew")

        monkeypatch.setattr(type(encoder), "encode_passages", lambda self, texts: refuse(texts))
        assert library.search("records about views", mode="dense", k=3)
