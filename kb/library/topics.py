"""Topics over a library: what they find, what they leave out and why, and what comes first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from kb.errors import BadIdentifier, UsageError
from kb.ids import fold, paper_key
from kb.records import Filters, Paper, Skipped, Topic
from kb.writing.relevance import Anchor, rank
from kb.writing.topic_query import parse_query
from kb.writing.topics import concerns, judge

if TYPE_CHECKING:
    from kb.library import Library

_MOST_ANCHORS = 200
_LONGEST_NAME = 100
_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z-]{2,})?(?:\*|\.\*)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """What a topic makes of candidates: those inside with the reasons, the most relevant first, and those that were
    found but left out."""

    inside: tuple[tuple[Paper, tuple[str, ...]], ...] = ()
    outside: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One candidate of a topic: in or out, and why."""

    paper_id: str
    title: str
    inside: bool
    reasons: tuple[str, ...]
    score: float | None = None
    announced: tuple[date, ...] = field(default=())


def rank_for_topic(library: Library, topic: Topic, papers: Sequence[Paper], *, before: date | None = None) -> Ranking:
    """Judge and rank what a topic finds among papers; what it does not find is not mentioned.

    ``before`` is the first day of the period: papers announced from then on are no witnesses of the user's taste
    unless the user said so, because they may have come in with this very run.
    """
    found = [paper for paper in papers if concerns(topic, paper)]
    judged = {paper.id: judge(topic, paper) for paper in found}
    inside = [paper for paper in found if judged[paper.id].inside]
    ranked = rank(inside, topic=topic, anchors=anchors(library, topic, before=before), encode=library.corpus().encode)
    return Ranking(
        inside=tuple((paper, (*judged[paper.id].reasons, *relevance.told)) for paper, relevance in ranked),
        outside=tuple(
            Skipped(paper_id=key, reason="; ".join(judgement.reasons))
            for key, judgement in judged.items()
            if not judgement.inside
        ),
    )


def anchors(library: Library, topic: Topic | None, *, before: date | None = None) -> list[Anchor]:
    """The papers that show what the user wants: examples of the topic, what was liked, disliked and tagged, papers
    of the user's own (local files, and full texts that no digest brought). The strongest reason of each counts."""
    catalog = library.catalog()
    found: dict[str, tuple[float, str]] = {}

    def stand(keys: Sequence[str], weight: float, why: str) -> None:
        for key in keys:
            if key not in found:
                found[key] = (weight, why)

    opinions = catalog.papers.opinions(topic=topic.name if topic else "")
    stand([key for key, liking in opinions.items() if liking < 0], -1.0, "you dislike it")
    if topic is not None:
        examples = catalog.papers.ids(Filters(papers=topic.examples)) if topic.examples else []
        stand(examples, 1.0, "an example of the topic")
    stand([key for key, liking in opinions.items() if liking > 0], 1.0, "you like it")
    if topic is not None:
        stand(catalog.papers.ids(Filters(tags=(topic.name,))), 1.0, f"tagged {topic.name}")
    stand(catalog.ledger.tagged(), 0.6, "you tagged it")
    stand(_own(library, before=before), 0.4, "in your library")
    strongest = sorted(found, key=lambda key: (-abs(found[key][0]), key))[:_MOST_ANCHORS]
    papers = catalog.papers.many(strongest)
    return [Anchor(paper=papers[key], weight=found[key][0], why=found[key][1]) for key in strongest if key in papers]


def _own(library: Library, *, before: date | None) -> list[str]:
    """Papers whose full text the user brought in, newest first."""
    catalog = library.catalog()
    brought = catalog.ledger.papers()
    newest = catalog.papers.ids(Filters(has_fulltext=True), limit=4 * _MOST_ANCHORS)
    papers = catalog.papers.many(newest)
    return [
        key
        for key in newest
        if brought.isdisjoint({key, *(paper := papers[key]).aliases})
        and (paper.private or before is None or not paper.announced or max(paper.announced) < before)
    ][:_MOST_ANCHORS]


def preview(library: Library, topic: Topic, *, since: date | None = None, until: date | None = None) -> list[Preview]:
    """What a topic catches among the stored papers (of a period), and why or why not; those inside first."""
    catalog = library.catalog()
    papers = catalog.papers.many(catalog.papers.ids(Filters(since=since, until=until)))
    judged = {key: judge(topic, paper) for key, paper in papers.items()}
    inside = [papers[key] for key, judgement in judged.items() if judgement.inside]
    encode = library.corpus().encode
    ranked = rank(inside, topic=topic, anchors=anchors(library, topic, before=since), encode=encode)
    shown = [
        Preview(
            paper_id=paper.id, title=paper.title, inside=True, score=relevance.score, announced=paper.announced,
            reasons=(*judged[paper.id].reasons, *relevance.reasons),
        )
        for paper, relevance in ranked
    ]  # fmt: skip
    shown += [
        Preview(
            paper_id=key, title=papers[key].title, inside=False, announced=papers[key].announced,
            reasons=judged[key].reasons,
        )
        for key in sorted(papers)
        if not judged[key].inside
    ]  # fmt: skip
    return shown


# ------------------------------------------------------------------------------------------ keeping


def checked(library: Library, topic: Topic) -> Topic:
    """A topic as it may be kept: its query readable, its names tidy, its examples canonical ids.

    Raises:
        UsageError: naming what is wrong.
    """
    name = " ".join(topic.name.split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise UsageError(f"{topic.name[:40]!r} is no name for a topic: use 1 to {_LONGEST_NAME} printable characters")
    parse_query(topic.query)
    for word in (*topic.must, *topic.must_not, *topic.authors):
        if not fold(word):
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


def keep(library: Library, topic: Topic) -> Topic:
    """Keep a topic; one of that name (in upper or lower case) is replaced and keeps the name it had, under which the
    ledger knows what it has shown."""
    catalog = library.catalog(create=True)
    good = checked(library, topic)
    same = [known.name for known in catalog.ledger.topics() if known.name.casefold() == good.name.casefold()]
    good = replace(good, name=same[0]) if same else good
    with library.writing("topic"), catalog.transaction():
        catalog.ledger.put_topic(good)
    return good


def forget(library: Library, name: str) -> str:
    """Forget a topic; returns its name."""
    catalog = library.catalog()
    topic = catalog.ledger.topic(name)
    with library.writing("topic"), catalog.transaction():
        catalog.ledger.remove_topic(topic.name)
    return topic.name


def planned(library: Library, name: str, **fields: Any) -> Topic:
    """The topic of that name with other fields, or one that is not kept yet.

    Raises:
        KbError: when there is none of that name and no field that would make one.
    """
    known = {topic.name.casefold(): topic for topic in library.catalog().ledger.topics()}
    topic = known.get(name.casefold())
    if topic is None and not fields:
        topic = library.catalog().ledger.topic(name)
    return checked(library, replace(topic or Topic(name=name), **fields))


def _key(text: str) -> str:
    try:
        return paper_key(text)
    except BadIdentifier as err:
        raise UsageError(f"example {text!r}: {err}") from err
