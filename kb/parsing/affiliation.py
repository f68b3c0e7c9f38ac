"""The first author's affiliation as the paper prints it: by mark, beside or below the name, or in a note."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from kb.parsing.authors import INSTITUTION, MARK_SIGNS, PrintedName, lead_of, marks_follow, printed_names
from kb.parsing.layout import PageLayout, Placed
from kb.parsing.lines import TextLine
from kb.records import Affiliation

_PART_OF = re.compile(
    r"(?:the )?(?:school|dep(?:t|artment)|faculty|division|section|group|cent(?:er|re)|laborator|lab\b"
    r"|institute? (?:of|for)|college of|chair|unit\b)[^,]*$",
    re.IGNORECASE,
)
_ORGANISATION = re.compile(
    r"Universi|Institut|College|School|Academ|Hospital|Polytech|Laborator|Research|Inc\b|Cent(?:er|re)"
)
_OTHER = re.compile(
    r"thesis|dissertation|fulfil|requirements|degree|Doctor of|Master of|supervis|conference|proceedings|journal of"
    r"|workshop|supported (?:by|in part)|\bgrant\b|\b(?:19|20)\d\d\)?\.?$|https?:",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(r"(?:\b(?:of|and|for|the|in|at|de|di|der|für)|&)$")
_IS_WITH = re.compile(
    r"\b(?:is|are|was|were) (?:also )?(?:with|affiliated with|at)\s+(?:the\s+)?"
    r"(?P<where>(?:[^.(]|\.(?!\s+[A-Z]\w{2,}|\s*$))+?)\s*(?:\(|;|\.\s|\.$|$|\be-?mail)"
)


def read_affiliation(
    page: PageLayout, front: Sequence[Placed], *, title: Sequence[Placed], authors: Sequence[str]
) -> Affiliation | None:
    """Affiliation of the first author as printed: by the author's mark, on, beside or below the line, or in a note."""
    names = printed_names(front, title=title)
    if not names or names[0].text != authors[0]:
        return None
    first = names[0]
    author_lines = {id(name.placed) for name in names}
    others = [p for p in front if id(p) not in author_lines and p not in title and not _OTHER.search(p.line.text)]
    notes = [p for p in page.placed if p.role == "footnote"]
    text = (
        _by_mark(first, [*others, *notes])
        or _on_line(first, others)
        or _below(first, others)
        or _in_notes(first, notes, only_author=len(authors) == 1)
        or _above(first, others, only_author=len(authors) == 1)
    )
    return Affiliation(text=text, page=page.number) if text else None


def _by_mark(first: PrintedName, lines: Sequence[Placed]) -> str | None:
    for mark in _wanted(first):
        for at, placed in enumerate(lines):
            for text in _marked_parts(placed.line, mark):
                if INSTITUTION.search(text) and not re.search("@|correspond", text, re.IGNORECASE):
                    whole = placed.line.text.rstrip(" ,;").endswith(text)
                    return _with_rest(text, lines[at:]) if whole else text
    return None


def _wanted(first: PrintedName) -> list[str]:
    return re.findall(r"\d+|[^\W\d_]|[^\w\s,]", first.marks)


def _on_line(first: PrintedName, others: Sequence[Placed]) -> str | None:
    """What follows the name on its own line in another type."""
    line = first.placed.line
    lead = lead_of(line)
    if lead is None:
        return None
    below = [p for p in others if p.line.baseline > line.baseline]
    rest = line.text[len(lead.text) :].strip(" ,;")
    return _with_rest(rest, [first.placed, *sorted(below, key=lambda p: p.line.baseline)])


def _below(first: PrintedName, others: list[Placed]) -> str | None:
    """The institution nearest below the name."""
    marked = [p for p in others if _starts_marked(p.line) and INSTITUTION.search(p.line.text)]
    if marked and _wanted(first):
        # None of the marks is the first author's: an institution without mark that stands first is everybody else's.
        others = [p for p in others if p not in marked and p.order < marked[0].order]
    below = [p for p in others if p.line.baseline > first.placed.line.baseline and "@" not in p.line.text]
    below = [p for p in below if p.line.x0 < _name_end(first) and p.line.x1 > first.placed.line.x0] or below
    below.sort(key=lambda p: p.line.baseline)
    at = next((at for at, p in enumerate(below) if INSTITUTION.search(p.line.text)), None)
    if at is None:
        return None
    return _with_rest(below[at].line.without_raised().strip(" ,;"), below[at:])


def _with_rest(text: str, lines: Sequence[Placed]) -> str:
    """The institution that begins on the first line, with what goes on below it.

    A department is part of the organisation named on the line below; a line that ends in mid-phrase goes on there.
    """
    for last, placed in pairwise(lines[:4]):
        line = placed.line
        tight = 0 < line.baseline - last.line.baseline < 2.1 * line.size and abs(line.size - last.line.size) < 1.5
        if not tight or "@" in line.text or _starts_marked(line) or line.x0 > last.line.x1 or line.x1 < last.line.x0:
            break
        broken = bool(_UNFINISHED.search(text)) or text.endswith("\xad")
        if not broken and not (_PART_OF.match(text) and _ORGANISATION.search(line.text)):
            break
        between = "" if text.endswith("\xad") else " " if broken else ", "
        text = text.rstrip("\xad") + between + line.without_raised().strip(" ;").rstrip(",")
        if not broken:
            break
    return text


def _above(first: PrintedName, others: Sequence[Placed], *, only_author: bool) -> str | None:
    """The institution on the title page of a thesis, where it stands above title and author."""
    texts = [p.line.without_raised().strip(" ,;") for p in others if p.line.baseline < first.placed.line.baseline]
    return next((text for text in texts if only_author and _ORGANISATION.search(text)), None)


def _in_notes(first: PrintedName, notes: Sequence[Placed], *, only_author: bool) -> str | None:
    """ "A. Lovelace is with the Analytical Society, London (e-mail …)" among the notes of the first page."""
    text = ""
    for placed in notes:
        piece = placed.line.text
        text = text[:-1] + piece if text.endswith("\xad") else f"{text} {piece}"
    surname = re.escape(first.text.split()[-1])
    for match in _IS_WITH.finditer(text):
        start = max(text.rfind(". ", 0, match.start() - 40), text.rfind(") ", 0, match.start()), match.start() - 250, 0)
        subject = text[start : match.start()]
        if re.search(rf"(?<!\w){surname}(?!\w)", subject) or (only_author and "author" in subject):
            where = re.sub(r"\s+", " ", match["where"]).strip(" ,;.")
            return f"{where}." if re.search(r"\b[A-Z]\.[A-Z]$", where) else where  # "U.K."
    return None


def _name_end(name: PrintedName) -> float:
    return name.placed.line.x1


def _starts_marked(line: TextLine) -> bool:
    return line.runs[0].raised or line.text[:1] in MARK_SIGNS or bool(re.match(r"\d[A-Z]", line.text))


def _marked_parts(line: TextLine, mark: str) -> list[str]:
    """Texts of the line that stand after ``mark``: "1ByteDance Research 2Peking University" has one for "2"."""
    marks = [False] * len(line.text)
    for run in line.runs:
        if run.raised:
            marks[run.start : run.end] = [char != " " for char in line.text[run.start : run.end]]
    for at, char in enumerate(line.text):
        begins = at == 0 or line.text[at - 1] in " ,;"
        followed = at + 1 < len(line.text) and line.text[at + 1].isalpha()
        if char in MARK_SIGNS or (char.isdigit() and begins and followed):
            marks[at] = True
    parts: list[str] = []
    at = 0
    while at < len(line.text):
        if not marks[at]:
            at += 1
            continue
        end = at
        while end < len(line.text) and (marks[end] or (line.text[end] == "," and marks_follow(marks, end))):
            end += 1
        stop = end
        while stop < len(line.text) and not marks[stop]:
            stop += 1
        own = line.text[at:end]
        if mark in (own.split(",") if "," in own else [own, *own] if not own.isdigit() else [own]):
            parts.append(line.text[end:stop].strip(" ,;"))
        at = stop
    return [part for part in parts if part]
