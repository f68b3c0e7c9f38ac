"""Results as plain text: for a terminal, a pipe, the clipboard. No colours and no boxes."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path

from kb.records import (
    AddReport,
    Answer,
    DemoReport,
    Digest,
    DigestChanges,
    Hit,
    Hits,
    Paper,
    PaperDetails,
    PaperReferences,
    Passage,
    PassageSentence,
    Preview,
    Problem,
    Recovery,
    Reindexed,
    RetrievalFigures,
    ShortSpan,
    Status,
    Topic,
    UpdateReport,
    Verification,
)
from kb.rendering.display import plain
from kb.rendering.entries import also_matched, counted, digest_entries, headline, left_out, sections
from kb.rendering.labels import QUOTATION_REMARKS, label, numbered_page
from kb.rendering.reasons import sentence, told
from kb.tables import told as told_cells
from kb.text import UNREAD
from kb.words import snippet

_WIDTH = 100
_SHOWN = 12
OPEN = 3  # passages of an answer that stand open
_SNIPPET_CHARACTERS = 320
_MOST_OUTSIDE = 20  # candidates of a topic that are out and shown all the same


def _wrap(text: str, indent: str = "    ") -> str:
    return textwrap.fill(" ".join(text.split()), _WIDTH, initial_indent=indent, subsequent_indent=indent)


def _shorten(text: str, width: int) -> str:
    return textwrap.shorten(text, width, placeholder=" …")


def place(section: Sequence[str], page: int | None, *, page_label: str | None = None) -> str:
    """Section and page, as far as they are known; also the number that the page prints where it is another."""
    parts = [" › ".join(section)] if section else []
    return ", ".join([*parts, *([numbered_page("en", page, printed=page_label)] if page else [])])


def place_of(passage: Passage) -> str:
    """Section and page of a passage, and what a reader must know of its words."""
    names = zip(QUOTATION_REMARKS, (passage.recognised, passage.earlier_reading), strict=True)
    where = place(passage.section, passage.page, page_label=passage.page_label)
    return ", ".join(filter(None, [where, *(label("en", name) for name, holds in names if holds)]))


def hits(found: Sequence[Hit], *, query: str = "") -> str:
    """A ranked list of passages, each cut to the part that has the words of the query."""
    if not found:
        return "nothing found"
    blocks = []
    for hit in found:
        by = "words and meaning" if len(hit.found_by) > 1 else {"lexical": "words", "dense": "meaning"}[hit.found_by[0]]
        if hit.page and hit.paper.fulltext.is_recognised:
            by += f" · {label('en', 'recognised')}"
        blocks.append(
            f"{hit.rank:>2}. {_shorten(hit.paper.title, _WIDTH - 4)}\n"
            f"    {hit.paper.byline} · {hit.paper.id} · {place(hit.section, hit.page) or 'record'} · {by}\n"
            + _wrap(" ".join(snippet(hit.text, query, most=_SNIPPET_CHARACTERS).split()))
        )
    return "\n".join(blocks)


def found(results: Hits, *, query: str) -> str:
    """What a search found, with what is to be said of its words."""
    lines = [f"did you mean: {results.suggestion}"] if results.suggestion else []
    # Where an index is incomplete, nobody knows whether something has the words.
    if results.matched != "words" and results.complete and results:
        lines.append("nothing has these words; nearest by meaning:")
    return "\n".join([*lines, hits(results, query=query)])


def answer(result: Answer, *, shown: int = OPEN) -> str:
    """An answer as paragraphs with marks and its sources below, or its best passages; verdicts only where in doubt.

    ``shown`` is how many passages are printed where they are the answer.
    """
    lines: list[str] = []
    if result.text:
        lines += [_paragraphs(result.text)]
    if result.source == "passages":
        lines.append(_HEADS[result.answered] if result.passages else "Nothing in the library has to do with this.")
        lines += _found_papers(result.passages) if result.over_papers else _best(result, shown=shown)
    elif not result.answered and result.source == "model":
        lines += ["The papers do not answer this.", *(["", "Nearest passages:"] if result.passages else [])]
        lines += _passages(result.passages)
    if result.missing:
        lines += ["", _wrap(f"Not said in the papers: {result.missing}", "")]
    doubtful = [claim for claim in result.claims if claim.verdict not in (None, "supported")]
    if doubtful:
        lines += ["", "Borne out only in part:"]
        lines += [_wrap(f"- {claim.text} ({told(claim.verdict_reason) or claim.verdict})", "  ") for claim in doubtful]
    if result.dropped:
        lines += ["", f"Left out: {len(result.dropped)} statement(s) that the papers do not bear out."]
    if result.text and result.passages and result.answered:
        lines += ["", "Sources", *(_source(passage) for passage in result.passages)]
    elif result.source == "catalog" and result.references:
        lines += ["", *(f"[{r.marker}] {r.paper.byline}: {r.paper.title} ({r.paper.id})" for r in result.references)]
    if result.not_searched.private:
        lines += [
            "",
            f"{result.not_searched.private} private paper(s) were not shown to the model: --allow-remote does.",
        ]
    return "\n".join(lines).strip("\n")


_HEADS = {True: "Best passages", False: "Nearest passages: none seems to state it"}


def _paragraphs(text: str) -> str:
    """Markdown for a terminal: paragraphs wrapped, lists and tables as they are."""
    parts = []
    for block in text.split("\n\n"):
        lines = block.splitlines()
        kept = any(re.match(r"\s*(?:[-*|]|\d+\.)", line) for line in lines)
        parts.append("\n".join(_item(line) for line in lines) if kept else _wrap(block, ""))
    return "\n\n".join(parts)


def _item(line: str) -> str:
    if line.lstrip().startswith("|"):
        return line
    start = re.match(r"\s*(?:[-*]|\d+\.)?\s*", line)
    hanging = " " * (start.end() if start else 0)
    return textwrap.fill(line, _WIDTH, subsequent_indent=hanging)


def _best(result: Answer, *, shown: int) -> list[str]:
    """The first passages; those of papers that the question does not name stand apart where it names some."""
    first = result.passages[:shown]
    own = [one for one in first if not result.named or one.paper.id in result.named]
    lines = _passages(own)
    if others := first[len(own) :]:
        lines += ["", "In other papers:", *_passages(others)]
    if (more := len(result.passages) - shown) > 0:
        lines += ["", f"{more} more passage{'s' if more > 1 else ''}: -k {len(result.passages)} shows them"]
    return lines


def _found_papers(shown: Sequence[Passage]) -> list[str]:
    """Papers that are asked for, each with the sentence that brought it there."""
    lines: list[str] = []
    for passage in shown:
        paper, where = passage.paper, place_of(passage)
        said = " ".join(" ".join(one.text.split()) for one in passage.sentences if one.n in passage.answering[:1])
        lines += ["", f"{passage.marker}. {_shorten(paper.title, _WIDTH - 4)}", f"   {paper.byline} · {paper.id}"]
        lines.append(_wrap(f"“{said}”" + (f" ({where})" if where else ""), "   "))
        lines += [f"   {mark}" for mark in _unread(passage, said)]
    return lines


def _passages(shown: Sequence[Passage]) -> list[str]:
    """Passages with their places, under the title of their paper where it changes."""
    lines: list[str] = []
    last = ""
    for passage in shown:
        paper = passage.paper
        if paper.id != last:
            lines += ["", _shorten(paper.title, _WIDTH), f"{paper.byline} · {paper.id}"]
            last = paper.id
        lines += [
            "",
            f"[{passage.marker}] {place_of(passage) or 'record'}",
            _passage(passage),
            *_unread(passage, " ".join(sentence.text for sentence in passage.sentences)),
        ]
    return lines


def _passage(passage: Passage) -> str:
    """The text of a passage; "»" and "«" stand around what answers, "*" around a short span."""
    lines = []
    for line in passage.lines():
        parts = []
        for answers, several in groupby(line, key=lambda each: each.n in passage.answering):
            told = " ".join(
                _with_span(each, passage.short_span) if not passage.equations_of(each) else _said(passage, each)
                for each in several
            )
            parts.append(f"» {told} «" if answers else told)
        lines.append(_wrap(" ".join(parts)))
        lines += _cells(each for each in line if each.n in passage.answering)
    return "\n".join(lines)


def _cells(sentences: Iterable[PassageSentence]) -> list[str]:
    """Rows of tables in words: each cell after its row's label and its column's heading."""
    return [_wrap(told_cells(each.cells), " " * 6) for each in sentences if each.cells]


def _unread(passage: Passage, shown: str) -> list[str]:
    """What a reader of a text must know in which a sign could not be read."""
    look = f": see page {passage.page}" if passage.page else ""
    return [f"{UNREAD}: a sign on the page could not be read{look}"] if UNREAD in shown else []


def _with_span(sentence: PassageSentence, span: ShortSpan | None) -> str:
    text = sentence.text
    if span is None or span.n != sentence.n:
        return text
    return f"{text[: span.start]}*{text[span.start : span.end]}*{text[span.end :]}"


def _source(passage: Passage) -> str:
    """A passage that an answer cites: paper, place, and the sentences that carry statements."""
    where = place_of(passage)
    cited = passage.answers
    quotes = [f"{s.n} “{' '.join(_said(passage, s).split())}”" for s in cited]
    head = f"[{passage.marker}] {passage.paper.byline}: {_shorten(passage.paper.title, 70)}" + (
        f" · {where}" if where else ""
    )
    shown = [line for each, quote in zip(cited, quotes, strict=True) for line in (_wrap(quote), *_cells([each]))]
    return "\n".join([head, *shown, *_unread(passage, " ".join(quotes))])


def equations(details: PaperDetails, *, path_of: Callable[[str], Path]) -> str:
    """Display equations: number, page, text, and where the picture of each is."""
    lines: list[str] = []
    for one in details.equations:
        place = f", p. {one.page}" if one.page else ""
        lines.append(f"{_name_of(one.label)}{place}" + ("" if one.is_tex else f" ({label('en', 'flattened')})"))
        lines += [_wrap(one.text), *([f"    picture: {path_of(one.file)}"] if one.file else [])]
    return "\n".join(lines)


def _name_of(number: str | None) -> str:
    return f"Equation {number}" if number else "Equation without a number"


def _said(passage: Passage, each: PassageSentence) -> str:
    """A sentence in which the signs of an equation that were put in one line are marked as such."""
    told, at = "", each.start
    for one in passage.equations_of(each):
        if one.page is None:
            continue  # it is TeX
        start, end = max(one.start, each.start) - each.start, min(one.end, each.end) - each.start
        told += each.text[at - each.start : start]
        told += f"[{_name_of(one.label)}, p. {one.page}, {label('en', 'flattened')}: {each.text[start:end]}]"
        at = end + each.start
    return told + each.text[at - each.start :]


def add_report(report: AddReport) -> str:
    """What went in, and what did not and why."""
    counts = [
        f"{len(items)} {name}"
        for name, items in (("added", report.added), ("updated", report.updated), ("unchanged", report.unchanged))
        if items
    ]
    lines = [", ".join(counts) or "nothing added"]
    if report.partial:
        lines.append(f"{len(report.partial)} without the whole full text:")
        lines += [f"  {part.id}: {part.reason} ({part.code})" for part in report.partial[:_SHOWN]]
    if report.failed:
        lines.append(f"{len(report.failed)} failed:")
        lines += [f"  {failure.what}: {failure.reason} ({failure.code})" for failure in report.failed[:_SHOWN]]
    several = [joined for joined in report.joined if joined.why.kind not in ("its-file", "same-id", "its-attachment")]
    if several:
        lines.append(f"{len(several)} joined with what was there (kb split undoes a join):")
        lines += [f"  {joined.id}: {sentence(joined.why)}" for joined in several[:_SHOWN]]
    if report.doubtful:
        lines.append(f"{len(report.doubtful)} in doubt, and not joined (kb doctor has both cures):")
        lines += [f"  {', '.join(doubt.ids)}: {sentence(doubt.why)}" for doubt in report.doubtful[:_SHOWN]]
    if report.skipped:
        lines.append(f"{len(report.skipped)} passed over:")
        lines += [f"  {one.what}: {one.reason}" for one in report.skipped[:_SHOWN]]
    lines += [f"{one.what}: {sentence(one.why)}" for one in report.notices[:_SHOWN]]
    lists = (report.partial, report.failed, several, report.doubtful, report.skipped, report.notices)
    hidden = sum(max(0, len(some) - _SHOWN) for some in lists)
    if hidden:
        lines.append(f"  … and {hidden} more: --json lists all")
    return "\n".join(lines)


def papers(found: Sequence[Paper]) -> str:
    """One line a paper."""
    if not found:
        return "no papers"
    rows = []
    for paper in found:
        day = max(paper.announced).isoformat() if paper.announced else ""
        day = day or paper.stated_date[:10] or "-"
        text = {"full": "full text", "partial": "part", "none": "record"}[paper.fulltext.state]
        rows.append(f"{day:<10}  {paper.id:<24} {text:<9} {_shorten(paper.title, 60)}")
    return "\n".join(rows)


def paper(record: Paper) -> str:
    """A record with the provenance of its fields."""

    def line(name: str, value: str, source: str | None = None) -> str:
        source = source or record.provenance.get(name)
        return f"{name:<12} {value}" + (f"  ({source})" if source else "")

    lines = [record.title, line("id", record.id + (f" v{record.version}" if record.version else ""))]
    if record.aliases:
        lines.append(line("aliases", ", ".join(record.aliases)))
    values = {
        "authors": ", ".join([*record.authors, *(["and others"] if record.et_al else [])]),
        "categories": " ".join(record.categories),
        "announced": ", ".join(day.isoformat() for day in record.announced),
        "published": record.stated_date, "venue": record.venue,
        "comment": record.comment, "license": record.license, "keywords": ", ".join(record.keywords),
        "affiliation": record.affiliation.text if record.affiliation else "", "tags": ", ".join(record.tags),
        "collections": ", ".join(record.collections),
    }  # fmt: skip
    lines += [line(name, value) for name, value in values.items() if value]
    for link in record.links:  # each has a source of its own
        page = f", p. {link.page}" if link.page is not None else ""
        lines.append(line("links", f"{link.kind}: {link.url}", f"{link.source}{page}" if link.source else None))
    if record.withdrawn:
        lines.append("WITHDRAWN")
    state = record.fulltext
    lines.append(line("full text", state.state + (f": {state.reason} ({state.code})" if state.reason else "")))
    return "\n".join([*lines, *([_wrap(record.abstract, "")] if record.abstract else [])])


def shown(details: PaperDetails) -> str:
    """All that is known of a paper."""
    record = details.paper
    lines = [paper(record)]
    for one in record.sources:
        kind = f" {one.type}" if one.type else ""
        lines.append(f"{'source':<12} {one.source}{kind} {_shorten(one.key, 60)} ({len(one.fields)} fields)")
    lines += [
        f"{'joined':<12} {' + '.join(_shorten(r, 40) for r in j.records)}: {sentence(j.why)}" for j in details.joins
    ]
    if details.pages:
        chunks = ", ".join(f"{n} {kind}" for kind, n in details.chunks.items())
        lines.append(f"{details.pages} pages, chunks: {chunks}")
    lines += [f"  {' › '.join(path)}" for path in details.sections]
    lines += [f"note: {warning}" for warning in details.warnings]
    return "\n".join(lines)


def references(found: PaperReferences) -> str:
    """What a paper cites: of the library and else, with the pages that cite; who cites it; the ids to add."""
    here = [one for one in found.references if one.paper]
    lacking = [one for one in found.references if not one.paper]
    lines = [found.paper.title]
    if not found.references:
        lines.append("no references are known: its text was not read, or by an earlier version (kb add the file again)")
    for heading, works in (
        (f"cites, in the library ({len(here)})", here),
        (f"cites, not in the library ({len(lacking)})", lacking),
    ):
        lines += ["", heading] if works else []
        for one in works:
            pages = ", ".join(dict.fromkeys(f"p. {mention.page}" for mention in one.mentions if mention.page))
            name = f"{one.paper.title}  {one.paper.id}" if one.paper else _shorten(one.text, 110)
            known = f"  {one.id}" if one.id and not one.paper else ""
            lines.append(f"  {name}{known}" + (f"  (cited on {pages})" if pages else ""))
    if found.cited_by:
        lines += ["", f"cited by, in the library ({len(found.cited_by)})"]
        lines += [f"  {paper.title}  {paper.id}" for paper in found.cited_by]
    wanted = [one.arxiv for one in lacking if one.arxiv]
    if wanted:
        lines += ["", "to add those with an arXiv id:", f"  kb add {' '.join(dict.fromkeys(wanted))}"]
    return "\n".join(lines)


def digest(result: Digest, written: Sequence[Path]) -> str:
    """A line for each paper with its summary below, what the limit cut, and where the pages are."""
    when = result.since.isoformat() + (f" to {result.until.isoformat()}" if result.until != result.since else "")
    entries = digest_entries(result)
    cut, others = also_matched(result), left_out(result)
    told_of = [headline(result, entries), *([f"{len(others)} left out"] if others else [])]
    lines = [f"{result.topic or 'all papers'}, {when}: {', '.join(told_of)}"]
    for heading, found in sections(entries):
        lines += [f"{heading}:"] if heading else []
        for entry in found:
            badges = " · ".join(badge.text for badge in entry.badges)
            title = f"{entry.number:>2}. {plain(entry.paper.title)}{f' ({badges})' if badges else ''}"
            lines.append(textwrap.fill(title, _WIDTH, subsequent_indent="    "))
            lines += [_wrap(plain(one.text)) for one in entry.summary.sentences]
    if cut:
        lines += [f"{label(result.language, 'also_matched')}:"]
        lines += [f"  * {_shorten(plain(one.title), 60)}  {one.address}".rstrip() for one in cut]
    return "\n".join([*lines, *(f"wrote {path}" for path in written)])


def topic(kept: Topic) -> str:
    """The fields of a topic, a line each."""
    fields = {
        "query": kept.query, "must": ", ".join(kept.must), "must not": ", ".join(kept.must_not),
        "authors": ", ".join(kept.authors), "categories": " ".join(kept.categories),
        "examples": " ".join(kept.examples), "pages": f"in {kept.language}, at most {kept.limit} papers a day",
    }  # fmt: skip
    return "\n".join(f"{name:<11} {value}" for name, value in fields.items() if value)


def topics(kept: Sequence[Topic]) -> str:
    """Topics by name, each with its fields."""
    text = "\n".join(f"{one.name}\n{textwrap.indent(topic(one), '    ')}" for one in kept)
    return text or "no topics: kb topic add makes one"


def topic_preview(preview: Preview) -> str:
    """What a topic catches, with the reasons, and some of what it leaves out."""
    lines = [f"{preview.counts.inside} in, {preview.counts.outside} out"]
    left = _MOST_OUTSIDE
    for candidate in preview.candidates:
        if not candidate.inside:
            left -= 1
            if left < 0:
                continue
        mark = f"in  {candidate.score:+.3f}" if candidate.score is not None else "out       "
        lines.append(f"{mark}  {candidate.paper_id}  {textwrap.shorten(candidate.title, 70, placeholder='…')}")
        lines += [f"      {sentence(reason)}" for reason in candidate.reasons]
    if left < 0:
        lines.append(f"… and {-left} more that are out: --json has all")
    if preview.why_nothing is not None:
        lines.append(sentence(preview.why_nothing))
    return "\n".join(lines)


def verification(file: str, found: Verification) -> str:
    """What verifying a page found: faults first, then what has changed since, then what cannot be checked."""
    lines = [f"{file}: {len(found.faults)} fault(s) in {found.checked} things checked"]
    lines += [f"  {f.entry} · {f.field}: {f.found!r}, expected {f.expected!r} ({f.where})" for f in found.faults]
    if found.remarks:
        lines.append(f"true then, changed since: {len(found.remarks)}")
        lines += [f"  {f.entry} · {f.field}: {f.found!r}, now {f.expected!r} ({f.where})" for f in found.remarks]
    if found.unchecked:
        lines.append(f"cannot be checked: {len(found.unchecked)}")
        lines += [f"  {f.entry} · {f.field}: {f.found!r}: {told(f.why)} ({f.where})" for f in found.unchecked]
    return "\n".join(lines)


def changes(found: DigestChanges) -> str:
    """What is new, gone or changed between two digests."""
    lines = [f"new: {len(found.new)}", f"gone: {len(found.gone)}", f"changed: {len(found.changed)}"]
    lines += [f"  + {entry}" for entry in found.new] + [f"  - {entry}" for entry in found.gone]
    lines += [f"  ~ {entry.id}: {', '.join(entry.fields)}" for entry in found.changed]
    return "\n".join(lines)


def problems(found: Sequence[Problem]) -> str:
    """What doctor found, with the cures."""
    if not found:
        return "all is well"
    return "\n".join(f"{problem.severity}: {problem.what}\n    cure: {problem.cure}" for problem in found)


def recovery(saved: Recovery) -> str:
    """What was saved of a damaged home, what was not, and how to go on."""
    counts = ", ".join(f"{saved.kept.get(name, 0)} {name}" for name in ("papers", "records", "documents", "files"))
    lines = [f"saved in {saved.home}: {counts}"]
    lines += [f"lost: {what}" for what in saved.lost]
    return "\n".join([*lines, f"make its indexes: kb doctor --fix --home {shlex.quote(saved.home)}"])


def reindexed(made: Reindexed) -> str:
    """What was made again, and the files that could not be read again."""
    lines = [f"read {made.read} file(s) again"] if made.read else []
    lines += [f"not read again: {one.what}: {one.reason}" for one in made.failed]
    if made.rebuilt:
        lines.append(f"indexed {made.chunks} chunks")
    return "\n".join(lines) or "no file has to be read again: nothing was changed"


def status(now: Status) -> str:
    """Counts of the home."""
    texts = now.fulltext
    lines = [
        f"{now.papers} papers ({texts['full']} with full text, {texts['partial']} in part) in {now.home}",
        f"{now.chunks} chunks" + (f", {now.waiting} waiting to be indexed" if now.waiting else ""),
        f"{now.topics} topics, {now.bytes / 1e6:.1f} MB on disk",
        f"encoder {now.encoder or '(none used yet)'}, model {now.model or 'none (extractive)'}",
    ]
    if now.failures:
        lines.append(f"{len(now.failures)} could not be added: kb doctor lists them, with the cure of each")
    return "\n".join(lines)


def evaluation(figures: RetrievalFigures) -> str:
    """Measures per mode as a table."""
    lines = [f"{figures.dataset}: {figures.queries} queries", "mode      nDCG@10  Recall@100  MRR@10"]
    for mode, row in figures.modes.items():
        lines.append(f"{mode:<9} {row['ndcg@10']:>7.4f} {row['recall@100']:>11.4f} {row['mrr@10']:>7.4f}")
    return "\n".join(lines)


def update(report: UpdateReport) -> str:
    """The report of the daily job: a line for each day of a topic, with what is not zero or why all is."""
    lines = []
    for entry in report.topics:
        counts = entry.counts
        others = {
            "shown before": counts.already_shown, "left out": counts.filtered, "failed": counts.failed
        }  # fmt: skip
        told_of = [counted(counts, "en"), *(f"{count} {what}" for what, count in others.items() if count)]
        lines.append(f"{entry.topic}, {entry.day}: {', '.join(filter(None, told_of)) or 'nothing found'}")
        if entry.why_nothing:
            lines.append(f"    {sentence(entry.why_nothing)}")
    lines += [f"wrote {path}" for path in report.files]
    failed: dict[str, list[str]] = {}
    for failure in report.failures:
        failed.setdefault(failure.reason, []).append(failure.what)
    lines += [f"failed: {', '.join(names)}: {reason}" for reason, names in failed.items()]
    return "\n".join(lines) or "no topics: kb topic add makes one"


def demo(report: DemoReport) -> str:
    """What the demo did, each step as the command that does it."""
    blocks = [f"$ {step.command}\n{step.text}" for step in report.steps]
    return "\n\n".join([*blocks, "Try next:\n" + "\n".join(f"  {line}" for line in report.next)])
