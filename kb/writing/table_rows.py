"""Rows of tables as evidence: each with the lines that name its columns and the caption that says what it is about.

A parsed table keeps its printed lines, cells divided by " | " where the print divides them. A row is quoted as it
stands; what it means stands in other lines of the chunk, which are quoted before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.text import sentence_spans
from kb.writing.instructions import is_instruction

Span = tuple[int, int]

_BLANK_LINE = re.compile(r"\n\s*\n")
_LINE = re.compile(r"\S(?:[^\n]*\S)?")
_CELL = " | "
_VALUE = re.compile(r"(?<![\w.-])[-+±~<>≈$]?\d[\d.,]*[%kKMB†‡*]*(?!\w)")
_VALUES = re.compile(r"(?:(?:\A|\s+)\(?(?:[-+±~<>≈$]\s?)?\d[\d.,]*[%kKMB†‡*]*\)?)+")
_CAPTION = re.compile(r"^\s*(?:table|tab\.|figure|fig\.)\s*[\w.]{1,5}\s*[.:|]", re.IGNORECASE)
_MOST_HEADER_LINES, _CAPTION_WORDS, _ROW_WORDS = 3, 40, 60


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its span, those of the lines above that name its columns, and that of the caption's opening."""

    span: Span
    header: tuple[Span, ...]
    caption: Span | None

    @property
    def leads(self) -> tuple[Span, ...]:
        """What is read before the row."""
        return (*((self.caption,) if self.caption else ()), *self.header)


def prose_spans(text: str) -> list[Span]:
    """The sentences of a chunk that stand outside of its tables."""
    tables = _tables(text)
    return [(a, b) for a, b in sentence_spans(text) if not any(start <= a < end for start, end in tables)]


def table_rows(text: str) -> list[Row]:
    """The rows of the tables in a chunk that hold values; [] for prose. Without caption and header most are mute.

    Lines that are addressed to a model are neither rows nor names of columns.
    """
    rows: list[Row] = []
    for start, end in _tables(text):
        caption = _caption(text, start, end)
        header: list[Span] = []
        for line in _LINE.finditer(text, start, end):
            if is_instruction(line[0]):
                continue
            if not _holds_values(line[0]):
                if not rows or rows[-1].span[0] < start:
                    header.append(line.span())
            elif (header or caption or _is_plain(line[0])) and len(line[0].split()) <= _ROW_WORDS:
                rows.append(Row(line.span(), tuple(header[-_MOST_HEADER_LINES:]), caption))
    return rows


def _holds_values(line: str) -> bool:
    """Whether a line is a row of values rather than names of columns: "SPECTER | 84.2 88.4"."""
    if any(_VALUES.fullmatch(cell.strip()) for cell in line.split(_CELL)):
        return True
    return 3 * len(_VALUE.findall(line)) >= len(line.split())


def _is_plain(line: str) -> bool:
    """Whether a row says by itself what its one value is: "Papers with PDF | 28.9M (35.6%)"."""
    label, _, value = line.partition(_CELL)
    return len(re.findall(r"[^\W\d_]{2,}", label)) >= 2 and bool(_VALUES.fullmatch(value.strip()))


def _tables(text: str) -> list[Span]:
    """Spans of the paragraphs of which at least half of two lines or more are divided into cells."""
    found = []
    position = 0
    for gap in [*_BLANK_LINE.finditer(text), None]:
        end = gap.start() if gap else len(text)
        lines = [line[0] for line in _LINE.finditer(text, position, end)]
        if len(lines) >= 2 and 2 * sum(_CELL in line for line in lines) >= len(lines):
            found.append((position, end))
        position = gap.end() if gap else end
    return found


def _caption(text: str, start: int, end: int) -> Span | None:
    """The first sentence of the caption in the paragraph before or after the table."""
    for a, b in sentence_spans(text):
        if (b <= start or a >= end) and _CAPTION.match(text[a:b]):
            following = next(((c, d) for c, d in sentence_spans(text) if c >= b), None)
            if len(text[a:b].split()) <= 3 and following:  # "Table 3:" alone
                b = following[1]
            if is_instruction(text[a:b]):
                return None
            return (a, b) if len(text[a:b].split()) <= _CAPTION_WORDS else None
    return None
