"""Where settings come from, and what may not come from the home."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.errors import SettingsError
from kb.settings import Settings, unknown_variables


def test_flags_come_before_the_environment_and_that_before_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kb.toml").write_text("threads = 1\nmax_pages = 11\nmax_figures = 21\n", encoding="utf-8")
    monkeypatch.setenv("KB_MAX_PAGES", "12")
    monkeypatch.setenv("KB_MAX_FIGURES", "22")
    settings = Settings.load(home=tmp_path, max_figures=23)
    assert (settings.threads, settings.max_pages, settings.max_figures) == (1, 12, 23)


@pytest.mark.parametrize("name", ["smtp_password", "model_api_key"])
def test_a_secret_in_the_home_is_refused_with_the_cure(tmp_path: Path, name: str) -> None:
    (tmp_path / "kb.toml").write_text(f'{name} = "hunter2"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=f"KB_{name.upper()}") as caught:
        Settings.load(home=tmp_path)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "must"),
    [
        ("ARXIV_INTERVAL_SECONDS", "inf", "at most 86400"),
        ("ARXIV_INTERVAL_SECONDS", "nan", "at most 86400"),
        ("ARXIV_INTERVAL_SECONDS", "-1", "at least 0"),
        ("ARXIV_API_URL", "ftp://x", "http"),
        ("THREADS", "two", "a whole number, not 'two'"),
        ("ALLOW_REMOTE", "maybe", "true or false"),
        ("LANGUAGE", "de", "'en' or 'zh'"),
        ("MAIL_TO", '["a@b"', "a list of texts"),
        ("MAIL_TO", "[" * 100_000, "a list of texts"),
        ("MAIL_TO", "[1]", "a list of texts, with commas between them, not '[1]'"),
        ("ALLOWED_HOSTS", '["a", ["b"]]', """a list of texts, with commas between them, not '["a", ["b"]]'"""),
        ("SMTP_PORT", "0", "more than 0"),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_plain_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, must: str
) -> None:
    monkeypatch.setenv(f"KB_{name}", value)
    with pytest.raises(SettingsError) as caught:
        Settings.load(home=tmp_path)
    assert str(caught.value).startswith(f"{name.lower()} must be ")
    assert must in str(caught.value)
    assert str(caught.value).endswith(f"correct it in kb.toml, in KB_{name} or in the flag")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"threads": "two"}, "threads must be a whole number, not 'two'"),
        ({"language": "de"}, "language must be one of 'en' or 'zh', not 'de'"),
        ({"thread": 2}, r"'thread' is no setting \(is it threads\?\)"),
        ({"home": 3}, "home must be the path of a folder, not 3"),
        ({"home": b"/tmp"}, "home must be the path of a folder"),
        ({"home": "~nobody-of-that-name/x"}, "has no place here"),
        ({"home": "a\0b"}, "it is no path"),
    ],
)
@pytest.mark.parametrize("make", [Settings, Settings.load, lambda **values: Settings.model_validate(values)])
def test_a_wrong_value_is_one_error_of_ours_however_settings_are_made(
    tmp_path: Path, make: Callable[..., Settings], values: dict[str, object], said: str
) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        make(**{"home": tmp_path, **values})
    assert re.search(r": (correct|give|check) [^\n]+$", str(caught.value))


def test_a_secret_that_cannot_be_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="model_api_key must be text") as caught:
        Settings(home=tmp_path, model_api_key=["hunter2"])
    assert "hunter2" not in str(caught.value)


def test_a_list_in_a_variable_has_commas_and_an_empty_variable_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_MAIL_TO", "a@example.org, b@example.org")
    monkeypatch.setenv("KB_ALLOWED_HOSTS", '["arxiv.org"]')
    monkeypatch.setenv("KB_HOME", "")
    settings = Settings.load()
    assert settings.mail_to == ("a@example.org", "b@example.org")
    assert settings.allowed_hosts == ("arxiv.org",)
    assert settings.home != Path.cwd()


TEXTS = sorted(name for name, field in Settings.model_fields.items() if field.default == "")
LISTS = sorted(name for name, field in Settings.model_fields.items() if isinstance(field.default, tuple))


@pytest.mark.parametrize("name", TEXTS + LISTS)
def test_an_empty_variable_empties_what_may_be_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    value = '["a.example.org"]' if name in LISTS else '"ollama:qwen3"'
    (tmp_path / "kb.toml").write_text(f"{name} = {value}\n", encoding="utf-8")
    assert getattr(Settings.load(home=tmp_path), name)
    monkeypatch.setenv(f"KB_{name.upper()}", "")
    settings = Settings.load(home=tmp_path)
    assert getattr(settings, name) == (() if name in LISTS else "")
    assert settings.origins()[name] == "environment"


def test_options_of_a_model_are_an_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kb.toml").write_text("[model_options]\nreasoning = true\n", encoding="utf-8")
    assert Settings.load(home=tmp_path).model_options == {"reasoning": True}
    monkeypatch.setenv("KB_MODEL_OPTIONS", '{"reasoning": false}')
    assert Settings.load(home=tmp_path).model_options == {"reasoning": False}


def test_an_empty_variable_of_anything_else_counts_as_unset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_to = "max_pages = 11\nallow_remote = true\nlanguage = 'zh'\nencoder = 'e'\nencoder_cache = '/c'\n"
    (tmp_path / "kb.toml").write_text(set_to, encoding="utf-8")
    before = Settings.load(home=tmp_path)
    for name in sorted(Settings.model_fields.keys() - {*TEXTS, *LISTS}):
        monkeypatch.setenv(f"KB_{name.upper()}", "")
    settings = Settings.load(home=tmp_path)
    assert settings == before
    assert settings.origins() == before.origins()
    monkeypatch.setenv("KB_HOME", "")
    assert Settings.load().home == Path(Settings.model_fields["home"].default).expanduser()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('home = "/elsewhere"\n', "--home"),
        ("max_page = 3\n", r"is it max_pages\?"),
        ("threads = \n", "not TOML"),
        ("threads = 1.5\n", "threads must be a whole number"),
        ("model_options = '{\"reasoning\": '\n", "model_options must be a JSON object"),
        ("mail_to = [1]\n", r"mail_to must be a list of texts, .* not '\[1\]'"),
        (f"mail_to = {'[' * 100_000}\n", "not TOML"),
    ],
)
def test_what_the_homes_file_cannot_say_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "kb.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        Settings.load(home=tmp_path)


def test_a_folder_in_place_of_the_homes_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kb.toml").mkdir()
    with pytest.raises(SettingsError, match="folder"):
        Settings.load(home=tmp_path)


def test_a_misspelt_variable_is_told_with_the_nearest_name() -> None:
    names = ["KB_MAXPAGES", "KB_MAX_PAGES", "kb_threads", "KB_XYZZY", "HOME"]
    assert unknown_variables(names) == [
        "KB_MAXPAGES is no setting (is it KB_MAX_PAGES?): correct the name, or unset it",
        "KB_XYZZY is no setting: correct the name, or unset it",
    ]
