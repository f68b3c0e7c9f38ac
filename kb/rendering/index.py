"""The page that leads to all daily pages: each topic with its days, the newest first, told by the titles of their
papers; its roundups, how many papers a day it has had lately, and why a day has no page."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from urllib.parse import quote

from kb.records import DigestCounts, EntryState, Language, Reason
from kb.rendering.entries import PageSettings, anchor_of
from kb.rendering.html import page_frame, render_template
from kb.rendering.labels import label
from kb.rendering.reasons import told

_SAFE_PATH = re.compile(r"^[^/\\:?#][^\\:?#]*$")
_TITLES = 5
_OPEN_DAYS = 10
"""So many days of a topic stand open; older ones are folded by month."""

_TREND = timedelta(days=60)
_WIDTH, _HEIGHT = 240, 32
"""Of the trend line, in CSS pixels."""

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "new": "{count} new",
        "updated": "{count} updated",
        "withdrawn": "{count} withdrawn",
        "failed": "{count} failed",
        "more": "and {count} more",
        "weeks": "Roundups",
        "is_updated": "updated",
        "is_withdrawn": "withdrawn",
        "no_page": "no page",
        "trend": "Papers a day, {since} to {until}: {total} on {days} days, most {most} on {peak}",
    },
    "zh": {
        "new": "新增 {count} 篇",
        "updated": "更新 {count} 篇",
        "withdrawn": "撤回 {count} 篇",
        "failed": "失败 {count} 篇",
        "more": "另有 {count} 篇",
        "weeks": "汇总",
        "is_updated": "更新",
        "is_withdrawn": "已撤回",
        "no_page": "无页面",
        "trend": "每日论文数，{since} 至 {until}：{days} 天共 {total} 篇，最多 {most} 篇（{peak}）",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPaper:
    """A paper of a page as the index names it."""

    id: str
    title: str
    state: EntryState = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """A digest that was written: what it is about and where its files are, relative to the index. ``papers`` are those
    of its page in their order; ``why_nothing`` says why there are none."""

    topic: str | None
    since: date
    until: date
    counts: DigestCounts
    files: tuple[str, ...]
    papers: tuple[IndexPaper, ...] = ()
    why_nothing: tuple[Reason | str, ...] = ()


def render_index(
    entries: Sequence[IndexEntry], *, language: Language = "en", settings: PageSettings | None = None
) -> list[tuple[str, bytes]]:
    """``index.html`` over digests in any order; same digests, same bytes."""
    # The index runs no script: its formulas are written without one.
    frame = page_frame(language, replace(settings or PageSettings(), mathjax=""))
    by_topic: defaultdict[str, list[IndexEntry]] = defaultdict(list)
    for entry in entries:
        by_topic[entry.topic or label(language, "untitled")].append(entry)
    last = max((entry.until for entry in entries), default=date.min)
    topics = [_topic(name, by_topic[name], last=last, language=language) for name in sorted(by_topic, key=str.casefold)]
    text = render_template("index.html.j2", **frame, title=label(language, "index"), topics=topics)
    return [("index.html", text.encode())]


def _topic(name: str, entries: Sequence[IndexEntry], *, last: date, language: Language) -> dict[str, object]:
    latest = sorted(entries, key=lambda entry: (entry.until, entry.since, entry.files), reverse=True)
    days = [entry for entry in latest if entry.since == entry.until]
    weeks = [_row(entry, language) for entry in latest if entry.since != entry.until]
    months = groupby(days[_OPEN_DAYS:], key=lambda entry: entry.until.isoformat()[:7])
    return {
        "name": name,
        "count": len(days) + len(weeks),
        "days": [_row(entry, language) for entry in days[:_OPEN_DAYS]],
        "months": [(month, [_row(entry, language) for entry in some]) for month, some in months],
        "weeks": weeks,
        "weeks_label": _WORDS[language]["weeks"],
        "trend": trend(days, last=last, language=language),
    }


def _row(entry: IndexEntry, language: Language) -> dict[str, object]:
    """A page in one line, and the titles on it."""
    words = _WORDS[language]
    links = [(_suffix(file), quote(file)) for file in sorted(entry.files) if _SAFE_PATH.match(file)]
    page = next((address for form, address in links if form == "HTML"), None)
    counted = {name: getattr(entry.counts, name) for name in ("new", "updated", "withdrawn", "failed")}
    titles = [(one.title, f"{page}#{anchor_of(one.id)}" if page else None, one.state) for one in entry.papers]
    nothing = "; ".join(told(reason, language) for reason in entry.why_nothing)
    return {
        "when": entry.until.isoformat() if entry.since == entry.until else f"{entry.since} – {entry.until}",
        "page": page,
        "counts": " · ".join(words[name].format(count=count) for name, count in counted.items() if count),
        "links": [one for one in links if one[1] != page],
        "titles": titles[:_TITLES],
        "more": words["more"].format(count=len(titles) - _TITLES) if len(titles) > _TITLES else "",
        "states": {state: words[f"is_{state}"] for state in ("updated", "withdrawn")},
        "nothing": "" if entry.papers else nothing or words["no_page"],
    }


def trend(days: Sequence[IndexEntry], *, last: date, language: Language = "en") -> dict[str, object] | None:
    """How many papers a topic's pages had on each day of the sixty before ``last``, as a line to draw and in words;
    None for less than two days. A day that was not looked at is no zero: the line goes past it."""
    counted = {entry.until: len(entry.papers) for entry in days if last - _TREND < entry.until <= last}
    if len(counted) < 2:
        return None
    most = max(counted.values())
    peak = max(day for day, count in counted.items() if count == most)
    first = last - _TREND
    points = [
        (2 + (_WIDTH - 4) * (day - first).days / _TREND.days, _HEIGHT - 2 - (_HEIGHT - 4) * count / (most or 1))
        for day, count in sorted(counted.items())
    ]
    since = min(counted)
    said = _WORDS[language]["trend"].format(
        since=since, until=max(counted), total=sum(counted.values()), days=len(counted), most=most, peak=peak
    )
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return {"points": line, "end": points[-1], "text": said, "width": _WIDTH, "height": _HEIGHT}


def _suffix(file: str) -> str:
    """What the form is called: what follows the first full stop of the file's name."""
    name = file.rsplit("/", 1)[-1]
    return name.split(".", 1)[1].upper().replace(".", " ") if "." in name else name
