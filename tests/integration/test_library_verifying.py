"""A page is made again from its data and compared; data are held against what the home made, and the catalog."""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kb import Library, Settings, wire
from kb.cli import main
from kb.errors import BadRecord, FileUnreadable, UsageError
from kb.records import FORMS, Language, Topic, Verification
from tests.rendering_pages import DAY, PICTURE, PICTURE_KEY, RECORDS, digest_of, note_of, png, seed_papers, with_figure

SITE = "https://papers.example.org/daily/"
TOPIC = Topic(name="Diffusion / 扩散", query="all:diffusion OR all:3D", categories=("cs.CV",), limit=9)
STAMP = re.compile(r"^.*\bkb digest [a-z]+ [0-9a-f]{64} .*$", re.MULTILINE)
PAGES = (".md", ".plain.md", " 扩散.md", ".html", ".rss.xml", ".atom.xml", ".bib", ".eml")


@contextmanager
def opened(home: Path, **settings: Any) -> Iterator[Library]:
    """A home with the demo's five records, each of a category, and the topic."""
    lines = [json.loads(line) for line in RECORDS.read_text().splitlines()]
    more = {"categories": ["cs.CV", "cs.LG"], "published": "2024-02-29T18:59:59+00:00"}
    home.parent.mkdir(parents=True, exist_ok=True)
    path = home.parent / "records.jsonl"
    path.write_text("".join(json.dumps(line | more) + "\n" for line in lines))
    usual = {"site_url": SITE, "mail_from": "kb@example.org", "mail_to": ("a@b.org",), "site_author": "Ann -- {% x"}
    with Library.open(Settings(home=home, **(usual | settings))) as library:
        library.add(str(path))
        library.topics.add(TOPIC)
        yield library


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with opened(tmp_path_factory.mktemp("verifying") / "home") as library:
        yield library


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The same papers where none of the pages was made."""
    with opened(tmp_path_factory.mktemp("stranger") / "home") as library:
        yield library


@pytest.fixture(scope="module")
def made(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The day of the demo in every form, one paper with a picture."""
    folder = tmp_path_factory.mktemp("pages")
    library._store.home.files.put(PICTURE, suffix=".png")
    digest = library.digest(TOPIC.name, day=DAY)
    pictured = with_figure(digest.entries[0])
    library.pages.write(replace(digest, entries=(pictured, *digest.entries[1:])), FORMS, out=folder)
    return folder


def page_of(folder: Path, ending: str) -> Path:
    """The page with an ending (".md" is Hexo's, " 扩散.md" Obsidian's)."""
    found = sorted(folder.glob(f"*{ending}"))
    return next(path for path in found if ending != ".md" or not {".", " "} & set(path.stem))


def replaced(text: str, old: str, new: str) -> str:
    """The text with another word in the first place outside the stamp."""
    lines = text.split("\n")
    at = next(number for number, line in enumerate(lines) if old in line and not STAMP.search(line))
    return "\n".join([*lines[:at], lines[at].replace(old, new, 1), *lines[at + 1 :]])


@contextmanager
def altered(path: Path, change: Callable[[str], str]) -> Iterator[None]:
    """A file with another content, as long as it lasts."""
    kept = path.read_bytes()
    path.write_bytes(change(kept.decode()).encode())
    try:
        assert path.read_bytes() != kept
        yield
    finally:
        path.write_bytes(kept)


def without_faults(found: Verification) -> bool:
    return not found.faults and not found.remarks


# ------------------------------------------------------------------------------------------- pages as they were made


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("audience", ["self", "public"])
def test_a_page_as_it_was_made_has_no_fault_in_any_form(
    library: Library, tmp_path: Path, language: Language, audience: str
) -> None:
    digest = library.digest(TOPIC.name, day=DAY, language=language, audience=audience)
    files = library.pages.write(digest, FORMS, out=tmp_path)
    assert len(files) >= len(FORMS) + 1  # two feeds
    for path in files:
        found = library.pages.verify(path)
        assert without_faults(found), path.name
        assert not found.unchecked
        assert found.checked > 30


def test_a_home_that_did_not_make_a_page_finds_no_fault_in_it_and_says_what_it_cannot_know(
    stranger: Library, made: Path
) -> None:
    for ending in (*PAGES, "digest.json"):
        found = stranger.pages.verify(page_of(made, ending))
        assert without_faults(found), (ending, found)
        assert {one.why.kind for one in found.unchecked} <= {"not-kept", "picture-not-here", "figures-not-cut"}


@pytest.mark.parametrize("ending", PAGES)
def test_other_ends_of_lines_are_no_fault(library: Library, made: Path, ending: str) -> None:
    page = page_of(made, ending)
    for change in (lambda t: t.rstrip("\r\n"), lambda t: t.replace("\r\n", "\n").replace("\n", "\r\n") + "\r\n"):
        with altered(page, change):
            assert without_faults(library.pages.verify(page))


def test_a_page_holds_when_the_settings_have_changed_since(made: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "home", site_url="https://other.example.org", site_author="Bo", mail_to=()) as other:
        for ending in PAGES:
            assert without_faults(other.pages.verify(page_of(made, ending))), ending


def test_a_note_of_one_paper_is_verified_as_page_and_as_data(library: Library, tmp_path: Path) -> None:
    for form in ("md", "html", "json"):
        (path, *_) = library.pages.save(library.pages.render(library.note("2402.19481"), form), tmp_path)
        assert without_faults(library.pages.verify(path))
        with altered(path, lambda text: text.replace("6.1", "6.7")):
            assert {fault.entry for fault in library.pages.verify(path).faults} == {"arxiv:2402.19481"}


def test_a_mail_is_the_same_with_what_its_carriers_add(library: Library, made: Path) -> None:
    page = page_of(made, ".eml")
    with altered(page, lambda text: f"Received: from a by b\r\nX-Spam: no\r\n{text}"):
        assert without_faults(library.pages.verify(page))


# ------------------------------------------------------------------------------------------- one thing altered


CHANGES = [
    ("Muyang Li", "Muyang Lo", "arxiv:2402.19481", "authors"),
    ("Li, Muyang", "Lo, Muyang", "arxiv:2402.19481", "author"),  # a bibliography turns names around
    ("Industrial Defect", "Industrious Defect", "arxiv:2402.19330", "title"),
    ("2402.18842v1", "2402.18842v3", "arxiv:2402.18842", None),
    ("2024-03-04", "2024-03-05", None, None),
]


@pytest.mark.parametrize("ending", PAGES)
def test_an_altered_value_is_told_with_its_paper_and_field(library: Library, made: Path, ending: str) -> None:
    page = page_of(made, ending)
    shown = [change for change in CHANGES if change[0] in page.read_text("utf-8")]
    assert len(shown) >= 2
    for old, new, entry, field in shown:  # a title stands also where several are named
        with altered(page, lambda text, old=old, new=new: replaced(text, old, new)):  # type: ignore[misc]
            faults = library.pages.verify(page).faults
        assert any(fault.found in new and fault.expected in old for fault in faults) or new in faults[0].found
        is_listed = ending == " 扩散.md" and field == "title"
        assert entry is None or {fault.entry for fault in faults} == {"page" if is_listed else entry}
        assert field is None or is_listed or {fault.field for fault in faults} == {field}


@pytest.mark.parametrize("ending", [*PAGES, "digest.json"])
def test_any_altered_letter_is_found(library: Library, made: Path, ending: str) -> None:
    page, draw = page_of(made, ending), random.Random(ending)
    text = page.read_text("utf-8")
    places = [at for at, sign in enumerate(text) if sign.isascii() and sign.isalpha()]
    for at in draw.sample(places, 12):
        other = "x" if text[at] != "x" else "y"
        page_before = page.read_bytes()
        try:
            page.write_bytes((text[:at] + other + text[at + 1 :]).encode())
            try:
                assert library.pages.verify(page).faults, text[at - 40 : at + 20]
            except BadRecord:  # what is no data any more is said, too
                assert ending == "digest.json"
        finally:
            page.write_bytes(page_before)


@pytest.mark.parametrize("ending", PAGES)
def test_a_stamp_that_is_damaged_is_a_fault_and_without_one_a_page_is_not_made_again(
    library: Library, made: Path, ending: str
) -> None:
    page = page_of(made, ending)
    stamp = STAMP.search(page.read_text("utf-8"))
    assert stamp is not None
    for hurt in (re.sub(r"[0-9a-f](?=[0-9a-f]{9})", "z", stamp[0], count=1), stamp[0].replace("digest", "digust")):
        with altered(page, lambda text, hurt=hurt: text.replace(stamp[0], hurt)):  # type: ignore[misc]
            assert "stamp" in {fault.field for fault in library.pages.verify(page).faults}
    with altered(page, lambda text: text.replace(stamp[0], "")), pytest.raises(BadRecord, match="has no stamp"):
        library.pages.verify(page)


def test_a_page_whose_data_are_nowhere_says_what_to_put_beside_it(
    stranger: Library, made: Path, tmp_path: Path
) -> None:
    for ending in PAGES:
        alone = tmp_path / page_of(made, ending).name
        shutil.copy(page_of(made, ending), alone)
        with pytest.raises(BadRecord, match=r"put its digest\.json .* beside it"):
            stranger.pages.verify(alone)
        shutil.copy(made / "digest.json", tmp_path / "digest.json")
        assert {fault.field for fault in stranger.pages.verify(alone).faults} <= {"figures"}  # pictures lie elsewhere
        (tmp_path / "digest.json").unlink()


def test_pictures_beside_a_page_are_those_of_the_papers(library: Library, made: Path) -> None:
    page = page_of(made, ".md")
    (picture,) = page.with_suffix("").glob("*.png")
    picture.write_bytes(png("another"))
    try:
        assert [(fault.field, fault.expected) for fault in library.pages.verify(page).faults] == [
            ("figures", PICTURE_KEY)
        ]
        picture.unlink()
        assert [fault.expected for fault in library.pages.verify(page).faults] == ["a file beside the page"]
    finally:
        picture.write_bytes(PICTURE)
    html = page_of(made, ".html")
    with altered(html, lambda text: re.sub(r"(?<=base64,.{20}).", "A", text, count=1)):
        assert [fault.field for fault in library.pages.verify(html).faults] == ["figures"]


def test_the_stamp_of_a_page_for_others_names_nobody_who_gets_mail(made: Path) -> None:
    for ending in PAGES:
        text = page_of(made, ending).read_text("utf-8")
        assert ("%40b.org" in text) == (ending == ".eml")
        (line,) = [line for line in text.splitlines() if STAMP.search(line)]
        assert "--" not in line.replace("<!--", "").replace("-->", "")
        assert "{%" not in line


# ------------------------------------------------------------------------------------------- data altered


def _entry_removed(data: dict[str, Any]) -> None:
    data["entries"].pop(1)
    data["counts"]["new"] -= 1
    data["counts"]["found"] -= 1


def _entry_doubled(data: dict[str, Any]) -> None:
    data["entries"].append(data["entries"][0])
    data["counts"]["new"] += 1
    data["counts"]["found"] += 1


def _not_stated(data: dict[str, Any]) -> None:
    name = next(name for name, state in data["entries"][0]["status"].items() if state["state"] == "extractive")
    data["entries"][0]["status"][name] = {"state": "not stated", "reason": []}


def _topic_renamed(data: dict[str, Any]) -> None:
    data["topic"] = "Diffusions / 扩散"


def _day_moved(data: dict[str, Any]) -> None:
    data["since"] = "2024-03-03"


def _field_added(data: dict[str, Any]) -> None:
    data["entries"][0]["paper"]["prize"] = "best paper"


def _reason_changed(data: dict[str, Any]) -> None:
    data["entries"][0]["why"][0]["kind"] = "example"


@pytest.mark.parametrize(
    "change",
    [_entry_removed, _entry_doubled, _not_stated, _topic_renamed, _day_moved, _field_added, _reason_changed],
)
def test_data_that_were_made_here_and_altered_are_told_from_those_that_were_made(
    library: Library, made: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    path = made / "digest.json"

    def changed(text: str) -> str:
        data = json.loads(text)
        change(data)
        return json.dumps(data)

    with altered(path, lambda text: json.dumps(json.loads(text))):  # another layout of the same
        assert without_faults(library.pages.verify(path))
    with altered(path, changed):
        assert library.pages.verify(path).faults


def test_pages_of_altered_data_do_not_make_them_true(library: Library, made: Path, tmp_path: Path) -> None:
    text = (made / "digest.json").read_text("utf-8").replace("Muyang Li", "Muyang Lo")
    (tmp_path / "digest.json").write_text(text, "utf-8")
    for path in library.pages.rewrite(tmp_path / "digest.json", ["html", "json"], out=tmp_path / "again"):
        assert {fault.expected for fault in library.pages.verify(path).faults} >= {"Li"}


def _wrong(field: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        data["entries"][0]["paper"][field] = value

    return change


def _of_evidence(field: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        data["entries"][0]["summary"]["evidence"][0][field] = value

    return change


def _claim_reworded(data: dict[str, Any]) -> None:
    data["entries"][0]["summary"]["text"] = "It cures every known illness at once."


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (_wrong("title", "Another Title"), "title"),
        (_wrong("authors", ["Jane Doe"]), "authors"),
        (_wrong("categories", ["q-bio.NC"]), "categories"),
        (_wrong("license", "http://creativecommons.org/licenses/by/4.0/"), "license"),
        (_wrong("published", "2020-01-01T00:00:00Z"), "published"),
        (_wrong("withdrawn", True), "withdrawn"),
        (_of_evidence("quote", "A sentence that nobody wrote."), "quote"),
        (_of_evidence("start", 3), "start"),
        (_of_evidence("page", 7), "page"),
        (_of_evidence("marker", "77"), "marker"),
        (_claim_reworded, "summary"),
        (_entry_doubled, "entries"),
        (_not_stated, None),
        (lambda data: data["counts"].update(new=17), "counts.new"),
    ],
)
def test_another_home_finds_in_data_what_its_own_record_and_text_refute(
    stranger: Library, made: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None], field: str | None
) -> None:
    data = json.loads((made / "digest.json").read_text("utf-8"))
    change(data)
    (tmp_path / "digest.json").write_text(json.dumps(data))
    fields = {fault.field for fault in stranger.pages.verify(tmp_path / "digest.json").faults}
    assert fields
    assert field is None or field in fields


# ------------------------------------------------------------------------------------------- true then


def test_what_was_true_and_has_changed_since_is_a_remark_in_every_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(tmp_path / "home") as library:
        files = library.pages.write(library.digest(TOPIC.name, day=DAY), FORMS, out=tmp_path / "pages")
        record = json.loads((tmp_path / "records.jsonl").read_text().splitlines()[0])
        second = record | {"version": 2, "title": f"{record['title']}, Revised", "listed": ["2024-03-06"]}
        (tmp_path / "second.jsonl").write_text(json.dumps(second))
        library.add(str(tmp_path / "second.jsonl"))
        library.set("2402.18842", withdrawn="true")
        library.set("2402.19330", comment="a word of my own")
        for path in files:
            found = library.pages.verify(path)
            assert found.faults == (), path.name
            assert {(one.entry, one.field) for one in found.remarks} >= {
                (f"arxiv:{record['id']}", "title"),
                (f"arxiv:{record['id']}", "version"),
                ("arxiv:2402.18842", "withdrawn"),
                ("arxiv:2402.19330", "comment"),
            }
    assert main(["verify", str(files[0]), "--home", str(tmp_path / "home")]) == 0
    assert "true then, changed since" in capsys.readouterr().out


def test_a_home_that_knows_a_later_version_holds_a_page_against_the_one_that_it_shows(
    made: Path, tmp_path: Path
) -> None:
    with opened(tmp_path / "home") as other:
        record = json.loads((tmp_path / "records.jsonl").read_text().splitlines()[0])
        second = record | {"version": 2, "title": f"{record['title']}, Revised", "listed": ["2024-03-06"]}
        (tmp_path / "second.jsonl").write_text(json.dumps(second))
        other.add(str(tmp_path / "second.jsonl"))
        other.set("2402.18842", withdrawn="true")
        found = other.pages.verify(made / "digest.json")
        assert found.faults == ()
        assert ("arxiv:2402.18842", "withdrawn") in {(one.entry, one.field) for one in found.remarks}
        text = (made / "digest.json").read_text("utf-8")
        (tmp_path / "digest.json").write_text(text.replace(record["title"][:20], "An Invented Beginning"), "utf-8")
        assert {fault.field for fault in other.pages.verify(tmp_path / "digest.json").faults} >= {"title"}


def test_a_paper_that_the_library_lacks_cannot_be_checked(stranger: Library, tmp_path: Path) -> None:
    paper = replace(seed_papers()[0], id="arxiv:2001.00001", aliases=(), title="Quite Another Matter", authors=("A B",))
    digest = digest_of([note_of(replace(paper, abstract="Nothing in common here."))])
    (tmp_path / "digest.json").write_text(wire.to_json(digest))
    found = stranger.pages.verify(tmp_path / "digest.json")
    assert ("paper", "paper-not-here") in {(one.field, one.why.kind) for one in found.unchecked}
    wrong = replace(digest.entries[0], paper=replace(seed_papers()[0], id="arxiv:2001.00001", aliases=()))
    (tmp_path / "digest.json").write_text(wire.to_json(digest_of([wrong])))
    faults = stranger.pages.verify(tmp_path / "digest.json").faults
    assert ("id", "arxiv:2001.00001", seed_papers()[0].id) in {(one.field, one.found, one.expected) for one in faults}


# ------------------------------------------------------------------------------------------- what is kept


def test_of_a_feed_the_newest_data_are_kept_and_of_pages_all(tmp_path: Path) -> None:
    with opened(tmp_path / "home") as library:
        digest = library.digest(TOPIC.name, day=DAY)
        for shown in (digest, replace(digest, entries=digest.entries[:2])):
            library.pages.write(shown, ["rss"], out=tmp_path / "feed")
            library.pages.write(shown, ["md", "html"], out=tmp_path / "page")
        kept = [path.name.split("_")[0] for path in sorted((tmp_path / "home" / "digests" / "made").iterdir())]
    assert kept == ["2024-03-04", "2024-03-04", "feed"]


def test_kept_data_that_are_damaged_are_as_if_they_were_not_there(tmp_path: Path) -> None:
    with opened(tmp_path / "home") as library:
        (page,) = library.pages.write(library.digest(TOPIC.name, day=DAY), ["html"], out=tmp_path / "page")
        (kept,) = (tmp_path / "home" / "digests" / "made").iterdir()
        for hurt in (kept.read_bytes()[:100], b"nothing", gzip.compress(b"{}")):
            kept.write_bytes(hurt)
            with pytest.raises(BadRecord):
                library.pages.verify(page)


def test_what_an_earlier_edition_wrote_is_said_and_its_data_are_read(library: Library, tmp_path: Path) -> None:
    page = tmp_path / "2024-03-04.md"
    page.write_text('## T\n\n**Authors: A B**\n\nA text.<sup><a href="#arxiv-2402-19481-e1">[1]</a></sup>\n')
    with pytest.raises(BadRecord, match="an earlier version made it"):
        library.pages.verify(page)
    made = library.digest(TOPIC.name, day=DAY)
    library.pages.write(made, ["html"], out=tmp_path / "kept")
    data = json.loads(wire.to_json(made))
    del data["also_matched"]
    for entry in data["entries"]:
        del entry["state"], entry["abstract_sentences"], entry["paper"]["affiliations"], entry["paper"]["collections"]
        entry["why"] = ["it is in cs.CV"]
        for state in entry["status"].values():
            state["reason"] = "sentences of the paper"
    (tmp_path / "digest.json").write_text(json.dumps(data))
    found = library.pages.verify(tmp_path / "digest.json")
    assert without_faults(found)
    assert {one.field for one in found.unchecked} == {"why"}


def test_what_is_no_page_is_said_in_one_line(library: Library, tmp_path: Path) -> None:
    for name, text, error, words in (
        ("a.xml", "<a/>", BadRecord, "is no page of kb's"), ("b.xml", "no xml", BadRecord, "is no page of kb's"),
        ("d.bib", "hello", BadRecord, "is no page of"), ("e.eml", "Subject: x\n\nhello", BadRecord, "is no page of"),
        ("f.json", '{"paper": 1}', BadRecord, "is no note"), ("x.json", '{"a": 1}', BadRecord, "no digest"),
        ("x.md", "hello", BadRecord, "is no daily page"), ("x.pdf", "hello", UsageError, "cannot be checked"),
    ):  # fmt: skip
        (tmp_path / name).write_text(text)
        with pytest.raises(error, match=words):
            library.pages.verify(tmp_path / name)
    with pytest.raises(FileUnreadable, match="cannot be read"):
        library.pages.verify(tmp_path / "absent.md")
