"""Authors in order, with their marks, from the lines between title and abstract.

Which lines hold names is judged by ``kb.parsing.first_page``; where it is silent, by the type of the first line that
does. How a list parts its names is form: commas, conjunctions, marks, gaps.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from kb.ids import plain_words
from kb.names import PARTICLES, is_suffix
from kb.parsing.first_page import KINDS, is_place, scores
from kb.parsing.glyphs import Style
from kb.parsing.layout import Placed
from kb.parsing.page import Run, TextLine, only_first, without_first
from kb.text import HAN, HANGUL, is_set_solid

# ------------------------------------------------------------------------------------------------- names

_NO_NAME = re.compile(r"@|https?:|www\.|[\d\[\]{}/:=]")
_SIGNS = "∗*†‡§¶?^#∥‖⊥ˆ"
_ORCID = re.compile(r"\s*[(\[]?(?:https?://orcid\.org/)?\d{4}-\d{4}-\d{4}-\d{3}[\dX][)\]]?")
_BY = re.compile(r"^(?:by|von|par|por)\s+(?=\S+\s+\S)", re.IGNORECASE)
_DEGREES = re.compile(
    r"^(?:Ph\.?\s?D\.?|M\.?\s?D\.?|M\.?P\.?H\.?|Dr\.?|Prof\.?|IEEE|ACM"
    r"|(?:Student |Senior |Graduate Student |Life )?(?:Member|Fellow)|M\.?Sc\.?|B\.?Sc\.?)$",
    re.IGNORECASE,
)
_LETTERS_BEHIND = re.compile(r"\(?(?:[A-Z][A-Za-z]{0,2}[A-Z]\.?|(?:[A-Z][a-z]?\.){2,})\)?")
_OTHERS = re.compile(r"\bet\.? al\b")  # a running head
_IN_BRACKETS = re.compile(r"\([^()]*[^\W\d_]{2}[^()]*\)")
_TOLD_NAME = re.compile(r"(?=.*[^\W\d_]{3})[^\W\d_](?:[^\W\d_]|[.'’‐-])*(?: [^\W\d_](?:[^\W\d_]|[.'’‐-])*){0,4}")
"""What may be a name where authors are expected: one word, small letters."""
_TITLES = re.compile(r"^(?:(?:Prof|Dr|Mr|Mrs|Ms|Dipl|Ing|rer|nat|habil)\.-?\s*)+(?=\w)", re.IGNORECASE)
_JOINER = re.compile(r"(?:d|l|al|el|ben|ibn|bin)[-'’]\w", re.IGNORECASE)
_CJK_NAME = re.compile(rf"[{HAN}]{{2,4}}|[{HANGUL}]{{2,4}}|[{HAN}]{{1,4}}·[{HAN}·]{{1,12}}")
_AND = re.compile(r"\s+(?:and|und|et|y|e)(?:\s+|$)|^(?:and|und)\s+", re.IGNORECASE)
_SEPARATORS = ",;\n·•&|，、；/"
_MARK = r"(?:\d{1,2}|[a-z]|[∗*†‡§¶#])"
_SET_MARKS = re.compile(
    r"(?<=[\d,])[a-z](?![^\W\d_])|\s\(?[a-z]\)(?=[\s,]|$)|(?<=[^\W\d_])\s[a-h](?=\s*(?:[,;]|$))"
    rf"|[(\[]\s*{_MARK}(?:\s?,?\s?{_MARK})*\s*[)\]]"
)
"""Marks that are not raised: "Lovelace a,b", "Turing (1,2)"."""
_MOST_WORDS = 7
_MOST_LINES = 500  # of a byline


class PrintedName(NamedTuple):
    """A printed author: name, the marks at it, the line it stands in, and from where to where it does."""

    text: str
    marks: str
    placed: Placed
    x0: float
    x1: float


class _Part(NamedTuple):
    """A piece of a line between separators: its text from ``start`` on, and the marks behind it."""

    text: str
    marks: str
    start: int
    placed: Placed


def is_name(text: str) -> bool:
    """Whether a text has the form of one person's name: two words or more that begin with capitals, or 2–4 Han."""
    if _CJK_NAME.fullmatch(text.replace(" ", "")):
        return True
    if _NO_NAME.search(text) or any(map(is_set_solid, text)):
        return False
    words = re.sub(r"\.(?=[^\W\d_])", ". ", text).split()
    if not 2 <= len(words) <= _MOST_WORDS or not any(len(word.strip(".")) > 1 for word in words):
        return False
    first, last = words[0], words[-1]
    if first.lower() in PARTICLES and first.islower() and len(words) < 3:
        return False
    return all(_is_word_of_name(word) for word in words) and (last[:1].isupper() or _JOINER.match(last) is not None)


def read_as_names(texts: Sequence[str]) -> bool:
    """Whether texts that have the form of names are judged to be names, and not places or prose. One name may look like
    anything: they are judged together."""
    if not texts or _CJK_NAME.fullmatch(texts[0].replace(" ", "")):
        return True
    said = [scores(text) for text in texts]
    name, place, other = (sum(one[kind] for one in said) for kind in range(len(KINDS)))
    return name + 1.0 * len(texts) > max(place, other)


def _is_word_of_name(word: str) -> bool:
    letters = all(sign.isalpha() or unicodedata.combining(sign) or sign in ".-‐‑'’‘`´" for sign in word)
    begins = word[:1].isupper() or word in PARTICLES or word in ("y", "e", "i", "-") or _JOINER.match(word) is not None
    return letters and begins


def read_authors(front: Sequence[Placed], *, title: Sequence[Placed], stated: str) -> tuple[str, ...] | None:
    """Authors in order, or None when the lines below the title are not clearly names.

    Args:
        front: the front matter in the order of painting, which is the author's own order.
        title: the title's lines.
        stated: the "Author" of the document information, a second witness.
    """
    names = read_byline(front, title=title).names
    if names:
        return tuple(name.text for name in names)
    # Nothing certain is printed: what the information states counts where the front matter prints each name too.
    listed = [part.strip() for part in re.split(r"\s*;\s*|\s+and\s+|,\s+", stated) if part.strip()]
    text = plain_words(" ".join(placed.line.without_raised() for placed in front))
    if listed and all(is_name(part) and plain_words(part) in text for part in listed):
        return tuple(listed)
    return None


class Byline(NamedTuple):
    """The names that are printed below a title, and the lines among and below them that hold none."""

    names: list[PrintedName]
    others: list[Placed]


def read_byline(front: Sequence[Placed], *, title: Sequence[Placed]) -> Byline:
    """Names and other lines in the order of painting; no names when what is a name there is not certain."""
    below = _lines_below(front, title=title)
    by_line = _names_by_line(below)
    alike = _names_alike(below, by_line)
    lists = _told_lists(below, by_line)
    names = _distinct([name for lines in lists for name in _names_of_list(lines)])
    if alike and not _says_more(names, alike):
        own = {name.placed.order for name in alike}
        return Byline(alike, [p for p in below if p.order not in own and by_line[id(p)] is not None])
    own = {placed.order for lines in lists for placed in lines}
    others = [p for p in below if p.order not in own]
    for placed in (p for p in below if p.order in own):
        rest = _behind_names(placed)
        if rest is not None and rest.line.runs[0].raised:  # the list of places begins on the line of names
            others.append(rest)
    return Byline(names, sorted(others, key=lambda placed: placed.order))


def _says_more(names: Sequence[PrintedName], alike: Sequence[PrintedName]) -> bool:
    """Whether the names of judged lines are all of those alike, and more that are set like them."""
    had = {name.text for name in alike}
    more = [name for name in names if name.text not in had]
    if not more or len(more) + len(had) != len(names):
        return False
    return all(any(_is_mostly_alike(name.placed.line, one.placed.line) for one in alike) for name in more)


def _behind_names(placed: Placed) -> Placed | None:
    """What stands behind the names of a line, as a line of its own."""
    lead = _leading_names(placed) or lead_of_names(placed)
    if lead is None:
        return None
    behind = placed.line.text[len(lead.text) :]
    rest = without_first(placed.line, len(lead.text) + len(behind) - len(behind.lstrip(" ,;(–—")))
    return replace(placed, line=rest) if rest.text and rest.runs else None


def _told_lists(below: Sequence[Placed], names: dict[int, list[PrintedName] | None]) -> list[list[Placed]]:
    """The lines that are judged to hold authors, those of one list together. Lines of names alone, in the type of one
    that is, stand with them."""
    told = [p for p in below if p.line_kind in ("author", "both") and not _OTHERS.search(p.line.text)]
    if not told:
        return []
    first, last = told[0].order, told[-1].order
    lists: list[list[Placed]] = []
    for before, placed in zip((None, *below), below, strict=False):
        near = first - 3 <= placed.order <= last + 3 and any(_is_mostly_alike(placed.line, one.line) for one in told)
        if placed not in told and not (near and placed.line_kind in ("other", "mail") and names[id(placed)]):
            continue
        follows = before is not None and bool(lists) and lists[-1][-1] is before and "both" not in (
            placed.line_kind, before.line_kind)  # fmt: skip
        if follows and before is not None and _goes_on(before.line, placed.line, most=2.6):
            lists[-1].append(placed)
        else:
            lists.append([placed])
    return lists


def _names_of_list(lines: Sequence[Placed]) -> list[PrintedName]:
    """The names of lines that are judged to hold authors: whatever of them has the form of a name. None where a quarter
    of it has not."""
    if lines[0].line_kind == "both":
        return _names_before_place(lines[0])
    parts: list[_Part] = []
    for placed in lines:
        # What stands in brackets is no name: "(Member, IEEE)".
        blank = _IN_BRACKETS.sub(lambda match: " " * len(match[0]), placed.line.text)
        own = _parts(placed, replace(placed.line, text=blank))
        joined = _joined(parts[-1:], own[:1])
        broken = parts and own and not (is_name(_bare(parts[-1])) and is_name(_bare(own[0])))
        if broken and len(joined) == 1 and is_name(_bare(joined[0])) and not is_behind_name(_bare(own[0])):
            own = [*joined, *own[1:]]
            parts.pop()
        parts += own
    return _checked_told(parts) or (_names_before_place(lines[0]) if len(lines) == 1 else [])


def _names_before_place(placed: Placed) -> list[PrintedName]:
    """The names with which a line begins that is judged to hold authors."""
    lead = _leading_names(placed) or lead_of_names(placed)
    return [] if lead is None else _checked_told(_parts(placed, lead))


def _checked_told(parts: Sequence[_Part]) -> list[PrintedName]:
    found: list[PrintedName] = []
    strange = 0
    for part in parts:
        bare = _bare(part).strip(" ()[]")
        if not bare or _DEGREES.match(bare) or (found and (is_suffix(bare) or is_behind_name(bare))):
            if found:
                found[-1] = _with_behind(found[-1], bare, part.marks)
            continue
        bare = _TITLES.sub("", bare if found else _BY.sub("", bare))
        if is_name(bare) or _TOLD_NAME.fullmatch(bare):
            found.append(_printed(bare, part))
        else:
            strange += 1
    return found if 3 * strange <= len(found) else []


def _names_alike(below: Sequence[Placed], names: dict[int, list[PrintedName] | None]) -> list[PrintedName]:
    """The names of the lines that are set like the first line of names; none where others are set like it."""
    first = min((p for p in below if names[id(p)]), key=lambda p: (round(p.line.baseline), p.line.x0), default=None)
    if first is None:
        return []
    found: list[PrintedName] = []
    for placed in below:
        own, alike = names[id(placed)], _is_alike(placed.line, first.line)
        if own and (alike or _is_mostly_alike(placed.line, first.line) or _is_beside(placed.line, first.line)):
            found += own
        elif alike and own is not None and not _is_other_matter(placed.line.text):
            return []  # set like the authors, yet no names: what is a name here is not certain
    return _distinct(found)


def _distinct(names: list[PrintedName]) -> list[PrintedName]:
    """The names, none where one is printed twice: it is no byline, or read wrongly."""
    return names if len({plain_words(name.text) or name.text for name in names}) == len(names) else []


def _lines_below(front: Sequence[Placed], *, title: Sequence[Placed]) -> list[Placed]:
    """The lines of the byline (below the title, or judged to be of it) in the order of painting; marks that were
    painted apart are put where they stand."""
    bottom = max(placed.line.baseline for placed in title)
    above = ("author", "both", "place", "mail") if any(p.line_kind == "author" for p in front) else ()
    below = [p for p in front if p not in title and (p.line.baseline > bottom or p.line_kind in above)]
    below.sort(key=lambda placed: placed.order)
    if len(below) > _MOST_LINES:
        return []  # a page of something else
    loose = [p for p in below if _is_loose_mark(p.line)]
    rest = [p for p in below if not _is_loose_mark(p.line)]
    for mark in loose:
        beside = [at for at, p in enumerate(rest) if _stands_at(mark.line, p.line)]
        if beside:
            at = min(beside, key=lambda at: rest[at].line.baseline - mark.line.baseline)
            rest[at] = replace(rest[at], line=_with_mark(rest[at].line, mark.line))
    for at in range(len(rest) - 1):  # a list that was painted from below
        one, two = rest[at].line, rest[at + 1].line
        over = min(one.x1, two.x1) - max(one.x0, two.x0) > 0.5 * min(one.width, two.width)
        if over and _is_mostly_alike(one, two) and 0 < one.baseline - two.baseline < 1.8 * one.size:
            rest[at], rest[at + 1] = rest[at + 1], rest[at]
    return rest


def _is_loose_mark(line: TextLine) -> bool:
    text = line.text.replace(" ", "").replace(",", "")
    return 0 < len(text) <= 4 and (text.isdigit() or all(map(is_sign, text)) or (len(text) == 1 and text.islower()))


def is_sign(sign: str) -> bool:
    """Whether a sign between names can only be a mark: daggers, suits of cards, arrows, icons, private glyphs."""
    return len(sign) == 1 and (sign in _SIGNS or unicodedata.category(sign) in ("So", "Sm", "Sk", "Co"))


def _stands_at(mark: TextLine, line: TextLine) -> bool:
    """Whether a mark stands, raised, in, before or behind a line."""
    down = line.baseline - mark.baseline
    raised = 0.1 * line.size < down < 0.9 * line.size and mark.size < line.size
    return raised and line.x0 - line.size < mark.x1 and mark.x0 < line.x1 + line.size


def _with_mark(line: TextLine, mark: TextLine) -> TextLine:
    """The line with a raised mark behind the last word that ends left of it."""
    place = next((start for start, x0, x1 in line.words if (x0 + x1) / 2 > mark.x0), len(line.text))
    while place and line.text[place - 1] == " ":
        place -= 1
    grown = len(mark.text)
    words = [(s if s < place else s + grown, x0, x1) for s, x0, x1 in line.words] + [(place, mark.x0, mark.x1)]
    runs: list[Run] = []
    for run in line.runs:
        if run.end <= place or run.start >= place:
            moved = grown if run.start >= place else 0
            runs.append(run._replace(start=run.start + moved, end=run.end + moved))
        else:
            runs += [run._replace(end=place), run._replace(start=place + grown, end=run.end + grown)]
    runs.append(Run(place, place + grown, mark.runs[0].style, raised=True))
    return replace(
        line, text=line.text[:place] + mark.text + line.text[place:], words=tuple(sorted(words)),
        runs=tuple(sorted(runs)), x0=min(line.x0, mark.x0), x1=max(line.x1, mark.x1),
    )  # fmt: skip


def _is_alike(line: TextLine, other: TextLine) -> bool:
    """Whether two lines begin in one type."""
    a, b = _lead_style(line), _lead_style(other)
    return abs(a.size - b.size) <= 0.05 * a.size and (a.font, a.bold) == (b.font, b.bold)


def _is_mostly_alike(line: TextLine, other: TextLine) -> bool:
    """Whether most of two lines is set in one type ("and" may be smaller)."""
    return abs(line.size - other.size) <= 0.05 * line.size and (line.font, line.bold) == (other.font, other.bold)


def _is_beside(line: TextLine, other: TextLine) -> bool:
    """Whether two lines of one font, in whatever sizes, stand in one row."""
    return abs(line.baseline - other.baseline) < 3 and line.font == other.font and line.size < 1.2 * other.size


def _lead_style(line: TextLine) -> Style:
    """The type in which a line begins, marks aside."""
    return next((run.style for run in line.runs if not run.raised), line.runs[0].style)


def lead_of(line: TextLine) -> TextLine | None:
    """What stands before a change of type, where a place follows: "ADA LOVELACE, Analytical Society"."""
    style = _lead_style(line)
    end = next((run.start for run in line.runs if not run.raised and run.style[:2] != style[:2]), len(line.text))
    if line.text[end - 1 : end].isalpha() and line.text[end : end + 1].isalpha():
        return None  # small capitals
    rest = line.text[end:].strip(" ,;()")
    return only_first(line, end) if sum(map(str.isalpha, rest)) > 2 and is_place(rest) else None


def lead_of_names(placed: Placed) -> TextLine | None:
    """The names with which a line begins that goes on with where they work; None where it does not."""
    lead = _leading_names(placed) if placed.line_kind == "both" else None
    return lead or lead_of(placed.line) or _before_brackets(placed.line)


def _leading_names(placed: Placed) -> TextLine | None:
    """The beginning of a line up to the first piece that is rather a place than a name."""
    parts = _parts(placed)
    count = 0
    while count < len(parts):
        bare = _bare(parts[count]).strip(" ()[]")
        name, place, _ = scores(bare)
        behind = count > 0 and (is_suffix(bare) or _DEGREES.match(bare) is not None)
        if not behind and not (is_name(bare) and place < name + (1.0 if count == 0 else 0.0)):
            break
        count += 1
    if not 0 < count < len(parts):
        return None
    return only_first(placed.line, len(placed.line.text[: parts[count].start].rstrip(" ,;(–—")))


def _names_by_line(below: Sequence[Placed]) -> dict[int, list[PrintedName] | None]:
    """The names of each line, by its ``id``; None for a line whose words belong to the names of the line before."""
    found: dict[int, list[PrintedName] | None] = {id(placed): _names_of(placed) for placed in below}
    for placed, after in pairwise(below):
        one, two = found[id(placed)], found[id(after)]
        if one is not None and not (one and two) and _goes_on(placed.line, after.line):
            joined = _checked(_joined(_parts(placed), _parts(after)))
            if len(joined) > 1 or (joined and not one and not two):
                found[id(placed)], found[id(after)] = joined, None
    for placed in below:
        if found[id(placed)] == [] and (lead := lead_of_names(placed)):
            found[id(placed)] = _names_of(placed, lead)
    top = min(below, key=lambda placed: (round(placed.line.baseline), placed.line.x0), default=None)
    if top is not None and found[id(top)] == []:
        name, _, rest = top.line.text.partition(",")
        if is_place(rest.strip()):  # right below the title: "Ada Lovelace, Analytical Society"
            found[id(top)] = _names_of(top, only_first(top.line, len(name)))
    return found


def _before_brackets(line: TextLine) -> TextLine | None:
    """The name of "Ada Lovelace (London)"."""
    match = re.fullmatch(r"(?P<name>[^()]{4,60}?)\s*\([^()@]{3,80}\)[.,;]?", line.text)
    return only_first(line, match.end("name")) if match and is_name(match["name"].strip()) else None


def _goes_on(line: TextLine, after: TextLine, *, most: float = 1.8) -> bool:
    """Whether the second line is the next one of the same list of names, at most so many sizes below."""
    down = after.baseline - line.baseline
    return _is_alike(line, after) and 0 < down < most * line.size and after.x0 < line.x1


def _joined(before: list[_Part], after: list[_Part]) -> list[_Part]:
    """Pieces of two lines of one list; a name that the line's end broke is whole again."""
    if not before or not after or before[-1].marks:
        return [*before, *after]
    whole = before[-1]._replace(text=f"{before[-1].text} {after[0].text}", marks=after[0].marks)
    return [*before[:-1], whole, *after[1:]]


def _is_other_matter(text: str) -> bool:
    """Places, addresses, marks, dates: what stands among authors without being one."""
    letters = sum(char.isalpha() for char in text)
    if _NO_NAME.search(text) or letters < 3 or is_place(text):
        return True
    pieces = [piece.strip() for piece in re.split(r"[,;&]|\band\b", text) if piece.strip()]
    names = sum(is_name("".join(sign for sign in piece if not is_sign(sign)).strip()) for piece in pieces)
    return len(pieces) > 1 and 2 * names < len(pieces)  # an address has few names between its commas


def _names_of(placed: Placed, line: TextLine | None = None) -> list[PrintedName]:
    """The names of a line, or of its beginning ``line``, that holds nothing else; empty when it holds anything else."""
    return _checked(_parts(placed, line))


def _checked(parts: Sequence[_Part]) -> list[PrintedName]:
    found: list[PrintedName] = []
    for part in parts:
        bare = _bare(part)
        if not bare or _DEGREES.match(bare.strip("() ")) or (found and is_suffix(bare)):
            if found:
                found[-1] = _with_behind(found[-1], bare, part.marks)
            continue
        bare = _TITLES.sub("", bare if found else _BY.sub("", bare))
        if not is_name(bare):
            return []
        found.append(_printed(bare, part))
    return found if read_as_names([name.text for name in found]) else []


def _printed(bare: str, part: _Part) -> PrintedName:
    x0, x1 = _extent(part)
    return PrintedName(_cased(bare), part.marks, part.placed, x0, x1)


def _with_behind(name: PrintedName, bare: str, marks: str) -> PrintedName:
    """The name with what stands behind its comma: "Jr." belongs to it, a degree does not; both may have marks."""
    text = f"{name.text}, {bare}" if is_suffix(bare) else name.text
    return name._replace(text=text, marks=f"{name.marks} {marks}".strip())


def is_behind_name(text: str) -> bool:
    """Degrees, memberships and icons behind a name, by their form: "FRS", "MSc", "iD"."""
    return _LETTERS_BEHIND.fullmatch(text) is not None or sum(map(str.isalpha, text)) <= 2


def _bare(part: _Part) -> str:
    """A piece without the signs around it; "Jr." keeps its stop."""
    text = re.sub(r"\s+", " ", part.text).strip()
    return text if re.search(r"\b(?:Jr|Sr)\.$", text) else text.strip(" .;:")


def _extent(part: _Part) -> tuple[float, float]:
    line = part.placed.line
    end = part.start + len(part.text.rstrip())
    own = [(x0, x1) for start, x0, x1 in line.words if part.start <= start < end]
    return (own[0][0], own[-1][1]) if own else (line.x0, line.x1)


def _cased(name: str) -> str:
    if re.fullmatch(rf"(?:[{HAN}] )+[{HAN}]", name):
        return name.replace(" ", "")
    if not (name.isupper() and len(name) > 4) or any(map(is_set_solid, name)):
        return name
    parts = name.split()
    return " ".join(_part_cased(part, is_first=at == 0) for at, part in enumerate(parts))


def _part_cased(part: str, *, is_first: bool) -> str:
    if not is_first and (part.lower() in PARTICLES or part in ("Y", "E", "I")):
        return part.lower()
    if "." in part or (len(part) < 3 and not re.search(r"[AEIOU]", part)) or re.fullmatch(r"I{2,3}|IV", part):
        return part  # initials and numbers
    return part.title()


def _parts(placed: Placed, line: TextLine | None = None) -> list[_Part]:
    """Text of a line, or of its beginning ``line``, between commas, "and", marks and wide gaps, each with the marks
    that follow it."""
    line = line or placed.line
    text = list(line.text)
    marks = raised_signs(line)
    for match in _ORCID.finditer(line.text):
        for at in range(match.start(), match.end()):
            text[at], marks[at] = " ", False
    for at, char in enumerate(text):
        if is_sign(char) or char.isdigit():  # no name has digits
            marks[at] = True
    for match in _SET_MARKS.finditer("".join(text)):
        for at in range(match.start(), match.end()):
            marks[at] = text[at] != " "
    for match in re.finditer(r"(?<=\s)[–—](?=\s)", line.text):
        text[match.start()] = "\n"
    for (start, _, end), (after, x0, _) in zip(line.words, line.words[1:], strict=False):
        if x0 - end > 0.75 * line.size and after > start and text[after - 1] == " ":
            text[after - 1] = "\n"  # a gap as wide as between columns
    return [part for whole in _cut("".join(text), marks, placed) for part in _han_names(whole)]


def raised_signs(line: TextLine) -> list[bool]:
    """Of each character of a line whether it is raised; blanks never are."""
    marks = [False] * len(line.text)
    for run in line.runs:
        if run.raised:
            for at in range(run.start, min(run.end, len(line.text))):
                marks[at] = line.text[at] != " "
    return marks


def _han_names(part: _Part) -> list[_Part]:
    """Names of two to four Han that blanks part: "张三 李四"."""
    words = part.text.split()
    if len(words) > 1 and all(re.fullmatch(rf"[{HAN}{HANGUL}]{{2,4}}", word) for word in words):
        return [*(part._replace(text=word, marks="") for word in words[:-1]), part._replace(text=words[-1])]
    return [part]


def _cut(text: str, marks: Sequence[bool], placed: Placed) -> list[_Part]:
    parts: list[_Part] = []
    name, mark, start = "", "", 0
    at = 0
    while at < len(text):
        conjunction = _AND.match(text, at) if text[at].isspace() or at == 0 else None
        if marks[at]:
            mark += text[at]
        elif text[at] in _SEPARATORS and mark and name and _mark_follows(text, marks, at):
            mark += ","  # between two marks of one name
        elif conjunction or text[at] in _SEPARATORS or (mark and text[at].isalpha()):
            parts.append(_Part(name, mark, start, placed))
            begins = text[at].isalpha() and not conjunction
            at += (conjunction.end() - at if conjunction else 1) - 1
            name, mark, start = (text[at] if begins else ""), "", at + (not begins)
        else:
            name += text[at]
        at += 1
    parts.append(_Part(name, mark, start, placed))
    return [part for part in parts if part.text.strip() or part.marks]


def _mark_follows(text: str, marks: Sequence[bool], at: int) -> bool:
    """Whether a mark stands right after ``at``, or after one blank."""
    after = at + 1 + (text[at + 1 : at + 2] == " ")
    return after < len(marks) and marks[after]
