"""``kb ui``: the Streamlit app takes the place of this process, bound to this machine with everything set."""

from __future__ import annotations

import argparse
import importlib.util
import ipaddress
import os
import sys
import tomllib
from importlib import resources
from pathlib import Path

from kb.errors import SettingsError
from kb.settings import Settings

HOME_VARIABLE = "KB_HOME"
_UPLOAD_MEGABYTE = 1_000_000


def start_app(options: argparse.Namespace) -> None:
    """Replace this process by Streamlit serving the app.

    Raises:
        SettingsError: an address beyond this machine without sign-in (Streamlit's ``[auth]``) or ``--behind-proxy``.
    """
    settings = Settings.load(home=options.home)
    check_address(options.address, behind_proxy=options.behind_proxy, secrets=secrets_files())
    check_sign_in(secrets_files())
    command = app_command(settings, address=options.address, port=options.port, behind_proxy=options.behind_proxy)
    environment = {**os.environ, HOME_VARIABLE: str(settings.home)}
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


def check_sign_in(secrets: list[Path]) -> None:
    """Refuse to start where people are to sign in and the package that does it is not there."""
    if any(_has_sign_in(path) for path in secrets) and importlib.util.find_spec("authlib") is None:
        raise SettingsError(
            "sign-in is configured in .streamlit/secrets.toml and Authlib, which does it, is not installed: "
            'pip install "paper-kb[auth]"'
        )


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches the address."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def secrets_files() -> list[Path]:
    """Where Streamlit looks for secrets: the user's folder and the working folder."""
    return [folder / ".streamlit" / "secrets.toml" for folder in (Path.home(), Path.cwd())]


def _has_sign_in(path: Path) -> bool:
    """Whether OIDC is configured: a cookie secret, and a client with its provider's address."""
    try:
        auth = tomllib.loads(path.read_text(encoding="utf-8")).get("auth", {})
    except (OSError, ValueError):
        return False
    if not isinstance(auth, dict) or not (auth.get("cookie_secret") and auth.get("redirect_uri")):
        return False
    providers = [auth, *(part for part in auth.values() if isinstance(part, dict))]
    return any(part.get("client_id") and part.get("server_metadata_url") for part in providers)


def app_command(settings: Settings, *, address: str, port: int, behind_proxy: bool) -> list[str]:
    """The command line of Streamlit: nothing of the user's own Streamlit configuration weakens it."""
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
        "browser.serverAddress": "localhost" if is_loopback(address) else address,
        "client.toolbarMode": "viewer",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": "false",
        "runner.magicEnabled": "false",
        "theme.base": folder / "theme.toml",
    }
    if behind_proxy:
        del flags["browser.serverAddress"]  # the proxy's name is not ours to know
    command = [sys.executable, "-m", "streamlit", "run", str(folder / "app.py")]
    return [*command, *(f"--{name}={value}" for name, value in flags.items())]
