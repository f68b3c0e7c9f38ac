"""The interface says the same in both languages."""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import get_args, get_type_hints

import ui
from kb.records import ABSTRACT_PARTS, CONCLUSION_PARTS, Cell, Verdict
from ui.words import LANGUAGES, WORDS, word


def _gaps(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_is_there_in_every_language_and_filled() -> None:
    for key, texts in WORDS.items():
        assert set(texts) == set(LANGUAGES), key
        assert all(text.strip() for text in texts.values()), key


def test_no_language_has_a_gap_that_english_does_not_fill() -> None:
    for key, texts in WORDS.items():
        if key != "and_more":  # one counts the rest, the other all
            assert _gaps(texts["zh"]) == _gaps(texts["en"]), key


def test_chinese_is_chinese() -> None:
    untranslated = {key for key, texts in WORDS.items() if not re.search(r"[\u4e00-\u9fff]", texts["zh"])}
    # Names, addresses and gaps are the same in both.
    assert untranslated <= {"from_file", "work_failed", "add_ids_hint", "at_version"}


def test_every_text_that_the_pages_ask_for_exists() -> None:
    folder = Path(ui.__file__).parent
    for module in folder.glob("*.py"):
        for key in re.findall(r"""\bt\("([a-z_]+)"[,)]""", module.read_text(encoding="utf-8")):
            assert key in WORDS, f"{key} in {module.name}"


def test_every_text_is_asked_for_by_a_page() -> None:
    code = "\n".join(module.read_text(encoding="utf-8") for module in Path(ui.__file__).parent.glob("*.py"))
    parts = [ends for ends in re.findall(r'f"(\w*)\{[^}]+\}(\w*)"', code) if any(ends)]
    made = [re.compile(rf"{start}\w+{end}") for start, end in parts]
    states = {state.replace(" ", "_") for state in get_args(get_type_hints(Cell)["state"])}
    told = {*ABSTRACT_PARTS, *CONCLUSION_PARTS, *get_args(Verdict), *states}
    for key in WORDS:
        assert re.search(rf"['\"]{key}['\"]", code) or key in told or any(form.fullmatch(key) for form in made), key


def test_gaps_are_filled() -> None:
    assert word("page_of", "en", page=2, pages=9) == "Page 2 of 9"
    assert [word("hits", "en", count=count) for count in (0, 1, 2)] == ["0 results", "1 result", "2 results"]
    assert word("page_of", "zh", page=2, pages=9) == "第 2 页，共 9 页"
