"""A ``digest.json`` against catalog and evidence: what a page shows, and the fields that only the data have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from kb import wire
from kb.records import Chunk, Claim, Digest, Evidence, Language, Note, Paper
from kb.rendering.entries import note_claims, source_address
from kb.rendering.labels import label, page_of
from kb.rendering.page_records import ReadEntry, ReadPage, ReadQuote, ReadSentence
from kb.rendering.tally import CheckTally, Sources
from kb.text import one_line

_STRAY = "′"
_SCALARS = ("license", "venue", "published", "updated")


def check_data(note: Note, paper: Paper, sources: Sources, tally: CheckTally) -> None:
    """What a page does not print of a note; ``paper`` is the record in the version that the note shows."""
    _check_record(note.paper, paper, tally)
    _check_evidence(note, paper, sources, tally)
    _check_figures(note, paper, sources, tally)


def digest_as_read(digest: Digest) -> ReadPage:
    """The data as if they had been read from a page."""
    counts = digest.counts
    days = (digest.since.isoformat(), digest.until.isoformat())
    return ReadPage(
        own=True,
        language=digest.language,
        extractive=False,  # each claim has its own verdict
        days=[("since, until", *days)],
        counts=[[
            counts.found, counts.new, counts.updated, counts.already_shown, counts.filtered, counts.withdrawn,
            counts.failed,
        ]],
        entries=[note_as_read(note, digest.language) for note in digest.entries],
    )  # fmt: skip


def note_as_read(note: Note, language: Language) -> ReadEntry:
    """A note as if it had been read from a page."""
    paper = note.paper
    claims = note_claims(note)
    markers = _markers(note)
    ids = [paper.id, *(evidence.paper_id for _, claim in claims for evidence in claim.evidence), *paper.aliases]
    links = [("source", address)] if (address := source_address(paper)) else []
    links += [("paper.links", link.url) for link in paper.links]
    links += [("paper.url", paper.url)] if paper.url else []
    return ReadEntry(
        title=one_line(paper.title),
        ids=list(dict.fromkeys(ids)),
        authors=[("paper.authors", one_line(", ".join(paper.authors)))],
        abstract=one_line(paper.abstract),
        translated=note.title_translated or "",
        links=links,
        keywords=one_line(", ".join(paper.keywords)),
        sentences=[sentence for where, claim in claims for sentence in _sentences(where, claim, markers)],
        quotes=[_quote(evidence, language, markers) for _, claim in claims for evidence in claim.evidence],
        why=list(note.why),
        changes=list(note.changes),
        withdrawn=[("paper.withdrawn", paper.withdrawn)],
    )


_Markers = Mapping[tuple[str, int, int], str]


def _markers(note: Note) -> _Markers:
    """The marker of each place that is quoted: the one that most of its quotations have and no other place's; where
    two with other words have only the same, the one that is quoted less has one with ``_STRAY`` at its end."""
    told: dict[tuple[str, int, int], Counter[str]] = {}
    words: dict[tuple[str, int, int], str] = {}
    for _, evidence in _evidence(note):
        words[_place(evidence)] = evidence.quote
        told.setdefault(_place(evidence), Counter())[evidence.marker] += 1
    places = Counter(marker for counts in told.values() for marker in counts)
    markers: dict[tuple[str, int, int], str] = {}
    for place in sorted(told, key=lambda place: (-told[place].total(), place)):
        marker = max(told[place], key=lambda one: (told[place][one], -places[one]))
        while any(words[other] != words[place] for other, taken in markers.items() if taken == marker):
            marker += _STRAY
        markers[place] = marker
    return markers


def _place(evidence: Evidence) -> tuple[str, int, int]:
    return evidence.chunk_id, evidence.start, evidence.end


def _sentences(where: str, claim: Claim, markers: _Markers) -> Iterator[ReadSentence]:
    """The sentence that a verdict is about, and its translation where there is one."""
    marks = [markers[_place(evidence)] for evidence in claim.evidence]
    doubt = "" if claim.verdict in (None, "verbatim", "supported") else str(claim.verdict)
    verbatim = claim.verdict in (None, "verbatim")
    verified = one_line(claim.text_verified or claim.text)
    yield ReadSentence(where=where, text=verified, marks=marks, doubt=doubt, verbatim=verbatim)
    if claim.text_verified is not None:
        yield ReadSentence(where=f"{where}, translated", text=one_line(claim.text), marks=marks, doubt=doubt)


def _quote(evidence: Evidence, language: Language, markers: _Markers) -> ReadQuote:
    return ReadQuote(
        marker=markers[_place(evidence)],
        place=page_of(language, evidence) or label(language, "record"),
        text=one_line(evidence.quote),
    )


def _check_record(told: Paper, known: Paper, tally: CheckTally) -> None:
    """Fields of the record that a page does not print; a record that says nothing says nothing wrong."""
    for name in _SCALARS:
        found, expected = getattr(told, name), getattr(known, name)
        same_version = told.version == known.version or name != "updated"
        if found is not None and same_version:
            tally.checked += 1
            if found != expected:
                kind = "date" if name in ("published", "updated") else name
                tally.add(kind, str(wire.to_data(found)), str(wire.to_data(expected)), where=f"paper.{name}")
    if told.comment is not None:
        tally.look("comment", told.comment, known.comment or "", where="paper.comment")
    if told.affiliation is not None:
        expected_text = known.affiliation.text if known.affiliation else "not stated"
        tally.look("affiliation", told.affiliation.text, expected_text, where="paper.affiliation")
    for name, kind in (("announced", "date"), ("categories", "categories")):
        expected_values = list(getattr(known, name))
        for value in getattr(told, name):
            tally.checked += 1
            if value not in expected_values:
                tally.add(kind, str(value), ", ".join(map(str, expected_values)), where=f"paper.{name}")
    for alias in told.aliases if told.version == known.version else ():
        tally.checked += 1
        if alias not in (known.id, *known.aliases):
            tally.add("id", alias, ", ".join(known.aliases), where="paper.aliases")
    if told.id != known.id and told.id not in known.aliases and not told.id.startswith("arxiv:"):
        tally.add("id", told.id, known.id, where="paper.id")


def _check_evidence(note: Note, paper: Paper, sources: Sources, tally: CheckTally) -> None:
    """Spans, pages, boxes and owners of the quotations; a chunk that is no more cannot be asked."""
    chunks = {chunk.id: chunk for chunk in sources.chunks(paper.id)}
    _check_markers(note, chunks, tally)
    for where, evidence in _evidence(note):
        tally.checked += 1
        if evidence.paper_id not in (paper.id, *paper.aliases):
            tally.add("id", evidence.paper_id.removeprefix("arxiv:"), paper.id.removeprefix("arxiv:"), where=where)
        if evidence.version is not None and note.paper.version is not None and evidence.version > note.paper.version:
            tally.add("version", f"v{evidence.version}", f"v{note.paper.version}", where=where)
        chunk = chunks.get(evidence.chunk_id)
        if chunk is not None and evidence.quote:
            _check_span(evidence, chunk, sources, tally, where=where)


def _check_markers(note: Note, chunks: Mapping[str, Chunk], tally: CheckTally) -> None:
    """A quotation has one marker, and a chunk's name is that of a chunk: as long as others of the note still are."""
    cited, markers = list(_evidence(note)), _markers(note)
    known = sum(evidence.chunk_id in chunks for _, evidence in cited)
    for where, evidence in cited:
        if evidence.chunk_id not in chunks and known * 2 > len(cited):
            true = next((c.id for c in chunks.values() if c.text[evidence.start : evidence.end] == evidence.quote), "")
            tally.add("id", evidence.chunk_id, true or "a chunk of the paper", where=where)
        if (marker := markers[_place(evidence)]) != evidence.marker:
            expected = marker if not marker.endswith(_STRAY) else "a marker that no other quotation has"
            tally.add("mark", evidence.marker, expected, where=where)


def _check_span(evidence: Evidence, chunk: Chunk, sources: Sources, tally: CheckTally, *, where: str) -> None:
    start, end = evidence.start, evidence.end
    if chunk.text[start:end] != evidence.quote or end - start != len(evidence.quote):
        at = chunk.text.find(evidence.quote)
        if at < 0:
            return  # not its words: told already
        for name, found, expected in (("start", start, at), ("end", end, at + len(evidence.quote))):
            if found != expected:
                tally.add("number", str(found), str(expected), where=f"{where}, {name}")
        start, end = at, at + len(evidence.quote)
    page, boxes = sources.place_of(chunk, start, end)
    if evidence.page != page and (evidence.page is None or page is None):
        tally.add("page", str(evidence.page), str(page), where=where)
    if evidence.boxes and evidence.boxes != boxes:
        tally.add("boxes", str(wire.to_data(evidence.boxes)), str(wire.to_data(boxes)), where=where)


def _check_figures(note: Note, paper: Paper, sources: Sources, tally: CheckTally) -> None:
    """Figures are those that were cut from the stored PDF."""
    known = sources.figures(paper.id)
    for figure in note.figures if known is not None else ():
        tally.checked += 1
        true = (known or {}).get(figure.file)
        if true is None:
            tally.add("figure", figure.file, "a figure cut from the stored PDF", where=figure.label)
            continue
        if figure.page != true.page:
            tally.add("page", str(figure.page), str(true.page), where=figure.label)
        if figure.label != true.label:
            tally.look("figure", figure.label, true.label, where="figures")
        tally.look("caption", figure.caption, true.caption, where=figure.label)
        if replace(figure.box, page=true.box.page) != true.box:
            tally.add("boxes", str(wire.to_data(figure.box)), str(wire.to_data(true.box)), where=figure.label)


def _evidence(note: Note) -> Iterator[tuple[str, Evidence]]:
    claims: Sequence[tuple[str, Claim]] = note_claims(note)
    for where, claim in claims:
        for evidence in claim.evidence:
            yield f"{where}, evidence [{evidence.marker}]", evidence
