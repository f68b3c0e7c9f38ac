"""Quotations of texts that change. Of a text that is read again, each is found in the new text by its words and has
its place there from then on, or stays pinned to what was read before, and says so. Of papers that join or part, each
goes with the text that it stands in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args

from kb.records import (
    CONCLUSION_PARTS,
    NOTE_FIELDS,
    Answer,
    Box,
    Chunk,
    Claim,
    Conclusion,
    Equation,
    Evidence,
    Language,
    Note,
    Paper,
    Passage,
    PassageSentence,
    ShortSpan,
    references,
)

if TYPE_CHECKING:
    from kb.index.catalog import Catalog
    from kb.settings import Settings

# What a reader may set otherwise without reading otherwise: blanks, and the hyphens of words that a line's end broke.
_LOOSE = re.compile(r"[\s\u00ad\u2010\u2011-]+")

Place = tuple[Chunk, int, int]


@contextmanager
def anchored(catalog: Catalog, settings: Settings, records: Sequence[str]) -> Iterator[None]:
    """The part of a transaction in which the files of these records (ids) are read and cut anew.

    At its end the kept answers and the notes that a model wrote, as far as they quote the records' papers, are anchored
    to the new text. A note of quotations alone is forgotten: it is made of the new text when it is asked for.
    """
    notes = [(record, *note) for record in records for note in _notes(catalog, settings, record)]
    yield
    papers = catalog.papers.many(catalog.papers.of_records(records)).values()
    names = {name: paper.id for paper in papers for name in (paper.id, *paper.aliases)}
    if not names:
        return
    text = _NewText(catalog, names)
    for session, position, answer in catalog.ledger.turns_with(names):
        moved = _requoted(answer, evidence=text.evidence, passage=lambda passage: _passage(passage, text))
        if moved != answer:
            catalog.ledger.replace_turn(session, position, moved)
    for record, language, recipe, note in notes:
        for paper_id in catalog.papers.of_records([record]):
            catalog.ledger.drop_note(paper_id, recipe)
            if note.model is not None:
                recipe_now = _recipe(catalog, settings, paper_id, language)
                catalog.ledger.put_note(paper_id, recipe_now, _note(note, text))


def _notes(catalog: Catalog, settings: Settings, record: str) -> Iterator[tuple[Language, str, Note]]:
    """The notes of the record's paper that would be shown now: language, recipe, note."""
    for paper_id in catalog.papers.of_records([record]):
        for language in get_args(Language):
            recipe = _recipe(catalog, settings, paper_id, language)
            if (note := catalog.ledger.note(paper_id, recipe)) is not None:
                yield language, recipe, note


def _recipe(catalog: Catalog, settings: Settings, paper_id: str, language: Language) -> str:
    from kb.library.questions import note_recipe  # which loads what answers

    return note_recipe(catalog, settings, catalog.papers.get(paper_id), language=language)


# ----------------------------------------------------------------------------------------- where words stand


@dataclass(frozen=True)
class _Squeezed:
    """A text without blanks and hyphens, and where each of its characters stands in the text itself."""

    text: str

    @cached_property
    def _kept(self) -> list[int]:
        gone = {at for match in _LOOSE.finditer(self.text) for at in range(*match.span())}
        return [at for at in range(len(self.text)) if at not in gone]

    @cached_property
    def _letters(self) -> str:
        return "".join(self.text[at] for at in self._kept)

    def find(self, words: str, *, after: int = 0) -> tuple[int, int] | None:
        """Where the words stand in the text, whatever its blanks and hyphens, as whole words."""
        wanted = _LOOSE.sub("", words)
        at = self._letters.find(wanted) if wanted else -1
        while at >= 0:
            start, end = self._kept[at], self._kept[at + len(wanted) - 1] + 1
            if start >= after and not _cuts_a_word(self.text, start) and not _cuts_a_word(self.text, end):
                return start, end
            at = self._letters.find(wanted, at + 1)
        return None


def _cuts_a_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()


class _NewText:
    """The chunks of papers that were read again. ``names``: their ids and aliases, each with the paper's id."""

    def __init__(self, catalog: Catalog, names: dict[str, str]) -> None:
        self._catalog, self._names = catalog, names
        self._chunks: dict[str, list[tuple[Chunk, _Squeezed]]] = {}

    def of(self, paper_id: str, version: int | None) -> list[tuple[Chunk, _Squeezed]]:
        """The chunks of a version of a paper; none of a paper that was not read again, or of another version."""
        if (key := self._names.get(paper_id)) is None:
            return []
        if key not in self._chunks:
            self._chunks[key] = [(chunk, _Squeezed(chunk.text)) for chunk in self._catalog.passages.chunks(key)]
        return [(chunk, squeezed) for chunk, squeezed in self._chunks[key] if chunk.version == version]

    def find(self, quote: str, chunks: Sequence[tuple[Chunk, _Squeezed]], *, page: int | None) -> Place | None:
        """Where a quotation stands: to the letter where it does, and of several places on the page where it was."""
        ways: tuple[Callable[[_Squeezed], tuple[int, int] | None], ...] = (
            lambda squeezed: (at, at + len(quote)) if (at := squeezed.text.find(quote)) >= 0 else None,
            lambda squeezed: squeezed.find(quote),
        )
        for way in ways:
            found = [(chunk, *span) for chunk, squeezed in chunks if (span := way(squeezed)) is not None]
            if found:
                return min(found, key=lambda place: place[0].page != page)
        return None

    def sentence(self, old: PassageSentence, place: Place) -> PassageSentence:
        """A sentence of a passage at its place."""
        chunk, start, end = place
        ((_, boxes),) = self._catalog.passages.locate(chunk.id, [(start, end)])
        return replace(old, text=chunk.text[start:end], start=start, end=end, boxes=boxes)

    def evidence(self, old: Evidence) -> Evidence:
        """The quotation at its place in the new text, or pinned."""
        if not old.quote or not (chunks := self.of(old.paper_id, old.version)):
            return old
        own = next((chunk for chunk, _ in chunks if chunk.id == old.chunk_id), None)
        if own is not None and own.text[old.start : old.end] == old.quote:
            place: Place | None = own, old.start, old.end
        else:
            place = self.find(old.quote, chunks, page=old.page)
        if place is None:
            return replace(old, earlier_reading=True)
        chunk, start, end = place
        ((page, boxes),) = self._catalog.passages.locate(chunk.id, [(start, end)])
        return replace(
            old, chunk_id=chunk.id, start=start, end=end, quote=chunk.text[start:end], page=page, boxes=boxes,
            earlier_reading=False,
        )  # fmt: skip

    def page_label(self, chunk: Chunk) -> str | None:
        """What the first page of a chunk prints as its number."""
        return self._catalog.passages.page_label(chunk.paper_id, chunk.page) if chunk.page is not None else None


def _in_order(sentences: Sequence[PassageSentence], chunk: Chunk, squeezed: _Squeezed) -> list[Place] | None:
    """The places of all sentences in one chunk, one behind the other; None when one is not there."""
    places: list[Place] = []
    after = 0
    for sentence in sentences:
        if (span := squeezed.find(sentence.text, after=after)) is None:
            return None
        places.append((chunk, *span))
        after = span[1]
    return places


# ----------------------------------------------------------------------------------------- what quotes them


def _passage(old: Passage, text: _NewText) -> Passage:
    """The passage in the chunk that has all its sentences, as before in their order; else pinned."""
    chunks = text.of(old.paper.id, old.paper.version)
    if not chunks or not old.sentences:
        return old
    same = [pair for pair in chunks if pair[0].id == old.chunk_id]
    for chunk, squeezed in [*same, *chunks]:
        if (places := _in_order(old.sentences, chunk, squeezed)) is not None:
            break
    else:
        return replace(old, earlier_reading=True)
    sentences = tuple(text.sentence(one, place) for one, place in zip(old.sentences, places, strict=True))
    return replace(
        old, chunk_id=chunk.id, section=chunk.section, page=chunk.page, page_label=text.page_label(chunk),
        sentences=sentences, short_span=_short_span(old, sentences), equations=_equations(old, chunk),
        earlier_reading=False,
    )  # fmt: skip


def _equations(old: Passage, chunk: Chunk) -> tuple[Equation, ...]:
    """The display equations of the chunk, with the pictures that the passage has of them."""
    files = {one.box: one.file for one in old.equations if one.box is not None}
    return tuple(replace(one, file=files.get(one.box) if one.box else None) for one in chunk.equations)


def _short_span(old: Passage, sentences: Sequence[PassageSentence]) -> ShortSpan | None:
    """The number or name that was asked for, where the sentence still has it."""
    if (span := old.short_span) is None:
        return None
    said = next((one.text[span.start : span.end] for one in old.sentences if one.n == span.n), "")
    now = next((one.text for one in sentences if one.n == span.n), "")
    start = now.find(said) if said else -1
    return replace(span, start=start, end=start + len(said)) if start >= 0 else None


def _claim(old: Claim, evidence: Callable[[Evidence], Evidence]) -> Claim:
    found = tuple(map(evidence, old.evidence))
    said = next((new.quote for was, new in zip(old.evidence, found, strict=True) if was.quote == old.text), old.text)
    return replace(old, text=said, evidence=found)


def _requoted(
    old: Answer, *, evidence: Callable[[Evidence], Evidence], passage: Callable[[Passage], Passage]
) -> Answer:
    """An answer with each quotation, and each passage, as it is now."""
    table = old.table
    if table is not None:
        rows = []
        for row in table.rows:
            cells = [replace(one, evidence=tuple(map(evidence, one.evidence))) for one in row.cells]
            rows.append(replace(row, cells=tuple(cells)))
        table = replace(table, rows=tuple(rows))
    return replace(
        old,
        claims=tuple(_claim(one, evidence) for one in old.claims),
        dropped=tuple(_claim(one, evidence) for one in old.dropped),
        passages=tuple(map(passage, old.passages)),
        table=table,
    )


def _note(old: Note, text: _NewText) -> Note:
    fields: dict[str, Any] = {
        name: tuple(_claim(one, text.evidence) for one in old.field(name).claims) for name in NOTE_FIELDS
    }
    return replace(
        old,
        summary=fields["summary"][0] if fields["summary"] else None,
        takeaways=fields["takeaways"],
        background=fields["background"],
        past_methods=fields["past_methods"],
        method=fields["method"],
        results=fields["results"],
        conclusion=Conclusion(**{name: fields[name] for name in CONCLUSION_PARTS}),
    )


# ----------------------------------------------------------------------------------- papers that join or part


class KeptAnswers:
    """The answers of conversations that quote some papers: made before these join or part, it lets the quotations
    follow the texts that they stand in."""

    def __init__(self, catalog: Catalog, papers: Sequence[str]) -> None:
        self._catalog = catalog
        known = catalog.papers.many(papers).values()
        self._ids = {key for paper in known for key in (paper.id, *paper.aliases)}
        self._turns = catalog.ledger.turns_with(self._ids) if self._ids else []
        # A chunk is named after its paper, so it has another id when it is another's.
        self._texts = {chunk.id: chunk.text for key in papers for chunk in catalog.passages.chunks(key)}
        self._chunks: list[Chunk] = []

    def follow(self, papers: Sequence[str]) -> tuple[str, ...]:
        """Let the quotations be those of the papers (ids) that have their texts now.

        Returns the questions, with their conversations, of the answers in which a quotation stands in no text of these
        papers or in those of several: it stays as it was.
        """
        if not self._turns:
            return ()
        self._chunks = [chunk for key in papers for chunk in self._catalog.passages.chunks(key)]
        now = self._catalog.papers.many(papers)
        left = []
        for session, position, answer in self._turns:
            moved, is_whole = self._moved(answer, now)
            if moved != answer:
                self._catalog.ledger.replace_turn(session, position, moved)
            if not is_whole:
                left.append(f"{session}: {answer.question}")
        return tuple(dict.fromkeys(left))

    def _moved(self, answer: Answer, now: Mapping[str, Paper]) -> tuple[Answer, bool]:
        """The answer as it is now, and whether each of its quotations was found again."""
        is_whole = True

        def quoted(evidence: Evidence) -> Evidence:
            """The quotation in the paper that has its text now."""
            nonlocal is_whole
            if evidence.paper_id not in self._ids:
                return evidence
            chunk = self._home_of(evidence.chunk_id, evidence.quote)
            if chunk is None:
                is_whole = False
                return replace(evidence, paper_id=next(iter(now)) if len(now) == 1 else evidence.paper_id)
            start, end, page, boxes = self._place(chunk, evidence.chunk_id, evidence.start, evidence.quote)
            if start < 0:
                is_whole = False
                return evidence
            return replace(
                evidence, paper_id=chunk.paper_id, version=chunk.version, chunk_id=chunk.id, start=start, end=end,
                page=page, boxes=boxes,
            )  # fmt: skip

        def shown(passage: Passage) -> Passage:
            """The passage in the paper that has its text now; else, where one paper is left, it is that paper's."""
            nonlocal is_whole
            if passage.paper.id in self._ids:
                if (there := self._passage(passage, now)) is not None:
                    return there
                is_whole = False
                if len(now) == 1:
                    return replace(passage, paper=next(iter(now.values())))
            return passage

        moved = _requoted(answer, evidence=quoted, passage=shown)
        if moved.passages:
            moved = replace(moved, references=references(moved.passages))
        return moved, is_whole

    def _passage(self, passage: Passage, now: Mapping[str, Paper]) -> Passage | None:
        """The passage in the paper that has its text now; None where that cannot be told."""
        longest = max((sentence.text for sentence in passage.sentences), key=len, default="")
        chunk = self._home_of(passage.chunk_id, longest)
        if chunk is None:
            return None
        sentences = []
        for sentence in passage.sentences:
            start, end, _, boxes = self._place(chunk, passage.chunk_id, sentence.start, sentence.text)
            if start < 0:
                return None  # the text was cut anew across it
            sentences.append(replace(sentence, start=start, end=end, boxes=boxes))
        return replace(
            passage, paper=now[chunk.paper_id], chunk_id=chunk.id, section=chunk.section, page=chunk.page,
            sentences=tuple(sentences), equations=_equations(passage, chunk),
        )  # fmt: skip

    def _place(self, chunk: Chunk, was: str, start: int, quote: str) -> tuple[int, int, int | None, tuple[Box, ...]]:
        """Where a quotation of the chunk that had the id ``was`` stands in this one: span (-1 where it does not), page,
        boxes."""
        if self._texts.get(was) != chunk.text:
            start = chunk.text.find(quote)
        end = start + len(quote)
        ((page, boxes),) = self._catalog.passages.locate(chunk.id, [(start, end)])
        return start, end, page, boxes

    def _home_of(self, chunk_id: str, quote: str) -> Chunk | None:
        """The chunk that a text stands in now; None where none has it, or chunks of several papers."""
        text = self._texts.get(chunk_id)
        found = [chunk for chunk in self._chunks if chunk.text == text]
        found = found or [chunk for chunk in self._chunks if quote in chunk.text]
        return found[0] if len({chunk.paper_id for chunk in found}) == 1 else None
