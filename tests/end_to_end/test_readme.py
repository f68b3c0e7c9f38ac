"""The README is kept true: its verbs, options, settings and examples are those of the product."""

from __future__ import annotations

import re
import shlex
from importlib import resources
from pathlib import Path

import pytest
from pydantic import SecretStr

from kb import Library, Settings
from kb.cli.parser import build_parser

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEMO = Path(str(resources.files("kb") / "demo"))


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def _commands() -> list[str]:
    lines = [line for block in _blocks("sh") for line in block.splitlines()]
    return [
        re.sub(r"^(?:\w+=\S+ )+", "", line).split("   #")[0] for line in lines if re.match(r"^(?:\w+=\S+ )*kb ", line)
    ]


@pytest.mark.parametrize("command", _commands())
def test_every_command_of_the_readme_is_one_that_the_parser_reads(command: str) -> None:
    options = build_parser("x").parse_args(shlex.split(command, comments=True)[1:])
    assert options.verb in command


def test_every_verb_is_in_the_readme() -> None:
    parser = build_parser("x")
    (verbs,) = [action.choices for action in parser._actions if action.dest == "verb"]
    assert verbs is not None
    for verb in verbs:
        assert f"`kb {verb}" in README, verb


def test_the_table_of_settings_equals_the_fields() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| .*? \| (.*) \|$", README, flags=re.MULTILINE))
    assert set(rows) == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        description = field.description or ""
        assert rows[name].startswith(description.replace(" (reindex)", "")), name
        assert rows[name].endswith("**kb reindex**") is ("(reindex)" in description), name
        default = field.default
        if isinstance(default, str) and default:
            assert f"| `{name}` | {default} |" in README
        assert not (isinstance(default, SecretStr) and default.get_secret_value())


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = _blocks("python")
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


def test_both_commands_of_the_readme_are_single_lines_that_use_the_tested_versions() -> None:
    commands = [line for block in _blocks("sh") for line in block.splitlines() if line.startswith("python3 -m venv")]
    assert len(commands) == 2
    assert all("-c .ci/constraints.txt" in command for command in commands)
    assert commands[0].endswith("kb demo")
    assert commands[1].endswith("-m pytest")


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
