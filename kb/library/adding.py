"""Adding: items in, papers with chunks out. Parsing runs in child processes beside the encoding of what came before."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from kb.errors import ParseError, SourceError, UnknownPaper
from kb.home import Home, sha256_of
from kb.ids import file_key
from kb.index.catalog import Catalog
from kb.index.chunking import chunk_abstract, chunk_paper, passage_text
from kb.index.passages import Source, boxes_of
from kb.library.indexing import Indexer, Progress, words_to_index
from kb.parsing import PARSER
from kb.parsing.worker import Limits, parse_file
from kb.protocols import Encoder
from kb.records import AddReport, Chunk, Document, Failure, FileKind, Fulltext, Item, Metadata, Paper, Partial

_BATCH_PAPERS = 64
_BATCH_CHUNKS = 512
_SUFFIXES = {"pdf": ".pdf", "html": ".html", "markdown": ".md", "text": ".txt"}
_EVIDENCE_RANK = {"pdf": 0, "html": 1, "markdown": 2, "text": 2}

FetchFulltext = Callable[[Metadata], tuple[Path, FileKind]]
"""Fetches the full text of a paper from its source; a SourceError says that there is none to be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """An item after its file was read: the file's bytes and hash, and its document or why there is none."""

    item: Item
    data: bytes = b""
    sha256: str = ""
    document: Document | None = None
    failure: Failure | None = None


@dataclass
class Tally:
    """The report while it is being made."""

    added: dict[str, None] = field(default_factory=dict)
    updated: dict[str, None] = field(default_factory=dict)
    unchanged: dict[str, None] = field(default_factory=dict)
    partial: dict[str, Partial] = field(default_factory=dict)
    failed: list[Failure] = field(default_factory=list)

    def report(self) -> AddReport:
        """The report; an id that was added is not also listed as updated or unchanged."""
        return AddReport(
            added=tuple(self.added),
            updated=tuple(key for key in self.updated if key not in self.added),
            unchanged=tuple(key for key in self.unchanged if key not in self.added and key not in self.updated),
            partial=tuple(self.partial.values()),
            failed=tuple(self.failed),
        )


class Adder:
    """Takes items into a home. Each batch is one transaction under the writer lock, so a stop loses one batch at
    most, and running the same again goes on from there."""

    def __init__(
        self, home: Home, catalog: Catalog, *, indexer: Indexer, encoder: Callable[[], Encoder], limits: Limits,
        workers: int, on_wait: Callable[[str], None] | None = None,
    ) -> None:  # fmt: skip
        self._home, self._catalog, self._indexer = home, catalog, indexer
        self._encoder, self._limits, self._on_wait = encoder, limits, on_wait
        self._workers = workers or os.cpu_count() or 1
        self._replaced: set[str] = set()  # files that gave way to better ones

    def add(
        self,
        items: Iterable[Item | Failure],
        *,
        fetch: FetchFulltext | None = None,
        expected: int | None = None,
        progress: Progress | None = None,
    ) -> AddReport:
        """Add all items; a bad one is recorded and never stops the rest."""
        tally = Tally()
        batch: list[Parsed] = []
        done = 0
        try:
            for parsed in self._parse_ahead(items, fetch):
                batch.append(parsed)
                done += 1
                if len(batch) >= _BATCH_PAPERS or (parsed.document is not None and len(batch) >= 4):
                    self._store(batch, tally)
                    batch = []
                if progress is not None:
                    progress("adding", done, max(expected, done) if expected else None)
        finally:
            if batch:
                self._store(batch, tally)
        self._settle(progress)
        return tally.report()

    # ------------------------------------------------------------------------------------- reading

    def _parse_ahead(self, items: Iterable[Item | Failure], fetch: FetchFulltext | None) -> Iterator[Parsed]:
        """Items in their order, while the files of those behind are already being read."""
        with ThreadPoolExecutor(max_workers=self._workers, thread_name_prefix="kb-parse") as pool:
            queue: list[Future[Parsed] | Parsed] = []
            for item in items:
                if isinstance(item, Failure):
                    queue.append(Parsed(item=Item(what=item.what), failure=item))
                elif item.file is None and not item.fetch:
                    queue.append(Parsed(item=item))
                else:
                    queue.append(pool.submit(self._read, item, fetch))
                while len(queue) > 2 * self._workers or (queue and isinstance(queue[0], Parsed)):
                    head = queue.pop(0)
                    yield head if isinstance(head, Parsed) else head.result()
            for head in queue:
                yield head if isinstance(head, Parsed) else head.result()

    def _read(self, item: Item, fetch: FetchFulltext | None) -> Parsed:
        """Read and parse the item's file. This is the per-item place that turns errors into failures."""
        try:
            if item.fetch and fetch is not None and item.metadata is not None:
                if self._has_fulltext(item.metadata):
                    return Parsed(item=item)
                path, kind = fetch(item.metadata)
                item = replace(item, file=str(path), file_kind=kind)
            return self._parse(item)
        except (ParseError, SourceError) as err:
            failure = Failure(what=item.what, code=err.code, reason=str(err), retry=err.retry)
            return Parsed(item=item, failure=failure)
        except OSError as err:
            reason = f"it cannot be read ({err.strerror}): check that it is there and readable"
            return Parsed(item=item, failure=Failure(what=item.what, code="file-unreadable", reason=reason, retry=True))

    def _parse(self, item: Item) -> Parsed:
        if item.file is None:
            return Parsed(item=item)
        path = Path(item.file)
        sha256 = sha256_of(path)
        if self._is_known(sha256):
            return Parsed(item=item, sha256=sha256)
        document = parse_file(path, kind=item.file_kind or "pdf", limits=self._limits)
        data = path.read_bytes()
        if not {file_key(sha256), file_key(hashlib.sha256(data).hexdigest())} <= set(document.front.ids):
            raise ParseError(
                "it changed while it was read: run the same again when it is complete",
                code="file-changed",
                retry=True,
            )
        return Parsed(item=item, data=data, sha256=sha256, document=document)

    def _is_known(self, sha256: str) -> bool:
        paper_id = self._paper_of_file(sha256)
        if paper_id is None:
            return False
        source = self._catalog.passages.source(paper_id)
        return source is not None and source.parser == PARSER and source.fulltext.state != "none"

    def _paper_of_file(self, sha256: str) -> str | None:
        """The paper that a file is of: its text is in, or gave way to that of a better file."""
        if (paper_id := self._catalog.passages.paper_of_file(sha256)) is not None:
            return paper_id
        try:
            return self._catalog.papers.resolve(file_key(sha256))
        except UnknownPaper:
            return None

    def _has_fulltext(self, metadata: Metadata) -> bool:
        """Whether the catalog has the full text of this version, so that it need not be fetched again."""
        try:
            paper = self._catalog.papers.get(metadata.ids[0])
        except UnknownPaper:
            return False
        version = self._catalog.passages.document_version(paper.id)
        return paper.fulltext.state != "none" and (version or 0) >= (metadata.version or 0)

    # ------------------------------------------------------------------------------------- storing

    def _store(self, batch: Sequence[Parsed], tally: Tally) -> None:
        with self._home.writing("add", on_wait=self._on_wait):
            files = self._catalog.passages.files()
            self._replaced.clear()
            with self._catalog.transaction():
                changed = [paper_id for parsed in batch if (paper_id := self._store_one(parsed, tally))]
                chunk_again(self._catalog, list(dict.fromkeys(changed)), encoder=self._encoder())
            self._home.files.drop_all((files | self._replaced) - self._catalog.passages.files())
            if self._catalog.passages.waiting_count() >= _BATCH_CHUNKS:
                self._indexer.settle()
        for parsed in batch:
            if parsed.item.fetch and parsed.item.file is not None:  # a download: the file store has it now
                Path(parsed.item.file).unlink(missing_ok=True)

    def _settle(self, progress: Progress | None) -> None:
        if self._catalog.passages.waiting_count() or self._catalog.passages.dropped():
            with self._home.writing("add", on_wait=self._on_wait):
                self._indexer.settle(progress=progress)

    def _store_one(self, parsed: Parsed, tally: Tally) -> str | None:
        """Store one item; returns the paper's id when its chunks have to be made again."""
        stated = self._stated(parsed)
        if not stated and parsed.failure is not None:
            tally.failed.append(parsed.failure)
            self._catalog.failures.record(parsed.failure)
            return None
        if not stated:  # a file that is in already
            known = self._paper_of_file(parsed.sha256)
            changed = known is not None and self._decide_privacy(known, parsed.item)
            (tally.updated if changed else tally.unchanged).setdefault(known or parsed.item.what)
            self._catalog.failures.forget(parsed.item.what)
            return None
        changes = []
        for metadata in stated:
            paper_id, change = self._catalog.papers.put(metadata, private=parsed.item.private)
            changes.append(change)
        if self._decide_privacy(paper_id, parsed.item) | self._put_text(paper_id, parsed, tally):
            changes.append("updated")
        change = min(changes, key=("added", "updated", "unchanged").index)
        getattr(tally, change).setdefault(paper_id)
        self._catalog.failures.forget(parsed.item.what)
        return paper_id if change != "unchanged" else None

    def _decide_privacy(self, paper_id: str, item: Item) -> bool:
        """What the user said of the paper's privacy stands, also for a paper that is in already."""
        if not item.private_stated:
            return False
        before = self._catalog.papers.get(paper_id).private
        return self._catalog.papers.set_private(paper_id, item.private).private != before

    def _stated(self, parsed: Parsed) -> list[Metadata]:
        """What the item says of its paper: its record, and what the front matter of its file says."""
        record, document = parsed.item.metadata, parsed.document
        if document is None:
            return [record] if record is not None else []
        if record is not None:  # the record says which paper it is; a page only adds to it
            return [record, replace(document.front, ids=record.ids)]
        stem = Path(parsed.item.file or parsed.item.what).stem
        title = document.front.title or (stem if len(document.front.ids) == 1 else None)
        return [replace(document.front, title=title, ids=document.front.ids)]

    def _put_text(self, paper_id: str, parsed: Parsed, tally: Tally) -> bool:
        if parsed.failure is not None:
            return self._keep_reason(paper_id, parsed.failure, tally)
        if parsed.document is None:
            return False
        document, kind = parsed.document, parsed.item.file_kind or "pdf"
        stored = self._catalog.passages.source(paper_id)
        if stored is not None and stored.fulltext.state != "none" and not self._is_better(paper_id, parsed, stored):
            return False
        if stored is not None:
            self._replaced.add(stored.file)
        key = self._home.files.put(parsed.data, suffix=_SUFFIXES[kind])
        source = Source(file=key, sha256=parsed.sha256, parser=PARSER, fulltext=document.fulltext)
        version = _version_of(parsed)
        self._catalog.passages.put_document(paper_id, source, document=document, version=version)
        self._catalog.papers.set_fulltext(paper_id, document.fulltext)
        if document.fulltext.state != "full":
            reason = document.fulltext.reason or "only a part of the file could be read"
            tally.partial[paper_id] = Partial(id=paper_id, code=document.fulltext.code or "partial", reason=reason)
        return True

    def _keep_reason(self, paper_id: str, failure: Failure, tally: Tally) -> bool:
        """The record is in, its full text is not: say why, and keep a full text that was there before."""
        tally.partial[paper_id] = Partial(id=paper_id, code=failure.code, reason=failure.reason)
        paper = self._catalog.papers.get(paper_id)
        if paper.fulltext.state == "none" and (paper.fulltext.code, paper.fulltext.reason) != (
            failure.code,
            failure.reason,
        ):
            self._catalog.papers.set_fulltext(
                paper_id, Fulltext(state="none", code=failure.code, reason=failure.reason)
            )
        return False

    def _is_better(self, paper_id: str, parsed: Parsed, stored: Source) -> bool:
        """Whether a file should replace the one that is there: a PDF before HTML, a newer version before an older."""
        if stored.sha256 == parsed.sha256:
            return stored.parser != PARSER
        new, old = _EVIDENCE_RANK[parsed.item.file_kind or "pdf"], _EVIDENCE_RANK[_kind_of(stored.file)]
        if new != old:
            return new < old
        return (_version_of(parsed) or 0) >= (self._catalog.passages.document_version(paper_id) or 0)


def _version_of(parsed: Parsed) -> int | None:
    """The paper's version that the file is of: as it prints it, else as its source says."""
    printed = parsed.document.front.version if parsed.document else None
    return printed or (parsed.item.metadata.version if parsed.item.metadata else None)


def chunk_again(catalog: Catalog, paper_ids: Sequence[str], *, encoder: Encoder) -> None:
    """Cut the papers' text anew; chunks that stay the same keep their place in the indexes."""
    for paper in catalog.papers.many(paper_ids).values():
        document = catalog.passages.document(paper.id)
        chunks = chunk_paper(paper, document, count_tokens=encoder.count_tokens, max_tokens=encoder.max_tokens)
        chunks = chunks or _title_chunks(paper, encoder)
        if document is not None:
            chunks = [replace(c, boxes=boxes_of(document.blocks, c.start, c.end) if c.page else ()) for c in chunks]
        catalog.passages.put_chunks(paper.id, [(chunk, _indexed_text(chunk, paper)) for chunk in chunks])


def _indexed_text(chunk: Chunk, paper: Paper) -> str:
    """All that the indexes make of a chunk: when it changes, the chunk is another one to them."""
    passage, words = passage_text(paper.title, chunk.section, chunk.text), words_to_index(chunk, paper)
    return passage if words == chunk.text else f"{passage}\0{words}"


def _title_chunks(paper: Paper, encoder: Encoder) -> list[Chunk]:
    """A record without any text is still found by its title."""
    titled = replace(paper, abstract=paper.title)
    chunks = chunk_abstract(titled, count_tokens=encoder.count_tokens, max_tokens=encoder.max_tokens)
    return [replace(chunk, section=("Title",)) for chunk in chunks]


def _kind_of(file: str) -> str:
    return next((kind for kind, suffix in _SUFFIXES.items() if file.endswith(suffix)), "text")
