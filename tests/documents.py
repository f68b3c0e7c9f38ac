"""The documents as the tests read them, and the tables in them that are made from the code.

``python -m tests.documents`` writes these tables anew; a test says when that is due.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import shlex
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr

import kb
from kb import Library, Settings

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n)(.*?)(\n<!-- end -->)", re.DOTALL)
_BEFORE_A_COMMAND = re.compile(r"\$|-|run:|\w+=.*|[\d*/,-]+")
"""What may stand before a command: a prompt, a step of a workflow, variables, the times of cron."""
_UNITS = "seconds bytes tokens calls pages characters figures".split()
_GROUPS = {
    "home": "The folder",
    "model": "Language models",
    "encoder": "Encoder and retrieval",
    "arxiv_api_url": "arXiv and downloads",
    "max_file_bytes": "Reading files",
    "browser_paths": "The app",
    "smtp_host": "Delivery",
}
"""The first setting of each group, and the group's heading."""


def fences(text: str, *languages: str) -> list[str]:
    """The fenced blocks of a page, of these languages or of all."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [block for language, block in found if not languages or language in languages]


def commands(text: str) -> list[list[str]]:
    """Each ``kb …`` in the fenced blocks of a page that hold commands, as its arguments without ``kb``."""
    found = []
    for block in fences(text, "sh", "text", "cron", "yaml"):
        for line in block.splitlines():
            words = shlex.shlex(line, posix=True, punctuation_chars="&|;<>")
            words.whitespace_split = True
            found += list(_calls(list(words))) if re.search(r"(?:^|[\s/])kb ", line) else []
    return found


def _calls(words: list[str]) -> Iterator[list[str]]:
    """The calls of kb in the words of a line: each goes as far as what joins commands or leads their output away."""
    before: list[str] = []
    call: list[str] | None = None
    for word in [*words, ";"]:
        if set(word) <= set("&|;<>"):
            if call is not None:
                yield call
            before, call = [], None
        elif call is not None:
            call.append(word)
        elif (word == "kb" or word.endswith("/kb")) and all(map(_BEFORE_A_COMMAND.fullmatch, before)):
            call = []
        else:
            before.append(word)


def settings_table() -> str:
    """Every setting under the heading of its group."""
    lines: list[str] = []
    for name, field in Settings.model_fields.items():
        if name in _GROUPS:
            lines += [
                f"{chr(10) * bool(lines)}## {_GROUPS[name]}\n",
                "| setting | variable | default | unit | may be | meaning |",
                "| --- | --- | --- | --- | --- | --- |",
            ]
        unit = next((unit for unit in _UNITS if name.endswith(unit)), "")
        row = (f"`{name}`", f"`KB_{name.upper()}`", _default(field.default), unit, _range(field), _meaning(field, name))
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def _default(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value) if value not in (None, "", {}) else ""


def _range(field: Any) -> str:
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(field.annotation))
    kind = field.annotation
    said = "yes, no" if kind is bool else "JSON object" if get_origin(kind) is dict else ""
    said = "a list, with commas" if get_origin(kind) is tuple else said
    limits = {type(limit).__name__.lower(): limit for limit in field.metadata}
    words = [
        f"{word} {getattr(limits[name], name)}"
        for name, word in (("ge", "from"), ("gt", "above"), ("le", "to"))
        if name in limits
    ]
    return ", ".join(words) or said


def _meaning(field: Any, name: str) -> str:
    text = str(field.description)
    if "(reindex)" in text:
        text = text.replace(" (reindex)", "") + " **kb reindex**"
    if field.annotation is SecretStr and "environment only" not in text:
        text += " (environment only)"
    return text + (" (not in `kb.toml`)" if name == "home" else "")


def records_table() -> str:
    """Every record of ``kb.__all__`` with its fields."""
    lines = ["| record | fields |", "| --- | --- |"]
    for name in kb.__all__:
        record = getattr(kb, name)
        if dataclasses.is_dataclass(record):
            lines.append(f"| `{name}` | {' '.join(f'`{field.name}`' for field in dataclasses.fields(record))} |")
    return "\n".join(lines)


def groups(library: Library) -> dict[str, type]:
    """The library's groups of methods by the name of the attribute (``library.topics`` and the like)."""
    values = {name: getattr(library, name) for name in dir(library) if not name.startswith("_")}
    return {
        name: type(value)
        for name, value in values.items()
        if type(value).__module__.startswith("kb.library") and not inspect.isroutine(value)
    }


def methods(owner: type) -> Iterator[types.FunctionType]:
    """The public methods of a class."""
    for name, member in inspect.getmembers(owner):
        function = inspect.unwrap(getattr(member, "__func__", member)) if callable(member) else None
        if not name.startswith("_") and inspect.isfunction(function):
            yield function


def methods_table() -> str:
    """The public methods of the library and of its groups: arguments, and the first sentence of the docstring."""
    owners = {"": Library, **groups(Library.open(Settings(home=ROOT / "nowhere")))}
    lines = ["| method of `Library`, with its arguments | what it does |", "| --- | --- |"]
    for name, owner in owners.items():
        for method in methods(owner):
            if method.__name__ in vars(owner):
                said = re.split(r"(?<=\.)\s", " ".join(str(inspect.getdoc(method)).split()), maxsplit=1)[0]
                said = re.sub(r"``([^`]*)``", r"`\1`", said).removesuffix(".")
                lines.append(f"| `{f'{name}.' * bool(name)}{method.__name__}({_arguments(method)})` | {said} |")
    return "\n".join(lines)


def _arguments(method: types.FunctionType) -> str:
    """The names of a method's arguments, as a call has them: a star before those that have to be named."""
    marks = {inspect.Parameter.VAR_KEYWORD: "**", inspect.Parameter.VAR_POSITIONAL: "*"}
    names, named = list[str](), False
    for parameter in inspect.signature(method).parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not named:
            names.append("*")
            named = True
        names.append(marks.get(parameter.kind, "") + parameter.name)
    return ", ".join(names)


TABLES = {"settings": settings_table, "records": records_table, "methods": methods_table}


def with_tables(text: str) -> str:
    """A page with its tables as the code has them now."""
    return _TABLE.sub(lambda match: f"{match[1]}{TABLES[match[2]]()}{match[4]}", text)


def main() -> None:
    """Write the tables of all pages anew."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if with_tables(text) != text:
            page.write_text(with_tables(text), encoding="utf-8")
            print(f"wrote {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
