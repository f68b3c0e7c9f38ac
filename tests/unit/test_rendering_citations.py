"""Papers as RIS, CSL-JSON and citations: what came in goes out, nothing is invented, nothing is injected."""

from __future__ import annotations

import builtins
import json
import re
import string
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import rispy
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import SettingsError, UsageError
from kb.records import Item, Metadata, Name, Paper, SourceName, SourceRecord
from kb.rendering.citation_processor import cased, initialized, last_page
from kb.rendering.citation_styles import render
from kb.rendering.citations import cite, keys_of, to_csl, to_ris
from kb.sources import csl, tagged

PAPER = Paper(
    id="arxiv:2402.19481",
    aliases=("doi:10.1000/jgs.201711809",),
    title="Intermittent signals: p < 0.05 & *more*",
    authors=("Tobias X. Dorn", "A van der Berg Jr.", "OpenAI"),
    names=(
        Name(given="Tobias X.", family="Dorn"),
        Name(given="A", family="van der Berg", suffix="Jr."),
        Name(literal="OpenAI"),
    ),
    abstract="Cells integrate\nsignals.",
    published=datetime(2017, 9, 3, tzinfo=UTC),
    venue="J Gen Signals",
    url="https://arxiv.org/abs/2402.19481",
    keywords=("cells", "signals"),
)


def paper_of(record: SourceRecord, *, decided: Mapping[str, Any] | None = None) -> Paper:
    """The paper that one record makes, with what the user decided."""
    said = record.metadata
    paper = Paper(
        id=said.ids[0],
        aliases=said.ids[1:],
        title=said.title or "",
        authors=said.authors or (),
        names=said.names or (),
        published=said.published,
        precision=said.precision,
        venue=said.venue,
        sources=(record,),
    )
    decided = decided or {}
    return replace(paper, **decided, provenance=dict.fromkeys(decided, "user"))


def record_of(source: SourceName, fields: Mapping[str, str], *, kind: str = "", key: str = "") -> SourceRecord:
    metadata = Metadata(source=source, ids=("doi:10.1000/x",), title=fields.get("title", "A title"))
    return SourceRecord(source=source, key=key, type=kind, fields=tuple(fields.items()), metadata=metadata)


def read_back(folder: Path, text: str, *, ending: str) -> list[SourceRecord]:
    reader = tagged.read_ris if ending == "ris" else csl.read
    things = list(reader(text, path=folder / f"refs.{ending}"))
    assert all(isinstance(thing, Item) for thing in things)
    return [thing.record for thing in things if isinstance(thing, Item) and thing.record]


# ------------------------------------------------------------------------------------- there and back

LINE = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=20).map(
    lambda text: " ".join(text.split())
)
TAGS = st.tuples(st.sampled_from(string.ascii_uppercase), st.sampled_from(string.ascii_uppercase + string.digits)).map(
    "".join
)
# "UK" is where rispy keeps tags that it does not know: an entry that has it and such a tag breaks rispy.
FIELDS = st.lists(st.tuples(TAGS.filter(lambda tag: tag not in ("TY", "ER", "UK")), LINE), max_size=6)


@given(st.lists(FIELDS, min_size=1, max_size=3), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_ris_goes_out_as_it_came_in(
    tmp_path_factory: pytest.TempPathFactory, entries: list[list[tuple[str, str]]], end: str, ended: bool
) -> None:
    folder = tmp_path_factory.mktemp("ris")
    lines = [["TY  - JOUR", "TI  - T", *(f"{tag}  - {value}" for tag, value in fields)] for fields in entries]
    text = end.join(line for entry in lines for line in [*entry, *(["ER  - ", ""] if ended else [])]) + end
    came = read_back(folder, text, ending="ris")
    out = to_ris([paper_of(record) for record in came])
    back = read_back(folder, out, ending="ris")
    assert [(r.key, r.type, r.fields) for r in back] == [(r.key, r.type, r.fields) for r in came]
    assert rispy.loads(out.replace("\r\n", "\n"), newline="\n") == rispy.loads(
        "\n".join(line for entry in lines for line in [*entry, "ER  - "]), newline="\n"
    )


@given(
    st.lists(
        st.dictionaries(st.text(max_size=5), st.text() | st.integers() | st.lists(st.text(), max_size=2), max_size=4),
        max_size=3,
    )
)
def test_csl_goes_out_as_it_came_in(tmp_path_factory: pytest.TempPathFactory, items: list[dict[str, Any]]) -> None:
    items = [{"id": str(n), "type": "book", **item, "title": "T"} for n, item in enumerate(items)] or [
        {"id": "a", "title": "T"}
    ]
    came = read_back(tmp_path_factory.mktemp("csl"), json.dumps(items), ending="json")
    assert json.loads(to_csl([paper_of(record) for record in came])) == items


def test_numbers_and_spellings_of_an_item_stay_as_they_are(tmp_path: Path) -> None:
    item = '{ "id":"a", "title" : "T", "volume":1.50, "custom": 12345678901234567890, "x": "\\u00e9" }'
    [record] = read_back(tmp_path, f"[{item}]", ending="json")
    assert item in to_csl([paper_of(record)])


def test_what_the_user_decided_replaces_what_the_record_says_and_nothing_else(tmp_path: Path) -> None:
    decided = {
        "title": "Another title",
        "authors": ("Ann Lee",),
        "names": (),
        "published": datetime(2018, 3, 4, tzinfo=UTC),
        "precision": None,
    }
    text = "TY  - CHAP\nID  - k\nT1  - A title\nA1  - Dorn, T.\nA1  - Li, W.\nY1  - 2017\nSN  - 12\nZZ  - own\nER  - \n"
    [record] = read_back(tmp_path, text, ending="ris")
    assert to_ris([paper_of(record, decided=decided)]) == (
        "TY  - CHAP\nID  - k\nT1  - Another title\nA1  - Lee, Ann\nPY  - 2018\nDA  - 2018/03/04/\nSN  - 12\nZZ  - own\n"
        "ER  - \n"
    )
    item = {"id": "k", "type": "chapter", "title": "A title", "author": [{"family": "Li"}], "ISBN": "12", "own": [1]}
    [record] = read_back(tmp_path, json.dumps([item]), ending="json")
    [out] = json.loads(to_csl([paper_of(record, decided=decided)]))
    assert out == item | {
        "title": "Another title",
        "author": [{"family": "Lee", "given": "Ann"}],
        "issued": {"date-parts": [[2018, 3, 4]]},
    }


def test_a_record_in_the_blanks_of_another_program_goes_out_as_others_read_it(tmp_path: Path) -> None:
    [record] = read_back(tmp_path, "TY - JOUR\nTI - A title\nAU - Dorn, T.\nER -\n", ending="ris")
    assert to_ris([paper_of(record)]) == "TY  - JOUR\nTI  - A title\nAU  - Dorn, T.\nER  - \n"


# ------------------------------------------------------------------------------------------ composed


def test_a_paper_of_another_source_is_composed_of_what_is_known(tmp_path: Path) -> None:
    [entry] = rispy.loads(to_ris([PAPER]))
    assert entry["authors"] == ["Dorn, Tobias X.", "van der Berg, A, Jr.", "OpenAI"]
    assert (entry["year"], entry["date"], entry["doi"]) == ("2017", "2017/09/03/", "10.1000/jgs.201711809")
    [record] = read_back(tmp_path, to_ris([PAPER]), ending="ris")
    assert (record.metadata.ids, record.metadata.names) == ((PAPER.id, *PAPER.aliases), PAPER.names)
    [item] = json.loads(to_csl([PAPER]))
    assert item["author"][1] == {"family": "van der Berg", "given": "A", "suffix": "Jr."}
    assert item["author"][2] == {"literal": "OpenAI"}
    assert item["issued"] == {"date-parts": [[2017, 9, 3]]}
    [record] = read_back(tmp_path, to_csl([PAPER]), ending="json")
    assert (record.metadata.ids, record.metadata.names) == ((PAPER.id, *PAPER.aliases), PAPER.names)
    assert json.loads(to_csl([])) == []
    assert to_ris([]) == ""


@pytest.mark.parametrize(("precision", "parts"), [("year", [2017]), ("month", [2017, 9]), ("day", [2017, 9, 3])])
def test_no_month_or_day_is_invented(tmp_path: Path, precision: Any, parts: list[int]) -> None:
    paper = replace(PAPER, precision=precision)
    assert json.loads(to_csl([paper]))[0]["issued"] == {"date-parts": [parts]}
    [record] = read_back(tmp_path, to_ris([paper]), ending="ris")
    assert record.metadata.precision == precision


def test_a_list_of_authors_that_is_not_whole_says_so(tmp_path: Path) -> None:
    paper = replace(PAPER, et_al=True)
    assert json.loads(to_csl([paper]))[0]["author"][-1] == {"literal": "others"}
    for text, ending in ((to_ris([paper]), "ris"), (to_csl([paper]), "json")):
        [record] = read_back(tmp_path, text, ending=ending)
        assert (record.metadata.et_al, record.metadata.names) == (True, PAPER.names)


def test_what_the_records_state_beside_is_cited_too() -> None:
    bibtex = record_of(
        "bibtex",
        {"Volume": "12", "number": "{3}", "pages": "12--15", "publisher": r"Taylor \& Francis", "series": r"\emph{x}"},
        kind="phdthesis",
        key="dorn:2017",
    )
    paper = replace(PAPER, sources=(bibtex,), venue="A School")
    [item] = json.loads(to_csl([paper]))
    assert {name: item.get(name) for name in ("id", "type", "volume", "issue", "page", "collection-title")} == {
        "id": "dorn:2017",
        "type": "thesis",
        "volume": "12",
        "issue": "3",
        "page": "12-15",
        "collection-title": None,
    }
    [entry] = rispy.loads(to_ris([paper]))
    assert (entry["type_of_reference"], entry["start_page"], entry["end_page"]) == ("THES", "12", "15")
    assert entry["publisher"] == "A School"


@pytest.mark.parametrize(
    ("source", "kind", "fields", "stated"),
    [
        ("bibtex", "techreport", {"author": "Li, Na", "number": "TR-4"}, {"number": "TR-4", "issue": None}),
        ("bibtex", "article", {"author": "Li, Na", "number": "4"}, {"number": None, "issue": "4"}),
        ("bibtex", "phdthesis", {"author": "Li, Na"}, {"genre": "PhD thesis"}),
        ("bibtex", "mastersthesis", {"author": "Li, Na", "type": "Diploma thesis"}, {"genre": "Diploma thesis"}),
        ("bibtex", "article", {"author": "Li, Na", "type": "Letter"}, {"genre": None}),
        ("bibtex", "software", {"author": "Li, Na", "version": "1.2"}, {"version": "1.2"}),
        (
            "bibtex",
            "online",
            {"author": "Li, Na", "urldate": "2023-05-01"},
            {"accessed": {"date-parts": [[2023, 5, 1]]}},
        ),
        ("bibtex", "misc", {"author": "Li, Na"}, {"type": "document"}),
        ("zotero", "report", {"Author": "Li, Na", "Number": "7", "Type": "Survey"}, {"number": "7", "genre": "Survey"}),
        (
            "bibtex",
            "incollection",
            {
                "author": "Li, Na",
                "editor": r"M{\"u}ller, Jr., Eva and {A and B} and Jan~de Wit and {Oh}, Sol and others",
            },
            {
                "editor": [
                    {"family": "Müller", "given": "Eva", "suffix": "Jr."},
                    {"literal": "A and B"},
                    {"family": "de Wit", "given": "Jan"},
                    {"family": "Oh", "given": "Sol"},
                    {"literal": "others"},
                ]
            },
        ),
        ("ris", "CHAP", {"AU": "Li, Na", "ED": "Ek, Eva"}, {"editor": [{"family": "Ek", "given": "Eva"}]}),
    ],
)
def test_an_item_says_what_its_kind_needs(
    source: SourceName, kind: str, fields: dict[str, str], stated: dict[str, Any]
) -> None:
    paper = replace(PAPER, id="doi:10.1000/x", aliases=(), venue=None, sources=(record_of(source, fields, kind=kind),))
    [item] = json.loads(to_csl([paper]))
    assert {name: item.get(name) for name in stated} == stated
    assert item["author"]


def test_editors_are_the_editors_where_no_source_has_authors() -> None:
    names = (Name(family="Ek", given="Eva"),)
    only = record_of("bibtex", {"editor": "Ek, Eva", "title": "Waves"}, kind="book")
    paper = replace(PAPER, authors=("Eva Ek",), names=names, sources=(only,))
    [item] = json.loads(to_csl([paper]))
    assert (item.get("author"), item["editor"]) == (None, [{"family": "Ek", "given": "Eva"}])
    other = record_of("bibtex", {"author": "Ek, Eva", "title": "Waves"}, kind="book")
    for both in (replace(paper, sources=(only, other)), replace(paper, provenance={"authors": "user"})):
        assert json.loads(to_csl([both]))[0]["author"] == [{"family": "Ek", "given": "Eva"}]


def test_keys_are_the_users_own_and_no_two_are_one() -> None:
    def with_key(number: int, source: SourceName, key: str) -> Paper:
        return replace(PAPER, id=f"arxiv:2402.0000{number}", sources=(record_of(source, {}, key=key),))

    papers = [with_key(1, "ris", "dorn"), with_key(2, "bibtex", "dorn"), with_key(3, "csl", "http://a/1"), PAPER]
    keys = keys_of(papers)
    assert keys["arxiv:2402.00001"] == "dorn"
    assert keys["arxiv:2402.00003"] == "http://a/1"
    assert len(set(keys.values())) == 4


@given(st.text(), st.text(), st.text())
def test_no_field_breaks_out_of_its_line(title: str, author: str, key: str) -> None:
    sneaky = "\nER  - \nTY  - JOUR\nTI  - Injected"
    paper = replace(
        PAPER,
        title=title + sneaky,
        authors=(author + sneaky,),
        names=(Name(family=author + sneaky),),
        keywords=(sneaky,),
        comment=sneaky,
        venue="\r" + sneaky,
        url="https://a.example/\u2028" + sneaky,
        sources=(record_of("bibtex", {"volume": sneaky}, key=key + sneaky),),
    )
    text = to_ris([paper])
    assert sum(line.startswith("TY  - ") for line in text.splitlines()) == 1
    assert sum(line.startswith("TI  - ") for line in text.splitlines()) == 1
    assert len(json.loads(to_csl([paper]))) == 1


# --------------------------------------------------------------------------------------- in a style


def test_a_citation_is_set_in_the_style_that_is_asked_for() -> None:
    paper = replace(PAPER, title="Intermittent signals", precision="year", aliases=(), id="doi:10.1000/x", url=None)
    assert cite([paper]) == [
        "Dorn, T. X., van der Berg, A., Jr., & OpenAI. (2017). Intermittent signals. J Gen Signals. https://doi.org/10.1000/x"
    ]
    assert cite([paper], style="ieee")[0].startswith("[1] T. X. Dorn, A. van der Berg Jr., and OpenAI, “Intermittent")
    assert cite([paper], style="mla")[0].startswith("Dorn, Tobias X., et al. “Intermittent Signals.” ")
    assert cite([paper, PAPER], style="vancouver")[1].startswith("2. Dorn TX, van der Berg A Jr., OpenAI.")
    assert cite([], style="apa") == []


def test_what_people_wrote_is_escaped_for_the_form_and_once() -> None:
    sneaky = replace(
        PAPER, title="<script>a</script> & *b* _c_", authors=("<b>Li</b>",), names=(Name(family="<b>Li</b>"),)
    )
    [text] = cite([sneaky])
    [page] = cite([sneaky], form="html")
    [markdown] = cite([sneaky], form="markdown")
    assert "<script>a</script> & *b* _c_" in text
    assert "&lt;script&gt;a&lt;/script&gt; &amp; *b* _c_" in page
    assert "<i>J Gen Signals</i>" in page
    assert r"&lt;script&gt;a&lt;/script&gt; &amp; \*b\* \_c\_" in markdown
    assert "*J Gen Signals*" in markdown
    assert "*arXiv*: " in cite([replace(PAPER, venue=None)], style="ieee", form="markdown")[0]
    assert "<b>" not in page + markdown


def test_the_rich_text_of_an_item_is_kept_and_nothing_else_is_markup(tmp_path: Path) -> None:
    item = {"id": "a", "type": "article-journal", "title": "On <i>E. coli</i>, H<sub>2</sub>O and <u onclick='x'>y</u>"}
    item |= {"author": [{"family": "Li", "odd": 3}, 7], "issued": {"date-parts": [["2017", None]]}, "custom": {"a": 1}}
    [record] = read_back(tmp_path, json.dumps([item]), ending="json")
    [page] = cite([paper_of(record)], form="html")
    assert "On <i>E. coli</i>, H<sub>2</sub>O and &lt;u onclick=&#x27;x&#x27;&gt;y&lt;/u&gt;" in page
    assert "(2017)" in page
    assert "On E. coli, H2O" in cite([paper_of(record)])[0]


@given(
    st.text(max_size=40),
    st.text(max_size=20),
    st.sampled_from(["apa", "ieee", "mla"]),
    st.sampled_from(["html", "markdown"]),
)
def test_no_title_stops_a_citation_or_leaves_a_tag_open(title: str, author: str, style: str, form: Any) -> None:
    paper = replace(PAPER, title=f"T {title}", authors=(author, "Ann Lee"), names=())
    [entry] = cite([paper], style=style, form=form)
    assert "\n" not in entry
    assert entry.count("<i>") == entry.count("</i>")
    assert not any(0xE000 <= ord(sign) <= 0xF8FF for sign in entry)


# ------------------------------------------------------------------------ by the styles' published rules

LI = {"family": "Li", "given": "Na"}
EK = {"family": "Ek", "given": "Eva"}
ARTICLE = {
    "type": "article-journal", "title": "On waves", "author": [LI], "container-title": "Acta", "volume": "4",
    "page": "1-19", "issued": {"date-parts": [[2001]]},
}  # fmt: skip


def entry(style: str, **fields: Any) -> str:
    """The entry of an article in which some fields are others; None takes one out."""
    stated = ARTICLE | {name.replace("_", "-"): value for name, value in fields.items()}
    [text] = render([{name: value for name, value in stated.items() if value is not None}], style=style, form="text")
    return text


@pytest.mark.parametrize(
    ("given", "mark", "initials"),
    [
        ("Jean-Paul", ". ", "J.-P."),
        ("Xiao-ming", ". ", "X.-M."),
        ("Jean-Paul", "", "J-P"),
        ("J.R.R.", ". ", "J. R. R."),
        ("JRR", ".", "J.R.R."),
        ("Maria Elena", ".", "M.E."),
        ("Alexander von", ". ", "A. von"),
        ("Jean le Rond", ". ", "J. le R."),
        ("Abd al-Rahman", ". ", "A. al-R."),
        ("M'Baye", ". ", "M."),
        ("danah", ". ", "d."),
        ("Łukasz E\u0301mile", ". ", "Ł. É."),
        ("Андрей Николаевич", ". ", "А. Н."),
        ("أحمد علي", ". ", "أحمد علي"),
        ("สมชาย", ". ", "สมชาย"),
        ("小明", ". ", "小明"),
        ("-", ". ", "-"),
    ],
)
def test_given_names_become_initials_where_their_script_has_capitals(given: str, mark: str, initials: str) -> None:
    assert initialized(given, family="Li", mark=mark, hyphens=True) == initials


def test_a_style_may_part_initials_do_without_hyphens_or_keep_given_names() -> None:
    assert initialized("Jean-Paul", family="Li", mark="", hyphens=False) == "JP"
    assert initialized("JO", family="LI", mark=". ", hyphens=True) == "J."  # all of the name is in capitals
    kept = [initialized(given, family="Li", mark=". ", hyphens=True, only_stated=True) for given in ("D.E.", "Ann B")]
    assert kept == ["D. E.", "Ann B."]


@pytest.mark.parametrize(
    ("style", "one", "three"),
    [
        ("apa", "Li, N., et al. (2001)", "Li, N., Ek, E., Oh, S., et al. (2001)"),
        ("ieee", "[1] N. Li et al., “", "[1] N. Li, E. Ek, S. Oh, et al., “"),
        ("modern-language-association", "Li, Na, et al. “", "Li, Na, et al. “"),
        ("chicago-author-date", "Li, Na, et al. 2001.", "Li, Na, Eva Ek, Sol Oh, et al. 2001."),
        ("nature", "1. Li, N. et al. On", "1. Li, N., Ek, E., Oh, S., et al. On"),
        ("vancouver", "1. Li N, et al. On", "1. Li N, Ek E, Oh S, et al. On"),
        ("harvard-cite-them-right", "Li, N. et al. (2001)", "Li, N., Ek, E., Oh, S., et al. (2001)"),
    ],
)
@pytest.mark.parametrize("others", [{"literal": "others"}, {"family": "others"}, {"literal": "et al."}])
def test_a_list_that_leaves_authors_out_ends_in_et_al(style: str, one: str, three: str, others: dict[str, str]) -> None:
    assert entry(style, author=[LI, others]).startswith(one)
    assert entry(style, author=[LI, EK, {"family": "Oh", "given": "Sol"}, others]).startswith(three)


@pytest.mark.parametrize("style", ["apa", "mla", "chicago-author-date", "harvard-cite-them-right", "nature", "ieee"])
@pytest.mark.parametrize("kind", ["article-journal", "webpage", "document", "book", "chapter", "dataset"])
def test_a_title_in_the_place_of_authors_is_told_once(style: str, kind: str) -> None:
    text = entry(style, author=None, type=kind, container_title="Acta" if kind == "chapter" else None)
    assert text.lower().count("on waves") == 1


@pytest.mark.parametrize(
    ("style", "editors"),
    [
        ("apa", "Ek, E. (Ed.). (2001)."),
        ("mla", "Ek, Eva, editor. On Waves."),
        ("chicago-author-date", "Ek, Eva, ed. 2001."),
        ("ieee", "[1] E. Ek, Ed., On waves"),
        ("vancouver", "1. Ek E, editor. On waves."),
        ("harvard-cite-them-right", "Ek, E. (ed.) (2001) On waves"),
    ],
)
def test_editors_in_the_place_of_authors_are_called_so(style: str, editors: str) -> None:
    text = entry(style, author=None, type="book", editor=[EK], container_title=None)
    assert text.startswith(editors)
    assert text.count("Ek") == 1


@pytest.mark.parametrize(
    ("first", "last", "form", "shown"),
    [
        ("1", "19", "minimal", "19"),
        ("1", "20", "minimal-two", "20"),
        ("12", "13", "minimal", "3"),
        ("101", "110", "minimal-two", "10"),
        ("1204", "1222", "minimal-two", "22"),
        ("1204", "22", "expanded", "1222"),
        ("321", "28", None, "28"),
        ("3", "10", "chicago", "10"),
        ("101", "108", "chicago", "8"),
        ("321", "328", "chicago", "28"),
        ("1496", "1504", "chicago", "1504"),
        ("100", "104", "chicago-16", "104"),
        ("e1", "e12", "minimal", "e12"),
        ("7", "7", "minimal", "7"),
    ],
)
def test_a_range_of_pages_never_loses_a_figure_that_tells(first: str, last: str, form: str | None, shown: str) -> None:
    assert last_page(first, last, form) == shown


@pytest.mark.parametrize(
    ("text", "how", "shown"),
    [
        ("proc. of the few-shot learners", "title", "Proc. of the Few-Shot Learners"),
        ("waves: a study of “being” on", "title", "Waves: A Study of “Being” On"),
        ("bounds on $a + b$ for mRNA", "title", "Bounds on $a + b$ for mRNA"),
        ("arXiv:2402.19481", "capitalize-first", "arXiv:2402.19481"),
        ("ed.", "capitalize-first", "Ed."),
        ("3d models", "capitalize-first", "3d models"),
        ("methods for Gaussian DNA", "sentence", "Methods for Gaussian DNA"),
    ],
)
def test_a_title_is_set_in_the_case_of_the_style_and_keeps_its_own_capitals(text: str, how: str, shown: str) -> None:
    assert cased(text, how) == shown


@pytest.mark.parametrize(
    ("style", "title", "shown"),
    [
        ("apa", "Can machines think?", " Can machines think? Acta"),
        ("chicago-author-date", "Can machines think?", "“Can Machines Think?” Acta"),
        ("nature", "Two minds!", " Two minds! Acta"),
        ("ieee", '"Why trust you?": a study', "“‘Why trust you?’: a study,” Acta"),
        ("mla", "What we mean by “meaning”", "“What We Mean by ‘Meaning.’” Acta"),
        ("apa", 'A 5" disk and the ?. sign', ' A 5" disk and the ?. sign. Acta'),
        ("mla", "Life in the U.S.", "“Life in the U.S.” Acta"),
        ("ieee", ".NET at work", "“.NET at work,” Acta"),
    ],
)
def test_the_signs_of_a_title_and_those_of_the_style_meet_as_people_write_them(
    style: str, title: str, shown: str
) -> None:
    assert shown in entry(style, title=title)


@pytest.mark.parametrize(
    ("style", "issued", "shown"),
    [
        ("vancouver", {"date-parts": [[2001, 3, 4], [2001, 3, 9]]}, " 2001 Mar 4–9;4:"),
        ("mla", {"date-parts": [[2001, 3], [2001, 5]]}, "Mar.–May 2001"),
        ("mla", {"date-parts": [[2001], [2002]]}, "2001–2002"),
        ("mla", {"date-parts": [[2001, 21]]}, " 2001"),
        ("mla", {"date-parts": [[-350]]}, "350 BC"),
        ("mla", {"literal": "in press"}, "in press"),
        ("mla", {}, "vol. 4, pp."),
        ("apa", {}, "(n.d.)"),
    ],
)
def test_a_date_says_as_much_as_is_stated(style: str, issued: dict[str, Any], shown: str) -> None:
    assert shown in entry(style, issued=issued)


def test_words_of_a_style_go_when_what_they_tell_of_is_missing() -> None:
    thesis = entry(
        "apa", type="thesis", genre="PhD thesis", publisher="MIT", volume=None, page=None, container_title=None
    )
    assert thesis == "Li, N. (2001). On waves [PhD thesis]. MIT."
    assert "In E. Ek (Ed.), Acta" in entry("apa", type="chapter", editor=[EK])
    assert "[Online]. Available: https://a.example" in entry("ieee", type="article", URL="https://a.example")


def test_numbers_stand_apart_and_an_entry_of_nothing_costs_no_other() -> None:
    entries = render([{"type": "article-journal", "title": ".NET"}, ARTICLE, {}], style="ieee", form="text")
    assert [text[:5] for text in entries] == ["[1] “", "[2] N", "[3]"]
    assert render([{"type": "manuscript"}, ARTICLE], style="chicago-notes-bibliography", form="text")[0] == ""


def test_a_style_of_ones_own_is_read_and_other_files_are_refused(tmp_path: Path) -> None:
    own = tmp_path / "own.csl"
    own.write_text(
        '<style xmlns="http://purl.org/net/xbiblio/csl" version="1.0" class="in-text"><info><title>Own</title></info>'
        '<citation><layout><text variable="title"/></layout></citation>'
        '<bibliography><layout suffix="!"><text variable="title" font-weight="bold"/></layout></bibliography></style>'
    )
    assert cite([PAPER], style=str(own), form="html") == ["<b>Intermittent signals: p &lt; 0.05 &amp; *more*</b>!"]
    for text in ("no xml", "<style/>", ""):
        (tmp_path / "bad.csl").write_text(text)
        with pytest.raises(UsageError, match="--style"):
            cite([PAPER], style=str(tmp_path / "bad.csl"))


@pytest.mark.parametrize(
    ("style", "near"),
    [
        ("chicago", "chicago-author-date"),
        ("aap", "apa"),
        ("../x", "check the path"),
        ("", "like"),
        ("harvard", "harvard-cite-them-right"),
        ("vancouvr", "vancouver"),
    ],
)
def test_an_unknown_style_is_refused_with_some_that_are_near(style: str, near: str) -> None:
    with pytest.raises(UsageError, match=near):
        cite([PAPER], style=style)


def test_a_style_is_known_by_a_name_with_blanks_and_capitals_too() -> None:
    assert cite([PAPER], style="Chicago Author-Date") == cite([PAPER], style="chicago-author-date")


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("citeproc"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SettingsError, match=r'pip install "paper-kb\[cite\]"'):
        cite([PAPER])


def test_a_citation_can_be_the_record_itself() -> None:
    assert cite([PAPER], form="ris") == [to_ris([PAPER])]
    assert cite([PAPER], form="csl") == [to_csl([PAPER])]
    assert cite([PAPER], form="bibtex")[0].startswith("@")
    two = [PAPER, replace(PAPER, id="arxiv:2402.00001", aliases=())]
    [bibtex], [items] = cite(two, form="bibtex"), cite(two, form="csl")
    assert len(set(re.findall(r"^@\w+\{([^,]+),", bibtex, re.MULTILINE))) == 2
    assert [item["DOI"] for item in json.loads(items) if "DOI" in item] == ["10.1000/jgs.201711809"]
    with pytest.raises(UsageError, match="choose text"):
        cite([PAPER], form="docx")  # type: ignore[arg-type]
