"""Which papers a question is about: those whose title, or whose proposal, prints what it names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.records import Hit
from kb.writing import particulars
from kb.writing.questions import Question
from kb.writing.words import content_stems

# What stands before this is what a title is about: "SPECTER: Document-level …", "Dense Passage Retrieval for …".
_TITLE_HEAD = re.compile(r"[:?]\s|\s(?:for|via|with|using|through|by|towards?)\s|\s[-–—]\s")
_ACROSS = re.compile(
    r"\b(?:which|what|how many|any|these|those|all|other|the) (?:\w+ )?(?:papers|works|studies|authors|articles)\b",
    re.I,
)
_PROPOSES = r"\b(?:propos|introduc|present|releas|call|develop|describ)(?:e|es|ed|ing)?\b[^.]{0,60}?\b"


def owners(question: Question, hits: Sequence[Hit]) -> dict[str, frozenset[str]]:
    """For each paper that the question names, by id: what of the question names it.

    A paper is named by its acronym or a phrase of two words or more at the head of its title, or by a name that its
    abstract proposes ("we propose the Transformer"). A question across papers ("which papers …") names none.
    """
    if not question.asks or _ACROSS.search(question.text):
        return {}
    phrases = [content_stems(phrase) for phrase in question.phrases]
    found: dict[str, set[str]] = {}
    for hit in hits:
        title = hit.paper.title
        named = found.setdefault(hit.paper.id, set())
        if not named:
            head = content_stems(_TITLE_HEAD.split(title, maxsplit=1)[0])
            named |= {run for stems in phrases for run in _runs(stems, head)}
            named |= {name for name in question.names if particulars.has_name(title, name)}
        if hit.section and hit.section[-1].casefold() == "abstract":
            text = " ".join(hit.text.split())
            named |= {n for n in question.names if re.search(rf"{_PROPOSES}{re.escape(n)}\b", text)}
    return {paper_id: frozenset(named) for paper_id, named in found.items() if named}


def _runs(stems: Sequence[str], title: Sequence[str]) -> set[str]:
    """The longest run of two stems or more that both have in order."""
    for width in range(min(len(stems), len(title)), 1, -1):
        for start in range(len(stems) - width + 1):
            run = list(stems[start : start + width])
            if any(list(title[i : i + width]) == run for i in range(len(title) - width + 1)):
                return {" ".join(run)}
    return set()
