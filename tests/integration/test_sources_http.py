"""The polite client against a real server: its manners, its limits, and its clear ends."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from kb.errors import DownloadRefused, HomeUnwritable, NotFound, SourceError, SourceUnavailable
from kb.home import writing_error
from kb.settings import Settings
from kb.sources import http
from kb.sources.answers import AnswerCache
from kb.sources.http import PoliteClient, is_public
from tests.arxiv_server import ArxivServer, Fault

RECORD = {
    "id": "2603.01001",
    "title": "A Paper",
    "authors": ["A. Author"],
    "categories": ["cs.CV"],
    "comment": None,
    "abstract": "It has an abstract.",
    "listed": ["2026-03-03"],
}
API = "/api/query?id_list=2603.01001"
PDF = "/pdf/2603.01001v1"
PUBLIC = "151.101.3.42"


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def arxiv() -> Iterator[ArxivServer]:
    with ArxivServer([RECORD]) as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(arxiv: ArxivServer, clock: Clock, tmp_path: Path) -> Iterator[PoliteClient]:
    with make(arxiv, tmp_path, clock) as polite:
        yield polite


def make(arxiv: ArxivServer, home: Path, clock: Clock | None = None, **settings: Any) -> PoliteClient:
    given = {"arxiv_interval_seconds": 3.0, **settings}
    timing: dict[str, Any] = {} if clock is None else {"clock": clock, "sleep": clock.sleep}
    return PoliteClient(Settings(home=home, **arxiv.settings(**given)), cache_folder=home / "cache", **timing)


def scripted(
    home: Path, handler: Callable[[httpx.Request], httpx.Response], *, names: dict[str, list[str]], **settings: Any
) -> PoliteClient:
    """A client whose name server and network are in the test's hand."""
    clock = Clock()
    return PoliteClient(
        Settings(home=home, **settings),
        cache_folder=home / "cache",
        clock=clock,
        sleep=clock.sleep,
        resolver=lambda host, port: names[host],
        transport=httpx.MockTransport(handler),
    )


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != "pace")


# ------------------------------------------------------------------------------------------ the pace


def test_three_seconds_lie_between_requests_by_default(arxiv: ArxivServer, clock: Clock, tmp_path: Path) -> None:
    default = Settings(home=tmp_path).arxiv_interval_seconds
    assert default == 3.0
    times = []
    with make(arxiv, tmp_path, clock, arxiv_interval_seconds=default) as client:
        for _ in range(4):
            client.get_bytes(arxiv.url + API)
            times.append(clock.now)
    assert len(arxiv.requests) == 4
    assert all(later - earlier >= 3.0 for earlier, later in itertools.pairwise(times))


def test_two_clients_of_one_home_share_the_pace(arxiv: ArxivServer, clock: Clock, tmp_path: Path) -> None:
    with make(arxiv, tmp_path, clock) as one, make(arxiv, tmp_path, clock) as other:
        one.get_bytes(arxiv.url + API)
        other.get_bytes(arxiv.url + API)
    assert sum(clock.waits) == pytest.approx(3.0)


PROGRAM = """
import json, sys
from pathlib import Path
from kb.settings import Settings
from kb.sources.http import PoliteClient
home, url, settings = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
with PoliteClient(Settings(home=home, **settings), cache_folder=home / "cache") as client:
    for _ in range(int(sys.argv[4])):
        client.get_bytes(url)
"""


def start(arxiv: ArxivServer, home: Path, *, requests: int, **settings: Any) -> subprocess.Popen[bytes]:
    arguments = [str(home), arxiv.url + API, json.dumps(arxiv.settings(**settings)), str(requests)]
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments])


@pytest.mark.slow
def test_processes_of_one_home_keep_the_pace_together(arxiv: ArxivServer, tmp_path: Path) -> None:
    running = [start(arxiv, tmp_path, requests=3, arxiv_interval_seconds=0.3) for _ in range(2)]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    times = sorted(request.at for request in arxiv.requests)
    assert len(times) == 6
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 0.29


def test_one_request_at_a_time_whatever_the_threads(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.fail("/api", Fault.slow(0.05), times=6)
    with make(arxiv, tmp_path, arxiv_interval_seconds=0.0) as client, ThreadPoolExecutor(6) as threads:
        list(threads.map(client.get_bytes, [arxiv.url + API] * 6))
    assert len(arxiv.requests) == 6
    assert arxiv.most_at_once == 1


def test_a_killed_process_gives_its_turn_back(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.fail("/api", Fault.slow(20.0))
    process = start(arxiv, tmp_path, requests=1, arxiv_interval_seconds=0.1)
    while not arxiv.requests:
        time.sleep(0.02)
    process.kill()
    process.wait(timeout=10)
    with make(arxiv, tmp_path, arxiv_interval_seconds=0.1) as client:
        assert client.get_bytes(arxiv.url + API)


def test_a_clock_that_was_set_back_does_not_stop_everything(arxiv: ArxivServer, clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "pace").write_text(f"{clock.now + 10**7}\n")
    with make(arxiv, tmp_path, clock) as client:
        client.get_bytes(arxiv.url + API)
    assert sum(clock.waits) < 10


def test_the_client_names_the_product(arxiv: ArxivServer, client: PoliteClient) -> None:
    client.get_bytes(arxiv.url + API)
    assert arxiv.requests[0].headers["User-Agent"].startswith("paper-kb/")


# ---------------------------------------------------------------------------------------- trying again


@pytest.mark.parametrize("fault", [Fault.too_many_requests("40"), Fault.unavailable("40")])
def test_retry_after_is_honoured(arxiv: ArxivServer, client: PoliteClient, clock: Clock, fault: Fault) -> None:
    arxiv.fail("/api", fault, times=2)
    began = clock.now
    assert b"A Paper" in client.get_bytes(arxiv.url + API)
    assert len(arxiv.requests) == 3
    assert clock.now - began >= 80


def test_nobody_comes_back_at_the_very_second(
    arxiv: ArxivServer, client: PoliteClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda least, most: most)
    arxiv.fail("/api", Fault.unavailable("40"))
    began = clock.now
    client.get_bytes(arxiv.url + API)
    assert clock.now - began == pytest.approx(43.0)


def test_retry_after_as_a_date_is_honoured(arxiv: ArxivServer, client: PoliteClient, clock: Clock) -> None:
    then = datetime.fromtimestamp(clock.now, tz=UTC) + timedelta(seconds=75)
    arxiv.fail("/api", Fault.unavailable(format_datetime(then, usegmt=True)))
    client.get_bytes(arxiv.url + API)
    assert clock.now >= then.timestamp()


@pytest.mark.parametrize("nonsense", ["soon", "-5", "", "Wed, 99 Foo 2026", "1e9999", "١٢"])
def test_a_retry_after_that_says_nothing_is_no_trouble(
    arxiv: ArxivServer, client: PoliteClient, clock: Clock, nonsense: str
) -> None:
    fault = Fault(status=503, headers={"Retry-After": nonsense.encode("utf-8").decode("latin-1")}, body=b"")
    arxiv.fail("/api", fault)
    assert client.get_bytes(arxiv.url + API)
    assert sum(clock.waits) < 60


def test_other_processes_wait_too_when_a_server_asked_for_it(arxiv: ArxivServer, clock: Clock, tmp_path: Path) -> None:
    arxiv.fail("/api", Fault.too_many_requests("50"))
    with make(arxiv, tmp_path, clock, arxiv_retries=0) as one, pytest.raises(SourceUnavailable):
        one.get_bytes(arxiv.url + API)
    asked = clock.now
    with make(arxiv, tmp_path, clock) as other:
        other.get_bytes(arxiv.url + API)
    assert clock.now - asked >= 50


def test_a_long_pause_ends_the_run_with_the_time_to_come_back(arxiv: ArxivServer, clock: Clock, tmp_path: Path) -> None:
    arxiv.fail("/api", Fault.unavailable("7200"))
    back = datetime.fromtimestamp(clock.now + 7200, tz=UTC)
    for _ in range(2):
        with make(arxiv, tmp_path, clock) as client, pytest.raises(SourceUnavailable) as caught:
            client.get_bytes(arxiv.url + API)
        assert f"{back:%Y-%m-%d %H:%M}" in str(caught.value)
        assert caught.value.retry
    assert len(arxiv.requests) == 1, "it must not ask again before the time"
    clock.now += 7201
    with make(arxiv, tmp_path, clock) as client:
        assert client.get_bytes(arxiv.url + API)


def test_it_ends_clearly_when_the_server_keeps_saying_no(arxiv: ArxivServer, client: PoliteClient) -> None:
    arxiv.fail("/api", Fault.unavailable(), times=100)
    with pytest.raises(SourceUnavailable, match=r"6 tries.*503.*later") as caught:
        client.get_bytes(arxiv.url + API)
    assert caught.value.retry
    assert len(arxiv.requests) == 6


def test_pauses_grow_and_are_never_the_same(arxiv: ArxivServer, client: PoliteClient, clock: Clock) -> None:
    arxiv.fail("/api", Fault.unavailable(), times=100)
    with pytest.raises(SourceUnavailable):
        client.get_bytes(arxiv.url + API)
    pauses = [wait for wait in clock.waits if wait > 3.0 or len(clock.waits) == 5]
    assert len(pauses) == 5
    for n, pause in enumerate(pauses):
        assert 3.0 * 2**n <= pause <= 3.0 * 2**n + 3.0
    assert len({pause - 3.0 * 2**n for n, pause in enumerate(pauses)}) == 5


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_passing_statuses_are_tried_again(arxiv: ArxivServer, client: PoliteClient, status: int) -> None:
    arxiv.fail("/api", Fault(status=status, body=b""))
    assert b"A Paper" in client.get_bytes(arxiv.url + API)


@pytest.mark.parametrize(
    ("status", "error"), [(404, NotFound), (410, NotFound), (403, SourceError), (400, SourceError)]
)
def test_a_final_no_is_taken_at_once(
    arxiv: ArxivServer, client: PoliteClient, status: int, error: type[SourceError]
) -> None:
    arxiv.fail("/api", Fault(status=status, body=b""), times=9)
    with pytest.raises(error):
        client.get_bytes(arxiv.url + API)
    assert len(arxiv.requests) == 1


@pytest.mark.parametrize("fault", [Fault.truncated(50), Fault.dropped()])
def test_a_broken_answer_is_asked_for_again(arxiv: ArxivServer, client: PoliteClient, fault: Fault) -> None:
    arxiv.fail("/api", fault, times=2)
    assert client.get_bytes(arxiv.url + API).rstrip().endswith(b"</feed>")
    assert len(arxiv.requests) == 3


def test_a_complaint_about_the_body_is_asked_about_again(arxiv: ArxivServer, client: PoliteClient) -> None:
    arxiv.fail("/api", Fault.html())
    body = client.get_bytes(arxiv.url + API, complaint=lambda data: None if b"<feed" in data else "no feed")
    assert b"A Paper" in body
    assert len(arxiv.requests) == 2


def test_a_server_that_does_not_answer_in_time_is_asked_again(arxiv: ArxivServer, clock: Clock, tmp_path: Path) -> None:
    arxiv.fail("/api", Fault.slow(2.0))
    with make(arxiv, tmp_path, clock, http_timeout_seconds=0.3) as client:
        assert b"A Paper" in client.get_bytes(arxiv.url + API)
    assert len(arxiv.requests) == 2


def test_a_server_that_is_down_ends_a_long_batch_soon(arxiv: ArxivServer, client: PoliteClient, clock: Clock) -> None:
    arxiv.fail("/api", Fault.unavailable(), times=99)
    for n in range(50):
        with pytest.raises(SourceUnavailable, match="later"):
            client.get_bytes(f"{arxiv.url}/api/query?id_list=2603.{n:05d}")
    assert len(arxiv.requests) == 6 + 1 + 1
    clock.now += 3600
    arxiv._scripts.clear()
    assert client.get_bytes(arxiv.url + API)


def test_one_file_that_never_comes_does_not_stop_the_others(
    arxiv: ArxivServer, client: PoliteClient, tmp_path: Path
) -> None:
    arxiv.fail("/pdf/2603.09999", Fault.unavailable(), times=999)
    for _ in range(6):
        with pytest.raises(SourceUnavailable):
            client.download(arxiv.url + "/pdf/2603.09999v1", to=tmp_path / "q.pdf", expect="pdf")
        assert client.download(arxiv.url + PDF, to=tmp_path / "p.pdf", expect="pdf").is_file()


@pytest.mark.parametrize("value", ["9" * 30, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_pause_of_years_is_still_one_clear_line(arxiv: ArxivServer, client: PoliteClient, value: str) -> None:
    arxiv.fail("/api", Fault.unavailable(value), times=9)
    with pytest.raises(SourceUnavailable, match="pause until"):
        client.get_bytes(arxiv.url + API)
    assert len(arxiv.requests) == 1


def test_a_server_that_is_not_there_is_a_clear_end(arxiv: ArxivServer, clock: Clock, tmp_path: Path) -> None:
    with ArxivServer() as gone:
        client = make(gone, tmp_path, clock, arxiv_retries=1)
        url = gone.url
    with client, pytest.raises(SourceUnavailable, match="2 tries"):
        client.get_bytes(url + API)


# -------------------------------------------------------------------------------------------- the cache


def test_an_answer_is_asked_for_once(arxiv: ArxivServer, clock: Clock, tmp_path: Path) -> None:
    for _ in range(3):
        with make(arxiv, tmp_path, clock, http_cache_seconds=3600) as client:
            assert b"A Paper" in client.get_bytes(arxiv.url + API)
    assert len(arxiv.requests) == 1
    clock.now += 3601
    with make(arxiv, tmp_path, clock, http_cache_seconds=3600) as client:
        client.get_bytes(arxiv.url + API)
        client.get_bytes(arxiv.url + API, max_age_seconds=0)
    assert len(arxiv.requests) == 3


def test_errors_and_complaints_are_not_kept(arxiv: ArxivServer, clock: Clock, tmp_path: Path) -> None:
    with make(arxiv, tmp_path, clock, http_cache_seconds=3600, arxiv_retries=0) as client:
        bad = arxiv.url + "/api/query?id_list=abc"
        for _ in range(2):
            client.get_bytes(bad, also_statuses=frozenset({400}))
        for _ in range(2):
            with pytest.raises(SourceUnavailable):
                client.get_bytes(arxiv.url + API, complaint=lambda data: "never right")
    assert len(arxiv.requests) == 4


def damage(path: Path, how: str) -> None:
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[:-5], "empty": b"", "noise": os.urandom(200), "flipped": whole[:-1] + b"X"}[how])


@pytest.mark.parametrize("how", ["cut", "empty", "noise", "flipped"])
def test_a_damaged_cache_entry_is_as_good_as_none(arxiv: ArxivServer, clock: Clock, tmp_path: Path, how: str) -> None:
    with make(arxiv, tmp_path, clock, http_cache_seconds=3600) as client:
        whole = client.get_bytes(arxiv.url + API)
        (entry,) = (tmp_path / "cache" / "answers").iterdir()
        damage(entry, how)
        assert client.get_bytes(arxiv.url + API) == whole
    assert len(arxiv.requests) == 2


def test_the_cache_stays_within_its_size_and_drops_the_oldest(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers", max_age_seconds=3600, max_bytes=10_000)
    for n in range(20):
        cache.put(f"http://a/{n}", bytes(1000))
        entry = tmp_path / "answers" / hashlib.sha256(f"http://a/{n}".encode()).hexdigest()
        os.utime(entry, (1_000_000 + n, 1_000_000 + n))
    assert sum(path.stat().st_size for path in (tmp_path / "answers").iterdir()) <= 10_000
    assert cache.get("http://a/19") is not None
    assert cache.get("http://a/0") is None


def test_a_folder_that_cannot_be_written_is_one_clear_line(arxiv: ArxivServer, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with make(arxiv, tmp_path) as client, pytest.raises(HomeUnwritable, match="is a file where kb has a folder"):
        client.get_bytes(arxiv.url + API)


# -------------------------------------------------------------------------------------------- downloads


def test_a_pdf_arrives_whole(arxiv: ArxivServer, client: PoliteClient, tmp_path: Path) -> None:
    to = tmp_path / "files" / "paper.pdf"
    assert client.download(arxiv.url + PDF, to=to, expect="pdf") == to
    assert to.read_bytes() == arxiv.answer(PDF, {})[2]
    assert left_behind(tmp_path) == ["paper.pdf"]


def test_a_pdf_cut_short_is_fetched_again(arxiv: ArxivServer, client: PoliteClient, tmp_path: Path) -> None:
    arxiv.fail("/pdf", Fault.truncated(700), times=2)
    client.download(arxiv.url + PDF, to=tmp_path / "p.pdf", expect="pdf")
    assert (tmp_path / "p.pdf").read_bytes() == arxiv.answer(PDF, {})[2]
    assert left_behind(tmp_path) == ["p.pdf"]


@pytest.mark.parametrize(
    ("fault", "code", "retry"),
    [
        (Fault.html(), "not-a-pdf", True),
        (Fault.html("<html><title>PDF unavailable</title>The PDF is being generated"), "not-a-pdf", True),
        (Fault.html("<!doctype html><html><title>About arXiv</title><p>Hello</html>" + " " * 2000), "not-a-pdf", False),
        (Fault(status=200, body=b"MZ\x90\x00 a program"), "not-a-pdf", False),
        (Fault(status=200, body=b"x" * 2000 + b"%PDF-1.7"), "not-a-pdf", False),
        (Fault(status=200, body=b""), "not-a-pdf", True),
        (Fault.oversized(60_000), "too-large", False),
    ],
)
def test_what_is_not_the_pdf_is_refused_and_leaves_nothing(
    arxiv: ArxivServer, client: PoliteClient, tmp_path: Path, fault: Fault, code: str, retry: bool
) -> None:
    arxiv.fail("/pdf", fault, times=9)
    with pytest.raises(DownloadRefused) as caught:
        client.download(arxiv.url + PDF, to=tmp_path / "p.pdf", expect="pdf", max_bytes=50_000)
    assert (caught.value.code, caught.value.retry) == (code, retry)
    assert left_behind(tmp_path) == []
    assert len(arxiv.requests) == 1


def test_a_failed_download_leaves_the_older_file(arxiv: ArxivServer, client: PoliteClient, tmp_path: Path) -> None:
    to = tmp_path / "p.pdf"
    to.write_bytes(b"%PDF-old")
    arxiv.fail("/pdf", Fault.truncated(700), times=99)
    with pytest.raises(SourceUnavailable):
        client.download(arxiv.url + PDF, to=to, expect="pdf")
    assert to.read_bytes() == b"%PDF-old"
    assert left_behind(tmp_path) == ["p.pdf"]


def test_a_pdf_header_may_stand_anywhere_in_the_first_kilobyte(
    arxiv: ArxivServer, client: PoliteClient, tmp_path: Path
) -> None:
    arxiv.fail("/pdf", Fault(status=200, body=b"\n" * 1000 + b"%PDF-1.4 and so on"))
    assert client.download(arxiv.url + PDF, to=tmp_path / "p.pdf", expect="pdf").is_file()


def test_a_file_that_cannot_be_written_is_one_clear_line(
    arxiv: ArxivServer, client: PoliteClient, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(HomeUnwritable, match="is a file where kb has a folder: move it away"):
        client.download(arxiv.url + PDF, to=tmp_path / "file" / "p.pdf", expect="pdf")
    assert len(arxiv.requests) == 1
    full = writing_error(OSError(errno.ENOSPC, "No space left on device"), tmp_path)
    assert (full.code, "free some space" in str(full)) == ("disk-full", True)


def test_what_a_killed_download_left_is_swept_away(arxiv: ArxivServer, client: PoliteClient, tmp_path: Path) -> None:
    old, young = tmp_path / ".a.part", tmp_path / ".b.part"
    for part in (old, young):
        part.write_bytes(b"%PDF-")
    os.utime(old, (1_000_000, 1_000_000))
    client.download(arxiv.url + PDF, to=tmp_path / "p.pdf", expect="pdf")
    assert left_behind(tmp_path) == [".b.part", "p.pdf"], "another process may be writing the young one"


def test_html_is_told_from_pdf(arxiv: ArxivServer, client: PoliteClient, tmp_path: Path) -> None:
    to = tmp_path / "p.html"
    client.download(arxiv.url + "/html/2603.01001v1", to=to, expect="html")
    assert b"ltx_document" in to.read_bytes()
    with pytest.raises(DownloadRefused) as caught:
        client.download(arxiv.url + PDF, to=tmp_path / "other.html", expect="html")
    assert caught.value.code == "html-broken"


def test_a_body_of_unknown_length_is_capped_while_it_streams(tmp_path: Path) -> None:
    sent = []

    def far_too_much() -> Iterator[bytes]:
        yield b"%PDF-1.7\n"
        for _ in range(500):
            sent.append(1)
            yield bytes(10_000)

    client = scripted(
        tmp_path, lambda request: httpx.Response(200, content=far_too_much()), names={"arxiv.org": [PUBLIC]}
    )
    with client, pytest.raises(DownloadRefused) as caught:
        client.download("https://arxiv.org/pdf/1", to=tmp_path / "p.pdf", expect="pdf", max_bytes=100_000)
    assert caught.value.code == "too-large"
    assert len(sent) <= 11
    assert left_behind(tmp_path) == []


def test_a_small_answer_that_unpacks_to_a_huge_one_is_capped(tmp_path: Path) -> None:
    import gzip

    packed = gzip.compress(bytes(50_000_000))

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=packed)

    client = scripted(tmp_path, answer, names={"arxiv.org": [PUBLIC]})
    with client, pytest.raises(DownloadRefused) as caught:
        client.get_bytes("https://arxiv.org/x", max_bytes=1_000_000)
    assert caught.value.code == "too-large"


def test_a_server_that_trickles_is_left(tmp_path: Path) -> None:
    clock = Clock()

    def trickle() -> Iterator[bytes]:
        for _ in range(10_000):
            clock.now += 30
            yield b"x"

    client = PoliteClient(
        Settings(home=tmp_path, arxiv_retries=0),
        cache_folder=tmp_path / "cache",
        clock=clock,
        sleep=clock.sleep,
        resolver=lambda host, port: [PUBLIC],
        transport=httpx.MockTransport(lambda request: httpx.Response(200, content=trickle())),
    )
    with client, pytest.raises(SourceUnavailable, match="too slowly"):
        client.get_bytes("https://arxiv.org/x")


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_drips_bytes_is_left_in_the_headers_as_in_the_body(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(http, "_DEADLINE_FACTOR", 2)
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def drip() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(start)
            for _ in range(200):
                time.sleep(0.05)
                connection.sendall(b"x")

    threading.Thread(target=drip, daemon=True).start()
    settings = Settings(
        home=tmp_path, arxiv_retries=0, arxiv_interval_seconds=0, http_timeout_seconds=0.2, arxiv_web_url=url,
        allow_private_addresses=True,
    )  # fmt: skip
    began = time.monotonic()
    client = PoliteClient(settings, cache_folder=tmp_path / "cache")
    with listener, client, pytest.raises(SourceUnavailable, match="too slowly"):
        client.get_bytes(f"{url}/x")
    assert time.monotonic() - began < 5


# ------------------------------------------------------------------------------------- where it may go


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/pdf/1",
        "https://arxiv.org.evil.example/pdf/1",
        "https://evil.example\\@arxiv.org/pdf/1",
        "https://user:secret@arxiv.org/pdf/1",
        "https://arxiv.org:8443/pdf/1",
        "ftp://arxiv.org/pdf/1",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://[::1]/",
        "http://127.0.0.1/",
        "https://2130706433/",
        "//arxiv.org/pdf/1",
        "arxiv.org/pdf/1",
        "https://",
        "",
    ],
)
def test_only_allowed_places_are_asked(tmp_path: Path, url: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, content=b"%PDF-1.7")

    names = {"arxiv.org": [PUBLIC], "127.0.0.1": ["127.0.0.1"], "::1": ["::1"]}
    with scripted(tmp_path, answer, names=names) as client, pytest.raises(DownloadRefused):
        client.download(url, to=tmp_path / "p.pdf", expect="pdf")
    assert not asked


def test_a_redirect_within_the_allowed_places_is_followed(
    arxiv: ArxivServer, client: PoliteClient, clock: Clock, tmp_path: Path
) -> None:
    arxiv.fail("/pdf/2603.01001", Fault.redirected("/pdf/2603.01001v1"))
    client.download(arxiv.url + "/pdf/2603.01001", to=tmp_path / "p.pdf", expect="pdf")
    assert [request.path for request in arxiv.requests] == ["/pdf/2603.01001", "/pdf/2603.01001v1"]
    assert sum(clock.waits) >= 3.0, "a hop is a request and waits for its turn"


@pytest.mark.parametrize("to", ["http://evil.example/x.pdf", "http://169.254.169.254/latest", "file:///etc/passwd"])
def test_a_redirect_elsewhere_is_refused(arxiv: ArxivServer, client: PoliteClient, tmp_path: Path, to: str) -> None:
    arxiv.fail("/pdf", Fault.redirected(to))
    with pytest.raises(DownloadRefused):
        client.download(arxiv.url + PDF, to=tmp_path / "p.pdf", expect="pdf")
    assert len(arxiv.requests) == 1


def test_a_redirect_to_another_port_of_this_machine_is_refused(
    arxiv: ArxivServer, client: PoliteClient, tmp_path: Path
) -> None:
    with ArxivServer([RECORD]) as other:
        arxiv.fail("/pdf", Fault.redirected(other.url + PDF))
        with pytest.raises(DownloadRefused, match="not allowed"):
            client.download(arxiv.url + PDF, to=tmp_path / "p.pdf", expect="pdf")
        assert not other.requests


def test_redirects_end(arxiv: ArxivServer, client: PoliteClient, tmp_path: Path) -> None:
    arxiv.fail("/pdf", Fault.redirected(PDF), times=99)
    with pytest.raises(DownloadRefused, match="redirected more than 5"):
        client.download(arxiv.url + PDF, to=tmp_path / "p.pdf", expect="pdf")
    assert len(arxiv.requests) == 6


@pytest.mark.parametrize(
    "address",
    (
        "127.0.0.1 10.1.2.3 192.168.0.7 172.16.9.9 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 240.0.0.1 :: ::1 "
        "fe80::1 fc00::1 ff02::1 ::ffff:10.0.0.1 64:ff9b::7f00:1 2002:7f00:1::"
    ).split(),
)
def test_a_name_that_leads_to_a_private_address_is_refused(tmp_path: Path, address: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200)

    for found in ([address], [PUBLIC, address]):
        with scripted(tmp_path, answer, names={"arxiv.org": found}) as client, pytest.raises(DownloadRefused):
            client.get_bytes("https://arxiv.org/pdf/1")
    assert not asked
    assert not is_public(address)


def test_public_addresses_are_public() -> None:
    assert all(map(is_public, [PUBLIC, "2a04:4e42::42", "64:ff9b::9765:32a", "::ffff:151.101.3.42"]))


def test_every_hop_is_resolved_and_checked(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"Location": "https://export.arxiv.org/x"})

    names = {"arxiv.org": [PUBLIC], "export.arxiv.org": ["10.0.0.1"]}
    with scripted(tmp_path, answer, names=names) as client, pytest.raises(DownloadRefused, match=r"10\.0\.0\.1"):
        client.get_bytes("https://arxiv.org/x")


def test_the_connection_goes_to_the_address_that_was_checked(tmp_path: Path) -> None:
    """A name server that answers with a private address the second time is never asked a second time."""
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=b"hello")

    client = PoliteClient(
        Settings(home=tmp_path),
        cache_folder=tmp_path / "cache",
        resolver=lambda host, port: next(answers),
        transport=httpx.MockTransport(answer),
    )
    with client:
        client.get_bytes("https://arxiv.org/x")
    assert [request.url.host for request in seen] == [PUBLIC]
    assert seen[0].headers["Host"] == "arxiv.org"
    assert seen[0].extensions["sni_hostname"] == "arxiv.org"


def test_the_next_address_is_tried_when_one_takes_no_connection(tmp_path: Path) -> None:
    tried: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tried.append(request.url.host)
        if len(tried) == 1:
            raise httpx.ConnectError("no route")
        return httpx.Response(200, content=b"hello")

    with scripted(tmp_path, answer, names={"arxiv.org": ["2a04:4e42::42", PUBLIC]}) as client:
        assert client.get_bytes("https://arxiv.org/x") == b"hello"
    assert tried == ["2a04:4e42::42", PUBLIC]


class TlsServer:
    """A server with a certificate of its own for one name, answering every request with "hello"."""

    def __init__(self, folder: Path, *, name: str) -> None:
        if (openssl := shutil.which("openssl")) is None:
            pytest.skip("no openssl to make a certificate with")
        self.certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
        files = ["-keyout", str(key), "-out", str(self.certificate)]
        command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files]
        subprocess.run(command, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._context = context
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                raw, _ = self._socket.accept()
                with (
                    contextlib.suppress(ssl.SSLError, OSError),
                    self._context.wrap_socket(raw, server_side=True) as end,
                ):
                    end.recv(65_536)
                    end.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")

    def close(self) -> None:
        self._socket.close()


@pytest.mark.parametrize(("certified", "is_trusted"), [("mirror.example", True), ("other.example", False)])
def test_tls_checks_the_name_although_the_address_is_given(tmp_path: Path, certified: str, is_trusted: bool) -> None:
    server = TlsServer(tmp_path, name=certified)
    url = f"https://mirror.example:{server.port}"
    settings = Settings(
        home=tmp_path, arxiv_web_url=url, allow_private_addresses=True, arxiv_retries=0, arxiv_interval_seconds=0
    )
    client = PoliteClient(
        settings,
        cache_folder=tmp_path / "cache",
        resolver=lambda host, port: ["127.0.0.1"],
        transport=httpx.HTTPTransport(verify=ssl.create_default_context(cafile=str(server.certificate))),
    )
    try:
        with client:
            if is_trusted:
                assert client.get_bytes(f"{url}/x") == b"hello"
            else:
                with pytest.raises(SourceUnavailable, match="mismatch"):
                    client.get_bytes(f"{url}/x")
    finally:
        server.close()


def test_a_name_that_is_not_known_is_a_clear_end(tmp_path: Path) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    client = PoliteClient(Settings(home=tmp_path), cache_folder=tmp_path, resolver=unknown)
    with client, pytest.raises(SourceUnavailable, match="check the network"):
        client.get_bytes("https://arxiv.org/x")


def test_the_waiting_can_be_interrupted(arxiv: ArxivServer, tmp_path: Path) -> None:
    """Ctrl-C while it waits leaves the turn to others."""

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    clock = Clock()
    settings = Settings(home=tmp_path, **arxiv.settings(arxiv_interval_seconds=3.0))
    client = PoliteClient(settings, cache_folder=tmp_path / "cache", clock=clock, sleep=interrupt)
    with client:
        client.get_bytes(arxiv.url + API)
        with pytest.raises(KeyboardInterrupt):
            client.get_bytes(arxiv.url + API)
    done = threading.Event()
    with make(arxiv, tmp_path, clock) as other:
        other.get_bytes(arxiv.url + API)
        done.set()
    assert done.is_set()
