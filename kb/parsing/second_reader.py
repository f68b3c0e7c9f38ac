"""What pypdf reads where pdfium cannot: glyphs by the names that their fonts give them, and the text of PDFs that
pdfium refuses, page by page and without places. The only user of pypdf.

A glyph's name stands in the font's /Differences, else in the encoding inside of its program (Type 1, CFF, TrueType);
names are read by Adobe's rules. What neither says is not known here, and nothing is guessed but for TeX's bitmap
fonts, whose names are places in TeX's encodings.
"""

from __future__ import annotations

import hashlib
import io
import logging
import re
import struct
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice, pairwise
from typing import Any, NamedTuple

from kb.errors import ParseError
from kb.ids import file_key
from kb.parsing.glyphs import is_private
from kb.records import Block, Document, Fulltext, Metadata

PARSER = "pypdf/1"
_STUMBLES = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError, RuntimeError, TypeError,
    ValueError, struct.error, zlib.error,
)  # fmt: skip


def read_text_only(data: bytes, *, max_pages: int, first_error: ParseError) -> Document:
    """One paragraph per blank-line-separated piece of text, with its page; no headings, no boxes.

    Raises:
        ParseError: ``first_error`` (what pdfium said) when pypdf gets no text either; ``pdf-encrypted`` when the
            file wants a password.
    """
    pieces, count = _pieces(data, max_pages=max_pages, first_error=first_error)
    if sum(len(text) for _, text in pieces) < 40:
        raise first_error
    blocks: list[Block] = []
    start = 0
    for page, text in pieces:
        blocks.append(Block(kind="paragraph", text=text, start=start, page=page))
        start += len(text) + 2
    reason = "the PDF is damaged: its words could be read, not its layout; get it again from its source"
    return Document(
        text="\n\n".join(text for _, text in pieces),
        blocks=tuple(blocks),
        front=Metadata(source="pdf", ids=(file_key(hashlib.sha256(data).hexdigest()),)),
        pages=count,
        fulltext=Fulltext(state="partial", code="pdf-broken", reason=reason),
        parser=PARSER,
        warnings=(reason,),
    )


def _pieces(data: bytes, *, max_pages: int, first_error: ParseError) -> tuple[list[tuple[int, str]], int]:
    from pypdf.errors import PyPdfError

    pieces: list[tuple[int, str]] = []
    try:
        reader = _opened(data)
        if reader.is_encrypted and not reader.decrypt(""):
            message = "the PDF is locked with a password: save an unlocked copy and add that"
            raise ParseError(message, code="pdf-encrypted")
        count = len(reader.pages)
        for number in range(1, min(count, max_pages) + 1):
            pieces += [(number, text) for text in _paragraphs(reader.pages[number - 1].extract_text())]
    except (PyPdfError, *_STUMBLES) as err:
        # pypdf meets damaged files with all of these; what was read before counts.
        if not pieces:
            raise first_error from err
        count = pieces[-1][0]
    return pieces, count


def _paragraphs(text: str) -> list[str]:
    clean = "".join(char for char in unicodedata.normalize("NFKC", text) if char.isprintable() or char == "\n")
    clean = re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", clean)
    parts = (re.sub(r"\s+", " ", part).strip() for part in re.split(r"\n\s*\n", clean))
    return [part for part in parts if part]


def _opened(data: bytes) -> Any:
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    return pypdf.PdfReader(io.BytesIO(data), strict=False)


# ------------------------------------------------------------------------------------------------- glyphs

_SAME_ADVANCE = 0.005  # in units of the font size
_MAX_MAPPED = 0x20000  # characters of one table of a TrueType program
_MAX_FORMS = 200  # of a page, in whose resources fonts are looked for
_OVERLAYS = {"negationslash": "\u0338", "suppress": "\u0335"}  # painted over the sign that follows
_PLACE = re.compile(r"[A-Za-z]\d+")  # "g123", "C211", "a65": a number that a program gave, no name
_VARIANT = re.compile(r"(?:small|oldstyle|superior|inferior)$")
# TeX's fonts of signs by their places (OMS), for those whose own names are places.
_OMS_FONT = re.compile(r"(?:cm|lm|mt2?|[pt]x)sy")
_OMS = "−·×∗÷⋄±∓⊕⊖⊗⊘⊙◯◦•≍≡⊆⊇≤≥≼≽∼≈⊂⊃≪≫≺≻←→↑↓↔↗↘≃⇐⇒⇑⇓⇔↖↙∝′∞∈∋△▽"
# Ligatures, quotes and dashes of TeX's bitmap fonts of text, at their places in OT1 and in T1.
_OT1 = {11: "ff", 12: "fi", 13: "fl", 14: "ffi", 15: "ffl", 34: "”", 92: "“", 123: "–", 124: "—"}
_T1 = {16: "“", 17: "”", 21: "–", 22: "—", 27: "ff", 28: "fi", 29: "fl", 30: "ffi", 31: "ffl"}


# Wingdings, where Word takes bullets, ticks and arrows from: its places as signs of Unicode.
_WINGDINGS = dict(zip(b"lmnopqrstuvwx\x9e\x9f\xa1\xa7\xa8\xd8\xdf\xe0\xe1\xe2\xe8\xf0\xfb\xfc\xfd\xfe",
                      "●❍■□❐❑❒⬧⧫◆❖⬥⌧·•○▪◻➢←→↑↓➔⇨✗✔☒☑", strict=True))  # fmt: skip


def symbol_sign(code: int, *, font: str) -> str:
    """The sign of a place in Word's symbol fonts, which come as U+F020 to U+F0FF; "" for others."""
    place, name = code - 0xF000, font.lower()
    if not 0x20 <= place <= 0xFF:
        return ""
    if name.startswith(("symbol", "standardsym")):
        sign = symbol_places()[place]
        return sign if not sign.isalnum() or ord(sign) > 0xFF or sign.isascii() else ""
    if name.startswith("wingdings"):
        return _WINGDINGS.get(place, "") if name in ("wingdings", "wingdings-regular") else ""
    return "•" if place == 0xB7 else ""  # where both Symbol and Latin have a dot in the middle


def symbol_places() -> Sequence[str]:
    """The signs of Adobe's font Symbol by their places."""
    from pypdf._codecs import charset_encoding

    return list(charset_encoding["/Symbol"])


class Seen(NamedTuple):
    """A glyph as pdfium tells of it: page (1-based), name of its font, how far it advances (in units of the font size)
    and what gives the font's embedded file."""

    page: int
    font: str
    advance: float
    program: Callable[[], bytes]


class FontNames:
    """The signs of a file's glyphs by their fonts. The file is opened when the first is asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._pages: dict[int, list[_Font]] = {}
        self._known: dict[int, _Font] = {}

    def sign(self, code: int, seen: Seen) -> str:
        """The text of a glyph by its code in its font; "" when nobody knows."""
        return self._agreed(lambda one: one.sign(code), seen, is_one=lambda one: one.is_as_wide(code, seen.advance))

    def private_sign(self, char: str, seen: Seen) -> str:
        """The text of a glyph for which the file gives the private-use character ``char``."""
        return self._agreed(lambda one: one.private_sign(char), seen, is_one=lambda one: False)

    def _agreed(self, ask: Callable[[_Font], str], seen: Seen, *, is_one: Callable[[_Font], bool]) -> str:
        """What all fonts of that name on the page say, or that one of them that has this file or width."""
        page = seen.page
        if page not in self._pages:
            self._pages[page] = list(self._fonts_of(page))
        fonts = [one for one in self._pages[page] if one.name == seen.font]
        signs = {_unless_broken(ask, one) for one in fonts}
        if len(signs) > 1:
            wanted = seen.program()
            signs = {_unless_broken(ask, one) for one in fonts if (one.program == wanted if wanted else is_one(one))}
        return signs.pop() if len(signs) == 1 else ""

    @cached_property
    def _reader(self) -> Any:
        reader = _opened(self._data)
        if reader.is_encrypted:
            reader.decrypt("")
        return reader

    def _fonts_of(self, page: int) -> Iterator[_Font]:
        from pypdf.errors import PyPdfError

        try:
            rooms, seen = [self._reader.pages[page - 1]], 0
            while rooms and seen < _MAX_FORMS:
                resources = _inside(rooms.pop(), "/Resources")
                seen += 1
                for font in _inside(resources, "/Font").values():
                    number = getattr(font, "idnum", None) or id(font)
                    if number not in self._known:
                        self._known[number] = _Font(font.get_object())
                    yield self._known[number]
                forms = (thing.get_object() for thing in _inside(resources, "/XObject").values())
                rooms += [form for form in forms if _inside(form, "/Resources")]
        except (PyPdfError, *_STUMBLES):
            return  # of a damaged file what was found before counts


class _Font:
    """One font dictionary, and what its program says."""

    def __init__(self, entries: Any) -> None:
        self._entries = entries
        self._is_composite = entries.get("/Subtype") == "/Type0"
        self.name = re.sub(r"^[A-Z]{6}\+", "", str(entries.get("/BaseFont", ""))[1:])

    def sign(self, code: int) -> str:
        """The text of the glyph with a code; "" when the font does not say."""
        if (text := self._named(code)) or code == 0:  # which may stand for any glyph
            return text
        is_itself = str(self._entries.get("/ToUnicode", "")).startswith("/Identity")
        return chr(code) if is_itself else self._stated.get(chr(code), "")

    def _named(self, code: int) -> str:
        name = "" if self._is_composite else self._names.get(code, "")
        if name and self._is_bitmap_of_text:
            return self._place_of_text(code)
        if name or not self._is_truetype:
            is_tex = "/Encoding" not in self._entries and _OMS_FONT.match(self.name.lower())
            return _text_of(name) or (_OMS[code : code + 1] if is_tex else "")
        # Code 0 of a composite font stands for any glyph without a character.
        glyph = (code if self._is_own_number else 0) if self._is_composite else self._truetype.glyph(code)
        return self._truetype.text(glyph)

    def private_sign(self, char: str) -> str:
        """The text of the glyph for which /ToUnicode gives a private-use character."""
        codes = [ord(code) for code, text in self._stated.items() if text == char and len(code) == 1]
        return self._named(codes[0]) if len(codes) == 1 else ""

    @cached_property
    def _stated(self) -> Mapping[str, str]:
        """What /ToUnicode says, also in forms that pdfium does not take."""
        from pypdf._cmap import get_encoding

        return dict(get_encoding(self._entries)[1]) if "/ToUnicode" in self._entries else {}

    def is_as_wide(self, code: int, advance: float) -> bool:
        """Whether a glyph advances so far, in units of the font size."""
        widths, first = _inside(self._entries, "/Widths"), self._entries.get("/FirstChar", 0)
        if not 0 <= code - first < len(widths):
            return False
        scale = float(matrix[0]) if (matrix := _inside(self._entries, "/FontMatrix")) else 0.001
        return abs(float(widths[code - first].get_object()) * scale - advance) < _SAME_ADVANCE

    @cached_property
    def _descriptor(self) -> Any:
        font = self._entries
        if self._is_composite:
            font = _inside(font, "/DescendantFonts")[0].get_object()
        return _inside(font, "/FontDescriptor")

    @cached_property
    def program(self) -> bytes:
        """The font's file; empty for one that is not embedded."""
        for key in ("/FontFile", "/FontFile2", "/FontFile3"):
            if key in self._descriptor:
                data: bytes = self._descriptor[key].get_object().get_data()
                return data
        return b""

    @cached_property
    def _names(self) -> Mapping[int, str]:
        """The names of a simple font's glyphs: its program's own, and /Differences before them."""
        encoding = self._entries.get("/Encoding")
        encoding = encoding.get_object() if encoding is not None else None
        # What a named encoding has is no question: pdfium knows it.
        names = _names_of_program(self.program) if "/FontFile2" not in self._descriptor else {}
        code = 0
        for one in _inside(encoding, "/Differences") if isinstance(encoding, dict) else ():
            if isinstance(one, int):
                code = int(one)
            else:
                names[code] = str(one)[1:]
                code += 1
        return names

    @cached_property
    def _is_bitmap_of_text(self) -> bool:
        """Whether all names are places and the letters of prose are among them: TeX's fonts of signs have few."""
        names = self._names
        if self._entries.get("/Subtype") != "/Type3":
            return False
        letters = sum(chr(code).isascii() and chr(code).isalpha() for code in names)
        return (
            all(_PLACE.fullmatch(name) and int(name[1:]) == code for code, name in names.items())
            and sum(ord(letter) in names for letter in "aenorst") >= 4
            and 2 * letters > len(names)
        )

    def _place_of_text(self, code: int) -> str:
        if not {44, 46} & self._names.keys():
            return chr(code) if chr(code).isalnum() and code < 0x7F else ""  # may hold the signs of formulas
        special = _T1 if {27, 28, 29, 30, 31} & self._names.keys() else _OT1
        return special.get(code, chr(code) if 0x20 < code < 0x7F else "")

    @property
    def _is_truetype(self) -> bool:
        return "/FontFile2" in self._descriptor

    @property
    def _is_own_number(self) -> bool:
        """Whether the codes of a composite font are the numbers of its program's glyphs."""
        inner = _inside(self._entries, "/DescendantFonts")[0].get_object()
        return str(self._entries.get("/Encoding")).startswith("/Identity") and (
            str(inner.get("/CIDToGIDMap", "/Identity")) == "/Identity"
        )

    @cached_property
    def _truetype(self) -> _TrueType:
        return _TrueType(self.program)


def _inside(holder: Any, key: str) -> Any:
    """An entry of a dictionary, followed to its object; an empty dictionary where there is none."""
    found = holder.get(key) if isinstance(holder, dict) else None
    found = found.get_object() if found is not None else None
    return {} if found is None else found


def _unless_broken(ask: Callable[[_Font], str], font: _Font) -> str:
    from pypdf.errors import PyPdfError

    try:
        return ask(font)
    except (PyPdfError, *_STUMBLES):
        return ""


def _text_of(name: str) -> str:
    """A glyph's name as text, by the rules of the Adobe Glyph List; "" for what is no name of a sign."""
    from pypdf._codecs import adobe_glyphs

    if name in _OVERLAYS:
        return _OVERLAYS[name]
    if name == ".notdef" or _PLACE.fullmatch(name):
        return ""
    if (text := adobe_glyphs.get("/" + name, "")) and not any(is_private(ord(char)) for char in text):
        return str(text)
    parts = name.split(".")[0].split("_")
    if len(parts) > 1 or parts[0] != name:
        texts = [_text_of(part) for part in parts]
        return "".join(texts) if all(texts) else ""
    if match := re.fullmatch(r"uni((?:[0-9A-F]{4})+)|u([0-9A-F]{4,6})", name):
        digits = [match[1][at : at + 4] for at in range(0, len(match[1]), 4)] if match[1] else [match[2]]
        codes = [int(one, 16) for one in digits]
        return "".join(map(chr, codes)) if all(one < 0xD800 or 0xF900 <= one < 0x110000 for one in codes) else ""
    bare = _VARIANT.sub("", name)
    return _text_of(bare) if bare and bare != name else str(text)


# ------------------------------------------------------------------------------------- programs of fonts


def _names_of_program(program: bytes) -> dict[int, str]:
    """Code to name by the encoding inside of a Type 1 or CFF program; names of the standard set may be missing."""
    if program[:2] in (b"%!", b"\x80\x01"):
        clear = program.split(b"eexec", 1)[0].partition(b"/Encoding")[2]
        return {int(code): name.decode("latin-1") for code, name in re.findall(rb"dup\s+(\d+)\s*/(\S+)\s+put", clear)}
    return _names_of_cff(program) if program[:1] == b"\x01" else {}


def _names_of_cff(data: bytes) -> dict[int, str]:
    """See Adobe's technical note 5176: an encoding leads from codes to glyphs, the charset from those to names."""
    _, at = _index(data, data[2])
    tops, at = _index(data, at)
    strings, _ = _index(data, at)
    top = _operands(tops[0])
    start, charset = top.get(16, 0), top.get(15, 0)
    if start < 2 or charset < 3:
        return {}  # a predefined one: its names are all known
    glyphs = int.from_bytes(data[top[17] : top[17] + 2])
    numbers, form, at = [0], data[charset], charset + 1
    while len(numbers) < glyphs:
        first = int.from_bytes(data[at : at + 2])
        left = int.from_bytes(data[at + 2 : at + 2 + form]) if form else 0
        numbers += range(first, first + left + 1)
        at += 2 + form
    codes: list[tuple[int, int]] = []  # code, number of its name
    form, count, at, glyph = data[start] & 0x7F, data[start + 1], start + 2, 1
    for _ in range(count):
        run = range(data[at], data[at] + (data[at + 1] + 1 if form else 1))
        codes += [(code, numbers[glyph + place]) for place, code in enumerate(run) if glyph + place < len(numbers)]
        glyph, at = glyph + len(run), at + 1 + form
    if data[start] & 0x80:
        more = range(at + 1, at + 1 + 3 * data[at], 3)
        codes += [(data[one], int.from_bytes(data[one + 1 : one + 3])) for one in more]
    return {code: strings[number - 391].decode("latin-1") for code, number in codes if 0 <= number - 391 < len(strings)}


def _index(data: bytes, at: int) -> tuple[list[bytes], int]:
    """The entries of an INDEX of CFF, and where it ends."""
    count = int.from_bytes(data[at : at + 2])
    if count == 0:
        return [], at + 2
    size, places = data[at + 2], at + 3
    ends = [int.from_bytes(data[places + size * one : places + size * (one + 1)]) for one in range(count + 1)]
    base = places + size * (count + 1) - 1
    return [data[base + a : base + b] for a, b in pairwise(ends)], base + ends[-1]


def _operands(top: bytes) -> dict[int, int]:
    """The last operand of each one-byte operator of a DICT of CFF."""
    found: dict[int, int] = {}
    value, at = 0, 0
    while at < len(top):
        first = top[at]
        at += 1
        if first == 12:
            at += 1
        elif first < 22:
            found[first] = value
        elif first in (28, 29):
            size = 2 * (first - 27)
            value = int.from_bytes(top[at : at + size], signed=True)
            at += size
        elif first == 30:  # a real number, to its end
            while top[at] & 0x0F != 0x0F and top[at] >> 4 != 0x0F:
                at += 1
            at += 1
        elif first < 247:
            value = first - 139
        else:
            value = (first - 247) * 256 + top[at] + 108 if first < 251 else -(first - 251) * 256 - top[at] - 108
            at += 1
    return found


class _TrueType:
    """Names and characters of a TrueType program's glyphs."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        count = int.from_bytes(data[4:6])
        entries = (struct.unpack_from(">4s4xII", data, 12 + 16 * one) for one in range(count))
        self._tables = {tag: (start, length) for tag, start, length in entries}

    def glyph(self, code: int) -> int:
        """The glyph of a simple font's code, by the tables that are made for it; 0 for none."""
        return self._maps.get((1, 0), {}).get(code) or self._maps.get((3, 0), {}).get(0xF000 + code, 0)

    def text(self, glyph: int) -> str:
        """A glyph's text by its name, else by the one character that leads to it."""
        if glyph == 0:
            return ""
        return _text_of(self._names.get(glyph, "")) or self._chars.get(glyph, "")

    @cached_property
    def _chars(self) -> dict[int, str]:
        chars: dict[int, set[str]] = {}
        for (platform, encoding), mapping in self._maps.items():
            if platform == 0 or (platform == 3 and encoding in (1, 10)):
                for char, glyph in mapping.items():
                    chars.setdefault(glyph, set()).add(unicodedata.normalize("NFKC", chr(char)))
        return {glyph: min(found) for glyph, found in chars.items() if len(found) == 1}

    @cached_property
    def _maps(self) -> dict[tuple[int, int], dict[int, int]]:
        if b"cmap" not in self._tables:
            return {}
        data, start = self._data, self._tables[b"cmap"][0]
        (count,) = struct.unpack_from(">H", data, start + 2)
        records = [struct.unpack_from(">HHI", data, start + 4 + 8 * one) for one in range(count)]
        return {(platform, encoding): _character_map(data, start + place) for platform, encoding, place in records}

    @cached_property
    def _names(self) -> dict[int, str]:
        start, length = self._tables.get(b"post", (0, 0))
        if length < 34 or self._data[start : start + 4] != b"\x00\x02\x00\x00":
            return {}
        (count,) = struct.unpack_from(">H", self._data, start + 32)
        numbers = struct.unpack_from(f">{count}H", self._data, start + 34)
        names, at = [], start + 34 + 2 * count
        while at < start + length:
            size = self._data[at]
            names.append(self._data[at + 1 : at + 1 + size].decode("latin-1"))
            at += 1 + size
        return {glyph: names[one - 258] for glyph, one in enumerate(numbers) if 0 <= one - 258 < len(names)}


def _character_map(data: bytes, at: int) -> dict[int, int]:
    """Character to glyph by a subtable of "cmap" in one of its usual forms."""
    return dict(islice(_mapped(data, at), _MAX_MAPPED))


def _mapped(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    (form,) = struct.unpack_from(">H", data, at)
    if form == 0:
        yield from enumerate(data[at + 6 : at + 262])
    if form == 6:
        first, count = struct.unpack_from(">HH", data, at + 6)
        yield from enumerate(struct.unpack_from(f">{count}H", data, at + 10), first)
    if form == 12:
        (count,) = struct.unpack_from(">I", data, at + 12)
        for one in range(count):
            first, last, glyph = struct.unpack_from(">III", data, at + 16 + 12 * one)
            yield from ((char, glyph + char - first) for char in range(first, min(last, 0x10FFFF) + 1))
    if form == 4:
        count = struct.unpack_from(">H", data, at + 6)[0] // 2
        ends, starts, deltas, places = (
            struct.unpack_from(f">{count}H", data, at + 14 + 2 * count * part + (2 if part else 0)) for part in range(4)
        )
        for one, (first, last) in enumerate(zip(starts, ends, strict=True)):
            for char in range(first, last + 1):
                glyph = char
                if places[one]:
                    spot = at + 16 + 2 * (3 * count + one) + places[one] + 2 * (char - first)
                    glyph = int.from_bytes(data[spot : spot + 2])
                yield char, (glyph + deltas[one]) & 0xFFFF if glyph else 0
