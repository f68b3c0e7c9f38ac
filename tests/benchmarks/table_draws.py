"""What tables of papers look like: cells whose text is known, and how LaTeX draws them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

_WORDS = (
    "the model reads each page of a long report and keeps what it needs for later use while other systems forget most"
    " words that they met before so their answers drift away from facts we found that small changes of training help"
    " more than new layers because noise in data hides real gains and errors add up over many steps as shown below"
).split()
NAMES = (
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
class Cell:
    """A printed cell: its text as it reads, how LaTeX sets it, and how many columns and rows it spans."""

    text: str
    tex: str
    columns: int = 1
    rows: int = 1


@dataclass(slots=True)
class Drawn:
    """A table being drawn: rows of cells, the head's rows, and what LaTeX has after each row."""

    spec: str
    rows: list[list[Cell]]
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


def _tex(cell: Cell) -> str:
    tex = rf"\mrow{{{cell.rows}}}{{{cell.tex}}}" if cell.rows > 1 else cell.tex
    return rf"\multicolumn{{{cell.columns}}}{{c}}{{{tex}}}" if cell.columns > 1 else tex


def cell_of(text: str, tex: str | None = None, **spans: int) -> Cell:
    return Cell(text, text.replace("%", r"\%").replace("#", r"\#") if tex is None else tex, **spans)


def cells_of(texts: Sequence[str]) -> list[Cell]:
    return [cell_of(text) for text in texts]


EMPTY = cell_of("")


class Writer:
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
        chosen = self.lot.sample(NAMES, count)
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


Draw = Callable[[Writer], Drawn]


def scores(
    write: Writer, *, spec: str = "", columns: tuple[int, int] = (3, 6), rows: tuple[int, int] = (4, 9)
) -> Drawn:
    """The plainest: names, measures, numbers."""
    width = write.between(*columns)
    head = cells_of(["Model", *write.metrics(width)])
    body = [cells_of([name, *write.numbers(width)]) for name in write.names(write.between(*rows))]
    return Drawn(spec or "l" + "c" * width, [head, *body], 1, {0: r"\midrule"})


def ruled(write: Writer) -> Drawn:
    return scores(write)


def grid(write: Writer) -> Drawn:
    drawn = scores(write, columns=(3, 5))
    width = len(drawn.rows[0])
    rules = dict.fromkeys(range(len(drawn.rows) - 1), r"\hline")
    return redrawn(drawn, spec="|l|" + "c|" * (width - 1), after=rules, top=r"\hline", bottom=r"\hline")


def unruled(write: Writer) -> Drawn:
    return redrawn(scores(write), after={}, top="", bottom="")


def double_rules(write: Writer) -> Drawn:
    drawn = scores(write, columns=(3, 5))
    return redrawn(drawn, after={0: r"\hline"}, top=r"\hline\hline", bottom=r"\hline\hline")


def bands(write: Writer) -> Drawn:
    drawn = scores(write)
    for row in drawn.rows[1::2]:
        row[0] = replace(row[0], tex=r"\rowcolor{gray!20} " + row[0].tex)
    return drawn


def bold_best(write: Writer) -> Drawn:
    drawn = scores(write, columns=(4, 6))
    for column in range(1, len(drawn.rows[0])):
        row = write.between(1, len(drawn.rows) - 1)
        cell = drawn.rows[row][column]
        drawn.rows[row][column] = replace(cell, tex=rf"\textbf{{{cell.tex}}}")
        other = drawn.rows[1 + row % (len(drawn.rows) - 1)][column]
        drawn.rows[1 + row % (len(drawn.rows) - 1)][column] = replace(other, tex=rf"\underline{{{other.text}}}")
    return drawn


def spanners(write: Writer, *, sets: int = 0, wide: int = 0) -> Drawn:
    """Two rows of heads, the upper one over several columns each."""
    sets, wide = sets or write.between(2, 3), wide or write.between(2, 3)
    metrics = write.metrics(wide)
    upper = [cell_of("Model", rows=2), *(cell_of(name, columns=wide) for name in write.sets(sets))]
    lower = [EMPTY, *cells_of(metrics * sets)]
    body = [cells_of([name, *write.numbers(wide * sets)]) for name in write.names(write.between(4, 8))]
    rules = " ".join(rf"\cmidrule(lr){{{2 + wide * n}-{1 + wide * (n + 1)}}}" for n in range(sets))
    return Drawn("l" + "c" * wide * sets, [upper, lower, *body], 2, {0: rules, 1: r"\midrule"})


def spanners_bare(write: Writer) -> Drawn:
    """The same without rules below the spanning heads, and nothing over the labels."""
    drawn = spanners(write)
    drawn.rows[0][0] = EMPTY
    drawn.rows[1][0] = cell_of("Model")
    return redrawn(drawn, after={1: r"\midrule"})


def spanners_partly(write: Writer) -> Drawn:
    """Some heads span two columns, others two rows."""
    first, second, third = write.sets(3)
    upper = [cell_of("Model", rows=2), cell_of(first, columns=2), cell_of(second, rows=2), cell_of(third, columns=2)]
    lower = [EMPTY, *cells_of(["Prec.", "Rec."]), EMPTY, *cells_of(["dev", "test"])]
    body = [cells_of([name, *write.numbers(5)]) for name in write.names(write.between(4, 7))]
    rules = r"\cmidrule(lr){2-3} \cmidrule(lr){5-6}"
    return Drawn("lccccc", [upper, lower, *body], 2, {0: rules, 1: r"\midrule"})


def three_heads(write: Writer) -> Drawn:
    first, second = write.sets(2)
    top = [EMPTY, cell_of(first, columns=4), cell_of(second, columns=4)]
    middle = [EMPTY, *(cell_of(text, columns=2) for text in ("dev", "test", "dev", "test"))]
    low = [cell_of("Model"), *cells_of(["P", "R"] * 4)]
    body = [cells_of([name, *write.numbers(8)]) for name in write.names(write.between(4, 7))]
    after = {
        0: r"\cmidrule(lr){2-5} \cmidrule(lr){6-9}",
        1: r"\cmidrule(lr){2-3} \cmidrule(lr){4-5} \cmidrule(lr){6-7} \cmidrule(lr){8-9}", 2: r"\midrule",
    }  # fmt: skip
    return Drawn("l" + "c" * 8, [top, middle, low, *body], 3, after)


def stacked_heads(write: Writer) -> Drawn:
    """Heads of two lines, which are one row."""
    drawn = scores(write, columns=(3, 5))
    pairs = [("Mean", "score"), ("Pages", "per hour"), ("Share", "of all (%)"), ("First", "pass"), ("Error", "rate")]
    for column, (one, two) in enumerate(write.lot.sample(pairs, len(drawn.rows[0]) - 1), start=1):
        drawn.rows[0][column] = cell_of(f"{one} {two}", rf"\shortstack{{{one}\\{two}}}".replace("%", r"\%"))
    return drawn


def group_labels(write: Writer) -> Drawn:
    """The first column names groups of rows, in the middle of each."""
    width, rows, after = write.between(3, 4), list[list[Cell]](), {0: r"\midrule"}
    names = iter(write.names(12))
    groups = write.between(2, 3)
    for number, group in enumerate(write.sets(groups)):
        count = write.between(2, 4)
        for n in range(count):
            first = cell_of(group, rows=count) if n == 0 else EMPTY
            rows.append([first, *cells_of([next(names), *write.numbers(width)])])
        if number + 1 < groups:
            after[len(rows)] = r"\midrule"
    head = cells_of(["Data", "Model", *write.metrics(width)])
    return Drawn("ll" + "c" * width, [head, *rows], 1, after)


def group_labels_top(write: Writer) -> Drawn:
    """The same with the name at the top of its group, and no rules between."""
    drawn = group_labels(write)
    for row in drawn.rows:
        row[0] = replace(row[0], rows=1)
    return redrawn(drawn, after={0: r"\midrule"})


def group_titles(write: Writer) -> Drawn:
    """Titles of groups across all columns, in the middle."""
    width, after = write.between(3, 5), {0: r"\midrule"}
    rows = [cells_of(["Model", *write.metrics(width)])]
    names = iter(write.names(12))
    for group in ("Without training", "Trained on all sets")[: write.between(2, 2)]:
        after[len(rows) - 1] = r"\midrule"
        rows.append([cell_of(group, rf"\textit{{{group}}}", columns=width + 1)])
        rows += [cells_of([next(names), *write.numbers(width)]) for _ in range(write.between(2, 4))]
    return Drawn("l" + "c" * width, rows, 1, after)


def group_titles_left(write: Writer) -> Drawn:
    """Titles of groups at the left, with the rows below set in."""
    width = write.between(3, 5)
    rows = [cells_of(["Model", *write.metrics(width)])]
    names = iter(write.names(12))
    for group in ("Open", "Closed", "Ours")[: write.between(2, 3)]:
        rows.append([cell_of(group, rf"\textbf{{{group}}}"), *[EMPTY] * width])
        for _ in range(write.between(2, 3)):
            name = next(names)
            rows.append([cell_of(name, rf"\quad {name}"), *cells_of(write.numbers(width))])
    return Drawn("l" + "c" * width, rows, 1, {0: r"\midrule"})


def spreads(write: Writer) -> Drawn:
    """Numbers that are aligned on ±."""
    width = write.between(2, 4)
    head = [
        cell_of("Model"),
        *(cell_of(name, rf"\multicolumn{{2}}{{c}}{{{name}}}".replace("%", r"\%")) for name in write.metrics(width)),
    ]
    rows = [head]
    for name in write.names(write.between(4, 7)):
        pairs = [(f"{write.lot.uniform(1, 110):.1f}", f"{write.lot.uniform(0, 4):.1f}") for _ in range(width)]
        rows.append([cell_of(name), *(cell_of(f"{a} ± {b}", f"{a} & {b}") for a, b in pairs)])
    return Drawn("l" + r"r@{\,$\pm$\,}l" * width, rows, 1, {0: r"\midrule"})


def spreads_small(write: Writer) -> Drawn:
    """The spread in brackets or small behind the number."""
    width = write.between(3, 5)
    rows = [cells_of(["Model", *write.metrics(width)])]
    in_brackets = write.lot.random() < 0.5
    for name in write.names(write.between(4, 7)):
        cells = []
        for _ in range(width):
            a, b = f"{write.lot.uniform(10, 99):.1f}", f"{write.lot.uniform(0, 4):.1f}"
            cells.append(
                cell_of(f"{a} ({b})") if in_brackets else cell_of(f"{a} ±{b}", rf"{a} {{\scriptsize$\pm${b}}}")
            )
        rows.append([cell_of(name), *cells])
    return Drawn("l" + "c" * width, rows, 1, {0: r"\midrule"})


def marked(write: Writer) -> Drawn:
    """Marks of notes in cells and heads."""
    drawn = scores(write, columns=(3, 5))
    for row in drawn.rows[1::2]:
        at = write.between(0, len(row) - 1)
        mark, tex = write.lot.choice([("a", r"$^{a}$"), ("b", r"$^{b}$"), ("†", r"$^{\dagger}$"), ("*", r"$^{*}$")])
        row[at] = replace(row[at], text=row[at].text + mark, tex=row[at].tex + tex)
    return drawn


def decimals(write: Writer) -> Drawn:
    """Numbers that stand by their points, of different lengths."""
    width = write.between(3, 5)
    rows = [
        [
            cell_of("Model"),
            *(cell_of(m, rf"\multicolumn{{1}}{{c}}{{{m}}}".replace("%", r"\%")) for m in write.metrics(width)),
        ]
    ]
    for name in write.names(write.between(5, 8)):
        numbers = [
            f"{write.lot.choice([0.02, 3.1, 47.2, 812.5, 1204]) * write.lot.uniform(0.5, 1.5):.{write.between(0, 3)}f}"
            for _ in range(width)
        ]
        rows.append([cell_of(name), *cells_of(numbers)])
    return Drawn("l" + "D{.}{.}{4.3}" * width, rows, 1, {0: r"\midrule"})


def gaps(write: Writer) -> Drawn:
    """Cells that are empty, or a dash."""
    drawn = scores(write, columns=(4, 6), rows=(5, 9))
    for row in drawn.rows[1:]:
        for column in range(1, len(row)):
            chance = write.lot.random()
            if chance < 0.2:
                row[column] = EMPTY
            elif chance < 0.35:
                row[column] = cell_of("–", "--")
    return drawn


def powers(write: Writer) -> Drawn:
    """Thousands, powers of ten, shares, ranges."""
    rows = [cells_of(["Site", "Rows", "Rate", "Share", "Range"])]
    for name in write.names(write.between(5, 7)):
        count, rate, share = write.between(1000, 99999), write.lot.uniform(1, 9), write.lot.uniform(1, 99)
        low = write.between(1, 40)
        rows.append([
            cell_of(name), cell_of(f"{count:,}"), cell_of(f"{rate:.1f}×10^-3", rf"${rate:.1f}\times10^{{-3}}$"),
            cell_of(f"{share:.1f}%"),
            cell_of(f"{low}–{low + 7}", f"{low}--{low + 7}"),
        ])  # fmt: skip
    return Drawn("lrrrr", rows, 1, {0: r"\midrule"})


def texts(write: Writer) -> Drawn:
    """Sentences in columns of fixed width."""
    rows = [cells_of(["Task", "What it does", "Count"])]
    for name in write.names(write.between(3, 5)):
        rows.append(cells_of([name, f"{write.text()}. {write.text()}.", str(write.between(10, 999))]))
    return Drawn(r"lp{6.5cm}r", rows, 1, {0: r"\midrule"})


def texts_ruled(write: Writer) -> Drawn:
    drawn = texts(write)
    return redrawn(drawn, spec=r"|l|p{6.5cm}|r|", top=r"\hline", bottom=r"\hline",
                    after=dict.fromkeys(range(len(drawn.rows) - 1), r"\hline"))  # fmt: skip


def texts_two(write: Writer) -> Drawn:
    """Two columns of sentences, rows set apart by space."""
    rows = [cells_of(["Kind", "Meaning", "Example"])]
    for name in write.names(write.between(3, 5)):
        rows.append(cells_of([name, f"{write.text()}.", f"{write.text()}; {write.text().lower()}."]))
    after = dict.fromkeys(range(1, len(rows) - 1), r"\addlinespace") | {0: r"\midrule"}
    return Drawn(r"lp{4.2cm}p{5.6cm}", rows, 1, after)


def wide(write: Writer) -> Drawn:
    """Fourteen columns or more."""
    wide = write.between(4, 5)
    return spanners(write, sets=write.between(3, 4), wide=wide)


def wide_plain(write: Writer) -> Drawn:
    width = write.between(12, 16)
    head = cells_of(["Site", *(f"T{n}" if width > 13 else f"{10 * n}%" for n in range(1, width + 1))])
    body = [cells_of([name, *write.numbers(width)]) for name in write.names(write.between(6, 12))]
    return Drawn("l" + "c" * width, [head, *body], 1, {0: r"\midrule"})


def foot(write: Writer) -> Drawn:
    """A last row apart, whose label spans two columns."""
    width = write.between(3, 4)
    rows = [cells_of(["Data", "Model", *write.metrics(width)])]
    rows += [
        cells_of([name, model, *write.numbers(width)])
        for name, model in zip(write.sets(6), write.names(6), strict=True)
    ]
    rows.append([cell_of("Mean over all sets", columns=2), *cells_of(write.numbers(width))])
    return Drawn("ll" + "c" * width, rows, 1, {0: r"\midrule", len(rows) - 2: r"\midrule"})


def bars(write: Writer) -> Drawn:
    """Vertical rules between groups of columns."""
    drawn = spanners(write, sets=2, wide=3)
    drawn.rows[0][1:] = [replace(cell) for cell in drawn.rows[0][1:]]
    return redrawn(drawn, spec="l|ccc|ccc", top=r"\hline", bottom=r"\hline", after={1: r"\hline"})


def long(write: Writer) -> Drawn:
    """More rows than a page has."""
    width = write.between(3, 5)
    head = cells_of(["No.", "Site", *write.metrics(width)])
    body = [cells_of([str(n), write.lot.choice(NAMES), *write.numbers(width)]) for n in range(1, write.between(60, 80))]
    return Drawn("rl" + "c" * width, [head, *body], 1, {0: r"\midrule"})


def redrawn(drawn: Drawn, **changes: Any) -> Drawn:
    """The table drawn otherwise."""
    for name, value in changes.items():
        setattr(drawn, name, value)
    return drawn
