"""The reading note of one paper: extractive by itself, drafted where a chat model is given, every sentence grounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kb.protocols import ChatModel, Corpus
from kb.records import Claim, Conclusion, Evidence, FieldStatus, Figure, Language, Note, Paper, Verdict
from kb.writing.note_selection import FIELDS, Selection, read, select
from kb.writing.note_sentences import NoteSentence, note_sentences, shortlist
from kb.writing.rhetoric import RoleClassifier, classify

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
MOST_ENCODED = 80  # sentences of one paper that are compared with each other
CONCLUSION_PARTS = ("significance", "innovation", "performance", "workload")


class Verifier(Protocol):
    """What the notes ask of verification: a verdict on a sentence against the texts it cites, and its reason."""

    def __call__(self, text: str, evidence: Sequence[str], *, encode: Encode | None = None) -> tuple[Verdict, str]:
        """Verdict and reason."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDraft:
    """A field before it is laid out: what it says, and how it came about."""

    claims: tuple[Claim, ...]
    status: FieldStatus


def write_note(
    paper: Paper,
    *,
    corpus: Corpus,
    verify: Verifier,
    roles: RoleClassifier = classify,
    chat: ChatModel | None = None,
    language: Language = "en",
    figures: Sequence[Figure] = (),
    allow_remote: bool = False,
) -> Note:
    """Write the note from the paper's full text where the corpus has it, else from its abstract.

    Without ``chat`` every claim is a verbatim sentence. With it the fields are drafted from numbered evidence and
    checked with ``verify``; a field whose draft fails is extracted, and its status says so. A private paper is shown
    to a model on another machine only with ``allow_remote``. ``status`` has an entry for each of ``FIELDS`` (the parts
    of the conclusion as ``conclusion.<part>``), for ``conclusion``, ``figures``, ``keywords`` and
    ``title_translated``. Never raises for a paper that says nothing: its fields are "not stated".
    """
    chunks = corpus.chunks(paper.id)
    sentences = shortlist(note_sentences(chunks, roles=roles), most=MOST_ENCODED)
    abstract_length = sum(len(chunk.text) for chunk in chunks if chunk.kind == "abstract")
    selection = Selection()
    if sentences:
        selection = select(read(sentences, title=paper.title, encode=corpus.encode), abstract_length=abstract_length)
    source = _name_of_source(sentences)
    quoting = Quoting(corpus=corpus, verify=verify)
    drafts = {name: _extract(selection, name=name, quoting=quoting, source=source) for name in FIELDS}
    return _laid_out(paper, drafts=drafts, language=language, model=None, figures=figures, title=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoting:
    """Makes evidence and verbatim claims of sentences; places are asked of the corpus once each."""

    corpus: Corpus
    verify: Verifier

    def evidence(self, sentence: NoteSentence) -> Evidence:
        """The sentence as a quote; its marker is set when the note is laid out."""
        chunk = sentence.chunk
        page, boxes = self.corpus.locate(chunk.id, sentence.start, sentence.end)
        return Evidence(
            marker="",
            paper_id=chunk.paper_id,
            version=chunk.version,
            chunk_id=chunk.id,
            start=sentence.start,
            end=sentence.end,
            quote=chunk.text[sentence.start : sentence.end],
            page=page,
            boxes=boxes,
        )

    def claim(self, sentence: NoteSentence) -> Claim:
        """The sentence itself as a claim."""
        evidence = self.evidence(sentence)
        verdict, reason = self.verify(sentence.text, [evidence.quote], encode=self.corpus.encode)
        return Claim(text=sentence.text, verdict=verdict, verdict_reason=reason, evidence=(evidence,))


def _name_of_source(sentences: Sequence[NoteSentence]) -> str:
    if not sentences:
        return ""
    return "abstract" if all(sentence.in_abstract for sentence in sentences) else "paper"


def _extract(selection: Selection, *, name: str, quoting: Quoting, source: str) -> FieldDraft:
    claims = tuple(quoting.claim(sentence) for sentence in selection.fields[name])
    remark = selection.remarks.get(name, "")
    if claims:
        status = FieldStatus(state="extractive", reason=remark or f"sentences of the {source}")
    elif source:
        told = name.replace("_", " ")
        status = FieldStatus(state="not stated", reason=remark or f"no sentence of the {source} tells the {told}")
    else:
        status = FieldStatus(state="not stated", reason="neither an abstract nor a full text with prose is stored")
    return FieldDraft(claims=claims, status=status)


def _laid_out(
    paper: Paper,
    *,
    drafts: Mapping[str, FieldDraft],
    language: Language,
    model: str | None,
    figures: Sequence[Figure],
    title: tuple[str | None, FieldStatus] | None,
) -> Note:
    """Put the fields together; number the evidence in reading order, the same quote under the same marker."""
    markers: dict[tuple[str, int, int], str] = {}
    claims = {name: tuple(_marked(claim, markers) for claim in drafts[name].claims) for name in FIELDS}
    status = {(f"conclusion.{n}" if n in CONCLUSION_PARTS else n): drafts[n].status for n in FIELDS}
    status["conclusion"] = _overall([drafts[name] for name in CONCLUSION_PARTS])
    status["figures"] = (
        FieldStatus(state="ok") if figures else FieldStatus(state="not stated", reason=_why_no_figures(paper))
    )
    status["keywords"] = (
        FieldStatus(state="ok", reason="the paper's own")
        if paper.keywords
        else FieldStatus(state="not stated", reason="the paper prints no keywords, or they were not found")
    )
    translated, title_status = title or (None, FieldStatus(state="not stated", reason="the title is kept as it is"))
    status["title_translated"] = title_status
    return Note(
        paper=paper,
        language=language,
        model=model,
        summary=claims["summary"][0] if claims["summary"] else None,
        takeaways=claims["takeaways"],
        background=claims["background"],
        past_methods=claims["past_methods"],
        method=claims["method"],
        results=claims["results"],
        conclusion=Conclusion(**{part: claims[part] for part in CONCLUSION_PARTS}),
        figures=tuple(figures),
        title_translated=translated,
        status=status,
    )


def _marked(claim: Claim, markers: dict[tuple[str, int, int], str]) -> Claim:
    from dataclasses import replace

    evidence = []
    for quote in claim.evidence:
        marker = markers.setdefault((quote.chunk_id, quote.start, quote.end), str(len(markers) + 1))
        evidence.append(replace(quote, marker=marker))
    return replace(claim, evidence=tuple(evidence))


def _overall(parts: Sequence[FieldDraft]) -> FieldStatus:
    stated = [part for part in parts if part.claims]
    if not stated:
        return FieldStatus(state="not stated", reason="none of its parts is stated")
    return FieldStatus(state="ok" if all(part.status.state == "ok" for part in stated) else "extractive")


def _why_no_figures(paper: Paper) -> str:
    if paper.fulltext.state == "none":
        return paper.fulltext.reason or "no full text is stored"
    return "no figure or table was cut from the full text"
