"""``kb update``: the daily job. Every topic: announcements, records, choice, full texts, notes, pages, memory, mail.

It can be stopped at any point and started again: records are added before anything is decided, pages are written
before the ledger says that they were, the ledger and the visit of a day are one transaction, and mail that did not go
out is sent by the next run. Days on which it did not run are asked for later.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kb.calendar import EASTERN, announcement_days, is_announcement_day, previous_announcement_day, why_nothing
from kb.errors import HomeError, KbError, SourceError, UsageError
from kb.library import delivering
from kb.library.announcing import Announcements, Gathered, fetch_fulltexts, read_feed
from kb.library.choosing import choose
from kb.library.digesting import Composition, compose, enter
from kb.library.publishing import write_index
from kb.library.reporting import AskedWhom, Report, TopicReport
from kb.records import FORMS, Digest, DigestCounts, Failure, Language, Topic
from kb.writing.topics import feed_categories

if TYPE_CHECKING:
    from kb.library import Library
    from kb.library.indexing import Progress
    from kb.sources.arxiv import ArxivSource
    from kb.sources.feed import FeedPage
    from kb.sources.http import PoliteClient

_MOST_MISSED = timedelta(days=92)
_LATE_MAIL = timedelta(days=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the job is to be done."""

    out: Path
    forms: Sequence[str]
    fulltext: bool
    audience: str
    language: Language | None
    progress: Progress | None


def update(
    library: Library,
    *,
    out: Path | None,
    forms: Sequence[str],
    day: date | None,
    fulltext: bool,
    audience: str,
    language: Language | None,
    progress: Progress | None,
) -> dict[str, Any]:
    """Bring every topic up to ``day`` (today); returns the report.

    Raises:
        HomeBusy: when the job is at work already.
        UsageError: for a form that there is not.
    """
    library.catalog()
    wanted = [form.strip() for form in forms]
    if wrong := [form for form in wanted if form not in FORMS]:
        raise UsageError(f"{wrong[0]!r} is not a form: choose from {', '.join(FORMS)}")
    plan = Plan(
        out=out or library.home.digests_path,
        forms=wanted,
        fulltext=fulltext,
        audience=audience,
        language=language,
        progress=progress,
    )
    with library.home.job("update"):
        # arXiv dates its listings in Eastern time: while it is still yesterday there, today's is not out.
        return _Update(library, plan, today=day or datetime.now(EASTERN).date()).run()


class _Update:
    """One run of the job."""

    def __init__(self, library: Library, plan: Plan, *, today: date) -> None:
        from kb.sources.arxiv import ArxivSource
        from kb.sources.http import PoliteClient

        self._library, self._plan, self._today = library, plan, today
        self._newest = previous_announcement_day(today)
        self._report = Report()
        self._client: PoliteClient = PoliteClient(library.settings, cache_folder=library.home.cache_path / "http")
        self._source: ArxivSource = ArxivSource(self._client, library.settings)
        self._announcements = Announcements(library, source=self._source, progress=plan.progress)

    def run(self) -> dict[str, Any]:
        """Do what is due for every topic; returns the report of ``Library.update``."""
        topics = self._library.topics()
        due = {topic.name: self._due(topic) for topic in topics}
        page = self._read_feed([topic for topic in topics if self._newest in due[topic.name]])
        by_feed = [topic for topic in topics if self._newest in due[topic.name] and self._serves(topic, page)]
        # First what the API has, then the feed: so a run that was stopped and one that was not know the same papers
        # when the feed says that they are new or replaced.
        asked = {topic.name: self._ask(topic, self._missed(topic, due[topic.name], by_feed)) for topic in topics}
        newest: dict[str, Gathered] = {}
        if page is not None and by_feed:
            others = [topic for topic in topics if topic not in by_feed and asked[topic.name] is not None]
            newest = self._announcements.newest(by_feed, self._newest, page=page, others=others)
        for topic in topics:
            if (gathered := asked[topic.name]) is not None:
                self._bring_up(topic, due[topic.name], newest.get(topic.name), gathered, page)
        self._report.failures += self._announcements.failures
        self._deliver(topics)
        return self._report.data()

    # -------------------------------------------------------------------------------------- which days

    def _due(self, topic: Topic) -> list[date]:
        """The announcement days since the first visit that were not visited; of a new topic only the newest."""
        visits = self._library.catalog().ledger.visits(topic.name)
        if not visits or self._newest < min(visits):
            return [self._newest]
        first = max(min(visits), self._newest - _MOST_MISSED)
        return [day for day in announcement_days(first, self._newest) if day not in visits]

    def _read_feed(self, topics: Sequence[Topic]) -> FeedPage | None:
        """The newest feed for the topics that feeds can serve; None when there is none to be had."""
        asking = [topic for topic in topics if feed_categories(topic)]
        if not asking or not is_announcement_day(self._today):
            return None
        try:
            return read_feed(asking, client=self._client, settings=self._library.settings)
        except SourceError as err:
            reason = f"{err} (its API was asked instead)"
            self._report.failures.append(Failure(what="arXiv's feed", code=err.code, reason=reason, retry=err.retry))
            return None

    def _serves(self, topic: Topic, page: FeedPage | None) -> bool:
        """Whether the feed tells all that was announced for a topic on the newest day."""
        return page is not None and page.day == self._newest and not page.is_cut and feed_categories(topic) is not None

    # -------------------------------------------------------------------------------------- one topic

    def _bring_up(
        self, topic: Topic, due: Sequence[date], newest: Gathered | None, gathered: Gathered, page: FeedPage | None
    ) -> None:
        try:
            if not due:
                self._repeat(topic)
            for day in due:
                came = newest if newest is not None and day == self._newest else gathered
                if day not in came.ready:
                    self._report.undone += 1
                elif day == self._newest and newest is None and _is_behind(page, day) and not self._has(topic, day):
                    self._not_out(topic, day, page)
                else:
                    self._do(topic, day, came, source="feed" if came is newest else "api")
        except HomeError:
            raise
        except KbError as err:
            self._failed(topic, err)

    def _failed(self, topic: Topic, err: KbError) -> None:
        self._report.undone += 1
        self._report.failures.append(Failure(what=topic.name, code=err.code, reason=str(err), retry=err.retry))

    def _missed(self, topic: Topic, due: Sequence[date], by_feed: Sequence[Topic]) -> list[date]:
        """The days that are due and that no feed tells of."""
        return [day for day in due if topic not in by_feed or day != self._newest]

    def _ask(self, topic: Topic, missed: Sequence[date]) -> Gathered | None:
        """What the API has for missed days; None when the topic cannot be asked for."""
        if not missed:
            return Gathered()
        visits = self._library.catalog().ledger.visits(topic.name)
        try:
            return self._announcements.missed(topic, missed, first_visit=min(visits, default=None))
        except HomeError:
            raise
        except KbError as err:
            self._failed(topic, err)
            return None

    def _has(self, topic: Topic, day: date) -> bool:
        choice = choose(self._library, topic, since=day, until=day)
        return bool(choice.shown or choice.left_out)

    def _not_out(self, topic: Topic, day: date, page: FeedPage | None) -> None:
        """The newest listing is not there yet: the day stays due."""
        carried = page.day if page is not None else None
        why = f"arXiv's feed still carries {carried or 'no date'}: run kb update again later"
        self._report.topics.append(TopicReport(topic=topic.name, day=day, counts=DigestCounts(), why_nothing=why))

    def _do(self, topic: Topic, day: date, came: Gathered, *, source: AskedWhom) -> None:
        """Choose, fetch, write, remember."""
        replaced = came.replaced_on(day)
        if self._plan.fulltext:
            chosen = choose(self._library, topic, since=day, until=day, replaced=replaced)
            papers = [one.paper for one in chosen.shown]
            self._report.failures += fetch_fulltexts(
                self._library, papers, source=self._source, progress=self._plan.progress
            )
        made = self._compose(topic, day, replaced=replaced)
        self._finish(topic, day, made, why=came.remarks.get(day), source=source)

    def _repeat(self, topic: Topic) -> None:
        """Nothing is due: on an announcement day its pages are written again, on another the zero is explained."""
        if self._today == self._newest:
            why = "the day was done before, and nothing was found then"
            self._finish(topic, self._newest, self._compose(topic, self._newest), why=why, source="library")
            return
        closed = why_nothing(self._today) or f"arXiv announces nothing on {self._today}"
        self._report.topics.append(
            TopicReport(topic=topic.name, day=self._today, counts=DigestCounts(), why_nothing=closed)
        )

    def _finish(self, topic: Topic, day: date, made: Composition, *, why: str | None, source: AskedWhom) -> None:
        """Pages first, then the memory of them: a stop in between only writes the same pages again."""
        digest = made.digest
        self._write(digest, day)
        self._remember(topic, day, made)
        told = _explain(digest, why, day)
        row = TopicReport(topic=topic.name, day=day, counts=digest.counts, why_nothing=told, source=source)
        self._report.topics.append(row)
        self._report.failures += [
            Failure(what=left.skipped.paper_id, code="no-note", reason=left.skipped.reason, retry=True)
            for left in made.left_out
            if left.counted_as == "failed"
        ]

    def _remember(self, topic: Topic, day: date, made: Composition) -> None:
        ledger = self._library.catalog().ledger
        with self._library.writing("update"), self._library.catalog().transaction():
            enter(self._library, made)
            before = json.loads(ledger.visits(topic.name).get(day, "{}"))
            # Who sets up mail later does not want what was made before.
            is_settled = not made.digest.entries or not delivering.has_mail(self._library)
            mailed = bool(before.get("mailed", is_settled))
            ledger.visit(topic.name, day, _visit(made.digest, mailed=mailed))

    def _compose(self, topic: Topic, day: date, *, replaced: frozenset[str] = frozenset()) -> Composition:
        choice = choose(self._library, topic, since=day, until=day, replaced=replaced)
        return compose(
            self._library, topic, choice, since=day, until=day, audience=self._plan.audience,
            language=self._plan.language, progress=self._plan.progress,
        )  # fmt: skip

    # -------------------------------------------------------------------------------------- delivery

    def _write(self, digest: Digest, day: date) -> None:
        folder = delivering.folder_of(self._plan.out, digest.topic or "", day)
        delivering.sweep(folder)
        forms = [form for form in self._plan.forms if form != "rss"]  # a feed is the topic's, not the day's
        self._report.files += [str(path) for path in self._library.write_digest(digest, forms, out=folder)]

    def _deliver(self, topics: Sequence[Topic]) -> None:
        """The feed of each topic, the page that leads to all days, and the mail that did not go out yet."""
        plan, written = self._plan, list[Path]()
        if "rss" in plan.forms:
            for topic in topics:
                digest, days = delivering.lately(
                    self._library, topic, until=self._newest, audience=plan.audience, language=plan.language
                )
                written += delivering.write_feed(self._library, topic, digest, days, out=plan.out)
        if {"html", "json"} <= set(plan.forms) and topics:
            written.append(write_index(self._library, plan.out))
        self._report.files += [str(path) for path in written]
        if delivering.has_mail(self._library):
            self._mail(topics)

    def _mail(self, topics: Sequence[Topic]) -> None:
        ledger = self._library.catalog().ledger
        for topic in topics:
            for day, report in ledger.visits(topic.name).items():
                if day < self._newest - _LATE_MAIL or json.loads(report).get("mailed", True):
                    continue
                made = self._compose(topic, day)
                self._remember(topic, day, made)
                try:
                    delivering.mail(self._library, made.digest)
                except KbError as err:
                    failure = Failure(what=f"mail of {topic.name}, {day}", code=err.code, reason=str(err), retry=True)
                    self._report.failures.append(failure)
                    continue
                with self._library.writing("update"), self._library.catalog().transaction():
                    ledger.visit(topic.name, day, _visit(made.digest, mailed=True))


def _is_behind(page: FeedPage | None, day: date) -> bool:
    return page is not None and (page.day is None or page.day < day)


def _explain(digest: Digest, remark: str | None, day: date) -> str | None:
    """Why the page is empty, if it is."""
    if digest.entries:
        return None
    if digest.counts.found:
        return digest.notices[0]
    return why_nothing(day) or remark or digest.notices[0]


def _visit(digest: Digest, *, mailed: bool) -> str:
    return json.dumps({"counts": asdict(digest.counts), "mailed": mailed})
