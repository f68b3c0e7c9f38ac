"""Questions that the records answer, with a model and without: who, when, where, which id, how many, which papers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kb.answering.passages import quoted
from kb.answering.understanding import Understood
from kb.errors import UsageError
from kb.protocols import PaperRecords
from kb.records import Answer, Claim, Filters, Mention, Paper, Reference

_LISTED = 50  # papers of a list; the count says how many there are


def from_records(question: str, understood: Understood, *, records: PaperRecords, filters: Filters) -> Answer | None:
    """The answer that the records give; None where the question asks for something else, or they do not state it.

    Then the texts are asked: a paper may say itself what its record does not.
    """
    asked = understood.catalog
    if asked is None:
        return None
    base = Answer(
        question=question,
        understood=understood.text,
        kind="catalog",
        source="catalog",
        answered=True,
        language="zh" if understood.language == "zh" else "en",
    )
    if asked.asks == "count" and asked.name:
        theirs = records.papers(replace(filters, authors=(asked.name,)))
        return replace(base, text=f"{_count(theirs)} by {asked.name}.") if theirs else None
    if asked.asks == "count":
        return replace(base, text=f"{records.count(filters)} papers.")
    if asked.asks == "papers by" and asked.name:
        found = records.papers(replace(filters, authors=(asked.name,)))
        return _listed(base, found, lead=f"{_count(found)} by {asked.name}") if found else None
    if asked.asks == "papers naming" and asked.name:
        try:
            mentions = records.naming(asked.name, filters)
        except UsageError:
            return None
        return _naming(base, mentions, asked.name) if mentions else None
    papers = [paper for key in understood.papers for paper in records.papers(replace(filters, papers=(key,)))]
    stated = [_stated(paper, asked.asks) for paper in papers]
    if not stated or not all(stated):
        return None
    lines = [f"- {paper.title}: {value}" for paper, value in zip(papers, stated, strict=True)]
    text = "\n".join(lines) if len(lines) > 1 else f"{stated[0]}."
    return replace(base, text=text, references=_numbered(papers))


def _stated(paper: Paper, field: str) -> str:
    """What the record states, and which source does."""
    values = {
        "authors": (", ".join([*paper.authors, *(["and others"] if paper.et_al else [])]), "authors"),
        "date": (paper.stated_date[:10], "published"),
        "venue": (paper.venue or "", "venue"),
        "id": (", ".join(dict.fromkeys([paper.id, *paper.aliases])), ""),
    }
    value, name = values.get(field, ("", ""))
    source = paper.provenance.get(name)
    return f"{value} (from {source})" if value and source else value


def _numbered(papers: Sequence[Paper]) -> tuple[Reference, ...]:
    return tuple(Reference(marker=str(number), paper=paper) for number, paper in enumerate(papers, 1))


def _count(papers: Sequence[Paper]) -> str:
    return f"{len(papers)} paper{'' if len(papers) == 1 else 's'}"


def _listed(base: Answer, papers: Sequence[Paper], *, lead: str) -> Answer:
    shown = papers[:_LISTED]
    lines = [f"{i}. {paper.title} ({paper.byline})" for i, paper in enumerate(shown, 1)]
    more = [f"… and {len(papers) - _LISTED} more"] if len(papers) > _LISTED else []
    return replace(base, text="\n".join([f"{lead}:", "", *lines, *more]), references=_numbered(shown))


def _naming(base: Answer, mentions: Sequence[Mention], name: str) -> Answer:
    """Each paper with the first sentence that names it, which is a quotation."""
    shown = mentions[:_LISTED]
    claims, passages, lines = [], [], []
    for place, mention in enumerate(shown, 1):
        evidence = replace(mention.evidence, marker=f"{place}.1")
        claims.append(Claim(text=evidence.quote, verdict=None, verdict_reason=None, evidence=(evidence,)))
        passages.append(quoted(evidence, mention.paper, str(place), section=mention.section))
        lines.append(
            f"- {mention.paper.title} ({mention.paper.byline}): “{' '.join(evidence.quote.split())}” [{place}.1]"
        )
    count = f"{len(mentions)} paper{' names' if len(mentions) == 1 else 's name'} {name}:"
    more = [f"- … and {len(mentions) - _LISTED} more"] if len(mentions) > _LISTED else []
    return replace(
        base,
        text="\n".join([count, "", *lines, *more]),
        claims=tuple(claims),
        passages=tuple(passages),
        references=_numbered([mention.paper for mention in shown]),
    )
