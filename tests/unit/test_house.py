"""The house rules that a program can check: layers, one room for each foreign package, light starts, no stray words."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "kb").rglob("*.py"))
STAGES = (
    "sources",
    "parsing",
    "encoders",
    "index",
    "answering",
    "chat",
    "writing",
    "rendering",
    "verifying",
    "serving",
)
# What every stage may use: records and seams, and what is about text and ids alone.
SHARED = set(
    "guard records forms errors input_files protocols settings wire ids links names bibliographic structure latex text"
    " words literals calendar formulas tables".split()
)
ANYWHERE = {"numpy", "pydantic", "kb"}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)  # from kb import index


def _stage(path: Path) -> str:
    return path.relative_to(ROOT / "kb").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_stages_know_only_what_is_shared_and_themselves(path: Path) -> None:
    stage = _stage(path)
    used = {name.split(".")[1] for name in _imports(path) if name.startswith("kb.")} - {"__version__"}
    if stage in STAGES:
        assert used <= SHARED | {stage, "home"} - {"library", "cli"}
    elif stage != "library":
        assert "library" not in used or stage in ("cli", "__init__")


def test_a_class_name_means_one_thing() -> None:
    owners: dict[str, set[str]] = {}
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                owners.setdefault(node.name, set()).add(str(path.relative_to(ROOT)))
    assert {name: where for name, where in owners.items() if len(where) > 1} == {}


@pytest.mark.slow
def test_each_foreign_package_has_one_room() -> None:
    rooms: dict[str, set[str]] = {}
    standard = set(__import__("sys").stdlib_module_names)
    for path in MODULES:
        for name in _imports(path):
            package = name.split(".")[0]
            if package not in standard | ANYWHERE:
                rooms.setdefault(package, set()).add(str(path.relative_to(ROOT)))
    crowded = {package: where for package, where in rooms.items() if len(where) > 1}
    assert crowded == {}


@pytest.mark.parametrize(
    ("sign", "owner"),
    [
        (r"\\u4e00|\\uac00|一-", "text"), (r"\\u2028|\\x7f-", "text"), (r"\\u200b", "text"),
        (r"(?i)\bjan(uary)?\W+feb", "bibliographic"), (r"works cited", "structure"), (r"(?i)index term", "structure"),
        (r"\bfourteen\b", "literals"), (r"\bfurther had has\b", "words"), (r"\bvom von\b", "names"),
        (r"\bet alii\b", "names"), (r"https\?://\[\^\\s<>\\\"'\\x00", "links"),
    ],
)  # fmt: skip
def test_a_concept_that_many_need_is_stated_once(sign: str, owner: str) -> None:
    stating = [path for path in MODULES if re.search(sign, path.read_text(encoding="utf-8"))]
    assert [str(path.relative_to(ROOT)) for path in stating] == [f"kb/{owner}.py"]


# What a door may import beside the library: another door's, and for the command line the records as plain text.
BESIDE = {"ui": "serving", "kb/cli": "serving|rendering", "kb/serving": "serving"}


@pytest.mark.parametrize("door", BESIDE)
def test_a_door_calls_the_library_and_nothing_below_it(door: str) -> None:
    below = re.compile(rf"kb\.(?!({BESIDE[door]})\b)(({'|'.join(STAGES)}|home)\b|library\.(?!Library$))")
    for path in sorted((ROOT / door).glob("*.py")):
        assert [name for name in _imports(path) if below.match(name)] == [], path.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("library", "guest"):
                assert not node.attr.startswith("_"), f"{path.name}: {ast.unparse(node)}"


def test_the_facade_is_one_and_small() -> None:
    from kb import Library

    public = {name for name in vars(Library) if not name.startswith("_")} | {"settings"}
    assert len(public) <= 30, sorted(public)
    for path in [*MODULES, *(ROOT / "ui").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                assert not {ast.unparse(base) for base in node.bases} & {"Library", "Store", "Models"}, node.name


def test_below_the_facade_functions_take_the_parts_they_use() -> None:
    for path in sorted((ROOT / "kb" / "library").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.arg) and node.annotation is not None:
                assert "Library" not in re.findall(r"\w+", ast.unparse(node.annotation)), f"{path.name}: {node.arg}"


def test_only_the_settings_read_the_environment() -> None:
    # The child that parses is started with an environment of its own, and the app's is that of its command.
    allowed = {"kb/settings.py", "kb/guard.py", "kb/cli/app.py", "kb/library/jobs.py"}
    for path in MODULES:
        name = str(path.relative_to(ROOT))
        if name not in allowed:
            assert not re.search(r"os\.environ|os\.getenv", path.read_text(encoding="utf-8")), name


@pytest.mark.slow
def test_the_code_is_formatted_linted_and_typed() -> None:
    for command in (["ruff", "check", "."], ["ruff", "format", "--check", "kb", "ui", "tests"], ["mypy"]):
        done = subprocess.run(
            [__import__("sys").executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-2000:]
