"""Links to code and projects that a paper calls its own: those of others stand in papers too.

An address is the paper's own in its front matter or abstract, or where the sentence announces something: a linear model
over its words says how much it sounds like the sentences of abstracts that hold an address (``data/announcing.npz``,
made by ``tests/benchmarks/links_train.py``). A footnote speaks with the sentence that its mark stands in. Beside that
count names (what the title names is the paper's own) and citations (what is cited beside its address is others').
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from kb.ids import plain_words
from kb.links import HOSTS, host_kind, link_kind, names_a_thing, same_address, without_punctuation
from kb.parsing.page import LinkArea
from kb.records import Block, Link, SourceName
from kb.structure import CITATION, is_abstract
from kb.text import sentence_spans

TABLE = Path(__file__).parent / "data" / "announcing.npz"
BUCKETS = 1 << 14
PLACE_OF_NOTE = "\ufffc"
"""Stands in a sentence where the mark of a note with the address does."""
_ADDRESS = re.compile(rf"(?:https?://)?(?:www\.)?(?P<host>{HOSTS})(?P<path>(?:/[\w.\-~%+@]+){{0,5}})/?", re.IGNORECASE)
_ANY_ADDRESS = re.compile(r"https?://[\w.-]+\.[a-z]{2,}(?:/[\w.\-~%+@]*)*", re.IGNORECASE)
_LED_TO = re.compile(rf"(?:\b[a-z]{{1,4}}\b[\s(]{{0,3}})?(?:(?:https?://|www\.)\S+|{_ADDRESS.pattern})", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]{2}")
_BEFORE = 8  # words before an address
_WORD = re.compile(rf"[^\W\d_]+|[:.{PLACE_OF_NOTE}]")
_LEAST_NAME = 4  # letters of a name that a title names
_LEAST_INITIALS = 3
_THIRD_PERSON = re.compile(r"\b(?:the(?:ir)?|its|his|her)\s+(?:\w+\s+)?authors?\b|\b(?:their|his|her)\b", re.IGNORECASE)
# What is added to the model's log-odds; it has seen no sentence that announces what others made.
_NAMED_IN_TITLE = 4.0
_CITED = -2.0
_OURS, _OTHERS = 2.0, -6.0
_LEAST_SCORE = 0.0


class PrintedAddress(NamedTuple):
    """An address in a paper: where it stands, the sentences around it (of a note also that of its mark), and whether
    one is the title block's or the abstract's."""

    url: str
    page: int
    sentences: tuple[str, ...]
    is_opening: bool


class _Noted(NamedTuple):
    """The sentence that the mark of a note stands in."""

    sentence: str = ""
    is_opening: bool = False


_NO_NOTE = _Noted()


def read_links(
    blocks: Sequence[Block], areas: Sequence[LinkArea], *, title: str | None = None,
    raised: Iterable[tuple[int, str]] = (),
) -> tuple[Link, ...]:  # fmt: skip
    """Code and project links that the paper calls its own, with their page.

    Args:
        blocks: the text.
        areas: link annotations, which hold the whole address however it is broken.
        title: the paper's.
        raised: the marks of notes, each with its place in the text: a note is of the sentence that its mark stands in.
    """
    found: dict[str, Link] = {}
    areas = [area for area in areas if _ADDRESS.match(area.url)]
    marked = _marked_sentences(blocks, raised)
    for block in blocks:
        if block.kind in ("reference", "table", "code") or block.page is None:
            continue
        for mention in mentions(block, areas, noted=marked.get(block.start, _NO_NOTE)):
            address = _canonical(mention.url)
            kind = host_kind(address) if address else None
            if address and kind and is_own(mention, title=title):
                found.setdefault(same_address(address), Link(kind=kind, url=address, page=mention.page, source="pdf"))
        for link in _announced(block):
            found.setdefault(same_address(link.url), link)
    return tuple(found.values())


def is_own(mention: PrintedAddress, *, title: str | None) -> bool:
    """Whether a mention calls what the address leads to the paper's own."""
    if mention.is_opening:
        return True
    scores = [announces(said) + _CITED * bool(re.search(CITATION, said)) for said in mention.sentences]
    return max(scores, default=_LEAST_SCORE) + _NAMED_IN_TITLE * _is_named(mention.url, title or "") > _LEAST_SCORE


def announces(sentence: str) -> float:
    """How likely a sentence announces what its authors made, as log-odds: by the words before its first address, or
    ``PLACE_OF_NOTE``, else by its last ones, and by the person that it speaks in."""
    weights, scale, intercept = _weights()
    words = words_before(sentence)
    places = features(words)
    share = scale / max(1.0, len(places) ** 0.5)
    score: float = intercept + share * sum(weights[place] for place in places)
    score += _OURS if "our" in words else 0.0
    return score + (_OTHERS if _THIRD_PERSON.search(sentence) else 0.0)


def words_before(sentence: str) -> list[str]:
    """The words before the first address of a sentence, without the short one that leads to it ("at", "from"): that
    says that an address comes, not whose."""
    words = _WORD.findall(_LED_TO.sub(f" {PLACE_OF_NOTE} ", sentence).casefold())
    at = words.index(PLACE_OF_NOTE) if PLACE_OF_NOTE in words else len(words)
    return words[max(0, at - _BEFORE) : at]


def features(words: Sequence[str]) -> list[int]:
    """The words and each two that follow each other, hashed."""
    pairs = [f"{one} {two}" for one, two in pairwise(words)]
    return sorted({zlib.crc32(form.encode()) % BUCKETS for form in [*words, *pairs]})


@cache
def _weights() -> tuple[list[int], float, float]:
    import numpy as np

    with np.load(TABLE) as stored:
        return stored["weights"].tolist(), float(stored["scale"]), float(stored["intercept"])


def _is_named(url: str, title: str) -> bool:
    """Whether the title names the thing as its address does, whatever signs and blanks part it, or by its initials."""
    words = plain_words(title).split()
    squeezed, initials = "".join(words), "".join(word[0] for word in words)
    match = _ADDRESS.match(url)
    parts = [part for part in (match["path"] if match else "").split("/") if part][-1:]
    parts += [match["host"].split(".")[0]] if match and host_kind(url) == "project" else []
    names = [plain_words(part.removesuffix(".git")).replace(" ", "") for part in parts]
    named = any(len(name) >= _LEAST_NAME and name in squeezed for name in names)
    return named or any(len(name) >= _LEAST_INITIALS and name in initials for name in names)


# -------------------------------------------------------------------------------------------- mentions


def mentions(block: Block, areas: Sequence[LinkArea], *, noted: _Noted = _NO_NOTE) -> list[PrintedAddress]:
    """The addresses of a block, from annotations over its lines, else from its text.

    ``noted`` is what it is a note of.
    """
    found: list[PrintedAddress] = []

    def mention(url: str, page: int, start: int, end: int) -> PrintedAddress:
        own = [block.text[a:b] for a, b in sentence_spans(block.text) if a < end and start < b]
        said = tuple(one for one in [noted.sentence, *own] if _LETTERS.search("".join(words_before(one))))
        return PrintedAddress(url, page, said, noted.is_opening or is_opening(block, page))

    for area in areas:
        for line in block.lines:
            over = line.page == area.page and area.x0 < line.x1 and area.x1 > line.x0
            if over and min(line.y1, area.y1) - max(line.y0, area.y0) > 0.5 * (line.y1 - line.y0):
                at = [start for start, x0, x1 in line.words if x0 < area.x1 and x1 > area.x0 + 1]
                start = min(at, default=line.start)
                found.append(mention(area.url, area.page, start, max(at, default=line.end - 1) + 1))
                break
    if found:
        return found
    matches = _ADDRESS.finditer(block.text) if "/" in block.text or "." in block.text else ()
    return [mention(match[0], _page_at(block, match.start()), match.start(), match.end()) for match in matches]


def _marked_sentences(blocks: Sequence[Block], raised: Iterable[tuple[int, str]]) -> Mapping[int, _Noted]:
    """The sentence that the mark of each note stands in, by the start of the note's block."""
    places = sorted(raised)
    found: dict[int, _Noted] = {}
    for note in blocks:
        if note.kind != "footnote" or not note.label:
            continue
        for place, sign in reversed(places):
            owner = next((b for b in blocks if sign == note.label and b.start <= place <= b.end), None)
            if owner is not None and any(line.page == note.page for line in owner.lines):
                at = place - owner.start
                spans = [(a, b) for a, b in sentence_spans(owner.text) if a < max(at, 1) <= b + 1]
                start, end = spans[0] if spans else (at, at)
                sentence = f"{owner.text[start:at]} {PLACE_OF_NOTE} {owner.text[at:end]}"
                found[note.start] = _Noted(sentence, is_opening(owner, note.page or 9))
                break
    return found


def is_opening(block: Block, page: int) -> bool:
    """Whether the block stands in the front matter or in the abstract."""
    abstract = bool(block.section) and is_abstract(block.section[-1])
    return block.kind == "front" or (abstract and page <= 2)


def _announced(block: Block) -> list[Link]:
    """Addresses on any host that the front matter or the abstract calls the project, the demo or the code."""
    if not is_opening(block, block.page or 9):
        return []
    found = []
    for match in _ANY_ADDRESS.finditer(block.text):
        address = without_punctuation(match[0])
        kind = link_kind(address, block.text[: match.start()]) if host_kind(address) is None else None
        if kind is not None:
            found.append(Link(kind=kind, url=address, page=_page_at(block, match.start()), source="pdf"))
    return found


def _page_at(block: Block, at: int) -> int:
    pages = [line.page for line in block.lines if line.start <= at]
    return pages[-1] if pages else block.page or 1


def _canonical(url: str) -> str | None:
    match = _ADDRESS.match(url)
    if match is None or not names_a_thing(match[0]):
        return None  # a person or an organisation, not a thing
    path = match["path"].rstrip("./").removesuffix(".git")
    return f"https://{match['host'].lower()}{path}"


# ----------------------------------------------------------------------------------------------- texts without pages


def announced_links(passages: Iterable[tuple[str, Sequence[str]]], *, source: SourceName) -> tuple[Link, ...]:
    """Links to code and projects among the addresses of passages, each its text and where it leads to, that announce
    something."""
    return links_of((url for text, urls in passages if urls and _is_announcing(text) for url in urls), source=source)


def links_of(addresses: Iterable[str], *, source: SourceName) -> tuple[Link, ...]:
    """Those of the addresses that lead to code or a project, punctuation after them cut, each once."""
    found: dict[str, Link] = {}
    for address in map(without_punctuation, addresses):
        kind = host_kind(address) if names_a_thing(address) else None
        if kind is not None:
            found.setdefault(same_address(address), Link(kind=kind, url=address, source=source))
    return tuple(found.values())


def _is_announcing(text: str) -> bool:
    """Whether a sentence announces something: one with an address in it, where there is one."""
    sentences = [text[a:b] for a, b in sentence_spans(text)]
    return any(announces(one) > 0 for one in [one for one in sentences if "//" in one] or sentences)
