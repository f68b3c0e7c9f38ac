"""Which papers a page has: what belongs, what was shown before, what is an update, and for what there is room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Literal

from kb.library.topics import rank_for_topic
from kb.records import Filters, Paper, Skipped, Topic
from kb.writing.changes import describe_changes

if TYPE_CHECKING:
    from kb.library import Library

EVERYTHING = ""
"""Under this name the ledger keeps what digests of all papers have shown."""

How = Literal["new", "updated"]
Reason = Literal["already_shown", "filtered", "withdrawn", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A paper that goes on the page: as new or updated, on which day, what changed since it was shown before, and
    why the topic has it."""

    paper: Paper
    how: How
    day: date
    changes: tuple[str, ...] = ()
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A paper that was found and is not on the page. ``mark`` is what the ledger keeps of it; None: nothing."""

    skipped: Skipped
    counted_as: Reason
    paper: Paper | None = None
    mark: Literal["skipped", "replacement"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What goes on the page, the most relevant first, and what does not."""

    shown: tuple[Shown, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the ledger says of one version of a paper."""

    version: int
    day: date
    how: str


@dataclass
class _Chooser:
    """The rules for one topic and period; asked for each paper in the order of relevance."""

    library: Library
    topic: Topic | None
    since: date
    until: date
    replaced: frozenset[str]
    history: Mapping[str, Sequence[Entry]]
    room: Counter[date] = field(default_factory=Counter)

    def judge(self, paper: Paper) -> Shown | LeftOut:
        """Show the paper, or say why not."""
        entries = sorted(
            (entry for key in (paper.id, *paper.aliases) for entry in self.history.get(key, ())),
            key=lambda entry: (entry.version, entry.day),
        )
        version = paper.version or 0
        shown = [entry for entry in entries if entry.how in ("new", "updated")]
        here = [entry for entry in shown if self.since <= entry.day <= self.until]
        if here:
            return self._again(paper, shown, here)
        elsewhere = [entry for entry in shown if entry.version >= version or entry.day > self.until]
        if elsewhere:
            days = {entry.day for entry in elsewhere}
            return _left_out(paper, f"shown on {min(days)}", "already_shown")
        if not shown and paper.withdrawn:
            return _left_out(paper, "withdrawn", "withdrawn", mark="skipped")
        if not shown and self._only_replaced(paper, entries):
            reason = f"version {version} of a paper that this topic has not shown"
            return _left_out(paper, reason, "filtered", mark="replacement")
        day = min((day for day in paper.announced if self.since <= day <= self.until), default=self.until)
        if shown:  # a reader of the old version must learn of the new one, however many others there are
            older = max(entry.version for entry in shown)
            changes = _changes(self.library, paper, since_version=older)
            return Shown(paper=paper, how="updated", day=day, changes=changes)
        if self.topic is not None and self.room[day] >= self.topic.limit:
            reason = f"not among the {self.topic.limit} most relevant of {day}"
            return _left_out(paper, reason, "filtered", mark="skipped")
        self.room[day] += 1
        return Shown(paper=paper, how="new", day=day)

    def take_room(self, papers: Sequence[Paper]) -> None:
        """Keep the places of those that were shown in the period: making it again shows them first."""
        for paper in papers:
            for key in (paper.id, *paper.aliases):
                for entry in self.history.get(key, ()):
                    if entry.how == "new" and self.since <= entry.day <= self.until:
                        self.room[entry.day] += 1

    def _again(self, paper: Paper, shown: Sequence[Entry], here: Sequence[Entry]) -> Shown:
        """As it was shown in the period before."""
        first = here[0]
        older = [entry.version for entry in shown if entry.version < first.version]
        if first.how == "new" or not older:
            return Shown(paper=paper, how="new", day=first.day)
        changes = _changes(self.library, paper, since_version=max(older))
        return Shown(paper=paper, how="updated", day=first.day, changes=changes)

    def _only_replaced(self, paper: Paper, entries: Sequence[Entry]) -> bool:
        """Whether all that happened in the period is a new version of a paper from before it."""
        if any(entry.how == "replacement" and self.since <= entry.day <= self.until for entry in entries):
            return True
        if (paper.version or 0) <= 1:
            return False
        earlier = any(day < self.since for day in paper.announced)
        return earlier or not self.replaced.isdisjoint({paper.id, *paper.aliases})


def choose(
    library: Library,
    topic: Topic | None,
    *,
    since: date,
    until: date,
    replaced: frozenset[str] = frozenset(),
) -> Choice:
    """Choose among the papers announced in a period (inclusive days), and those that the ledger has for it.

    ``replaced`` names papers whose new version is announced in the period although their record may not say so.
    """
    catalog = library.catalog()
    history = _history(library, topic.name if topic else EVERYTHING)
    ids = catalog.papers.ids(Filters(since=since, until=until))
    kept = [
        key
        for key, entries in history.items()
        if any(entry.how in ("new", "updated") and since <= entry.day <= until for entry in entries)
    ]
    also = sorted({*kept, *replaced})
    ids += [key for key in (catalog.papers.ids(Filters(papers=tuple(also))) if also else []) if key not in set(ids)]
    found = catalog.papers.many(ids)
    papers = [found[key] for key in ids]
    chooser = _Chooser(library=library, topic=topic, since=since, until=until, replaced=replaced, history=history)
    chooser.take_room(papers)
    seen = {key for key, entries in history.items() if any(entry.how in ("new", "updated") for entry in entries)}
    was_shown = [paper for paper in papers if not {paper.id, *paper.aliases}.isdisjoint(seen)]
    ranked, outside = _ranked(library, topic, papers, was_shown, since=since)
    verdicts = [(chooser.judge(paper), why) for paper, why in ranked]
    return Choice(
        shown=tuple(replace(verdict, why=why) for verdict, why in verdicts if isinstance(verdict, Shown)),
        left_out=(
            *(LeftOut(skipped=skipped, counted_as="filtered") for skipped in outside),
            *(verdict for verdict, _ in verdicts if isinstance(verdict, LeftOut)),
        ),
    )


def _ranked(
    library: Library, topic: Topic | None, papers: Sequence[Paper], was_shown: Sequence[Paper], *, since: date
) -> tuple[list[tuple[Paper, tuple[str, ...]]], Sequence[Skipped]]:
    """The papers of the topic with the reasons, most relevant first, and those found but left out.

    What the topic has shown stays its paper, also when the topic or the paper's text was changed since: readers must
    learn of a withdrawal, and a page that is made again has its papers again.
    """
    if topic is None:
        return [(paper, ()) for paper in sorted(papers, key=lambda paper: paper.id, reverse=True)], ()
    ranking = rank_for_topic(library, topic, papers, before=since)
    ranked = list(ranking.inside)
    known = {paper.id for paper, _ in ranked}
    stays = {paper.id for paper in was_shown}
    ranked += [(paper, ("the topic has shown it before",)) for paper in was_shown if paper.id not in known]
    return ranked, [skipped for skipped in ranking.outside if skipped.paper_id not in stays]


def _history(library: Library, topic: str) -> dict[str, list[Entry]]:
    """Paper id to what the ledger has of it under a topic."""
    history: dict[str, list[Entry]] = {}
    for row in library.catalog().ledger.entries(topic):
        entry = Entry(version=row["version"], day=date.fromisoformat(row["day"]), how=row["how"])
        history.setdefault(row["paper_id"], []).append(entry)
    return history


def _left_out(
    paper: Paper, reason: str, counted_as: Reason, *, mark: Literal["skipped", "replacement"] | None = None
) -> LeftOut:
    return LeftOut(skipped=Skipped(paper_id=paper.id, reason=reason), counted_as=counted_as, paper=paper, mark=mark)


def _changes(library: Library, paper: Paper, *, since_version: int) -> tuple[str, ...]:
    """What is new since a version that was shown; never empty."""
    old = {version.version: version for version in library.catalog().papers.versions(paper.id)}.get(since_version)
    described = tuple(describe_changes(old, paper)) if old is not None else ()
    return described or (f"version {paper.version} replaces version {since_version}",)
