"""Pages of the old kind: what records and stored text refute is a fault, what only a full text could tell is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb import Library, Settings
from kb.records import Verification
from tests.rendering_pages import RECORDS


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(Settings(home=tmp_path_factory.mktemp("old") / "home")) as opened:
        opened.add(str(RECORDS))
        yield opened


OLD_PAGE = """---
title: T
date: 2024-03-04 21:30:23
---

# 2024-03-04 更新

## ViewFusion: Towards Multi-View Consistency via   Interpolated Denoising

**Authors:Xianghui Yang, Yan Zuo, Sameera Ramasinghe, Loris Bazzani, Gil Avraham, Anton van den Hengel**

{abstract}

[PDF](http://arxiv.org/abs/2402.18842v1) CVPR2024,homepage:https://wi-sc.github.io/ViewFusion.github.io/

**Summary**
ViewFusion 算法快 17 倍。

**Key Takeaways**
- ViewFusion 优于 GaussianDreamer。

**[ChatPaperFree](https://example.org)**

<ol>
<li>标题：ViewFusion</li>
<li>作者：Lingjie Liu, Shuyang Gu</li>
<li>单位：清华大学</li>
<li>论文链接：https://arxiv.org/abs/2302.07033，Github 链接：None</li>
<li>摘要：
（1）：待查阅相关文献后补充</li>
</ol>
<p><Methods>: xxx</p>
<details><img src="https://pic.example.org/v2-99.jpg"></details>
"""


def verified(library: Library, folder: Path, **changes: str) -> Verification:
    """The page above about the stored paper, with some texts replaced."""
    text = OLD_PAGE.replace("{abstract}", library.papers.get("2402.18842").abstract)
    for old, new in changes.items():
        assert TRUE[old] in text, old
        text = text.replace(TRUE[old], new)
    (folder / "old.md").write_text(text)
    return library.pages.verify(folder / "old.md")


def told(found: Verification) -> set[tuple[str, str]]:
    return {(fault.field, fault.found) for fault in found.faults}


def test_what_the_record_refutes_is_a_fault_and_what_nobody_knows_is_said_apart(
    library: Library, tmp_path: Path
) -> None:
    found = verified(library, tmp_path)
    assert {fault.entry for fault in found.faults} == {"arxiv:2402.18842"}
    assert told(found) == {
        ("author", "Lingjie Liu, Shuyang Gu"), ("id", "2302.07033"), ("placeholder", "Github 链接: None"),
        ("placeholder", "待查阅"), ("placeholder", "<Methods>"),
    }  # fmt: skip
    assert {(one.field, one.found, one.why.kind) for one in found.unchecked} == {
        ("number", "17 倍", "full-text-not-read"),
        ("name", "GaussianDreamer", "full-text-not-read"),
        ("affiliation", "清华大学", "full-text-not-read"),
    }


TRUE = {
    "note": "Lingjie Liu, Shuyang Gu",
    "header": "Xianghui Yang, Yan Zuo, Sameera Ramasinghe, Loris Bazzani, Gil Avraham, Anton van den Hengel",
    "link": "https://arxiv.org/abs/2302.07033",
    "source": "2402.18842v1",
}
NAMES = TRUE["header"].split(", ")


@pytest.mark.parametrize(
    "names",
    [
        f"{', '.join(NAMES[:-1])}, and {NAMES[-1]}",
        f"{', '.join(NAMES[:-1])} and {NAMES[-1]}",
        f"{', '.join(NAMES[:-1])} & {NAMES[-1]}",
        "、".join(NAMES),
        f"{'；'.join(NAMES[:-1])}；和 {NAMES[-1]}",
        "，".join(f"{name}（杨祥辉）" for name in NAMES),
        ", ".join(f"杨祥辉 ({name})" for name in NAMES),
    ],
)
def test_a_right_list_of_authors_is_right_however_it_is_put(library: Library, tmp_path: Path, names: str) -> None:
    assert "author" not in {field for field, _ in told(verified(library, tmp_path, note=names))}


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        (f"{', '.join(NAMES[:-1])}, and Jane Doe", "Jane Doe"),
        (", ".join(NAMES).replace("Yan Zuo", "Yan Zou"), "Yan Zou"),
        (f"{', '.join(NAMES)}, Jane Doe", "Jane Doe"),
        (", ".join(NAMES).replace("Yan Zuo", "Jane Doe（左言）"), "Jane Doe（左言）"),
    ],
)
def test_a_wrong_name_in_a_list_of_authors_is_a_fault(library: Library, tmp_path: Path, names: str, wrong: str) -> None:
    assert ("author", wrong) in told(verified(library, tmp_path, note=names))


def test_a_wrong_version_and_a_misspelt_address_are_faults(library: Library, tmp_path: Path) -> None:
    assert ("version", "v9") in told(verified(library, tmp_path, source="2402.18842v9"))
    found = verified(library, tmp_path, link="https://wi-sc.github.io/ViewFusion.github.oi/")
    assert "link" in {field for field, _ in told(found)}
    strange = verified(library, tmp_path, link="https://somewhere.example.org/other")
    assert "link" not in {field for field, _ in told(strange)}
    assert "link" in {one.field for one in strange.unchecked}


def test_a_page_about_papers_that_are_not_stored_is_held_against_its_own_header(tmp_path: Path) -> None:
    with Library.open(Settings(home=tmp_path / "home")) as empty:
        empty._store.catalog(create=True)
        (tmp_path / "old.md").write_text(OLD_PAGE.replace("{abstract}", "An abstract."))
        found = empty.pages.verify(tmp_path / "old.md")
    assert "paper" in {one.field for one in found.unchecked}
    assert ("author", "Lingjie Liu, Shuyang Gu") in told(found)


@pytest.mark.shared
def test_the_faults_of_the_page_that_ours_replaces_are_found(library: Library, shared: Path) -> None:
    found = library.pages.verify(shared / "seed" / "digest-2024-03-04.md")
    by_field: dict[str, set[str]] = {}
    for fault in found.faults:
        by_field.setdefault(fault.field, set()).add(fault.entry.removeprefix("arxiv:"))
    assert by_field["author"] == {"2402.19330", "2402.19302", "2402.18842", "2402.18780"}
    assert by_field["id"] == {"2402.18842", "2402.18780"}
    assert by_field["link"] == {"2402.19330", "2402.19302"}
    assert by_field["placeholder"] == {"2402.18842", "2402.18780"}
    assert by_field.keys() == {"author", "id", "link", "placeholder"}
    assert {one.field for one in found.unchecked} == {"affiliation", "name"}
