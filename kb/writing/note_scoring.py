"""How much a sentence is worth to each field of a reading note, and which numbered field it belongs to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.protocols import Vectors
from kb.writing.cues import Cue, cues
from kb.writing.note_sentences import NoteSentence

# Worth of a cue for a field.
_WORTH: Mapping[str, Mapping[Cue, float]] = {
    "summary": {
        "proposal": 1.0,
        "own work": 0.3,
        "innovation": 0.2,
        "dangling": -0.1,
        "workload": -0.2,
        "figures": -0.4,
        "addition": -0.5,
    },
    "background": {"contrast": -0.2, "own work": -0.5, "figures": -0.3},
    "past_methods": {
        "problem": 0.5,
        "contrast": 0.3,
        "past work": 0.4,
        "dangling": -0.1,
        "own work": -0.4,
        "proposal": -0.4,
    },
    "method": {"proposal": 0.3, "own work": 0.3, "figures": -0.2},
    "results": {"figures": 0.6, "result": 0.2, "better": 0.4, "own work": 0.1, "workload": 0.1},
    "significance": {"significance": 0.8, "figures": -0.4, "proposal": -0.2, "workload": -0.1},
    "innovation": {"innovation": 0.8, "proposal": 0.5, "own work": 0.2, "result": -0.1},
    "performance": {"figures": 0.8, "result": 0.2, "better": 0.3, "own work": 0.1},
    "workload": {
        "workload": 0.8,
        "availability": 0.4,
        "result": -0.4,
        "better": -0.3,
        "effort": 0.2,
        "unanchored": -0.3,
    },
    "takeaways": {"figures": 0.4, "proposal": 0.3, "result": 0.2, "significance": 0.2, "innovation": 0.2},
}


_CITED = re.compile(
    r"\b(?:19|20)\d\d[a-z]?[;)]|\[\d+|[∈≤≥∑]|\s=\s|\bBIBREF\d|\bdenot(?:e|es|ed|ing)\b|\b[Ll]et \$?\w{1,2}\b"
)

_AIM = re.compile(r"\bto (?:test|examine|assess|evaluate|verify|validate|measure)\b", re.IGNORECASE)

# Worth of naming what the title names before its colon.
_NAMED = {"summary": 0.4, "performance": 0.2, "results": 0.2, "method": 0.2, "innovation": 0.2}


# Worth of likeness to the abstract's mean and to the title, where it is not (0.6, 0.4). Those of the summary follow a
# ridge regression of sentences' ROUGE-1 on SciTLDR dev, which gave 41.6 on the half that it had not seen.
_NEARNESS = {"summary": (1.5, 3.0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredSentences:
    """A paper's shortlisted sentences with their vectors (n, d) and likeness to title and to the abstract's mean.

    ``named`` tells the sentences that print the name which the title coins, ``of_others`` those in which somebody
    else's system does better.
    """

    sentences: tuple[NoteSentence, ...]
    vectors: Vectors
    title: NDArray[np.float32]
    centrality: NDArray[np.float32]
    named: tuple[bool, ...]
    of_others: tuple[bool, ...]

    @property
    def abstract_only(self) -> bool:
        """Whether nothing but the abstract is there to read."""
        return all(sentence.in_abstract for sentence in self.sentences)


def read(
    sentences: Sequence[NoteSentence], *, title: str, encode: Callable[[Sequence[str]], Vectors]
) -> ScoredSentences:
    """Encode title and sentences in one batch."""
    vectors = encode([title or sentences[0].text, *(sentence.text for sentence in sentences)])
    own = np.asarray(vectors[1:], dtype=np.float32)
    abstract = [at for at, sentence in enumerate(sentences) if sentence.in_abstract] or list(range(len(sentences)))
    centre = own[abstract].mean(axis=0)
    name = coined_name(title)
    telling = [s.text for s in sentences if s.kind in ("abstract", "introduction", "conclusion")]
    names = own_names(title, telling)
    centre /= max(float(np.linalg.norm(centre)), 1e-9)
    return ScoredSentences(
        sentences=tuple(sentences),
        vectors=own,
        title=own @ vectors[0],
        centrality=own @ centre,
        named=tuple(name is not None and name in sentence.text for sentence in sentences),
        of_others=tuple(is_of_others(sentence.text, names) for sentence in sentences),
    )


def score(reading: ScoredSentences, at: int, *, name: str) -> float:
    """Worth of sentence ``at`` for a field; higher is better, above about 1 is good."""
    sentence = reading.sentences[at]
    worth = _WORTH[name]
    total = sum(worth.get(cue, 0.0) for cue in sentence.cues) + _fit(sentence, name)
    central, titled = _NEARNESS.get(name, (0.6, 0.4))
    total += central * float(reading.centrality[at]) + titled * float(reading.title[at])
    total += _NAMED.get(name, 0.0) * reading.named[at]
    if sentence.in_abstract:
        return total + 0.25
    words = len(sentence.text.split())
    total -= 0.35 * ("dangling" in sentence.cues) + 0.6 * ("pointer" in sentence.cues)
    total -= 0.1 * min(3, len(_CITED.findall(sentence.text)))
    return total - 0.25 * (words > 45) - 0.25 * (words < 9)


def _fit(sentence: NoteSentence, name: str) -> float:
    """How well role and section suit a field."""
    roles, kind = sentence.roles, sentence.kind
    match name:
        case "summary":
            told = roles.objective + 0.3 * roles.method - 0.5 * roles.background
            return told - 0.3 * sentence.share + 0.5 * sentence.in_abstract
        case "background":
            return roles.background + (0.3 if kind == "introduction" and sentence.share < 0.3 else 0.0)
        case "past_methods":
            return 0.3 * roles.background + 0.2 * (kind == "related")
        case "method":
            return roles.method + 0.5 * roles.objective + (0.5 * (1 - sentence.share) if kind == "method" else 0.0)
        case "results" | "performance":
            return roles.result + 0.2 * (kind == "result")
        case "significance":
            return 0.4 * (kind == "conclusion") + 0.2 * roles.result + 0.2 * sentence.share
        case "innovation":
            return 0.2 * (kind in ("introduction", "abstract")) + 0.2 * (roles.method + roles.objective)
        case "workload":
            return 0.2 * (kind == "experiment")
        case _:  # takeaways
            told = max(roles.method, roles.result, 0.8 * roles.objective)
            telling = {"proposal", "innovation"} if kind in ("method", None) else {"proposal", "innovation", "better"}
            detail = kind in ("method", "experiment", None) and not sentence.cues & telling
            return told * (0.4 if detail else 1.0) + 0.3 * (kind in ("conclusion", "abstract"))


def homes(sentences: Sequence[NoteSentence]) -> list[str | None]:
    """The numbered field where each sentence belongs by what it does; None where it belongs to none."""
    proposals = [s.place for s in sentences if s.in_abstract and "proposal" in s.cues]
    first = proposals[0] if proposals else None
    opening = min((s.place for s in sentences if s.in_abstract), default=None)
    stages = [
        ""
        if first is None or s.place == first
        else "after"
        if s.place > first
        else "opening"
        if s.place == opening
        else "before"
        for s in sentences
    ]
    return [_home(s, stage=stage) for s, stage in zip(sentences, stages, strict=True)]


def _home(sentence: NoteSentence, *, stage: str) -> str | None:
    cues, roles, kind = sentence.cues, sentence.roles, sentence.kind
    if "availability" in cues and not cues & {"figures", "result"}:
        return "workload"
    if cues & {"outlook", "others"}:
        return "past_methods" if "others" in cues and kind in ("introduction", "related") else None
    if kind == "limitation" or (kind == "conclusion" and roles.role == "other"):
        return None
    if kind == "related":
        return "past_methods" if "problem" in cues and "own work" not in cues else None
    if _is_past_problem(sentence, stage=stage):
        return "past_methods"
    if kind in ("result", "experiment", "conclusion"):
        if _AIM.search(sentence.text) and "figures" not in cues:
            return None  # what was tested, not what came of it
        told = cues & {"figures", "own work"} if "result" in cues else cues & {"figures"} and roles.result > 0.5
        return "results" if told and roles.result > 0.2 else None
    if kind == "method":
        return "method" if roles.role in ("method", "objective") else None
    if (
        "result" in cues
        and roles.background < 0.5
        and (roles.result >= 0.3 or (stage == "after" and "figures" in cues))
    ):
        return "results"
    if roles.role == "background" and "proposal" in cues and not cues & {"problem", "result"}:
        return "method"  # what the paper brings is no background, whatever it sounds like
    if stage == "after" and kind == "abstract" and roles.role == "background":
        return "method" if roles.method + roles.objective >= roles.result else "results"
    if kind == "introduction":
        if roles.role == "background" and sentence.share < 0.5 and "own work" not in cues:
            return "background"
        return "method" if "proposal" in cues and roles.background < 0.5 else None
    if roles.role == "result" and "significance" in cues and not cues & {"result", "better", "figures"}:
        return None  # "We hope that this enables …": worth, not a result
    if kind is None and (roles.role == "background" or (roles.role == "result" and "result" not in cues)):
        return None  # where no heading tells, what sounds so is a detail
    if kind is None and roles.role in ("method", "objective") and not cues & {"own work", "proposal"}:
        return None
    homes = {"background": "background", "objective": "method", "method": "method", "result": "results"}
    return homes.get(roles.role)


def _is_past_problem(sentence: NoteSentence, *, stage: str) -> bool:
    """A lack of what was there before: "However, existing methods …"; after the proposal only a plain contrast.

    ``stage`` is where an abstract's sentence stands to its first proposal: opening, before, after, or "" for none.
    """
    cues = sentence.cues
    if "own work" in cues or sentence.kind not in ("abstract", "introduction"):
        return False
    if "past work" in cues and sentence.roles.background > 0.5 and stage != "after":
        return True
    if "problem" not in cues:
        return False
    if stage == "after" and sentence.in_abstract:
        return "contrast" in cues and not cues & {"figures", "significance"}
    if cues & {"contrast", "past work"}:
        return "figures" not in cues
    return sentence.in_abstract and (stage == "before" or (stage == "" and sentence.roles.background > 0.5))


# -------------------------------------------------------------------- whose a result is

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
