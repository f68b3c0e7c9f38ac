"""Lists and comparisons as a table: a row for each quoted sentence, and what it names of what was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kb.records import Claim, TableRow
from kb.writing import particulars
from kb.writing.answer_forms import printed_names
from kb.writing.questions import Question
from kb.writing.words import contained, content_stems

_FEWEST_ROWS = 2
_MOST_NAMES = 6
_LABEL = re.compile(r"^(?P<label>[^:.;,()]{2,60}):\s")  # "Tweet2vec: we use …": an item of a list
_LABEL_WORDS = 6
_COMPARING = re.compile(
    r"\b(?:compar\w+|differ\w*|versus|vs|better|worse|faster|slower|outperform\w*|perform\w*|advantages?|numbers?)\b",
    re.IGNORECASE,
)


def tabulate(question: Question, claims: Sequence[Claim]) -> tuple[TableRow, ...]:
    """The rows for the claims, in their order; () where the question asks for no list and compares nothing."""
    if question.kind not in ("list", "comparison") or len(claims) < _FEWEST_ROWS:
        return ()
    named = _compared if question.kind == "comparison" else _listed
    return tuple(TableRow(claim=i, names=named(claim.text, question)) for i, claim in enumerate(claims))


def _listed(text: str, question: Question) -> tuple[str, ...]:
    """The label of an item, else the names that a sentence prints and the question does not."""
    label = _LABEL.match(text)
    if label and len(label["label"].split()) <= _LABEL_WORDS:
        return (label["label"],)
    asked = {name.casefold() for name in question.names}
    return _first(name for name in printed_names(text) if name.casefold() not in asked)


def _compared(text: str, question: Question) -> tuple[str, ...]:
    """What of the things compared a sentence is about: names and phrases of the question that it prints."""
    phrases = (part.strip() for phrase in question.phrases for part in _COMPARING.split(phrase))
    stems = set(content_stems(text))
    spelt = [p for p in phrases if p and p not in question.names and contained(content_stems(p), stems) == 1.0]
    return _first([*(name for name in question.names if particulars.has_name(text, name)), *spelt])


def _first(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))[:_MOST_NAMES]
