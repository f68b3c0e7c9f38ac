"""Addresses of the web, as every stage sees them: in running text, as records state them, of code and projects."""

from __future__ import annotations

import re
from typing import Literal

LinkKind = Literal["code", "project"]

# The one table of hosts. A repository has an owner and a name; of a project's host the subdomain is enough.
_REPOSITORIES = ("github.com", "gitlab.com", "bitbucket.org", "huggingface.co", "codeberg.org")
_OTHER_CODE = ("anonymous.4open.science",)
_PROJECT_DOMAINS = ("github.io", "gitlab.io", "pages.dev", "netlify.app", "vercel.app")
_PROJECT_SITES = ("sites.google.com",)  # whose path names the project
_NEVER = ("arxiv.org", "doi.org", "dx.doi.org", "youtube.com", "youtu.be")

# RFC 3986 knows ASCII only; the punctuation after an address, parentheses, braces and the like are left to the text.
IN_PROSE = re.compile(r"https?://[\w!#%&+,./:;=?@~-]*[\w#%&+/=@~-]", re.IGNORECASE | re.ASCII)
"""An address within running text."""
_LINKABLE = re.compile(r"https?://[^\s<>\"'\x00-\x1f]+", re.IGNORECASE)

HOSTS = (
    rf"(?:{'|'.join(map(re.escape, (*_REPOSITORIES, *_OTHER_CODE, *_PROJECT_SITES)))}"
    rf"|(?<![\w-])[\w-]{{1,63}}\.(?:{'|'.join(map(re.escape, _PROJECT_DOMAINS))}))"
)
"""Pattern of the known hosts, without scheme and "www."."""
_PARTS = re.compile(r"(?:https?://)?(?:www\.)?(?P<host>[^/?#:\s]+)(?::\d+)?(?P<path>/[^?#\s]*)?", re.I)
_DATA = re.compile(r"/(?:spaces|datasets)(?:/|$)")  # of huggingface.co: pages to look at, no programs

# What stands before an address of any other host decides what it is.
_PROJECT_WORDS = re.compile(
    r"\b(?:project|web|home)[\s-]*(?:page|site|web\s*page|web\s*site)s?\b|\bwebsite\b|\bproject\b|\bdemos?\b"
)
_CODE_WORDS = re.compile(r"\b(?:source\s+)?codes?\b|\bimplementations?\b|\brepo(?:sitory|sitories|s)?\b|\bsoftware\b")
LOOK_BACK = 60
"""Characters before an address that may say what it is."""
_CLOSERS = {")": "(", "]": "[", "}": "{"}


def is_web_address(text: str) -> bool:
    """Whether a text as a whole is an address of http or https, as a source may state it."""
    return re.fullmatch(r"https?://\S+", text, re.IGNORECASE) is not None


def web_address(url: str | None) -> str | None:
    """The address if it may be linked to (http or https, nothing in it that ends an attribute or a tag), else None."""
    cleaned = (url or "").strip()
    return cleaned if _LINKABLE.fullmatch(cleaned) else None


def host_kind(address: str) -> LinkKind | None:
    """What an address with or without scheme is by its host alone; None for hosts that are not in the table."""
    host, path = _split(address)
    if host in (*_REPOSITORIES, *_OTHER_CODE):
        return "project" if host == "huggingface.co" and _DATA.match(path) else "code"
    if host in _PROJECT_SITES or any(host.endswith(f".{domain}") for domain in _PROJECT_DOMAINS):
        return "project"
    return None


def names_a_thing(address: str) -> bool:
    """Whether an address of a known host leads to one repository or project: an owner's page does not."""
    host, path = _split(address)
    parts = [part for part in path.split("/") if part]
    least = 2 if host in _REPOSITORIES else 1 if host in (*_PROJECT_SITES, *_OTHER_CODE) else 0
    return len(parts) >= least and host_kind(address) is not None


def link_kind(address: str, before: str = "") -> LinkKind | None:
    """What an address is, by its host and the words before it; None when it is neither code nor project."""
    host, path = _split(address)
    if kind := host_kind(address):
        return kind if path.strip("/") or kind == "project" else None  # "github.com" alone is no repository
    if not host or host in _NEVER or host.endswith(tuple(f".{name}" for name in _NEVER)):
        return None
    said = before[-LOOK_BACK:].lower()
    project = max((match.end() for match in _PROJECT_WORDS.finditer(said)), default=-1)
    code = max((match.end() for match in _CODE_WORDS.finditer(said)), default=-1)
    if max(project, code) < 0 or re.search(r"[.!?]\s+[a-z]", said[max(project, code) :]):
        return None  # no such word, or it stands in an earlier sentence
    return "project" if project > code else "code"


def without_punctuation(address: str) -> str:
    """The address without the punctuation of the sentence around it."""
    while address:
        last = address[-1]
        unopened = last in _CLOSERS and address.count(last) > address.count(_CLOSERS[last])
        if last not in ".,;:!?'’”*" and not unopened:
            break
        address = address[:-1]
    return address


def same_address(address: str) -> str:
    """What two spellings of one address share: no scheme, "www.", ".git", last slash or capitals."""
    bare = re.sub(r"^https?://(?:www\.)?", "", address, flags=re.I).rstrip("/")
    return re.sub(r"\.git$", "", bare).lower()


def _split(address: str) -> tuple[str, str]:
    match = _PARTS.match(address)
    return (match["host"].lower(), match["path"] or "") if match else ("", "")
