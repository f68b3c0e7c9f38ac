"""The polite HTTP client: the only way in which the product talks to a server, and the only importer of httpx.

Its manners: one request at a time and an interval between two, over all processes of a home; tries again with
growing, jittered pauses and never before ``Retry-After``; ends clearly when the server keeps saying no; names
itself; asks for nothing twice that it still has; goes only where it may, and looks at every hop again.
"""

from __future__ import annotations

import fcntl
import functools
import ipaddress
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx
import tenacity

from kb import __version__
from kb.errors import DownloadRefused, NotFound, SourceError, SourceUnavailable
from kb.home import writing_error
from kb.settings import Settings
from kb.sources.answers import AnswerCache, Expected, save

T = TypeVar("T")
Resolver = Callable[[str, int], list[str]]
"""Host and port to IP addresses, in the order in which they are to be tried; raises OSError."""

USER_AGENT = f"paper-kb/{__version__} (kb, a personal paper knowledge base)"
MAX_REDIRECTS = 5
_PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_BACKOFF_SECONDS = 120.0
_SILENCES = 3
_LONGEST_PAUSE_SECONDS = 86_000.0
_LONGEST_CONNECT_SECONDS = 15.0  # the next address of a host may be reachable where this one is not
_DEADLINE_FACTOR = 15  # a server that trickles is left after this many time-outs' worth of seconds
_TOO_SLOW = "the answer came too slowly"
_LONGEST_WAIT_SECONDS = 600.0  # a server that asks for more patience than this is left alone, and the user is told so
_BELIEVABLE_SECONDS = 86_400.0  # a later turn than this comes from a clock that was set back, not from a server
_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class _TryAgain(Exception):
    """A failure that may pass. ``wait_seconds`` is the least pause that the server asked for."""

    def __init__(self, reason: str, *, wait_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


class _Deadline:
    """Ends a connection when its time is over: a byte now and then, of a header too, keeps every time-out from it.

    Args:
        seconds: from now on, for the whole answer.
        clock: as the client's.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float]) -> None:
        self._clock, self._until = clock, clock() + seconds
        self._sockets: list[socket.socket] = []
        self._struck = False
        self._timer = threading.Timer(seconds, self._strike)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        for one in self._sockets:
            one.close()

    def trace(self, event: str, values: Mapping[str, Any]) -> None:
        """What the connection tells of itself: its socket, kept in a copy, since TLS takes the first one over."""
        if event == "connection.connect_tcp.complete":
            self._sockets.append(values["return_value"].get_extra_info("socket").dup())

    @property
    def is_over(self) -> bool:
        """Whether the time is over: what came since may be a part of the answer."""
        return self._struck or self._clock() > self._until

    def _strike(self) -> None:
        self._struck = True
        for one in self._sockets:
            with suppress(OSError):  # it has just ended
                one.shutdown(socket.SHUT_RDWR)


def resolve(host: str, port: int) -> list[str]:
    """The system's answer for a host name, each address once.

    Raises:
        OSError: when the name is not known.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class PoliteClient:
    """GET requests with manners.

    Connections go to the address that was checked, never to a second answer of the name server; TLS still checks
    the name. Proxies of the environment are not used, because they would connect where they please.

    Args:
        settings: intervals, retries, allow-list, sizes.
        cache_folder: where answers are kept and the pace is agreed with other processes.
        clock, sleep: seconds since the epoch and waiting; tests hand in their own.
        resolver, transport: the edge of the world, for tests.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        cache_folder: Path,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        resolver: Resolver = resolve,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.cache_folder = cache_folder
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._pace = _Pace(cache_folder, interval_seconds=settings.arxiv_interval_seconds, clock=clock, sleep=sleep)
        self._cache = AnswerCache(cache_folder / "answers", max_age_seconds=settings.http_cache_seconds, clock=clock)
        self._policy = _AddressPolicy(
            allowed_hosts=settings.allowed_hosts,
            base_urls=(settings.arxiv_api_url, settings.arxiv_feed_url, settings.arxiv_web_url),
            allow_private=settings.allow_private_addresses,
            resolver=resolver,
        )
        self._transport = transport
        self._silences: dict[str, tuple[int, float]] = {}  # host -> failures in a row, time of the last

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give connections back."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def get_bytes(
        self,
        url: str,
        *,
        max_bytes: int | None = None,
        accept: str = "*/*",
        max_age_seconds: float | None = None,
        complaint: Callable[[bytes], str | None] | None = None,
        also_statuses: frozenset[int] = frozenset(),
    ) -> bytes:
        """The body at ``url``, from the cache when it is there and young enough.

        Args:
            url: http or https, of an allowed host.
            max_bytes: refuse more; ``max_download_bytes`` when None.
            accept: media types.
            max_age_seconds: reuse no older answer than this; 0 asks the server in any case.
            complaint: says what is wrong with a body (it is then asked for again, and never kept), or None.
            also_statuses: statuses besides 200 whose body is returned; such a body is not kept.

        Raises:
            SourceUnavailable: the server could not be reached or kept saying no.
            NotFound: 404 or 410.
            DownloadRefused: the address or the size is not allowed.
            SourceError: the server refused for good.
        """
        kept = self._cache.get(url, max_age_seconds=max_age_seconds)
        if kept is not None and (complaint is None or complaint(kept) is None):
            return kept
        limit = self._settings.max_download_bytes if max_bytes is None else max_bytes

        def receive(response: httpx.Response) -> bytes:
            """The body of an answer, kept for the next time when it is a good one."""
            body = b"".join(self._chunks(response, url=url, max_bytes=limit))
            if response.status_code == 200:
                if complaint is not None and (reason := complaint(body)):
                    raise _TryAgain(reason)
                self._cache.put(url, body)
            return body

        return self._persist(url, accept=accept, receive=receive, statuses=also_statuses | {200})

    def download(self, url: str, *, to: Path, max_bytes: int | None = None, expect: Expected) -> Path:
        """Save the file at ``url`` as ``to``: whole and of the expected kind, or not at all.

        Raises:
            DownloadRefused: ``too-large``, ``not-a-pdf``, ``html-broken``, or an address that is not allowed;
                ``retry`` is set when the server's page says that the file comes later.
            SourceUnavailable, NotFound, SourceError: as in ``get_bytes``.
            HomeUnwritable: when ``to`` cannot be written.
        """
        limit = self._settings.max_download_bytes if max_bytes is None else max_bytes

        def receive(response: httpx.Response) -> Path:
            """The file that an answer was saved as."""
            chunks = self._chunks(response, url=url, max_bytes=limit)
            save(chunks, to, expect=expect, what=url)
            return to

        accept = "application/pdf" if expect == "pdf" else "text/html"
        return self._persist(url, accept=accept, receive=receive, statuses=frozenset({200}))

    # ------------------------------------------------------------------------------------ trying again

    def _persist(self, url: str, *, accept: str, receive: Callable[[httpx.Response], T], statuses: frozenset[int]) -> T:
        host = _read_url(url).host
        tries = self._tries(host)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_TryAgain),
            stop=tenacity.stop_after_attempt(tries),
            wait=self._pause,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            result: T = retrying(self._follow, url, accept=accept, receive=receive, statuses=statuses)
        except _TryAgain as err:
            self._silences[host] = (self._silences.get(host, (0, 0.0))[0] + 1, self._clock())
            raise SourceUnavailable(
                f"{host} did not answer properly in {tries} tries (last: {err}): run it again later", retry=True
            ) from err
        self._silences.pop(host, None)
        return result

    def _tries(self, host: str) -> int:
        """How often to ask: once is enough of a host that just kept silent, and after three such it is left alone.

        A long batch thus ends soon when a server is down, and a single file that a server cannot give ends nothing.
        """
        times, last = self._silences.get(host, (0, 0.0))
        if times and self._clock() - last > _LONGEST_WAIT_SECONDS:
            times = 0
        if times >= _SILENCES:
            raise SourceUnavailable(
                f"{host} gave no proper answer {times} times in a row and is not asked now: run it again later",
                retry=True,
            )
        return 1 if times else self._settings.arxiv_retries + 1

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """Seconds before the next try: exponential with full jitter on top, and never less than was asked for."""
        interval = self._settings.arxiv_interval_seconds
        failure = state.outcome.exception() if state.outcome else None
        asked = failure.wait_seconds if isinstance(failure, _TryAgain) else 0.0
        backoff = min(_LONGEST_BACKOFF_SECONDS, interval * 2.0 ** (state.attempt_number - 1))
        return max(asked, backoff) + random.uniform(0.0, interval)

    # ------------------------------------------------------------------------------------ one try

    def _follow(self, url: str, *, accept: str, receive: Callable[[httpx.Response], T], statuses: frozenset[int]) -> T:
        here = _read_url(url)
        for _ in range(MAX_REDIRECTS + 1):
            addresses = self._policy.addresses(str(here))
            try:
                with self._pace.turn() as next_after, self._answer(here, addresses, accept=accept) as response:
                    next_after(0.0)  # however long the body takes
                    if response.has_redirect_location:
                        here = _read_url(response.headers["Location"], seen_from=here)
                        continue
                    if response.status_code not in statuses:
                        raise self._refusal(response, next_after, url=str(here))
                    return receive(response)
            except (httpx.TransportError, httpx.DecodingError) as err:
                raise _TryAgain(f"{type(err).__name__}: {err}" if str(err) else type(err).__name__) from err
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError, RuntimeError) as err:
                raise SourceError(f"{here} cannot be asked ({type(err).__name__}: {err}): check the address") from err
        raise DownloadRefused(f"{url} was redirected more than {MAX_REDIRECTS} times: look at it in a browser")

    @contextmanager
    def _answer(self, url: httpx.URL, addresses: list[str], *, accept: str) -> Iterator[httpx.Response]:
        """The answer of the first of the checked addresses that takes a connection; it has a deadline as a whole."""
        longest = self._settings.http_timeout_seconds
        timeout = httpx.Timeout(longest, connect=min(longest, _LONGEST_CONNECT_SECONDS)).as_dict()
        headers = {"Host": url.netloc.decode("ascii"), "User-Agent": USER_AGENT, "Accept": accept}
        with _Deadline(_DEADLINE_FACTOR * longest, clock=self._clock) as deadline:
            extensions = {"timeout": timeout, "sni_hostname": url.host, "trace": deadline.trace}
            requests = [
                httpx.Request("GET", url.copy_with(host=address), headers=headers, extensions=extensions)
                for address in addresses
            ]
            try:
                response = self._first(requests)
                response.extensions["deadline"] = deadline
                try:
                    yield response
                finally:
                    response.close()
            except httpx.TransportError as err:
                if deadline.is_over:
                    raise _TryAgain(_TOO_SLOW) from err
                raise

    def _first(self, requests: Sequence[httpx.Request]) -> httpx.Response:
        """The answer to the first request that gets a connection."""
        if self._transport is None:
            # No connection is kept: two hosts behind one address must not share one, and we come seldom.
            limits = httpx.Limits(max_keepalive_connections=0)
            self._transport = httpx.HTTPTransport(verify=_certificates(), limits=limits)
        for remaining, request in zip(reversed(range(len(requests))), requests, strict=True):
            try:
                response = self._transport.handle_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if not remaining:
                    raise
            else:
                response.request = request
                return response
        raise _TryAgain("the name leads to no address")

    def _chunks(self, response: httpx.Response, *, url: str, max_bytes: int) -> Iterator[bytes]:
        """The body in pieces. One that trickles is tried again (as one that stops early, which httpx sees); one that is
        announced as too large is not.
        """
        too_large = DownloadRefused(
            f"{url} is larger than {max_bytes:,} bytes: raise max_download_bytes if you want it", code="too-large"
        )
        announced = response.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced) > max_bytes:
            raise too_large
        deadline: _Deadline = response.extensions["deadline"]
        came = 0
        for chunk in response.iter_bytes():
            if deadline.is_over:
                break
            came += len(chunk)
            if came > max_bytes:
                raise too_large
            yield chunk
        if deadline.is_over:
            raise _TryAgain(_TOO_SLOW)

    def _refusal(self, response: httpx.Response, next_after: Callable[[float], None], *, url: str) -> Exception:
        status = response.status_code
        if status in _PASSING_STATUSES:
            wait_seconds = _retry_after(response.headers.get("Retry-After", ""), now=self._clock())
            next_after(wait_seconds)
            if wait_seconds > _LONGEST_WAIT_SECONDS:
                return _left_alone(self._clock() + wait_seconds)
            return _TryAgain(f"status {status}", wait_seconds=wait_seconds)
        if status in (404, 410):
            return NotFound(f"there is nothing at {url}: check the id and the version")
        return SourceError(f"{url} was refused with status {status}: look at it in a browser, or try again tomorrow")


@functools.cache
def _certificates() -> ssl.SSLContext:
    """The trusted authorities; reading them takes longer than a request to this machine."""
    return httpx.create_ssl_context()


def _read_url(url: str, *, seen_from: httpx.URL | None = None) -> httpx.URL:
    """An address; ``seen_from`` is the one that leads there, when it may be relative."""
    try:
        read = httpx.URL(url) if seen_from is None else seen_from.join(url)
    except (httpx.InvalidURL, ValueError) as err:
        raise DownloadRefused(f"{url[:120]!r} is not an address ({err}): correct it") from err
    if not read.host:
        raise DownloadRefused(f"{url[:120]!r} is not a plain http or https address: use one that is")
    return read


def _retry_after(value: str, *, now: float) -> float:
    """Seconds to wait (a day at most) as the header says, in seconds or as a date; 0 when it says nothing sensible."""
    cleaned = value.strip()
    if cleaned.isdecimal():
        return min(float(cleaned), _LONGEST_PAUSE_SECONDS)
    try:
        moment = parsedate_to_datetime(cleaned)
    except ValueError:
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, moment.timestamp() - now), _LONGEST_PAUSE_SECONDS)


# -------------------------------------------------------------------------------------- whose turn it is


class _Pace:
    """A file that says when the next request may go out, and a lock that one request at a time holds.

    The file is shared by every process that uses the same folder, so two commands at once keep arXiv's rule
    together. A process that dies gives its turn back: the lock is the kernel's, the time is written beforehand.

    Args:
        folder: where the file lies; it is made when it is not there.
        interval_seconds: least time between two requests.
        clock, sleep: as the client's.
    """

    def __init__(
        self,
        folder: Path,
        *,
        interval_seconds: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._path = folder / "pace"
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._sleep = sleep

    @contextmanager
    def turn(self) -> Iterator[Callable[[float], None]]:
        """Wait for the next turn and hold it; a process that is killed has had its turn.

        What it gives is called when the server has the request, and with the seconds that the server asks to wait:
        nobody asks again before, nor before the interval is over, which else counts from the end of the turn.

        Raises:
            SourceUnavailable: when a server asked to be left alone for longer than ``_LONGEST_WAIT_SECONDS``.
            HomeUnwritable: when the file cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            opened = self._path.open("a+", encoding="ascii")
        except OSError as err:
            raise writing_error(err, self._path) from err
        with opened as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            try:
                wait_seconds = float(file.read(40)) - self._clock()
            except ValueError:
                wait_seconds = 0.0
            if _LONGEST_WAIT_SECONDS < wait_seconds < _BELIEVABLE_SECONDS:
                raise _left_alone(self._clock() + wait_seconds)
            if 0 < wait_seconds < _BELIEVABLE_SECONDS:
                self._sleep(wait_seconds)
            is_told = False

            def next_after(seconds: float) -> None:
                nonlocal is_told
                is_told = True
                self._write(file, self._clock() + max(seconds, self._interval_seconds))

            self._write(file, self._clock() + self._interval_seconds)
            try:
                yield next_after
            finally:
                if not is_told:
                    next_after(0.0)

    def _write(self, file: IO[str], not_before: float) -> None:
        try:
            file.seek(0)
            file.truncate()
            file.write(f"{not_before:.6f}\n")
            file.flush()
        except OSError as err:
            raise writing_error(err, self._path) from err


def _left_alone(until: float) -> SourceUnavailable:
    """The error that says when a server wants to be asked again (``until`` in seconds since the epoch)."""
    moment = datetime.fromtimestamp(until, tz=UTC)
    return SourceUnavailable(
        f"the server asked for a pause until {moment:%Y-%m-%d %H:%M} UTC: run the same command again after that",
        retry=True,
    )


# ------------------------------------------------------------------------------------- where requests may go


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet: not this machine, its networks, or a reserved range.

    IPv4 addresses inside IPv6 ones (mapped, NAT64, 6to4) are judged as the IPv4 address that they lead to.
    """
    try:
        parsed = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
    return parsed.is_global and not parsed.is_multicast


class _AddressPolicy:
    """Decides on every address before a connection is made, again for each redirect.

    Args:
        allowed_hosts: host names that downloads may go to, on the usual ports.
        base_urls: addresses the user set; their host and port are allowed too.
        allow_private: let names resolve to this machine or a private network.
        resolver: host and port to IP addresses.
    """

    def __init__(
        self,
        *,
        allowed_hosts: Iterable[str],
        base_urls: Iterable[str],
        allow_private: bool,
        resolver: Resolver,
    ) -> None:
        self._places = {(_plain(host), port) for host in allowed_hosts for port in _PORTS.values()}
        self._places |= {place for url in base_urls if (place := _place(url)) is not None}
        self._allow_private = allow_private
        self._resolver = resolver

    def addresses(self, url: str) -> list[str]:
        """The IP addresses to connect to for ``url``, all of them allowed.

        Raises:
            DownloadRefused: scheme, host, port or address not allowed.
            SourceUnavailable: the host's name cannot be resolved.
        """
        place = _place(url)
        if place is None:
            raise DownloadRefused(f"{url[:120]!r} is not a plain http or https address: use one that is")
        if place not in self._places:
            raise DownloadRefused(
                f"downloads from {_shown(place)} are not allowed: add the host to allowed_hosts if you trust it"
            )
        host, port = place
        try:
            found = self._resolver(host, port)
        except OSError as err:
            raise SourceUnavailable(
                f"{host} cannot be found ({err.strerror or err}): check the network and try again", retry=True
            ) from err
        if not self._allow_private and (bad := [address for address in found if not is_public(address)]):
            raise DownloadRefused(
                f"{host} leads to {bad[0]}, which is not a public address: set allow_private_addresses to allow it"
            )
        return found


def _place(url: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None or parts.password is not None:
        return None
    return _plain(parts.hostname), port or _PORTS[parts.scheme]


def _plain(host: str) -> str:
    return host.lower().rstrip(".")


def _shown(place: tuple[str, int]) -> str:
    host, port = place
    return host if port in _PORTS.values() else f"{host}:{port}"
