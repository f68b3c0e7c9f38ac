"""The app in a real browser: a ``kb ui`` process on a free port, and Chromium driven through Playwright."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
_STARTING_SECONDS = 60
_RESTING = """() => {
    const app = document.querySelector('[data-testid="stApp"]');
    return app && app.getAttribute('data-test-script-state') === 'notRunning'
        && !document.querySelector('[data-testid="stSkeleton"]')
        && !document.querySelector('[data-stale="true"]');
}"""


def chromium_path() -> str | None:
    """Where a Chromium of this machine is; None without one."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(home: Path, *, port: int = 0, folder: Path | None = None, **environment: str) -> Iterator[str]:
    """The app on this home, started in a folder; yields its address."""
    port = port or free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("KB_", "STREAMLIT_"))}
    command = [sys.executable, "-m", "kb", "ui", "--home", str(home), "--port", str(port)]
    log = home.parent / f"app-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, cwd=folder, env={**clean, "OMP_NUM_THREADS": "1", **environment}
        )
    try:
        address = f"http://localhost:{port}"
        _wait_for(f"{address}/_stcore/health", process, log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _STARTING_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the app did not start: {log.read_text(errors='replace')[-2000:]}")


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=_FLAGS.split())
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """A person at the app: opens pages, clicks, types, and waits until the page has come to rest."""

    def __init__(self, browser: Any, address: str, *, width: int = 1280, height: int = 900, **options: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": height}, **options)
        self.page = self.context.new_page()
        self.address = address
        self.foreign: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("request", self._note)
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))

    def _note(self, request: Any) -> None:
        if not request.url.startswith((self.address, self.address.replace("http", "ws"), "data:", "blob:")):
            self.foreign.append(request.url)

    def open(self, path: str) -> None:
        """Go to a page of the app."""
        self.page.goto(self.address + path)
        self.rest()

    def rest(self, seconds: float = 90) -> None:
        """Wait until the page does not change any more."""
        self.page.wait_for_timeout(250)
        self.page.wait_for_function(_RESTING, timeout=seconds * 1000)

    def click(self, text: str, *, nth: int = 0, exact: bool = False) -> None:
        """Click what shows a text."""
        self.page.get_by_text(text, exact=exact).nth(nth).click()
        self.rest()

    def type(self, into: str, text: str) -> None:
        """Type into a field (its label or what stands in it while it is empty) and press Enter."""
        field = self.page.get_by_label(into).or_(self.page.get_by_placeholder(into)).first
        field.fill(text)
        field.press("Enter")
        self.rest()

    def sees(self, text: str, *, seconds: float = 60) -> None:
        """Wait until a text is there."""
        self.page.get_by_text(text).first.wait_for(timeout=seconds * 1000)

    @property
    def text(self) -> str:
        """All that is to be read."""
        return str(self.page.locator('[data-testid="stApp"]').inner_text())

    def close(self) -> None:
        """Leave."""
        self.context.close()
