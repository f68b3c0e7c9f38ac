"""The fields of an entry of a list of references: a linear-chain CRF over its words, and rules for what has a form.

The field of each word is the one of the likeliest chain (``kb.parsing.chains``; for references Peng and McCallum
2004). The weights, ``data/reference_fields.npz``, were trained on records set in very many styles
(``tests/benchmarks/references_train.py`` has the data and the figures).
A DOI, an arXiv id and a year are known by their form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from kb.ids import find_arxiv_ids
from kb.names import PARTICLES, is_suffix, means_others
from kb.parsing.chains import chain_of
from kb.records import Name

FIELDS = ("author", "title", "venue", "year", "number", "pages", "editor", "publisher", "other")
"""What a word of an entry can be of; ``number``: volume and issue."""
_MOST_WORDS = 400  # of an entry: a longer one is no entry
_WORD = re.compile(r"[^\W_]+|[^\w\s]|_")
_YEAR = re.compile(r"(?<![\d.:/-])(?:1[5-9]|20)\d\d(?=[a-z]?(?![\d/]))(?:\s?[–-]\s?(?:1[5-9]|20)\d\d(?!\d))?")
_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+(?:\s(?=\S*[/.?=]\S*)\S+)?|\bdoi\s?:?\s?10\.\S+|\b10\.\d{4,9}/\S+", re.IGNORECASE
)
_QUOTES = {"“": "”", "„": "“", "«": "»", "‘": "’", '"': '"', "「": "」"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFields:
    """What an entry says; "" and () where it does not, or where it was not understood."""

    authors: tuple[Name, ...] = ()
    title: str = ""
    venue: str = ""
    year: str = ""
    pages: str = ""
    doi: str = ""
    arxiv: str = ""


# ---------------------------------------------------------------------------------------------- words and features


def words_of(text: str) -> list[tuple[int, int]]:
    """Where the words and signs of a text stand, at most as many as an entry can have."""
    return [match.span() for match in _WORD.finditer(text)][:_MOST_WORDS]


def _shape(word: str) -> str:
    if word.isdigit():
        return f"9{min(len(word), 5)}"
    if not word[0].isalnum():
        return word if word in ".,:;()[]&/-–“”\"'" else "~"
    if any(sign.isdigit() for sign in word):
        return "x9"
    if word[0] >= "\u2e80":
        return "c"
    if len(word) == 1:
        return "A" if word.isupper() else "a"
    if word.isupper():
        return f"AA{min(len(word), 4)}"
    return "Aa" if word[0].isupper() else "aa"


def features(text: str, words: Sequence[tuple[int, int]]) -> list[list[str]]:
    """Of each word: itself and its neighbours, their shapes, and where it stands among the signs of the entry."""
    spelt = [text[start:end] for start, end in words]
    low = ["<", "<", *(f"9{len(word)}" if word.isdigit() else word.casefold() for word in spelt), ">", ">"]
    shapes = ["<", "<", "<", *map(_shape, spelt), ">", ">", ">"]
    addressed = {at for match in _ADDRESS.finditer(text) for at in range(*match.span())}
    found: list[list[str]] = []
    closing, depth, years, stops, since, last = "", 0, 0, 0, 0, "<"
    for at, (start, _) in enumerate(words):
        word, w, s = spelt[at], low[at : at + 5], shapes[at : at + 7]
        if closing and word == closing:
            closing = ""
        elif not closing and word in _QUOTES and _QUOTES[word] in text[start + 1 :]:
            closing = _QUOTES[word]
        depth += (word in "([") - (at > 0 and spelt[at - 1] in ")]")
        spaced = start > 0 and text[start - 1].isspace()
        after = next((sign for sign in shapes[at + 4 :] if not sign[0].isalnum()), ">")
        place = f"{bool(closing)}{min(max(depth, 0), 1)}{min(years, 1)}"
        of_word = [
            "1", f"w{w[2]}", f"-{w[1]}", f"+{w[3]}", f"={w[0]}", f"#{w[4]}", f"b{w[1]} {w[2]}", f"n{w[2]} {w[3]}",
            f"s{s[3]}{spaced}", f"t{s[2]} {s[3]} {s[4]}", f"l{s[1]} {s[2]} {s[3]}", f"r{s[3]} {s[4]} {s[5]}",
            f"f{s[1]} {s[2]} {s[3]} {s[4]} {s[5]}", f"g{s[0]} {s[1]} {s[2]} {s[3]}", f"h{s[3]} {s[4]} {s[5]} {s[6]}",
            f"e{w[2][-3:]}", f"p{w[2][:3]}", f"d{10 * at // len(words)}", f"a{min(at, 3)}{s[3]}",
            f"q{place}{s[3]}", f"o{place}{last} {after}", f"k{min(stops, 4)}{min(years, 1)}{s[3]}",
            f"y{min(since, 12)}{last}{s[3]}", f"u{start in addressed}", f"m{last}{w[2]}", f"v{after}{s[3]} {last}",
            f"z{len(words) - at if len(words) - at < 6 else 9}{s[3]}", f"c{stops}{place}" if stops < 4 else "c",
        ]  # fmt: skip
        found.append(of_word)
        if _shape(word)[0].isalnum() or word in "'’":
            since += 1
        else:
            last, since = _shape(word), 0
        stops += word == "." and at > 0 and len(spelt[at - 1]) > 1 and not spelt[at - 1].isdigit()
        years += bool(_YEAR.fullmatch(word))
    return found


def tagged(text: str, words: Sequence[tuple[int, int]]) -> list[str]:
    """The field of each word."""
    return chain_of("reference_fields.npz", labels=FIELDS).labelled(features(text, words))


# --------------------------------------------------------------------------------------------------------- fields

_LABEL = re.compile(r"^\s*(?:\[[^\]]{1,40}\]|\(\d{1,3}\)|\d{1,3}\.(?=\s|[A-ZÀ-Þ]))\s*")
_DOI = re.compile(r"\b10\.\d{4,9}\s?/\s?[^\s\"<>“”]+", re.IGNORECASE)
_BEGIN, _END = " \t.,;:“”\"„’‘'/&–-*", ' \t.,;:“”"„‘/&–-'


def read_fields(text: str, *, label: str | None = None) -> ReferenceFields:
    """The fields of an entry as it is printed; ``label`` is the number or key before it, which is no part of them."""
    bare = without_label(text, label)
    words = words_of(bare)
    runs = _runs(bare, words, tagged(bare, words))
    titles = [run for run in runs if run[0] == "title"]
    title = max(titles, key=lambda run: run[2] - run[1], default=None)
    if title is not None:
        title = _with_beginning(title, runs)
    venues = [run for run in runs if run[0] == "venue" and (title is None or run[1] >= title[2] or run[2] <= title[1])]
    first = min((start for _, start, _ in (*titles, *venues)), default=len(bare))
    people = next((bare[start:end] for name, start, end in runs if name == "author" and start <= first), "")
    said = {"title": trimmed(bare[title[1] : title[2]]) if title else "",
            "venue": trimmed(bare[venues[0][1] : venues[0][2]]) if venues else ""}  # fmt: skip
    pages = _pages(bare, runs)
    if not said["title"] and not pages and not any(name == "number" for name, *_ in runs):
        said = {"title": said["venue"], "venue": ""}  # a book, a page of the web: what is in no volume is no part
    arxiv = _arxiv(bare)
    if arxiv and not said["venue"] and (named := re.search(r"\barxiv\b", bare, re.IGNORECASE)):
        said["venue"] = named[0]
    return ReferenceFields(
        authors=names_of(people), year=_year(bare, runs), pages=pages, doi=_doi(bare), arxiv=arxiv, **said
    )


def without_label(text: str, label: str | None = None) -> str:
    """An entry without the number or key before it."""
    if marked := _LABEL.match(text):
        return text[marked.end() :]
    return text[len(label) :] if label is not None and text.startswith(label) else text


_Run = tuple[str, int, int]  # field, start, end


def _with_beginning(title: _Run, runs: Sequence[_Run]) -> _Run:
    """The title with what stands between it and the authors or the year before them, whatever it was taken for."""
    start = title[1]
    for name, first, _ in reversed([run for run in runs if run[2] <= title[1]]):
        if name not in ("venue", "pages", "number", "publisher", "title"):
            break
        start = first
    begins_behind = any(name in ("author", "year") and end <= start for name, _, end in runs)
    return ("title", start, title[2]) if begins_behind else title


def _pages(text: str, runs: Sequence[_Run]) -> str:
    """The pages that stand in no address and are no period of years."""
    closed = [match.span() for match in _ADDRESS.finditer(text)]
    has_year = any(name == "year" for name, *_ in runs)
    for name, start, end in runs:
        value = trimmed(text[start:end])
        is_years = not has_year and _YEAR.fullmatch(value) is not None
        if name == "pages" and value and not is_years and not any(low <= start < high for low, high in closed):
            return value
    return ""


def imprint_runs(text: str) -> list[_Run]:
    """Field, start and end of each run of words of what a first page says of its publication."""
    words = words_of(text)
    chain = chain_of("imprint.npz", labels=FIELDS)
    return _runs(text, words, chain.labelled(features(text, words)))


def _runs(text: str, words: Sequence[tuple[int, int]], chain: Sequence[str]) -> list[_Run]:
    """Field, start and end of each run of words of one field; one that a sign or two interrupt goes on."""
    places = [(name, list(group)) for name, group in groupby(range(len(words)), key=lambda at: chain[at])]
    runs: list[_Run] = []
    for name, group in places:
        start, end = words[group[0]][0], words[group[-1]][1]
        last = next((at for at in range(len(runs) - 1, -1, -1) if runs[at][0] == name), None)
        if last is not None and not any(sign.isalnum() for sign in text[runs[last][2] : start]):
            runs[last] = (name, runs[last][1], end)
        else:
            runs.append((name, start, end))
    return sorted(runs, key=lambda run: run[1])


def trimmed(value: str) -> str:
    """A field without the signs that part it from others; a bracket stays where both are there."""
    value = value.lstrip(_BEGIN).rstrip(_END)
    for opened, closed in ("()", "[]"):
        if value.count(opened) > value.count(closed):
            value = value.rstrip(opened).rstrip(_END) if value.endswith(opened) else value
            value = value.lstrip(opened) if value.startswith(opened) else value
        elif value.count(closed) > value.count(opened) and value.endswith(closed):
            value = value[:-1].rstrip(_END)
    return value


def _year(text: str, runs: Sequence[_Run]) -> str:
    """The year that the tagger found, else the last that looks like one and is of no address, title or page."""
    for name, start, end in runs:
        if name == "year" and (match := _YEAR.search(text, max(0, start - 1), min(len(text), end + 1))):
            return match[0].replace(" ", "")
    closed = [match.span() for match in _ADDRESS.finditer(text)]
    closed += [(start, end) for name, start, end in runs if name in ("title", "number")]
    found = [m[0] for m in _YEAR.finditer(text) if not any(start <= m.start() < end for start, end in closed)]
    return found[-1].replace(" ", "") if found else ""


def _doi(text: str) -> str:
    match = _DOI.search(text)
    if match is None:
        return ""
    bare = re.sub(r"\s", "", match[0]).rstrip(".,;:>”’\"'")
    while bare.endswith((")", "]", "}")) and bare.count(bare[-1]) > bare.count(
        {")": "(", "]": "[", "}": "{"}[bare[-1]]
    ):
        bare = bare[:-1].rstrip(".,;:")
    return bare


def _arxiv(text: str) -> str:
    """The arXiv id that an entry names: its archive, or arXiv, must be named besides a number of the new form."""
    found = find_arxiv_ids(re.sub(r"(?<=\d{4}\.)\s(?=\d{4,5}\b)", "", text))
    named = re.search(r"arxiv|corr\b|\babs/", text, re.IGNORECASE) is not None
    return next((identifier for identifier, _ in found if named or "/" in identifier), "")


# ---------------------------------------------------------------------------------------------------------- names

_INITIALS = re.compile(r"(?:[^\W\d_a-zà-ÿ]\.?(?:[\s-]+|(?=[^\W\d_a-zà-ÿ])|$)){1,5}")
_PARTED = re.compile(r"\s*;\s*|\s*/\s+|\s+(?:and|und|et|y|e|og|och|en|&)\s+|\s*,\s*(?:and|und|et|&)\s+|\s+&|&\s+")
_OTHERS = re.compile(r"[,;]?\s*(?:\b(?:et\s+al|u\.\s?a|and\s+others)\b\.?|\.\.\.|…|等)")


def names_of(text: str) -> tuple[Name, ...]:
    """The people of a list, as their names are parted and turned there: "Smith, J., Lee, K. and Doe, J."."""
    text = re.sub(r"\s+", " ", _OTHERS.sub("", text)).strip(" ,;:(/&")
    text = re.sub(r"\s*\((?:eds?|hrsg)\.?\)?$", "", text, flags=re.IGNORECASE).strip()
    groups = [[piece.strip() for piece in group.split(",")] for group in _PARTED.split(text)]
    groups = [[piece for piece in group if piece.strip(" .")] for group in groups]
    names: list[Name] = []
    for group in groups:
        pieces: list[str] = []
        for piece in group:
            if pieces and is_suffix(piece):
                pieces[-1] += f", {piece}"
            else:
                pieces.append(piece)
        names += _of_group(pieces, is_first=not names)
    return tuple(name for name in names if (name.family or name.literal) and not means_others(str(name)))


def _is_initials(piece: str) -> bool:
    return _INITIALS.fullmatch(piece.strip() + " ") is not None and len(re.findall(r"[^\W_]", piece)) <= 5


def _of_group(pieces: list[str], *, is_first: bool) -> list[Name]:
    """The names between two signs that part names: "Smith, J., Lee, K.", "J. Smith, K. Lee" or "Smith, John, Kim
    Lee"."""
    names: list[Name] = []
    at = 0
    given_after = [_is_initials(piece) for piece in pieces]
    turned = sum(given_after[1::2]) * 2 >= len(pieces) - 1 > 0 and not any(given_after[0::2])
    while at < len(pieces):
        piece = pieces[at]
        after = pieces[at + 1] if at + 1 < len(pieces) else ""
        alone = len(piece.split()) <= 3 and not re.search(r"\b[^\W\d_]\.", piece)
        if after and (turned or _is_initials(after)) and not _is_initials(piece):
            names.append(_name(after, piece))
            at += 2
        elif (
            after
            and is_first
            and at == 0
            and alone
            and (len(piece.split()) == 1 or _small(piece))
            and len(pieces) in (2, 3)
        ):
            names.append(_name(after, piece))  # "Smith, John, and Kim Lee": only the first is turned
            at += 2
        elif (
            after
            and alone
            and len(piece.split()) == 1
            and len(pieces) % 2 == 0
            and all(len(p.split()) == 1 for p in pieces[::2])
        ):
            names.append(_name(after, piece))
            at += 2
        else:
            names.append(_plain_name(piece))
            at += 1
    return names


def _small(piece: str) -> bool:
    return piece.split()[0].lower() in PARTICLES


def _name(given: str, family: str) -> Name:
    family, _, suffix = family.partition(", ")
    return Name(given=given.strip(), family=family.strip(), suffix=suffix)


def _plain_name(piece: str) -> Name:
    """A name in one piece: given names first, or "Smith JA", the initials behind and without stops."""
    piece, _, suffix = piece.partition(", ")
    spaced = re.sub(r"(?<=[^\W\d_]\.)(?=[^\W\d_]{2})", " ", piece)
    words = spaced.split()
    if words and is_suffix(words[-1]) and len(words) > 1:
        suffix = words.pop()
    behind = len(words)
    while behind > 1 and re.fullmatch(r"[^\W\d_a-zà-ÿ]{1,3}(?:-?[^\W\d_a-zà-ÿ])?\.?", words[behind - 1]):
        behind -= 1
    if behind < len(words) and not re.fullmatch(r"[^\W\d_]\.?", words[0]):
        return Name(given=" ".join(words[behind:]), family=" ".join(words[:behind]), suffix=suffix)
    at = len(words) - 1
    while at > 1 and words[at - 1].lower().rstrip(".") in PARTICLES:
        at -= 1
    if at == 1 and words[0].lower() in PARTICLES:
        at = 0
    return Name(given=" ".join(words[:at]), family=" ".join(words[at:]), suffix=suffix)
