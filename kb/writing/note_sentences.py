"""The sentences of a paper that a note may quote: found in its chunks, cleared of debris, with role and cues."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from kb.ids import plain_words
from kb.records import Chunk
from kb.structure import APPENDIX, CITATION
from kb.text import CJK, CLOSERS, FULL_STOPS, sentence_spans
from kb.writing.cues import Cue, cues
from kb.writing.rhetoric import RoleScores, SectionKind, classify, section_kind

_WHOLE = re.compile(
    r"\b(?:in )?this (?:paper|work|article|study)\b|\bto (?:the best of )?our knowledge\b"
    r"|\bour (?:main |key |primary )?contributions?\b"
    r"|\bin (?:summary|conclusion)\b",
    re.IGNORECASE,
)
_BEGINNING, _END = 0.15, 0.1  # shares of a text without headings
_MIN_WORDS, _MAX_WORDS, _MAX_CHARACTERS = 5, 75, 600
_OPENING = re.compile(rf"[A-Z0-9\"“‘'(\[$\\\u00c0-\u00de\u0391-\u03a9]|[a-z]+[A-Z0-9]|[a-z]-[A-Z]|[{CJK}]")
_CLOSING = re.compile(rf"[{FULL_STOPS}][{CLOSERS}]*$")
_MATHS = re.compile(r"\$[^$]*\$")
_URL = re.compile(r"https?://\S+|www\.\S+")
_CITATION = re.compile(rf"{CITATION}|BIBREF\d+")
_CJK = re.compile(f"[{CJK}]")
# What nearly every sentence has and a heading, a list of names or a line of a table seldom: a form of be, have or do,
# a modal, a pronoun, or a lower-case word with the ending of a verb (plurals pass too; the full stop is asked besides).
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|do|does|did|can|could|may|might|will|would|should|must|[Ww]e|[Ii]t|[Tt]hey"
    r"|which|that|found|made|led|built|became|let|see|show|use|remain|[a-z]{2,}(?:ed|s|ize|ise|ify|ate))\b"
)
_HEADED = re.compile(
    r"^(?:\d{1,2}(?:\.\d{1,2})+\.?|\d{1,2}\.?|[A-Z]\.\d|[IVX]+\.)\s+[A-Z][\w-]*(?:\s+[A-Z][\w-]*){0,6}\s+[A-Z]"
)
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
# A label with what it stands for: a row of a list, no sentence ("Global citation count: a baseline where …").
_LABELLED = re.compile(
    r"^(?!(?:Note|Recall|Findings?|Results?|We|Our|This|It|They|In|As|To)\b)[A-Z][\w-]*"
    r"(?:(?:\s(?:\(?[A-Z][\w-]*\)?|of|and|the|for|with)){0,5}|\s[a-z-]+):\s"
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
    """A sentence that may be quoted: ``chunk.text[start:end]``, with what it is for.

    ``place`` counts sentences of the paper in reading order; ``share`` is its place within its section in [0, 1];
    ``kind`` is that of the section ("abstract" for the abstract), None where the heading does not tell.
    """

    chunk: Chunk
    start: int
    end: int
    text: str
    place: int
    share: float
    kind: SectionKind | None
    roles: RoleScores
    cues: frozenset[Cue]

    @property
    def in_abstract(self) -> bool:
        """Whether it stands in the abstract."""
        return self.kind == "abstract"


def note_sentences(chunks: Sequence[Chunk]) -> list[NoteSentence]:
    """Sentences of the abstract and the prose that are fit to stand alone, in reading order, each text once.

    Captions and tables are left out; so are asides (acknowledgements, appendices, ethics).
    """
    prose = [chunk for chunk in chunks if chunk.kind in ("abstract", "text")]
    prose.sort(key=lambda chunk: (chunk.kind != "abstract", chunk.ordinal))
    has_abstract = any(chunk.kind == "abstract" for chunk in prose)
    found: list[NoteSentence] = []
    seen: set[str] = set()
    place = 0
    kind: SectionKind | None = None
    ended = False
    is_headed = any(chunk.section for chunk in prose if chunk.kind == "text")
    for (chunk_kind, section), group in groupby(prose, key=lambda chunk: (chunk.kind, chunk.section)):
        kind = "abstract" if chunk_kind == "abstract" else _kind_after(kind, section)
        ended = ended or kind == "conclusion"
        if ended and section and APPENDIX.match(section[0]):
            kind = "aside"  # "B Proofs": an appendix
        if kind == "aside" or (kind == "abstract" and chunk_kind == "text" and has_abstract):
            continue  # text under the abstract's heading that is not the abstract: footnotes of the first page
        spans = [
            (chunk, _after_run_in(chunk.text, start, end), end)
            for chunk in group
            for start, end in sentence_spans(chunk.text)
        ]
        texts = [" ".join(chunk.text[start:end].split()) for chunk, start, end in spans]
        scores = classify(texts, section=() if kind == "abstract" else (kind or "method",))
        for index, ((chunk, start, end), text, score) in enumerate(zip(spans, texts, scores, strict=True)):
            place += 1
            key = plain_words(text)
            if key in seen or not stands_alone(text, in_abstract=kind == "abstract"):
                continue
            seen.add(key)
            sentence_cues = cues(text)
            if text.endswith("?") and kind != "abstract":
                continue
            if "instruction" not in sentence_cues and (kind == "abstract" or "roadmap" not in sentence_cues):
                share = index / max(1, len(spans) - 1)
                found.append(
                    NoteSentence(
                        chunk=chunk, start=start, end=end, text=text, place=place, share=share, kind=kind,
                        roles=score, cues=sentence_cues,
                    )
                )  # fmt: skip
    return found if is_headed else _placed(found)


def _placed(sentences: Sequence[NoteSentence]) -> list[NoteSentence]:
    """Sentences of a text without headings: its beginning introduces, its end concludes, and so do sentences between
    that speak of the paper as a whole; of the others nothing tells."""
    prose = [sentence for sentence in sentences if not sentence.in_abstract]
    placed: dict[int, NoteSentence] = {}
    for at, sentence in enumerate(prose):
        share, whole = at / len(prose), bool(_WHOLE.search(sentence.text))
        kind: SectionKind | None = None
        if share <= _BEGINNING or (whole and share < 0.5):
            kind = "introduction"
        elif share >= 1 - _END or whole:
            kind = "conclusion"
        placed[sentence.place] = replace(sentence, kind=kind, share=share)
    return [placed.get(sentence.place, sentence) for sentence in sentences]


def _after_run_in(text: str, start: int, end: int) -> int:
    match = _RUN_IN.match(text[start:end])
    return start + match.end() if match else start


def _kind_after(before: SectionKind | None, section: Sequence[str]) -> SectionKind | None:
    """The kind of a section; one whose heading tells nothing ("DistriFusion") is method until the experiments begin."""
    kind = section_kind(section)
    if kind is not None:
        return kind
    if not section:
        return "introduction" if before in (None, "abstract") else before
    return "method" if before in (None, "abstract", "introduction", "related", "method") else before


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
    if _BOILERPLATE.search(text) or _HEADED.match(text) or (_LABELLED.match(text) and not in_abstract):
        return False
    if not (_VERB.search(bare) or least < _MIN_WORDS):
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


def by_place(sentences: Iterable[NoteSentence]) -> list[NoteSentence]:
    """In the order of the paper."""
    return sorted(sentences, key=lambda sentence: sentence.place)


def shortlist(sentences: Sequence[NoteSentence], *, most: int) -> list[NoteSentence]:
    """At most ``most`` sentences worth encoding: the abstract's, then in turn the best of each kind of section."""
    chosen = [sentence for sentence in sentences if sentence.in_abstract][:most]
    queues = [
        iter(sorted(group, key=_promise, reverse=True))
        for group in _by_kind([sentence for sentence in sentences if not sentence.in_abstract])
    ]
    while queues and len(chosen) < most:
        queues = [queue for queue in queues if len(chosen) >= most or _take(queue, chosen)]
    return by_place(chosen)


def _by_kind(sentences: Sequence[NoteSentence]) -> list[list[NoteSentence]]:
    groups: dict[str, list[NoteSentence]] = {}
    for sentence in sentences:
        groups.setdefault(sentence.kind or "", []).append(sentence)
    return list(groups.values())


def _take(queue: Iterator[NoteSentence], chosen: list[NoteSentence]) -> bool:
    sentence = next(queue, None)
    if sentence is not None:
        chosen.append(sentence)
    return sentence is not None


def _promise(sentence: NoteSentence) -> tuple[float, int]:
    """A cheap guess, before anything is encoded, of how much a sentence tells."""
    worth = {"proposal": 1.0, "figures": 0.8, "result": 0.6, "significance": 0.4, "innovation": 0.6, "workload": 0.5,
             "problem": 0.3, "contrast": 0.2, "own work": 0.3, "pointer": -1.0, "dangling": -0.5}  # fmt: skip
    score = sum(worth.get(cue, 0.0) for cue in sentence.cues)
    score += 0.5 * (1 - sentence.share) if sentence.kind == "method" else 0.0
    score += 0.5 * max(sentence.roles.method, sentence.roles.result, sentence.roles.objective)
    words = len(sentence.text.split())
    score -= 0.5 if words > 45 or words < 8 else 0.0
    return score, -sentence.place
