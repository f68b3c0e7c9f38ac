"""Words as the writing stages compare them: folded, without stop words, lightly stemmed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

STOP_WORDS = frozenset(
    "a about above after again against all also although am an and any are as at be because been before being below"
    " between both but by can could did do does doing done down during each either et etc few for from further had"
    " has have having he her here his how however i if in into is it its itself just may me might more most much must"
    " my no nor not of off on once one only or other our out over own per same shall she should since so some such"
    " than that the their them then there therefore these they this those through thus to too under until up upon us"
    " use used using very via was we were what when where whether which while who whom whose why will with within"
    " without would you your".split()
)
CJK_SIGNS = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_CJK = re.compile(rf"[{CJK_SIGNS}]")
# A Latin word inside Chinese text is one word, as it is for the search.
_WORD = re.compile(rf"[{CJK_SIGNS}]+|[^\W_{CJK_SIGNS}]+(?:['’][a-z]+)?")
_SPACE = re.compile(r"\s+")
# Marks that typesetting and typing write differently but that say the same.
_SAME = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛`´′", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—−", "-"),
        "\u00ad": None,
        "\u200b": None,
    }
)


def normalise(text: str) -> str:
    """One form for what is printed differently: NFKC, straight quotes, plain hyphens, single spaces."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text).translate(_SAME)).strip()


def words(text: str) -> list[str]:
    """Lower-case words and numbers in order, accents removed; CJK runs as overlapping pairs of characters."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(ch for ch in folded if not unicodedata.combining(ch))
    found: list[str] = []
    for word in _WORD.findall(bare):
        if _CJK.search(word):
            found.extend(word[i : i + 2] for i in range(max(1, len(word) - 1)))
        else:
            found.append(re.sub(r"['’].*$", "", word))
    return found


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
    letters = sum(ch.isalpha() for ch in text)
    return len(_CJK.findall(text)) / letters if letters else 0.0


def is_latin(text: str) -> bool:
    """Whether nearly all letters of a text are those of English."""
    letters = [ch for ch in text if ch.isalpha()]
    return sum(ch.isascii() for ch in letters) >= 0.9 * len(letters)
