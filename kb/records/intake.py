"""Intake: what a source found, and what adding it did."""

from __future__ import annotations

from dataclasses import dataclass

from kb.records.documents import FileKind
from kb.records.papers import Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a source found and that is to be added.

    ``file`` is a local file to parse (then ``file_kind`` says how); ``what`` is how the user named it. A file from
    a source that owns it (a download) is not private; a user's local file is, unless told otherwise.
    ``private_stated`` says that the user said so, which is kept. ``fetch`` says that the source should be asked for
    the full text of an item that came without a file.
    """

    what: str
    metadata: Metadata | None = None
    file: str | None = None
    file_kind: FileKind | None = None
    private: bool = False
    private_stated: bool = False
    fetch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One thing that could not be added. ``retry`` says whether trying again later may help."""

    what: str
    code: str
    reason: str
    retry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """A paper that is in, but without its (whole) full text."""

    id: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddReport:
    """What ``add`` did. Ids in the order in which they came; no id is in two of the first three lists."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    partial: tuple[Partial, ...] = ()
    failed: tuple[Failure, ...] = ()
