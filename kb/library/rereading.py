"""Reading stored files again that another version of the parser read, with all that hangs on their text.

Each document is one short transaction: its record, text, chunks and what quotes them change together, so that a stop
loses one reading at most, and running it again goes on with what is left. Nothing is asked of the network.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import BadRecord, ParseError
from kb.home import Claims
from kb.index.catalog.ledger import PICTURE_KINDS
from kb.index.catalog.papers import Arrival
from kb.index.catalog.passages import Source, packed
from kb.index.chunking import bounded
from kb.library.adding import BATCH_CHUNKS, SUFFIXES, TokenCounter, chunk_again, ending, first_page
from kb.library.anchoring import anchored
from kb.library.indexing import Progress, cutting, encoder_changed
from kb.library.parts import limits
from kb.parsing import PARSER
from kb.parsing.worker import parse_file, reading_many
from kb.records import Document, Failure

if TYPE_CHECKING:
    from kb.library.parts import Models, Store
    from kb.settings import Settings

_KINDS = {suffix: kind for kind, suffix in SUFFIXES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A stored file that was read again: its document, or why there is none (nor a failure: another process has it)."""

    record: str
    document: Document | None = None
    packed: bytes = b""
    failure: Failure | None = None


def read_again(
    store: Store, models: Models, settings: Settings, *, progress: Progress | None
) -> tuple[int, list[Failure]]:
    """Read what another parser read; returns how many files were read, and those whose earlier reading stays.

    Raises:
        EncoderError: (``encoder-changed``) when the stored vectors are another encoder's: chunks of two do not mix.
    """
    catalog, encoder = store.catalog(), models.encoder()
    if (made_with := catalog.fact("encoder")) not in (None, encoder.fingerprint):
        raise encoder_changed(made_with or "", encoder.fingerprint)
    waiting = catalog.passages.read_otherwise(PARSER)
    rereader = _Rereader(store, models, settings)
    read, failed = 0, list[Failure]()
    try:
        for done, reading in enumerate(rereader.readings(waiting), start=1):
            if reading.failure is not None:
                failed.append(reading.failure)
            elif reading.document is not None:
                rereader.keep(reading, waiting[reading.record])
                read += 1
            if progress is not None:
                progress("reading again", done, len(waiting))
    finally:
        rereader.close()
    store.indexer().keep_up(wait=True, on_wait=store.on_wait, progress=progress)
    return read, failed


class _Rereader:
    def __init__(self, store: Store, models: Models, settings: Settings) -> None:
        self._store, self._models, self._settings = store, models, settings
        self._catalog = store.catalog()
        self._claims = Claims(store.home.claims_path)
        self._workers = settings.threads or os.cpu_count() or 1
        self._run = uuid.uuid4().hex
        self._pictures: set[str] = set()

    def close(self) -> None:
        """Claim nothing any more, and remove the pictures that were cut by the earlier readings."""
        self._claims.close()
        if self._pictures:
            with self._catalog.transaction():  # nobody stores a file that the catalog is still to name
                self._store.home.files.drop(self._pictures - self._catalog.files())

    def readings(self, sources: Mapping[str, Source]) -> Iterator[_Reading]:
        """The files in their order, while those behind are already being read."""
        threads = ThreadPoolExecutor(max_workers=self._workers, thread_name_prefix="kb-parse")
        with reading_many(), threads as pool, ending(pool):
            rest = iter(sources.items())
            queue: list[Future[_Reading]] = []
            while more := [pool.submit(self._read, *one) for one in islice(rest, 2 * self._workers + 1 - len(queue))]:
                queue += more
                yield queue.pop(0).result()
            yield from (one.result() for one in queue)

    def _read(self, record: str, source: Source) -> _Reading:
        """The per-item place that turns errors into failures."""
        try:
            if not self._claims.take(source.sha256):
                return _Reading(record=record)  # another process reads it
            path = self._store.home.files.get(source.file)
            kind = _KINDS[Path(source.file).suffix]
            document = parse_file(path, kind=kind, limits=limits(self._settings))
            return _Reading(record=record, document=document, packed=packed(document))
        except (ParseError, BadRecord) as err:
            self._claims.give_back(source.sha256)
            papers = self._catalog.papers.of_records([record])
            what = papers[0] if papers else source.file
            reason = f"{err}; what was read of it before stays"
            return _Reading(record=record, failure=Failure(what=what, code=err.code, reason=reason, retry=err.retry))

    def keep(self, reading: _Reading, source: Source) -> None:
        """Put the reading in the place of the earlier one, unless that is gone meanwhile."""
        catalog, document = self._catalog, reading.document
        assert document is not None
        counter = TokenCounter(self._models.encoder())
        for paper in catalog.papers.many(catalog.papers.of_records([reading.record])).values():
            counter.count_ahead(paper, document)
        with cutting(self._store.home, catalog, on_wait=self._store.on_wait):
            known = catalog.records.get(reading.record)
            now = catalog.passages.source_of_file(source.sha256)
            if known is not None and now is not None and now.parser == source.parser:
                with anchored(catalog, self._settings, [reading.record]):
                    said = known.record.metadata
                    front = replace(bounded(document.front)[0], source=said.source, proposed=said.proposed)
                    if not known.record.origin:
                        # A source's own file of its paper: what else its pages print is no id of that.
                        ids = tuple(key for key in front.ids if key.startswith("file:") or key in said.ids)
                        front = replace(front, ids=ids)
                    fields = (("first page", first_page(document)),)
                    file = replace(known.record, metadata=front, fields=fields)
                    taken = catalog.papers.take_in([Arrival(file=file, private=known.private)], run=self._run)
                    made = replace(source, parser=PARSER, fulltext=document.fulltext)
                    catalog.passages.put_reading(reading.record, made, packed=reading.packed)
                    for paper_id in catalog.papers.of_records([reading.record]):
                        catalog.papers.refresh(paper_id)
                    touched = catalog.papers.of_records([reading.record, *taken.touched])
                    chunk_again(catalog, touched, encoder=counter)
                for kind in PICTURE_KINDS:
                    self._pictures |= {one.file for one in catalog.ledger.figures(source.sha256, kind=kind) or ()}
                catalog.ledger.forget_figures(source.sha256)
        self._claims.give_back(source.sha256)
        catalog.pause()
        if catalog.passages.waiting_count() >= BATCH_CHUNKS:
            self._store.indexer().keep_up(wait=False)
