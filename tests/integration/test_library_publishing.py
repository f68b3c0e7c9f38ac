"""Pages of a library are written, rendered again, compared and verified: ours hold, changed ones do not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kb import Library, Settings, wire
from kb.errors import HomeUnwritable
from kb.records import Digest
from tests.rendering_pages import DAY, RECORDS, note_of, seed_papers

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
