"""Sign-in: an OpenID provider on localhost, and an app that shows nothing before it said who is there."""

from __future__ import annotations

import json
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kb import Library, Settings
from tests.end_to_end.chromium import Visitor, chromium, chromium_path, free_port, served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium_path() is None, reason="no Chromium on this machine"),
]
RECORD = {"id": "2401.00001", "title": "A private matter", "authors": ["A. Author"], "abstract": "It is a secret."}


@contextmanager
def provider() -> Iterator[str]:
    """An OpenID provider that lets everybody in as Ada, at once; yields its address."""
    pytest.importorskip("authlib")
    from joserfc import jwk, jwt

    key = jwk.RSAKey.generate_key(2048, {"kid": "one"})
    asked: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path == "/authorize":
                asked.update(urllib.parse.parse_qsl(query))
                self.send_response(302)
                back = urllib.parse.urlencode({"code": "one", "state": asked["state"]})
                self.send_header("Location", f"{asked['redirect_uri']}?{back}")
                self.end_headers()
            elif path == "/keys":
                self._send({"keys": [key.as_dict(private=False)]})
            else:
                names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
                self._send({"issuer": root, **{name: f"{root}/{room}" for name, room in names.items()}})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            now = int(time.time())
            claims = {"iss": root, "sub": "ada", "aud": "kb", "name": "Ada", "iat": now, "exp": now + 600}
            claims |= {"nonce": asked["nonce"]} if "nonce" in asked else {}
            token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
            self._send({"access_token": "x", "token_type": "Bearer", "expires_in": 600, "id_token": token})

        def _send(self, data: dict[str, Any]) -> None:
            body = json.dumps(data).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002  (the base class's name)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    root = f"http://localhost:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield root
    finally:
        server.shutdown()
        server.server_close()


def test_nothing_is_shown_before_sign_in_and_nothing_after_sign_out(tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text(json.dumps(RECORD) + "\n")
    with Library.open(Settings(home=tmp_path / "home")) as library:
        library.add([str(records)])
    port = free_port()
    with provider() as root:
        (tmp_path / ".streamlit").mkdir()
        (tmp_path / ".streamlit" / "secrets.toml").write_text(
            f'[auth]\nredirect_uri = "http://localhost:{port}/oauth2callback"\ncookie_secret = "a long secret"\n'
            f'client_id = "kb"\nclient_secret = "x"\n'
            f'server_metadata_url = "{root}/.well-known/openid-configuration"\n'
        )
        with served(tmp_path / "home", port=port, folder=tmp_path) as address, chromium() as browser:
            someone = Visitor(browser, address)
            someone.open("/search?q=secret")
            assert "A private matter" not in someone.text
            someone.page.get_by_role("button", name="Sign in").click()
            someone.page.get_by_role("button", name="Sign out").wait_for()
            someone.open("/search?q=secret")
            someone.sees("A private matter")
            someone.page.get_by_role("button", name="Sign out").click()
            someone.page.get_by_role("button", name="Sign in").wait_for()
            someone.open("/search?q=secret")
            assert "A private matter" not in someone.text
            someone.close()
