"""Trains what tells a person's name, a place of work and anything else apart in front matter, and says how well.

    python -m tests.benchmarks.front_train GROBID RECORDS [--write kb/parsing/data/front.json]

GROBID is a clone of github.com/kermitt2/grobid (Apache-2.0), whose trainer holds first pages typed by hand: lines of
744 headers, 1,117 bylines, 1,098 affiliations. RECORDS is a gzipped file of arXiv metadata, a JSON record a line
(CC0): names from all over the world. A fifth of the documents of each corpus, and of the names, is held out; for
comparison a pattern of institutions' words, as the parser had it before, is scored on the same lines.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import html
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from kb.parsing.first_page import KINDS, TABLE, features

_WORDS = re.compile(
    r"Universi|Institut|Laborator|\bLabs?\b|Research|\bInc\b|\bLtd\b|College|Department|\bDept|School|Academ|Cent(?:er|re)"
    r"|Hospital|Faculty|Foundation|Technolog|Sciences?\b|Google|Microsoft|\bUSA\b|\bUK\b|China\b|Germany|Japan|France",
)  # fmt: skip
_ELEMENTS = {
    "affiliation": "place", "address": "place", "titlePart": "other", "div": "other", "keyword": "other",
    "date": "other", "note": "other", "idno": "other", "reference": "other", "docAuthor": None, "email": None,
}  # fmt: skip


def _texts(inner: str) -> list[str]:
    """The printed lines of an element."""
    inner = re.sub(r"<lb\s*/>", "\n", re.sub(r"\s+", " ", inner))
    lines = html.unescape(re.sub(r"<[^>]+>", "", inner)).split("\n")
    return [text for line in lines if len(text := " ".join(line.split()).strip(" ,;.*")) > 2]


def lines_of(grobid: Path) -> Iterator[tuple[str, str, str]]:
    """(document, kind, text) of every printed line whose kind was typed."""
    folder = grobid / "grobid-trainer/resources/dataset"
    for path in sorted(folder.glob("header/**/tei/*.xml")):
        text = path.read_text("utf-8", errors="replace")
        for tag, kind in _ELEMENTS.items():
            found = re.findall(rf"<{tag}(?: [^>]*)?>(.*?)</{tag}>", text, re.DOTALL) if kind else []
            for inner in found:
                for line in _texts(inner)[: 4 if kind == "other" else 9]:
                    yield path.name, kind or "", re.sub(r"^[\d*†‡§]+ ?", "", line)
    for path in sorted(folder.glob("affiliation-address/corpus/*.xml")):
        text = path.read_text("utf-8", errors="replace")
        for inner in re.findall(r"<affiliation[^>]*>(.*?)</affiliation>", text, re.DOTALL):
            inner = re.sub(r"<marker>.*?</marker>", "", inner, flags=re.DOTALL)
            for line in (*_texts(inner), " ".join(_texts(inner))):
                yield path.name, "place", line
            for name in re.findall(r"<orgName[^>]*>(.*?)</orgName>", inner, re.DOTALL):
                yield path.name, "place", " ".join(_texts(name))
    for path in sorted(folder.glob("name/header/corpus/*.xml")):
        text = path.read_text("utf-8", errors="replace")
        for inner in re.findall(r"<persName[^>]*>(.*?)</persName>", text, re.DOTALL):
            inner = re.sub(r"<(marker|title|roleName)>.*?</\1>", "", inner, flags=re.DOTALL)
            yield path.name, "name", re.sub(r"\s+and$|[^\w.]+$", "", " ".join(_texts(inner)))


def names_of(records: Path, *, most: int) -> list[str]:
    """Distinct names of arXiv's authors, drawn by lot."""
    with gzip.open(records, "rt") as lines:
        names = {name for line in lines for name in json.loads(line)["authors"]}
    return random.Random(0).sample(sorted(names), min(most, len(names)))


def main() -> None:
    """Train, score, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("grobid", type=Path)
    parser.add_argument("records", type=Path)
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args()
    lines = [line for line in lines_of(asked.grobid) if len(line[2]) > 2]
    lines += [(name, "name", name) for name in names_of(asked.records, most=9000)]
    shouted = random.Random(1).sample(range(len(lines)), len(lines) // 10)
    lines += [(d, k, t.upper()) for d, k, t in (lines[at] for at in shouted)]
    documents = sorted({document for document, _, _ in lines})
    held = set(random.Random(2).sample(documents, len(documents) // 5))
    sets = {name: [line for line in lines if (line[0] in held) == (name == "held")] for name in ("train", "held")}
    print({name: Counter(kind for _, kind, _ in found) for name, found in sets.items()})

    def matrix(found: list[tuple[str, str, str]]) -> csr_matrix:
        rows, columns = [], []
        for row, (_, _, text) in enumerate(found):
            places = features(text)
            rows += [row] * len(places)
            columns += places
        values = np.ones(len(rows))
        made = csr_matrix((values, (rows, columns)), shape=(len(found), TABLE))
        norms = np.sqrt(np.asarray(made.multiply(made).sum(axis=1)).ravel())
        return csr_matrix(made.multiply((1 / np.maximum(norms, 1))[:, None]))

    kinds = {name: [KINDS.index(kind) for _, kind, _ in found] for name, found in sets.items()}
    model = LogisticRegression(C=8, max_iter=300, class_weight="balanced")
    model.fit(matrix(sets["train"]), kinds["train"])
    scale = np.abs(model.coef_).max() / 127
    weights = np.round(model.coef_ / scale).astype(np.int8)
    found = (matrix(sets["held"]) @ (weights.T * scale) + model.intercept_).argmax(axis=1)
    truth = np.array(kinds["held"])
    for at, kind in enumerate(KINDS):
        right = ((found == at) & (truth == at)).sum()
        print(f"{kind}: precision {right / (found == at).sum():.3f} recall {right / (truth == at).sum():.3f}")
    words = np.array([bool(_WORDS.search(text)) for _, _, text in sets["held"]])
    place = truth == KINDS.index("place")
    print(
        f"words: precision {(words & place).sum() / words.sum():.3f} recall {(words & place).sum() / place.sum():.3f}"
    )
    if asked.write:
        table = base64.b64encode(weights.T.tobytes()).decode("ascii")
        made = {"source": "GROBID's training pages (Apache-2.0), names of arXiv (CC0); tests/benchmarks/front_train.py",
                "kinds": KINDS, "scale": round(float(scale), 6), "intercept": model.intercept_.round(4).tolist(),
                "table": table}  # fmt: skip
        asked.write.write_text(json.dumps(made, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
