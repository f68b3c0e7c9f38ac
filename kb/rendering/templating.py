"""Templates to pages. The only module that imports Jinja2; whatever a template prints is escaped for HTML."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from kb.errors import BadRecord, foreign_errors
from kb.rendering.display import scripted_page, web_page
from kb.rendering.naming import picture_text, without_label
from kb.text import HAN, one_line

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_SCRIPT_ORIGIN = re.compile(r"^(https?://[^/\s;'\"]+)/")


def render_template(name: str, **values: Any) -> str:
    """A template of the package with these values.

    Raises:
        BadRecord: when a value is not what the template shows.
    """
    with foreign_errors(lambda said: BadRecord(f"the page cannot be made ({said}): make it again from the library")):
        return _environment(bool(values.get("scripted"))).get_template(name).render(**values)


def content_policy(*, files_beside: bool, script: str) -> str:
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

    environment = Environment(
        loader=PackageLoader("kb.rendering"), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters.update(
        tex=tex,
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
