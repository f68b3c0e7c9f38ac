"""Names of people and words of titles, compared: one folding, the readings of a name, whether two lists agree.

The folding is for comparing alone (``kb.ids.plain_words`` makes keys and must not change). Names are compared by their
parts, since each source prints them in its way: "Jürgen Müller", "Mueller, J.", "MÜLLER Jürgen".
"""

from __future__ import annotations

import re
import unicodedata
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import combinations, islice, permutations
from typing import NamedTuple

from kb.records import Name

_ASCII_WORDS = re.compile(r"[a-z0-9]+")
_APOSTROPHES = dict.fromkeys(map(ord, "'`´’‘ʼʻʹʾʿ′＇ˈ"))
# Latin letters whose Unicode name does not tell the letters that they stand for.
_LETTERS = {"ß": "ss", "ı": "i", "ȷ": "j", "ð": "d", "þ": "th", "ŋ": "n", "ĸ": "k", "ə": "e", "ɛ": "e", "ɔ": "o"}
# How languages write a letter where the sign is not at hand.
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "đ": "dj"})
_SPELLED_OUT = re.compile(r"([aou])e(?=[a-z])")
_SHORTEST_TAKEN_BACK = 4  # letters: "Mueller" is also looked for as "Muller", but "Xue" never as "Xu"
_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv", "2nd", "3rd", "4th"))
_OTHERS = frozenset(("others", "and others", "et al", "and et al", "et alii"))
PARTICLES = frozenset(
    "af al ap av ben bin bint da dal das de del dela della den der des di do dos du el ibn la las le les lo los op san"
    " ten ter van vom von zu zum zur ’t 't".split()
)
"""Words in small letters that begin a family name."""
_MOST_WORDS = 8  # of a name; what has more is compared by its first ones
_MOST_INITIALS = 3  # capitals in a row that are taken for initials
_LONGEST = 400  # characters of a name that are read
_MOST_TRIED = 16  # namesakes in a list that one author is compared with


# ----------------------------------------------------------------------------------------------- folding


def fold(text: str) -> str:
    """Words of ``text`` in lower case without accents, joined by one blank: the same for all spellings of a text.

    Letters that Unicode does not take apart lose their strokes too (ø ł đ), ligatures are spelled out (æ œ ß ﬁ þ),
    apostrophes join ("O'Brien" gives ``obrien``), hyphens and all other signs part.
    """
    return _fold(text) if len(text) > _LONGEST else _fold_kept(text)


def _fold(text: str) -> str:
    bare = text.translate(_APOSTROPHES)
    if bare.isascii():
        return " ".join(_ASCII_WORDS.findall(bare.lower()))
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", bare).casefold())
    return " ".join(unicodedata.normalize("NFC", "".join(map(_folded, decomposed))).split())


_fold_kept = lru_cache(maxsize=1 << 14)(_fold)  # names and titles come again and again


def _folded(character: str) -> str:
    """A letter without its stroke, nothing for an accent or an invisible sign, a blank for any other sign."""
    category = unicodedata.category(character)
    if category[0] == "M":  # Indic vowels and the voicing of kana are letters more than accents
        return character if unicodedata.combining(character) in (0, 7, 8, 9) else ""
    if category == "Cf" or character.translate(_APOSTROPHES) == "":
        return ""
    if not character.isalnum():
        return " "
    return character if character.isascii() else plain_letter(character)


@lru_cache(maxsize=1 << 12)
def plain_letter(letter: str) -> str:
    """A small letter without what Unicode does not take off: ø gives o, æ gives ae, þ gives th; others stay."""
    if letter in _LETTERS:
        return _LETTERS[letter]
    name = unicodedata.name(letter, "")
    if " WITH " in name:  # LATIN SMALL LETTER O WITH STROKE
        try:
            return unicodedata.lookup(name.partition(" WITH ")[0]).lower()
        except KeyError:
            return letter
    digraph = re.fullmatch(r"LATIN SMALL (?:LETTER|LIGATURE) ([A-Z]{2})", name)  # LATIN SMALL LETTER AE
    return digraph[1].lower() if digraph else letter


# ------------------------------------------------------------------------------------------------- parts


class _Word(NamedTuple):
    """A printed word of a name, folded: its parts between hyphens, and all in one with umlauts spelled out."""

    parts: tuple[str, ...]
    spelled: str

    @property
    def joined(self) -> str:
        return "".join(self.parts)

    @property
    def initials(self) -> str:
        return "".join(part[0] for part in self.parts)

    @property
    def abbreviated(self) -> bool:
        return all(len(part) == 1 for part in self.parts)

    def spellings(self) -> frozenset[str]:
        """The word as a family name in its spellings: "Müller" and "Mueller" both give ``muller mueller``."""
        taken_back = _SPELLED_OUT.sub(r"\1", self.joined)
        both = {self.joined, self.spelled}
        return frozenset(both | {taken_back} if len(taken_back) >= _SHORTEST_TAKEN_BACK else both)


class _Parts(NamedTuple):
    """A name as printed, in two; ``stated`` says that the source tells which is which."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    stated: bool


class _Reading(NamedTuple):
    """One way to read a name: the word that decides in its spellings, and the other words in their order.

    Where all words are taken in one (``whole``), that is the same only as another name as a whole.
    """

    core: frozenset[str]
    rest: tuple[_Word, ...]
    whole: bool = False


def is_suffix(text: str) -> bool:
    """Whether it is what stands behind a name: "Jr.", "III", "2nd". A numeral has capitals alone: Ii is a name."""
    bare = text.strip().removesuffix(".")
    return bare.lower() in _SUFFIXES and (bare[0] not in "IiVv" or bare.isupper())


def means_others(text: str) -> bool:
    """Whether what stands in a list of names says that there are more: "et al.", "and others"."""
    return fold(text) in _OTHERS


def same_person(a: str | Name, b: str | Name) -> bool:
    """Whether two printed names can be of one person: the family agrees and nothing in the given names differs.

    Initials stand for any name that begins so, and names that one side leaves out do not count: "A. Smith" can be
    Anna Smith, but "Anna Müller" cannot be "Jürgen Müller". Where nothing says which word is the family, both
    orders are tried.
    """
    return _same(_readings(a), _readings(b))


def answers_to(name: str, asked: str) -> bool:
    """Whether the author ``name`` may be meant by what somebody typed: the same person, or all words are the name's.

    "Müller", "Jürgen" and "van der" are answered to; initials alone are not. One word with a comma behind it
    ("Müller,") is a family name.
    """
    ours, wanted = _all_words(name), _all_words(asked)
    if _is_family(asked, wanted):
        return any(core & wanted[0].spellings() for core, *_ in _family_readings(name))
    if all(word.abbreviated for word in wanted):
        return False
    if all(word.abbreviated for word in ours) or len(ours) == 1 < sum(len(word.parts) for word in wanted):
        # Of one word alone nobody can say that it is hers whose other names were asked for.
        return "".join(word.joined for word in ours) == "".join(word.joined for word in wanted)
    return _holds(ours, wanted) or same_person(name, asked)


def bears(name: str, asked: str) -> bool:
    """Whether each word that somebody typed is a whole word of the name."""
    wanted = _all_words(asked)
    return bool(wanted) and _holds(_all_words(name), wanted)


def full_words(name: str) -> list[str]:
    """The words of a name that are no initials, as printed; two or three capitals beside other words are initials."""
    parts = _parts(name)
    words = [*parts.given, *parts.family]
    shouted = all(word.isupper() for word in words)
    return [word for word in words if not _given_word(word, shouted=shouted).abbreviated]


def _holds(ours: tuple[_Word, ...], wanted: tuple[_Word, ...]) -> bool:
    """Whether each word that is wanted is one of ours, or a part of one, and no two are the same."""
    whole = dict(enumerate(ours))
    parts = [(place, part) for place, word in whole.items() for part in word.parts if len(word.parts) > 1]
    for word in wanted:
        place = next((place for place, own in whole.items() if own.spellings() & word.spellings()), None)
        if place is not None:
            parts = [part for part in parts if part[0] != place]
        elif (part := next((part for part in parts if part[1] in word.spellings()), None)) is not None:
            place = part[0]
            parts.remove(part)
        else:
            return False
        whole.pop(place, None)
    return True


def name_forms(name: str) -> set[str]:
    """Lookup keys of an author: each word in its spellings, the family with a comma, the whole name in one word, and
    of two words one with an initial ("muller j").

    Whoever ``answers_to`` a typed name has one of its ``asked_forms``.
    """
    words, parts = _all_words(name), _parts(name)
    full = [word for word in words if not word.abbreviated]
    forms = {"".join(_word(word).joined for word in parts.given)}
    forms |= {"".join(spelled) for those in (words, full) for spelled in _spelled(those)}
    for word in words:
        forms |= {*word.spellings(), *word.parts}
    for before, behind in combinations(words, 2):
        one, other = (behind, before) if not behind.abbreviated else (before, behind)
        forms |= {f"{key} {initial}" for key in one.spellings() for initial in other.initials}
    for core, rest, _ in _family_readings(name):
        forms |= {f"{key}," for key in core}
        forms |= core | {f"{key} {initial}" for key in core for word in rest for initial in word.initials}
    return {form for form in forms if len(form.partition(" ")[0]) > 1}


def asked_forms(asked: str) -> set[str]:
    """The keys, of those that ``name_forms`` gives, of everybody whom a typed name may mean; empty without a word."""
    words = _all_words(asked)
    if _is_family(asked, words):
        forms = {f"{key}," for key in words[0].spellings()}
    elif len(words) == 1 and len(words[0].parts) == 1:
        forms = set(words[0].spellings())
    else:
        forms = {"".join(word.joined for word in order) for order in (words, words[::-1])}
        for one, other in permutations(words, 2):
            forms |= {f"{key} {initial}" for key in one.spellings() for initial in other.initials}
        for core, rest, _ in _readings(asked):
            forms |= {f"{key} {initial}" for key in core for word in rest for initial in word.initials} or core
    return {form for form in forms if len(form.partition(" ")[0]) > 1}


def whole_forms(asked: str) -> set[str]:
    """Those of the keys that belong to whoever has all of these words, and initials, for a name: in either order."""
    words = _all_words(asked)
    turned = (*words[1:], *words[:1])
    return {"".join(spelled) for order in (words, turned) for spelled in _spelled(order)}


def _spelled(words: Sequence[_Word]) -> tuple[list[str], list[str]]:
    """The words without umlauts, and with umlauts spelled out."""
    return [word.joined for word in words], [word.spelled for word in words]


def _is_family(asked: str, words: Sequence[_Word]) -> bool:
    return len(words) == 1 and not words[0].abbreviated and asked.rstrip().endswith(",")


def _family_readings(name: str) -> tuple[_Reading, ...]:
    """The readings in which the family is where it usually is: as a whole, and its last word alone."""
    several = sum(len(_word(word).parts) for word in _parts(name).family) > 1
    return _readings(name)[: 1 + several]


# ----------------------------------------------------------------------------------------------- reading


@lru_cache(maxsize=1 << 15)
def _all_words(name: str | Name) -> tuple[_Word, ...]:
    parts = _parts(name)
    return tuple(map(_word, (*parts.given, *parts.family)))


@lru_cache(maxsize=1 << 15)
def _word(printed: str) -> _Word:
    parts = tuple(fold(printed).split())
    if printed.isascii():
        return _Word(parts, "".join(parts))
    spelled = unicodedata.normalize("NFC", printed).lower().translate(_SPELLED)
    return _Word(parts, fold(spelled).replace(" ", ""))


def _parts(name: str | Name) -> _Parts:
    if isinstance(name, Name):
        if name.literal:
            return _Parts((), _words(name.literal), stated=True)
        given, family = _words(name.given), _words(name.family)
        return _parted(given, family, stated=True) if family else _plain(given)
    pieces = [_words(piece) for piece in name[:_LONGEST].split(",", 3)[:3]]
    pieces = [words for place, words in enumerate(pieces) if words and not (place and _is_suffix(words))]
    if len(pieces) > 1:
        return _parted(pieces[1], pieces[0], stated=True)
    return _plain(pieces[0] if pieces else ())


def _words(text: str) -> tuple[str, ...]:
    """The first printed words; a full stop ends one ("J.G."), but for a hyphen that follows ("J.-G.")."""
    printed = re.sub(r"\.(?!-)", ". ", text[:_LONGEST]).split()
    return tuple(word for word in printed if fold(word))[:_MOST_WORDS]


def _is_suffix(words: Sequence[str]) -> bool:
    return len(words) == 1 and fold(words[0]) in _SUFFIXES


def _parted(given: tuple[str, ...], family: tuple[str, ...], *, stated: bool) -> _Parts:
    """Words in small letters behind the given names are the family's: "Maaten, Laurens van der"."""
    if len(family) > 1 and _is_suffix(family[-1:]):
        family = family[:-1]
    end = len(given)
    while end and given[end - 1].islower() and len(given[end - 1]) > 1:
        end -= 1
    if not end:  # all in small letters: that says nothing
        return _Parts(given, family, stated=stated)
    return _Parts(given[:end], given[end:] + family, stated=stated)


def _plain(words: tuple[str, ...]) -> _Parts:
    if _is_suffix(words[-1:]) and any(len(fold(word)) > 1 for word in words[:-1]):  # "I II" has no other name
        words = words[:-1]
    large = tuple(word for word in words if word.isupper() and max(map(len, _word(word).parts)) > 3)
    if large and not all(word.isupper() for word in words):  # "MÜLLER Jürgen": capitals say which is the family
        return _Parts(tuple(word for word in words if word not in large), large, stated=True)
    return _parted(words[:-1], words[-1:], stated=False)


@lru_cache(maxsize=1 << 15)
def _readings(name: str | Name) -> tuple[_Reading, ...]:
    """The ways to read a name, at most four; where it can be turned, the last has the family first."""
    given, family, _ = _parts(name)
    if not family:
        return ()
    shouted = all(word.isupper() for word in (*given, *family))
    before = tuple(_given_word(word, shouted=shouted) for word in given)
    parts = [part for word in family for part in _word(word).parts]
    whole = _Word(tuple(parts), "".join(_word(word).spelled for word in family))
    readings = [_Reading(whole.spellings(), before)]
    if len(parts) > 1:  # "Feizi-Derakhshi", "García Márquez", "van der Maaten": the last word may stand alone
        leading = tuple(_Word((part,), part) for part in parts[:-1])
        last = _word(family[-1]) if len(_word(family[-1]).parts) == 1 else _Word((parts[-1],), parts[-1])
        readings.append(_Reading(last.spellings(), before + leading))
    # The same words in any order, or joined and parted otherwise ("O Brien"), are the same name.
    words = [word.joined for word in _all_words(name)]
    readings.append(_Reading(frozenset(("".join(words), "".join(sorted(words)))), (), whole=True))
    if _can_be_turned(name):  # "Zhang Jianguo"
        behind = tuple(_given_word(word, shouted=shouted) for word in (*given[1:], *family))
        first = _word(given[0])
        readings.append(_Reading(frozenset((first.joined, first.spelled)), behind))
    return tuple(readings)


def _can_be_turned(name: str | Name) -> bool:
    """Whether the first word may be the family's: nothing says otherwise, and it is no initial."""
    given, family, stated = _parts(name)
    return bool(given) and len(family) == 1 and not stated and not _word(given[0]).abbreviated


def _given_word(printed: str, *, shouted: bool) -> _Word:
    """A word that is no family name; two or three capitals in a row are initials ("Zhang JG")."""
    word = _word(printed)
    if not shouted and len(word.parts) == 1 and 1 < len(word.joined) <= _MOST_INITIALS and printed.isupper():
        return word._replace(parts=tuple(word.joined))
    return word


# --------------------------------------------------------------------------------------------- comparing


def _same(ours: Iterable[_Reading], theirs: Sequence[_Reading]) -> bool:
    return any(a.core & b.core and _fit(a, b) for a in ours for b in theirs)


def _fit(a: _Reading, b: _Reading) -> bool:
    return not (a.rest or b.rest) if a.whole or b.whole else _compatible(a.rest, b.rest)


def _compatible(a: tuple[_Word, ...], b: tuple[_Word, ...]) -> bool:
    """Whether given names may be of one person: the same, or each of the fewer is or abbreviates one of the others."""
    if not a or not b or "".join(word.joined for word in a) == "".join(word.joined for word in b):
        return True
    if all(word.abbreviated for word in a) or all(word.abbreviated for word in b):
        return _abbreviates(_one(a), _one(b))
    fewer, more = sorted((a, b), key=len)
    place, telling = 0, False
    for nth, word in enumerate(fewer):
        while place < len(more) and not _matches(word, more[place]):
            place += 1
        if place == len(more):
            return False
        telling |= nth == place == 0 or not (word.abbreviated or more[place].abbreviated)
        place += 1
    return telling


def _one(words: tuple[_Word, ...]) -> _Word:
    return _Word(tuple(part for word in words for part in word.parts), "")


def _matches(a: _Word, b: _Word) -> bool:
    if a.joined == b.joined or a.spelled == b.spelled:
        return True
    return (a.abbreviated or b.abbreviated) and _abbreviates(a, b)


def _abbreviates(a: _Word, b: _Word) -> bool:
    """Whether initials begin alike, or those of one are letters of the other in their order ("J.-G." of "Jianguo")."""
    if a.initials.startswith(b.initials) or b.initials.startswith(a.initials):
        return True
    short, long = (a, b) if a.abbreviated else (b, a)
    if len(long.parts) > 1 or long.joined[0] != short.joined[0]:
        return False
    letters = iter(long.joined)
    return all(initial in letters for initial in short.joined)


# ------------------------------------------------------------------------------------------------- lists


def authors_agree(ours: Sequence[str | Name], theirs: Sequence[str | Name]) -> bool | None:
    """Whether two lists of authors can be of one paper; None when either names nobody.

    They agree when the first author of the shorter list is in the longer, three quarters of the shorter are, and
    the shorter has half as many names or is how the longer begins ("and others" says that it was cut). Names are
    paired in the order of their lists as far as they can be; linear in the lists.
    """
    (mine, cut_mine), (yours, cut_yours) = _listed(ours), _listed(theirs)
    if not mine or not yours:
        return None
    if len(mine) > len(yours):
        mine, yours, cut_mine, cut_yours = yours, mine, cut_yours, cut_mine
    if _found_in(mine, yours, cut=cut_mine):
        return True
    return len(mine) == len(yours) and _found_in(yours, mine, cut=cut_yours)  # neither is the shorter


def _found_in(shorter: Sequence[str | Name], longer: Sequence[str | Name], *, cut: bool) -> bool:
    # A list is in one order of names; where each name could be in its own, too many would agree.
    for turn_one, turn_other in ((False, False), (True, False), (False, True)):
        places = _pair(
            [_ordered(n, turned=turn_one) for n in shorter], [_ordered(n, turned=turn_other) for n in longer]
        )
        found = [place for place in places if place is not None]
        if places[0] is None or 4 * len(found) < 3 * len(shorter):
            continue
        if 2 * len(shorter) >= len(longer) or (found == list(range(len(shorter))) and (cut or len(shorter) > 1)):
            return True
    return False


def _listed(names: Sequence[str | Name]) -> tuple[list[str | Name], bool]:
    """The names without "others" at the end, and whether that stood there."""
    there = [name for name in names if fold(str(name))]
    if there and means_others(str(there[-1])):
        return there[:-1], True
    return there, False


def _ordered(name: str | Name, *, turned: bool = False) -> tuple[_Reading, ...]:
    """The readings of a name in the usual order or, turned, with the family first."""
    readings = _readings(name)
    if not _can_be_turned(name):
        return readings
    return readings[-1:] if turned else readings[:-1]


def _pair(ours: list[tuple[_Reading, ...]], theirs: list[tuple[_Reading, ...]]) -> list[int | None]:
    """For each of ours the place of a name of theirs that can be the same; no place is given twice.

    Each name is compared with its first ``_MOST_TRIED`` free namesakes of one initial, so time is linear.
    """
    namesakes: dict[str, OrderedDict[int, None]] = defaultdict(OrderedDict)
    for place, readings in enumerate(theirs):
        for key in _pairing_keys(readings):
            namesakes[key][place] = None
    pairs: list[int | None] = []
    for readings in ours:
        tried = sorted({
            place for key in _pairing_keys(readings) for place in islice(namesakes.get(key, ()), _MOST_TRIED)
        })  # fmt: skip
        found = next((place for place in tried if _same(readings, theirs[place])), None)
        pairs.append(found)
        if found is not None:
            for key in _pairing_keys(theirs[found]):
                namesakes[key].pop(found, None)
    return pairs


def _pairing_keys(readings: tuple[_Reading, ...]) -> set[str]:
    """Names that share none of these cannot be of one person; the whole given name brings equals together first."""
    keys: set[str] = set()
    for core, rest, _ in readings:
        behind = {initial for word in rest for initial in word.initials} | {"".join(word.joined for word in rest)}
        keys |= {f"{key} {following}" for key in core for following in behind}
    return keys
