"""Makes the pictures of the documents from the demo papers: ``python -m tests.end_to_end.screenshots``."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from kb import Library, Settings
from kb.cli.commands import DAY, QUESTION, run_demo
from kb.cli.streams import Reporter
from tests.end_to_end.chromium import Visitor, chromium, served

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
_WIDTH, _HEIGHT = 1280, 800
_COLOURS = 256  # a palette halves a picture, and nobody sees it


def main() -> None:
    """An answer, its evidence on the page of the PDF, and the daily page; the last in the dark theme."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        home = Path(folder) / "home"
        with Library.open(Settings(home=home)) as library:
            run_demo(library, Reporter(quiet=True))
            library.pages.write(library.digest(day=DAY), ["json"], out=library.pages.folder(None, DAY))
        with served(home) as address:
            for name, (scheme, show) in _PICTURES.items():
                _take(browser, address, name=name, scheme=scheme, show=show)


def _take(browser: Any, address: str, *, name: str, scheme: str, show: Callable[[Visitor], None]) -> None:
    visitor = Visitor(browser, address, width=_WIDTH, height=_HEIGHT, color_scheme=scheme)
    show(visitor)
    visitor.rest()
    # A page with a box at its foot has another test id there; the id is the same.
    visitor.page.locator("#stMain").evaluate("main => main.scrollTo(0, 0)")
    with Image.open(io.BytesIO(visitor.page.screenshot())) as picture:
        picture.convert("RGB").quantize(_COLOURS).save(FOLDER / f"{name}.png", optimize=True)
    visitor.close()


def _evidence(visitor: Visitor) -> None:
    visitor.open("/search?q=citation+graph+as+a+signal")
    visitor.click("See it on the page")
    visitor.page.locator(".kb-box").first.wait_for(timeout=60_000)


def _ask(visitor: Visitor) -> None:
    visitor.open("/ask")
    visitor.type("Ask your papers a question", QUESTION)
    visitor.sees("Copy with references")
    visitor.page.keyboard.press("Tab")  # the ring of the field says nothing here


def _today(visitor: Visitor) -> None:
    visitor.open(f"/?day={DAY.isoformat()}")
    visitor.sees("Key takeaways")


_PICTURES: dict[str, tuple[str, Callable[[Visitor], None]]] = {
    "evidence": ("light", _evidence),
    "ask": ("light", _ask),
    "today": ("dark", _today),
}

if __name__ == "__main__":
    main()
