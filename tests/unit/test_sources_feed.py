"""Reading arXiv's daily feeds: every field, both forms, and nothing of a feed that is broken."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import SourceError
from kb.sources.feed import FeedEntry, read_feed
from tests import arxiv_answers
from tests.arxiv_answers import Announced
from tests.arxiv_server import ArxivServer

SAMPLE = Path(__file__).parents[1] / "data" / "arxiv_api" / "rss-example.xml"
RECORDS = [
    {
        "id": "2603.01001",
        "title": "Attention & <Alignment> at {{ scale }}",
        "authors": ["José Ángel Núñez", "Łukasz Kaiser"],
        "categories": ["cs.CV", "cs.LG"],
        "comment": "8 pages",
        "abstract": "We study $a < b$ & its  limits.\nSecond line.",
        "listed": ["2026-03-03"],
        "license": "http://creativecommons.org/licenses/by/4.0/",
        "doi": "10.1000/XYZ.1",
        "journal_ref": "CVPR 2026",
    },
    {
        "id": "hep-th/9901001",
        "title": "Strings",
        "authors": ["A. Einstein, Jr."],
        "categories": ["hep-th"],
        "comment": None,
        "abstract": "Old.",
        "listed": ["2026-03-03"],
    },
]


def entry(
    summary: str = "arXiv:2508.1v1", *, extra: str = "", creator: str = "A. Author", guid: str = "2508.00001v1"
) -> bytes:
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><updated>2025-08-20T04:00:19+00:00</updated><entry>'
        f"<id>oai:arXiv.org:{guid}</id><title>T</title><summary>{summary}</summary>"
        "<published>2025-08-20T00:00:00-04:00</published><arxiv:announce_type>new</arxiv:announce_type>"
        f"<dc:creator>{escape(creator)}</dc:creator>{extra}</entry></feed>"
    ).encode()


def only(data: bytes) -> FeedEntry:
    (found,) = read_feed(data).entries
    return found


def test_the_recorded_feed_is_read_whole() -> None:
    page = read_feed(SAMPLE.read_bytes())
    assert page.day == date(2025, 8, 20)
    assert not page.broken
    assert not page.is_cut
    assert [entry.type for entry in page.entries] == ["cross"] * 5 + ["new"] * 2
    first = page.entries[0]
    assert (first.id, first.version, first.announced) == ("arxiv:2508.13426", 1, date(2025, 8, 20))
    metadata = first.metadata
    assert metadata.source == "arxiv"
    assert (
        metadata.title == "ALIGN: Word Association Learning for Cross-Cultural Generalization in Large Language Models"
    )
    assert metadata.authors == ("Chunhua Liu", "Kabir Manandhar Shrestha", "Sukai Huang")
    assert metadata.categories == ("cs.CL", "cs.AI")
    assert metadata.license == "http://creativecommons.org/licenses/by-nc-sa/4.0/"
    assert (metadata.announced, metadata.announced_from) == ((date(2025, 8, 20),), "feed")
    assert metadata.abstract is not None
    assert metadata.abstract.startswith("As large language models (LLMs) increasingly")
    assert metadata.abstract.endswith("cultural alignment in AI models.")


def test_the_feed_states_no_submission_time_and_none_is_made_up() -> None:
    entries = read_feed(SAMPLE.read_bytes()).entries
    assert entries
    for found in entries:
        assert found.metadata.published is None
        assert found.metadata.updated is None
        assert found.metadata.comment is None


def test_latex_in_names_becomes_the_letters_it_stands_for() -> None:
    names = [found.metadata.authors for found in read_feed(SAMPLE.read_bytes()).entries]
    assert ("Paulo André Lima de Castro",) in names


@pytest.mark.parametrize("form", ["atom", "rss"])
def test_both_forms_of_a_feed_say_the_same(form: str) -> None:
    server = ArxivServer(RECORDS, clock_day=date(2026, 3, 3))
    _, _, data = server.answer(f"/{form}/cs.CV+hep-th", {})
    page = read_feed(data)
    assert page.day == date(2026, 3, 3)
    first, second = page.entries
    assert first.metadata.ids == ("arxiv:2603.01001", "doi:10.1000/xyz.1")
    assert first.metadata.title == "Attention & <Alignment> at {{ scale }}"
    assert first.metadata.abstract == "We study $a < b$ & its limits. Second line."
    assert first.metadata.authors == ("José Ángel Núñez", "Łukasz Kaiser")
    assert first.metadata.categories == ("cs.CV", "cs.LG")
    assert first.metadata.license == "http://creativecommons.org/licenses/by/4.0/"
    assert first.metadata.venue == "CVPR 2026"
    assert {link.kind: link.url for link in first.metadata.links or ()} == {
        "pdf": "https://arxiv.org/pdf/2603.01001v1",
        "doi": "https://doi.org/10.1000/xyz.1",
    }
    assert (second.id, second.metadata.authors) == ("arxiv:hep-th/9901001", ("A. Einstein, Jr.",))


@pytest.mark.parametrize("form", ["atom", "rss"])
@pytest.mark.parametrize("day", [date(2026, 1, 10), date(2026, 7, 11)])  # five and four hours behind UTC
def test_a_feed_without_entries_keeps_its_date(form: str, day: date) -> None:
    write = arxiv_answers.atom_feed if form == "atom" else arxiv_answers.rss_feed
    page = read_feed(write([], day=day, name="cs.CV").encode())
    assert (page.day, page.entries) == (day, ())


@pytest.mark.parametrize("kind", ["new", "cross", "replace", "replace-cross"])
def test_every_announce_type_is_kept(kind: str) -> None:
    server = ArxivServer(RECORDS)
    announced = [Announced(versions[0], kind) for versions in server._papers.values()]
    page = read_feed(arxiv_answers.atom_feed(announced, day=date(2026, 3, 3), name="cs.CV").encode())
    assert {found.type for found in page.entries} == {kind}


def test_a_paper_listed_twice_counts_once_as_what_says_most() -> None:
    eprint = ArxivServer(RECORDS)._papers["2603.01001"][0]
    feed = arxiv_answers.atom_feed(
        [Announced(eprint, "cross"), Announced(eprint, "new")], day=date(2026, 3, 3), name="cs"
    )
    assert only(feed.encode()).type == "new"


def test_the_date_is_easterns_not_utcs() -> None:
    late = entry().replace(b"2025-08-20T00:00:00-04:00", b"2025-08-20T22:00:00-04:00")
    assert only(late).announced == date(2025, 8, 20)


@pytest.mark.parametrize(
    ("creator", "names"),
    [
        ("Ji\\v{r}\\'i Nov\\'ak, \\O{}ystein S{\\o}rensen", ("Jiří Novák", "Øystein Sørensen")),
        ("J. Smith (MIT, Cambridge), K. Lee (ETH (Zurich))", ("J. Smith", "K. Lee")),
        ("Martin King, Jr., Sam Altman III", ("Martin King, Jr.", "Sam Altman III")),
        ("Ay\\c{s}e Y{\\i}lmaz", ("Ayşe Yılmaz",)),
        ("ATLAS Collaboration", ("ATLAS Collaboration",)),
        ("Th{\\d{i}} Nguy{\\~{\\^e}}n", ("Thị Nguyễn",)),
    ],
)
def test_creators_become_names_in_order(creator: str, names: tuple[str, ...]) -> None:
    assert only(entry(creator=creator)).metadata.authors == names


def test_a_broken_entry_is_named_and_the_others_are_read() -> None:
    data = SAMPLE.read_bytes().replace(b"oai:arXiv.org:2508.13428v1", b"oai:arXiv.org:nonsense")
    data = data.replace(b"<arxiv:announce_type>new<", b"<arxiv:announce_type>gone<", 1)
    page = read_feed(data)
    assert len(page.entries) == 5
    assert len(page.broken) == 2
    assert "nonsense" in page.broken[0]


@given(st.integers(min_value=0))
def test_a_feed_cut_short_is_refused_never_half_read(cut: int) -> None:
    whole = SAMPLE.read_bytes().rstrip()
    with pytest.raises(SourceError, match=r"try again|check"):
        read_feed(whole[: cut % len(whole)])


def test_entities_are_refused_before_they_are_expanded() -> None:
    bomb = b'<!DOCTYPE feed [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>' + entry("&b;")
    with pytest.raises(SourceError, match="document type"):
        read_feed(bomb)
    outside = b'<!DOCTYPE feed [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + entry("&a;")
    with pytest.raises(SourceError, match="document type"):
        read_feed(outside)


def test_a_page_instead_of_a_feed_is_refused() -> None:
    with pytest.raises(SourceError):
        read_feed(b"<html><body>Sorry</body></html>")


def test_a_withdrawn_paper_is_marked_and_has_no_pdf() -> None:
    found = only(
        entry("arXiv:2508.00001v2 Announce Type: replace \nAbstract: This paper has been withdrawn by the author.")
    )
    assert found.metadata.withdrawn is True
    assert not found.metadata.links


def test_code_links_come_from_the_abstract() -> None:
    found = only(entry("arXiv:2508.00001v1 Announce Type: new Abstract: Code: https://github.com/a/b."))
    assert ("code", "https://github.com/a/b") in [(link.kind, link.url) for link in found.metadata.links or ()]
