"""Where settings come from, and what may not come from the home."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.errors import SettingsError
from kb.settings import Settings


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
