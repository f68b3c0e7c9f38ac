"""Signs of a page are those that its fonts name, or U+FFFD: glyphs by /Differences, programs and private characters."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
import pytest

from kb.parsing.document import read_pdf
from kb.parsing.pdf import PdfReader
from kb.parsing.second_reader import _names_of_program, _text_of
from kb.parsing.text_scan import GlyphInk, sign_of_shape
from kb.text import UNREAD
from tests.pdf_writer import Words, content_of, file_of, paragraph, pdf_of, stream

INK = "700 0 0 0 600 600 d1 0 0 600 600 re f"
BLANK = "700 0 0 0 0 0 d1"


def painted(names: dict[int, str], *, blank: tuple[int, ...] = (), width: int = 700, entries: str = "") -> str:
    """A font whose glyphs are drawn on the page, with these names at these codes."""
    procs = " ".join(
        f"/{name} {31 if code in blank else 30 if width == 700 else 32} 0 R" for code, name in names.items()
    )
    differences = " ".join(f"{code} /{name}" for code, name in names.items())
    widths = " ".join([str(width)] * 256)
    return (
        f"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 700 700] /FontMatrix [0.001 0 0 0.001 0 0]"
        f" /FirstChar 0 /LastChar 255 /Widths [{widths}] /CharProcs << {procs} >>"
        f" /Encoding << /Type /Encoding /Differences [{differences}] >> {entries} >>"
    )


def page_of(content: str, *fonts: str, more: dict[int, bytes] | None = None) -> list[str]:
    """The lines of a page with these fonts, which its content calls /G0, /G1 …; /F1 is Helvetica."""
    named = " ".join(f"/G{place} {40 + place} 0 R" for place in range(len(fonts)))
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [10 0 R] /Count 1 >>",
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        10: f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 11 0 R"
        f" /Resources << /Font << /F1 3 0 R {named} >> >> >>".encode(),
        11: stream(content.encode("latin-1")),
        30: stream(INK.encode()),
        32: stream(b"560 0 0 0 500 600 d1 0 0 500 600 re f"),
        31: stream(BLANK.encode()),
    }
    objects |= {40 + place: font.encode() for place, font in enumerate(fonts)} | (more or {})
    with PdfReader(file_of(objects)) as reader, reader.page(1) as page:
        return [line.text for line in page.text().lines]


def say(*pieces: tuple[str, str], y: int = 700) -> str:
    """One line: font and codes in hexadecimal or text of each piece, set one after the other."""
    shown = " ".join(f"/{font} 10 Tf {text}" for font, text in pieces)
    return f"BT 1 0 0 1 72 {y} Tm {shown} ET"


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("prime", "′"), ("minus", "−"), ("angbracketleft", "⟨"), ("angbracketright", "⟩"), ("greaterequal", "≥"),
        ("lessequal", "≤"), ("notequal", "≠"), ("ffi", "ffi"), ("f_f_l", "ffl"), ("uni2260", "≠"), ("u1D70F", "τ"),
        ("uni00410042", "AB"), ("Asmall", "A"), ("zerooldstyle", "0"), ("one.alt", "1"), ("parenlefttp", "⎛"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("code", [2, 3, 10, 13, 0x50])
def test_a_glyph_is_the_sign_that_its_font_names_whatever_its_code(name: str, sign: str, code: int) -> None:
    line = say(("F1", "(R) Tj"), ("G0", f"<{code:02x}> Tj"), ("F1", "(S) Tj"))
    assert page_of(line, painted({code: name})) == [f"R{sign}S"]


@pytest.mark.parametrize("name", ["g123", "C211", "H11001", "nonsense", ".notdef", "uniD835", "a65", "uniE000"])
def test_a_glyph_that_is_seen_and_has_no_known_name_is_a_mark_never_a_guess(name: str) -> None:
    line = say(("F1", "(R) Tj"), ("G0", "<41> Tj"), ("F1", "(S) Tj"))
    assert page_of(line, painted({0x41: name})) == [f"R{UNREAD}S"]


def test_an_unnamed_glyph_without_ink_is_a_blank() -> None:
    line = say(("F1", "(one) Tj"), ("G0", "<03> Tj"), ("F1", "(two) Tj"))
    assert page_of(line, painted({3: "g3"}, blank=(3,))) == ["one two"]


def test_a_stroke_and_the_sign_under_it_are_one_sign() -> None:
    font = painted({8: "negationslash", 9: "equal", 10: "element"})
    for code, sign in ((9, "≠"), (10, "∉")):
        line = say(("F1", "(M) Tj"), ("G0", f"[<08> 700 <{code:02x}>] TJ"), ("F1", "(0) Tj"))
        assert page_of(line, font) == [f"M{sign}0"]


def test_a_stroke_over_nothing_is_a_stroke() -> None:
    assert page_of(say(("F1", "(M) Tj"), ("G0", "<08> Tj")), painted({8: "negationslash"})) == ["M/"]


def test_two_fonts_without_a_name_are_told_apart_by_their_widths_or_not_at_all() -> None:
    line = say(("F1", "(R) Tj"), ("G0", "<02> Tj"), ("G1", "<02> Tj"))
    first, second = painted({2: "prime"}), painted({2: "minus"}, width=560)
    assert page_of(line, first, second) == ["R′−"]
    assert page_of(line, first, painted({2: "minus"})) == [f"R{UNREAD}{UNREAD}"]


def test_a_bitmap_font_of_text_is_read_by_its_places_with_its_ligatures() -> None:
    names = {code: f"a{code}" for code in (12, 14, 44, *b"acdeinorst")}
    assert page_of(say(("G0", "(e\x0ecient) Tj")), painted(names)) == ["efficient"]


def test_a_font_of_signs_is_not_read_as_letters() -> None:
    assert page_of(say(("F1", "(x) Tj"), ("G0", "(hi) Tj")), painted({104: "a104", 105: "a105", 0: "a0"})) == [
        f"x{UNREAD}{UNREAD}"
    ]


def test_the_hyphen_of_a_broken_word_is_still_a_hyphen() -> None:
    lines = paragraph(72, 100, ["Every paper is read line by line, and a word that was bro-", "ken is one word again."])
    document = read_pdf(pdf_of([[*lines, *paragraph(72, 140, ["Another line of text stands here to be read."])]]),
                        max_pages=1)  # fmt: skip
    assert "a word that was broken is one word again." in " ".join(document.text.split())


def test_an_unread_sign_stands_in_its_sentence() -> None:
    line = say(("F1", "(The measured share of the light is ) Tj"), ("G0", "<41> Tj"), ("F1", "( in every run.) Tj"))
    assert page_of(line, painted({0x41: "g7"})) == [f"The measured share of the light is {UNREAD} in every run."]


def test_a_type_1_program_tells_its_own_encoding() -> None:
    program = (
        b"%!PS-AdobeFont\n/Encoding 256 array\n0 1 255 {} for\ndup 104 /angbracketleft put\ndup 48/prime put\neexec"
    )
    assert _names_of_program(program) == {104: "angbracketleft", 48: "prime"}


def test_a_cff_program_tells_its_own_encoding() -> None:
    def index(*entries: bytes) -> bytes:
        ends = [1]
        for entry in entries:
            ends.append(ends[-1] + len(entry))
        return struct.pack(">HB", len(entries), 1) + bytes(ends) + b"".join(entries)

    def number(value: int) -> bytes:
        return b"\x1c" + struct.pack(">h", value)

    names, strings = index(b"Test"), index(b"negationslash", b"prime")
    size = 4 + len(names) + len(index(bytes(12))) + len(strings) + 2
    charset = b"\x00" + struct.pack(">HH", 391, 392)
    encoding = b"\x00\x02\x36\x30"
    glyphs = index(b"\x0e", b"\x0e", b"\x0e")
    places = (size, size + len(charset), size + len(charset) + len(encoding))
    top = number(places[0]) + b"\x0f" + number(places[1]) + b"\x10" + number(places[2]) + b"\x11"
    head = b"\x01\x00\x04\x01"
    program = head + names + index(top) + strings + b"\x00\x00" + charset + encoding + glyphs
    assert _names_of_program(program) == {0x36: "negationslash", 0x30: "prime"}


@pytest.mark.parametrize("program", [b"", b"\x01", b"\x01\x00\x04\x01" + b"\xff" * 40, b"%!PS", b"\x00\x01\x00\x00"])
def test_a_font_whose_program_is_damaged_gives_marks(program: bytes) -> None:
    font = ("<< /Type /Font /Subtype /Type1 /BaseFont /ABCDEF+Odd /FirstChar 2 /LastChar 2 /Widths [600]"
            " /FontDescriptor 50 0 R >>")  # fmt: skip
    more = {50: b"<< /Type /FontDescriptor /FontName /ABCDEF+Odd /Flags 4 /FontFile3 51 0 R >>",
            51: stream(program, entries="/Subtype /Type1C")}  # fmt: skip
    assert page_of(say(("F1", "(R) Tj"), ("G0", "<02> Tj")), font, more=more)[0].startswith("R")


def test_names_of_ligatures_are_read_part_by_part() -> None:
    assert [_text_of(name) for name in ("T_h", "f_i.alt", "T_g12", "zero.os")] == ["Th", "fi", "", "0"]


@pytest.mark.shared
def test_angle_brackets_primes_and_unequal_signs_of_a_real_subset_are_read(shared: Path) -> None:
    path = shared / "pdfs" / "parsing-dev" / "ho2_0807.3577.pdf"
    if not path.exists():
        pytest.skip("the paper is not there")
    text = read_pdf(path.read_bytes(), max_pages=6).text
    assert "8πG⟨ρ⟩" in text
    assert "When R′ = 0 and M′ ≠ 0" in text
    assert "∗R÷" not in text


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "page", "phrase"),
    [
        ("parsing-dev/mineru_demo1.pdf", 3, "Q% =f(P) +g(T)"),  # printed from fonts that call "=" a "Z", "+" a "C"
        ("parsing-dev/mineru_demo1.pdf", 4, "ΔP=0"),
        ("other-fields/plos_fanged_frog.pdf", 8, "toes 4>3>5>2>1"),
        ("other-fields/elsevier_cichlid_phylogeny.pdf", 5, "[5′-3′]"),
        ("other-fields/zh_wuli_autodiff.pdf", 3, "+ ∆t"),  # a font of Latin letters whose table says ideographs
        ("local-only/journal-layout.pdf", 2, "was 2.57 ± .97 (n=12"),
        ("may-be-committed/N18-3011.pdf", 1, "Doug Downey,† Jason"),
        ("parsing-dev/pm_index-list-out-of-range-.pdf", 4, "For a sentence of n words"),  # a table that is cut
    ],
)
def test_a_sign_is_what_its_glyph_looks_like_where_its_font_is_silent_or_wrong(
    shared: Path, file: str, page: int, phrase: str
) -> None:
    path = shared / "pdfs" / file
    if not path.exists():
        pytest.skip("the paper is not there")
    with PdfReader(path.read_bytes()) as reader, reader.page(page) as one:
        text = " ".join(line.text for line in one.text().lines)
    assert re.sub(r"\s", "", phrase.replace("∆", "Δ")) in re.sub(r"\s", "", text.replace("∆", "Δ"))


def drawn(*rows: str) -> np.ndarray:
    """A shape, each character four pixels high and wide."""
    return np.kron(np.array([[sign == "#" for sign in row] for row in rows]), np.ones((4, 4))) > 0


EQUALS = drawn("##########", "..........", "..........", "##########")
PLUS = drawn(*["....##...."] * 4, "##########", "##########", *["....##...."] * 4)
MINUS = drawn("##########")


@pytest.mark.parametrize(("shape", "sign"), [(EQUALS, "="), (PLUS, "+"), (MINUS, "−")])
@pytest.mark.parametrize("said", [*"ZCK5", UNREAD])
def test_a_plain_shape_is_its_sign_whatever_letter_it_is_said_to_be(shape: np.ndarray, sign: str, said: str) -> None:
    assert sign_of_shape(GlyphInk(shape, rise=0.28, size=0.6), said=said) == sign


def test_a_shape_keeps_what_it_is_said_to_be_where_it_looks_like_that() -> None:
    assert sign_of_shape(GlyphInk(PLUS, rise=0.28, size=0.6), said="+") == ""
    assert sign_of_shape(GlyphInk(MINUS, rise=0.28, size=0.6), said="-") == ""
    assert sign_of_shape(GlyphInk(PLUS, rise=0.28, size=0.6), said="轨") == ""  # never seen: nothing to hold it against


def test_a_shape_that_no_sign_has_stays_unread() -> None:
    blot = drawn("##..##", "#.##.#", "##..#.", ".##.##")
    assert sign_of_shape(GlyphInk(blot, rise=0.3, size=0.7), said=UNREAD) == ""
    assert sign_of_shape(GlyphInk(MINUS, rise=-0.4, size=0.6), said=UNREAD) == ""  # too low for a minus


def test_two_single_marks_are_one_double_and_a_slash_over_a_relation_a_stroke() -> None:
    assert page_of(say(("F1", "(wave \x91\x91takes off\x92\x92 at) Tj"))) == ["wave “takes off” at"]
    assert page_of(say(("F1", "(p) Tj [(=) 584 (/) -306] TJ (q) Tj")))[0].startswith("p≠")
    assert page_of(say(("F1", "(a = b/c) Tj"))) == ["a = b/c"]


@pytest.mark.shared
def test_private_ligatures_are_spelt_out(shared: Path) -> None:
    document = read_pdf((shared.parent / "cases" / "pdf_scripts" / "pua2.pdf").read_bytes(), max_pages=4)
    assert "Efficient Classification" in document.text


def test_unread_words_are_not_in_the_way_of_others() -> None:
    data = pdf_of([content_of([Words(72, 100, "A line of Helvetica is read as before, with minus - and quotes.")])])
    assert UNREAD not in read_pdf(data, max_pages=1).text


def composite(to_unicode: str) -> str:
    """A font of two-byte codes that is not embedded, with this entry."""
    return (
        "<< /Type /Font /Subtype /Type0 /BaseFont /Times-Bold /Encoding /Identity-H"
        f" /DescendantFonts [51 0 R] {to_unicode} >>"
    )


INNER = (
    b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Times-Bold /DW 600 /CIDSystemInfo << /Registry (Adobe)"
    b" /Ordering (Identity) /Supplement 0 >> /FontDescriptor"
    b" << /Type /FontDescriptor /FontName /Times-Bold /Flags 4 >> >>"
)


@pytest.mark.parametrize(("to_unicode", "read"), [("/ToUnicode /Identity-H", "ab"), ("", UNREAD * 2)])
def test_glyphs_of_a_composite_font_are_what_the_file_says_or_marks(to_unicode: str, read: str) -> None:
    line = say(("F1", "(R) Tj"), ("G0", "<00610062> Tj"))
    (text,) = page_of(line, composite(to_unicode), more={51: INNER})
    assert text.startswith("R")
    assert text[1:].strip() == read


def table_of(target: str) -> bytes:
    """A /ToUnicode that makes one character of all codes from A to Z."""
    rows = "\n".join(f"<{code:02x}> <{ord(target):04x}>" for code in range(0x41, 0x5B))
    head = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def 1 begincodespacerange"
    return stream(f"{head} <00> <FF> endcodespacerange 26 beginbfchar\n{rows}\nendbfchar endcmap".encode())


def test_a_table_that_makes_one_letter_of_all_glyphs_is_not_believed() -> None:
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 52 0 R >>"
    (text,) = page_of(say(("F1", "(R) Tj"), ("G0", "(MILWAIMILW) Tj")), font, more={52: table_of("e")})
    assert text == "R" + UNREAD * 10


def test_a_row_of_one_letter_is_believed_where_it_is_one() -> None:
    assert page_of(say(("F1", "(zzzzzzzzzzzz) Tj"))) == ["z" * 12]
