"""What arXiv announced: from its feeds on the day, from its API for days on which nobody asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from kb.calendar import announcement_day
from kb.index.catalog.matching import Known, merge
from kb.records import AddReport, Failure, Filters, Item, Metadata, Paper, Reason, SourceRecord, Topic
from kb.writing.topics import arxiv_query, concerns, feed_categories

if TYPE_CHECKING:
    from kb.index.catalog import Catalog
    from kb.library.indexing import Progress
    from kb.sources.arxiv import ArxivSource
    from kb.sources.feed import FeedEntry, FeedPage

AddItems = Callable[..., AddReport]
"""``kb.library.adding.add_items`` over the store at hand: items, and by name ``fetch`` and ``progress``."""
_LOOK_BACK = timedelta(days=5)
"""Moderation holds papers back, and the API knows only when they were submitted."""

_SHOWN_LATELY = 300
"""New versions of so many papers that were shown last are looked for by id: three requests."""


@dataclass
class Gathered:
    """What came of asking arXiv for one topic.

    ``ready`` has the days about which arXiv has answered; ``replaced`` names for each day the papers whose new version
    was announced; ``remarks`` say for a day what a reader of an empty page should know.
    """

    ready: set[date] = field(default_factory=set)
    replaced: dict[date, set[str]] = field(default_factory=dict)
    remarks: dict[date, Reason] = field(default_factory=dict)


class Announcements:
    """Asks arXiv and adds the records that a topic finds, or whose paper is known. Full texts are fetched later.

    Every step can be repeated: what is in already stays as it is.
    """

    def __init__(self, catalog: Catalog, *, source: ArxivSource, add: AddItems, progress: Progress | None) -> None:
        self._catalog, self._source, self._add_items, self._progress = catalog, source, add, progress
        self.failures: list[Failure] = []

    def newest(
        self, topics: Sequence[Topic], day: date, *, page: FeedPage, others: Sequence[Topic] = ()
    ) -> dict[str, Gathered]:
        """What a feed that carries ``day`` announced, by name of topic.

        What ``others`` will find by asking the API is taken from the feed as well, where it is in it: else it would
        hang on who asked first, and on where a run was stopped, what is known of a paper.
        """
        self.failures += [Failure(what=f"feed of {day}", code="bad-record", reason=text) for text in page.broken]
        known = self._known([entry.id for entry in page.entries])
        found = []
        for entry in page.entries:
            is_new = entry.type in ("new", "cross")
            paper = _as_paper(entry.metadata) if is_new and entry.id not in known else None
            if entry.id in known or (paper and any(concerns(topic, paper) for topic in (*topics, *others))):
                found.append(entry)
        self._add(entry.item for entry in found)
        self._complete([entry.id.removeprefix("arxiv:") for entry in found])
        again = {entry.id for entry in found if entry.type.startswith("replace")}
        return {
            topic.name: Gathered(ready={day}, replaced={day: again}, remarks={day: _remark(topic, page.entries, day)})
            for topic in topics
        }

    def missed(self, topic: Topic, days: Sequence[date], *, first_visit: date | None) -> Gathered:
        """What the API has for days whose feed was not read.

        A paper is announced on the first day after its submission on which it can be; one that arXiv held back is
        still unknown here then, and counts for the first missed day after it.

        Raises:
            UsageError: when the topic asks for nothing that arXiv can look for.
        """
        query, first, last = arxiv_query(topic), min(days), max(days)
        since = max(first - _LOOK_BACK, first_visit) if first_visit is not None and first_visit < first else first
        gathered = Gathered(ready=set(days))
        found = list(self._good(self._source.query(query, since=since, until=last), gathered, what=topic.name))
        known = self._known([key for item in found for key in _ids(item)])
        self._add(self._dated(topic, found, days, known))
        replaced = list(self._good(self._source.replaced(query, since=first, until=last), gathered, what=topic.name))
        replaced += self._good(self._changed(topic, since=first, until=last), gathered, what=topic.name)
        known = self._known([key for item in replaced for key in _ids(item)])
        mine = []
        for item in replaced:
            if item.record is not None and known.intersection(_ids(item)):
                day = _first_from(days, item.metadata)
                gathered.replaced.setdefault(day, set()).update(_ids(item))
                mine.append(_announced_on(item, item.record, day))
        self._add(mine)
        for day in days:
            gathered.remarks[day] = Reason(kind="api-has-none", values={"query": query, "day": day.isoformat()})
        return gathered

    def _changed(self, topic: Topic, *, since: date, until: date) -> Iterator[Item | Failure]:
        """New versions, announced in the period, of what the topic has shown lately. Asked for by id: the new text may
        not be what the topic's query asks for, least of all when it says that the paper is withdrawn."""
        shown: dict[str, int] = {}
        for row in self._catalog.ledger.entries(topic.name):
            if row["how"] in ("new", "updated") and row["paper_id"].startswith("arxiv:"):
                shown[row["paper_id"]] = max(shown.pop(row["paper_id"], 0), row["version"])  # the latest stand last
        lately = list(shown)[-_SHOWN_LATELY:]
        for one in self._source.find_many([key.removeprefix("arxiv:") for key in sorted(lately)]):
            if isinstance(one, Failure):
                yield one
            elif one.record is not None and ((data := one.record.metadata).version or 0) > shown.get(data.ids[0], 0):
                day = announcement_day(data.updated) if data.updated is not None else until
                if since <= day <= until:
                    yield _announced_on(one, one.record, day)

    def _complete(self, ids: Sequence[str]) -> None:
        """Ask the API for what no feed tells: comment, journal, day of submission. Without it the papers stay."""
        items: list[Item] = []
        for one in self._source.find_many(ids):
            if isinstance(one, Item):
                items.append(one)
            else:
                self.failures.append(replace(one, reason=f"its comment is not known: {one.reason}"))
        self._add(items)

    def _good(self, found: Iterable[Item | Failure], gathered: Gathered, *, what: str) -> Iterator[Item]:
        """The items; after a failure no day is ready, so that it is asked for again. ``what`` is asked for."""
        for one in found:
            if isinstance(one, Failure):
                self.failures.append(replace(one, what=what))
                gathered.ready.clear()
            else:
                yield one

    def _dated(
        self, topic: Topic, found: Sequence[Item], days: Sequence[date], known: frozenset[str]
    ) -> Iterator[Item]:
        for item in found:
            if item.record is None or item.metadata is None or not item.metadata.announced:
                continue
            computed = item.metadata.announced[0]
            if computed in days:
                if known.intersection(item.metadata.ids) or concerns(topic, _as_paper(item.metadata)):
                    yield item
            elif not known.intersection(item.metadata.ids) and concerns(topic, _as_paper(item.metadata)):
                yield _announced_on(item, item.record, _first_from(days, item.metadata))  # held back

    def _add(self, items: Iterable[Item | Failure]) -> None:
        report = self._add_items(items, progress=self._progress)
        self.failures += report.failed

    def _known(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of the ids that are in the library or in the ledger."""
        catalog = self._catalog
        stored = catalog.papers.many(catalog.papers.ids(Filters(papers=tuple(keys)))) if keys else {}
        aliases = {alias for paper in stored.values() for alias in (paper.id, *paper.aliases)}
        return frozenset(aliases | (catalog.ledger.papers() & set(keys)))


def _as_paper(metadata: Metadata) -> Paper:
    return merge([Known("", SourceRecord(source="arxiv", metadata=metadata))], keys=metadata.ids)


def _ids(item: Item) -> tuple[str, ...]:
    return item.metadata.ids if item.metadata is not None else ()


def _announced_on(item: Item, record: SourceRecord, day: date) -> Item:
    """The item as announced on a day that its record does not state."""
    return replace(item, record=replace(record, metadata=replace(record.metadata, announced=(day,))))


def _first_from(days: Sequence[date], metadata: Metadata | None) -> date:
    """The first of the days on or after the one that the metadata states, else the last."""
    stated = min(metadata.announced) if metadata is not None and metadata.announced else min(days)
    return min((day for day in days if day >= stated), default=max(days))


def _remark(topic: Topic, entries: Sequence[FeedEntry], day: date) -> Reason:
    asked = feed_categories(topic) or ()
    listed = 0
    for entry in entries:
        names = {name for one in entry.metadata.categories or () for name in (one, one.partition(".")[0])}
        listed += not names.isdisjoint(asked)
    values = {"day": day.isoformat(), "categories": ", ".join(asked), "listed": str(listed)}
    return Reason(kind="feed-lists-others" if listed else "feed-lists-none", values=values)
