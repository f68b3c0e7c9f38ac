"""Self-contained HTML pages: no script, nothing remote; pictures within, or beside when they are too many.

The only module that imports Jinja2; whatever a template prints is escaped for HTML.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from kb.errors import BadRecord, foreign_errors
from kb.records import Digest, Language
from kb.rendering.display import plain, scripted_page, title_in_link, web_page
from kb.rendering.entries import (
    PageEntry,
    PageSettings,
    also_matched,
    digest_entries,
    headline,
    left_out,
    notices,
    picture_files,
    sections,
)
from kb.rendering.labels import label, page_name, page_of, page_title, picture_text, update_title, without_label
from kb.text import HAN, one_line

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

Pages = list[tuple[str, bytes]]
_SCRIPT_ORIGIN = re.compile(r"^(https?://[^/\s;'\"]+)/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """How a page shows a picture: its address (``data:`` or a file beside the page) and its size in pixels."""

    source: str
    width: int
    height: int


def render_html(digest: Digest, *, read_file: Callable[[str], bytes], settings: PageSettings) -> Pages:
    """``<name>.html``, and ``<name>/<picture>.png`` for pictures beyond ``settings.embedded_bytes``."""
    name = page_name(digest)
    entries = digest_entries(digest)
    pictures, beside = _pictures(entries, read_file, folder=name, settings=settings)
    text = render_template(
        "digest.html.j2",
        **page_frame(digest.language, settings, files_beside=bool(beside)),
        title=page_title(digest),
        heading=update_title(digest),
        notices=list(notices(digest)),
        headline=headline(digest, entries),
        entries=entries,
        sections=sections(entries),
        also=also_matched(digest),
        left_out=left_out(digest),
        pictures=pictures,
    )
    return [(f"{name}.html", text.encode()), *beside]


def note_html(entry: PageEntry, *, name: str, read_file: Callable[[str], bytes], settings: PageSettings) -> Pages:
    """The note of one paper as a page of its own."""
    pictures, beside = _pictures([entry], read_file, folder=name, settings=settings)
    model = entry.note.model
    text = render_template(
        "note.html.j2",
        **page_frame(entry.language, settings, files_beside=bool(beside)),
        entry=entry,
        plain_title=plain(entry.paper.title),
        pictures=pictures,
        notices=[entry.say("made_model", model=model) if model else entry.say("made_extractive")],
    )
    return [(f"{name}.html", text.encode()), *beside]


def _pictures(
    entries: Sequence[PageEntry], read_file: Callable[[str], bytes], *, folder: str, settings: PageSettings
) -> tuple[dict[str, Picture], Pages]:
    """Each picture as the page shows it, and the files that must stand beside the page."""
    shown: dict[str, Picture] = {}
    beside: Pages = []
    room = settings.embedded_bytes
    for key in picture_files(entries):
        data = read_file(key)
        width, height = png_size(data)
        if len(data) <= room:
            room -= len(data)
            source = f"data:image/png;base64,{base64.b64encode(data).decode()}"
        else:
            source = f"{folder}/{key}"
            beside.append((source, data))
        shown[key] = Picture(source=source, width=width, height=height)
    return shown, beside


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels from the header; (0, 0) for what is no PNG."""
    if data[:8] != b"\x89PNG\r\n\x1a\n" or len(data) < 24:
        return 0, 0
    width, height = struct.unpack(">II", data[16:24])
    return int(width), int(height)


# -------------------------------------------------------------------------------------------------------- templates


def render_template(name: str, **values: Any) -> str:
    """A template of the package with these values.

    Raises:
        BadRecord: when a value is not what the template shows.
    """
    with foreign_errors(lambda said: BadRecord(f"the page cannot be made ({said}): make it again from the library")):
        return _environment(bool(values.get("scripted"))).get_template(name).render(**values)


def page_frame(language: Language, settings: PageSettings, *, files_beside: bool = False) -> dict[str, Any]:
    """What every page is rendered with."""
    return {
        "language": language,
        "settings": settings,
        "scripted": bool(settings.mathjax),
        "policy": _content_policy(files_beside=files_beside, script=settings.mathjax),
        "say": lambda word, **values: label(language, word, **values),
        "page_of": lambda quoted: page_of(language, quoted),
    }


def _content_policy(*, files_beside: bool, script: str) -> str:
    """A Content-Security-Policy that lets a page show its own style and pictures and nothing else.

    ``script`` is the address of a MathJax of one's own, which also sets styles and loads fonts from there.
    """
    css_hash = base64.b64encode(hashlib.sha256(_css().encode()).digest()).decode()
    images = "data: 'self' file:" if files_beside else "data:"
    rules = ["default-src 'none'", f"img-src {images}", "base-uri 'none'", "form-action 'none'"]
    if not script:
        return "; ".join([*rules, f"style-src 'sha256-{css_hash}'"])
    origin = match[1] if (match := _SCRIPT_ORIGIN.match(script)) else "'self' file:"
    return "; ".join([*rules, "style-src 'unsafe-inline'", f"script-src {origin}", f"font-src {origin} data:"])


@lru_cache(maxsize=2)
def _environment(scripted: bool) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup, escape

    def tex(text: str) -> Markup:
        return Markup(scripted_page(text) if scripted else web_page(text))  # noqa: S704  (escaped)

    def words(text: str) -> Markup:
        return Markup(title_in_link(text))  # noqa: S704  (escaped)

    environment = Environment(
        loader=PackageLoader("kb.rendering"), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters.update(
        tex=tex,
        words=words,
        flat=lambda text: escape(one_line(text)),
        language=text_language,
        uncaptioned=without_label,
        alt=picture_text,
    )
    environment.globals["css"] = Markup(_css())  # noqa: S704  (the package's own file)
    return environment


@lru_cache(maxsize=1)
def _css() -> str:
    return files("kb.rendering").joinpath("templates/page.css").read_text("utf-8").strip()


def text_language(text: str) -> str:
    """The language of a text by its script, as far as a page needs it: "zh" or "en"."""
    letters = sum(map(str.isalpha, text))
    return "zh" if not text.isascii() and len(re.findall(f"[{HAN}]", text)) * 3 > letters else "en"
