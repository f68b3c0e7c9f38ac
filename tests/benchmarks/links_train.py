"""Makes ``kb/parsing/data/announcing.npz``, by which ``kb.parsing.own_links`` hears authors announce what they made.

    python -m tests.benchmarks.links_train DATA [--write]

DATA is the folder that holds ``arxiv`` (records under CC0 1.0). Sentences of abstracts that hold an address of the web
are announcements of the paper's own code, data or project but for very few; the others are not, and an address is put
into them: what is learned are the words before it. A fifth of the abstracts is held out.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression

from kb.parsing.own_links import BUCKETS, PLACE_OF_NOTE, TABLE, features, words_before
from kb.text import sentence_spans

_OTHERS = 12  # sentences that announce nothing, to one that does


def sentences_of(records: Path) -> list[tuple[str, bool, bool]]:
    """(sentence, whether it holds an address, whether it is held out)."""
    found = []
    draw = random.Random(0)
    with gzip.open(records, "rt") as lines:
        for line in lines:
            text = " ".join(json.loads(line)["abstract"].split())
            held = draw.random() < 0.2
            found += [(text[a:b], "://" in text[a:b], held) for a, b in sentence_spans(text)]
    yes = sum(is_own for _, is_own, _ in found)
    share = _OTHERS * yes / max(1, len(found) - yes)
    return [
        (text if is_own else _with_a_note(text, draw), is_own, held)
        for text, is_own, held in found
        if is_own or draw.random() < share
    ]


def _with_a_note(text: str, draw: random.Random) -> str:
    """A sentence with an address somewhere in its second half, so that length and place tell nothing."""
    words = text.split()
    place = draw.randint(len(words) // 2, len(words)) if draw.random() < 0.5 else len(words)
    return " ".join([*words[:place], PLACE_OF_NOTE, *words[place:]])


def matrix(texts: list[str]) -> csr_matrix:
    """Features of sentences, each row of length one."""
    rows, columns = [], []
    for row, text in enumerate(texts):
        places = features(words_before(text))
        rows += [row] * len(places)
        columns += places
    made = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(texts), BUCKETS))
    norms = np.sqrt(np.asarray(made.multiply(made).sum(axis=1)).ravel())
    return csr_matrix(made.multiply((1 / np.maximum(norms, 1))[:, None]))


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", action="store_true", help="write the table to where kb reads it")
    asked = parser.parse_args()
    found = sentences_of(asked.data / "arxiv" / "records.jsonl.gz")
    train, held = [one for one in found if not one[2]], [one for one in found if one[2]]
    model = LogisticRegression(C=3.0, max_iter=400)
    model.fit(matrix([text for text, _, _ in train]), [own for _, own, _ in train])
    scale = float(np.abs(model.coef_).max() / 127)
    weights = np.round(model.coef_[0] / scale).astype(np.int8)
    scores = matrix([text for text, _, _ in held]) @ (weights * scale) + model.intercept_[0]
    truth = np.array([own for _, own, _ in held])
    for least in (-2.0, -1.0, 0.0, 1.0):
        told = scores > least
        print(
            f"above {least}: precision {(told & truth).sum() / told.sum():.3f}, recall"
            f" {(told & truth).sum() / truth.sum():.3f} of {truth.sum()}"
        )
    if asked.write:
        np.savez_compressed(TABLE, weights=weights, scale=np.float32(scale), intercept=np.float32(model.intercept_[0]))
        print(f"{TABLE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
