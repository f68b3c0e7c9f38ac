"""Notes and digests of a library: which papers a page has, what is new on it, and what was made before."""

from __future__ import annotations

import difflib
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, cast

from kb import __version__, wire
from kb.errors import KbError, ParseError, UsageError
from kb.records import Audience, Digest, DigestCounts, Figure, Filters, MadeWith, Note, Paper, Skipped, Topic, Version
from kb.text import sentence_spans

if TYPE_CHECKING:
    from kb.library import Library
    from kb.library.indexing import Progress

EVERYTHING = ""
"""Under this name the ledger keeps what digests of all papers have shown."""

_RECIPE = "note-1"

How = Literal["new", "updated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A paper that goes on the page, how, on which day, and what changed since it was shown before."""

    paper: Paper
    how: How
    day: date
    changes: tuple[str, ...] = ()


# ------------------------------------------------------------------------------------------------ notes


def note(library: Library, paper_id: str, *, progress: Progress | None = None) -> Note:
    """The note of a paper; made once for the same text, model and language."""
    catalog = library.catalog()
    paper = catalog.papers.get(paper_id)
    recipe = _recipe(library, paper)
    if (kept := catalog.ledger.note(paper_id, recipe)) is not None:
        return kept
    made = _write(library, paper, figures=figures(library, paper))
    with library.writing("note"), catalog.transaction():
        catalog.ledger.put_note(paper_id, recipe, made)
    if progress is not None:
        progress("notes", 1, 1)
    return made


def figures(library: Library, paper: Paper) -> list[Figure]:
    """The figures of the paper's PDF, cut once and kept in the file store; none where there is no PDF."""
    from kb.parsing.worker import cut_figures

    catalog = library.catalog()
    source = catalog.passages.source(paper.id)
    if source is None or not source.file.endswith(".pdf"):
        return []
    if (kept := catalog.ledger.figures(paper.id, source.sha256)) is not None:
        return kept
    try:
        images = cut_figures(
            library.home.files.get(source.file), limits=library.limits, max_figures=library.settings.max_figures
        )
    except ParseError:
        images = []  # the text was read, its pictures could not be: the note says that there are none
    found = [
        Figure(
            label=image.label, kind=image.kind, caption=image.caption, page=image.page, box=image.box,
            file=library.home.files.put(image.png, suffix=".png"),
        )
        for image in images
    ]  # fmt: skip
    with library.writing("figures"), catalog.transaction():
        catalog.ledger.put_figures(paper.id, source.sha256, found)
    return found


def _write(library: Library, paper: Paper, *, figures: Sequence[Figure]) -> Note:
    from kb.writing.notes import write_note
    from kb.writing.verification import verify

    return write_note(
        paper,
        corpus=library.corpus(),
        verify=verify,
        chat=library.chat(),
        language=library.settings.language,
        figures=figures,
        allow_remote=library.settings.allow_remote,
    )


def _recipe(library: Library, paper: Paper) -> str:
    """A hash of all that a note depends on."""
    source = library.catalog().passages.source(paper.id)
    basis = [
        _RECIPE, __version__, wire.to_json(paper, indent=None), source.sha256 if source else "",
        source.parser if source else "", library.settings.model_name or "", library.settings.language,
        str(library.settings.allow_remote), library.catalog().fact("encoder") or "",
    ]  # fmt: skip
    return hashlib.sha256("\x1f".join(basis).encode(errors="surrogatepass")).hexdigest()


# ---------------------------------------------------------------------------------------------- digests


def digest(
    library: Library,
    topic_name: str | None,
    *,
    day: date | None,
    since: date | None,
    until: date | None,
    audience: str,
    progress: Progress | None = None,
) -> Digest:
    """The digest of a day or a period. Made again, it has the same papers: the ledger knows the day of each."""
    if audience not in ("self", "public"):
        raise UsageError(f"for={audience!r}: a page is for 'self' or for 'public'")
    catalog = library.catalog()
    topic = catalog.ledger.topic(topic_name) if topic_name is not None else None
    first, last = _period(library, day, since, until)
    ids = catalog.papers.ids(Filters(since=first, until=last))
    papers = catalog.papers.many(ids)
    choice = _choose(library, topic, [papers[key] for key in ids], since=first, until=last)
    notes, failed = _notes(library, choice.shown, progress)
    with library.writing("digest"), catalog.transaction():
        for shown in choice.shown:
            if shown.paper.id in notes:
                catalog.ledger.show(
                    topic.name if topic else EVERYTHING,
                    shown.paper.id,
                    version=shown.paper.version or 0,
                    day=shown.day,
                    how=shown.how,
                )
    return Digest(
        topic=topic.name if topic else None,
        query=topic.query if topic else "",
        since=first,
        until=last,
        audience=cast("Audience", audience),
        language=library.settings.language,
        made_with=MadeWith(
            version=__version__, encoder=catalog.fact("encoder") or "", model=library.settings.model_name,
            prompts=_RECIPE if library.settings.model_name else None,
        ),
        counts=_counts(choice, notes, failed),
        entries=tuple(notes[shown.paper.id] for shown in choice.shown if shown.paper.id in notes),
        skipped=tuple(sorted([*choice.skipped, *failed], key=lambda skipped: skipped.paper_id)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What goes on the page and what does not: ``tally`` counts the papers that are left out, by reason."""

    shown: tuple[Shown, ...]
    skipped: tuple[Skipped, ...]
    tally: Mapping[str, int]


def _choose(library: Library, topic: Topic | None, papers: Sequence[Paper], *, since: date, until: date) -> Choice:
    """Judge each candidate: does it belong, was it shown before, is it withdrawn, is there room for it."""
    history = _history(library, topic.name if topic else EVERYTHING)
    shown: list[Shown] = []
    skipped: list[Skipped] = []
    tally: Counter[str] = Counter()
    ranked, outside = _ranked(library, topic, papers)
    for skip in outside:
        skipped.append(skip)
        tally["filtered"] += 1
    for paper in ranked:
        day = min((d for d in paper.announced if since <= d <= until), default=until)
        before = history.get(paper.id, {})
        entry = before.get(paper.version or 0)
        if entry is not None and not since <= entry[0] <= until:
            skipped.append(Skipped(paper_id=paper.id, reason=f"shown before, on {entry[0]}"))
            tally["already_shown"] += 1
        elif paper.withdrawn and entry is None:
            skipped.append(Skipped(paper_id=paper.id, reason="withdrawn"))
            tally["withdrawn"] += 1
        elif entry is None and topic is not None and len(shown) >= topic.limit:
            reason = f"beyond the {topic.limit} most relevant of the topic"
            skipped.append(Skipped(paper_id=paper.id, reason=reason))
            tally["filtered"] += 1
        else:
            older = [version for version in before if version < (paper.version or 0)]
            how: How = "updated" if older else "new"
            changes = _changes(library, paper, since_version=max(older)) if older else ()
            shown.append(Shown(paper=paper, how=how, day=entry[0] if entry else day, changes=changes))
    return Choice(shown=tuple(shown), skipped=tuple(skipped), tally=tally)


def _ranked(library: Library, topic: Topic | None, papers: Sequence[Paper]) -> tuple[list[Paper], list[Skipped]]:
    """The papers of the topic, most relevant first, and those outside it with the reason."""
    if topic is None:
        return sorted(papers, key=lambda paper: paper.id, reverse=True), []
    from kb.library.topics import rank_for_topic

    return rank_for_topic(library, topic, papers)


def _history(library: Library, topic: str) -> dict[str, dict[int, tuple[date, str]]]:
    """Paper id to version to (day, how) of what was shown under a topic."""
    history: dict[str, dict[int, tuple[date, str]]] = {}
    for entry in library.catalog().ledger.entries(topic):
        if entry["how"] in ("new", "updated"):
            history.setdefault(entry["paper_id"], {})[entry["version"]] = (
                date.fromisoformat(entry["day"]),
                entry["how"],
            )
    return history


def _notes(
    library: Library, shown: Sequence[Shown], progress: Progress | None
) -> tuple[dict[str, Note], list[Skipped]]:
    """A note for each paper; one that cannot be written is listed with its reason."""
    notes: dict[str, Note] = {}
    failed: list[Skipped] = []
    for number, one in enumerate(shown, start=1):
        try:
            made = note(library, one.paper.id)
            notes[one.paper.id] = replace(made, changes=one.changes) if one.changes else made
        except KbError as err:
            failed.append(Skipped(paper_id=one.paper.id, reason=f"no note: {err}"))
        if progress is not None:
            progress("notes", number, len(shown))
    return notes, failed


def _counts(choice: Choice, notes: Mapping[str, Note], failed: Sequence[Skipped]) -> DigestCounts:
    hows = Counter(shown.how for shown in choice.shown if shown.paper.id in notes)
    parts: dict[str, Any] = {**choice.tally, "new": hows["new"], "updated": hows["updated"], "failed": len(failed)}
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


def _changes(library: Library, paper: Paper, *, since_version: int) -> tuple[str, ...]:
    """What is new in a version: title, authors, comment, sentences of the abstract."""
    versions = {version.version: version for version in library.catalog().papers.versions(paper.id)}
    old = versions.get(since_version)
    return tuple(describe_changes(old, paper)) if old is not None else (f"version {paper.version} replaces it",)


def describe_changes(old: Version, new: Paper) -> Iterable[str]:
    """Each difference between a version and the record as one line."""
    if old.title != new.title:
        yield f"title was: {old.title}"
    gone = [name for name in old.authors if name not in new.authors]
    came = [name for name in new.authors if name not in old.authors]
    if came:
        yield f"authors added: {', '.join(came)}"
    if gone:
        yield f"authors removed: {', '.join(gone)}"
    if (old.comment or "") != (new.comment or ""):
        yield f"comment is now: {new.comment or '(none)'}"
    before, after = _sentences(old.abstract), _sentences(new.abstract)
    for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from (f"abstract, removed: {sentence}" for sentence in before[a:b])
            yield from (f"abstract, added: {sentence}" for sentence in after[c:d])


def _sentences(text: str) -> list[str]:
    return [" ".join(text[start:end].split()) for start, end in sentence_spans(text)]
