"""A folder of daily pages, ``<topic>/<day>/`` each with its ``digest.json``: what lies there, what stands beside what,
and what several days make together: a roundup, a feed. Files are read here, and written by ``kb.library.pages``."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

from kb import wire
from kb.errors import BadRecord, FileUnreadable, KbError
from kb.ids import plain_words
from kb.input_files import read_file
from kb.records import AlsoMatched, Audience, Digest, DigestCounts, EntryState, Language, Note, Reason, Skipped
from kb.rendering import IndexEntry, IndexPaper
from kb.rendering.entries import PageSettings, item_name
from kb.rendering.labels import page_name_of

DATA = "digest.json"
_KEPT = 16_384  # ten topics for some years
_SUFFIXES = {"html": ".html", "md": ".plain.md"}
"""The forms whose pages lead to each other, and how their files end. A post of Hexo has that from its theme."""
LINKED = tuple(_SUFFIXES)
_NOTHING_KEPT = "no day of that period is kept: make them with kb update or kb digest, or name their folder with --out"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlinedPaper:
    """A record of a paper, of which only id and title are read."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlinedEntry:
    """A note of which only the paper and its state are read."""

    paper: OutlinedPaper
    state: EntryState | None = None
    changes: tuple[Reason | str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestOutline:
    """A ``digest.json`` without its notes, so that a thousand of them cost little."""

    topic: str | None
    since: date
    until: date
    language: Language
    counts: DigestCounts
    entries: tuple[OutlinedEntry, ...] = ()
    notices: tuple[Reason | str, ...] = ()

    @property
    def is_day(self) -> bool:
        """Whether it is of one day; else it is of a period."""
        return self.since == self.until


def read_digest(path: Path) -> Digest:
    """The digest in a ``digest.json``.

    Raises:
        BadRecord: when it is none.
        FileUnreadable: when it cannot be read.
    """
    try:
        return wire.from_json(read_file(path), Digest)
    except BadRecord as err:
        raise BadRecord(f"{path} is {err}") from err


def outlines(paths: Iterable[Path]) -> list[tuple[Path, DigestOutline]]:
    """What the files say of themselves, in the order of their paths; one that is no digest is passed over."""
    found = []
    for path in sorted(paths):
        try:
            found.append((path, _outline(path, path.stat().st_mtime_ns)))
        except (OSError, BadRecord, FileUnreadable):
            continue  # it went away, or is something else
    return found


@lru_cache(maxsize=_KEPT)
def _outline(path: Path, changed_ns: int) -> DigestOutline:
    return wire.outline(read_file(path), DigestOutline)


def data_files(folder: Path) -> list[Path]:
    """The files below a folder that may hold a digest: those of the name, and those that had to take their page's."""
    return [*folder.rglob(DATA), *folder.rglob("[12][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*.json")]


def data_name(digest: Digest, folder: Path) -> str:
    """How a digest's data are called in a folder: ``digest.json``, unless that is another topic's or day's."""
    if not (folder / DATA).is_file():
        return DATA
    beside = outlines([folder / DATA])
    if beside and all(
        (one.topic, one.since, one.until) == (digest.topic, digest.since, digest.until) for _, one in beside
    ):
        return DATA
    return f"{page_name_of(digest.topic, since=digest.since, until=digest.until)}.json"


def slug(name: str) -> str:
    """A folder's name for a topic: its words, and a hash where words alone would not tell it from another."""
    words = plain_words(name)
    plain = "-".join(words.split())[:60] or "topic"
    if words == name.casefold() and len(plain) == len(words):
        return plain
    return f"{plain}-{hashlib.sha256(name.casefold().encode()).hexdigest()[:8]}"


def topic_folder(root: Path, topic: str | None) -> Path:
    """Where the pages of a topic lie (None: of all papers)."""
    return root / (slug(topic) if topic is not None else "all-papers")


def place_of(digest: Digest | DigestOutline, root: Path) -> Path:
    """Where below ``root`` the pages of a topic's day lie, or those of a period's roundup."""
    is_day = digest.since == digest.until
    name = digest.until.isoformat() if is_day else f"{digest.since}-{digest.until}"
    return topic_folder(root, digest.topic) / name


def page_file(digest: Digest | DigestOutline, form: str) -> str:
    """The file of a page in one of the ``LINKED`` forms."""
    return f"{page_name_of(digest.topic, since=digest.since, until=digest.until)}{_SUFFIXES[form]}"


# ---------------------------------------------------------------------------------------- what stands beside what


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """What a page leads to: the topic's day before and after it that have pages, and the roundup that holds it; of a
    roundup also its days."""

    previous: DigestOutline | None = None
    next: DigestOutline | None = None
    week: DigestOutline | None = None
    days: tuple[DigestOutline, ...] = ()

    @property
    def all(self) -> list[DigestOutline]:
        """All of them: pages that lead to this one, too."""
        return [one for one in (self.previous, self.next, self.week, *self.days) if one is not None]


def neighbours(digest: Digest | DigestOutline, root: Path) -> Neighbours:
    """What stands beside the page of a topic's day (or of a roundup) below ``root``, by what lies there now."""
    lying = [
        one
        for path, one in outlines(topic_folder(root, digest.topic).glob(f"*/{DATA}"))
        if one.topic == digest.topic and one.entries and path.parent == place_of(one, root)
    ]
    is_day = digest.since == digest.until
    alike = [one for one in lying if one.is_day == is_day]
    inside = [one for one in lying if one.is_day and digest.since <= one.since <= digest.until]
    holding = [one for one in lying if not one.is_day and one.since <= digest.since and digest.until <= one.until]
    return Neighbours(
        previous=max((one for one in alike if one.until < digest.since), key=lambda one: one.until, default=None),
        next=min((one for one in alike if one.since > digest.until), key=lambda one: one.since, default=None),
        week=min(holding, key=lambda one: one.until - one.since, default=None) if is_day else None,
        days=() if is_day else tuple(inside),
    )


def linked(settings: PageSettings, form: str, *, beside: Neighbours, has_index: bool) -> PageSettings:
    """The settings of a page in a form, with its links to those beside it."""

    def address(one: DigestOutline | None) -> str | None:
        return f"../{place_of(one, Path()).name}/{page_file(one, form)}" if one else None

    if form not in LINKED:
        return settings
    return replace(
        settings,
        previous=address(beside.previous),
        next=address(beside.next),
        week=address(beside.week),
        index="../../index.html" if has_index else None,
    )


# ---------------------------------------------------------------------------------------------- the index


def index_entries(folder: Path) -> list[IndexEntry]:
    """The digests below a folder that were kept as data, for the index in it."""
    found = []
    for path, one in outlines(data_files(folder)):
        name = page_name_of(one.topic, since=one.since, until=one.until)
        files = [path, *(file for file in path.parent.iterdir() if file.name.startswith(f"{name}.") and file != path)]
        found.append(
            IndexEntry(
                topic=one.topic,
                since=one.since,
                until=one.until,
                counts=one.counts,
                files=tuple(sorted(file.relative_to(folder).as_posix() for file in files if file.suffix != ".eml")),
                papers=tuple(
                    IndexPaper(id=entry.paper.id, title=entry.paper.title, state=_state(entry)) for entry in one.entries
                ),
                why_nothing=() if one.entries else one.notices,
            )
        )
    return found


def _state(entry: OutlinedEntry | Note) -> EntryState:
    """The section of an entry; of the first edition's, which had none, by whether anything changed."""
    return entry.state or ("updated" if entry.changes else "new")


# ------------------------------------------------------------------------------------- what several days make


def kept_days(
    folders: Sequence[Path], topic: str | None, *, since: date, until: date, language: Language | None = None
) -> list[Digest]:
    """The kept digests of a topic's days in a period, the oldest first, one a day: of several that in the language,
    and that of the folder which is named first."""
    best: dict[date, tuple[tuple[bool, int], Path]] = {}
    for number, folder in enumerate(folders):
        for path, one in outlines(data_files(folder)):
            if one.topic != topic or not one.is_day or not since <= one.until <= until:
                continue
            rank = (language is not None and one.language != language, number)
            if one.until not in best or rank < best[one.until][0]:
                best[one.until] = (rank, path)
    return [read_digest(path) for _, (_, path) in sorted(best.items())]


def newest_day(folders: Sequence[Path], topic: str | None) -> date:
    """The newest day of a topic of which a digest is kept.

    Raises:
        KbError: when there is none.
    """
    found = [
        one.until for folder in folders for _, one in outlines(data_files(folder)) if one.topic == topic and one.is_day
    ]
    if not found:
        raise KbError(_NOTHING_KEPT, code="no-pages")
    return max(found)


def roundup(
    days: Sequence[Digest], *, since: date, until: date, audience: Audience = "self", visited: Collection[date] = ()
) -> Digest:
    """The days of a period on one page: each paper once in its latest state, those that stood first on their days
    first. What was found is the sum of what was found on the days; a paper's earlier showing counts as shown before.

    Args:
        days: the digests of single days of one topic, the oldest first; at least one.
        since, until: the period.
        audience: for whom; for the public also where one of the days was made for it.
        visited: the days that were looked at: those without a digest are named.

    Raises:
        KbError: when there is no day.
    """
    if not days:
        raise KbError(_NOTHING_KEPT, code="no-pages")
    shown: dict[str, tuple[int, int, Note]] = {}
    matched: dict[str, AlsoMatched] = {}
    skipped: dict[str, Skipped] = {}
    counts: dict[str, int] = dict.fromkeys(("new", "updated", "withdrawn", "filtered", "failed", "already_shown"), 0)
    for number, day in enumerate(days):
        for name in counts:
            counts[name] += getattr(day.counts, name)
        for place, note in enumerate(day.entries):
            known = next((key for key in (note.paper.id, *note.paper.aliases) if key in shown), None)
            if known is not None:
                counts[_state(shown.pop(known)[2])] -= 1
                counts["already_shown"] += 1
            shown[note.paper.id] = (place, -number, note)
        matched |= {one.paper_id: one for one in day.also_matched}
        skipped |= {one.paper_id: one for one in day.skipped}
    entries = [note for _, _, note in sorted(shown.values(), key=lambda one: one[:2])]
    on_page = {key for note in entries for key in (note.paper.id, *note.paper.aliases)}
    made = {day.until for day in days}
    lacking = sorted(day for day in visited if since <= day <= until and day not in made)
    is_public = audience == "public" or any(day.audience == "public" for day in days)
    return replace(
        days[-1],
        since=since,
        until=until,
        audience="public" if is_public else "self",
        counts=DigestCounts(found=sum(counts.values()), **counts),
        entries=tuple(entries),
        also_matched=tuple(one for key, one in matched.items() if key not in on_page),
        skipped=tuple(one for key, one in sorted(skipped.items()) if key not in on_page and key not in matched),
        notices=(
            Reason(kind="roundup", values={"days": ", ".join(day.until.isoformat() for day in days)}),
            *([Reason(kind="roundup-lacks", values={"days": ", ".join(map(str, lacking))})] if lacking else []),
        ),
    )


def together(days: Sequence[Digest], *, since: date, until: date) -> tuple[Digest, dict[str, date]]:
    """The entries of several digests for a feed, the latest day first, each version of a paper once, and the day of
    each by its name in feeds. ``days`` has at least one; what is not of an entry is that of the last."""
    of_day: dict[str, date] = {}
    entries: list[Note] = []
    for digest in reversed(days):
        for note in digest.entries:
            if (name := item_name(note.paper)) not in of_day:
                of_day[name] = digest.until
                entries.append(note)
    states = [_state(note) for note in entries]
    counts = {name: states.count(name) for name in ("new", "updated", "withdrawn")}
    made = replace(
        days[-1],
        since=since,
        until=until,
        counts=DigestCounts(found=len(entries), **counts),
        entries=tuple(entries),
        also_matched=(),
        skipped=(),
        notices=() if entries else days[-1].notices,
    )
    return made, of_day
