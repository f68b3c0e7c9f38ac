"""The catalog as its owner keeps it: papers looked up, joined and parted, fields, tags, collections, citations."""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Unpack

from kb.errors import BadIdentifier, UnknownPaper, UsageError
from kb.index.catalog.matching import record_id
from kb.library.anchoring import KeptAnswers
from kb.library.parts import Choice
from kb.records import (
    Affiliation,
    Answer,
    Chunk,
    CitedAt,
    CitedWork,
    Hit,
    Link,
    Paper,
    PaperDetails,
    PaperReferences,
    Parted,
    Reason,
)
from kb.text import one_line

if TYPE_CHECKING:
    from kb.index.catalog import Catalog
    from kb.index.catalog.papers import Order
    from kb.library.corpus import CatalogQuestions
    from kb.library.parts import Models, Store
    from kb.rendering.citations import CitationForm


class Papers:
    """The papers of a store by themselves: looked up, told apart, cited, counted."""

    def __init__(self, store: Store, models: Models) -> None:
        self._store, self._models = store, models

    def get(self, paper: str, *, sources: bool = False) -> Paper:
        """One record, by id, alias, address or citation key; with what its sources said where that is asked for."""
        papers = self._store.catalog().papers
        paper_id = papers.resolve(paper)
        return papers.many([paper_id], sources=sources).get(paper_id) or papers.get(paper_id)

    def many(self, ids: Sequence[str]) -> list[Paper]:
        """The records of these papers, in this order; those that are gone are left out."""
        found = self._store.catalog().papers.many(ids)
        return [found[key] for key in ids if key in found]

    def ids(self, *, order: Order = "new", **choice: Unpack[Choice]) -> list[str]:
        """Ids of the papers that pass, in an order: "new", "old", "title" or "added" (the last first)."""
        store = self._store
        return store.catalog().papers.ids(store.filters(**choice), order=order) if store.home.exists else []

    def having(self, words: str, *, limit: int = 200, **choice: Unpack[Choice]) -> list[Paper]:
        """Papers by this author, then those in which all the words stand (in some form), best first.

        A search by words ranks whatever shares a word, or a part of one; to find means that nothing is missing.
        """
        from kb.words import content_stems

        store, papers = self._store, self._store.catalog().papers
        by_them = choice.copy()
        by_them["author"] = [words]
        found = {paper.id: paper for paper in self.many(papers.ids(store.filters(**by_them), limit=limit))}
        wanted = set(content_stems(words))
        filters = store.filters(**choice)
        for hit in store.corpus().find(words, k=limit, mode="lexical", by="paper", filters=filters):
            text = " ".join((hit.paper.title, *hit.paper.authors, hit.paper.abstract or "", hit.text))
            if wanted and wanted <= set(content_stems(text)):
                found.setdefault(hit.paper.id, hit.paper)
        return list(found.values())

    def similar(self, paper: str, *, k: int = 10) -> list[Hit]:
        """The papers that are most like this one."""
        return self._store.corpus().similar(self._store.catalog().papers.resolve(paper), k=k)

    def text(self, paper: str) -> list[Chunk]:
        """The stored text of a paper in reading order, in pieces with section, pages and boxes."""
        return self._store.catalog().passages.chunks(self._store.catalog().papers.resolve(paper))

    def stated(self) -> CatalogQuestions:
        """What the records state: by author, date, venue, tag, collection; counts; which papers name X."""
        from kb.library.corpus import CatalogQuestions

        return CatalogQuestions(self._store.catalog(), self._store.corpus())

    def address(self, paper: Paper, version: int | None = None) -> str | None:
        """Where a paper can be read on the web: arXiv at that version, the DOI, or the record's address."""
        version = version or paper.version
        for key in (paper.id, *paper.aliases):
            kind, _, value = key.partition(":")
            if kind == "arxiv":
                return f"https://arxiv.org/abs/{value}" + (f"v{version}" if version else "")
            if kind == "doi":
                return f"https://doi.org/{value}"
        return paper.url

    def liking(self, paper: str, *, topic: str = "") -> int:
        """1 when the paper is liked, for just this topic or for all, -1 when it is not, else 0."""
        papers = self._store.catalog().papers
        return papers.liking(papers.resolve(paper), topic=topic)

    def references(self, paper: str) -> PaperReferences:
        """What a paper cites, with the papers of the library that are meant and the sentences that cite, and which
        papers of the library cite it. One whose text was not read, or was read before references were, cites nothing.
        """
        catalog = self._store.catalog()
        paper_id = catalog.papers.resolve(paper)
        document = catalog.passages.document(paper_id)
        entries = document.references if document else ()
        meant = catalog.cited.resolve(paper_id, entries)
        citing = catalog.cited.citing(paper_id)
        papers = catalog.papers.many([paper_id, *citing, *(key for key in meant if key)])
        mentions: dict[int, dict[CitedAt, None]] = {}
        for mark in document.citations if document else ():
            quote = one_line(document.text[slice(*mark.sentence)]) if document else ""
            for place in mark.entries:
                mentions.setdefault(place, {})[CitedAt(page=mark.page, quote=quote)] = None
        works = [
            CitedWork(
                text=entry.text, authors=tuple(map(str, entry.authors)), title=entry.title, venue=entry.venue,
                year=entry.year, pages=entry.pages, doi=entry.doi or None, arxiv=entry.arxiv or None,
                paper=papers.get(key) if key else None, mentions=tuple(mentions.get(place, ())),
            )
            for place, (entry, key) in enumerate(zip(entries, meant, strict=True))
        ]  # fmt: skip
        by = sorted((papers[key] for key in citing if key in papers), key=lambda one: (one.stated_date, one.id))
        return PaperReferences(paper=papers[paper_id], references=tuple(works), cited_by=tuple(by))

    def merge(self, one: str, other: str) -> Paper:
        """Make one paper of two by your own word; ``split`` undoes it. Nothing of either is lost.

        Raises:
            UsageError: when both have an arXiv id: these are never one paper.
        """
        from kb.library.adding import chunk_again

        catalog, encoder = self._store.catalog(), self._models.encoder()
        ids = [catalog.papers.resolve(name) for name in (one, other)]
        with self._store.changing(cuts=True):
            kept = KeptAnswers(catalog, ids)
            merged = catalog.papers.merge(*ids)
            touched = catalog.papers.of_records(merged.touched)
            chunk_again(catalog, touched, encoder=encoder)
            kept.follow(merged.papers)
        self._store.indexer().index_papers(touched)
        return catalog.papers.get(merged.papers[0])

    def split(self, paper: str, records: Sequence[str] = ()) -> Parted:
        """Part a paper whose records are not of one paper.

        Args:
            paper: the paper.
            records: keys or ids of the source records that are to leave it; without any, your own join of papers is
                undone, else what the weakest evidence joined. The id of another paper says that the two are two.

        Raises:
            UsageError: when there is nothing to part.
        """
        from kb.library.adding import chunk_again

        catalog, encoder = self._store.catalog(), self._models.encoder()
        paper_id = catalog.papers.resolve(paper)
        with self._store.changing(cuts=True):
            other = _other_paper(catalog, paper_id, records)
            kept = KeptAnswers(catalog, [paper_id] if other is None else [])
            if other is not None:
                parted = catalog.papers.distinguish(paper_id, other)
            else:
                parted = catalog.papers.split(paper_id, records)
            touched = catalog.papers.of_records(parted.touched)
            chunk_again(catalog, touched, encoder=encoder)
            parted = replace(parted, answers_left=kept.follow(parted.papers))
        self._store.indexer().index_papers(touched)
        return parted

    def cite(
        self,
        papers: Sequence[str] | str,
        *,
        style: str = "apa",
        format: CitationForm = "text",  # noqa: A002  (the verb's own word)
    ) -> list[str]:
        """Citations of papers: in a CSL style as text, markdown or html, or as bibtex, ris, csl with your own keys."""
        names = [papers] if isinstance(papers, str) else papers
        found = [self.get(name, sources=True) for name in names]
        from kb.rendering.citations import cite

        return cite(found, style=style, form=format)

    def export(self, format: str = "bibtex", **choice: Unpack[Choice]) -> str:  # noqa: A002  (the verb's own word)
        """The records as BibTeX, RIS, CSL-JSON or JSONL: what came in that format goes out as it came."""
        from kb.rendering.bibliography import to_bibtex, to_jsonl
        from kb.rendering.citations import to_csl, to_ris

        forms: dict[str, Callable[[Sequence[Paper]], str]] = {
            "bibtex": to_bibtex, "ris": to_ris, "csl": to_csl, "jsonl": to_jsonl
        }  # fmt: skip
        papers = listed(self._store, sources=True, **choice)
        if format not in forms:
            raise UsageError(f"{format!r} is not a format: choose one of {', '.join(forms)}")
        return forms[format](papers)

    def count(self) -> int:
        """How many papers there are; 0 where no home has been started."""
        return self._store.catalog().papers.count() if self._store.home.exists else 0

    def facets(self) -> dict[str, list[str]]:
        """The ``categories``, ``tags`` and ``collections`` that papers have, the most frequent first."""
        if not self._store.home.exists:
            return {"categories": [], "tags": [], "collections": []}
        return self._store.catalog().papers.facets()

    def days(self, *, limit: int = 60) -> list[tuple[date, int]]:
        """Days on which stored papers were announced, else published, with how many; the newest first."""
        return self._store.catalog().papers.days(limit=limit) if self._store.home.exists else []

    def generation(self) -> int:
        """Grows whenever the indexes have changed: what was computed from their texts before is out of date."""
        return self._store.catalog().generation() if self._store.home.exists else 0

    def revision(self) -> tuple[int, ...]:
        """Another one whenever anybody has changed anything in the catalog: a tag, an opinion, a turn, a paper."""
        return (self._store.catalog().revision() or ()) if self._store.home.exists else ()

    def notices(self) -> tuple[Reason, ...]:
        """Why a search may miss something now: passages wait to be indexed, or an index is not the catalog's."""
        return self._store.corpus().notices()

    def damaged(self) -> list[str]:
        """What was left out of results so far because it is not as it was written."""
        return self._store.damaged()


class Collections:
    """Named sets of papers, each in its owner's order."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self) -> dict[str, int]:
        """Names of the collections, with how many papers each holds."""
        return self._store.catalog().collections.all() if self._store.home.exists else {}

    def get(self, name: str) -> builtins.list[Paper]:
        """The papers of a collection in their order."""
        return listed(self._store, collection=[name])

    def add(self, name: str, papers: Sequence[str] | str) -> str:
        """Put papers at the end of a collection, which is made where there is none; returns its name."""
        catalog = self._store.catalog(create=True)
        ids = self._ids(papers)
        with self._store.changing():
            return catalog.collections.add(name, ids)

    def drop(self, name: str, papers: Sequence[str] | str) -> str:
        """Take papers out of a collection; they stay in the library."""
        collections, ids = self._store.catalog().collections, self._ids(papers)
        with self._store.changing():
            return collections.drop(name, ids)

    def arrange(self, name: str, papers: Sequence[str]) -> str:
        """Let these papers of a collection come first, in this order."""
        ids = self._ids(papers)
        with self._store.changing():
            return self._store.catalog().collections.arrange(name, ids)

    def rename(self, name: str, new: str) -> str:
        """Give a collection another name."""
        with self._store.changing():
            return self._store.catalog().collections.rename(name, new)

    def remove(self, name: str) -> str:
        """Forget a collection; its papers stay."""
        with self._store.changing():
            return self._store.catalog().collections.remove(name)

    def _ids(self, papers: Sequence[str] | str) -> builtins.list[str]:
        names = [papers] if isinstance(papers, str) else papers
        return [self._store.catalog().papers.resolve(name) for name in names]


class Conversations:
    """The questions that were asked in a row, with their answers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self) -> builtins.list[str]:
        """Names of all conversations, the latest first."""
        return self._store.catalog().ledger.sessions() if self._store.home.exists else []

    def get(self, name: str) -> builtins.list[Answer]:
        """The answers of a conversation, oldest first; none for a new one."""
        return self._store.catalog().ledger.turns(name) if self._store.home.exists else []

    def citing(self, paper: str) -> builtins.list[tuple[str, Answer]]:
        """(conversation, answer) for every kept answer that cites the paper, the latest conversation first."""
        ledger, papers = self._store.catalog().ledger, self._store.catalog().papers
        record = papers.get(papers.resolve(paper))
        ids = {record.id, *record.aliases}  # an answer names a paper by the id that it had then
        return [
            (name, answer)
            for name in ledger.sessions()
            for answer in ledger.turns(name)
            if any(reference.paper.id in ids for reference in answer.references)
        ]


def listed(store: Store, *, limit: int | None = None, sources: bool = False, **choice: Unpack[Choice]) -> list[Paper]:
    """The papers that pass, newest first, those of one collection in its order."""
    papers = store.catalog().papers
    ids = papers.ids(store.filters(**choice), limit=limit)
    found = papers.many(ids, sources=sources)
    return [found[key] for key in ids if key in found]


def show(catalog: Catalog, paper: Paper, *, table: str | None = None) -> PaperDetails:
    """Record (with its sources), versions, sections and counts of one paper; the table of a label ("2", "Table 2").

    Raises:
        UsageError: when the text has no such table.
    """
    from kb.rendering.single import tables_named

    document = catalog.passages.document(paper.id)
    chunks = catalog.passages.chunks(paper.id)
    source = catalog.passages.source(paper.id)
    return PaperDetails(
        paper=paper,
        joins=tuple(catalog.papers.joins(paper.id)),
        versions=tuple(catalog.papers.versions(paper.id)),
        sections=tuple(dict.fromkeys(chunk.section for chunk in chunks)),
        chunks=dict(sorted(Counter(chunk.kind for chunk in chunks).items())),
        pages=document.pages if document else None,
        dropped=dict(document.dropped) if document else {},
        warnings=document.warnings if document else (),
        file=source.file if source else None,
        liking=catalog.papers.liking(paper.id),
        tables=tables_named(document, table) if table is not None else (),
    )


def set_fields(store: Store, models: Models, name: str, values: Mapping[str, str | None]) -> Paper:
    """Let the user decide fields of a record."""
    if (unknown := next((field for field in values if field not in _READERS), None)) is not None:
        known = ", ".join(sorted(_READERS))
        raise UsageError(f"{unknown!r} is not a field that can be set: choose one of {known}")
    decided = {field: None if value is None else _read(field, value) for field, value in values.items()}
    catalog = store.catalog()
    paper_id = catalog.papers.resolve(name)
    encoder = models.encoder() if {"title", "abstract"}.intersection(decided) else None
    with store.changing(cuts=encoder is not None):
        before = catalog.papers.get(paper_id)
        paper = catalog.papers.set_fields(paper_id, decided) if decided else before
        if encoder is not None and (paper.title, paper.abstract) != (before.title, before.abstract):
            from kb.library.adding import chunk_again

            chunk_again(catalog, [paper.id], encoder=encoder)
    if encoder is not None:
        store.indexer().index_papers([paper.id])
    return paper


def _other_paper(catalog: Catalog, paper_id: str, names: Sequence[str]) -> str | None:
    """The other paper that is meant, where the one name is no record of this paper."""
    said = catalog.papers.many([paper_id], sources=True)[paper_id].sources
    if len(names) != 1 or names[0] in {key for one in said for key in (one.key, record_id(one))}:
        return None
    try:
        other = catalog.papers.resolve(names[0])
    except (UnknownPaper, BadIdentifier):
        return None
    return other if other != paper_id else None


# ---------------------------------------------------------------------------------------------- values


def _read(field: str, value: str) -> Any:
    try:
        value.encode()  # what cannot be written is no value
        return _READERS[field](value)
    except ValueError:
        raise UsageError(f"{field}={value!r} cannot be read: {_FORMS.get(field, 'write it as plain text')}") from None


def _list(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(";") if part.strip())


def _categories(value: str) -> tuple[str, ...]:
    return tuple(part for part in value.replace(",", " ").split() if part)


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _days(value: str) -> tuple[date, ...]:
    return tuple(date.fromisoformat(part) for part in value.replace(",", " ").split())


def _flag(value: str) -> bool:
    if value.lower() in ("false", "no", "0"):
        return False
    if value.lower() in ("true", "yes", "1"):
        return True
    raise ValueError(value)


def _code(value: str) -> tuple[Link, ...]:
    links = []
    for url in value.split():
        if not url.startswith(("https://", "http://")):
            raise ValueError(url)
        links.append(Link(kind="code", url=url, source="user"))
    return tuple(links)


def _affiliation(value: str) -> Affiliation:
    return Affiliation(text=value, source="user")


_READERS: dict[str, Callable[[str], Any]] = {
    "title": str, "authors": _list, "abstract": str, "categories": _categories, "comment": str, "venue": str,
    "license": str, "url": str, "keywords": _list, "published": _moment, "announced": _days, "links": _code,
    "affiliation": _affiliation, "withdrawn": _flag, "private": _flag,
}  # fmt: skip
_FORMS = {
    "authors": "separate names with ';'",
    "keywords": "separate words with ';'",
    "published": "write a day like 2024-03-04",
    "announced": "write days like 2024-03-04",
    "links": "write addresses that begin with https://",
    "private": "write true or false",
    "withdrawn": "write true or false",
}
