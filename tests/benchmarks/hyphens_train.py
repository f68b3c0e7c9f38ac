"""Makes ``kb/parsing/data/words.npz``, by which ``kb.parsing.paragraphs`` judges hyphens at line ends, and measures it.

    pip install --target FOLDER pyphen==0.17.2 wordfreq==3.1.1
    PYTHONPATH=.:FOLDER python -m tests.benchmarks.hyphens_train DATA [--write] [--faults]

DATA is the folder that holds ``arxiv`` (records under CC0 1.0) and ``scifact``. Forms are counted in four fifths of the
abstracts with their authors and titles, and of those of SciFact (ODC-By 1.0): words, hyphened pairs, what stands before
and after hyphens. Other abstracts are set in lines of 30 to 95 letters, twenty of one category to a paper; where a word
does not fit, it is broken at a hyphen of its own, or where the patterns of TeX (pyphen) allow it. That gives breaks
whose truth is known, in the proportions of print. A third of these papers is held out; so is a fifth of SciFact
(biomedicine), broken likewise; and words of German and French (wordfreq), broken by the patterns of those languages, of
which nothing was counted or trained on (words of Spanish, Italian, Dutch and Polish were trained on, so that the counts
are not asked of what they do not know).
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from kb.parsing.glyphs import SOFT_HYPHEN
from kb.parsing.paragraphs import EIGHTHS, ENDS, TABLE, HashedCounts, LineEnd, Vocabulary, features

LEAST = 3  # times a form is written, to be kept
LEAST_PAIR = 2  # the same, of hyphened forms
TOGETHER = 20  # abstracts that are one paper
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?(?:-[^\W\d_]+)*-?")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


class Break(NamedTuple):
    """A word broken at a line's end, and what its hyphen is."""

    left: str
    right: str
    end: LineEnd


def count_forms(texts: Iterable[str]) -> Counter[str]:
    """How often each form is written (see ``kb.parsing.paragraphs.Counts``); "- and" for halves left out before it."""
    counts: Counter[str] = Counter()
    for text in texts:
        tokens = [token.casefold() for token in _TOKEN.findall(text)]
        for at, token in enumerate(tokens):
            parts = token.rstrip("-").split("-")
            counts.update(parts)
            if token.endswith("-") and at + 1 < len(tokens):
                counts[f"- {tokens[at + 1].split('-')[0]}"] += 1
            if len(parts) > 1:
                if len(parts) > 2:
                    counts["-".join(parts)] += 1
                for one, two in pairwise(parts):
                    counts[f"{one}-{two}"] += 1
                    counts[f"{one}-"] += 1
                    counts[f"-{two}"] += 1
    return counts


def table_of(counts: Counter[str]) -> HashedCounts:
    """The forms that are written often enough, hashed."""
    kept = {form: count for form, count in counts.items() if count >= (LEAST_PAIR if "-" in form else LEAST)}
    hashed: dict[int, int] = {}
    for form, count in kept.items():
        key = zlib.crc32(form.encode())
        hashed[key] = max(hashed.get(key, 0), min(255, round(EIGHTHS * float(np.log2(1 + count)))))
    keys = np.array(sorted(hashed), dtype=np.uint32)
    return HashedCounts(keys, np.array([hashed[int(key)] for key in keys], dtype=np.uint8))


def set_in_lines(text: str, *, width: int, points: Any, draw: random.Random) -> Iterator[tuple[str, Break | None]]:
    """Lines of a text, the last word of some broken, with that break."""
    line, room = [], width
    words = text.split()
    at = 0
    while at < len(words):
        word = words[at]
        if len(word) <= room:
            line.append(word)
            room -= len(word) + 1
            at += 1
            continue
        cuts = list(_cuts(word, room, points, draw))
        if cuts and draw.random() < 0.85:
            place, end = draw.choice(cuts[-2:])
            rest = word[place:].removeprefix("-")
            left, right = re.search(r"[^\W_]+(?:-[^\W_]+)*$", word[:place]), re.match(r"[^\W_]+(?:-[^\W_]+)*", rest)
            if left and right:
                yield " ".join([*line, word[:place] + SOFT_HYPHEN]), Break(left[0], right[0], end)
                line, room = [], width
                words[at] = rest
                continue
        halved = re.search(r"[^\W\d_]+$", line[-1][:-1]) if line and line[-1].endswith("-") else None
        after = re.match(r"[^\W\d_]+", word)
        yield " ".join(line), Break(halved[0], after[0], "suspended") if halved and after else None
        line, room = [], width
        if len(word) > width:
            at += 1
    yield " ".join(line), None


def _cuts(word: str, room: int, points: Any, draw: random.Random) -> Iterator[tuple[int, LineEnd]]:
    """Where a word may be broken so that the piece and a hyphen fit."""
    own = [match.start() for match in re.finditer(r"(?<=[^\W\d_])-(?=[^\W\d_])", word)]
    if own:
        yield from ((place, "hyphened") for place in own if place + 1 <= room)
        if draw.random() < 0.8:
            return  # TeX breaks such words nowhere else
    for match in re.finditer(r"[^\W\d_]{5,}", word):
        for point in points.positions(match[0]):
            place = match.start() + point
            if 2 <= point <= len(match[0]) - 2 and place + 1 <= room:
                yield place, "joined"


Paper = tuple[list[str], list[Break]]


def papers_of(texts: Sequence[str], *, points: Any, draw: random.Random) -> list[Paper]:
    """The texts in lines, so many to a paper, with the breaks in them."""
    found: list[Paper] = []
    for start in range(0, len(texts) - TOGETHER + 1, TOGETHER):
        width = draw.choice((30, 45, 50, 60, 75, 95))
        rows = [row for text in texts[start : start + TOGETHER]
                for row in set_in_lines(text, width=width, points=points, draw=draw)]  # fmt: skip
        found.append(([line for line, _ in rows], [one for _, one in rows if one]))
    return found


def matrix(papers: Iterable[Paper], counts: HashedCounts) -> tuple[list[list[float]], list[int], list[Break]]:
    """Features, truth and breaks of papers."""
    rows, truth, breaks = [], [], []
    for lines, own in papers:
        paper = Vocabulary(lines)
        for one in own:
            rows.append(features(one.left, one.right, paper=paper, counts=counts))
            truth.append(ENDS.index(one.end))
            breaks.append(one)
    return rows, truth, breaks


def say(
    name: str, rows: list[list[float]], truth: list[int], breaks: list[Break], weights: Any, *, faults: int
) -> None:
    """Print how often the judge is wrong, and how often those would be who ask the paper alone, or always join."""
    x, y = np.array(rows), np.array(truth)
    told = (x @ weights.T).argmax(axis=1)
    alone = np.where(x[:, 2] > x[:, 1], 1, 0)
    for end, one in enumerate(ENDS):
        own = y == end
        if own.any():
            print(
                f"{name}: {one} {own.sum()}, wrong: judge {(told[own] != end).mean():.2%}, the paper's words alone"
                f" {(alone[own] != end).mean():.2%}, always joined {float(end != 0):.0%}"
            )
    print(
        f"{name}: all {len(y)}, wrong: judge {(told != y).mean():.2%}, the paper's words alone"
        f" {(alone != y).mean():.2%}, always joined {(y != 0).mean():.2%}"
    )
    wrong = [at for at in range(len(y)) if told[at] != y[at]]
    for at in random.Random(3).sample(wrong, min(faults, len(wrong))):
        print(f"   {breaks[at].left}|{breaks[at].right} is {breaks[at].end}, told {ENDS[told[at]]}")


def foreign_papers(language: str, *, points: Any, draw: random.Random, most: int = 20) -> list[Paper]:
    """Common words of a language in an order drawn by lot, some capital, two in a hundred hyphened: papers of it."""
    from wordfreq import top_n_list, word_frequency  # type: ignore[import-not-found]

    words = [word for word in top_n_list(language, 30_000) if _WORD.fullmatch(word)]
    weights = [word_frequency(word, language) ** 0.5 for word in words]
    long = [word for word in words if len(word) > 3]
    texts = []
    for _ in range(most):
        own = ["-".join(draw.sample(long, 2)) for _ in range(60)]
        own = [
            word.title() if draw.random() < 0.3 else word.capitalize() if draw.random() < 0.2 else word for word in own
        ]
        for _ in range(TOGETHER):
            drawn = draw.choices(words, weights, k=200)
            texts.append(" ".join(draw.choice(own) if draw.random() < 0.02 else word.capitalize()
                                  if draw.random() < 0.15 else word for word in drawn))  # fmt: skip
    return papers_of(texts, points=points, draw=draw)


def main() -> None:
    """Count, train, measure, write."""
    import pyphen  # type: ignore[import-not-found]

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", action="store_true", help="write the table to where kb reads it")
    parser.add_argument("--faults", type=int, default=0, help="show so many of the held-out breaks judged wrongly")
    asked = parser.parse_args()
    draw = random.Random(0)
    by_category: dict[str, list[str]] = defaultdict(list)
    with gzip.open(asked.data / "arxiv" / "records.jsonl.gz", "rt") as lines:
        for line in lines:
            record = json.loads(line)
            cited = f"{', '.join(record['authors'][:6])}. {record['title']}."
            by_category[record["categories"][0]].append(" ".join([*record["abstract"].split(), *cited.split()]))
    counted: list[str] = []
    others: list[list[str]] = []
    for category in sorted(by_category):
        texts = by_category[category]
        draw.shuffle(texts)
        cut = len(texts) * 4 // 5
        counted += texts[:cut]
        others += [texts[at : at + TOGETHER] for at in range(cut, len(texts) - TOGETHER + 1, TOGETHER)]
    with gzip.open(asked.data / "scifact" / "corpus.jsonl.gz", "rt") as lines:
        medical = [" ".join(json.loads(line)["text"].split()) for line in lines]
    cut = len(medical) * 4 // 5
    counts = table_of(count_forms([*counted, *medical[:cut]]))
    print(f"{len(counted)} abstracts counted, {len(counts.keys)} forms kept")
    english = pyphen.Pyphen(lang="en_US")
    draw.shuffle(others)
    papers = [paper for texts in others for paper in papers_of(texts, points=english, draw=draw)]
    held = papers[: len(papers) // 3]
    trained = papers[len(held) :]
    for language, code in (("es", "es"), ("it", "it_IT"), ("nl", "nl_NL"), ("pl", "pl_PL")):
        trained += foreign_papers(language, points=pyphen.Pyphen(lang=code), draw=draw, most=10)
    rows, truth, _ = matrix(trained, counts)
    model = LogisticRegression(C=1.0, max_iter=1000, class_weight={0: 1.0, 1: 1.0, 2: 8.0})
    x = np.array(rows)
    scale = np.maximum(x.std(axis=0), 1e-9)
    model.fit((x / scale)[:, 1:], truth)
    weights = np.c_[model.intercept_, model.coef_ / scale[1:]].astype(np.float32)
    say("arXiv, held out", *matrix(held, counts), weights, faults=asked.faults)
    say("SciFact", *matrix(papers_of(medical[cut:], points=english, draw=draw), counts), weights, faults=asked.faults)
    for language, code in (("de", "de_DE"), ("fr", "fr")):
        foreign = foreign_papers(language, points=pyphen.Pyphen(lang=code), draw=draw)
        say(language, *matrix(foreign, counts), weights, faults=asked.faults)
    if asked.write:
        np.savez_compressed(TABLE, keys=counts.keys, eighths=counts.eighths, weights=weights)
        print(f"{TABLE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
