"""Digests for the tests of rendering: the five papers of the demo with notes made of their abstracts' own sentences."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from importlib import resources
from itertools import count
from pathlib import Path

from kb.index.catalog.matching import Known, merge
from kb.records import (
    Box,
    Claim,
    Conclusion,
    Digest,
    DigestCounts,
    Evidence,
    FieldStatus,
    Figure,
    Fulltext,
    Item,
    MadeWith,
    Note,
    Paper,
    Reason,
)
from kb.sources import jsonl
from kb.text import sentence_spans

DAY = date(2024, 3, 4)
RECORDS = Path(str(resources.files("kb") / "demo" / "records.jsonl"))
FIELDS = ("summary", "takeaways", "background", "past_methods", "method", "results")


def png(seed: str) -> bytes:
    """A small real picture, another for each seed."""
    shade = hashlib.sha256(seed.encode()).digest()[0]
    rows = b"".join(b"\x00" + bytes([shade]) * 4 for _ in range(3))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 4, 3, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


PICTURE = png("one")
PICTURE_KEY = hashlib.sha256(PICTURE).hexdigest() + ".png"


def read_file(key: str) -> bytes:
    """The pictures of the tests, by key."""
    assert key == PICTURE_KEY
    return PICTURE


def seed_papers() -> list[Paper]:
    """The five records that come with the package, as the catalog would merge them."""
    papers = []
    for item in jsonl.read(RECORDS):
        assert isinstance(item, Item)
        assert item.record is not None
        papers.append(merge([Known("", item.record)], keys=item.record.metadata.ids))
    return papers


def note_of(paper: Paper, *, page: int | None = None) -> Note:
    """A note of verbatim sentences of the abstract; ``page`` makes as if they stood in a PDF."""
    claims = list(_claims(paper, page))
    status = {name: FieldStatus(state="extractive" if claims else "not stated") for name in FIELDS}
    return Note(
        paper=paper,
        language="en",
        model=None,
        summary=claims[0] if claims else None,
        takeaways=tuple(claims[1:5]),
        background=tuple(claims[:1]),
        past_methods=tuple(claims[1:2]),
        method=tuple(claims[2:4]),
        results=tuple(claims[-1:]),
        conclusion=Conclusion(performance=tuple(claims[-1:])),
        status=status,
    )


def _claims(paper: Paper, page: int | None) -> Iterator[Claim]:
    for number, (start, end) in zip(count(1), sentence_spans(paper.abstract)):
        quote = paper.abstract[start:end]
        evidence = Evidence(
            marker=str(number),
            paper_id=paper.id,
            version=paper.version,
            chunk_id=f"{paper.id}#abstract",
            start=start,
            end=end,
            quote=quote,
            page=page,
        )
        yield Claim(text=quote, verdict="verbatim", verdict_reason="it is a quotation", evidence=(evidence,))


FULL_TEXT = ("The method keeps one buffer for each layer.", "Training took nine days on one machine.")
"""Sentences that the abstracts do not have."""


def of_full_text(note: Note) -> Note:
    """The note as if the whole text had been read: its method has two sentences that the abstract has not."""
    own = tuple(
        Claim(
            text=text,
            verdict="verbatim",
            verdict_reason="it is a quotation",
            evidence=(
                Evidence(
                    marker=str(number),
                    paper_id=note.paper.id,
                    version=note.paper.version,
                    chunk_id=f"{note.paper.id}#2",
                    start=0,
                    end=len(text),
                    quote=text,
                    page=4,
                ),
            ),
        )
        for number, text in enumerate(FULL_TEXT, start=51)
    )
    paper = replace(note.paper, fulltext=Fulltext(state="full"))
    status = {
        **note.status,
        "past_methods": FieldStatus(state="not stated"),
        "conclusion.innovation": FieldStatus(state="failed", reason=(Reason(kind="as-stated", values={"text": "x"}),)),
    }
    return replace(note, paper=paper, method=(*note.method, *own), past_methods=(), status=status)


def with_figure(note: Note) -> Note:
    """The note with one picture."""
    figure = Figure(
        label="Figure 1",
        kind="figure",
        caption='Figure 1: A "caption" with {{ braces }} & <tags>.',
        page=2,
        box=Box(page=2, x0=1.0, y0=2.0, x1=3.0, y1=4.0),
        file=PICTURE_KEY,
    )
    return replace(note, figures=(figure,))


def digest_of(notes: Iterable[Note], **changes: object) -> Digest:
    """A digest of these notes on the day of the demo."""
    entries = tuple(notes)
    digest = Digest(
        topic=None,
        query="",
        since=DAY,
        until=DAY,
        made_with=MadeWith(version="0", encoder="none"),
        counts=DigestCounts(found=len(entries), new=len(entries)),
        entries=entries,
    )
    return replace(digest, **changes)  # type: ignore[arg-type]
