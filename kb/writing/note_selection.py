"""Which sentence goes into which field of a reading note: by role, cues, section, centrality and redundancy.

Every field has a score; sentences are taken greedily by score less their likeness to what is already taken (maximal
marginal relevance, Carbonell and Goldstein 1998), then put back into the order of the paper. A sentence fills one
field of the note where there is a choice; takeaways are a second view of the same paper and may share sentences with
the numbered fields, never with the summary.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kb.protocols import Vectors
from kb.writing.cues import Cue
from kb.writing.note_sentences import NoteSentence, by_place

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
_MOST = {
    "background": 3,
    "past_methods": 4,
    "method": 8,
    "results": 6,
    "significance": 2,
    "innovation": 3,
    "performance": 2,
    "workload": 3,
}
_LEAST_TAKEAWAYS, _MOST_TAKEAWAYS = 4, 8
_SAME = 0.82  # cosine similarity from which two sentences of one field say the same
_SAME_IN_CONCLUSION = 0.75  # its parts are short, and abstract, introduction and conclusion all state them
_SAME_ELSEWHERE = 0.9  # and of two fields
_LIKENESS = 0.5  # what a likeness of 1 to a sentence of the same field costs
_LIKENESS_ELSEWHERE = 0.25

# Worth of a cue for a field.
_WORTH: Mapping[str, Mapping[Cue, float]] = {
    "summary": {
        "proposal": 1.0,
        "addition": -0.5,
        "own work": 0.2,
        "figures": -0.2,
        "innovation": 0.1,
        "dangling": -0.2,
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
    "method": {"proposal": 0.3, "own work": 0.2, "figures": -0.2},
    "results": {"figures": 0.6, "result": 0.2, "better": 0.4, "own work": 0.1, "workload": 0.1},
    "significance": {"significance": 0.8, "figures": -0.4, "proposal": -0.2, "workload": -0.1},
    "innovation": {"innovation": 0.8, "proposal": 0.5, "own work": 0.2, "result": -0.1},
    "performance": {"figures": 0.8, "result": 0.2, "better": 0.3, "own work": 0.1},
    "workload": {"workload": 0.8, "availability": 0.4, "result": -0.1},
    "takeaways": {"figures": 0.4, "proposal": 0.3, "result": 0.2, "significance": 0.2, "innovation": 0.2},
}


_CITED = re.compile(r"\b(?:19|20)\d\d[a-z]?[;)]|\[\d+|[∈≤≥∑]|\s=\s")

# Worth of naming what the title names before its colon.
_NAMED = {"summary": 0.5, "performance": 0.2, "results": 0.2, "innovation": 0.2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A paper's shortlisted sentences with their vectors (n, d) and likeness to title and to the abstract's mean.

    ``named`` tells the sentences that print the name which the title coins.
    """

    sentences: tuple[NoteSentence, ...]
    vectors: Vectors
    title: NDArray[np.float32]
    centrality: NDArray[np.float32]
    named: tuple[bool, ...]

    @property
    def abstract_only(self) -> bool:
        """Whether nothing but the abstract is there to read."""
        return all(sentence.in_abstract for sentence in self.sentences)


@dataclass(slots=True)
class Selection:
    """Sentences of each field in the order of the paper, and remarks on fields that need one."""

    fields: dict[str, list[NoteSentence]] = field(default_factory=lambda: {name: [] for name in FIELDS})
    remarks: dict[str, str] = field(default_factory=dict)

    def is_taken(self, sentence: NoteSentence) -> bool:
        """Whether a field other than the takeaways has it."""
        return any(sentence in chosen for name, chosen in self.fields.items() if name != "takeaways")


def read(sentences: Sequence[NoteSentence], *, title: str, encode: Callable[[Sequence[str]], Vectors]) -> Reading:
    """Encode title and sentences in one batch."""
    vectors = encode([title or sentences[0].text, *(sentence.text for sentence in sentences)])
    own = np.asarray(vectors[1:], dtype=np.float32)
    abstract = [at for at, sentence in enumerate(sentences) if sentence.in_abstract] or list(range(len(sentences)))
    centre = own[abstract].mean(axis=0)
    name = _coined_name(title)
    centre /= max(float(np.linalg.norm(centre)), 1e-9)
    return Reading(
        sentences=tuple(sentences),
        vectors=own,
        title=own @ vectors[0],
        centrality=own @ centre,
        named=tuple(name is not None and name in sentence.text for sentence in sentences),
    )


def _coined_name(title: str) -> str | None:
    """What the paper calls its own: ``"DistriFusion: Distributed …"`` -> ``"DistriFusion"``."""
    head, colon, _ = title.partition(":")
    name = head.strip().removeprefix("Introducing ").strip()
    return name if colon and 1 <= len(name.split()) <= 3 and re.search(r"[A-Z].*[A-Z0-9]|[a-z][A-Z]", name) else None


def select(reading: Reading, *, abstract_length: int = 0) -> Selection:
    """Sentences for every field. ``abstract_length`` in characters keeps a whole abstract from being the summary."""
    selection = Selection()
    homes = _homes(reading.sentences)
    _select_summary(reading, selection, abstract_length=abstract_length)
    for name in ("background", "past_methods", "method", "results"):
        at_home = [at for at, home in enumerate(homes) if home == name]
        _fill(reading, selection, name=name, among=at_home)
    summary = selection.fields["summary"]
    if not selection.fields["method"] and summary:
        selection.fields["method"] = list(summary)
        selection.remarks["method"] = "the summary's sentence is the only one on the method"
    _select_conclusion(reading, selection)
    _select_takeaways(reading, selection, homes=homes)
    return selection


def score(reading: Reading, at: int, *, name: str) -> float:
    """Worth of sentence ``at`` for a field; higher is better, above about 1 is good."""
    sentence = reading.sentences[at]
    worth = _WORTH[name]
    total = sum(worth.get(cue, 0.0) for cue in sentence.cues) + _fit(sentence, name)
    total += 0.6 * float(reading.centrality[at]) + 0.4 * float(reading.title[at])
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
            return 0.5 * roles.objective + 0.2 * roles.method + 0.5 * sentence.in_abstract - 0.5 * roles.background
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
            detail = kind == "method" and not sentence.cues & {"proposal", "innovation"}
            return told * (0.4 if detail else 1.0) + 0.3 * (kind in ("conclusion", "abstract"))


def _homes(sentences: Sequence[NoteSentence]) -> list[str | None]:
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
    if kind == "limitation" or (kind == "conclusion" and roles.role == "other"):
        return None
    if kind == "related":
        return "past_methods" if "problem" in cues and "own work" not in cues else None
    if _is_past_problem(sentence, stage=stage):
        return "past_methods"
    if kind in ("result", "experiment", "conclusion"):
        return "results" if "result" in cues and cues & {"figures", "own work"} and roles.result > 0.2 else None
    if kind == "method":
        return "method" if roles.role in ("method", "objective") else None
    if (
        "result" in cues
        and roles.background < 0.5
        and (roles.result >= 0.3 or (stage == "after" and "figures" in cues))
    ):
        return "results"
    if kind == "introduction":
        if roles.role == "background" and sentence.share < 0.5 and "own work" not in cues:
            return "background"
        return "method" if "proposal" in cues and roles.background < 0.5 else None
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


def _select_summary(reading: Reading, selection: Selection, *, abstract_length: int) -> None:
    sentences = reading.sentences
    fit = [
        at
        for at, sentence in enumerate(sentences)
        if sentence.kind in ("abstract", "introduction", "conclusion") and "availability" not in sentence.cues
    ] or list(range(len(sentences)))
    fit = [at for at in fit if not (sentences[at].in_abstract and len(sentences[at].text) > 0.9 * abstract_length)]
    if not fit:
        selection.remarks["summary"] = "the abstract is a single sentence, and an abstract is no summary"
        return
    best = max(fit, key=lambda at: (score(reading, at, name="summary"), -at))
    selection.fields["summary"] = [sentences[best]]


def _fill(
    reading: Reading,
    selection: Selection,
    *,
    name: str,
    among: Sequence[int],
    most: int | None = None,
    least: float = 0.0,
) -> None:
    """Take up to ``most`` sentences that score at least ``least`` and that no field has yet."""
    left = [at for at in among if not selection.is_taken(reading.sentences[at])]
    worth = {at: score(reading, at, name=name) for at in left}
    used = [at for at, sentence in enumerate(reading.sentences) if selection.is_taken(sentence)]
    short = name in ("significance", "innovation", "workload")
    same, elsewhere = (_SAME_IN_CONCLUSION, _SAME) if short else (_SAME, _SAME_ELSEWHERE)
    chosen: list[int] = []
    while left and len(chosen) < (most or _MOST[name]):
        own = {at: _likeness(reading, at, chosen) for at in left}
        other = {at: _likeness(reading, at, used) for at in left}
        left = [at for at in left if reading.abstract_only or (own[at] < same and other[at] < elsewhere)]
        gains = {at: worth[at] - _LIKENESS * own[at] - _LIKENESS_ELSEWHERE * other[at] for at in left}
        best = max(left, key=lambda at: (gains[at], -at), default=None)
        if best is None or worth[best] < least:
            break
        chosen.append(best)
        left.remove(best)
    selection.fields[name] = by_place([*selection.fields[name], *(reading.sentences[at] for at in chosen)])


def _likeness(reading: Reading, at: int, others: Sequence[int]) -> float:
    return float((reading.vectors[others] @ reading.vectors[at]).max()) if others else 0.0


def _with(reading: Reading, cue: Cue, *, without: frozenset[Cue] = frozenset()) -> list[int]:
    return [at for at, s in enumerate(reading.sentences) if cue in s.cues and not s.cues & without]


def _select_conclusion(reading: Reading, selection: Selection) -> None:
    """Significance, innovation, performance, workload: from what is left, else moved or repeated where that is true."""
    sentences = reading.sentences
    past = frozenset(s.place for name in ("background", "past_methods") for s in selection.fields[name])
    own = frozenset({"own work", "proposal"})
    late = [
        at
        for at in _with(reading, "significance", without=frozenset({"availability"}))
        if (sentences[at].kind in ("conclusion", "abstract") or sentences[at].cues & own)
        and sentences[at].kind not in ("method", "experiment", "related")
        and sentences[at].place not in past
        and sentences[at].roles.background < 0.5
    ]
    _fill(
        reading,
        selection,
        name="workload",
        among=_workload(reading),
        least=0.7,
    )
    _fill(reading, selection, name="significance", among=late, least=0.9)
    new = [
        at
        for at in _with(reading, "innovation")
        if sentences[at].place not in past
        and sentences[at].cues & own
        and (sentences[at].kind in ("abstract", "introduction", "conclusion") or "proposal" in sentences[at].cues)
    ]
    _fill(reading, selection, name="innovation", among=new, least=1.0)
    measured = [
        at for at in _with(reading, "figures") if "result" in sentences[at].cues and sentences[at].place not in past
    ]
    measured = [
        at
        for at in measured
        if "better" in sentences[at].cues and sentences[at].kind not in ("method", "related", "introduction")
    ]
    _fill(reading, selection, name="performance", among=measured, least=1.2)
    _move(reading, selection, name="innovation", source="results", cue="innovation")
    _move(reading, selection, name="innovation", source="method", cue="innovation")
    _move(reading, selection, name="innovation", source="method", cue="proposal")
    _move(reading, selection, name="significance", source="results", cue="significance")
    _move(reading, selection, name="workload", source="results", cue="workload")
    _move(reading, selection, name="performance", source="results", cue="better")
    _repeat(selection, name="innovation", source="summary", cue="proposal")
    _repeat(selection, name="performance", source="results", cue="better")


def _workload(reading: Reading) -> list[int]:
    """Sentences on how much was done or given away, not on what others did."""
    told = [
        at
        for at in _with(reading, "workload")
        if reading.sentences[at].roles.background < 0.4
        and "contrast" not in reading.sentences[at].cues
        and reading.sentences[at].kind != "related"
        and ("own work" in reading.sentences[at].cues or reading.sentences[at].kind in ("experiment", "abstract"))
    ]
    return sorted({*told, *_with(reading, "availability")})


def _move(reading: Reading, selection: Selection, *, name: str, source: str, cue: Cue) -> None:
    """Fill an empty part of the conclusion with a sentence that ``source`` can spare."""
    giving = selection.fields[source]
    measured = [s for s in giving if "figures" in s.cues]
    may_measure = name in ("performance", "innovation") and len(measured) > 1
    spared = [s for s in giving if "figures" not in s.cues or may_measure]
    fit = [s for s in spared if cue in s.cues]
    if selection.fields[name] or len(giving) < 2 or not fit:
        return
    index = {sentence.place: at for at, sentence in enumerate(reading.sentences)}
    best = max(fit, key=lambda s: (score(reading, index[s.place], name=name), -s.place))
    giving.remove(best)
    selection.fields[name] = [best]


def _repeat(selection: Selection, *, name: str, source: str, cue: Cue) -> None:
    """Show a sentence of ``source`` again where the paper has no other on it, and say so."""
    fit = [sentence for sentence in selection.fields[source] if cue in sentence.cues]
    if name == "performance":
        fit = [sentence for sentence in fit if "proposal" not in sentence.cues or "figures" in sentence.cues]
    if fit and not selection.fields[name]:
        selection.fields[name] = fit[:1]
        selection.remarks[name] = f"the only sentence on it, also under {source}"


def _select_takeaways(reading: Reading, selection: Selection, *, homes: Sequence[str | None]) -> None:
    sentences, summary = reading.sentences, selection.fields["summary"]
    telling = [
        at
        for at, sentence in enumerate(sentences)
        if sentence not in summary
        and "availability" not in sentence.cues
        and (selection.is_taken(sentence) or homes[at] in ("method", "results"))
        and homes[at] not in ("background", "past_methods")
    ]
    most = _MOST_TAKEAWAYS if not reading.abstract_only else 6
    _fill_takeaways(reading, selection, among=telling, most=most)
    missing = _LEAST_TAKEAWAYS - len(selection.fields["takeaways"])
    if missing > 0:
        rest = [at for at, home in enumerate(homes) if home in ("past_methods", "background")]
        rest = [at for at in rest if sentences[at] not in summary and "problem" in sentences[at].cues]
        _fill_takeaways(reading, selection, among=rest, most=missing)


def _fill_takeaways(reading: Reading, selection: Selection, *, among: Sequence[int], most: int) -> None:
    """As ``_fill``, but sentences of other fields may be taken; at most half come from one kind of section."""
    sentences = reading.sentences
    summary = [at for at, s in enumerate(sentences) if s in selection.fields["summary"]]
    left, chosen = list(among), list[int]()
    worth = {at: score(reading, at, name="takeaways") for at in left}
    while left and len(chosen) < most:
        gains = {at: worth[at] - 0.8 * _likeness(reading, at, [*chosen, *summary]) for at in left}
        best = max(left, key=lambda at: (gains[at], -at))
        left.remove(best)
        full = sum(sentences[at].kind == sentences[best].kind for at in chosen) >= most // 2
        if _likeness(reading, best, chosen) < _SAME and (reading.abstract_only or not full):
            chosen.append(best)
    selection.fields["takeaways"] = by_place([*selection.fields["takeaways"], *(sentences[at] for at in chosen)])
