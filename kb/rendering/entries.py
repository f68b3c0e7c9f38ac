"""What a page says of a digest and of each paper, worked out once for all forms. Nothing here is escaped yet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from textwrap import shorten
from urllib.parse import quote

from kb.links import web_address
from kb.records import (
    ABSTRACT_PARTS,
    CONCLUSION_PARTS,
    Claim,
    Digest,
    DigestCounts,
    EntryState,
    Evidence,
    FieldStatus,
    Figure,
    Language,
    Note,
    Paper,
    Reason,
    Skipped,
)
from kb.rendering.labels import label, page_of
from kb.rendering.licences import licence_name, may_republish, publishable_note
from kb.rendering.reasons import sentence, told, told_why
from kb.text import UNREAD

_MOST_AUTHORS = 11  # ten and the last
_IN_URN = "!$&'()*+,;=:@/"  # RFC 8141, beside letters, digits and -._~
_LONGEST_VENUE = 40  # characters, beside a title
_FIRST_WITH_HTML = "2312"  # since December 2023 arXiv makes HTML of what is submitted as TeX
STATES: tuple[EntryState, ...] = ("new", "updated", "withdrawn")
"""The sections of a page, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings:
    """What a page needs to know of the place where it is published.

    ``site_url`` is the address of the site's root and ``folder`` where below it the files of a digest go ("" for the
    root itself); ``pages`` names for an item of a feed (``item_name``) the HTML page below the root that has it, and
    ``days`` the day of that page. ``previous``, ``next``, ``index`` and ``week`` are addresses, relative to the page,
    of the topic's page before and after it, of the index over all pages, and of the roundup that has it; None: no such.
    ``mathjax`` is the address of a MathJax of one's own for the HTML form ("" for none: formulas are then written
    without a script). Pictures beyond ``embedded_bytes`` stand beside an HTML page instead of in it.
    """

    author: str = "kb"
    site_url: str = ""
    mathjax: str = ""
    embedded_bytes: int = 20_000_000
    mail_from: str = ""
    mail_to: tuple[str, ...] = ()
    folder: str = ""
    pages: Mapping[str, str] = field(default_factory=dict)
    days: Mapping[str, date] = field(default_factory=dict)
    previous: str | None = None
    next: str | None = None
    index: str | None = None
    week: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceMark:
    """What stands behind a sentence for its evidence: a number that leads to ``target``, a name within the entry, or
    the place alone where the sentence is itself the quotation (``target`` is "")."""

    text: str
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence with the marks of its evidence; ``doubt`` says what is weak about it ("" for nothing)."""

    text: str
    marks: tuple[EvidenceMark, ...] = ()
    doubt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A field of the note: its sentences, the places of the abstract that stand for others, or what stands in their
    place; ``remark`` says how they came about. False where there is nothing to show."""

    name: str
    label: str
    sentences: tuple[Sentence, ...] = ()
    in_abstract: tuple[EvidenceMark, ...] = ()
    absent: str = ""
    remark: str = ""

    def __bool__(self) -> bool:
        return bool(self.sentences or self.in_abstract or self.absent)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbstractLine:
    """A sentence of the abstract, its name within the entry, and what it does where that changes ("" else)."""

    target: str
    role: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A line of the list of evidence; an empty text was withheld for want of a licence."""

    marker: str
    target: str
    place: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A word beside a title, with an address where it leads to one; ``warns`` for what a reader must not miss."""

    text: str
    address: str = ""
    warns: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutEntry:
    """A paper that has no entry: its title, where it stands, and why ("" where nothing but the limit left it out)."""

    title: str
    address: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEntry:
    """One paper of a page. ``abstract`` is the abstract once; ``note`` has the parts of the reading note, none where
    the record alone was read."""

    number: int
    language: Language
    note: Note
    state: EntryState
    badges: tuple[Badge, ...]
    links: tuple[tuple[str, str], ...]
    facts: tuple[str, ...]
    affiliation: str
    attribution: str
    withheld: str
    remark: str
    summary: Part
    takeaways: Part
    abstract: tuple[AbstractLine, ...]
    abstract_only: str
    retold: tuple[Part, ...]
    methods: Part
    conclusion: tuple[Part, ...]
    quotes: tuple[Quote, ...]
    changes: tuple[str, ...]
    why: tuple[str, ...]

    @property
    def paper(self) -> Paper:
        """The record."""
        return self.note.paper

    @property
    def has_note(self) -> bool:
        """Whether there is a reading note: the full text was read, and something stands in it."""
        return bool(any(self.retold) or self.methods or any(self.conclusion))

    @property
    def translated(self) -> str:
        """The translated title where no reading note gives it."""
        return "" if self.has_note else self.note.title_translated or ""

    @property
    def thumbnail(self) -> Figure | None:
        """The first figure that may be shown."""
        return next((figure for figure in self.note.figures if figure.kind == "figure"), None)

    @property
    def anchor(self) -> str:
        """Where links lead to the entry: the same on every page that has the paper."""
        return paper_anchor(self.paper)

    @property
    def address(self) -> str:
        """Where the title leads to outside of the page; "" where no address is known."""
        return source_address(self.paper) or ""

    @property
    def authors(self) -> str:
        """The authors, of many the first ten and the last."""
        names = [*self.paper.authors, *(["et al."] if self.paper.et_al else [])]
        if (more := len(names) - _MOST_AUTHORS) > 0:
            names = [*names[: _MOST_AUTHORS - 1], self.say("more_authors", count=more), names[-1]]
        return ", ".join(names)

    def say(self, name: str, **values: object) -> str:
        """A word of the page in its language."""
        return label(self.language, name, **values)


# ----------------------------------------------------------------------------------------------------------- the page


def digest_entries(digest: Digest) -> list[PageEntry]:
    """The entries of a digest in its order, as its audience may see them, with their numbers on a page in sections."""
    public = digest.audience == "public"
    # What holds of half the papers of a page or more says nothing of one.
    given = [why for note in digest.entries for why in note.why]
    shared = [why for why in given if (count := given.count(why)) > 1 and 2 * count >= len(digest.entries)]
    notes = [replace(note, why=tuple(one for one in note.why if one not in shared)) for note in digest.entries]
    ranked = sorted(range(len(notes)), key=lambda place: STATES.index(_state(notes[place])))
    return [
        note_entry(
            note,
            number=ranked.index(place) + 1,
            language=digest.language,
            public=public,
            drafted=digest.made_with.model,
            until=digest.until,
        )
        for place, note in enumerate(notes)
    ]


def sections(entries: Sequence[PageEntry]) -> list[tuple[str, list[PageEntry]]]:
    """(heading, entries) of each section that has some; a page of new papers alone is one section without a heading."""
    by_state = {state: [entry for entry in entries if entry.state == state] for state in STATES}
    alone = len(by_state["new"]) == len(entries)
    return [
        ("" if alone else label(found[0].language, f"section_{state}"), found)
        for state, found in by_state.items()
        if found
    ]


def headline(digest: Digest, entries: Sequence[PageEntry]) -> str:
    """What the page has, without what it has not: "6 new, 1 updated"."""
    states = Counter(entry.state for entry in entries)
    counts = DigestCounts(new=states["new"], updated=states["updated"], withdrawn=states["withdrawn"])
    return counted(counts, digest.language) or label(digest.language, "nothing")


def counted(counts: DigestCounts, language: Language) -> str:
    """The papers of a page by their states, each with its number; "" where there is none."""
    numbers = ((counts.new, "new"), (counts.updated, "updated"), (counts.withdrawn, "state_withdrawn"))
    words = [label(language, "counted", count=count, what=label(language, name)) for count, name in numbers if count]
    return label(language, "separator").join(words)


def also_matched(digest: Digest) -> list[WithoutEntry]:
    """What nothing but the limit of the page left out."""
    return [WithoutEntry(title=one.title, address=web_address(one.url) or "") for one in digest.also_matched]


def left_out(digest: Digest) -> list[WithoutEntry]:
    """The others that were found and have no entry, each with the reason."""

    def told_of(one: Skipped) -> WithoutEntry:
        return WithoutEntry(
            title=one.title, address=web_address(one.url) or "", reason=sentence(one.reason, digest.language)
        )

    return [told_of(one) for one in digest.skipped]


def notices(digest: Digest) -> Iterator[str]:
    """What the digest says of itself (why it is empty), and how the text was made, truthfully."""
    yield from (told(notice, digest.language) for notice in digest.notices)
    if digest.made_with.model is None:
        yield label(digest.language, "made_extractive")
        if remark := label(digest.language, "made_zh"):
            yield remark
    else:
        yield label(digest.language, "made_model", model=digest.made_with.model)


def picture_files(entries: Iterable[PageEntry]) -> list[str]:
    """The keys of all pictures of a page, in order and once."""
    return list(dict.fromkeys(figure.file for entry in entries for figure in entry.note.figures))


# ---------------------------------------------------------------------------------------------------------- an entry


def note_entry(
    note: Note,
    *,
    number: int = 1,
    language: Language | None = None,
    public: bool = False,
    drafted: str | None = None,
    until: date | None = None,
) -> PageEntry:
    """One entry; ``drafted`` names the model that the rest of the page was made with, ``until`` is the page's day."""
    spoken = language or note.language
    shown = publishable_note(note) if public else note
    paper = note.paper
    parts = _Parts(shown, language=spoken, drafted=drafted or note.model, withheld=public)
    summary = parts.part("summary", (shown.summary,) if shown.summary else ())
    takeaways = parts.part("takeaways", shown.takeaways)
    retold = [parts.retold(name, getattr(shown, name)) for name in ABSTRACT_PARTS if name != "method"]
    methods = parts.retold("method", shown.method, title="methods")
    conclusion = [
        parts.retold(f"conclusion.{name}", getattr(shown.conclusion, name), title=name) for name in CONCLUSION_PARTS
    ]
    return PageEntry(
        number=number,
        language=spoken,
        note=shown,
        state=_state(note),
        badges=_badges(note, spoken),
        links=paper_links(paper, spoken),
        facts=_facts(paper, spoken, until=until),
        affiliation=shown_affiliation(paper, spoken),
        attribution=attribution(paper, spoken) if public else "",
        withheld=label(spoken, "unlicensed") if public and not may_republish(paper.license) else "",
        remark=_with_reason(label(spoken, "quoted_entry"), note.status.values(), spoken)
        if drafted and note.model is None
        else "",
        summary=summary,
        takeaways=takeaways,
        abstract=parts.abstract(),
        abstract_only=label(spoken, "abstract_only") if note.is_of_abstract else "",
        retold=tuple(retold),
        methods=methods,
        conclusion=tuple(conclusion),
        quotes=parts.quotes(),
        changes=tuple(told(change, spoken) for change in shown.changes),
        why=tuple(told_why(shown.why, spoken)),
    )


def _state(note: Note) -> EntryState:
    """In which section the paper stands; a withdrawal that became known since counts."""
    if note.paper.withdrawn:
        return "withdrawn"
    return note.state or ("updated" if note.changes else "new")


def _badges(note: Note, language: Language) -> tuple[Badge, ...]:
    """What a reader wants to know of a paper before its title is opened."""
    paper = note.paper
    state = {"updated": "updated", "withdrawn": "state_withdrawn"}.get(_state(note))
    return (
        *([Badge(text=label(language, state), warns=True)] if state else []),
        *(Badge(text=category) for category in paper.categories[:1]),
        *([Badge(text=shorten(paper.venue, _LONGEST_VENUE, placeholder="…"))] if paper.venue else []),
        *(Badge(text=words, address=address) for words, address in _stated_links(paper, language)),
        *([Badge(text=f"v{paper.version}")] if (paper.version or 0) > 1 else []),
    )


def _facts(paper: Paper, language: Language, *, until: date | None) -> tuple[str, ...]:
    """Day (of several the last that the page knows), categories and comment, as far as the record has them."""
    days = [day for day in paper.announced if until is None or day <= until] or paper.announced
    day = max(days).isoformat() if days else paper.stated_date[:10]
    comment = (paper.comment or "").strip()
    venue = paper.venue if paper.venue and paper.venue not in comment else ""
    licence = licence_name(paper.license) or paper.license
    licence = f"{label(language, 'license')}: {licence}" if licence else ""
    return tuple(filter(None, [day, ", ".join(paper.categories), venue, comment, licence]))


class _Parts:
    """The parts of one note in the page's language, and the places that their sentences are from."""

    def __init__(self, note: Note, *, language: Language, drafted: str | None, withheld: bool) -> None:
        self._note, self._language, self._drafted, self._withheld = note, language, drafted, withheld
        texts = [one.text for one in note.abstract_sentences] or [note.paper.abstract]
        self._lines = [_flat(text) for text in texts]
        self._abstract = _flat(note.paper.abstract)
        self._quotes: dict[str, Quote] = {}
        self._retold: set[str] = set()

    def abstract(self) -> tuple[AbstractLine, ...]:
        """The abstract once; a role is said where it begins."""
        note, before = self._note, None
        if not note.paper.abstract.strip():
            return ()
        if not note.abstract_sentences:
            return (AbstractLine(target="a1", role="", text=note.paper.abstract),)
        lines = []
        for number, one in enumerate(note.abstract_sentences, start=1):
            role = label(self._language, f"role_{one.role}") if one.role and one.role != before else ""
            lines.append(AbstractLine(target=f"a{number}", role=role, text=one.text))
            before = one.role
        return tuple(lines)

    def part(self, name: str, claims: Sequence[Claim], *, title: str = "") -> Part:
        """One field of the note: its sentences, and what there is to say of how they came."""
        status = self._note.status.get(name)
        quoted = bool(self._drafted and self._note.model and claims and status and status.state == "extractive")
        return Part(
            name=name,
            label=label(self._language, title or name),
            sentences=tuple(self._sentence(claim) for claim in claims),
            absent="" if claims else self._absent(name),
            remark=_with_reason(label(self._language, "quoted"), [status], self._language) if quoted and status else "",
        )

    def retold(self, name: str, claims: Sequence[Claim], *, title: str = "") -> Part:
        """A part of the reading note. A sentence of the abstract stands on the page already: its place stands for it,
        and what an earlier part has told is not told again."""
        if self._note.is_of_abstract:
            return Part(name=name, label=label(self._language, title or name))
        fresh = [claim for claim in claims if _flat(claim.text) not in self._retold]
        self._retold.update(_flat(claim.text) for claim in fresh)
        places = [mark for claim in fresh if (mark := self._place_in_abstract(claim)) is not None]
        told_here = [claim for claim in fresh if self._place_in_abstract(claim) is None]
        made = self.part(name, told_here, title=title)
        return Part(
            name=name,
            label=made.label,
            sentences=made.sentences,
            in_abstract=tuple(dict.fromkeys(places)),
            absent="" if claims else made.absent,
            remark=made.remark,
        )

    def quotes(self) -> tuple[Quote, ...]:
        """The quotations that do not stand on the page already, in the order of their markers."""
        return tuple(self._quotes[key] for key in sorted(self._quotes, key=lambda key: (len(key), key)))

    def _absent(self, name: str) -> str:
        """Why there is nothing, where that can be said: it failed, may not be shown, or the whole text has it not."""
        status = self._note.status.get(name)
        if status is None:
            return ""
        if status.state == "failed":
            return label(self._language, "failed", reason=told(status.reason, self._language))
        if self._withheld and status.state in ("ok", "extractive"):
            return label(self._language, "withheld")
        read_whole = self._note.paper.fulltext.state == "full"
        return label(self._language, "not stated") if status.state == "not stated" and read_whole else ""

    def _sentence(self, claim: Claim) -> Sentence:
        sure = claim.verdict in (None, "verbatim", "supported")
        marks = (self._mark(claim, evidence) for evidence in claim.evidence)
        return Sentence(
            text=claim.text,
            marks=tuple(dict.fromkeys(marks)),
            doubt="" if sure or claim.verdict is None else label(self._language, claim.verdict),
        )

    def _place_in_abstract(self, claim: Claim) -> EvidenceMark | None:
        """The sentence of the abstract that a claim is, word for word; None where it is something else."""
        quoted = [evidence for evidence in claim.evidence if _flat(claim.text) in _flat(evidence.quote)]
        mark = self._mark(claim, quoted[0]) if quoted else None
        return mark if mark is not None and mark.target.startswith("a") else None

    def _mark(self, claim: Claim, evidence: Evidence) -> EvidenceMark:
        quote, listed = _flat(evidence.quote), f"e{evidence.marker}"
        place = page_of(self._language, evidence)
        if quote and UNREAD not in quote:
            if quote in self._abstract:
                found = next((n for n, line in enumerate(self._lines, start=1) if quote in line or line in quote), 1)
                return EvidenceMark(text=evidence.marker, target=f"a{found}")
            if _flat(claim.text) in quote:  # the sentence is the quotation
                return EvidenceMark(text=place or label(self._language, "no_text_place"))
        place = place or label(self._language, "record" if self._note.is_of_abstract else "text")
        if UNREAD in quote:
            place = label(self._language, "unread", place=place)
        self._quotes.setdefault(
            evidence.marker, Quote(marker=evidence.marker, target=listed, place=place, text=evidence.quote)
        )
        return EvidenceMark(text=evidence.marker, target=listed)


# Why a model's words are not there, as a reader is told it: what a provider said of a failure is in the data.
_NOT_DRAFTED = {
    "model-failed": "model-failed-briefly", "model-wrote-nothing": "model-wrote-nothing",
    "draft-unsupported": "draft-unsupported",
}  # fmt: skip


def _with_reason(remark: str, of: Iterable[FieldStatus], language: Language) -> str:
    """What is said of sentences of the paper, and why they are not a model's where it was asked."""
    kinds = dict.fromkeys(_NOT_DRAFTED[one.kind] for status in of for one in status.reason if one.kind in _NOT_DRAFTED)
    return " ".join([remark, *([f"({told((Reason(kind=kind) for kind in kinds), language)})"] if kinds else [])])


def _flat(text: str) -> str:
    return " ".join(text.split())


# --------------------------------------------------------------------------------------------------- a paper's places


def source_address(paper: Paper) -> str | None:
    """Where the paper stands, at the version of the record."""
    if paper.id.startswith("arxiv:"):
        return f"https://arxiv.org/abs/{_arxiv_name(paper)}"
    return paper_address(paper)


def paper_address(paper: Paper) -> str | None:
    """Where the paper stands, whatever the version."""
    if paper.id.startswith("arxiv:"):
        return f"https://arxiv.org/abs/{paper.id.removeprefix('arxiv:')}"
    if url := web_address(paper.url):
        return url
    doi = next((key.removeprefix("doi:") for key in (paper.id, *paper.aliases) if key.startswith("doi:")), None)
    return web_address(f"https://doi.org/{doi}") if doi else None


def paper_links(paper: Paper, language: Language) -> tuple[tuple[str, str], ...]:
    """(words, address): where the paper stands, its PDF and HTML, code and project page; each address once."""
    links: list[tuple[str, str]] = []
    own = source_address(paper)
    if paper.id.startswith("arxiv:"):
        name = _arxiv_name(paper)
        links = [("arXiv", f"https://arxiv.org/abs/{name}"), ("PDF", f"https://arxiv.org/pdf/{name}")]
        if re.match(r"\d{4}\.", name) and name[:4] >= _FIRST_WITH_HTML:
            links.append(("HTML", f"https://arxiv.org/html/{name}"))
    elif own:
        links = [(label(language, "paper"), own)]
        links += [(one.kind.upper(), one.url.strip()) for one in paper.links if one.kind in ("pdf", "html", "doi")]
    links += _stated_links(paper, language)
    first_of = {address: words for words, address in reversed(links) if web_address(address)}
    return tuple((words, address) for words, address in links if first_of.pop(address, None) == words)


def _stated_links(paper: Paper, language: Language) -> list[tuple[str, str]]:
    """(words, address) of code and project page, as the sources state them."""
    stated = [link for link in paper.links if link.kind in ("code", "project") and web_address(link.url)]
    return list(dict.fromkeys((label(language, link.kind), link.url.strip()) for link in stated))


def _arxiv_name(paper: Paper) -> str:
    return paper.id.removeprefix("arxiv:") + (f"v{paper.version}" if paper.version else "")


def shown_affiliation(paper: Paper, language: Language) -> str:
    """The first author's affiliation with its page; "" where none is known."""
    if paper.affiliation is None or not paper.affiliation.text.strip():
        return ""
    page = paper.affiliation.page
    where = f" ({label(language, 'page', page=page)})" if page else ""
    return f"{paper.affiliation.text}{where}"


def paper_anchor(paper: Paper) -> str:
    """Where links on a page lead to a paper: letters and digits of its id."""
    return anchor_of(paper.id)


def anchor_of(paper_id: str) -> str:
    """The same for a paper that is not at hand."""
    return "-".join(re.findall(r"\w+", paper_id.casefold()))


def item_name(paper: Paper) -> str:
    """The name of a feed's item: one a version, so that readers show an update as new."""
    name = f"{paper.id}{f'v{paper.version}' if paper.version else ''}"
    return f"urn:kb:{quote(name, safe=_IN_URN)}"


def attribution(paper: Paper, language: Language) -> str:
    """Who wrote it, what it is called, where it stands, under which licence: as Creative Commons asks for."""
    licence = licence_name(paper.license) or label(language, "no_licence")
    who = ", ".join(paper.authors[:3]) + (" et al." if len(paper.authors) > 3 else "")
    where = source_address(paper) or label(language, "no_address")
    terms = web_address(paper.license)
    return label(
        language,
        "attribution",
        authors=who or label(language, "not stated"),
        title=paper.title,
        where=where,
        licence=f"{licence} ({terms})" if terms and licence_name(paper.license) else licence,
    )
