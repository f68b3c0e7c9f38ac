"""Does a paper belong to a topic, and why (not)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kb.ids import fold
from kb.records import Paper, Topic
from kb.writing.topic_query import Term, parse_query, phrase_matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether a paper belongs to a topic. ``reasons`` is never empty and reads as a list of plain sentences."""

    inside: bool
    reasons: tuple[str, ...]


def concerns(topic: Topic, paper: Paper) -> bool:
    """Whether arXiv, asked for the topic, would name the paper: an example, or query and categories hold.

    What is asked further (words, authors) only filters what was found.

    Raises:
        UsageError: when the topic's query cannot be read.
    """
    if _is_example(topic, paper):
        return True
    query = parse_query(topic.query)
    in_category = not topic.categories or any(Term("cat", name).matches(paper) for name in topic.categories)
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
    if topic.categories and not any(Term("cat", category).matches(paper) for category in topic.categories):
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
        if Term("cat", category).matches(paper):
            first = bool(paper.categories) and Term("cat", category).matches(_only_primary(paper))
            yield f"it is in {category}{'' if first else ' (cross-listed)'}"


def _is_example(topic: Topic, paper: Paper) -> bool:
    return not {paper.id, *paper.aliases}.isdisjoint(topic.examples)


def _only_primary(paper: Paper) -> Paper:
    return replace(paper, categories=paper.categories[:1])


def _is_author(name: str, paper: Paper) -> bool:
    wanted = f" {fold(name)} "
    return any(wanted in f" {fold(author)} " for author in paper.authors)


def _texts(paper: Paper) -> tuple[str, ...]:
    stated = paper.keywords if paper.provenance.get("keywords") not in ("pdf", "html", "text") else ()
    return (paper.title, paper.abstract, paper.comment or "", *stated)
