"""Tables that are printed with LaTeX, whose every cell is known, against what the parser reads of them.

    python -m tests.benchmarks.table_prints FOLDER                  # prints (once) and reads all
    python -m tests.benchmarks.table_prints FOLDER --faults         # names what was read wrong, of the open half
    python -m tests.benchmarks.table_prints FOLDER --kind ruled     # only kinds whose name holds this

Needs ``pdflatex``. Each kind is printed several times with other words, numbers, widths and fonts. The kinds of
``KEPT`` were drawn by lot before the first change: of them there are sums alone. Measures are those of
``parsing_measures.tables``; the parts of a table that goes on over pages are put together, without the heads that are
printed again.
"""

from __future__ import annotations

import argparse
import random
import subprocess
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.benchmarks.parsing import print_table, summed
from tests.benchmarks.parsing_measures import Point, label_number, tables
from tests.benchmarks.peers.reading_kb import read

EACH = 3  # prints of a kind
_WORDS = (
    "the model reads each page of a long report and keeps what it needs for later use while other systems forget most"
    " words that they met before so their answers drift away from facts we found that small changes of training help"
    " more than new layers because noise in data hides real gains and errors add up over many steps as shown below"
).split()
_NAMES = (
    "Alder Birch Cedar Dogwood Elm Fir Ginkgo Hazel Ivy Juniper Kauri Larch Maple Nutmeg Oak Pine Quince Rowan".split()
)
_SETS = "NewsQA TriviaQA SQuAD MuSiQue HotpotQA FEVER WikiSum CoNLL GLUE XSum Multi30k OntoNotes".split()
_METRICS = ["R@1", "R@5", "MRR", "F1", "EM", "Prec.", "Rec.", "BLEU", "Acc. (%)", "Time (s)", "Params (M)", "nDCG@10"]
_TEXTS = [
    "Segments a report into units that later steps can use", "Finds the names of people and places in running text",
    "A set of rules over layout and order of the lines", "Asks the index again when nothing was found at first",
    "Short notes by two readers who did not see each other", "Every answer is checked by hand against the page",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Cell:
    """A printed cell: its text as it reads, how LaTeX sets it, and how many columns and rows it spans."""

    text: str
    tex: str
    columns: int = 1
    rows: int = 1


@dataclass(slots=True)
class _Drawn:
    """A table being drawn: rows of cells, the head's rows, and what LaTeX has after each row."""

    spec: str
    rows: list[list[_Cell]]
    header_rows: int
    after: dict[int, str] = field(default_factory=dict)  # behind a row: rules
    top: str = r"\toprule"
    bottom: str = r"\bottomrule"
    label: str = "Table 1"

    def body(self) -> str:
        return "\n".join(
            " & ".join(map(_tex, row)) + r" \\ " + self.after.get(number, "") for number, row in enumerate(self.rows)
        )

    def tabular(self) -> str:
        return (
            rf"\begin{{tabular}}{{{self.spec}}} {self.top}" + f"\n{self.body()}\n" + rf"{self.bottom} \end{{tabular}}"
        )

    def truth(self) -> dict[str, Any]:
        """As ``parsing_truth/tables.json`` has it."""
        rows, spans = [], []
        for at, row in enumerate(self.rows):
            made: list[str] = []
            for cell in row:
                if cell.columns > 1 or cell.rows > 1:
                    spans.append([at, len(made), cell.rows, cell.columns])
                made += [cell.text, *[""] * (cell.columns - 1)]
            rows.append(made)
        return {"page": 0, "label": self.label, "header_rows": self.header_rows, "rows": rows, "spans": spans}


def _tex(cell: _Cell) -> str:
    tex = rf"\mrow{{{cell.rows}}}{{{cell.tex}}}" if cell.rows > 1 else cell.tex
    return rf"\multicolumn{{{cell.columns}}}{{c}}{{{tex}}}" if cell.columns > 1 else tex


def _cell(text: str, tex: str | None = None, **spans: int) -> _Cell:
    return _Cell(text, text.replace("%", r"\%").replace("#", r"\#") if tex is None else tex, **spans)


def _cells(texts: Sequence[str]) -> list[_Cell]:
    return [_cell(text) for text in texts]


_EMPTY = _cell("")


class _Writer:
    """Words and numbers by lot."""

    def __init__(self, seed: str) -> None:
        self.lot = random.Random(seed)

    def prose(self, sentences: int) -> str:
        """A paragraph."""
        return " ".join(
            " ".join(self.lot.choices(_WORDS, k=self.lot.randint(11, 26))).capitalize() + "." for _ in range(sentences)
        )

    def names(self, count: int) -> list[str]:
        """Labels of rows, one or two words."""
        chosen = self.lot.sample(_NAMES, count)
        return [name + self.lot.choice(["", "", "-L", " (base)", " + rerank"]) for name in chosen]

    def sets(self, count: int) -> list[str]:
        """Names of data sets."""
        return self.lot.sample(_SETS, count)

    def metrics(self, count: int) -> list[str]:
        """Names of measures."""
        return self.lot.sample(_METRICS, count)

    def number(self) -> str:
        """A number of one of the usual forms."""
        return self.lot.choice(
            [f"{self.lot.uniform(1, 99):.1f}", f"{self.lot.uniform(1, 99):.1f}", f"{self.lot.random():.3f}",
             f"{self.lot.uniform(10, 99):.2f}"]
        )  # fmt: skip

    def numbers(self, count: int) -> list[str]:
        """A row of numbers, all of one form."""
        form = self.lot.choice([".1f", ".2f"])
        return [f"{self.lot.uniform(1, 99):{form}}" for _ in range(count)]

    def between(self, least: int, most: int) -> int:
        """A number by lot."""
        return self.lot.randint(least, most)

    def text(self) -> str:
        """A sentence of a cell."""
        return self.lot.choice(_TEXTS)

    def caption(self) -> str:
        """A caption of one line, or of several."""
        words = " ".join(self.lot.choices(_WORDS, k=self.lot.choice([5, 8, 24]))).capitalize()
        return f"{words}."


Draw = Callable[[_Writer], _Drawn]


def _scores(
    write: _Writer, *, spec: str = "", columns: tuple[int, int] = (3, 6), rows: tuple[int, int] = (4, 9)
) -> _Drawn:
    """The plainest: names, measures, numbers."""
    width = write.between(*columns)
    head = _cells(["Model", *write.metrics(width)])
    body = [_cells([name, *write.numbers(width)]) for name in write.names(write.between(*rows))]
    return _Drawn(spec or "l" + "c" * width, [head, *body], 1, {0: r"\midrule"})


def _ruled(write: _Writer) -> _Drawn:
    return _scores(write)


def _grid(write: _Writer) -> _Drawn:
    drawn = _scores(write, columns=(3, 5))
    width = len(drawn.rows[0])
    rules = dict.fromkeys(range(len(drawn.rows) - 1), r"\hline")
    return replace_(drawn, spec="|l|" + "c|" * (width - 1), after=rules, top=r"\hline", bottom=r"\hline")


def _unruled(write: _Writer) -> _Drawn:
    return replace_(_scores(write), after={}, top="", bottom="")


def _double_rules(write: _Writer) -> _Drawn:
    drawn = _scores(write, columns=(3, 5))
    return replace_(drawn, after={0: r"\hline"}, top=r"\hline\hline", bottom=r"\hline\hline")


def _bands(write: _Writer) -> _Drawn:
    drawn = _scores(write)
    for row in drawn.rows[1::2]:
        row[0] = replace(row[0], tex=r"\rowcolor{gray!20} " + row[0].tex)
    return drawn


def _bold_best(write: _Writer) -> _Drawn:
    drawn = _scores(write, columns=(4, 6))
    for column in range(1, len(drawn.rows[0])):
        row = write.between(1, len(drawn.rows) - 1)
        cell = drawn.rows[row][column]
        drawn.rows[row][column] = replace(cell, tex=rf"\textbf{{{cell.tex}}}")
        other = drawn.rows[1 + row % (len(drawn.rows) - 1)][column]
        drawn.rows[1 + row % (len(drawn.rows) - 1)][column] = replace(other, tex=rf"\underline{{{other.text}}}")
    return drawn


def _spanners(write: _Writer, *, sets: int = 0, wide: int = 0) -> _Drawn:
    """Two rows of heads, the upper one over several columns each."""
    sets, wide = sets or write.between(2, 3), wide or write.between(2, 3)
    metrics = write.metrics(wide)
    upper = [_cell("Model", rows=2), *(_cell(name, columns=wide) for name in write.sets(sets))]
    lower = [_EMPTY, *_cells(metrics * sets)]
    body = [_cells([name, *write.numbers(wide * sets)]) for name in write.names(write.between(4, 8))]
    rules = " ".join(rf"\cmidrule(lr){{{2 + wide * n}-{1 + wide * (n + 1)}}}" for n in range(sets))
    return _Drawn("l" + "c" * wide * sets, [upper, lower, *body], 2, {0: rules, 1: r"\midrule"})


def _spanners_bare(write: _Writer) -> _Drawn:
    """The same without rules below the spanning heads, and nothing over the labels."""
    drawn = _spanners(write)
    drawn.rows[0][0] = _EMPTY
    drawn.rows[1][0] = _cell("Model")
    return replace_(drawn, after={1: r"\midrule"})


def _spanners_partly(write: _Writer) -> _Drawn:
    """Some heads span two columns, others two rows."""
    first, second, third = write.sets(3)
    upper = [_cell("Model", rows=2), _cell(first, columns=2), _cell(second, rows=2), _cell(third, columns=2)]
    lower = [_EMPTY, *_cells(["Prec.", "Rec."]), _EMPTY, *_cells(["dev", "test"])]
    body = [_cells([name, *write.numbers(5)]) for name in write.names(write.between(4, 7))]
    rules = r"\cmidrule(lr){2-3} \cmidrule(lr){5-6}"
    return _Drawn("lccccc", [upper, lower, *body], 2, {0: rules, 1: r"\midrule"})


def _three_heads(write: _Writer) -> _Drawn:
    first, second = write.sets(2)
    top = [_EMPTY, _cell(first, columns=4), _cell(second, columns=4)]
    middle = [_EMPTY, *(_cell(text, columns=2) for text in ("dev", "test", "dev", "test"))]
    low = [_cell("Model"), *_cells(["P", "R"] * 4)]
    body = [_cells([name, *write.numbers(8)]) for name in write.names(write.between(4, 7))]
    after = {
        0: r"\cmidrule(lr){2-5} \cmidrule(lr){6-9}",
        1: r"\cmidrule(lr){2-3} \cmidrule(lr){4-5} \cmidrule(lr){6-7} \cmidrule(lr){8-9}", 2: r"\midrule",
    }  # fmt: skip
    return _Drawn("l" + "c" * 8, [top, middle, low, *body], 3, after)


def _stacked_heads(write: _Writer) -> _Drawn:
    """Heads of two lines, which are one row."""
    drawn = _scores(write, columns=(3, 5))
    pairs = [("Mean", "score"), ("Pages", "per hour"), ("Share", "of all (%)"), ("First", "pass"), ("Error", "rate")]
    for column, (one, two) in enumerate(write.lot.sample(pairs, len(drawn.rows[0]) - 1), start=1):
        drawn.rows[0][column] = _cell(f"{one} {two}", rf"\shortstack{{{one}\\{two}}}".replace("%", r"\%"))
    return drawn


def _group_labels(write: _Writer) -> _Drawn:
    """The first column names groups of rows, in the middle of each."""
    width, rows, after = write.between(3, 4), list[list[_Cell]](), {0: r"\midrule"}
    names = iter(write.names(12))
    groups = write.between(2, 3)
    for number, group in enumerate(write.sets(groups)):
        count = write.between(2, 4)
        for n in range(count):
            first = _cell(group, rows=count) if n == 0 else _EMPTY
            rows.append([first, *_cells([next(names), *write.numbers(width)])])
        if number + 1 < groups:
            after[len(rows)] = r"\midrule"
    head = _cells(["Data", "Model", *write.metrics(width)])
    return _Drawn("ll" + "c" * width, [head, *rows], 1, after)


def _group_labels_top(write: _Writer) -> _Drawn:
    """The same with the name at the top of its group, and no rules between."""
    drawn = _group_labels(write)
    for row in drawn.rows:
        row[0] = replace(row[0], rows=1)
    return replace_(drawn, after={0: r"\midrule"})


def _group_titles(write: _Writer) -> _Drawn:
    """Titles of groups across all columns, in the middle."""
    width, after = write.between(3, 5), {0: r"\midrule"}
    rows = [_cells(["Model", *write.metrics(width)])]
    names = iter(write.names(12))
    for group in ("Without training", "Trained on all sets")[: write.between(2, 2)]:
        after[len(rows) - 1] = r"\midrule"
        rows.append([_cell(group, rf"\textit{{{group}}}", columns=width + 1)])
        rows += [_cells([next(names), *write.numbers(width)]) for _ in range(write.between(2, 4))]
    return _Drawn("l" + "c" * width, rows, 1, after)


def _group_titles_left(write: _Writer) -> _Drawn:
    """Titles of groups at the left, with the rows below set in."""
    width = write.between(3, 5)
    rows = [_cells(["Model", *write.metrics(width)])]
    names = iter(write.names(12))
    for group in ("Open", "Closed", "Ours")[: write.between(2, 3)]:
        rows.append([_cell(group, rf"\textbf{{{group}}}"), *[_EMPTY] * width])
        for _ in range(write.between(2, 3)):
            name = next(names)
            rows.append([_cell(name, rf"\quad {name}"), *_cells(write.numbers(width))])
    return _Drawn("l" + "c" * width, rows, 1, {0: r"\midrule"})


def _spreads(write: _Writer) -> _Drawn:
    """Numbers that are aligned on ±."""
    width = write.between(2, 4)
    head = [
        _cell("Model"),
        *(_cell(name, rf"\multicolumn{{2}}{{c}}{{{name}}}".replace("%", r"\%")) for name in write.metrics(width)),
    ]
    rows = [head]
    for name in write.names(write.between(4, 7)):
        pairs = [(f"{write.lot.uniform(1, 110):.1f}", f"{write.lot.uniform(0, 4):.1f}") for _ in range(width)]
        rows.append([_cell(name), *(_cell(f"{a} ± {b}", f"{a} & {b}") for a, b in pairs)])
    return _Drawn("l" + r"r@{\,$\pm$\,}l" * width, rows, 1, {0: r"\midrule"})


def _spreads_small(write: _Writer) -> _Drawn:
    """The spread in brackets or small behind the number."""
    width = write.between(3, 5)
    rows = [_cells(["Model", *write.metrics(width)])]
    in_brackets = write.lot.random() < 0.5
    for name in write.names(write.between(4, 7)):
        cells = []
        for _ in range(width):
            a, b = f"{write.lot.uniform(10, 99):.1f}", f"{write.lot.uniform(0, 4):.1f}"
            cells.append(_cell(f"{a} ({b})") if in_brackets else _cell(f"{a} ±{b}", rf"{a} {{\scriptsize$\pm${b}}}"))
        rows.append([_cell(name), *cells])
    return _Drawn("l" + "c" * width, rows, 1, {0: r"\midrule"})


def _marked(write: _Writer) -> _Drawn:
    """Marks of notes in cells and heads."""
    drawn = _scores(write, columns=(3, 5))
    for row in drawn.rows[1::2]:
        at = write.between(0, len(row) - 1)
        mark, tex = write.lot.choice([("a", r"$^{a}$"), ("b", r"$^{b}$"), ("†", r"$^{\dagger}$"), ("*", r"$^{*}$")])
        row[at] = replace(row[at], text=row[at].text + mark, tex=row[at].tex + tex)
    return drawn


def _decimals(write: _Writer) -> _Drawn:
    """Numbers that stand by their points, of different lengths."""
    width = write.between(3, 5)
    rows = [
        [
            _cell("Model"),
            *(_cell(m, rf"\multicolumn{{1}}{{c}}{{{m}}}".replace("%", r"\%")) for m in write.metrics(width)),
        ]
    ]
    for name in write.names(write.between(5, 8)):
        numbers = [
            f"{write.lot.choice([0.02, 3.1, 47.2, 812.5, 1204]) * write.lot.uniform(0.5, 1.5):.{write.between(0, 3)}f}"
            for _ in range(width)
        ]
        rows.append([_cell(name), *_cells(numbers)])
    return _Drawn("l" + "D{.}{.}{4.3}" * width, rows, 1, {0: r"\midrule"})


def _gaps(write: _Writer) -> _Drawn:
    """Cells that are empty, or a dash."""
    drawn = _scores(write, columns=(4, 6), rows=(5, 9))
    for row in drawn.rows[1:]:
        for column in range(1, len(row)):
            chance = write.lot.random()
            if chance < 0.2:
                row[column] = _EMPTY
            elif chance < 0.35:
                row[column] = _cell("–", "--")
    return drawn


def _powers(write: _Writer) -> _Drawn:
    """Thousands, powers of ten, shares, ranges."""
    rows = [_cells(["Site", "Rows", "Rate", "Share", "Range"])]
    for name in write.names(write.between(5, 7)):
        count, rate, share = write.between(1000, 99999), write.lot.uniform(1, 9), write.lot.uniform(1, 99)
        low = write.between(1, 40)
        rows.append([
            _cell(name), _cell(f"{count:,}"), _cell(f"{rate:.1f}×10-3", rf"${rate:.1f}\times10^{{-3}}$"),
            _cell(f"{share:.1f}%"),
            _cell(f"{low}–{low + 7}", f"{low}--{low + 7}"),
        ])  # fmt: skip
    return _Drawn("lrrrr", rows, 1, {0: r"\midrule"})


def _texts(write: _Writer) -> _Drawn:
    """Sentences in columns of fixed width."""
    rows = [_cells(["Task", "What it does", "Count"])]
    for name in write.names(write.between(3, 5)):
        rows.append(_cells([name, f"{write.text()}. {write.text()}.", str(write.between(10, 999))]))
    return _Drawn(r"lp{6.5cm}r", rows, 1, {0: r"\midrule"})


def _texts_ruled(write: _Writer) -> _Drawn:
    drawn = _texts(write)
    return replace_(drawn, spec=r"|l|p{6.5cm}|r|", top=r"\hline", bottom=r"\hline",
                    after=dict.fromkeys(range(len(drawn.rows) - 1), r"\hline"))  # fmt: skip


def _texts_two(write: _Writer) -> _Drawn:
    """Two columns of sentences, rows set apart by space."""
    rows = [_cells(["Kind", "Meaning", "Example"])]
    for name in write.names(write.between(3, 5)):
        rows.append(_cells([name, f"{write.text()}.", f"{write.text()}; {write.text().lower()}."]))
    after = dict.fromkeys(range(1, len(rows) - 1), r"\addlinespace") | {0: r"\midrule"}
    return _Drawn(r"lp{4.2cm}p{5.6cm}", rows, 1, after)


def _wide(write: _Writer) -> _Drawn:
    """Fourteen columns or more."""
    wide = write.between(4, 5)
    return _spanners(write, sets=write.between(3, 4), wide=wide)


def _wide_plain(write: _Writer) -> _Drawn:
    width = write.between(12, 16)
    head = _cells(["Site", *(f"T{n}" if width > 13 else f"{10 * n}%" for n in range(1, width + 1))])
    body = [_cells([name, *write.numbers(width)]) for name in write.names(write.between(6, 12))]
    return _Drawn("l" + "c" * width, [head, *body], 1, {0: r"\midrule"})


def _foot(write: _Writer) -> _Drawn:
    """A last row apart, whose label spans two columns."""
    width = write.between(3, 4)
    rows = [_cells(["Data", "Model", *write.metrics(width)])]
    rows += [
        _cells([name, model, *write.numbers(width)]) for name, model in zip(write.sets(6), write.names(6), strict=True)
    ]
    rows.append([_cell("Mean over all sets", columns=2), *_cells(write.numbers(width))])
    return _Drawn("ll" + "c" * width, rows, 1, {0: r"\midrule", len(rows) - 2: r"\midrule"})


def _bars(write: _Writer) -> _Drawn:
    """Vertical rules between groups of columns."""
    drawn = _spanners(write, sets=2, wide=3)
    drawn.rows[0][1:] = [replace(cell) for cell in drawn.rows[0][1:]]
    return replace_(drawn, spec="l|ccc|ccc", top=r"\hline", bottom=r"\hline", after={1: r"\hline"})


def _long(write: _Writer) -> _Drawn:
    """More rows than a page has."""
    width = write.between(3, 5)
    head = _cells(["No.", "Site", *write.metrics(width)])
    body = [_cells([str(n), write.lot.choice(_NAMES), *write.numbers(width)]) for n in range(1, write.between(60, 80))]
    return _Drawn("rl" + "c" * width, [head, *body], 1, {0: r"\midrule"})


def replace_(drawn: _Drawn, **changes: Any) -> _Drawn:
    """The table drawn otherwise."""
    for name, value in changes.items():
        setattr(drawn, name, value)
    return drawn


# ------------------------------------------------------------------------------------------------ pages

_HEAD = r"""\documentclass[%s]{article}


\usepackage[margin=%s]{geometry}
\usepackage{booktabs,longtable,array,dcolumn,xcolor,colortbl,graphicx,rotating,pdflscape,caption}
%s
\newcommand\mrow[2]{\raisebox{-\dimexpr(#1\normalbaselineskip-\normalbaselineskip)/2}[0pt][0pt]{#2}}
\setlength\tabcolsep{%s}
\begin{document}
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """How tables of a kind are drawn and where they stand."""

    draw: Draw
    place: str = "column"  # column, wide, sideways, landscape, long, beside, parts
    size: str = ""
    columns: int = 1
    caption_below: bool = False
    is_resized: bool = False
    note: bool = False


KINDS: dict[str, Kind] = {
    "ruled": Kind(_ruled),
    "grid": Kind(_grid),
    "unruled": Kind(_unruled),
    "double rules": Kind(_double_rules),
    "bands": Kind(_bands),
    "bold best": Kind(_bold_best),
    "spanning heads": Kind(_spanners),
    "spanning heads without rules": Kind(_spanners_bare),
    "heads that span rows": Kind(_spanners_partly),
    "three rows of heads": Kind(_three_heads),
    "heads of two lines": Kind(_stacked_heads),
    "labels of groups": Kind(_group_labels),
    "labels of groups at the top": Kind(_group_labels_top),
    "titles of groups": Kind(_group_titles),
    "titles of groups at the left": Kind(_group_titles_left),
    "numbers on ±": Kind(_spreads),
    "small spreads": Kind(_spreads_small),
    "marks of notes": Kind(_marked, note=True),
    "by decimal points": Kind(_decimals),
    "gaps": Kind(_gaps),
    "powers": Kind(_powers),
    "sentences": Kind(_texts),
    "sentences ruled": Kind(_texts_ruled),
    "two columns of sentences": Kind(_texts_two),
    "a last row apart": Kind(_foot),
    "vertical rules": Kind(_bars),
    "tiny": Kind(_spanners, size=r"\tiny"),
    "resized": Kind(_wide, is_resized=True),
    "caption below": Kind(_ruled, caption_below=True),
    "two-column paper": Kind(_ruled, columns=2, size=r"\small"),
    "two-column paper, unruled": Kind(_unruled, columns=2, size=r"\footnotesize"),
    "two-column paper, spanning": Kind(_spanners, columns=2, size=r"\scriptsize"),
    "across two columns": Kind(_spanners, columns=2, place="wide"),
    "across two columns, wide": Kind(_wide, columns=2, place="wide", is_resized=True),
    "across two columns, sentences": Kind(_texts_two, columns=2, place="wide"),
    "across two columns, unruled": Kind(_unruled, columns=2, place="wide"),
    "sideways": Kind(_wide, place="sideways", is_resized=True),
    "sideways, plain": Kind(_wide_plain, place="sideways"),
    "sideways, sentences": Kind(_texts_two, place="sideways"),
    "sideways in two columns": Kind(_wide_plain, place="sideways", columns=2, size=r"\small"),
    "landscape page": Kind(_wide_plain, place="landscape"),
    "landscape, heads": Kind(_wide, place="landscape", size=r"\footnotesize"),
    "over pages": Kind(_long, place="long"),
    "over pages, small": Kind(_long, place="long", size=r"\small"),
    "parts": Kind(_ruled, place="parts"),
    "side by side": Kind(lambda w: _scores(w, columns=(2, 3), rows=(4, 6)), place="beside", size=r"\small"),
    "side by side, unlike": Kind(lambda w: _spanners(w, sets=1, wide=2), place="beside", size=r"\footnotesize"),
    "resized, plain": Kind(_wide_plain, is_resized=True),
    "two-column paper, labels": Kind(_group_labels, columns=2, size=r"\scriptsize"),
    "two-column paper, caption below": Kind(_bold_best, columns=2, size=r"\footnotesize", caption_below=True),
}
KEPT = frozenset(random.Random("tables kept apart").sample(sorted(KINDS), len(KINDS) // 2))
"""Of these kinds faults are not looked at while one works."""


def _printed(name: str, number: int) -> tuple[str, list[dict[str, Any]]]:
    """LaTeX of a paper with a table of the kind, and what its tables hold."""
    kind, write = KINDS[name], _Writer(f"{name} {number}")
    options = ["a4paper", write.lot.choice(["10pt", "11pt"] if kind.columns == 1 else ["10pt"])]
    options += ["twocolumn"] * (kind.columns == 2)
    fonts = write.lot.choice(
        ["", r"\usepackage{mathptmx}", r"\usepackage[scaled=0.92]{helvet}\renewcommand\familydefault{\sfdefault}"]
    )
    gap = "4pt" if kind.columns == 2 or kind.place == "beside" else write.lot.choice(["4pt", "6pt", "8pt"])
    if "wide" in name or "resized" in name or kind.draw is _wide_plain:
        gap = "3pt"
    tex = _HEAD % (",".join(options), "2cm" if kind.columns == 2 else "2.5cm", fonts, gap)
    tex += rf"\title{{{write.prose(1)[:50]}}}\author{{A. Writer}}\date{{}}\maketitle" + "\n"
    if write.lot.random() < 0.5:
        tex += rf"\begin{{abstract}}{write.prose(4)}\end{{abstract}}" + "\n"
    tex += r"\section{Introduction}" + "\n" + "\n\n".join(write.prose(5) for _ in range(3)) + "\n"
    drawn = [kind.draw(write)]
    if kind.place in ("beside", "parts"):
        drawn.append(replace_(kind.draw(write), label="Table 2" if kind.place == "beside" else "Table 1"))
    tex += _floated(kind, drawn, write)
    tex += "\n\n" + r"\section{Results}" + "\n" + "\n\n".join(write.prose(6) for _ in range(6 + 4 * (kind.columns - 1)))
    return tex + "\n" + r"\end{document}" + "\n", [one.truth() for one in drawn]


def _floated(kind: Kind, drawn: list[_Drawn], write: _Writer) -> str:
    captions = [rf"\caption{{{write.caption()}}}" for _ in drawn]
    tabulars = [one.tabular() for one in drawn]
    if kind.is_resized:
        tabulars = [rf"\resizebox{{\linewidth}}{{!}}{{{one}}}" for one in tabulars]
    note = (
        "\n\n"
        r"{\footnotesize $^{a}$ Mean of three runs. $^{b}$ As printed there. $^{\dagger}$ Not ours. $^{*}$ By hand.}"
        if kind.note
        else ""
    )
    if kind.place == "long":
        one = drawn[0]
        head, rest = one.body().split("\n", 1)
        return (
            rf"{{{kind.size} \begin{{longtable}}{{{one.spec}}} {captions[0]} \\ \toprule {head} \endfirsthead" + "\n"
            rf"\multicolumn{{{len(one.rows[0])}}}{{c}}{{Table 1 (continued)}} \\ \toprule {head} \endhead"
            rf" \bottomrule \endfoot"
            + f"\n{rest}\n" + r"\end{longtable}}"
        )  # fmt: skip
    if kind.place == "beside":
        parts = [
            rf"\begin{{minipage}}{{0.48\textwidth}}\centering {c} {kind.size} {t} \end{{minipage}}"
            for c, t in zip(captions, tabulars, strict=True)
        ]
        return r"\begin{table}[t]" + r"\hfill".join(parts) + r"\end{table}"
    if kind.place == "parts":
        first = rf"\begin{{table}}[t]\centering {captions[0]} {kind.size} {tabulars[0]} \end{{table}}"
        again = r"\addtocounter{table}{-1}\caption{(continued)}"
        return (
            first
            + "\n"
            + write.prose(9)
            + "\n\n"
            + rf"\begin{{table}}[p]\centering {again} {kind.size} {tabulars[1]} \end{{table}}"
        )
    name = {
        "column": "table",
        "wide": "table*",
        "sideways": "sidewaystable" + "*" * (kind.columns == 2),
        "landscape": "table",
    }[kind.place]
    body = [captions[0], f"{{{kind.size} {tabulars[0]}}}{note}"]
    inner = "\n".join(reversed(body) if kind.caption_below else body)
    made = rf"\begin{{{name}}}{'' if 'sideways' in name else '[t]'}\centering {inner} \end{{{name}}}"
    return rf"\begin{{landscape}} {made} \end{{landscape}}" if kind.place == "landscape" else made


def _pdf(folder: Path, name: str, number: int) -> tuple[Path, list[dict[str, Any]]]:
    tex, truth = _printed(name, number)
    stem = f"{name.replace(' ', '-').replace(',', '').replace('±', 'pm')}-{number}"
    path = folder / f"{stem}.pdf"
    source = folder / f"{stem}.tex"
    if not path.exists() or not source.exists() or source.read_text("utf-8") != tex:
        source.write_text(tex, "utf-8")
        for _ in range(2):  # longtable finds its widths in the second run
            done = subprocess.run(
                ["pdflatex", "-interaction=batchmode", source.name], cwd=folder, capture_output=True, check=False
            )
        if done.returncode or not path.exists():
            raise SystemExit(f"{source}: pdflatex could not set it: look at its log")
    return path, truth


def _points(path: Path, truth: Sequence[dict[str, Any]]) -> list[Point]:
    """Scores of one file; parts of a table under one label are one."""
    found: dict[str, dict[str, Any]] = {}
    for table in read(path)["tables"]:
        key = label_number(table["label"])
        if key in found and table["label"]:
            head = table["header_rows"]
            again = table["rows"][:head] == found[key]["rows"][:head]
            found[key]["rows"] += table["rows"][head if again else 0 :]
        else:
            found[key or str(len(found))] = {**table, "page": 0}
    merged: dict[str, dict[str, Any]] = {}
    for one in truth:
        if (known := merged.get(one["label"])) is not None:
            known["rows"] = known["rows"] + one["rows"][one["header_rows"] * (one["rows"][0] == known["rows"][0]) :]
        else:
            merged[one["label"]] = dict(one)
    return list(tables({"tables": list(merged.values())}, {"tables": list(found.values())}))


def main() -> None:
    """Print, read, score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kind", default="")
    parser.add_argument("--faults", action="store_true", help="name what was read wrong, but of kinds kept apart")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    jobs = [(name, number) for name in KINDS if asked.kind in name for number in range(EACH)]
    with ThreadPoolExecutor(1) as pool:
        printed = list(pool.map(lambda job: _pdf(asked.folder, *job), jobs))
    halves: dict[str, list[Point]] = defaultdict(list)
    for (name, number), (path, truth) in zip(jobs, printed, strict=True):
        points = _points(path, truth)
        halves["kept apart" if name in KEPT else "open"] += points
        for point in points if asked.faults and name not in KEPT else ():
            if point.fault:
                print(f"{name} {number} · {point.name} · {point.fault}")
    print_table({half: summed(points) for half, points in halves.items()}, counted=True)


if __name__ == "__main__":
    main()
