"""Papers to set first pages of: titles, people, places, abstracts, where and when they were published.

Titles, names and abstracts are those of arXiv's records (CC0); places, journals and meetings are made of parts.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Person:
    """An author: ``places`` are numbers of the paper's places, from 0."""

    given: str
    family: str
    places: list[int]
    mail: str = ""
    orcid: str = ""

    @property
    def name(self) -> str:
        """As it is printed."""
        return f"{self.given} {self.family}".strip()


@dataclass(slots=True)
class Front:
    """What a first page prints. Places are lists of parts: department, institution, town, country."""

    title: str
    people: list[Person]
    places: list[list[str]]
    abstract: str
    keywords: list[str]
    venue: str
    year: str
    text: list[str]
    printed: dict[str, str] = field(default_factory=dict)
    """``venue`` and ``year`` as the class sets them, "" where it does not."""


# ------------------------------------------------------------------------------------------------ matter

TOWNS = (
    "Berlin, Germany;Munich, Germany;Paris, France;Lyon, France;London, UK;Edinburgh, United Kingdom;Boston, MA, USA;"
    "Seattle, WA 98195, USA;Austin, Texas;Pittsburgh, PA;Tokyo, Japan;Kyoto 606-8501, Japan;Beijing, China;"
    "Shanghai 200240, China;Hefei, P. R. China;Seoul, Republic of Korea;Daejeon 34141, South Korea;Singapore;"
    "Hong Kong SAR;Taipei, Taiwan;Hanoi, Vietnam;Bangalore, India;New Delhi 110016, India;Kanpur, India;Tehran, Iran;"
    "Haifa, Israel;Istanbul, Turkey;Athens, Greece;Milano, Italy;I-00185 Roma, Italy;Barcelona, Spain;28040 "
    "Madrid, Spain;"
    "Lisboa, Portugal;São Paulo, SP, Brazil;Buenos Aires, Argentina;Santiago, Chile;Mexico City, "
    "Mexico;Toronto, Canada;"
    "Montréal, Québec H3T 1J4, Canada;Sydney NSW 2006, Australia;Melbourne, Australia;Auckland, New Zealand;"
    "Cape Town, South Africa;Nairobi, Kenya;Cairo, Egypt;Stockholm, Sweden;SE-412 96 Gothenburg, Sweden;Oslo, Norway;"
    "2100 Copenhagen, Denmark;Helsinki, Finland;Warsaw, Poland;30-059 Kraków, Poland;Prague, Czech Republic;"
    "Budapest, Hungary;Vienna, Austria;8093 Zürich, Switzerland;CH-1015 Lausanne, Switzerland;Amsterdam, "
    "The Netherlands;"
    "5600 MB Eindhoven, The Netherlands;Leuven, Belgium;Moscow, Russia;Kyiv, Ukraine;Chapel Hill, NC;Ithaca, New York;"
    "Princeton, New Jersey 08544, USA;Pasadena, California 91125;Stanford, CA 94305;Dublin 4, "
    "Ireland;Riyadh, Saudi Arabia"
).split(";")
_BODIES = (
    "University of {t};{t} University;Technical University of {t};Université de {t};Universität {t};Universidad de {t};"
    "Università di {t};{t} Institute of Technology;Institute for {f};National Institute of {f};{t} "
    "University of Technology;"
    "{f} Research Centre;Max Planck Institute for {f};{n} Laboratory;{n} National Laboratory;{n} "
    "Research;{n} Inc.;{n} AI;"
    "{n} Labs;{n} University;{n} College;{n} Institute;Center for {f};Centre for {f};Academy of "
    "Sciences;Chinese Academy of Sciences;"
    "Google Research;Microsoft Research Asia;IBM Research;Meta AI;DeepMind;NVIDIA;INRIA;CNRS;CERN;ETH "
    "Zürich;EPFL;MIT CSAIL;"
    "CNRS, LIRIS;{t} General Hospital;{t} School of Medicine;Institut de {f};Institut für {f};Consiglio "
    "Nazionale delle Ricerche;"
    "Bosch Center for Artificial Intelligence;Independent Researcher;{n} GmbH;{n} Observatory;Allen "
    "Institute for AI;RIKEN;KAIST"
).split(";")
_PARTS = (
    "Department of {f};Dept. of {f};School of {f};Faculty of {f};Institute of {f};{f} Group;Laboratory for {f};"
    "Department of Computer Science;Division of {f};College of {f};Center for {f};Graduate School of {f};"
    "State Key Laboratory of {f};Dipartimento di {f};Département de {f};Fakultät für {f};{f} Unit;Chair of "
    "{f};{f} Department"
).split(";")
_FIELDS = (
    "Physics;Mathematics;Computer Science;Computer Science and Engineering;Statistics;Chemistry;Biology;Elec"
    "trical Engineering;"
    "Information Science;Mechanical Engineering;Materials Science;Economics;Psychology;Neuroscience;Astronom"
    "y;Astrophysics;"
    "Theoretical Physics;Applied Mathematics;Linguistics;Data Science;Robotics;Medicine;Public "
    "Health;Informatics;Geophysics;"
    "Environmental Sciences;Civil Engineering;Software Engineering;Artificial Intelligence;Cognitive "
    "Science;Epidemiology"
).split(";")
_MATTERS = (
    "Applied {f};Journal of {f};International Journal of {f};{f} Letters;Transactions on {f};Annals of {f};{f} Review;"
    "Advances in {f};{f};European Journal of {f};{f} and {g};Archives of {f};Proceedings of the {n} Society;{f} Today;"
    "{n} Journal of {f};Open {f};Reviews of {f};The {n} Review;Acta {f};{f} Research;Frontiers of {f};Notes on {f}"
).split(";")
_MEETINGS = (
    "Proceedings of the {o} International Conference on {f};Proceedings of the {o} Annual Meeting of the {n} Society;"
    "{o} Conference on {f} ({a} {y});Proceedings of {a} {y};{a} ’{s};{o} Workshop on {f};International "
    "Symposium on {f};"
    "{a} {y};Proceedings of the {y} Conference on {f};{y} IEEE International Conference on {f} ({a})"
).split(";")
_PARTICLES = "van der;de la;von;van;de;di;dos;El;Ben;Le;ter;von der".split(";")
_PLAIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿŁłŚśŠšŽžČčĆćĘęĄąŃńŇňŘřŐőŰűİıĞğŞşŹźŻż .'’-]+")


class Matter:
    """Titles, names, abstracts of arXiv's records; places, journals and meetings made of parts."""

    def __init__(self, data: Path, draw: random.Random) -> None:
        self.draw = draw
        with gzip.open(data / "arxiv" / "records.jsonl.gz", "rt") as lines:
            records = [json.loads(line) for _, line in zip(range(24_000), lines, strict=False)]
        clean = re.compile(r"[\w\s.,:;()?!'’/+=*<>-]+")
        self.names = sorted({n for r in records for n in r["authors"] if _PLAIN.fullmatch(n) and " " in n})
        self.titles = sorted({" ".join(r["title"].split()) for r in records if clean.fullmatch(r["title"])
                              and r["title"].isascii() and "_" not in r["title"]})  # fmt: skip
        self.texts = [t for r in records if (t := " ".join(r["abstract"].split())).isascii() and clean.fullmatch(t)
                      and "_" not in t and "<" not in t and ">" not in t]  # fmt: skip
        draw.shuffle(self.texts)
        self.at = 0

    def next_text(self) -> str:
        """An abstract that no other page has."""
        self.at += 1
        return self.texts[self.at % len(self.texts)]

    def filled(self, form: str, *, town: str = "", year: str = "2020") -> str:
        """A form with a field, a name, an ordinal and so on."""
        draw = self.draw
        number = draw.randint(2, 60)
        ordinal = draw.choice([f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10 * (number // 10 != 1), 'th')}",
                               "Twenty-Third", "Ninth"])  # fmt: skip
        said = {"f": draw.choice(_FIELDS), "g": draw.choice(_FIELDS), "n": draw.choice(self.names).split()[-1],
                "t": town.split(",")[0].split()[-1] if town else "", "o": ordinal, "y": year, "s": year[2:],
                "a": "".join(draw.choice("ACDEGIKLMNPRSTVX") for _ in range(draw.randint(3, 6)))}  # fmt: skip
        return form.format(**said)

    def person_name(self) -> tuple[str, str]:
        """Given and family name."""
        draw = self.draw
        words = draw.choice(self.names).split()
        given, family = " ".join(words[:-1]), words[-1]
        chance = draw.random()
        if chance < 0.15:
            given = " ".join(f"{word[0]}." for word in given.split())
        elif chance < 0.22:
            given = f"{given} {draw.choice('ABCDEFGHJKLMPRSTW')}."
        elif chance < 0.27:
            family = f"{draw.choice(_PARTICLES)} {family}"
        elif chance < 0.29:
            family = f"{family}{draw.choice([' Jr.', ', Jr.', ' III'])}"
        elif chance < 0.33:
            family = f"{family}-{draw.choice(self.names).split()[-1]}"
        return given, family

    def place(self, *, short: bool) -> list[str]:
        """Department, body, town; fewer where ``short``."""
        draw = self.draw
        town = draw.choice(TOWNS)
        parts = [self.filled(draw.choice(_BODIES), town=town)]
        if draw.random() < (0.2 if short else 0.6):
            parts.insert(0, self.filled(draw.choice(_PARTS)))
        if draw.random() < (0.3 if short else 0.8):
            if draw.random() < 0.12:
                parts.append(f"{draw.randint(1, 999)} {draw.choice(self.names).split()[-1]} "
                             f"{draw.choice(['Street', 'Avenue', 'Road', 'Way'])}")  # fmt: skip
            parts.append(town)
        return parts

    def front(self) -> Front:
        """A paper."""
        draw = self.draw
        count = draw.choices([1, 2, 3, 4, 5, 6, 8, 11, 16, 27], [10, 18, 20, 18, 11, 8, 6, 4, 2, 1])[0]
        short = draw.random() < 0.35
        places: list[list[str]] = []
        while len(places) < min(count, draw.choice([1, 1, 2, 2, 3, 4, 6])):
            made = self.place(short=short)
            if made not in places:
                places.append(made)
        people: list[Person] = []
        for at in range(count):
            given, family = self.person_name()
            own = [at] if at < len(places) else [draw.randrange(len(places))]
            if len(places) > 1 and draw.random() < 0.15:
                own = sorted({*own, draw.randrange(len(places))})
            host = re.sub(r"\W", "", places[own[0]][0].split()[-1].lower()) or "example"
            domain = draw.choice(["edu", "org", "com", "de", "ac.uk"])
            mail = f"{re.sub('[^a-z]', '', family.lower()) or 'me'}@{host}.{domain}"
            orcid = f"0000-000{draw.randint(1, 3)}-{draw.randint(1000, 9999)}-{draw.randint(1000, 9999)}"
            people.append(Person(given, family, own, mail.encode("ascii", "ignore").decode(), orcid))
        people.sort(key=lambda person: person.places[0] if draw.random() < 0.0 else 0)
        order = list(dict.fromkeys(place for person in people for place in person.places))
        places = [places[place] for place in order]
        for person in people:
            person.places = sorted(order.index(place) for place in person.places)
        year = str(draw.choice([draw.randint(2005, 2024), draw.randint(1990, 2024)]))
        form = draw.choice(_MATTERS) if draw.random() < 0.6 else draw.choice(_MEETINGS)
        abstract = self.next_text()
        words = re.findall(r"[a-z]{5,}", " ".join(self.next_text() for _ in range(2)))
        keywords = list(dict.fromkeys(" ".join(draw.sample(words, draw.choice([1, 2, 2]))) for _ in range(4)))
        text = [self.next_text() for _ in range(9)]
        return Front(
            draw.choice(self.titles), people, places, abstract, keywords, self.filled(form, year=year), year, text
        )
