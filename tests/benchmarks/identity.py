"""How well records are told apart and put together, on real records: ``python -m tests.benchmarks.identity DATA``.

DATA holds ``arxiv/records.jsonl.gz``. Three questions:

- pairs of unlike papers that are made to bear one DOI: how many are joined (none should be)? Once with their arXiv
  ids, and once without them, as two entries of a bibliography would stand there;
- a preprint and the published form of it, as bibliographies spell names (``Last, First``, initials, accents lost, the
  title in capitals): how many are joined (all should be)?
- which papers of the set are there twice, and what becomes of them?
"""

from __future__ import annotations

import gzip
import json
import random
import sys
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Any

from kb.index.catalog.identity import Cluster, cluster
from kb.index.catalog.matching import Known, record_id
from kb.records import Metadata, SourceName, SourceRecord

PAIRS = 500


def known(source: SourceName, record: dict[str, Any], *, ids: tuple[str, ...], **changed: Any) -> Known:
    """A record of the set as a source would state it."""
    title = changed.get("title", record["title"])
    authors = tuple(changed.get("authors", record["authors"]))
    said = Metadata(source=source, ids=ids, title=title, authors=authors)
    fields = (("id", record["id"]), ("title", title), ("authors", "; ".join(authors)), ("ids", " ".join(ids)))
    made = SourceRecord(source=source, key=record["id"], fields=fields, metadata=said)
    return Known(record_id(made), made)


def is_one(*records: Known) -> bool:
    """Whether all the records are of one paper."""
    return len(cluster(records)[0]) == 1


def spelled(names: list[str], how: int) -> list[str]:
    """The names as another source prints them."""
    if how == 0:
        return names
    if how == 1:
        return [f"{name.split()[-1]}, {' '.join(name.split()[:-1])}" if " " in name else name for name in names]
    if how == 2:
        return [" ".join([*(f"{word[0]}." for word in name.split()[:-1]), name.split()[-1]]) for name in names]
    bare = (unicodedata.normalize("NFKD", name) for name in names)
    return ["".join(sign for sign in name if not unicodedata.combining(sign)).upper() for name in bare]


def main(folder: Path) -> None:
    """Print the three answers."""
    with gzip.open(folder / "arxiv" / "records.jsonl.gz", "rt", encoding="utf-8") as lines:
        latest: dict[str, dict[str, Any]] = {}
        for line in lines:
            record = json.loads(line)
            latest[record["id"]] = record
    records = sorted(latest.values(), key=lambda record: str(record["id"]))
    draw = random.Random(11)
    print(f"{len(records):,} records")

    doi = ("doi:10.1234/forced",)
    with_ids = without = 0
    for _ in range(PAIRS):
        one, other = draw.sample(records, 2)
        with_ids += is_one(*(known("arxiv", r, ids=(f"arxiv:{r['id']}", *doi)) for r in (one, other)))
        without += is_one(*(known("bibtex", r, ids=doi) for r in (one, other)))
    print(f"one DOI forced on {PAIRS} random pairs: joined {with_ids} with arXiv ids, {without} without")

    for how, name in enumerate(("as printed", "Last, First", "initials", "capitals without accents")):
        joined = 0
        for record in draw.sample(records, PAIRS):
            preprint = known("arxiv", record, ids=(f"arxiv:{record['id']}",))
            title = record["title"].upper() if how == 3 else record["title"]
            authors = spelled(record["authors"], how)
            published = known("bibtex", record, ids=(f"doi:10.1234/{record['id']}",), title=title, authors=authors)
            joined += is_one(preprint, published)
        print(f"preprint and published form, names {name}: {joined} of {PAIRS} joined")

    blocks: dict[str, list[Known]] = defaultdict(list)
    for record in records:
        one = known("arxiv", record, ids=(f"arxiv:{record['id']}",))
        if one.title_key:
            blocks[one.title_key].append(one)
    twice = {key: block for key, block in blocks.items() if len(block) > 1}
    clusters: list[Cluster] = []
    doubts = 0
    for block in twice.values():
        found, open_doubts = cluster(block)
        clusters += found
        doubts += len(open_doubts)
    print(f"titles that stand on several records: {len(twice)}, on {sum(map(len, twice.values()))} records")
    print(f"of these joined: {sum(len(one.records) - 1 for one in clusters)}, reported as doubtful: {doubts}")
    for block in list(twice.values())[:12]:
        print(f"  {' | '.join(known.record.key for known in block)}: {block[0].said.title}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
