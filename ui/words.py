"""The interface's texts in English and Chinese (``words.json``). Papers and answers keep their own language."""

from __future__ import annotations

import json
from importlib import resources
from typing import Literal

Language = Literal["en", "zh"]

LANGUAGES: dict[Language, str] = {"en": "English", "zh": "中文"}
WORDS: dict[str, dict[Language, str]] = json.loads(resources.files("ui").joinpath("words.json").read_text("utf-8"))


def word(key: str, language: Language, **values: object) -> str:
    """A text of the interface in a language; ``values`` fill its gaps. "one|many" is chosen by ``count``."""
    one, _, many = WORDS[key][language].partition("|")
    return (many if many and values.get("count") != 1 else one).format(**values)
