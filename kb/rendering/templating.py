"""Templates to pages. The only module that imports Jinja2; whatever a template prints is escaped for HTML."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from kb.rendering.escaping import one_line, pieces
from kb.rendering.naming import picture_text, without_label
from kb.rendering.tex_text import ACCENTED, accented, formula_html

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_SCRIPT_ORIGIN = re.compile(r"^(https?://[^/\s;'\"]+)/")


def render_template(name: str, **values: Any) -> str:
    """A template of the package with these values."""
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
        """Text of a paper: addresses are links, formulas and accents are written with plain signs."""
        formula = _raw if scripted else _formula
        return Markup(pieces(one_line(text), prose=_prose, formula=formula, address=_address))  # noqa: S704  (escaped)

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


def _escape(text: str) -> str:
    import html

    return html.escape(text, quote=True)


def _prose(text: str) -> str:
    parts = []
    end = 0
    for match in ACCENTED.finditer(text):
        parts += [_escape(text[end : match.start()]), _shown(match[0], _escape(accented(match)))]
        end = match.end()
    return "".join([*parts, _escape(text[end:])])


def _formula(text: str) -> str:
    told = formula_html(text)
    return f'<code class="tex">{_escape(text)}</code>' if told is None else _shown(text, told)


def _raw(text: str) -> str:
    return _escape(text)


def _shown(source: str, told: str) -> str:
    """What is shown, with the record's own letters as its title: a page can be read back to the letter."""
    return f'<span class="tex" title="{_escape(source)}">{told}</span>'


def _address(text: str) -> str:
    return f'<a href="{_escape(text)}" rel="noopener noreferrer">{_escape(text)}</a>'


def text_language(text: str) -> str:
    """The language of a text by its script, as far as a page needs it: "zh" or "en"."""
    letters = [ch for ch in text if ch.isalpha()]
    return "zh" if sum("\u4e00" <= ch <= "\u9fff" for ch in letters) * 3 > len(letters) else "en"
