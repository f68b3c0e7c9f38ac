"""PDFs set by LaTeX, from sources that the benchmarks write: what ``front_pages`` and ``reference_pages`` have in
common. Needs a TeX Live."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_MOST_SECONDS = 60  # of a step


def set_pdf(
    source: str, *, to: Path, steps: Sequence[str] = ("pdflatex",), beside: Mapping[str, str] | None = None,
    least_list: int = 0,
) -> bool:  # fmt: skip
    """Sets a LaTeX file and keeps its PDF; whether each step made something.

    Args:
        source: the file.
        to: where the PDF is kept.
        steps: the programs, in order: "pdflatex", "bibtex".
        beside: the text of other files in its folder, by name.
        least_list: bytes that BibTeX has to write; a style that does not know its entries writes fewer.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in ((beside or {}) | {"paper.tex": source}).items():
            (folder / file).write_text(text, "utf-8")
        for step in steps:
            command, made, least = ["bibtex", "paper"], folder / "paper.bbl", least_list
            if step == "pdflatex":
                command = ["pdflatex", "-interaction=batchmode", "-no-shell-escape", "paper.tex"]
                made, least = folder / "paper.pdf", 1
            try:
                subprocess.run(command, cwd=folder, capture_output=True, timeout=_MOST_SECONDS, check=False,
                               stdin=subprocess.DEVNULL)  # fmt: skip
            except subprocess.TimeoutExpired:
                return False
            if not made.exists() or made.stat().st_size < least:
                return False
        shutil.copy(folder / "paper.pdf", to)
        return True
