"""``kb doctor``: every piece of a home is altered in turn; the harm is seen, named, and cured."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from kb import Library, Settings, encoders
from kb.errors import EncoderError
from kb.library.indexing import WritableIndexes, open_indexes
from kb.records import Failure, Metadata
from tests.fakes import WordEncoder, WordReader
from tests.saying import item

PAPERS = 12


def opened(home: Path, *, max_tokens: int = 256) -> Library:
    """A library with an encoder and a reader that know words only, so that no model is loaded."""
    library = Library.open(Settings.load(home=home, threads=1))
    library._models._encoder, library._models._reader = WordEncoder(max_tokens=max_tokens), WordReader()
    return library


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sound") / "home"
    items = [
        item(
            Metadata(
                source="jsonl",
                ids=(f"arxiv:2401.{number:05d}",),
                title=f"Title number{number} of a paper",
                authors=("A B",),
                abstract=f"We study thing{number} in graphs. It works for case{number}. " + "It is long. " * 20,
            ),
            what=str(number),
        )
        for number in range(1, PAPERS + 1)
    ]
    with opened(home) as library:
        assert len(library.add(items=items).added) == PAPERS
        assert library.doctor() == []
    return home


def _rotate_rows(home: Path, indexes: WritableIndexes) -> None:
    keys = indexes.rows.keys()
    indexes.rows.put(keys.tolist(), np.roll(indexes.rows.get(keys), 1, axis=0))


def _swap_in_chroma(home: Path, indexes: WritableIndexes) -> None:
    collection = indexes.dense._open()
    collection.delete(ids=["6"])
    collection.add(ids=["6"], embeddings=indexes.rows.get([5]))


def _swap_sentences(home: Path, indexes: WritableIndexes) -> None:
    indexes.sentences.put([6], [np.tile(indexes.rows.get([9]), (3, 1))])


def _cut(name: str) -> Callable[[Path, WritableIndexes], None]:
    def cut(home: Path, indexes: WritableIndexes) -> None:
        path = home / "index" / "vectors" / name
        os.truncate(path, path.stat().st_size * 2 // 3)

    return cut


def _spoil_header(home: Path, indexes: WritableIndexes) -> None:
    with (home / "index" / "vectors" / "passages.f32").open("r+b") as handle:
        handle.write(b"spoiled!" * 8)


def _spoil_chroma(home: Path, indexes: WritableIndexes) -> None:
    indexes.close()
    (home / "index" / "dense" / "chroma.sqlite3").write_bytes(b"no database " * 100)


def _lose_index(home: Path, indexes: WritableIndexes) -> None:
    indexes.close()
    shutil.rmtree(home / "index")


def _lose_sentences(home: Path, indexes: WritableIndexes) -> None:
    for path in (home / "index" / "vectors").glob("sentences*"):
        path.unlink()


def _leave_half_a_file(home: Path, indexes: WritableIndexes) -> None:
    path = home / "files" / "ab" / ".new-x"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a paper")
    os.utime(path, (1, 1))


DAMAGES: dict[str, Callable[[Path, WritableIndexes], None]] = {
    "rows of other chunks": _rotate_rows,
    "one row altered": lambda home, indexes: indexes.rows.put([7], indexes.rows.get([9])),
    "one row gone": lambda home, indexes: indexes.rows.drop([7]),
    "a row of nothing": lambda home, indexes: indexes.rows.put([500], indexes.rows.get([9])),
    "rows cut off": _cut("passages.f32"),
    "header of rows": _spoil_header,
    "wrong vector in chroma": _swap_in_chroma,
    "gone from chroma": lambda home, indexes: indexes.dense._open().delete(ids=["6"]),
    "too much in chroma": lambda home, indexes: indexes.dense._open().add(
        ids=["600"], embeddings=indexes.rows.get([9])
    ),
    "chroma is garbage": _spoil_chroma,
    "words gone": lambda home, indexes: indexes.lexical.drop([6]),
    "words of nothing": lambda home, indexes: indexes.lexical.put([(900, "t", "s", "x")]),
    "words of another": lambda home, indexes: indexes.lexical.put([(6, "other", "s", "words")]),
    "sentences gone": _lose_sentences,
    "sentences of one gone": lambda home, indexes: indexes.sentences.drop([6]),
    "sentences of another": _swap_sentences,
    "sentences cut off": _cut("sentences.f16"),
    "all indexes gone": _lose_index,
    "half a file": _leave_half_a_file,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_doctor_sees_the_damage_and_fix_cures_it(sound: Path, tmp_path: Path, damage: str) -> None:
    home = tmp_path / "home"
    shutil.copytree(sound, home)
    with opened(home) as library:
        indexes = open_indexes(library._store.home, library._store.catalog())
        DAMAGES[damage](home, indexes)
        indexes.close()
    with opened(home) as library:
        assert [problem.severity for problem in library.doctor()], damage
        left = [problem for problem in library.doctor(fix=True) if problem.severity != "notice"]
        assert left == []
    with opened(home) as library:
        assert library.doctor() == []
        for number in (5, 6, 7):
            for mode in ("lexical", "dense", "hybrid"):
                hit = library.search(f"thing{number} case{number}", k=1, mode=mode)[0]  # type: ignore[arg-type]
                assert hit.paper.id == f"arxiv:2401.{number:05d}"


def test_an_encoder_that_reads_less_gets_shorter_passages(sound: Path, tmp_path: Path) -> None:
    shutil.copytree(sound, tmp_path / "home")
    with opened(tmp_path / "home") as library:
        before = library._store.catalog().passages.count()
    with opened(tmp_path / "home", max_tokens=40) as library:
        assert any("another encoder" in problem.what for problem in library.doctor())
        library.reindex()
        assert library.doctor() == []
        assert library._store.catalog().passages.count() > before
        assert all(chunk.tokens <= 40 for paper in library.list() for chunk in library.papers.text(paper.id))


def test_a_reader_that_cannot_run_is_a_problem_with_its_cure(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(settings: Settings, **_: object) -> None:
        raise EncoderError("OpenVINO cannot run the encoder (no such instruction)")

    with opened(sound) as library:
        monkeypatch.setattr(encoders, "load_reader", broken)
        library._models._reader = None
        found = [problem for problem in library.doctor() if problem.what.startswith("reader of answers")]
    assert [problem.severity for problem in found] == ["error"]
    assert "KB_ENCODER_RUNTIME=torch" in found[0].cure


def test_reindex_makes_no_home_where_there_is_none(tmp_path: Path) -> None:
    from kb.errors import HomeUnwritable

    with opened(tmp_path / "none") as library, pytest.raises(HomeUnwritable, match="kb add"):
        library.reindex()
    assert not (tmp_path / "none").exists()


def test_words_follow_an_abstract_of_which_a_part_changes(sound: Path, tmp_path: Path) -> None:
    shutil.copytree(sound, tmp_path / "home")
    with opened(tmp_path / "home", max_tokens=40) as library:
        library.reindex()
        abstract = library.papers.get("2401.00003").abstract
        library.set("2401.00003", abstract=f"{abstract} At its end stands quokka.")
        assert library.search("quokka", k=1, mode="lexical")[0].paper.id == "arxiv:2401.00003"
        library.set("2401.00003", abstract=f"{abstract} At its end stands wombat.")
        assert library.search("quokka", k=1, mode="lexical") == []
        assert library.doctor() == []


def test_the_cure_for_what_was_not_added_can_be_typed_as_it_stands(sound: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(sound, home)
    with opened(home) as library:
        for what in ('cat:cs.CL AND abs:"dense retrieval"', "my papers/one.pdf"):
            library._store.catalog().failures.record(
                Failure(what=what, code="source-unavailable", reason="no", retry=True)
            )
        cures = [problem.cure for problem in library.doctor() if "could not be added" in problem.what]
        of_scan = Failure(what="scan.pdf", code="pdf-scanned", reason="pictures: add it with --ocr", retry=True)
        of_entry = Failure(what="my refs.bib:24", code="bad-record", reason="no title: give it one", retry=True)
        library._store.catalog().failures.record(of_scan)
        library._store.catalog().failures.record(of_entry)
        cures += [problem.cure for problem in library.doctor() if "could not be added" in problem.what]
        hopeless = Failure(what="x.pdf", code="not-a-pdf", reason="not a PDF: get the file again", retry=False)
        library._store.catalog().failures.record(hopeless)
        kept = library.status().failures
        listed = [problem for problem in library.doctor() if "could not be added" in problem.what]
        assert [one.what.partition(" could")[0] for one in listed] == [failure.what for failure in kept]
        assert "that done, kb add x.pdf" in [problem.cure for problem in listed]
    typed = [shlex.split(cure) for cure in cures]
    assert ["kb", "add", "--query", 'cat:cs.CL AND abs:"dense retrieval"'] in typed
    assert ["kb", "add", "my papers/one.pdf"] in typed
    assert ["kb", "add", "--ocr", "scan.pdf"] in typed
    assert ["kb", "add", "my refs.bib"] in typed


def test_a_cure_that_others_write_beside_is_told_as_the_home_is_at_the_end(sound: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(sound, home)
    with opened(home) as library, opened(home) as other:
        library._store.catalog().passages  # noqa: B018  (open before it is damaged)
        indexes = open_indexes(library._store.home, library._store.catalog())
        DAMAGES["half a file"](home, indexes)
        indexes.close()
        writing = library._store.writing

        @contextmanager
        def beside(purpose: str) -> Iterator[None]:
            """Another process writes while this one holds the lock: it leaves its words to the holder, and a file."""
            with writing(purpose):
                other.set("2401.00003", abstract="Now it is about a quokka.")
                yield
            os.utime(home_files.get(home_files.put(b"a file that nothing names", suffix=".pdf")), (1, 1))

        library._store.writing = beside  # type: ignore[method-assign]
        home_files = library._store.home.files
        problems = library.doctor(fix=True)
        assert [(one.kind, one.severity) for one in problems] == [("stray", "notice"), ("stray", "warning")]
        assert library.search("quokka", k=1, mode="lexical")[0].paper.id == "arxiv:2401.00003"
        library._store.writing = writing  # type: ignore[method-assign]
        assert [one.severity for one in library.doctor(fix=True)] == ["notice"]
        assert library.doctor() == []
