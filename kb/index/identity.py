"""Which records are of one paper: a function of the records and the user's decisions, not of their order of arrival.

Records that share an id or a title stand in one *block*. A block is clustered from scratch whenever it changes: links
are followed level by level, from the user's word down to equal titles with agreeing authors, and at each level all
that is linked becomes one cluster, unless something in it speaks against that (two arXiv ids, two publishers' DOIs,
the user's split): then nothing of it is joined, and it is reported as doubtful.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, pairwise
from typing import Generic, TypeVar

from kb import wire
from kb.ids import record_key
from kb.names import authors_agree, fold
from kb.records import Metadata, Reason, SourceRecord

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
# A DOI that ends with an ISBN is a whole book's.
_WHOLE_BOOK = re.compile(r"97[89](?:-?\d){10}$")
_PARTS_OF_BOOKS = frozenset("incollection inbook suppbook chapter chap echap booksection".split())
# What journals call texts that every issue has: a form of title, followed by nothing or by what it is about.
_STANDING_TITLE = re.compile(
    r"^(?:guest )?(?:editorial|preface|foreword|introduction|erratum|corrigendum|correction|reply|response|discussion"
    r"|obituary|book reviews?|news|index|contents|table of contents|front matter|announcements?|letters? to the editor"
    r"|acknowledge?ments?|references|appendix|abstract|untitled|errata)(?: (?:to|of|for|by|on|from|and) (?:the )?"
    r"(?:\w+ )?(?:special )?(?:issue|section|editors?|authors?|volume|comment(?:s|ary)?|reviewers?|proceedings))?"
    r"(?: \d+)?$"
)
_TELLING_SIGNS = 8  # letters and digits of a title that can tell a paper from others, together with its authors
_TELLING_CHARACTERS, _TELLING_WORDS = 12, 2  # of a title that is looked for in a page, or that is another's beginning
_SHORTEST_HEAD = 3
# What is printed about a paper bears its title, with one of these before or behind it.
_ABOUT = (
    r"(?:comments?|reply|response|rejoinder|errat(?:um|a)|corrigend(?:um|a)|correction|retraction|addendum"
    r"|supplement(?:ary)?(?: materials?| information)?|discussion|review|appendix)"
)
_CRITICAL = re.compile(rf"^(?:a |author |publisher )?{_ABOUT}\b|\b{_ABOUT}$")

SAME, CERTAIN, ID, DOI, ATTACHED, PROPOSED, TITLE = range(7)
"""Levels of evidence, the strongest first."""

Pair = tuple[str, str]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Pairs of record ids that were tied or parted from outside; each pair is in order.

    ``same`` and ``different`` are the user's word; ``before`` ties what an earlier version of this program had joined;
    ``attached`` ties a file to the record that names it.
    """

    same: frozenset[Pair] = frozenset()
    before: frozenset[Pair] = frozenset()
    different: frozenset[Pair] = frozenset()
    attached: frozenset[Pair] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Two records (their ids) that a cluster was built on, the level of the evidence, and the evidence."""

    one: str
    other: str
    level: int
    why: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Records of one paper: record ids in order, the paper's ids (strongest first), and what joined them."""

    records: tuple[str, ...]
    keys: tuple[str, ...]
    joins: tuple[Join, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Clusters (one record id of each) that may be one paper and were not joined, and why."""

    records: tuple[str, ...]
    why: Reason


NONE_DECIDED = Decisions()


def pair(one: str, other: str) -> Pair:
    """Two record ids in order."""
    return (one, other) if one <= other else (other, one)


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


def _by_strength(key: str) -> tuple[int, str]:
    return strength(key), key


# ------------------------------------------------------------------------------------------------ one record


@dataclass(frozen=True)
class Known:
    """A record as identity sees it."""

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
            key for key in dois if not is_placeholder(key[4:]) and not (self.is_file and _DATA_SETS.match(key[4:]))
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

    def found_by(self) -> frozenset[str]:
        """All keys by which other records of the same paper may be found."""
        found = {*self.dois, *self.said.proposed, *self.own_keys}
        if self.arxiv:
            found.add(self.arxiv)
        if self.title_key:
            found.add(self.title_key)
        return frozenset(found)


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
    short, long = sorted((a, b), key=len)
    if not whole and short in (one.head, other.head):
        return True
    if not whole and long.startswith(f"{short} ") and short.count(" ") >= _TELLING_WORDS:
        return True
    if min(len(a), len(b)) < _TELLING_CHARACTERS or 2 * len(short) / (len(a) + len(b)) < 0.9:
        return False
    if _numbers(a) != _numbers(b):
        return False  # "Part 1" and "Part 2"
    matcher = difflib.SequenceMatcher(None, a[:300], b[:300], autojunk=False)
    return min(matcher.real_quick_ratio(), matcher.quick_ratio()) >= 0.9 and matcher.ratio() >= 0.9


def _numbers(title: str) -> list[str]:
    return [word for word in title.split() if word.isdigit() or re.fullmatch(r"[ivx]+", word)]


def may_be_one(one: Known, other: Known) -> bool:
    """Whether two states of an entry may be of one paper: an id, the title or the authors agree."""
    if {*_arxiv_of(one), *one.dois} & {*_arxiv_of(other), *other.dois}:
        return True
    return bool(titles_agree(one, other)) or bool(_people_agree(one, other))


def _people_agree(one: Known, other: Known) -> bool | None:
    return authors_agree(one.said.authors or (), other.said.authors or ())


# ------------------------------------------------------------------------------------------------ a block


class Forest(Generic[_T]):
    """What hangs together when pairs are tied one after another (union-find)."""

    def __init__(self) -> None:
        self._parents: dict[_T, _T] = {}

    def root(self, item: _T) -> _T:
        """The one that stands for all that hang together with this one."""
        while (parent := self._parents.get(item, item)) != item:
            item = parent
        return item

    def tie(self, one: _T, other: _T) -> bool:
        """Tie two together; returns whether they were apart."""
        first, second = self.root(one), self.root(other)
        self._parents[second] = first
        return first != second


@dataclass(eq=False)
class _Group:
    """A cluster while it grows."""

    members: list[str]
    arxiv: set[str] = field(default_factory=set)
    dois: set[str] = field(default_factory=set)
    joins: list[Join] = field(default_factory=list)


def cluster(
    records: Iterable[Known], decisions: Decisions = NONE_DECIDED, *, crowded: frozenset[str] = frozenset()
) -> tuple[list[Cluster], list[Doubt]]:
    """The papers that a block of records is of, and what was not joined though something speaks for it.

    ``crowded`` are keys that too many records have to tell anything. The same records and decisions give the same
    result in whatever order they come.
    """
    return _Clustering(records, decisions, crowded).result()


class _Clustering:
    def __init__(self, records: Iterable[Known], decisions: Decisions, crowded: frozenset[str]) -> None:
        self._crowded = crowded
        self._claims: dict[str, list[_Group]] = {}
        self._muted: set[str] = set()  # files whose page has no say
        self._attachments: dict[str, tuple[list[Known], list[Known]]] = {}
        self._known = {known.id: known for known in sorted(records, key=lambda known: known.id)}
        self._decisions = decisions
        self._groups: dict[str, _Group] = {}
        for key, known in self._known.items():
            arxiv = {known.arxiv} if known.arxiv else set()
            self._groups[key] = _Group([key], arxiv, set(known.publishers_dois))
        self._doubts: dict[frozenset[str], Doubt] = {}

    def result(self) -> tuple[list[Cluster], list[Doubt]]:
        """The clusters and doubts, in the order of their records."""
        if len(self._known) == 1:  # most records are alone
            ((key, known),) = self._known.items()
            keys = self._claimed_by(known) - self._crowded or {known.last_key}
            return [Cluster(records=(key,), keys=tuple(sorted(keys, key=_by_strength)))], []
        for level, links_of in (
            (SAME, self._decided),
            (CERTAIN, self._certain),
            (ID, self._by_id),
            (DOI, self._by_doi),
            (ATTACHED, self._attached),
            (PROPOSED, self._proposed),
            (TITLE, self._by_title),
        ):
            self._join(level, sorted(links_of(), key=lambda link: (link.one, link.other)))
            if level == CERTAIN:
                self._choose_attachments()
        groups = self._groups_of(self._groups)
        owners = self._owners(groups)
        clusters = [
            Cluster(
                records=tuple(sorted(group.members)),
                keys=self._keys(group, owners),
                joins=tuple(group.joins),
            )
            for group in groups
        ]
        self._doubt_shared_ids()
        doubts = [doubt for doubt in self._doubts.values() if self._is_open(doubt)]
        return sorted(clusters, key=lambda one: one.records), sorted(doubts, key=lambda doubt: doubt.records)

    # ------------------------------------------------------------------------------------- links

    def _decided(self) -> Iterator[Join]:
        for links, kind in ((self._decisions.same, "joined-by-you"), (self._decisions.before, "joined-before")):
            for one, other in links:
                if one in self._known and other in self._known:
                    yield Join(one=one, other=other, level=SAME, why=Reason(kind=kind))

    def _certain(self) -> Iterator[Join]:
        """Records of registries with one id, and records that are the same thing (of one file, of one place)."""
        for key, sharing in self._sharing(_certain_keys).items():
            for first, second in pairwise(sharing):
                yield _join(first, second, CERTAIN, "same-id", id=key)
        for one, other in self._decisions.attached:
            if one in self._known and other in self._known:
                owner = self._known[one if self._known[other].is_file else other]
                if owner.is_certain:  # the registry's own file of this paper
                    yield Join(one=one, other=other, level=CERTAIN, why=Reason(kind="its-file"))

    def _by_id(self) -> Iterator[Join]:
        """An arXiv id that a bibliography or a page states, where title or authors agree with the other record."""
        for key, sharing in self._sharing(_arxiv_of).items():
            yield from self._agreeing(key, sharing, level=ID, kind="same-arxiv-id")

    def _by_doi(self) -> Iterator[Join]:
        for key, sharing in self._sharing(_dois_of).items():
            if not _DATA_SETS.match(key[4:]):
                yield from self._agreeing(key, sharing, level=DOI, kind="same-doi")

    def _agreeing(self, key: str, sharing: Sequence[Known], *, level: int, kind: str) -> Iterator[Join]:
        """Links between the records of one id whose titles or authors agree.

        By authors alone only where the id cannot be that of a whole book or collection, of which one author may have
        written several parts: few titles bear it, and neither record is a part of a book.
        """
        by_title: dict[str, list[Known]] = defaultdict(list)
        for known in sharing:
            by_title[known.title].append(known)
        for alike in by_title.values():
            if alike[0].title:
                for first, second in pairwise(alike):
                    yield _join(first, second, level, kind, id=key, agree="title")
        # One of each title stands for all of them.
        few = [alike[0] for alike in by_title.values() if alike[0].title] + by_title.get("", [])
        if len(few) > MOST_SHARING:
            return
        title_of = {}
        for first, second in combinations(few, 2):
            agree = titles_agree(first, second)
            if agree:
                yield _join(first, second, level, kind, id=key, agree="title")
            title_of[first.id, second.id] = agree
        unlike = _count_unlike(few, title_of)
        for first, second in combinations(few, 2):
            agree = title_of[first.id, second.id]
            if agree is True or first.is_about_another != second.is_about_another or not _people_agree(first, second):
                continue
            if agree is None or (unlike <= 2 and not _is_of_a_book(key, first, second)):
                yield _join(first, second, level, kind, id=key, agree="authors")

    def _choose_attachments(self) -> None:
        """Which of the entries that name a file it is of.

        An entry says that the file is its own, whatever title was read off its page; the page then has no say in what
        else the paper is. It is not believed where the page is known to be another paper's, by the title and an id or
        the authors of another record.
        """
        named: dict[str, list[Known]] = defaultdict(list)
        for one, other in self._decisions.attached:
            if one in self._known and other in self._known:
                a, b = (one, other) if self._known[one].is_file else (other, one)
                named[a].append(self._known[b])
        for name, owners in sorted(named.items()):
            file = self._known[name]
            if self._groups[name].members != [name]:
                continue  # the registry's own file
            chosen = [owner for owner in owners if titles_agree(file, owner)]
            is_ones = len(self._groups_of(owner.id for owner in owners)) == 1
            if not chosen and is_ones and not self._is_identified(file):
                chosen = owners
                if not any({*_arxiv_of(file), *file.dois} & {*_arxiv_of(one), *one.dois} for one in owners):
                    self._muted.add(name)
                    self._groups[name].arxiv.clear()
            self._attachments[name] = (chosen, owners)

    def _attached(self) -> Iterator[Join]:
        """Files that a bibliography names as those of an entry; none with the stamp of another arXiv id."""
        for name, (chosen, owners) in sorted(self._attachments.items()):
            file = self._known[name]
            known = {key for owner in chosen for key in self._groups[owner.id].arxiv}
            if file.arxiv and known and file.arxiv not in known:
                self._muted.discard(name)
                self._groups[name].arxiv.add(file.arxiv)
                chosen = []
            for owner in chosen:
                yield _join(file, owner, ATTACHED, "its-attachment")
            if not chosen:
                title = file.said.title or ""
                self._doubt([name, *(owner.id for owner in owners)], "file-of-another-paper", file=title)

    def _is_identified(self, file: Known) -> bool:
        """Whether the page of a file is that of a paper that a record tells of."""
        for other in self._known.values():
            if not other.is_file and titles_agree(file, other):
                shared = {*_arxiv_of(file), *file.dois} & {*_arxiv_of(other), *other.dois}
                if shared or _people_agree(file, other):
                    return True
        return False

    def _proposed(self) -> Iterator[Join]:
        """An id that only a file's name suggests, where the title agrees with the record of that id."""
        for known in self._known.values():
            for key in () if known.id in self._muted else known.said.proposed:
                for owner in self._known.values():
                    if key in owner.said.ids and owner.id != known.id and titles_agree(known, owner, whole=True):
                        yield _join(known, owner, PROPOSED, "id-in-the-files-name", id=key, agree="title")

    def _by_title(self) -> Iterator[Join]:
        for sharing in self._sharing(_title_key_of).values():
            for first, second in combinations(sharing, 2):
                if self._groups[first.id] is not self._groups[second.id] and _people_agree(first, second):
                    yield _join(first, second, TITLE, "same-title-and-authors", title=first.said.title or "")

    def _sharing(self, keys_of: Callable[[Known], Iterable[str]]) -> dict[str, list[Known]]:
        """Key to the records that have it, where there are two or more and not too many to tell anything."""
        found: dict[str, list[Known]] = defaultdict(list)
        for known in self._known.values():
            for key in () if known.id in self._muted else keys_of(known):
                if key not in self._crowded:
                    found[key].append(known)
        return {key: found[key] for key in sorted(found) if len(found[key]) > 1}

    # ------------------------------------------------------------------------------------- joining

    def _join(self, level: int, links: Sequence[Join]) -> None:
        """Make one group of all that is linked at this level, where nothing in it speaks against that."""
        for linked in self._hanging_together(links):
            groups = self._linked(linked)
            if len(groups) < 2:
                continue
            against = self._against(groups, level)
            if against is None:
                self._merge(groups, linked)
                continue
            self._doubt([group.members[0] for group in groups], against, evidence=linked[0].why)
            # What has no id of its own, or the same one, and agrees, is still one paper.
            alike: dict[object, list[_Group]] = defaultdict(list)
            for group in groups:
                alike[frozenset(group.arxiv), frozenset(group.dois)].append(group)
            for some in alike.values():
                inside = {key for group in some for key in group.members}
                kept = [link for link in linked if link.one in inside and link.other in inside]
                for part in self._hanging_together(kept):
                    again = self._linked(part)
                    if len(again) > 1 and self._against(again, level) is None:
                        self._merge(again, part)

    def _hanging_together(self, links: Sequence[Join]) -> list[list[Join]]:
        """Links that hang together, by way of each other or of the groups that their records are in already."""
        forest: Forest[_Group] = Forest()
        for link in links:
            forest.tie(self._groups[link.one], self._groups[link.other])
        together: dict[_Group, list[Join]] = defaultdict(list)
        for link in links:
            together[forest.root(self._groups[link.one])].append(link)
        return list(together.values())

    def _linked(self, links: Iterable[Join]) -> list[_Group]:
        return self._groups_of(key for link in links for key in (link.one, link.other))

    def _groups_of(self, records: Iterable[str]) -> list[_Group]:
        """The groups that records are in, each once, in order."""
        return list(dict.fromkeys(self._groups[key] for key in records))

    def _against(self, groups: Sequence[_Group], level: int) -> str | None:
        """What speaks against one paper, or None."""
        if len(set().union(*(group.arxiv for group in groups))) > 1:
            return "different-arxiv-ids"
        members = {key: number for number, group in enumerate(groups) for key in group.members}
        for one, other in self._decisions.different:
            if one in members and other in members and members[one] != members[other]:
                return "parted-by-you"
        if level in (ATTACHED, TITLE):
            with_doi = [group.dois for group in groups if group.dois]
            if with_doi and not set.intersection(*with_doi):
                return "different-dois"
        return None

    def _merge(self, groups: Sequence[_Group], links: Sequence[Join]) -> None:
        whole = _Group([])
        for group in groups:
            whole.members += group.members
            whole.arxiv |= group.arxiv
            whole.dois |= group.dois
            whole.joins += group.joins
        # A spanning tree of the links: one piece of evidence for each group that was joined.
        forest: Forest[_Group] = Forest()
        whole.joins += [link for link in links if forest.tie(self._groups[link.one], self._groups[link.other])]
        whole.members.sort()
        for key in whole.members:
            self._groups[key] = whole

    # ------------------------------------------------------------------------------------- ids and doubts

    def _owners(self, groups: Iterable[_Group]) -> dict[str, list[_Group]]:
        """Id to the groups that may bear it: those whose best witness is as good as any other's."""
        claims: dict[str, dict[_Group, int]] = defaultdict(dict)
        for group in groups:
            for key in group.members:
                known = self._known[key]
                trust = 0 if known.is_certain else 2 if known.is_file else 1
                for claim in self._claimed_by(known) - self._crowded:
                    claims[claim][group] = min(trust, claims[claim].get(group, trust))
        owners = {}
        for claim, claiming in claims.items():
            best = min(claiming.values())
            owners[claim] = [group for group, trust in claiming.items() if trust == best]
            if len(claiming) > 1 and claim.startswith(("arxiv:", "doi:")):
                self._claims[claim] = list(claiming)
        return owners

    def _claimed_by(self, known: Known) -> set[str]:
        if known.id in self._muted:
            return {key for key in known.own_keys if key.startswith("file:")}
        return {*known.dois, *_arxiv_of(known), *known.own_keys}

    def _keys(self, group: _Group, owners: Mapping[str, list[_Group]]) -> tuple[str, ...]:
        members = [self._known[key] for key in group.members]
        claims = {claim for known in members for claim in self._claimed_by(known)}
        keys = {claim for claim in claims if owners.get(claim) == [group]} or {members[0].last_key}
        return tuple(sorted(keys, key=_by_strength))

    def _doubt_shared_ids(self) -> None:
        for claim, claiming in sorted(self._claims.items()):
            titles = sorted({self._known[group.members[0]].said.title or "" for group in claiming})
            records = [group.members[0] for group in claiming]
            self._doubt(records, "one-id-several-papers", id=claim, titles=" | ".join(titles[:4]))

    def _doubt(self, records: Iterable[str], kind: str, *, evidence: Reason | None = None, **values: str) -> None:
        involved = frozenset(records)
        if evidence is not None:
            values |= {"evidence": evidence.kind, **evidence.values}
        if involved not in self._doubts:
            self._doubts[involved] = Doubt(records=tuple(sorted(involved)), why=Reason(kind=kind, values=values))

    def _is_open(self, doubt: Doubt) -> bool:
        """Whether it still stands: its records are in different groups, and the user has not parted them."""
        groups = self._groups_of(doubt.records)
        if len(groups) < 2:
            return False
        parted = {
            frozenset((self._groups[one], self._groups[other]))
            for one, other in self._decisions.different
            if one in self._groups and other in self._groups
        }
        return any(frozenset(both) not in parted for both in combinations(groups, 2))


def _certain_keys(known: Known) -> Iterator[str]:
    """Keys that make two records one paper without a second look."""
    yield from (k for k in known.own_keys if k.startswith("file:") or (known.is_certain and k in known.said.ids))
    if known.is_certain:
        yield from _arxiv_of(known)


def _arxiv_of(known: Known) -> tuple[str, ...]:
    return (known.arxiv,) if known.arxiv else ()


def _dois_of(known: Known) -> frozenset[str]:
    return known.dois


def _title_key_of(known: Known) -> tuple[str, ...]:
    return (known.title_key,) if known.title_key else ()


def _join(first: Known, second: Known, level: int, kind: str, **values: str) -> Join:
    one, other = pair(first.id, second.id)
    return Join(one=one, other=other, level=level, why=Reason(kind=kind, values=values))


def _count_unlike(few: Sequence[Known], agree: Mapping[tuple[str, str], bool | None]) -> int:
    """How many titles there are that are unlike each other."""
    chosen: list[Known] = []
    for known in few:
        if known.title and not any(agree.get((one.id, known.id), agree.get((known.id, one.id))) for one in chosen):
            chosen.append(known)
    return len(chosen)


def _is_of_a_book(key: str, first: Known, second: Known) -> bool:
    if _WHOLE_BOOK.search(key):
        return True
    records = (first.record, second.record)
    if any(record.type.lower() in _PARTS_OF_BOOKS for record in records):
        return True
    parts = [{name.lower(): value for name, value in record.fields} for record in records]
    if any("bti" in part for part in parts):  # PubMed's title of the book that a chapter stands in
        return True
    return any(
        name in parts[0] and name in parts[1] and parts[0][name] != parts[1][name]
        for name in ("chapter", "pages", "sp", "page")
    )
