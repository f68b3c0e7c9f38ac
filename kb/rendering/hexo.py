"""The Hexo post: the page that people know, one Markdown file with its pictures in the folder beside it.

The folder has the page's name, as Hexo's ``post_asset_folder`` wants it. A picture's ``src`` leads to it from the
file's own place; its ``srcset`` is Hexo's tag for the picture's address on the site, which other readers of Markdown
ignore. The cover is the bare file name, which the Butterfly theme looks up among the post's assets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kb.records import Digest, Figure
from kb.rendering.body import Markup, entry_lines, head_lines
from kb.rendering.display import attribute, markdown, yaml
from kb.rendering.entries import PageSettings, digest_entries, picture_files
from kb.rendering.labels import label
from kb.rendering.naming import page_name, page_title, picture_text, update_title

_EMPTY_KEYS = ("copyright", "copyright_author", "copyright_author_href", "copyright_url", "copyright_info")


def render_hexo(
    digest: Digest, *, read_file: Callable[[str], bytes], settings: PageSettings
) -> list[tuple[str, bytes]]:
    """``<name>.md`` and ``<name>/<picture>.png`` (Hexo's post asset folder)."""
    name = page_name(digest)
    entries = digest_entries(digest)
    pictures = picture_files(entries)
    markup = Markup(text=markdown, picture=lambda figure: _picture(figure, folder=name))
    head = [*_front_matter(digest, pictures, settings), "", *head_lines(digest, markup), "", ""]
    body = "\n\n\n".join("\n".join(entry_lines(entry, markup)) for entry in entries)
    text = "\n".join(head) + (body or label(digest.language, "nothing"))
    return [
        (f"{name}.md", f"{text}\n".encode()),
        *((f"{name}/{file}", read_file(file)) for file in pictures),
    ]


def _picture(figure: Figure, *, folder: str) -> str:
    alt = attribute(picture_text(figure))
    file = attribute(figure.file)
    return f'<img src="{folder}/{file}" srcset="{{% asset_path {file} %}}" alt="{alt}" align="middle">'


def _front_matter(digest: Digest, pictures: Sequence[str], settings: PageSettings) -> list[str]:
    title = page_title(digest)
    first = digest.entries[0].paper.title if digest.entries else ""
    description = f"{update_title(digest)} {first}".strip()
    return [
        "---",
        f"title: {yaml(title)}",
        f"date: {digest.until.isoformat()} 00:00:00",
        f"author: {yaml(settings.author)}",
        f"cover: {yaml(pictures[0]) if pictures else ''}".rstrip(),
        "categories: Paper",
        "tags:",
        f"    - {yaml(title)}",
        f"description: {yaml(description)}",
        f"keywords: {yaml(title)}",
        "toc:",
        "toc_number: false",
        "toc_style_simple: true",
        *(f"{key}:" for key in _EMPTY_KEYS),
        "mathjax: true",
        "katex:",
        "aplayer:",
        "highlight_shrink:",
        "aside:",
        "---",
    ]
