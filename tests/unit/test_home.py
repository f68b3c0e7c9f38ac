"""The home is its owner's alone, whatever the process's mask, and what is in it stays so when the folder is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.home import Home


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
