"""The report of the daily job: what became of each topic's day, what was written, what failed, and the status."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from kb import wire
from kb.errors import DONE, IN_PART, NOT_DONE
from kb.records import DigestCounts, Failure

AskedWhom = Literal["feed", "api", "library"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicReport:
    """What became of a topic's day. ``source`` says who was asked; "library": nobody, the day was done before."""

    topic: str
    day: date
    counts: DigestCounts
    why_nothing: str | None = None
    source: AskedWhom = "library"


@dataclass
class Report:
    """The run's report while it is being made."""

    topics: list[TopicReport] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    undone: int = 0

    def data(self) -> dict[str, Any]:
        """As JSON has it: ``status`` is 0 (done), 3 (in part, what failed is listed) or 1 (nothing could be done)."""
        status = DONE
        if self.failures:
            status = NOT_DONE if self.undone and not self.topics else IN_PART
        return {
            "topics": wire.to_data(self.topics),
            "files": self.files,
            "failures": wire.to_data(self.failures),
            "status": status,
        }
