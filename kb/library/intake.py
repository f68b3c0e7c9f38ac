"""What the user named, as items: which source a name belongs to, and how full texts are fetched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import BadIdentifier, NotFound, SourceError
from kb.guard import Limits
from kb.home import Home
from kb.ids import find_arxiv_ids, is_address, is_arxiv_id, other_identifier, parse_arxiv_id
from kb.records import Failure, FileKind, Found, Item, Metadata
from kb.settings import Settings
from kb.sources.files import FilesSource, readable_endings
from kb.text import is_text

if TYPE_CHECKING:
    from kb.sources.arxiv import ArxivSource
    from kb.sources.guarded import RecordReader


_ASKED_TOGETHER = 200  # ids of a list that arXiv is asked for before the files behind it are looked at


class Intake:
    """Turns what a user named into items. The network is touched for arXiv ids and queries only."""

    def __init__(
        self, settings: Settings, home: Home, *, limits: Limits, fulltext: bool, private: bool | None,
        notice: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._settings, self._home, self._limits = settings, home, limits
        self._fulltext, self._private, self._notice = fulltext, private, notice
        self._arxiv: ArxivSource | None = None
        self._reader: RecordReader | None = None  # one for all that was named

    def items(
        self, names: Sequence[str], *, query: str | None, since: date | None, until: date | None, limit: int
    ) -> Iterator[Found]:
        """The items of all names in their order (arXiv ids are asked for together), then those of the query."""
        ids = [name for name in names if _is_id(name)]
        for name in names:
            if name not in ids:
                yield from self._marked(self._local(name))
        if self._reader is not None:
            self._reader.close()
        if ids:
            yield from self._marked(self._from_arxiv(self.arxiv().find_many(ids)))
        if query is not None:
            yield from self._marked(self._from_arxiv(self.arxiv().query(query, since=since, until=until, limit=limit)))

    def expected(self, names: Sequence[str], *, query: str | None) -> int | None:
        """How many items to expect, for a progress bar: None where only looking would tell (folders, queries)."""
        if query is not None or any(Path(name).is_dir() for name in names if _is_path(name)):
            return None
        from kb.sources.formats import is_expected
        from kb.sources.jsonl import count_lines

        streamed = [name for name in names if "json" in name.lower() and is_expected(Path(name))]
        return sum(map(count_lines, streamed)) + len(names) - len(streamed)

    def fetch(self, metadata: Metadata) -> tuple[Path, FileKind]:
        """The PDF of an arXiv paper, else its HTML page.

        Raises:
            SourceError: when neither is to be had.
        """
        return fetch_from(self.arxiv(), metadata)

    def arxiv(self) -> ArxivSource:
        """The arXiv source, made when it is first needed."""
        if self._arxiv is None:
            from kb.sources.arxiv import ArxivSource
            from kb.sources.http import PoliteClient

            client = PoliteClient(self._settings, cache_folder=self._home.cache_path / "http")
            self._arxiv = ArxivSource(client, self._settings)
        return self._arxiv

    def _local(self, name: str) -> Iterable[Found]:
        """What a path holds; ids in a list are asked for as many at a time as arXiv takes."""
        if not may_be_path(name):
            return [_refused(name)]
        from kb.sources.guarded import RecordReader

        self._reader = self._reader or RecordReader(self._limits)
        # What came through the browser lies in the home, too, and is there to be added by name.
        uploads = self._home.uploads_path
        is_upload = lies_in(uploads, name)
        source = FilesSource(limits=self._limits, reader=self._reader, leave_out=None if is_upload else self._home.path)
        found = source.find(name)
        if is_upload and not self._settings.browser_paths:
            found = _without_others(found, uploads)
        return self._with_listed(found)

    def _with_listed(self, items: Iterable[Found]) -> Iterator[Found]:
        """The items, those that only name an id replaced by what arXiv says of it."""
        ids: dict[str, None] = {}
        for item in items:
            if isinstance(item, Item) and item.record is None and item.file is None:
                ids.setdefault(item.what)
                if len(ids) >= _ASKED_TOGETHER:
                    yield from self._from_arxiv(self.arxiv().find_many(list(ids)))
                    ids = {}
            else:
                yield item
        if ids:
            yield from self._from_arxiv(self.arxiv().find_many(list(ids)))

    def _from_arxiv(self, items: Iterator[Item | Failure]) -> Iterator[Item | Failure]:
        """What arXiv finds; when it stops answering, that is one failure and what came before stays."""
        try:
            for item in items:
                yield replace(item, fetch=self._fulltext) if isinstance(item, Item) else item
        except SourceError as err:
            yield Failure(what="arXiv", code=err.code, reason=str(err), retry=err.retry)

    def _marked(self, items: Iterable[Found]) -> Iterator[Found]:
        for item in items:
            if isinstance(item, Item) and self._private is not None:
                yield replace(item, private=self._private, private_stated=True)
            else:
                yield item


def fetch_from(source: ArxivSource, metadata: Metadata) -> tuple[Path, FileKind]:
    """The PDF of an arXiv paper, else its HTML page.

    Raises:
        SourceError: when neither is to be had.
    """
    key = metadata.ids[0]
    try:
        return source.fetch_pdf(key, version=metadata.version), "pdf"
    except NotFound:
        return source.fetch_html(key, version=metadata.version), "html"


def _without_others(items: Iterable[Found], uploads: Path) -> Iterator[Found]:
    """What an uploaded file holds, where whoever sent it is not to name other files of this machine."""
    for item in items:
        if isinstance(item, Item) and item.file is not None and not lies_in(uploads, item.file):
            yield replace(item, file=None, file_kind=None, missing=(*item.missing, item.file))
        else:
            yield item


def lies_in(folder: Path, name: str) -> bool:
    """Whether a path lies in a folder, wherever its links and its ``..`` lead."""
    try:
        return Path(name).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def _is_path(name: str) -> bool:
    try:
        return Path(name).expanduser().exists()
    except (OSError, RuntimeError, ValueError):  # too long, not to be read, the folder of an unknown user
        return False


def _is_id(name: str) -> bool:
    """Whether it is to be asked of arXiv: it carries one id and is no path, neither there nor by its form."""
    return is_arxiv_id(name) and not _is_path(name) and not _looks_like_path(name)


def _looks_like_path(name: str) -> bool:
    """``./a.pdf``, ``~/a``, ``papers/2402.19481.pdf``: what is named is a file, even if it is not there."""
    if re.match(r"[a-z][a-z0-9+.-]+://", name, re.IGNORECASE):
        return False
    if re.match(r"\.{0,2}/|~|[a-z]:[\\/]", name, re.IGNORECASE):
        return True
    return ("/" in name or "\\" in name) and not is_address(name) and name.lower().endswith(readable_endings())


def may_be_path(name: str) -> bool:
    """Whether to look for it on this machine; anything else is told what it is."""
    if _is_path(name) or _looks_like_path(name):
        return bool(name.strip())
    if not name.strip() or not is_text(name) or find_arxiv_ids(name) or other_identifier(name):
        return False
    return re.search(r"\.[a-z]\w{0,9}$", name.strip(), re.IGNORECASE | re.ASCII) is not None


def _refused(name: str) -> Failure:
    """What a text is that is neither a path nor one arXiv id, and what can be done."""
    shown = name.encode(errors="replace").decode()
    reason = f"{shown[:80]!r} is no file and no arXiv id: check its spelling"
    try:
        parse_arxiv_id(shown)
    except BadIdentifier as err:
        if any(sign.isdigit() for sign in shown) or other_identifier(shown):
            reason = str(err)
    return Failure(what=shown, code=BadIdentifier.code, reason=reason)
