"""Forty questions (thirty at first) over real PDFs with answers written by hand: what a library says, for reading.

    python -m tests.benchmarks.thirty_questions HOME
    python -m tests.benchmarks.thirty_questions HOME --questions tests/benchmarks/fresh_questions.jsonl

HOME holds the papers that the questions are about: S2ORC, SPECTER, the literature graph of Semantic Scholar, "Attention
is all you need" and "Dense passage retrieval"; for the fresh questions 2203.00274, 2206.10883, 2302.07302, 2501.10120,
the journal article and the two pages of the data folder besides (add the files with ``kb add``). The judging is done by
a reader; the verdicts stand in ``answers.md``. ``prints`` are patterns of what an answer turns on: the last line counts
the answers that print all of them, which is less than that they answer. A line with ``paper`` is asked of that paper.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from kb import Library, Settings

QUESTIONS = Path(__file__).with_name("thirty_questions.jsonl")


def main() -> None:
    """Print every question, the answer of a reader, and that of the library with pages and verdicts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="a home with the five papers")
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="lines of questions and answers")
    arguments = parser.parse_args()
    with Library.open(Settings.load(home=arguments.home)) as library:
        printed = refused = unanswerable = 0
        for line in arguments.questions.read_text("utf-8").splitlines():
            asked = json.loads(line)
            made = library.ask(asked["question"], paper=[asked["paper"]] if "paper" in asked else [])
            print(f"\n{asked['kind']}: {asked['question']}\n  reader: {asked['answer']}", flush=True)
            for passage in made.passages[:3]:
                told = [sentence.text for sentence in passage.sentences if sentence.n in passage.answering]
                print(f"  [{passage.marker}] p. {passage.page} {' '.join(' '.join(told).split())}")
            if not made.answered:
                print("  nearest passages: none seems to state it")
            text = " ".join(sentence.text for passage in made.passages[:3] for sentence in passage.sentences)
            wanted = asked.get("prints", [])
            printed += bool(wanted) and all(re.search(p, " ".join(text.split()), re.IGNORECASE) for p in wanted)
            unanswerable += asked["kind"] == "not answerable"
            refused += asked["kind"] == "not answerable" and not made.answered
        print(
            f"\n{printed} print in three passages what the reader's answer turns on;"
            f" {refused} of {unanswerable} rightly doubted"
        )


if __name__ == "__main__":
    main()
