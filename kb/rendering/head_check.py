"""The head of a page: its days, its counts, and the titles that it repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from kb.records import Language, Paper
from kb.rendering.escaping import one_line
from kb.rendering.labels import label
from kb.rendering.page_records import ReadPage
from kb.rendering.tally import Tally


def check_head(page: ReadPage, papers: Sequence[Paper | None], tally: Tally) -> None:
    """Days, counts, and the titles that the head of the page repeats."""
    language: Language = "zh" if page.language == "zh" else "en"
    for where, first, last in page.days:
        tally.checked += 1
        if found := _wrong_period(first, last, papers, page):
            tally.add("date", *found, where=where)
    _check_counts(page, tally)
    known = [paper for paper in papers if paper is not None]
    for (where, title), paper in zip(
        page.heads, papers if len(page.heads) == len(papers) else papers[:1], strict=False
    ):
        tally.checked += 1
        if paper is not None:
            tally.look("title", title, one_line(paper.title), where=where)
    if page.cover:
        tally.checked += 1
        pictures = {picture.file.rsplit("/", 1)[-1] for entry in page.entries for picture in entry.pictures}
        if page.own and page.cover not in pictures:
            tally.add("cover", page.cover, "a figure of the page", where="front matter")
    for line in page.loose:
        tally.add("text", line, label(language, "update", day="…") if known else "", where="front matter")


def _wrong_period(first: str, last: str, papers: Sequence[Paper | None], page: ReadPage) -> tuple[str, str] | None:
    """(found, expected) when the papers were not announced in the period, or the page's places disagree."""
    told = first if first == last else f"{first} to {last}".removeprefix(" to ")
    try:
        until = date.fromisoformat(last)
        since = date.fromisoformat(first) if first else None
    except ValueError:
        return told, "a day"
    ends = Counter(place[2] for place in page.days)
    starts = Counter(place[1] for place in page.days if place[1])
    days = [set(_days(paper)) for paper in papers if paper is not None]
    common = Counter(day for own in days for day in own if own)
    usual = common.most_common(1)[0][0].isoformat() if common else ""
    single = all(not place[1] or place[1] == place[2] for place in page.days)
    outside = any(own and not any((since or (until if single else day)) <= day <= until for day in own) for own in days)
    if outside:
        return told, usual
    if ends.most_common(1)[0][1] > ends[last] or (first and starts.most_common(1)[0][1] > starts[first]):
        return told, f"{ends.most_common(1)[0][0]}, as elsewhere on the page"
    return None


def _days(paper: Paper) -> tuple[date, ...]:
    if paper.announced:
        return paper.announced
    return (paper.published.date(),) if paper.published else ()


def _check_counts(page: ReadPage, tally: Tally) -> None:
    if not page.counts:
        return
    found, new, updated, *_ = page.counts
    tally.checked += 1
    if new + updated != len(page.entries):
        tally.add("number", f"{new} + {updated}", f"{len(page.entries)} papers on the page", where="counts")
    elif found != sum(page.counts[1:]):
        tally.add("number", str(found), str(sum(page.counts[1:])), where="counts")
