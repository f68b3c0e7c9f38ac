"""Whether the indexes hold what the text says: copies against each other, and a sample made again."""

from __future__ import annotations

import numpy as np

from kb.index.catalog import Catalog
from kb.index.chunking import passage_text
from kb.library.indexing import Indexes, has_sentences, lexical_entry, sentences_to_encode
from kb.protocols import Encoder, Keys
from kb.records import Chunk

_BLOCK = 4096  # keys compared at once
_SAMPLE = 32  # chunks that are encoded again
_TOLERANCE = 1e-3  # of a number of a vector, between two copies of it
_SAME = 0.98  # cosine of a vector that is made again, at least: kinds of arithmetic differ a little


def wrongly_indexed(catalog: Catalog, indexes: Indexes, encoder: Encoder) -> Keys:
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


def _made_again_differ(sample: Keys, catalog: Catalog, indexes: Indexes, *, encoder: Encoder) -> Keys:
    chunks = catalog.passages.chunks_by_key(sample.tolist())
    papers = catalog.papers.many({chunk.paper_id for chunk in chunks.values()})
    wrong = indexes.lexical.differing([lexical_entry(k, c, papers[c.paper_id]) for k, c in chunks.items()])
    texts = {key: _texts_to_encode(chunk, papers[chunk.paper_id].title) for key, chunk in chunks.items()}
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


def _texts_to_encode(chunk: Chunk, title: str) -> list[str]:
    """The passage, then the sentences."""
    return [passage_text(title, chunk.section, chunk.text), *sentences_to_encode(chunk, title)]
