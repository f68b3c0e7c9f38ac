"""Files of records read in a child process with limits (``kb.guard``): the parent's side, and the child's.

One child serves many files, one after the other: starting it costs more than a short bibliography. What it finds comes
as it is found, so that a file of any length costs the parent no memory, and what was read before a limit struck is
kept. Time is that of the processor, which others may be busy with: what has found nothing for many times as long by
the clock is ended, too. The time in which records are taken in is not counted.

What servers answer (feeds, the API) is read in the parent: their form is arXiv's own, behind a checked certificate,
and an author has a hold of texts within it alone, which are bounded as those of any record are.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
import weakref
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path
from typing import IO, cast

from kb import guard
from kb.errors import ParseError
from kb.guard import Limits
from kb.records import Failure, Found, Item, Notice, PassedOver
from kb.sources.formats import reader_for
from kb.wire import pack, unpack

# A frame is one sign, the length of what follows in four bytes, and that: MessagePack of what was found.
_KINDS = {b"i": Item, b"f": Failure, b"p": PassedOver, b"n": Notice}
_SIGNS = {kind: sign for sign, kind in _KINDS.items()}
_OF_NO_FORMAT, _END, _NO_MEMORY = b"x", b"e", b"m"
_HEAD = 5
_MOST_NAMED = 10_000
_READ_BYTES = 1 << 20
_OF_THE_CLOCK = 10  # seconds in which a child gets one of the processor, where many want it


class RecordReader:
    """Reads files of records within limits. Not for two threads at once.

    A file may take ``limits.seconds`` of the processor for each ``limits.max_file_bytes`` that it has or begins.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._child: _Child | None = None

    def read(self, path: Path, *, named: bool) -> Iterator[Found] | None:
        """The things in a file in its order, as ``Format.read`` gives them; None when it is of no format of records.

        Reading that ends at a limit ends with a Failure that names the file: ``parse-timeout``, ``parse-memory`` or
        ``parse-crashed``. ``named``: as in ``reader_for``.

        Raises:
            HomeUnwritable: when there is no room for temporary files.
        """
        things = self._things(path, named=named)
        begun = list(islice(things, 1))
        return None if begun == [None] else cast(Iterator[Found], chain(begun, things))

    def close(self) -> None:
        """End the child, if there is one."""
        if self._child is not None:
            self._child.close()
            self._child = None

    def _things(self, path: Path, *, named: bool) -> Iterator[Found | None]:
        """As ``read`` gives them; one None where the file is of no format."""
        count, whole = 0, False
        try:
            if self._child is None:
                self._child = _Child(self._limits)
            seconds = self._limits.seconds * (1 + _size(path) // self._limits.max_file_bytes)
            for sign, body in self._child.ask(path, named=named, seconds=seconds):
                if sign == _NO_MEMORY:
                    raise guard.out_of_memory()
                if sign in (_END, _OF_NO_FORMAT):
                    whole = True
                    if sign == _OF_NO_FORMAT:
                        yield None
                    return
                count += 1
                yield unpack(body, _KINDS[sign])
        except ParseError as err:
            after = f"after {count:,} records " if count else ""
            yield Failure(what=str(path), code=err.code, reason=f"{after}{err}, or split the file")
        finally:
            if not whole:  # stopped at a limit, or by whoever asked
                self.close()


class _Child:
    """A child that waits for the names of files."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        with ExitStack() as stack:
            self._complaints = stack.enter_context(guard.temporary_file())
            request = {"memory_bytes": limits.memory_bytes, "max_file_bytes": limits.max_file_bytes}
            self._process = guard.start_child(
                "kb.sources.guarded",
                request,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
            )
            stack.pop_all()
        self.close = weakref.finalize(self, _close, self._process, self._complaints)

    def ask(self, path: Path, *, named: bool, seconds: float) -> Iterator[tuple[bytes, bytes]]:
        """The frames of the child's answer.

        Raises:
            ParseError: when it is out of time or memory, or ends without an answer.
        """
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        try:
            requests.write(json.dumps({"path": str(path), "named": named, "seconds": seconds}).encode() + b"\n")
            requests.flush()
        except BrokenPipeError:
            raise guard.failure_of(self._process.wait(), self._complaints) from None
        left = _OF_THE_CLOCK * seconds + guard.GRACE_SECONDS
        pending = bytearray()
        while True:
            while len(pending) < _HEAD or len(pending) < _HEAD + int.from_bytes(pending[1:_HEAD]):
                began = time.monotonic()
                data = self._more(answers.fileno(), seconds=left)
                left -= time.monotonic() - began
                if not data:
                    raise guard.failure_of(self._process.wait(), self._complaints)
                pending += data
            at = 0
            while len(pending) >= at + _HEAD:
                end = at + _HEAD + int.from_bytes(pending[at + 1 : at + _HEAD])
                if end > len(pending):
                    break
                yield bytes(pending[at : at + 1]), bytes(pending[at + _HEAD : end])
                at = end
            del pending[:at]

    def _more(self, handle: int, *, seconds: float) -> bytes:
        """What the child wrote; empty when it has ended."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            wait = left if guard.ENFORCES_ADDRESS_SPACE else min(left, guard.POLL_SECONDS)
            if select.select([handle], [], [], wait)[0]:
                return os.read(handle, _READ_BYTES)
            if not guard.ENFORCES_ADDRESS_SPACE and guard.resident_bytes(self._process.pid) > self._limits.memory_bytes:
                raise guard.out_of_memory()
        raise guard.out_of_time()


def _close(process: subprocess.Popen[bytes], complaints: IO[bytes]) -> None:
    guard.end_child(process)
    for pipe in (process.stdin, process.stdout, complaints):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                continue


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # the child says what is wrong with it


# ------------------------------------------------------------------------------------------- the child


def _send(out: IO[bytes], sign: bytes, body: bytes = b"") -> None:
    """One frame, at once: the next thing may be the one at which a limit strikes. The parent reads many together."""
    out.write(sign + len(body).to_bytes(4) + body)
    out.flush()


def _named(things: Iterable[Found], path: Path) -> Iterator[Found]:
    """The things, of those that are none of a paper only as many as somebody may read; the others are counted."""
    told = untold = 0
    for thing in things:
        if isinstance(thing, Item) or told < _MOST_NAMED:
            told += not isinstance(thing, Item)
            yield thing
        else:
            untold += 1
    if untold:
        reason = f"{untold:,} more of its records are broken or passed over: correct those that are named first"
        yield Failure(what=str(path), code="bad-record", reason=reason)


def main() -> int:
    """Read the files that standard input names, a line of JSON each, until there are no more."""
    limits = json.loads(sys.argv[1])
    # Nothing but the answer may reach stdout, whatever a library prints.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    guard.limit_resources(memory_bytes=limits["memory_bytes"], seconds=None)
    for line in sys.stdin.buffer:
        request = json.loads(line)
        guard.allow_seconds(request["seconds"])
        path = Path(request["path"])
        try:
            form = reader_for(path, named=request["named"])
            if form is None:
                _send(out, _OF_NO_FORMAT)
                continue
            for thing in _named(form.read(path, max_bytes=limits["max_file_bytes"]), path):
                _send(out, _SIGNS[type(thing)], pack(thing))
        except MemoryError:
            _send(out, _NO_MEMORY)
            return 1
        _send(out, _END)
    return 0


if __name__ == "__main__":
    sys.exit(main())
