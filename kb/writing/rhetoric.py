"""The rhetorical role of each sentence: background, objective, method, result or other. Pure Python, no model.

A linear-chain conditional random field (Lafferty, McCallum and Pereira 2001) over binary word n-grams of a sentence
and its neighbours, its place, and a few shapes (numbers, tense, links). Word n-grams beat sentence embeddings here:
embeddings encode what a sentence is about, not what it does. ``tests/benchmarks/roles_train.py`` makes the weights
from CSAbstruct (Cohan et al. 2019), which labels abstracts; in the sections of a full paper the order of an abstract
does not hold, so there each sentence is judged by its words and by what its section's heading promises.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from operator import add, mul
from typing import Literal

from kb.structure import bare_title

SectionKind = Literal[
    "abstract", "introduction", "related", "method", "experiment", "result", "conclusion", "limitation", "aside"
]
Role = Literal["background", "objective", "method", "result", "other"]
ROLES: tuple[Role, ...] = ("background", "objective", "method", "result", "other")

_WORD = re.compile(r"[a-z0-9][\w\-']*|%|©")
_DIGIT = re.compile(r"\d")
_OWN_WORK = re.compile(
    r"\b(we|our|this (paper|work|article|study|survey|thesis)|(the|in this) (present )?(paper|work|article|study)"
    r"|is (proposed|presented|introduced|described)|herein)\b",
    re.IGNORECASE,
)
_SHAPES = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("@num", r"[\d%]"),
        ("@perf", r"\d+(\.\d+)?\s*(%|x\b|\\times|percent|times)"),
        ("@url", r"https?://|www\.|©|All rights reserved"),
        ("@ed", r"\b\w+ed\b"),
        ("@past", r"\b(was|were|had)\b"),
        ("@perfect", r"\b(has|have) (been|become|\w+ed)\b"),
        ("@question", r"\?\s*$"),
    )
)
_STOP = re.compile(r"[.!?][\"”)]*$")

# In the sections of a full paper: what a heading promises, added to the log odds of (background, objective, method,
# result, other). Set by reading, not learnt: no full papers with a role per sentence are free to use.
_SECTION_ODDS: Mapping[SectionKind, tuple[float, float, float, float, float]] = {
    "introduction": (1.0, 0.5, 0.0, -1.0, 0.0),
    "related": (2.5, -1.0, -1.0, -1.5, 0.0),
    "method": (-0.5, -1.0, 2.0, -1.5, 0.0),
    "experiment": (-1.5, -1.5, 1.5, 1.0, 0.0),
    "result": (-1.5, -1.5, 0.0, 2.0, 0.0),
    "conclusion": (-0.5, 0.0, 0.0, 0.5, 0.0),
    "limitation": (0.0, -1.0, -1.0, 0.0, 1.0),
    "aside": (-1.0, -1.0, -1.0, -1.0, 3.0),
}
_NO_ODDS = (0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleScores:
    """Probabilities of the five roles of one sentence; they sum to 1."""

    background: float
    objective: float
    method: float
    result: float
    other: float

    @property
    def role(self) -> Role:
        """The likeliest role; of equal ones the first in the order of ``ROLES``."""
        return max(ROLES, key=self.of)

    def of(self, role: Role) -> float:
        """The probability of ``role``."""
        return float(getattr(self, role))


@dataclass(frozen=True, slots=True)
class _Weights:
    scale: float
    features: Mapping[str, Sequence[int]]
    transitions: Sequence[Sequence[float]]
    initial: Sequence[float]
    offsets: Sequence[float]


def classify(sentences: Sequence[str], *, section: Sequence[str] = ()) -> list[RoleScores]:
    """Role probabilities of consecutive sentences.

    Args:
        sentences: all sentences of an abstract in order, or sentences of one section of a full paper.
        section: path of headings above them; empty or ending in "Abstract" for an abstract.

    Returns:
        One ``RoleScores`` a sentence: in an abstract the posterior marginals of the chain (forward-backward), so the
        neighbours' roles count; in a section each sentence alone with the odds that its heading promises.
    """
    weights = _weights()
    kind = section_kind(section) if section else "abstract"
    in_abstract = kind == "abstract"
    emissions = [_emission(found, weights) for found in features(sentences, in_order=in_abstract)]
    if in_abstract:
        raw = _marginals(emissions, weights)
    else:
        odds = _SECTION_ODDS.get(kind, _NO_ODDS) if kind else _NO_ODDS
        raw = [_exponentials(list(map(add, row, odds))) for row in emissions]
    return [_scores(row, weights.offsets) for row in raw]


def features(sentences: Sequence[str], *, in_order: bool = True) -> list[dict[str, float]]:
    """What the classifier sees of each sentence; the training script uses this very function.

    Keys: plain n-grams (1-3) of the sentence, ``^`` its first words, ``<`` and ``>`` n-grams (1-2) of the sentence
    before and after, ``~`` endings of its first words, ``@`` place and shape. With ``in_order=False`` the place is
    that of a sentence in the middle of a text, and the neighbours are left out.
    """
    words = [_words(sentence) for sentence in sentences]
    pairs = [_grams(row, 2) for row in words]
    cues = [_OWN_WORK.search(sentence) is not None for sentence in sentences]
    rows = []
    for index, sentence in enumerate(sentences):
        found = dict.fromkeys(pairs[index], 1.0)
        found.update(dict.fromkeys(map(" ".join, zip(*(words[index][k:] for k in range(3)), strict=False)), 1.0))
        for length in (1, 2, 3):
            found["^" + " ".join(words[index][:length])] = 1.0
        found.update(dict.fromkeys(["~" + word[-3:] for word in words[index][:6] if len(word) > 5], 1.0))
        found.update(_shape(sentence, len(words[index])))
        if in_order:
            if index:
                found.update(dict.fromkeys(["<" + gram for gram in pairs[index - 1]], 0.5))
            if index + 1 < len(sentences):
                found.update(dict.fromkeys([">" + gram for gram in pairs[index + 1]], 0.5))
            found.update(_place(index, len(sentences)))
            found.update(_cue_place(index, cues))
        else:
            found.update(_place(3, 7))
            found["@cue" if cues[index] else "@nocue"] = 1.0
        rows.append(found)
    return rows


def _words(sentence: str) -> list[str]:
    return ["0" if _DIGIT.search(word) else word for word in _WORD.findall(sentence.lower())]


def _grams(words: Sequence[str], longest: int) -> list[str]:
    grams = list(words)
    for length in range(2, longest + 1):
        grams.extend(map(" ".join, zip(*(words[k:] for k in range(length)), strict=False)))
    return grams


def _shape(sentence: str, length: int) -> dict[str, float]:
    found = {name: 1.0 for name, pattern in _SHAPES if pattern.search(sentence)}
    if not _STOP.search(sentence.rstrip()):
        found["@nostop"] = 1.0
    found["@len"] = min(length, 60) / 60
    return found


def _place(index: int, count: int) -> dict[str, float]:
    share = index / (count - 1) if count > 1 else 0.5
    found = {
        f"@r{int(min(0.999, share) * 5)}": 1.0,
        "@r": share,
        "@rr": share * share,
        "@n": min(count, 30) / 15,
        "@i": min(index, 10) / 10,
    }
    if index == 0:
        found["@first"] = 1.0
    if index == 1:
        found["@second"] = 1.0
    if index == count - 1:
        found["@last"] = 1.0
    return found


def _cue_place(index: int, cues: Sequence[bool]) -> dict[str, float]:
    """Where the sentence stands to the first that speaks of the paper's own work ("we", "this paper")."""
    first = next((at for at, cue in enumerate(cues) if cue), len(cues))
    distance = index - first
    found = {"@before" if distance < 0 else "@at" if distance == 0 else "@after": 1.0}
    if distance:
        found[f"@after{min(distance, 3)}" if distance > 0 else f"@left{min(-distance, 3)}"] = 1.0
    found["@cue" if cues[index] else "@nocue"] = 1.0
    if any(cues[index + 1 :]):
        found["@cue later"] = 1.0
    return found


@cache
def _weights() -> _Weights:
    text = resources.files("kb.writing").joinpath("data/roles.json").read_text(encoding="utf-8")
    data = json.loads(text)
    return _Weights(data["scale"], data["features"], data["transitions"], data["initial"], data["offsets"])


def _emission(found: Mapping[str, float], weights: _Weights) -> list[float]:
    known = weights.features
    background = objective = method = result = other = 0.0
    for name, value in found.items():
        row = known.get(name)
        if row is not None:
            background += value * row[0]
            objective += value * row[1]
            method += value * row[2]
            result += value * row[3]
            other += value * row[4]
    return [total * weights.scale for total in (background, objective, method, result, other)]


def _marginals(emissions: Sequence[Sequence[float]], weights: _Weights) -> list[list[float]]:
    """Forward-backward with scaled probabilities (Rabiner 1989): marginals of the roles, up to a factor a sentence."""
    if not emissions:
        return []
    own = [_exponentials(row) for row in emissions]
    steps = [[math.exp(value) for value in row] for row in weights.transitions]
    into = list(zip(*steps, strict=True))
    forward = [_scaled([a * math.exp(b) for a, b in zip(own[0], weights.initial, strict=True)])]
    for row in own[1:]:
        before = forward[-1]
        forward.append(_scaled([a * sum(map(mul, before, column)) for a, column in zip(row, into, strict=True)]))
    backward = [[1.0] * len(ROLES)]
    for row in reversed(own[1:]):
        ahead = list(map(mul, row, backward[-1]))
        backward.append(_scaled([sum(map(mul, ahead, step)) for step in steps]))
    backward.reverse()
    return [list(map(mul, ahead, behind)) for ahead, behind in zip(forward, backward, strict=True)]


def _exponentials(values: Sequence[float]) -> list[float]:
    top = max(values)
    return [math.exp(value - top) for value in values]


def _scaled(values: Sequence[float]) -> list[float]:
    total = sum(values)
    return [value / total for value in values]


def _scores(raw: Sequence[float], offsets: Sequence[float]) -> RoleScores:
    background, objective, method, result, other = _scaled(
        [value * math.exp(offset) for value, offset in zip(raw, offsets, strict=True)]
    )
    return RoleScores(background=background, objective=objective, method=method, result=result, other=other)


# ---------------------------------------------------------------------- what a heading promises

# First that matches decides, so the narrower ones stand first.
_TELLING: Mapping[SectionKind, str] = {
    "abstract": "^(abstract|summary)$",
    "aside": (
        "acknowledg|^references|bibliography|^appendi|supplement|ethic|broader impact|impact statement|funding"
        "|author contribution|conflict|competing|checklist|data availability|code availability|reproducib|licen[cs]e"
        "|^notation|^outline|^contents$|credit"
    ),
    "limitation": "limitation|threats to validity|failure (case|mode)|shortcoming",
    "related": (
        "related work|related research|prior (work|art)|previous work|literature|existing (work|method|approach)"
        "|state of the art|^background|^preliminar|background and related|^review of"
    ),
    "result": (
        "result|finding|ablation|comparison|performance|main experiment|error analys|^analys|quantitative|qualitative"
    ),
    "conclusion": "conclu|discussion|future work|closing|final remarks|outlook|summary|lessons",
    "experiment": (
        "experiment|evaluation|evaluating|setup|set-up|settings?$|baseline|implementation|data ?sets?\\b|corpus|corpora"
        "|^data$|data collection|benchmark|training (details|data|regime|setup)|^training$|hardware|schedule$"
        "|optimi[sz]er|regulari[sz]|hyper-?param|metrics?\\b|case stud|tasks?$"
    ),
    "introduction": "introduction|motivation|overview of (the )?(paper|contribution)|^contribution",
    "method": (
        "method|approach|model|architecture|algorithm|framework|system|our |proposed|design|formulation|objective|loss"
        "|training|learning|inference|overview|problem (statement|setting|definition)|theor|derivation|pipeline|module"
        "|encoder|decoder|attention|network|construction|procedure|technique|annotation|material"
    ),
}
_KINDS = [(kind, re.compile(pattern)) for kind, pattern in _TELLING.items()]


def section_kind(path: Sequence[str]) -> SectionKind | None:
    """The kind of the section whose headings are ``path`` (outermost first); None when no heading tells.

    The outermost heading decides when it is an aside, related work or a conclusion ("Related work › Attention models"
    stays related work); else the innermost heading that tells does.
    """
    kinds = [kind for heading in path if (kind := heading_kind(heading))]
    if not kinds:
        return None
    if kinds[0] in ("aside", "related", "conclusion", "limitation", "abstract"):
        return kinds[0]
    if kinds[-1] == "method" and kinds[0] in ("experiment", "result"):
        return kinds[0]  # "Results › Model variations"
    return kinds[-1]


def heading_kind(heading: str) -> SectionKind | None:
    """The kind that one heading tells: ``"4.2 Ablation study"`` -> ``"result"``; None for "DistriFusion"."""
    bare = bare_title(heading).strip(" .:#*\t").casefold()
    return next((kind for kind, pattern in _KINDS if pattern.search(bare)), None)
