"""The sentences of a paper that a note may quote: found in its chunks, cleared of debris, each with its scores."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kb.ids import plain_words
from kb.notes import roles
from kb.notes.roles import HEADS, Part, SentenceScores
from kb.protocols import Vectors
from kb.records import Chunk
from kb.structure import APPENDIX, CITATION, INTRODUCTION, bare_title, is_abstract
from kb.text import CJK, CLOSERS, FULL_STOPS, is_order, sentence_spans

Kind = Literal["abstract", "introduction", "conclusion", "body"]

# Headings under which a paper speaks of something else than its subject, and those under which it sums up.
_ASIDE = re.compile(
    r"^acknowledg|^references|bibliography|^ethic|broader impact|impact statement|^funding|author contribution"
    r"|^conflicts?\b|^competing|checklist|(?:data|code) availability|^licen[cs]e|^notation|^contents$",
    re.IGNORECASE,
)
_SUMMING = re.compile(r"^(?:conclu|discussion|summary|closing|final remarks)|\bconclusions?$", re.IGNORECASE)
_BEGINNING, _END = 0.15, 0.1  # shares of a text without headings
_MIN_WORDS, _MAX_WORDS, _MAX_CHARACTERS = 5, 75, 600
_OPENING = re.compile(rf"[A-Z0-9\"“‘'(\[$\\\u00c0-\u00de\u0391-\u03a9]|[a-z]+[A-Z0-9]|[a-z]-[A-Z]|[{CJK}]")
_CLOSING = re.compile(rf"[{FULL_STOPS}][{CLOSERS}]*$")
_MATHS = re.compile(r"\$[^$]*\$")
_URL = re.compile(r"https?://\S+|www\.\S+")
_CITATION = re.compile(rf"{CITATION}|BIBREF\d+")
_CJK = re.compile(f"[{CJK}]")
# A bold word or two that a paragraph opens with, run into its first sentence: "Sample efficiency We explore …",
# "Vocab: Following Beltagy et al., …", "Introduction Accurate identification …".
_RUN_IN = re.compile(
    r"^[A-Z][\w-]*(?:[ \n][\w-]+){0,4}?[.:]?\s+(?=(?:We|During|In|To|The|Our|For|As|This|These|When|Since|Given|It"
    r"|Following|Although|While|Despite|Because|If)"
    r"\s[a-z0-9])"
    r"|^[A-Z][\w-]*(?:[ \n][\w-]+){0,4}?:\s+(?=(?:Following|Although|Since|In|To|For)\s)"
    r"|^(?:Abstract|Introduction)\s+(?=[A-Z])"
    r"|^(?:Conclusions?|Results?|Discussion|Evaluation|Methods?)\s+(?=(?:Comparing|Despite|Tables?|Figures?)\s)"
)
_BOILERPLATE = re.compile(
    r"©|\ball rights reserved\b|\bpermission to make\b|\bcopyright\b|\bpreprint\b|\bunder review\b"
    r"|\bhas been withdrawn\b"
    r"|[\w.}+-]+@[a-zA-Z][\w-]*\.\w|arXiv:\d"
    r"|\bequal contribution\b|\bcorresponding author\b|\bproceedings of\b|\bin proc\b|\bdoi:|\bisbn\b"
    r"|\blicensed under\b"
    r"|\baccepted (?:at|to|by|for)\b|\(cid:\d|[\ue000-\uf8ff\ufffd]"
    r"|\[\w+\s?=\s?\w+\]|\b(?:INLINE|DISPLAY)FORM\d|^\d{1,2}, (?:19|20)\d\d\b",
    re.IGNORECASE,
)
_LONE_WORDS = frozenset({"a", "A", "I", "–", "—", "-", "&"})
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSentence:
    """A sentence that may be quoted: ``chunk.text[start:end]``, what it does and where it stands.

    ``start`` is behind a heading run into the sentence and behind an opener that only ties it to the one before.
    ``place`` counts sentences of the paper in reading order; ``vector`` (d,) is the encoder's; ``points``: it names a
    figure, a table or a section.
    """

    chunk: Chunk
    start: int
    end: int
    place: int
    kind: Kind
    scores: SentenceScores
    vector: NDArray[np.float32]

    @property
    def text(self) -> str:
        """As a note shows it."""
        return as_shown(self.chunk.text[self.start : self.end])

    @property
    def points(self) -> bool:
        """Whether it points to a part of the paper that stands elsewhere: "Table 2", "§3"."""
        return roles.POINTS.search(self.text) is not None


def as_shown(quote: str) -> str:
    """A quotation as a sentence: on one line, a common word at its beginning with a capital letter."""
    text = " ".join(quote.split())
    return text[:1].upper() + text[1:] if re.match(r"[a-z]+(?![^\W_]|[\\$_^]|[.-][A-Z\d])", text) else text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A sentence before it is judged: its span, the paper's places, what its words say."""

    chunk: Chunk
    start: int
    end: int
    opener: int
    place: int
    kind: Kind
    raw: NDArray[np.float32]  # of ``roles.by_words``

    @property
    def text(self) -> str:
        return " ".join(self.chunk.text[self.start : self.end].split())


def judged_sentences(
    chunks: Sequence[Chunk], *, title: str, encode: Callable[[Sequence[str]], Vectors], most: int
) -> list[NoteSentence]:
    """Sentences of the abstract and the prose that may be quoted, in reading order, each text once.

    Captions and tables are left out, and so are acknowledgements, appendices and the like.

    Args:
        chunks: of the paper.
        title: of the paper.
        encode: gives (n, d) vectors of texts; called once.
        most: sentences that are judged by meaning too; the others, which tell least by their words, are left out.
    """
    short = _shortlist(_quotable(_prose(chunks)), most=most)
    if not short:
        return []
    meant, vectors = roles.by_meaning([one.text for one in short], title=title, encode=encode)
    in_abstract = [one.kind == "abstract" for one in short]
    scores = roles.scores(np.stack([one.raw for one in short]) + meant, in_abstract=in_abstract)
    told = [
        NoteSentence(
            chunk=one.chunk, start=one.start + one.opener, end=one.end, place=one.place, kind=one.kind, scores=score,
            vector=vector,
        )
        for one, score, vector in zip(short, scores, vectors, strict=True)
    ]  # fmt: skip
    return [one for one in told if one.kind == "abstract" or not roles.is_likely(one.scores, "none")]


def _prose(chunks: Sequence[Chunk]) -> list[_Found]:
    """All sentences of the prose, scored by their words among their neighbours."""
    prose = [chunk for chunk in chunks if chunk.kind in ("abstract", "text")]
    prose.sort(key=lambda chunk: (chunk.kind != "abstract", chunk.ordinal))
    has_abstract = any(chunk.kind == "abstract" for chunk in prose)
    length = sum(len(chunk.text) for chunk in prose if chunk.kind == "text")
    is_headed = any(chunk.section for chunk in prose if chunk.kind == "text")
    found: list[_Found] = []
    place, read, ended = 0, 0, False
    for (chunk_kind, section), group in groupby(prose, key=lambda chunk: (chunk.kind, chunk.section)):
        spans = [
            (chunk, _after_run_in(chunk.text, start, end), end)
            for chunk in group
            for start, end in sentence_spans(chunk.text)
        ]
        lengths = [end - start for _, start, end in spans]
        shares = [(read + sum(lengths[:at])) / max(1, length) for at in range(len(spans))]
        read += sum(lengths) if chunk_kind == "text" else 0
        kinds = _kinds(section, shares, is_headed=is_headed)
        if chunk_kind == "abstract":
            kinds = ["abstract"] * len(spans)
        ended = ended or "conclusion" in kinds
        if _is_aside(section, ended=ended and is_headed, has_abstract=has_abstract and chunk_kind == "text"):
            place += len(spans)
            continue
        texts = [" ".join(chunk.text[start:end].split()) for chunk, start, end in spans]
        openers = [roles.opener_length(text) for text in texts]
        raw = roles.by_words(texts, openers=openers, shares=None if chunk_kind == "abstract" else shares)
        for (chunk, start, end), kind, row in zip(spans, kinds, raw, strict=True):
            place += 1
            opener = roles.opener_length(chunk.text[start:end])
            found.append(_Found(chunk=chunk, start=start, end=end, opener=opener, place=place, kind=kind, raw=row))
    return found


def _kinds(section: Sequence[str], shares: Sequence[float], *, is_headed: bool) -> list[Kind]:
    """What part of the paper sentences of a section stand in; without headings its ends introduce and conclude."""
    bare = [bare_title(heading).strip(" .:#*\t") for heading in section]
    if any(map(_SUMMING.search, bare)):
        return ["conclusion"] * len(shares)
    if any(map(INTRODUCTION.match, bare)) or (is_headed and not section):
        return ["introduction"] * len(shares)
    if is_headed:
        return ["body"] * len(shares)
    return [
        "introduction" if share <= _BEGINNING else "conclusion" if share >= 1 - _END else "body" for share in shares
    ]


def _is_aside(section: Sequence[str], *, ended: bool, has_abstract: bool) -> bool:
    """Whether a section speaks of something else; text under the abstract's heading beside it is a page's foot."""
    bare = [bare_title(heading).strip(" .:#*\t") for heading in section]
    return (
        any(map(_ASIDE.search, bare))
        or bool(ended and section and APPENDIX.match(section[0]))
        or (has_abstract and any(map(is_abstract, bare)))
    )


def _quotable(found: Sequence[_Found]) -> list[_Found]:
    """Those that are whole sentences of prose and no orders to a machine; a text that stands twice only once.

    A sentence that runs through a display equation is none: in one line its signs say something else, or nothing.
    """
    kept, seen = [], set[str]()
    for one in found:
        text, in_abstract = one.text, one.kind == "abstract"
        key = plain_words(text)
        if key in seen or not stands_alone(text, in_abstract=in_abstract) or is_order(text) or _has_display(one):
            continue
        seen.add(key)
        if in_abstract or not text.endswith("?"):
            kept.append(one)
    return kept


def _has_display(one: _Found) -> bool:
    return any(shown.start < one.end and one.start < shown.end for shown in one.chunk.equations)


_SOUGHT: tuple[Part, ...] = (
    "background", "problem", "objective", "method", "result", "significance", "innovation", "workload",
)  # fmt: skip


def _shortlist(found: Sequence[_Found], *, most: int) -> list[_Found]:
    """At most ``most`` sentences: the abstract's, then in turn the best by their words for each that is sought."""
    chosen = [at for at, one in enumerate(found) if one.kind == "abstract"][:most]
    if len(found) <= most:
        return list(found)
    columns = [HEADS.index("worth"), *(HEADS.index(part) for part in _SOUGHT)]
    ranked = [sorted(range(len(found)), key=lambda at: (-found[at].raw[column], at)) for column in columns]
    taken = dict.fromkeys(chosen)
    for at in (at for row in zip(*ranked, strict=True) for at in row):
        if len(taken) >= most:
            break
        taken.setdefault(at)
    return [found[at] for at in sorted(taken)]


def _after_run_in(text: str, start: int, end: int) -> int:
    match = _RUN_IN.match(text[start:end])
    return start + match.end() if match else start


def stands_alone(text: str, *, in_abstract: bool = False) -> bool:
    """Whether a text is one whole sentence of prose: no fragment, heading, equation, citation list or boilerplate.

    In an abstract a missing full stop at the end is forgiven (records often lack it).
    """
    bare = _CITATION.sub(" ", _URL.sub(" ", _MATHS.sub(" x ", text)))
    words = bare.split()
    if _CJK.search(text):
        return 8 <= len(text) <= _MAX_CHARACTERS and bool(_CLOSING.search(text) or in_abstract)
    least = _MIN_WORDS - 2 if in_abstract and _URL.search(text) else _MIN_WORDS  # "Code available at https://…"
    if not least <= len(words) <= _MAX_WORDS or len(text) > _MAX_CHARACTERS:
        return False
    if not _OPENING.match(text) or not (_CLOSING.search(text) or in_abstract):
        return False
    if _BOILERPLATE.search(text):
        return False
    if bare.count(":") > 2:  # a form or an example run into prose
        return False
    return _is_balanced(text) and not _is_formula(bare, words)


def _is_balanced(text: str) -> bool:
    if text.count("$") % 2:
        return False
    open_marks: list[str] = []
    for mark in _MATHS.sub("", text):
        if mark in "([{":
            open_marks.append(mark)
        elif mark in _PAIRS and (not open_marks or open_marks.pop() != _PAIRS[mark]):
            return bool(re.match(r"^\W*(?:\(?[a-z0-9]{1,3}\))", text)) and not open_marks  # "(1) First, …" or "1) …"
    return not open_marks


def _is_formula(bare: str, words: Sequence[str]) -> bool:
    letters = sum(ch.isalpha() for ch in bare)
    if letters < 0.6 * sum(not ch.isspace() for ch in bare):
        return True
    single = sum(1 for word in words if len(word.strip(".,;:()")) <= 1 and word not in _LONE_WORDS)
    if single > max(2, 0.15 * len(words)):
        return True
    capitals = sum(1 for word in words if word[:1].isupper())
    return len(words) > 6 and capitals > 0.7 * len(words)  # a heading, a table row, a list of names
