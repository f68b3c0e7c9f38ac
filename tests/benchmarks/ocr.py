"""Scans read by machine: characters wrong per hundred, seconds a page, memory.

    python -m tests.benchmarks.ocr DATA [--pages 20] [--kinds clean degraded] [--out figures.json]

Pages of ``DATA/pdfs`` whose text is known are rendered to pictures: clean (300 dpi), and degraded (150 dpi, 1 degree
askew, noise, grey paper). Each picture becomes a PDF of one page and is read in a process of its own. The lines that
``kb`` reads of the page itself are the truth: each is looked for in all that was read by machine, wherever that stands,
and the edits to the nearest stretch of it are counted; a line that is missing is wrong in all its characters.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image

from kb.errors import ParseError
from kb.parsing.document import read_pdf
from kb.parsing.legibility import load_recogniser
from kb.parsing.pdf import PdfReader
from tests.benchmarks.parsing import set_of

LEAST = 8  # characters of a line that is looked for: shorter ones stand anywhere
KINDS = ("clean", "degraded")


def rendered(path: Path, number: int, kind: str, *, seed: int) -> bytes:
    """A PDF whose only page is a picture of a page (1-based) of another."""
    dpi = 300 if kind == "clean" else 150
    with pypdfium2.PdfDocument(path) as pdf:
        picture = pdf[number - 1].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
    if kind == "degraded":
        picture = picture.rotate(1.0, resample=Image.Resampling.BICUBIC, fillcolor=255)
        noise = np.random.default_rng(seed).normal(0, 18, (picture.height, picture.width))
        picture = Image.fromarray(np.clip(np.asarray(picture) * 0.88 + 12 + noise, 0, 255).astype(np.uint8))
    out = io.BytesIO()
    picture.save(out, format="PDF", resolution=dpi, quality=70)
    return out.getvalue()


def lines_of(path: Path, number: int) -> list[str]:
    """The lines of a page that are upright prose, without what could not be read."""
    with PdfReader(path.read_bytes()) as reader, reader.page(number) as page:
        return [line.text for line in page.text().lines if line.upright and len(line.text) >= LEAST]


def choose(pdfs: Path, count: int) -> list[tuple[Path, int]]:
    """Pages (file, number) with 25 lines or more, spread over the files: of each the second, then the fourth, ..."""
    files = [p for p in sorted(pdfs.glob("*/*.pdf")) if set_of(f"{p.parent.name}/{p.name}") != "sealed"]
    chosen: list[tuple[Path, int]] = []
    for number in (2, 1, 4, 3):
        for path in files:
            try:
                if len(lines_of(path, number)) >= 25:
                    chosen.append((path, number))
            except (ParseError, IndexError):
                continue
            if len(chosen) == count:
                return chosen
    return chosen


def edits(line: str, text: str) -> int:
    """The least number of edits from a line to any stretch of a text (Sellers 1980)."""
    codes = np.array([ord(sign) for sign in text], np.int32)
    row, steps = np.zeros(len(codes) + 1, np.int32), np.arange(len(codes) + 1, dtype=np.int32)
    for nth, sign in enumerate(line, 1):
        new = np.empty_like(row)
        new[0] = nth
        np.minimum(row[1:] + 1, row[:-1] + (codes != ord(sign)), out=new[1:])
        row = np.minimum.accumulate(new - steps) + steps
    return int(row.min()) if len(row) else len(line)


def plain(text: str) -> str:
    """Text without what two readers may set otherwise: blanks, and the hyphens and quotation marks of typesetting."""
    kept = text.translate(str.maketrans("‐‑–—−’‘“”\xad", "-----''\"\"-"))
    return "".join(kept.split()).replace("-", "")


def measure(pdf: Path, truth: Sequence[str]) -> dict[str, float]:
    """One picture, read here: characters, edits, seconds of the processor, MB, and how sure the recogniser was."""
    started = time.process_time()
    recogniser = load_recogniser()
    data = pdf.read_bytes()
    recogniser.read(np.full((64, 64, 3), 255, np.uint8))
    loaded = time.process_time()
    try:
        document = read_pdf(data, max_pages=1, recogniser=recogniser)
        text, blocks = document.text, document.blocks
    except ParseError:
        text, blocks = "", ()
    sure = [line.confidence for block in blocks for line in block.lines if line.confidence is not None]
    lines = [line for said in truth if (line := plain(said))]
    read = plain(text)
    return {
        "characters": sum(map(len, lines)),
        "edits": sum(edits(line, read) for line in lines),
        "load_seconds": loaded - started,
        "seconds": time.process_time() - loaded,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        "confidence": sum(sure) / len(sure) if sure else 0.0,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table; the exit status is 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=KINDS)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", nargs=2, metavar=("PDF", "TRUTH"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        pdf, truth = map(Path, options.one)
        print(json.dumps(measure(pdf, json.loads(truth.read_text("utf-8")))))
        return 0
    found: dict[str, dict[str, dict[str, float]]] = {kind: {} for kind in options.kinds}
    pages = choose(options.data / "pdfs", options.pages)
    with tempfile.TemporaryDirectory() as folder:
        for seed, (path, number) in enumerate(pages):
            for kind in options.kinds:
                scan, truth = Path(folder) / "scan.pdf", Path(folder) / "truth.json"
                scan.write_bytes(rendered(path, number, kind, seed=seed))
                truth.write_text(json.dumps(lines_of(path, number)), "utf-8")
                command = [sys.executable, "-m", "tests.benchmarks.ocr", ".", "--one", str(scan), str(truth)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                one = json.loads(done.stdout.splitlines()[-1])
                found[kind][f"{path.name} p. {number}"] = one
                print(f"{kind:9} {path.name} p. {number}: {100 * one['edits'] / one['characters']:.2f}", flush=True)
                if options.out:
                    options.out.write_text(json.dumps(found, indent=1), "utf-8")
    print(
        "\n| | pages | characters | wrong per hundred | worst page | CPU s a page | MB | sure |\n" + "| --- " * 8 + "|"
    )
    for kind, each in found.items():
        total, wrong = sum(one["characters"] for one in each.values()), sum(one["edits"] for one in each.values())
        worst = max(each, key=lambda name: each[name]["edits"] / each[name]["characters"])
        share = each[worst]["edits"] / each[worst]["characters"]
        seconds = sum(one["seconds"] for one in each.values()) / len(each)
        sure = sum(one["confidence"] for one in each.values()) / len(each)
        print(
            f"| {kind} | {len(each)} | {total:.0f} | {100 * wrong / total:.2f} | {worst}: {100 * share:.1f} |"
            f" {seconds:.1f} | {max(one['mb'] for one in each.values()):.0f} | {sure:.3f} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
