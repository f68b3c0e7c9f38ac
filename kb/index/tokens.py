"""Scientific tokens: what counts as a word of a text or a query, the same for both.

Stemming (Snowball English) is left to the full-text engine, which does it natively on these tokens.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from kb.names import plain_letter

# Lucene's English stop words (33): longer lists lost on every set tried.
STOP_WORDS = frozenset(
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they"
    " this to was will with".split()
)
VERSION = "2"  # grows when the same text gives other tokens: what was indexed before is found by its old ones
LONGEST_TOKEN = 64  # characters; longer runs (hashes, sequences, base64) are cut, so that they cannot flood the index

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "ο": "omicron", "π": "pi", "ρ": "rho",
    "σ": "sigma", "ς": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
}  # fmt: skip
_GREEK_TABLE = str.maketrans(_GREEK)
_GREEK_WORD = re.compile(r"[α-ω]{3,}")  # a word of Greek prose stays a word
# Scripts written without spaces: Han, kana, Hangul is spaced but its words carry particles, Thai.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\u0e00-\u0e7f\U00020000-\U0003134f"
_ASCII_RUN = re.compile(r"[a-z0-9]+")
_RUN = rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+"  # compiled when first met (14 ms): most text is ASCII
_PARTS = re.compile(r"[0-9]+|[^\W\d_]+")
_IS_UNSPACED = rf"[{_UNSPACED}]"


def tokenize(text: str) -> list[str]:
    """Tokens of ``text`` in reading order, repeated words kept, stop words dropped, not stemmed.

    Lower case, compatibility forms folded, accents (NFKD) and strokes dropped, Greek letters spelled out (``TGF-β1``
    gives ``tgf beta1 beta 1``), runs of letters and digits; a run that mixes letters and digits also gives its parts
    (``il6`` gives ``il6 il 6``), so that ``IL-6`` and ``IL6`` meet. Scripts written without spaces give single
    characters and bigrams.
    """
    lowered = text.lower()
    runs = _ASCII_RUN.findall(lowered) if lowered.isascii() else re.findall(_RUN, _fold(lowered))
    tokens: list[str] = []
    for run in runs:
        tokens += _expand(run)
    return tokens


def has_words(text: str) -> bool:
    """Whether there is anything in ``text`` that a search could mean: a letter or digit of any script, however set."""
    return any(character.isalnum() for character in unicodedata.normalize("NFKD", text))


def is_unspaced(text: str) -> bool:
    """Whether a character of ``text`` is of a script that is written without spaces."""
    return not text.isascii() and re.search(_IS_UNSPACED, text) is not None


def _fold(lowered: str) -> str:
    # NFKC first keeps Hangul syllables whole; NFKD then splits accents off, which are dropped.
    decomposed = unicodedata.normalize("NFKD", lowered)
    bare = "".join(c if c.isascii() else plain_letter(c) for c in decomposed if not unicodedata.combining(c))
    folded = unicodedata.normalize("NFKC", bare).lower()
    kept = _GREEK_WORD.sub(lambda match: f" {match[0].upper()} ", folded)
    return kept.translate(_GREEK_TABLE).lower()


@lru_cache(maxsize=1 << 18)
def _expand(run: str) -> tuple[str, ...]:
    """The tokens of one run; cached, because the words of a corpus repeat."""
    if run in STOP_WORDS:
        return ()
    if not run.isascii() and re.match(_IS_UNSPACED, run):
        signs = "".join(filter(str.isalnum, run))  # the ranges also hold marks, and places that no character has yet
        return (*signs, *(signs[i : i + 2] for i in range(len(signs) - 1)))
    cut = run[:LONGEST_TOKEN]
    parts = _PARTS.findall(cut)
    return (cut,) if len(parts) < 2 else (cut, *parts)
