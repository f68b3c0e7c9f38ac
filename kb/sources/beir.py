"""Texts of a BEIR corpus: https://github.com/beir-cellar/beir.

A text states no authors, so its key is a hash of title, ``_id`` and text, and its second id is ``beir:<_id>#<hash>``:
readable, and two corpora that both have a document "4983" never become one paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kb.errors import BadRecord
from kb.ids import record_key
from kb.records import Metadata
from kb.sources.jsonl_fields import RecordReading, clean, is_id, line_of, shown

OWN_IDS = ("_id",)


def is_one(record: Mapping[str, Any]) -> bool:
    """Whether it is a text of a corpus."""
    return "_id" in record and "id" not in record


def read_one(reading: RecordReading) -> Metadata:
    """A text of a corpus as a paper.

    Raises:
        BadRecord: without an id, or without title and text.
    """
    record = reading.record
    name = clean(str(record["_id"])).strip() if is_id(record["_id"]) else ""
    if not name:
        raise BadRecord(f"its _id must be text, not {shown(record['_id'])}: give it one")
    text, title = reading(line_of, "text") or "", reading(line_of, "title") or ""
    if not title and not text:
        raise BadRecord("it has neither title nor text: give it one")
    key = record_key(title, [name, text])
    return Metadata(
        source="jsonl",
        ids=(key, f"beir:{name}#{key.removeprefix('record:')[:8]}"),
        title=title or f"[untitled: {name}]",
        abstract=text or None,
    )
