"""HTML to a ``Document``: LaTeXML pages (arXiv, ar5iv) and plain web pages. Only this module imports selectolax.

The page becomes a plain tree of what a reader sees: scripts, styles and controls go, hidden text goes and is counted,
formulas become TeX. ``latexml`` and ``webpage`` read blocks out of that tree onto a ``Sheet``, where floats wait until
the prose of their section is written. What such a page says of itself (ids, names, own links, keywords) is read here.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kb.errors import BadIdentifier, ParseError
from kb.ids import arxiv_key, doi_key, file_key, parse_arxiv_id
from kb.links import host_kind, names_a_thing, same_address, without_punctuation
from kb.parsing.own_links import announces
from kb.records import Block, BlockKind, Document, Fulltext, Link, SourceName
from kb.structure import KEYWORDS
from kb.text import CONTROL, INVISIBLE, NO_TEXT, sentence_spans

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_WHITE = re.compile(r"[ \t\r\n\f\v\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_POWER = re.compile(r"[+−–-]?(?:\d{1,4}|[a-z])")
_MAX_COLUMNS = 500
BLOCK_TAGS = frozenset(
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
            space = " " if here.tag in BLOCK_TAGS else ""
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
        child.tag in BLOCK_TAGS or child.has("ltx_para", "ltx_p") or has_blocks(child) for child in element.elements
    )


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


_SEPARATOR = "\n\n"


@dataclass(slots=True)
class Sheet:
    """Takes blocks as a reader meets them; ``finish`` gives the text and blocks of ``kb.records.Document``."""

    _done: list[tuple[BlockKind, str, tuple[str, ...], str | None]] = field(default_factory=list)
    _later: list[tuple[BlockKind, str, tuple[str, ...], str | None]] = field(default_factory=list)
    _path: list[tuple[int, str]] = field(default_factory=list)

    @property
    def section(self) -> tuple[str, ...]:
        """The path of headings above the next block."""
        return tuple(title for _, title in self._path)

    def open_section(self, title: str, *, level: int) -> None:
        """Write a heading; headings of this level or deeper are closed."""
        self._flush()
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        title = _tidy(title).replace("\n", " ")
        if title:
            self._path.append((level, title))
            self._done.append(("heading", title, self.section, None))

    def ends_in(self, wanted: Callable[[str], bool]) -> bool:
        """Whether the last that was written is a heading that is wanted."""
        return bool(self._done) and not self._later and self._done[-1][0] == "heading" and wanted(self._done[-1][1])

    def close_section(self, *, level: int) -> None:
        """What follows stands above sections of this level."""
        self._flush()
        while self._path and self._path[-1][0] >= level:
            self._path.pop()

    def put(self, kind: BlockKind, text: str, *, label: str | None = None, later: bool = False) -> None:
        """Write a block, or with ``later`` after the prose of the section; blanks and bare signs are no block."""
        text = _tidy(text)
        if text and (kind == "equation" or any(sign.isalnum() for sign in text)):
            (self._later if later else self._done).append((kind, text, self.section, label))

    def finish(self) -> tuple[str, tuple[Block, ...]]:
        """Text and blocks; ``text[block.start:block.end] == block.text``."""
        self._flush()
        blocks, start = [], 0
        for kind, text, section, label in self._done:
            blocks.append(Block(kind=kind, text=text, start=start, section=section, label=label))
            start += len(text) + len(_SEPARATOR)
        return _SEPARATOR.join(text for _, text, _, _ in self._done), tuple(blocks)

    def _flush(self) -> None:
        self._done += self._later
        self._later = []


def _tidy(text: str) -> str:
    """Lines without blanks at their ends and without blank lines, which would look like the end of a block."""
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()).strip()


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
    tex = re.sub(r"^\\displaystyle\s*", "", tex.replace(r"\leavevmode\nobreak\ ", r"\ "))  # and how it sets a tie
    return {"tex": tex, "display": "block" if display else "inline"}


_SITE_ARXIV = re.compile(
    r"^(?:https?://(?:www\.|export\.)?(?:arxiv\.org|ar5iv\.(?:org|labs\.arxiv\.org)))?/(?:abs|html|pdf)/(.+)$", re.I
)
_WATERMARK = re.compile(r"^\s*arXiv:(\S+?)\s+\[[\w.-]+\]\s+\d{1,2} \w{3} \d{4}")
_NOT_A_NAME = re.compile(
    r"\d|@|universit|institut|laborator|\blabs?\b|depart|college|school|academy|\binc\b|research|google|microsoft"
    r"|\bmeta\b|facebook|amazon|apple|nvidia|openai|deepmind|\bibm\b|cent(?:er|re)\b|hospital|faculty|\bteam\b|equal"
    r"|contribut",
    re.I,
)
MARKED_KEYWORDS = re.compile(rf"^[*_\s]*{KEYWORDS}[*_\s]*[:.—–-]+[*_\s]*", re.I)
_NAME_WORD = re.compile(r"[^\W\d_][\w'’.-]*$")


def ids_of(
    addresses: Iterable[str], meta: Sequence[tuple[str, str]], texts: Iterable[str]
) -> tuple[tuple[str, ...], int | None]:
    """Canonical ids and arXiv version that the page states of itself: its own address, its head, arXiv's stamp."""
    arxiv: str | None = None
    version: int | None = None
    candidates = [match[1].strip("/") for address in addresses if (match := _SITE_ARXIV.match(address))]
    candidates += [content for name, content in meta if name == "citation_arxiv_id"]
    candidates += [match[1] for text in texts if (match := _WATERMARK.match(text))]
    for candidate in candidates:
        try:
            found, stated = parse_arxiv_id(candidate.removesuffix(".pdf"))
        except BadIdentifier:
            continue
        arxiv = arxiv or arxiv_key(found)
        if arxiv == arxiv_key(found):
            version = version or stated
    stated_dois = (content for name, content in meta if name in ("citation_doi", "dc.identifier", "prism.doi"))
    dois = [key for doi in stated_dois if (key := doi_key(doi))]
    return tuple(dict.fromkeys([*([arxiv] if arxiv else []), *dois])), version


def names_of(texts: Iterable[str]) -> tuple[str, ...] | None:
    """Names out of author fields, in order; None as soon as one field is not clearly a name or a list of names."""
    names: list[str] = []
    for text in texts:
        for part in re.split(r"\s*(?:[,;&]|\band\b)\s*", text):
            name = part.strip(" *†‡§¶∗·")
            if not name:
                continue
            words = name.split()
            if not 2 <= len(words) <= 5 or _NOT_A_NAME.search(name) or not all(map(_NAME_WORD.match, words)):
                return None
            if not (words[0][0].isupper() and words[-1][0].isupper()) and name.isascii():
                return None
            names.append(name)
    return tuple(names) or None


def own_links(elements: Iterable[Element], *, everywhere: bool, source: SourceName) -> tuple[Link, ...]:
    """Links to code and project that stand in the elements: all of them, or only those beside words like "our code"."""
    found: dict[str, Link] = {}
    for element in elements:
        anchors = [a.attributes.get("href", "").strip() for a in element.walk() if a.tag == "a"]
        anchors = [address for address in anchors if _is_web(address) and names_a_thing(address)]
        if anchors and (everywhere or _announces(inline_text(element))):
            _add_links(found, anchors, source=source)
    return tuple(found.values())


def links_in(texts: Iterable[str], *, source: SourceName) -> tuple[Link, ...]:
    """The same for texts without anchors: addresses beside words like "our code", punctuation after them cut."""
    found: dict[str, Link] = {}
    for text in texts:
        if _announces(text):
            _add_links(found, re.findall(r"https?://[^\s<>\"{}|\\^`\[\]]+", text), source=source)
    return tuple(found.values())


def _announces(text: str) -> bool:
    """Whether a sentence announces something: one with an address in it, where there is one."""
    sentences = [text[a:b] for a, b in sentence_spans(text)]
    return any(announces(one) > 0 for one in [one for one in sentences if "//" in one] or sentences)


def _add_links(found: dict[str, Link], addresses: Iterable[str], *, source: SourceName) -> None:
    for address in map(without_punctuation, addresses):
        kind = host_kind(address) if names_a_thing(address) else None
        if kind is not None:
            found.setdefault(same_address(address), Link(kind=kind, url=address, source=source))


def _is_web(address: str) -> bool:
    return address.lower().startswith(("https://", "http://"))


def split_keywords(text: str) -> tuple[str, ...] | None:
    """``"Keywords: a; b, c."`` -> ``("a", "b, c")``: split at the strongest sign there is."""
    bare = MARKED_KEYWORDS.sub("", text)
    sign = next((sign for sign in (";", "·", "•", "|", ",") if sign in bare), ",")
    parts = [part.strip(" .") for part in bare.split(sign)]
    words = tuple(dict.fromkeys(part for part in parts if part))
    return words if words and all(len(word) <= 80 for word in words) else None
