"""Does a paper belong to a topic, and why (not)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kb.errors import UsageError
from kb.ids import plain_words
from kb.records import Paper, Reason, Topic
from kb.writing.topic_query import (
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
    """Whether a paper belongs to a topic; ``reasons`` is never empty."""

    inside: bool
    reasons: tuple[Reason, ...]


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
        return Judgement(inside=True, reasons=(Reason(kind="example"),))
    against = tuple(_against(topic, paper))
    if against:
        return Judgement(inside=False, reasons=against)
    return Judgement(inside=True, reasons=tuple(_speaking_for(topic, paper)) or (Reason(kind="asks-nothing"),))


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


def _against(topic: Topic, paper: Paper) -> Iterator[Reason]:
    query = parse_query(topic.query)
    if query is not None and not query.matches(paper):
        missing = [f"{term.field}:{term.text}" for term in query.terms() if not term.matches(paper)]
        yield _reason("query-fails", terms=", ".join(missing)) if missing else Reason(kind="query-excludes")
    texts = _texts(paper)
    yield from (_reason("must-occur", phrase=one) for one in topic.must if not phrase_matches(one, texts))
    yield from (_reason("must-not-occur", phrase=one) for one in topic.must_not if phrase_matches(one, texts))
    if topic.authors and not any(_is_author(name, paper) for name in topic.authors):
        yield _reason("by-none", names=", ".join(topic.authors))
    if topic.categories and not any(TopicTerm("cat", category).matches(paper) for category in topic.categories):
        yield _reason("in-none", found=", ".join(paper.categories), wanted=", ".join(topic.categories))


def _speaking_for(topic: Topic, paper: Paper) -> Iterator[Reason]:
    """What of the topic the paper has: phrases of its text, authors, categories; else that the query holds."""
    query = parse_query(topic.query)
    terms = [term for term in (query.terms() if query is not None else ()) if isinstance(term, TopicTerm)]
    met = [term for term in terms if term.matches(paper)]
    phrases = [term.text for term in met if term.field in ("ti", "abs", "co", "all")] + list(topic.must)
    if phrases:
        yield _reason("says", phrases=", ".join(dict.fromkeys(phrases)))
    names = [term.text for term in met if term.field == "au"]
    names += [name for name in topic.authors if _is_author(name, paper)]
    yield from (_reason("by", name=name) for name in dict.fromkeys(names))
    categories = [term.text for term in met if term.field == "cat"]
    categories += [name for name in topic.categories if TopicTerm("cat", name).matches(paper)]
    for category in dict.fromkeys(categories):
        first = bool(paper.categories) and TopicTerm("cat", category).matches(_only_primary(paper))
        yield _reason("in" if first else "cross-listed", category=category)
    if query is not None and not (phrases or names or categories):
        yield Reason(kind="query")


def _reason(kind: str, **values: str) -> Reason:
    return Reason(kind=kind, values=values)


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
