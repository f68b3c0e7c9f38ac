"""Encoding beside sentence-transformers' default, in one process on the same texts: speed and faithfulness.

    python -m tests.benchmarks.encoder_speed --records RECORDS.jsonl.gz --chunks 200

prints chunks a second of processor time and of wall time (each way runs ``--rounds`` times in turn, the best round
counts), the ratio to sentence-transformers, and the cosine of our vectors to its float32 vectors. Where cores are
shared, processor time is the column to read.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from kb.index.chunking import chunk_abstract, passage_text
from kb.index.encoders import load_encoder
from kb.index.encoders.model_files import find_model
from kb.protocols import Encoder, Vectors
from kb.records import Paper
from kb.settings import Settings

OURS: dict[str, dict[str, str]] = {
    "auto": {},
    "bfloat16": {"encoder_precision": "bfloat16"},
    "float32": {"encoder_precision": "float32"},
    "int8": {"encoder_precision": "int8"},
    "onnxruntime": {"encoder_runtime": "onnxruntime"},
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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--chunks", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ways", nargs="*", default=list(OURS), choices=list(OURS))
    chosen = parser.parse_args()
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
    print(
        ", ".join(f"{p} {version(p)}" for p in ("torch", "sentence-transformers", "openvino", "onnxruntime", "numpy"))
    )
    print(f"{len(texts)} chunks, mean {np.mean(first.count_tokens(texts)):.0f} tokens, {chosen.threads} threads")
    print(f"{'':32}{'chunks/CPU-s':>13}{'chunks/s':>10}{'ratio CPU':>11}{'ratio':>7}{'cosine mean':>13}{'min':>10}")
    base, reference = best["sentence-transformers"], vectors["sentence-transformers"]
    for name, (cpu, wall) in best.items():
        cosines = (vectors[name] * reference).sum(axis=1)
        print(f"{name:32}{len(texts) / cpu:13.1f}{len(texts) / wall:10.1f}{base[0] / cpu:11.2f}{base[1] / wall:7.2f}"
              f"{cosines.mean():13.6f}{cosines.min():10.6f}")  # fmt: skip


if __name__ == "__main__":
    main()
