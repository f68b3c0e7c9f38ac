"""Names that data bring lead nowhere but to their own places, and what is written of them can be read by everybody."""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb import Library, Settings, wire
from kb.errors import BadRecord, HomeUnwritable, UsageError
from kb.records import FORMS, Digest, Topic
from tests.campaigns.names import KEY, MOST_PARTS, PARTS, SECRET, World, attack
from tests.fakes import WordEncoder
from tests.rendering_pages import DAY, PICTURE, PICTURE_KEY, digest_of, note_of, seed_papers, with_figure

CONTROL = "".join(map(chr, (0, 1, 7, 8, 11, 12, 27, 31, 127, 0x80, 0x85, 0x9B, 0x2028, 0x2029, 0xFFFE)))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("names") / "world")
    yield world
    world.close()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(Settings(home=tmp_path / "home")) as opened:
        opened._models._encoder = WordEncoder()
        yield opened


names = st.lists(st.sampled_from(PARTS), min_size=1, max_size=MOST_PARTS).map("".join)


@pytest.mark.slow
@settings(max_examples=2, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(names, min_size=6, max_size=6))
def test_no_name_leads_a_verb_out_of_its_place(world: World, given: list[str]) -> None:
    assert attack(world, given) == []
    assert world.faults() == []


@pytest.mark.parametrize(
    "key", ["../../../owner.png", "/etc/hostname", "", KEY[:64], KEY.upper(), f"{KEY[:2]}/{KEY}", f"x/../{KEY}"]
)
def test_a_digest_whose_figures_are_not_of_the_store_is_no_digest(library: Library, tmp_path: Path, key: str) -> None:
    library._store.catalog(create=True)
    (tmp_path / "owner.png").write_bytes(SECRET)
    text = wire.to_json(digest_of([with_figure(note_of(seed_papers()[0]))])).replace(PICTURE_KEY, key)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "digest.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadRecord, match=r"figures\[0\]: file .* is no key of a picture"):
        library.pages.rewrite(tmp_path / "in" / "digest.json", list(FORMS), out=tmp_path / "out")
    with pytest.raises(BadRecord, match="is no key"):
        library.pages.verify(tmp_path / "in" / "digest.json")
    assert not (tmp_path / "out").exists()


def test_a_picture_in_the_home_that_was_exchanged_is_not_rendered(library: Library, tmp_path: Path) -> None:
    library._store.catalog(create=True)
    library._store.home.files.put(PICTURE, suffix=".png")
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "digest.json"
    path.write_text(wire.to_json(digest_of([with_figure(note_of(seed_papers()[0]))])), encoding="utf-8")
    library.pages.rewrite(path, ["html"], out=tmp_path / "out")
    library.view.file(PICTURE_KEY).write_bytes(SECRET)
    with pytest.raises(BadRecord, match="is not in the home"):
        library.pages.rewrite(path, ["html"], out=tmp_path / "again")
    assert base64.b64encode(PICTURE) in (tmp_path / "out" / "2024-03-04.html").read_bytes()
    beside = tmp_path / "in" / "pictures"
    beside.mkdir()
    (beside / PICTURE_KEY).write_bytes(PICTURE)
    library.pages.rewrite(path, ["html"], out=tmp_path / "again")
    assert (tmp_path / "again" / "2024-03-04.html").read_bytes() == (tmp_path / "out" / "2024-03-04.html").read_bytes()


@pytest.mark.parametrize("form", ["hexo", "md"])
def test_pictures_do_not_follow_a_link_out_of_the_folder(library: Library, tmp_path: Path, form: str) -> None:
    library._store.catalog(create=True)
    library._store.home.files.put(PICTURE, suffix=".png")
    (tmp_path / "owner").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "2024-03-04").symlink_to(tmp_path / "owner")
    digest = digest_of([with_figure(note_of(seed_papers()[0]))])
    with pytest.raises(HomeUnwritable, match="choose another --out"):
        library.pages.write(digest, [form], out=tmp_path / "out")
    assert list((tmp_path / "owner").iterdir()) == []


def test_a_topic_s_folder_that_is_a_link_out_of_the_site_is_not_written_to(library: Library, tmp_path: Path) -> None:
    (tmp_path / "owner" / "2024-03-04").mkdir(parents=True)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "topic").symlink_to(tmp_path / "owner")
    made = digest_of([note_of(seed_papers()[0])], topic="topic")
    with pytest.raises(HomeUnwritable, match="does not lie in"):
        library.pages.write_day(made, ["html"], root=tmp_path / "site")
    assert list((tmp_path / "owner" / "2024-03-04").iterdir()) == []


def test_a_page_that_is_a_link_is_replaced_and_what_it_led_to_stays(library: Library, tmp_path: Path) -> None:
    (tmp_path / "owner.md").write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "page.md").symlink_to(tmp_path / "owner.md")
    library.pages.save([("page.md", b"theirs")], tmp_path / "out")
    assert (tmp_path / "owner.md").read_text() == "mine"
    assert not (tmp_path / "out" / "page.md").is_symlink()


@pytest.mark.parametrize("name", ["文" * 100, "a" * 100, "𠀀" * 100], ids=["three", "one", "four"])
def test_a_topic_s_name_of_any_script_makes_files_that_fit(library: Library, tmp_path: Path, name: str) -> None:
    library.topics.add(Topic(name=name, must=("x",)))
    digest: Digest = digest_of([note_of(seed_papers()[0])], topic=name, since=date(2024, 3, 1))
    assert len(library.pages.write(digest, FORMS, out=tmp_path / "out")) == len(FORMS) + 1


def records_with(tmp_path: Path, texts: list[str]) -> Path:
    """Records of one day that have each text in a name, and wherever else text stands."""
    records = [
        {"id": f"2403.{number:05d}", "title": f"Names of kind {number}, {text}", "listed": [str(DAY)],
         "authors": [text, f"Jane {text}", "A B"], "abstract": f"We study names of kind {number} {text}. They hold.",
         "categories": ["cs.DL"], "comment": text, "venue": f"J {text}", "keywords": [text],
         "affiliation": {"text": text}}
        for number, text in enumerate(texts, 1)
    ]  # fmt: skip
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_our_pages_have_no_fault_whatever_names_hold(library: Library, tmp_path: Path) -> None:
    texts = [
        "Doe;; Jane",
        ";;",
        "a,,b;",
        "x and y",
        "和 王;;",
        "http://x.org/;;",
        "https://x.org/a;; b@",
        f"Li{CONTROL};;",
    ]
    assert len(library.add(str(records_with(tmp_path, texts))).added) == len(texts)
    for path in library.pages.write(library.digest(day=DAY), FORMS, out=tmp_path / "out"):
        assert library.pages.verify(path).faults == (), path.name


def test_nothing_that_is_written_holds_control_characters(library: Library, tmp_path: Path) -> None:
    inside = CONTROL.replace("\x00", "")
    bib = f"@article{{k, title={{Birds {inside} of separators}}, author={{Doe{inside}, Jane}}, note={{{inside}}}}}\n"
    (tmp_path / "refs.bib").write_text(bib, encoding="utf-8")
    (tmp_path / "refs.ris").write_text(f"TY  - JOUR\nTI  - Fish{CONTROL}\nN1  - {CONTROL}\nER  - \n", encoding="utf-8")
    raw = inside.translate(dict.fromkeys(range(32)))
    (tmp_path / "refs.json").write_text(
        f'[{{"id": "k{raw}", "type": "book", "title": "Trees {raw}"}}]', encoding="utf-8"
    )
    library.add([str(records_with(tmp_path, [f"a{CONTROL}b"])), *(str(path) for path in tmp_path.glob("refs.*"))])
    texts = {form: library.papers.export(form) for form in ("bibtex", "ris", "csl", "jsonl")}
    for path in library.pages.write(library.digest(day=DAY), FORMS, out=tmp_path / "out"):
        texts[path.name] = path.read_bytes().decode().replace("\r\n", "\n")
    assert len(texts) > 10
    for form, text in texts.items():
        found = {sign for sign in text if unicodedata.category(sign) in ("Cc", "Zl", "Zp", "Cs") or sign == "\ufffe"}
        assert found <= {"\n", "\t"}, (form, found)


def test_a_picture_that_a_page_names_elsewhere_is_a_fault(library: Library, tmp_path: Path) -> None:
    library._store.catalog(create=True)
    library._store.home.files.put(PICTURE, suffix=".png")
    (tmp_path / "owner.png").write_bytes(SECRET)
    library.add(str(records_with(tmp_path, ["x"])))
    (note,) = library.digest(day=DAY).entries
    (page,) = library.pages.write(digest_of([with_figure(note)]), ["hexo"], out=tmp_path / "out")
    text = page.read_text(encoding="utf-8")
    for name in ("../owner.png", str(tmp_path / "owner.png"), "a" * 300, "\0"):
        page.write_text(text.replace(f"2024-03-04/{PICTURE_KEY}", name), encoding="utf-8")
        assert library.pages.verify(page).faults


@pytest.mark.parametrize("style", ["文" * 90, "~nobody-of-this-name/a", "a" * 300 + "/b.csl", "x\0.csl", "\ud800.csl"])
def test_a_style_whose_name_no_file_can_have_is_unknown(library: Library, tmp_path: Path, style: str) -> None:
    library.add(str(records_with(tmp_path, ["x"])))
    with pytest.raises(UsageError, match="there is no style"):
        library.papers.cite("2403.00001", style=style)
