"""Thirty days of six topics: what stands on the pages, read by a program that shares nothing with what makes them.

    python -m tests.benchmarks.daily_pages records.jsonl.gz --since 2026-03-01 --days 30 --keep PAGES
    python -m tests.benchmarks.daily_pages records.jsonl.gz --read PAGES

The records (fields of the shared data: id, title, authors, categories, comment, abstract, listed) that a topic asks for
by a matcher of its own, and as many decoys of the same days, are added to a new home; each topic's page of each day is
made, and then read: words, sentences that stand there more than once, openers, empty parts, LaTeX, what the limit cut,
and every fact against the records. ``--read`` reads pages that are there, such as those of another version; they lie as
``PAGES/<number of the topic>/<day>/``. ``--faults`` prints each fault.

The openers are the forms that were found on the first pages ("To address this", "However,", a "This" at the beginning):
a count of forms, no judgement of what they mean.
"""

from __future__ import annotations

import argparse
import gzip
import html as markup
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from lxml import html

FORMS = ("hexo", "html", "json", "rss")
Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A topic as the product is told it, and as the matcher here understands it."""

    name: str
    query: str
    asks: Callable[[Record], bool]
    language: str = "en"


def _has(pattern: str) -> Callable[[Record], bool]:
    return lambda one: bool(re.search(pattern, " ".join(one["abstract"].split()), re.IGNORECASE))


def _in(*categories: str) -> Callable[[Record], bool]:
    return lambda one: bool({*categories} & {*one["categories"]})


def _all(*tests: Callable[[Record], bool]) -> Callable[[Record], bool]:
    return lambda one: all(test(one) for test in tests)


ASKED = (
    Asked(
        name="Diffusion models", query="cat:cs.CV AND abs:diffusion", asks=_all(_in("cs.CV"), _has(r"\bdiffusion\b"))
    ),
    Asked(
        name="Language agents",
        query='abs:agent* AND abs:"language model*"',
        asks=_all(_has(r"\bagent"), _has(r"\blanguage[ -]models?\b")),
    ),
    Asked(
        name="检索 / RAG",
        query='(cat:cs.IR OR cat:cs.CL) AND abs:"retrieval-augmented"',
        asks=_all(_in("cs.IR", "cs.CL"), _has(r"\bretrieval[ -]augmented\b")),
        language="zh",
    ),
    Asked(name="Graph networks", query='abs:"graph neural network*"', asks=_has(r"\bgraph[ -]neural[ -]networks?\b")),
    Asked(
        name="Manipulation",
        query="cat:cs.RO AND abs:manipulation",
        asks=_all(_in("cs.RO"), _has(r"\bmanipulation\b")),
    ),
    Asked(name="Sound", query="cat:cs.SD OR cat:eess.AS", asks=_in("cs.SD", "eess.AS")),
)

_OPENER = re.compile(
    r"(?:to (?:address|tackle|solve|overcome|mitigate|bridge|fill|achieve|remedy|resolve)"
    r" (?:this|these|that|those|such)"
    r"|to this end|to that end|however|therefore|thus|hence|moreover|furthermore|in addition|additionally|besides"
    r"|consequently|as a result|in this (?:way|regard)|based on (?:this|these|that)|motivated by (?:this|these)"
    r"|this|these|it|they|such|second|third|finally|specifically)\b",
    re.IGNORECASE,
)
_PRONOUN_OF_ITSELF = re.compile(
    r"(?:in )?this (?:paper|work|article|study|survey|research|report|thesis|letter)\b", re.IGNORECASE
)
_COMMAND = re.compile(r"\\[a-zA-Z]+|\\[%&#_{}$]|``")
_FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$|\\\(.*?\\\)|\\\[.*?\\\]", re.DOTALL)
_EMPTY = re.compile(r"\bnot stated\b|文中未说明|未说明")


# ------------------------------------------------------------------------------------------------------ what is made


def read_records(path: Path, *, days: Sequence[date]) -> list[Record]:
    """The records that are first listed on one of the days."""
    wanted = {day.isoformat() for day in days}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [one for one in map(json.loads, lines) if min(one["listed"]) in wanted]


def make(records: Sequence[Record], days: Sequence[date], folder: Path, *, seed: int) -> None:
    """Pages of each topic and day."""
    from kb import Library, Settings
    from kb.records import Topic

    asked = [one for one in records if any(topic.asks(one) for topic in ASKED)]
    others = [one for one in records if not any(topic.asks(one) for topic in ASKED)]
    decoys = random.Random(seed).sample(others, min(len(others), len(asked) // 2))
    chosen = folder / "records.jsonl"
    chosen.write_text("".join(json.dumps(one) + "\n" for one in [*asked, *decoys]), encoding="utf-8")
    begin = time.perf_counter()
    with Library.open(Settings(home=folder / "home")) as library:
        library.add([str(chosen)], private=False)
        print(f"{len(asked)} records and {len(decoys)} decoys added in {time.perf_counter() - begin:.0f} s")
        begin = time.perf_counter()
        for number, topic in enumerate(ASKED):
            library.topics.add(Topic(name=topic.name, query=topic.query, language=topic.language))  # type: ignore[arg-type]
            for day in days:
                digest = library.digest(topic.name, day=day)
                library.pages.write(digest, FORMS, out=folder / str(number) / day.isoformat())
    print(f"{len(ASKED) * len(days)} pages in {time.perf_counter() - begin:.0f} s")


# ------------------------------------------------------------------------------------------------------ what is read


class Reader:
    """Counts over pages. A fault is (what, where, said, expected)."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = {one["id"]: one for one in records}
        self.counts: Counter[str] = Counter()
        self.compared: Counter[str] = Counter()
        self.faults: list[tuple[str, str, str, str]] = []
        self.words: list[int] = []
        self.ratios: list[float] = []
        self.hexo_words = 0

    def same(self, what: str, where: str, said: object, expected: object) -> None:
        """One comparison of a fact."""
        self.compared[what] += 1
        if said != expected:
            self.faults.append((what, where, str(said), str(expected)))

    def day(self, folder: Path, topic: Asked, day: date) -> None:
        """The page of one topic and day, in HTML, Hexo and as data."""
        pages = list(folder.glob("*.html"))
        if not pages:  # nothing was found
            self._named(html.fromstring("<p></p>"), "", topic, day, where=f"{topic.name} {day}")
            self.counts["days without a page"] += 1
            return
        (page,) = pages
        tree = html.fromstring(page.read_bytes())
        data = json.loads((folder / "digest.json").read_text(encoding="utf-8"))
        (hexo,) = [path for path in folder.glob("20*-*.md") if " " not in path.name and ".plain" not in path.name]
        post = hexo.read_text(encoding="utf-8").split("\n---\n", 1)[1]
        self.counts["pages"] += 1
        self.hexo_words += len(post.split()) if tree.findall(".//article") else 0
        self._named(tree, post, topic, day, where=f"{topic.name} {day}")
        self._sums(data, where=f"{topic.name} {day}")
        shown = tree.findall(".//article")
        self.same("entries on the page", f"{topic.name} {day}", len(shown), len(data["entries"]))
        for article, note in zip(shown, data["entries"], strict=False):
            self._entry(tree, article, day, language=topic.language)
            self._data(note, day)
        for piece in re.split(r"\n(?=## )", post)[1:]:
            self.counts["Hexo entries with LaTeX shown"] += bool(_COMMAND.search(_FORMULA.sub(" ", _written(piece))))

    def _named(self, tree: Any, post: str, topic: Asked, day: date, *, where: str) -> None:
        """What the matcher expects of the day: an entry, or a title with a link, on both pages."""
        entries = {_id_of(article) for article in tree.findall(".//article")}
        linked = {
            (match[1], _letters(_said(link)))
            for link in tree.iter("a")
            if (match := re.search(r"arxiv\.org/abs/([\w./-]+?)(?:v\d+)?$", link.get("href") or ""))
        }
        for one in self.records.values():
            if min(one["listed"]) != day.isoformat() or not topic.asks(one):
                continue
            self.counts["expected"] += 1
            if one["id"] in entries:
                self.counts["expected: an entry"] += 1
            elif (one["id"], _letters(one["title"])) in linked and f"arxiv.org/abs/{one['id']})" in post:
                self.counts["expected: named with title and link"] += 1
            else:
                self.counts["expected: not named"] += 1
                self.faults.append(("not named", where, "", f"{one['id']} {one['title']}"))

    def _sums(self, data: dict[str, Any], *, where: str) -> None:
        counts = data["counts"]
        self.same("counts", where, counts["found"], sum(count for name, count in counts.items() if name != "found"))
        shown = counts["new"] + counts["updated"] + counts["withdrawn"]
        self.same("counts", where, len(data["entries"]), shown)
        if "also_matched" in data:
            cut = len(data["also_matched"]) + len(data["skipped"])
            self.same("counts", where, cut, sum(counts[name] for name in ("filtered", "failed", "already_shown")))

    def _entry(self, tree: Any, article: Any, day: date, *, language: str) -> None:
        """One entry of the HTML page against its record, and as a text."""
        key = _id_of(article)
        record = self.records[key]
        lines = [
            _said(one)
            for one in tree.iterfind(".//nav//li")
            if any(link.get("href") == f"#{article.get('id')}" for link in one.iter("a"))
        ]
        self.counts["entries"] += 1
        text = " ".join([*lines, _said(article)])
        self._facts(article, record, day)
        abstract = " ".join(record["abstract"].split())
        self.words.append(len(text.split()))
        self.ratios.append(len(text.split()) / max(1, len(abstract.split())))
        self.counts["entries with LaTeX shown"] += bool(_COMMAND.search(_FORMULA.sub(" ", text)))
        self.counts["entries with LaTeX of any kind"] += bool(_COMMAND.search(text))
        self.counts["not stated of a text that was not read"] += len(_EMPTY.findall(_said(article)))
        self.counts["entries with not stated"] += bool(_EMPTY.search(_said(article)))
        standing, own = [_tail_count(text, one) for one in sentences(abstract)], _said(article)
        self.counts["sentences of abstracts"] += len(standing)
        self.counts["times they stand"] += sum(standing)
        self.counts["sentences that stand twice"] += sum(times == 2 for times in standing)
        self.counts["sentences that stand three times or more"] += sum(times > 2 for times in standing)
        within = [_tail_count(own, one) for one in sentences(abstract)]
        self.counts["entries with a sentence three times within the entry"] += any(times > 2 for times in within)
        if language == "en":
            self._openers(article)

    def _openers(self, article: Any) -> None:
        summary = [_said(one) for one in article.iterfind(".//p[@class='summary']")]
        takeaways = [_said(one) for one in article.iterfind("./ul/li")] + [
            _said(one) for one in article.iterfind("./div[@data-part='takeaways']//li")
        ]
        for name, some in (("summaries", summary), ("takeaways", takeaways)):
            self.counts[name] += len(some)
            for one in some:
                if _OPENER.match(one) and not _PRONOUN_OF_ITSELF.match(one):
                    self.counts[f"{name} with an opener"] += 1
                    self.faults.append((f"{name[:-1]} with an opener", _id_of(article), one[:60], ""))
        self.counts["entries without a summary"] += not any(summary)
        self.counts["entries without takeaways"] += not takeaways

    def _facts(self, article: Any, record: Record, day: date) -> None:
        key = record["id"]
        self.same("title", key, _letters(_said(article.find("./h2"))), _letters(record["title"]))
        names = [_plain(name) for name in record["authors"]]
        said = _plain(_said(article.find("./p[@class='authors']")))
        expected = ", ".join(names)
        if len(names) > 11 and said != expected:
            self.same("authors of long lists", key, said.startswith(", ".join(names[:10]) + ","), True)
            self.same("authors of long lists", key, said.endswith(names[-1]), True)
            self.same("authors of long lists", key, bool(re.search(rf"\b{len(names) - 11}\b", said)), True)
        else:
            self.same("authors in order", key, said, expected)
        links = {one.get("href") for one in article.iter("a") if "arxiv.org" in (one.get("href") or "")}
        for link in sorted(links):
            number = re.sub(r"^https?://arxiv\.org/(?:abs|pdf|html)/|\.pdf$", "", link)
            if link.startswith(("https://arxiv.org/abs/", "https://arxiv.org/pdf/", "https://arxiv.org/html/")):
                self.same("links and versions", key, number, key)
        self.same(
            "links and versions",
            key,
            f"https://arxiv.org/abs/{key}" in {one.replace("http:", "https:") for one in links},
            True,
        )
        told = _said(article.find("./p[@class='links']"))
        if told:  # pages of the first edition show neither
            self.same("date", key, re.findall(r"\b20\d\d-\d\d-\d\d\b", told)[:1], [day.isoformat()])
            known = set(re.findall(r"(?<![\w.])(?:[a-z]{2,}(?:-[a-z]+)*\.[A-Za-z-]{2,})(?![\w.])", told))
            self.same("first category", key, record["categories"][0] in told, True)
            self.same(
                "no other category",
                key,
                {one for one in known if re.match(r"(?:cs|eess|stat|math)\.[A-Z]{2}$", one)} <= {*record["categories"]},
                True,
            )
        if record["comment"]:
            comment = _letters(record["comment"])
            self.same("comment", key, comment in _letters(_said(article)), True)

    def _data(self, note: dict[str, Any], day: date) -> None:
        paper = note["paper"]
        key = paper["id"].removeprefix("arxiv:")
        record = self.records[key]
        for name in ("title", "abstract", "comment"):
            self.same(f"data: {name}", key, _flat(paper[name]), _flat(record[name]))
        self.same("data: authors", key, paper["authors"], [_flat(one) for one in record["authors"]])
        self.same("data: categories", key, paper["categories"], record["categories"])
        self.same("data: announced", key, day.isoformat() in paper["announced"], True)
        self.same("data: version", key, paper["version"], None)
        claims = [note["summary"], *note["takeaways"]]
        for evidence in (one for claim in claims if claim for one in claim["evidence"]):
            self.same("data: quotations", key, _plain(evidence["quote"]) in _plain(record["abstract"]), True)


def sentences(abstract: str) -> list[str]:
    """The sentences of an abstract: a mark of an end, a blank, a capital."""
    return re.split(r"(?<=[.!?])\s+(?=[A-Z])", abstract)


def _tail_count(text: str, sentence: str) -> int:
    """How often the last eight words of a sentence stand in a text: what an opener was cut off of counts as well."""
    tail = "".join(_letters(word) for word in sentence.split()[-8:])
    return _letters(text).count(tail) if len(tail) > 20 else 1


def _id_of(article: Any) -> str:
    return re.sub(r"^arxiv-", "", article.get("id")).replace("-", ".", 1)


def _said(element: Any) -> str:
    """What a reader sees of an element, without the numbers of evidence."""
    if element is None:
        return ""
    pieces = [piece for piece in element.itertext() if not re.fullmatch(r"\s*\[\d+\]\s*|\u2060", piece)]
    return " ".join("".join(pieces).replace("\u2060", "").split())


def _written(piece: str) -> str:
    """Markdown without addresses, tags and escapes of its own signs."""
    bare = re.sub(r"\]\([^)]*\)|<[^>]+>|https?://\S+", " ", markup.unescape(piece))
    return re.sub(r"\\([\\`*_{}\[\]()#+\-.!|<>~$&%])", r"\1", bare)


def _letters(text: str) -> str:
    """Letters and digits alone, of LaTeX without its commands: what a page may set otherwise is not compared."""
    return "".join(ch for ch in re.sub(r"\\[a-zA-Z]+", "", text).casefold() if ch.isalnum())


def _plain(text: str) -> str:
    return " ".join(text.split())


def _flat(text: str | None) -> str | None:
    return " ".join(text.split()) if text else None


# -------------------------------------------------------------------------------------------------------- the figures


def told(reader: Reader) -> Iterator[str]:
    """The figures, a line each."""
    counts, entries = reader.counts, max(1, reader.counts["entries"])
    yield f"pages {counts['pages']}, days without one {counts['days without a page']}, entries {counts['entries']}"
    yield f"words an entry (HTML, median) {median(reader.words):.0f}, of the abstract {median(reader.ratios):.2f} times"
    yield f"words an entry (Hexo, whole page) {reader.hexo_words / entries:.0f}"
    yield f"a sentence of the abstract stands {counts['times they stand'] / counts['sentences of abstracts']:.2f} times"
    for name in (
        "sentences that stand twice", "sentences that stand three times or more",
    ):  # fmt: skip
        yield f"{name}: {counts[name]} ({counts[name] / entries:.2f} an entry)"
    for name in ("summaries", "takeaways"):
        part = counts[f"{name} with an opener"]
        yield f"{name} with an opener: {part} of {counts[name]} ({100 * part / max(1, counts[name]):.1f} %)"
    for name in (
        "entries with a sentence three times within the entry", "entries without a summary",
        "entries without takeaways", "not stated of a text that was not read", "entries with not stated",
        "entries with LaTeX shown", "entries with LaTeX of any kind", "Hexo entries with LaTeX shown", "expected",
        "expected: an entry", "expected: named with title and link", "expected: not named",
    ):  # fmt: skip
        yield f"{name}: {counts[name]}"
    wrong = Counter(fault[0] for fault in reader.faults)
    yield f"facts compared {sum(reader.compared.values())}, faults {sum(wrong[name] for name in reader.compared)}"
    for name, times in sorted(reader.compared.items()):
        yield f"  {name:<28}{times:>8}{wrong[name]:>6}"


def main() -> None:
    """Make, read, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path)
    parser.add_argument("--since", type=date.fromisoformat, default=date(2026, 3, 1))
    parser.add_argument("--days", type=int, default=30, help="days of the calendar")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a new folder for the home and the pages")
    parser.add_argument("--read", type=Path, help="read the pages of this folder and make none")
    parser.add_argument("--faults", action="store_true", help="print each fault")
    options = parser.parse_args()
    days = [options.since + timedelta(days=number) for number in range(options.days)]
    records = read_records(options.records, days=days)
    with tempfile.TemporaryDirectory() as scratch:
        folder: Path = options.read or options.keep or Path(scratch)
        if not options.read:
            folder.mkdir(parents=True, exist_ok=True)
            make(records, days, folder, seed=options.seed)
        reader = Reader(records)
        for number, topic in enumerate(ASKED):
            for day in days:
                if (folder / str(number) / day.isoformat() / "digest.json").is_file():
                    reader.day(folder / str(number) / day.isoformat(), topic, day)
    print(*told(reader), sep="\n")
    if options.faults:
        print(*reader.faults, sep="\n", file=sys.stderr)


if __name__ == "__main__":
    main()
