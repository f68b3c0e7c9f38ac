"""From query to hits: fusion, collapse, filters, ties, bad input; over real indexes and a small encoder of words."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kb.errors import IndexDamaged, UnknownPaper, UsageError
from kb.index.catalog import Catalog
from kb.index.fusion import fuse, merge, refine, smooth
from kb.index.lexical import TantivyIndex
from kb.index.retrieval import Indexes, Retriever
from kb.index.vectors import SentenceFile, VectorFile
from kb.names import answers_to, fold, name_forms
from kb.protocols import Keys, Vectors
from kb.records import Chunk, Filters, Hit, Mode, Paper
from kb.words import tokenize

DIMENSION = 64
SYNONYMS = {"automobile": "car", "vehicle": "car", "picture": "image", "photograph": "image"}


class WordEncoder:
    """Texts that share words, or synonyms, are near: each word has its own fixed direction."""

    fingerprint, dimension, max_tokens = "words", DIMENSION, 10_000

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self.encode_query(text) for text in texts])

    def encode_query(self, text: str) -> Vectors:
        total = np.full(DIMENSION, 1e-3)
        for token in tokenize(text):
            seed = np.frombuffer(SYNONYMS.get(token, token).encode().ljust(8, b"_")[:8], np.uint64)[0]
            total += np.random.default_rng(int(seed)).normal(size=DIMENSION)
        return (total / np.linalg.norm(total)).astype(np.float32)


class MemoryPeople:
    """Authors by paper, in memory."""

    def __init__(self, authors: Mapping[str, Sequence[str]]) -> None:
        self.authors = authors

    def names(self, forms: Collection[str]) -> list[tuple[str, str]]:
        every = {name for names in self.authors.values() for name in names}
        return [(form, name) for name in sorted(every) for form in sorted(name_forms(name)) if form in forms]

    def paper_counts(self, forms: Collection[str]) -> dict[str, int]:
        found = Counter(f for names in self.authors.values() for f in {f for name in names for f in name_forms(name)})
        return {form: found[form] for form in forms if form in found}

    def papers_by(self, asked: str) -> int:
        return sum(any(answers_to(name, asked) for name in names) for names in self.authors.values())


class MemoryCatalog:
    """A catalog in memory: papers with their chunks, keys counted from ``first``; its order is that of the papers.

    It is its own table of passages, and of papers.
    """

    def __init__(
        self, papers: Mapping[str, Sequence[str]], *, first: int = 1, authors: Mapping[str, Sequence[str]] = {}
    ) -> None:
        self.passages = self.papers = self
        self.authors = MemoryPeople(authors)
        self.chunks: dict[int, Chunk] = {}
        self.numbers = {paper: number for number, paper in enumerate(sorted(papers))}
        self.titles = {paper: f"About {paper}" for paper in papers}
        self.turn = 0
        for paper, texts in papers.items():
            for ordinal, text in enumerate(texts):
                self.chunks[first + len(self.chunks)] = Chunk(
                    id=f"{paper}#{ordinal}", paper_id=paper, version=1, kind="text", ordinal=ordinal,
                    section=("Body",), start=0, end=len(text), text=text, tokens=len(text.split()), page=ordinal + 1,
                )  # fmt: skip

    def chunks_by_key(self, keys: Sequence[int]) -> Mapping[int, Chunk]:
        return {int(key): self.chunks[int(key)] for key in keys if int(key) in self.chunks}

    def paper_numbers(self, keys: Keys) -> NDArray[np.int64]:
        found = [self.numbers[self.chunks[int(k)].paper_id] if int(k) in self.chunks else -1 for k in keys]
        return np.array(found, np.int64)

    def many(self, ids: Sequence[str]) -> Mapping[str, Paper]:
        first = {chunk.paper_id: chunk.text for chunk in reversed(self.chunks.values())}
        return {i: Paper(id=i, title=self.titles[i], abstract=first[i]) for i in ids if i in first}

    def passes(self, paper: str, filters: Filters) -> bool:
        authors, title = self.authors.authors.get(paper, ()), fold(self.titles[paper])
        return (
            (not filters.papers or paper in filters.papers)
            and (not filters.authors or any(answers_to(name, one) for name in authors for one in filters.authors))
            and (not filters.titles or any(fold(one) in title for one in filters.titles))
        )

    def keys_within(self, filters: Filters) -> Keys | None:
        if not filters:
            return None
        return np.array(sorted(k for k, c in self.chunks.items() if self.passes(c.paper_id, filters)), np.int64)

    def newest(self, filters: Sequence[Filters]) -> Iterator[int]:
        first = {key: chunk.paper_id for key, chunk in self.chunks.items() if chunk.ordinal == 0}
        return (key for key, paper in first.items() if all(self.passes(paper, each) for each in filters))

    def generation(self) -> int:
        return self.turn


PAPERS = {
    "cars": ["An engine for every car.", "Steering a vehicle in snow: automobile safety on ice.", "Tyres and brakes."],
    "images": ["Image generation with noise.", "A picture of a cat and a photograph of a dog.", "Pixels in a grid."],
    "mixed": ["Image of a car on snow.", "Nothing of interest here.", "Noise and brakes."],
    "cjk": ["扩散模型用于图像生成。", "第二段没有关系。", "汽车安全。"],
}


def stored(folder: Path, passages: MemoryCatalog, *, with_sentences: bool = True) -> Indexes:
    encoder = WordEncoder()
    indexes = Indexes(
        lexical=TantivyIndex(folder / "words"),
        dense=(rows := VectorFile(folder / "rows", DIMENSION)),
        rows=rows,
        sentences=SentenceFile(folder / "sentences", DIMENSION) if with_sentences else None,
    )
    put(indexes, passages, keys=sorted(passages.chunks), encoder=encoder)
    return indexes


def put(indexes: Indexes, passages: MemoryCatalog, *, keys: Sequence[int], encoder: WordEncoder) -> None:
    chunks = [passages.chunks[key] for key in keys]
    rows = [(k, passages.titles[c.paper_id], " › ".join(c.section), c.text) for k, c in zip(keys, chunks, strict=True)]
    indexes.lexical.put(rows)
    indexes.dense.put(keys, encoder.encode_passages([chunk.text for chunk in chunks]))
    if indexes.sentences is not None:
        indexes.sentences.put(keys, [encoder.encode_passages(chunk.text.split(". ")) for chunk in chunks])


def searching(catalog: MemoryCatalog, indexes: Indexes, **given: Any) -> Retriever:
    return Retriever(cast(Catalog, catalog), indexes, encoder=WordEncoder, **given)


@pytest.fixture
def retriever(tmp_path: Path) -> Retriever:
    catalog = MemoryCatalog(PAPERS)
    return searching(catalog, stored(tmp_path, catalog))


def ids(hits: Sequence[Hit]) -> list[str]:
    return [hit.chunk_id for hit in hits]


# ------------------------------------------------------------------------------------------- searching


def test_words_find_words_and_vectors_find_meanings(retriever: Retriever) -> None:
    assert {hit.chunk_id for hit in retriever.search("photograph", k=10, mode="lexical")} == {"images#1"}
    assert retriever.search("automobile", k=4, mode="dense")[0].paper.id in {"cars", "mixed"}
    hybrid = retriever.search("automobile on snow", k=3)
    assert set(ids(hybrid)) == {"cars#1", "mixed#0", "cars#0"}


def test_hits_say_where_they_stand_and_who_found_them(retriever: Retriever) -> None:
    hits = retriever.search("photograph of a dog", k=12)
    assert [hit.rank for hit in hits] == list(range(1, 13))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert (hits[0].chunk_id, hits[0].page, hits[0].section) == ("images#1", 2, ("Body",))
    assert hits[0].found_by == ("lexical", "dense")
    assert {hit.found_by for hit in hits} == {("lexical", "dense"), ("dense",)}
    assert all(hit.found_by == ("lexical",) for hit in retriever.search("noise", k=3, mode="lexical"))
    assert all(hit.found_by == ("dense",) for hit in retriever.search("noise", k=3, mode="dense"))


def test_collapsed_to_papers_the_best_passage_stands_for_its_paper(retriever: Retriever) -> None:
    for mode in ("hybrid", "lexical", "dense"):
        chunks = retriever.search("brakes noise snow", k=12, mode=mode)
        papers = retriever.search("brakes noise snow", k=12, mode=mode, by="paper")
        first: dict[str, str] = {}
        for hit in chunks:
            first.setdefault(hit.paper.id, hit.chunk_id)
        assert {hit.paper.id: hit.chunk_id for hit in papers} == first
        assert [hit.rank for hit in papers] == list(range(1, len(papers) + 1))


def test_collapsing_looks_deeper_until_there_are_k_papers(tmp_path: Path) -> None:
    """One paper with more matching passages than either index is asked for at first."""
    flood = {"flood": [f"photon photon lattice {number}" for number in range(900)]}
    others = {f"other{number}": [f"A photon among many other words of paper {number}."] for number in range(5)}
    catalog = MemoryCatalog({**flood, **others})
    retriever = searching(catalog, stored(tmp_path, catalog, with_sentences=False))
    for mode in ("hybrid", "lexical", "dense"):
        hits = retriever.search("photon lattice", k=6, mode=mode, by="paper")
        assert {hit.paper.id for hit in hits} == {"flood", *others}


@pytest.mark.parametrize("mode", ["hybrid", "dense"])
def test_filters_leave_k_results_when_k_exist(retriever: Retriever, mode: Mode) -> None:
    hits = retriever.search("snow", k=3, mode=mode, filters=Filters(papers=("images",)))
    assert {hit.paper.id for hit in hits} == {"images"}
    assert len(hits) == 3


def test_a_filter_that_leaves_nothing_finds_nothing(retriever: Retriever) -> None:
    for mode in ("hybrid", "lexical", "dense"):
        assert retriever.search("snow", mode=mode, filters=Filters(papers=("nobody",))) == []


@pytest.mark.parametrize("mode", ["hybrid", "lexical", "dense"])
def test_results_do_not_depend_on_the_order_of_adding(tmp_path: Path, mode: Mode) -> None:
    doubled = {**PAPERS, "twin": PAPERS["mixed"], "again": PAPERS["mixed"]}
    orders = [doubled, dict(reversed(doubled.items()))]
    found = []
    for number, papers in enumerate(orders):
        catalog = MemoryCatalog(papers, first=1 + 50 * number)
        catalog.titles = dict.fromkeys(papers, "Same title")
        retriever = searching(catalog, stored(tmp_path / str(number), catalog))
        found.append([(hit.chunk_id, hit.score) for hit in retriever.search("image of a car", k=2, mode=mode)])
    assert found[0] == found[1]
    assert found[0][0][0] == "again#0"


def test_passages_that_the_catalog_no_longer_has_are_never_shown(tmp_path: Path) -> None:
    catalog = MemoryCatalog(PAPERS)
    retriever = searching(catalog, stored(tmp_path, catalog))
    for key in [key for key, chunk in catalog.chunks.items() if chunk.paper_id == "images"]:
        del catalog.chunks[key]
    assert "images" not in {hit.paper.id for hit in retriever.search("picture of a dog", k=12)}


def test_an_open_retriever_follows_the_generation(tmp_path: Path) -> None:
    catalog = MemoryCatalog(PAPERS)
    indexes = stored(tmp_path, catalog)
    reading = Indexes(
        lexical=TantivyIndex(tmp_path / "words"), dense=VectorFile(tmp_path / "rows", DIMENSION), rows=indexes.rows
    )
    retriever = searching(catalog, reading)
    assert retriever.search("quasar", k=1, mode="lexical") == []
    catalog.chunks[99] = replace(catalog.chunks[1], id="new#0", text="quasar", ordinal=9)
    put(indexes, catalog, keys=[99], encoder=WordEncoder())
    catalog.turn += 1
    assert ids(retriever.search("quasar", k=1, mode="lexical")) == ["new#0"]
    assert ids(retriever.search("quasar", k=1)) == ["new#0"]


def test_the_reranker_has_the_last_word(tmp_path: Path) -> None:
    class LongestFirst:
        def score(self, query: str, passages: Sequence[str]) -> Vectors:
            assert all(passage.startswith("About ") for passage in passages)
            return np.array([len(passage) for passage in passages], np.float32)

    catalog = MemoryCatalog(PAPERS)
    indexes = stored(tmp_path, catalog)
    plain = searching(catalog, indexes)
    reranked = searching(catalog, indexes, reranker=LongestFirst)
    assert set(ids(reranked.search("snow", k=12))) == set(ids(plain.search("snow", k=12)))
    assert ids(reranked.search("snow", k=1)) == ["cars#1"]


# ------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("query", ["", "  \n\t", "\0", "\"'()*", "🙂", "— … !"])
@pytest.mark.parametrize("mode", ["hybrid", "lexical", "dense"])
def test_a_query_without_a_word_is_a_clear_line(retriever: Retriever, query: str, mode: Mode) -> None:
    with pytest.raises(UsageError, match="say what to look for"):
        retriever.search(query, mode=mode)


@pytest.mark.parametrize("k", [0, -1, 10**9])
def test_an_impossible_number_of_hits_is_a_clear_line(retriever: Retriever, k: int) -> None:
    with pytest.raises(UsageError, match="give a number"):
        retriever.search("car", k=k)


def test_stop_words_alone_find_by_meaning_or_nothing(retriever: Retriever) -> None:
    assert retriever.search("to be or not to be", mode="lexical") == []
    assert len(retriever.search("to be or not to be", k=5)) == 5


@pytest.mark.parametrize("mode", ["hybrid", "lexical"])
def test_chinese_is_found(retriever: Retriever, mode: Mode) -> None:
    assert retriever.search("扩散模型", mode=mode)[0].chunk_id == "cjk#0"
    assert retriever.search("安全", mode=mode)[0].chunk_id == "cjk#2"


@pytest.mark.parametrize(
    "query", ["car\0 brakes", 'AND "car" OR (brakes', "car AND NOT brakes*", "title:car^2 brakes~"]
)
def test_operators_and_control_characters_are_data(retriever: Retriever, query: str) -> None:
    assert {"cars#0", "cars#2"} <= set(ids(retriever.search(query, k=6)))


def test_ten_thousand_words_find_what_they_are_about(retriever: Retriever) -> None:
    query = "the car brakes. " * 3400
    assert retriever.search(query, k=1, mode="lexical")[0].paper.id in {"cars", "mixed"}
    assert len(retriever.search(query, k=12)) == 12


def test_more_hits_asked_than_there_are_passages(retriever: Retriever) -> None:
    assert len(retriever.search("car", k=5000)) == 12
    assert len(retriever.search("car", k=5000, by="paper")) == 4


# ------------------------------------------------------------------------------------------- more like this


def test_similar_papers_are_others(retriever: Retriever) -> None:
    hits = retriever.similar("mixed", k=10)
    assert "mixed" not in {hit.paper.id for hit in hits}
    assert {hit.paper.id for hit in hits[:2]} == {"cars", "images"}
    assert [hit.paper.id for hit in retriever.similar("mixed", k=9, filters=Filters(papers=("cjk", "mixed")))] == [
        "cjk"
    ]
    assert [hit.rank for hit in hits] == [1, 2, 3]


def test_similar_to_an_unknown_paper_is_a_clear_line(retriever: Retriever) -> None:
    with pytest.raises(UnknownPaper, match="kb list"):
        retriever.similar("arxiv:0000.00000")


# ------------------------------------------------------------------------------------------- fusion


def test_the_union_keeps_what_each_index_said() -> None:
    merged = merge([(5, 3.0), (2, 1.5)], [(9, 0.8), (5, 0.7)])
    assert merged.keys.tolist() == [2, 5, 9]
    assert merged.lexical.tolist() == [1.5, 3.0, 0.0]
    assert merged.cosines.tolist() == [0.0, 0.7, 0.8]
    assert merged.in_lexical.tolist() == [True, True, False]
    assert merged.in_dense.tolist() == [False, True, True]


def test_the_fused_score_is_the_formula() -> None:
    fused = fuse(np.array([2.0, 8.0, 0.0]), np.array([0.5, 0.1, 0.9]))
    assert fused == pytest.approx([0.35 * 0.25 + 0.65 * 0.5, 0.35 + 0.065, 0.585])
    assert fuse(np.zeros(2), np.array([0.3, -0.2])).tolist() == [0.3, -0.2]


# Scores of words are 0 or numbers that can still be divided: half of the smallest there is, is none.
_BM25 = st.just(0.0) | st.floats(1e-6, 50)


@given(st.lists(st.tuples(_BM25, st.floats(-1, 1)), min_size=1), st.floats(0.5, 20))
def test_fusion_does_not_depend_on_the_scale_of_bm25(pairs: list[tuple[float, float]], factor: float) -> None:
    words, cosines = (np.array(column) for column in zip(*pairs, strict=True))
    assert fuse(words * factor, cosines) == pytest.approx(fuse(words, cosines), abs=1e-9)


def test_a_passage_without_sentences_keeps_its_cosine_and_has_no_handicap() -> None:
    refined = refine(np.array([0.4, 0.6, 0.2]), np.array([0.8, np.nan, 0.4], np.float32))
    assert refined == pytest.approx([0.4 + 0.5 * 0.1, 0.6, 0.2 - 0.5 * 0.1])
    assert refine(np.array([0.4]), np.array([np.nan], np.float32)).tolist() == [0.4]


def test_neighbours_lend_a_fifth_of_the_score() -> None:
    vectors = np.eye(5, dtype=np.float32)[[0, 0, 0, 0, 4]]
    smoothed = smooth(np.array([1.0, 0.5, 0.5, 0.5, 0.9]), vectors)
    assert smoothed[0] == pytest.approx(0.8 * 1.0 + 0.2 * 0.5)
    assert smooth(np.array([1.0, 0.2]), vectors[:2]).tolist() == [1.0, 0.2]


# ------------------------------------------------------------------------------------------- what is loaded


@pytest.mark.parametrize(("mode", "absent"), [("lexical", "chromadb"), ("lexical", "numpy.ma"), ("dense", "tantivy")])
def test_a_mode_loads_only_what_it_needs(tmp_path: Path, mode: str, absent: str) -> None:
    """In a fresh interpreter, over the product's own indexes."""
    program = f"""
import sys
import threading
from pathlib import Path
from tests.unit.test_index_retrieval import DIMENSION, MemoryCatalog, PAPERS, WordEncoder
from kb.index.dense import ChromaIndex
from kb.index.lexical import TantivyIndex
from kb.index.retrieval import Indexes, Retriever
from kb.index.vectors import VectorFile
def no_encoder():
    assert {mode!r} != "lexical", "the encoder was loaded"
    return WordEncoder()
folder = Path({str(tmp_path)!r})
rows = VectorFile(folder / "rows", DIMENSION)
indexes = Indexes(lexical=TantivyIndex(folder / "words"), dense=ChromaIndex(folder / "chroma", rows=rows), rows=rows)
retriever = Retriever(MemoryCatalog(PAPERS), indexes, encoder=no_encoder)
retriever.search("car", mode={mode!r})
assert {absent!r} not in sys.modules
"""
    stored(tmp_path, MemoryCatalog(PAPERS), with_sentences=False)
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 0, done.stderr


class CountingIndex:
    """An index of neighbours that counts what it is asked."""

    def __init__(self) -> None:
        self.asked = self.reopened = 0

    def put(self, keys: Sequence[int], vectors: Vectors) -> None:
        raise AssertionError("readers do not write")

    def drop(self, keys: Collection[int]) -> None:
        raise AssertionError("readers do not write")

    def nearest(self, vector: Vectors, *, k: int, within: Keys | None = None) -> list[tuple[int, float]]:
        self.asked += 1
        return []

    def reopen(self) -> None:
        self.reopened += 1


@pytest.mark.parametrize("mode", ["hybrid", "dense"])
def test_the_first_search_by_meaning_scans_the_vectors_and_all_others_are_served_by_the_index(
    tmp_path: Path, mode: Mode
) -> None:
    catalog, behind = MemoryCatalog(PAPERS), CountingIndex()
    indexes = stored(tmp_path, catalog)
    expected = searching(catalog, indexes).search("automobile", mode=mode)
    retriever = searching(catalog, replace(indexes, dense=behind))
    retriever.search("automobile", mode="lexical")
    assert retriever.search("automobile", mode=mode) == expected
    assert behind.asked == 0
    for asked in (1, 2, 3):
        retriever.search("automobile", mode=mode)
        assert behind.asked == asked


def test_an_index_that_has_changed_is_opened_again_by_the_second_search(tmp_path: Path) -> None:
    catalog, behind = MemoryCatalog(PAPERS), CountingIndex()
    retriever = searching(catalog, replace(stored(tmp_path, catalog), dense=behind))
    for _ in range(2):
        retriever.search("automobile")
    catalog.turn += 1
    retriever.search("automobile")
    assert (behind.reopened, behind.asked) == (1, 1)
    retriever.search("automobile")
    assert (behind.reopened, behind.asked) == (1, 2)


# ----------------------------------------------------------------------------------- what people type

WRITTEN = {
    "waves": ["Elastic waves in Chambery.", "Deep water waves, not elastic."],
    "fish": ["Fish and fluid effects.", "Elastic nets for fish. Water."],
    "graphs": ["Adversarial graphs, and Monte Carlo sampling.", "Carlo and Monte."],
    "sampling": ["Monte Carlo sampling of graphs.", "Monte Carlo again."],
    "carlo": ["Nothing of that."],
}
AUTHORS = {
    "waves": ["Jürgen Müller", "Søren Ørsted"],
    "fish": ["Laurens van der Maaten", "Anna Müller"],
    "graphs": ["Jian-Guo Zhang", "Søren Ørsted"],
    "carlo": ["Carlo Monte", "Wei Fish"],
}


@pytest.fixture
def typed(tmp_path: Path) -> Retriever:
    catalog = MemoryCatalog(WRITTEN, authors=AUTHORS)
    return searching(catalog, stored(tmp_path, catalog))


def papers(retriever: Retriever, query: str, mode: Mode = "hybrid", **given: object) -> list[str]:
    return [hit.paper.id for hit in retriever.find(query, mode=mode, by="paper", **given)]  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["hybrid", "lexical", "dense"])
@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("Jürgen Müller", {"waves"}),
        ("muller", {"waves", "fish"}),
        ("Müller, A.", {"fish"}),
        ("papers by Jürgen Müller", {"waves"}),
        ("articles by Mueller", {"waves", "fish"}),
        ("Zhang Jianguo fish", {"graphs"}),
        ("fluid effects van der Maaten", {"fish"}),
        ("ørsted", {"waves", "graphs"}),
        ("Orsted, S. and Jian-Guo Zhang", {"graphs"}),
        ("Ørsted on fish", {"waves", "graphs"}),
        ("what did Søren Ørsted say about fish?", {"waves", "graphs"}),
    ],
)
def test_the_papers_of_an_author_whom_a_query_names_come_first(
    typed: Retriever, mode: Mode, query: str, first: set[str]
) -> None:
    assert set(papers(typed, query, mode)[: len(first)]) == first


def test_papers_of_more_of_the_named_authors_come_before_those_of_one(typed: Retriever) -> None:
    assert papers(typed, "Søren Ørsted Jürgen Müller graphs")[:2] == ["waves", "graphs"]


@pytest.mark.parametrize(
    "query",
    [
        "monte carlo",
        "Monte Carlo sampling",
        "fish",
        "elastic nets",
        "graphs by water",
        "how do Maaten cells swim in water",
    ],
)
def test_what_texts_say_is_no_name(tmp_path: Path, query: str) -> None:
    written = {**WRITTEN, **{f"more{n}": [f"Monte Carlo fish {n}."] for n in range(20)}}
    catalog = MemoryCatalog(written, authors=AUTHORS)
    retriever = searching(catalog, stored(tmp_path, catalog))
    assert [hit.chunk_id for hit in retriever.find(query)] == [hit.chunk_id for hit in retriever.search(query)]


@settings(deadline=None)  # a claim about the order; the first example opens the indexes
@given(query=st.sampled_from(["elastic waves", "C++ -", "a car: deep water?", "title: ", "image-based", "12-15 waves"]))
def test_plain_words_are_ranked_as_ever(query: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    catalog = MemoryCatalog(WRITTEN, authors=AUTHORS)
    retriever = searching(catalog, stored(tmp_path_factory.mktemp("x"), catalog))
    for by in ("chunk", "paper"):
        assert retriever.find(query, by=by) == retriever.search(query, by=by)


@pytest.mark.parametrize("mode", ["hybrid", "lexical", "dense"])
@pytest.mark.parametrize(
    ("query", "right"),
    [
        ("author:Müller elastic", {"waves", "fish"}),
        ("author:Müller", {"waves", "fish"}),
        ("author:Müller author:Ørsted elastic waves", {"waves"}),
        ("elastic fish -author:Müller -author:Zhang -monte -nothing", set()),
        ("title:fish elastic", {"fish"}),
        ('"elastic waves"', {"waves"}),
        ('"ELASTIC nets"', {"fish"}),
        ('"waves elastic"', set()),
        ('"about graphs"', {"graphs"}),
        ("elastic -chambery", {"fish"}),
        ('water elastic -"deep water" -monte -nothing', {"fish"}),
        ('author:Müller "nets for fish"', {"fish"}),
        ("author:Nobody waves", set()),
        ("author:Nobody", set()),
    ],
)
def test_fields_phrases_and_exclusions_hold_in_every_mode(
    typed: Retriever, mode: Mode, query: str, right: set[str]
) -> None:
    found = papers(typed, query, mode)
    assert set(found) == right or (right and "-chambery" in query and "waves" not in found and "fish" in found)


def test_an_excluded_word_excludes_the_passage_among_passages(typed: Retriever) -> None:
    assert set(ids(typed.find("elastic -chambery", mode="lexical"))) == {"waves#1", "fish#1"}


def test_a_phrase_must_stand_in_one_passage(typed: Retriever) -> None:
    assert ids(typed.find('"elastic nets"')) == ["fish#1"]
    assert typed.find('"chambery deep"') == []


def test_filters_and_fields_both_hold(typed: Retriever) -> None:
    assert papers(typed, "author:Müller elastic", filters=Filters(papers=("fish", "graphs"))) == ["fish"]
    assert papers(typed, "Jürgen Müller", filters=Filters(papers=("fish", "graphs")))[:1] != ["waves"]


def test_fields_alone_list_the_newest_papers(typed: Retriever) -> None:
    assert papers(typed, "author:Ørsted") == ["waves", "graphs"]
    assert ids(typed.find("author:Ørsted", k=1)) == ["waves#0"]


def test_ranks_and_scores_of_named_authors_papers_are_in_order(typed: Retriever) -> None:
    for by in ("chunk", "paper"):
        hits = typed.find("Søren Ørsted elastic", by=by)
        assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert len({hit.chunk_id for hit in hits}) == len(hits)
        assert all(hit.found_by for hit in hits)


@pytest.mark.parametrize("query", ["-water", "year:soon waves", "", "- -"])
def test_a_query_that_asks_for_nothing_is_an_error(typed: Retriever, query: str) -> None:
    with pytest.raises(UsageError):
        typed.find(query)


@pytest.mark.parametrize(
    ("query", "suggestion", "matched"),
    [
        ("elastic waves", None, "words"),
        ("elastc waves", "elastic waves", "words"),
        ("Adversaral", "Adversarial", "meaning only"),
        ("samplign", "sampling", "meaning only"),
        ("Jürgen Müler", "Jürgen Müller", "words"),
        ("author:Mülller waves", "author:Müller waves", "words"),
        ("author:Maatan", "author:Maaten", "words"),
        ('"elastc waves" -watr year:2020', '"elastic waves" -water year:2020', "words"),
        ("title:adversarrial", "title:adversarial", "words"),
        ("xyzzyx quuxly", None, "meaning only"),
        ("fsh", None, "meaning only"),
        ("GPT4oo", None, "meaning only"),
        ("扩散", None, "meaning only"),
    ],
)
def test_a_word_that_nothing_has_is_offered_in_a_known_spelling(
    typed: Retriever, query: str, suggestion: str | None, matched: str
) -> None:
    reading = typed.find(query, mode="lexical")
    assert (reading.suggestion, reading.matched) == (suggestion, matched)


@pytest.mark.parametrize("word", ["elastic", "adversarial", "sampling", "Maaten"])
def test_every_single_typing_error_is_corrected(typed: Retriever, word: str) -> None:
    wrong = {word[:i] + word[i + 1 :] for i in range(len(word))}
    wrong |= {word[:i] + "q" + word[i:] for i in range(len(word) + 1)}
    wrong |= {word[:i] + "q" + word[i + 1 :] for i in range(len(word))}
    wrong |= {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)}
    suggested = {typo: typed.find(typo, mode="lexical").suggestion for typo in wrong - {word}}
    for typo, suggestion in suggested.items():
        assert suggestion is None or suggestion.casefold()[:5] == word.casefold()[:5], typo
    assert sum(suggestion is not None for suggestion in suggested.values()) > 0.8 * len(wrong)


def test_a_family_name_that_texts_cite_is_one_and_a_word_that_they_use_is_none(tmp_path: Path) -> None:
    written = {
        "hers": ["Waves in solids."],
        "other": ["Nothing of that."],
        **{f"citing{n}": [f"As Noether et al. (2019) and Gan show, {n}."] for n in range(9)},
        **{f"using{n}": [f"We train a GAN on images, {n}."] for n in range(9)},
    }
    catalog = MemoryCatalog(written, authors={"hers": ["Ada Noether"], "other": ["Wei Gan"]})
    retriever = searching(catalog, stored(tmp_path, catalog))
    assert papers(retriever, "Noether")[0] == papers(retriever, "papers by Noether")[0] == "hers"
    assert "other" not in papers(retriever, "gan")[:9]
    assert papers(retriever, "Wei Gan")[0] == "other"


def test_indexes_are_let_go_of_when_nobody_searches_and_who_comes_later_is_told(retriever: Retriever) -> None:
    closing = threading.Thread(target=retriever.close)
    with retriever._lock:  # as a search holds it
        closing.start()
        closing.join(timeout=0.1)
        assert closing.is_alive()
    closing.join()
    with pytest.raises(IndexDamaged, match="ask again"):
        retriever.search("cars")
