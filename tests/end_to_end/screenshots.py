"""Makes the pictures of the README from the demo papers: ``python -m tests.end_to_end.screenshots``."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from kb import Settings
from kb.library.demo import DAY, QUESTION, run_demo
from kb.library.desk import Desk
from tests.end_to_end.chromium import Visitor, chromium, served

FOLDER = Path(__file__).parents[2] / ".github" / "screenshots"
_WIDTH, _HEIGHT = 1280, 800


def main() -> None:
    """Search, evidence, answer, and the daily page; the last in the dark theme."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with Desk.open(Settings(home=home)) as library:
            run_demo(library, progress=lambda doing, done, total: None, notice=lambda text: None)
            library.write_digest(library.digest(day=DAY), ["json"], out=library.digest_folder(None, DAY))
        with served(home) as address, chromium() as browser:
            for name, (scheme, show) in _PICTURES.items():
                visitor = Visitor(browser, address, width=_WIDTH, height=_HEIGHT, color_scheme=scheme)
                show(visitor)
                visitor.rest()
                # A page with a box at its foot has another test id there; the id is the same.
                visitor.page.locator("#stMain").evaluate("main => main.scrollTo(0, 0)")
                visitor.page.screenshot(path=FOLDER / f"{name}.png")
                visitor.close()


def _search(visitor: Visitor) -> None:
    visitor.open("/search?q=citation+graph+as+a+signal")


def _evidence(visitor: Visitor) -> None:
    _search(visitor)
    visitor.click("See it on the page")
    visitor.page.locator(".kb-box").first.wait_for(timeout=60_000)


def _ask(visitor: Visitor) -> None:
    visitor.open("/ask")
    visitor.type("Ask your papers a question", QUESTION)
    visitor.sees("References")
    visitor.page.keyboard.press("Tab")  # the ring of the field says nothing here


def _today(visitor: Visitor) -> None:
    visitor.open(f"/?day={DAY.isoformat()}")
    visitor.sees("Key takeaways")


_PICTURES: dict[str, tuple[str, Callable[[Visitor], None]]] = {
    "search": ("light", _search),
    "evidence": ("light", _evidence),
    "ask": ("light", _ask),
    "today": ("dark", _today),
}

if __name__ == "__main__":
    main()
