"""What was read must be words: fonts and layers that say something else are not read, and the state says so."""

from __future__ import annotations

import random
import re
import string
from pathlib import Path

import pytest

from kb.parsing.document import read_pdf
from kb.parsing.legibility import likeness
from kb.text import UNREAD
from tests.pdf_writer import Words, content_of, paragraph, pdf_of

SENTENCES = {
    "English": "the catchments were planted with trees during the first years of this trial and their flow was read",
    "German": "während die polnische zuwanderung nach wien eine lange geschichte hat kommen viele menschen zurück",
    "French": "les résultats montrent que cette méthode permet une réduction importante des erreurs dans chaque langue",
    "Polish": "wyniki badań pokazują że większość mieszkańców miasta korzysta codziennie z transportu publicznego",
    "Basque": "ikerketa honen emaitzek erakusten dute hizkuntza bakoitzak bere egitura propioa duela eta aldatzen dela",
    "Turkish": "bu çalışmada elde edilen sonuçlar yöntemin önceki yaklaşımlara göre başarılı olduğunu göstermektedir",
}


def shifted(text: str, by: int = 3) -> str:
    letters = string.ascii_lowercase
    return text.translate(str.maketrans(letters, letters[by:] + letters[:by]))


@pytest.mark.parametrize("language", SENTENCES)
def test_words_of_a_language_are_told_from_letters_that_stand_for_others(language: str) -> None:
    """Basque is none of the languages that the table was made from."""
    from kb.parsing.legibility import folded

    plain = [folded(word) for word in SENTENCES[language].split()]
    assert likeness(plain) > -4.6
    assert likeness([shifted(word) for word in plain]) < -4.9


def page_of(text: str, *, font: str = "F1", y: float = 80, rows: int = 40) -> list[Words]:
    words = text.split()
    lines = [" ".join(words[(7 * at + step) % len(words)] for step in range(11)) for at in range(rows)]
    return paragraph(72, y, lines, font=font)


def test_a_font_that_takes_one_letter_for_another_is_not_read() -> None:
    good, bad = page_of(SENTENCES["English"]), page_of(shifted(SENTENCES["English"]), font="F3")
    document = read_pdf(pdf_of([good, bad]), max_pages=9)
    assert document.fulltext.state == "partial"
    assert "page 2" in (document.fulltext.reason or "")
    assert shifted("catchments") not in document.text
    assert "catchments" in document.text


def test_a_poor_layer_of_recognised_text_is_partly_unread_and_says_so() -> None:
    chance = random.Random(1)
    words = [
        "".join(chance.choice("~^*€") if chance.random() < 0.06 else char for char in word)
        for word in SENTENCES["English"].split() * 20
    ]
    document = read_pdf(pdf_of([page_of(" ".join(words)), page_of(SENTENCES["English"])]), max_pages=9)
    assert document.fulltext.state == "partial"
    assert "page 1 " in (document.fulltext.reason or "")
    assert not re.search(r"[a-z][~^€][a-z]", document.text)
    assert UNREAD in document.text


@pytest.mark.parametrize("language", SENTENCES)
def test_good_text_is_full(language: str) -> None:
    text = SENTENCES[language].encode("cp1252", "ignore").decode("cp1252")
    document = read_pdf(pdf_of([page_of(text), page_of(text)]), max_pages=9)
    assert document.fulltext.state == "full"


def drawn_words() -> bytes:
    """Rows of strokes as high as letters: words that are painted as outlines."""
    chance = random.Random(2)
    strokes = []
    for row in range(30):
        x = 72.0
        while x < 520:
            strokes.append(f"{x:.1f} {700 - 14 * row} 1.2 {chance.choice((5, 5, 8))} re f")
            x += chance.choice((2.5, 3.5, 4.5, 7.0))
    return "\n".join(strokes).encode()


def test_a_page_whose_words_are_drawn_makes_the_document_partial() -> None:
    document = read_pdf(pdf_of([page_of(SENTENCES["English"]), drawn_words()]), max_pages=9)
    assert document.fulltext.state == "partial"
    assert document.fulltext.code == "pdf-scanned"
    assert "page 2" in (document.fulltext.reason or "")


def test_a_plate_with_few_words_is_read_whole() -> None:
    plate = content_of([Words(200, 700, "Figure 1: A plate")]) + b"\n0.5 g 100 200 400 400 re f"
    document = read_pdf(pdf_of([page_of(SENTENCES["English"]), plate]), max_pages=9)
    assert document.fulltext.state == "full"


def test_characters_of_a_font_with_shifted_codes_are_not_read_and_chinese_text_is(shared: Path) -> None:
    path = shared / "pdfs" / "other-fields" / "zh_wuli_autodiff.pdf"
    if not path.exists():
        pytest.skip("not here")
    document = read_pdf(path.read_bytes(), max_pages=1)
    assert "自动微分是利用计算机自动化求导的技术" in document.text
    assert "輰" not in document.text
    assert document.fulltext.state == "partial"
