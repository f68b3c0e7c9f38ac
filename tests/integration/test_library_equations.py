"""Display equations as evidence: found by their number, shown as pictures that are kept and go with their paper."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from pathlib import Path

import pytest

from kb import Answer, Library, Settings
from kb.errors import UsageError
from kb.parsing import worker
from kb.records import (
    Cell,
    CheckCounts,
    CheckedSentence,
    Comparison,
    ManuscriptCheck,
    Paper,
    Passage,
    PassageSentence,
    PrintedCell,
    Review,
    ReviewSection,
    Table,
    references,
)
from kb.rendering import plain_text
from kb.rendering.quotations import Pictures
from tests.fakes import WordEncoder, WordReader
from tests.integration.test_library_rereading import age, reading

SAMPLE = Path(__file__).parents[1] / "data" / "own-sample.pdf"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library.open(Settings.load(home=tmp_path / "home", threads=1))
    library._models._encoder, library._models._reader = WordEncoder(), WordReader()
    library.add(str(SAMPLE))
    return library


def test_an_equation_is_shown_by_its_number_with_its_picture(library: Library) -> None:
    (paper,) = library.list()
    for said in ("1", "Eq. (1)", "equation 1", "all"):
        (equation,) = library.show(paper.id, equation=said).equations
        assert (equation.label, equation.page, equation.is_tex) == ("1", 1, False)
    assert equation.file is not None
    assert library.view.file(equation.file).read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UsageError, match="no equation '7' in its text: choose from all, 1"):
        library.show(paper.id, equation="7")


def test_its_picture_is_no_figure_and_goes_with_the_paper(library: Library) -> None:
    (paper,) = library.list()
    (equation,) = library.show(paper.id, equation="1").equations
    assert library.view.figures(paper.id) is None
    figures = library.note(paper.id).figures
    assert equation.file not in {figure.file for figure in figures}
    assert library.show(paper.id, equation="1").equations == (equation,)
    assert library.doctor() == []
    picture = library.view.file(equation.file or "")
    library.remove([paper.id])
    assert not picture.exists()


def test_a_question_for_an_equation_is_answered_by_the_sentence_around_it(library: Library) -> None:
    answer = library.ask("What does equation 1 say?")
    (hit, *_) = library.search("equation 1", k=1)
    assert [one.label for one in hit.equations] == ["1"]
    passage = next(passage for passage in answer.passages if passage.equations)
    whole = replace(passage, answering=tuple(sentence.n for sentence in passage.sentences))
    told = plain_text.answer(replace(answer, passages=(whole,)))
    assert "[Equation 1, p. 1, its signs in one line:" in " ".join(told.split())


QUESTION = "What does equation 1 say?"


def _pictures(library: Library) -> list[str]:
    return [path.name for path in library._store.home.files.path.glob("*/*.png")]


def _equations(answer: Answer) -> list[str | None]:
    """The pictures of the equations that answer."""
    return [one.file for passage in answer.passages for one in passage.answering_equations]


def test_an_answer_is_told_before_its_pictures_are_cut_and_has_them_at_the_end(library: Library) -> None:
    told: list[tuple[Answer, list[str]]] = []
    for session in (None, "a conversation"):
        made = library.ask(
            QUESTION, session=session, on_answer=lambda answer: told.append((answer, _pictures(library)))
        )
        (key,) = _equations(made)
        assert library.view.file(key or "").read_bytes().startswith(b"\x89PNG")
    assert told[0][1] == []
    assert [_equations(answer) for answer, _ in told] == [[None], [None]]
    (kept,) = library.conversations.get("a conversation")
    assert kept.passages == made.passages


def test_a_paper_that_is_removed_while_its_pictures_are_cut_takes_no_answer_with_it(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    (paper,) = library.list()
    cut = worker.cut_pictures

    def removed_meanwhile(path: Path, *others: object, **limits: object) -> object:
        images = cut(path, *others, **limits)  # type: ignore[arg-type]
        library.remove([paper.id])
        return images

    monkeypatch.setattr(worker, "cut_pictures", removed_meanwhile)
    made = library.ask(QUESTION, session="a conversation")
    assert _equations(made) == [None]
    assert made.notices[-1].endswith("a paper that it cites was removed meanwhile")
    assert library.conversations.get("a conversation") == []


def test_an_equation_of_a_kept_answer_stands_where_a_new_reading_has_it(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> list[tuple[str | None, str]]:
        (answer,) = library.conversations.get("a conversation")
        return [(one.label, made.text_of(one)) for made in answer.passages for one in made.answering_equations]

    library.ask(QUESTION, session="a conversation")
    before = told()
    assert before
    age(library)
    reading(monkeypatch, lambda text: f"Indeed. {text}" if len(text) > 200 else text)
    assert library.reindex(parse=True).read == 1
    assert told() == before


def test_its_picture_goes_with_the_reading_that_it_was_cut_from(library: Library) -> None:
    (paper,) = library.list()
    library.show(paper.id, equation="1")
    library.note(paper.id)
    library._store.catalog()._db.run("UPDATE documents SET parser = 'earlier'")
    assert library.reindex(parse=True).read == 1
    assert library.doctor() == []
    assert _pictures(library) == []


ROW = "North — Rain: 12, Flow: 3.5"


def _manuscript(folder: Path, paper: Paper) -> Path:
    """One that cites the sample for what its equation says."""
    (folder / "refs.bib").write_text(f"@misc{{own, title={{{paper.title}}}, author={{{paper.authors[0]}}}}}")
    path = folder / "own.md"
    path.write_text("Equation 1 (Eq. 1) is a log of exp over exp [@own].\n")
    return path


def _made(library: Library, kind: str, folder: Path) -> tuple[Comparison | ManuscriptCheck | Review, list[Passage]]:
    """A result of each kind that shows a passage as evidence, and these passages."""
    (paper,) = library.list()
    if kind == "comparison":
        table = library.compare([paper.id], [QUESTION])
        return table, [passage for row in table.cells for cell in row for passage in cell.passages]
    if kind == "check":
        check = library.check(_manuscript(folder, paper), bibliographies=[folder / "refs.bib"])
        return check, [passage for one in check.sentences for passage in one.passages]
    passages = library.ask(QUESTION).passages
    said = replace(passages[0], answering=tuple(one.n for passage in passages[:1] for one in passage.answers))
    text = f"The sample says so [{said.answering[0]}]."
    review = Review(
        question=QUESTION, language="en", model="a model", passages=(said,), references=references([said]),
        sections=(ReviewSection(title="The loss", text=text, claims=()),), table=Table(columns=(), rows=()),
    )  # fmt: skip
    return review, [said]


@pytest.mark.parametrize("kind", ["comparison", "check", "review"])
def test_where_an_equation_is_evidence_a_page_shows_its_picture_and_other_forms_its_number_and_page(
    library: Library, tmp_path: Path, kind: str
) -> None:
    made, passages = _made(library, kind, tmp_path)
    shown = [one for passage in passages for one in passage.answering_equations]
    assert [one.label for one in shown[:1]] == ["1"]
    key = shown[0].file or ""
    picture = library.view.file(key).read_bytes()

    [(_, page)] = library.pages.render(made, "html")
    (inside,) = set(re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="Equation 1, p. 1', page.decode()))
    assert base64.b64decode(inside) == picture
    assert set(re.findall(r'<img[^>]* src="(?!data:)', page.decode())) == set()

    [(name, text), *beside] = library.pages.render(made, "md", name="My page")
    assert (name, beside) == ("My page.md", [(f"my-page/{key}", picture)])
    assert f"![Equation 1, p. 1](my-page/{key})" in text.decode()

    library.view.file(key).unlink()  # a page without its picture says which equation it is, and where
    for form in ("md", "html", "text" if kind == "check" else "csv" if kind == "comparison" else "md"):
        [(_, text)] = library.pages.render(made, form)
        assert "Equation 1, p. 1, its signs in one line:" in " ".join(text.decode().split())


def test_a_web_page_with_more_pictures_than_it_can_hold_has_them_beside_it() -> None:
    data = {f"{n}.png": bytes([n]) * 8_000_000 for n in range(3)}
    pictures = Pictures(data=data, folder="page")
    assert pictures.are_files
    shown = pictures.in_page("1.png")
    assert shown is not None
    assert shown.source == "page/1.png"
    assert pictures.beside(f'<img src="{shown.source}">') == [("page/1.png", data["1.png"])]
    assert not Pictures(data={"1.png": b"\x89PNG"}, folder="page").are_files


def test_a_row_that_is_evidence_says_its_cells_with_their_names_in_every_form(library: Library) -> None:
    (paper,) = library.list()
    cells = tuple(
        PrintedCell(
            row=1, column=n, rows=1, columns=1, text=text, is_named=True, labels=("North",), headings=(heading,)
        )
        for n, (heading, text) in enumerate((("Rain", "12"), ("Flow", "3.5")), start=1)
    )
    row = PassageSentence(n="1.1", text="North | 12 | 3.5", start=0, end=16, cells=cells)
    passage = Passage(
        marker="1", paper=paper, chunk_id="c", section=(), page=1, page_label=None, sentences=(row,), answering=("1.1",)
    )
    cell = Cell(state="found", short=row.text, passages=(passage,))
    review = Review(
        question=QUESTION, language="en", model="a model", passages=(passage,), references=references([passage]),
        sections=(ReviewSection(title="Rain", text="It rains [1.1].", claims=()),), table=Table(columns=(), rows=()),
    )  # fmt: skip
    check = ManuscriptCheck(
        file="own.md", counts=CheckCounts(sentences=1, cited=1),
        sentences=(CheckedSentence(file="own.md", line=1, text="It rains.", cites=(), passages=(passage,)),),
    )  # fmt: skip
    table = Comparison(papers=(paper,), questions=(QUESTION,), cells=((cell,),))
    for made, form in (
        (table, "md"),
        (table, "csv"),
        (table, "html"),
        (check, "text"),
        (check, "md"),
        (review, "html"),
    ):
        assert ROW in library.pages.render(made, form)[0][1].decode()
