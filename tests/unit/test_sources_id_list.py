"""Text files whose lines are ids and addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.records import Failure, Item
from kb.sources.id_list import holds_ids, read

LISTS = {
    "one": "2402.19481",
    "plain": "2402.19481\nhttps://arxiv.org/abs/1706.03762\n\n",
    "comments": "# my reading list\n2402.19481  # the first\n// more\n1706.03762 % two\n; end\n",
    "bullets": "- 2402.19481\n* arXiv:1706.03762v2\n3. hep-th/9901001\n[4] https://huggingface.co/papers/2401.00001\n",
    "stamps": "arXiv:2402.19481v2 [cs.CV] 29 Feb 2024\narXiv: hep-th/9901001\n",
    "in a row": "2402.19481, 1706.03762; 2401.00001\t2401.00002\n",
    "links": "- [A title (2024)](https://arxiv.org/abs/2402.19481)\n",
    "quoted": "'2402.19481',\n\"1706.03762\"\n",
    "of other kinds": "10.1000/182\ndoi: 10.1000/183\nISBN 978-0-262-03384-8\nPMID: 1\nhttps://openreview.net/forum?id=a\n",
    "with a mark": "\ufeff2402.19481\r\n1706.03762\r\n",
    "fragments": "https://www.alphaxiv.org/abs/2402.19481#p3\n",
}
PAPERS = {
    "empty": "", "blank": " \n\n", "comments alone": "# nothing\n", "prose": "See arXiv:2402.19481 for details.\n",
    "mixed": "2402.19481\nA title of a paper\n", "titles": "2402.19481 A title\n", "numbers": "1\n2\n3.5\n",
    "long": "2402.19481 " * 1000, "prose behind": "2402.19481\n" * 500 + "The end.\n", "words": "- one\n- two\n",
}  # fmt: skip


def written(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_lines_that_are_all_ids_are_a_list(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "list.txt", text)
    assert holds_ids(path)
    assert list(read(path))


@pytest.mark.parametrize("text", PAPERS.values(), ids=PAPERS)
def test_any_other_line_makes_it_a_text(tmp_path: Path, text: str) -> None:
    assert not holds_ids(written(tmp_path / "paper.txt", text))


def test_the_ids_come_in_their_order_and_others_are_told_by_line(tmp_path: Path) -> None:
    path = written(
        tmp_path / "list.txt", "# list\n2402.19481, 1706.03762v2\n10.1000/182\nhttps://openreview.net/forum?id=a"
    )
    found = list(read(path))
    assert [thing.what for thing in found if isinstance(thing, Item)] == ["2402.19481", "1706.03762v2"]
    assert not any(thing.record or thing.file for thing in found if isinstance(thing, Item))
    failures = [thing for thing in found if isinstance(thing, Failure)]
    assert [(one.what, one.code) for one in failures] == [("list.txt:3", "bad-id"), ("list.txt:4", "bad-id")]
    assert "DOI" in failures[0].reason
    assert "openreview.net" in failures[1].reason


@pytest.mark.parametrize("code", ["utf-8-sig", "utf-16"])
def test_what_an_editor_saves_as_unicode_is_read(tmp_path: Path, code: str) -> None:
    path = tmp_path / "list.txt"
    path.write_text("2402.19481\n1706.03762\n", encoding=code)
    assert holds_ids(path)
    assert len(list(read(path))) == 2


def test_binary_data_is_no_list(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(bytes(range(256)) * 100)
    assert not holds_ids(path)


def test_a_list_that_is_too_large_or_gone_is_one_line(tmp_path: Path) -> None:
    [large] = read(written(tmp_path / "list.txt", "2402.19481\n" * 10), max_bytes=20)
    [gone] = read(tmp_path / "gone.txt")
    assert [one.code for one in (large, gone) if isinstance(one, Failure)] == ["too-large", "file-unreadable"]
