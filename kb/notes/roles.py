"""What each sentence of a paper does there, learnt from sentences that were read and labelled.

A linear scorer: word n-grams of the sentence and its neighbours, its place, forms (a number, an address, a citation),
and the encoder's vector of the sentence. ``tests/benchmarks/roles_train.py`` makes the weights and compares them with
others. Read with numpy alone. Without vectors of the encoder that the weights were learnt with, words decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kb.protocols import Vectors
from kb.structure import CITATION, POINTER
from kb.text import CJK, CLOSERS, FULL_STOPS

Part = Literal[
    "background", "problem", "objective", "method", "setup", "result", "significance", "innovation", "workload",
    "availability", "outlook", "layout", "none",
]  # fmt: skip
PARTS: tuple[Part, ...] = (
    "background", "problem", "objective", "method", "setup", "result", "significance", "innovation", "workload",
    "availability", "outlook", "layout", "none",
)  # fmt: skip
HEADS = (*PARTS, "leans", "worth", "summary")
"""Columns of the weights: a log-odds for each part and for leaning on another sentence; worth and fitness as a summary
themselves."""
PROBE = "The level of the river rises with the tide."
"""A sentence whose vector tells whether an encoder is the one that the weights were learnt with."""

_WORD = re.compile(rf"[a-z0-9][\w\-']*|%|[{CJK}]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# "We" and "this paper": the paper speaks of itself. Grammar, not meaning; the place to the first of them tells much.
_OWN = re.compile(
    r"\b(?:we|our|us|(?:this|the present) (?:paper|work|article|study))\b|本文|我们|本研究", re.IGNORECASE
)
_VECTOR_SCALE = 2.0
POINTS = re.compile(rf"\b{POINTER}\s*[~ ]?\(?(?:\d|[A-Z]\b)|§")
"""A pointer to a part of the paper: "Table 2", "Section 3", "§4"."""
MEASURED = re.compile(r"\d+(?:\.\d+)?\s*(?:\\?[%％]|x\b|\$?\\times|×|percent|times|points?|倍)|\d\.\d")
"""A number with what it counts in, or one with decimals."""
KEY_POINT, FAIR_DETAIL = 1.2, 0.8
"""Worth from which a sentence is a takeaway, and from which it is one where there are few: between labels 0, 1, 2."""
_SHAPES = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("@number", r"\d"),
        ("@measured", MEASURED.pattern),
        ("@address", r"https?://|www\."),
        ("@citation", CITATION),
        ("@pointer", POINTS.pattern),
        ("@maths", r"\$|[∈≤≥∑=]"),
        ("@question", r"\?\s*$"),
        ("@colon", r":\s*$"),
        ("@ed", r"\b\w+ed\b"),
        ("@past", r"\b(was|were|had)\b"),
        ("@joined", r"[;:]"),
        ("@lower", r"^[a-z]"),
        ("@open end", rf"[^{FULL_STOPS}{CLOSERS}]$"),
        ("@capitals", r"\b[A-Z][a-z]*[A-Z]"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceScores:
    """What a sentence does: a score in [0, 1] for each part (several may be high) and for leaning on another sentence,
    how glad a reader would be of it among the key points, about 0 (not) to 3 (the summary), and how good it would be as
    the one sentence below the title, about 0 to 1.

    Scores rank; ``is_likely`` and ``is_leaning`` say from which on one is to be believed, in an abstract and elsewhere.
    """

    parts: Mapping[Part, float]
    leans: float
    worth: float
    summary: float
    in_abstract: bool

    def of(self, *parts: Part) -> float:
        """The highest score of these parts."""
        return max(self.parts[part] for part in parts)

    def likeliest(self, parts: Sequence[Part] = PARTS) -> Part:
        """The likeliest of these parts; of equal ones the first."""
        return max(parts, key=self.parts.__getitem__)


# ------------------------------------------------------------------------------------- what is seen of a sentence


def features(
    texts: Sequence[str], *, openers: Sequence[int], shares: Sequence[float] | None = None
) -> list[dict[str, float]]:
    """What the scorer sees of consecutive sentences; the training uses this very function.

    Keys: n-grams of up to two words, ``^`` the first one to three words, ``<`` and ``>`` n-grams of the sentence before
    and after, ``|`` the first words behind an opener, ``@`` place and form.

    Args:
        texts: all sentences of an abstract, or consecutive sentences of one section.
        openers: for each how many characters ``opener_length`` would cut.
        shares: for sentences of a full text, their places in the whole of it, in [0, 1]; None for an abstract.
    """
    words = [_words(text) for text in texts]
    grams = [_grams(row) for row in words]
    rows = []
    for at, text in enumerate(texts):
        found = dict.fromkeys(grams[at], 1.0)
        found.update(dict.fromkeys(["^" + " ".join(words[at][:length]) for length in (1, 2, 3)], 1.0))
        rest = _words(text[openers[at] :])
        found.update(dict.fromkeys(["|" + " ".join(rest[:length]) for length in (1, 2)], 1.0))
        found.update({"@opener": 1.0} if openers[at] else {})
        for mark, other in (("<", at - 1), (">", at + 1)):
            near = grams[other] if 0 <= other < len(texts) else ["∅"]
            found.update(dict.fromkeys([mark + gram for gram in near], 0.5))
        found.update({name: 1.0 for name, pattern in _SHAPES if pattern.search(text)})
        found[f"@length {min(6, len(words[at]) // 8)}"] = 1.0
        if shares is not None:
            found[f"@share {min(4, int(5 * shares[at]))}"] = 1.0
        rows.append(found)
    if shares is None:
        for row, place in zip(rows, _places(texts), strict=True):
            row.update(dict.fromkeys(place, 1.0))
    return rows


def _words(text: str) -> list[str]:
    return [_NUMBER.sub("0", word) if word[0].isdigit() else word for word in _WORD.findall(text.lower())]


def _grams(words: Sequence[str]) -> list[str]:
    return [*words, *map(" ".join, pairwise(words))]


def _places(texts: Sequence[str]) -> list[list[str]]:
    """Where each sentence of an abstract stands: in it, and to the first that speaks of the paper's own work."""
    own = [_OWN.search(text) is not None for text in texts]
    first, count = next((at for at, is_own in enumerate(own) if is_own), len(texts)), len(texts)
    places = []
    for at in range(count):
        place = ["@abstract", f"@fifth {5 * at // count}", f"@own {max(-3, min(3, at - first))}", f"@is own {own[at]}"]
        place += ["@first"] * (at == 0) + ["@second"] * (at == 1) + ["@last"] * (at == count - 1)
        place += ["@before own"] * (at < first) + ["@after own"] * (at > first)
        place += ["@own later"] * any(own[at + 1 :]) + ["@own earlier"] * any(own[:at])
        places.append(place)
    return places


# ---------------------------------------------------------------------------------------------------- the scorer


@dataclass(frozen=True, slots=True)
class _Weights:
    names: Mapping[str, int]
    words: NDArray[np.float32]  # (n-grams, heads)
    meaning: NDArray[np.float32]  # (dimension + 1, heads): the vector, and likeness to the title
    bias: NDArray[np.float32]
    typical: NDArray[np.float32]  # what the meaning adds on the average
    probe: NDArray[np.float32]
    cuts: NDArray[np.float32]  # (2, parts + 1): scores from which a part, or leaning, is likely: abstracts, full texts
    openers: Mapping[str, float]


@cache
def _weights() -> _Weights:
    with resources.files("kb.notes").joinpath("data/roles.npz").open("rb") as file, np.load(file) as data:
        names = bytes(data["names"]).decode().split("\n")
        openers = bytes(data["opener_names"]).decode().split("\n")
        return _Weights(
            names={name: at for at, name in enumerate(names)},
            words=data["words"].astype(np.float32) * data["scale"],
            meaning=data["meaning"].astype(np.float32),
            bias=data["bias"],
            typical=data["typical"],
            probe=data["probe"].astype(np.float32),
            cuts=data["cuts"],
            openers=dict(zip(openers, data["openers"].astype(float).tolist(), strict=True)),
        )


def by_words(
    texts: Sequence[str], *, openers: Sequence[int], shares: Sequence[float] | None = None
) -> NDArray[np.float32]:
    """(n, len(HEADS)) raw scores from words and places alone; arguments as of ``features``."""
    weights = _weights()
    raw = np.tile(weights.bias, (len(texts), 1))
    for row, found in zip(raw, features(texts, openers=openers, shares=shares), strict=True):
        known = [(weights.names[name], value) for name, value in found.items() if name in weights.names]
        if known:
            at, values = zip(*known, strict=True)
            row += np.asarray(values, np.float32) @ weights.words[list(at)]
    return raw


def by_meaning(
    texts: Sequence[str], *, title: str, encode: Callable[[Sequence[str]], Vectors]
) -> tuple[NDArray[np.float32], Vectors]:
    """(n, len(HEADS)) raw scores to be added to those of the words, and the sentences' vectors (n, d).

    Meaning adds the same to all sentences where the encoder is not the one that the weights were learnt with.
    """
    weights = _weights()
    vectors = np.asarray(encode([PROBE, title or texts[0], *texts]), dtype=np.float32)
    probe, titled, own = vectors[0], vectors[1], vectors[2:]
    if len(probe) != len(weights.probe) or float(probe @ weights.probe) < 0.9:
        return np.tile(weights.typical, (len(texts), 1)), own
    return seen_meaning(own, titled) @ weights.meaning, own


def seen_meaning(vectors: Vectors, title: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, d + 1): what the scorer sees of the vectors of sentences (n, d) and of their title (d,)."""
    return np.concatenate([_VECTOR_SCALE * vectors, (vectors @ title)[:, None]], axis=1)


def scores(raw: NDArray[np.float32], *, in_abstract: Sequence[bool]) -> list[SentenceScores]:
    """Scores of sentences from their raw scores (n, len(HEADS)); ``in_abstract`` for each."""
    odds = 1.0 / (1.0 + np.exp(-raw[:, : len(PARTS) + 1]))
    return [
        SentenceScores(
            parts=dict(zip(PARTS, row.tolist(), strict=False)),
            leans=float(row[-1]),
            worth=float(worth),
            summary=float(summary),
            in_abstract=inside,
        )
        for row, (worth, summary), inside in zip(odds, raw[:, -2:], in_abstract, strict=True)
    ]


def is_likely(sentence: SentenceScores, part: Part) -> bool:
    """Whether a sentence has a part, by the score that told it best in the training."""
    return sentence.parts[part] >= _cut(sentence, PARTS.index(part))


def is_leaning(sentence: SentenceScores) -> bool:
    """Whether a sentence leans on another."""
    return sentence.leans >= _cut(sentence, len(PARTS))


def _cut(sentence: SentenceScores, head: int) -> float:
    return float(_weights().cuts[0 if sentence.in_abstract else 1, head])


# ------------------------------------------------------------------------------------------------------- openers

_LONGEST_OPENER = 14  # words
SURE_OPENER = 0.9
"""Log-odds from which a leading phrase is cut. What is cut wrongly ("Ideally,") makes another statement of a sentence:
cross-validated, no such phrase has more than 0.7, and four in five of those that may be cut have more."""
_REST = 4  # words that a sentence has at least
_NAMING = re.compile(r"\d|\s[A-Z]|[A-Z]{2}|[a-z][A-Z]|\$")
_POINTING = frozenset("this these that those such it its them their".split())


def opener_candidates(text: str) -> list[int]:
    """Where a sentence could begin anew: behind each comma of its first words, if enough of it is left.

    Never behind a number or a name: what has one says more than that there was a sentence before.
    """
    found = []
    for comma in re.finditer(r",\s+(?=\S)|，", text):
        opener = text[: comma.start()]
        if len(_words(opener)) > _LONGEST_OPENER or _NAMING.search(opener):
            break
        if len(_words(text[comma.end() :])) >= _REST:
            found.append(comma.end())
    return found


def opener_features(text: str, at: int) -> list[str]:
    """What is seen of a leading phrase ``text[:at]``."""
    words = _words(text[:at])
    first, last = (words[0], words[-1]) if words else ("", "")
    found = [
        "bias",
        "=" + " ".join(words),
        f"#{min(8, len(words))}",
        "^" + first,
        "^^" + " ".join(words[:2]),
        "$" + last,
    ]
    found += ["in " + gram for gram in _grams(words)]
    found += ["commas"] * (text[: at - 2].count(",") > 0)
    if _POINTING.intersection(words):
        found += ["points back", "^ points back " + first]
    return found


def opener_length(text: str) -> int:
    """How many characters a leading phrase has that only ties the sentence to the one before; 0 for none.

    "However, the model fails." -> 9: the rest is a whole sentence and as true without it.
    """
    known = _weights().openers
    likely = [(sum(known.get(name, 0.0) for name in opener_features(text, at)), at) for at in opener_candidates(text)]
    best = max(likely, default=(0.0, 0))
    return best[1] if best[0] > SURE_OPENER else 0
