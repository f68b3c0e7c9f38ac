"""A page against catalog and evidence: every author, id, version, date, link, number and quotation looked up.

A fault is one wrong value of one paper, told once with all the places where it stands on the page; what the head of
the page says (days, counts, titles) comes first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from urllib.parse import unquote

from kb.ids import plain_words
from kb.links import IN_PROSE
from kb.literals import missing
from kb.records import Fault, Figure, Language, Note, Paper, Version
from kb.rendering.address_check import arxiv_number, check_addresses
from kb.rendering.digest_check import check_data
from kb.rendering.entries import attribution, item_name, paper_anchor, shown_affiliation, source_address
from kb.rendering.labels import LABELS, label, picture_text, without_label
from kb.rendering.page_records import ReadEntry, ReadFigure, ReadPage
from kb.rendering.sentence_check import check_sentences
from kb.rendering.tally import CheckTally, Exists, Sources, differing_names, flat, likeness, nearest
from kb.text import one_line

_PLACEHOLDER = re.compile(
    r"\bx{3,}\b|\['x+'\]|待查阅|待补充|待定|请自行|\b(?:TODO|TBD|TBA|FIXME)\b|lorem ipsum|<methods?>|<conclusions?>"
    r"|\[(?:insert|your|placeholder|link|url|title|author)[^\]]{0,40}\]|\bplaceholder\b|\bundefined\b|\{\{.*\}\}",
    re.IGNORECASE,
)
_BETWEEN_OURS = re.compile(r"\s*,\s*")
_BETWEEN = re.compile(r"\s*[,，、;；]\s*|\s+and\s+|\s*和\s*")

_WITHDRAWN = {True: "marked as withdrawn", False: "not marked as withdrawn"}


def check_page(
    page: ReadPage, sources: Sources, *, exists: Exists | None = None, notes: Sequence[Note] = ()
) -> tuple[list[Fault], int]:
    """Faults in the order of the page, and how many things were looked up.

    Args:
        page: what was read of the page.
        sources: the library.
        exists: whether a file is there, by its path from the page's folder; None: not looked up.
        notes: where the page is data, the notes of its entries.
    """
    faults: list[Fault] = []
    checked = 0
    known: list[Paper | None] = []
    for number, entry in enumerate(page.entries):
        paper = identify(entry_ids(entry), entry.title, [names for _, names in entry.authors], entry.abstract, sources)
        tally = CheckTally()
        shown = _EntryCheck(page, entry, paper, sources, tally, exists).run()
        if notes and shown is not None:
            check_data(notes[number], shown, sources, tally)
        known.append(shown)
        faults += tally.faults(paper.id if paper else entry.title)
        checked += tally.checked
    head = CheckTally()
    _check_head(page, known, sources, head)
    return [*head.faults("page"), *faults], checked + head.checked


def entry_ids(entry: ReadEntry) -> list[str]:
    """What the entry's links say of its id, as written, most frequent first."""
    found = Counter(address for _, address in entry.links if re.search(r"arxiv\.org/|doi\.org/", address))
    named = [place.replace("-", ":", 1) for _, place in entry.anchors if re.match(r"(?:record|file)-[0-9a-f]+$", place)]
    return [*entry.ids, *dict.fromkeys(named), *(address for address, _ in found.most_common())]


def identify(ids: Sequence[str], title: str, authors: Sequence[str], abstract: str, sources: Sources) -> Paper | None:
    """The stored paper that an entry is about: the one that most of what it says agrees with."""
    best: tuple[float, Paper] | None = None
    for paper in sources.candidates(ids, title):
        score = 3.0 * (plain_words(paper.title) == plain_words(title)) + likeness(title, paper.title)
        names = ", ".join(paper.authors)
        score += max((likeness(told, names) for told in authors), default=0.0)
        score += likeness(abstract, paper.abstract) if abstract else 0.0
        if score >= 1.0 and (best is None or score > best[0]):
            best = (score, paper)
    return best[1] if best else None


def at_version(paper: Paper, *, claimed: int | None, abstract: str, sources: Sources) -> Paper:
    """The record as it was in the version that the page shows: the claimed one, unless another fits better."""
    versions = {version.version: version for version in sources.versions(paper.id)}

    def fit(version: Version) -> tuple[bool, bool, int]:
        return flat(version.abstract) == flat(abstract), version.version == claimed, version.version

    chosen = max(versions.values(), key=fit) if versions and abstract else versions.get(claimed or 0)
    if chosen is None or chosen.version == paper.version:
        return paper
    return replace(
        paper,
        version=chosen.version,
        title=chosen.title,
        authors=chosen.authors,
        abstract=chosen.abstract,
        comment=chosen.comment,
    )


class _EntryCheck:
    """The checks of one paper's part of a page."""

    def __init__(
        self,
        page: ReadPage,
        entry: ReadEntry,
        paper: Paper | None,
        sources: Sources,
        tally: CheckTally,
        exists: Exists | None,
    ) -> None:
        self._page, self._entry, self._sources, self._tally, self._exists = page, entry, sources, tally, exists
        self._language = page.language
        self._paper = paper

    def run(self) -> Paper | None:
        """Look everything up; returns the record in the version that the entry shows."""
        entry, tally = self._entry, self._tally
        for field, found, expected, where in entry.faults:
            tally.add(field, found, expected, where=where)
        self._placeholders()
        if self._paper is None:
            tally.checked += 1
            tally.add("paper", entry.title, "a paper of the library: kb add puts it in", where="entry")
            if self._page.own or not entry.authors:
                return None
            # A page of the old kind can still be checked against its own header.
            self._paper = _from_header(entry)
        numbers = (arxiv_number(address) for where, address in entry.links if where == "source")
        claimed = next((number[1] for number in numbers if number and number[1] is not None), None)
        paper = at_version(self._paper, claimed=claimed, abstract=entry.abstract, sources=self._sources)
        self._record(paper)
        self._item(paper)
        self._topical(paper)
        self._own_pages(paper)
        check_addresses(entry, self._page, paper, self._sources, tally)
        if self._page.own:
            self._places(paper)
            self._name(paper)
        self._pictures(paper)
        if self._page.own:
            check_sentences(entry, self._page, paper, self._sources, tally)
        else:
            self._old_note(paper)
        return paper

    def _record(self, paper: Paper) -> None:
        entry, tally, language = self._entry, self._tally, self._language
        tally.look("title", entry.title, one_line(paper.title), where="header")
        for where, title in entry.titles:
            tally.look("title", title, one_line(paper.title), where=where)
        for where, names in entry.authors:
            self._names(names, paper.authors, where=where)
        for where, marked in entry.withdrawn if self._page.own else ():
            tally.checked += 1
            if marked != paper.withdrawn:
                tally.add("withdrawn", _WITHDRAWN[marked], _WITHDRAWN[paper.withdrawn], where=where)
        if entry.abstract or (self._page.own and not self._page.excerpt):
            tally.look("abstract", entry.abstract, one_line(paper.abstract), where="abstract")
        if entry.source_line is not None:
            tally.look("comment", entry.source_line, _source_line(paper, language, own=self._page.own), where="source")
        if entry.affiliation and entry.affiliation != LABELS[language]["not stated"]:
            tally.look("affiliation", entry.affiliation, one_line(shown_affiliation(paper, language)), where="note")
        if self._page.own and entry.keywords and entry.keywords != LABELS[language]["not stated"]:
            tally.look("keywords", entry.keywords, one_line(", ".join(paper.keywords)), where="note")
        if entry.attribution:
            tally.look("attribution", entry.attribution, one_line(attribution(paper, language)), where="header")

    def _names(self, told: str, authors: Sequence[str], *, where: str) -> None:
        self._tally.checked += max(1, len(authors))
        expected = one_line(", ".join(authors))
        # Both are split alike: a name may hold what separates others.
        between = _BETWEEN_OURS if self._page.own else _BETWEEN
        found, ours = ([name for name in between.split(text) if name] for text in (flat(told), expected))
        if found == ours or (not authors and told == LABELS[self._language]["not stated"]):
            return
        same = {plain_words(name): name for name in ours}
        wrong = differing_names([same.get(plain_words(name), name) for name in found], ours)
        # A list that has nothing in common with the record's is one invention.
        if (len(found) != len(ours) or not self._page.own) and not set(map(plain_words, found)) & set(same):
            wrong = [(", ".join(found), expected)]
        for one, other in wrong:
            self._tally.add("author", one, other, where=where)

    def _item(self, paper: Paper) -> None:
        """The name of a feed's item, its days, its categories."""
        entry, tally = self._entry, self._tally
        tally.checked += bool(entry.item) + len(entry.days) + len(entry.moments) + len(entry.categories)
        if entry.item and entry.item != item_name(paper):
            tally.add(*_differing_name(entry.item, item_name(paper)), where="item")
        known = {day.isoformat() for day in paper.announced} | {last for _, _, last in self._page.days}
        for where, day in entry.days:
            if day not in known:
                tally.add("date", day, min(known, default="no date"), where=where)
        published = paper.published.isoformat() if paper.published else "no date"
        for where, moment in entry.moments:
            if moment != published:
                tally.add("date", moment, published, where=where)
        for category in entry.categories:
            if category not in paper.categories:
                tally.add("categories", category, ", ".join(paper.categories), where="categories")

    def _topical(self, paper: Paper) -> None:
        """Why the topic has it, and what is new in its version."""
        entry, tally = self._entry, self._tally
        tally.checked += len(entry.why) + len(entry.changes)
        for reason in entry.why:
            for fault in self._sources.faults_of_reason(reason, paper):
                tally.add(*fault, where="why")
        changes = self._sources.changes(paper) if entry.changes else ()
        known = {one_line(change) for change in changes}
        for change in entry.changes:
            if flat(change) not in known:
                tally.add("changes", change, nearest(change, changes) or "no change", where="changes")

    def _own_pages(self, paper: Paper) -> None:
        """An address of our own site must lead to the paper's place on a page that is there."""
        page, expected = self._page, paper_anchor(paper)
        self._tally.checked += len(self._entry.pages)
        for address in self._entry.pages:
            path, _, anchor = unquote(address.removeprefix(page.site).lstrip("/")).partition("#")
            if anchor != expected:
                self._tally.add("link", address, f"#{expected}", where="item")
            elif self._exists is not None and not self._exists("../" * page.up + path):
                self._tally.add("link", address, "a page that is there", where="item")

    def _name(self, paper: Paper) -> None:
        """The id that is there for programs."""
        told = self._entry.named
        self._tally.checked += 1
        if told not in ("", paper.id, *paper.aliases):
            self._tally.add("id", told.removeprefix("arxiv:"), paper.id.removeprefix("arxiv:"), where="entry")

    def _places(self, paper: Paper) -> None:
        """Every place on the page that is this paper's has its name, so that marks and contents lead there."""
        expected = paper_anchor(paper)
        for where, place in self._entry.anchors:
            self._tally.checked += 1
            if place != expected:
                self._tally.add("mark", f"#{place}", f"#{expected}", where=where)

    def _placeholders(self) -> None:
        entry = self._entry
        places = [*entry.texts, ("note, affiliation", entry.affiliation), ("note, title", entry.translated)]
        if not self._page.own:
            places.append(("note, keywords", entry.keywords))
        for where, text in places:
            self._tally.checked += 1
            if match := _PLACEHOLDER.search(text):
                self._tally.add("placeholder", match[0], "no placeholder", where=where)

    def _pictures(self, paper: Paper) -> None:
        figures = self._sources.figures(paper.id) if self._page.own else None
        for picture in self._entry.pictures if self._page.own else ():
            self._tally.checked += 1
            file = "" if picture.file.startswith("data:") else picture.file
            if file and self._exists is not None and not self._exists(file):
                self._tally.add("figure", file, "a file beside the page", where="figures")
            elif figures is not None:
                self._figure(picture, file.rsplit("/", 1)[-1], figures)

    def _figure(self, picture: ReadFigure, key: str, figures: Mapping[str, Figure]) -> None:
        """Label, page and caption of a picture; one within the page is known by what it says of itself."""

        def fit(figure: Figure) -> tuple[float, bool, bool]:
            same_page = str(figure.page) in picture.page
            return likeness(picture.alt, picture_text(figure)), figure.label == picture.label, same_page

        true = figures.get(key) if key else max(figures.values(), key=fit, default=None)
        if true is None:
            self._tally.add("figure", picture.file[:80], "a figure cut from the stored PDF", where="figures")
            return
        where = f"figures, {true.label}"
        self._tally.look("figure", picture.label, one_line(true.label), where=where)
        self._tally.look("page", picture.page, label(self._language, "page", page=true.page), where=where)
        self._tally.look("caption", picture.alt, one_line(picture_text(true)), where=where)
        if picture.caption:
            told = one_line(without_label(true.caption, true.label))
            self._tally.look("caption", picture.caption, told, where=where)

    def _old_note(self, paper: Paper) -> None:
        """Names and numbers that a note states must stand in the record or the paper's stored text."""
        chunks = self._sources.chunks(paper.id)
        source = "\n".join(
            [paper.title, ", ".join(paper.authors), paper.abstract, paper.comment or "", *(c.text for c in chunks)]
        )
        expected = "in the paper's stored text" if any(c.page for c in chunks) else "in the record's title or abstract"
        told = [*self._entry.texts, *([("note, title", self._entry.translated)] if self._entry.translated else [])]
        for where, text in told:
            plain = _PLACEHOLDER.sub(
                " ", IN_PROSE.sub(" ", re.sub(r"^\W*\d{1,2}\s*[.、)）]|^\W*\(?\d\)?\s*[:：]", "", text))
            )
            self._tally.checked += 1
            absent = missing(plain, source)
            for number in absent.numbers:
                self._tally.add("number", number, expected, where=where)
            for name in absent.names:
                self._tally.add("name", name, expected, where=where)


def _from_header(entry: ReadEntry) -> Paper:
    """The paper as the page's own header tells it."""
    number = next((n for where, a in entry.links if where == "source" and (n := arxiv_number(a))), None)
    comment = (entry.source_line or "").removeprefix("PDF").strip()
    return Paper(
        id=f"arxiv:{number[0]}" if number else "record:0000",
        version=number[1] if number else None,
        title=entry.title,
        authors=tuple(re.split(r"\s*,\s*", entry.authors[0][1])),
        abstract=entry.abstract,
        comment=comment or None,
    )


def _source_line(paper: Paper, language: Language, *, own: bool) -> str:
    words = "PDF" if paper.id.startswith("arxiv:") else LABELS[language]["paper"]
    parts = [words if source_address(paper) else LABELS[language]["no_address"], one_line(paper.comment or "")]
    if own and paper.license:
        parts.append(f"{LABELS[language]['license']}: {one_line(paper.license)}")
    return " ".join(part for part in parts if part)


def _differing_name(told: str, expected: str) -> tuple[str, str, str]:
    """(field, found, expected) of an item's name: its id, else its version."""
    pattern = r"urn:kb:(?:arxiv:)?(?P<id>.*?)(?P<version>v\d+)?"
    found, true = re.fullmatch(pattern, told), re.fullmatch(pattern, expected)
    if found is None or true is None:
        return "id", told, expected
    if found["id"] != true["id"]:
        return "id", found["id"], true["id"]
    return "version", found["version"] or "no version", true["version"] or "no version"


# ------------------------------------------------------------------------------------- the head of a page


def _check_head(page: ReadPage, papers: Sequence[Paper | None], sources: Sources, tally: CheckTally) -> None:
    """Days, counts, and the titles that the head of the page repeats."""
    periods = sources.periods() if page.own else ()
    for where, told, expected in _wrong_days(page, papers, periods):
        tally.add("date", told, expected, where=where)
    tally.checked += len(page.days)
    for field, found, expected, at in page.faults:
        tally.add(field, found, expected, where=at)
    _check_counts(page, tally)
    known = [paper for paper in papers if paper is not None]
    for (where, title), paper in zip(
        page.heads, papers if len(page.heads) == len(papers) else papers[:1], strict=False
    ):
        tally.checked += 1
        if paper is not None:
            tally.look("title", title, one_line(paper.title), where=where)
    if page.cover:
        tally.checked += 1
        pictures = {picture.file.rsplit("/", 1)[-1] for entry in page.entries for picture in entry.pictures}
        if page.own and page.cover not in pictures:
            tally.add("cover", page.cover, "a figure of the page", where="front matter")
    for line in page.loose:
        tally.add("text", line, label(page.language, "update", day="…") if known else "", where="front matter")


def _wrong_days(
    page: ReadPage, papers: Sequence[Paper | None], periods: Collection[tuple[date, date]]
) -> Iterator[tuple[str, str, str]]:
    """(where, told, expected) of each place whose period does not hold the papers, disagrees with the others (of two
    the later one is told, of more the odd one), or has an end that nothing bears out."""
    announced = [days for paper in papers if paper is not None and (days := _days(paper))]
    single = all(not first or first == last for _, first, last in page.days)
    agreeing = []
    for where, first, last in page.days:
        if expected := _missed(first, last, announced, single=single):
            yield where, _period(first, last), expected
        else:
            agreeing.append((where, first, last))
    told = Counter(last for _, _, last in agreeing)
    known = {until for _, until in periods}
    ends = sorted(told, key=lambda last: (-told[last], date.fromisoformat(last) not in known))
    starts = Counter(first for _, first, _ in agreeing if first).most_common(1)
    moved = {}
    if starts:
        moved = _moved_ends(starts[0][0], ends[0], announced, periods)
    for where, first, last in agreeing:
        if last != ends[0]:
            yield where, _period(first, last), f"{ends[0]}, as elsewhere on the page"
        elif first and first != starts[0][0]:
            yield where, _period(first, last), f"{starts[0][0]}, as elsewhere on the page"
        else:
            yield from ((where, end, moved[end]) for end in dict.fromkeys((first, last)) if end in moved)


def _moved_ends(
    since: str, until: str, announced: Sequence[Collection[date]], periods: Collection[tuple[date, date]]
) -> dict[str, str]:
    """The end of a period that no digest was made of, and what it should be.

    Told is only what a remembered digest speaks against: one of the same papers with the same other end. A page may
    have been made by another home, or before periods were remembered, so that none remembers it is no fault.
    It is the end on which no paper of the page was announced; where there are papers of both, the one that a digest of
    more than a day with the same other end does not have.
    """
    first, last = date.fromisoformat(since), date.fromisoformat(until)
    if first == last or (first, last) in periods:  # of a single day neither end is the other
        return {}
    possible = [period for period in periods if _holds_all(period, announced)]
    days = {day for known in announced for day in known}
    starts = {start for start, end in possible if end == last}
    ends = {end for start, end in possible if start == first}
    if first in days and last in days:
        wrong = {last: ends - {first}} if ends - {first} else {first: starts - {last}}
    else:
        wrong = {day: near for day, near in ((last, ends), (first, starts)) if day not in days}
    return {
        day.isoformat(): min(near, key=lambda other: (abs(other - day), other)).isoformat()
        for day, near in wrong.items()
        if near
    }


def _holds_all(period: tuple[date, date], announced: Sequence[Collection[date]]) -> bool:
    """Whether a digest of the period can have had these papers; a day without any says nothing of a longer period."""
    start, end = period
    if not announced:
        return start < end
    return all(any(start <= day <= end for day in days) for days in announced)


def _period(first: str, last: str) -> str:
    return last if first in ("", last) else f"{first} to {last}"


def _missed(first: str, last: str, announced: Sequence[Collection[date]], *, single: bool) -> str:
    """What a period should be that leaves out the days of one of the papers; "" when it holds them all."""
    try:
        until = date.fromisoformat(last)
        since = date.fromisoformat(first) if first else None
    except ValueError:
        return "a day"
    if all(any((since or (until if single else day)) <= day <= until for day in days) for days in announced):
        return ""
    return Counter(day for days in announced for day in set(days)).most_common(1)[0][0].isoformat()


def _days(paper: Paper) -> tuple[date, ...]:
    if paper.announced:
        return paper.announced
    return (paper.published.date(),) if paper.published else ()


def _check_counts(page: ReadPage, tally: CheckTally) -> None:
    for counts in page.counts:
        found, new, updated, *_ = counts
        tally.checked += 1
        if new + updated != len(page.entries):
            tally.add("number", f"{new} + {updated}", f"{len(page.entries)} papers on the page", where="counts")
        elif found != sum(counts[1:]):
            tally.add("number", str(found), str(sum(counts[1:])), where="counts")
