"""The Hexo post goes through a real Hexo and comes out as the records have it.

Needs Node.js with Hexo where ``NODE_PATH`` names it; skipped elsewhere:
``npm install --prefix site hexo@7 hexo-renderer-marked@7 hexo-renderer-ejs``, then ``NODE_PATH=site/node_modules``.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from kb.records import Digest
from kb.rendering import render_digest
from kb.rendering.display import readable
from tests.rendering_pages import PICTURE_KEY, digest_of, note_of, of_full_text, read_file, seed_papers, with_figure

CONFIG = """title: t
url: http://example.org
root: /
permalink: :year/:month/:day/:title/
theme: plain
post_asset_folder: true
"""
HOSTILE_TITLES = (
    "A title with {{ x }} and {% raw %} and {# y #}",
    'He said: "no" --- *never* _ever_ [x](javascript:alert(1)) `code` # y',
    "<script>alert(1)</script> & <img src=x onerror=alert(1)>",
    r"na\"{\i}vely $6.1\times$ faster, by $33\%$, for $5 and $10, $a_{i}*b_{j}*c$",
    "1. Not a list | not | a | table ~~no~~ <!-- no -->",
    "{% endraw %}{{ constructor.constructor('return 1')() }}",
)


@pytest.fixture(scope="module")
def modules() -> Path:
    """The folder of Node's modules that has Hexo."""
    for folder in os.environ.get("NODE_PATH", "").split(os.pathsep):
        if shutil.which("node") and folder and (Path(folder) / "hexo" / "package.json").is_file():
            return Path(folder).resolve()
    pytest.skip("no Node.js with Hexo in NODE_PATH")


def hostile_digest() -> Digest:
    papers = seed_papers()
    notes = [
        note_of(replace(paper, title=title, abstract=f"{title} is used here. {paper.abstract}", comment=title))
        for paper, title in zip([*papers, papers[0]], HOSTILE_TITLES, strict=True)
    ]
    return digest_of([with_figure(of_full_text(notes[0])), *notes[1:]], topic=HOSTILE_TITLES[0])


def build(folder: Path, modules: Path, digest: Digest) -> str:
    """The post's page as Hexo makes it."""
    for name, data in render_digest(digest, "hexo", read_file=read_file):
        path = folder / "source" / "_posts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "_config.yml").write_text(CONFIG)
    dependencies = ", ".join(f'"{name}": "*"' for name in ("hexo", "hexo-renderer-marked", "hexo-renderer-ejs"))
    (folder / "package.json").write_text(
        f'{{"name": "site", "hexo": {{"version": ""}}, "dependencies": {{{dependencies}}}}}'
    )
    layout = folder / "themes" / "plain" / "layout"
    layout.mkdir(parents=True)
    (layout / "index.ejs").write_text("<html></html>")
    (layout / "post.ejs").write_text("<html><h6><%= page.title %></h6><%- page.content %></html>")
    (folder / "node_modules").symlink_to(modules)
    command = ["node", str(modules / "hexo" / "bin" / "hexo"), "generate"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    pages = sorted(folder.glob("public/2024/03/04/*/index.html"))
    assert pages, done.stdout + done.stderr
    assert "ERROR" not in done.stdout + done.stderr
    return pages[0].read_text()


def seen(text: str) -> str:
    # Hexo sets apostrophes as printers do; that is its reader's taste and no harm.
    return " ".join(html.unescape(re.sub(r"<[^<>]*>", "", text)).replace("’", "'").replace("‘", "'").split())


@pytest.fixture(scope="module")
def page(modules: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return build(tmp_path_factory.mktemp("hexo"), modules, hostile_digest())


def test_titles_survive_hexo_unharmed(page: str) -> None:
    text = seen(page)
    for title in HOSTILE_TITLES:
        # In the list, headings, abstracts and comments alike.
        assert text.count(readable(title)) >= 4, title
    headings = [seen(heading) for heading in re.findall(r"<h2 .*?</h2>", page, re.S)]
    assert headings == [readable(title) for title in HOSTILE_TITLES]
    assert seen(re.findall(r"<h6>.*?</h6>", page, re.S)[0]) == HOSTILE_TITLES[0]


def test_nothing_of_a_paper_becomes_markup(page: str) -> None:
    assert "<script" not in page
    assert not re.search(r"<(?!a |img |sup|details|summary|blockquote|span )[^<>]*\bonerror=", page)
    images = re.findall(r"<img [^>]*>", page)
    assert len(images) == 1
    assert not re.search(r"""href=["']?javascript:""", page, re.IGNORECASE)
    assert "<table" not in page
    assert "<del>" not in page


def test_the_picture_is_found_on_the_site(page: str, modules: Path) -> None:
    picture = re.findall(r'srcset="([^"]*)"', page)[0]
    assert re.fullmatch(rf"/2024/03/04/[^/]+/{PICTURE_KEY}", picture)


def test_titles_lead_to_their_papers_and_marks_to_their_evidence(page: str) -> None:
    places = set(re.findall(r'<a id="([\w-]+)"', page))
    marks = set(re.findall(r'<sup><a href="#([\w-]+-[ae]\d+)">', page))
    titles = re.findall(r'<li><a href="#([\w-]+)">', page)
    assert len(titles) == len(HOSTILE_TITLES)
    assert marks
    assert marks | set(titles) <= places


def test_the_note_is_folded_and_still_a_list(page: str) -> None:
    folded = page.split("<summary>Reading note</summary>")[1].split("</details>")[0]
    assert re.search(r"<ol>\s*<li>Authors: .*</li>.*</ol>", folded, re.S)
    assert "one buffer for each layer" in folded


def test_lists_are_well_formed(page: str) -> None:
    items = re.findall(r"<ol>\s*<li>", page)
    assert len(items) == 2  # of papers, and of the one note
    assert 'start="' not in page
