"""Markdown as blocks: CommonMark's headings, lists, code, quotes; GitHub's tables, footnotes and formulas."""

from __future__ import annotations

import re

from kb.parsing.prose import WebReading

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_ATX = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
_RULE = re.compile(r"^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_ITEM = re.compile(r"^(?P<indent>[ \t]*)(?P<mark>[-*+•]|\d{1,4}[.)])[ \t]+(?P<rest>\S.*)$")
_TABLE_RULE = re.compile(r"^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_NOTE = re.compile(r"^ {0,3}\[\^([^\]]+)\]:\s*(.*)$")
_LINK_DEFINITION = re.compile(r"^ {0,3}\[[^\]^]+\]:\s+\S+.*$")
_INLINE = (
    (re.compile(r"!\[([^\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"\[([^\]]+)\]\([^()\s]*(?:\([^()]*\))?[^()\s]*(?:\s+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"\[\^[^\]]+\]"), ""),
    (re.compile(r"<(https?://[^>\s]+)>"), r"\1"),
    (re.compile(r"</?[A-Za-z][^<>]{0,300}>"), ""),
    (re.compile(r"(\*{1,3}|(?<!\w)_{1,3})(?=\S)(.+?)(?<=\S)\1(?!\w)"), r"\2"),
    (re.compile(r"~~(.+?)~~"), r"\1"),
)  # fmt: skip
_CODE_OR_MATH = re.compile(r"(`+)(.+?)\1|(\$[^$\s](?:[^$]*[^$\s])?\$)", re.DOTALL)


def read_markdown(lines: list[str], reading: WebReading) -> None:
    """Write the blocks of Markdown lines."""
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip() or _RULE.match(line) or _LINK_DEFINITION.match(line):
            at += 1
        elif fence := _FENCE.match(line):
            at = _fenced(lines, at, reading, fence=fence[1])
        elif line.strip().startswith(("$$", "\\[")):
            at = _display(lines, at, reading)
        elif heading := _ATX.match(line):
            reading.heading(_inline(heading[2] or ""), level=len(heading[1]))
            at += 1
        elif note := _NOTE.match(line):
            end = _run_end(lines, at + 1)
            reading.sheet.put("footnote", _inline(" ".join([note[2], *lines[at + 1 : end]])), later=True)
            at = end
        elif "|" in line and at + 1 < len(lines) and _TABLE_RULE.match(lines[at + 1]):
            at = _table(lines, at, reading)
        elif _ITEM.match(line):
            at = _item(lines, at, reading)
        else:
            at = _paragraph(lines, at, reading)


def _fenced(lines: list[str], at: int, reading: WebReading, *, fence: str) -> int:
    end = at + 1
    while end < len(lines) and not re.match(rf"^ {{0,3}}{re.escape(fence)}{fence[0]}*\s*$", lines[end]):
        end += 1
    reading.sheet.put("code", "\n".join(lines[at + 1 : end]))
    return end + 1


def _display(lines: list[str], at: int, reading: WebReading) -> int:
    closing = "$$" if lines[at].strip().startswith("$$") else "\\]"
    body = [lines[at].strip()[2:]]
    end = at + 1
    while closing not in body[-1] and end < len(lines) and lines[end].strip():
        body.append(lines[end])
        end += 1
    tex, _, rest = "\n".join(body).partition(closing)
    reading.sheet.put("equation", " ".join(tex.split()))
    reading.sheet.put("paragraph", _inline(rest))
    return end


def _table(lines: list[str], at: int, reading: WebReading) -> int:
    end = at
    rows = []
    while end < len(lines) and "|" in lines[end]:
        if end != at + 1:
            cells = re.split(r"(?<!\\)\|", lines[end].strip().strip("|"))
            rows.append(" | ".join(_inline(cell.replace("\\|", "|")) for cell in cells))
        end += 1
    reading.sheet.put("table", "\n".join(rows), later=True)
    return end


def _item(lines: list[str], at: int, reading: WebReading) -> int:
    match = _ITEM.match(lines[at])
    assert match is not None
    end = _run_end(lines, at + 1)
    text = _inline(" ".join([match["rest"], *(line.strip() for line in lines[at + 1 : end])]))
    mark = match["mark"] if match["mark"][0].isdigit() else "•"
    if reading.references:
        reading.sheet.put("reference", f"{mark} {text}" if mark != "•" else text, label=mark.rstrip(".)•") or None)
    else:
        reading.sheet.put("list", f"{mark} {text}")
    return end


def _paragraph(lines: list[str], at: int, reading: WebReading) -> int:
    end = _run_end(lines, at + 1)
    setext = _SETEXT.match(lines[end]) if end < len(lines) and end == at + 1 else None
    text = _inline(" ".join(re.sub(r"^(?:>\s*)+", "", line.strip()) for line in lines[at:end]))
    if setext:
        reading.heading(text, level=1 if setext[1][0] == "=" else 2)
        return end + 1
    reading.put_prose(text)
    return end


def _run_end(lines: list[str], at: int) -> int:
    """Where the lines end that go on from the one before ``at``."""
    while at < len(lines) and lines[at].strip():
        line = lines[at]
        if _FENCE.match(line) or _ATX.match(line) or _ITEM.match(line) or _SETEXT.match(line) or _NOTE.match(line):
            break
        if line.strip().startswith("$$") or _RULE.match(line):
            break
        at += 1
    return at


def _inline(text: str) -> str:
    """Markdown's marks off, code and formulas as they are."""
    parts, position = [], 0
    for match in _CODE_OR_MATH.finditer(text):
        parts += [_unmarked(text[position : match.start()]), match[2] if match[1] else match[3]]
        position = match.end()
    return " ".join("".join([*parts, _unmarked(text[position:])]).split())


def _unmarked(text: str) -> str:
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


def front_matter(text: str) -> tuple[dict[str, list[str]], str]:
    """The simple part of a YAML front matter: ``name: value`` and lists, as texts."""
    match = re.match(r"\s*---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|$)", text[:20_000], re.DOTALL)
    if match is None:
        return {}, text
    found: dict[str, list[str]] = {}
    name = ""
    for line in match[1].split("\n"):
        if pair := re.match(r"([A-Za-z_-]+):\s*(.*)$", line):
            name = pair[1].lower()
            value = pair[2].strip()
            values = value[1:-1].split(",") if value.startswith("[") and value.endswith("]") else [value]
            found[name] = [v for v in (part.strip().strip("\"'") for part in values) if v]
        elif name and (item := re.match(r"\s*-\s+(?:name:\s*)?(.+)$", line)):
            found[name].append(item[1].strip().strip("\"'"))
    return found, text[match.end() :]
