"""Files and folders as sources."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kb.guard import Limits
from kb.records import Failure, Item, PassedOver
from kb.sources import jsonl
from kb.sources.files import FilesSource, proposed_ids, readable_endings
from kb.sources.jsonl import count_lines


def outcome(source: FilesSource, path: Path) -> list[tuple[str, str]]:
    """(name, kind, failure code or "passed over") of what was found, in order."""
    found = []
    for thing in source.find(str(path)):
        if isinstance(thing, Failure):
            found.append((Path(thing.what).name, thing.code))
        elif isinstance(thing, PassedOver):
            found.append((Path(thing.what).name, "passed over"))
        else:
            found.append((Path(thing.file or thing.what).name, str(thing.file_kind)))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "b").mkdir(parents=True)
    (root / ".hidden").mkdir()
    for name, data in {
        "a.PDF": b"%PDF-1.4", "b/c.html": b"<html>", "b/d.md": b"# x", "b/e.txt": b"x", "noend": b"junk\n%PDF-1.5",
        "page": b" <!DOCTYPE html><p>", "picture.png": b"\x89PNG", "w.docx": b"PK", ".hidden/x.pdf": b"%PDF-1.4",
    }.items():  # fmt: skip
        (root / name).write_bytes(data)
    return root


def test_a_folder_gives_its_papers_sorted_and_names_what_it_passes_over(folder: Path) -> None:
    assert outcome(FilesSource(), folder) == [
        ("a.PDF", "pdf"), ("c.html", "html"), ("d.md", "markdown"), ("e.txt", "text"), ("noend", "pdf"),
        ("page", "html"), ("picture.png", "passed over"), ("w.docx", "passed over"),
    ]  # fmt: skip


def test_every_file_of_a_folder_is_read_or_named_once(folder: Path) -> None:
    contents = {
        "refs.bib": "@article{k, title={A title}, author={A. Bee}}", "refs.ris": "TY  - JOUR\nTI  - A title\nER  - \n",
        "refs.json": '[{"id": "k", "type": "book", "title": "A title"}]', "pubmed.txt": "PMID- 1\nTI  - A title\n",
        "table.csv": '"Key","Item Type","Title"\n"K","book","A title"\n', "other.csv": "a,b\n1,2\n", "other.json": "{}",
        "export.txt": "TY  - JOUR\nTI  - A title\nER  - \n", "ids.txt": "2402.19481\n", "x.zip": "PK", "empty": "",
        "dump.json": '{"title": "A title", "authors": ["A. Bee"]}', "package.tar.gz": "no gzip", "notes.tex": "x",
    }  # fmt: skip
    for name, text in contents.items():
        (folder / name).write_text(text)
    found = list(FilesSource().find(str(folder)))
    passed = [Path(thing.what).name for thing in found if isinstance(thing, PassedOver)]
    assert passed == [
        "empty", "notes.tex", "other.csv", "other.json", "package.tar.gz", "picture.png", "w.docx", "x.zip"
    ]  # fmt: skip
    assert not [thing for thing in found if isinstance(thing, Failure)]
    records = [thing for thing in found if isinstance(thing, Item) and thing.record is not None]
    assert {thing.record.source for thing in records if thing.record} == {
        "bibtex", "ris", "csl", "nbib", "zotero", "jsonl"
    }  # fmt: skip
    assert len(records) == 7
    assert [thing.what for thing in found if isinstance(thing, Item) and not thing.record and not thing.file] == [
        "2402.19481"
    ]


def test_local_files_are_private(folder: Path) -> None:
    assert {item.private for item in FilesSource().find(str(folder)) if isinstance(item, Item)} == {True}


def test_a_loop_of_links_ends(folder: Path) -> None:
    before = outcome(FilesSource(), folder)
    (folder / "b" / "up").symlink_to(folder, target_is_directory=True)
    assert outcome(FilesSource(), folder) == before


def test_links_do_not_lead_out_of_a_folder_and_are_named(folder: Path) -> None:
    outside = folder.parent / "elsewhere"
    outside.mkdir()
    (outside / "not-asked-for.md").write_text("# Not asked for\n")
    before = outcome(FilesSource(), folder)
    (folder / "b" / "above").symlink_to(folder.parent, target_is_directory=True)
    (folder / "b" / "beside").symlink_to(outside, target_is_directory=True)
    (folder / "b" / "paper.md").symlink_to(outside / "not-asked-for.md")
    (folder / "b" / "system").symlink_to("/etc/passwd")
    links = [(name, "passed over") for name in ("above", "beside", "paper.md", "system")]
    found = outcome(FilesSource(), folder)
    assert sorted(found) == sorted(before + links)
    [named] = FilesSource().find(str(folder / "b" / "paper.md"))
    assert isinstance(named, Item)


def test_a_link_within_a_folder_is_followed(folder: Path) -> None:
    (folder / "z.md").symlink_to(folder / "b" / "d.md")
    assert ("z.md", "markdown") in outcome(FilesSource(), folder)


def test_a_folder_that_is_itself_a_link_is_read(folder: Path) -> None:
    link = folder.parent / "link"
    link.symlink_to(folder, target_is_directory=True)
    assert outcome(FilesSource(), link) == outcome(FilesSource(), folder)


def test_the_folder_that_is_left_out_is_named_and_never_entered(folder: Path) -> None:
    source = FilesSource(leave_out=folder / "b")
    assert ("b", "passed over") in outcome(source, folder)
    assert ("d.md", "markdown") not in outcome(source, folder)
    assert outcome(source, folder / "b" / "d.md") == [("d.md", "passed over")]


def test_a_folder_without_papers_says_so(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    passed, failure = FilesSource().find(str(tmp_path))
    assert isinstance(passed, PassedOver)
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
    [failure] = FilesSource(limits=Limits(max_file_bytes=100)).find(str(path))
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
    for name in ("pipe.pdf", "pipe.jsonl", "pipe.txt", "pipe", "pipe.json"):
        os.mkfifo(tmp_path / name)
    assert outcome(FilesSource(), tmp_path) == [
        ("gone.pdf", "file-unreadable"), ("pipe", "passed over"), ("pipe.json", "passed over"),
        ("pipe.jsonl", "unsupported-file"), ("pipe.pdf", "unsupported-file"), ("pipe.txt", "unsupported-file"),
        ("round.pdf", "file-unreadable"), ("to-a-picture.png", "passed over"),
    ]  # fmt: skip
    assert count_lines(str(tmp_path / "pipe.jsonl")) == 0


def test_a_name_that_is_no_text_is_said_as_it_can_be(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"bad\xff.pdf")).write_bytes(b"%PDF-1.4")
    (tmp_path / os.fsdecode(b"bad\xff.png")).write_bytes(b"x")
    failure, passed = FilesSource().find(str(tmp_path))
    assert isinstance(failure, Failure)
    assert isinstance(passed, PassedOver)
    assert failure.what.encode()
    assert "rename" in failure.reason


def test_the_user_that_nobody_knows_has_no_home() -> None:
    [failure] = FilesSource().find("~nobody-of-this-name/x.pdf")
    assert isinstance(failure, Failure)


def test_a_named_file_of_another_content_is_told_by_its_reader(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"name": "x"}')
    (tmp_path / "x.csv").write_text("a,b\n")
    (tmp_path / "x.gz").write_bytes(b"\x1f\x8bbroken")
    [no_csl] = FilesSource().find(str(tmp_path / "x.json"))
    [no_table] = FilesSource().find(str(tmp_path / "x.csv"))
    assert isinstance(no_csl, Failure)
    assert isinstance(no_table, Failure)
    assert "CSL-JSON" in no_csl.reason
    assert "Zotero" in no_table.reason
    assert outcome(FilesSource(), tmp_path / "x.gz") == [("x.gz", "unsupported-file")]


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("2402.19481v2.pdf", ("arxiv:2402.19481",)), ("2402.19481", ("arxiv:2402.19481",)), ("A title.pdf", ()),
        ("Bee et al. - 2402.19481 - A title.pdf", ("arxiv:2402.19481",)),
        ("hep-th_9901001.pdf", ("arxiv:hep-th/9901001",)),
        ("arxiv_2402.19481_v3.pdf", ("arxiv:2402.19481",)), ("2402.19481 and 1706.03762.pdf", ()), ("2402.pdf", ()),
    ],
)  # fmt: skip
def test_a_files_name_proposes_the_one_id_that_it_carries(name: str, ids: tuple[str, ...]) -> None:
    assert proposed_ids(Path("some/folder") / name) == ids


def test_the_endings_that_are_read_have_their_dot() -> None:
    assert {".pdf", ".bib", ".ris", ".nbib", ".json", ".csv", ".jsonl", ".jsonl.gz"} <= set(readable_endings())
    assert all(ending.startswith(".") for ending in readable_endings())


def test_lines_are_counted_as_far_as_it_is_worth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n" * 3_000_000)
    assert count_lines(str(path)) == 3_000_000
    monkeypatch.setattr(jsonl, "_MOST_COUNTED_MIB", 1)
    assert count_lines(str(path)) == 0
