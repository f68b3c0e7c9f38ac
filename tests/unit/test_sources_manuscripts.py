"""Manuscripts: every sentence that cites is found, with its line, its keys, and what it says without them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import ParseError
from kb.records import CitingSentence
from kb.sources.manuscripts import Manuscript, read_manuscript

LIST = "\n\n# References\n\n[3] K. Lo. S2ORC. 2020.\n[5] A. Cohan. SPECTER. 2020.\n[6] W. Wang. MAG. 2019.\n"


def read(text: str, name: str, folder: Path, **others: str) -> Manuscript:
    """The manuscript of that text, with other files beside it ("sections__one" is sections/one.tex)."""
    for other, content in others.items():
        path = folder / f"{other.replace('__', '/')}.tex"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    (folder / name).write_text(text, encoding="utf-8")
    return read_manuscript(folder / name, max_bytes=1_000_000)


def only(text: str, name: str, folder: Path) -> CitingSentence:
    (sentence,) = read(text, name, folder).sentences
    return sentence


def test_the_manuscript_that_is_measured_has_the_sentences_that_were_judged() -> None:
    folder = Path(__file__).resolve().parents[1] / "data" / "manuscripts"
    truth = json.loads((folder / "related-work.truth.json").read_text("utf-8"))
    found = read_manuscript(folder / "related-work.tex", max_bytes=1_000_000)
    assert [(one.line, one.text) for one in found.sentences] == [(one["line"], one["text"]) for one in truth]
    assert (len(truth), sum(bool(one["wrong"]) for one in truth)) == (40, 15)


@pytest.mark.parametrize(
    ("written", "keys", "said"),
    [
        (r"It holds \cite{a}.", ("a",), "It holds."),
        (r"It holds~\citep[see][p.~3]{a, b}.", ("a", "b"), "It holds."),
        (r"\citet{a} hold it.", ("a",), "[@a] hold it."),
        (r"\cite{a} hold it.", ("a",), "[@a] hold it."),
        (r"As shown by \cite{a}, it holds.", ("a",), "As shown by [@a], it holds."),
        (r"As \textcite[3]{a} and \Citeauthor{b} say.", ("a", "b"), "As [@a] and [@b] say."),
        (r"It holds \parencites[x][y]{a}[z]{b}.", ("a", "b"), "It holds."),
        (r"It holds (see \citealp{a}; \citealp{b}).", ("a", "b"), "It holds."),
        (r"It holds.~\cite{a}", ("a",), "It holds."),
        (r"It holds \autocite*{a}, e.g.\ \supercite{b}.", ("a", "b"), "It holds, e.g."),
        (r"It holds $81{,}100$ of $10^{3}$, 50\% of M\"uller's \emph{data} \cite{a}.", ("a",),
         "It holds 81,100 of 10^3, 50% of Müller's data."),
        (r"``It holds it all'' \cite{a}.", ("a",), "“It holds it all”."),
        (r"It holds\nocite{z} \cite{a}. % \cite{c}", ("a",), "It holds."),
    ],
)  # fmt: skip
def test_latex_cites_in_all_its_forms(written: str, keys: tuple[str, ...], said: str, tmp_path: Path) -> None:
    sentence = only(f"\\begin{{document}}\nNothing here.\n\n{written}\n\\end{{document}}\n", "a.tex", tmp_path)
    assert (sentence.keys, sentence.said, sentence.line) == (keys, said, 4)


@pytest.mark.parametrize(
    ("written", "keys", "said"),
    [
        ("It holds [@a].", ("a",), "It holds."),
        ("It holds [see @a, pp. 3-4; also -@b:2].", ("a", "b:2"), "It holds."),
        ("@a [p. 3] holds it.", ("a",), "[@a] holds it."),
        ("It holds [@{https://doi.org/10.1/x}].", ("https://doi.org/10.1/x",), "It holds."),
        ("It holds \\citep{a}.", ("a",), "It holds."),
        ("It holds [3, 5-6].", ("3", "5", "6"), "It holds."),
        ("It holds. [3] It does.", ("3",), "It holds."),
        ("As in [3], it holds for values in [0, 1].", ("3",), "As in [@3], it holds for values in [0, 1]."),
        ("It holds (see Lo et al., 2020a; Cohan and Lo 2019).", ("Lo et al., 2020a", "Cohan and Lo, 2019"),
         "It holds."),
        ("However, Lo and Wang (2020) hold it.", ("Lo and Wang, 2020",), "However, [@Lo and Wang, 2020] hold it."),
        ("Lo, Wang, and Weld (2020) hold it.", ("Lo, Wang, and Weld, 2020",), "[@Lo, Wang, and Weld, 2020] hold it."),
        ("van der Maaten et al.'s (2008) plots hold.", ("van der Maaten et al., 2008",),
         "[@van der Maaten et al., 2008] plots hold."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_markdown_and_text_cite_in_all_their_forms(
    written: str, keys: tuple[str, ...], said: str, name: str, tmp_path: Path
) -> None:
    sentence = only(f"Nothing here.\n\n{written}\n{LIST}", name, tmp_path)
    assert (sentence.keys, sentence.said, sentence.line) == (keys, said, 3)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("**It holds.** [@a] Next.", "It holds."),
        ("It [holds](http://x.org/@y) `this` and *that* [@a].", "It holds this and that."),
        ("> It holds [@a].", "It holds."),
        ("1. It holds [@a].", "It holds."),
        ("Above.\n- It holds [@a].\n- It does not.", "It holds."),
        ("| it | holds [@a] |\n|---|---|\n| and | so |", "it | holds"),
        ("It holds $10\\,\\%$ [@a].", "It holds 10%."),
        ("It holds[^1].\n\n[^1]: It holds here [@a].", "It holds here."),
        ("```\nIt does not [@b].\n```\n\nIt holds [@a]. <!-- [@c] -->", "It holds."),
    ],
)
def test_the_marks_of_markdown_are_no_words(written: str, said: str, tmp_path: Path) -> None:
    sentence = only(f"{written}\n", "a.md", tmp_path)
    assert (sentence.keys, sentence.said) == (("a",), said)


@pytest.mark.parametrize(
    "written",
    [
        "Write to me@example.org, or look at the list [1, 2].", "Figure @fig:one shows it.", "It was May (2020).",
        "`@code` and [a link](http://x.org/@y) hold.", "In the year (2020) it held.",
    ],
)  # fmt: skip
def test_what_is_no_citation_is_none(written: str, tmp_path: Path) -> None:
    found = read(f"{written}\n", "a.md", tmp_path)
    assert [one for one in found.sentences if not found.unsure.issuperset(one.keys)] == []


def test_a_single_name_with_a_year_is_not_sure(tmp_path: Path) -> None:
    found = read("In Vancouver (2010) it held, and Shannon (1948) said so.\n", "a.txt", tmp_path)
    assert found.unsure == {"Vancouver, 2010", "Shannon, 1948"}


def test_the_list_of_references_is_read_and_is_no_text(tmp_path: Path) -> None:
    text = (
        "It holds (Lo et al., 2020).\n\n## References\n\nLo, K., Wang, L. 2020. S2ORC [@x].\n\nCohan, A. 2020. SPECTER."
    )
    found = read(text, "a.md", tmp_path)
    assert [one.keys for one in found.sentences] == [("Lo et al., 2020",)]
    assert found.references["Lo et al., 2020"].startswith("Lo, K.")


def test_a_latex_list_of_references_says_what_its_keys_mean(tmp_path: Path) -> None:
    text = (
        "It holds \\cite{a}.\n\\begin{thebibliography}{9}\n\\bibitem[Lo(2020)]{a} K. Lo.\n\\newblock {S2ORC}. 2020.\n"
        '\\bibitem{b} A. M\\"uller. B.\n\\end{thebibliography}\n'
    )
    found = read(text, "a.tex", tmp_path)
    assert found.references == {"a": "K. Lo. S2ORC. 2020.", "b": "A. Müller. B."}
    assert len(found.sentences) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.tex", "\\bibliography{one, two}\\addbibresource[x]{three.bib}"),
        ("a.md", "---\ntitle: x\nbibliography: [one.bib, 'two.bib', three.bib]\n---\n"),
        ("a.md", "---\nbibliography:\n  - one.bib\n  - two.bib\n  - three.bib\ntitle: x\n---\n"),
    ],
)
def test_bibliographies_that_are_named_are_found_beside_it(name: str, text: str, tmp_path: Path) -> None:
    for bib in ("one.bib", "two.bib"):
        (tmp_path / bib).touch()
    found = read(text, name, tmp_path)
    assert [path.name for path in found.bibliographies] == ["one.bib", "two.bib"]
    assert "three.bib is not beside the manuscript" in found.notices


def test_what_is_input_from_the_folder_is_read_with_its_own_lines(tmp_path: Path) -> None:
    found = read(
        "A \\cite{a}.\n\\input{parts/one}\n\nC \\cite{c}.", "a.tex", tmp_path, parts__one="% no\n\nB\n\\cite{b}."
    )
    assert [(one.file, one.line, one.keys) for one in found.sentences] == [
        ("a.tex", 1, ("a",)), ("a.tex", 4, ("c",)), ("parts/one.tex", 3, ("b",)),
    ]  # fmt: skip


def test_nothing_outside_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.tex").write_text("Secret \\cite{s}.", encoding="utf-8")
    (tmp_path / "secret.bib").touch()
    folder = tmp_path / "paper"
    folder.mkdir()
    (folder / "link.tex").symlink_to(tmp_path / "secret.tex")
    text = f"\\input{{../secret}}\\input{{{tmp_path}/secret}}\\input{{link}}\\bibliography{{../secret}} A \\cite{{a}}."
    found = read(text, "a.tex", folder)
    assert [one.keys for one in found.sentences] == [("a",)]
    assert found.bibliographies == ()
    assert any("outside the manuscript's folder" in notice for notice in found.notices)


def test_files_that_input_each_other_come_to_an_end(tmp_path: Path) -> None:
    found = read("A \\cite{a}.\n\\input{b}\n", "a.tex", tmp_path, b="B \\cite{b}.\n\\input{a}\\input{b}\n")
    assert [one.keys for one in found.sentences] == [("a",), ("b",)]


def test_captions_and_footnotes_are_sentences_of_their_own(tmp_path: Path) -> None:
    text = (
        "A sentence\\footnote{A note \\cite{n}.} goes\n\\begin{figure}\n\\includegraphics{x}\n"
        "\\caption[short]{A caption of \\emph{it} \\cite{f}.}\n\\end{figure}\non around an\n"
        "\\begin{equation}\\label{e} x = 5 \\end{equation}\nequation \\cite{a}.\n"
    )
    found = read(text, "a.tex", tmp_path)
    assert [(one.line, one.said) for one in found.sentences] == [
        (1, "A sentence goes on around an equation."), (1, "A note."), (4, "A caption of it."),
    ]  # fmt: skip


def test_commands_of_the_authors_own_are_written_out(tmp_path: Path) -> None:
    preamble = "\\newcommand{\\sys}{OpenShelf\\xspace}\n\\def\\n{40}\n"
    text = f"{preamble}\\begin{{document}}\\sys{{}} has \\n papers \\cite{{a}}.\\end{{document}}"
    assert only(text, "a.tex", tmp_path).said == "OpenShelf has 40 papers."


def test_a_file_of_another_form_is_refused_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "a.docx").touch()
    with pytest.raises(ParseError, match=r"save it as one of these$"):
        read_manuscript(tmp_path / "a.docx", max_bytes=1_000)
    with pytest.raises(ParseError, match="there is no such file"):
        read_manuscript(tmp_path / "missing.md", max_bytes=1_000)


_WORDS = st.lists(
    st.sampled_from("the model reads papers and finds more data than before in all of them".split()),
    min_size=2, max_size=8,
).map(lambda words: [*words, "well"])  # fmt: skip
_CITES = {"a.tex": "\\cite{k%d}", "a.md": "[@k%d]", "a.txt": "(Author%d et al., 2020)"}


@given(
    name=st.sampled_from(list(_CITES)),
    parts=st.lists(st.tuples(_WORDS, st.booleans(), st.sampled_from([" ", "\n", "\n\n"])), min_size=1, max_size=12),
)
def test_every_citing_sentence_is_found_with_its_line(name: str, parts: list[tuple[list[str], bool, str]]) -> None:
    text, expected = "", []
    for number, (words, cites, gap) in enumerate(parts):
        line = text.count("\n") + 1
        mark = f" {_CITES[name] % number}" if cites else ""
        if cites:
            expected.append((line, " ".join(words).capitalize() + "."))
        text += " ".join(words).capitalize() + mark + "." + gap
    with tempfile.TemporaryDirectory() as folder:
        found = read(text, name, Path(folder))
    assert [(one.line, one.said) for one in found.sentences] == expected


@given(st.text(alphabet="ab. \n\\cite{}[]@()%$*_|#`-0123<>&~\ue000\ue001", max_size=120), st.sampled_from(list(_CITES)))
def test_no_text_breaks_the_reader(text: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for one in read(text, name, Path(folder)).sentences:
            assert one.keys
            assert not set("\ue000\ue001") & set(one.text + one.said)
            assert 1 <= one.line <= text.count("\n") + 1


@pytest.mark.parametrize(
    ("written", "name", "said"),
    [
        ('They asked, "Can it swim?" [@a]. Other text.', "m.md", 'They asked, "Can it swim?"'),
        ("It works! [@a]. Other text.", "m.md", "It works!"),
        (r"They asked: ``Why?'' \cite{a}. Other text.", "m.tex", "They asked: “Why?”"),
    ],
)
def test_a_citation_behind_a_question_or_a_quotation_belongs_to_its_sentence(
    written: str, name: str, said: str, tmp_path: Path
) -> None:
    sentence = only(written, name, tmp_path)
    assert sentence.keys == ("a",)
    assert sentence.said.startswith(said)
    assert "Other" not in sentence.text
