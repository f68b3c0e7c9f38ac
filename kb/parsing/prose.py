"""Running text of files without layout: what a paragraph is, by its section and its first words."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from kb.parsing.sheet import Sheet
from kb.structure import float_label, is_references


@dataclass(slots=True)
class WebReading:
    """What is written so far, what was dropped, and whether the references have begun."""

    sheet: Sheet = field(default_factory=Sheet)
    dropped: Counter[str] = field(default_factory=Counter)
    references: bool = False

    def heading(self, title: str, *, level: int) -> None:
        """Open a section; under "References" everything is a reference."""
        self.sheet.open_section(title, level=level)
        self.references = is_references(title)

    def put_prose(self, text: str) -> None:
        """Write a run of text as what it is: reference, list item, caption or paragraph."""
        if self.references:
            marker = re.match(r"\[?(\w{1,12})[\].]\s", text)
            self.sheet.put("reference", text, label=marker[1] if marker else None)
        elif re.match(r"(?:[-*•]|\d{1,2}[.)])\s", text):
            self.sheet.put("list", text)
        else:
            label = float_label(text)
            if label is not None and label.mark in (":", ".") and label.rest[:1].isspace():
                self.sheet.put("caption", text, label=label.text, later=True)
            else:
                self.sheet.put("paragraph", text)
