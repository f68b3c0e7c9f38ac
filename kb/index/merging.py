"""From what the sources say of a paper to the one record that people see, field by field, with provenance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import PurePath
from typing import Any

from kb.index.matching import strength
from kb.records import Fulltext, Link, Metadata, Paper, SourceRecord

# Who is believed first. The user decides; arXiv is the registry; records and bibliographies were curated by
# somebody; what a program read off a page comes last.
TRUST = ("user", "arxiv", "jsonl", "bibtex", "csl", "ris", "nbib", "zotero", "html", "pdf", "text")
_SINGLE = (
    "title", "abstract", "categories", "comment", "updated", "license", "venue", "url", "withdrawn", "affiliation",
    "keywords",
)  # fmt: skip
FACTS = tuple(f.name for f in fields(Metadata) if f.name not in ("source", "ids", "proposed"))
"""What a source may state of a paper, and the user may decide."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A source record with its id; what the user decided is one, too, with an empty id."""

    id: str
    record: SourceRecord

    @property
    def said(self) -> Metadata:
        """What it says."""
        return self.record.metadata


def decided(metadata: Metadata) -> Witness:
    """The user's decisions as a witness."""
    return Witness("", SourceRecord(source="user", metadata=metadata))


def merge(
    witnesses: Iterable[Witness],
    *,
    keys: Iterable[str],
    tags: Iterable[str] = (),
    collections: Iterable[str] = (),
    private: bool = False,
    fulltext: Fulltext | None = None,
) -> Paper:
    """The paper that the records are of. It depends on the records alone, not on the order in which they came.

    Of arXiv's and the records' versions the newer is believed first. Announced days and links are united; every
    other field comes whole from the first source that states it; of lists of authors a whole one comes before one
    that ends with "and others".

    Args:
        witnesses: what the sources and the user say.
        keys: the paper's ids; the strongest becomes its id, the others are its aliases.
    """
    ranked = sorted(witnesses, key=_rank)
    ordered = sorted(set(keys), key=lambda key: (strength(key), key))
    values: dict[str, Any] = {}
    provenance: dict[str, str] = {}
    for name in _SINGLE:
        for witness in ranked:
            value = getattr(witness.said, name)
            if value is not None and value != () and value != "":
                values[name] = value
                provenance[name] = witness.record.source
                break
    _take_authors(ranked, values, provenance)
    for witness in ranked:
        if witness.said.published is not None:
            values["published"], values["precision"] = witness.said.published, witness.said.precision
            provenance["published"] = witness.record.source
            break
    versions = [(w.said.version, w.record.source) for w in ranked if w.said.version is not None]
    if versions:
        values["version"], provenance["version"] = max(versions, key=lambda pair: pair[0])
    _unite_days(ranked, values, provenance)
    _unite_links(ranked, values, provenance)
    if "title" not in values:
        values["title"], provenance["title"] = _stand_in(ranked, ordered[0]), "file"
    return Paper(
        id=ordered[0],
        aliases=tuple(ordered[1:]),
        tags=tuple(sorted(set(tags))),
        collections=tuple(sorted(set(collections))),
        private=private,
        fulltext=fulltext or Fulltext(),
        provenance=dict(sorted(provenance.items())),
        **values,
    )


def _rank(witness: Witness) -> tuple[int, int, int, int, str]:
    said, source = witness.said, witness.record.source
    registered = source in ("arxiv", "jsonl")
    group = 0 if source == "user" else 1 if registered else 2
    stated = sum(getattr(said, name) not in (None, ()) for name in FACTS)
    return (group, -(said.version or 0) if registered else 0, TRUST.index(source), -stated, witness.id)


def _take_authors(ranked: Sequence[Witness], values: dict[str, Any], provenance: dict[str, str]) -> None:
    listing = [witness for witness in ranked if witness.said.authors]
    if not listing:
        return
    chosen = next((w for w in listing if w.record.source == "user" or not w.said.et_al), listing[0])
    values["authors"] = chosen.said.authors
    values["names"] = chosen.said.names or ()
    values["et_al"] = bool(chosen.said.et_al)
    provenance["authors"] = chosen.record.source


def _unite_days(ranked: Sequence[Witness], values: dict[str, Any], provenance: dict[str, str]) -> None:
    stated = [witness for witness in ranked if witness.said.announced]
    # A computed day is a guess: it counts only when nobody was told a day.
    told = [w for w in stated if w.said.announced_from != "computed"] or stated
    if told:
        values["announced"] = tuple(sorted({day for w in told for day in w.said.announced or ()}))
        values["announced_from"] = told[0].said.announced_from
        provenance["announced"] = told[0].record.source


def _unite_links(ranked: Sequence[Witness], values: dict[str, Any], provenance: dict[str, str]) -> None:
    links: dict[str, Link] = {}
    registered: set[str] = set()
    for witness in ranked:
        source = witness.record.source
        if source in registered:
            continue  # the links of an older version lead to that version
        if source in ("arxiv", "jsonl") and witness.said.links:
            registered.add(source)
        for link in witness.said.links or ():
            links.setdefault(link.url.rstrip("/"), link)
            provenance.setdefault("links", witness.record.source)
    if links:
        values["links"] = tuple(links.values())


def _stand_in(ranked: Sequence[Witness], key: str) -> str:
    """What a paper without a title is called: the name of its file."""
    names = sorted(PurePath(witness.record.origin).stem for witness in ranked if witness.record.origin)
    return names[0] if names else f"Untitled ({key})"
