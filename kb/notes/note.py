"""The reading note of one paper in its own sentences: chosen by what they do, every one of them a quotation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kb.notes.roles import Part
from kb.notes.selection import select
from kb.notes.sentences import NoteSentence, judged_sentences
from kb.protocols import Corpus
from kb.records import (
    NOTE_FIELDS,
    AbstractSentence,
    Chunk,
    Claim,
    Evidence,
    FieldStatus,
    Figure,
    Language,
    Note,
    NoteField,
    Paper,
    Reason,
    SentenceRole,
)
from kb.text import sentence_spans

MOST_ENCODED = 80  # sentences of one paper that are compared with each other
_OF_ABSTRACT = ("summary", "takeaways")  # what a note of an abstract alone has
# What a page calls the parts of an abstract's sentences; the others have no name there.
_ROLES: Mapping[Part, SentenceRole] = {
    "background": "background",
    "problem": "problem",
    "objective": "objective",
    "innovation": "objective",
    "method": "method",
    "setup": "method",
    "result": "result",
    "significance": "significance",
    "availability": "availability",
}
_SURE = 0.5  # score below which a sentence of the abstract has no role


def write_note(
    paper: Paper,
    *,
    corpus: Corpus,
    language: Language = "en",
) -> Note:
    """Write the note from the paper's full text where the corpus has it, else from its abstract.

    ``language`` is what the note is for; its sentences are in the paper's. Of an abstract alone it has the summary,
    the takeaways and the abstract's sentences with their roles; of a full text all of ``NOTE_FIELDS``. ``status`` has
    an entry for each of these, and for ``title_translated``; for ``conclusion``, ``figures`` and ``keywords`` where a
    full text was read or there are some. A quotation begins behind an opener that only ties it to the sentence before
    ("However,"), and as a text with a capital letter. Never raises for a paper that says nothing.
    """
    chunks = corpus.chunks(paper.id)
    abstract = [chunk for chunk in chunks if chunk.kind == "abstract"]
    sentences = judged_sentences(chunks, title=paper.title, encode=corpus.encode, most=MOST_ENCODED)
    selection = select(sentences, abstract_length=sum(len(chunk.text) for chunk in abstract))
    is_whole = any(chunk.kind == "text" for chunk in chunks)
    fields = {}
    for name in NOTE_FIELDS if is_whole else _OF_ABSTRACT:
        claims = tuple(
            _quotation(one, corpus=corpus, recognised=paper.fulltext.is_recognised) for one in selection.fields[name]
        )
        told = "quoted" if is_whole else "quoted-from-abstract"
        if not claims:
            whole = name == "summary" and selection.whole_abstract
            told = "no-text" if not chunks else "abstract-is-one-sentence" if whole else "no-sentence"
        state = FieldStatus(state="extractive" if claims else "not stated", reason=(Reason(kind=told),))
        fields[name] = NoteField(claims=claims, status=state)
    note = of_record(Note(paper=paper, language=language, model=None, summary=None), paper, figures=())
    as_recorded = FieldStatus(state="not stated", reason=(Reason(kind="title-as-recorded"),))
    note = replace(
        note,
        status={**note.status, "title_translated": as_recorded},
        abstract_sentences=_with_roles(abstract, sentences),
    )
    return note.with_fields(fields)


def of_record(note: Note, paper: Paper, *, figures: Sequence[Figure]) -> Note:
    """The note with the paper's record and figures as they are now; its sentences stay."""
    told = {}
    if figures or paper.fulltext.state != "none":
        told["figures"] = FieldStatus(state="ok") if figures else _missing("no-figure")
    if paper.keywords:
        told["keywords"] = FieldStatus(state="ok", reason=(Reason(kind="papers-own"),))
    elif paper.fulltext.state != "none":
        told["keywords"] = _missing("no-keywords")
    kept = {name: state for name, state in note.status.items() if name not in ("figures", "keywords")}
    return replace(note, paper=paper, figures=tuple(figures), status={**kept, **told})


def _missing(kind: str) -> FieldStatus:
    return FieldStatus(state="not stated", reason=(Reason(kind=kind),))


def _with_roles(abstract: Sequence[Chunk], judged: Sequence[NoteSentence]) -> tuple[AbstractSentence, ...]:
    """All of the abstract's sentences; what is no whole sentence of prose has no role."""
    by_end = {(one.chunk.id, one.end): one.scores for one in judged if one.kind == "abstract"}
    found = []
    for chunk in abstract:
        for start, end in sentence_spans(chunk.text):
            scores = by_end.get((chunk.id, end))
            part = scores.likeliest() if scores else "none"
            sure = scores is not None and scores.parts[part] >= _SURE
            text = " ".join(chunk.text[start:end].split())
            found.append(AbstractSentence(text=text, role=_ROLES.get(part) if sure else None))
    return tuple(found)


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
