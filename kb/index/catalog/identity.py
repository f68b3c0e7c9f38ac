"""Which records are of one paper: a function of the records and the user's decisions, not of their order of arrival.

Links are followed level by level, from the user's word down to equal titles with agreeing authors, and at each level
all that is linked becomes one cluster, unless something in it speaks against that (two arXiv ids, two publishers'
DOIs, the user's split): then nothing of it is joined, and it is reported as doubtful. Which of the stored records
have to be looked at together is decided in ``kb.index.catalog.records``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise
from typing import Generic, TypeVar

from kb.index.catalog.matching import MOST_SHARING, Known, is_data_set, people_agree, strength, titles_agree
from kb.records import Reason

# A DOI that ends with an ISBN is a whole book's.
_WHOLE_BOOK = re.compile(r"97[89](?:-?\d){10}$")
_PARTS_OF_BOOKS = frozenset("incollection inbook suppbook chapter chap echap booksection".split())

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


class DisjointSets(Generic[_T]):
    """What hangs together when pairs are tied one after another (union-find)."""

    def __init__(self) -> None:
        self._parents: dict[_T, _T] = {}

    def root(self, item: _T) -> _T:
        """The one that stands for all that hang together with this one."""
        while (parent := self._parents.get(item, item)) != item:
            self._parents[item] = self._parents.get(parent, parent)  # halves the way for whoever asks next
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
    clustering = _Clustering(records, decisions, crowded)
    clusters, doubts = clustering.result()
    alone = replace(decisions, same=frozenset(), before=frozenset())
    return [_with_evidence(one, clustering.known, alone, crowded) for one in clusters], doubts


def _with_evidence(made: Cluster, known: Mapping[str, Known], alone: Decisions, crowded: frozenset[str]) -> Cluster:
    """A cluster whose records say why they are of one paper by themselves, and the user's word where they do not."""
    if all(join.level != SAME for join in made.joins):
        return made
    parts, _ = _Clustering([known[key] for key in made.records], alone, crowded).result()
    evident = [join for part in parts for join in part.joins]
    sets: DisjointSets[str] = DisjointSets()
    joins = [join for join in (*evident, *made.joins) if sets.tie(join.one, join.other)]
    return replace(made, joins=tuple(joins))


class _Clustering:
    def __init__(self, records: Iterable[Known], decisions: Decisions, crowded: frozenset[str]) -> None:
        self._crowded = crowded
        self._claims: dict[str, list[_Group]] = {}
        self._muted: set[str] = set()  # files whose page has no say
        self._attachments: dict[str, tuple[list[Known], list[Known]]] = {}
        self.known = {known.id: known for known in sorted(records, key=lambda known: known.id)}
        self._decisions = decisions
        self._parted_from: dict[str, list[str]] = defaultdict(list)
        for one, other in decisions.different:
            if one in self.known and other in self.known:
                self._parted_from[one].append(other)
                self._parted_from[other].append(one)
        self._bearing: dict[str, list[Known]] = defaultdict(list)
        for known in self.known.values():
            for key in known.found_by - crowded:
                self._bearing[key].append(known)
        self._groups: dict[str, _Group] = {}
        for key, known in self.known.items():
            arxiv = {known.arxiv} if known.arxiv else set()
            self._groups[key] = _Group([key], arxiv, set(known.publishers_dois))
        self._doubts: dict[frozenset[str], Doubt] = {}

    def result(self) -> tuple[list[Cluster], list[Doubt]]:
        """The clusters and doubts, in the order of their records."""
        if len(self.known) == 1:  # most records are alone
            ((key, known),) = self.known.items()
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
                if one in self.known and other in self.known:
                    yield Join(one=one, other=other, level=SAME, why=Reason(kind=kind))

    def _certain(self) -> Iterator[Join]:
        """Records of registries with one id, and records that are the same thing (of one file, of one place)."""
        for key, sharing in self._sharing(lambda known: known.certain_keys).items():
            for first, second in pairwise(sharing):
                yield _join(first, second, CERTAIN, "same-id", id=key)
        for one, other in self._decisions.attached:
            if one in self.known and other in self.known:
                owner = self.known[one if self.known[other].is_file else other]
                if owner.is_certain:  # the registry's own file of this paper
                    yield Join(one=one, other=other, level=CERTAIN, why=Reason(kind="its-file"))

    def _by_id(self) -> Iterator[Join]:
        """An arXiv id that a bibliography or a page states, where title or authors agree with the other record."""
        for key, sharing in self._sharing(lambda known: (known.arxiv,) if known.arxiv else ()).items():
            yield from self._agreeing(key, sharing, level=ID, kind="same-arxiv-id")

    def _by_doi(self) -> Iterator[Join]:
        for key, sharing in self._sharing(lambda known: known.dois).items():
            if not is_data_set(key[4:]):
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
            if agree is True or first.is_about_another != second.is_about_another or not people_agree(first, second):
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
            if one in self.known and other in self.known:
                a, b = (one, other) if self.known[one].is_file else (other, one)
                named[a].append(self.known[b])
        for name, owners in sorted(named.items()):
            file = self.known[name]
            if self._groups[name].members != [name]:
                continue  # the registry's own file
            chosen = [owner for owner in owners if titles_agree(file, owner)]
            is_ones = len(self._groups_of(owner.id for owner in owners)) == 1
            if not chosen and is_ones and not self._is_identified(file, owners):
                chosen = owners
                if not any(file.stated_ids & one.stated_ids for one in owners):
                    self._muted.add(name)
                    self._groups[name].arxiv.clear()
            self._attachments[name] = (chosen, owners)

    def _attached(self) -> Iterator[Join]:
        """Files that a bibliography names as those of an entry; none with the stamp of another arXiv id."""
        for name, (chosen, owners) in sorted(self._attachments.items()):
            file = self.known[name]
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

    def _is_identified(self, file: Known, owners: Sequence[Known]) -> bool:
        """Whether the page of a file is that of a paper that a record tells of, of those that share a key with it or
        with the entries that name it."""
        keys = sorted(set().union(*(known.found_by for known in (file, *owners))))
        others = {other.id: other for key in keys for other in self._bearing.get(key, ()) if not other.is_file}
        return any(
            titles_agree(file, other) and (file.stated_ids & other.stated_ids or people_agree(file, other))
            for other in others.values()
        )

    def _proposed(self) -> Iterator[Join]:
        """An id that only a file's name suggests, where the title agrees with the record of that id."""
        for known in self.known.values():
            for key in () if known.id in self._muted else known.said.proposed:
                for owner in self._bearing.get(key, ()):
                    if key in owner.said.ids and owner.id != known.id and titles_agree(known, owner, whole=True):
                        yield _join(known, owner, PROPOSED, "id-in-the-files-name", id=key, agree="title")

    def _by_title(self) -> Iterator[Join]:
        for sharing in self._sharing(lambda known: (known.title_key,) if known.title_key else ()).values():
            for first, second in combinations(sharing, 2):
                if self._groups[first.id] is not self._groups[second.id] and people_agree(first, second):
                    yield _join(first, second, TITLE, "same-title-and-authors", title=first.said.title or "")

    def _sharing(self, keys_of: Callable[[Known], Iterable[str]]) -> dict[str, list[Known]]:
        """Key to the records that have it, where there are two or more and not too many to tell anything."""
        found: dict[str, list[Known]] = defaultdict(list)
        for known in self.known.values():
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
            alike: dict[object, list[Join]] = {_ids_of(group): [] for group in groups}
            for link in linked:
                one, other = (_ids_of(self._groups[key]) for key in (link.one, link.other))
                if one == other:
                    alike[one].append(link)
            for kept in alike.values():
                for part in self._hanging_together(kept):
                    again = self._linked(part)
                    if len(again) > 1 and self._against(again, level) is None:
                        self._merge(again, part)

    def _hanging_together(self, links: Sequence[Join]) -> list[list[Join]]:
        """Links that hang together, by way of each other or of the groups that their records are in already."""
        sets: DisjointSets[_Group] = DisjointSets()
        for link in links:
            sets.tie(self._groups[link.one], self._groups[link.other])
        together: dict[_Group, list[Join]] = defaultdict(list)
        for link in links:
            together[sets.root(self._groups[link.one])].append(link)
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
        inside = {id(group) for group in groups}
        for group in groups:
            for key in group.members:
                for other in self._parted_from.get(key, ()):
                    if self._groups[other] is not group and id(self._groups[other]) in inside:
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
        sets: DisjointSets[_Group] = DisjointSets()
        whole.joins += [link for link in links if sets.tie(self._groups[link.one], self._groups[link.other])]
        whole.members.sort()
        for key in whole.members:
            self._groups[key] = whole

    # ------------------------------------------------------------------------------------- ids and doubts

    def _owners(self, groups: Iterable[_Group]) -> dict[str, list[_Group]]:
        """Id to the groups that may bear it: those whose best witness is as good as any other's."""
        claims: dict[str, dict[_Group, int]] = defaultdict(dict)
        for group in groups:
            for key in group.members:
                known = self.known[key]
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
        return {*known.stated_ids, *known.own_keys}

    def _keys(self, group: _Group, owners: Mapping[str, list[_Group]]) -> tuple[str, ...]:
        members = [self.known[key] for key in group.members]
        claims = {claim for known in members for claim in self._claimed_by(known)}
        keys = {claim for claim in claims if owners.get(claim) == [group]} or {members[0].last_key}
        return tuple(sorted(keys, key=_by_strength))

    def _doubt_shared_ids(self) -> None:
        for claim, claiming in sorted(self._claims.items()):
            titles = sorted({self.known[group.members[0]].said.title or "" for group in claiming})
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
            frozenset((group, self._groups[other]))
            for group in groups
            for key in group.members
            for other in self._parted_from.get(key, ())
        }
        return any(frozenset(both) not in parted for both in combinations(groups, 2))


def _ids_of(group: _Group) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(group.arxiv), frozenset(group.dois)


def _by_strength(key: str) -> tuple[int, str]:
    return strength(key), key


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
