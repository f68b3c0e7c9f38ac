"""Code and project links that a record states in its abstract or comment."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kb.links import HOSTS, LOOK_BACK, link_kind, same_address, without_punctuation
from kb.records import Link

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
    rf"(?:https?://|(?<![\w/.@-])(?:www\.)?(?={HOSTS}(?:/|\b(?=[^\w.]|$))))[^\s<>\"{{}}|\\^`\[\]$，。；、）（]+",
    re.I,
)
# One of these stands in every address; most texts have none, and this is much faster than to look for addresses.
_SIGNS = ("http", "www.", "github", "gitlab", *re.findall(r"[\w-]+(?:\.[\w-]+)+", HOSTS.replace("\\", "")))


def address_of_id(key: str, *, version: int | None = None) -> str | None:
    """The page of an arXiv id or a DOI; None for the ids that are given here."""
    scheme, _, rest = key.partition(":")
    if scheme == "arxiv":
        return f"https://arxiv.org/abs/{rest}v{version}" if version else f"https://arxiv.org/abs/{rest}"
    return f"https://doi.org/{rest}" if scheme == "doi" else None


def links_of_ids(ids: Iterable[str], *, version: int | None = None, source: str = "") -> list[Link]:
    """The PDF of an arXiv id, the publisher's page of a DOI."""
    pages = [(key, page) for key in ids if (page := address_of_id(key, version=version))]
    return [
        Link(kind="doi", url=page, source=source)
        if key.startswith("doi:")
        else Link(kind="pdf", url=page.replace("/abs/", "/pdf/"), source=source)
        for key, page in pages
    ]


def links_of(texts: Iterable[str | None], *, source: str = "") -> tuple[Link, ...]:
    """Links to code and project pages in the texts (abstract, comment), in order, each once.

    Repositories on the known hosts are code, ``*.github.io`` and the like are projects; an address elsewhere
    counts when the words before it say "code" or "project page". Line breaks and blanks inside an address are
    healed, LaTeX around it and punctuation after it are cut; nothing is made up or looked up.
    """
    found: dict[str, Link] = {}
    for text in texts:
        if not text or not _has_sign(text.lower()):
            continue
        for url, before in _addresses(text):
            kind = link_kind(url, before)
            if kind is not None:
                found.setdefault(same_address(url), Link(kind=kind, url=url, source=source))
    return tuple(found.values())


def every_link(
    ids: Iterable[str],
    *,
    stated: Iterable[Link] = (),
    texts: Iterable[str | None] = (),
    version: int | None = None,
    source: str = "",
) -> tuple[Link, ...] | None:
    """The links of a record, each once: those that its ids lead to, those it states, those its texts name."""
    found = {
        (link.kind, link.url.rstrip("/")): link
        for link in (*links_of_ids(ids, version=version, source=source), *stated)
    }
    for link in links_of(texts, source=source):
        found.setdefault((link.kind, link.url.rstrip("/")), link)
    return tuple(found.values()) or None


def _has_sign(lowered: str) -> bool:
    return any(sign in lowered for sign in _SIGNS)


def _addresses(text: str) -> list[tuple[str, str]]:
    """(address, what stands before it) for each address in a text, healed and trimmed."""
    for pattern, replacement in (*_TEX, *_HEALING):
        text = pattern.sub(replacement, text)
    found = []
    for match in _ADDRESS.finditer(text):
        url = without_punctuation(match[0])
        if not url.lower().startswith("http"):
            url = f"https://{url}"
        if re.match(r"https?://[\w-]+(?:\.[\w-]+)+(?:[:/?#]|$)", url, re.I):
            found.append((url, text[max(0, match.start() - LOOK_BACK) : match.start()]))
    return found
