"""Names of a BibTeX field as ``Name`` records, by BibTeX's rule, and what can be told of lists that break it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.records import Name
from kb.sources.latex import decode_latex, split_at_top
from kb.sources.markup import plain

_SUFFIX = re.compile(r"(?:jr|sr)\.?|[IVX]{2,4}\.?|[1-9](?:nd|rd|th)", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[^\W\d_]\.[-\s]?){1,5}|[^\W\d_](?:[-\s][^\W\d_])*")
_AND = r"(?i:\sand(?=\s))"
_OTHERS = re.compile(r"(?:others|et\.?\s+al)\.?", re.IGNORECASE)
_ET_AL = re.compile(r"(?:,|\s)\s*et\.?\s+al\.?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names in order; ``et_al``: there are more. ``untold`` are lists of names that could not be told apart."""

    names: tuple[Name, ...]
    et_al: bool = False
    untold: tuple[str, ...] = ()


def read_names(value: str) -> Names:
    """``"Li, Muyang and van der Berg, Jr, A. and {OpenAI} and others"``, still LaTeX, as names.

    "and" is known in any case and over line breaks; semicolons part names where there is no "and". Names in a
    row with commas alone are told apart where each has its initials; else they stay one literal name, and untold.
    """
    text = plain(value)
    parts = split_at_top(text, _AND)
    if len(parts) == 1:
        parts = split_at_top(text, ";")
    names: list[Name] = []
    untold = []
    et_al = False
    for part in parts:
        raw = part.strip(" ,;")
        if found := _ET_AL.search(raw[-12:]):
            et_al, raw = True, raw[: len(raw) - len(found[0])]
        if not raw or raw.lower() == "and":
            continue
        if _OTHERS.fullmatch(raw[:12]) and len(raw) <= 12:
            et_al = True
            continue
        found_names = _read(raw)
        if not found_names:
            untold.append(decode_latex(raw))
            found_names = [Name(literal=untold[-1])]
        names.extend(name for name in found_names if str(name))
    return Names(names=tuple(names), et_al=et_al, untold=tuple(untold))


def _read(raw: str) -> list[Name]:
    """The name, or the names where commas alone part them; none when that cannot be told."""
    if _is_group(raw):
        return [Name(literal=decode_latex(raw))]
    parts = [part for part in split_at_top(raw, ",") if part]
    decoded = [decode_latex(part) for part in parts]
    if len(parts) == 1:
        return [_first_last(raw)]
    if len(parts) == 2:
        if _SUFFIX.fullmatch(decoded[1]):
            name = _first_last(parts[0])
            return [Name(given=name.given, family=name.family, suffix=decoded[1], literal=name.literal)]
        return [Name(family=decoded[0], given=decoded[1])]
    if len(parts) == 3 and _SUFFIX.fullmatch(decoded[1]):
        return [Name(family=decoded[0], suffix=decoded[1], given=decoded[2])]
    if len(parts) == 3 and _SUFFIX.fullmatch(decoded[2]):
        return [Name(family=decoded[0], given=decoded[1], suffix=decoded[2])]
    pairs = list(zip(decoded[::2], decoded[1::2], strict=False))
    if len(decoded) % 2 == 0 and all(_is_initials(given) and not _is_initials(family) for family, given in pairs):
        return [Name(family=family, given=given) for family, given in pairs]
    return []


def _first_last(raw: str) -> Name:
    """``First von Last``: the last word, and the words in small letters before it, are the family name."""
    if _is_group(raw):
        return Name(literal=decode_latex(raw))
    words = split_at_top(raw, r"[\s~]+")
    decoded = list(map(decode_latex, words))
    if "&" in decoded:  # a firm, as it stands
        return Name(literal=decode_latex(raw))
    suffix = decoded.pop() if len(decoded) > 2 and _SUFFIX.fullmatch(decoded[-1]) else ""
    last = len(decoded) - 1
    start = next((number for number in range(last) if _is_small(words[number], decoded[number])), last)
    return Name(given=_joined(decoded[:start]), family=_joined(decoded[start:]), suffix=suffix)


def _joined(words: list[str]) -> str:
    return " ".join(word for word in words if word)


def _is_group(raw: str) -> bool:
    """Whether braces hold the whole of it (and are no accent's)."""
    if not (raw.startswith("{") and raw.endswith("}")) or raw.startswith("{\\"):
        return False
    depth = 0
    for brace in re.finditer(r"\\.|[{}]", raw):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return brace.end() == len(raw)
    return False


def _is_small(raw: str, decoded: str) -> bool:
    if raw.startswith("{") and not raw.startswith("{\\"):
        return False  # a word in braces is no particle
    return next((letter.islower() for letter in decoded if letter.isalpha()), False)


def _is_initials(text: str) -> bool:
    return text == text.upper() and _INITIALS.fullmatch(text) is not None
