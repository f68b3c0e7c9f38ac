"""LaTeXML's HTML (arXiv's oxide, the older Perl one, ar5iv) by its ``ltx_`` classes: front matter and text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kb.errors import ParseError
from kb.parsing.html import (
    Element,
    Page,
    caption_label,
    clean,
    display_only,
    has_blocks,
    inline_text,
    passages,
    table_rows,
    table_text,
    web_addresses,
)
from kb.parsing.own_links import announced_links, links_of
from kb.parsing.plain import MARKED_KEYWORDS, Sheet, ids_of, split_keywords, stated_names
from kb.records import Affiliation, AuthorAffiliation, BlockKind, Document, Fulltext, Metadata
from kb.structure import is_references


def _is_aside(element: Element) -> bool:
    """Whether an element is no part of the sentence it stands in: notes, marks, errors of the conversion."""
    return element.has("ltx_note", "ltx_ERROR", "ltx_tag_note", "ltx_rdf")


def text_of(article: Element, name: str) -> str:
    """The text of the first element of a class, notes left out; "" when there is none."""
    found = article.first(lambda element: element.has(name))
    return inline_text(found, skip=_is_aside) if found is not None else ""


def _put_front(sheet: Sheet, article: Element, title: str) -> None:
    """Write title, and authors with where they are from, as front matter; their notes are footnotes."""
    sheet.put("front", title)
    creators = article.find("ltx_creator")
    for creator in creators:
        sheet.put("front", inline_text(creator, skip=lambda e: _is_aside(e) or e.has(*_REACHED, "ltx_author_notes")))
        for place in creator.find(*_PLACES):
            sheet.put("front", _place(place))
    for creator in creators:
        for notes in creator.find("ltx_author_notes"):
            sheet.put("footnote", inline_text(notes, skip=lambda e: _is_aside(e) or e.has("ltx_contact")), later=True)
        for note in creator.find("ltx_note"):
            if not note.has(*_PLACE_NOTES) and (content := note.first(lambda e: e.has("ltx_note_content"))):
                text = inline_text(content, skip=lambda e: e.has("ltx_note_mark", "ltx_tag_note", "ltx_note_type"))
                sheet.put("footnote", text, later=True)


def _read_latexml_front(page: Page, article: Element, *, title: str) -> Metadata:
    """What the article and its page say of themselves; fields that are not stated stay None."""
    creators = article.find("ltx_creator")
    abstract = article.first(lambda element: element.has("ltx_abstract"))
    paragraphs = [p for p in (abstract.walk() if abstract else ()) if p.has("ltx_p")]
    people = [_said_of(creator) for creator in creators]
    names = [name for person in people for name, _ in person.names] if all(one.names for one in people) else []
    places = _places_of(people, article)
    first = [place for place in places if names and names[0] in place.authors]
    stamps = [inline_text(element) for element in page.body.walk() if element.attributes.get("id") == "watermark-tr"]
    ids, version = ids_of(page.addresses, page.meta, stamps)
    opening = [*creators, *([abstract] if abstract else [])]
    links = {
        link.url: link
        for link in (
            *links_of((url for element in opening for url in web_addresses(element)), source="html"),
            *announced_links(passages(article.find("ltx_p")), source="html"),
        )
    }
    return Metadata(
        source="html",
        ids=ids,
        version=version,
        title=title if title.lower() != "untitled document" and title else None,
        authors=tuple(names) or None,
        abstract=" ".join(inline_text(p, skip=_is_aside) for p in paragraphs) or None,
        links=tuple(links.values()) or None,
        affiliation=Affiliation(text=first[0].text, source="html") if first else None,
        affiliations=places or None,
        keywords=_keywords(article),
    )


_REACHED = ("ltx_role_email", "ltx_role_orcid", "ltx_role_url", "ltx_role_homepage", "ltx_role_thanks")
_PLACES = ("ltx_role_affiliation", "ltx_role_institution", "ltx_role_institute", "ltx_role_address")
_PLACE_NOTES = ("ltx_role_affiliationtext", "ltx_role_institutetext", "ltx_role_addresstext")
_MARK_NOTES = ("ltx_role_affiliationmark", "ltx_role_institutemark", "ltx_role_addressmark")
_RAISED = re.compile(r"^\{?\s*\}?\^\s*(.+)$")
_REACHABLE = re.compile(r"\S@\S|https?://|@\{|\}@")


@dataclass(slots=True)
class _Person:
    """What a creator says: names with the marks behind them, and places with the mark before each, if it has one."""

    names: list[tuple[str, frozenset[str]]]
    places: list[tuple[str | None, str]]


def _said_of(creator: Element) -> _Person:
    """One or several names, lines below each other, and the places that stand with them.

    A line that begins with a raised mark is of places; one before it of names, each with its marks behind it.
    """
    said = _Person([], [])
    for person in creator.find("ltx_personname"):
        for line in _marked_lines(person):
            opens_place = line[0][1] and not line[0][0]
            names = None if opens_place or said.places else _names_in(line)
            if names:
                said.names += names
            elif opens_place:
                pieces = [*line[1:], ("", frozenset())]
                for (_, marks), (text, _) in zip(line, pieces, strict=True):
                    text = text.strip(" ,;")
                    said.places += [(mark, text) for mark in sorted(marks) if text and not _REACHABLE.search(text)]
            elif (
                (text := " ".join(text for text, _ in line).strip(" ,;")) and said.names and not _REACHABLE.search(text)
            ):
                said.places.append((None, text))
    own = frozenset(mark for note in creator.find(*_MARK_NOTES) for mark in _marks(inline_text(note)))
    if own and said.names:
        said.names = [(name, marks | own) for name, marks in said.names]
    said.places += [(None, text) for place in creator.find(*_PLACES) if (text := _place(place))]
    return said


def _marked_lines(person: Element) -> list[list[tuple[str, frozenset[str]]]]:
    """The lines of a name field, each as its texts with the raised marks behind them; a mark that opens a line stands
    behind an empty text."""
    lines: list[list[tuple[str, frozenset[str]]]] = []
    parts: list[tuple[str, frozenset[str]]] = []
    loose: list[Element | str] = []

    def close(marks: frozenset[str]) -> None:
        text = inline_text(Element(tag="span", children=list(loose)), skip=_is_aside).strip()
        loose.clear()
        if text or marks:
            if marks and not text and parts:
                parts[-1] = (parts[-1][0], parts[-1][1] | marks)
            else:
                parts.append((text, marks))

    pending: list[Element | str] = list(reversed(person.children))
    while pending:
        here = pending.pop()
        marks = _marks_of(here) if isinstance(here, Element) else frozenset()
        if marks:
            close(marks)
        elif isinstance(here, Element) and (here.tag == "br" or here.has("ltx_tr")):
            close(frozenset())
            lines, parts = [*lines, parts], []
            pending += reversed(here.children)
        elif isinstance(here, Element) and here.tag in ("span", "b", "em", "i", "strong") and not _is_aside(here):
            pending += reversed(here.children)
        else:
            loose.append(here)
    close(frozenset())
    return [line for line in [*lines, parts] if line]


def _marks_of(element: Element) -> frozenset[str]:
    """The raised marks of an element; none where it is something else."""
    if element.tag == "sup" or element.has("ltx_sup"):
        return _marks(inline_text(element).strip("$ "))
    if element.tag == "math" and (raised := _RAISED.match(element.attributes.get("tex", ""))):
        return _marks(raised[1])
    return frozenset()


def _marks(text: str) -> frozenset[str]:
    return frozenset(mark for part in re.split(r"[,;\s]+", text) if (mark := part.strip("{}()[]$^ ")))


def _names_in(line: Sequence[tuple[str, frozenset[str]]]) -> list[tuple[str, frozenset[str]]] | None:
    """The names of a line with their marks; None where it is no line of names."""
    found: list[tuple[str, frozenset[str]]] = []
    for text, marks in line:
        bare = text.strip(" ,;&")
        names = stated_names([bare]) if re.sub(r"^and\b", "", bare).strip() else ()
        if names is None:
            return None
        found += [(name, frozenset()) for name in names[:-1]] + [(names[-1], marks)] if names else []
    return found


def _place(element: Element) -> str:
    """The text of a place; the fields of one (institution, city, country) are set apart."""
    fields = [e for e in element.walk() if any(name.startswith("ltx_affiliation_") for name in e.classes)]
    texts = [inline_text(one, skip=_is_aside).strip(" ,") for one in fields or [element]]
    return ", ".join(text for text in texts if text).strip(" ,;")


def _places_of(people: Sequence[_Person], article: Element) -> tuple[AuthorAffiliation, ...]:
    """The affiliations in the order of printing, each with those whose it is: by their marks, else those with whom it
    stands; where all stand with the last name, one is of everybody, and as many as there are names are one each."""
    whose: dict[str, list[str]] = {}

    def add(text: str, names: Sequence[str]) -> None:
        own = whose.setdefault(text, [])
        own += [name for name in names if name not in own]

    everybody = [name for person in people for name, _ in person.names]
    bearing = [person for person in people if person.places]
    unmarked = [text for person in bearing for mark, text in person.places if mark is None]
    stands_last = len(people) > 1 and bearing == [people[-1]] and len(unmarked) == len(people[-1].places) > 0
    if stands_last and len(unmarked) in (1, len(everybody)):
        for place, text in enumerate(unmarked):
            add(text, everybody if len(unmarked) == 1 else [everybody[place]])
        return tuple(AuthorAffiliation(text=text, authors=tuple(names)) for text, names in whose.items())
    for person in people:
        for mark, text in person.places:
            near = [name for name, _ in person.names]
            add(text, near if mark is None else [n for one in people for n, marks in one.names if mark in marks])
    for note in article.find(*_PLACE_NOTES):
        mark = next((mark for e in note.walk() if e.tag == "sup" for mark in _marks_of(e)), None)
        content = note.first(lambda e: e.has("ltx_note_content")) or note
        text = inline_text(content, skip=lambda e: e.tag == "sup" or e.has("ltx_note_type", "ltx_tag_note")).strip(
            " ,;"
        )
        if text and not _REACHABLE.search(text):
            add(text, [name for person in people for name, marks in person.names if mark in marks])
    return tuple(AuthorAffiliation(text=text, authors=tuple(names)) for text, names in whose.items())


def _keywords(article: Element) -> tuple[str, ...] | None:
    """From the field for them, else from a paragraph before the first section that begins with the word."""
    if stated := text_of(article, "ltx_keywords"):
        return split_keywords(stated)
    for element in article.walk(skip=lambda e: e.has("ltx_section")):
        if element.has("ltx_p") and (text := inline_text(element)) and MARKED_KEYWORDS.match(text):
            return split_keywords(text)
    return None


PARSER = "latexml-html/1"
_LEVELS = {
    "ltx_part": 1, "ltx_chapter": 2, "ltx_section": 3, "ltx_appendix": 3, "ltx_bibliography": 3, "ltx_index": 3,
    "ltx_acknowledgements": 3, "ltx_abstract": 3, "ltx_subsection": 4, "ltx_subsubsection": 5, "ltx_paragraph": 6,
    "ltx_subparagraph": 7,
}  # fmt: skip
_SKIPPED = (
    "ltx_title_document", "ltx_authors", "ltx_pubnotes", "ltx_dates", "ltx_TOC", "ltx_page_navbar", "ltx_page_footer",
    "ltx_page_header", "ltx_ERROR", "ltx_keywords", "ltx_classification", "ltx_toclist", "ltx_rdf", "ltx_role_newpage",
)  # fmt: skip
_EQUATIONS = ("ltx_equation", "ltx_equationgroup", "ltx_eqn_table")
_LISTS = ("ltx_itemize", "ltx_enumerate", "ltx_description", "ltx_inline-itemize")
_FLOATS = ("ltx_figure", "ltx_table", "ltx_float")
_ALONE = (*_FLOATS, *_EQUATIONS, *_LISTS, *_LEVELS, "ltx_para", "ltx_p", "ltx_title", "ltx_tabular", "ltx_bibitem",
          "ltx_listing")  # fmt: skip
_BROKEN = re.compile(r"Conversion to HTML had a Fatal error|document may be truncated or damaged", re.I)
_UNTITLED = {"ltx_abstract": "Abstract", "ltx_bibliography": "References"}
_LEAST_CHARS = 200


def read_latexml(page: Page, article: Element) -> Document:
    """The article as blocks: sections by their classes, footnotes, captions and tables after their section's prose.

    Raises:
        ParseError: ``html-broken`` when the conversion failed and nearly nothing is there; ``no-text``.
    """
    title = text_of(article, "ltx_title_document")
    front = _read_latexml_front(page, article, title=title)
    errors = len(article.find("ltx_ERROR"))
    reader = _Reader(sheet=Sheet())
    _put_front(reader.sheet, article, title)
    for child in article.elements:
        reader.read(child)
    text, blocks = reader.sheet.finish()
    failed = title.lower() in ("", "untitled document") or errors > 0
    prose = sum(len(block.text) for block in blocks if block.kind not in ("heading", "front"))
    if prose < _LEAST_CHARS and failed:
        raise ParseError("LaTeXML could not convert this paper to HTML: add its PDF", code="html-broken")
    if not prose:
        raise ParseError("the page has no text: add its PDF", code="no-text")
    broken = _BROKEN.search(inline_text(page.body)) is not None
    reason = ""
    if broken or title.lower() == "untitled document":
        reason = "the conversion to HTML failed in part, text may be missing: add the PDF"
    elif errors:
        reason = f"LaTeXML could not convert {errors} {'place' if errors == 1 else 'places'} of the source: add the PDF"
    return Document(
        text=text,
        blocks=blocks,
        front=front,
        pages=None,
        fulltext=Fulltext(state="partial", code="html-broken", reason=reason) if reason else Fulltext(state="full"),
        parser=PARSER,
    )


@dataclass(slots=True)
class _Reader:
    sheet: Sheet
    run_in: str = ""  # the title of a theorem, printed before its first paragraph
    references: bool = False

    def read(self, element: Element) -> None:
        """Write what an element holds."""
        if element.has(*_SKIPPED):
            return
        if level := next((_LEVELS[name] for name in _LEVELS if name in element.classes), None):
            self._section(element, level)
        elif element.has(*_FLOATS) or element.tag == "figure":
            self._float(element, label=None)
        elif element.has(*_EQUATIONS):
            self._equation(element)
        elif element.has("ltx_tabular") or element.tag == "table":
            self.sheet.put("table", table_text(table_rows(element, skip=_is_aside)), later=True)
        elif element.has(*_LISTS) or element.tag in ("ul", "ol", "dl"):
            self._list(element)
        elif element.has("ltx_bibitem"):
            self._reference(element)
        elif element.has("ltx_listing", "ltx_verbatim") or element.tag == "pre":
            self.sheet.put("code", _listing(element))
        elif element.has("ltx_title"):
            self.run_in = inline_text(element, skip=_is_aside)
        elif element.has("ltx_p") or not has_blocks(element):
            self._paragraph(element)
        else:
            self._mixed(element)

    def _mixed(self, element: Element) -> None:
        """Blocks with running text between them."""
        loose = Element(tag="p")
        for child in [*element.children, Element(tag="div", classes=frozenset({"ltx_para"}))]:
            if isinstance(child, Element) and (child.tag == "div" or child.has(*_ALONE) or has_blocks(child)):
                self._paragraph(loose)
                loose = Element(tag="p")
                self.read(child)
            else:
                loose.children.append(child)

    def _section(self, element: Element, level: int) -> None:
        if element.has("ltx_abstract") and not element.elements:
            self.sheet.put("paragraph", inline_text(element))
            return
        heading = next((e for e in element.elements if e.has("ltx_title") or re.fullmatch(r"h[1-6]", e.tag)), None)
        title = inline_text(heading, skip=_is_aside) if heading is not None else ""
        title = title or next((name for kind, name in _UNTITLED.items() if element.has(kind)), "")
        if title and not (
            is_references(title) and self.sheet.ends_in(is_references)
        ):  # a list within a section of its name
            self.sheet.open_section(title, level=level)
        before, self.references = self.references, element.has("ltx_bibliography")
        self._mixed(Element(tag="div", children=[child for child in element.children if child is not heading]))
        self.references = before
        if title:
            self.sheet.close_section(level=level)
        if heading is not None:
            self._put_notes(heading)

    def _paragraph(self, element: Element, *, kind: BlockKind = "paragraph", prefix: str = "") -> None:
        text = inline_text(element, skip=_is_aside)
        if text and self.run_in:
            text, self.run_in = f"{self.run_in} {text}", ""
        if display := display_only(element):
            self.sheet.put("equation", display)
        elif text:
            self.sheet.put("reference" if self.references else kind, f"{prefix}{text}")
        self._put_notes(element)

    def _list(self, element: Element) -> None:
        for item in element.elements:
            if item.has("ltx_bibitem"):
                self._reference(item)
                continue
            tag = next((inline_text(child) for child in item.elements if child.has("ltx_tag")), "")
            tag = tag or ("" if item.tag == "dd" else "•")
            inside = [c for c in item.children if isinstance(c, str) or not c.has("ltx_tag")]
            body = Element(tag="div", children=inside)
            first = body.first(lambda e: e.has("ltx_p")) or (body if not has_blocks(body) else None)
            if first is None:
                self.read(body)
                continue
            self._paragraph(first, kind="list", prefix=f"{tag} " if tag else "")
            if first is not body:
                first.children = []
                self.read(body)

    def _reference(self, element: Element) -> None:
        tag = next((inline_text(e) for e in element.walk() if e.has("ltx_tag_bibitem", "ltx_role_refnum")), "")
        body = inline_text(element, skip=lambda e: _is_aside(e) or e.has("ltx_tag_bibitem", "ltx_bib_cited"))
        body = re.sub(r"\s*Cited by:\s.*$", "", body)
        self.sheet.put("reference", f"{tag} {body}".strip(), label=tag.strip("[]() ") or None)

    def _float(self, element: Element, *, label: str | None) -> None:
        """Captions first, then the tables or lines of code of the float; panels carry the float's label."""
        captions = [child for child in _within_float(element) if child.has("ltx_caption") or child.tag == "figcaption"]
        for caption in captions:
            text = inline_text(caption, skip=_is_aside)
            label = caption_label(text) or label
            self.sheet.put("caption", text, label=label, later=True)
            self._put_notes(caption)
        for child in _within_float(element):
            if child.has("ltx_tabular"):
                self.sheet.put("table", table_text(table_rows(child, skip=_is_aside)), label=label, later=True)
            elif child.has("ltx_listing", "ltx_verbatim"):
                self.sheet.put("code", _listing(child), label=label, later=True)
            elif child.has(*_EQUATIONS):
                self._equation(child, later=True)
            elif child is not element and _is_float(child):
                self._float(child, label=label)
            elif child.has("ltx_p") and not child.first(lambda e: e.has("ltx_tabular") or e.tag == "img"):
                self.sheet.put("caption", inline_text(child, skip=_is_aside), label=label, later=True)

    def _equation(self, element: Element, *, later: bool = False) -> None:
        for label, tex in _equations(element):
            self.sheet.put("equation", tex, label=label, later=later)

    def _put_notes(self, element: Element) -> None:
        for note in element.walk(skip=lambda e: e.has("ltx_note_content")):
            if note.has("ltx_note") and (content := note.first(lambda e: e.has("ltx_note_content"))):
                text = inline_text(content, skip=lambda e: e.has("ltx_note_mark", "ltx_tag_note", "ltx_note_type"))
                self.sheet.put("footnote", text, later=True)


def _is_float(element: Element) -> bool:
    return element.tag == "figure" or element.has(*_FLOATS)


def _within_float(element: Element) -> list[Element]:
    """The elements of a float, inner floats and tables whole."""
    parts: list[Element] = []
    pending = list(reversed(element.elements))
    while pending:
        here = pending.pop()
        parts.append(here)
        if not (_is_float(here) or here.has("ltx_tabular", "ltx_listing", "ltx_caption", "ltx_p", *_EQUATIONS)):
            pending.extend(reversed(here.elements))
    return parts


_GOES_ON = re.compile(r"\s*(?:[=+<>-]|\\(?:le|ge|leq|geq|approx|equiv|sim|times|cdot|to|leqslant|geqslant)\b)")


def _is_number(element: Element) -> bool:
    return element.has("ltx_tag_equation", "ltx_tag_equationgroup")


def _equations(element: Element) -> list[tuple[str | None, str]]:
    """The equations of a display: number and TeX, a row a line.

    A number is of as many rows as its cell spans; rows without one are of the equation whose number comes next.
    """
    rows = [row for row in element.walk() if row.has("ltx_eqn_row") or row.tag == "tr"] or [element]
    rows = [row for row in rows if not any(e is not row and e.has("ltx_eqn_row") for e in row.walk())]
    found: list[tuple[str | None, list[str]]] = []
    spanned = 0
    last = max((at for at, row in enumerate(rows) if row.first(_is_number)), default=-1)
    for at, row in enumerate(rows):
        parts = [math.attributes["tex"] for math in row.walk() if math.tag == "math" and math.attributes["tex"]]
        words = inline_text(row, skip=lambda e: e.tag == "math" or e.has("ltx_tag") or _is_aside(e))
        tag = row.first(_is_number)
        label = inline_text(tag).strip("()[] ") or None if tag is not None else None
        tex = " ".join(part for part in (*parts, words) if part)
        if label is not None:
            cell = next((e for e in row.elements if any(inner is tag for inner in e.walk())), row)
            spanned = int(cell.attributes.get("rowspan", "1")) if cell.attributes.get("rowspan", "1").isdecimal() else 1
        goes_on = spanned > 0 or (at > last and _GOES_ON.match(tex))
        is_open = bool(found) and (found[-1][0] is None or (goes_on and label is None))
        if is_open and tex:
            found[-1] = (label or found[-1][0], [*found[-1][1], tex])
        elif tex:
            found.append((label, [tex]))
        spanned -= 1
    return [(label, "\n".join(lines)) for label, lines in found]


def _listing(element: Element) -> str:
    lines = [line for line in element.walk() if line.has("ltx_listingline")]
    if lines:
        return "\n".join(inline_text(line) for line in lines)
    parts: list[str] = []
    for part in element.walk():
        parts += [child for child in part.children if isinstance(child, str)] if part is element else []
    return clean("".join(parts)) if parts and not element.elements else inline_text(element)
