"""Whether a question about a cell of a printed table finds the row that has it.

    python -m tests.benchmarks.table_search DATA             # DATA holds pdfs; the papers of the questions are added

Questions were typed from the tables' pictures, as people ask ("recall@100 of DPR on ASQA"); ``row`` are texts that the
row prints, and no other. Found: the passage that has the row among the first one, three and ten hits, over all papers;
then, by ``kb ask`` without a model, whether the row is the sentence that is marked as answering, in the first passage
or in the first three.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kb import Library, Settings

QUESTIONS = Path(__file__).with_name("table_questions.jsonl")


def holds(text: str, row: Sequence[str]) -> bool:
    """Whether one line of a text has all that the row prints."""
    return any(all(part in line for part in row) for line in text.split("\n"))


def main() -> None:
    """Add, ask, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--home", type=Path, help="a home to use, and to keep")
    parser.add_argument("--faults", action="store_true")
    asked = parser.parse_args()
    questions = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    with (
        tempfile.TemporaryDirectory() as folder,
        Library.open(Settings(home=asked.home or Path(folder), model="none")) as library,
    ):
        started = time.process_time()
        library.add([str(asked.data / "pdfs" / file) for file in dict.fromkeys(q["file"] for q in questions)])
        print(f"CPU seconds to add: {time.process_time() - started:.1f}")
        for mode in ("lexical", "dense", "hybrid"):
            ranks = [_rank(library, question, mode) for question in questions]
            _say(mode, ranks)
        rows = [_answering(library, question) for question in questions]
        _say("ask, answering row", rows)
        for question, rank in zip(questions, rows, strict=True):
            if asked.faults and rank != 1:
                print(f"{rank or '–'} {question['file'].split('/')[1]}: {question['question']}")


def _rank(library: Library, question: dict[str, Any], mode: Any) -> int:
    hits = library.search(question["question"], k=10, mode=mode)
    return next((hit.rank for hit in hits if holds(hit.text, question["row"])), 0)


def _answering(library: Library, question: dict[str, Any]) -> int:
    answer = library.ask(question["question"])
    for rank, passage in enumerate(answer.passages, 1):
        marked = [s.text for s in passage.sentences if s.n in passage.answering]
        if any(holds(text, question["row"]) for text in marked):
            return rank
    return 0


def _say(name: str, ranks: Sequence[int]) -> None:
    first, three, ten = (sum(0 < rank <= most for rank in ranks) for most in (1, 3, 10))
    mean = sum(1 / rank for rank in ranks if rank) / len(ranks)
    print(f"{name}: first {first}, of three {three}, of ten {ten} of {len(ranks)}; MRR {mean:.3f}")


if __name__ == "__main__":
    main()
