"""Long work: real ``kb`` processes that the catalog follows, whatever becomes of them."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb import Settings
from kb.errors import UsageError
from kb.index.jobs import Job
from kb.library.desk import Desk

DATA = Path(__file__).parents[1] / "data"
RECORD = {"id": "2401.00001", "title": "A title", "authors": ["A. Author"], "abstract": "An abstract of one sentence."}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Desk]:
    with Desk.open(Settings(home=tmp_path / "home")) as opened:
        yield opened


def ended(library: Desk, number: int, *, seconds: float = 120) -> Job:
    """The job when it has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        job = next(job for job in library.jobs() if job.number == number)
        if not job.is_open:
            return job
        time.sleep(0.2)
    raise AssertionError(f"still {job.state}: {job.message}")


def running(library: Desk, number: int) -> Job:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        job = library.jobs()[0]
        if job.state == "running":
            return job
        time.sleep(0.05)
    raise AssertionError("it did not start")


def test_an_added_file_is_in_and_the_report_is_that_of_the_verb(library: Desk, tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text(json.dumps(RECORD) + "\n")
    job = ended(library, library.start_job(["add", "--no-fulltext", "--", str(records)]))
    assert (job.state, job.done, job.report and job.report["added"]) == ("done", 1, ["arxiv:2401.00001"])
    assert library.count() == 1
    library.forget_job(job.number)
    assert library.jobs() == []


def test_what_fails_says_why(library: Desk, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"no pdf")
    job = ended(library, library.start_job(["add", str(broken)]))
    assert job.state == "failed"
    assert job.report is not None
    assert job.report["failed"][0]["code"] == "not-a-pdf"
    unknown = ended(library, library.start_job(["note", "2401.99999"]))
    assert (unknown.state, unknown.report and unknown.report["code"]) == ("failed", "unknown-paper")


def test_a_killed_process_is_seen_and_a_stopped_one_says_so(library: Desk) -> None:
    number = library.start_job(["add", str(DATA / "own-sample.pdf")])
    job = running(library, number)
    assert job.pid is not None
    os.kill(job.pid, signal.SIGKILL)
    assert ended(library, number).state == "lost"
    number = library.start_job(["add", str(DATA / "own-sample.pdf")])
    running(library, number)
    library.stop_job(number)
    stopped = ended(library, number)
    assert (stopped.state, stopped.message) in (("failed", "stopped"), ("done", ""))


def test_only_long_work_is_started(library: Desk) -> None:
    for arguments in ([], ["ui"], ["--home", "/"], ["ledger", "export", "x"]):
        with pytest.raises(UsageError):
            library.start_job(arguments)


@pytest.mark.parametrize(
    "name", ["../../evil.pdf", "/etc/evil.pdf", "..\\evil.pdf", "...evil.pdf", "-evil.pdf", "a\0b.pdf"]
)
def test_an_upload_stays_in_its_folder_whatever_it_is_called(library: Desk, name: str) -> None:
    path = library.keep_upload(name, b"%PDF-")
    assert path.parent.parent == library.home.path / "uploads"
    assert path.name[0] not in ".-"
    assert path.read_bytes() == b"%PDF-"


@pytest.mark.parametrize("name", ["a.markdown", "a.xhtml", "a.text", "records.jsonl.gz", "A.HTM", "refs.bib"])
def test_what_the_command_line_reads_may_be_uploaded(library: Desk, name: str) -> None:
    assert library.keep_upload(name, b"x").name == name


def test_uploads_have_limits(library: Desk) -> None:
    with pytest.raises(UsageError, match=r"\.pdf"):
        library.keep_upload("program.exe", b"")
    small = Desk.open(library.settings.model_copy(update={"max_file_bytes": 10}))
    with pytest.raises(UsageError, match="max_file_bytes"):
        small.keep_upload("large.pdf", b"x" * 11)


def test_a_visited_file_is_no_part_of_the_library(library: Desk) -> None:
    library.catalog(create=True)
    guest = library.visit(DATA / "own-sample.pdf")
    with guest:
        assert guest.count() == 1
        assert guest.search("the", k=1)
    assert library.count() == 0
    for key in ("../../etc", "", "0" * 15, "Z" * 16):
        with pytest.raises(UsageError):
            library.visited(key)


def test_an_upload_is_added_though_it_lies_in_the_home_and_the_home_is_not(library: Desk) -> None:
    path = library.keep_upload(
        "paper.md", b"# A title\n\n## Introduction\n\nA sentence that can be read, and another.\n"
    )
    assert library.add([str(library.home.path)]).added == ()
    assert len(library.add([str(path)]).added) == 1
