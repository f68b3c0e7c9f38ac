"""The care of a home: the catalog against its indexes and files, each disagreement with its cure; indexes made again;
what is whole of a damaged home saved into a new one."""

from __future__ import annotations

import contextlib
import errno
import re
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from kb.errors import BadRecord, EncoderError, HomeError, HomeUnwritable, KbError, ParseError, UsageError
from kb.home import Home, writing_error
from kb.index.catalog import Catalog
from kb.index.chunking import passage_text
from kb.library.indexing import (
    Progress,
    WritableIndexes,
    begin_recutting,
    has_sentences,
    index_state,
    lexical_entries,
    open_indexes,
    owned_chunks,
    parts_behind,
    sentences_to_encode,
)
from kb.parsing import PARSER
from kb.protocols import Encoder, Keys
from kb.records import NO_FILTERS, Problem, Recovery
from kb.rendering.reasons import sentence

if TYPE_CHECKING:
    from kb.library.parts import Models, Store

_BATCH_PAPERS = 256
_QUERY = re.compile(r"\(*\s*(?:ti|au|abs|co|jr|cat|rn|id|all):", re.IGNORECASE)  # arXiv's fields
_ENTRY = re.compile(r"([^:]+\.[A-Za-z]{2,6}):\d+")
_BLOCK = 4096  # keys compared at once
_SAMPLE = 32  # chunks that are encoded again
_TOLERANCE = 1e-3  # of a number of a vector, between two copies of it
_SAME = 0.98  # cosine of a vector that is made again, at least: kinds of arithmetic differ a little
_CALLED = {
    "papers": "view(s) of papers, made again from their source records", "records": "source record(s)",
    "documents": "text(s): kb add the file(s) again", "chunks": "passage(s), cut again from the texts",
    "shown": "entries of the ledger", "visits": "visited day(s)", "turns": "turn(s) of conversations",
    "decided": "field(s) of the user", "meta": "fact(s) of the home", "notes": "note(s), written again when asked for",
    "figures": "figure(s), cut again when asked for", "failures": "failure(s)",
}  # fmt: skip


def rebuild(store: Store, models: Models, *, encode: bool, progress: Progress | None) -> None:
    """Make every index again from the catalog."""
    from kb.library.adding import chunk_again

    catalog, encoder = store.catalog(), models.encoder()
    with store.writing("reindex"):
        if catalog.fact("encoder") not in (None, encoder.fingerprint):
            # Another encoder reads more, or less, at once: what it would cut off would be lost. What is searched
            # stays as it is until all of it was encoded.
            begin_recutting(catalog)
            ids, keep = catalog.papers.ids(NO_FILTERS), catalog.passages.put_recut
            for at in range(0, len(ids), _BATCH_PAPERS):
                with catalog.transaction():
                    chunk_again(catalog, ids[at : at + _BATCH_PAPERS], encoder=encoder, put=keep)
                if progress is not None:
                    progress("cutting", min(at + _BATCH_PAPERS, len(ids)), len(ids))
        store.indexer().rebuild(encode_again=encode, progress=progress)
    store.indexer().keep_up(wait=False)  # what came in meanwhile


def examine(store: Store, models: Models, *, fix: bool, model: bool, progress: Progress | None) -> list[Problem]:
    """All problems of a home; with ``fix`` those that could not be cured, and a notice of each cure."""
    faults = store.catalog().faults()
    if faults:  # what is derived from it, or written into it now, would carry the damage on
        return [
            Problem(kind="catalog", what=f"catalog: {one}", severity="error", cure="kb recover TO") for one in faults
        ]
    finished = _finish_removals(store)
    problems = list(_problems(store, models))
    if fix:
        if any(problem.kind == "index" for problem in problems):
            _distrust(store, models)
            _cut_missing(store, models)
            rebuild(store, models, encode=False, progress=progress)
        swept = list(_clear_strays(store))
        _take_over(store)
        before, problems = problems, list(_problems(store, models))  # others wrote meanwhile
        cured = [_cured(one) for one in before if one.kind == "index" and one not in problems]
        problems = [*swept, *cured, *problems]
    if model:
        problems += _model_problems(models)
    return [*finished, *problems]


def _take_over(store: Store) -> None:
    """Index what others left to the holder of the lock; what keeps one from it is among the problems."""
    with contextlib.suppress(KbError):
        store.indexer().keep_up(wait=False)


def _finish_removals(store: Store) -> list[Problem]:
    """Removals that were stopped are finished, with or without ``fix``: what they took out was not to be kept."""
    if not (pending := store.catalog().removals.pending()):
        return []
    with contextlib.suppress(HomeError), store.writing("doctor"):
        pass  # whoever writes finishes them
    _take_over(store)
    what = f"{len(pending)} removal(s) that had been stopped"
    if left := store.catalog().removals.pending():
        what = f"{len(left)} removal(s) are not finished: text of the removed papers is still in the home"
        cure = "free the disk, end other kb processes, then kb doctor --fix"
        return [Problem(kind="removal", what=what, severity="error", cure=cure)]
    return [_cured(Problem(kind="removal", what=what, severity="notice", cure=""))]


def _cut_missing(store: Store, models: Models) -> None:
    """Cut the texts of papers that have no passages."""
    from kb.library.adding import chunk_again

    catalog, encoder = store.catalog(), models.encoder()
    if bare := catalog.passages.papers_without():
        with store.writing("doctor"), catalog.transaction():
            chunk_again(catalog, bare, encoder=encoder)


def _cured(problem: Problem) -> Problem:
    return replace(problem, what=f"cured: {problem.what}", severity="notice", cure="nothing to do")


def _problems(store: Store, models: Models) -> Iterator[Problem]:
    catalog = store.catalog()
    if bare := catalog.passages.papers_without():
        what = f"{len(bare)} paper(s) have no passages: {', '.join(bare[:3])}"
        yield _of_indexes(what)
    if catalog.passages.waiting_count() or catalog.passages.dropped():
        waiting = catalog.passages.waiting_count() + len(catalog.passages.dropped())
        yield _of_indexes(f"{waiting} chunk(s) wait to be indexed", severity="warning")
    yield from _index_problems(store.home, catalog, models)
    try:
        models.reader()
    except EncoderError as err:
        cure = "set KB_ENCODER_RUNTIME=torch to answer without it"
        yield Problem(kind="reader", what=f"reader of answers: {err}", severity="error", cure=cure)
    if index_state(store.home, catalog).words_are_outdated:
        what = "words were indexed by an earlier version: letters such as ø are found under their old spelling"
        yield Problem(kind="words", what=what, severity="notice", cure="kb reindex")
    if count := len(catalog.passages.read_otherwise(PARSER)):
        what = f"{count} text(s) were read by another version of the parser: this one reads more of a page"
        yield Problem(kind="parser", what=what, severity="notice", cure="kb reindex --parse")
    yield from _file_problems(store.home, catalog)
    yield from _doubts(catalog)
    for failure in catalog.failures.list():
        what = f"{failure.what} could not be added: {failure.reason}"
        # As one types it: a query is told from a name by its fields (``cat:``, ``abs:``), an entry of a bibliography
        # ("refs.bib:24") goes in with its file, and a scan is read where that is asked for.
        option = "--query " if _QUERY.match(failure.what) else "--ocr " if failure.code == "pdf-scanned" else ""
        entry = _ENTRY.fullmatch(failure.what)
        again = f"kb add {option}{shlex.quote(entry[1] if entry else failure.what)}"
        cure = again if failure.retry else f"that done, {again}"
        yield Problem(kind="failure", what=what, severity="notice", cure=cure)


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
        yield Problem(kind="doubt", what=what, severity="notice", cure=cure)


def _index_problems(home: Home, catalog: Catalog, models: Models) -> Iterator[Problem]:
    try:
        encoder = models.encoder()
    except KbError as err:
        yield Problem(kind="encoder", what=f"encoder: {err}", severity="error", cure="correct KB_ENCODER")
        return
    made_with = catalog.fact("encoder")
    if made_with not in (None, encoder.fingerprint):
        what = f"the vectors were made by another encoder ({made_with}, now {encoder.fingerprint})"
        yield _of_indexes(what)
        return
    if behind := parts_behind(home, catalog):
        what = f"the index is incomplete: {', '.join(behind)} deleted, cut off or of another state of the catalog"
        yield _of_indexes(what)
    known = catalog.passages.keys()
    indexes = open_indexes(home, catalog)
    for name in ("lexical", "dense", "rows"):
        try:
            stored = getattr(indexes, name).keys()
        except HomeUnwritable as err:
            yield _unseen(name, err)
            continue
        except KbError as err:
            yield _of_indexes(f"{name} index: {err}")
            continue
        yield from _differences(name, known, stored)
    try:
        wrong = wrongly_indexed(catalog, indexes, encoder)
    except HomeUnwritable as err:
        yield _unseen("contents of the", err)
    except KbError as err:
        yield _of_indexes(f"indexes: {err}")
    else:
        if len(wrong):
            what = f"indexes: {len(wrong)} chunk(s) have vectors or words that are not theirs"
            yield _of_indexes(what)
    indexes.close()


def _of_indexes(what: str, *, severity: Literal["error", "warning"] = "error") -> Problem:
    """A disagreement of the indexes with the catalog: they are made again from it."""
    return Problem(kind="index", what=what, severity=severity, cure="kb doctor --fix, or kb reindex")


def _unseen(name: str, err: KbError) -> Problem:
    what = f"{name} index was not examined ({err})"
    return Problem(kind="unexamined", what=what, severity="notice", cure="run kb doctor where the home can be written")


def _distrust(store: Store, models: Models) -> None:
    """Throw away the vectors that are wrong, so that they are made again."""
    encoder = models.encoder()
    if store.catalog().fact("encoder") != encoder.fingerprint:
        return  # all are made again
    catalog = store.catalog()
    indexes = open_indexes(store.home, catalog)
    with store.writing("doctor"), contextlib.suppress(KbError):  # files that cannot be read are made again whole
        wrong = wrongly_indexed(catalog, indexes, encoder)
        indexes.rows.drop(wrong)
        indexes.sentences.drop(wrong)
    indexes.close()


def _differences(name: str, known: Keys, stored: Keys) -> Iterator[Problem]:
    missing = np.setdiff1d(known, stored)
    extra = np.setdiff1d(stored, known)
    title = {"rows": "vector file"}.get(name, f"{name} index")
    if len(missing):
        yield _of_indexes(f"{title}: {len(missing)} chunk(s) are missing")
    if len(extra):
        yield _of_indexes(f"{title}: {len(extra)} chunk(s) are not in the catalog")


def _file_problems(home: Home, catalog: Catalog) -> Iterator[Problem]:
    wanted = catalog.files()
    for key in sorted(wanted):
        try:
            home.files.get(key)
        except (BadRecord, ParseError) as err:
            what = "has changed" if err.code == "file-changed" else "is missing or cannot be read"
            cure = "add the original again with kb add FILE"
            yield Problem(kind="file", what=f"file {key[:80]} {what}", severity="error", cure=cure)
    strays = set(home.files.keys()) - wanted
    if count := len(strays) + len(home.files.abandoned()):
        what = f"{count} file(s) belong to no paper"
        yield Problem(kind="stray", what=what, severity="warning", cure="kb doctor --fix removes them")


def _clear_strays(store: Store) -> Iterator[Problem]:
    catalog = store.catalog()
    with store.writing("doctor"), catalog.transaction():  # nobody stores a file that the catalog is still to name
        strays = set(store.home.files.keys()) - catalog.files()
        store.home.files.drop(strays)
        count = len(strays) + store.home.files.sweep()
    if count:
        yield _cured(Problem(kind="stray", what=f"{count} stray file(s)", severity="notice", cure=""))


def _model_problems(models: Models) -> list[Problem]:
    try:
        chat, verifier = models.chat(), models.verifier()
    except KbError as err:
        cure = "correct KB_MODEL or KB_VERIFIER"
        return [Problem(kind="model", what=f"model: {err}", severity="error", cure=cure)]
    if chat is None:
        return [Problem(kind="model", what="no model is configured", severity="notice", cure="set KB_MODEL to use one")]
    from kb.answering.rehearsing import rehearse

    return rehearse(chat, verifier=verifier)


# ------------------------------------------------------------------- do the indexes hold what the text says


def wrongly_indexed(catalog: Catalog, indexes: WritableIndexes, encoder: Encoder) -> Keys:
    """Keys of the chunks whose vectors or words are not what they should be, ascending.

    Of all: the row and Chroma's copy of it must be the same and of length 1, and an abstract must have sentences.
    Of a sample, evenly spread: words, vectors of passage and of sentences are made again and compared. Chunks
    without any vector are not counted.

    Raises:
        IndexDamaged: when a file cannot be read.
    """
    known = np.intersect1d(catalog.passages.keys(), indexes.rows.keys())
    wrong = [np.zeros(0, np.int64)]
    for at in range(0, len(known), _BLOCK):
        keys = known[at : at + _BLOCK]
        rows, copies = indexes.rows.get(keys), indexes.dense.get(keys)
        bad = np.abs(np.linalg.norm(rows, axis=1) - 1) > _TOLERANCE
        bad |= copies.any(axis=1) & (np.abs(rows - copies).max(axis=1) > _TOLERANCE)
        wrong.append(keys[bad])
    told = catalog.passages.keys_of_kind("abstract")
    wrong.append(np.setdiff1d(np.intersect1d(told, known), indexes.sentences.keys()))
    places = np.unique(np.linspace(0, max(0, len(known) - 1), min(_SAMPLE, len(known))).astype(np.int64))
    wrong.append(_made_again_differ(known[places], catalog, indexes, encoder=encoder))
    return np.unique(np.concatenate(wrong))


def _made_again_differ(sample: Keys, catalog: Catalog, indexes: WritableIndexes, *, encoder: Encoder) -> Keys:
    # What is said of the others is among the catalog's faults.
    chunks, papers = owned_chunks(catalog, catalog.passages.chunks_by_key(sample.tolist()))
    wrong = indexes.lexical.differing(lexical_entries(chunks, papers))
    texts: dict[int, list[str]] = {}  # of each the passage, then the sentences
    for key, chunk in chunks.items():
        title = papers[chunk.paper_id].title
        texts[key] = [passage_text(title, chunk.section, chunk.searched), *sentences_to_encode(chunk, title)]
    # All at once: texts of like length share a batch, which takes a third of the time of one call a chunk.
    made = encoder.encode_passages([text for some in texts.values() for text in some])
    at = 0
    for key, some in texts.items():
        passage, *sentences = made[at : at + len(some)]
        at += len(some)
        nearest = [float(indexes.sentences.best(vector[None, :], [key])[0]) for vector in sentences]
        same = float(indexes.rows.get([key])[0] @ passage) >= _SAME and all(score >= _SAME for score in nearest)
        if not same or (has_sentences(chunks[key]) and indexes.sentences.counts([key])[0] != len(sentences)):
            wrong.append(key)
    return np.array(wrong, np.int64)


# ------------------------------------------------------------------------------------ a damaged home


def recover(old: Home, to: Path, *, on_wait: Callable[[str], None] | None) -> Recovery:
    """Copy what is whole of a home into a new one: records, decisions, texts, the ledger, files.

    Raises:
        UsageError: when there is something at ``to`` already.
        CatalogDamaged: when nothing of the catalog can be read.
        HomeUnwritable: when the new home cannot be written.
    """
    from kb.index.catalog.salvage import copy_catalog, salvage

    if not old.exists:
        raise HomeUnwritable(f"there is no knowledge base in {old.path}: name the damaged one with --home")
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise _taken(to)
    with contextlib.ExitStack() as held:
        with contextlib.suppress(HomeUnwritable):  # where the damaged home lets itself be locked
            held.enter_context(old.writing("recover", on_wait=on_wait))
        # Its catalog and the log of that are read as a copy, as they are between two changes: reading changes nothing.
        folder = held.enter_context(tempfile.TemporaryDirectory(prefix="kb-recover-"))
        damaged = Path(folder) / old.catalog_path.name
        try:
            copy_catalog(old.catalog_path, damaged)
        except OSError as err:
            raise writing_error(err, damaged) from err
        new = held.enter_context(_beside(to))
        saved = salvage(damaged, new.catalog_path)
        catalog = Catalog(new.catalog_path)
        try:
            wanted = catalog.files()
            unread = catalog.passages.papers_without()
        finally:
            catalog.close()
        lost = [_said(table, count, saved.papers.get(table, ())) for table, count in sorted(saved.lost.items())]
        kept = dict(saved.kept)
        for key in sorted(wanted):
            fault = _copy_file(old, new, key)
            kept["files"] = kept.get("files", 0) + (not fault)
            lost += [fault] if fault else []
        try:
            for path in [*old.digests_path.rglob("*"), old.path / "kb.toml"]:
                if path.is_file() and not path.is_symlink():
                    target = new.path / path.relative_to(old.path)
                    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    shutil.copyfile(path, target)
        except OSError as err:
            raise writing_error(err, new.path) from err
    if unread:
        lost.append(f"passages of {len(unread)} paper(s), cut again by kb doctor --fix")
    return Recovery(home=str(to), kept=kept, lost=tuple(lost))


def _taken(to: Path) -> UsageError:
    return UsageError(f"{to} is not empty: name a folder that does not exist yet")


@contextlib.contextmanager
def _beside(to: Path) -> Iterator[Home]:
    """A new home, which gets its name when it is whole: nobody finds half of one, and of two that make it one does."""
    to = to.absolute()
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{to.name}-", dir=to.parent, ignore_cleanup_errors=True) as folder:
            new = Home(Path(folder) / "home")
            new.create()
            yield new
            new.path.rename(to)
    except OSError as err:
        raise _taken(to) if err.errno in (errno.ENOTEMPTY, errno.EEXIST) else writing_error(err, to) from err


def _said(table: str, count: int, papers: tuple[str, ...]) -> str:
    whose = f" of {', '.join(papers[:5])}{' and others' if len(papers) > 5 else ''}" if papers else ""
    return f"{count} {_CALLED.get(table, f'row(s) of {table}')}{whose}"


def _copy_file(old: Home, new: Home, key: str) -> str:
    """Copy a file whose content is what its name says; else say what is wrong."""
    try:
        new.files.put(old.files.get(key).read_bytes(), suffix=Path(key).suffix)
    except (BadRecord, ParseError) as err:
        return str(err)
    except OSError as err:
        return f"file {key} cannot be read ({err.strerror})"
    return ""
