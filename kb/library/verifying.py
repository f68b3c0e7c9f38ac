"""``kb verify``: the data of a page found, the page made again and compared, and the data held against the catalog."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kb import wire
from kb.errors import BadIdentifier, BadRecord, HomeUnwritable, IndexDamaged, KbError, UnknownPaper, UsageError
from kb.home import below
from kb.ids import find_arxiv_ids
from kb.input_files import read_file
from kb.library.made import MadeData
from kb.records import Box, Chunk, Digest, Fault, Figure, Note, Paper, Reason, Topic, Unchecked, Verification, Version
from kb.rendering import render_digest, render_note
from kb.rendering.entries import PageSettings, paper_address
from kb.rendering.stamps import PageStamp, has_damaged_stamp, hash_of, is_stamp, read_stamp
from kb.verifying.copies import altered, unknown_fields
from kb.verifying.digests import because, changed_since, check_data
from kb.verifying.old_pages import check_old_page, read_old_page
from kb.verifying.pages import compare, page_lines

if TYPE_CHECKING:
    from kb.index.catalog import Catalog
    from kb.library.corpus import LibraryCorpus
    from kb.library.parts import Store

ReadFigure = Callable[[str], bytes]
PlaceOf = Callable[[Digest, str], PageSettings]
"""The settings that this library would make a digest's page with, in a form."""
_CHECKED = (".json", ".md", ".markdown", ".html", ".htm", ".xml", ".bib", ".eml")
_LONGEST_TEXT = 1_000_000
_MOST_ALIKE = 0.5
_MOST_BESIDE = 50  # files of data beside a page that are looked at
_FORMS = {".bib": ("bibtex",), ".eml": ("mail",), ".xml": ("rss",), ".html": ("html",), ".htm": ("html",)}
# What only pages of ours have: the places that the marks of an entry lead to, the tag of notes of a day.
_OURS = re.compile(r"""[#"][\w-]+-[ae]\d+["']|papers/daily""")


class LibrarySources:
    """The library as ``kb.verifying`` asks it."""

    def __init__(self, catalog: Catalog, corpus: LibraryCorpus, *, read_figure: ReadFigure) -> None:
        self._catalog, self._corpus, self._read_figure = catalog, corpus, read_figure

    def paper(self, name: str) -> Paper | None:
        """The paper of an id."""
        with suppress(UnknownPaper, BadIdentifier):
            return self._catalog.papers.get(self._catalog.papers.resolve(name))
        return None

    def titled(self, title: str) -> list[Paper]:
        """The papers whose titles are most like this one; none without a usable index."""
        with suppress(IndexDamaged):
            if title.strip():
                return [hit.paper for hit in self._corpus.find(title[:300], k=3, mode="lexical", by="paper")]
        return []

    def versions(self, paper_id: str) -> list[Version]:
        """The versions that were seen."""
        return self._catalog.papers.versions(paper_id) if self.paper(paper_id) else []

    def chunks(self, paper_id: str) -> list[Chunk]:
        """The stored text."""
        return self._catalog.passages.chunks(paper_id) if self.paper(paper_id) else []

    def place_of(self, chunk: Chunk, start: int, end: int) -> tuple[int | None, tuple[Box, ...]]:
        """Page and boxes of a part of a chunk."""
        return self._catalog.passages.locate(chunk.id, [(start, end)])[0]

    def figures(self, paper_id: str) -> Mapping[str, Figure] | None:
        """The figures that were cut from the stored PDF; None where none were asked for yet."""
        source = self._catalog.passages.source(paper_id) if self.paper(paper_id) else None
        known = self._catalog.ledger.figures(source.sha256) if source is not None else None
        return None if known is None else {figure.file: figure for figure in known}

    def has_file(self, key: str) -> bool:
        """Whether a picture is in the home or beside the page."""
        with suppress(KbError):
            return bool(self._read_figure(key))
        return False

    def address(self, paper: Paper) -> str | None:
        """Where pages say that a paper stands."""
        return paper_address(paper)

    def topic(self, name: str) -> Topic | None:
        """The topic of that name."""
        return next((topic for topic in self._catalog.ledger.topics() if topic.name == name), None)

    def reasons(self, topic: Topic, paper: Paper) -> Sequence[Reason]:
        """Why a topic has a paper."""
        from kb.writing.topics import judge

        return judge(topic, paper).reasons

    def changes(self, old: Version, new: Paper) -> Sequence[Reason]:
        """What is new in a record since a version."""
        from kb.writing.changes import describe_changes

        return tuple(describe_changes(old, new))


def verify_file(path: Path, store: Store, *, read_figure: ReadFigure, place_of: PlaceOf) -> Verification:
    """What is wrong with a page or its data, what has changed since, and what cannot be checked.

    Args:
        path: a ``digest.json`` or a note's data, a page of any form that kb writes, or one of the old kind.
        store: the library.
        read_figure: the bytes of a picture by its key, from the home or from beside the page.
        place_of: the settings of pages whose stamp is damaged.

    Raises:
        BadRecord: when it is no page, or its data are not there.
        FileUnreadable: when it cannot be read.
        UsageError: for a kind of file that cannot be checked.
    """
    if path.suffix.lower() not in _CHECKED:
        raise UsageError(f"{path.name} cannot be checked: give a file of one of these kinds: {' '.join(_CHECKED)}")
    sources = LibrarySources(store.catalog(), store.corpus(), read_figure=read_figure)
    data = MadeData(store.home)
    page = read_file(path)
    if path.suffix.lower() == ".json":
        return _verify_data(path.name, page, data, sources)
    text = page.decode("utf-8", "replace")
    stamp = read_stamp(text)
    made = _data_of(path, text, stamp, data, place_of)
    if made is None:
        return _verify_old(path, text, sources)
    rendered = _Rendered(path, page, made, read_figure)
    checked = _merged(rendered.verify(), _verify_made(made.data, made.raw, data, sources))
    return replace(checked, checked=checked.checked + len(rendered.lines))


def _verify_old(path: Path, text: str, sources: LibrarySources) -> Verification:
    """A page without a stamp: one of the old kind, or of ours from before there were stamps."""
    is_text = path.suffix.lower() in (".md", ".markdown", ".html", ".htm")
    if not is_text or _OURS.search(text):
        message = f"{path.name} has no stamp: it is no page of kb's, or an earlier version made it"
        raise BadRecord(f"{message}: kb render digest.json makes its pages again")
    page = read_old_page(text)
    if not any(entry.authors or entry.links for entry in page.entries):
        raise BadRecord(f"{path.name} is no daily page: give a digest.json or a page that kb digest wrote")
    return check_old_page(page, sources)


# --------------------------------------------------------------------------------------------------- data


def _tree(data: bytes) -> Any:
    """Data as JSON has them; None for what is no JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _hash(tree: Any) -> str:
    """The hash of data whatever the white space between them."""
    text = wire.escaped_json(json.dumps(tree, ensure_ascii=False, indent=2)) + "\n"
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _record(data: bytes) -> Digest | Note:
    """Data as a record.

    Raises:
        BadRecord: when they are none.
    """
    tree = _tree(data)
    is_note = isinstance(tree, dict) and "paper" in tree and "entries" not in tree
    return wire.from_json(data, Note) if is_note else wire.from_json(data, Digest)


def _verify_data(name: str, raw: bytes, kept: MadeData, sources: LibrarySources) -> Verification:
    try:
        return _verify_made(_record(raw), raw, kept, sources)
    except BadRecord as err:
        raise BadRecord(f"{name} is {err}") from err


def _verify_made(made: Digest | Note, raw: bytes, kept: MadeData, sources: LibrarySources) -> Verification:
    """Data that were made here were true then; an altered copy of some is told from them; others are looked up."""
    tree = _tree(raw)
    values = _count(tree)
    if kept.get(_hash(tree)) is not None:
        return Verification(remarks=changed_since(made, sources), checked=values)
    faults = altered(tree, made, map(_tree, kept.like(made)))
    if faults is not None:
        return Verification(faults=tuple(faults), checked=values)
    found = check_data(made, sources)
    strange = unknown_fields(tree, made)
    return replace(found, unchecked=(*found.unchecked, *strange), checked=max(found.checked, values))


def _count(tree: Any) -> int:
    """How many values data have."""
    if isinstance(tree, Mapping):
        return sum(map(_count, tree.values()))
    return sum(map(_count, tree)) if isinstance(tree, list) else 1


def _merged(page: Verification, data: Verification) -> Verification:
    return Verification(
        faults=(*page.faults, *data.faults),
        remarks=(*page.remarks, *data.remarks),
        unchecked=(*page.unchecked, *data.unchecked),
        checked=page.checked + data.checked,
    )


# --------------------------------------------------------------------------------------------------- pages


@dataclass(frozen=True, slots=True, kw_only=True)
class _PageData:
    """What a page was made of: the data, their bytes, and the stamp that it should have."""

    data: Digest | Note
    raw: bytes
    stamp: PageStamp


def _data_of(path: Path, text: str, stamp: PageStamp | None, kept: MadeData, place_of: PlaceOf) -> _PageData | None:
    """The data that a page was made of, by its stamp; where that is damaged, those whose page is most like it.

    Raises:
        BadRecord: when a stamp names data that are not there.
    """
    if stamp is not None:
        raw = next((one for one in _beside(path) if _hash(_tree(one)) == stamp.data), None) or kept.get(stamp.data)
        if raw is None:
            message = (
                f"the data that {path.name} was made of are not here: put its digest.json (or a note's data) beside it"
            )
            raise BadRecord(message)
        return _PageData(data=_record(raw), raw=raw, stamp=stamp)
    if not has_damaged_stamp(text):
        return None
    found = max(_alike(path, text, kept, place_of), key=lambda one: one[0], default=None)
    return found[1] if found is not None and found[0] > _MOST_ALIKE else None


def _alike(path: Path, text: str, kept: MadeData, place_of: PlaceOf) -> Iterator[tuple[float, _PageData]]:
    """Data that a page without a whole stamp may be of, each with the share of its page's lines that this one has."""
    days = Counter(re.findall(r"\d{4}-\d\d-\d\d", text)).most_common(2)
    papers = Counter(f"arxiv:{key}" for key, _ in find_arxiv_ids(text[:_LONGEST_TEXT])).most_common(1)
    likely = kept.of(
        days=[day for day, _ in days], papers=[paper for paper, _ in papers], feeds=path.suffix.lower() == ".xml"
    )
    lines = set(page_lines(path.suffix.lower(), text.encode()))
    for raw in (*_beside(path), *likely):
        with suppress(KbError):
            made = _record(raw)
            for form in _FORMS.get(path.suffix.lower(), ("hexo", "md", "obsidian")):
                if isinstance(made, Digest) or form in ("html", "md"):
                    stamp = _stamp_for(made, form, place_of)
                    yield _share(path.suffix.lower(), lines, made, stamp), _PageData(data=made, raw=raw, stamp=stamp)


def _stamp_for(made: Digest | Note, form: str, place_of: PlaceOf) -> PageStamp:
    kind: Literal["digest", "note"] = "digest" if isinstance(made, Digest) else "note"
    place = place_of(made, form) if isinstance(made, Digest) else PageSettings()
    return PageStamp(made=kind, form=form, data=hash_of(made), settings=place)


def _share(suffix: str, lines: Collection[str], made: Digest | Note, stamp: PageStamp) -> float:
    """The share of the lines with words of the page that data make which are among these."""
    pages = _render(made, stamp.form, lambda key: b"", stamp.settings)
    again = [[line for line in page_lines(name, page) if line.strip()] for name, page in pages if name.endswith(suffix)]
    return max((sum(line in lines for line in one) / max(1, len(one)) for one in again), default=0.0)


def _beside(path: Path) -> Iterator[bytes]:
    """The data that lie beside a page."""
    found = sorted(path.parent.glob("*.json"), key=lambda one: (one.name != "digest.json", one.name))
    for one in found[:_MOST_BESIDE]:
        with suppress(KbError):
            yield read_file(one)


def _render(made: Digest | Note, form: str, read_figure: ReadFigure, place: PageSettings) -> list[tuple[str, bytes]]:
    if isinstance(made, Note):
        return render_note(made, form, read_file=read_figure, settings=place)
    return render_digest(made, form, read_file=read_figure, settings=place)


class _Rendered:
    """A page beside the same page made again."""

    def __init__(self, path: Path, page: bytes, made: _PageData, read_figure: ReadFigure) -> None:
        self._path, self._made, self._read_figure = path, made, read_figure
        self._absent: dict[str, bytes] = {}
        suffix = path.suffix.lower()
        found = page_lines(suffix, page)
        again = _render(made.data, made.stamp.form, self._figure, made.stamp.settings)
        pages = [(name, page_lines(name, data)) for name, data in again if name.endswith(suffix)]
        _, self._true = max(pages, key=lambda one: len(set(one[1]) & set(found)), default=("", []))
        self._beside = [(name, data) for name, data in again if name.endswith(".png")]
        self.lines = found

    def verify(self) -> Verification:
        """What differs on the page, and the pictures beside it."""
        # A stamp that is whole has been read: it may name its settings in another order than is written today.
        is_whole = read_stamp("\n".join(self.lines)) is not None
        found, true = (
            [line for line in lines if not (is_whole and is_stamp(line))] for lines in (self.lines, self._true)
        )
        unreadable = [base64.b64encode(data).decode() for data in self._absent.values()]
        stamps = {line: "stamp" for line in true if is_stamp(line)}
        faults = compare(found, true, made=self._made.data, ignored=unreadable, called=stamps)
        unchecked = [
            Unchecked(entry="page", field="figures", found=key, why=because("picture-not-here"), where="figures")
            for key in self._absent
        ]
        return Verification(faults=(*faults, *self._pictures()), unchecked=tuple(unchecked))

    def _pictures(self) -> Iterator[Fault]:
        """The pictures that stand beside the page are those of the papers."""
        for name, data in self._beside:
            key = name.rpartition("/")[2]
            try:
                there = below(self._path.parent, self._path.parent / name).read_bytes()
            except (HomeUnwritable, OSError):
                yield Fault(entry="page", field="figures", found="", expected="a file beside the page", where=name)
                continue
            if key not in self._absent and there != data:
                yield Fault(entry="page", field="figures", found="another picture", expected=key, where=name)

    def _figure(self, key: str) -> bytes:
        try:
            return self._read_figure(key)
        except KbError:
            return self._absent.setdefault(key, key.encode())
