"""Papers from BibTeX and BibLaTeX files: what the entries say, what they inherit, whom they name.

Each entry with a title is one item, ``what`` being its citation key; two entries with one key are two items. An entry
that ``crossref`` or ``xdata`` names lends the fields that are missing, and is kept beside the record. PDFs that an
entry's ``file`` field names are items of the same record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kb.errors import BadIdentifier, BadRecord
from kb.ids import doi_key, parse_arxiv_id
from kb.latex import decode_latex, group_end, split_at_top
from kb.links import is_web_address
from kb.names import is_suffix, means_others
from kb.records import Failure, Found, Item, Metadata, Name, PassedOver, SourceRecord
from kb.sources.attachments import stated_in_bibtex, with_files
from kb.sources.bibtex_syntax import Aside, BibtexEntry, read_entries
from kb.sources.exported import Moment, date_of, finer, metadata_of, plain
from kb.sources.stated import is_of_preprints
from kb.text import CONTROL

Fields = dict[str, str]  # lower-case names, values still LaTeX

_NO_PAPERS = frozenset({"set", "xdata", "control", "ieeetranbstctl"})
_NOT_LENT = frozenset({"title", "subtitle", "author", "doi", "url", "eprint", "abstract", "note", "file", "crossref",
                       "xref", "xdata", "pages", "keywords", "ids", "arxivid", "archiveprefix", "eprinttype",
                       "primaryclass", "eprintclass", "howpublished", "editor", "volume", "number"})  # fmt: skip
_CONTROL = re.compile(rf"[{CONTROL}\x0b]")
_ROOM, _TIMES_INHERITED = 2_000_000, 4  # characters of entries inherited from that are kept, over those of the file
_LONGEST_FAMILY = 4  # an entry, its parent, and theirs
_EMBEDDED_ID = re.compile(
    r"(?:arxiv\s*[:.]?\s*|abs/|arxiv\.org/(?:abs|pdf|html)/)"
    r"([a-z-]+(?:\.[A-Z]{2})?/\d{7}(?:v\d+)?|\d{4}\.\d{4,5}(?:v\d+)?)",
    re.I,
)
# What may stand before the id where it is the entry's own: "Comment on arXiv:…" speaks of another paper.
_BEFORE_OWN = re.compile(r"(?:(?:arxiv|corr|abs|e-?prints?|preprints?|available|also|at|as|on|from|url)\W*)*", re.I)
_INITIALS = re.compile(r"(?:[^\W\d_]\.[-\s]?){1,5}|[^\W\d_](?:[-\s][^\W\d_])*")
_AND = r"(?i:\sand(?=\s))"
_ET_AL = re.compile(r"(?:,|\s)\s*et\.?\s+al\.?$", re.IGNORECASE)


def read(text: str, *, path: Path | None = None) -> Iterator[Found]:
    """The entries of a BibTeX text in its order, and a Failure with its line for each that cannot be read.

    Files that entries name are looked for where the file at ``path`` lies; without one they are not looked for.
    """
    name = path.name if path is not None else "bibliography"
    text, control = _CONTROL.subn(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    if control:
        yield PassedOver(what=name, reason=f"{control:,} control characters in it are read as blanks: check the file")
    things = list(read_entries(text))
    if all(isinstance(thing, Aside) for thing in things):
        what = name if path is None else str(path)
        yield Failure(what=what, code="bad-record", reason="it has no entries: expected @article{…} and the like")
    room = _ROOM + _TIMES_INHERITED * len(text)
    parents: dict[str, BibtexEntry] = {}
    lending: set[str] = set()
    for thing in things:
        if isinstance(thing, BibtexEntry):
            if thing.key:
                parents.setdefault(thing.key.lower(), thing)
            lending.update(_lenders(thing))
    for thing in things:
        where = f"{name}:{thing.line}"
        if isinstance(thing, Aside):
            yield PassedOver(what=where, reason=thing.reason)
        elif not isinstance(thing, BibtexEntry):
            yield Failure(what=where, code="bad-record", reason=f"{thing.reason}: correct the entry")
        else:
            for mended in thing.mended:
                yield PassedOver(what=where, reason=f"{thing.key or 'an entry'}: {mended}: read as if it were right")
            if thing.type in _NO_PAPERS:
                yield PassedOver(what=where, reason=f"@{thing.type} {thing.key} is no paper: it serves the others")
            elif thing.type != "proceedings" or thing.key.lower() not in lending:
                folder = path.parent if path is not None else None
                for found in _items(thing, parents, where=where, folder=folder):
                    if isinstance(found, Item) and found.record is not None:
                        room -= len(found.record.parent)
                        if room < 0:
                            reason = "its entries inherit many times what it holds: give them their own fields"
                            yield Failure(what=str(path or name), code="too-large", reason=reason)
                            return
                    yield found


def _items(
    entry: BibtexEntry, parents: Mapping[str, BibtexEntry], *, where: str, folder: Path | None
) -> Iterator[Found]:
    fields, family = _inherited(entry, parents)
    names = read_names(fields.get("author") or fields.get("editor") or "")
    try:
        metadata = _metadata(fields, names)
    except BadRecord as err:
        yield Failure(what=where, code=err.code, reason=f"{entry.key or 'an entry'}: {err}")
        return
    record = SourceRecord(
        source="bibtex",
        key=entry.key,
        type=entry.type,
        fields=entry.fields,
        text=entry.text,
        parent="\n\n".join(parent.text for parent in family),
        metadata=metadata,
    )
    what = entry.key or metadata.ids[0]
    yield from with_files(record, what=what, stated=stated_in_bibtex(entry.fields), folder=folder)
    if names.untold:
        reason = f"the authors of {what} could not be told apart: separate names with 'and'"
        yield PassedOver(what=where, reason=reason)


# ------------------------------------------------------------------------------------- inheritance


def _by_name(entry: BibtexEntry) -> Fields:
    """The fields by name in small letters; of one that is there twice the first that says something."""
    fields: Fields = {}
    for name, value in entry.fields:
        if value.strip():
            fields.setdefault(name.lower(), value)
    return fields


def _lenders(entry: BibtexEntry) -> list[str]:
    """The keys of the entries that this one inherits from; an empty one is none."""
    keys: list[str] = []
    for name, value in entry.fields:
        if name.lower() in ("crossref", "xdata"):
            keys += decode_latex(value).lower().split(",") if name.lower() == "xdata" else [decode_latex(value).lower()]
    return [key.strip() for key in keys[:_LONGEST_FAMILY] if key.strip()]


def _inherited(entry: BibtexEntry, parents: Mapping[str, BibtexEntry]) -> tuple[Fields, list[BibtexEntry]]:
    """The fields with those that parents lend, and these, nearest first; a circle ends where it closes."""
    fields = _by_name(entry)
    family: list[BibtexEntry] = []
    waiting = _lenders(entry)
    while waiting and len(family) < _LONGEST_FAMILY:
        parent = parents.get(waiting.pop(0))
        if parent is None or parent is entry or parent in family or parent.key.lower() == entry.key.lower():
            continue
        family.append(parent)
        lent = _by_name(parent)
        if parent.type == "xdata":
            fields = {**lent, **fields}
        else:
            if "booktitle" not in lent and "title" in lent:
                lent["booktitle"] = lent["title"]
            fields = {**{name: value for name, value in lent.items() if name not in _NOT_LENT}, **fields}
        waiting += _lenders(parent)
    return fields, family


# ------------------------------------------------------------------------------------------ fields


def _metadata(fields: Fields, names: Names) -> Metadata:
    """What the fields of one entry say.

    Raises:
        BadRecord: when there is no title.
    """
    arxiv, version = _arxiv_id(fields)
    url = _url(fields)
    doi = doi_key(_address(fields.get("doi", ""))) or doi_key(url or "")
    primary = _text(fields, "primaryclass") or _text(fields, "eprintclass")
    keywords = _text(fields, "keywords") or _text(fields, "keyword")
    return metadata_of(
        "bibtex",
        title=": ".join(decode_latex(fields[name]) for name in ("title", "subtitle") if fields.get(name)),
        ids=[key for key in (f"arxiv:{arxiv}" if arxiv else None, doi) if key],
        version=version,
        names=names.names,
        et_al=names.et_al,
        date=_published(fields),
        url=url,
        abstract=decode_latex(fields.get("abstract", "")),
        comment=decode_latex(fields.get("note", "")),
        venue=_venue(fields),
        keywords=keywords.split(";" if ";" in keywords else ","),
        categories=(primary,) if primary and arxiv else None,
    )


def _text(fields: Fields, name: str) -> str:
    """A field as people read it: LaTeX first, then the markup that other sources left in it."""
    return plain(decode_latex(fields.get(name, "")))


def _address(text: str) -> str:
    r"""An address or DOI: escapes undone, nothing else (``~`` and ``--`` stay)."""
    bare = re.sub(r"\\url\s*\{([^{}]*)\}", r"\1", text.strip())
    bare = re.sub(r"\\text(?:asciitilde|tildelow)(?:\{\})?|\\~\{\}|\$\\sim\$", "~", bare)
    bare = re.sub(r"\\text(underscore|braceleft|braceright|asciicircum)(?:\{\})?", _named_sign, bare)
    return re.sub(r"\\([_#%&$~{}^])", r"\1", bare).strip("{}<> \t\n").replace("{}", "")


def _named_sign(match: re.Match[str]) -> str:
    return {"underscore": "_", "braceleft": "{", "braceright": "}", "asciicircum": "^"}[match[1]]


def _arxiv_id(fields: Fields) -> tuple[str | None, int | None]:
    """From eprint, else from the places where bibliographies hide it (journal, volume, url, DOI, note)."""
    eprint = _address(fields.get("eprint", ""))
    prefix = fields.get("archiveprefix") or fields.get("eprinttype") or "arxiv"
    candidates = [eprint] if prefix.strip(" {}").lower() == "arxiv" else []
    candidates += [_address(fields.get("arxivid", "") or fields.get("arxiv", ""))]
    for name in ("journal", "volume", "number", "url", "howpublished", "doi", "note", "booktitle", "publisher"):
        value = _address(fields.get(name, ""))
        match = _EMBEDDED_ID.search(value)
        before = re.sub(r"https?://\S*$", "", value[: match.start()]) if match else ""
        if match and (name in ("url", "doi") or _BEFORE_OWN.fullmatch(before)):
            candidates.append(match[1])
    versions = []
    for candidate in candidates:
        try:
            versions.append(parse_arxiv_id(candidate))
        except BadIdentifier:
            continue
    is_stated = bool(candidates[0]) and bool(versions)
    if not versions or (not is_stated and len({identifier for identifier, _ in versions}) > 1):
        return None, None
    identifier = versions[0][0]
    return identifier, next((v for i, v in versions if i == identifier and v is not None), None)


def _url(fields: Fields) -> str | None:
    stated = _address(fields.get("url") or "")
    if not stated and "\\url" in fields.get("howpublished", ""):
        stated = _address(fields["howpublished"])
    return stated if is_web_address(stated) else None


def _published(fields: Fields) -> Moment | None:
    """The ``date``, else the year with what month and day make finer of it."""
    if stated := date_of(decode_latex(fields.get("date", ""))):
        return stated
    year = date_of(fields.get("year"))
    month, day = (decode_latex(fields.get(name, "")).strip() for name in ("month", "day"))
    if year is None or not month:
        return year
    numbers = f"{year.at.year}-{month}-{day}".rstrip("-")
    return finer(year, date_of(numbers if month.isdecimal() else f"{month} {day} {year.at.year}"))


def _venue(fields: Fields) -> str:
    stated = (_text(fields, name) for name in ("journal", "journaltitle", "booktitle", "maintitle"))
    return next((venue for venue in stated if venue and not is_of_preprints(venue)), "")


# ------------------------------------------------------------------------------------------- names


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names in order; ``et_al``: there are more. ``untold`` are lists of names that could not be told apart."""

    names: tuple[Name, ...]
    et_al: bool = False
    untold: tuple[str, ...] = ()


def read_names(value: str) -> Names:
    """``"Li, Muyang and van der Berg, Jr, A. and {OpenAI} and others"``, still LaTeX, as names.

    "and" is known in any case and over line breaks; semicolons part names where there is no "and". Names in a
    row with commas alone are told apart where each has its initials; else they stay one literal name, and untold.
    """
    text = plain(value)
    parts = split_at_top(text, _AND)
    if len(parts) == 1:
        parts = split_at_top(text, ";")
    names: list[Name] = []
    untold = []
    et_al = False
    for part in parts:
        raw = part.strip(" ,;")
        if found := _ET_AL.search(raw[-12:]):
            et_al, raw = True, raw[: len(raw) - len(found[0])]
        if not raw or raw.lower() == "and":
            continue
        if len(raw) <= 12 and "{" not in raw and means_others(raw):
            et_al = True
            continue
        found_names = _read(raw)
        if not found_names:
            untold.append(decode_latex(raw))
            found_names = [Name(literal=untold[-1])]
        names.extend(name for name in found_names if str(name))
    return Names(names=tuple(names), et_al=et_al, untold=tuple(untold))


def _read(raw: str) -> list[Name]:
    """The name, or the names where commas alone part them; none when that cannot be told."""
    if _is_group(raw):
        return [Name(literal=decode_latex(raw))]
    parts = [part for part in split_at_top(raw, ",") if part]
    decoded = [decode_latex(part) for part in parts]
    if len(parts) == 1:
        return [_first_last(raw)]
    if len(parts) == 2:
        if is_suffix(decoded[1]):
            name = _first_last(parts[0])
            return [Name(given=name.given, family=name.family, suffix=decoded[1], literal=name.literal)]
        return [Name(family=decoded[0], given=decoded[1])]
    if len(parts) == 3 and is_suffix(decoded[1]):
        return [Name(family=decoded[0], suffix=decoded[1], given=decoded[2])]
    if len(parts) == 3 and is_suffix(decoded[2]):
        return [Name(family=decoded[0], given=decoded[1], suffix=decoded[2])]
    pairs = list(zip(decoded[::2], decoded[1::2], strict=False))
    if len(decoded) % 2 == 0 and all(_is_initials(given) and not _is_initials(family) for family, given in pairs):
        return [Name(family=family, given=given) for family, given in pairs]
    return []


def _first_last(raw: str) -> Name:
    """``First von Last``: the last word, and the words in small letters before it, are the family name."""
    if _is_group(raw):
        return Name(literal=decode_latex(raw))
    words = split_at_top(raw, r"[\s~]+")
    decoded = list(map(decode_latex, words))
    if "&" in decoded:  # a firm, as it stands
        return Name(literal=decode_latex(raw))
    suffix = decoded.pop() if len(decoded) > 2 and is_suffix(decoded[-1]) else ""
    last = len(decoded) - 1
    start = next((number for number in range(last) if _is_small(words[number], decoded[number])), last)
    return Name(given=_joined(decoded[:start]), family=_joined(decoded[start:]), suffix=suffix)


def _joined(words: list[str]) -> str:
    return " ".join(word for word in words if word)


def _is_group(raw: str) -> bool:
    """Whether braces hold the whole of it (and are no accent's)."""
    return raw.startswith("{") and not raw.startswith("{\\") and group_end(raw, 0) == len(raw)


def _is_small(raw: str, decoded: str) -> bool:
    if raw.startswith("{") and not raw.startswith("{\\"):
        return False  # a word in braces is no particle
    return next((letter.islower() for letter in decoded if letter.isalpha()), False)


def _is_initials(text: str) -> bool:
    return text == text.upper() and _INITIALS.fullmatch(text) is not None
