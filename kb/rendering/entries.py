"""What a page says of a digest and of each paper, worked out once for all forms. Nothing here is escaped yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date

from kb.links import web_address
from kb.records import ABSTRACT_PARTS, CONCLUSION_PARTS, Claim, Digest, Figure, Language, Note, Paper
from kb.rendering.labels import label, page_of
from kb.rendering.licences import licence_name, may_republish, publishable_note
from kb.rendering.reasons import told
from kb.text import UNREAD


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
class Sentence:
    """A sentence with the markers of its evidence; ``doubt`` says what is weak about it ("" for nothing)."""

    text: str
    marks: tuple[str, ...]
    doubt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A field of the note: its sentences, or what stands in their place; ``remark`` says how they came about."""

    name: str
    label: str
    sentences: tuple[Sentence, ...] = ()
    absent: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A line of the list of evidence; an empty text was withheld for want of a licence."""

    marker: str
    place: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEntry:
    """One paper of a page."""

    number: int
    language: Language
    note: Note
    source: tuple[str, str] | None
    links: tuple[tuple[str, str], ...]
    affiliation: str
    attribution: str
    withheld: str
    remark: str
    summary: Part
    takeaways: Part
    abstract: tuple[Part, ...]
    methods: Part
    conclusion: tuple[Part, ...]
    quotes: tuple[Quote, ...]
    no_figures: str
    changes: tuple[str, ...]
    why: tuple[str, ...]

    @property
    def paper(self) -> Paper:
        """The record."""
        return self.note.paper

    @property
    def figures(self) -> Sequence[Figure]:
        """The figures that may be shown."""
        return self.note.figures

    @property
    def anchor(self) -> str:
        """Where links lead to the entry: the same on every page that has the paper."""
        return paper_anchor(self.paper)

    def say(self, name: str, **values: object) -> str:
        """A word of the page in its language."""
        return label(self.language, name, **values)


def digest_entries(digest: Digest) -> list[PageEntry]:
    """The entries of a digest, as its audience may see them."""
    public = digest.audience == "public"
    return [
        note_entry(note, number=number, language=digest.language, public=public, drafted=digest.made_with.model)
        for number, note in enumerate(digest.entries, start=1)
    ]


def note_entry(
    note: Note, *, number: int = 1, language: Language | None = None, public: bool = False, drafted: str | None = None
) -> PageEntry:
    """One entry; ``drafted`` names the model that the rest of the page was made with."""
    spoken = language or note.language
    shown = publishable_note(note) if public else note
    paper = note.paper
    page = _Page(shown, language=spoken, drafted=drafted or note.model, withheld=public)
    return PageEntry(
        number=number,
        language=spoken,
        note=shown,
        source=source_link(paper, spoken),
        links=note_links(paper, spoken),
        affiliation=shown_affiliation(paper, spoken),
        attribution=attribution(paper, spoken) if public else "",
        withheld=label(spoken, "unlicensed") if public and not may_republish(paper.license) else "",
        remark=label(spoken, "quoted_entry") if drafted and note.model is None else "",
        summary=page.part("summary", (shown.summary,) if shown.summary else ()),
        takeaways=page.part("takeaways", shown.takeaways),
        # The method is told whole in its own part; in the abstract its first step stands for it.
        abstract=tuple(
            page.part(name, getattr(shown, name)[:1] if name == "method" else getattr(shown, name))
            for name in ABSTRACT_PARTS
        ),
        methods=page.part("method", shown.method, title="methods"),
        conclusion=tuple(
            page.part(f"conclusion.{name}", getattr(shown.conclusion, name), title=name) for name in CONCLUSION_PARTS
        ),
        quotes=_quotes(shown, spoken),
        no_figures=page.absent("figures") if not shown.figures else "",
        changes=tuple(told(change, spoken) for change in shown.changes),
        why=tuple(told(reason, spoken) for reason in shown.why),
    )


class _Page:
    """The parts of one note in the page's language."""

    def __init__(self, note: Note, *, language: Language, drafted: str | None, withheld: bool) -> None:
        self._note, self._language, self._drafted, self._withheld = note, language, drafted, withheld

    def part(self, field: str, claims: Sequence[Claim], *, title: str = "") -> Part:
        """One field of the note as a page shows it: its sentences, and what there is to say of how they came."""
        status = self._note.status.get(field)
        quoted = bool(self._drafted and self._note.model and claims and status and status.state == "extractive")
        return Part(
            name=field,
            label=label(self._language, title or field),
            sentences=tuple(self._sentence(claim) for claim in claims),
            absent="" if claims else self.absent(field),
            remark=label(self._language, "quoted") if quoted else "",
        )

    def absent(self, field: str) -> str:
        """Why there is nothing: it failed, may not be shown, or the paper does not say."""
        status = self._note.status.get(field)
        if status is not None and status.state == "failed":
            return label(self._language, "failed", reason=told(status.reason, self._language))
        if self._withheld and status is not None and status.state in ("ok", "extractive"):
            return label(self._language, "withheld")
        return label(self._language, "not stated")

    def _sentence(self, claim: Claim) -> Sentence:
        sure = claim.verdict in (None, "verbatim", "supported")
        marks = tuple(dict.fromkeys(evidence.marker for evidence in claim.evidence))
        return Sentence(
            text=claim.text,
            marks=marks,
            doubt="" if sure or claim.verdict is None else label(self._language, claim.verdict),
        )


def note_claims(note: Note) -> list[tuple[str, Claim]]:
    """(field, claim) for all sentences of a note in reading order."""
    claims = [("summary", note.summary)] if note.summary else []
    claims += [("takeaways", claim) for claim in note.takeaways]
    claims += [(name, claim) for name in ABSTRACT_PARTS for claim in getattr(note, name)]
    claims += [(f"conclusion.{name}", claim) for name in CONCLUSION_PARTS for claim in getattr(note.conclusion, name)]
    return claims


def _quotes(note: Note, language: Language) -> tuple[Quote, ...]:
    found: dict[str, Quote] = {}
    for _, claim in note_claims(note):
        for evidence in claim.evidence:
            place = page_of(language, evidence)
            place = place or label(language, "record" if note.paper.fulltext.state == "none" else "text")
            if UNREAD in evidence.quote:
                place = label(language, "unread", place=place)
            found.setdefault(evidence.marker, Quote(marker=evidence.marker, place=place, text=evidence.quote))
    return tuple(found[marker] for marker in sorted(found, key=lambda marker: (len(marker), marker)))


def notices(digest: Digest) -> Iterator[str]:
    """What the digest says of itself (why it is empty), and how the text was made, truthfully."""
    yield from (told(notice, digest.language) for notice in digest.notices)
    if digest.made_with.model is None:
        yield label(digest.language, "made_extractive")
        if remark := label(digest.language, "made_zh"):
            yield remark
    else:
        yield label(digest.language, "made_model", model=digest.made_with.model)


def counts_line(digest: Digest) -> str:
    """How many papers were found, and what became of them."""
    return label(digest.language, "counts", **asdict(digest.counts))


def picture_files(entries: Sequence[PageEntry]) -> list[str]:
    """The keys of all pictures of a page, in order and once."""
    return list(dict.fromkeys(figure.file for entry in entries for figure in entry.figures))


def source_address(paper: Paper) -> str | None:
    """Where the paper stands, at the version of the record."""
    if paper.id.startswith("arxiv:"):
        version = f"v{paper.version}" if paper.version else ""
        return f"http://arxiv.org/abs/{paper.id.removeprefix('arxiv:')}{version}"
    return paper_address(paper)


def paper_address(paper: Paper) -> str | None:
    """Where the paper stands, whatever the version."""
    if paper.id.startswith("arxiv:"):
        return f"https://arxiv.org/abs/{paper.id.removeprefix('arxiv:')}"
    if url := web_address(paper.url):
        return url
    doi = next((key.removeprefix("doi:") for key in (paper.id, *paper.aliases) if key.startswith("doi:")), None)
    return web_address(f"https://doi.org/{doi}") if doi else None


def source_link(paper: Paper, language: Language) -> tuple[str, str] | None:
    """(words, address) of the paper's source; arXiv's is called PDF, as people know it."""
    address = source_address(paper)
    if address is None:
        return None
    return ("PDF" if paper.id.startswith("arxiv:") else label(language, "paper")), address


def note_links(paper: Paper, language: Language) -> tuple[tuple[str, str], ...]:
    """(words, address) of paper, code and project page, as the record has them."""
    own = paper_address(paper)
    stated = [link for link in paper.links if link.kind in ("code", "project") and web_address(link.url)]
    return tuple(
        dict.fromkeys(
            [
                *([(label(language, "paper"), own)] if own else []),
                *((label(language, link.kind), link.url.strip()) for link in stated),
            ]
        )
    )


def shown_affiliation(paper: Paper, language: Language) -> str:
    """The first author's affiliation with its page, or that the paper does not state it."""
    if paper.affiliation is None or not paper.affiliation.text.strip():
        return label(language, "not stated")
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
    return f"urn:kb:{paper.id}{f'v{paper.version}' if paper.version else ''}".replace(" ", "%20")


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
