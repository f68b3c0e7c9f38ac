"""A checked manuscript as text for a terminal, Markdown, HTML or JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from kb import wire
from kb.errors import UsageError
from kb.records import CheckedSentence, Language, ManuscriptCheck, Passage
from kb.rendering.display import commonmark
from kb.rendering.entries import PageSettings
from kb.rendering.html import page_frame, render_template
from kb.rendering.labels import label, page_of, slug
from kb.rendering.plain_text import place_of
from kb.rendering.quotations import Pictures, in_words, quoted
from kb.rendering.reasons import told
from kb.text import one_line

_WIDTH = 100


def render_check(
    check: ManuscriptCheck,
    form: str,
    *,
    name: str = "check",
    language: Language = "en",
    pictures: Mapping[str, bytes] | None = None,
) -> list[tuple[str, bytes]]:
    """A checked manuscript in a form (text, md, html, json) as (path, bytes): the page first, beside Markdown the
    pictures of equations, which ``pictures`` has by their keys.

    Raises:
        UsageError: for another form.
    """
    kept = Pictures(data=pictures or {}, folder=slug(name))
    if form == "text":
        page = _text(check)
    elif form == "json":
        page = wire.to_json(check) + "\n"
    elif form == "md":
        page = _markdown(check, kept, language)
    elif form == "html":
        page = _html(check, kept, language)
    else:
        raise UsageError(f"{form!r} is not a form of a checked manuscript: choose from text, md, html, json")
    return [(f"{name}.{'txt' if form == 'text' else form}", page.encode()), *kept.beside(page)]


def heading(check: ManuscriptCheck, language: Language) -> list[str]:
    """What a reader is told first: how many sentences cite, by verdict, and what a verdict rests on."""
    counts = check.counts
    lines = [label(language, "cites", sentences=counts.sentences, works=counts.cited)]
    verdicts = [
        f"{label(language, name)}: {count}"
        for name, count in (
            ("supported", counts.supported), ("partly", counts.partly), ("unsupported", counts.unsupported),
            ("contradicted", counts.contradicted), ("not judged", counts.not_judged),
        )
        if count and (check.model or name != "not judged")
    ]  # fmt: skip
    lines += [f"{'; '.join(verdicts)}."] if verdicts else []
    lines.append(label(language, "checked_by" if check.model else "checked_without", model=check.model))
    if check.not_searched.private:
        lines.append(label(language, "kept_private", count=check.not_searched.private))
    return lines


def outside(check: ManuscriptCheck) -> list[str]:
    """What is cited and not in the library, as the manuscript calls it."""
    cites = {cite.key: cite for one in check.sentences for cite in one.cites if cite.paper is None}
    return [f"{cite.key}: {cite.title}" if cite.title else cite.key for cite in cites.values()]


def findings(one: CheckedSentence, language: Language) -> list[str]:
    """What is to be said of a sentence: its verdict with the reason, and what its papers do not print."""
    reason = told(one.reason)
    verdict = label(language, one.verdict) if one.verdict not in (None, "verbatim") else ""
    lines = [": ".join(filter(None, [verdict, reason]))] if verdict or reason else []
    said = one.reason.kind if one.reason is not None else ""
    for name, texts, told_by in (
        ("absent_numbers", one.missing.numbers, "number-not-cited"),
        ("absent_names", one.missing.names, "name-not-cited"),
    ):
        if texts and said != told_by:
            lines.append(label(language, name, found=", ".join(texts)))
    return lines


def is_wrong(one: CheckedSentence) -> bool:
    """Whether a sentence needs its author's eyes."""
    lacks = one.missing.numbers or one.missing.names
    return bool(lacks) or one.verdict in ("partly", "unsupported", "contradicted")


def _text(check: ManuscriptCheck) -> str:
    """For people at a terminal: what is to be known of it as a whole, then each sentence with what is nearest."""
    lines = [check.file, *(_wrapped(line, 2) for line in heading(check, "en"))]
    if works := outside(check):
        lines += ["", f"{label('en', 'not_here')}:", *(_wrapped(f"- {work}", 2) for work in works)]
    for one in check.sentences:
        lines += ["", place(one, check.sentences, "en"), _wrapped(one.text, 4)]
        lines += [_wrapped(f"{'! ' if is_wrong(one) else '  '}{finding}", 4) for finding in findings(one, "en")]
        for passage in one.passages:
            where = ", ".join(filter(None, [passage.paper.byline, place_of(passage)]))
            said = in_words(quoted(passage, passage.answers))
            lines += [_wrapped(f"[{passage.marker}] {where}", 6), _wrapped(f"“{said}”", 6)]
    return "\n".join(lines)


def _wrapped(text: str, indent: int) -> str:
    blank = " " * indent
    return textwrap.fill(one_line(text), _WIDTH, initial_indent=blank, subsequent_indent=blank)


def _html(check: ManuscriptCheck, pictures: Pictures, language: Language) -> str:
    rows = [
        {
            "place": place(one, check.sentences, language),
            "text": one.text,
            "findings": findings(one, language),
            "is_wrong": is_wrong(one),
            "quoted": [(passage, quoted(passage, passage.answers, language=language)) for passage in one.passages],
        }
        for one in check.sentences
    ]
    return render_template(
        "manuscript.html.j2",
        **page_frame(language, PageSettings(), files_beside=pictures.are_files),
        pictures=pictures,
        title=Path(check.file).name,
        head=heading(check, language),
        notices=check.notices,
        outside=outside(check),
        rows=rows,
    )


def _markdown(check: ManuscriptCheck, pictures: Pictures, language: Language) -> str:
    lines = [
        f"# {commonmark(Path(check.file).name)}",
        *(line for text in heading(check, language) for line in ("", commonmark(text))),
    ]
    lines += [line for text in check.notices for line in ("", f"*{commonmark(text)}*")]
    if works := outside(check):
        lines += ["", f"## {label(language, 'not_here')}", "", *(f"- {commonmark(work)}" for work in works)]
    lines += ["", f"## {label(language, 'sentences')}"]
    for one in check.sentences:
        lines += ["", f"**{commonmark(place(one, check.sentences, language))}** {commonmark(one.text)}", ""]
        lines += [f"- **{commonmark(finding)}**" for finding in findings(one, language)]
        lines += [_quotation(passage, pictures, language) for passage in one.passages]
    return "\n".join(lines) + "\n"


def place(one: CheckedSentence, sentences: Sequence[CheckedSentence], language: Language) -> str:
    """The line of a sentence, with its file where there are several."""
    where = label(language, "line", line=one.line)
    return f"{one.file}, {where}" if len({each.file for each in sentences}) > 1 else where


def _quotation(passage: Passage, pictures: Pictures, language: Language) -> str:
    page = f", {page}" if (page := page_of(language, passage)) else ""
    said = pictures.in_markdown(
        quoted(passage, passage.answers, language=language), write=commonmark, language=language
    )
    return f"- “{said}” ({commonmark(passage.paper.title)}{page})"
