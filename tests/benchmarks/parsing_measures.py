"""What of a paper was read right: each measure takes the truth of one file and an engine's reading (``readings.py``).

A measure yields points: the name of a figure, what was reached, out of how much, and what was wrong. Figures of several
files are sums of reached over sums of "out of", so a file counts by what it prints. F1 is 2·right over typed + found.
Where an engine does not offer a thing, its reading has no such key, and nothing is yielded; what it offers and does not
find counts as zero.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

Truth = dict[str, Any]
Reading = dict[str, Any]
UNKNOWN = "\ufffd"


class Point(NamedTuple):
    """One thing that was looked at; ``fault`` says what was wrong, and is empty where nothing was."""

    name: str
    reached: float
    of: float
    fault: str = ""


# ------------------------------------------------------------------------------------------ equal texts

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−­"), "-")
_QUOTES = {**dict.fromkeys(map(ord, "‘’‚‛′`´"), "'"), **dict.fromkeys(map(ord, "“”„‟″«»"), '"')}
_LOOK_ALIKE = str.maketrans({"∗": "*", "⁎": "*", "⋅": "·", "∙": "·", "∆": "Δ", "∑": "Σ", "∏": "Π", "–": "−", "‐": "-",
                             "‑": "-", "ʹ": "′", "∼": "~", "˜": "~", "∣": "|", "∥": "‖", "〈": "⟨", "〉": "⟩", "◦": "°",
                             "∘": "°", "º": "°", "∊": "∈", "⩽": "≤", "⩾": "≥", "∖": "\\", "⋯": "..."})  # fmt: skip


_SCRIPT = re.compile(r"(?<=[\w)\]%])\^(?=[-−+{\d])|(?<=\d)_(?=[-−+\d])")
"""What a reading tells raised or lowered digits by, where they are typed as such or not told apart."""


def folded(text: str) -> str:
    """Without case, kinds of dashes and quotation marks, and what blanks are; accents are kept, composed."""
    text = unicodedata.normalize("NFKC", text).translate(_DASHES | _QUOTES)
    return " ".join(text.casefold().split())


def letters(text: str) -> str:
    """Letters and digits alone, without case."""
    return "".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).casefold()))


def as_signs(text: str) -> str:
    """Signs as they look, without blanks: ligatures and styles of letters undone, look-alike code points as one."""
    text = unicodedata.normalize("NFKC", text).translate(_LOOK_ALIKE)
    return re.sub(r"\s", "", text)


def _cell(text: str) -> str:
    return as_signs(text.translate(_DASHES | _QUOTES))


# ------------------------------------------------------------------------------------------ front matter


def title(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Titles that are the typed one, but for case, quotation marks and dashes."""
    if "title" in truth and "title" in reading:
        yield _equal("title", folded(reading["title"]), folded(truth["title"]))


def authors(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Lists of authors that are the typed one: all, in order; blanks and full stops do not count."""
    if "authors" in truth and "authors" in reading:
        yield _equal("authors", [letters(a) for a in reading["authors"]], [letters(a) for a in truth["authors"]])


def affiliations(truth: Truth, reading: Reading) -> Iterator[Point]:
    """F1 of pairs of author and affiliation, over the authors whose affiliation was typed. Two affiliations are one
    when 0.8 of their words agree (Dice), or the found one holds the typed one."""
    if "affiliations" not in truth or "affiliations" not in reading:
        return
    typed = [(letters(r["author"]), text) for r in truth["affiliations"] for text in r["affiliations"]]
    whose = {author for author, _ in typed}
    found = [(letters(author), text) for author, text in reading["affiliations"] if letters(author) in whose]
    left, right = list(found), 0
    for author, text in typed:
        same = next((pair for pair in left if pair[0] == author and _one_affiliation(pair[1], text)), None)
        if same:
            left.remove(same)
            right += 1
    fault = "" if right == len(typed) == len(found) else f"{right} of {len(typed)} pairs, wrong {left[:2]}"
    yield Point("affiliations, F1 of pairs", 2 * right, len(typed) + len(found), fault)


def _one_affiliation(found: str, typed: str) -> bool:
    ours, theirs = Counter(folded(found).split()), Counter(folded(typed).split())
    dice = 2 * (ours & theirs).total() / max(1, ours.total() + theirs.total())
    return dice >= 0.8 or letters(typed) in letters(found)


def abstract(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Abstracts that begin, and that end, with the typed words; where none is printed, none may be found."""
    for name, key, test in (("start", "abstract_start", str.startswith), ("end", "abstract_end", str.endswith)):
        if key in truth and "abstract" in reading:
            found, typed = letters(reading["abstract"]), letters(truth[key])
            right = test(found, typed) if typed else not found
            shown = reading["abstract"][:60] if name == "start" else reading["abstract"][-60:]
            yield Point(f"abstract, {name}", right, 1, "" if right else f"{shown!r}, not {truth[key]!r}")


def keywords(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Lists of keywords that are the printed one, in any order."""
    if truth.get("keywords") and "keywords" in reading:
        yield _equal("keywords", sorted(map(letters, reading["keywords"])), sorted(map(letters, truth["keywords"])))


def venue(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Venues that hold the printed one, or at least half of it and nothing else."""
    if truth.get("venue") and "venue" in reading:
        found, typed = letters(reading["venue"]), letters(truth["venue"])
        right = typed in found or (found in typed and 2 * len(found) >= len(typed))
        yield Point("venue", right, 1, "" if right else f"{reading['venue']!r}, not {truth['venue']!r}")


def page_labels(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Printed numbers of pages that were read."""
    for page, typed in truth.get("page_labels", {}).items() if "page_labels" in reading else ():
        yield _equal("page labels", reading["page_labels"].get(page, ""), typed)


def _equal(name: str, found: object, typed: object) -> Point:
    return Point(name, found == typed, 1, "" if found == typed else f"{found!r}, not {typed!r}")


# ------------------------------------------------------------------------------------------ headings

_NO_HEADINGS = {"abstract", "keywords", "key words", "摘要", "关键词"}
_BEFORE = r"(?:(?:appendix|section|chapter)? ?(?:[a-z]?\d{0,2}(?:\.\d{1,2})*|[ivx]{1,5}|[a-z])[.:)]? *[.:|-]?)? *"


def headings(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Precision and recall of headings without their numbers; of those found, the share at the typed level, up to one
    shift a file. Bold words that open a paragraph (``run_in``) need not be found. The title and the headings of
    abstract and keywords count for neither."""
    if "headings" not in truth or "headings" not in reading:
        return
    typed = [(folded(h["text"]).rstrip(".: "), h["level"], h.get("run_in", False)) for h in truth["headings"]]
    left, levels, wrong = list(typed), [], []
    for text, level in reading["headings"]:
        text = folded(text).rstrip(".: ")
        same = next((h for h in left if text == h[0] or _is_numbered(text, h[0])), None)
        if same:
            left.remove(same)
            if not same[2]:
                levels.append(level - same[1])
        elif text.rstrip("—- ") not in _NO_HEADINGS and text != folded(truth.get("title", "")):
            wrong.append(text)
    missed = [text for text, _, run_in in left if not run_in]
    wanted = sum(not run_in for _, _, run_in in typed)
    right = len(typed) - len(left)
    yield Point("headings, precision", right, right + len(wrong), f"false {wrong}" if wrong else "")
    yield Point("headings, recall", wanted - len(missed), wanted, f"missed {missed}" if missed else "")
    if levels:
        usual, count = Counter(levels).most_common(1)[0]
        yield Point("headings, level", count, len(levels), "" if count == len(levels) else f"not all by {usual}")


def _is_numbered(found: str, typed: str) -> bool:
    return found.endswith(typed) and re.fullmatch(_BEFORE, found.removesuffix(typed)) is not None


# ------------------------------------------------------------------------------------------ floats and tables


def float_labels(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Precision and recall of the labels under which figures and tables are cut."""
    if "float_labels" not in truth or not _offers_labels(reading):
        return
    typed = {label.casefold() for label in truth["float_labels"]}
    found = {f["label"].casefold() for f in reading["floats"]}
    wrong, missed = sorted(found - typed), sorted(typed - found)
    yield Point("labels, precision", len(found & typed), len(found), f"false {wrong}" if wrong else "")
    yield Point("labels, recall", len(found & typed), len(typed), f"missed {missed}" if missed else "")


def _offers_labels(reading: Reading) -> bool:
    return all(f["label"] is not None for f in reading.get("floats", [{"label": None}]))


def crops(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Pictures whose intersection over union with the drawn box is 0.9, and the mean of it; a picture is the one of the
    kind with the number on the page, or, where an engine gives no labels, the best of the kind. Not found is 0."""
    for box in truth.get("boxes", ()) if "floats" in reading else ():
        here = [f for f in reading["floats"] if f["page"] == box["page"] and f["kind"] == box["kind"]]
        if box["label"] and _offers_labels(reading):
            here = [f for f in here if label_number(f["label"]) == label_number(box["label"])]
        value = max((overlap(f["box"], box["box"]) for f in here), default=0.0)
        what = f"p. {box['page']} {box['label']}: {value:.2f}"
        yield Point("crops, IoU ≥ 0.9", value >= 0.9, 1, what if value < 0.9 else "")
        yield Point("crops, mean IoU", value, 1)


def label_number(label: str) -> str:
    """The number of a label in whatever language: "Table A.1" and "Tabelle A.1" are both "a.1"."""
    match = re.search(r"(?:[A-Z]{0,2}[.-]?\d[\d.-]*[a-z]?|[IVXLC]+)$", label.strip(" .:"))
    return match[0].casefold() if match else label.casefold()


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes, in [0, 1]."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    both = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - shared
    return shared / both if both > 0 else 0.0


def tables(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Rows are paired in order so that they share most cells. A numeric cell (a digit, no letter) is alone and right
    when its row has it as a cell, in order; a cell is in place when the cell in its row and column is the same. Header
    rows are right when there are as many as typed. F1 of cells that span several rows or columns. In a table that was
    typed without what is raised or lowered ("10^19", "84.2_0.3") the reading's signs for it are not counted."""
    for table in truth.get("tables", ()) if "tables" in reading else ():
        typed = [[_cell(cell) for cell in row] for row in table["rows"]]
        has_scripts = any(_SCRIPT.search(cell) for row in typed for cell in row)
        number = label_number(table["label"])
        here = [t for t in reading["tables"] if t["page"] == table["page"]]
        here = [t for t in here if not number or label_number(t["label"]) in ("", number)]
        pairings = [(pair_rows(typed, rows := _read_rows(t, with_scripts=has_scripts)), rows, t) for t in here]
        pairs, rows, found = max(pairings, key=lambda p: _shared(typed, p[1], p[0]), default=([], [], None))
        alone = placed = 0
        for at, to in pairs:
            same = _common(typed[at], rows[to])
            alone += sum(_is_number(cell) for cell in same)
            placed += sum(bool(a) and a == b for a, b in zip(typed[at], rows[to], strict=False))
        cells = [cell for row in typed for cell in row if cell]
        numbers = sum(map(_is_number, cells))
        what = f"p. {table['page']} {table['label']}: {alone} of {numbers} numbers, {placed} of {len(cells)} cells"
        yield Point("tables, numeric cells alone and right", alone, numbers, what if alone < numbers else "")
        yield Point("tables, cells in place", placed, len(cells), what if placed < len(cells) else "")
        yield Point("tables, header rows", found is not None and found["header_rows"] == table["header_rows"], 1)
        if "spans" in table and all("spans" in one for one in reading["tables"]):
            yield _spans(table, found, dict(pairs))


def _read_rows(table: Truth, *, with_scripts: bool) -> list[list[str]]:
    rows = [[_cell(cell) for cell in row] for row in table["rows"]]
    return rows if with_scripts else [[_SCRIPT.sub("", cell) for cell in row] for row in rows]


def _spans(typed: Truth, found: Truth | None, pairs: dict[int, int]) -> Point:
    """F1 of the cells of paired rows that span rows or columns: right are those that span just as many."""
    own = {(pairs.get(row), *rest) for row, *rest in typed["spans"]}
    theirs = {tuple(span) for span in found["spans"] if span[0] in pairs.values()} if found else set()
    fault = (
        "" if own == theirs else f"p. {typed['page']} {typed['label']}: spans {sorted(theirs)}, not {typed['spans']}"
    )
    return Point("tables, F1 of spans", 2 * len(own & theirs), len(typed["spans"]) + len(theirs), fault)


def _is_number(cell: str) -> bool:
    return any(c.isdigit() for c in cell) and not any(c.isalpha() for c in cell)


def _shared(typed: list[list[str]], rows: list[list[str]], pairs: list[tuple[int, int]]) -> int:
    return sum(len(_common(typed[at], rows[to])) for at, to in pairs)


def pair_rows(typed: list[list[str]], rows: list[list[str]]) -> list[tuple[int, int]]:
    """Pairs of row numbers, rising in both, that share most cells in all."""
    bags = [Counter(filter(None, row)) for row in rows]
    value = [[(Counter(filter(None, row)) & bag).total() for bag in bags] for row in typed]
    best = np.zeros((len(typed) + 1, len(rows) + 1), dtype=int)
    for i in range(len(typed)):
        for j in range(len(rows)):
            best[i + 1, j + 1] = max(best[i, j + 1], best[i + 1, j], best[i, j] + value[i][j])
    pairs, i, j = [], len(typed), len(rows)
    while i and j:
        if value[i - 1][j - 1] and best[i, j] == best[i - 1, j - 1] + value[i - 1][j - 1]:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif best[i, j] == best[i - 1, j]:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]


def _common(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """The longest common subsequence of the cells that are not empty."""
    one, other = list(filter(None, one)), list(filter(None, other))
    best: list[list[list[str]]] = [[[] for _ in range(len(other) + 1)] for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            best[i + 1][j + 1] = [*best[i][j], a] if a == b else max(best[i][j + 1], best[i + 1][j], key=len)
    return best[-1][-1]


def equations(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Display equations: typed ones that are found, and found ones that were typed, on pages of which all were; a found
    one is the best on the page with a box that shares 0.3 of its area (IoU), each once. Of the typed ones, those with
    the printed number (or none, where none is printed), and the mean IoU of boxes without their numbers. Parts of one
    that was cut apart are false."""
    if "equations" not in truth or "equations" not in reading:
        return
    typed = truth["equations"]
    pages = {one["page"] for one in typed} | set(truth.get("pages_without_equations", ()))
    left = [one for one in reading["equations"] if one["page"] in pages or truth.get("whole")]
    for one in typed:
        here = [f for f in left if f["page"] == one["page"]]
        best = max(here, key=lambda f: overlap(f["box"], one["box"]), default=None)
        share = overlap(best["box"], one["box"]) if best else 0.0
        what = f"p. {one['page']} ({one['label']}) at {one['box']}"
        if best is not None and share >= 0.3:
            left.remove(best)
            yield Point("equations, recall", 1, 1)
            yield Point("equations, precision", 1, 1)
            same = best["label"] == one["label"]
            yield Point("equations, number", same, 1, "" if same else f"{what}: {best['label']!r}")
        else:
            yield Point("equations, recall", 0, 1, f"missed {what}, best {share:.2f}")
            yield Point("equations, number", 0, 1)
        yield Point("equations, IoU ≥ 0.7", share >= 0.7, 1, f"{what}: {share:.2f}" if 0.3 <= share < 0.7 else "")
        yield Point("equations, mean IoU", share, 1)
    for one in left:
        yield Point(
            "equations, precision", 0, 1, f"false p. {one['page']} ({one['label']}) {one.get('text', '')[:60]!r}"
        )


# ------------------------------------------------------------------------------------------ references

FIELDS = ("authors", "title", "venue", "year", "pages", "doi", "arxiv")


def references(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Typed entries that are one entry exactly: it begins and ends with their words, its label apart. Lists with as
    many entries as printed. F1 of fields over the typed entries, of all fields and of each: letters and digits are
    compared (GROBID's soft match), and what is found wrong counts against both precision and recall."""
    typed = truth.get("references")
    if not typed or "entries" not in reading:
        return
    found = reading["entries"]
    yield _equal("references, as many entries", len(found), typed["count"])
    starting = [(letters(entry["text"]), entry) for entry in found]
    for entry in typed["entries"]:
        start, end = letters(entry["starts"]), letters(entry["ends"])
        beginnings = {start, letters(entry["label"]) + start}
        own = [pair for pair in starting if any(map(pair[0].startswith, beginnings))]
        right = any(text.endswith(end) for text, _ in own)
        shown = own[0][1]["text"][-60:] if own else "no entry begins so"
        fault = "" if right else f"{entry['starts']!r} … {entry['ends']!r}: {shown!r}"
        yield Point("references, entries exact", right, 1, fault)
        yield from field_points(entry, own[0][1]["fields"] if own else {})


def field_points(typed: Truth, found: Truth) -> Iterator[Point]:
    """F1 of the fields of one entry."""
    for name in FIELDS:
        ours, theirs = (_field(record.get(name)) for record in (found, typed))
        right = bool(ours) and ours == theirs
        fault = f"{found.get(name)!r}, not {typed.get(name)!r}" if found and ours != theirs else ""
        yield Point("references, F1 of fields", 2 * right, bool(ours) + bool(theirs))
        yield Point(f"references, F1 of {name}", 2 * right, bool(ours) + bool(theirs), fault)


def _field(value: Any) -> str:
    return "|".join(map(letters, value)) if isinstance(value, list) else letters(value or "")


def citations(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Precision and recall of pairs of a typed mark and the entry it points to. A mark's link is the one on its page
    with the same mark, or a part of it ("(2019)" of "Devlin et al. (2019)"), whose context shares most words with the
    typed one."""
    for mark in truth.get("citations", ()) if "links" in reading else ():
        typed_mark = folded(mark["mark"]).replace(" ", "")
        here = [k for k in reading["links"] if k["page"] == mark["page"]]
        own = [k for k in here if folded(k["mark"]).replace(" ", "") in typed_mark]
        context = set(folded(mark["context"]).split())
        link = max(own, key=lambda k: len(context & set(folded(k["context"]).split())), default={"places": ()})
        found, typed = set(link["places"]), set(mark["places"])
        fault = "" if found == typed else f"p. {mark['page']} {mark['mark']}: {sorted(found)}, not {sorted(typed)}"
        yield Point("citations, precision", len(found & typed), len(found), fault)
        yield Point("citations, recall", len(found & typed), len(typed))


# ------------------------------------------------------------------------------------------ order and signs


def order(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Adjacent pairs of typed block starts that are both found on the page, the second after the first; footnotes and
    captions are left out, since they may stand anywhere."""
    for page in truth.get("order", ()):
        blocks = [letters(b["text"]) for b in reading.get("blocks", ()) if b["page"] == page["page"]]
        places: list[int] = []
        starts = [s for s in page["starts"] if letters(s) and s not in page.get("footnotes", ())]
        for start in starts:
            places.append(_place(letters(start), blocks, after=places[-1] if places else -1))
        for number, (one, two) in enumerate(pairwise(places)):
            right = 0 <= one < two
            what = f"p. {page['page']}: {starts[number]!r} before {starts[number + 1]!r}"
            yield Point("reading order, pairs", right, 1, "" if right else what)


def _place(start: str, blocks: Sequence[str], *, after: int) -> int:
    """Where a start stands in the letters of a page: a block's beginning rather than elsewhere, behind ``after`` rather
    than before; -1 where it does not stand. An engine may keep the number or mark of an item apart."""
    text = "".join(blocks)
    begins = np.cumsum([0, *map(len, blocks)]).tolist()
    for key in dict.fromkeys((start, start.lstrip("0123456789"))):
        found = [at for at in range(len(text)) if key and text.startswith(key, at)]
        for places in ([at for at in found if at in begins], found):
            if places:
                return next((at for at in places if at > after), places[0])
    return -1


def signs(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Typed signs that were read as they look, as something else, as U+FFFD, or not at all, where the phrase aligns
    best with the page (at most half of it edited); and signs that the page does not print, for each typed one. "^" and
    "_" that tell raised and lowered digits are none."""
    for phrase in truth.get("signs", ()):
        pattern = as_signs(phrase["phrase"])
        text = as_signs(reading["page_texts"].get(str(phrase["page"]), ""))
        text = text if _SCRIPT.search(pattern) else _SCRIPT.sub("", text)
        aligned, invented = align(pattern, text)
        read = "".join(aligned) if aligned else ""
        at = 0
        for sign in map(as_signs, phrase["signs"]):
            start = pattern.find(sign, at)
            if not sign or start < 0:
                continue
            at = start + len(sign)
            got = "".join(aligned[start:at]) if aligned else ""
            kinds = {"right": got == sign, "unknown": UNKNOWN in got, "missing": not got}
            kind = next((kind for kind, holds in kinds.items() if holds), "wrong")
            fault = "" if kind == "right" else f"p. {phrase['page']} {sign} {kind} in {phrase['phrase']!r}: {read!r}"
            for each in ("right", "wrong", "unknown", "missing"):
                yield Point(f"signs, {each}", each == kind, 1, fault if each == kind else "")
            yield Point("signs, invented", 0, 1)
        yield Point("signs, invented", len(invented), 0, f"{invented} in {phrase['phrase']!r}" if invented else "")


def align(pattern: str, text: str) -> tuple[list[str] | None, list[str]]:
    """For each sign of the pattern the sign of the text at its place ("" where it is left out), in the stretch of the
    text with fewest edits, or None where more than half would be; and the signs that are no letters or digits which the
    text has in addition or for one."""
    if not pattern or not text:
        return None, []
    codes = np.array([ord(c) for c in text])
    columns = np.arange(len(text) + 1)
    rows = [np.zeros(len(text) + 1, dtype=int)]
    for sign in pattern:
        above = rows[-1]
        row = above + 1
        row[1:] = np.minimum(row[1:], above[:-1] + (codes != ord(sign)))
        rows.append(np.minimum.accumulate(row - columns) + columns)
    j = int(np.argmin(rows[-1]))
    if 2 * rows[-1][j] > len(pattern):
        return None, []
    aligned, invented, i = [""] * len(pattern), [], len(pattern)
    while i:
        same = j and rows[i][j] == rows[i - 1][j - 1] + (text[j - 1] != pattern[i - 1])
        if same:
            i, j = i - 1, j - 1
            aligned[i] = text[j]
            if pattern[i].isalnum() and not text[j].isalnum() and text[j] != UNKNOWN:
                invented.append(text[j])
        elif rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1
            if not text[j].isalnum() and text[j] != UNKNOWN:
                invented.append(text[j])
    return aligned, invented[::-1]


# ------------------------------------------------------------------------------------------ words and evidence

_LINE_END = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010\ufffe\x02]\s*\n\s*(?=[^\W\d_])")
_CUT_WORD = re.compile(r"[^\W\d_]+[-\u00ad\u2010\ufffe\x02]\s*\n\s*[^\W\d_]+")


def tokens(text: str) -> list[str]:
    """Runs of letters of scripts that set blanks between words, without case."""
    found = re.findall(r"[^\W\d_]+", unicodedata.normalize("NFKC", text).casefold())
    return [word for word in found if all(sign < "\u2e80" or "\uac00" <= sign <= "\ud7af" for sign in word)]


def words(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Against what two plain engines read. Lost: words of two letters or more that both have (so many times as the one
    that has fewer, none cut at a line's end, none in a figure that was boxed). Glued: a word that neither has, made of
    two or three that stand side by side in one. Split: two words of one block, with a blank between, that stand side by
    side in neither and are a word of one and, elsewhere, of the engine; words cut at a line's end count as whole."""
    witnesses: list[str] = truth["witnesses"]
    own = Counter(word for block in reading.get("blocks", ()) for word in tokens(block["text"]))
    both = [Counter(tokens(_CUT_WORD.sub(" ", text))) for text in witnesses]
    in_figures = Counter(tokens(truth.get("figure_text", "")))
    expected = {w: n - in_figures[w] for w, n in (both[0] & both[-1]).items() if len(w) > 1 and n > in_figures[w]}
    lost = {word: n - own[word] for word, n in expected.items() if n > own[word]}
    total = sum(expected.values())
    worst = sorted(lost, key=lambda word: -len(word))[:20]
    yield Point("words lost", sum(lost.values()), total, f"{worst}" if lost else "")
    sides, made, known = set(), set(), set()
    for text in witnesses:
        side = tokens(_LINE_END.sub("", text))
        known.update(side, tokens(text))
        sides.update(pairwise(side))
        runs = [*pairwise(side), *zip(side, side[1:], side[2:], strict=False)]
        made.update("".join(run) for run in runs if all(word in own for word in run))
    glued = [word for word in own.elements() if word not in known and word in made]
    yield Point("words glued", len(glued), total, f"{glued[:20]}" if glued else "")
    blank = re.compile(r"([^\W\d_]+)-?\s+(?=([^\W\d_]+))")
    pairs = [(a, b) for block in reading.get("blocks", ()) for a, b in blank.findall(folded(block["text"]))]
    split = [f"{a} {b}" for a, b in pairs if a + b in known and a + b in own and (a, b) not in sides]
    yield Point("words split", len(split), total, f"{split[:20]}" if split else "")


def evidence(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Typed running heads and page numbers that can be found and cited, and typed references: a short head as a whole
    line or cell, or as the first or last word of a paragraph, a longer one wherever it stands; a reference by its first
    words and its title."""
    texts = [(e["first_page"], e["last_page"], e["text"], letters(e["text"])) for e in reading["evidence"]]
    for page in truth.get("order", ()):
        here = [(text, key) for first, last, text, key in texts if first and first <= page["page"] <= last]
        for head in page.get("furniture", ()):
            key = letters(head)
            if len(key) >= 8:
                found = any(key in whole for _, whole in here)
            else:
                pieces = {folded(piece) for text, _ in here for piece in re.split(r"\n| \| ", text)}
                ends = {end for text, _ in here for part in text.split("\n\n") for end in _ends(part)}
                found = folded(head) in pieces | ends
            yield Point("running heads in evidence", found, 1, f"p. {page['page']} {head!r}" if found else "")
    for entry in truth.get("references", {}).get("entries", ()):
        start, name = letters(entry["starts"]), letters(entry["title"])[:40]
        found = any(start in key and name in key for *_, key in texts)
        yield Point("references in evidence", found, 1, entry["starts"] if found else "")


def _ends(part: str) -> tuple[str, ...]:
    split = folded(part).split()
    return (split[0], split[-1]) if split else ()


def speed(truth: Truth, reading: Reading) -> Iterator[Point]:
    """Pages for each second of the processor: text, blocks and tables; pictures apart."""
    yield Point("pages per CPU second", reading["pages"], reading["cpu_s"])
    if "pictures_cpu_s" in reading:
        yield Point("pages per CPU second, pictures", reading["pages"], reading["pictures_cpu_s"])


MEASURES: dict[str, Callable[[Truth, Reading], Iterator[Point]]] = {
    measure.__name__: measure
    for measure in (title, authors, affiliations, abstract, keywords, venue, page_labels, headings, float_labels, crops,
                    tables, equations, references, citations, order, signs, words, evidence, speed)
}  # fmt: skip
UNITS = {"words glued": ("per 10,000 words", 1e4), "words split": ("per 10,000 words", 1e4),
         "pages per CPU second": ("", 1.0), "pages per CPU second, pictures": ("", 1.0)}  # fmt: skip
"""What is no share: its unit and factor."""
