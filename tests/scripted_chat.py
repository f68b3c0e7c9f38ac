"""A chat model that says what its script says: truths, lies, garbage, errors. For tests of the writing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from kb.errors import ModelError
from kb.records import Usage


class ScriptedChat:
    """ChatModel with one reply per call, in order; the last one is repeated. An exception in the script is raised.

    A mapping is the structured reply; a string is plain text (and no structure: ``structured`` then fails as a model
    does that cannot). ``asked`` keeps (system, user) of every call.
    """

    def __init__(self, *script: Any, name: str = "scripted:model", is_local: bool = True) -> None:
        self._script = list(script)
        self._name, self._is_local = name, is_local
        self.asked: list[tuple[str, str]] = []

    @property
    def name(self) -> str:
        """Provider first."""
        return self._name

    @property
    def is_local(self) -> bool:
        """As told."""
        return self._is_local

    @property
    def usage(self) -> Usage:
        """Four characters a token."""
        sent = sum(len(system) + len(user) for system, user in self.asked)
        return Usage(calls=len(self.asked), input_tokens=sent // 4)

    def _next(self, system: str, user: str) -> Any:
        reply = self._script[min(len(self.asked), len(self._script) - 1)]
        self.asked.append((system, user))
        if isinstance(reply, Exception):
            raise reply
        return reply

    def complete(self, system: str, user: str) -> str:
        """The next reply as text."""
        reply = self._next(system, user)
        return reply if isinstance(reply, str) else json.dumps(reply)

    def stream(self, system: str, user: str) -> Iterator[str]:
        """The next reply in pieces; a list is pieces, an exception among them is raised in mid-stream."""
        reply = self._next(system, user)
        for piece in reply if isinstance(reply, list) else [reply if isinstance(reply, str) else json.dumps(reply)]:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def structured(self, system: str, user: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The next reply if it is a mapping."""
        if self._script and not isinstance(
            self._script[min(len(self.asked), len(self._script) - 1)], (Mapping, Exception)
        ):
            raise ModelError("the scripted model gives no structure: script a mapping")
        reply: Mapping[str, Any] = self._next(system, user)
        return reply
