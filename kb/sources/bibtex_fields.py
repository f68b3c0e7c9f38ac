"""What the fields of a bibliography entry say of a paper: ids, names, dates, venue, links."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from kb.errors import BadIdentifier, BadRecord
from kb.ids import doi_key, parse_arxiv_id, record_key
from kb.records import Link, Metadata, Precision
from kb.sources.bibtex_names import read_names
from kb.sources.latex import decode_latex
from kb.sources.links import address_of_id, links_of, links_of_ids
from kb.sources.markup import plain

Fields = dict[str, str]  # lower-case names, values still LaTeX
_MONTHS = "january february march april may june july august september october november december".split()
_EMBEDDED_ID = re.compile(
    r"(?:arxiv\s*[:.]?\s*|abs/|arxiv\.org/(?:abs|pdf|html)/)"
    r"([a-z-]+(?:\.[A-Z]{2})?/\d{7}(?:v\d+)?|\d{4}\.\d{4,5}(?:v\d+)?)",
    re.I,
)
# What may stand before the id where it is the entry's own: "Comment on arXiv:…" speaks of another paper.
_BEFORE_OWN = re.compile(r"(?:(?:arxiv|corr|abs|e-?prints?|preprints?|available|also|at|as|on|from|url)\W*)*", re.I)
_PREPRINT = re.compile(r"^(?:arxiv\b.*|corr|.*\barxiv (?:e-?prints?|preprint)\b.*|abs/\S+)$", re.I)


def read_entry(fields: Fields) -> tuple[Metadata, tuple[str, ...]]:
    """What the fields of one entry say, and the lists of names that could not be told apart.

    Raises:
        BadRecord: when there is no title.
    """
    title = _text(fields, "title")
    if not title:
        raise BadRecord("has no title: give it one")
    if subtitle := _text(fields, "subtitle"):
        title = f"{title}: {subtitle}"
    names = read_names(fields.get("author") or fields.get("editor") or "")
    authors = tuple(map(str, names.names))
    arxiv = _arxiv_id(fields)
    doi = doi_key(_address(fields.get("doi", "")))
    keys = [f"arxiv:{arxiv[0]}"] if arxiv else []
    keys += [doi] if doi else []
    comment = _text(fields, "note") or None
    abstract = _text(fields, "abstract") or None
    url = _url(fields, keys, version=arxiv[1] if arxiv else None)
    primary = _text(fields, "primaryclass") or _text(fields, "eprintclass")
    published, precision = _published(fields)
    metadata = Metadata(
        source="bibtex",
        ids=tuple(dict.fromkeys(keys)) or (record_key(title, authors),),
        version=arxiv[1] if arxiv else None,
        title=title,
        authors=authors or None,
        names=names.names or None,
        et_al=True if names.et_al else None,
        abstract=abstract,
        categories=(primary,) if primary and arxiv else None,
        comment=comment,
        published=published,
        precision=precision,
        venue=_venue(fields),
        url=url,
        links=_links(keys, url, (abstract, comment), version=arxiv[1] if arxiv else None),
        keywords=_keywords(fields),
    )
    return metadata, names.untold


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


def _arxiv_id(fields: Fields) -> tuple[str, int | None] | None:
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
        return None
    identifier = versions[0][0]
    return identifier, next((v for i, v in versions if i == identifier and v is not None), None)


def _url(fields: Fields, keys: list[str], *, version: int | None) -> str | None:
    stated = _address(fields.get("url") or "")
    if not stated and "\\url" in fields.get("howpublished", ""):
        stated = _address(fields["howpublished"])
    if re.match(r"https?://\S+$", stated):
        return stated
    return address_of_id(keys[0], version=version) if keys else None


def _links(
    keys: list[str], url: str | None, texts: tuple[str | None, ...], *, version: int | None
) -> tuple[Link, ...] | None:
    links = [*links_of_ids(keys, version=version, source="bibtex"), *links_of((url, *texts), source="bibtex")]
    return tuple(dict.fromkeys(links)) or None


def _published(fields: Fields) -> tuple[datetime | None, Precision | None]:
    """First moment (UTC) of the day, month or year that the entry states, and which of them it is."""
    stated = re.match(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?!\d)", decode_latex(fields.get("date", "")))
    if stated:
        year, month, day = (int(part) if part else None for part in stated.groups())
    else:
        found = re.search(r"(?<!\d)(1\d\d\d|20\d\d)(?!\d)", fields.get("year") or fields.get("date") or "")
        year = int(found[1]) if found else None
        month, day = _month_and_day(decode_latex(fields.get("month", "")), decode_latex(fields.get("day", "")))
    if not year:
        return None, None
    if month and day:
        try:
            return datetime(year, month, day, tzinfo=UTC), "day"
        except ValueError:
            day = None
    if month and 1 <= month <= 12:
        return datetime(year, month, 1, tzinfo=UTC), "month"
    return datetime(year, 1, 1, tzinfo=UTC), "year"


def _month_and_day(text: str, day_text: str) -> tuple[int | None, int | None]:
    """``"Mar"``, ``"3"``, ``"12 March"``; None for each that is not stated, or of which there are several."""
    words = re.findall(r"[^\W\d_]+", text[:60].lower())
    numbers = [int(number) for number in re.findall(r"\d{1,2}", f"{text[:60]} {day_text[:10]}")]
    named = {n for word in words if len(word) > 2 for n, name in enumerate(_MONTHS, 1) if name.startswith(word)}
    if not words and re.match(r"\D*\d", text[:60]):
        named, numbers = {numbers[0]}, numbers[1:]
    if len(named) != 1:
        return None, None
    return named.pop(), numbers[0] if len(numbers) == 1 else None


def _venue(fields: Fields) -> str | None:
    for name in ("journal", "journaltitle", "booktitle", "maintitle"):
        venue = _text(fields, name)
        if venue and not _PREPRINT.match(venue):
            return venue
    return None


def _keywords(fields: Fields) -> tuple[str, ...] | None:
    text = _text(fields, "keywords") or _text(fields, "keyword")
    parts = (part.strip() for part in text.split(";" if ";" in text else ","))
    return tuple(dict.fromkeys(part for part in parts if part)) or None
