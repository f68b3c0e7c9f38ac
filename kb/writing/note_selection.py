"""Which sentence goes into which field of a reading note: by role, cues, section, centrality and redundancy.

Every field has a score; sentences are taken greedily by score less their likeness to what is already taken (maximal
marginal relevance, Carbonell and Goldstein 1998), then put back into the order of the paper. A sentence fills one
field of the note where there is a choice; takeaways are a second view of the same paper and may share sentences with
the numbered fields, never with the summary.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kb.records import NOTE_FIELDS
from kb.writing.cues import Cue
from kb.writing.note_scoring import ScoredSentences, homes, score
from kb.writing.note_sentences import NoteSentence, by_place

_SAME = 0.82  # cosine similarity from which two sentences of one field say the same


@dataclass(slots=True)
class Selection:
    """Sentences of each field in the order of the paper, and remarks on fields that need one."""

    fields: dict[str, list[NoteSentence]] = field(default_factory=lambda: {name: [] for name in NOTE_FIELDS})
    remarks: dict[str, str] = field(default_factory=dict)

    def is_taken(self, sentence: NoteSentence) -> bool:
        """Whether a field other than the takeaways has it."""
        return any(sentence in chosen for name, chosen in self.fields.items() if name != "takeaways")


def _likeness(reading: ScoredSentences, at: int, others: Sequence[int]) -> float:
    """The highest cosine similarity of a sentence to one of the others; 0 without any."""
    return float((reading.vectors[others] @ reading.vectors[at]).max()) if others else 0.0


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
_SAME_IN_CONCLUSION = 0.75  # its parts are short, and abstract, introduction and conclusion all state them
_SAME_ELSEWHERE = 0.9  # and of two fields
# What a sentence from outside the abstract must be worth: below, "not stated" tells more. Read off the sentences of 24
# full papers.
_LEAST = {"background": 0.9, "past_methods": 0.5, "method": 1.0, "results": 1.0}
_LIKENESS = 0.5  # what a likeness of 1 to a sentence of the same field costs
_LIKENESS_ELSEWHERE = 0.25


def select(
    reading: ScoredSentences, *, abstract_length: int = 0, before: Mapping[int, NoteSentence] | None = None
) -> Selection:
    """Sentences for every field.

    Args:
        reading: the sentences to choose from.
        abstract_length: in characters; keeps a whole abstract from being the summary.
        before: for a sentence's place the one that stands right before it, to be told with one that hangs on it.
    """
    selection = Selection()
    at_home = homes(reading.sentences)
    _select_summary(reading, selection, abstract_length=abstract_length)
    for name in ("background", "past_methods", "method", "results"):
        among = [at for at, home in enumerate(at_home) if home == name]
        if name == "method":
            proposals = [at for at in among if "proposal" in reading.sentences[at].cues and _is_headline(reading, at)]
            _fill(reading, selection, name=name, among=proposals, most=1)
        if name == "results":
            among = [at for at in among if not reading.of_others[at]]
        _fill(reading, selection, name=name, among=among)
    summary = selection.fields["summary"]
    if not selection.fields["method"] and summary:
        selection.fields["method"] = list(summary)
        selection.remarks["method"] = "quoted"
    _select_conclusion(reading, selection)
    _select_takeaways(reading, selection, at_home=at_home)
    for name in NOTE_FIELDS:
        if name not in ("summary", "takeaways"):
            _anchor(selection, name, before or {})
    return selection


def _is_headline(reading: ScoredSentences, at: int) -> bool:
    return reading.sentences[at].kind in ("abstract", "introduction", "conclusion")


def _anchor(selection: Selection, name: str, before: Mapping[int, NoteSentence]) -> None:
    """Tell a sentence that hangs on the one before ("It also …", "This makes …") together with it, or not at all."""
    kept: list[NoteSentence] = []
    places = {sentence.place for sentence in selection.fields[name]}
    for sentence in selection.fields[name]:
        if "unanchored" in sentence.cues and sentence.place - 1 not in places:
            previous = before.get(sentence.place)
            if previous is None or "unanchored" in previous.cues or selection.is_taken(previous):
                continue
            kept.append(previous)
        kept.append(sentence)
    selection.fields[name] = kept


def _select_summary(reading: ScoredSentences, selection: Selection, *, abstract_length: int) -> None:
    sentences = reading.sentences
    fit = [
        at
        for at, sentence in enumerate(sentences)
        if sentence.kind in ("abstract", "introduction", "conclusion") and "availability" not in sentence.cues
    ] or list(range(len(sentences)))
    fit = [at for at in fit if not (sentences[at].in_abstract and len(sentences[at].text) > 0.9 * abstract_length)]
    if not fit:
        selection.remarks["summary"] = "abstract-is-one-sentence"
        return
    best = max(fit, key=lambda at: (score(reading, at, name="summary"), -at))
    selection.fields["summary"] = [sentences[best]]


def _fill(
    reading: ScoredSentences,
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
    room = _MOST[name] - len(selection.fields[name])
    while left and len(chosen) < min(most or room, room):
        own = {at: _likeness(reading, at, chosen) for at in left}
        other = {at: _likeness(reading, at, used) for at in left}
        left = [at for at in left if reading.abstract_only or (own[at] < same and other[at] < elsewhere)]
        gains = {at: worth[at] - _LIKENESS * own[at] - _LIKENESS_ELSEWHERE * other[at] for at in left}
        low = _LEAST.get(name, 0.0)
        left = [at for at in left if reading.sentences[at].in_abstract or worth[at] >= low]
        best = max(left, key=lambda at: (gains[at], -at), default=None)
        if best is None or worth[best] < least:
            break
        chosen.append(best)
        left.remove(best)
    selection.fields[name] = by_place([*selection.fields[name], *(reading.sentences[at] for at in chosen)])


def _with(reading: ScoredSentences, cue: Cue, *, without: frozenset[Cue] = frozenset()) -> list[int]:
    never = without | {"outlook", "others"}
    return [at for at, s in enumerate(reading.sentences) if cue in s.cues and not s.cues & never]


def _select_conclusion(reading: ScoredSentences, selection: Selection) -> None:
    """Significance, innovation, performance, workload: from what is left, else moved or repeated where that is true."""
    sentences = reading.sentences
    past = frozenset(s.place for name in ("background", "past_methods") for s in selection.fields[name])
    own = frozenset({"own work", "proposal"})
    late = [
        at
        for at in _with(reading, "significance", without=frozenset({"availability", "problem", "pointer"}))
        if (
            sentences[at].kind in ("conclusion", "abstract")
            or (sentences[at].kind == "introduction" and sentences[at].cues & own)
        )
        and sentences[at].place not in past
        and sentences[at].roles.background < 0.5
        and (sentences[at].roles.role != "method" or sentences[at].kind != "conclusion")
    ]
    _fill(reading, selection, name="workload", among=_workload(reading), least=0.9)
    _fill(reading, selection, name="significance", among=late, least=1.3)
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
        if "better" in sentences[at].cues
        and sentences[at].kind not in ("method", "related", "introduction")
        and not reading.of_others[at]
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


def _workload(reading: ScoredSentences) -> list[int]:
    """Sentences on how much was done or given away, not on what others did."""
    told = [
        at
        for at in _with(reading, "workload")
        if reading.sentences[at].roles.background < 0.4
        and "effort" in reading.sentences[at].cues
        and "contrast" not in reading.sentences[at].cues
        and _stands_by_itself(reading.sentences[at])
        and reading.sentences[at].kind != "related"
        and ("own work" in reading.sentences[at].cues or reading.sentences[at].kind in ("experiment", "abstract"))
    ]
    return sorted({*told, *_with(reading, "availability")})


def _move(reading: ScoredSentences, selection: Selection, *, name: str, source: str, cue: Cue) -> None:
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


# -------------------------------------------------------------------------------------- takeaways

_LEAST_TAKEAWAYS, _MOST_TAKEAWAYS = 4, 8
_RESTATED = 0.7  # likeness to the summary from which a proposal only says it again
_LEAST_GAIN = 0.8  # what a further takeaway must be worth once there are enough
# A takeaway stands alone: it may not begin with what turns against a sentence that is not there.
_TURN = re.compile(
    r"(?:however|but|yet|nevertheless|nonetheless|in contrast|on the (?:other hand|contrary)|instead|otherwise"
    r"|conversely|thus|therefore|hence|consequently|as a result|as expected|to this end)\b",
    re.IGNORECASE,
)


def _select_takeaways(reading: ScoredSentences, selection: Selection, *, at_home: Sequence[str | None]) -> None:
    """Fill the takeaways when all else is filled; ``at_home`` is what ``note_scoring.homes`` gives."""
    sentences, summary = reading.sentences, selection.fields["summary"]
    telling = [
        at
        for at, sentence in enumerate(sentences)
        if sentence not in summary
        and "availability" not in sentence.cues
        and (selection.is_taken(sentence) or at_home[at] in ("method", "results"))
        and at_home[at] not in ("background", "past_methods")
        and not reading.of_others[at]
    ]
    alone = [at for at in telling if _stands_by_itself(sentences[at])]
    said = [at for at, sentence in enumerate(sentences) if sentence in summary]
    fresh = [at for at in alone if "proposal" not in sentences[at].cues or _likeness(reading, at, said) < _RESTATED]
    alone = fresh if len(fresh) >= _LEAST_TAKEAWAYS else alone
    most = _MOST_TAKEAWAYS if not reading.abstract_only else 6
    _fill_takeaways(reading, selection, among=alone, most=most)
    # Where these are too few: what hangs on another sentence of the abstract, which stands on the page; then problems.
    hanging = [at for at in telling if at not in alone and sentences[at].in_abstract]
    problems = [
        at
        for at, home in enumerate(at_home)
        if home in ("past_methods", "background")
        and sentences[at] not in summary
        and "problem" in sentences[at].cues
        and (sentences[at].in_abstract or _stands_by_itself(sentences[at]))
    ]
    for among in (hanging, problems):
        missing = _LEAST_TAKEAWAYS - len(selection.fields["takeaways"])
        if missing > 0:
            _fill_takeaways(reading, selection, among=among, most=missing)


def _stands_by_itself(sentence: NoteSentence) -> bool:
    """Whether a reader needs no other sentence to know what this one speaks of and against."""
    return "unanchored" not in sentence.cues and not _TURN.match(sentence.text)


def _fill_takeaways(reading: ScoredSentences, selection: Selection, *, among: Sequence[int], most: int) -> None:
    """As ``_fill``, but sentences of other fields may be taken; at most half come from one kind of section."""
    sentences = reading.sentences
    summary = [at for at, s in enumerate(sentences) if s in selection.fields["summary"]]
    taken = selection.fields["takeaways"]
    left, chosen = [at for at in among if sentences[at] not in taken], list[int]()
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
