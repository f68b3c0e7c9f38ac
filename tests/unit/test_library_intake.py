"""What the user named, and which source it belongs to: nothing here touches the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kb import Library, encoders
from kb.errors import UsageError
from kb.guard import Limits
from kb.home import Home
from kb.library.intake import Intake
from kb.records import Failure, Item, Metadata, PassedOver, SourceRecord
from kb.settings import Settings


class ScriptedArxiv:
    """Answers for every id; keeps what it was asked for together."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def find_many(self, whats: Iterable[str]) -> Iterator[Item | Failure]:
        self.asked.append(list(whats))
        for what in self.asked[-1]:
            yield Item(what=what, record=SourceRecord(source="arxiv", metadata=Metadata(source="arxiv", ids=(what,))))


@pytest.fixture
def arxiv() -> ScriptedArxiv:
    return ScriptedArxiv()


@pytest.fixture
def intake(tmp_path: Path, arxiv: ScriptedArxiv, monkeypatch: pytest.MonkeyPatch) -> Intake:
    monkeypatch.chdir(tmp_path)
    home = Home(tmp_path / "home")
    made = Intake(
        Settings.load(home=home.path), home, limits=Limits(), fulltext=True, private=None, notice=lambda text: None
    )
    monkeypatch.setattr(made, "arxiv", lambda: arxiv)
    return made


def items(intake: Intake, *names: str) -> list[Item | Failure | PassedOver]:
    return list(intake.items(names, query=None, since=None, until=None, limit=10))


def test_addresses_are_asked_for_together_after_the_files(intake: Intake, arxiv: ScriptedArxiv, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A paper")
    found = items(intake, "2402.19481", str(tmp_path / "a.md"), "https://huggingface.co/papers/1706.03762")
    assert arxiv.asked == [["2402.19481", "https://huggingface.co/papers/1706.03762"]]
    assert [thing.what for thing in found] == [str(tmp_path / "a.md"), *arxiv.asked[0]]
    assert [thing.fetch for thing in found if isinstance(thing, Item)] == [False, True, True]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("10.1000/182", "a DOI that is no arXiv id"),
        ("https://doi.org/10.1000/2402.19481", "a DOI that is no arXiv id"),
        ("https://openreview.net/forum?id=abc", "openreview.net"),
        ("https://aclanthology.org/2020.acl-main.207.pdf", "aclanthology.org"),
        ("978-0-262-03384-8", "ISBN"),
        ("PMID: 28865123", "PubMed"),
        ("1234.56789", "no year and month"),
        ("2402.19481 1706.03762", "2402.19481 and 1706.03762"),
        ("nothing", "no file and no arXiv id"),
        (" ", "no file and no arXiv id"),
        ("a\udcffb", "no file and no arXiv id"),
    ],
)
def test_a_refusal_says_what_it_is_and_never_that_a_file_is_missing(
    intake: Intake, arxiv: ScriptedArxiv, name: str, said: str
) -> None:
    [failure] = items(intake, name)
    assert isinstance(failure, Failure)
    assert failure.code == "bad-id"
    assert said in failure.reason
    assert "no such file" not in failure.reason
    assert arxiv.asked == []


@pytest.mark.parametrize(
    "name", ["gone.pdf", "./2402.19481.pdf", "papers/2402.19481.pdf", "/nowhere/2402.19481", "x.odd"]
)
def test_a_path_that_is_not_there_is_a_missing_file(intake: Intake, arxiv: ScriptedArxiv, name: str) -> None:
    [failure] = items(intake, name)
    assert isinstance(failure, Failure)
    assert (failure.code, "no such file" in failure.reason) == ("not-found", True)
    assert arxiv.asked == []


def test_a_file_whose_name_is_an_id_is_the_file(intake: Intake, arxiv: ScriptedArxiv, tmp_path: Path) -> None:
    (tmp_path / "2402.19481.pdf").write_bytes(b"%PDF-1.4")
    [item] = items(intake, "2402.19481.pdf")
    assert isinstance(item, Item)
    assert item.file == str(tmp_path / "2402.19481.pdf")


def test_a_list_of_ids_is_asked_for_and_no_paper(intake: Intake, arxiv: ScriptedArxiv, tmp_path: Path) -> None:
    rows = [f"2402.{number:05d}" for number in range(450)]
    (tmp_path / "ids.txt").write_text("\n".join([*rows, "10.1000/182", rows[-1]]))
    found = items(intake, "ids.txt")
    assert [thing.what for thing in found if isinstance(thing, Item)] == rows
    assert [len(asked) for asked in arxiv.asked] == [200, 200, 50]
    assert all(thing.fetch and thing.record for thing in found if isinstance(thing, Item))
    assert [thing.what for thing in found if isinstance(thing, Failure)] == ["ids.txt:451"]


def test_what_is_passed_over_in_a_folder_comes_through(intake: Intake, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "a.md").write_text("# A")
    (folder / "b.png").write_bytes(b"x")
    assert [type(thing) for thing in items(intake, str(folder))] == [Item, PassedOver]


def test_the_home_is_no_part_of_a_folder_that_is_added_and_uploads_are_read_by_name(
    intake: Intake, tmp_path: Path
) -> None:
    (tmp_path / "a.md").write_text("# A")
    uploads = tmp_path / "home" / "uploads" / "1"
    uploads.mkdir(parents=True)
    (uploads / "b.md").write_text("# B")
    found = items(intake, str(tmp_path))
    assert [(type(thing), Path(thing.what).name) for thing in found] == [(Item, "a.md"), (PassedOver, "home")]
    [uploaded] = items(intake, str(uploads / "b.md"))
    assert isinstance(uploaded, Item)
    [inside] = items(intake, str(tmp_path / "home"))
    assert isinstance(inside, PassedOver)


def test_how_many_to_expect_is_counted_for_lines_alone(intake: Intake, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n{}\n{}\n")
    assert intake.expected(["a.jsonl", "2402.19481", "b.pdf"], query=None) == 5
    assert intake.expected([str(tmp_path)], query=None) is None


@pytest.mark.parametrize("private", [True, False])
def test_what_the_user_says_of_privacy_is_marked(tmp_path: Path, arxiv: ScriptedArxiv, private: bool) -> None:
    (tmp_path / "a.md").write_text("# A")
    home = Home(tmp_path / "home")
    made = Intake(
        Settings.load(home=home.path), home, limits=Limits(), fulltext=True, private=private, notice=lambda text: None
    )
    [item] = items(made, str(tmp_path / "a.md"))
    assert isinstance(item, Item)
    assert (item.private, item.private_stated) == (private, True)


@pytest.mark.parametrize("given", [{"since": date(2024, 3, 1)}, {"until": date(2024, 3, 1)}, {"limit": 1}])
@pytest.mark.parametrize("what", [{"items": ()}, {"what": ["2402.19481"]}])
def test_a_period_or_a_limit_without_a_query_is_refused_before_anything_is_done(
    tmp_path: Path, what: dict[str, Any], given: dict[str, Any]
) -> None:
    library = Library.open(Settings(home=tmp_path / "home"))
    with pytest.raises(UsageError, match=r"since, until and limit are of a query: give query besides"):
        library.add(**what, **given)
    assert not (tmp_path / "home").exists()


def test_what_encoder_and_reader_have_to_say_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(settings: Settings, *, notice: Callable[[str], None]) -> object:
        notice("the cache cannot be written: choose another")
        return object()

    for name in ("load_encoder", "load_reader"):
        monkeypatch.setattr(encoders, name, load)
    told: list[str] = []
    with Library.open(Settings(home=tmp_path), on_wait=told.append) as library:
        library._models.encoder()
        library._models.reader()
    assert told == ["the cache cannot be written: choose another"]
