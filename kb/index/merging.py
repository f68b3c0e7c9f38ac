"""From what the sources say of a paper to the one record that people see, field by field, with provenance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

from kb.ids import fold, record_key, title_key
from kb.records import Fulltext, Link, Metadata, Paper

# Who is believed first. The user decides; arXiv is the registry; records and bibliographies were curated by
# somebody; what a program read off a page comes last.
TRUST = ("user", "arxiv", "jsonl", "bibtex", "html", "pdf", "text")
_TELLING_CHARACTERS = 12
_SCHEMES = ("arxiv:", "doi:", "record:", "file:")
_SINGLE = (
    "title", "authors", "abstract", "categories", "comment", "published", "updated",
    "license", "venue", "url", "withdrawn", "affiliation", "keywords",
)  # fmt: skip


def strength(key: str) -> int:
    """0 for the strongest kind of id (``arxiv:``), growing as ids say less about a paper's identity."""
    return next((rank for rank, scheme in enumerate(_SCHEMES) if key.startswith(scheme)), len(_SCHEMES))


def derived_keys(metadata: Metadata) -> list[str]:
    """Keys made of what a record states, the stronger first: how ids of one paper find each other.

    Its ``record:`` key (title and all authors) and its ``title:`` key (title and the first author's family name);
    none for a record without authors, or with a title that many papers may have ("Introduction").
    """
    if not metadata.title or not metadata.authors or len(fold(metadata.title)) < _TELLING_CHARACTERS:
        return []
    return [record_key(metadata.title, metadata.authors), title_key(metadata.title, metadata.authors[0])]


def conflicting(ours: Iterable[str], theirs: Iterable[str], registries: Sequence[str] = ("arxiv:", "doi:")) -> bool:
    """Whether two sets of ids name different papers: different ids of the same registry."""
    mine, other = set(ours), set(theirs)
    for scheme in registries:
        a = {key for key in mine if key.startswith(scheme)}
        b = {key for key in other if key.startswith(scheme)}
        if a and b:
            return not a & b
    return False


def one_eprint(metadata: Metadata) -> Metadata:
    """The metadata with the first of its arXiv ids only: a paper has one, a second one is somebody's mistake."""
    first = next((key for key in metadata.ids if key.startswith("arxiv:")), None)
    return replace(metadata, ids=tuple(k for k in metadata.ids if k == first or not k.startswith("arxiv:")))


def newer(known: Metadata, given: Metadata) -> Metadata:
    """What a source says now, over what it said before: an older version does not undo a newer one, and silence
    (None) does not undo a statement; announced days add up."""
    old, new = (given, known) if (given.version or 0) < (known.version or 0) else (known, given)
    values = {f.name: getattr(new, f.name) for f in fields(Metadata) if getattr(new, f.name) is not None}
    if old.announced and new.announced and old.announced_from == new.announced_from:
        values["announced"] = tuple(sorted({*old.announced, *new.announced}))
    elif old.announced and old.announced_from != "computed" and new.announced_from == "computed":
        values["announced"], values["announced_from"] = old.announced, old.announced_from
    values["ids"] = tuple(dict.fromkeys([*new.ids, *old.ids]))
    return replace(old, **values)


def overlaid(below: Metadata, above: Metadata) -> Metadata:
    """Two users' decisions as one: what ``above`` leaves open stands as ``below`` says."""
    stated = {f.name: value for f in fields(Metadata) if (value := getattr(above, f.name)) not in (None, ())}
    return replace(below, **stated)


def merge(
    contributions: Sequence[Metadata], *, aliases: Iterable[str], tags: Iterable[str], private: bool, fulltext: Fulltext
) -> Paper:
    """The merged record. Deterministic: it depends on the contributions, not on the order in which they came.

    Of arXiv's and the records' contributions the newer version is believed first. Announced days and links are
    united; every other field comes whole from the first source that states it.
    """
    ranked = sorted(contributions, key=_rank)
    keys = sorted(set(aliases), key=lambda key: (strength(key), key))
    values: dict[str, Any] = {}
    provenance: dict[str, str] = {}
    for name in _SINGLE:
        for metadata in ranked:
            value = getattr(metadata, name)
            if value is not None and value != () and value != "":
                values[name] = value
                provenance[name] = metadata.source
                break
    versions = [(m.version, m.source) for m in ranked if m.version is not None]
    if versions:
        values["version"], provenance["version"] = max(versions, key=lambda pair: pair[0])
    _unite_days(ranked, values, provenance)
    _unite_links(ranked, values, provenance)
    values.setdefault("title", _untitled(keys))
    return Paper(
        id=keys[0],
        aliases=tuple(keys[1:]),
        tags=tuple(sorted(set(tags))),
        private=private,
        fulltext=fulltext,
        provenance=dict(sorted(provenance.items())),
        **values,
    )


def _rank(metadata: Metadata) -> tuple[int, int, int, str]:
    registered = metadata.source in ("arxiv", "jsonl")
    group = 0 if metadata.source == "user" else 1 if registered else 2
    return (group, -(metadata.version or 0) if registered else 0, TRUST.index(metadata.source), metadata.source)


def _unite_days(ranked: Sequence[Metadata], values: dict[str, Any], provenance: dict[str, str]) -> None:
    stated = [m for m in ranked if m.announced]
    # A computed day is a guess: it counts only when nobody was told a day.
    told = [m for m in stated if m.announced_from != "computed"] or stated
    if told:
        values["announced"] = tuple(sorted({day for m in told for day in m.announced or ()}))
        values["announced_from"] = told[0].announced_from
        provenance["announced"] = told[0].source


def _unite_links(ranked: Sequence[Metadata], values: dict[str, Any], provenance: dict[str, str]) -> None:
    links: dict[str, Link] = {}
    for metadata in ranked:
        for link in metadata.links or ():
            links.setdefault(link.url.rstrip("/"), link)
            provenance.setdefault("links", metadata.source)
    if links:
        values["links"] = tuple(links.values())


def _untitled(keys: Sequence[str]) -> str:
    return f"Untitled ({keys[0]})"
