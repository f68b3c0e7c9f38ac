"""What the word index must do: BM25, filters that cost no recall, nothing left on disk of what was dropped."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from kb.errors import HomeBusy, IndexDamaged
from kb.index.lexical import MOST_QUERY_TERMS, TantivyIndex

PAPERS = [
    (1, "Interleukin-6 in acute inflammation", "", "IL-6 levels rise within hours. TGF-β1 does not."),
    (2, "Diffusion models beat GANs", "Introduction", "We train diffusion models on images with classifier guidance."),
    (3, "A naïve baseline for GPT-4", "Results › Ablation", "Prompting alone reaches 71.3 % with few examples."),
    (4, "扩散模型综述", "", "本文综述了扩散模型在图像生成中的应用。"),
    (5, "Graphs", "", "Models of graphs, models of images, and models of models: a diffusion of models."),
]


@pytest.fixture
def index(tmp_path: Path) -> TantivyIndex:
    stored = TantivyIndex(tmp_path / "words")
    stored.put(PAPERS)
    return stored


def keys(found: list[tuple[int, float]]) -> list[int]:
    return [key for key, _ in found]


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("il6", 1),
        ("IL 6", 1),
        ("TGF-beta", 1),
        ("tgfβ1", 1),
        ("gpt4 naive", 3),
        ("GPT-4", 3),
        ("ablations", 3),
        ("扩散模型", 4),
        ("图像", 4),
        ("guided classifiers", 2),
    ],
)
def test_scientific_words_are_found(index: TantivyIndex, query: str, best: int) -> None:
    assert keys(index.matching(query, k=5))[0] == best


def test_scores_are_those_of_bm25(tmp_path: Path) -> None:
    """By the formula, k1 1.2 and b 0.75, on lengths that the engine stores exactly."""
    index = TantivyIndex(tmp_path / "words")
    texts = ["alpha bravo", "alpha alpha charlie delta", "echo foxtrot golf", "bravo"]
    index.put([(key, "", "", text) for key, text in enumerate(texts)])
    lengths = [len(text.split()) for text in texts]
    mean = sum(lengths) / len(lengths)

    def bm25(term: str, key: int) -> float:
        count = texts[key].split().count(term)
        frequency = sum(term in text.split() for text in texts)
        idf = np.log(1 + (len(texts) - frequency + 0.5) / (frequency + 0.5))
        return float(idf * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * lengths[key] / mean)))

    found = dict(index.matching("alpha bravo bravo", k=10))
    expected = {key: bm25("alpha", key) + 2 * bm25("bravo", key) for key in (0, 1, 3)}
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_title_counts_more_than_the_text(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path / "words")
    index.put([(1, "Graphs", "", "About photonic lattices."), (2, "Photonic lattices", "", "About graphs.")])
    assert keys(index.matching("photonic", k=2)) == [2, 1]


def test_a_word_repeated_in_the_query_counts_as_often(index: TantivyIndex) -> None:
    once, thrice = dict(index.matching("diffusion", k=5)), dict(index.matching("diffusion diffusion diffusion", k=5))
    assert thrice == pytest.approx({key: 3 * score for key, score in once.items()}, rel=1e-5)


@pytest.mark.parametrize(
    "query",
    ['"', "title:diffusion AND (", "* OR *", "NOT graphs", "a^2 ~3 [x TO y]", "\\", "body:*", "/regex.*/", "key:1"],
)
def test_the_query_is_words_and_never_a_query_language(index: TantivyIndex, query: str) -> None:
    plain = "".join(character if character.isalnum() else " " for character in query)
    assert index.matching(query, k=5) == index.matching(plain, k=5)


@pytest.mark.parametrize("query", ["", "   ", "the of and", "\0", "🙂", "zzyzx"])
def test_a_query_without_known_words_finds_nothing(index: TantivyIndex, query: str) -> None:
    assert index.matching(query, k=5) == []


def test_a_query_of_ten_thousand_words_is_cut_to_the_telling_ones(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path / "words")
    words = ["q" + "".join("bcdfghjkmn"[int(digit)] for digit in str(number)) for number in range(3000)]
    index.put([(key, "", "", f"common filler {word}") for key, word in enumerate(words)])
    shuffled = random.Random(5).choices(words[:1500], k=9000) + [words[2999]] * 1000
    found = index.matching(" ".join(shuffled), k=3000)
    assert found[0][0] == 2999
    assert len(found) == MOST_QUERY_TERMS
    assert found == index.matching(" ".join(reversed(shuffled)), k=3000)


@pytest.mark.parametrize("share", [0.5, 0.01, 0.0001])
def test_a_filter_leaves_k_results_whatever_its_selectivity(tmp_path: Path, share: float) -> None:
    index, count = TantivyIndex(tmp_path / "words"), 20_000
    entries = [(key, f"paper {key % 97}", "", "photon " * (1 + key % 7) + f"token{key % 1000}") for key in range(count)]
    index.put(entries)
    within = np.sort(np.random.default_rng(0).choice(count, int(count * share), replace=False)).astype(np.int64)
    allowed = set(within.tolist())
    everything = [pair for pair in index.matching("photon token5", k=count) if pair[0] in allowed]
    assert len(everything) == len(within)
    found = index.matching("photon token5", k=10, within=within)
    assert [score for _, score in found] == [score for _, score in everything[:10]]
    assert set(keys(found)) <= allowed


def test_a_broad_filter_that_cuts_off_the_best_still_gives_k(tmp_path: Path) -> None:
    index, count = TantivyIndex(tmp_path / "words"), 12_000
    index.put([(key, "", "", "photon " * (3 if key < 6000 else 1) + "noise " * (key % 5)) for key in range(count)])
    worst = np.arange(6000, count, dtype=np.int64)
    assert len(index.matching("photon", k=50, within=worst)) == 50


def test_more_asked_than_there_is_gives_all_that_match(index: TantivyIndex) -> None:
    assert sorted(keys(index.matching("models", k=10_000))) == [2, 5]
    assert keys(index.matching("models", k=100, within=np.array([0, 1, 5, 77], np.int64))) == [5]
    assert index.matching("models", k=5, within=np.zeros(0, np.int64)) == []


def test_put_again_replaces(index: TantivyIndex) -> None:
    index.put([(2, "Transformers", "", "Attention instead."), (6, "New", "", "Something else.")])
    assert keys(index.matching("guidance", k=5)) == []
    assert keys(index.matching("attention", k=5)) == [2]
    assert index.keys().tolist() == [1, 2, 3, 4, 5, 6]


def test_the_last_of_two_entries_for_one_key_counts(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path / "words")
    index.put([(1, "", "", "first"), (1, "", "", "second")])
    assert (index.matching("first", k=5), keys(index.matching("second", k=5))) == ([], [1])


def test_scores_do_not_depend_on_how_entries_came_in(tmp_path: Path) -> None:
    together, apart = TantivyIndex(tmp_path / "together"), TantivyIndex(tmp_path / "apart")
    together.put(PAPERS)
    for entry in reversed(PAPERS):
        apart.put([entry])
    for query in ("diffusion models", "images of graphs", "扩散模型"):
        assert together.matching(query, k=5) == apart.matching(query, k=5)


def test_dropping_leaves_no_trace_of_the_words(tmp_path: Path) -> None:
    folder = tmp_path / "words"
    index = TantivyIndex(folder)
    index.put([(key, "", "", f"ordinary text number {key}") for key in range(300)])
    index.put([(900, "Secret", "", "xylophonecipher appears only here"), (901, "", "", "ordinary neighbour")])
    assert index.frequencies(["xylophonecipher", "of"]) == [1, 0]
    assert _stands_in_files(folder, b"xylophonecipher")
    index.drop([900, 12345])
    assert index.frequencies(["xylophonecipher"]) == [0]
    assert not _stands_in_files(folder, b"xylophonecipher")
    assert not _stands_in_files(folder, b"cipher")  # terms share their beginnings on disk, not their ends
    assert index.keys().tolist() == [*range(300), 901]
    assert keys(index.matching("neighbour", k=5)) == [901]


def test_dropping_changes_no_other_score(tmp_path: Path) -> None:
    index, fresh = TantivyIndex(tmp_path / "words"), TantivyIndex(tmp_path / "fresh")
    index.put([*PAPERS, (99, "Diffusion of models", "", "diffusion models images")])
    index.drop([99])
    fresh.put(PAPERS)
    assert index.matching("diffusion models", k=9) == fresh.matching("diffusion models", k=9)


def test_everything_can_be_dropped(index: TantivyIndex) -> None:
    index.drop([1, 2, 3, 4, 5])
    assert index.keys().tolist() == []
    assert index.matching("diffusion", k=5) == []
    index.put(PAPERS[:1])
    assert index.keys().tolist() == [1]


def test_a_reader_sees_a_commit_after_reopening_and_works_before(tmp_path: Path) -> None:
    writer, reader = TantivyIndex(tmp_path / "words"), TantivyIndex(tmp_path / "words")
    assert reader.matching("diffusion", k=5) == []
    writer.put(PAPERS[:2])
    reader.reopen()
    assert keys(reader.matching("diffusion", k=5)) == [2]
    writer.drop([2])
    writer.put(PAPERS[2:])
    assert keys(reader.matching("diffusion", k=5)) == [2]  # still what it opened
    reader.reopen()
    assert keys(reader.matching("diffusion", k=5)) == [5]


def test_reading_makes_nothing(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path / "words")
    assert (index.matching("x", k=1), index.keys().tolist(), index.frequencies(["x"])) == ([], [], [0])
    index.drop([1])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["no table of contents", "garbage", "cut off"])
def test_a_damaged_index_is_an_error_with_its_cure(index: TantivyIndex, damage: str) -> None:
    for path in index.folder.iterdir():
        if damage == "no table of contents" and path.name == "meta.json":
            path.unlink()
        elif damage == "garbage" and path.name == "meta.json":
            path.write_text("{not json")
        elif damage == "cut off" and path.suffix in {".idx", ".term", ".store", ".fast"}:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    broken = TantivyIndex(index.folder)
    with pytest.raises(IndexDamaged, match="kb reindex"):
        broken.matching("diffusion", k=5)
    with pytest.raises(IndexDamaged, match="kb reindex"):
        broken.put(PAPERS)


def _hold_the_writer(folder: str, ready: str) -> None:
    index = TantivyIndex(Path(folder))
    with index._writing():
        Path(ready).touch()
        time.sleep(60)


def _write_for_ever(folder: str, ready: str) -> None:
    index = TantivyIndex(Path(folder))
    for batch in range(10_000):
        index.put([(batch * 10 + number, "", "", f"steady text {batch}") for number in range(10)])
        Path(ready).write_text(str(batch))


def _start(target: object, folder: Path, ready: Path) -> multiprocessing.Process:
    process = multiprocessing.get_context("spawn").Process(target=target, args=(str(folder), str(ready)))
    process.start()
    for _ in range(600):
        if ready.exists() and (target is _hold_the_writer or int(ready.read_text() or 0) >= 3):
            return process
        time.sleep(0.05)
    raise AssertionError("the other process did not start to write")


def test_a_second_writer_is_told_so_and_readers_are_not_hindered(index: TantivyIndex, tmp_path: Path) -> None:
    other = _start(_hold_the_writer, index.folder, tmp_path / "ready")
    try:
        with pytest.raises(HomeBusy, match="another process"):
            index.put([(7, "", "", "late")])
        assert keys(TantivyIndex(index.folder).matching("guidance", k=5)) == [2]
    finally:
        other.kill()
        other.join()
    index.put([(7, "", "", "late")])  # the lock died with its holder
    assert keys(index.matching("late", k=5)) == [7]


def test_killed_in_mid_write_the_index_holds_whole_batches(tmp_path: Path) -> None:
    folder, ready = tmp_path / "words", tmp_path / "ready"
    for _ in range(2):
        ready.unlink(missing_ok=True)
        other = _start(_write_for_ever, folder, ready)
        os.kill(other.pid or 0, signal.SIGKILL)
        other.join()
        acknowledged = int(ready.read_text())
        found = TantivyIndex(folder).keys().tolist()
        assert set(range((acknowledged + 1) * 10)) <= set(found)
        assert len(found) % 10 == 0
    TantivyIndex(folder).put([(10**6, "", "", "afterwards")])
    assert keys(TantivyIndex(folder).matching("afterwards", k=5)) == [10**6]


def _stands_in_files(folder: Path, word: bytes) -> bool:
    return any(word in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_entries_that_hold_all_of_some_words_are_told(index: TantivyIndex) -> None:
    wanted = index.containing("diffusion model")
    assert wanted is not None
    assert wanted.tolist() == [2, 5]
    assert index.holding("diffusion model") == 2
    assert index.containing("of the") is None
    assert index.holding("of the") == 0
    absent = index.containing("diffusion absent")
    assert absent is not None
    assert absent.tolist() == []


def test_letters_with_strokes_meet_their_plain_ones(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path / "words")
    index.put([(1, "On Ørsted", "", "Łódź, Straße and æther."), (2, "Orsted", "", "Aether over Lodz Strasse.")])
    for word in ("ørsted", "Orsted", "łódź", "lodz", "straße", "STRASSE", "æther", "aether"):
        assert sorted(keys(index.matching(word, k=5))) == [1, 2]
