"""Adding: items in, papers with chunks out. Parsing runs in child processes beside the encoding of what came before."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from kb.errors import HomeError, ParseError, SourceError, UnknownPaper
from kb.home import Claims, sha256_of
from kb.ids import file_key
from kb.index.catalog import Catalog
from kb.index.catalog.matching import record_id
from kb.index.catalog.papers import Arrival, PlacedRecord
from kb.index.catalog.passages import Source, boxes_of, packed
from kb.index.chunking import CUT, MOST_CHUNKS, bounded, chunk_abstract, chunk_paper
from kb.input_files import read_file
from kb.library.anchoring import anchored
from kb.library.indexing import Progress, cutting, indexed_texts
from kb.library.parts import Models, Store, limits
from kb.parsing import PARSER
from kb.parsing.legibility import has_recogniser
from kb.parsing.worker import parse_file, reading_many
from kb.protocols import Encoder
from kb.records import (
    AddReport,
    Chunk,
    Document,
    Doubtful,
    Failure,
    FileKind,
    Found,
    Fulltext,
    Item,
    Joined,
    Metadata,
    Notice,
    Paper,
    Partial,
    PassedOver,
    SourceName,
    SourceRecord,
)
from kb.settings import Settings
from kb.sources.files import proposed_ids

_BATCH_PAPERS = 32
BATCH_CHUNKS = 512
_BATCH_SIZE = 1_000_000  # characters and bytes that wait to be stored: others wait while they are
_LOOK_SECONDS = 0.1  # between looks whether another process has stored what it reads
_LONG_CHARACTERS = 10_000  # a text whose tokens are counted before anybody has to wait
SUFFIXES: dict[FileKind, str] = {"pdf": ".pdf", "html": ".html", "markdown": ".md", "text": ".txt"}
_SOURCES: dict[FileKind, SourceName] = {"pdf": "pdf", "html": "html", "markdown": "text", "text": "text"}
_FIRST_PAGE_CHARACTERS = 6000

PutChunks = Callable[[str, Sequence[tuple[Chunk, str]]], object]
FetchFulltext = Callable[[Metadata], tuple[Path, FileKind]]
"""Fetches the full text of a paper from its source; a SourceError says that there is none to be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """An item after its file was read: the file's bytes and hash, and its document or why there is none."""

    item: Item
    data: bytes = b""
    sha256: str = ""
    document: Document | None = None
    packed: bytes | None = None  # the document as it is stored
    failure: Failure | None = None
    shortened: tuple[str, ...] = ()
    claim: str = ""
    is_elsewhere: bool = False  # another process is reading it

    @property
    def size(self) -> int:
        """How much it holds, in characters and bytes."""
        record, document = self.item.record, self.document
        fields = sum(len(value) for _, value in record.fields) if record is not None else 0
        text = len(record.text) + len(record.parent) if record is not None else 0
        return fields + text + len(self.data) + (len(document.text) if document is not None else 0)


@dataclass
class AddTally:
    """The report while it is being made. Papers are named by one of their records: their ids may still change."""

    added: dict[str, None] = field(default_factory=dict)
    updated: dict[str, None] = field(default_factory=dict)
    unchanged: dict[str, None] = field(default_factory=dict)
    partial: dict[tuple[str, str], Partial] = field(default_factory=dict)
    failed: list[Failure] = field(default_factory=list)
    joined: dict[tuple[str, ...], Joined] = field(default_factory=dict)
    doubted: list[tuple[str, ...]] = field(default_factory=list)
    skipped: list[PassedOver] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def take(self, other: AddTally) -> None:
        """What another one counted, behind what this one has."""
        for part in fields(self):
            mine, theirs = getattr(self, part.name), getattr(other, part.name)
            if isinstance(mine, dict):
                mine.update(theirs)
            else:
                mine.extend(theirs)

    def report(self, catalog: Catalog) -> AddReport:
        """The report, with the ids that the papers have at its end: an id that was added is not also listed as
        updated or unchanged, and what was in doubt only for a while is not listed."""
        papers = catalog.papers.of_records
        added = dict.fromkeys(papers(self.added))
        updated = {key: None for key in papers(self.updated) if key not in added}
        unchanged = {key: None for key in papers(self.unchanged) if key not in added and key not in updated}
        open_doubts = {tuple(ids): why for ids, why in catalog.records.doubts()} if self.doubted else {}
        doubted = dict.fromkeys(ids for doubt in self.doubted if len(ids := tuple(sorted(papers(doubt)))) > 1)
        return AddReport(
            added=tuple(added),
            updated=tuple(updated),
            unchanged=tuple(unchanged),
            partial=tuple(
                replace(partial, id=papers([record])[0])
                for (record, _), partial in self.partial.items()
                if papers([record])
            ),
            failed=tuple(self.failed),
            joined=tuple(
                replace(joined, id=found[0])
                for records, joined in self.joined.items()
                if len(found := papers(records)) == 1
            ),
            doubtful=tuple(Doubtful(ids=ids, why=open_doubts[ids]) for ids in doubted if ids in open_doubts),
            skipped=tuple(self.skipped),
            notices=tuple(self.notices),
        )


class Adder:
    """Takes items into a home. Each batch is one transaction, so a stop loses one batch at most, and running the same
    again goes on from there; nothing is held while files are read or texts encoded."""

    def __init__(self, store: Store, models: Models, settings: Settings) -> None:
        self._home, self._catalog, self._indexer = store.home, store.catalog(), store.indexer()
        self._encoder, self._settings, self._on_wait = models.encoder, settings, store.on_wait
        self._limits = limits(settings)
        self._workers = settings.threads or os.cpu_count() or 1
        self._run = uuid.uuid4().hex
        self._claims = Claims(store.home.claims_path)

    def add(
        self,
        items: Iterable[Found],
        *,
        fetch: FetchFulltext | None = None,
        expected: int | None = None,
        progress: Progress | None = None,
    ) -> AddReport:
        """Add all items; a bad one is recorded and never stops the rest."""
        tally = AddTally()
        batch: list[Parsed] = []
        done = size = 0
        try:
            with closing(self._parse_ahead(_without_skipped(items, tally), fetch)) as read:
                for parsed in read:
                    batch.append(_bounded(parsed))
                    size += batch[-1].size
                    done += 1
                    full = len(batch) >= _BATCH_PAPERS or size >= _BATCH_SIZE
                    if full or parsed.document is not None:  # storing a text takes as long as some 60 records
                        self._store(batch, tally)
                        batch, size = [], 0
                    if progress is not None:
                        progress("adding", done, max(expected, done) if expected else None)
        finally:
            try:
                if batch:
                    self._store(batch, tally)
            finally:
                self._claims.close()
        self._indexer.keep_up(wait=True, on_wait=self._on_wait, progress=progress)
        return tally.report(self._catalog)

    # ------------------------------------------------------------------------------------- reading

    def _parse_ahead(
        self, items: Iterable[Item | Failure], fetch: FetchFulltext | None
    ) -> Generator[Parsed, None, None]:
        """Items in their order, while the files of those behind are already being read."""
        threads = ThreadPoolExecutor(max_workers=self._workers, thread_name_prefix="kb-parse")
        with reading_many(), threads as pool, ending(pool):
            queue: list[Future[Parsed] | Parsed] = []
            elsewhere: list[Parsed] = []

            def ready() -> Iterator[Parsed]:
                head = queue.pop(0)
                parsed = head if isinstance(head, Parsed) else head.result()
                if parsed.is_elsewhere:
                    elsewhere.append(parsed)
                else:
                    yield parsed

            for item in items:
                if isinstance(item, Failure):
                    queue.append(Parsed(item=Item(what=item.what), failure=item))
                elif item.file is None and not item.fetch:
                    queue.append(Parsed(item=item))
                else:
                    queue.append(pool.submit(self._read, item, fetch))
                while len(queue) > 2 * self._workers or (queue and isinstance(queue[0], Parsed)):
                    yield from ready()
            while queue:
                yield from ready()
            # Nothing is claimed here any more that another process could be waiting for.
            if elsewhere and self._on_wait is not None:
                self._on_wait(f"waiting for another process that reads {elsewhere[0].item.what}")
            for parsed in elsewhere:
                while parsed.is_elsewhere:
                    while not self._claims.take(parsed.claim):
                        time.sleep(_LOOK_SECONDS)
                    parsed = self._read(parsed.item, fetch)
                yield parsed

    def _read(self, item: Item, fetch: FetchFulltext | None) -> Parsed:
        """Read and parse the item's file. This is the per-item place that turns errors into failures."""
        with ExitStack() as unclaimed:
            parsed = self._claimed(item, fetch, unclaimed)
            if parsed.document is not None:  # others wait until it is stored
                unclaimed.pop_all()
            return parsed

    def _claimed(self, item: Item, fetch: FetchFulltext | None, claims: ExitStack) -> Parsed:
        try:
            metadata = item.metadata if item.fetch and fetch is not None else None
            if metadata is None and item.file is None:
                return Parsed(item=item)
            sha256 = sha256_of(Path(item.file)) if metadata is None and item.file is not None else ""
            name = sha256 if metadata is None else f"full text of {metadata.ids[0]}"
            if not self._claims.take(name):
                return Parsed(item=item, claim=name, is_elsewhere=True)
            claims.callback(self._claims.give_back, name)
            if metadata is not None and fetch is not None:
                if self._has_fulltext(metadata):
                    return Parsed(item=item)
                path, kind = fetch(metadata)
                item, sha256 = replace(item, file=str(path), file_kind=kind), sha256_of(path)
            return replace(self._parse(item, sha256), claim=name)
        except (ParseError, SourceError) as err:
            failure = Failure(what=item.what, code=err.code, reason=str(err), retry=err.retry)
            return Parsed(item=item, failure=failure)
        except OSError as err:
            reason = f"it cannot be read ({err.strerror}): check that it is there and readable"
            return Parsed(item=item, failure=Failure(what=item.what, code="file-unreadable", reason=reason, retry=True))
        except MemoryError:
            return Parsed(item=item, failure=_no_memory(item))
        except HomeError:  # no room, no permission: the others would fail as well
            raise
        except Exception as err:  # noqa: BLE001  (one bad item never stops the rest)
            said = f"{type(err).__name__}: {err}".splitlines()[0][:200]
            reason = f"it cannot be read ({said}): get it again, or add its record without it"
            return Parsed(item=item, failure=Failure(what=item.what, code="error", reason=reason))

    def _parse(self, item: Item, sha256: str) -> Parsed:
        path = Path(item.file or "")
        if self._is_known(sha256):
            return Parsed(item=item, sha256=sha256)
        document = parse_file(path, kind=item.file_kind or "pdf", limits=self._limits)
        data = read_file(path, max_bytes=self._limits.max_file_bytes, setting="max_file_bytes")
        if not {file_key(sha256), file_key(hashlib.sha256(data).hexdigest())} <= set(document.front.ids):
            raise ParseError(
                "it changed while it was read: run the same again when it is complete",
                code="file-changed",
                retry=True,
            )
        return Parsed(item=item, data=data, sha256=sha256, document=document)

    def _is_known(self, sha256: str) -> bool:
        source = self._catalog.passages.source_of_file(sha256)
        if source is None or source.parser != PARSER or source.fulltext.state == "none":
            return False
        if source.fulltext.code == "parse-timeout":
            return False  # there may be more time now
        # Pages that are pictures may be read by machine now.
        return source.fulltext.code != "pdf-scanned" or not self._limits.ocr_seconds or not has_recogniser()

    def _has_fulltext(self, metadata: Metadata) -> bool:
        """Whether the catalog has the full text of this version, so that it need not be fetched again."""
        try:
            paper = self._catalog.papers.get(metadata.ids[0])
        except UnknownPaper:
            return False
        version = self._catalog.passages.document_version(paper.id)
        return paper.fulltext.state != "none" and (version or 0) >= (metadata.version or 0)

    # ------------------------------------------------------------------------------------- storing

    def _store(self, batch: Sequence[Parsed], tally: AddTally) -> None:
        """Store a batch; where it takes more memory than there is, one by one, so that only the one at fault fails."""
        counted = AddTally()
        try:
            self._store_together(batch, counted)
        except MemoryError:
            if len(batch) > 1:
                for parsed in batch:
                    self._store([parsed], tally)
                return
            counted = AddTally(failed=[_no_memory(batch[0].item)])
            with self._catalog.transaction():
                self._catalog.failures.record(counted.failed[0])
        tally.take(counted)
        for parsed in batch:
            self._claims.give_back(parsed.claim)

    def _store_together(self, batch: Sequence[Parsed], tally: AddTally) -> None:
        counter = TokenCounter(self._encoder())
        for parsed in batch:
            said = parsed.document.front if parsed.item.metadata is None and parsed.document else parsed.item.metadata
            title, abstract = (said.title or "", said.abstract or "") if said is not None else ("", "")
            counter.count_ahead(Paper(id="", title=title, abstract=abstract), parsed.document)
        batch = [replace(one, packed=packed(one.document)) if one.document is not None else one for one in batch]
        # The records of files of which an earlier reading is stored.
        stored = [self._catalog.records.of_file(parsed.sha256) for parsed in batch if parsed.document is not None]
        again = [record.id for record in stored if record is not None]
        with cutting(self._home, self._catalog, on_wait=self._on_wait), anchored(self._catalog, self._settings, again):
            taken = self._catalog.papers.take_in([self._arrival(parsed) for parsed in batch], run=self._run)
            tally.joined |= {joined.records: joined for joined in taken.joined}
            tally.doubted += taken.doubted
            touched = list(taken.touched)
            for parsed, placed in zip(batch, taken.placed, strict=True):
                touched += self._finish(parsed, placed, tally)
            cut = chunk_again(self._catalog, self._catalog.papers.of_records(touched), encoder=counter)
            self._say_what_is_cut(cut, touched, tally)
        self._catalog.pause()
        if self._catalog.passages.waiting_count() >= BATCH_CHUNKS:
            self._indexer.keep_up(wait=False)
        for parsed in batch:
            if parsed.item.fetch and parsed.item.file is not None:  # a download: the file store has it now
                Path(parsed.item.file).unlink(missing_ok=True)

    def _arrival(self, parsed: Parsed) -> Arrival:
        file = self._file_record(parsed)
        if file is not None and parsed.document is None:  # read before: what its page said is kept
            known = self._catalog.records.of_file(parsed.sha256) or self._catalog.records.get(record_id(file))
            file = known.record if known is not None else None
        return Arrival(record=parsed.item.record, file=file, private=parsed.item.private)

    def _finish(self, parsed: Parsed, placed: Sequence[PlacedRecord], tally: AddTally) -> list[str]:
        """Store the text of an item whose records are in; returns records of papers whose chunks have to be made
        again."""
        item, papers = parsed.item, self._catalog.papers
        if not placed:
            if parsed.failure is not None:
                tally.failed.append(parsed.failure)
                self._catalog.failures.record(parsed.failure)
            return []
        changes = [one.change for one in placed]
        last = placed[-1].record
        touched = []
        if self._put_text(last, parsed):
            papers.refresh(papers.of_records([last])[0])
            changes.append("updated")
            touched.append(last)
        self._say_what_is_missing(placed[0].record, parsed, tally)
        if self._decide_privacy(papers.of_records([last])[0], item):
            changes.append("updated")
        told = [*((one.record, one.change) for one in placed), *((last, more) for more in changes[len(placed) :])]
        for record, change in told:
            getattr(tally, change).setdefault(record)
        self._catalog.failures.forget(item.what)
        return touched

    def _file_record(self, parsed: Parsed) -> SourceRecord | None:
        """What the first page of the item's file says: a record of its own, known by the hash of the file."""
        item = parsed.item
        if not parsed.sha256 or item.file is None:
            return None
        source = _SOURCES[item.file_kind or "pdf"]
        if parsed.document is None:  # a file that is in already
            return SourceRecord(source=source, key=parsed.sha256, metadata=Metadata(source=source, ids=()))
        front = replace(parsed.document.front, source=source, proposed=proposed_ids(Path(item.file)))
        if item.record is not None and item.fetch:
            # arXiv's own file of the paper: whatever else the page prints is not its id.
            front = replace(front, ids=tuple(key for key in front.ids if key.startswith("file:")), proposed=())
        fields = (("first page", first_page(parsed.document)),)
        origin = "" if item.fetch else Path(item.file).name
        return SourceRecord(source=source, key=parsed.sha256, fields=fields, origin=origin, metadata=front)

    def _decide_privacy(self, paper_id: str, item: Item) -> bool:
        """What the user said of the paper's privacy stands, also for a paper that is in already."""
        if not item.private_stated:
            return False
        before = self._catalog.papers.get(paper_id).private
        return self._catalog.papers.set_fields(paper_id, {"private": item.private}).private != before

    def _put_text(self, record: str, parsed: Parsed) -> bool:
        """Keep the file's text with the file's record; False where none was read, or this parser's is there."""
        if parsed.document is None or self._is_known(parsed.sha256):
            return False
        kind = parsed.item.file_kind or "pdf"
        key = self._home.files.put(parsed.data, suffix=SUFFIXES[kind])
        source = Source(file=key, sha256=parsed.sha256, parser=PARSER, fulltext=parsed.document.fulltext)
        said = parsed.item.metadata
        version = parsed.document.front.version or (said.version if said else None)  # as it prints it, else its source
        self._catalog.passages.put_document(record, source, packed=parsed.packed, version=version)
        self._catalog.cited.put(record, parsed.document.references)
        return True

    def _say_what_is_missing(self, record: str, parsed: Parsed, tally: AddTally) -> None:
        """The record is in; its full text, or a part of it, or a file that it names, is not: say why."""
        papers = self._catalog.papers
        paper_id = papers.of_records([record])[0]
        if parsed.failure is not None:
            failure = parsed.failure
            tally.partial[record, failure.code] = Partial(id=paper_id, code=failure.code, reason=failure.reason)
            had = papers.get(paper_id).fulltext
            if had.state == "none" and (had.code, had.reason) != (failure.code, failure.reason):
                papers.refresh(paper_id, without_text=Fulltext(state="none", code=failure.code, reason=failure.reason))
        elif parsed.shortened:
            reason = f"its {' and its '.join(parsed.shortened)} are longer than a paper's: shorten them"
            tally.partial[record, "too-long"] = Partial(id=paper_id, code="too-long", reason=reason)
        if (
            parsed.failure is None
            and parsed.document is not None
            and (fulltext := parsed.document.fulltext).state != "full"
        ):
            reason = fulltext.reason or "only a part of the file could be read"
            code = fulltext.code or "partial"
            tally.partial[record, code] = Partial(id=paper_id, code=code, reason=reason)
        for name in parsed.item.missing:
            reason = f"its attachment {name} is not there: put the file in its place and add the same again"
            tally.partial[record, name] = Partial(id=paper_id, code="attachment-missing", reason=reason)

    def _say_what_is_cut(self, paper_ids: Sequence[str], records: Sequence[str], tally: AddTally) -> None:
        """Of these papers only the first chunks are in."""
        for record in records if paper_ids else ():
            for paper_id in set(self._catalog.papers.of_records([record])).intersection(paper_ids):
                tally.partial[record, "too-long"] = Partial(id=paper_id, code="too-long", reason=CUT.reason or "")


def add_items(
    store: Store,
    models: Models,
    settings: Settings,
    items: Iterable[Found],
    *,
    fetch: FetchFulltext | None = None,
    expected: int | None = None,
    progress: Progress | None = None,
) -> AddReport:
    """Add what a source yields; ``fetch`` gets the file of an item that asks for it.

    ``expected`` is how many items there will be, as far as that is known: the progress is told.
    """
    catalog = store.catalog(create=True)
    if catalog.removals.pending():
        with store.writing("add"):
            pass  # it finishes them
    return Adder(store, models, settings).add(items, fetch=fetch, expected=expected, progress=progress)


class TokenCounter:
    """Counts as an encoder does, and remembers the counts of long texts: they are counted before the transaction."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self._known = encoder, dict[str, int]()
        self.max_tokens = encoder.max_tokens

    def count_ahead(self, paper: Paper, document: Document | None) -> None:
        """Count what will be chunks of a long text, under the title that its own record or file states."""
        if len(paper.abstract) + (len(document.text) if document else 0) > _LONG_CHARACTERS:
            chunk_paper(paper, document, count_tokens=self._counted, max_tokens=self.max_tokens)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        return self._counted(texts) if self._known else self._encoder.count_tokens(texts)

    def _counted(self, texts: Sequence[str]) -> list[int]:
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        self._known.update(zip(new, self._encoder.count_tokens(new), strict=True))
        return [self._known[text] for text in texts]


def _bounded(parsed: Parsed) -> Parsed:
    """The item with no more of a record and of a first page than a paper has."""
    record, document = parsed.item.record, parsed.document
    if record is not None:
        said, shortened = bounded(record.metadata)
        if shortened:
            item = replace(parsed.item, record=replace(record, metadata=said))
            parsed = replace(parsed, item=item, shortened=shortened)
    if document is not None and bounded(document.front)[1]:
        parsed = replace(parsed, document=replace(document, front=bounded(document.front)[0]))
    return parsed


@contextmanager
def ending(pool: ThreadPoolExecutor) -> Iterator[None]:
    """What was not begun when it is left before its time is not begun any more."""
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def _no_memory(item: Item) -> Failure:
    reason = "taking it in needs more memory than there is: shorten it, or add it on a larger machine"
    return Failure(what=item.what, code="parse-memory", reason=reason)


def _without_skipped(items: Iterable[Found], tally: AddTally) -> Iterator[Item | Failure]:
    for item in items:
        if isinstance(item, PassedOver):
            tally.skipped.append(item)
        elif isinstance(item, Notice):
            tally.notices.append(item)
        else:
            yield item


def first_page(document: Document) -> str:
    """The text of the first page, as far as it may name the paper."""
    blocks = [block for block in document.blocks if block.page in (None, 1)]
    return "\n".join(block.text for block in blocks)[:_FIRST_PAGE_CHARACTERS]


def chunk_again(
    catalog: Catalog,
    paper_ids: Sequence[str],
    *,
    encoder: Encoder | TokenCounter,
    put: PutChunks | None = None,
) -> list[str]:
    """Cut the papers' text anew; chunks that stay the same keep their place in the indexes.

    ``put`` takes the chunks of each paper with their passages; without it they become the paper's. Returns the papers
    that have as many chunks as are taken in of one.
    """
    put = put or catalog.passages.put_chunks
    cut = []
    for paper in catalog.papers.many(paper_ids).values():
        document = catalog.passages.document(paper.id)
        chunks = chunk_paper(paper, document, count_tokens=encoder.count_tokens, max_tokens=encoder.max_tokens)
        if not chunks:  # a record without any text is still found by its title
            titled = replace(paper, abstract=paper.title)
            chunks = chunk_abstract(titled, count_tokens=encoder.count_tokens, max_tokens=encoder.max_tokens)
            chunks = [replace(chunk, section=("Title",)) for chunk in chunks]
        if document is not None:
            boxes = boxes_of(document.blocks, [(chunk.start, chunk.end) for chunk in chunks])
            chunks = [
                replace(chunk, boxes=some if chunk.page else ()) for chunk, some in zip(chunks, boxes, strict=True)
            ]
        put(paper.id, list(zip(chunks, indexed_texts(chunks, paper), strict=True)))
        if len(chunks) == MOST_CHUNKS:
            cut.append(paper.id)
        if len(chunks) == MOST_CHUNKS or paper.fulltext == CUT:
            catalog.papers.refresh(paper.id)
    return cut
