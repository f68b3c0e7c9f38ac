"""arXiv's query language as the local arXiv server understands it: enough to judge what the product asks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_TOKEN = re.compile(
    r"\s*(?:(?P<paren>[()])|(?P<op>ANDNOT|AND|OR)(?=[\s(]|$)"
    r"|submittedDate:\[(?P<since>\d{12,14})\s+TO\s+(?P<until>\d{12,14})\]"
    r"|(?:(?P<field>ti|au|abs|co|jr|cat|rn|id|all):)?(?:\"(?P<phrase>[^\"]*)\"|(?P<word>[^\s()\"]+)))"
)


@dataclass(frozen=True)
class Searched:
    """What of a paper a query can be asked about."""

    id: str
    title: str
    authors: str
    abstract: str
    comment: str
    categories: tuple[str, ...]
    submitted: datetime


Matcher = Callable[[Searched], bool]


class BadQuery(ValueError):
    """arXiv would answer this query with an error."""


def compile_query(query: str) -> Matcher:
    """A query as a test of papers. Operators bind from left to right, as in arXiv; words side by side are OR."""
    tokens = _tokens(query)
    matcher, rest = _expression(tokens)
    if rest:
        raise BadQuery(f"unexpected {rest[0]}")
    return matcher


def _tokens(query: str) -> list[re.Match[str]]:
    tokens, position = [], 0
    text = query.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.end() == position:
            raise BadQuery(f"cannot read {text[position:]!r}")
        tokens.append(match)
        position = match.end()
    return tokens


def _expression(tokens: list[re.Match[str]]) -> tuple[Matcher, list[re.Match[str]]]:
    left, tokens = _term(tokens)
    while tokens and tokens[0]["paren"] != ")":
        operator = tokens[0]["op"] or "OR"
        right, tokens = _term(tokens[1:] if tokens[0]["op"] else tokens)
        left = _combined(operator, left, right)
    return left, tokens


def _combined(operator: str, left: Matcher, right: Matcher) -> Matcher:
    if operator == "AND":
        return lambda paper: left(paper) and right(paper)
    if operator == "ANDNOT":
        return lambda paper: left(paper) and not right(paper)
    return lambda paper: left(paper) or right(paper)


def _term(tokens: list[re.Match[str]]) -> tuple[Matcher, list[re.Match[str]]]:
    if not tokens or tokens[0]["op"] or tokens[0]["paren"] == ")":
        raise BadQuery("a term is missing")
    token, rest = tokens[0], tokens[1:]
    if token["paren"] == "(":
        inner, rest = _expression(rest)
        if not rest or rest[0]["paren"] != ")":
            raise BadQuery("a parenthesis is not closed")
        return inner, rest[1:]
    if token["since"]:
        return _dated(token["since"], token["until"]), rest
    return _worded(token["field"] or "all", token["phrase"] if token["phrase"] is not None else token["word"]), rest


def _dated(since: str, until: str) -> Matcher:
    start, end = (datetime.strptime(text[:12], "%Y%m%d%H%M").replace(tzinfo=UTC) for text in (since, until))
    return lambda paper: start <= paper.submitted < end + timedelta(minutes=1)


def _worded(field: str, wanted: str) -> Matcher:
    if field == "cat":
        pattern = re.compile(re.escape(wanted).replace(r"\*", r".*"), re.IGNORECASE)
        return lambda paper: any(pattern.fullmatch(category) for category in paper.categories)
    if field == "id":
        return lambda paper: paper.id == wanted
    words = [re.escape(word).replace(r"\*", r"\w*") for word in re.findall(r"[\w*]+", wanted.replace("_", " "))]
    pattern = re.compile(r"\b" + r"\W+".join(words) + r"\b", re.IGNORECASE) if words else re.compile(r"(?!)")
    return lambda paper: pattern.search(_text(paper, field)) is not None


def _text(paper: Searched, field: str) -> str:
    texts = {"ti": paper.title, "au": paper.authors, "abs": paper.abstract, "co": paper.comment, "jr": "", "rn": ""}
    return texts[field] if field in texts else "\n".join(texts.values())
