"""The files that an entry of a bibliography names as its own, as every program writes them: found, missing, no papers.

A bibliography may be a stranger's. Whatever path it names, only a regular file that begins as a PDF does is taken from
outside of its folder; within the folder what is called ``.pdf`` is taken too, so that its fault is said with the paper.
"""

from __future__ import annotations

import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PureWindowsPath
from urllib.parse import unquote

from kb.errors import FileUnreadable
from kb.input_files import open_file
from kb.latex import decode_latex
from kb.records import Item, PassedOver, SourceRecord

_MOST = 100  # files of one entry
_LONGEST = 4_000  # characters of one path
_TAIL = 8  # last parts of another machine's path that are looked for here: storage/ABCD1234/paper.pdf
_OF_BIBTEX = ("file", "localfile", "local-url", "pdf")
_PAGES = (".html", ".htm", ".xhtml", ".mhtml", ".webarchive")
_SCHEME = re.compile(r"file:(?://(?:localhost(?=/))?)?|internal-pdf://|attachments:", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_DRIVE = re.compile(r"/?[A-Za-z]:(?=[\\/])|\\\\")
_SEPARATORS = re.compile(r"\\[\\:;]|(?P<sign>[:;])")
_BACKSLASH = re.compile(r"\$\\backslash\$|\\textbackslash(?:\{\}|\s|(?![A-Za-z]))")
_ESCAPED = re.compile(r"\\([\\:;_&%#${}~^])")


@dataclass(frozen=True, slots=True)
class StatedFile:
    """A file as an entry names it: what its path may be, likeliest first, and what the entry calls its kind."""

    names: tuple[str, ...]
    kind: str = ""


@dataclass(slots=True)
class _Sorted:
    """The files of an entry: PDFs that are there, those that are not as the entry writes them, others with a reason."""

    papers: dict[Path, None] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)


def with_files(
    record: SourceRecord, *, what: str, stated: Iterable[StatedFile], folder: Path | None
) -> Iterator[Item | PassedOver]:
    """The record as items: one for each PDF that it names and that is there, else one without a file.

    Files that are missing stand in the first item; what is no PDF is passed over by name. Relative paths begin in the
    bibliography's ``folder`` or in the files of an EndNote library there; a path of another machine is looked for
    there by its last parts. Without a folder nothing is looked for.
    """
    files = _Sorted()
    named = list(islice(stated, _MOST + 1)) if folder is not None else []
    roots = _roots(folder) if folder is not None and named else ()
    for number, one in enumerate(named):
        if number == _MOST:
            files.others[one.names[0]] = f"more than {_MOST} files of one entry: add the others themselves"
            break
        _sort(one, roots, files)
    missing = tuple(files.missing)
    if not files.papers:
        yield Item(what=what, record=record, missing=missing)
    for number, path in enumerate(files.papers):
        missing = missing if number == 0 else ()
        yield Item(what=what, record=record, file=str(path), file_kind="pdf", private=True, missing=missing)
    for name, reason in files.others.items():
        yield PassedOver(what=name, reason=reason)


# ------------------------------------------------------------------------------------- how they are written


def stated_paths(texts: Iterable[str]) -> Iterator[StatedFile]:
    """Files of fields that hold nothing but paths and addresses (RIS, Zotero's CSV); those of the web are left out."""
    for name in dict.fromkeys(text.strip() for text in texts):
        if 0 < len(name) <= _LONGEST and not _is_address(name):
            yield StatedFile((name,))


def stated_in_bibtex(fields: Iterable[tuple[str, str]]) -> Iterator[StatedFile]:
    """Files of a BibTeX entry: ``label:path:type`` joined by ``;`` (Zotero, JabRef, Mendeley), or plain paths."""
    for name, value in fields:
        if name.lower() not in _OF_BIBTEX:
            continue
        text = _BACKSLASH.sub(lambda _: "\\", value.strip())
        while text.startswith("{") and text.endswith("}"):
            text = text[1:-1].strip()
        for part in _split(text, ";"):
            if 0 < len(part) <= _LONGEST and not _is_address(part):
                names, kind = _parted(part)
                if names := [name for name in names if name]:
                    yield StatedFile(tuple(names), kind)


def _is_address(text: str) -> bool:
    return _ADDRESS.match(text) is not None and _SCHEME.match(text) is None


def _parted(text: str) -> tuple[list[str], str]:
    parts = _split(text, ":")
    if len(parts) < 2 or _SCHEME.match(text) or (len(parts) == 2 and _DRIVE.match(text)):
        return [_unescaped(text)], ""
    if len(parts) == 2:
        kind = parts[1].lower() if re.fullmatch(r"(?:application/)?[a-z]{2,5}", parts[1], re.IGNORECASE) else ""
        return [_unescaped(path) for path in ([parts[0]] if kind else [parts[1], text])], kind
    paths = [":".join(parts[start:-1]) for start in range(1, min(len(parts) - 1, 5))]  # a label may have colons
    if parts[0] and len(parts) == 3 and _DRIVE.match(f"{parts[0]}:{parts[1]}"):
        paths.append(f"{parts[0]}:{parts[1]}")
    return [_unescaped(path) for path in paths], parts[-1].lower()


def _split(text: str, sign: str) -> list[str]:
    """Split at ``sign`` where no backslash stands before it."""
    parts, start = [], 0
    for found in _SEPARATORS.finditer(text):
        if found["sign"] == sign:
            parts.append(text[start : found.start()].strip())
            start = found.end()
    return [*parts, text[start:].strip()]


def _unescaped(path: str) -> str:
    return _ESCAPED.sub(r"\1", path).strip()


# ------------------------------------------------------------------------------------------ where they are


def _roots(folder: Path) -> tuple[Path, ...]:
    """Where relative paths begin: in the folder, and in the files of EndNote libraries there."""
    try:
        return (folder, *sorted(folder.glob("*.[dD]ata/PDF")))
    except OSError:
        return (folder,)


def _sort(stated: StatedFile, roots: tuple[Path, ...], files: _Sorted) -> None:
    shown = stated.names[0]
    ending = PureWindowsPath(stated.names[-1]).suffix.lower()
    if "html" in stated.kind or ending in _PAGES:
        files.others[shown] = "a saved web page, no paper: add it itself if it is one"
    elif "pdf" not in stated.kind and (stated.kind or ending) and ending != ".pdf":
        files.others[shown] = "an attachment that is no PDF: add it itself if it is a paper"
    elif (path := _found(stated.names, roots)) is None:
        files.missing[shown] = None
    elif is_pdf(path) or (ending == ".pdf" and _is_within(path, roots[0])):
        files.papers[path.absolute()] = None
    else:
        files.others[shown] = "no PDF, whatever its name: check the file"


def _found(names: Iterable[str], roots: tuple[Path, ...]) -> Path | None:
    """The regular file that a path names, wherever a link leads."""
    spellings = dict.fromkeys(form for name in names for form in _spellings(name))
    for place in (place for form in spellings for place in _places(form, roots)):
        try:
            if stat.S_ISREG(place.stat().st_mode):
                return place
        except (OSError, ValueError):
            continue
    return None


def _spellings(name: str) -> Iterator[str]:
    """The path as it stands, without its scheme, its escapes and its LaTeX, and with accents in one sign or in two."""
    bare = _SCHEME.sub("", name, count=1) if _SCHEME.match(name) else name
    decoded = decode_latex(bare) if re.search(r"[\\{$]", bare) else bare
    for form in dict.fromkeys((bare, unquote(bare), bare.replace("{", "").replace("}", ""), decoded)):
        yield form
        if not form.isascii():
            yield unicodedata.normalize("NFC", form)
            yield unicodedata.normalize("NFD", form)


def _places(path: str, roots: tuple[Path, ...]) -> Iterator[Path]:
    """Where the file may be, likeliest first."""
    of_windows = _DRIVE.match(path)
    if not of_windows:
        yield from (root / path for root in roots)
        yield Path("/") / path  # Mendeley leaves the first slash out
    rest = path[of_windows.end() :] if of_windows else path
    parts = [part for part in re.split(r"[\\/]+", rest) if part not in ("", ".", "..")]
    for start in range(max(len(parts) - _TAIL, 0), len(parts)):
        yield from (root.joinpath(*parts[start:]) for root in roots)


def _is_within(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False


def is_pdf(path: Path) -> bool:
    """Whether it is a regular file that begins as a PDF does; a pipe is not waited for."""
    try:
        with open_file(path) as file:
            return b"%PDF-" in file.read(1024)
    except (FileUnreadable, OSError):
        return False
