"""Which sentences a note quotes in which field: by what the scorer says they do, those of most worth first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kb.notes import roles
from kb.notes.roles import Part
from kb.notes.sentences import Kind, NoteSentence
from kb.records import NOTE_FIELDS

_SAME = 0.82  # cosine similarity from which two sentences of one field say the same
_LEAST_TAKEAWAYS, _MOST_TAKEAWAYS = 4, 8

# Of each field the parts that its sentences have, and how many it takes. One sentence may stand in several fields.
_FIELDS: Mapping[str, tuple[tuple[Part, ...], int]] = {
    "background": (("background",), 3),
    "past_methods": (("problem",), 4),
    "method": (("method",), 8),
    "results": (("result",), 6),
    "significance": (("significance",), 2),
    "innovation": (("objective", "innovation"), 3),
    "performance": (("result",), 2),
    "workload": (("workload",), 3),
}
# Of some fields where their sentences stand: what stands elsewhere motivates, or sums up, a detail.
_BEGINNING: tuple[Kind, ...] = ("abstract", "introduction")
_ENDS: tuple[Kind, ...] = ("abstract", "introduction", "conclusion")
_PLACES: Mapping[str, tuple[Kind, ...]] = {
    "background": _BEGINNING,
    "past_methods": _BEGINNING,
    "significance": _ENDS,
    "innovation": _ENDS,
    "performance": _ENDS,
}
# What a sentence may above all be for if it is to be a takeaway or the summary.
_TELLING: tuple[Part, ...] = ("objective", "method", "result", "significance", "innovation", "workload")


@dataclass(slots=True)
class Selection:
    """Sentences of each field in the order of the paper; ``whole_abstract``: the one that fits is all of it."""

    fields: dict[str, list[NoteSentence]] = field(default_factory=lambda: {name: [] for name in NOTE_FIELDS})
    whole_abstract: bool = False


def select(sentences: Sequence[NoteSentence], *, abstract_length: int) -> Selection:
    """Sentences for every field.

    Args:
        sentences: to choose from, in reading order.
        abstract_length: in characters; keeps a whole abstract from being the summary.
    """
    selection = Selection()
    _select_summary(sentences, selection, abstract_length=abstract_length)
    for name, (parts, most) in _FIELDS.items():
        open_to = [one for one in sentences if _may_serve(one, name)]
        fit = [one for one in open_to if any(roles.is_likely(one.scores, part) for part in parts)]
        selection.fields[name] = (
            _without_hanging(_distinct(_best(fit), most=most))
            or _best([one for one in open_to if _likeliest_of_abstract(one, parts)])[:1]
        )
    method, summary = selection.fields["method"], selection.fields["summary"]
    if summary and summary[0] not in method and summary[0].scores.likeliest() in ("objective", "method"):
        selection.fields["method"] = _in_order([*summary, *method[: _FIELDS["method"][1] - 1]])
    selection.fields["takeaways"] = _takeaways(sentences, but=summary)
    return selection


def _may_serve(one: NoteSentence, name: str) -> bool:
    """Performance is measured; how much was done is counted, and is not that something is given away."""
    if one.kind not in _PLACES.get(name, (one.kind,)):
        return False
    if name == "performance":
        return roles.MEASURED.search(one.text) is not None
    if name == "workload":
        has_number = any(sign.isdigit() for sign in one.text)
        return has_number and one.scores.of("workload") > one.scores.of("availability", "result")
    return True


def _likeliest_of_abstract(one: NoteSentence, parts: tuple[Part, ...]) -> bool:
    """Of an abstract the likeliest part is right more often than not; of the rest of a text it is not."""
    return one.kind == "abstract" and one.scores.likeliest() in parts and _stands_alone(one)


def _stands_alone(one: NoteSentence) -> bool:
    """Whether a reader needs no other sentence, figure or table to know what it speaks of, and it speaks of that."""
    return not (roles.is_leaning(one.scores) or one.points or roles.is_likely(one.scores, "layout"))


def _tells(one: NoteSentence) -> bool:
    return one.scores.likeliest() in _TELLING


def _best(sentences: Sequence[NoteSentence]) -> list[NoteSentence]:
    return sorted(sentences, key=lambda one: (-one.scores.worth, one.place))


def _in_order(sentences: Sequence[NoteSentence]) -> list[NoteSentence]:
    return sorted(sentences, key=lambda one: one.place)


def _worth_as_summary(one: NoteSentence) -> tuple[float, int]:
    """How good it is below the title, less what leaning takes off: as much as was best on the folds of the training."""
    return one.scores.summary - 0.3 * one.scores.leans, -one.place


def _select_summary(sentences: Sequence[NoteSentence], selection: Selection, *, abstract_length: int) -> None:
    """The best below the title that stands alone: of the abstract, else of the beginning and the end, else of all."""
    alone = [one for one in sentences if _stands_alone(one) and _tells(one)]
    for kinds in (("abstract",), ("introduction", "conclusion"), ("body",)):
        fit = [one for one in alone if one.kind in kinds]
        short = [one for one in fit if one.kind != "abstract" or one.end - one.start <= 0.9 * abstract_length]
        if short:
            selection.fields["summary"] = [max(short, key=_worth_as_summary)]
            return
        selection.whole_abstract |= bool(fit)


def _takeaways(sentences: Sequence[NoteSentence], *, but: Sequence[NoteSentence]) -> list[NoteSentence]:
    """Distinct key points that stand alone, all of them, and fair details until there are four.

    Of the abstract where there is one: of a labelled full text one in three of the sentences that score as key points
    is one. Else of introduction and conclusion, else of the rest.
    """
    for kinds in (("abstract",), ("introduction", "conclusion"), ("body",)):
        if inside := [one for one in sentences if one.kind in kinds]:
            break
    else:
        return []
    fit = [one for one in inside if one not in but and _stands_alone(one) and _tells(one)]
    chosen: list[NoteSentence] = []
    for least, most in ((roles.KEY_POINT, _MOST_TAKEAWAYS), (roles.FAIR_DETAIL, _LEAST_TAKEAWAYS)):
        worthy = [one for one in fit if one.scores.worth >= least]
        chosen = _distinct([*chosen, *_best(worthy)], most=max(most, len(chosen)), but=but)
    return _in_order(chosen)


def _distinct(ranked: Sequence[NoteSentence], *, most: int, but: Sequence[NoteSentence] = ()) -> list[NoteSentence]:
    """The first that do not say the same as one before or as one of ``but``."""
    chosen: list[NoteSentence] = []
    for one in ranked:
        others = [*chosen, *but]
        if len(chosen) < most and all(
            one is not other and float(one.vector @ other.vector) < _SAME for other in others
        ):
            chosen.append(one)
    return chosen


def _without_hanging(chosen: Sequence[NoteSentence]) -> list[NoteSentence]:
    """In the order of the paper, without a sentence that leans on one that is not told right before it."""
    kept: list[NoteSentence] = []
    for one in _in_order(chosen):
        if not roles.is_leaning(one.scores) or (kept and kept[-1].place == one.place - 1):
            kept.append(one)
    return kept
