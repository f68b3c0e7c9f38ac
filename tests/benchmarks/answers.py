"""How good the passages of an answer without a model are, beside plain orders of retrieval; what each signal earns.

    python -m tests.benchmarks.answers HOME                  # unseen questions: complete within 1, 3, 5; confidence
    python -m tests.benchmarks.answers HOME --sealed         # the half that nothing was chosen on
    python -m tests.benchmarks.answers HOME --fresh          # the 84 and the forty: used while this was made
    python -m tests.benchmarks.answers --papers              # 92 questions on full papers; evidence of held-back claims

HOME holds the papers that the questions are about (see ``unseen`` and ``thirty_questions``). A question is complete
within k passages when all its quotations stand in them (four in five runs of four words: print tears words), or all
its patterns are printed; "any" counts one of them. The confidence's AUC is of answerable questions against others.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from kb import Library, Settings
from kb.answering import ranking
from kb.protocols import Reader
from kb.records import Chunk, Filters, Paper
from tests.benchmarks.encoding import RememberingReader, load_encode
from tests.benchmarks.questions import read_papers
from tests.benchmarks.unseen import HERE, read_questions
from tests.benchmarks.verification import is_held_back
from tests.memory_corpus import MemoryCorpus

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
WITHIN = (1, 3, 5)
WEIGHTS = ("_HYBRID", "_COSINE", "_READER")


def tokens(text: str) -> list[str]:
    """SQuAD's normalisation: lower case, no punctuation, no articles."""
    return [word for word in re.sub(r"[^\w\s]", " ", text.lower()).split() if word not in {"a", "an", "the"}]


def shown(given: str, reference: str) -> float:
    """Share of the reference's tokens in the text."""
    there, wanted = set(tokens(given)), tokens(reference)
    return sum(word in there for word in wanted) / len(wanted) if wanted else 0.0


def parts_found(asked: dict[str, Any], text: str) -> list[bool]:
    """For each quotation or pattern that an answer must have, whether the text has it."""
    if "prints" in asked:
        flat = " ".join(text.split())
        return [re.search(pattern, flat, re.IGNORECASE) is not None for pattern in asked["prints"]]
    bare = re.sub(r"[^a-z0-9]", "", text.lower())
    found = []
    for proof in asked["evidence"]:
        words = [word for word in (re.sub(r"[^a-z0-9]", "", w.lower()) for w in proof["quote"].split()) if word]
        runs = ["".join(words[i : i + 4]) for i in range(max(1, len(words) - 3))]
        found.append(sum(run in bare for run in runs) >= 0.8 * len(runs))
    return found


@contextmanager
def without(weight: str | None) -> Iterator[None]:
    """The ranking with one of its weights at nothing."""
    kept = getattr(ranking, weight) if weight else None
    if weight:
        setattr(ranking, weight, 0.0)
    try:
        yield
    finally:
        if weight:
            setattr(ranking, weight, kept)


def orders(library: Library) -> dict[str, Callable[[str, Filters], list[str]]]:
    """Texts of the first passages, by the answer, by it less one signal each, and by the three plain searches."""

    def answered(question: str, filters: Filters) -> list[str]:
        made = library.ask(question, paper=filters.papers)
        return [" ".join(sentence.text for sentence in passage.sentences) for passage in made.passages]

    def lessened(weight: str) -> Callable[[str, Filters], list[str]]:
        def order(question: str, filters: Filters) -> list[str]:
            with without(weight):
                return answered(question, filters)

        return order

    def searched(mode: Any) -> Callable[[str, Filters], list[str]]:
        return lambda question, filters: [
            hit.text for hit in library._store.corpus().search(question, k=10, mode=mode, filters=filters)
        ]

    found: dict[str, Callable[[str, Filters], list[str]]] = {"answer": answered}
    found |= {f"answer without {weight.strip('_').lower()}": lessened(weight) for weight in WEIGHTS}
    return found | {mode: searched(mode) for mode in ("hybrid", "lexical", "dense")}


def over_home(home: Path, questions: Sequence[dict[str, Any]]) -> None:
    """The table of one set of questions, and how well the confidence tells which of them are answerable."""
    with Library.open(Settings.load(home=home, model="none")) as library:
        filters = [
            Filters(papers=(library.papers.get(q["paper"]).id,)) if "paper" in q else Filters() for q in questions
        ]
        answerable = [bool(q.get("answerable", q["kind"] != "not answerable")) for q in questions]
        print("| order | " + " | ".join(f"complete / any in {k}" for k in WITHIN) + " |")
        for name, order in orders(library).items():
            complete: dict[int, list[tuple[bool, bool]]] = {k: [] for k in WITHIN}
            for asked, within, can in zip(questions, filters, answerable, strict=True):
                if not can or not (asked.get("prints") or asked.get("evidence")):
                    continue
                texts = order(asked["question"], within)
                for k in WITHIN:
                    parts = parts_found(asked, " ".join(texts[:k]))
                    complete[k].append((all(parts), any(parts)))
            shares = [np.mean(complete[k], axis=0) for k in WITHIN]
            print(f"| {name} | " + " | ".join(f"{a:.2f} / {b:.2f}" for a, b in shares) + " |", flush=True)
        sure = [
            library.ask(q["question"], paper=within.papers).confidence or 0.0
            for q, within in zip(questions, filters, strict=True)
        ]
        right = np.mean([(c >= ranking.THRESHOLD) == can for c, can in zip(sure, answerable, strict=True)])
        print(f"confidence: AUC {roc_auc_score(answerable, sure):.3f}; head line right {right:.2f} of {len(sure)}")


def over_papers(encode: Callable[[Sequence[str]], Any], *, reader: Reader) -> None:
    """Share of the reference's tokens in the first passages, for questions on full papers, each asked of its own."""
    papers, chunks, asked = read_papers(DATA / "paperqa" / "dev.jsonl")
    corpus = MemoryCorpus(papers, chunks, encode=encode, reader=reader)
    table: dict[str, list[list[float]]] = {"answer": [], "hybrid": []}
    for own, question, reference in asked:
        hits = corpus.search(question, k=24, filters=Filters(papers=(own,)))
        ranked = [each.hit for each in ranking.rank(question, hits, corpus=corpus)]
        for name, found in (("answer", ranked), ("hybrid", hits)):
            table[name].append([shown(" ".join(hit.text for hit in found[:k]), reference) for k in WITHIN])
    print(f"{len(asked)} questions: share of the reference's tokens in the first {WITHIN} passages")
    for name, rows in table.items():
        print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in np.mean(rows, axis=0)) + " |")


def over_claims(encode: Callable[[Sequence[str]], Any], *, reader: Reader) -> None:
    """Which sentence of the right abstract is marked as answering a held-back claim: F1 over sentences."""
    with gzip.open(DATA / "scifact" / "corpus_sentences.jsonl.gz", "rt", encoding="utf-8") as lines:
        documents = {str((doc := json.loads(line))["doc_id"]): doc for line in lines}
    tally: Counter[str] = Counter()
    for claim in map(json.loads, (DATA / "scifact" / "claims_train.jsonl").read_text("utf-8").splitlines()):
        if not is_held_back(claim["id"]):
            continue
        for doc_id, rationales in claim["evidence"].items():
            document = documents[doc_id]
            text = "\n\n".join(document["abstract"])  # blank lines keep the annotated sentences whole
            paper = Paper(id=doc_id, title=document["title"])
            chunk = Chunk(
                id=doc_id, paper_id=doc_id, version=None, kind="abstract", ordinal=0, section=("Abstract",), start=0,
                end=len(text), text=text, tokens=len(text.split()),
            )  # fmt: skip
            corpus = MemoryCorpus([paper], {doc_id: [chunk]}, encode=encode, reader=reader)
            (best,) = ranking.rank(claim["claim"], corpus.search(claim["claim"], k=1), corpus=corpus)
            gold = {document["abstract"][i] for rationale in rationales for i in rationale["sentences"]}
            tally.update(right=text[slice(*best.spans[best.best])] in gold, given=1, gold=len(gold))
    precision, recall = tally["right"] / tally["given"], tally["right"] / tally["gold"]
    f1 = 2 * precision * recall / (precision + recall)
    print(f"marked sentence of held-back claims: precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}")


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, nargs="?")
    parser.add_argument("--sealed", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--papers", action="store_true")
    options = parser.parse_args()
    if options.home is not None:
        fresh = [HERE / name for name in ("fresh_questions.jsonl", "thirty_questions.jsonl")]
        kept = [json.loads(line) for file in fresh for line in file.read_text("utf-8").splitlines()]
        over_home(options.home, kept if options.fresh else read_questions(sealed=options.sealed))
    if options.papers:
        encode, reader = load_encode(), RememberingReader()
        over_papers(encode, reader=reader)
        over_claims(encode, reader=reader)


if __name__ == "__main__":
    main()
