"""Papers from a text file whose lines are ids and addresses and nothing else.

An item of such a list has neither a record nor a file yet: its ``what`` is the id that arXiv is to be asked for.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

from kb.errors import BadIdentifier, FileUnreadable
from kb.ids import other_identifier, parse_arxiv_id
from kb.input_files import open_file, unreadable
from kb.records import Failure, Found, Item

_LONGEST_LINE = 4000  # characters; what is longer is prose
_COMMENT = re.compile(r"(?:^|\s)(?:#|//|%|;).*$")  # "#p3" inside an address is none
_BULLET = re.compile(r"(?:[-*+•]|\d{1,4}[.)]|\[\d{1,4}\])\s+")
_LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?(?P<url>[^\s>)]+)>?[^)]*\)")  # of Markdown
_STAMP = re.compile(r"(?P<id>arxiv:\s?\S+)(?:\s+\[[\w.-]+\])?(?:\s+\d{1,2}\s+[a-z]{3,9}\.?\s+\d{4})?", re.IGNORECASE)
_LABELLED = re.compile(r"(?:doi|pmid|isbn(?:-1[03])?|arxiv|eprint)\s*[:=]?\s+(?P<id>\S+)", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,;|]+")


def read(path: Path, *, max_bytes: int = 60_000_000) -> Iterator[Found]:
    """Yield an item for each arXiv id in the order of the lines, and a Failure for what is another kind of id."""
    try:
        for number, line in _lines(path, max_bytes=max_bytes):
            for text in _entries(line):
                try:
                    parse_arxiv_id(text)
                    yield Item(what=text)
                except BadIdentifier as err:
                    yield Failure(what=f"{path.name}:{number}", code=err.code, reason=str(err))
    except (FileUnreadable, OSError) as err:
        found = unreadable(path, err)
        yield Failure(what=str(path), code=found.code, reason=found.reason)


def holds_ids(path: Path) -> bool:
    """Whether every line that is neither empty nor a comment is an id or an address; the first other one decides.

    Raises:
        FileUnreadable: when the file cannot be read.
    """
    found = False
    for _, line in _lines(path):
        entries = _entries(line)
        if len(line) >= _LONGEST_LINE or not all(map(_is_one, entries)):
            return False
        found = found or bool(entries)
    return found


def _lines(path: Path, *, max_bytes: int | None = None) -> Iterator[tuple[int, str]]:
    number = 0
    with open_file(path, max_bytes=max_bytes, setting="max_file_bytes") as file:
        code = "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        file.seek(0)
        with io.TextIOWrapper(file, encoding=code, errors="replace") as stream:
            while line := stream.readline(_LONGEST_LINE):
                number += 1
                yield number, line


def _entries(line: str) -> list[str]:
    """What a line lists: one id or address, or several with blanks or commas between them."""
    text = _BULLET.sub("", _COMMENT.sub("", line).strip(), count=1).strip()
    if not text:
        return []
    if link := _LINK.fullmatch(text):
        return [link["url"]]
    if (whole := _STAMP.fullmatch(text) or _LABELLED.fullmatch(text)) or other_identifier(text) == "the ISBN of a book":
        return [text if whole is None or _LABELLED.fullmatch(text) else whole["id"]]
    return [part for part in _BETWEEN.split(text) if part]


def _is_one(text: str) -> bool:
    try:
        parse_arxiv_id(text)
    except BadIdentifier:
        return other_identifier(text) is not None
    return True
