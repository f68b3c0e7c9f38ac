"""A scan that was read by machine: nothing of it is shown without saying so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kb import Library, Settings
from kb.cli import main
from kb.envelopes import document as as_document
from kb.envelopes import to_data
from kb.parsing.document import read_pdf
from kb.parsing.legibility import has_recogniser
from kb.parsing.worker import parse_file
from kb.records import NOTE_FIELDS, Document, Fulltext
from kb.rendering import plain_text
from tests.fakes import WordEncoder, WordReader
from tests.unit.test_parsing_recognition import Played, scan

MARK = "read by machine"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    def read(path: Path, **_: Any) -> Document:
        return read_pdf(path.read_bytes(), max_pages=9, recogniser=Played())

    monkeypatch.setattr("kb.library.adding.parse_file", read)
    library = Library.open(Settings.load(home=tmp_path / "home", threads=1, ocr=True))
    library._models._encoder, library._models._reader = WordEncoder(), WordReader()
    (tmp_path / "scan.pdf").write_bytes(scan())
    library.add(str(tmp_path / "scan.pdf"))
    return library


def test_its_record_says_that_a_machine_read_it(library: Library) -> None:
    (paper,) = library.list()
    assert paper.fulltext.state == "full"
    assert MARK in (paper.fulltext.reason or "")
    assert MARK in plain_text.shown(library.show(paper.id))
    assert library.doctor() == []


@pytest.mark.parametrize(("ocr", "again"), [(True, True), (False, False)])
def test_a_file_of_which_some_pages_are_pictures_is_read_again_where_a_machine_may_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ocr: bool, again: bool
) -> None:
    states = [Fulltext(state="partial", code="pdf-scanned", reason="page 2 is a picture"), Fulltext(state="full")]

    def read(path: Path, **_: Any) -> Document:
        return replace(read_pdf(path.read_bytes(), max_pages=9, recogniser=Played()), fulltext=states.pop(0))

    monkeypatch.setattr("kb.library.adding.parse_file", read)
    monkeypatch.setattr("kb.library.adding.has_recogniser", lambda: True)
    (tmp_path / "scan.pdf").write_bytes(scan())
    for wanted in (False, ocr):
        with Library.open(Settings.load(home=tmp_path / "home", threads=1, ocr=wanted)) as library:
            library._models._encoder, library._models._reader = WordEncoder(), WordReader()
            library.add(str(tmp_path / "scan.pdf"))
            (paper,) = library.list()
    assert paper.fulltext.state == ("full" if again else "partial")
    assert len(states) == (0 if again else 1)


def test_hits_answers_and_their_json_are_marked(library: Library) -> None:
    hits = library.search("burrows", k=1)
    assert MARK in plain_text.found(hits, query="burrows")
    answer = library.ask("How many burrows are there?")
    assert MARK in plain_text.answer(answer)
    told = to_data(as_document("ask", answer))
    assert {passage["recognised"] for passage in told["passages"] if passage["page"]} == {True}
    for form in ("md", "html"):
        table = library.compare([library.list()[0].id], ["How many burrows are there?"])
        assert MARK in library.pages.render(table, form)[0][1].decode()


def test_notes_and_pages_are_marked_and_verify_finds_no_fault_in_that(library: Library, tmp_path: Path) -> None:
    (paper,) = library.list()
    library.set(paper.id, published="2024-03-04")
    note = library.note(paper.id)
    claims = [claim for name in NOTE_FIELDS for claim in note.field(name).claims]
    evidence = [proof for claim in claims for proof in claim.evidence if proof.page]
    assert evidence
    assert all(proof.recognised for proof in evidence)
    for form in ("md", "html"):
        assert f"p. 1, {MARK}" in library.pages.render(note, form)[0][1].decode()
    digest = library.digest(since=None, until=None, day=None)
    written = library.pages.write(digest, ("html", "md", "json", "hexo"), out=tmp_path / "pages")
    for path in [*written, tmp_path / "pages" / "digest.json"]:
        if Path(path).is_file():
            assert library.pages.verify(path).faults == (), path
    page = next(Path(path) for path in written if Path(path).suffix == ".html")
    page.write_text(page.read_text("utf-8").replace(f", {MARK}", ""), "utf-8")
    assert all(MARK.split()[0] in fault.expected for fault in library.pages.verify(page).faults)
    assert library.pages.verify(page).faults


def test_without_the_option_a_scan_is_in_by_name_only_and_the_cure_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("kb.encoders.load_encoder", lambda settings, **_: WordEncoder())
    (tmp_path / "scan.pdf").write_bytes(scan())
    assert main(["add", str(tmp_path / "scan.pdf"), "--json", "--home", str(tmp_path / "home")]) == 1
    said = capsys.readouterr()
    (failure,) = json.loads(said.out)["failed"]
    assert failure["code"] == "pdf-scanned"
    assert "--ocr" in failure["reason"]


def test_with_the_option_and_without_the_extra_the_cure_is_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if has_recogniser():
        pytest.skip("the extra ocr is installed")
    monkeypatch.setattr("kb.encoders.load_encoder", lambda settings, **_: WordEncoder())
    (tmp_path / "scan.pdf").write_bytes(scan())
    assert main(["add", str(tmp_path / "scan.pdf"), "--ocr", "--json", "--home", str(tmp_path / "home")]) == 1
    (failure,) = json.loads(capsys.readouterr().out)["failed"]
    assert failure["code"] == "ocr-missing"
    assert "pip install 'paper-kb[ocr]'" in failure["reason"]


@pytest.mark.slow
def test_the_recogniser_of_the_extra_reads_a_picture_within_the_limits_of_the_child(
    tmp_path: Path, shared: Path
) -> None:
    if not has_recogniser():
        pytest.skip("the extra ocr is not installed")
    from kb.guard import Limits
    from tests.benchmarks.ocr import edits, lines_of, plain, rendered

    paper = shared / "pdfs" / "may-be-committed" / "N18-3011.pdf"
    (tmp_path / "scan.pdf").write_bytes(rendered(paper, 1, "degraded", seed=1))
    document = parse_file(tmp_path / "scan.pdf", kind="pdf", limits=Limits(ocr_seconds=900))
    assert document.fulltext.is_recognised
    assert document.front.title == "Construction of the Literature Graph in Semantic Scholar"
    truth = [plain(line) for line in lines_of(paper, 1)]
    wrong = sum(edits(line, plain(document.text)) for line in truth)
    assert wrong < 0.05 * sum(map(len, truth))
