"""Captions of figures, tables, algorithms and listings, and what floats around them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from kb.parsing.layout import BodyStyle, PageLayout, Placed
from kb.parsing.lines import TextLine

_CAPTION = re.compile(
    r"^(?P<kind>(?:Supplementary |Extended Data )?(?:Figure|Fig\.?|FIGURE|FIG\.?|Table|TABLE|Tab\.|Algorithm|ALGORITHM"
    r"|Listing|Scheme|Chart)|图|表|그림|표|図)\s*"
    r"(?P<number>[A-Z]{0,2}[.\-]?\d{1,3}(?:[.\-]\d{1,2})?[a-z]?|[IVXL]{1,6}(?![a-z]))\s*"
    r"(?P<mark>[:.|：．｜—–\-]|$|\s)(?P<rest>.*)$"
)
# "Figure 3 shows …" is a sentence about a figure, not its caption.
_IN_TEXT = re.compile(
    r"^\s*(?:shows?|presents?|illustrates?|depicts?|in |and |we |lists?|is |are |gives?|summari|reports?|compares?"
    r"|demonstrates?|provides?|contains?|also |that |for |with |of |to |can |below|above|\(|,|;|\))"
)  # fmt: skip
_NAMES = {"fig": "Figure", "tab": "Table", "alg": "Algorithm", "lis": "Listing", "sch": "Scheme", "cha": "Chart"}


class Caption(NamedTuple):
    """A caption's lines (places in the page's reading order) and what it names, e.g. ("Figure", "3")."""

    name: str
    number: str
    lines: list[int]

    @property
    def label(self) -> str:
        """ "Figure 3"."""
        return f"{self.name} {self.number}"


def find_captions(pages: Sequence[PageLayout], *, body: BodyStyle) -> list[list[Caption]]:
    """The captions of each page; their lines get the role "caption".

    A paper sets its captions in one way: where most of a family have a colon, a line without one is no caption.
    """
    candidates = [[_candidate(page, at, body=body) for at in range(len(page.placed))] for page in pages]
    marks: dict[str, Counter[str]] = {}
    for of_page in candidates:
        for match in of_page:
            if match:
                marks.setdefault(_name(match), Counter())[match["mark"].strip()] += 1
    found: list[list[Caption]] = []
    for page, of_page in zip(pages, candidates, strict=True):
        captions: list[Caption] = []
        for at, match in enumerate(of_page):
            if match and _is_usual(match, marks[_name(match)]) and page.placed[at].role == "body":
                lines = _whole_caption(page, at, body=body)
                captions.append(Caption(_name(match), match["number"].strip(".-"), lines))
                for index in lines:
                    page.placed[index].role = "caption"
                    page.placed[index].float_label = captions[-1].label
        found.append(captions)
    return found


def _name(match: re.Match[str]) -> str:
    kind = match["kind"]
    plain = re.sub(r"^(?:Supplementary|Extended Data) ", "", kind)
    name = _NAMES.get(plain.lower()[:3], {"图": "Figure", "図": "Figure", "그림": "Figure"}.get(plain, "Table"))
    return kind.replace(plain, name)


def _is_usual(match: re.Match[str], marks: Counter[str]) -> bool:
    mark = match["mark"].strip()
    colons = sum(count for sign, count in marks.items() if sign and sign in ":|：")
    return colons < 2 or mark in tuple(":|：")


def _candidate(page: PageLayout, at: int, *, body: BodyStyle) -> re.Match[str] | None:
    placed = page.placed[at]
    line = placed.line
    match = _CAPTION.match(line.text)
    if placed.role != "body" or match is None:
        return None
    mark, rest = match["mark"], match["rest"]
    set_apart = line.runs[0].style.bold or line.size < body.size - 0.4 or line.font not in body.fonts
    if mark.strip() == "":
        return match if (not rest.strip() or set_apart) and not _IN_TEXT.match(rest) else None
    before = _line_before(page, at)
    if before is not None and not set_apart and mark == ".":
        # "… as in\nFigure 3. The …" in running text: the line before is tight above and just as long.
        step = line.baseline - before.line.baseline
        if 0 < step < 1.25 * body.leading and before.line.width > 0.85 * line.width and before.role == "body":
            return None
    return match


def _line_before(page: PageLayout, at: int) -> Placed | None:
    if at == 0 or page.placed[at - 1].column != page.placed[at].column:
        return None
    return page.placed[at - 1]


def _ruled_between(page: PageLayout, upper: TextLine, lower: TextLine) -> bool:
    """Whether a rule parts the two lines: below it the table or the algorithm itself begins."""
    return any(
        graphic.kind == "path"
        and graphic.y1 - graphic.y0 < 2
        and upper.baseline - 1 < graphic.y0 < lower.baseline - 0.5 * lower.size
        and min(graphic.x1, lower.x1) - max(graphic.x0, lower.x0) > 0.6 * lower.width
        for graphic in page.graphics
    )


def _whole_caption(page: PageLayout, at: int, *, body: BodyStyle) -> list[int]:
    """The caption's first line and those that go on below it: same size, same column, tight."""
    lines = [at]
    first = page.placed[at].line
    step: float | None = None
    for index in range(at + 1, len(page.placed)):
        placed, last = page.placed[index], page.placed[lines[-1]].line
        line = placed.line
        down = line.baseline - last.baseline
        if placed.column != page.placed[at].column or placed.role != "body" or down < 0:
            break
        if down < 0.3 * first.size:  # the rest of the same printed line
            lines.append(index)
            continue
        if _ruled_between(page, last, line):
            break
        usual = step or 1.45 * first.size
        if down > 1.22 * usual + 0.5 or abs(line.size - first.size) > 0.6 or _CAPTION.match(line.text):
            break
        if last.x1 < first.x1 - 0.3 * first.width and last.text.rstrip().endswith((".", ":")) and len(lines) > 1:
            break  # the last line of the caption ended early
        if line.x0 > last.x1 or line.x1 < last.x0:
            break
        step = down if step is None else step
        lines.append(index)
    return lines
