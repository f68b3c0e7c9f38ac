"""Files and folders as sources."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.records import Failure, Item
from kb.sources.files import FilesSource
from kb.sources.jsonl import JsonlSource, count_lines


def outcome(source: FilesSource, path: Path) -> list[tuple[str, str]]:
    """(name, kind or failure code) of what was found, in order."""
    found = []
    for thing in source.find(str(path)):
        if isinstance(thing, Failure):
            found.append((Path(thing.what).name, thing.code))
        else:
            found.append((Path(thing.file or "").name, str(thing.file_kind)))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "b").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name, data in {
        "a.PDF": b"%PDF-1.4", "b/c.html": b"<html>", "b/d.md": b"# x", "b/e.txt": b"x", "noend": b"junk\n%PDF-1.5",
        "page": b" <!DOCTYPE html><p>", "picture.png": b"\x89PNG", "w.docx": b"PK", ".hidden/x.pdf": b"%PDF-1.4",
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_a_folder_gives_its_papers_sorted_and_reports_what_it_cannot_read(folder: Path) -> None:
    assert outcome(FilesSource(), folder) == [
        ("a.PDF", "pdf"), ("c.html", "html"), ("d.md", "markdown"), ("e.txt", "text"), ("noend", "pdf"),
        ("page", "html"), ("w.docx", "unsupported-file"),
    ]  # fmt: skip


def test_local_files_are_private_unless_told_otherwise(folder: Path) -> None:
    def private(source: FilesSource) -> set[bool]:
        return {item.private for item in source.find(str(folder)) if isinstance(item, Item)}

    assert private(FilesSource()) == {True}
    assert private(FilesSource(private=False)) == {False}


def test_other_readers_are_asked_for_their_endings(folder: Path) -> None:
    def read(path: str) -> Iterator[Item | Failure]:
        yield Item(what=f"from {Path(path).name}", file="", file_kind=None)

    (folder / "x.jsonl.gz").write_bytes(b"")
    (folder / "x.bib").write_bytes(b"")
    source = FilesSource(readers={".jsonl.gz": read, ".bib": read})
    whats = [thing.what for thing in source.find(str(folder))]
    assert "from x.jsonl.gz" in whats
    assert "from x.bib" in whats


def test_a_loop_of_links_ends(folder: Path) -> None:
    (folder / "b" / "up").symlink_to(folder, target_is_directory=True)
    (folder / "b" / "gone").symlink_to(folder / "nowhere")
    assert len(outcome(FilesSource(), folder)) == 7


def test_a_link_to_a_folder_above_takes_in_nothing_from_there(folder: Path) -> None:
    (folder.parent / "elsewhere.md").write_text("# Not asked for\n")
    before = outcome(FilesSource(), folder)
    (folder / "b" / "above").symlink_to(folder.parent, target_is_directory=True)
    assert outcome(FilesSource(), folder) == before


def test_a_folder_without_papers_says_so(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    [failure] = FilesSource().find(str(tmp_path))
    assert isinstance(failure, Failure)
    assert failure.code == "not-found"
    assert "no papers in this folder" in failure.reason


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [("x.zip", b"PK", "unsupported-file"), ("big.txt", b"x" * 101, "too-large"), (None, b"", "not-found")],
)
def test_a_named_file_that_cannot_be_taken_is_a_failure(
    tmp_path: Path, name: str | None, data: bytes, code: str
) -> None:
    path = tmp_path / (name or "absent.pdf")
    if name:
        path.write_bytes(data)
    [failure] = FilesSource(max_file_bytes=100).find(str(path))
    assert isinstance(failure, Failure)
    assert failure.code == code
    assert failure.what == str(path)


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")
    assert outcome(FilesSource(), tmp_path / "pipe.pdf") == [("pipe.pdf", "unsupported-file")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_unreadable(folder: Path) -> None:
    (folder / "a.PDF").chmod(0)
    assert ("a.PDF", "file-unreadable") in outcome(FilesSource(), folder)


def test_a_path_that_no_system_takes_is_a_failure() -> None:
    [failure] = FilesSource().find("a\x00b.pdf")
    assert isinstance(failure, Failure)
    assert failure.code == "file-unreadable"


def test_a_link_that_leads_nowhere_or_round_is_reported_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "gone.pdf").symlink_to(tmp_path / "nowhere")
    (tmp_path / "round.pdf").symlink_to("round.pdf")
    (tmp_path / "to-a-picture.png").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.pdf")
    os.mkfifo(tmp_path / "pipe.jsonl")
    found = list(FilesSource(readers={".jsonl": JsonlSource().find}).find(str(tmp_path)))
    assert [(Path(one.what).name, one.code) for one in found if isinstance(one, Failure)] == [
        ("gone.pdf", "file-unreadable"),
        ("pipe.jsonl", "unsupported-file"),
        ("pipe.pdf", "unsupported-file"),
        ("round.pdf", "file-unreadable"),
    ]
    assert count_lines(str(tmp_path / "pipe.jsonl")) == 0
