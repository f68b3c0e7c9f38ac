"""Questions that the records answer, with a model and without: who, when, where, which id, how many, which papers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from kb.answering.passages import quoted
from kb.answering.understanding import CatalogQuestion, Understood
from kb.errors import UsageError
from kb.protocols import PaperRecords
from kb.records import Answer, Claim, Filters, Mention, Paper, Reference

_LISTED = 50  # papers of a list; the count says how many there are
_WORDS = {
    "en": {
        "paper": "{count} paper",
        "papers": "{count} papers",
        "by": "{papers} by {name}",
        "of": "{papers} from {years}",
        "since": "{papers} since {years}",
        "until": "{papers} up to {years}",
        "naming": "{papers} with “{name}” in the text",
        "from": "{value} (from {source})",
        "announced": "announced on {day}",
        "others": "and others",
        "more": "… and {count} more",
        "stop": ".",
    },
    "zh": {
        "paper": "{count} 篇论文",
        "papers": "{count} 篇论文",
        "by": "{name} 的 {papers}",
        "of": "{years} 年的 {papers}",
        "since": "{years} 年以来的 {papers}",
        "until": "截至 {years} 年的 {papers}",
        "naming": "正文中出现“{name}”的有 {papers}",
        "from": "{value}（来源：{source}）",
        "announced": "{day} 公布",
        "others": "等",
        "more": "……另有 {count} 篇",
        "stop": "。",
    },
}


def from_records(
    question: str, understood: Understood, *, records: PaperRecords, filters: Filters, language: str
) -> Answer | None:
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
        language=language if language in _WORDS else "en",
    )
    kept_to = _kept_to(filters, asked)
    if asked.asks in ("count", "papers"):
        if asked.name and not records.count(replace(filters, authors=(asked.name,))):
            return None
        count = records.count(kept_to)
        found = records.papers(kept_to, limit=_LISTED) if asked.asks == "papers" else []
        return _listed(base, found, lead=_of(base, asked, count), more=count - len(found))
    if asked.asks == "papers naming" and asked.name:
        try:
            mentions = records.naming(asked.name, kept_to)
        except UsageError:
            return None
        return _naming(base, mentions, asked.name) if mentions else None
    named = asked.papers or understood.papers
    papers = [paper for key in named for paper in records.papers(replace(filters, papers=(key,)))]
    stated = [_stated(base, paper, asked.asks) for paper in papers]
    if not stated or not all(stated):
        return None
    lines = [f"- {paper.title}: {value}" for paper, value in zip(papers, stated, strict=True)]
    text = "\n".join(lines) if len(lines) > 1 else stated[0] + _say(base, "stop")
    return replace(base, text=text, references=_numbered(papers))


def _say(base: Answer, words: str, **values: object) -> str:
    """Some words in the language of the answer."""
    return _WORDS[base.language][words].format(**values)


def _counted(base: Answer, count: int) -> str:
    return _say(base, "paper" if count == 1 else "papers", count=count)


def _kept_to(filters: Filters, asked: CatalogQuestion) -> Filters:
    """The filters, kept to the author, the years and the papers that are asked for."""
    since = max(filter(None, (filters.since, date(asked.since, 1, 1) if asked.since else None)), default=None)
    until = min(filter(None, (filters.until, date(asked.until, 12, 31) if asked.until else None)), default=None)
    authors = (asked.name,) if asked.name and asked.asks != "papers naming" else filters.authors
    return replace(filters, authors=authors, papers=asked.papers or filters.papers, since=since, until=until)


def _of(base: Answer, asked: CatalogQuestion, count: int) -> str:
    """How many papers there are of those that are asked for."""
    told = _counted(base, count)
    if asked.name:
        told = _say(base, "by", papers=told, name=asked.name)
    if asked.since or asked.until:
        words = "of" if asked.since and asked.until else "since" if asked.since else "until"
        years = "–".join(dict.fromkeys(str(year) for year in (asked.since, asked.until) if year))
        told = _say(base, words, papers=told, years=years)
    return told


def _stated(base: Answer, paper: Paper, field: str) -> str:
    """What the record states, and which source does."""
    values = {
        "authors": (", ".join([*paper.authors, *([_say(base, "others")] if paper.et_al else [])]), "authors"),
        "date": (paper.stated_date[:10], "published") if paper.stated_date else (_announced(base, paper), "announced"),
        "venue": (paper.venue or "", "venue"),
        "id": (", ".join(dict.fromkeys([paper.id, *paper.aliases])), ""),
    }
    value, name = values.get(field, ("", ""))
    source = paper.provenance.get(name)
    return _say(base, "from", value=value, source=source) if value and source else value


def _announced(base: Answer, paper: Paper) -> str:
    return _say(base, "announced", day=paper.announced[0]) if paper.announced else ""


def _numbered(papers: Sequence[Paper]) -> tuple[Reference, ...]:
    return tuple(Reference(marker=str(number), paper=paper) for number, paper in enumerate(papers, 1))


def _listed(base: Answer, papers: Sequence[Paper], *, lead: str, more: int) -> Answer:
    """How many papers there are, and these of them; ``more``: how many are not shown."""
    if not papers:
        return replace(base, text=lead + _say(base, "stop"))
    lines = [f"{i}. {paper.title} ({paper.byline})" for i, paper in enumerate(papers, 1)]
    lines += [_say(base, "more", count=more)] if more else []
    return replace(base, text="\n".join([f"{lead}:", "", *lines]), references=_numbered(papers))


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
    count = _say(base, "naming", papers=_counted(base, len(mentions)), name=name)
    more = [f"- {_say(base, 'more', count=len(mentions) - _LISTED)}"] if len(mentions) > _LISTED else []
    return replace(
        base,
        text="\n".join([f"{count}:", "", *lines, *more]),
        claims=tuple(claims),
        passages=tuple(passages),
        references=_numbered([mention.paper for mention in shown]),
    )
