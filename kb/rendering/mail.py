"""A digest as an e-mail: HTML with a text alternative, no pictures and nothing remote."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, time
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from kb.records import Digest
from kb.rendering.display import plain
from kb.rendering.entries import (
    PageEntry,
    PageSettings,
    Sentence,
    WithoutEntry,
    also_matched,
    digest_entries,
    headline,
    left_out,
    notices,
    sections,
)
from kb.rendering.html import render_template
from kb.rendering.labels import label, page_name, page_title, update_title
from kb.text import one_line

_WIDTH = 76


def render_mail(
    digest: Digest, *, read_file: Callable[[str], bytes], settings: PageSettings
) -> list[tuple[str, bytes]]:
    """``<name>.eml``: the message as bytes, with sender and receivers where the settings name them."""
    return [(f"{page_name(digest)}.eml", digest_message(digest, settings).as_bytes())]


def digest_message(digest: Digest, settings: PageSettings) -> EmailMessage:
    """The message; same digest and settings, same bytes."""
    entries = digest_entries(digest)
    text = "\n".join(_text_lines(digest, entries)) + "\n"
    page = render_template(
        "mail.html.j2",
        language=digest.language,
        title=page_title(digest),
        heading=update_title(digest),
        notices=list(notices(digest)),
        headline=headline(digest, entries),
        entries=entries,
        sections=sections(entries),
        also=also_matched(digest),
        left_out=left_out(digest),
        say=lambda word, **values: label(digest.language, word, **values),
    )
    message = EmailMessage(policy=SMTP)
    message["Subject"] = one_line(f"{page_title(digest)} · {update_title(digest)}")
    if settings.mail_from:
        message["From"] = one_line(settings.mail_from)
    if settings.mail_to:
        message["To"] = ", ".join(one_line(address) for address in settings.mail_to)
    message["Date"] = format_datetime(datetime.combine(digest.until, time(), tzinfo=UTC))
    fingerprint = hashlib.sha256(page.encode()).hexdigest()[:32]
    message["Message-ID"] = f"<{fingerprint}@kb.invalid>"
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(page, subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{fingerprint}")
    return message


def _text_lines(digest: Digest, entries: Sequence[PageEntry]) -> Iterator[str]:
    """Each paper has a line of its own first; below, each statement begins at the third column."""
    yield from (f"{page_title(digest)} · {update_title(digest)}", headline(digest, entries), "")
    for entry in sorted(entries, key=lambda entry: entry.number):
        yield from _wrapped(f"{entry.number}. {plain(entry.paper.title)}")
    for heading, found in sections(entries):
        if heading:
            yield from ("", f"== {heading} ==")
        for entry in found:
            yield from ("", *_wrapped(f"{entry.number}. {plain(entry.paper.title)}"))
            for told in _statements(entry):
                yield from _wrapped(told, indent="   ")
    yield from _titles(label(digest.language, "also_matched"), also_matched(digest))
    yield from _titles(label(digest.language, "skipped"), left_out(digest))
    yield ""
    for notice in notices(digest):
        yield from _wrapped(notice)


def _titles(heading: str, papers: Sequence[WithoutEntry]) -> Iterator[str]:
    if papers:
        yield from ("", heading)
    for one in papers:
        yield from _wrapped(f"* {plain(one.title)}{f': {plain(one.reason)}' if one.reason else ''}")
        if one.address:
            yield f"  {one.address}"


def _statements(entry: PageEntry) -> Iterator[str]:
    if entry.badges:
        yield " · ".join(badge.text for badge in entry.badges)
    if entry.state == "withdrawn":
        yield entry.say("withdrawn")
    yield from (f"{entry.say('changes')}: {plain(change)}" for change in entry.changes)
    yield f"{entry.say('authors')}: {plain(entry.authors) or entry.say('not stated')}"
    if entry.summary:
        told = " ".join(map(_sentence, entry.summary.sentences)) or plain(entry.summary.absent)
        yield f"{entry.say('summary')}: {told}"
    yield from (f"* {_sentence(one)}" for one in entry.takeaways.sentences)
    if entry.why:
        yield f"{entry.say('why')}: {plain(' · '.join(entry.why))}"
    yield from (f"{words}: {address}" for words, address in entry.links)
    yield from (remark for remark in (entry.withheld, entry.remark) if remark)
    if entry.attribution:
        yield f"{entry.say('state')}: {plain(entry.attribution)}"


def _sentence(sentence: Sentence) -> str:
    return plain(sentence.text) + (f" ({sentence.doubt})" if sentence.doubt else "")


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        one_line(text),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
