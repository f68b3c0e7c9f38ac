"""Keeping the indexes equal to the catalog: what waits goes in, what was dropped goes out, or all is made again."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from kb.errors import EncoderError, HomeBusy, IndexDamaged
from kb.home import PATIENCE_SECONDS, Home, writing_error
from kb.index.catalog import Catalog
from kb.index.chunking import SECTION_JOINT, passages_of
from kb.protocols import Encoder, Vectors
from kb.records import Chunk, Paper
from kb.text import sentence_spans
from kb.words import VERSION as TOKENS

if TYPE_CHECKING:
    from kb.index.dense import ChromaIndex
    from kb.index.lexical import TantivyIndex
    from kb.index.vectors import SentenceFile, VectorFile

Progress = Callable[[str, int, int | None], None]
"""Told what is being done, how much is done, and how much there is (None: not known)."""

IndexPart = Literal["lexical", "dense", "vectors"]
PARTS: tuple[IndexPart, ...] = ("lexical", "dense", "vectors")
"""The indexes: words, neighbours by meaning, and the vectors that these are of. Each has a folder of its own."""

_BATCH_CHUNKS = 512
_SOON_SECONDS = 0.1
_ROUNDS = 20  # of one who indexes for all others, who may go on adding
_STAMP = "index stamp"
_RECUTTING = "recutting"  # while all chunks are cut anew, or after that was stopped


class Indexer:
    """Writes the derived indexes of a home. Its caller holds the writer lock, which ``keep_up`` and ``index_papers``
    take themselves; the catalog may be written by others meanwhile, and what they leave waits.

    The order makes a crash harmless: the catalog's transaction comes first, then vectors, words and neighbours,
    then the mark that they are in. What is not marked is simply indexed again. What is made anew is made in folders
    beside those that are searched, and the catalog's transaction that names the new ones is the swap.
    """

    def __init__(self, home: Home, catalog: Catalog, *, encoder: Callable[[], Encoder]) -> None:
        self._home = home
        self._catalog = catalog
        self._load_encoder = encoder
        self._indexes: WritableIndexes | None = None
        self._generation = -1

    def keep_up(
        self, *, wait: bool, on_wait: Callable[[str], None] | None = None, progress: Progress | None = None
    ) -> None:
        """Index what waits, under the writer lock. One does it for all: who finds the lock taken, and is not to wait,
        leaves it to that one, who looks again after letting go of it.

        Raises:
            EncoderError: as ``settle``.
            HomeBusy: when the lock is not free in time for one who waits.
        """
        for _ in range(_ROUNDS):  # what is still behind then is for kb doctor to say
            if not self.is_behind():
                return
            try:
                with self._home.writing("index", wait_seconds=PATIENCE_SECONDS if wait else 0.0, on_wait=on_wait):
                    self.settle(progress=progress)
            except HomeBusy:
                if wait:
                    raise
                return

    def index_papers(self, papers: Sequence[str]) -> None:
        """Index what waits of some papers, under the writer lock, and nothing else: a person waits for it.

        Where somebody else holds the lock, or the indexes are to be made again, it waits for whoever does that.

        Raises:
            EncoderError: as ``settle``.
        """
        passages = self._catalog.passages
        if not papers or not (passages.waiting(limit=1, papers=papers) or passages.dropped()):
            return
        with suppress(HomeBusy), self._home.writing("index", wait_seconds=_SOON_SECONDS):
            if parts_behind(self._home, self._catalog):
                return
            self._catch_up(papers=papers)

    def settle(self, *, progress: Progress | None = None) -> int:
        """Bring the indexes up to the catalog; returns how many chunks went in.

        Indexes that are not those of the catalog (deleted, or copied from elsewhere) are made again.

        Raises:
            EncoderError: (``encoder-changed``) when the stored vectors are another encoder's.
        """
        if parts_behind(self._home, self._catalog):
            total = self._catalog.passages.waiting_count()
            self._check_encoder()
            self.rebuild(encode_again=False, progress=progress)
            return total
        done = self._catch_up(progress=progress)
        if self._state().words_are_outdated:
            self._index_words_again(progress)
        return done

    def is_behind(self) -> bool:
        """Whether ``settle`` has anything to do."""
        passages = self._catalog.passages
        if passages.waiting_count() or passages.dropped():
            return True
        state, behind = examined(self._home, self._catalog)
        return state.words_are_outdated or bool(behind)

    def rebuild(self, *, encode_again: bool, progress: Progress | None = None) -> int:
        """Make every index again from the catalog; vectors are kept unless the encoder changed or all are unwanted.

        What was cut anew for another encoder takes the place of the chunks at the end. Returns how many chunks there
        are. Searches have the old indexes until the new ones are whole; stopped before, these stay.
        """
        encoder, catalog = self._load_encoder(), self._catalog
        state = self._state()
        recut = state.encoder not in (None, encoder.fingerprint)
        keeps_vectors = not (encode_again or recut or "vectors" in parts_behind(self._home, catalog))
        self.close()
        self._sweep()
        made = {part: self._beside(part) for part in PARTS}
        if keeps_vectors and self._weed_out(state.folders["vectors"], encoder):
            made["vectors"] = state.folders["vectors"]
        indexes = WritableIndexes(made, fingerprint=encoder.fingerprint, dimension=encoder.dimension)
        dropped = catalog.passages.dropped()  # what is dropped from here on waits
        keys = (catalog.passages.recut_keys() if recut else catalog.passages.keys()).tolist()
        left_out: list[int] = []  # their papers were not there, or not as they were written: they wait
        try:
            for at in range(0, len(keys), _BATCH_CHUNKS):
                some = catalog.passages.chunks_by_key(keys[at : at + _BATCH_CHUNKS], recut=recut)
                left_out += some.keys() - self._put(indexes, some)
                if progress is not None:
                    progress("indexing", min(at + _BATCH_CHUNKS, len(keys)), len(keys))
        finally:
            indexes.close()
        with self._swap(made):
            if recut:
                catalog.passages.take_recut()
                catalog.papers.refresh_cut()
                catalog.set_fact(_RECUTTING, "")
            catalog.passages.mark_indexed(keys)
            catalog.passages.mark_waiting(left_out)
            catalog.passages.forget_dropped(dropped)
            self._claim(encoder)
        return len(keys)

    def forget_dropped(self) -> None:
        """Take what was dropped out of the indexes so that no byte of it is left, whatever encoder there is.

        The neighbours are made anew, for the old ones only mark what is gone. An index that is broken, or not the
        catalog's, is deleted: nobody knows what it has. It is incomplete then, and made again by ``settle``.
        """
        dropped = self._catalog.passages.dropped()
        state, behind = examined(self._home, self._catalog)
        self.close()
        self._sweep()
        for part in behind:
            shutil.rmtree(state.folders[part], ignore_errors=True)
        made = self._beside("dense")
        try:
            self._drop(dropped)
            indexes = open_indexes(self._home, self._catalog, dense=made)
            try:
                indexes.sentences.forget_unowned()
                indexes.dense.follow_rows()
            finally:
                indexes.close()
        except IndexDamaged:
            self.close()
            for folder in state.folders.values():
                shutil.rmtree(folder, ignore_errors=True)
        with self._swap({"dense": made}):
            self._catalog.passages.forget_dropped(dropped)

    def close(self) -> None:
        """Release the indexes' files."""
        if self._indexes is not None:
            self._indexes.close()
            self._indexes = None

    # ------------------------------------------------------------------------------------- inside

    def _state(self) -> IndexState:
        return index_state(self._home, self._catalog)

    def _weed_out(self, folder: Path, encoder: Encoder) -> bool:
        """Drop vectors that no chunk owns; False when the vector files cannot be read at all."""
        rows, sentences = open_vectors(folder, fingerprint=encoder.fingerprint, dimension=encoder.dimension)
        known = self._catalog.passages.keys()
        try:
            for file in (rows, sentences):
                file.drop(np.setdiff1d(file.keys(), known))
        except IndexDamaged:
            return False
        return True

    def _catch_up(self, *, papers: Sequence[str] = (), progress: Progress | None = None) -> int:
        """Take out what was dropped, then index what waits (of some papers, where these are named); how many chunks
        went in."""
        passages, done = self._catalog.passages, 0
        total = passages.waiting_count()
        if dropped := passages.dropped():
            self._drop(dropped)
        after = 0
        while waiting := passages.waiting(limit=_BATCH_CHUNKS, papers=papers, after=after):
            done += self._index(waiting)
            after = max(waiting)  # what was left out is looked at again in the next round
            if progress is not None:
                progress("indexing", done, max(total, done))
        return done

    def _index(self, waiting: Mapping[int, Chunk]) -> int:
        self._check_encoder()
        if put := self._put(self._open(), waiting):
            with self._in_step():
                self._catalog.passages.mark_indexed(put)
        return len(put)

    def _put(self, indexes: WritableIndexes, chunks: Mapping[int, Chunk]) -> list[int]:
        """Put chunks into all indexes; those (keys) whose paper is there, and as it was written."""
        chunks, papers = owned_chunks(self._catalog, chunks)
        if not chunks:
            return []
        vectors = self._vectors(indexes, chunks, [papers[chunk.paper_id].title for chunk in chunks.values()])
        indexes.lexical.put(lexical_entries(chunks, papers))
        indexes.dense.put(list(chunks), vectors)
        return list(chunks)

    def _vectors(self, indexes: WritableIndexes, chunks: Mapping[int, Chunk], titles: Sequence[str]) -> Vectors:
        """(n, d) vectors of chunks, in ``rebuild`` mostly those that they have (a key is one passage)."""
        vectors = np.array(indexes.rows.get(list(chunks)))
        told_of = indexes.sentences.counts(list(chunks))
        missing = [
            i
            for i, chunk in enumerate(chunks.values())
            if not vectors[i].any() or (has_sentences(chunk) and not told_of[i])
        ]
        if not missing:
            return vectors
        items = list(chunks.items())
        those = [(items[i][1], titles[i]) for i in missing]
        passages = passages_of([chunk for chunk, _ in those], [title for _, title in those])
        sentences = [sentences_to_encode(chunk, title) for chunk, title in those]
        made = self._load_encoder().encode_passages([*passages, *(s for group in sentences for s in group)])
        grouped = np.split(made[len(passages) :], np.cumsum([len(group) for group in sentences])[:-1])
        told = [place for place, group in enumerate(sentences) if group]
        indexes.sentences.put([items[missing[place]][0] for place in told], [grouped[place] for place in told])
        vectors[missing] = made[: len(passages)]
        return vectors

    def _index_words_again(self, progress: Progress | None) -> None:
        """Make the word index of the words as they are cut now."""
        from kb.index.lexical import TantivyIndex

        self.close()
        self._sweep()
        made = self._beside("lexical")
        index, keys = TantivyIndex(made), self._catalog.passages.keys().tolist()
        for at in range(0, len(keys), _BATCH_CHUNKS):
            some = self._catalog.passages.chunks_by_key(keys[at : at + _BATCH_CHUNKS])
            index.put(lexical_entries(*owned_chunks(self._catalog, some)))
            if progress is not None:
                progress("indexing words again", min(at + _BATCH_CHUNKS, len(keys)), len(keys))
        index.reopen()
        with self._swap({"lexical": made}):
            self._catalog.set_fact("tokens", TOKENS)

    def _drop(self, keys: Sequence[int]) -> None:
        indexes = self._open()
        indexes.lexical.drop(keys)
        indexes.dense.drop(keys)
        indexes.sentences.drop(keys)
        with self._in_step():
            self._catalog.passages.forget_dropped(keys)

    def _beside(self, part: IndexPart) -> Path:
        """An empty folder for an index that takes the place of the one that is searched."""
        folder = self._home.index_path / f"{part}-{self._catalog.generation() + 1}"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as err:
            raise writing_error(err, folder) from err
        return folder

    @contextmanager
    def _swap(self, made: Mapping[IndexPart, Path]) -> Iterator[None]:
        """From the end of this block on the indexes in these folders are searched, and the old ones are gone."""
        with self._in_step(made):
            yield
        self.close()
        self._sweep()

    @contextmanager
    def _in_step(self, made: Mapping[IndexPart, Path] | None = None) -> Iterator[None]:
        """A transaction that says that the indexes are those of the catalog. The stamp in their folders names this
        state of the catalog and the one before, so that it is right whether or not the transaction is done."""
        stamp, state = uuid.uuid4().hex, self._state()
        folders = {**state.folders, **(made or {})}
        for folder in folders.values():
            _write_stamp(folder, stamp, state.stamp)
        with self._catalog.transaction():
            yield
            names = {f"{part} folder": folder.name for part, folder in folders.items()}
            self._catalog.set_facts({**names, _STAMP: stamp, "generation": str(state.generation + 1)})
        self._generation = state.generation + 1

    def _sweep(self) -> None:
        """Remove the indexes that are not searched: made by one that was stopped, or replaced."""
        kept = {folder.name for folder in self._state().folders.values()}
        for folder in self._home.index_path.iterdir() if self._home.index_path.is_dir() else ():
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def _claim(self, encoder: Encoder) -> None:
        """From now on the home's vectors are this encoder's."""
        with self._catalog.transaction():
            self._catalog.set_facts(
                {"encoder": encoder.fingerprint, "dimension": str(encoder.dimension), "tokens": TOKENS}
            )

    def _check_encoder(self) -> None:
        """The home's vectors are this encoder's, or there are none yet."""
        encoder, made_with = self._load_encoder(), self._catalog.fact("encoder")
        if made_with is None:
            self._claim(encoder)
            self.close()  # what was open, to drop something, was opened for no encoder
        elif made_with != encoder.fingerprint:
            raise encoder_changed(made_with, encoder.fingerprint)

    def _open(self) -> WritableIndexes:
        # Another process wrote in between: an index that stayed open would write over what it never saw.
        if self._indexes is not None and self._catalog.generation() != self._generation:
            self.close()
        if self._indexes is None:
            self._indexes = open_indexes(self._home, self._catalog)
            self._generation = self._catalog.generation()
        return self._indexes


@contextmanager
def cutting(home: Home, catalog: Catalog, *, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """A transaction of the catalog in which chunks may be made. While all of them are cut anew for another encoder it
    waits until these are in, for they take the place of all others."""
    with catalog.transaction():
        is_free = not catalog.fact(_RECUTTING)
        if is_free:
            yield
    if not is_free:
        with home.writing("add", on_wait=on_wait), catalog.transaction():
            catalog.set_fact(_RECUTTING, "")  # nobody does it any more
            yield


def begin_recutting(catalog: Catalog) -> None:
    """From now on only who holds the writer lock makes chunks."""
    with catalog.transaction():
        catalog.passages.forget_recut()
        catalog.set_fact(_RECUTTING, "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """What the catalog says of the indexes at one moment.

    ``generation`` grows whenever they change, and ``stamp`` changes then, too (it stands in their folders as well);
    ``encoder`` is the one whose vectors they hold (None: nothing was indexed), of ``dimension`` numbers (0: not known);
    an index has another folder whenever it was made again.
    """

    generation: int
    stamp: str | None
    encoder: str | None
    dimension: int
    folders: Mapping[IndexPart, Path]
    words_are_outdated: bool
    """Words were indexed as an earlier version cut them: a search cuts its words otherwise."""


def index_state(home: Home, catalog: Catalog) -> IndexState:
    """The state of the indexes by the catalog; the files are not looked at."""
    names = {part: f"{part} folder" for part in PARTS}
    facts = catalog.facts("generation", _STAMP, "encoder", "dimension", "tokens", *names.values())
    return IndexState(
        generation=int(facts.get("generation", 0)),
        stamp=facts.get(_STAMP),
        encoder=facts.get("encoder"),
        dimension=int(facts.get("dimension", 0)),
        folders={part: home.index_path / (facts.get(name) or part) for part, name in names.items()},
        words_are_outdated="encoder" in facts and facts.get("tokens") != TOKENS,
    )


def parts_behind(home: Home, catalog: Catalog) -> tuple[IndexPart, ...]:
    """The indexes that lack what the catalog says is in them, or are of another state of it: deleted, cut off, copied
    from an older home. What waits to be indexed does not count. Whatever is behind is cured by ``kb reindex``.

    Told by the stamps and sizes of files, which costs little: ``kb.library.health`` looks at what is in them.
    """
    return examined(home, catalog)[1]


def examined(home: Home, catalog: Catalog) -> tuple[IndexState, tuple[IndexPart, ...]]:
    """The state of the indexes, and which of them are behind in it (``parts_behind``)."""
    while True:
        state = index_state(home, catalog)
        found = _parts_behind(state, catalog)
        if catalog.generation() == state.generation:
            return state, found


def _parts_behind(state: IndexState, catalog: Catalog) -> tuple[IndexPart, ...]:
    from kb.index.lexical import TantivyIndex

    if state.encoder is None:
        return ()
    stamp, folders, keys = state.stamp, state.folders, catalog.passages.indexed_keys()
    found: list[IndexPart] = [part for part in PARTS if stamp is not None and stamp not in _stamps(folders[part])]
    if len(keys):
        rows, _ = open_vectors(folders["vectors"], fingerprint=state.encoder, dimension=state.dimension)
        checks: dict[IndexPart, Callable[[], bool]] = {
            "lexical": lambda: len(TantivyIndex(folders["lexical"])) >= len(keys),
            "dense": lambda: (folders["dense"] / "chroma.sqlite3").exists(),
            "vectors": lambda: len(rows) > keys[-1],
        }
        for part, is_whole in checks.items():
            try:
                if part not in found and not is_whole():
                    found.append(part)
            except IndexDamaged:
                found.append(part)
    return tuple(found)


def _stamps(folder: Path) -> list[str]:
    """The states of the catalog that the index in a folder is of, whichever is the catalog's now."""
    try:
        return (folder / "stamp").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return []


def _write_stamp(folder: Path, *stamps: str | None) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = folder / "stamp.new"
        with made.open("w", encoding="ascii") as handle:
            handle.write(" ".join(filter(None, stamps)))
            handle.flush()
            os.fsync(handle.fileno())
        made.rename(folder / "stamp")
    except OSError as err:
        raise writing_error(err, folder) from err


class WritableIndexes:
    """The open indexes of one home, in the folders of each, for writing."""

    def __init__(self, folders: Mapping[IndexPart, Path], *, fingerprint: str, dimension: int) -> None:
        from kb.index.dense import ChromaIndex
        from kb.index.lexical import TantivyIndex

        self.rows, self.sentences = open_vectors(folders["vectors"], fingerprint=fingerprint, dimension=dimension)
        self.lexical: TantivyIndex = TantivyIndex(folders["lexical"])
        self.dense: ChromaIndex = ChromaIndex(folders["dense"], rows=self.rows)

    def close(self) -> None:
        """Release all files."""
        self.dense.close()
        for index in (self.lexical, self.rows, self.sentences):
            index.reopen()


def open_indexes(home: Home, catalog: Catalog, *, dense: Path | None = None) -> WritableIndexes:
    """The indexes that are searched, as the encoder made them that the catalog names; neighbours in another folder
    where that is given."""
    state = index_state(home, catalog)
    folders: dict[IndexPart, Path] = {**state.folders, "dense": dense or state.folders["dense"]}
    # Of one number where there are no vectors yet.
    return WritableIndexes(folders, fingerprint=state.encoder or "", dimension=state.dimension or 1)


def open_vectors(folder: Path, *, fingerprint: str, dimension: int) -> tuple[VectorFile, SentenceFile]:
    """The vector files of an encoder."""
    from kb.index.vectors import SentenceFile, VectorFile

    return (
        VectorFile(folder / "passages.f32", dimension, fingerprint=fingerprint),
        SentenceFile(folder / "sentences.f16", dimension, fingerprint=fingerprint),
    )


def sentences_to_encode(chunk: Chunk, title: str) -> list[str]:
    """What the sentence stage of retrieval compares with a query: the title and each sentence of an abstract.

    Passages of full texts have none: measured, their sentences cost as much as their passages and found less.
    """
    if not has_sentences(chunk):
        return []
    return [title, *(chunk.text[start:end] for start, end in sentence_spans(chunk.text))]


def has_sentences(chunk: Chunk) -> bool:
    """Whether a chunk has sentence vectors."""
    return chunk.kind == "abstract"


def owned_chunks(catalog: Catalog, chunks: Mapping[int, Chunk]) -> tuple[dict[int, Chunk], dict[str, Paper]]:
    """Those of the chunks whose paper is there, and as it was written, with these papers by id."""
    papers = catalog.papers.many({chunk.paper_id for chunk in chunks.values()})
    return {key: chunk for key, chunk in chunks.items() if chunk.paper_id in papers}, papers


def lexical_entries(chunks: Mapping[int, Chunk], papers: Mapping[str, Paper]) -> list[tuple[int, str, str, str]]:
    """Chunks as the word index takes them."""
    entries = []
    for key, chunk in chunks.items():
        paper = papers[chunk.paper_id]
        words = _whole_abstract(chunk, paper) or chunk.searched
        entries.append((key, paper.title, SECTION_JOINT.join(chunk.section), words))
    return entries


def indexed_texts(chunks: Sequence[Chunk], paper: Paper) -> list[str]:
    """All that the indexes make of each chunk of a paper: when it changes, the chunk is another one to them."""
    texts = passages_of(chunks, [paper.title] * len(chunks))
    for place, chunk in enumerate(chunks):
        if (abstract := _whole_abstract(chunk, paper)) and abstract != chunk.searched:
            texts[place] += f"\0{abstract}"
    return texts


def _whole_abstract(chunk: Chunk, paper: Paper) -> str:
    """What words find a part of an abstract: those of the whole of it. It was cut for the encoder, which reads 256
    tokens, and BM25 needs no cut (measured: the fused score gains what the cut had cost). Empty for other chunks."""
    return paper.abstract if chunk.kind == "abstract" else ""


def encoder_changed(stored: str, loaded: str) -> EncoderError:
    """The error for vectors of another encoder."""
    return EncoderError(
        f"the stored vectors were made by another encoder ({stored}, now {loaded}): set KB_ENCODER back, or run "
        "kb reindex to make them again",
        code="encoder-changed",
    )
