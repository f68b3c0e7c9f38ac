"""Removing papers: out of the catalog, then out of everything else that the home has of them.

The catalog's transaction keeps a row that says what is to go (``kb.index.catalog.unfinished``). Every step after it can
be done again, and the row goes last: whoever writes next finishes what was stopped.
"""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections.abc import Callable, Collection, Sequence
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import BadIdentifier, EncoderError, HomeUnwritable, KbError, UnknownPaper
from kb.home import writing_error
from kb.ids import paper_key
from kb.index.catalog.unfinished import Removal
from kb.records import Failure, RemoveReport

if TYPE_CHECKING:
    from kb.home import Home
    from kb.index.catalog import Catalog
    from kb.library.parts import Models, Store
    from kb.protocols import Encoder

_TELLING = 8  # characters of an id or title that are not on other papers' pages by chance


def remove(store: Store, models: Models, names: Sequence[str]) -> RemoveReport:
    """Remove papers; names that no paper has are reported and do not stop the rest.

    Raises:
        UnknownPaper: when no paper has any of the names.
        HomeUnwritable: on a disk so full that nothing could be freed.
    """
    try:
        return _remove(store, models, names)
    except HomeUnwritable as err:
        if err.code != "disk-full":
            raise
    store.close()
    store.home.forget_caches()  # room for the log that a removal is written to first
    try:
        return _remove(store, models, names)
    except HomeUnwritable as err:
        if err.code != "disk-full":
            raise
        raise HomeUnwritable(
            f"the disk is full, and a removal needs some MB before it frees more: free them, or delete"
            f" {store.home.index_path} (kb reindex makes it again), then run the same again",
            code="disk-full",
        ) from err


def _remove(store: Store, models: Models, names: Sequence[str]) -> RemoveReport:
    catalog = store.catalog()
    stopped = [removal for removal in catalog.removals.pending().values() if removal is not None]
    removed: dict[str, None] = {}
    missing: list[Failure] = []
    with store.writing("remove"):  # which has finished what was stopped
        found: dict[str, None] = {}
        with catalog.transaction():  # others join and part papers without the writer lock
            for name in dict.fromkeys(names):
                try:
                    found[catalog.papers.resolve(name)] = None
                except (UnknownPaper, BadIdentifier) as err:
                    if (gone := _stopped(stopped, name)) is not None:
                        removed[gone] = None
                    else:
                        missing.append(Failure(what=name, code=err.code, reason=str(err)))
            if found:
                _take_out(catalog, list(found), encoder=models.encoder)
        if found:
            finish_removals(store)
    with contextlib.suppress(EncoderError):
        store.indexer().keep_up(wait=False)  # what others left to the holder of the lock
    if missing and not (removed or found):
        raise UnknownPaper("; ".join(failure.reason for failure in missing), code=missing[0].code)
    return RemoveReport(removed=(*removed, *found), missing=tuple(missing))


def _stopped(removals: Sequence[Removal], name: str) -> str | None:
    """The id of the paper of that name whose removal had been stopped."""
    names = [name.strip()]
    with contextlib.suppress(BadIdentifier):
        names.append(paper_key(name))
    return next((gone for one in removals for text in names if (gone := one.named(text)) is not None), None)


def _take_out(catalog: Catalog, ids: Sequence[str], *, encoder: Callable[[], Encoder]) -> None:
    """Take papers out of the catalog, and remember what else is to go, in one transaction."""
    from kb.library.adding import chunk_again

    with catalog.transaction():
        papers = catalog.papers.many(ids, sources=True)
        stored = [file for key in ids for file in catalog.passages.stored_files(key)]
        pictures = catalog.ledger.figure_files()
        titles = [one.metadata.title for paper in papers.values() for one in paper.sources]
        titles += [version.title for key in ids for version in catalog.papers.versions(key)]
        keys = {key: [one.key for one in paper.sources if one.key] for key, paper in papers.items()}
        removal = Removal(
            ids=tuple((key, *paper.aliases, *keys[key]) for key, paper in papers.items()),
            titles=tuple({*filter(None, titles), *(paper.title for paper in papers.values())}),
            hashes=tuple({sha256 for _, sha256 in stored}),
            files=tuple({file for file, _ in stored if file}),
            figures=tuple({file for key in ids for file in pictures.get(key, ())}),
        )
        catalog.removals.begin(removal)
        catalog.ledger.forget_turns_with([key for paper in papers.values() for key in (paper.id, *paper.aliases)])
        for sha256 in removal.hashes:
            catalog.ledger.forget_figures(sha256)
        touched: list[str] = []
        for key in ids:
            catalog.passages.drop_chunks(key)
            touched += catalog.papers.remove(key)
        if others := catalog.papers.of_records(touched):
            chunk_again(catalog, others, encoder=encoder())


def finish_removals(store: Store) -> list[str]:
    """Finish the removals that were begun, under the caller's writer lock; returns the ids of their papers.

    What takes the most room goes first: on a full disk it is what makes some.

    Raises:
        KbError: when something cannot be taken away now; the next writer tries again.
    """
    from kb.library.jobs import forget_traces

    catalog = store.catalog()
    pending = catalog.removals.pending()
    removals = [removal for removal in pending.values() if removal is not None]
    try:
        if removals:
            figures = {file for removal in removals for file in removal.figures}
            files = {file for removal in removals for file in removal.files} | figures
            with catalog.transaction():  # nobody stores a file that the catalog is still to name
                store.home.files.drop(files - catalog.files())
                store.home.files.sweep(all_ages=True)
            names = [text for removal in removals for some in removal.ids for text in some]
            names += [title for removal in removals for title in removal.titles]
            needles = _needles(names)
            _forget_pages(store.home, names, needles, figures=figures)
            store.home.forget_caches()
            hashes = {sha256 for removal in removals for sha256 in removal.hashes}
            forget_traces(store.home, catalog, hashes, speaks=lambda path: _speaks_of(path, needles))
            store.indexer().forget_dropped()
            with catalog.transaction():
                catalog.removals.forget_names(pending)
        if pending:
            catalog.scrub()
            with catalog.transaction():
                catalog.removals.finish(pending)
            with contextlib.suppress(EncoderError):  # what waits, or is to be made again, searches say
                store.indexer().settle()
    except OSError as err:
        raise writing_error(err, Path(err.filename or store.home.path)) from err
    return [some[0] for removal in removals for some in removal.ids]


def _forget_pages(home: Home, names: Collection[str], needles: Collection[bytes], *, figures: Collection[str]) -> None:
    """Remove the pages in the home that speak of papers, and their figures beside them; ``kb digest`` makes the pages
    of a day again, without the papers. Pages that were written elsewhere are the user's."""
    from kb.library.site import data_files

    ids = [json.dumps(name, ensure_ascii=False).encode() for name in names if ":" in name]
    root = home.digests_path
    # The forms of a digest lie in one folder: where its data names a paper, each of them may, however it is encoded.
    told = {path.parent for path in data_files(root) if any(key in path.read_bytes() for key in ids)}
    for path in sorted(root.rglob("*")):
        if path.is_file() and (path.name in figures or told.intersection(path.parents) or _speaks_of(path, needles)):
            path.unlink(missing_ok=True)


def _needles(names: Collection[str]) -> set[bytes]:
    """What a file that speaks of papers has of their ids, keys and titles, as pages and JSON print them."""
    return {
        form.encode(errors="surrogatepass")
        for name in names
        for text in (name, re.sub("^(?:arxiv|doi):", "", name))
        for form in (text, html.escape(text), json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
        if len(text) >= _TELLING
    }


def _speaks_of(path: Path, needles: Collection[bytes]) -> bool:
    """Whether a file has one of these; of a mail what its parts say."""
    data = path.read_bytes()
    if path.suffix == ".eml":
        texts = (part.get_payload(decode=True) for part in message_from_bytes(data).walk())
        data = b"\n".join([data, *(text for text in texts if isinstance(text, bytes))])
    return any(needle in data for needle in needles)


def finish_or_tell(store: Store) -> None:
    """Finish what was stopped before another verb writes; a removal that cannot be finished now does not stop it."""
    try:
        finish_removals(store)
    except KbError as err:
        store.notice(f"a removal that was stopped is not finished ({err})")
