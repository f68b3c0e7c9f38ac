"""What any catalog must do: identity, provenance, versions, filters, chunks that keep their keys."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import wire
from kb.errors import BadIdentifier, HomeTooNew, HomeUnwritable, UnknownPaper, UsageError
from kb.index.catalog import Catalog, passages
from kb.index.catalog.database import Database, row_checksum
from kb.index.catalog.matching import Known, merge
from kb.index.catalog.passages import Source, boxes_of, packed
from kb.index.catalog.salvage import salvage
from kb.index.catalog.schema import MIGRATIONS
from kb.records import (
    Block,
    Box,
    Chunk,
    Document,
    Failure,
    Figure,
    Filters,
    Fulltext,
    Line,
    Link,
    Metadata,
    SourceRecord,
    Topic,
)
from tests.fakes import take_in

ATTENTION = Metadata(
    source="arxiv",
    ids=("arxiv:1706.03762",),
    version=7,
    title="Attention Is All You Need",
    authors=("Ashish Vaswani", "Noam Shazeer"),
    abstract="The dominant sequence transduction models …",
    categories=("cs.CL", "cs.LG"),
    published=datetime(2017, 6, 12, 17, 57, 34, tzinfo=UTC),
    announced=(date(2017, 6, 13),),
    announced_from="feed",
)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite", create=True)
    yield catalog
    catalog.close()


def put(catalog: Catalog, metadata: Metadata) -> tuple[str, str]:
    """Take in a record that says this; the paper's id and what that changed."""
    placed = take_in(catalog, SourceRecord(source=metadata.source, metadata=metadata))
    return catalog.papers.of_records([placed.record])[0], placed.change


def _chunk(number: int, text: str, *, paper_id: str = "arxiv:1706.03762") -> tuple[Chunk, str]:
    chunk = Chunk(
        id=f"c{number}", paper_id=paper_id, version=7, kind="text", ordinal=number, section=("Intro",), start=0,
        end=len(text), text=text, tokens=3, page=1,
    )  # fmt: skip
    return chunk, f"title. {text}"


def test_putting_the_same_metadata_again_changes_nothing(catalog: Catalog) -> None:
    assert put(catalog, ATTENTION) == ("arxiv:1706.03762", "added")
    before = catalog.papers.get("arxiv:1706.03762")
    assert put(catalog, ATTENTION) == ("arxiv:1706.03762", "unchanged")
    assert catalog.papers.get("arxiv:1706.03762") == before


def test_every_field_knows_where_it_comes_from(catalog: Catalog) -> None:
    put(catalog, ATTENTION)
    put(
        catalog,
        Metadata(source="bibtex", ids=("arxiv:1706.03762",), venue="NeurIPS", title="Attention is all you need!"),
    )
    paper = catalog.papers.get("arxiv:1706.03762")
    assert (paper.title, paper.venue) == ("Attention Is All You Need", "NeurIPS")
    assert paper.provenance["title"] == "arxiv"
    assert paper.provenance["venue"] == "bibtex"


def test_what_the_user_decided_survives_a_later_put_and_can_be_taken_back(catalog: Catalog) -> None:
    put(catalog, ATTENTION)
    catalog.papers.set_fields("arxiv:1706.03762", {"title": "Mine"})
    put(
        catalog,
        Metadata(source="arxiv", ids=("arxiv:1706.03762",), version=8, title="New", authors=("A",), abstract="x"),
    )
    assert catalog.papers.get("arxiv:1706.03762").title == "Mine"
    assert catalog.papers.set_fields("arxiv:1706.03762", {"title": None}).title == "New"


@pytest.mark.parametrize("file_first", [True, False])
def test_a_pdf_and_its_arxiv_id_give_one_paper_in_either_order(catalog: Catalog, file_first: bool) -> None:
    pdf = Metadata(source="pdf", ids=("arxiv:1706.03762", "file:00ff00ff00ff00ff"), version=7, title="Attention Is All")
    for metadata in (pdf, ATTENTION) if file_first else (ATTENTION, pdf):
        put(catalog, metadata)
    assert catalog.papers.count() == 1
    assert catalog.papers.resolve("file:00ff00ff00ff00ff") == "arxiv:1706.03762"
    assert catalog.papers.get("arxiv:1706.03762").title == "Attention Is All You Need"


def test_papers_that_turn_out_to_be_one_go_by_the_stronger_id(catalog: Catalog) -> None:
    draft = replace(ATTENTION, source="pdf", ids=("file:aaaa1111aaaa1111",), version=None, authors=None)
    put(catalog, draft)
    catalog.passages.put_chunks("file:aaaa1111aaaa1111", [_chunk(0, "words", paper_id="file:aaaa1111aaaa1111")])
    catalog.papers.tag("file:aaaa1111aaaa1111", add=["unread"])
    put(catalog, ATTENTION)
    assert catalog.papers.count() == 2  # without authors or an id a title alone joins nothing
    assert catalog.papers.merge("arxiv:1706.03762", "file:aaaa1111aaaa1111").papers == ("arxiv:1706.03762",)
    assert catalog.papers.count() == 1
    assert catalog.papers.get("arxiv:1706.03762").tags == ("unread",)
    assert catalog.papers.resolve("file:aaaa1111aaaa1111") == "arxiv:1706.03762"


def test_same_title_and_authors_are_one_paper_unless_their_registry_ids_differ(catalog: Catalog) -> None:
    put(catalog, ATTENTION)
    put(
        catalog,
        Metadata(source="bibtex", ids=("doi:10.1/x",), title="ATTENTION is all you need.", authors=ATTENTION.authors),
    )
    assert catalog.papers.count() == 1
    put(catalog, Metadata(source="arxiv", ids=("arxiv:2001.00001",), title=ATTENTION.title, authors=ATTENTION.authors))
    assert catalog.papers.count() == 3  # nobody can tell which of the two preprints was published


def test_versions_are_kept_and_an_older_one_undoes_nothing(catalog: Catalog) -> None:
    put(catalog, ATTENTION)
    old = Metadata(source="arxiv", ids=("arxiv:1706.03762",), version=1, title="Old title", authors=("Someone",))
    put(catalog, old)
    assert catalog.papers.get("arxiv:1706.03762").title == "Attention Is All You Need"
    assert [version.version for version in catalog.papers.versions("arxiv:1706.03762")] == [1, 7]


def test_announced_days_add_up_and_a_told_day_beats_a_computed_one(catalog: Catalog) -> None:
    guess = Metadata(
        source="arxiv", ids=("arxiv:1706.03762",), title="T", announced=(date(2017, 6, 12),), announced_from="computed"
    )
    put(catalog, guess)
    put(catalog, ATTENTION)
    paper = catalog.papers.get("arxiv:1706.03762")
    assert (paper.announced, paper.announced_from) == ((date(2017, 6, 13),), "feed")


def test_a_computed_day_of_a_newer_version_stands_beside_the_days_that_were_told(catalog: Catalog) -> None:
    """Of the new version nobody was told a day; a day computed for the version that was told is a guess."""
    told = Metadata(
        source="arxiv", ids=("arxiv:2603.00001",), title="T", version=1,
        announced=(date(2026, 3, 2),), announced_from="feed",
    )  # fmt: skip
    put(catalog, told)
    put(catalog, replace(told, announced=(date(2026, 3, 3),), announced_from="computed"))
    assert catalog.papers.get("arxiv:2603.00001").announced == (date(2026, 3, 2),)
    put(catalog, replace(told, version=2, announced=(date(2026, 2, 27),), announced_from="computed"))
    assert catalog.papers.get("arxiv:2603.00001").announced == (date(2026, 3, 2),)  # when it was submitted first
    put(catalog, replace(told, version=2, announced=(date(2026, 3, 5),), announced_from="computed"))
    paper = catalog.papers.get("arxiv:2603.00001")
    assert (paper.announced, paper.announced_from) == ((date(2026, 3, 2), date(2026, 3, 5)), "feed")
    assert catalog.papers.ids(Filters(since=date(2026, 3, 5), until=date(2026, 3, 5))) == ["arxiv:2603.00001"]


def test_filters_select_by_author_category_day_tag_and_alias(catalog: Catalog) -> None:
    put(catalog, ATTENTION)
    put(
        catalog,
        Metadata(source="jsonl", ids=("arxiv:2402.19481",), title="DistriFusion", authors=("Zoë Söhne-Ångström",),
                 categories=("cs.CV",), published=datetime(2024, 2, 29, tzinfo=UTC))
    )  # fmt: skip
    catalog.papers.tag("arxiv:2402.19481", add=["gpu"])
    ids = catalog.papers.ids
    assert ids(Filters(authors=("shazeer",))) == ["arxiv:1706.03762"]
    assert ids(Filters(authors=("sohne angstrom",))) == ["arxiv:2402.19481"]
    assert ids(Filters(authors=("azeer",))) == []
    assert ids(Filters(categories=("cs",))) == ["arxiv:2402.19481", "arxiv:1706.03762"]
    assert ids(Filters(categories=("cs.CL",))) == ["arxiv:1706.03762"]
    assert ids(Filters(since=date(2017, 6, 13), until=date(2017, 6, 13))) == ["arxiv:1706.03762"]
    assert ids(Filters(since=date(2024, 2, 29))) == ["arxiv:2402.19481"]
    assert ids(Filters(tags=("gpu",))) == ["arxiv:2402.19481"]
    assert ids(Filters(categories=("%' OR 1=1 --",))) == []


def test_what_a_filter_leaves_follows_every_change(catalog: Catalog) -> None:
    put(catalog, ATTENTION)
    catalog.passages.put_chunks("arxiv:1706.03762", [_chunk(0, "one")])
    tagged = Filters(tags=("mine",))
    assert list(catalog.keys_within(tagged)) == []
    catalog.papers.tag("arxiv:1706.03762", add=["mine"])
    assert list(catalog.keys_within(tagged)) == list(catalog.passages.keys())
    catalog.passages.put_chunks("arxiv:1706.03762", [_chunk(0, "one"), _chunk(1, "two")])
    assert list(catalog.keys_within(tagged)) == list(catalog.passages.keys())
    catalog.papers.tag("arxiv:1706.03762", drop=["mine"])
    assert list(catalog.keys_within(tagged)) == []


def test_a_paper_passes_once_however_often_it_fits(catalog: Catalog) -> None:
    put(catalog, replace(ATTENTION, authors=("Ann Wang", "Bo Wang"), categories=("cs.CL", "cs.LG")))
    for filters in (Filters(authors=("wang",)), Filters(categories=("cs", "cs.CL")), Filters()):
        assert len(catalog.papers.numbers(filters)) == 1


def test_a_chunk_keeps_its_key_until_its_passage_changes(catalog: Catalog) -> None:
    put(catalog, ATTENTION)
    assert catalog.passages.put_chunks("arxiv:1706.03762", [_chunk(0, "one"), _chunk(1, "two")]) == 2
    first, second = catalog.passages.waiting(limit=9)
    catalog.passages.mark_indexed([first, second])
    assert catalog.passages.put_chunks("arxiv:1706.03762", [_chunk(0, "one"), _chunk(1, "changed")]) == 1
    assert list(catalog.keys_within(Filters(papers=("arxiv:1706.03762",)))) == [
        first,
        *catalog.passages.waiting(limit=9),
    ]
    assert catalog.passages.dropped() == [second]
    assert second not in catalog.passages.waiting(limit=9)


def test_paper_numbers_tell_which_keys_belong_together(catalog: Catalog) -> None:
    put(catalog, ATTENTION)
    catalog.passages.put_chunks("arxiv:1706.03762", [_chunk(0, "one"), _chunk(1, "two")])
    keys = catalog.passages.keys()
    numbers = catalog.passages.paper_numbers(np.append(keys, 999))
    assert numbers[0] == numbers[1] != -1
    assert numbers[2] == -1


def test_removing_leaves_no_text_in_the_file(catalog: Catalog, tmp_path: Path) -> None:
    rare = "zyzzyvaquokka"
    with catalog.transaction():
        put(catalog, Metadata(source="arxiv", ids=("arxiv:1706.03762",), title=rare, abstract=rare * 3))
        catalog.passages.put_chunks("arxiv:1706.03762", [_chunk(0, f"{rare} in a chunk")])
        document = Document(
            text=rare, blocks=(Block(kind="paragraph", text=rare, start=0),), pages=1, parser="p",
            front=ATTENTION, fulltext=Fulltext(state="full"),
        )  # fmt: skip
        source = Source(file="f.pdf", sha256="00", parser="p", fulltext=document.fulltext)
        file = replace(ATTENTION, source="pdf", ids=("arxiv:1706.03762", "file:00"), title=rare)
        placed = take_in(catalog, SourceRecord(source="pdf", key="00", metadata=file))
        catalog.passages.put_document(placed.record, source, packed=packed(document), version=1)
    catalog.scrub()
    assert rare.encode() in (tmp_path / "catalog.sqlite").read_bytes()
    with catalog.transaction():
        catalog.passages.drop_chunks("arxiv:1706.03762")
        catalog.papers.remove("arxiv:1706.03762")
    catalog.scrub()
    for path in tmp_path.iterdir():
        assert rare.encode() not in path.read_bytes()


def test_a_failed_transaction_leaves_everything_as_it_was(catalog: Catalog) -> None:
    def interrupted() -> None:
        with catalog.transaction():
            put(catalog, ATTENTION)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        interrupted()
    assert catalog.papers.count() == 0


def test_a_home_of_a_newer_schema_is_refused_with_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    database = Database(path, create=True)
    database.run(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    database.close()
    with pytest.raises(HomeTooNew, match="upgrade"):
        Catalog(path)


@pytest.mark.parametrize("released", range(len(MIGRATIONS)))
def test_every_released_schema_can_be_brought_up_to_date(tmp_path: Path, released: int) -> None:
    path = tmp_path / "catalog.sqlite"
    with sqlite3.connect(path) as connection:
        connection.create_function("row_checksum", -1, row_checksum, deterministic=True)
        for number, statements in enumerate(MIGRATIONS[:released]):
            for statement in statements:
                if isinstance(statement, str):  # the others fill tables from rows, of which there are none
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
    connection.close()
    catalog = Catalog(path, create=True)
    put(catalog, ATTENTION)
    assert catalog.papers.count() == 1
    catalog.close()


def test_pictures_of_a_home_of_schema_6_keep_their_kind_and_recipe(tmp_path: Path) -> None:
    """There the pictures of equations stood among the figures, a million places further."""
    box = Box(page=1, x0=0, y0=0, x1=9, y1=9)
    one = Figure(label="Figure 1", kind="figure", caption="Birds", page=1, box=box, file=f"{'a' * 64}.png")
    equation = replace(one, label="(3)", kind="equation", file=f"{'b' * 64}.png")
    kept = {"figures": [one, replace(one, label="Figure 2")], "equations": [equation]}
    earlier = Database(tmp_path / "catalog.sqlite", create=True, schema=6)
    for first, kind in ((0, "figures"), (1_000_000, "equations")):
        rows = [kind.encode(), *map(wire.pack, kept[kind])]
        for position, record in enumerate(rows, start=first - 1):
            earlier.run("INSERT INTO figures VALUES ('file', ?, ?)", (position, record))
    earlier.run("INSERT INTO figures VALUES ('other', -1, ?)", (b"",))  # cut by the first edition, and there were none
    earlier.close()
    for _ in range(2):  # brought up to date, and then as it is
        catalog = Catalog(tmp_path / "catalog.sqlite", create=True)
        for kind in kept:
            assert catalog.ledger.figures("file", recipes=[kind], kind=kind) == kept[kind]  # type: ignore[arg-type]
            assert catalog.ledger.figures("file", recipes=["another"], kind=kind) is None  # type: ignore[arg-type]
        assert catalog.ledger.figures("other") == []
        assert catalog.ledger.figures("other", kind="equations") is None
        assert catalog.faults() == []
        catalog.close()


@pytest.mark.parametrize("kind", ["figures", "equations"])
@pytest.mark.parametrize(
    "damaged",
    [rb"(Bees of a h)i(ll, bad)", rb"(recipe of b)a(d)", rb"(?s)(ba)d(_file.{1,4}recipe of bad)"],
    ids=["picture", "recipe", "key"],
)
def test_an_upgrade_vouches_for_no_picture_that_was_damaged_before_it(
    tmp_path: Path, damaged: bytes, kind: str
) -> None:
    """All of such a file are cut again: a recipe with some of its pictures would hide that one is missing."""
    box = Box(page=1, x0=0, y0=0, x1=9, y1=9)
    one = Figure(label="Figure 1", kind="figure", caption="Birds", page=1, box=box, file=f"{'a' * 64}.png")
    path, first = tmp_path / "catalog.sqlite", 1_000_000 if kind == "equations" else 0
    earlier = Database(path, create=True, schema=6)
    for name in ("good_file", "bad_file"):
        recipe = f"recipe of {name.removesuffix('_file')}".encode()
        rows = [recipe, *map(wire.pack, [one, replace(one, caption=f"Bees of a hill, {name}"), one])]
        for position, record in enumerate(rows, start=first - 1):
            earlier.run("INSERT INTO figures VALUES (?, ?, ?)", (name, position, record))
        earlier.run("INSERT INTO figures VALUES (?, ?, ?)", (name, 999_999 - first, b"of the other kind"))
    earlier.close()
    data, changed = re.subn(damaged, rb"\1u\2", path.read_bytes())
    assert changed == 1
    path.write_bytes(data)
    catalog = Catalog(path, create=True)
    other: Any = "figures" if kind == "equations" else "equations"
    assert len(catalog.ledger.figures("good_file", kind=kind) or ()) == 3  # type: ignore[arg-type]
    assert catalog.ledger.figures("bad_file", kind=kind) is None  # type: ignore[arg-type]
    assert catalog.ledger.figures("bau_file", kind=kind) is None  # type: ignore[arg-type]
    assert catalog.ledger.figures("good_file", kind=other) == []
    assert catalog.faults() == []
    catalog.close()


def test_of_the_pictures_of_an_earlier_schema_only_the_whole_ones_are_saved(tmp_path: Path) -> None:
    earlier = Database(tmp_path / "catalog.sqlite", create=True, schema=6)
    for name in ("good", "bad"):
        earlier.run("INSERT INTO figures VALUES (?, -1, ?)", (name, f"recipe of {name}".encode()))
    earlier.close()
    path = tmp_path / "catalog.sqlite"
    path.write_bytes(path.read_bytes().replace(b"recipe of bad", b"recipe of BAD"))
    saved = salvage(path, tmp_path / "saved.sqlite")
    assert (saved.kept["figures"], saved.lost["figures"]) == (1, 1)
    catalog = Catalog(tmp_path / "saved.sqlite")
    assert (catalog.ledger.figures("good"), catalog.ledger.figures("bad")) == ([], None)
    catalog.close()


def test_reading_where_there_is_nothing_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(HomeUnwritable, match="kb add"):
        Catalog(tmp_path / "catalog.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_failures_and_topics_are_remembered(catalog: Catalog) -> None:
    failure = Failure(what="x.pdf", code="pdf-scanned", reason="no text layer")
    catalog.failures.record(failure)
    assert catalog.failures.list() == [failure]
    catalog.failures.forget("x.pdf")
    assert catalog.failures.list() == []
    catalog.ledger.put_topic(Topic(name="Dense Retrieval", query="abs:retrieval"))
    assert catalog.ledger.topic("dense retrieval").query == "abs:retrieval"


def test_the_ledger_keeps_the_first_day_a_version_was_shown(catalog: Catalog) -> None:
    for day in (date(2024, 3, 4), date(2024, 3, 5)):
        catalog.ledger.show("T", "arxiv:1", version=1, day=day, how="new")
    assert [entry["day"] for entry in catalog.ledger.entries("T")] == ["2024-03-04"]


def test_unknown_papers_are_named_with_the_cure(catalog: Catalog) -> None:
    with pytest.raises(UnknownPaper, match=r"kb add 2402\.19481"):
        catalog.papers.resolve("2402.19481")


def test_a_quote_in_mid_line_gets_the_boxes_of_its_own_words() -> None:
    text = "alpha beta gamma"
    line = Line(start=0, end=16, page=2, x0=10, y0=5, x1=100, y1=15, words=((0, 10, 30), (6, 40, 60), (11, 70, 100)))
    block = Block(kind="paragraph", text=text, start=50, page=2, lines=(line,))
    ((box,),) = boxes_of([block], [(56, 60)])
    assert (box.page, box.x0, box.x1) == (2, 40, 60)
    ((box,),) = boxes_of([block], [(50, 66)])
    assert (box.x0, box.x1) == (10, 100)


_sources = st.sampled_from(["user", "arxiv", "jsonl", "bibtex", "pdf", "html", "text"])
_metadata = st.builds(
    Metadata,
    source=_sources,
    ids=st.just(("arxiv:1706.03762",)),
    version=st.none() | st.integers(1, 9),
    title=st.none() | st.text(min_size=1, max_size=8),
    links=st.none() | st.tuples(st.builds(Link, kind=st.just("code"), url=st.sampled_from(["https://a", "https://b"]))),
)


@pytest.mark.slow
@given(st.lists(_metadata, min_size=1, max_size=6, unique_by=lambda m: m.source), st.randoms())
def test_the_merged_record_does_not_depend_on_the_order_of_its_sources(parts: list[Metadata], random: object) -> None:
    said = [Known(str(i), SourceRecord(source=one.source, metadata=one)) for i, one in enumerate(parts)]
    shuffled = list(said)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merge(said, keys=["arxiv:1706.03762"]) == merge(shuffled, keys=["arxiv:1706.03762"])


def test_two_arxiv_ids_never_become_one_paper_whoever_ties_them(catalog: Catalog) -> None:
    for number, doi in ((1, "doi:10.1234/a"), (2, "doi:10.1234/b")):
        said = Metadata(source="arxiv", ids=(f"arxiv:2401.0000{number}", doi), title=f"Widgets of the kind {number}")
        put(catalog, said)
    wrong = Metadata(
        source="bibtex", ids=("arxiv:2401.00001", "doi:10.1234/b"), title="Widgets of the kind 1", venue="Wrong DOI"
    )
    put(catalog, wrong)
    put(catalog, Metadata(source="jsonl", ids=("arxiv:2401.00001", "arxiv:2401.00002"), comment="wrong alias"))
    put(catalog, Metadata(source="jsonl", ids=("arxiv:2401.00003", "arxiv:2401.00004"), title="A Third Widget"))
    assert catalog.papers.count() == 3
    assert catalog.papers.get("arxiv:2401.00001").venue == "Wrong DOI"
    assert catalog.papers.resolve("10.1234/b") == "arxiv:2401.00002"
    assert put(catalog, Metadata(source="arxiv", ids=("arxiv:2401.00004",), title="Fourth"))[1] == "added"
    with pytest.raises(UsageError, match="two papers"):
        catalog.papers.merge("arxiv:2401.00001", "arxiv:2401.00002")


def test_what_the_user_decided_of_either_survives_a_join_and_goes_back_with_a_split(catalog: Catalog) -> None:
    file, paper_id = "file:aaaa1111aaaa1111", "arxiv:2401.00003"
    put(catalog, Metadata(source="pdf", ids=(file,), title="A draft about widgets"))
    put(catalog, Metadata(source="arxiv", ids=(paper_id,), title="Widgets, finished"))
    catalog.papers.set_fields(file, {"venue": "ICML", "comment": "of the file"})
    catalog.papers.set_fields(paper_id, {"comment": "of the id"})
    catalog.papers.set_fields(file, {"private": True})
    catalog.papers.tag(file, add=["draft", "both"])
    catalog.papers.tag(paper_id, add=["both"])
    catalog.papers.opine(file, 1)
    catalog.ledger.show("T", file, version=1, day=date(2024, 3, 4), how="new")
    before = [catalog.papers.get(key) for key in (file, paper_id)]
    catalog.papers.merge(file, paper_id)
    paper = catalog.papers.get(paper_id)
    assert (paper.venue, paper.comment, paper.private) == ("ICML", "of the id", True)
    assert paper.tags == ("both", "draft")
    assert [entry["paper_id"] for entry in catalog.ledger.entries("T")] == [paper_id]
    assert catalog.papers.opinions() == {paper_id: 1}
    assert set(catalog.papers.split(paper_id).papers) == {file, paper_id}
    assert [catalog.papers.get(key) for key in (file, paper_id)] == before
    assert [entry["paper_id"] for entry in catalog.ledger.entries("T")] == [file]
    assert catalog.papers.opinions() == {file: 1}


def test_what_was_made_of_a_joined_paper_stays_with_both_parts_and_is_listed(catalog: Catalog) -> None:
    put(catalog, Metadata(source="pdf", ids=("file:aaaa1111aaaa1111",), title="A draft about widgets"))
    put(catalog, Metadata(source="arxiv", ids=("arxiv:2401.00003",), title="Widgets, finished"))
    catalog.papers.merge("file:aaaa1111aaaa1111", "arxiv:2401.00003")
    catalog.papers.tag("arxiv:2401.00003", add=["read"])
    parted = catalog.papers.split("arxiv:2401.00003")
    assert parted.with_both == ("tag read",)
    assert [catalog.papers.get(key).tags for key in parted.papers] == [("read",)] * 2


def test_a_split_holds_whatever_comes_later(catalog: Catalog) -> None:
    put(catalog, ATTENTION)
    other = replace(ATTENTION, source="bibtex", ids=(), version=None, venue="NIPS")
    put(catalog, other)
    assert catalog.papers.count() == 1
    catalog.papers.split("arxiv:1706.03762")
    assert catalog.papers.count() == 2
    put(catalog, ATTENTION)
    put(catalog, other)
    put(catalog, replace(other, venue="NeurIPS"))  # of the entry without an id, not of the preprint
    assert catalog.papers.count() == 2
    (entry,) = set(catalog.papers.ids(Filters())) - {"arxiv:1706.03762"}
    assert catalog.papers.merge("arxiv:1706.03762", entry).papers == ("arxiv:1706.03762",)
    assert catalog.papers.count() == 1


def test_a_paper_that_gets_a_stronger_id_stays_known_to_the_ledger(catalog: Catalog) -> None:
    put(catalog, replace(ATTENTION, source="pdf", ids=("file:aaaa1111aaaa1111",)))
    catalog.ledger.show("T", "file:aaaa1111aaaa1111", version=1, day=date(2024, 3, 4), how="new")
    put(catalog, ATTENTION)
    assert [entry["paper_id"] for entry in catalog.ledger.entries("T")] == ["arxiv:1706.03762"]
    catalog.ledger.show("T", "arxiv:1706.03762", version=1, day=date(2024, 3, 6), how="new")
    assert [entry["day"] for entry in catalog.ledger.entries("T")] == ["2024-03-04"]


def test_private_as_the_user_decided_survives_a_later_put(catalog: Catalog) -> None:
    put(catalog, ATTENTION)
    catalog.papers.set_fields(ATTENTION.ids[0], {"private": True})
    assert put(catalog, ATTENTION)[1] == "unchanged"
    assert catalog.papers.get(ATTENTION.ids[0]).private
    assert not catalog.papers.set_fields(ATTENTION.ids[0], {"private": False}).private


def test_a_category_is_data_to_the_filter(catalog: Catalog) -> None:
    put(catalog, replace(ATTENTION, categories=("cs.CL", "a'b*")))
    found = {word: len(catalog.papers.ids(Filters(categories=(word,)))) for word in ("*", "c?", "[a-z]s", "c", "cs.")}
    assert set(found.values()) == {0}
    assert [len(catalog.papers.ids(Filters(categories=(word,)))) for word in ("cs", "a'b*")] == [1, 1]


@pytest.mark.parametrize("name", ["doi:10.1/none", "record:zzzz", "record:0000000000000000"])
def test_an_unknown_id_that_cannot_be_fetched_is_not_told_to_be_added(catalog: Catalog, name: str) -> None:
    with pytest.raises(UnknownPaper, match="kb list"):
        catalog.papers.resolve(name)
    with pytest.raises(UnknownPaper, match=r"kb add 2402\.19481"):
        catalog.papers.resolve("2402.19481")


def test_what_a_transaction_saw_before_it_was_rolled_back_is_not_seen_again(catalog: Catalog) -> None:
    put(catalog, ATTENTION)
    here = Filters(categories=("cs.CL",))
    for text in ("rolled back", "another"):
        with contextlib.suppress(InterruptedError), catalog.transaction():
            catalog.passages.put_chunks("arxiv:1706.03762", [_chunk(0, text)])
            within = catalog.keys_within(here)
            assert within is not None
            assert len(catalog.passages.keys()) == len(within) == 1
            raise InterruptedError
        assert len(catalog.passages.keys()) == 0
        with catalog.transaction():
            within = catalog.keys_within(here)
            assert within is not None
            assert len(catalog.passages.keys()) == len(within) == 0


def _put_text(catalog: Catalog, paper: str, text: str, *, sha256: str, title: str) -> None:
    document = Document(
        text=text, blocks=(Block(kind="paragraph", text=text, start=0),), pages=1, parser="p",
        front=ATTENTION, fulltext=Fulltext(state="full"),
    )  # fmt: skip
    said = Metadata(source="pdf", ids=(paper, f"file:{sha256}"), title=title)
    with catalog.transaction():
        placed = take_in(catalog, SourceRecord(source="pdf", key=sha256, metadata=said))
        source = Source(file=f"{sha256}.pdf", sha256=sha256, parser="p", fulltext=document.fulltext)
        catalog.passages.put_document(placed.record, source, packed=packed(document), version=1)


def test_a_text_that_another_thread_pushes_out_while_it_is_read_is_read(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passages, "_CACHED_DOCUMENTS", 1)
    _put_text(catalog, "arxiv:2001.00001", "one", sha256="01", title="One")
    _put_text(catalog, "arxiv:2001.00002", "two", sha256="02", title="Two")
    pushing = threading.Thread(target=catalog.passages.document, args=["arxiv:2001.00002"])

    class Slow(OrderedDict[tuple[int, str], Document]):
        def move_to_end(self, key: tuple[int, str], last: bool = True) -> None:
            if not pushing.ident:
                pushing.start()
                pushing.join(timeout=0.5)
            super().move_to_end(key, last)

    catalog.passages._documents = Slow()
    for _ in range(2):
        document = catalog.passages.document("arxiv:2001.00001")
        assert document is not None
        assert document.text == "one"
    pushing.join()


@pytest.mark.parametrize("after", [1, 2, 3])
@pytest.mark.parametrize("read", ["get", "resolve", "resolve by key", "matching", "document"])
def test_a_paper_that_is_removed_while_it_is_read_is_there_or_unknown(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: str, after: int
) -> None:
    _put_text(catalog, "arxiv:1706.03762", "text", sha256="01", title=ATTENTION.title or "")
    put(catalog, ATTENTION)
    take_in(catalog, SourceRecord(source="bibtex", key="vaswani", metadata=replace(ATTENTION, source="bibtex")))
    reads = {
        "get": lambda: catalog.papers.get("arxiv:1706.03762"),
        "resolve": lambda: catalog.papers.resolve("1706.03762"),
        "resolve by key": lambda: catalog.papers.resolve("vaswani"),
        "matching": lambda: catalog.papers.matching(SourceRecord(source="arxiv", metadata=ATTENTION)),
        "document": lambda: catalog.passages.document("arxiv:1706.03762"),
    }
    rows, done = catalog._db.rows, []

    def removing(statement: str, values: Sequence[Any] = ()) -> list[Any]:
        found = rows(statement, values)
        done.append(statement)
        if len(done) == after:
            other = Catalog(tmp_path / "catalog.sqlite")
            other.papers.remove("arxiv:1706.03762")
            other.close()
        return found

    monkeypatch.setattr(catalog._db, "rows", removing)
    with contextlib.suppress(UnknownPaper, BadIdentifier):  # a citation key that nobody has is no id
        assert reads[read]() is not None or len(done) > after
