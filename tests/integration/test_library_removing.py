"""What a removal leaves behind, wherever it is stopped: after the next writer nothing of the paper is in the home."""

from __future__ import annotations

import base64
import contextlib
import html
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kb import Library, Settings
from kb.cli import main
from kb.errors import HomeUnwritable, UnknownPaper
from kb.library.indexing import open_indexes
from tests.failpoints import Killed, failing
from tests.fakes import WordEncoder, WordReader
from tests.pdf_writer import Words, pdf_of

ROOT = Path(__file__).resolve().parents[2]
TITLE = "Zyxquokka & the Ørsted Protocol of Wombats"
SECRET = "The zyxquokka measures 4711 burrows in Tasmania. Its zyxprotocol is not to be known."
OTHERS = [f"On Widgets of Kind {nth}" for nth in range(6)]


def opened(home: Path) -> Library:
    library = Library.open(Settings.load(home=home, threads=1))
    library._models._encoder, library._models._reader = WordEncoder(), WordReader()
    return library


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a private paper of which everything was made that can be made."""
    folder = tmp_path_factory.mktemp("full")
    page = [Words(140, 90, TITLE, 16, "F2"), Words(72, 130, "Abstract", 12, "F2"), Words(72, 150, SECRET)]
    (folder / "secret.pdf").write_bytes(pdf_of([page]))
    entry = f"@misc{{zyx2020secret, title={{{TITLE}}}, author={{Doe, Jane}}, abstract={{{SECRET}}}, year={{2020}}}}"
    entries = [
        f"@misc{{w{nth}, title={{{title}}}, author={{Roe, Ann}}, abstract={{We count {title}. They are {nth}.}}}}"
        for nth, title in enumerate(OTHERS)
    ]
    (folder / "secret.bib").write_text(entry, encoding="utf-8")
    (folder / "others.bib").write_text("\n".join(entries), encoding="utf-8")
    with opened(folder / "home") as library:
        library.add([str(folder / name) for name in ("others.bib", "secret.pdf", "secret.bib")], private=True)
        library.papers.merge("zyx2020secret", next(p.id for p in library.list() if p.fulltext.state == "full"))
        library.note("zyx2020secret")
        library.ask("What does the zyxquokka measure?", session="s")
        library.tag("zyx2020secret", add=["mine"])
        library.jobs.visit(folder / "secret.pdf")
        for name in ("secret.pdf", "secret.bib"):
            upload = library.jobs.keep_upload(name, (folder / name).read_bytes())
            number = library._store.catalog().jobs.start(["add", str(upload)])
            library._store.catalog().jobs.finish(number, "done", report={"added": [TITLE]})
        day = library._store.home.digests_path / "2024-01-02"
        day.mkdir(parents=True)
        (day / "page.html").write_text(f"<h2>{html.escape(TITLE)}</h2>", encoding="utf-8")
        (day / "page.json").write_text(json.dumps({"title": TITLE}), encoding="utf-8")
        (library._store.home.digests_path / "kept.html").write_text(OTHERS[0], encoding="utf-8")
        body = base64.encodebytes(f"{TITLE}\n{SECRET}".encode()).decode()
        head = "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
        (library._store.home.digests_path / "mail.eml").write_text(head + body)
        (library._store.home.cache_path / "model").mkdir(exist_ok=True)
        (library._store.home.cache_path / "model" / "reply").write_text(SECRET)
        assert [p for p in library.doctor() if p.severity != "notice"] == []
    return folder / "home"


@pytest.fixture(scope="module")
def traces(full: Path) -> list[bytes]:
    """What must be nowhere: words, in which each file is searched in small letters, and the paper's vectors."""
    with opened(full) as library:
        keys = library._store.catalog().keys_within(library._store.filters(paper=["zyx2020secret"]))
        assert keys is not None
        indexes = open_indexes(library._store.home, library._store.catalog())
        vectors = [row.tobytes() for row in indexes.rows.get(keys)]
        assert np.all(indexes.rows.get(keys).any(axis=1))
        indexes.close()
    mail = base64.encodebytes(f"{TITLE}\n{SECRET}".encode())[:60]
    return [b"zyxquokka", b"zyxprotocol", b"zyx2020secret", b"4711 burrows", mail, *vectors]


def found_in(home: Path, traces: list[bytes]) -> set[str]:
    """The files that have one of them."""
    files = [path for path in home.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(home))
        for path in files
        if any(trace in (data := path.read_bytes()) or trace in data.lower() for trace in traces)
    }


def test_the_traces_that_are_looked_for_stand_in_every_room_of_a_home(full: Path, traces: list[bytes]) -> None:
    found = [Path(name).parts for name in found_in(full, traces)]
    rooms = {parts[1] if parts[0] == "index" else parts[0] for parts in found}
    assert {"catalog.sqlite", "files", "digests", "cache", "visits", "uploads"} <= rooms
    assert {"lexical", "dense", "vectors"} <= rooms


def check_nothing_is_left(home: Path, traces: list[bytes]) -> None:
    assert found_in(home, traces) == set()
    with opened(home) as library:
        assert library._store.catalog().removals.pending() == {}
        assert sorted(paper.title for paper in library.list()) == OTHERS
        assert library.doctor() == []
        assert library.search("widgets", k=20).complete
        assert len(library.search("widgets", k=20)) == len(OTHERS)
        assert (library._store.home.digests_path / "kept.html").exists()


def test_a_removal_leaves_nothing_anywhere(full: Path, traces: list[bytes], tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(full, home)
    with opened(home) as library:
        assert len(library.remove(["zyx2020secret"]).removed) == 1
    check_nothing_is_left(home, traces)


def _say_it_again(library: Library) -> None:
    """The same command again; where nothing of the paper was left, its name neither, it may be unknown."""
    is_named = any(library._store.catalog().removals.pending().values())
    with contextlib.nullcontext() if is_named else contextlib.suppress(UnknownPaper):
        library.remove("zyx2020secret")


FINISHERS: dict[str, Callable[[Library], object]] = {
    "tag": lambda library: library.tag("w1", add=["read"]),
    "doctor": lambda library: library.doctor(),
    "remove": _say_it_again,
    "add": lambda library: library.add(items=[]),
}


def _writes(full: Path, home: Path) -> list[str]:
    shutil.copytree(full, home)
    with opened(home) as library, failing(0, fail=lambda: None) as done:
        library.remove("zyx2020secret")
    return done


@pytest.mark.slow
def test_a_removal_that_is_stopped_before_any_write_is_finished_by_the_next_writer(
    full: Path, traces: list[bytes], tmp_path: Path
) -> None:
    """Every kind of write is met, in each room that it is made in; each kind of writer finishes some of them."""
    writes = _writes(full, tmp_path / "calm")
    first = writes.index("COMMIT") + 2  # before the commit nothing has happened
    steps = range(first, len(writes) + 1)
    taken, killed = steps[:: max(1, len(steps) // 10)], 0
    for nth, number in enumerate(taken):
        home = tmp_path / f"home{number}"
        shutil.copytree(full, home)

        def stop() -> None:
            raise Killed

        try:
            with opened(home) as library, failing(number, fail=stop):
                library.remove("zyx2020secret")
        except Killed:
            killed += 1
        with opened(home) as library:
            list(FINISHERS.values())[nth % len(FINISHERS)](library)
        check_nothing_is_left(home, traces)
        shutil.rmtree(home)
    assert killed >= len(taken) - 1  # the word index drops old files in its own time: a run may have a write less


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_a_process_that_is_killed_while_it_removes_leaves_what_the_same_command_finishes(
    full: Path, traces: list[bytes], tmp_path: Path, share: float
) -> None:
    writes = _writes(full, tmp_path / "calm")
    number = 3 + int(share * (len(writes) - 3))
    home = tmp_path / "home"
    shutil.copytree(full, home)
    command = [sys.executable, "-m", "tests.failpoints", str(number), "remove", "zyx2020secret", "--home", str(home)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with opened(home) as library:
        assert library.remove("zyx2020secret").missing == ()
    check_nothing_is_left(home, traces)


def _spoil(home: Path, part: str) -> None:
    for path in (home / "index").glob(part):
        path.write_bytes(path.read_bytes()[:64] + b"garbage" * 99)


@pytest.mark.parametrize("part", ["lexical/*.store", "lexical/meta.json", "dense/chroma.sqlite3", "vectors/*"])
def test_a_removal_is_finished_in_a_home_whose_indexes_are_broken(
    full: Path, traces: list[bytes], tmp_path: Path, part: str
) -> None:
    home = tmp_path / "home"
    shutil.copytree(full, home)
    _spoil(home, part)
    with opened(home) as library:
        library.remove("zyx2020secret")
    check_nothing_is_left(home, traces)


def test_a_removal_is_finished_under_another_encoder(full: Path, traces: list[bytes], tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(full, home)
    with opened(home) as library:
        library._models._encoder = WordEncoder(max_tokens=99)
        library.remove("zyx2020secret")
        assert library._store.catalog().removals.pending() == {}
    check_nothing_is_left(home, traces)


def test_a_name_that_no_paper_has_does_not_stop_the_rest(
    full: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    shutil.copytree(full, home)
    with opened(home) as library:
        report = library.remove(["w1", "nobody", "w2", "2401.00001"])
        assert len(report.removed) == 2
        missing = [(one.what, one.code) for one in report.missing]
        assert missing == [("nobody", "bad-id"), ("2401.00001", "unknown-paper")]
        with pytest.raises(UnknownPaper, match="kb add 2401"):
            library.remove("2401.00001")
    assert main(["remove", "2401.00001", "--home", str(home)]) == 1
    capsys.readouterr()


def test_on_the_command_line_what_is_missing_is_listed_and_the_status_is_in_part(
    full: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    shutil.copytree(full, home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kb.encoders.load_encoder", lambda settings, **_: WordEncoder())
        assert main(["remove", "w1", "nobody", "--json", "--home", str(home)]) == 3
    said = json.loads(capsys.readouterr().out)
    assert (len(said["removed"]), [one["what"] for one in said["missing"]]) == (1, ["nobody"])


def test_a_removal_that_the_system_refuses_is_told_and_stops_no_other_verb(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path(shutil.copytree(full, tmp_path / "home"))

    def refused(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", str(home / "digests"))

    with opened(home) as library:
        said: list[str] = []
        library._store.on_wait = said.append
        with monkeypatch.context() as patched:
            patched.setattr("kb.library.removing._forget_pages", refused)
            with pytest.raises(HomeUnwritable, match="check its permissions"):
                library.remove("zyx2020secret")
            other = library.list()[0].id
            assert library.tag(other, add=["mine"]).tags == ("mine",)
        assert any("is not finished" in text for text in said)
        library.tag(other, drop=["mine"])
        assert not library._store.catalog().removals.pending()
