"""Title, authors, abstract, ids, links and keywords of a LaTeXML page."""

from __future__ import annotations

from kb.parsing.elements import Element, inline_text
from kb.parsing.html import Page
from kb.parsing.pagefront import MARKED_KEYWORDS, ids_of, names_of, own_links, split_keywords
from kb.parsing.sheet import Sheet
from kb.records import Affiliation, Metadata


def is_aside(element: Element) -> bool:
    """Whether an element is no part of the sentence it stands in: notes, marks, errors of the conversion."""
    return element.has("ltx_note", "ltx_ERROR", "ltx_tag_note", "ltx_rdf")


def text_of(article: Element, name: str) -> str:
    """The text of the first element of a class, notes left out; "" when there is none."""
    found = article.first(lambda element: element.has(name))
    return inline_text(found, skip=is_aside) if found is not None else ""


def put_front(sheet: Sheet, article: Element, title: str) -> None:
    """Write title and authors as front matter."""
    sheet.put("front", title)
    for creator in article.find("ltx_creator"):
        sheet.put("front", inline_text(creator, skip=lambda e: e.has("ltx_note_mark", "ltx_ERROR", "ltx_note_type")))


def read_latexml_front(page: Page, article: Element, *, title: str) -> Metadata:
    """What the article and its page say of themselves; fields that are not stated stay None."""
    creators = article.find("ltx_creator")
    people = [person for creator in creators for person in creator.find("ltx_personname")]
    abstract = article.first(lambda element: element.has("ltx_abstract"))
    paragraphs = [p for p in (abstract.walk() if abstract else ()) if p.has("ltx_p")]
    places = creators[0].find("ltx_role_affiliation", "ltx_role_institution") if creators else []
    place = inline_text(places[0]) if places else ""
    stamps = [inline_text(element) for element in page.body.walk() if element.attributes.get("id") == "watermark-tr"]
    ids, version = ids_of(page.addresses, page.meta, stamps)
    links = {
        link.url: link
        for link in (
            *own_links([*creators, *([abstract] if abstract else [])], everywhere=True, source="html"),
            *own_links(article.find("ltx_p"), everywhere=False, source="html"),
        )
    }
    return Metadata(
        source="html",
        ids=ids,
        version=version,
        title=title if title.lower() != "untitled document" and title else None,
        authors=names_of(_first_line(person) for person in people),
        abstract=" ".join(inline_text(p, skip=is_aside) for p in paragraphs) or None,
        links=tuple(links.values()) or None,
        affiliation=Affiliation(text=place, source="html") if place else None,
        keywords=_keywords(article),
    )


def _keywords(article: Element) -> tuple[str, ...] | None:
    """From the field for them, else from a paragraph before the first section that begins with the word."""
    if stated := text_of(article, "ltx_keywords"):
        return split_keywords(stated)
    for element in article.walk(skip=lambda e: e.has("ltx_section")):
        if element.has("ltx_p") and (text := inline_text(element)) and MARKED_KEYWORDS.match(text):
            return split_keywords(text)
    return None


def _first_line(person: Element) -> str:
    """A name field up to its first line break, without marks."""
    cut: list[Element | str] = []
    for child in person.children:
        if isinstance(child, Element) and child.tag == "br":
            break
        cut.append(child)
    return inline_text(Element(tag="span", children=cut), skip=lambda e: e.tag in ("math", "sup") or is_aside(e))
