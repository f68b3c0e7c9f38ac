"""Encoding beside sentence-transformers' default, in one process on the same texts: speed and faithfulness.

    python -m tests.benchmarks.encoder_speed --records RECORDS.jsonl.gz --chunks 200

    python -m tests.benchmarks.encoder_speed --cold --rounds 10 --before CHECKOUT

The first prints chunks a second of processor time and of wall time (each way runs ``--rounds`` times in turn, the best
round counts), the ratio to sentence-transformers, and the cosine of our vectors to its float32 vectors. Where cores are
shared, processor time is the column to read. The second prints what a new process costs that loads the encoder and
encodes one query, here and in another checkout in turn, and what the first such process costs, which converts.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb.encoders import load_encoder
from kb.encoders.model_files import find_model
from kb.index.chunking import chunk_abstract, passage_text
from kb.protocols import Encoder, Vectors
from kb.records import Paper
from kb.settings import Settings

OURS: dict[str, dict[str, str]] = {
    "auto": {},
    "bfloat16": {"encoder_precision": "bfloat16"},
    "float32": {"encoder_precision": "float32"},
}


def real_chunks(records: Path, count: int, encoder: Encoder) -> list[str]:
    """Passages as the product encodes them, from abstracts spread over the file."""
    with gzip.open(records, "rt", encoding="utf-8") as stream:
        lines = list(stream)
    passages: list[str] = []
    for line in lines[:: max(len(lines) // count, 1)]:
        record = json.loads(line)
        paper = Paper(id=f"arxiv:{record['id']}", title=record["title"], abstract=record["abstract"])
        chunks = chunk_abstract(paper, count_tokens=encoder.count_tokens, max_tokens=encoder.max_tokens)
        passages += [passage_text(paper.title, chunk.section, chunk.text) for chunk in chunks]
    return passages[:count]


def sentence_transformers_default(threads: int) -> Callable[[list[str]], Vectors]:
    """The way of its documentation: ``SentenceTransformer(name).encode(texts)``."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    model = SentenceTransformer(str(find_model("all-MiniLM-L6-v2")), device="cpu")
    return lambda texts: np.asarray(model.encode(texts, show_progress_bar=False))


_COLD = """
import importlib, importlib.util, resource, sys, time
wall, cpu = time.perf_counter(), time.process_time()
from kb.settings import Settings
name = "kb.encoders" if importlib.util.find_spec("kb.encoders") else "kb.index.encoders"
settings = Settings(encoder_cache=sys.argv[1], encoder_device="cpu")
importlib.import_module(name).load_encoder(settings).encode_query("displaced patch parallelism for diffusion models")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(time.perf_counter() - wall, time.process_time() - cpu, peak)
"""


def measure_cold(checkouts: Sequence[Path], *, rounds: int) -> None:
    """Print what a new process costs in each checkout: the first, which converts, and median and least of others."""
    print(f"{'':40}{'wall s':>8}{'least':>8}{'CPU s':>8}{'least':>8}{'peak MB':>9}")
    caches = {checkout: tempfile.mkdtemp() for checkout in checkouts}

    def started(checkout: Path) -> NDArray[np.float64]:
        command = [sys.executable, "-c", _COLD, caches[checkout]]
        environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=checkout)
        return np.array(done.stdout.split(), dtype=np.float64)

    first = {checkout: started(checkout) for checkout in checkouts}
    runs = [{checkout: started(checkout) for checkout in checkouts} for _ in range(rounds)]
    for checkout in checkouts:
        wall, cpu, peak = first[checkout]
        print(f"{'first, ' + checkout.name:40}{wall:8.2f}{'':8}{cpu:8.2f}{'':8}{peak:9.0f}")
        rows = np.array([run[checkout] for run in runs])
        wall, cpu, peak = np.median(rows, axis=0)
        least = rows.min(axis=0)
        print(f"{'cold, ' + checkout.name:40}{wall:8.2f}{least[0]:8.2f}{cpu:8.2f}{least[1]:8.2f}{peak:9.0f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path)
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--before", type=Path, help="another checkout to start as well")
    parser.add_argument("--chunks", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ways", nargs="*", default=list(OURS), choices=list(OURS))
    chosen = parser.parse_args()
    if chosen.cold:
        measure_cold([path for path in (chosen.before, Path.cwd()) if path], rounds=chosen.rounds)
        return
    cache = Path(tempfile.mkdtemp())
    fixed = {"home": cache, "encoder_cache": cache, "encoder_device": "cpu", "threads": chosen.threads}
    encoders = {name: load_encoder(Settings(**fixed, **OURS[name])) for name in chosen.ways}  # type: ignore[arg-type]
    first = next(iter(encoders.values()))
    texts = real_chunks(chosen.records, chosen.chunks, first)
    ways = {"sentence-transformers": sentence_transformers_default(chosen.threads)}
    ways |= {f"kb, {getattr(e, 'runtime', name)}": e.encode_passages for name, e in encoders.items()}
    vectors = {name: encode(texts) for name, encode in ways.items()}  # also warms up
    best = dict.fromkeys(ways, (np.inf, np.inf))
    for _ in range(chosen.rounds):
        for name, encode in ways.items():
            cpu, wall = time.process_time(), time.perf_counter()
            encode(texts)
            spent = (time.process_time() - cpu, time.perf_counter() - wall)
            best[name] = (min(best[name][0], spent[0]), min(best[name][1], spent[1]))
    print(", ".join(f"{p} {version(p)}" for p in ("torch", "sentence-transformers", "openvino", "nncf", "numpy")))
    print(f"{len(texts)} chunks, mean {np.mean(first.count_tokens(texts)):.0f} tokens, {chosen.threads} threads")
    print(f"{'':32}{'chunks/CPU-s':>13}{'chunks/s':>10}{'ratio CPU':>11}{'ratio':>7}{'cosine mean':>13}{'min':>10}")
    base, reference = best["sentence-transformers"], vectors["sentence-transformers"]
    for name, (cpu, wall) in best.items():
        cosines = (vectors[name] * reference).sum(axis=1)
        print(f"{name:32}{len(texts) / cpu:13.1f}{len(texts) / wall:10.1f}{base[0] / cpu:11.2f}{base[1] / wall:7.2f}"
              f"{cosines.mean():13.6f}{cosines.min():10.6f}")  # fmt: skip


if __name__ == "__main__":
    main()
