"""Tables that ask more of a reader: many columns, heads in three rows, cells of several lines, and numbers with powers,
spreads and indices. Where LaTeX raises or lowers digits behind others, the known text says so: "10^19", "84.2_0.3"."""

from __future__ import annotations

from tests.benchmarks.table_draws import (
    EMPTY,
    NAMES,
    Cell,
    Drawn,
    Writer,
    cell_of,
    cells_of,
    group_labels,
    marked,
    redrawn,
    scores,
    spanners,
)


def _body(write: Writer, width: int, rows: tuple[int, int] = (5, 9)) -> list[list[Cell]]:
    return [cells_of([name, *write.numbers(width)]) for name in write.names(write.between(*rows))]


def many_columns(write: Writer) -> Drawn:
    """Fifteen to twenty-five columns under years or short names."""
    width = write.between(15, 24)
    first = write.between(1980, 1999)
    names = [str(first + n) for n in range(width)]
    return Drawn("l" + "r" * width, [cells_of(["Site", *names]), *_body(write, width)], 1, {0: r"\midrule"})


def many_gaps(write: Writer) -> Drawn:
    """The same with many cells empty."""
    drawn = many_columns(write)
    for row in drawn.rows[1:]:
        for column in range(1, len(row)):
            if write.lot.random() < 0.35:
                row[column] = EMPTY
    return drawn


def whole_page(write: Writer) -> Drawn:
    """Many rows of many columns, some rows titles of groups."""
    width = write.between(9, 13)
    rows = [cells_of(["Site", *(f"T{n}" for n in range(1, width + 1))])]
    after = {0: r"\midrule"}
    for number, group in enumerate(write.sets(3)):
        if number:
            after[len(rows) - 1] = r"\midrule"
        rows.append([cell_of(group, rf"\textit{{{group}}}", columns=width + 1)])
        rows += _body(write, width, (5, 7))
    return Drawn("l" + "c" * width, rows, 1, after)


def three_heads_wide(write: Writer) -> Drawn:
    """Heads in three rows, with rules below some of them, and columns that only the lowest names."""
    first, second = write.sets(2)
    top = [EMPTY, EMPTY, cell_of(first, columns=6), cell_of(second, columns=4), EMPTY]
    middle = [EMPTY, EMPTY, *(cell_of(text, columns=2) for text in ("dev", "test", "all", "dev", "test")), EMPTY]
    low = [*cells_of(["Model", "Size"]), *cells_of(["P", "R"] * 5), cell_of("Mean")]
    rules = " ".join(rf"\cmidrule(lr){{{at}-{at + 1}}}" for at in range(3, 12, 2))
    body = [cells_of([name, f"{write.between(1, 70)}B", *write.numbers(11)]) for name in write.names(6)]
    after = {0: r"\cmidrule(lr){3-8} \cmidrule(lr){9-12}", 1: rules, 2: r"\midrule"}
    return Drawn("ll" + "c" * 11, [top, middle, low, *body], 3, after)


def uneven_heads(write: Writer) -> Drawn:
    """Heads over two, three and four columns, beside heads that stand for both rows."""
    names = write.sets(3)
    widths = write.lot.sample([2, 3, 4], 3)
    upper = [cell_of("Model", rows=2), *(cell_of(n, columns=w) for n, w in zip(names, widths, strict=True))]
    upper.append(cell_of("Cost", rows=2))
    lower = [EMPTY, *(cell_of(m) for w in widths for m in write.metrics(w)), EMPTY]
    at, rules = 2, ""
    for width in widths:
        rules += rf"\cmidrule(lr){{{at}-{at + width - 1}}} "
        at += width
    return Drawn("l" + "c" * 10, [upper, lower, *_body(write, 10)], 2, {0: rules, 1: r"\midrule"})


def groups_of_rows(write: Writer) -> Drawn:
    """Labels of groups of rows beside many columns."""
    drawn = group_labels(write)
    width = 10
    for number, row in enumerate(drawn.rows):
        row[2:] = cells_of([f"T{n}" for n in range(1, width + 1)] if number == 0 else write.numbers(width))
    return redrawn(drawn, spec="ll" + "c" * width)


def spreads_wide(write: Writer) -> Drawn:
    """Number and spread in each of many cells."""
    width = write.between(6, 8)
    rows = [cells_of(["Model", *write.metrics(width)])]
    for name in write.names(write.between(5, 8)):
        pairs = [(f"{write.lot.uniform(1, 99):.1f}", f"{write.lot.uniform(0, 4):.2f}") for _ in range(width)]
        rows.append([cell_of(name), *(cell_of(f"{a} ± {b}", rf"${a} \pm {b}$") for a, b in pairs)])
    return Drawn("l" + "c" * width, rows, 1, {0: r"\midrule"})


def spreads_lowered(write: Writer) -> Drawn:
    """The spread lowered, with its sign or without."""
    width, is_signed = write.between(4, 7), write.lot.random() < 0.5
    rows = [cells_of(["Model", *write.metrics(width)])]
    for name in write.names(write.between(5, 8)):
        pairs = [(f"{write.lot.uniform(1, 99):.1f}", f"{write.lot.uniform(0, 4):.2f}") for _ in range(width)]
        told = [
            cell_of(f"{a}±{b}", rf"${a}_{{\pm {b}}}$") if is_signed else cell_of(f"{a}_{b}", f"${a}_{{{b}}}$")
            for a, b in pairs
        ]
        rows.append([cell_of(name), *told])
    return Drawn("l" + "c" * width, rows, 1, {0: r"\midrule"})


def both_errors(write: Writer) -> Drawn:
    """Errors upwards and downwards."""
    width = write.between(3, 5)
    rows = [cells_of(["Star", *(f"T{n}" for n in range(1, width + 1))])]
    for name in write.lot.sample(NAMES, write.between(5, 8)):
        cells = []
        for _ in range(width):
            a, b, c = (f"{write.lot.uniform(low, high):.2f}" for low, high in ((1, 99), (0, 3), (0, 3)))
            cells.append(cell_of(f"{a}^+{b}_-{c}", rf"${a}^{{+{b}}}_{{-{c}}}$"))
        rows.append([cell_of(name), *cells])
    return Drawn("l" + "c" * width, rows, 1, {0: r"\midrule"})


def _power(write: Writer) -> Cell:
    digits, power = f"{write.lot.uniform(1, 9):.1f}", write.lot.choice([-9, -5, -3, 4, 6, 12, 19])
    return write.lot.choice([
        cell_of(f"10^{power}", f"$10^{{{power}}}$"),
        cell_of(f"10^{power}", f"10$^{{{power}}}$"),
        cell_of(f"{digits}×10^{power}", rf"${digits}\times 10^{{{power}}}$"),
        cell_of(f"{digits} · 10^{power}", rf"${digits} \cdot 10^{{{power}}}$"),
    ])  # fmt: skip


def exponents(write: Writer) -> Drawn:
    """Powers of ten in cells and in heads."""
    units = [
        cell_of("Area (m^2)", r"Area (m$^2$)"), cell_of("Flow (m^3 s^-1)", r"Flow (m$^3$ s$^{-1}$)"),
        cell_of("Steps (×10^6)", r"Steps ($\times 10^6$)"), cell_of("Cost", "Cost"),
    ]  # fmt: skip
    rows = [[cell_of("Model"), *units]]
    for name in write.names(write.between(5, 8)):
        plain = [cell_of(text) for text in write.numbers(2)]
        rows.append([cell_of(name), plain[0], _power(write), plain[1], _power(write)])
    return Drawn("lcccc", rows, 1, {0: r"\midrule"})


def exponents_wide(write: Writer) -> Drawn:
    """Powers in most of ten columns."""
    rows = [cells_of(["Model", *(f"T{n}" for n in range(1, 11))])]
    for name in write.names(write.between(6, 9)):
        cells = [_power(write) if n % 3 else cell_of(write.number()) for n in range(10)]
        rows.append([cell_of(name), *cells])
    return Drawn("l" + "r" * 10, rows, 1, {0: r"\midrule"})


def exponents_and_marks(write: Writer) -> Drawn:
    """Powers beside numbers with the marks of notes."""
    drawn = marked(write)
    for row in drawn.rows[1:]:
        row.append(_power(write))
    drawn.rows[0].append(cell_of("FLOPs"))
    return redrawn(drawn, spec=drawn.spec + "r")


def indices(write: Writer) -> Drawn:
    """Lowered letters and digits in names, which read on, and numbered notes behind numbers, which must not."""
    names = [
        ("CO2", r"CO$_2$"), ("H2O", r"H$_2$O"), ("dmodel", r"$d_{\mathrm{model}}$"), ("x1", "$x_1$"),
        ("NO3", r"NO$_3$"), ("kmax", r"$k_{\max}$"),
    ]  # fmt: skip
    width = write.between(4, 6)
    rows = [[cell_of("Sample"), *(cell_of(*name) for name in write.lot.sample(names, width))]]
    for name in write.names(write.between(5, 8)):
        row = cells_of([name, *write.numbers(width)])
        at, note = write.between(1, width), write.between(1, 3)
        row[at] = cell_of(f"{row[at].text}^{note}", f"{row[at].tex}$^{{{note}}}$")
        rows.append(row)
    return Drawn("l" + "c" * width, rows, 1, {0: r"\midrule"})


def shares(write: Writer) -> Drawn:
    """Counts with shares in brackets under groups with their sizes."""
    width = write.between(5, 8)
    rows = [
        [cell_of("Characteristic"), *(cell_of(f"Q{n} (n = {write.between(20, 999)})") for n in range(1, width + 1))]
    ]
    for name in write.lot.sample(NAMES, write.between(6, 9)):
        rows.append(
            cells_of([name, *(f"{write.between(1, 999)} ({write.lot.uniform(1, 99):.1f}%)" for _ in range(width))])
        )
    return Drawn("l" + "c" * width, rows, 1, {0: r"\midrule"})


def intervals(write: Writer) -> Drawn:
    """Estimates with intervals and p-values, twice under a head each."""
    first, second = write.sets(2)
    upper = [cell_of("Factor", rows=2), cell_of(first, columns=3), cell_of(second, columns=3)]
    lower = [EMPTY, *cells_of(["OR", "95% CI", "p"] * 2)]
    rows = [upper, lower]
    for name in write.lot.sample(NAMES, write.between(6, 9)):
        texts: list[str] = []
        for _ in range(2):
            low = write.lot.uniform(0.1, 1)
            texts += [f"{low + 0.2:.2f}", f"({low:.2f}–{low + 0.5:.2f})", f"<0.0{write.between(1, 9)}"]
        row = [cell_of(name)]
        row += [cell_of(text, text.replace("–", "--").replace("<", "$<$")) for text in texts]
        rows.append(row)
    rules = r"\cmidrule(lr){2-4} \cmidrule(lr){5-7}"
    return Drawn("l" + "c" * 6, rows, 2, {0: rules, 1: r"\midrule"})


def units_below(write: Writer) -> Drawn:
    """Heads whose units stand on a line of their own."""
    width = write.between(8, 11)
    pairs = [("Rain", "(mm)"), ("Flow", r"(m$^3$/s)"), ("Depth", "(m)"), ("Wind", r"(m s$^{-1}$)"), ("Heat", r"(\%)")]
    chosen = [write.lot.choice(pairs) for _ in range(width)]
    plain = str.maketrans({"$": "", "{": "", "}": "", "\\": ""})
    heads = [cell_of(f"{a} {b}".translate(plain), rf"\shortstack{{{a}\\{b}}}") for a, b in chosen]
    return Drawn("l" + "c" * width, [[cell_of("Site"), *heads], *_body(write, width)], 1, {0: r"\midrule"})


def lines_in_cells(write: Writer) -> Drawn:
    """Several narrow columns of text of several lines beside numbers."""
    rows = [cells_of(["Site", "Aim", "Data", "n", "Score", "Remark", "Year"])]
    for name in write.lot.sample(NAMES, write.between(4, 6)):
        number, score, year = str(write.between(10, 999)), write.number(), str(write.between(1990, 2024))
        rows.append(cells_of([name, write.text(), write.text(), number, score, f"{write.text()}.", year]))
    after = dict.fromkeys(range(1, len(rows) - 1), r"\addlinespace") | {0: r"\midrule"}
    return Drawn("lp{3.4cm}p{3.4cm}rrp{4cm}r", rows, 1, after)


def lines_ruled(write: Writer) -> Drawn:
    """The same with rules around all cells."""
    drawn = lines_in_cells(write)
    rules = dict.fromkeys(range(len(drawn.rows) - 1), r"\hline")
    return redrawn(drawn, spec="|l|p{3.4cm}|p{3.4cm}|r|r|p{4cm}|r|", top=r"\hline", bottom=r"\hline", after=rules)


def thousands(write: Writer) -> Drawn:
    """Thousands apart by thin blanks."""
    width = write.between(4, 7)
    rows = [cells_of(["Site", *(f"T{n}" for n in range(1, width + 1))])]
    for name in write.lot.sample(NAMES, write.between(5, 9)):
        texts = [f"{int(10 ** write.lot.uniform(2.5, 7.5)):,}" for _ in range(width)]
        rows.append([cell_of(name), *(cell_of(t.replace(",", " "), t.replace(",", r"\,")) for t in texts)])
    return Drawn("l" + "r" * width, rows, 1, {0: r"\midrule"})


def regression(write: Writer) -> Drawn:
    """Coefficients with stars, their errors in brackets on the row below."""
    width = write.between(5, 9)
    rows = [cells_of(["", *(f"({n})" for n in range(1, width + 1))])]
    for name in write.lot.sample(NAMES, write.between(4, 6)):
        stars = [write.lot.choice(["", "*", "**", "***"]) for _ in range(width)]
        signs = [write.lot.choice(["", "-"]) for _ in range(width)]
        numbers = [f"{write.lot.random():.3f}" for _ in range(width)]
        told = zip(signs, numbers, stars, strict=True)
        rows.append([cell_of(name), *(cell_of(f"{a}{b}{c}", f"${a}{b}^{{{c}}}$") for a, b, c in told)])
        rows.append(cells_of(["", *(f"({write.lot.random():.3f})" for _ in range(width))]))
    return Drawn("l" + "c" * width, rows, 1, {0: r"\midrule"})


def close_columns(write: Writer) -> Drawn:
    """Plain scores; the columns stand closer than words."""
    return scores(write, columns=(8, 12), rows=(6, 10))


def close_spanners(write: Writer) -> Drawn:
    """Two rows of heads over columns that stand close."""
    return spanners(write, sets=3, wide=4)


def dashes(write: Writer) -> Drawn:
    """Wide, with dashes, plus and minus signs and ticks."""
    width = write.between(10, 14)
    rows = [cells_of(["Model", *(f"T{n}" for n in range(1, width + 1))])]
    for name in write.names(write.between(6, 9)):
        cells = []
        for _ in range(width):
            number = f"{write.lot.uniform(0.1, 9):.1f}"
            cells.append(
                write.lot.choice([cell_of("–", "--"), cell_of(f"+{number}"), cell_of(f"-{number}", f"$-{number}$")])
            )
        rows.append([cell_of(name), *cells])
    return Drawn("l" + "c" * width, rows, 1, {0: r"\midrule"})


def labels_to_left(write: Writer) -> Drawn:
    """Two columns of words before many of numbers, the upper heads over parts of them alone."""
    names = write.sets(2)
    upper = [EMPTY, EMPTY, cell_of(names[0], columns=5), cell_of(names[1], columns=5)]
    lower = [*cells_of(["Site", "Kind"]), *cells_of([f"T{n}" for n in (*range(1, 6), *range(1, 6))])]
    kinds = ["open", "closed", "mixed use"]
    body = [[*cells_of([name, write.lot.choice(kinds)]), *cells_of(write.numbers(10))] for name in write.names(7)]
    rules = r"\cmidrule(lr){3-7} \cmidrule(lr){8-12}"
    return Drawn("ll" + "c" * 10, [upper, lower, *body], 2, {0: rules, 1: r"\midrule"})


def turned_heads(write: Writer) -> Drawn:
    """Heads that run upwards over narrow columns."""
    drawn = scores(write, columns=(8, 11))
    drawn.rows[0][1:] = [cell_of(one.text, rf"\rotatebox{{90}}{{{one.tex}}}") for one in drawn.rows[0][1:]]
    return drawn
