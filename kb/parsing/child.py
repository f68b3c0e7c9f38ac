"""The process that reads one file: ``python -I -m kb.parsing.child REQUEST``, file on stdin, reply on stdout.

The request is one JSON object; the reply is a line of JSON (``{}``, or ``{"code", "message"}`` of an error) and,
after ``{}``, the result: MessagePack of a record, or a PNG. Limits are set before anything of the file is seen.

``{"task": "serve"}`` starts a process that reads no file itself: it has loaded what reads files, and forks for each
request that comes over the socket on stdin, with the request's stdin, stdout and stderr beside it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from kb.errors import BadRecord
from kb.guard import end_with_parent, limit_resources, out_of_memory

if TYPE_CHECKING:
    from kb.parsing.document import Places
    from kb.records import Document

_COLLECT_AFTER = 50_000  # objects: a document is many that stay, and looking through them is an eighth of the time


def read_input(source: IO[bytes]) -> bytes:
    """The whole of an open file, read once.

    Raises:
        ParseError: ``file-changed`` when it was written to meanwhile.
    """
    from kb.errors import ParseError

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
    from kb.wire import pack

    if request["task"] == "pictures":
        from kb.parsing.figures import cut_pictures
        from kb.records import Box, PicturePlace

        places = [PicturePlace(**{**place, "box": Box(**place["box"])}) for place in request["places"]]
        return pack(cut_pictures(data, places))
    from kb.parsing.document import first_characters

    return pack(first_characters(_parse(data, request, started=started), most=request["max_characters"]))


def _apart(search: Callable[[], Places], *, deadline: float) -> Places:
    """What a search for figures finds, made in a process of its own: painting a page may take for ever, or all memory
    there is, and nothing within this process could end it. None where that one does not end well before ``deadline``
    (``time.monotonic()``)."""
    from kb.records import FigurePlace
    from kb.wire import pack, unpack

    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            end_with_parent()
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


def _parse(data: bytes, request: dict[str, Any], *, started: float) -> Document:
    if request["kind"] == "pdf":
        from kb.parsing.document import read_pdf

        recogniser = None
        if request["recognise"]:
            from kb.parsing.recognition import load_recogniser

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
    from kb.errors import ParseError
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
    import kb.parsing.document
    import kb.wire  # noqa: F401
    from kb.parsing.shapes import known_shapes

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
    limit_resources(memory_bytes=request["memory_bytes"], seconds=request["seconds"])
    from kb.errors import ParseError

    try:
        result = answer(request)
    except ParseError as err:
        failure = {"code": err.code, "message": str(err)}
    except MemoryError:
        failure = {"code": "parse-memory", "message": str(out_of_memory())}
    else:
        reply.write(b"{}\n" + result)
        reply.close()
        return 0
    reply.write(json.dumps(failure).encode() + b"\n")
    reply.close()
    return 1


if __name__ == "__main__":
    sys.exit(main())
