"""HTML to a ``Document``: LaTeXML pages (``kb.parsing.latexml``) and any other web page. Only this module imports
selectolax.

The page becomes a plain tree of what a reader sees: scripts, styles and controls go, hidden text goes and is counted,
formulas become TeX. Blocks are read out of that tree onto a ``Sheet``: of a web page its main content by headings,
paragraphs, lists and tables, and what its head says of the paper.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kb.errors import ParseError
from kb.ids import file_key
from kb.parsing.own_links import announced_links
from kb.parsing.plain import (
    MAX_TEXT_BYTES,
    Sheet,
    decoded_text,
    ids_of,
    refuse_binary,
    split_keywords,
    stated_names,
)
from kb.records import BlockKind, Document, Fulltext, Metadata
from kb.structure import float_label, is_abstract, is_references
from kb.text import INVISIBLE

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_WHITE = re.compile(r"[ \t\r\n\f\v\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_POWER = re.compile(r"[+−–-]?(?:\d{1,4}|[a-z])")
_MAX_COLUMNS = 500
_BLOCK_TAGS = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure h1 h2 h3 h4"
    " h5 h6 header hr html li main ol p pre section summary table tbody td tfoot th thead tr ul".split()
)


@dataclass(slots=True)
class Element:
    """One element: a formula is ``math`` with its TeX in ``attributes["tex"]`` and no children."""

    tag: str
    classes: frozenset[str] = frozenset()
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        """Whether it has one of the classes."""
        return not self.classes.isdisjoint(names)

    @property
    def elements(self) -> list[Element]:
        """The children that are elements."""
        return [child for child in self.children if isinstance(child, Element)]

    def walk(self, *, skip: Callable[[Element], bool] | None = None) -> Iterator[Element]:
        """Itself and all elements below in document order; ``skip`` leaves elements (and what is below) out."""
        pending: list[Element] = [self]
        while pending:
            here = pending.pop()
            if skip is not None and here is not self and skip(here):
                continue
            yield here
            pending.extend(reversed(here.elements))

    def first(self, wanted: Callable[[Element], bool]) -> Element | None:
        """The first element below (or itself) that is wanted."""
        return next((element for element in self.walk() if wanted(element)), None)

    def find(self, *names: str) -> list[Element]:
        """All elements below that have one of the classes."""
        return [element for element in self.walk() if element.has(*names)]


def inline_text(element: Element, *, skip: Callable[[Element], bool] | None = None) -> str:
    """The text of an element on one line: formulas as ``$TeX$``, white space collapsed, ``10<sup>3</sup>`` as 10^3;
    raised links within the page (marks of notes and citations) are left out.

    ``skip`` leaves elements out (notes, tags), as if they were not there.
    """
    parts: list[str] = []
    pending: list[Element | str] = list(reversed(element.children))
    while pending:
        here = pending.pop()
        if isinstance(here, str):
            parts.append(here)
        elif skip is not None and skip(here):
            continue
        elif here.tag == "math":
            parts.append(formula(here))
        elif here.tag == "br":
            parts.append(" ")
        elif here.tag == "sup" and _is_note_mark(here):
            continue
        elif here.tag == "sup" and _is_power(here, "".join(parts[-1:])):
            parts.append("^" + _plain(here).strip())
        else:
            space = " " if here.tag in _BLOCK_TAGS else ""
            pending.extend([space, *reversed(here.children), space])
    return clean(" ".join(_WHITE.sub(" ", "".join(parts)).split(" ")).strip())


def formula(element: Element) -> str:
    """A formula in running text: ``$TeX$``; empty and plain-number formulas are what they are."""
    tex = element.attributes.get("tex", "")
    if re.fullmatch(r"[\d.,]*", tex):
        return tex
    return f"${tex}$"


def clean(text: str) -> str:
    """Without signs that are not seen (soft hyphens, zero-width spaces)."""
    return re.sub(f"[{INVISIBLE}]", "", text)


def has_blocks(element: Element) -> bool:
    """Whether it holds paragraphs, lists, tables … and not only running text."""
    return any(
        child.tag in _BLOCK_TAGS or child.has("ltx_para", "ltx_p") or has_blocks(child) for child in element.elements
    )


def display_only(element: Element) -> str:
    """The TeX of a paragraph that is nothing but one displayed formula, else ""."""
    parts = [child for child in element.children if not isinstance(child, str) or child.strip()]
    only = parts[0] if len(parts) == 1 else None
    if isinstance(only, Element) and only.tag == "math" and only.attributes.get("display") == "block":
        return only.attributes["tex"]
    return ""


def caption_label(text: str) -> str | None:
    """What a caption names, whether or not it begins with a capital: "Figure 3"."""
    bare = text.strip()
    label = float_label(bare[:1].upper() + bare[1:])
    return label.text if label else None


def web_addresses(element: Element) -> list[str]:
    """Where the links of an element lead to on the web, in order."""
    addresses = [e.attributes.get("href", "").strip() for e in element.walk() if e.tag == "a"]
    return [address for address in addresses if address.lower().startswith(("https://", "http://"))]


def passages(elements: Iterable[Element]) -> Iterator[tuple[str, list[str]]]:
    """Of elements that have links: the text, and where they lead to."""
    for element in elements:
        if addresses := web_addresses(element):
            yield inline_text(element), addresses


def table_rows(table: Element, *, skip: Callable[[Element], bool] | None = None) -> list[list[str]]:
    """Rows of cell texts; a cell that spans columns or rows is repeated where it spans. Inner tables are text."""
    rows: list[list[str]] = []
    carried: dict[tuple[int, int], str] = {}
    for tr in table.walk(skip=lambda e: e.tag == "table"):
        if tr.tag != "tr":
            continue
        row: list[str] = []
        at = len(rows)
        for cell in (child for child in tr.elements if child.tag in ("td", "th")):
            while (at, len(row)) in carried:
                row.append(carried.pop((at, len(row))))
            text = inline_text(cell, skip=skip)
            wide, high = min(_span(cell, "colspan"), _MAX_COLUMNS - len(row)), _span(cell, "rowspan")
            if wide < 1:
                break
            for column in range(len(row), len(row) + wide):
                carried.update({(below, column): text for below in range(at + 1, at + high)})
            row += [text] * wide
        while (at, len(row)) in carried:
            row.append(carried.pop((at, len(row))))
        rows.append(row)
    return rows


def table_text(rows: list[list[str]]) -> str:
    """``a | b | c`` a line; empty rows are left out."""
    return "\n".join(" | ".join(row) for row in rows if any(row))


def _span(cell: Element, name: str) -> int:
    text = cell.attributes.get(name, "")
    return max(1, min(int(text), 60)) if text.isdecimal() and len(text) < 6 else 1


def _plain(element: Element) -> str:
    return "".join(child if isinstance(child, str) else _plain(child) for child in element.children)


def _is_power(sup: Element, before: str) -> bool:
    """Whether a raised text would change a number or a symbol if it stood on the line ("10" and "3" as 103)."""
    last = before[-1:]
    return (last.isalnum() or last == ")") and _POWER.fullmatch(_plain(sup).strip()) is not None


def _is_note_mark(sup: Element) -> bool:
    """Whether a raised text is nothing but links within the page: the marks of notes and citations."""
    loose = "".join(child for child in sup.children if isinstance(child, str))
    inside = [child.tag == "a" and child.attributes.get("href", "").startswith("#") for child in sup.elements]
    return bool(inside) and all(inside) and not any(sign.isalnum() for sign in loose)


_MAX_NODES = 300_000


_MAX_DEPTH = 150  # deeper elements are read as if they stood here

_UNSEEN = frozenset(
    "script style noscript template iframe object embed applet audio video canvas svg button input select textarea"
    " dialog datalist link param source track map head".split()
)
_KEPT_ATTRIBUTES = ("id", "href", "colspan", "rowspan", "role", "title")
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0(?:\.0*)?(?:[a-z%]*)\s*(?:;|!|$)"
    r"|opacity\s*:\s*0(?:\.0*)?\s*(?:;|!|$)|clip\s*:\s*rect\(\s*0",
    re.I,
)
_OFF_PAGE_STYLE = re.compile(
    r"(?:left|top|right|text-indent|margin-left)\s*:\s*-\d{4,}(?:\.\d+)?(?:px|pt|em|rem)", re.I
)
_HIDDEN_CLASSES = frozenset({"sr-only", "visually-hidden", "screen-reader-text", "screenreader", "ltx_contact_name"})


_HIDING_RULE = re.compile(r"([^{}]+)\{[^{}]*(?:display\s*:\s*none|visibility\s*:\s*hidden)[^{}]*\}", re.I)


@dataclass(slots=True)
class Page:
    """A page as its readers get it: the tree, what the head says, and what was left out."""

    body: Element
    title: str
    meta: list[tuple[str, str]]  # (name or property in lower case, content), in order
    addresses: list[str]  # canonical and base addresses, and arXiv's own links outside the article
    dropped: Counter[str] = field(default_factory=Counter)
    cut: bool = False


def parse_html(data: bytes) -> Document:
    """Read an HTML page.

    LaTeXML pages give sections, formulas, true tables, footnotes, captions and references by their classes; any
    other page gives its main content by headings, paragraphs, lists and tables. There are no pages or boxes.
    Text that a browser would not show is dropped and counted in ``dropped["invisible"]`` (characters).

    Raises:
        ParseError: ``too-large`` beyond 20 MB, ``html-broken`` when it is no HTML or LaTeXML's conversion failed,
            ``no-text`` when nothing is left to read or it is no text at all.
    """
    if len(data) > MAX_TEXT_BYTES:
        raise ParseError(
            f"the page has {len(data):,} bytes, more than {MAX_TEXT_BYTES:,}: add its PDF", code="too-large"
        )
    if b"%PDF-" in data[:1024]:
        raise ParseError("the file is a PDF, not HTML: name it .pdf", code="html-broken")
    if not data.strip(b"\x00 \t\r\n"):
        raise ParseError("the file is empty: get the page again", code="no-text")
    text = decoded_text(data)
    refuse_binary(text)
    page = _read_page(text)
    from kb.parsing.latexml import read_latexml

    article = page.body.first(lambda element: element.has("ltx_document"))
    document = read_webpage(page) if article is None else read_latexml(page, article)
    if page.cut and document.fulltext.state == "full":
        reason = f"only the first {_MAX_NODES:,} elements of the page were read: add its PDF"
        document = replace(document, fulltext=Fulltext(state="partial", code="too-large", reason=reason))
    front = replace(document.front, ids=(*document.front.ids, file_key(hashlib.sha256(data).hexdigest())))
    return replace(document, front=front, dropped=dict(sorted(page.dropped.items())))


def _read_page(text: str) -> Page:
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError

    if not re.search(r"<[A-Za-z!/?]", text):
        raise ParseError("the file is not HTML: give it the ending .txt or .md if it is text", code="html-broken")
    try:
        tree = LexborHTMLParser(text)
        body = tree.body
    except (SelectolaxError, ValueError, RuntimeError) as err:
        raise ParseError(f"the page cannot be read as HTML ({err}): add its PDF", code="html-broken") from err
    if body is None:
        raise ParseError("the page has no content: add its PDF", code="html-broken")
    title = tree.css_first("title")
    page = Page(
        body=Element(tag="body"),
        title=" ".join(title.text().split()) if title is not None else "",
        meta=_meta(tree.css("meta[content]")),
        addresses=[
            address
            for node in tree.css('link[rel="canonical"][href], base[href], a[href^="/abs/"], a[href^="/pdf/"]')[:20]
            if (address := node.attributes.get("href"))
        ],
    )
    hidden = _hidden_by_rules(" ".join(node.text() for node in tree.css("style")))
    page.body.children = _copy(body, page, hidden=hidden)
    return page


def _meta(nodes: list[LexborNode]) -> list[tuple[str, str]]:
    found = []
    for node in nodes:
        name = node.attributes.get("name") or node.attributes.get("property") or ""
        content = " ".join((node.attributes.get("content") or "").split())
        if name and content:
            found.append((name.lower(), content))
    return found


def _hidden_by_rules(css: str) -> frozenset[str]:
    """Simple selectors (``.class``, ``#id``) that the page's own style sheets hide on screens."""
    css = re.sub(r"/\*.*?\*/", "", css[:500_000], flags=re.DOTALL)
    css = re.sub(r"@[^{}]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", css)
    parts = (part.strip() for rule in _HIDING_RULE.finditer(css) for part in rule[1].split(","))
    return frozenset(part for part in parts if re.fullmatch(r"[.#][\w-]+", part))


def _copy(body: LexborNode, page: Page, *, hidden: frozenset[str]) -> list[Element | str]:
    """The tree below ``body``, without what is not shown. Iterative: pages may be nested without end."""
    root = Element(tag="body")
    pending: list[tuple[LexborNode, Element, int]] = [(body.child, root, 0)] if body.child is not None else []
    count = 0
    while pending:
        node, parent, depth = pending.pop()
        count += 1
        if count > _MAX_NODES:
            page.cut = True
            break
        if node.next is not None:
            pending.append((node.next, parent, depth))
        if node.is_text_node:
            parent.children.append(node.text_content or "")
        elif node.is_element_node and (element := _element(node, page, hidden=hidden)) is not None:
            parent.children.append(element)
            if element.tag != "math" and node.child is not None:
                pending.append((node.child, parent if depth >= _MAX_DEPTH else element, depth + 1))
    return root.children


def _element(node: LexborNode, page: Page, *, hidden: frozenset[str]) -> Element | None:
    """The element without its children, or None when it is not shown. A formula comes whole."""
    tag = (node.tag or "").lower()
    attributes = node.attributes
    classes = frozenset((attributes.get("class") or "").split())
    if tag == "script" and (attributes.get("type") or "").startswith("math/tex"):
        return Element(tag="math", attributes=_tex(node.text(), display="display" in (attributes.get("type") or "")))
    if tag in _UNSEEN or "katex-html" in classes:  # KaTeX prints each formula twice
        return None
    if tag == "math":
        return _formula(node)
    if not classes.isdisjoint(("mjx-chtml", "MathJax", "MathJax_Preview", "MathJax_SVG")):
        label = node.css_first("[aria-label]")
        source = (label.attributes.get("aria-label") if label is not None else None) or ""
        display = "MJXc-display" in classes
        return Element(tag="math", attributes=_tex(source, display=display)) if source else None
    if reason := _why_unseen(attributes, classes, hidden):
        page.dropped[reason] += len(" ".join(node.text().split()))
        return None
    kept = {name: value for name in _KEPT_ATTRIBUTES if (value := attributes.get(name))}
    return Element(tag=tag, classes=classes, attributes=kept)


def _why_unseen(attributes: dict[str, str | None], classes: frozenset[str], hidden: frozenset[str]) -> str:
    style = attributes.get("style") or ""
    if style and _OFF_PAGE_STYLE.search(style):
        return "off-page"
    if (
        ("hidden" in attributes and attributes["hidden"] != "until-found")
        or (attributes.get("aria-hidden") or "").lower() == "true"
        or (style and _HIDDEN_STYLE.search(style))
        or not classes.isdisjoint(_HIDDEN_CLASSES)
        or (hidden and (f"#{attributes.get('id')}" in hidden or any(f".{name}" in hidden for name in classes)))
    ):
        return "invisible"
    return ""


def _formula(node: LexborNode) -> Element:
    source = node.attributes.get("alttext") or ""
    if not source:
        annotation = node.css_first('annotation[encoding="application/x-tex"]')
        source = (annotation if annotation is not None else node).text()
    return Element(tag="math", attributes=_tex(source, display=node.attributes.get("display") == "block"))


def _tex(source: str, *, display: bool) -> dict[str, str]:
    tex = " ".join(re.sub(r"(?<!\\)%\s*\n", "", source).split())  # LaTeXML keeps the line-end comments of TeX
    tex = re.sub(r"^\\displaystyle\s*", "", tex.replace(r"\leavevmode\nobreak\ ", r"\ "))  # and how it sets a tie
    return {"tex": tex, "display": "block" if display else "inline"}


# ---------------------------------------------------------------------------------------------------------- web pages

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
        links=announced_links(passages(e for e in main.walk() if e.tag in ("p", "li")), source="html") or None,
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
        if tex := display_only(element):
            self.sheet.put("equation", tex)
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
        self.sheet.put("caption", text, label=caption_label(text), later=True)


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
    return stated_names([inline_text(found[0], skip=lambda e: e.tag == "sup")]) if len(found) == 1 else None


def _flipped(name: str) -> str:
    """``"Last, First"`` of citation metadata as ``"First Last"``."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma and first.strip() and "," not in first else name
