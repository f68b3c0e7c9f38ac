"""Why a paper is on a topic's page: whether each reason that a page gives still holds for the record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kb.ids import plain_words
from kb.records import Paper
from kb.words import words
from kb.writing.topic_query import FIELDS, TopicTerm, phrase_matches

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
        if not any(f" {plain_words(match['told'])} " in f" {plain_words(author)} " for author in paper.authors):
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
