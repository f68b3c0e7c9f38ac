"""How deep a heading stands: by its number, by its name, else by headings that are set like it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from kb.parsing.layout import PageLayout
from kb.parsing.outline import Heading
from kb.structure import KNOWN, NUMBERED, ROMAN, bare_title

Look = tuple[float, bool, bool, bool]  # size, bold, italic, capitals
MAIN_PART = re.compile(
    r"(?:results?|analysis|methods?|discussion|evaluation|background|motivation|experiments?)\b", re.I
)
_RUN_IN_ITEM = re.compile(r"^\d{1,2}\)\s")


def with_levels(headings: Sequence[Heading], *, pages: Sequence[PageLayout]) -> list[Heading]:
    """The headings with levels from 0: an outline's own, else by number, by name, or by what is set like them."""
    roman = sum(bool(re.match(rf"{ROMAN}\.\s", heading.title)) for heading in headings) >= 2
    numbered = {_look(heading, pages): _depth(heading.title, roman=roman) for heading in headings}
    known = [heading for heading in headings if KNOWN.match(bare_title(heading.title))]
    capitals = {look for heading in known if (look := _look(heading, pages))[3]}
    looks = {
        _look(heading, pages): 0
        for heading in known
        if not (MAIN_PART.match(heading.title) and _in_small_letters(heading, pages, capitals))
    }
    looks |= {look: depth for look, depth in numbered.items() if depth is not None}
    tops = {look for look, depth in looks.items() if depth == 0 and look[3]}
    levelled = []
    for heading in headings:
        level = heading.level
        if level < 0:
            depth = _depth(heading.title, roman=roman)
            if depth is None and not KNOWN.match(heading.title.strip()):
                depth = _depth_of_look(_look(heading, pages), looks)
            if depth is None and MAIN_PART.match(heading.title) and _in_small_letters(heading, pages, tops):
                depth = 1  # "Results" below "EXPERIMENTS"
            level = depth or 0
        levelled.append(Heading(page=heading.page, lines=heading.lines, level=level, title=heading.title.strip()))
    return levelled


def _in_small_letters(heading: Heading, pages: Sequence[PageLayout], tops: Collection[Look]) -> bool:
    """Whether the headings of whole sections are set like this one, but in capitals."""
    look = _look(heading, pages)
    return not look[3] and any(top[:2] == look[:2] for top in tops)


def _depth_of_look(look: Look, looks: Mapping[Look, int]) -> int:
    """The depth of an unnumbered heading: that of others set like it, else one below those set larger."""
    if look in looks or not looks:
        return looks.get(look, 0)
    larger = [
        depth
        for other, depth in looks.items()
        if other[0] > look[0] or (other[0] == look[0] and ((other[1] and not look[1]) or (other[3] and not look[3])))
    ]
    return max(larger, default=0) + 1


def _look(heading: Heading, pages: Sequence[PageLayout]) -> Look:
    line = pages[heading.page - 1].placed[heading.lines[0]].line
    return round(line.size), line.bold, line.italic, line.text.isupper()


def _depth(title: str, *, roman: bool) -> int | None:
    match = NUMBERED.match(title)
    if match is None:
        return 2 if _RUN_IN_ITEM.match(title) else None
    number = match["number"].rstrip(".:")
    if number.startswith(("Appendix", "APPENDIX", "Chapter", "Section")):
        return 0
    if roman and re.fullmatch(r"[A-Z]", number) and not re.fullmatch(ROMAN, number):
        return 1
    if roman and number.isdigit():
        return 2  # "I.", "A.", "1."
    return number.count(".")
