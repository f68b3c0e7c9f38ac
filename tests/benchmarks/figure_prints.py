"""Figures that are printed with LaTeX, whose every box and caption is known, against what is cut of them.

    python -m tests.benchmarks.figure_prints FOLDER                  # prints (once) and reads all
    python -m tests.benchmarks.figure_prints FOLDER --faults         # names what was cut wrong, of the open half
    python -m tests.benchmarks.figure_prints FOLDER --kind wrapped   # only kinds whose name holds this

Needs ``pdflatex``. Figures that text flows around, figures of several boxes or panels, figures abreast, captions at
the side; each kind is printed several times with other words, drawings, sizes and fonts. LaTeX writes down where it put
each figure; that place, shrunk to its ink, is the true box. The kinds of ``KEPT`` were drawn by lot before the first
change: of them there are sums alone. ``--unlike N`` prints all of them anew with other words, sizes and drawings.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2

from kb.parsing.document import read_pdf
from kb.records import FigurePlace
from tests.benchmarks.parsing import print_table, summed
from tests.benchmarks.parsing_measures import Point, crops

EACH = 3  # prints of a kind
_MOST_PAGES = 20
_LOOK = 4.0  # pixels per point, where boxes are shrunk to the ink
_POINT = 65781.76  # TeX's units in a point of a PDF
_WORDS = (
    "the model reads each page of a long report and keeps what it needs for later use while other systems forget most"
    " words that they met before so their answers drift away from facts we found that small changes of training help"
    " more than new layers because noise in data hides real gains and errors add up over many steps as shown below"
).split()
_LABELS = "input output encoder reader loss rank store query page index answer judge draft notes gate mixer".split()


class Print:
    """A paper being set: words and sizes by lot, and what its figures are called."""

    def __init__(self, seed: str) -> None:
        self.lot = random.Random(seed)
        self.captions: dict[str, str] = {}
        self.columns = 1

    def words(self, least: int, most: int) -> str:
        """So many words."""
        return " ".join(self.lot.choices(_WORDS, k=self.lot.randint(least, most)))

    def prose(self, sentences: int) -> str:
        """A paragraph."""
        return " ".join(self.words(11, 26).capitalize() + "." for _ in range(sentences))

    def caption(self, *, kind: str = "figure", least: int = 4, most: int = 30) -> str:
        """LaTeX of the caption of the next float of the kind, whose text is kept."""
        text = self.words(least, most).capitalize() + "."
        number = sum(label.startswith(kind.capitalize()) for label in self.captions) + 1
        label = f"{kind.capitalize()} {number}"
        self.captions[label] = f"{label}: {text}"
        return rf"\captionof{{{kind}}}{{{text}}}"

    def marked(self, label: str, content: str) -> str:
        """Content whose place is written down as that of the float."""
        return rf"\placed{{{label}}}{{{content}}}"

    # ---- drawings, of a width and height in points

    def plot(self, width: float, height: float) -> str:
        """Axes with numbers and words, and curves."""
        w, h = width - 34, height - 30
        draw = [f"0.6 w 0 0 {w:.1f} {h:.1f} re S"]
        for colour in ("0.1 0.3 0.8", "0.8 0.2 0.1"):
            points = [(w * n / 8, h * self.lot.uniform(0.08, 0.92)) for n in range(9)]
            path = " ".join(f"{x:.1f} {y:.1f} {'l' if n else 'm'}" for n, (x, y) in enumerate(points))
            draw.append(f"{colour} RG 1 w {path} S")
        texts: list[tuple[float, float, str]] = [(-14, h * n / 3 - 2, rf"\tiny {n * 25}") for n in range(4)]
        texts += [(w * n / 4 - 3, -9, rf"\tiny {n}") for n in range(5)]
        texts += [(w / 2 - 20, -19, r"\scriptsize steps (k)"), (8, h - 10, r"\tiny ours")]
        texts.append((-26, h / 2 - 14, r"\rotatebox{90}{\scriptsize score}"))
        return _drawing(width, height, draw, texts, at=(30, 24))

    def photo(self, width: float, height: float) -> str:
        """A filled area."""
        draw = [f"0.75 0.8 0.7 rg 0 0 {width:.1f} {height:.1f} re f"]
        for _ in range(9):
            x, y = self.lot.uniform(0, width * 0.8), self.lot.uniform(0, height * 0.8)
            grey = self.lot.uniform(0.1, 0.6)
            draw.append(f"{grey:.2f} 0.4 0.3 rg {x:.1f} {y:.1f} {width * 0.2:.1f} {height * 0.2:.1f} re f")
        return _drawing(width, height, draw, [])

    def diagram(self, width: float, height: float) -> str:
        """Frames with words, and arrows between them."""
        across = max(2, int(width // 75))
        down = max(1, int(height // 45))
        draw, texts = ["0.7 w"], []
        step, rise = width / across, height / down
        for row in range(down):
            for n in range(across):
                x, y = n * step + 1, row * rise + 1
                draw.append(f"{x:.1f} {y:.1f} {step - 18:.1f} {rise - 16:.1f} re S")
                texts.append((x + 5, y + rise / 2 - 11, rf"\scriptsize {self.lot.choice(_LABELS)}"))
                if n + 1 < across:
                    draw.append(
                        f"{x + step - 18:.1f} {y + rise / 2 - 8:.1f} m {x + step:.1f} {y + rise / 2 - 8:.1f} l S"
                    )
        return _drawing(width - 16, height - 14, draw, texts)

    def picture(self, width: float, height: float) -> str:
        """One of the three."""
        return self.lot.choice([self.plot, self.photo, self.diagram])(width, height)

    def box(self, width: float, *, sentences: int = 2, size: str = r"\small", shade: str = "", title: str = "") -> str:
        """A framed or shaded box of prose; ``width`` in points, all around."""
        text = rf"\begin{{minipage}}{{{width - 8:.1f}bp}}\raggedright{size} {self.prose(sentences)}\end{{minipage}}"
        made = rf"\colorbox{{{shade}}}{{{text}}}" if shade else rf"\fbox{{{text}}}"
        if not title:
            return made
        bar = rf"\colorbox{{gray!60}}{{\makebox[{width - 6:.1f}bp][l]{{{size}\textbf{{{title}}}}}}}"
        return rf"\vbox{{\offinterlineskip\hbox{{{bar}}}\hbox{{{made}}}}}"


def _drawing(
    width: float, height: float, draw: Sequence[str], texts: Sequence[tuple[float, float, str]], *,
    at: tuple[float, float] = (0, 0),
) -> str:  # fmt: skip
    """Lines and areas by operators of PDF, words by TeX."""
    put = "".join(rf"\put({x:.1f},{y:.1f}){{{text}}}" for x, y, text in texts)
    lines = " ".join(draw)
    return (
        rf"{{\unitlength=1bp\begin{{picture}}({width:.1f},{height:.1f})(-{at[0]},-{at[1]})"
        rf"\put(0,0){{\pdfliteral{{q {lines} Q}}}}{put}\end{{picture}}}}"
    )


# ------------------------------------------------------------------------------------------------ kinds


def _wrapped(write: Print, inner: str, *, side: str, width: float, height: float, paragraphs: int = 1) -> str:
    """A box at the side of a page that text flows around; ``width`` and ``height`` in points."""
    lines = int(height / 12) + 2
    room = rf"\par\dimen0=\pagegoal\advance\dimen0-\pagetotal\ifdim\dimen0<{height + 30:.0f}bp\relax\newpage\fi "
    indent = f"{'-' if side == 'right' else ''}{width + 14:.1f}bp"
    box = rf"\vbox to 0pt{{\vskip-2pt\hsize={width:.1f}bp\noindent {inner}\vss}}"
    shift = rf"\dimexpr\hsize-{width:.1f}bp\relax" if side == "right" else "0pt"
    text = [write.prose(6 if n else 12 // paragraphs) for n in range(paragraphs + 1)]
    made = room + (
        rf"\par\vskip4pt\noindent\rlap{{\hskip{shift}\raise8pt\vtop to 0pt{{\hbox{{{box}}}\vss}}}}\vskip-\baselineskip"
    )
    made += rf"\count255={lines}" + "\n"
    for one in text:
        made += (
            rf"\ifnum\count255>0 \hangindent={indent}\hangafter=-\count255 \fi {one}\par\advance\count255-\prevgraf"
            "\n"
        )
    return made


def _flowed(
    write: Print, content: Callable[[Print], tuple[str, float, float]], *, side: str, paragraphs: int = 1,
    caption: str = "below", frame: bool = False, size: str = r"\small",
) -> str:  # fmt: skip
    """Figure and caption at a side, in a column of its own."""
    inner, width, height = content(write)
    said = write.caption(least=5, most=18)
    label = f"Figure {len(write.captions)}"
    parts = [rf"\centering {write.marked(label, inner)}\par", rf"\captionsetup{{font={size[1:]},skip=5pt}}{said}"]
    if caption == "above":
        parts.reverse()
    body = rf"\begin{{minipage}}[t]{{{width:.1f}bp}}\vskip0pt {' '.join(parts)}\end{{minipage}}"
    caption_height = 14 * (len(write.captions[label]) * 5.2 / width + 1)
    if frame:
        body, width, caption_height = rf"\fbox{{{body}}}", width + 8, caption_height + 8
    return _wrapped(write, body, side=side, width=width, height=height + caption_height + 8, paragraphs=paragraphs)


def _one(name: str) -> Callable[[Print], tuple[str, float, float]]:
    """A drawing of the width of a wrapped figure."""

    def draw(write: Print) -> tuple[str, float, float]:
        width, height = write.lot.uniform(150, 250), write.lot.uniform(90, 150)
        return getattr(write, name)(width, height), width, height

    return draw


def _two_stacked(write: Print) -> tuple[str, float, float]:
    width, height = write.lot.uniform(150, 200), write.lot.uniform(75, 95)
    parts = [rf"\hbox{{{write.picture(width, height)}}}\vskip3pt\hbox to {width:.0f}bp{{\hss\footnotesize ({c})\hss}}"
             for c in "ab"]  # fmt: skip
    return r"\vbox{" + r"\vskip6pt".join(parts) + "}", width, 2 * height + 40


def _boxed(write: Print) -> tuple[str, float, float]:
    width = write.lot.uniform(160, 210)
    return write.box(width, sentences=2, size=r"\footnotesize"), width, 110


def _float(
    write: Print,
    inner: str,
    *,
    place: str = "t",
    wide: bool = False,
    label: str = "",
    above: bool = False,
    most: int = 30,
) -> str:
    said = write.caption(most=most)
    label = label or f"Figure {len(write.captions)}"
    parts = [rf"\centering {write.marked(label, inner)}", said]
    if above:
        parts.reverse()
    name = "figure*" if wide else "figure"
    return rf"\begin{{{name}}}[{place}]" + "\n" + r"\par ".join(parts) + rf"\end{{{name}}}"


def _span(write: Print, *, wide: bool = False) -> float:
    """Width of a column, or of the page, in points."""
    return 480.0 if wide or write.columns == 1 else 230.0


def _stack(
    write: Print, count: int = 3, *, gap: float = 8, wide: bool = False, size: str = r"\small", shade: str = "",
    title: str = "", sentences: int = 2, place: str = "t", share: float = 0.92,
) -> str:  # fmt: skip
    width = share * _span(write, wide=wide)
    boxes = [
        rf"\hbox{{{write.box(width, sentences=sentences, size=size, shade=shade, title=title and f'{title} {n + 1}')}}}"
        for n in range(count)
    ]
    return _float(write, r"\vbox{" + rf"\vskip{gap}bp".join(boxes) + "}", wide=wide, place=place)


def _box_row(write: Print, *, wide: bool = False, count: int = 2, size: str = r"\small") -> str:
    width = _span(write, wide=wide) / count - 12
    boxes = [
        rf"\vtop{{\hbox{{{write.box(width, sentences=write.lot.randint(2, 4), size=size)}}}}}" for _ in range(count)
    ]
    return _float(write, r"\hbox{" + r"\hskip10bp".join(boxes) + "}", wide=wide)


def _box_grid(write: Print) -> str:
    rows = []
    for _ in range(2):
        boxes = [rf"\vtop{{\hbox{{{write.box(225, sentences=2, size=chr(92) + 'footnotesize')}}}}}" for _ in range(2)]
        rows.append(r"\hbox{" + r"\hskip10bp".join(boxes) + "}")
    return _float(write, r"\vbox{" + r"\vskip9bp".join(rows) + "}")


def _box_flow(write: Print) -> str:
    """Boxes with arrows between them."""
    arrow = r"\hbox to 440bp{\hss$\downarrow$\hss}"
    boxes = [rf"\hbox{{{write.box(440, sentences=2)}}}" for _ in range(3)]
    return _float(write, r"\vbox{" + rf"\vskip4bp{arrow}\vskip4bp".join(boxes) + "}")


def _box_and_plot(write: Print) -> str:
    width = 0.9 * _span(write)
    inner = rf"\vbox{{\hbox{{{write.box(width)}}}\vskip12bp\hbox{{{write.plot(width, 120)}}}}}"
    return _float(write, inner)


def _panels(
    write: Print,
    across: int,
    down: int = 1,
    *,
    wide: bool = False,
    words: tuple[int, int] = (1, 3),
    above: bool = False,
) -> str:
    width = _span(write, wide=wide) / across - 10
    letters = iter("abcdefghi")
    rows = []
    for _ in range(down):
        height = write.lot.uniform(70, 130)
        panels = []
        for _ in range(across):
            said = rf"\parbox{{{width:.1f}bp}}{{\centering\small ({next(letters)}) {write.words(*words).capitalize()}}}"
            parts = [rf"\hbox{{{write.picture(width, height)}}}", rf"\hbox{{{said}}}"]
            panels.append(r"\vtop{" + r"\vskip5bp".join(reversed(parts) if above else parts) + "}")
        rows.append(r"\hbox{" + r"\hskip8bp".join(panels) + "}")
    return _float(write, r"\vbox{" + r"\vskip9bp".join(rows) + "}", wide=wide)


def _abreast(write: Print, count: int, *, wide: bool = False, unlike: bool = False, table: bool = False) -> str:
    """Floats beside each other, each with its caption."""
    width = _span(write, wide=wide) / count - 14
    height = write.lot.uniform(80, 130)
    parts = []
    for n in range(count):
        own = height * (1.5 if unlike and n == 0 else 1.0)
        is_table = table and n == count - 1
        said = write.caption(kind="table" if is_table else "figure", most=14)
        label = list(write.captions)[-1]
        inner = _small_table(write) if is_table else write.picture(width, own)
        body = [rf"\centering {write.marked(label, inner)}", said]
        body = [said, *body[:1]] if is_table else body
        parts.append(rf"\begin{{minipage}}[b]{{{width:.1f}bp}}" + r"\par\vskip3pt ".join(body) + r"\end{minipage}")
    name = "figure*" if wide else "figure"
    return rf"\begin{{{name}}}[t]\centering " + r"\hfill ".join(parts) + rf"\end{{{name}}}"


def _small_table(write: Print) -> str:
    rows = [" & ".join([name, *(f"{write.lot.uniform(1, 99):.1f}" for _ in range(3))]) for name in "ABCD"]
    return r"\begin{tabular}{lccc}\hline Name & P & R & F \\ \hline " + r" \\ ".join(rows) + r" \\ \hline\end{tabular}"


def _aside(write: Print, *, left: bool = False, wide: bool = False, top: bool = False) -> str:
    """The caption stands beside the figure."""
    span = _span(write, wide=wide)
    width = 0.62 * span
    at = "t" if top else "c"
    said = write.caption(least=8, most=26)
    label = list(write.captions)[-1]
    inner = write.marked(label, write.picture(width, write.lot.uniform(100, 150)))
    said = rf"\captionsetup{{singlelinecheck=false}}{said}"
    picture = rf"\begin{{minipage}}[{at}]{{{width:.1f}bp}}\vskip0pt {inner}\end{{minipage}}"
    words = rf"\begin{{minipage}}[{at}]{{{span - width - 16:.1f}bp}}\vskip0pt{said}\end{{minipage}}"
    parts = [words, picture] if left else [picture, words]
    name = "figure*" if wide else "figure"
    return rf"\begin{{{name}}}[t]\noindent " + r"\hfill ".join(parts) + rf"\end{{{name}}}"


def _in_turn(write: Print) -> str:
    """Two figures below each other at the head of a page."""
    width = 0.7 * _span(write)
    return _float(write, write.picture(width, 110)) + "\n" + _float(write, write.picture(width, 110))


def _plain(write: Print, place: str, *, height: float = 0.0) -> str:
    width = write.lot.uniform(0.5, 0.95) * _span(write)
    return _float(write, write.picture(width, height or write.lot.uniform(90, 160)), place=place)


def _both_sides(write: Print) -> str:
    return (
        _flowed(write, _one("plot"), side="left") + "\n\n" + write.prose(4) + "\n\n"
        + _flowed(write, _one("diagram"), side="right")
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """How the figures of a kind are set."""

    draw: Callable[[Print], str]
    columns: int = 1
    before: int = 3  # paragraphs between title and figure


def _kinds() -> dict[str, Kind]:
    def flow(what: Callable[[Print], tuple[str, float, float]], side: str, **options: Any) -> Callable[[Print], str]:
        return lambda write: _flowed(write, what, side=side, **options)

    plot, photo, diagram = (_one(name) for name in ("plot", "photo", "diagram"))
    return {
        "wrapped right, plot": Kind(flow(plot, "right")),
        "wrapped left, plot": Kind(flow(plot, "left")),
        "wrapped right, photo": Kind(flow(photo, "right")),
        "wrapped left, photo": Kind(flow(photo, "left")),
        "wrapped right, diagram": Kind(flow(diagram, "right")),
        "wrapped left, diagram": Kind(flow(diagram, "left")),
        "wrapped right, framed with caption": Kind(flow(diagram, "right", frame=True)),
        "wrapped left, framed with caption": Kind(flow(photo, "left", frame=True)),
        "wrapped right, caption above": Kind(flow(photo, "right", caption="above")),
        "wrapped left, caption above": Kind(flow(plot, "left", caption="above")),
        "wrapped right, caption as text": Kind(flow(plot, "right", size=r"\normalsize")),
        "wrapped left, caption as text": Kind(flow(photo, "left", size=r"\normalsize")),
        "wrapped right, three paragraphs": Kind(flow(plot, "right", paragraphs=3)),
        "wrapped left, three paragraphs": Kind(flow(diagram, "left", paragraphs=3)),
        "wrapped right, two panels": Kind(flow(_two_stacked, "right", paragraphs=2)),
        "wrapped left, two panels": Kind(flow(_two_stacked, "left", paragraphs=2)),
        "wrapped right, box of prose": Kind(flow(_boxed, "right")),
        "wrapped left, box of prose": Kind(flow(_boxed, "left")),
        "wrapped left and right": Kind(_both_sides, before=1),
        "wrapped right, under the title": Kind(flow(plot, "right"), before=0),
        "boxes below each other": Kind(_stack),
        "boxes below each other, as text": Kind(lambda w: _stack(w, size=r"\normalsize")),
        "boxes below each other, two columns": Kind(lambda w: _stack(w, size=r"\footnotesize"), columns=2),
        "boxes below each other, across": Kind(lambda w: _stack(w, wide=True), columns=2),
        "boxes below each other, shaded": Kind(lambda w: _stack(w, shade="gray!15")),
        "boxes below each other, titled": Kind(lambda w: _stack(w, title="Prompt")),
        "boxes far apart": Kind(lambda w: _stack(w, 2, gap=26)),
        "boxes of many lines": Kind(lambda w: _stack(w, 2, sentences=6, size=r"\normalsize", share=0.98)),
        "boxes at the foot": Kind(lambda w: _stack(w, 2, place="b")),
        "boxes abreast": Kind(_box_row),
        "boxes abreast, across": Kind(lambda w: _box_row(w, wide=True, count=3), columns=2),
        "boxes in a grid": Kind(_box_grid),
        "boxes with arrows": Kind(_box_flow),
        "box and plot": Kind(_box_and_plot),
        "box and plot, two columns": Kind(_box_and_plot, columns=2),
        "panels in a row": Kind(lambda w: _panels(w, 3)),
        "panels in a grid": Kind(lambda w: _panels(w, 2, 2, words=(4, 14))),
        "panels in a column": Kind(lambda w: _panels(w, 1, 3), columns=2),
        "panels, words above": Kind(lambda w: _panels(w, 2, above=True)),
        "panels, two columns": Kind(lambda w: _panels(w, 2, words=(2, 6)), columns=2),
        "panels across": Kind(lambda w: _panels(w, 4, 2, wide=True), columns=2),
        "two abreast": Kind(lambda w: _abreast(w, 2)),
        "two abreast, unlike": Kind(lambda w: _abreast(w, 2, unlike=True)),
        "three abreast": Kind(lambda w: _abreast(w, 3)),
        "two abreast, across": Kind(lambda w: _abreast(w, 2, wide=True), columns=2),
        "beside a table": Kind(lambda w: _abreast(w, 2, table=True)),
        "caption at the right": Kind(_aside),
        "caption at the left": Kind(lambda w: _aside(w, left=True)),
        "caption at the right, across": Kind(lambda w: _aside(w, wide=True), columns=2),
        "caption at the right, from the top": Kind(lambda w: _aside(w, top=True)),
        "two in turn": Kind(_in_turn),
        "between paragraphs": Kind(lambda w: _plain(w, "h!")),
        "at the foot": Kind(lambda w: _plain(w, "b")),
        "page of its own": Kind(lambda w: _plain(w, "p", height=420)),
    }


KINDS = _kinds()
KEPT = frozenset(random.Random("figures kept apart").sample(sorted(KINDS), len(KINDS) // 2))
"""Of these kinds faults are not looked at while one works."""

_HEAD = r"""\documentclass[a4paper,%s]{article}
\usepackage[margin=%s]{geometry}
\usepackage{graphicx,xcolor,caption}
%s
\pagestyle{plain}
\captionsetup{font=%s}
\newwrite\places\immediate\openout\places=\jobname.places
\newcommand\placed[2]{\leavevmode\setbox0\hbox{#2}\edef\size{\the\wd0 \space\the\ht0 \space\the\dp0}\pdfsavepos
\expandafter\wrote\expandafter{\size}{#1}\box0 }
\newcommand\wrote[2]{\write\places{\the\pdflastxpos\space\the\pdflastypos\space#1 \the\count0 \space#2}}
\begin{document}
"""


def _printed(name: str, seed: str) -> tuple[str, dict[str, str]]:
    """LaTeX of a paper with figures of the kind, and their captions by label."""
    kind, write = KINDS[name], Print(seed)
    write.columns = kind.columns
    options = [write.lot.choice(["10pt", "11pt"] if kind.columns == 1 else ["10pt"])] + ["twocolumn"] * (
        kind.columns > 1
    )
    fonts = write.lot.choice(["", r"\renewcommand\familydefault{\sfdefault}", r"\linespread{1.15}"])
    size = write.lot.choice(["small", "footnotesize", "normalsize"])
    tex = _HEAD % (",".join(options), "1.9cm" if kind.columns == 2 else "2.05cm", fonts, size)
    tex += rf"\title{{{write.words(5, 9).title()}}}\author{{A. Writer}}\date{{}}\maketitle" + "\n"
    tex += rf"\begin{{abstract}}{write.prose(3)}\end{{abstract}}" + "\n" if write.lot.random() < 0.5 else ""
    tex += (
        r"\section{Introduction}"
        "\n" + "".join(write.prose(write.lot.randint(3, 6)) + "\n\n" for _ in range(kind.before))
    )
    tex += kind.draw(write) + "\n\n"
    tex += write.prose(5) + "\n\n" + r"\section{Results}" + "\n"
    tex += "\n\n".join(write.prose(6) for _ in range(8 * kind.columns)) + "\n" + r"\end{document}" + "\n"
    return tex, write.captions


@dataclass(frozen=True, slots=True)
class Paper:
    """A printed paper, and what its floats are: page, kind, label, box, caption."""

    path: Path
    floats: list[dict[str, Any]]


def _paper(folder: Path, name: str, seed: str) -> Paper:
    tex, captions = _printed(name, seed)
    path = folder / f"{re.sub(r'[^a-z0-9]+', '-', seed)}.pdf"
    source = path.with_suffix(".tex")
    if not path.exists() or not source.exists() or source.read_text("utf-8") != tex:
        source.write_text(tex, "utf-8")
        done = subprocess.run(
            ["pdflatex", "-interaction=batchmode", source.name], cwd=folder, capture_output=True, check=False
        )
        if done.returncode or not path.exists():
            raise SystemExit(f"{source}: pdflatex could not set it: look at its log")
    floats = []
    with pypdfium2.PdfDocument(path) as pdf:
        for line in path.with_suffix(".places").read_text().splitlines():
            x, y, width, height, depth, page, label = line.split(maxsplit=6)
            sides = [float(side.removesuffix("pt")) * 72 / 72.27 for side in (width, height, depth)]
            left, base = int(x) / _POINT, pdf[int(page) - 1].get_height() - int(y) / _POINT
            area = (left, base - sides[1], left + sides[0], base + sides[2])
            box = _shrunk(pdf[int(page) - 1], area)
            kind = "table" if label.startswith("Table") else "figure"
            floats.append({"page": int(page), "kind": kind, "label": label, "box": box, "caption": captions[label]})
    return Paper(path, floats)


def _shrunk(page: Any, area: tuple[float, float, float, float]) -> list[float]:
    pixels = page.render(scale=_LOOK, grayscale=True).to_numpy().reshape(-1, round(page.get_width() * _LOOK + 0.49))
    x0, y0 = (max(0, int((edge - 1) * _LOOK)) for edge in area[:2])
    part = pixels[y0 : int((area[3] + 1) * _LOOK), x0 : int((area[2] + 1) * _LOOK)] < 245
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    found = (x0 + columns[0], y0 + rows[0], x0 + columns[-1] + 1, y0 + rows[-1] + 1)
    return [round(float(edge) / _LOOK, 1) for edge in found]


def _points(paper: Paper, found: Sequence[FigurePlace]) -> list[Point]:
    """Crops as ``parsing_measures`` has them, captions that are whole and nothing more, crops that are none."""
    cut = [
        {"page": f.page, "kind": f.kind, "label": f.label, "box": [f.box.x0, f.box.y0, f.box.x1, f.box.y1]}
        for f in found
    ]
    points = list(crops({"boxes": paper.floats}, {"floats": cut}))
    for one in paper.floats:
        said = next((f.caption for f in found if f.label == one["label"] and f.page == one["page"]), "")
        right = _letters(said) == _letters(one["caption"])
        points.append(Point("captions, whole and alone", right, 1, "" if right else f"{one['label']}: {said[-80:]!r}"))
    known = {(one["label"], one["page"]) for one in paper.floats}
    points.append(Point("crops that are none", sum((f.label, f.page) not in known for f in found), len(paper.floats)))
    return points


def _letters(text: str) -> str:
    return re.sub(r"\W", "", text)


def main() -> None:
    """Print, read, score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kind", default="")
    parser.add_argument("--unlike", type=int, default=0, metavar="N", help="other words, sizes and drawings")
    parser.add_argument("--faults", action="store_true", help="name what was cut wrong, but of kinds kept apart")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    halves: dict[str, list[Point]] = defaultdict(list)
    for name in KINDS:
        if asked.kind not in name:
            continue
        for number in range(asked.unlike * EACH, (asked.unlike + 1) * EACH):
            paper = _paper(asked.folder, name, f"{name} {number}")
            points = _points(paper, read_pdf(paper.path.read_bytes(), max_pages=_MOST_PAGES).figures or ())
            halves["kept apart" if name in KEPT else "open"] += points
            for point in points if asked.faults and name not in KEPT else ():
                if point.fault:
                    print(f"{name} {number} · {point.name} · {point.fault}")
    print_table({half: summed(points) for half, points in halves.items()}, counted=True)


if __name__ == "__main__":
    main()
