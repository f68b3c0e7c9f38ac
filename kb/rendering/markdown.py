"""Markdown pages: the Hexo post, the plain page, the day's note in Obsidian and the note of one paper, over one
anatomy of a paper's part.

The Hexo post is the page that people know, one file with its pictures in the folder beside it. The folder has the
page's name, as Hexo's ``post_asset_folder`` wants it. A picture's ``src`` leads to it from the file's own place; its
``srcset`` is Hexo's tag for the picture's address on the site, which other readers of Markdown ignore. The cover is
the bare file name, which the Butterfly theme looks up among the post's assets. The plain page is CommonMark with the
formulas of GitHub's dialect. The note in Obsidian has its properties as YAML, titles that lead to notes of the papers,
and pictures as attachments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kb.records import Digest, Figure
from kb.rendering.display import (
    attribute,
    commonmark,
    commonmark_link_text,
    element,
    link,
    markdown,
    markdown_link_text,
    obsidian,
    obsidian_name,
    plain,
    yaml,
)
from kb.rendering.entries import (
    EvidenceMark,
    PageEntry,
    PageSettings,
    Part,
    Sentence,
    WithoutEntry,
    also_matched,
    digest_entries,
    headline,
    left_out,
    notices,
    picture_files,
    sections,
)
from kb.rendering.labels import label, page_name, page_title, picture_text, update_title

_EMPTY_KEYS = ("copyright", "copyright_author", "copyright_author_href", "copyright_url", "copyright_info")
_ATTACHMENTS = "attachments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Markup:
    """How one kind of Markdown writes text (``text`` escapes it, ``words`` within a link), pictures, what leads to an
    entry of the page, and what is folded; ``has_anchors``: whether places within the page can be led to."""

    text: Callable[[str], str]
    words: Callable[[str], str]
    picture: Callable[[Figure], str]
    to_entry: Callable[[PageEntry], str]
    fold: Callable[[str, Iterable[str]], Iterator[str]]
    has_anchors: bool = True


def render_hexo(
    digest: Digest, *, read_file: Callable[[str], bytes], settings: PageSettings
) -> list[tuple[str, bytes]]:
    """``<name>.md`` and ``<name>/<picture>.png`` (Hexo's post asset folder)."""
    name = page_name(digest)
    entries = digest_entries(digest)

    def picture(figure: Figure) -> str:
        alt, file = attribute(picture_text(figure)), attribute(figure.file)
        return f'<img src="{name}/{file}" srcset="{{% asset_path {file} %}}" alt="{alt}" align="middle">'

    markup = Markup(
        text=markdown,
        words=markdown_link_text,
        picture=picture,
        to_entry=_to_heading(markdown_link_text),
        fold=_details,
    )
    head = [*_front_matter(digest, entries, settings), ""]
    text = "\n".join([*head, *_page_lines(digest, entries, markup)])
    return _files(f"{name}.md", text, entries, folder=name, read_file=read_file)


def render_markdown(
    digest: Digest, *, read_file: Callable[[str], bytes], settings: PageSettings
) -> list[tuple[str, bytes]]:
    """``<name>.plain.md`` (so that it can stand beside the Hexo post) and ``<name>/<picture>.png``."""
    name = page_name(digest)
    entries = digest_entries(digest)
    head = [f"**{commonmark(page_title(digest))}**", ""]
    text = "\n".join([*head, *_page_lines(digest, entries, _plain(name))])
    return _files(f"{name}.plain.md", text, entries, folder=name, read_file=read_file)


def render_obsidian(
    digest: Digest, *, read_file: Callable[[str], bytes], settings: PageSettings
) -> list[tuple[str, bytes]]:
    """``<day> <topic>.md`` for a vault, and ``attachments/<picture>.png``."""
    entries = digest_entries(digest)
    day = digest.until.isoformat() if digest.since == digest.until else f"{digest.since} {digest.until}"

    def to_note(entry: PageEntry) -> str:
        return f"[[{obsidian_name(entry.paper.title)}]]"

    markup = Markup(
        text=obsidian,
        words=obsidian,
        picture=lambda figure: f"![[{figure.file}]]",
        to_entry=to_note,
        fold=_callout,
        has_anchors=False,
    )
    papers = ", ".join(yaml(to_note(entry)) for entry in _by_number(entries))
    head = [
        "---",
        f"date: {digest.until.isoformat()}",
        f"topic: {yaml(page_title(digest))}",
        f"papers: [{papers}]",
        "tags: [papers/daily]",
        "---",
        "",
    ]
    text = "\n".join([*head, *_page_lines(digest, entries, markup)])
    name = f"{day} {obsidian_name(page_title(digest))}.md"
    return _files(name, text, entries, folder=_ATTACHMENTS, read_file=read_file)


def note_markdown(entry: PageEntry, *, name: str, read_file: Callable[[str], bytes]) -> list[tuple[str, bytes]]:
    """The note of one paper as a plain page of its own."""
    text = "\n".join(_EntryLines(entry, _plain(name)).lines())
    return _files(f"{name}.md", text, [entry], folder=name, read_file=read_file)


def _files(
    page: str, text: str, entries: Sequence[PageEntry], *, folder: str, read_file: Callable[[str], bytes]
) -> list[tuple[str, bytes]]:
    """The page, then the pictures in the folder beside it."""
    return [
        (page, f"{text.rstrip()}\n".encode()),
        *((f"{folder}/{file}", read_file(file)) for file in picture_files(entries)),
    ]


def _plain(folder: str) -> Markup:
    def picture(figure: Figure) -> str:
        return f'<img src="{folder}/{attribute(figure.file)}" alt="{attribute(picture_text(figure))}">'

    return Markup(
        text=commonmark,
        words=commonmark_link_text,
        picture=picture,
        to_entry=_to_heading(commonmark_link_text),
        fold=_details,
    )


def _details(summary: str, lines: Iterable[str]) -> Iterator[str]:
    yield from (f"<details>\n  <summary>{summary}</summary>", "", *lines, "", "</details>", "")


def _callout(summary: str, lines: Iterable[str]) -> Iterator[str]:
    """Obsidian reads no Markdown within HTML; its own folded block is a quotation with a head."""
    yield from (f"> [!note]- {summary}", *(f"> {line}".rstrip() for line in lines), "")


def _to_heading(words: Callable[[str], str]) -> Callable[[PageEntry], str]:
    return lambda entry: f"[{words(entry.paper.title)}](#{entry.anchor})"


def _by_number(entries: Sequence[PageEntry]) -> list[PageEntry]:
    return sorted(entries, key=lambda entry: entry.number)


def _front_matter(digest: Digest, entries: Sequence[PageEntry], settings: PageSettings) -> list[str]:
    title, pictures = page_title(digest), picture_files(_by_number(entries))
    first = plain(_by_number(entries)[0].paper.title) if entries else ""
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


# ------------------------------------------------------------------------------------------------------------ the page


def _page_lines(digest: Digest, entries: Sequence[PageEntry], markup: Markup) -> Iterator[str]:
    """Notices, the day, a line for each paper, the papers, and what has no entry."""
    yield from (f"> {markup.text(notice)}" for notice in notices(digest))
    yield from ("", f"# {markup.text(update_title(digest))}", "", markup.text(headline(digest, entries)), "")
    yield from (f"{entry.number}. {_one_line(entry, markup)}" for entry in _by_number(entries))
    for heading, found in sections(entries):
        if heading:
            yield from ("", f"# {heading}")
        for entry in found:
            yield from ("", "", *_EntryLines(entry, markup).lines())
    yield from _without_entry(digest, markup)


def _one_line(entry: PageEntry, markup: Markup) -> str:
    summary = " ".join(markup.text(one.text) for one in entry.summary.sentences)
    badges = " · ".join(
        f"[{badge.text}]({link(badge.address)})"
        if badge.address
        else f"**{badge.text}**"
        if badge.warns
        else markup.text(badge.text)
        for badge in entry.badges
    )
    told = " — ".join(filter(None, [markup.to_entry(entry), summary]))
    return f"{told} ({badges})" if badges else told


def _without_entry(digest: Digest, markup: Markup) -> Iterator[str]:
    """What the limit cut, and folded what else was left out, each with title and link."""
    if cut := also_matched(digest):
        yield from ("", f"# {label(digest.language, 'also_matched')}", "", *_titles(cut, markup))
    if others := left_out(digest):
        summary = f"{label(digest.language, 'skipped')} ({len(others)})"
        yield from ("", *markup.fold(summary, _titles(others, markup)))


def _titles(papers: Sequence[WithoutEntry], markup: Markup) -> Iterator[str]:
    for one in papers:
        address = link(one.address)
        title = f"[{markup.words(one.title)}]({address})" if address else markup.text(one.title)
        yield f"- {title}{f': {markup.text(one.reason)}' if one.reason else ''}"


class _EntryLines:
    def __init__(self, entry: PageEntry, markup: Markup) -> None:
        self._entry, self._markup, self._text = entry, markup, markup.text

    def lines(self) -> Iterator[str]:
        """The entry line by line, from its heading on."""
        entry, paper = self._entry, self._entry.paper
        if self._markup.has_anchors:
            yield from (f'<a id="{entry.anchor}"></a>', "")
        yield from (f"## {self._text(paper.title)}", "")
        if entry.translated:
            yield from (f"*{entry.say('translated')}: {self._text(entry.translated)}*", "")
        if entry.state == "withdrawn":
            yield from (f"**{entry.say('withdrawn')}**", "")
        if entry.changes:
            yield from (f"**{entry.say('changes')}**", "")
            yield from (f"- {self._text(change)}" for change in entry.changes)
            yield ""
        yield f"**{entry.say('authors')}: {self._text(entry.authors) or entry.say('not stated')}**"
        yield ""
        yield from self._abstract()
        yield from (self._links(), "")
        if entry.why:
            yield from (f"**{entry.say('why')}:** {self._text(' · '.join(entry.why))}", "")
        for remark in (entry.withheld, entry.attribution, entry.remark):
            if remark:
                yield from (f"*{self._text(remark)}*", "")
        if entry.summary:
            yield from (f"**{entry.summary.label}**", "", self._part(entry.summary), "")
        if entry.takeaways:
            yield from (f"**{entry.takeaways.label}**", "", *self._items(entry.takeaways, indent=""), "")
        yield from self._note()
        yield from self._evidence()
        yield from self._figures()

    def _abstract(self) -> Iterator[str]:
        entry = self._entry
        lines = [
            f"{self._anchor(line.target)}{f'*{line.role}:* ' if line.role else ''}{self._text(line.text)}"
            for line in entry.abstract
        ]
        only = f"*({entry.abstract_only})*" if entry.abstract_only else ""
        if told := " ".join(filter(None, [*lines, only])):
            yield from (told, "")

    def _links(self) -> str:
        entry = self._entry
        links = " · ".join(f"[{words}]({link(address)})" for words, address in entry.links)
        facts = " · ".join(map(self._text, entry.facts))
        return " — ".join(filter(None, [links or self._text(entry.say("no_address")), facts]))

    def _note(self) -> Iterator[str]:
        entry, note, text = self._entry, self._entry.note, self._text
        fields = [
            (entry.say("translated"), text(note.title_translated or "")),
            (entry.say("authors"), text(", ".join(note.paper.authors))),
            (entry.say("affiliation"), text(entry.affiliation)),
            (entry.say("keywords"), text(", ".join(note.paper.keywords))),
            (entry.say("links"), ", ".join(f"[{words}]({link(address)})" for words, address in entry.links)),
        ]
        items = [[f"{words}: {told}"] for words, told in fields if told]
        items.append([f"{entry.say('abstract')}:", *self._lettered(entry.retold)])
        if entry.methods:
            steps = self._items(entry.methods, indent="    ", numbered=True)
            items.append([f"{entry.methods.label}:{self._remark(entry.methods)}", *steps])
        items.append([f"{entry.say('conclusion')}:", *self._lettered(entry.conclusion)])
        kept = [item for item in items if len(item) > 1 or not item[0].endswith(":")]
        if entry.has_note:
            lines = (line for n, (first, *rest) in enumerate(kept, start=1) for line in (f"{n}. {first}", *rest))
            yield from self._markup.fold(entry.say("note"), lines)

    def _lettered(self, parts: Sequence[Part]) -> Iterator[str]:
        for number, part in enumerate(filter(None, parts), start=1):
            yield f"    - ({number}) {part.label}: {self._part(part)}"

    def _items(self, part: Part, *, indent: str, numbered: bool = False) -> Iterator[str]:
        told = [self._sentence(sentence) for sentence in part.sentences]
        if part.in_abstract:
            told = [self._in_abstract(part), *told]
        for number, words in enumerate(told or [self._text(part.absent)], start=1):
            yield f"{indent}- {f'({number}) ' if numbered and told else ''}{words}"

    def _part(self, part: Part) -> str:
        told = [self._in_abstract(part)] if part.in_abstract else []
        told += [self._sentence(sentence) for sentence in part.sentences]
        return f"{' '.join(told)}{self._remark(part)}" if told else self._text(part.absent)

    def _in_abstract(self, part: Part) -> str:
        return " ".join([self._entry.say("see_abstract"), *filter(None, map(self._mark, part.in_abstract))])

    def _remark(self, part: Part) -> str:
        return f" *({self._text(part.remark)})*" if part.remark else ""

    def _sentence(self, sentence: Sentence) -> str:
        doubt = f" *({self._text(sentence.doubt)})*" if sentence.doubt else ""
        marks = "".join(f"<sup>{told}</sup>" for mark in sentence.marks if (told := self._mark(mark)))
        return f"{self._text(sentence.text)}{doubt}{marks}"

    def _mark(self, mark: EvidenceMark) -> str:
        told = f"[{element(mark.text)}]"
        if not self._markup.has_anchors:
            return "" if mark.target.startswith("a") else told
        return f'<a href="#{self._entry.anchor}-{attribute(mark.target)}">{told}</a>' if mark.target else told

    def _anchor(self, target: str) -> str:
        return f'<a id="{self._entry.anchor}-{attribute(target)}"></a>' if self._markup.has_anchors else ""

    def _evidence(self) -> Iterator[str]:
        entry = self._entry
        lines = []
        for quote in entry.quotes:
            told = f"“{self._text(quote.text)}”" if quote.text else f"({entry.say('withheld_quote')})"
            lines.append(f"- {self._anchor(quote.target)}[{element(quote.marker)}] {quote.place}: {told}")
        if lines:
            yield from self._markup.fold(entry.say("evidence"), lines)

    def _figures(self) -> Iterator[str]:
        entry = self._entry
        lines = []
        for figure in entry.note.figures:
            words = f"{element(figure.label)} ({entry.say('page', page=figure.page)})"
            lines += [self._markup.picture(figure), f"<p>{words}</p>" if self._markup.has_anchors else words]
        if lines:
            yield from self._markup.fold(entry.say("figures"), lines)
