"""A digest as feeds: RSS 2.0 (https://www.rssboard.org/rss-specification) and Atom (RFC 4287)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from html import escape
from urllib.parse import quote
from xml.etree import ElementTree as ET

from kb.links import web_address
from kb.records import Digest, Paper
from kb.rendering.display import plain, web_page
from kb.rendering.entries import (
    PageEntry,
    PageSettings,
    Sentence,
    digest_entries,
    item_name,
    notices,
    source_address,
)
from kb.rendering.labels import feed_name, page_title, update_title
from kb.text import one_line

_ATOM = "http://www.w3.org/2005/Atom"
_DC = "http://purl.org/dc/elements/1.1/"


def render_feeds(
    digest: Digest, *, read_file: Callable[[str], bytes], settings: PageSettings
) -> list[tuple[str, bytes]]:
    """``<topic>.rss.xml`` and ``<topic>.atom.xml``: the same file names every day, as readers expect of a feed."""
    name = feed_name(digest)
    entries = digest_entries(digest)
    return [
        (f"{name}.rss.xml", _rss(digest, entries, settings)),
        (f"{name}.atom.xml", _atom(digest, entries, settings)),
    ]


def _rss(digest: Digest, entries: Sequence[PageEntry], settings: PageSettings) -> bytes:
    ET.register_namespace("atom", _ATOM)
    ET.register_namespace("dc", _DC)
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    _add(channel, "title", page_title(digest))
    _add(channel, "link", _home(settings))
    _add(channel, "description", f"{update_title(digest)}. {' '.join(notices(digest))}")
    _add(channel, "language", "zh-cn" if digest.language == "zh" else "en")
    _add(channel, "pubDate", format_datetime(_moment(digest.until)))
    _add(channel, "generator", "kb")
    if address := _own_address(digest, settings, suffix="rss.xml"):
        ET.SubElement(channel, f"{{{_ATOM}}}link", href=address, rel="self", type="application/rss+xml")
    for entry in entries:
        item = ET.SubElement(channel, "item")
        _add(item, "title", _title(entry))
        if place := _link(entry, settings):
            _add(item, "link", place)
        _add(item, "guid", item_name(entry.paper)).set("isPermaLink", "false")
        _add(item, "pubDate", format_datetime(_moment(_day(entry.paper, digest, settings))))
        for author in entry.paper.authors:
            _add(item, f"{{{_DC}}}creator", author)
        for category in entry.paper.categories:
            _add(item, "category", category)
        _add(item, "description", _content(entry))
    return _document(root)


def _atom(digest: Digest, entries: Sequence[PageEntry], settings: PageSettings) -> bytes:
    ET.register_namespace("", _ATOM)
    root = ET.Element(f"{{{_ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": digest.language})
    _add(root, f"{{{_ATOM}}}title", page_title(digest))
    _add(root, f"{{{_ATOM}}}subtitle", f"{update_title(digest)}. {' '.join(notices(digest))}")
    name = f"urn:kb:feed:{quote(feed_name(digest))}"
    _add(root, f"{{{_ATOM}}}id", _own_address(digest, settings, suffix="atom.xml") or name)
    _add(root, f"{{{_ATOM}}}updated", _moment(digest.until).isoformat().replace("+00:00", "Z"))
    _add(root, f"{{{_ATOM}}}generator", "kb")
    author = ET.SubElement(root, f"{{{_ATOM}}}author")
    _add(author, f"{{{_ATOM}}}name", settings.author or "kb")
    if address := _own_address(digest, settings, suffix="atom.xml"):
        ET.SubElement(root, f"{{{_ATOM}}}link", href=address, rel="self", type="application/atom+xml")
        ET.SubElement(root, f"{{{_ATOM}}}link", href=_home(settings), rel="alternate", type="text/html")
    for entry in entries:
        _atom_entry(root, entry, digest, settings)
    return _document(root)


def _atom_entry(root: ET.Element, entry: PageEntry, digest: Digest, settings: PageSettings) -> None:
    item = ET.SubElement(root, f"{{{_ATOM}}}entry")
    _add(item, f"{{{_ATOM}}}title", _title(entry))
    _add(item, f"{{{_ATOM}}}id", item_name(entry.paper))
    day = _moment(_day(entry.paper, digest, settings)).isoformat().replace("+00:00", "Z")
    _add(item, f"{{{_ATOM}}}updated", day)
    if entry.paper.published is not None:
        published = entry.paper.published.astimezone(UTC).isoformat().replace("+00:00", "Z")
        _add(item, f"{{{_ATOM}}}published", published)
    for name in entry.paper.authors:
        _add(ET.SubElement(item, f"{{{_ATOM}}}author"), f"{{{_ATOM}}}name", name)
    for category in entry.paper.categories:
        ET.SubElement(item, f"{{{_ATOM}}}category", term=one_line(category))
    if address := _link(entry, settings):
        ET.SubElement(item, f"{{{_ATOM}}}link", href=address, rel="alternate")
    for words, address in entry.links:
        ET.SubElement(item, f"{{{_ATOM}}}link", href=address, rel="related", title=words)
    _add(item, f"{{{_ATOM}}}content", _content(entry)).set("type", "html")


def _content(entry: PageEntry) -> str:
    """Badges, summary, takeaways and links as HTML text; XML escapes it once more."""
    told: list[str] = []
    if badges := " · ".join(escape(badge.text) for badge in entry.badges):
        told.append(f"<small>{badges}</small>")
    if entry.state == "withdrawn":
        told.append(f"<strong>{escape(entry.say('withdrawn'))}</strong>")
    told += [web_page(change) for change in entry.changes]
    summary = " ".join(_sentence(one) for one in entry.summary.sentences)
    told.append(summary or escape(entry.summary.absent))
    parts = [f"<p>{text}</p>" for text in told if text]
    if entry.takeaways.sentences:
        parts.append(f"<ul>{''.join(f'<li>{_sentence(one)}</li>' for one in entry.takeaways.sentences)}</ul>")
    if links := " · ".join(f'<a href="{escape(address)}">{escape(words)}</a>' for words, address in entry.links):
        parts.append(f"<p>{links}</p>")
    why = f"{entry.say('why')}: {' · '.join(entry.why)}" if entry.why else ""
    parts += [f"<p><small>{web_page(text)}</small></p>" for text in (why, entry.withheld, entry.attribution) if text]
    return "".join(parts)


def _sentence(sentence: Sentence) -> str:
    doubt = f" <em>({escape(sentence.doubt)})</em>" if sentence.doubt else ""
    return f"{web_page(sentence.text)}{doubt}"


def _title(entry: PageEntry) -> str:
    states = {"updated": "updated", "withdrawn": "state_withdrawn"}
    state = f"[{entry.say(states[entry.state])}] " if entry.state in states else ""
    return f"{state}{plain(entry.paper.title)}"


def _own_address(digest: Digest, settings: PageSettings, *, suffix: str) -> str | None:
    """Where the feed itself is to be found, if it is published."""
    path = "/".join(part for part in (settings.folder, f"{feed_name(digest)}.{suffix}") if part)
    return _on_site(path, settings)


def _on_site(path: str, settings: PageSettings) -> str | None:
    site = web_address(settings.site_url)
    return f"{site.rstrip('/')}/{quote(path)}" if site else None


def _home(settings: PageSettings) -> str:
    return web_address(settings.site_url) or "https://arxiv.org/"


def _link(entry: PageEntry, settings: PageSettings) -> str | None:
    """The entry on the published page that has it, else the paper itself."""
    page = settings.pages.get(item_name(entry.paper))
    address = _on_site(page, settings) if page else None
    return f"{address}#{quote(entry.anchor)}" if address else source_address(entry.paper)


def _day(paper: Paper, digest: Digest, settings: PageSettings) -> date:
    """The day of the page that has the item, else the paper's own within the period."""
    if day := settings.days.get(item_name(paper)):
        return day
    return min((day for day in paper.announced if digest.since <= day <= digest.until), default=digest.until)


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _add(parent: ET.Element, name: str, text: str) -> ET.Element:
    child = ET.SubElement(parent, name)
    # XML 1.0 has no control characters, however they are written.
    child.text = "".join(ch for ch in one_line(text) if ch not in "\ufffe\uffff")
    return child


def _document(root: ET.Element) -> bytes:
    ET.indent(root)
    body: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'.encode()
