"""Kept results are keyed by what they are made from, and by nothing else.

For each kind of kept result everything that could change is changed, one thing at a time: the fields of a record, the
settings, the text. The tables say what makes it anew; all else must leave it as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest
from pydantic import SecretStr

from kb.chat import load_chat_model
from kb.errors import ModelError, ParseError
from kb.library import Library, questions
from kb.parsing import worker
from kb.records import Affiliation, AuthorAffiliation, Figure, Fulltext, Language, Link, Name, Note, Paper, SourceRecord
from kb.records.papers import Metadata
from kb.settings import Settings
from tests.fakes import WordEncoder, WordReader
from tests.openai_server import OpenAIServer
from tests.played_model import PlayedModel

SAMPLE = Path(__file__).parents[1] / "data" / "own-sample.pdf"
BIBLIOGRAPHY = """@article{tide, title={Tides by Graphs}, author={Roe, Ann and Doe, Bo}, year={2021}, journal={Seas},
 doi={10.1000/tide},
 abstract={Tides are hard to foretell. We propose TideNet, a network for water levels. It halves the error.}}"""
MOMENT = datetime(2019, 5, 6, tzinfo=UTC)
OTHER_FIELDS: Mapping[str, Any] = {
    "id": "doi:10.1/other", "title": "Ebbs", "aliases": ("doi:10.1/b",), "version": 7, "authors": ("Zoe Zed",),
    "names": (Name(given="Zoe", family="Zed"),), "et_al": True, "abstract": "Other words.", "categories": ("cs.CV",),
    "comment": "12 pages", "published": MOMENT, "precision": "day", "updated": MOMENT, "announced": (date(2019, 5, 7),),
    "announced_from": "feed", "license": "CC0", "venue": "Oceans", "url": "https://example.org/b", "private": True,
    "withdrawn": True, "links": (Link(kind="code", url="https://example.org/c"),),
    "affiliation": Affiliation(text="Elsewhere"), "keywords": ("ebb",), "tags": ("read later",),
    "affiliations": (AuthorAffiliation(text="Elsewhere", authors=("Zoe Zed",)),),
    "collections": ("thesis",), "provenance": {"title": "user"}, "fulltext": Fulltext(state="full"),
    "sources": (SourceRecord(source="user", metadata=Metadata(source="user", ids=())),),
}  # fmt: skip
# What a prompt shows of a record beside its text: title, authors, year and venue.
SHOWN = {"title", "authors", "et_al", "published", "announced", "venue"}
OF_A_REPLY = {"model", "model_url", "model_temperature", "model_reply_tokens", "model_options"}


def another(setting: str, settings: Settings) -> Any:
    """A value that the setting does not have."""
    value, kind = getattr(settings, setting), Settings.model_fields[setting].annotation
    if get_origin(kind) is Literal:
        return next(one for one in get_args(kind) if one != value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if value is None:
        return Path("elsewhere") if Path in get_args(kind) else 0.5
    assert kind is not NoneType
    return {Path: Path("elsewhere"), SecretStr: SecretStr("other"), tuple: ("other",), dict: {"reasoning": False}}.get(
        type(value), "http://127.0.0.1:9/v1" if "url" in setting else "openai:other"
    )


def with_setting(library: Library, setting: str) -> None:
    library.settings = library.settings.model_copy(update={setting: another(setting, library.settings)})


def opened(home: Path, **settings: Any) -> Library:
    library = Library.open(Settings.load(home=home, threads=1, **settings))
    library._models._encoder, library._models._reader = WordEncoder(), WordReader()
    return library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    path = tmp_path / "tide.bib"
    path.write_text(BIBLIOGRAPHY, encoding="utf-8")
    with opened(tmp_path / "home") as library:
        library.add(str(path))
        yield library


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The papers whose notes were written, each time."""
    papers: list[str] = []
    write = questions._write

    def counting(paper: Paper, asking: Any) -> Any:
        papers.append(paper.id)
        return write(paper, asking)

    monkeypatch.setattr(questions, "_write", counting)
    return papers


def recipe(library: Library, paper: Paper, *, language: Language) -> str:
    """What a note is kept under."""
    return questions.note_recipe(library._store.catalog(), library.settings, paper, language=language)


def figures(library: Library, paper: Paper) -> list[Figure]:
    """The figures of a paper, cut where they are not kept."""
    return questions.figures(library._store, library.settings, paper)


def talks(library: Library, model: PlayedModel) -> PlayedModel:
    """Let the library write with this model."""
    library.settings = library.settings.model_copy(update={"model": "openai:played"})
    library._models._chat = model  # type: ignore[assignment]
    return model


# --------------------------------------------------------------------------------------------- notes


def test_every_field_of_a_record_is_tried() -> None:
    assert set(OTHER_FIELDS) == {field.name for field in fields(Paper)}


@pytest.mark.parametrize(("model", "remade"), [("", {"title"}), ("ollama:any", SHOWN)])
def test_a_note_is_made_anew_by_those_fields_of_the_record_that_are_read_for_it(
    library: Library, model: str, remade: set[str]
) -> None:
    library.settings = library.settings.model_copy(update={"model": model})
    (paper,) = library.list()
    kept = recipe(library, paper, language="en")
    changed = {
        name
        for name, value in OTHER_FIELDS.items()
        if name not in ("id", "private") and recipe(library, replace(paper, **{name: value}), language="en") != kept
    }
    assert changed == remade
    barred = recipe(library, replace(paper, private=True), language="en")
    assert (barred != kept) is bool(model)  # a model on another machine may not read it


@pytest.mark.parametrize(
    ("model", "remade"),
    [("", {"model"}), ("openai:any", {*OF_A_REPLY, "verifier", "passage_tokens", "entailment"})],
)
def test_a_note_is_made_anew_by_those_settings_that_its_sentences_depend_on(
    library: Library, model: str, remade: set[str]
) -> None:
    library.settings = library.settings.model_copy(update={"model": model})
    (paper,), usual = library.list(), library.settings
    kept = recipe(library, paper, language="en")
    changed = set()
    for setting in Settings.model_fields:
        with_setting(library, setting)
        if recipe(library, paper, language="en") != kept:
            changed.add(setting)
        library.settings = usual
    assert changed == remade
    assert recipe(library, paper, language="zh") != kept


CHANGES: Mapping[str, tuple[Callable[[Library, str], object], bool]] = {
    "a tag": (lambda library, key: library.tag(key, add=["read later"]), False),
    "a like": (lambda library, key: library.like(key), False),
    "a collection": (lambda library, key: library.collections.add("thesis", key), False),
    "a comment": (lambda library, key: library.set(key, comment="12 pages"), False),
    "keywords": (lambda library, key: library.set(key, keywords="ebb"), False),
    "another paper": (lambda library, key: library.add(str(SAMPLE)), False),
    "a question of it": (lambda library, key: library.ask("What is TideNet?", session="tides"), False),
    "its title": (lambda library, key: library.set(key, title="Ebbs by Graphs"), True),
    "its abstract": (lambda library, key: library.set(key, abstract="We propose EbbNet. It is quick."), True),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_user_does_loses_a_written_note_only_where_it_changes_the_text(
    library: Library, written: list[str], name: str
) -> None:
    change, remakes = CHANGES[name]
    key = library.list()[0].id
    before = library.note(key)
    change(library, key)
    after = library.note(key)
    assert written == [key] * (2 if remakes else 1)
    assert after.paper == library.papers.get(key)  # the record is that of now, whatever was kept
    assert remakes or sentences(after) == sentences(before)


def sentences(note: Note) -> list[str]:
    return [claim.text for claim in (*note.takeaways, *note.background, *note.method, *note.results)]


def test_a_kept_note_shows_the_keywords_and_their_state_as_they_are_now(library: Library) -> None:
    key = library.list()[0].id
    assert "keywords" not in library.note(key).status  # its full text was not read
    library.set(key, keywords="tides")
    again = library.note(key)
    assert again.paper.keywords == ("tides",)
    assert again.status["keywords"].state == "ok"


def test_a_note_that_a_model_failed_at_is_tried_again(library: Library, written: list[str]) -> None:
    key = library.list()[0].id

    def failing(prompt: str) -> Mapping[str, Any]:
        raise ModelError("the server is down: start it")

    talks(library, PlayedModel(note=failing))
    assert "model-failed" in [why.kind for why in library.note(key).status["summary"].reason]
    talks(library, PlayedModel())
    assert "model-failed" not in [why.kind for why in library.note(key).status["summary"].reason]
    library.note(key)
    assert written == [key, key]


# ------------------------------------------------------------------------------------------- figures


def test_figures_are_cut_anew_by_the_limits_they_were_cut_within_and_by_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut: list[int] = []

    def counting(path: Path, places: Sequence[Any], *, limits: Any) -> list[bytes]:
        cut.append(len(places))
        return [b"a picture"] * len(places)

    monkeypatch.setattr(worker, "cut_pictures", counting)
    with opened(tmp_path / "home") as library:
        library.add(str(SAMPLE))
        (paper,), usual = library.list(), library.settings
        figures(library, paper)
        remade = set()
        for setting in Settings.model_fields:
            with_setting(library, setting)
            before = len(cut)
            figures(library, paper)
            if len(cut) > before:
                remade.add(setting)
                library.settings = usual
                figures(library, paper)
            library.settings = usual
    assert remade == {"max_figures"}


@pytest.mark.parametrize(("most", "labels"), [(2, ["Figure 1", "Table 1"]), (0, [])])
def test_the_number_of_figures_is_capped_in_reading_order(tmp_path: Path, most: int, labels: list[str]) -> None:
    with opened(tmp_path / "home") as library:
        library.add(str(SAMPLE))
        library.settings = library.settings.model_copy(update={"max_figures": most})
        (paper,) = library.list()
        assert [figure.label for figure in figures(library, paper)] == labels


@pytest.mark.parametrize(("code", "remade"), [("parse-timeout", True), ("pdf-broken", False)])
def test_that_no_figure_was_cut_within_a_limit_is_no_news_within_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, remade: bool
) -> None:
    tried: list[int] = []

    def failing(path: Path, places: Sequence[Any], *, limits: Any) -> list[bytes]:
        tried.append(len(places))
        raise ParseError("no figure: sorry", code=code)

    monkeypatch.setattr(worker, "cut_pictures", failing)
    with opened(tmp_path / "home") as library:
        library.add(str(SAMPLE))
        (paper,) = library.list()
        assert [figures(library, paper), figures(library, paper)] == [[], []]
        assert len(tried) == 1
        library.settings = library.settings.model_copy(update={"parse_timeout_seconds": 99.0})
        figures(library, paper)
    assert len(tried) == (2 if remade else 1)


# ------------------------------------------------------------------------------------ model's replies


def test_a_models_reply_is_asked_for_anew_by_what_the_model_and_its_sampling_are(tmp_path: Path) -> None:
    model = PlayedModel("The corpus is large.")
    with OpenAIServer(model) as server, OpenAIServer(model) as elsewhere:
        usual = Settings.load(
            home=tmp_path / "home", **{name[3:].lower(): value for name, value in server.environment().items()}
        )
        other = {
            "model": "openai:other", "model_url": elsewhere.environment()["KB_MODEL_URL"], "model_options": {"seed": 1}
        }  # fmt: skip

        def is_asked(settings: Settings) -> bool:
            chat, before = load_chat_model(settings, cache_folder=tmp_path / "cache"), len(model.asked)
            assert chat is not None
            from kb.answering import drafting

            assert chat.complete(drafting.SYSTEM, "How large is it?") == "The corpus is large."
            return len(model.asked) > before

        assert is_asked(usual)
        remade = {
            setting
            for setting in Settings.model_fields
            if is_asked(usual.model_copy(update={setting: other.get(setting, another(setting, usual))}))
        }
    assert remade == OF_A_REPLY


# ----------------------------------------------------------------------------------- vectors, the map


def more_papers(folder: Path) -> Path:
    path = folder / "more.bib"
    entries = (f"@misc{{m{n}, title={{On Sort {n} of Ebbs}}, author={{Roe, Ann}}, year={{2020}}}}" for n in range(120))
    path.write_text("\n".join(entries), encoding="utf-8")
    return path


def test_the_map_is_arranged_anew_by_the_vectors_and_by_nothing_else(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kb.library import viewing

    arranged: list[int] = []

    def counting(vectors: Any) -> Any:
        arranged.append(len(vectors))
        return np.zeros((len(vectors), 2))

    monkeypatch.setattr(viewing, "arrange", counting)
    key = library.list()[0].id
    library.add(str(more_papers(tmp_path)))
    library.view.arrange_map(limit=200)
    library.tag(key, add=["read later"])
    library.like(key)
    library.set(key, venue="Oceans")
    library.view.arrange_map(limit=200)
    assert len(arranged) == 1
    library.set(key, title="Ebbs by Graphs")
    library.view.arrange_map(limit=200)
    assert len(arranged) == 2


def test_a_sentence_is_encoded_once_for_one_encoder(library: Library) -> None:
    encoded: list[str] = []

    class Counting(WordEncoder):
        def encode_passages(self, texts: Any) -> Any:
            encoded.extend(texts)
            return super().encode_passages(texts)

    library._models._encoder = Counting()
    corpus = library._store.corpus()
    first = corpus.encode(["a tide", "an ebb"])
    assert (corpus.encode(["an ebb", "a tide"]) == first[::-1]).all()
    assert encoded == ["a tide", "an ebb"]
    library._models._encoder = Counting(max_tokens=99)
    corpus.encode(["a tide"])
    assert encoded == ["a tide", "an ebb", "a tide"]
