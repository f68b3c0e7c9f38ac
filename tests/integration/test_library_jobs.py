"""Long work: real ``kb`` processes that the catalog follows, whatever becomes of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb import Library, Settings
from kb.errors import HomeBusy, HomeUnwritable, UsageError
from kb.index.catalog.unfinished import Job
from kb.library.jobs import forget_traces

DATA = Path(__file__).parents[1] / "data"
RECORD = {"id": "2401.00001", "title": "A title", "authors": ["A. Author"], "abstract": "An abstract of one sentence."}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(Settings(home=tmp_path / "home")) as opened:
        yield opened


def ended(library: Library, number: int, *, seconds: float = 120) -> Job:
    """The job when it has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        job = next(job for job in library.jobs.list() if job.number == number)
        if not job.is_open:
            return job
        time.sleep(0.2)
    raise AssertionError(f"still {job.state}: {job.message}")


def running(library: Library, number: int) -> Job:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        job = library.jobs.list()[0]
        if job.state == "running":
            return job
        time.sleep(0.05)
    raise AssertionError("it did not start")


@pytest.mark.slow
def test_an_added_file_is_in_and_the_report_is_that_of_the_verb(library: Library, tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text(json.dumps(RECORD) + "\n")
    job = ended(library, library.jobs.start(["add", "--no-fulltext", "--", str(records)]))
    assert (job.state, job.done, job.report and job.report["added"]) == ("done", 1, ["arxiv:2401.00001"])
    assert library.papers.count() == 1
    library.jobs.forget(job.number)
    assert library.jobs.list() == []


def test_what_fails_says_why(library: Library, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"no pdf")
    job = ended(library, library.jobs.start(["add", str(broken)]))
    assert job.state == "failed"
    assert job.report is not None
    assert job.report["failed"][0]["code"] == "not-a-pdf"
    unknown = ended(library, library.jobs.start(["note", "2401.99999"]))
    assert (unknown.state, unknown.report and unknown.report["code"]) == ("failed", "unknown-paper")


def test_a_killed_process_is_seen_and_a_stopped_one_says_so(library: Library) -> None:
    number = library.jobs.start(["add", str(DATA / "own-sample.pdf")])
    job = running(library, number)
    assert job.pid is not None
    os.kill(job.pid, signal.SIGKILL)
    assert ended(library, number).state == "lost"
    number = library.jobs.start(["add", str(DATA / "own-sample.pdf")])
    running(library, number)
    library.jobs.stop(number)
    stopped = ended(library, number)
    assert (stopped.state, stopped.message) in (("failed", "stopped"), ("done", ""))


def test_only_long_work_is_started(library: Library) -> None:
    for arguments in ([], ["ui"], ["--home", "/"], ["ledger", "export", "x"]):
        with pytest.raises(UsageError):
            library.jobs.start(arguments)


@pytest.mark.parametrize(
    "name", ["../../evil.pdf", "/etc/evil.pdf", "..\\evil.pdf", "...evil.pdf", "-evil.pdf", "a\0b.pdf"]
)
def test_an_upload_stays_in_its_folder_whatever_it_is_called(library: Library, name: str) -> None:
    path = library.jobs.keep_upload(name, b"%PDF-")
    assert path.parent.parent == library._store.home.path / "uploads"
    assert path.name[0] not in ".-"
    assert path.read_bytes() == b"%PDF-"


@pytest.mark.parametrize("name", ["a.markdown", "a.xhtml", "a.text", "records.jsonl.gz", "A.HTM", "refs.bib"])
def test_what_the_command_line_reads_may_be_uploaded(library: Library, name: str) -> None:
    assert library.jobs.keep_upload(name, b"x").name == name


def test_uploads_have_limits(library: Library) -> None:
    with pytest.raises(UsageError, match=r"\.pdf"):
        library.jobs.keep_upload("program.exe", b"")
    small = Library.open(library.settings.model_copy(update={"max_file_bytes": 10}))
    with pytest.raises(UsageError, match="max_file_bytes"):
        small.jobs.keep_upload("large.pdf", b"x" * 11)


@pytest.mark.slow
def test_a_visited_file_is_no_part_of_the_library(library: Library) -> None:
    library._store.catalog(create=True)
    guest = library.jobs.visit(DATA / "own-sample.pdf")
    with guest:
        assert guest.papers.count() == 1
        assert guest.search("the", k=1)
    assert library.papers.count() == 0
    for key in ("../../etc", "", "0" * 15, "Z" * 16):
        with pytest.raises(UsageError):
            library.jobs.visited(key)


@pytest.mark.parametrize("ending", [".pdf", ".jsonl.gz"])
def test_the_name_of_an_upload_fits_and_keeps_its_ending(library: Library, ending: str) -> None:
    path = library.jobs.keep_upload("文" * 200 + ending, b"x")
    assert path.read_bytes() == b"x"
    assert path.name.endswith(f"文{ending}")


def served_to_others(library: Library) -> Library:
    """The library as the app opens it where others reach it."""
    return Library.open(library.settings.model_copy(update={"browser_paths": False}))


@pytest.mark.slow
def test_where_others_reach_the_app_its_works_name_no_file_of_the_server(library: Library, tmp_path: Path) -> None:
    (tmp_path / "owner.md").write_text("# A secret\n\nIt is one.\n", encoding="utf-8")
    upload = library.jobs.keep_upload("own.md", b"# A title\n\nA sentence.\n")
    out_of_uploads = upload.parent / ".." / ".." / ".." / "owner.md"
    with served_to_others(library) as shared:
        for name in (str(tmp_path / "owner.md"), str(tmp_path), "~", str(out_of_uploads), "./owner.md", "x.pdf"):
            for arguments in (["add", name], ["add", "--no-fulltext", "--", name], ["note", name]):
                with pytest.raises(UsageError, match="upload"):
                    shared.jobs.start(arguments)
        assert shared.jobs.list() == []
        assert ended(shared, shared.jobs.start(["add", str(upload)])).state == "done"


def test_an_uploaded_bibliography_takes_no_other_file_of_the_server(library: Library, tmp_path: Path) -> None:
    pdf = tmp_path / "owner.pdf"
    pdf.write_bytes((DATA / "own-sample.pdf").read_bytes())
    upload = library.jobs.keep_upload("refs.bib", f"@misc{{a, title={{A paper}}, file={{:{pdf}:PDF}}}}".encode())
    with served_to_others(library) as shared:
        report = shared.add([str(upload)])
        assert [one.code for one in report.partial] == ["attachment-missing"]
        assert list(shared._store.home.files.keys()) == []


def test_the_way_from_an_upload_into_the_home_is_no_upload(library: Library) -> None:
    path = library.jobs.keep_upload("a.md", b"# A title\n\nA sentence.\n")
    (library._store.home.path / "note.md").write_text("# Another\n\nA sentence.\n", encoding="utf-8")
    report = library.add([str(path.parent / ".." / ".." / "note.md")])
    assert [one.reason for one in report.skipped] == ["it belongs to the knowledge base itself: nothing to be done"]


def test_an_upload_is_added_though_it_lies_in_the_home_and_the_home_is_not(library: Library) -> None:
    path = library.jobs.keep_upload(
        "paper.md", b"# A title\n\n## Introduction\n\nA sentence that can be read, and another.\n"
    )
    assert library.add([str(library._store.home.path)]).added == ()
    assert len(library.add([str(path)]).added) == 1


def test_a_removal_forgets_every_ended_work_however_many_there_were(library: Library) -> None:
    catalog = library._store.catalog(create=True)
    for _ in range(60):
        catalog.jobs.finish(catalog.jobs.start(["add", "x.pdf"]), "done", report={})
    forget_traces(library._store.home, catalog, (), speaks=lambda path: False)
    assert catalog.jobs.list(limit=None) == []


def test_a_work_whose_signs_of_life_are_late_is_lost_only_when_its_process_is_not_there(library: Library) -> None:
    catalog = library._store.catalog(create=True)
    numbers = [catalog.jobs.start(["add", "x.pdf"]) for _ in range(2)]
    sleeper = [sys.executable, "-c", "input()", "--job", str(numbers[0])]
    with subprocess.Popen(sleeper, stdin=subprocess.PIPE) as child:
        for number in numbers:  # the second has a number that another process has now
            catalog.jobs.take(number, pid=child.pid)
        with catalog.transaction():
            catalog._db.run("UPDATE jobs SET beat = '2020-01-01T00:00:00.000+00:00'")
        assert [job.state for job in library.jobs.list()] == ["lost", "running"]
        child.communicate(b"\n")


def test_a_busy_home_does_not_end_the_signs_of_life(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = library.jobs.record(library._store.catalog(create=True).jobs.start(["add", "x.pdf"]))

    def busy(*args: object, **options: object) -> None:
        raise HomeBusy("another writes")

    monkeypatch.setattr(recorder._table, "beat", busy)
    recorder.notice("waiting")
    recorder.progress("reading", 1, 2)


def test_a_work_that_cannot_be_started_is_an_error_and_no_waiting_work(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: object, **options: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refused)
    with pytest.raises(HomeUnwritable, match="temporarily"):
        library.jobs.start(["doctor"])
    assert [job.state for job in library.jobs.list()] == ["failed"]
