"""The page that leads to all daily pages: titles, states, reasons, and the line of how many papers a day."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from kb.records import DigestCounts, Reason
from kb.rendering import IndexEntry, IndexPaper, render_index

DAY = date(2024, 3, 4)


def test_the_index_tells_topics_and_days_by_their_titles_the_latest_first() -> None:
    papers = tuple(IndexPaper(id=f"arxiv:2403.{n:05d}", title=f"On <b> $x_{n}$", state="new") for n in range(7))
    entries = [
        IndexEntry(
            topic=topic,
            since=day,
            until=day,
            counts=DigestCounts(found=9, new=7, already_shown=2),
            files=(f"{day}/x y.html", "/etc/x.html"),
            papers=papers,
        )
        for topic, day in (("b <i>", DAY), ("A", DAY), ("A", DAY.replace(day=5)))
    ]
    ((path, data),) = render_index(entries)
    text = data.decode()
    assert path == "index.html"
    assert (
        text.index(">A</h2>")
        < text.index("2024-03-05</strong>")
        < text.index("2024-03-04</strong>")
        < text.index(">b &lt;i&gt;</h2>")
    )
    assert 'href="2024-03-05/x%20y.html#arxiv-2403-00004"' in text
    assert "arxiv-2403-00005" not in text
    assert text.count("and 2 more") == 3
    assert text.count("7 new<") == 3  # and no row of zeros
    assert " 0 " not in text.split("<main>")[1].split("svg")[0]
    assert "/etc/x" not in text
    assert "<b>" not in text
    assert render_index(list(reversed(entries))) == render_index(entries)


def test_the_index_says_why_a_day_has_no_page_and_what_state_a_paper_is_in() -> None:
    nothing = IndexEntry(
        topic="A", since=DAY, until=DAY, counts=DigestCounts(), files=("digest.json",),
        why_nothing=(Reason(kind="saturday", values={"day": "2024-03-04"}),),
    )  # fmt: skip
    changed = replace(
        nothing, since=DAY.replace(day=5), until=DAY.replace(day=5), counts=DigestCounts(found=1, withdrawn=1),
        papers=(IndexPaper(id="arxiv:1", title="Gone", state="withdrawn"),), why_nothing=(),
    )  # fmt: skip
    english, chinese = (render_index([nothing, changed], language=language)[0][1].decode() for language in ("en", "zh"))
    assert "2024-03-04 is a Saturday: arXiv lists" in english
    assert "为星期六" in chinese
    assert 'Gone <span class="soft">(withdrawn)</span>' in english
    assert "1 withdrawn<" in english
    assert "撤回 1 篇<" in chinese


def test_a_topics_trend_is_a_line_that_is_also_said() -> None:
    """Days that were not looked at are no zeros, and what is older than sixty days is not told."""

    def on(day: date, count: int) -> IndexEntry:
        papers = tuple(IndexPaper(id=f"arxiv:{n}", title="T") for n in range(count))
        return IndexEntry(topic="A", since=day, until=day, counts=DigestCounts(), files=(), papers=papers)

    days = [on(date(2024, 1, 4), 9), on(date(2024, 2, 1), 4), on(date(2024, 2, 2), 0), on(date(2024, 3, 4), 2)]
    text = render_index(days)[0][1].decode()
    said = "Papers a day, 2024-02-01 to 2024-03-04: 6 on 3 days, most 4 on 2024-02-01"
    assert f'aria-label="{said}"' in text
    assert f"<title>{said}</title>" in text
    (points,) = re.findall(r'<polyline points="(.*?)"', text)
    xs, ys = zip(*(map(float, point.split(",")) for point in points.split()), strict=True)
    assert list(xs) == sorted(xs)
    assert ys[0] < ys[2] < ys[1]  # the y of a drawing goes down
    assert xs[2] - xs[1] > 20 * (xs[1] - xs[0])
    assert "<script" not in text
    assert "<svg" not in render_index(days[:1])[0][1].decode()
