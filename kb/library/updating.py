"""``kb update``: the daily job. Every topic: announcements, records, choice, full texts, notes, pages, memory, mail.

It can be stopped at any point and started again: records are added before anything is decided, pages are written
before the ledger says that they were, the ledger and the visit of a day are one transaction, and mail that did not go
out is sent by the next run. Days on which it did not run are asked for later: what arXiv announced is taken from its
feeds on the day, from its API for missed days.
"""

from __future__ import annotations

import hashlib
import json
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kb.calendar import (
    EASTERN,
    announcement_days,
    is_announcement_day,
    previous_announcement_day,
    why_nothing,
)
from kb.errors import DONE, IN_PART, HomeError, KbError, SourceError, UsageError
from kb.library.adding import add_items
from kb.library.announcements import AddItems, Announcements, Gathered
from kb.library.digesting import Composition, Digests, enter, write_feed
from kb.library.pages import Pages, page_settings
from kb.library.site import kept_days, topic_folder
from kb.records import (
    FORMS,
    Digest,
    DigestCounts,
    Failure,
    Filters,
    Item,
    Language,
    Metadata,
    Paper,
    Reason,
    SourceRecord,
    Topic,
    TopicReport,
    UpdateReport,
)
from kb.rendering import render_digest
from kb.rendering.reasons import sentence
from kb.settings import Settings
from kb.writing.topics import feed_categories

if TYPE_CHECKING:
    from kb.home import FileStore
    from kb.index.catalog import Catalog
    from kb.library.indexing import Progress
    from kb.library.parts import Models, Store
    from kb.sources.arxiv import ArxivSource
    from kb.sources.feed import FeedPage
    from kb.sources.http import PoliteClient

AskedWhom = Literal["feed", "api", "library"]
_MOST_MISSED = timedelta(days=92)
_LATE_MAIL = timedelta(days=10)
_MAIL_SECONDS = 60.0


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
    with store.home.job("update"):
        run = _Update(
            store, models, settings, out=out or store.home.digests_path, forms=wanted, fulltext=fulltext,
            audience=audience, language=language, progress=progress,
            # arXiv dates its listings in Eastern time: while it is still yesterday there, today's is not out.
            today=day or datetime.now(EASTERN).date(),
        )  # fmt: skip
        return run.run()


class _Update:
    """One run of the job."""

    def __init__(
        self,
        store: Store,
        models: Models,
        settings: Settings,
        *,
        out: Path,
        forms: Sequence[str],
        fulltext: bool,
        audience: str,
        language: Language | None,
        today: date,
        progress: Progress | None,
    ) -> None:
        from kb.sources.arxiv import ArxivSource
        from kb.sources.http import PoliteClient

        self._store, self._settings, self._today = store, settings, today
        self._out, self._forms, self._fulltext = out, forms, fulltext
        self._audience, self._language, self._progress = audience, language, progress
        self._catalog = store.catalog()
        self._digests, self._pages = Digests(store, models, settings), Pages(store, settings)
        self._newest = previous_announcement_day(today)
        self._client: PoliteClient = PoliteClient(settings, cache_folder=store.home.cache_path / "http")
        self._source: ArxivSource = ArxivSource(self._client, settings)
        self._add: AddItems = partial(add_items, store, models, settings)
        self._announcements = Announcements(self._catalog, source=self._source, add=self._add, progress=progress)
        self._reports: list[TopicReport] = []
        self._files: list[str] = []
        self._failures: list[Failure] = []

    def run(self) -> UpdateReport:
        """Do what is due for every topic; returns the report of ``Library.update``."""
        topics = self._catalog.ledger.topics()
        due = {topic.name: self._due(topic) for topic in topics}
        page = self._read_feed([topic for topic in topics if self._newest in due[topic.name]])
        # The feed tells all that was announced for a topic on the newest day, where it carries that day whole.
        by_feed = [
            topic
            for topic in topics
            if self._newest in due[topic.name]
            and page is not None and page.day == self._newest and not page.is_cut
            and feed_categories(topic) is not None
        ]  # fmt: skip
        # First what the API has, then the feed: so a run that was stopped and one that was not know the same papers
        # when the feed says that they are new or replaced.
        asked: dict[str, Gathered | None] = {}
        for topic in topics:
            missed = [day for day in due[topic.name] if topic not in by_feed or day != self._newest]
            asked[topic.name] = self._ask(topic, missed)
        newest: dict[str, Gathered] = {}
        if page is not None and by_feed:
            others = [topic for topic in topics if topic not in by_feed and asked[topic.name] is not None]
            newest = self._announcements.newest(by_feed, self._newest, page=page, others=others)
        for topic in topics:
            if (gathered := asked[topic.name]) is not None:
                self._bring_up(topic, due[topic.name], newest.get(topic.name), gathered, page)
        self._failures += self._announcements.failures
        self._deliver(topics)
        return UpdateReport(
            topics=tuple(self._reports),
            files=tuple(self._files),
            failures=tuple(dict.fromkeys(self._failures)),  # arXiv is asked several times, and may be down each time
            status=IN_PART if self._failures else DONE,
        )

    # -------------------------------------------------------------------------------------- which days

    def _due(self, topic: Topic) -> list[date]:
        """The announcement days since the first visit that were not visited; of a new topic only the newest."""
        visits = self._catalog.ledger.visits(topic.name)
        if not visits or self._newest < min(visits):
            return [self._newest]
        first = max(min(visits), self._newest - _MOST_MISSED)
        due = [day for day in announcement_days(first, self._newest) if day not in visits]
        if (
            self._newest in visits
            and self._is_forgotten(topic, self._newest)
            and self._lying(topic, self._newest) is None
        ):
            due.append(self._newest)
        return due

    def _is_forgotten(self, topic: Topic, day: date) -> bool:
        """Whether a paper that the topic showed on a day is not stored here: another machine made that page."""
        shown = {
            row["paper_id"]
            for row in self._catalog.ledger.entries(topic.name)
            if row["how"] in ("new", "updated") and row["day"] == day.isoformat()
        }
        return bool(shown) and len(self._catalog.papers.ids(Filters(papers=tuple(sorted(shown))))) < len(shown)

    def _lying(self, topic: Topic, day: date) -> Digest | None:
        """The digest of a day whose data lie among the pages."""
        lying = kept_days([topic_folder(self._out, topic.name)], topic.name, since=day, until=day)
        return lying[0] if lying else None

    def _read_feed(self, topics: Sequence[Topic]) -> FeedPage | None:
        """The newest feed for the topics that feeds can serve; None when there is none to be had."""
        asking = [topic for topic in topics if feed_categories(topic)]
        if not asking or not is_announcement_day(self._today):
            return None
        from kb.sources.feed import ArxivFeed

        try:
            categories = sorted({category for topic in asking for category in feed_categories(topic) or ()})
            return ArxivFeed(self._client, self._settings).announced(categories)
        except SourceError as err:
            reason = f"{err} (its API was asked instead)"
            self._failures.append(Failure(what="arXiv's feed", code=err.code, reason=reason, retry=err.retry))
            return None

    # -------------------------------------------------------------------------------------- one topic

    def _bring_up(
        self, topic: Topic, due: Sequence[date], newest: Gathered | None, gathered: Gathered, page: FeedPage | None
    ) -> None:
        try:
            if not due:
                self._repeat(topic)
            for day in due:
                came = newest if newest is not None and day == self._newest else gathered
                if day not in came.ready:  # what failed is among the failures
                    self._explain(topic, day, Reason(kind="arxiv-not-reached", values={"day": day.isoformat()}))
                    continue
                if day == self._newest and newest is None and self._is_not_out(topic, day, page):
                    carried = page.day if page is not None else None
                    self._explain(topic, day, Reason(kind="feed-is-old", values={"day": str(carried or "")}))
                else:
                    self._do(topic, day, came, source="feed" if came is newest else "api")
        except HomeError:
            raise
        except KbError as err:
            self._failed(topic, err)

    def _failed(self, topic: Topic, err: KbError) -> None:
        self._failures.append(Failure(what=topic.name, code=err.code, reason=str(err), retry=err.retry))

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

    def _is_not_out(self, topic: Topic, day: date, page: FeedPage | None) -> bool:
        """Whether the newest listing is not there yet: then the day stays due."""
        if page is None or (page.day is not None and page.day >= day):
            return False
        choice = self._digests.choose(topic, since=day, until=day)
        return not (choice.shown or choice.left_out)

    def _explain(self, topic: Topic, day: date, why: Reason) -> None:
        """A day of a topic without a page."""
        self._reports.append(TopicReport(topic=topic.name, day=day, counts=DigestCounts(), why_nothing=why))

    def _do(self, topic: Topic, day: date, came: Gathered, *, source: AskedWhom) -> None:
        """Choose, fetch, write, remember."""
        replaced = frozenset(came.replaced.get(day, ()))
        if self._fulltext:
            chosen = self._digests.choose(topic, since=day, until=day, replaced=replaced)
            papers = [one.paper for one in chosen.shown]
            self._failures += fetch_fulltexts(
                self._catalog, papers, source=self._source, add=self._add, progress=self._progress
            )
        made = self._compose(topic, day, replaced=replaced)
        self._finish(topic, day, made, why=came.remarks.get(day), source=source)

    def _repeat(self, topic: Topic) -> None:
        """Nothing is due: on an announcement day its pages are written again, unless another machine made them and
        their papers are not here; on another day the zero is explained."""
        if self._today != self._newest:
            self._explain(topic, self._today, _why_no_page(self._today))
            return
        why = Reason(kind="done-before")
        lying = self._lying(topic, self._newest) if self._is_forgotten(topic, self._newest) else None
        if lying is None:
            self._finish(topic, self._newest, self._compose(topic, self._newest), why=why, source="library")
        else:
            self._reports.append(TopicReport(topic=topic.name, day=self._newest, counts=lying.counts))

    def _finish(self, topic: Topic, day: date, made: Composition, *, why: Reason | None, source: AskedWhom) -> None:
        """Pages first, then the memory of them: a stop in between only writes the same pages again."""
        digest, told = made.digest, None
        if not digest.entries:
            nothing = None if digest.counts.found else why_nothing(day) or why
            told = nothing or digest.notices[0]
            lying = self._lying(topic, day) if source == "library" else None
            digest = replace(digest, notices=lying.notices if lying is not None else (told,))
        forms = [form for form in self._forms if form != "rss"]  # a feed is the topic's, not the day's
        self._files += map(str, self._pages.write_day(digest, forms, root=self._out))
        self._remember(topic, day, made)
        row = TopicReport(topic=topic.name, day=day, counts=digest.counts, why_nothing=told, source=source)
        self._reports.append(row)
        self._failures += [
            Failure(what=left.paper.id, code="no-note", reason=sentence(left.reason), retry=True)
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
            topic, choice, since=day, until=day, audience=self._audience,
            language=self._language, progress=self._progress,
        )  # fmt: skip

    # -------------------------------------------------------------------------------------- delivery

    def _deliver(self, topics: Sequence[Topic]) -> None:
        """The feed of each topic, the page that leads to all days, and the mail that did not go out yet."""
        written: list[Path] = []
        if "rss" in self._forms:
            for topic in topics:
                try:
                    written += write_feed(
                        topic, self._store, self._digests, self._pages, until=self._newest, out=self._out,
                        audience=self._audience, language=self._language,
                    )  # fmt: skip
                except HomeError:
                    raise
                except KbError as err:
                    what = f"feed of {topic.name}"
                    self._failures.append(Failure(what=what, code=err.code, reason=str(err), retry=err.retry))
        if {"html", "json"} <= set(self._forms) and topics:
            written.append(self._pages.write_index(self._out))
        self._files += [str(path) for path in written]
        if has_mail(self._settings):
            self._mail(topics)

    def _mail(self, topics: Sequence[Topic]) -> None:
        ledger = self._catalog.ledger
        for topic in topics:
            for day, report in ledger.visits(topic.name).items():
                if day < self._newest - _LATE_MAIL or json.loads(report).get("mailed", True):
                    continue
                try:
                    digest = self._digest_to_mail(topic, day)
                    mail(digest, self._settings, self._store.home.files)
                except KbError as err:
                    failure = Failure(what=f"mail of {topic.name}, {day}", code=err.code, reason=str(err), retry=True)
                    self._failures.append(failure)
                    continue
                with self._store.changing():
                    ledger.visit(topic.name, day, _visit(digest, mailed=True))

    def _digest_to_mail(self, topic: Topic, day: date) -> Digest:
        """The digest of a day that did not go out: made again, or as it lies among the pages of another machine."""
        if not self._is_forgotten(topic, day):
            made = self._compose(topic, day)
            self._remember(topic, day, made)
            return made.digest
        if (lying := self._lying(topic, day)) is not None:
            return lying
        raise KbError(
            f"the mail of {topic.name!r} of {day} cannot be made: neither its papers nor its digest.json are here; "
            "keep the folder of --out beside the ledger",
            code="mail-failed",
        )


def _visit(digest: Digest, *, mailed: bool) -> str:
    return json.dumps({"counts": asdict(digest.counts), "mailed": mailed})


def has_mail(settings: Settings) -> bool:
    """Whether digests are to be mailed."""
    return bool(settings.smtp_host and settings.mail_to)


def mail(digest: Digest, settings: Settings, files: FileStore) -> None:
    """Send a digest to the receivers in the settings.

    The message's id is that of topic and day, so that a mail program knows one that came twice after a stop.

    Raises:
        KbError: (``mail-failed``) when the mail server does not take it.
    """
    pages = render_digest(
        digest, "mail", read_file=lambda key: files.get(key).read_bytes(), settings=page_settings(settings)
    )
    message = message_from_bytes(pages[0][1], policy=policy.SMTP)
    assert isinstance(message, EmailMessage)  # what this policy makes
    sender = settings.mail_from or settings.smtp_user or "kb@localhost"
    basis = f"{digest.topic}\n{digest.since}\n{digest.until}"
    name = f"<{hashlib.sha256(basis.encode()).hexdigest()[:32]}@paper-kb>"
    for header, value in (("From", sender), ("To", ", ".join(settings.mail_to)), ("Message-ID", name)):
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


def fetch_fulltexts(
    catalog: Catalog, papers: Sequence[Paper], *, source: ArxivSource, add: AddItems, progress: Progress | None
) -> list[Failure]:
    """Fetch and read the full texts of papers that have none, or that of an older version; returns what could not be
    had."""
    from kb.library.intake import fetch_from

    def is_there(paper: Paper) -> bool:
        stored = catalog.passages.document_version(paper.id)
        return paper.fulltext.state != "none" and (stored is None or stored >= (paper.version or 0))

    wanted = [
        paper for paper in papers if paper.id.startswith("arxiv:") and not is_there(paper) and not paper.withdrawn
    ]
    said = catalog.papers.many([paper.id for paper in wanted], sources=True)
    items = [
        Item(what=paper.id.removeprefix("arxiv:"), record=_registered(said[paper.id]), fetch=True)
        for paper in wanted
        if paper.id in said
    ]
    if not items:
        return []
    report = add(items, fetch=lambda metadata: fetch_from(source, metadata), progress=progress)
    partial = [Failure(what=part.id, code=part.code, reason=part.reason) for part in report.partial]
    return [*report.failed, *partial]


def _registered(paper: Paper) -> SourceRecord:
    """What the registry said last of a paper: its file belongs to that."""
    registered = [one for one in paper.sources if one.source in ("arxiv", "jsonl")]
    bare = SourceRecord(source="arxiv", metadata=Metadata(source="arxiv", ids=(paper.id,), version=paper.version))
    return max(registered, key=lambda one: one.metadata.version or 0, default=bare)


def _why_no_page(day: date) -> Reason:
    return why_nothing(day) or Reason(kind="no-listing", values={"day": day.isoformat()})
