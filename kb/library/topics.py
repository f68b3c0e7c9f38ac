"""Topics: standing queries, what they find and leave out and why, what comes first; and the ledger of what each has
shown, also as a file for machines that forget."""

from __future__ import annotations

import builtins
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kb import wire
from kb.errors import BadIdentifier, BadRecord, UsageError
from kb.ids import paper_key, plain_words
from kb.input_files import read_file
from kb.protocols import Vectors
from kb.records import NO_FILTERS, Candidate, Filters, Preview, PreviewCounts, Reason, Topic
from kb.writing.relevance import Anchor, Standing, rank
from kb.writing.topic_query import parse_query
from kb.writing.topics import judge

if TYPE_CHECKING:
    from kb.index.catalog import Catalog
    from kb.library.parts import Store

Encode = Callable[[Sequence[str]], Vectors]

EVERYTHING = ""
"""Under this name the ledger keeps what digests of all papers have shown."""
_SCHEMA = "kb.ledger-file/1"
_PERIODS = "periods of digests"
_MOST_ANCHORS = 200
_LONGEST_NAME = 100
_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z-]{2,})?(?:\*|\.\*)?", re.ASCII)


class Topics:
    """The standing queries of a store, what they find among its papers, and the memory of what each has shown."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self) -> builtins.list[Topic]:
        """All topics by name."""
        return self._store.catalog().ledger.topics() if self._store.home.exists else []

    def get(self, name: str) -> Topic:
        """The topic of that name."""
        return self._store.catalog().ledger.topic(name)

    def add(self, topic: Topic) -> Topic:
        """Keep a topic; one of that name (in upper or lower case) is replaced and keeps the name it had, under which
        the ledger knows what it has shown. Returns it as it is kept.

        Raises:
            UsageError: when its query cannot be read or it asks for nothing.
        """
        catalog = self._store.catalog(create=True)
        good = checked(topic)
        same = [known.name for known in catalog.ledger.topics() if known.name.casefold() == good.name.casefold()]
        good = replace(good, name=same[0]) if same else good
        with self._store.changing():
            catalog.ledger.put_topic(good)
        return good

    def remove(self, name: str) -> str:
        """Forget a topic; what it has shown stays known. Returns its name."""
        topic = self.get(name)
        with self._store.changing():
            self._store.catalog().ledger.remove_topic(topic.name)
        return topic.name

    def plan(self, name: str, **fields: Any) -> Topic:
        """The topic of that name with other fields, or a new one, without keeping it.

        Raises:
            KbError: when there is none of that name and no field that would make one.
        """
        ledger = self._store.catalog().ledger
        topic = {known.name.casefold(): known for known in ledger.topics()}.get(name.casefold())
        if topic is None and not fields:
            topic = ledger.topic(name)
        return checked(replace(topic or Topic(name=name), **fields))

    def preview(self, topic: Topic, *, since: date | None = None, until: date | None = None) -> Preview:
        """What a topic catches among the stored papers (of a period), and why or why not; those inside first.

        Raises:
            UsageError: for a period that ends before it begins.
        """
        catalog, encode = self._store.catalog(), self._store.corpus().encode
        papers = catalog.papers.many(catalog.papers.ids(self._store.filters(since=since, until=until)))
        judged = {key: judge(topic, paper) for key, paper in papers.items()}
        inside = [papers[key] for key, judgement in judged.items() if judgement.inside]
        ranked = rank(inside, topic=topic, anchors=anchors(catalog, topic, before=since), encode=encode)
        caught = [
            Candidate(
                paper_id=paper.id, title=paper.title, inside=True, score=relevance.score, announced=paper.announced,
                reasons=(*judged[paper.id].reasons, *relevance.reasons),
            )
            for paper, relevance in ranked
        ]  # fmt: skip
        missed = [
            Candidate(
                paper_id=key, title=papers[key].title, inside=False, announced=papers[key].announced,
                reasons=judged[key].reasons,
            )
            for key in sorted(papers)
            if not judged[key].inside
        ]  # fmt: skip
        counts = PreviewCounts(inside=len(caught), outside=len(missed))
        nothing = None
        if not papers:
            stored = catalog.papers.count()
            kind = "none-in-period" if stored else "library-empty"
            nothing = Reason(kind=kind, values={"papers": str(stored)} if stored else {})
        return Preview(
            topic=topic, since=since, until=until, counts=counts, candidates=(*caught, *missed), why_nothing=nothing
        )

    def papers(self, name: str) -> builtins.list[str]:
        """Ids of the stored papers that belong to a topic."""
        catalog, topic = self._store.catalog(), self.get(name)
        papers = catalog.papers.many(catalog.papers.ids(NO_FILTERS))
        return [key for key, paper in papers.items() if judge(topic, paper).inside]

    def export_ledger(self, path: Path | str) -> int:
        """Write topics and what they have shown to a file; the same ledger gives the same bytes. Returns the number of
        its entries.

        Raises:
            HomeUnwritable: when the file cannot be written.
        """
        from kb.library.pages import write_pages

        catalog = self._store.catalog()
        ledger = catalog.ledger
        data = LedgerFile(
            schema=_SCHEMA,
            topics=tuple(ledger.topics()),
            entries=tuple(wire.from_data(row, LedgerEntry) for row in ledger.all_entries()),
            visits=tuple(Visit(topic=topic, day=day, report=report) for topic, day, report in ledger.all_visits()),
            periods=tuple(known_periods(catalog)),
        )
        path = Path(path)
        write_pages([(path.name, (wire.to_json(data) + "\n").encode())], path.parent)
        return len(data.entries)

    def import_ledger(self, path: Path | str) -> int:
        """Take in an exported ledger beside what is there; returns the number of its entries.

        Nothing that was shown is forgotten, the earlier day of two stays; topics that are there stay as they are.

        Raises:
            BadRecord: when it is no ledger; nothing is taken in then.
            FileUnreadable: when the file cannot be read.
        """
        data = _read(Path(path))
        catalog = self._store.catalog(create=True)
        with self._store.changing():
            known = {topic.name.casefold() for topic in catalog.ledger.topics()}
            for topic in data.topics:
                if topic.name.casefold() not in known:
                    catalog.ledger.put_topic(topic)
            for entry in data.entries:
                catalog.ledger.recall(
                    entry.topic, entry.paper_id, version=entry.version, day=entry.day, how=entry.how,
                    reason=entry.reason,
                )  # fmt: skip
            visited = {(topic, day) for topic, day, _ in catalog.ledger.all_visits()}
            for visit in data.visits:
                if (visit.topic, visit.day) not in visited:
                    catalog.ledger.visit(visit.topic, visit.day, visit.report)
            remember_periods(catalog, data.periods)
        return len(data.entries)


def anchors(catalog: Catalog, topic: Topic | None, *, before: date | None = None) -> list[Anchor]:
    """The papers that show what the user wants: examples of the topic, what was liked, disliked, tagged and collected,
    papers of the user's own (local files, and full texts that no digest brought). The strongest reason of each counts.

    ``before`` is the first day of the period: papers announced from then on are no witnesses of the user's taste
    unless the user said so, because they may have come in with this very run.
    """
    found: dict[str, tuple[float, Standing]] = {}

    def stand(keys: Sequence[str], weight: float, standing: Standing) -> None:
        for key in keys:
            if key not in found:
                found[key] = (weight, standing)

    opinions = catalog.papers.opinions(topic=topic.name if topic else "")
    stand([key for key, liking in opinions.items() if liking < 0], -1.0, "disliked")
    if topic is not None:
        examples = catalog.papers.ids(Filters(papers=topic.examples)) if topic.examples else []
        stand(examples, 1.0, "example")
    stand([key for key, liking in opinions.items() if liking > 0], 1.0, "liked")
    if topic is not None:
        stand(catalog.papers.ids(Filters(tags=(topic.name,))), 1.0, "tagged-as")
    stand(catalog.ledger.tagged(), 0.6, "tagged")
    collected = [key for name in sorted(catalog.collections.all()) for key in catalog.collections.papers(name)]
    stand(collected, 0.6, "collected")
    stand(_own(catalog, before=before), 0.4, "library")
    strongest = sorted(found, key=lambda key: (-abs(found[key][0]), key))[:_MOST_ANCHORS]
    papers = catalog.papers.many(strongest)
    return [
        Anchor(paper=papers[key], weight=found[key][0], standing=found[key][1]) for key in strongest if key in papers
    ]


def _own(catalog: Catalog, *, before: date | None) -> list[str]:
    """Papers whose full text the user brought in, newest first."""
    brought = catalog.ledger.papers()
    newest = catalog.papers.ids(Filters(has_fulltext=True), limit=4 * _MOST_ANCHORS)
    papers = catalog.papers.many(newest)
    return [
        key
        for key in newest
        if key in papers
        and brought.isdisjoint({key, *(paper := papers[key]).aliases})
        and (paper.private or before is None or not paper.announced or max(paper.announced) < before)
    ][:_MOST_ANCHORS]


# ------------------------------------------------------------------------------------- as they are kept


def checked_name(text: str) -> str:
    """A topic's name, on one line with single blanks.

    Raises:
        UsageError: for one that is empty, too long or not printable.
    """
    name = " ".join(text.split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise UsageError(f"{text[:40]!r} is no name for a topic: use 1 to {_LONGEST_NAME} printable characters")
    return name


def checked(topic: Topic) -> Topic:
    """A topic as it may be kept: its query readable, its names tidy, its examples canonical ids.

    Raises:
        UsageError: naming what is wrong.
    """
    name = checked_name(topic.name)
    parse_query(topic.query)
    for word in (*topic.must, *topic.must_not, *topic.authors):
        if not plain_words(word):
            raise UsageError(f"{word!r} has no letter or digit to look for: leave it out")
    for category in topic.categories:
        if not _CATEGORY.fullmatch(category):
            raise UsageError(f"{category!r} is not an arXiv category: write it like cs.CV")
    if topic.limit < 1:
        raise UsageError(f"a limit of {topic.limit} papers shows nothing: give one of 1 or more")
    if not (topic.query.strip() or topic.must or topic.authors or topic.categories or topic.examples):
        raise UsageError(f"topic {name!r} asks for nothing: give it --query, --category, --author, --must or --example")
    return replace(
        topic, name=name, query=" ".join(topic.query.split()), examples=tuple(_key(text) for text in topic.examples)
    )


def _key(text: str) -> str:
    try:
        return paper_key(text)
    except BadIdentifier as err:
        raise UsageError(f"example {text!r}: {err}") from err


# -------------------------------------------------------------------------------------------- the ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What a topic made of a version of a paper, on which day."""

    topic: str
    paper_id: str
    version: int
    day: date
    how: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A day that the daily job looked at, with its report."""

    topic: str
    day: date
    report: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Inclusive days that a digest was made of."""

    since: date
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFile:
    """What the file holds, in a stable order."""

    schema: str
    topics: tuple[Topic, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()
    visits: tuple[Visit, ...] = ()
    periods: tuple[Period, ...] = ()


def known_periods(catalog: Catalog) -> list[Period]:
    """The periods that digests were made of, in order: a page's days are held against them."""
    kept = catalog.fact(_PERIODS)
    return wire.from_json(kept, list[Period]) if kept else []


def remember_periods(catalog: Catalog, periods: Iterable[Period]) -> None:
    """Remember that digests were made of these periods. Part of the caller's transaction."""
    known = known_periods(catalog)
    if new := set(periods) - set(known):
        every = sorted({*known, *new}, key=lambda period: (period.since, period.until))
        catalog.set_fact(_PERIODS, wire.to_json(every, indent=None))


def _read(path: Path) -> LedgerFile:
    try:
        data = wire.from_json(read_file(path), LedgerFile)
        for visit in data.visits:
            json.loads(visit.report)
        data = replace(data, topics=tuple(map(checked, data.topics)))
        for name in {*(one.topic for one in data.entries), *(one.topic for one in data.visits)} - {EVERYTHING}:
            checked_name(name)
    except UsageError as err:
        raise BadRecord(f"{path} holds a topic that cannot be kept: {err}") from err
    except BadRecord as err:
        raise BadRecord(f"{path} is {err}") from err
    except (ValueError, RecursionError) as err:
        raise BadRecord(f"{path} holds a visit whose report is no JSON ({err}): export the ledger again") from err
    hows = {"new", "updated", "skipped", "replacement"}
    wrong = next((entry.how for entry in data.entries if entry.how not in hows), None)
    if data.schema != _SCHEMA or wrong is not None:
        raise BadRecord(f"{path} is not a ledger of this version ({wrong or data.schema}): export it again with kb")
    return data
