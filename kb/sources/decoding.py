"""The text of a file of records, whatever encoding a program wrote it in. Imports charset-normalizer.

UTF-8 and what a byte order mark says are certain. Any other encoding is assumed, and said: charset-normalizer tells
how badly the bytes read in each, and of those that read well the one wins in which the letters are everyday ones.
Where two are left, the file is not read: letters that were guessed would stand in the library for ever.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from kb.errors import BadRecord, FileUnreadable, foreign_errors
from kb.input_files import read_file
from kb.records import Failure, Notice, Reason

# What people call an encoding, what its letters are, and by how much it must read better than Windows-1252 does.
_NAMES: Mapping[str, str] = {
    "cp1252": "Windows-1252", "gb18030": "GB18030", "big5hkscs": "Big5", "cp932": "Shift-JIS", "euc_jp": "EUC-JP",
    "cp949": "EUC-KR", "cp1250": "Windows-1250", "cp1251": "Windows-1251", "koi8_r": "KOI8-R",
}  # fmt: skip
_TYPOGRAPHY = "’‘“”„‚«»–—…·\u00a0\u00ad"
_RUSSIAN = re.compile("[А-яЁёІіЇїЄє]")
_CYRILLIC = frozenset({"cp1251", "koi8_r"})
_RARER = {"euc_jp": 0.05, "cp1250": 0.05, "cp1251": 0.05, "koi8_r": 0.05}
# First bytes of the signs, kana, syllables and characters in daily use: the others have rows of their own.
_EVERYDAY = {
    "gb18030": ((0xA1, 0xA3), (0xB0, 0xD7)),
    "big5hkscs": ((0xA1, 0xC6),),
    "cp932": ((0x81, 0x97),),
    "euc_jp": ((0xA1, 0xA1), (0xA4, 0xA5), (0xB0, 0xCF)),
    "cp949": ((0xA1, 0xA3), (0xB0, 0xC8)),
}
_ODD_COSTS = 0.4  # a reading whose letters are all odd
_WORST = 0.2  # that is believed: as much as charset-normalizer lets a reading cost
_MARGIN = 0.03  # by which the best reading must lead
_SAMPLE = 20_000  # bytes of lines that are looked at
_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_STATED = re.compile(rb"^%+ *Encoding: *([\w-]+)", re.I | re.M)  # JabRef's first line
_THREE_BYTES = re.compile(rb"[\xe0-\xf4][\x80-\xbf]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A text; ``assumed`` is the encoding that nothing in the file says, of all of it or of so many ``lines``."""

    text: str
    assumed: str | None = None
    lines: int | None = None


def read_text(path: Path, *, max_bytes: int) -> tuple[str, Notice | None] | Failure:
    """The text of a file, and which encoding was assumed where it is neither UTF-8 nor says its own.

    A Failure is ``too-large`` or ``file-unreadable``, also where the encoding cannot be told.
    """
    try:
        found = decode(read_file(path, max_bytes=max_bytes, setting="max_file_bytes"))
    except FileUnreadable as err:
        return Failure(what=str(path), code=err.code, reason=err.reason)
    except BadRecord as err:
        return Failure(what=str(path), code="file-unreadable", reason=str(err))
    if found is None:
        reason = "it is not UTF-8, and no other encoding can be told for certain: save it as UTF-8 and add it again"
        return Failure(what=str(path), code="file-unreadable", reason=reason)
    if found.assumed is None:
        return found.text, None
    values = {"encoding": found.assumed} | ({"lines": f"{found.lines:,}"} if found.lines else {})
    kind = "encoding-assumed-in-part" if found.lines else "encoding-assumed"
    return found.text, Notice(what=str(path), why=Reason(kind=kind, values=values))


def decode(data: bytes) -> Decoded | None:
    """The text of a file's bytes; None where its encoding cannot be told."""
    if marked := next((code for mark, code in _MARKS if data.startswith(mark)), None):
        return Decoded(text=data.decode(marked, "replace"))
    try:
        return Decoded(text=data.decode())
    except UnicodeDecodeError:
        pass
    if (stated := _STATED.search(data, 0, 4096)) and (text := _decoded(data, stated[1].decode())) is not None:
        return Decoded(text=text)
    # A file put together from several programs' exports has lines in either encoding.
    lines = data.splitlines(keepends=True)
    code = _likeliest([line for line in lines if _decoded(line, "utf-8") is None])
    if code is None:
        return None
    unicode = [line.isascii() or _is_utf8(line, beside=code) for line in lines]
    parts = [_decoded(line, "utf-8" if plain else code) for line, plain in zip(lines, unicode, strict=True)]
    text = "".join(part for part in parts if part is not None)
    mixed = any(plain and not line.isascii() for line, plain in zip(lines, unicode, strict=True))
    whole = Decoded(text=text, assumed=_NAMES[code], lines=unicode.count(False) if mixed else None)
    return whole if None not in parts else None


def _decoded(data: bytes, code: str) -> str | None:
    try:
        return data.decode(code)
    except (UnicodeError, LookupError):
        return None


def _is_utf8(line: bytes, *, beside: str) -> bool:
    """Whether a line is UTF-8 in a file whose others are not: two bytes may also be a character of East Asia."""
    return _decoded(line, "utf-8") is not None and (beside not in _EVERYDAY or _THREE_BYTES.search(line) is not None)


def _likeliest(lines: Sequence[bytes]) -> str | None:
    """The encoding in which lines read best; None where none reads well, or two that give other letters."""
    data = b"".join(lines)
    readable = [code for code in _NAMES if _decoded(data, code) is not None]
    if not readable:
        return None
    sizes = accumulate(map(len, lines))
    sample = b"".join(line for line, size in zip(lines, sizes, strict=True) if size <= _SAMPLE) or lines[0]
    with foreign_errors(lambda said: BadRecord(f"its encoding cannot be told ({said}): save it as UTF-8")):
        from charset_normalizer import from_bytes

        matches = from_bytes(sample, cp_isolation=readable, preemptive_behaviour=False, enable_fallback=False)
        costs = [(match.chaos, code) for match in matches for code in match.could_be_from_charset if code in readable]
    ranked: list[tuple[float, str, str]] = []
    for chaos, code in costs:
        text = sample.decode(code)
        ranked.append((chaos + _RARER.get(code, 0) + _ODD_COSTS * _odd(text, code), code, text))
    ranked.sort()
    if not ranked or ranked[0][0] > _WORST:
        return None
    cost, best, text = ranked[0]
    return None if any(other != text and more < cost + _MARGIN for more, _, other in ranked[1:]) else best


def _odd(text: str, code: str) -> float:
    """The share of the letters beyond ASCII that would hardly stand there."""
    foreign = [at for at, sign in enumerate(text) if sign > "\x7f"]
    return sum(_is_odd(text, at, code) for at in foreign) / max(len(foreign), 1)


def _is_odd(text: str, at: int, code: str) -> bool:
    sign, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if code in _EVERYDAY:
        written = sign.encode(code)
        everyday = len(written) == 2 and any(first <= written[0] <= last for first, last in _EVERYDAY[code])
        alone = before < "\x80" > after and (before.isalpha() or after.isalpha())  # within a word of Latin letters
        return alone or not everyday
    if not sign.isalpha():
        foreign = any(near > "\x7f" and near not in _TYPOGRAPHY for near in (before, after))
        return sign not in _TYPOGRAPHY and (foreign or (before.isalpha() and after.isalpha()))
    if code in _CYRILLIC:
        latin = any(near.isascii() and near.isalpha() for near in (before, after))
        return latin or _RUSSIAN.match(sign) is None or (sign.isupper() and before.islower())
    return all(near.isalpha() and not near.isascii() for near in (before, after))  # no Latin word is all accents
