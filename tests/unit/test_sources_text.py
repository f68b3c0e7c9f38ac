"""Text of sources as people read it: LaTeX, markup, and names in their parts."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.latex import decode_latex
from kb.records import Name
from kb.sources.bibtex import read_names
from kb.sources.exported import plain

# ------------------------------------------------------------------------------------------- LaTeX


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"{\"U}ber {GAN}s \& 5\% of \#1", "Über GANs & 5% of #1"),
        (r"Ren{\'e} Bront\"e, na\"{\i}ve, {\O}rsted", "René Brontë, naïve, Ørsted"),
        (r"\v{S}koda, Fran\c{c}ois, \'{A}lvarez, \H{o}", "Škoda, François, Álvarez, ő"),
        ("{{DistriFusion}}: {Parallel}  {I}nference", "DistriFusion: Parallel Inference"),
        ("``Why'' a--b---c~d", "“Why” a–b—c d"),
        (r"$k$-means, $\alpha_{i}$ and \emph{more} {\bf bold}", r"$k$-means, $\alpha_{i}$ and more bold"),
        (r"\(a_{1}--b\) {x}", r"\(a_{1}--b\) x"),
        (r"a\_b \textbackslash{}x \textasciitilde{} \{y\} \$5", r"a_b \x ~ {y} $5"),
        (r"\unknowncommand{x}{y}", r"\unknowncommand{x}{y}"),
        (r"Nguy{\~{\^e}}n \'{\^{e}} \~{\^{E}}", "Nguyễn ế Ễ"),
        (r"V{\~u} \h{a} \d{\i} L\'{\^e} \OHORN\ohorn", "Vũ ả ị Lế Ơơ"),
        (r"{\relax Ch}arles {\DJ}or{\dj}evi{\'c} \l{}\o\ss", "Charles Đorđević łøß"),
        (r"\'\i \=\i{} \v{\j} \t{oo} \k a \r{a} \b{d}", "íī ǰ o͡o ą å ḏ"),
        (r"\'{ab} \`{\relax e} {\'{o}}x", "áb è óx"),
        (r"{\Omega}: 10\,\% of 5\textdegree C, \textmu m", "Ω: 10% of 5°C, µm"),
        (r"\textit{In} \textsc{Vivo}\textsuperscript{2} \url{a_b%c--d}", "In Vivo2 a_b%c--d"),
        (r"\c{s} \textcommabelow{t} \U{x} \~{} \^{}", "ş ț x̍ ~ ^"),
        (r"a \\ b\newline c\ d \LaTeX{} x", "a b c d LaTeX x"),
        (r"!`Hola? ?`Qu\'e", "¡Hola? ¿Qué"),
        (r"50% of A & B #1 a_b", "50% of A & B #1 a_b"),
        (r"}x{ \ ", "x"),
        ("Poincare\u0301", "Poincaré"),
    ],
)
def test_latex_is_read_by_its_rules(latex: str, text: str) -> None:
    assert decode_latex(latex) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("accent", ["`", "'", "^", '"', "~", "=", ".", "u ", "v ", "H ", "c ", "d ", "k ", "r ", "b "])
def test_an_accent_is_the_same_in_every_spelling(accent: str) -> None:
    sign = accent.strip()
    spellings = (f"\\{accent}e", f"\\{sign}{{e}}", f"{{\\{accent}e}}", f"{{\\{sign}{{e}}}}", f"\\{sign} {{e}}")
    [one] = {decode_latex(f"x{spelling}y") for spelling in spellings}
    assert len(unicodedata.normalize("NFD", one)) == 4


@given(st.text(alphabet=st.characters(exclude_characters="\\{}$~-`'?!", exclude_categories=("C", "Z")), max_size=40))
def test_text_without_latex_is_left_alone(text: str) -> None:
    assert decode_latex(text) == unicodedata.normalize("NFC", text)


@given(st.text(alphabet=st.sampled_from("\\{}$()'^~ceoiabuvH-`& \n"), max_size=60))
def test_no_latex_breaks_the_decoder_and_no_letter_is_lost(text: str) -> None:
    decoded = decode_latex(text)
    assert decoded == " ".join(decoded.split())
    if "\\" not in text:
        assert [sign for sign in decoded if sign.isalpha()] == [sign for sign in text if sign.isalpha()]


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece", ["{", "}", r"\'{a", r"\'", "\\(", "$ ", "\\unknown{", r"Sch{\"o}n \emph{x} ", "<i ", "&"]
)
def test_long_texts_cost_linear_time(piece: str) -> None:
    started = time.monotonic()
    decode_latex(piece * 200_000)
    plain(piece * 200_000)
    assert time.monotonic() - started < 20


# ------------------------------------------------------------------------------------------ markup


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("<i>E. coli</i> &amp;amp; H<sub>2</sub>O &amp; <scp>DNA</scp> at 5 &lt; pH", "E. coli & H2O & DNA at 5 < pH"),
        ("p < 0.05 and a<b>c, List<T>, the <algorithm> tag", "p < 0.05 and a<b>c, List<T>, the <algorithm> tag"),
        ("the mean <s> of spins", "the mean <s> of spins"),
        ("the <title> element", "the <title> element"),
        ("<jats:title>Background</jats:title><jats:p>We <jats:italic>x</jats:italic>.</jats:p>", "Background We x."),
        ("<jats:p>cut &lt;0.05", "cut <0.05"),
        ("O&#39;Brien &#x26; M&uuml;ller&nbsp;&mdash; x", "O'Brien & Müller — x"),
        ("&lt;i&gt;In vivo&lt;/i&gt;", "In vivo"),
        ("AT&T; Q&A &notanentity; R&D &copy=1", "AT&T; Q&A &notanentity; R&D &copy=1"),
        ('<span class="nocase">mTOR</span> <a href="x">y</a> a<br/>b', "mTOR y a b"),
        ("<mml:math><mml:mi>α</mml:mi></mml:math>-helix", "α-helix"),
        ("infor\u00admation\x00 a\u200db", "information a\u200db"),
        ("<![CDATA[x & y]]>", "x & y"),
    ],
)
def test_markup_goes_and_text_stays(text: str, right: str) -> None:
    assert plain(text) == right
    assert plain(right) == right


@given(st.text(alphabet=st.sampled_from("<>/ibpsub&lt;amp#1 \"'="), max_size=60))
def test_no_letter_outside_of_tags_and_entities_is_lost(text: str) -> None:
    once = plain(text)
    assert once == " ".join(once.split())
    if "<" not in text and "&" not in text:
        assert once == " ".join(text.split())


# ------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("van der Maaten, Laurens", [Name(given="Laurens", family="van der Maaten")]),
        (
            r"Charles Louis Xavier Joseph de la Vall{\'e}e Poussin",
            [Name(given="Charles Louis Xavier Joseph", family="de la Vallée Poussin")],
        ),
        ("Ludwig van Beethoven", [Name(given="Ludwig", family="van Beethoven")]),
        ("Smith, Jr., John", [Name(given="John", family="Smith", suffix="Jr.")]),
        ("Chen, Xi and Nguyen, Vi and Ii, Naosuke", [Name(given="Xi", family="Chen"), Name(given="Vi", family="Nguyen"),
                                                     Name(given="Naosuke", family="Ii")]),
        ("Smith, John, III", [Name(given="John", family="Smith", suffix="III")]),
        ("John Smith Jr.", [Name(given="John", family="Smith", suffix="Jr.")]),
        ("{Barnes and Noble}", [Name(literal="Barnes and Noble")]),
        ("{Google AI Team} and {{NASA}}", [Name(literal="Google AI Team"), Name(literal="NASA")]),
        ("Johnson & Johnson", [Name(literal="Johnson & Johnson")]),
        (r"{\'E}tienne Ghys", [Name(given="Étienne", family="Ghys")]),
        ("{von} Neumann, John", [Name(given="John", family="von Neumann")]),
        ("John {von} Neumann", [Name(given="John von", family="Neumann")]),
        (
            "Jay, A. AND Kay, B.\n and\n Ell, C.",
            [Name(given=x, family=y) for x, y in (("A.", "Jay"), ("B.", "Kay"), ("C.", "Ell"))],
        ),
        ("Jay, A.; Kay, B.", [Name(given="A.", family="Jay"), Name(given="B.", family="Kay")]),
        ("O&#39;Brien, K.", [Name(given="K.", family="O'Brien")]),
        ("M&uuml;ller, J.; Kay, B.", [Name(given="J.", family="Müller"), Name(given="B.", family="Kay")]),
        ("Ames, P., Blom, J. J.", [Name(given="P.", family="Ames"), Name(given="J. J.", family="Blom")]),
        ("Andrade, Ann and Sandoval", [Name(given="Ann", family="Andrade"), Name(family="Sandoval")]),
        ("李明", [Name(family="李明")]),
        ("", []),
    ],
)  # fmt: skip
def test_names_are_read_by_bibtexs_rule(value: str, names: list[Name]) -> None:
    read = read_names(value)
    assert list(read.names) == names
    assert (read.et_al, read.untold) == (False, ())


@pytest.mark.parametrize("value", ["Kay, Ada and others", "Kay, Ada AND Others", "Kay, Ada, et al.", "Ada Kay et al"])
def test_more_authors_than_are_named_are_said(value: str) -> None:
    read = read_names(value)
    assert (read.names, read.et_al) == ((Name(given="Ada", family="Kay"),), True)


@pytest.mark.parametrize(
    "value", ["Ames, P., Blom, G., Cole, Dunn, J. J.", "Ada Quill, Bob Ray, Cy Dee", "Ames, P., Blom"]
)
def test_names_that_cannot_be_told_apart_stay_as_they_stand(value: str) -> None:
    read = read_names(value)
    assert read.names == (Name(literal=value),)
    assert read.untold == (value,)


@given(
    st.lists(
        st.sampled_from(["Li, Ann", "{A and B}", "and", "others", "Jr.", ",", ";", "\\", "{", "}", " "]), max_size=12
    )
)
def test_no_list_of_names_breaks_the_reader(parts: list[str]) -> None:
    assert all(str(name) for name in read_names(" ".join(parts)).names)
