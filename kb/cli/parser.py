"""The words of the command line. Nothing heavy is imported here, so that ``kb --help`` answers at once."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from kb.forms import DAILY_FORMS, FORMS, PAGE_FORMS

_MODES = ("hybrid", "lexical", "dense")
_LANGUAGES = ("en", "zh")


class _Parser(argparse.ArgumentParser):
    """argparse, with abbreviations off: an option's name is part of the contract."""

    def __init__(self, **options: object) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options)  # type: ignore[arg-type]


class _Tags(argparse.Action):
    """Everything after the paper: tags, of which those to drop look like options, and the options of every verb."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        words = [str(value) for value in values] if isinstance(values, list) else []
        if "--help" in words:
            parser.print_help()
            parser.exit()
        common = _Parser(prog=parser.prog, add_help=False)
        _add_common(common, default=argparse.SUPPRESS)
        _, tags = common.parse_known_args(words, namespace=namespace)
        setattr(namespace, self.dest, tags)


def build_parser(version: str) -> argparse.ArgumentParser:
    """The parser of the whole command line. Each verb's help ends with an example that runs."""
    parser = _Parser(
        prog="kb",
        description="A paper knowledge base that shows where every sentence comes from.",
        epilog="example:\n  kb demo",
    )
    parser.add_argument("--version", action="version", version=f"kb {version}")
    _add_common(parser, default=None)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, summary: str, example: str) -> argparse.ArgumentParser:
        return _add_parser(verbs, name, summary, example)

    for add in (_add_intake, _add_questions, _add_writing, _add_catalog, _add_care):
        add(verb)
    return parser


Verb = Callable[[str, str, str], argparse.ArgumentParser]


def _add_parser(parsers: Any, name: str, summary: str, example: str) -> argparse.ArgumentParser:
    """A verb or an action of one, with the options of all and its example."""
    made: argparse.ArgumentParser = parsers.add_parser(
        name, help=summary, description=summary, epilog=f"example:\n  {example}"
    )
    _add_common(made, default=argparse.SUPPRESS)
    return made


def _add_actions(
    parser: argparse.ArgumentParser, actions: Iterable[tuple[str, str, str]]
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The actions of a verb, each by name; all but "list" are of a thing with a name."""
    parsers = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, summary, example in actions:
        action = _add_parser(parsers, name, summary, example)
        if name != "list":
            action.add_argument("name", metavar="NAME")
        yield name, action


def _add_common(parser: argparse.ArgumentParser, *, default: object) -> None:
    parser.add_argument("--home", metavar="DIR", default=default, help="the folder that holds everything (KB_HOME)")
    parser.add_argument("--json", action="store_true", default=default or False, help="one JSON document on stdout")
    parser.add_argument("--quiet", action="store_true", default=default or False, help="no progress, no notices")
    # The app starts long work as a process of its own and follows it in the catalog under this number.
    parser.add_argument("--job", type=_positive, default=default, help=argparse.SUPPRESS)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day: write it like 2024-03-04") from None


def _cap(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of calls or tokens: give 0 or more")
    return int(text)


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return number


def _port(text: str) -> int:
    number = _positive(text)
    if number > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: they end at 65535")
    return number


def _add_filters(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("filters")
    group.add_argument("--paper", action="append", default=[], metavar="ID", help="only this paper (repeatable)")
    group.add_argument("--author", action="append", default=[], metavar="NAME", help="only by this author (repeatable)")
    group.add_argument(
        "--category", action="append", default=[], metavar="CAT", help="only in this category, e.g. cs.CV"
    )
    group.add_argument("--tag", action="append", default=[], metavar="TAG", help="only with this tag (repeatable)")
    group.add_argument(
        "--collection", action="append", default=[], metavar="NAME", help="only in this collection (repeatable)"
    )
    group.add_argument("--since", type=_day, metavar="DAY", help="announced (else published) on this day or later")
    group.add_argument("--until", type=_day, metavar="DAY", help="announced (else published) on this day or earlier")


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="NAME", help="chat model, e.g. ollama:qwen3, or 'none' (KB_MODEL)")
    parser.add_argument("--language", choices=_LANGUAGES, help="language of the text that is written")
    parser.add_argument("--allow-remote", action="store_true", help="let private papers go to a remote model")
    parser.add_argument("--max-calls", type=_cap, metavar="N", help="cap on model calls")
    parser.add_argument("--max-tokens", type=_cap, metavar="N", help="cap on model tokens")


def _add_intake(verb: Verb) -> None:
    demo = verb("demo", "add the papers that come with kb, search, ask, write a digest", "kb demo")
    demo.set_defaults(demo_home="kb-demo")
    add = verb(
        "add", "add papers: arXiv ids and addresses, files, folders, bibliographies", "kb add paper.pdf refs.bib"
    )
    add.add_argument(
        "what", nargs="*", metavar="WHAT",
        help="arXiv id or address; a file or folder of PDF, HTML, Markdown, text, .bib, .ris, .nbib, CSL-JSON, Zotero's"
        " .csv, .jsonl; a text file of ids",
    )  # fmt: skip
    add.add_argument("--query", metavar="Q", help="ask arXiv, e.g. 'cat:cs.CV AND abs:\"diffusion model\"'")
    add.add_argument("--since", type=_day, metavar="DAY", help="with --query: announced on this day or later")
    add.add_argument("--until", type=_day, metavar="DAY", help="with --query: announced on this day or earlier")
    add.add_argument("--limit", type=_positive, metavar="N", help="with --query: at most N papers (100)")
    add.add_argument("--no-fulltext", action="store_true", help="keep to the record, fetch no PDF")
    add.add_argument("--collection", metavar="NAME", help="also put the papers into this collection")
    add.add_argument("--ocr", action="store_true", help="read scans by machine (needs the extra ocr)")
    add.add_argument("--private", action="store_true", help="never send these papers to a model on another machine")


def _add_questions(verb: Verb) -> None:
    search = verb("search", "find passages or papers", 'kb search "dense passage retrieval" -k 5')
    search.add_argument("query", metavar="QUERY")
    search.add_argument("-k", type=_positive, default=10, metavar="N", help="how many (10)")
    search.add_argument("--mode", choices=_MODES, default="hybrid", help="by words, by meaning, or both (hybrid)")
    search.add_argument("--by", choices=("chunk", "paper"), default="chunk", help="one hit a passage or a paper")
    _add_filters(search)

    ask = verb("ask", "answer a question from the papers, with quotes and pages", 'kb ask "What is S2ORC?"')
    ask.add_argument("question", metavar="QUESTION")
    ask.add_argument("--session", metavar="NAME", help="a conversation: follow-ups are read in its context")
    ask.add_argument(
        "--effort",
        choices=("quick", "normal", "deep"),
        default="normal",
        help="how often a model looks again for what is missing: 0, 1 or 4 times",
    )
    ask.add_argument(
        "-k", type=_positive, default=3, metavar="N", help="how many passages are printed without a model (3)"
    )
    _add_filters(ask)
    _add_model(ask)

    review = verb(
        "review",
        "a longer text over many papers: related work, or the state of a question (needs a model)",
        'kb review "How are scientific papers represented as vectors?" --format tex --out related.tex',
    )
    review.add_argument("question", metavar="QUESTION")
    review.add_argument(
        "--papers", type=_positive, default=12, metavar="N", help="how many papers are looked at, at most 30 (12)"
    )
    review.add_argument("--format", choices=("md", "html", "tex", "json"), default="md")
    review.add_argument("--out", metavar="FILE", help="write there instead of to stdout; beside .tex its .bib")
    _add_filters(review)
    _add_model(review)

    compare = verb(
        "compare",
        "a table of papers and questions",
        'kb compare --paper 2402.18842 --paper 2402.18780 --question "What data is used?"',
    )
    compare.add_argument("--paper", action="append", default=[], metavar="ID")
    compare.add_argument("--collection", metavar="NAME", help="the papers of this collection, in its order")
    compare.add_argument("--question", action="append", default=[], required=True, metavar="Q")
    compare.add_argument("--format", choices=("md", "csv", "html", "json"), default="md")
    compare.add_argument("--out", metavar="FILE", help="write there instead of to stdout")
    _add_model(compare)

    check = verb("check", "a manuscript of yours against the papers that it cites", "kb check manuscript.md")
    check.add_argument("file", metavar="FILE", help=".md, .tex (with what it inputs from its folder) or .txt")
    check.add_argument(
        "--bib", action="append", default=[], metavar="FILE", help="says what its keys mean (repeatable)"
    )
    check.add_argument(
        "--effort",
        choices=("quick", "normal"),
        default="normal",
        help="whether a model looks again for what the first passages do not bear out",
    )
    check.add_argument("--format", choices=("text", "md", "html", "json"), default="text")
    check.add_argument("--out", metavar="FILE", help="write there instead of to stdout")
    _add_model(check)


def _add_writing(verb: Verb) -> None:
    note = verb("note", "the reading note of a paper, or of a file that is not added", "kb note 2402.19481 --format md")
    note.add_argument("id", metavar="ID")
    note.add_argument("--format", choices=("md", "html", "json"), default="md")
    note.add_argument("--out", metavar="DIR", help="write the note and its figures there")
    _add_model(note)

    _add_topic(verb)
    digest = verb("digest", "a page over the papers announced in a period", "kb digest --date 2024-03-04 --out pages")
    digest.add_argument("topic", nargs="?", metavar="TOPIC", help="a topic's name; all papers without one")
    digest.add_argument("--date", type=_day, metavar="DAY", help="the day (default: the newest with papers)")
    digest.add_argument("--since", type=_day, metavar="DAY", help="first day of a period")
    digest.add_argument("--until", type=_day, metavar="DAY", help="last day of a period")
    digest.add_argument("--format", default=",".join(PAGE_FORMS), metavar="F,F", help=f"of {','.join(FORMS)}")
    digest.add_argument("--out", metavar="DIR", help="where to write (default: digests/ in the home)")
    digest.add_argument(
        "--for", dest="audience", choices=("self", "public"), default="self", help="whom the page is for"
    )
    _add_model(digest)

    render = verb("render", "the same pages again from a digest's data", "kb render pages/digest.json --format html")
    render.add_argument("file", metavar="DIGEST.json")
    render.add_argument("--format", default=",".join(PAGE_FORMS), metavar="F,F", help=f"of {','.join(FORMS)}")
    render.add_argument("--out", metavar="DIR", help="where to write (default: beside the file)")

    verify = verb("verify", "check a page against catalog and evidence", "kb verify pages/digest.json")
    verify.add_argument("file", metavar="FILE", help="of any form that kb writes, or a page of the old kind")
    diff = verb("diff", "what is new, gone or changed between two digests", "kb diff monday.json tuesday.json")
    diff.add_argument("old", metavar="OLD")
    diff.add_argument("new", metavar="NEW")


def _add_topic(verb: Verb) -> None:
    topic = verb("topic", "standing queries", 'kb topic add "Dense Retrieval" --query "abs:retrieval" --must dense')
    actions = (
        ("add", "make or replace a topic", 'kb topic add "Dense Retrieval" --query "cat:cs.IR AND abs:retrieval"'),
        ("list", "all topics", "kb topic list"),
        ("show", "one topic", 'kb topic show "Dense Retrieval"'),
        ("remove", "forget a topic", 'kb topic remove "Dense Retrieval"'),
        ("preview", "what a topic catches, and why", 'kb topic preview "Dense Retrieval" --query "abs:retriev*"'),
    )
    for name, action in _add_actions(topic, actions):
        if name in ("add", "preview"):
            action.add_argument("--query", default=None, metavar="Q", help="arXiv syntax: ti au abs co cat id all")
            for option, dest in (
                ("--must", "must"), ("--must-not", "must_not"), ("--author", "authors"),
                ("--category", "categories"), ("--example", "examples"),
            ):  # fmt: skip
                action.add_argument(option, dest=dest, action="append", default=None, metavar="X")
            action.add_argument("--language", choices=_LANGUAGES, default=None)
            action.add_argument("--limit", type=_positive, default=None, metavar="N", help="most papers a day")
        if name == "preview":
            action.add_argument("--since", type=_day, metavar="DAY")
            action.add_argument("--until", type=_day, metavar="DAY")


def _add_catalog(verb: Verb) -> None:
    listing = verb("list", "the papers of the library, newest first", "kb list --category cs.CL")
    listing.add_argument("--limit", type=_positive, metavar="N")
    _add_filters(listing)
    for name, summary in (
        ("show", "all that is known of a paper"),
        ("refs", "what a paper cites, who cites it here, and what the library lacks"),
        ("remove", "remove papers and all that hangs on them"),
    ):
        sub = verb(name, summary, f"kb {name} 2402.19481")
        sub.add_argument("id", nargs="+" if name == "remove" else None, metavar="ID")
        if name == "show":
            sub.add_argument("--table", metavar="LABEL", help='a table of its text alone, such as "Table 2"')
            sub.add_argument(
                "--format", choices=("md", "csv", "text"), default="md", help="of the table; text: each cell named"
            )
            sub.add_argument(
                "--equation", metavar="NUMBER", help="a display equation of its text alone, or all of them (all)"
            )
    setting = verb("set", "decide a field of a record yourself", 'kb set 2402.19481 venue="CVPR 2024"')
    setting.add_argument("id", metavar="ID")
    setting.add_argument("field", nargs="+", metavar="FIELD=VALUE", help="an empty value takes the decision back")
    tag = verb("tag", "add and drop tags", "kb tag 2402.19481 +diffusion -unread")
    tag.add_argument("id", metavar="ID")
    tag.add_argument("tags", nargs=argparse.REMAINDER, action=_Tags, metavar="+T|-T")
    merging = verb("merge", "make one paper of two, by your word", "kb merge 2402.18842 record:c9f7a6895b45794f")
    merging.add_argument("id", nargs=2, metavar="ID")
    splitting = verb(
        "split", "undo a join: the weakest evidence, or the records named; or say that two papers are two",
        "kb split 2402.18842",
    )  # fmt: skip
    splitting.add_argument("id", metavar="ID")
    splitting.add_argument(
        "record", nargs="*", metavar="RECORD", help="source records that are to leave it (kb show lists them), or"
        " another paper's id: then the two are no question any more",
    )  # fmt: skip
    _add_collection(verb)
    cite = verb("cite", "citations to paste", "kb cite 2402.19481 --style ieee")
    cite.add_argument("id", nargs="+", metavar="ID")
    cite.add_argument("--style", default="apa", metavar="STYLE", help="apa, ieee, nature, … or a .csl file (apa)")
    cite.add_argument(
        "--format", choices=("text", "markdown", "html", "bibtex", "ris", "csl"), default="text",
        help="text, markdown and html use the style",
    )  # fmt: skip
    for name in ("like", "dislike"):
        sub = verb(name, f"{name} a paper: it changes what comes first", f"kb {name} 2402.19481")
        sub.add_argument("id", metavar="ID")
        sub.add_argument("--topic", default="", metavar="NAME", help="for this topic only")
    export = verb("export", "the records in another format", "kb export --format bibtex --out refs.bib")
    export.add_argument("--format", choices=("bibtex", "ris", "csl", "jsonl"), default="bibtex")
    export.add_argument("--out", metavar="FILE", help="write there instead of to stdout")
    _add_filters(export)


def _add_collection(verb: Verb) -> None:
    collection = verb("collection", "named sets of papers", "kb collection add Thesis 2402.19481")
    actions = (
        ("list", "all collections", "kb collection list"),
        ("show", "its papers in your order", "kb collection show Thesis"),
        ("add", "put papers at its end", "kb collection add Thesis 2402.19481 2402.18842"),
        ("drop", "take papers out of it; they stay in the library", "kb collection drop Thesis 2402.19481"),
        ("arrange", "let these papers come first, in this order", "kb collection arrange Thesis 2402.18842 2402.19481"),
        ("rename", "give it another name", "kb collection rename Thesis Dissertation"),
        ("remove", "forget it; its papers stay in the library", "kb collection remove Dissertation"),
    )
    for name, action in _add_actions(collection, actions):
        if name in ("add", "drop", "arrange"):
            action.add_argument("id", nargs="+", metavar="ID")
        if name == "rename":
            action.add_argument("new", metavar="NEW")


def _add_care(verb: Verb) -> None:
    update = verb("update", "the daily job: announcements, add, digest, render, deliver", "kb update --out site")
    update.add_argument("--out", metavar="DIR", help="where pages go (default: digests/ in the home)")
    update.add_argument("--format", default=",".join(DAILY_FORMS), metavar="F,F", help=f"of {','.join(FORMS)}")
    update.add_argument("--date", type=_day, metavar="DAY", help="as if it were this day (default: today, US Eastern)")
    update.add_argument("--no-fulltext", action="store_true", help="keep to the records")
    update.add_argument("--for", dest="audience", choices=("self", "public"), default="self")
    _add_model(update)
    ledger = verb("ledger", "carry the memory of what was shown", "kb ledger export ledger.json")
    ledger.add_argument("action", choices=("export", "import"))
    ledger.add_argument("file", metavar="FILE")
    verb("status", "counts", "kb status")
    doctor = verb("doctor", "check catalog, indexes, files and settings", "kb doctor --fix")
    doctor.add_argument("--fix", action="store_true", help="cure what can be cured")
    doctor.add_argument("--model", action="store_true", help="also talk to the configured model")
    reindex = verb("reindex", "make the indexes again from the catalog", "kb reindex")
    reindex.add_argument("--encode", action="store_true", help="also make all vectors again")
    reindex.add_argument(
        "--parse", action="store_true", help="read the files again that another version read; index what is new"
    )
    recover = verb("recover", "copy what is whole of a damaged home into a new one", "kb recover papers-saved")
    recover.add_argument("to", metavar="TO", help="a folder that does not exist yet")
    evaluate = verb("eval", "measure retrieval on a BEIR folder", "kb eval retrieval scifact/")
    evaluate.add_argument("what", choices=("retrieval",))
    evaluate.add_argument("folder", metavar="DIR")
    evaluate.add_argument("--split", metavar="NAME", help="which queries, when there are several")
    evaluate.add_argument("--run", metavar="OUT", help="also write OUT/<mode>.run in TREC form")
    ui = verb("ui", "the app in the browser, on this machine only", "kb ui --port 8501")
    ui.add_argument("--port", type=_port, default=8501)
    ui.add_argument("--address", default="localhost", help="bind elsewhere only with sign-in or --behind-proxy")
    ui.add_argument("--behind-proxy", action="store_true", help="a proxy in front asks people to sign in")
    ui.add_argument(
        "--name", dest="names", action="append", default=[], metavar="HOST", help="a name that people reach it by"
    )
