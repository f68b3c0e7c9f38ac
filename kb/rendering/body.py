"""The anatomy of a paper's part of a Markdown page, shared by the Hexo post and the plain Markdown page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

from kb.records import Digest, Figure
from kb.rendering.display import attribute, element, link
from kb.rendering.entries import PageEntry, Part, Sentence
from kb.rendering.labels import label
from kb.rendering.naming import update_title
from kb.rendering.phrases import spoken


@dataclass(frozen=True, slots=True, kw_only=True)
class Markup:
    """How one kind of Markdown writes text and pictures: ``text`` escapes, ``picture`` gives the ``<img>``."""

    text: Callable[[str], str]
    picture: Callable[[Figure], str]


def head_lines(digest: Digest, markup: Markup) -> Iterator[str]:
    """The notice, the day, and the counts."""
    yield from (f"> {markup.text(notice)}" for notice in notices(digest))
    yield ""
    yield f"# {markup.text(update_title(digest))}"
    yield ""
    yield counts_line(digest)


def notices(digest: Digest) -> Iterator[str]:
    """What the digest says of itself (why it is empty), and how the text was made, truthfully."""
    yield from (spoken(notice, digest.language) for notice in digest.notices)
    if digest.made_with.model is None:
        yield label(digest.language, "made_extractive")
        if remark := label(digest.language, "made_zh"):
            yield remark
    else:
        yield label(digest.language, "made_model", model=digest.made_with.model)


def counts_line(digest: Digest) -> str:
    """How many papers were found, and what became of them."""
    return label(digest.language, "counts", **asdict(digest.counts))


def entry_lines(entry: PageEntry, markup: Markup) -> Iterator[str]:
    """A paper's part of the page."""
    return _EntryLines(entry, markup).lines()


class _EntryLines:
    def __init__(self, entry: PageEntry, markup: Markup) -> None:
        self._entry, self._text, self._picture = entry, markup.text, markup.picture

    def lines(self) -> Iterator[str]:
        """The entry line by line, from its heading on."""
        entry, paper = self._entry, self._entry.paper
        yield f"## {self._text(paper.title)}"
        yield ""
        if paper.withdrawn:
            yield f"**{entry.say('withdrawn')}**"
            yield ""
        yield from self._changes()
        yield f"**{entry.say('authors')}: {self._authors()}**"
        yield ""
        if paper.abstract.strip():
            yield self._text(paper.abstract)
            yield ""
        yield self._source_line()
        yield ""
        if entry.why:
            yield f"**{entry.say('why')}:** {self._text(' · '.join(entry.why))}"
            yield ""
        for remark in (entry.withheld, entry.attribution, entry.remark):
            if remark:
                yield from (f"*{self._text(remark)}*", "")
        yield f"**{entry.say('summary')}**"
        yield ""
        yield self._part(entry.summary)
        yield ""
        yield f"**{entry.say('takeaways')}**"
        yield ""
        yield from self._items(entry.takeaways, indent="")
        yield ""
        yield f"**{entry.say('note')}**"
        yield ""
        yield from self._numbered()
        yield from self._evidence()
        yield from self._figures()

    def _authors(self) -> str:
        authors = self._entry.paper.authors
        return self._text(", ".join(authors)) if authors else self._entry.say("not stated")

    def _changes(self) -> Iterator[str]:
        if changes := self._entry.changes:
            yield f"**{self._entry.say('changes')}**"
            yield ""
            yield from (f"- {self._text(change)}" for change in changes)
            yield ""

    def _source_line(self) -> str:
        entry, paper = self._entry, self._entry.paper
        parts = [
            f"[{entry.source[0]}]({link(entry.source[1])})" if entry.source else self._text(entry.say("no_address"))
        ]
        if paper.comment and paper.comment.strip():
            parts.append(self._text(paper.comment))
        if paper.license:
            parts.append(f"{entry.say('license')}: {self._text(paper.license)}")
        return " ".join(parts)

    def _numbered(self) -> Iterator[str]:
        entry, note = self._entry, self._entry.note
        title = note.title_translated or note.paper.title
        yield f"1. {entry.say('translated' if note.title_translated else 'title')}: {self._text(title)}"
        yield f"2. {entry.say('authors')}: {self._authors()}"
        yield f"3. {entry.say('affiliation')}: {self._text(entry.affiliation)}"
        keywords = ", ".join(note.paper.keywords)
        yield f"4. {entry.say('keywords')}: {self._text(keywords) or entry.say('not stated')}"
        links = ", ".join(f"[{words}]({link(address)})" for words, address in entry.links)
        yield f"5. {entry.say('links')}: {links or entry.say('not stated')}"
        yield f"6. {entry.say('abstract')}:"
        yield from self._lettered(entry.abstract)
        yield f"7. {entry.say('methods')}:{self._remark(entry.methods)}"
        yield from self._items(entry.methods, indent="    ", numbered=True)
        yield f"8. {entry.say('conclusion')}:"
        yield from self._lettered(entry.conclusion)
        yield ""

    def _lettered(self, parts: Sequence[Part]) -> Iterator[str]:
        for number, part in enumerate(parts, start=1):
            yield f"    - ({number}) {part.label}: {self._part(part)}"

    def _items(self, part: Part, *, indent: str, numbered: bool = False) -> Iterator[str]:
        for number, sentence in enumerate(part.sentences, start=1):
            yield f"{indent}- {f'({number}) ' if numbered else ''}{self._sentence(sentence)}"
        if not part.sentences:
            yield f"{indent}- {self._text(part.absent)}"

    def _part(self, part: Part) -> str:
        told = " ".join(self._sentence(sentence) for sentence in part.sentences)
        return f"{told}{self._remark(part)}" if told else self._text(part.absent)

    def _remark(self, part: Part) -> str:
        return f" *({self._text(part.remark)})*" if part.remark else ""

    def _sentence(self, sentence: Sentence) -> str:
        marks = "".join(
            f'<sup><a href="#{self._entry.anchor}-e{attribute(marker)}">[{element(marker)}]</a></sup>'
            for marker in sentence.marks
        )
        doubt = f" *({self._text(sentence.doubt)})*" if sentence.doubt else ""
        return f"{self._text(sentence.text)}{doubt}{marks}"

    def _evidence(self) -> Iterator[str]:
        entry = self._entry
        if not entry.quotes:
            return
        yield f"<details>\n  <summary>{entry.say('evidence')}</summary>\n"
        for quote in entry.quotes:
            anchor = f'<a id="{entry.anchor}-e{attribute(quote.marker)}"></a>'
            told = f"“{self._text(quote.text)}”" if quote.text else f"({entry.say('withheld_quote')})"
            yield f"- {anchor}[{element(quote.marker)}] {quote.place}: {told}"
        yield "\n</details>\n"

    def _figures(self) -> Iterator[str]:
        entry = self._entry
        if not entry.figures:
            return
        yield f"<details>\n  <summary>{entry.say('figures')}</summary>"
        for figure in entry.figures:
            yield self._picture(figure)
            yield f"<p>{element(figure.label)} ({entry.say('page', page=figure.page)})</p>"
        yield "</details>"
