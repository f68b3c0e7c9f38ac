"""Chunks are whole sentences of one section, exactly as the document has them, and fit the encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kb.encoders.model_files import ModelTokenizer, find_model
from kb.index.chunking import (
    MOST_ABSTRACT_CHUNKS,
    MOST_CHUNKS,
    bounded,
    chunk_abstract,
    chunk_document,
    chunk_paper,
    equations_of,
    passage_text,
)
from kb.parsing.document import first_characters
from kb.parsing.plain import parse_markdown
from kb.records import Block, BlockKind, Box, Chunk, Document, Fulltext, Grid, GridCell, Line, Metadata, Paper
from kb.text import sentence_spans
from tests.fakes import WordEncoder

PAPER = Paper(id="arxiv:2402.19481", version=2, title="Distributed Parallel Inference for Diffusion Models")
TOKENIZER = ModelTokenizer(find_model("all-MiniLM-L6-v2"), max_tokens=256)
WORDS = WordEncoder()
EVIDENCE = ("paragraph", "list", "equation", "code", "caption", "table")


def document(*blocks: tuple[BlockKind, str, tuple[str, ...]], labels: Sequence[str | None] = ()) -> Document:
    made: list[Block] = []
    position = 0
    for index, (kind, text, section) in enumerate(blocks):
        label = labels[index] if index < len(labels) else None
        made.append(Block(kind=kind, text=text, start=position, section=section, page=1 + index, label=label))
        position += len(text) + 2
    return Document(
        text="\n\n".join(text for _, text, _ in blocks),
        blocks=tuple(made),
        front=Metadata(source="pdf", ids=()),
        pages=len(blocks),
        fulltext=Fulltext(state="full"),
        parser="test",
    )


def cut(doc: Document, *, max_tokens: int = 64) -> list[Chunk]:
    return chunk_document(PAPER, doc, count_tokens=WORDS.count_tokens, max_tokens=max_tokens)


# ------------------------------------------------------------------------------------- what always holds

KINDS: list[BlockKind] = [
    "heading", "paragraph", "list", "equation", "caption", "table", "code", "footnote", "reference", "front",
]  # fmt: skip
WORD = st.one_of(
    st.sampled_from(
        "we show that attention et al. e.g. Fig. 3 layers, improves (by 2.5%) α-helix 方法 however;".split()
    ),
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=12),
)
SENTENCE = st.builds(
    lambda words, end: " ".join(words).capitalize() + end,
    st.lists(WORD, min_size=1, max_size=120),
    st.sampled_from(".?。,"),
)
TEXT = st.builds(" ".join, st.lists(SENTENCE, min_size=1, max_size=6)).filter(lambda text: bool(text.strip()))
SECTION = st.sampled_from([(), ("Abstract",), ("1 Introduction",), ("2 Method",), ("2 Method", "2.1 Patches " * 6)])
BLOCK = st.tuples(st.sampled_from(KINDS), TEXT, SECTION)
DOCUMENT = st.builds(
    lambda blocks, labels: document(*blocks, labels=labels),
    st.lists(BLOCK, max_size=10),
    st.lists(st.sampled_from([None, "Table 1", "Figure 2"]), max_size=10),
)


def real_chunks(doc: Document) -> list[Chunk]:
    return chunk_document(PAPER, doc, count_tokens=TOKENIZER.count, max_tokens=96)


@pytest.mark.slow
@given(DOCUMENT)
@example(document(("caption", "We.", ()), ("table", "We.", ("Abstract",)), labels=["Table 1", "Table 1"]))
def test_a_chunk_is_a_piece_of_the_document_from_one_section_and_no_reference(doc: Document) -> None:
    for chunk in real_chunks(doc):
        assert chunk.text == doc.text[chunk.start : chunk.end]
        assert chunk.text == chunk.text.strip() != ""
        inside = [block for block in doc.blocks if block.start < chunk.end and block.end > chunk.start]
        assert {block.section for block in inside} == {chunk.section}
        kinds = {block.kind for block in inside}
        assert kinds <= set(EVIDENCE) or kinds == {"footnote"}
        assert kinds.isdisjoint({"caption", "table"}) == (chunk.kind in {"text", "abstract"})
        assert (chunk.page, chunk.last_page) == (inside[0].page, inside[-1].page)


@pytest.mark.slow
@given(DOCUMENT)
def test_every_sentence_of_evidence_is_in_exactly_one_chunk_and_whole_where_it_fits(doc: Document) -> None:
    chunks = real_chunks(doc)
    covered = [0] * len(doc.text)
    for chunk in chunks:
        for position in range(chunk.start, chunk.end):
            covered[position] += 1
    for block in doc.blocks:
        if block.kind not in EVIDENCE:
            continue
        assert all(covered[block.start + i] == 1 for i, character in enumerate(block.text) if not character.isspace())
        if block.kind in ("table", "code"):
            continue  # cut between rows
        whole = [(0, len(block.text))]  # a display equation is no sentences
        for start, end in whole if block.kind == "equation" else sentence_spans(block.text):
            parts = [c for c in chunks if c.start < block.start + end and c.end > block.start + start]
            if len(parts) > 1:  # cut only because it is longer than what a chunk has room for
                prefix = passage_text(PAPER.title, block.section, "")
                assert sum(TOKENIZER.count([prefix, block.text[start:end]])) > 94


@given(DOCUMENT)
def test_the_encoder_reads_every_chunk_whole(doc: Document) -> None:
    chunks = real_chunks(doc)
    passages = [passage_text(PAPER.title, chunk.section, chunk.searched) for chunk in chunks]
    assert all(tokens <= 94 for tokens in TOKENIZER.count(passages))
    assert [chunk.tokens for chunk in chunks] == TOKENIZER.count([chunk.searched for chunk in chunks])


@given(DOCUMENT)
@settings(max_examples=40, deadline=None)
def test_ids_are_unique_and_the_same_in_every_run(doc: Document) -> None:
    chunks = real_chunks(doc)
    assert len({chunk.id for chunk in chunks}) == len(chunks)
    assert chunks == real_chunks(doc)
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    assert [chunk.start for chunk in chunks] == sorted(chunk.start for chunk in chunks)


# ------------------------------------------------------------------------------------------ packing


def test_chunks_of_a_section_are_even_and_as_few_as_can_be() -> None:
    text = " ".join(f"Sentence number {i} has exactly nine words in it." for i in range(12))
    sizes = [chunk.tokens for chunk in cut(document(("paragraph", text, ("1 Intro",))), max_tokens=64)]
    assert sum(sizes) == 120
    assert sizes == [40, 40, 40]  # 5 sentences would fit, but leave a last chunk of 2


def test_an_equation_stays_with_the_sentence_that_it_belongs_to() -> None:
    filler = " ".join("Ten plain words stand in this sentence of mere filler." for _ in range(4))
    doc = document(
        ("paragraph", f"{filler} The loss is then given as", ("2 Method",)),
        ("equation", "L = a + b (1)", ("2 Method",)),
        ("paragraph", f"where a is the first term. {filler}", ("2 Method",)),
    )
    holding = [chunk for chunk in cut(doc) if "L = a + b" in chunk.text]
    assert len(holding) == 1
    assert "The loss is then given as" in holding[0].text
    assert "where a is the first term." in holding[0].text


def test_an_equation_is_found_by_its_number_and_its_words_and_not_by_its_signs() -> None:
    doc = document(
        ("paragraph", "The loss is given as", ("2 Method",)),
        ("equation", r"L = \frac{1}{N} \sum_{i} softmax(q_i) + Q K T √ d k", ("2 Method",)),
        ("paragraph", "where N counts. Then we have", ("2 Method",)),
        ("equation", "a = b", ("2 Method",)),
        labels=[None, "3.1", None, None],
    )
    (chunk,) = cut(doc)
    assert chunk.text == doc.text
    assert [(chunk.text[one.start : one.end], one.label) for one in chunk.equations] == [
        (doc.blocks[1].text, "3.1"), ("a = b", None),
    ]  # fmt: skip
    assert chunk.searched.split("\n\n") == [
        "The loss is given as", "Equation 3.1 (Eq. 3.1) softmax", "where N counts. Then we have", "Equation",
    ]  # fmt: skip


def test_the_place_of_an_equation_takes_in_its_number() -> None:
    lines = (
        Line(start=0, end=5, page=4, x0=200, y0=100, x1=260, y1=110),
        Line(start=5, end=5, page=4, x0=500, y0=101, x1=520, y1=111),
    )
    block = Block(kind="equation", text="a = b", start=0, page=4, lines=lines, label="2")
    doc = replace(document(), text="a = b", blocks=(block,))
    (equation,) = equations_of(doc)
    assert (equation.label, equation.page) == ("2", 4)
    assert equation.box == Box(page=4, x0=200, y0=100, x1=520, y1=111)


def test_a_sentence_longer_than_a_chunk_is_cut_behind_a_clause() -> None:
    text = ", ".join(["the model reads every word of every clause"] * 20) + "."
    chunks = cut(document(("paragraph", text, ())), max_tokens=48)
    assert len(chunks) > 1
    assert all(chunk.text.endswith(("clause,", "clause.")) for chunk in chunks)


@pytest.mark.parametrize(
    "text", ["x-" * 500, "方法研究" * 200, "http://a.b/" + "c.d_" * 400], ids=["word", "cjk", "url"]
)
def test_text_without_spaces_is_cut_all_the_same(text: str) -> None:
    chunks = real_chunks(document(("paragraph", text, ())))
    assert "".join(chunk.text for chunk in chunks) == text
    assert len(chunks) > 1


def test_a_table_is_one_chunk_with_its_caption_and_a_figure_caption_stands_alone() -> None:
    doc = document(
        ("caption", "Table 1: Scores on the test set.", ("4 Results",)),
        ("table", "model | BLEU\nours | 28.4\nbase | 27.3", ("4 Results",)),
        ("caption", "Figure 2: The training curve.", ("4 Results",)),
        labels=["Table 1", "Table 1", "Figure 2"],
    )
    table, figure = cut(doc)
    assert (table.kind, table.label) == ("table", "Table 1")
    assert table.text.startswith("Table 1: Scores")
    assert table.text.endswith("base | 27.3")
    assert (figure.kind, figure.label, figure.text) == ("caption", "Figure 2", "Figure 2: The training curve.")


def test_a_long_table_is_cut_between_rows() -> None:
    rows = [f"model {i} | {i}.5 | {i}.7" for i in range(40)]
    chunks = cut(document(("table", "\n".join(rows), ())), max_tokens=64)
    assert [row for chunk in chunks for row in chunk.text.splitlines()] == rows


def test_footnotes_with_a_sentence_are_chunks_of_their_own_and_remarks_are_dropped() -> None:
    doc = document(
        ("paragraph", "We train on eight devices.", ("3 Setup",)),
        ("footnote", "Equal contribution.", ("3 Setup",)),
        ("footnote", "All runs used the same eight devices and the same random seeds.", ("3 Setup",)),
    )
    assert [chunk.text for chunk in cut(doc)] == [
        "We train on eight devices.",
        "All runs used the same eight devices and the same random seeds.",
    ]


def test_repeated_text_has_ids_of_its_own() -> None:
    doc = document(*[("paragraph", "The same words again.", ("1 A",)), ("heading", "2 A", ("1 A",))] * 3)
    chunks = cut(doc)
    assert len(chunks) == 3
    assert len({chunk.id for chunk in chunks}) == 3


def test_a_chunk_over_a_page_break_knows_both_pages() -> None:
    text = "The first sentence is here. The second one is over there."
    lines = (
        Line(start=0, end=27, page=3, x0=0, y0=700, x1=9, y1=710),
        Line(start=28, end=57, page=4, x0=0, y0=50, x1=9, y1=60),
    )
    doc = document(("paragraph", text, ()))
    block = Block(kind="paragraph", text=text, start=0, page=3, lines=lines)
    doc = Document(
        text=text, blocks=(block,), front=doc.front, pages=4, fulltext=doc.fulltext, parser=doc.parser
    )  # fmt: skip
    (chunk,) = cut(doc)
    assert (chunk.page, chunk.last_page) == (3, 4)


# ------------------------------------------------------------------------------------------ abstracts


def test_an_abstract_is_one_chunk_where_it_fits_and_several_whole_sentences_where_not() -> None:
    short = Paper(id="doi:10.1/x", title="A title", abstract="We show one thing. It works.")
    (chunk,) = chunk_abstract(short, count_tokens=WORDS.count_tokens, max_tokens=64)
    assert (chunk.kind, chunk.section, chunk.page, chunk.text) == ("abstract", ("Abstract",), None, short.abstract)
    long = Paper(id="doi:10.1/x", title="A title", abstract="We show one more thing here. " * 30)
    chunks = chunk_abstract(long, count_tokens=WORDS.count_tokens, max_tokens=64)
    assert len(chunks) > 1
    assert all(chunk.text.endswith("here.") for chunk in chunks)
    assert all(long.abstract[chunk.start : chunk.end] == chunk.text for chunk in chunks)


@pytest.mark.parametrize("abstract", ["", "  \n "])
def test_no_abstract_gives_no_chunk(abstract: str) -> None:
    paper = Paper(id="doi:10.1/x", title="A title", abstract=abstract)
    assert chunk_abstract(paper, count_tokens=WORDS.count_tokens, max_tokens=64) == []


def test_a_paper_has_its_abstract_once() -> None:
    paper = Paper(id="doi:10.1/x", title="A title", abstract="We show one thing.")
    body = ("paragraph", "Long ago there was another way.", ("1 Introduction",))
    with_abstract = document(("paragraph", "We show one thing.", ("Abstract",)), body)
    for doc, pages in ((with_abstract, [1, 2]), (document(body), [None, 1]), (None, [None])):
        chunks = chunk_paper(paper, doc, count_tokens=WORDS.count_tokens, max_tokens=64)
        assert [chunk.page for chunk in chunks] == pages
        assert [chunk.kind for chunk in chunks].count("abstract") == 1
        assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))


def test_the_encoder_reads_title_and_nearest_heading_before_the_text() -> None:
    assert passage_text("A title", ("Abstract",), "We show.") == "A title. We show."
    assert passage_text("Why?", ("3 Method", "3.1 Data"), "We use it.") == "Why? 3.1 Data. We use it."
    assert passage_text("", (), "We use it.") == "We use it."


def test_a_title_never_crowds_out_the_text() -> None:
    paper = Paper(id="doi:10.1/x", title="無限" * 300 + " word" * 300, abstract="We show one thing. " * 40)
    chunks = chunk_abstract(paper, count_tokens=TOKENIZER.count, max_tokens=256)
    passages = [passage_text(paper.title, chunk.section, chunk.text) for chunk in chunks]
    assert max(TOKENIZER.count(passages)) <= 254


# ------------------------------------------------------------------------------------------ real papers


def test_all_sentences_of_real_abstracts_are_read(shared: Path) -> None:
    import gzip
    import itertools
    import json

    with gzip.open(shared / "arxiv" / "records.jsonl.gz", "rt", encoding="utf-8") as stream:
        records = [json.loads(line) for line in itertools.islice(stream, 0, 6000, 30)]
    for record in records:
        paper = Paper(id=f"arxiv:{record['id']}", title=record["title"], abstract=record["abstract"])
        chunks = chunk_abstract(paper, count_tokens=TOKENIZER.count, max_tokens=256)
        passages = [passage_text(paper.title, chunk.section, chunk.text) for chunk in chunks]
        assert max(TOKENIZER.count(passages)) <= 254
        assert "".join("".join(chunk.text for chunk in chunks).split()) == "".join(paper.abstract.split())


# ------------------------------------------------------------------------------------ how much goes in


def test_what_a_paper_can_have_stays_as_it_is() -> None:
    said = Metadata(
        source="ris", ids=("doi:10.1/a",), title="A title", authors=("Ann Bee",) * 3_000, abstract="x" * 5_000
    )
    assert bounded(said) == (said, ())


def test_of_longer_fields_the_first_part_is_taken_and_their_names_are_told() -> None:
    said = Metadata(
        source="ris",
        ids=("doi:10.1/a",),
        title="word " * 10**6,
        authors=("Ann " * 10**6, *("Bee",) * 10**5),
        abstract="A. " * 10**6,
        keywords=("k" * 10**6,) * 10,
    )
    shorter, names = bounded(said)
    assert set(names) == {"title", "authors", "abstract", "keywords"}
    assert sum(len(str(value)) for value in (shorter.title, shorter.abstract, shorter.keywords)) < 40_000
    assert len(shorter.authors or ()) <= 50_000
    assert bounded(shorter) == (shorter, ())


def test_an_id_without_end_is_none() -> None:
    said = Metadata(source="ris", ids=("doi:10.1/" + "x" * 10**6,), title="A title")
    shorter, names = bounded(said)
    assert names == ("ids",)
    assert [key.partition(":")[0] for key in shorter.ids] == ["record"]


def test_a_paper_has_so_many_passages_and_an_abstract_so_many_with_sentences() -> None:
    data = (
        b"# Title\n\n## Abstract\n\n"
        + b"Some b. " * 20_000
        + b"\n\n## Next\n\n"
        + b"Table 1: a\n\n" * (2 * MOST_CHUNKS)
    )
    paper = Paper(id="p", title="Title")
    chunks = chunk_paper(paper, parse_markdown(data), count_tokens=WORDS.count_tokens, max_tokens=256)
    assert len(chunks) <= MOST_CHUNKS
    assert [chunk.kind for chunk in chunks].count("abstract") == MOST_ABSTRACT_CHUNKS


def test_of_a_long_document_the_first_characters_are_kept_as_they_stand() -> None:
    document = parse_markdown(b"# Title\n\n" + b"Some words here. " * 1_000 + b"\n\nMore.\n")
    cut = first_characters(document, most=5_000)
    assert cut.text == document.text[:5_000]
    assert all(cut.text[block.start : block.end] == block.text for block in cut.blocks)
    assert (cut.fulltext.state, cut.fulltext.code) == ("partial", "too-long")
    assert first_characters(document, most=10**6) is document


# ------------------------------------------------------------------------------------------------ tables


def table_block(rows: list[list[str]], *, start: int, header_rows: int, label: str = "Table 1", page: int = 1) -> Block:
    """A table of plain cells, with its grid."""
    text, cells = "", []
    for r, row in enumerate(rows):
        text += "\n" if r else ""
        for c, cell in enumerate(row):
            text += " | " if c else ""
            if cell:
                cells.append(GridCell(row=r, column=c, start=len(text), end=len(text) + len(cell)))
            text += cell
    grid = Grid(columns=len(rows[0]), header_rows=header_rows, cells=tuple(cells))
    return Block(kind="table", text=text, start=start, label=label, grid=grid, page=page)


def with_tables(caption: str, *tables: tuple[list[list[str]], int]) -> Document:
    """A caption and the parts of its table: rows, and how many of them are the head."""
    blocks = [Block(kind="caption", text=caption, start=0, label="Table 1", page=1)]
    for rows, header_rows in tables:
        blocks.append(table_block(rows, start=blocks[-1].end + 2, header_rows=header_rows))
    return replace(document(), text="\n\n".join(block.text for block in blocks), blocks=tuple(blocks))


HEAD = ["Model", "Recall", "Precision"]


def test_each_part_of_a_long_table_is_searched_under_its_caption_with_every_cell_under_its_heading() -> None:
    rows = [[f"model {i}", f"{i}.5", f"{i}.7"] for i in range(40)]
    doc = with_tables("Table 1: Scores on the test set.", ([HEAD, *rows], 1))
    chunks = cut(doc, max_tokens=64)
    assert len(chunks) > 2
    for chunk in chunks:
        assert chunk.text == doc.text[chunk.start : chunk.end]
        assert chunk.told.startswith("Table 1: Scores on the test set.")
        assert WORDS.count_tokens([passage_text(PAPER.title, chunk.section, chunk.told)])[0] <= 64
        assert chunk.tokens == WORDS.count_tokens([chunk.told])[0]
    told = "\n".join(chunk.told for chunk in chunks)
    assert all(f"model {i} — Recall: {i}.5, Precision: {i}.7" in told for i in range(40))


def test_a_part_of_a_table_that_goes_on_without_a_head_has_the_headings_of_the_first() -> None:
    doc = with_tables("Table 1: Scores.", ([HEAD, ["one", "1", "2"]], 1), ([["two", "3", "4"]], 0))
    assert "two — Recall: 3, Precision: 4" in "\n".join(chunk.told for chunk in cut(doc, max_tokens=256))


def test_a_row_wider_than_a_chunk_is_parted_between_cells_and_each_part_has_its_label() -> None:
    head = ["Site", *(f"mean annual rainfall of the year {1900 + n}" for n in range(40))]
    doc = with_tables("Table 1: Rain.", ([head, ["Oak", *(str(n) for n in range(40))]], 1))
    chunks = cut(doc, max_tokens=128)
    told = [line for chunk in chunks for line in chunk.told.splitlines() if "—" in line]
    assert len(told) > 1
    assert all(line.startswith("Oak — mean annual") for line in told)
    assert "rainfall of the year 1939: 39" in told[-1]
    assert "".join(chunk.text for chunk in chunks).count("38 | 39") == 1


def test_a_table_whose_columns_have_no_names_is_searched_as_it_is_printed() -> None:
    assert {chunk.told for chunk in cut(with_tables("Table 1: Scores.", ([["one", "1"], ["two", "3"]], 0)))} == {""}
