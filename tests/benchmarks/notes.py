"""How good roles and one-sentence summaries are, and how fast notes are made.

    python -m tests.benchmarks.notes DATA [--papers N]
    python -m tests.benchmarks.notes DATA --only full

DATA holds ``csabstruct/dev.jsonl``, ``scitldr/dev.jsonl`` and ``arxiv/records.jsonl.gz``. The summary is what a note
without a model shows. ROUGE-1 and ROUGE-L are F1 over lower-case words with Porter's stemmer (as in rouge-score with
``use_stemmer=True``), against the reference with the best ROUGE-1; nothing is left out: a paper without a summary
scores zero. "best sentence" is an oracle that knows the references. ``--only full`` adds the PDFs below DATA/pdfs to a
new home and times the notes of at most ten of them, once with cutting their figures and once with figures kept.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import snowballstemmer
from sklearn.metrics import f1_score

from kb import Library
from kb.encoders import load_encoder
from kb.index.chunking import chunk_paper
from kb.notes.note import write_note
from kb.notes.roles import Part, by_meaning, by_words, opener_length, scores
from kb.protocols import Encoder
from kb.records import Language, Paper
from kb.settings import Settings
from tests.memory_corpus import MemoryCorpus

_porter = lru_cache(maxsize=100_000)(snowballstemmer.stemmer("porter").stemWord)


def words(text: str) -> list[str]:
    """Lower-case words, those longer than three letters stemmed."""
    return [_porter(word) if len(word) > 3 else word for word in re.findall(r"[a-z0-9]+", text.lower())]


def f1(overlap: int, found: int, wanted: int) -> float:
    """Harmonic mean of precision and recall."""
    return 2 * overlap / (found + wanted) if overlap else 0.0


def rouge(found: str, references: Sequence[str]) -> tuple[float, float]:
    """ROUGE-1 and ROUGE-L in percent against the reference of the best ROUGE-1."""
    scores = []
    own = words(found)
    for reference in references:
        wanted = words(reference)
        shared = sum((Counter(own) & Counter(wanted)).values())
        scores.append((f1(shared, len(own), len(wanted)), f1(longest_common(own, wanted), len(own), len(wanted))))
    best = max(scores)
    return 100 * best[0], 100 * best[1]


def longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(second) + 1)
    for word in first:
        diagonal = 0
        for at, other in enumerate(second, 1):
            diagonal, row[at] = row[at], diagonal + 1 if word == other else max(row[at], row[at - 1])
    return row[-1]


def note_maker(encoder: Encoder) -> Callable[[Paper], Any]:
    """Notes of records without full text, with the product's chunks, encoder and verifier."""

    def make(paper: Paper) -> Any:
        chunks = chunk_paper(paper, None, count_tokens=encoder.count_tokens, max_tokens=encoder.max_tokens)
        none = np.zeros((len(chunks), 1), np.float32)
        corpus = MemoryCorpus([paper], {paper.id: chunks}, encode=encoder.encode_passages, vectors=none)
        return write_note(paper, corpus=corpus)

    return make


# The five roles of CSAbstruct and the parts that answer to them.
_ANSWERING: dict[str, tuple[Part, ...]] = {
    "background": ("background", "problem"),
    "objective": ("objective", "innovation"),
    "method": ("method", "setup"),
    "result": ("result", "significance"),
    "other": ("workload", "availability", "outlook", "layout", "none"),
}


def report_roles(data: Path, encoder: Encoder) -> None:
    """Macro-F1 of the roles on CSAbstruct dev, which was labelled by others by another guide."""
    records = [json.loads(line) for line in (data / "csabstruct/dev.jsonl").read_text("utf-8").splitlines()]
    gold = [label for record in records for label in record["labels"]]
    found: list[str] = []
    for record in records:
        texts = record["sentences"]
        words = by_words(texts, openers=[opener_length(text) for text in texts])
        meant, _ = by_meaning(texts, title="", encode=encoder.encode_passages)
        for one in scores(words + meant, in_abstract=[True] * len(texts)):
            found.append(max(_ANSWERING, key=lambda role: one.of(*_ANSWERING[role])))
    each = f1_score(gold, found, average=None, labels=list(_ANSWERING))
    told = ", ".join(f"{role} {value:.3f}" for role, value in zip(_ANSWERING, each, strict=True))
    right = np.mean([a == b for a, b in zip(gold, found, strict=True)])
    print(
        f"roles, CSAbstruct dev: accuracy {right:.3f}, macro-F1 {f1_score(gold, found, average='macro'):.3f} ({told})"
    )


# What a reader has not seen: a beginning that only a sentence before explains. By form, and not by the scorer.
UNSEEN = re.compile(
    r"(?:however|therefore|thus|hence|moreover|furthermore|additionally|specifically|consequently|nevertheless|instead"
    r"|accordingly|meanwhile|besides|also|then|second|third|finally|lastly|in addition|as a result|in contrast"
    r"|in particular|to this end|for this purpose|to do so|here|but|yet|so)\b,?"
    r"|(?:it|they|its|their|these|those|such|both)\b|this (?!paper|work|study|article|survey|thesis|report)"
    r"|(?:to|by|with|for|in|on|based on|motivated by|inspired by|building on|given|from|using|despite)\b[^,]{0,40}?"
    r"\b(?:this|these|those|such|it|them)\b(?! (?:paper|work|study|article))[^,]{0,40},",
    re.IGNORECASE,
)


def report_entries(data: Path, make: Callable[[Paper], Any], *, papers: int = 300) -> None:
    """How summaries begin, how many takeaways there are, what is not stated: abstracts drawn by lot, none labelled."""
    labels = Path(__file__).with_name("role_labels") / "sentences.jsonl"
    labelled = {json.loads(line)["paper"] for line in labels.read_text("utf-8").splitlines()}
    with gzip.open(data / "arxiv/records.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [one for one in map(json.loads, lines) if f"arxiv:{one['id']}" not in labelled]
    drawn = random.Random(16).sample(records, papers)
    started = time.process_time()
    notes = [make(Paper(id=f"arxiv:{one['id']}", title=one["title"], abstract=one["abstract"])) for one in drawn]
    spent = (time.process_time() - started) / papers
    with_summary = [note for note in notes if note.summary]
    openings = [bool(UNSEEN.match(note.summary.text)) for note in with_summary]
    points = [claim.text for note in notes for claim in note.takeaways]
    few = sum(len(note.takeaways) < 4 for note in notes)
    print(f"entries: {papers} abstracts, {len(with_summary)} with a summary, {sum(openings)} of these open on something"
          f" unseen; {len(points)} takeaways, {sum(bool(UNSEEN.match(text)) for text in points)} of these do;"
          f" fewer than four takeaways in {few}; {1000 * spent:.0f} ms of processor a note")  # fmt: skip
    states = Counter(name for note in notes for name, status in note.status.items() if status.state == "not stated")
    print("entries, said to be not stated: " + ", ".join(f"{name} {count}" for name, count in states.most_common()))


def report_summaries(data: Path, make: Callable[[Paper], Any]) -> None:
    """ROUGE of the summary on SciTLDR dev beside what is trivial and what is possible."""
    totals: dict[str, list[tuple[float, float]]] = {}
    for line in (data / "scitldr/dev.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        sentences, references = record["source"], record["target"]
        note = make(Paper(id=f"record:{record['paper_id']}", title=record["title"], abstract=" ".join(sentences)))
        ways = {
            "summary of the note": note.summary.text if note.summary else "",
            "first sentence": sentences[0],
            "last sentence": sentences[-1],
            "title": record["title"],
            "best sentence": max(sentences, key=lambda sentence: rouge(sentence, references)),
        }
        for way, text in ways.items():
            totals.setdefault(way, []).append(rouge(text, references))
    for way, both in totals.items():
        ones, longest = np.mean(both, axis=0)
        print(f"summaries, SciTLDR dev, {way}: ROUGE-1 {ones:.1f}, ROUGE-L {longest:.1f} (n={len(both)})")


def report_speed(data: Path, make: Callable[[Paper], Any], *, papers: int) -> None:
    """Notes a minute from arXiv abstracts."""
    with gzip.open(data / "arxiv/records.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line, _ in zip(lines, range(papers), strict=False)]
    started = time.perf_counter()
    for record in records:
        make(Paper(id=f"arxiv:{record['id']}", title=record["title"], abstract=record["abstract"]))
    spent = time.perf_counter() - started
    print(f"speed: {60 * papers / spent:.0f} notes a minute from {papers} abstracts")


def report_full_speed(data: Path, *, papers: int = 10) -> None:
    """Notes a minute from full papers, as ``kb note`` makes them; notes are kept by language, figures are not."""
    ways: tuple[tuple[str, Language], ...] = (("with figures cut", "en"), ("with figures kept", "zh"))
    with (
        tempfile.TemporaryDirectory() as folder,
        Library.open(Settings(home=Path(folder) / "home", threads=1)) as library,
    ):
        library.add(sorted(map(str, data.glob("pdfs/*/*.pdf"))))
        full = [paper.id for paper in library.list() if paper.fulltext.state == "full"][:papers]
        library._models.encoder().encode_passages(["a first text loads the encoder"])
        for what, language in ways:
            wall, processor = time.perf_counter(), _processor_seconds()
            for key in full:
                library.speaking(language).note(key)
            wall, processor = time.perf_counter() - wall, _processor_seconds() - processor
            print(f"speed, {len(full)} full papers, {what}: {processor:.1f} s of processor, {wall:.1f} s of the clock")


def _processor_seconds() -> float:
    """Of this process and its ended children (figures are cut in one)."""
    return sum(os.times()[:4])


def main() -> None:
    """All reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--papers", type=int, default=50)
    parser.add_argument("--only", choices=("full",))
    given = parser.parse_args()
    if given.only == "full":
        report_full_speed(given.data)
        return
    encoder = load_encoder(Settings())
    make = note_maker(encoder)
    make(Paper(id="arxiv:1", title="Tides", abstract="We measure tides. They rise."))  # loads the encoder
    report_roles(given.data, encoder)
    report_entries(given.data, make)
    report_speed(given.data, make, papers=given.papers)
    report_summaries(given.data, make)


if __name__ == "__main__":
    main()
