"""Whose requests a server on this machine answers: those sent to a name of its own, from pages of its own.

A web page may have its name lead to this machine (DNS rebinding), or send requests here from where it is. Both show in
what every browser says and no page can change: ``Host``, the name that was asked for, and ``Origin``, where the page
is from. The check is plain ASGI and stands in front of whatever serves.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\s\[\]:/?#@\\]+)(?::\d{1,5})?", re.IGNORECASE)


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches the address."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def host_name(host: str) -> str | None:
    """The name in a ``Host`` header or address, in small letters and without the port; None where it is none."""
    found = _HOST.fullmatch(f"[{host}]" if host.count(":") > 1 and "[" not in host else host)
    return found["name"].lower().rstrip(".") if found else None


class OwnHosts:
    """An ASGI application that passes on what is meant for one of its names, and refuses all else with status 403.

    A request without ``Origin`` is none of a page on another site that could read the answer; programs send none. With
    one, the page must be of the very host and port that were asked, or of a name given here: a proxy may ask for us by
    another name than the browser did.
    """

    def __init__(self, app: Application, *, names: Collection[str]) -> None:
        """``names``: what browsers call the server beside ``LOOPBACK_NAMES``; with a port where they say one."""
        self._app = app
        self._names = {host_name(name) for name in (*LOOPBACK_NAMES, *names)} - {None}
        self._public = {name.lower() for name in names if not is_loopback(host_name(name) or "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif (own := self._own(scope["headers"])) is not None:
            await self._app({**scope, "headers": own}, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it was accepted: status 403
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(_REFUSAL))]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": _REFUSAL})

    def _own(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]] | None:
        """The headers of a request that may pass; None for any other."""
        hosts = [value.decode("latin-1") for name, value in headers if name.lower() == b"host"]
        origins = [value.decode("latin-1") for name, value in headers if name.lower() == b"origin"]
        if len(hosts) != 1 or len(origins) > 1 or host_name(hosts[0]) not in self._names:
            return None
        if not origins:
            return headers
        page = _netloc(origins[0]).lower()
        if page != hosts[0].lower() and page not in self._public:
            return None
        # What is behind this compares the two itself, and shall see the name that the browser asked for.
        return [(name, page.encode("latin-1") if name.lower() == b"host" else value) for name, value in headers]


_REFUSAL = (
    b"This name or page is not this server's: open the address that it printed, or start it with the name that you use"
    b" (kb ui --name NAME).\n"
)


def _netloc(origin: str) -> str:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return ""
    return parts.netloc if parts.scheme in ("http", "https") else ""
