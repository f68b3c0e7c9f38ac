"""``kb topic`` on the command line: made, listed, tried out, forgotten; as text and as JSON."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from kb import Library, Settings
from kb.cli import main

RECORDS = Path(str(resources.files("kb") / "demo" / "records.jsonl"))
QUERY = 'abs:diffusion AND (ti:"parallel inference" OR abs:views)'


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("topics") / "home"
    with Library.open(Settings.load(home=folder, threads=1)) as library:
        library.add(str(RECORDS))
    return str(folder)


@pytest.fixture
def kb(home: str, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command and gives (status, output, errors)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main([*arguments, "--home", home])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_a_topic_goes_through_its_life(kb: Any) -> None:
    status, out, _ = kb("topic", "add", "Fast / Diffusion", "--query", QUERY, "--must-not", "survey", "--limit", "5")
    assert status == 0
    assert "'Fast / Diffusion' is kept" in out
    listed = json.loads(kb("topic", "list", "--json")[1])
    assert listed["schema"] == "kb.topic/1"
    (topic,) = listed["topics"]
    assert (topic["name"], topic["query"], topic["must_not"], topic["limit"]) == (
        "Fast / Diffusion",
        QUERY,
        ["survey"],
        5,
    )
    assert json.loads(kb("topic", "show", "fast / diffusion", "--json")[1])["topic"] == topic
    assert QUERY in kb("topic", "list")[1]
    assert json.loads(kb("topic", "remove", "FAST / diffusion", "--json")[1])["removed"] == "Fast / Diffusion"
    assert "kb topic add" in kb("topic", "list")[1]


def test_adding_again_replaces_and_keeps_the_name(kb: Any) -> None:
    kb("topic", "add", "Views", "--query", "abs:views", "--language", "zh")
    kb("topic", "add", "VIEWS", "--category", "cs.CV", "--author", "Song Han", "--example", "2402.19481")
    (topic,) = json.loads(kb("topic", "list", "--json")[1])["topics"]
    assert (topic["name"], topic["query"], topic["language"]) == ("Views", "", "en")
    assert (topic["categories"], topic["authors"]) == (["cs.CV"], ["Song Han"])
    assert topic["examples"] == ["arxiv:2402.19481"]
    kb("topic", "remove", "views")


def test_preview_says_for_each_candidate_why(kb: Any) -> None:
    status, out, _ = kb("topic", "preview", "New", "--query", QUERY, "--json")
    assert status == 0
    preview = json.loads(out)
    assert preview["counts"] == {"inside": 2, "outside": 3}
    assert len(preview["candidates"]) == 5
    assert all(candidate["reasons"] for candidate in preview["candidates"])
    first = preview["candidates"][0]
    assert (first["inside"], first["paper_id"]) == (True, "arxiv:2402.19481")
    text = kb("topic", "preview", "New", "--query", QUERY)[1]
    assert text.startswith("2 in, 3 out")
    assert text.count("the query does not hold (not found: ") == 3
    assert kb("topic", "preview", "New", "--query", QUERY, "--since", "2024-03-05")[1].splitlines() == [
        "0 in, 0 out",
        "none of the 5 stored papers is of these days: choose others, or bring papers with kb update",
    ]
    status, _, told = kb("topic", "preview", "New", "--query", QUERY, "--since", "2024-03-05", "--until", "2024-03-01")
    assert (status, "ends (2024-03-01) before it begins" in told) == (2, True)
    assert json.loads(kb("topic", "list", "--json")[1])["topics"] == []


def test_a_kept_topic_is_previewed_with_changes(kb: Any) -> None:
    kb("topic", "add", "Views", "--query", "abs:diffusion")
    inside = json.loads(kb("topic", "preview", "views", "--json")[1])["counts"]["inside"]
    fewer = json.loads(kb("topic", "preview", "views", "--must", "views", "--json")[1])["counts"]["inside"]
    assert 0 < fewer < inside
    kb("topic", "remove", "views")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["add", "x"], 2, "asks for nothing"),
        (["add", "x", "--query", "(ti:a"], 2, "a parenthesis is not closed"),
        (["add", "x", "--query", "title:a"], 2, "there is no field 'title'"),
        (["add", " ", "--query", "a"], 2, "is no name"),
        (["show", "nothing"], 1, "kb topic add makes one"),
        (["remove", "nothing"], 1, "kb topic add makes one"),
        (["preview", "nothing"], 1, "kb topic add makes one"),
    ],
)
def test_what_cannot_be_is_one_line_with_its_cure(kb: Any, arguments: list[str], status: int, said: str) -> None:
    ended, out, err = kb("topic", *arguments)
    assert (ended, out) == (status, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_a_digest_of_a_topic_says_why_each_paper_is_there(kb: Any, tmp_path: Path) -> None:
    kb("topic", "add", "Parallel", "--query", "ti:parallel")
    status, out, _ = kb("digest", "parallel", "--date", "2024-03-04", "--out", str(tmp_path), "--json")
    digest = json.loads(out)
    assert (status, digest["topic"], digest["counts"]["new"]) == (0, "Parallel", 1)
    assert digest["entries"][0]["why"] == [{"kind": "says", "values": {"phrases": "parallel"}, "personal": False}]
    status, _, err = kb("digest", "parallel", "--date", "2024-03-09", "--out", str(tmp_path))
    assert status == 0
    assert "Saturday" in err
    kb("topic", "remove", "parallel")


def test_the_ledger_is_carried_by_the_command(kb: Any, tmp_path: Path) -> None:
    kb("digest", "--date", "2024-03-04", "--out", str(tmp_path / "pages"), "--format", "json")
    status, out, _ = kb("ledger", "export", str(tmp_path / "ledger.json"), "--json")
    exported = json.loads(out)
    assert (status, exported["entries"]) == (0, 5 + exported["entries"] - 5)
    assert (
        json.loads(kb("ledger", "import", str(tmp_path / "ledger.json"), "--json")[1])["entries"] == exported["entries"]
    )
    status, _, err = kb("ledger", "import", str(tmp_path / "nothing.json"))
    assert (status, "cannot be read" in err) == (1, True)
