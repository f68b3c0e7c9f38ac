"""One function a verb: options to a call of ``Library``, its result to JSON or text, and the exit status."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

from kb import Library, Settings
from kb.cli import Stop
from kb.cli.streams import JobReporter, Reporter, write_document, write_text
from kb.errors import DONE, FAULTS, IN_PART, NOT_DONE, HomeUnwritable, UsageError
from kb.records import Answer, Comparison, DemoReport, DemoStep, Digest, ManuscriptCheck, Review, Topic
from kb.rendering import plain_text
from kb.rendering.reasons import sentence, told
from kb.rendering.single import render_table
from kb.settings import unknown_variables
from kb.text import is_text

QUERY = "citation graph as a signal for document embeddings"
QUESTION = "Does SPECTER need citations at inference time?"
DAY = date(2024, 3, 4)
_LICENSE = "http://creativecommons.org/licenses/by/4.0/"
_MOST_DAMAGED = 20  # that are named
_ENDINGS = {"bibtex": "bib", "ris": "ris", "csl": "json", "jsonl": "jsonl"}
_ENDS_OF_FOLDERS = tuple(filter(None, (os.sep, os.altsep)))

Page = tuple[str, bytes]
"""A path, relative to where it is written, and what stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a verb has to say: ``made`` for ``--json`` (``more`` stands beside it), ``text`` for people, and the exit
    status."""

    made: Any
    more: dict[str, Any] = field(default_factory=dict)
    text: str
    status: int = DONE


def run(options: argparse.Namespace, *, stop: Stop) -> int:
    """Run the verb, print its result, and return the exit status; what was asked to stop has no result."""
    _refuse_broken_text(options)
    if options.verb == "ui":
        return _ui(options)
    if options.job is not None:
        return _run_as_job(options, stop=stop)
    with Reporter(quiet=options.quiet) as reporter, _open(options, on_wait=reporter.notice) as library:
        for text in unknown_variables():
            reporter.notice(text)
        result = _VERBS[options.verb](library, options, reporter)
        stop.check()
        damaged = library.papers.damaged()
        for what in damaged[:_MOST_DAMAGED]:
            reporter.error(f"{what} is not as it was written and was left out: kb recover TO saves the rest")
        if damaged and result.status == DONE:
            result = replace(result, status=IN_PART)
    if options.json:
        from kb import envelopes

        write_document(envelopes.to_json(envelopes.document(options.verb, result.made, **result.more)))
    elif result.text:
        write_text(result.text)
    return result.status


def _run_as_job(options: argparse.Namespace, *, stop: Stop) -> int:
    """Run the verb as long work of the app: progress and result go into the catalog."""
    from kb import envelopes

    with _open(options) as library, library.jobs.record(options.job) as recorder:
        reporter = JobReporter(progress=recorder.progress, notice=recorder.notice)
        result = _VERBS[options.verb](library, options, reporter)
        stop.check()
        made = envelopes.document(options.verb, result.made, **result.more)
        recorder.end(envelopes.to_data(made), status=result.status)
    return result.status


def _open(options: argparse.Namespace, *, on_wait: Callable[[str], None] | None = None) -> Library:
    flags: dict[str, Any] = {"home": options.home or getattr(options, "demo_home", None)}
    for name in ("language", "max_calls", "max_tokens"):
        flags[name] = getattr(options, name, None)
    flags["ocr"] = True if getattr(options, "ocr", False) else None
    flags["allow_remote"] = True if getattr(options, "allow_remote", False) else None
    if isinstance(model := getattr(options, "model", None), str):
        flags["model"] = model
    return Library.open(Settings.load(**flags), on_wait=on_wait)


def _refuse_broken_text(options: argparse.Namespace) -> None:
    """Bytes that are no text cannot be stored or searched; names of files to add are judged one by one later."""
    for name, value in vars(options).items():
        for word in value if isinstance(value, list) else [value]:
            if isinstance(word, str) and not is_text(word) and (options.verb, name) != ("add", "what"):
                shown = word.encode(errors="replace").decode()
                raise UsageError(f"{shown!r} is not valid UTF-8: write it in this terminal's encoding")


def _filters(options: argparse.Namespace) -> dict[str, Any]:
    names = ("paper", "author", "category", "tag", "collection", "since", "until")
    return {name: getattr(options, name) for name in names}


def _is_folder(out: str) -> bool:
    return Path(out).is_dir() or out.endswith(_ENDS_OF_FOLDERS)


def _page(library: Library, made: Comparison | ManuscriptCheck | Review, options: argparse.Namespace) -> list[Page]:
    """The page in the form that is asked for, and what belongs beside it, called as ``--out`` says."""
    is_named = options.out and not _is_folder(options.out)
    return library.pages.render(made, options.format, name=Path(options.out).stem if is_named else options.verb)


def _saved(library: Library, pages: Sequence[Page], options: argparse.Namespace, reporter: Reporter) -> str:
    """Write a page, and what belongs beside it, where ``--out`` says; returns what was written, or the page itself
    without it.

    A folder that is there, or a name that ends like one, takes the page under its own name.
    """
    (name, page), *beside = pages
    if options.out is None:
        for ending in dict.fromkeys(Path(path).suffix for path, _ in beside if not options.json):
            reporter.notice(f"its {ending} is written beside it where --out names a file")
        return page.decode().rstrip("\n")
    target = Path(options.out) / name if _is_folder(options.out) else Path(options.out)
    if target.is_symlink() or (target.exists() and not target.is_file()):  # a device, a pipe: written through
        try:
            target.write_bytes(page)
        except OSError as err:
            raise HomeUnwritable(f"{target} cannot be written ({err.strerror}): choose another --out") from err
        written = [target, *library.pages.save(beside, target.parent)]
    else:
        written = library.pages.save([(target.name, page), *beside], target.parent)
    return "\n".join(f"wrote {path}" for path in written)


# --------------------------------------------------------------------------------------------- intake


def run_demo(library: Library, reporter: Reporter) -> DemoReport:
    """Add, search, ask and write a digest; returns the steps with their results as text."""
    home = library.settings.home
    folder = Path(str(resources.files("kb") / "demo"))
    reporter.notice(f"the demo library is {home}; delete the folder to be rid of it")
    files = sorted(folder.glob("*.pdf"))
    report = library.add([str(folder / "records.jsonl"), *map(str, files)], private=False, progress=reporter.progress)
    # The PDFs are licensed CC BY 4.0 (see LICENSES.md beside them); their pages do not all say so.
    pdfs = [paper for paper in library.list() if paper.fulltext.state != "none"]
    for paper in pdfs:
        if not paper.license:
            library.set(paper.id, license=_LICENSE)
    hits = library.search(QUERY, k=3)
    answer = library.ask(QUESTION)
    digest = library.digest(day=DAY, progress=reporter.progress)
    written = library.pages.write(digest, ["hexo", "json"], out=home / "digest")
    steps = (
        DemoStep(command="kb add records.jsonl 2020.acl-main.207.pdf …", text=plain_text.add_report(report)),
        DemoStep(command=f'kb search "{QUERY}" -k 3', text=plain_text.hits(hits, query=QUERY)),
        DemoStep(command=f'kb ask "{QUESTION}"', text=plain_text.answer(answer)),
        DemoStep(
            command=f"kb digest --date {DAY} --format hexo,json --out {home / 'digest'}",
            text=plain_text.digest(digest, written),
        ),
    )
    tries = (
        f'kb ask --home {home} "What is citation-informed training?"',
        f"kb note --home {home} {pdfs[0].id if pdfs else '2402.19481'}",
        f"kb verify --home {home} {home / 'digest' / 'digest.json'}",
        f"kb ui --home {home}",
    )
    return DemoReport(home=str(home), steps=steps, next=tries, files=tuple(map(str, written)))


def _demo(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    demo = run_demo(library, reporter)
    return Result(made=demo, text=plain_text.demo(demo))


def _add(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    if not options.what and not options.query:
        raise UsageError("nothing to add: name a file, a folder or an arXiv id, or give --query")
    report = library.add(
        options.what,
        query=options.query,
        since=options.since,
        until=options.until,
        limit=options.limit,
        fulltext=not options.no_fulltext,
        private=True if options.private else None,
        collection=options.collection,
        progress=reporter.progress,
    )
    went_in = bool(report.added or report.updated or report.unchanged)
    status = DONE if not report.failed else IN_PART if went_in else NOT_DONE
    if status == NOT_DONE and len(report.failed) == 1:
        reporter.error(f"{report.failed[0].what}: {report.failed[0].reason}")
    return Result(made=report, text=plain_text.add_report(report), status=status)


# ------------------------------------------------------------------------------------------ questions


def _searched(library: Library) -> int:
    """The exit status of what searched: in part where something may be missing."""
    return IN_PART if library.papers.notices() else DONE


def _search(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    hits = library.search(
        options.query, k=options.k, mode=options.mode, by=options.by, sources=options.json, **_filters(options)
    )
    for notice in hits.notices:
        reporter.notice(sentence(notice))
    return Result(
        made=hits,
        more={"query": options.query, "mode": options.mode},
        text=plain_text.found(hits, query=options.query),
        status=DONE if hits.complete else IN_PART,
    )


def _ask(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    told: list[str] = []

    def show(answer: Answer) -> None:
        for notice in answer.notices:
            reporter.notice(notice)
        told.extend(answer.notices)
        if not options.json:
            is_rewritten = options.session is not None and answer.understood != answer.question
            read_as = f"Read as: {answer.understood}\n\n" if is_rewritten else ""
            write_text(read_as + plain_text.answer(answer, shown=options.k))

    answer = library.ask(
        options.question, session=options.session, effort=options.effort, on_answer=show, **_filters(options)
    )
    for notice in answer.notices:
        if notice not in told:  # that it is not kept
            reporter.notice(notice)
    return Result(made=answer, text="", status=_searched(library))


def _compare(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    table = library.compare(options.paper, options.question, collection=options.collection, progress=reporter.progress)
    return Result(made=table, text=_saved(library, _page(library, table, options), options, reporter))


def _check(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    bibliographies = [Path(name) for name in options.bib]
    checked = library.check(
        Path(options.file), bibliographies=bibliographies, effort=options.effort, progress=reporter.progress
    )
    for notice in checked.notices:
        reporter.notice(notice)
    text = _saved(library, _page(library, checked, options), options, reporter)
    return Result(made=checked, text=text, status=_searched(library))


def _review(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    made = library.review(options.question, papers=options.papers, progress=reporter.progress, **_filters(options))
    for notice in made.notices:
        reporter.notice(notice)
    if options.job is not None:
        return Result(made=made, text="")
    text = _saved(library, _page(library, made, options), options, reporter)
    return Result(made=made, text=text, status=_searched(library))


# -------------------------------------------------------------------------------------------- writing


def _note(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    if not Path(options.id).is_file():
        return _note_of(library, options.id, options, reporter)
    with library.jobs.visit(Path(options.id), progress=reporter.progress) as guest:
        papers = guest.list(limit=2)
        if len(papers) != 1:
            holds = "several papers" if papers else "no paper"
            raise UsageError(f"{options.id} holds {holds}: add it with kb add, and give kb note the id of one")
        return _note_of(guest, papers[0].id, options, reporter)


def _note_of(library: Library, paper: str, options: argparse.Namespace, reporter: Reporter) -> Result:
    note = library.note(paper, progress=reporter.progress)
    if options.job is not None:
        return Result(made=note, text="")
    pages = library.pages.render(note, options.format)
    if options.out:
        written = library.pages.save(pages, Path(options.out))
        return Result(made=note, text="\n".join(f"wrote {path}" for path in written))
    return Result(made=note, text=pages[0][1].decode().rstrip("\n"))


def _topic(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    topics, given = library.topics, _topic_fields(options)
    if options.action == "add":
        # --language is among the settings, too
        topic = topics.add(Topic(name=options.name, **{"language": library.settings.language, **given}))
        text = f"topic {topic.name!r} is kept\n{plain_text.topic(topic)}"
        return Result(made=topic, text=text)
    if options.action == "list":
        kept = topics.list()
        return Result(made=kept, text=plain_text.topics(kept))
    if options.action == "show":
        topic = topics.get(options.name)
        return Result(made=topic, text=f"{topic.name}\n{plain_text.topic(topic)}")
    if options.action == "remove":
        name = topics.remove(options.name)
        text = f"topic {name!r} is forgotten; what it has shown stays known"
        return Result(made=name, text=text)
    preview = topics.preview(topics.plan(options.name, **given), since=options.since, until=options.until)
    return Result(made=preview, text=plain_text.topic_preview(preview))


def _topic_fields(options: argparse.Namespace) -> dict[str, Any]:
    """The fields of a topic that were named."""
    names = ("query", "must", "must_not", "authors", "categories", "examples", "language", "limit")
    given = {name: value for name in names if (value := getattr(options, name, None)) is not None}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def _digest(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    if options.roundup:
        return _roundup(library, options, reporter)
    digest = library.digest(
        options.topic,
        day=options.date,
        since=options.since,
        until=options.until,
        audience=options.audience,
        language=options.language,
        progress=reporter.progress,
    )
    written = library.pages.write(digest, options.format.split(","), out=Path(options.out) if options.out else None)
    return _written(digest, written, reporter)


def _roundup(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    if options.date is not None:
        raise UsageError("a roundup is of a period: give --since and --until instead of --date")
    out = Path(options.out) if options.out else None
    digest = library.pages.roundup(
        library.topics.get(options.topic).name if options.topic else None,
        since=options.since,
        until=options.until,
        out=out,
        audience=options.audience,
        language=options.language,
    )
    written = library.pages.write_day(digest, options.format.split(","), root=out)
    if out is not None and (out / "index.html").is_file():
        written.append(library.pages.write_index(out))
    return _written(digest, written, reporter)


def _written(digest: Digest, written: Sequence[Path], reporter: Reporter) -> Result:
    for notice in digest.notices:
        reporter.notice(told(notice))
    status = IN_PART if digest.counts.failed else DONE
    return Result(made=digest, more={"files": written}, text=plain_text.digest(digest, written), status=status)


def _render(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    out = Path(options.out) if options.out else Path(options.file).parent
    written = library.pages.rewrite(Path(options.file), options.format.split(","), out=out)
    return Result(made=written, text="\n".join(f"wrote {path}" for path in written))


def _verify(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    found = library.pages.verify(Path(options.file))
    text = plain_text.verification(options.file, found)
    return Result(made=found, more={"file": options.file}, text=text, status=FAULTS if found.faults else DONE)


def _diff(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    changes = library.pages.diff(Path(options.old), Path(options.new))
    return Result(made=changes, text=plain_text.changes(changes))


# -------------------------------------------------------------------------------------------- catalog


def _list(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    papers = library.list(limit=options.limit, sources=options.json, **_filters(options))
    return Result(made=papers, text=plain_text.papers(papers))


def _show(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    details = library.show(options.id, table=options.table, equation=options.equation)
    if details.equations:
        return Result(made=details, text=plain_text.equations(details, path_of=library.view.file))
    if details.tables:
        return Result(made=details, text="\n".join(render_table(one, options.format) for one in details.tables))
    return Result(made=details, text=plain_text.shown(details))


def _refs(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    found = library.papers.references(options.id)
    return Result(made=found, text=plain_text.references(found))


def _set(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    values = {}
    for assignment in options.field:
        name, equals, value = assignment.partition("=")
        if not equals or not name:
            raise UsageError(f"{assignment!r} is not FIELD=VALUE: write it like venue='NeurIPS 2017'")
        values[name] = value or None
    paper = library.set(options.id, **values)
    return Result(made=paper, text=plain_text.paper(paper))


def _tag(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    wrong = [tag for tag in options.tags if len(tag) < 2 or tag[0] not in "+-" or tag.startswith("--")]
    if wrong or not options.tags:
        raise UsageError(f"write tags as +{(wrong or ['name'])[0].strip('+-')} to add or with - to drop")
    add = [tag[1:] for tag in options.tags if tag[0] == "+"]
    drop = [tag[1:] for tag in options.tags if tag[0] == "-"]
    paper = library.tag(options.id, add=add, drop=drop)
    text = f"{paper.id}: {', '.join(paper.tags) or 'no tags'}"
    return Result(made=paper, text=text)


def _merge(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    paper = library.papers.merge(*options.id)
    text = f"{' and '.join(options.id)} are one paper now: {paper.id}"
    return Result(made=paper, text=text)


def _split(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    parted = library.papers.split(options.id, options.record)
    lines = [f"{' and '.join(parted.papers)} are {len(parted.papers)} papers now"]
    if parted.with_both:
        lines.append(f"with both, since nobody can tell whose it was: {', '.join(parted.with_both)}")
    if parted.answers_left:
        lines.append(f"answers that may quote either, left as they were: {', '.join(parted.answers_left)}")
    return Result(made=parted, text="\n".join(lines))


def _collection(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    collections = library.collections
    if options.action == "show":
        papers = collections.get(options.name)
        return Result(made=papers, more={"name": options.name}, text=plain_text.papers(papers))
    if options.action == "add":
        collections.add(options.name, options.id)
    elif options.action == "drop":
        collections.drop(options.name, options.id)
    elif options.action == "arrange":
        collections.arrange(options.name, options.id)
    elif options.action == "rename":
        collections.rename(options.name, options.new)
    elif options.action == "remove":
        collections.remove(options.name)
    names = collections.list()
    lines = [f"{name}: {count} papers" for name, count in names.items()] or ["no collections"]
    return Result(made=names, text="\n".join(lines))


def _cite(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    citations = library.papers.cite(options.id, style=options.style, format=options.format)
    for name in options.id:
        if library.papers.get(name).withdrawn:
            reporter.notice(f"{name} was withdrawn: cite it as such")
    for name, text in zip(options.id, citations, strict=False):
        if not text:
            reporter.notice(f"the style {options.style!r} lists nothing for {name}: choose another with --style")
    more = {"style": options.style, "format": options.format}
    between = "\n\n" if options.format == "markdown" else "\n"  # lines that follow one another are one paragraph
    text = between.join(text.rstrip() for text in citations if text)
    return Result(made=citations, more=more, text=text, status=DONE if all(citations) else IN_PART)


def _opinion(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    paper = library.like(options.id, 1 if options.verb == "like" else -1, topic=options.topic)
    return Result(made=paper, text=f"{options.verb}d {paper.id} ({paper.title})")


def _remove(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    report = library.remove(options.id)
    lines = [*(f"removed {key}" for key in report.removed), *(f"not here: {one.reason}" for one in report.missing)]
    return Result(made=report, text="\n".join(lines), status=IN_PART if report.missing else DONE)


def _export(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    text = library.papers.export(options.format, **_filters(options))
    page = (f"papers.{_ENDINGS[options.format]}", text.encode())
    return Result(made=text, more={"format": options.format}, text=_saved(library, [page], options, reporter))


# ----------------------------------------------------------------------------------------------- care


def _update(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    report = library.update(
        out=Path(options.out) if options.out else None,
        forms=options.format.split(","),
        day=options.date,
        fulltext=not options.no_fulltext,
        audience=options.audience,
        language=options.language,
        progress=reporter.progress,
    )
    return Result(made=report, text=plain_text.update(report), status=report.status)


def _ledger(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    topics = library.topics
    count = (topics.export_ledger if options.action == "export" else topics.import_ledger)(Path(options.file))
    return Result(made=count, more={"file": options.file}, text=f"{options.action}ed {count} entries")


def _status(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    status = library.status()
    return Result(made=status, text=plain_text.status(status))


def _doctor(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    problems = library.doctor(fix=options.fix, model=bool(options.model), progress=reporter.progress)
    bad = any(problem.severity != "notice" for problem in problems)
    return Result(made=problems, text=plain_text.problems(problems), status=FAULTS if bad else DONE)


def _reindex(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    made = library.reindex(encode=options.encode, parse=options.parse, progress=reporter.progress)
    return Result(made=made, text=plain_text.reindexed(made), status=IN_PART if made.failed else DONE)


def _recover(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    try:
        to = Path(options.to).expanduser()
    except RuntimeError as err:  # no such user
        raise UsageError(f"{options.to} has no place here ({err}): name another folder") from err
    recovery = library.recover(to)
    text = plain_text.recovery(recovery)
    return Result(made=recovery, text=text, status=IN_PART if recovery.lost else DONE)


def _eval(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    figures = library.jobs.evaluate(
        Path(options.folder),
        split=options.split,
        run_folder=Path(options.run) if options.run else None,
        progress=reporter.progress,
    )
    return Result(made=figures, text=plain_text.evaluation(figures))


def _ui(options: argparse.Namespace) -> int:
    from kb.cli.app import start_app

    start_app(options)
    return NOT_DONE  # not reached: the app takes this process's place


_VERBS: dict[str, Callable[[Library, argparse.Namespace, Reporter], Result]] = {
    "demo": _demo, "add": _add, "search": _search, "ask": _ask, "compare": _compare, "check": _check,
    "review": _review, "note": _note,
    "topic": _topic, "digest": _digest, "render": _render, "verify": _verify, "diff": _diff, "list": _list,
    "merge": _merge, "split": _split, "collection": _collection, "cite": _cite,
    "show": _show, "refs": _refs, "set": _set, "tag": _tag, "like": _opinion, "dislike": _opinion, "remove": _remove,
    "export": _export, "update": _update, "ledger": _ledger, "status": _status, "doctor": _doctor,
    "reindex": _reindex, "recover": _recover, "eval": _eval,
}  # fmt: skip
