"""Titles of strangers in the programs that typeset: LaTeX reads and runs nothing, MathJax and the app link nothing.

LaTeX needs ``pdflatex`` and ``bibtex``. MathJax needs Node.js with the module where ``NODE_PATH`` names it
(``npm install --prefix site mathjax@3``, then ``NODE_PATH=site/node_modules``). Each is skipped where it is not there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from markdown_it import MarkdownIt

from kb import Library, Settings
from kb.formulas import split_formulas
from kb.latex import unwrapped
from kb.records import Paper
from kb.rendering import render_digest, to_bibtex
from kb.rendering.display import commonmark, element, markdown
from kb.rendering.entries import PageSettings
from tests.end_to_end.chromium import Visitor, chromium_path, served
from tests.formulas import ACTING, BARE, LARGE, MATHEMATICS
from tests.rendering_pages import digest_of, note_of, of_full_text, read_file, seed_papers, with_figure

HOSTILE = [*ACTING, *LARGE, *BARE]
SECRET = "Zwetschgenkuchen"
DOCUMENT = r"""\documentclass{article}
\usepackage{amsmath,amssymb}
\begin{document}\nocite{*}\bibliographystyle{plain}\bibliography{papers}\end{document}
"""
TYPESET = """
const text = require("fs").readFileSync(0, "utf8");
require("mathjax").init({
  loader: {load: ["input/tex-full", "output/chtml", "adaptors/liteDOM"]},
  tex: {inlineMath: [["$", "$"], ["\\\\(", "\\\\)"]]},
  startup: {document: text},
}).then(({startup}) => console.log(startup.adaptor.outerHTML(startup.adaptor.root(startup.document.document))))
"""


@pytest.mark.skipif(not (shutil.which("pdflatex") and shutil.which("bibtex")), reason="no pdflatex and bibtex")
def test_latex_prints_a_hostile_bibliography_and_reads_and_runs_nothing(tmp_path: Path) -> None:
    for name in ("secret", "secret.tex", "a", "a.tex"):
        (tmp_path / name).write_text(SECRET)
    told = [
        *HOSTILE,
        r"$\input{secret}$",
        r"$\input secret$",
        r"$\write18{touch ran}$",
        r"$\begin{input}secret\end{input}$",
    ]
    titles = [text for text in [*told, *MATHEMATICS] if text.isascii()]
    papers = [
        Paper(id=f"record:{n:016x}", title=f"On {text}", authors=("A. Bee",), venue=f"Acts of {text}", comment=text)
        for n, text in enumerate(titles)
    ]
    (tmp_path / "papers.bib").write_text(to_bibtex(papers))
    (tmp_path / "page.tex").write_text(DOCUMENT)
    before = {path.name for path in tmp_path.iterdir()}
    latex = ["pdflatex", "-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "page"]
    for command in (latex, ["bibtex", "page"], latex):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2_000:]
    made = {path.name for path in tmp_path.iterdir()} - before
    assert made == {f"page.{suffix}" for suffix in ("aux", "bbl", "blg", "log", "pdf")}
    with pdfium.PdfDocument(tmp_path / "page.pdf") as printed:
        seen = " ".join(sheet.get_textpage().get_text_bounded() for sheet in printed)
    assert SECRET not in seen
    assert "\\input" in seen


@pytest.fixture(scope="module")
def typeset() -> Any:
    """What MathJax 3 with all its extensions makes of an HTML page."""
    folders = os.environ.get("NODE_PATH", "").split(os.pathsep)
    if not shutil.which("node") or not any((Path(folder) / "mathjax").is_dir() for folder in folders if folder):
        pytest.skip("no Node.js with MathJax in NODE_PATH")

    def run(page: str) -> str:
        done = subprocess.run(
            ["node", "-e", TYPESET], input=page, capture_output=True, text=True, timeout=120, check=True
        )
        return re.sub(r"<style.*?</style>", "", done.stdout, flags=re.DOTALL)

    return run


ACTS = re.compile(
    r"<mjx-[^>]*(?:href|javascript|position: ?[fa]|(?:width|height|left|right): ?-?\d{2,}(?:\.\d+)?em)"
    r"|</?mjx-[^>]*><a\b"
)


def test_mathjax_typesets_the_formulas_of_a_post_and_nothing_else(typeset: Any) -> None:
    texts = [*HOSTILE, *MATHEMATICS]
    page = typeset("".join(f"<p>{markdown(text)}</p>" for text in texts))
    formulas = sum(is_formula for text in texts for _, is_formula in split_formulas(unwrapped(text)))
    assert page.count("<mjx-container") == formulas
    assert not ACTS.search(page)
    assert "merror" not in page


def test_mathjax_carries_nothing_out_of_a_plain_page_and_of_labels(typeset: Any) -> None:
    # Dollars of a plain page stand as Markdown has them: two of them may be read as a formula, without a command in it.
    texts = [*HOSTILE, *MATHEMATICS]
    page = typeset("".join(MarkdownIt("commonmark").render(commonmark(text)) for text in texts))
    assert not ACTS.search(page)
    assert "mjx-" not in typeset("".join(f"<p>{element(text)}</p>" for text in texts))


def test_mathjax_typesets_the_titles_of_html_pages_and_nothing_else(typeset: Any) -> None:
    papers = [replace(seed_papers()[0], id=f"record:{n:016x}", title=text, abstract="", keywords=(text,), comment=None)
              for n, text in enumerate([*HOSTILE, *MATHEMATICS])]  # fmt: skip
    digest = digest_of([of_full_text(replace(note_of(paper), summary=None)) for paper in papers])
    pages = render_digest(digest, "html", read_file=read_file, settings=PageSettings(mathjax="mathjax/tex-chtml.js"))
    made = pages[0][1].decode()
    page = typeset(made)
    assert page.count("<mjx-container") == made.count('<span class="tex2jax_process mathjax_process">')
    assert "mjx-mfrac" in page
    assert not ACTS.search(page)
    assert "merror" not in page


WIDE = rf"$\mathbf{{{'W' * 380}}}$"  # as long as may be, and never broken
ABSTRACT = "; ".join([*HOSTILE, *MATHEMATICS, WIDE])


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("app") / "home"
    records = home.parent / "records.jsonl"
    title = r"$\rule{500em}{500em}$ or $\alpha_1$"
    records.write_text(json.dumps({"id": "2401.00001", "title": title, "authors": ["A. Bee"], "abstract": ABSTRACT}))
    with Library.open(Settings(home=home)) as library:
        assert library.add([str(records)]).failed == ()
    with served(home) as where:
        yield where


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(chromium_path() is None, reason="no Chromium on this machine")
def test_no_formula_of_the_app_links_fails_or_lies_over_what_stands_beside_it(visitor: Visitor) -> None:
    visitor.open("/paper?id=arxiv:2401.00001")
    visitor.sees("500em")
    formulas = [piece for piece, is_formula in split_formulas(" ".join(ABSTRACT.split())) if is_formula]
    page = visitor.page
    assert page.locator(".katex").count() >= len(formulas) + 1
    assert page.locator(".katex a, .katex-error, .katex img, .katex [style*='color']").count() == 0
    # How far each stands over the edges of its paragraph, and its height, in pixels.
    sizes = page.evaluate("""() => [...document.querySelectorAll('.katex-html')].map(one => {
        const inner = one.getBoundingClientRect(), outer = one.closest('p, h1').getBoundingClientRect();
        return [outer.left - inner.left, inner.right - outer.right, outer.top - inner.top, inner.height];
    })""")
    assert all(left < 8 and right < 8 and above < 8 and height < 120 for left, right, above, height in sizes), sizes


@pytest.mark.skipif(chromium_path() is None, reason="no Chromium")
@pytest.mark.parametrize("opened", [False, True])
def test_paper_has_what_a_reader_unfolded_and_no_heading_of_what_stays_folded(
    browser: Any, tmp_path: Path, opened: bool
) -> None:
    notes = [with_figure(of_full_text(note_of(paper))) for paper in seed_papers()[:2]]
    ((_, page),) = render_digest(digest_of(notes), "html", read_file=read_file)
    (tmp_path / "page.html").write_bytes(page)
    tab = browser.new_page()
    tab.goto((tmp_path / "page.html").as_uri())
    if opened:
        tab.evaluate("document.querySelectorAll('article details').forEach(one => one.open = true)")
    tab.pdf(path=str(tmp_path / "page.pdf"), prefer_css_page_size=True)
    tab.emulate_media(media="print")
    assert all(picture.is_visible() for picture in tab.locator(".thumbnail summary img").all())
    assert tab.locator(".thumbnail summary img").count() == len(notes)
    tab.close()
    paper = pdfium.PdfDocument(tmp_path / "page.pdf")
    text = "\n".join(sheet.get_textpage().get_text_range() for sheet in paper)
    assert "Key Takeaways" in text
    assert ("Reading note" in text) == ("Training took nine days" in text) == opened
    assert paper[0].get_textpage().get_charbox(0)[0] > 30  # points: nothing at the very edge
