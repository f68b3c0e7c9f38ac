"""The catalog verbs: show, set, merge, split, collections, remove, cite, export, status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from kb import wire
from kb.errors import BadIdentifier, UnknownPaper, UsageError
from kb.index.matching import record_id
from kb.index.papers import Parted
from kb.records import Affiliation, Answer, Box, Chunk, Claim, Evidence, Link, Paper, Passage, references

if TYPE_CHECKING:
    from kb.index.catalog import Catalog
    from kb.library import Library
    from kb.rendering.citations import CitationForm


def show(library: Library, name: str) -> dict[str, Any]:
    """Record, versions, sections and counts of one paper, as plain data."""
    catalog = library.catalog()
    paper = library.paper(name, sources=True)
    document = catalog.passages.document(paper.id)
    chunks = catalog.passages.chunks(paper.id)
    source = catalog.passages.source(paper.id)
    return {
        "paper": paper,
        "joins": catalog.papers.joins(paper.id),
        "versions": wire.to_data(catalog.papers.versions(paper.id)),
        "sections": [list(path) for path in dict.fromkeys(chunk.section for chunk in chunks)],
        "chunks": dict(sorted(Counter(chunk.kind for chunk in chunks).items())),
        "pages": document.pages if document else None,
        "dropped": dict(document.dropped) if document else {},
        "warnings": list(document.warnings) if document else [],
        "file": source.file if source else None,
        "liking": catalog.papers.opinions().get(paper.id, 0),
    }


def remove(library: Library, names: Sequence[str]) -> list[str]:
    """Remove papers; returns their ids."""
    from kb.library.adding import chunk_again
    from kb.library.delivering import forget_pages
    from kb.library.jobs import forget_traces

    catalog = library.catalog()
    ids = list(dict.fromkeys(catalog.papers.resolve(name) for name in names))
    papers = [catalog.papers.get(key) for key in ids]
    with library.writing("remove"):
        figures = catalog.ledger.figure_files()
        sources = [source for key in ids for source in catalog.passages.sources(key)]
        hashes = {source.sha256 for source in sources}
        files = {source.file for source in sources if source.file}
        files |= {file for key in ids for file in figures.get(key, ())}
        with catalog.transaction():
            catalog.ledger.forget_turns_with([key for paper in papers for key in (paper.id, *paper.aliases)])
            for sha256 in hashes:
                catalog.ledger.forget_figures(sha256)
            touched: list[str] = []
            for key in ids:
                catalog.passages.drop_chunks(key)
                touched += catalog.papers.remove(key)
            if others := catalog.papers.of_records(touched):
                chunk_again(catalog, others, encoder=library.encoder())
        library.indexer().settle()
        kept = catalog.passages.files() | {file for some in catalog.ledger.figure_files().values() for file in some}
        library.home.files.drop_all(files - kept)
        library.home.files.sweep()
        forget_pages(library, papers, {file for key in ids for file in figures.get(key, ())})
        library.home.forget_caches()
        forget_traces(library, hashes)
        catalog.scrub()
    return ids


def set_fields(library: Library, name: str, values: Mapping[str, str | None]) -> Paper:
    """Let the user decide fields of a record."""
    private = None
    decided: dict[str, Any] = {}
    for field, value in values.items():
        if field == "private":
            private = _flag(value)
        elif field in _READERS:
            decided[field] = None if value is None else _read(field, value)
        else:
            known = ", ".join(sorted([*_READERS, "private"]))
            raise UsageError(f"{field!r} is not a field that can be set: choose one of {known}")
    catalog = library.catalog()
    paper_id = catalog.papers.resolve(name)
    with library.writing("set"):
        with catalog.transaction():
            before = catalog.papers.get(paper_id)
            paper = catalog.papers.set_fields(paper_id, decided) if decided else before
            if private is not None:
                paper = catalog.papers.set_private(paper.id, private)
            if (paper.title, paper.abstract) != (before.title, before.abstract):
                from kb.library.adding import chunk_again

                chunk_again(catalog, [paper.id], encoder=library.encoder())
        library.indexer().settle()
    return paper


def merge(library: Library, one: str, other: str) -> Paper:
    """Make one paper of two."""
    from kb.library.adding import chunk_again

    catalog, encoder = library.catalog(), library.encoder()
    ids = [catalog.papers.resolve(name) for name in (one, other)]
    with library.writing("merge"):
        with catalog.transaction():
            kept = _KeptAnswers(catalog, ids)
            merged = catalog.papers.merge(*ids)
            chunk_again(catalog, catalog.papers.of_records(merged.touched), encoder=encoder)
            kept.follow(merged.papers)
        library.indexer().settle()
    return catalog.papers.get(merged.papers[0])


def split(library: Library, name: str, records: Sequence[str]) -> Parted:
    """Part a paper; or say that two papers are two."""
    from kb.library.adding import chunk_again

    catalog, encoder = library.catalog(), library.encoder()
    paper_id = catalog.papers.resolve(name)
    with library.writing("split"):
        with catalog.transaction():
            other = _other_paper(catalog, paper_id, records)
            kept = _KeptAnswers(catalog, [paper_id] if other is None else [])
            if other is not None:
                parted = catalog.papers.distinguish(paper_id, other)
            else:
                parted = catalog.papers.split(paper_id, records)
            chunk_again(catalog, catalog.papers.of_records(parted.touched), encoder=encoder)
            parted = replace(parted, answers_left=kept.follow(parted.papers))
        library.indexer().settle()
    return parted


class _KeptAnswers:
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
        passages: list[Passage] = []
        for passage in answer.passages:
            there = self._passage(passage, now) if passage.paper.id in self._ids else passage
            is_whole = is_whole and there is not None
            passages.append(there or self._left(passage, now))

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

        def claims(some: Sequence[Claim]) -> tuple[Claim, ...]:
            return tuple(replace(claim, evidence=tuple(map(quoted, claim.evidence))) for claim in some)

        moved = replace(
            answer,
            passages=tuple(passages),
            claims=claims(answer.claims),
            dropped=claims(answer.dropped),
            references=references(passages) if passages else answer.references,
        )
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
            sentences=tuple(sentences),
        )  # fmt: skip

    def _left(self, passage: Passage, now: Mapping[str, Paper]) -> Passage:
        """A passage that could not be followed: where one paper is left, it is that paper's."""
        return replace(passage, paper=next(iter(now.values()))) if len(now) == 1 else passage

    def _place(self, chunk: Chunk, was: str, start: int, quote: str) -> tuple[int, int, int | None, tuple[Box, ...]]:
        """Where a quotation of the chunk that had the id ``was`` stands in this one: span (-1 where it does not), page,
        boxes."""
        if self._texts.get(was) != chunk.text:
            start = chunk.text.find(quote)
        end = start + len(quote)
        page, boxes = self._catalog.passages.locate(chunk.id, start, end)
        return start, end, page, boxes

    def _home_of(self, chunk_id: str, quote: str) -> Chunk | None:
        """The chunk that a text stands in now; None where none has it, or chunks of several papers."""
        text = self._texts.get(chunk_id)
        found = [chunk for chunk in self._chunks if chunk.text == text]
        found = found or [chunk for chunk in self._chunks if quote in chunk.text]
        return found[0] if len({chunk.paper_id for chunk in found}) == 1 else None


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


def collect(library: Library, name: str, papers: Sequence[str], *, drop: Sequence[str]) -> str:
    """Put papers into a collection, take others out."""
    catalog = library.catalog(create=True)
    ids, gone = ([catalog.papers.resolve(paper) for paper in some] for some in (papers, drop))
    with library.writing("collection"), catalog.transaction():
        kept = catalog.collections.add(name, ids) if ids or not gone else catalog.collections.name(name)
        return catalog.collections.drop(kept, gone)


def arrange(library: Library, name: str, papers: Sequence[str]) -> str:
    """Let these papers of a collection come first."""
    catalog = library.catalog()
    ids = [catalog.papers.resolve(paper) for paper in papers]
    with library.writing("collection"), catalog.transaction():
        return catalog.collections.arrange(name, ids)


def cite(library: Library, names: Sequence[str], *, style: str, form: CitationForm) -> list[str]:
    """Citations of papers."""
    papers = [library.paper(name, sources=True) for name in names]
    from kb.rendering.citations import cite as cite_papers

    return cite_papers(papers, style=style, form=form)


def export(papers: Sequence[Paper], form: str) -> str:
    """Records in another format."""
    from kb.rendering.bibliography import to_bibtex, to_jsonl
    from kb.rendering.citations import to_csl, to_ris

    forms: dict[str, Callable[[Sequence[Paper]], str]] = {
        "bibtex": to_bibtex, "ris": to_ris, "csl": to_csl, "jsonl": to_jsonl
    }  # fmt: skip
    if form not in forms:
        raise UsageError(f"{form!r} is not a format: choose one of {', '.join(forms)}")
    return forms[form](papers)


def status(library: Library) -> dict[str, Any]:
    """Counts of the home, and what it was made with."""
    catalog = library.catalog()
    papers = catalog.papers.state_counts()
    return {
        "home": str(library.home.path),
        "papers": sum(papers.values()),
        "fulltext": papers,
        "chunks": catalog.passages.count(),
        "waiting": catalog.passages.waiting_count(),
        "topics": len(catalog.ledger.topics()),
        "failures": wire.to_data(catalog.failures.list()),
        "encoder": catalog.fact("encoder"),
        "model": library.settings.model_name,
        "bytes": library.home.size_bytes(),
    }


# ---------------------------------------------------------------------------------------------- values


def _read(field: str, value: str) -> Any:
    try:
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


def _flag(value: str | None) -> bool:
    if value is None or value.lower() in ("false", "no", "0"):
        return False
    if value.lower() in ("true", "yes", "1"):
        return True
    raise UsageError(f"private={value!r} cannot be read: write true or false")


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
    "affiliation": _affiliation, "withdrawn": _flag,
}  # fmt: skip
_FORMS = {
    "authors": "separate names with ';'",
    "keywords": "separate words with ';'",
    "published": "write a day like 2024-03-04",
    "announced": "write days like 2024-03-04",
    "links": "write addresses that begin with https://",
}
