"""An index that is not the catalog's is said to be incomplete, and what is there answers; swaps are not noticed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kb import Library
from kb.cli import main
from kb.index.lexical import TantivyIndex
from kb.records import Mode
from tests.campaigns import swaps
from tests.fakes import WordEncoder, WordReader

ROOT = Path(__file__).resolve().parents[2]
RECORDS = 24


def opened(home: Path) -> Library:
    library = swaps.opened(home)
    library._models._reader = WordReader()
    return library


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sound") / "home"
    swaps.make(home, RECORDS)
    return home


def _of_another_state(home: Path) -> None:
    """The folder of the indexes as it was before a paper went and another came: there are as many entries."""
    shutil.copytree(home / "index", home / "before")
    (home / "more.bib").write_text("@misc{x, title={On the Birds of Iceland}, author={Uno, Ono}}")
    with opened(home) as library:
        library.remove("2401.00001")
        library.add(str(home / "more.bib"))
    shutil.rmtree(home / "index")
    (home / "before").rename(home / "index")


def _of_another_catalog(home: Path) -> None:
    """The indexes are newer than the catalog: its file came from a backup."""
    shutil.copy(home / "catalog.sqlite", home / "backup")
    with opened(home) as library:
        library.set("2401.00001", abstract="All is otherwise.")
    (home / "backup").rename(home / "catalog.sqlite")


def _half_built(home: Path) -> None:
    with opened(home) as library:
        keys = library._store.catalog().passages.keys().tolist()
    TantivyIndex(home / "index" / "lexical").drop(keys[: len(keys) // 2])


def _cut_off(home: Path) -> None:
    path = home / "index" / "vectors" / "passages.f32"
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def _without(part: str) -> Callable[[Path], None]:
    return lambda home: shutil.rmtree(home / "index" / part)


HARMS: dict[str, tuple[Callable[[Path], None], bool]] = {
    "all deleted": (_without(""), False),
    "words deleted": (_without("lexical"), True),
    "neighbours deleted": (_without("dense"), True),
    "vectors deleted": (_without("vectors"), True),
    "words and neighbours deleted": (lambda home: (_without("lexical")(home), _without("dense")(home))[0], True),
    "words half built": (_half_built, True),
    "vectors cut off": (_cut_off, True),
    "of another state": (_of_another_state, True),
    "of another catalog": (_of_another_catalog, True),
}


@pytest.mark.parametrize("harm", HARMS)
def test_what_is_not_the_catalogs_is_said_and_what_is_there_answers(
    sound: Path, tmp_path: Path, harm: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.encoders.load_encoder", lambda settings, **_: WordEncoder())
    home, (do, finds) = tmp_path / "home", HARMS[harm]
    shutil.copytree(sound, home)
    do(home)
    modes: tuple[Mode, ...] = ("lexical", "dense", "hybrid")
    for mode in modes:
        assert main(["search", "graph of speech", "--mode", mode, "--json", "--home", str(home)]) == 3
        said = capsys.readouterr()
        document = json.loads(said.out)
        assert document["complete"] is False
        assert [notice["kind"] for notice in document["notices"]] == ["index-incomplete"]
        assert "kb reindex" in said.err
        assert bool(document["hits"]) == finds
    with opened(home) as library:
        found = library.search("graph of speech")
        assert not found.complete
        assert any("kb reindex" in notice for notice in library.ask("What helps speech?").notices)
        assert any("incomplete" in problem.what for problem in library.doctor())
        library.reindex()
        assert library.search("graph of speech").complete
        assert library.doctor() == []
    assert main(["search", "graph of speech", "--home", str(home)]) == 0


def test_the_next_add_makes_a_deleted_index_again(sound: Path, tmp_path: Path) -> None:
    shutil.copytree(sound, tmp_path / "home")
    shutil.rmtree(tmp_path / "home" / "index")
    with opened(tmp_path / "home") as library:
        library.add(items=[])
        assert len(library.search("study", k=50)) == RECORDS
        assert library.doctor() == []


@pytest.mark.parametrize("part", ["lexical/*.store", "lexical/*.term", "lexical/meta.json", "vectors/sentences.f16*"])
def test_files_that_are_garbage_leave_the_other_index_to_answer(sound: Path, tmp_path: Path, part: str) -> None:
    shutil.copytree(sound, tmp_path / "home")
    for path in (tmp_path / "home" / "index").glob(part):
        path.write_bytes(b"garbage" * 999)
    with opened(tmp_path / "home") as library:
        for mode in swaps.MODES:
            assert library.search("graph of speech", mode=mode)
        assert not library.search("graph of speech").complete


def test_an_old_index_is_searched_until_the_new_one_is_whole_and_a_stopped_one_leaves_it(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    shutil.copytree(sound, home)
    with opened(home) as library:
        calm = swaps.search(library, "graph of speech", "hybrid")
        seen: list[object] = []

        def look(what: str, done: int, total: int | None) -> None:
            with opened(home) as other:
                seen.append(swaps.search(other, "graph of speech", "hybrid"))
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            library.reindex(encode=True, progress=look)
        assert [*seen, swaps.search(library, "graph of speech", "hybrid")] == [calm, calm]
    assert len(list((home / "index").iterdir())) > 3
    with opened(home) as library:
        assert library.doctor() == []
        library.reindex()
        assert swaps.search(library, "graph of speech", "hybrid") == calm
    assert len(list((home / "index").iterdir())) == 3


@pytest.mark.slow
def test_no_search_is_empty_or_wrong_while_the_indexes_are_made_again(sound: Path, tmp_path: Path) -> None:
    """A small form of ``tests.campaigns.swaps``."""
    shutil.copytree(sound, tmp_path / "home")
    counts = swaps.compare(tmp_path / "home", 4)
    assert counts["searches"] > 20
    assert (counts["empty"], counts["incomplete"], counts["wrong"]) == (0, 0, 0)


@pytest.mark.slow
def test_commands_that_are_killed_leave_what_a_calm_run_gives() -> None:
    """A small form of ``tests.campaigns.kills``."""
    verbs = ["remove", "reindex", "merge", "upgrade, reindex"]
    command = [sys.executable, "-m", "tests.campaigns.kills", "8", "3", *verbs]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
