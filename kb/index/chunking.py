"""Documents and abstracts to chunks that the encoder can read whole, sentence by sentence; how much of a paper goes in.

A chunk is one piece of one section, cut out of ``Document.text`` unchanged: ``text == document.text[start:end]``.
Its size is counted by the encoder's own tokenizer, so nothing of it is cut off in silence. Prose (paragraphs,
lists, equations, code) is packed from whole sentences into chunks of even size; captions and tables are chunks of
their own; references, headings and front matter are never chunks.

A table with its caption is one chunk, or, where it is longer, several that are cut between rows. What the indexes read
of it is in words (``Chunk.told``): each of these chunks begins with the caption, and every cell follows its headings.

Footnotes: those with a sentence in them (eight words or more) are chunks of their own, because papers keep
addresses, conditions and exceptions there; shorter ones ("Equal contribution.") are dropped.

A sentence longer than a chunk is cut behind a clause, else between words. langchain_text_splitters could do that too,
but costs 0.4 s to import and finds its offsets by searching for the text, which repeated text defeats.

How much of one paper is taken in is bounded here, too, whoever wrote it: of what is longer the first part goes in, and
it is said so. Beyond these figures no paper was seen that is one. The record is kept as it came; what is shown,
searched and encoded of it is bounded, so that neither memory nor time grow with what a stranger puts into a field.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, groupby, pairwise
from typing import Any

from kb.ids import record_key
from kb.records import Block, Box, Chunk, ChunkKind, Document, Equation, Fulltext, Metadata, Paper
from kb.structure import equation_in_words, is_abstract, without_signs
from kb.tables import captions_of, heads_of, told_rows
from kb.text import sentence_spans

SECTION_JOINT = " › "
SPECIAL_TOKENS = 2  # [CLS] and [SEP], or <s> and </s>: no encoder of the BERT family adds more to one text
_PROSE = frozenset({"paragraph", "list", "equation", "code"})
_FLOATS = frozenset({"caption", "table"})
_FOOTNOTE_WORDS = 8
# The title and path of headings given to the encoder are cut, so that they never crowd out the text.
# (Characters bound the tokens: in CJK text each is a token.)
_TITLE_WORDS, _TITLE_CHARACTERS = 24, 160
_HEADING_WORDS, _HEADING_CHARACTERS = 10, 60
_CAPTION_WORDS, _CAPTION_CHARACTERS = 32, 240  # of a table, before each part of it
_LEAST_TEXT_TOKENS = 16
_CLAUSE_END = tuple(",;:)]}，；：、）")
# What may stand between two cuts of an over-long sentence: a word, or a stretch of CJK text up to its punctuation.
_ATOM = re.compile(r"[^\s，；：、。]*[，；：、。]+|[^\s，；：、。]+")
MOST_CHUNKS = 4_000
CUT = Fulltext(
    state="partial", code="too-long", reason=f"only its first {MOST_CHUNKS:,} passages are in: split the file"
)
"""How much is in of a text that has more."""
MOST_ABSTRACT_CHUNKS = 40  # each of their sentences is encoded, too
# Characters of a field.
_TEXTS = {"title": 1_000, "abstract": 20_000, "comment": 10_000, "venue": 1_000, "url": 4_000, "license": 1_000}
# Of a list: its members, the characters of one, and those of all.
_LISTS = {
    "authors": (50_000, 400, 2_000_000),
    "categories": (200, 100, 20_000),
    "keywords": (1_000, 400, 100_000),
}
_MOST_IDS, _LONGEST_ID = 100, 500
_MOST_LINKS, _LONGEST_LINK = 1_000, 4_000
_MOST_DAYS = 10_000

CountTokens = Callable[[Sequence[str]], list[int]]


def passage_text(title: str, section: Sequence[str], text: str) -> str:
    """What the encoder reads of a chunk: the paper's title, the nearest heading, then the text (``Chunk.searched``).

    An abstract is read as "title. abstract", the form that measured best; other chunks have their section's last
    heading in between. Long titles and headings are cut by words.
    """
    return " ".join([*_prefix(title, section), text])


def passages_of(chunks: Sequence[Chunk], titles: Sequence[str]) -> list[str]:
    """The passage of each chunk, under the title of its paper (``passage_text``)."""
    headed = [(title, chunk.section) for chunk, title in zip(chunks, titles, strict=True)]
    prefixes = {key: _prefix(*key) for key in set(headed)}  # many chunks stand under one heading
    return [" ".join([*prefixes[key], chunk.searched]) for key, chunk in zip(headed, chunks, strict=True)]


def chunk_paper(paper: Paper, document: Document | None, *, count_tokens: CountTokens, max_tokens: int) -> list[Chunk]:
    """All chunks of a paper in reading order: the document's, headed by the record's abstract where the document
    has none of its own (then the same sentences are not stored twice, and the abstract has its page).

    At most ``MOST_CHUNKS``; of an abstract without end all but the first ones are text like any other."""
    chunks = chunk_document(paper, document, count_tokens=count_tokens, max_tokens=max_tokens) if document else []
    if not any(chunk.kind == "abstract" for chunk in chunks):
        chunks = [*chunk_abstract(paper, count_tokens=count_tokens, max_tokens=max_tokens), *chunks]
    abstracts = [number for number, chunk in enumerate(chunks) if chunk.kind == "abstract"]
    for number in abstracts[MOST_ABSTRACT_CHUNKS:]:
        chunks[number] = replace(chunks[number], kind="text")
    return [replace(chunk, ordinal=ordinal) for ordinal, chunk in enumerate(chunks[:MOST_CHUNKS])]


def chunk_abstract(paper: Paper, *, count_tokens: CountTokens, max_tokens: int) -> list[Chunk]:
    """Chunks of the record's abstract: kind "abstract", section ``("Abstract",)``, spans in ``paper.abstract``.

    Most abstracts are one chunk; one longer than the encoder reads becomes several, none when there is no abstract.
    """
    run = _Run(kind="abstract", section=("Abstract",), spans=tuple(_sentences(paper.abstract, 0)), source="record")
    return _Cutter(paper, paper.abstract, count_tokens, max_tokens=max_tokens).chunks([run])


def chunk_document(paper: Paper, document: Document, *, count_tokens: CountTokens, max_tokens: int) -> list[Chunk]:
    """Chunks of a parsed file in reading order; see the module for what becomes a chunk.

    Args:
        paper: whose title is part of what the encoder reads, and whose id and version the chunks carry.
        document: its text and blocks.
        count_tokens: the encoder's ``count_tokens``; called once for all sentences.
        max_tokens: the encoder's ``max_tokens``; special tokens, title and heading are taken off it.
    """
    chunks = _Cutter(paper, document.text, count_tokens, max_tokens=max_tokens).chunks(list(_runs(document)))
    starts = [block.start for block in document.blocks]

    def page_of(position: int) -> int | None:
        block = document.blocks[bisect_right(starts, position) - 1]
        pages = [line.page for line in block.lines if block.start + line.start <= position]
        return pages[-1] if pages else block.page

    return [replace(chunk, page=page_of(chunk.start), last_page=page_of(chunk.end - 1)) for chunk in chunks]


def chunk_id(paper_id: str, section: Sequence[str], start: int, text: str, *, source: str) -> str:
    """24 hexadecimal digits of content: the same chunk of the same paper has the same id in every run."""
    basis = "\x1f".join([paper_id, source, *section, str(start), text])
    return hashlib.sha256(basis.encode("utf-8", "surrogatepass")).hexdigest()[:24]


# ------------------------------------------------------------------------------------------ what is cut


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Text of one section that may be packed together: spans of its sentences, and which of them belong together.

    ``glued[i]`` says that span i continues span i - 1 ("we have", the equation, "where x is …"). ``told`` is what the
    indexes read in place of some spans; a chunk of it begins with ``lead`` unless it holds that.
    """

    kind: ChunkKind
    section: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    glued: frozenset[int] = frozenset()
    label: str | None = None
    source: str = "document"
    told: Mapping[tuple[int, int], str] = field(default_factory=dict)
    lead: str = ""
    equations: Mapping[tuple[int, int], Equation] = field(default_factory=dict)


def _sentences(text: str, start: int) -> Iterator[tuple[int, int]]:
    return ((start + begin, start + end) for begin, end in sentence_spans(text))


def _rows(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Spans of the non-blank lines, trimmed: a table is cut between rows."""
    return ((start + row.start(), start + row.end()) for row in re.finditer(r"\S(?:[^\n]*\S)?", text))


def _runs(document: Document) -> Iterator[_Run]:
    """Runs in reading order: neighbours of one sort and section, whatever stands between them being a border."""
    captions, heads = captions_of(document.blocks), heads_of(document.blocks)
    for key, group in groupby(_sorted_out(document.blocks), key=lambda pair: pair[0]):
        blocks = [block for _, block in group]
        if key is None:
            continue
        sort = key[0]
        if sort == "float":
            yield _float_run(blocks, captions=captions, heads=heads)
        elif sort == "footnote":
            spans = [span for block in blocks for span in _sentences(block.text, block.start)]
            yield _Run(kind="text", section=blocks[0].section, spans=tuple(spans))
        else:
            yield _prose_run(blocks)


def _sorted_out(blocks: Sequence[Block]) -> Iterator[tuple[tuple[object, ...] | None, Block]]:
    """Each block with the key of the run it belongs to; None for what is never evidence."""
    floats = 0
    previous: Block | None = None
    for block in blocks:
        if block.kind in _PROSE:
            yield ("prose", block.section), block
        elif block.kind in _FLOATS:
            # A table and its caption are one chunk; two captions never are.
            floats += not (previous and _belong_together(previous, block))
            yield ("float", floats), block
        elif block.kind == "footnote" and len(block.text.split()) >= _FOOTNOTE_WORDS:
            yield ("footnote", block.section), block
        else:
            yield None, block
        previous = block


def _belong_together(one: Block, other: Block) -> bool:
    is_one_float = one.label is not None and one.label == other.label and one.section == other.section
    return is_one_float and {one.kind, other.kind} == _FLOATS


def _float_run(blocks: Sequence[Block], *, captions: Mapping[str, str], heads: Mapping[int, Block]) -> _Run:
    spans: list[tuple[int, int]] = []
    told: dict[tuple[int, int], str] = {}
    for block in blocks:
        if block.kind == "table":
            rows = told_rows(block, head=heads[block.start])
            spans += [(block.start + start, block.start + end) for start, end, _ in rows]
            told |= {(block.start + start, block.start + end): text for start, end, text in rows if text}
        else:
            spans += _sentences(block.text, block.start)
    kind: ChunkKind = "table" if any(block.kind == "table" for block in blocks) else "caption"
    caption = captions.get(blocks[0].label or "", "")
    lead = _first_words(caption, _CAPTION_WORDS, characters=_CAPTION_CHARACTERS)
    return _Run(
        kind=kind, section=blocks[0].section, spans=tuple(spans), label=blocks[0].label, told=told,
        lead=lead if told else "",
    )  # fmt: skip


def _prose_run(blocks: Sequence[Block]) -> _Run:
    spans: list[tuple[int, int]] = []
    glued: set[int] = set()
    previous: Block | None = None
    for block in blocks:
        if previous and _continues(previous, block):
            glued.add(len(spans))
        if block.kind == "equation":
            spans.append((block.start, block.end))
        else:
            spans.extend((_rows if block.kind == "code" else _sentences)(block.text, block.start))
        previous = block
    section = blocks[0].section
    equations = {(block.start, block.end): _equation(block) for block in blocks if block.kind == "equation"}
    kind: ChunkKind = "abstract" if section and is_abstract(section[-1]) else "text"
    return _Run(kind=kind, section=section, spans=tuple(spans), glued=frozenset(glued - {0}), equations=equations)


def equations_of(document: Document) -> tuple[Equation, ...]:
    """The display equations of a text in reading order."""
    return tuple(_equation(block) for block in document.blocks if block.kind == "equation")


def _equation(block: Block) -> Equation:
    """A block as an equation of the document's text."""
    box = None
    if block.lines:
        own = [line for line in block.lines if line.page == block.lines[0].page]
        box = Box(page=own[0].page, x0=min(line.x0 for line in own), y0=min(line.y0 for line in own),
                  x1=max(line.x1 for line in own), y1=max(line.y1 for line in own))  # fmt: skip
    page = box.page if box else None
    return Equation(start=block.start, end=block.end, label=block.label, page=page, box=box)


def _continues(previous: Block, block: Block) -> bool:
    """Whether a block goes on with the sentence before it: an equation in it, or its rest in lower case."""
    if block.kind == "equation":
        return not previous.text.rstrip().endswith((".", "!", "?"))
    return previous.kind == "equation" and block.text.lstrip()[:1].islower()


# --------------------------------------------------------------------------------------------- cutting


class _Cutter:
    """Cuts runs of one text into chunks for one encoder."""

    def __init__(self, paper: Paper, text: str, count_tokens: CountTokens, *, max_tokens: int) -> None:
        self._paper = paper
        self._text = text
        self._count = count_tokens
        self._room = max_tokens - SPECIAL_TOKENS

    def chunks(self, runs: Sequence[_Run]) -> list[Chunk]:
        """The runs' chunks in order, numbered from 0."""
        runs = [run for run in runs if run.spans]
        prefixes = [" ".join([*_prefix(self._paper.title, run.section), run.lead]) for run in runs]
        texts = [self._read(run, span) for run in runs for span in run.spans]
        # One call for everything: a call for each sentence would spend its time on the way to the tokenizer.
        counts = iter(self._count([*prefixes, *texts]))
        budgets = [max(self._room - next(counts), _LEAST_TEXT_TOKENS) for _ in prefixes]
        chunks: list[Chunk] = []
        for run, budget in zip(runs, budgets, strict=True):
            units = [Unit(start, end, next(counts)) for start, end in run.spans]
            fitting = _fitting(self._text, _joined(units, run.glued, budget=budget), self._count, budget=budget)
            parts = pack(fitting, budget=budget)
            chunks += [self._chunk(run, part, ordinal=ordinal) for ordinal, part in enumerate(parts, len(chunks))]
        return chunks

    def _read(self, run: _Run, span: tuple[int, int]) -> str:
        """What the indexes read of a span."""
        if (told := run.told.get(span)) is not None:
            return told
        text, equation = self._text[slice(*span)], run.equations.get(span)
        return text if equation is None else equation_in_words(equation.label, text)

    def _chunk(self, run: _Run, units: Sequence[Unit], *, ordinal: int) -> Chunk:
        start, end = units[0].start, units[-1].end
        text = self._text[start:end]
        equations = tuple(
            replace(one, start=one.start - start, end=one.end - start)
            for one in run.equations.values()
            if start <= one.start and one.end <= end
        )
        told = without_signs(text, equations) if equations else ""
        tokens = sum(unit.tokens for unit in units)
        if run.told:
            rows = "\n".join(self._read(run, (unit.start, unit.end)) for unit in units)
            told = rows if run.lead in " ".join(text.split()) else f"{run.lead}\n{rows}"
            tokens = self._count([told])[0]  # the caption, too
        return Chunk(
            id=chunk_id(self._paper.id, run.section, start, text, source=run.source),
            paper_id=self._paper.id,
            version=self._paper.version,
            kind=run.kind,
            ordinal=ordinal,
            section=run.section,
            start=start,
            end=end,
            text=text,
            tokens=tokens,
            label=run.label,
            told=told,
            equations=equations,
        )


def _prefix(title: str, section: Sequence[str]) -> list[str]:
    parts = [_first_words(title, _TITLE_WORDS, characters=_TITLE_CHARACTERS)]
    if section and not is_abstract(section[-1]):
        parts.append(_first_words(section[-1], _HEADING_WORDS, characters=_HEADING_CHARACTERS))
    return [part if part.endswith((".", "!", "?", ":")) else f"{part}." for part in parts if part]


def _first_words(text: str, limit: int, *, characters: int) -> str:
    return " ".join(text.split()[:limit])[:characters]


# --------------------------------------------------------------------------------------------- packing


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch ``[start, end)`` of text that is not cut any further, and its tokens.

    Tokens add up: WordPiece never joins what white space parts, so the sum over units is the count of the whole
    (other tokenizers can only do better, by joining).
    """

    start: int
    end: int
    tokens: int


def _joined(units: Sequence[Unit], glued: Collection[int], *, budget: int) -> list[Unit]:
    """Units of the indices in ``glued`` made one with the unit before, unless that is more than ``budget``."""
    result: list[Unit] = []
    for index, unit in enumerate(units):
        if index in glued and result and result[-1].tokens + unit.tokens <= budget:
            result[-1] = Unit(result[-1].start, unit.end, result[-1].tokens + unit.tokens)
        else:
            result.append(unit)
    return result


def pack(units: Sequence[Unit], *, budget: int) -> list[list[Unit]]:
    """Neighbouring units in as few parts as ``budget`` tokens allow, and these as even as they can be.

    Evenness is the least room that still needs no more parts, found by bisection (the linear partition problem):
    plain greedy packing would leave a tiny last part, which reads badly and finds badly.
    """
    if not units:
        return []
    tokens = [unit.tokens for unit in units]
    fewest = len(_greedy(tokens, room=budget))
    low, high = min(max(tokens), budget), budget
    while low < high:
        middle = (low + high) // 2
        if len(_greedy(tokens, room=middle)) > fewest:
            low = middle + 1
        else:
            high = middle
    ends = [0, *accumulate(_greedy(tokens, room=high))]
    return [list(units[start:end]) for start, end in pairwise(ends)]


def _fitting(text: str, units: Sequence[Unit], count_tokens: CountTokens, *, budget: int) -> list[Unit]:
    """The units, those of more than ``budget`` tokens cut behind a clause, else between words."""
    return [part for unit in units for part in _cut(text, unit, count_tokens, budget=budget)]


def _cut(text: str, unit: Unit, count_tokens: CountTokens, *, budget: int) -> list[Unit]:
    if unit.tokens <= budget:
        return [unit]
    atoms = _atoms(text, unit, count_tokens, budget=budget)
    parts: list[Unit] = []
    begin = 0
    while begin < len(atoms):
        end, tokens = begin, 0
        while end < len(atoms) and (end == begin or tokens + atoms[end].tokens <= budget):
            tokens += atoms[end].tokens
            end += 1
        if end < len(atoms):
            end = _clause_end(text, atoms, begin=begin, end=end)
        part = atoms[begin:end]
        parts.append(Unit(part[0].start, part[-1].end, sum(atom.tokens for atom in part)))
        begin = end
    return parts


def _clause_end(text: str, atoms: Sequence[Unit], *, begin: int, end: int) -> int:
    """The last place behind a clause in the second half of ``atoms[begin:end]``, else ``end``."""
    for index in range(end, begin + (end - begin) // 2, -1):
        if text[atoms[index - 1].end - 1] in _CLAUSE_END:
            return index
    return end


def _atoms(text: str, unit: Unit, count_tokens: CountTokens, *, budget: int) -> list[Unit]:
    """Words of the unit; a word of more tokens than a chunk holds is cut into stretches of characters."""
    spans = [match.span() for match in _ATOM.finditer(text, unit.start, unit.end)]
    counts = count_tokens([text[start:end] for start, end in spans])
    stretches: list[tuple[int, int]] = []
    for (start, end), tokens in zip(spans, counts, strict=True):
        width = end - start if tokens <= budget else max(1, (end - start) * budget // (2 * tokens))
        stretches.extend((at, min(at + width, end)) for at in range(start, end, width))
    if len(stretches) > len(spans):
        counts = count_tokens([text[start:end] for start, end in stretches])
    return [Unit(start, end, tokens) for (start, end), tokens in zip(stretches, counts, strict=True)]


def _greedy(tokens: Sequence[int], *, room: int) -> list[int]:
    """How many units each part takes when each takes what fits."""
    sizes: list[int] = []
    left = -1
    for count in tokens:
        if sizes and count <= left:
            sizes[-1] += 1
            left -= count
        else:
            sizes.append(1)
            left = room - count
    return sizes


# --------------------------------------------------------------------------------------------- bounds


def bounded(said: Metadata) -> tuple[Metadata, tuple[str, ...]]:
    """The metadata with no more than a paper has, and the names of the fields that had more.

    An id that is too long is none: cut, it would be another paper's.
    """
    changes: dict[str, Any] = {}
    for name, most in _TEXTS.items():
        if (text := getattr(said, name)) is not None and len(text) > most:
            changes[name] = text[:most].rstrip()
    for name, (members, longest, together) in _LISTS.items():
        if (texts := getattr(said, name)) is not None and (kept := _first(texts, members, longest, together)) != texts:
            changes[name] = kept
    if "authors" in changes:
        changes["names"] = None  # their parts would be of other names
    for name in ("ids", "proposed"):
        ids = getattr(said, name)
        if (kept := tuple(key for key in ids if len(key) <= _LONGEST_ID)[:_MOST_IDS]) != ids:
            changes[name] = kept
    links = said.links or ()
    if (short := tuple(link for link in links if len(link.url) <= _LONGEST_LINK)[:_MOST_LINKS]) != links:
        changes["links"] = short or None
    if said.announced is not None and len(said.announced) > _MOST_DAYS:
        changes["announced"] = said.announced[:_MOST_DAYS]
    if not changes:
        return said, ()
    shorter = replace(said, **changes)
    if said.ids and not shorter.ids:
        shorter = replace(shorter, ids=(record_key(shorter.title or "", shorter.authors or ()),))
    return shorter, tuple(name for name in changes if name not in ("names", "proposed"))


def _first(texts: tuple[str, ...], members: int, longest: int, together: int) -> tuple[str, ...]:
    kept, size = [], 0
    for text in texts[:members]:
        size += min(len(text), longest)
        if size > together:
            break
        kept.append(text[:longest])
    return tuple(kept)
