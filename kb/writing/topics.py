"""Does a paper belong to a topic, and why (not); does a reason that a page gives still hold for the record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kb.errors import UsageError
from kb.ids import plain_words
from kb.records import Paper, Topic
from kb.words import words
from kb.writing.topic_query import (
    FIELDS,
    TopicTerm,
    fields_asked,
    implied_categories,
    parse_query,
    phrase_matches,
    spelled_out,
)

_FEED = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z-]{2,})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether a paper belongs to a topic. ``reasons`` is never empty and reads as a list of plain sentences."""

    inside: bool
    reasons: tuple[str, ...]


def concerns(topic: Topic, paper: Paper) -> bool:
    """Whether arXiv, asked for the topic (see ``arxiv_query``), would name the paper, or it is an example.

    What the topic asks further only filters what was found.

    Raises:
        UsageError: when the topic's query cannot be read.
    """
    if _is_example(topic, paper):
        return True
    query = parse_query(topic.query)
    if query is None and not topic.categories:
        if topic.authors:
            return any(_is_author(name, paper) for name in topic.authors)
        return all(phrase_matches(phrase, _texts(paper)) for phrase in topic.must)
    in_category = not topic.categories or any(TopicTerm("cat", name).matches(paper) for name in topic.categories)
    return in_category and (query is None or query.matches(paper))


def judge(topic: Topic, paper: Paper) -> Judgement:
    """A paper belongs when it is an example, or when the query and every other condition of the topic hold.

    Each word of ``must`` has to occur in title, abstract, comment or keywords, none of ``must_not`` may; of
    ``authors`` and of ``categories`` one has to be the paper's. Keywords count when the record or the user states
    them: those read off a PDF are there or not as its download went, and a topic must not hang on that.

    Raises:
        UsageError: when the topic's query cannot be read.
    """
    if _is_example(topic, paper):
        return Judgement(inside=True, reasons=("it is an example of the topic",))
    against = tuple(_against(topic, paper))
    if against:
        return Judgement(inside=False, reasons=against)
    return Judgement(inside=True, reasons=tuple(_speaking_for(topic, paper)) or ("the topic asks for nothing",))


def feed_categories(topic: Topic) -> tuple[str, ...] | None:
    """Categories whose feeds announce every paper that the topic can find; None when feeds are not enough.

    They are not when the query names no category, or asks for what no feed tells (comment, journal, report number).
    """
    query = parse_query(topic.query)
    if query is not None and fields_asked(query) & {"co", "jr", "rn"}:
        return None
    wanted = topic.categories or (implied_categories(query) if query is not None else None) or ()
    plain = sorted({re.sub(r"\.?\*$", "", category) for category in wanted})
    return tuple(plain) if plain and all(_FEED.fullmatch(category) for category in plain) else None


def arxiv_query(topic: Topic) -> str:
    """The query that asks arXiv for what the topic finds.

    Raises:
        UsageError: when the topic asks for nothing that arXiv can look for.
    """
    query = parse_query(topic.query)
    parts = [spelled_out(query)] if query is not None else []
    if topic.categories:
        parts.append(_any_of("cat", topic.categories))
    if not parts and topic.authors:
        parts.append(_any_of("au", topic.authors))
    if not parts and topic.must:
        parts.append(" AND ".join(spelled_out(TopicTerm("all", phrase)) for phrase in topic.must))
    if not parts:
        raise UsageError(
            f"topic {topic.name!r} asks for nothing that arXiv can look for: give it --query or --category"
        )
    return " AND ".join(f"({part})" for part in parts)


def _any_of(field: str, values: Sequence[str]) -> str:
    return " OR ".join(spelled_out(TopicTerm(field, value)) for value in values)


def _against(topic: Topic, paper: Paper) -> Iterator[str]:
    query = parse_query(topic.query)
    if query is not None and not query.matches(paper):
        missing = [f"{term.field}:{term.text}" for term in query.terms() if not term.matches(paper)]
        yield f"the query does not hold (not found: {', '.join(missing)})" if missing else "the query excludes it"
    texts = _texts(paper)
    for phrase in topic.must:
        if not phrase_matches(phrase, texts):
            yield f"{phrase!r} must occur and does not"
    for phrase in topic.must_not:
        if phrase_matches(phrase, texts):
            yield f"{phrase!r} must not occur and does"
    if topic.authors and not any(_is_author(name, paper) for name in topic.authors):
        yield f"none of its authors is {' or '.join(topic.authors)}"
    if topic.categories and not any(TopicTerm("cat", category).matches(paper) for category in topic.categories):
        yield f"it is in {', '.join(paper.categories) or 'no category'}, not in {' or '.join(topic.categories)}"


def _speaking_for(topic: Topic, paper: Paper) -> Iterator[str]:
    query = parse_query(topic.query)
    if query is not None:
        found = dict.fromkeys(f"{term.field}:{term.text}" for term in query.terms() if term.matches(paper))
        yield f"the query holds ({', '.join(found)})" if found else "the query holds"
    if topic.must:
        yield f"it says {', '.join(map(repr, topic.must))}"
    yield from (f"it is by {name}" for name in topic.authors if _is_author(name, paper))
    for category in topic.categories:
        if TopicTerm("cat", category).matches(paper):
            first = bool(paper.categories) and TopicTerm("cat", category).matches(_only_primary(paper))
            yield f"it is in {category}{'' if first else ' (cross-listed)'}"


def _is_example(topic: Topic, paper: Paper) -> bool:
    return not {paper.id, *paper.aliases}.isdisjoint(topic.examples)


def _only_primary(paper: Paper) -> Paper:
    return replace(paper, categories=paper.categories[:1])


def _is_author(name: str, paper: Paper) -> bool:
    wanted = f" {plain_words(name)} "
    return any(wanted in f" {plain_words(author)} " for author in paper.authors)


def _texts(paper: Paper) -> tuple[str, ...]:
    stated = paper.keywords if paper.provenance.get("keywords") not in ("pdf", "html", "text") else ()
    return (paper.title, paper.abstract, paper.comment or "", *stated)


# ---------------------------------------------------------------------------------------- reasons that were given

_QUERY = re.compile(r"the query holds \((?P<told>.*)\)")
_SAYS = re.compile(r"it says (?P<told>.*)")
_BY = re.compile(r"it is by (?P<told>.*)")
_IN = re.compile(r"it is in (?P<told>\S+)(?P<cross> \(cross-listed\))?")
_WORDS = re.compile(r"words (?:for|against) it: (?P<told>.*)")
_LIKE = re.compile(
    r"like (?P<told>\S+) \((?:you (?:dis)?like it|an example of the topic|tagged .+|you tagged it|in your library)\)"
)
_NEXT_TERM = re.compile(rf", (?=(?:{'|'.join(FIELDS)}):)")
_QUOTED = re.compile(r"'(?P<one>[^']*)'|\"(?P<two>[^\"]*)\"")
# What no record can bear out or refute: it speaks of the topic.
_OF_THE_TOPIC = frozenset(
    {
        "it is an example of the topic",
        "the query holds",
        "the topic asks for nothing",
        "the topic has shown it before",
    }
)


def likened_to(reason: str) -> str | None:
    """The id of the paper that a reason compares with, if it does."""
    match = _LIKE.fullmatch(reason)
    return match["told"] if match else None


def faults_of_reason(reason: str, paper: Paper) -> Iterator[tuple[str, str, str]]:
    """(field, found, expected) for all that a reason says and the record does not; papers named in it are not
    looked up."""
    texts = (paper.title, paper.abstract, paper.comment or "", *paper.keywords)
    if match := _QUERY.fullmatch(reason):
        for told in _NEXT_TERM.split(match["told"]):
            field, _, text = told.partition(":")
            if field not in FIELDS or not TopicTerm(field, text).matches(paper):
                yield "reason", told, "a term of the query that the record meets"
    elif match := _SAYS.fullmatch(reason):
        quoted = [found["one"] or found["two"] or "" for found in _QUOTED.finditer(match["told"])]
        yield from _absent(quoted or [match["told"]], texts)
    elif match := _BY.fullmatch(reason):
        if not _is_author(match["told"], paper):
            yield "author", match["told"], ", ".join(paper.authors)
    elif match := _IN.fullmatch(reason):
        if not TopicTerm("cat", match["told"]).matches(paper):
            yield "categories", match["told"], ", ".join(paper.categories)
    elif match := _WORDS.fullmatch(reason):
        yield from _absent(match["told"].split(", "), texts)
    elif reason not in _OF_THE_TOPIC and not _LIKE.fullmatch(reason):
        yield "reason", reason, "a reason that a topic gives"


def _absent(phrases: Sequence[str], texts: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    for phrase in phrases:
        if not phrase_matches(phrase, texts) and not any(phrase in words(text) for text in texts):
            yield "reason", phrase, "words of the record"
