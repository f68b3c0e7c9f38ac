"""The app in a real browser: a ``kb ui`` process on a free port, and Chromium driven through Playwright."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
# The shell draws pages and no window around them: half the work.
_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_STARTING_SECONDS = 180
_PATIENCE_SECONDS = 240  # what is slow on a busy machine is not wrong
_TURN_MS = 60
_DRAWN = """() => new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn, 50)))"""
"""What was clicked or came before has been worked on when this is done: it waits its turn in the page."""
_RESTING = """() => {
    const app = document.querySelector('[data-testid="stApp"]');
    return app && app.getAttribute('data-test-script-state') === 'notRunning'
        && !document.querySelector('[data-testid="stSkeleton"]')
        && !document.querySelector('[data-stale="true"]');
}"""


def chromium_path() -> str | None:
    """Where a Chromium of this machine is; None without one."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


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
    command = [sys.executable, "-P", "-m", "kb", "ui", "--home", str(home), "--port", str(port)]
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
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=_PATIENCE_SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=_FLAGS.split())
        try:
            yield browser
        finally:
            browser.close()


_PLACES = """(whole, inside) => {
    const parts = [whole, ...inside.flatMap(one => [...whole.querySelectorAll(one)])];
    const loaded = [...whole.querySelectorAll('img')].every(img => img.complete && img.naturalWidth > 0);
    return [loaded, parts.map(e => e.getBoundingClientRect()).map(
        r => ({x: r.x, y: r.y, width: r.width, height: r.height}))];
}"""


class Runs:
    """Whether the app still works on what a page asked of it, by what the two say to each other.

    The page itself shows "not running" also between a click and the first word of its answer.
    """

    def __init__(self, page: Any) -> None:
        self.open = True
        self._socket: Any = None
        page.on("websocket", self._begin)

    def _begin(self, socket: Any) -> None:
        self.open = True
        self._socket = socket
        socket.on("framesent", self._sent)
        socket.on("framereceived", self._received)
        socket.on("close", self._closed)

    def _closed(self, socket: Any) -> None:
        if socket is self._socket:
            self.open = True  # another one comes, with a run of its own

    def _sent(self, data: bytes | str) -> None:
        from streamlit.proto.BackMsg_pb2 import BackMsg

        if isinstance(data, bytes) and BackMsg.FromString(data).WhichOneof("type") == "rerun_script":
            self.open = True

    def _received(self, data: bytes | str) -> None:
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        if not isinstance(data, bytes):
            return
        message = ForwardMsg.FromString(data)
        if message.HasField("new_session"):
            self.open = True
        elif message.HasField("script_finished"):
            self.open = message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN


class Visitor:
    """A person at the app: opens pages, clicks, types, and waits until the page has come to rest."""

    def __init__(self, browser: Any, address: str, *, width: int = 1280, height: int = 900, **options: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": height}, **options)
        self.context.set_default_timeout(_PATIENCE_SECONDS * 1000)
        self.page = self.context.new_page()
        self._runs = Runs(self.page)
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
        self._runs.open = True
        self.page.goto(self.address + path)
        self.rest()

    def rest(self, seconds: float = _PATIENCE_SECONDS) -> None:
        """Wait until the app has answered all that the page asked, and the page has drawn it."""
        from playwright.sync_api import Error

        deadline = time.monotonic() + seconds
        still = 0
        while still < 2:
            assert time.monotonic() < deadline, f"the page does not come to rest: {self.page.url}"
            self.page.wait_for_timeout(_TURN_MS)
            try:
                self.page.evaluate(_DRAWN)
                resting = not self._runs.open and self.page.evaluate(_RESTING)
            except Error:  # the page was left for another one meanwhile
                resting = False
            still = still + 1 if resting else 0

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

    def sees(self, text: str, *, seconds: float = _PATIENCE_SECONDS) -> None:
        """Wait until a text is there that stays."""
        self.page.get_by_text(text).first.wait_for(timeout=seconds * 1000)

    def uploaded(self, count: int) -> None:
        """Wait until so many chosen files have reached the app."""
        self.page.get_by_role("button", name="Remove").nth(count - 1).wait_for()
        self.page.get_by_role("progressbar").first.wait_for(state="detached")
        self.rest()

    def until(self, holds: Callable[[], object], *, seconds: float = _PATIENCE_SECONDS) -> None:
        """Wait until something holds that the page does not show."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "it does not come"
            self.page.wait_for_timeout(_TURN_MS)

    def places(self, whole: Any, *inside: str) -> list[dict[str, float]]:
        """Where an element and what it has inside stand (``x``, ``y``, ``width``, ``height``), at one moment, when
        their pictures are there and nothing moves any more."""
        seen: list[list[dict[str, float]]] = []

        def rests() -> bool:
            loaded, now = whole.evaluate(_PLACES, list(inside))
            seen.append(now)
            self.page.wait_for_timeout(_TURN_MS)
            return bool(loaded) and seen[-2:-1] == [now]

        self.until(rests)
        return seen[-1]

    @property
    def text(self) -> str:
        """All that is to be read."""
        return str(self.page.locator('[data-testid="stApp"]').inner_text())

    def close(self) -> None:
        """Leave."""
        self.context.close()
