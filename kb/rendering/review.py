"""A review as Markdown, HTML, LaTeX with its BibTeX, or JSON.

In HTML its marks lead to the quoted sentences below; in Markdown they are numbers of references, in LaTeX citations.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from kb import wire
from kb.errors import UsageError
from kb.records import Language, Paper, Review, ReviewSection
from kb.rendering.bibliography import bibtex_to_cite, issued
from kb.rendering.display import commonmark, latex, link, maths_command, table_cell
from kb.rendering.entries import PageSettings, paper_address
from kb.rendering.html import page_frame, render_template
from kb.rendering.labels import label, page_of, slug
from kb.rendering.quotations import Pictures, equations_in, in_words, quoted
from kb.rendering.reasons import told
from kb.text import UNREAD, one_line

FORMS = ("md", "html", "tex", "json")
_TOKEN = re.compile(
    r"(?P<space>\s*)(?:\[(?P<marks>\d{1,3}\.\d{1,3}(?:, \d{1,3}\.\d{1,3})*)\]|\*\*(?P<bold>[^*\n]+)\*\*)"
)
_ITEM = re.compile(r"\s*(?:[-*•+]|\d{1,2}[.)])\s+(?=\S)")
_MOST_AUTHORS = 6
_COLUMNS = ("paper", "year", "does", "data", "result")


def render_review(
    review: Review,
    form: str,
    *,
    name: str = "review",
    papers: Sequence[Paper] = (),
    pictures: Mapping[str, bytes] | None = None,
) -> list[tuple[str, bytes]]:
    """A review as (path, bytes): the page first, beside LaTeX its ``.bib``, beside Markdown pictures of equations.

    Args:
        review: what to render.
        form: one of ``FORMS``.
        name: of the files, without suffix.
        papers: those of the references with what their sources said, for the user's own BibTeX.
        pictures: of the equations in sentences that are cited, by their keys.

    Raises:
        UsageError: for another form.
    """
    if form in ("md", "html"):
        kept = Pictures(data=pictures or {}, folder=slug(name))
        page = _markdown(review, kept) if form == "md" else _html(review, kept)
        return [(f"{name}.{form}", page.encode()), *kept.beside(page)]
    if form == "tex":
        known = {paper.id: paper for paper in papers}
        cited = [known.get(reference.paper.id, reference.paper) for reference in review.references]
        entries, keys = bibtex_to_cite(cited)
        beside = slug(name)  # LaTeX takes no blank in it
        text = _latex(review, keys, entries=entries, bibliography=beside)
        return [(f"{name}.tex", text.encode()), (f"{beside}.bib", entries.encode())]
    if form == "json":
        return [(f"{name}.json", (wire.to_json(review) + "\n").encode())]
    raise UsageError(f"{form!r} is not a form of a review: choose from {', '.join(FORMS)}")


# -------------------------------------------------------------------------------------- what all forms say


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """A part of a paragraph: text, or marks; ``spaced``: a blank stands before it."""

    text: str = ""
    marks: tuple[str, ...] = ()
    bold: bool = False
    spaced: bool = False


def _spans(text: str, numbers: Mapping[str, int]) -> Iterator[_Span]:
    """The parts of a line; what stands in brackets and names no passage is text."""
    end = 0
    for match in _TOKEN.finditer(text):
        marks = (match["marks"] or "").split(", ")
        if match["marks"] and not all(mark.partition(".")[0] in numbers for mark in marks):
            continue
        before = text[end : match.start()]
        if before.strip():
            yield _Span(text=before.strip(), spaced=before[0].isspace())
        is_spaced = bool(match["space"]) or before[-1:].isspace()
        if match["marks"]:
            yield _Span(marks=tuple(marks), spaced=is_spaced)
        else:
            yield _Span(text=match["bold"].strip(), bold=True, spaced=is_spaced)
        end = match.end()
    if text[end:].strip():
        yield _Span(text=text[end:].strip(), spaced=text[end].isspace())


def _blocks(text: str) -> list[tuple[bool, str]]:
    """Paragraphs, and items of lists (True), each on one line."""
    found: list[tuple[bool, str]] = []
    for block in re.split(r"\n\s*\n", text):
        begun = False
        for line in filter(str.strip, block.splitlines()):
            item = _ITEM.match(line)
            if item or not begun:
                found.append((bool(item), line[item.end() :] if item else line))
            else:
                found[-1] = (found[-1][0], f"{found[-1][1]} {line}")
            begun = True
    return [(is_item, one_line(line)) for is_item, line in found]


def _groups(text: str) -> Iterator[tuple[bool, list[str]]]:
    """Neighbouring items of a list together."""
    for is_item, several in groupby(_blocks(text), key=lambda block: block[0]):
        yield is_item, [line for _, line in several]


def _numbers(review: Review) -> dict[str, int]:
    """The place, from 1, of a passage's paper among the references."""
    places = {reference.paper.id: place for place, reference in enumerate(review.references, 1)}
    return {passage.marker: places[passage.paper.id] for passage in review.passages}


def _places(marks: Iterable[str], numbers: Mapping[str, int]) -> list[int]:
    """The references that marks name, each once."""
    return list(dict.fromkeys(numbers[mark.partition(".")[0]] for mark in marks))


def _language(review: Review) -> Language:
    return "zh" if review.language == "zh" else "en"


def _made(review: Review) -> str:
    return label(_language(review), "made_review", model=review.model, papers=len(review.references))


def _missing(section: ReviewSection, language: Language) -> str:
    return label(language, "missing", text=section.missing) if section.missing else ""


def _doubtful(section: ReviewSection, language: Language) -> list[str]:
    """Statements that are borne out only in part, with the reason."""
    found = [claim for claim in section.claims if claim.verdict not in (None, "supported")]
    return [f"{one.text} ({told(one.verdict_reason, language) or label(language, 'partly')})" for one in found]


def _closing(review: Review) -> list[str]:
    """What was left out, and what went wrong."""
    language = _language(review)
    lines = []
    if review.left_out:
        each = [f"{o.paper.title} ({label(language, 'relevance', relevance=o.relevance)})" for o in review.left_out]
        lines.append(f"{label(language, 'not_used')}: {'; '.join(each)}")
    if dropped := sum(len(section.dropped) for section in review.sections):
        lines.append(label(language, "dropped", count=dropped))
    if review.not_searched.private:
        lines.append(label(language, "kept_private", count=review.not_searched.private))
    return [*lines, *review.notices]


def _byline(paper: Paper) -> str:
    """Authors and year with their full stop."""
    few = len(paper.authors) <= _MOST_AUTHORS and not paper.et_al
    authors = ", ".join(paper.authors) if few or not paper.authors else f"{paper.authors[0]} et al."
    year = next(iter(issued(paper)), None)
    return _sentence(" ".join(filter(None, [authors, f"({year})" if year else ""])))


def _sentence(text: str) -> str:
    """A part of a reference with its full stop; "" of nothing."""
    return text if not text or text.endswith(".") else f"{text}."


# ---------------------------------------------------------------------------------------------- Markdown


def _markdown(review: Review, pictures: Pictures) -> str:
    language, numbers = _language(review), _numbers(review)
    lines = [f"# {commonmark(review.question)}", "", f"*{commonmark(_made(review))}*"]
    for section in review.sections:
        lines += ["", f"## {commonmark(section.title)}"]
        for is_item, several in _groups(section.text):
            said = [_markdown_line(line, numbers) for line in several]
            lines += ["", *(f"- {line}" for line in said)] if is_item else [part for one in said for part in ("", one)]
        if section.missing:
            lines += ["", f"*{commonmark(_missing(section, language))}*"]
        if doubtful := _doubtful(section, language):
            lines += ["", f"**{label(language, 'doubtful')}**", "", *(f"- {commonmark(one)}" for one in doubtful)]
    if not review.sections:
        lines += ["", label(language, "nothing_relevant")]
    if review.table.rows:
        lines += ["", f"## {label(language, 'papers')}", ""]
        lines += [_row([label(language, column) for column in _COLUMNS]), _row(["---"] * len(_COLUMNS))]
        for row in review.table.rows:
            place = next(i for i, one in enumerate(review.references, 1) if one.paper.id == row.paper_id)
            first = f"{_in_table(row.cells[0].text)} [{place}]"
            lines.append(_row([first, *(_in_table(cell.text) for cell in row.cells[1:])]))
    if review.references:
        lines += ["", f"## {label(language, 'references')}", ""]
        for place, one in enumerate(review.references, 1):
            lines.append(f"{place}. {_markdown_reference(one.paper)}")
            lines += _markdown_equations(review, one.paper, pictures, language)
    lines += [part for line in _closing(review) for part in ("", f"*{commonmark(line)}*")]
    return "\n".join(lines) + "\n"


def _markdown_equations(review: Review, paper: Paper, pictures: Pictures, language: Language) -> list[str]:
    """The equations of a paper that are evidence: the text has their paper's number alone, and no words show them."""
    shown = (
        part
        for passage in review.passages
        if passage.paper.id == paper.id
        for part in equations_in(passage, language=language)
    )
    told = (
        f"{commonmark(part.name)} {pictures.in_markdown([part], write=commonmark, language=language)}"
        if part.file in pictures.data
        else commonmark(in_words([part], language=language))
        for part in dict.fromkeys(shown)
    )
    return [f"   - {one}" for one in told]


def _markdown_line(line: str, numbers: dict[str, int]) -> str:
    def write(span: _Span) -> str:
        if span.marks:
            return f"[{', '.join(map(str, _places(span.marks, numbers)))}]"
        return f"**{commonmark(span.text)}**" if span.bold else commonmark(span.text)

    # A parenthesis right behind a number in brackets would make a link of them.
    return re.sub(r"\](?=[(\[:])", "] ", _joined(line, numbers, write))


def _joined(line: str, numbers: Mapping[str, int], write: Callable[[_Span], str]) -> str:
    spans = enumerate(_spans(line, numbers))
    return "".join(f"{' ' if span.spaced and place else ''}{write(span)}" for place, span in spans)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _in_table(text: str) -> str:
    return table_cell(text) or "–"


def _markdown_reference(paper: Paper) -> str:
    address = link(paper_address(paper) or "")
    parts = [commonmark(_byline(paper)), f"*{commonmark(paper.title)}*."]
    parts += [_sentence(commonmark(paper.venue or ""))]
    return " ".join(filter(None, [*parts, f"<{address}>" if address else ""]))


# -------------------------------------------------------------------------------------------------- HTML


def _html(review: Review, pictures: Pictures) -> str:
    language = _language(review)
    numbers = _numbers(review)
    rows = [(_paper_place(review, row.paper_id), row.cells) for row in review.table.rows]
    return render_template(
        "review.html.j2",
        **page_frame(language, PageSettings(), files_beside=pictures.are_files),
        pictures=pictures,
        question=review.question,
        made=_made(review),
        sections=[
            {
                "title": section.title,
                "groups": [
                    (is_item, [list(_spans(line, numbers)) for line in some]) for is_item, some in _groups(section.text)
                ],
                "missing": _missing(section, language),
                "doubtful": _doubtful(section, language),
            }
            for section in review.sections
        ],
        columns=[label(language, column) for column in _COLUMNS if column != "year"],  # it stands beside the title
        rows=rows,
        references=[
            {
                "paper": one.paper,
                "byline": _byline(one.paper),
                "address": paper_address(one.paper),
                "quotes": list(_quotes(review, place, numbers, language)),
            }
            for place, one in enumerate(review.references, 1)
        ],
        closing=_closing(review),
    )


def _paper_place(review: Review, paper_id: str | None) -> int:
    return next(place for place, one in enumerate(review.references, 1) if one.paper.id == paper_id)


def _quotes(review: Review, place: int, numbers: dict[str, int], language: Language) -> Iterator[dict[str, Any]]:
    """The sentences of a paper that are cited, with their places."""
    for passage in review.passages:
        if numbers[passage.marker] != place:
            continue
        page = [page] if (page := page_of(language, passage)) else []
        where = ", ".join([*([" › ".join(passage.section)] if passage.section else []), *page])
        for sentence in passage.answers:
            place_said = label(language, "unread", place=where) if UNREAD in sentence.text else where
            yield {"n": sentence.n, "place": place_said, "parts": quoted(passage, [sentence], language=language)}


# ------------------------------------------------------------------------------------------------- LaTeX


def _latex(review: Review, keys: dict[str, str], *, entries: str, bibliography: str) -> str:
    """A document of its own; what was left out stands in comments at its end."""
    language, numbers = _language(review), _numbers(review)
    cited = {place: keys[reference.paper.id] for place, reference in enumerate(review.references, 1)}

    def write(span: _Span) -> str:
        if span.marks:
            return f"\\cite{{{','.join(cited[place] for place in _places(span.marks, numbers))}}}"
        return _command("textbf", span.text) if span.bold else latex(span.text)

    body = [_command("title", review.question), "\\date{}", "\\begin{document}", "\\maketitle"]
    body += [f"% {one_line(_made(review))}"]
    for section in review.sections:
        body += ["", _command("section", section.title)]
        for is_item, several in _groups(section.text):
            said = [_joined(line, numbers, write).replace(" \\cite{", "~\\cite{") for line in several]
            body += ["", *(_itemized(said) if is_item else [part for one in said for part in (one, "")])]
        if section.missing:
            body += ["", _command("emph", _missing(section, language))]
        if doubtful := _doubtful(section, language):
            body += ["", _command("paragraph", label(language, "doubtful")), *_itemized(map(latex, doubtful))]
    if review.table.rows:
        body += ["", _command("section", label(language, "papers")), "", *_longtable(review, cited)]
    body += ["", *(f"% {one_line(line)}" for line in _closing(review))]
    if review.references:
        body += ["\\bibliographystyle{plain}", f"\\bibliography{{{bibliography}}}"]
    text = unicodedata.normalize("NFC", "\n".join([*body, "\\end{document}", ""]))
    return "\n".join([*_preamble(text + entries, chinese=language == "zh"), text])


def _command(name: str, text: str) -> str:
    return f"\\{name}{{{latex(text)}}}"


def _itemized(items: Iterable[str]) -> list[str]:
    return ["\\begin{itemize}", *(f"\\item {{}}{item}" for item in items), "\\end{itemize}"]


def _longtable(review: Review, cited: dict[int, str]) -> list[str]:
    language = _language(review)
    widths = (0.26, 0.07, 0.21, 0.18, 0.18)
    columns = "".join(f"p{{{width}\\linewidth}}" for width in widths)
    head = " & ".join(_command("textbf", label(language, column)) for column in _COLUMNS)
    lines = [
        "{\\small\\raggedright",
        f"\\begin{{longtable}}{{{columns}}}",
        f"\\hline\n{head} \\\\ \\hline",
        "\\endhead",
    ]
    for row in review.table.rows:
        first = f"{latex(row.cells[0].text)}~\\cite{{{cited[_paper_place(review, row.paper_id)]}}}"
        # An opening bracket behind "\\" would be read as its argument.
        lines.append("{}" + " & ".join([first, *(latex(cell.text) for cell in row.cells[1:])]) + " \\\\")
    return [*lines, "\\hline", "\\end{longtable}", "}"]


def _preamble(text: str, *, chinese: bool) -> list[str]:
    """Packages, and for pdfLaTeX the signs in the text that it cannot read by itself."""
    signs = {sign: command for sign in sorted(set(text)) if (command := maths_command(sign))}
    declared = [f"\\DeclareUnicodeCharacter{{{ord(sign):04X}}}{{\\ensuremath{{{signs[sign]}}}}}" for sign in signs]
    blank = [f"\\DeclareUnicodeCharacter{{{ord(sign):04X}}}{{ }}" for sign in sorted(set(text)) if _is_blank(sign)]
    return [
        "\\documentclass{article}",
        "\\usepackage{amsmath,amssymb,longtable,url}",
        *(["\\usepackage{ctex} % compile with XeLaTeX or LuaLaTeX"] if chinese else []),
        "\\ifdefined\\pdftexversion",
        "\\usepackage[T1]{fontenc}",
        "\\IfFileExists{lmodern.sty}{\\usepackage{lmodern}}{}",
        "\\usepackage[utf8]{inputenc}",
        *declared,
        *blank,
        "\\makeatletter\\def\\UTFviii@undefined@err#1{?}\\makeatother % XeLaTeX and LuaLaTeX print every sign",
        "\\else",
        "\\usepackage{fontspec}",
        "\\fi",
    ]


def _is_blank(sign: str) -> bool:
    return not sign.isascii() and unicodedata.category(sign) == "Zs" and sign != "\u00a0"
