"""The plain Markdown page: CommonMark with the formulas of GitHub's dialect, pictures in the folder beside it."""

from __future__ import annotations

from collections.abc import Callable

from kb.records import Digest, Figure
from kb.rendering.body import Markup, entry_lines, head_lines
from kb.rendering.display import attribute, commonmark
from kb.rendering.entries import PageEntry, PageSettings, digest_entries, picture_files
from kb.rendering.labels import label
from kb.rendering.naming import page_name, page_title, picture_text


def render_markdown(
    digest: Digest, *, read_file: Callable[[str], bytes], settings: PageSettings
) -> list[tuple[str, bytes]]:
    """``<name>.plain.md`` (so that it can stand beside the Hexo post) and ``<name>/<picture>.png``."""
    name = page_name(digest)
    entries = digest_entries(digest)
    markup = _markup(name)
    head = [f"**{commonmark(page_title(digest))}**", "", *head_lines(digest, markup), "", ""]
    body = "\n\n".join("\n".join(entry_lines(entry, markup)) for entry in entries)
    text = "\n".join(head) + (body or label(digest.language, "nothing"))
    return [
        (f"{name}.plain.md", f"{text}\n".encode()),
        *((f"{name}/{file}", read_file(file)) for file in picture_files(entries)),
    ]


def note_markdown(entry: PageEntry, *, folder: str) -> str:
    """The note of one paper; its pictures are in ``folder``."""
    return "\n".join(entry_lines(entry, _markup(folder))) + "\n"


def _markup(folder: str) -> Markup:
    def picture(figure: Figure) -> str:
        alt = attribute(picture_text(figure))
        return f'<img src="{folder}/{attribute(figure.file)}" alt="{alt}">'

    return Markup(text=commonmark, picture=picture)
