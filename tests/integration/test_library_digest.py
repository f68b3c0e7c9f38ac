"""Digests over a library: which papers, what is new, what was shown, why not; made again; and topics around them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb import Library, Settings
from kb.errors import BadRecord, KbError, UsageError
from kb.records import Claim, Digest, Item, Metadata, Note, Precision, Reason, Topic
from kb.rendering import plain_text
from kb.rendering.reasons import sentence
from tests.fakes import WordEncoder
from tests.saying import item

RECORDS = Path(str(resources.files("kb") / "demo" / "records.jsonl"))
SEED_DAY = date(2024, 3, 4)
TOPIC = Topic(name="Fusion", query="all:fusion", limit=3)


def day(number: int) -> date:
    """2 to 27 March 2026."""
    return date(2026, 3, number)


def record(number: int, *days: int, version: int = 1, **fields: Any) -> Item:
    """A paper about fusion, announced on days of March 2026."""
    stated: dict[str, Any] = {
        "title": f"Fusion of signals, part {number}",
        "authors": ("Ann Lee", f"Bob {number}"),
        "abstract": f"We study fusion in case {number}. Earlier methods fail. Our method wins by {number} points.",
        "categories": ("cs.CV",),
        "published": datetime(2026, 3, min(days), tzinfo=UTC),
    }
    metadata = Metadata(
        source="arxiv",
        ids=(f"arxiv:2603.{number:05d}",),
        version=version,
        announced=tuple(day(d) for d in days),
        announced_from="feed",
        **{**stated, **fields},
    )
    return item(metadata)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(Settings.load(home=tmp_path / "home")) as library:
        library._models._encoder = WordEncoder()
        yield library


def shown(digest: Digest) -> list[str]:
    return [note.paper.id.removeprefix("arxiv:2603.").lstrip("0") for note in digest.entries]


def reasons(digest: Digest) -> dict[str, str]:
    return {one.paper_id.removeprefix("arxiv:2603.").lstrip("0"): sentence(one.reason) for one in digest.skipped}


def counts(digest: Digest) -> dict[str, int]:
    c = digest.counts
    assert c.found == c.new + c.updated + c.already_shown + c.filtered + c.withdrawn + c.failed
    states = Counter(note.state for note in digest.entries)
    assert (c.new, c.updated) == (states["new"], states["updated"])
    left_out = len(digest.skipped) + len(digest.also_matched)
    assert c.already_shown + c.filtered + c.withdrawn + c.failed == left_out + states["withdrawn"]
    names = ("new", "updated", "already_shown", "filtered", "withdrawn", "failed")
    return {name: getattr(c, name) for name in names if getattr(c, name)}


def claims(note: Note) -> list[Claim]:
    conclusion = note.conclusion
    found = [*note.takeaways, *note.background, *note.past_methods, *note.method, *note.results]
    found += [*conclusion.significance, *conclusion.innovation, *conclusion.performance, *conclusion.workload]
    return [*([note.summary] if note.summary else []), *found]


# ------------------------------------------------------------------------------------------- the page


def test_the_five_seed_papers_have_their_records_fields_and_verbatim_sentences(tmp_path: Path) -> None:
    with Library.open(Settings.load(home=tmp_path / "home")) as library:
        library.add(str(RECORDS))
        digest = library.digest(day=SEED_DAY)
        assert library.digest() == digest  # the newest day is the default
    assert counts(digest) == {"new": 5}
    assert sum(bool(note.takeaways) for note in digest.entries) >= 4  # a short abstract may have told all it has
    given = {f"arxiv:{one['id']}": one for one in map(json.loads, RECORDS.read_text(encoding="utf-8").splitlines())}
    for note in digest.entries:
        one = given[note.paper.id]
        assert list(note.paper.authors) == one["authors"]
        assert (note.paper.title, note.paper.version, note.paper.comment) == (
            one["title"],
            one["version"],
            one["comment"],
        )
        assert len(note.takeaways) <= 8
        assert note.summary is not None
        for claim in claims(note):
            assert claim.verdict == "verbatim"
            assert claim.evidence[0].quote in note.paper.abstract


def test_a_day_made_again_has_its_papers_and_the_next_day_says_what_changed(library: Library) -> None:
    library.topics.add(TOPIC)
    library.add(items=[record(1, 2), record(2, 2)])
    first = library.digest("fusion", day=day(2))
    assert (sorted(shown(first)), counts(first)) == (["1", "2"], {"new": 2})
    assert library.digest("fusion", day=day(2)) == first

    abstract = "We study fusion in case 1. Earlier methods fail. Our method wins by 3 points."
    library.add(items=[record(1, 3, version=2, abstract=abstract), record(3, 3)])
    second = library.digest("fusion", day=day(3))
    assert counts(second) == {"new": 1, "updated": 1}
    changed = next(note for note in second.entries if note.paper.id.endswith("1"))
    assert [sentence(change) for change in changed.changes] == [
        "abstract, removed: Our method wins by 1 points.",
        "abstract, added: Our method wins by 3 points.",
    ]
    assert library.digest("fusion", day=day(3)) == second
    again = library.digest("fusion", day=day(2))
    assert (sorted(shown(again)), counts(again)) == (["1", "2"], {"new": 2})
    assert all(not note.changes for note in again.entries)


def test_nothing_is_new_twice_also_across_periods(library: Library) -> None:
    library.topics.add(TOPIC)
    library.add(items=[record(1, 2, 4), record(2, 4)])
    assert counts(library.digest("Fusion", day=day(2))) == {"new": 1}
    later = library.digest("Fusion", day=day(4))
    assert (shown(later), reasons(later)) == (["2"], {"1": "shown on 2026-03-02"})
    assert sorted(shown(library.digest("Fusion", since=day(2), until=day(4)))) == ["1", "2"]


def test_a_week_has_the_papers_of_its_days(library: Library) -> None:
    library.topics.add(replace(TOPIC, limit=2))
    library.add(items=[record(n, 2 + n % 3) for n in range(1, 13)])
    week = library.digest("Fusion", since=day(2), until=day(4))
    assert counts(week) == {"new": 6, "filtered": 6}
    days = [set(shown(library.digest("Fusion", day=day(d)))) for d in (2, 3, 4)]
    assert set.union(*days) == set(shown(week))
    assert [len(some) for some in days] == [2, 2, 2]


def test_topics_and_all_papers_have_memories_of_their_own(library: Library) -> None:
    library.topics.add(TOPIC)
    library.topics.add(Topic(name="Signals", query="ti:signals"))
    library.add(items=[record(1, 2)])
    for name in ("Fusion", "Signals", None):
        assert counts(library.digest(name, day=day(2))) == {"new": 1}


def test_what_there_is_no_room_for_is_filtered_with_the_reason(library: Library) -> None:
    library.topics.add(replace(TOPIC, must_not=("case 9",)))
    library.add(items=[record(n, 2) for n in (1, 2, 3, 4, 9)])
    digest = library.digest("Fusion", day=day(2))
    assert counts(digest) == {"new": 3, "filtered": 2}
    assert reasons(digest) == {"9": "“case 9” must not occur and does"}
    (cut,) = digest.also_matched
    assert cut.paper_id not in {note.paper.id for note in digest.entries}
    number = int(cut.paper_id[-1])
    assert (cut.title, cut.url) == (f"Fusion of signals, part {number}", f"https://arxiv.org/abs/2603.0000{number}")
    library.topics.add(replace(TOPIC, limit=9))
    assert counts(library.digest("Fusion", day=day(2))) == {"new": 5}


def test_an_update_of_a_shown_paper_has_room_and_one_of_another_has_not(library: Library) -> None:
    library.topics.add(replace(TOPIC, limit=1))
    library.add(items=[record(1, 2), record(2, 2)])
    (first,) = shown(library.digest("Fusion", day=day(2)))
    library.add(items=[record(1, 3, version=2), record(2, 3, version=2), record(3, 3)])
    digest = library.digest("Fusion", day=day(3))
    assert (sorted(shown(digest)), counts(digest)) == (sorted([first, "3"]), {"new": 1, "updated": 1, "filtered": 1})
    assert "version 2 of a paper that this topic has not shown" in reasons(digest).values()
    assert library.digest("Fusion", day=day(3)) == digest


def test_a_withdrawn_paper_is_marked_where_it_was_shown_and_skipped_elsewhere(library: Library) -> None:
    library.topics.add(TOPIC)
    library.add(items=[record(1, 2)])
    library.digest("Fusion", day=day(2))
    gone = {"abstract": "This paper has been withdrawn.", "withdrawn": True, "title": "Withdrawn"}
    library.add(items=[record(1, 3, version=2, **gone), record(2, 3, withdrawn=True)])
    digest = library.digest("Fusion", day=day(3))
    assert counts(digest) == {"withdrawn": 2}
    assert (shown(digest), list(reasons(digest))) == (["1"], ["2"])
    assert digest.entries[0].state == "withdrawn"
    assert digest.entries[0].changes[0].kind == "withdrawn"
    (old,) = library.digest("Fusion", day=day(2)).entries
    assert old.paper.withdrawn


def test_a_paper_that_gets_a_stronger_id_is_still_known(library: Library) -> None:
    library.topics.add(TOPIC)
    said = record(1, 2).metadata
    assert said is not None
    library.add(items=[item(replace(said, ids=("doi:10.1234/x",), source="jsonl"))])
    library.digest("Fusion", day=day(2))
    library.add(items=[item(replace(said, announced=(day(3),)))])
    assert library.papers.get("10.1234/x").id == "arxiv:2603.00001"
    assert counts(library.digest("Fusion", day=day(3))) == {"already_shown": 1}


def test_what_was_shown_stays_on_its_day_when_the_topic_changes(library: Library) -> None:
    library.topics.add(TOPIC)
    library.add(items=[record(1, 2)])
    library.digest("Fusion", day=day(2))
    library.topics.add(replace(TOPIC, name="FUSION", query="ti:nothing"))
    again = library.digest("Fusion", day=day(2))
    assert (again.topic, shown(again)) == ("Fusion", ["1"])
    assert [reason.kind for reason in again.entries[0].why] == ["shown-by-topic"]


@pytest.mark.parametrize(
    ("precision", "since", "until", "found"),
    [
        ("year", "2020-01-01", "2020-01-01", 0),
        ("year", "2019-12-30", "2020-01-03", 0),
        ("year", "2020-01-01", "2020-12-31", 1),
        ("month", "2020-01-01", "2020-01-30", 0),
        ("month", "2020-01-01", "2020-01-31", 1),
        ("day", "2020-01-01", "2020-01-01", 1),
    ],
)
def test_a_paper_of_a_year_is_in_no_digest_of_a_part_of_it(
    library: Library, precision: Precision, since: str, until: str, found: int
) -> None:
    published = datetime(2020, 1, 1, tzinfo=UTC)
    said = Metadata(source="bibtex", ids=("doi:10.1234/a",), title="Fusion", published=published, precision=precision)
    library.add(items=[item(said)])
    digest = library.digest(since=date.fromisoformat(since), until=date.fromisoformat(until))
    assert digest.counts.found == found
    assert library.papers.days(limit=9) == ([(date(2020, 1, 1), 1)] if precision == "day" else [])
    part = library.list(since=date.fromisoformat("2020-01-20"), until=date.fromisoformat("2021-06-01"))
    assert len(part) == (precision != "day")  # what may be of it


def test_an_empty_day_explains_itself(library: Library) -> None:
    library.topics.add(TOPIC)
    library.add(items=[record(1, 2)])
    assert library.digest("Fusion", day=day(2)).notices == ()
    saturday, tuesday, twice = (library.digest("Fusion", day=d) for d in (day(7), day(10), day(2)))
    assert "Saturday" in sentence(saturday.notices[0])
    assert "kb update" in sentence(tuesday.notices[0])
    assert twice.notices == ()
    library.add(items=[record(1, 3)])
    assert "1 found, each left out" in sentence(library.digest("Fusion", day=day(3)).notices[0])


def test_periods_that_cannot_be_are_refused(library: Library) -> None:
    library.add(items=[])
    with pytest.raises(KbError, match="no stored paper has a day"):
        library.digest()
    with pytest.raises(UsageError, match="not both"):
        library.digest(day=day(2), since=day(2))
    with pytest.raises(UsageError, match="ends before it begins"):
        library.digest(since=day(3), until=day(2))
    with pytest.raises(KbError, match="no topic 'x'"):
        library.digest("x", day=day(2))
    with pytest.raises(UsageError, match="public"):
        library.digest(day=day(2), audience="me")


def test_a_page_speaks_the_language_of_its_topic(library: Library) -> None:
    library.topics.add(replace(TOPIC, language="zh"))
    library.add(items=[record(1, 2)])
    assert library.digest("Fusion", day=day(2)).language == "zh"
    assert library.digest("Fusion", day=day(2), language="en").entries[0].language == "en"
    assert library.digest(day=day(2)).language == "en"


EVENTS = st.lists(
    st.tuples(st.integers(2, 5), st.integers(1, 4), st.sampled_from(["announce", "announce", "replace", "withdraw"])),
    min_size=1,
    max_size=12,
)


@pytest.mark.slow
@given(events=EVENTS, making=st.lists(st.integers(2, 5), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counts_add_up_and_no_version_is_shown_on_two_days(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[int, int, str]], making: list[int]
) -> None:
    """Whatever is announced, replaced and withdrawn, and in whatever order the days are made."""
    with Library.open(Settings.load(home=tmp_path_factory.mktemp("any") / "home")) as library:
        library._models._encoder = WordEncoder()
        library.topics.add(replace(TOPIC, limit=2))
        versions: dict[int, int] = {}
        for when, number, what in sorted(events):
            versions[number] = versions.get(number, 0) + (what != "announce" or number not in versions)
            library.add(items=[record(number, when, version=versions[number], withdrawn=what == "withdraw" or None)])
        places: dict[str, set[int]] = {}
        for when in making:
            digest = library.digest("Fusion", day=day(when))
            counts(digest)
            for number in shown(digest):
                places.setdefault(number, set()).add(when)
            assert library.digest("Fusion", day=day(when)) == digest
        assert all(len(days) == 1 for days in places.values())


@pytest.mark.slow
def test_a_removed_paper_is_on_no_page_in_the_home(tmp_path: Path) -> None:
    with Library.open(Settings.load(home=tmp_path / "home", threads=1)) as library:
        library.add([str(RECORDS), str(RECORDS.with_name("2020.acl-main.447.pdf"))])
        (s2orc,) = [paper for paper in library.list() if paper.fulltext.state == "full"]
        library.set(s2orc.id, announced="2024-03-05")
        forms = ("hexo", "html", "md", "rss", "bibtex", "json")
        for when in (SEED_DAY, date(2024, 3, 5)):
            written = library.pages.write(library.digest(day=when), forms, out=None)
        assert all(path.is_file() for path in written)
        assert list(library._store.home.digests_path.rglob("*.png"))
        library.remove(s2orc.id)
        left = [path for path in library._store.home.digests_path.rglob("*") if path.is_file()]
        assert not any(b"S2ORC" in path.read_bytes() or path.suffix == ".png" for path in left)
        assert {path.parent.name for path in left} == {str(SEED_DAY), "made"}


# -------------------------------------------------------------------------------------------- topics


def test_a_preview_says_of_each_candidate_why(library: Library) -> None:
    library.add(items=[record(1, 2), record(2, 2, title="Robots", abstract="They walk."), record(3, 3)])
    library.like("2603.00003")
    topic = library.topics.plan("Fusion", query="all:fusion")
    found = {one.paper_id: one for one in library.topics.preview(topic).candidates}
    assert [one.inside for one in found.values()] == [True, True, False]
    assert next(iter(found)) == "arxiv:2603.00003"  # what is liked comes first
    likened = [sentence(reason) for reason in found["arxiv:2603.00001"].reasons]
    assert "like “Fusion of signals, part 3” that you liked" in likened
    assert [sentence(reason) for reason in found["arxiv:2603.00002"].reasons] == [
        "the query does not hold (not found: all:fusion)"
    ]
    assert {one.paper_id for one in library.topics.preview(topic, since=day(3)).candidates} == {"arxiv:2603.00003"}
    assert library.topics.list() == []  # looking keeps nothing


def test_what_is_in_a_collection_orders_a_day_and_is_named_as_the_reason(library: Library) -> None:
    library.add(items=[record(1, 2), record(2, 2, title="Fusion of stars", abstract="Stars burn.")])
    library.add(items=[record(9, 1, title="Stars", abstract="How stars burn and shine.")])
    library.collections.add("Astronomy", ["2603.00009"])
    first, *_ = library.topics.preview(library.topics.plan("Fusion", query="all:fusion"), since=day(2)).candidates
    assert first.paper_id == "arxiv:2603.00002"
    assert "like “Stars” in a collection of yours" in [sentence(reason) for reason in first.reasons]


def test_a_preview_of_nothing_says_why_and_what_to_do(library: Library) -> None:
    library.topics.add(TOPIC)
    empty = library.topics.preview(TOPIC)
    assert (empty.candidates, empty.why_nothing) == ((), Reason(kind="library-empty", values={}))
    assert "kb update brings the newest" in plain_text.topic_preview(empty)
    library.add(items=[record(1, 2), record(2, 2, title="Robots", abstract="They walk.")])
    elsewhere = library.topics.preview(TOPIC, since=day(20))
    assert elsewhere.why_nothing == Reason(kind="none-in-period", values={"papers": "2"})
    assert library.topics.preview(TOPIC).why_nothing is None
    outside = library.topics.preview(replace(TOPIC, query="ti:nothing"))  # each candidate has its own reason
    assert (outside.counts.outside, outside.why_nothing) == (2, None)


def test_opinions_tags_and_examples_change_what_goes_in(library: Library) -> None:
    near = {"title": "Fusion of radar", "abstract": "Radar echoes are fused for fusion of radar tracks at sea."}
    far = {"title": "Fusion of music", "abstract": "Songs are mixed by fusion of rhythm and melody."}
    library.add(items=[record(1, 2, **near), record(2, 2, **far), record(9, 1, title="Radar echoes at sea")])
    topic = replace(TOPIC, limit=1)
    for number, change in enumerate(
        [
            lambda: library.like("2603.00009"),
            lambda: library.tag("2603.00009", add=["radar"]),
            lambda: library.topics.add(replace(topic, name="2", examples=("2603.00009",))),
        ]
    ):
        change()
        name = str(number)
        if number < 2:
            library.topics.add(replace(topic, name=name))
        assert shown(library.digest(name, day=day(2))) == ["1"], name
        library.like("2603.00009", 0)
        library.tag("2603.00009", drop=["radar"])
    library.like("2603.00009", -1, topic="sea")
    library.topics.add(replace(topic, name="sea"))
    assert shown(library.digest("sea", day=day(2))) == ["2"]


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        (Topic(name=" "), "is no name"),
        (Topic(name="a\x00b", query="x"), "is no name"),
        (Topic(name="x" * 200, query="x"), "is no name"),
        (Topic(name="x"), "asks for nothing"),
        (Topic(name="x", must_not=("y",)), "asks for nothing"),
        (Topic(name="x", query="ti:(a"), "cannot be read"),
        (Topic(name="x", query="a", must=("--",)), "no letter or digit"),
        (Topic(name="x", categories=("cs CV",)), "not an arXiv category"),
        (Topic(name="x", examples=("what?",)), "example 'what\\?'"),
        (Topic(name="x", query="a", limit=0), "shows nothing"),
    ],
)
def test_a_topic_that_cannot_work_is_refused(library: Library, topic: Topic, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        library.topics.add(topic)
    assert library.topics.list() == []


def test_a_topic_is_kept_shown_and_forgotten(library: Library) -> None:
    kept = library.topics.add(Topic(name="  C++ /  Rust ", query="ti:rust   OR ti:c", examples=("2402.19481v2",)))
    assert (kept.name, kept.query, kept.examples) == ("C++ / Rust", "ti:rust OR ti:c", ("arxiv:2402.19481",))
    assert library.topics.get("c++ / rust") == kept
    assert library.topics.remove("c++ / RUST") == "C++ / Rust"
    with pytest.raises(KbError, match="there are: none yet"):
        library.topics.get("c++ / rust")


# -------------------------------------------------------------------------------------------- ledger


def test_a_ledger_travels_whole_and_in_the_same_bytes(library: Library, tmp_path: Path) -> None:
    library.topics.add(replace(TOPIC, limit=1))
    library.add(items=[record(1, 2), record(2, 2), record(3, 3, withdrawn=True)])
    library.digest("Fusion", day=day(2))
    library.digest("Fusion", day=day(3))
    out = tmp_path / "ledger.json"
    assert library.topics.export_ledger(out) == 3
    with Library.open(Settings.load(home=tmp_path / "other")) as other:
        other._models._encoder = WordEncoder()
        assert other.topics.import_ledger(out) == 3
        assert other.topics.import_ledger(out) == 3
        other.topics.export_ledger(tmp_path / "again.json")
        assert (tmp_path / "again.json").read_bytes() == out.read_bytes()
        other.add(items=[record(1, 4), record(2, 4)])
        digest = other.digest("Fusion", day=day(4))
        assert counts(digest) == {"new": 1, "already_shown": 1}


def test_of_two_ledgers_the_earlier_day_and_what_was_shown_stay(library: Library, tmp_path: Path) -> None:
    library.topics.add(TOPIC)
    with library._store.writing("test"):
        library._store.catalog().ledger.show("Fusion", "arxiv:1", version=1, day=day(5), how="new")
        library._store.catalog().ledger.show(
            "Fusion", "arxiv:2", version=1, day=day(5), how="skipped", reason="no room"
        )
    library.topics.export_ledger(tmp_path / "a.json")
    with Library.open(Settings.load(home=tmp_path / "other")) as other:
        ledger = other._store.catalog(create=True).ledger
        ledger.show("Fusion", "arxiv:1", version=1, day=day(9), how="new")
        ledger.show("Fusion", "arxiv:2", version=1, day=day(9), how="new")
        other.topics.import_ledger(tmp_path / "a.json")
        rows = {row["paper_id"]: (row["day"], row["how"]) for row in ledger.entries("Fusion")}
    assert rows == {"arxiv:1": ("2026-03-05", "new"), "arxiv:2": ("2026-03-09", "new")}


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "other"}', '{"schema": "kb.ledger-file/1", "entries": [{}]}'])
def test_what_is_no_ledger_is_refused_and_changes_nothing(library: Library, tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadRecord, match="again"):
        library.topics.import_ledger(tmp_path / "x.json")
    assert not library._store.home.exists or library._store.catalog().ledger.all_entries() == []


@pytest.mark.parametrize("name", ["", "..\u0000", "a\nb\u001b[2J", "x" * 101])
def test_a_ledger_holds_only_topics_that_could_have_been_made_here(library: Library, tmp_path: Path, name: str) -> None:
    entry = {"topic": name, "paper_id": "arxiv:1", "version": 1, "day": "2026-03-04", "how": "new"}
    entries = [entry] if name else []  # without a name the ledger keeps what digests of all papers have shown
    for held in ({"topics": [{"name": name, "must": ["x"]}]}, {"entries": entries}):
        text = json.dumps({"schema": "kb.ledger-file/1", **held})
        (tmp_path / "x.json").write_text(text, encoding="utf-8")
        if any(held.values()):
            with pytest.raises(BadRecord, match="is no name for a topic"):
                library.topics.import_ledger(tmp_path / "x.json")
    assert library.topics.list() == []


def test_entries_are_exported_in_a_stable_order(library: Library, tmp_path: Path) -> None:
    ledger = library._store.catalog(create=True).ledger
    for topic, number, when in (("b", 2, 3), ("a", 9, 3), ("a", 1, 4), ("b", 1, 2)):
        ledger.show(topic, f"arxiv:{number}", version=1, day=day(when), how="new")
    library.topics.export_ledger(tmp_path / "l.json")
    rows = json.loads((tmp_path / "l.json").read_text(encoding="utf-8"))["entries"]
    keys = [(row["topic"], row["day"], row["paper_id"]) for row in rows]
    assert all(a < b for a, b in pairwise(keys))


def test_a_model_that_cannot_be_had_is_one_error_and_makes_no_page(tmp_path: Path) -> None:
    with Library.open(Settings.load(home=tmp_path / "home", model="nosuch:model")) as library:
        library._models._encoder = WordEncoder()
        library.add(items=[record(1, 3), record(2, 3)])
        with pytest.raises(KbError, match="no provider 'nosuch'"):
            library.digest(day=day(3))
