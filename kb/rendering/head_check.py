"""The head of a page: its days, its counts, and the titles that it repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date

from kb.records import Language, Paper
from kb.rendering.labels import label
from kb.rendering.page_records import ReadPage
from kb.rendering.tally import CheckTally, Sources
from kb.text import one_line


def check_head(page: ReadPage, papers: Sequence[Paper | None], sources: Sources, tally: CheckTally) -> None:
    """Days, counts, and the titles that the head of the page repeats."""
    language: Language = "zh" if page.language == "zh" else "en"
    periods = sources.periods() if page.own else ()
    for where, told, expected in _wrong_days(page, papers, periods):
        tally.add("date", told, expected, where=where)
    tally.checked += len(page.days)
    for field, found, expected, at in page.faults:
        tally.add(field, found, expected, where=at)
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


def _wrong_days(
    page: ReadPage, papers: Sequence[Paper | None], periods: Collection[tuple[date, date]]
) -> Iterator[tuple[str, str, str]]:
    """(where, told, expected) of each place whose period does not hold the papers, disagrees with the others (of two
    the later one is told, of more the odd one), or has an end that nothing bears out."""
    announced = [days for paper in papers if paper is not None and (days := _days(paper))]
    single = all(not first or first == last for _, first, last in page.days)
    agreeing = []
    for where, first, last in page.days:
        if expected := _missed(first, last, announced, single=single):
            yield where, _period(first, last), expected
        else:
            agreeing.append((where, first, last))
    told = Counter(last for _, _, last in agreeing)
    known = {until for _, until in periods}
    ends = sorted(told, key=lambda last: (-told[last], date.fromisoformat(last) not in known))
    starts = Counter(first for _, first, _ in agreeing if first).most_common(1)
    moved = {}
    if starts:
        moved = _moved_ends(starts[0][0], ends[0], announced, periods)
    for where, first, last in agreeing:
        if last != ends[0]:
            yield where, _period(first, last), f"{ends[0]}, as elsewhere on the page"
        elif first and first != starts[0][0]:
            yield where, _period(first, last), f"{starts[0][0]}, as elsewhere on the page"
        else:
            yield from ((where, end, moved[end]) for end in dict.fromkeys((first, last)) if end in moved)


def _moved_ends(
    since: str, until: str, announced: Sequence[Collection[date]], periods: Collection[tuple[date, date]]
) -> dict[str, str]:
    """The end of a period that no digest was made of, and what it should be.

    Told is only what a remembered digest speaks against: one of the same papers with the same other end. A page may
    have been made by another home, or before periods were remembered, so that none remembers it is no fault.
    It is the end on which no paper of the page was announced; where there are papers of both, the one that a digest of
    more than a day with the same other end does not have.
    """
    first, last = date.fromisoformat(since), date.fromisoformat(until)
    if first == last or (first, last) in periods:  # of a single day neither end is the other
        return {}
    possible = [period for period in periods if _holds_all(period, announced)]
    days = {day for known in announced for day in known}
    starts = {start for start, end in possible if end == last}
    ends = {end for start, end in possible if start == first}
    if first in days and last in days:
        wrong = {last: ends - {first}} if ends - {first} else {first: starts - {last}}
    else:
        wrong = {day: near for day, near in ((last, ends), (first, starts)) if day not in days}
    return {
        day.isoformat(): min(near, key=lambda other: (abs(other - day), other)).isoformat()
        for day, near in wrong.items()
        if near
    }


def _holds_all(period: tuple[date, date], announced: Sequence[Collection[date]]) -> bool:
    """Whether a digest of the period can have had these papers; a day without any says nothing of a longer period."""
    start, end = period
    if not announced:
        return start < end
    return all(any(start <= day <= end for day in days) for days in announced)


def _period(first: str, last: str) -> str:
    return last if first in ("", last) else f"{first} to {last}"


def _missed(first: str, last: str, announced: Sequence[Collection[date]], *, single: bool) -> str:
    """What a period should be that leaves out the days of one of the papers; "" when it holds them all."""
    try:
        until = date.fromisoformat(last)
        since = date.fromisoformat(first) if first else None
    except ValueError:
        return "a day"
    if all(any((since or (until if single else day)) <= day <= until for day in days) for days in announced):
        return ""
    return Counter(day for days in announced for day in set(days)).most_common(1)[0][0].isoformat()


def _days(paper: Paper) -> tuple[date, ...]:
    if paper.announced:
        return paper.announced
    return (paper.published.date(),) if paper.published else ()


def _check_counts(page: ReadPage, tally: CheckTally) -> None:
    for counts in page.counts:
        found, new, updated, *_ = counts
        tally.checked += 1
        if new + updated != len(page.entries):
            tally.add("number", f"{new} + {updated}", f"{len(page.entries)} papers on the page", where="counts")
        elif found != sum(counts[1:]):
            tally.add("number", str(found), str(sum(counts[1:])), where="counts")
