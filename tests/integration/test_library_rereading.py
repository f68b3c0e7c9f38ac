"""Files that another parser read are read again; what quotes them stands in the new text, or is pinned."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kb import Library, Settings
from kb.cli import main
from kb.errors import EncoderError, ParseError
from kb.parsing import PARSER
from kb.parsing.worker import parse_file
from kb.records import Answer, Claim, Document, Evidence, Fulltext, Note
from tests.fakes import WordEncoder, WordReader
from tests.pdf_writer import Words, paragraph, pdf_of

ROOT = Path(__file__).resolve().parents[2]
ARCHIVE = ROOT / "tests" / "data" / "homes" / "schema-2.tar.gz"
LINES = (
    "The velvet worm walks slowly over wet moss.", "Its ex-", "isting relatives are few.",
    "We count 4711 burrows in a dry valley.",
)  # fmt: skip
QUESTION = "How many burrows are in the valley?"


def opened(home: Path, **settings: Any) -> Library:
    library = Library.open(Settings.load(home=home, threads=1, **settings))
    library._models._encoder, library._models._reader = WordEncoder(), WordReader()
    return library


def age(library: Library) -> None:
    """Let all texts be those of an earlier parser."""
    catalog = library._store.catalog()
    with catalog.transaction():
        catalog._db.run("UPDATE documents SET parser = 'kb-0'")


def parsers(library: Library) -> set[str]:
    rows = library._store.catalog()._db.rows("SELECT parser FROM documents")
    return {row[0] for row in rows}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two PDFs, a conversation and a note, all of an earlier parser's texts."""
    folder = tmp_path_factory.mktemp("made")
    for nth, animal in enumerate(("worm", "snail")):
        page = [
            Words(140, 90, f"On the Life of the {animal.title()}", 16, "F2"), Words(72, 130, "Abstract", 12, "F2"),
            Words(72, 150, "Animals of dry places are told of."), Words(72, 190, "1 Introduction", 12, "F2"),
            *paragraph(72, 210, [line.replace("worm", animal).replace("4711", f"471{nth}") for line in LINES]),
        ]  # fmt: skip
        (folder / f"{animal}.pdf").write_bytes(pdf_of([page]))
    with opened(folder / "home") as library:
        library.add([str(folder / "worm.pdf"), str(folder / "snail.pdf")])
        library.ask(QUESTION, session="s")
        age(library)
    return folder / "home"


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "home")
    return tmp_path / "home"


def reading(monkeypatch: pytest.MonkeyPatch, change: Callable[[str], str]) -> None:
    """Let the parser of now read other words."""
    from kb.library import rereading

    parse = rereading.parse_file

    def parse_otherwise(*args: Any, **options: Any) -> Document:
        found, start, blocks = parse(*args, **options), 0, []
        for block in found.blocks:
            text = change(block.text)
            blocks.append(replace(block, text=text, start=start, lines=() if text != block.text else block.lines))
            start += len(text) + 2
        return replace(found, text="\n\n".join(block.text for block in blocks), blocks=tuple(blocks))

    monkeypatch.setattr(rereading, "parse_file", parse_otherwise)


def answer(library: Library) -> Answer:
    return library._store.catalog().ledger.turns("s")[-1]


def assert_quotations_stand(library: Library) -> None:
    chunks = {chunk.id: chunk for paper in library.list() for chunk in library.papers.text(paper.id)}
    for passage in answer(library).passages:
        for sentence in passage.sentences:
            assert chunks[passage.chunk_id].text[sentence.start : sentence.end] == sentence.text
            assert sentence.boxes


def test_doctor_says_what_another_parser_read_and_reading_it_again_is_the_cure(home: Path) -> None:
    with opened(home) as library:
        (problem,) = library.doctor()
        assert (problem.kind, problem.cure) == ("parser", "kb reindex --parse")
        assert "2 text(s)" in problem.what
        steps: list[tuple[str, int, int | None]] = []
        made = library.reindex(parse=True, progress=lambda *step: steps.append(step))
        assert (made.read, made.failed) == (2, ())
        assert ("reading again", 2, 2) in steps
        assert parsers(library) == {PARSER}
        assert library.doctor() == []
        assert_quotations_stand(library)
        assert library.reindex(parse=True).read == 0


@pytest.mark.slow
def test_a_home_of_the_first_edition_is_read_again_with_all_that_was_in_it(tmp_path: Path) -> None:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    with Library.open(Settings(home=str(tmp_path / "home"))) as library:
        before = {paper.id for paper in library.list()}
        turns = library._store.catalog().ledger.turns("reading")
        assert "kb reindex --parse" in [problem.cure for problem in library.doctor()]
        assert library.reindex(parse=True).read == 2
        assert {paper.id for paper in library.list()} == before
        assert parsers(library) == {PARSER}
        assert library.doctor() == []
        assert library.search("latency falls", k=1, mode="lexical")[0].paper.id == "record:affcc7fbb95c2f79"
        again = library._store.catalog().ledger.turns("reading")
        assert [turn.text for turn in again] == [turn.text for turn in turns]


def test_a_quotation_that_stands_elsewhere_now_moves_there_with_its_page_and_boxes(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading(monkeypatch, lambda text: text.replace("ex-isting", "existing"))
    with opened(home) as library:
        before = answer(library)
        library.reindex(parse=True)
        after = answer(library)
        assert [one.chunk_id for one in after.passages] != [one.chunk_id for one in before.passages]
        assert not any(passage.earlier_reading for passage in after.passages)
        assert any("existing" in one.text for passage in after.passages for one in passage.sentences)
        chunks = {chunk.id: chunk for paper in library.list() for chunk in library.papers.text(paper.id)}
        for passage in after.passages:
            for one in passage.sentences:
                assert chunks[passage.chunk_id].text[one.start : one.end] == one.text


def test_a_quotation_that_is_read_otherwise_stays_with_its_place_and_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reading(monkeypatch, lambda text: text.replace("burrows", "barrows"))
    with opened(home) as library:
        before = answer(library)
        library.reindex(parse=True)
        after = answer(library)
        named = ["burrows" in sentence.text for p in after.passages for sentence in p.sentences[-1:]]
        assert any(named)
        assert [passage.earlier_reading for passage in after.passages] == named
        assert [[one.text for one in p.sentences] for p in after.passages] == [
            [one.text for one in p.sentences] for p in before.passages
        ]
        assert all(one.boxes for passage in after.passages for one in passage.sentences)
        assert "barrows" in library.search("barrows", k=1)[0].text
        from kb.rendering import plain_text

        assert "from an earlier reading" in plain_text.answer(after)


def note_of(library: Library, paper_id: str) -> Note:
    """A note that a model wrote, which quotes two sentences."""
    chunk = next(chunk for chunk in library.papers.text(paper_id) if LINES[0] in chunk.text)
    evidence = [
        Evidence(
            marker=str(nth), paper_id=paper_id, version=chunk.version, chunk_id=chunk.id, start=chunk.text.find(line),
            end=chunk.text.find(line) + len(line), quote=line, page=1,
        )
        for nth, line in enumerate((LINES[0], LINES[3]), 1)
    ]  # fmt: skip
    claims = [
        Claim(text="Said in other words.", verdict="supported", verdict_reason=None, evidence=(e,)) for e in evidence
    ]
    written = replace(library.note(paper_id), model="played")
    return replace(written, summary=claims[0], takeaways=(claims[1],))


def test_a_models_note_is_kept_with_its_quotations_and_one_of_quotations_is_made_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kb.library.questions import kept_note, note_recipe

    reading(monkeypatch, lambda text: text.replace("burrows", "barrows"))
    with opened(home) as library:
        catalog = library._store.catalog()
        worm, snail = sorted(library.list(), key=lambda paper: "Worm" not in paper.title)
        library.note(snail.id)
        written = note_of(library, worm.id)
        recipe = note_recipe(catalog, library.settings, worm, language="en")
        with catalog.transaction():
            catalog.ledger.put_note(worm.id, recipe, written)
        library.reindex(parse=True)
        kept = kept_note(catalog, library.settings, worm.id)
        assert kept is not None
        assert (kept.model, kept.summary and kept.summary.text) == ("played", "Said in other words.")
        (stands,), (pinned,) = (kept.summary.evidence if kept.summary else ()), kept.takeaways[0].evidence
        chunks = {chunk.id: chunk for chunk in library.papers.text(worm.id)}
        assert chunks[stands.chunk_id].text[stands.start : stands.end] == stands.quote
        assert not stands.earlier_reading
        assert pinned.earlier_reading
        assert pinned.quote == LINES[3]
        assert kept_note(catalog, library.settings, snail.id) is None
        assert "p. 1, from an earlier reading" in library.pages.render(kept, "md")[0][1].decode()


def test_what_the_user_decided_and_the_papers_ids_stay(home: Path) -> None:
    with opened(home) as library:
        worm = next(paper for paper in library.list() if "Worm" in paper.title)
        library.set(worm.id, venue="Journal of Worms")
        library.tag(worm.id, add=["mine"])
        library.like(worm.id)
        before = library.list(sources=True)
        library.reindex(parse=True)
        assert library.list(sources=True) == before


def test_a_file_that_cannot_be_read_again_keeps_its_earlier_reading_and_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("kb.encoders.load_encoder", lambda settings, **_: WordEncoder())

    def refuse(path: Path, **_: Any) -> Document:
        raise ParseError("reading it took too long: raise parse_timeout_seconds to try again", code="parse-timeout")

    monkeypatch.setattr("kb.library.rereading.parse_file", refuse)
    assert main(["reindex", "--parse", "--home", str(home)]) == 3
    said = capsys.readouterr().out
    assert said.count("not read again: ") == 2
    assert "what was read of it before stays" in said
    with opened(home) as library:
        assert_quotations_stand(library)
        assert [problem.kind for problem in library.doctor()] == ["parser"]


def test_a_file_that_is_added_again_takes_its_quotations_along(home: Path, made: Path) -> None:
    with opened(home) as library:
        library.add([str(made.parent / "worm.pdf"), str(made.parent / "snail.pdf")])
        assert parsers(library) == {PARSER}
        assert_quotations_stand(library)
        assert library.doctor() == []


@pytest.mark.parametrize(("code", "then"), [("parse-timeout", "full"), ("partial", "partial")])
def test_a_file_that_was_not_read_to_its_end_for_want_of_time_is_read_again_when_it_is_added_again(
    tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch, code: str, then: str
) -> None:
    states = [Fulltext(state="partial", code=code, reason="only page 1 of 2 was read"), Fulltext(state="full")]
    monkeypatch.setattr(
        "kb.library.adding.parse_file",
        lambda path, **options: replace(parse_file(path, **options), fulltext=states[0]),
    )
    with opened(tmp_path / "busy") as library:
        library.add(str(made.parent / "worm.pdf"))
        states.reverse()
        library.add(str(made.parent / "worm.pdf"))
        (paper,) = library.list()
    assert paper.fulltext.state == then


def test_chunks_of_two_encoders_are_not_mixed(home: Path) -> None:
    with opened(home) as library:
        library._models._encoder = WordEncoder(max_tokens=100)
        with pytest.raises(EncoderError, match="kb reindex"):
            library.reindex(parse=True)
        assert parsers(library) == {"kb-0"}


@pytest.mark.slow
def test_a_killed_reading_goes_on_and_ends_as_a_calm_one(made: Path, tmp_path: Path) -> None:
    def run(home: Path, stop: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.failpoints", str(stop), "reindex", "--parse", "--home", str(home)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    def state(home: Path) -> object:
        with opened(home) as library:
            assert library.doctor() == []
            assert_quotations_stand(library)
            texts = [[chunk.text for chunk in library.papers.text(paper.id)] for paper in library.list()]
            return texts, parsers(library), answer(library).passages, library.search("burrows", k=5)

    shutil.copytree(made, tmp_path / "calm")
    calm = run(tmp_path / "calm", 0)
    assert calm.returncode == 0, calm.stderr
    writes = int(calm.stderr.rsplit("writes: ", 1)[1])
    for stop in sorted({1, 2, 3, writes // 2, writes - 1}):
        home = tmp_path / f"killed-{stop}"
        shutil.copytree(made, home)
        assert run(home, stop).returncode == -signal.SIGKILL
        assert run(home, 0).returncode == 0
        assert state(home) == state(tmp_path / "calm")
