"""Replies of a language model: read as JSON, checked against a schema, kept on disk by what was asked."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def read_json(text: str, schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The first JSON object in a reply that satisfies the schema; code fences, thoughts and chatter are skipped.

    None when there is none. A reply that was cut off has none.
    """
    plain = _THOUGHT.sub("", text)
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", plain):
        try:
            value, _ = decoder.raw_decode(plain, match.start())
        except (ValueError, RecursionError):
            continue
        if satisfies(value, schema):
            return dict(value)
    return None


def satisfies(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value has the types, required fields and allowed values of a JSON schema (lengths are not judged)."""
    kind = schema.get("type")
    kinds = [kind] if isinstance(kind, str) else kind or list(_KINDS)
    if not any(isinstance(value, _KINDS[name]) for name in kinds):
        return False
    if isinstance(value, bool) and "boolean" not in kinds:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, dict):
        fields: Mapping[str, Any] = schema.get("properties", {})
        complete = all(name in value for name in schema.get("required", ()))
        return complete and all(satisfies(value[name], of) for name, of in fields.items() if name in value)
    if isinstance(value, list) and "items" in schema:
        return all(satisfies(item, schema["items"]) for item in value)
    return True


class ReplyCache:
    """Replies on disk under the hash of all that was asked: model, prompts, schema and parameters.

    ``folder`` is made when first needed; None keeps nothing. Losing it loses no data, only calls.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @staticmethod
    def key(*asked: Any) -> str:
        """The name of a reply: the same question to the same model gives the same one."""
        return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def get(self, key: str) -> Any | None:
        """What was kept, or None; a broken file counts as nothing kept."""
        if self._folder is None:
            return None
        try:
            return json.loads(self._path(key).read_text("utf-8"))["reply"]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, key: str, reply: Any) -> None:
        """Keep a reply. A cache that cannot be written is no reason to fail."""
        if self._folder is None:
            return
        path = self._path(key)
        draft = path.with_suffix(f".{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.write_text(json.dumps({"reply": reply}, ensure_ascii=False), "utf-8")
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        assert self._folder is not None
        return self._folder / key[:2] / f"{key}.json"
