"""Adding as users do it: twice, in either order, broken in the middle, by two at once; and taking out again."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from kb import Library, Settings
from kb.errors import HomeBusy, HomeTooNew, KbError, UnknownPaper, UsageError
from kb.home import Home
from kb.records import Failure, Metadata
from tests.saying import item

DEMO = Path(str(resources.files("kb") / "demo"))
RECORDS = DEMO / "records.jsonl"
S2ORC = DEMO / "2020.acl-main.447.pdf"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(Settings.load(home=tmp_path / "home")) as library:
        yield library


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library with one PDF and the five records; tests that change it take a copy."""
    with Library.open(Settings.load(home=tmp_path_factory.mktemp("stocked") / "home")) as library:
        library.add([str(RECORDS), str(S2ORC)])
        yield library


@pytest.fixture
def copied(stocked: Library, tmp_path: Path) -> Iterator[Library]:
    shutil.copytree(stocked._store.home.path, tmp_path / "copy")
    with Library.open(Settings.load(home=tmp_path / "copy")) as library:
        yield library


@pytest.mark.slow
def test_adding_again_changes_nothing(copied: Library) -> None:
    before = copied.list()
    report = copied.add([str(RECORDS), str(S2ORC)])
    assert (report.added, report.updated, report.failed) == ((), (), ())
    assert len(report.unchanged) == 6
    assert copied.list() == before


def test_a_record_is_stored_as_it_was_given(stocked: Library) -> None:
    for line in RECORDS.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        paper = stocked.papers.get(record["id"])
        assert paper.id == f"arxiv:{record['id']}"
        assert paper.version == record["version"]
        assert list(paper.authors) == record["authors"]
        assert paper.title == record["title"]
        assert paper.comment == record["comment"]
        assert [day.isoformat() for day in paper.announced] == record["listed"]


def test_a_pdf_becomes_text_with_pages_and_no_reference_entry(stocked: Library) -> None:
    (paper,) = [paper for paper in stocked.list() if paper.fulltext.state == "full"]
    assert paper.title == "S2ORC: The Semantic Scholar Open Research Corpus"
    assert paper.authors[0] == "Kyle Lo"
    chunks = stocked._store.corpus().chunks(paper.id)
    assert all(chunk.page is not None and chunk.boxes for chunk in chunks)
    assert not any("In Proceedings of the" in chunk.text and "pages" in chunk.text for chunk in chunks)


def test_every_search_mode_finds_the_paper_with_its_page(stocked: Library) -> None:
    for mode in ("lexical", "dense", "hybrid"):
        hit = stocked.search("machine-readable full text extracted from PDFs", k=1, mode=mode)[0]  # type: ignore[arg-type]
        assert hit.paper.title.startswith("S2ORC")
        assert hit.page is not None
        assert hit.boxes


def test_one_bad_item_never_stops_the_rest(library: Library, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"<html>Sorry, come back later</html>")
    report = library.add([str(broken), "no-such-thing", str(RECORDS)])
    assert len(report.added) == 5
    assert {failure.code for failure in report.failed} == {"not-a-pdf", "bad-id"}
    assert [failure.what for failure in library._store.catalog().failures.list()] == [str(broken), "no-such-thing"]
    assert list(library._store.home.files.keys()) == []


def test_a_broken_line_is_named_and_the_others_go_in(library: Library, tmp_path: Path) -> None:
    lines = RECORDS.read_text(encoding="utf-8").splitlines()
    lines[2] = '{"id": "2402.19302", "title": '
    path = tmp_path / "some.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    report = library.add(str(path))
    assert len(report.added) == 4
    assert "3" in report.failed[0].what + report.failed[0].reason


@pytest.mark.slow
def test_a_line_that_was_mended_or_taken_out_fails_no_longer(library: Library, tmp_path: Path) -> None:
    lines = RECORDS.read_text(encoding="utf-8").splitlines()
    path = tmp_path / "some.jsonl"
    path.write_text("\n".join([lines[0], "{", lines[1], "[]"]), encoding="utf-8")
    library.add(str(path))
    assert [failure.what for failure in library._store.catalog().failures.list()] == ["some.jsonl:2", "some.jsonl:4"]
    path.write_text("\n".join([lines[0], "{", lines[1], lines[2]]), encoding="utf-8")
    library.add(str(path))
    assert [failure.what for failure in library._store.catalog().failures.list()] == ["some.jsonl:2"]
    path.write_text(lines[0], encoding="utf-8")
    library.add(str(path))
    assert library._store.catalog().failures.list() == []


def test_a_bibtex_entry_with_eprint_is_the_same_paper(copied: Library, tmp_path: Path) -> None:
    path = tmp_path / "refs.bib"
    path.write_text(
        "@inproceedings{li, title={DistriFusion}, author={Li, Muyang}, booktitle={CVPR}, eprint={2402.19481},"
        " archivePrefix={arXiv}, year={2024}}",
        encoding="utf-8",
    )
    assert copied.add(str(path)).updated == ("arxiv:2402.19481",)
    paper = copied.papers.get("2402.19481")
    assert paper.title.startswith("DistriFusion: Distributed")
    assert len(copied.list()) == 6


def test_set_survives_a_later_add(copied: Library) -> None:
    copied.set("2402.19481", title="My own title", venue="CVPR")
    copied.add(str(RECORDS))
    paper = copied.papers.get("2402.19481")
    assert (paper.title, paper.venue) == ("My own title", "CVPR")
    assert paper.provenance["title"] == "user"
    assert copied.search("my own title", k=1, mode="lexical")[0].paper.id == "arxiv:2402.19481"


def test_a_field_nobody_may_set_is_refused_with_the_choices(stocked: Library) -> None:
    with pytest.raises(UsageError, match="choose one of"):
        stocked.set("2402.19481", fulltext="full")


@pytest.mark.slow
def test_remove_leaves_no_trace_of_the_text_on_disk(copied: Library) -> None:
    (paper,) = [paper for paper in copied.list() if paper.fulltext.state == "full"]
    copied.note(paper.id)
    copied.ask("How large is S2ORC?", session="s")
    copied.remove(paper.id)
    copied.close()
    with pytest.raises(UnknownPaper):
        copied.papers.get(paper.id)
    rest = b"".join(path.read_bytes() for path in copied._store.home.path.rglob("*") if path.is_file())
    for trace in (b"machine-readable", b"SCIENCEPARSE", b"s2orc", b"scienceparse", b"%PDF-", b"\x89PNG"):
        assert trace not in rest
    assert not any("S2ORC" in hit.text for hit in copied.search("S2ORC full text", k=50))
    assert [problem.what for problem in copied.doctor()] == []


@pytest.mark.slow
def test_doctor_sees_every_disagreement_and_fix_cures_it(copied: Library) -> None:
    assert copied.doctor() == []
    shutil.rmtree(copied._store.home.lexical_path)
    shutil.rmtree(copied._store.home.dense_path)
    (copied._store.home.files.path / "aa").mkdir()
    (copied._store.home.files.path / "aa" / ("aa" * 32 + ".pdf")).write_bytes(b"stray")
    (copied._store.home.files.path / "aa" / ("bb" * 32 + ".pdf")).write_bytes(b"misplaced")
    found = " ".join(problem.what for problem in copied.doctor())
    assert "lexical index" in found
    assert "dense index" in found
    assert "2 file(s) belong to no paper" in found
    assert all(problem.severity == "notice" for problem in copied.doctor(fix=True))
    assert copied.doctor() == []
    assert copied.search("latent diffusion", k=3)


@pytest.mark.slow
def test_reindex_gives_the_same_results_without_encoding_again(copied: Library) -> None:
    def found() -> list[tuple[str, float]]:
        return [(hit.chunk_id, hit.score) for hit in copied.search("citation contexts and bibliographies", k=10)]

    before = found()
    copied.reindex()
    assert found() == before
    copied.reindex(encode=True)
    assert [chunk for chunk, _ in found()] == [chunk for chunk, _ in before]


@pytest.mark.slow
def test_another_encoder_is_an_error_with_its_cure(copied: Library) -> None:
    with copied._store.catalog().transaction():
        copied._store.catalog().set_fact("encoder", "another:mean:256:faithful")
    with pytest.raises(KbError, match="kb reindex") as caught:
        copied.search("anything", mode="dense")
    assert caught.value.code == "encoder-changed"
    assert copied.search("diffusion", mode="lexical")
    copied.reindex()
    assert copied.search("anything", mode="dense")


@pytest.mark.slow
def test_a_killed_add_goes_on_with_nothing_lost_or_doubled(tmp_path: Path) -> None:
    records = tmp_path / "many.jsonl"
    words = ["attention", "graph", "diffusion", "retrieval", "parsing", "vision", "speech", "robot"]
    with records.open("w", encoding="utf-8") as handle:
        for number in range(600):
            title = f"On {words[number % 8]} and {words[number // 8 % 8]}, part {number}"
            text = f"We study {words[number % 8]} with {number} samples. It works."
            record = {"id": f"2401.{number + 1:05d}", "title": title, "authors": ["A B"], "abstract": text}
            handle.write(
                json.dumps({**record, "categories": ["cs.CL"], "comment": None, "listed": ["2024-01-02"]}) + "\n"
            )
    home = tmp_path / "home"
    command = [sys.executable, "-m", "kb", "add", "--quiet", "--home", str(home), str(records)]
    for pause in (1.5, 2.5):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with Library.open(Settings.load(home=home)) as library:
        library.add(str(records))
        assert library.status().papers == 600
        assert library._store.catalog().passages.count() == 600
        assert library.doctor() == []


def test_a_waiting_writer_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    script = (
        "import sys, time; from pathlib import Path; from kb.home import Home\n"
        "with Home(Path(sys.argv[1])).writing('reindex'):\n"
        "    print('held', flush=True); time.sleep(30)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(home.path)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        told: list[str] = []
        with (
            pytest.raises(HomeBusy, match=f"kb reindex.*process {other.pid}"),
            home.writing("add", wait_seconds=0.2, on_wait=told.append),
        ):
            pass
        assert "kb reindex" in told[0]
        other.kill()
    with home.writing("add", wait_seconds=5):  # a dead holder holds nothing
        pass


def test_a_home_of_a_newer_schema_is_left_alone(copied: Library) -> None:
    copied.close()
    import sqlite3

    with sqlite3.connect(copied._store.home.catalog_path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(HomeTooNew, match="upgrade"):
        copied.list()


def test_items_of_one_s_own_source_can_be_added(library: Library) -> None:
    metadata = Metadata(source="jsonl", ids=("doi:10.1/x",), title="A title without any text", authors=("A B",))
    report = library.add(items=[item(metadata, what="x"), Failure(what="y", code="bad-record", reason="z")])
    assert report.added == ("doi:10.1/x",)
    assert report.failed[0].what == "y"
    assert library.search("title without text", k=1)[0].paper.id == "doi:10.1/x"


def test_remove_clears_uploads_and_ended_work_too(copied: Library) -> None:
    desk = Library.open(copied.settings)
    (paper,) = [paper for paper in copied.list() if paper.fulltext.state == "full"]
    upload = desk.jobs.keep_upload("S2ORC.pdf", S2ORC.read_bytes())
    number = copied._store.catalog().jobs.start(["add", str(upload)])
    copied._store.catalog().jobs.finish(number, "done", report={"added": [paper.title]})
    copied.remove(paper.id)
    assert not upload.exists()
    assert desk.jobs.list() == []
    desk.close()


def test_progress_of_records_knows_how_many_there_are(library: Library) -> None:
    told: list[tuple[str, int, int | None]] = []
    library.add(str(RECORDS), progress=lambda *step: told.append(step))
    assert [step for step in told if step[0] == "adding"][-1] == ("adding", 5, 5)
