"""arXiv as a source, against a local arXiv and against recorded answers of the real one."""

from __future__ import annotations

import json
import urllib.parse
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from kb.calendar import announcement_day, announcement_days
from kb.errors import DownloadRefused, NotFound, UsageError
from kb.records import Failure, Item, Metadata
from kb.settings import Settings
from kb.sources import arxiv as arxiv_source
from kb.sources.arxiv import ArxivSource
from kb.sources.feed import ArxivFeed
from kb.sources.http import PoliteClient
from kb.sources.stated import says_withdrawn
from tests.arxiv_answers import atom_error
from tests.arxiv_server import ArxivServer, Fault

RECORDINGS = Path(__file__).parents[1] / "data" / "arxiv_api"
FIRST_DAY = date(2026, 3, 2)


def record(number: int, *, day: date = FIRST_DAY, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"2603.{number:05d}",
        "title": f"Paper {number}: on diffusion" if number % 2 else f"Paper {number}: on attention",
        "authors": [f"Ada Author{number}", "Bo Writer"],
        "categories": ["cs.CV", "cs.LG"] if number % 3 else ["cs.CL"],
        "comment": None,
        "abstract": f"We study case {number}.",
        "listed": [day.isoformat()],
        **fields,
    }


def month() -> list[dict[str, Any]]:
    days = list(announcement_days(FIRST_DAY, date(2026, 3, 31)))
    return [record(n, day=days[n % len(days)]) for n in range(1, 331)]


@pytest.fixture
def arxiv() -> Iterator[ArxivServer]:
    with ArxivServer(month()) as server:
        yield server


def client_of(server: ArxivServer, home: Path, **settings: Any) -> PoliteClient:
    return PoliteClient(Settings(home=home, **server.settings(**settings)), cache_folder=home / "cache")


def source_of(server: ArxivServer, home: Path, **settings: Any) -> ArxivSource:
    client = client_of(server, home, **settings)
    return ArxivSource(client, Settings(home=home, **server.settings(**settings)))


def metadata_of(found: Item | Failure) -> Metadata:
    assert isinstance(found, Item), found
    assert found.metadata is not None
    return found.metadata


def id_of(found: Item | Failure) -> str:
    return metadata_of(found).ids[0]


# ------------------------------------------------------------------------- what the real arXiv answered


class Recorded:
    """The recorded answers as a network: a request that was not recorded fails the test."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, ...], Mapping[str, Any]] = {}
        for path in RECORDINGS.glob("*.json"):
            answer = json.loads(path.read_text(encoding="utf-8"))
            self.answers[self._key(answer["url"])] = answer
        self.used: set[tuple[str, ...]] = set()

    @staticmethod
    def _key(url: str) -> tuple[str, ...]:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
        names = ("search_query", "id_list", "start")
        return tuple(query.get(name, [""])[0] for name in names)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        key = self._key(str(request.url))
        self.used.add(key)
        return httpx.Response(self.answers[key]["status_code"], content=self.answers[key]["body"].encode())

    def source(self, home: Path) -> ArxivSource:
        settings = Settings(home=home, arxiv_interval_seconds=0, arxiv_retries=0)
        client = PoliteClient(
            settings,
            cache_folder=home / "cache",
            resolver=lambda host, port: ["151.101.3.42"],
            transport=httpx.MockTransport(self),
        )
        return ArxivSource(client, settings)


def test_every_recorded_paper_is_read_exactly(tmp_path: Path) -> None:
    recorded = Recorded()
    source = recorded.source(tmp_path)
    (found,) = source.find_many(["https://arxiv.org/abs/astro-ph/0601001"])
    metadata = metadata_of(found)
    assert metadata.ids == ("arxiv:astro-ph/0601001",)
    assert metadata.version == 1
    assert metadata.title == (
        "Frequency of Hot Jupiters and Very Hot Jupiters from the OGLE-III Transit Surveys Toward the Galactic Bulge "
        "and Carina"
    )
    assert metadata.authors == ("Andrew Gould", "Susan Dorsher", "B. Scott Gaudi", "Andrzej Udalski")
    assert metadata.abstract is not None
    assert metadata.abstract.startswith("We derive the frequencies of hot Jupiters (HJs) with 3--5 day periods")
    assert "V_max<17.5" in metadata.abstract
    assert metadata.categories == ("astro-ph",)
    assert metadata.comment is not None
    assert metadata.comment.startswith("62 pages including 16 figures and 9 tables.")
    assert metadata.published == metadata.updated == datetime(2006, 1, 2, 14, 57, 58, tzinfo=UTC)
    assert metadata.announced_from == "computed"
    assert metadata.license is None
    assert metadata.withdrawn is False
    assert metadata.url == "https://arxiv.org/abs/astro-ph/0601001"
    assert [(link.kind, link.url) for link in metadata.links or ()] == [
        ("pdf", "https://arxiv.org/pdf/astro-ph/0601001v1")
    ]
    (version,) = source.find_many(["2104.12255v1"])
    assert (metadata_of(version).title, metadata_of(version).version) == ("0", 1)
    (old,) = source.find_many(["quant-ph/0201082v1"])
    assert metadata_of(old).categories == ("quant-ph", "cs.PL")
    (many,) = source.find_many(["1707.08567"])
    assert len(metadata_of(many).authors or ()) == 34


def test_recorded_ids_that_do_not_exist_are_failures_beside_the_others(tmp_path: Path) -> None:
    recorded = Recorded()
    missing, there = recorded.source(tmp_path).find_many(["0808.05394", "1707.08567"])
    assert isinstance(missing, Failure)
    assert (missing.what, missing.code, missing.retry) == ("0808.05394", "not-found", False)
    assert id_of(there) == "arxiv:1707.08567"


def test_recorded_pages_of_a_query_join_without_gaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.sources.arxiv.PAGE_SIZE", 10)
    recorded = Recorded()
    found = list(recorded.source(tmp_path).query("testing", limit=20))
    assert len(found) == len({id_of(item) for item in found}) == 20
    dois = [identifier for item in found for identifier in metadata_of(item).ids if identifier.startswith("doi:")]
    assert "doi:10.1109/icstw55395.2022.00035" in dois
    for item in found:
        metadata = metadata_of(item)
        assert metadata.title
        assert metadata.authors
        assert metadata.abstract
        assert "  " not in metadata.abstract
        assert "\n" not in metadata.title + metadata.abstract
        assert metadata.published is not None
        assert metadata.announced == (announcement_day(metadata.published),)


def test_no_recording_lies_unused(tmp_path: Path) -> None:
    recorded = Recorded()
    source = recorded.source(tmp_path)
    for key in recorded.answers:
        if key[1] and key[1] != "abc":
            list(source.find_many(key[1].split(",")))
    unused = {key for key in recorded.answers if key not in recorded.used}
    # Ids that cannot be never leave the house; the error of one is what the local arXiv answers. Queries: see above.
    assert unused == {("", "abc", "0"), ("", "0000.0000", "0"), ("testing", "", "0"), ("testing", "", "10")}
    assert atom_error("incorrect id format for abc") == recorded.answers["", "abc", "0"]["body"]


def shape(element: ElementTree.Element) -> list[tuple[str, list[str]]]:
    return [(child.tag, sorted(child.attrib)) for child in element]


def test_the_local_arxiv_writes_what_the_real_one_wrote(tmp_path: Path) -> None:
    recorded = Recorded()
    compared = 0
    for key, answer in recorded.answers.items():
        found = list(recorded.source(tmp_path / key[1][:4]).find_many([key[1]])) if key[1] else []
        for item in found:
            if isinstance(item, Failure):
                continue
            metadata = metadata_of(item)
            assert metadata.published is not None
            local = ArxivServer(
                [
                    {
                        "id": metadata.ids[0].removeprefix("arxiv:"),
                        "title": metadata.title,
                        "authors": metadata.authors,
                        "categories": metadata.categories,
                        "comment": metadata.comment,
                        "abstract": metadata.abstract,
                        "version": metadata.version,
                        "published": metadata.published.isoformat(),
                        "journal_ref": "x" if "journal_ref" in answer["body"] else None,
                        "listed": ["2020-01-02"],
                    }
                ]
            )
            theirs = ElementTree.fromstring(answer["body"])
            ours = ElementTree.fromstring(local.answer("/api/query", {"id_list": key[1], "max_results": "100"})[2])
            assert shape(ours) == shape(theirs)
            entry = "{http://www.w3.org/2005/Atom}entry"
            assert [shape(one) for one in ours.findall(entry)] == [shape(one) for one in theirs.findall(entry)]
            compared += 1
    assert compared >= 4


# ------------------------------------------------------------------------------------------- by id


def test_ids_are_asked_for_in_batches_and_come_as_they_are_read(arxiv: ArxivServer, tmp_path: Path) -> None:
    wanted = [f"2603.{n:05d}" for n in range(1, 251)]
    found = source_of(arxiv, tmp_path).find_many(iter(wanted))
    first = next(found)
    assert id_of(first) == "arxiv:2603.00001"
    assert len(arxiv.requests) == 1, "later batches are asked for when they are needed"
    rest = list(found)
    assert [id_of(item) for item in [first, *rest]] == [f"arxiv:{name}" for name in wanted]
    assert len(arxiv.requests) == 3
    assert max(len(request.query["id_list"].split(",")) for request in arxiv.requests) <= 100


def test_an_interrupted_run_goes_on_where_it_stopped(arxiv: ArxivServer, tmp_path: Path) -> None:
    wanted = [f"2603.{n:05d}" for n in range(1, 251)]
    arxiv.fail("/api", Fault.unavailable(), times=99, after=1)
    outcome = list(source_of(arxiv, tmp_path, http_cache_seconds=3600, arxiv_retries=1).find_many(wanted))
    assert sum(isinstance(one, Item) for one in outcome) == 100
    assert all(one.retry and one.code == "source-unavailable" for one in outcome if isinstance(one, Failure))
    assert [one.what for one in outcome if isinstance(one, Failure)] == wanted[100:]
    arxiv._scripts.clear()
    arxiv.requests.clear()
    again = list(source_of(arxiv, tmp_path, http_cache_seconds=3600).find_many(wanted))
    assert all(isinstance(one, Item) for one in again)
    assert len(arxiv.requests) == 2, "the first batch is still there"


def test_ids_that_remain_when_arxiv_is_down_fail_without_more_asking(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.fail("/api", Fault.unavailable(), times=999)
    wanted = [f"2603.{n:05d}" for n in range(1000)]
    outcome = list(source_of(arxiv, tmp_path, arxiv_retries=2).find_many(wanted))
    assert [one.what for one in outcome] == wanted
    assert all(isinstance(one, Failure) and one.retry for one in outcome)
    assert len(arxiv.requests) == 3 + 1 + 1


def test_malformed_and_unknown_ids_fail_alone(arxiv: ArxivServer, tmp_path: Path) -> None:
    whats = ["2603.00001", "abc", "2603.99999", "2603.00002v7", "", "2613.00001", "https://arxiv.org/abs/2603.00003"]
    outcome = list(source_of(arxiv, tmp_path).find_many(whats))
    assert [one.what for one in outcome] == whats
    codes = [one.code if isinstance(one, Failure) else "found" for one in outcome]
    assert codes == ["found", "bad-id", "not-found", "not-found", "bad-id", "bad-id", "found"]
    assert len(arxiv.requests) == 1
    assert all(":" in one.reason for one in outcome if isinstance(one, Failure)), "each reason ends with its cure"


def test_an_id_that_makes_arxiv_refuse_the_batch_fails_alone(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.refused_ids = {"2603.00004", "2603.00007"}
    outcome = list(source_of(arxiv, tmp_path).find_many([f"2603.{n:05d}" for n in range(1, 11)]))
    bad = [one for one in outcome if isinstance(one, Failure)]
    assert [(one.what, one.code) for one in bad] == [("2603.00004", "bad-id"), ("2603.00007", "bad-id")]
    assert len(outcome) == 10


def test_an_error_that_names_no_id_is_narrowed_down(arxiv: ArxivServer, tmp_path: Path) -> None:
    class Vague(ArxivServer):
        def answer(self, path: str, query: Mapping[str, str]) -> tuple[int, str, bytes]:
            status, kind, body = super().answer(path, query)
            return status, kind, body.replace(b"for 2603.00004", b"for 2603-00004")

    with Vague(month()) as server:
        server.refused_ids = {"2603.00004"}
        outcome = list(source_of(server, tmp_path).find_many([f"2603.{n:05d}" for n in range(1, 9)]))
        assert [one.what for one in outcome if isinstance(one, Failure)] == ["2603.00004"]
        assert len(server.requests) <= 8


def test_the_same_paper_named_twice_is_asked_for_once(arxiv: ArxivServer, tmp_path: Path) -> None:
    whats = ["2603.00001", "arXiv:2603.00001", "http://arxiv.org/pdf/2603.00001v1.pdf"]
    outcome = list(source_of(arxiv, tmp_path).find_many(whats))
    assert [one.what for one in outcome] == whats
    assert {id_of(one) for one in outcome} == {"arxiv:2603.00001"}
    assert arxiv.requests[0].query["id_list"] == "2603.00001,2603.00001v1"


def test_old_ids_and_subject_classes(tmp_path: Path) -> None:
    with ArxivServer([record(1, id="math/0309136"), record(2, id="hep-th/9901001")]) as server:
        outcome = list(source_of(server, tmp_path).find_many(["math.GT/0309136", "hep-th/9901001v1"]))
    assert [id_of(one) for one in outcome] == ["arxiv:math/0309136", "arxiv:hep-th/9901001"]


def test_a_version_that_was_asked_for_is_the_one_that_comes(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.replace("2603.00001", day=date(2026, 3, 20), title="A better title")
    first, newest = source_of(arxiv, tmp_path).find_many(["2603.00001v1", "2603.00001"])
    assert (metadata_of(first).version, metadata_of(first).title) == (1, "Paper 1: on diffusion")
    assert (metadata_of(newest).version, metadata_of(newest).title) == (2, "A better title")
    assert metadata_of(newest).published == metadata_of(first).published
    assert metadata_of(newest).updated > metadata_of(newest).published  # type: ignore[operator]


def test_a_withdrawn_paper_is_marked(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.withdraw("2603.00001", day=date(2026, 3, 20))
    source = source_of(arxiv, tmp_path)
    withdrawn, before = source.find_many(["2603.00001", "2603.00001v1"])
    assert metadata_of(withdrawn).withdrawn is True
    assert not metadata_of(withdrawn).links
    assert metadata_of(before).withdrawn is False
    with pytest.raises(NotFound, match="withdrawn"):
        source.fetch_pdf("arxiv:2603.00001", 2)
    assert source.fetch_pdf("arxiv:2603.00001", 1).is_file()


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("This paper has been withdrawn by the author due to an error in Lemma 3", True),
        ("Withdrawn", True),
        ("withdrawn by arXiv administrators", True),
        ("12 pages. The authors have withdrawn this paper", True),
        ("Withdrawn from ICLR 2025; 12 pages", False),
        ("This paper was withdrawn from NeurIPS 2024", False),
        ("We study retracted articles", False),
        (None, False),
    ],
)
def test_a_withdrawal_is_told_from_talk_of_one(comment: str | None, expected: bool) -> None:
    assert says_withdrawn(comment=comment, abstract="We study papers that have been withdrawn by their authors.") == (
        expected
    )


def test_what_the_record_says_becomes_links_and_aliases(tmp_path: Path) -> None:
    rich = record(
        1,
        comment="Accepted at CVPR 2026. Code: https://github.com/a/b",
        abstract="See https://a.github.io/b for our project page.",
        doi="10.1109/ABC.1",
    )
    with ArxivServer([rich]) as server:
        (found,) = source_of(server, tmp_path).find_many(["2603.00001"])
    metadata = metadata_of(found)
    assert metadata.ids == ("arxiv:2603.00001", "doi:10.1109/abc.1")
    assert metadata.venue == "CVPR 2026"
    assert {link.kind for link in metadata.links or ()} == {"pdf", "doi", "code", "project"}
    assert {link.source for link in metadata.links or ()} == {"arxiv"}


# ----------------------------------------------------------------------------------------- by query


def test_a_query_brings_all_matches_newest_first(arxiv: ArxivServer, tmp_path: Path) -> None:
    found = list(source_of(arxiv, tmp_path).query("cat:cs.CV AND ti:diffusion"))
    expected = {f"arxiv:{one['id']}" for one in month() if "diffusion" in one["title"] and "cs.CV" in one["categories"]}
    assert {id_of(item) for item in found} == expected
    assert len(found) == len(expected) == 110
    times = [metadata_of(item).published for item in found]
    assert times == sorted(times, reverse=True)  # type: ignore[type-var]
    assert len(arxiv.requests) == 2


def test_paging_stops_at_the_apis_total(arxiv: ArxivServer, tmp_path: Path) -> None:
    assert len(list(source_of(arxiv, tmp_path).query("all:study"))) == 330
    assert [request.query["start"] for request in arxiv.requests] == ["0", "100", "200", "300"]


def test_a_limit_stops_early_and_asks_for_no_more(arxiv: ArxivServer, tmp_path: Path) -> None:
    assert len(list(source_of(arxiv, tmp_path).query("all:study", limit=7))) == 7
    assert [request.query["max_results"] for request in arxiv.requests] == ["7"]


def test_a_query_without_matches_ends_quietly(arxiv: ArxivServer, tmp_path: Path) -> None:
    assert list(source_of(arxiv, tmp_path).query("all:phlogiston")) == []
    assert len(arxiv.requests) == 1


def test_a_paper_that_comes_while_pages_are_read_is_no_double(arxiv: ArxivServer, tmp_path: Path) -> None:
    found = source_of(arxiv, tmp_path).query("all:study")
    taken = [id_of(next(found))]
    for n in range(900, 905):
        arxiv.add(record(n, day=date(2026, 4, 1)))
    taken += [id_of(item) for item in found]
    assert len(taken) == len(set(taken)) == 330


def test_an_empty_page_before_the_end_is_asked_for_again(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.fail("/api", Fault.empty_page(330), times=2, after=1)
    assert len(list(source_of(arxiv, tmp_path).query("all:study"))) == 330
    assert len(arxiv.requests) == 6


def test_an_api_that_stays_empty_ends_clearly_after_what_it_gave(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.fail("/api", Fault.empty_page(330), times=99, after=1)
    outcome = list(source_of(arxiv, tmp_path).query("all:study"))
    assert len(outcome) == 101
    last = outcome[-1]
    assert isinstance(last, Failure)
    assert (last.code, last.retry) == ("source-unavailable", True)


@pytest.mark.parametrize("fault", [Fault.truncated(3000), Fault.html(), Fault(status=200, body=b"<feed><entry>")])
def test_a_page_that_is_not_whole_is_never_half_read(arxiv: ArxivServer, tmp_path: Path, fault: Fault) -> None:
    arxiv.fail("/api", fault, times=2)
    assert len(list(source_of(arxiv, tmp_path).query("all:study"))) == 330


def test_a_page_cut_where_the_length_is_unknown_is_seen(arxiv: ArxivServer, tmp_path: Path) -> None:
    _, _, whole = arxiv.answer("/api/query", {"search_query": "all:study", "max_results": "100"})
    arxiv.fail("/api", Fault(status=200, body=whole[: len(whole) // 2]))
    assert len(list(source_of(arxiv, tmp_path).query("all:study"))) == 330
    assert len(arxiv.requests) == 5


def test_a_period_means_announcement_days(arxiv: ArxivServer, tmp_path: Path) -> None:
    since, until = date(2026, 3, 6), date(2026, 3, 9)  # over a weekend
    found = list(source_of(arxiv, tmp_path).query("all:study", since=since, until=until))
    expected = {f"arxiv:{one['id']}" for one in month() if since.isoformat() <= one["listed"][0] <= until.isoformat()}
    assert {id_of(item) for item in found} == expected
    assert expected
    for item in found:
        assert since <= (metadata_of(item).announced or ())[0] <= until


@pytest.mark.parametrize(("since", "until"), [(date(2026, 3, 12), None), (None, date(2026, 3, 11))])
def test_a_period_may_be_open(arxiv: ArxivServer, tmp_path: Path, since: date | None, until: date | None) -> None:
    found = list(source_of(arxiv, tmp_path).query("all:study", since=since, until=until))
    days = {date.fromisoformat(one["listed"][0]) for one in month()}
    inside = {day for day in days if (since or day) <= day <= (until or day)}
    assert {(metadata_of(item).announced or ())[0] for item in found} == inside


def test_a_weekend_holds_nothing(arxiv: ArxivServer, tmp_path: Path) -> None:
    assert list(source_of(arxiv, tmp_path).query("all:study", since=date(2026, 3, 7), until=date(2026, 3, 8))) == []


def test_the_users_or_does_not_escape_the_period(arxiv: ArxivServer, tmp_path: Path) -> None:
    day = date(2026, 3, 10)
    found = list(source_of(arxiv, tmp_path).query("ti:diffusion OR ti:attention", since=day, until=day))
    assert {metadata_of(item).announced for item in found} == {(day,)}


def test_deep_lists_are_read_in_stretches(arxiv: ArxivServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arxiv_source, "_DEEPEST_RESULT", 120)
    found = [id_of(item) for item in source_of(arxiv, tmp_path).query("all:study")]
    assert len(found) == len(set(found)) == 330
    assert max(int(request.query["start"]) for request in arxiv.requests) < 120


def test_replaced_papers_of_missed_days_are_found(arxiv: ArxivServer, tmp_path: Path) -> None:
    days = [date(2026, 3, 17), date(2026, 3, 18), date(2026, 3, 19), date(2026, 3, 20)]
    for number, day in zip((1, 2, 4, 5), days, strict=True):
        arxiv.replace(f"2603.{number:05d}", day=day, abstract="We study it better.")
    arxiv.replace("2603.00003", day=days[1], abstract="We study it better.")  # in another category
    found = list(source_of(arxiv, tmp_path).replaced("cat:cs.CV", since=days[1], until=days[2]))
    assert {id_of(item): metadata_of(item).announced for item in found} == {
        "arxiv:2603.00002": (days[1],),
        "arxiv:2603.00004": (days[2],),
    }
    assert {(metadata_of(item).version, metadata_of(item).abstract) for item in found} == {(2, "We study it better.")}
    assert len(arxiv.requests) == 2, "it stops at the first version that is too old, on the second of three pages"


def test_a_list_of_replaced_papers_that_is_cut_says_so(
    arxiv: ArxivServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv_source, "_DEEPEST_RESULT", 50)
    *_, last = source_of(arxiv, tmp_path).replaced("cat:cs.CV", since=FIRST_DAY, until=FIRST_DAY)
    assert isinstance(last, Failure)
    assert "fewer days" in last.reason


@pytest.mark.parametrize("query", ['abs:"unclosed', "AND AND", "ti:(", "cat:cs.CV ANDNOT"])
def test_a_query_that_arxiv_refuses_is_one_failure(arxiv: ArxivServer, tmp_path: Path, query: str) -> None:
    (outcome,) = source_of(arxiv, tmp_path).query(query)
    assert isinstance(outcome, Failure)
    assert outcome.code == "source-refused"
    assert "correct the query" in outcome.reason


@pytest.mark.parametrize(
    "arguments",
    [
        {"query": "  "},
        {"query": "all:x", "since": date(2026, 3, 9), "until": date(2026, 3, 6)},
        {"query": "all:x", "limit": 0},
    ],
)
def test_a_call_that_makes_no_sense_is_a_usage_error(
    arxiv: ArxivServer, tmp_path: Path, arguments: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match=":"):
        list(source_of(arxiv, tmp_path).query(**arguments))
    assert not arxiv.requests


def test_the_announcement_day_is_computed_and_says_so(arxiv: ArxivServer, tmp_path: Path) -> None:
    found = list(source_of(arxiv, tmp_path).query("all:study", limit=50))
    assert found
    for item in found:
        metadata = metadata_of(item)
        listed = next(one["listed"][0] for one in month() if f"arxiv:{one['id']}" == metadata.ids[0])
        assert metadata.announced == (date.fromisoformat(listed),)
        assert metadata.announced_from == "computed"


# -------------------------------------------------------------------------------------------- files


def test_a_version_is_fetched_once(arxiv: ArxivServer, tmp_path: Path) -> None:
    source = source_of(arxiv, tmp_path)
    first = source.fetch_pdf("arxiv:2603.00001", 1)
    assert first.read_bytes().startswith(b"%PDF-")
    assert source_of(arxiv, tmp_path).fetch_pdf("2603.00001v1") == first
    assert len(arxiv.requests) == 1


def test_the_newest_version_is_asked_for_each_time(arxiv: ArxivServer, tmp_path: Path) -> None:
    source = source_of(arxiv, tmp_path)
    before = source.fetch_pdf("arxiv:2603.00001").read_bytes()
    arxiv.replace("2603.00001", day=date(2026, 3, 20), title="A better title")
    assert source.fetch_pdf("arxiv:2603.00001").read_bytes() != before


def test_old_ids_become_safe_file_names(tmp_path: Path) -> None:
    with ArxivServer([record(1, id="hep-th/9901001")]) as server:
        path = source_of(server, tmp_path).fetch_pdf("arxiv:hep-th/9901001", 1)
        assert server.requests[0].path == "/pdf/hep-th/9901001v1"
    assert path.name == "hep-th_9901001v1.pdf"


def test_html_is_fetched_where_there_is_one(arxiv: ArxivServer, tmp_path: Path) -> None:
    source = source_of(arxiv, tmp_path)
    assert b"ltx_document" in source.fetch_html("arxiv:2603.00001", 1).read_bytes()
    with pytest.raises(NotFound, match="HTML"):
        source.fetch_html("arxiv:2603.99999", 1)


def test_a_pdf_still_being_made_is_worth_a_later_try(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.fail("/pdf", Fault.html("<html><title>Please wait</title>The PDF is being generated</html>"))
    source = source_of(arxiv, tmp_path)
    with pytest.raises(DownloadRefused) as caught:
        source.fetch_pdf("arxiv:2603.00001", 1)
    assert (caught.value.code, caught.value.retry) == ("not-a-pdf", True)
    assert source.fetch_pdf("arxiv:2603.00001", 1).is_file()


# -------------------------------------------------------------------------------------------- feeds


def feed_of(server: ArxivServer, home: Path) -> ArxivFeed:
    return ArxivFeed(client_of(server, home), Settings(home=home, **server.settings()))


def test_the_feed_brings_each_days_papers_once(arxiv: ArxivServer, tmp_path: Path) -> None:
    feed = feed_of(arxiv, tmp_path)
    seen: list[str] = []
    for n in range(30):
        arxiv.clock_day = FIRST_DAY + timedelta(days=n)
        page = feed.announced(["cs.CV", "cs.CL"])
        assert page.day == arxiv.clock_day
        assert all(entry.announced == arxiv.clock_day for entry in page.entries)
        seen += [entry.id for entry in page.entries]
    assert len(seen) == len(set(seen)) == 330


def test_a_weekends_feed_is_empty(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.clock_day = date(2026, 3, 7)
    page = feed_of(arxiv, tmp_path).announced(["cs.CV"])
    assert (page.day, page.entries) == (date(2026, 3, 7), ())


def test_new_cross_listed_and_replaced_papers_are_told_apart(tmp_path: Path) -> None:
    day = date(2026, 3, 4)
    records = [record(1, day=day), record(2, day=day, categories=["cs.RO", "cs.CV"]), record(4)]
    with ArxivServer(records, clock_day=day) as server:
        server.replace("2603.00004", day=day, abstract="A better abstract.")
        page = feed_of(server, tmp_path).announced(["cs.CV"])
    types = {entry.id: (entry.type, entry.version) for entry in page.entries}
    assert types == {
        "arxiv:2603.00001": ("new", 1),
        "arxiv:2603.00002": ("cross", 1),
        "arxiv:2603.00004": ("replace", 2),
    }
    assert {entry.item.what for entry in page.entries} == set(types)
    assert all(entry.metadata.license for entry in page.entries)


def test_a_feed_at_arxivs_limit_is_asked_for_by_category(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.sources.feed.MAX_FEED_ENTRIES", 6)
    monkeypatch.setattr("tests.arxiv_server.PAGE_LIMIT", 6)
    records = [record(n) for n in range(1, 9)]
    with ArxivServer(records, clock_day=FIRST_DAY) as server:
        page = feed_of(server, tmp_path).announced(["cs.CV", "cs.CL"])
        assert [request.path for request in server.requests] == ["/atom/cs.CV+cs.CL", "/atom/cs.CV", "/atom/cs.CL"]
    assert len(page.entries) == 8


@pytest.mark.parametrize("categories", [[], ["cs.CV/../x"], ["cs.CV+cs.CL"], ["?"], ["cs.CV", ""]])
def test_a_category_that_cannot_be_is_a_usage_error(arxiv: ArxivServer, tmp_path: Path, categories: list[str]) -> None:
    with pytest.raises(UsageError):
        feed_of(arxiv, tmp_path).announced(categories)
    assert not arxiv.requests


def test_a_feed_cut_short_is_asked_for_again(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.clock_day = FIRST_DAY
    _, _, whole = arxiv.answer("/atom/cs.CV", {})
    arxiv.fail("/atom", Fault(status=200, body=whole[: len(whole) // 2]))
    assert feed_of(arxiv, tmp_path).announced(["cs.CV"]).entries
    assert len(arxiv.requests) == 2


def test_the_local_arxiv_can_be_set_by_the_environment(
    arxiv: ArxivServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in arxiv.environment(allowed_hosts=["arxiv.org"]).items():
        monkeypatch.setenv(name, value)
    settings = Settings(home=tmp_path)
    assert settings == Settings(home=tmp_path, **arxiv.settings(allowed_hosts=("arxiv.org",)))
    source = ArxivSource(PoliteClient(settings, cache_folder=tmp_path / "cache"), settings)
    assert id_of(next(source.find_many(["2603.00001"]))) == "arxiv:2603.00001"
