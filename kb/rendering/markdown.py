"""Markdown pages: the Hexo post, the plain page and the note of one paper over one anatomy of a paper's part.

The Hexo post is the page that people know, one file with its pictures in the folder beside it. The folder has the
page's name, as Hexo's ``post_asset_folder`` wants it. A picture's ``src`` leads to it from the file's own place; its
``srcset`` is Hexo's tag for the picture's address on the site, which other readers of Markdown ignore. The cover is
the bare file name, which the Butterfly theme looks up among the post's assets. The plain page is CommonMark with the
formulas of GitHub's dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kb.records import Digest, Figure
from kb.rendering.display import attribute, commonmark, element, link, markdown, yaml
from kb.rendering.entries import (
    PageEntry,
    PageSettings,
    Part,
    Sentence,
    counts_line,
    digest_entries,
    notices,
    picture_files,
)
from kb.rendering.labels import label, page_name, page_title, picture_text, update_title

_EMPTY_KEYS = ("copyright", "copyright_author", "copyright_author_href", "copyright_url", "copyright_info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Markup:
    """How one kind of Markdown writes text and pictures: ``text`` escapes, ``picture`` gives the ``<img>``."""

    text: Callable[[str], str]
    picture: Callable[[Figure], str]


def render_hexo(
    digest: Digest, *, read_file: Callable[[str], bytes], settings: PageSettings
) -> list[tuple[str, bytes]]:
    """``<name>.md`` and ``<name>/<picture>.png`` (Hexo's post asset folder)."""
    name = page_name(digest)
    entries = digest_entries(digest)

    def picture(figure: Figure) -> str:
        alt, file = attribute(picture_text(figure)), attribute(figure.file)
        return f'<img src="{name}/{file}" srcset="{{% asset_path {file} %}}" alt="{alt}" align="middle">'

    markup = Markup(text=markdown, picture=picture)
    head = [*_front_matter(digest, picture_files(entries), settings), ""]
    text = _page_text(digest, entries, markup, head=head, between="\n\n\n")
    return _files(f"{name}.md", text, entries, folder=name, read_file=read_file)


def render_markdown(
    digest: Digest, *, read_file: Callable[[str], bytes], settings: PageSettings
) -> list[tuple[str, bytes]]:
    """``<name>.plain.md`` (so that it can stand beside the Hexo post) and ``<name>/<picture>.png``."""
    name = page_name(digest)
    entries = digest_entries(digest)
    head = [f"**{commonmark(page_title(digest))}**", ""]
    text = _page_text(digest, entries, _plain(name), head=head, between="\n\n")
    return _files(f"{name}.plain.md", text, entries, folder=name, read_file=read_file)


def note_markdown(entry: PageEntry, *, name: str, read_file: Callable[[str], bytes]) -> list[tuple[str, bytes]]:
    """The note of one paper as a plain page of its own."""
    text = "\n".join(_EntryLines(entry, _plain(name)).lines())
    return _files(f"{name}.md", text, [entry], folder=name, read_file=read_file)


def _page_text(
    digest: Digest, entries: Sequence[PageEntry], markup: Markup, *, head: Sequence[str], between: str
) -> str:
    """The notices, the day and the counts below ``head``, then the papers."""
    told = (f"> {markup.text(notice)}" for notice in notices(digest))
    lines = [*head, *told, "", f"# {markup.text(update_title(digest))}", "", counts_line(digest), "", ""]
    body = between.join("\n".join(_EntryLines(entry, markup).lines()) for entry in entries)
    return "\n".join(lines) + (body or label(digest.language, "nothing"))


def _files(
    page: str, text: str, entries: Sequence[PageEntry], *, folder: str, read_file: Callable[[str], bytes]
) -> list[tuple[str, bytes]]:
    """The page, then the pictures in the folder beside it."""
    return [(page, f"{text}\n".encode()), *((f"{folder}/{file}", read_file(file)) for file in picture_files(entries))]


def _plain(folder: str) -> Markup:
    def picture(figure: Figure) -> str:
        return f'<img src="{folder}/{attribute(figure.file)}" alt="{attribute(picture_text(figure))}">'

    return Markup(text=commonmark, picture=picture)


def _front_matter(digest: Digest, pictures: Sequence[str], settings: PageSettings) -> list[str]:
    title = page_title(digest)
    first = digest.entries[0].paper.title if digest.entries else ""
    description = f"{update_title(digest)} {first}".strip()
    return [
        "---",
        f"title: {yaml(title)}",
        f"date: {digest.until.isoformat()} 00:00:00",
        f"author: {yaml(settings.author)}",
        f"cover: {yaml(pictures[0]) if pictures else ''}".rstrip(),
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
        if entry.changes:
            yield f"**{entry.say('changes')}**"
            yield ""
            yield from (f"- {self._text(change)}" for change in entry.changes)
            yield ""
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
