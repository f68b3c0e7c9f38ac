"""HTML to a ``Document``: LaTeXML pages (arXiv, ar5iv) and plain web pages. Only this module imports selectolax.

The page becomes a tree of what a reader sees: scripts, styles and controls go, hidden text goes and is counted,
formulas become TeX. ``latexml`` and ``webpage`` read blocks out of that tree.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kb.errors import ParseError
from kb.ids import file_key
from kb.parsing.elements import Element
from kb.records import Document, Fulltext
from kb.text import CONTROL, NO_TEXT

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

MAX_HTML_BYTES = 20_000_000
_MAX_NODES = 300_000
_SAMPLE, _RARE = 50_000, 50
_NO_TEXT = re.compile(rf"[{CONTROL}{NO_TEXT}\ufffd]")  # the last stands for bytes that could not be decoded
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
_CHARSET = re.compile(rb"""<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,60}?encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.I)
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
    if len(data) > MAX_HTML_BYTES:
        raise ParseError(
            f"the page has {len(data):,} bytes, more than {MAX_HTML_BYTES:,}: add its PDF", code="too-large"
        )
    if b"%PDF-" in data[:1024]:
        raise ParseError("the file is a PDF, not HTML: name it .pdf", code="html-broken")
    if not data.strip(b"\x00 \t\r\n"):
        raise ParseError("the file is empty: get the page again", code="no-text")
    text = decode_page(data)
    refuse_binary(text)
    page = _read_page(text)
    from kb.parsing.latexml import read_latexml
    from kb.parsing.webpage import read_webpage

    article = page.body.first(lambda element: element.has("ltx_document"))
    document = read_webpage(page) if article is None else read_latexml(page, article)
    if page.cut and document.fulltext.state == "full":
        reason = f"only the first {_MAX_NODES:,} elements of the page were read: add its PDF"
        document = replace(document, fulltext=Fulltext(state="partial", code="too-large", reason=reason))
    front = replace(document.front, ids=(*document.front.ids, file_key(hashlib.sha256(data).hexdigest())))
    return replace(document, front=front, dropped=dict(sorted(page.dropped.items())))


def refuse_binary(text: str) -> None:
    """Refuse what was decoded and is no text: a picture, an archive or noise under the name of a page.

    Raises:
        ParseError: ``no-text``, when of the first characters more than one in fifty is one that no text has.
    """
    sample = text[:_SAMPLE]
    if len(_NO_TEXT.findall(sample)) > len(sample) // _RARE:
        raise ParseError("the file is binary data, not text: get it again, or give it its own ending", code="no-text")


def decode_page(data: bytes) -> str:
    """The page as text: byte order mark, else UTF-8, else what the page declares, else Windows Latin 1. No NULs."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace").replace("\x00", "")
    sample = data[:2000]
    if sample.count(b"\x00") > len(sample) // 4:
        name = "utf-16-le" if sample[1:2] == b"\x00" else "utf-16-be"
        return data.decode(name, "replace").replace("\x00", "")
    declared = _CHARSET.search(data[:8192])
    for encoding in ("utf-8", declared[1].decode("ascii", "replace") if declared else "", "cp1252"):
        try:
            text = data.decode(encoding) if encoding else ""
        except (UnicodeError, LookupError):
            continue
        if isinstance(text, str) and text:
            return text.replace("\x00", "")
    return data.decode("latin-1").replace("\x00", "")


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
    return {"tex": tex, "display": "block" if display else "inline"}
