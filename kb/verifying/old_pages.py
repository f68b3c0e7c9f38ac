"""Pages of the old kind, which a language model wrote: read for what they state, and held against the records.

Their notes come in many shapes (lists in HTML, numbered lines, broken levels), so fields are found by their labels.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import Protocol

from kb.errors import BadIdentifier
from kb.ids import parse_arxiv_id, plain_words
from kb.links import IN_PROSE, web_address
from kb.literals import missing
from kb.records import Chunk, Paper, Verification, Version
from kb.text import HAN, one_line
from kb.verifying.comparing import differing_items, flat, likeness
from kb.verifying.digests import Findings, because

# Tags of HTML; anything else in angle brackets was meant to be seen, or to be replaced.
_TAG = re.compile(
    r"</?(?:a|b|blockquote|br|center|code|dd|details|div|dl|dt|em|font|h[1-6]|hr|i|img|li|ol|p|pre|s|small|span|strong"
    r"|sub|summary|sup|table|tbody|td|th|thead|tr|u|ul)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_HEADER_AUTHORS = re.compile(r"^\*\*Authors?\s*[:：]\s*(?P<names>.*?)\**\s*$", re.IGNORECASE)
_SOURCE = re.compile(r"^\[(?:PDF|Paper|arXiv)\]\((?P<address>[^)\s]*)\)\s*(?P<rest>.*)$", re.IGNORECASE)
_NUMBER = r"^\s*(?:[-*]\s+)?(?:\d+\s*[.、)]\s*)?(?:\*\*)?"
_AUTHORS = re.compile(rf"{_NUMBER}(?:作者|Authors?)(?:\*\*)?\s*[:：]\s*(?P<told>.*)$", re.IGNORECASE)
_AFFILIATION = re.compile(
    rf"{_NUMBER}(?:第一作者|作者)?(?:的)?(?:所属|隶属)?(?:单位|机构|Affiliations?)(?:\*\*)?\s*[:：]\s*(?P<told>.*)$",
    re.IGNORECASE,
)
_KEYWORDS = re.compile(rf"{_NUMBER}(?:关键词|关键字|Key\s?words?)(?:\*\*)?\s*[:：]\s*(?P<told>.*)$", re.IGNORECASE)
_TITLE = re.compile(rf"{_NUMBER}(?:标题|题目|Title)(?:\*\*)?\s*[:：]\s*(?P<told>.*)$", re.IGNORECASE)
_LINK = re.compile(
    r"(?P<label>论文链接|论文地址|链接|Urls?|Links?|Paper|Git\s?hub[^:：]{0,12}|Code|代码[^:：]{0,6})\s*[:：]\s*"
    r"(?P<told>https?://[^\s,，;；、）)<>]+|[^,，;；\n]*)",
    re.IGNORECASE,
)
_URL = re.compile(r"https?://[^\s,，;；、。（）()<>\[\]\"'`*]+", re.ASCII)
_NOTHING = re.compile(
    r"^\W*(?:none|无|null|n/?a|nan|没有|暂无|不可用|not available|unknown|未提供|未知)\W*$", re.IGNORECASE
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_PLACEHOLDER = re.compile(
    r"\bx{3,}\b|\['x+'\]|待查阅|待补充|待定|请自行|\b(?:TODO|TBD|TBA|FIXME)\b|lorem ipsum|<methods?>|<conclusions?>"
    r"|\[(?:insert|your|placeholder|link|url|title|author)[^\]]{0,40}\]|\bplaceholder\b|\bundefined\b|\{\{.*\}\}",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s*[,，、;；]\s*(?:(?:and|和|&)\s+)?|\s+(?:and|&)\s+|\s*和\s*", re.IGNORECASE)
_BRACKETED = re.compile(r"\s*[（(](?P<inner>[^（）()]*)[)）]")


class Records(Protocol):
    """What verifying a page of the old kind asks of the library."""

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

    def address(self, paper: Paper) -> str | None:
        """Where pages say that a paper stands, whatever the version."""
        ...


@dataclass(slots=True, kw_only=True)
class ReadEntry:
    """A paper's part of a page. ``texts`` are a page's own words about the paper that carry no evidence."""

    title: str
    translated: str = ""
    authors: list[tuple[str, str]] = field(default_factory=list)
    abstract: str = ""
    comment: str | None = None
    links: list[tuple[str, str]] = field(default_factory=list)
    affiliation: str = ""
    keywords: str = ""
    texts: list[tuple[str, str]] = field(default_factory=list)
    missing_links: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class ReadPage:
    """A page of the old kind; ``days`` are (where, day)."""

    entries: list[ReadEntry] = field(default_factory=list)
    days: list[tuple[str, str]] = field(default_factory=list)


def read_old_page(text: str) -> ReadPage:
    """A page of the old kind; papers are its headings of the second level."""
    page = ReadPage()
    lines = text.splitlines()
    heads = [number for number, line in enumerate(lines) if re.match(r"^##\s", line)]
    for line in lines[: heads[0] if heads else len(lines)]:
        if match := re.match(r"^(?:(?P<front>date:)|#\s)\s*(?P<rest>.*)$", line):
            days = _DAY.findall(match["rest"])
            if days:
                page.days.append(("front matter, date" if match["front"] else "heading", days[-1]))
    for start, end in zip(heads, [*heads[1:], len(lines)], strict=False):
        page.entries.append(_read_entry(lines[start:end]))
    return page


def _read_entry(lines: list[str]) -> ReadEntry:
    entry = ReadEntry(title=_bare(re.sub(r"^##\s+", "", lines[0])))
    where = "head"
    for raw in lines[1:]:
        line = _bare(raw)
        if raw.strip().startswith("<details"):
            where = "figures"
        elif where == "figures" or not line:
            continue
        elif match := _HEADER_AUTHORS.match(raw.strip()):
            entry.authors.append(("header", match["names"]))
        elif match := _SOURCE.match(raw.strip()):
            entry.comment = _bare(match["rest"])
            entry.links += [("source", match["address"]), *(("source", url) for url in _urls(match["rest"]))]
            where = "summary"
        elif where == "head":
            entry.abstract = f"{entry.abstract} {line}".strip()
            entry.links += [("abstract", url) for url in _urls(line)]
        elif re.match(r"^\*\*(?:\[|Summary|Key Takeaways)", raw.strip()):
            where = "note" if "[" in raw else "takeaways" if "Key" in raw else "summary"
        else:
            _read_line(entry, where, line)
    return entry


def _read_line(entry: ReadEntry, where: str, line: str) -> None:
    """A line below the header: a field of the note by its label, or text."""
    if where == "note" and (match := _AUTHORS.match(line)):
        entry.authors.append(("note", match["told"]))
    elif where == "note" and (match := _AFFILIATION.match(line)):
        entry.affiliation = match["told"].strip()
    elif where == "note" and (match := _KEYWORDS.match(line)):
        entry.keywords = match["told"].strip()
    elif where == "note" and (match := _TITLE.match(line)):
        entry.translated = match["told"].strip()
    elif where == "note" and _is_link_line(line):
        for match in _LINK.finditer(line):
            _read_link(entry, match["label"].strip(), match["told"].strip())
    else:
        entry.texts.append((where, line))
        entry.links += [(where, url) for url in _urls(line)]


def _is_link_line(line: str) -> bool:
    return (
        re.match(rf"{_NUMBER}(?:论文链接|论文地址|链接|Urls?|Links?|Git\s?hub|Code|代码链接)", line, re.I) is not None
    )


def _read_link(entry: ReadEntry, name: str, told: str) -> None:
    urls = _urls(told)
    if urls:
        entry.links += [(f"note, {name}", url) for url in urls]
    elif not told or _NOTHING.match(told):
        entry.missing_links.append((name, told or "(empty)"))
    else:
        entry.texts.append((f"note, {name}", told))


def _urls(text: str) -> list[str]:
    return [url.rstrip(".,;:!?") for url in _URL.findall(text)]


def _bare(line: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", line)).split())


# ---------------------------------------------------------------------------------------------- held against records


def check_old_page(page: ReadPage, sources: Records) -> Verification:
    """The faults of a page of the old kind, and what only a full text could tell where none is stored."""
    findings = Findings()
    announced = []
    for entry in page.entries:
        paper = _identify(entry, sources)
        findings.entry = paper.id if paper else entry.title
        if paper is not None:
            announced.append(set(paper.announced))
        _OldEntryCheck(entry, paper, sources, findings).run()
    findings.entry = "page"
    days = Counter(day for days in announced for day in days)
    for where, day in page.days:
        findings.checked += 1
        if days and day not in {known.isoformat() for known in days}:
            findings.fault("date", day, max(days, key=lambda one: (days[one], one)).isoformat(), where=where)
    return findings.result()


def _identify(entry: ReadEntry, sources: Records) -> Paper | None:
    """The stored paper that an entry is about: the one that most of what it says agrees with."""
    addresses = Counter(address for _, address in entry.links if re.search(r"arxiv\.org/|doi\.org/", address))
    named = (sources.paper(address) for address, _ in addresses.most_common(8))
    best: tuple[float, Paper] | None = None
    for paper in {one.id: one for one in (*named, *sources.titled(entry.title)) if one is not None}.values():
        score = 3.0 * (plain_words(paper.title) == plain_words(entry.title)) + likeness(entry.title, paper.title)
        score += max((likeness(told, ", ".join(paper.authors)) for _, told in entry.authors), default=0.0)
        score += likeness(entry.abstract, paper.abstract) if entry.abstract else 0.0
        if score >= 1.0 and (best is None or score > best[0]):
            best = (score, paper)
    return best[1] if best else None


class _OldEntryCheck:
    """The checks of one paper's part of a page."""

    def __init__(self, entry: ReadEntry, paper: Paper | None, sources: Records, findings: Findings) -> None:
        self._entry, self._sources, self._findings = entry, sources, findings
        self._is_known = paper is not None
        self._paper = self._at_version(paper) if paper is not None else _from_header(entry)
        self._chunks = sources.chunks(paper.id) if paper is not None else ()
        self._is_read = paper is not None and paper.fulltext.state == "full"

    def run(self) -> None:
        """Look everything up; a page whose paper is not stored against its own header."""
        entry, paper, findings = self._entry, self._paper, self._findings
        if not self._is_known:
            findings.cannot("paper", entry.title, because("paper-not-here"), where="entry")
            if not entry.authors:
                return
        self._placeholders()
        findings.same("title", one_line(entry.title), one_line(paper.title), where="header")
        for where, names in entry.authors:
            self._names(names, where=where)
        if entry.abstract:
            findings.same("abstract", entry.abstract, one_line(paper.abstract), where="abstract")
        if entry.comment:
            self._comment(entry.comment)
        self._affiliation()
        self._addresses()
        self._absent_links()
        self._statements()

    def _at_version(self, paper: Paper) -> Paper:
        """The record as it was in the version that the page shows: the one whose abstract it has, else the linked."""
        numbers = (_arxiv_number(address) for where, address in self._entry.links if where == "source")
        claimed = next((number[1] for number in numbers if number and number[1] is not None), None)
        versions = {version.version: version for version in self._sources.versions(paper.id)}
        alike = [one for one in versions.values() if flat(one.abstract) == flat(self._entry.abstract)]
        chosen = max(alike, key=lambda one: (one.version == claimed, one.version), default=versions.get(claimed or 0))
        if chosen is None or chosen.version == paper.version:
            return paper
        return replace(
            paper, version=chosen.version, title=chosen.title, authors=chosen.authors, abstract=chosen.abstract,
            comment=chosen.comment,
        )  # fmt: skip

    def _placeholders(self) -> None:
        entry = self._entry
        told = [*entry.texts, ("note, affiliation", entry.affiliation), ("note, title", entry.translated)]
        for where, text in (*told, ("note, keywords", entry.keywords)):
            self._findings.checked += 1
            if match := _PLACEHOLDER.search(text):
                self._findings.fault("placeholder", match[0], "no placeholder", where=where)

    def _names(self, told: str, *, where: str) -> None:
        """Authors in the record's order; a name may have another form of itself in brackets."""
        expected = one_line(", ".join(self._paper.authors))
        self._findings.checked += max(1, len(self._paper.authors))
        same = {plain_words(name): name for name in self._paper.authors}
        found = [_known_form(name, same) for name in _BETWEEN.split(flat(told)) if name]
        if found == list(self._paper.authors):
            return
        if not set(found) & set(same.values()):  # a list that has nothing in common with the record's is one invention
            self._findings.fault("author", ", ".join(found), expected, where=where)
            return
        for one, other in differing_items(found, self._paper.authors):
            self._findings.fault("author", one, other, where=where)

    def _comment(self, told: str) -> None:
        if self._paper.comment is None:  # a feed knows no comment
            self._findings.cannot("comment", told, because("not-in-the-record"), where="source")
        else:
            self._findings.same("comment", told, one_line(self._paper.comment), where="source")

    def _affiliation(self) -> None:
        """Where it is stored it is compared, in its own language; else only a full text could tell."""
        told, known = self._entry.affiliation, self._paper.affiliation
        if not told or _NOTHING.match(told) or _PLACEHOLDER.search(told):
            return
        texts = " ".join(chunk.text for chunk in self._chunks if chunk.kind != "abstract")
        if plain_words(told) and plain_words(told) in plain_words(f"{texts} {known.text if known else ''}"):
            self._findings.checked += 1
        elif not self._is_read:
            self._findings.cannot("affiliation", told, because("full-text-not-read"), where="note")
        elif re.search(f"[{HAN}]", told) or known is None:
            self._findings.cannot("affiliation", told, because("translation"), where="note")
        else:
            self._findings.same("affiliation", told, one_line(known.text), where="note")

    def _addresses(self) -> None:
        """Each address is the record's or stands in the stored text, and is that of the paper itself."""
        paper, findings = self._paper, self._findings
        allowed = self._known_addresses()
        for where, address in self._entry.links:
            findings.checked += 1
            number = _arxiv_number(address) if paper.id.startswith("arxiv:") and where != "abstract" else None
            if _bare_address(address) in allowed:
                continue
            if number is None:
                self._strange_address(address, sorted(allowed.values()), where=where)
            elif f"arxiv:{number[0]}" not in (paper.id, *paper.aliases):
                findings.fault("id", number[0], paper.id.removeprefix("arxiv:"), where=where)
            elif number[1] is not None and paper.version is not None and number[1] != paper.version:
                findings.fault("version", f"v{number[1]}", f"v{paper.version}", where=where)

    def _strange_address(self, address: str, allowed: Sequence[str], *, where: str) -> None:
        """An address that is like a known one is that one misspelt; another may stand in a full text."""
        nearest = max(allowed, key=lambda one: SequenceMatcher(None, address, one).ratio(), default="")
        alike = SequenceMatcher(None, _bare_address(address), _bare_address(nearest)).ratio() if nearest else 0.0
        if where.startswith("note, ") and _CODE.search(where) and (stated := self._stated_code()):
            self._findings.fault("link", address, stated[0], where=where)
        elif self._is_read or alike > _MISSPELT:
            self._findings.fault("link", address, nearest, where=where)
        else:
            self._findings.cannot("link", address, because("full-text-not-read"), where=where)

    def _known_addresses(self) -> Mapping[str, str]:
        """Bare form to address of all that record and stored text have."""
        paper = self._paper
        told = [address for address in (self._sources.address(paper), paper.url, paper.license) if address]
        told += [link.url for link in paper.links if web_address(link.url)]
        if paper.id.startswith("arxiv:"):
            number = paper.id.removeprefix("arxiv:")
            told += [f"https://arxiv.org/abs/{number}", f"https://arxiv.org/pdf/{number}"]
            told += [f"{address}v{paper.version}" for address in told[-2:] if paper.version]
        told += [f"https://doi.org/{alias.removeprefix('doi:')}" for alias in paper.aliases if alias.startswith("doi:")]
        texts = (paper.abstract, paper.comment or "", paper.title, paper.venue or "", *(c.text for c in self._chunks))
        told += [match[0] for text in texts for match in IN_PROSE.finditer(one_line(text))]
        return {_bare_address(address): address for address in told}

    def _absent_links(self) -> None:
        """Links that a page names without an address, and the link to the paper itself."""
        paper, findings = self._paper, self._findings
        address = self._sources.address(paper)
        for name, told in self._entry.missing_links:
            findings.checked += 1
            is_code, stated = _CODE.search(name) is not None, self._stated_code()
            if not is_code and address:
                findings.fault("link", told, address, where=f"note, {name}")
            elif stated and is_code:
                findings.fault("link", told, stated[0], where=f"note, {name}")
            else:
                findings.fault("placeholder", f"{name}: {told}", "nothing, where there is none", where="note")
        if address and not any(where == "source" for where, _ in self._entry.links):
            findings.fault("link", "", address, where="source")

    def _stated_code(self) -> list[str]:
        return [link.url for link in self._paper.links if link.kind == "code"]

    def _statements(self) -> None:
        """Numbers and names of a note stand in the record or the stored text; without a full text nobody knows."""
        paper = self._paper
        stored = [paper.title, ", ".join(paper.authors), paper.abstract, paper.comment or ""]
        source = "\n".join([*stored, *(chunk.text for chunk in self._chunks)])
        told = [*self._entry.texts, *([("note, title", self._entry.translated)] if self._entry.translated else [])]
        for where, text in told:
            self._findings.checked += 1
            absent = missing(_PLACEHOLDER.sub(" ", IN_PROSE.sub(" ", _LISTED.sub("", text))), source)
            for kind, found in (("number", absent.numbers), ("name", absent.names)):
                for one in found:
                    if self._is_read:
                        self._findings.fault(kind, one, "in the paper's stored text", where=where)
                    else:
                        self._findings.cannot(kind, one, because("full-text-not-read"), where=where)


_LISTED = re.compile(r"^\W*\d{1,2}\s*[.、)）]|^\W*\(?\d\)?\s*[:：]")
_MISSPELT = 0.85
_CODE = re.compile(r"git|code|代码", re.IGNORECASE)


def _known_form(name: str, known: Mapping[str, str]) -> str:
    """An author as the record spells the name, where either the name or what stands in brackets behind it is that."""
    forms = [name, _BRACKETED.sub("", name), *(match["inner"] for match in _BRACKETED.finditer(name))]
    return next((known[plain_words(form)] for form in forms if plain_words(form) in known), name)


def _from_header(entry: ReadEntry) -> Paper:
    """The paper as the page's own header tells it."""
    number = next((n for where, a in entry.links if where == "source" and (n := _arxiv_number(a))), None)
    return Paper(
        id=f"arxiv:{number[0]}" if number else "record:0000",
        version=number[1] if number else None,
        title=entry.title,
        authors=tuple(name for name in _BETWEEN.split(entry.authors[0][1]) if name) if entry.authors else (),
        abstract=entry.abstract,
        comment=entry.comment or None,
    )


def _bare_address(address: str) -> str:
    """An address without what does not matter for where it leads."""
    plain = re.sub(r"%7B|%7D|%28|%29|%5B|%5D", lambda m: chr(int(m[0][1:], 16)), address.strip(), flags=re.IGNORECASE)
    return re.sub(r"^https?://(?:www\.)?|[/.,;]+$|\.git$", "", plain)


def _arxiv_number(address: str) -> tuple[str, int | None] | None:
    """Id and version of an address on arXiv; None for another."""
    try:
        return parse_arxiv_id(address)
    except BadIdentifier:
        return None
