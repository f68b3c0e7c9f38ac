"""The syntax of a BibTeX file: entries with their fields, strings expanded, damage named. Imports bibtexparser (2.x).

bibtexparser splits a file into its blocks, and finds the next one after a broken one. The fields of a block are read
here, since it takes a field for a part of the one before when a comma is missing between them, and a backslash before
a brace for an escape, which it is not to BibTeX.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kb.errors import BadRecord, foreign_errors
from kb.latex import group_end

if TYPE_CHECKING:
    from bibtexparser.library import Library

LONGEST_VALUE = 1_000_000
_LONGEST_STRING = 100_000  # characters of a value that strings stand for
_HEAD = re.compile(r"@[ \t]*(?P<type>\w+)\s*(?P<open>[{(])\s*(?P<key>[^,={}\"\n]*)")
_NEXT_HEAD = re.compile(r"@[ \t]*\w+\s*[{(]\s*[^\s,={}\"#()]+\s*,")
_NAME = re.compile(r"(?P<name>[^\s=,{}\"#()'%@]+)\s*=")
_BARE = re.compile(r"[^\s=,{}\"#()'%]+")
_SKIPPED = re.compile(r"(?:[\s,]|%[^\n]*(?:\n|$))*")
_LINE_HEAD = re.compile(r"^[ \t]*@\w*[ \t]*(?=[{(])", re.MULTILINE)
_SEGMENT = 250_000  # characters that are split at a time
_MOST_HEADS = 100_000
_COMMENT = re.compile(r"%[^\n]*")
_SPACE = re.compile(r"\s*")
_SWALLOWED = re.compile(r",\s*[A-Za-z]{3,20}\s*=\s*[{\"]")
_ASKS = re.compile(r"^[ \t]*\\(input|include)\b", re.MULTILINE)
_HALF_HEAD = re.compile(r"@\s*\w+\s*\{[^{}=]*,")
_FIELD_WITHIN = re.compile(r",[ \t]*\n\s*[A-Za-z]{3,20}[ \t]*=[ \t]*[{\"]")
_STRICT, _LENIENT = re.compile(r"[{}]"), re.compile(r"\\.|[{}]", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class BibtexEntry:
    """An entry: ``fields`` in order, names as written, values without delimiters and with strings expanded.

    ``text`` is the entry as it stood, readable on its own: strings are expanded in it, what was mended is mended.
    ``mended`` says what that was.
    """

    line: int
    type: str
    key: str
    fields: tuple[tuple[str, str], ...]
    text: str
    mended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What could not be read, and why: one line without the cure."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A command outside of entries that asks for something that is not done."""

    line: int
    reason: str


class _Broken(Exception):
    """The block cannot be read from ``at`` on."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.at = at


@dataclass(slots=True)
class _Raw:
    """The fields of a block as they stand: (name, start and end of the value), and what is mended at which place."""

    type: str
    key: str
    fields: list[tuple[str, int, int]] = field(default_factory=list)
    edits: list[tuple[int, int, str]] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    end: int = 0


def read_entries(text: str) -> Iterator[BibtexEntry | Damage | Aside]:
    """What a BibTeX text holds, in its order; line ends are ``\\n``. Time and memory are linear in the text.

    A comma missing before ``name =`` is put in, and the brace that ends an entry; any other damage is one ``Damage``,
    and the rest is read. A value has at most ``LONGEST_VALUE`` characters and ``_LONGEST_STRING`` out of strings; all
    that strings stand for is at most a few times the text.
    """
    strings = _Strings(room=2_000_000 + 4 * len(text))
    again = 2 * len(text)  # characters of broken blocks that may be split once more
    parts = [_blocks(text, 1)]
    while parts:
        block = next(parts[-1], None)
        if block is None:
            parts.pop()
            continue
        kind, line, raw = block
        if kind == "aside":
            yield from _asides(raw, line)
        elif kind == "damage":
            yield Damage(line=line, reason=raw)
        elif kind == "string":
            yield from strings.define(raw, line)
        else:
            thing, tail = _read_block(raw, line, strings)
            yield thing
            rest = len(raw) - tail
            if 0 < rest <= again:
                again -= rest
                parts.append(_blocks(raw[tail:], line + raw.count("\n", 0, tail)))
            elif rest:
                yield from _unread(raw, line, tail)


def _unread(raw: str, line: int, tail: int) -> Iterator[Damage]:
    """The entries that begin within a damaged one, where too many do."""
    start = tail
    for head in _NEXT_HEAD.finditer(raw, tail):
        line += raw.count("\n", start, head.start())
        start = head.start()
        key = " ".join(re.split(r"[{(]", head[0][:200])[-1].strip(" ,\n").split())
        yield Damage(line=line, reason=f"{key[:80]}: it begins within a damaged entry, so begin it on its own line")


def _segments(text: str, first_line: int) -> Iterator[tuple[int, str]]:
    """(line, text) of pieces that end where an entry begins on a line of its own, since a block ends there anyway."""
    start, line = 0, first_line
    for head in _LINE_HEAD.finditer(text):
        if head.start() - start >= _SEGMENT:
            yield line, text[start : head.start()]
            line += text.count("\n", start, head.start())
            start = head.start()
    yield line, text[start:]


def _split(text: str) -> Library:
    logger = logging.getLogger("bibtexparser")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # what it would warn of is reported as damage
    try:
        with foreign_errors(lambda said: BadRecord(f"it is no BibTeX that can be taken apart ({said}): correct it")):
            from bibtexparser.entrypoint import parse_string

            return parse_string(text, parse_stack=[])
    finally:
        logger.setLevel(level)


def _blocks(text: str, first_line: int) -> Iterator[tuple[str, int, str]]:
    """(kind, line, text) of the blocks: "entry", "string" or "aside"; a broken one goes on to the next block."""
    for line, segment in _segments(text, first_line):
        if len(segment) > 2 * _SEGMENT and segment.count("@") > _MOST_HEADS:
            yield "damage", line, f"more than {_MOST_HEADS:,} entries on one line, so begin each on its own line"
        else:
            yield from _blocks_of(segment, line)


def _blocks_of(text: str, first_line: int) -> Iterator[tuple[str, int, str]]:
    from bibtexparser import model

    found: list[tuple[str, int, int, int]] = []  # kind, line, start, end
    cursor = 0
    for block in _split(text).blocks:
        raw = block.raw or ""
        start = max(text.find(raw or "@", cursor), cursor)
        whole = getattr(block, "ignore_error_block", None) or block  # a key or a field that is there twice is no fault
        broken = isinstance(whole, model.ParsingFailedBlock)
        cursor = start + (1 if broken else len(raw))  # the text of a broken block goes on into the next one
        kind = "entry"
        if isinstance(whole, model.ImplicitComment):
            kind = "aside"
        elif isinstance(whole, model.String) or raw[:7].lower() == "@string":
            kind = "string"
        elif isinstance(whole, model.ExplicitComment | model.Preamble) or raw[:8].lower() in ("@comment", "@preambl"):
            kind = "passed"
        found.append((kind, first_line + (block.start_line or 0), start, -1 if broken else cursor))
    heads = [start for kind, _, start, _ in found if kind != "aside"] + [len(text)]
    number = 0
    for kind, line, start, end in found:
        while heads[number] <= start and number < len(heads) - 1:
            number += 1
        if kind == "aside" and end > heads[number]:
            continue  # what is left of a broken block, which is read with it
        if kind != "passed":
            yield kind, line, text[start : heads[number] if end < 0 else end]


def _asides(text: str, line: int) -> Iterator[Aside | Damage]:
    """What text between the entries asks for, or would be if it were written otherwise."""
    for asked in _ASKS.finditer(text):
        reason = f"\\{asked[1]} names another file, which is not read from here: add that file itself"
        yield Aside(line=line + text.count("\n", 0, asked.start()), reason=reason)
        break
    passed, start = 0, 0
    for half in _HALF_HEAD.finditer(text):
        passed, start = passed + text.count("\n", start, half.start()), half.start()
        head = " ".join(half[0][:40].split())
        yield Damage(line=line + passed, reason=f"{head!r} begins no entry, for the gap in it: write @type{{")


# ------------------------------------------------------------------------------------ one block


def _read_block(raw: str, line: int, strings: _Strings) -> tuple[BibtexEntry | Damage, int]:
    """The entry of a block, and where in it another may begin (its length: nowhere)."""
    head = _HEAD.match(raw)
    if head is None:
        return Damage(line=line, reason=f"{raw[:30]!r} begins no entry"), len(raw)
    fault: _Broken | None = None
    for braces in (_LENIENT, _STRICT):
        try:
            block = _fields(raw, head, braces)
            entry = _expanded(raw, block, line, strings, braces)
        except _Broken as broken:
            fault = fault or broken
            if "\\{" not in raw and "\\}" not in raw:
                break
            continue
        return entry, _next_head(raw, block.end)
    assert fault is not None
    key = head["key"].strip().split()[:1]
    name = key[0][:80] if key and "=" not in key[0] else f"an @{head['type'][:40]} entry"
    where = line + raw.count("\n", 0, fault.at)
    return Damage(line=where, reason=f"{name}: {fault}"), _next_head(raw, max(fault.at, head.end()))


def _next_head(raw: str, start: int) -> int:
    found = _NEXT_HEAD.search(raw, start)
    return found.start() if found else len(raw)


def _fields(raw: str, head: re.Match[str], braces: re.Pattern[str]) -> _Raw:
    """The fields as they stand.

    Raises:
        _Broken: when they cannot be told for certain.
    """
    block = _Raw(type=head["type"].lower(), key=head["key"].strip())
    closing = "}" if head["open"] == "{" else ")"
    if closing == ")" and block.key.endswith(")") and "," not in raw:
        block.key, block.end = block.key[:-1].strip(), len(raw)
        return block
    position = _after_key(raw, head, block, closing)
    last = "the key"
    while True:
        position = _skip(raw, position, block, last)
        if raw.startswith(closing, position):
            block.end = position + 1
            return block
        if position >= len(raw) or _NEXT_HEAD.match(raw, position):
            _end_missing(raw, block, position, closing)
            return block
        name = _NAME.match(raw, position)
        if name is None:
            raise _Broken(_stray(raw, position, block, last), position)
        start = _space(raw, name.end())
        end = _value_end(raw, start, name["name"], braces)
        block.fields.append((name["name"], start, end))
        last = name["name"]
        position = end
        following = _space(raw, end)
        if not raw.startswith((",", closing, "%"), following) and _NAME.match(raw, following):
            block.edits.append((end, end, ","))
            block.mended.append(f"comma missing after {last}")


def _stray(raw: str, position: int, block: _Raw, last: str) -> str:
    """What is wrong where a field should begin."""
    if block.fields and raw[block.fields[-1][2] - 1] == '"' and position == _space(raw, block.fields[-1][2]):
        return f"quotation mark inside {last}"
    word = _BARE.match(raw, position)
    return f"'=' missing after {word[0][:40]}" if word else f"unexpected {raw[position]!r} after {last}"


def _after_key(raw: str, head: re.Match[str], block: _Raw, closing: str) -> int:
    """Where the fields begin; a comma that is missing after the key, or a key that is, is mended."""
    end = head.start("key") + len(head["key"].rstrip())
    following = _space(raw, end)
    if raw.startswith(",", following):
        return following + 1
    if raw.startswith(closing, following) or following >= len(raw):
        return following
    if raw.startswith("=", following) and block.key:
        words = block.key.rsplit(None, 1)
        start = end - len(words[-1])
        block.key = words[0] if len(words) == 2 else ""
        block.edits.append((start, start, ", "))
        block.mended.append("comma missing after the key" if block.key else "key missing")
        return start
    if block.key and _NAME.match(raw, following):
        block.edits.append((end, end, ","))
        block.mended.append("comma missing after the key")
        return following
    raise _Broken("comma missing after the key", following)


def _skip(raw: str, position: int, block: _Raw, last: str) -> int:
    """Past blanks, commas and lines that ``%`` takes out; what no reader of BibTeX would pass is mended."""
    gap = _SKIPPED.match(raw, position)
    if gap is None:
        return position
    bare = _COMMENT.sub("", gap[0])
    first = last == "the key"
    if bare.count(",") > (0 if first else 1) or bare != gap[0]:
        block.edits.append((position, gap.end(), " " if first or "," not in bare else ", "))
        block.mended.append(f"{'a line after %' if bare != gap[0] else 'a second comma'} left out after {last}")
    return gap.end()


def _end_missing(raw: str, block: _Raw, position: int, closing: str) -> None:
    for name, start, end in block.fields:
        if _SWALLOWED.search(raw, start, end):
            raise _Broken(f"closing brace missing in {name}", start)
    if not block.fields:
        raise _Broken("closing brace missing at the end of the entry", max(position - 1, 0))
    block.end = block.fields[-1][2]
    block.edits = [edit for edit in block.edits if edit[0] < block.end]
    block.edits.append((block.end, block.end, f"\n{closing}"))
    block.mended.append("closing brace missing at the end of the entry")


def _space(raw: str, position: int) -> int:
    found = _SPACE.match(raw, position)
    return found.end() if found else position


def _value_end(raw: str, start: int, name: str, braces: re.Pattern[str]) -> int:
    """The end of ``{…}``, ``"…"``, a number or a string's name, or of several that ``#`` joins."""
    position = start
    while True:
        if raw.startswith("{", position):
            end = group_end(raw, position, signs=braces)
            if end < 0:
                raise _Broken(f"closing brace missing in {name}", start)
            if within := _FIELD_WITHIN.search(raw, position, end):
                raise _Broken(f"closing brace missing in {name}", within.start())
        elif raw.startswith('"', position):
            end = _quote_end(raw, position, braces)
            if end < 0:
                raise _Broken(f"quotation mark missing at the end of {name}", start)
        else:
            word = _BARE.match(raw, position)
            end = word.end() if word and not _NAME.match(raw, position) else position
        following = _space(raw, end)
        if not raw.startswith("#", following):
            return end
        position = _space(raw, following + 1)


_QUOTED = {_STRICT: re.compile(r"[{}\"]"), _LENIENT: re.compile(r"\\.|[{}\"]", re.DOTALL)}


def _quote_end(raw: str, start: int, braces: re.Pattern[str]) -> int:
    depth = 0
    for sign in _QUOTED[braces].finditer(raw, start + 1):
        depth += {"{": 1, "}": -1}.get(sign[0], 0)
        if sign[0] == '"' and depth == 0:
            return sign.end()
        if depth < 0:
            return -1
    return -1


# ------------------------------------------------------------------------------------ strings


def _expanded(raw: str, block: _Raw, line: int, strings: _Strings, braces: re.Pattern[str]) -> BibtexEntry:
    fields = []
    edits = list(block.edits)
    for name, start, end in block.fields:
        pieces = _pieces(raw, start, end, braces)
        value = strings.joined(raw, pieces, name=name, at=start)
        fields.append((name, value))
        for kind, left, right in pieces:
            if kind == "word" and (expansion := strings.own(raw[left:right])) is not None:
                edits.append((left, right, f"{{{expansion}}}"))
    parts, position = [], 0
    for left, right, written in sorted(edits):
        parts += [raw[position:left], written]
        position = right
    text = "".join([*parts, raw[position : block.end]])
    return BibtexEntry(
        line=line,
        type=block.type,
        key=block.key,
        fields=tuple(fields),
        text=text,
        mended=tuple(dict.fromkeys(block.mended)),
    )


def _pieces(raw: str, start: int, end: int, braces: re.Pattern[str]) -> list[tuple[str, int, int]]:
    """(kind, start, end) of what ``#`` joins, without delimiters: "text" or "word"."""
    pieces = []
    position = start
    while position < end:
        if raw[position] == "{":
            after = group_end(raw, position, signs=braces)
            pieces.append(("text", position + 1, after - 1))
        elif raw[position] == '"':
            after = _quote_end(raw, position, braces)
            pieces.append(("text", position + 1, after - 1))
        else:
            word = _BARE.match(raw, position)
            after = word.end() if word else position + 1
            if word:
                pieces.append(("word", position, after))
        position = _space(raw, after)
        if raw.startswith("#", position):
            position = _space(raw, position + 1)
    return pieces


class _Strings:
    """The ``@string`` values so far, expanded within bounds: each may use those before it, twice and more."""

    def __init__(self, *, room: int) -> None:
        self._values: dict[str, str] = {}
        self._unusable: set[str] = set()
        self._room = room

    def own(self, name: str) -> str | None:
        """What the file itself says that a name stands for; None for months and numbers."""
        return self._values.get(name.lower())

    def joined(self, raw: str, pieces: list[tuple[str, int, int]], *, name: str, at: int) -> str:
        """The pieces as one text.

        Raises:
            _Broken: when it is longer than a value may be.
        """
        parts = []
        length = expanded = 0
        for kind, start, end in pieces:
            value = self.own(raw[start:end]) if kind == "word" else None
            if kind == "word" and raw[start:end].lower() in self._unusable:
                raise _Broken(f"{name} uses the string {raw[start:end][:40]}, which is damaged", at)
            length += end - start if value is None else len(value)
            expanded += len(value) if value is not None else 0
            if length > LONGEST_VALUE:
                raise _Broken(f"{name} is longer than {LONGEST_VALUE:,} characters", at)
            if expanded > (most := min(_LONGEST_STRING, self._room)):
                raise _Broken(f"{name} is longer than {most:,} characters with its strings expanded", at)
            parts.append(raw[start:end] if value is None else value)
        self._room -= 2 * expanded  # it stands in the field and in the text
        return "".join(parts)

    def define(self, raw: str, line: int) -> Iterator[Damage]:
        """Take in ``@string{name = value}``."""
        body = re.match(r"@\w+\s*[{(]\s*", raw)
        name = _NAME.match(raw, body.end()) if body else None
        if name is None:
            yield Damage(line=line, reason="@string: '=' missing")
            return
        called = name["name"].lower()
        try:
            start = _space(raw, name.end())
            end = _value_end(raw, start, name["name"][:40], _LENIENT)
            pieces = _pieces(raw, start, end, _LENIENT)
            self._values[called] = self.joined(raw, pieces, name=f"the string {name['name'][:40]}", at=start)
            self._unusable.discard(called)
        except _Broken as broken:
            self._unusable.add(called)
            yield Damage(line=line + raw.count("\n", 0, broken.at), reason=f"@string: {broken}")
