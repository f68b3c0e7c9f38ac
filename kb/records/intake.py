"""Intake: what a source found, and what adding it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kb.records.documents import FileKind
from kb.records.papers import Metadata, SourceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something is so, as data; a renderer makes the sentence. ``personal``: not for a page that others see."""

    kind: str
    values: Mapping[str, str] = field(default_factory=dict)
    personal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a source found and that is to be added.

    ``record`` is what the source says; ``file`` is a local file to parse (then ``file_kind`` says how); with both,
    the source says that the file is the record's. ``what`` is how the user named it. A file from a source that owns
    it (a download) is not private; a user's local file is, unless told otherwise. ``private_stated`` says that the
    user said so, which is kept. ``fetch`` says that the source should be asked for the full text of an item that
    came without a file; an item with neither record nor file asks arXiv for ``what``. ``missing`` are files that the
    source names and that are not there.
    """

    what: str
    record: SourceRecord | None = None
    file: str | None = None
    file_kind: FileKind | None = None
    private: bool = False
    private_stated: bool = False
    fetch: bool = False
    missing: tuple[str, ...] = ()

    @property
    def metadata(self) -> Metadata | None:
        """What the record says, in the words of this house."""
        return self.record.metadata if self.record is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One thing that could not be added. ``retry`` says whether trying again later may help."""

    what: str
    code: str
    reason: str
    retry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """One thing that was passed over because it is no paper, or in no form that is read."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What had to be assumed of a thing that was read all the same."""

    what: str
    why: Reason


Found = Item | Failure | PassedOver | Notice
"""What a source says of the things that it was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Records of several sources that were found to be of one paper: its id, the records, and the evidence."""

    id: str
    records: tuple[str, ...]
    why: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubtful:
    """Papers that may be one and were not joined: their ids, and what speaks for and against it."""

    ids: tuple[str, ...]
    why: Reason


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
    joined: tuple[Joined, ...] = ()
    doubtful: tuple[Doubtful, ...] = ()
    skipped: tuple[PassedOver, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveReport:
    """What ``remove`` did: the ids of the papers that are gone, and the names that no paper has, with why."""

    removed: tuple[str, ...] = ()
    missing: tuple[Failure, ...] = ()
