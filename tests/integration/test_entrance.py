"""Whatever file a verb is given, it ends with a line that names the file and the cure, and never waits or breaks."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kb import Library, Settings
from kb.errors import KbError
from tests.fakes import WordEncoder

ROOT = Path(__file__).resolve().parents[2]
READERS: dict[str, tuple[str, Callable[[Library, Path], object]]] = {
    "verify": (".md", lambda library, path: library.pages.verify(path)),
    "verify data": (".json", lambda library, path: library.pages.verify(path)),
    "render": (".json", lambda library, path: library.pages.rewrite(path, ["html"], out=path.parent / "out")),
    "diff": (".json", lambda library, path: library.pages.diff(path, path)),
    "ledger": (".json", lambda library, path: library.topics.import_ledger(path)),
    "check": (".md", lambda library, path: library.check(path)),
    "visit": (".pdf", lambda library, path: library.jobs.visit(path)),
    "cite": (".csl", lambda library, path: library.papers.cite([library.list(limit=1)[0].id], style=str(path))),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(Settings.load(home=tmp_path_factory.mktemp("home"), threads=1)) as library:
        library._models._encoder = WordEncoder()
        library.add(str(ROOT / "kb" / "demo" / "records.jsonl"))
        yield library


@pytest.mark.parametrize("verb", READERS)
def test_a_pipe_is_refused_by_every_verb_that_reads(verb: str, library: Library, tmp_path: Path) -> None:
    ending, read = READERS[verb]
    for kind in ("pipe", "folder", "device", "absent"):
        path = tmp_path / f"{kind}{ending}"
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        elif kind == "device":
            path.symlink_to("/dev/zero")
        with pytest.raises(KbError) as caught:
            read(library, path)
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_configuration_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "kb.toml")
    with pytest.raises(KbError, match=r"kb\.toml cannot be read: it is a pipe"):
        Settings.load(home=tmp_path)


@pytest.mark.parametrize("name", ["deep.json", "deep.html", "deep.md", "deep.atom.xml", "deep.eml", "deep.bib"])
def test_nesting_without_end_in_a_page_ends_in_one_line_or_in_faults(
    name: str, library: Library, tmp_path: Path
) -> None:
    deep = {
        "deep.json": ["[" * 9000, '{"entries":' * 9000, '{"paper":' + '{"a":' * 9000],
        "deep.html": ["<html><body><article>" + tag * 9000 for tag in ("<div>", "<b>", "<ul><li>")],
        "deep.md": ["# Update of 2024-03-04\n\n## T\n\n" + sign * 9000 for sign in (">", "[", "*", "(", "<div>")],
        "deep.atom.xml": ["<feed>" + "<a>" * 9000 + "</a>" * 9000 + "</feed>"],
        "deep.eml": [f"Subject: {'(' * 9000}\nDate: {'(' * 9000}\n\nx", "Content-Type: text/plain; a=" + "(" * 9000],
        "deep.bib": ["@article{a, title={" + "{" * 9000, "@article{a, title=" + "x#" * 9000 + "x}"],
    }
    for text in deep[name]:
        (tmp_path / name).write_text(text, encoding="utf-8")
        with contextlib.suppress(KbError):
            library.pages.verify(tmp_path / name)


def test_a_ledger_whose_visit_is_nested_without_end_is_refused(library: Library, tmp_path: Path) -> None:
    visit = '{"topic":"t","day":"2024-03-04","report":"' + "[" * 9000 + '"}'
    (tmp_path / "ledger.json").write_text('{"schema":"kb.ledger-file/1","visits":[' + visit + "]}")
    with pytest.raises(KbError, match="export the ledger again"):
        library.topics.import_ledger(tmp_path / "ledger.json")
