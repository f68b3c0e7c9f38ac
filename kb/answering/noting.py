"""A reading note in a language model's words: drafted from numbered passages of the paper, verified, translated.

It begins with the note that the paper's own sentences make. A field whose draft stands takes the place of these
sentences; one whose draft does not keeps them, and its status says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kb.answering import drafting, passages, translating, verifying
from kb.answering.asking import Asking, best_ranked, side_by_side
from kb.answering.drafting import Context
from kb.answering.screening import Screen
from kb.answering.verifying import Checked, Statement
from kb.errors import ModelError
from kb.protocols import ChatModel
from kb.records import Chunk, Claim, FieldStatus, Hit, Note, NoteField, Paper, Passage, Reason
from kb.words import cjk_share

_LONGEST = 600  # characters of a sentence
_WHOLE_ABSTRACT = 0.9  # share of the abstract's length from which a summary is no summary
_DEPTH = 24  # chunks that are ranked for a part of the note
_SHARE_OF_TABLES = 0.5  # of the room for passages
_FOREIGN = 0.3  # share of Chinese signs below which a sentence is to be translated

SYSTEM = (
    "You write a reading note of one scientific paper for researchers, from numbered passages of it and from nothing"
    " else.\n"
    f"{drafting.DATA}"
    "- Each item is one sentence of at most 40 words that is understood alone: it names the method or the thing it is"
    " about, and begins with no It, This or However.\n"
    "- `sentences` of an item are the numbers of the sentences that carry it (3.2), all that are needed and no others:"
    " for a most, a least or a comparison all rows that it rests on.\n"
    f"{drafting.STATING}"
    "- Say a thing once. Where the passages do not tell something, leave its list empty. No authors, affiliations,"
    " links, ids, dates or opinions of your own. Write in English."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Fields that are drafted in one call: what each should say and how many sentences; what is searched for them, and
    whether the tables that answer it are read whole."""

    fields: Mapping[str, tuple[str, int]]
    queries: tuple[str, ...]
    reads_tables: bool = False


_RESULTS = (
    "tasks, data sets and numbers: first those of the main table, the method beside the strongest other one; cite the"
    " rows and the table's caption"
)
_PARTS = (
    _Part(
        fields={
            "summary": ("the whole paper in one sentence: what was done, how, and with what outcome", 1),
            "takeaways": ("four to eight points to remember, each another one, the results with their numbers", 8),
            "background": ("the field, and why the problem matters", 3),
            "past_methods": ("what was done before, and where it falls short", 4),
            "significance": ("what the work makes possible or shows", 2),
            "innovation": ("what is new in it", 3),
        },
        queries=(
            "What problem does the paper address, and why does it matter?",
            "What did earlier work do, and where does it fall short?",
            "What are the contributions and the main findings?",
            "What does the work show or make possible, and what are its limits?",
        ),
    ),
    _Part(
        fields={
            "method": ("the steps of the method, one a sentence, in order", 8),
            "workload": ("how much was built, run or released: data, experiments, code", 3),
        },
        queries=(
            "How does the proposed method work, step by step?",
            "How much data was collected and how many experiments were run; is the code released?",
        ),
    ),
    _Part(
        fields={
            "results": (_RESULTS, 6),
            "performance": ("the strongest measured results", 2),
        },
        queries=(
            "What are the main results, in numbers, beside the baselines?",
            "On which data sets and with which metrics was it evaluated?",
        ),
        reads_tables=True,
    ),
)


def _schema(part: _Part) -> dict[str, Any]:
    item = {
        "type": "object",
        "properties": {
            "text": {"type": "string", "maxLength": _LONGEST},
            "sentences": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["text", "sentences"],
        "additionalProperties": False,
    }
    lists = {name: {"type": "array", "items": item, "maxItems": most} for name, (_, most) in part.fields.items()}
    return {"type": "object", "properties": lists, "required": list(lists), "additionalProperties": False}


def with_model(note: Note, asking: Asking) -> Note:
    """The note with the fields that the model's draft bears out, in the language of ``asking``.

    ``model`` names the model when at least one sentence or the title is its work. Never raises for a model that fails.
    """
    chat = asking.chat
    if chat is None:
        return _without_translation(note) if asking.language == "zh" else note
    if not asking.may_see(note.paper):
        why = Reason(kind="model-barred", values={"model": chat.name})
        return note.with_fields({name: _remarked(note.field(name), why) for name in note.looked_for})
    parts = _parts_of(note)
    contexts = [_context(part, note.paper, asking) for part in parts]
    note = _without_orders(note, asking.screen, also=[one for each in contexts for one in each.passages.values()])
    drafts = side_by_side(
        lambda pair: _drafted(pair[0], pair[1], note.paper, asking, chat), list(zip(parts, contexts, strict=True))
    )
    statements = [(name, each) for draft in drafts for name, several in draft.written.items() for each in several]
    checked = verifying.settle(
        [each for _, each in statements],
        chat=asking.judge,
        screen=asking.screen,
        entailment=asking.corpus.entailment(),
    )
    failures = {name: why for draft in drafts for name, why in draft.failures.items()}
    made = {}
    for name in note.looked_for:
        own = [each for (field_name, _), each in zip(statements, checked, strict=True) if field_name == name]
        made[name] = _settled(note.field(name), own, asking, failed=failures.get(name))
    by_model = any(own.status.state == "ok" for own in made.values())
    done = replace(note, model=chat.name if by_model else None).with_fields(made)
    return _translated(done, chat, asking.screen) if asking.language == "zh" else done


def _parts_of(note: Note) -> list[_Part]:
    """What is asked of the model: the fields that the note was looked through for, no part of a text nobody has."""
    wanted = [
        replace(part, fields={name: told for name, told in part.fields.items() if name in note.looked_for})
        for part in _PARTS
    ]
    return [part for part in wanted if part.fields]


def _without_orders(note: Note, screen: Screen, *, also: Sequence[Passage]) -> Note:
    """The paper's own sentences, less those that are addressed to a machine: an order sums up nothing.

    What is shown of these passages is screened with them, in as few calls as there can be.
    """
    fields = {name: note.field(name) for name in note.looked_for}
    own_lines = [claim.text for own in fields.values() for claim in own.claims]
    screen.look([note.paper.title, *own_lines, *drafting.lines_shown(also)])
    made = {}
    for name, own in fields.items():
        claims = tuple(claim for claim in own.claims if not screen.is_order(claim.text))
        gone = len(own.claims) - len(claims)
        made[name] = _remarked(replace(own, claims=claims), _counted("orders-left-out", gone))
    return note.with_fields(made)


@dataclass(slots=True)
class _Drafts:
    """What was written for each field, and why nothing was for the others."""

    written: dict[str, list[Statement]] = field(default_factory=dict)
    failures: dict[str, Reason] = field(default_factory=dict)


def _drafted(part: _Part, context: Context, paper: Paper, asking: Asking, chat: ChatModel) -> _Drafts:
    """The draft of some fields from the passages that bear on them."""
    drafts = _Drafts()
    if not context.passages:
        return drafts
    wanted = "\n".join(f"- {name}: {told} (at most {most})" for name, (told, most) in part.fields.items())
    prompt = f"{drafting.shown(list(context.passages.values()), screen=asking.screen)}\n\nFields to write:\n{wanted}"
    try:
        reply = chat.structured(SYSTEM, prompt, _schema(part))
    except ModelError as err:
        drafts.failures.update(dict.fromkeys(part.fields, Reason(kind="model-failed", values={"why": str(err)})))
        return drafts
    sentences = drafting.citable(context.passages, screen=asking.screen)
    for name, (_, most) in part.fields.items():
        for item in reply[name][:most]:
            text = drafting.bare(str(item["text"]), sentences)
            numbers = dict.fromkeys(str(n).strip(" []") for n in item["sentences"])
            cited = tuple(sentences[n] for n in numbers if n in sentences)
            if text and not (name == "summary" and _is_abstract(text, paper)):
                drafts.written.setdefault(name, []).append(Statement(text=text[:_LONGEST], cited=cited))
        if name not in drafts.written:
            drafts.failures[name] = Reason(kind="model-wrote-nothing")
    return drafts


def _is_abstract(text: str, paper: Paper) -> bool:
    return bool(paper.abstract) and len(text) > _WHOLE_ABSTRACT * len(paper.abstract)


def _context(part: _Part, paper: Paper, asking: Asking) -> Context:
    """The abstract, the tables where the part reads them, and the chunks that answer its questions, best first."""
    chunks = asking.corpus.chunks(paper.id)
    abstract = [passages.as_hit(chunk, paper=paper) for chunk in chunks if chunk.kind == "abstract"]
    tables = _tables(part, paper, asking) if part.reads_tables else []
    found = passages.find(part.queries, corpus=asking.corpus, filters=asking.within(paper.id), depth=_DEPTH)
    ranked = [each.hit for each in best_ranked(part.queries, found, asking)]
    context = Context()
    context.add(passages.once([*abstract, *tables, *ranked]), corpus=asking.corpus, room=asking.room)
    return context


def _tables(part: _Part, paper: Paper, asking: Asking) -> list[Hit]:
    """The tables that answer the part's questions, each whole with its caption, best first, in a share of the room.

    Which of them is the main one is the model's to judge.
    """
    tables: dict[str, list[Chunk]] = {}
    for chunk in asking.corpus.chunks(paper.id):
        if chunk.kind == "table" or (chunk.kind == "caption" and chunk.label in tables):
            tables.setdefault(chunk.label or chunk.id, []).append(chunk)
    of_chunk = {chunk.id: several for several in tables.values() for chunk in several}
    hits = [passages.as_hit(chunk, paper=paper) for several in tables.values() for chunk in several]
    room = _SHARE_OF_TABLES * asking.room
    taken: dict[str, Chunk] = {}
    for each in best_ranked(part.queries, hits, asking):
        whole = of_chunk[each.hit.chunk_id]
        size = sum(len(chunk.text) for chunk in whole)
        if whole[0].id not in taken and size <= room:
            taken |= {chunk.id: chunk for chunk in whole}
            room -= size
    return [passages.as_hit(chunk, paper=paper) for chunk in taken.values()]


def _settled(own: NoteField, checked: Sequence[Checked], asking: Asking, *, failed: Reason | None) -> NoteField:
    """A field by what stands of its draft; its own sentences where nothing fully does."""
    kept = {each.statement.text: each for each in checked if not verifying.is_dropped(each)}
    gone = [each for each in checked if verifying.is_dropped(each)]
    if any(each.verdict in (None, "supported") for each in kept.values()):
        failure = asking.screen.failure
        unscreened = Reason(kind="not-screened", values={"why": failure}) if failure else None
        why = tuple(filter(None, (_counted("drafts-dropped", len(gone)), unscreened)))
        return NoteField(
            claims=tuple(_claim(each, asking) for each in kept.values()), status=FieldStatus(state="ok", reason=why)
        )
    return _remarked(own, failed or (Reason(kind="draft-unsupported") if checked else None))


def _claim(checked: Checked, asking: Asking) -> Claim:
    cited = checked.statement.cited
    return Claim(
        text=checked.statement.text,
        verdict=checked.verdict or "verbatim",
        verdict_reason=checked.reason,
        evidence=tuple(passages.evidence(each.passage, each.sentence, corpus=asking.corpus) for each in cited),
    )


def _remarked(made: NoteField, why: Reason | None) -> NoteField:
    reason = (*made.status.reason, why) if why is not None else made.status.reason
    return replace(made, status=replace(made.status, reason=reason))


def _counted(kind: str, count: int) -> Reason | None:
    return Reason(kind=kind, values={"count": str(count)}) if count else None


# ----------------------------------------------------------------------------------------- translation


def _without_translation(note: Note) -> Note:
    why = Reason(kind="no-translator")
    fields = {name: note.field(name) for name in note.looked_for}
    made = {name: _remarked(own, why) if any(map(_is_foreign, own.claims)) else own for name, own in fields.items()}
    title = FieldStatus(state="not stated", reason=(why,))
    return replace(note, status={**note.status, "title_translated": title}).with_fields(made)


def _is_foreign(claim: Claim) -> bool:
    return cjk_share(claim.text) < _FOREIGN


def _translated(note: Note, chat: ChatModel, screen: Screen) -> Note:
    """What was verified, in Chinese; a sentence whose translation does not keep its numbers and names stays."""
    fields = {name: note.field(name) for name in note.looked_for}
    asked = [claim.text for own in fields.values() for claim in own.claims if _is_foreign(claim)]
    is_foreign = bool(note.paper.title.strip()) and cjk_share(note.paper.title) < _FOREIGN
    title = [note.paper.title] if is_foreign and not screen.is_order(note.paper.title) else []
    try:
        good = translating.translations(list(dict.fromkeys([*title, *asked])), language="zh", chat=chat)
    except ModelError as err:
        why = Reason(kind="not-translated", values={"why": str(err)})
        return note.with_fields({name: _remarked(own, why) for name, own in fields.items()})
    made = {name: _field_in(own, good) for name, own in fields.items()}
    new = good.get(note.paper.title)
    changed = Reason(kind="title-translation-failed")
    state = FieldStatus(state="ok") if new else FieldStatus(state="failed", reason=(changed,))
    if is_foreign and not title:
        state = FieldStatus(state="not stated", reason=(Reason(kind="title-is-order"),))
    elif not title:
        state = FieldStatus(state="not stated", reason=(Reason(kind="title-is-chinese"),))
    by_model = bool(note.model or new or any(claim.text in good for own in fields.values() for claim in own.claims))
    done = replace(
        note,
        model=chat.name if by_model else None,
        title_translated=new,
        status={**note.status, "title_translated": state},
    )
    return done.with_fields(made)


def _field_in(own: NoteField, good: Mapping[str, str]) -> NoteField:
    claims = tuple(
        replace(claim, text=good[claim.text], text_verified=claim.text) if claim.text in good else claim
        for claim in own.claims
    )
    left = sum(_is_foreign(claim) and claim.text not in good for claim in own.claims)
    return _remarked(replace(own, claims=claims), _counted("translation-failed", left))
