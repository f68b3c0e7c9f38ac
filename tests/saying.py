"""Records of sources for tests that care only for what is said, not for how the source writes it."""

from __future__ import annotations

from typing import Any

from kb.records import Item, Metadata, SourceRecord


def saying(metadata: Metadata) -> SourceRecord:
    """A source record that says this."""
    return SourceRecord(source=metadata.source, key=metadata.ids[0] if metadata.ids else "", metadata=metadata)


def item(metadata: Metadata, *, what: str = "", **options: Any) -> Item:
    """An item whose record says this."""
    return Item(what=what or metadata.ids[0], record=saying(metadata), **options)
