"""Text reaches a contrast of 4.5 to 1 on the grounds that it stands on (WCAG 2.2, AA), light and dark."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from typing import Any

import pytest

THEME: dict[str, Any] = tomllib.loads(resources.files("ui").joinpath("theme.toml").read_text("utf-8"))["theme"]
LEAST = 4.5
LEAST_OF_SHAPES = 3.0
CAPTION_OPACITY = 0.82


def channels(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def luminance(colour: tuple[float, ...]) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(front: tuple[float, ...], back: tuple[float, ...]) -> float:
    light, dark = sorted((luminance(front), luminance(back)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_links_and_verdicts_are_legible(mode: str) -> None:
    theme = THEME[mode]
    for ground in ("backgroundColor", "secondaryBackgroundColor"):
        for ink in ("textColor", "linkColor", *(f"{c}TextColor" for c in ("gray", "green", "orange", "red", "blue"))):
            assert contrast(channels(theme[ink]), channels(theme[ground])) >= LEAST, (ink, ground)
    assert contrast(channels(theme["textColor"]), channels(theme["orangeBackgroundColor"])) >= LEAST


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_points_and_bars_stand_out_from_their_ground(mode: str) -> None:
    source = resources.files("ui").joinpath("map.py").read_text("utf-8")
    gray = re.search(r'^GRAY = "(#[0-9a-f]{6})"', source, re.MULTILINE)
    assert gray is not None
    for colour in (*THEME[mode]["chartCategoricalColors"], gray[1]):
        assert contrast(channels(colour), channels(THEME[mode]["backgroundColor"])) >= LEAST_OF_SHAPES, colour


def test_the_mark_on_a_page_leaves_its_print_legible() -> None:
    css = resources.files("ui").joinpath("app.css").read_text("utf-8")
    mark = re.search(r"\.kb-box \{[^}]*background: (#[0-9a-f]{6});[^}]*multiply", css)
    assert mark is not None  # multiplied, black print stays black
    assert contrast(channels("#000000"), channels(mark[1])) >= 7


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_captions_are_legible(mode: str) -> None:
    css = resources.files("ui").joinpath("app.css").read_text("utf-8")
    assert f"opacity: {CAPTION_OPACITY}" in css
    text, ground = channels(THEME[mode]["textColor"]), channels(THEME[mode]["backgroundColor"])
    mixed = tuple(CAPTION_OPACITY * a + (1 - CAPTION_OPACITY) * b for a, b in zip(text, ground, strict=True))
    assert contrast(mixed, ground) >= LEAST


@pytest.mark.parametrize(("mode", "ink"), [("light", "#ffffff"), ("dark", "#0d1b25")])
def test_buttons_are_legible(mode: str, ink: str) -> None:
    css = resources.files("ui").joinpath("app.css").read_text("utf-8")
    assert "light-dark(#ffffff, #0d1b25)" in css
    assert contrast(channels(ink), channels(THEME[mode]["primaryColor"])) >= LEAST
