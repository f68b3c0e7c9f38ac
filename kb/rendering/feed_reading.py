"""Our feeds read back: what RSS and Atom state of each paper, and the HTML text within."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, time
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from os.path import commonprefix
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

from kb.errors import BadRecord
from kb.records import Language
from kb.rendering.labels import LABELS, label, slug, template_pattern
from kb.rendering.markdown_reading import read_head_line, read_reasons
from kb.rendering.page_records import ReadEntry, ReadPage, ReadSentence
from kb.rendering.reasons import understood

_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def read_feed(data: bytes) -> ReadPage | None:
    """A feed of ours; None for other XML.

    Raises:
        BadRecord: for what is no XML, or declares entities (ours never do, and they can be a trap).
    """
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise BadRecord("the feed declares a document type: give one that kb wrote")
    try:
        root = ET.fromstring(data)  # noqa: S314  (no document type: nothing to expand)
    except (ET.ParseError, ValueError, LookupError, RuntimeError) as err:
        raise BadRecord(f"the feed is no XML ({err}): make it again with kb") from err
    channel = root.find("channel")
    if root.tag == "rss" and channel is not None:
        return _read_rss(channel)
    return _read_atom(root) if root.tag == f"{_ATOM}feed" else None


def _read_rss(channel: ET.Element) -> ReadPage:
    page = _page(channel.findtext("language") or "", channel.findtext("description") or "")
    page.days.append(("pubDate", "", beginning_day(channel.findtext("pubDate"))))
    items = channel.findall("item")
    links = [item.findtext("link") or "" for item in items]
    own = [element.get("href") or "" for element in channel.findall(f"{_ATOM}link")]
    _find_site(page, channel.findtext("link") or "", own=own, links=links)
    _check_own(page, own, f"{_file_name(channel.findtext('title'), page)}.rss.xml")
    for item, address in zip(items, links, strict=True):
        entry = ReadEntry(title="")
        entry.item = item.findtext("guid") or ""
        entry.authors.append(("creators", _joined(item.findall(f"{_DC}creator"))))
        entry.days.append(("pubDate", beginning_day(item.findtext("pubDate"))))
        entry.categories = [(category.text or "").strip() for category in item.findall("category")]
        _finish(entry, page, title=item.findtext("title") or "", address=address, text=item.findtext("description"))
    return page


def _read_atom(root: ET.Element) -> ReadPage:
    page = _page(root.get(_LANG) or "", root.findtext(f"{_ATOM}subtitle") or "")
    page.days.append(("updated", "", (root.findtext(f"{_ATOM}updated") or "").removesuffix("T00:00:00Z")))
    items = root.findall(f"{_ATOM}entry")
    links = [_related(item, "alternate")[0] if _related(item, "alternate") else "" for item in items]
    home = next(iter(_related(root, "alternate")), "")
    own = [*_related(root, "self"), *(a for a in [root.findtext(f"{_ATOM}id") or ""] if a.startswith("http"))]
    _find_site(page, home, own=own, links=links)
    _check_own(page, own, f"{_file_name(root.findtext(f'{_ATOM}title'), page)}.atom.xml")
    for item, address in zip(items, links, strict=True):
        entry = ReadEntry(title="")
        entry.item = item.findtext(f"{_ATOM}id") or ""
        names = [name for author in item.findall(f"{_ATOM}author") for name in author.findall(f"{_ATOM}name")]
        entry.authors.append(("authors", _joined(names)))
        entry.days.append(("updated", (item.findtext(f"{_ATOM}updated") or "").removesuffix("T00:00:00Z")))
        if published := item.findtext(f"{_ATOM}published"):
            entry.moments.append(("published", published.replace("Z", "+00:00")))
        entry.categories = [category.get("term") or "" for category in item.findall(f"{_ATOM}category")]
        entry.links += [("links", link) for link in _related(item, "related")]
        text = item.findtext(f"{_ATOM}content")
        _finish(entry, page, title=item.findtext(f"{_ATOM}title") or "", address=address, text=text)
    return page


def _page(language: str, told: str) -> ReadPage:
    """The head of a feed: its language, its period, and whether a model wrote in it."""
    spoken: Language = "zh" if language.startswith("zh") else "en"
    page = ReadPage(own=True, language=spoken, excerpt=True, extractive=label(spoken, "made_extractive") in told)
    for name in ("period", "update"):
        pattern = template_pattern(LABELS[spoken][name], r"\S+?").pattern
        if match := re.match(rf"{pattern}\. ", told):
            read_head_line(page, match[0].removesuffix(". "), is_heading=True, where="description")
            return page
    page.days.append(("description", "", told[:60]))
    return page


def _find_site(page: ReadPage, home: str, *, own: Sequence[str], links: Sequence[str]) -> None:
    """Where the site's root is, by what most addresses agree on, and how far below it the feed lies."""
    ours = [*own, *(link for link in links if "#" in link)]
    if not own:
        return
    if sum(address.startswith(home) for address in ours) * 2 < len(ours):
        true = commonprefix(ours).rpartition("/")[0] + "/"  # noqa: RUF071  (cut back to a whole part)
        page.faults.append(("link", home, true, "link"))
        home = true
    page.site = home
    for address in own:
        if not address.startswith(home):
            page.faults.append(("link", address, f"an address below {home}", "self"))
    self_paths = [urlsplit(address.removeprefix(home).lstrip("/")).path for address in own if address.startswith(home)]
    page.up = min((path.count("/") for path in self_paths), default=0)


def _file_name(title: str | None, page: ReadPage) -> str:
    """What the feed of a topic is called."""
    return "all-papers" if title == label(page.language, "untitled") else slug(title or "")


def _check_own(page: ReadPage, own: Sequence[str], name: str) -> None:
    """The feed's own addresses end in its name."""
    for address in own:
        if unquote(address).rpartition("/")[2] != name and address.startswith(page.site):
            page.faults.append(("link", address, name, "self"))


def _finish(entry: ReadEntry, page: ReadPage, *, title: str, address: str, text: str | None) -> None:
    """Title, address and text of an item."""
    if page.site and address.startswith(page.site) and "#" in address:
        entry.pages.append(address)
    elif address:
        entry.links.append(("source", address))
    reader = _ContentReader(entry, page.language)
    reader.feed(text or "")
    reader.close()
    entry.withdrawn.append(("text", reader.is_withdrawn))
    mark = f"[{LABELS[page.language]['updated']}] "
    entry.title = " ".join((title.removeprefix(mark) if entry.changes else title).split())
    page.entries.append(entry)


def _related(element: ET.Element, relation: str) -> list[str]:
    return [link.get("href") or "" for link in element.findall(f"{_ATOM}link") if link.get("rel") == relation]


def _joined(elements: Sequence[ET.Element]) -> str:
    return ", ".join(" ".join((element.text or "").split()) for element in elements)


def beginning_day(text: str | None) -> str:
    """The day of a moment that is its beginning, as all of ours are; else the text as it is."""
    try:
        moment = parsedate_to_datetime(text or "").astimezone(UTC)
    except ValueError:
        return text or ""
    return moment.date().isoformat() if moment.time() == time() else text or ""


class _ContentReader(HTMLParser):
    """The text of an item: paragraphs and a list whose classes say what they are."""

    def __init__(self, entry: ReadEntry, language: Language) -> None:
        super().__init__(convert_charrefs=True)
        self._entry, self._language = entry, language
        self._block, self._text, self._sentence = "", "", ""
        self._doubts = {LABELS[language][name]: name for name in ("partly", "unsupported", "contradicted")}
        self.is_withdrawn = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A block begins, or a sentence; an address is noted."""
        values = {name: value or "" for name, value in attrs}
        if tag in ("p", "ul"):
            self._block, self._text = values.get("class", ""), ""
            self.is_withdrawn |= self._block == "withdrawn"
        elif tag in ("span", "em"):
            self._text = ""
        elif tag == "a":
            self._entry.links.append(("text", values.get("href", "")))

    def handle_data(self, data: str) -> None:
        """Text of what is open."""
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        """What ends is told."""
        told, entry = " ".join(self._text.split()), self._entry
        if tag == "span":
            entry.sentences.append(ReadSentence(where=self._block or "text", text=told))
        elif tag == "em" and entry.sentences:
            entry.sentences[-1].doubt = self._doubts.get(told.strip("()"), "")
        elif tag == "p" and self._block == "change":
            entry.changes.append(understood(told, self._language))
        elif tag == "p" and self._block == "why":
            told = told.removeprefix(f"{LABELS[self._language]['why']}: ")
            entry.why += read_reasons(told, self._language)
        elif tag == "p" and self._block == "attribution":
            entry.attribution = told
        elif tag == "p" and self._block not in ("summary", "absent", "withheld", "withdrawn", "links") and told:
            entry.texts.append(("text", told))
