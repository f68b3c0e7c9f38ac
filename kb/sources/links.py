"""Code and project links that a record states in its abstract or comment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from kb.records import Link

_CODE_HOSTS = ("github.com", "gitlab.com", "huggingface.co", "bitbucket.org", "codeberg.org", "anonymous.4open.science")
_PROJECT_HOSTS = (".github.io", ".gitlab.io", "sites.google.com", ".pages.dev", ".netlify.app", ".vercel.app")

# What stands before an address of any other host decides what it is.
_PROJECT_WORDS = re.compile(
    r"\b(?:project|web|home)[\s-]*(?:page|site|web\s*page|web\s*site)s?\b|\bwebsite\b|\bproject\b"
)
_CODE_WORDS = re.compile(r"\b(?:source\s+)?codes?\b|\bimplementations?\b|\brepo(?:sitory|sitories|s)?\b|\bsoftware\b")

# Broken addresses as people write them: "https: //github. com/a/b", "https:github.com/a", "https://github.\ncom/a".
_HEALING = (
    (re.compile(r"\b(https?)\s*:\s*/\s*/\s*(?=\w)", re.I), r"\1://"),
    (re.compile(r"\bhttps?:(?=(?:github|gitlab)\.com/)", re.I), "https://"),
    (re.compile(r"\b(github|gitlab)\s*\.\s*(com|io)\b", re.I), r"\1.\2"),
    # A blank after "github.com/owner/" is healed only when what follows looks like a name, not like a word.
    (
        re.compile(
            r"(https?://(?:github|gitlab)\.com/(?:[\w.-]+/)?)\s+(?=[\w.-]*(?:[-_/]|[a-z][A-Z0-9])[\w./-]*[.\s]*(?:$|[,;)]))"
        ),
        r"\1",
    ),
)
_TEX = (
    (re.compile(r"\\href\s*\{([^{}]*)\}"), r" \1 "),
    (re.compile(r"\\text(?:asciitilde|tildelow)\s*(?:\{\})?|\$\\sim\$|\\~\{\}"), "~"),
    (re.compile(r"\\([_#%&~$])"), r"\1"),
)
_ADDRESS = re.compile(
    r"(?:https?://|(?<![\w/.@-])(?:www\.)?(?=(?:github\.com|gitlab\.com|huggingface\.co|bitbucket\.org)/"
    r"|[\w-]+\.github\.io\b))[^\s<>\"{}|\\^`\[\]$，。；、）（]+",
    re.I,
)
_HINTS = ("http", "www.", "github", "gitlab", "huggingface", "bitbucket")
_CLOSERS = {")": "(", "]": "[", "}": "{"}
_LOOK_BACK = 60  # characters before an address that may say what it is


def links_of(texts: Iterable[str | None], *, source: str = "") -> tuple[Link, ...]:
    """Links to code and project pages in the texts (abstract, comment), in order, each once.

    Repositories on the known hosts are code, ``*.github.io`` and the like are projects; an address elsewhere
    counts when the words before it say "code" or "project page". Line breaks and blanks inside an address are
    healed, LaTeX around it and punctuation after it are cut; nothing is made up or looked up.
    """
    found: dict[str, Link] = {}
    for text in texts:
        if not text or not any(hint in text.lower() for hint in _HINTS):
            continue
        for url, before in _addresses(text):
            kind = link_kind(url, before)
            if kind is not None:
                found.setdefault(_same(url), Link(kind=kind, url=url, source=source))
    return tuple(found.values())


def link_kind(url: str, before: str = "") -> Literal["code", "project"] | None:
    """What an address is, by its host and the words before it; None when it is neither code nor project."""
    match = re.match(r"https?://(?:www\.)?([^/?#:]+)(?::\d+)?/?([^?#]*)", url, re.I)
    if match is None:
        return None
    host, path = match[1].lower(), match[2].strip("/")
    if any(host == known for known in _CODE_HOSTS):
        return "code" if path else None  # "github.com" alone is no repository
    if any(host == known.lstrip(".") or host.endswith(known) for known in _PROJECT_HOSTS):
        return "project"
    if host in ("arxiv.org", "doi.org", "dx.doi.org") or host.endswith(("youtube.com", "youtu.be")):
        return None
    said = before[-_LOOK_BACK:].lower()
    project = max((m.end() for m in _PROJECT_WORDS.finditer(said)), default=-1)
    code = max((m.end() for m in _CODE_WORDS.finditer(said)), default=-1)
    if max(project, code) < 0 or re.search(r"[.!?]\s+[a-z]", said[max(project, code) :]):
        return None  # no such word, or it stands in an earlier sentence
    return "project" if project > code else "code"


def _addresses(text: str) -> list[tuple[str, str]]:
    """(address, text before it) for each address in a text, healed and trimmed."""
    for pattern, replacement in (*_TEX, *_HEALING):
        text = pattern.sub(replacement, text)
    found = []
    for match in _ADDRESS.finditer(text):
        url = _trim(match[0])
        if not url.lower().startswith("http"):
            url = f"https://{url}"
        if re.match(r"https?://[\w-]+(?:\.[\w-]+)+(?:[:/?#]|$)", url, re.I):
            found.append((url, text[: match.start()]))
    return found


def _trim(url: str) -> str:
    """The address without the punctuation of the sentence around it."""
    while url:
        last = url[-1]
        if last in ".,;:!?'’”*" or (last in _CLOSERS and url.count(last) > url.count(_CLOSERS[last])):
            url = url[:-1]
        else:
            break
    return url


def _same(url: str) -> str:
    bare = re.sub(r"^https?://(?:www\.)?", "", url, flags=re.I).rstrip("/")
    return re.sub(r"\.git$", "", bare).lower()
