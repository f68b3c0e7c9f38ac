"""``kb demo``: the main job on the papers that come with the package, step by step as a user would do it."""

from __future__ import annotations

from datetime import date
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from kb.records import DemoReport, DemoStep, Paper
from kb.rendering import plain_text

if TYPE_CHECKING:
    from kb import Library
    from kb.cli.progress import Reporter

QUERY = "citation graph as a signal for document embeddings"
QUESTION = "Does SPECTER need citations at inference time?"
DAY = date(2024, 3, 4)
_LICENSE = "http://creativecommons.org/licenses/by/4.0/"


def run_demo(library: Library, reporter: Reporter) -> DemoReport:
    """Add, search, ask and write a digest; returns the steps with their results as text."""
    home = library.settings.home
    folder = Path(str(resources.files("kb") / "demo"))
    reporter.notice(f"the demo library is {home}; delete the folder to be rid of it")
    files = sorted(folder.glob("*.pdf"))
    report = library.add([str(folder / "records.jsonl"), *map(str, files)], private=False, progress=reporter.progress)
    pdfs = _license(library)
    hits = library.search(QUERY, k=3)
    answer = library.ask(QUESTION)
    digest = library.digest(day=DAY, progress=reporter.progress)
    written = library.pages.write(digest, ["hexo", "json"], out=home / "digest")
    steps = (
        _step("kb add records.jsonl 2020.acl-main.207.pdf …", plain_text.add_report(report)),
        _step(f'kb search "{QUERY}" -k 3', plain_text.hits(hits, query=QUERY)),
        _step(f'kb ask "{QUESTION}"', plain_text.answer(answer)),
        _step(f"kb digest --date {DAY} --format hexo,json --out {home / 'digest'}", plain_text.digest(digest, written)),
    )
    tries = (
        f'kb ask --home {home} "What is citation-informed training?"',
        f"kb note --home {home} {pdfs[0].id if pdfs else '2402.19481'}",
        f"kb verify --home {home} {home / 'digest' / 'digest.json'}",
        f"kb ui --home {home}",
    )
    return DemoReport(home=str(home), steps=steps, next=tries, files=tuple(map(str, written)))


def _license(library: Library) -> list[Paper]:
    """The PDFs are licensed CC BY 4.0 (see LICENSES.md beside them); their pages do not all say so."""
    papers = [paper for paper in library.list() if paper.fulltext.state != "none"]
    return [paper if paper.license else library.set(paper.id, license=_LICENSE) for paper in papers]


def _step(command: str, text: str) -> DemoStep:
    return DemoStep(command=command, text=text)
