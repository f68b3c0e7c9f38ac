"""Trains the chain over the lines of first pages (``kb/parsing/data/front_lines.npz``), scores what kb reads of them.

    python -m tests.benchmarks.front_pages DATA PAGES                        # sets the pages; once
    python -m tests.benchmarks.front_lines_train PAGES --write               # trains on all classes but those held back
    python -m tests.benchmarks.front_lines_train PAGES --score held          # what kb reads: a row a class, then sums
    python -m tests.benchmarks.front_lines_train PAGES --leave-out k F W     # trains without features of these kinds

A line's label is found by its letters: of what the page was set from, the one that most of them belong to. Pages that
``front_pages.HELD_BACK`` names are never trained on, nor are the last fifth of those in styles of our own.
"""

from __future__ import annotations

import argparse
import json
import pickle
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from kb.parsing.document import read_pdf
from kb.parsing.first_page import LINE_KINDS, line_features
from kb.parsing.layout import BodyStyle, LineKind, PageLayout, Placed
from kb.parsing.references import Chain
from tests.benchmarks.crf_train import Row, train
from tests.benchmarks.front_classes import HELD_BACK
from tests.benchmarks.parsing_measures import abstract, affiliations, authors, letters, title, venue

BUCKETS = 1 << 14
WEIGHTS = Path(__file__).parents[2] / "kb/parsing/data/front_lines.npz"


def pages_of(folder: Path, part: str) -> Iterator[tuple[str, Path]]:
    """(class, PDF) of the pages to train on, or of those that are held back."""
    for path in sorted(folder.glob("*.pdf")):
        name, number, _ = path.name.rsplit(".", 2)
        held = name in HELD_BACK or (name == "own" and int(number) % 5 == 4)
        if (part == "held") == held:
            yield name, path


# ------------------------------------------------------------------------------------------------ labels


def labels_of(lines: Sequence[Placed], said: dict[str, Any]) -> list[LineKind]:
    """What each line is, by the letters that it shares with what was set."""
    names = [letters(f"{p['given']} {p['family']}") for p in said["people"]]
    parts = {letters(piece) for place in said["places"] for part in place for piece in part.split(", ")}
    parts |= {letters(part) for place in said["places"] for part in place}
    whole = [letters("".join(place)) for place in said["places"]]
    mails = [letters(p["mail"]) for p in said["people"]]
    heading, summary = letters(said["title"]), letters(said["abstract"])
    printed, year = letters(said["printed"].get("venue", "")), said["printed"].get("year", "")
    found: list[LineKind] = []
    rest_of_title = heading
    seen_abstract = below_cite = False
    for placed in lines:
        text = placed.line.without_raised().strip() or placed.line.text
        own = letters(text)
        kind: LineKind = "other"
        below_cite = below_cite or "Reference Format" in text
        if not own or " et al" in text:
            kind = "other"
        elif rest_of_title and len(own) > 1 and own in rest_of_title and rest_of_title.find(own) < 3:
            kind, rest_of_title = "title", rest_of_title[rest_of_title.find(own) + len(own) :]
        elif (own in summary and len(own) > 12) or (
            summary and own.startswith(("abstract", "summary")) and (summary.startswith(own[8:][:30]) or len(own) < 9)
        ):
            kind = "abstract"
        else:
            kind = _by_share(text, names=names, parts=parts, whole=whole, mails=mails)
        if kind == "other" and own:
            share = max((len(own) if own in printed else len(printed) if printed in own else 0), 0) if printed else 0
            if share >= min(0.5 * len(printed), 12) and share > 3:
                kind = "imprint"
            elif year and year in text and placed.role in ("furniture", "front", "footnote", "body") and len(own) < 160:
                dated = re.search(r"[©|]|\(c\)|Copyright|Publish|Vol|[Mm]anuscript|[A-Z]\w+ \d{1,2}", text)
                kind = "imprint" if dated and own not in letters(" ".join(said.get("text", []))) else "other"
        if (seen_abstract and below_cite and kind in ("author", "place", "both")) or (
            placed.role == "furniture" and kind in ("author", "place", "both", "title")
        ):
            kind = "other"  # how to cite the paper, running heads
        seen_abstract = seen_abstract or kind == "abstract"
        found.append(kind)
    return found


def _by_share(text: str, *, names: list[str], parts: set[str], whole: list[str], mails: list[str]) -> LineKind:
    own = letters(re.sub(r"\b(?:PhD|M\.D\.|Member|IEEE|Fellow|By|by)\b", "", text))
    left, of_names, of_places, of_mails = own, 0, 0, 0
    for mail in mails:
        if mail and mail in left:
            of_mails += len(mail)
            left = left.replace(mail, "|", 1)
    if "@" in text:
        for word in text.split():
            if "@" in word and letters(word) in left:
                of_mails += len(letters(word))
                left = left.replace(letters(word), "|", 1)
    for name in sorted(names, key=len, reverse=True):
        if name in left:
            of_names += len(name)
            left = left.replace(name, "|", 1)
    if len(own) > 5 and any(own in place for place in whole):
        of_places = len(own) - of_names
    else:
        for part in sorted(parts, key=len, reverse=True):
            if len(part) > 2 and part in left:
                of_places += len(part)
                left = left.replace(part, "|", 1)
        if not of_places:  # a part that the line's end broke
            head = next((n for n in range(len(left), 7, -1) if any(left[:n] in place for place in whole)), 0)
            tail = next((n for n in range(len(left), 7, -1) if any(left[-n:] in place for place in whole)), 0)
            of_places = max(head, tail)
    # A name that the line's end broke.
    of_names += max((n for n in range(3, len(left)) if any(name.startswith(left[-n:]) for name in names)), default=0)
    of_names += max((n for n in range(3, len(left)) if any(name.endswith(left[:n]) for name in names)), default=0)
    if not of_names and len(own) > 2 and any(name.startswith(own) or name.endswith(own) for name in names):
        of_names = len(own)
    total = max(1, len(own))
    if of_names + of_places + of_mails < 0.45 * total:
        return "other"
    if of_names > 0.15 * total and of_places > 0.2 * total:
        return "both"
    return max((("author", of_names), ("place", of_places), ("mail", of_mails)), key=lambda one: one[1])[0]  # type: ignore[return-value]


# ------------------------------------------------------------------------------------------------ training


class _SeenError(Exception):
    """Carries the first page as the chain comes to see it."""


def first_page(data: bytes) -> tuple[PageLayout, BodyStyle]:
    """The first page at the moment when its lines are judged, and how running text is set."""

    def stop(page: PageLayout, *, body: BodyStyle) -> None:
        raise _SeenError(page, body)

    with patch("kb.parsing.frontmatter.line_kinds", stop):
        try:
            read_pdf(data, max_pages=2)
        except _SeenError as seen:
            page, body = seen.args
            return page, body
    raise ValueError("no line was judged: set the pages again")


def rows_of(folder: Path, part: str, *, keep: Path | None) -> list[tuple[str, Row]]:
    """(class, lines with features and labels) of each page; first pages are kept, since reading them takes long."""
    kept: dict[str, tuple[PageLayout, BodyStyle]] = {}
    if keep and keep.exists():
        kept = pickle.loads(keep.read_bytes())
    found = []
    for name, path in pages_of(folder, part):
        said = json.loads(path.with_suffix(".json").read_text("utf-8"))
        key = f"{path.name} {path.stat().st_mtime_ns}"
        if key not in kept:
            kept[key] = first_page(path.read_bytes())
        lines, features = line_features(kept[key][0], body=kept[key][1])
        found.append((name, Row(features=features, labels=labels_of(lines, said))))
    if keep:
        keep.write_bytes(pickle.dumps(kept))
    return found


def unlearned(rows: Sequence[tuple[str, Row]], *, folder: Path) -> set[str]:
    """Words that are not to be learned: of names, titles, places; and what fewer than three classes print."""
    matter: set[str] = set()
    for path in folder.glob("*.json"):
        said = json.loads(path.read_text("utf-8"))
        text = " ".join([said["title"], *(f"{p['given']} {p['family']}" for p in said["people"]),
                         *(part for place in said["places"] for part in place), said["venue"]])  # fmt: skip
        matter |= {word.strip(".,:;()").casefold() for word in text.split()}
    of_classes: dict[str, set[str]] = {}
    for at, (name, row) in enumerate(rows):
        for features in row.features:
            for one in features:
                if one[0] in "WF":
                    of_classes.setdefault(one, set()).add(f"own{at % 40}" if name == "own" else name)
    return {one for one, classes in of_classes.items() if one[1:] in matter or len(classes) < 3}


def without(rows: Sequence[tuple[str, Row]], dropped: set[str], kinds: Sequence[str]) -> list[Row]:
    """Rows without some features, and without those of some kinds."""
    return [
        Row(features=[[o for o in line if o not in dropped and not o.lstrip("^v+-").startswith(tuple(kinds) or ("\0",))]
                      for line in row.features], labels=row.labels)
        for _, row in rows
    ]  # fmt: skip


def score_lines(rows: Sequence[Row], weights: dict[str, np.ndarray]) -> None:
    """F1 of each kind over the lines of pages held back."""
    chain = Chain(weights, labels=LINE_KINDS)
    right: Counter[str] = Counter()
    found: Counter[str] = Counter()
    typed: Counter[str] = Counter()
    for row in rows:
        for ours, theirs in zip(chain.labelled(row.features), row.labels, strict=True):
            found[ours] += 1
            typed[theirs] += 1
            right[ours] += ours == theirs
    print({kind: f"{200 * right[kind] / max(1, found[kind] + typed[kind]):.1f}" for kind in LINE_KINDS})


# ------------------------------------------------------------------------------------------------ scores


def scores_of(folder: Path, part: str, *, faults: bool) -> dict[str, dict[str, tuple[float, float]]]:
    """What kb reads of the pages: of each class, the measures of ``parsing_measures``."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for name, path in pages_of(folder, part):
        said = json.loads(path.with_suffix(".json").read_text("utf-8"))
        front = read_pdf(path.read_bytes(), max_pages=12).front
        reading = {
            "title": front.title or "",
            "authors": list(front.authors or ()),
            "abstract": front.abstract or "",
            "venue": front.venue or "",
            "affiliations": [[a, one.text] for one in front.affiliations or () for a in one.authors],
        }
        names = [f"{p['given']} {p['family']}".strip() for p in said["people"]]
        truth = {"title": said["title"], "authors": names, "abstract_start": said["abstract"][:60],
                 "abstract_end": said["abstract"][-60:], "venue": said["printed"].get("venue", ""),
                 "affiliations": [{"author": n, "affiliations": [", ".join(said["places"][k]) for k in p["places"]]}
                                  for n, p in zip(names, said["people"], strict=True)]}  # fmt: skip
        points = [*title(truth, reading), *authors(truth, reading), *affiliations(truth, reading),
                  *abstract(truth, reading), *venue(truth, reading)]  # fmt: skip
        sums = found.setdefault(name, {})
        for point in points:
            short = point.name.split(",")[0] if "abstract" not in point.name else point.name
            reached, of = sums.get(short, (0.0, 0.0))
            sums[short] = reached + point.reached, of + point.of
            if faults and point.fault and name not in HELD_BACK:
                print(f"{path.stem} · {point.name} · {point.fault[:300]}")
        if year := said["printed"].get("year"):
            reached, of = sums.get("year", (0.0, 0.0))
            told = str(front.published.year) if front.published else ""
            sums["year"] = reached + (told == year), of + 1
            if faults and told != year and name not in HELD_BACK:
                print(f"{path.stem} · year · {told!r}, not {year!r}")
    return found


def print_scores(found: dict[str, dict[str, tuple[float, float]]]) -> None:
    """A row a class, and sums over the classes and over our own styles."""
    keys = ["title", "authors", "affiliations", "abstract, start", "abstract, end", "venue", "year"]
    print(f"| class | {' | '.join(keys)} |\n|{' --- |' * (1 + len(keys))}")
    sums: dict[str, dict[str, tuple[float, float]]] = {"classes": {}, "own": {}}
    for name, said in found.items():
        total = sums["own" if name == "own" else "classes"]
        for key, (reached, of) in said.items():
            total[key] = total.get(key, (0.0, 0.0))[0] + reached, total.get(key, (0.0, 0.0))[1] + of
    for name, said in [*((n, s) for n, s in found.items() if n != "own"), *sums.items()]:
        cells = [
            f"{100 * said[key][0] / said[key][1]:.0f} ({said[key][1]:.0f})" if said.get(key, (0, 0))[1] else "–"
            for key in keys
        ]
        print(f"| {name} | {' | '.join(cells)} |")


def main() -> None:
    """Train, or score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--score", choices=["held", "train"])
    parser.add_argument("--faults", action="store_true", help="name what was read wrong of classes to train on")
    parser.add_argument("--leave-out", nargs="+", default=[], help="train without features that begin like this")
    parser.add_argument("--keep", type=Path, help="a file for first pages as they were read")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    if asked.score:
        print_scores(scores_of(asked.pages, asked.score, faults=asked.faults))
        return
    rows = rows_of(asked.pages, "train", keep=asked.keep)
    dropped = unlearned(rows, folder=asked.pages)
    print(f"{len(rows)} pages", Counter(label for _, row in rows for label in row.labels), flush=True)
    weights = train(without(rows, dropped, asked.leave_out), labels=LINE_KINDS, buckets=BUCKETS, epochs=asked.epochs)
    score_lines(without(rows_of(asked.pages, "held", keep=asked.keep), set(), asked.leave_out), weights)
    if asked.write:
        np.savez_compressed(WEIGHTS, **weights)  # type: ignore[arg-type]
        print(f"{WEIGHTS}: {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
