"""The stamp of a page: of which data it was made and with which settings, in one line that no reader sees.

It is a comment in the page's own form: the last line of Markdown, HTML and BibTeX, the second of XML, the first header
of a mail. With it a page can be made again from its data and compared.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

from kb import wire
from kb.errors import BadRecord
from kb.records import Digest, Note
from kb.rendering.entries import PageSettings

Made = Literal["digest", "note"]

# A page tells no more of its maker's settings than its form shows anyway.
_OF_ONE_FORM = {"mail_from": "mail", "mail_to": "mail", "pages": "rss", "days": "rss"}
_OF_ITEMS = ("pages", "days")
_PLAIN = ':/,"[]'  # of JSON, what no form's comment minds
_LINE = re.compile(
    r"^(?P<opened><!-- |% |X-KB-Page: )kb (?P<made>digest|note) (?P<form>[a-z]+) (?P<data>[0-9a-f]{64})"
    r" (?P<settings>.*?) (?P<check>[0-9a-f]{8})(?P<closed> -->)?\r?$",
    re.MULTILINE,
)
# A line with one letter of it altered still has half of the hash, and where a stamp stands.
_DAMAGED = re.compile(r"^(?:<!--|%|X-KB|\S+: kb ).*(?<![0-9a-z])[0-9a-z]{63,65}(?![0-9a-z])", re.MULTILINE)
_FOLD = 900  # a line of a mail has at most 998 characters (RFC 5322)
_LONGEST_HEADER = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PageStamp:
    """``data`` is ``hash_of`` what the page was made of; ``settings`` are those that it was made with."""

    made: Made
    form: str
    data: str
    settings: PageSettings


def hash_of(made: Digest | Note) -> str:
    """Hex SHA-256 of the data as form ``json`` writes them."""
    return hashlib.sha256((wire.to_json(made) + "\n").encode()).hexdigest()


def stamped(name: str, page: bytes, stamp: PageStamp) -> bytes:
    """The page with its stamp; pictures and data have none."""
    said = _told(stamp)
    if name.endswith((".md", ".html")):
        return page.rstrip(b"\n") + f"\n\n<!-- {said} -->\n".encode()
    if name.endswith(".bib"):
        return page + f"% {said}\n".encode()
    if name.endswith(".xml"):
        head, _, rest = page.partition(b"\n")
        return head + f"\n<!-- {said} -->\n".encode() + rest
    if name.endswith(".eml"):
        folded = "\r\n ".join(said[at : at + _FOLD] for at in range(0, len(said), _FOLD))
        return f"X-KB-Page: {folded}\r\n".encode() + page
    return page


def read_stamp(page: str) -> PageStamp | None:
    """The stamp of a page; None where it has none, or none that is as it was written."""
    if page.startswith("X-KB-Page:"):
        page = re.sub(r"\r?\n(?=[ \t])", "", page[:_LONGEST_HEADER])
    for match in reversed([*_LINE.finditer(page)]):
        told = "".join(match["settings"].split())
        if match["check"] != _check(match["made"], match["form"], match["data"], told):
            continue
        if (match["opened"] == "<!-- ") != (match["closed"] is not None):
            continue  # a comment that does not end hides what is behind it
        try:
            pairs = parse_qsl(told, strict_parsing=True) if told != "-" else []
            if _written({name: json.loads(value) for name, value in pairs}, form=match["form"]) != told:
                continue  # nobody of ours wrote it so: it may hold more than a reader of settings sees
            named = {name: _spread(name, json.loads(value)) for name, value in pairs}
            settings = wire.from_data(named, PageSettings)
        except (ValueError, BadRecord):  # a page of a later version
            return None
        made: Made = "note" if match["made"] == "note" else "digest"
        return PageStamp(made=made, form=match["form"], data=match["data"], settings=settings)
    return None


def has_damaged_stamp(page: str) -> bool:
    """Whether a page without a whole stamp has a line that was one."""
    return _DAMAGED.search(page) is not None


def is_stamp(line: str) -> bool:
    """Whether a line of a page is a whole stamp."""
    return read_stamp(line.strip()) is not None


def _told(stamp: PageStamp) -> str:
    usual = PageSettings()
    named = {
        one.name: value
        for one in fields(PageSettings)
        if (value := getattr(stamp.settings, one.name)) != getattr(usual, one.name)
    }
    said = _written({name: _gathered(name, wire.to_data(value)) for name, value in named.items()}, form=stamp.form)
    check = _check(stamp.made, stamp.form, stamp.data, said)
    return f"kb {stamp.made} {stamp.form} {stamp.data} {said} {check}"


def _written(named: Mapping[str, Any], *, form: str) -> str:
    """Settings as a stamp has them: of its form, in order, each once, nothing that ends a comment."""
    known = {one.name for one in fields(PageSettings)}
    written = {
        name: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        for name, value in sorted(named.items())
        if name in known and _OF_ONE_FORM.get(name, form) == form
    }
    return urlencode(written, safe=_PLAIN).replace("--", "%2D%2D") or "-"


def _gathered(name: str, value: Any) -> Any:
    """Of what a feed's items are given, each value once with the items that have it: a month of them has few days."""
    if name not in _OF_ITEMS:
        return value
    items: dict[str, list[str]] = {}
    for item, given in sorted(value.items()):
        items.setdefault(given, []).append(item)
    return [[given, *having] for given, having in items.items()]


def _spread(name: str, told: Any) -> Any:
    """``_gathered`` undone; items with a value each are as earlier versions wrote them."""
    if name not in _OF_ITEMS or isinstance(told, dict):
        return told
    return {item: given for given, *items in told for item in items}


def _check(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:8]
