"""Pages of the old kind with planted faults: what ``kb verify`` finds, what it calls a fault and is none.

    python -m tests.benchmarks.old_pages RECORDS.jsonl.gz --pages 10 --seed 1 [--page PAGE.md --records RECORDS.jsonl]

Pages are written as those of the seed are: header, abstract, source line, and a note in Chinese whose fields stand in
one of several shapes. Papers are drawn from RECORDS; no full text is stored. In each entry some values are true and in
a form that a check may stumble over (a comma before the last "and", a Chinese name in brackets behind the Latin one, an
affiliation, a method's name and a number that the full text alone would have); then faults are planted, each noted with
its entry and kind. Found is a planted fault that is told of its entry under its kind; a false alarm is a
fault that was not planted. With ``--page`` the page itself is verified, too, and its faults counted by kind.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kb import Library, Settings

KINDS = ("author", "id", "version", "link", "placeholder", "title", "abstract", "date")
INVENTED = ("Lingjie Liu", "Shuyang Gu", "Wei Zhang", "Jane Q. Doe")
MOST_AUTHORS = 8


@dataclass(kw_only=True)
class Planted:
    """A page, and what is wrong on it: (entry, kind)."""

    text: str
    faults: list[tuple[str, str]] = field(default_factory=list)


def drawn(path: Path, count: int, *, draw: random.Random) -> list[dict[str, Any]]:
    """Records with a comment or not, with few enough authors, of one day."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        records = [{"version": 1, **json.loads(line)} for line in file]
    fit = [one for one in records if 1 < len(one["authors"]) <= MOST_AUTHORS and one.get("listed") and _plain(one)]
    day = draw.choice(sorted({max(one["listed"]) for one in fit}))
    of_day = [one for one in fit if max(one["listed"]) == day]
    return draw.sample(of_day, min(count, len(of_day)))


def _plain(record: dict[str, Any]) -> bool:
    return not any(sign in record["title"] + record["abstract"] + (record.get("comment") or "") for sign in "<>`*\n")


def page_of(records: Sequence[dict[str, Any]], *, draw: random.Random) -> Planted:
    """A page over some records."""
    day = max(records[0]["listed"])
    made = Planted(text="")
    entries = [entry_of(record, made, draw=draw) for record in records]
    told = day
    if draw.random() < 0.2:
        told = f"{day[:8]}{(int(day[8:]) % 27) + 1:02d}"
        made.faults.append(("page", "date"))
    head = f"---\ntitle: T\ndate: {told} 21:30:23\ncategories: Paper\n---\n\n# {told} 更新\n\n\n"
    made.text = head + "\n\n\n".join(entries) + "\n"
    return made


def entry_of(record: dict[str, Any], made: Planted, *, draw: random.Random) -> str:
    """One paper's part, with up to three faults."""
    entry = f"arxiv:{record['id']}"
    wrong = set(draw.sample(KINDS[:-1], draw.choice((0, 1, 1, 2, 3))))
    if "id" in wrong:  # both would stand in the same place
        wrong.discard("link")
    authors = list(record["authors"])
    title, abstract, noted = record["title"], record["abstract"], authors_noted(authors, draw=draw)
    paper, shown = f"https://arxiv.org/abs/{record['id']}", record["version"]
    method = "（1）：" + draw.choice(("该方法提出 ZetaNet-9 模型，并在 Fubar-77K 数据集上验证。", "方法分为三个阶段。"))
    if "author" in wrong:
        at = draw.randrange(len(authors))
        noted = ", ".join([*authors[:at], draw.choice(INVENTED), *authors[at + 1 :]])
    if "id" in wrong:
        paper = f"https://arxiv.org/abs/{record['id'][:-1]}{(int(record['id'][-1]) + 3) % 10}"
    if "version" in wrong:
        shown += 4
    if "link" in wrong:
        paper = draw.choice(("None", "N/A", "无"))
    if "placeholder" in wrong:
        method = draw.choice(("<Methods>: xxx", "（1）：待补充", "（1）：xxxx"))
    if "title" in wrong:
        title = f"{title.rsplit(' ', 1)[0]} Elsewhere"
    if "abstract" in wrong:
        abstract = abstract.replace(abstract.split()[5], "purple", 1)
    made.faults += [(entry, kind) for kind in sorted(wrong)]
    comment = f" {record['comment']}" if record.get("comment") else ""
    unit = draw.choice(("清华大学", "Department of Computing, Fictional University", "麻省理工学院"))
    return "\n".join(
        [
            f"## {title}", "", f"**Authors:{', '.join(authors)}**", "", abstract, "",
            f"[PDF](http://arxiv.org/abs/{record['id']}v{shown}){comment}", "", "**Summary**",
            "该文提出一种新方法。", "",
            "**Key Takeaways**", f"- 该方法在测试集上提升 {draw.randint(11, 89)}.{draw.randint(1, 9)}%。", "",
            "**[ChatPaperFree](https://huggingface.co/spaces/Kedreamix/ChatPaperFree)**", "", "<ol>",
            "<li>标题：一种新方法</li>", f"<li>作者：{noted}</li>", f"<li>第一作者单位：{unit}</li>",
            "<li>关键词：新方法</li>", f"<li>论文链接：{paper}</li>", "<li>摘要：", "（1）研究背景：如上。</li>",
            "</ol>", f"<p>{method}</p>",
        ]
    )  # fmt: skip


def authors_noted(authors: Sequence[str], *, draw: random.Random) -> str:
    """A right list of authors in one of the forms that such notes have."""
    shape = draw.randrange(5)
    if shape == 0:
        return f"{', '.join(authors[:-1])}, and {authors[-1]}"
    if shape == 1:
        return "、".join(authors)
    if shape == 2:
        return ", ".join([f"{authors[0]}（王伟）", *authors[1:]])
    if shape == 3:
        return f"{', '.join(authors[:-1])} and {authors[-1]}"
    return ", ".join(authors)


def told_of(library: Library, path: Path) -> tuple[list[tuple[str, str]], int]:
    """(entry, kind) of each fault, and how many values are said to be beyond checking."""
    found = library.pages.verify(path)
    faults = found[0] if isinstance(found, tuple) else found.faults
    unchecked = 0 if isinstance(found, tuple) else len(found.unchecked)
    return [(fault.entry, fault.field) for fault in faults], unchecked


def main(arguments: Sequence[str]) -> int:
    """Print what was found of what was planted, and the false alarms by kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("drawn_from", type=Path)
    parser.add_argument("--pages", type=int, default=10)
    parser.add_argument("--entries", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--records", type=Path)
    options = parser.parse_args(arguments)
    draw = random.Random(options.seed)
    planted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    alarms: Counter[str] = Counter()
    beyond = 0
    with tempfile.TemporaryDirectory() as name, Library.open(Settings(home=Path(name) / "home")) as library:
        pages = [drawn(options.drawn_from, options.entries, draw=draw) for _ in range(options.pages)]
        lines = {record["id"]: json.dumps(record) for page in pages for record in page}
        (Path(name) / "records.jsonl").write_text("\n".join(lines.values()), encoding="utf-8")
        library.add([str(Path(name) / "records.jsonl"), *([str(options.records)] if options.records else [])])
        for number, page in enumerate(pages):
            made = page_of(page, draw=draw)
            path = Path(name) / f"page-{number}.md"
            path.write_text(made.text, encoding="utf-8")
            told, unchecked = told_of(library, path)
            beyond += unchecked
            planted.update(kind for _, kind in made.faults)
            found.update(kind for entry, kind in made.faults if _is_told(entry, kind, told))
            for entry, kind in told:
                if (entry, kind) not in made.faults and not _is_of_text(entry, kind, made.faults):
                    alarms[kind] += 1
                    print(f"alarm: {path.name} {entry} {kind}", file=sys.stderr)
        if options.page:
            told, unchecked = told_of(library, options.page)
            print(f"{options.page.name}: {dict(Counter(kind for _, kind in told))}, beyond checking {unchecked}")
    print("| planted | of | found |\n|---|---|---|")
    for kind in KINDS:
        print(f"| {kind} | {planted[kind]} | {found[kind]} |")
    print(f"| all | {planted.total()} | {found.total()} |")
    print(f"\n{alarms.total()} false alarms: {dict(alarms)}; {beyond} values are said to be beyond checking")
    return 0


_IN_TEXTS = ("number", "link", "text")
"""What a fault in a title or an abstract may be called where the differing piece is such a thing."""


def _is_told(entry: str, kind: str, told: Sequence[tuple[str, str]]) -> bool:
    kinds = (kind, *_IN_TEXTS) if kind in ("title", "abstract") else (kind,)
    return any((entry, one) in told for one in kinds)


def _is_of_text(entry: str, kind: str, planted: Sequence[tuple[str, str]]) -> bool:
    return kind in _IN_TEXTS and any((entry, one) in planted for one in ("title", "abstract"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
