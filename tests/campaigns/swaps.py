"""Searches while the indexes are made again: ``python -m tests.campaigns.swaps [RUNS] [RECORDS]``.

One process makes the indexes of a home again and again (as they are, with all vectors, for another encoder and back,
of words as an earlier version cut them); this one searches all the while, with a library that stays open and with new
ones. No search may be empty, say that it is incomplete, or find anything else than the calm home gives.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from itertools import cycle
from pathlib import Path

import numpy as np

from kb import Library, Settings
from kb.errors import EncoderError
from kb.protocols import Vectors
from kb.records import Mode
from tests.fakes import WordEncoder

ROOT = Path(__file__).resolve().parents[2]
WORDS = "graph retrieval vision speech parsing robot diffusion memory planning protein".split()
QUERIES = [f"{one} of {other}" for one, other in zip(WORDS, WORDS[3:] + WORDS[:3], strict=True)]
MODES: tuple[Mode, ...] = ("lexical", "dense", "hybrid")


class OwnWordEncoder(WordEncoder):
    """Words, and a little of each text's own: of texts that are equally near to a query, the first search of a library,
    which scans, and the others, which Chroma serves, may find different ones."""

    def encode_query(self, text: str) -> Vectors:
        own = np.random.default_rng(zlib.crc32(text.encode())).normal(size=self.dimension)
        vector = super().encode_query(text) + 0.1 * own / np.linalg.norm(own)
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def opened(home: Path, *, max_tokens: int = 256) -> Library:
    """A library with an encoder that knows words only."""
    library = Library.open(Settings.load(home=home, threads=1))
    library._models._encoder = OwnWordEncoder(max_tokens=max_tokens)
    return library


def make(home: Path, records: int) -> None:
    """A home of that many records."""
    lines = [
        {
            "id": f"2401.{n + 1:05d}", "title": f"On {WORDS[n % 10]} and {WORDS[n // 10 % 10]}, part {n}",
            "abstract": f"We study {WORDS[n % 10]} with {n} samples. It helps {WORDS[n // 7 % 10]}. " * 3,
            "authors": ["A B"], "categories": ["cs.CL"], "comment": None, "listed": ["2024-01-02"],
        }
        for n in range(records)
    ]  # fmt: skip
    path = home.with_suffix(".jsonl")
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    with opened(home) as library:
        library.add(str(path))


def reindex(home: Path, runs: int) -> None:
    """Make the indexes again, each time in another way."""
    tokens, limit = WordEncoder().max_tokens, 255
    for run in range(runs):
        if run % 4 == 2:  # another encoder, and the first again
            tokens, limit = limit, tokens
        with opened(home, max_tokens=tokens) as library:
            if run % 4 == 3:
                library._store.catalog().set_fact("tokens", "of an earlier version")
                library.add(items=[])
            else:
                library.reindex(encode=run % 4 == 1)


def search(library: Library, query: str, mode: Mode) -> list[tuple[str, float]]:
    """What is found, with how sure that is."""
    hits = library.search(query, k=10, mode=mode)
    return [(hit.chunk_id, round(hit.score, 4)) for hit in hits] if hits.complete else [("incomplete", 0.0)]


def compare(home: Path, runs: int) -> Counter[str]:
    """Search until all runs are done; counts of searches by what was wrong with them."""
    counts: Counter[str] = Counter()
    with opened(home) as library:
        calm = {(query, mode): search(library, query, mode) for query in QUERIES for mode in MODES}
        assert all(calm.values())
        child = subprocess.Popen(
            [sys.executable, "-c", f"from tests.campaigns.swaps import *; reindex(Path({str(home)!r}), {runs})"],
            cwd=ROOT, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        for query, mode in cycle(calm):
            if child.poll() is not None:
                break
            try:
                found = search(library, query, mode)
                with opened(home) as other:
                    again = search(other, query, mode)
            except EncoderError:  # which says that the vectors are another encoder's now
                counts["of another encoder"] += 2
                continue
            for hits in (found, again):
                counts["searches"] += 1
                counts["empty"] += not hits
                counts["incomplete"] += hits == [("incomplete", 0.0)]
                counts["wrong"] += hits != calm[query, mode]
        _, err = child.communicate()
        if child.returncode:
            raise AssertionError(err[-2000:])
    return counts


def main(runs: int, records: int) -> None:
    """Run the campaign."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        make(home, records)
        counts = compare(home, runs)
    print(f"{runs} runs over {records} records: {dict(counts)}, {time.monotonic() - started:.0f} s")
    sys.exit(1 if counts["wrong"] else 0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50, int(sys.argv[2]) if len(sys.argv) > 2 else 300)
