"""How many of a manuscript's wrong sentences ``kb check`` finds, and how many right ones it blames.

    python -m tests.benchmarks.manuscripts HOME [--model NAME]

HOME is that of ``kb demo``. The manuscript was made up: 40 sentences that cite, 15 of them wrong in known ways. A wrong
one counts as found where its verdict is below "supported", where something of it is printed in no cited paper, or
where the work that it cites is named as not in the library; a right one for which that holds is a false alarm.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from kb import Library, Settings
from kb.records import CheckedSentence

FOLDER = Path(__file__).resolve().parents[1] / "data" / "manuscripts"


def is_blamed(sentence: CheckedSentence) -> bool:
    """Whether a reader is told that something is wrong with a sentence."""
    low = sentence.verdict in ("partly", "unsupported", "contradicted")
    lacks = bool(sentence.missing.numbers or sentence.missing.names)
    return low or lacks or any(cite.paper is None for cite in sentence.cites)


def main() -> None:
    """Print found and false alarms by kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("--model", default="none")
    options = parser.parse_args()
    truth = json.loads((FOLDER / "related-work.truth.json").read_text("utf-8"))
    with Library.open(Settings.load(home=options.home, model=options.model)) as library:
        check = library.check(FOLDER / "related-work.tex")
    assert [one.text for one in check.sentences] == [one["text"] for one in truth]
    pairs = list(zip(check.sentences, truth, strict=True))
    of_kind = Counter(one["wrong"] or "right" for one in truth)
    blamed = Counter(one["wrong"] or "right" for sentence, one in pairs if is_blamed(sentence))
    for kind, count in of_kind.items():
        print(f"{kind:<20} {blamed[kind]:>3} of {count} blamed")
    wrong = len(truth) - of_kind["right"]
    print(f"found {blamed.total() - blamed['right']} of {wrong}, false alarms {blamed['right']} of {of_kind['right']}")
    for sentence, one in pairs:
        if is_blamed(sentence) != bool(one["wrong"]):
            print(f"  {'missed' if one['wrong'] else 'FALSE ALARM'} {sentence.line}: {sentence.text} {sentence.reason}")


if __name__ == "__main__":
    main()
