"""Our HTML pages and mails read back: every statement stands in an element that says what it is (``data-field``).

A mail has a text beside, which says the same of each paper.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

from kb.errors import BadRecord
from kb.rendering.feed_reading import beginning_day
from kb.rendering.labels import LABELS, template_pattern
from kb.rendering.markdown_reading import (
    InlinePiece,
    mark_places,
    read_head_line,
    read_reasons,
    split_sentences,
)
from kb.rendering.page_records import ReadEntry, ReadFigure, ReadPage, ReadQuote, ReadSentence
from kb.rendering.reasons import understood
from kb.text import sentence_spans

_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())


def read_html(text: str) -> ReadPage | None:
    """An HTML page of ours; None for a page that is not."""
    # What is opened and never closed is no part of a page of ours, and html.parser goes over it again and again.
    for opening, closing in (("<!--", "-->"), ("<", ">")):
        unclosed = text.find(opening, text.rfind(closing) + 1)
        text = text if unclosed < 0 else text[:unclosed]
    reader = _Reader()
    reader.feed(text)
    reader.close()
    if len(reader.contents) == len(reader.page.entries):
        for entry, place in zip(reader.page.entries, reader.contents, strict=True):
            entry.anchors.append(("contents", place))
    return reader.page if reader.page.own else None


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = ReadPage(own=False, extractive=True)
        self._entry: ReadEntry | None = None
        self._stack: list[tuple[str, str, list[str]]] = []  # tag, field, text seen within it
        self._title = ""
        self._part = ""
        self._pieces: list[InlinePiece] = []
        self._muted = 0
        self._withdrawn = False
        self.contents: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what begins; what is shown of a formula is replaced by what the record has."""
        values = {name: value or "" for name, value in attrs}
        field = values.get("data-field", "")
        if tag == "html":
            self.page.language = "zh" if values.get("lang") == "zh" else "en"
        elif tag == "article":
            self.page.own = True
            self._entry = ReadEntry(title="")
            self._withdrawn = False
            if place := values.get("id"):
                self._entry.anchors.append(("article", place))
            if paper := values.get("data-paper"):
                self._entry.named = paper
                self._entry.ids.append(paper)
            self.page.entries.append(self._entry)
        elif tag == "img" and self._entry is not None:
            self._entry.pictures.append(ReadFigure(file=values.get("src", ""), alt=values.get("alt", "")))
        elif field == "update":
            self.page.own = True
        if tag in _VOID:
            return
        if part := values.get("data-part"):
            self._part, self._pieces = part, []
        if tag == "a":
            self._link(field, values)
        self._stack.append((tag, field or values.get("class", ""), []))
        if values.get("class") == "tex" and (source := values.get("title")):
            self._said(source)
            self._muted += 1
        if field == "evidence" and self._entry is not None:
            place, _, leads = values.get("id", "").rpartition("-e")
            self._entry.anchors.append(("evidence", place))
            marker = values.get("data-marker", "")
            self._entry.quotes.append(ReadQuote(marker=marker, place="", text="", anchor=leads))

    def _link(self, field: str, values: dict[str, str]) -> None:
        address = values.get("href", "")
        if self._entry is None or address.startswith("#"):
            if field == "contents":
                self.contents.append(address.removeprefix("#"))
            elif field == "mark":
                self._pieces.append(InlinePiece(kind="mark", text="", target=address.removeprefix("#")))
            return
        around = next((name for _, name, _ in reversed(self._stack) if name), "")
        where = {"source": "source", "address": "source", "link": "note"}.get(field) or {
            "abstract": "abstract",
            "comment": "source",
        }.get(around)
        self._entry.links.append((where or around or "page", address))

    def handle_data(self, data: str) -> None:
        """Text goes to all elements that are open."""
        if not self._muted:
            self._said(data)

    def _said(self, data: str) -> None:
        for _, _, seen in self._stack:
            seen.append(data)

    def handle_endtag(self, tag: str) -> None:
        """An element is complete: what it says is known."""
        if tag in _VOID or not any(open_tag == tag for open_tag, _, _ in self._stack):
            return
        while self._stack:
            open_tag, field, seen = self._stack.pop()
            if open_tag == "span" and field == "tex" and self._muted:
                self._muted -= 1
            self._complete(open_tag, field, " ".join("".join(seen).replace("\u2060", "").split()))
            if open_tag == tag:
                return

    def _complete(self, tag: str, field: str, text: str) -> None:
        page, entry = self.page, self._entry
        if field in ("update", "counts"):
            read_head_line(page, text, is_heading=field == "update")
            if field == "update":  # only a daily page's title names its day
                read_head_line(page, self._title.split(" · ", 1)[0], is_heading=True, where="title")
        elif tag == "title":
            self._title = text
        elif field == "contents":
            page.heads.append(("contents", text))
        elif field == "notice":
            page.extractive = page.extractive and not template_pattern(
                LABELS[self.page.language]["made_model"]
            ).fullmatch(text)
        elif entry is not None:
            self._complete_in_entry(entry, tag, field, text)

    def _complete_in_entry(self, entry: ReadEntry, tag: str, field: str, text: str) -> None:
        if tag == "article":
            entry.withdrawn.append(("header", self._withdrawn))
            self._entry = None
        elif field == "withdrawn":
            self._withdrawn = True
        elif field == "title":
            if tag == "h2":
                entry.title = text
            else:
                entry.titles.append(("note", text))
        elif field == "authors":
            entry.authors.append(("header" if tag == "p" else "note", text))
        elif field in ("translated", "abstract", "affiliation", "keywords", "attribution"):
            setattr(entry, field, text)
        elif field == "why":
            entry.why += read_reasons(text, self.page.language)
        elif field == "change":
            entry.changes.append(understood(text, self.page.language))
        elif field == "source" and tag != "dd":
            entry.source_line = text
        elif field == "comment":
            entry.source_line = f"{entry.source_line or ''} {text}".strip()
        elif field in ("figure-label", "figure-page", "figure-caption") and entry.pictures:
            setattr(entry.pictures[-1], field.removeprefix("figure-"), text)
        elif field == "quote" and entry.quotes:
            entry.quotes[-1].text = text
        elif field == "place" and entry.quotes:
            entry.quotes[-1].place = text
        elif tag == "strong" and entry.quotes and re.match(r"^\[.*\]$", text):
            self._check_marker(entry, text[1:-1])
        else:
            self._complete_in_part(entry, tag, field, text)

    def _check_marker(self, entry: ReadEntry, shown: str) -> None:
        """Of the three places that name a marker (shown, data, anchor) one that differs from two others is told."""
        quote = entry.quotes[-1]
        if quote.place or quote.marker == shown:
            return
        if quote.anchor == shown:
            entry.faults.append(("mark", quote.marker, shown, "evidence"))
            quote.marker = shown
        elif quote.anchor == quote.marker:
            entry.faults.append(("mark", shown, quote.marker, "evidence"))

    def _complete_in_part(self, entry: ReadEntry, tag: str, field: str, text: str) -> None:
        if field == "sentence":
            self._pieces.append(InlinePiece(kind="text", text=text))
        elif field == "mark" and self._pieces:
            last = self._pieces[-1]
            self._pieces[-1] = InlinePiece(kind="mark", text=text.strip("[]"), target=last.target)
        elif field in ("doubt", "remark") and tag == "em":
            self._pieces.append(InlinePiece(kind="remark", text=text.strip("()")))
        elif self._part and tag in ("p", "li", "div") and self._pieces:
            entry.anchors += mark_places(self._pieces, self._part)
            entry.sentences += split_sentences(self._pieces, where=self._part, language=self.page.language)
            self._pieces = []


# ----------------------------------------------------------------------------------------------- mails


def read_mail(data: bytes) -> ReadPage | None:
    """A mail of ours; None for another's.

    Raises:
        BadRecord: when its head or a part of it cannot be decoded.
    """
    try:
        message = message_from_bytes(data, policy=policy.default)
        assert isinstance(message, EmailMessage)  # what this policy makes
        parts = [message.get_body((kind,)) for kind in ("html", "plain")]
        if parts[0] is None or parts[1] is None:
            return None
        texts = [str(part.get_content()) for part in parts if part is not None]
        subject, day = str(message["Subject"] or ""), str(message["Date"] or "")
    except (ValueError, LookupError, TypeError, AttributeError, RuntimeError) as err:
        # The reader of headers stumbles over broken ones in many ways.
        raise BadRecord(f"the mail cannot be read ({type(err).__name__}: {err}): make it again with kb") from err
    page = read_html(texts[0])
    if page is None:
        return None
    page.excerpt = True
    read_head_line(page, subject.rpartition(" · ")[2], is_heading=True, where="subject")
    page.days.append(("date", "", beginning_day(day)))
    _TextReader(page).read(texts[1])
    return page


class _TextReader:
    """The plain text, whose statements are added to the entries that the HTML has."""

    def __init__(self, page: ReadPage) -> None:
        self._page = page
        self._language = page.language

    def read(self, text: str) -> None:
        """Take the text apart into the page: its head, then one paper after each numbered line."""
        page, lines = self._page, text.splitlines()
        heads = [number for number, line in enumerate(lines) if re.match(r"\d+\.(?: |$)", line)]
        head = lines[: heads[0] if heads else len(lines)]
        read_head_line(page, (head or [""])[0].rpartition(" · ")[2], is_heading=True, where="text")
        for line in head[1:]:
            read_head_line(page, line, is_heading=False)
        if len(heads) != len(page.entries):
            page.faults.append(("text", f"{len(heads)} papers", f"{len(page.entries)} papers", "text"))
        for number, (entry, start, end) in enumerate(
            zip(page.entries, heads, [*heads[1:], len(lines)], strict=False), start=1
        ):
            told = lines[start].partition(".")[0]
            if told != str(number):
                entry.faults.append(("number", told, str(number), "text"))
            statements = list(_statements(lines[start:end]))
            entry.titles.append(("text", re.sub(r"^\d+\.(?: |$)", "", statements[0])))
            entry.withdrawn.append(("text", LABELS[self._language]["withdrawn"] in statements))
            for statement in statements[1:]:
                self._statement(entry, statement)

    def _statement(self, entry: ReadEntry, text: str) -> None:
        """One statement of an entry, by its label."""
        say = LABELS[self._language]
        name, _, told = text.partition(": ")
        if text.startswith("* "):
            self._sentences(entry, "takeaways", text[2:])
        elif name == say["authors"]:
            entry.authors.append(("text", told))
        elif name == say["summary"]:
            self._sentences(entry, "summary", told)
        elif name == say["why"]:
            entry.why += read_reasons(told, self._language)
        elif name == say["changes"]:
            entry.changes.append(understood(told, self._language))
        elif name == say["state"]:
            entry.attribution = entry.attribution or told
        elif name in (say["paper"], say["code"], say["project"]):
            entry.links.append(("text", told))
        elif text not in (say["withdrawn"], say["unlicensed"], say["quoted_entry"]):
            entry.texts.append(("text", text))

    def _sentences(self, entry: ReadEntry, where: str, text: str) -> None:
        """The sentences that the HTML has, as the text has them: together they are compared."""
        told = text
        for name in ("partly", "unsupported", "contradicted"):
            told = told.removesuffix(f" ({LABELS[self._language][name]})")
        same = {" ".join(one.text.split()) for one in entry.sentences}
        if told in same or told in (LABELS[self._language]["not stated"], LABELS[self._language]["withheld"]):
            return
        spans = sentence_spans(told) if where == "summary" else [(0, len(told))]
        doubt = "partly" if told != text else ""
        entry.sentences += [ReadSentence(where=f"text, {where}", text=told[a:b], doubt=doubt) for a, b in spans]


def _statements(lines: list[str]) -> Iterator[str]:
    """Lines put together again: one that is further in goes on with the one before."""
    told: list[str] = []
    depth = 0
    for line in lines:
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        if (told and indent <= depth) or (told and depth == 0 and indent == 3):
            yield " ".join(told)
            told = []
        if not told:
            depth = indent
        told.append(line.strip())
    if told:
        yield " ".join(told)
