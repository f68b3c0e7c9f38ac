"""The home is its owner's alone, whatever the process's mask, and what is in it stays so when the folder is opened."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.errors import BadRecord, HomeUnwritable, ParseError
from kb.home import FileStore, Home, below


@pytest.fixture
def open_handed() -> Iterator[None]:
    """A process whose new files anybody may read and write."""
    mask = os.umask(0)
    yield
    os.umask(mask)


@pytest.mark.usefixtures("open_handed")
def test_every_folder_of_a_home_is_private(tmp_path: Path) -> None:
    (tmp_path / "given").mkdir(mode=0o777)
    for place in (tmp_path / "new" / "home", tmp_path / "given"):
        Home(place).create()
        modes = {path: path.stat().st_mode & 0o777 for path in (place, *place.rglob("*"))}
        assert len(modes) > 6
        assert set(modes.values()) == {0o700}


@pytest.mark.usefixtures("open_handed")
def test_a_folder_that_holds_something_keeps_its_own_mode(tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir(mode=0o755)
    (tmp_path / "papers" / "a.pdf").touch()
    Home(tmp_path / "papers").create()
    assert (tmp_path / "papers").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "papers" / "index").stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("open_handed")
def test_an_empty_folder_of_somebody_else_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "given").mkdir(mode=0o777)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    Home(tmp_path / "given").create()
    assert (tmp_path / "given").stat().st_mode & 0o777 == 0o777
    assert (tmp_path / "given" / "index").stat().st_mode & 0o777 == 0o700


KEY = hashlib.sha256(b"a picture").hexdigest() + ".png"


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "..", KEY.upper(), KEY[1:], f"{KEY}/", f"../{KEY[:2]}/{KEY}", f"/{KEY}", f"{KEY}\n", KEY[:64],
        f"{KEY}.exe", KEY.replace(".png", ".p/g"), "0" * 63 + "\N{FULLWIDTH DIGIT ZERO}.png",
    ],
)  # fmt: skip
def test_the_store_takes_nothing_but_its_own_keys(tmp_path: Path, text: str) -> None:
    store = FileStore(tmp_path / "files")
    assert store.put(b"a picture", suffix=".png") == KEY
    for use in (store.get, lambda key: store.drop([key])):
        with pytest.raises(BadRecord, match="is no key of a stored file"):
            use(text)
    assert store.get(KEY).read_bytes() == b"a picture"


def test_a_file_that_is_not_what_its_key_says_is_not_handed_out(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "files")
    store.put(b"a picture", suffix=".png")
    store.get(KEY).write_bytes(b"another picture")
    with pytest.raises(ParseError, match="has changed") as changed:
        store.get(KEY)
    store.drop([KEY])
    with pytest.raises(ParseError, match="is missing") as missing:
        store.get(KEY)
    assert (changed.value.code, missing.value.code) == ("file-changed", "file-unreadable")


def test_what_is_no_file_of_the_store_is_swept_out_of_it(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "files")
    store.put(b"a picture", suffix=".png")
    (store.path / KEY[:2] / f"{KEY[:2]}.txt").write_text("stray")
    assert list(store.keys()) == [KEY]
    assert store.sweep() == 1
    assert [path.name for path in store.path.rglob("*") if path.is_file()] == [KEY]


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "..", "", "/x", "out/x", "out/deep/x", "round/x", "a/..", "a\0/x", "x\0", "\ud800"]
)
def test_a_name_that_leads_out_of_its_folder_is_refused_also_through_a_link(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "out").symlink_to(tmp_path)
    (root / "round").symlink_to(root / "round")
    with pytest.raises(HomeUnwritable):
        below(root, root / name)


def test_a_name_that_stays_in_its_folder_is_taken_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real" / "a").mkdir(parents=True)
    (tmp_path / "root").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "b").symlink_to(tmp_path / "real" / "a")
    (tmp_path / "real" / "link.md").symlink_to(tmp_path / "elsewhere.md")
    for name in ("x.md", "a/x.md", "b/x.md", "new/deep/x.md", "a/../x.md", "link.md"):
        assert below(tmp_path / "root", tmp_path / "root" / name) == tmp_path / "root" / name


def test_a_file_system_that_cannot_lock_is_one_line_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    home = Home(tmp_path / "home")
    home.create()
    monkeypatch.setattr(fcntl, "flock", refuse)
    begun = time.monotonic()
    with pytest.raises(HomeUnwritable, match=r"cannot lock files .*: move the home"), home.writing("add"):
        pass
    assert time.monotonic() - begun < 5


def test_what_a_dead_process_left_beside_its_lock_keeps_nobody_out(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    (home.path / "writer.lock").touch()
    later = int(time.time()) + 10**8  # the clock was set back since
    about = {"pid": 2**22 + 1, "host": "elsewhere", "purpose": "add", "since": later}
    (home.path / "writer.json").write_text(json.dumps(about))
    with home.writing("add", wait_seconds=0.0):
        assert "process" in home.holder()
    assert not (home.path / "writer.json").exists()


def test_a_file_that_goes_away_while_the_home_is_measured_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    for name in ("one", "other"):
        (tmp_path / name).write_bytes(b"12345")
    stat = Path.stat

    def vanishing(path: Path, **how: bool) -> os.stat_result:
        found = stat(path, **how)
        for name in ("one", "other"):
            (tmp_path / name).unlink(missing_ok=True)
        return found

    monkeypatch.setattr(Path, "stat", vanishing)
    assert home.size_bytes() == 5


@pytest.mark.parametrize(
    "text", ["[]", "[1]", '"add"', "3", "null", "{}", "", "\0", "[" * 100_000, '{"purpose": "add"}']
)
def test_rubbish_beside_a_lock_names_nobody_and_keeps_nobody_out(tmp_path: Path, text: str) -> None:
    home = Home(tmp_path / "home")
    home.create()
    (home.path / "writer.json").write_text(text)
    assert home.holder() == "another process"
    with home.writing("add", wait_seconds=0.0):
        assert f"process {os.getpid()}" in home.holder()


@pytest.mark.parametrize("name", ["writer.lock", "writer.json"])
def test_a_folder_in_the_place_of_a_lock_is_named_with_its_cure(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path / "home")
    home.create()
    (home.path / name).mkdir()
    with pytest.raises(HomeUnwritable) as caught, home.writing("add"):
        pass
    cure = "move it away, then run the same again"
    assert str(caught.value) == f"{home.path / name} is a folder where kb has a file: {cure}"
    (home.path / name).rmdir()
    with home.writing("add", wait_seconds=0.0):  # nothing was left locked
        pass
