"""Which sentence goes into which field of a reading note: by role, cues, section, centrality and redundancy.

Every field has a score; sentences are taken greedily by score less their likeness to what is already taken (maximal
marginal relevance, Carbonell and Goldstein 1998), then put back into the order of the paper. A sentence fills one
field of the note where there is a choice; takeaways are a second view of the same paper and may share sentences with
the numbered fields, never with the summary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kb.writing.cues import Cue
from kb.writing.note_scoring import Reading, homes, score
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
_LEAST_GAIN = 0.8  # what a further takeaway must be worth once there are enough
_SAME = 0.82  # cosine similarity from which two sentences of one field say the same
_SAME_IN_CONCLUSION = 0.75  # its parts are short, and abstract, introduction and conclusion all state them
_SAME_ELSEWHERE = 0.9  # and of two fields
_LIKENESS = 0.5  # what a likeness of 1 to a sentence of the same field costs
_LIKENESS_ELSEWHERE = 0.25


@dataclass(slots=True)
class Selection:
    """Sentences of each field in the order of the paper, and remarks on fields that need one."""

    fields: dict[str, list[NoteSentence]] = field(default_factory=lambda: {name: [] for name in FIELDS})
    remarks: dict[str, str] = field(default_factory=dict)

    def is_taken(self, sentence: NoteSentence) -> bool:
        """Whether a field other than the takeaways has it."""
        return any(sentence in chosen for name, chosen in self.fields.items() if name != "takeaways")


def select(reading: Reading, *, abstract_length: int = 0) -> Selection:
    """Sentences for every field. ``abstract_length`` in characters keeps a whole abstract from being the summary."""
    selection = Selection()
    at_home = homes(reading.sentences)
    _select_summary(reading, selection, abstract_length=abstract_length)
    for name in ("background", "past_methods", "method", "results"):
        _fill(reading, selection, name=name, among=[at for at, home in enumerate(at_home) if home == name])
    summary = selection.fields["summary"]
    if not selection.fields["method"] and summary:
        selection.fields["method"] = list(summary)
        selection.remarks["method"] = "the summary's sentence is the only one on the method"
    _select_conclusion(reading, selection)
    _select_takeaways(reading, selection, at_home=at_home)
    return selection


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
    never = without | {"outlook", "others"}
    return [at for at, s in enumerate(reading.sentences) if cue in s.cues and not s.cues & never]


def _select_conclusion(reading: Reading, selection: Selection) -> None:
    """Significance, innovation, performance, workload: from what is left, else moved or repeated where that is true."""
    sentences = reading.sentences
    past = frozenset(s.place for name in ("background", "past_methods") for s in selection.fields[name])
    own = frozenset({"own work", "proposal"})
    late = [
        at
        for at in _with(reading, "significance", without=frozenset({"availability", "problem"}))
        if (
            sentences[at].kind in ("conclusion", "abstract")
            or (sentences[at].kind == "introduction" and sentences[at].cues & own)
        )
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
    least = 3 if (name, source) == ("innovation", "results") else 2
    if selection.fields[name] or len(giving) < least or not fit:
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


def _select_takeaways(reading: Reading, selection: Selection, *, at_home: Sequence[str | None]) -> None:
    sentences, summary = reading.sentences, selection.fields["summary"]
    telling = [
        at
        for at, sentence in enumerate(sentences)
        if sentence not in summary
        and "availability" not in sentence.cues
        and (selection.is_taken(sentence) or at_home[at] in ("method", "results"))
        and at_home[at] not in ("background", "past_methods")
    ]
    most = _MOST_TAKEAWAYS if not reading.abstract_only else 6
    _fill_takeaways(reading, selection, among=telling, most=most)
    missing = _LEAST_TAKEAWAYS - len(selection.fields["takeaways"])
    if missing > 0:
        rest = [at for at, home in enumerate(at_home) if home in ("past_methods", "background")]
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
        if len(chosen) >= _LEAST_TAKEAWAYS and gains[best] < _LEAST_GAIN:
            break
        left.remove(best)
        full = sum(sentences[at].kind == sentences[best].kind for at in chosen) >= most // 2
        if _likeness(reading, best, chosen) < _SAME and (reading.abstract_only or not full):
            chosen.append(best)
    selection.fields["takeaways"] = by_place([*selection.fields["takeaways"], *(sentences[at] for at in chosen)])
