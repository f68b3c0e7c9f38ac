"""Our Markdown pages (the Hexo post and the plain one) read back, part by part, down to links and marks in a line."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb.formulas import DOLLARS
from kb.records import ABSTRACT_PARTS, CONCLUSION_PARTS, Language
from kb.rendering.labels import LABELS, label, template_pattern
from kb.rendering.page_records import ReadEntry, ReadFigure, ReadPage, ReadQuote, ReadSentence
from kb.rendering.reasons import understood

_TOKEN = re.compile(
    r'<sup><a href="#(?P<target>[^"]*)">\[(?P<mark>[^\]]*)\]</a></sup>'
    r'|<a id="(?P<anchor>[^"]*)"></a>'
    r"|<span class=\"tex2jax_ignore mathjax_ignore\">(?P<stray>&#(?:36|92);)</span>"
    r"|(?P<escaped>\\[!-/:-@\[-`{-~])"
    rf"|(?P<maths>{DOLLARS})"
    r"|\[(?P<words>(?:\\.|[^\]\\\n])*)\]\((?P<address>[^)\s]*)\)"
    r"|<(?P<plain>https?://[^<>\s]*)>"
    r"|\*\((?P<remark>[^*\n]*)\)\*"
    r"|\*\*|</?[A-Za-z][^<>]*>",
    re.IGNORECASE,
)
_QUOTE_LINE = re.compile(r"^(?P<place>.*?): (?P<told>“.*”|\(.*\))$")
_NUMBERED = re.compile(r"^\(\d+\) ")
_IMAGE = re.compile(r'<img src="(?P<file>[^"]*)"(?: srcset="[^"]*")? alt="(?P<alt>[^"]*)"')
_FIGURE = re.compile(r"<p>(?P<label>.*) \((?P<page>.*)\)</p>$")
_DOUBTS = ("partly", "unsupported", "contradicted")


def page_language(text: str) -> Language | None:
    """The language of a page of ours; None for a page that is not."""
    languages: tuple[Language, ...] = ("en", "zh")
    for language in languages:
        if f"\n**{label(language, 'note')}**\n" in text or label(language, "nothing") in text:
            return language
    return None


def read_markdown(text: str, language: Language) -> ReadPage:
    """A Markdown page of ours."""
    page = ReadPage(own=True, language=language, extractive=label(language, "made_extractive") in plain_text(text))
    lines = _front_matter(text.splitlines(), page)
    heads = [number for number, line in enumerate(lines) if line.startswith("## ")]
    for line in lines[: heads[0] if heads else len(lines)]:
        read_head_line(page, plain_text(line.removeprefix("# ")), is_heading=line.startswith("# "))
    for start, end in zip(heads, [*heads[1:], len(lines)], strict=False):
        page.entries.append(_EntryReader(language).read(lines[start:end]))
    return page


def _front_matter(lines: list[str], page: ReadPage) -> list[str]:
    """Read the front matter, if there is one, and return the lines after it."""
    body = [number for number, line in enumerate(lines) if line.strip() == "---"][:2]
    if len(body) < 2 or any(line.strip() for line in lines[: body[0]]):
        return lines
    values = dict(line.split(":", 1) for line in lines[body[0] + 1 : body[1]] if re.match(r"^\w+:", line))
    page.days.append(("front matter, date", "", values.get("date", "").strip().removesuffix(" 00:00:00")))
    page.cover = _scalar(values.get("cover", ""))
    description = _scalar(values.get("description", ""))
    for name in ("period", "update"):
        pattern = template_pattern(LABELS[page.language][name], r"\d{4}-\d\d-\d\d").pattern
        # The heading of the page and the title of its first paper, with one blank between them.
        if match := re.match(rf"{pattern}(?: (?P<title>.*))?$", description):
            found = match.groupdict()
            last = found.get("day") or found.get("until") or ""
            page.days.append(("front matter, description", found.get("since") or last, last))
            page.heads.append(("front matter, description", found.get("title") or ""))
            break
    else:
        page.loose.append(f"description: {description}")
    return lines[body[1] + 1 :]


def _scalar(text: str) -> str:
    try:
        return str(json.loads(text)).replace("\u2060", "") if text.strip().startswith('"') else text.strip()
    except ValueError:
        return text.strip()


def read_head_line(page: ReadPage, line: str, *, is_heading: bool, where: str = "heading") -> None:
    """A line above the first paper: the day or period, and the counts."""
    say = LABELS[page.language]
    if is_heading:
        for name in ("period", "update"):  # the narrower one first
            if match := template_pattern(say[name]).fullmatch(line):
                last = match.groupdict().get("day") or match["until"]
                page.days.append((where, match.groupdict().get("since") or last, last))
                return
        page.days.append((where, line, line))
    elif match := template_pattern(say["counts"]).fullmatch(line):
        names = ("found", "new", "updated", "already_shown", "filtered", "withdrawn", "failed")
        page.counts.append([int(match[name]) if match[name].isdigit() else -1 for name in names])


class _EntryReader:
    """Reads the lines of one paper; what a line is, its label says."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._entry = ReadEntry(title="")
        self._where = "head"
        self._head: list[str] = []

    def read(self, lines: list[str]) -> ReadEntry:
        """The entry that the lines, from its heading on, make."""
        self._entry.title = plain_text(lines[0].removeprefix("## "))
        for line in lines[1:]:
            if line.strip():
                self._line(line.rstrip())
        self._read_head()
        return self._entry

    def _say(self, name: str) -> str:
        return LABELS[self._language][name]

    def _line(self, line: str) -> None:
        for name in ("summary", "takeaways", "note", "changes"):
            if line == f"**{self._say(name)}**":
                self._where = name
                return
        authors = f"**{self._say('authors')}:"
        if line.startswith(authors):
            self._where = "head"
            self._entry.authors.append(("header", plain_text(line.removeprefix(authors).strip().strip("*"))))
        elif line.strip().startswith("<"):
            self._markup(line.strip())
        elif self._where == "head":
            self._head.append(line)
        elif self._where == "evidence":
            self._quote(line)
        elif self._where in ("summary", "takeaways"):
            self._sentences(self._where, line.removeprefix("- "))
        elif self._where == "changes":
            self._entry.changes.append(understood(plain_text(line.removeprefix("- ")), self._language))
        else:
            self._item(line)

    def _markup(self, line: str) -> None:
        if match := re.match(r"<summary>(.*)</summary>", line):
            self._where = "evidence" if html.unescape(match[1]) == self._say("evidence") else "figures"
        elif match := _IMAGE.match(line):
            file, alt = html.unescape(match["file"]), html.unescape(match["alt"])
            self._entry.pictures.append(ReadFigure(file=file, alt=alt))
        elif (match := _FIGURE.match(line)) and self._entry.pictures:
            self._entry.pictures[-1].label = html.unescape(match["label"])
            self._entry.pictures[-1].page = html.unescape(match["page"])

    def _item(self, line: str) -> None:
        """An item of the numbered note."""
        if match := re.match(r"^\d+\. (?P<label>[^:]+):\s?(?P<told>.*)$", line):
            name, told = plain_text(match["label"]), match["told"]
            entry, seen = self._entry, plain_text(told)
            if name == self._say("title"):
                entry.titles.append(("note", seen))
            elif name == self._say("authors"):
                entry.authors.append(("note", seen))
            elif name == self._say("links"):
                entry.links += [("note", piece.target) for piece in read_inline(told) if piece.kind == "link"]
            elif field := next((n for n in ("translated", "affiliation", "keywords") if self._say(n) == name), ""):
                setattr(entry, field, seen)
            else:
                parts = ("abstract", "methods", "conclusion")
                self._where = next((n for n in parts if self._say(n) == name), "note")
        else:
            self._sub_item(line.strip().removeprefix("- "))

    def _sub_item(self, line: str) -> None:
        told = _NUMBERED.sub("", line)
        names = {"abstract": ABSTRACT_PARTS, "conclusion": CONCLUSION_PARTS}.get(self._where, ())
        for name in names:
            if told.startswith(f"{self._say(name)}:"):
                self._sentences(name, told.removeprefix(f"{self._say(name)}:").strip())
                return
        self._sentences(self._where, told)

    def _read_head(self) -> None:
        """Between authors and summary: the abstract, the line with the source, and remarks."""
        known = {self._say("withdrawn"), self._say("unlicensed"), self._say("quoted_entry")}
        why = f"**{self._say('why')}:** "
        told = []
        self._entry.withdrawn.append(("head", f"**{self._say('withdrawn')}**" in self._head))
        for line in self._head:
            bare = re.sub(r"^\*+|\*+$", "", line)
            if plain_text(bare) in known:
                continue
            if line.startswith(why):
                self._entry.why += read_reasons(plain_text(line.removeprefix(why)), self._language)
                continue
            if re.match(r"^\*[^*].*\*$", line):
                self._entry.attribution = plain_text(bare)
            else:
                told.append(line)
        if told:
            self._entry.source_line = plain_text(told[-1])
            self._entry.links += [("source", p.target) for p in read_inline(told[-1]) if p.kind == "link"]
            self._entry.abstract = " ".join(plain_text(line) for line in told[:-1])
            for line in told[:-1]:
                self._entry.links += [("abstract", p.target) for p in read_inline(line) if p.kind == "link"]

    def _sentences(self, where: str, line: str) -> None:
        pieces = read_inline(line)
        self._entry.anchors += mark_places(pieces, where)
        for sentence in split_sentences(pieces, where=where, language=self._language):
            self._entry.sentences.append(sentence)

    def _quote(self, line: str) -> None:
        pieces = read_inline(line.removeprefix("- "))
        anchor = next((piece.target for piece in pieces if piece.kind == "anchor"), "")
        seen = "".join(piece.text for piece in pieces if piece.kind in ("text", "link")).strip()
        match = re.match(r"^\[(?P<marker>[^\]]*)\] (?P<rest>.*)$", seen)
        if match is None:
            self._entry.faults.append(("evidence", seen, "[marker] place: quote", "evidence"))
            return
        marker = match["marker"]
        place, _, leads = anchor.rpartition("-e")
        self._entry.anchors += [("evidence", place)] if anchor else []
        parts = _QUOTE_LINE.match(match["rest"])
        told_place, told = (parts["place"], parts["told"]) if parts else ("", match["rest"])
        text = told[1:-1] if told.startswith("“") else ""
        self._entry.quotes.append(ReadQuote(marker=marker, place=told_place, text=" ".join(text.split()), anchor=leads))


def read_reasons(text: str, language: Language) -> list[str]:
    """The reasons of a line, in the words of the data."""
    return [understood(reason.strip(), language) for reason in text.split(" · ")]


def mark_places(pieces: list[InlinePiece], where: str) -> list[tuple[str, str]]:
    """(where, place of a paper on the page) for each mark."""
    return [(where, piece.target.rpartition("-e")[0]) for piece in pieces if piece.kind == "mark"]


def split_sentences(pieces: list[InlinePiece], *, where: str, language: Language) -> Iterator[ReadSentence]:
    """The sentences of a line, each with the marks behind it."""
    doubts = {LABELS[language][name]: name for name in _DOUBTS}
    text, marks, torn, doubt = "", [], {}, ""
    for piece in [*pieces, InlinePiece(kind="text", text="\n")]:
        if piece.kind == "mark":
            target = piece.target.rpartition("-e")[2]
            if target != piece.text:
                torn[piece.text] = target
            marks.append(piece.text)
        elif piece.kind == "remark":
            doubt = doubts.get(piece.text, doubt)
            if piece.text not in doubts and piece.text != LABELS[language]["quoted"]:
                text += f"({piece.text})"
        elif piece.kind in ("text", "link"):
            if marks and piece.text.strip("\u2060") and (piece.text.strip() or piece.text == "\n"):
                yield ReadSentence(where=where, text=" ".join(text.split()), marks=marks, doubt=doubt, torn=torn)
                text, marks, torn, doubt = "", [], {}, ""
            text += piece.text
    if (rest := " ".join(text.split())) and not _is_absence(rest, language):
        yield ReadSentence(where=where, text=rest, marks=marks, doubt=doubt, torn=torn)


def _is_absence(text: str, language: Language) -> bool:
    """Whether the text says that there is nothing to say here."""
    if text in (LABELS[language]["not stated"], LABELS[language]["withheld"]):
        return True
    return template_pattern(LABELS[language]["failed"]).fullmatch(text) is not None


# ------------------------------------------------------------------------------------------ within a line


@dataclass(frozen=True, slots=True, kw_only=True)
class InlinePiece:
    """A run of text, or what stands between runs: ``kind`` is text, link, mark, anchor or remark."""

    kind: str
    text: str
    target: str = ""


def read_inline(source: str) -> list[InlinePiece]:
    """The pieces of a line of Markdown in order; adjacent text is one piece."""
    pieces: list[InlinePiece] = []
    end = 0
    for token in _TOKEN.finditer(source):
        _text(pieces, html.unescape(source[end : token.start()]))
        end = token.end()
        if token["mark"] is not None:
            pieces.append(InlinePiece(kind="mark", text=html.unescape(token["mark"]), target=token["target"]))
        elif token["anchor"] is not None:
            pieces.append(InlinePiece(kind="anchor", text="", target=token["anchor"]))
        elif token["stray"]:
            _text(pieces, html.unescape(token["stray"]))
        elif token["escaped"]:
            _text(pieces, token["escaped"][1:])
        elif token["maths"]:
            _text(pieces, html.unescape(token["maths"]))
        elif token["address"] is not None:
            words = "".join(piece.text for piece in read_inline(token["words"]))
            pieces.append(InlinePiece(kind="link", text=words, target=html.unescape(token["address"])))
        elif token["plain"]:
            address = html.unescape(token["plain"])
            pieces.append(InlinePiece(kind="link", text=address, target=address))
        elif token["remark"] is not None:
            pieces.append(InlinePiece(kind="remark", text=plain_text(token["remark"])))
    _text(pieces, html.unescape(source[end:]))
    return pieces


def plain_text(source: str) -> str:
    """A line of Markdown as a reader sees it, with marks left out."""
    seen = [piece.text for piece in read_inline(source) if piece.kind in ("text", "link")]
    return " ".join("".join(seen).split())


def _text(pieces: list[InlinePiece], text: str) -> None:
    if not text:
        return
    if pieces and pieces[-1].kind == "text":
        pieces[-1] = InlinePiece(kind="text", text=pieces[-1].text + text)
    else:
        pieces.append(InlinePiece(kind="text", text=text))
