"""The reading note of one paper in its own sentences: chosen by role and place, every one of them a quotation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

from kb.protocols import Corpus
from kb.records import NOTE_FIELDS, Claim, Evidence, FieldStatus, Figure, Language, Note, NoteField, Paper, Reason
from kb.writing.note_scoring import read
from kb.writing.note_selection import Selection, select
from kb.writing.note_sentences import NoteSentence, note_sentences, shortlist

MOST_ENCODED = 80  # sentences of one paper that are compared with each other


def write_note(
    paper: Paper,
    *,
    corpus: Corpus,
    language: Language = "en",
) -> Note:
    """Write the note from the paper's full text where the corpus has it, else from its abstract.

    ``language`` is what the note is for; its sentences are in the paper's. ``status`` has an entry for each of
    ``NOTE_FIELDS`` (the parts of the conclusion as ``conclusion.<part>``), for ``conclusion``, ``figures``,
    ``keywords`` and ``title_translated``. Never raises for a paper that says nothing.
    """
    sentences = note_sentences(corpus.chunks(paper.id))
    short = shortlist(sentences, most=MOST_ENCODED)
    abstract = " ".join(chunk.text for chunk in corpus.chunks(paper.id) if chunk.kind == "abstract")
    selection = Selection()
    if short:
        before = {second.place: first for first, second in pairwise(sentences) if second.place == first.place + 1}
        reading = read(short, title=paper.title, encode=corpus.encode)
        selection = select(reading, abstract_length=len(abstract), before=before)
    source = _name_of_source(short)
    note = of_record(Note(paper=paper, language=language, model=None, summary=None), paper, figures=())
    as_recorded = FieldStatus(state="not stated", reason=(Reason(kind="title-as-recorded"),))
    note = replace(note, status={**note.status, "title_translated": as_recorded})
    quote = partial(_quotation, corpus=corpus, recognised=paper.fulltext.is_recognised)
    fields = {name: _field(selection, name=name, quote=quote, source=source) for name in NOTE_FIELDS}
    return note.with_fields(fields)


def of_record(note: Note, paper: Paper, *, figures: Sequence[Figure]) -> Note:
    """The note with the paper's record and figures as they are now; its sentences stay."""
    told = {
        "figures": FieldStatus(state="ok") if figures else _no_figures(paper),
        "keywords": FieldStatus(state="ok", reason=(Reason(kind="papers-own"),))
        if paper.keywords
        else FieldStatus(state="not stated", reason=(Reason(kind="no-keywords"),)),
    }
    return replace(note, paper=paper, figures=tuple(figures), status={**note.status, **told})


def _name_of_source(sentences: Sequence[NoteSentence]) -> str:
    if not sentences:
        return ""
    return "abstract" if all(sentence.in_abstract for sentence in sentences) else "paper"


def _field(selection: Selection, *, name: str, quote: Callable[[NoteSentence], Claim], source: str) -> NoteField:
    claims = tuple(quote(sentence) for sentence in selection.fields[name])
    if not source:
        told = Reason(kind="no-text")
    elif name in selection.remarks:
        told = Reason(kind=selection.remarks[name])
    elif claims:
        told = Reason(kind="quoted-from-abstract" if source == "abstract" else "quoted")
    else:
        told = Reason(kind="no-sentence")
    return NoteField(claims=claims, status=FieldStatus(state="extractive" if claims else "not stated", reason=(told,)))


def _quotation(sentence: NoteSentence, *, corpus: Corpus, recognised: bool) -> Claim:
    chunk = sentence.chunk
    ((page, boxes),) = corpus.locate(chunk.id, [(sentence.start, sentence.end)])
    quote = Evidence(
        marker="",
        paper_id=chunk.paper_id,
        version=chunk.version,
        chunk_id=chunk.id,
        start=sentence.start,
        end=sentence.end,
        quote=chunk.text[sentence.start : sentence.end],
        page=page,
        boxes=boxes,
        recognised=recognised and page is not None,
    )
    return Claim(text=sentence.text, verdict="verbatim", verdict_reason=None, evidence=(quote,))


def _no_figures(paper: Paper) -> FieldStatus:
    if paper.fulltext.state == "none":
        why = Reason(kind="no-full-text", values={"why": paper.fulltext.reason or "kb add fetches or reads it"})
        return FieldStatus(state="not stated", reason=(why,))
    return FieldStatus(state="not stated", reason=(Reason(kind="no-figure"),))
