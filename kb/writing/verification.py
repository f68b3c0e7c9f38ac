"""Is a sentence borne out by the evidence it cites? Rules that block, a score that weighs, a verdict with its reason.

Rules: a number, address or quotation that the evidence does not print makes a sentence unsupported; a name that it
does not print, or a turned negation or direction, makes it at most "partly". The score is a logistic model over
containment of words and word pairs, similarity of embeddings and the rules' own signals, trained on SciFact
(Wadden et al. 2020) by ``tests/benchmarks/verification.py``; its weights are in ``data/verifier.json``. A verdict
says "found in the source", never "true": see the benchmark page for how well each kind of error is caught.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb import literals
from kb.literals import Missing
from kb.records import Verdict
from kb.text import UNREAD, sentence_spans
from kb.words import bigrams, cjk_share, contained, content_stems, normalise, root, stem, words

Encode = Callable[[Sequence[str]], NDArray[np.float32]]

_NEGATIONS = frozenset(
    "no not nor never none neither cannot without lack lacks lacked absence fail fails failed".split()
)
_UP_WORDS = (
    "increase rise grow gain improve raise higher more greater larger better up enhance elevate promote upregulate"
    " boost accelerate outperform exceed surpass faster positive strengthen activate"
)
_DOWN_WORDS = (
    "decrease fall drop decline reduce lower less fewer smaller worse down impair suppress inhibit downregulate"
    " lose degrade slow underperform slower negative weaken deactivate diminish lessen"
)
_UP, _DOWN = (frozenset(stem(word) for word in side.split()) for side in (_UP_WORDS, _DOWN_WORDS))
# In a sentence of so few words one word that the evidence lacks is a new statement.
_FEW_STEMS, _MOST_OF_FEW = 5, 0.75
# What a clause says of its subject begins after one of these.
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|being|has|have|had|can|could|will|would|shall|should|must|may|might|does|do|did)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[;:]|,? \b(?:and|but|while|whereas|although|because|which|so)\b", re.IGNORECASE)
# Words that any source has and that say nothing alone.
_LIGHT = frozenset(
    stem(w) for w in "make made show shown give given take taken get find found ever new good best".split()
)
_ALIKE = 0.8  # similarity from which other words may say the same
_FRAGMENT_WORDS = 4  # a quotation shorter than this is not called verbatim: any source has such words


def verify(text: str, evidence: Sequence[str], *, encode: Encode | None = None) -> tuple[Verdict, str]:
    """The verdict on one sentence against the texts that it cites, and the reason in plain words.

    ``encode`` gives (n, d) L2-normalised vectors and makes the score surer; without it words alone decide.
    Chinese text over evidence in another script can only be checked for numbers, addresses and Latin names: it is
    at best "partly". The same arguments give the same verdict.
    """
    sources = [source for source in evidence if source.strip()]
    if not sources:
        return "unsupported", "it cites no evidence"
    if not words(text):
        return "unsupported", "it says nothing"
    if reason := _verbatim(text, sources):
        return reason
    source = "\n".join(sources)
    absent = literals.missing(text, source)
    if blocked := _blocked(absent):
        return "unsupported", blocked
    if cjk_share(text) > 0.3 and cjk_share(source) < 0.1:
        return _foreign(text, absent)
    signals = measure(text, sources, encode=encode)
    score, weights = probability(signals), _model(signals)
    if len(content_stems(text)) < _FEW_STEMS and signals["containment"] < _MOST_OF_FEW:
        return "unsupported", "it says more than its few words that stand in the evidence"
    if score < weights["partly"]:
        return "unsupported", f"its words are not those of the evidence (score {score:.2f})"
    unsaid, said = predicates(text, source)
    if unsaid and not said and not signals["similarity"] >= _ALIKE:
        return "unsupported", f"the evidence has its subject, but nothing of what it says of it: {unsaid[0]!r}"
    if unsaid and not signals["similarity"] >= _ALIKE:
        return "partly", f"nothing in the evidence says {unsaid[0]!r}"
    if warned := _warned(absent, signals):
        return "partly", warned
    if score < weights["supported"]:
        return "partly", f"only part of it stands in the evidence (score {score:.2f})"
    return "supported", f"its words, numbers and names stand in the evidence (score {score:.2f})"


def _verbatim(text: str, sources: Sequence[str]) -> tuple[Verdict, str] | None:
    quote = normalise(text).strip(" .\"'").casefold()
    if len(quote.split()) < _FRAGMENT_WORDS and cjk_share(quote) < 0.3:
        return None
    for source in sources:
        plain = normalise(source).casefold()
        at = _find_words(plain, quote)
        if at >= 0:
            before = re.split(r"[.!?;,]\s", plain[:at])[-1].split()[-4:]
            if _NEGATIONS.intersection(before) or any(word.endswith("n't") for word in before):
                return "partly", "the quotation leaves out the negation that stands before it"
            if UNREAD in quote:
                return "partly", "a sign on the page could not be read"
            return "verbatim", "it is a quotation from the evidence"
    return None


def _find_words(plain: str, quote: str) -> int:
    """Where the quote stands in the text as whole words, else -1."""
    start = plain.find(quote)
    while start >= 0:
        left = plain[start - 1 : start]
        right = plain[start + len(quote) : start + len(quote) + 1]
        if cjk_share(quote) > 0.3 or not (left.isalnum() or right.isalnum()):
            return start
        start = plain.find(quote, start + 1)
    return -1


def _blocked(absent: Missing) -> str | None:
    for kind, found in (
        ("number", absent.numbers),
        ("address", absent.addresses),
        ("quotation", absent.quotations),
    ):
        if found:
            listed = ", ".join(found[:3])
            plural = len(found) > 1
            end = "es" if kind == "address" else "s"
            return f"the {kind}{end if plural else ''} {listed} {'are' if plural else 'is'} not in the evidence"
    return None


def _warned(absent: Missing, signals: Mapping[str, float]) -> str | None:
    if absent.names:
        return f"the evidence does not name {', '.join(absent.names[:3])}"
    if absent.number_words:
        return f"the evidence does not state {', '.join(absent.number_words[:3])!r}"
    if signals["negation"]:
        return "it says 'not' where the evidence does not, or leaves a 'not' out"
    if signals["direction"]:
        return "its direction (more or less, better or worse) is not that of the evidence"
    return None


def predicates(text: str, source: str) -> tuple[list[str], list[str]]:
    """What the clauses of a text say of their subjects: what the source has no word of, and the rest.

    A name that the source prints bears out nothing: "the corpus is stolen" beside evidence on the corpus. A clause
    without an auxiliary verb counts with its whole wording, less the words of the subjects before it.
    """
    there = {root(stemmed) for stemmed in content_stems(source)}
    unsaid: list[str] = []
    said: list[str] = []
    subjects: set[str] = set()
    for clause in _CLAUSE.split(" ".join(text.split())):
        verb = _VERB.search(clause)
        if verb:
            subjects.update(content_stems(clause[: verb.start()]))
        predicate = clause[verb.end() :] if verb else clause
        stems = [stemmed for stemmed in content_stems(predicate) if stemmed not in subjects | _LIGHT]
        if stems:
            (said if any(root(stemmed) in there for stemmed in stems) else unsaid).append(predicate.strip(" .,;:"))
    return unsaid, said


def _foreign(text: str, absent: Missing) -> tuple[Verdict, str]:
    if absent.names:
        return "partly", f"the evidence does not name {', '.join(absent.names[:3])}; the wording cannot be checked"
    if literals.numbers(text) or literals.names(text):
        return "partly", "its numbers and names stand in the evidence; the wording cannot be checked"
    return "partly", "it has no number or name, and its wording cannot be checked against another language"


def measure(text: str, evidence: Sequence[str], *, encode: Encode | None = None) -> dict[str, float]:
    """The signals of a sentence against its evidence, each in [0, 1] (similarity in [-1, 1], NaN without encoder).

    ``containment`` and ``bigrams``: share of its stems and stem pairs in the whole evidence; ``best_sentence``: the
    same in the best single sentence; ``similarity``: highest cosine to one of its sentences; ``numbers`` and
    ``names``: share that is missing; ``negation`` and ``direction``: 1 when turned against the nearest sentence.
    """
    source = "\n".join(evidence)
    stems = content_stems(text)
    sentences = [item[a:b] for item in evidence for a, b in sentence_spans(item)] or list(evidence)
    shares = [contained(stems, content_stems(sentence)) for sentence in sentences]
    nearest = sentences[max(range(len(sentences)), key=lambda i: shares[i])]
    absent = literals.missing(text, source)
    stated, named = literals.numbers(text), literals.names(text)
    pairs = bigrams(stems)
    return {
        "containment": contained(stems, content_stems(source)),
        "best_sentence": max(shares),
        "bigrams": sum(pair in set(bigrams(content_stems(source))) for pair in pairs) / max(1, len(pairs)),
        "similarity": _similarity(text, sentences, encode=encode),
        "numbers": (len(absent.numbers) + len(absent.number_words)) / max(1, len(stated)),
        "names": len(absent.names) / max(1, len(named)),
        "negation": float(_denied(text, nearest)),
        "direction": float(_turned(text, nearest)),
    }


def _similarity(text: str, sources: Sequence[str], *, encode: Encode | None) -> float:
    if encode is None:
        return math.nan
    vectors = encode([text, *sources])
    return float(np.max(vectors[1:] @ vectors[0]))


def _negated(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Stems within reach of a negation (up to three content words after it), and all the others."""
    inside: set[str] = set()
    outside: set[str] = set()
    reach = 0
    for word in re.findall(r"[a-z0-9]+n't|[\w]+|[.;,:]", normalise(text).casefold()):
        if word in _NEGATIONS or word.endswith("n't"):
            reach = 3
        elif word in ".;,:":
            reach = 0
        elif stems := content_stems(word):
            (inside if reach else outside).update(stems)
            reach = max(0, reach - 1)
    return frozenset(inside), frozenset(outside)


def _denied(text: str, source: str) -> bool:
    """Whether the one negates a word that the other states and never negates."""
    inside, outside = _negated(text)
    source_inside, source_outside = _negated(source)
    return bool(inside & (source_outside - source_inside) or source_inside & (outside - inside) - source_outside)


def _turned(text: str, source: str) -> bool:
    """Whether the text says "more" where the source only says "less", or the other way round."""
    ours, theirs = ({stem(word) for word in words(item)} for item in (text, source))
    up, down, source_up, source_down = (bool(s & side) for s in (ours, theirs) for side in (_UP, _DOWN))
    return (up and not down and source_down and not source_up) or (down and not up and source_up and not source_down)


def probability(signals: Mapping[str, float]) -> float:
    """The logistic model's probability in (0, 1) that the evidence supports the sentence."""
    model = _model(signals)
    total = model["intercept"] + sum(weight * signals[name] for name, weight in model["weights"].items())
    return 1.0 / (1.0 + math.exp(-total))


def _model(signals: Mapping[str, float]) -> dict[str, Any]:
    model: dict[str, Any] = _weights()["words" if math.isnan(signals["similarity"]) else "words and vectors"]
    return model


@lru_cache(maxsize=1)
def _weights() -> dict[str, Any]:  # its shape is that of tests/benchmarks/verification.py, which writes it
    weights: dict[str, Any] = json.loads(files("kb.writing").joinpath("data/verifier.json").read_text("utf-8"))
    return weights
