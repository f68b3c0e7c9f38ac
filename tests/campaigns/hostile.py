"""Files that mean harm: ``python -m tests.campaigns.hostile [FUZZED] [SEED] [SAMPLES]``.

Each of the kinds below is made, added by the command line into a fresh home beside one good record, and measured: exit
status, codes, seconds by the clock and of the processor, the peaks of the parent and of its children in MB, whether the
good record went in. Then bibliographies, records, digests and pages are made by mutation of small samples and added, or
verified, twenty at a time; with a folder of SAMPLES (the test files of other parsers, say) these are mutated, and PDFs
among them, and the kinds are left out. Nothing may end in a traceback, leave a file outside of the home, or cost more
than the bounds.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.pdf_writer import flate_bomb, many_pages, nested_forms

ROOT = Path(__file__).resolve().parents[2]
MOST_MB = 1_500
MOST_SECONDS = 60.0
GOOD = {"id": "2402.19481", "title": "A Record that Means Well", "authors": ["Ann Bee"], "abstract": "It has words."}


def _entry(**fields: str) -> bytes:
    said = {"title": "Some title", "author": "Bee, Ann", "year": "2020"} | fields
    return ("@article{k,\n" + ",\n".join(f"  {name} = {{{value}}}" for name, value in said.items()) + "\n}\n").encode()


def _strings(n: int) -> str:
    """``@string`` values, each of which is twice the one before."""
    doubled = "".join(f"@string{{a{one} = a{one - 1} # a{one - 1}}}\n" for one in range(1, n))
    return f"@string{{a0 = {{xxxxxxxxxx}}}}\n{doubled}"


def _line(**fields: object) -> bytes:
    return json.dumps({"title": "Some title", "authors": ["Ann Bee"], **fields}).encode() + b"\n"


def _csl(**fields: object) -> bytes:
    return json.dumps([{"id": "k", "type": "book", "title": "Some title", **fields}]).encode()


_RIS = "TY  - JOUR\nTI  - Some title\n"
_NBIB = "PMID- 1\nTI  - Some title\n"
_TABLE = '"Key","Item Type","Title","Author"\n'

KINDS: Mapping[str, Callable[[int], bytes]] = {
    # BibTeX: n is a million at full size
    "strings-that-double.bib": lambda n: (_strings(16) + "@misc{b, title={T} # a15, note=a15, abstract=a15}").encode(),
    "strings-used-often.bib": lambda n: (
        _strings(14) + "".join(f"@misc{{b{i}, title={{T {i}}}, note=a13, abstract=a13}}\n" for i in range(n // 50))
    ).encode(),
    "string-of-strings.bib": lambda n: (_strings(14) + f"@misc{{b, title={'a5 # ' * n} a5}}").encode(),
    "abstract.bib": lambda n: _entry(abstract="Some words here. " * (n // 3)),
    "title.bib": lambda n: _entry(title="word " * (n // 6)),
    "one-word.bib": lambda n: _entry(title="w" * (n - 1), note="v" * (n - 1)),
    "authors.bib": lambda n: _entry(author=" and ".join(f"Bee{i}, Ann" for i in range(n // 10))),
    "names-of-braces.bib": lambda n: _entry(author="{" * (n // 2) + "}" * (n // 2)),
    "braces.bib": lambda n: b"@article{k, title={" + b"{" * n,
    "closing.bib": lambda n: b"@article{k, title={a}" + b"}" * n,
    "fields-unclosed.bib": lambda n: b"@article{k," + b"a={" * n,
    "quotes.bib": lambda n: b'@article{k, title="' + b'"a" # ' * n,
    "one-line.bib": lambda n: b"@a{b,title=1}" * (n // 5),
    "heads.bib": lambda n: b"@" * n,
    "accents.bib": lambda n: _entry(title='\\"{' * (n // 4) + "o" + "}" * (n // 4)),
    "formulas.bib": lambda n: _entry(title="$" * (n - 1)),
    "parents.bib": lambda n: (
        f"@proceedings{{p, title={{{'word ' * (n // 50)}}}}}\n"
        + "".join(f"@inproceedings{{c{i}, title={{T {i}}}, crossref={{p}}}}\n" for i in range(n // 50))
    ).encode(),
    "circle.bib": lambda n: "".join(
        f"@misc{{c{i}, title={{T}}, crossref={{c{(i + 1) % 1000}}}}}\n" for i in range(1000)
    ).encode(),
    "attachments.bib": lambda n: _entry(file=";".join(f":a{i}.pdf:PDF" for i in range(n // 20))),
    "keywords.bib": lambda n: _entry(keywords="a," * (n // 3)),
    "control.bib": lambda n: _entry(note="\x00\x01" * (n // 3)),
    "noise.bib": lambda n: random.Random(1).randbytes(n),
    "doi.bib": lambda n: _entry(doi="10.1000/" + "x" * (n - 100)),
    # RIS and nbib
    "authors.ris": lambda n: (_RIS + "".join(f"AU  - Bee{i}, Ann\n" for i in range(n // 10)) + "ER  - \n").encode(),
    "lines.ris": lambda n: (_RIS + "AB  - some words here\n" * (n // 4) + "ER  - \n").encode(),
    "long-line.ris": lambda n: (_RIS + "N1  - " + "word; " * n + "\nER  - \n").encode(),
    "empty-records.ris": lambda n: b"TY  - JOUR\nER  - \n" * (n // 20),
    "addresses.ris": lambda n: (_RIS + "UR  - " + "https://a.b/c;" * (n // 10) + "\nER  - \n").encode(),
    "continued.nbib": lambda n: (_NBIB + "AB  - some\n" + "      words\n" * (n // 4)).encode(),
    "authors.nbib": lambda n: (_NBIB + "FAU - Bee, Ann\nAU  - Bee A\n" * (n // 20)).encode(),
    # CSL-JSON and Zotero's table
    "nested-lists.json": lambda n: b'[{"type": "book", "title": ' + b"[" * n,
    "nested-objects.json": lambda n: b'[{"type": "book", "title": ' + b'{"a":' * n,
    "cut.json": lambda n: _csl(note="x" * n)[:-2],
    "broken-items.json": lambda n: b'[{"type": "book", "title": "a"}' + b', {"type" "book"}' * (n // 20),
    "digits.json": lambda n: b'[{"type": "book", "title": "a", "volume": ' + b"9" * n + b"}]",
    "authors.json": lambda n: _csl(author=[{"family": f"Bee{i}", "given": "Ann"} for i in range(n // 10)]),
    "dates.json": lambda n: _csl(issued={"date-parts": [[2020]] * (n // 10)}),
    "list-of-nothing.json": lambda n: b'[{"title": "a", "authors": []}, ' + b"{}," * n + b"{}]",
    "quotes.csv": lambda n: (_TABLE + '"A","book","' + '""a"' * n).encode(),
    "wide.csv": lambda n: (_TABLE.strip() + ',"x"' * (n // 10) + "\n" + '"A",' * (n // 10) + "\n").encode(),
    "rows.csv": lambda n: (_TABLE + '"A","book"\n' * (n // 20)).encode(),
    # JSON lines
    "abstract.jsonl": lambda n: _line(abstract="Some words here. " * (n // 3)),
    "initials.jsonl": lambda n: _line(abstract="A. " * (n // 3)),
    "title.jsonl": lambda n: _line(title="word " * n),
    "unicode.jsonl": lambda n: _line(title="\u0301" * n + "e", abstract="\ud800" * (n // 10)),
    "authors.jsonl": lambda n: _line(authors=[f"Ann Bee{i}" for i in range(n // 5)]),
    "one-author.jsonl": lambda n: _line(authors=["Ann " * n]),
    "links.jsonl": lambda n: _line(abstract="code at https://github.com/a/b" + " github.com/a/b" * (n // 10)),
    "venues.jsonl": lambda n: _line(comments="accepted ACM " + "AAAI IEEE " * (n // 10)),
    "nested.jsonl": lambda n: b'{"title": "a", "x": ' + b"[" * n + b"\n",
    "numbers.jsonl": lambda n: b'{"title": "a", "year": 1e999, "version": ' + b"9" * n + b"}\n",
    "names.jsonl": lambda n: _line(**{f"field {i}": i for i in range(n // 10)}),
    "broken-lines.jsonl": lambda n: b"{\n" * (n // 20),
    "no-line-ends.jsonl": lambda n: b'{"title": "' + b"x" * (40 * n),
    "bomb.jsonl.gz": lambda n: gzip.compress(b" " * (1000 * n), 1),
    "bomb-of-lines.jsonl.gz": lambda n: gzip.compress(b"\n" * (100 * n), 1),
    "objects.jsonl": lambda n: b'{"title": "a", "x": [' + b"{}," * (2 * n) + b"{}]}\n",
    # ids, text, Markdown, HTML, PDF
    "no-ids.txt": lambda n: b"9913.12345\n" * (n // 50),
    "initials.txt": lambda n: b"A. " * n,
    "short-sentences.txt": lambda n: b"Some b. " * n,
    "one-word.txt": lambda n: b"x" * (20 * n),
    "chinese.txt": lambda n: "中".encode() * (3 * n),
    "accents.txt": lambda n: b"e" + "\u0301".encode() * n,
    "abstract.md": lambda n: b"# Title\n\n## Abstract\n\n" + b"B b. " * n,
    "captions.md": lambda n: b"# Title\n\n" + b"Table 1: a\n\n" * (n // 10),
    "headings.md": lambda n: b"# a\n\nb\n\n" * (n // 10),
    "quoted.md": lambda n: b">" * n + b" a",
    "brackets.md": lambda n: b"[" * n,
    "links.md": lambda n: b"[a](" * (n // 4),
    "stars.md": lambda n: b"*a _b " * (n // 6),
    "ticks.md": lambda n: b"`" * n + b" a",
    "nested.html": lambda n: b"<html><body>" + b"<div>" * (n // 3) + b"some words",
    "attributes.html": lambda n: b"<html><body><p " + b"a=b " * n + b">some words</p>",
    "entities.html": lambda n: b"<html><body><p>" + b"&lt;&amp;" * n + b"</p>",
    "unclosed.html": lambda n: b"<html><body>" + b"<a <b " * n,
    "paragraph.html": lambda n: b"<html><body><p>" + b"Some words here. " * n + b"</p>",
    "bomb.pdf": lambda n: flate_bomb(600 * n),
    "forms.pdf": lambda n: nested_forms(depth=9, width=20),
    "pages.pdf": lambda n: many_pages(n // 10),
}  # fmt: skip
FULL = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one run came to."""

    status: int
    codes: str
    seconds: float
    computed: float
    parent_mb: int
    children_mb: int
    good: bool
    faults: tuple[str, ...]


def run(words: list[str], *, folder: Path, home: Path) -> Outcome:
    """Run a verb of the command line within a folder, and watch it."""
    before = sorted(folder.rglob("*"))
    command = [sys.executable, "-m", "kb", *words, "--home", str(home), "--quiet", "--json"]
    began, before_it = time.monotonic(), _computed()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=err, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
        peaks: dict[int, int] = {}
        for pid, peak in _watched(process):
            peaks[pid] = max(peak, peaks.get(pid, 0))
        seconds, computed = time.monotonic() - began, _computed() - before_it
        out.seek(0)
        err.seek(0)
        answer, said = out.read(), err.read()
    parent = peaks.pop(process.pid, 0)
    children = max(peaks.values(), default=0)
    report = json.loads(answer) if answer.startswith("{") else {}
    codes = sorted({one["code"] for part in ("failed", "partial") for one in report.get(part, ())})
    faults = []
    if "Traceback" in said or process.returncode not in (0, 1, 2, 3, 4) or said.count("\n") > 1:
        faults.append(" ".join(said[-300:].split()) or f"status {process.returncode}")
    if sorted(folder.rglob("*")) != before:
        faults.append("files outside")
    # Where others use the machine, the clock says little; where several threads compute, the processor says too much.
    if min(seconds, computed) > MOST_SECONDS or max(parent, children) > MOST_MB:
        faults.append("past the bounds")
    good = any(GOOD["id"] in one for part in ("added", "unchanged") for one in report.get(part, ()))
    return Outcome(
        status=process.returncode,
        codes=" ".join(codes),
        seconds=seconds,
        computed=computed,
        parent_mb=parent,
        children_mb=children,
        good=good,
        faults=tuple(faults),
    )


def _computed() -> float:
    """Seconds of the processor that all processes which have ended were given."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watched(process: subprocess.Popen[str]) -> Iterator[tuple[int, int]]:
    """(process, peak of its resident memory in MB) of it and of its children, until it ends or takes far too long."""
    began = time.monotonic()
    seen: set[int] = {process.pid}
    while process.poll() is None:
        for pid in list(seen):
            try:
                seen.update(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
                for task in Path(f"/proc/{pid}/task").iterdir():
                    seen.update(map(int, (task / "children").read_text().split()))
                status = Path(f"/proc/{pid}/status").read_text()
            except (OSError, ValueError):
                continue
            peak = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")), "0")
            yield pid, int(peak) // 1024
        if time.monotonic() - began > 5 * MOST_SECONDS:
            process.kill()
        time.sleep(0.02)


# ------------------------------------------------------------------------------------------------ mutation

SEEDS: Mapping[str, bytes] = {
    ".bib": b'@string{j = "Journal of {W}idgets"}\n@comment{no}\n@article{one, title = {{\\"U}ber-Widgets: $O(n^2)$},\n'
    b'  author = "Bee, Ann and van der Eff, {\\\'E}mile and {The Group} and others", journal = j # " B", year = 2020,\n'
    b"  month = jan, doi = {10.1000/182}, file = {Full:a.pdf:PDF}, abstract = {Words. More words.}}\n"
    b"@inproceedings{two, crossref = {p}, title = {Two}}\n@proceedings{p, title = {Proc. of P}, year = {2021}}\n",
    ".ris": b"TY  - JOUR\nTI  - A title\nAU  - Bee, Ann\nAU  - Eff, E., Jr.\nPY  - 2020/01/02/\nUR  - https://a.b/c; "
    b"https://d.e\nAB  - Words.\nmore words\nKW  - one; two\nDO  - 10.1000/182\nER  - \n",
    ".nbib": b"PMID- 1\nTI  - A title.\nFAU - Bee, Ann B Jr\nAU  - Bee AB\nDP  - 2020 Jan\nLID - 10.1000/182 [doi]\n"
    b"AB  - Words\n      more\nJT  - Journal\n\n",
    ".json": b'[{"id": "k", "type": "book", "title": "A <i>title</i>", "author": [{"family": "Bee", "given": "Ann"}],\n'
    b'"issued": {"date-parts": [[2020, 1, 2]]}, "DOI": "10.1000/182", "note": "arXiv:2402.19482 [cs]"}]',
    ".csv": b'"Key","Item Type","Title","Author","Date","Extra"\n"A1B2","book","A ""title""","Bee, Ann; Eff, E",'
    b'"2020-01-02","DOI: 10.1000/182\nmore"\n',
    ".jsonl": b'{"id": "2402.19483", "title": "A title", "authors": ["Ann Bee"], "abstract": "Words &amp; words.", '
    b'"categories": ["cs.CV"], "published": "2024-02-29", "links": [{"kind": "code", "url": "https://github.com/a/b"}]}\n'
    b'{"_id": "d1", "title": "T", "text": "Words.", "metadata": {}}\n',
    ".md": b"# A title\n\nAnn Bee\n\n## Abstract\n\nWords *and* [links](https://a.b) `code`.\n\n| a | b |\n|---|---|\n"
    b"| 1 | 2 |\n\n> quoted\n\n- one\n- two\n\n```\ncode\n```\n\n$$x^2$$\n",
    ".html": b"<!doctype html><html><head><title>A title</title></head><body><h1>A title</h1><p class='a'>Words &lt; "
    b"more</p><table><tr><td>1</td></tr></table><!-- no --><script>x</script></body></html>",
}  # fmt: skip
_TOKENS = (
    b"{", b"}", b'"', b"\\", b"$", b"@", b"#", b"%", b"=", b",", b"\n", b"\r", b"\x00", b"\xff", b"\xc3", b"[", b"]",
    b"<", b">", b"&", b"&#x110000;", b"<!--", b"]]>", b"1e999", b"-1", b"9" * 5000, b"null", b"NaN", b"\xef\xbb\xbf",
    b"../../", b"\\ud800", b"\xe2\x80\xae", b"file:///etc/passwd", b"'", b"`", b"\t", b"A. " * 2000, b"TY  - ",
    b"@string{", b"crossref={two},",
)  # fmt: skip


def mutated(sample: bytes, draw: random.Random) -> bytes:
    """A sample with one to twelve faults: pieces taken out, doubled, repeated, exchanged, strange signs put in."""
    data = sample
    for _ in range(draw.randint(1, 12)):
        start, end = sorted(draw.randrange(len(data) + 1) for _ in range(2))
        piece, token = data[start:end], draw.choice(_TOKENS)
        middle = draw.choice((
            b"", piece + piece, piece[:40] * draw.choice((3, 300)), token, token * draw.choice((2, 500)), piece[::-1],
            bytes(one ^ (1 << draw.randrange(8)) if draw.random() < 0.05 else one for one in piece), piece + token,
        ))  # fmt: skip
        data = (data[:start] + middle + data[end:])[:400_000] or sample
    return data


def read_samples(folder: Path) -> list[tuple[str, bytes]]:
    """Files of a folder that kb can read, as (ending, content)."""
    endings = {*SEEDS, ".pdf"}
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in endings]
    return [(path.suffix, data) for path in found if (data := path.read_bytes())]


def fuzz(count: int, seed: int, folder: Path, samples: Sequence[tuple[str, bytes]]) -> int:
    """Add and verify mutated samples, twenty at a time; how many runs had a fault."""
    draw, wrong = random.Random(seed), 0
    page = _own_pages(folder)
    for start in range(0, count, 20):
        inside, home = folder / f"fuzzed{start}", folder / f"home{start}"
        inside.mkdir()
        verifying = page and (start // 20) % 4 == 3
        for number in range(start, min(start + 20, count)):
            ending, sample = draw.choice(list(page.items()) if verifying else samples)
            (inside / f"f{number}{ending}").write_bytes(mutated(sample, draw))
        if not verifying:
            (inside / "good.jsonl").write_bytes(_line(**GOOD))
            outcomes = [run(["add", str(inside)], folder=inside, home=home)]
        else:
            outcomes = [
                run(["verify", str(one)], folder=inside, home=folder / "pages") for one in sorted(inside.iterdir())
            ]
        bad = [one for one in outcomes if one.faults or not (one.good or verifying)]
        wrong += len(bad)
        _print(f"fuzzed {start + 1} to {start + 20}", max(outcomes, key=lambda one: one.seconds))
        for one in bad:
            print("   ", one.faults or "the good record is not in", flush=True)
    return wrong


def _own_pages(folder: Path) -> Mapping[str, bytes]:
    """A digest of the good record and its pages, as samples to mutate."""
    home, good, out = folder / "pages", folder / "good-first.jsonl", folder / "out"
    good.write_bytes(_line(**GOOD, listed="2024-03-04"))
    digest = ["digest", "--since", "2024-03-01", "--until", "2024-03-05", "--format", "html,md,rss,json"]
    for words in (["add", str(good)], [*digest, "--out", str(out)]):
        command = [sys.executable, "-m", "kb", *words, "--home", str(home), "--quiet"]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return {one.suffix: one.read_bytes() for one in sorted(out.rglob("*.*"))}


def _print(name: str, one: Outcome) -> None:
    measured = f"{one.status:6} {one.seconds:7.1f} {one.computed:7.1f} {one.parent_mb:7} {one.children_mb:7}"
    print(f"{name:28} {measured}  {'in' if one.good else '-':4} {one.codes} {'; '.join(one.faults)}", flush=True)


def main(fuzzed: int, seed: int, samples: Path | None) -> None:
    """Add every kind of file, then fuzz; the exit status is 1 when anything gave way."""
    wrong, kinds = 0, KINDS if samples is None else {}
    given = list(SEEDS.items()) if samples is None else read_samples(samples)
    print(f"{'kind':28} status seconds     cpu  parent   child  good codes")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, (kind, make) in enumerate(kinds.items()):
            inside = folder / str(number)
            inside.mkdir()
            (inside / kind).write_bytes(make(FULL))
            (inside / "good.jsonl").write_bytes(_line(**GOOD))
            outcome = run(["add", kind, "good.jsonl"], folder=inside, home=folder / f"home of {number}")
            wrong += bool(outcome.faults) or not outcome.good
            _print(kind, outcome)
            (inside / kind).unlink()
        wrong += fuzz(fuzzed, seed, folder, given)
    print(f"{len(kinds)} kinds, {fuzzed} fuzzed, {wrong} gave way")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 200,
        int(sys.argv[2]) if len(sys.argv) > 2 else 5,
        Path(sys.argv[3]) if len(sys.argv) > 3 else None,
    )
