"""The catalog as it stands after any records in any order: the same papers, joins and doubts, and nothing lost."""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import wire
from kb.errors import UsageError
from kb.index.catalog import Catalog
from kb.index.catalog.identity import Decisions, cluster, pair
from kb.index.catalog.matching import MOST_SHARING, Known, record_id
from kb.index.catalog.papers import Arrival
from kb.records import NO_FILTERS, Filters, Metadata, SourceRecord
from tests.fakes import take_in

_TITLES = ("Fast Widget Indexing", "Fast Widget Indexing: A Study", "On the Birds of Iceland", "Editorial")
_PEOPLE = (("Ada Quill", "Bela Dee"), ("Quill, A.", "Dee, B."), ("Ono Uno",), None)
_IDS = ("arxiv:2401.00001", "arxiv:2401.00002", "doi:10.1/a", "doi:10.1/b", "doi:10.1145/xxxxxxx.xxxxxxx")


@st.composite
def _records(draw: st.DrawFn) -> SourceRecord:
    source: Any = draw(st.sampled_from(["arxiv", "bibtex", "csl", "ris", "jsonl"]))
    number = draw(st.integers(0, 6))
    said = Metadata(
        source=source,
        ids=draw(st.lists(st.sampled_from(_IDS), max_size=2, unique=True).map(tuple)),
        version=draw(st.none() | st.integers(1, 3)),
        title=draw(st.sampled_from(_TITLES)),
        authors=draw(st.sampled_from(_PEOPLE)),
        venue=draw(st.none() | st.sampled_from(["ICML", "Journal of Widgets"])),
        abstract=draw(st.none() | st.sampled_from(["Widgets are fast.", "Birds are birds."])),
    )
    fields = (("note", str(number)), ("said", wire.to_json(said, indent=None)))
    return SourceRecord(
        source=source, type="kb" if source == "jsonl" else "", key=f"k{number}", fields=fields, metadata=said
    )


@contextlib.contextmanager
def new_catalog() -> Iterator[Catalog]:
    """A catalog of its own, gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder) / "catalog.sqlite", create=True)
        try:
            yield catalog
        finally:
            catalog.close()


def state(catalog: Catalog) -> dict[str, Any]:
    """All that the catalog says of its papers, without when and in which order it came to it."""
    papers = catalog.papers.many(catalog.papers.ids(NO_FILTERS), sources=True)
    whole = {
        key: {**wire.to_data(paper), "sources": sorted(wire.to_json(one, indent=None) for one in paper.sources)}
        for key, paper in papers.items()
    }
    ids = {record_id(one) for paper in papers.values() for one in paper.sources}
    joins = [
        (join.one, join.other, join.level, wire.to_data(join.why)) for join in catalog.records.joins_of(sorted(ids))
    ]
    doubts = sorted((ids, wire.to_json(why, indent=None)) for ids, why in catalog.records.doubts())
    return {"papers": dict(sorted(whole.items())), "joins": joins, "doubts": doubts}


def add(catalog: Catalog, records: list[SourceRecord], *, batch: int) -> None:
    """Take records in, so many at once."""
    for start in range(0, len(records), batch):
        catalog.papers.take_in([Arrival(record=record) for record in records[start : start + batch]])


@pytest.mark.slow
@given(st.lists(_records(), min_size=1, max_size=7), st.integers(0, 10**6), st.integers(1, 4))
def test_any_order_and_any_batches_give_the_same_papers_joins_and_doubts(
    records: list[SourceRecord], seed: int, batch: int
) -> None:
    shuffled = list(records)
    random.Random(seed).shuffle(shuffled)
    with new_catalog() as one, new_catalog() as other:
        add(one, records, batch=len(records))
        add(other, shuffled, batch=batch)
        again = other.papers.take_in([Arrival(record=record) for record in shuffled])
        assert {placed.change for (placed,) in again.placed} == {"unchanged"}
        assert again.touched == ()
        assert state(one) == state(other)
        kept = {record_id(record) for record in records}
        shown = {
            record_id(r) for p in one.papers.many(one.papers.ids(NO_FILTERS), sources=True).values() for r in p.sources
        }
        assert shown == kept


@st.composite
def _arrivals(draw: st.DrawFn) -> Arrival:
    """An entry, an entry with its file, or a file alone."""
    number, title = draw(st.integers(0, 5)), draw(st.sampled_from([*_TITLES, None]))
    ids = draw(st.lists(st.sampled_from(_IDS), max_size=2, unique=True).map(tuple))
    proposed = draw(st.sampled_from([(), ("arxiv:2401.00001",)]))
    said = Metadata(
        source="pdf",
        ids=(*ids, f"file:{number}"),
        title=title,
        authors=draw(st.sampled_from(_PEOPLE)),
        proposed=proposed,
    )
    page = draw(st.sampled_from(["", "on the birds of iceland by ono uno"]))
    file = SourceRecord(source="pdf", key=f"{number}", fields=(("first page", page),), metadata=said)
    record = draw(st.none() | _records())
    return Arrival(record=record, file=draw(st.none() | st.just(file)) if record is not None else file)


@pytest.mark.slow
@given(st.lists(_arrivals(), min_size=1, max_size=8, unique_by=lambda one: one.file and one.file.key), st.data())
def test_the_papers_are_those_of_one_look_at_all_records_whatever_came_first(
    arrivals: list[Arrival], data: st.DataObject
) -> None:
    """A block is only as much of the catalog as a change can reach."""
    with new_catalog() as catalog:
        links = set()
        start = 0
        while start < len(arrivals):
            size = data.draw(st.integers(1, 3))
            placed = catalog.papers.take_in(arrivals[start : start + size]).placed
            links |= {pair(*(one.record for one in both)) for both in placed if len(both) == 2}
            start += size
        records = {record_id(one): one for some in arrivals for one in (some.record, some.file) if one is not None}
        kept = [catalog.records.get(key) for key in records if catalog.records.get(key) is not None]
        known = [Known(one.id, one.record) for one in kept if one is not None and one.superseded is None]
        clusters, doubts = cluster(known, Decisions(attached=frozenset(links)))
        assert partition(catalog) == {frozenset(one.records) for one in clusters}
        papers = catalog.papers.many(catalog.papers.ids(NO_FILTERS)).values()
        assert {frozenset((paper.id, *paper.aliases)) for paper in papers} == {frozenset(one.keys) for one in clusters}
        found = sorted(repr(why) for _, why in catalog.records.doubts())
        assert found == sorted(repr(doubt.why) for doubt in doubts)


def _chained(number: int, *, author: str) -> SourceRecord:
    """One of a chain: it has its DOI with the record before it, its title with the one behind."""
    title = f"Fast Widget Indexing of the kind {number // 2} in winter"
    said = Metadata(source="bibtex", ids=(f"doi:10.1/{(number + 1) // 2}",), title=title, authors=(author,))
    return SourceRecord(source="bibtex", key=str(number), fields=(("number", str(number)),), metadata=said)


def test_a_long_chain_of_records_gives_the_same_papers_in_any_order_and_batches() -> None:
    chain = [_chained(number, author="Ada Quill") for number in range(600)]  # all of it hangs together
    shuffled = list(chain)
    random.Random(1).shuffle(shuffled)
    with new_catalog() as one, new_catalog() as other:
        add(one, chain, batch=600)
        add(other, shuffled, batch=64)
        assert len(one.records.block([record_id(chain[0])]).stored) == len(chain)
        assert state(one) == state(other)


def test_records_that_can_be_no_paper_of_each_other_are_not_followed_along_their_keys() -> None:
    chain = [_chained(number, author=f"{'Ada Bela Carl Dora'.split()[number % 4]} {number}") for number in range(600)]
    with new_catalog() as catalog:
        add(catalog, chain, batch=64)
        assert catalog.papers.count() == len(chain)
        middle = catalog.records.block([record_id(chain[300])])
        assert len(middle.stored) < 12


def test_a_view_that_is_made_again_is_the_same_however_many_records_the_paper_has() -> None:
    def entry(number: int) -> SourceRecord:
        ids = tuple(f"doi:10.1101/{200000 + number // 30 + more}" for more in (0, 1))
        said = Metadata(source="bibtex", ids=ids, title=f"Widgets of {number // 30}", authors=("Ada Quill", "Bela Dee"))
        return SourceRecord(source="bibtex", key=str(number), fields=(("number", str(number)),), metadata=said)

    with new_catalog() as catalog:
        add(catalog, [entry(number) for number in range(440)], batch=50)
        (paper_id,) = catalog.papers.ids(NO_FILTERS)
        before = catalog.papers.get(paper_id)
        assert len(catalog.papers.many([paper_id], sources=True)[paper_id].sources) == 440
        assert catalog.papers.refresh(paper_id) == before


@pytest.mark.slow
@given(st.lists(_records(), min_size=2, max_size=6), st.data())
def test_a_split_after_the_users_join_gives_back_both_byte_for_byte(
    records: list[SourceRecord], data: st.DataObject
) -> None:
    with new_catalog() as catalog:
        add(catalog, records, batch=1)
        ids = sorted(catalog.papers.ids(NO_FILTERS))
        arxiv = [key for key in ids if key.startswith("arxiv:")]
        for key in ids:
            catalog.papers.tag(key, add=[f"of {key}"])
        others = [key for key in ids if key not in arxiv[1:]]
        if len(others) < 2:
            return
        one, other = data.draw(st.permutations(others))[:2]
        before = state(catalog)
        try:
            (merged,) = catalog.papers.merge(one, other).papers
        except UsageError:  # an entry among them names an arXiv id that is not the other's
            return
        assert len(catalog.papers.ids(NO_FILTERS)) <= len(ids) - 1
        assert {f"of {one}", f"of {other}"} <= set(catalog.papers.get(merged).tags)
        if len(catalog.papers.ids(NO_FILTERS)) == len(ids) - 1:  # the join tied no third paper to them
            catalog.papers.split(merged)
            after = state(catalog)
            assert after["papers"] == before["papers"]
            # That the user has parted them is known now; whatever else was a question is one still.
            assert {tuple(ids) for ids, _ in after["doubts"]} <= {tuple(ids) for ids, _ in before["doubts"]}


def test_a_split_of_what_the_evidence_joined_undoes_the_weakest(tmp_path: Path) -> None:
    arxiv = Metadata(source="arxiv", ids=("arxiv:2401.00001", "doi:10.1/a"), title=_TITLES[0], authors=_PEOPLE[0])
    entry = Metadata(source="bibtex", ids=("doi:10.1/a",), title=_TITLES[0], authors=_PEOPLE[0], venue="ICML")
    other = Metadata(source="csl", ids=(), title=_TITLES[0], authors=_PEOPLE[1], venue="Journal of Widgets")
    with new_catalog() as catalog:
        for said in (arxiv, entry, other):
            take_in(catalog, SourceRecord(source=said.source, key=said.source, fields=(("a", "b"),), metadata=said))
        assert catalog.papers.count() == 1
        parted = catalog.papers.split("arxiv:2401.00001")
        assert len(parted.papers) == 2
        said = catalog.papers.many(parted.papers, sources=True)
        assert [one.source for one in said["arxiv:2401.00001"].sources] == ["arxiv", "bibtex"]
        again = catalog.papers.split("arxiv:2401.00001", ["bibtex"])
        assert len(again.papers) == 2
        assert catalog.papers.count() == 3


def test_an_id_that_too_many_share_joins_nothing_whenever_that_is_noticed() -> None:
    def chapter(number: int) -> SourceRecord:
        said = Metadata(source="bibtex", ids=("doi:10.1/book",), title="Widgets of the North", authors=("Ada Quill",))
        return SourceRecord(source="bibtex", key=str(number), fields=(("number", str(number)),), metadata=said)

    few = [chapter(number) for number in range(MOST_SHARING - 1)]
    many = [chapter(number) for number in range(MOST_SHARING + 4)]
    with new_catalog() as one, new_catalog() as other:
        add(one, few, batch=20)
        assert one.papers.count() == 1
        add(one, many, batch=20)
        add(other, list(reversed(many)), batch=7)
        assert one.papers.count() == other.papers.count() == len(many)
        assert state(one)["papers"].keys() == state(other)["papers"].keys()


def test_an_entry_that_was_corrected_in_its_file_counts_as_it_is_now_and_is_kept_as_it_was() -> None:
    def entry(title: str) -> SourceRecord:
        said = Metadata(source="bibtex", ids=(), title=title, authors=("Ada Quill",))
        return SourceRecord(source="bibtex", key="quill", origin="refs.bib", fields=(("title", title),), metadata=said)

    with new_catalog() as catalog:
        first = take_in(catalog, entry("Fast Wigdet Indexing"), run="monday")
        catalog.papers.tag(first.paper, add=["read"])
        second = take_in(catalog, entry("Fast Widget Indexing"), run="tuesday")
        assert catalog.papers.count() == 2 or catalog.papers.get(second.paper).tags == ("read",)
        assert catalog.papers.ids(Filters()) == [second.paper]
        assert catalog.papers.get(second.paper).title == "Fast Widget Indexing"
        assert catalog.papers.resolve(first.paper) == second.paper
        back = take_in(catalog, entry("Fast Wigdet Indexing"), run="wednesday")
        assert catalog.papers.get(back.paper).title == "Fast Wigdet Indexing"
        assert catalog.papers.count() == 1


def test_two_entries_of_one_file_that_bear_one_key_are_two_records() -> None:
    with new_catalog() as catalog:
        for title in ("Fast Widget Indexing", "On the Birds of Iceland"):
            said = Metadata(source="bibtex", ids=(), title=title, authors=("Ada Quill",))
            record = SourceRecord(
                source="bibtex", key="quill", origin="refs.bib", fields=(("title", title),), metadata=said
            )
            take_in(catalog, record, run="monday")
        assert catalog.papers.count() == 2


def test_removing_one_of_two_that_claim_an_id_gives_it_to_the_other() -> None:
    with new_catalog() as catalog:
        for title in ("Fast Widget Indexing", "On the Birds of Iceland"):
            said = Metadata(source="bibtex", ids=("doi:10.1/a",), title=title, authors=(title.split()[-1] + " Uno",))
            take_in(catalog, SourceRecord(source="bibtex", key=title, fields=(("title", title),), metadata=said))
        ids = catalog.papers.ids(NO_FILTERS)
        assert not any(key.startswith("doi:") for key in ids)
        assert len(catalog.records.doubts()) == 1
        catalog.papers.remove(ids[0])
        assert catalog.papers.ids(NO_FILTERS) == ["doi:10.1/a"]
        assert catalog.records.doubts() == []


@st.composite
def _edited(draw: st.DrawFn) -> SourceRecord:
    """A record of a place that other runs may fill otherwise."""
    record = draw(_records())
    place = draw(st.sampled_from(["a/refs.bib", "b/refs.bib"]))
    return replace(record, source="bibtex", type="", key=draw(st.sampled_from(["k0", "k1"])), origin=place,
                   metadata=replace(record.metadata, source="bibtex"))  # fmt: skip


def partition(catalog: Catalog) -> set[frozenset[str]]:
    """Which records are of one paper."""
    papers = catalog.papers.many(catalog.papers.ids(NO_FILTERS), sources=True).values()
    return {frozenset(record_id(record) for record in paper.sources) for paper in papers}


@pytest.mark.slow
@given(st.lists(st.lists(_edited(), min_size=1, max_size=4), min_size=2, max_size=4))
def test_what_was_corrected_leaves_the_papers_that_the_records_of_now_give(runs: list[list[SourceRecord]]) -> None:
    with new_catalog() as edited, new_catalog() as fresh:
        for number, records in enumerate(runs):
            for record in records:
                take_in(edited, record, run=str(number))
        papers = edited.papers.many(edited.papers.ids(NO_FILTERS), sources=True).values()
        live = [record for paper in papers for record in paper.sources]
        for record in live:
            take_in(fresh, record)
        assert partition(edited) == partition(fresh)
        # Nothing is lost: every state is kept, each of a paper.
        given_ids = {record_id(record) for records in runs for record in records}
        kept = {key: edited.records.get(key) for key in given_ids}
        assert all(stored is not None and stored.paper is not None for stored in kept.values())


@pytest.mark.slow
@given(st.lists(_records(), min_size=2, max_size=6), st.data())
def test_what_the_user_made_of_papers_is_never_lost_by_joining_and_parting(
    records: list[SourceRecord], data: st.DataObject
) -> None:
    with new_catalog() as catalog:
        add(catalog, records, batch=1)
        ids = sorted(catalog.papers.ids(NO_FILTERS))
        for place, key in enumerate(ids):
            catalog.papers.tag(key, add=["shared", f"of {place}"])
            catalog.papers.opine(key, 1 if place % 2 else -1)
        catalog.collections.add("All", ids)
        for _ in range(data.draw(st.integers(1, 4))):
            now = sorted(catalog.papers.ids(NO_FILTERS))
            with contextlib.suppress(UsageError):
                if data.draw(st.booleans()) and len(now) > 1:
                    catalog.papers.merge(*data.draw(st.permutations(now))[:2])
                else:
                    catalog.papers.split(data.draw(st.sampled_from(now)))
        now = catalog.papers.ids(NO_FILTERS)
        papers = catalog.papers.many(now)
        assert {tag for paper in papers.values() for tag in paper.tags} == {
            "shared",
            *(f"of {n}" for n in range(len(ids))),
        }
        assert all("shared" in paper.tags and paper.collections == ("All",) for paper in papers.values())
        assert catalog.papers.opinions().keys() == set(now)
        assert sorted(catalog.collections.papers("All")) == sorted(now)
        assert catalog.faults() == []
