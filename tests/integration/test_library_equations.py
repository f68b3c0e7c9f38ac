"""Display equations as evidence: found by their number, shown as pictures that are kept and go with their paper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kb import Answer, Library, Settings
from kb.errors import UsageError
from kb.parsing import worker
from kb.rendering import plain_text
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
