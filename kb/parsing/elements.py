"""A page as a plain tree: what is shown, with formulas as TeX. Made by ``kb.parsing.html``, read by its readers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kb.text import INVISIBLE

_WHITE = re.compile(r"[ \t\r\n\f\v\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_POWER = re.compile(r"[+−–-]?(?:\d{1,4}|[a-z])")
_MAX_COLUMNS = 500
BLOCK_TAGS = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure h1 h2 h3 h4"
    " h5 h6 header hr html li main ol p pre section summary table tbody td tfoot th thead tr ul".split()
)


@dataclass(slots=True)
class Element:
    """One element: a formula is ``math`` with its TeX in ``attributes["tex"]`` and no children."""

    tag: str
    classes: frozenset[str] = frozenset()
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        """Whether it has one of the classes."""
        return not self.classes.isdisjoint(names)

    @property
    def elements(self) -> list[Element]:
        """The children that are elements."""
        return [child for child in self.children if isinstance(child, Element)]

    def walk(self, *, skip: Callable[[Element], bool] | None = None) -> Iterator[Element]:
        """Itself and all elements below in document order; ``skip`` leaves elements (and what is below) out."""
        pending: list[Element] = [self]
        while pending:
            here = pending.pop()
            if skip is not None and here is not self and skip(here):
                continue
            yield here
            pending.extend(reversed(here.elements))

    def first(self, wanted: Callable[[Element], bool]) -> Element | None:
        """The first element below (or itself) that is wanted."""
        return next((element for element in self.walk() if wanted(element)), None)

    def find(self, *names: str) -> list[Element]:
        """All elements below that have one of the classes."""
        return [element for element in self.walk() if element.has(*names)]


def inline_text(element: Element, *, skip: Callable[[Element], bool] | None = None) -> str:
    """The text of an element on one line: formulas as ``$TeX$``, white space collapsed, ``10<sup>3</sup>`` as 10^3;
    raised links within the page (marks of notes and citations) are left out.

    ``skip`` leaves elements out (notes, tags), as if they were not there.
    """
    parts: list[str] = []
    pending: list[Element | str] = list(reversed(element.children))
    while pending:
        here = pending.pop()
        if isinstance(here, str):
            parts.append(here)
        elif skip is not None and skip(here):
            continue
        elif here.tag == "math":
            parts.append(formula(here))
        elif here.tag == "br":
            parts.append(" ")
        elif here.tag == "sup" and _is_note_mark(here):
            continue
        elif here.tag == "sup" and _is_power(here, "".join(parts[-1:])):
            parts.append("^" + _plain(here).strip())
        else:
            space = " " if here.tag in BLOCK_TAGS else ""
            pending.extend([space, *reversed(here.children), space])
    return clean(" ".join(_WHITE.sub(" ", "".join(parts)).split(" ")).strip())


def formula(element: Element) -> str:
    """A formula in running text: ``$TeX$``; empty and plain-number formulas are what they are."""
    tex = element.attributes.get("tex", "")
    if re.fullmatch(r"[\d.,]*", tex):
        return tex
    return f"${tex}$"


def clean(text: str) -> str:
    """Without signs that are not seen (soft hyphens, zero-width spaces)."""
    return re.sub(f"[{INVISIBLE}]", "", text)


def has_blocks(element: Element) -> bool:
    """Whether it holds paragraphs, lists, tables … and not only running text."""
    return any(
        child.tag in BLOCK_TAGS or child.has("ltx_para", "ltx_p") or has_blocks(child) for child in element.elements
    )


def table_rows(table: Element, *, skip: Callable[[Element], bool] | None = None) -> list[list[str]]:
    """Rows of cell texts; a cell that spans columns or rows is repeated where it spans. Inner tables are text."""
    rows: list[list[str]] = []
    carried: dict[tuple[int, int], str] = {}
    for tr in table.walk(skip=lambda e: e.tag == "table"):
        if tr.tag != "tr":
            continue
        row: list[str] = []
        at = len(rows)
        for cell in (child for child in tr.elements if child.tag in ("td", "th")):
            while (at, len(row)) in carried:
                row.append(carried.pop((at, len(row))))
            text = inline_text(cell, skip=skip)
            wide, high = min(_span(cell, "colspan"), _MAX_COLUMNS - len(row)), _span(cell, "rowspan")
            if wide < 1:
                break
            for column in range(len(row), len(row) + wide):
                carried.update({(below, column): text for below in range(at + 1, at + high)})
            row += [text] * wide
        while (at, len(row)) in carried:
            row.append(carried.pop((at, len(row))))
        rows.append(row)
    return rows


def table_text(rows: list[list[str]]) -> str:
    """``a | b | c`` a line; empty rows are left out."""
    return "\n".join(" | ".join(row) for row in rows if any(row))


def _span(cell: Element, name: str) -> int:
    text = cell.attributes.get(name, "")
    return max(1, min(int(text), 60)) if text.isdecimal() and len(text) < 6 else 1


def _plain(element: Element) -> str:
    return "".join(child if isinstance(child, str) else _plain(child) for child in element.children)


def _is_power(sup: Element, before: str) -> bool:
    """Whether a raised text would change a number or a symbol if it stood on the line ("10" and "3" as 103)."""
    last = before[-1:]
    return (last.isalnum() or last == ")") and _POWER.fullmatch(_plain(sup).strip()) is not None


def _is_note_mark(sup: Element) -> bool:
    """Whether a raised text is nothing but links within the page: the marks of notes and citations."""
    loose = "".join(child for child in sup.children if isinstance(child, str))
    inside = [child.tag == "a" and child.attributes.get("href", "").startswith("#") for child in sup.elements]
    return bool(inside) and all(inside) and not any(sign.isalnum() for sign in loose)
