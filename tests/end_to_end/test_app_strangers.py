"""A real app, started in a folder of stranger's modules and asked by strangers' pages: it runs and answers none."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kb import Library, Settings
from tests.end_to_end.chromium import served
from tests.pdf_writer import Words, pdf_of

pytestmark = pytest.mark.slow
MODULES = "kb ui json server streamlit starlette sitecustomize usercustomize typing numpy pypdfium2 tantivy".split()
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Protocol": "streamlit",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose modules write their name into ``ran`` when one of them is run."""
    folder = tmp_path_factory.mktemp("strangers")
    for name in MODULES:
        (folder / f"{name}.py").write_text(f"open({str(folder / 'ran')!r}, 'a').write({name!r})\n")
    return folder


@pytest.fixture(scope="module")
def proxy() -> Iterator[socket.socket]:
    """A proxy of the web that only listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.5)
        yield listening


@pytest.fixture(scope="module")
def address(folder: Path, proxy: socket.socket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    web = f"http://127.0.0.1:{proxy.getsockname()[1]}"
    with served(tmp_path_factory.mktemp("app") / "home", folder=folder, http_proxy=web, https_proxy=web) as where:
        yield where


def status(address: str, path: str, **headers: str | None) -> int:
    """What the app answers; headers that are None are left out, "Host" is the address where none is given."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.putrequest("GET", path, skip_host="Host" in headers)
    for name, value in headers.items():
        if value is not None:
            connection.putheader(name, value)
    connection.endheaders()
    try:
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_app_runs_nothing_of_the_folder_it_is_started_in(address: str, folder: Path) -> None:
    assert status(address, "/") == 200
    assert not (folder / "ran").exists()


def test_jobs_and_the_parser_run_nothing_of_the_working_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(pdf_of([[Words(72, 80, "A Title of a Paper", 16), Words(72, 120, "Some words of it.")]]))
    with Library.open(Settings(home=tmp_path / "home")) as library:
        library.jobs.start(["add", str(paper)])
        until = time.monotonic() + 120
        while any(job.is_open for job in library.jobs.list()) and time.monotonic() < until:
            time.sleep(0.1)
        assert [job.state for job in library.jobs.list()] == ["done"]
    assert not (folder / "ran").exists()


def test_names_and_pages_of_its_own_open_the_app(address: str) -> None:
    here = urlsplit(address).netloc
    for headers in ({}, {"Origin": address}, {"Host": f"127.0.0.1:{urlsplit(address).port}"}):
        assert status(address, "/_stcore/health", **headers) == 200
        assert status(address, "/_stcore/stream", **WEBSOCKET, **headers) == 101
    assert status(address, "/", Host=here.upper(), Origin=address) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.org"},
        {"Host": "evil.org", "Origin": "http://evil.org"},
        {"Origin": "http://evil.org"},
        {"Origin": "http://localhost:1"},
        {"Origin": "null"},
    ],
)
def test_a_foreign_name_or_page_gets_nothing_and_sends_the_app_nowhere(
    address: str, proxy: socket.socket, headers: dict[str, str]
) -> None:
    for path in ("/", "/_stcore/health", "/_stcore/host-config", "/media/x"):
        assert status(address, path, **headers) == 403
    assert status(address, "/_stcore/stream", **WEBSOCKET, **headers) == 403
    with pytest.raises(TimeoutError):
        proxy.accept()
