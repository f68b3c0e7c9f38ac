"""Questions to a library: answers, conversations, comparisons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kb.errors import UsageError
from kb.records import Answer, Comparison, Filters

if TYPE_CHECKING:
    from kb.library import Library
    from kb.library.indexing import Progress

_LONGEST_QUESTION = 4_000


def ask(
    library: Library,
    question: str,
    *,
    session: str | None,
    filters: Filters,
    on_text: Callable[[str], None] | None,
) -> Answer:
    """Answer a question; in a session, read it in the context of what was asked before and keep the answer."""
    from kb.writing.answering import answer

    asked = _checked(question)
    catalog, chat = library.catalog(), library.chat()
    if session is not None:
        from kb.writing.follow_ups import resolve

        asked, filters = resolve(asked, catalog.ledger.turns(session), filters=filters, chat=chat)
    made = answer(
        asked,
        corpus=library.corpus(),
        filters=filters,
        chat=chat,
        language=library.settings.language,
        allow_remote=library.settings.allow_remote,
        on_text=on_text,
    )
    if session is not None:
        with library.writing("ask"), catalog.transaction():
            catalog.ledger.put_turn(session, made)
    return made


def compare(
    library: Library,
    papers: Sequence[str],
    questions: Sequence[str],
    *,
    progress: Progress | None = None,
) -> Comparison:
    """Papers × questions; ``progress`` is told how many cells are done."""
    from kb.writing.comparing import compare as compare_papers

    if not papers or not questions:
        raise UsageError("nothing to compare: name papers with --paper and questions with --question")
    return compare_papers(
        [library.paper(name) for name in dict.fromkeys(papers)],
        [_checked(question) for question in dict.fromkeys(questions)],
        corpus=library.corpus(),
        chat=library.chat(),
        language=library.settings.language,
        allow_remote=library.settings.allow_remote,
        progress=None if progress is None else lambda done, total: progress("comparing", done, total),
    )


def _checked(question: str) -> str:
    words = " ".join(question.replace("\0", " ").split())
    if not words:
        raise UsageError("the question is empty: ask something")
    if len(words) > _LONGEST_QUESTION:
        raise UsageError(f"the question has {len(words)} characters: ask in at most {_LONGEST_QUESTION}")
    return words
