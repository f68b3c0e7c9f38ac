"""The captions of a page choose their regions together, with the habits of the paper as a vote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from kb.parsing.floats.captions import FloatCaption
from kb.parsing.floats.regions import Proposal
from kb.parsing.floats.scoring import Direction

Offer = tuple[FloatCaption, Sequence[Proposal]]  # a caption and what it might own
Votes = Mapping[str, Counter[Direction]]

_BEAM = 120
_OVERLAP_COST = 6.0
_VOTE = 1.5


def count_votes(offers: Sequence[Offer]) -> dict[str, Counter[Direction]]:
    """On which side the floats of each family stand, by the margin of each caption's best proposal."""
    votes: dict[str, Counter[Direction]] = {}
    for caption, proposals in offers:
        best: dict[Direction, float] = {}
        for proposal in proposals:
            best[proposal.direction] = max(best.get(proposal.direction, -9.0), proposal.score)
        if not best:
            continue
        ranked = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))
        margin = ranked[0][1] - ranked[1][1] if len(ranked) > 1 else 1.0
        weight = max(1, round(10 * min(1.0, margin)))
        votes.setdefault(caption.family, Counter())[ranked[0][0]] += weight
    return votes


def choose_regions(offers: Sequence[Offer], votes: Votes) -> list[Proposal | None]:
    """One proposal for each caption of a page, or None: the best sum without shared ground (beam search)."""
    states: list[tuple[float, tuple[Proposal | None, ...]]] = [(0.0, ())]
    for caption, proposals in offers:
        family = votes.get(caption.family, Counter())
        total = sum(family.values()) or 1
        options: list[Proposal | None] = [
            replace(p, score=p.score + _VOTE * family[p.direction] / total) for p in proposals
        ]
        grown: list[tuple[float, tuple[Proposal | None, ...]]] = []
        for value, taken in states:
            for option in [*options, None]:
                gain = 0.0 if option is None else option.score - _shared(option, taken)
                grown.append((value + gain, (*taken, option)))
        grown.sort(key=lambda state: -state[0])
        states = grown[:_BEAM]
    return list(states[0][1])


def _shared(option: Proposal, taken: Sequence[Proposal | None]) -> float:
    cost = 0.0
    for other in taken:
        if other is not None:
            part = option.box.shared_area(other.box) / max(1.0, min(option.box.area, other.box.area))
            cost += _OVERLAP_COST * part if part > 0.02 else 0.0
    return cost
