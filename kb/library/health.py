"""``kb doctor``: the catalog against its indexes and files, each disagreement with its cure."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from kb.errors import EncoderError, HomeUnwritable, KbError
from kb.home import sha256_of
from kb.index.catalog import Catalog
from kb.library.index_check import wrongly_indexed
from kb.library.indexing import Indexes, Progress, words_are_outdated
from kb.protocols import Keys
from kb.records import NO_FILTERS, Problem
from kb.rendering.reasons import sentence

if TYPE_CHECKING:
    from kb.library import Library

_BATCH_PAPERS = 256
_QUERY = re.compile(r"\(*\s*(?:ti|au|abs|co|jr|cat|rn|id|all):", re.IGNORECASE)  # arXiv's fields
_REINDEX = "kb doctor --fix, or kb reindex"


def rebuild(library: Library, *, encode: bool, progress: Progress | None) -> int:
    """Make every index again from the catalog; returns how many chunks there are."""
    from kb.library.adding import chunk_again

    catalog, encoder = library.catalog(), library.encoder()
    with library.writing("reindex"):
        if catalog.fact("encoder") not in (None, encoder.fingerprint):
            # Another encoder reads more, or less, at once: what it would cut off would be lost.
            ids = catalog.papers.ids(NO_FILTERS)
            for at in range(0, len(ids), _BATCH_PAPERS):
                with catalog.transaction():
                    chunk_again(catalog, ids[at : at + _BATCH_PAPERS], encoder=encoder)
                if progress is not None:
                    progress("cutting", min(at + _BATCH_PAPERS, len(ids)), len(ids))
        library.indexer().rebuild(encode_again=encode, progress=progress)
    return catalog.passages.count()


def examine(library: Library, *, fix: bool, model: bool, progress: Progress | None) -> list[Problem]:
    """All problems of a home; with ``fix`` those that could not be cured, and a notice of each cure."""
    problems = list(_problems(library))
    if fix and any(problem.cure == _REINDEX for problem in problems):
        _distrust(library)
        _cut_missing(library)
        library.reindex(progress=progress)
        cured = [_cured(problem) for problem in problems if problem.cure == _REINDEX]
        problems = [*cured, *_problems(library)]
    if fix:
        problems = [*_clear_strays(library), *(p for p in problems if "belong to no paper" not in p.what)]
    if model:
        problems += _model_problems(library)
    return problems


def _cut_missing(library: Library) -> None:
    """Cut the texts of papers that have no passages."""
    from kb.library.adding import chunk_again

    catalog, encoder = library.catalog(), library.encoder()
    if bare := catalog.passages.papers_without():
        with library.writing("doctor"), catalog.transaction():
            chunk_again(catalog, bare, encoder=encoder)


def _cured(problem: Problem) -> Problem:
    return Problem(what=f"cured: {problem.what}", severity="notice", cure="nothing to do")


def _problems(library: Library) -> Iterator[Problem]:
    catalog = library.catalog()
    for fault in catalog.faults():
        yield Problem(what=f"catalog: {fault}", severity="error", cure="restore catalog.sqlite from a backup")
    if bare := catalog.passages.papers_without():
        what = f"{len(bare)} paper(s) have no passages: {', '.join(bare[:3])}"
        yield Problem(what=what, severity="error", cure=_REINDEX)
    if catalog.passages.waiting_count() or catalog.passages.dropped():
        waiting = catalog.passages.waiting_count() + len(catalog.passages.dropped())
        yield Problem(what=f"{waiting} chunk(s) wait to be indexed", severity="warning", cure=_REINDEX)
    yield from _index_problems(library, catalog)
    try:
        library.reader()
    except EncoderError as err:
        cure = "set KB_ENCODER_RUNTIME=torch to answer without it"
        yield Problem(what=f"reader of answers: {err}", severity="error", cure=cure)
    if words_are_outdated(catalog):
        what = "words were indexed by an earlier version: letters such as ø are found under their old spelling"
        yield Problem(what=what, severity="notice", cure="kb reindex")
    yield from _file_problems(library, catalog)
    yield from _doubts(catalog)
    for failure in catalog.failures.list():
        if failure.retry:
            what = f"{failure.what} could not be added: {failure.reason}"
            yield Problem(what=what, severity="notice", cure=f"kb add {_as_argument(failure.what)}")


def _doubts(catalog: Catalog) -> Iterator[Problem]:
    """Papers that may be one, and records that may not be of one paper, each with the cure for either case."""
    parted = catalog.records.parted()
    for ids, why in catalog.records.doubts():
        what = f"{', '.join(ids)}: {sentence(why)}"
        pairs = [both for both in combinations(ids, 2) if frozenset(both) not in parted]
        joinable = [both for both in pairs if not all(key.startswith("arxiv:") for key in both)]
        one, other = (shlex.quote(key) for key in (joinable or pairs or [(ids[0], ids[-1])])[0])
        cure = f"kb split {one} {other} if they are two papers"
        if joinable:
            cure = f"kb merge {one} {other} if they are one paper, {cure}"
        yield Problem(what=what, severity="notice", cure=cure)


def _as_argument(what: str) -> str:
    """What could not be added, as one types it: a query is told from a name by its fields (``cat:``, ``abs:``)."""
    quoted = shlex.quote(what)
    return f"--query {quoted}" if _QUERY.match(what) else quoted


def _index_problems(library: Library, catalog: Catalog) -> Iterator[Problem]:
    try:
        encoder = library.encoder()
    except KbError as err:
        yield Problem(what=f"encoder: {err}", severity="error", cure="correct KB_ENCODER")
        return
    made_with = catalog.fact("encoder")
    if made_with not in (None, encoder.fingerprint):
        what = f"the vectors were made by another encoder ({made_with}, now {encoder.fingerprint})"
        yield Problem(what=what, severity="error", cure=_REINDEX)
        return
    known = catalog.passages.keys()
    indexes = Indexes(library.home, encoder)
    for name in ("lexical", "dense", "rows"):
        try:
            stored = getattr(indexes, name).keys()
        except HomeUnwritable as err:
            yield _unseen(name, err)
            continue
        except KbError as err:
            yield Problem(what=f"{name} index: {err}", severity="error", cure=_REINDEX)
            continue
        yield from _differences(name, known, stored)
    try:
        wrong = wrongly_indexed(catalog, indexes, encoder)
    except HomeUnwritable as err:
        yield _unseen("contents of the", err)
    except KbError as err:
        yield Problem(what=f"indexes: {err}", severity="error", cure=_REINDEX)
    else:
        if len(wrong):
            what = f"indexes: {len(wrong)} chunk(s) have vectors or words that are not theirs"
            yield Problem(what=what, severity="error", cure=_REINDEX)
    indexes.close()


def _unseen(name: str, err: KbError) -> Problem:
    what = f"{name} index was not examined: {str(err).partition(': ')[0]}"
    return Problem(what=what, severity="notice", cure="run kb doctor where the home can be written")


def _distrust(library: Library) -> None:
    """Throw away the vectors that are wrong, so that they are made again."""
    encoder = library.encoder()
    if library.catalog().fact("encoder") != encoder.fingerprint:
        return  # all are made again
    indexes = Indexes(library.home, encoder)
    with library.writing("doctor"), contextlib.suppress(KbError):  # files that cannot be read are made again whole
        wrong = wrongly_indexed(library.catalog(), indexes, encoder)
        indexes.rows.drop(wrong)
        indexes.sentences.drop(wrong)
    indexes.close()


def _differences(name: str, known: Keys, stored: Keys) -> Iterator[Problem]:
    missing = np.setdiff1d(known, stored)
    extra = np.setdiff1d(stored, known)
    title = {"rows": "vector file"}.get(name, f"{name} index")
    if len(missing):
        yield Problem(what=f"{title}: {len(missing)} chunk(s) are missing", severity="error", cure=_REINDEX)
    if len(extra):
        yield Problem(what=f"{title}: {len(extra)} chunk(s) are not in the catalog", severity="error", cure=_REINDEX)


def _file_problems(library: Library, catalog: Catalog) -> Iterator[Problem]:
    wanted = catalog.passages.files()
    wanted |= {file for some in catalog.ledger.figure_files().values() for file in some}
    for key in sorted(wanted):
        path = library.home.files.get(key)
        if not path.exists():
            cure = "add the file again: kb add FILE"
            yield Problem(what=f"file {key} is missing", severity="error", cure=cure)
        elif not key.startswith(sha256_of(path)):
            yield Problem(what=f"file {key} has changed", severity="error", cure="add the original again: kb add FILE")
    strays = [key for key in library.home.files.keys() if key not in wanted]  # noqa: SIM118  (not a dict)
    if count := len(strays) + len(library.home.files.abandoned()):
        what = f"{count} file(s) belong to no paper"
        yield Problem(what=what, severity="warning", cure="kb doctor --fix removes them")


def _clear_strays(library: Library) -> Iterator[Problem]:
    catalog = library.catalog()
    with library.writing("doctor"):
        wanted = catalog.passages.files()
        wanted |= {file for some in catalog.ledger.figure_files().values() for file in some}
        strays = [key for key in library.home.files.keys() if key not in wanted]  # noqa: SIM118  (not a dict)
        for key in strays:
            library.home.files.drop(key)
        count = len(strays) + library.home.files.sweep()
    if count:
        yield Problem(what=f"cured: {count} stray file(s)", severity="notice", cure="nothing to do")


def _model_problems(library: Library) -> list[Problem]:
    try:
        chat = library.chat()
    except KbError as err:
        return [Problem(what=f"model: {err}", severity="error", cure="correct KB_MODEL")]
    if chat is None:
        return [Problem(what="no model is configured", severity="notice", cure="set KB_MODEL to use one")]
    from kb.writing.chat import self_test

    return self_test(chat)
