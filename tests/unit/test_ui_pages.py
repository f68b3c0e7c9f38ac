"""The pages without a browser: what they show of a small library, and what a widget changes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import ui
from kb import Library, Settings
from kb.errors import HomeUnwritable
from kb.records import Topic
from ui import health, session

APP = Path(ui.__file__).with_name("app.py")
SCRIPT = "<script>alert(1)</script>"
RECORDS = [
    {"id": "2401.00001", "title": f"{SCRIPT} in *titles*", "authors": ["Ada Lovelace"],
     "abstract": "We study $x^2$ and <x>graphs</x>.", "categories": ["cs.CL"], "published": "2024-01-02T00:00:00Z"},
    {"id": "2401.00002", "title": "Graphs of citations", "authors": ["Alan Turing"],
     "abstract": "Citation graphs are large.", "categories": ["cs.DL"], "published": "2024-02-03T00:00:00Z"},
]  # fmt: skip


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two records, indexed by words and meaning."""
    home = tmp_path_factory.mktemp("ui") / "home"
    records = home.parent / "records.jsonl"
    records.write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    with Library.open(Settings(home=home)) as library:
        assert len(library.add([str(records)]).added) == 2
    return home


@pytest.fixture
def at_home(filled: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("KB_HOME", str(filled))
    yield filled
    st.cache_resource.clear()
    st.cache_data.clear()


def page(name: str, **parameters: str) -> AppTest:
    """A page of the app with parameters in its address."""
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.run()
    app.switch_page(f"{name}.py")
    for key, value in parameters.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    """The Markdown of a page as it was sent, links of pages included."""
    texts = [element.value for kind in ("title", "markdown", "caption", "subheader", "info", "warning", "error")
             for element in getattr(app, kind)]  # fmt: skip
    return "\n".join([*map(str, texts), *(link.label for link in app.get("page_link"))])


def everything(app: AppTest) -> str:
    """What is shown, choices and tables included."""
    choices = [option for box in app.selectbox for option in box.options]
    return "\n".join([shown(app), *choices, *(table.value.to_string() for table in app.dataframe)])


def test_an_empty_home_greets_with_three_ways_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_HOME", str(tmp_path / "none"))
    text = shown(page("today"))
    assert all(way in text for way in ("Try the demo papers", "Drop a PDF", "Follow a topic"))
    assert not (tmp_path / "none").exists()  # to look makes nothing
    st.cache_resource.clear()


def test_a_search_of_the_address_is_done(at_home: Path) -> None:
    app = page("search", q="citation graphs", mode="lexical", k="20")
    assert app.text_input(key="search-q").value == "citation graphs"
    assert "Graphs of citations" in shown(app)
    assert app.select_slider(key="search-k").value == 20


def test_what_is_typed_goes_into_the_address(at_home: Path) -> None:
    app = page("search")
    app.text_input(key="search-q").set_value("graphs").run()
    app.selectbox(key="search-category").set_value("cs.DL").run()
    assert app.query_params == {"q": ["graphs"], "category": ["cs.DL"]} or app.query_params == {
        "q": "graphs", "category": "cs.DL",
    }  # fmt: skip
    assert "1 result\n" in shown(app)


@pytest.mark.parametrize("value", ["no-such-mode", "<script>", ""])
def test_a_wrong_value_in_the_address_is_as_none(at_home: Path, value: str) -> None:
    app = page("search", q="graphs", mode=value, k=value, since=value, by=value)
    assert "2 results" in shown(app)


@pytest.mark.slow
def test_markup_of_a_paper_is_escaped_everywhere(at_home: Path) -> None:
    for app in (page("search", q="titles"), page("paper", id="2401.00001")):
        text = shown(app)
        assert "<script>" not in text
        assert "\\<script\\>alert\\(1\\)\\<\\/script\\> in \\*titles\\*" in text
    assert "$x^2$" in text
    assert "\\<x\\>graphs" in text


def test_no_element_lets_html_through(at_home: Path) -> None:
    for app in (page("search", q="graphs"), page("paper", id="2401.00001"), page("library")):
        assert not any(element.allow_html for element in [*app.markdown, *app.caption])


def test_liking_is_kept_and_taken_back(at_home: Path) -> None:
    app = page("paper", id="2401.00002")
    app.button(key="like-paper-arxiv:2401.00002").click().run()
    with Library.open(Settings(home=at_home)) as library:
        assert library.show("2401.00002").liking == 1
    app.button(key="like-paper-arxiv:2401.00002").click().run()
    with Library.open(Settings(home=at_home)) as library:
        assert library.show("2401.00002").liking == 0


def test_the_language_changes_the_interface_and_nothing_of_the_paper(at_home: Path) -> None:
    app = page("paper", id="2401.00002")
    app.selectbox(key="language").set_value("zh").run()
    assert "摘要" in shown(app)
    assert "Graphs of citations" in shown(app)


def test_why_a_paper_is_on_the_page_is_said_in_the_language_of_the_interface(at_home: Path) -> None:
    day = date(2024, 2, 3)
    with Library.open(Settings(home=at_home)) as library:
        library.topics.add(Topic(name="Citing", query="cat:cs.DL"))
        digest = library.digest("Citing", day=day)
        library.pages.write(digest, ["json"], out=library.pages.folder("Citing", day))
    app = page("today", topic="Citing", day=day.isoformat())
    assert "it is in cs" in shown(app)
    app.selectbox(key="language").set_value("zh").run()
    assert "属于 cs" in shown(app)
    assert "it is in cs" not in shown(app)


def test_an_unknown_paper_is_said_so_with_the_cure(at_home: Path) -> None:
    app = page("paper", id="2401.99999")
    assert "kb add" in app.error[0].value


def test_a_visit_is_none_outside_the_home(at_home: Path) -> None:
    app = page("paper", id="x", visit="../../etc")
    assert "drop the PDF again" in app.error[0].value


def test_settings_say_where_they_come_from_and_hide_secrets(at_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_MODEL_API_KEY", "very-secret")
    app = page("library", room="settings")
    table: Any = app.dataframe[0].value
    rows = {row.iloc[0]: row for _, row in table.iterrows()}
    assert rows["home"].iloc[2] == "environment"
    assert rows["threads"].iloc[2] == "default"
    assert "very-secret" not in table.to_string()


def test_where_sign_in_is_configured_nothing_is_shown_before_it(at_home: Path) -> None:
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.secrets["auth"] = {"client_id": "x", "cookie_secret": "x"}
    app.run()
    assert [button.label for button in app.button] == ["Sign in"]
    assert not app.title
    assert not app.markdown


@pytest.mark.slow
def test_the_table_is_ordered_and_filtered_over_the_whole_library(at_home: Path) -> None:
    def titles(**parameters: str) -> list[str]:
        table: Any = page("library", **parameters).dataframe[0].value
        return list(table.iloc[:, 0])

    assert titles() == ["Graphs of citations", f"{SCRIPT} in *titles*"]  # the newest first
    assert titles(order="old") == titles()[::-1]
    assert titles(order="title") == [f"{SCRIPT} in *titles*", "Graphs of citations"]
    assert titles(category="cs.DL") == ["Graphs of citations"]
    assert titles(find="lovelace") == [f"{SCRIPT} in *titles*"]


@pytest.mark.parametrize(
    ("name", "parameters", "change", "seen"),
    [
        ("library", {}, lambda library: library.tag("2401.00001", add=["new-tag"]), "new-tag"),
        ("library", {}, lambda library: library.set("2401.00002", title="Stars"), "Stars"),
        ("library", {}, lambda library: library.set("2401.00002", published="2019-05-06"), "2019-05-06"),
        ("library", {"tag": "late"}, lambda library: library.tag("2401.00002", add=["late"]), "Graphs of citations"),
        ("search", {"q": "graphs", "tag": "hot"}, lambda library: library.tag("2401.00002", add=["hot"]), "Turing"),
        ("search", {"q": "graphs"}, lambda library: library.set("2401.00002", authors="Grace Hopper"), "Hopper"),
        ("paper", {"id": "2401.00002"}, lambda library: library.set("2401.00002", venue="JCDL 2031"), "JCDL 2031"),
    ],
)
def test_what_was_changed_elsewhere_is_there_when_the_page_is_drawn_again(
    name: str, parameters: dict[str, str], change: Callable[[Library], object], seen: str,
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    home = tmp_path / "home"
    shutil.copytree(filled, home)
    monkeypatch.setenv("KB_HOME", str(home))
    app = page(name, **parameters)
    assert seen not in everything(app)
    with Library.open(Settings(home=home)) as library:
        change(library)
    app.run()
    assert seen in everything(app)
    st.cache_resource.clear()
    st.cache_data.clear()


def test_a_day_of_the_calendar_is_chosen_by_a_click_and_kept_in_the_address(at_home: Path) -> None:
    app = page("today")
    assert "2024-02-03" in shown(app)
    days = {button.label for button in app.button if (button.key or "").startswith("calendar-") and not button.disabled}
    assert {"3", ":material/chevron_left:"} <= days
    assert ":material/chevron_right:" not in days
    app.button(key="calendar-chevron_left").click().run()
    assert "2024-01-02" in shown(app)
    assert app.query_params["day"] in ("2024-01-02", ["2024-01-02"])


@pytest.mark.slow
def test_papers_to_compare_are_found_by_words_and_stay_chosen(at_home: Path) -> None:
    app = page("compare")
    app.text_input(key="compare-papers-find").set_value("turing").run()
    app.multiselect[0].select("arxiv:2401.00002").run()
    app.text_input(key="compare-papers-find").set_value("lovelace").run()
    assert app.multiselect[0].value == ["arxiv:2401.00002"]
    app.multiselect[0].select("arxiv:2401.00001").run()
    app.text_area[0].set_value("What is large?").run()
    app.button[0].click().run()
    assert app.query_params["paper"] in (both := "arxiv:2401.00002\narxiv:2401.00001", [both])
    assert "What is large" in shown(app)


def test_a_topic_is_edited_whole(at_home: Path) -> None:
    app = page("library", room="topics")
    app.text_input[0].set_value("Graphs")
    app.text_input[1].set_value("abs:graphs")
    app.text_input[3].set_value("Alan Turing; Ada Lovelace")
    app.number_input[0].set_value(7)
    next(button for button in app.button if button.label == "Save").click().run()
    assert not app.error
    with Library.open(Settings(home=at_home)) as library:
        topic = library.topics.get("Graphs")
        assert (topic.authors, topic.limit) == (("Alan Turing", "Ada Lovelace"), 7)
        library.topics.remove("Graphs")


@pytest.mark.parametrize(
    ("cure", "command"),
    [
        ("kb doctor --fix, or kb reindex", ["doctor", "--fix"]),
        ("kb doctor --fix removes them", ["doctor", "--fix"]),
        ("kb add 2401.00001", ["add", "--", "2401.00001"]),
        ("kb add FILE.pdf stores one", []),
        ("add the file again: kb add FILE", []),
        ("restore catalog.sqlite from a backup", []),
    ],
)
def test_a_cure_is_a_click_where_a_click_can_cure(cure: str, command: list[str]) -> None:
    assert health.command_of(cure) == command


@pytest.mark.slow
def test_conversations_are_those_of_the_person_who_signed_in(at_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sign_in(name: str) -> None:
        monkeypatch.setattr(st, "user", {"is_logged_in": True, "iss": "https://id.example.org", "sub": name})

    sign_in("ada")
    name = session.new_conversation()
    with Library.open(Settings(home=at_home)) as library:
        library.ask("Which graphs are large?", session=name)
        paper = library.ask("Which graphs are large?").passages[0].paper.id
    for who in ("ada", "bob"):
        sign_in(who)
        for app in (page("ask", session=name), page("ask"), page("paper", id=paper, tab="cited")):
            said = [shown(app), *(button.label for button in app.button)]
            assert any("Which graphs are large" in text for text in said) == (who == "ada")


def test_where_others_reach_the_app_a_typed_path_is_refused(at_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_BROWSER_PATHS", "false")
    app = page("library", room="add_papers")
    assert app.text_area[0].label == "arXiv ids or addresses, one a line"
    app.text_area[0].set_value(str(APP))
    next(button for button in app.button if button.label == "Add").click().run()
    assert "is a path of the server" in app.error[0].value


def test_loading_ahead_passes_over_an_empty_home_and_an_app_that_ends_and_nothing_else() -> None:
    class Broken:
        def __init__(self, error: Exception) -> None:
            self._error = error

        def search(self, query: str, *, k: int) -> None:
            raise self._error

    session._warm(Broken(HomeUnwritable("there is no knowledge base")))  # type: ignore[arg-type]
    session._warm(Broken(RuntimeError("cannot schedule new futures after interpreter shutdown")))  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="dictionary changed size"):
        session._warm(Broken(RuntimeError("dictionary changed size during iteration")))  # type: ignore[arg-type]
