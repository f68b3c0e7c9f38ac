"""The library as the app uses it: beside the verbs, what a person looks at and the long works she starts."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Self, Unpack

from kb.library import Library
from kb.records import Answer, Digest, Figure, Hit, Language, Note, Paper, Reason

if TYPE_CHECKING:
    from kb.index.jobs import Job
    from kb.index.papers import Order
    from kb.library.archive import KeptDigest
    from kb.library.mapping import MonthCount, PaperMap
    from kb.library.parts import Choice
    from kb.library.viewing import PageView

__all__ = ["Desk"]


class Desk(Library):
    """A library with pages as pictures, kept notes and conversations, a map, and works in processes of their own."""

    def page_view(self, paper: str, page: int, *, scale: float = 1.6) -> PageView:
        """A page (1-based) of the paper's stored PDF as a PNG, rendered in the guarded child process."""
        from kb.library.viewing import view_page

        return view_page(self, self.catalog().papers.resolve(paper), page=page, scale=scale)

    def listed(self, *, order: Order = "new", **choice: Unpack[Choice]) -> builtins.list[str]:
        """Ids of the papers that pass, in an order: "new", "old", "title" or "added" (the last first)."""
        return self.catalog().papers.ids(self.filters(**choice), order=order) if self.home.exists else []

    def records(self, ids: Sequence[str]) -> builtins.list[Paper]:
        """The records of these papers, in this order; those that are gone are left out."""
        found = self.catalog().papers.many(ids)
        return [found[key] for key in ids if key in found]

    def papers_with(self, words: str, *, limit: int = 200, **choice: Unpack[Choice]) -> builtins.list[Paper]:
        """Papers by this author, then those in which all the words stand, best first."""
        from kb.library.viewing import papers_with

        return papers_with(self, words, limit=limit, **choice)

    def liking(self, paper: str) -> int:
        """1 when the paper is liked, -1 when it is not, else 0."""
        return self.catalog().papers.opinions().get(paper, 0)

    def export_hits(self, hits: Sequence[Hit], form: str) -> str:
        """Search results as Markdown or CSV, or their papers as BibTeX."""
        from kb.library.viewing import export_hits

        return export_hits(hits, form)

    def kept_digests(self) -> builtins.list[KeptDigest]:
        """The digests that were made and lie in the home, the newest day first."""
        from kb.library.archive import kept_digests

        return kept_digests(self)

    def kept_digest(self, topic: str | None, day: date) -> Digest | None:
        """The digest that was made of a topic (None: of all papers) for a day."""
        from kb.library.archive import kept_digest

        return kept_digest(self, topic, day)

    def digest_folder(self, topic: str | None, day: date) -> Path:
        """Where the digest of a topic for a day is kept for ``kept_digest``."""
        from kb.library.archive import digest_folder

        return digest_folder(self, topic, day)

    def days(self, *, limit: int = 60) -> builtins.list[tuple[date, int]]:
        """Days on which stored papers were announced, else published, with how many; the newest first."""
        return self.catalog().papers.days(limit=limit) if self.home.exists else []

    def answer_text(self, answer: Answer) -> str:
        """An answer with its references as plain text."""
        from kb.rendering.plain_text import answer as plain_answer

        return plain_answer(answer)

    def told(self, reason: Reason | str) -> str:
        """The reason of a verdict as a sentence in the language of the library."""
        from kb.rendering.reasons import told

        return told(reason, self.settings.language)

    def kept_note(self, paper: str) -> Note | None:
        """The note of a paper if it was written already."""
        from kb.library.noting import kept_note

        return kept_note(self, self.catalog().papers.resolve(paper))

    def kept_figures(self, paper: str) -> builtins.list[Figure] | None:
        """The figures and tables of a paper if they were cut already; None when not."""
        from kb.library.noting import kept_figures

        return kept_figures(self, self.catalog().papers.resolve(paper))

    def paper_map(self, *, limit: int = 2_000) -> PaperMap:
        """Papers, evenly over all days, as points of a plane in which similar abstracts lie near each other."""
        from kb.library.mapping import paper_map

        return paper_map(self, limit=limit)

    def arrange_map(self, *, limit: int = 2_000) -> None:
        """Make a better map of the same papers and keep it; takes seconds to a minute."""
        from kb.library.mapping import arrange_map

        arrange_map(self, limit=limit)

    def month_counts(self) -> builtins.list[MonthCount]:
        """All papers by month, first category and first topic."""
        from kb.library.mapping import month_counts

        return month_counts(self)

    def words_found(self, query: str, text: str) -> builtins.list[tuple[int, int]]:
        """Spans of the words of ``text`` that are words of the query in some form."""
        from kb.library.viewing import words_found

        return words_found(query, text)

    def spoken(self, sentence: str, language: Language) -> str:
        """A reason or a change of a note, which the data have in English, in the language of a page."""
        from kb.rendering.phrases import spoken

        return spoken(sentence, language)

    def address(self, paper: Paper, version: int | None = None) -> str | None:
        """Where the paper can be read on the web, at that version."""
        from kb.library.viewing import source_address

        return source_address(paper, version)

    def papers_of_topic(self, name: str) -> builtins.list[str]:
        """Ids of the stored papers that belong to a topic."""
        from kb.library.viewing import papers_of_topic

        return papers_of_topic(self, name)

    def cited_in(self, paper: str) -> builtins.list[tuple[str, Answer]]:
        """(conversation, answer) for every kept answer that cites the paper."""
        from kb.library.viewing import cited_in

        return cited_in(self, self.catalog().papers.resolve(paper))

    def conversation(self, session: str) -> builtins.list[Answer]:
        """The answers of a conversation, oldest first; none for a new one."""
        return self.catalog().ledger.turns(session) if self.home.exists else []

    def conversations(self) -> builtins.list[str]:
        """Names of all conversations, the latest first."""
        return self.catalog().ledger.sessions() if self.home.exists else []

    def facets(self) -> dict[str, builtins.list[str]]:
        """The ``categories``, ``tags`` and ``collections`` that papers have, the most frequent first."""
        return self.catalog().papers.facets() if self.home.exists else {"categories": [], "tags": [], "collections": []}

    def generation(self) -> int:
        """Grows whenever the indexes have changed: what was computed from them before is out of date."""
        return self.catalog().generation() if self.home.exists else 0

    def start_job(self, arguments: Sequence[str]) -> int:
        """Run ``kb ARGUMENTS`` on this home in a process of its own, followed by ``jobs``; returns its number."""
        from kb.library.jobs import start_job

        return start_job(self, arguments)

    def jobs(self) -> builtins.list[Job]:
        """The latest long works, the newest first; one whose process ended without a word is "lost"."""
        from kb.library.jobs import jobs

        return jobs(self)

    def stop_job(self, number: int) -> None:
        """Ask a long work to end; what it did is kept."""
        from kb.library.jobs import stop_job

        stop_job(self, number)

    def forget_job(self, number: int) -> None:
        """Take an ended work off the list."""
        self.catalog().jobs.forget(number)

    def readable_endings(self) -> tuple[str, ...]:
        """The endings of the files that can be added, with their dot."""
        from kb.library.intake import readable_endings

        return readable_endings()

    def keep_upload(self, name: str, data: bytes) -> Path:
        """Store a file that came through the browser where a long work can read it."""
        from kb.library.jobs import keep_upload

        return keep_upload(self, name, data)

    def visited(self, key: str) -> Self:
        """The library of a file that was visited, by the first 16 digits of its hash."""
        from kb.library.jobs import visited

        return visited(self, key)
