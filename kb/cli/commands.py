"""One function a verb: options to a call of ``Library``, its result to JSON or text, and the exit status."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb import wire
from kb.cli.progress import Reporter
from kb.cli.streams import write_document, write_text
from kb.errors import DONE, FAULTS, IN_PART, NOT_DONE, HomeUnwritable, UsageError
from kb.library import Library
from kb.records import Paper
from kb.rendering import plain_text
from kb.settings import Settings, unknown_variables
from kb.text import is_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a verb has to say: ``data`` for ``--json``, ``text`` for people, and the exit status."""

    data: Any
    text: str
    status: int = DONE


def run(options: argparse.Namespace) -> int:
    """Run the verb, print its result, and return the exit status."""
    _refuse_broken_text(options)
    if options.verb == "ui":
        return _ui(options)
    if options.job is not None:
        return _run_as_job(options)
    with Reporter(quiet=options.quiet) as reporter, _open(options) as library:
        library.on_wait = reporter.notice
        for text in unknown_variables():
            reporter.notice(text)
        result = _VERBS[options.verb](library, options, reporter)
    _print(f"kb.{options.verb}/{2 if options.verb in _SECOND else 1}", result, as_json=options.json)
    return result.status


def _run_as_job(options: argparse.Namespace) -> int:
    """Run the verb as long work of the app: progress and result go into the catalog."""
    from kb.cli.progress import JobReporter
    from kb.library.jobs import JobRecorder

    with _open(options) as library, JobRecorder(library, options.job) as recorder:
        reporter = JobReporter(recorder)
        library.on_wait = reporter.notice
        result = _VERBS[options.verb](library, options, reporter)
        recorder.end(wire.to_data(result.data), status=result.status)
    return result.status


def _open(options: argparse.Namespace) -> Library:
    flags: dict[str, Any] = {"home": options.home or getattr(options, "demo_home", None)}
    for name in ("language", "max_calls", "max_tokens"):
        flags[name] = getattr(options, name, None)
    flags["allow_remote"] = True if getattr(options, "allow_remote", False) else None
    if isinstance(model := getattr(options, "model", None), str):
        flags["model"] = model
    return Library.open(Settings.load(**flags))


def _refuse_broken_text(options: argparse.Namespace) -> None:
    """Bytes that are no text cannot be stored or searched; names of files to add are judged one by one later."""
    for name, value in vars(options).items():
        for word in value if isinstance(value, list) else [value]:
            if isinstance(word, str) and not is_text(word) and (options.verb, name) != ("add", "what"):
                shown = word.encode(errors="replace").decode()
                raise UsageError(f"{shown!r} is not valid UTF-8: write it in this terminal's encoding")


def _print(schema: str, result: Result, *, as_json: bool) -> None:
    if as_json:
        write_document(wire.to_json({"schema": schema, **wire.to_data(result.data)}))
    elif result.text:
        write_text(result.text)


def _filters(options: argparse.Namespace) -> dict[str, Any]:
    names = ("paper", "author", "category", "tag", "collection", "since", "until")
    return {name: getattr(options, name) for name in names}


def _paper(paper: Paper) -> dict[str, Any]:
    """A paper as the contract has it: of its source records what the source said, not how it was read."""
    data: dict[str, Any] = wire.to_data(paper)
    data["sources"] = [{name: one[name] for name in ("source", "key", "type", "fields")} for one in data["sources"]]
    return data


def _save(text: str, out: str | None) -> str:
    """Write text to ``out`` and say so, or give it back to be printed."""
    if out is None:
        return text.rstrip("\n")
    try:
        Path(out).write_text(text, encoding="utf-8")
    except OSError as err:
        raise HomeUnwritable(f"{out} cannot be written ({err.strerror}): choose another --out") from err
    return f"wrote {out}"


# --------------------------------------------------------------------------------------------- intake


def _demo(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    from kb.library.demo import run_demo

    demo = run_demo(library, progress=reporter.progress, notice=reporter.notice)
    return Result(data=demo, text=plain_text.demo(demo))


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
    return Result(data=report, text=plain_text.add_report(report), status=status)


# ------------------------------------------------------------------------------------------ questions


def _tell_waiting(library: Library, reporter: Reporter) -> None:
    if waiting := library.waiting():
        reporter.notice(f"{waiting} passages are not indexed yet: wait for kb add to end, or run kb doctor --fix")
    if library.words_are_outdated():
        reporter.notice("letters such as ø are found under their old spelling until the next kb add or kb reindex")


def _search(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    _tell_waiting(library, reporter)
    found = library.find(
        options.query, k=options.k, mode=options.mode, by=options.by, sources=options.json, **_filters(options)
    )
    suggestion, matched = found.reading.suggestion, found.reading.matched
    data = {
        "query": options.query,
        "mode": options.mode,
        "hits": [{**wire.to_data(hit), "paper": _paper(hit.paper)} for hit in found.hits] if options.json else [],
        "suggestion": suggestion,
        "matched": matched,
        "complete": not library.waiting(),
        "notices": [],
    }
    return Result(data=data, text=plain_text.found(found.hits, suggestion=suggestion, matched=matched))


def _ask(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    _tell_waiting(library, reporter)
    answer = library.ask(options.question, session=options.session, effort=options.effort, **_filters(options))
    for notice in answer.notices:
        reporter.notice(notice)
    is_rewritten = options.session is not None and answer.understood != answer.question
    read_as = f"Read as: {answer.understood}\n\n" if is_rewritten else ""
    return Result(data=answer, text=read_as + plain_text.answer(answer))


def _compare(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    papers = [*options.paper]
    if options.collection:
        papers += [paper.id for paper in library.collection(options.collection)]
    if not papers:
        raise UsageError("nothing to compare: name papers with --paper, or a --collection")
    table = library.compare(papers, options.question, progress=reporter.progress)
    text = library.render_comparison(table, options.format)
    return Result(data=table, text=_save(text, options.out))


def _check(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    _tell_waiting(library, reporter)
    bibliographies = [Path(name) for name in options.bib]
    checked = library.check(Path(options.file), bibliographies=bibliographies, progress=reporter.progress)
    for notice in checked.notices:
        reporter.notice(notice)
    return Result(data=checked, text=_save(library.render_check(checked, options.format), options.out))


def _review(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    _tell_waiting(library, reporter)
    made = library.review(options.question, papers=options.papers, progress=reporter.progress, **_filters(options))
    for notice in made.notices:
        reporter.notice(notice)
    if options.job is not None:
        return Result(data=made, text="")
    out = Path(options.out) if options.out else None
    (_, page), *beside = library.render_review(made, options.format, name=out.stem if out else "review")
    if out is not None:
        written = library.write_pages([(out.name, page), *beside], out.parent)
        return Result(data=made, text="\n".join(f"wrote {path}" for path in written))
    if beside and not options.json:
        reporter.notice("its .bib is written beside it where --out names a file")
    return Result(data=made, text=page.decode().rstrip("\n"))


# -------------------------------------------------------------------------------------------- writing


def _note(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    if not Path(options.id).is_file():
        return _note_of(library, options.id, options, reporter)
    with library.visit(Path(options.id), progress=reporter.progress) as guest:
        return _note_of(guest, guest.list(limit=1)[0].id, options, reporter)


def _note_of(library: Library, paper: str, options: argparse.Namespace, reporter: Reporter) -> Result:
    note = library.note(paper, progress=reporter.progress)
    if options.job is not None:
        return Result(data=note, text="")
    pages = library.render_note(note, options.format)
    if options.out:
        written = library.write_pages(pages, Path(options.out))
        return Result(data=note, text="\n".join(f"wrote {path}" for path in written))
    text = next(data for path, data in pages if not path.endswith(".png")).decode()
    return Result(data=note, text=text.rstrip("\n"))


def _topic(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    from kb.cli.topics import topic_verb

    return topic_verb(library, options)


def _digest(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    digest = library.digest(
        options.topic,
        day=options.date,
        since=options.since,
        until=options.until,
        audience=options.audience,
        language=options.language,
        progress=reporter.progress,
    )
    for notice in digest.notices:
        reporter.notice(notice)
    written = library.write_digest(digest, options.format.split(","), out=Path(options.out) if options.out else None)
    data = {**wire.to_data(digest), "files": [str(path) for path in written]}
    status = IN_PART if digest.counts.failed else DONE
    return Result(data=data, text=plain_text.digest(digest, written), status=status)


def _render(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    out = Path(options.out) if options.out else Path(options.file).parent
    written = library.render_file(Path(options.file), options.format.split(","), out=out)
    return Result(data={"files": [str(path) for path in written]}, text="\n".join(f"wrote {path}" for path in written))


def _verify(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    faults, checked = library.verify(Path(options.file))
    data = {"file": options.file, "faults": wire.to_data(faults), "checked": checked}
    return Result(data=data, text=plain_text.faults(options.file, faults, checked), status=FAULTS if faults else DONE)


def _diff(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    changes = library.diff(Path(options.old), Path(options.new))
    return Result(data=changes, text=plain_text.changes(changes))


# -------------------------------------------------------------------------------------------- catalog


def _list(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    papers = library.list(limit=options.limit, sources=options.json, **_filters(options))
    return Result(data={"papers": [_paper(paper) for paper in papers]}, text=plain_text.papers(papers))


def _show(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    shown = library.show(options.id)
    data = {**shown, "paper": _paper(shown["paper"]), "joins": wire.to_data(shown["joins"])}
    return Result(data=data, text=plain_text.shown(shown))


def _set(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    values = {}
    for assignment in options.field:
        name, equals, value = assignment.partition("=")
        if not equals or not name:
            raise UsageError(f"{assignment!r} is not FIELD=VALUE: write it like venue='NeurIPS 2017'")
        values[name] = value or None
    paper = library.set(options.id, **values)
    return Result(data={"paper": _paper(paper)}, text=plain_text.paper(paper))


def _tag(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    wrong = [tag for tag in options.tags if len(tag) < 2 or tag[0] not in "+-" or tag.startswith("--")]
    if wrong or not options.tags:
        raise UsageError(f"write tags as +{(wrong or ['name'])[0].strip('+-')} to add or with - to drop")
    add = [tag[1:] for tag in options.tags if tag[0] == "+"]
    drop = [tag[1:] for tag in options.tags if tag[0] == "-"]
    paper = library.tag(options.id, add=add, drop=drop)
    return Result(data={"paper": _paper(paper)}, text=f"{paper.id}: {', '.join(paper.tags) or 'no tags'}")


def _merge(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    paper = library.merge(*options.id)
    return Result(data={"paper": _paper(paper)}, text=f"{' and '.join(options.id)} are one paper now: {paper.id}")


def _split(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    parted = library.split(options.id, options.record)
    lines = [f"{' and '.join(parted.papers)} are {len(parted.papers)} papers now"]
    if parted.with_both:
        lines.append(f"with both, since nobody can tell whose it was: {', '.join(parted.with_both)}")
    if parted.answers_left:
        lines.append(f"answers that may quote either, left as they were: {', '.join(parted.answers_left)}")
    return Result(data=parted, text="\n".join(lines))


def _collection(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    if options.action == "show":
        papers = library.collection(options.name)
        data = {"name": options.name, "papers": [_paper(paper) for paper in papers]}
        return Result(data=data, text=plain_text.papers(papers))
    if options.action == "add":
        library.collect(options.name, options.id)
    elif options.action == "drop":
        library.collect(options.name, drop=options.id)
    elif options.action == "arrange":
        library.arrange_collection(options.name, options.id)
    elif options.action == "rename":
        library.rename_collection(options.name, options.new)
    elif options.action == "remove":
        library.remove_collection(options.name)
    names = library.collections()
    lines = [f"{name}: {count} papers" for name, count in names.items()] or ["no collections"]
    return Result(data={"collections": names}, text="\n".join(lines))


def _cite(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    citations = library.cite(options.id, style=options.style, format=options.format)
    for name in options.id:
        if library.paper(name).withdrawn:
            reporter.notice(f"{name} was withdrawn: cite it as such")
    for name, text in zip(options.id, citations, strict=False):
        if not text:
            reporter.notice(f"the style {options.style!r} lists nothing for {name}: choose another with --style")
    data = {"style": options.style, "format": options.format, "citations": citations}
    between = "\n\n" if options.format == "markdown" else "\n"  # lines that follow one another are one paragraph
    text = between.join(text.rstrip() for text in citations if text)
    return Result(data=data, text=text, status=DONE if all(citations) else IN_PART)


def _opinion(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    liking = 1 if options.verb == "like" else -1
    paper = library.opine(options.id, liking, topic=options.topic)
    return Result(data={"id": paper.id, "liking": liking}, text=f"{options.verb}d {paper.id} ({paper.title})")


def _remove(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    removed = library.remove(options.id)
    return Result(data={"removed": removed}, text="\n".join(f"removed {key}" for key in removed))


def _export(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    text = library.export(options.format, **_filters(options))
    return Result(data={"format": options.format, "text": text}, text=_save(text, options.out))


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
    return Result(data=report, text=plain_text.update(report), status=report["status"])


def _ledger(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    count = (library.export_ledger if options.action == "export" else library.import_ledger)(Path(options.file))
    return Result(data={"entries": count, "file": options.file}, text=f"{options.action}ed {count} entries")


def _status(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    status = library.status()
    return Result(data=status, text=plain_text.status(status))


def _doctor(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    problems = library.doctor(fix=options.fix, model=bool(options.model), progress=reporter.progress)
    bad = any(problem.severity != "notice" for problem in problems)
    return Result(
        data={"problems": wire.to_data(problems)}, text=plain_text.problems(problems), status=FAULTS if bad else DONE
    )


def _reindex(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    count = library.reindex(encode=options.encode, progress=reporter.progress)
    return Result(data={"chunks": count}, text=f"indexed {count} chunks")


def _eval(library: Library, options: argparse.Namespace, reporter: Reporter) -> Result:
    from kb.library.evaluating import evaluate_retrieval

    figures = evaluate_retrieval(
        Path(options.folder),
        settings=library.settings,
        split=options.split,
        run_folder=Path(options.run) if options.run else None,
        progress=reporter.progress,
    )
    return Result(data=figures, text=plain_text.evaluation(figures))


def _ui(options: argparse.Namespace) -> int:
    from kb.cli.app import start_app

    start_app(options)
    return NOT_DONE  # not reached: the app takes this process's place


# The verbs whose documents are others than in the first edition: they hold papers, or what became of records.
_SECOND = frozenset("add ask compare digest list note search set show tag".split())
_VERBS: dict[str, Callable[[Library, argparse.Namespace, Reporter], Result]] = {
    "demo": _demo, "add": _add, "search": _search, "ask": _ask, "compare": _compare, "check": _check,
    "review": _review, "note": _note,
    "topic": _topic, "digest": _digest, "render": _render, "verify": _verify, "diff": _diff, "list": _list,
    "merge": _merge, "split": _split, "collection": _collection, "cite": _cite,
    "show": _show, "set": _set, "tag": _tag, "like": _opinion, "dislike": _opinion, "remove": _remove,
    "export": _export, "update": _update, "ledger": _ledger, "status": _status, "doctor": _doctor,
    "reindex": _reindex, "eval": _eval,
}  # fmt: skip
