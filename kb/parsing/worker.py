"""Files to documents, pictures and figures, each in a child process of its own with limits (``kb.guard``): the parent's
side, and the child's.

Nothing is imported at the top that reads files. Who reads many files does it within ``reading_many``: then one process
is started for as many as are read at once, and forks for each file; what it forks has read nothing before.

The child is ``python -I -m kb.parsing.worker REQUEST``, file on stdin, reply on stdout. The request is one JSON object;
the reply is a line of JSON (``{}``, or ``{"code", "message"}`` of an error) and, after ``{}``, the result: MessagePack
of a record, or a PNG. Limits are set before anything of the file is seen. ``{"task": "serve"}`` starts a process that
reads no file itself: it has loaded what reads files, and forks for each request that comes over the socket on stdin,
with the request's stdin, stdout and stderr beside it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from kb import guard
from kb.errors import BadRecord, FileUnreadable, ParseError
from kb.guard import Limits
from kb.input_files import open_file
from kb.records import Box, Document, FigurePlace, FileKind, PicturePlace
from kb.wire import pack, unpack

if TYPE_CHECKING:
    from kb.parsing.document import Places

T = TypeVar("T")

_SIGNATURE = b"%PDF-"
_SIGNATURE_WITHIN = 1024
_COLLECT_AFTER = 50_000  # objects: a document is many that stay, and looking through them is an eighth of the time
_MOST_PLACES = 100  # of one request: it travels as an argument, which the system bounds


def parse_file(path: Path, *, kind: FileKind, limits: Limits) -> Document:
    """Read a file into a document.

    ``front.ids`` ends with the ``file:`` id of the bytes that were read. A PDF that is longer than
    ``limits.max_pages``, or that takes nearly all of ``limits.seconds``, is read in part, as is a text of more than
    ``limits.max_characters``: ``fulltext`` says so. Pages without a text layer are read by machine where
    ``limits.ocr_seconds`` allow it.

    Raises:
        ParseError: with code ``file-unreadable``, ``file-changed``, ``too-large``, ``not-a-pdf``,
            ``pdf-encrypted``, ``pdf-scanned``, ``ocr-missing``, ``ocr-failed``, ``pdf-empty``, ``pdf-broken``,
            ``html-broken``, ``no-text``, ``parse-timeout``, ``parse-memory`` or ``parse-crashed``.
        HomeUnwritable: when there is no room for temporary files.
    """
    from kb.parsing.legibility import has_recogniser

    options: dict[str, Any] = {"kind": kind, "recognise": False}
    try:
        document = _unpacked(_run(path, task="parse", limits=limits, options=options), Document)
    except ParseError as err:
        if err.code != "pdf-scanned" or not limits.ocr_seconds:
            raise
        document = None
    if document is not None and not (
        document.fulltext.code == "pdf-scanned" and limits.ocr_seconds and has_recogniser()
    ):
        return document
    # Only now: no other file may take that long.
    longer = replace(limits, seconds=limits.ocr_seconds)
    try:
        return _unpacked(_run(path, task="parse", limits=longer, options={**options, "recognise": True}), Document)
    except ParseError:
        if document is None:
            raise
        return document  # with the pages that have words, and the reason of the others


def render_page(path: Path, *, page: int, scale: float, limits: Limits) -> bytes:
    """PNG of page ``page`` (1-based) at ``scale`` pixels per point (lowered for huge pages).

    Raises:
        ParseError: as ``parse_file``; ``pdf-broken`` too when there is no such page.
    """
    return _run(path, task="render", limits=limits, options={"kind": "pdf", "page": page, "scale": scale})


def cut_pictures(path: Path, places: Sequence[PicturePlace], *, limits: Limits) -> list[bytes]:
    """Pictures (PNG) of places of a PDF, one each, in their order.

    Raises:
        ParseError: as ``parse_file``; ``pdf-broken`` too when there is no such page.
    """
    pictures: list[bytes] = []
    for at in range(0, len(places), _MOST_PLACES):
        options = {"kind": "pdf", "places": [asdict(place) for place in places[at : at + _MOST_PLACES]]}
        pictures += _unpacked(_run(path, task="pictures", limits=limits, options=options), list[bytes])
    return pictures


def _unpacked(reply: bytes, kind: type[T]) -> T:
    try:
        return unpack(reply, kind)
    except BadRecord as err:
        message = "reading it crashed (its reply is broken): get the file again or add the abstract"
        raise ParseError(message, code="parse-crashed") from err


def _run(path: Path, *, task: str, limits: Limits, options: dict[str, Any]) -> bytes:
    request = {"task": task, "path": str(path), **options, **asdict(limits)}
    try:
        with open_file(path) as source:
            _check(source, kind=options["kind"], limits=limits)
            return _ask_child(source, request=request, limits=limits)
    except FileUnreadable as err:
        raise ParseError(err.reason, code="file-unreadable") from err
    except OSError as err:
        message = f"cannot be read ({err.strerror or err}): check that the file exists and may be read"
        raise ParseError(message, code="file-unreadable") from err


def _check(source: IO[bytes], *, kind: FileKind, limits: Limits) -> None:
    found = os.fstat(source.fileno())
    if found.st_size > limits.max_file_bytes:
        message = f"{found.st_size:,} bytes are more than {limits.max_file_bytes:,}: raise max_file_bytes to read it"
        raise ParseError(message, code="too-large")
    if kind == "pdf" and _SIGNATURE not in os.pread(source.fileno(), _SIGNATURE_WITHIN, 0):
        raise ParseError("not a PDF (no %PDF- at its start): get the file again", code="not-a-pdf")


class _Server:
    """A process that forks for each file that is to be read."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = guard.start_child(
                "kb.parsing.worker", {"task": "serve"}, stdin=theirs.fileno(), stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
        self._lines = self._socket.makefile("rb", buffering=0)

    def close(self) -> None:
        """End it, with what it may have forked."""
        self._lines.close()
        self._socket.close()
        guard.end_child(self._process)

    def run(self, request: dict[str, Any], streams: Sequence[IO[bytes]], *, seconds: float) -> int:
        """The exit status of a process that answers the request; it is killed when it is out of time.

        Raises:
            ParseError: (``parse-timeout``) then.
            OSError: when this one has ended.
        """
        numbers = [stream.fileno() for stream in streams]
        self._socket.settimeout(seconds)
        pid: int | None = None
        try:
            socket.send_fds(self._socket, [json.dumps(request).encode()], numbers)
            pid = self._line()
            return self._line()
        except TimeoutError as err:
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            raise guard.out_of_time() from err

    def _line(self) -> int:
        said = self._lines.readline()
        if not said:
            raise ConnectionResetError("it has ended")
        return int(said)


class _Servers:
    """The processes that are kept between files while somebody reads many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._idle: list[_Server] = []

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Within it they are kept; at the end of the last such block they end."""
        with self._lock:
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                ended = self._idle if not self._users else []
                self._idle = [] if not self._users else self._idle
            for server in ended:
                server.close()

    def take(self) -> _Server | None:
        """One that is idle, or a new one; None where none are kept."""
        with self._lock:
            if not self._users:
                return None
            if self._idle:
                return self._idle.pop()
        return _Server()

    def give_back(self, server: _Server) -> None:
        """It is idle again."""
        with self._lock:
            if self._users:
                self._idle.append(server)
                return
        server.close()


_SERVERS = _Servers()


@contextlib.contextmanager
def reading_many() -> Iterator[None]:
    """Within it, one start of a process serves many files. Where no limit on memory is enforced, each file has a start
    of its own as elsewhere: its parent watches it."""
    if not guard.ENFORCES_ADDRESS_SPACE:
        yield
        return
    with _SERVERS.kept():
        yield


def _ask_child(source: IO[bytes], *, request: dict[str, Any], limits: Limits) -> bytes:
    with guard.temporary_file() as answer, guard.temporary_file() as complaints:
        if (server := _SERVERS.take()) is not None:
            try:
                seconds = limits.seconds + guard.GRACE_SECONDS
                code = server.run(request, (source, answer, complaints), seconds=seconds)
            except OSError as err:
                server.close()
                raise guard.failure_of(-signal.SIGKILL, complaints) from err
            except BaseException:
                server.close()
                raise
            _SERVERS.give_back(server)
            answer.seek(0)
            return _read_reply(answer.read(), code=code, complaints=complaints)
        child = guard.start_child("kb.parsing.worker", request, stdin=source, stdout=answer, stderr=complaints)
        try:
            code = _wait(child, limits=limits)
        finally:
            guard.end_child(child)
        answer.seek(0)
        return _read_reply(answer.read(), code=code, complaints=complaints)


def _wait(child: subprocess.Popen[bytes], *, limits: Limits) -> int:
    """The child's exit status; kills it when it is out of time or (where no limit is enforced) of memory."""
    deadline = time.monotonic() + limits.seconds + guard.GRACE_SECONDS
    if guard.ENFORCES_ADDRESS_SPACE:
        try:
            return child.wait(timeout=deadline - time.monotonic())
        except subprocess.TimeoutExpired as err:
            raise guard.out_of_time() from err
    while time.monotonic() < deadline:
        try:
            return child.wait(timeout=guard.POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if guard.resident_bytes(child.pid) > limits.memory_bytes:
                raise guard.out_of_memory() from None
    raise guard.out_of_time()


def _read_reply(reply: bytes, *, code: int, complaints: IO[bytes]) -> bytes:
    head, found, body = reply.partition(b"\n")
    try:
        verdict = json.loads(head) if found and code >= 0 else None
    except ValueError:
        verdict = None
    if code == 0 and verdict == {}:
        return body
    if verdict:
        raise ParseError(verdict["message"], code=verdict["code"])
    raise guard.failure_of(code, complaints)


# ---------------------------------------------------------------------------------------------------------- the child


def read_input(source: IO[bytes]) -> bytes:
    """The whole of an open file, read once.

    Raises:
        ParseError: ``file-changed`` when it was written to meanwhile.
    """
    before = os.fstat(source.fileno())
    data = source.read()
    after = os.fstat(source.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != before.st_size:
        raise ParseError("the file changed while it was read: add it again", code="file-changed")
    return data


def answer(request: dict[str, Any]) -> bytes:
    """Do the task of the request on the file on stdin."""
    started = time.monotonic()
    data = read_input(sys.stdin.buffer)
    if request["task"] == "render":
        return _render(data, page=request["page"], scale=request["scale"])
    if request["task"] == "pictures":
        from kb.parsing.figures import cut_pictures

        places = [PicturePlace(**{**place, "box": Box(**place["box"])}) for place in request["places"]]
        return pack(cut_pictures(data, places))
    from kb.parsing.document import first_characters

    return pack(first_characters(_document_of(data, request, started=started), most=request["max_characters"]))


def _apart(search: Callable[[], Places], *, deadline: float) -> Places:
    """What a search for figures finds, made in a process of its own: painting a page may take for ever, or all memory
    there is, and nothing within this process could end it. None where that one does not end well before ``deadline``
    (``time.monotonic()``)."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            guard.end_with_parent()
            if (found := search()) is not None:
                with os.fdopen(writing, "wb") as reply:
                    reply.write(pack(found))
        finally:
            os._exit(0)
    os.close(writing)
    packed = bytearray()
    with os.fdopen(reading, "rb", buffering=0) as reply:
        while select.select([reply], [], [], max(0.0, deadline - time.monotonic()))[0]:
            if not (part := reply.read(1 << 16)):
                break
            packed += part
        else:
            packed.clear()  # it is late
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    try:
        return unpack(bytes(packed), tuple[FigurePlace, ...]) if packed else None
    except BadRecord:
        return None  # it was ended while it replied


def _document_of(data: bytes, request: dict[str, Any], *, started: float) -> Document:
    if request["kind"] == "pdf":
        from kb.parsing.document import read_pdf

        recogniser = None
        if request["recognise"]:
            from kb.parsing.legibility import load_recogniser

            recogniser = load_recogniser()
        # Half of the time goes to reading pages and looking for figures, so that a slow file gives its first pages and
        # not nothing.
        deadline = started + 0.5 * request["seconds"]
        return read_pdf(
            data, max_pages=request["max_pages"], deadline=deadline, recogniser=recogniser,
            guarded=partial(_apart, deadline=deadline),
        )  # fmt: skip
    from kb.parsing.citations import with_references

    if request["kind"] == "html":
        from kb.parsing.html import parse_html

        return with_references(parse_html(data))
    from kb.parsing.plain import parse_markdown, parse_text

    return with_references(parse_markdown(data) if request["kind"] == "markdown" else parse_text(data))


def _render(data: bytes, *, page: int, scale: float) -> bytes:
    from kb.parsing.figures import encode_png
    from kb.parsing.pdf import PdfReader

    with PdfReader(data) as reader:
        if not 1 <= page <= reader.page_count:
            raise ParseError(f"no page {page}: the PDF has {reader.page_count}", code="pdf-broken")
        with reader.page(page) as opened:
            return encode_png(opened.render(scale=scale).pixels)


def serve(requests: socket.socket) -> int:
    """Fork for each request; replies are two lines, the process's number and then its exit status. Ends with whoever
    asks."""
    import kb.parsing.document  # noqa: F401 - loaded once for all files
    from kb.parsing.text_scan import known_shapes

    known_shapes()  # painted once for all files
    gc.freeze()
    while True:
        message, streams, _, _ = socket.recv_fds(requests, 1 << 16, 3)
        if not message:
            return 0
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                requests.close()
                for number, stream in enumerate(streams):
                    os.dup2(stream, number)
                    os.close(stream)
                status = run(json.loads(message))
            finally:
                sys.stderr.flush()
                os._exit(status)
        for stream in streams:
            os.close(stream)
        requests.sendall(b"%d\n" % pid)
        _, ended = os.waitpid(pid, 0)
        requests.sendall(b"%d\n" % os.waitstatus_to_exitcode(ended))


def main() -> int:
    """Answer the request of the command line; the exit status is 0 unless the reply is an error."""
    request = json.loads(sys.argv[1])
    if request["task"] == "serve":
        with socket.socket(fileno=os.dup(0)) as requests:
            return serve(requests)
    return run(request)


def run(request: dict[str, Any]) -> int:
    """Answer a request in this process, within its limits."""
    gc.set_threshold(_COLLECT_AFTER, 20, 100)
    # Nothing but the reply may reach stdout, whatever a library prints.
    reply = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    guard.limit_resources(memory_bytes=request["memory_bytes"], seconds=request["seconds"])
    try:
        result = answer(request)
    except ParseError as err:
        failure = {"code": err.code, "message": str(err)}
    except MemoryError:
        failure = {"code": "parse-memory", "message": str(guard.out_of_memory())}
    else:
        reply.write(b"{}\n" + result)
        reply.close()
        return 0
    reply.write(json.dumps(failure).encode() + b"\n")
    reply.close()
    return 1


if __name__ == "__main__":
    sys.exit(main())
