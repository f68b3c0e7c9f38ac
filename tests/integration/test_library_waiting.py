"""Who waits for whom: what a person changes waits for no encoding, and what comes in meanwhile is not lost."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from kb import Library, Settings
from kb.protocols import Vectors
from kb.records import Topic
from tests.fakes import WordEncoder, WordReader
from tests.pdf_writer import Words, pdf_of

LONG = 60.0  # seconds within which everything here ends, or hangs


class Halted(WordEncoder):
    """An encoder that stands still at its first passages until it is told to go on."""

    def __init__(self, *, max_tokens: int = 256) -> None:
        super().__init__(max_tokens=max_tokens)
        self.reached, self.go_on = threading.Event(), threading.Event()

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.reached.set()
        assert self.go_on.wait(LONG)
        return super().encode_passages(texts)


def opened(home: Path, encoder: WordEncoder | None = None) -> Library:
    library = Library.open(Settings.load(home=home, threads=1))
    library._models._encoder, library._models._reader = encoder or WordEncoder(), WordReader()
    return library


def bibliography(folder: Path, name: str, count: int) -> str:
    entries = (
        f"@misc{{{name}{nth}, title={{On {name.title()} Number {nth}}}, author={{Roe, Ann}}, year={{2020}},"
        f" abstract={{We count {name} and find {nth} of them.}}}}"
        for nth in range(count)
    )
    path = folder / f"{name}.bib"
    path.write_text("\n".join(entries), encoding="utf-8")
    return str(path)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with opened(tmp_path / "home") as library:
        library.add(bibliography(tmp_path, "widgets", 3))
    return tmp_path / "home"


@contextmanager
def halted(home: Path, work: Callable[[Library], object], encoder: Halted | None = None) -> Iterator[Future[object]]:
    """Work that has come to its encoding for as long as the block lasts, and then goes on to its end."""
    encoder = encoder or Halted()
    with opened(home, encoder) as library, ThreadPoolExecutor(1) as pool:
        done = pool.submit(work, library)
        try:
            assert encoder.reached.wait(LONG)
            yield done
        finally:
            encoder.go_on.set()
        done.result(LONG)


def check_all_is_well(home: Path, *, found: dict[str, int]) -> None:
    with opened(home) as library:
        assert [problem for problem in library.doctor() if problem.severity != "notice"] == []
        for word, count in found.items():
            hits = library.search(word, k=50, mode="lexical")
            assert (len({hit.paper.id for hit in hits}), hits.complete) == (count, True), word


CHANGES: dict[str, Callable[[Library], object]] = {
    "tag": lambda library: library.tag("widgets0", add=["read"]),
    "like": lambda library: library.like("widgets0"),
    "set a field": lambda library: library.set("widgets0", venue="J. Widgets"),
    "set a title": lambda library: library.set("widgets0", title="On Gadgets"),
    "collection": lambda library: library.collections.add("Thesis", ["widgets0", "widgets1"]),
    "topic": lambda library: library.topics.add(Topic(name="Widgets", query="all:widgets")),
    "merge": lambda library: library.papers.merge("widgets0", "widgets1"),
    "note": lambda library: library.note("widgets0"),
    "question": lambda library: library.ask("How many widgets?", session="s"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_does_not_wait_for_an_add_that_encodes(home: Path, tmp_path: Path, name: str) -> None:
    more = bibliography(tmp_path, "gears", 2)
    with (
        halted(home, lambda library: library.add(more)) as adding,
        opened(home) as library,
        ThreadPoolExecutor(1) as pool,
    ):
        assert pool.submit(CHANGES[name], library).result(LONG)
        assert not adding.done()
    check_all_is_well(home, found={"gears": 2})


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_does_not_wait_for_indexes_that_are_made_again(home: Path, name: str) -> None:
    with (
        halted(home, lambda library: library.reindex(encode=True)) as making,
        opened(home) as library,
        ThreadPoolExecutor(1) as pool,
    ):
        assert pool.submit(CHANGES[name], library).result(LONG)
        assert not making.done()
    found = {"set a title": {"gadgets": 1, "widgets": 3}}.get(name, {"gadgets": 0})
    check_all_is_well(home, found=found)


def test_what_is_kept_beside_an_add_is_there_afterwards(home: Path, tmp_path: Path) -> None:
    more = bibliography(tmp_path, "gears", 2)
    with halted(home, lambda library: library.add(more)), opened(home) as library:
        library.tag("widgets0", add=["read"])
        answer, note = library.ask("How many widgets?", session="s"), library.note("widgets0")
    with opened(home) as library:
        assert library.papers.get("widgets0").tags == ("read",)
        kept = library._store.catalog().ledger.turns("s")
        assert [(turn.question, turn.passages) for turn in kept] == [(answer.question, answer.passages)]
        assert library.note("widgets0") == note


class Slow(WordReader):
    """A reader that stands still at its first question until it is told to go on."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()

    def answers(self, question: str, sentences: Sequence[tuple[str, str]]) -> Vectors:
        self.reached.set()
        assert self.go_on.wait(LONG)
        return super().answers(question, sentences)


def test_a_question_waits_for_the_one_before_it_in_its_conversation_and_for_no_other(home: Path) -> None:
    slow = Slow()
    with opened(home) as one, opened(home) as other, ThreadPoolExecutor(2) as pool:
        one._models._reader = slow
        first = pool.submit(one.ask, "How many widgets are of number 1?", session="s")
        assert slow.reached.wait(LONG)
        second = pool.submit(other.ask, "And of number 2?", session="s")
        with opened(home) as third:
            assert third.ask("How many widgets?", session="another").question
        with pytest.raises(TimeoutError):
            second.result(0.3)
        slow.go_on.set()
        questions = [done.result(LONG).question for done in (first, second)]
        assert [turn.question for turn in one._store.catalog().ledger.turns("s")] == questions


def test_what_is_added_while_indexes_are_made_again_is_found_afterwards(home: Path, tmp_path: Path) -> None:
    more = bibliography(tmp_path, "gears", 4)
    with ThreadPoolExecutor(1) as pool, opened(home) as library:
        with halted(home, lambda making: making.reindex(encode=True)):
            adding = pool.submit(library.add, more)
            while library.papers.count() < 7:  # they are in the catalog, and wait for who makes the indexes
                assert not adding.done() or not adding.exception()
        assert len(adding.result(LONG).added) == 4
    check_all_is_well(home, found={"gears": 4, "widgets": 3})


def test_what_is_changed_while_indexes_are_made_again_is_found_as_it_is_now(home: Path) -> None:
    with halted(home, lambda library: library.reindex(encode=True)), opened(home) as library:
        library.set("widgets0", title="On Gadgets", abstract="We count nothing.")
    check_all_is_well(home, found={"gadgets": 1, "widgets": 2})


def test_an_add_waits_while_all_is_cut_for_another_encoder_and_loses_nothing(home: Path, tmp_path: Path) -> None:
    more = bibliography(tmp_path, "gears", 4)
    other = Halted(max_tokens=128)
    with ThreadPoolExecutor(1) as pool, opened(home, WordEncoder(max_tokens=128)) as library:
        with halted(home, lambda making: making.reindex(), other):
            adding = pool.submit(library.add, more)
            with pytest.raises(TimeoutError):
                adding.result(0.3)
            assert library.papers.count() == 3
        assert len(adding.result(LONG).added) == 4
        assert library.doctor() == []
        assert len(library.search("gears", k=20, mode="lexical")) == 4


def test_a_cutting_that_was_stopped_holds_nobody_up(home: Path, tmp_path: Path) -> None:
    from kb.library.indexing import begin_recutting

    with opened(home) as library:
        begin_recutting(library._store.catalog())
        library.add(bibliography(tmp_path, "gears", 2))
    check_all_is_well(home, found={"gears": 2, "widgets": 3})


MACHINES = ("Looms", "Mills", "Clocks", "Lathes", "Presses", "Cranes")
SHARING = """
import sys
from pathlib import Path
from kb.library import adding
from tests.integration.test_library_waiting import opened
home, log, *files = map(Path, sys.argv[1:])
parse = adding.parse_file
def counted(path, **options):
    with log.open("a") as told:
        told.write(path.name + "\\n")
    return parse(path, **options)
adding.parse_file = counted
sys.stdin.readline()
with opened(home) as library:
    report = library.add([str(file) for file in files])
print(len(report.added), len(report.unchanged), len(report.failed))
"""


@pytest.mark.slow
def test_two_adds_of_the_same_papers_share_the_work(home: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{n}.pdf" for n in range(6)]
    for n, file in enumerate(files):
        lines = [f"Machine {n} has {n} wheels and turns line {row} of its text once in a day." for row in range(30)]
        words = [
            Words(72, 80, f"On the Wheels of {MACHINES[n]}", size=18),
            *map(partial(Words, 72), range(120, 720, 20), lines),
        ]
        file.write_bytes(pdf_of([words]))
    log = tmp_path / "log"
    commands = [[sys.executable, "-c", SHARING, home, log, *order] for order in (files, files[::-1])]
    both = [subprocess.Popen(c, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for c in commands]
    with ThreadPoolExecutor(2) as pool:
        said = [done.result()[0].split() for done in [pool.submit(each.communicate, "go\n", LONG) for each in both]]
    assert sorted(log.read_text().split()) == [file.name for file in files]  # each was read by one of them
    added, unchanged, failed = (sum(int(words[place]) for words in said) for place in range(3))
    assert (added, unchanged, failed) == (6, 6, 0)


def test_two_adds_of_the_same_files_double_nothing(tmp_path: Path) -> None:
    home, files = tmp_path / "home", [bibliography(tmp_path, name, 40) for name in ("gears", "bolts", "nuts")]
    with opened(home) as one, opened(home) as other, ThreadPoolExecutor(2) as pool:
        reports = [done.result(LONG) for done in [pool.submit(each.add, files) for each in (one, other)]]
    assert sum(len(report.added) for report in reports) == 120
    assert [report.failed for report in reports] == [(), ()]
    check_all_is_well(home, found={"gears": 40, "bolts": 40, "nuts": 40})


def test_an_answer_is_shown_before_it_is_kept(home: Path) -> None:
    words = ["ask", "What do widgets count?", "--session", "s", "--home", str(home)]
    command = [sys.executable, "-m", "tests.failpoints", "0", *words]  # with an encoder that knows words only
    with opened(home) as library, library._store.catalog().transaction():  # somebody writes for as long as it takes
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert child.stdout is not None
        first = child.stdout.readline()
        assert child.poll() is None
    with child:
        assert "widgets" in first + child.stdout.read()
    assert child.returncode == 0
    with opened(home) as library:
        assert [turn.question for turn in library.conversations.get("s")] == ["What do widgets count?"]
