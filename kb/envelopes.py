"""The contract's JSON: for each verb the record that is its document, made of what ``Library`` returns, and read back.

A document is a record like the others, with the name and number of its form in ``schema``. The command line prints
them, and every other door sends the same. ``python -m kb.envelopes docs/schemas`` writes the JSON Schema of each.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_type_hints

from kb import wire
from kb.records import (
    AddReport,
    Answer,
    CitedWork,
    Comparison,
    DemoReport,
    Digest,
    DigestChanges,
    Fault,
    Hit,
    Hits,
    ManuscriptCheck,
    Mode,
    Note,
    Paper,
    PaperDetails,
    PaperReferences,
    Parted,
    Preview,
    Problem,
    Reason,
    Recovery,
    Reindexed,
    RemoveReport,
    RetrievalFigures,
    Review,
    SourceName,
    Status,
    Topic,
    Unchecked,
    UpdateReport,
)

T = TypeVar("T")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSource:
    """What a source said of a paper: its name, the source's own key and type, and the fields as (name, value)."""

    source: SourceName
    key: str
    type: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperView(Paper):
    """A paper as documents have it: of its source records what the source said, not how kb read it."""

    sources: tuple[PaperSource, ...] = ()  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, kw_only=True)
class HitView(Hit):
    """A hit as documents have it."""

    paper: PaperView


# ------------------------------------------------------------------------------- adding and asking


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDocument(AddReport):
    """What ``kb add`` did."""

    schema: Literal["kb.add/2"] = "kb.add/2"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoDocument(DemoReport):
    """What ``kb demo`` did."""

    schema: Literal["kb.demo/1"] = "kb.demo/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchDocument:
    """What ``kb search`` found. ``complete`` is false where something is not indexed yet; ``notices`` say what."""

    query: str
    mode: Mode
    hits: tuple[HitView, ...]
    suggestion: str | None
    matched: Literal["words", "meaning only"]
    complete: bool
    notices: tuple[Reason, ...]
    schema: Literal["kb.search/2"] = "kb.search/2"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskDocument(Answer):
    """What ``kb ask`` answers."""

    schema: Literal["kb.ask/2"] = "kb.ask/2"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareDocument(Comparison):
    """The table of ``kb compare``."""

    schema: Literal["kb.compare/2"] = "kb.compare/2"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDocument(ManuscriptCheck):
    """A manuscript that ``kb check`` held against the library."""

    schema: Literal["kb.check/1"] = "kb.check/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDocument(Review):
    """The text of ``kb review``."""

    schema: Literal["kb.review/1"] = "kb.review/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalDocument(RetrievalFigures):
    """What ``kb eval`` measured."""

    schema: Literal["kb.eval/1"] = "kb.eval/1"


def paper_view(paper: Paper) -> PaperView:
    """A paper as documents have it."""
    said = (PaperSource(source=one.source, key=one.key, type=one.type, fields=one.fields) for one in paper.sources)
    return _as(PaperView, paper, sources=tuple(said))


# ------------------------------------------------------------------------------- pages and topics


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteDocument(Note):
    """The reading note of ``kb note``."""

    schema: Literal["kb.note/2"] = "kb.note/2"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestDocument(Digest):
    """The digest of ``kb digest``, and the files that were written."""

    files: tuple[str, ...]
    schema: Literal["kb.digest/2"] = "kb.digest/2"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderDocument:
    """The files that ``kb render`` wrote."""

    files: tuple[str, ...]
    schema: Literal["kb.render/1"] = "kb.render/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyDocument:
    """What ``kb verify`` found: what is wrong, what was true and has changed since, what cannot be checked."""

    file: str
    faults: tuple[Fault, ...]
    remarks: tuple[Fault, ...]
    unchecked: tuple[Unchecked, ...]
    checked: int
    schema: Literal["kb.verify/1"] = "kb.verify/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffDocument(DigestChanges):
    """What ``kb diff`` found."""

    schema: Literal["kb.diff/1"] = "kb.diff/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicDocument:
    """One standing query: ``kb topic add`` and ``kb topic show``."""

    topic: Topic
    schema: Literal["kb.topic/1"] = "kb.topic/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicsDocument:
    """All standing queries: ``kb topic list``."""

    topics: tuple[Topic, ...]
    schema: Literal["kb.topic/1"] = "kb.topic/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRemovedDocument:
    """The name of the standing query that ``kb topic remove`` forgot."""

    removed: str
    schema: Literal["kb.topic/1"] = "kb.topic/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPreviewDocument(Preview):
    """What a topic would catch: ``kb topic preview``."""

    schema: Literal["kb.topic/1"] = "kb.topic/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateDocument(UpdateReport):
    """The daily job: ``kb update``."""

    schema: Literal["kb.update/1"] = "kb.update/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerDocument:
    """How many entries of the ledger ``kb ledger`` wrote to a file, or took from it."""

    entries: int
    file: str
    schema: Literal["kb.ledger/1"] = "kb.ledger/1"


# ------------------------------------------------------------------------------------- the catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDocument:
    """The papers that ``kb list`` lists."""

    papers: tuple[PaperView, ...]
    schema: Literal["kb.list/2"] = "kb.list/2"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowDocument(PaperDetails):
    """All that is known of a paper: ``kb show``."""

    paper: PaperView
    schema: Literal["kb.show/2"] = "kb.show/2"


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedWorkView(CitedWork):
    """An entry of a list of references as documents have it."""

    paper: PaperView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefsDocument(PaperReferences):
    """What a paper cites and which papers of the library cite it: ``kb refs``."""

    paper: PaperView
    references: tuple[CitedWorkView, ...]
    cited_by: tuple[PaperView, ...]
    schema: Literal["kb.refs/1"] = "kb.refs/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDocument:
    """The paper with the fields that ``kb set`` decided."""

    paper: PaperView
    schema: Literal["kb.set/2"] = "kb.set/2"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagDocument:
    """The paper with the tags that ``kb tag`` gave it."""

    paper: PaperView
    schema: Literal["kb.tag/2"] = "kb.tag/2"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeDocument:
    """The one paper that ``kb merge`` made of two."""

    paper: PaperView
    schema: Literal["kb.merge/1"] = "kb.merge/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitDocument(Parted):
    """The papers that ``kb split`` made of one."""

    schema: Literal["kb.split/1"] = "kb.split/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LikeDocument:
    """The paper that ``kb like`` liked."""

    id: str
    liking: Literal[1] = 1
    schema: Literal["kb.like/1"] = "kb.like/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class DislikeDocument:
    """The paper that ``kb dislike`` disliked."""

    id: str
    liking: Literal[-1] = -1
    schema: Literal["kb.dislike/1"] = "kb.dislike/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionDocument:
    """The papers of a collection in their order: ``kb collection show``."""

    name: str
    papers: tuple[PaperView, ...]
    schema: Literal["kb.collection/1"] = "kb.collection/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionsDocument:
    """All collections, with how many papers each holds: what the other actions of ``kb collection`` leave."""

    collections: Mapping[str, int]
    schema: Literal["kb.collection/1"] = "kb.collection/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CiteDocument:
    """A citation for each paper that ``kb cite`` was asked for; empty where the style lists nothing."""

    style: str
    format: Literal["text", "markdown", "html", "bibtex", "ris", "csl"]
    citations: tuple[str, ...]
    schema: Literal["kb.cite/1"] = "kb.cite/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportDocument:
    """The records in another format: ``kb export``."""

    format: Literal["bibtex", "ris", "csl", "jsonl"]
    text: str
    schema: Literal["kb.export/1"] = "kb.export/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveDocument(RemoveReport):
    """What ``kb remove`` removed."""

    schema: Literal["kb.remove/1"] = "kb.remove/1"


# -------------------------------------------------------------------------------------------- care


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDocument(Status):
    """The counts of ``kb status``."""

    schema: Literal["kb.status/1"] = "kb.status/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorDocument:
    """What ``kb doctor`` found."""

    problems: tuple[Problem, ...]
    schema: Literal["kb.doctor/1"] = "kb.doctor/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReindexDocument(Reindexed):
    """What ``kb reindex`` made again."""

    schema: Literal["kb.reindex/2"] = "kb.reindex/2"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverDocument(Recovery):
    """What ``kb recover`` saved."""

    schema: Literal["kb.recover/1"] = "kb.recover/1"


# ------------------------------------------------------------------------------------- all of them

DOCUMENTS: tuple[type[Any], ...] = (
    AddDocument, DemoDocument, SearchDocument, AskDocument, CompareDocument, CheckDocument, ReviewDocument,
    EvalDocument, NoteDocument, DigestDocument, RenderDocument, VerifyDocument, DiffDocument, TopicDocument,
    TopicsDocument, TopicRemovedDocument, TopicPreviewDocument, UpdateDocument, LedgerDocument, ListDocument,
    ShowDocument, RefsDocument, SetDocument, TagDocument, MergeDocument, SplitDocument, LikeDocument, DislikeDocument,
    CollectionDocument, CollectionsDocument, CiteDocument, ExportDocument, RemoveDocument, StatusDocument,
    DoctorDocument, ReindexDocument, RecoverDocument,
)  # fmt: skip


def _searched(hits: Hits, *, query: str, mode: Mode) -> SearchDocument:
    return SearchDocument(
        query=query,
        mode=mode,
        hits=tuple(_as(HitView, hit, paper=paper_view(hit.paper)) for hit in hits),
        suggestion=hits.suggestion,
        matched=hits.matched,
        complete=hits.complete,
        notices=hits.notices,
    )


def _shown(details: PaperDetails) -> ShowDocument:
    return _as(ShowDocument, details, paper=paper_view(details.paper))


def _refs(made: PaperReferences) -> RefsDocument:
    works = (_as(CitedWorkView, one, paper=paper_view(one.paper) if one.paper else None) for one in made.references)
    return RefsDocument(
        paper=paper_view(made.paper), references=tuple(works), cited_by=tuple(map(paper_view, made.cited_by))
    )


def _topic(made: Topic | Sequence[Topic] | Preview | str) -> Any:
    if isinstance(made, Topic):
        return TopicDocument(topic=made)
    if isinstance(made, Preview):
        return _as(TopicPreviewDocument, made)
    return TopicRemovedDocument(removed=made) if isinstance(made, str) else TopicsDocument(topics=tuple(made))


def _collection(made: Mapping[str, int] | Sequence[Paper], *, name: str = "") -> Any:
    if isinstance(made, Mapping):
        return CollectionsDocument(collections=made)
    return CollectionDocument(name=name, papers=tuple(map(paper_view, made)))


def _digest(made: Digest, *, files: Iterable[Path]) -> DigestDocument:
    return _as(DigestDocument, made, files=tuple(map(str, files)))


def _of_record(kind: type[T]) -> Callable[[Any], T]:
    return lambda record: _as(kind, record)


# What ``Library`` returns for a verb, to the verb's document.
_MADE: Mapping[str, Callable[..., Any]] = {
    "add": _of_record(AddDocument),
    "ask": _of_record(AskDocument),
    "check": _of_record(CheckDocument),
    "cite": lambda citations, **said: CiteDocument(citations=tuple(citations), **said),
    "collection": _collection,
    "compare": _of_record(CompareDocument),
    "demo": _of_record(DemoDocument),
    "diff": _of_record(DiffDocument),
    "digest": _digest,
    "dislike": lambda paper: DislikeDocument(id=paper.id),
    "doctor": lambda problems: DoctorDocument(problems=tuple(problems)),
    "eval": _of_record(EvalDocument),
    "export": lambda text, **said: ExportDocument(text=text, **said),
    "ledger": lambda entries, **said: LedgerDocument(entries=entries, **said),
    "like": lambda paper: LikeDocument(id=paper.id),
    "list": lambda papers: ListDocument(papers=tuple(map(paper_view, papers))),
    "merge": lambda paper: MergeDocument(paper=paper_view(paper)),
    "note": _of_record(NoteDocument),
    "recover": _of_record(RecoverDocument),
    "refs": _refs,
    "reindex": _of_record(ReindexDocument),
    "remove": _of_record(RemoveDocument),
    "render": lambda files: RenderDocument(files=tuple(map(str, files))),
    "review": _of_record(ReviewDocument),
    "search": _searched,
    "set": lambda paper: SetDocument(paper=paper_view(paper)),
    "show": _shown,
    "split": _of_record(SplitDocument),
    "status": _of_record(StatusDocument),
    "tag": lambda paper: TagDocument(paper=paper_view(paper)),
    "topic": _topic,
    "update": _of_record(UpdateDocument),
    "verify": lambda found, *, file: _as(VerifyDocument, found, file=file),
}


def document(verb: str, made: Any, **more: Any) -> Any:
    """The document of a verb, of what ``Library`` returned for it; ``more`` is what else stands in it.

    ``document("ask", answer)``, ``document("search", hits, query="x", mode="hybrid")``.
    """
    return _MADE[verb](made, **more)


def to_data(made: Any) -> dict[str, Any]:
    """A document as plain data; its ``schema`` comes first."""
    data = wire.to_data(made)
    return {"schema": data.pop("schema"), **data}


def to_json(made: Any) -> str:
    """A document as JSON text."""
    return wire.to_json(to_data(made))


def schema_of(kind: type[Any]) -> str:
    """Name and number of a document's form: "kb.search/2"."""
    (name,) = get_args(get_type_hints(kind)["schema"])
    return str(name)


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of every form, by its name: closed objects in which every field is there."""
    made = {}
    for name in dict.fromkeys(map(schema_of, DOCUMENTS)):
        kinds = [kind for kind in DOCUMENTS if schema_of(kind) == name]
        # A paper of an answer or a note comes without its sources: it has the form of the others all the same.
        roots, parts = wire.json_schema([*kinds, PaperView, HitView], names={PaperView: "Paper", HitView: "Hit"})
        forms = roots[: len(kinds)]
        body = forms[0] if len(forms) == 1 else {"title": f"{name} has one of these forms", "oneOf": forms}
        made[name] = {"$schema": _DIALECT, "$id": name, **body, "$defs": _used(body, parts)}
    return made


def write_schemas(folder: Path) -> list[Path]:
    """Write ``<name>.<number>.json`` for every form into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in json_schemas().items():
        path = folder / f"{name.replace('/', '.')}.json"
        path.write_text(wire.to_json(schema) + "\n", encoding="utf-8")
        written.append(path)
    return written


def _as(kind: type[T], record: Any, **more: Any) -> T:
    """The fields of a record, some of them replaced or added, as a record of another kind."""
    return kind(**{one.name: getattr(record, one.name) for one in fields(record)} | more)


def _used(body: Any, parts: Mapping[str, Any]) -> dict[str, Any]:
    """The parts that a schema refers to, and those that these refer to, by name."""
    found: dict[str, Any] = {}
    waiting = list(_references(body))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = parts[name]
            waiting += _references(parts[name])
    return dict(sorted(found.items()))


def _references(schema: Any) -> Sequence[str]:
    if isinstance(schema, Mapping):
        here = [schema["$ref"].rpartition("/")[2]] if "$ref" in schema else []
        return here + [name for value in schema.values() for name in _references(value)]
    return [name for value in schema for name in _references(value)] if isinstance(schema, list) else []


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
