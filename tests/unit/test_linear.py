"""What runs over the texts of strangers takes time in step with their length, whatever is repeated in them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from kb import ids, latex, links, literals, names, text, words
from kb.index.chunking import chunk_abstract
from kb.parsing.plain import parse_text
from kb.records import Paper
from kb.rendering.display import readable
from kb.rendering.stamps import read_stamp
from kb.sources import (
    bibtex,
    csl,
    exported,
    jsonl_fields,
    manuscripts,
    stated,
    tagged,
    zotero_csv,
)
from kb.sources.stated import links_of
from kb.verifying.comparing import differences
from kb.verifying.old_pages import read_old_page

NOWHERE = Path("a")


def _chunks(abstract: str) -> object:
    paper = Paper(id="p", title="T", abstract=abstract)
    return chunk_abstract(paper, count_tokens=lambda texts: [len(one) for one in texts], max_tokens=256)


def _entry(value: str) -> object:
    fields = ("title", "file")
    return list(bibtex.read("@article{k" + "".join(f", {name} = {{{value}}}" for name in fields) + "}"))


def _tagged(value: str) -> object:
    lines = "".join(f"{tag}  - {value}\n" for tag in ("TI", "AU", "N1", "UR", "AB", "KW", "PY"))
    return list(tagged.read_ris(f"TY  - JOUR\n{lines}ER  - \n", path=NOWHERE))


def _item(value: str) -> object:
    item = {"type": "book", "title": value, "author": [{"family": value}], "note": value, "issued": {"raw": value}}
    return list(csl.read(json.dumps([item]), path=NOWHERE))


FUNCTIONS: Mapping[str, Callable[[str], object]] = {
    "sentences": text.sentence_spans,
    "chunks": _chunks,
    "numbers": literals.numbers,
    "addresses": literals.addresses,
    "quotations": literals.quotations,
    "names in a text": literals.names,
    "words": words.content_stems,
    "tokens": words.tokenize,
    "orders": text.is_order,
    "arXiv ids": ids.find_arxiv_ids,
    "other ids": ids.other_identifier,
    "DOIs": ids.doi_key,
    "kinds of links": lambda value: links.link_kind(value, value),
    "links": lambda value: links_of([f"http {value}"]),
    "folding": names.fold,
    "forms of names": names.name_forms,
    "lists of names": lambda value: names.authors_agree(value.split(","), value.split(",")[::-1]),
    "markup": exported.plain,
    "LaTeX": latex.decode_latex,
    "LaTeX for display": readable,
    "names of BibTeX": bibtex.read_names,
    "names of others": lambda value: exported.names_of([value]),
    "authors of arXiv": stated.listed_authors,
    "withdrawals": lambda value: stated.says_withdrawn(comment=value, abstract=value),
    "dates": exported.date_of,
    "ids of records": lambda value: exported.ids_of(dois=[value], addresses=[value], traces=[value]),
    "venues": lambda value: (stated.venue_of(value), stated.venue_of(None, value), stated.is_of_preprints(value)),
    "lines": lambda value: jsonl_fields.prose_of({"title": value}, "title"),
    "BibTeX": lambda value: list(bibtex.read(value)),
    "an entry of BibTeX": _entry,
    "RIS": _tagged,
    "PubMed": lambda value: list(tagged.read_nbib(f"PMID- 1\nTI  - {value}\nFAU - {value}", path=NOWHERE)),
    "CSL-JSON": _item,
    "broken CSL-JSON": lambda value: list(csl.read(f'[{{"type": "a", "title": "b"}}, {value}', path=NOWHERE)),
    "Zotero's table": lambda value: list(zotero_csv.read(f"Key,Item Type,Title\n{value}", path=NOWHERE)),
    "stamps": lambda value: read_stamp(f"<!-- kb digest md {value} -->\n{value}"),
    "pages of the old kind": lambda value: read_old_page(f"## T\n\n{value}\n**[a]**\n{value}"),
    "texts that differ": lambda value: differences(value, value[::-1]),
    "lines of plain text": lambda value: parse_text(
        "\n".join(value[at : at + 9] for at in range(0, len(value), 9)).encode()
    ),
    "sentences of manuscripts": manuscripts._tidy,
    "Markdown of manuscripts": manuscripts._clean_markdown,
}
SIGNS = "aA1.,;:(){}[]<>\"'$\\/&@-_#%=~*^`|+?! \n\t中。é\u0301"
UNITS = (
    *SIGNS, "A. ", "Fig. ", "et al. ", "a.", "a-", "A-", "1.", "1,", "1,000", "10^", "x y", ". (", ".[1", "[1] ", "a@",
    "@a.", "{}", "()", "[]", "[(", '\\"{', "$\\", "\\(", "\\a{", "<a ", "<i>", "</i>", "<!--", "-->", "&amp;", "&a",
    "](", "[a](", "```", "''", "--", "http://", "https://a.b/", "www.", "github.com/", "10.1234/", "arxiv:",
    "2402.19481 ",
    "AAAI ", "ACM ", "IEEE/", "accepted ", "withdrawn ", "ignore ", "please must ", " and ", "and", "and others ",
    "@a{b,", "={", "a = {", '"a" # ', "TY  - ", "PMID- ", '{"a":', "[{", '""', "a, ", "A., ", " \n", "\n \n", "12 ",
    "May ",
    "2020-", "\u00a0", "\u200b", "🙂",
)  # fmt: skip


def _hostile(size: int) -> Iterator[str]:
    """Texts of one repeated unit, between letters."""
    for unit in UNITS:
        yield f"a{unit * (size // len(unit))}b"


def _seconds(function: Callable[[str], object], value: str) -> float:
    began = time.process_time()
    function(value)
    return time.process_time() - began


def _ratio(function: Callable[[str], object], long: str, short: str) -> float:
    return min(_seconds(function, long) / _seconds(function, short) for _ in range(3))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_four_times_the_text_takes_no_sixteen_times_the_time(name: str) -> None:
    function = FUNCTIONS[name]
    function("A first text, for what is loaded once. {")
    slow = []
    for short, long, longer in zip(_hostile(1_500), _hostile(6_000), _hostile(24_000), strict=True):
        if _seconds(function, long) < 0.01:  # what is quadratic in this takes longer
            continue
        ratio = _ratio(function, long, short)
        if ratio > 9:  # short texts are quick for many reasons: what is quadratic stays so
            ratio = _ratio(function, longer, long)
        if ratio > 9:
            slow.append((short[:8], round(ratio, 1)))
    assert slow == []
