"""``kb ui`` is bound to this machine, and says why it will not be bound elsewhere."""

from __future__ import annotations

import argparse
import importlib.util
import os
import socket
from pathlib import Path

import pytest

from kb.cli import app, main
from kb.errors import SettingsError
from kb.settings import Settings

SIGN_IN = """
[auth]
redirect_uri = "https://kb.example.org/oauth2callback"
cookie_secret = "x"
client_id = "x"
client_secret = "x"
server_metadata_url = "https://accounts.example.org/.well-known/openid-configuration"
"""


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
def test_this_machine_is_allowed(address: str) -> None:
    app.check_address(address, behind_proxy=False, secrets=[])


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "::", "192.168.1.5", "kb.example.org", "localhost.example.org", "", "127.0.0.1.nip.io"]
)
def test_any_other_address_is_refused_with_the_cure(address: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--behind-proxy"):
        app.check_address(address, behind_proxy=False, secrets=[tmp_path / "none.toml"])
    app.check_address(address, behind_proxy=True, secrets=[])


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "0.0.0.0"])
def test_a_port_that_is_taken_is_refused_with_the_cure_and_one_that_is_free_again_is_not(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "execve")  # it would take the place of the tests
    with socket.create_server((address, 0)) as server:
        port = server.getsockname()[1]
        assert main(["ui", "--home", str(tmp_path), "--port", str(port), "--address", "127.0.0.1"]) == 1
        assert capsys.readouterr().err == f"kb: port {port} is taken by another program: choose another with --port\n"
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()  # a connection that lingers keeps nobody from it
    app.check_port(address, port)


def test_an_address_that_is_none_is_refused_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(SettingsError, match=r"no address of this machine .*: choose another --address$"):
        app.check_port("not-here.invalid", 8501)


def test_sign_in_opens_other_addresses_and_half_of_it_does_not(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(SIGN_IN)
    app.check_address("0.0.0.0", behind_proxy=False, secrets=[secrets])
    for broken in ("[auth]\n", SIGN_IN.replace("cookie_secret", "cookie"), "[auth", SIGN_IN.replace("client_id", "id")):
        secrets.write_text(broken)
        with pytest.raises(SettingsError):
            app.check_address("0.0.0.0", behind_proxy=False, secrets=[secrets])


def test_sign_in_without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(SIGN_IN)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r'pip install "paper-kb\[auth\]"$'):
        app.check_sign_in([secrets])
    app.check_sign_in([tmp_path / "none.toml"])  # nobody is to sign in


@pytest.mark.parametrize(
    ("address", "behind_proxy", "sign_in", "paths"),
    [
        ("localhost", False, False, None), ("127.0.0.1", True, False, "false"), ("localhost", False, True, "false"),
        ("0.0.0.0", True, False, "false"),
    ],
)  # fmt: skip
def test_where_others_reach_the_app_it_takes_no_paths_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, behind_proxy: bool, sign_in: bool, paths: str | None
) -> None:
    started: list[dict[str, str]] = []
    monkeypatch.setattr(os, "execve", lambda program, command, environment: started.append(environment))
    monkeypatch.setattr(app, "check_sign_in", lambda secrets: None)
    monkeypatch.setattr(app, "secrets_files", lambda: [tmp_path / "secrets.toml"])
    (tmp_path / "secrets.toml").write_text(SIGN_IN if sign_in else "")
    names = ["papers.example"] if behind_proxy else []
    app.start_app(
        argparse.Namespace(home=str(tmp_path), address=address, port=8123, behind_proxy=behind_proxy, names=names)
    )
    assert started[0].get("KB_BROWSER_PATHS") == paths


def test_the_command_leaves_nothing_to_the_users_own_configuration(tmp_path: Path) -> None:
    command = app.app_command(Settings(home=tmp_path), address="localhost", port=8123, names=["localhost"])
    flags = dict(part[2:].split("=", 1) for part in command if part.startswith("--") and part != "--")
    assert flags["server.address"] == "localhost"
    assert flags["server.port"] == "8123"
    assert flags["browser.gatherUsageStats"] == "false"
    assert flags["server.enableXsrfProtection"] == "true"
    assert flags["server.fileWatcherType"] == "none"
    assert flags["client.showErrorDetails"] == "none"
    assert int(flags["server.maxUploadSize"]) * 1_000_000 <= Settings(home=tmp_path).max_file_bytes
    assert Path(flags["theme.base"]).is_file()
    assert command[1:5] == ["-I", "-m", "streamlit", "run"]
    assert Path(command[5]).is_file()
    assert command[-2:] == ["--", "localhost"]


def test_the_app_answers_to_its_address_the_names_given_and_the_one_where_sign_in_comes_back(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(SIGN_IN)
    assert app.own_names("localhost", named=[], behind_proxy=False, secrets=[]) == ["localhost"]
    assert app.own_names("0.0.0.0", named=["a.org"], behind_proxy=False, secrets=[secrets]) == [
        "a.org",
        "kb.example.org",
    ]
    assert app.own_names("localhost", named=["a.org"], behind_proxy=True, secrets=[]) == ["localhost", "a.org"]
    with pytest.raises(SettingsError, match="--name"):
        app.own_names("localhost", named=[], behind_proxy=True, secrets=[])


def test_every_flag_is_one_that_streamlit_knows(tmp_path: Path) -> None:
    from streamlit import config

    command = app.app_command(Settings(home=tmp_path), address="localhost", port=8123, names=["localhost"])
    known = set(config.get_config_options())
    assert {part[2:].split("=")[0] for part in command[: command.index("--")] if part.startswith("--")} <= known
