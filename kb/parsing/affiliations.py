"""Where each author works, from the lines below the title and from notes.

What ties a name to a place is form alone: the same mark at both, the place below the name in its column of the byline,
beside it on its line, or the surname in a note.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kb.ids import plain_words
from kb.names import is_suffix
from kb.parsing.authors import (
    PrintedName,
    is_behind_name,
    is_sign,
    lead_of_names,
    raised_signs,
    read_byline,
)
from kb.parsing.first_page import is_place, kind_of, scores
from kb.parsing.glyphs import SOFT_HYPHEN
from kb.parsing.layout import PageLayout, Placed
from kb.parsing.page import TextLine
from kb.records import AuthorAffiliation
from kb.text import is_set_solid

_MAIL = re.compile(
    r"(?:\b|^)(?:e-?\s?mails?|electronic address)(?: address(?:es)?)?\s*:?.*$"
    r"|[(\[]?(?:\{[^}]*\}|[\w.+-]+(?:[,;|][\w.+-]+)*)\s?@\s?[\w.-]+[)\]]?|https?://\S+",
    re.IGNORECASE | re.DOTALL,
)
_UNFINISHED = re.compile(r"(?:\b(?:of|and|for|the|in|at|de|di|del|der|des|für|und|et)|[&,/(-])$")
_IS_WITH = re.compile(
    r"\b(?:is|are|was|were) (?:also )?(?:with|affiliated with|at)\s+(?:the\s+)?"
    r"(?P<where>(?:[^.(]|\.(?!\s+[A-Z]\w{2,}|\s*$))+?)\s*(?:\(|;|\.\s|\.$|$|\be-?mail)",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[(\[]?(\d{1,3}|[^\W\d_]|[^\w\s])([.):\]]{0,2})\s*")
_NOTE = re.compile(r"^\W*(?:correspond|present address|current address|to whom|these authors)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?:[^\W\d_]{2}|\d)[)\]]?\.\s|\)\s")
_LONGEST_SUBJECT = 1_000  # characters: all authors of an institute
_LINE = 2.2  # of its size: what is further below goes on nothing


@dataclass(slots=True)
class _MarkedPlace:
    """A place with its mark, or without one; the lines it is printed in."""

    mark: str
    text: str
    last: TextLine


def read_affiliations(
    pages: Sequence[PageLayout],
    front: Sequence[Placed],
    *,
    title: Sequence[Placed],
    authors: Sequence[str],
    body_size: float,
) -> tuple[AuthorAffiliation, ...]:
    """Every affiliation that the paper prints with the authors that it is tied to, in the order of printing.

    An author without mark has the place that stands below, beside or above the name, or that a note tells; where the
    first page says nothing, the one at the end of the paper.

    Args:
        pages: the pages.
        front: its front matter.
        title: the title's lines.
        authors: the names as they were read.
        body_size: of the running text, in points: notes are smaller.
    """
    names, others = read_byline(front, title=title)
    if [name.text for name in names] != list(authors):
        return ()
    notes = [p for p in pages[0].placed if _is_note(p, names=names, body_size=body_size)]
    notes.sort(key=lambda p: p.order)
    entries = _explained_marks(names, others, notes)
    unmarked = [p for p in others if not _begins_marked(p.line, _all_marks(names))] if entries else others
    texts = [_of_marks(name, entries) for name in names]
    for found in (
        _on_lines(names, others), _by_place(names, unmarked), _told_in_notes(names, notes),
        _above(names, front, title=title),
    ):  # fmt: skip
        texts = [own or [found[at]] if found.get(at) else own for at, own in enumerate(texts)]
    page = pages[0].number
    for last in pages[:0:-1][:2] if not any(texts) else ():
        if found := _at_the_end(names, last):
            texts, page = [[found[at]] if at in found else [] for at in range(len(names))], last.number
            break
    whose: dict[str, list[str]] = {}
    for name, own in zip(names, texts, strict=True):
        for text in dict.fromkeys(own):
            whose.setdefault(text, []).append(name.text)
    return tuple(AuthorAffiliation(text=text, authors=tuple(own), page=page) for text, own in whose.items())


def _explained_marks(
    names: Sequence[PrintedName], others: Sequence[Placed], notes: Sequence[Placed]
) -> list[_MarkedPlace]:
    """The places that marks at names lead to: in the byline, and in the notes where it explains few."""
    entries = _marked_entries(others, wanted=_all_marks(names))
    if not _fits(entries, names):
        told_there = any(is_place(_tidy(p.line.text)) for p in others)
        below = _marked_entries(notes, wanted=_all_marks(names))
        # Signs lead to remarks where the byline itself says who works where.
        entries += [entry for entry in below if not told_there or entry.mark.isalnum()]
    return _of_one_kind(entries)


def _of_marks(name: PrintedName, entries: Sequence[_MarkedPlace]) -> list[str]:
    """The places of a name's marks."""
    first: dict[str, str] = {}
    for entry in entries:
        if entry.text:
            first.setdefault(entry.mark, entry.text)
    marks = _marks_of(name, known={entry.mark for entry in entries})
    return [first[mark] for mark in marks if mark in first]


def _at_the_end(names: Sequence[PrintedName], page: PageLayout) -> dict[int, str]:
    """Places on one of the last pages: behind each name ("ADA LOVELACE, Analytical Society"), or, where as many
    addresses with a mail stand there as the paper has authors, in their order."""
    lines = [p.line for p in page.placed if p.role != "furniture" and p.line.upright]
    found: dict[int, str] = {}
    addresses: list[str] = []
    for group in _parted(lines):
        text = ""
        for line in group:
            text = _with_next(text, line.text, wraps=True) if text else line.text
        for at, name in enumerate(names):
            match = re.match(rf"\W{{0,2}}{re.escape(name.text)}\W+", text, re.IGNORECASE)
            if match and at not in found and is_place(place := _tidy(text[match.end() :])):
                found[at] = place
        if "@" in text and (place := _tidy(text)) and is_place(place):
            addresses.append(place)
    if found or len(addresses) != len(names):
        return found
    return dict(enumerate(addresses))


def _parted(lines: Sequence[TextLine]) -> list[list[TextLine]]:
    """Lines in groups: more room than between lines parts them, and a mail ends one."""
    groups: list[list[TextLine]] = []
    for line in lines:
        last = groups[-1][-1] if groups else None
        if last is not None and 0 < line.baseline - last.baseline < 1.7 * last.size and "@" not in last.text:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _is_note(placed: Placed, *, names: Sequence[PrintedName], body_size: float) -> bool:
    """Whether a line of the first page may explain marks: small print below the names, wherever it stands."""
    line = placed.line
    small = line.size < 0.95 * body_size or placed.role == "footnote"
    below = line.baseline > min(name.placed.line.baseline for name in names)
    return line.upright and small and below and placed.role in ("footnote", "body", "float", "equation", "heading")


def _all_marks(names: Sequence[PrintedName]) -> set[str]:
    marks = {mark for name in names for mark in _tokens(name.marks)}
    return marks | {digit for mark in marks if mark.isdigit() and len(mark) > 1 for digit in mark}


_STARS = str.maketrans(dict.fromkeys("∗⋆★⁎＊✱✻", "*"))


def _tokens(marks: str) -> list[str]:
    """ "1,2∗" has three; stars of all shapes are one mark."""
    return re.findall(r"\d+|[^\W\d_]|[^\w\s,.()\[\]]", marks.translate(_STARS))


def _marks_of(name: PrintedName, *, known: set[str]) -> list[str]:
    found: list[str] = []
    for mark in _tokens(name.marks):
        found += [mark] if mark in known or not mark.isdigit() else list(mark)  # "12" may be 1 and 2
    return list(dict.fromkeys(mark for mark in found if mark in known))


def _fits(entries: Sequence[_MarkedPlace], names: Sequence[PrintedName]) -> bool:
    """Whether the entries explain a mark of most names that have marks."""
    known = {entry.mark for entry in entries}
    marked = [name for name in names if name.marks]
    return bool(entries) and 2 * sum(bool(_marks_of(name, known=known)) for name in marked) >= len(marked)


def _marked_entries(lines: Sequence[Placed], *, wanted: set[str]) -> list[_MarkedPlace]:
    """Places by the marks that stand before them, over lines and several on one."""
    entries: list[_MarkedPlace] = []
    current: _MarkedPlace | None = None
    behind = [_mark_behind(placed.line, wanted) for placed in lines]
    if any(behind) and not any(_begins_marked(placed.line, wanted) for placed in lines):
        return [
            _MarkedPlace(mark, _tidy(placed.line.without_raised()), placed.line)
            for placed, mark in zip(lines, behind, strict=True)
            if mark
        ]
    for placed in lines:
        line = placed.line
        begun = _split_at_marks(line, wanted)
        if current is not None and begun and begun[0][0] == "" and not _tidy(begun[0][1]):
            begun, current.last = begun[1:], line  # mail alone
        elif current is not None and begun and begun[0][0] == "" and _follows(current.last, line):
            _extend(current, begun.pop(0)[1], line)
        elif begun and begun[0][0] == "":
            begun.pop(0)
            current = None
        for mark, text in begun:
            current = _MarkedPlace(mark, text, line)
            entries.append(current)
    for entry in entries:
        entry.text = _tidy(entry.text)
    return entries


def _mark_behind(line: TextLine, wanted: set[str]) -> str:
    """The raised mark with which a line ends: "Analytical Society*"."""
    last = line.runs[-1]
    mark = line.text[last.start : last.end].strip().translate(_STARS)
    return mark if last.raised and last.start > 3 and mark in wanted else ""


def _extend(entry: _MarkedPlace, text: str, line: TextLine) -> None:
    wraps = _UNFINISHED.search(entry.text.rstrip()) is not None or _is_wrapped(entry.last, line)
    entry.text = _with_next(entry.text, text.strip(), wraps=wraps)
    entry.last = line


def _with_next(text: str, piece: str, *, wraps: bool) -> str:
    """A place with its next line: a broken word whole, else behind a blank where it ``wraps``, else a part of its
    own."""
    between = "" if text.endswith(SOFT_HYPHEN) else " " if wraps else ", "
    return text.rstrip(SOFT_HYPHEN).rstrip() + between + piece


def _is_wrapped(last: TextLine, line: TextLine) -> bool:
    """Whether the first line is full: the next one begins no part of its own."""
    return last.width > 0.72 * max(last.width, line.width) and (last.width > 200 or line.text[:1].islower())


def _follows(last: TextLine, line: TextLine) -> bool:
    down = line.baseline - last.baseline
    alike = abs(line.size - last.size) < 0.15 * last.size
    near = -0.3 * last.size < down < (_LINE if _UNFINISHED.search(last.text) else 1.7) * last.size
    return alike and near and line.x0 < last.x1 + 3 * last.size and last.x0 < line.x1 + 3 * last.size


def _split_at_marks(line: TextLine, wanted: set[str]) -> list[tuple[str, str]]:
    """(mark, text behind it) of each marked part of a line; what stands before the first mark has the mark ""."""
    text = line.text
    stars = text.translate(_STARS)
    raised = raised_signs(line)
    starts: list[tuple[int, int, str]] = []  # where the mark begins and ends, and the mark
    at = 0
    while at < len(text):
        begins = at == 0 or text[at - 1] in " ,;.)" or raised[at]
        match = _LABEL.match(stars, at)
        if match and begins and match[1] in wanted and _is_label(match, text, raised, at):
            starts.append((at, match.end(), match[1]))
            at = match.end()
        else:
            at += 1
    if not starts:
        return [("", text)]
    found = [("", text[: starts[0][0]])] if text[: starts[0][0]].strip(" ,;.") else []
    for (_, end, mark), after in zip(starts, [*(s for s, _, _ in starts[1:]), len(text)], strict=True):
        found.append((mark, text[end:after]))
    return found


def _is_label(match: re.Match[str], text: str, raised: Sequence[bool], at: int) -> bool:
    """Whether a sign in the line stands before what it marks, and is no part of it."""
    mark, closed = match[1], match[2]
    inner = match.start(1)
    if raised[inner]:
        return True
    after = text[match.end() :]
    if is_sign(mark):
        return bool(after) and (at == 0 or not after.startswith((" ", ",")))
    first = after[:1]
    begins = first.isupper() or is_set_solid(first) if first else False
    if mark.isdigit():
        glued = match.end() == match.end(2)
        parted = text[:at].rstrip()[-1:] in (";", ".")  # "1 University of London, UK; 2 Princeton University"
        return begins and (at == 0 or bool(closed) or (glued and text[at - 1] in " ,;") or parted)
    return begins and (bool(closed) or (at == 0 and text[match.end(1) : match.end(1) + 1] == " " and mark.islower()))


def _begins_marked(line: TextLine, wanted: set[str]) -> bool:
    return _split_at_marks(line, wanted)[0][0] != ""


def _of_one_kind(entries: Sequence[_MarkedPlace]) -> list[_MarkedPlace]:
    """Entries whose marks are of the kind (digits, letters, signs) that most places have: others mark notes."""
    kinds = [
        "digit" if e.mark.isdigit() else "letter" if e.mark.isascii() and e.mark.isalpha() else "sign" for e in entries
    ]
    votes = Counter(kind for kind, e in zip(kinds, entries, strict=True) if is_place(e.text))
    if not votes:
        return [e for e in entries if kind_of(e.text) != "other" and not _NOTE.match(e.text)]
    chosen = max(votes, key=lambda kind: (votes[kind], kind == "digit"))
    own = [e for kind, e in zip(kinds, entries, strict=True) if kind == chosen]
    return [e for e in own if not _NOTE.match(e.text) and (kind_of(e.text) != "other" or chosen == "digit")]


def _tidy(text: str) -> str:
    """A place without addresses of mail and pages, and without the signs around it."""
    text = re.sub(r"\s+", " ", _MAIL.sub("", text.replace(SOFT_HYPHEN, ""))).strip(" ,;:|·&")
    text = re.sub(r"[,;]?\s(?:and|und)$", "", text).strip(" ,;")
    if text.endswith((")", "）")) and not re.search(r"[(（]", text):
        text = text[:-1]  # the whole list stands in brackets
    return text if re.search(r"\b[A-Z]\.[A-Z]\.$", text) else text.rstrip(". ")


def _on_lines(names: Sequence[PrintedName], others: Sequence[Placed]) -> dict[int, str]:
    """For each name that stands alone in its line what follows it there."""
    in_line = Counter(name.placed.order for name in names)
    return {at: _on_line(name, others) for at, name in enumerate(names) if in_line[name.placed.order] == 1}


def _on_line(name: PrintedName, others: Sequence[Placed]) -> str:
    """What follows the name on its own line, in another type, in brackets or behind a comma."""
    line = name.placed.line
    lead = lead_of_names(name.placed)
    if lead is None:
        head, _, rest = line.text.partition(",")
        if plain_words(head) != plain_words(name.text) or not is_place(rest.strip()):
            return ""
        return "" if is_behind_name(rest.strip()) else _tidy(rest)
    rest = line.text[len(lead.text) :].strip(" ,;()–—")
    below = [p.line for p in others if _follows(line, p.line) and p.line.baseline > line.baseline + 1]
    if below and _UNFINISHED.search(rest):
        rest = f"{rest} {below[0].text}"
    return _tidy(rest)


def _by_place(names: Sequence[PrintedName], others: Sequence[Placed]) -> dict[int, str]:
    """For each name the place that stands below it, up to the next name in its column."""
    lines = {id(name.placed): name.placed for name in names}
    found: dict[int, str] = {}
    for at, name in enumerate(names):
        own = name.placed.line
        below = [p for p in others if p.line.baseline > own.baseline + 0.3 * own.size]
        under = [p for p in below if _over(p.line, own.x0, own.x1)]
        columns = _columns([p.line for p in under if p.line.baseline < own.baseline + _LINE * 2 * own.size])
        if len(columns) > 1:  # one line of names over several blocks
            under = [p for p in under if _over(p.line, name.x0, name.x1)]
        x0, x1 = (name.x0, name.x1) if len(columns) > 1 else (own.x0, own.x1)
        nexts = [p.line for p in lines.values() if p.line.baseline > own.baseline + 0.3 * own.size]
        nexts = [line for line in nexts if _over(line, x0, x1)]
        limit = _limit(own, [p.line for p in under or below], nexts)
        block = [p for p in (under or below) if p.line.baseline < limit]
        if text := _block_text(block):
            found[at] = text
    return found


def _over(line: TextLine, x0: float, x1: float) -> bool:
    return line.x0 < x1 and x0 < line.x1


def _columns(lines: Sequence[TextLine]) -> list[tuple[float, float]]:
    """x-ranges of lines that stand beside each other."""
    ranges: list[tuple[float, float]] = []
    for line in sorted(lines, key=lambda line: line.x0):
        if ranges and line.x0 < ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], line.x1))
        else:
            ranges.append((line.x0, line.x1))
    return ranges


def _limit(own: TextLine, under: Sequence[TextLine], nexts: Sequence[TextLine]) -> float:
    """Where the block below a name ends: at the next name that other lines part from it."""
    for line in sorted(nexts, key=lambda line: line.baseline):
        if any(own.baseline < other.baseline < line.baseline - 1 for other in under):
            return line.baseline - 1
    return float("inf")


def _block_text(block: Sequence[Placed]) -> str:
    """The place that lines below each other name; mail, dates and what stands far below are left out."""
    text, last = "", None
    for placed in sorted(block, key=lambda placed: (placed.line.baseline, placed.line.x0)):
        line, is_told = placed.line, placed.line_kind == "place"
        far = last is not None and line.baseline - last.baseline > _LINE * max(line.size, last.size)
        piece = _tidy(line.without_raised() if not line.runs[0].raised else line.text)
        if last is not None and far and text:
            break
        if not piece:
            last = line
            continue
        if not text:
            if (kind_of(piece) == "other" and not is_told) or _NOTE.match(piece):
                continue
            text = piece + (SOFT_HYPHEN if line.text.endswith(SOFT_HYPHEN) else "")
        elif kind_of(piece) == "other" and not is_told and (not re.search(r"\d", piece) or _is_clearly_other(piece)):
            break
        else:
            wraps = last is not None and (_UNFINISHED.search(last.text) is not None or _is_wrapped(last, line))
            text = _with_next(text, piece, wraps=wraps)
        last = line
    return text.rstrip(SOFT_HYPHEN).strip(" ,;")


def _is_clearly_other(text: str) -> bool:
    """Whether a line with numbers is no address: a date, a number of pages."""
    _, place, other = scores(text)
    return other > place + 2


def _told_in_notes(names: Sequence[PrintedName], notes: Sequence[Placed]) -> dict[int, str]:
    """Sentences of notes that say who is where: "A. Lovelace is with the Analytical Society, London (e-mail …)"."""
    text = ""
    for placed in notes:
        piece = placed.line.text
        text = text[:-1] + piece if text.endswith(SOFT_HYPHEN) else f"{text} {piece}"
    told: dict[int, str] = defaultdict(str)
    said = 0
    for match in _IS_WITH.finditer(text):
        # A stop behind two letters ends a sentence, one behind a letter is an initial's.
        ends = [end.end() for end in _SENTENCE_END.finditer(text, said, match.start())]
        start = max([said, match.start() - _LONGEST_SUBJECT, *ends[-1:]])
        said = match.end("where")
        subject = text[start : match.start()]
        where = re.sub(r"\s+", " ", match["where"]).strip(" ,;.")
        where = f"{where}." if re.search(r"\b[A-Z]\.[A-Z]$", where) else where  # "U.K."
        everybody = re.search(r"\b(?:the|all) authors?\s*$", subject, re.IGNORECASE) is not None
        for at, name in enumerate(names):
            surname = re.escape(_surname(name.text))
            if everybody or re.search(rf"(?<!\w){surname}(?!\w)", subject, re.IGNORECASE):
                told[at] = told[at] or where
    return told


def _surname(name: str) -> str:
    words = name.replace(",", " ").split()
    while len(words) > 1 and is_suffix(words[-1]):
        words.pop()
    return words[-1]


def _above(names: Sequence[PrintedName], front: Iterable[Placed], *, title: Sequence[Placed]) -> dict[int, str]:
    """The institution on the title page of a thesis, where it stands above the title and its one author."""
    top = min(placed.line.baseline for placed in title)
    texts = [_tidy(p.line.without_raised()) for p in front if p.line.baseline < top]
    place = next((text for text in texts if is_place(text) and not re.search(r"\d", text)), "")
    return {0: place} if len(names) == 1 else {}
