"""The reading note of one paper: extractive by itself, drafted where a chat model is given, every sentence grounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from kb.protocols import ChatModel, Corpus
from kb.records import CONCLUSION_PARTS, Claim, Conclusion, FieldStatus, Figure, Language, Note, Paper
from kb.words import cjk_share
from kb.writing.note_claims import FieldDraft, Quoting, Verifier
from kb.writing.note_drafting import Drafts, draft_fields
from kb.writing.note_scoring import read
from kb.writing.note_selection import select
from kb.writing.note_sentences import NoteSentence, note_sentences, shortlist
from kb.writing.note_similarity import FIELDS, Selection
from kb.writing.note_translation import translate, translate_claims
from kb.writing.rhetoric import RoleClassifier, classify

MOST_ENCODED = 80  # sentences of one paper that are compared with each other
_TITLE_KEPT = FieldStatus(state="not stated", reason="the title is shown as the record has it")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """What a note will say, before markers are set."""

    fields: Mapping[str, FieldDraft]
    title: str | None = None
    title_status: FieldStatus = _TITLE_KEPT


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

    Without ``chat`` every claim is a verbatim sentence. With it the fields are drafted from numbered evidence in the
    paper's language and checked with ``verify``; a field whose draft fails is extracted, and its status says so. For
    ``language="zh"`` the verified sentences are then translated; a translation that fails its check leaves the
    sentence as it was. A private paper is shown to a model on another machine only with ``allow_remote``.

    ``status`` has an entry for each of ``FIELDS`` (the parts of the conclusion as ``conclusion.<part>``), for
    ``conclusion``, ``figures``, ``keywords`` and ``title_translated``. ``model`` names the chat model when at least
    one sentence or the title is its work. Never raises for a paper that says nothing, nor for a model that fails.
    """
    chunks = corpus.chunks(paper.id)
    sentences = note_sentences(chunks, roles=roles)
    short = shortlist(sentences, most=MOST_ENCODED)
    abstract = " ".join(chunk.text for chunk in chunks if chunk.kind == "abstract")
    quoting = Quoting(corpus=corpus, verify=verify)
    selection = Selection()
    if short:
        before = {second.place: first for first, second in pairwise(sentences) if second.place == first.place + 1}
        reading = read(short, title=paper.title, encode=corpus.encode)
        selection = select(reading, abstract_length=len(abstract), before=before)
    drafts, refusal = Drafts(), ""
    if chat is not None and paper.private and not chat.is_local and not allow_remote:
        refusal = f"{chat.name} is on another machine and the paper is private: allow it with --allow-remote"
        chat = None
    if chat is not None and short:
        drafts = draft_fields(paper.title, sentences, chat=chat, quoting=quoting, abstract=abstract)
    source = _name_of_source(short)
    fields = {
        name: drafts.fields.get(name)
        or _extract(selection, name=name, quoting=quoting, source=source, why=drafts.failures.get(name, refusal))
        for name in FIELDS
    }
    content = _in_chinese(paper, fields, chat=chat) if language == "zh" else _Content(fields=fields)
    return _laid_out(paper, content, language=language, chat=chat, figures=figures)


def _name_of_source(sentences: Sequence[NoteSentence]) -> str:
    if not sentences:
        return ""
    return "abstract" if all(sentence.in_abstract for sentence in sentences) else "paper"


def _extract(selection: Selection, *, name: str, quoting: Quoting, source: str, why: str) -> FieldDraft:
    """A field of verbatim sentences; ``why`` says why the model did not write it, where one was asked."""
    claims = tuple(quoting.claim(sentence.text, cited=[sentence]) for sentence in selection.fields[name])
    remark = selection.remarks.get(name, "")
    if claims:
        told = remark or f"sentences of the {source}"
    elif source:
        told = remark or f"no sentence of the {source} tells the {name.replace('_', ' ')}"
    else:
        told = "neither an abstract nor a full text with prose is stored"
    reason = f"{told}; {why}" if why else told
    return FieldDraft(claims=claims, status=FieldStatus(state="extractive" if claims else "not stated", reason=reason))


def _in_chinese(paper: Paper, fields: Mapping[str, FieldDraft], *, chat: ChatModel | None) -> _Content:
    """Translate what was verified; without a model quotations stay in the paper's language and say so."""
    foreign = {name for name, made in fields.items() if any(_is_foreign(claim) for claim in made.claims)}
    if chat is None:
        remark = "in the paper's language: there is no model to translate it"
        return _Content(
            fields={name: _with_remark(made, remark) if name in foreign else made for name, made in fields.items()},
            title_status=FieldStatus(state="not stated", reason="there is no model to translate it"),
        )
    wanted = [claim for name in FIELDS for claim in fields[name].claims if _is_foreign(claim)]
    translated, reasons = translate_claims(wanted, chat=chat)
    by_text = {old.text: new for old, new in zip(wanted, translated, strict=True)}
    made = {name: _translated(draft, by_text, reasons=reasons) for name, draft in fields.items()}
    title, faults = (translate([paper.title], chat=chat, title=True)) if paper.title.strip() else ({}, ["no title"])
    if paper.title in title:
        return _Content(fields=made, title=title[paper.title], title_status=FieldStatus(state="ok"))
    status = FieldStatus(state="failed", reason=f"the translation failed its check: {'; '.join(faults)}")
    return _Content(fields=made, title_status=status)


def _is_foreign(claim: Claim) -> bool:
    return cjk_share(claim.text) < 0.3


def _translated(draft: FieldDraft, by_text: Mapping[str, Claim], *, reasons: Sequence[str]) -> FieldDraft:
    claims = []
    for claim in draft.claims:
        new = by_text.get(claim.text, claim)
        claims.append(replace(claim, text=new.text, text_verified=new.text_verified))
    left = sum(1 for claim in claims if claim.text_verified is None and _is_foreign(claim))
    done = replace(draft, claims=tuple(claims))
    if not left:
        return done
    why = "; ".join(dict.fromkeys(reasons))
    return _with_remark(done, f"{left} left in the paper's language, the translation failed: {why}"[:400])


def _with_remark(draft: FieldDraft, remark: str) -> FieldDraft:
    reason = f"{draft.status.reason}; {remark}" if draft.status.reason else remark
    return replace(draft, status=replace(draft.status, reason=reason))


def _laid_out(
    paper: Paper, content: _Content, *, language: Language, chat: ChatModel | None, figures: Sequence[Figure]
) -> Note:
    """Put the fields together; number the evidence in reading order, the same quote under the same marker."""
    markers: dict[tuple[str, int, int], str] = {}
    claims = {name: tuple(_marked(claim, markers) for claim in content.fields[name].claims) for name in FIELDS}
    by_model = content.title is not None or any(
        made.status.state == "ok" or any(claim.text_verified for claim in made.claims)
        for made in content.fields.values()
    )
    return Note(
        paper=paper,
        language=language,
        model=chat.name if chat is not None and by_model else None,
        summary=claims["summary"][0] if claims["summary"] else None,
        takeaways=claims["takeaways"],
        background=claims["background"],
        past_methods=claims["past_methods"],
        method=claims["method"],
        results=claims["results"],
        conclusion=Conclusion(**{part: claims[part] for part in CONCLUSION_PARTS}),
        figures=tuple(figures),
        title_translated=content.title,
        status=_statuses(paper, content, figures=figures),
    )


def _marked(claim: Claim, markers: dict[tuple[str, int, int], str]) -> Claim:
    evidence = []
    for quote in claim.evidence:
        marker = markers.setdefault((quote.chunk_id, quote.start, quote.end), str(len(markers) + 1))
        evidence.append(replace(quote, marker=marker))
    return replace(claim, evidence=tuple(evidence))


def _statuses(paper: Paper, content: _Content, *, figures: Sequence[Figure]) -> dict[str, FieldStatus]:
    status = {
        (f"conclusion.{name}" if name in CONCLUSION_PARTS else name): content.fields[name].status for name in FIELDS
    }
    status["conclusion"] = _overall([content.fields[name] for name in CONCLUSION_PARTS])
    status["figures"] = FieldStatus(state="ok") if figures else _no_figures(paper)
    status["keywords"] = (
        FieldStatus(state="ok", reason="the paper's own")
        if paper.keywords
        else FieldStatus(state="not stated", reason="no keywords were found in the paper")
    )
    status["title_translated"] = content.title_status
    return status


def _overall(parts: Sequence[FieldDraft]) -> FieldStatus:
    stated = [part for part in parts if part.claims]
    if not stated:
        return FieldStatus(state="not stated", reason="none of its parts is stated")
    if all(part.status.state == "ok" for part in stated):
        return FieldStatus(state="ok")
    return FieldStatus(state="extractive", reason="its parts say more")


def _no_figures(paper: Paper) -> FieldStatus:
    if paper.fulltext.state == "none":
        return FieldStatus(state="not stated", reason=paper.fulltext.reason or "no full text is stored")
    return FieldStatus(state="not stated", reason="no figure or table was cut from the full text")
