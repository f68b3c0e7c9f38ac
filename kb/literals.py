"""The literals of a sentence that can be looked up in its source: numbers, addresses, names, quotations.

A paraphrase may change words; it may not change these. Numbers are compared as values with their units, with
rounding; addresses and ids exactly; names without regard to case, spaces and hyphens.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from kb.text import CJK
from kb.words import STOP_WORDS, normalise

_SCALES = {
    **dict.fromkeys(("k", "K", "thousand", "千"), 1e3),
    **dict.fromkeys(("M", "mn", "million", "millions"), 1e6),
    **dict.fromkeys(("B", "bn", "billion", "billions"), 1e9),
    **dict.fromkeys(("trillion", "T"), 1e12),
    "万": 1e4,
    "亿": 1e8,
}
_UNITS = {
    **dict.fromkeys(("%", "percent", "per cent", "percentage"), "%"),
    **dict.fromkeys(("×", "x", "X", "times", "fold", "-fold", "倍"), "×"),
}
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.])(?<![A-Za-z]-)(?P<sign>(?<![\w)\]%])-)?"
    r"(?P<digits>10\s?\^\s?\{?(?P<tens>-?\d+)\}?|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:\s?[×x*]\s?10\s?\^?\s?\{?(?P<power>-?\d+)\}?|[eE](?P<exponent>-?\d+))?"
    r"(?:[\s-]?(?P<scale>thousand|millions?|billions?|trillion|bn|mn|[千万亿])(?![a-z])|(?P<short>[kKMBT])(?![\w]))?"
    r"(?:\s?(?P<unit>%|percent(?:age)?\b|per cent\b|×|[xX](?![\w])|times\b|-?fold\b|倍))?"
    r"(?P<glued>[A-Za-z][\w-]*)?"
)
NUMBER_WORDS = {
    word: float(value)
    for value, word in enumerate(
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
        " eighteen nineteen twenty".split(),
        start=2,
    )
} | {"thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "seventy": 70.0, "eighty": 80.0, "ninety": 90.0}
NUMBER_WORDS["hundred"] = 100.0
_MULTIPLES = {"twice": 2.0, "double": 2.0, "doubles": 2.0, "doubled": 2.0, "triple": 3.0, "triples": 3.0, "half": 0.5}
_ADDRESS = re.compile(
    r"https?://[^\s<>\"'，。）)\]}]+|www\.[^\s<>\"'，。）)\]}]+"
    # A name of a host is looked for where it begins and no further than one goes, so that time is linear.
    r"|(?<!\w)(?<!\w[.-])(?=\w)[\w.-]{1,253}\.(?:com|org|net|io|ai|edu|gov|dev)/[^\s<>\"'，。）)\]}]+"
    r"|(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+|\b10\.\d{4,9}/[^\s<>\"'，。）)\]}]+"
    # arXiv's ids: four digits of number until 2014, five since 2015.
    r"|(?i:\barxiv:\s?)\d{4}\.\d{4,5}(?:v\d+)?\b"
    r"|\b(?:(?:0[7-9]|1[0-4])(?:0[1-9]|1[0-2])\.\d{4}|(?:1[5-9]|[23]\d)(?:0[1-9]|1[0-2])\.\d{5})(?:v\d+)?\b",
    re.ASCII,
)
_QUOTED = re.compile(r'"([^"]{3,300})"')
_NAME = re.compile(r"[^\W_](?:[\w+]|[-./](?=[A-Za-z0-9]))*[+#]*")
# Words that English writes with a capital within a sentence without naming anything that a source must print.
_NO_NAMES = frozenset("i we our table figure fig section sec eq equation appendix algorithm gpu gpus cpu cpus".split())


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written: its value, half a unit of its last place, its unit ("%", "×" or ""), and its text."""

    value: float
    half_unit: float
    unit: str
    text: str
    in_words: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """What a text states that its source does not: each tuple holds the texts as the sentence wrote them."""

    numbers: tuple[str, ...] = ()
    number_words: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    quotations: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def numbers(text: str) -> list[Number]:
    """The numbers of a text in order, with k/M/million/万 multiplied out; digits within names are no numbers."""
    plain = _ADDRESS.sub(" ", normalise(text))
    found = [number for match in _NUMBER.finditer(plain) if (number := _read(match))]
    for word in re.findall(r"[a-z]+", plain.lower()):
        if word in NUMBER_WORDS:
            found.append(Number(NUMBER_WORDS[word], 0.0, "", word, in_words=True))
        elif word in _MULTIPLES:
            found.append(Number(_MULTIPLES[word], 0.0, "×", word, in_words=True))
    return found


def _read(match: re.Match[str]) -> Number | None:
    glued = match["glued"]
    if glued and re.fullmatch(r"[A-Z]\w*|[a-z]{4,}.*", glued) and not match["unit"]:
        return None  # "3D", "2Wiki": part of a name
    digits = "1" if match["tens"] else match["digits"].replace(",", "")
    factor = _SCALES.get(match["scale"] or match["short"] or "", 1.0)
    factor *= float(f"1e{match['tens'] or match['power'] or match['exponent'] or 0}")
    places = len(digits.partition(".")[2])
    value = float(digits) * factor * (-1 if match["sign"] else 1)
    if not math.isfinite(value):
        return None  # no quantity: a run of digits, or a power beyond all measure
    text = match[0][: match.start("glued") - match.start()] if glued else match[0]
    return Number(value, 0.5 * 10.0**-places * factor, _UNITS.get(match["unit"] or "", ""), text.strip())


def states(source: Sequence[Number], number: Number) -> bool:
    """Whether one of the source's numbers is this one: same value or rounded to it, and no other unit.

    A bare number of a table may stand for a percentage, and 0.92 for 92 %; a percentage never stands for a count.
    """
    return any(_same(number, other) for other in source)


def _same(claimed: Number, printed: Number) -> bool:
    if _near(claimed, printed.value, printed.half_unit) or (
        claimed.value < 0 and _near(claimed, -printed.value, printed.half_unit)
    ):
        return claimed.unit == printed.unit or not printed.unit or (not claimed.unit and claimed.in_words)
    if claimed.unit == "%" and not printed.unit and 0 <= printed.value <= 1:
        return _near(claimed, printed.value * 100, printed.half_unit * 100)
    return claimed.unit == "" and printed.unit == "%" and _near(claimed, printed.value / 100, printed.half_unit / 100)


def _near(claimed: Number, value: float, half_unit: float) -> bool:
    if abs(claimed.value - value) <= 1e-9 * max(1.0, abs(value)):
        return True
    # Rounding loses digits; it never adds them.
    return half_unit < claimed.half_unit and abs(claimed.value - value) <= claimed.half_unit * (1 + 1e-9)


def addresses(text: str) -> list[str]:
    """Web and mail addresses, DOIs and arXiv ids as written, without the full stop that ends a sentence."""
    return [found.rstrip(".,;:!?") for found in _ADDRESS.findall(normalise(text))]


def _bare_address(address: str) -> str:
    bare = re.sub(r"^(?:https?://)?(?:www\.)?|^arxiv:\s?", "", address.casefold())
    return bare.rstrip("/").removesuffix(".git")


def quotations(text: str) -> list[str]:
    """What a text puts in quotation marks as another's words: three words or more."""
    return [quoted for quoted in _QUOTED.findall(normalise(text)) if len(quoted.split()) >= 3]


def names(text: str) -> list[str]:
    """Names, acronyms and coined words: inner capitals or digits anywhere, a capital within the sentence."""
    plain = _ADDRESS.sub(" ", normalise(text))
    found: list[str] = []
    start_of_sentence = True
    for match in _NAME.finditer(plain):
        word = match[0]
        shaped = bool(re.search(r"[a-z][A-Z]|[A-Z].*[A-Z]|[A-Za-z]-?\d|\d-?[A-Z]", word))
        capital = word[0].isupper() and len(word) > 1 and not start_of_sentence
        ordinary = word.casefold() in STOP_WORDS or word.casefold() in _NO_NAMES
        if (shaped or capital) and not ordinary and not _NUMBER.fullmatch(word) and word.isascii():
            found.append(word)
        rest = plain[match.end() : match.end() + 2]
        start_of_sentence = bool(re.match(r"[.!?:]\s|[。！？：]", rest))
    return list(dict.fromkeys(found))


# A name that no language translates and no ordinary word is: inner capitals, digits with letters.
_COINED = re.compile(r"[a-z][A-Z]|[A-Z].*[A-Z]|\d.*[A-Za-z]|[A-Za-z].*\d")


def is_coined(name: str) -> bool:
    """Whether a name is one by its form alone, wherever it stands: BERT, fastText, CIFAR-10."""
    return _COINED.search(name) is not None


def _squash(word: str) -> str:
    bare = re.sub(r"[\W_]+", "", word.casefold())
    return bare[:-1] if len(bare) > 3 and bare.endswith("s") else bare


_TOKEN = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+")  # scripts that are written without blanks part


@lru_cache(maxsize=512)
def _name_forms(source: str) -> frozenset[str]:
    """Every way a name of the source may be written: each word, up to four joined words, and initials."""
    tokens = _TOKEN.findall(normalise(source))
    forms = {_squash(token) for token in tokens}
    for width in (2, 3, 4):
        forms.update(_squash("".join(tokens[i : i + width])) for i in range(len(tokens) - width + 1))
    for width in (2, 3, 4, 5, 6):
        forms.update("".join(t[0] for t in tokens[i : i + width]).casefold() for i in range(len(tokens) - width + 1))
    return frozenset(forms)


def has_name(source: str, name: str) -> bool:
    """Whether the source prints the name, or the words that its letters stand for."""
    forms = _name_forms(source)
    if _squash(name) in forms:
        return True
    parts = [part for part in re.split(r"[-/.]", name) if part]
    return len(parts) > 1 and all(_squash(part) in forms or part.islower() for part in parts)


def _in_name(number: Number, text: str, source: str) -> bool:
    """Whether a bare number is the end of a name that the source writes in one: "CIFAR 10" for CIFAR-10."""
    if number.unit or number.in_words or not number.text.isdigit():
        return False
    words_before = re.findall(rf"([A-Z]\w*)[ -]{re.escape(number.text)}(?!\w)", normalise(text))
    return any(has_name(source, word + number.text) for word in words_before)


def _quotes(plain: str, quoted: str) -> bool:
    """Whether a text (normalised, in small letters) has what is quoted, as far as nothing is left out or put in."""
    parts = re.split(r"\.{3}|\[[^\]]*\]", quoted.casefold())
    return all(part.strip(" .,;") in plain for part in parts)


def missing(text: str, source: str) -> Missing:
    """The particulars of the text that the source does not state."""
    printed = numbers(source)
    absent = [number for number in numbers(text) if not (states(printed, number) or _in_name(number, text, source))]
    known = {_bare_address(address) for address in addresses(source)}
    plain = normalise(source).casefold()
    return Missing(
        numbers=tuple(number.text for number in absent if not number.in_words),
        number_words=tuple(number.text for number in absent if number.in_words),
        addresses=tuple(address for address in addresses(text) if _bare_address(address) not in known),
        quotations=tuple(q for q in quotations(text) if not _quotes(plain, q)),
        names=tuple(name for name in names(text) if not has_name(source, name)),
    )
