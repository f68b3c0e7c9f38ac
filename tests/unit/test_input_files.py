"""The one entrance for files: what is no regular file of a bearable size is refused at once, with its cure."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from kb.errors import FileUnreadable
from kb.input_files import open_file, read_file, read_utf8


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "a socket", "a device"])
def test_what_is_no_regular_file_is_refused_without_waiting(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket may have some hundred characters only
    path = Path("thing")
    with socket.socket(socket.AF_UNIX) as listener:
        if kind == "a pipe":
            os.mkfifo(path)
        elif kind == "a folder":
            path.mkdir()
        elif kind == "a socket":
            listener.bind("thing")
        else:
            path.symlink_to("/dev/zero")
        with pytest.raises(FileUnreadable) as caught:
            read_file(path)
    assert "cannot be read: " in str(caught.value)
    assert "\n" not in str(caught.value)
    if kind != "a socket":  # which the system itself does not open
        assert (caught.value.code, kind in caught.value.reason) == ("unsupported-file", True)


def test_a_link_is_followed_and_one_that_leads_nowhere_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "lost").symlink_to("nothing")
    (tmp_path / "round").symlink_to("round")
    assert read_file(tmp_path / "link") == b"text"
    for name in ("lost", "round", "absent", "x" * 300, "a\0b"):
        with pytest.raises(FileUnreadable):
            open_file(tmp_path / name)


def test_a_file_is_read_up_to_its_limit_and_not_beyond(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    assert read_file(tmp_path / "file", max_bytes=5) == b"12345"
    with pytest.raises(FileUnreadable, match=r"more than max_file_bytes \(4\): raise it") as caught:
        read_file(tmp_path / "file", max_bytes=4, setting="max_file_bytes")
    assert caught.value.code == "too-large"


def test_a_text_in_another_encoding_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "marked").write_bytes("\ufeffü".encode())
    assert read_utf8(tmp_path / "marked") == "ü"
    (tmp_path / "latin").write_bytes("a = 'ü'".encode("latin-1"))
    with pytest.raises(FileUnreadable, match="byte 5 is not UTF-8: save it as UTF-8"):
        read_utf8(tmp_path / "latin")
