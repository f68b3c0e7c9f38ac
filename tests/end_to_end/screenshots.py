"""Makes the pictures of the README from the demo papers: ``python -m tests.end_to_end.screenshots``."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kb import Settings
from kb.library.demo import DAY, QUESTION, run_demo
from kb.library.desk import Desk
from tests.end_to_end.chromium import Visitor, chromium, served
from tests.openai_server import OpenAIServer
from tests.played_model import PlayedModel

FOLDER = Path(__file__).parents[2] / ".github" / "screenshots"
_WIDTH, _HEIGHT = 1280, 800
# What the model says in the picture of an answer with one; it leads with the answer and leaves something open.
_DRAFT = (
    "No. At inference time SPECTER takes only the title and the abstract of a paper; it needs no citation information"
    " [{requires only the title}, {Unlike many prior works}]. Papers that nobody has cited yet can therefore be"
    " embedded [{yet to be cited}].\n\nIn training, citations are the signal of which papers are related"
    " [{naturally occurring}].\n"
    "MISSING: how many citations the papers of the training data have"
)


def main() -> None:
    """Search, evidence, an answer without and with a model, and the daily page; the last in the dark theme."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, OpenAIServer(PlayedModel(_DRAFT)) as model, chromium() as browser:
        home = Path(folder) / "home"
        with Desk.open(Settings(home=home)) as library:
            run_demo(library, progress=lambda doing, done, total: None, notice=lambda text: None)
            library.write_digest(library.digest(day=DAY), ["json"], out=library.digest_folder(None, DAY))
        with served(home) as address:
            for name, (scheme, show) in _PICTURES.items():
                _take(browser, address, name=name, scheme=scheme, show=show)
        with served(home, **model.environment()) as address:
            _take(browser, address, name="ask-model", scheme="light", show=_ask)


def _take(browser: Any, address: str, *, name: str, scheme: str, show: Callable[[Visitor], None]) -> None:
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
    visitor.sees("Copy with references")
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
