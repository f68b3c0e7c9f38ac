"""A chat model that says what a test tells it to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kb.errors import ModelError

Reply = Mapping[str, Any] | Exception
Script = Callable[[str, str, Mapping[str, Any]], Reply]


class ScriptedChat:
    """A ChatModel whose structured replies are ``script(system, user, schema)``; it keeps what it was asked."""

    def __init__(self, script: Script, *, is_local: bool = True) -> None:
        self._script = script
        self._is_local = is_local
        self.asked: list[tuple[str, str, Mapping[str, Any]]] = []

    @property
    def name(self) -> str:
        """As a setting would name it."""
        return "scripted:fake"

    @property
    def is_local(self) -> bool:
        """As the test says."""
        return self._is_local

    def complete(self, system: str, user: str) -> str:
        """Not scripted: the notes ask for structure only."""
        raise ModelError("this fake completes nothing: script a structured reply")

    def stream(self, system: str, user: str) -> Iterator[str]:
        """Not scripted either."""
        raise ModelError("this fake streams nothing: script a structured reply")

    def structured(self, system: str, user: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The scripted reply; an exception in its place is raised."""
        self.asked.append((system, user, schema))
        reply = self._script(system, user, schema)
        if isinstance(reply, Exception):
            raise reply
        return reply
