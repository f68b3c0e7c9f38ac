"""Kills at random moments: ``python -m tests.campaigns.kills [KILLS] [SEED]``.

A bibliography with attachments, records that repeat and contradict it, and PDFs are added by processes that are killed
(SIGKILL) at random moments and started again until one ends by itself; then papers are merged and parted, killed in the
same way. What stands in the catalog then must be what a calm run gives: papers with all fields, joins, doubts, texts,
and what a search finds; ``doctor`` must find nothing.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kb import Library, Settings, wire

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "kb" / "demo"
BIB = """
@inproceedings{cohan, title={SPECTER: Document-level Representation Learning using Citation-informed Transformers},
  author={Cohan, Arman and Feldman, Sergey and Beltagy, Iz and Downey, Doug and Weld, Daniel S.}, year={2020},
  file={Paper:papers/specter.pdf:application/pdf}}
@article{one, title={Fast Widget Indexing}, author={Doe, Jane}, doi={10.1234/a}, year={2020}}
@article{two, title={On the Birds of Iceland}, author={Uno, Ono}, doi={10.1234/a}, year={2020}}
@article{three, title={Fast Widget Indexing}, author={Doe, Jane}, journal={J. Widgets}, year={2021}}
@article{four, title={A Paper Apart from All Others}, author={Roe, Ann}, year={2021}}
"""


def prepare(folder: Path) -> list[str]:
    """The files that are added."""
    (folder / "papers").mkdir()
    shutil.copy(DEMO / "2020.acl-main.207.pdf", folder / "papers" / "specter.pdf")
    shutil.copy(DEMO / "N18-3011.pdf", folder / "n18.pdf")
    (folder / "refs.bib").write_text(BIB, encoding="utf-8")
    records = [json.loads(line) for line in (DEMO / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    records += [{**record, "id": f"2501.{number:05d}", "title": f"{record['title']} {number}"}
                for number in range(1, 60) for record in records[:2]]  # fmt: skip
    (folder / "records.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return [str(folder / name) for name in ("refs.bib", "records.jsonl", "n18.pdf")]


def run(*words: str, home: Path, draw: random.Random | None = None, longest: float = 8.0) -> int:
    """Run the command line until it ends by itself, killed at random moments before; how often it was killed."""
    kills = 0
    while True:
        process = subprocess.Popen(
            [sys.executable, "-m", "kb", *words, "--home", str(home), "--quiet"],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        if draw is None or kills >= 6:
            _, err = process.communicate()
            if process.returncode not in (0, 1, 2, 3):
                raise AssertionError(err[-2000:])
            return kills
        try:
            process.wait(draw.uniform(0.3, longest))
            return kills
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1


def state(home: Path) -> dict[str, Any]:
    """All that stands in a home, without when it came."""
    with Library.open(Settings(home=str(home))) as library:
        papers = library.list(sources=True)
        return {
            "papers": {
                p.id: {**wire.to_data(p), "sources": sorted(wire.to_json(s) for s in p.sources)} for p in papers
            },
            "joins": {p.id: wire.to_data(library.show(p.id)["joins"]) for p in papers},
            "texts": {p.id: [(chunk.id, chunk.text) for chunk in library.passages(p.id)] for p in papers},
            "hits": [hit.chunk_id for hit in library.search("citation graph of papers", k=20)],
            "doctor": [(one.what, one.cure) for one in library.doctor() if one.severity != "notice"],
            "doubts": sorted(one.what for one in library.doctor() if one.severity == "notice"),
        }


def main(kills: int, seed: int) -> None:
    """Compare runs that are killed with a calm one."""
    draw, done, trials, faults = random.Random(seed), 0, 0, 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        what = prepare(folder)
        steps = (("add", *what), ("merge", "one", "four"), ("split", "one", "four"), ("tag", "two", "+read"))
        for words in steps:
            run(*words, home=folder / "calm")
        calm = state(folder / "calm")
        while done < kills:
            home = folder / f"home{trials}"
            for words in steps:
                done += run(*words, home=home, draw=draw, longest=8.0 if words[0] == "add" else 2.0)
            run("add", *what, home=home)
            run("doctor", "--fix", home=home)
            killed = state(home)
            wrong = [part for part in calm if calm[part] != killed[part]]
            faults += bool(wrong)
            trials += 1
            print(f"trial {trials}: {done} kills, differing: {wrong or 'nothing'}", flush=True)
            shutil.rmtree(home)
    print(f"{done} kills in {trials} trials, {faults} unlike the calm run, {time.monotonic() - started:.0f} s")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40, int(sys.argv[2]) if len(sys.argv) > 2 else 5)
