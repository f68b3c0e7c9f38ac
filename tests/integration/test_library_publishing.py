"""Pages of a library are written, rendered again, compared and verified: ours hold, changed ones do not."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kb import Library, Settings, wire
from kb.errors import BadRecord, FileUnreadable, HomeUnwritable, UsageError
from kb.library.pages import LibrarySources
from kb.records import Digest
from tests.rendering_pages import DAY, RECORDS, digest_of, note_of, seed_papers

PAGES = ("2024-03-04.md", "2024-03-04.plain.md", "2024-03-04.html", "digest.json")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(Settings(home=tmp_path_factory.mktemp("publishing") / "home")) as opened:
        opened.add(str(RECORDS))
        yield opened


@pytest.fixture(scope="module")
def pages(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seed's day in all forms that can be verified."""
    folder = tmp_path_factory.mktemp("pages")
    library.pages.write(library.digest(day=DAY), ["hexo", "md", "html", "json"], out=folder)
    return folder


def faults_of(library: Library, name: str, text: str, folder: Path) -> list[tuple[str, str, str, str]]:
    path = folder / name
    path.write_text(text)
    return [(fault.entry, fault.field, fault.found, fault.expected) for fault in library.pages.verify(path)[0]]


@pytest.mark.parametrize("name", PAGES)
def test_our_pages_have_no_fault(library: Library, pages: Path, name: str) -> None:
    faults, checked = library.pages.verify(pages / name)
    assert faults == []
    assert checked > 150


def test_pages_of_a_period_have_no_fault_and_a_changed_day_is_one(library: Library, tmp_path: Path) -> None:
    digest = library.digest(since=DAY.replace(day=1), until=DAY)
    files = library.pages.write(digest, ["hexo", "md", "html", "json"], out=tmp_path)
    assert len(files) == 4
    for path in files:
        assert library.pages.verify(path)[0] == [], path.name
        if path.suffix != ".json":
            found = faults_of(
                library, path.name, path.read_text().replace("to 2024-03-04", "to 2024-03-03", 1), tmp_path
            )
            assert [field for _, field, *_ in found] == ["date"], (path.name, found)


@pytest.mark.parametrize("form", ["md", "html"])
def test_a_note_of_ours_can_be_verified(library: Library, tmp_path: Path, form: str) -> None:
    library.pages.save(library.pages.render(library.note("2402.19481"), form), tmp_path)
    (path,) = tmp_path.iterdir()
    assert library.pages.verify(path)[0] == []
    found = faults_of(library, path.name, path.read_text().replace("6.1", "6.7"), tmp_path)
    assert [field for _, field, *_ in found] == ["number"]


CHANGES = [
    ("Muyang Li", "Jane Q. Doe", "author"),
    ("Alessio Del Bue", "Alessio Del Rey", "author"),
    ("2402.19330", "2402.19339", "id"),
    ("2402.18842v1", "2402.18842v3", "version"),
    ("github.com/IIT-PAVIS/DiffAssemble", "github.com/IITPAVIS/DiffAssemble", "link"),
    ("by 1.5%, 1.9%, and 3.1%", "by 1.5%, 2.9%, and 3.1%", "number"),
    ("performing 11 times faster", "performing 12 times faster", "number"),
]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("old", "new", "field"), CHANGES)
def test_one_changed_value_is_one_fault_wherever_it_stands(
    library: Library, pages: Path, tmp_path: Path, name: str, old: str, new: str, field: str
) -> None:
    text = (pages / name).read_text()
    if name == "digest.json" and field == "version":
        start = text.rindex('"version": 1,', 0, text.index('"authors": [\n          "Xianghui Yang"'))
        text = text[:start] + "@" + text[start + len('"version": 1,') :]
        text, old, new = (
            text.replace('"version": 1,', '"version":  1,').replace("@", '"version": 1,'),
            '"version": 1,',
            '"version": 3,',
        )
    places = [match.start() for match in re.finditer(re.escape(old), text)]
    places = [at for at in places if 'data-paper="' not in text[at - 20 : at]]
    assert places
    everywhere = faults_of(library, name, text.replace(old, new), tmp_path)
    assert [fault[1] for fault in everywhere] == [field], everywhere
    for at in places[:2] + places[2:][-2:]:
        alone = faults_of(library, name, text[:at] + new + text[at + len(old) :], tmp_path)
        assert [fault[1] for fault in alone] == [field], (text[at - 60 : at + 60], alone)


@pytest.mark.parametrize("name", PAGES)
def test_as_many_faults_as_changes(library: Library, pages: Path, tmp_path: Path, name: str) -> None:
    random.seed(7)
    for count in (2, 3, 5):
        text = (pages / name).read_text()
        chosen = random.sample([change for change in CHANGES if change[2] != "version"], count)
        for old, new, _ in chosen:
            text = text.replace(old, new)
        found = faults_of(library, name, text, tmp_path)
        assert sorted(fault[1] for fault in found) == sorted(field for *_, field in chosen)


def test_any_changed_number_of_the_abstracts_and_quotations_is_found(
    library: Library, pages: Path, tmp_path: Path
) -> None:
    random.seed(3)
    text = (pages / "2024-03-04.md").read_text()
    body = text.index("## ")
    numbers = [m for m in re.finditer(r"(?<![\w#&./=\"'\[-])\d+(?:\.\d+)?(?=%|&#|\$| )", text) if m.start() > body]
    numbers = [m for m in numbers if not re.match(r"\d+\. ", text[text.rfind("\n", 0, m.start()) + 1 :])]
    assert len(numbers) > 20
    for match in random.sample(numbers, 20):
        changed = text[: match.start()] + match[0] + "7" + text[match.end() :]
        found = faults_of(library, "page.md", changed, tmp_path)
        assert [(field, was) for _, field, was, _ in found] == [("number", match[0] + "7")], match


def test_dates_counts_marks_and_invented_sentences_are_found(library: Library, pages: Path, tmp_path: Path) -> None:
    text = (pages / "2024-03-04.md").read_text()

    def fields(old: str, new: str) -> list[str]:
        assert old in text
        return [fault[1] for fault in faults_of(library, "page.md", text.replace(old, new, 1), tmp_path)]

    assert fields("# Update of 2024-03-04", "# Update of 2024-03-05") == ["date"]
    assert fields("date: 2024-03-04", "date: 2023-03-04") == ["date"]
    assert fields("5 found: 5 new", "6 found: 5 new") == ["number"]
    assert fields("5 found: 5 new", "5 found: 4 new") == ["number"]
    mark = re.search(r'<sup><a href="#([\w-]+)-e1">\[1\]</a></sup>', text)
    assert mark is not None
    assert fields(mark[0], f'<sup><a href="#{mark[1]}-e99">[99]</a></sup>') == ["evidence"]
    assert fields("**Key Takeaways**\n\n", "**Key Takeaways**\n\n- It cures cancer.\n") == ["evidence"]
    assert fields("First author's affiliation: not stated", "First author's affiliation: MIT") == ["affiliation"]
    assert fields("abstract of the record: “", "p. 12: “") == ["page"]


def test_a_paper_that_is_not_in_the_library_is_a_fault(library: Library, tmp_path: Path) -> None:
    paper = replace(seed_papers()[0], id="arxiv:2001.00001", aliases=(), title="Quite Another Matter", authors=("A B",))
    digest = digest_of([note_of(replace(paper, abstract="Nothing in common here."))])
    library.pages.write(digest, ["hexo", "json"], out=tmp_path)
    for name in ("2024-03-04.md", "digest.json"):
        faults, _ = library.pages.verify(tmp_path / name)
        assert [(fault.field, fault.found) for fault in faults] == [("paper", "Quite Another Matter")]


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


def test_pages_of_the_old_kind_are_read_and_their_faults_listed(library: Library, tmp_path: Path) -> None:
    paper = library.papers.get("2402.18842")
    found = faults_of(library, "old.md", OLD_PAGE.replace("{abstract}", paper.abstract), tmp_path)
    assert {entry for entry, *_ in found} == {paper.id}
    told = {(field, value) for _, field, value, _ in found}
    assert told >= {
        ("author", "Lingjie Liu, Shuyang Gu"), ("id", "2302.07033"), ("number", "17 倍"), ("name", "GaussianDreamer"),
        ("affiliation", "清华大学"), ("placeholder", "Github 链接: None"), ("placeholder", "待查阅"),
        ("placeholder", "<Methods>"),
    }  # fmt: skip
    assert len(told) == 8


@pytest.mark.shared
def test_the_faults_of_the_page_that_ours_replaces_are_found(library: Library, shared: Path) -> None:
    faults, _ = library.pages.verify(shared / "seed" / "digest-2024-03-04.md")
    by_field: dict[str, set[str]] = {}
    for fault in faults:
        by_field.setdefault(fault.field, set()).add(fault.entry.removeprefix("arxiv:"))
    assert by_field["author"] == {"2402.19330", "2402.19302", "2402.18842", "2402.18780"}
    assert by_field["id"] == {"2402.18842", "2402.18780"}
    assert by_field["link"] == {"2402.19330", "2402.19302"}
    assert by_field["placeholder"] == {"2402.18842", "2402.18780"}
    assert "T3Bench" in {fault.found for fault in faults if fault.field == "name"}
    assert "version" not in by_field
    assert "title" not in by_field
    assert "abstract" not in by_field


def test_the_same_pages_come_from_the_data(library: Library, pages: Path, tmp_path: Path) -> None:
    library.pages.rewrite(pages / "digest.json", ["hexo", "md", "html", "json"], out=tmp_path)
    for name in PAGES:
        assert (tmp_path / name).read_bytes() == (pages / name).read_bytes()


def test_a_withdrawal_is_marked_in_old_pages_when_they_are_rendered_again(
    library: Library, pages: Path, tmp_path: Path
) -> None:
    with Library.open(Settings(home=tmp_path / "home")) as other:
        other.add(str(RECORDS))
        other.set("2402.18780", withdrawn="true")
        other.pages.rewrite(pages / "digest.json", ["hexo"], out=tmp_path)
        other.pages.rewrite(pages / "digest.json", ["hexo"], out=tmp_path)  # an output that exists is no hindrance
    page = (tmp_path / "2024-03-04.md").read_text()
    assert page.count("This paper has been withdrawn.") == 1
    assert "withdrawn.**" not in (pages / "2024-03-04.md").read_text()


def test_diff_says_what_is_new_gone_and_changed(library: Library, pages: Path, tmp_path: Path) -> None:
    old = wire.from_json((pages / "digest.json").read_bytes(), Digest)
    same = library.pages.diff(pages / "digest.json", pages / "digest.json")
    assert (same.new, same.gone, same.changed) == ((), (), ())
    changed = replace(old.entries[1], paper=replace(old.entries[1].paper, version=2, title="New"), takeaways=())
    other = replace(old, entries=(changed, *old.entries[2:], note_of(replace(seed_papers()[0], id="arxiv:2403.00001"))))
    (tmp_path / "new.json").write_text(wire.to_json(other))
    assert json.loads(wire.to_json(library.pages.diff(pages / "digest.json", tmp_path / "new.json"))) == {
        "new": ["arxiv:2403.00001"],
        "gone": [old.entries[0].paper.id],
        "changed": [{"id": old.entries[1].paper.id, "fields": ["paper.title", "paper.version", "takeaways"]}],
    }


def test_what_is_no_page_is_said_in_one_line(library: Library, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"a": 1}')
    (tmp_path / "x.md").write_text("hello")
    (tmp_path / "x.pdf").write_text("hello")
    for name, error, words in (
        ("x.json", BadRecord, "no digest"), ("x.md", BadRecord, "is no daily page"),
        ("x.pdf", UsageError, "cannot be checked"), ("absent.md", FileUnreadable, "cannot be read"),
    ):  # fmt: skip
        with pytest.raises(error, match=words):
            library.pages.verify(tmp_path / name)


def test_a_folder_that_cannot_be_written_is_said(library: Library, pages: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeUnwritable, match="file"):
        library.pages.save([("a/b.md", b"x")], tmp_path / "file")


def test_the_index_covers_all_digests_below_a_folder(library: Library, pages: Path, tmp_path: Path) -> None:
    shutil.copytree(pages, tmp_path / "site" / "2024-03-04")
    (tmp_path / "site" / "other").mkdir()
    (tmp_path / "site" / "other" / "digest.json").write_text(json.dumps({"not": "ours"}))
    index = library.pages.write_index(tmp_path / "site")
    assert 'href="2024-03-04/2024-03-04.html"' in index.read_text()
    assert "other/" not in index.read_text()


def drafted_digest(library: Library, *, text: str, translated: str | None = None) -> Digest:
    """The seed's day with one sentence in a model's words, checked as the notes check it."""
    digest = library.digest(day=DAY)
    number = next(i for i, note in enumerate(digest.entries) if note.paper.id == "arxiv:2402.19481")
    note = digest.entries[number]
    source = next(claim for claim in note.results if "6.1" in claim.text)
    sources = LibrarySources(library._store.catalog(), library._store.corpus())
    verdict, reason = sources.judge(text, [source.evidence[0].quote])
    claim = replace(
        source,
        text=translated or text,
        text_verified=text if translated else None,
        verdict=verdict,
        verdict_reason=reason,
    )
    drafted = replace(note, model="scripted:x", summary=claim)
    return replace(
        digest,
        language="zh" if translated else "en",
        made_with=replace(digest.made_with, model="scripted:x"),
        entries=(drafted, *digest.entries[:number], *digest.entries[number + 1 :]),
    )


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("translated", [None, "DistriFusion 在八块 NVIDIA A100 上最高加速 6.1 倍。"])
def test_sentences_of_a_model_are_held_against_their_evidence(
    library: Library, tmp_path: Path, name: str, translated: str | None
) -> None:
    text = r"The method achieves up to a 6.1$\times$ speedup on eight NVIDIA A100s compared to one."
    digest = drafted_digest(library, text=text, translated=translated)
    library.pages.write(digest, ["hexo", "md", "html", "json"], out=tmp_path)
    assert library.pages.verify(tmp_path / name)[0] == []
    page = (tmp_path / name).read_text()
    told, wrong = ("6.1 倍", "7.3 倍") if translated else ("up to a 6.1", "up to a 7.3")
    at = page.index(told)
    changed = page[:at] + wrong + page[at + len(told) :]
    found = faults_of(library, name, changed, tmp_path)
    assert [field for _, field, *_ in found] == ["number"], found


@pytest.mark.parametrize("name", PAGES)
def test_a_sentence_without_support_is_a_fault_unless_it_is_marked(library: Library, tmp_path: Path, name: str) -> None:
    digest = drafted_digest(library, text="Bananas are grown on Mars by a secret society of dentists.")
    library.pages.write(digest, ["hexo", "md", "html", "json"], out=tmp_path)
    page = (tmp_path / name).read_text()
    assert library.pages.verify(tmp_path / name)[0] == []
    unmarked = page.replace(" *(not found in the source)*", "").replace(
        '<em class="doubt">(not found in the source)</em>', ""
    )
    unmarked = unmarked.replace('"verdict": "unsupported"', '"verdict": "supported"')
    assert unmarked != page
    found = faults_of(library, name, unmarked, tmp_path)
    assert len(found) == 1
    assert found[0][1] in ("sentence", "name")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_for_the_public_has_no_fault_either(library: Library, tmp_path: Path, name: str) -> None:
    digest = drafted_digest(library, text=r"The method is up to 6.1$\times$ faster on eight NVIDIA A100s.")
    library.pages.write(replace(digest, audience="public"), ["hexo", "md", "html", "json"], out=tmp_path)
    assert library.pages.verify(tmp_path / name)[0] == []


@pytest.mark.slow
def test_a_page_of_an_older_version_is_held_against_that_version(tmp_path: Path) -> None:
    with Library.open(Settings(home=tmp_path / "home")) as library:
        library.add(str(RECORDS))
        library.pages.write(library.digest(day=DAY), ["hexo", "json"], out=tmp_path)
        lines = [json.loads(line) for line in RECORDS.read_text().splitlines()]
        for record in lines:
            record.update(version=2, title=f"{record['title']}, Revised", abstract=f"Wholly new. {record['abstract']}")
        (tmp_path / "second.jsonl").write_text("".join(json.dumps(record) + "\n" for record in lines))
        library.add(str(tmp_path / "second.jsonl"))
        assert library.papers.get("2402.19481").version == 2
        for name in ("2024-03-04.md", "digest.json"):
            assert library.pages.verify(tmp_path / name)[0] == []
