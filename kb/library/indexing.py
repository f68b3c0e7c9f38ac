"""Keeping the indexes equal to the catalog: what waits goes in, what was dropped goes out, or all is made again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kb.errors import EncoderError, IndexDamaged
from kb.home import Home
from kb.index.catalog import Catalog
from kb.index.chunking import SECTION_JOINT, passage_text
from kb.index.tokens import VERSION as TOKENS
from kb.protocols import Encoder, Vectors
from kb.records import Chunk, Paper
from kb.text import sentence_spans

if TYPE_CHECKING:
    from kb.index.dense import ChromaIndex
    from kb.index.lexical import TantivyIndex
    from kb.index.vectors import SentenceFile, VectorFile

Progress = Callable[[str, int, int | None], None]
"""Told what is being done, how much is done, and how much there is (None: not known)."""

_BATCH_CHUNKS = 512


class Indexer:
    """Writes the derived indexes of a home. Its caller holds the writer lock.

    The order makes a crash harmless: the catalog's transaction comes first, then vectors, words and neighbours,
    then the mark that they are in. What is not marked is simply indexed again.
    """

    def __init__(self, home: Home, catalog: Catalog, *, encoder: Callable[[], Encoder]) -> None:
        self._home = home
        self._catalog = catalog
        self._load_encoder = encoder
        self._indexes: Indexes | None = None
        self._generation = -1

    def settle(self, *, progress: Progress | None = None) -> int:
        """Bring the indexes up to the catalog; returns how many chunks went in.

        Raises:
            EncoderError: (``encoder-changed``) when the stored vectors are another encoder's.
        """
        total, done = self._catalog.passages.waiting_count(), 0
        if dropped := self._catalog.passages.dropped():
            self._drop(dropped)
        while waiting := self._catalog.passages.waiting(limit=_BATCH_CHUNKS):
            self._index(waiting)
            done += len(waiting)
            if progress is not None:
                progress("indexing", done, max(total, done))
        if words_are_outdated(self._catalog):
            self._index_words_again(progress)
        return done

    def is_behind(self) -> bool:
        """Whether ``settle`` has anything to do."""
        passages = self._catalog.passages
        return bool(passages.waiting_count() or passages.dropped() or words_are_outdated(self._catalog))

    def rebuild(self, *, encode_again: bool, progress: Progress | None = None) -> int:
        """Make every index again from the catalog; vectors are kept unless the encoder changed or all are unwanted.

        Returns how many chunks there are. Stopped in the middle, the next ``settle`` goes on.
        """
        encoder = self._load_encoder()
        if self._catalog.fact("encoder") not in (None, encoder.fingerprint):
            encode_again = True
        self.close()
        with self._catalog.transaction():
            self._catalog.passages.mark_all_waiting()
            self._claim(encoder)
            self._catalog.next_generation()
        for folder in (self._home.lexical_path, self._home.dense_path):
            shutil.rmtree(folder, ignore_errors=True)
        if encode_again or not self._weed_out(encoder):
            shutil.rmtree(self._home.vectors_path, ignore_errors=True)
        self._home.create()
        return self.settle(progress=progress)

    def close(self) -> None:
        """Release the indexes' files."""
        if self._indexes is not None:
            self._indexes.close()
            self._indexes = None

    # ------------------------------------------------------------------------------------- inside

    def _weed_out(self, encoder: Encoder) -> bool:
        """Drop vectors that no chunk owns; False when the vector files cannot be read at all."""
        rows, sentences = open_vectors(
            self._home.vectors_path, fingerprint=encoder.fingerprint, dimension=encoder.dimension
        )
        known = self._catalog.passages.keys()
        try:
            for file in (rows, sentences):
                file.drop(np.setdiff1d(file.keys(), known))
        except IndexDamaged:
            return False
        return True

    def _index(self, waiting: Mapping[int, Chunk]) -> None:
        indexes = self._open()
        keys = list(waiting)
        found = self._catalog.papers.many({chunk.paper_id for chunk in waiting.values()})
        papers = [found[chunk.paper_id] for chunk in waiting.values()]
        vectors = self._vectors(indexes, waiting, [paper.title for paper in papers])
        indexes.lexical.put(
            [lexical_entry(key, chunk, paper) for (key, chunk), paper in zip(waiting.items(), papers, strict=True)]
        )
        indexes.dense.put(keys, vectors)
        with self._catalog.transaction():
            self._catalog.passages.mark_indexed(keys)
            self._moved_on()

    def _vectors(self, indexes: Indexes, waiting: Mapping[int, Chunk], titles: Sequence[str]) -> Vectors:
        """(n, d) vectors of the waiting chunks; after ``rebuild`` most still have theirs (a key is one passage)."""
        vectors = np.array(indexes.rows.get(list(waiting)))
        told_of = indexes.sentences.counts(list(waiting))
        missing = [
            i
            for i, chunk in enumerate(waiting.values())
            if not vectors[i].any() or (has_sentences(chunk) and not told_of[i])
        ]
        if not missing:
            return vectors
        items = list(waiting.items())
        chunks = [(items[i][1], titles[i]) for i in missing]
        passages = [passage_text(title, chunk.section, chunk.text) for chunk, title in chunks]
        sentences = [sentences_to_encode(chunk, title) for chunk, title in chunks]
        made = self._load_encoder().encode_passages([*passages, *(s for group in sentences for s in group)])
        grouped = _regroup(made[len(passages) :], [len(group) for group in sentences])
        told = [place for place, group in enumerate(sentences) if group]
        indexes.sentences.put([items[missing[place]][0] for place in told], [grouped[place] for place in told])
        vectors[missing] = made[: len(passages)]
        return vectors

    def _index_words_again(self, progress: Progress | None) -> None:
        """Make the word index of the words as they are cut now, beside the old one, which is searched until then."""
        from kb.index.lexical import TantivyIndex

        path = self._home.lexical_path
        made, old = path.with_name(f"{path.name}.new"), path.with_name(f"{path.name}.old")
        for folder in (made, old):  # left by one that was stopped
            shutil.rmtree(folder, ignore_errors=True)
        index, keys = TantivyIndex(made), self._catalog.passages.keys().tolist()
        for at in range(0, len(keys), _BATCH_CHUNKS):
            chunks = self._catalog.passages.chunks_by_key(keys[at : at + _BATCH_CHUNKS])
            papers = self._catalog.papers.many({chunk.paper_id for chunk in chunks.values()})
            index.put([lexical_entry(key, chunk, papers[chunk.paper_id]) for key, chunk in chunks.items()])
            if progress is not None:
                progress("indexing words again", min(at + _BATCH_CHUNKS, len(keys)), len(keys))
        index.reopen()
        self.close()
        for now, then in ((path, old), (made, path)):
            if now.exists():
                now.rename(then)
        with self._catalog.transaction():
            self._catalog.set_fact("tokens", TOKENS)
            self._moved_on()
        shutil.rmtree(old, ignore_errors=True)

    def _drop(self, keys: Sequence[int]) -> None:
        indexes = self._open()
        indexes.lexical.drop(keys)
        indexes.dense.drop(keys)
        indexes.sentences.drop(keys)
        with self._catalog.transaction():
            self._catalog.passages.forget_dropped(keys)
            self._moved_on()

    def _moved_on(self) -> None:
        self._catalog.next_generation()
        self._generation = self._catalog.generation()

    def _claim(self, encoder: Encoder) -> None:
        """From now on the home's vectors are this encoder's."""
        with self._catalog.transaction():
            self._catalog.set_fact("encoder", encoder.fingerprint)
            self._catalog.set_fact("dimension", str(encoder.dimension))
            self._catalog.set_fact("tokens", TOKENS)

    def _open(self) -> Indexes:
        # Another process wrote in between: an index that stayed open would write over what it never saw.
        if self._indexes is not None and self._catalog.generation() != self._generation:
            self.close()
        if self._indexes is None:
            encoder = self._load_encoder()
            made_with = self._catalog.fact("encoder")
            if made_with is None:
                self._claim(encoder)
            elif made_with != encoder.fingerprint:
                raise encoder_changed(made_with, encoder.fingerprint)
            self._indexes = Indexes(self._home, encoder)
            self._generation = self._catalog.generation()
        return self._indexes


def words_are_outdated(catalog: Catalog) -> bool:
    """Whether words were indexed as an earlier version cut them: a search cuts its words otherwise."""
    return catalog.fact("encoder") is not None and catalog.fact("tokens") != TOKENS


class Indexes:
    """The open indexes of one home, for writing."""

    def __init__(self, home: Home, encoder: Encoder) -> None:
        from kb.index.dense import ChromaIndex
        from kb.index.lexical import TantivyIndex

        self.rows, self.sentences = open_vectors(
            home.vectors_path, fingerprint=encoder.fingerprint, dimension=encoder.dimension
        )
        self.lexical: TantivyIndex = TantivyIndex(home.lexical_path)
        self.dense: ChromaIndex = ChromaIndex(home.dense_path, rows=self.rows)

    def close(self) -> None:
        """Release all files."""
        self.dense.close()
        for index in (self.lexical, self.rows, self.sentences):
            index.reopen()


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


def lexical_entry(key: int, chunk: Chunk, paper: Paper) -> tuple[int, str, str, str]:
    """A chunk as the word index takes it."""
    return key, paper.title, SECTION_JOINT.join(chunk.section), words_to_index(chunk, paper)


def words_to_index(chunk: Chunk, paper: Paper) -> str:
    """What words find a chunk. A part of an abstract is found by the words of the whole abstract: it was cut for the
    encoder, which reads 256 tokens, and BM25 needs no cut (measured: the fused score gains what the cut had cost)."""
    return paper.abstract if chunk.kind == "abstract" and paper.abstract else chunk.text


def encoder_changed(stored: str, loaded: str) -> EncoderError:
    """The error for vectors of another encoder."""
    return EncoderError(
        f"the stored vectors were made by another encoder ({stored}, now {loaded}): set KB_ENCODER back, or run "
        "kb reindex to make them again",
        code="encoder-changed",
    )


def _regroup(vectors: Vectors, sizes: Sequence[int]) -> list[Vectors]:
    return list(np.split(vectors, np.cumsum(sizes)[:-1])) if sizes else []
