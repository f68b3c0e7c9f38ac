"""Files in a home: the better one stays, the other leaves no trace; odd names; privacy; two writers in turn."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kb import Library, Settings
from kb.errors import UsageError
from kb.library.indexing import open_indexes
from kb.records import Item, Metadata, SourceRecord
from tests.fakes import WordEncoder

ROOT = Path(__file__).resolve().parents[2]
RECORD = Metadata(source="jsonl", ids=("arxiv:2401.00001",), title="A title", abstract="An abstract of a sentence.")


def opened(home: Path) -> Library:
    library = Library.open(Settings.load(home=home, threads=1))
    library._models._encoder = WordEncoder()
    return library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with opened(tmp_path / "home") as library:
        yield library


def write_paper(path: Path, *, word: str, title: str = "A Study of Small Marsupials") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = f"# {title}\n\nJane Roe\n\n## Abstract\n\nWe study them. They are small.\n\n## Introduction\n\n"
    path.write_text(f"{text}The {word} lives here in great numbers and is seen at dusk.\n", encoding="utf-8")
    return path


def test_two_files_of_one_paper_settle_and_one_leaves_no_trace(library: Library, tmp_path: Path) -> None:
    for word in ("numbat", "wombat"):
        write_paper(tmp_path / "papers" / f"{word}.md", word=word)
    report = library.add(str(tmp_path / "papers"))
    assert len(report.added) == 1
    for _ in range(2):
        again = library.add(str(tmp_path / "papers"))
        assert (again.added, again.updated, again.unchanged) == ((), (), report.added)
    assert library.doctor() == []
    assert (
        len(list(library._store.home.files.keys())) == 2
    )  # the one that is read, and the other, which a split gives back
    library.remove(report.added[0])
    library.close()
    for path in library._store.home.path.rglob("*"):
        assert path.is_dir() or not any(word in path.read_bytes() for word in (b"numbat", b"wombat"))


def test_the_home_is_not_added_to_itself(tmp_path: Path) -> None:
    write_paper(tmp_path / "project" / "paper.md", word="quoll")
    with opened(tmp_path / "project" / "kb-demo") as library:
        library.add(str(tmp_path / "project"))
        write_paper(
            library._store.home.digests_path / "2024-03-04" / "page.md", word="page", title="A digest is no paper"
        )
        report = library.add(str(tmp_path / "project"))
        assert (report.added, report.updated, report.failed) == ((), (), ())
        assert len(library.list()) == 1


@pytest.mark.parametrize("name", ["a" * 5000, "~no-such-user/x.pdf", "\udcff.pdf", "x\0y", "", " ", "/dev/null"])
def test_an_odd_name_is_a_failure_of_its_own(library: Library, tmp_path: Path, name: str) -> None:
    report = library.add([name, str(write_paper(tmp_path / "fine.md", word="bilby"))])
    assert len(report.added) == len(report.failed) == 1
    assert report.failed[0].what.isprintable() or "\0" in name
    assert library._store.catalog().failures.list()[0].code == report.failed[0].code


def test_private_as_said_holds_for_papers_that_are_in_already(library: Library, tmp_path: Path) -> None:
    path = str(write_paper(tmp_path / "paper.md", word="potoroo"))
    (paper_id,) = library.add(path, private=False).added
    assert not library.papers.get(paper_id).private
    assert library.add(path, private=True).updated == (paper_id,)
    assert library.add(path).unchanged == (paper_id,)
    assert library.papers.get(paper_id).private
    library.set(paper_id, private="false")
    library.add(path)
    assert not library.papers.get(paper_id).private


def test_a_decision_on_privacy_that_is_taken_back_leaves_a_local_file_private(library: Library, tmp_path: Path) -> None:
    (paper_id,) = library.add(str(write_paper(tmp_path / "paper.md", word="potoroo"))).added
    assert not library.set(paper_id, private="false").private
    assert library.set(paper_id, private=None).private
    with pytest.raises(UsageError, match="write true or false"):
        library.set(paper_id, private="maybe")


_WRITER = """
import sys
from kb.records import Metadata
from tests.saying import item
from tests.integration.test_library_files import Path, opened
library = opened(Path(sys.argv[1]))
print("ready", flush=True)
for line in sys.stdin:
    numbers = range(*map(int, line.split()))
    ids = [f"arxiv:2401.{number:05d}" for number in numbers]
    texts = [f"We study thing{number} in case{number}." for number in numbers]
    library.add(items=(
        item(Metadata(source="jsonl", ids=(i,), title=f"Title of {i}", abstract=text), what=i)
        for i, text in zip(ids, texts)
    ))
    print("done", flush=True)
"""


@pytest.mark.slow
def test_writers_that_take_turns_keep_what_the_other_wrote(tmp_path: Path) -> None:
    home = tmp_path / "home"
    command = [sys.executable, "-c", _WRITER, str(home)]
    writers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)
    ]
    try:
        for process in writers:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for turn in range(6):
            process = writers[turn % 2]
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{1 + 15 * turn} {21 + 15 * turn}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "done\n"
    finally:
        for process in writers:
            process.communicate(timeout=30)
    with opened(home) as library:
        assert library.doctor() == []
        indexes = open_indexes(library._store.home, library._store.catalog())
        keys = indexes.dense.keys()
        assert len(keys) == library.status().papers == 95
        assert np.allclose(indexes.dense.get(keys), indexes.rows.get(keys), atol=1e-5)
        indexes.close()


def test_an_opinion_for_a_topic_is_read_as_it_was_given(library: Library, tmp_path: Path) -> None:
    (paper_id,) = library.add(str(write_paper(tmp_path / "paper.md", word="potoroo"))).added
    library.like(paper_id, 1, topic="T")
    assert (library.papers.liking(paper_id), library.papers.liking(paper_id, topic="T")) == (0, 1)


def test_a_collection_is_named_rightly_or_nothing_is_added_and_none_is_made_for_nothing(
    library: Library, tmp_path: Path
) -> None:
    path = str(write_paper(tmp_path / "paper.md", word="potoroo"))
    with pytest.raises(UsageError, match="no name of a collection"):
        library.add(path, collection="two\nlines")
    assert library.papers.count() == 0
    assert library.add(str(tmp_path / "none.pdf"), collection="Shelf").failed
    assert library.collections.list() == {}


def test_items_of_a_source_of_ones_own_go_into_the_collection_and_take_no_other_word(library: Library) -> None:
    item = Item(what="one", record=SourceRecord(source="jsonl", metadata=RECORD))
    for other in ({"what": "x.pdf"}, {"query": "ti:x"}, {"private": True}, {"fulltext": False}):
        with pytest.raises(UsageError, match="items"):
            library.add(items=[item], **other)  # type: ignore[arg-type]
    assert len(library.add(items=[item], collection="Shelf").added) == 1
    assert library.collections.list() == {"Shelf": 1}
