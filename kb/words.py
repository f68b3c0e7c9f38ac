"""Words of a text as they are compared: one cutting for the search and for all that compares texts.

A text is folded and cut into runs in one way. ``tokenize`` gives what the word index holds (stemmed by the full-text
engine, Snowball English): without its few stop words, and of a run that mixes letters and digits the parts as well.
``words`` gives the runs, and ``content_stems`` those that carry meaning, lightly stemmed, for answers, notes and
topics: with the parts, and with Snowball's stems, an answer or two was lost (``tests/benchmarks/answers.md``). Longer
lists of stop words lost in the search on every set tried; texts that are compared word by word would be alike by their
"between" and "which".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from kb.names import plain_letter
from kb.text import BREAK_HINTS, CJK

VERSION = "2"  # grows when the same text gives other tokens: what was indexed before is found by its old ones
LONGEST_TOKEN = 64  # characters; longer runs (hashes, sequences, base64) are cut, so that they cannot flood the index

_NOT_INDEXED = frozenset(  # Lucene's English stop words
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this"
    " to was will with".split()
)
STOP_WORDS = _NOT_INDEXED.union(
    "about above after again against all also although am any because been before being below between both"
    " can could did do does doing done down during each either et etc few from further had has have having he"
    " her here his how however i its itself just may me might more most much must my nor off once one only"
    " other our out over own per same shall she should since so some than them therefore those through thus"
    " too under until up upon us use used using very via we were what when where whether which while who whom"
    " whose why within without would you your".split()
)
_CJK = rf"[{CJK}]"  # compiled when first met, as all patterns of these scripts (30 ms): most text is ASCII

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "ο": "omicron", "π": "pi", "ρ": "rho",
    "σ": "sigma", "ς": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
}  # fmt: skip
_GREEK_TABLE = str.maketrans(_GREEK)
_GREEK_WORD = re.compile(r"[α-ω]{3,}")  # a word of Greek prose stays a word
# Scripts written without spaces: Han, kana, Hangul is spaced but its words carry particles, Thai.
_UNSPACED = rf"{CJK}\u0e00-\u0e7f"
_ASCII_RUN = re.compile(r"[a-z0-9]+")
_RUN = rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+"
_PARTS = re.compile(r"[0-9]+|[^\W\d_]+")
_IS_UNSPACED = rf"[{_UNSPACED}]"
_RAISING = re.compile(r"(?<=[^\W\d_])\^\{?(?=\d)")  # 10^18 is no 1018
_SPACE = re.compile(r"\s+")
# Marks that typesetting and typing write differently but that say the same.
_SAME = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛`´′", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—−", "-"),
        **dict.fromkeys(BREAK_HINTS),
    }
)


def normalise(text: str) -> str:
    """One form for what is printed differently: NFKC, straight quotes, plain hyphens, single spaces."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text).translate(_SAME)).strip()


def tokenize(text: str) -> list[str]:
    """Tokens of ``text`` in reading order, repeated words kept, stop words dropped, not stemmed.

    Lower case, compatibility forms folded, accents (NFKD) and strokes dropped, Greek letters spelled out (``TGF-β1``
    gives ``tgf beta1 beta 1``), digits raised behind letters beside them (``Ca^2+`` gives ``ca2 ca 2``), runs of
    letters and digits; a run that mixes letters and digits also gives its parts
    (``il6`` gives ``il6 il 6``), so that ``IL-6`` and ``IL6`` meet. Scripts written without spaces give single
    characters and bigrams.
    """
    return [token for run in _runs(text) for token in _expand(run)]


def words(text: str) -> list[str]:
    """Lower-case words and numbers in order, folded as by ``tokenize``; scripts without spaces give bigrams."""
    return [word for run in _runs(text) for word in (_pairs(run) if is_unspaced(run) else (run[:LONGEST_TOKEN],))]


def _runs(text: str) -> list[str]:
    """Folded runs of letters and digits; scripts written without spaces apart from the others."""
    lowered = without_raising(text.lower())
    return _ASCII_RUN.findall(lowered) if lowered.isascii() else re.findall(_RUN, _fold(lowered))


def without_raising(text: str) -> str:
    """The text without the sign that raises digits behind letters: "Ca^2+" reads "Ca2+", as people type it."""
    return _RAISING.sub("", text) if "^" in text else text


def _pairs(run: str) -> tuple[str, ...]:
    """Neighbouring characters of a script without spaces; a single one alone."""
    signs = "".join(filter(str.isalnum, run))  # the ranges also hold marks, and places that no character has yet
    return tuple(signs[i : i + 2] for i in range(max(1, len(signs) - 1))) if signs else ()


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
    if run in _NOT_INDEXED:
        return ()
    if is_unspaced(run):
        return (*filter(str.isalnum, run), *(pair for pair in _pairs(run) if len(pair) == 2))
    cut = run[:LONGEST_TOKEN]
    parts = _PARTS.findall(cut)
    return (cut,) if len(parts) < 2 else (cut, *parts)


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """A light English stem: plural, -ed, -ing, -ly and the final e go; short words and numbers stay."""
    if re.fullmatch(r"[a-z]+\d+s", word):
        return word[:-1]
    if len(word) < 4 or not word.isalpha() or not word.isascii():
        return word
    for ending, kept in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("edly", ""), ("ed", ""), ("ly", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) + len(kept) >= 3 and not word.endswith(("ss", "us", "is")):
            word = word[: len(word) - len(ending)] + kept
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeouls":
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


_DERIVED = re.compile(
    r"(?:i[sz]ation|ification|i[sz]|ifi|ation|ition|tion|sion|ion|ment|ance|ence|able|ible|ical|ivity|ality|ity|ive|ness"
    r"|ist|ism|al|ic|er|or|ar|ant|ent|at|y|i)$"
)


@lru_cache(maxsize=65_536)
def root(stemmed: str) -> str:
    """What a stem shares with words of other kinds: "retriev" of "retrieval" and "retriever"; six letters stay."""
    bare = stemmed
    while len(bare) > 6 and (ending := _DERIVED.search(bare)) and ending.start() >= 5:
        bare = bare[: ending.start()]
    return bare


def content_stems(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order, repeated words kept."""
    return [stem(word) for word in words(text) if word not in STOP_WORDS and (len(word) > 1 or word.isdigit())]


def contained(needles: Sequence[str], haystack: Iterable[str]) -> float:
    """Share in [0, 1] of the needles (with repeats) that are in the haystack; 0 for no needles."""
    there = set(haystack)
    return sum(needle in there for needle in needles) / len(needles) if needles else 0.0


def bigrams(items: Sequence[str]) -> list[tuple[str, str]]:
    """Neighbouring pairs."""
    return list(pairwise(items))


def cjk_share(text: str) -> float:
    """Share in [0, 1] of the letters that are Chinese, Japanese or Korean."""
    letters = 0 if text.isascii() else sum(ch.isalpha() for ch in text)
    return len(re.findall(_CJK, text)) / letters if letters else 0.0


def is_latin(text: str) -> bool:
    """Whether nearly all letters of a text are those of English."""
    letters = [ch for ch in text if ch.isalpha()]
    return sum(ch.isascii() for ch in letters) >= 0.9 * len(letters)


_LETTERS = re.compile(r"\w+")


def words_found(query: str, text: str) -> list[tuple[int, int]]:
    """Spans of the words of ``text`` that are words of the query in some form, in order and apart."""
    wanted = set(content_stems(query))
    return [m.span() for m in _LETTERS.finditer(text) if wanted.intersection(content_stems(m[0]))]


def snippet(text: str, query: str, *, most: int) -> str:
    """At most so many characters of a text, about: those around most of the query's words, cut at words."""
    if len(text) <= most:
        return text
    spans = words_found(query, text)
    starts = [0, *(max(0, start - 60) for start, _ in spans)]
    best = max(starts, key=lambda at: (len({text[a:b].lower() for a, b in spans if at <= a and b <= at + most}), -at))
    cut = text[best : best + most]
    if best:
        cut = "… " + cut.partition(" ")[2]
    return cut.rpartition(" ")[0] + " …" if best + most < len(text) else cut
