"""``kb verify``: any form of a digest or note, or a page of the old kind, against catalog and evidence."""

from __future__ import annotations

import json
from pathlib import PurePath

from kb import wire
from kb.errors import BadRecord, UsageError
from kb.records import Digest, Fault, Note
from kb.rendering.bibliography_check import check_bibliography
from kb.rendering.digest_check import check_digest, check_note
from kb.rendering.feed_reading import read_feed
from kb.rendering.html_reading import read_html
from kb.rendering.mail_reading import read_mail
from kb.rendering.markdown_reading import page_language, read_markdown
from kb.rendering.old_reading import read_old_page
from kb.rendering.page_check import check_page
from kb.rendering.page_records import ReadPage
from kb.rendering.tally import Exists, Sources

_CHECKED = (".json", ".md", ".markdown", ".html", ".htm", ".xml", ".bib", ".eml")


def check_file(
    name: PurePath, data: bytes, sources: Sources, *, exists: Exists | None = None
) -> tuple[list[Fault], int]:
    """The faults of a page, and how many things were looked up.

    Args:
        name: its file name; the suffix says what it is.
        data: its content.
        sources: the library.
        exists: whether a file is there, by its path from the page's folder: pictures, pages of a feed; None: not
            looked up.

    Raises:
        BadRecord: when it is nothing that kb writes.
        UsageError: for a kind of file that cannot be checked.
    """
    suffix = name.suffix.lower()
    if suffix not in _CHECKED:
        raise UsageError(f"{name.name} cannot be checked: give a file of one of these kinds: {' '.join(_CHECKED)}")
    if suffix == ".json":
        try:
            return _check_data(data, sources)
        except BadRecord as err:
            raise BadRecord(f"{name.name} is {err}") from err
    if suffix == ".bib":
        faults, checked = check_bibliography(data.decode("utf-8", "replace"), sources)
        if not checked and data.strip():  # the bibliography of an empty page is empty
            raise BadRecord(f"{name.name} has no entry as kb writes them: give a bibliography that kb wrote")
        return faults, checked
    page = _read_any(name, data)
    if page is None or (not page.entries and not page.days):
        raise BadRecord(f"{name.name} is no daily page: give a digest.json or a page that kb digest wrote")
    return check_page(page, sources, exists=exists)


def _check_data(data: bytes, sources: Sources) -> tuple[list[Fault], int]:
    """A digest or the note of one paper, as data."""
    try:
        names = json.loads(data)
    except (ValueError, RecursionError):
        names = {}  # the reading of a digest says what is wrong
    if isinstance(names, dict) and "paper" in names and "entries" not in names:
        return check_note(wire.from_json(data, Note), sources)
    return check_digest(wire.from_json(data, Digest), sources)


def _read_any(name: PurePath, data: bytes) -> ReadPage | None:
    suffix = name.suffix.lower()
    if suffix == ".xml":
        return read_feed(data)
    if suffix == ".eml":
        return read_mail(data)
    return read_page(name, data.decode("utf-8", "replace"))


def read_page(name: PurePath, text: str) -> ReadPage:
    """What a page states, whatever its form."""
    if name.suffix.lower() in (".html", ".htm"):
        return read_html(text) or read_old_page(text)
    language = page_language(text)
    return read_markdown(text, language) if language else read_old_page(text)
