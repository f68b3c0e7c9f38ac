"""Sentences that answer "how many": a number that belongs to what is asked for, the whole before a part of it."""

from __future__ import annotations

import re

from kb.writing import particulars
from kb.writing.questions import Question
from kb.writing.words import content_stems, stem, words

_NUMBER_WORDS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety dozen hundred thousand million billion"
    " dozens hundreds thousands millions billions".split()
)
_HOW_MANY = re.compile(
    r"\b(?:how many|number of) ((?:[\w-]+ ){0,3}?[\w-]+)"
    r"(?= (?:does|do|did|is|are|was|were|has|have|had|can|of|in|on|there|per|they|it|and|or|with|that|for)\b"
    r"|\s*[?.]|$)",
    re.I,
)
_ONE = frozenset(("1", "one", "single"))
# A year is a date only where one stands: "(Smith, 2011)", "Smith et al. (2011)", "[2011; …]", "in 2019", "May 2019",
# "WMT 2014", "2010-2015", "the 1990s". "2000 documents" and "in 2048 dimensions" are counts.
_YEAR = r"(?:19\d\d|20[0-3]\d)"
_DATE = re.compile(
    rf"(?P<before>[(\[](?:[^()\[\]]*[\s,;(\[])?){_YEAR}[a-z]?(?=\s*[;,)\]])"
    r"|\b(?:et al\.?,? ?|[Ss]ince |[Uu]ntil |[Dd]uring |[Bb]efore |[Aa]fter |[Yy]ears? |early |late |mid-?\s?"
    r"|(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\.?,? (?:\d\d?,? )?|[A-Z][\w-]*[A-Z][\w-]*[ -])"
    rf"{_YEAR}(?:\s?[-–]\s?{_YEAR})?\b"
    rf"|\b(?:[Ii]n|[Ff]rom|[Bb]etween|[Bb]y) (?:the )?{_YEAR}\b(?! [a-z-]+s\b(?! (?:was|were|are|have|had|has|is)\b))"
    rf"(?:\s(?:and|to|until)\s{_YEAR}\b)?"
    rf"|\b{_YEAR}\s?[-–]\s?{_YEAR}\b|\b(?:19|20)\d0'?s\b",
)
_COUNT_AFTER = re.compile(
    r"\bnumber of (?:[\w-]+ ){0,3}?(?P<noun>[A-Za-z-]+)"
    r"(?: (?:is|are|was|were|equals?|to))?(?: set)?(?: to)?\s*[(:=]?\s*\d"
    r"|\b(?P<symbol>[A-Za-z-]+)\s*=\s*\d",
    re.I,
)
_NONE = -0.1  # a sentence without a number is no answer, however near the question it is
_WORDS_AFTER = 4  # words between a number and what it counts
_SIZE = re.compile(r"^how (?:big|large|many|much|long)|\bsize\b", re.I)
_COUNTED = re.compile(
    r"\d[\d,.]*\s?[kKMB]?\+?\s+(?:\w+[ -]){0,2}?(?:sentences?|words?|tokens?|documents?|papers?|articles?|examples?"
    r"|samples?|pairs?|instances?|images?|hours?|users?|tweets?|posts?|messages?|rows?|records?|questions?|utterances?|events?|entries"
    r"|tags?|classes|layers?|parameters?|GPUs?|epochs?|steps?|labels?|items?|participants?|patients?|recipes?|reviews?"
    r"|languages?)\b",
    re.I,
)
# The whole of something, and a share of it.
_WHOLE = re.compile(
    r"\b(?:consists? of|consisting of|contain\w*|compris\w+|composed of|holds?|total\w*|in all|overall|altogether"
    r"|(?:corpus|data ?set|collection|set|graph|benchmark|database|stack|vocabulary) of|resulting in|sized?)\b",
    re.I,
)
_PART = re.compile(
    r"%|\b(?:coverage|of (?:these|them|those|which)|remaining|filtered|removed|excluded|additional|randomly|sampled?"
    r"|subsets?|more than one|held[- ]out|previous)\b",
    re.I,
)


def asks_amount(question: Question) -> bool:
    """Whether a question of another kind asks for numbers, too: "do they differ in the number of papers?"."""
    return _HOW_MANY.search(question.text) is not None


def states_amount(sentence: str, question: Question) -> float:
    """How well a sentence answers a question for a number, in [-0.1, 1]; below 0 without a number.

    1: a number just before the noun that "how many" asks for, in a sentence on the whole rather than on a part.
    """
    if not (stated := [n for n in particulars.numbers(sentence) if not n.in_words or n.value > 2]):
        return _NONE
    part = _PART.search(sentence)
    share = 0.6 if part and part[0].casefold() not in question.text.casefold() else 1.0
    if noun := _counted_noun(question):
        counted = _counts(sentence, noun)
        return (
            share * (1.0 if _WHOLE.search(sentence) else 0.85)
            if counted
            else 0.35
            if _COUNTED.search(sentence)
            else 0.2
        )
    if _SIZE.search(question.text):
        return share if _COUNTED.search(sentence) else 0.5
    return 1.0 if any(n.unit or "." in n.text for n in stated) or "=" in sentence else 0.5


def _counted_noun(question: Question) -> str | None:
    """The stem of what "how many" asks for: "paper" of "how many scientific papers are …"."""
    asked = _HOW_MANY.search(question.text)
    stems = content_stems(asked[1]) if asked else []
    return stems[-1] if stems else None


def _undated(sentence: str) -> str:
    """A sentence without the years of its citations and dates, each list of citations year by year."""
    shorter = _DATE.sub(r"\g<before> ", sentence)
    return shorter if shorter == sentence else _undated(shorter)


def _is_count(word: str) -> bool:
    return word[0].isdigit() or word in _NUMBER_WORDS or word == "single"


def counts(sentence: str, question: Question) -> bool:
    """Whether a sentence gives a number of what "how many" asks for: "6 layers", "a single GPU", "layers = 6"."""
    noun = _counted_noun(question)
    return noun is not None and (_counts(sentence, noun) or _is_counted_after(sentence, noun))


def _counts(sentence: str, noun: str) -> bool:
    """Whether a number stands just before the noun: "81.1M English-language academic papers".

    Of several, the noun is in the plural: "9 parameter combinations" are no parameters.
    """
    tokens = words(_undated(sentence))
    pairs = zip(tokens, [*tokens[1:], ""], strict=True)
    at = [i for i, (word, after) in enumerate(pairs) if _is_count(word) and after not in ("times", "fold")]
    return any(
        stem(word) == noun
        and (word != noun or word.endswith("s") or j + 1 == len(tokens) or (tokens[i] in _ONE and j <= i + 2))
        for i in at
        for j, word in enumerate(tokens[i + 1 : i + 1 + _WORDS_AFTER], i + 1)
    )


def _is_counted_after(sentence: str, noun: str) -> bool:
    """Whether a number stands after the noun as its count: "the number of layers is 6", "layers = 6"."""
    for match in _COUNT_AFTER.finditer(sentence):
        stems = content_stems(match["noun"] or match["symbol"])
        if stems and stems[-1] == noun:
            return True
    return False
