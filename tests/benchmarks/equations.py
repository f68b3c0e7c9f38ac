"""Display equations of papers printed by TeX, whose pages, places and numbers are known, against what is read of them.

    python -m tests.benchmarks.equations --faults            # needs pdflatex; about half a minute
    python -m tests.benchmarks.equations --keep FOLDER       # PDFs and truth stay there

Each paper is printed twice with the same layout: once in black for the parser, once with each equation in a colour of
its own on white, drawn without smoothing, so that where its ink is can be counted. The templates are those of classes
that every TeX has: one and two columns, AMS, Times, numbers on the left, equations at the left margin.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pypdfium2

from tests.benchmarks.parsing import print_table, summed
from tests.benchmarks.parsing_measures import Truth, equations
from tests.benchmarks.peers.reading_kb import equations_of

_SCALE = 3.0
_PAPERS_EACH = 2
_SEED = 20

_TEMPLATES = {
    "article": (r"\documentclass[11pt]{article}", ""),
    "article, two columns": (r"\documentclass[10pt,twocolumn]{article}", ""),
    "AMS": (r"\documentclass{amsart}", ""),
    "AMS, numbers left": (r"\documentclass[leqno]{amsart}", ""),
    "Times, two columns": (
        r"\documentclass[10pt,twocolumn]{article}",
        r"\usepackage{mathptmx}\usepackage[margin=1.9cm]{geometry}\setlength{\columnsep}{6mm}",
    ),
    "Latin Modern, at the margin": (
        r"\documentclass[fleqn,10pt]{article}", r"\usepackage{lmodern}\usepackage[T1]{fontenc}",
    ),
    "Times, numbers by section": (
        r"\documentclass[12pt]{article}", r"\usepackage{mathptmx}\numberwithin{equation}{section}",
    ),
}  # fmt: skip
_WORDS = (
    "the model of this section learns from samples that are drawn at random and shows how small errors in each step"
    " grow when nothing is done about them so that we look at bounds for all cases in which data are few and noise is"
    " large while others assume that every distribution has a density which is smooth and known in advance"
).split()
_SIMPLE = (
    "a_{i} + b = c", r"\mathcal{L} = \frac{1}{N}\sum_{i=1}^{N} \ell(f(x_i), y_i)", r"E = m c^2",
    r"p(x \mid y) = \frac{p(y \mid x)\, p(x)}{\int p(y \mid z)\, p(z)\, dz}", r"\nabla \cdot \mathbf{u} = 0",
    r"\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\left(\frac{Q K^{\top}}{\sqrt{d_k}}\right) V",
    r"x_{t+1} \leftarrow x_t - \eta \nabla f(x_t)", r"\hat\theta = \arg\max_{\theta} \log p_{\theta}(x)",
    r"\mathbb{E}_{x \sim p}\left[\,\|g(x)\|_2^2\,\right] \le \sigma^2",
    r"\int_0^{\infty} e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}", r"A = \begin{pmatrix} a & b \\ c & d \end{pmatrix}",
    r"f(x) = \begin{cases} x^2 & \text{if } x > 0, \\ 0 & \text{otherwise} \end{cases}", r"|S| \geq 2^{n-1}",
    r"\min_{w} \; \lambda \|w\|^2 \quad \text{subject to} \quad y_i w^{\top} x_i \ge 1",
    r"\prod_{k=1}^{K} (1 - q_k) \to 0", r"\mathrm{Precision} = \frac{\mathrm{TP}}{\mathrm{TP} + \mathrm{FP}}",
    r"T(n) = 2\,T(n/2) + O(n)",
    r"\frac{\partial u}{\partial t} = \alpha \frac{\partial^2 u}{\partial x^2}", r"d(x, z) \leq d(x, y) + d(y, z)",
)  # fmt: skip
_RIGHT = (
    r"\sum_{i} w_i x_i", r"\frac{a + b}{2}", r"\alpha^2 + \beta", r"\log \frac{p}{q} + C", r"0", r"\|v\|_1",
    r"\int_{\Omega} u\,dx", r"O(n \log n)", r"\sqrt{1 - \epsilon^2}",
)  # fmt: skip
_INLINE = ("$x_i$", r"$\alpha > 0$", r"$f(x) = \frac{1}{1+x}$", r"$\sum_{i=1}^{n} a_i$", "$N$", r"$O(n^2)$")
_AFTER = ("where $x_i$ is a sample and $N$ how many there are.", "in which every term is known.", "for all $t$.")


@dataclass(slots=True)
class _Paper:
    """TeX of a paper in the making, and what number each of its equations has, "" for none."""

    rng: random.Random
    by_section: bool
    labels: list[str] = field(default_factory=list)
    section: int = 0
    counted: int = 0

    def paragraph(self, words: int, *, ends: bool) -> str:
        """Running text; it ends with a full stop, or in the middle of a sentence."""
        said = [self.rng.choice(_WORDS) for _ in range(words)]
        for at in range(6, words, 13):
            said[at] = self.rng.choice(_INLINE)
        return " ".join(said).capitalize() + ("." if ends else "")

    def ink(self, tex: str) -> str:
        """The TeX in the colour of the equation that comes next."""
        return rf"{{\color{{eq{len(self.labels)}}}{tex}}}"

    def end(self, *, is_numbered: bool) -> None:
        """The equation is whole."""
        self.counted += is_numbered
        before = f"{self.section}." if self.by_section else ""
        self.labels.append(f"{before}{self.counted}" if is_numbered else "")

    def display(self) -> str:
        """One display in one of the environments of TeX and the AMS."""
        kind = self.rng.choice(("equation", "equation", "equation", "plain", "align", "align*", "cut", "gather",
                                "multline", "split", "aligned"))  # fmt: skip
        if kind in ("equation", "plain"):
            body = self.ink(self.rng.choice(_SIMPLE) + self.rng.choice((",", ".", "")))
            self.end(is_numbered=kind == "equation")
            return rf"\begin{{equation}}{body}\end{{equation}}" if kind == "equation" else rf"\[{body}\]"
        rights = [self.rng.choice(_RIGHT) for _ in range(self.rng.randint(2, 3))]
        lines = []
        if kind in ("align", "gather"):
            for right in rights:
                one = self.ink("y_{k}") + " & " + self.ink("{}= " + right)
                lines.append(one if kind == "align" else self.ink("z = " + right))
                self.end(is_numbered=True)
            return rf"\begin{{{kind}}}" + r" \\ ".join(lines) + rf"\end{{{kind}}}"
        if kind == "multline":
            lines = [self.ink(f"S = {rights[0]}"), *(self.ink(f"{{}}+ {right}") for right in rights[1:])]
        else:
            lines = [self.ink("u") + " & " + self.ink("{}= " + rights[0])]
            lines += [" & " + self.ink("{}= " + right) for right in rights[1:]]
        self.end(is_numbered=kind != "align*")
        if kind == "cut":  # an equation over several rows, the number beside the last
            return r"\begin{align}" + r" \notag\\ ".join(lines) + r"\end{align}"
        inner = rf"\begin{{{kind}}}" + r" \\ ".join(lines) + rf"\end{{{kind}}}"
        return rf"\begin{{equation}}{inner}\end{{equation}}" if kind in ("split", "aligned") else inner

    def text(self, template: tuple[str, str]) -> str:
        """The whole paper, its colours left to the preamble that is put before it."""
        parts = [r"\title{On Samples}\author{A. Writer}"]
        abstract = r"\begin{abstract}" + self.paragraph(60, ends=True) + r"\end{abstract}"
        is_ams = "amsart" in template[0]
        parts += [abstract, r"\maketitle"] if is_ams else [r"\maketitle", abstract]
        for section in range(3):
            self.section, self.counted = section + 1, 0 if self.by_section else self.counted
            parts.append(rf"\section{{Part {'ABC'[section]} of it}}")
            parts.append(self.paragraph(self.rng.randint(40, 90), ends=True))
            for _ in range(self.rng.randint(3, 5)):
                parts.append(self.paragraph(self.rng.randint(20, 70), ends=self.rng.random() < 0.4))
                after = self.rng.choice((*_AFTER, self.paragraph(self.rng.randint(15, 60), ends=True)))
                parts[-1] += "\n" + self.display() + "\n" + after
            if section == 1:
                parts.append(r"\begin{table}[t]\centering\begin{tabular}{lrr}\hline Name & $n = 3$ & $\alpha$\\\hline"
                             r" first & 1.5 & 2.0\\ second & 2.5 & $10^{3}$\\\hline\end{tabular}"
                             r"\caption{Some numbers of it.}\end{table}")  # fmt: skip
                parts.append(r"\begin{itemize}\item " + self.paragraph(14, ends=True) + r"\item $x = 1$ is one case."
                             r"\item " + self.paragraph(24, ends=True) + r"\end{itemize}")  # fmt: skip
        return "\n\n".join(parts)


def print_papers(folder: Path, *, seed: int = _SEED) -> Iterator[tuple[Path, Truth]]:
    """Papers of every template as PDFs, each with what is printed in it.

    Raises:
        RuntimeError: when TeX cannot print one; the log stays in the folder.
    """
    for name, template in _TEMPLATES.items():
        for number in range(_PAPERS_EACH):
            paper = _Paper(random.Random(f"{seed} {name} {number}"), "numberwithin" in template[1])
            body = paper.text(template)
            stem = f"{name.replace(',', '').replace(' ', '-').lower()}-{number}"
            made = [_print(folder, f"{stem}{kind}", template, body, len(paper.labels), coloured=bool(kind))
                    for kind in ("", "-coloured")]  # fmt: skip
            yield made[0], {"equations": _truth(made[1], paper.labels)}


def _print(folder: Path, stem: str, template: tuple[str, str], body: str, count: int, *, coloured: bool) -> Path:
    colours = "\n".join(
        rf"\definecolor{{eq{at}}}{{RGB}}{{{','.join(map(str, _colour(at) if coloured else (0, 0, 0)))}}}"
        for at in range(count)
    )
    head = rf"{template[0]}\usepackage{{amsmath,amssymb,xcolor}}{template[1]}" + "\n" + colours
    white = r"\color{white}" if coloured else ""  # before the document it is the colour of all that has none
    text = f"{head}\n{white}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (folder / f"{stem}.tex").write_text(text, "utf-8")
    for _ in range(2):
        done = subprocess.run(
            ["pdflatex", "-interaction=batchmode", "-halt-on-error", f"{stem}.tex"], cwd=folder, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"pdflatex cannot print {stem}: see {folder / stem}.log")
    return folder / f"{stem}.pdf"


def _colour(at: int) -> tuple[int, int, int]:
    return 20 + 3 * (at % 64), 10 + 20 * (at // 64), 230


def _truth(coloured: Path, labels: Sequence[str]) -> list[Truth]:
    """Page, number and ink of each equation; of one that goes on on the next page the first part."""
    boxes: dict[int, tuple[int, list[float]]] = {}
    with pypdfium2.PdfDocument(coloured) as pdf:
        for page in range(len(pdf)):
            picture = pdf[page].render(scale=_SCALE, no_smoothtext=True, no_smoothpath=True, rev_byteorder=True)
            pixels = picture.to_numpy()[..., :3].astype(int)
            for at in range(len(labels)):
                ys, xs = np.nonzero((pixels == np.array(_colour(at))).all(axis=2))
                if len(xs):
                    box = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
                    boxes.setdefault(at, (page + 1, [round(float(edge) / _SCALE, 1) for edge in box]))
    return [{"page": boxes[at][0], "label": label, "box": boxes[at][1]} for at, label in enumerate(labels)]


def main() -> None:
    """Print, read, score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="a folder for the PDFs and their truth")
    parser.add_argument("--seed", type=int, default=_SEED, help="other papers")
    parser.add_argument("--faults", action="store_true", help="name what was read wrong")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = asked.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        points, truths = [], {}
        for path, truth in print_papers(folder, seed=asked.seed):
            truths[path.name] = truth["equations"]
            found = list(equations({**truth, "whole": True}, {"equations": equations_of(path)}))
            points += found
            if asked.faults:
                print(*(f"{path.name} · {point.name} · {point.fault}" for point in found if point.fault), sep="\n")
        print_table({"printed by TeX": summed(points)}, counted=True)
        if asked.keep:
            (folder / "truth.json").write_text(json.dumps(truths, indent=1), "utf-8")


if __name__ == "__main__":
    main()
