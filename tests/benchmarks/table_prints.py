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
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import table_draws as draws
from tests.benchmarks import table_draws_wide as wide
from tests.benchmarks.parsing import print_table, summed
from tests.benchmarks.parsing_measures import Point, label_number, tables
from tests.benchmarks.peers.reading_kb import read
from tests.benchmarks.table_draws import Draw, Drawn, Writer

EACH = 3  # prints of a kind

# ------------------------------------------------------------------------------------------------ pages

_HEAD = r"""\documentclass[%s]{article}
%s

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
    gap: str = ""  # half of what is between columns


KINDS: dict[str, Kind] = {
    "ruled": Kind(draws.ruled),
    "grid": Kind(draws.grid),
    "unruled": Kind(draws.unruled),
    "double rules": Kind(draws.double_rules),
    "bands": Kind(draws.bands),
    "bold best": Kind(draws.bold_best),
    "spanning heads": Kind(draws.spanners),
    "spanning heads without rules": Kind(draws.spanners_bare),
    "heads that span rows": Kind(draws.spanners_partly),
    "three rows of heads": Kind(draws.three_heads),
    "heads of two lines": Kind(draws.stacked_heads),
    "labels of groups": Kind(draws.group_labels),
    "labels of groups at the top": Kind(draws.group_labels_top),
    "titles of groups": Kind(draws.group_titles),
    "titles of groups at the left": Kind(draws.group_titles_left),
    "numbers on ±": Kind(draws.spreads),
    "small spreads": Kind(draws.spreads_small),
    "marks of notes": Kind(draws.marked, note=True),
    "by decimal points": Kind(draws.decimals),
    "gaps": Kind(draws.gaps),
    "powers": Kind(draws.powers),
    "sentences": Kind(draws.texts),
    "sentences ruled": Kind(draws.texts_ruled),
    "two columns of sentences": Kind(draws.texts_two),
    "a last row apart": Kind(draws.foot),
    "vertical rules": Kind(draws.bars),
    "tiny": Kind(draws.spanners, size=r"\tiny"),
    "resized": Kind(draws.wide, is_resized=True),
    "caption below": Kind(draws.ruled, caption_below=True),
    "two-column paper": Kind(draws.ruled, columns=2, size=r"\small"),
    "two-column paper, unruled": Kind(draws.unruled, columns=2, size=r"\footnotesize"),
    "two-column paper, spanning": Kind(draws.spanners, columns=2, size=r"\scriptsize"),
    "across two columns": Kind(draws.spanners, columns=2, place="wide"),
    "across two columns, wide": Kind(draws.wide, columns=2, place="wide", is_resized=True),
    "across two columns, sentences": Kind(draws.texts_two, columns=2, place="wide"),
    "across two columns, unruled": Kind(draws.unruled, columns=2, place="wide"),
    "sideways": Kind(draws.wide, place="sideways", is_resized=True),
    "sideways, plain": Kind(draws.wide_plain, place="sideways"),
    "sideways, sentences": Kind(draws.texts_two, place="sideways"),
    "sideways in two columns": Kind(draws.wide_plain, place="sideways", columns=2, size=r"\small"),
    "landscape page": Kind(draws.wide_plain, place="landscape"),
    "landscape, heads": Kind(draws.wide, place="landscape", size=r"\footnotesize"),
    "over pages": Kind(draws.long, place="long"),
    "over pages, small": Kind(draws.long, place="long", size=r"\small"),
    "parts": Kind(draws.ruled, place="parts"),
    "side by side": Kind(lambda w: draws.scores(w, columns=(2, 3), rows=(4, 6)), place="beside", size=r"\small"),
    "side by side, unlike": Kind(lambda w: draws.spanners(w, sets=1, wide=2), place="beside", size=r"\footnotesize"),
    "resized, plain": Kind(draws.wide_plain, is_resized=True),
    "two-column paper, labels": Kind(draws.group_labels, columns=2, size=r"\scriptsize"),
    "two-column paper, caption below": Kind(draws.bold_best, columns=2, size=r"\footnotesize", caption_below=True),
}
HARDER: dict[str, Kind] = {
    "sideways, spanning heads": Kind(wide.close_spanners, place="sideways"),
    "sideways the other way, spanning heads": Kind(wide.uneven_heads, place="sideways left"),
    "sideways, groups of rows": Kind(wide.groups_of_rows, place="sideways"),
    "sideways the other way, many columns": Kind(wide.many_columns, place="sideways left", size=r"\tiny"),
    "sideways, three heads": Kind(wide.three_heads_wide, place="sideways", size=r"\small"),
    "sideways, lines in cells": Kind(wide.lines_in_cells, place="sideways", size=r"\small"),
    "sideways the other way, intervals": Kind(wide.intervals, place="sideways left", note=True),
    "sideways the other way, exponents and marks": Kind(wide.exponents_and_marks, place="sideways left", note=True),
    "landscape, three heads": Kind(wide.three_heads_wide, place="landscape", size=r"\footnotesize"),
    "landscape, whole page": Kind(wide.whole_page, place="landscape", size=r"\scriptsize"),
    "landscape, lines in cells ruled": Kind(wide.lines_ruled, place="landscape", size=r"\footnotesize"),
    "landscape, shares": Kind(wide.shares, place="landscape", size=r"\scriptsize"),
    "very wide, tiny": Kind(wide.many_columns, size=r"\tiny", is_resized=True),
    "very wide, gaps": Kind(wide.many_gaps, is_resized=True),
    "three heads, partial rules": Kind(wide.three_heads_wide, is_resized=True),
    "uneven heads": Kind(wide.uneven_heads, is_resized=True),
    "across two columns, three heads": Kind(wide.three_heads_wide, columns=2, place="wide", size=r"\scriptsize"),
    "across two columns, labels to the left": Kind(wide.labels_to_left, columns=2, place="wide", size=r"\footnotesize"),
    "across two columns, spreads": Kind(wide.spreads_wide, columns=2, place="wide", is_resized=True),
    "spreads lowered": Kind(wide.spreads_lowered),
    "errors up and down": Kind(wide.both_errors),
    "exponents": Kind(wide.exponents),
    "two-column paper, exponents": Kind(wide.exponents, columns=2, size=r"\scriptsize"),
    "exponents, wide": Kind(wide.exponents_wide, is_resized=True),
    "indices": Kind(wide.indices, note=True),
    "shares": Kind(wide.shares, is_resized=True),
    "units below": Kind(wide.units_below, is_resized=True),
    "thousands": Kind(wide.thousands, size=r"\small"),
    "regression": Kind(wide.regression, size=r"\footnotesize", note=True),
    "close columns": Kind(wide.close_columns, size=r"\small", gap="1.5pt"),
    "close columns, spanning heads": Kind(wide.close_spanners, size=r"\footnotesize", gap="1.5pt"),
    "signs": Kind(wide.dashes, size=r"\scriptsize"),
}
TURNED: dict[str, Kind] = {
    "turned under its caption": Kind(wide.labels_to_left, place="turned 90", size=r"\footnotesize"),
    "turned the other way under its caption": Kind(wide.exponents_wide, place="turned -90", size=r"\footnotesize"),
    "turned heads": Kind(wide.turned_heads, size=r"\small"),
}
"""Drawn up while rules were made for them: none is kept apart."""
EVERY = KINDS | HARDER | TURNED
KEPT = frozenset(
    random.Random("tables kept apart").sample(sorted(KINDS), len(KINDS) // 2)
    + random.Random("harder tables kept apart").sample(sorted(HARDER), len(HARDER) // 2)
)
"""Of these kinds faults are not looked at while one works."""


def _printed(name: str, number: int) -> tuple[str, list[dict[str, Any]]]:
    """LaTeX of a paper with a table of the kind, and what its tables hold."""
    kind, write = EVERY[name], Writer(f"{name} {number}")
    options = ["a4paper", write.lot.choice(["10pt", "11pt"] if kind.columns == 1 else ["10pt"])]
    options += ["twocolumn"] * (kind.columns == 2)
    fonts = write.lot.choice(
        ["", r"\usepackage{mathptmx}", r"\usepackage[scaled=0.92]{helvet}\renewcommand\familydefault{\sfdefault}"]
    )
    gap = "4pt" if kind.columns == 2 or kind.place == "beside" else write.lot.choice(["4pt", "6pt", "8pt"])
    if "wide" in name or "resized" in name or kind.draw is draws.wide_plain:
        gap = "3pt"
    gap = kind.gap or gap
    rotating = r"\PassOptionsToPackage{figuresleft}{rotating}" if kind.place.endswith("left") else ""
    tex = _HEAD % (",".join(options), rotating, "2cm" if kind.columns == 2 else "2.5cm", fonts, gap)
    tex += rf"\title{{{write.prose(1)[:50]}}}\author{{A. Writer}}\date{{}}\maketitle" + "\n"
    if write.lot.random() < 0.5:
        tex += rf"\begin{{abstract}}{write.prose(4)}\end{{abstract}}" + "\n"
    tex += r"\section{Introduction}" + "\n" + "\n\n".join(write.prose(5) for _ in range(3)) + "\n"
    drawn = [kind.draw(write)]
    if kind.place in ("beside", "parts"):
        drawn.append(draws.redrawn(kind.draw(write), label="Table 2" if kind.place == "beside" else "Table 1"))
    tex += _floated(kind, drawn, write)
    tex += "\n\n" + r"\section{Results}" + "\n" + "\n\n".join(write.prose(6) for _ in range(6 + 4 * (kind.columns - 1)))
    return tex + "\n" + r"\end{document}" + "\n", [one.truth() for one in drawn]


def _floated(kind: Kind, drawn: list[Drawn], write: Writer) -> str:
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
    if kind.place.startswith("turned"):
        tabulars = [rf"\rotatebox{{{kind.place.split()[1]}}}{{{kind.size} {tabulars[0]}}}"]
    name = {
        "turned 90": "table",
        "turned -90": "table",
        "column": "table",
        "wide": "table*",
        "sideways": "sidewaystable" + "*" * (kind.columns == 2),
        "sideways left": "sidewaystable",
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
    jobs = [(name, number) for name in EVERY if asked.kind in name for number in range(EACH)]
    with ThreadPoolExecutor(1) as pool:
        printed = list(pool.map(lambda job: _pdf(asked.folder, *job), jobs))
    halves: dict[str, list[Point]] = defaultdict(list)
    for (name, number), (path, truth) in zip(jobs, printed, strict=True):
        points = _points(path, truth)
        halves[
            ("kept apart" if name in KEPT else "open") + ", harder" * (name in HARDER) + ", turned" * (name in TURNED)
        ] += points
        for point in points if asked.faults and name not in KEPT else ():
            if point.fault:
                print(f"{name} {number} · {point.name} · {point.fault}")
    print_table({half: summed(points) for half, points in halves.items()}, counted=True)


if __name__ == "__main__":
    main()
