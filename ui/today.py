"""Today."""

from __future__ import annotations

from ui.greeting import greet
from ui.session import header, is_empty, t


def show() -> None:
    """The page."""
    header(t("today"))
    if is_empty():
        greet()


show()
