"""What the fields of a bibliography entry say of a paper: ids, names, dates, venue, links."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from kb.errors import BadIdentifier, BadRecord
from kb.ids import doi_key, parse_arxiv_id, record_key
from kb.records import Link, Metadata
from kb.sources.latex import decode_latex, split_at_top
from kb.sources.links import links_of

Fields = dict[str, str]  # lower-case names, values still LaTeX
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_EMBEDDED_ID = re.compile(
    r"(?:arxiv\s*[:.]?\s*|abs/|arxiv\.org/(?:abs|pdf|html)/)"
    r"([a-z-]+(?:\.[A-Z]{2})?/\d{7}(?:v\d+)?|\d{4}\.\d{4,5}(?:v\d+)?)",
    re.I,
)
_PREPRINT = re.compile(r"^(?:arxiv\b.*|corr|.*\barxiv (?:e-?prints?|preprint)\b.*|abs/\S+)$", re.I)


def read_entry(fields: Fields) -> Metadata:
    """What the fields of one entry say.

    Raises:
        BadRecord: when there is no title.
    """
    title = decode_latex(fields.get("title", ""))
    if not title:
        raise BadRecord("has no title: give it one")
    if subtitle := decode_latex(fields.get("subtitle", "")):
        title = f"{title}: {subtitle}"
    authors = read_names(fields.get("author") or fields.get("editor") or "")
    arxiv = _arxiv_id(fields)
    doi = doi_key(_address(fields.get("doi", "")))
    keys = [f"arxiv:{arxiv[0]}"] if arxiv else []
    keys += [doi] if doi else []
    comment = decode_latex(fields.get("note", "")) or None
    abstract = decode_latex(fields.get("abstract", "")) or None
    url = _url(fields, keys, version=arxiv[1] if arxiv else None)
    primary = decode_latex(fields.get("primaryclass") or fields.get("eprintclass") or "")
    return Metadata(
        source="bibtex",
        ids=tuple(dict.fromkeys(keys)) or (record_key(title, authors),),
        version=arxiv[1] if arxiv else None,
        title=title,
        authors=authors or None,
        abstract=abstract,
        categories=(primary,) if primary and arxiv else None,
        comment=comment,
        published=_published(fields),
        venue=_venue(fields),
        url=url,
        links=_links(keys, url, (abstract, comment), version=arxiv[1] if arxiv else None),
        keywords=_keywords(fields),
    )


def read_names(value: str) -> tuple[str, ...]:
    """``"Li, Muyang and van der Berg, Jr, A. and {OpenAI} and others"`` -> names first to last, in order."""
    names = []
    for raw in split_at_top(" ".join(value.split()), r"\s+and(?=\s)"):
        if not raw or raw.lower() == "others":
            continue
        parts = [decode_latex(part) for part in split_at_top(raw, ",")]
        parts = [part for part in parts if part]
        if len(parts) == 2:  # Last, First
            parts = [parts[1], parts[0]]
        elif len(parts) > 2:  # Last, Jr, First
            parts = [*parts[2:], parts[0], parts[1]]
        if parts:
            names.append(" ".join(parts))
    return tuple(names)


def _address(text: str) -> str:
    r"""An address or DOI: escapes undone, nothing else (``~`` and ``--`` stay)."""
    bare = re.sub(r"\\url\s*\{(.*)\}", r"\1", text.strip())
    bare = re.sub(r"\\text(?:asciitilde|tildelow)(?:\{\})?|\\~\{\}|\$\\sim\$", "~", bare)
    bare = re.sub(r"\\text(underscore|braceleft|braceright|asciicircum)(?:\{\})?", _named_sign, bare)
    return re.sub(r"\\([_#%&$~{}^])", r"\1", bare).strip("{}<> \t\n").replace("{}", "")


def _named_sign(match: re.Match[str]) -> str:
    return {"underscore": "_", "braceleft": "{", "braceright": "}", "asciicircum": "^"}[match[1]]


def _arxiv_id(fields: Fields) -> tuple[str, int | None] | None:
    """From eprint, else from the places where bibliographies hide it (journal, volume, url, DOI, note)."""
    eprint = _address(fields.get("eprint", ""))
    prefix = fields.get("archiveprefix") or fields.get("eprinttype") or "arxiv"
    candidates = [eprint] if prefix.strip(" {}").lower() == "arxiv" else []
    candidates += [_address(fields.get("arxivid", "") or fields.get("arxiv", ""))]
    for name in ("journal", "volume", "number", "url", "howpublished", "doi", "note", "booktitle", "publisher"):
        if match := _EMBEDDED_ID.search(_address(fields.get(name, ""))):
            candidates.append(match[1])
    versions = []
    for candidate in candidates:
        try:
            versions.append(parse_arxiv_id(candidate))
        except BadIdentifier:
            continue
    if not versions:
        return None
    identifier = versions[0][0]
    return identifier, next((v for i, v in versions if i == identifier and v is not None), None)


def _url(fields: Fields, keys: list[str], *, version: int | None) -> str | None:
    stated = _address(fields.get("url") or "")
    if not stated and "\\url" in fields.get("howpublished", ""):
        stated = _address(fields["howpublished"])
    if re.match(r"https?://\S+$", stated):
        return stated
    for key in keys:
        scheme, _, rest = key.partition(":")
        if scheme == "arxiv":
            return f"https://arxiv.org/abs/{rest}" + (f"v{version}" if version else "")
        return f"https://doi.org/{rest}"
    return None


def _links(
    keys: list[str], url: str | None, texts: tuple[str | None, ...], *, version: int | None
) -> tuple[Link, ...] | None:
    links = []
    for key in keys:
        scheme, _, rest = key.partition(":")
        if scheme == "arxiv":
            page = f"{rest}v{version}" if version else rest
            links.append(Link(kind="pdf", url=f"https://arxiv.org/pdf/{page}", source="bibtex"))
        else:
            links.append(Link(kind="doi", url=f"https://doi.org/{rest}", source="bibtex"))
    links.extend(links_of((url, *texts), source="bibtex"))
    return tuple(dict.fromkeys(links)) or None


def _published(fields: Fields) -> datetime | None:
    """First moment (UTC) of the day, month or year that the entry states."""
    stated = re.match(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", decode_latex(fields.get("date", "")))
    if stated:
        year, month, day = (int(part) if part else 1 for part in stated.groups())
    else:
        found = re.search(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)", fields.get("year", ""))
        if found is None:
            return None
        year, month = int(found[1]), _month(decode_latex(fields.get("month", "")))
        day = int(text) if (text := decode_latex(fields.get("day", ""))).isdecimal() and len(text) < 3 else 1
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None


def _month(text: str) -> int:
    if named := re.search("|".join(MONTHS), text.lower()):
        return MONTHS.index(named[0]) + 1
    number = re.search(r"\d+", text)
    return int(number[0]) if number and 1 <= int(number[0]) <= 12 else 1


def _venue(fields: Fields) -> str | None:
    for name in ("journal", "journaltitle", "booktitle", "maintitle"):
        venue = decode_latex(fields.get(name, ""))
        if venue and not _PREPRINT.match(venue):
            return venue
    return None


def _keywords(fields: Fields) -> tuple[str, ...] | None:
    text = decode_latex(fields.get("keywords") or fields.get("keyword") or "")
    parts = (part.strip() for part in text.split(";" if ";" in text else ","))
    return tuple(dict.fromkeys(part for part in parts if part)) or None
