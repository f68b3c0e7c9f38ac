"""One home for errors: their classes, their codes, and the exit statuses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb import errors

ROOT = Path(__file__).resolve().parents[2]
MODULES = [path for folder in ("kb", "ui") for path in sorted((ROOT / folder).rglob("*.py"))]
_STATUSES = ("DONE", "NOT_DONE", "WRONG_USAGE", "IN_PART", "FAULTS", "INTERRUPTED")


def _codes(tree: ast.AST) -> Iterator[str]:
    """Codes that are written down: of a class, in a call, in a reply of the parsing child, as a fallback."""
    for node in ast.walk(tree):
        stated: list[ast.expr] = []
        if isinstance(node, ast.ClassDef):
            stated = [
                statement.value
                for statement in node.body
                if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "code"
            ]
        elif isinstance(node, ast.Call):
            stated = [word.value for word in node.keywords if word.arg == "code"]
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            named = {key.value: value for key, value in pairs if isinstance(key, ast.Constant)}
            stated = [named["code"]] if "code" in named and named.keys() & {"message", "error"} else []
        for value in stated:
            yield from _texts(value)


def _texts(value: ast.expr) -> Iterator[str]:
    """The codes that an expression may be: ``"a"``, ``"a" if x else "b"``, ``x or "b"``."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from (*_texts(value.body), *_texts(value.orelse))
    elif isinstance(value, ast.BoolOp):
        yield from (text for one in value.values for text in _texts(one))


@pytest.mark.slow
def test_every_code_that_is_written_anywhere_is_listed_and_every_listed_one_is_written() -> None:
    written = {path: set(_codes(ast.parse(path.read_text(encoding="utf-8")))) for path in MODULES}
    unlisted = {path.name: codes - errors.CODES for path, codes in written.items() if codes - errors.CODES}
    assert unlisted == {}
    everything = "\n".join(path.read_text(encoding="utf-8") for path in MODULES if path.name != "errors.py")
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.KbError)]
    in_tree = {one.code for one in classes}
    assert {code for code in errors.CODES - in_tree if f'"{code}"' not in everything} == set()


@pytest.mark.slow
def test_every_class_of_error_stands_in_the_tree_and_nowhere_else() -> None:
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.KbError)]
    names = {one.__name__ for one in classes}
    assert [name for name in sorted(names) if f"{name} " not in (errors.__doc__ or "")] == []
    elsewhere = {
        node.name
        for path in MODULES
        if path.name != "errors.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and names & {ast.unparse(base) for base in node.bases}
    }
    assert elsewhere == set()


@pytest.mark.slow
def test_exit_statuses_are_those_of_the_contract_and_are_written_once() -> None:
    assert [getattr(errors, name) for name in _STATUSES] == [0, 1, 2, 3, 4, 130]
    for path in MODULES:
        if path.name != "errors.py":
            named = {
                ast.unparse(target).strip("_")
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Assign)
                for target in (node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else node.targets)
            }
            assert named & set(_STATUSES) == set(), path.name
