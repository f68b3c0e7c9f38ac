"""Papers as a bibliography: BibTeX, CSL-JSON, and JSON lines that ``kb add`` reads back."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from kb.ids import fold
from kb.records import Paper
from kb.rendering.latex import escape_address, escape_latex, escape_name
from kb.wire import to_data

_STOP_WORDS = frozenset(
    "a an and are as at be beyond by can do does for from has how in into is it its of on or our should that the their"
    " this to toward towards under using via we what when where which who why will with without you".split()
)
_PARTICLES = frozenset(
    "af al ap ben bin da dal de del dela della den der des di do dos du el la las le los san ten ter van vom von zu zum"
    " zur".split()
)
_SUFFIXES = frozenset({"jr", "jr.", "sr", "sr.", "ii", "iii", "iv"})
_JOURNAL = re.compile(
    r"journal|transactions|letters|review|magazine|access|nature\b|science\b|phys\.|annals|reports|proceedings of the"
    r" national|^(?:IEEE T|ACM T|IEEE RA-L|IEEE JBHI|IEEE IoT-J|TMLR|TACL|JMLR|JAIR|IJCV|IJDAR|MELBA|Neurocomputing"
    r"|Neural Networks|Information Fusion|Pattern Recognition|Medical Image Analysis|Knowledge-Based Systems"
    r"|Expert Systems|Computational Linguistics)",
    re.I,
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def to_bibtex(papers: Sequence[Paper]) -> str:
    """The papers as BibTeX entries in their order; same papers, same text (UTF-8), keys unique.

    arXiv papers get ``eprint``, ``archivePrefix`` and ``primaryClass`` as arXiv itself prints them; venues make an
    ``@article`` or ``@inproceedings``; the comment stands in ``note``. Text is escaped so that LaTeX prints what
    the record says; formulas in ``$…$`` stay formulas. White space inside a field is one blank.
    """
    keys = citation_keys(papers)
    return "\n".join(_entry(paper, keys[paper.id]) for paper in papers)


def to_csl(papers: Sequence[Paper]) -> str:
    """The papers as CSL-JSON (https://citeproc-js.readthedocs.io/en/latest/csl-json/markup.html), ids as in BibTeX."""
    keys = citation_keys(papers)
    return json.dumps([_csl(paper, keys[paper.id]) for paper in papers], ensure_ascii=False, indent=2) + "\n"


def to_jsonl(papers: Sequence[Paper]) -> str:
    """One record a line with the fields that ``kb add`` reads; empty fields are left out."""
    return "".join(json.dumps(_record(paper), ensure_ascii=False) + "\n" for paper in papers)


def citation_keys(papers: Sequence[Paper]) -> dict[str, str]:
    """Paper id to key like ``li2024distrifusion``: family name, year, first telling word of the title.

    Keys are ASCII and unique; of papers that would share one, the first by id keeps it and the others get a
    letter, so the order of the papers does not matter.
    """
    sharing: defaultdict[str, list[str]] = defaultdict(list)
    for paper in papers:
        sharing[_key_stem(paper)].append(paper.id)
    keys: dict[str, str] = {}
    taken = set(sharing)
    for stem in sorted(sharing):
        first, *others = sorted(set(sharing[stem]))
        keys[first] = stem
        number = 1
        for paper_id in others:
            while (key := f"{stem}{_letters(number)}") in taken:
                number += 1
            keys[paper_id] = key
            taken.add(key)
    return keys


def split_name(name: str) -> tuple[str, str, str]:
    """``"Ludwig van Beethoven Jr."`` -> ``("Ludwig", "van Beethoven", "Jr.")``: given, family with particle, suffix.

    The words keep their order; a name of one word is a family name.
    """
    words = name.split()
    suffix = words.pop() if len(words) > 2 and words[-1].lower() in _SUFFIXES else ""
    start = max(len(words) - 1, 0)
    while start > 1 and (words[start - 1] in _PARTICLES or words[start - 1].lower() in ("van", "von")):
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:]), suffix


# ------------------------------------------------------------------------------------------- BibTeX


def _entry(paper: Paper, key: str) -> str:
    arxiv, doi = _arxiv(paper), _doi(paper)
    kind = "misc" if not paper.venue else "article" if _JOURNAL.search(paper.venue) else "inproceedings"
    year, month, day = _issued(paper)
    fields: list[tuple[str, str]] = [
        ("title", f"{{{escape_latex(paper.title)}}}"),  # doubly braced: styles do not change its capitals
        ("author", " and ".join(_bibtex_name(author) for author in paper.authors if author.strip())),
        ("journal" if kind == "article" else "booktitle", escape_latex(paper.venue or "")),
        ("year", str(year) if year else ""),
        ("month", _MONTHS[month - 1] if month else ""),
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
    lines = [f"  {name} = {value if name == 'month' else f'{{{value}}}'}," for name, value in fields if value.strip()]
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])


def _bibtex_name(name: str) -> str:
    """``Last, First`` or ``Last, Jr., First``; a name that would be read differently stands in braces whole."""
    words = name.split()
    if len(words) == 1 or any("," in word or word.lower() in ("and", "others") for word in words):
        return f"{{{escape_name(name)}}}"
    given, family, suffix = (escape_name(part) for part in split_name(name))
    return ", ".join(part for part in (family, suffix, given) if part)


def _bibtex_keywords(keywords: Sequence[str]) -> str:
    clean = [escape_latex(word.replace(";", ",")) for word in keywords]
    return "; ".join(clean) + (";" if len(clean) == 1 and "," in clean[0] else "") if clean else ""


# ------------------------------------------------------------------------------------ CSL and records


def _csl(paper: Paper, key: str) -> dict[str, Any]:
    kind = "article" if not paper.venue else "article-journal" if _JOURNAL.search(paper.venue) else "paper-conference"
    year, month, day = _issued(paper)
    arxiv = _arxiv(paper)
    item = {
        "id": key,
        "type": kind,
        "title": paper.title,
        "author": [_csl_name(author) for author in paper.authors if author.strip()],
        "issued": {"date-parts": [[part for part in (year, month, day) if part]]} if year else None,
        "container-title": paper.venue,
        "abstract": paper.abstract,
        "DOI": _doi(paper),
        "URL": paper.url,
        "number": f"arXiv:{arxiv}" if arxiv else None,
        "publisher": "arXiv" if arxiv and not paper.venue else None,
        "version": str(paper.version) if paper.version else None,
        "keyword": ", ".join(paper.keywords),
        "note": paper.comment,
    }
    return {name: value for name, value in item.items() if value}


def _csl_name(name: str) -> dict[str, str]:
    given, family, suffix = split_name(name)
    if not given:
        return {"literal": family}
    return {"family": family, "given": given, **({"suffix": suffix} if suffix else {})}


def _record(paper: Paper) -> dict[str, Any]:
    record = {
        "id": _arxiv(paper) or paper.id,
        "aliases": [key for key in paper.aliases if not key.startswith("title:")],  # made again wherever it is read
        "version": paper.version,
        "title": paper.title,
        "authors": list(paper.authors),
        "categories": list(paper.categories),
        "comment": paper.comment,
        "abstract": paper.abstract,
        "listed": [day.isoformat() for day in paper.announced],
        "published": paper.published.isoformat() if paper.published else None,
        "updated": paper.updated.isoformat() if paper.updated else None,
        "license": paper.license,
        "venue": paper.venue,
        "doi": _doi(paper),
        "url": paper.url,
        "links": to_data(list(paper.links)),
        "affiliation": to_data(paper.affiliation) if paper.affiliation else None,
        "keywords": list(paper.keywords),
        "tags": list(paper.tags),
        "withdrawn": paper.withdrawn or None,
        "private": paper.private or None,
    }
    return {name: value for name, value in record.items() if value not in (None, [], "")}


# ------------------------------------------------------------------------------------------- shared


def _ids(paper: Paper, scheme: str) -> list[str]:
    return [key.removeprefix(scheme) for key in (paper.id, *paper.aliases) if key.startswith(scheme)]


def _arxiv(paper: Paper) -> str | None:
    return next(iter(_ids(paper, "arxiv:")), None)


def _doi(paper: Paper) -> str | None:
    return next(iter(_ids(paper, "doi:")), None)


def _issued(paper: Paper) -> tuple[int | None, int | None, int | None]:
    """Year, month, day of publication; for an arXiv paper without a date, year and month out of its id."""
    if paper.published:
        return paper.published.year, paper.published.month, paper.published.day
    match = re.search(r"(?:^|/)(\d\d)(\d\d)(?:\.\d{4,5}|\d{3})$", _arxiv(paper) or "")
    if match is None:
        return None, None, None
    year = int(match[1])
    return (1900 if year > 90 else 2000) + year, int(match[2]), None


def _key_stem(paper: Paper) -> str:
    family = split_name(paper.authors[0])[1].split() if paper.authors else []
    name = _ascii("".join(word for word in family if word not in _PARTICLES) or "".join(family))
    words = [_ascii(word) for word in fold(re.sub(r"\$[^$]*\$|\\[a-zA-Z]+", " ", paper.title)).split()]
    word = next((word for word in words if len(word) > 1 and word not in _STOP_WORDS and not word.isdigit()), "")
    year = _issued(paper)[0]
    tail = "" if name or word else re.sub(r"[^0-9a-z]", "", paper.id.lower())
    return f"{name or 'anon'}{year or ''}{word}{tail}"[:80]


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
