"""A folder of daily pages: roundups of what lies there, links between pages, several digests in one folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kb import Library, Settings, wire
from kb.errors import KbError, UsageError
from kb.library import site
from kb.records import AlsoMatched, Digest, DigestCounts, EntryState, MadeWith, Note, Reason, Skipped
from tests.command_line import kb
from tests.rendering_pages import PICTURE, note_of, png, seed_papers, with_figure

PAPERS = seed_papers()
A, B, C, D, E = PAPERS


def march(number: int) -> date:
    """A day of March 2026."""
    return date(2026, 3, number)


def entry(number: int, state: EntryState = "new", *, version: int = 1) -> Note:
    """One of five papers as a page shows it."""
    changes = () if state == "new" else (Reason(kind="replaces", values={"new": str(version), "old": "1"}),)
    paper = replace(PAPERS[number], version=version, withdrawn=state == "withdrawn")
    return replace(note_of(paper), state=state, changes=changes)


def made(number: int, *entries: Note, topic: str | None = "Views", **fields: object) -> Digest:
    """The digest of a day."""
    states = [note.state for note in entries]
    counts = {name: states.count(name) for name in ("new", "updated", "withdrawn")}  # type: ignore[arg-type]
    also, skipped = fields.get("also_matched", ()), fields.get("skipped", ())
    counted = DigestCounts(
        found=len(entries) + len(also) + len(skipped),  # type: ignore[arg-type]
        filtered=len(also) + len(skipped),  # type: ignore[arg-type]
        **counts,
    )
    day = march(number)
    digest = Digest(
        topic=topic, query="all:views", since=day, until=day, made_with=MadeWith(version="1", encoder="none"),
        counts=counted, entries=entries,
    )  # fmt: skip
    return replace(digest, **fields)  # type: ignore[arg-type]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(Settings.load(home=tmp_path / "home", threads=1)) as library:
        yield library


# ------------------------------------------------------------------------------------------- roundups


def test_a_roundup_has_each_paper_once_in_its_latest_state_and_what_was_found_is_the_sum() -> None:
    cut = AlsoMatched(paper_id=C.id, title=C.title, url=None)
    never = AlsoMatched(paper_id="arxiv:2403.00009", title="Never shown", url=None)
    left = Skipped(paper_id=A.id, title=A.title, url=None, reason=Reason(kind="shown-before", values={}))
    days = [
        made(2, entry(0), entry(1), also_matched=(cut, never)),
        made(3),
        made(4, entry(2), entry(0, "updated", version=2), skipped=(left,)),
        made(5, entry(1, "withdrawn", version=2)),
    ]
    week = site.roundup(days, since=march(2), until=march(6), visited=[march(n) for n in (2, 3, 4, 5, 6, 9)])
    assert sorted((note.paper.id, note.state, note.paper.version) for note in week.entries) == sorted(
        [(A.id, "updated", 2), (B.id, "withdrawn", 2), (C.id, "new", 1)]
    )
    counts = week.counts
    assert counts.found == sum(day.counts.found for day in days)
    assert (counts.new, counts.updated, counts.withdrawn, counts.already_shown, counts.filtered) == (1, 1, 1, 2, 3)
    assert counts.found == counts.new + counts.updated + counts.withdrawn + counts.already_shown + counts.filtered
    assert week.also_matched == (never,)
    assert week.skipped == ()
    assert [(one.kind, one.values["days"]) for one in week.notices] == [
        ("roundup", "2026-03-02, 2026-03-03, 2026-03-04, 2026-03-05"),
        ("roundup-lacks", "2026-03-06"),
    ]


def test_what_stood_first_on_its_day_stands_first_in_the_week() -> None:
    days = [made(2, entry(0), entry(1)), made(3, entry(2), entry(3))]
    week = site.roundup(days, since=march(2), until=march(6))
    assert [note.paper.id for note in week.entries] == [C.id, A.id, D.id, B.id]


def test_what_was_made_for_the_public_stays_for_the_public() -> None:
    days = [made(2, entry(0)), made(3, entry(1), audience="public")]
    assert site.roundup(days, since=march(2), until=march(6)).audience == "public"
    assert site.roundup(days[:1], since=march(2), until=march(6)).audience == "self"


def test_the_command_makes_a_week_of_what_lies_there_and_leaves_the_ledger_alone(
    library: Library, tmp_path: Path
) -> None:
    home, out = tmp_path / "home", tmp_path / "site"
    library.add(items=[])
    for digest in (made(2, entry(0), topic=None), made(4, entry(1), topic=None)):
        library.pages.write_day(digest, ["html", "json", "md"], root=out)
    library.pages.write_index(out)
    before = library._store.catalog().ledger.all_entries()
    done = kb(
        "digest", "--since", "2026-03-02", "--until", "2026-03-06", "--roundup", "--out", str(out),
        "--format", "html,json,md", "--json", home=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    week = json.loads(done.stdout)
    assert (week["since"], week["until"], week["counts"]["new"]) == ("2026-03-02", "2026-03-06", 2)
    assert "put together from the pages of 2026-03-02, 2026-03-04" in done.stderr
    assert list(library._store.catalog().ledger.all_entries()) == list(before)
    folder = out / "all-papers" / "2026-03-02-2026-03-06"
    assert {path.suffix for path in folder.iterdir()} == {".html", ".json", ".md"}
    assert folder.name in (out / "index.html").read_text(encoding="utf-8")
    # The days lead to it now.
    day = out / "all-papers" / "2026-03-02" / "digest.json"
    settings = library.pages._settings_at(day, site.read_digest(day), ["html"])["html"]
    assert settings.week == "../2026-03-02-2026-03-06/2026-03-02-2026-03-06.html"
    assert (day.parent / str(settings.week)).resolve().is_file()


def test_a_roundup_of_nothing_and_one_of_a_day_are_refused_with_the_cure(library: Library, tmp_path: Path) -> None:
    library.add(items=[])
    with pytest.raises(KbError, match="make them with kb update or kb digest, or name their folder with --out"):
        library.pages.roundup(None)
    with pytest.raises(UsageError, match="swap --since and --until"):
        library.pages.roundup(None, since=march(3), until=march(2))
    done = kb("digest", "--date", "2026-03-02", "--roundup", home=tmp_path / "home")
    assert (done.returncode, "give --since and --until" in done.stderr) == (2, True)


# -------------------------------------------------------------------------------------- pages that lead on


def test_a_page_that_gets_a_neighbour_keeps_its_pictures_on_a_machine_that_has_no_figures(
    library: Library, tmp_path: Path
) -> None:
    """The picture is in the page alone: the home that cut it is gone."""
    out = tmp_path / "site"
    first = made(2, replace(with_figure(note_of(A)), state="new"))
    with Library.open(Settings.load(home=tmp_path / "other", threads=1)) as other:
        other.add(items=[])
        other._store.home.files.put(PICTURE, suffix=".png")
        other.pages.write_day(first, ["html", "json"], root=out)
    page = out / "views" / "2026-03-02" / "2026-03-02-views.html"
    pictures = re.findall(r'src="(data:image/png[^"]+)"', page.read_text(encoding="utf-8"))
    assert pictures
    stamp = page.stat().st_mtime_ns
    library.pages.write_day(made(4, entry(1)), ["html", "json"], root=out)
    assert page.stat().st_mtime_ns != stamp  # it was written again, for its link
    assert re.findall(r'src="(data:image/png[^"]+)"', page.read_text(encoding="utf-8")) == pictures
    # A picture that is not what its name says is none.
    page.write_text(page.read_text(encoding="utf-8").replace(pictures[0], f"data:image/png;base64,{_other()}"))
    spoilt = page.read_bytes()
    library.pages.write_day(made(4, entry(1)), ["html", "json"], root=out)
    assert page.read_bytes() == spoilt


def _other() -> str:
    import base64

    return base64.b64encode(png("another")).decode()


def test_a_neighbour_is_the_nearest_day_with_papers_of_the_same_topic(tmp_path: Path, library: Library) -> None:
    for digest in (made(2, entry(0)), made(3), made(5, entry(1)), made(4, entry(2), topic="Other")):
        library.pages.write_day(digest, ["html", "json"], root=tmp_path)
    beside = site.neighbours(made(9, entry(3)), tmp_path)
    assert beside.previous is not None
    assert (beside.previous.until, beside.next, beside.week) == (march(5), None, None)
    between = site.neighbours(made(4, entry(3)), tmp_path)
    assert between.previous is not None
    assert between.next is not None
    assert (between.previous.until, between.next.until) == (march(2), march(5))


def test_a_day_without_papers_makes_no_page(library: Library, tmp_path: Path) -> None:
    nothing = made(7, notices=(Reason(kind="saturday", values={"day": "2026-03-07"}),))
    written = library.pages.write(nothing, ["hexo", "html", "md", "bibtex", "mail", "json"], out=tmp_path)
    assert [path.name for path in written] == ["digest.json"]
    library.pages.write_index(tmp_path)
    assert "2026-03-07 is a Saturday" in (tmp_path / "index.html").read_text(encoding="utf-8")


# ------------------------------------------------------------------------------- several in one folder


def test_a_second_digest_in_a_folder_leaves_the_first_its_data(library: Library, tmp_path: Path) -> None:
    one, two, other = made(2, entry(0)), made(3, entry(1)), made(2, entry(2), topic="Other")
    names = [
        next(
            path.name for path in library.pages.write(digest, ["hexo", "json"], out=tmp_path) if path.suffix == ".json"
        )
        for digest in (one, two, other, one, two)
    ]
    assert names == [
        "digest.json",
        "2026-03-03-views.json",
        "2026-03-02-other.json",
        *["digest.json", "2026-03-03-views.json"],
    ]
    for name, digest in zip(names, (one, two, other), strict=False):
        assert wire.from_json((tmp_path / name).read_bytes(), Digest) == digest
    # Each makes its own pages again, and the index has all three.
    page = tmp_path / "2026-03-03-views.md"
    before = page.read_bytes()
    page.unlink()
    library.pages.rewrite(tmp_path / "2026-03-03-views.json", ["hexo", "json"])
    assert page.read_bytes() == before
    assert wire.from_json((tmp_path / "digest.json").read_bytes(), Digest) == one
    index = library.pages.write_index(tmp_path).read_text(encoding="utf-8")
    assert all(f'href="{name}"' in index for name in names)


def test_a_removed_paper_leaves_no_data_under_any_name(library: Library, tmp_path: Path) -> None:
    from importlib import resources

    library.add(str(resources.files("kb") / "demo" / "records.jsonl"))
    digest = library.digest(day=date(2024, 3, 4))
    library.pages.write(replace(digest, entries=digest.entries[:1]), ["json"])
    library.pages.write(replace(digest, topic="Other", entries=digest.entries[1:]), ["json"])
    folder = library._store.home.digests_path / "2024-03-04"
    assert len(list(folder.iterdir())) == 2
    library.remove(digest.entries[1].paper.id)
    assert list(folder.rglob("*.json")) == []
