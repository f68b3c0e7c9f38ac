"""Authors in order, and where each of them works, from the lines between title and abstract and from notes.

What ties a name to a place is form alone: the same mark at both, the place below the name in its column of the byline,
beside it on its line, or the surname in a note. Which lines name persons and which name places is told by their order
and type, and, where these do not tell, by a small linear model over pieces of words (``front.json``): on lines of
papers that it was not trained on, places are found with precision 97% and recall 94% (a list of institutions' words:
93% and 62%); ``tests/benchmarks/front_train.py`` trains and scores it.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

from kb.ids import plain_words
from kb.names import PARTICLES
from kb.parsing.glyphs import SOFT_HYPHEN, Style
from kb.parsing.layout import PageLayout, Placed
from kb.parsing.lines import Run, TextLine, only_first
from kb.records import AuthorAffiliation
from kb.text import HAN, HANGUL, is_set_solid

# ------------------------------------------------------------------------------- names, places, other things

Kind = Literal["name", "place", "other"]
KINDS: tuple[Kind, ...] = ("name", "place", "other")
TABLE = 1 << 13
"""How many features the model tells apart."""


def features(text: str) -> list[int]:
    """What the model sees of a printed line: pieces of its words, their case, signs, how many there are."""
    words = re.findall(r"[^\W\d_]+|\d+|[^\w\s]", text)
    shape = re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", text))
    grams = {f"#{min(len(words), 12)}", f"~{shape[:12]}"}
    for word in words:
        if not word[0].isalpha():
            grams.add("0" * len(word) if word.isdigit() else word)
            continue
        grams.add("A" if word.isupper() else "a" if word.islower() else "Aa")
        padded = f"<{word.casefold()}>"
        grams |= {padded[at : at + n] for n in (2, 3, 4, 5) for at in range(len(padded) - n + 1)} | {padded}
    return sorted({zlib.crc32(gram.encode()) % TABLE for gram in grams})


@lru_cache(maxsize=1)
def _weights() -> tuple[float, list[float], tuple[int, ...]]:
    said = json.loads((Path(__file__).parent / "data" / "front.json").read_text("utf-8"))
    table = memoryview(base64.b64decode(said["table"])).cast("b")
    return said["scale"], said["intercept"], tuple(table)


@lru_cache(maxsize=4096)
def _scores(text: str) -> tuple[float, float, float]:
    """How much speaks for each of ``KINDS``."""
    scale, intercept, table = _weights()
    places = features(text)
    share = scale / max(1.0, len(places) ** 0.5)
    name, place, other = (
        intercept[kind] + share * sum(table[3 * at + kind] for at in places) for kind in range(len(KINDS))
    )
    return name, place, other


def kind_of(text: str) -> Kind:
    """What a line or a piece of a byline most likely is."""
    scores = _scores(text)
    return KINDS[scores.index(max(scores))]


def is_place(text: str) -> bool:
    """Whether a text rather names a place of work than anything else."""
    return kind_of(text) == "place"


# ------------------------------------------------------------------------------------------------- names

_NO_NAME = re.compile(r"@|https?:|www\.|[\d\[\]{}/:=]")
_SIGNS = "∗*†‡§¶?^#∥‖⊥ˆ"
_ORCID = re.compile(r"\s*[(\[]?(?:https?://orcid\.org/)?\d{4}-\d{4}-\d{4}-\d{3}[\dX][)\]]?")
_BY = re.compile(r"^(?:by|von|par|por)\s+(?=\S+\s+\S)", re.IGNORECASE)
_DEGREES = re.compile(
    r"^(?:Ph\.?\s?D\.?|M\.?\s?D\.?|M\.?P\.?H\.?|Dr\.?|Prof\.?|IEEE|ACM"
    r"|(?:Student |Senior |Graduate Student |Life )?(?:Member|Fellow)|M\.?Sc\.?|B\.?Sc\.?|Jr\.?|Sr\.?|II|III)$",
    re.IGNORECASE,
)
_TITLES = re.compile(r"^(?:(?:Prof|Dr|Mr|Mrs|Ms|Dipl|Ing|rer|nat|habil)\.-?\s*)+(?=\w)", re.IGNORECASE)
_JOINER = re.compile(r"(?:d|l|al|el|ben|ibn|bin)[-'’]\w", re.IGNORECASE)
_CJK_NAME = re.compile(rf"[{HAN}]{{2,4}}|[{HANGUL}]{{2,4}}|[{HAN}]{{1,4}}·[{HAN}·]{{1,12}}")
_AND = re.compile(r"\s+(?:and|und|et|y|e)(?:\s+|$)|^(?:and|und)\s+", re.IGNORECASE)
_SEPARATORS = ",;\n·•&|，、；/"
_SET_MARKS = re.compile(
    r"(?<=[\d,])[a-z](?![^\W\d_])|\s\(?[a-z]\)(?=[\s,]|$)|(?<=[^\W\d_])\s[a-h](?=\s*(?:[,;]|$))|[(\[][\d,\s*]+[)\]]"
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
    names = printed_names(front, title=title)
    if names:
        return tuple(name.text for name in names)
    # Nothing certain is printed: what the information states counts where the front matter prints each name too.
    listed = [part.strip() for part in re.split(r"\s*;\s*|\s+and\s+|,\s+", stated) if part.strip()]
    text = plain_words(" ".join(placed.line.without_raised() for placed in front))
    if listed and all(is_name(part) and plain_words(part) in text for part in listed):
        return tuple(listed)
    return None


def printed_names(front: Sequence[Placed], *, title: Sequence[Placed]) -> list[PrintedName]:
    """The names printed below the title, in the order of painting; none when what is a name there is not certain."""
    below = _byline(front, title=title)
    return _certain_names(below, _names_by_line(below))


def _certain_names(below: Sequence[Placed], names: dict[int, list[PrintedName] | None]) -> list[PrintedName]:
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
    distinct = {plain_words(name.text) or name.text for name in found}
    return found if len(distinct) == len(found) else []


def _byline(front: Sequence[Placed], *, title: Sequence[Placed]) -> list[Placed]:
    """The lines below the title in the order of painting, marks that were painted apart put where they stand."""
    bottom = max(placed.line.baseline for placed in title)
    below = [p for p in front if p not in title and p.line.baseline > bottom]
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
    return 0 < len(text) <= 4 and (text.isdigit() or all(map(_is_sign, text)) or (len(text) == 1 and text.islower()))


def _is_sign(sign: str) -> bool:
    """Whether a sign between names can only be a mark: daggers, suits of cards, arrows, icons, private glyphs."""
    return sign in _SIGNS or unicodedata.category(sign) in ("So", "Sm", "Sk", "Co")


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
    a, b = lead_style(line), lead_style(other)
    return abs(a.size - b.size) <= 0.05 * a.size and (a.font, a.bold) == (b.font, b.bold)


def _is_mostly_alike(line: TextLine, other: TextLine) -> bool:
    """Whether most of two lines is set in one type ("and" may be smaller)."""
    return abs(line.size - other.size) <= 0.05 * line.size and (line.font, line.bold) == (other.font, other.bold)


def _is_beside(line: TextLine, other: TextLine) -> bool:
    """Whether two lines of one font, in whatever sizes, stand in one row."""
    return abs(line.baseline - other.baseline) < 3 and line.font == other.font and line.size < 1.2 * other.size


def lead_style(line: TextLine) -> Style:
    """The type in which a line begins, marks aside."""
    return next((run.style for run in line.runs if not run.raised), line.runs[0].style)


def lead_of(line: TextLine) -> TextLine | None:
    """What stands before a change of type, where a place follows: "ADA LOVELACE, Analytical Society"."""
    style = lead_style(line)
    end = next((run.start for run in line.runs if not run.raised and run.style[:2] != style[:2]), len(line.text))
    rest = line.text[end:].strip(" ,;()")
    return only_first(line, end) if sum(map(str.isalpha, rest)) > 2 and is_place(rest) else None


def _names_by_line(below: Sequence[Placed]) -> dict[int, list[PrintedName] | None]:
    """The names of each line, by its ``id``; None for a line whose words belong to the names of the line before."""
    found: dict[int, list[PrintedName] | None] = {id(placed): _names_of(placed.line, placed) for placed in below}
    for placed, after in pairwise(below):
        one, two = found[id(placed)], found[id(after)]
        if one is not None and not (one and two) and _goes_on(placed.line, after.line):
            joined = _checked(_joined(_parts(placed.line), _parts(after.line)), placed)
            if len(joined) > 1 or (joined and not one and not two):
                found[id(placed)], found[id(after)] = joined, None
    for placed in below:
        if found[id(placed)] == [] and (lead := lead_of(placed.line) or _before_brackets(placed.line)):
            found[id(placed)] = _names_of(lead, placed)
    top = min(below, key=lambda placed: (round(placed.line.baseline), placed.line.x0), default=None)
    if top is not None and found[id(top)] == []:
        name, _, rest = top.line.text.partition(",")
        if is_place(rest.strip()):  # right below the title: "Ada Lovelace, Analytical Society"
            found[id(top)] = _names_of(only_first(top.line, len(name)), top)
    return found


def _before_brackets(line: TextLine) -> TextLine | None:
    """The name of "Ada Lovelace (London)"."""
    match = re.fullmatch(r"(?P<name>[^()]{4,60}?)\s*\([^()@]{3,80}\)[.,;]?", line.text)
    return only_first(line, match.end("name")) if match and is_name(match["name"].strip()) else None


def _goes_on(line: TextLine, after: TextLine) -> bool:
    """Whether the second line is the next one of the same list of names."""
    down = after.baseline - line.baseline
    return _is_alike(line, after) and 0 < down < 1.8 * line.size and after.x0 < line.x1


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
    names = sum(is_name("".join(sign for sign in piece if not _is_sign(sign)).strip()) for piece in pieces)
    return len(pieces) > 1 and 2 * names < len(pieces)  # an address has few names between its commas


def _names_of(line: TextLine, placed: Placed) -> list[PrintedName]:
    """The names of a line that holds nothing else; empty when it holds anything else."""
    return _checked(_parts(line), placed)


def _checked(parts: Sequence[_Part], placed: Placed) -> list[PrintedName]:
    found: list[PrintedName] = []
    for part in parts:
        bare = re.sub(r"\s+", " ", part.text).strip(" .;:")
        bare = part.text.strip() if re.search(r"\b(?:Jr|Sr)\.$", part.text.strip()) else bare
        if not bare or _DEGREES.match(bare.strip("() ")):
            if found:
                found[-1] = found[-1]._replace(marks=f"{found[-1].marks} {part.marks}".strip())
            continue
        bare = _TITLES.sub("", bare if found else _BY.sub("", bare))
        if not is_name(bare):
            return []
        x0, x1 = _extent(placed.line, part)
        found.append(PrintedName(_cased(bare), part.marks, placed, x0, x1))
    texts = [name.text for name in found]
    if not texts or _CJK_NAME.fullmatch(texts[0].replace(" ", "")):
        return found
    # One name may look like anything; the line as a whole must not look like places or prose.
    scores = [_scores(text) for text in texts]
    name, place, other = (sum(score[kind] for score in scores) for kind in range(len(KINDS)))
    return found if name + 1.0 * len(texts) > max(place, other) else []


def _extent(line: TextLine, part: _Part) -> tuple[float, float]:
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


def _parts(line: TextLine) -> list[_Part]:
    """Text between commas, "and", marks and wide gaps, each with the marks that follow it."""
    text = list(line.text)
    marks = _raised(line)
    for match in _ORCID.finditer(line.text):
        for at in range(match.start(), match.end()):
            text[at], marks[at] = " ", False
    for at, char in enumerate(text):
        if _is_sign(char) or char.isdigit():  # no name has digits
            marks[at] = True
    for match in _SET_MARKS.finditer("".join(text)):
        for at in range(match.start(), match.end()):
            marks[at] = text[at] != " "
    for (start, _, end), (after, x0, _) in zip(line.words, line.words[1:], strict=False):
        if x0 - end > 0.75 * line.size and after > start and text[after - 1] == " ":
            text[after - 1] = "\n"  # a gap as wide as between columns
    return [part for whole in _cut("".join(text), marks) for part in _han_names(whole)]


def _raised(line: TextLine) -> list[bool]:
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
        return [*(_Part(word, "", part.start) for word in words[:-1]), part._replace(text=words[-1])]
    return [part]


def _cut(text: str, marks: Sequence[bool]) -> list[_Part]:
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
            parts.append(_Part(name, mark, start))
            begins = text[at].isalpha() and not conjunction
            at += (conjunction.end() - at if conjunction else 1) - 1
            name, mark, start = (text[at] if begins else ""), "", at + (not begins)
        else:
            name += text[at]
        at += 1
    parts.append(_Part(name, mark, start))
    return [part for part in parts if part.text.strip() or part.marks]


def _mark_follows(text: str, marks: Sequence[bool], at: int) -> bool:
    """Whether a mark stands right after ``at``, or after one blank."""
    after = at + 1 + (text[at + 1 : at + 2] == " ")
    return after < len(marks) and marks[after]


# ------------------------------------------------------------------------------------------ affiliations

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
_LINE = 2.2  # of its size: what is further below goes on nothing


@dataclass(slots=True)
class _Entry:
    """A place with its mark, or without one; the lines it is printed in."""

    mark: str
    text: str
    last: TextLine


def read_affiliations(
    page: PageLayout, front: Sequence[Placed], *, title: Sequence[Placed], authors: Sequence[str], body_size: float
) -> tuple[AuthorAffiliation, ...]:
    """Every affiliation that the first page prints with the authors that it is tied to, in the order of printing.

    An author without mark has the place that stands below, beside or above the name, or that a note tells.

    Args:
        page: the first page.
        front: its front matter.
        title: the title's lines.
        authors: the names as they were read.
        body_size: of the running text, in points: notes are smaller.
    """
    byline = _byline(front, title=title)
    by_line = _names_by_line(byline)
    names = _certain_names(byline, by_line)
    if [name.text for name in names] != list(authors):
        return ()
    own = {name.placed.order for name in names}
    others = [p for p in byline if p.order not in own and by_line[id(p)] is not None]
    notes = [p for p in page.placed if _is_note(p, names=names, body_size=body_size)]
    notes.sort(key=lambda p: p.order)
    of_author: dict[int, list[str]] = defaultdict(list)
    entries = _marked_entries(others, wanted=_all_marks(names))
    if not _fits(entries, names):
        told_there = any(is_place(_tidy(p.line.text)) for p in others)
        below = _marked_entries(notes, wanted=_all_marks(names))
        # Signs lead to remarks where the byline itself says who works where.
        entries += [entry for entry in below if not told_there or entry.mark.isalnum()]
    entries = _of_one_kind(entries)
    for at, name in enumerate(names):
        for mark in _marks_of(name, known={entry.mark for entry in entries}):
            of_author[at] += [entry.text for entry in entries if entry.mark == mark and entry.text][:1]
    unmarked = [p for p in others if not _begins_marked(p.line, _all_marks(names))] if entries else others
    for at, name in enumerate(names):
        alone = sum(other.placed.order == name.placed.order for other in names) == 1
        if alone and not of_author[at] and (text := _on_line(name, others)):
            of_author[at].append(text)
    for at, text in _by_place(names, unmarked, had=of_author).items():
        of_author[at].append(text)
    told = _told_in_notes(names, notes)
    for at in range(len(names)):
        if not of_author[at] and told[at]:
            of_author[at].append(told[at])
        if not of_author[at] and len(names) == 1 and (text := _above(names[0], front, title=title)):
            of_author[at].append(text)
    places: dict[str, list[int]] = {}
    for at in range(len(names)):
        for text in dict.fromkeys(of_author[at]):
            places.setdefault(text, []).append(at)
    return tuple(
        AuthorAffiliation(text=text, authors=tuple(names[at].text for at in whose), page=page.number)
        for text, whose in places.items()
    )


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


def _fits(entries: Sequence[_Entry], names: Sequence[PrintedName]) -> bool:
    """Whether the entries explain a mark of most names that have marks."""
    known = {entry.mark for entry in entries}
    marked = [name for name in names if name.marks]
    return bool(entries) and 2 * sum(bool(_marks_of(name, known=known)) for name in marked) >= len(marked)


def _marked_entries(lines: Sequence[Placed], *, wanted: set[str]) -> list[_Entry]:
    """Places by the marks that stand before them, over lines and several on one."""
    entries: list[_Entry] = []
    current: _Entry | None = None
    behind = [_mark_behind(placed.line, wanted) for placed in lines]
    if any(behind) and not any(_begins_marked(placed.line, wanted) for placed in lines):
        return [
            _Entry(mark, _tidy(placed.line.without_raised()), placed.line)
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
            current = _Entry(mark, text, line)
            entries.append(current)
    for entry in entries:
        entry.text = _tidy(entry.text)
    return entries


def _mark_behind(line: TextLine, wanted: set[str]) -> str:
    """The raised mark with which a line ends: "Analytical Society*"."""
    last = line.runs[-1]
    mark = line.text[last.start : last.end].strip().translate(_STARS)
    return mark if last.raised and last.start > 3 and mark in wanted else ""


def _extend(entry: _Entry, text: str, line: TextLine) -> None:
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
    raised = _raised(line)
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
    if _is_sign(mark):
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


def _of_one_kind(entries: Sequence[_Entry]) -> list[_Entry]:
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


def _on_line(name: PrintedName, others: Sequence[Placed]) -> str:
    """What follows the name on its own line, in another type, in brackets or behind a comma."""
    line = name.placed.line
    lead = lead_of(line) or _before_brackets(line)
    if lead is None:
        head, _, rest = line.text.partition(",")
        if plain_words(head) != plain_words(name.text) or not is_place(rest.strip()):
            return ""
        return _tidy(rest)
    rest = line.text[len(lead.text) :].strip(" ,;()")
    below = [p.line for p in others if _follows(line, p.line) and p.line.baseline > line.baseline + 1]
    if below and _UNFINISHED.search(rest):
        rest = f"{rest} {below[0].text}"
    return _tidy(rest)


def _by_place(names: Sequence[PrintedName], others: Sequence[Placed], *, had: dict[int, list[str]]) -> dict[int, str]:
    """For each name that has no place yet the one that stands below it, up to the next name in its column."""
    lines = {id(name.placed): name.placed for name in names}
    found: dict[int, str] = {}
    for at, name in enumerate(names):
        if had[at]:
            continue
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
        block = [p.line for p in (under or below) if p.line.baseline < limit]
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


def _block_text(block: Sequence[TextLine]) -> str:
    """The place that lines below each other name; mail, dates and what stands far below are left out."""
    text, last = "", None
    for line in sorted(block, key=lambda line: (line.baseline, line.x0)):
        far = last is not None and line.baseline - last.baseline > _LINE * max(line.size, last.size)
        piece = _tidy(line.without_raised() if not line.runs[0].raised else line.text)
        if last is not None and far and text:
            break
        if not piece:
            last = line
            continue
        if not text:
            if kind_of(piece) == "other" or _NOTE.match(piece):
                continue
            text = piece + (SOFT_HYPHEN if line.text.endswith(SOFT_HYPHEN) else "")
        elif kind_of(piece) == "other" and (not re.search(r"\d", piece) or _is_clearly_other(piece)):
            break
        else:
            wraps = last is not None and (_UNFINISHED.search(last.text) is not None or _is_wrapped(last, line))
            text = _with_next(text, piece, wraps=wraps)
        last = line
    return text.rstrip(SOFT_HYPHEN).strip(" ,;")


def _is_clearly_other(text: str) -> bool:
    """Whether a line with numbers is no address: a date, a number of pages."""
    _, place, other = _scores(text)
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
        start = max(
            text.rfind(". ", 0, max(0, match.start() - 40)),
            text.rfind(") ", 0, match.start()),
            match.start() - 250,
            said,
        )
        said = match.end("where")
        subject = text[start : match.start()]
        where = re.sub(r"\s+", " ", match["where"]).strip(" ,;.")
        where = f"{where}." if re.search(r"\b[A-Z]\.[A-Z]$", where) else where  # "U.K."
        everybody = re.search(r"\b(?:the|all) authors?\s*$", subject, re.IGNORECASE) is not None
        for at, name in enumerate(names):
            surname = re.escape(name.text.split()[-1])
            if everybody or re.search(rf"(?<!\w){surname}(?!\w)", subject, re.IGNORECASE):
                told[at] = told[at] or where
    return told


def _above(name: PrintedName, front: Iterable[Placed], *, title: Sequence[Placed]) -> str:
    """The institution on the title page of a thesis, where it stands above title and author."""
    top = min(placed.line.baseline for placed in title)
    texts = [_tidy(p.line.without_raised()) for p in front if p.line.baseline < top]
    return next((text for text in texts if is_place(text) and not re.search(r"\d", text)), "")
