"""Searching as users do it: filters of any selectivity, and queries that nobody would think of."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date

import pytest

from kb import Library, Settings
from kb.errors import UsageError
from kb.index.dense import ChromaIndex
from kb.records import Item, Metadata, Mode
from tests.fakes import WordEncoder
from tests.saying import item

SENTENCE_WORDS = 9
CHUNKS = 10_000
# Category to the share of all chunks that it leaves: half, one in a hundred, one in ten thousand.
SHARES = {"cs.AA": 0.5, "cs.BB": 0.01, "cs.CC": 0.0001}


def _sentence(words: random.Random) -> str:
    others = ("".join(words.choices("bdfgk", k=4)) for _ in range(SENTENCE_WORDS - 1))
    return " ".join(["Graph", *others]) + "."


def _items() -> Iterator[Item]:
    """Papers of a hundred one-sentence chunks; each chunk holds the word "graph" and words of its own."""
    words = random.Random(7)
    left = CHUNKS
    for category, share in [*SHARES.items(), ("math.ZZ", 1.0)]:
        wanted = min(left, round(CHUNKS * share))
        left -= wanted
        for number, start in enumerate(range(0, wanted, 100)):
            title = f"Paper {category} {number}"
            abstract = " ".join(_sentence(words) for _ in range(min(100, wanted - start)))
            key = f"doi:10.1/{category.lower()}{number}"
            metadata = Metadata(source="jsonl", ids=(key,), title=title, abstract=abstract, categories=(category,))
            yield item(metadata, what=title)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(Settings(home=tmp_path_factory.mktemp("search") / "home")) as library:
        library._models._encoder = WordEncoder(max_tokens=24)
        report = library.add(items=_items())
        assert not report.failed
        assert library._store.catalog().passages.count() == CHUNKS
        yield library


@pytest.fixture(params=["exact scan", "Chroma"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, library: Library) -> str:
    """Both ways to the nearest neighbours: Chroma, or the scan that comes before it."""
    if request.param == "Chroma":
        library.search("graph", mode="dense")  # the first one scans
    else:
        monkeypatch.setattr(ChromaIndex, "nearest", lambda self, vector, **how: self._rows.nearest(vector, **how))
    return str(request.param)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["lexical", "dense", "hybrid"])
@pytest.mark.parametrize("category", SHARES)
def test_a_filter_leaves_as_many_hits_as_there_are(library: Library, way: str, category: str, mode: Mode) -> None:
    k = 25
    hits = library.search("graph bdfg kkkk", k=k, mode=mode, category=[category])
    assert len(hits) == min(k, round(CHUNKS * SHARES[category]))
    assert {hit.paper.categories for hit in hits} == {(category,)}
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))


@pytest.mark.parametrize("mode", ["lexical", "dense", "hybrid"])
def test_the_best_of_a_filtered_search_is_the_best_of_all_that_pass(library: Library, way: str, mode: Mode) -> None:
    passing = library.search("graph bdfg kkkk", k=CHUNKS, mode=mode)
    expected = [hit.chunk_id for hit in passing if hit.paper.categories == ("cs.BB",)][:3]
    found = library.search("graph bdfg kkkk", k=3, mode=mode, category=["cs.BB"])
    if mode == "hybrid":  # only the best candidates are refined, and a filter makes others the best
        assert set(expected) & {hit.chunk_id for hit in found}
    else:
        assert [hit.chunk_id for hit in found] == expected


def test_more_hits_than_there_are_passages_give_all(library: Library) -> None:
    assert len(library.search("graph", k=CHUNKS, mode="dense", category=["cs.BB"])) == 100
    assert len(library.search("graph", k=CHUNKS, mode="lexical", category=["cs.BB"])) == 100


def test_a_filter_that_nothing_passes_gives_nothing(library: Library) -> None:
    assert library.search("graph", category=["physics.XX"]) == []
    assert library.search("graph", author=["Nobody At All"]) == []


@pytest.mark.parametrize("mode", ["lexical", "dense", "hybrid"])
@pytest.mark.parametrize(
    "query",
    [
        " ".join(f"bdfg{i % 3000}" for i in range(10_000)),
        "图神经网络的注意力机制",
        "gra\0ph bdfg\0",
        '"graph" AND (bdfg OR *) NOT -x +y title:z ^2~3 \\',
        "g" * 100_000,
        "graph \ud800 bdfg",
    ],
    ids=["ten thousand words", "Chinese", "NUL", "operators", "one endless word", "half a surrogate pair"],
)
def test_any_text_is_a_query(library: Library, query: str, mode: Mode) -> None:
    hits = library.search(query, k=5, mode=mode)
    assert len(hits) <= 5
    assert len({hit.chunk_id for hit in hits}) == len(hits)
    if mode == "dense" and '"' not in query:  # something is always nearest, but not everything has a phrase
        assert len(hits) == 5


def test_stop_words_alone_find_nothing_by_words_and_the_nearest_by_meaning(library: Library) -> None:
    assert library.search("the of and to", mode="lexical") == []
    assert len(library.search("the of and to", k=3)) == 3


@pytest.mark.parametrize("query", ["", "   ", "\0", "?!", "\n\t"])
def test_a_query_without_a_word_is_refused_with_its_cure(library: Library, query: str) -> None:
    with pytest.raises(UsageError, match="say what to look for"):
        library.search(query)


@pytest.mark.parametrize("k", [0, -1, 10_001])
def test_an_impossible_number_of_hits_is_refused(library: Library, k: int) -> None:
    with pytest.raises(UsageError, match="from 1 to"):
        library.search("graph", k=k)


def test_a_period_that_ends_before_it_begins_is_wrong_usage(library: Library, way: str) -> None:
    with pytest.raises(UsageError, match="exchange"):
        library.search("graph", since=date(2025, 5, 1), until=date(2024, 1, 1))
