"""Hostile names through every verb that writes: ``python -m tests.campaigns.names [EXAMPLES] [SEED]``.

Keys, ids, topics, sessions, uploads, attachments, figures and folders are named so that they would lead out of their
places. Around the home and the folders that pages go to lie files of somebody else: whatever a verb makes of a name,
these are the same afterwards, no page holds what is in them, and what goes wrong is an error of ours.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from kb import Library, Settings, wire
from kb.errors import KbError
from kb.library.digesting import Digests, write_feed
from kb.records import FORMS, Topic
from tests.fakes import WordEncoder, WordReader

DAY = date(2024, 3, 4)
SECRET = b"\x89PNG\r\n\x1a\n the owner's own words, which nobody asked for"
PICTURE = b"\x89PNG\r\n\x1a\n a figure"
KEY = hashlib.sha256(PICTURE).hexdigest() + ".png"
MOST_PARTS = 5
PARTS = (
    "..", "../", "../../", "../../../", "/", "//", "\\", "..\\", "~", "~/", ".", "", " ", "a", "paper.pdf", "x.png",
    "owner.png", "owner.pdf", "../owner.png", "../owner/owner.pdf", "owner", "link", "link/", "links/out", "%2e%2e%2f",
    "%00", "\0", "\n", "\r\n", "\t", "\x1b[2J", "\x9b", "\u202e", "\u2028", "\ufffe", "\ud800", ";;", ";", ",", ":",
    "{{7*7}}", "{% raw %}", "$(id)", "`id`", "|", "&", "<b>", "'", '"', "*", "?", "[a-z]", "#", "@", "=1+1", "-", "--",
    "-rf", "--out=x", ".hidden", "CON", "nul.", "文" * 90, "a" * 260, "İ" * 60, "e\u0301", "\N{FULLWIDTH SOLIDUS}",
    "arxiv:2403.00001", "doi:10.1/", "record:", "file:", "file://", "https://x.org/", KEY, KEY[:64], "0" * 64, ".json",
    ".md", ".bib", ".jsonl", ".csl",
)  # fmt: skip
HOME = frozenset(
    "catalog.sqlite catalog.sqlite-wal catalog.sqlite-shm index cache digests files uploads visits jobs writer.lock"
    " writer.json".split()
)
SCHEMA = "kb.ledger-file/1"


class World:
    """A folder with a home, a folder for what goes in, one for pages, and files of somebody else around them."""

    def __init__(self, root: Path) -> None:
        self.root, self.out, self.inbox = root, root / "out", root / "in"
        for folder in (self.out, self.inbox, root / "owner" / "deep"):
            folder.mkdir(parents=True)
        for name in (
            "owner.png",
            "owner.pdf",
            "a",
            "x.png",
            "owner/owner.png",
            "owner/owner.pdf",
            "owner/deep/paper.pdf",
        ):
            (root / name).write_bytes(SECRET)
        (self.out / "link").symlink_to(root / "owner")
        self.library = Library.open(Settings(home=root / "home", browser_paths=False))
        self.library._models._encoder, self.library._models._reader = WordEncoder(), WordReader()
        self._before = self._others()

    def close(self) -> None:
        """Let go of the home."""
        self.library.close()

    def _others(self) -> dict[str, str]:
        """All that is somebody else's: path and content. Links are not followed."""
        ours = (self.root / "home", self.out, self.inbox)
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
            for path in sorted(self.root.rglob("*"))
            if not any(path.is_relative_to(place) for place in ours)
        }

    def faults(self) -> list[str]:
        """What lies where it should not, and what says what it should not."""
        now = self._others()
        found = [
            f"touched: {path!r}"
            for path in sorted({*now, *self._before})
            if now.get(path) != self._before.get(path)
        ]  # fmt: skip
        found += [f"in the home: {path.name!r}" for path in (self.root / "home").iterdir() if path.name not in HOME]
        found += [f"in the store: {path}" for path in self.library._store.home.files.abandoned()]
        told = (SECRET[8:], base64.b64encode(SECRET))
        for path in self.out.rglob("*"):
            if path.is_file() and not path.is_symlink() and any(one in path.read_bytes() for one in told):
                found.append(f"told: {path.name!r}")
        return found


def attack(world: World, names: Sequence[str]) -> list[str]:
    """Give the names to all that writes; returns what was no error of ours. Six names or more."""
    strange: list[str] = []
    for work in _works(world, names):
        try:
            work()
        except KbError:
            continue
        except Exception as err:  # noqa: BLE001  (it is what is looked for)
            way = [f"{Path(frame.filename).stem}:{frame.lineno}" for frame in traceback.extract_tb(err.__traceback__)]
            strange.append(f"{type(err).__name__}: {str(err)[:200]!r}, names {names!r}, way {' '.join(way)}")
    return strange


def _works(world: World, names: Sequence[str]) -> Iterator[Callable[[], object]]:
    library, out = world.library, world.out
    first, second, third, fourth, fifth, sixth = names[:6]
    yield lambda: _add(world, names)
    yield lambda: [library.jobs.keep_upload(f"{name}.md", b"# A title\n\nA sentence.\n") for name in names]
    yield lambda: library.jobs.keep_upload(first, PICTURE)
    yield lambda: library.jobs.visited(second)
    for name in names:
        yield lambda name=name: library.view.file(name)  # type: ignore[misc]
        yield lambda name=name: library.jobs.start(["add", "--", f"../{name}"])  # type: ignore[misc]
    topic = first if first.strip() else "topic"
    yield lambda: library.topics.add(Topic(name=topic, must=("separators",), examples=(second,)))
    yield lambda: library.topics.add(Topic(name=topic, must=("separators",)))
    yield lambda: library.collections.add(third, [paper.id for paper in library.list(limit=2)])
    yield lambda: library.ask("What separates names?", session=fourth)
    for paper in library.list(limit=3) if library._store.home.exists else ():
        yield lambda paper=paper: library.tag(paper.id, add=[second, third])  # type: ignore[misc]
        yield lambda paper=paper: library.set(paper.id, venue=fifth, url=sixth)  # type: ignore[misc]
        yield lambda paper=paper: library.like(paper.id, topic=topic)  # type: ignore[misc]
        for form in ("md", "html", "json"):
            yield lambda paper=paper, form=form: library.pages.save(  # type: ignore[misc]
                library.pages.render(library.note(paper.id), form), out
            )
        yield lambda paper=paper: library.papers.cite([paper.id], style=first)  # type: ignore[misc]
    yield lambda: [library.papers.export(form) for form in ("bibtex", "ris", "csl", "jsonl")]
    yield lambda: library.pages.save([(name, PICTURE) for name in names], out)
    for name in names:
        yield lambda name=name: library.pages.save([(name, PICTURE)], out)  # type: ignore[misc]
        yield lambda name=name: library.pages.save([(f"link/{name}", PICTURE)], out)  # type: ignore[misc]
    yield lambda: _digests(world, topic)
    yield lambda: _rendered(world, names)
    yield lambda: _ledger(world, names)
    yield lambda: library.pages.write_index(out)
    yield lambda: _verified(world, names)
    yield lambda: library.remove([paper.id for paper in library.list(limit=1)])
    yield lambda: library.doctor(fix=True)


def _add(world: World, names: Sequence[str]) -> None:
    """Records and bibliographies with these names in every place, one of them uploaded; a folder with a link."""
    texts = [name.encode(errors="replace").decode().replace("\0", " ") for name in names]
    records = [
        {"id": name, "title": f"On separators, part {number} {name}", "authors": [name, "Ann Other"], "tags": [name],
         "abstract": f"Names are kept apart by separators. The {number} of them hold.", "listed": [str(DAY)],
         "categories": [name], "venue": name, "url": name, "doi": f"10.1/{name}", "collections": [name],
         "links": [{"kind": "code", "url": name}], "keywords": [name], "license": name}
        for number, name in enumerate([f"2403.{part:05d}" for part in (1, 2)] + list(names))
    ]  # fmt: skip
    (world.inbox / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    bib = "".join(
        f"@article{{{name}, title={{Birds of separators {number}}}, author={{Roe, Ann}}, year={{2024}},"
        f" file={{:{name}:PDF}}, doi={{10.2/{name}}}}}\n"
        f"@misc{{k{number}, title={{Bees of separators {number}}}, file={{{world.root}/{name}}}}}\n"
        for number, name in enumerate(texts)
    )
    (world.inbox / "refs.bib").write_text(bib, encoding="utf-8")
    ris = "".join(f"TY  - JOUR\nID  - {name}\nTI  - Fish {name}\nL1  - {name}\nER  - \n" for name in texts)
    (world.inbox / "refs.ris").write_text(ris, encoding="utf-8")
    with suppress(FileExistsError):
        (world.inbox / "out.pdf").symlink_to(world.root / "owner.pdf")
        (world.inbox / "out").symlink_to(world.root / "owner")
    report = world.library.add([str(world.inbox)], fulltext=False)
    assert not any("owner" in name for name in report.added), report.added
    world.library.add([str(world.library.jobs.keep_upload("refs.bib", bib.encode()))], fulltext=False)


def _digests(world: World, topic: str) -> None:
    """Pages of a topic as the verbs and the daily job write them."""
    library = world.library
    digest = library.digest(topic, day=DAY)
    library.pages.write(digest, FORMS, out=world.out)
    library.pages.write(digest, FORMS)
    library.pages.write(digest, ["json"], out=library.pages.folder(topic, DAY))
    kept = library.topics.get(topic)
    digests = Digests(library._store, library._models, library.settings)
    write_feed(kept, library._store, digests, library.pages, until=DAY, out=world.out)
    library.pages.digest(topic, DAY)


def _rendered(world: World, names: Sequence[str]) -> None:
    """A digest's data with other names in it, as pages."""
    library = world.library
    library._store.home.files.put(PICTURE, suffix=".png")
    data: Any = wire.to_data(library.digest(day=DAY))
    box = {"page": 1, "x0": 0, "y0": 0, "x1": 1, "y1": 1}
    for number, name in enumerate(names):
        changed = json.loads(json.dumps(data))
        changed["topic"], changed["entries"] = name, changed["entries"][:2]
        for entry in changed["entries"]:
            entry["paper"] |= {"id": name, "aliases": [name], "title": name, "url": name}
            figure = {"label": name, "kind": "figure", "caption": name, "page": 1, "box": box}
            entry["figures"] = [{**figure, "file": KEY if number % 2 else name}]
        path = world.inbox / "digest.json"
        path.write_text(json.dumps(changed))
        for forms in (list(FORMS), [name]):
            with suppress(KbError):
                library.pages.rewrite(path, forms, out=world.out)
        with suppress(KbError):
            library.pages.diff(path, path)
        with suppress(KbError):
            library.pages.verify(path)


def _ledger(world: World, names: Sequence[str]) -> None:
    """Ledgers with other names in them, and ledgers written under other names."""
    for name in names:
        entry = {"topic": name, "paper_id": name, "version": 1, "day": str(DAY), "how": "new"}
        for held in ({"topics": [{"name": name, "must": ["x"]}]}, {"entries": [entry]}):
            (world.inbox / "ledger.json").write_text(json.dumps({"schema": SCHEMA, **held}))
            with suppress(KbError):
                world.library.topics.import_ledger(world.inbox / "ledger.json")
    (world.out / ".ledger.json.part").unlink(missing_ok=True)
    (world.out / ".ledger.json.part").symlink_to(world.root / "owner.png")
    world.library.topics.export_ledger(world.out / "ledger.json")


def _verified(world: World, names: Sequence[str]) -> None:
    """Our own pages, and the same with other names for their pictures."""
    for path in random.Random(repr(names)).sample(pages := sorted(world.out.glob("2024*.*")), min(4, len(pages))):
        with suppress(KbError):
            world.library.pages.verify(path)
        if path.suffix in (".md", ".html") and KEY in (text := path.read_text(encoding="utf-8")):
            named = names[0].encode(errors="replace").decode()
            (world.out / "changed.md").write_text(text.replace(KEY, named), encoding="utf-8")
            with suppress(KbError):
                world.library.pages.verify(world.out / "changed.md")


def drawn(draw: random.Random) -> list[str]:
    """Six hostile names."""
    return ["".join(draw.choices(PARTS, k=draw.randint(1, MOST_PARTS))) for _ in range(6)]


def main(examples: int, seed: int) -> None:
    """Attack one home after another; each takes three examples, for what one left may help the next."""
    draw, faults, strange, done = random.Random(seed), 0, 0, 0
    started = time.monotonic()
    while done < examples:
        root = Path(tempfile.mkdtemp(prefix="kb-names-"))
        world = World(root)
        for _ in range(min(3, examples - done)):
            names = drawn(draw)
            wrong = attack(world, names)
            found = world.faults()
            strange, faults, done = strange + len(wrong), faults + len(found), done + 1
            for line in (*wrong, *(f"{one}, names {names!r}" for one in found)):
                print(line, flush=True)
            if found:
                break
        world.close()
        shutil.rmtree(root, ignore_errors=True)
        print(f"{done} examples: {faults} out of place, {strange} foreign errors", flush=True)
    print(
        f"{done} examples: {faults} things out of place, {strange} foreign errors, {time.monotonic() - started:.0f} s"
    )
    sys.exit(1 if faults or strange else 0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300, int(sys.argv[2]) if len(sys.argv) > 2 else 7)
