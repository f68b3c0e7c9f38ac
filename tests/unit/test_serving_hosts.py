"""Requests to names that are not the server's, and from pages that are not, are refused before anything serves them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kb.serving.hosts import OwnHosts, host_name

NAMES = ("localhost", "kb.example.org", "lab.example.org:8443")


def served(kind: str, *headers: tuple[str, str]) -> tuple[list[Any], list[Any]]:
    """What a connection got, and what the application behind the check was given."""
    sent: list[Any] = []
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append({name.decode(): value.decode() for name, value in scope.get("headers", [])})

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": kind, "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers]}
    asyncio.run(OwnHosts(application, names=NAMES)(scope, receive, send))
    return sent, seen


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("host", ["localhost:8501", "LOCALHOST", "127.0.0.1:1", "[::1]:8501", "kb.example.org",
                                  "kb.example.org.", "lab.example.org:8443"])  # fmt: skip
def test_its_own_names_are_served_with_and_without_a_page_of_its_own(kind: str, host: str) -> None:
    assert served(kind, ("host", host)) == ([], [{"host": host}])
    sent, [seen] = served(kind, ("host", host), ("origin", f"https://{host}"))
    assert sent == []
    assert seen["origin"].lower() == f"https://{seen['host']}"


@pytest.mark.parametrize(
    "headers",
    [
        [], [("host", "evil.org")], [("host", "evil.org:8501")], [("host", "localhost.evil.org")],
        [("host", "127.0.0.1.nip.io")],
        [("host", "evil.org"), ("origin", "http://evil.org")], [("host", "localhost:8501"), ("origin", "http://evil.org")],
        [("host", "localhost:8501"), ("origin", "http://localhost:3000")], [("host", "localhost"), ("origin", "null")],
        [("host", "localhost"), ("origin", "")], [("host", "localhost"), ("origin", "file://")],
        [("host", "localhost"), ("origin", "http://localhost@evil.org")], [("host", "localhost@evil.org")],
        [("host", "localhost"), ("host", "evil.org")], [("host", "localhost"), ("host", "localhost")],
        [("host", "localhost"), ("origin", "http://localhost"), ("origin", "http://evil.org")], [("host", "")],
        [("host", "localhost/")], [("host", "localhost:8501:1")], [("host", "localhost"), ("origin", "http://[")],
        [("host", "kb.example.org"), ("origin", "http://kb.example.org:9999")], [("host", "évil.org")],
        [("host", "0.0.0.0")],
        [("host", "localhost"), ("origin", "chrome-extension://localhost")],
    ],
)  # fmt: skip
def test_other_names_and_pages_are_refused(headers: list[tuple[str, str]]) -> None:
    sent, seen = served("http", *headers)
    assert seen == []
    assert sent[0]["status"] == 403
    assert b"--name" in sent[1]["body"]
    assert served("websocket", *headers) == ([{"type": "websocket.close", "code": 1008}], [])


def test_behind_a_proxy_that_asks_by_another_name_the_browsers_name_is_seen() -> None:
    _, [seen] = served("websocket", ("host", "127.0.0.1:8501"), ("origin", "https://lab.example.org:8443"))
    assert seen["host"] == "lab.example.org:8443"


def test_what_is_no_request_passes() -> None:
    assert served("lifespan") == ([], [{}])


def test_names_are_compared_without_port_dot_and_capitals() -> None:
    assert host_name("KB.Example.org.:80") == "kb.example.org"
    assert host_name("::1") == host_name("[::1]:80") == "[::1]"
    assert host_name("a b") is None
