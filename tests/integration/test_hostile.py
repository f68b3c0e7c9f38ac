"""Every kind of hostile file, made small, beside one record that means well: it goes in, and each other has a code."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from kb import Library, Settings
from kb.errors import CODES
from kb.index.chunking import MOST_CHUNKS
from kb.library.adding import Adder
from kb.records import Metadata
from tests.campaigns.hostile import FULL, GOOD, KINDS, SEEDS, mutated
from tests.fakes import WordEncoder
from tests.saying import item


@pytest.fixture
def library(tmp_path: Path) -> Library:
    made = Library.open(Settings.load(home=tmp_path / "home", parse_timeout_seconds=10, threads=2))
    made._models._encoder = WordEncoder()
    return made


def _added(library: Library, folder: Path) -> None:
    """Add a folder of strangers' files with the good record: that one is in, and what is not has said why."""
    (folder / "good.jsonl").write_text(json.dumps(GOOD))
    report = library.add([str(folder)])
    assert f"arxiv:{GOOD['id']}" in report.added
    assert {one.code for one in (*report.failed, *report.partial)} <= CODES
    assert all(": " in one.reason and "\n" not in one.reason for one in report.failed)


@pytest.mark.slow
def test_each_kind_of_file_has_its_code_and_stops_no_other(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name, make in KINDS.items():
        (folder / name).write_bytes(make(FULL // 100))
    with library:
        _added(library, folder)


@pytest.mark.slow
def test_faults_of_any_kind_in_a_sample_end_in_a_code(library: Library, tmp_path: Path) -> None:
    folder, draw = tmp_path / "mutated", random.Random(7)
    folder.mkdir()
    for number in range(40):
        ending, sample = draw.choice(list(SEEDS.items()))
        (folder / f"f{number}{ending}").write_bytes(mutated(sample, draw))
    with library:
        _added(library, folder)


def test_an_item_for_which_there_is_no_memory_fails_alone(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Adder._store_together

    def full(self: Adder, batch: list[object], tally: object) -> None:
        if any("too much" in str(parsed) for parsed in batch):
            raise MemoryError
        store(self, batch, tally)  # type: ignore[arg-type]

    monkeypatch.setattr(Adder, "_store_together", full)
    with library:
        said = {"one": "A title", "two": "This is too much", "three": "Another"}
        items = [
            item(Metadata(source="ris", ids=(f"doi:10.1/{what}",), title=title), what=what)
            for what, title in said.items()
        ]
        report = library.add(items=items)
        assert [(one.what, one.code) for one in report.failed] == [("two", "parse-memory")]
        assert len(report.added) == 2


def test_a_record_that_is_too_long_goes_in_by_its_first_part_and_says_so(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    path.write_bytes(KINDS["abstract.jsonl"](FULL))
    with library:
        report = library.add([str(path)])
        [partial] = report.partial
        assert (partial.id, partial.code) == (report.added[0], "too-long")
        assert len(library.list()[0].abstract) <= 20_000


def test_of_a_text_with_more_passages_than_a_paper_may_have_a_part_is_in_and_its_record_says_so_for_good(
    library: Library, tmp_path: Path
) -> None:
    """Whatever is written of it later, and also when it is cut anew for another encoder, which reads more at once."""
    library._models._encoder = WordEncoder()
    path = tmp_path / "long.md"
    path.write_text("# A title\n\n" + "".join(f"Bird {n} sang {'a ' * 140}.\n\n" for n in range(MOST_CHUNKS + 200)))
    short = tmp_path / "short.md"
    short.write_text("# Another title\n\nA text.\n")
    with library:
        paper, other = (library.add([str(one)]).added[0] for one in (path, short))
        for change in (
            lambda: None,
            lambda: library.tag(paper, add=["read"]),
            lambda: library.set(paper, venue="A journal"),
            lambda: library.add([str(path)]),
            library.reindex,
        ):
            change()
            said = library.papers.get(paper).fulltext
            assert (said.state, said.code) == ("partial", "too-long")
            assert "first 4,000 passages" in (said.reason or "")
            assert library.papers.get(other).fulltext.state == "full"
        assert library.status().fulltext == {"full": 1, "partial": 1, "none": 0}
        assert [one.id for one in library.list(limit=9) if one.fulltext.state == "partial"] == [paper]
        library._models._encoder = WordEncoder(max_tokens=512)
        library.reindex()
        assert library.papers.get(paper).fulltext.state == "full"
        assert len(library.papers.text(paper)) < MOST_CHUNKS
        library._models._encoder = WordEncoder()
        library.reindex()
        assert library.papers.get(paper).fulltext.code == "too-long"
