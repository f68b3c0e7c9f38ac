"""What the user named, as items: which source a name belongs to, and how full texts are fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import BadIdentifier, NotFound, SourceError
from kb.home import Home
from kb.ids import is_arxiv_id
from kb.records import Failure, FileKind, Item, Metadata
from kb.settings import Settings
from kb.text import is_text

if TYPE_CHECKING:
    from kb.sources.arxiv import ArxivSource


RECORD_ENDINGS = (".bib", ".jsonl", ".jsonl.gz")


def readable_endings() -> tuple[str, ...]:
    """The endings of the files that can be added, with their dot."""
    from kb.sources.files import FILE_ENDINGS

    return (*FILE_ENDINGS, *RECORD_ENDINGS)


class Intake:
    """Turns what a user named into items. The network is touched for arXiv ids and queries only."""

    def __init__(
        self, settings: Settings, home: Home, *, fulltext: bool, private: bool | None, notice: Callable[[str], None]
    ) -> None:
        self._settings, self._home = settings, home
        self._fulltext, self._private, self._notice = fulltext, private, notice
        self._arxiv: ArxivSource | None = None

    def items(
        self, names: Sequence[str], *, query: str | None, since: date | None, until: date | None, limit: int
    ) -> Iterator[Item | Failure]:
        """The items of all names in their order (arXiv ids are asked for together), then those of the query."""
        ids = [name for name in names if not _is_path(name) and is_arxiv_id(name)]
        for name in names:
            if name not in ids:
                # What came through the browser lies in the home, too, and is there to be added by name.
                uploaded = Path(name).is_relative_to(self._home.uploads_path)
                items = self._local(name)
                yield from self._marked(items if uploaded else self._outside_home(items))
        if ids:
            yield from self._marked(self._from_arxiv(self.arxiv().find_many(ids)))
        if query is not None:
            yield from self._marked(self._from_arxiv(self.arxiv().query(query, since=since, until=until, limit=limit)))

    def expected(self, names: Sequence[str], *, query: str | None) -> int | None:
        """How many items to expect, for a progress bar: None where only looking would tell (folders, queries)."""
        if query is not None or any(Path(name).is_dir() for name in names if _is_path(name)):
            return None
        from kb.sources.jsonl import count_lines

        return sum(count_lines(name) if name.endswith((".jsonl", ".jsonl.gz")) else 1 for name in names)

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

    def _local(self, name: str) -> Iterable[Item | Failure]:
        if not name.strip() or (not _is_path(name) and (not Path(name).suffix or name[0] == "~" or not is_text(name))):
            shown = name.encode(errors="replace").decode()
            error = BadIdentifier(f"{shown[:80]!r} is no file and no arXiv id: check its spelling")
            return [Failure(what=shown, code=error.code, reason=str(error))]
        from kb.sources.files import FilesSource
        from kb.sources.jsonl import JsonlSource

        def bibtex(path: str) -> Iterator[Item | Failure]:
            from kb.sources.bibtex import BibtexSource  # its parser is loaded for a .bib file only

            return BibtexSource(max_file_bytes=self._settings.max_file_bytes).find(path)

        jsonl = JsonlSource().find
        readers = dict(zip(RECORD_ENDINGS, (bibtex, jsonl, jsonl), strict=True))
        return FilesSource(readers=readers, max_file_bytes=self._settings.max_file_bytes).find(name)

    def _from_arxiv(self, items: Iterator[Item | Failure]) -> Iterator[Item | Failure]:
        """What arXiv finds; when it stops answering, that is one failure and what came before stays."""
        try:
            for item in items:
                yield replace(item, fetch=self._fulltext) if isinstance(item, Item) else item
        except SourceError as err:
            yield Failure(what="arXiv", code=err.code, reason=str(err), retry=err.retry)

    def _outside_home(self, items: Iterable[Item | Failure]) -> Iterator[Item | Failure]:
        """Without what the home itself keeps (its files, its pages), when it lies in a folder that is added."""
        home = self._home.path.resolve()
        for item in items:
            named = item.file if isinstance(item, Item) else item.what
            if named is None or not _is_path(named) or not Path(named).resolve().is_relative_to(home):
                yield item

    def _marked(self, items: Iterable[Item | Failure]) -> Iterator[Item | Failure]:
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


def _is_path(name: str) -> bool:
    try:
        return Path(name).expanduser().exists()
    except (OSError, RuntimeError, ValueError):  # too long, not to be read, the folder of an unknown user
        return False
