"""The captions of a document's pages, as their places in the reading order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kb.parsing.floats.reading import find_captions as find_float_captions
from kb.parsing.floats.reading import read_float_pages
from kb.parsing.layout import BodyStyle, PageLayout


class Caption(NamedTuple):
    """A caption's lines (places in the page's reading order) and what it names: "Figure", "Figure 3"."""

    name: str
    label: str
    lines: list[int]


def find_captions(pages: Sequence[PageLayout], *, body: BodyStyle) -> list[list[Caption]]:
    """The captions of each page in reading order; their lines get the role "caption" and the float's label."""
    graphics = {page.number: page.graphics for page in pages}
    float_pages = read_float_pages(pages)
    found: dict[int, list[Caption]] = {page.number: [] for page in pages}
    for caption in find_float_captions(float_pages, body=body, graphics_of=graphics.__getitem__):
        places = {id(item): at for at, item in enumerate(caption.page.items)}
        lines = sorted(places[id(item)] for item in caption.items)
        found[caption.page.number].append(Caption(caption.family, caption.label, lines))
    for page in pages:
        found[page.number].sort(key=lambda caption: caption.lines)
        for own in found[page.number]:
            for at in own.lines:
                page.placed[at].role = "caption"
                page.placed[at].float_label = own.label
    return [found[page.number] for page in pages]
