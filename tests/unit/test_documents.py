"""The documents are kept true: verbs, options, settings, records, paths and links are those of the product."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import itertools
import json
import re
import subprocess
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pydantic import SecretStr

import kb
from kb import Library, Settings
from kb.cli.parser import build_parser
from tests.documents import PAGES, ROOT, commands, fences, groups, methods, with_tables

CONTRACT = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
OF_EVERY_VERB = {"-h", "--help", "--home", "--json", "--quiet", "--job"}
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


# ------------------------------------------------------------------------------------- the command line


def _parsers(parser: argparse.ArgumentParser, path: str = "kb") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every verb, and every action below one, with its words."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield f"{path} {name}", below
                yield from _parsers(below, f"{path} {name}")


def _options(parser: argparse.ArgumentParser) -> set[str]:
    return {name for action in parser._actions for name in action.option_strings} - OF_EVERY_VERB


def _codes(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def _sets() -> dict[str, set[str]]:
    """The options that several verbs share, under the name that the contract's tables use."""
    named = dict(re.findall(r"^\*\*([\w ]+)\*\*(?: of papers)?: (.*?)\n\n", CONTRACT, flags=re.MULTILINE | re.DOTALL))
    return {
        name.lower(): {code.split()[0] for code in _codes(text) if code.startswith("--")}
        for name, text in named.items()
    }


def _rows() -> dict[str, set[str]]:
    """Each verb (and action) of the contract's tables with the options that it is said to have."""
    found = {}
    for calls, options in re.findall(r"^\| (`kb [^|]*) \|([^|]*)\|", CONTRACT, flags=re.MULTILINE):
        stated = {code for code in _codes(options) if code.startswith("-")}
        for name, shared in _sets().items():
            stated |= shared if name in options else set()
        for call in _codes(calls):
            words = re.split(r" (?=[A-Z+\[])", call)[0].removesuffix(" retrieval")
            found[re.sub(r"^(kb ledger) .*", r"\1", words)] = stated
    return found


def test_the_contract_has_every_verb_with_exactly_its_options() -> None:
    verbs = dict(_parsers(build_parser("x")))
    with_actions = {name.rsplit(" ", 1)[0] for name in verbs if name.count(" ") == 2}
    assert _rows() == {name: _options(verb) for name, verb in verbs.items() if name not in with_actions}


def test_every_verb_has_help_that_ends_with_a_command_of_its_own() -> None:
    for name, parser in _parsers(build_parser("x")):
        assert parser.description, name
        example = str(parser.epilog).removeprefix("example:\n  ")
        assert example.startswith(f"{name} ") or example == name, example


@pages
def test_every_command_line_in_the_documents_is_one_that_kb_takes(page: Path) -> None:
    for words in commands(page.read_text(encoding="utf-8")):
        build_parser("x").parse_args(words)  # or it ends the test with what is wrong


def test_commands_are_found_wherever_documents_have_them() -> None:
    text = (
        "```sh\nKB_MODEL=a:b kb ask 'a; b'   # why\npip install x && .venv/bin/kb demo\n```\n"
        "```yaml\n- run: test ! -f l || kb ledger import l --home h\n```\n```text\n$ kb list\nkbd kb.toml\n```\n"
    )
    expected = [["ask", "a; b"], ["demo"], ["ledger", "import", "l", "--home", "h"], ["list"]]
    assert commands(text) == expected


# ------------------------------------------------------------------------------- tables, paths, links


@pages
def test_the_tables_that_are_made_from_the_code_are_as_the_code_is(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == with_tables(text), "write them anew: python -m tests.documents"


def test_every_setting_has_its_row() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `(KB_\w+)` \|", text, flags=re.MULTILINE)
    assert rows == [(name, f"KB_{name.upper()}") for name in Settings.model_fields]
    secrets = [field.default for field in Settings.model_fields.values() if isinstance(field.default, SecretStr)]
    assert [secret.get_secret_value() for secret in secrets] == [""] * len(secrets)


@pages
def test_every_path_that_the_documents_name_is_there(page: Path) -> None:
    named = re.findall(r"(?<![\w/.~-])(?:kb|ui|tests|\.ci)/[\w./-]*\w", page.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


def _tokens(page: Path) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")):
        yield token
        yield from token.children or ()


def _anchors(page: Path) -> set[str]:
    """Where links into a page can lead, as GitHub names headings."""
    tokens = list(_tokens(page))
    heads = [after.content for token, after in itertools.pairwise(tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pages
def test_every_link_and_picture_of_the_sources_leads_somewhere(page: Path) -> None:
    for token in _tokens(page):
        target = str(token.attrs.get("href") or token.attrs.get("src") or "")
        if not target or re.match(r"(?:https?|mailto):", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in _anchors(file), target


@pages
def test_pages_are_whole(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert text.count("```") % 2 == 0
    assert r"\|" not in text  # two readers of Markdown make two things of it


def test_pictures_are_few_small_and_shown() -> None:
    pictures = sorted((ROOT / "docs" / "pictures").iterdir())
    shown = {
        (page.parent / str(token.attrs["src"])).resolve()
        for page in PAGES
        for token in _tokens(page)
        if token.type == "image" and not str(token.attrs["src"]).startswith("http")
    }
    assert shown == set(pictures)
    assert len(pictures) <= 3
    assert all(picture.stat().st_size < 250_000 for picture in pictures)


def test_the_readme_is_a_screen_for_each_need() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    figures = re.findall(
        r"^\| .+ \| .+ \| `(?:python -m tests\.benchmarks|kb eval|kb verify).*` \|$", text, re.MULTILINE
    )
    assert len(figures) <= 5


# ------------------------------------------------------------------------------------------- kb.__all__


def _names(module: types.ModuleType) -> dict[str, object]:
    """What the module's annotations may name: its own names, and those that only a type checker imports."""
    names = dict(vars(module))
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            exec(compile(ast.Module(node.body, []), module.__name__, "exec"), names)
    return names


def _classes(hint: object) -> Iterator[type]:
    """The classes of ours in an annotation."""
    if isinstance(hint, type) and not isinstance(hint, types.GenericAlias) and hint.__module__.startswith("kb."):
        yield hint
    for part in typing.get_args(hint):
        yield from _classes(part)


def _is_record(one: type) -> bool:
    return dataclasses.is_dataclass(one) or one.__module__.startswith("kb.records")


def _records_of(owner: type) -> Iterator[type]:
    """The records that public methods of a class take and give."""
    for function in methods(owner):
        hints = typing.get_type_hints(function, globalns=_names(sys.modules[function.__module__]))
        yield from (one for hint in hints.values() for one in _classes(hint) if _is_record(one))


@pytest.mark.slow
def test_all_holds_every_record_that_a_method_takes_or_gives_and_what_these_are_made_of(tmp_path: Path) -> None:
    with Library.open(Settings.load(home=tmp_path / "home")) as library:
        waiting = [one for owner in (Library, *groups(library).values()) for one in _records_of(owner)]
    found: set[type] = set()
    while waiting:
        one = waiting.pop()
        if one not in found and _is_record(one):
            found.add(one)
            if dataclasses.is_dataclass(one):
                hints = typing.get_type_hints(one, globalns=_names(sys.modules[one.__module__]))
                waiting += [part for hint in hints.values() for part in _classes(hint)]
    assert len(found) > 40
    assert sorted(f"{one.__name__} of {one.__module__}" for one in found if one.__name__ not in kb.__all__) == []
    assert all(getattr(kb, one.__name__) is one for one in found)


def test_all_holds_what_the_contract_promises() -> None:
    assert {"Library", "Settings", "KbError", "__version__"} <= set(kb.__all__)
    assert len(set(kb.__all__)) == len(kb.__all__)
    for name in kb.__all__:
        assert getattr(kb, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = kb.nothing


def test_the_records_that_the_json_is_made_of_are_in_all() -> None:
    assert set(re.findall(r"\| as ([A-Z]\w+)", CONTRACT)) <= set(kb.__all__)


def test_kb_is_imported_without_what_it_does_not_need() -> None:
    code = "import sys, json, kb; print(json.dumps(sorted(name for name in sys.modules if name.startswith('kb'))))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["kb"]


def test_examples_in_python_can_be_read() -> None:
    for page in PAGES:
        for example in fences(page.read_text(encoding="utf-8"), "python"):
            ast.parse(example)
