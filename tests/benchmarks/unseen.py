"""Questions on papers that nobody had tuned to: what the library answers, for a judge who does not know which version.

    python -m tests.benchmarks.unseen HOME --out answers.jsonl                        # without a model
    KB_MODEL=openai:live KB_MODEL_URL=… python -m tests.benchmarks.unseen HOME --effort normal --out answers.jsonl
    python -m tests.benchmarks.unseen HOME --baseline --out answers.jsonl             # one plain prompt over ten chunks

HOME holds the thirteen papers of the data folder's ``parsing-dev``. ``unseen_questions.jsonl`` has forty questions
with their answers; forty more are packed in ``unseen_questions_sealed.jsonl.gz``, to be opened when nothing is changed
any more (``--sealed``). They were written by a reader of the papers who had not seen the product. ``--only 3/13`` asks
every thirteenth question from the third on. What was judged, by whom, and with which result stands in ``answers.md``.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path
from typing import Any

from kb import Library, Settings
from kb.wire import to_data

HERE = Path(__file__).parent
BASELINE = (
    "Use the following pieces of retrieved context to answer the question. If you don't know the answer, say that you"
    " don't know. Keep the answer concise.\n\nContext:\n{context}"
)


def read_questions(*, sealed: bool) -> list[dict[str, Any]]:
    """The open questions, or the sealed ones."""
    if sealed:
        text = gzip.decompress((HERE / "unseen_questions_sealed.jsonl.gz").read_bytes()).decode()
    else:
        text = (HERE / "unseen_questions.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def plainly(library: Library, question: str) -> dict[str, Any]:
    """One prompt over the ten best chunks, as tutorials of retrieval-augmented generation have it."""
    hits = library.search(question, k=10)
    chat = library._models.chat()
    if chat is None:
        raise SystemExit("the baseline needs a model: set KB_MODEL")
    context = "\n\n".join(hit.text for hit in hits)
    return {"text": chat.complete(BASELINE.format(context=context), question), "source": "baseline"}


def main() -> None:
    """Ask each question once; a line of JSON for each: the question with its gold answer, and what was answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--effort", choices=("quick", "normal", "deep"), default="normal")
    parser.add_argument("--sealed", action="store_true")
    parser.add_argument("--baseline", action="store_true")
    parser.add_argument("--only", default="0/1", metavar="I/N")
    options = parser.parse_args()
    first, step = map(int, options.only.split("/"))
    done = (
        {json.loads(line)["id"] for line in options.out.read_text("utf-8").splitlines()} if options.out.exists() else ()
    )
    with Library.open(Settings.load(home=options.home)) as library, options.out.open("a", encoding="utf-8") as out:
        for asked in read_questions(sealed=options.sealed)[first::step]:
            if asked["id"] in done:
                continue
            if options.baseline:
                made = plainly(library, asked["question"])
            else:
                made = to_data(library.ask(asked["question"], effort=options.effort))
            print(json.dumps({**asked, "answer": made}, ensure_ascii=False), file=out, flush=True)


if __name__ == "__main__":
    main()
