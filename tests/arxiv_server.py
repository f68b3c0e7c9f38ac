"""A local arXiv: real HTTP, the Atom shapes of the real one, a calendar day that can be moved, and scripted faults.

>>> with ArxivServer(records, clock_day=date(2026, 3, 3)) as arxiv:
...     settings = Settings(home=home, **arxiv.settings())
...     arxiv.fail("/pdf/", Fault.unavailable(), times=2)
...     arxiv.clock_day = date(2026, 3, 4)          # the next morning
...     arxiv.requests                               # what was asked, when, and with which headers
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kb.calendar import is_announcement_day, previous_announcement_day, submission_window
from tests import arxiv_answers
from tests.arxiv_answers import Announced, Eprint
from tests.arxiv_query import BadQuery, Matcher, Searched, compile_query

PAGE_LIMIT = 2000
_ID = re.compile(r"(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v(?P<version>\d+))?")


@dataclass(frozen=True)
class Request:
    """One request as the server saw it. ``at`` is the monotonic time of its arrival, in seconds."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    at: float
    status: int


@dataclass(frozen=True)
class Fault:
    """What goes wrong with an answer. Unset parts are as they would be without the fault."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    keep_bytes: int | None = None  # send only so many bytes of the announced ones, then hang up
    delay_seconds: float = 0.0
    drop: bool = False  # hang up without a word

    @classmethod
    def too_many_requests(cls, retry_after: str | None = None) -> Fault:
        """429, with a ``Retry-After`` in seconds or as a date."""
        headers = {"Retry-After": retry_after} if retry_after is not None else {}
        return cls(status=429, headers=headers, body=b"Rate exceeded.")

    @classmethod
    def unavailable(cls, retry_after: str | None = None) -> Fault:
        """503."""
        return replace(cls.too_many_requests(retry_after), status=503, body=b"Service Unavailable")

    @classmethod
    def truncated(cls, keep_bytes: int = 200) -> Fault:
        """The whole length is announced, and less comes."""
        return cls(keep_bytes=keep_bytes)

    @classmethod
    def html(
        cls, text: str = "<!DOCTYPE html><html><title>arXiv</title><body>Please solve the reCAPTCHA</body>"
    ) -> Fault:
        """A page with status 200 where something else was asked for."""
        return cls(status=200, body=text.encode(), headers={"Content-Type": "text/html; charset=utf-8"})

    @classmethod
    def redirected(cls, to: str) -> Fault:
        """302."""
        return cls(status=302, headers={"Location": to}, body=b"")

    @classmethod
    def oversized(cls, size: int) -> Fault:
        """A PDF of so many bytes."""
        return cls(status=200, body=b"%PDF-1.7\n" + b"0" * size, headers={"Content-Type": "application/pdf"})

    @classmethod
    def slow(cls, seconds: float) -> Fault:
        """The right answer, late."""
        return cls(delay_seconds=seconds)

    @classmethod
    def dropped(cls) -> Fault:
        """The connection ends without an answer."""
        return cls(drop=True)

    @classmethod
    def empty_page(cls, total: int) -> Fault:
        """The API's hiccup: no papers, although it counts some."""
        return cls(status=200, body=arxiv_answers.atom_page([], total=total, start=0, size=100, title="").encode())


@dataclass
class _Script:
    path: str
    fault: Fault
    times: int
    after: int


class ArxivServer:
    """arXiv on localhost.

    A record has the fields of ``records.jsonl``: id, title, authors, categories, comment, abstract, listed; also
    version, published, license, doi, journal_ref when it has them. It is announced on the first of its ``listed``
    days (the announcement day before it, where that is none). What is announced after ``clock_day`` does not exist
    yet. Without a ``clock_day`` everything exists and feeds are empty.

    Args:
        records: what arXiv holds.
        pdf_folder: files named ``<id>vN.pdf`` (slash as underscore), or ``<id>.pdf``; other papers get a page with
            their title and abstract.
        clock_day: the date of the newest listing.
    """

    def __init__(
        self, records: Iterable[Mapping[str, Any]] = (), pdf_folder: Path | None = None, clock_day: date | None = None
    ) -> None:
        self.clock_day = clock_day
        self.requests: list[Request] = []
        self.refused_ids: set[str] = set()  # ids that this arXiv takes for malformed, though they look well
        self._papers: dict[str, list[Eprint]] = {}
        self._pdf_folder = pdf_folder
        self._scripts: list[_Script] = []
        self._lock = threading.Lock()
        self._busy = 0
        self.most_at_once = 0
        for record in records:
            self.add(record)

    # -------------------------------------------------------------------------------- what it holds

    def add(self, record: Mapping[str, Any]) -> None:
        """One more paper."""
        listed = previous_announcement_day(date.fromisoformat(record["listed"][0]))
        number = len(self._papers)
        submitted = _time(record.get("published")) or _submitted(listed, number)
        self._papers[record["id"]] = [
            Eprint(
                id=record["id"],
                version=int(record.get("version") or 1),
                listed=listed,
                title=record["title"],
                authors=tuple(record["authors"]),
                categories=tuple(record["categories"]),
                comment=record.get("comment"),
                abstract=record["abstract"],
                journal_ref=record.get("journal_ref"),
                doi=record.get("doi"),
                license=record.get("license") or "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
                published=submitted,
                updated=submitted,
            )
        ]

    def replace(self, identifier: str, *, day: date, **fields: Any) -> None:
        """A new version of a paper, announced on ``day``, with other title, abstract, authors or comment."""
        newest = self._papers[identifier][-1]
        updated = submission_window(day, day)[0] + timedelta(hours=1)
        self._papers[identifier].append(
            replace(newest, version=newest.version + 1, listed=day, updated=updated, **fields)
        )

    def withdraw(self, identifier: str, *, day: date) -> None:
        """A version that says that the paper is withdrawn, and has no PDF."""
        self.replace(identifier, day=day, comment="This paper has been withdrawn by the authors", has_pdf=False)

    # -------------------------------------------------------------------------------- how it is used

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"arxiv": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def settings(self, **others: Any) -> dict[str, Any]:
        """Settings that make the product take this server for arXiv, without pauses and without a cache."""
        return {
            "arxiv_api_url": f"{self.url}/api/query",
            "arxiv_feed_url": f"{self.url}/atom",
            "arxiv_web_url": self.url,
            "arxiv_interval_seconds": 0.0,
            "allow_private_addresses": True,
            "http_cache_seconds": 0,
            **others,
        }

    def environment(self, **others: Any) -> dict[str, str]:
        """The same as ``KB_*`` variables, for a ``kb`` in a process of its own."""
        return {f"KB_{name.upper()}": _plain(value) for name, value in self.settings(**others).items()}

    def fail(self, path: str, fault: Fault, *, times: int = 1, after: int = 0) -> None:
        """Let the next ``times`` requests whose path begins with ``path`` go wrong, once ``after`` have gone well."""
        with self._lock:
            self._scripts.append(_Script(path, fault, times, after))

    def asked(self, path: str) -> list[Request]:
        """The requests whose path begins with ``path``, in order."""
        return [request for request in self.requests if request.path.startswith(path)]

    # -------------------------------------------------------------------------------- what it answers

    def answer(self, path: str, query: Mapping[str, str]) -> tuple[int, str, bytes]:
        """Status, media type and body for a request without a fault."""
        parts = urllib.parse.unquote(path).strip("/").split("/", 1)
        room, name = parts[0], parts[1] if len(parts) > 1 else ""
        if path == "/api/query":
            return self._api(query)
        if room in ("atom", "rss"):
            return 200, f"application/{room}+xml", self._feed(name.split("+"), form=room).encode()
        if room in ("pdf", "html"):
            return self._file(name.removesuffix(".pdf"), form=room)
        return 404, "text/html", b"<html><title>404</title></html>"

    def take_fault(self, path: str) -> Fault | None:
        """The fault that the script has for this request."""
        with self._lock:
            for script in self._scripts:
                if path.startswith(script.path):
                    if script.after > 0:
                        script.after -= 1
                        return None
                    script.times -= 1
                    if script.times <= 0:
                        self._scripts.remove(script)
                    return script.fault
        return None

    def count(self, change: int) -> None:
        """How many requests are being answered at this moment."""
        with self._lock:
            self._busy += change
            self.most_at_once = max(self.most_at_once, self._busy)

    def _known(self, identifier: str) -> list[Eprint]:
        versions = self._papers.get(identifier, [])
        return [eprint for eprint in versions if self.clock_day is None or eprint.listed <= self.clock_day]

    def _api(self, query: Mapping[str, str]) -> tuple[int, str, bytes]:
        kind = "application/atom+xml"
        start, size = int(query.get("start", 0)), int(query.get("max_results", 10))
        ids = [name for name in query.get("id_list", "").split(",") if name]
        for name in ids:
            if not _ID.fullmatch(name) or name in self.refused_ids:
                return 400, kind, arxiv_answers.atom_error(f"incorrect id format for {name}").encode()
        if size > 30_000 or start < 0 or size < 0:
            return 400, kind, arxiv_answers.atom_error("max_results must be reasonable").encode()
        try:
            matches = compile_query(query.get("search_query") or "") if query.get("search_query") else None
        except BadQuery as err:
            return 400, kind, arxiv_answers.atom_error(f"bad query: {err}").encode()
        found = self._listed(ids, matches)
        if query.get("sortBy") in ("submittedDate", "lastUpdatedDate"):
            found.sort(
                key=lambda eprint: eprint.updated if query["sortBy"] == "lastUpdatedDate" else eprint.published,
                reverse=query.get("sortOrder", "descending") == "descending",
            )
        page = found[start : start + min(size, PAGE_LIMIT)]
        title = f"search_query={query.get('search_query', '')}&id_list={','.join(ids)}&start={start}&max_results={size}"
        return 200, kind, arxiv_answers.atom_page(page, total=len(found), start=start, size=size, title=title).encode()

    def _listed(self, ids: list[str], matches: Matcher | None) -> list[Eprint]:
        if not ids:
            newest = [known[-1] for identifier in self._papers if (known := self._known(identifier))]
            return [eprint for eprint in newest if matches is not None and matches(_searched(eprint))]
        found = []
        for name in ids:
            match = _ID.fullmatch(name)
            assert match is not None
            known = self._known(re.sub(r"\.[A-Z]{2}/", "/", match["id"]))
            wanted = [e for e in known if match["version"] is None or e.version == int(match["version"])]
            found.extend(e for e in wanted[-1:] if matches is None or matches(_searched(e)))
        return found

    def _feed(self, categories: list[str], *, form: str) -> str:
        day = self.clock_day or date(2000, 1, 1)
        announced = self._announcements(categories) if is_announcement_day(day) else []
        write = arxiv_answers.atom_feed if form == "atom" else arxiv_answers.rss_feed
        return write(announced[:PAGE_LIMIT], day=day, name="+".join(categories))

    def _announcements(self, categories: list[str]) -> list[Announced]:
        announced = []
        for versions in self._papers.values():
            for number, eprint in enumerate(versions):
                inside = {c for c in eprint.categories if c in categories or c.split(".")[0] in categories}
                if eprint.listed != self.clock_day or not inside:
                    continue
                is_primary = eprint.categories[0] in inside
                kinds = ("new", "cross") if number == 0 and eprint.version == 1 else ("replace", "replace-cross")
                announced.append(Announced(eprint, kinds[0] if is_primary else kinds[1]))
        return announced

    def _file(self, name: str, *, form: str) -> tuple[int, str, bytes]:
        match = _ID.fullmatch(name)
        known = self._known(match["id"]) if match else []
        wanted = [e for e in known if match and match["version"] in (None, str(e.version))]
        if not wanted or not wanted[-1].has_pdf:
            return 404, "text/html", b"<html><title>404 Not Found</title></html>"
        eprint = wanted[-1]
        if form == "html":
            return 200, "text/html; charset=utf-8", arxiv_answers.html_of(eprint).encode()
        bare = eprint.id.replace("/", "_")
        for file_name in (f"{bare}v{eprint.version}.pdf", f"{bare}.pdf"):
            if self._pdf_folder is not None and (path := self._pdf_folder / file_name).is_file():
                return 200, "application/pdf", path.read_bytes()
        return 200, "application/pdf", arxiv_answers.pdf_of(eprint)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    arxiv: ArxivServer

    def do_GET(self) -> None:
        """Answer, or go wrong as the script says."""
        at = time.monotonic()
        url = urllib.parse.urlsplit(self.path)
        query = {key: values[-1] for key, values in urllib.parse.parse_qs(url.query).items()}
        self.arxiv.count(+1)
        try:
            fault = self.arxiv.take_fault(url.path) or Fault()
            status, kind, body = self.arxiv.answer(url.path, query)
            status, body = fault.status or status, body if fault.body is None else fault.body
            self.arxiv.requests.append(Request(url.path, query, dict(self.headers), at, 0 if fault.drop else status))
            time.sleep(fault.delay_seconds)
            if not fault.drop:
                self._send(status, {"Content-Type": kind, **fault.headers}, body, keep_bytes=fault.keep_bytes)
            self.close_connection = True
        finally:
            self.arxiv.count(-1)

    def _send(self, status: int, headers: Mapping[str, str], body: bytes, *, keep_bytes: int | None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client has seen enough
            self.wfile.write(body if keep_bytes is None else body[:keep_bytes])

    def log_message(self, *args: Any) -> None:
        """Keep the output of tests clean."""


def _submitted(listed: date, number: int) -> datetime:
    """A time in the submission window of a listing: spread over it, the same for the same paper."""
    start, end = submission_window(listed, listed)
    seconds = int((end - start).total_seconds()) - 120
    return (start + timedelta(seconds=60 + number * 97 % seconds)).replace(microsecond=0)


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _searched(eprint: Eprint) -> Searched:
    return Searched(
        id=eprint.id,
        title=eprint.title,
        authors="\n".join(eprint.authors),
        abstract=eprint.abstract,
        comment=eprint.comment or "",
        categories=eprint.categories,
        submitted=eprint.published,
    )


def _plain(value: Any) -> str:
    return json.dumps(value) if isinstance(value, (list, tuple, bool)) else str(value)
