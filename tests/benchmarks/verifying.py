"""How well the check of a model's statements tells true from false, on statements that nobody had tuned it to.

    python -m tests.benchmarks.verifying HOME --floor                     # the floor of code alone
    KB_MODEL=… KB_MODEL_URL=… python -m tests.benchmarks.verifying HOME --out verdicts.jsonl

HOME holds the thirteen papers of the data folder's ``parsing-dev``. ``statements.jsonl`` has a hundred true statements
on them and a hundred false ones, each a true one changed in one respect (number, name, role, direction, scope, count);
written by somebody who had not seen the check. A statement counts as passed where its verdict is "supported".
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from kb import Library, Settings
from kb.answering import passages, verifying
from kb.records import Hit, Passage

STATEMENTS = Path(__file__).with_name("statements.jsonl")
BATCH = 20


def shown(library: Library) -> dict[str, Passage]:
    """Every chunk of the library as a numbered passage, by chunk id."""
    found: dict[str, Passage] = {}
    for paper in library.list():
        for chunk in library.papers.text(paper.id):
            hit = Hit(
                rank=1, score=1.0, found_by=("dense",), paper=paper, chunk_id=chunk.id, section=chunk.section,
                page=chunk.page, text=chunk.text,
            )  # fmt: skip
            found[chunk.id] = passages.numbered(hit, str(len(found) + 1))
    return found


def statement(row: dict[str, Any], known: dict[str, Passage]) -> verifying.Statement:
    """A line of the set as the check is given it."""
    cited = []
    for cite in row["cites"]:
        passage = known[cite["chunk_id"]]
        sentence = passage.sentences[int(cite["n"]) - 1]
        cited.append(verifying.Cited(passage=passage, sentence=sentence))
    return verifying.Statement(text=row["text"], cited=tuple(cited))


def main() -> None:
    """Print how many of each kind pass, and write each verdict."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--floor", action="store_true", help="what code alone lets pass")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows = [json.loads(line) for line in STATEMENTS.read_text("utf-8").splitlines()]
    with Library.open(Settings.load(home=options.home)) as library:
        known = shown(library)
        statements = [statement(row, known) for row in rows]
        chat = None if options.floor else library._models.chat()
        verdicts: list[tuple[str | None, str]] = []
        for start in range(0, len(rows), BATCH):
            some = statements[start : start + BATCH]
            if options.floor:
                held = [verifying.floor(each, screen=library._models.screen()) for each in some]
                verdicts += [("supported", "") if each is None else (each[0], each[1].kind) for each in held]
            else:
                checked = verifying.check(
                    some, chat=chat, screen=library._models.screen(), entailment=library._models.entailment()
                )
                verdicts += [(each.verdict, each.reason.kind if each.reason else "") for each in checked]
    passed: Counter[str] = Counter()
    total: Counter[str] = Counter(row["kind"] for row in rows)
    for row, (verdict, _) in zip(rows, verdicts, strict=True):
        passed[row["kind"]] += verdict in (None, "supported")
    for kind, count in total.items():
        print(f"{kind}: {passed[kind]} of {count} called supported")
    if options.out:
        lines = [
            json.dumps({**row, "verdict": verdict, "reason": reason}, ensure_ascii=False)
            for row, (verdict, reason) in zip(rows, verdicts, strict=True)
        ]
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
