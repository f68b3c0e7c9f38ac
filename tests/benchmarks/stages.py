"""Where the processor time of a run goes: functions of the product, wrapped and timed from outside."""

from __future__ import annotations

import resource
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kb.index.catalog.papers import PaperTable
from kb.index.catalog.passages import PassageTable
from kb.index.dense import ChromaIndex
from kb.index.lexical import TantivyIndex
from kb.index.vectors import SentenceFile, VectorFile
from kb.library import adding
from kb.protocols import Encoder, Vectors


class TimedEncoder:
    """An encoder whose work is counted."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.fingerprint, self.dimension = encoder.fingerprint, encoder.dimension
        self.max_tokens = encoder.max_tokens
        self.texts = 0

    def count_tokens(self, texts: list[str]) -> list[int]:
        return self._encoder.count_tokens(texts)

    def encode_passages(self, texts: list[str]) -> Vectors:
        self.texts += len(texts)
        return self._encoder.encode_passages(texts)

    def encode_query(self, text: str) -> Vectors:
        return self._encoder.encode_query(text)


class StageClock:
    """Processor seconds of this process by stage, time of inner stages taken off that of outer ones.

    A stage on the main thread is charged with what all threads of the process use meanwhile (the encoder computes
    in threads of its own), so parsing threads that run at the same moment blur it a little; they mostly wait for
    their child processes, whose time is counted apart.
    """

    STAGES = (
        (TimedEncoder, "encode_passages", "encoding"),
        (TimedEncoder, "count_tokens", "counting tokens"),
        (adding, "chunk_paper", "chunking"),
        (PaperTable, "take_in", "records into the catalog"),
        (PassageTable, "put_chunks", "chunks into the catalog"),
        (PassageTable, "put_document", "documents into the catalog"),
        (TantivyIndex, "put", "word index"),
        (ChromaIndex, "put", "vector index"),
        (VectorFile, "put", "vector file"),
        (SentenceFile, "put", "sentence file"),
    )

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._inner: list[float] = []
        for owner, name, stage in self.STAGES:
            setattr(owner, name, self._timed(getattr(owner, name), stage))

    def _timed(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        def timed(*args: Any, **keywords: Any) -> Any:
            if threading.current_thread() is not threading.main_thread():
                return function(*args, **keywords)
            started = time.process_time()
            self._inner.append(0.0)
            try:
                return function(*args, **keywords)
            finally:
                spent = time.process_time() - started
                self.seconds[stage] += spent - self._inner.pop()
                if self._inner:
                    self._inner[-1] += spent

        return timed


def peak_rss_mb() -> float:
    """Most memory that this program ever held, in MB.

    Not ``ru_maxrss`` where it can be helped: on Linux a child starts with its parent's.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def children_cpu_seconds() -> float:
    """Processor time of child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
