"""Pages on disk: a digest's forms, and the same pages again from its data."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kb import wire
from kb.errors import BadRecord
from kb.home import writing_error
from kb.records import Digest
from kb.rendering import PageSettings, render_digest

if TYPE_CHECKING:
    from kb.library import Library


def write_digest(library: Library, digest: Digest, forms: Sequence[str], *, out: Path | None) -> list[Path]:
    """Write a digest in several forms; by default under ``digests/`` in the home."""
    settings = PageSettings(author=library.settings.site_author, site_url=library.settings.site_url)
    pages = [
        page
        for form in dict.fromkeys(form.strip() for form in forms)
        for page in render_digest(digest, form, read_file=lambda key: _read(library, key), settings=settings)
    ]
    return write_pages(pages, out or library.home.digests_path / digest.until.isoformat())


def render_file(library: Library, path: Path, forms: Sequence[str], *, out: Path) -> list[Path]:
    """The pages of a digest that was kept as data."""
    return write_digest(library, read_digest(path), forms, out=out)


def read_digest(path: Path) -> Digest:
    """The digest in a ``digest.json``.

    Raises:
        BadRecord: when it cannot be read or is none.
    """
    try:
        return wire.from_json(path.read_bytes(), Digest)
    except OSError as err:
        raise BadRecord(f"{path} cannot be read ({err.strerror}): check the path") from err


def write_pages(pages: Iterable[tuple[str, bytes]], out: Path) -> list[Path]:
    """Write pages below a folder, each whole or not at all; returns the paths that a reader opens first.

    Raises:
        HomeUnwritable: when the folder cannot be written.
    """
    written: list[Path] = []
    for relative, data in pages:
        target = out / relative
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".new-", delete=False) as handle:
                handle.write(data)
            Path(handle.name).chmod(0o644)
            Path(handle.name).replace(target)
        except OSError as err:
            raise writing_error(err, target) from err
        if target.suffix != ".png":
            written.append(target)
    return written


def _read(library: Library, key: str) -> bytes:
    try:
        return library.home.files.get(key).read_bytes()
    except OSError as err:
        raise BadRecord(f"figure {key} is not in the home: make the digest again with kb digest") from err
