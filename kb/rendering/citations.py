"""Papers as records of other programs: RIS, CSL-JSON, and the citation that a reader pastes.

A paper that came in as such a record goes out as it came, with nothing changed but what the user decided; any other
is composed from what kb knows of it, and the volume, pages and publisher that its source records state.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from kb.bibliographic import stated_kind, type_of
from kb.errors import UsageError
from kb.latex import decode_latex, split_at_top
from kb.records import Name, Paper, SourceRecord
from kb.rendering.bibliography import bibtex_type, citation_keys, id_of, issued, names_of, split_name, to_bibtex
from kb.rendering.display import without_control
from kb.text import one_line
from kb.wire import escaped_json, to_json

CitationForm = Literal["text", "html", "markdown", "bibtex", "ris", "csl"]

# Where the sources state what kb itself has no field for: CSL's name -> the source's names, the first that is there.
_DETAILS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "volume": {"bibtex": ("volume",), "ris": ("VL",), "nbib": ("VI",), "zotero": ("Volume",)},
    "issue": {"bibtex": ("number", "issue"), "ris": ("IS",), "nbib": ("IP",), "zotero": ("Issue",)},
    "page": {"bibtex": ("pages",), "ris": ("SP", "EP"), "nbib": ("PG",), "zotero": ("Pages",)},
    "publisher": {"bibtex": ("publisher", "school", "institution"), "ris": ("PB",), "zotero": ("Publisher",)},
    "publisher-place": {"bibtex": ("address", "location"), "ris": ("CY",), "nbib": ("PL",), "zotero": ("Place",)},
    "collection-title": {"bibtex": ("series",), "zotero": ("Series",)},
    "edition": {"bibtex": ("edition",), "ris": ("ET",), "zotero": ("Edition",)},
    "ISBN": {"bibtex": ("isbn",), "zotero": ("ISBN",)},
    "ISSN": {"bibtex": ("issn",), "nbib": ("IS",), "zotero": ("ISSN",)},
    "PMID": {"bibtex": ("pmid",), "nbib": ("PMID",)},
    "PMCID": {"nbib": ("PMC",)},
    "number": {"zotero": ("Number",)},
    "genre": {"bibtex": ("type",), "ris": ("M3",), "zotero": ("Type",)},
    "version": {"bibtex": ("version",), "zotero": ("Version",)},
    "accessed": {"bibtex": ("urldate",), "zotero": ("Access Date",)},
}
_PEOPLE: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # where authors and editors are stated
    "bibtex": (("author",), ("editor",)),
    "ris": (("AU", "A1"), ("ED", "A2")),
    "nbib": (("FAU", "AU"), ("FED", "ED")),
    "zotero": (("Author",), ("Editor",)),
}
_WITH_GENRE = frozenset({"thesis", "report"})  # of others it says what they are, not of what sort
_WITH_NUMBER = frozenset({"report", "patent", "standard", "dataset", "software"})  # in no issue of anything
_BRACED = re.compile(r"\{(?:[^{}]|\{[^{}]*\})*\}")
_THESES = {"phdthesis": "PhD thesis", "mastersthesis": "Master’s thesis"}
# What the user may decide, and the fields of a record that then are not the source's any more.
_RIS_TAGS = {
    "title": ("TI", "T1", "CT"), "authors": ("AU", "A1"), "abstract": ("AB", "N2"), "published": ("PY", "Y1", "DA"),
    "venue": ("JO", "JF", "T2", "JA", "J2", "BT"), "keywords": ("KW",), "url": ("UR",), "comment": ("N1",),
}  # fmt: skip
_CSL_FIELDS = {
    "title": ("title",), "authors": ("author",), "abstract": ("abstract",), "published": ("issued",),
    "venue": ("container-title", "container-title-short"), "keywords": ("keyword",), "url": ("URL",),
    "comment": ("note",),
}  # fmt: skip


def to_ris(papers: Sequence[Paper]) -> str:
    """The papers as RIS, in their order; a record that came as RIS goes out as its lines stood."""
    keys = keys_of(papers)
    entries = [
        entry
        for paper in papers
        for entry in [_own_ris(record, paper) for record in _records(paper, "ris")] or [_ris(paper, keys[paper.id])]
    ]
    return without_control("\n".join(entries))


def to_csl(papers: Sequence[Paper]) -> str:
    """The papers as a list of CSL-JSON; an item that came as CSL-JSON goes out as it stood.

    https://citeproc-js.readthedocs.io/en/latest/csl-json/markup.html
    """
    keys = keys_of(papers)
    items = [
        item
        for paper in papers
        for item in [_own_csl(record, paper) for record in _records(paper, "csl")]
        or [to_json(csl_item(paper, keys[paper.id]))]
    ]
    return escaped_json("[\n" + ",\n".join(items) + "\n]\n") if items else "[]\n"


def cite(papers: Sequence[Paper], *, style: str = "apa", form: CitationForm = "text") -> list[str]:
    """One citation for each paper, in their order; of the forms that are records, one text that holds them all.

    Args:
        style: a name of the CSL styles ("apa", "ieee", "nature") or the path of a ``.csl`` file.
        form: a citation in the style as text, html or markdown, or the record as bibtex, ris or csl.

    Raises:
        UsageError: for a form or style that is not known.
        SettingsError: when the extra that brings the styles is not installed.
    """
    if form in ("bibtex", "ris", "csl"):
        return [{"bibtex": to_bibtex, "ris": to_ris, "csl": to_csl}[form](papers)]
    if form not in ("text", "html", "markdown"):
        raise UsageError(f"{form!r} is not a form of citation: choose text, html, markdown, bibtex, ris or csl")
    from kb.rendering.citation_styles import render

    keys = keys_of(papers)
    return render([_item_to_cite(paper, keys[paper.id]) for paper in papers], style=style, form=form)


def keys_of(papers: Sequence[Paper]) -> dict[str, str]:
    """Paper id to citation key: the user's own where a record has one, else as for BibTeX; unique."""
    keys: dict[str, str] = {}
    taken: set[str] = set()
    for paper in papers:
        own = (one_line(record.key) for source in ("bibtex", "csl", "ris") for record in _records(paper, source))
        if key := next((key for key in own if key and key not in taken), None):
            keys[paper.id] = key
            taken.add(key)
    others = [paper for paper in papers if paper.id not in keys]
    keys |= citation_keys(others, taken={key.lower() for key in taken})
    return keys


# --------------------------------------------------------------------------------------------- CSL


def csl_item(paper: Paper, key: str) -> dict[str, Any]:
    """A paper that has no CSL-JSON of its own as an item: names, numbers and dates as far as they are stated."""
    arxiv = id_of(paper, "arxiv:")
    kind = _kind(paper)
    editors, alone = _editors(paper)
    item = {
        "id": key,
        "type": kind,
        "title": one_line(paper.title),
        "author": None if alone else _csl_names(paper),
        "editor": (alone and _csl_names(paper)) or editors,
        "issued": {"date-parts": [list(parts)]} if (parts := issued(paper)) else None,
        ("publisher" if kind == "thesis" else "container-title"): one_line(paper.venue or ""),
        "abstract": one_line(paper.abstract),
        **_details_of_kind(paper, kind),
        "DOI": id_of(paper, "doi:"),
        "URL": one_line(paper.url or ""),
        **_of_arxiv(arxiv, published=bool(paper.venue)),
        **({"version": str(paper.version)} if paper.version else {}),
        "keyword": ", ".join(map(one_line, paper.keywords)),
        "note": one_line(paper.comment or ""),
    }
    return {name: value for name, value in item.items() if value}


def _details_of_kind(paper: Paper, kind: str) -> dict[str, Any]:
    """The details as CSL has them for a kind: BibTeX has one field for an issue and for the number of a report."""
    details = _details(paper)
    if kind in _WITH_NUMBER and "issue" in details:
        details.setdefault("number", details.pop("issue"))
    if kind not in _WITH_GENRE:
        details.pop("genre", None)
    elif genre := next(filter(None, (_THESES.get(record.type.lower()) for record in paper.sources)), None):
        details.setdefault("genre", genre)
    day = re.match(r"(\d{4})(?:[-/](\d\d?))?(?:[-/](\d\d?))?", details.pop("accessed", ""))
    if day:
        details["accessed"] = {"date-parts": [[int(part) for part in day.groups() if part]]}
    return details


def _editors(paper: Paper) -> tuple[list[dict[str, str]], bool]:
    """The editors that a source states, and whether no source has authors, so that the paper's are its editors."""
    stated: list[dict[str, str]] = []
    authors = paper.provenance.get("authors") == "user"
    for record in paper.sources:
        of_authors, of_editors = _PEOPLE.get(record.source, ((), ()))
        fields = [(name.lower() if record.source == "bibtex" else name, value) for name, value in record.fields]
        editors = [value for name, value in fields if name in of_editors]
        stated = stated or [_csl_name(name) for value in editors for name in _names_in(value, record.source)]
        authors = authors or any(name in of_authors for name, _ in fields)
        authors = authors or bool(record.metadata.authors and not editors)
    return stated, bool(stated) and not authors


def _names_in(value: str, source: str) -> list[Name]:
    """The names of a field of a source: "Last, First", "Last, Jr., First" or "First Last"."""
    texts = re.split(r"\s*;\s*", value)
    if source == "bibtex":
        texts = split_at_top(value, r"\s+and\s+")
    names = []
    for text in texts:
        whole = one_line(re.sub(r"[{}]|\\[A-Za-z]*\s?", "", decode_latex(text)) if source == "bibtex" else text)
        family, *rest = (part.strip() for part in whole.split(","))
        if source == "bibtex" and _BRACED.fullmatch(text.strip()):
            names.append(Name(literal=whole))
        elif rest:
            names.append(Name(family=family, given=rest[-1], suffix=", ".join(rest[:-1])))
        else:
            given, family, suffix = split_name(whole)
            names.append(Name(given=given, family=family, suffix=suffix) if given else Name(literal=whole))
    return [name for name in names if str(name)]


def _of_arxiv(identifier: str | None, *, published: bool) -> dict[str, str]:
    """A preprint's number and publisher; of a paper that stands elsewhere arXiv is the archive."""
    if identifier is None:
        return {}
    if published:
        return {"archive": "arXiv", "archive_location": identifier}
    return {"number": f"arXiv:{identifier}", "publisher": "arXiv"}


def _own_csl(record: SourceRecord, paper: Paper) -> str:
    """The item as it stood; composed anew only where the user decided a field."""
    decided = _decided(paper, _CSL_FIELDS)
    if record.text and not decided:
        return record.text
    item = _csl_of(record)
    composed = csl_item(paper, record.key)
    for field in decided:
        name, *others = _CSL_FIELDS[field]
        for other in others:
            item.pop(other, None)
        item[name] = composed.get(name)
    return to_json({name: value for name, value in item.items() if value is not None})


def _csl_of(record: SourceRecord) -> dict[str, Any]:
    if record.text:
        item: dict[str, Any] = json.loads(record.text)
        return item
    return {name: _json_or_text(value) for name, value in record.fields}


def _json_or_text(value: str) -> Any:
    """A field that was no text was stored as JSON."""
    if value.startswith(("[", "{")):
        try:
            return json.loads(value)
        except ValueError:
            pass
    return value


def _item_to_cite(paper: Paper, key: str) -> dict[str, Any]:
    own = _records(paper, "csl")
    return json.loads(_own_csl(own[0], paper)) if own else csl_item(paper, key)


def _csl_names(paper: Paper) -> list[dict[str, str]]:
    names = [_csl_name(name) for name in names_of(paper)]
    return [*names, {"literal": "others"}] if paper.et_al and names else names


def _csl_name(name: Name) -> dict[str, str]:
    if not name.family:
        return {"literal": one_line(name.literal or name.given)}
    if str(name) == f"{name.family}{name.given}":  # no initials are made of a name in Chinese or Korean
        return {"literal": str(name)}
    parts = {"family": name.family, "given": name.given, "suffix": name.suffix}
    return {part: one_line(text) for part, text in parts.items() if text}


# --------------------------------------------------------------------------------------------- RIS


def _own_ris(record: SourceRecord, paper: Paper) -> str:
    """The record's lines as they stood; composed from its fields where the user decided one, or as others read it."""
    decided = _decided(paper, _RIS_TAGS)
    standard = re.match(r"\s*TY  - ", record.text)
    if standard and not decided:
        text = re.sub(r"\r(?!\n)", "\n", record.text).rstrip()
        return text + ("\n" if re.search(r"(?:^|\n)ER  -[^\r\n]*\Z", text) else "\nER  - \n")
    fields = [(tag, value) for tag, value in record.fields if tag != "ER"]
    for field in decided:
        tags = _RIS_TAGS[field]
        place = next((at for at, (tag, _) in enumerate(fields) if tag in tags), len(fields))
        used = fields[place][0] if place < len(fields) else tags[0]
        kept = [(tag, value) for tag, value in fields[place:] if tag not in tags]
        fields = [*fields[:place], *_ris_field(paper, field, used), *kept]
    return _ris_lines(fields)


def _ris(paper: Paper, key: str) -> str:
    kind = _kind(paper)
    details = {name: str(value) for name, value in _details(paper).items()}
    first, _, last = details.get("page", "").partition("-")
    arxiv = id_of(paper, "arxiv:")
    fields = [
        ("TY", type_of(kind, of="ris") or "GEN"),
        ("ID", key),
        *_ris_field(paper, "title", "TI"),
        *_ris_field(paper, "authors", "AU"),
        *_ris_field(paper, "published", "PY"),
        *_ris_field(paper, "venue", "PB" if kind == "thesis" else "JO" if kind == "article-journal" else "T2"),
        ("VL", details.get("volume", "")),
        ("IS", details.get("issue", "")),
        ("SP", first),
        ("EP", last.strip("-")),
        ("PB", "" if kind == "thesis" and paper.venue else details.get("publisher", "")),
        ("CY", details.get("publisher-place", "")),
        ("ET", details.get("edition", "")),
        ("SN", details.get("ISSN") or details.get("ISBN", "")),
        ("DO", id_of(paper, "doi:") or ""),
        ("AN", f"arXiv:{arxiv}" if arxiv else ""),
        *_ris_field(paper, "url", "UR"),
        *_ris_field(paper, "abstract", "AB"),
        *_ris_field(paper, "keywords", "KW"),
        *_ris_field(paper, "comment", "N1"),
    ]
    return _ris_lines(fields)


def _ris_field(paper: Paper, field: str, tag: str) -> list[tuple[str, str]]:
    """The lines that state one field of a paper."""
    if field == "authors":
        names = [", ".join(filter(None, _inverted(name))) for name in names_of(paper)]
        return [(tag, name) for name in [*names, *(["et al."] if paper.et_al and names else [])]]
    if field == "keywords":
        return [(tag, word) for word in paper.keywords]
    if field == "published":
        year, *rest = issued(paper) or (None,)
        day = "/".join([f"{year:04}", *(f"{part:02}" for part in rest), *[""] * (3 - len(rest))]) if rest else ""
        return [("PY", f"{year:04}" if year else ""), ("DA", day)]
    return [(tag, str(getattr(paper, field) or ""))]


def _inverted(name: Name) -> tuple[str, ...]:
    """Family, given, suffix; a comma within a part would part it, and a name without one is whole."""
    parts = (name.family, name.given, name.suffix) if name.family else (name.literal or name.given,)
    return tuple(part.replace(",", " ").replace(";", " ") for part in parts)


def _ris_lines(fields: Sequence[tuple[str, str]]) -> str:
    lines = [f"{tag}  - {text}" for tag, value in fields if (text := one_line(value))]
    return "\n".join([*lines, "ER  - ", ""])


# ------------------------------------------------------------------------------------------ shared


def _records(paper: Paper, source: str) -> list[SourceRecord]:
    """The paper's records of one format, each once."""
    return list({(r.key, r.fields, r.text): r for r in paper.sources if r.source == source}.values())


def _decided(paper: Paper, fields: Mapping[str, object]) -> list[str]:
    return [field for field in fields if paper.provenance.get(field) == "user"]


def _kind(paper: Paper) -> str:
    """What CSL calls the paper: as its sources say, else by its venue, as the BibTeX of the same paper says."""
    if stated := stated_kind(paper.sources):
        return stated
    if not paper.venue:
        return "article" if id_of(paper, "arxiv:") else "document"
    return "article-journal" if bibtex_type(paper) == "article" else "paper-conference"


def _details(paper: Paper) -> dict[str, Any]:
    """Volume, pages and the like, from the first source that states each."""
    found: dict[str, Any] = {}
    for record in paper.sources:
        stated: dict[str, str] = {}
        for name, value in record.fields:
            stated.setdefault(name if record.source != "bibtex" else name.lower(), value)
        for detail, names in _DETAILS.items():
            of_source = (detail,) if record.source == "csl" else names.get(record.source, ())
            values = [text for name in of_source if (text := _readable(stated.get(name, ""), record.source))]
            if detail == "page" and record.source == "ris":
                values = ["-".join(dict.fromkeys(values))] if values else []
            if values:
                found.setdefault(detail, values[0])
    return found


def _readable(value: str, source: str) -> str:
    """A short field without the signs of its format; "" when it holds more LaTeX than escapes and accents."""
    text = one_line(value)
    if source == "bibtex":
        text = "" if re.search(r"\\[A-Za-z]{2,}", text) else decode_latex(text.replace("--", "-"))
    return text
