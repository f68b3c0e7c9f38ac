"""The documents as a site: built without a warning, every link leads somewhere, nothing is loaded from elsewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from selectolax.lexbor import LexborHTMLParser

ROOT = Path(__file__).resolve().parents[2]
_LOADED = (
    ("link", "href"),
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "srcset"),
    ("form", "action"),
)
_REMOTE = re.compile(r"(?:[a-z]+:)?//", re.IGNORECASE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly into a folder; without a network, as far as a proxy that is not there can tell."""
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("mkdocs is not installed: pip install 'paper-kb[docs]' (it is in [dev], too)")
    out = tmp_path_factory.mktemp("site")
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", ".mkdocs.yml", "-d", str(out)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **nowhere}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return out


def _pages(site: Path) -> Iterator[tuple[Path, LexborHTMLParser]]:
    for path in sorted(site.rglob("*.html")):
        yield path, LexborHTMLParser(path.read_text(encoding="utf-8"))


def test_every_page_is_in_the_site(site: Path) -> None:
    pages = {page.with_suffix(".html").name for page in (ROOT / "docs").glob("*.md")}
    assert pages <= {path.name for path in site.glob("*.html")}


def test_every_link_and_anchor_of_the_site_leads_somewhere(site: Path) -> None:
    anchors = {path: {node.id for node in tree.css("[id]")} for path, tree in _pages(site)}
    for path, tree in _pages(site):
        if path.name == "404.html":  # its addresses are those of a site at the root of a host
            continue
        for node in tree.css("a[href], img[src]"):
            target = str(node.attributes.get("href") or node.attributes.get("src"))
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = unquote(target).partition("#")
            file = (path.parent / name).resolve() if name else path
            assert file.exists(), (path.name, target)
            assert not anchor or file.suffix != ".html" or anchor in anchors[file], (path.name, target)


def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    for path, tree in _pages(site):
        loaded = [str(node.attributes.get(name) or "") for tag, name in _LOADED for node in tree.css(f"{tag}[{name}]")]
        assert loaded
        assert [address for address in loaded if _REMOTE.match(address)] == [], path.name
        styles = " ".join(node.text() for node in tree.css("style"))
        assert not re.search(r"@import|url\(\s*['\"]?(?:https?:)?//", styles), path.name
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"@import|url\(\s*['\"]?(?:https?:)?//", text), path.name


def test_no_page_shows_its_markup(site: Path) -> None:
    """What GitHub shows as a table, list or emphasis is one here as well."""
    for path, tree in _pages(site):
        for node in tree.css("main code, div[role=main] code"):
            node.decompose()
        body = tree.css_first("div[role=main]")
        text = body.text() if body is not None else ""
        assert not re.search(r"\*\*|^\s*[|] |```|\]\(", text, re.MULTILINE), (
            path.name,
            re.findall(r".*(?:\*\*|```|\]\().*", text),
        )
