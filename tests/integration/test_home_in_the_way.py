"""A folder that stands where a home has a file, or a file where it has a folder: one line that ends with the cure."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import pytest

from kb import encoders
from kb.cli import main
from kb.library.parts import Models
from kb.settings import Settings
from tests.fakes import WordEncoder, WordReader

DEMO = Path(str(resources.files("kb") / "demo"))
OWN = Path(__file__).resolve().parents[1] / "data" / "own-sample.html"
PAPER = "arxiv:2402.18842"
VERBS = {
    "add": ("add", str(OWN)),
    "search": ("search", "multi-view consistency"),
    "ask": ("ask", "What does ViewFusion do?", "--session", "s"),
    "note": ("note", PAPER),
    "note of a file": ("note", str(OWN)),
    "topic": ("topic", "add", "Views", "--query", "all:view"),
    "digest": ("digest", "--date", "2024-03-04"),
    "list": ("list",),
    "tag": ("tag", PAPER, "+read"),
    "collection": ("collection", "add", "mine", PAPER),
    "export": ("export",),
    "update": ("update",),
    "status": ("status",),
    "doctor": ("doctor",),
    "fix": ("doctor", "--fix"),
    "reindex": ("reindex",),
    "recover": ("recover",),
    "remove": ("remove", PAPER),
}
FILES = (
    "catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm", "kb.toml", "writer.lock", "writer.json",
    "update.lock", "update.json", "cache/reading", "cache/conversations/043a718774c572bd.lock",
    "index/vectors/passages.f32", "index/vectors/sentences.f16", "index/vectors/stamp", "index/dense/chroma.sqlite3",
    "index/lexical/meta.json", "index/lexical/stamp", "digests/2024-03-04/digest.json",
)  # fmt: skip
FOLDERS = (
    "index", "index/lexical", "index/dense", "index/vectors", "cache", "cache/conversations", "files", "digests",
    "jobs", "uploads", "visits",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _words_only(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, reader = WordEncoder(), WordReader()
    monkeypatch.setattr(encoders, "load_encoder", lambda settings, notice=None: encoder)
    monkeypatch.setattr(encoders, "load_reader", lambda settings, notice=None: reader)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sound") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Models, "encoder", lambda _: WordEncoder())
        assert main(["add", str(DEMO / "records.jsonl"), "--home", str(home), "--quiet"]) == 0
        assert main(["digest", "--date", "2024-03-04", "--home", str(home), "--quiet"]) == 0
    return home


@pytest.mark.parametrize("place", [*FILES, *FOLDERS])
def test_what_stands_in_the_way_is_told_in_one_line_by_every_verb(
    sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    wrong = []
    for verb, words in VERBS.items():
        home = tmp_path / verb
        shutil.copytree(sound, home)
        stray = home / place
        if place in FOLDERS:
            shutil.rmtree(stray, ignore_errors=True)
            stray.write_text("a file")
        else:
            stray.unlink(missing_ok=True)
            (stray / "inside").mkdir(parents=True)
        saved = [str(tmp_path / f"{verb} saved")] if verb == "recover" else []
        try:
            status = main([*words, *saved, "--home", str(home), "--quiet"])
        except Exception as err:  # noqa: BLE001  (what a person would see as a traceback)
            wrong.append(f"{verb}: {type(err).__name__}: {err}")
            continue
        out, told = capsys.readouterr()
        lines = told.splitlines()
        # Indexes are derived: what stands in their place is left behind when they are made again.
        cured = place.startswith("index/") and lines and lines[-1].endswith("kb reindex")
        named = not lines or cured or str(stray) in lines[-1]
        if status not in (0, 1, 3, 4) or len(lines) > 1 or (status == 1 and not (named and out + told)):
            wrong.append(f"{verb}: {status}: {told}")
        if any(not line.startswith("kb: ") or ": " not in line[4:] for line in lines):
            wrong.append(f"{verb}: {told}")
    assert wrong == []


def test_what_stands_in_the_way_of_a_job_of_the_app_is_told(sound: Path, tmp_path: Path) -> None:
    from kb import Library
    from kb.errors import HomeUnwritable

    for place, word in (("jobs", "file where kb has a folder"), ("uploads", "file where kb has a folder")):
        home = tmp_path / place
        shutil.copytree(sound, home)
        (home / place).write_text("a file")
        with Library.open(Settings(home=home)) as library, pytest.raises(HomeUnwritable, match=word):
            library.jobs.start(["reindex"]) if place == "jobs" else library.jobs.keep_upload("a.pdf", b"x")
