"""``kb verify``: any page or ``digest.json``, ours or of the old kind, against catalog and evidence."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePath

from kb import wire
from kb.errors import BadRecord, UsageError
from kb.records import Digest, Fault
from kb.rendering.digest_check import check_digest
from kb.rendering.html_reading import read_html
from kb.rendering.markdown_reading import page_language, read_markdown
from kb.rendering.old_reading import read_old_page
from kb.rendering.page_check import check_page
from kb.rendering.page_records import ReadPage
from kb.rendering.tally import Sources


def check_file(
    name: PurePath, data: bytes, sources: Sources, *, files: Collection[str] | None = None
) -> tuple[list[Fault], int]:
    """The faults of a page, and how many things were looked up.

    Args:
        name: its file name; the suffix says what it is.
        data: its content.
        sources: the library.
        files: relative paths of the files beside it, to look its pictures up; None: not looked up.

    Raises:
        BadRecord: when it is no digest and no page.
        UsageError: for a kind of file that cannot be checked.
    """
    suffix = name.suffix.lower()
    if suffix == ".json":
        return check_digest(wire.from_json(data, Digest), sources)
    if suffix not in (".md", ".markdown", ".html", ".htm"):
        raise UsageError(f"{name.name} cannot be checked: give a digest.json, or a page in Markdown or HTML")
    page = read_page(name, data.decode("utf-8", "replace"))
    if not page.entries and not page.days:
        raise BadRecord(f"{name.name} is no daily page: give a digest.json or a page that kb digest wrote")
    return check_page(page, sources, files=files)


def read_page(name: PurePath, text: str) -> ReadPage:
    """What a page states, whatever its form."""
    if name.suffix.lower() in (".html", ".htm"):
        return read_html(text) or read_old_page(text)
    language = page_language(text)
    return read_markdown(text, language) if language else read_old_page(text)
