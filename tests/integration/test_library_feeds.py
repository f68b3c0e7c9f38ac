"""Feeds lead to the papers on the pages of their days; what is for others tells nothing of their owner's taste."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from kb import Library
from kb.library.digesting import Digests, write_feed
from kb.records import FORMS
from tests.integration.test_library_verifying import SITE, TOPIC, opened
from tests.rendering_pages import DAY

FEEDS = ("diffusion-扩散.rss.xml", "diffusion-扩散.atom.xml")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with opened(tmp_path_factory.mktemp("feeds") / "home") as library:
        yield library


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
def test_a_feed_beside_its_page_leads_to_the_papers_on_it(library: Library, tmp_path: Path, number: int) -> None:
    library.pages.write(library.digest(TOPIC.name, day=DAY), ["html", "rss"], out=tmp_path)
    found = places(tmp_path / FEEDS[number])
    assert len(found) == 5
    assert all(leads_to_a_paper(address, tmp_path) for address in found)


@pytest.mark.parametrize("number", [0, 1])
def test_the_feed_of_a_topic_leads_to_the_pages_of_its_days(library: Library, tmp_path: Path, number: int) -> None:
    digest = library.digest(TOPIC.name, day=DAY)
    library.pages.write_day(digest, ["html", "json"], root=tmp_path)
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
    assert library.pages.verify(files[number]).faults == ()
    stamp, end, rest = text.partition("-->")
    files[number].write_text(stamp + end + rest.replace("/2024-03-04/", "/2024-03-05/", 1))
    assert len(library.pages.verify(files[number]).faults) == 1


def test_without_a_page_a_feed_leads_to_the_paper(library: Library, tmp_path: Path) -> None:
    files = library.pages.write(library.digest(day=DAY), ["rss"], out=tmp_path)
    assert [path.name for path in files] == ["all-papers.rss.xml", "all-papers.atom.xml"]
    for path in files:
        assert places(path)
        assert all(address.startswith("https://arxiv.org/abs/") for address in places(path))


def test_no_page_for_the_public_tells_what_its_owner_likes(library: Library, tmp_path: Path) -> None:
    library.like("2402.19302")
    try:
        mine = library.digest(TOPIC.name, day=DAY)
        liked = [reason for note in mine.entries for reason in note.why if reason.kind == "like-liked"]
        assert liked
        assert all(reason.personal for reason in liked)
        public = library.digest(TOPIC.name, day=DAY, audience="public")
        for path in library.pages.write(public, FORMS, out=tmp_path):
            text = path.read_text().replace("=\n", "")
            for sign in ("that you liked", "like-liked", '"personal": true'):
                assert sign not in text, path.name
    finally:
        library.like("2402.19302", -1)
