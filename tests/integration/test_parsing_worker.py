"""Files are read in a child with limits: whatever a file does, the parent gets a document or a stable code."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kb import guard
from kb.errors import ParseError
from kb.guard import Limits
from kb.parsing import worker
from kb.parsing.document import read_pdf
from kb.parsing.worker import cut_pictures, parse_file, reading_many, render_page
from kb.records import Box, Document, Fulltext, Metadata, PicturePlace
from kb.wire import pack
from tests.pdf_writer import Words, endless_shade, flate_bomb, many_pages, nested_forms, paragraph, pdf_of

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "own-sample.pdf"
TIGHT = Limits(seconds=6, memory_bytes=400_000_000)


def refusal(path: Path, *, limits: Limits = TIGHT) -> str:
    with pytest.raises(ParseError) as caught:
        parse_file(path, kind="pdf", limits=limits)
    assert ": " in str(caught.value)  # what happened: the cure
    return caught.value.code


def written(folder: Path, data: bytes) -> Path:
    path = folder / "file.pdf"
    path.write_bytes(data)
    return path


def test_a_pdf_comes_back_as_a_document() -> None:
    document = parse_file(SAMPLE, kind="pdf", limits=TIGHT)
    assert document.front.title == "Synthetic Paper for Parser Tests: Efficient Widgets"
    assert document.blocks[0].lines[0].words


def test_a_page_comes_back_as_a_picture() -> None:
    png = render_page(SAMPLE, page=2, scale=0.5, limits=TIGHT)
    assert png.startswith(b"\x89PNG\r\n")
    assert int.from_bytes(png[16:20]) == 306


def test_a_page_that_is_not_there_is_refused() -> None:
    with pytest.raises(ParseError, match="no page 3: the PDF has 2"):
        render_page(SAMPLE, page=3, scale=1.0, limits=TIGHT)


def _partly_read(text: str, code: str | None) -> Document:
    state = Fulltext(state="partial", code=code, reason="page 2 is a picture") if code else Fulltext(state="full")
    front = Metadata(source="pdf", ids=())
    return Document(text=text, blocks=(), front=front, pages=2, fulltext=state, parser="played")


@pytest.mark.parametrize(
    ("code", "ocr_seconds", "installed", "again", "text"),
    [
        ("pdf-scanned", 60.0, True, None, "both pages"),
        ("pdf-scanned", 60.0, True, "parse-timeout", "one page"),  # what was read is kept
        ("pdf-scanned", 60.0, False, None, "one page"),
        ("pdf-scanned", 0.0, True, None, "one page"),
        ("partial", 60.0, True, None, "one page"),
        (None, 60.0, True, None, "one page"),
    ],
)
def test_pages_that_are_pictures_are_read_by_machine_where_that_is_wanted(
    monkeypatch: pytest.MonkeyPatch, code: str | None, ocr_seconds: float, installed: bool, again: str | None, text: str
) -> None:
    def played(path: Path, *, task: str, limits: Limits, options: dict[str, Any]) -> bytes:
        if not options["recognise"]:
            return pack(_partly_read("one page", code))
        assert limits.seconds == ocr_seconds
        if again:
            raise ParseError("too slow: raise the limit", code=again)
        return pack(_partly_read("both pages", None))

    monkeypatch.setattr("kb.parsing.worker._run", played)
    monkeypatch.setattr("kb.parsing.legibility.has_recogniser", lambda: installed)
    limits = Limits(ocr_seconds=ocr_seconds)
    assert parse_file(SAMPLE, kind="pdf", limits=limits).text == text


def test_a_thousand_places_of_a_file_have_their_pictures() -> None:
    box = Box(page=1, x0=72.123456789, y0=72.123456789, x1=144.987654321, y1=96.987654321)
    pictures = cut_pictures(SAMPLE, [PicturePlace(box=box, is_grown=True)] * 1000, limits=Limits())
    assert len(pictures) == 1000
    assert len(set(pictures)) == 1


def _for_ever(*_: object, **__: object) -> None:
    time.sleep(600)


def _until_it_is_killed(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _faulty(*_: object, **__: object) -> None:
    raise IndexError("no such column")


@pytest.mark.parametrize("search", [_for_ever, _until_it_is_killed, _faulty])
def test_whatever_becomes_of_the_search_for_figures_the_text_is_there(
    monkeypatch: pytest.MonkeyPatch, search: Callable[..., None]
) -> None:
    data = SAMPLE.read_bytes()
    whole = read_pdf(data, max_pages=9)
    apart = read_pdf(data, max_pages=9, guarded=partial(worker._apart, deadline=time.monotonic() + 60))
    assert apart == whole
    assert apart.figures
    monkeypatch.setattr("kb.parsing.document.find_figures", search)
    late = time.monotonic() + 3
    without = read_pdf(data, max_pages=9, deadline=late, guarded=partial(worker._apart, deadline=late))
    assert without == replace(whole, figures=None)


def test_a_page_that_cannot_be_painted_in_time_costs_its_figures_and_not_its_text() -> None:
    data = SAMPLE.read_bytes()
    document = read_pdf(data, max_pages=9, deadline=time.monotonic() + 60)
    late = read_pdf(data, max_pages=1, deadline=0.0)
    assert document.figures
    assert (late.figures, late.text[:40]) == (None, document.text[:40])


def test_a_shade_that_is_painted_for_ever_costs_the_figures_of_its_page_alone(tmp_path: Path) -> None:
    path = tmp_path / "shade.pdf"
    path.write_bytes(endless_shade())
    started = time.monotonic()
    document = parse_file(path, kind="pdf", limits=Limits(seconds=12))
    assert time.monotonic() - started < 12
    assert [place.label for place in document.figures or ()] == ["Figure 2"]
    assert document.fulltext.state == "full"


def test_figures_are_found_by_whoever_reads_the_file_and_come_back_as_pictures() -> None:
    places = parse_file(SAMPLE, kind="pdf", limits=TIGHT).figures
    assert places is not None
    assert [place.label for place in places] == ["Figure 1", "Table 1", "Algorithm 1", "Figure 2"]
    pictures = cut_pictures(SAMPLE, [place.picture for place in places[:2]], limits=TIGHT)
    assert [picture[:4] for picture in pictures] == [b"\x89PNG"] * 2


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<html><body>Please wait ...</body></html>", "not-a-pdf"),
        (b"", "not-a-pdf"),
        (b"%PDF-1.7\nnothing more", "pdf-broken"),
        (SAMPLE.read_bytes()[:2_000], "pdf-broken"),
    ],
)
def test_what_is_no_pdf_or_half_of_one_has_its_code(tmp_path: Path, data: bytes, code: str) -> None:
    assert refusal(written(tmp_path, data)) == code


def test_a_file_above_the_cap_is_not_read(tmp_path: Path) -> None:
    limits = Limits(max_file_bytes=1_000)
    assert refusal(SAMPLE, limits=limits) == "too-large"


def test_a_missing_file_a_folder_and_a_pipe_are_unreadable(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    keeper = os.open(pipe, os.O_RDWR)  # without a writer, opening a pipe would wait
    try:
        codes = {refusal(tmp_path / "missing.pdf"), refusal(tmp_path), refusal(pipe)}
    finally:
        os.close(keeper)
    assert codes == {"file-unreadable"}


@pytest.mark.slow
def test_a_bomb_ends_at_the_memory_limit(tmp_path: Path) -> None:
    assert refusal(written(tmp_path, flate_bomb(600_000_000))) == "parse-memory"


def test_forms_nested_without_end_end_at_a_limit(tmp_path: Path) -> None:
    assert refusal(written(tmp_path, nested_forms(depth=9, width=20))) in {"parse-memory", "parse-timeout"}


def test_of_a_hundred_thousand_pages_the_first_are_read(tmp_path: Path) -> None:
    limits = Limits(seconds=30, max_pages=5)
    document = parse_file(written(tmp_path, many_pages(100_000)), kind="pdf", limits=limits)
    assert (document.pages, document.fulltext.code) == (100_000, "too-many-pages")


def test_a_huge_page_is_read_and_drawn_small(tmp_path: Path) -> None:
    words = paragraph(72, 100, ["Some words stand on a very large sheet of paper.", "And some more."], size=24)
    path = written(tmp_path, pdf_of([words], page_entries="/MediaBox [0 0 200000 200000]"))
    assert "very large sheet" in parse_file(path, kind="pdf", limits=TIGHT).text
    png = render_page(path, page=1, scale=2.0, limits=TIGHT)
    assert int.from_bytes(png[16:20]) * int.from_bytes(png[20:24]) < 16_200_000


def test_the_child_sees_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_MODEL_API_KEY", "secret")
    seen: dict[str, Any] = {}
    start = subprocess.Popen

    def record(command: list[str], **options: Any) -> Any:
        seen.update(options, command=command)
        return start(command, **options)

    monkeypatch.setattr(guard.subprocess, "Popen", record)
    parse_file(SAMPLE, kind="pdf", limits=TIGHT)
    assert "secret" not in str(seen["env"])
    assert "KB_MODEL_API_KEY" not in seen["env"]
    assert "preexec_fn" not in seen
    assert seen["command"][:2] == [sys.executable, "-I"]


def test_where_memory_is_not_capped_by_the_system_the_parent_watches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "ENFORCES_ADDRESS_SPACE", False)
    assert parse_file(SAMPLE, kind="pdf", limits=TIGHT).pages == 2
    watched = Limits(seconds=30, memory_bytes=1_000_000)  # less than a Python needs
    monkeypatch.setattr(
        worker, "asdict", lambda limits: {"seconds": 30, "memory_bytes": 10**10, "max_pages": 9, "max_characters": 9**9}
    )
    assert refusal(SAMPLE, limits=watched) == "parse-memory"


def test_a_child_that_hangs_is_ended_at_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "GRACE_SECONDS", 0.0)
    assert refusal(SAMPLE, limits=Limits(seconds=0.01)) == "parse-timeout"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SIGSEGV", "parse-crashed"),
        ("SIGABRT", "parse-memory"),
        ("SIGKILL", "parse-memory"),
        ("SIGXCPU", "parse-timeout"),
    ],
)
def test_each_way_to_die_has_a_stable_code(name: str, code: str) -> None:
    with pytest.raises(ParseError) as caught:
        worker._read_reply(b"", code=-signal.Signals[name].value, complaints=io.BytesIO())
    assert caught.value.code == code


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, b"%PDF-1.7 one")

    class ReadWhileWritten(io.FileIO):
        def read(self, size: int = -1) -> bytes:
            data = super().read(size)
            path.write_bytes(b"%PDF-1.7 one and another")
            return data

    with ReadWhileWritten(path) as source, pytest.raises(ParseError) as caught:
        worker.read_input(source)
    assert caught.value.code == "file-changed"
    with path.open("rb") as source:
        assert worker.read_input(source) == b"%PDF-1.7 one and another"


def test_markdown_and_text_go_through_the_same_door(tmp_path: Path) -> None:
    path = tmp_path / "note.md"
    path.write_text("# A title\n\nSome words about widgets.\n")
    document = parse_file(path, kind="markdown", limits=TIGHT)
    assert "Some words about widgets." in document.text


@pytest.mark.slow
@pytest.mark.shared
def test_weird_files_neither_crash_nor_hang(shared: Path) -> None:
    outcomes = {path.name: outcome(path) for path in sorted((shared / "weird_pdfs").glob("*/*.pdf"))[::12]}
    assert outcomes
    assert not {name: code for name, code in outcomes.items() if code in {"parse-crashed", "parse-timeout", "full ''"}}


def outcome(path: Path) -> str:
    """The code of the refusal, else the state of the full text with the first characters."""
    try:
        document = parse_file(path, kind="pdf", limits=Limits(seconds=30))
    except ParseError as err:
        return err.code
    return f"{document.fulltext.state} {document.text.strip()[:3]!r}"


def test_one_start_serves_many_files_each_in_a_process_of_its_own_with_its_limits(tmp_path: Path) -> None:
    lines = ["One start of a process serves many files.", "Each is read in a process of its own."]
    (tmp_path / "good.pdf").write_bytes(pdf_of([[Words(72, 100 + 14 * n, line) for n, line in enumerate(lines)]]))
    (tmp_path / "bomb.pdf").write_bytes(flate_bomb(40_000_000))
    alone = parse_file(tmp_path / "good.pdf", kind="pdf", limits=Limits())
    with reading_many():
        for _ in range(2):
            assert parse_file(tmp_path / "good.pdf", kind="pdf", limits=Limits()) == alone
            with pytest.raises(ParseError) as caught:
                parse_file(tmp_path / "bomb.pdf", kind="pdf", limits=Limits(memory_bytes=10_000_000))
            assert caught.value.code in ("parse-memory", "parse-crashed")
        (server,) = worker._SERVERS._idle
        assert server._process.poll() is None
        server._process.kill()
        with pytest.raises(ParseError):
            parse_file(tmp_path / "good.pdf", kind="pdf", limits=Limits())
        assert parse_file(tmp_path / "good.pdf", kind="pdf", limits=Limits()) == alone
    assert worker._SERVERS._idle == []
    assert server._process.poll() is not None


def test_a_file_that_takes_too_long_is_ended_and_the_next_one_is_read(tmp_path: Path) -> None:
    (tmp_path / "good.pdf").write_bytes(pdf_of([[Words(72, 100, "A line of text that is long enough to be read.")]]))
    (tmp_path / "long.pdf").write_bytes(nested_forms(depth=12, width=8))
    with reading_many():
        with pytest.raises(ParseError) as caught:
            parse_file(tmp_path / "long.pdf", kind="pdf", limits=Limits(seconds=1))
        assert caught.value.code in ("parse-timeout", "parse-memory", "pdf-empty")  # whichever limit it meets first
        assert parse_file(tmp_path / "good.pdf", kind="pdf", limits=Limits()).text
