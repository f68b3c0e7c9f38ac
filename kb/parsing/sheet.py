"""Blocks in reading order for files without pages: floats wait until the prose of their section is written."""

from __future__ import annotations

from dataclasses import dataclass, field

from kb.records import Block, BlockKind

_SEPARATOR = "\n\n"


@dataclass(slots=True)
class Sheet:
    """Takes blocks as a reader meets them; ``finish`` gives the text and blocks of ``kb.records.Document``."""

    _done: list[tuple[BlockKind, str, tuple[str, ...], str | None]] = field(default_factory=list)
    _later: list[tuple[BlockKind, str, tuple[str, ...], str | None]] = field(default_factory=list)
    _path: list[tuple[int, str]] = field(default_factory=list)

    @property
    def section(self) -> tuple[str, ...]:
        """The path of headings above the next block."""
        return tuple(title for _, title in self._path)

    def open_section(self, title: str, *, level: int) -> None:
        """Write a heading; headings of this level or deeper are closed."""
        self._flush()
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        title = _tidy(title).replace("\n", " ")
        if title:
            self._path.append((level, title))
            self._done.append(("heading", title, self.section, None))

    def close_section(self, *, level: int) -> None:
        """What follows stands above sections of this level."""
        self._flush()
        while self._path and self._path[-1][0] >= level:
            self._path.pop()

    def put(self, kind: BlockKind, text: str, *, label: str | None = None, later: bool = False) -> None:
        """Write a block, or with ``later`` after the prose of the section; blanks and bare signs are no block."""
        text = _tidy(text)
        if text and (kind == "equation" or any(sign.isalnum() for sign in text)):
            (self._later if later else self._done).append((kind, text, self.section, label))

    def finish(self) -> tuple[str, tuple[Block, ...]]:
        """Text and blocks; ``text[block.start:block.end] == block.text``."""
        self._flush()
        blocks, start = [], 0
        for kind, text, section, label in self._done:
            blocks.append(Block(kind=kind, text=text, start=start, section=section, label=label))
            start += len(text) + len(_SEPARATOR)
        return _SEPARATOR.join(text for _, text, _, _ in self._done), tuple(blocks)

    def _flush(self) -> None:
        self._done += self._later
        self._later = []


def _tidy(text: str) -> str:
    """Lines without blanks at their ends and without blank lines, which would look like the end of a block."""
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()).strip()
