"""Beside other programs, in one run: the same PDFs, abstracts and queries, each program in an environment of its own.

    python -m tests.benchmarks.peers.run --pdfs FOLDER --beir FOLDER [--abstracts 1000] [--queries 100]
        [--envs FOLDER] [--find-links WHEELS] [--constraint FILE]

Makes a virtual environment for each peer under ``--envs`` (kept, so that a second run starts at once; some GB),
runs every program with the same encoder (all-MiniLM-L6-v2 from its installed package) on one thread, and prints its
figures and, for each peer, the ratios to ours: above 1 we are better, below 1 is what we lose. Documents without any
judgement are left out from the end until ``--abstracts`` remain, so nDCG here is higher than over the whole set.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kb.encoders.model_files import find_model
from kb.index.evaluation import evaluate, read_beir

HERE = Path(__file__).parent
TORCH = "torch<=2.13.0"
PEERS = {
    "langchain": ["langchain", "langchain-chroma", "langchain-huggingface", "langchain-community", "pypdf"],
    "paperqa": ["paper-qa", "paper-qa-pypdf"],
}
# (where it stands, name, whether more is better)
MEASURES = (
    (("pdfs", "cpu_s"), "adding the PDFs, CPU s", False),
    (("pdfs", "chunks"), "chunks of the PDFs", None),
    (("abstracts", "cpu_s"), "adding the abstracts, CPU s", False),
    (("abstracts", "chunks"), "chunks of the abstracts", None),
    (("search", "p50_ms"), "search p50, ms", False),
    (("search", "cpu_p50_ms"), "search p50, CPU ms", False),
    (("search", "ndcg@10"), "nDCG@10", True),
    (("whole_cpu_s",), "all of it, starting included, CPU s", False),
    (("peak_rss_mb",), "peak RSS, MB", False),
)


def main() -> None:
    """Run all programs and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pdfs", type=Path, required=True)
    parser.add_argument("--beir", type=Path, required=True)
    parser.add_argument("--abstracts", type=int, default=1000)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--envs", type=Path, default=Path(tempfile.gettempdir()) / "kb-peers")
    parser.add_argument("--find-links", default="")
    parser.add_argument("--constraint", default="")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    chosen = parser.parse_args()
    task, qrels = _task(chosen)
    figures = {"kb": _run([sys.executable, "-m", "tests.benchmarks.peers.program_kb"], task)}
    for peer in chosen.peers:
        python = _environment(chosen.envs / peer, PEERS[peer], chosen)
        figures[peer] = _run([str(python), str(HERE / f"program_{peer}.py")], task)
    for result in figures.values():
        found = result["search"].pop("found")
        run = {query: [(name, -float(rank)) for rank, name in enumerate(names)] for query, names in found.items()}
        result["search"]["ndcg@10"] = evaluate(run, qrels)["ndcg@10"]
    _print(figures, task)


def _task(chosen: argparse.Namespace) -> tuple[dict[str, Any], dict[str, dict[str, int]]]:
    dataset = read_beir(chosen.beir)
    names = list(dataset.qrels)[: chosen.queries]
    qrels = {name: dict(dataset.qrels[name]) for name in names}
    judged = {document for grades in qrels.values() for document in grades}
    documents = _corpus(chosen.beir)
    others = [document for document in documents if document[0] not in judged]
    kept = [document for document in documents if document[0] in judged] + others
    task = {
        "model": str(find_model("all-MiniLM-L6-v2")),
        "pdfs": [str(path.absolute()) for path in sorted(chosen.pdfs.rglob("*.pdf"))],
        "abstracts": kept[: max(chosen.abstracts, len(judged))],
        "queries": {name: dataset.queries[name] for name in names},
    }
    return task, qrels


def _corpus(folder: Path) -> list[tuple[str, str, str]]:
    path = next(folder.glob("corpus.jsonl*"))
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as stream:
        return [(str(r["_id"]), r.get("title", ""), r["text"]) for r in map(json.loads, stream)]


def _environment(folder: Path, packages: Sequence[str], chosen: argparse.Namespace) -> Path:
    """The Python of an environment with these packages, made when it is not there."""
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if not ready.exists():
        venv.create(folder, with_pip=True, clear=True)
        extra = [*(["--find-links", chosen.find_links] if chosen.find_links else [])]
        extra += ["--constraint", chosen.constraint] if chosen.constraint else []
        wanted = [TORCH, "sentence-transformers", *packages]
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *extra, *wanted], check=True)
        ready.touch()
    return python


def _run(command: Sequence[str], task: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of one program; its end with an error is one."""
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "KB_THREADS"), "1")
    environment = {**os.environ, **single, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    with tempfile.TemporaryDirectory() as folder:
        given = json.dumps({**task, "folder": folder})
        done = subprocess.run(command, input=given, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return dict(json.loads(done.stdout))


def _print(figures: Mapping[str, Any], task: Mapping[str, Any]) -> None:
    print(f"`python -m tests.benchmarks.peers.run {' '.join(sys.argv[1:])}`, load {os.getloadavg()[0]:.1f}\n")
    print(f"{len(task['pdfs'])} PDFs, {len(task['abstracts'])} abstracts, {len(task['queries'])} queries, one thread\n")
    peers = [name for name in figures if name != "kb"]
    print(f"| | kb | {' | '.join(f'{peer} | ratio' for peer in peers)} |")
    print(f"|{' --- |' * (2 + 2 * len(peers))}")
    lost = []
    for place, name, more_is_better in MEASURES:
        ours = _at(figures["kb"], place)
        cells = []
        for peer in peers:
            theirs = _at(figures[peer], place)
            ratio = None if more_is_better is None else ours / theirs if more_is_better else theirs / ours
            cells += [f"{theirs:.3g}", "" if ratio is None else f"{ratio:.2f}"]
            if ratio is not None and ratio < 1:
                lost.append(f"{name} against {peer}: {ratio:.2f}")
        print(f"| {name} | {ours:.3g} | {' | '.join(cells)} |")
    print(f"\nLost: {'; '.join(lost) or 'nothing'}.")
    for name, result in figures.items():
        print(f"\n{name}: {', '.join(f'{package} {version}' for package, version in result['versions'].items())}")


def _at(figures: Mapping[str, Any], place: Sequence[str]) -> float:
    value: Any = figures
    for name in place:
        value = value[name]
    return float(value)


if __name__ == "__main__":
    main()
