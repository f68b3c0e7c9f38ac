"""Authors in order, from the lines between title and abstract, and where they work.

An affiliation is given as the paper prints it: by mark, beside or below the name, or in a note.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from kb.ids import plain_words
from kb.names import PARTICLES
from kb.parsing.glyphs import Style
from kb.parsing.layout import PageLayout, Placed
from kb.parsing.lines import TextLine, only_first
from kb.records import Affiliation
from kb.text import HAN, HANGUL

INSTITUTION = re.compile(
    r"Universi|Universit|Hochschule|H[öo]gskola|Politecnico|[ÉE]cole\b|Institut|Laborator|\bLabs?\b|Research|\bInc\b|\bLtd\b|\bCorp|College|Department|\bDept|School|Academ"
    r"|Google|Microsoft|\bMeta\b|Facebook|Amazon|\bApple\b|NVIDIA|OpenAI|DeepMind|\bIBM\b|Tencent|Alibaba|ByteDance|Huawei"
    r"|Baidu|Adobe|Samsung|Intel\b|Cent(?:er|re)\b|Hospital|\bMIT\b|\bETH\b|CNRS|INRIA|Inria|EPFL|KAIST|Faculty|Foundation"
    r"|Technolog|Polytech|\bGroup\b|\bTeam\b|Division|Company|GmbH|Sciences?\b|\bAI\b|\bUCL\b|\bCMU\b|\bUSA\b|\bUK\b|China\b"
    r"|Germany|Japan|Korea|France|Canada|India\b|Australia|Switzerland|Italy|Spain|Netherlands|Singapore|Israel",
)  # fmt: skip
_NOT_NAMES = re.compile(
    r"@|https?:|www\.|\d{2,}|\b(?:abstract|conference|proceedings|preprint|version|submitted|accepted|received|correspond"
    r"|equal|contribut|university|arxiv|draft|anonymous|under review|demo|project|page|code|license|permission"
    r"|supervis|advis[eo]r|committee|examiner|thesis|dissertation|degree|partial fulfil|chapter)",
    re.IGNORECASE,
)
MARK_SIGNS = "∗*†‡§¶♦♣♠♥⋆★◦◊?✉ˆ^#∥‖⊥"
_PARTICLE = rf"(?:{'|'.join(sorted(PARTICLES))}|y|e|i)"  # the last join two family names
_PART = r"(?:[A-ZÀ-ÞĀ-ſƀ-ɏ][\w'’‐-]*\.?|(?:[A-Z]\.[-‐]?)+|d['’][A-Z]\w+)"
_BY = re.compile(r"^(?:by|By|BY)\s+")
_NAME = re.compile(rf"^{_PART}(?:\s+(?:{_PARTICLE}\s+)*{_PART}){{1,4}}$")
_CJK_NAME = re.compile(rf"^[{HAN}]{{2,4}}$|^[{HANGUL}]{{2,4}}$")
_TITLES = re.compile(
    r"^(?:Ph\.?\s?D\.?|M\.?D\.?|Dr\.?|Prof\.?|(?:Student |Senior |Graduate Student |Life )?(?:Member|Fellow)|IEEE|ACM"
    r"|MSc|BSc|Jr\.?)$"
)


class PrintedName(NamedTuple):
    """A printed author: name, the marks after it, and the line it stands in."""

    text: str
    marks: str
    placed: Placed


def read_authors(front: Sequence[Placed], *, title: Sequence[Placed], stated: str) -> tuple[str, ...] | None:
    """Authors in order, or None when the lines below the title are not clearly names.

    Args:
        front: the front matter in the order of painting, which is the author's own order.
        title: the title's lines.
        stated: the "Author" of the document information, a second witness.
    """
    names = printed_names(front, title=title)
    if names:
        return tuple(name.text for name in names)
    # Nothing certain is printed: what the information states counts where the front matter prints each name too.
    listed = [part.strip() for part in re.split(r"\s*;\s*|\s+and\s+|,\s+", stated) if part.strip()]
    text = plain_words(" ".join(placed.line.without_raised() for placed in front))
    if listed and all(_NAME.match(part) and plain_words(part) in text for part in listed):
        return tuple(listed)
    return None


def printed_names(front: Sequence[Placed], *, title: Sequence[Placed]) -> list[PrintedName]:
    """The names printed below the title, in the order of painting; none when what is a name there is not certain."""
    bottom = max(placed.line.baseline for placed in title)
    below = [p for p in front if p not in title and p.line.baseline > bottom]
    below.sort(key=lambda placed: placed.order)
    names = _names_by_line(below)
    first = min((p for p in below if names[id(p)]), key=lambda p: (round(p.line.baseline), p.line.x0), default=None)
    if first is None:
        return []
    found: list[PrintedName] = []
    for placed in below:
        if not _is_alike(placed.line, first.line):
            continue
        if own := names[id(placed)]:
            found += own
        elif own is not None and not _is_other_matter(placed.line.text):
            return []  # set like the authors, yet no names: what is a name here is not certain
    distinct = {plain_words(name.text) for name in found}
    return found if len(distinct) == len(found) else []


def _is_alike(line: TextLine, other: TextLine) -> bool:
    """Whether two lines begin in one type."""
    a, b = lead_style(line), lead_style(other)
    return abs(a.size - b.size) <= 0.4 and (a.font, a.bold) == (b.font, b.bold)


def lead_style(line: TextLine) -> Style:
    """The type in which a line begins, marks aside."""
    return next((run.style for run in line.runs if not run.raised), line.runs[0].style)


def lead_of(line: TextLine) -> TextLine | None:
    """What stands before a change of type, where an institution follows: "ADA LOVELACE, Analytical Society"."""
    style = lead_style(line)
    end = next((run.start for run in line.runs if not run.raised and run.style[:2] != style[:2]), len(line.text))
    return only_first(line, end) if end < len(line.text) and INSTITUTION.search(line.text[end:]) else None


def _names_by_line(below: Sequence[Placed]) -> dict[int, list[PrintedName] | None]:
    """The names of each line, by its ``id``; None for a line whose words belong to the names of the line before."""
    found: dict[int, list[PrintedName] | None] = {id(placed): _names_of(placed.line, placed) for placed in below}
    for placed, after in pairwise(below):
        parted = found[id(placed)] is not None and not (found[id(placed)] and found[id(after)])
        if parted and _goes_on(placed.line, after.line):
            joined = _checked(_joined(_pieces(placed.line), _pieces(after.line)), placed)
            if len(joined) > 1:
                found[id(placed)], found[id(after)] = joined, None
    for placed in below:
        if found[id(placed)] == [] and (lead := lead_of(placed.line)):
            found[id(placed)] = _names_of(lead, placed)
    top = min(below, key=lambda placed: (round(placed.line.baseline), placed.line.x0), default=None)
    if top is not None and found[id(top)] == []:
        name, _, rest = top.line.text.partition(",")
        if INSTITUTION.search(rest):  # right below the title: "Ada Lovelace, Analytical Society"
            found[id(top)] = _names_of(only_first(top.line, len(name)), top)
    return found


def _goes_on(line: TextLine, after: TextLine) -> bool:
    """Whether the second line is the next one of the same list of names."""
    down = after.baseline - line.baseline
    return _is_alike(line, after) and 0 < down < 1.8 * line.size and after.x0 < line.x1 and line.x0 < after.x1


def _joined(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Pieces of two lines of one list; a name that the line's end broke is whole again."""
    if not before or not after or before[-1][1]:
        return [*before, *after]
    whole = (f"{before[-1][0]} {after[0][0]}", after[0][1])
    return [*before[:-1], whole, *after[1:]]


def _is_other_matter(text: str) -> bool:
    """Affiliations, addresses, marks, dates: what stands among authors without being one."""
    letters = sum(char.isalpha() for char in text)
    if INSTITUTION.search(text) or _NOT_NAMES.search(text) or letters < 3 or ":" in text:
        return True
    pieces = [piece.strip() for piece in re.split(r"[,;&]|\band\b", text) if piece.strip()]
    names = sum(bool(_NAME.match(re.sub(rf"[\d{MARK_SIGNS}]", "", piece).strip())) for piece in pieces)
    return len(pieces) > 1 and 2 * names < len(pieces)  # an address has few names between its commas


def _names_of(line: TextLine, placed: Placed) -> list[PrintedName]:
    """The names of a line that holds nothing else; empty when it holds anything else."""
    return _checked(_pieces(line), placed)


def _checked(pieces: Sequence[tuple[str, str]], placed: Placed) -> list[PrintedName]:
    found: list[PrintedName] = []
    for piece, marks in pieces:
        bare = re.sub(r"\s+", " ", piece).strip(" .;:")
        bare = piece.strip() if re.search(r"\b(?:Jr|Sr)\.$", piece.strip()) else bare
        if not bare or _TITLES.match(bare.strip("() ")):
            if found and marks:
                found[-1] = found[-1]._replace(marks=found[-1].marks + marks)
            continue
        bare = bare if found else _BY.sub("", bare)
        is_name = _NAME.match(bare) or _CJK_NAME.match(bare)
        if not is_name or INSTITUTION.search(bare) or _NOT_NAMES.search(bare):
            return []
        found.append(PrintedName(_cased(bare), marks, placed))
    return found


def _cased(name: str) -> str:
    if not (name.isupper() and len(name) > 4):
        return name
    parts = name.split()
    return " ".join(_part_cased(part, is_first=at == 0) for at, part in enumerate(parts))


def _part_cased(part: str, *, is_first: bool) -> str:
    if not is_first and re.fullmatch(_PARTICLE, part.lower()):
        return part.lower()
    if "." in part or (len(part) < 3 and not re.search(r"[AEIOU]", part)):
        return part  # initials
    return part.title()


def _pieces(line: TextLine) -> list[tuple[str, str]]:
    """Text pieces between commas, "and", marks and wide gaps, each with the marks that follow it."""
    text = list(line.text)
    marks = [False] * len(text)
    for run in line.runs:
        if run.raised:
            for at in range(run.start, run.end):
                marks[at] = text[at] != " "
    for at, char in enumerate(text):
        if char in MARK_SIGNS or (char.isdigit() and at and not text[at - 1].isspace()):
            marks[at] = True
    for (start, _, end), (after, x0, _) in zip(line.words, line.words[1:], strict=False):
        if x0 - end > 0.75 * line.size and after > start and text[after - 1] == " ":
            text[after - 1] = "\n"  # a gap as wide as between columns
    return _cut("".join(text), marks)


def _cut(text: str, marks: Sequence[bool]) -> list[tuple[str, str]]:
    pieces: list[tuple[str, str]] = []
    name, mark = "", ""
    separator = re.compile(r",|;|\n|·|•|&|\|")
    at = 0
    while at < len(text):
        conjunction = (
            re.match(r"\s+(?:and|AND)(?:\s+|$)|^(?:and|AND)\s+", text[at:]) if at == 0 or text[at].isspace() else None
        )
        if marks[at]:
            mark += text[at]
        elif separator.match(text[at]) and mark and name and marks_follow(marks, at):
            mark += ","  # between two marks of one name
        elif conjunction or separator.match(text[at]) or (mark and text[at].isalpha()):
            pieces.append((name, mark))
            name, mark = (text[at] if text[at].isalpha() and not conjunction else ""), ""
            at += (conjunction.end() if conjunction else 1) - 1
        else:
            name += text[at]
        at += 1
    pieces.append((name, mark))
    return [(name, mark) for name, mark in pieces if name.strip() or mark]


def marks_follow(marks: Sequence[bool], at: int) -> bool:
    """Whether a mark stands right after ``at``."""
    return at + 1 < len(marks) and marks[at + 1]


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
