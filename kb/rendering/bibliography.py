"""Papers as a bibliography: BibTeX, and JSON lines that ``kb add`` reads back."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from kb.bibliographic import MONTH_MACROS, stated_kind, type_of
from kb.ids import arxiv_month, plain_words
from kb.names import PARTICLES, is_suffix
from kb.records import Name, Paper, SourceRecord
from kb.rendering.display import escape_address, escape_latex, escape_name, without_control
from kb.wire import to_data, to_json

# Left out of a key. No list to be kept in step with others: who has cited a paper by its key has to find it again.
_NOT_IN_KEYS = frozenset(
    "a an and are as at be beyond by can do does for from has how in into is it its of on or our should that the their"
    " this to toward towards under using via we what when where which who why will with without you".split()
)
_JOURNAL = re.compile(
    r"journal|transactions|letters|review|magazine|access|nature\b|science\b|phys\.|annals|reports|proceedings of the"
    r" national|^(?:IEEE T|ACM T|IEEE RA-L|IEEE JBHI|IEEE IoT-J|TMLR|TACL|JMLR|JAIR|IJCV|IJDAR|MELBA|Neurocomputing"
    r"|Neural Networks|Information Fusion|Pattern Recognition|Medical Image Analysis|Knowledge-Based Systems"
    r"|Expert Systems|Computational Linguistics)",
    re.I,
)
# An event is called so, or by its number or year. What a first page calls otherwise has volumes and pages, which stand
# behind the name.
_EVENT = re.compile(
    r"\b(?:conference|workshop|symposium|meeting)\b|\b(?:19|20)\d\d\b|[’']\d\d\b|\b\d{1,3}(?:st|nd|rd|th)\b", re.I
)
_VENUES = {
    "article": "journal",
    "phdthesis": "school",
    "techreport": "institution",
    "book": "series",
    "misc": "howpublished",
}
# The user's decisions in a BibTeX entry: the fields that state them, the one that is written first.
_DECIDED = {
    "title": ("title", "subtitle"),
    "authors": ("author",),
    "venue": ("journal", "journaltitle", "booktitle", "maintitle"),
    "published": ("year", "month", "day", "date"),
    "url": ("url",),
    "abstract": ("abstract",),
    "keywords": ("keywords", "keyword"),
    "comment": ("note",),
}
# Where an entry ends and the next begins in the text of a record's parents: no value has such a line.
_ENTRY = re.compile(r"^(?=@\w+[ \t]*[{(])", re.MULTILINE)
_HEAD = re.compile(r"@[ \t]*(?P<type>\w+)\s*[{(]\s*(?P<key>[^,={}\"\n]*?)\s*(?=[,}=)\n]|$)")
_CITABLE = re.compile(r"[\w:.+/-]+", re.ASCII)


def to_bibtex(papers: Sequence[Paper]) -> str:
    """The papers as BibTeX entries in their order; same papers, same text (UTF-8), keys unique.

    A paper that came in as BibTeX goes out as its entries stood, with its own keys and what the user decided put in;
    the entries that they inherit from follow after all others. Of two entries that share a key the later one gets a
    letter. Any other paper is composed: arXiv papers get ``eprint``, ``archivePrefix`` and ``primaryClass`` as arXiv
    itself prints them, a date says as much as was stated. Text is escaped so that LaTeX prints what the record says;
    formulas in ``$…$`` stay formulas. White space inside a field is one blank.
    """
    entries, _ = _entries([(paper, _own(paper)) for paper in papers], is_key=bool)
    return "\n".join(entries)


def bibtex_to_cite(papers: Sequence[Paper]) -> tuple[str, dict[str, str]]:
    """One entry for each paper as ``to_bibtex`` has it, and paper id to the key that ``\\cite`` takes.

    A key of the user's that has other signs than letters, digits and ``_:.+/-`` gives way to a made one: LaTeX would
    carry out what stands in it.
    """
    entries, keys = _entries([(paper, _own(paper)[:1]) for paper in papers], is_key=_CITABLE.fullmatch)
    return "\n".join(entries), keys


def _entries(
    papers: Sequence[tuple[Paper, Sequence[SourceRecord]]], *, is_key: Callable[[str], object]
) -> tuple[list[str], dict[str, str]]:
    """The entries of papers with their own records, parents last, and the key of each paper's first entry."""
    own = {key.lower() for _, records in papers for record in records for key in _keys_in(record)}
    made = citation_keys([paper for paper, _ in papers], taken=own)
    written: dict[str, str] = {}  # key in small letters -> the entry that has it
    entries: list[str] = []
    keys: dict[str, str] = {}
    for paper, records in papers:
        texts = [_as_it_stood(record, paper) for record in records] or [_entry(paper, made[paper.id])]
        for text in texts:
            key, entry = _with_own_key(text, made[paper.id], written, is_key=is_key)
            keys.setdefault(paper.id, key)
            entries += [entry] if entry else []
    for parent in dict.fromkeys(parent for _, records in papers for record in records for parent in _parents(record)):
        head = _HEAD.match(parent)
        if head and head["key"].lower() not in written:
            entries.append(_with_own_key(parent, head["key"], written, is_key=bool)[1])
    return entries, keys


def to_jsonl(papers: Sequence[Paper]) -> str:
    """One record a line with the fields that ``kb add`` reads; empty fields are left out."""
    return "".join(to_json(_record(paper), indent=None) + "\n" for paper in papers)


def citation_keys(papers: Sequence[Paper], *, taken: Collection[str] = ()) -> dict[str, str]:
    """Paper id to key like ``li2024distrifusion``: family name, year, first telling word of the title.

    Keys are ASCII, unique and none of ``taken`` (in small letters); of papers that would share one, the first by id
    keeps it and the others get a letter, so the order of the papers does not matter.
    """
    sharing: defaultdict[str, list[str]] = defaultdict(list)
    for paper in papers:
        sharing[_key_stem(paper)].append(paper.id)
    keys: dict[str, str] = {}
    used = set(sharing) | set(taken)
    for stem in sorted(sharing):
        others = sorted(set(sharing[stem]))
        if stem not in taken:
            keys[others.pop(0)] = stem
        number = 1
        for paper_id in others:
            while (key := f"{stem}{_letters(number)}") in used:
                number += 1
            keys[paper_id] = key
            used.add(key)
    return keys


def split_name(name: str) -> tuple[str, str, str]:
    """``"Ludwig van Beethoven Jr."`` -> ``("Ludwig", "van Beethoven", "Jr.")``: given, family with particle, suffix.

    The words keep their order; a name of one word is a family name.
    """
    words = name.split()
    suffix = words.pop() if len(words) > 2 and is_suffix(words[-1]) else ""
    start = max(len(words) - 1, 0)
    while start > 1 and (words[start - 1] in PARTICLES or words[start - 1].lower() in ("van", "von")):
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:]), suffix


# ------------------------------------------------------------------------------------ as it came in


def _own(paper: Paper) -> list[SourceRecord]:
    """The paper's BibTeX records, each once."""
    return list({record.text: record for record in paper.sources if record.source == "bibtex" and record.text}.values())


def _parents(record: SourceRecord) -> list[str]:
    return [parent.strip() for parent in _ENTRY.split(record.parent) if parent.strip()]


def _keys_in(record: SourceRecord) -> Iterator[str]:
    for text in (record.text, *_parents(record)):
        if (head := _HEAD.match(text)) and head["key"]:
            yield head["key"]


def _with_own_key(text: str, made: str, written: dict[str, str], *, is_key: Callable[[str], object]) -> tuple[str, str]:
    """The key of an entry, one that no other has, and the entry; "" for one that is written already or is none.

    ``made`` is the key where it has none that ``is_key`` takes.
    """
    text = without_control(text).strip()
    head = _HEAD.match(text)
    if head is None:
        return made, ""
    stem = head["key"] if is_key(head["key"]) else made
    key, number = stem, 0
    while key.lower() in written:
        if written[key.lower()] == text:
            return key, ""
        number += 1
        key = f"{stem}{_letters(number)}"
    written[key.lower()] = text
    return key, f"{text if key == head['key'] else text[: head.start('key')] + key + text[head.end('key') :]}\n"


def _as_it_stood(record: SourceRecord, paper: Paper) -> str:
    """The entry byte for byte; composed from its fields where the user decided one of them."""
    decided = [field for field in _DECIDED if paper.provenance.get(field) == "user"]
    if not decided:
        return record.text
    kind = record.type or "misc"
    fields = list(record.fields)
    for field in decided:
        names = _DECIDED[field]
        place = next((at for at, (name, _) in enumerate(fields) if name.lower() in names), len(fields))
        used = fields[place][0].lower() if place < len(fields) else None
        new = _decided(paper, field, used if used in names else None, kind)
        fields = [*fields[:place], *new, *(pair for pair in fields[place:] if pair[0].lower() not in names)]
    return _layout(kind, record.key, fields)


def _decided(paper: Paper, field: str, used: str | None, kind: str) -> list[tuple[str, str]]:
    composed = dict(_composed(paper, kind))
    names = _DECIDED[field]
    if field == "published":
        return [(name, composed[name]) for name in names if composed.get(name)]
    name = "note" if field == "comment" else _VENUES.get(kind, "booktitle") if field == "venue" else names[0]
    return [(used or name, composed[name])] if composed.get(name) else []


def _layout(kind: str, key: str, fields: Sequence[tuple[str, str]]) -> str:
    """An entry, a line a field; months that BibTeX knows stand without braces."""
    lines = [
        f"  {name} = {value if name.lower() == 'month' and value.lower() in MONTH_MACROS else f'{{{value}}}'},"
        for name, value in fields
        if value.strip()
    ]
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])


# ------------------------------------------------------------------------------------------ composed


def _entry(paper: Paper, key: str) -> str:
    kind = bibtex_type(paper)
    return _layout(kind, key, _composed(paper, kind))


def bibtex_type(paper: Paper) -> str:
    """The type of a paper's entry: what a source states, else by the venue (article, inproceedings, misc)."""
    if stated := type_of(stated_kind(paper.sources) or "", of="bibtex"):
        return stated
    if not paper.venue:
        return "misc"
    is_printed = paper.provenance.get("venue") == "pdf"
    is_journal = _JOURNAL.search(paper.venue) or (is_printed and not _EVENT.search(paper.venue))
    return "article" if is_journal else "inproceedings"


def _composed(paper: Paper, kind: str) -> list[tuple[str, str]]:
    arxiv, doi = id_of(paper, "arxiv:"), id_of(paper, "doi:")
    year, month, day = (*issued(paper), None, None, None)[:3]
    return [
        ("title", f"{{{escape_latex(paper.title)}}}"),  # doubly braced: styles do not change its capitals
        ("author", _bibtex_names(paper)),
        (_VENUES.get(kind, "booktitle"), escape_latex(paper.venue or "")),
        ("year", f"{year:04}" if year else ""),
        ("month", MONTH_MACROS[month - 1] if month else ""),
        ("day", str(day) if day else ""),
        ("eprint", arxiv or ""),
        ("archivePrefix", "arXiv" if arxiv else ""),
        ("primaryClass", escape_latex(paper.categories[0]) if arxiv and paper.categories else ""),
        ("doi", escape_address(doi or "")),
        ("url", escape_address(paper.url or "")),
        ("abstract", escape_latex(paper.abstract)),
        ("keywords", _bibtex_keywords(paper.keywords)),
        ("note", escape_latex(paper.comment or "")),
    ]


def _bibtex_names(paper: Paper) -> str:
    names = [_bibtex_name(name) for name in names_of(paper)]
    return " and ".join([*names, "others"] if paper.et_al and names else names)


def _bibtex_name(name: Name) -> str:
    """``Last, First`` or ``Last, Jr., First``; a name that would be read differently stands in braces whole."""
    whole = str(name)
    if not name.family or not (name.given or name.suffix) or _is_awkward(whole.split()):
        return f"{{{escape_name(whole)}}}"
    return ", ".join(escape_name(part) for part in (name.family, name.suffix, name.given) if part)


def _is_awkward(words: Sequence[str]) -> bool:
    """Whether BibTeX would take a part of the name for a sign between names."""
    return any("," in word or ";" in word or word.lower() in ("and", "others") for word in words)


def _bibtex_keywords(keywords: Sequence[str]) -> str:
    clean = [escape_latex(word.replace(";", ",")) for word in keywords]
    return "; ".join(clean) + (";" if len(clean) == 1 and "," in clean[0] else "") if clean else ""


# ------------------------------------------------------------------------------------------- records


def _record(paper: Paper) -> dict[str, Any]:
    record = {
        "id": id_of(paper, "arxiv:") or paper.id,
        "aliases": list(paper.aliases),
        "version": paper.version,
        "title": paper.title,
        "authors": list(paper.authors),
        "names": to_data(list(paper.names)),
        "et_al": paper.et_al or None,
        "categories": list(paper.categories),
        "comment": paper.comment,
        "abstract": paper.abstract,
        "listed": [day.isoformat() for day in paper.announced],
        "published": paper.stated_date,
        "updated": paper.updated.isoformat() if paper.updated else None,
        "license": paper.license,
        "venue": paper.venue,
        "doi": id_of(paper, "doi:"),
        "url": paper.url,
        "links": to_data(list(paper.links)),
        "affiliation": to_data(paper.affiliation) if paper.affiliation else None,
        "keywords": list(paper.keywords),
        "tags": list(paper.tags),
        "collections": list(paper.collections),
        "withdrawn": paper.withdrawn or None,
        "private": paper.private or None,
    }
    return {name: value for name, value in record.items() if value not in (None, [], "")}


# ------------------------------------------------------------------------------------------- shared


def id_of(paper: Paper, scheme: str) -> str | None:
    """The first of the paper's ids of a scheme ("arxiv:", "doi:"), without it."""
    return next((key.removeprefix(scheme) for key in (paper.id, *paper.aliases) if key.startswith(scheme)), None)


def names_of(paper: Paper) -> list[Name]:
    """The authors in their parts; where no source told them, by the order of their words."""
    if len(paper.names) == len(paper.authors):
        return [name for name in paper.names if str(name).strip()]
    names = []
    for author in paper.authors:
        given, family, suffix = split_name(author)
        if family:
            names.append(Name(given=given, family=family, suffix=suffix) if given else Name(literal=family))
    return names


def issued(paper: Paper) -> tuple[int, ...]:
    """Year, month, day as far as stated; for an arXiv paper without a date, what its id says: year and month."""
    if paper.published:
        parts = (paper.published.year, paper.published.month, paper.published.day)
        return parts[: {"year": 1, "month": 2}.get(paper.precision or "day", 3)]
    return arxiv_month(id_of(paper, "arxiv:") or "") or ()


def _key_stem(paper: Paper) -> str:
    family = split_name(paper.authors[0])[1].split() if paper.authors else []
    name = _ascii("".join(word for word in family if word not in PARTICLES) or "".join(family))
    words = [_ascii(word) for word in plain_words(re.sub(r"\$[^$]*\$|\\[a-zA-Z]+", " ", paper.title)).split()]
    word = next((word for word in words if len(word) > 1 and word not in _NOT_IN_KEYS and not word.isdigit()), "")
    year = next(iter(issued(paper)), "")
    tail = "" if name or word else re.sub(r"[^0-9a-z]", "", paper.id.lower())
    return f"{name or 'anon'}{year}{word}{tail}"[:80]


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o").replace("ł", "l").replace("Ł", "L"))
    return re.sub(r"[^a-z0-9]", "", plain.lower())


def _letters(number: int) -> str:
    """1 -> "a", 26 -> "z", 27 -> "aa"."""
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("a") + rest) + text
    return text
