"""Authors and the first author's affiliation, from the lines between title and abstract."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from kb.ids import fold
from kb.parsing.layout import PageLayout, Placed
from kb.parsing.lines import TextLine
from kb.records import Affiliation

_INSTITUTION = re.compile(
    r"Universi|Universit|Institut|Laborator|\bLabs?\b|Research|\bInc\b|\bLtd\b|\bCorp|College|Department|\bDept|School|Academ"
    r"|Google|Microsoft|\bMeta\b|Facebook|Amazon|\bApple\b|NVIDIA|OpenAI|DeepMind|\bIBM\b|Tencent|Alibaba|ByteDance|Huawei"
    r"|Baidu|Adobe|Samsung|Intel\b|Cent(?:er|re)\b|Hospital|\bMIT\b|\bETH\b|CNRS|INRIA|Inria|EPFL|KAIST|Faculty|Foundation"
    r"|Technolog|Polytech|\bGroup\b|\bTeam\b|Division|Company|GmbH|Sciences?\b|\bAI\b|\bUCL\b|\bCMU\b|\bUSA\b|\bUK\b|China\b"
    r"|Germany|Japan|Korea|France|Canada|India\b|Australia|Switzerland|Italy|Spain|Netherlands|Singapore|Israel",
)  # fmt: skip
_NOT_NAMES = re.compile(
    r"@|https?:|www\.|\d{2,}|\b(?:abstract|conference|proceedings|preprint|version|submitted|accepted|received|correspond"
    r"|equal|contribut|university|arxiv|draft|anonymous|under review|demo|project|page|code|license|permission)",
    re.IGNORECASE,
)
_SIGNS = "∗*†‡§¶♦♣♠♥⋆★◦◊?✉ˆ^#∥‖⊥"
_PARTICLE = r"(?:van|von|der|den|de|del|della|di|da|dos|du|la|le|el|al|bin|ibn|ten|ter|zu|af|av|y|e)"
_PART = r"(?:[A-ZÀ-ÞĀ-ſƀ-ɏ][\w'’‐-]*\.?|(?:[A-Z]\.[-‐]?)+|d['’][A-Z]\w+)"
_NAME = re.compile(rf"^{_PART}(?:\s+(?:{_PARTICLE}\s+)*{_PART}){{1,4}}$")
_CJK_NAME = re.compile(r"^[\u4e00-\u9fff]{2,4}$|^[\uac00-\ud7af]{2,4}$")
_TITLES = re.compile(
    r"^(?:Ph\.?\s?D\.?|M\.?D\.?|Dr\.?|Prof\.?|(?:Student |Senior |Graduate Student |Life )?(?:Member|Fellow)|IEEE|ACM"
    r"|MSc|BSc|Jr\.?)$"
)


class Name(NamedTuple):
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
    names = _printed_names(front, title=title)
    if names:
        return tuple(name.text for name in names)
    # Nothing certain is printed: what the information states counts where the front matter prints each name too.
    listed = [part.strip() for part in re.split(r"\s*;\s*|\s+and\s+|,\s+", stated) if part.strip()]
    text = fold(" ".join(placed.line.without_raised() for placed in front))
    if listed and all(_NAME.match(part) and fold(part) in text for part in listed):
        return tuple(listed)
    return None


def _printed_names(front: Sequence[Placed], *, title: Sequence[Placed]) -> list[Name]:
    bottom = max(placed.line.baseline for placed in title)
    below = [p for p in front if p not in title and p.line.baseline > bottom]
    below.sort(key=lambda placed: placed.order)
    first = min((p for p in below if _names_of(p)), key=lambda p: (round(p.line.baseline), p.line.x0), default=None)
    if first is None:
        return []
    found: list[Name] = []
    for placed in below:
        line = placed.line
        if abs(line.size - first.line.size) > 0.4 or line.font != first.line.font or line.bold != first.line.bold:
            continue
        if names := _names_of(placed):
            found += names
        elif not _is_other_matter(line.text):
            return []  # set like the authors, yet no names: what is a name here is not certain
    distinct = {fold(name.text) for name in found}
    return found if len(distinct) == len(found) else []


def _is_other_matter(text: str) -> bool:
    """Affiliations, addresses, marks, dates: what stands among authors without being one."""
    letters = sum(char.isalpha() for char in text)
    return bool(_INSTITUTION.search(text) or _NOT_NAMES.search(text)) or letters < 3 or "," in text


def _names_of(placed: Placed) -> list[Name]:
    """The names of a line that holds nothing else; empty when it holds anything else."""
    found: list[Name] = []
    for piece, marks in _pieces(placed.line):
        bare = re.sub(r"\s+", " ", piece).strip(" .;:")
        bare = piece.strip() if re.search(r"\b(?:Jr|Sr)\.$", piece.strip()) else bare
        if not bare or _TITLES.match(bare):
            if found and marks:
                found[-1] = found[-1]._replace(marks=found[-1].marks + marks)
            continue
        is_name = _NAME.match(bare) or _CJK_NAME.match(bare)
        if not is_name or _INSTITUTION.search(bare) or _NOT_NAMES.search(bare):
            return []
        found.append(Name(_cased(bare), marks, placed))
    return found


def _cased(name: str) -> str:
    if name.isupper() and len(name) > 5:
        return " ".join(part.title() if len(part) > 2 and "." not in part else part for part in name.split())
    return name


def _pieces(line: TextLine) -> list[tuple[str, str]]:
    """Text pieces between commas, "and", marks and wide gaps, each with the marks that follow it."""
    text = list(line.text)
    marks = [False] * len(text)
    for run in line.runs:
        if run.raised:
            for at in range(run.start, run.end):
                marks[at] = text[at] != " "
    for at, char in enumerate(text):
        if char in _SIGNS or (char.isdigit() and at and not text[at - 1].isspace()):
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
        conjunction = re.match(r"\s+and\s+|^and\s+", text[at:]) if at == 0 or text[at].isspace() else None
        if marks[at]:
            mark += text[at]
        elif separator.match(text[at]) and mark and name and _marks_follow(marks, at):
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


def _marks_follow(marks: Sequence[bool], at: int) -> bool:
    return at + 1 < len(marks) and marks[at + 1]


# ----------------------------------------------------------------------------------------- affiliation


def read_affiliation(
    page: PageLayout, front: Sequence[Placed], *, title: Sequence[Placed], authors: Sequence[str]
) -> Affiliation | None:
    """Affiliation of the first author as printed: by the author's mark, else the institution below the name."""
    names = _printed_names(front, title=title)
    if not names or names[0].text != authors[0]:
        return None
    first = names[0]
    author_lines = {id(name.placed) for name in names}
    others = [p for p in front if id(p) not in author_lines and p not in title]
    notes = [p for p in page.placed if p.role == "footnote"]
    wanted = re.findall(r"\d+|[^\W\d_]|[^\w\s,]", first.marks)
    for mark in wanted:
        for placed in [*others, *notes]:
            for text in _marked_parts(placed.line, mark):
                if _INSTITUTION.search(text) and not re.search("@|correspond", text, re.IGNORECASE):
                    return Affiliation(text=text, page=page.number)
    marked = [p for p in others if _starts_marked(p.line) and _INSTITUTION.search(p.line.text)]
    if marked and wanted:
        # None of the marks is the first author's: an institution without mark that stands first is everybody else's.
        others = [p for p in others if p not in marked and p.order < marked[0].order]
    below = [p for p in others if p.line.baseline > first.placed.line.baseline and _INSTITUTION.search(p.line.text)]
    below = [p for p in below if "@" not in p.line.text]
    under = [p for p in below if p.line.x0 < _name_end(first) and p.line.x1 > first.placed.line.x0] or below
    nearest = min(under, key=lambda p: p.line.baseline, default=None)
    if nearest is None:
        return None
    return Affiliation(text=nearest.line.without_raised().strip(" ,;"), page=page.number)


def _name_end(name: Name) -> float:
    return name.placed.line.x1


def _starts_marked(line: TextLine) -> bool:
    return line.runs[0].raised or line.text[:1] in _SIGNS or bool(re.match(r"\d[A-Z]", line.text))


def _marked_parts(line: TextLine, mark: str) -> list[str]:
    """Texts of the line that stand after ``mark``: "1ByteDance Research 2Peking University" has one for "2"."""
    marks = [False] * len(line.text)
    for run in line.runs:
        if run.raised:
            marks[run.start : run.end] = [char != " " for char in line.text[run.start : run.end]]
    for at, char in enumerate(line.text):
        begins = at == 0 or line.text[at - 1] in " ,;"
        followed = at + 1 < len(line.text) and line.text[at + 1].isalpha()
        if char in _SIGNS or (char.isdigit() and begins and followed):
            marks[at] = True
    parts: list[str] = []
    at = 0
    while at < len(line.text):
        if not marks[at]:
            at += 1
            continue
        end = at
        while end < len(line.text) and (marks[end] or (line.text[end] == "," and _marks_follow(marks, end))):
            end += 1
        stop = end
        while stop < len(line.text) and not marks[stop]:
            stop += 1
        own = line.text[at:end]
        if mark in (own.split(",") if "," in own else [own, *own] if not own.isdigit() else [own]):
            parts.append(line.text[end:stop].strip(" ,;"))
        at = stop
    return [part for part in parts if part]
