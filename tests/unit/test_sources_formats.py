"""The table of formats."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest

from kb.sources.formats import FORMATS, Format, is_expected, reader_for, record_endings


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: f"{one.name}{one.endings}")
def test_every_format_has_its_reader_and_its_endings(one: Format) -> None:
    module, _, function = one.reader.partition(".")
    assert callable(getattr(import_module(f"kb.sources.{module}"), function))
    assert all(ending == ending.lower() and ending[:1] in ("", ".") for ending in one.endings)


def test_an_ending_alone_tells_one_format_at_most() -> None:
    certain = [ending for one in FORMATS if one.holds is None for ending in one.endings]
    assert len(certain) == len(set(certain))
    assert set(certain) <= set(record_endings())


CSL = json.dumps([{"id": "k", "type": "book", "title": "A title"}])
LINES = '{"title": "A", "authors": ["B. C"]}\n{"title": "D", "authors": []}\n'


@pytest.mark.parametrize(
    ("name", "text", "reader"),
    [
        ("a.bib", "", "bibtex.read"), ("A.BIB", "", "bibtex.read"), ("a.ris", "", "tagged.read_ris"),
        ("a.nbib", "", "tagged.read_nbib"), ("a.jsonl", "", "jsonl.read"), ("a.jsonl.gz", "", "jsonl.read"),
        ("a.json", LINES, "jsonl.read"), ("a.json", CSL, "csl.read"), ("a.json", '{"items": ' + CSL + "}", "csl.read"),
        ("a.json", '{"a": 1}', None), ("a.csv", "a,b\n1,2\n", None),
        ("a.csv", '\ufeff"Key","Item Type","Title"\n', "zotero_csv.read"),
        ("a.csv", "2402.19481\n1706.03762\n", "id_list.read"),
        ("a.txt", "2402.19481\n", "id_list.read"), ("ids", "2402.19481\n", "id_list.read"),
        ("a.txt", "\nPMID- 123\nTI  - A", "tagged.read_nbib"), ("a.txt", "TY  - JOUR\nTI  - A", "tagged.read_ris"),
        ("a.txt", "A paper\n", None), ("a.md", "# A paper\n", None),
        ("a.pdf", "2402.19481\n", None), ("a.gz", "no gzip", None), ("a.txt", "", None),
    ],
)  # fmt: skip
def test_a_file_is_of_one_format_by_its_name_and_where_needed_its_beginning(
    tmp_path: Path, name: str, text: str, reader: str | None
) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    found = reader_for(path)
    assert (found.reader if found else None) == reader


def test_a_named_file_gets_the_reader_that_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    found = reader_for(tmp_path / "a.json", named=True)
    assert found is not None
    assert found.reader == "csl.read"
    assert reader_for(tmp_path / "gone.txt") is None


def test_what_a_name_promises() -> None:
    assert is_expected(Path("a.bib"))
    assert is_expected(Path("a.jsonl.gz"))
    assert not is_expected(Path("a.json"))
    assert not is_expected(Path("a.gz"))
