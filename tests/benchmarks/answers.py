"""How good the answers without a model are, against simple baselines.

    python -m tests.benchmarks.answers                # twelve full papers with questions; evidence sentences of claims
    python -m tests.benchmarks.answers --show         # also prints every question, reference and answer, for reading

Questions are asked of their own paper (they say "the model", "the dataset"). Token F1 is SQuAD's, over the whole text
of the answer; "shown" is the share of the reference's tokens that occur in it. Refusing counts as an empty answer.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from kb.writing.answering import answer
from kb.writing.questions import read_question
from kb.writing.selection import select

from kb.protocols import Reader
from kb.records import NO_FILTERS, Chunk, Filters, Paper
from kb.text import sentence_spans
from kb.writing import evidence, reading
from tests.benchmarks.encoding import RememberingReader, load_encode
from tests.benchmarks.questions import read_papers
from tests.benchmarks.verification import is_held_back
from tests.memory_corpus import MemoryCorpus

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def tokens(text: str) -> list[str]:
    """SQuAD's normalisation: lower case, no punctuation, no articles."""
    return [word for word in re.sub(r"[^\w\s]", " ", text.lower()).split() if word not in {"a", "an", "the"}]


def token_f1(given: str, reference: str) -> float:
    """Harmonic mean of token precision and recall."""
    ours, theirs = Counter(tokens(given)), Counter(tokens(reference))
    shared = sum((ours & theirs).values())
    return 2 * shared / (sum(ours.values()) + sum(theirs.values())) if shared else 0.0


def shown(given: str, reference: str) -> float:
    """Share of the reference's tokens in the text."""
    there, wanted = set(tokens(given)), tokens(reference)
    return sum(word in there for word in wanted) / len(wanted) if wanted else 0.0


def read_evidence(question: str, corpus: MemoryCorpus, *, filters: Filters = NO_FILTERS) -> list[evidence.Candidate]:
    """The candidates of a question as an answer has them: gathered, then read."""
    asked = read_question(question)
    return reading.read(asked, evidence.gather(asked, corpus=corpus, filters=filters), corpus=corpus)


def questions(encode: Callable[[Sequence[str]], Any], *, reader: Reader | None, show: bool) -> None:
    """Extractive answers to the questions of the full papers, and three baselines."""
    papers, chunks, asked = read_papers(DATA / "paperqa" / "dev.jsonl")
    corpus = MemoryCorpus(papers, chunks, encode=encode, reader=reader)
    systems: dict[str, list[tuple[float, float]]] = {}
    open_only: dict[str, list[tuple[float, float]]] = {}
    refused = 0
    for own, question, reference in asked:
        filters = Filters(papers=(own,))
        made = answer(question, corpus=corpus, filters=filters)
        best = read_evidence(question, corpus, filters=filters)
        refused += not made.answered
        text = " ".join(claim.text for claim in made.claims)
        chunk = corpus.search(question, k=1, filters=filters)[0].text
        opening = chunks[own][0].text
        given = {
            "answer": text,
            "answer, never refusing": text
            or " ".join(c.text for c in select(read_question(question), best, corpus=corpus)),
            "best sentence": best[0].text if best else "",
            "best chunk": chunk,
            "first three sentences": " ".join(opening[a:b] for a, b in sentence_spans(opening)[:3]),
        }
        for name, said in given.items():
            systems.setdefault(name, []).append((token_f1(said, reference), shown(said, reference)))
            if reference.strip().lower() not in {"yes", "no"}:
                open_only.setdefault(name, []).append((token_f1(said, reference), shown(said, reference)))
        if show:
            print(f"\nQ {question}\nR {reference}\nA {text or '(refused) ' + str(made.missing)}")
    print(f"\n{len(asked)} questions, {refused} refused")
    print("| system | F1, all | shown, all | F1, without yes/no | shown, without yes/no |")
    for name, scores in systems.items():
        row = [*np.mean(scores, axis=0), *np.mean(open_only[name], axis=0)]
        print(f"| {name} | {' | '.join(f'{value:.3f}' for value in row)} |")


def claims(encode: Callable[[Sequence[str]], Any], *, reader: Reader | None) -> None:
    """Which sentences of the right abstract are chosen as evidence for a held-back claim: F1 over sentences."""
    with gzip.open(DATA / "scifact" / "corpus_sentences.jsonl.gz", "rt", encoding="utf-8") as lines:
        documents = {str((doc := json.loads(line))["doc_id"]): doc for line in lines}
    read = [json.loads(line) for line in (DATA / "scifact" / "claims_train.jsonl").read_text("utf-8").splitlines()]
    counts: dict[str, Counter[str]] = {}
    for claim in read:
        if not is_held_back(claim["id"]):
            continue
        for doc_id, rationales in claim["evidence"].items():
            sentences = documents[doc_id]["abstract"]
            gold = {sentences[i] for rationale in rationales for i in rationale["sentences"]}
            for name, chosen in _chosen(claim["claim"], documents[doc_id], encode, reader).items():
                tally = counts.setdefault(name, Counter())
                tally.update(right=len(gold & chosen), given=len(chosen), gold=len(gold))
    for name, tally in counts.items():
        precision, recall = tally["right"] / max(1, tally["given"]), tally["right"] / tally["gold"]
        f1 = 2 * precision * recall / max(1e-9, precision + recall)
        print(f"| {name} | {precision:.3f} | {recall:.3f} | {f1:.3f} |")


def _chosen(
    claim: str, document: dict[str, Any], encode: Callable[[Sequence[str]], Any], reader: Reader | None
) -> dict[str, set[str]]:
    paper = Paper(id=str(document["doc_id"]), title=document["title"])
    text = "\n\n".join(document["abstract"])  # blank lines keep the annotated sentences whole
    chunk = Chunk(
        id=paper.id, paper_id=paper.id, version=None, kind="abstract", ordinal=0, section=("Abstract",), start=0,
        end=len(text), text=text, tokens=len(text.split()),
    )  # fmt: skip
    corpus = MemoryCorpus([paper], {paper.id: [chunk]}, encode=encode, reader=reader)
    asked = read_question(claim)
    found = read_evidence(claim, corpus)
    near = sorted(found, key=lambda c: -c.signals["similarity"])
    abstract = document["abstract"]
    return {
        "evidence as an answer shows it": {c.text for c in select(asked, found, corpus=corpus)},
        "best two": {c.text for c in found[:2]},
        "best one": {c.text for c in found[:1]},
        "most similar sentence": {c.text for c in near[:1]},
        "first two sentences": set(abstract[:2]),
        "last two sentences": set(abstract[-2:]),
    }


def main(encode: Callable[[Sequence[str]], Any] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print every answer")
    arguments = parser.parse_args()
    encode, reader = encode or load_encode(), RememberingReader()
    questions(encode, reader=reader, show=arguments.show)
    print("\n| evidence sentences, held-back claims | precision | recall | F1 |")
    claims(encode, reader=reader)


if __name__ == "__main__":
    main()
