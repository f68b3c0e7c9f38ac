"""The data of a page against the catalog and the stored text, field by field; data that were altered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import SequenceMatcher
from typing import Any, Protocol

from kb.ids import plain_words
from kb.literals import missing
from kb.records import (
    CONCLUSION_PARTS,
    NOTE_FIELDS,
    Box,
    Chunk,
    Claim,
    Digest,
    Evidence,
    Fault,
    Figure,
    Note,
    Paper,
    Reason,
    Topic,
    Unchecked,
    Verification,
    Version,
)
from kb.text import one_line
from kb.verifying.comparing import flat, pieces, shortened, told_as_text

OF_VERSIONS = ("title", "authors", "abstract", "comment", "withdrawn")
"""What is stored of each version of a paper."""
_OF_THE_LIBRARY = ("tags", "collections", "private", "provenance", "fulltext", "sources", "names")
"""What a record has of its library and not of the paper; names are the authors once more, in parts."""
_OF_THE_TEXT = ("links", "affiliation", "affiliations", "keywords")
"""What the full text adds to a record."""
_OF_THE_TOPIC = (
    "example", "query", "asks-nothing", "says", "by", "in", "cross-listed",
)  # fmt: skip
"""Reasons that topic and record give again."""
_REPEATED = 20  # a value stands several times in one part of a page, and is told once


class Sources(Protocol):
    """What verifying asks of the library."""

    def paper(self, name: str) -> Paper | None:
        """The paper of an id."""
        ...

    def titled(self, title: str) -> Sequence[Paper]:
        """The papers whose titles are most like this one."""
        ...

    def versions(self, paper_id: str) -> Sequence[Version]:
        """The versions of a paper that were seen."""
        ...

    def chunks(self, paper_id: str) -> Sequence[Chunk]:
        """The stored text of a paper."""
        ...

    def place_of(self, chunk: Chunk, start: int, end: int) -> tuple[int | None, tuple[Box, ...]]:
        """The page on which a part of a chunk begins, and its boxes."""
        ...

    def figures(self, paper_id: str) -> Mapping[str, Figure] | None:
        """The figures of the stored PDF by their file; None where none were cut."""
        ...

    def has_file(self, key: str) -> bool:
        """Whether a picture is there, in the home or beside the page, with the content that its key says."""
        ...

    def address(self, paper: Paper) -> str | None:
        """Where pages say that a paper stands, whatever the version."""
        ...

    def topic(self, name: str) -> Topic | None:
        """The topic of that name."""
        ...

    def reasons(self, topic: Topic, paper: Paper) -> Sequence[Reason]:
        """Why a topic has a paper, as far as both alone say."""
        ...

    def changes(self, old: Version, new: Paper) -> Sequence[Reason]:
        """What is new in a record since a version."""
        ...


@dataclass(slots=True)
class Findings:
    """What is found of the entries of a page, one after another."""

    entry: str = "page"
    checked: int = 0
    faults: dict[Fault, None] = field(default_factory=dict)
    remarks: dict[Fault, None] = field(default_factory=dict)
    unchecked: list[Unchecked] = field(default_factory=list)

    def same(self, name: str, found: Any, expected: Any, *, where: str) -> bool:
        """Look at one value; where it differs the pieces that do are faults."""
        self.checked += 1
        if found == expected:
            return True
        for one, other in pieces(found, expected):
            self.fault(name, one, other, where=where)
        return False

    def fault(self, name: str, found: str, expected: str, *, where: str) -> None:
        """Something wrong."""
        self.faults[Fault(entry=self.entry, field=name, found=found, expected=expected, where=where)] = None

    def since(self, name: str, found: Any, now: Any, *, where: str) -> None:
        """Something that the catalog has otherwise by now."""
        for one, other in pieces(found, now):
            self.remarks[Fault(entry=self.entry, field=name, found=one, expected=other, where=where)] = None

    def cannot(self, name: str, found: Any, why: Reason, *, where: str) -> None:
        """Something that cannot be decided."""
        told = shortened(told_as_text(found))
        cannot = Unchecked(entry=self.entry, field=name, found=told, why=why, where=where)
        if cannot not in self.unchecked[-_REPEATED:]:
            self.unchecked.append(cannot)

    def result(self) -> Verification:
        """All of it."""
        return Verification(
            faults=tuple(self.faults),
            remarks=tuple(self.remarks),
            unchecked=tuple(self.unchecked),
            checked=self.checked,
        )


def because(kind: str, **values: str) -> Reason:
    """Why something cannot be checked."""
    return Reason(kind=kind, values=values)


def check_data(made: Digest | Note, sources: Sources) -> Verification:
    """Data whose making nobody remembers against catalog and stored text."""
    findings = Findings()
    notes = made.entries if isinstance(made, Digest) else (made,)
    topic = sources.topic(made.topic) if isinstance(made, Digest) and made.topic else None
    is_public = isinstance(made, Digest) and made.audience == "public"
    for number, note in enumerate(notes):
        findings.entry = note.paper.id
        where = f"entries[{number}]" if isinstance(made, Digest) else ""
        _NoteCheck(note, sources, findings, where=where).run(topic=topic, is_public=is_public)
    findings.entry = "page"
    if isinstance(made, Digest):
        _check_whole(made, sources, topic, findings)
    return findings.result()


def changed_since(made: Digest | Note, sources: Sources) -> tuple[Fault, ...]:
    """What the catalog has otherwise by now than data that were true when they were made."""
    findings = Findings()
    for number, note in enumerate(made.entries if isinstance(made, Digest) else (made,)):
        told = note.paper
        findings.entry, where = told.id, f"entries[{number}].paper" if isinstance(made, Digest) else "paper"
        known = sources.paper(told.id)
        if known is None:
            findings.since("paper", told.title, "no paper of the library", where=where)
            continue
        for name in (one.name for one in fields(Paper)):
            if name in _OF_THE_LIBRARY or (name in _OF_THE_TEXT and told.fulltext != known.fulltext):
                continue
            if getattr(told, name) != getattr(known, name) and name not in ("aliases", "announced", "announced_from"):
                findings.since(name, getattr(told, name), getattr(known, name), where=f"{where}.{name}")
    return tuple(findings.remarks)


# ------------------------------------------------------------------------------------- the whole of a digest


def _check_whole(made: Digest, sources: Sources, topic: Topic | None, findings: Findings) -> None:
    """Counts, topic and period, and the papers that are named without a note."""
    counts = made.counts
    by_state = {state: sum(note.state == state for note in made.entries) for state in ("new", "updated", "withdrawn")}
    if all(note.state for note in made.entries):
        for state in ("new", "updated"):
            findings.same(f"counts.{state}", getattr(counts, state), by_state[state], where=f"counts.{state}")
    else:  # the first edition counted what was withdrawn among the new ones
        findings.same("counts.new", counts.new + counts.updated, len(made.entries), where="counts")
    parts = sum(getattr(counts, one.name) for one in fields(counts) if one.name != "found")
    findings.same("counts.found", counts.found, parts, where="counts.found")
    named = len(made.entries) + len(made.also_matched) + len(made.skipped)
    if made.audience == "self":
        findings.same("counts.found", counts.found, named, where="entries, also_matched, skipped")
    versions = [(note.paper.id, note.paper.version) for note in made.entries]  # of several days it may have two
    for key, _ in dict.fromkeys(one for one in versions if versions.count(one) > 1):
        findings.fault("entries", key, "each paper once", where="entries")
    if made.topic and topic is None:
        findings.cannot("topic", made.topic, because("topic-not-here"), where="topic")
    elif topic is not None:
        findings.checked += 1
        if made.query != topic.query:
            findings.cannot("query", made.query, because("topic-changed"), where="query")
    if made.since > made.until:
        findings.fault("since", made.since.isoformat(), f"no later than {made.until}", where="since")
    for number, cut in enumerate(made.also_matched):
        _check_named(cut.paper_id, cut.title, cut.url, sources, findings, where=f"also_matched[{number}]")
    for number, left in enumerate(made.skipped):
        _check_named(left.paper_id, left.title, left.url, sources, findings, where=f"skipped[{number}]")


def _check_named(key: str, title: str, url: str | None, sources: Sources, findings: Findings, *, where: str) -> None:
    known = sources.paper(key)
    if known is None:
        findings.cannot("paper_id", key, because("paper-not-here"), where=where)
        return
    titles = {known.title, *(version.title for version in sources.versions(known.id))}
    if title and title not in titles:
        findings.same("title", title, known.title, where=f"{where}.title")
    address = sources.address(known)
    if url is not None:
        findings.same("url", url, address, where=f"{where}.url")


# ------------------------------------------------------------------------------------------- one note


class _NoteCheck:
    """One note against the record of its paper, in the version that it shows, and the stored text."""

    def __init__(self, note: Note, sources: Sources, findings: Findings, *, where: str) -> None:
        self._note, self._sources, self._findings = note, sources, findings
        self._where = where

    def run(self, *, topic: Topic | None, is_public: bool) -> None:
        """Look everything up."""
        note, findings = self._note, self._findings
        known = self._known()
        self._abstract(note.paper)
        self._states()
        self._markers(is_public=is_public)
        for place, claim in _claims(note):
            self._claim(place, claim)
        if note.title_translated:
            findings.cannot(
                "title_translated", note.title_translated, because("translation"), where=self._at("title_translated")
            )
        if known is None:
            findings.cannot("paper", note.paper.title, because("paper-not-here"), where=self._at("paper"))
            return
        self._record(known)
        self._evidence(known)
        self._figures(known)
        self._reasons(known, topic)

    def _at(self, place: str) -> str:
        return f"{self._where}.{place}".strip(".")

    def _known(self) -> Paper | None:
        """The paper of the note's id, else the one with its title and authors: then the id is wrong."""
        told = self._note.paper
        known = self._sources.paper(told.id)
        others = [
            paper
            for paper in self._sources.titled(told.title)
            if plain_words(paper.title) == plain_words(told.title) and paper.authors == told.authors
        ]
        if others and (known is None or (known.id not in [one.id for one in others] and known.title != told.title)):
            self._findings.fault("id", told.id, others[0].id, where=self._at("paper.id"))
            return others[0]
        return known

    # ---------------------------------------------------------------------------------------- the record

    def _record(self, known: Paper) -> None:
        told = self._note.paper
        same = told.version == known.version
        version = next((one for one in self._sources.versions(known.id) if one.version == told.version), None)
        if not same and version is None:
            self._findings.cannot(
                "version", told.version, because("version-not-stored"), where=self._at("paper.version")
            )
        for name in (one.name for one in fields(Paper)):
            if name in _OF_THE_LIBRARY or name in ("id", "version"):
                continue
            where, found, expected = self._at(f"paper.{name}"), getattr(told, name), getattr(known, name)
            if not same and version is not None and name in OF_VERSIONS:
                self._versioned(name, found, getattr(version, name), where=where)
            elif found == expected:
                self._findings.checked += 1
            else:
                self._differing(name, found, expected, known, same=same, where=where)

    def _versioned(self, name: str, found: Any, stored: Any, *, where: str) -> None:
        if name == "comment" and stored is None:  # a feed knows no comment
            return
        self._findings.same(name, found, stored, where=where)

    def _differing(self, name: str, found: Any, now: Any, known: Paper, *, same: bool, where: str) -> None:
        """A field that is not as the record has it now: wrong, true then, or nobody knows."""
        findings, told = self._findings, self._note.paper
        if name == "aliases":
            strange = [key for key in found if key not in (known.id, *known.aliases)]
            for key in strange:
                other = self._sources.paper(key)
                if other is not None:
                    findings.fault("aliases", key, ", ".join((known.id, *known.aliases)), where=where)
                else:
                    findings.cannot("aliases", key, because("id-not-here"), where=where)
        elif name == "announced" and set(found) <= set(now):
            findings.checked += 1
        elif (name == "withdrawn" and known.withdrawn) or known.provenance.get(name) == "user":
            findings.since(name, found, now, where=where)
        elif not same:
            findings.cannot(name, found, because("version-not-stored"), where=where)
        elif name in _OF_THE_TEXT and told.fulltext != known.fulltext:
            findings.cannot(name, found, because("read-otherwise"), where=where)
        else:
            findings.same(name, found, now, where=where)

    # ---------------------------------------------------------------------------------------- the note

    def _abstract(self, paper: Paper) -> None:
        """The sentences of the abstract are the abstract."""
        told = self._note.abstract_sentences
        if told:
            found, expected = " ".join(one.text for one in told), paper.abstract
            self._findings.checked += len(told)
            if "".join(found.split()) != "".join(expected.split()):
                self._findings.same(
                    "abstract_sentences", one_line(found), one_line(expected), where=self._at("abstract_sentences")
                )

    def _states(self) -> None:
        """A field with sentences is neither failed nor not stated, and each state is of a field that there is."""
        note, findings = self._note, self._findings
        for name in NOTE_FIELDS:
            key = f"conclusion.{name}" if name in CONCLUSION_PARTS else name
            status = note.status.get(key)
            findings.checked += 1
            if status is not None and status.state in ("not stated", "failed") and note.field(name).claims:
                findings.fault(
                    f"status.{key}",
                    status.state,
                    "the state of a field that has sentences",
                    where=self._at(f"status.{key}"),
                )

    def _markers(self, *, is_public: bool) -> None:
        """Each quotation has one marker and each marker one quotation; none is passed over."""
        places: dict[str, tuple[str, int, int]] = {}
        markers: dict[tuple[str, int, int], str] = {}
        for where, claim in _claims(self._note):
            for proof in claim.evidence:
                place = (proof.chunk_id, proof.start, proof.end)
                self._findings.checked += 1
                if (
                    places.setdefault(proof.marker, place) != place
                    or markers.setdefault(place, proof.marker) != proof.marker
                ):
                    expected = markers.get(place, "a marker that no other quotation has")
                    self._findings.fault("marker", proof.marker, expected, where=self._at(where))
        wanted = {str(number) for number in range(1, len(places) + 1)}
        for marker in sorted(set(places) - wanted) if not is_public else ():
            self._findings.fault("marker", marker, f"one of 1 to {len(places)}", where=self._at("evidence"))

    def _claim(self, place: str, claim: Claim) -> None:
        """A quotation is what it quotes; a statement has no number and no address that its quotations lack."""
        findings, where = self._findings, self._at(place)
        findings.checked += 1
        quotes = [proof.quote for proof in claim.evidence if proof.quote]
        said = claim.text_verified or claim.text
        if not claim.evidence:
            findings.fault("evidence", shortened(claim.text), "a sentence with its evidence", where=where)
        elif not quotes:
            findings.cannot(place.partition("[")[0], claim.text, because("quotation-withheld"), where=where)
        elif claim.verdict in (None, "verbatim"):
            if not _is_quoted(said, quotes):
                nearest = max(quotes, key=lambda quote: SequenceMatcher(None, said, quote).quick_ratio())
                findings.same(place.partition("[")[0], flat(said), flat(nearest), where=where)
        elif claim.verdict in ("supported", "partly"):
            absent = missing(said, "\n".join(quotes))
            for one in (*absent.numbers, *absent.addresses):
                findings.fault(place.partition("[")[0], one, "in its evidence", where=where)
        if claim.text_verified is not None:
            for one in missing(claim.text, "\n".join([claim.text_verified, *quotes])).numbers:
                findings.fault(place.partition("[")[0], one, f"as in {shortened(claim.text_verified)}", where=where)

    def _evidence(self, known: Paper) -> None:
        chunks = {chunk.id: chunk for chunk in self._sources.chunks(known.id)}
        cited = [(where, proof) for where, claim in _claims(self._note) for proof in claim.evidence]
        present = sum(proof.chunk_id in chunks for _, proof in cited)
        for where, proof in cited:
            self._findings.checked += 1
            if proof.paper_id not in (known.id, *known.aliases, self._note.paper.id):
                self._findings.fault("evidence.paper_id", proof.paper_id, known.id, where=self._at(where))
            chunk = chunks.get(proof.chunk_id)
            if chunk is not None:
                self._span(proof, chunk, where=self._at(where))
            else:
                self._strange(proof, chunks, known, is_alone=present * 2 > len(cited), where=self._at(where))

    def _span(self, proof: Evidence, chunk: Chunk, *, where: str) -> None:
        """A quotation stands in its chunk where it says, on the page and in the boxes that it says."""
        findings, start, end = self._findings, proof.start, proof.end
        if proof.quote and chunk.text[start:end] != proof.quote:
            at = chunk.text.find(proof.quote)
            if at < 0:
                findings.same("quote", proof.quote, chunk.text[start:end], where=where)
                return
            findings.same("start", start, at, where=where)
            findings.same("end", end, at + len(proof.quote), where=where)
            start, end = at, at + len(proof.quote)
        page, boxes = self._sources.place_of(chunk, start, end)
        findings.same("page", proof.page, page, where=where)
        if proof.boxes and proof.boxes != boxes:
            findings.same("boxes", proof.boxes, boxes, where=where)

    def _strange(
        self, proof: Evidence, chunks: Mapping[str, Chunk], known: Paper, *, is_alone: bool, where: str
    ) -> None:
        """A quotation of a chunk that is not there: of another reading, where most of the others are, too."""
        holders = (
            [chunk for chunk in chunks.values() if one_line(proof.quote) in one_line(chunk.text)] if proof.quote else []
        )
        if is_alone and not proof.earlier_reading:
            expected = holders[0].id if holders else "a passage of the paper"
            self._findings.fault("chunk_id", proof.chunk_id, expected, where=where)
        elif not holders:
            state = known.fulltext.state
            why = because("full-text-not-read") if state == "none" else because("read-otherwise")
            self._findings.cannot("quote", proof.quote, why, where=where)

    def _figures(self, known: Paper) -> None:
        stored = self._sources.figures(known.id)
        for number, figure in enumerate(self._note.figures):
            where = self._at(f"figures[{number}]")
            self._findings.checked += 1
            if not self._sources.has_file(figure.file):
                self._findings.cannot("figures.file", figure.file, because("picture-not-here"), where=where)
            if not stored:
                self._findings.cannot("figures", figure.label, because("figures-not-cut"), where=where)
            elif (true := stored.get(figure.file)) is None:
                self._findings.cannot("figures", figure.label, because("read-otherwise"), where=where)
            else:
                for one in fields(Figure):
                    self._findings.same(
                        f"figures.{one.name}", getattr(figure, one.name), getattr(true, one.name), where=where
                    )

    def _reasons(self, known: Paper, topic: Topic | None) -> None:
        """Why it is there, and what changed, as topic, record and versions say it again."""
        note, findings = self._note, self._findings
        at_version = replace(known, **{name: getattr(note.paper, name) for name in OF_VERSIONS})
        again = self._sources.reasons(topic, at_version) if topic is not None else ()
        for number, reason in enumerate(note.why):
            findings.checked += 1
            if reason.kind not in _OF_THE_TOPIC or topic is None:
                findings.cannot(
                    "why",
                    _said(reason),
                    because("not-kept" if topic else "topic-not-here"),
                    where=self._at(f"why[{number}]"),
                )
            elif reason not in again:
                findings.cannot("why", _said(reason), because("topic-changed"), where=self._at(f"why[{number}]"))
        if not note.changes:
            return
        older = [one for one in self._sources.versions(known.id) if one.version < (note.paper.version or 0)]
        possible = [reason for version in older for reason in self._sources.changes(version, at_version)]
        for number, reason in enumerate(note.changes):
            findings.checked += 1
            if reason.kind in ("replaces", "replaces-unseen"):
                findings.same(
                    "changes", reason.values.get("new"), str(note.paper.version), where=self._at(f"changes[{number}]")
                )
            elif reason not in possible:
                nearest = [other for other in possible if other.kind == reason.kind]
                if nearest:
                    findings.same("changes", _said(reason), _said(nearest[0]), where=self._at(f"changes[{number}]"))
                else:
                    findings.cannot(
                        "changes", _said(reason), because("version-not-stored"), where=self._at(f"changes[{number}]")
                    )


def _claims(note: Note) -> list[tuple[str, Claim]]:
    """(place, claim) for all sentences of a note in reading order."""
    found = [(name, note.field(name).claims) for name in NOTE_FIELDS]
    return [
        (
            f"conclusion.{name}[{at}]" if name in CONCLUSION_PARTS else name if name == "summary" else f"{name}[{at}]",
            claim,
        )
        for name, claims in found
        for at, claim in enumerate(claims)
    ]


def _is_quoted(said: str, quotes: Sequence[str]) -> bool:
    """Whether a sentence is what its quotations say: one of them or all in a row, whole or without an opener, with a
    capital where it then begins."""
    text = flat(said)
    for quote in (*map(flat, quotes), flat(" ".join(quotes))):
        rest = quote[len(quote) - len(text) :] if len(text) <= len(quote) else ""
        if text in quote or (rest and rest[1:] == text[1:] and rest[:1].upper() == text[:1]):
            return True
    return False


def _said(reason: Reason) -> str:
    return " ".join([reason.kind, *(str(value) for value in reason.values.values())])
