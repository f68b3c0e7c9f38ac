"""``kb update``: the daily job. Every topic: announcements, records, choice, full texts, notes, pages, memory, mail.

It can be stopped at any point and started again: records are added before anything is decided, pages are written
before the ledger says that they were, the ledger and the visit of a day are one transaction, and mail that did not go
out is sent by the next run. Days on which it did not run are asked for later.
"""

from __future__ import annotations

import hashlib
import json
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kb.calendar import EASTERN, announcement_days, is_announcement_day, previous_announcement_day, why_nothing
from kb.errors import DONE, IN_PART, HomeError, KbError, SourceError, UsageError
from kb.library.adding import add_items
from kb.library.announcing import AddItems, Announcements, Gathered, fetch_fulltexts, read_feed
from kb.library.digesting import Composition, Digests, DigestSelection, enter
from kb.library.pages import Pages, page_settings, slug
from kb.library.topics import Period, remember_periods
from kb.records import FORMS, Digest, DigestCounts, Failure, Language, Topic, TopicReport, UpdateReport
from kb.rendering import render_digest
from kb.rendering.labels import page_name_of
from kb.settings import Settings
from kb.writing.topics import feed_categories

if TYPE_CHECKING:
    from kb.home import FileStore
    from kb.library.indexing import Progress
    from kb.library.parts import Models, Store
    from kb.sources.arxiv import ArxivSource
    from kb.sources.feed import FeedPage
    from kb.sources.http import PoliteClient

AskedWhom = Literal["feed", "api", "library"]
_MOST_MISSED = timedelta(days=92)
_LATE_MAIL = timedelta(days=10)
_FEED_PERIOD = timedelta(days=7)
_MAIL_SECONDS = 60.0


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
    store: Store,
    models: Models,
    settings: Settings,
    *,
    out: Path | None,
    forms: Sequence[str],
    day: date | None,
    fulltext: bool,
    audience: str,
    language: Language | None,
    progress: Progress | None,
) -> UpdateReport:
    """Bring every topic up to ``day`` (today); returns the report.

    Raises:
        HomeBusy: when the job is at work already.
        UsageError: for a form that there is not.
    """
    store.catalog()
    wanted = [form.strip() for form in forms]
    if wrong := [form for form in wanted if form not in FORMS]:
        raise UsageError(f"{wrong[0]!r} is not a form: choose from {', '.join(FORMS)}")
    plan = Plan(
        out=out or store.home.digests_path,
        forms=wanted,
        fulltext=fulltext,
        audience=audience,
        language=language,
        progress=progress,
    )
    with store.home.job("update"):
        # arXiv dates its listings in Eastern time: while it is still yesterday there, today's is not out.
        return _Update(store, models, settings, plan, today=day or datetime.now(EASTERN).date()).run()


@dataclass
class _Report:
    """The run's report while it is being made."""

    topics: list[TopicReport] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def made(self) -> UpdateReport:
        """The report, with its status."""
        return UpdateReport(
            topics=tuple(self.topics),
            files=tuple(self.files),
            failures=tuple(dict.fromkeys(self.failures)),  # arXiv is asked several times, and may be down each time
            status=IN_PART if self.failures else DONE,
        )


class _Update:
    """One run of the job."""

    def __init__(self, store: Store, models: Models, settings: Settings, plan: Plan, *, today: date) -> None:
        from kb.sources.arxiv import ArxivSource
        from kb.sources.http import PoliteClient

        self._store, self._settings, self._plan, self._today = store, settings, plan, today
        self._catalog = store.catalog()
        self._digests, self._pages = Digests(store, models, settings), Pages(store, settings)
        self._newest = previous_announcement_day(today)
        self._report = _Report()
        self._client: PoliteClient = PoliteClient(settings, cache_folder=store.home.cache_path / "http")
        self._source: ArxivSource = ArxivSource(self._client, settings)
        self._add: AddItems = partial(add_items, store, models, settings)
        self._announcements = Announcements(self._catalog, source=self._source, add=self._add, progress=plan.progress)

    def run(self) -> UpdateReport:
        """Do what is due for every topic; returns the report of ``Library.update``."""
        topics = self._catalog.ledger.topics()
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
        return self._report.made()

    # -------------------------------------------------------------------------------------- which days

    def _due(self, topic: Topic) -> list[date]:
        """The announcement days since the first visit that were not visited; of a new topic only the newest."""
        visits = self._catalog.ledger.visits(topic.name)
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
            return read_feed(asking, client=self._client, settings=self._settings)
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
                    continue  # what failed is among the failures
                if day == self._newest and newest is None and _is_behind(page, day) and not self._has(topic, day):
                    self._not_out(topic, day, page)
                else:
                    self._do(topic, day, came, source="feed" if came is newest else "api")
        except HomeError:
            raise
        except KbError as err:
            self._failed(topic, err)

    def _failed(self, topic: Topic, err: KbError) -> None:
        self._report.failures.append(Failure(what=topic.name, code=err.code, reason=str(err), retry=err.retry))

    def _missed(self, topic: Topic, due: Sequence[date], by_feed: Sequence[Topic]) -> list[date]:
        """The days that are due and that no feed tells of."""
        return [day for day in due if topic not in by_feed or day != self._newest]

    def _ask(self, topic: Topic, missed: Sequence[date]) -> Gathered | None:
        """What the API has for missed days; None when the topic cannot be asked for."""
        if not missed:
            return Gathered()
        visits = self._catalog.ledger.visits(topic.name)
        try:
            return self._announcements.missed(topic, missed, first_visit=min(visits, default=None))
        except HomeError:
            raise
        except KbError as err:
            self._failed(topic, err)
            return None

    def _has(self, topic: Topic, day: date) -> bool:
        choice = self._digests.choose(topic, since=day, until=day)
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
            chosen = self._digests.choose(topic, since=day, until=day, replaced=replaced)
            papers = [one.paper for one in chosen.shown]
            self._report.failures += fetch_fulltexts(
                self._catalog, papers, source=self._source, add=self._add, progress=self._plan.progress
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
        ledger = self._catalog.ledger
        with self._store.changing():
            enter(self._catalog, made)
            before = json.loads(ledger.visits(topic.name).get(day, "{}"))
            # Who sets up mail later does not want what was made before.
            is_settled = not made.digest.entries or not has_mail(self._settings)
            mailed = bool(before.get("mailed", is_settled))
            ledger.visit(topic.name, day, _visit(made.digest, mailed=mailed))

    def _compose(self, topic: Topic, day: date, *, replaced: frozenset[str] = frozenset()) -> Composition:
        choice = self._digests.choose(topic, since=day, until=day, replaced=replaced)
        return self._digests.compose(
            topic, choice, since=day, until=day, audience=self._plan.audience,
            language=self._plan.language, progress=self._plan.progress,
        )  # fmt: skip

    # -------------------------------------------------------------------------------------- delivery

    def _write(self, digest: Digest, day: date) -> None:
        folder = folder_of(self._plan.out, digest.topic or "", day)
        forms = [form for form in self._plan.forms if form != "rss"]  # a feed is the topic's, not the day's
        written = self._pages.write(digest, forms, out=folder, root=self._plan.out)
        self._report.files += [str(path) for path in written]

    def _deliver(self, topics: Sequence[Topic]) -> None:
        """The feed of each topic, the page that leads to all days, and the mail that did not go out yet."""
        plan, written = self._plan, list[Path]()
        if "rss" in plan.forms:
            for topic in topics:
                try:
                    written += write_feed(
                        topic, self._store, self._digests, self._pages, until=self._newest, out=plan.out,
                        audience=plan.audience, language=plan.language,
                    )  # fmt: skip
                except HomeError:
                    raise
                except KbError as err:
                    what = f"feed of {topic.name}"
                    self._report.failures.append(Failure(what=what, code=err.code, reason=str(err), retry=err.retry))
        if {"html", "json"} <= set(plan.forms) and topics:
            written.append(self._pages.write_index(plan.out))
        self._report.files += [str(path) for path in written]
        if has_mail(self._settings):
            self._mail(topics)

    def _mail(self, topics: Sequence[Topic]) -> None:
        ledger = self._catalog.ledger
        for topic in topics:
            for day, report in ledger.visits(topic.name).items():
                if day < self._newest - _LATE_MAIL or json.loads(report).get("mailed", True):
                    continue
                made = self._compose(topic, day)
                self._remember(topic, day, made)
                try:
                    mail(made.digest, self._settings, self._store.home.files)
                except KbError as err:
                    failure = Failure(what=f"mail of {topic.name}, {day}", code=err.code, reason=str(err), retry=True)
                    self._report.failures.append(failure)
                    continue
                with self._store.changing():
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


def folder_of(out: Path, topic: str, day: date) -> Path:
    """Where the pages of a topic's day lie."""
    return out / slug(topic) / day.isoformat()


def write_feed(
    topic: Topic,
    store: Store,
    digests: Digests,
    pages: Pages,
    *,
    until: date,
    out: Path,
    audience: str = "self",
    language: Language | None = None,
) -> list[Path]:
    """The feed of a topic beside its days: what it has shown in the last days, the latest first; its entries lead to
    those pages of the days that are there."""
    catalog, since = store.catalog(), until - _FEED_PERIOD
    known = {
        (row["paper_id"], date.fromisoformat(row["day"]))
        for row in catalog.ledger.entries(topic.name)
        if row["how"] in ("new", "updated")
    }
    shown = [
        one
        for one in digests.choose(topic, since=since, until=until).shown
        if any((key, one.day) in known for key in (one.paper.id, *one.paper.aliases))
    ]
    shown.sort(key=lambda one: one.day, reverse=True)
    choice = DigestSelection(shown=tuple(shown))
    made = digests.compose(topic, choice, since=since, until=until, audience=audience, language=language)
    papers_on: dict[str, str] = {}
    for one in shown:
        name = f"{page_name_of(topic.name, since=one.day, until=one.day)}.html"
        page = folder_of(out, topic.name, one.day) / name
        if page.is_file():
            papers_on[one.paper.id] = page.relative_to(out).as_posix()
    with store.changing():
        remember_periods(catalog, [Period(since=since, until=until)])
    return pages.write(made.digest, ["rss"], out=out / slug(topic.name), root=out, papers_on=papers_on)


def has_mail(settings: Settings) -> bool:
    """Whether digests are to be mailed."""
    return bool(settings.smtp_host and settings.mail_to)


def mail(digest: Digest, settings: Settings, files: FileStore) -> None:
    """Send a digest to the receivers in the settings.

    The message's id is that of topic and day, so that a mail program knows one that came twice after a stop.

    Raises:
        KbError: (``mail-failed``) when the mail server does not take it.
    """
    message = _message(digest, settings, files)
    sender = settings.mail_from or settings.smtp_user or "kb@localhost"
    for header, value in (("From", sender), ("To", ", ".join(settings.mail_to)), ("Message-ID", _message_id(digest))):
        del message[header]
        message[header] = value
    try:
        with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_MAIL_SECONDS) as server:
            if settings.smtp_starttls:
                server.starttls(context=ssl.create_default_context())
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            server.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError, RuntimeError) as err:
        raise KbError(
            f"the mail of {digest.topic!r} did not go out ({err}): check the smtp settings, then run kb update again",
            code="mail-failed",
            retry=True,
        ) from err


def _message(digest: Digest, settings: Settings, files: FileStore) -> EmailMessage:
    place = page_settings(settings)
    pages = render_digest(digest, "mail", read_file=lambda key: files.get(key).read_bytes(), settings=place)
    message = message_from_bytes(pages[0][1], policy=policy.SMTP)
    assert isinstance(message, EmailMessage)  # what this policy makes
    return message


def _message_id(digest: Digest) -> str:
    basis = f"{digest.topic}\n{digest.since}\n{digest.until}"
    return f"<{hashlib.sha256(basis.encode()).hexdigest()[:32]}@paper-kb>"
