"""``kb ui``: the Streamlit app takes the place of this process, bound to this machine with everything set."""

from __future__ import annotations

import argparse
import errno
import importlib.util
import os
import socket
import sys
import tomllib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kb.errors import SettingsError
from kb.serving.hosts import host_name, is_loopback
from kb.settings import Settings

HOME_VARIABLE = "KB_HOME"
PATHS_VARIABLE = "KB_BROWSER_PATHS"
_UPLOAD_MEGABYTE = 1_000_000


def start_app(options: argparse.Namespace) -> None:
    """Replace this process by Streamlit serving the app.

    Raises:
        SettingsError: an address beyond this machine without sign-in (Streamlit's ``[auth]``) or ``--behind-proxy``;
            ``--behind-proxy`` without the name that people reach it by; a port that is taken.
    """
    settings = Settings.load(home=options.home)
    secrets = secrets_files()
    check_address(options.address, behind_proxy=options.behind_proxy, secrets=secrets)
    check_sign_in(secrets)
    check_port(options.address, options.port)
    names = own_names(options.address, named=options.names, behind_proxy=options.behind_proxy, secrets=secrets)
    command = app_command(settings, address=options.address, port=options.port, names=names)
    environment = {**os.environ, HOME_VARIABLE: str(settings.home)}
    if is_shared(options.address, behind_proxy=options.behind_proxy, secrets=secrets):
        environment[PATHS_VARIABLE] = "false"
    sys.stdout.flush()
    os.execve(command[0], command, environment)  # noqa: S606  (no shell, our own interpreter)


def check_address(address: str, *, behind_proxy: bool, secrets: list[Path]) -> None:
    """Refuse to be reachable from other machines unless people are asked to sign in."""
    if is_loopback(address) or behind_proxy or any(_has_sign_in(path) for path in secrets):
        return
    raise SettingsError(
        f"the app would be open to everybody who reaches {address}: configure sign-in ([auth] in "
        ".streamlit/secrets.toml), or give --behind-proxy when a proxy in front asks people to sign in"
    )


def check_port(address: str, port: int) -> None:
    """Refuse a port that another program has, or that this user may not have."""
    try:
        places = socket.getaddrinfo(address.strip("[]"), port, type=socket.SOCK_STREAM)
    except OSError as err:
        raise SettingsError(f"{address} is no address of this machine ({err}): choose another --address") from err
    for family, kind, protocol, _, place in places:
        try:
            with socket.socket(family, kind, protocol) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
                tried.bind(place)
        except OSError as err:
            if err.errno == errno.EADDRINUSE:
                raise SettingsError(f"port {port} is taken by another program: choose another with --port") from err
            if err.errno == errno.EACCES:
                raise SettingsError(f"port {port} is not for this user: choose one from 1024 with --port") from err
            # The server passes over an address that is not there, too: ::1 where there is no IPv6.


def is_shared(address: str, *, behind_proxy: bool, secrets: list[Path]) -> bool:
    """Whether others than who sits at this machine may use the app: its files are not theirs to name."""
    return behind_proxy or not is_loopback(address) or any(_has_sign_in(path) for path in secrets)


def check_sign_in(secrets: list[Path]) -> None:
    """Refuse to start where people are to sign in and the package that does it is not there."""
    if any(_has_sign_in(path) for path in secrets) and importlib.util.find_spec("authlib") is None:
        raise SettingsError(
            "sign-in is configured in .streamlit/secrets.toml and Authlib, which does it, is not installed: "
            'pip install "paper-kb[auth]"'
        )


def secrets_files() -> list[Path]:
    """Where Streamlit looks for secrets: the user's folder and the working folder."""
    return [folder / ".streamlit" / "secrets.toml" for folder in (Path.home(), Path.cwd())]


def own_names(address: str, *, named: Sequence[str], behind_proxy: bool, secrets: Sequence[Path]) -> list[str]:
    """The names beyond this machine that the app answers to: those given, its address, and where sign-in comes back.

    Raises:
        SettingsError: behind a proxy whose name nobody told.
    """
    if behind_proxy and not named:
        raise SettingsError(
            "the app answers only to names that it knows: give --name with the one that people reach the proxy by"
        )
    comes_back = [urlsplit(_auth(path)["redirect_uri"]).netloc for path in secrets if _has_sign_in(path)]
    bound = [] if address in ("0.0.0.0", "::", "[::]") else [address]  # noqa: S104  (compared, not bound)
    return list(dict.fromkeys([*bound, *named, *comes_back]))


def _has_sign_in(path: Path) -> bool:
    """Whether OIDC is configured: a cookie secret, and a client with its provider's address."""
    auth = _auth(path)
    if not (auth.get("cookie_secret") and isinstance(auth.get("redirect_uri"), str)):
        return False
    providers = [auth, *(part for part in auth.values() if isinstance(part, dict))]
    return any(part.get("client_id") and part.get("server_metadata_url") for part in providers)


def _auth(path: Path) -> dict[str, Any]:
    try:
        auth = tomllib.loads(path.read_text(encoding="utf-8")).get("auth", {})
    except (OSError, ValueError):
        return {}
    return auth if isinstance(auth, dict) else {}


def app_command(settings: Settings, *, address: str, port: int, names: Sequence[str]) -> list[str]:
    """The command line of Streamlit: nothing of the user's own Streamlit configuration weakens it.

    Nothing of the working folder is run: the interpreter is isolated, its path does not begin there.
    """
    folder = Path(str(resources.files("ui")))
    megabytes = max(1, settings.max_file_bytes // _UPLOAD_MEGABYTE)
    flags = {
        "server.address": address,
        "server.port": port,
        "server.headless": "true",
        "server.enableXsrfProtection": "true",
        "server.enableCORS": "true",
        "server.maxUploadSize": megabytes,
        "server.fileWatcherType": "none",
        "server.runOnSave": "false",
        "server.enableStaticServing": "false",
        "browser.gatherUsageStats": "false",
        # What it prints; without one Streamlit asks the network for its address.
        "browser.serverAddress": host_name(names[0]) if names else "localhost",
        "client.toolbarMode": "viewer",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": "false",
        "runner.magicEnabled": "false",
        "theme.base": folder / "theme.toml",
    }
    command = [sys.executable, "-I", "-m", "streamlit", "run", str(folder / "server.py")]
    return [*command, *(f"--{name}={value}" for name, value in flags.items()), "--", *names]
