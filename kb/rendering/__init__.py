"""Digests to pages: one module a form, each with its own escaping."""

from __future__ import annotations

from collections.abc import Callable

from kb import wire
from kb.errors import UsageError
from kb.records import Digest
from kb.rendering.hexo import PageSettings, render_hexo

__all__ = ["FORMS", "PageSettings", "render_digest"]

Pages = list[tuple[str, bytes]]


def _json(digest: Digest, *, read_file: Callable[[str], bytes], settings: PageSettings) -> Pages:
    return [("digest.json", (wire.to_json(digest) + "\n").encode())]


FORMS = {"hexo": render_hexo, "json": _json}


def render_digest(
    digest: Digest, form: str, *, read_file: Callable[[str], bytes], settings: PageSettings | None = None
) -> Pages:
    """The pages of a digest in one form, as (relative path, bytes). Same digest and files: same bytes.

    Raises:
        UsageError: for a form that there is not.
    """
    if form not in FORMS:
        raise UsageError(f"{form!r} is not a format: choose from {', '.join(FORMS)}")
    return FORMS[form](digest, read_file=read_file, settings=settings or PageSettings())
