"""Any other web page: its main content by headings, paragraphs, lists, tables; what its head says of the paper."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.errors import ParseError
from kb.parsing.html import (
    Element,
    Page,
    Sheet,
    has_blocks,
    ids_of,
    inline_text,
    names_of,
    own_links,
    split_keywords,
    table_rows,
    table_text,
)
from kb.records import BlockKind, Document, Fulltext, Metadata
from kb.structure import float_label, is_abstract, is_references

PARSER = "web-page/1"
_CHROME = frozenset({"nav", "footer", "aside", "form", "menu"})
_CHROME_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary", "dialog", "menu", "alert"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_MAIN_SHARE = 0.4
# TeX that a script of the page would have set.
_DISPLAYED = re.compile(r"\$\$([^$]+)\$\$|\\\[(.+)\\\]", re.DOTALL)
_IN_BRACKETS = re.compile(r"\\\((?=\S)(.{1,400}?)(?<=\S)\\\)")


def read_webpage(page: Page) -> Document:
    """The page's main content as blocks.

    Raises:
        ParseError: ``no-text`` when nothing is left after scripts, menus and hidden text.
    """
    main = _main(page.body)
    reader = _Reader(sheet=Sheet())
    reader.mixed(main)
    text, blocks = reader.sheet.finish()
    if not any(block.kind not in ("heading", "front") for block in blocks):
        raise ParseError("the page shows no text without scripts: add the paper's PDF", code="no-text")
    ids, version = ids_of(page.addresses, page.meta, [])
    said = [content for name, content in page.meta if name in ("citation_author", "dc.creator", "dc.contributor")]
    abstract = next(
        (
            block.text
            for block in blocks
            if block.section and is_abstract(block.section[-1]) and block.kind == "paragraph"
        ),
        None,
    )
    keywords = next((content for name, content in page.meta if name in ("citation_keywords", "keywords")), "")
    front = Metadata(
        source="html",
        ids=ids,
        version=version,
        title=_title(page, main),
        authors=tuple(_flipped(name) for name in dict.fromkeys(said)) or _byline(main),
        abstract=next((content for name, content in page.meta if name == "citation_abstract"), None) or abstract,
        links=own_links([e for e in main.walk() if e.tag in ("p", "li")], everywhere=False, source="html") or None,
        keywords=split_keywords(keywords),
    )
    return Document(text=text, blocks=blocks, front=front, pages=None, fulltext=Fulltext(state="full"), parser=PARSER)


@dataclass(slots=True)
class _Reader:
    sheet: Sheet
    references: bool = False

    def mixed(self, element: Element) -> None:
        """Blocks with running text between them; two line breaks part paragraphs."""
        loose = Element(tag="p")
        breaks = 0
        for child in [*element.children, Element(tag="p")]:
            breaks = breaks + 1 if isinstance(child, Element) and child.tag == "br" else breaks
            if isinstance(child, str):
                breaks = 0 if child.strip() else breaks
                loose.children.append(child)
            elif (
                breaks >= 2
                or child.tag in ("p", "hr", "pre", "table", "figure", *_HEADINGS)
                or has_blocks(child)
                or _is_block(child)
            ):
                self._paragraph(loose)
                loose, breaks = Element(tag="p"), 0
                if child.tag != "br":
                    self.read(child)
            else:
                loose.children.append(child)

    def read(self, element: Element) -> None:
        """Write what an element holds."""
        if _is_chrome(element):
            return
        if level := _HEADINGS.get(element.tag):
            title = inline_text(element)
            self.sheet.open_section(title, level=level)
            self.references = is_references(title)
        elif element.tag == "table":
            self._table(element)
        elif element.tag in ("ul", "ol", "dl", "menu"):
            self._list(element)
        elif element.tag == "pre":
            self.sheet.put("code", _preformatted(element))
        elif element.tag in ("figcaption", "caption"):
            self._caption(element)
        elif has_blocks(element):
            self.mixed(element)
        else:
            self._paragraph(element)

    def _paragraph(self, element: Element, *, kind: BlockKind = "paragraph", prefix: str = "") -> None:
        parts = [child for child in element.children if not isinstance(child, str) or child.strip()]
        only = parts[0] if len(parts) == 1 else None
        if isinstance(only, Element) and only.tag == "math" and only.attributes.get("display") == "block":
            self.sheet.put("equation", only.attributes["tex"])
        elif text := inline_text(element, skip=_is_chrome):
            display = _DISPLAYED.fullmatch(text)
            if display and not self.references:
                self.sheet.put("equation", (display[1] or display[2]).strip())
                return
            text = _IN_BRACKETS.sub(r"$\1$", text)
            self.sheet.put("reference" if self.references else kind, f"{prefix}{text}")

    def _list(self, element: Element) -> None:
        number = 0
        for item in element.elements:
            number += item.tag == "li"
            prefix = "" if item.tag != "li" or self.references else f"{number}. " if element.tag == "ol" else "• "
            inner = [child for child in item.elements if child.tag in ("ul", "ol", "dl", "table", "pre", "figure")]
            rest = Element(tag="p", children=[c for c in item.children if not any(c is block for block in inner)])
            self._paragraph(rest, kind="list", prefix=prefix)
            for block in inner:
                self.read(block)

    def _table(self, element: Element) -> None:
        for caption in (child for child in element.elements if child.tag == "caption"):
            self._caption(caption)
        rows = table_rows(element)
        cells = [cell for row in rows for cell in row if cell]
        if max(map(len, rows), default=0) < 2 or any(len(cell) > 600 for cell in cells):  # a table for layout
            for cell in (e for e in element.walk(skip=lambda e: e.tag == "table") if e.tag in ("td", "th")):
                self.mixed(cell)
        else:
            self.sheet.put("table", table_text(rows), later=True)

    def _caption(self, element: Element) -> None:
        text = inline_text(element)
        label = float_label(text[:1].upper() + text[1:])
        self.sheet.put("caption", text, label=label.text if label else None, later=True)


def _is_chrome(element: Element) -> bool:
    return element.tag in _CHROME or element.attributes.get("role") in _CHROME_ROLES


def _is_block(element: Element) -> bool:
    return element.tag in _CHROME or element.tag in (
        "ul", "ol", "dl", "div", "section", "article", "main", "blockquote", "figcaption", "caption", "header",
        "address", "details", "summary", "center", "li", "dd", "dt",
    )  # fmt: skip


def _main(body: Element) -> Element:
    """The one element that holds the page's content, when it says so and holds enough of the text."""
    whole = len(_content_text(body))
    for wanted in (
        lambda e: e.tag == "article",
        lambda e: e.tag == "main" or e.attributes.get("role") == "main",
        lambda e: e.attributes.get("id") in ("content", "main", "main-content", "article"),
    ):
        found = [element for element in body.walk() if wanted(element)]
        if len(found) == 1 and len(_content_text(found[0])) > _MAIN_SHARE * whole:
            return found[0]
    return body


def _content_text(element: Element) -> str:
    return inline_text(element, skip=lambda e: e.tag in _CHROME)


def _preformatted(element: Element) -> str:
    parts: list[str] = []
    pending: list[Element | str] = list(reversed(element.children))
    while pending:
        here = pending.pop()
        if isinstance(here, str):
            parts.append(here)
        else:
            pending.extend(["\n"] if here.tag == "br" else reversed(here.children))
    return "".join(parts)


def _title(page: Page, main: Element) -> str | None:
    for wanted in ("citation_title", "dc.title", "og:title"):
        if stated := next((content for name, content in page.meta if name == wanted), None):
            return stated
    heading = main.first(lambda e: e.tag == "h1") or page.body.first(lambda e: e.tag == "h1")
    return (inline_text(heading) if heading is not None else "") or page.title or None


def _byline(main: Element) -> tuple[str, ...] | None:
    found = [e for e in main.walk() if e.has("author", "authors", "byline") and not e.has("author-notes")]
    return names_of([inline_text(found[0], skip=lambda e: e.tag == "sup")]) if len(found) == 1 else None


def _flipped(name: str) -> str:
    """``"Last, First"`` of citation metadata as ``"First Last"``."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma and first.strip() and "," not in first else name
