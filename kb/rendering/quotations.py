"""Sentences of passages as they are shown as evidence: a display equation as its picture, a row of a table in words.

A form that has no pictures says the number and the page of an equation, and that its signs stand in one line.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from kb.records import Equation, Language, Passage, PassageSentence
from kb.rendering.entries import PageSettings
from kb.rendering.html import Picture, png_size
from kb.rendering.labels import label, numbered_page
from kb.tables import told
from kb.text import one_line

_SHRUNK = 96 / 180  # pictures are cut at 180 dots an inch, a page is seen at 96


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedPart:
    """A part of a quotation: words, or a display equation: its signs in one line, its ``name`` with the page, and the
    key of its picture where one was cut."""

    text: str
    name: str = ""
    file: str | None = None


def quoted(passage: Passage, sentences: Sequence[PassageSentence], *, language: Language = "en") -> list[QuotedPart]:
    """Sentences of a passage in parts, each equation once; a row of a table says its cells with their names."""
    parts: list[QuotedPart] = []
    shown: set[Equation] = set()
    for sentence in sentences:
        if sentence.cells:
            parts.append(QuotedPart(text=told(sentence.cells)))
            continue
        at = 0
        for one in passage.equations_of(sentence):
            start, end = max(0, one.start - sentence.start), min(one.end, sentence.end) - sentence.start
            parts.append(QuotedPart(text=one_line(sentence.text[at:start])))
            parts += [_part_of(passage, one, language)] if one not in shown else []
            shown.add(one)
            at = end
        parts.append(QuotedPart(text=one_line(sentence.text[at:])))
    return list(_joined(part for part in parts if part.text))


def _joined(parts: Iterable[QuotedPart]) -> Iterator[QuotedPart]:
    """Words that follow one another in one part."""
    for is_equation, several in groupby(parts, key=lambda part: bool(part.name)):
        if is_equation:
            yield from several
        else:
            yield QuotedPart(text=" ".join(part.text for part in several))


def _part_of(passage: Passage, equation: Equation, language: Language) -> QuotedPart:
    signs = one_line(passage.text_of(equation))
    if equation.page is None:  # it is TeX
        return QuotedPart(text=f"${signs}$")
    called = label(language, "equation" if equation.label else "equation_unnumbered", number=equation.label)
    page = numbered_page(language, equation.page, printed=None)
    return QuotedPart(text=signs, name=f"{called}, {page}", file=equation.file)


def equations_in(passage: Passage, *, language: Language = "en") -> list[QuotedPart]:
    """The display equations of the sentences that answer, without the words around them."""
    return [part for part in quoted(passage, passage.answers, language=language) if part.name]


def in_words(parts: Iterable[QuotedPart], *, language: Language = "en") -> str:
    """A quotation on one line, for a form without pictures."""
    flattened = label(language, "flattened")
    return " ".join(f"[{part.name}, {flattened}: {part.text}]" if part.name else part.text for part in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The pictures of a page's equations by their keys, and the folder beside the page where files of them go."""

    data: Mapping[str, bytes]
    folder: str

    def in_markdown(
        self, parts: Iterable[QuotedPart], *, write: Callable[[str], str], language: Language = "en"
    ) -> str:
        """A quotation in Markdown with its pictures; words as ``write`` makes them."""
        return " ".join(
            f"![{write(part.name)}]({self._path(part.file)})"
            if part.file is not None and part.file in self.data
            else write(in_words([part], language=language))
            for part in parts
        )

    def in_page(self, key: str | None) -> Picture | None:
        """How a web page shows a picture: within the page, or as a file where it has too many; None where there is
        none."""
        if key is None or key not in self.data:
            return None
        data = self.data[key]
        width, height = (round(side * _SHRUNK) for side in png_size(data))
        inside = f"data:image/png;base64,{base64.b64encode(data).decode()}"
        source = self._path(key) if self.are_files else inside
        return Picture(source=source, width=width, height=height)

    @property
    def are_files(self) -> bool:
        """Whether a web page has too many pictures to hold them."""
        return sum(map(len, self.data.values())) > PageSettings().embedded_bytes

    def beside(self, page: str) -> list[tuple[str, bytes]]:
        """The files that a page names, as (path, bytes)."""
        files = ((self._path(key), data) for key, data in self.data.items())
        return [(path, data) for path, data in files if path in page]

    def _path(self, key: str) -> str:
        return f"{self.folder}/{key}"
