"""The takeaways of a note: four to eight sentences that stand alone, a second view of what the fields hold."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.writing.note_scoring import Reading, score
from kb.writing.note_sentences import NoteSentence, by_place
from kb.writing.note_similarity import SAME, Selection, likeness

_LEAST_TAKEAWAYS, _MOST_TAKEAWAYS = 4, 8
_RESTATED = 0.7  # likeness to the summary from which a proposal only says it again
_LEAST_GAIN = 0.8  # what a further takeaway must be worth once there are enough
# A takeaway stands alone: it may not begin with what turns against a sentence that is not there.
_TURN = re.compile(
    r"(?:however|but|yet|nevertheless|nonetheless|in contrast|on the (?:other hand|contrary)|instead|otherwise"
    r"|conversely|thus|therefore|hence|consequently|as a result|as expected|to this end)\b",
    re.IGNORECASE,
)


def select_takeaways(reading: Reading, selection: Selection, *, at_home: Sequence[str | None]) -> None:
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
    alone = [at for at in telling if stands_by_itself(sentences[at])]
    said = [at for at, sentence in enumerate(sentences) if sentence in summary]
    fresh = [at for at in alone if "proposal" not in sentences[at].cues or likeness(reading, at, said) < _RESTATED]
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
        and (sentences[at].in_abstract or stands_by_itself(sentences[at]))
    ]
    for among in (hanging, problems):
        missing = _LEAST_TAKEAWAYS - len(selection.fields["takeaways"])
        if missing > 0:
            _fill_takeaways(reading, selection, among=among, most=missing)


def stands_by_itself(sentence: NoteSentence) -> bool:
    """Whether a reader needs no other sentence to know what this one speaks of and against."""
    return "unanchored" not in sentence.cues and not _TURN.match(sentence.text)


def _fill_takeaways(reading: Reading, selection: Selection, *, among: Sequence[int], most: int) -> None:
    """As ``_fill``, but sentences of other fields may be taken; at most half come from one kind of section."""
    sentences = reading.sentences
    summary = [at for at, s in enumerate(sentences) if s in selection.fields["summary"]]
    taken = selection.fields["takeaways"]
    left, chosen = [at for at in among if sentences[at] not in taken], list[int]()
    worth = {at: score(reading, at, name="takeaways") for at in left}
    while left and len(chosen) < most:
        gains = {at: worth[at] - 0.8 * likeness(reading, at, [*chosen, *summary]) for at in left}
        best = max(left, key=lambda at: (gains[at], -at))
        if len(chosen) >= _LEAST_TAKEAWAYS and gains[best] < _LEAST_GAIN:
            break
        left.remove(best)
        full = sum(sentences[at].kind == sentences[best].kind for at in chosen) >= most // 2
        if likeness(reading, best, chosen) < SAME and (reading.abstract_only or not full):
            chosen.append(best)
    selection.fields["takeaways"] = by_place([*selection.fields["takeaways"], *(sentences[at] for at in chosen)])
