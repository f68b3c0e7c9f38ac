"""The files that a bibliography entry names, as reference managers write them, and which of them are there."""

from __future__ import annotations

import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from urllib.parse import unquote, urlsplit

from kb.sources.attachments import is_pdf
from kb.sources.latex import decode_latex

_FIELDS = ("file", "localfile", "local-url", "pdf")
_MOST = 100  # files of one entry
_LONGEST = 4_000  # characters of one
_SEPARATORS = re.compile(r"\\[\\:;]|(?P<sign>[:;])")
_BACKSLASH = re.compile(r"\$\\backslash\$|\\textbackslash(?:\{\}|\s|(?![A-Za-z]))")
_ESCAPED = re.compile(r"\\([\\:;_&%#${}~^])")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\|//")
_ADDRESS = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_PAGES = (".html", ".htm", ".xhtml", ".mhtml", ".webarchive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachments:
    """PDFs that are there, PDFs that are not (as the entry names them), and (name, reason) of what is no paper."""

    found: tuple[Path, ...] = ()
    missing: tuple[str, ...] = ()
    other: tuple[tuple[str, str], ...] = ()


def attachments(fields: Iterable[tuple[str, str]], folder: Path) -> Attachments:
    """The files of an entry's ``file`` fields, relative to the bibliography's ``folder``.

    Read are ``label:path:type`` joined by ``;`` (Zotero, JabRef, Mendeley), and plain paths (Better BibTeX, Papers).
    A path that is not there is looked for beside the bibliography by its last parts: Windows paths, moved libraries.
    Only regular files count, wherever a link leads; outside the folder only files that begin as a PDF does.
    """
    found: dict[Path, None] = {}
    missing: dict[str, None] = {}
    other: dict[str, str] = {}
    for number, (names, kind) in enumerate(_named(fields)):
        if number == _MOST:
            other[names[0]] = f"more than {_MOST} files of one entry: add the others themselves"
            break
        _sort(names, kind, folder=folder, found=found, missing=missing, other=other)
    return Attachments(found=tuple(found), missing=tuple(missing), other=tuple(other.items()))


def _sort(
    names: list[str],
    kind: str,
    *,
    folder: Path,
    found: dict[Path, None],
    missing: dict[str, None],
    other: dict[str, str],
) -> None:
    shown = names[0]
    ending = PureWindowsPath(names[-1]).suffix.lower()
    if "html" in kind or ending in _PAGES:
        other[shown] = "a saved web page, no paper: add it itself if it is one"
    elif ending != ".pdf" and "pdf" not in kind:
        other[shown] = "an attachment that is no PDF: add it itself if it is a paper"
    elif (path := next((path for name in names for path in _places(name, folder) if _is_regular(path)), None)) is None:
        missing[shown] = None
    elif _is_within(path, folder) or is_pdf(path):
        found[path] = None
    else:
        other[shown] = "no PDF, whatever its name: check the file"


def _named(fields: Iterable[tuple[str, str]]) -> Iterator[tuple[list[str], str]]:
    """(what the path may be, likeliest first; the kind) of each file that the fields name."""
    for name, value in fields:
        if name.lower() not in _FIELDS:
            continue
        text = _BACKSLASH.sub(lambda _: "\\", value.strip())
        while text.startswith("{") and text.endswith("}"):
            text = text[1:-1].strip()
        for record in _split(text, ";"):
            if 0 < len(record) <= _LONGEST and not _ADDRESS.match(record):
                names, kind = _read(record)
                if any(names):
                    yield [name for name in names if name], kind


def _read(record: str) -> tuple[list[str], str]:
    if record.lower().startswith("file:"):
        return [unquote(urlsplit(_unescaped(record)).path)], ""
    parts = _split(record, ":")
    if len(parts) >= 3:
        kind = parts[-1].lower()
        paths = [":".join(parts[start:-1]) for start in range(1, min(len(parts) - 1, 5))]
        if parts[0] and len(parts) == 3 and _DRIVE.match(f"{parts[0]}:{parts[1]}"):
            paths.append(f"{parts[0]}:{parts[1]}")
    elif len(parts) == 2 and not _DRIVE.match(record):
        kind = parts[1].lower() if re.fullmatch(r"(?:application/)?[a-z]{2,5}", parts[1], re.IGNORECASE) else ""
        paths = [parts[0]] if kind else [parts[1], record]
    else:
        kind, paths = "", [record]
    return [_unescaped(path).strip() for path in paths], kind


def _split(text: str, sign: str) -> list[str]:
    """Split at ``sign`` where no backslash stands before it."""
    parts, start = [], 0
    for found in _SEPARATORS.finditer(text):
        if found["sign"] == sign:
            parts.append(text[start : found.start()].strip())
            start = found.end()
    return [*parts, text[start:].strip()]


def _unescaped(path: str) -> str:
    return _ESCAPED.sub(r"\1", path)


def _places(name: str, folder: Path) -> Iterator[Path]:
    """Where the file may be, likeliest first."""
    bare = name.replace("{", "").replace("}", "")
    spellings = dict.fromkeys([name, bare, decode_latex(name) if re.search(r"[\\{$]", name) else name])
    forms = dict.fromkeys(form for one in spellings for form in (one, *_normal_forms(one)))
    for form in forms:
        if "\x00" in form:
            continue
        if not _DRIVE.match(form):
            yield folder / form
            yield Path("/") / form  # Mendeley leaves the first slash out
        parts = [part for part in re.split(r"[\\/]+", re.sub(r"^[A-Za-z]:", "", form)) if part not in ("", ".", "..")]
        for tail in range(max(len(parts) - 12, 0), len(parts)):
            yield folder.joinpath(*parts[tail:])


def _normal_forms(text: str) -> tuple[str, ...]:
    return () if text.isascii() else (unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text))


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _is_within(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False
