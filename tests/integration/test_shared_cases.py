"""Small inputs found in the world, each with what is right: read from the data folder beside the checkout."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb import Library, Settings
from kb.cli.parser import build_parser
from kb.ids import parse_arxiv_id
from kb.parsing.document import read_pdf
from tests.fakes import WordEncoder

DEMO = Path(__file__).resolve().parents[2] / "kb" / "demo"
SPECTER = "SPECTER: Document-level Representation Learning using Citation-informed Transformers"
pytestmark = pytest.mark.shared


@pytest.fixture
def cases(shared: Path) -> Path:
    folder = shared.parent / "cases"
    if not folder.is_dir():
        pytest.skip("there are no cases beside this checkout")
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(Settings(home=str(tmp_path / "home"), threads=1)) as library:
        library._models._encoder = WordEncoder()
        yield library


def test_papers_that_print_a_placeholder_stay_papers_of_their_own(library: Library, cases: Path) -> None:
    folder = cases / "pdf_doi_placeholder"
    library.add(str(folder / "p1.pdf"))
    before = [chunk.text for chunk in library.papers.text(library.list()[0].id)]
    first = library.list()[0].id
    library.add([str(folder / name) for name in ("p2.pdf", "p3.pdf", "p4.pdf")])
    assert len(library.list()) == 4
    assert [chunk.text for chunk in library.papers.text(first)] == before
    assert library.doctor() == []
    library.add(str(folder / "dup.bib"))
    assert len(library.list()) == 7


def test_a_chinese_page_says_title_authors_abstract_keywords_and_sections(cases: Path) -> None:
    document = read_pdf((cases / "pdf_scripts" / "zh.pdf").read_bytes(), max_pages=4)
    front = document.front
    assert front.title == "基于检索增强的大语言模型综述"
    assert front.authors == ("张三", "李四", "王五")
    assert front.abstract is not None
    assert front.abstract.startswith("大语言模型在许多任务上")
    assert front.abstract.endswith("12.5 个百分点。")
    assert front.keywords == ("检索增强", "大语言模型", "综述")
    assert [(one.text, one.authors) for one in front.affiliations or ()] == [
        ("清华大学 计算机系，北京 100084", ("张三", "李四"))
    ]
    headings = [block.text for block in document.blocks if block.kind == "heading"]
    assert [text for text in headings if text[0].isdigit()] == ["1 引言", "2 方法"]


def test_ligatures_of_private_codes_are_letters_of_title_and_abstract(cases: Path) -> None:
    document = read_pdf((cases / "pdf_scripts" / "pua2.pdf").read_bytes(), max_pages=4)
    assert document.front.title == "Efficient Classification of fluid Diffusion"
    assert document.front.authors == ("Jane Doe",)
    assert document.front.abstract == (
        "We study the efficiency of classification. The final difference is significant (5.2 %)."
    )
    assert [block.text for block in document.blocks if block.kind == "heading"] == ["Abstract", "1 Introduction"]


def test_the_printed_page_stands_beside_the_position_in_the_file(cases: Path) -> None:
    document = read_pdf((cases / "pdf_variants" / "page_labels.pdf").read_bytes(), max_pages=40)
    assert document.page_labels == tuple(str(number) for number in range(2270, 2283))
    assert document.front.authors == ("Arman Cohan", "Sergey Feldman", "Iz Beltagy", "Doug Downey", "Daniel S. Weld")


def test_pages_that_are_shown_sideways_are_read_as_upright_ones(cases: Path) -> None:
    document = read_pdf((cases / "pdf_variants" / "rotated90.pdf").read_bytes(), max_pages=40)
    assert document.fulltext.state == "full"
    assert document.front.title == SPECTER
    assert document.front.authors == ("Arman Cohan", "Sergey Feldman", "Iz Beltagy", "Doug Downey", "Daniel S. Weld")
    upright = read_pdf((DEMO / "2020.acl-main.207.pdf").read_bytes(), max_pages=40)
    assert [block.text for block in document.blocks if block.kind == "caption"] == [
        block.text for block in upright.blocks if block.kind == "caption"
    ]


@pytest.mark.parametrize("cover", ["cover_rg.pdf", "cover_repo.pdf"])
def test_a_paper_with_a_cover_and_the_paper_itself_are_one(library: Library, cases: Path, cover: str) -> None:
    library.add(str(cases / "pdf_variants" / cover))
    library.add(str(DEMO / "2020.acl-main.207.pdf"))
    (paper,) = library.list()
    assert paper.title == SPECTER
    assert len(paper.authors) == 5
    dois = {key for key in (paper.id, *paper.aliases) if key.startswith("doi:")}
    assert dois <= {"doi:10.18653/v1/2020.acl-main.207"}


def test_what_is_pasted_is_the_paper_that_it_means(cases: Path) -> None:
    lines = (cases / "ids" / "ids.txt").read_text(encoding="utf-8").splitlines()
    for pasted, meant in (line.split("\t")[:2] for line in lines if line and not line.startswith("#")):
        identifier, version = parse_arxiv_id(pasted)
        stated = f"arxiv:{identifier}" + (f" version {version}" if version else "")
        assert stated == meant, pasted


def test_one_record_in_three_formats_is_one_paper(library: Library, cases: Path) -> None:
    folder = cases / "import_formats"
    report = library.add([str(folder / name) for name in ("refs.ris", "refs.json", "zotero.csv")])
    assert report.failed == ()
    (paper,) = library.list(sources=True)
    assert {record.source for record in paper.sources} == {"ris", "csl", "zotero"}
    assert paper.authors == ("Tobias X. Dorn", "A van der Berg Jr.")
    again = library.add([str(folder / "refs.json")])
    assert (again.added, again.updated) == ((), ())


def test_in_a_folder_what_is_not_read_is_named_once(library: Library, cases: Path, tmp_path: Path) -> None:
    for name in ("refs.ris", "refs.json", "zotero.csv"):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes((cases / "import_formats" / name).read_bytes())
    (tmp_path / "in" / "picture.png").write_bytes(b"\x89PNG")
    report = library.add(str(tmp_path / "in"))
    assert len(library.list()) == 1
    assert [Path(one.what).name for one in report.skipped] == ["picture.png"]


def test_public_dumps_come_with_authors_dates_and_abstracts(library: Library, cases: Path) -> None:
    folder = cases / "jsonl_shapes"
    library.add([str(folder / name) for name in ("kaggle.jsonl", "openalex.jsonl")])
    balazs, vaswani = library.papers.get("0704.0001"), library.papers.get("1706.03762")
    assert balazs.authors == ("C. Balázs", "E. L. Berger", "P. M. Nadolsky", "C.-P. Yuan")
    assert balazs.published is not None
    assert balazs.published.date().isoformat() == "2007-04-02"
    assert vaswani.authors == ("Ashish Vaswani",)
    assert vaswani.abstract == "The dominant"
    assert vaswani.published is not None
    assert vaswani.published.date().isoformat() == "2017-06-12"


def test_names_and_words_are_found_however_they_are_spelled(library: Library, cases: Path) -> None:
    folder = cases / "search_unicode"
    library.add(str(folder / "records.jsonl"))
    for case in json.loads((folder / "queries.json").read_text(encoding="utf-8")):
        options = build_parser("x").parse_args(["search", "--by", "paper", *case["arguments"]])
        hits = library.search(options.query, mode=options.mode, by="paper", author=options.author)
        assert [hit.paper.id for hit in hits][:1] == case["right"], case["arguments"]


def test_bibliographies_go_out_as_they_came(library: Library, cases: Path) -> None:
    source = cases / "bib_roundtrip" / "in.bib"
    library.add(str(source))
    came = sorted(part.strip() for part in ("\n" + source.read_text(encoding="utf-8")).split("\n@"))
    went = sorted(part.strip() for part in ("\n" + library.papers.export("bibtex")).split("\n@"))
    assert went == came
