"""Digests: which papers a page has (what belongs, what was shown before, what is an update, for what there is room),
their notes as data, and the memory of what was shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from kb import __version__
from kb.calendar import why_nothing
from kb.errors import EncoderError, HomeError, KbError, UsageError
from kb.library import site
from kb.library.pages import Pages
from kb.library.questions import NOTE_RECIPE, Questions
from kb.library.topics import EVERYTHING, Encode, LedgerEntry, Period, anchors, remember_periods
from kb.records import (
    AlsoMatched,
    Audience,
    Digest,
    DigestCounts,
    EntryState,
    Filters,
    Language,
    MadeWith,
    Note,
    Paper,
    Reason,
    Skipped,
    Topic,
    Version,
)
from kb.rendering.entries import paper_address
from kb.settings import Settings
from kb.writing.changes import describe_changes
from kb.writing.relevance import rank
from kb.writing.topics import concerns, judge

if TYPE_CHECKING:
    from kb.index.catalog import Catalog
    from kb.library.indexing import Progress
    from kb.library.parts import Models, Store

_FEED_PERIOD = timedelta(days=29)  # with its last day thirty
How = Literal["new", "updated"]
CountedAs = Literal["already_shown", "filtered", "withdrawn", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A paper that goes on the page: as new or updated, on which day, what changed since it was shown before, and
    why the topic has it."""

    paper: Paper
    how: How
    day: date
    changes: tuple[Reason, ...] = ()
    why: tuple[Reason, ...] = ()

    @property
    def state(self) -> EntryState:
        """The section of the page: a paper that was shown before and has been withdrawn has one of its own."""
        return "withdrawn" if self.paper.withdrawn else self.how


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlisted:
    """A paper that was found and is not on the page. ``mark`` is what the ledger keeps of it; None: nothing."""

    paper: Paper
    reason: Reason
    counted_as: CountedAs
    mark: Literal["skipped", "replacement"] | None = None

    @property
    def is_cut(self) -> bool:
        """Whether nothing but the limit of the page left it out."""
        return self.reason.kind == "limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSelection:
    """What goes on the page, the most relevant first, and what does not."""

    shown: tuple[Shown, ...] = ()
    left_out: tuple[Unlisted, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """A digest, and what the ledger has to remember once it is on its way."""

    digest: Digest
    shown: tuple[Shown, ...]
    left_out: tuple[Unlisted, ...]


class Digests:
    """Digests of a store: what belongs onto a page, the notes of it, and the memory of what was shown."""

    def __init__(self, store: Store, models: Models, settings: Settings) -> None:
        self._store, self._models, self._settings = store, models, settings
        self._questions = Questions(store, models, settings)

    def digest(
        self,
        topic_name: str | None,
        *,
        day: date | None,
        since: date | None,
        until: date | None,
        audience: str,
        language: Language | None = None,
        progress: Progress | None = None,
    ) -> Digest:
        """The digest of a day or a period. Made again, it has the same papers: the ledger knows the day of each."""
        catalog = self._store.catalog()
        topic = catalog.ledger.topic(topic_name) if topic_name is not None else None
        first, last = _period(catalog.papers.newest_day(), day, since, until)
        with self._store.changing():
            pass  # what cannot be written is told before any note is
        choice = self.choose(topic, since=first, until=last)
        made = self.compose(
            topic, choice, since=first, until=last, audience=audience, language=language, progress=progress
        )
        with self._store.changing():
            enter(catalog, made)
        return made.digest

    def choose(
        self, topic: Topic | None, *, since: date, until: date, replaced: frozenset[str] = frozenset()
    ) -> DigestSelection:
        """Choose among the papers announced in a period (inclusive days), and those that the ledger has for it.

        ``replaced`` names papers whose new version is announced in the period although their record may not say so.
        """
        catalog, encode = self._store.catalog(), self._store.corpus().encode
        history = _history(catalog, topic.name if topic else EVERYTHING)
        ids = catalog.papers.ids(Filters(since=since, until=until))
        kept = [
            key
            for key, entries in history.items()
            if any(entry.how in ("new", "updated") and since <= entry.day <= until for entry in entries)
        ]
        also = sorted({*kept, *replaced})
        ids += [key for key in (catalog.papers.ids(Filters(papers=tuple(also))) if also else []) if key not in set(ids)]
        found = catalog.papers.many(ids)
        # Not one that is damaged, or gone since; nor one of a year of which the period holds a part alone.
        papers = [found[key] for key in ids if key in found and _is_of_period(found[key], since, until)]
        chooser = _Chooser(
            versions=catalog.papers.versions, topic=topic, since=since, until=until, replaced=replaced, history=history
        )
        chooser.take_room(papers)
        seen = {key for key, entries in history.items() if any(entry.how in ("new", "updated") for entry in entries)}
        was_shown = [paper for paper in papers if not {paper.id, *paper.aliases}.isdisjoint(seen)]
        ranked, outside = _ranked(catalog, topic, papers, was_shown, encode=encode, since=since)
        verdicts = [(chooser.judge(paper), why) for paper, why in ranked]
        return DigestSelection(
            shown=tuple(replace(verdict, why=why) for verdict, why in verdicts if isinstance(verdict, Shown)),
            left_out=(
                *outside,
                *(verdict for verdict, _ in verdicts if isinstance(verdict, Unlisted)),
            ),
        )

    def compose(
        self,
        topic: Topic | None,
        choice: DigestSelection,
        *,
        since: date,
        until: date,
        audience: str = "self",
        language: Language | None = None,
        progress: Progress | None = None,
    ) -> Composition:
        """Write the notes of what was chosen and put the digest together. The ledger is not touched.

        The language is the given one, else the topic's, else that of the settings.
        """
        if audience not in ("self", "public"):
            raise UsageError(f"for={audience!r}: a page is for 'self' or for 'public'")
        spoken = language or (topic.language if topic else self._settings.language)
        if choice.shown:
            self._models.chat()  # a model that cannot be had is one error, not one for each paper
        notes, failed = self._notes(choice.shown, language=spoken, progress=progress)
        shown = tuple(one for one in choice.shown if one.paper.id in notes)
        left_out = (*choice.left_out, *failed)
        model = self._settings.model_name
        counted: Counter[str] = Counter([*(one.state for one in shown), *(one.counted_as for one in left_out)])
        made = Digest(
            topic=topic.name if topic else None,
            query=topic.query if topic else "",
            since=since,
            until=until,
            audience=cast("Audience", audience),
            language=spoken,
            made_with=MadeWith(
                version=__version__,
                encoder=self._store.catalog().fact("encoder") or "",
                model=model,
                prompts=NOTE_RECIPE if model else None,
            ),
            counts=DigestCounts(found=counted.total(), **counted),
            entries=tuple(notes[one.paper.id] for one in shown),
            also_matched=tuple(
                AlsoMatched(paper_id=one.paper.id, title=one.paper.title, url=paper_address(one.paper))
                for one in left_out
                if one.is_cut
            ),
            skipped=tuple(
                Skipped(paper_id=one.paper.id, title=one.paper.title, url=paper_address(one.paper), reason=one.reason)
                for one in sorted(left_out, key=lambda one: one.paper.id)
                if not one.is_cut
            ),
            notices=() if shown else (explain_nothing(since, until, found=len(left_out)),),
        )
        return Composition(digest=made, shown=shown, left_out=left_out)

    def _notes(
        self, shown: Sequence[Shown], *, language: Language, progress: Progress | None
    ) -> tuple[dict[str, Note], list[Unlisted]]:
        """A note for each paper; one that cannot be written is listed with its reason."""
        notes: dict[str, Note] = {}
        failed: list[Unlisted] = []
        for number, one in enumerate(shown, start=1):
            try:
                made = self._questions.note(one.paper.id, language=language)
                notes[one.paper.id] = replace(made, state=one.state, changes=one.changes, why=one.why)
            except (HomeError, EncoderError):
                raise  # the next paper would fare no better
            except KbError as err:
                why = Reason(kind="no-note", values={"why": str(err)})
                failed.append(Unlisted(paper=one.paper, reason=why, counted_as="failed", mark="skipped"))
            if progress is not None:
                progress("notes", number, len(shown))
        return notes, failed


def _is_of_period(paper: Paper, since: date, until: date) -> bool:
    """Whether a paper whose record says a year or a month alone came out in the period for certain."""
    if paper.announced or paper.published is None or paper.precision not in ("year", "month"):
        return True
    first = paper.published.date().replace(day=1)
    months = 12 if paper.precision == "year" else 1
    last = (first + timedelta(days=31 * months)).replace(day=1) - timedelta(days=1)
    return since <= first and last <= until


def enter(catalog: Catalog, made: Composition) -> None:
    """Remember the period, what was shown and what was left out. Part of the caller's transaction."""
    ledger, name = catalog.ledger, made.digest.topic or EVERYTHING
    remember_periods(catalog, [Period(since=made.digest.since, until=made.digest.until)])
    for one in made.shown:
        ledger.show(name, one.paper.id, version=one.paper.version or 0, day=one.day, how=one.how)
    for left in made.left_out:
        if left.mark is not None:
            version, reason = left.paper.version or 0, left.reason.kind
            ledger.show(name, left.paper.id, version=version, day=made.digest.until, how=left.mark, reason=reason)


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
    """The feed of a topic beside its days: what it has shown in the last thirty, the latest first.

    Days whose data lie in the folder are taken from there, so that a machine that forgets papers keeps its feed; those
    that the ledger alone knows are made again of the papers that are stored.
    """
    catalog, since = store.catalog(), until - _FEED_PERIOD
    lying = site.kept_days(
        [site.topic_folder(out, topic.name)], topic.name, since=since, until=until, language=language
    )
    known = {
        (row["paper_id"], date.fromisoformat(row["day"]))
        for row in catalog.ledger.entries(topic.name)
        if row["how"] in ("new", "updated")
    }
    missing = {day for _, day in known if since <= day <= until} - {digest.until for digest in lying}
    again = [
        one
        for one in (digests.choose(topic, since=since, until=until).shown if missing else ())
        if one.day in missing and any((key, one.day) in known for key in (one.paper.id, *one.paper.aliases))
    ]
    days = {digest.until: digest for digest in lying}
    for day in sorted({one.day for one in again}):
        choice = DigestSelection(shown=tuple(one for one in again if one.day == day))
        days[day] = digests.compose(topic, choice, since=day, until=day, audience=audience, language=language).digest
    nothing = digests.compose(
        topic, DigestSelection(), since=since, until=until, audience=audience, language=language
    ).digest
    if days:  # the manifest is that of what it has, not of the machine that puts it together
        nothing = replace(nothing, made_with=days[max(days)].made_with)
    made, of_day = site.together([*(days[day] for day in sorted(days)), nothing], since=since, until=until)
    with store.changing():
        remember_periods(catalog, [Period(since=since, until=until)])
    return pages.write_feed(made, of_day, root=out)


def explain_nothing(since: date, until: date, *, found: int) -> Reason:
    """Why a digest has no entries."""
    if not found and since == until and (reason := why_nothing(since)):
        return reason
    period = {"since": since.isoformat(), "until": until.isoformat()}
    if found:
        return Reason(kind="none-shown", values={**period, "found": str(found)})
    return Reason(kind="none-stored", values=period)


def _period(newest: date | None, day: date | None, since: date | None, until: date | None) -> tuple[date, date]:
    if day is not None and (since is not None or until is not None):
        raise UsageError("give --date or --since/--until, not both")
    if day is not None:
        return day, day
    if since is None and until is None:
        if newest is None:
            raise KbError("no stored paper has a day: add papers first, or give --date", code="no-papers")
        return newest, newest
    first, last = since or until, until or max(filter(None, (newest, since)))
    if first is None or first > last:
        raise UsageError(f"the period ends before it begins ({first} to {last}): swap --since and --until")
    return first, last


# ------------------------------------------------------------------------------------ what is chosen


@dataclass
class _Chooser:
    """The rules for one topic and period; asked for each paper in the order of relevance."""

    versions: Callable[[str], Sequence[Version]]
    topic: Topic | None
    since: date
    until: date
    replaced: frozenset[str]
    history: Mapping[str, Sequence[LedgerEntry]]
    room: Counter[date] = field(default_factory=Counter)

    def judge(self, paper: Paper) -> Shown | Unlisted:
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
            reason = Reason(kind="shown-before", values={"day": min(days).isoformat()})
            return Unlisted(paper=paper, reason=reason, counted_as="already_shown")
        if not shown and paper.withdrawn:
            return Unlisted(paper=paper, reason=Reason(kind="withdrawn"), counted_as="withdrawn", mark="skipped")
        if not shown and self._only_replaced(paper, entries):
            reason = Reason(kind="version-of-unshown", values={"version": str(version)})
            return Unlisted(paper=paper, reason=reason, counted_as="filtered", mark="replacement")
        day = min((day for day in paper.announced if self.since <= day <= self.until), default=self.until)
        if shown:  # a reader of the old version must learn of the new one, however many others there are
            older = max(entry.version for entry in shown)
            changes = _changes(self.versions(paper.id), paper, since_version=older)
            return Shown(paper=paper, how="updated", day=day, changes=changes)
        if self.topic is not None and self.room[day] >= self.topic.limit:
            reason = Reason(kind="limit", values={"limit": str(self.topic.limit), "day": day.isoformat()})
            return Unlisted(paper=paper, reason=reason, counted_as="filtered", mark="skipped")
        self.room[day] += 1
        return Shown(paper=paper, how="new", day=day)

    def take_room(self, papers: Sequence[Paper]) -> None:
        """Keep the places of those that were shown in the period: making it again shows them first."""
        for paper in papers:
            for key in (paper.id, *paper.aliases):
                for entry in self.history.get(key, ()):
                    if entry.how == "new" and self.since <= entry.day <= self.until:
                        self.room[entry.day] += 1

    def _again(self, paper: Paper, shown: Sequence[LedgerEntry], here: Sequence[LedgerEntry]) -> Shown:
        """As it was shown in the period before."""
        first = here[0]
        older = [entry.version for entry in shown if entry.version < first.version]
        if first.how == "new" or not older:
            return Shown(paper=paper, how="new", day=first.day)
        changes = _changes(self.versions(paper.id), paper, since_version=max(older))
        return Shown(paper=paper, how="updated", day=first.day, changes=changes)

    def _only_replaced(self, paper: Paper, entries: Sequence[LedgerEntry]) -> bool:
        """Whether all that happened in the period is a new version of a paper from before it."""
        if any(entry.how == "replacement" and self.since <= entry.day <= self.until for entry in entries):
            return True
        if (paper.version or 0) <= 1:
            return False
        earlier = any(day < self.since for day in paper.announced)
        return earlier or not self.replaced.isdisjoint({paper.id, *paper.aliases})


def _ranked(
    catalog: Catalog,
    topic: Topic | None,
    papers: Sequence[Paper],
    was_shown: Sequence[Paper],
    *,
    encode: Encode,
    since: date,
) -> tuple[list[tuple[Paper, tuple[Reason, ...]]], list[Unlisted]]:
    """The papers of the topic with the reasons, most relevant first, and those found but left out; what the topic does
    not find is not mentioned.

    What the topic has shown stays its paper, also when the topic or the paper's text was changed since: readers must
    learn of a withdrawal, and a page that is made again has its papers again.
    """
    if topic is None:
        return [(paper, ()) for paper in sorted(papers, key=lambda paper: paper.id, reverse=True)], []
    judged = {paper.id: judge(topic, paper) for paper in papers if concerns(topic, paper)}
    inside = [paper for paper in papers if paper.id in judged and judged[paper.id].inside]
    relevant = rank(inside, topic=topic, anchors=anchors(catalog, topic, before=since), encode=encode)
    ranked = [(paper, (*relevance.likeness, *judged[paper.id].reasons)) for paper, relevance in relevant]
    known, stays = {paper.id for paper in inside}, {paper.id for paper in was_shown}
    ranked += [(paper, (Reason(kind="shown-by-topic"),)) for paper in was_shown if paper.id not in known]
    outside = [
        Unlisted(paper=paper, reason=judged[paper.id].reasons[0], counted_as="filtered")
        for paper in papers
        if paper.id in judged and not judged[paper.id].inside and paper.id not in stays
    ]
    return ranked, outside


def _history(catalog: Catalog, topic: str) -> dict[str, list[LedgerEntry]]:
    """Paper id to what the ledger has of it under a topic."""
    history: dict[str, list[LedgerEntry]] = {}
    for row in catalog.ledger.entries(topic):
        day = date.fromisoformat(row["day"])
        entry = LedgerEntry(
            topic=topic, paper_id=row["paper_id"], version=row["version"], day=day, how=row["how"], reason=row["reason"]
        )
        history.setdefault(row["paper_id"], []).append(entry)
    return history


def _changes(versions: Sequence[Version], paper: Paper, *, since_version: int) -> tuple[Reason, ...]:
    """What is new since a version that was shown; never empty. Of a version that was not seen nothing is guessed."""
    old = {version.version: version for version in versions}.get(since_version)
    described = tuple(describe_changes(old, paper)) if old is not None else ()
    numbers = {"new": str(paper.version), "old": str(since_version)}
    return described or (Reason(kind="replaces" if old is not None else "replaces-unseen", values=numbers),)
