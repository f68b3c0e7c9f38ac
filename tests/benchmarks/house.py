"""How large the house is, and how far a journey through it goes: ``python -m tests.benchmarks.house [ROOT]``.

Counts modules, lines of code (lines with a token that are no docstring, comment or blank), modules that one other
imports, and what a module imports on average; then runs five journeys by the command line on the demo's papers, each
twice, and counts over the second run the modules that it enters, their functions, and the calls from one module into
another. Nothing is timed: a profiler is on.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

HERE = Path(__file__).resolve().parents[2]
_NO_CODE = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING,
            tokenize.ENDMARKER)  # fmt: skip


def code_lines(path: Path) -> int:
    """Lines with a token that are not part of a docstring."""
    text = path.read_text(encoding="utf-8")
    documented: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            documented.update(range(body[0].lineno, (body[0].end_lineno or body[0].lineno) + 1))
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - documented)


def imports(root: Path) -> dict[str, set[str]]:
    """Each module of ``kb`` with the modules of ``kb`` that it names, wherever the import stands."""
    names = {}
    for path in sorted((root / "kb").rglob("*.py")):
        name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        names[name] = path
    found: dict[str, set[str]] = {}
    for name, path in names.items():
        wanted: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                wanted.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    wanted.add(full if full in names else node.module)
        found[name] = (wanted & set(names)) - {name}
    return found


def measure(root: Path) -> None:
    """Print the size of each room and of the whole."""
    graph = imports(root)
    rooms: Counter[str] = Counter()
    modules: Counter[str] = Counter()
    for path in sorted((root / "kb").rglob("*.py")):
        room = path.relative_to(root).parts[1] if path.parent != root / "kb" else "*.py"
        rooms[room] += code_lines(path)
        modules[room] += 1
    importers = Counter(one for wanted in graph.values() for one in wanted)
    for room in rooms:
        print(f"  {room:12} {modules[room]:4} modules {rooms[room]:6} lines of code")
    single = sum(importers[name] == 1 for name in graph)
    fan_out = sum(map(len, graph.values())) / len(graph)
    print(
        f"  whole        {len(graph):4} modules {sum(rooms.values()):6} lines of code; {single} imported by one other;"
        f" mean fan-out {fan_out:.2f}"
    )


class Walk:
    """What a journey enters, told by the interpreter's profiler hook."""

    def __init__(self, root: Path) -> None:
        self._within = str(root / "kb") + os.sep
        self.functions: set[Any] = set()
        self.modules: set[str] = set()
        self.crossings = 0

    def hook(self, frame: FrameType, event: str, argument: object) -> None:
        """Called at each call of a function."""
        if event != "call" or not (place := frame.f_code.co_filename).startswith(self._within):
            return
        self.functions.add(frame.f_code)
        self.modules.add(place)
        back = frame.f_back
        while back is not None and not back.f_code.co_filename.startswith(self._within):
            back = back.f_back
        self.crossings += back is not None and back.f_code.co_filename != place

    def told(self, title: str) -> str:
        """One line."""
        modules, functions = len(self.modules), len(self.functions)
        return f"  {title:20} {modules:4} modules {functions:5} functions {self.crossings:7} crossings"


@contextlib.contextmanager
def walking(root: Path) -> Iterator[Walk]:
    """Count what is called within."""
    walk = Walk(root)
    sys.setprofile(walk.hook)
    try:
        yield walk
    finally:
        sys.setprofile(None)


def journeys(root: Path) -> None:
    """Print the five journeys."""
    from kb.cli import main

    demo = root / "kb" / "demo"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home, page = ["--home", str(folder / "home"), "--quiet"], folder / "page"
        quiet = contextlib.redirect_stdout(io.StringIO())

        def run(words: Sequence[str]) -> None:
            with quiet:
                assert main([*words, *home]) in (0, 4), words

        run(
            [
                "add",
                str(demo / "records.jsonl"),
                str(demo / "2020.acl-main.207.pdf"),
                str(demo / "2020.acl-main.447.pdf"),
            ]
        )
        day = ["--date", "2024-03-04", "--format", "html,json", "--out", str(page)]
        steps: list[tuple[str, list[list[str]]]] = [
            ("search, lexical", [["search", "citation graph", "--mode", "lexical"]] * 2),
            ("search, hybrid", [["search", "citation graph"]] * 2),
            ("ask", [["ask", "What is SPECTER trained on?"]] * 2),
            ("add a PDF (parent)", [["add", str(demo / "2020.acl-main.207.pdf")], ["add", str(demo / "N18-3011.pdf")]]),
            ("digest, a page", [["digest", *day]] * 2),
        ]
        for title, (first, second) in steps:
            run(first)
            with walking(root) as walk:
                run(second)
            print(walk.told(title))
        made = str(next(page.rglob("*.html")))
        run(["verify", made])
        with walking(root) as walk:
            run(["verify", made])
        print(walk.told("page, verify"))


if __name__ == "__main__":
    where = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else HERE
    if where == HERE or os.environ.get("PYTHONPATH") == str(where):
        measure(where)
        journeys(where)
    else:  # another checkout: its own modules are to be imported
        subprocess.run(
            [sys.executable, str(Path(__file__).resolve()), str(where)],
            cwd=where, env={**os.environ, "PYTHONPATH": str(where)}, check=True,
        )  # fmt: skip
