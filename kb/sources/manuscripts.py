r"""Manuscripts of one's own as the sentences that cite: LaTeX, Markdown and plain text.

Each sentence knows the line that it begins in, through every step from the file to the sentence (``_Lined``). Read
are ``\cite`` and its family, pandoc's ``[@key; @other]`` and ``@key``, numbers of the manuscript's own list of
references ("[3, 5-7]"), and authors with a year ("(Lo et al., 2020)", "Lo et al. (2020)"). A LaTeX file is read with
what it inputs from its own folder, and with nothing that lies elsewhere.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from kb.bibliographic import MONTHS
from kb.errors import ParseError
from kb.latex import decode_latex, group_end
from kb.records import CitingSentence, Failure
from kb.sources.decoding import read_text
from kb.structure import REFERENCES
from kb.text import sentence_spans
from kb.words import STOP_WORDS

_LATEX, _MARKDOWN, _PLAIN = (".tex", ".ltx", ".latex"), (".md", ".markdown", ".qmd", ".rmd"), (".txt", ".text")
_MOST_FILES, _DEEPEST = 200, 8  # that a LaTeX file inputs
_LONGEST_RANGE = 30  # numbers in "[5-34]"

# "apart": a citation that the sentence does without; "words": a part of the sentence; "either": its place tells.
Form = Literal["apart", "words", "either"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manuscript:
    """What a manuscript cites, and what it says of its citations.

    ``bibliographies`` are the files that it names, as far as they are there; ``references`` the entries of its own
    list of references by key; ``unsure`` keys that may be none ("Vancouver, 2010", "@somebody").
    """

    sentences: tuple[CitingSentence, ...]
    bibliographies: tuple[Path, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    unsure: frozenset[str] = frozenset()
    notices: tuple[str, ...] = ()


def read_manuscript(path: Path, *, max_bytes: int) -> Manuscript:
    """The citing sentences of a manuscript in its order.

    Raises:
        ParseError: when it cannot be read, or is of no form that is.
    """
    if path.suffix.lower() not in (*_LATEX, *_MARKDOWN, *_PLAIN):
        raise ParseError(f"{path.name} is no .md, .tex or .txt: save it as one of these", code="unsupported-file")
    reading = _Reading(path, max_bytes)
    source = reading.load(path)
    if isinstance(source, Failure):
        raise ParseError(f"{path}: {source.reason}", code=source.code)
    ending = path.suffix.lower()
    sentences = _latex(source, reading) if ending in _LATEX else _markdown(source, reading, plain=ending in _PLAIN)
    return Manuscript(
        sentences=tuple(sentences),
        bibliographies=tuple(reading.bibliographies),
        references=reading.references,
        unsure=frozenset(reading.unsure - reading.sure),
        notices=tuple(dict.fromkeys(reading.notices)),
    )


# ---------------------------------------------------------------------------------------- text with its lines


@dataclass(frozen=True, slots=True)
class _Lined:
    """A text, and for each of its characters the number of the place that it came from."""

    text: str
    places: array[int]

    def __getitem__(self, span: slice) -> _Lined:
        return _Lined(self.text[span], self.places[span])

    def rewritten(self, edits: Iterable[tuple[int, int, str | _Lined]]) -> _Lined:
        """With ``[start, end)`` replaced, in order; an edit that begins within the one before is left out."""
        parts: list[_Lined] = []
        end = 0
        for start, stop, new in edits:
            if start >= end:
                place = self.places[min(start, len(self.places) - 1)] if self.places else 0
                own = new if isinstance(new, _Lined) else _Lined(new, array("L", [place]) * len(new))
                parts += [self[end:start], own]
                end = stop
        return _joined([*parts, self[end:]]) if parts else self

    def without(self, spans: Iterable[tuple[int, int]], new: str = "") -> _Lined:
        """With spans replaced within their paragraph: one that has lines to itself leaves no blank line behind."""
        edits: list[tuple[int, int, str | _Lined]] = []
        for start, stop in spans:
            before = self.text.rfind("\n", 0, start) + 1
            after = self.text.find("\n", stop)
            after = len(self.text) if after < 0 else after + 1
            alone = not self.text[before:start].strip() and not self.text[stop:after].strip()
            edits.append((before, after, new) if alone else (start, stop, new))
        return self.rewritten(edits)

    def sub(self, pattern: re.Pattern[str], new: str | Callable[[re.Match[str]], str | _Lined | None]) -> _Lined:
        """``re.sub``; a match for which there is None stays."""
        edits = []
        for match in pattern.finditer(self.text):
            made = match.expand(new) if isinstance(new, str) else new(match)
            if made is not None:
                edits.append((*match.span(), made))
        return self.rewritten(edits)


def _joined(parts: Iterable[_Lined]) -> _Lined:
    texts, places = [], array("L")
    for part in parts:
        texts.append(part.text)
        places.extend(part.places)
    return _Lined("".join(texts), places)


@dataclass(frozen=True, slots=True)
class _Mark:
    """A citation: how it is shown, what it cites, and how it stands in its sentence."""

    shown: str
    keys: tuple[str, ...]
    form: Form


_OPEN, _CLOSE = "\ue000", "\ue001"  # around the number of a mark; no text has them afterwards
_MARK = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
# A citation behind the full stop belongs to the sentence before it; one behind an abbreviation stays.
_BEHIND = re.compile(
    rf"(?<!\bal)(?<!\bcf)(?<!\bvs)(?<!e\.g)(?<!i\.e)(?<!etc)(?P<stop>[.!?][\"'”’)\]]*)"
    rf"(?P<marks>(?:[ \t~]*\n?[ \t]*{_OPEN}\d+{_CLOSE})+)(?=\s+[\"“'‘(\[]?[A-Z0-9]|\s*\Z|[ \t]*\n[ \t]*\n)"
)
_NEEDS_WORDS = re.compile(
    r"(?:^|\b(?:by|in|of|from|to|with|see|than|and|or|per|following|unlike|like|via|as|on|for))\s*$", re.IGNORECASE
)
_EMPTY = re.compile(r"\((?:[\s;,]|\b(?:see|also|and|e\.g\.|i\.e\.|cf\.)(?!\w))*\)|\[\s*\]", re.IGNORECASE)


class _Reading:
    """A manuscript while it is read: its files, and what was met in them."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path, self._max_bytes = path, max_bytes
        self.folder = path.parent.resolve()
        self._places: list[tuple[str, int]] = []
        self._marks: list[_Mark] = []
        self._read: set[Path] = set()
        self.bibliographies: dict[Path, None] = {}
        self.references: dict[str, str] = {}
        self.sure: set[str] = set()
        self.unsure: set[str] = set()
        self.notices: list[str] = []

    def load(self, path: Path) -> _Lined | Failure:
        """The text of a file, line ends as "\\n"."""
        self._read.add(path.resolve())
        found = read_text(path, max_bytes=self._max_bytes)
        if isinstance(found, Failure):
            return found
        text = found[0].replace("\r\n", "\n").replace("\r", "\n").translate({ord(_OPEN): " ", ord(_CLOSE): " "})
        name = str(path.resolve().relative_to(self.folder)) if self._is_beside(path) else path.name
        places = array("L")
        for number, line in enumerate(text.split("\n"), 1):
            places.extend(array("L", [len(self._places)]) * (len(line) + 1))
            self._places.append((name, number))
        return _Lined(text, places[: len(text)])

    def _is_beside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.folder)

    def beside(self, name: str, ending: str) -> Path | None:
        """The file of that name in the manuscript's folder or below it; a notice where there is none."""
        bare = name.strip().strip('"')
        for path in (self.folder / bare, self.folder / f"{bare}{ending}"):
            try:
                if not self._is_beside(path):
                    self.notices.append(f"{bare} lies outside the manuscript's folder and is not read")
                    return None
                if path.is_file():
                    return path
            except (OSError, ValueError):
                continue
        self.notices.append(f"{bare} is not beside the manuscript")
        return None

    def inputs(self, name: str) -> _Lined | None:
        """A file that LaTeX inputs; None where it is not there, was read, or there are too many."""
        path = self.beside(name, ".tex")
        if path is None or path.resolve() in self._read or len(self._read) >= _MOST_FILES:
            return None
        found = self.load(path)
        if isinstance(found, Failure):
            self.notices.append(f"{name}: {found.reason}")
            return None
        return found

    def name_bibliography(self, name: str) -> None:
        """Keep a bibliography that the manuscript names."""
        if name.strip() and (path := self.beside(name, ".bib")) is not None:
            self.bibliographies[path] = None

    def mark(self, shown: str, keys: Iterable[str], form: Form, *, sure: bool = True) -> str:
        """What stands for a citation in the text until its sentence is known."""
        found = tuple(dict.fromkeys(key.strip() for key in keys if key.strip()))
        (self.sure if sure else self.unsure).update(found)
        self._marks.append(_Mark(shown, found, form))
        return f"{_OPEN}{len(self._marks) - 1}{_CLOSE}"

    def sentences(self, text: _Lined, clean: Callable[[str], str]) -> Iterator[CitingSentence]:
        """The sentences with marks, in the order of the files."""
        text = text.sub(_BEHIND, lambda m: m["marks"].replace("\n", " ") + m["stop"])
        found = []
        for start, end in _with_their_marks(text.text):
            raw = text.text[start:end]
            if _MARK.search(raw):
                found.append((text.places[start], self._sentence(clean(raw), self._places[text.places[start]])))
        return (one for _, one in sorted(found, key=lambda each: each[0]) if one.keys)

    def _sentence(self, text: str, place: tuple[str, int]) -> CitingSentence:
        marks = [self._marks[int(match[1])] for match in _MARK.finditer(text)]
        shown = _MARK.sub(lambda match: self._marks[int(match[1])].shown, text)
        return CitingSentence(
            file=place[0],
            line=place[1],
            text=" ".join(shown.split()),
            said=_tidy(_MARK.sub(self._said, text)),
            keys=tuple(dict.fromkeys(key for mark in marks for key in mark.keys)),
        )

    def _said(self, match: re.Match[str]) -> str:
        mark = self._marks[int(match[1])]
        before, after = match.string[: match.start()].rstrip(), match.string[match.end() :].lstrip()
        apart = before.count("(") > before.count(")") or (not before and not after[:1].islower())
        words = mark.form == "words" or (mark.form == "either" and not apart and _NEEDS_WORDS.search(before))
        return " and ".join(f"[@{key}]" for key in mark.keys) if words else " "


def _with_their_marks(text: str) -> list[tuple[int, int]]:
    """The spans of sentences; what has no word beside its citations belongs to the sentence before: "…?" [@key]."""
    spans: list[tuple[int, int]] = []
    for start, end in sentence_spans(text):
        if spans and not re.search(r"\w", _MARK.sub("", text[start:end])):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _tidy(text: str) -> str:
    """A sentence after its citations were taken out: no empty brackets, no blank before a comma, one full stop."""
    text = _on_one_line(_EMPTY.sub(" ", text))
    text = re.sub(r"([(\[])\s+", r"\1", re.sub(r"\s+(?=[,.;:!?)\]])", "", text))
    return " ".join(re.sub(r"([,;])(?:\s*[,;])+|(?<=[^\W\d_])(\.)\.(?!\.)", r"\1\2", text).split())


# ------------------------------------------------------------------------------------------------- LaTeX

_VERB = re.compile(r"\\verb\*?([^\w\s*{]).*?\1")
_COMMENT_LINE = re.compile(r"^[ \t]*%.*(?:\n|\Z)", re.MULTILINE)
_COMMENT = re.compile(r"(?P<kept>\\(?:url|href|path)\s*\{[^{}]*\}|\\\\|\\%)|%.*")
_INPUT = re.compile(r"\\(?:input|include|subfile|subfileinclude)\s*\{([^{}]*)\}")
_BIBLIOGRAPHY = re.compile(r"\\(?:bibliography|addbibresource|addglobalbib)\s*(?:\[[^\[\]]*\])?\s*\{([^{}]*)\}")
_DEFINITION = re.compile(
    r"\\(?:(?:re|provide)?newcommand|renewcommand|providecommand|newrobustcmd|def)\*?\s*\{?\s*\\(?P<name>[A-Za-z]+)\s*\}?"
    r"\s*(?=\{)"
)
_LONGEST_MACRO, _MOST_MACROS = 200, 500
_LONGEST_GROUP = 20_000
_MOST_EXPANDED = 500_000  # characters that macros may add
_BEGIN = re.compile(r"\\begin\s*\{([A-Za-z]+)\*?\}")
_GONE = frozenset(
    "verbatim Verbatim lstlisting minted comment tikzpicture pgfpicture filecontents CCSXML thebibliography".split()
)
_MATHS = frozenset(
    "equation align gather multline eqnarray displaymath math flalign alignat array split dmath subequations".split()
)
_FLOATS = frozenset(
    "figure table wrapfigure wraptable sidewaysfigure sidewaystable SCfigure SCtable teaserfigure algorithm listing"
    " longtable marginfigure margintable".split()
)
_TABULAR = frozenset("tabular tabularx tabulary tblr".split())
_CAPTION = re.compile(r"\\caption(?:of\s*\{[^{}]*\}|text)?\*?\s*(?:\[[^\[\]]*\])?\s*(?=\{)")
_FOOTNOTE = re.compile(r"\\(?:footnote|footnotetext|sidenote|marginpar|thanks)\s*(?:\[\d*\])?\s*(?=\{)")
_HEADING = re.compile(
    r"\\(?:part|chapter|(?:sub){0,2}section|(?:sub)?paragraph|title|author|date|affiliation|institute|keywords)\*?\s*"
    r"(?:\[[^\[\]]*\])?\s*(?=\{)"
)
_SILENT = re.compile(
    r"\\(?:label|[A-Za-z]*ref|[vh]space\*?|index|todo|textcolor|color|colorbox|bibliographystyle|bibliography"
    r"|addbibresource|includegraphics|input|include|pagestyle|thispagestyle|usepackage|documentclass|vskip)\*?\s*"
    r"(?:\[[^\[\]]*\])?\s*(?=\{)"
)
_HREF = re.compile(r"\\href\s*\{[^{}]*\}\s*(?=\{)")
_BREAK = re.compile(
    r"\\(?:begin|end)\s*\{[A-Za-z*]+\}(?:\[[^\[\]]*\])?|\\item\b\s*(?:\[[^\[\]]*\])?|\\par(?![A-Za-z])|\\maketitle\b"
)
_DISPLAY = re.compile(r"\$\$.*?\$\$|(?<!\\)\\\[.*?\\\]", re.DOTALL)
_INLINE = re.compile(r"(?<!\\)\$((?:\\[\s\S]|[^$\\\n]|\n(?!\s*\n)){1,600})\$|\\\(((?:(?!\\\))[\s\S]){1,600})\\\)")
_OPTION = r"(?:\s*(?:\[(?:[^\[\]{}]|\{[^{}]*\})*\]|<[^<>{}]*>|\([^(){}]*\)))*"
_CITE = re.compile(rf"\\(?P<name>[A-Za-z]*[Cc]ite[A-Za-z]*)\*?(?P<groups>(?:{_OPTION}\s*\{{[^{{}}]*\}})+)")
_KEYS = re.compile(rf"(?:{_OPTION})\s*\{{(?P<keys>[^{{}}]*)\}}")
_NO_CITE = frozenset("nocite citestyle citetext setcitestyle bibcite defcitealias citeindextype".split())
_AS_WORDS = re.compile(r"(?:citet|textcite|citeauthor|newcite|citeasnoun|citen$|citea$|shortcite[na]|onlinecite)")
_APART = re.compile(r"(?:citep|citeyear|paren|foot|super|auto|smart)")
_STOP_WITHIN = re.compile(r"([.!?])(\}+)(?=\s|\Z)")
_BIBITEM = re.compile(r"\\bibitem\s*(?:\[(?:[^\[\]{}]|\{[^{}]*\})*\])?\s*\{([^{}]+)\}")
_COMMAND = re.compile(r"\\[A-Za-z@]+\*?")


def _latex(source: _Lined, reading: _Reading) -> list[CitingSentence]:
    whole = _expanded(source, reading, depth=0)
    for match in _BIBLIOGRAPHY.finditer(whole.text):
        for name in match[1].split(","):
            reading.name_bibliography(name)
    whole = _without_definitions(whole)
    reading.references.update(_entries_of(whole.text))
    if not reading.bibliographies and not reading.references:
        _read_bbl(reading)
    begin, end = whole.text.find("\\begin{document}"), whole.text.rfind("\\end{document}")
    body = whole[begin + len("\\begin{document}") if begin >= 0 else 0 : end if end > begin else len(whole.text)]
    body = body.sub(_CITE, lambda match: _cited(match, reading))
    body = _in_paragraphs(body)
    body = body.sub(_INLINE, lambda match: _plain_formula(match[1] or match[2]))
    return list(reading.sentences(body.sub(_HREF, "").sub(_STOP_WITHIN, r"\2\1"), _clean_latex))


def _expanded(source: _Lined, reading: _Reading, *, depth: int) -> _Lined:
    """Without comments, and with what is input in its place."""
    bare = source.sub(_VERB, " ").sub(_COMMENT_LINE, "").sub(_COMMENT, lambda m: None if m["kept"] else "")

    def read(match: re.Match[str]) -> _Lined | str:
        found = reading.inputs(match[1]) if depth < _DEEPEST else None
        return "\n" if found is None else _expanded(found, reading, depth=depth + 1)

    return bare.sub(_INPUT, read)


def _without_definitions(text: _Lined) -> _Lined:
    """With the author's own commands that take no argument written out, twice at most, and no definitions."""
    macros: dict[str, str] = {}
    edits: list[tuple[int, int, str | _Lined]] = []
    for start, stop, inner in _with_groups(text.text, _DEFINITION):
        match = _DEFINITION.match(text.text, start)
        edits.append((start, stop, ""))
        if match and len(inner) <= _LONGEST_MACRO and "#" not in inner and len(macros) < _MOST_MACROS:
            macros[match["name"]] = re.sub(r"\\xspace\b|\\ensuremath\b", "", inner)
    text = text.rewritten(edits)
    if macros:
        names = "|".join(sorted(map(re.escape, macros), key=len, reverse=True))
        pattern = re.compile(rf"\\({names})(?![A-Za-z])(?:\{{\}})?")
        for _ in range(2):
            grown = sum(len(macros[match[1]]) for match in pattern.finditer(text.text))
            if grown > _MOST_EXPANDED:  # macros of macros: what they stand for is not worth the text
                break
            text = text.sub(pattern, lambda match: macros[match[1]])
    return text


def _in_paragraphs(text: _Lined) -> _Lined:
    """Prose alone, a blank line between paragraphs: what floats, captions and footnotes print stands at the end."""
    aside: list[_Lined] = []
    found = list(_environments(text.text))
    for name, start, stop in found:
        if name in _FLOATS:
            inside = text[start:stop]
            for _, end, inner in _with_groups(inside.text, _CAPTION):
                aside.append(inside[end - 1 - len(inner) : end - 1])
    text = text.without(((start, stop) for _, start, stop in found), " ")
    text = text.without((match.span() for match in _DISPLAY.finditer(text.text)), " ")
    footnotes = list(_with_groups(text.text, _FOOTNOTE))
    aside += [text[stop - 1 - len(inner) : stop - 1] for _, stop, inner in footnotes]
    text = text.without((start, stop) for start, stop, _ in footnotes)
    for part in aside:
        gap = _Lined("\n\n", array("L", [part.places[0] if part.places else 0]) * 2)
        text = _joined([text, gap, part])
    text = text.rewritten([(start, stop, "\n\n") for start, stop, _ in _with_groups(text.text, _HEADING)])
    text = text.without((start, stop) for start, stop, _ in _with_groups(text.text, _SILENT))
    return text.sub(_BREAK, "\n\n")


def _environments(text: str) -> Iterator[tuple[str, int, int]]:
    """The environments that hold no prose: name and span. One that does not end is passed over."""
    unclosed: set[str] = set()
    at = 0
    for match in _BEGIN.finditer(text):
        name = match[1]
        if match.start() < at or name in unclosed or name not in _GONE | _MATHS | _FLOATS | _TABULAR:
            continue
        ending = re.compile(rf"\\end\s*\{{{name}\*?\}}").search(text, match.end())
        if ending is None:
            unclosed.add(name)
            continue
        at = ending.end()
        yield name, match.start(), at


def _with_groups(text: str, command: re.Pattern[str]) -> Iterator[tuple[int, int, str]]:
    """Each command that ends before a group: where it begins, where the group ends, and what is in the group."""
    at = 0
    for match in command.finditer(text):
        if match.start() >= at and (end := group_end(text, match.end(), most=_LONGEST_GROUP)) > 0:
            at = end
            yield match.start(), end, text[match.end() + 1 : end - 1]


def _cited(match: re.Match[str], reading: _Reading) -> str | None:
    name = match["name"].lower()
    if name in _NO_CITE:
        return " "
    groups = match["groups"]
    if not name.endswith("s"):  # one group of keys; what follows in braces is not its own
        first = _KEYS.match(groups)
        assert first is not None
        groups, rest = first[0], groups[first.end() :]
    else:
        rest = ""
    keys = [key for group in _KEYS.finditer(groups) for key in group["keys"].split(",")]
    form: Form = "words" if _AS_WORDS.match(name) else "apart" if _APART.match(name) else "either"
    return reading.mark(f"[{'; '.join(key.strip() for key in keys)}]", keys, form) + rest


def _entries_of(text: str) -> list[tuple[str, str]]:
    """(key, text) of each ``\\bibitem``."""
    found = list(_BIBITEM.finditer(text))
    ends = [*(match.start() for match in found[1:]), len(text)]
    entries = []
    for match, end in zip(found, ends, strict=bool(found)):
        entry = text[match.end() : end].partition("\\end{thebibliography}")[0]
        entries.append((match[1].strip(), _clean_latex(entry.replace("\\newblock", " "))))
    return entries


def _read_bbl(reading: _Reading) -> None:
    """The list of references that BibTeX made, where the bibliography itself is not there."""
    path = reading.path.with_suffix(".bbl")
    found = reading.load(path) if path.is_file() else None
    if isinstance(found, _Lined):
        reading.references.update(_entries_of(found.text))


def _plain_formula(tex: str) -> str:
    """A formula as far as it is words and numbers: ``81{,}100 \\times 10^{3}`` -> ``81,100 × 10^3``."""
    bare = re.sub(r"\\(?:text|mathrm|mathit|mathbf|mathsf|mathcal|operatorname|rm|bf)\b\s*", "", tex)
    bare = re.sub(r"\\[,;:!]|\\left\b|\\right\b", "", bare.replace("{,}", ","))
    return re.sub(r"[{}]", "", _COMMAND.sub(" ", decode_latex(bare)))


def _clean_latex(text: str) -> str:
    """A sentence of LaTeX as people read it; commands that are not known go, what they hold stays."""
    return " ".join(re.sub(r"[{}]", "", _COMMAND.sub(" ", decode_latex(text))).split())


# ------------------------------------------------------------------------------------- Markdown and plain text

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_NAMED = re.compile(r"^bibliography:[ \t]*(?P<one>\S.*)?$(?P<several>(?:\n[ \t]*-[ \t]+.+)*)", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(?P<fence>`{3,}|~{3,}).*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)(`{1,2})(?!`)[^`\n]+\1(?!`)")
_HTML_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LIST_OF_REFERENCES = re.compile(
    rf"^(?:#{{1,6}}[ \t]*|\*\*)?(?:\d+\.?[ \t]+)?(?:{REFERENCES}|literature)"
    r"[ \t]*:?(?:\*\*|[ \t]*#*)(?:[ \t]*\{[^{}\n]*\})?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_NEXT_PART = re.compile(r"^(?:#{1,6}[ \t]+\S|(?:appendix|appendices|supplement)\b)", re.IGNORECASE | re.MULTILINE)
_NUMBERED = re.compile(r"^[ \t]*(?:[-*][ \t]+)?(?:\\?\[(\d{1,3})\\?\]|(\d{1,3})[.)])[ \t]+(?=\S)", re.MULTILINE)
_LINE_STARTS = (
    (re.compile(r"^[ \t]*(?:=+|-{3,}|\*{3,}|:{3,}.*)[ \t]*$", re.MULTILINE), ""),
    (re.compile(r"^ {0,3}#{1,6}[ \t].*$", re.MULTILINE), "\n\n"),
    (re.compile(r"^(?:[ \t]*>)+[ \t]?", re.MULTILINE), ""),
    (re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+\|?[ \t]*$", re.MULTILINE), "\n\n"),
    (re.compile(r"^[ \t]*\|(.*)\|[ \t]*$", re.MULTILINE), "\n\n\\1\n\n"),
    (re.compile(r"^[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+(?=\S)", re.MULTILINE), "\n\n"),
    (re.compile(r"^\[\^[^\]\n]+\]:[ \t]*", re.MULTILINE), "\n\n"),
    (re.compile(r"\[\^[^\]\n]+\]"), ""),
    (re.compile(r"([.!?])(\*{1,3}|_{1,3})(?=\s|\Z)"), r"\2\1"),
)
_DOLLARS = re.compile(r"(?<![\\$\w])\$(?=[^\s$])((?:\\.|[^$\\\n]){1,300}?)(?<=[^\s\\])\$(?![\d$])")
_SPANS = (
    (re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\([^()]*\))?[^()\s]*(?:\s+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"<(https?://[^>\s]+)>"), r"\1"),
    (re.compile(r"</?[A-Za-z][^<>]{0,300}>"), ""),
    (re.compile(r"(?<!`)`++([^`]+)`+"), r"\1"),
    (re.compile(r"(?<![\w*])(\*{1,3}|_{1,3})(?=\S)(.+?)(?<=\S)\1(?![\w*])"), r"\2"),
    (re.compile(r"\\([\\`*_{}\[\]()#+.!$%&~|<>-])"), r"\1"),
)

_KEY = r"(?:\{[^{}\s]+\}|\w(?:\w|[:.#$%&+?<>~/-](?=\w))*)"
_PANDOC = re.compile(rf"\[(?P<inner>[^\[\]]*(?<![\w.])-?@{_KEY}[^\[\]]*)\](?![(\[])")
_PANDOC_KEY = re.compile(rf"(?<![\w.])-?@(?P<key>{_KEY})")
_BARE_KEY = re.compile(
    rf"(?<![\w.@/\\(-])(?P<sign>-?)@(?P<key>{_KEY})(?:\s*\[(?:p{{1,2}}\.|chap|ch\.|sec|fig|\d)[^\[\]@]{{0,60}}\])?"
)
_CROSS_REFERENCE = re.compile(r"^(?:fig|tbl|tab|eq|eqn|sec|lst|thm|lem)[:-]")
_NUMBERS = re.compile(r"\\?\[(?P<numbers>\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)(?:,\s*pp?\.[^\[\]]{0,40})?\\?\](?![(\[:])")

_CAPITAL = r"[A-ZÀ-ÖØ-ÞĀ-Ž]"
_NAME = rf"(?:(?:[Vv]an|[Vv]on|[Dd]e|der|den|[Dd]i|[Dd]el|[Ll]a|[Ll]e)[ ~]){{0,3}}{_CAPITAL}[\w’'-]+"
_PEOPLE = rf"(?P<people>{_NAME}(?:,?\s+et\s+al\.?(?:’s|'s)?|(?:,\s+{_NAME}){{0,4}},?\s+(?:and|&)\s+{_NAME}|(?:’s|'s)?))"
_YEAR = r"(?:1[89]|20)\d\d[a-z]?\b"
_YEARS = rf"(?P<years>{_YEAR}(?:\s*[,;]\s*(?:{_YEAR}|[a-z]\b))*)"
_TEXTUAL = re.compile(rf"\b{_PEOPLE}\s+[(\[]{_YEARS}(?:[,:]\s*[^()\[\]]{{0,60}})?[)\]]")
_PARENTHESES = re.compile(rf"\((?P<inner>[^()]{{0,600}}{_YEAR}[^()]{{0,80}})\)")
_WITHIN = re.compile(rf"\b{_PEOPLE}(?P<comma>,?)\s+{_YEARS}")


def _markdown(source: _Lined, reading: _Reading, *, plain: bool) -> list[CitingSentence]:
    text = source
    if not plain:
        if front := _FRONT_MATTER.match(text.text):
            for name in _bibliographies(front[1]):
                reading.name_bibliography(name)
            text = text[front.end() :]
        text = text.sub(_FENCE, "\n").sub(_HTML_COMMENT, "")
        text = text.sub(_CODE, lambda match: match[0].replace("@", "＠").replace("\\", " "))
        text = text.without((match.span() for match in _DISPLAY.finditer(text.text)), " ")
        text = text.sub(_DOLLARS, lambda match: _plain_formula(match[1]))
    text, entries = _without_references(text)
    numbered = {key for key, _ in entries if key}
    reading.references.update((key, entry) for key, entry in entries if key)
    text = text.sub(_CITE, lambda match: _cited(match, reading))
    text = text.sub(_PANDOC, lambda match: _cited_by_pandoc(match, reading))
    text = text.sub(_BARE_KEY, lambda match: _cited_bare(match, reading))
    text = text.sub(_NUMBERS, lambda match: _cited_by_number(match, reading, numbered=numbered))
    text = text.sub(_TEXTUAL, lambda match: _cited_by_name(match, reading, entries))
    text = text.sub(_PARENTHESES, lambda match: _cited_in_parentheses(match, reading, entries))
    for pattern, new in _LINE_STARTS:
        text = text.sub(pattern, new)
    return list(reading.sentences(text, _on_one_line if plain else _clean_markdown))


def _clean_markdown(text: str) -> str:
    for pattern, new in _SPANS:
        text = pattern.sub(new, text)
    return _on_one_line(text)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _bibliographies(front: str) -> list[str]:
    """The files that pandoc's metadata name, as a word, a list in a line, or a list in lines."""
    match = _NAMED.search(front)
    if match is None:
        return []
    listed = re.findall(r"^[ \t]*-[ \t]+(.+)$", match["several"] or "", re.MULTILINE)
    listed += (match["one"] or "").strip().strip("[]").split(",")
    return [name.strip().strip("\"'") for name in listed if name.strip()]


def _without_references(text: _Lined) -> tuple[_Lined, list[tuple[str, str]]]:
    """The text without its list of references, and that: (number or "", entry)."""
    headings = list(_LIST_OF_REFERENCES.finditer(text.text))
    if not headings:
        return text, []
    start = headings[-1].end()
    following = _NEXT_PART.search(text.text, start)
    stop = following.start() if following else len(text.text)
    listed = text.text[start:stop]
    found = list(_NUMBERED.finditer(listed))
    if found:
        ends = [*(match.start() for match in found[1:]), len(listed)]
        entries = [(m[1] or m[2], listed[m.end() : end]) for m, end in zip(found, ends, strict=True)]
    else:
        parts = re.split(r"\n\s*\n", listed.strip())
        parts = parts if len(parts) > 1 else listed.strip().split("\n")
        entries = [("", re.sub(r"^[ \t]*[-*•][ \t]+", "", part)) for part in parts if part.strip()]
    cleaned = [(key, _clean_markdown(entry)) for key, entry in entries]
    return text.rewritten([(headings[-1].start(), stop, "\n\n")]), cleaned


def _cited_by_pandoc(match: re.Match[str], reading: _Reading) -> str | None:
    keys = [found["key"].strip("{}") for found in _PANDOC_KEY.finditer(match["inner"])]
    keys = [key for key in keys if not _CROSS_REFERENCE.match(key)]
    return reading.mark(f"[{'; '.join(keys)}]", keys, "apart") if keys else None


def _cited_bare(match: re.Match[str], reading: _Reading) -> str | None:
    key = match["key"].strip("{}")
    if _CROSS_REFERENCE.match(key):
        return None
    return reading.mark(f"[{key}]", [key], "apart" if match["sign"] else "words", sure=bool(reading.bibliographies))


def _cited_by_number(match: re.Match[str], reading: _Reading, *, numbered: set[str]) -> str | None:
    """A citation only where the manuscript has a numbered list of references; "[0, 1]" is none."""
    keys: list[str] = []
    for part in re.split(r"[,;]", match["numbers"]):
        first, _, last = (number.strip() for number in re.sub(r"[–-]", "-", part).partition("-"))
        count = int(last or first) - int(first) + 1
        keys += [str(int(first) + i) for i in range(count)] if 0 < count <= _LONGEST_RANGE else [first, last]
    if not numbered or "0" in keys:
        return None
    return reading.mark(f"[{match['numbers']}]", keys, "either")


def _cited_by_name(match: re.Match[str], reading: _Reading, entries: list[tuple[str, str]]) -> str | None:
    people = _people(match["people"], match["years"], entries)
    keys = _named(people, match["years"], reading, entries)
    lead = match["people"].removesuffix(people) if match["people"].endswith(people) else ""
    return lead + reading.mark(match[0].removeprefix(lead), keys, "words", sure=_are_several(people)) if keys else None


def _cited_in_parentheses(match: re.Match[str], reading: _Reading, entries: list[tuple[str, str]]) -> str | None:
    keys: list[str] = []
    sure = False
    for found in _WITHIN.finditer(match["inner"]):
        people = _people(found["people"], found["years"], entries)
        certain = _are_several(people) or (bool(found["comma"]) and not re.search(r"[a-z][A-Z]|[A-Z]{2}", people))
        keys += _named(people, found["years"], reading, entries)
        sure |= certain
    return " " + reading.mark(match[0], keys, "apart", sure=sure) if keys else None


def _are_several(people: str) -> bool:
    return re.search(r"\bet\s+al\b|\band\b|&", people) is not None


def _people(printed: str, years: str, entries: list[tuple[str, str]]) -> str:
    """The authors without a word that only begins the sentence: "However, Lo and Wang" are two."""
    people = printed
    while "," in people:
        first, _, rest = people.partition(",")
        ordinary = first.casefold() in STOP_WORDS or first.endswith("ly")
        listed = _entry_of(rest.strip(), years[:4], entries) and not _entry_of(people, years[:4], entries)
        if re.match(r"\s+et\b|\s+and\b|\s+&", rest) or not (ordinary or listed):
            break
        people = rest.strip()
    return people


def _named(people: str, years: str, reading: _Reading, entries: list[tuple[str, str]]) -> list[str]:
    """A key for each year, like "Lo et al., 2020"; what the list of references says of it is kept."""
    bare = re.sub(r"(?:’s|'s)$", "", " ".join(people.split())).rstrip(",")
    if bare.casefold() in STOP_WORDS.union(MONTHS):
        return []
    keys = []
    for year in re.findall(_YEAR, years):
        key = f"{bare}, {year}"
        entry = _entry_of(bare, year, entries)
        if entry:
            reading.references[key] = entry
            reading.sure.add(key)
        keys.append(key)
    return keys


def _entry_of(people: str, year: str, entries: list[tuple[str, str]]) -> str:
    """The entry of the list of references that begins with these authors and has the year; "" for none."""
    parts = re.split(r",|\s(?:and|&)\s", re.sub(r"\s+et\s+al\b.*", "", people))
    families = [part.strip() for part in parts if part.strip()]
    mine = [entry for _, entry in entries if families and re.search(rf"\b{re.escape(families[0])}\b", entry[:60])]
    mine = [entry for entry in mine if all(re.search(rf"\b{re.escape(name)}\b", entry) for name in families)]
    exact = [entry for entry in mine if re.search(rf"\b{year}\b", entry)]
    return next(iter(exact or [entry for entry in mine if re.search(rf"\b{year[:4]}", entry)]), "")
