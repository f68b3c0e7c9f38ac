"""Full text: BM25 over title, section and body with tantivy. The only module that imports it."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import weakref
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from kb.errors import HomeBusy, HomeUnwritable, IndexDamaged
from kb.home import writing_error
from kb.index.fusion import among
from kb.protocols import Keys
from kb.words import tokenize

MOST_QUERY_TERMS = 256  # distinct terms that a query is cut to, the most telling ones; the rest adds cost, not order
_TITLE_WEIGHT = 2  # the title counts as if it stood there twice
_HEAP_BYTES = 64_000_000
_TERM_SET_KEYS = 4096  # a filter of at most this many keys goes into the query, a larger one is applied to its results
_ANALYZER = "kb_stemmed"
_CURE = "make it again with kb reindex"


class TantivyIndex:
    """BM25 (k1 1.2, b 0.75; Robertson & Zaragoza 2009) over one field: title twice, section path, text.

    Args:
        folder: where the index lives; it is made by the first ``put``. Reading never makes or changes it.

    One writer at a time (``HomeBusy`` otherwise), any number of readers. Each ``put`` and ``drop`` is one commit:
    after a crash the index is as it was before or after. A reader sees other processes' commits after ``reopen``.
    Tokens are stored beside the index, so that ``drop`` can write a segment anew without the dropped words.

    Raises:
        IndexDamaged: by any method, when the files cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index: Any = None
        self._searcher: Any = None
        self._links: weakref.finalize[..., TantivyIndex] | None = None

    def put(self, entries: Sequence[tuple[int, str, str, str]]) -> None:
        """Store (key, title, section path joined by " › ", text); a key that is there is replaced."""
        if not entries:
            return
        latest = {entry[0]: entry for entry in entries}
        replaced = self._addresses_of(latest) if self._open() is not None else []
        if replaced:
            self.drop(latest)
        with self._writing() as writer:
            for key, body in _bodies(latest.values()).items():
                writer.add_document(self._document(key, body))

    def drop(self, keys: Collection[int]) -> None:
        """Remove; unknown keys are no error.

        The engine only marks what is deleted until it happens to merge a segment, so every segment that holds one
        of the keys is written anew from its stored tokens; time grows with the size of these segments.
        """
        if self._open() is None:
            return
        with _foreign_errors(self.folder):
            touched = {address.segment_ord for _, address in self._addresses_of(keys)}
            if not touched:
                return
            gone = set(keys)
            everything = self._search(_tantivy().Query.all_query(), limit=self._searcher.num_docs)
            rewritten = [pair for pair in everything if pair[1].segment_ord in touched]
        with self._writing() as writer:
            # by query: deleting by term takes the number for a signed one and then finds nothing
            written = [key for key, _ in rewritten]
            writer.delete_documents_by_query(_tantivy().Query.term_set_query(self._index.schema, "key", written))
            for key, address in rewritten:
                if key not in gone:
                    writer.add_document(self._document(key, self._searcher.doc(address)["body"][0]))

    def matching(self, query: str, *, k: int, within: Keys | None = None) -> list[tuple[int, float]]:
        """Up to k (key, BM25 score > 0), best first, ties by key. The query is plain words, never a query language.

        Repeated words of the query count as often as they stand there. Of a query with more than
        ``MOST_QUERY_TERMS`` distinct terms only those count that tell most (count times inverse document frequency).
        """
        if k < 1 or self._open() is None or (within is not None and not len(within)):
            return []
        with _foreign_errors(self.folder):
            weights = self._weights(query)
            if not weights:
                return []
            found = self._find(weights, k=min(k, max(1, self._searcher.num_docs)), within=within)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]

    def __len__(self) -> int:
        """How many entries there are."""
        return int(self._searcher.num_docs) if self._open() is not None else 0

    def keys(self) -> Keys:
        """All keys in the index, ascending."""
        if self._open() is None or not self._searcher.num_docs:
            return np.zeros(0, np.int64)
        with _foreign_errors(self.folder):
            everything = self._search(_tantivy().Query.all_query(), limit=self._searcher.num_docs)
        return np.array(sorted(key for key, _ in everything), np.int64)

    def differing(self, entries: Sequence[tuple[int, str, str, str]]) -> list[int]:
        """Keys of those entries (as ``put`` takes them) that are in the index with other words."""
        if self._open() is None:
            return []
        wanted = _bodies(entries)
        with _foreign_errors(self.folder):
            stored = {key: self._searcher.doc(address)["body"][0] for key, address in self._addresses_of(wanted)}
        return [key for key, body in stored.items() if body != wanted[key]]

    def frequencies(self, words: Sequence[str]) -> list[int]:
        """In how many entries each word stands (of its tokens, the rarest); 0 for one that is never looked for."""
        if self._open() is None:
            return [0] * len(words)
        with _foreign_errors(self.folder):
            stems = [self._stem(tokenize(word)) for word in words]
            return [min((self._searcher.doc_freq("body", stem) for stem in those), default=0) for those in stems]

    def holding(self, words: str) -> int:
        """How many entries hold all of the words; 0 where none of them is ever looked for."""
        wanted = self._all_of(words)
        with _foreign_errors(self.folder):
            return int(self._searcher.search(wanted, 1, count=True).count) if wanted is not None else 0

    def containing(self, words: str) -> Keys | None:
        """Sorted keys of the entries that hold all of the words; None where none of them is ever looked for."""
        if not tokenize(words):
            return None
        wanted = self._all_of(words)
        if wanted is None or not self._searcher.num_docs:
            return np.zeros(0, np.int64)
        with _foreign_errors(self.folder):
            found = self._search(wanted, limit=self._searcher.num_docs)
        return np.array(sorted(key for key, _ in found), np.int64)

    def reopen(self) -> None:
        """See what was committed since, by this or another process."""
        self._index = self._searcher = None
        if self._links is not None:
            self._links()
            self._links = None

    # ------------------------------------------------------------------------------------------ reading

    def _open(self) -> Any:
        """The index, or None when nothing was stored yet."""
        if self._index is not None:
            return self._index
        if not (self.folder / "meta.json").exists():
            if self.folder.is_dir() and any(path.suffix in {".term", ".idx"} for path in self.folder.iterdir()):
                raise IndexDamaged(f"the word index in {self.folder} has lost its table of contents: {_CURE}")
            return None
        try:
            return self._opened(str(self.folder) if os.access(self.folder, os.W_OK) else self._linked())
        except HomeUnwritable:  # a full disk
            return self._opened(self._linked())

    def _opened(self, folder: str) -> Any:
        with _foreign_errors(self.folder):
            index = _tantivy().Index.open(folder)
            index.register_tokenizer(_ANALYZER, _analyzer())
            self._searcher = index.searcher()
            self._index = index
        return index

    def _weights(self, query: str) -> list[tuple[str, int]]:
        """Stemmed terms of the query with their counts; terms that no entry holds are left out."""
        counts = Counter(self._stem(tokenize(query)))
        total = self._searcher.num_docs
        telling = []
        for term, count in counts.items():
            if frequency := self._searcher.doc_freq("body", term):
                telling.append((count * np.log1p(total / frequency), term, count))
        telling.sort(key=lambda entry: (-entry[0], entry[1]))
        return [(term, count) for _, term, count in telling[:MOST_QUERY_TERMS]]

    def _all_of(self, words: str) -> Any:
        """A query for the entries that hold all tokens; None when there is no token, or nothing was stored yet."""
        if self._open() is None:
            return None
        tantivy = _tantivy()
        with _foreign_errors(self.folder):
            stems = sorted(set(self._stem(tokenize(words))))[:MOST_QUERY_TERMS]
            terms = [tantivy.Query.term_query(self._index.schema, "body", stem, "basic") for stem in stems]
            return tantivy.Query.boolean_query([(tantivy.Occur.Must, term) for term in terms]) if terms else None

    def _stem(self, tokens: list[str]) -> list[str]:
        return list(_analyzer().analyze(" ".join(tokens))) if tokens else []

    def _find(self, weights: list[tuple[str, int]], *, k: int, within: Keys | None) -> list[tuple[int, float]]:
        tantivy = _tantivy()
        schema, occur = self._index.schema, tantivy.Occur
        terms = [
            (occur.Should, tantivy.Query.boost_query(tantivy.Query.term_query(schema, "body", term, "freq"), float(n)))
            for term, n in weights
        ]
        wanted = tantivy.Query.boolean_query(terms)
        if within is None:
            return self._scored(wanted, limit=k)
        if len(within) <= _TERM_SET_KEYS:
            allowed = tantivy.Query.term_set_query(schema, "key", within.tolist())
            silent = tantivy.Query.const_score_query(allowed, 0.0)
            return self._scored(tantivy.Query.boolean_query([(occur.Must, wanted), (occur.Must, silent)]), limit=k)
        total = self._searcher.num_docs
        limit = min(total, int(1.5 * k * max(1.0, total / len(within))) + 50)
        while True:
            found = self._scored(wanted, limit=limit)
            kept = among(within, found)
            if len(kept) >= k or len(found) < limit or limit >= total:
                return kept
            limit = min(total, 4 * limit)

    def _scored(self, query: Any, *, limit: int) -> list[tuple[int, float]]:
        hits = self._searcher.search(query, limit, count=False).hits
        keys = self._searcher.fast_field_values("key", [address for _, address in hits])
        return [(int(key), float(score)) for key, (score, _) in zip(keys, hits, strict=True)]

    def _search(self, query: Any, *, limit: int) -> list[tuple[int, Any]]:
        """(key, address) of everything that the query finds."""
        addresses = [address for _, address in self._searcher.search(query, max(1, limit), count=False).hits]
        return list(zip(self._searcher.fast_field_values("key", addresses), addresses, strict=True))

    def _addresses_of(self, keys: Collection[int]) -> list[tuple[int, Any]]:
        wanted = sorted(key for key in keys if key >= 0)
        if not wanted:
            return []
        query = _tantivy().Query.term_set_query(self._index.schema, "key", wanted)
        return self._search(query, limit=len(wanted))

    def _linked(self) -> str:
        """A folder of links to the index's files, where it cannot be written itself: tantivy's readers make a lock."""
        links = tempfile.mkdtemp(prefix="kb-words-")
        self._links = weakref.finalize(self, shutil.rmtree, links, ignore_errors=True)
        for path in self.folder.iterdir():
            if not path.name.endswith(".lock"):
                Path(links, path.name).symlink_to(path.absolute())
        return links

    # ------------------------------------------------------------------------------------------ writing

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        """A writer whose work is committed at the end, or not done at all."""
        if self.folder.exists() and not os.access(self.folder, os.W_OK):
            raise HomeUnwritable(f"{self.folder} cannot be written: check its permissions")
        index = self._open() or self._create()
        with _foreign_errors(self.folder):
            writer = index.writer(_HEAP_BYTES, 1)  # one thread: the same entries make the same segments
            try:
                yield writer
                writer.commit()
                writer.garbage_collect_files()
            finally:
                writer.wait_merging_threads()  # also lets go of the writer's lock
        self.reopen()

    def _create(self) -> Any:
        tantivy = _tantivy()
        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("key", indexed=True, fast=True)
        builder.add_text_field("body", stored=True, tokenizer_name=_ANALYZER, index_option="freq")
        with _foreign_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            index = tantivy.Index(builder.build(), path=str(self.folder))
            index.register_tokenizer(_ANALYZER, _analyzer())
        return index

    def _document(self, key: int, body: str) -> Any:
        document = _tantivy().Document()
        document.add_unsigned("key", key)
        document.add_text("body", body)
        return document


def _bodies(entries: Collection[tuple[int, str, str, str]]) -> dict[int, str]:
    """The tokens of each entry by its key, joined by spaces. Titles, sections and abstracts are those of many."""
    tokens = {text: tokenize(text) for text in {text for _, *texts in entries for text in texts}}
    return {
        key: " ".join(tokens[title] * _TITLE_WEIGHT + tokens[section] + tokens[text])
        for key, title, section, text in entries
    }


def _tantivy() -> Any:
    import tantivy

    return tantivy


def _analyzer() -> Any:
    """Our tokens, split at spaces and stemmed with Snowball's English stemmer (Porter 2001)."""
    tantivy = _tantivy()
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    return builder.filter(tantivy.Filter.stemmer("english")).build()


@contextmanager
def _foreign_errors(folder: Path) -> Iterator[None]:
    """Tantivy raises ValueError for nearly everything, and panics (not an Exception) over broken files."""
    try:
        yield
    except (ValueError, RuntimeError) as err:
        raise _translated(folder, err) from err
    except OSError as err:
        raise writing_error(err, folder) from err
    except BaseException as err:
        if type(err).__name__ != "PanicException":
            raise
        raise IndexDamaged(f"the word index in {folder} cannot be read: {_CURE}") from err


def _translated(folder: Path, err: Exception) -> Exception:
    message = str(err)
    if "LockBusy" in message:
        return HomeBusy(f"another process writes the word index in {folder}: wait for it and try again")
    if "No space left" in message or "os error 28" in message:
        return writing_error(OSError(errno.ENOSPC, message), folder)
    if "ermission denied" in message or "Read-only file system" in message:
        return HomeUnwritable(f"{folder} cannot be written: check its permissions")
    return IndexDamaged(f"the word index in {folder} cannot be read ({message[:120]}): {_CURE}")
