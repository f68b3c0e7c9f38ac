"""Feeds, bibliographies, mails and notes as data are verified like pages: each changed value is one fault."""

from __future__ import annotations

import email
import email.policy
import json
import random
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit

import pytest

from kb import Library, Settings, wire
from kb.errors import BadRecord
from kb.library.digesting import Digests, write_feed
from kb.records import Digest, Language, Note, Topic
from tests.rendering_pages import DAY, RECORDS

SITE = "https://papers.example.org/daily/"
TOPIC = Topic(name="Diffusion / 扩散", query="all:diffusion OR all:3D", categories=("cs.CV",), limit=9)
FEEDS = ("diffusion-扩散.rss.xml", "diffusion-扩散.atom.xml")
PAGES = ("diffusion-扩散.html", "diffusion-扩散.md", "diffusion-扩散.plain.md")
BIBLIOGRAPHY, MAIL = "2024-03-04-diffusion-扩散.bib", "2024-03-04-diffusion-扩散.eml"
ALL_FORMS = ("html", "hexo", "md", "rss", "bibtex", "mail", "json")
FORMS = (*FEEDS, BIBLIOGRAPHY, MAIL, "note.json")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with opened(tmp_path_factory.mktemp("verifying")) as library:
        yield library


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The same papers where no other page was made: what days a page may have depends on what its home remembers."""
    with opened(tmp_path_factory.mktemp("another")) as library:
        yield library


@contextmanager
def opened(folder: Path) -> Iterator[Library]:
    lines = [json.loads(line) for line in RECORDS.read_text().splitlines()]
    more = {"categories": ["cs.CV", "cs.LG"], "published": "2024-02-29T18:59:59+00:00"}
    (folder / "records.jsonl").write_text("".join(json.dumps(line | more) + "\n" for line in lines))
    settings = Settings(home=folder / "home", site_url=SITE, mail_from="kb@example.org", mail_to=("a@b.org",))
    with Library.open(settings) as library:
        library.add(str(folder / "records.jsonl"))
        library.topics.add(TOPIC)
        library.topics.add(replace(TOPIC, name="Chinese", language="zh"))
        yield library


@pytest.fixture(scope="module")
def written(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seed's day in the forms that are no pages, beside the page that the feeds lead to."""
    folder = tmp_path_factory.mktemp("forms")
    library.pages.write(library.digest(TOPIC.name, day=DAY), ["html", "rss", "bibtex", "mail", "json"], out=folder)
    (folder / "note.json").write_text(wire.to_json(library.note("2402.19481")))
    return folder


def faults_of(library: Library, folder: Path, name: str, text: str) -> list[tuple[str, str, str]]:
    """(field, found, expected) of a changed form, which stands beside the others as the form itself did."""
    path = folder / f"changed-{name}"
    path.write_bytes(text.encode())
    try:
        return [(fault.field, fault.found, fault.expected) for fault in library.pages.verify(path)[0]]
    finally:
        path.unlink()


def text_of(folder: Path, name: str) -> str:
    """A form as text; a mail with its parts unfolded, so that a word to be changed stands on one line."""
    if not name.endswith(".eml"):
        return (folder / name).read_text()
    message = email.message_from_bytes((folder / name).read_bytes(), policy=email.policy.default)
    for part in message.iter_parts():
        cast("EmailMessage", part).set_content(
            cast("EmailMessage", part).get_content(), subtype=part.get_content_subtype(), cte="8bit", charset="utf-8"
        )
    return message.as_bytes(policy=email.policy.default.clone(max_line_length=0, cte_type="8bit")).decode()


@pytest.mark.parametrize("name", FORMS)
def test_what_we_write_has_no_fault(library: Library, written: Path, name: str) -> None:
    faults, checked = library.pages.verify(written / name)
    assert faults == []
    assert checked > 30
    assert faults_of(library, written, name, text_of(written, name)) == []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("audience", ["self", "public"])
def test_pages_of_a_topic_hold_in_every_form_and_language(
    library: Library, tmp_path: Path, language: Language, audience: str
) -> None:
    digest = library.digest(TOPIC.name, day=DAY, language=language, audience=audience)
    forms = ["html", "hexo", "md", "rss", "bibtex", "mail", "json"]
    files = library.pages.write(digest, forms, out=tmp_path)
    assert len(files) == len(forms) + 1  # two feeds
    for path in files:
        faults, checked = library.pages.verify(path)
        assert faults == [], path.name
        assert checked > 30


CHANGES = {
    "author": [
        ("Muyang Li", "Jane Doe"),
        ("Alessio Del Bue", "Alessio Del Rey"),
        ("Anton van den Hengel", "A. Hengel"),
    ],
    "id": [("2402.19330", "2402.19339"), ("2402.18842", "2402.18843")],
    "link": [("github.com/IIT-PAVIS/DiffAssemble", "github.com/IITPAVIS/DiffAssemble")],
    "number": [("by 1.5%, 1.9%, and 3.1%", "by 1.5%, 2.9%, and 3.1%"), ("performing 11 times", "performing 12 times")],
    "date": [("Update of 2024-03-04", "Update of 2024-03-07")],
}
ELSEWHERE = {  # a bibliography writes names and signs its own way; a note is of one paper
    BIBLIOGRAPHY: {
        "author": [("Li, Muyang", "Doe, Jane"), ("Bue, Alessio Del", "Rey, Alessio Del")],
        "id": [("2402.19330", "2402.19339")],
        "number": [(r"by 1.5\%, 1.9\%, and 3.1\%", r"by 1.5\%, 2.9\%, and 3.1\%")],
        "date": [("year = {2024}", "year = {2023}")],
    },
    "note.json": {
        "author": [("Muyang Li", "Jane Doe")],
        "id": [("2402.19481", "2402.19488")],
        "link": [("github.com/mit-han-lab/distrifuser", "github.com/mit-han-lab/distrifusion")],
        "number": [("6.1", "7.1")],
        "date": [("2024-02-29T", "2024-02-27T")],
    },
}


def changes_for(name: str, text: str) -> list[tuple[str, str, str]]:
    made = ELSEWHERE.get(name, CHANGES)
    return [(field, old, new) for field, pairs in made.items() for old, new in pairs if old in text]


@pytest.mark.parametrize("name", FORMS)
def test_every_changed_value_is_one_fault(library: Library, written: Path, name: str) -> None:
    text = text_of(written, name)
    assert len(changes_for(name, text)) >= 4
    for field, old, new in changes_for(name, text):
        found = faults_of(library, written, name, text.replace(old, new))
        assert {one for one, *_ in found} <= {field, "key", "id", "link"}, (old, found)
        assert field in [one for one, *_ in found]
        if name != BIBLIOGRAPHY:
            assert [one for one, *_ in found] == [field], (old, found)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("seed", range(4))
def test_as_many_faults_as_changes_and_no_other(library: Library, written: Path, name: str, seed: int) -> None:
    chance = random.Random(seed)
    text = text_of(written, name)
    known = changes_for(name, text)
    chosen = chance.sample(known, chance.randint(2, len(known)))
    for _, old, new in chosen:
        at = chance.choice([match.start() for match in re.finditer(re.escape(old), text)])
        text = text[:at] + new + text[at + len(old) :]
    found = faults_of(library, written, name, text)
    assert sorted(field for field, *_ in found) == sorted(field for field, *_ in chosen), found


@pytest.fixture(scope="module")
def of_a_period(another: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The papers of one day on pages of six, whose ends no paper bears out."""
    folder = tmp_path_factory.mktemp("period")
    made = another.digest(TOPIC.name, since=DAY.replace(day=1), until=DAY.replace(day=6))
    for path in another.pages.write(made, ["html", "hexo", "md", "rss", "mail", "json"], out=folder):
        if (name := path.name.removeprefix("2024-03-01-2024-03-06-")) != path.name:
            shutil.copy(path, folder / name)
    return folder


WITH_DAYS = (*PAGES, *FEEDS, "diffusion-扩散.eml", "digest.json")


def moved(text: str, old: str, new: str) -> str:
    """Every telling of a day, but in addresses, as another."""
    for name in ("%Y-%m-%d", "%a, %d %b %Y"):
        told, other = (datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).strftime(name) for day in (old, new))
        text = re.sub(rf"(?<![/\w-]){told}(?!-)", other, text)
    return text


@pytest.mark.parametrize("name", WITH_DAYS)
@pytest.mark.parametrize(
    ("old", "new"), [("2024-03-06", "2024-03-09"), ("2024-03-06", "2024-03-05"), ("2024-03-01", "2024-02-26")]
)
def test_an_end_of_the_period_that_was_moved_everywhere_is_one_fault(
    another: Library, of_a_period: Path, name: str, old: str, new: str
) -> None:
    text = text_of(of_a_period, name)
    assert faults_of(another, of_a_period, name, text) == []
    assert faults_of(another, of_a_period, name, moved(text, old, new)) == [("date", new, old)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("since", "until"), [("2024-03-01", "2024-03-06"), ("2024-03-05", "2024-03-05"), ("2024-03-05", "2024-03-07")]
)
@pytest.mark.parametrize("remembered", ["2024-03-04", "2024-03-01 2024-03-06", "2024-02-26 2024-03-02"])
def test_a_true_page_that_this_home_does_not_remember_has_no_fault(
    tmp_path: Path, since: str, until: str, remembered: str
) -> None:
    first, last = date.fromisoformat(since), date.fromisoformat(until)
    with Library.open(Settings(home=tmp_path / "home", site_url=SITE, mail_from="kb@example.org")) as maker:
        maker.add(str(RECORDS))
        files = maker.pages.write(maker.digest(since=first, until=last), list(ALL_FORMS), out=tmp_path)
    with Library.open(Settings(home=tmp_path / "other", site_url=SITE, mail_from="kb@example.org")) as library:
        library.add(str(RECORDS))
        for day in map(date.fromisoformat, remembered.split()):
            library.digest(day=day)
        for path in files:
            assert library.pages.verify(path)[0] == [], path.name


CODE, DATA = "https://github.com/IIT-PAVIS/DiffAssemble", "https://data.example.org/puzzles/rotated"


@pytest.fixture(scope="module")
def with_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Library, Path]]:
    """The page of a note that quotes sentences with addresses; DATA stands in the text alone."""
    folder = tmp_path_factory.mktemp("address")
    (folder / "paper.md").write_text(
        "# Pieces of Puzzles Joined by Graphs\n\nAnn Lee, Bob Ray\n\n## Abstract\n\nPuzzles are hard when parts are"
        " rotated. We present PuzzleNet, a graph network.\n\n## Method\n\nWe propose PuzzleNet, a graph network over"
        f" rotated pieces that is trained with the code of {CODE} from each pair of them.\n\n## Results\n\nPuzzleNet on"
        f" the puzzles of {DATA} puts together 91.2% of them, which is 5.1 points more than the best baseline.\n"
    )
    with Library.open(Settings(home=folder / "home")) as library:
        library.add(str(folder / "paper.md"))
        path = folder / "note.html"
        pages = library.pages.render(library.note(library.list()[0].id), "html")
        path.write_bytes(pages[0][1])
        yield library, path


@pytest.mark.parametrize("address", [CODE, DATA])
def test_a_link_in_a_quotation_is_a_whole_address_of_the_text(with_address: tuple[Library, Path], address: str) -> None:
    library, path = with_address
    text = path.read_text()
    places = [*re.finditer(rf'data-field="(?:sentence|quote)">[^<]*<a href="({address})"', text)]
    assert len(places) > 1
    assert library.pages.verify(path)[0] == []
    for place in places:
        for other in (address[:-3], address[:20], "http://git", "https://github.com", f"{address}s"):
            changed = text[: place.start(1)] + other + text[place.end(1) :]
            found = [(field, told) for field, told, _ in faults_of(library, path.parent, path.name, changed)]
            assert found == [("link", other)], place[0]


@pytest.mark.parametrize("name", WITH_DAYS)
def test_a_mark_of_withdrawal_is_held_against_the_record(another: Library, of_a_period: Path, name: str) -> None:
    text = text_of(of_a_period, name)
    another.set("2402.18842", withdrawn="true")
    try:
        found = faults_of(another, of_a_period, name, text)
        assert found == [("withdrawn", "not marked as withdrawn", "marked as withdrawn")]
        folder = of_a_period / "marked"
        another.pages.rewrite(of_a_period / "digest.json", ["html", "hexo", "md", "rss", "mail", "json"], out=folder)
        original = name if (folder / name).exists() else f"2024-03-01-2024-03-06-{name}"
        marked = text_of(folder, original)
        assert faults_of(another, of_a_period, name, marked) == []
    finally:
        another.set("2402.18842", withdrawn="false")
    found = faults_of(another, of_a_period, name, marked)
    assert found == [("withdrawn", "marked as withdrawn", "not marked as withdrawn")]


@pytest.mark.parametrize("name", [*PAGES, "digest.json"])
def test_a_mark_that_leads_elsewhere_than_it_says_is_one_fault(another: Library, of_a_period: Path, name: str) -> None:
    text = (of_a_period / name).read_text()
    pattern = {
        "html": r"(?<=#arxiv-2402-19481-e)1(?=\")|(?<=<strong>\[)2(?=\])",
        "md": r"(?<=-e)1(?=\")|(?<=\">\[)2(?=\])",
    }
    places = [*re.finditer(pattern.get(name.rpartition(".")[2], r'(?<="marker": ")1(?=")'), text)]
    assert len(places) > 5
    for place in places[:3] + places[-3:]:
        changed = f"{text[: place.start()]}3{text[place.end() :]}"
        assert [field for field, *_ in faults_of(another, of_a_period, name, changed)] == ["mark"], place


@pytest.mark.parametrize("name", PAGES)
def test_every_place_that_names_a_paper_is_looked_at(another: Library, of_a_period: Path, name: str) -> None:
    text = (of_a_period / name).read_text()
    places = [*re.finditer(r"2402[.-]19481", text)]
    assert len(places) > 20
    for place in random.Random(1).sample(places, 8) + places[:2]:
        changed = f"{text[: place.end() - 1]}9{text[place.end() :]}"
        found = [field for field, *_ in faults_of(another, of_a_period, name, changed)]
        assert found in (["id"], ["mark"]), text[place.start() - 40 : place.end()]


@pytest.mark.slow
def test_a_changed_span_or_chunk_of_a_quotation_is_one_fault(another: Library, of_a_period: Path) -> None:
    text = (of_a_period / "digest.json").read_text()
    places = [*re.finditer(r'"(?:chunk_id": "|start": |end": )([0-9a-f]+)', text)]
    assert len(places) > 50
    for place in random.Random(2).sample(places, 12):
        wrong = "1" + place[1][1:] if place[1][0] != "1" else "2" + place[1][1:]
        changed = text[: place.start(1)] + wrong + text[place.end(1) :]
        found = [field for field, *_ in faults_of(another, of_a_period, "digest.json", changed)]
        assert found in (["id"], ["number"]), text[place.start() : place.end()]


@pytest.mark.slow
def test_what_was_made_of_travels_with_the_ledger(another: Library, of_a_period: Path, tmp_path: Path) -> None:
    another.topics.export_ledger(tmp_path / "ledger.json")
    with Library.open(Settings(home=tmp_path / "home")) as other:
        other.add(str(RECORDS))
        text = (of_a_period / "digest.json").read_text().replace('"until": "2024-03-06"', '"until": "2024-03-09"')
        (tmp_path / "moved.json").write_text(text)

        def days() -> list[str]:
            return [fault.found for fault in other.pages.verify(tmp_path / "moved.json")[0] if fault.field == "date"]

        assert "2024-03-09" not in days()  # nothing is known of what was made
        other.topics.import_ledger(tmp_path / "ledger.json")
        assert "2024-03-09" in days()


def test_dates_versions_pages_and_reasons_of_a_feed_are_looked_up(library: Library, written: Path) -> None:
    for name in FEEDS:
        text = (written / name).read_text()

        def fields(old: str, new: str, *, text: str = text, name: str = name) -> list[str]:
            assert old in text, old
            return [field for field, *_ in faults_of(library, written, name, text.replace(old, new, 1))]

        assert fields("urn:kb:arxiv:2402.19481v1", "urn:kb:arxiv:2402.19481v4") == ["version"]
        assert fields("2024-03-04-diffusion-%E6%89%A9%E6%95%A3.html#", "2024-03-05-other.html#") == ["link"]
        assert fields("#arxiv-2402-19481", "#arxiv-2402-19482") == ["link"]
        assert fields("Update of 2024-03-04", "Update of 2024-03-07") == ["date"]
        assert fields("all:diffusion", "all:refraction") == ["reason"]
        assert fields("it is in cs.CV", "it is in math.GT") == ["categories"]
        assert fields(
            ">cs.CV<" if "rss" in name else 'term="cs.CV"', ">q-bio<" if "rss" in name else 'term="q-bio"'
        ) == ["categories"]
        assert fields(SITE, "https://other.example.org/") == ["link"]
    rss = (written / FEEDS[0]).read_text()
    assert rss.count("Mon, 04 Mar 2024") == 6
    for number in (0, 3):
        at = [match.start() for match in re.finditer("Mon, 04 Mar 2024", rss)][number]
        changed = f"{rss[:at]}Wed, 06 Mar 2024{rss[at + 16 :]}"
        assert [field for field, *_ in faults_of(library, written, FEEDS[0], changed)] == ["date"]


def test_the_text_of_a_mail_is_checked_as_its_html_is(library: Library, written: Path) -> None:
    text = text_of(written, MAIL)
    plain = text.index("Content-Type: text/plain")
    html = text.index("Content-Type: text/html")

    def fields(old: str, new: str, start: int, end: int) -> list[str]:
        at = text.index(old, start, end)
        changed = text[:at] + new + text[at + len(old) :]
        return [field for field, *_ in faults_of(library, written, MAIL, changed)]

    for start, end in ((plain, html), (html, len(text))):
        assert fields("Muyang Li", "Jane Doe", start, end) == ["author"]
        assert fields("5 found", "6 found", start, end) == ["number"]
        assert fields("2024-03-04", "2024-03-09", start, end) == ["date"]
        assert fields("arxiv.org/abs/2402.19302", "arxiv.org/abs/2402.19309", start, end) == ["id"]
    assert fields("Update of 2024-03-04", "Update of 2024-03-05", 0, plain) == ["date"]


class _Anchors(HTMLParser):
    """The ids of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attrs if name == "id" and value]


def places(feed: Path) -> list[str]:
    """Where the entries of a feed lead."""
    root = ET.fromstring(feed.read_text())
    atom = "{http://www.w3.org/2005/Atom}"
    if root.tag == "rss":
        return [item.findtext("link") or "" for item in root.iter("item")]
    return [
        str(link.get("href"))
        for entry in root.iter(f"{atom}entry")
        for link in entry.iter(f"{atom}link")
        if link.get("rel") == "alternate"
    ]


def leads_to_a_paper(address: str, root: Path) -> bool:
    """Whether an address of the site is a file below its root that has the place which it names."""
    path, _, anchor = unquote(address.removeprefix(SITE)).partition("#")
    return (root / path).is_file() and anchor in _Anchors((root / path).read_text()).ids


@pytest.mark.parametrize("number", [0, 1])
def test_a_feed_beside_its_page_leads_to_the_papers_on_it(written: Path, number: int) -> None:
    found = places(written / FEEDS[number])
    assert len(found) == 5
    assert all(leads_to_a_paper(address, written) for address in found)


@pytest.mark.parametrize("number", [0, 1])
def test_the_feed_of_a_topic_leads_to_the_pages_of_its_days(library: Library, tmp_path: Path, number: int) -> None:
    digest = library.digest(TOPIC.name, day=DAY)
    library.pages.write_day(digest, ["html"], root=tmp_path)
    topic = library.topics.list()[[one.name for one in library.topics.list()].index(TOPIC.name)]
    digests = Digests(library._store, library._models, library.settings)
    until = DAY.replace(day=6)
    files = write_feed(topic, library._store, digests, library.pages, until=until, out=tmp_path)
    found = places(files[number])
    assert len(found) == 5
    assert all(address.startswith(SITE) for address in found)
    assert all(leads_to_a_paper(address, tmp_path) for address in found)
    text = files[number].read_text()
    own = re.search(r'<(?:atom:)?link href="([^"]*)" rel="self"', text)
    assert own is not None
    assert tmp_path / unquote(urlsplit(own[1]).path.removeprefix("/daily/")) == files[number]
    assert library.pages.verify(files[number])[0] == []
    moved = text.replace("/2024-03-04/", "/2024-03-05/", 1)
    assert [field for field, *_ in faults_of(library, files[number].parent, files[number].name, moved)] == ["link"]


def test_without_a_page_a_feed_leads_to_the_paper(library: Library, tmp_path: Path) -> None:
    files = library.pages.write(library.digest(day=DAY), ["rss"], out=tmp_path)
    assert [path.name for path in files] == ["all-papers.rss.xml", "all-papers.atom.xml"]
    for path in files:
        assert places(path)
        assert all(address.startswith("http://arxiv.org/abs/") for address in places(path))


@pytest.mark.slow
def test_an_update_tells_what_changed_in_the_language_of_the_page_and_is_checked(tmp_path: Path) -> None:
    with Library.open(Settings(home=tmp_path / "home", language="zh")) as library:
        library.add(str(RECORDS))
        library.digest(day=DAY)
        record = json.loads(RECORDS.read_text().splitlines()[0])
        record |= {"version": 2, "title": f"{record['title']}, Revised", "listed": ["2024-03-06"]}
        (tmp_path / "second.jsonl").write_text(json.dumps(record))
        library.add(str(tmp_path / "second.jsonl"))
        digest = library.digest(day=DAY.replace(day=6))
        forms = ["html", "hexo", "md", "rss", "mail", "json"]
        files = library.pages.write(digest, forms, out=tmp_path / "out")
        assert digest.entries[0].changes[0].startswith("title was: ")
        assert len(files) == len(forms) + 1
        for path in files:
            assert library.pages.verify(path)[0] == [], path.name
            if path.suffix in (".html", ".md"):
                text = path.read_text()
                assert "原标题：" in text
                changed = text.replace("原标题：", "原标题：Another ")
                assert [field for field, *_ in faults_of(library, path.parent, path.name, changed)] == ["changes"]


def test_no_page_for_the_public_tells_what_its_owner_likes(library: Library, tmp_path: Path) -> None:
    library.like("2402.19302")
    try:
        mine = library.digest(TOPIC.name, day=DAY)
        assert any("you like it" in reason for note in mine.entries for reason in note.why)
        public = library.digest(TOPIC.name, day=DAY, audience="public")
        for path in library.pages.write(public, ["html", "hexo", "md", "rss", "mail", "json"], out=tmp_path):
            text = path.read_text()
            assert "you like it" not in text
            assert "words for it" not in text
            if path.suffix != ".bib":
                assert "the query holds" in text.replace("=\n", "")
    finally:
        library.like("2402.19302", -1)


@pytest.mark.slow
def test_an_empty_page_and_titles_without_a_blank_hold_in_every_form(tmp_path: Path) -> None:
    long = {"title": "T" * 300, "authors": ["Jean d'Arc, Jr."], "abstract": "We wait. " * 3, "listed": ["2024-03-04"]}
    lines = [long | {"id": f"2403.0000{n}", "title": f"{n}. {'T' * 300}"} for n in range(3)]
    (tmp_path / "records.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with Library.open(Settings(home=tmp_path / "home")) as library:
        library.add(str(tmp_path / "records.jsonl"))
        for day, name in ((DAY, "full"), (DAY.replace(day=6), "empty")):
            forms = ["html", "hexo", "md", "rss", "bibtex", "mail", "json"]
            for path in library.pages.write(library.digest(day=day), forms, out=tmp_path / name):
                assert library.pages.verify(path)[0] == [], path


def test_what_is_no_form_of_ours_is_said_in_one_line(library: Library, tmp_path: Path) -> None:
    for name, text, words in (
        ("a.xml", "<a/>", "is no daily page"), ("b.xml", "no xml", "is no XML"),
        ("c.xml", '<!DOCTYPE a [<!ENTITY b "c">]><rss/>', "declares a document type"),
        ("d.bib", "hello", "has no entry"), ("e.eml", "Subject: x\n\nhello", "is no daily page"),
        ("f.json", '{"paper": 1}', "is no note"),
    ):  # fmt: skip
        (tmp_path / name).write_text(text)
        with pytest.raises(BadRecord, match=words):
            library.pages.verify(tmp_path / name)


def test_a_note_and_a_digest_are_told_apart(library: Library, written: Path) -> None:
    assert isinstance(wire.from_json((written / "note.json").read_bytes(), Note), Note)
    assert isinstance(wire.from_json((written / "digest.json").read_bytes(), Digest), Digest)
    assert library.pages.verify(written / "digest.json")[0] == []


@pytest.mark.slow
def test_an_address_that_a_quotation_has_may_be_a_link_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "tides.md").write_text(
        "# Water levels in ports\n\n## Abstract\n\nWe present a graph network for water levels. Ports need it.\n\n"
        "## Conclusion\n\nWe hope that TideNet will facilitate safe landing, see https://tides.example.org/recap/ for"
        " more of it.\n"
    )
    with Library.open(Settings(home=tmp_path / "home")) as library:
        (key,) = library.add(str(tmp_path / "tides.md")).added
        library.pages.save(library.pages.render(library.note(key), "html"), tmp_path / "out")
        (path,) = (tmp_path / "out").iterdir()
        assert 'href="https://tides.example.org/recap/"' in path.read_text()
        assert library.pages.verify(path)[0] == []
        changed = path.read_text().replace('href="https://tides.example.org/recap/"', 'href="https://tides.net/recap/"')
        found = faults_of(library, path.parent, path.name, changed)
        assert [field for field, *_ in found] == ["link"]
        assert key not in re.sub(r'(?:id|data-paper)="[^"]*"', "", path.read_text())  # no address: none is made up
        assert "no address is known" in path.read_text()
