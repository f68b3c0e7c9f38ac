"""A page against the same page made again: what differs, named by paper and field."""

from __future__ import annotations

import email
import email.policy
import html
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from kb import wire
from kb.records import Digest, Fault, Note
from kb.verifying.comparing import common_ends, differences, shortened

# Where a part of a page begins, in any form: headings, places that links lead to, entries of feeds and bibliographies.
_PART = re.compile(r"^#{1,6} |<h[1-6]\b|<(?:article|section|item|entry)\b|^\s*@\w+\{|^\d+\. |\bid=\"")
_TAG = re.compile(r"<[^<>]*>")
_PICTURE = "data:image/"
_AROUND = (24, 12, 6, 0)  # letters on either side of a difference that say which field it is of
_FEWEST = 4
_UNNAMED = "text"
_TITLE_LINES = 5  # over which a title may be wrapped
_LABEL = re.compile(r"[\W\d_]*(?P<label>[^\W\d_][\w -]{1,30}?)[*\s]*[=:：]")
_HEADERS = ("X-KB-Page", "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type")


def page_lines(name: str, page: bytes) -> list[str]:
    """A page line by line, without the last ones that are empty; a mail with its parts decoded.

    What carries a mail adds headers of its own: of them only those that kb writes are looked at.
    """
    text = "\n".join(_mail_lines(page)) if name.endswith(".eml") else page.decode("utf-8", "replace")
    return text.replace("\r\n", "\n").rstrip("\n").split("\n")


def _mail_lines(page: bytes) -> Iterator[str]:
    message = email.message_from_bytes(page, policy=email.policy.default)
    for header in _HEADERS:
        yield f"{header}: {re.sub(r'boundary=.*', '', _header(message, header))}"
    for part in message.walk():
        if not part.is_multipart():
            yield f"Content-Type: {_header(part, 'Content-Type')} {_header(part, 'Content-Transfer-Encoding')}"
            data = part.get_payload(decode=True)
            yield from (data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data)).splitlines()


def _header(part: Any, name: str) -> str:
    try:
        return " ".join(str(part[name] or "").split())
    except (ValueError, TypeError, AttributeError, IndexError, RecursionError):  # the parser of headers breaks on some
        return ""


def compare(
    found: Sequence[str],
    true: Sequence[str],
    *,
    made: Digest | Note,
    ignored: Collection[str] = (),
    called: Mapping[str, str] | None = None,
) -> list[Fault]:
    """The faults of a page whose lines are ``found`` and should be ``true``.

    Args:
        found: the lines of the page.
        true: those of the page as it is made again.
        made: the data that it was made of.
        ignored: texts of lines that cannot be made again (pictures that are not there).
        called: lines of the true page that are of no paper, and the name of the field that they are.
    """
    naming = _Naming(true, made)
    faults: dict[Fault, None] = {}
    for at, (ours, line, theirs) in _differing(found, true):
        if any(one in theirs for one in ignored):
            continue
        own = (called or {}).get(theirs)
        entry, field = ("page", own) if own else naming.of(ours, theirs, at=at)
        pieces = [_told(ours, theirs)] if _PICTURE in ours + theirs else differences(ours, theirs) or [(ours, theirs)]
        for one, other in pieces:
            name = "links" if field == _UNNAMED and "://" in one + other else field
            where = f"line {line + 1}"
            faults[Fault(entry=entry, field=name, found=shortened(one), expected=shortened(other), where=where)] = None
    return list(faults)


def _told(ours: str, theirs: str) -> tuple[str, str]:
    """The words of two lines that differ where one has a picture in it: nobody reads its bytes."""
    start, end = common_ends(ours, theirs)
    found, expected = ours[start : len(ours) - end or None], theirs[start : len(theirs) - end or None]
    return ("another picture", "the picture of the paper") if _PICTURE in found + expected else (found, expected)


def _differing(found: Sequence[str], true: Sequence[str]) -> Iterator[tuple[int, tuple[str, int, str]]]:
    """(line of the true page, (line found, its number, true line)) where they differ; "" for one that is not there."""
    start = 0
    while start < min(len(found), len(true)) and found[start] == true[start]:
        start += 1
    end = 0
    while end < min(len(found), len(true)) - start and found[-1 - end] == true[-1 - end]:
        end += 1
    ours, theirs = found[start : len(found) - end], true[start : len(true) - end]
    for tag, a, b, c, d in SequenceMatcher(None, ours, theirs).get_opcodes():
        if tag == "equal":
            continue
        if b - a == d - c or a == b or c == d:
            for step in range(max(b - a, d - c)):
                one = ours[a + step] if a + step < b else ""
                other = theirs[c + step] if c + step < d else ""
                if one != other:
                    yield start + min(c + step, len(theirs)), (one, start + a + step, other)
        else:
            yield start + c, (" ".join(ours[a:b]), start + a, " ".join(theirs[c:d]))


# ------------------------------------------------------------------------------------------ what it is of


@dataclass(frozen=True, slots=True)
class _Value:
    """A text of the data as letters and digits alone: of which paper (None: of the page), in which field."""

    entry: str | None
    field: str
    letters: str


class _Naming:
    """Of which paper and field a line of a page is."""

    def __init__(self, true: Sequence[str], made: Digest | Note) -> None:
        self._true = true
        notes = made.entries if isinstance(made, Digest) else (made,)
        self._signs: dict[str, tuple[str, ...]] = {
            note.paper.id: (
                "-".join(re.findall(r"\w+", note.paper.id.casefold())),
                note.paper.id.removeprefix("arxiv:"),
                _letters(note.paper.title),
            )
            for note in notes
        }
        data = wire.to_data(made)
        entries = data.pop("entries", None) if isinstance(made, Digest) else [data]
        self._values = [
            _Value(note.paper.id, *one) for note, tree in zip(notes, entries, strict=True) for one in _texts(tree)
        ]
        self._values += [_Value(None, *one) for one in _texts(data)] if isinstance(made, Digest) else []

    def of(self, found: str, true: str, *, at: int) -> tuple[str, str]:
        """(entry, field) of a line; ``at`` is its number on the true page."""
        entry = self._own(true) or self._own(found) or self._above(at)
        return entry or "page", self._field(found, true, entry)

    def _own(self, line: str) -> str | None:
        """The one paper that a line names."""
        letters = _letters(line)
        named = [key for key, signs in self._signs.items() if _names(line, letters, signs)]
        return named[0] if len(named) == 1 else None

    def _above(self, at: int) -> str | None:
        """The paper that the part of the page names in which a line is, else the nearest part above it that does."""
        end = at + 1
        while end < len(self._true) and not _PART.search(self._true[end]):
            end += 1
        for start in range(min(at, len(self._true) - 1), -1, -1):
            if not _PART.search(self._true[start]):
                continue
            lines = self._true[start:end]
            for line in (*lines, " ".join(lines[:_TITLE_LINES])):
                if (found := self._own(line)) is not None:
                    return found
            end = start
        return None

    def _field(self, found: str, true: str, entry: str | None) -> str:
        """The field of the data that has the words around a difference, else what the line is labelled."""
        if _PICTURE in true and _told(found, true)[0] == "another picture":
            return "figures"
        for line, other in ((true, found), (found, true)):
            start, end = common_ends(line, other)
            before, after = _letters(line[:start]), _letters(line[len(line) - end :])
            middle, whole = _letters(line[start : len(line) - end]), len(_letters(line))
            for around in _AROUND if middle else ():
                wanted = before[len(before) - min(around, len(before)) :] + middle + after[:around]
                fits = [one for one in self._values if one.entry in (entry, None) and wanted in one.letters]
                if fits and len(wanted) >= _FEWEST:
                    return min(fits, key=lambda one: (one.entry is None, abs(len(one.letters) - whole))).field
        label = _LABEL.match(true) or _LABEL.match(found)
        return label["label"].casefold() if label else _UNNAMED


def _names(line: str, letters: str, signs: tuple[str, ...]) -> bool:
    anchor, key, title = signs
    return (
        bool(re.search(rf"(?<![\w-]){re.escape(anchor)}(?!\w)", line))
        or key in line
        or (len(title) > 3 and title in letters)
    )


def _letters(text: str) -> str:
    """Letters and digits alone, as they are whatever form writes them."""
    plain = html.unescape(_TAG.sub(" ", text))
    return "".join(sign for sign in plain.casefold() if sign.isalnum())


def _texts(tree: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """(field, letters) of each text and number in data; a list of short texts also as a whole, as pages write names."""
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            yield from _texts(value, f"{field}.{name}".strip("."))
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from _texts(value, field)
        if tree and all(isinstance(value, str) for value in tree):
            yield _called(field), _letters(" ".join(tree))
    elif isinstance(tree, str | int | float) and not isinstance(tree, bool):
        yield _called(field), _letters(str(tree))


def _called(field: str) -> str:
    return re.sub(r"^paper\.|\.(?:text|text_verified|values\.\w+)$", "", field)
