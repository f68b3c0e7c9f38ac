"""What the documents show is what happens: their commands, their examples, answers and JSON documents."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import io
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

import kb
from kb import Library, Settings
from kb.cli.parser import build_parser
from tests.command_line import run
from tests.documents import fences

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRACT = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
DEMO = Path(str(resources.files("kb") / "demo"))


def _commands() -> list[str]:
    lines = [line for block in fences(README, "sh") for line in block.splitlines()]
    return [
        re.sub(r"^(?:\w+=\S+ )+", "", line).split("   #")[0] for line in lines if re.match(r"^(?:\w+=\S+ )*kb ", line)
    ]


# These ask arXiv or a model, or stay until they are stopped; their own tests run them against local servers.
_GO_OUT = re.compile(r"kb add --query|kb update|kb ui|kb demo|kb review")


def _run(command: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a command, in this process: the encoder's package is loaded once."""
    done = run(shlex.split(command, comments=True)[1:])
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which ``kb demo`` was run, with the files that the examples name."""
    desk = tmp_path_factory.mktemp("desk")
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(desk):
        for name in Settings.model_fields:
            patch.delenv(f"KB_{name.upper()}", raising=False)
        status, said, _ = _run("kb demo")
        assert status == 0
        assert re.search(r"\bp\. \d+", said)  # an answer with its page
        assert (desk / "kb-demo" / "digest" / "2024-03-04.md").is_file()
        patch.setenv("KB_HOME", str(desk / "kb-demo"))
        (desk / "folder").mkdir()
        shutil.copy(DEMO / "N18-3011.pdf", desk / "paper.pdf")
        shutil.copy(DEMO / "N18-3011.pdf", desk / "folder" / "again.pdf")
        shutil.copy(DEMO / "records.jsonl", desk / "records.jsonl")
        (desk / "refs.ris").write_text("TY  - JOUR\nTI  - A title in RIS\nAU  - Bee, Ann\nER  -\n", encoding="utf-8")
        item = {"id": "b", "type": "article-journal", "title": "A title in CSL", "author": [{"family": "Bee"}]}
        (desk / "refs.json").write_text(json.dumps([item]), encoding="utf-8")
        (desk / "refs.bib").write_text("@article{a, title={A title}, author={Ann Bee}, year={2020}}", encoding="utf-8")
        (desk / "manuscript.md").write_text("S2ORC has 81.1M papers (Lo et al., 2020).\n", encoding="utf-8")
        yield desk


def test_every_command_of_the_readme_runs(desk: Path) -> None:
    commands = [command for command in _commands() if not _GO_OUT.match(command)]
    assert {command.split()[1] for command in commands} >= set("add search ask compare note topic doctor".split())
    for command in commands:
        # The id of a paper asks arXiv for its newest version.
        status, _, said = _run(command.replace(" 2402.19481", "") if command.startswith("kb add") else command)
        assert status == 0, (command, said)


def test_the_commands_that_go_out_are_at_least_read(desk: Path) -> None:
    commands = [command for command in _commands() if _GO_OUT.match(command)]
    assert commands
    for command in commands:
        assert build_parser("x").parse_args(shlex.split(command, comments=True)[1:]).verb in command


def test_the_answer_shown_in_the_readme_is_the_answer(desk: Path) -> None:
    (shown,) = [block for block in fences(README, "text") if block.startswith("$ kb ")]
    command, _, output = shown.removeprefix("$ ").partition("\n")
    said, at = _run(command)[1], 0
    parts = output.strip().split("\n…\n")  # where something is left out
    for part in parts:
        assert part.strip("\n") in said[at:]
        at = said.index(part.strip("\n"), at) + len(part.strip("\n"))
    assert said.startswith(parts[0])


def _examples(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The example of each verb's help, and of the actions below it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb in action.choices.values():
                yield str(verb.epilog).removeprefix("example:\n  ")
                yield from _examples(verb)


@pytest.fixture
def place(desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the desk with all that the examples of the helps name."""
    place = tmp_path / "desk"
    shutil.copytree(desk, place)
    monkeypatch.chdir(place)
    monkeypatch.setenv("KB_HOME", str(place / "kb-demo"))
    for day in ("monday", "tuesday"):
        shutil.copy(place / "kb-demo" / "digest" / "digest.json", place / f"{day}.json")
    (place / "scifact" / "qrels").mkdir(parents=True)
    text = {"_id": "1", "title": "A title", "text": "Some text about graphs."}
    (place / "scifact" / "corpus.jsonl").write_text(json.dumps(text), encoding="utf-8")
    (place / "scifact" / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "graphs"}), encoding="utf-8")
    (place / "scifact" / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\t1\t1\n", encoding="utf-8")
    return place


def _all_examples() -> list[str]:
    # what is removed is removed last
    return sorted(_examples(build_parser("x")), key=lambda one: one.startswith("kb remove"))


def test_the_example_of_every_help_runs(place: Path) -> None:
    examples = _all_examples()
    assert len(examples) > 25
    for example in examples:
        assert build_parser("x").parse_args(shlex.split(example)[1:]).verb in example
        if not _GO_OUT.match(example):
            status, _, said = _run(example)
            assert status == 0, (example, said)


def _documents() -> dict[str, list[set[str]]]:
    """Each schema of the contract with the fields of its documents: one set, or one for each kind of action."""
    table = re.findall(r"^\| ((?:`kb\.\w+/\d`(?:, )?)+) \| (.*) \|$", CONTRACT, flags=re.MULTILINE)
    return {
        schema: [_fields(part) for part in stated.split(";")]
        for schemas, stated in table
        for schema in re.findall(r"`([^`]+)`", schemas)
    }


def _fields(stated: str) -> set[str]:
    """The fields in a cell of the table; those of a record where it names one."""
    record = re.search(r"as (\w+)", stated)
    fields = {field.name for field in dataclasses.fields(getattr(kb, record[1]))} if record else set()
    fields = {"for" if (record and record[1], name) == ("Digest", "audience") else name for name in fields}
    return fields | set(re.findall(r"`(\w+)`", stated))


@pytest.mark.slow
def test_every_document_is_as_the_contract_says(place: Path) -> None:
    documents, seen = _documents(), set()
    for example in _all_examples():
        verb = example.split()[1]
        if verb == "ui" or (_GO_OUT.match(example) and verb != "demo"):
            continue
        status, said, told = _run(f"{example} --json")
        assert status == 0, (example, told)
        data = json.loads(said)
        schema = data.pop("schema")
        assert set(data) in documents[schema], example
        seen.add(schema)
    assert {name.split("/")[0] for name in set(documents) - seen} == {"kb.review", "kb.update"}  # asked for elsewhere


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = fences(README, "python")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "paper.pdf").write_bytes((DEMO / "N18-3011.pdf").read_bytes())
    with Library.open(Settings.load(home=tmp_path / "papers")) as library:
        library.add(str(DEMO / "records.jsonl"))
    # The home is a fresh one, and the arXiv id is in already: no network is needed.
    example = example.replace('"~/papers"', repr(str(tmp_path / "papers"))).replace(', "2402.19481"]', "]")
    names: dict[str, object] = {}
    exec(compile(example, "README.md", "exec"), names)
    assert names["hits"][0].paper.id == "arxiv:2402.19481"  # type: ignore[index]
    assert len(names["digest"].entries) == 5  # type: ignore[attr-defined]
    assert names["answer"].question  # type: ignore[attr-defined]


def test_the_python_example_of_the_contract_runs(desk: Path) -> None:
    (example,) = fences(CONTRACT, "python")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(example.replace('"~/papers"', repr(str(desk / "kb-demo"))), "contract.md", "exec"), {})
    assert re.fullmatch(r"(?:\S.* (?:\d+|None)\n){5}", out.getvalue())  # a title and a page a hit


def test_both_commands_of_the_readme_are_single_lines_that_use_the_tested_versions() -> None:
    commands = [
        line for block in fences(README, "sh") for line in block.splitlines() if line.startswith("python3 -m venv")
    ]
    assert len(commands) == 2
    assert all("-c .ci/constraints.txt" in command for command in commands)
    assert commands[0].endswith("kb demo")
    assert commands[1].endswith("-m pytest -n auto")


def test_every_dependency_has_its_tested_version() -> None:
    pinned = {
        re.split(r"==", line)[0].lower().replace("_", "-")
        for line in (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named = re.findall(r'^\s+"([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?>=', project, flags=re.MULTILINE)
    assert {name.lower().replace("_", "-") for name in named} <= pinned
    assert '"torch>=2.6,<=2.13.0"' in project
