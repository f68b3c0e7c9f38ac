"""The Hexo post: the page that people know, one Markdown file with its pictures in the folder beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kb.records import Claim, Digest, Evidence, Figure, Note
from kb.rendering.escaping import attribute, link, markdown, slug, yaml
from kb.rendering.labels import label
from kb.rendering.licences import may_republish

_EMPTY_KEYS = ("copyright", "copyright_author", "copyright_author_href", "copyright_url", "copyright_info")
_NOTE_FIELDS = ("background", "past_methods", "method", "results")
_CONCLUSION = ("significance", "innovation", "performance", "workload")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings:
    """What a page needs to know of the place where it is published."""

    author: str = "kb"
    site_url: str = ""


def render_hexo(
    digest: Digest, *, read_file: Callable[[str], bytes], settings: PageSettings
) -> list[tuple[str, bytes]]:
    """``<name>.md`` and ``<name>/<picture>.png`` (Hexo's post asset folder)."""
    name = page_name(digest)
    pages = [_Entry(digest, note, number, folder=name) for number, note in enumerate(digest.entries, start=1)]
    pictures = list(dict.fromkeys(figure.file for page in pages for figure in page.figures))
    text = "\n".join([*_front_matter(digest, name, pictures, settings), "", *_head(digest), ""])
    body = "\n\n".join("\n".join(page.lines()) for page in pages) or label(digest.language, "nothing")
    return [
        (f"{name}.md", f"{text}\n{body}\n".encode()),
        *((f"{name}/{file}", read_file(file)) for file in pictures),
    ]


def page_name(digest: Digest) -> str:
    """The page's file name without suffix: the day (or period) and the topic."""
    days = digest.until.isoformat() if digest.since == digest.until else f"{digest.since}-{digest.until}"
    return f"{days}-{slug(digest.topic)}" if digest.topic else days


def page_title(digest: Digest) -> str:
    """The topic, or what stands for all papers."""
    return digest.topic or label(digest.language, "untitled")


def update_title(digest: Digest) -> str:
    """«2024-03-04 更新» / «Update of 2024-03-04»."""
    if digest.since == digest.until:
        return label(digest.language, "update", day=digest.until)
    return label(digest.language, "period", since=digest.since, until=digest.until)


def notices(digest: Digest) -> Iterator[str]:
    """How the text was made, truthfully."""
    if digest.made_with.model is None:
        yield label(digest.language, "made_extractive")
        if remark := label(digest.language, "made_zh"):
            yield remark
    else:
        yield label(digest.language, "made_model", model=digest.made_with.model)


def _front_matter(digest: Digest, name: str, pictures: Sequence[str], settings: PageSettings) -> list[str]:
    title = page_title(digest)
    first = digest.entries[0].paper.title if digest.entries else ""
    description = f"{update_title(digest)} {first}".strip()
    return [
        "---",
        f"title: {yaml(title)}",
        f"date: {digest.until.isoformat()} 00:00:00",
        f"author: {yaml(settings.author)}",
        f"cover: {yaml(f'{name}/{pictures[0]}') if pictures else ''}".rstrip(),
        "categories: Paper",
        "tags:",
        f"    - {yaml(title)}",
        f"description: {yaml(description)}",
        f"keywords: {yaml(title)}",
        "toc:",
        "toc_number: false",
        "toc_style_simple: true",
        *(f"{key}:" for key in _EMPTY_KEYS),
        "mathjax: true",
        "katex:",
        "aplayer:",
        "highlight_shrink:",
        "aside:",
        "---",
    ]


def _head(digest: Digest) -> list[str]:
    counts = digest.counts
    return [
        *(f"> {markdown(notice)}" for notice in notices(digest)),
        "",
        f"# {markdown(update_title(digest))}",
        "",
        label(digest.language, "counts", new=counts.new, updated=counts.updated, found=counts.found),
    ]


class _Entry:
    """One paper of the page."""

    def __init__(self, digest: Digest, note: Note, number: int, *, folder: str) -> None:
        self._digest, self._note, self._number, self._folder = digest, note, number, folder
        self._open = digest.audience == "self" or may_republish(note.paper.license)
        self.figures: Sequence[Figure] = note.figures if self._open else ()

    def lines(self) -> Iterator[str]:
        """The paper's part of the page."""
        note, paper = self._note, self._note.paper
        yield f"## {markdown(paper.title)}"
        yield ""
        if paper.withdrawn:
            yield f"**{self._say('withdrawn')}**\n"
        yield from self._changes()
        yield f"**{self._say('authors')}: {markdown(', '.join(paper.authors))}**"
        yield ""
        yield markdown(paper.abstract)
        yield ""
        yield self._source_line()
        yield ""
        if not self._open:
            yield f"*{self._say('unlicensed')}*\n"
        yield f"**{self._say('summary')}**"
        yield ""
        yield self._text((note.summary,) if note.summary else (), "summary")
        yield ""
        yield f"**{self._say('takeaways')}**"
        yield ""
        takeaways = self._allowed(note.takeaways)
        yield from (f"- {self._sentence(claim)}" for claim in takeaways)
        if not takeaways:
            yield self._absent("takeaways")
        yield ""
        yield f"**{self._say('note')}**"
        yield ""
        yield from self._numbered()
        yield from self._evidence_list()
        yield from self._pictures()

    def _say(self, name: str, **values: object) -> str:
        return label(self._digest.language, name, **values)

    def _changes(self) -> Iterator[str]:
        if self._note.changes:
            yield f"**{self._say('changes')}**"
            yield ""
            yield from (f"- {markdown(change)}" for change in self._note.changes)
            yield ""

    def _source_line(self) -> str:
        paper = self._note.paper
        parts = []
        if paper.id.startswith("arxiv:"):
            version = f"v{paper.version}" if paper.version else ""
            parts.append(f"[PDF](http://arxiv.org/abs/{paper.id.removeprefix('arxiv:')}{version})")
        elif (url := link(paper.url or "")) is not None:
            parts.append(f"[{self._say('paper')}]({url})")
        if paper.comment:
            parts.append(markdown(paper.comment))
        if paper.license:
            parts.append(f"{self._say('license')}: {markdown(paper.license)}")
        return " ".join(parts) or markdown(paper.id)

    def _numbered(self) -> Iterator[str]:
        note, paper = self._note, self._note.paper
        title = note.title_translated or paper.title
        affiliation = paper.affiliation
        yield f"1. {self._say('translated' if note.title_translated else 'title')}: {markdown(title)}"
        yield f"2. {self._say('authors')}: {markdown(', '.join(paper.authors))}"
        where = f" ({self._say('page', page=affiliation.page)})" if affiliation and affiliation.page else ""
        told = markdown(affiliation.text) + where if affiliation else self._say("not stated")
        yield f"3. {self._say('affiliation')}: {told}"
        yield f"4. {self._say('keywords')}: {markdown(', '.join(paper.keywords)) or self._say('not stated')}"
        yield f"5. {self._say('links')}: {self._links()}"
        yield f"6. {self._say('abstract')}:"
        for number, name in enumerate(_NOTE_FIELDS, start=1):
            yield f"    - ({number}) {self._say(name)}: {self._text(self._claims(name), name)}"
        yield f"7. {self._say('methods')}:"
        steps = self._allowed(note.method)
        yield from (f"    - ({number}) {self._sentence(claim)}" for number, claim in enumerate(steps, start=1))
        if not steps:
            yield f"    - {self._absent('method')}"
        yield f"8. {self._say('conclusion')}:"
        for number, name in enumerate(_CONCLUSION, start=1):
            claims = getattr(note.conclusion, name)
            yield f"    - ({number}) {self._say(name)}: {self._text(claims, f'conclusion.{name}')}"
        yield ""

    def _links(self) -> str:
        found = [
            f"[{self._say(stated.kind)}]({url})"
            for stated in self._note.paper.links
            if stated.kind in ("code", "project") and (url := link(stated.url)) is not None
        ]
        return ", ".join([self._source_link(), *found])

    def _source_link(self) -> str:
        paper = self._note.paper
        if paper.id.startswith("arxiv:"):
            url = f"https://arxiv.org/abs/{paper.id.removeprefix('arxiv:')}"
        else:
            url = link(paper.url or "") or ""
        return f"[{self._say('paper')}]({url})" if url else markdown(paper.id)

    def _claims(self, name: str) -> Sequence[Claim]:
        claims: Sequence[Claim] = getattr(self._note, name)
        # The method is told whole in its own part; here its first step stands for it.
        return claims[:1] if name == "method" else claims

    def _allowed(self, claims: Sequence[Claim]) -> list[Claim]:
        """Without a licence only sentences of the record's abstract, and our own, go to the public."""
        return [c for c in claims if self._open or c.verdict != "verbatim" or all(e.page is None for e in c.evidence)]

    def _text(self, claims: Sequence[Claim], field: str) -> str:
        allowed = self._allowed(claims)
        return " ".join(self._sentence(claim) for claim in allowed) or self._absent(field)

    def _absent(self, field: str) -> str:
        status = self._note.status.get(field)
        if status is not None and status.state == "failed":
            return self._say("failed", reason=markdown(status.reason))
        return self._say("not stated")

    def _sentence(self, claim: Claim) -> str:
        marks = "".join(self._mark(evidence) for evidence in claim.evidence)
        doubt = f" *({self._say(claim.verdict)})*" if claim.verdict in ("partly", "unsupported") else ""
        return f"{markdown(claim.text)}{doubt}{marks}"

    def _mark(self, evidence: Evidence) -> str:
        return f'<sup><a href="#p{self._number}-e{attribute(evidence.marker)}">[{attribute(evidence.marker)}]</a></sup>'

    def _evidence_list(self) -> Iterator[str]:
        quotes = self._quotes()
        if not quotes:
            return
        yield f"<details>\n  <summary>{self._say('evidence')}</summary>\n"
        for marker, evidence in quotes.items():
            place = self._say("page", page=evidence.page) if evidence.page else self._say("record")
            anchor = f'<a id="p{self._number}-e{attribute(marker)}"></a>'
            yield f"- {anchor}[{attribute(marker)}] {place}: “{markdown(evidence.quote)}”"
        yield "\n</details>\n"

    def _quotes(self) -> dict[str, Evidence]:
        note = self._note
        groups = [(note.summary,) if note.summary else (), note.takeaways, *(getattr(note, f) for f in _NOTE_FIELDS)]
        groups += [getattr(note.conclusion, name) for name in _CONCLUSION]
        found: dict[str, Evidence] = {}
        for claims in groups:
            for claim in self._allowed(claims):
                for evidence in claim.evidence:
                    if self._open or evidence.page is None:
                        found.setdefault(evidence.marker, evidence)
        return dict(sorted(found.items(), key=lambda pair: (len(pair[0]), pair[0])))

    def _pictures(self) -> Iterator[str]:
        if not self.figures:
            return
        yield f"<details>\n  <summary>{self._say('figures')}</summary>"
        for figure in self.figures:
            alt = attribute(f"{figure.label}: {figure.caption}")
            yield f'<img src="{self._folder}/{figure.file}" alt="{alt}" align="middle">'
            yield f"<p>{attribute(figure.label)} ({self._say('page', page=figure.page)})</p>"
        yield "</details>"
