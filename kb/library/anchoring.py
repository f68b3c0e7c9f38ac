"""Quotations of a text that is read again: each is found in the new text by its words and has its place there from then
on, or stays pinned to what was read before, and says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args

from kb.records import (
    CONCLUSION_PARTS,
    NOTE_FIELDS,
    Answer,
    Chunk,
    Claim,
    Conclusion,
    Evidence,
    Language,
    Note,
    Passage,
    PassageSentence,
    ShortSpan,
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
        if (moved := _answer(answer, text)) != answer:
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
        sentences=sentences, short_span=_short_span(old, sentences), earlier_reading=False,
    )  # fmt: skip


def _short_span(old: Passage, sentences: Sequence[PassageSentence]) -> ShortSpan | None:
    """The number or name that was asked for, where the sentence still has it."""
    if (span := old.short_span) is None:
        return None
    said = next((one.text[span.start : span.end] for one in old.sentences if one.n == span.n), "")
    now = next((one.text for one in sentences if one.n == span.n), "")
    start = now.find(said) if said else -1
    return replace(span, start=start, end=start + len(said)) if start >= 0 else None


def _claim(old: Claim, text: _NewText) -> Claim:
    evidence = tuple(text.evidence(one) for one in old.evidence)
    said = next((new.quote for was, new in zip(old.evidence, evidence, strict=True) if was.quote == old.text), old.text)
    return replace(old, text=said, evidence=evidence)


def _answer(old: Answer, text: _NewText) -> Answer:
    table = old.table
    if table is not None:
        rows = []
        for row in table.rows:
            cells = [replace(one, evidence=tuple(map(text.evidence, one.evidence))) for one in row.cells]
            rows.append(replace(row, cells=tuple(cells)))
        table = replace(table, rows=tuple(rows))
    return replace(
        old,
        claims=tuple(_claim(one, text) for one in old.claims),
        dropped=tuple(_claim(one, text) for one in old.dropped),
        passages=tuple(_passage(one, text) for one in old.passages),
        table=table,
    )


def _note(old: Note, text: _NewText) -> Note:
    fields: dict[str, Any] = {name: tuple(_claim(one, text) for one in old.field(name).claims) for name in NOTE_FIELDS}
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
