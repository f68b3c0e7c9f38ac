"""Delivery: where a topic's pages lie, and digests by mail."""

from __future__ import annotations

import hashlib
import html
import smtplib
import ssl
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import KbError
from kb.ids import fold
from kb.library.choosing import Choice, choose
from kb.library.digesting import compose
from kb.library.publishing import page_settings, write_digest
from kb.library.remembering import Period, remember_periods
from kb.records import Digest, Language, Paper, Topic
from kb.rendering import render_digest
from kb.rendering.naming import page_name_of

if TYPE_CHECKING:
    from kb.library import Library

_SECONDS = 60.0
_TELLING = 8  # characters of an id or title that are not on other papers' pages by chance
_FEED_PERIOD = timedelta(days=7)


def slug(name: str) -> str:
    """A folder's name for a topic: its words, and a hash where words alone would not tell it from another."""
    words = fold(name)
    plain = "-".join(words.split())[:60] or "topic"
    if words == name.casefold() and len(plain) == len(words):
        return plain
    return f"{plain}-{hashlib.sha256(name.casefold().encode()).hexdigest()[:8]}"


def folder_of(out: Path, topic: str, day: date) -> Path:
    """Where the pages of a topic's day lie."""
    return out / slug(topic) / day.isoformat()


def sweep(folder: Path) -> None:
    """Remove what a stopped run has left half-written; the caller is the only one who writes there."""
    for path in folder.rglob(".new-*"):
        path.unlink(missing_ok=True)


def lately(
    library: Library, topic: Topic, *, until: date, audience: str, language: Language | None
) -> tuple[Digest, dict[str, date]]:
    """What a topic has shown in the last days, the latest first: the content of its feed; and the day of each paper."""
    since = until - _FEED_PERIOD
    known = {
        (row["paper_id"], date.fromisoformat(row["day"]))
        for row in library.catalog().ledger.entries(topic.name)
        if row["how"] in ("new", "updated")
    }
    shown = [
        one
        for one in choose(library, topic, since=since, until=until).shown
        if any((key, one.day) in known for key in (one.paper.id, *one.paper.aliases))
    ]
    shown.sort(key=lambda one: one.day, reverse=True)
    choice = Choice(shown=tuple(shown))
    made = compose(library, topic, choice, since=since, until=until, audience=audience, language=language)
    return made.digest, {one.paper.id: one.day for one in shown}


def write_feed(library: Library, topic: Topic, digest: Digest, days: Mapping[str, date], *, out: Path) -> list[Path]:
    """The feed of a topic beside its days; its entries lead to those pages of the days that are there."""
    found: dict[str, str] = {}
    for key, day in days.items():
        page = folder_of(out, topic.name, day) / f"{page_name_of(topic.name, since=day, until=day)}.html"
        if page.is_file():
            found[key] = page.relative_to(out).as_posix()
    with library.writing("feed"), library.catalog().transaction():
        remember_periods(library, [Period(since=digest.since, until=digest.until)])
    return write_digest(library, digest, ["rss"], out=out / slug(topic.name), root=out, pages=found)


def forget_pages(library: Library, papers: Sequence[Paper], figures: Collection[str]) -> None:
    """Remove the pages in the home that speak of papers, and their figures beside them; ``kb digest`` makes the pages
    of a day again, without the papers. Pages that were written elsewhere are the user's."""
    needles = {
        form.encode()
        for paper in papers
        for text in (paper.title, *(_bare(key) for key in (paper.id, *paper.aliases)))
        for form in (text, html.escape(text))
        if len(text) >= _TELLING
    }
    for path in sorted(library.home.digests_path.rglob("*")):
        if path.is_file() and (path.name in figures or any(needle in path.read_bytes() for needle in needles)):
            path.unlink()


def _bare(key: str) -> str:
    """An id as pages print it."""
    scheme, _, rest = key.partition(":")
    return rest if scheme in ("arxiv", "doi") else key


def has_mail(library: Library) -> bool:
    """Whether digests are to be mailed."""
    return bool(library.settings.smtp_host and library.settings.mail_to)


def mail(library: Library, digest: Digest) -> None:
    """Send a digest to the receivers in the settings.

    The message's id is that of topic and day, so that a mail program knows one that came twice after a stop.

    Raises:
        KbError: (``mail-failed``) when the mail server does not take it.
    """
    settings = library.settings
    message = _message(library, digest)
    sender = settings.mail_from or settings.smtp_user or "kb@localhost"
    for header, value in (("From", sender), ("To", ", ".join(settings.mail_to)), ("Message-ID", _message_id(digest))):
        del message[header]
        message[header] = value
    try:
        with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_SECONDS) as server:
            if settings.smtp_starttls:
                server.starttls(context=ssl.create_default_context())
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as err:
        raise KbError(
            f"the mail of {digest.topic!r} did not go out ({err}): check the smtp settings, then run kb update again",
            code="mail-failed",
            retry=True,
        ) from err


def _message(library: Library, digest: Digest) -> EmailMessage:
    pages = render_digest(
        digest, "mail", read_file=lambda key: library.home.files.get(key).read_bytes(), settings=page_settings(library)
    )
    message = message_from_bytes(pages[0][1], policy=policy.SMTP)
    assert isinstance(message, EmailMessage)  # what this policy makes
    return message


def _message_id(digest: Digest) -> str:
    basis = f"{digest.topic}\n{digest.since}\n{digest.until}"
    return f"<{hashlib.sha256(basis.encode()).hexdigest()[:32]}@paper-kb>"
