"""Names as queries: whether a search for an author, however she is spelled, has one of her papers in the first three.

    python -m tests.benchmarks.names RECORDS.jsonl[.gz] [--papers 5000] [--authors 50] [--mode hybrid]

Authors are drawn at random from those of the stored records (a fixed seed); each is searched for in eight spellings.
A hit is right when one of its authors is printed as the one that was drawn, and fits when one could be spelled so
("F. Last" is also her namesakes'). The library is made anew unless ``--home`` keeps one. Run it with ``PYTHONPATH``
set to another version of the product to compare.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import tempfile
import time
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

from kb import Library, Settings

_FIRST = 3
_PLAIN = {"ä": "ae", "ö": "oe", "ü": "ue", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
          "ı": "i", "đ": "d", "Đ": "D", "æ": "ae"}  # fmt: skip


def _parts(name: str) -> tuple[list[str], str]:
    """Given words and the family: the last word, with those in small letters before it."""
    words = name.split()
    start = len(words) - 1
    while start > 1 and words[start - 1].islower():
        start -= 1
    return words[:start], " ".join(words[start:])


def _initials(given: Sequence[str]) -> str:
    return " ".join("-".join(f"{part[0]}." for part in word.split("-") if part) for word in given)


def _plain(name: str) -> str:
    """Umlauts spelled out, other accents and strokes left out."""
    spelled = "".join(_PLAIN.get(character, character) for character in name)
    return "".join(c for c in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(c))


def _rejoined(name: str) -> str:
    """Given names joined where they are parted by a hyphen, parted where there are two, hyphenated else."""
    given, family = _parts(name)
    if any("-" in word for word in given):
        return " ".join([*(word.replace("-", "").capitalize() for word in given), family])
    return " ".join(["-".join(given), family])


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as printed": lambda name: name,
    "Last, First": lambda name: f"{_parts(name)[1]}, {' '.join(_parts(name)[0])}",
    "F. Last": lambda name: f"{_initials(_parts(name)[0])} {_parts(name)[1]}",
    "without accents": _plain,
    "small letters": str.lower,
    "given rejoined": _rejoined,
    "Last F": lambda name: f"{_parts(name)[1]} {_parts(name)[0][0][0]}",
    "Last First": lambda name: f"{_parts(name)[1]} {' '.join(_parts(name)[0])}",
}


def main() -> None:
    """Make a library of the first records, search, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("records", type=Path)
    parser.add_argument("--papers", type=int, default=5_000)
    parser.add_argument("--authors", type=int, default=50)
    parser.add_argument("--mode", choices=("hybrid", "lexical", "dense"), action="append")
    parser.add_argument("--home", type=Path, help="keep the library here; one that is there is used")
    options = parser.parse_args()
    opened = gzip.open if options.records.suffix == ".gz" else open
    with opened(options.records, "rt", encoding="utf-8") as lines:
        stored = [json.loads(line) for line, _ in zip(lines, range(options.papers), strict=False)]
    names = sorted({author for record in stored for author in record["authors"] if len(author.split()) > 1})
    drawn = random.Random(11).sample(names, options.authors)
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or Path(folder, "home")
        fresh = not home.exists()
        library = Library(Settings(home=home))
        if fresh:
            some = Path(folder, "records.jsonl")
            some.write_text("".join(json.dumps(record) + "\n" for record in stored), encoding="utf-8")
            library.add(str(some))
        for mode in options.mode or ["hybrid", "lexical"]:
            _report(library, drawn, mode)


def _report(library: Library, drawn: Sequence[str], mode: str) -> None:
    print(f"{mode}: {len(drawn)} authors, right (and fitting) among the first {_FIRST}")
    times: list[float] = []
    counts: list[tuple[int, int]] = []
    for label, spelled in SPELLINGS.items():
        right = fitting = 0
        for name in drawn:
            start = time.perf_counter()
            hits = library.search(spelled(name), k=_FIRST, mode=mode, by="paper")  # type: ignore[arg-type]
            times.append(time.perf_counter() - start)
            authors = {author for hit in hits for author in hit.paper.authors if len(author.split()) > 1}
            right += name in authors
            fitting += any(spelled(author).casefold() == spelled(name).casefold() for author in authors)
        counts.append((right, fitting))
        print(f"  {label:16} {right / len(drawn):6.0%} ({fitting / len(drawn):.0%})")
    right, fitting = (sum(column) / len(drawn) / len(SPELLINGS) for column in zip(*counts, strict=True))
    middle = sorted(times)[len(times) // 2]
    print(f"  {'all':16} {right:6.0%} ({fitting:.0%})  {1000 * middle:.1f} ms a search (median)")


if __name__ == "__main__":
    main()
