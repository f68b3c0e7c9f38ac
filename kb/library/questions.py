"""Questions to a library: answers, conversations, comparisons, reviews."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from kb.errors import HomeBusy, UsageError
from kb.records import NO_FILTERS, Answer, Comparison, Effort, Filters, Review

if TYPE_CHECKING:
    from kb.answering.asking import Asking
    from kb.library import Library
    from kb.library.indexing import Progress

_LONGEST_QUESTION = 4_000


def ask(
    library: Library,
    question: str,
    *,
    session: str | None,
    effort: Effort,
    filters: Filters,
    on_draft: Callable[[str], None] | None,
) -> Answer:
    """Answer a question; in a session, read it in the context of what was asked before and keep the answer."""
    from kb.answering.asking import ask as ask_papers

    asked = _checked(question)
    catalog = library.catalog()
    turns = catalog.ledger.turns(session) if session is not None else ()
    made = ask_papers(asked, asking_of(library, filters=filters, effort=effort, on_draft=on_draft), turns=turns)
    if session is None:
        return made
    try:
        with library.writing("ask"), catalog.transaction():
            if len(catalog.papers.many(made.paper_ids)) == len(made.paper_ids):  # none was removed meanwhile
                catalog.ledger.put_turn(session, made)
    except HomeBusy as err:  # what was answered is shown, and may have cost something
        return replace(made, notices=(*made.notices, f"the answer is not kept in {session!r}: {err}"))
    return made


def asking_of(
    library: Library,
    *,
    filters: Filters = NO_FILTERS,
    effort: Effort = "normal",
    on_draft: Callable[[str], None] | None = None,
) -> Asking:
    """What the library answers with."""
    from kb.answering.asking import Asking

    settings = library.settings
    return Asking(
        corpus=library.corpus(),
        records=library.questions_of_record(),
        chat=library.chat(),
        verifier=library.verifier(),
        filters=filters,
        language=settings.language,
        effort=effort,
        passage_tokens=settings.passage_tokens,
        allow_remote=settings.allow_remote,
        on_draft=on_draft,
        note=library.note,
    )


def compare(
    library: Library,
    papers: Sequence[str],
    questions: Sequence[str],
    *,
    progress: Progress | None = None,
) -> Comparison:
    """Papers × questions; ``progress`` is told how many cells are done."""
    from kb.answering.comparing import compare as compare_papers

    if not papers or not questions:
        raise UsageError("nothing to compare: name papers with --paper and questions with --question")
    return compare_papers(
        list({paper.id: paper for paper in map(library.paper, papers)}.values()),
        [_checked(question) for question in dict.fromkeys(questions)],
        asking_of(library),
        progress=None if progress is None else lambda done, total: progress("comparing", done, total),
    )


def review(
    library: Library, question: str, *, papers: int, filters: Filters, progress: Progress | None = None
) -> Review:
    """A review of what the papers say to a question; ``progress`` is told how far each step is."""
    from kb.answering.reviewing import MOST_PAPERS
    from kb.answering.reviewing import review as review_papers

    if not 1 <= papers <= MOST_PAPERS:
        raise UsageError(f"{papers} papers are not looked at for one review: give 1 to {MOST_PAPERS} with --papers")
    return review_papers(_checked(question), asking_of(library, filters=filters), papers=papers, progress=progress)


def _checked(question: str) -> str:
    words = " ".join(question.replace("\0", " ").split())
    if not words:
        raise UsageError("the question is empty: ask something")
    if len(words) > _LONGEST_QUESTION:
        raise UsageError(f"the question has {len(words)} characters: ask in at most {_LONGEST_QUESTION}")
    return words
