"""Digests of a library: the notes of the papers of a period, as data, and the memory of what was shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from kb import __version__
from kb.calendar import why_nothing
from kb.errors import EncoderError, HomeError, KbError, UsageError
from kb.library.choosing import EVERYTHING, Choice, LeftOut, Shown, choose
from kb.library.noting import NOTE_RECIPE, note
from kb.library.remembering import Period, remember_periods
from kb.records import Audience, Digest, DigestCounts, Language, MadeWith, Note, Skipped, Topic

if TYPE_CHECKING:
    from kb.library import Library
    from kb.library.indexing import Progress

__all__ = ["Composition", "compose", "digest", "enter", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """A digest, and what the ledger has to remember once it is on its way."""

    digest: Digest
    shown: tuple[Shown, ...]
    left_out: tuple[LeftOut, ...]


def digest(
    library: Library,
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
    catalog = library.catalog()
    topic = catalog.ledger.topic(topic_name) if topic_name is not None else None
    first, last = _period(library, day, since, until)
    choice = choose(library, topic, since=first, until=last)
    made = compose(
        library, topic, choice, since=first, until=last, audience=audience, language=language, progress=progress
    )
    with library.writing("digest"), catalog.transaction():
        enter(library, made)
    return made.digest


def compose(
    library: Library,
    topic: Topic | None,
    choice: Choice,
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
    spoken = language or (topic.language if topic else library.settings.language)
    if choice.shown:
        library.chat()  # a model that cannot be had is one error, not one for each paper
    notes, failed = _notes(library, choice.shown, language=spoken, progress=progress)
    shown = tuple(one for one in choice.shown if one.paper.id in notes)
    left_out = (*choice.left_out, *failed)
    model = library.settings.model_name
    made = Digest(
        topic=topic.name if topic else None,
        query=topic.query if topic else "",
        since=since,
        until=until,
        audience=cast("Audience", audience),
        language=spoken,
        made_with=MadeWith(
            version=__version__,
            encoder=library.catalog().fact("encoder") or "",
            model=model,
            prompts=NOTE_RECIPE if model else None,
        ),
        counts=_counts(shown, left_out),
        entries=tuple(notes[one.paper.id] for one in shown),
        skipped=tuple(sorted((one.skipped for one in left_out), key=lambda skipped: skipped.paper_id)),
        notices=() if shown else (explain_nothing(since, until, found=len(left_out)),),
    )
    return Composition(digest=made, shown=shown, left_out=left_out)


def enter(library: Library, made: Composition) -> None:
    """Remember the period, what was shown and what was left out. Part of the caller's transaction."""
    ledger, name = library.catalog().ledger, made.digest.topic or EVERYTHING
    remember_periods(library, [Period(since=made.digest.since, until=made.digest.until)])
    for one in made.shown:
        ledger.show(name, one.paper.id, version=one.paper.version or 0, day=one.day, how=one.how)
    for left in made.left_out:
        if left.mark is not None and left.paper is not None:
            version, reason = left.paper.version or 0, left.skipped.reason
            ledger.show(name, left.paper.id, version=version, day=made.digest.until, how=left.mark, reason=reason)


def explain_nothing(since: date, until: date, *, found: int) -> str:
    """Why a digest has no entries."""
    when = str(since) if since == until else f"{since} to {until}"
    if found:
        return f"nothing to show for {when}: {found} found, each left out for the reason given with it"
    if since == until and (reason := why_nothing(since)):
        return f"nothing for {when}: {reason}"
    return f"nothing for {when}: no stored paper that was announced then belongs here; kb update brings the newest"


def _notes(
    library: Library, shown: Sequence[Shown], *, language: Language, progress: Progress | None
) -> tuple[dict[str, Note], list[LeftOut]]:
    """A note for each paper; one that cannot be written is listed with its reason."""
    notes: dict[str, Note] = {}
    failed: list[LeftOut] = []
    for number, one in enumerate(shown, start=1):
        try:
            made = note(library, one.paper.id, language=language)
            notes[one.paper.id] = replace(made, changes=one.changes, why=one.why)
        except (HomeError, EncoderError):
            raise  # the next paper would fare no better
        except KbError as err:
            skipped = Skipped(paper_id=one.paper.id, reason=f"no note: {err}")
            failed.append(LeftOut(skipped=skipped, counted_as="failed", paper=one.paper, mark="skipped"))
        if progress is not None:
            progress("notes", number, len(shown))
    return notes, failed


def _counts(shown: Sequence[Shown], left_out: Sequence[LeftOut]) -> DigestCounts:
    parts: dict[str, Any] = {
        **Counter(one.how for one in shown),
        **Counter(one.counted_as for one in left_out),
    }
    return DigestCounts(found=sum(parts.values()), **parts)


def _period(library: Library, day: date | None, since: date | None, until: date | None) -> tuple[date, date]:
    if day is not None and (since is not None or until is not None):
        raise UsageError("give --date or --since/--until, not both")
    if day is not None:
        return day, day
    newest = library.catalog().papers.newest_day()
    if since is None and until is None:
        if newest is None:
            raise KbError("no stored paper has a day: add papers first, or give --date", code="no-papers")
        return newest, newest
    first, last = since or until, until or max(filter(None, (newest, since)))
    if first is None or first > last:
        raise UsageError(f"the period ends before it begins ({first} to {last}): swap --since and --until")
    return first, last
