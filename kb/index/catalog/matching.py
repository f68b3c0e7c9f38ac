"""Source records side by side: what each is known by, whether two agree, and the one paper that several make.

Nothing here is stored or looked up: these are functions of what the records say.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property, lru_cache
from pathlib import PurePath
from typing import Any, Literal

from kb import wire
from kb.ids import record_key
from kb.names import authors_agree, fold
from kb.records import Fulltext, Link, Metadata, Paper, SourceRecord

# Records of these kinds are the registry's own, or ours: the ids that they state need no second witness.
_REGISTRIES = frozenset({("arxiv", ""), ("jsonl", ""), ("jsonl", "kb"), ("jsonl", "kaggle"), ("jsonl", "beir")})
FILES = frozenset({"pdf", "html", "text"})
"""Sources that are the page of a file."""
MOST_SHARING = 64
"""A key that more records share than this (the DOI of a proceedings, "Introduction") tells nothing."""

# Forms of DOIs that stand in templates until an author replaces them: runs of one sign, runs of counting digits,
# words for "to be filled in". Publishers' examples: 10.1145/1122445.1122456, 10.1145/XXXXXXX.XXXXXXX,
# 10.1109/XXXX.2022.1234567, 10.1016/j.xxxx.2020.xx.xxx, 10.18653/v1/P19-XXXX.
_PLACEHOLDER = re.compile(
    r"x{2,}|(?<![a-z])n{3,}(?![a-z])|\?{2,}|(?<!\d)0{5,}(?!\d)|(?:^|[./])0{2,}(?=[./]|$)|(?<!\d)(?:12345678?9?0?|012345678?9?)(?!\d)"
    r"|(?<!\d)1122445\.1122456(?!\d)|(?<!\d)(\d)\1{5,}(?!\d)|(?:^|[/._-])(?:tbd|todo|doi|insert|placeholder|nnn+)(?:$|[/._-])",
    re.IGNORECASE,
)
# Registrants whose DOIs name preprints and copies in repositories (they stand beside a publisher's DOI of the same
# paper): bioRxiv, SSRN, Research Square, Preprints.org, ChemRxiv, OSF and PsyArXiv, TechRxiv, Authorea, ResearchGate.
_COPIES = re.compile(
    r"^10\.(?:1101/(?:\d{4}\.\d\d\.\d\d\.)?\d{5,8}$"  # and not the journals of its founder
    r"|(?:2139|21203|20944|26434|31219|31234|31235|31222|36227|22541|13140|48550|64898|33774|55458)/)"
)
# Registrants whose DOIs name data sets: Dryad, figshare, Dataverse, PANGAEA, ICPSR, Mendeley Data, Kaggle, GBIF,
# UK Data Service, Zenodo.
_DATA_SETS = re.compile(
    r"^10\.(?:5061/dryad|6084/m9\.figshare|7910/dvn|1594/pangaea|3886/|17632/|34740/|15468/|5255/|5281/zenodo)"
)
# What journals call texts that every issue has: a form of title, followed by nothing or by what it is about.
_STANDING_TITLE = re.compile(
    r"^(?:guest )?(?:editorial|preface|foreword|introduction|erratum|corrigendum|correction|reply|response|discussion"
    r"|obituary|book reviews?|news|index|contents|table of contents|front matter|announcements?|letters? to the editor"
    r"|acknowledge?ments?|references|appendix|abstract|untitled|errata)(?: (?:to|of|for|by|on|from|and) (?:the )?"
    r"(?:\w+ )?(?:special )?(?:issue|section|editors?|authors?|volume|comment(?:s|ary)?|reviewers?|proceedings))?"
    r"(?: \d+)?$"
)
_TELLING_CHARACTERS, _TELLING_WORDS = 12, 2  # of a title that is looked for in a page, or that is another's beginning
_SHORTEST_HEAD = 3
# What is printed about a paper bears its title, with one of these before or behind it.
_ABOUT = (
    r"(?:comments?|reply|response|rejoinder|errat(?:um|a)|corrigend(?:um|a)|correction|retraction|addendum"
    r"|supplement(?:ary)?(?: materials?| information)?|discussion|review|appendix)"
)
_CRITICAL = re.compile(rf"^(?:a |author |publisher )?{_ABOUT}\b|\b{_ABOUT}$")


def record_id(record: SourceRecord) -> str:
    """A hash of what the source said: equal for the same record, whenever and in whatever file it comes.

    A file is known by its content alone, however it was read; a record of an older home by its metadata.
    """
    if record.source in FILES and record.key:
        basis: object = (record.source, record.key)
    elif record.fields or record.text:
        basis = (record.source, record.key, record.type, record.fields, record.text, record.parent)
    else:
        basis = (record.source, record.key, wire.pack(record.metadata))
    return hashlib.sha256(wire.pack(basis)).hexdigest()[:20]


def is_placeholder(doi: str) -> bool:
    """Whether a DOI (bare, lower case) is one that a template prints: it names no paper."""
    name = doi.partition("/")[2]
    digits = re.sub(r"\D", "", name)
    return _PLACEHOLDER.search(name) is not None or (len(digits) > 5 and len(set(digits)) == 1)  # s11111-111-1111-1


def is_data_set(doi: str) -> bool:
    """Whether a DOI (bare, lower case) is a data set's: papers that use it are not one paper."""
    return _DATA_SETS.match(doi) is not None


def is_telling(title: str) -> bool:
    """Whether a title can tell a paper from others."""
    folded = fold(title)
    return (len(folded.replace(" ", "")) >= _TELLING_CHARACTERS or _has_unspaced(folded)) and not _STANDING_TITLE.match(
        folded
    )


def _has_unspaced(folded: str) -> bool:
    return len(folded) >= 6 and not folded.isascii() and any(sign >= "\u2e80" for sign in folded)


def strength(key: str) -> int:
    """0 for the strongest kind of id (``arxiv:``), growing as ids say less about a paper's identity."""
    return next((rank for rank, scheme in enumerate(_SCHEMES) if key.startswith(scheme)), len(_SCHEMES))


_SCHEMES = ("arxiv:", "doi:", "record:", "file:")


@dataclass(frozen=True)
class Known:
    """A source record with its id, and what can be told of it."""

    id: str
    record: SourceRecord

    @property
    def said(self) -> Metadata:
        """What the record says."""
        return self.record.metadata

    @cached_property
    def is_file(self) -> bool:
        """Whether it is the page of a file."""
        return self.record.source in FILES

    @cached_property
    def title(self) -> str:
        """The folded title."""
        return fold(self.said.title or "")

    @cached_property
    def is_about_another(self) -> bool:
        """Whether it is a comment on a paper, its erratum and the like."""
        return _CRITICAL.search(self.title) is not None

    @cached_property
    def head(self) -> str:
        """The folded title before its colon, by which people call a paper; empty where there is none."""
        head, colon, _ = (self.said.title or "").partition(":")
        return fold(head) if colon and len(head) > _SHORTEST_HEAD else ""

    @cached_property
    def page(self) -> str:
        """The folded text of a file's first page; empty for records."""
        return fold(dict(self.record.fields).get("first page", "")) if self.is_file else ""

    @cached_property
    def own_keys(self) -> tuple[str, ...]:
        """Keys of its content, its file, its place in a data set."""
        is_ours = self.is_certain or not self.record.fields  # a record that was exported, or one of an older home
        stated = [k for k in self.said.ids if k.startswith(("file:", "beir:")) or (is_ours and k.startswith("record:"))]
        title, authors = self.said.title, self.said.authors
        if title and authors and is_telling(title) and not any(key.startswith("record:") for key in stated):
            stated.append(record_key(title, authors))
        return tuple(stated) or (self.last_key,)

    @property
    def last_key(self) -> str:
        """The id that a record has when nothing in it can be one: editorials of one editor are several papers."""
        return f"record:{self.id[:16]}"

    @cached_property
    def arxiv(self) -> str | None:
        """The arXiv id that the record claims."""
        return next((key for key in self.said.ids if key.startswith("arxiv:")), None)

    @cached_property
    def dois(self) -> frozenset[str]:
        """The DOIs that may be the paper's: no placeholders, and none of data sets that a page prints."""
        dois = (key for key in self.said.ids if key.startswith("doi:"))
        return frozenset(
            key for key in dois if not is_placeholder(key[4:]) and not (self.is_file and is_data_set(key[4:]))
        )

    @cached_property
    def publishers_dois(self) -> frozenset[str]:
        """The DOIs that speak against another one: stated by a record, and not those of preprints and copies."""
        return frozenset() if self.is_file else frozenset(key for key in self.dois if not _COPIES.match(key[4:]))

    @cached_property
    def is_certain(self) -> bool:
        """Whether its arXiv id needs no second witness."""
        return (self.record.source, self.record.type) in _REGISTRIES

    @cached_property
    def title_key(self) -> str | None:
        """The block of its title; None for titles that many papers have."""
        if not self.said.title or not is_telling(self.said.title):
            return None
        return f"title:{hashlib.sha256(self.title.encode()).hexdigest()[:16]}"

    @cached_property
    def certain_keys(self) -> frozenset[str]:
        """Keys that make two records one paper without a second look."""
        keys = {k for k in self.own_keys if k.startswith("file:") or (self.is_certain and k in self.said.ids)}
        return frozenset({*keys, self.arxiv} if self.is_certain and self.arxiv else keys)

    @cached_property
    def stated_ids(self) -> frozenset[str]:
        """The arXiv id and the DOIs that it claims."""
        return frozenset({*self.dois, self.arxiv} if self.arxiv else self.dois)

    @cached_property
    def cited_by(self) -> frozenset[str]:
        """The keys that it shares with what cites it: the ids that both claim, a telling title."""
        return self.stated_ids | {self.title_key} if self.title_key else self.stated_ids

    @cached_property
    def found_by(self) -> frozenset[str]:
        """All keys by which other records of the same paper may be found."""
        return self.cited_by.union(self.said.proposed, self.own_keys)


def titles_agree(one: Known, other: Known, *, whole: bool = False) -> bool | None:
    """Whether two records name one title; None where one of them names none that can be compared.

    Equal when folded; one the beginning of the other (what stands before its colon, or some words of it) unless the
    ``whole`` is asked for; or the same but for a few signs (a ratio of .9, Ratcliff and Obershelp 1988). Of a file
    whose title could not be read, its first page is looked at: it must hold the title word for word.
    """
    a, b = one.title, other.title
    if not a or not b:
        read, page = (a, other.page) if a else (b, one.page)
        return True if read and len(read) >= _TELLING_CHARACTERS and f" {read} " in f" {page} " else None
    if a == b:
        return True
    if one.is_about_another != other.is_about_another:
        return False
    if not whole and min(a, b, key=len) in (one.head, other.head):
        return True
    return _are_alike(*sorted((a, b), key=lambda title: (len(title), title)), whole=whole)


@lru_cache(maxsize=1 << 14)
def _are_alike(short: str, long: str, *, whole: bool) -> bool:
    if not whole and long.startswith(f"{short} ") and short.count(" ") >= _TELLING_WORDS:
        return True
    if len(short) < _TELLING_CHARACTERS or 2 * len(short) / (len(short) + len(long)) < 0.9:
        return False
    if _numbers(short) != _numbers(long):
        return False  # "Part 1" and "Part 2"
    matcher = difflib.SequenceMatcher(None, short[:300], long[:300], autojunk=False)
    return min(matcher.real_quick_ratio(), matcher.quick_ratio()) >= 0.9 and matcher.ratio() >= 0.9


def _numbers(title: str) -> list[str]:
    return [word for word in title.split() if word.isdigit() or re.fullmatch(r"[ivx]+", word)]


def may_be_one(one: Known, other: Known) -> bool:
    """Whether two states of an entry may be of one paper: an id, the title or the authors agree."""
    return bool(one.stated_ids & other.stated_ids or titles_agree(one, other) or people_agree(one, other))


def may_join(one: Known, other: Known, shared: Iterable[str]) -> bool:
    """Whether keys that two records share are evidence for one paper, whatever else may speak against it."""
    keys = set(shared)
    if keys & one.certain_keys & other.certain_keys:
        return True
    if keys & one.stated_ids & other.stated_ids and (titles_agree(one, other) or people_agree(one, other)):
        return True
    if keys.intersection(one.said.proposed, other.said.ids) or keys.intersection(other.said.proposed, one.said.ids):
        return bool(titles_agree(one, other, whole=True))
    return one.title_key is not None and one.title_key in keys and bool(people_agree(one, other))


def people_agree(one: Known, other: Known) -> bool | None:
    """Whether two records name the same authors; None where one of them names none."""
    return _lists_agree(_listed(one.said), _listed(other.said))


def _listed(said: Metadata) -> tuple[str, ...]:
    """The authors as a source lists them: "others" at the end where it says that it names some only."""
    authors = tuple(said.authors or ())
    return (*authors, "others") if authors and said.et_al else authors


@lru_cache(maxsize=1 << 14)  # a record is compared again with its neighbours whenever one of them comes or changes
def _lists_agree(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool | None:
    return authors_agree(ours, theirs)


# ------------------------------------------------------------------------------------- the view

# Who is believed first. The user decides; arXiv is the registry; records and bibliographies were curated by
# somebody; what a program read off a page comes last.
TRUST = ("user", "arxiv", "jsonl", "bibtex", "csl", "ris", "nbib", "zotero", "html", "pdf", "text")
_SINGLE = (
    "title", "abstract", "categories", "comment", "updated", "license", "venue", "url", "withdrawn", "affiliation",
    "affiliations", "keywords",
)  # fmt: skip
FACTS = tuple(f.name for f in fields(Metadata) if f.name not in ("source", "ids", "proposed"))
"""What a source may state of a paper, and the user may decide."""


def merge(
    witnesses: Iterable[Known],
    *,
    keys: Iterable[str],
    tags: Iterable[str] = (),
    collections: Iterable[str] = (),
    private: bool = False,
    fulltext: Fulltext | None = None,
) -> Paper:
    """The paper that the records are of. It depends on the records alone, not on the order in which they came.

    Of arXiv's and the records' versions the newer is believed first. Announced days and links are united; every
    other field comes whole from the first source that states it; of lists of authors a whole one comes before one
    that ends with "and others".

    Args:
        witnesses: what the sources say, and the user (with an empty id).
        keys: the paper's ids; the strongest becomes its id, the others are its aliases.
    """
    ranked = sorted(witnesses, key=_rank)
    ordered = sorted(set(keys), key=lambda key: (strength(key), key))
    values: dict[str, Any] = {}
    provenance: dict[str, str] = {}
    for name in _SINGLE:
        for witness in ranked:
            value = getattr(witness.said, name)
            if value is not None and value != () and value != "":
                values[name] = value
                provenance[name] = witness.record.source
                break
    _take_authors(ranked, values, provenance)
    for witness in ranked:
        if witness.said.published is not None:
            values["published"], values["precision"] = witness.said.published, witness.said.precision
            provenance["published"] = witness.record.source
            break
    versions = [(w.said.version, w.record.source) for w in ranked if w.said.version is not None]
    if versions:
        values["version"], provenance["version"] = max(versions, key=lambda pair: pair[0])
    _unite_days(ranked, values, provenance)
    _unite_links(ranked, values, provenance)
    if "title" not in values:
        values["title"], provenance["title"] = _stand_in(ranked, ordered[0]), "file"
    return Paper(
        id=ordered[0],
        aliases=tuple(ordered[1:]),
        tags=tuple(sorted(set(tags))),
        collections=tuple(sorted(set(collections))),
        private=private,
        fulltext=fulltext or Fulltext(),
        provenance=dict(sorted(provenance.items())),
        **values,
    )


def _rank(witness: Known) -> tuple[int, int, int, int, str]:
    said, source = witness.said, witness.record.source
    registered = source in ("arxiv", "jsonl")
    group = 0 if source == "user" else 1 if registered else 2
    stated = sum(getattr(said, name) not in (None, ()) for name in FACTS)
    return (group, -(said.version or 0) if registered else 0, TRUST.index(source), -stated, witness.id)


def _take_authors(ranked: Sequence[Known], values: dict[str, Any], provenance: dict[str, str]) -> None:
    listing = [witness for witness in ranked if witness.said.authors]
    if not listing:
        return
    chosen = next((w for w in listing if w.record.source == "user" or not w.said.et_al), listing[0])
    values["authors"] = chosen.said.authors
    values["names"] = chosen.said.names or ()
    values["et_al"] = bool(chosen.said.et_al)
    provenance["authors"] = chosen.record.source


def _unite_days(ranked: Sequence[Known], values: dict[str, Any], provenance: dict[str, str]) -> None:
    stated = [witness for witness in ranked if witness.said.announced]
    if stated:
        values["announced"], values["announced_from"] = days_of([witness.said for witness in stated])
        first = next(w for w in stated if w.said.announced_from == values["announced_from"])
        provenance["announced"] = first.record.source


def days_of(stated: Sequence[Metadata]) -> tuple[tuple[date, ...], Literal["feed", "record", "computed"] | None]:
    """The days of announcement that records (at least one) state together, and where the first of them has its from.

    A computed day is a guess: beside days that were told it counts only for a version that is newer than theirs, of
    which nobody was told a day.
    """
    told = [said for said in stated if said.announced_from != "computed"] or list(stated)
    days = {day for said in told for day in said.announced or ()}
    last, newest = max(days), max(said.version or 1 for said in told)
    later = {day for said in stated if (said.version or 1) > newest for day in said.announced or () if day > last}
    return tuple(sorted(days | later)), told[0].announced_from


def _unite_links(ranked: Sequence[Known], values: dict[str, Any], provenance: dict[str, str]) -> None:
    links: dict[str, Link] = {}
    registered: set[str] = set()
    for witness in ranked:
        source = witness.record.source
        if source in registered:
            continue  # the links of an older version lead to that version
        if source in ("arxiv", "jsonl") and witness.said.links:
            registered.add(source)
        for link in witness.said.links or ():
            links.setdefault(link.url.rstrip("/"), link)
            provenance.setdefault("links", witness.record.source)
    if links:
        values["links"] = tuple(links.values())


def _stand_in(ranked: Sequence[Known], key: str) -> str:
    """What a paper without a title is called: the name of its file."""
    names = sorted(PurePath(witness.record.origin).stem for witness in ranked if witness.record.origin)
    return names[0] if names else f"Untitled ({key})"
