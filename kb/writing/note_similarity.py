"""What was chosen for each field of a note, and how alike two of its sentences are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kb.writing.note_scoring import Reading
from kb.writing.note_sentences import NoteSentence

FIELDS = (
    "summary",
    "takeaways",
    "background",
    "past_methods",
    "method",
    "results",
    "significance",
    "innovation",
    "performance",
    "workload",
)
SAME = 0.82  # cosine similarity from which two sentences of one field say the same


@dataclass(slots=True)
class Selection:
    """Sentences of each field in the order of the paper, and remarks on fields that need one."""

    fields: dict[str, list[NoteSentence]] = field(default_factory=lambda: {name: [] for name in FIELDS})
    remarks: dict[str, str] = field(default_factory=dict)

    def is_taken(self, sentence: NoteSentence) -> bool:
        """Whether a field other than the takeaways has it."""
        return any(sentence in chosen for name, chosen in self.fields.items() if name != "takeaways")


def likeness(reading: Reading, at: int, others: Sequence[int]) -> float:
    """The highest cosine similarity of a sentence to one of the others; 0 without any."""
    return float((reading.vectors[others] @ reading.vectors[at]).max()) if others else 0.0
