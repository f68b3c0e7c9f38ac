"""A manuscript against the papers that it cites: each citing sentence with its passages, and what is wrong with it.

The text of the cited papers is looked through as a whole for the sentence's numbers, addresses, quotations and names:
what none of them prints is certain. What the sentence means is judged against the best passages of all that it cites
together, by the language model (or the NLI model that the owner named); without one nothing is called supported.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from kb.answering import drafting, passages, ranking, verifying
from kb.answering.asking import Asking, side_by_side, spent
from kb.answering.ranking import RankedChunk
from kb.answering.screening import Screen
from kb.answering.verifying import Checked, Held, Statement
from kb.literals import Missing
from kb.records import (
    CheckCounts,
    CheckedSentence,
    Citation,
    CitingSentence,
    Filters,
    ManuscriptCheck,
    NotInPaper,
    NotSearched,
    Paper,
    Passage,
    Reason,
    Verdict,
)
from kb.text import UNREAD
from kb.words import content_stems

Progress = Callable[[str, int, int], None]

_PER_PAPER = {1: 3, 2: 2}  # passages of each cited paper, by how many a sentence cites; 1 of more
_PRINTING = 2  # further passages of a paper that print what those do not
_LOOKED_AT_AGAIN = 4  # passages of each paper that are looked at again
_AS_WORDS = re.compile(r"\[@([^\[\]]+)\]")
_SAYS_NOTHING = 2  # content words; a sentence with fewer states nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """All that a paper prints, as far as it is here, and whether that is all of it."""

    shown: str
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Examined:
    """A sentence with what was found for it.

    ``said`` has the papers' names where the sentence needs its citations as words. ``further`` are the passages of
    the same papers that come next; ``absent`` is None where nobody knows all that the cited works print.
    """

    sentence: CitingSentence
    said: str
    cites: tuple[Citation, ...]
    passages: tuple[Passage, ...] = ()
    further: tuple[Passage, ...] = ()
    absent: Missing | None = None
    is_hidden: bool = False

    def statement(self, screen: Screen) -> Statement:
        """The sentence as what the sentences of its passages are to bear out."""
        return _statement(self.said, self.passages, screen)

    @property
    def papers(self) -> list[Paper]:
        """What it cites of the library, each once."""
        return list({cite.paper.id: cite.paper for cite in self.cites if cite.paper is not None}.values())

    @property
    def may_be_judged(self) -> bool:
        """Whether it says something that a model may be asked about."""
        return bool(self.passages) and not self.is_hidden and _says_something(self.said)


def check(
    file: str,
    sentences: Sequence[CitingSentence],
    citations: Mapping[str, Citation],
    asking: Asking,
    *,
    notices: Iterable[str] = (),
    progress: Progress | None = None,
) -> ManuscriptCheck:
    """The sentences of a manuscript, checked; ``citations`` has every key that they cite.

    Private papers are not shown to a model on another machine: what cites them is checked as without a model.
    ``progress`` is told (what is done, done, in all).
    """
    started, before = time.monotonic(), spent(asking)
    tell: Progress = progress or (lambda doing, done, total: None)
    looking = _Looking(asking=asking)
    looked = []
    for done, sentence in enumerate(sentences, 1):
        looked.append(looking.look(sentence, [citations[key] for key in sentence.keys]))
        tell("finding passages", done, len(sentences))
    if asking.chat is not None:  # before anything is compared: an order is no statement of its paper
        shown = (passage for each in looked if each.may_be_judged for passage in each.passages)
        drafting.screened(shown, screen=asking.screen)
    looked = [looking.compared(each) for each in looked]
    judged = _judged(looked, asking, tell=tell)
    made = tuple(_settled(each, judged.get(place), asking) for place, each in enumerate(looked))
    judge = asking.judge
    usage = replace(spent(asking, since=before), seconds=round(time.monotonic() - started, 3))
    hidden = {cite.paper.id for each in looked for cite in each.cites if cite.paper and not asking.may_see(cite.paper)}
    return ManuscriptCheck(
        file=file,
        sentences=made,
        counts=_counts(made),
        model=judge.name if judge is not None else None,
        notices=(*notices, *asking.screen.notices),
        not_searched=NotSearched(private=len(hidden)),
        usage=usage,
    )


# --------------------------------------------------------------------------------------------- looking


@dataclass(slots=True, kw_only=True)
class _Looking:
    """Finds passages and what is not printed; each paper's text is read once."""

    asking: Asking
    _texts: dict[str, _Text] = field(default_factory=dict)

    def look(self, sentence: CitingSentence, cites: Sequence[Citation]) -> _Examined:
        """A sentence with the best passages of what it cites."""
        names = {cite.key: cite.paper.byline if cite.paper is not None else cite.key for cite in cites}
        said = _AS_WORDS.sub(lambda match: names.get(match[1], match[1]), sentence.said)
        found = _Examined(sentence=sentence, said=said, cites=tuple(cites))
        papers = found.papers
        if not papers or not _says_something(said):
            return found
        best: list[RankedChunk] = []
        further: list[RankedChunk] = []
        for paper in papers:
            first, others = self._ranked(said, paper, most=_PER_PAPER.get(len(papers), 1))
            best += first
            further += others
        shown = [self._passage(each, place, said) for place, each in enumerate(best, 1)]
        return replace(
            found,
            passages=tuple(shown),
            further=tuple(self._passage(each, place, said) for place, each in enumerate(further, len(best) + 1)),
            is_hidden=not all(self.asking.may_see(paper) for paper in papers),
        )

    def compared(self, found: _Examined) -> _Examined:
        """With what none of the cited papers prints, where that is known."""
        if not found.papers or not _says_something(found.said):
            return found
        texts = [self._text(paper) for paper in found.papers]
        is_known = all(cite.paper is not None for cite in found.cites) and all(text.is_whole for text in texts)
        printed = "\n".join(text.shown for text in texts)
        return replace(found, absent=verifying.absent(found.said, printed) if is_known else None)

    def _text(self, paper: Paper) -> _Text:
        if (known := self._texts.get(paper.id)) is None:
            chunks, screen = self.asking.corpus.chunks(paper.id), self.asking.screen
            record = [paper.title, paper.byline, *paper.authors, paper.stated_date, paper.venue or "", paper.abstract]
            printed = [" ".join([*chunk.section, chunk.text]) for chunk in chunks]
            if self.asking.chat is not None:
                record = [*screen.printed(paper), *verifying.allowed(paper.abstract, screen)]
                heads = {verifying.path_of(chunk): None for chunk in chunks}
                printed = [*(head for head in heads if not screen.is_order(head))]
                printed += [" ".join(verifying.allowed(chunk.text, screen)) for chunk in chunks]
            known = _Text(shown="\n".join([*record, *printed]), is_whole=paper.fulltext.state == "full")
            self._texts[paper.id] = known
        return known

    def _ranked(self, said: str, paper: Paper, *, most: int) -> tuple[list[RankedChunk], list[RankedChunk]]:
        """The best passages of a paper, with those that print what they do not; and the ones that come next."""
        corpus = self.asking.corpus
        hits = passages.find([said], corpus=corpus, filters=Filters(papers=(paper.id,)))
        ranked = ranking.rank(said, hits, corpus=corpus)
        best = ranked[:most]
        lacking = _literals(said, best)
        for each in ranked[most:]:
            if not lacking or len(best) == most + _PRINTING:
                break
            left = lacking & _literals(said, [*best, each])
            if left < lacking:
                best, lacking = [*best, each], left
        is_judged = self.asking.chat is not None or corpus.entailment() is not None
        return best, [each for each in ranked if each not in best][: _LOOKED_AT_AGAIN if is_judged else 0]

    def _passage(self, ranked: RankedChunk, place: int, said: str) -> Passage:
        made = ranking.passage(ranked, str(place), question=said, kind="lookup")
        return passages.located(made, corpus=self.asking.corpus)


def _literals(said: str, ranked: Sequence[RankedChunk]) -> set[str]:
    """What of a sentence's numbers, addresses, quotations and names these chunks do not print."""
    absent = verifying.absent(said, "\n".join(f"{each.hit.paper.title}\n{each.hit.text}" for each in ranked))
    return {*absent.numbers, *absent.addresses, *absent.quotations, *absent.names}


def _says_something(said: str) -> bool:
    return len(set(content_stems(said))) >= _SAYS_NOTHING


def _statement(said: str, shown: Sequence[Passage], screen: Screen) -> Statement:
    cited = drafting.citable({each.marker: each for each in shown}, screen=screen)
    return Statement(text=said, cited=tuple(cited.values()))


# --------------------------------------------------------------------------------------------- judging


def _judged(looked: Sequence[_Examined], asking: Asking, *, tell: Progress) -> dict[int, Checked]:
    """By place what the judge says; nothing where there is none.

    What is not found in the first passages is looked for once more in those that come next, unless the effort is
    "quick": a paper says more than its best passages.
    """
    if asking.chat is None and asking.corpus.entailment() is None:
        return {}
    places = [place for place, each in enumerate(looked) if each.may_be_judged]
    found = _asked(
        {place: looked[place].statement(asking.screen) for place in places}, asking, on_done=partial(tell, "checking")
    )
    places = [
        place
        for place, checked in found.items()
        if checked.verdict in ("partly", "unsupported") and looked[place].further and not _is_open(checked)
    ]
    if asking.effort != "quick" and places:
        if asking.chat is not None:
            drafting.screened((one for place in places for one in looked[place].further), screen=asking.screen)
        again = {
            place: _statement(looked[place].said, [*looked[place].passages, *looked[place].further], asking.screen)
            for place in places
        }
        for place, checked in _asked(again, asking, on_done=partial(tell, "looking again")).items():
            if checked.verdict == "supported" or (checked.verdict == "partly" != found[place].verdict):
                found[place] = checked
    return found


def _asked(
    statements: Mapping[int, Statement], asking: Asking, *, on_done: Callable[[int, int], None]
) -> dict[int, Checked]:
    """Verdicts by place; as many statements go into one call as there is room for their passages."""
    groups = list(_groups(statements, room=2 * asking.room))

    def ask(group: list[int]) -> list[Checked]:
        """One call for the statements at these places."""
        return verifying.check(
            [statements[place] for place in group],
            chat=asking.judge,
            screen=asking.screen,
            entailment=asking.corpus.entailment(),
            hold=_hold_nothing,  # all that the papers print counts, not these passages alone
        )

    replies = side_by_side(ask, groups, on_done=on_done)
    return {
        place: checked
        for group, reply in zip(groups, replies, strict=True)
        for place, checked in zip(group, reply, strict=True)
    }


def _groups(statements: Mapping[int, Statement], *, room: int) -> Iterator[list[int]]:
    group: list[int] = []
    used = 0
    for place, statement in statements.items():
        size = len(statement.text) + sum(len(each.sentence.text) for each in statement.cited)
        if group and used + size > room:
            yield group
            group, used = [], 0
        group.append(place)
        used += size
    if group:
        yield group


def _hold_nothing(statement: Statement) -> Held:
    return None


def _is_open(checked: Checked) -> bool:
    """Whether the model failed to judge."""
    return checked.reason is not None and checked.reason.kind == "not-verified"


def _settled(looked: _Examined, checked: Checked | None, asking: Asking) -> CheckedSentence:
    """The verdict on a sentence: the judge's, as far as what is certain allows it and what is not here leaves it."""
    verdict: Verdict | None = None
    reason: Reason | None = None
    if checked is not None:
        verdict, reason = (None, checked.reason) if _is_open(checked) else (checked.verdict, checked.reason)
    if looked.passages and verifying.is_quotation(statement := looked.statement(asking.screen)):
        verdict, reason = None, Reason(kind="word-for-word")
        if UNREAD in statement.text:
            verdict, reason = "partly", Reason(kind="sign-unread")
    if looked.absent is not None and (held := verifying.held(looked.absent)) is not None:
        if verdict is not None:
            verdict, reason = verifying.lower((verdict, reason), held)
        else:  # names alone are no verdict of their own
            verdict, reason = ("unsupported" if held[0] == "unsupported" else None), held[1]
    elif verdict in (None, "unsupported") and (why := _not_known(looked)) is not None:
        verdict, reason = None, why
    elif verdict is None and reason is None and looked.is_hidden and asking.chat is not None:
        reason = Reason(kind="private-not-shown")
    shown = looked.passages
    if checked is not None and len(checked.statement.cited) > len(looked.statement(asking.screen).cited):
        shown = (*looked.passages, *looked.further)
    absent = looked.absent or Missing()
    return CheckedSentence(
        file=looked.sentence.file,
        line=looked.sentence.line,
        text=looked.sentence.text,
        cites=looked.cites,
        verdict=verdict,
        reason=reason,
        passages=shown,
        missing=NotInPaper(numbers=absent.numbers, names=absent.names),
    )


def _not_known(looked: _Examined) -> Reason | None:
    """Why nobody can say that the cited works do not state it."""
    outside = [cite.key for cite in looked.cites if cite.paper is None]
    if outside:
        return Reason(kind="not-in-library", values={"keys": ", ".join(outside)})
    if not _says_something(looked.said):
        return Reason(kind="says-nothing")
    partial_texts = {cite.key: None for cite in looked.cites if cite.paper and cite.paper.fulltext.state != "full"}
    return Reason(kind="not-read-whole", values={"keys": ", ".join(partial_texts)}) if partial_texts else None


def _counts(sentences: Sequence[CheckedSentence]) -> CheckCounts:
    verdicts = [each.verdict for each in sentences]
    cited = {cite.key: cite.paper for each in sentences for cite in each.cites}
    return CheckCounts(
        sentences=len(sentences),
        supported=verdicts.count("supported"),
        partly=verdicts.count("partly"),
        unsupported=verdicts.count("unsupported"),
        contradicted=verdicts.count("contradicted"),
        not_judged=verdicts.count(None),
        with_missing=sum(bool(each.missing.numbers or each.missing.names) for each in sentences),
        cited=len(cited),
        not_in_library=sum(paper is None for paper in cited.values()),
    )
