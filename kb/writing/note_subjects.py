"""Whose a result is: the paper's own, or that of a system which it only reports on."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kb.writing.cues import cues

_COINED = re.compile(r"[A-Z][a-z]*[A-Z0-9][\w-]*|[a-z]+[A-Z][\w-]*")
_NAMING = re.compile(
    r"\b(?:propos|introduc|present|releas|develop|describ|call|nam|dub|design|built|build)\w*\b[^.;:]{0,60}?"
    r"(?:\b(?:called|named|dubbed|namely|as|model|method|system|framework|dataset|corpus|benchmark)\b|,)?[ (]"
    r"(?P<name>[A-Z][a-z]*[A-Z0-9][\w-]*|[a-z]+[A-Z][\w-]*)"
)
_BETTER = re.compile(
    r"(?P<subject>[^,;:]*?)\b(?:outperform|surpass|exceed|beat|improv|achiev|obtain|reach|establish)(?:s|es|ed)?\b",
    re.IGNORECASE,
)
_OWN = re.compile(r"\b(?:we|our|ours|the proposed|this (?:paper|work)|proposed)\b", re.IGNORECASE)
_LEAD_IN = re.compile(
    r"\b(?:we|our|these|the|experiments?|results?|evaluations?|analys[ei]s)\b[^,;]*?\b(?:show|suggest|find|found|indicate"
    r"|demonstrate|observe|see|reveal|confirm|note)(?:s|ed|d|n)?\b(?: that)?",
    re.IGNORECASE,
)


def coined_name(title: str) -> str | None:
    """What the paper calls its own: ``"DistriFusion: Distributed …"`` -> ``"DistriFusion"``."""
    head, colon, _ = title.partition(":")
    name = head.strip().removeprefix("Introducing ").strip()
    return name if colon and 1 <= len(name.split()) <= 3 and re.search(r"[A-Z].*[A-Z0-9]|[a-z][A-Z]", name) else None


def own_names(title: str, sentences: Iterable[str]) -> frozenset[str]:
    """Names that the paper gives to what it brings: in its title before a colon, and where it proposes something.

    Args:
        title: of the paper.
        sentences: of its abstract, introduction and conclusion.
    """
    found = {name} if (name := coined_name(title)) else set()
    for sentence in sentences:
        if "proposal" in cues(sentence):
            found |= {match["name"] for match in _NAMING.finditer(sentence)}
    return frozenset(found)


def is_of_others(sentence: str, names: frozenset[str]) -> bool:
    """Whether what does better in the sentence is a system with a name that is none of the paper's own.

    Only where the paper's own names are known can a name be told to be another's.
    """
    match = _BETTER.search(_LEAD_IN.sub("", sentence))
    if match is None or not names or _OWN.search(match["subject"]):
        return False
    subjects = _COINED.findall(match["subject"])
    return bool(subjects) and not any(_same(subject, name) for subject in subjects for name in names)


def _same(one: str, other: str) -> bool:
    """ "PaSa-7B" is a PaSa."""
    ours, theirs = re.sub(r"\W", "", one).casefold(), re.sub(r"\W", "", other).casefold()
    return ours.startswith(theirs) or theirs.startswith(ours)
