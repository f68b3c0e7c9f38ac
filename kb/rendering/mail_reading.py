"""Our mails read back: the HTML and the text that stands for it say the same of each paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

from kb.errors import BadRecord
from kb.records import Language
from kb.rendering.feed_reading import beginning_day
from kb.rendering.html_reading import read_html
from kb.rendering.labels import LABELS
from kb.rendering.markdown_reading import read_head_line, read_reasons
from kb.rendering.page_records import ReadEntry, ReadPage, ReadSentence
from kb.rendering.reasons import understood
from kb.text import sentence_spans


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
        self._language: Language = "zh" if page.language == "zh" else "en"

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
